"""The schema is written once, in tables.py; everything that repeats it is held against it here."""

import sqlite3
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from renewctl.store import portfolio, sqlite, tables

SCHEMA = Path(tables.__file__).with_name("schema.sql")
MODELS = SQLModel.metadata.tables


@pytest.mark.parametrize("name", ["schema.sql", "schema_postgres.sql"])
def test_the_checked_in_schema_is_what_the_tables_generate(name):
    text = SCHEMA.with_name(name).read_text(encoding="utf-8")
    assert text == tables.ddl(name), "run: python -m renewctl.store.tables"


def test_the_daily_path_knows_the_same_version_and_mark():
    assert portfolio.SCHEMA_VERSION == tables.SCHEMA_VERSION
    assert portfolio.APPLICATION_ID == tables.APPLICATION_ID


@pytest.mark.parametrize("entity", portfolio.ENTITIES)
def test_an_entity_has_the_columns_of_its_table_in_their_order(entity):
    table = MODELS[entity]
    assert portfolio.columns(entity) == tuple(column.name for column in table.columns)
    assert portfolio.ENTITIES[entity].key == tuple(column.name for column in table.primary_key.columns)


@pytest.mark.parametrize("entity", portfolio.ENTITIES)
def test_what_can_be_unknown_in_a_value_can_be_null_in_its_table(entity):
    hints = portfolio.ENTITIES[entity].value.__annotations__
    for column in MODELS[entity].columns:
        assert ("None" in str(hints[column.name])) == bool(column.nullable), column.name


def test_every_table_checks_types_and_holds_no_money_as_a_fraction():
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA.read_text(encoding="utf-8"))
    strict = {row[1]: row[5] for row in database.execute("PRAGMA table_list") if row[0] == "main"}
    for name in MODELS:
        assert strict[name] == 1, name
        for _, column, kind, *_ in database.execute(f"PRAGMA table_info({name})"):
            if column.endswith("_minor"):
                assert kind in ("BIGINT", "INTEGER"), (name, column)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO meta VALUES (NULL, 'x')",
        "INSERT INTO operation VALUES (1, 'now', 'x', NULL, 'x', 'x', NULL, 'x', 1, 'x', 'x', 'x')",
        "INSERT INTO pin VALUES ('contract', 'one', 'arr_minor', '1')",
        "INSERT INTO item_state VALUES ('1', 1, 1, 's', 'done', '2026-01-01', NULL, NULL, NULL, 'ana')",
        "INSERT INTO health_reading (account_no, read_on) VALUES (1, '2026-1-1')",
    ],
)
def test_the_schema_refuses_what_breaks_its_rules(statement):
    opened = sqlite.scratch_portfolio()
    opened.execute("PRAGMA foreign_keys = ON")
    with opened, pytest.raises(portfolio.PortfolioError) as refused:
        opened.execute(statement)
    assert refused.value.code in ("invariant", "portfolio-damaged")


def test_both_schemas_are_written_beside_the_tables(monkeypatch):
    written = {}
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: written.update({path: text}))
    tables.write()
    assert written == {
        SCHEMA.with_name(name): tables.ddl(name) for name in ("schema.sql", "schema_postgres.sql")
    }
