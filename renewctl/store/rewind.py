"""The portfolio as it was: a copy in which what came later is taken back from the log.

The copy is a temporary SQLite portfolio on either engine; the portfolio itself is only read. What an
erasure took from the log stays away: nobody is known again by going back.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from renewctl.core.history import Logged
from renewctl.core.log_rows import side
from renewctl.core.policy import Policy
from renewctl.core.rewind import Shape, key_of
from renewctl.store.chain import CHANGE, OPERATION
from renewctl.store.portfolio import ENTITIES, Portfolio, columns
from renewctl.store.sqlite import SqlitePortfolio, scratch_portfolio

_BLOCK = 5_000
_ROWS_SQL = f"SELECT {','.join(CHANGE)} FROM change WHERE no BETWEEN ? AND ? ORDER BY no DESC"  # noqa: S608
# Of no use to the past: what the log says of an erasure explains the log of today, and of caches none is
# what it was.
_KEPT = frozenset(("erasure",))
SHAPES = {name: Shape(columns(name), info.key) for name, info in ENTITIES.items()}


def first_after(portfolio: Portfolio, seq: int) -> int:
    """The number of the first change row that came after operation `seq`; the next free one if none did.

    Numbers rise with operations, so the range is halved until it is found.
    """
    low, high = 1, int(portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change")) + 1
    while low < high:
        middle = (low + high) // 2
        op = portfolio.value("SELECT op FROM change WHERE no >= ? ORDER BY no LIMIT 1", (middle,))
        if op is not None and op <= seq:
            low = middle + 1
        else:
            high = middle
    return low


def backwards(portfolio: Portfolio, first: int, last: int, size: int = _BLOCK) -> Iterator[list[Logged]]:
    """Change rows from number `last` down to `first`, in blocks."""
    while last >= first:
        start = max(first, last - size + 1)
        yield [Logged._make(row) for row in portfolio.execute(_ROWS_SQL, (start, last))]
        last = start - 1


def last_by(portfolio: Portfolio, day: date) -> int:
    """The newest operation recorded by the end of a day in UTC; 0 where there was none yet.

    Whatever stands before it in the log was there by then, also where a clock that was wrong says otherwise.
    """
    end = (day + timedelta(days=1)).isoformat()
    return int(
        portfolio.value("SELECT seq FROM operation WHERE at < ? ORDER BY seq DESC LIMIT 1", (end,)) or 0
    )


def rewind(portfolio: Portfolio, to_seq: int) -> SqlitePortfolio:
    """A copy with all facts and the log as they were when operation `to_seq` was the newest (0: none).

    Its agenda is empty and marked as to be made anew. Not to be called inside a transaction.
    """
    with portfolio.reading():
        first = first_after(portfolio, to_seq)
        last = int(portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change"))
        copy = _copy(portfolio)
        try:
            copy.execute("BEGIN")
            with copy.unchecked():
                for block in backwards(portfolio, first, last):
                    take_back(copy, (row for row in block if row.entity not in _KEPT))
            for sql, at in (
                ("DELETE FROM change WHERE no >= ?", first),
                ("DELETE FROM operation WHERE seq > ?", to_seq),
            ):
                copy.execute(sql, (at,))
            copy.execute("DELETE FROM source")
            copy.execute("DELETE FROM agenda")
            copy.execute("DELETE FROM meta WHERE key IN ('agenda_mark', 'agenda_from')")
            copy.seal()
            copy.execute("COMMIT")
        except BaseException:
            copy.close()
            raise
    return copy


def known_on(portfolio: Portfolio, day: date, policy: Policy, as_of: date) -> tuple[SqlitePortfolio, int]:
    """The portfolio as recorded by the end of a day in UTC, its agenda made; and its newest operation."""
    from renewctl.store.agenda import refresh

    with portfolio.reading():
        seq = last_by(portfolio, day)
    copy = rewind(portfolio, seq)
    copy.execute("BEGIN")
    refresh(copy, policy, as_of)
    copy.execute("COMMIT")
    return copy, seq


def _copy(portfolio: Portfolio) -> SqlitePortfolio:
    """Everything in a temporary portfolio that goes to the disk only where memory is short."""
    if isinstance(portfolio, SqlitePortfolio):
        connection = sqlite3.connect("", isolation_level=None)
        portfolio.connection.backup(connection)
        copy = SqlitePortfolio(connection, portfolio.path)
        _unsafe(copy)
        return copy
    copy = scratch_portfolio()
    _unsafe(copy)
    copy.execute("BEGIN")
    copy.execute("DELETE FROM meta")
    facts = {name: columns(name) for name in ENTITIES}
    for table, names in (*facts.items(), ("operation", OPERATION), ("change", CHANGE), ("meta", _META)):
        found = portfolio.scan(f"SELECT {','.join(names)} FROM {table}")  # noqa: S608
        marks = ",".join("?" * len(names))
        copy.execute_many(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", found)  # noqa: S608
    copy.execute("COMMIT")
    return copy


_META = ("key", "value")


def _unsafe(copy: SqlitePortfolio) -> None:
    """Nobody minds the loss of a copy."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -65536"):
        copy.execute(f"PRAGMA {pragma}")


def take_back(portfolio: Portfolio, rows: Iterable[Logged]) -> None:
    """Take rows of the log back in the order given; runs of one kind go in one statement."""
    sql, values = "", list[list[Any]]()
    for row in rows:
        statement, cells = _statement(row)
        if statement != sql and values:
            portfolio.execute_many(sql, values)
            values = []
        sql = statement
        values.append(cells)
    if values:
        portfolio.execute_many(sql, values)


def _statement(row: Logged) -> tuple[str, list[Any]]:
    """SQL that takes a logged row back, with its values."""
    shape = SHAPES[row.entity]
    key = key_of(row.key, shape.key)
    where = " AND ".join(f"{name} = ?" for name in shape.key)
    if row.before is None:
        return f"DELETE FROM {row.entity} WHERE {where}", [*key]  # noqa: S608
    before = side(row.before, shape.columns) or {}
    if row.after is None:
        marks = ",".join("?" * len(before))
        return f"INSERT INTO {row.entity} ({','.join(before)}) VALUES ({marks})", [*before.values()]  # noqa: S608
    sets = ", ".join(f"{name} = ?" for name in before)
    return f"UPDATE {row.entity} SET {sets} WHERE {where}", [*before.values(), *key]  # noqa: S608
