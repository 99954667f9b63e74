"""Each fault is planted in a portfolio that was sound, and `doctor` has to name it; sound ones stay sound."""

import contextlib
import io
import os
import random
import shutil
import signal
import sqlite3
import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from renewctl.cli.app import COMMANDS
from renewctl.cli.app import run as command
from renewctl.core.model import Change
from renewctl.store import backup, doctor_file
from renewctl.store.chain import CHANGE, OPERATION, content_of, digest_of
from renewctl.store.doctor import Result, examine
from renewctl.store.doctor_file import examined, foreign_keys
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import ENTITIES, columns, open_portfolio
from renewctl.store.replay import column_types
from tests.faults import bitflips
from tests.processes import AS_OF

POLICY = load_policy(None)
TODAY = date.fromisoformat(AS_OF)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small portfolio with every kind of row in it."""
    folder = tmp_path_factory.mktemp("made")
    bitflips.make(folder)
    return folder / "portfolio.db"


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    tmp_path.chmod(0o700)
    return Path(shutil.copy(made, tmp_path / "portfolio.db"))


def doctor(path: Path, *, quick: bool = False) -> dict[str, Result]:
    """Every check's result by name."""
    with examined(str(path), POLICY, TODAY) as subject:
        return {result.check: result for result in examine(subject, quick=quick)}


def found(path: Path, check: str) -> list[tuple[str, str, str]]:
    """(code, where, what) of one check's findings."""
    return [(each.code, each.where, each.what) for each in doctor(path)[check].findings]


def sql(*statements: str) -> Callable[[Path], None]:
    """A fault planted by statements, past every constraint."""

    def plant(path: Path) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON", "writable_schema = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for statement in statements:
            connection.execute(statement)
        connection.close()

    return plant


def write_at(at: int, data: bytes) -> Callable[[Path], None]:
    """A fault planted by writing bytes into the file."""

    def plant(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    return plant


def mode(number: int) -> Callable[[Path], None]:
    """Other permissions of the file."""
    return lambda path: path.chmod(number)


def folder_mode(number: int) -> Callable[[Path], None]:
    """Other permissions of its folder."""
    return lambda path: path.parent.chmod(number)


def beside(ending: str) -> Callable[[Path], None]:
    """A file left beside it."""
    return lambda path: path.with_name(path.name + ending).write_bytes(b"x" * 600) and None


def strange_link(path: Path) -> None:
    """The file becomes a link into a folder that everybody may write to."""
    away = path.parent / "away"
    away.mkdir()
    away.chmod(0o777)
    path.rename(away / "other.db")
    path.symlink_to(away / "other.db")


def first_leaf_of(table: str) -> Callable[[Path], None]:
    """Spoil the row count on the root page of a table."""

    def plant(path: Path) -> None:
        connection = sqlite3.connect(path)
        page, size = (
            connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0],
            connection.execute("PRAGMA page_size").fetchone()[0],
        )
        connection.close()
        data = bytearray(path.read_bytes())
        at = (page - 1) * size
        cells = struct.unpack(">H", data[at + 3 : at + 5])[0]
        data[at + 3 : at + 5] = struct.pack(">H", cells - 1)
        path.write_bytes(bytes(data))

    return plant


def rechained(*statements: str) -> Callable[[Path], None]:
    """A fault by somebody who knows how digests are made: rows altered, and the chain closed over them."""

    def plant(path: Path) -> None:
        sql(*statements)(path)
        connection = sqlite3.connect(path)
        previous = ""
        for row in connection.execute(f"SELECT {','.join(OPERATION)} FROM operation ORDER BY seq").fetchall():
            told = dict(zip(OPERATION, row, strict=True))
            changes = connection.execute(
                f"SELECT {','.join(CHANGE)} FROM change WHERE op = ? ORDER BY no", (told["seq"],)
            ).fetchall()
            told["content"] = content_of(changes, told["nonce"], told["command"], told["summary"])
            told["count"], told["previous"] = len(changes), previous
            previous = told["digest"] = digest_of([told[name] for name in OPERATION])
            connection.execute(
                "UPDATE operation SET content = ?, count = ?, previous = ?, digest = ? WHERE seq = ?",
                (told["content"], told["count"], told["previous"], told["digest"], told["seq"]),
            )
        connection.execute("DELETE FROM erasure")
        connection.commit()
        connection.close()

    return plant


A_VIEW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS no FROM n"
LAST = "(SELECT MAX(seq) FROM operation)"
FAULTS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    # --- the file
    "others may read it": (mode(0o644), "file", "readable-by-others", "portfolio.db"),
    "the group may write it": (mode(0o620), "file", "readable-by-others", "portfolio.db"),
    "everybody may write its folder": (folder_mode(0o777), "file", "folder-open", ""),
    "it is a link to where others write": (strange_link, "file", "symlink", "portfolio.db"),
    "a log of another program lies beside it": (beside("-wal"), "file", "file-beside", "-wal"),
    "it can only be read": (write_at(18, b"\x03"), "file", "heading", ""),
    "its heading is another program's": (sql("PRAGMA application_id = 7"), "file", "application-id", ""),
    "its heading tells another schema": (sql("PRAGMA user_version = 1"), "file", "schema-version", ""),
    "it is newer": (
        sql("PRAGMA user_version = 99", "INSERT INTO migration VALUES (99, 'x', '2026-01-01T00:00:00Z')"),
        "file",
        "newer-schema",
        "portfolio.db",
    ),
    "a version is missing": (
        sql("UPDATE migration SET name = 'laid ouT'"),
        "file",
        "migration",
        "migration ",
    ),
    # --- the database
    "a row is lost from a page": (first_leaf_of("outcome"), "integrity", "corrupt", ""),
    "an index leaves rows out": (
        sql(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE "
            "name = 'source_salt') WHERE name = 'stakeholder_account'"
        ),
        "integrity",
        "corrupt",
        "",
    ),
    "a blank stands where none may": (
        sql(
            "UPDATE sqlite_master SET sql = replace(sql, 'text TEXT NOT NULL', 'text TEXT') "
            "WHERE name = 'activity'"
        ),
        "schema",
        "table-altered",
        "activity",
    ),
    # --- the tables
    "a trigger is planted": (
        sql("CREATE TRIGGER spy AFTER INSERT ON activity BEGIN DELETE FROM change; END"),
        "schema",
        "planted",
        "spy",
    ),
    "a view is planted": (sql("CREATE VIEW spy AS SELECT * FROM account"), "schema", "planted", "spy"),
    "a table is added": (sql("CREATE TABLE spare (x)"), "schema", "extra", "spare"),
    "an index is missing": (
        sql("DROP INDEX contract_account"),
        "schema",
        "index-missing",
        "contract_account",
    ),
    "an index is another": (
        sql("DROP INDEX contract_account", "CREATE INDEX contract_account ON contract (id)"),
        "schema",
        "index-altered",
        "contract_account",
    ),
    "a table is missing": (sql("DROP TABLE pin"), "schema", "table-missing", "pin"),
    "a column is added": (
        sql("ALTER TABLE activity ADD COLUMN x TEXT"),
        "schema",
        "table-altered",
        "activity",
    ),
    "a view stands for a table": (
        sql("DROP TABLE stakeholder", f"CREATE VIEW stakeholder AS {A_VIEW}"),
        "schema",
        "not-a-table",
        "stakeholder",
    ),
    # --- references
    "an account is gone": (
        sql("DELETE FROM account WHERE id = 'ACME'"),
        "references",
        "no-such-row",
        "contract",
    ),
    "a save names no contract": (
        sql("UPDATE save_case SET contract_no = 999 WHERE no = 1"),
        "references",
        "no-such-row",
        "save_case",
    ),
    # --- the log
    "a summary is rewritten": (
        sql("UPDATE operation SET summary = 'x' WHERE seq = 3"),
        "log",
        "changes-altered",
        "operation 3",
    ),
    "a command is rewritten": (
        sql("UPDATE operation SET command = 'due' WHERE seq = 3"),
        "log",
        "changes-altered",
        "operation 3",
    ),
    "an actor is rewritten": (
        sql("UPDATE operation SET actor = 'eve' WHERE seq = 3"),
        "log",
        "operation-altered",
        "operation 3",
    ),
    "an instant is rewritten": (
        sql("UPDATE operation SET at = '2020-01-01T00:00:00Z' WHERE seq = 3"),
        "log",
        "operation-altered",
        "operation 3",
    ),
    "a digest is rewritten": (
        sql("UPDATE operation SET digest = 'x' WHERE seq = 3"),
        "log",
        "chain-broken",
        "operation 4",
    ),
    "an operation is dropped": (sql("DELETE FROM operation WHERE seq = 3"), "log", "log-gap", "operation 4"),
    "operations change places": (
        sql(
            "UPDATE operation SET seq = 900 WHERE seq = 3",
            "UPDATE operation SET seq = 3 WHERE seq = 4",
            "UPDATE operation SET seq = 4 WHERE seq = 900",
        ),
        "log",
        "chain-broken",
        "operation 3",
    ),
    "the last operation is dropped": (
        sql(f"DELETE FROM operation WHERE seq = {LAST}"),
        "log",
        "changes-astray",
        "operation",
    ),
    "a change is dropped": (
        sql("DELETE FROM change WHERE op = 3 AND no = (SELECT MIN(no) FROM change WHERE op = 3)"),
        "log",
        "changes-missing",
        "operation 3",
    ),
    "the last change is dropped": (
        sql("DELETE FROM change WHERE no = (SELECT MAX(no) FROM change)"),
        "log",
        "changes-missing",
        "operation",
    ),
    "a change is added": (
        sql(f"INSERT INTO change SELECT MAX(no) + 1, {LAST}, 'account', '1', 1, NULL, '[]' FROM change"),
        "log",
        "changes-added",
        "operation",
    ),
    "a change is rewritten": (
        sql("UPDATE change SET after = replace(after, 'USD', 'EUR') WHERE no = 5"),
        "log",
        "changes-altered",
        "operation 1",
    ),
    "a change is renumbered": (
        sql("UPDATE change SET no = 9000 WHERE no = (SELECT MAX(no) FROM change)"),
        "log",
        "log-gap",
        "change 9000",
    ),
    "a change names no operation": (
        sql("UPDATE change SET op = 9000 WHERE no = (SELECT MAX(no) FROM change)"),
        "log",
        "changes-astray",
        "operation 9000",
    ),
    "a random mark is gone": (
        sql("UPDATE operation SET nonce = NULL WHERE seq = 3"),
        "log",
        "changes-altered",
        "operation 3",
    ),
    "an erasure is made up": (
        sql("INSERT INTO erasure VALUES (50, 3, 'a', 'b')"),
        "log",
        "erasure-astray",
        "erasure 50",
    ),
    "an erasure covers a change": (
        sql(
            "INSERT INTO erasure SELECT 50, 3, content, 'b' FROM operation WHERE seq = 3",
            "UPDATE operation SET nonce = NULL WHERE seq = 3",
        ),
        "log",
        "changes-altered",
        "operation 3",
    ),
    "a command takes back what is to come": (
        rechained("UPDATE operation SET undoes = 9 WHERE seq = 3"),
        "log",
        "undoes-nothing",
        "operation 3",
    ),
    "an instant is none": (
        rechained("UPDATE operation SET at = 'today' WHERE seq = 3"),
        "log",
        "no-instant",
        "operation 3",
    ),
    # --- its own notes
    "a note is rewritten": (
        sql("UPDATE meta SET value = value || 'x' WHERE key = 'agenda_mark'"),
        "own",
        "notes-altered",
        "",
    ),
    "a note is dropped": (sql("DELETE FROM meta WHERE key = 'demo'"), "own", "notes-altered", ""),
    "the seal is gone": (sql("DELETE FROM meta WHERE key = 'seal'"), "own", "notes-altered", ""),
    "a note is unknown": (sql("INSERT INTO meta VALUES ('spare', 'x')"), "own", "unknown-note", "meta spare"),
    "the day of its making is rewritten": (
        sql("UPDATE migration SET at = '2020-01-01T00:00:00Z'"),
        "own",
        "notes-altered",
        "",
    ),
    # --- the log against the tables
    "a name is changed past the log": (
        sql("UPDATE account SET name = 'x' WHERE no = 1"),
        "replay",
        "not-as-logged",
        "account 1",
    ),
    "an amount is changed past the log": (
        sql("UPDATE contract SET arr_minor = arr_minor + 1 WHERE no = 2"),
        "replay",
        "not-as-logged",
        "contract 2",
    ),
    "a row is added past the log": (
        sql("INSERT INTO pin VALUES ('account', 1, 'csm', 'null')"),
        "replay",
        "not-as-logged",
        "pin account|1|csm",
    ),
    "a row is deleted past the log": (
        sql("DELETE FROM item_state WHERE subject = '3'"),
        "replay",
        "not-as-logged",
        "item_state 3|1|opt-out",
    ),
    "a zero loses its sign": (
        rechained(
            "UPDATE change SET after = replace(after, '35.0', '-0.0') WHERE entity = "
            "'health_reading' AND after LIKE '%2026-01-15%'",
            "UPDATE health_reading SET nps = 0.0 WHERE read_on = '2026-01-15'",
        ),
        "replay",
        "not-as-logged",
        "health_reading 1|2026-01-15",
    ),
    "a forged log contradicts itself": (
        rechained(
            "UPDATE change SET before = replace(before, '12000000', '12000001') WHERE entity = 'contract' "
            "AND before LIKE '%12000000%'"
        ),
        "replay",
        "not-as-logged",
        "change",
    ),
    "a forged log tells of no row": (
        rechained("UPDATE change SET after = '{}' WHERE no = 9"),
        "replay",
        "not-as-logged",
        "change 9",
    ),
    "a day it was reckoned from is none": (
        rechained("UPDATE operation SET as_of = '2026-02-30' WHERE seq = 2"),
        "log",
        "no-date",
        "operation 2",
    ),
    # --- the facts
    "a date is none": (
        sql("UPDATE contract SET renewal_on = '2026-02-30' WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "a day of month does not fit": (
        sql("UPDATE contract SET renewal_day = 7 WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "an amount is negative": (
        sql("UPDATE contract SET arr_minor = -1 WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "a currency is none": (
        sql("UPDATE contract SET currency = 'XX' WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "an amount has no currency": (
        sql("UPDATE contract SET currency = NULL WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "a cycle was never won": (
        sql("UPDATE contract SET cycle = 4 WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "a lost contract is in another stage": (
        sql("UPDATE contract SET stage = 'planned' WHERE state = 'lost'"),
        "facts",
        "impossible",
        "contract",
    ),
    "a state is none": (
        sql("UPDATE contract SET state = 'gone' WHERE no = 1"),
        "facts",
        "impossible",
        "contract 1",
    ),
    "a search name is another": (
        sql("UPDATE account SET search_name = 'x' WHERE no = 1"),
        "facts",
        "impossible",
        "account 1",
    ),
    "a yes is neither": (
        sql("UPDATE account SET strategic = 2 WHERE no = 1"),
        "facts",
        "impossible",
        "account 1",
    ),
    "a reading is out of range": (
        sql("UPDATE health_reading SET csat = 9.0 WHERE account_no = 1"),
        "facts",
        "impossible",
        "health_reading 1|",
    ),
    "a closed save has no day": (
        sql("UPDATE save_case SET closed_on = NULL WHERE state = 'lost'"),
        "facts",
        "impossible",
        "save_case",
    ),
    "a save ends before it begins": (
        sql("UPDATE save_case SET closed_on = '2020-01-01' WHERE state = 'lost'"),
        "facts",
        "impossible",
        "save_case",
    ),
    "a clock runs backwards": (
        sql("UPDATE save_case SET respond_by = '2020-01-01T00:00:00Z' WHERE no = 1"),
        "facts",
        "impossible",
        "save_case 1",
    ),
    "an instant of a save is none": (
        sql("UPDATE save_case SET flagged_at = 'soon' WHERE no = 1"),
        "facts",
        "impossible",
        "save_case 1",
    ),
    "an account has two open saves": (
        sql("UPDATE save_case SET account_no = 1, state = 'detected', closed_on = NULL"),
        "facts",
        "impossible",
        "account 1",
    ),
    "an account has two implied contracts": (
        sql("UPDATE contract SET account_no = 1 WHERE no IN (1, 2)"),
        "facts",
        "impossible",
        "account 1",
    ),
    "an item has no contract": (
        sql("UPDATE item_state SET subject = '900' WHERE subject = '3'"),
        "facts",
        "orphan",
        "item_state 900",
    ),
    "an item has no save": (
        sql("UPDATE item_state SET subject = 's900' WHERE subject = '3'"),
        "facts",
        "orphan",
        "item_state s900",
    ),
    "an item is of a cycle to come": (
        sql("UPDATE item_state SET cycle = 9 WHERE subject = '3'"),
        "facts",
        "orphan",
        "item_state 3|9",
    ),
    "an item belongs to nothing": (
        sql("UPDATE item_state SET subject = 'x' WHERE subject = '3'"),
        "facts",
        "impossible",
        "item_state x",
    ),
    "an item is put off for ever": (
        sql("UPDATE item_state SET until_on = NULL"),
        "facts",
        "impossible",
        "item_state",
    ),
    "a pin holds no row": (
        sql("UPDATE pin SET row_no = row_no + 900 WHERE entity = 'contract'"),
        "facts",
        "orphan",
        "pin contract|9",
    ),
    "a pin holds no column": (
        sql("UPDATE pin SET field = 'colour' WHERE field = 'nps'"),
        "facts",
        "impossible",
        "pin",
    ),
    "a measured value is no number": (
        sql("UPDATE value_metric SET value = 'many'"),
        "facts",
        "impossible",
        "value_metric",
    ),
    "an outcome is of another account than its contract": (
        sql("UPDATE outcome SET account_no = (SELECT MAX(no) FROM account WHERE no <> account_no)"),
        "facts",
        "impossible",
        "outcome",
    ),
    "a renewal is of another account than its contract": (
        sql("UPDATE renewal SET account_no = (SELECT MAX(no) FROM account WHERE no <> account_no)"),
        "facts",
        "impossible",
        "renewal",
    ),
    "a successor is another account's": (
        sql(
            "UPDATE renewal SET successor_no = (SELECT no FROM contract c "
            "WHERE c.account_no <> renewal.account_no LIMIT 1)"
        ),
        "facts",
        "impossible",
        "renewal",
    ),
    "a renewal is of a cycle to come": (
        sql("UPDATE renewal SET cycle = 9"),
        "facts",
        "orphan",
        "renewal",
    ),
    "an amendment is of a cycle to come": (
        sql("UPDATE amendment SET cycle = 9"),
        "facts",
        "orphan",
        "amendment 1",
    ),
    "a named contract is superseded by none": (
        sql("UPDATE contract SET state = 'superseded' WHERE id = 'K-1'"),
        "facts",
        "impossible",
        "contract",
    ),
    "somebody left another account": (
        sql("UPDATE departure SET account_no = (SELECT MAX(no) FROM account WHERE no <> account_no)"),
        "facts",
        "impossible",
        "departure",
    ),
    "an assignment has no account": (
        sql("UPDATE assignment SET subject = 'a900' WHERE subject LIKE 'a%'"),
        "facts",
        "orphan",
        "assignment a900",
    ),
    "an assignment is of another account": (
        sql("UPDATE assignment SET account_no = account_no - 1 WHERE subject LIKE 'a%'"),
        "facts",
        "impossible",
        "assignment a",
    ),
    "a role is none": (sql("UPDATE stakeholder SET role = 'boss'"), "facts", "impossible", "stakeholder"),
    "a note is of no kind": (sql("UPDATE activity SET kind = 'dream'"), "facts", "impossible", "activity"),
    # --- what is kept for speed
    "the agenda puts a contract off": (
        sql("UPDATE agenda SET next_due_on = '2030-01-01' WHERE contract_no = 2"),
        "caches",
        "agenda-wrong",
        "agenda 2",
    ),
    "the agenda leaves a contract out": (
        sql("DELETE FROM agenda WHERE contract_no = 2"),
        "caches",
        "agenda-wrong",
        "agenda 2",
    ),
    "the agenda knows one contract more": (
        sql("INSERT INTO agenda SELECT 900, next_due_on, renewal_on, 1, 'X', NULL, 1 FROM agenda LIMIT 1"),
        "caches",
        "agenda-wrong",
        "agenda 900",
    ),
    "the agenda claims to hold earlier": (
        sql("UPDATE meta SET value = '2020-01-01' WHERE key = 'agenda_from'"),
        "caches",
        "agenda-wrong",
        "meta agenda_from",
    ),
    "the memory of a file is altered": (
        sql("UPDATE source SET rows = rows + 1"),
        "caches",
        "source-altered",
        "source",
    ),
    "lines of a file are altered": (
        sql("UPDATE source SET lines = zeroblob(length(lines))"),
        "caches",
        "source-altered",
        "source",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_with_its_place_and_a_way_out(path: Path, name: str) -> None:
    plant, check, code, where = FAULTS[name]
    plant(path)
    results = doctor(path)
    told = [each for each in results[check].findings if each.code == code and where in each.where]
    assert told, [(result.check, each) for result in results.values() for each in result.findings]
    assert all(each.what and each.do for each in told)


def test_a_portfolio_with_every_kind_of_row_is_sound(path: Path) -> None:
    with open_portfolio(str(path)) as portfolio:
        empty = [entity for entity in ENTITIES if not portfolio.value(f"SELECT COUNT(*) FROM {entity}")]
    assert empty == []
    results = doctor(path)
    assert [(result.check, result.findings) for result in results.values() if result.state != "ok"] == []


def test_doctor_changes_neither_the_file_nor_its_folder(path: Path) -> None:
    before = path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())
    doctor(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_quick_leaves_out_what_reads_every_row(path: Path) -> None:
    FAULTS["a name is changed past the log"][0](path)
    assert {"replay", "facts", "caches"}.isdisjoint(doctor(path, quick=True))
    assert "log" in doctor(path, quick=True)


def test_every_reference_of_the_schema_is_asked_for(path: Path) -> None:
    connection = sqlite3.connect(path)
    known = {
        (table, key[3], key[2])
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for key in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
    }
    assert known
    assert set(foreign_keys()) == known


def test_the_replay_knows_every_column_and_its_type(path: Path) -> None:
    connection = sqlite3.connect(path)
    for entity in ENTITIES:
        stored = {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({entity})")}
        assert column_types()[entity] == stored
        assert tuple(stored) == columns(entity)


def test_a_write_cut_short_is_told_and_what_was_before_it_is_examined(path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE account SET name = 'half' || name")
        connection.execute("UPDATE change SET after = after || ' '")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert Path(f"{path}-journal").stat().st_size > 512
    before = path.read_bytes()
    results = doctor(path)
    assert [each.code for each in results["file"].findings] == ["write-cut-short"]
    assert all(result.state == "ok" for name, result in results.items() if name != "file")
    assert path.read_bytes() == before


def test_the_clock_set_back_is_a_note_and_no_finding(path: Path) -> None:
    rechained("UPDATE operation SET at = '2020-01-01T00:00:00Z' WHERE seq = 3")(path)
    result = doctor(path)["log"]
    assert "clock-went-back" in [each.code for each in result.notes]
    assert not [
        each for each in result.findings if each.code != "changes-altered" and "erasure" not in each.code
    ]


def test_work_that_nobody_owns_is_a_note_as_the_agenda_lists_it(path: Path) -> None:
    notes = doctor(path)["facts"].notes
    assert any(each.code == "unowned" and "NEWCO" in each.what for each in notes)


def test_an_agenda_of_another_policy_is_a_note(path: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "policy.toml"
    overlay.write_text("[general]\ncountry = ''\n")
    with examined(str(path), load_policy(str(overlay)), TODAY) as subject:
        results = {result.check: result for result in examine(subject)}
    assert [each.code for each in results["caches"].notes] == ["agenda-other"]
    assert results["caches"].findings == ()


def test_a_step_that_the_policy_does_not_have_is_a_note(path: Path) -> None:
    rechained(
        "UPDATE item_state SET step = 'dance' WHERE subject NOT LIKE 's%'",
        "UPDATE change SET key = replace(key, '|opt-out', '|dance') WHERE entity = 'item_state'",
    )(path)
    notes = [each for each in doctor(path)["facts"].notes if each.where.endswith("|dance")]
    assert notes
    assert all("a step the policy does not have" in each.what for each in notes)


def test_operations_that_share_a_mark_are_named_where_nothing_held_them_apart(path: Path) -> None:
    sql(
        "CREATE TABLE other AS SELECT * FROM operation",
        "DROP TABLE operation",
        "ALTER TABLE other RENAME TO operation",
        "UPDATE operation SET nonce = (SELECT MAX(nonce) FROM operation) "
        "WHERE seq IN (SELECT seq FROM operation WHERE nonce IS NOT NULL ORDER BY seq LIMIT 2)",
    )(path)
    assert "nonce-twice" in [code for code, _, _ in found(path, "log")]


def test_operations_whose_changes_are_gone_are_named_and_the_rows_of_the_next_are_theirs(path: Path) -> None:
    sql("DELETE FROM change WHERE op = 2")(path)
    named = [(code, where) for code, where, _ in found(path, "log")]
    assert ("changes-altered", "operation 2") in named
    assert ("changes-altered", "operation 3") not in named
    assert "changes-astray" not in [code for code, _ in named]


def test_an_erasure_told_by_another_command_than_a_forgetting_counts_for_nothing(path: Path) -> None:
    sql("UPDATE change SET entity = 'erasure', before = NULL WHERE no = 1")(path)
    assert ("changes-altered", "operation 1") in [(code, where) for code, where, _ in found(path, "log")]


def test_at_most_twenty_are_named_and_the_rest_counted(path: Path) -> None:
    sql("UPDATE account SET industry = 'x'")(path)
    result = doctor(path)["replay"]
    with open_portfolio(str(path)) as portfolio:
        count = portfolio.value("SELECT COUNT(*) FROM account")
    assert count > 40
    assert len(result.findings) == 20
    assert result.more == count - 20


def _without_last(path: Path) -> None:
    """The last operation taken out with all it did, so that nothing inside tells of it."""
    rechained(
        f"DELETE FROM change WHERE op = {LAST}",
        f"DELETE FROM operation WHERE seq = {LAST}",
    )(path)


def _put_aside(path: Path) -> None:
    with open_portfolio(str(path)) as portfolio:
        assert backup.before(portfolio, "before-import") is not None


def test_a_backup_tells_of_a_portfolio_that_was_shortened_since(path: Path) -> None:
    _put_aside(path)
    assert doctor(path)["backups"].findings == ()
    _without_last(path)
    assert [each.code for each in doctor(path)["backups"].findings] == ["not-of-the-backup"]


def test_a_portfolio_that_went_on_since_its_backup_is_sound(path: Path) -> None:
    _put_aside(path)
    with open_portfolio(str(path)) as portfolio, portfolio.write("test", "ana", TODAY) as operation:
        row = dict(zip(columns("activity"), (90, 1, None, AS_OF, "note", "x", None, "ana"), strict=True))
        operation.apply([Change("activity", (90,), 1, None, row)])
    assert all(result.findings == () for result in doctor(path).values())


def test_a_backup_that_is_damaged_is_told(path: Path) -> None:
    _put_aside(path)
    copy = backup.listing(str(path))[0].file
    write_at(5000, b"damaged")(copy)
    assert [each.code for each in doctor(path)["backups"].findings] == ["backup-unsound"]


def test_having_no_backup_is_a_note(path: Path) -> None:
    assert [each.code for each in doctor(path)["backups"].notes] == ["no-backup"]


BOMBS = {
    "nested JSON": "UPDATE change SET after = printf('%.*c', 200000, '[') WHERE no = 4",
    "a number of many digits": "UPDATE change SET after = '[' || printf('%.*c', 9000, '9') || ']'",
    "a number beyond floats": "UPDATE change SET after = replace(after, '12000000', '1e999')",
    "a number beyond 64 bits": "UPDATE change SET after = replace(after, '12000000', '99999999999999999999')",
    "no number": "UPDATE change SET after = replace(after, '12000000', 'NaN')",
    "bytes that are no text": "UPDATE change SET after = CAST(x'ff5b5d' AS TEXT) WHERE no = 4",
    "a name that is no text": "UPDATE account SET name = CAST(x'41ff42' AS TEXT) WHERE no = 4",
    "a key that is no key": "UPDATE change SET key = 'a|b|c|d' WHERE no = 4",
    "an operation that is no text": "UPDATE operation SET summary = CAST(x'ff' AS TEXT), actor = summary",
    "a note that is no text": "UPDATE meta SET value = CAST(x'ff' AS TEXT)",
    "a memory that is no text": "UPDATE source SET head = CAST(x'ff' AS TEXT)",
    "a key of another entity": "UPDATE change SET entity = 'sqlite_master' WHERE no = 4",
    "an entity that would be SQL": "UPDATE pin SET entity = 'pin; DROP TABLE pin' WHERE field = 'nps'",
    "a view that never ends": f"CREATE VIEW endless AS {A_VIEW}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_content_is_a_finding_and_never_a_traceback(path: Path, name: str) -> None:
    sql(BOMBS[name])(path)
    results = doctor(path)
    assert any(result.findings for result in results.values())


@pytest.mark.parametrize("table", [*ENTITIES, "operation", "change", "meta", "agenda", "source", "migration"])
def test_a_view_that_never_ends_in_place_of_a_table_holds_nobody_up(
    path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_file, "_STEPS", 20_000_000)
    sql(f"DROP TABLE {table}", f"CREATE VIEW {table} AS {A_VIEW}")(path)
    results = doctor(path)
    assert any(each.code in ("not-a-table", "newer-schema") for r in results.values() for each in r.findings)


def test_a_check_that_is_too_slow_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_file, "_STEPS_AT_ONCE", 100)
    monkeypatch.setattr(doctor_file, "_STEPS", 100)
    monkeypatch.setattr(doctor_file, "_STEPS_PER_BYTE", 0)
    assert "too-long" in [each.code for result in doctor(path).values() for each in result.findings]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 512, 4096, 40_000])
def test_a_truncated_file_is_found_or_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    results = doctor(path)
    assert any(result.findings for result in results.values())


def test_flipped_bits_that_change_data_are_all_found(made: Path) -> None:
    data = made.read_bytes()
    flips = bitflips.sweep(data, bitflips.sample(data, 400, seed=7))
    visible = [each for each in flips if each.visible]
    assert len(visible) > 80
    assert [each.bit for each in visible if not each.found_by] == []
    # The controls: what the engine itself would have found is far less.
    assert sum(each.integrity_check for each in visible) < len(visible) * 0.8


# --- sound portfolios stay sound

ACCOUNTS = ("A1", "A2", "A3", "A4")
WORDS = (
    "set {a} arr={n} --reason r",
    "set {a} renewal_date=2026-{m:02d}-28 --reason r",
    "set {a} csm=bob",
    "set {a} name=Acme{n}",
    "set {a} nps={s} csat=2.5",
    "set {a} champion=left",
    "set {a} currency=EUR --reason r",
    "set {a} growth_rate={s}.7%",
    "set {a} segment_override=smb --reason r",
    "log {a} said --kind reply --hours 0.25",
    "stage {a} proposed",
    "won {a} --arr {n}",
    "lost {a} --reason price",
    "save start {a} --scenario value",
    "save close {a} --result saved",
    "undo --yes",
    "undo --yes",
    "import {f}/1.csv",
    "import {f}/2.csv",
    "import {f}/k.csv --kind contracts",
    "import {f}/h.csv --kind health",
    "done {i} --hours 1",
    "skip {i} --reason r",
    "snooze {i} --until 2026-05-05",
    "reassign --from ana --to bob",
    "forget {a} --yes",
)
HEAD = "id,name,arr,currency,renewal_date,csm,nps,usage_trend,auto_renew,notice_days\n"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_commands_are_run_in_whatever_order_the_portfolio_is_sound(
    tmp_path: Path, seed: int, monkeypatch
) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "portfolio.db"
    dice = random.Random(seed)
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(path))
    monkeypatch.setenv("RENEWCTL_USER", "ana")
    for name in "12":
        rows = [f"{each},Ácme {each},{dice.randrange(1, 300)}000.5,USD,2026-0{dice.randrange(3, 9)}-30,ana,"
                f"{dice.randrange(90)}.333333333333333333,-7.1,yes,30" for each in ACCOUNTS]  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n")
    (tmp_path / "k.csv").write_text(
        "id,account_id,arr,renewal_date\nK1,A1,5000,2026-07-31\nK2,A2,900,2026-11-30\n"
    )
    (tmp_path / "h.csv").write_text(
        "account_id,date,input,value\nA1,2026-02-01,nps,12.5\nA3,2026-03-01,csat,4.1\n"
    )
    runs = ["import {f}/1.csv", *(dice.choice(WORDS) for _ in range(45))]
    ended = [_run(line, tmp_path, dice, f"2026-03-{2 + at // 4:02d}") for at, line in enumerate(runs)]
    assert ended.count(0) > 15, "hardly anything was done"
    results = doctor(path)
    said = [(result.check, each) for result in results.values() for each in result.findings]
    assert said == [], list(zip(runs, ended, strict=True))


def _run(line: str, folder: Path, dice: random.Random, today: str) -> int:
    """Run one line of words filled with what the dice say; its exit code, which may be a refusal."""
    step = dice.choice(("notice", "catch-up", "opt-out", "collect-health", "value-review"))
    words = line.format(
        a=dice.choice(ACCOUNTS),
        n=dice.randrange(1, 900_000),
        m=dice.randrange(3, 13),
        s=dice.randrange(1, 9),
        f=folder,
        i=f"{dice.randrange(1, 5)}-{step}",
    ).split()
    if words[0] not in COMMANDS:
        return -1
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = command([*words, "--as-of", today])
    assert code not in (3, 12), (words, said.getvalue())
    return code
