"""The portfolio file: opened safely, read as frozen values, changed in one logged transaction.

Plain SQL over DB-API, so that a daily command pays for `sqlite3` and nothing else. A write holds
one `BEGIN IMMEDIATE … COMMIT`; what it changes and the operation-log rows that tell of it land
together or not at all.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from renewctl.core.model import (
    Account,
    Activity,
    Change,
    Contract,
    ItemState,
    Outcome,
    Reading,
    SaveCase,
    Stakeholder,
    ValueMetric,
)
from renewctl.errors import PortfolioError, UsageError

SCHEMA_VERSION = 1  # held against tables.py by a test; importing that costs 30 times as much
APPLICATION_ID = 0x726E7763
BUSY_SECONDS = 5.0


class Entity(NamedTuple):
    """A stored noun: its table, its value class and its primary key."""

    value: type[Any]
    key: tuple[str, ...]
    dates: tuple[int, ...]  # positions of the columns that hold dates


def _entity(value: type[Any], *key: str) -> Entity:
    fields: tuple[str, ...] = value._fields
    return Entity(value, key or ("no",), tuple(i for i, name in enumerate(fields) if name.endswith("_on")))


ENTITIES = {
    "account": _entity(Account),
    "contract": _entity(Contract),
    "health_reading": _entity(Reading, "account_no", "read_on"),
    "stakeholder": _entity(Stakeholder),
    "value_metric": _entity(ValueMetric),
    "outcome": _entity(Outcome),
    "save_case": _entity(SaveCase),
    "item_state": _entity(ItemState, "subject", "cycle", "step"),
    "activity": _entity(Activity),
}


class Pin(NamedTuple):
    """A field set by hand: an import leaves it alone while its source still reads `source_value`."""

    entity: str
    row_no: int
    field: str
    source_value: str


ENTITIES["pin"] = Entity(Pin, ("entity", "row_no", "field"), ())


def columns(entity: str) -> tuple[str, ...]:
    """Column names of an entity, in stored order."""
    fields: tuple[str, ...] = ENTITIES[entity].value._fields
    return fields


def to_stored(value: Any) -> Any:
    """A value as the database keeps it: dates as ISO text."""
    return value.isoformat() if isinstance(value, date) else value


class Operation:
    """One command's changes inside its transaction; made by `Portfolio.write`."""

    def __init__(self, portfolio: "Portfolio", seq: int) -> None:
        self._portfolio = portfolio
        self.seq = seq
        self.summary = ""
        self.count = 0
        self._next_change = portfolio.value("SELECT COALESCE(MAX(no), 0) + 1 FROM change")

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in order and log each; how many there were."""
        import json

        done = 0
        for change in changes:
            self._apply(change)
            whole = change.before is None or change.after is None
            texts = [
                None
                if side is None
                else json.dumps(
                    [to_stored(side.get(name)) for name in columns(change.entity)]
                    if whole
                    else {name: to_stored(value) for name, value in side.items()},
                    ensure_ascii=False,
                    separators=(",", ":"),
                )
                for side in (change.before, change.after)
            ]
            key = "|".join(str(to_stored(part)) for part in change.key)
            self._portfolio.execute(
                "INSERT INTO change (no, op, entity, key, account_no, before, after) VALUES (?,?,?,?,?,?,?)",
                (self.reserve_changes(1), self.seq, change.entity, key, change.account_no, *texts),
            )
            done += 1
        self.count += done
        return done

    def reserve_changes(self, count: int) -> int:
        """The first of `count` consecutive numbers for change rows, for those who log in bulk."""
        first = self._next_change
        self._next_change += count
        return int(first)

    def _apply(self, change: Change) -> None:
        entity = ENTITIES[change.entity]
        where = " AND ".join(f"{name} = ?" for name in entity.key)
        key = [to_stored(part) for part in change.key]
        if change.after is None:
            cursor = self._portfolio.execute(f"DELETE FROM {change.entity} WHERE {where}", key)  # noqa: S608
        elif change.before is None:
            names = columns(change.entity)
            marks = ",".join("?" * len(names))
            cursor = self._portfolio.execute(
                f"INSERT INTO {change.entity} ({','.join(names)}) VALUES ({marks})",  # noqa: S608
                [to_stored(change.after.get(name)) for name in names],
            )
        else:
            sets = ", ".join(f"{name} = ?" for name in change.after)
            cursor = self._portfolio.execute(
                f"UPDATE {change.entity} SET {sets} WHERE {where}",  # noqa: S608
                [*(to_stored(value) for value in change.after.values()), *key],
            )
        if cursor.rowcount != 1:
            raise PortfolioError(
                "change-missed",
                f"{change.entity} {change.key} was changed by somebody else meanwhile",
                "run the command again",
            )


class Portfolio:
    """An open portfolio. Close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.connection = connection
        self.path = path

    def __enter__(self) -> "Portfolio":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def execute(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement; every statement of every feature passes here or `execute_many`."""
        try:
            return self.connection.execute(sql, params)
        except sqlite3.Error as error:
            raise _refusal(error, self.path) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement over many rows of positional values."""
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise _refusal(error, self.path) from error

    def rows(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """All rows of a query, as tuples."""
        return self.execute(sql, params).fetchall()

    def value(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.execute(sql, params).fetchone()
        return None if row is None else row[0]

    def meta(self, key: str) -> str | None:
        """A fact about the portfolio itself."""
        found = self.value("SELECT value FROM meta WHERE key = ?", (key,))
        return None if found is None else str(found)

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact about the portfolio itself; inside a write only."""
        self.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def next_no(self, entity: str) -> int:
        """The next free number of an entity; inside a write only."""
        return int(self.value(f"SELECT COALESCE(MAX(no), 0) + 1 FROM {entity}"))  # noqa: S608

    def values(self, entity: str, where: str = "", params: Sequence[Any] = (), order: str = "") -> list[Any]:
        """Rows of an entity as its frozen values. `where` and `order` are ours, never a user's."""
        info = ENTITIES[entity]
        sql = f"SELECT {','.join(columns(entity))} FROM {entity}"  # noqa: S608
        sql += f" WHERE {where}" if where else ""
        sql += f" ORDER BY {order}" if order else ""
        return [as_value(info, row) for row in self.execute(sql, params)]

    @contextmanager
    def write(self, command: str, actor: str, as_of: date, *, dry_run: bool = False) -> Iterator[Operation]:
        """One transaction, one operation. Rolled back on any error, on ^C, and with `dry_run`.

        An operation that changed nothing leaves no trace.
        """
        self._begin()
        try:
            operation = Operation(self, int(self.value("SELECT COALESCE(MAX(seq), 0) + 1 FROM operation")))
            self.execute(
                "INSERT INTO operation (seq, at, as_of, actor, command, summary) VALUES (?,?,?,?,?,'')",
                (operation.seq, utc_now(), as_of.isoformat(), actor, command),
            )
            yield operation
            if operation.count == 0:
                self.execute("DELETE FROM operation WHERE seq = ?", (operation.seq,))
            else:
                self.execute(
                    "UPDATE operation SET summary = ? WHERE seq = ?", (operation.summary, operation.seq)
                )
            self.execute("ROLLBACK" if dry_run else "COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.rollback()
            raise

    def _begin(self) -> None:
        self.execute("PRAGMA journal_mode = DELETE")
        self.execute("PRAGMA synchronous = EXTRA")
        self.execute("BEGIN IMMEDIATE")


def utc_now() -> str:
    """The real clock, for the log only: an ISO 8601 UTC instant to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Dates(dict[str, date]):
    """ISO text -> date, each parsed once; a book has thousands of rows and hundreds of days."""

    def __missing__(self, text: str) -> date:
        found = self[text] = date.fromisoformat(text)
        return found


_DATES = _Dates()


def dates_of() -> dict[str, date]:
    """ISO text -> date, as a mapping that parses what it has not met yet."""
    return _DATES


def as_value(info: Entity, row: Sequence[Any]) -> Any:
    """A stored row as its frozen value, ISO text become dates."""
    cells = list(row)
    for at in info.dates:
        if (text := cells[at]) is not None:
            cells[at] = _DATES[text]
    return _quick(info.value, cells)


_quick = tuple.__new__  # the rows come in column order; checking their number again costs half


def open_portfolio(path: str, *, create: bool = False) -> Portfolio:
    """Open the portfolio at `path`; only `create` makes one that is not there.

    Raises PortfolioError (exit 12) where it is missing, locked, damaged, no portfolio of ours or of
    a newer schema, and UsageError for a URL.
    """
    if "://" in path:
        raise UsageError(
            "engine-unavailable",
            "portfolios on a database server are not available in this version",
            "give --portfolio a file path",
        )
    file = Path(path)
    if create:
        _make_file(file)
    if not file.exists():
        raise PortfolioError(
            "portfolio-missing",
            f"there is no portfolio at {path}",
            "import one with: renewctl import accounts.csv   (or look around first: renewctl demo)",
        )
    if not file.is_file():
        raise PortfolioError("portfolio-not-a-file", f"{path} is not a file", "name a file with --portfolio")
    connection = _connect(file)
    try:
        if create:
            _create_schema(connection, path)
        _check_schema(connection, path)
    except BaseException:
        connection.close()
        raise
    return Portfolio(connection, path)


def scratch_portfolio() -> Portfolio:
    """An empty portfolio in memory, for a dry run where there is none yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _create_schema(connection, ":memory:")
    return Portfolio(connection, ":memory:")


def _connect(file: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(file.absolute()))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        raise _refusal(error, str(file)) from error
    return connection


def _make_file(file: Path) -> None:
    """Make an empty file that only its owner may read, if there is none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise PortfolioError(
            "portfolio-not-writable",
            f"cannot create a portfolio at {file}: {error.strerror}",
            "choose a folder you may write to, with --portfolio FILE",
        ) from error


def _create_schema(connection: sqlite3.Connection, path: str) -> None:
    """Lay out an empty file; a file that already holds a portfolio is left as it is."""
    try:
        if connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            return
        ddl = (Path(__file__).with_name("schema.sql")).read_text(encoding="utf-8")
        connection.executescript(
            f"BEGIN IMMEDIATE; {ddl} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    except sqlite3.Error as error:
        raise _refusal(error, path) from error


def _check_schema(connection: sqlite3.Connection, path: str) -> None:
    try:
        ours = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise _refusal(error, path) from error
    if ours != APPLICATION_ID:
        raise PortfolioError(
            "not-a-portfolio",
            f"{path} is not a renewctl portfolio",
            "name another file with --portfolio FILE",
        )
    if version > SCHEMA_VERSION:
        raise PortfolioError(
            "newer-schema",
            f"{path} has schema {version}; this renewctl knows up to {SCHEMA_VERSION}",
            "update it: python -m pip install --upgrade renewctl",
        )


def _refusal(error: sqlite3.Error, path: str) -> PortfolioError:
    """A database error as one line a person can act on."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return PortfolioError(
            "portfolio-locked", f"{path} is in use by another command", "try again in a moment"
        )
    if "readonly" in text or "unable to open" in text:
        return PortfolioError(
            "portfolio-not-writable",
            f"{path} cannot be opened or written: {text}",
            "check the permissions of the file and its folder, or choose another with --portfolio",
        )
    if "full" in text:
        return PortfolioError(
            "disk-full", f"no room left to write {path}", "free some space; nothing was changed"
        )
    if "not a database" in text and not _has_magic(path):
        from shlex import quote as word

        how = f"to import it: renewctl import {word(path)}"
        return PortfolioError("not-a-portfolio", f"{path} is not a renewctl portfolio", how)
    if isinstance(error, sqlite3.IntegrityError):
        return PortfolioError("invariant", f"{path} refused a change that breaks its rules: {text}")
    return PortfolioError(
        "portfolio-damaged",
        f"{path} cannot be read as a portfolio: {text}",
        "restore a copy, or name another file with --portfolio",
    )


def _has_magic(path: str) -> bool:
    """Whether a file begins as every database of the engine does, whatever became of the rest."""
    try:
        with Path(path).open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return True
