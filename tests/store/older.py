"""Portfolios as earlier versions of the program left them, on either engine, and what any portfolio holds.

`renewctl/store/schemas/N.sql` is schema N as it was released and `schemas/N.data.sql` here a small invented
book in it. Both are frozen: they stand for the files that people have. Nothing here runs the project's code.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.engines import Place, _server
from tests.processes import ROOT

SCHEMAS = ROOT / "renewctl" / "store" / "schemas"
BOOKS = Path(__file__).with_name("schemas")
VERSIONS = sorted(int(file.stem) for file in SCHEMAS.glob("*.sql") if file.stem.isdecimal())
MARK = 0x726E7763  # `application_id` of every portfolio file
# `source` remembers files under a mark that names the schema; the others tell of versions and erasures.
NO_FACTS = {"source", "erasure", "migration"}
_ON_SERVER = {"INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"', "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA"}
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position
"""
_RULES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
_INDEXES = """
SELECT tablename, indexname, replace(indexdef, current_schema() || '.', '') FROM pg_indexes
WHERE schemaname = current_schema() ORDER BY 1, 2
"""

Table = tuple[list[str], list[tuple[Any, ...]]]  # names of the columns, and the rows


def lay(where: Any, version: int, *, data: bool = True) -> None:
    """Make the portfolio that a person with this version has, in a file or in a schema of the server."""
    schema = (SCHEMAS / f"{version}.sql").read_text(encoding="utf-8")
    book = (BOOKS / f"{version}.data.sql").read_text(encoding="utf-8") if data else ""
    if isinstance(where, Place):
        made = [f'CREATE SCHEMA "{where.schema}"', f'SET search_path = "{where.schema}"']
        made += map(_on_server, _statements(schema))
        made += (re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'", each) for each in _statements(book))
        where.run(*made)
        return
    with closing(sqlite3.connect(where)) as opened:
        opened.executescript(
            f"BEGIN; {schema} {book} PRAGMA application_id = {MARK}; PRAGMA user_version = {version}; COMMIT;"
        )
    where.chmod(0o600)


def alter(where: Any, *statements: str) -> None:
    """Change a portfolio behind everybody's back."""
    if isinstance(where, Place):
        where.run(*statements)
        return
    with closing(sqlite3.connect(where)) as opened, opened:
        for statement in statements:
            opened.execute(statement)


def held(where: Any) -> dict[str, Table]:
    """Every table with its columns and rows."""
    if isinstance(where, Place):
        found = {}
        with _server().connect() as connection:
            connection.execute(f'SET search_path = "{where.schema}"')
            for (name,) in connection.execute(_TABLES).fetchall():
                cursor = connection.execute(f'SELECT * FROM "{name}"')
                found[name] = ([each.name for each in cursor.description], cursor.fetchall())
        return found
    with closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in tables:
            cursor = opened.execute(f"SELECT * FROM {name}")
            found[name] = ([each[0] for each in cursor.description], cursor.fetchall())
        return found


def facts(where: Any, like: dict[str, Table] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """What a portfolio says: of every table of `like` (else its own) the columns that this one had."""
    tables = held(where)
    found = {}
    for name, (wanted, _) in (like or tables).items():
        if name not in NO_FACTS:
            names, rows = tables[name]
            places = [names.index(each) for each in wanted]
            kept = [tuple(row[at] for at in places) for row in rows]
            if name == "change":  # their order is a fact, their numbers are not
                kept = [(at, *row[1:]) for at, row in enumerate(sorted(kept))]
            found[name] = sorted((row for row in kept if row[0] not in ("seal", "needs")), key=repr)
    return found


def layout(where: Any) -> Any:
    """All of the schema that two portfolios can differ in, its version with it."""
    if isinstance(where, Place):
        there = [name for (name,) in where.run(_TABLES)]
        version = where.run("SELECT MAX(version) FROM migration")[0][0] if "migration" in there else 1
        return [where.run(each) for each in (_COLUMNS, _RULES, _INDEXES)], version
    with closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as opened:
        return (
            sorted(opened.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"), key=repr),
            opened.execute("PRAGMA application_id").fetchone(),
        ), opened.execute("PRAGMA user_version").fetchone()[0]


def statements_of(text: str) -> list[str]:
    """The statements of a schema, each without what only sets it apart on paper."""
    return [" ".join(each.split()) for each in _statements(text)]


def _statements(text: str) -> list[str]:
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("--")) + "\n"
    return [each.strip() for each in bare.split(";\n") if each.strip()]


def _on_server(statement: str) -> str:
    bare = re.sub(r"\)\s*(?:WITHOUT ROWID,\s*)?STRICT$", ")", statement)
    return re.sub(r"\b(INTEGER|TEXT|REAL|BLOB)\b", lambda word: _ON_SERVER[word[0]], bare)
