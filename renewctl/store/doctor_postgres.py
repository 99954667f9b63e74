"""What `doctor` asks of a PostgreSQL server: that every row can be read, and that the tables are ours."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renewctl.errors import PortfolioError
from renewctl.store.doctor import NAMED, OUTSIDE, RESTORE, Finding, Seen
from renewctl.store.portfolio import Portfolio

_ASK_DBA = "have whoever runs the server look at its disks; " + RESTORE
_TYPES = {
    "BIGINT": "bigint",
    "TEXT": "text",
    "DOUBLE PRECISION": "double precision",
    "BYTEA": "bytea",
}


def integrity(portfolio: Portfolio, seen: Seen) -> Iterator[Finding]:
    """Read every row on the server, and check the indexes where the extension `amcheck` allows it."""
    names = sorted(_tables())
    for name in names:
        yield from _asked(portfolio, f"SELECT SUM(length(CAST(t AS text))) FROM {name} t", name)  # noqa: S608
    seen.text = f"every row of {len(names)} tables read"
    if portfolio.value("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'"):
        indexes = portfolio.rows(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
        )
        for (index,) in indexes:
            yield from _asked(portfolio, f"SELECT bt_index_check('{index}'::regclass)", index)
        seen.text += f", {len(indexes)} indexes checked"


def _asked(portfolio: Portfolio, sql: str, where: str) -> Iterator[Finding]:
    """Run a query for its own sake; that it fails is the finding."""
    portfolio.execute("SAVEPOINT asked")
    try:
        portfolio.execute(sql)
    except PortfolioError as error:
        yield Finding("corrupt", where, error.message, _ASK_DBA)
    portfolio.execute("ROLLBACK TO SAVEPOINT asked")


def schema(portfolio: Portfolio, seen: Seen) -> Iterator[Finding]:
    """Whether tables, columns, constraints and indexes are as laid out, and no code was put beside them."""
    from renewctl.store import postgres

    sql = postgres._STRANGERS_SQL.replace("LIMIT 1\n", f"LIMIT {NAMED + 1}\n")
    name = portfolio.value("SELECT current_schema()")
    for what, called in portfolio.rows(sql, (name,) * sql.count("?")):
        yield Finding(
            "planted", str(called), f"is a {what} that is none of ours: it would run inside commands", OUTSIDE
        )
    known, found = _tables(), _found(portfolio)
    seen.text = f"{len(found)} tables"
    for table in sorted(known.keys() - found.keys()):
        yield Finding("table-missing", table, "the table is not there", RESTORE)
    for table in sorted(found.keys() - known.keys()):
        yield Finding("extra", table, "is a table that is none of ours", OUTSIDE)
    for table in sorted(known.keys() & found.keys()):
        for part in sorted(known[table] - found[table]):
            yield Finding("table-altered", table, f"is without: {part}", OUTSIDE)
        for part in sorted(found[table] - known[table]):
            yield Finding("table-altered", table, f"has what is none of ours: {part}", OUTSIDE)


def _tables() -> dict[str, set[str]]:
    """Table -> its columns, constraints and indexes in one spelling, from the generated schema."""
    text = Path(__file__).with_name("schema_postgres.sql").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for name, body in re.findall(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", text, re.M | re.S):
        parts = found[name] = set()
        for line in filter(None, (each.strip().rstrip(",") for each in body.splitlines())):
            if line.startswith("CONSTRAINT"):
                parts.add(f"check {line.split()[1]}")
            elif line.startswith(("PRIMARY KEY", "UNIQUE", "FOREIGN KEY")):
                parts.add(_bare(line))
            else:
                column, kind = re.findall(r'^"?(\w+)"? (BIGINT|TEXT|DOUBLE PRECISION|BYTEA)', line)[0]
                parts.add(_column(column, _TYPES[kind], "NOT NULL" not in line, 'COLLATE "C"' in line))
    for index, table, rest in re.findall(r"^CREATE INDEX (\w+) ON (\w+) (.+);$", text, re.M):
        found[table].add(f"index {index}: {_bare(rest)}")
    return found


def _column(name: str, kind: str, null: bool, collated: bool) -> str:
    return f"column {name} {kind}{' in order of bytes' if collated else ''}{'' if null else ', never blank'}"


def _bare(definition: str) -> str:
    """A definition without what the server spells in its own way."""
    return re.sub(r'[\s()"]|USING btree', " ", definition).replace("  ", " ").strip().replace(" ,", ",")


_COLUMNS_SQL = """
SELECT table_name, column_name, data_type, is_nullable = 'YES', collation_name FROM information_schema.columns
WHERE table_schema = current_schema()
"""
_CONSTRAINTS_SQL = """
SELECT c.relname, k.contype::text, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = current_schema()::regnamespace
AND k.contype IN ('c', 'p', 'u', 'f', 'x')
"""
_INDEXES_SQL = """
SELECT t.relname, i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = current_schema()::regnamespace AND NOT EXISTS
(SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u'))
"""


def _found(portfolio: Portfolio) -> dict[str, set[str]]:
    """The same of the tables that are there."""
    tables = portfolio.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    found: dict[str, set[str]] = {str(name): set() for (name,) in tables}
    for table, *about in portfolio.rows(_COLUMNS_SQL):
        if table in found:
            found[table].add(_column(about[0], about[1], about[2], about[3] == "C"))
    for table, kind, name, text in portfolio.rows(_CONSTRAINTS_SQL):
        _add(found, table, f"check {name}" if kind == "c" else _bare(text))
    for table, name, text in portfolio.rows(_INDEXES_SQL):
        rest = str(text).partition(" USING ")[2].removeprefix("btree ")
        _add(found, table, f"index {name}: {_bare(rest)}")
    return found


def _add(found: dict[str, set[str]], table: Any, part: str) -> None:
    if table in found:
        found[table].add(part)
