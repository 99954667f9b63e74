"""Backups put back: `python -m tests.backups --rounds 1000` makes portfolios of every kind, backs each up,
goes on, restores it and compares what it holds with what it held, read with the plain library.

`--seed N` makes others; a round that fails names its seed.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from renewctl.core.model import Activity, Change, Outcome, Stakeholder, ValueMetric
from renewctl.store import backup, restore
from renewctl.store.agenda import refresh
from renewctl.store.portfolio import ENTITIES, Portfolio, open_portfolio
from tests.book import POLICY, TODAY, account, contract, insert, reading, state

WORDS = (
    "Acme", "Grão & Filhos", "O'Brien", "株式会社",
    "Zoë\u0301", "a\tb", "line\nbreak", "=1+1", "1", "1.0", "%_",
    "\x1f\x1e", "x" * 5000, "\U0001f600", "NULL", '"quoted"', "back\\slash", " ", "٣",
)  # fmt: skip
NUMBERS = (0.0, 1.0, -1.0, 0.1, 1e300, 5e-324, 33.333333333333336, 100.0)
AMOUNTS = (None, 0, 1, 999, 12_000_000, 2**53 + 1, 2**63 - 1)
_NUMBERED = ("account", "contract", "stakeholder", "value_metric", "outcome", "activity")
Held = dict[str, list[str]]


def held(path: Any) -> Held:
    """Every row of every table with the types of its cells, and the schema; none of the project's code."""
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}
        found["*"] = sorted(map(repr, connection.execute("SELECT type, name, sql FROM sqlite_master")))
    return found


def filled(of: Any, **given: Any) -> Any:
    """A value of which nothing is known but what is given."""
    return of(**(dict.fromkeys(of._fields) | given))


def an_account(dice: random.Random, no: int) -> Iterator[Any]:
    """An account with whatever hangs on it."""
    day = TODAY + timedelta(days=dice.randint(-400, 900))
    name = f"{dice.choice(WORDS)} {no}"
    yield account(
        no, name=name, growth_rate=dice.choice((None, *NUMBERS)), champion=dice.choice((None, *WORDS))
    )
    arr = dice.choice(AMOUNTS)
    yield contract(no, account_no=no, arr_minor=arr, renewal_on=day, name=dice.choice((None, *WORDS)))
    if dice.random() < 0.6:
        yield reading(no, read_on=day, csat=dice.choice(NUMBERS), nps=dice.choice((None, *NUMBERS)))
    if dice.random() < 0.4:
        yield filled(Stakeholder, no=no, account_no=no, name=dice.choice(WORDS), email="jo@example.com")
    if dice.random() < 0.3:
        yield filled(ValueMetric, no=no, account_no=no, metric=dice.choice(WORDS), value="1.10", baseline="1")
    if dice.random() < 0.3:
        yield state(
            str(no), dice.choice(("notice", "value")), account_no=no, minutes=dice.choice((None, 0, 90))
        )
    if dice.random() < 0.2:
        yield filled(Outcome, no=no, account_no=no, contract_no=no, cycle=1, closed_on=day, result="won")
    if dice.random() < 0.3:
        yield filled(
            Activity, no=no, account_no=no, happened_on=day, kind="note", text=dice.choice(WORDS), actor="ana"
        )


def go_on(portfolio: Portfolio, dice: random.Random) -> None:
    """One more operation: accounts added, facts changed, notes and readings gone, a fact noted."""
    as_of = TODAY + timedelta(days=dice.randint(0, 60))
    with portfolio.write(
        dice.choice(("import", "set", "log")), dice.choice(("ana", *WORDS)), as_of
    ) as operation:
        numbers = [row[0] for row in portfolio.rows("SELECT no FROM account ORDER BY no")]
        kind = dice.random()
        if kind < 0.5 or not numbers:
            first = max(portfolio.next_no(each) for each in _NUMBERED)
            for no in range(first, first + dice.choice((1, 2, 7, 40))):
                operation.apply(insert(value) for value in an_account(dice, no))
        elif kind < 0.8:
            for no in dice.sample(numbers, min(len(numbers), 5)):
                was = portfolio.value("SELECT csm FROM account WHERE no = ?", (no,))
                change = Change("account", (no,), no, {"csm": was}, {"csm": dice.choice((None, *WORDS))})
                operation.apply([change])
        else:
            for value in (
                portfolio.values("activity", order="no")[:3] + portfolio.values("health_reading")[:3]
            ):
                entity = "activity" if isinstance(value, Activity) else "health_reading"
                row = value._asdict()
                key = tuple(row[name] for name in ENTITIES[entity].key)
                operation.apply([Change(entity, key, row["account_no"], row, None)])
        operation.summary = dice.choice(WORDS)
        if dice.random() < 0.5:
            portfolio.set_meta(f"note {dice.randint(1, 3)}", dice.choice(WORDS))
        refresh(portfolio, POLICY, as_of)


def a_portfolio(path: Any, dice: random.Random) -> None:
    """A portfolio of one to six operations."""
    with open_portfolio(str(path), create=True) as portfolio:
        for _ in range(dice.randint(1, 6)):
            go_on(portfolio, dice)


def put_back(path: Any, file: Path | None = None) -> restore.Restored:
    """Restore without asking."""
    with restore.planned(str(path), file) as plan:
        return restore.carry_out(plan)


def a_round(folder: Path, dice: random.Random, spoil: Callable[[Path], None] = lambda _: None) -> None:
    """Make, back up, go on or harm, restore, compare. AssertionError where it is not what it was."""
    path = folder / dice.choice(("portfolio.db", "our book.db", "ação'%41#?.db", "plain"))
    a_portfolio(path, dice)
    before = held(path)
    with open_portfolio(str(path)) as portfolio:
        made = backup.make(portfolio, backup.folder_of(str(path)), backup.stem_of(str(path)), "manual", 10)
    fate = dice.random()
    if fate < 0.7:
        with open_portfolio(str(path)) as portfolio:
            for _ in range(dice.randint(0, 4)):
                go_on(portfolio, dice)
    elif fate < 0.8:
        path.unlink()
    elif fate < 0.9:
        with path.open("r+b") as file:
            file.truncate(dice.randrange(path.stat().st_size))
    else:
        a_portfolio(folder / "another.db", dice)
        (folder / "another.db").replace(path)
    spoil(path)
    done = put_back(path, made.file)
    assert held(path) == before, "the portfolio is not what it was"
    assert done.rows == sum(len(rows) for name, rows in before.items() if name != "*")
    assert not list(folder.glob("**/*.tmp")), "something was left behind"


def rounds(count: int, seed: int = 0) -> list[str]:
    """What went wrong in so many rounds."""
    wrong = []
    for each in range(count):
        with tempfile.TemporaryDirectory(prefix="renewctl-backups-") as folder:
            try:
                a_round(Path(folder), random.Random(seed * 1_000_003 + each))
            except Exception as error:
                wrong.append(f"seed {seed}, round {each}: {type(error).__name__}: {error}"[:500])
    return wrong


def main(words: list[str]) -> int:
    """Run the rounds and print the figure; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.backups")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(words)
    begun = time.monotonic()
    wrong = rounds(asked.rounds, asked.seed)
    for line in wrong[:20]:
        sys.stderr.write(line + "\n")
    seconds = time.monotonic() - begun
    equal = asked.rounds - len(wrong)
    sys.stdout.write(f"backup, restore, compare: {equal:,} of {asked.rounds:,} equal ({seconds:.0f} s)\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
