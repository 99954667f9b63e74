"""Whatever tables the schema has: what is promised of one of them holds of all, and of the next one too.

Tables, columns and references are asked of the schema; rows are made up from its types and checks.
"""

import json
import re
import shutil

import pytest
from sqlalchemy import CheckConstraint

from renewctl.core.text import fold
from renewctl.errors import RefusedByRule
from renewctl.store import undo
from renewctl.store.backup import make_file
from renewctl.store.doctor import examine
from renewctl.store.doctor_file import examined
from renewctl.store.exporter import json_blocks
from renewctl.store.exporter_tables import KINDS, table
from renewctl.store.forget import command_of, forget
from renewctl.store.history import history
from renewctl.store.persons import eraser_of, find_target
from renewctl.store.portfolio import ENTITIES, columns, open_portfolio
from renewctl.store.rewind import rewind
from renewctl.store.tables import SQLModel
from tests.backups import put_back
from tests.book import POLICY, TODAY, insert, portfolio
from tests.faults import bitflips

MODELS = dict(SQLModel.metadata.tables)
# What is no fact: the log, what is kept for speed, and what the portfolio says of itself.
MACHINERY = {"meta", "migration", "operation", "change", "source", "agenda"}
OWN_BOOKS = {"pin", "erasure"}  # facts about other facts: what a source said, what was forgotten
FACTS = [name for name in MODELS if name not in MACHINERY | OWN_BOOKS]
REFERENCES = [
    (name, column.name, key.column.table.name)
    for name in FACTS
    for column in MODELS[name].columns
    for key in column.foreign_keys
    if key.column.table.name != "account"
] + [
    (name, "subject", parent)  # the number of a contract, or of a save or an account behind a letter
    for name in FACTS
    if "subject" in MODELS[name].columns
    for parent in ("contract", "save_case")
]


def choices(name):
    """Column -> the values that a check of its table allows."""
    said = [str(each.sqltext) for each in MODELS[name].constraints if isinstance(each, CheckConstraint)]
    found = [re.fullmatch(r"(\w+) IN \((.*)\)", text) for text in said]
    return {each[1]: json.loads(f"[{each[2]}]".replace("'", '"')) for each in found if each}


def made_up(name, number, /, **given):
    """A row of a table in which every column that may be blank is, but for what is given."""
    allowed = choices(name)
    row = {}
    for column in MODELS[name].columns:
        kind = column.type.python_type
        if column.nullable and not column.primary_key:
            row[column.name] = None
        elif column.foreign_keys:
            row[column.name] = 1
        elif column.name in allowed:
            row[column.name] = allowed[column.name][0]
        elif column.name.endswith("_on"):
            row[column.name] = TODAY
        elif kind is str:
            row[column.name] = {"subject": "1", "stage": "planned"}.get(
                column.name, f"{column.name} {number}"
            )
        else:
            row[column.name] = kind({"cycle": 1}.get(column.name, number))
    if name == "account":
        row |= {"name": f"Name {number}", "search_name": fold(f"Name {number}")}
    return ENTITIES[name].value(**(row | given))


PARENTS = [
    made_up(name, 1)
    for name in ("account", "contract", "save_case", "stakeholder", "promise", "service_level")
]


@pytest.fixture
def book(tmp_path):
    """A portfolio with one account, contract, save and person."""
    with portfolio(tmp_path, *PARENTS) as made:
        yield made


def added(made, *values):
    with made.write("add", "ana", TODAY) as operation:
        operation.apply(insert(value) for value in values)
        return operation.seq


def taken_back(made, seq):
    with made.write(f"undo {seq}", "ana", TODAY) as operation:
        undo.take_back(made, operation, undo.find(made, seq), POLICY, TODAY)


def rows(made, name):
    return sorted(map(tuple, made.rows(f"SELECT {','.join(columns(name))} FROM {name}")), key=repr)


def test_a_table_is_a_fact_or_machinery():
    assert set(ENTITIES) == set(MODELS) - MACHINERY


# --- undo, the past, history --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACTS)
def test_a_row_of_any_table_is_told_taken_back_and_seen_in_the_past(book, name):
    before = rows(book, name)
    seq = added(book, made_up(name, 7, **({"step": "other"} if "step" in MODELS[name].columns else {})))
    now = rows(book, name)
    assert len(now) == len(before) + 1
    (told, *_) = history(book, None, 1)
    assert [(change.entity, change.action) for change in told.changes] == [(name, "added")]
    taken_back(book, seq)
    assert rows(book, name) == before
    with rewind(book, seq) as then:
        assert rows(then, name) == now


@pytest.mark.parametrize(("child", "column", "parent"), REFERENCES)
def test_what_a_row_refers_to_cannot_be_taken_back_before_it(book, child, column, parent):
    first = added(book, made_up(parent, 5))
    refers = {"subject": "s5" if parent == "save_case" else "5"}.get(column, 5)
    later = added(book, made_up(child, 9, **{column: refers}))
    with pytest.raises(RefusedByRule, match=rf"#{later} ") as refused:
        undo.find(book, first)
    assert refused.value.code == "undo-conflict"
    taken_back(book, later)
    taken_back(book, first)


@pytest.mark.parametrize("name", [name for name in FACTS if name != "account"])
def test_an_account_cannot_be_taken_back_before_what_it_has(book, name):
    first = added(book, made_up("account", 2))
    own = {"subject": "a2"} if "subject" in MODELS[name].columns else {}
    later = added(book, made_up(name, 9, account_no=2, **own))
    with pytest.raises(RefusedByRule, match=rf"#{later} "):
        undo.find(book, first)


# --- export -------------------------------------------------------------------------------------------------

# What follows from other columns or the policy, where a row came from, when it was first seen: in no export.
BOOKKEEPING = frozenset(
    "no search_name renewal_day implied planned_from_on recorded_on ticket_severity_on source source_line "
    "won_on".split()
)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A portfolio with rows of every table, left by the commands."""
    folder = tmp_path_factory.mktemp("full")
    bitflips.make(folder)
    return folder / "portfolio.db"


def exported(made):
    return [b"".join(json_blocks(table(made, kind, lambda: POLICY, TODAY))) for kind in KINDS]


def another(column, value, made):
    """A value that a column does not hold."""
    if column.foreign_keys:
        parent = next(iter(column.foreign_keys)).column.table.name
        return made.value(f"SELECT MIN(no) FROM {parent} WHERE no <> ?", (value or 0,))
    if column.name.endswith("_on"):
        return "2019-12-31"
    if column.name.endswith(("_at", "_by")) and re.match(r"\d{4}-", str(value)):
        return "2019-12-31T12:00:00Z"
    if column.type.python_type is str:
        return {"subject": "2"}.get(column.name, f"{value}x")
    return 1 - value if value in (0, 1) else (value or 0) + 1000


@pytest.mark.parametrize("name", FACTS)
def test_whatever_is_recorded_in_any_column_is_in_an_export(full, name):
    silent = []
    with open_portfolio(str(full)) as made:
        for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
            made.execute(f"PRAGMA {pragma}")
        before = exported(made)
        key = ENTITIES[name].key
        where = " AND ".join(f"{part} = ?" for part in key)
        for column in MODELS[name].columns:
            if column.name in BOOKKEEPING or (name, column.name) == ("departure", "account_no"):
                continue  # of a departure: the account is that of the person
            cells = made.rows(f"SELECT {column.name}, {', '.join(key)} FROM {name}")
            for value, *place in cells:
                made.begin()
                made.execute(
                    f"UPDATE {name} SET {column.name} = ? WHERE {where}",
                    (another(column, value, made), *place),
                )
                changed = exported(made) != before
                made.rollback()
                if changed:
                    break
            else:
                silent.append(column.name)
    assert silent == []


# --- backup and doctor --------------------------------------------------------------------------------------


def test_a_backup_brings_back_the_rows_of_every_table(full, tmp_path, monkeypatch):
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "backups"))
    with open_portfolio(str(full)) as made:
        kept = {name: rows(made, name) for name in ENTITIES}
        file = make_file(made, tmp_path / "kept.db").file
    assert all(kept.values())
    path = tmp_path / "back.db"
    put_back(path, file)
    with open_portfolio(str(path)) as restored:
        assert {name: rows(restored, name) for name in ENTITIES} == kept


@pytest.mark.parametrize("name", [*FACTS, *sorted(OWN_BOOKS)])
def test_doctor_sees_a_row_of_any_table_that_is_gone_past_the_log(full, name, tmp_path):
    path = shutil.copy(full, tmp_path / "portfolio.db")
    key = ENTITIES[name].key
    with open_portfolio(str(path)) as made:
        made.execute("PRAGMA foreign_keys = OFF")
        made.begin()
        lead = ", ".join(key)
        made.execute(
            f"DELETE FROM {name} WHERE ({lead}) = (SELECT {lead} FROM {name} ORDER BY {lead} LIMIT 1)"
        )
        made.commit("")
    with examined(str(path), POLICY, TODAY) as subject:
        told = [
            each.where for result in examine(subject) for each in result.findings if result.check == "replay"
        ]
    assert any(where.startswith(f"{name} ") for where in told), told


# --- forget -------------------------------------------------------------------------------------------------

CANARY = "Quentin Zebrowski"
# Words in which nobody at a customer is named: our own people, codes and numbers, dates, ids and countries.
NEVER_NAMES = frozenset(
    "subject step stage scenario state kind currency playbook country status industry segment_override csm "
    "sales_owner specialist executive_sponsor thread_owner owner actor person flagged_at respond_by "
    "target_by value baseline rate id search_name result happened_at asked_at answered_at chance_pct "
    "discount_pct asked_by decided_by instrument needs_role".split()
)


@pytest.mark.parametrize("name", FACTS)
def test_a_person_named_in_any_text_of_any_table_is_forgotten_there(book, name):
    allowed = choices(name)
    texts = {
        column.name: f"asked {CANARY} twice"
        for column in MODELS[name].columns
        if column.type.python_type is str
        and column.name not in NEVER_NAMES
        and column.name not in allowed
        and not column.name.endswith("_on")
    }
    if name in ("account", "stakeholder"):  # somebody else's, or a company's
        texts |= {"name": "Name 7"} | ({"email": "x@acme.example"} if name == "stakeholder" else {})
    others = {"step": "other"} if "step" in MODELS[name].columns else {}
    added(book, made_up("stakeholder", 5, name=CANARY), made_up(name, 7, **(texts | others)))
    target = find_target(book, CANARY, None, None)
    with book.overwriting(), book.write(command_of(target), "ana", TODAY) as operation:
        forget(book, operation, target, eraser_of(book, target), "", POLICY, TODAY)
    for each in (*ENTITIES, "change", "operation"):
        for row in book.rows(f"SELECT * FROM {each}"):
            assert "Zebrowski" not in repr(row), (each, row)
