"""The operation log folded forward: what the tables should hold, computed a second time.

Every change row is applied in order to an empty temporary database, which spills to the disk so that
memory stays bounded, and the result is compared with the portfolio's tables row by row and type by type.
Nothing is shared with what reads the log backwards: two ways that agree are worth more than one.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from renewctl.store.chain import CHANGE
from renewctl.store.portfolio import ENTITIES, Portfolio, columns

_BLOCK = 2_000  # rows inserted at a time
_LARGEST = 2**63


class Difference(NamedTuple):
    """Where the log and the tables, or two rows of the log, say different things."""

    where: str
    what: str


@lru_cache(maxsize=1)
def column_types() -> dict[str, dict[str, str]]:
    """Entity -> column -> INTEGER, TEXT, REAL or BLOB, from the generated schema."""
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    found = {}
    for name, body in re.findall(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", text, re.M | re.S):
        pairs = re.findall(r'^\t"?(\w+)"? (INTEGER|TEXT|REAL|BLOB)\b', body, re.M)
        found[name] = dict(pairs)
    return found


class LogUnreadable(Exception):
    """A change row does not say what a change row says."""


class Fold:
    """The tables as the log tells them, so far."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = MEMORY")
        self._database.execute("PRAGMA synchronous = OFF")
        self._types = column_types()
        for entity, info in ENTITIES.items():
            names = ", ".join(f'"{name}"' for name in columns(entity))  # untyped: kept as given
            key = ", ".join(info.key)
            self._database.execute(f"CREATE TABLE {entity} ({names}, PRIMARY KEY ({key})) WITHOUT ROWID")
        self._entity = ""
        self._waiting: list[tuple[Any, ...]] = []

    def close(self) -> None:
        """Let go of the temporary database."""
        self._database.close()

    def apply(self, row: Sequence[Any]) -> Iterator[str]:
        """Apply one change row (columns of `chain.CHANGE`); what it contradicts, or LogUnreadable."""
        _, _, entity, key, account_no, before, after = row
        if entity not in ENTITIES:
            raise LogUnreadable(f"there is no entity {entity!r}")
        if before is None:
            values = self._whole(entity, after)
            yield from self._check_key(entity, key, values, account_no)
            if entity != self._entity or len(self._waiting) >= _BLOCK:
                yield from self.flush()
                self._entity = entity
            self._waiting.append(values)
            return
        yield from self.flush()
        keys = self._key(entity, key)
        stored = self._stored(entity, keys)
        if stored is None:
            yield "changes a row that is not there"
            return
        names = columns(entity)
        if after is None:
            told = dict(zip(names, self._whole(entity, before), strict=True))
        else:
            told = self._part(entity, before)
        known = dict(zip(names, stored, strict=True))
        wrong = [name for name, value in told.items() if not same(value, known[name])]
        if wrong:
            name = wrong[0]
            yield f"says that {name} was {_cut(told[name])} before, where it was {_cut(known[name])}"
        where = " AND ".join(f"{name} = ?" for name in ENTITIES[entity].key)
        if after is None:
            self._database.execute(f"DELETE FROM {entity} WHERE {where}", keys)  # noqa: S608
            return
        wanted = self._part(entity, after)
        sets = ", ".join(f'"{name}" = ?' for name in wanted)
        try:
            self._database.execute(
                f"UPDATE {entity} SET {sets} WHERE {where}",  # noqa: S608
                [*wanted.values(), *keys],
            )
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            raise LogUnreadable(f"cannot be applied: {error}") from error

    def flush(self) -> Iterator[str]:
        """Insert the rows that wait; those that are there already are named."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        marks = ",".join("?" * len(rows[0]))
        sql = f"INSERT INTO {self._entity} VALUES ({marks})"  # noqa: S608
        self._database.execute("BEGIN")
        try:
            self._database.executemany(sql, rows)
            self._database.execute("COMMIT")
        except (sqlite3.Error, OverflowError, UnicodeEncodeError):
            self._database.execute("ROLLBACK")
            for row in rows:
                try:
                    self._database.execute(sql, row)
                except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
                    key = "|".join(str(row[columns(self._entity).index(name)]) for name in self._key_names())
                    yield f"brings {self._entity} {key}, which cannot be: {error}"

    def _key_names(self) -> tuple[str, ...]:
        return ENTITIES[self._entity].key

    def rows(self, entity: str) -> Iterable[tuple[Any, ...]]:
        """The rows of an entity by key; `flush` first. No generator, which would outlive the database."""
        key = ", ".join(ENTITIES[entity].key)
        names = ", ".join(f'"{name}"' for name in columns(entity))
        return self._database.execute(f"SELECT {names} FROM {entity} ORDER BY {key}")  # noqa: S608

    def _stored(self, entity: str, key: Sequence[Any]) -> tuple[Any, ...] | None:
        names = ", ".join(f'"{name}"' for name in columns(entity))
        where = " AND ".join(f"{name} = ?" for name in ENTITIES[entity].key)
        try:
            found: tuple[Any, ...] | None = self._database.execute(
                f"SELECT {names} FROM {entity} WHERE {where}",  # noqa: S608
                key,
            ).fetchone()
        except (OverflowError, UnicodeEncodeError) as error:
            raise LogUnreadable(f"has a key that no row can have: {error}") from error
        return found

    def _key(self, entity: str, text: str) -> list[Any]:
        names = ENTITIES[entity].key
        parts = text.split("|", len(names) - 1)
        if len(parts) != len(names):
            raise LogUnreadable(f"its key {text!r} has {len(parts)} parts and not {len(names)}")
        types = self._types[entity]
        try:
            return [
                int(part) if types[name] == "INTEGER" else part
                for name, part in zip(names, parts, strict=True)
            ]
        except ValueError as error:
            raise LogUnreadable(f"its key {text!r} is none of a {entity}") from error

    def _check_key(
        self, entity: str, key: str, values: Sequence[Any], account_no: int | None
    ) -> Iterator[str]:
        row = dict(zip(columns(entity), values, strict=True))
        own = "|".join(str(row[name]) for name in ENTITIES[entity].key)
        if own != key:
            yield f"is kept under the key {key!r} and tells of {own!r}"
        account = row["no"] if entity == "account" else row.get("account_no", account_no)
        if account != account_no:
            yield f"is kept under account {account_no} and tells of {account}"

    def _whole(self, entity: str, text: Any) -> tuple[Any, ...]:
        cells = _parsed(text)
        names = columns(entity)
        if not isinstance(cells, list) or len(cells) != len(names):
            raise LogUnreadable(f"holds no row of {len(names)} columns")
        types = self._types[entity]
        return tuple(_typed(cell, types[name]) for name, cell in zip(names, cells, strict=True))

    def _part(self, entity: str, text: Any) -> dict[str, Any]:
        cells = _parsed(text)
        types = self._types[entity]
        if not isinstance(cells, dict) or not cells or not types.keys() >= cells.keys():
            raise LogUnreadable(f"holds no columns of a {entity}")
        return {name: _typed(cell, types[name]) for name, cell in cells.items()}


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, TypeError, RecursionError) as error:
        raise LogUnreadable("holds no JSON") from error


def _refused(text: str) -> Any:
    raise ValueError(text)


def _typed(cell: Any, kind: str) -> Any:
    """A logged value as a strict column of that type keeps it."""
    if cell is None or (kind == "TEXT" and type(cell) is str):
        return cell
    if type(cell) is bool:
        cell = int(cell)
    if kind == "REAL" and type(cell) in (int, float) and abs(cell) < 1e308:
        return float(cell)
    if kind == "INTEGER" and type(cell) is float and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if kind == "INTEGER" and type(cell) is int and -_LARGEST <= cell < _LARGEST:
        return cell
    raise LogUnreadable(f"holds {_cut(cell)} for a column of type {kind}")


def same(one: Any, other: Any) -> bool:
    """Whether two stored values, or rows of them, are the same in type and to the last bit."""
    return repr(one) == repr(other)


def differences(
    told: Iterable[tuple[Any, ...]],
    stored: Iterable[tuple[Any, ...]],
    names: Sequence[str],
    key: Sequence[str],
    noun: str,
    source: str,
) -> Iterator[Difference]:
    """Where two runs of rows, each in the order of the same key, differ; nothing only if they are equal.

    `told` is what `source` tells, `stored` what the table `noun` holds.
    """
    at = [names.index(name) for name in key]
    left_rows, right_rows = iter(told), iter(stored)
    left, right = next(left_rows, None), next(right_rows, None)
    unknown, missing = f"{source} does not know it", f"{source} tells of it, and it is not there"
    while left is not None and right is not None:
        if same(left, right):
            left, right = next(left_rows, None), next(right_rows, None)
            continue
        one, other = _place(left, at), _place(right, at)
        if one == other:
            wrong = [name for name, a, b in zip(names, left, right, strict=True) if not same(a, b)]
            place = names.index(wrong[0])
            more = f" ({len(wrong) - 1} more columns differ)" if len(wrong) > 1 else ""
            what = f"{wrong[0]} is {_cut(right[place])}; {source} says {_cut(left[place])}{more}"
            yield Difference(_where(noun, right, at), what)
            left, right = next(left_rows, None), next(right_rows, None)
        elif one > other:
            yield Difference(_where(noun, right, at), unknown)
            right = next(right_rows, None)
        else:
            yield Difference(_where(noun, left, at), missing)
            left = next(left_rows, None)
    while left is not None:
        yield Difference(_where(noun, left, at), missing)
        left = next(left_rows, None)
    while right is not None:
        yield Difference(_where(noun, right, at), unknown)
        right = next(right_rows, None)


_RANK = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}


def _place(row: Sequence[Any], at: Sequence[int]) -> tuple[Any, ...]:
    """A row's place in the order of keys; a damaged table may hold a key of another type."""
    return tuple((_RANK.get(type(row[each]), 4), row[each]) for each in at)


def _where(noun: str, row: Sequence[Any], at: Sequence[int]) -> str:
    return f"{noun} {'|'.join(_plain(row[each]) for each in at)}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and len(value) < 80 else _cut(value)


def _cut(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = "blank" if value is None else repr(value[:80] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def replay(portfolio: Portfolio) -> Iterator[Difference]:
    """Every place where the log, folded forward, contradicts itself or the tables.

    The rows of the log are taken as they are; whether they are what was written is the chain's matter.
    """
    fold = Fold()
    try:
        sql = f"SELECT {','.join(CHANGE)} FROM change WHERE no > ? ORDER BY no LIMIT {_BLOCK}"  # noqa: S608
        last: Any = 0
        while rows := portfolio.rows(sql, (last,)):
            for row in rows:
                try:
                    for what in fold.apply(row):
                        yield Difference(f"change {row[0]} of operation {row[1]}", what)
                except LogUnreadable as error:
                    yield Difference(f"change {row[0]} of operation {row[1]}", str(error))
            if type(rows[-1][0]) is not int or rows[-1][0] <= last:
                yield Difference(f"change {rows[-1][0]}", "the log is not in order from here on")
                break
            last = rows[-1][0]
        for what in fold.flush():
            yield Difference("the end of the log", what)
        for entity, info in ENTITIES.items():
            names = columns(entity)
            stored = portfolio.scan(
                f"SELECT {','.join(names)} FROM {entity} ORDER BY {','.join(info.key)}"  # noqa: S608
            )
            yield from differences(fold.rows(entity), stored, names, info.key, entity, "the log")
    finally:
        fold.close()
