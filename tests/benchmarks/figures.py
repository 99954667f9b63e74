"""What is measured, figure by figure, with the target each has."""

import json
import os
import pstats
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from renewctl.core.policy import SCENARIOS
from tests.benchmarks.bench import Bench, todo_config
from tests.benchmarks.measure import Command, run

SMALL, LARGE, HUGE = 10_000, 100_000, 1_000_000
PAGE = ("due", "--days", "90", "--limit", "50")


class Figure(NamedTuple):
    """A group of lines in the report."""

    name: str
    title: str
    measure: Callable[[Bench], None]
    million: bool = False


def noise(bench: Bench) -> None:
    """How far a command is from itself: what any other ratio may be off by."""
    bench.say("\nnoise of this machine")
    bench.figure("python -c 'import sqlite3' to itself", bench.base, bench.base, "1", bench.repeat * 2)


def due(bench: Bench) -> None:
    """The first page of the agenda, and what its peers take."""
    bench.say("\nthe agenda's first page, 10,000 accounts")
    portfolio = bench.portfolio(SMALL)
    ours = bench.renewctl(*PAGE, portfolio=portfolio)
    bench.figure("due --days 90 --limit 50", ours, bench.base, "<= 6x import sqlite3")
    if bench.program("sqlite-utils"):
        sql = (
            "select a.id, a.name, a.csm, c.renewal_on, c.arr_minor from contract c "
            "join account a on a.no = c.account_no order by c.renewal_on, a.id limit 50"
        )
        peer = bench.command("sqlite-utils", ["sqlite-utils", "query", str(portfolio), sql])
        bench.figure("sqlite-utils query of 50 rows", peer, bench.base, "ours is below it")
    else:
        bench.say("  sqlite-utils is not installed")
    if bench.program("todo"):
        words = ["todo", "--config", str(todo_config(bench.folder, SMALL)), "list"]
        peer = bench.command("todoman", [*words, "--due", "24"])
        bench.figure("todoman's list of 50 out of 10,000", peer, bench.base, "ours is half of it", 5)
        peer = bench.command("todoman", words)
        bench.figure("todoman's list of all 10,000", peer, bench.base, "", 5)
    else:
        bench.say("  todoman is not installed")
    start_parts(bench, ours)


def start_parts(bench: Bench, command: Command) -> None:
    """What a command's imports cost, by package, as the interpreter times them."""
    words = [str(bench.python), "-X", "importtime", "-m", "renewctl", *_words(command)[1:]]
    said = subprocess.run(words, env=command.env, capture_output=True, text=True, check=False).stderr
    costs: dict[str, int] = {}
    for own, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +([\w.]+)", said, re.M):
        package = ".".join(module.split(".")[: 2 if module.startswith("renewctl") else 1])
        costs[package] = costs.get(package, 0) + int(own)
    whole = sum(costs.values())
    bench.say(f"  importing takes {whole / 1000:.0f} ms of it (timed by the interpreter):")
    for package, own in sorted(costs.items(), key=lambda each: -each[1])[:8]:
        bench.say(f"    {own / whole:6.1%}  {package}")


def due_million(bench: Bench) -> None:
    """The same page over a hundred times the book."""
    bench.say("\nthe agenda's first page, 1,000,000 accounts")
    bench.figure(
        "due --days 90 --limit 50, 1,000,000 to 10,000 accounts",
        bench.renewctl(*PAGE, portfolio=bench.portfolio(HUGE)),
        bench.renewctl(*PAGE, portfolio=bench.portfolio(SMALL)),
        "<= 1.5x",
    )


def due_all(bench: Bench) -> None:
    """Every line of the agenda, for a script."""
    bench.say("\nthe whole agenda, piped, 10,000 accounts")
    ours = bench.renewctl("due", "--days", "90", portfolio=bench.portfolio(SMALL))
    bench.figure("due --days 90", ours, bench.base, "<= 15x import sqlite3")


_RECOMPUTE = """
import gc, sys, time
from datetime import date
from renewctl.core.due import in_order
from renewctl.core.plan import plan
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import open_portfolio
from renewctl.store.team import agenda_of, team_book
gc.disable()
policy, day = load_policy(None), date(2026, 3, 2)
with open_portfolio(sys.argv[1]) as portfolio:
    began = time.process_time()
    book = team_book(portfolio, policy, day)
    agenda = agenda_of(portfolio, policy, day)
    read = time.process_time()
    planned = [each for each in book.renewals if each.due is not None]
    owed = [agenda.items(each.due, each.states, date.max) for each in planned]
    items = in_order(i for each in owed for i in each)
    listed = time.process_time()
    plans = [plan(each.due, each.states, agenda, None, own) for each, own in zip(planned, owed)]
    done = time.process_time()
print(len(planned), len(items), len(plans), read - began, listed - read, done - listed)
"""


def recomputed(bench: Bench) -> None:
    """Every agenda item and every plan of a book made anew, from its facts."""
    bench.say("\nagenda and plans of 10,000 accounts made anew")
    words = ["-c", _RECOMPUTE, str(bench.portfolio(SMALL))]
    shown = []
    for _ in range(max(3, bench.repeat // 3)):
        told = subprocess.run(
            [*_words(bench.base)[:-2], *words], env=bench.base.env, capture_output=True, text=True, check=True
        ).stdout
        shown.append([float(each) for each in told.split()])
    renewals, items, _, read, listed, planned = min(shown, key=lambda each: sum(each[3:]))
    bench.say(
        f"  {renewals:,.0f} renewals, {items:,.0f} items of a whole cycle: read and classified {read:.2f} s, "
        f"agenda {listed:.2f} s, plans {planned:.2f} s of processor time (<= 1 s for agenda and plans)"
    )


def small(bench: Bench) -> None:
    """What is typed most often."""
    bench.say("\nsmall commands, 10,000 accounts")
    portfolio = bench.portfolio(SMALL)
    bench.figure("--help", bench.renewctl("--help", portfolio=portfolio), bench.base, "<= 5x")
    asked = {"_RENEWCTL_COMPLETE": "complete_bash", "COMP_WORDS": "renewctl show Ced", "COMP_CWORD": "2"}
    bench.figure(
        "completion of an account name",
        bench.renewctl(portfolio=portfolio, **asked),
        bench.base,
        "<= 6x",
    )
    spare = bench.spare(SMALL)
    items = _items(bench, spare)
    plain = bench.renewctl("done", portfolio=spare)
    done = plain._replace(words=lambda: [*_words(plain), items.pop()])
    bench.figure("done ITEM", done, bench.base, "<= 6x")


def saves(bench: Bench) -> None:
    """Opening a save, and the stand-up over 200 that run, a fifth of them with a promise."""
    bench.say("\nsaves, 10,000 accounts")
    portfolio = bench.spare(SMALL)
    told = json.loads(_out(bench, portfolio, "due", "--days", "90", "--limit", "4000", "--json"))
    ids = list(dict.fromkeys(item["account"] for item in told["items"]))  # those in force
    start = ("save", "start", ids.pop(), "--scenario", "competitive", "--dry-run")
    for number, each in enumerate(ids[:200]):
        scenario = SCENARIOS[number % len(SCENARIOS)]
        run(bench.renewctl("save", "start", each, "--scenario", scenario, portfolio=portfolio))
        if number % 5 == 0:
            words = ("save", "promise", "add", each, "the fix", "--due", "2027-03-01")
            run(bench.renewctl(*words, portfolio=portfolio))
    bench.figure("save start", bench.renewctl(*start, portfolio=portfolio), bench.base, "<= 6x")
    standup = bench.renewctl("save", "standup", portfolio=portfolio)
    bench.figure("save standup, 200 open saves", standup, bench.base, "<= 8x")


def _out(bench: Bench, portfolio: Path, *words: str) -> str:
    command = bench.renewctl(*words, portfolio=portfolio)
    done = subprocess.run(_words(command), env=command.env, capture_output=True, text=True, check=True)
    return done.stdout


def _words(command: Command) -> list[str]:
    return list(command.words() if callable(command.words) else command.words)


def _items(bench: Bench, portfolio: Path) -> list[str]:
    """Items that are open, to be done one by one."""
    command = bench.renewctl("due", "--days", "90", "--limit", "200", "--json", portfolio=portfolio)
    told = subprocess.run(_words(command), env=command.env, capture_output=True, check=True).stdout
    return [item["item"] for item in json.loads(told)["items"]]


def _fresh(file: Path) -> Callable[[], None]:
    return lambda: file.unlink(missing_ok=True)


def _shell_import(bench: Bench, book: Path) -> Command | None:
    """`sqlite3 .import` of a book into a new file, or None where there is no sqlite3."""
    if not bench.program("sqlite3"):
        bench.say("  sqlite3 is not installed: no comparison")
        return None
    file = bench.folder / "shell.db"
    words = ["sqlite3", str(file), f".import --csv {book} account"]
    return bench.command("sqlite3 .import", words, _fresh(file))


def import_first(bench: Bench) -> None:
    """A first import of 100,000 rows with everything on."""
    bench.say("\nfirst import, 100,000 rows of 25 columns")
    book, file = bench.book(LARGE), bench.folder / "first.db"
    ours = bench.renewctl("import", str(book), portfolio=file, before=_fresh(file))
    few = min(bench.repeat, 5)
    shell = _shell_import(bench, book)
    if shell:
        bench.figure("import", ours, shell, "<= 5x sqlite3 .import", few)
    if bench.program("sqlite-utils"):
        other = bench.folder / "utils.db"
        words = ["sqlite-utils", "insert", "--csv", str(other), "account", str(book)]
        peer = bench.command("sqlite-utils insert --csv", words, _fresh(other))
        bench.figure("sqlite-utils insert --csv to import", peer, ours, ">= 4x ours", min(few, 3))
    import_parts(bench)


def import_parts(bench: Bench) -> None:
    """Where an import spends its time, by module, under the profiler (which makes calls dearer)."""
    book, file = bench.book(LARGE), bench.folder / "parts.db"
    file.unlink(missing_ok=True)
    profile = bench.folder / "import.prof"
    command = bench.renewctl(portfolio=file)
    # The program leaves at once when it is done, so the profiler is put round what it runs.
    inside = "import cProfile, sys; from renewctl.cli.app import run; "
    inside += "cProfile.run('run(sys.argv[2:])', sys.argv[1])"
    words = [str(bench.python), "-c", inside, str(profile), "import", str(book)]
    run(command._replace(words=words))
    costs: dict[str, float] = {}
    for (path, _, name), (_, _, own, _, _) in pstats.Stats(str(profile)).stats.items():  # type: ignore[attr-defined]
        costs[_part(path, name)] = costs.get(_part(path, name), 0.0) + own
    whole = sum(costs.values())
    bench.say("  where it goes, by the profiler (own time, built-in calls apart):")
    for part, own in sorted(costs.items(), key=lambda each: -each[1])[:12]:
        bench.say(f"    {own / whole:6.1%}  {part}")


def _part(path: str, name: str) -> str:
    """The module, or for what is built in the kind of work."""
    if path == "~":
        kinds = {
            "sqlite3": "sqlite3: executing SQL",
            "_csv": "csv: taking lines apart",
            "hash": "hashing",
            "json": "json",
        }
        return next((text for word, text in kinds.items() if word in name.lower()), "other built-in calls")
    found = re.search(r"(renewctl[/\\].*|[^/\\]+)\.py$", path)
    return found[1].replace(os.sep, ".") if found else "imports of modules"


def import_again(bench: Bench) -> None:
    """The same file again, and one with a hundredth of its rows changed."""
    bench.say("\nimporting 100,000 rows again")
    shell = _shell_import(bench, bench.book(LARGE))
    if not shell:
        return
    few = min(bench.repeat, 5)
    spare = bench.folder / "again.db"
    original = bench.portfolio(LARGE)

    def restore() -> None:
        spare.write_bytes(original.read_bytes())

    changed = bench.book(LARGE, changed=0.01)
    ours = bench.renewctl("import", str(changed), portfolio=spare, before=restore)
    bench.figure("import with 1 % changed", ours, shell, "<= 1x sqlite3 .import", few)
    ours = bench.renewctl("import", str(bench.book(LARGE)), portfolio=spare, before=restore)
    bench.figure("import of the identical file", ours, shell, "<= 0.3x sqlite3 .import", few)


def log_cost(bench: Bench) -> None:
    """What the hash-chained operation log costs, against the same program without any log."""
    bench.say("\nthe operation log: rows, digests and chain against none")
    words = [str(bench.python), str(Path(__file__).with_name("logless.py"))]
    ours, theirs = bench.spare(SMALL), bench.folder / "logless.db"
    theirs.write_bytes(ours.read_bytes())
    pair = []
    for way, portfolio in (("log", ours), ("logless", theirs)):
        items = _items(bench, portfolio)
        command = bench.renewctl("done", portfolio=portfolio)
        pair.append(command._replace(words=lambda way=way, items=items: [*words, way, "done", items.pop()]))
    bench.figure("done ITEM", pair[0], pair[1], "<= 1.3x without a log")
    pair = []
    for way in ("log", "logless"):
        file = bench.folder / f"first-{way}.db"
        command = bench.renewctl("import", portfolio=file, before=_fresh(file))
        pair.append(command._replace(words=[*words, way, "import", str(bench.book(LARGE))]))
    bench.figure(
        "first import of 100,000 rows", pair[0], pair[1], "<= 2x without a log", min(bench.repeat, 5)
    )


def import_million(bench: Bench) -> None:
    """Ten times the rows: memory, and time against a tenth of them."""
    bench.say("\nfirst import, 1,000,000 rows")
    huge, large = bench.folder / "huge.db", bench.folder / "large.db"
    ratio = bench.figure(
        "import of 1,000,000 to 100,000 rows",
        bench.renewctl("import", str(bench.book(HUGE)), portfolio=huge, before=_fresh(huge)),
        bench.renewctl("import", str(bench.book(LARGE)), portfolio=large, before=_fresh(large)),
        "<= 11x",
        min(bench.repeat, 2),
        warm=False,
    )
    bench.say(f"  {'peak memory at 1,000,000 rows':<62} {ratio.peak / 2**20:6.0f} MiB  target <= 128 MiB")


FIGURES = [
    Figure("noise", "how far a command is from itself", noise),
    Figure("due", "the agenda's first page, with peers", due),
    Figure("due-all", "every line of the agenda, piped", due_all),
    Figure("recomputed", "agenda and plans of 10,000 accounts from their facts", recomputed),
    Figure("small", "--help, completion of a name, done", small),
    Figure("saves", "save start, and the stand-up over 200 saves", saves),
    Figure("import", "a first import of 100,000 rows, with peers and parts", import_first),
    Figure("import-again", "the same file, and one with 1 % changed", import_again),
    Figure("log-cost", "done and import against the same without an operation log", log_cost),
    Figure("due-million", "the first page over 1,000,000 accounts", due_million, million=True),
    Figure(
        "import-million", "a first import of 1,000,000 rows: time and memory", import_million, million=True
    ),
]
