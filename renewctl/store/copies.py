"""A whole portfolio copied to a file, compared row by row, and put in the place of another.

From SQLite the pages are copied through the engine, never the file as such: closing a file that is in
use drops the locks of the whole process. From PostgreSQL the rows are copied, table by table. A finished
copy carries a last line with a digest of all bytes before it, which SQLite passes over: one byte that
changes later is noticed.
"""

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from renewctl.errors import Interrupted, PortfolioError
from renewctl.store import portfolio as store
from renewctl.store import sqlite
from renewctl.store.portfolio import SCHEMA_VERSION, Portfolio
from renewctl.store.sqlite import SqlitePortfolio

_BLOCK = 1_000  # rows held at a time
# Pages written between two looks at who else is there: fewer than the tables have, so that the first look
# comes before the end, and before any of them leaves the memory for the file.
_PAGES = 16
_CHUNK = 1 << 20
_LAST_LINE = re.compile(rb"\nrenewctl backup 1 sha256 ([0-9a-f]{64})\n")
_LAST_LENGTH = 26 + 64 + 1
_COUNTER = 24  # where a database file counts its commits, in four bytes


class Differs(Exception):
    """Two copies do not hold the same; `table` is the first in which they differ."""

    def __init__(self, table: str, what: str) -> None:
        super().__init__(f"{table}: {what}")
        self.table = table


class Passing(SqlitePortfolio):
    """A copy that nobody keeps: nothing is lost with it."""


class Table(NamedTuple):
    """A table with its columns in stored order and those of its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def open_copy(file: Path) -> SqlitePortfolio:
    """A portfolio file to read from, of whatever schema; nothing is ever written to it."""
    try:
        connection = sqlite3.connect(
            sqlite.uri(file, "ro"), uri=True, timeout=store.BUSY_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error as error:
        raise sqlite.refusal(error, str(file)) from error
    return SqlitePortfolio(connection, str(file))


def tables(copy: SqlitePortfolio) -> list[Table]:
    """The tables of a portfolio file, those that others refer to first."""
    from graphlib import TopologicalSorter

    found, parents = {}, {}
    for (name,) in copy.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        if name.startswith("sqlite_"):
            continue
        info = copy.rows(f'PRAGMA table_info("{name}")')
        key = sorted((row for row in info if row[5]), key=lambda row: int(row[5]))
        found[name] = Table(name, tuple(row[1] for row in info), tuple(row[1] for row in key))
        parents[name] = {row[2] for row in copy.rows(f'PRAGMA foreign_key_list("{name}")')} - {name}
    return [found[name] for name in TopologicalSorter(parents).static_order() if name in found]


# --- out of a portfolio --------------------------------------------------------------------------------


def copy_to(source: Portfolio, file: Path) -> None:
    """Copy all of a portfolio, inside its `reading`, into an empty file, and see it on the disk.

    Raises PortfolioError where it cannot be read, or the copy not be written.
    """
    try:
        with closing(sqlite3.connect(sqlite.uri(file, "rw"), uri=True, isolation_level=None)) as target:
            # nobody reads it before it is whole
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            if isinstance(source, SqlitePortfolio):
                _copy_pages(source.connection, target, source.path)
            else:
                _copy_rows(source, SqlitePortfolio(target, str(file)))
    except sqlite3.Error as error:
        raise sqlite.refusal(error, str(file)) from error
    _sync(file)


def _copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, path: str, look: Callable[[], None] | None = None
) -> None:
    """Copy one database over another in one transaction; `look` is called once, when the target is locked."""
    until = time.monotonic() + store.BUSY_SECONDS
    looked = look is None

    def progress(status: int, _left: int, _total: int) -> None:
        nonlocal looked
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > until:
                raise PortfolioError(
                    "portfolio-locked", f"{path} is in use by another command", "try again in a moment"
                )
        elif not looked and look is not None:
            looked = True
            look()

    source.backup(target, pages=-1 if look is None else _PAGES, progress=progress, sleep=0.05)


def _copy_rows(source: Portfolio, target: SqlitePortfolio) -> None:
    """Lay out a portfolio of the same schema and fill it."""
    version = source.schema_version()
    if version == SCHEMA_VERSION:
        sqlite.create_schema(target.connection, target.path)
    else:
        from renewctl.store.migrations import lay_out_older

        lay_out_older(target, version)
    target.execute("PRAGMA foreign_keys = OFF")
    target.execute("BEGIN")
    refill(target, source, tables(target))
    target.execute("COMMIT")


def refill(target: Portfolio, source: Portfolio, of: Sequence[Table]) -> None:
    """Put the rows of `source` in the place of those of `target`, inside its transaction."""
    for table in reversed(of):
        target.execute(f"DELETE FROM {table.name}")  # noqa: S608
    for table in of:
        names, marks = ",".join(table.columns), ",".join("?" * len(table.columns))
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        for block in blocks(source, table):
            target.execute_many(sql, block)


def blocks(source: Portfolio, table: Table) -> Iterator[list[Any]]:
    """The rows of a table in the order of its key, a block at a time."""
    names, key = ",".join(table.columns), ",".join(table.key)
    after = f"WHERE ({key}) > ({','.join('?' * len(table.key))})"
    at = [table.columns.index(name) for name in table.key]
    last: list[Any] = []
    while True:
        sql = f"SELECT {names} FROM {table.name} {after if last else ''} ORDER BY {key} LIMIT {_BLOCK}"  # noqa: S608
        rows = source.rows(sql, last)
        if rows:
            yield rows
        if len(rows) < _BLOCK:
            return
        last = [rows[-1][place] for place in at]


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- compared ------------------------------------------------------------------------------------------


def compare(source: Portfolio, file: Path) -> int:
    """How many rows a portfolio, inside its `reading`, and a copy of it both hold; Differs where they do not.

    One is not 1.0, and a text is not the number it spells.
    """
    with open_copy(file) as copy:
        sound(copy)
        of = tables(copy)
        if not isinstance(source, SqlitePortfolio):
            return sum(_same_rows(source, copy, table) for table in of)
        if of != tables(source):
            raise Differs("sqlite_master", "the tables are others")
    source.execute("ATTACH ? AS other", (sqlite.uri(file, "ro"),))
    return sum(_same_within(source, table) for table in of)


def sound(copy: SqlitePortfolio) -> None:
    """Differs where a file contradicts itself. Among the rest this sees to it that every cell has the type of
    its column, so that two cells that are equal are so in type too.
    """
    found = copy.rows("PRAGMA integrity_check(1)")
    if found != [("ok",)]:
        raise Differs("the file", str(found[0][0]).splitlines()[-1])
    astray = copy.rows("PRAGMA foreign_key_check")
    if astray:
        raise Differs(str(astray[0][0]), f"{len(astray):,} rows point to rows that are not there")


def _same_within(both: SqlitePortfolio, table: Table) -> int:
    """The rows of a table that is in both databases of one connection; five times as fast as in Python."""
    ours, theirs = (
        int(both.value(f'SELECT COUNT(*) FROM {name}."{table.name}"'))  # noqa: S608
        for name in ("main", "other")
    )
    on = " AND ".join(f"x.{name} = y.{name}" for name in table.key)
    cells = " AND ".join(f"x.{name} IS y.{name}" for name in table.columns)
    same = both.value(
        f"SELECT COUNT(*) FROM main.{table.name} AS x "  # noqa: S608
        f"CROSS JOIN other.{table.name} AS y ON {on} WHERE {cells}"
    )
    if not ours == theirs == same:
        raise Differs(table.name, f"{ours:,} rows and {theirs:,} rows, {same:,} of them equal")
    return ours


def _same_rows(source: Portfolio, copy: SqlitePortfolio, table: Table) -> int:
    """The same across two engines."""
    count = 0
    for ours, theirs in zip_longest(blocks(source, table), blocks(copy, table), fillvalue=()):
        if ours != theirs or _types(ours) != _types(theirs):
            raise Differs(table.name, f"they differ after {count:,} equal rows")
        count += len(ours)
    return count


def _types(rows: Sequence[Sequence[Any]]) -> list[list[type]]:
    return [list(map(type, row)) for row in rows]


# --- into the place of another -------------------------------------------------------------------------


def overwrite(file: Path, source: SqlitePortfolio, counter: bytes, handle: int) -> None:
    """Make the portfolio in a file what `source` is, in one transaction of the same file.

    The file stays the one that others have open. `counter` is what `commits` said when it was last looked
    at, `handle` the open file it was asked of: whoever wrote since is not overwritten. PortfolioError then.
    """

    def look() -> None:  # the file is locked against everybody now, and nothing of it was written yet
        if commits(handle) != counter:
            raise changed_meanwhile(str(file))

    try:
        with closing(
            sqlite3.connect(sqlite.uri(file, "rw"), uri=True, timeout=1.0, isolation_level=None)
        ) as target:
            target.execute("PRAGMA journal_mode = DELETE")
            target.execute("PRAGMA synchronous = EXTRA")
            _copy_pages(source.connection, target, str(file), look)
        Interrupted.too_late = True
    except KeyboardInterrupt:
        Interrupted.too_late |= commits(handle) != counter
        raise
    except sqlite3.Error as error:
        if _may_be_written(file, counter, handle):
            raise PortfolioError(
                "commit-uncertain",
                f"{file} may be restored, but the disk would not confirm it ({error})",
                "check the disk, then see what the portfolio holds: renewctl history",
            ) from error
        raise sqlite.refusal(error, str(file)) from error


def _may_be_written(file: Path, counter: bytes, handle: int) -> bool:
    """Whether a file that could not be written to the end was, once what was cut short is rolled back."""
    try:
        with closing(
            sqlite3.connect(sqlite.uri(file, "rw"), uri=True, timeout=1.0, isolation_level=None)
        ) as again:
            again.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return commits(handle) != counter
    except (sqlite3.Error, PortfolioError):
        return True


def commits(handle: int) -> bytes:
    """How often a database file was written, as it says itself; read without a lock of our own."""
    try:
        return os.pread(handle, 4, _COUNTER)
    except OSError as error:
        raise PortfolioError(
            "disk-error", f"the portfolio cannot be read: {error.strerror}", "check the disk, then try again"
        ) from error


def changed_meanwhile(path: str) -> PortfolioError:
    """Somebody wrote between the look at what would be lost and the loss."""
    return PortfolioError(
        "changed-meanwhile",
        f"{path} was changed by somebody else meanwhile; nothing was restored",
        "run the command again and see what would be lost now",
    )


# --- the last line -------------------------------------------------------------------------------------


def stamp(file: Path) -> None:
    """Add the digest of a copy's bytes as its last line, and see it on the disk."""
    digest = _digest(file, file.stat().st_size)
    with file.open("ab") as stream:
        stream.write(b"\nrenewctl backup 1 sha256 " + digest.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def stamped(file: Path) -> bool | None:
    """Whether a copy is, byte for byte, what was written; None where it does not say. May raise OSError."""
    size = file.stat().st_size - _LAST_LENGTH
    if size < 0:
        return None
    with file.open("rb") as stream:
        stream.seek(size)
        match = _LAST_LINE.fullmatch(stream.read(_LAST_LENGTH))
    return None if match is None else _digest(file, size).encode() == match[1]


def _digest(file: Path, size: int) -> str:
    """sha256 of the first `size` bytes of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while size > 0 and (part := stream.read(min(_CHUNK, size))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest()
