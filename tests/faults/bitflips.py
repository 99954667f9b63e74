"""Single bits of a portfolio flipped, one at a time: what changes data, `doctor` must find.

`python -m tests.faults.bitflips --flips 20000` takes a small portfolio with every kind of row in it, flips
bits spread over the whole file, and asks each time whether what the tables return differs (or cannot be
read), and whether `doctor` finds something. Beside it stands what the engine's own checks would have
found. A share runs through real processes on real files.
"""

import argparse
import contextlib
import io
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from renewctl.cli.app import COMMANDS
from renewctl.cli.app import run as command
from renewctl.core.model import (
    Amendment,
    Assignment,
    Departure,
    HealthOverride,
    Offer,
    Promise,
    Renewal,
    SaveEvent,
    ServiceLevel,
    ServiceResponse,
    Worth,
)
from renewctl.errors import PortfolioError
from renewctl.store.doctor import Seen, checks, first_findings
from renewctl.store.doctor_file import subject_of
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import ENTITIES, open_portfolio
from tests.book import insert
from tests.faults.runs import run as started
from tests.faults.runs import warm
from tests.processes import AS_OF, USER

_CONTRACTS = """id,account_id,arr,currency,start_date,renewal_date,term_months,notice_days,auto_renew
K-1,HALO,50000,USD,2025-07-01,2026-07-01,12,30,yes
K-2,HALO,70000,USD,2025-08-01,2026-08-01,24,,no
K-3,NEWCO,,EUR,,2026-10-31,,,
"""
_HEALTH = """account_id,date,input,value
ACME,2026-01-15,nps,35
ACME,2026-02-01,usage,-12.5
IBEX,2026-02-01,csat,2.5
HALO,2026-02-11,health score,71
"""
_OUTCOMES = """account_id,closed_on,result,arr_before,arr_after,reason,competitor
GALE,2025-06-01,lost,12000,0,price,Rivalware
CASTOR,2025-05-01,won,300000,310000,,
"""
_MORE = "id,name,arr,currency,renewal_date,csm\nM1,More,4000,USD,2026-09-30,ana\nM2,Most,,USD,,\n"
# Commands that leave every kind of row; {} stands for the folder.
_SCRIPT = (
    "demo {}",
    "import {}/contracts.csv --kind contracts",
    "import {}/health.csv --kind health",
    "import {}/outcomes.csv --kind outcomes",
    "set ACME arr=125000.50 nps=55 --reason talked",
    "set HALO champion=left competitor=Rivalware segment_override=enterprise --reason grows",
    "set EDEN growth_rate=0.125 early=yes --reason asked",
    "log ACME called --kind call --hours 0.5",
    "log IBEX wrote --kind email",
    "stage CASTOR in_review",
    "won EDEN --arr 9900",
    "lost FARO --reason price --competitor Rivalware",
    "save start IBEX --scenario champion_departure",
    "save start HALO --scenario value",
    "save close HALO --result lost",
    "log ACME twice --kind note",
    "undo --yes",
    "forget JOTA --yes",
    "import {}/more.csv",  # last: taking back and forgetting drop the memory of imported files
)


def make(folder: Path) -> bytes:
    """A small portfolio with every kind of row there is, made by the commands themselves; its bytes."""
    path = folder / "portfolio.db"
    (folder / "contracts.csv").write_text(_CONTRACTS)
    (folder / "health.csv").write_text(_HEALTH)
    (folder / "outcomes.csv").write_text(_OUTCOMES)
    (folder / "more.csv").write_text(_MORE)
    settings = {"PORTFOLIO": str(path), "AS_OF": AS_OF, "USER": USER}
    with _environment({f"RENEWCTL_{name}": value for name, value in settings.items()}):
        for line in _SCRIPT:
            words = line.format(folder).split()
            if words[0] in COMMANDS:
                _run(words)
        _write_rest(path)
        for ahead, verb in enumerate(("done", "skip", "snooze", "done")):
            item = _item(ahead)
            more = {"skip": ["--reason", "no need"], "snooze": ["--until", "2026-03-20"]}.get(
                verb, ["--hours", "1"]
            )
            _run([verb, item, *more])
    return path.read_bytes()


def _write_rest(path: Path) -> None:
    """A row of each kind that the commands above do not leave."""
    day = date.fromisoformat(AS_OF)
    with open_portfolio(str(path)) as portfolio:
        known = {entity for entity in ENTITIES if portfolio.value(f"SELECT COUNT(*) FROM {entity}")}
        sql = "SELECT no, account_no FROM contract WHERE state = 'open' ORDER BY no LIMIT 2"
        (first, of), (second, other) = portfolio.rows(sql)
        person, home = portfolio.rows("SELECT no, account_no FROM stakeholder ORDER BY no LIMIT 1")[0]
        rows = (
            Renewal(first, 1, of, 5_000_000, "USD", 1, "early", 10_000, None, None, "talks began"),
            Amendment(1, other, second, 1, "amendment", day, 1_200, 1_300, "EUR", day, day, "seats", USER),
            HealthOverride(other, 62.5, "new_product", "they move over", day, day, USER),
            Assignment(str(first), 1, "notice", of, "rui", day, USER),
            Assignment(f"a{other}", 1, "qbr-2026q4", other, "rui", day, USER),
            Departure(person, home, day, "moved abroad"),
            *_of_a_save(1, portfolio.value("SELECT account_no FROM save_case WHERE no = 1"), day),
        )
        with portfolio.write("rest", USER, day) as operation:
            changes = map(insert, rows)
            operation.apply(each for each in changes if each.entity not in known)


def _of_a_save(save: int, of: int, day: date) -> tuple[Any, ...]:
    """What is on record of a save beside its steps."""
    at, later = "2026-03-02T09:00:00Z", "2026-03-02T10:30:00Z"
    return (
        SaveEvent(1, of, save, 1, "contact", "call", "they are cross", day, at, USER),
        Promise(1, of, save, "fix", "Jo", day, "rui", "export", None, day, "broken", day, "late", None, USER),
        Promise(2, of, save, "ship", "Joe", day, "rui", "export", 1, day, "open", None, None, 1, USER),
        Offer(
            1, of, save, None, "bridge", '{"months":6}', "budget", "two years", day, day, "USD", 1_200, 1_100,
            300, 100, "25", "pending", "manager", day, USER, day, "paulo", "asked twice",
        ),
        ServiceLevel(1, of, save, "support", "an answer in 4 hours", 240, None, day, day, USER),
        ServiceLevel(2, of, save, "review", "a review a month", None, 30, day, None, USER),
        ServiceResponse(1, of, 1, at, later, "answered", USER),
        Worth(1, of, save, 600, 9_000, 5_000, "40", 2, 90_000, "USD", "fight", "worth it", day, USER),
    )  # fmt: skip


def _run(words: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command(words)
    if code not in (0, 1):
        raise RuntimeError(f"{words}: exit {code}: {err.getvalue()}")
    return out.getvalue()


def _item(at: int) -> str:
    """The id of one of the items that are owed."""
    told = json.loads(_run(["due", "--days", "60", "--json"]))["items"]
    items = [each for each in told if each["kind"] != "promise"]  # which end otherwise than by a tick
    return str(items[at * 3]["item"])


@contextlib.contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Flip(NamedTuple):
    """What one flipped bit did: whether data changed, who found it, and what the engine's checks say."""

    bit: int
    visible: bool
    found_by: str  # the check that found it first; "" nobody
    quick_check: bool
    integrity_check: bool


@cache
def _policy() -> Any:
    return load_policy(None)


def flipped(data: bytes, bit: int) -> bytes:
    """The same with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def told(data: bytes) -> Any:
    """All that a reader is told: the schema and every row of every table, to the byte; or that it raises."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        connection.text_factory = bytes
        versions = [
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        ]
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        rows = [
            repr(connection.execute(f'SELECT * FROM "{name.decode()}"').fetchall())
            for kind, name, *_ in schema
            if kind == b"table"
        ]
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, ValueError, MemoryError) as error:
        return type(error)
    else:
        return versions, schema, rows
    finally:
        connection.close()


def examine(data: bytes) -> str:
    """The check of `doctor` that finds something first, or "" where all is sound."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(data)
        subject = subject_of(connection, "", data[:100], _policy(), date.fromisoformat(AS_OF))
        for planned in checks(quick=False):
            if any(not found.is_note for found in first_findings(planned, subject, Seen())):
                return planned.check
    except (sqlite3.Error, PortfolioError, ValueError, TypeError):
        return "cannot be opened"
    finally:
        connection.close()
    return ""


def engine_finds(data: bytes, pragma: str) -> bool:
    """Whether the engine's own check finds anything; that it cannot be run is a find as well."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        return bool(connection.execute(f"PRAGMA {pragma}").fetchall() != [("ok",)])
    except (sqlite3.Error, UnicodeDecodeError):
        return True
    finally:
        connection.close()


def trial(data: bytes, bit: int, sound: Any) -> Flip:
    """One bit flipped and looked at from every side."""
    other = flipped(data, bit)
    if told(other) == sound:
        return Flip(bit, False, "", False, False)
    return Flip(
        bit, True, examine(other), *(engine_finds(other, each) for each in ("quick_check", "integrity_check"))
    )


def sample(data: bytes, count: int, seed: int = 1) -> list[int]:
    """`count` bits spread over the whole file, or all of them where there are no more."""
    every = len(data) * 8
    return sorted(random.Random(seed).sample(range(every), count)) if count < every else list(range(every))


def sweep(data: bytes, bits: Iterable[int]) -> list[Flip]:
    """Trials of many bits. AssertionError where the portfolio is not sound to begin with."""
    if found := examine(data):
        raise AssertionError(f"the portfolio is not sound before a bit is flipped: {found}")
    sound = told(data)
    flips = [trial(data, bit, sound) for bit in bits]
    if found := examine(data):  # else whatever changed under the sweep would count as found
        raise AssertionError(f"the portfolio is not sound any more after the sweep: {found}")
    return flips


def through_processes(data: bytes, bits: Iterable[int], folder: Path) -> list[tuple[int, int]]:
    """(bit, exit code) of `renewctl doctor`, each a process of its own on a file of its own."""

    codes = []
    for bit in bits:
        path = folder / "portfolio.db"
        path.write_bytes(flipped(data, bit))
        path.chmod(0o600)
        ended = started(["doctor"], folder)
        codes.append((bit, ended.code if "Traceback" not in ended.err else 3))
        path.unlink()
    return codes


def report(data: bytes, flips: list[Flip]) -> str:
    """The figures, in lines."""
    visible = [each for each in flips if each.visible]
    found = Counter(each.found_by for each in visible)
    lines = [
        f"portfolio of {len(data):,} bytes; {len(flips):,} bits flipped; {len(visible):,} changed data",
        _share("found by doctor", sum(bool(each.found_by) for each in visible), len(visible)),
        _share("control: integrity_check alone", sum(each.integrity_check for each in visible), len(visible)),
        _share("control: quick_check alone", sum(each.quick_check for each in visible), len(visible)),
        "first found by: "
        + ", ".join(f"{name or 'NOBODY'} {count:,}" for name, count in found.most_common()),
    ]
    lines += [f"NOT FOUND: bit {each.bit} (byte {each.bit // 8})" for each in visible if not each.found_by][
        :20
    ]
    return "\n".join(lines)


def _share(what: str, part: int, whole: int) -> str:
    return f"{what}: {part:,} of {whole:,} ({100 * part / max(whole, 1):.2f} %)"


def main(arguments: list[str] | None = None) -> int:
    """Run the sweep and print its figures; 1 where a flip that changed data was found by nobody."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bitflips", description=__doc__)
    parser.add_argument("--flips", type=int, default=20_000, help="bits to flip (0: every bit of the file)")
    parser.add_argument(
        "--processes", type=int, default=100, help="how many of those found go through processes"
    )
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    begun = time.perf_counter()
    warm()  # before anything else may change the program under a long sweep
    with tempfile.TemporaryDirectory() as folder:
        data = make(Path(folder))
        flips = sweep(data, sample(data, asked.flips or len(data) * 8, asked.seed))
        print(report(data, flips), flush=True)
        visible = [each.bit for each in flips if each.visible]
        some = sorted(random.Random(asked.seed).sample(visible, min(asked.processes, len(visible))))
        runs = Path(folder) / "runs"
        runs.mkdir()
        codes = through_processes(data, some, runs)
    missed = [bit for bit, code in codes if code not in (1, 12)]
    print(_share("found by a real `renewctl doctor` (exit 1 or 12)", len(codes) - len(missed), len(codes)))
    print(f"{time.perf_counter() - begun:.0f} s")
    return int(any(each.visible and not each.found_by for each in flips) or bool(missed))


if __name__ == "__main__":
    sys.exit(main())
