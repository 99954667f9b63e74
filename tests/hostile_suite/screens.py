"""Payloads in every text a portfolio holds, through every command on a terminal, a pipe and as JSON."""

import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.hostile_suite.payloads import Payload, live
from tests.processes import Person

HEAD = (
    "id,name,country,status,arr,currency,renewal_date,term_months,notice_days,auto_renew,csm,sales_owner,"
    "specialist,executive_sponsor,industry,usage_trend,engagement,relationship,expansion_arr,champion,competitor"
).split(",")
VALUE_HEAD = "account_id,metric,value,unit,period_start,period_end,baseline,rate,currency,quote".split(",")
PEOPLE_HEAD = "account_id,name,email,role,influence,sentiment,last_contact,thread_owner".split(",")
MODES = ("terminal", "pipe", "json")
_BAR = re.compile(r"\r?\x1b\[(?:\?25[lh]|2K|1A)")  # what the program's own bar of progress moves


class Seen(NamedTuple):
    """What one call wrote: live text is what `payloads.live` found in it."""

    command: str
    mode: str
    payload: int | None
    code: int
    out: str
    live: str


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV, whatever they hold."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def key(payload: Payload) -> str:
    """The account of a payload."""
    return f"T{payload.no:03d}"


def make_book(home: Path, payloads: list[Payload]) -> Person:
    """Somebody whose portfolio, policy and files hold the payloads wherever text can stand."""
    somebody = Person(home)
    accounts, metrics, people = [HEAD], [VALUE_HEAD], [PEOPLE_HEAD]
    for payload in payloads:
        at, text = payload.no, payload.text.replace("\0", "")  # a file with NULs is refused as a whole
        renews = f"2026-{4 + at % 6:02d}-{1 + at % 28:02d}"
        terms = [12, 30, "yes" if at % 2 else "no"]
        health = [at % 60 - 40, at % 100, 70, 4000]
        facts = [key(payload), text, text, "active", 3000 + 700 * at, "USD", renews, *terms]
        accounts.append([*facts, *[text] * 5, *health, text, text])
        metrics.append([key(payload), text, "120", "h", "2025-05-01", "2026-02-28", "40", "50", "USD", text])
        people.append([key(payload), text, text, text, text, text, "2026-02-01", text])
    for name, rows in (("book", accounts), ("value", metrics), ("stakeholders", people)):
        (home / f"{name}.csv").write_bytes(sheet(rows))
    quoted = json.dumps("".join(payload.text for payload in payloads[:40]))
    policy = f"[supplier]\nname = {quoted}\naddress = {quoted}\ncontact = {quoted}\n".replace(
        "\x7f", "\\u007f"
    )
    (home / "policy.toml").write_text(policy)
    for words in (
        ["book.csv"],
        ["value.csv", "--kind", "value"],
        ["stakeholders.csv", "--kind", "stakeholders"],
    ):
        done = somebody.run("import", *words, "--yes")
        assert done.code in (0, 1), done.err
    return somebody


def ids(somebody: Person, payloads: list[Payload]) -> dict[str, dict[str, str]]:
    """What the marks of a call stand for, account by account."""
    told = json.loads(somebody.run("due", "--days", "400", "--json").out)["items"]
    cases = json.loads(somebody.run("save", "list", "--json").out)["saves"]
    found: dict[str, dict[str, str]] = {key(payload): {} for payload in payloads}
    for item in told:
        mine = found[item["account"]]
        mark = "t" if item["kind"] == "save" else "i" if "i" not in mine else "j"
        mine.setdefault(mark, item["item"])
    for case in cases:
        found[case["account"]]["s"] = case["id"]
    return found


def spelled(
    words: list[str], payloads: list[Payload], known: dict[str, dict[str, str]]
) -> list[tuple[int | None, list[str], dict[str, str]]]:
    """A call for each payload it has a mark for: `(payload, words, variables)`; the payload acts, too."""
    if not re.search(r"\{[aijstp]\}", " ".join(words)):
        return [(None, words, {})]
    made: list[tuple[int | None, list[str], dict[str, str]]] = []
    for payload in payloads:
        if "{p}" in "".join(words) and "\0" in payload.text:
            continue  # no system lets one into an argument
        marks = {"i": "none", "j": "none", "s": "s0", "t": "none", **known.get(key(payload), {})}
        marks |= {"a": key(payload), "p": payload.text}
        typed = [re.sub(r"\{([aijstp])\}", lambda found: marks[found[1]], word) for word in words]  # noqa: B023
        variables = {"RENEWCTL_USER": payload.text.replace("\0", "") or "x"}
        made.append((payload.no, typed, variables))
    return made


def look(
    somebody: Person,
    mode: str,
    wanted: Iterable[tuple[str, list[str]]],
    payloads: list[Payload],
    known: dict[str, dict[str, str]],
) -> list[Seen]:
    """Run the calls in one process on streams of that kind and judge what each wrote."""
    listed = [
        (
            command,
            no,
            [*typed, "--json"] if mode == "json" else typed,
            {**variables, **_rules(somebody, command)},
        )
        for command, words in wanted
        if mode != "json" or not {"csv", "md", "html", "table"} & set(words)
        for no, typed, variables in spelled(words, payloads, known)
    ]
    done = somebody.run_many([(typed, variables) for _, _, typed, variables in listed], mode == "terminal")
    seen = []
    for (command, no, typed, _), (code, *texts) in zip(listed, done, strict=True):
        said = "".join(texts)
        out = _BAR.sub("", said) if command in ("demo", "import") else said
        raw = mode != "terminal" and _is_data(
            typed
        )  # a file's own content is for the readers of files to judge
        seen.append(Seen(command, mode, no, code, out, "" if raw else live(out, colours=mode == "terminal")))
    return seen


def _rules(somebody: Person, command: str) -> dict[str, str]:
    """The policy with payloads in it where its texts are shown; elsewhere it would only cost time."""
    shown = command in ("proposal", "value") or command.startswith("policy")
    return {"RENEWCTL_POLICY": str(somebody.home / "policy.toml") if shown else ""}


def _is_data(words: list[str]) -> bool:
    return bool({"csv", "md", "html"} & set(words)) or words[:2] == ["policy", "init"]


_KEPT = re.compile(r"(_on|_at|_no|^at|_by)\Z")
_KEYS = set(  # what the program itself writes; damage to it is another matter: `everywhere`
    "id digest content previous nonce checksum salt head before after state stage scenario kind step subject "
    "result entity key field currency segment_override phase channel trigger command search_name".split()
)


def plant(portfolio: Path, payloads: list[Payload], *, everywhere: bool = False) -> int:
    """Write raw payloads past the import into every text of the file that its own rules let pass.

    As somebody would who hands their portfolio on. `everywhere`: ids, states and dates too. Returns how many.
    """
    planted = 0
    with sqlite3.connect(portfolio, isolation_level=None) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = db.execute(f"PRAGMA table_info({table})").fetchall()
            texts = [name for _, name, kind, *_ in columns if kind == "TEXT"]
            free = [name for name in texts if not _KEPT.search(name) and name not in _KEYS]
            if table in ("meta", "migration", "erasure") or not (texts if everywhere else free):
                continue
            rows = db.execute(f"SELECT {', '.join(name for _, name, *_ in columns)} FROM {table}").fetchall()
            identity = [name for _, name, _, _, _, at in columns if at] or [columns[0][1]]
            order = [name for _, name, *_ in columns]
            for at, row in enumerate(rows):
                payload = payloads[at % len(payloads)].text
                where = " AND ".join(f'"{name}" IS ?' for name in identity)
                values = [row[order.index(name)] for name in identity]
                for name in texts if everywhere else free:
                    if name in identity or (not everywhere and row[order.index(name)] is None):
                        continue
                    text = (payload * 10)[:10] if _KEPT.search(name) else payload
                    try:
                        db.execute(f'UPDATE {table} SET "{name}" = ? WHERE {where}', (text, *values))
                        planted += 1
                    except (sqlite3.IntegrityError, UnicodeEncodeError):
                        continue
    return planted


def copied(somebody: Person, home: Path) -> Person:
    """The same person with the same files in another home."""
    shutil.copytree(somebody.home, home, dirs_exist_ok=True)
    return Person(home)
