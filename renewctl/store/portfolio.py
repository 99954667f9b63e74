"""The portfolio: read as frozen values, changed in one logged transaction, on either engine.

Plain SQL over DB-API with `?` for values, so that a daily command pays for `sqlite3` and nothing else.
What a write changes and the rows of the operation log that tell of it land together or not at all.
What the engines do each in their own way is in `sqlite.py` and `postgres.py`.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Self

from renewctl import __version__
from renewctl.core.model import (
    Account,
    Activity,
    Amendment,
    Assignment,
    Change,
    Contract,
    Departure,
    HealthOverride,
    ItemState,
    Offer,
    Outcome,
    Promise,
    Reading,
    Renewal,
    SaveCase,
    SaveEvent,
    ServiceLevel,
    ServiceResponse,
    Stakeholder,
    ValueMetric,
    Worth,
)
from renewctl.errors import PortfolioError
from renewctl.store.chain import CHANGE, OPERATION, Content, digest_of, row_text, seal_of

SCHEMA_VERSION = 4  # held against tables.py by a test; importing that costs 30 times as much
APPLICATION_ID = 0x726E7763
SEAL = "seal"  # in `meta`: a digest over the rest of it
NEEDS = "needs"  # in `meta`: the version of renewctl that laid out the schema
BUSY_SECONDS = 30.0  # how long a command waits for another's turn to end


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
    "renewal": _entity(Renewal, "contract_no", "cycle"),
    "amendment": _entity(Amendment),
    "health_override": _entity(HealthOverride, "account_no"),
    "assignment": _entity(Assignment, "subject", "cycle", "step"),
    "departure": _entity(Departure, "stakeholder_no"),
    "save_event": _entity(SaveEvent),
    "promise": _entity(Promise),
    "offer": _entity(Offer),
    "service_level": _entity(ServiceLevel),
    "service_response": _entity(ServiceResponse),
    "worth": _entity(Worth),
}


class Pin(NamedTuple):
    """A field set by hand: an import leaves it alone while its source still reads `source_value`."""

    entity: str
    row_no: int
    field: str
    source_value: str


ENTITIES["pin"] = Entity(Pin, ("entity", "row_no", "field"), ())


class Erasure(NamedTuple):
    """Operation `op`, whose content digested to `was`, digests to `now` since a person was forgotten."""

    no: int
    op: int
    was: str
    now: str


ENTITIES["erasure"] = Entity(Erasure, ("no",), ())


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
        self.undoes: int | None = None  # the operation this one takes back
        self.count = 0
        self.content = Content()
        self._next_change = portfolio.value("SELECT COALESCE(MAX(no), 0) + 1 FROM change")

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in order and log each; how many there were."""
        done = 0
        for change in changes:
            _check(change)
            self._apply(change)
            whole = change.before is None or change.after is None
            before, after = (_logged(side, change.entity, whole) for side in (change.before, change.after))
            key = "|".join(str(to_stored(part)) for part in change.key)
            row = (self.reserve_changes(1), self.seq, change.entity, key, change.account_no, before, after)
            self._portfolio.execute(_LOG_SQL, row)
            self.content.add(row_text(row).encode())
            done += 1
        self.count += done
        return done

    def reserve_changes(self, count: int) -> int:
        """The first of `count` consecutive numbers for change rows, for those who log in bulk."""
        first = self._next_change
        self._next_change += count
        return int(first)

    def logged(self, first: int, count: int) -> None:
        """Take up `count` change rows that were written in bulk, from number `first` on.

        Called in the order of the numbers, before any other change is applied.
        """
        for block in self._portfolio.logged(first, first + count - 1):
            self.content.add(block)
        self.count += count

    def mark(self) -> tuple[int, int, Content]:
        """Where the operation stands, to come back to by `reset` when a savepoint is rolled back."""
        return self.count, self._next_change, self.content.copy()

    def reset(self, mark: tuple[int, int, Content]) -> None:
        """Forget what was logged since a mark."""
        self.count, self._next_change, self.content = mark[0], mark[1], mark[2].copy()

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


_LOG_SQL = f"INSERT INTO change ({','.join(CHANGE)}) VALUES (?,?,?,?,?,?,?)"  # noqa: S608
_OPERATION_SQL = f"INSERT INTO operation ({','.join(OPERATION)}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608
_LAST_SQL = f"SELECT {','.join(OPERATION)} FROM operation ORDER BY seq DESC LIMIT 1"  # noqa: S608
_LARGEST = 2**63 - 1


def _check(change: Change) -> None:
    """Refuse an amount or a date that no portfolio may hold, whatever the engine would let pass."""
    for name, value in (change.after or {}).items():
        if value is None:
            continue
        bad = False
        if name.endswith("_minor"):
            bad = type(value) is not int or abs(value) > _LARGEST
        elif name.endswith("_on") and not isinstance(value, date):
            try:
                _DATES[value]
            except (ValueError, TypeError):
                bad = True
        if bad:
            raise PortfolioError("invariant", f"{change.entity} {change.key}: {name} cannot be {value!r}")


def _logged(side: Any, entity: str, whole: bool) -> str | None:
    """One side of a change as the log keeps it: a whole row as an array in column order, else an object."""
    if side is None:
        return None
    kept: Any = (
        [to_stored(side.get(name)) for name in columns(entity)]
        if whole
        else {name: to_stored(value) for name, value in side.items()}
    )
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


class Migrated(NamedTuple):
    """A portfolio was brought to another schema as it was opened; where its earlier state is kept."""

    version: int
    now: int
    copy: Any  # a path


class Portfolio:
    """An open portfolio, on one engine or the other. Close it, or use it as a context manager."""

    engine: str
    path: str  # as people may see it: never with a password
    migrated: Migrated | None = None

    # --- what each engine does in its own way ---------------------------------------------------------

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Run one statement and give its cursor; all others are `execute_many`.

        Raises PortfolioError (exit 12) for whatever the engine refuses.
        """
        raise NotImplementedError

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement over many rows of values."""
        raise NotImplementedError

    def scan(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query one after the other, however many there are: they are never all in memory.

        Inside `reading` or a write there may be several at a time; outside, each is read to its end before
        anything else is asked.
        """
        return iter(self.execute(sql, params))

    def close(self) -> None:
        """Let go of it; what was not committed is undone."""
        raise NotImplementedError

    def another(self) -> "Portfolio":
        """A second connection, which sees what is committed whatever this one is doing."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin a write: nobody else writes until it ends, and the end of the log stays where it is."""
        raise NotImplementedError

    def commit(self, nonce: str) -> None:
        """Make a write last, or raise.

        `nonce` is that of the operation, to find it by if the line breaks; empty where it has no row.
        """
        raise NotImplementedError

    def rollback(self) -> None:
        """Undo a write that began; nothing to do where none did."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[None]:
        """A span in which every query sees the same state, whoever writes meanwhile."""
        raise NotImplementedError

    def json_array(self, names: Iterable[str]) -> str:
        """SQL for columns as one JSON array in a text."""
        raise NotImplementedError

    def logged(self, first: int, last: int) -> Iterator[bytes]:
        """Change rows of a range of numbers as the chain digests them, in order."""
        raise NotImplementedError

    def write_bytes(self, table: str, column: str, no: int, parts: Sequence[Any]) -> None:
        """Set a column of bytes in row `no` from its parts, without holding them all as one value."""
        raise NotImplementedError

    def indexes(self, table: str) -> list[tuple[str, str]]:
        """Name of each index of a table that is not its key's, with the statement that makes it."""
        raise NotImplementedError

    def unchecked(self) -> AbstractContextManager[None]:
        """A span in which bulk rows that parsers have vouched for may pass over CHECK constraints."""
        raise NotImplementedError

    def schema_version(self) -> int:
        """The version of its schema, as the running transaction sees it."""
        raise NotImplementedError

    def restructuring(self, prepare: Callable[[], None] = lambda: None) -> AbstractContextManager[None]:
        """A write in which tables may be made anew: foreign keys do not act, and are checked before it lasts.

        `prepare` runs when nobody else can write any more and everybody can still read. Rolled back on any
        error, of `prepare` too.
        """
        raise NotImplementedError

    def dialect(self, statement: str) -> str:
        """A statement that makes a table or an index on SQLite, as this engine has it."""
        raise NotImplementedError

    def overwriting(self) -> AbstractContextManager[None]:
        """A span in which what is deleted or replaced is overwritten in the storage, where the engine can."""
        raise NotImplementedError

    def purge(self) -> None:
        """Rewrite the storage, so that nothing deleted is left in it; outside a write. May take minutes."""
        raise NotImplementedError

    # --- the same on both ------------------------------------------------------------------------------

    def set_schema_version(self, version: int, name: str) -> None:
        """Record a version of the schema with the step that led there; inside a write only."""
        sql = "INSERT INTO migration (version, name, at) VALUES (?, ?, ?)"
        self.execute(sql, (version, name, utc_now()))
        self.seal()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query, as tuples."""
        found: list[Any] = self.execute(sql, params).fetchall()
        return found

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
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
        if key != SEAL:
            self.seal()

    def seal(self) -> None:
        """Digest what no operation tells of, so that `doctor` sees when it was altered; inside a write only.

        `set_meta` and `set_schema_version` do so by themselves.
        """
        facts = self.rows("SELECT key, value FROM meta WHERE key <> ? ORDER BY key", (SEAL,))
        versions = self.rows("SELECT version, name, at FROM migration ORDER BY version")
        self.set_meta(SEAL, seal_of(facts, versions))

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

        An operation that changed nothing leaves no trace in the log.
        """
        self.begin()
        try:
            last = self._last_operation()
            operation = Operation(self, last[0] + 1)
            yield operation
            nonce = os.urandom(16).hex()
            if operation.count:
                self._close(operation, last[-1], nonce, (utc_now(), as_of.isoformat(), actor, command))
            if dry_run:
                self.rollback()
            else:
                self.commit(nonce if operation.count else "")
        except BaseException:
            self.rollback()
            raise

    def _last_operation(self) -> tuple[Any, ...]:
        """The end of the log, which is not built upon where it is not what was written."""
        row: tuple[Any, ...] | None = self.execute(_LAST_SQL).fetchone()
        if row is None:
            return (0, "")
        if digest_of(row) != row[-1]:
            raise PortfolioError(
                "log-altered",
                f"{self.path}: operation {row[0]} is not what was written; nothing was changed",
                "see what is wrong with: renewctl doctor",
            )
        return row

    def _close(self, operation: Operation, previous: str, nonce: str, who: tuple[str, str, str, str]) -> None:
        """Write the operation's own row, the new end of the chain."""
        content = operation.content.close(nonce, who[3], operation.summary)
        row = (
            operation.seq,
            *who,
            operation.summary,
            operation.undoes,
            nonce,
            operation.count,
            content,
            previous,
        )
        self.execute(_OPERATION_SQL, (*row, digest_of(row)))


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


def layout(name: str) -> list[str]:
    """The statements of a generated schema file, in order, and the row that names its version."""
    from pathlib import Path

    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    at = utc_now()
    made = f"INSERT INTO migration VALUES ({SCHEMA_VERSION}, 'laid out', '{at}')"  # noqa: S608
    sealed = seal_of([(NEEDS, __version__)], [(SCHEMA_VERSION, "laid out", at)])
    statements = text.split("\n", 1)[1].split(";\n")
    kept = f"INSERT INTO meta (key, value) VALUES ('{NEEDS}', '{__version__}'), ('{SEAL}', '{sealed}')"  # noqa: S608
    return [*filter(None, map(str.strip, statements)), made, kept]


def newer(portfolio: Portfolio, version: int) -> PortfolioError:
    """It is of a later schema: which renewctl it needs, where it says so in a way that can be read."""
    try:
        needs = portfolio.meta(NEEDS) or ""
    except PortfolioError:
        needs = ""
    plain = needs.isascii() and len(needs) < 30 and not set(needs) - set(_OF_VERSIONS)
    least = f" and is of renewctl {needs}" if needs and plain else ""
    return PortfolioError(
        "newer-schema",
        f"{portfolio.path} has schema {version}{least}; "
        f"this renewctl, {__version__}, knows up to {SCHEMA_VERSION}",
        "update it: python -m pip install --upgrade renewctl" + (f" (at least to {needs})" if least else ""),
    )


_OF_VERSIONS = "0123456789abcdefghijklmnopqrstuvwxyz.+-"


def open_portfolio(path: str, *, create: bool = False, migrate: bool | None = True) -> Portfolio:
    """Open the portfolio at a path or a `postgresql://` address; only `create` makes one that is not there.

    One of an older schema is migrated first; where `migrate` is False it is refused, where it is None it is
    opened as it is. Raises PortfolioError
    (exit 12) where it is missing, locked, damaged, no portfolio of ours or of a newer schema; UsageError
    for another kind of address.
    """
    if "://" in path:
        from renewctl.store import postgres

        return postgres.open_at(path, create=create, migrate=migrate)
    from renewctl.store import sqlite

    return sqlite.open_file(path, create=create, migrate=migrate)


def is_there(path: str) -> bool:
    """Whether something stands at the path or address of a portfolio that an opening would find."""
    if "://" in path:
        from renewctl.store import postgres

        return postgres.exists(path)
    try:
        return os.path.getsize(path) > 0  # noqa: PTH202 (pathlib is not loaded by daily commands)
    except OSError:
        return False


def discard(path: str) -> None:
    """Take away a portfolio that was just made, unless something was recorded in it."""
    if "://" in path:
        from renewctl.store import postgres

        postgres.discard(path)
    else:
        from renewctl.store import sqlite

        sqlite.discard(path)
