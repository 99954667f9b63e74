"""Portable SQL in PostgreSQL's spelling: placeholders, bulk inserts, statements that make tables."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\?|%")
_INSERT = re.compile(r"\s*INSERT INTO (\w+) \(([\w, ]+)\) VALUES \((.*)\)\s*", re.S)
_TYPES = re.compile(r"\b(?:INTEGER|TEXT|REAL|BLOB)\b")
_TYPE_NAMES = {"INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"', "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA"}
_VALUE = re.compile(r"\s*(?:(\?)|(NULL)|(-?\d+)|'((?:[^']|'')*)')\s*(?:,|$)")
_OPTIONS = re.compile(r"\)\s*(?:(?:STRICT|WITHOUT ROWID)[\s,]*)+$")


@lru_cache(1024)
def translated(sql: str) -> str:
    """Portable SQL in psycopg's spelling: `?` is `%s`, and a `%` that is meant is `%%`."""
    return _TOKEN.sub(lambda found: _SPELLED.get(found[0]) or found[0].replace("%", "%%"), sql)


_SPELLED = {"?": "%s", "%": "%%"}


@lru_cache(64)
def copy_plan(sql: str) -> tuple[str, tuple[Any, ...] | None] | None:
    """COPY in place of a plain INSERT, with what each row is filled up with; None where it is not plain.

    The filling has one place per column: `...` for a value of the row, else the constant.
    """
    match = _INSERT.fullmatch(sql)
    if match is None:
        return None
    table, names, values = match.groups()
    filling: list[Any] = []
    at = 0
    while at < len(values):
        part = _VALUE.match(values, at)
        if part is None:
            return None
        mark, null, number, text = part.groups()
        filling.append(... if mark else None if null else int(number) if number else text.replace("''", "'"))
        at = part.end()
    if len(filling) != names.count(",") + 1:
        return None
    constant = tuple(filling) if any(each is not ... for each in filling) else None
    return f"COPY {table} ({names}) FROM STDIN", constant


def completed(rows: Iterable[Sequence[Any]], filling: tuple[Any, ...] | None) -> Iterable[Sequence[Any]]:
    """Rows with the constants of a statement in their places."""
    if filling is None:
        return rows
    places = [at for at, each in enumerate(filling) if each is ...]
    constants = list(filling)
    if places == list(range(len(places))):
        tail = tuple(constants[len(places) :])
        return ((*row, *tail) for row in rows)
    return (_placed(row, constants, places) for row in rows)


def _placed(row: Sequence[Any], constants: list[Any], places: list[int]) -> list[Any]:
    whole = constants.copy()
    for at, value in zip(places, row, strict=True):
        whole[at] = value
    return whole


def dialect(statement: str) -> str:
    """A statement that makes a table or an index on SQLite, for this engine: names of types, no options."""
    if not statement.startswith("CREATE TABLE"):
        return statement
    return _TYPES.sub(lambda found: _TYPE_NAMES[found[0]], _OPTIONS.sub(")", statement))
