"""Portfolios of earlier versions open as if they had been made by this one, and lose nothing on the way."""

import json
import os
import signal
import sqlite3
import time
import tracemalloc
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from renewctl import __version__
from renewctl.cli.app import COMMANDS
from renewctl.core.model import Change
from renewctl.errors import PortfolioError
from renewctl.store import backup, migrations, portfolio, sqlite
from renewctl.store.lookup import account_names
from renewctl.store.portfolio import SCHEMA_VERSION, open_portfolio
from tests.engines import place, using
from tests.store.older import BOOKS, SCHEMAS, VERSIONS, alter, facts, held, lay, layout, statements_of
from tests.store.test_chain import second_opinion
from tests.whole import share

OLDER = [version for version in VERSIONS if version < SCHEMA_VERSION]
SCHEMA = Path(portfolio.__file__).with_name("schema.sql")
KILLED = -signal.SIGKILL
both_engines = pytest.mark.both_engines
file_only = pytest.mark.file_only


@pytest.fixture(params=OLDER, ids=lambda version: f"schema {version}")
def version(request):
    return request.param


@pytest.fixture
def old(tmp_path, version, engine):
    """The portfolio of a person with an older version: a file, or a schema on the server."""
    where = place(tmp_path / "portfolio.db")
    lay(where, version)
    return where


def migrated(where):
    open_portfolio(str(where)).close()


def made_today(folder):
    """The schema of a portfolio that was made by this version."""
    where = place(folder / "made-today.db")
    open_portfolio(str(where), create=True).close()
    return layout(where)


def sound(where):
    if not isinstance(where, Path):
        return True
    with closing(sqlite3.connect(where)) as opened:
        found = opened.execute("PRAGMA integrity_check").fetchall()
        return found == [("ok",)] and not opened.execute("PRAGMA foreign_key_check").fetchall()


def refused(where, **how):
    with pytest.raises(PortfolioError) as refusal:
        open_portfolio(str(where), **how)
    assert refusal.value.exit_code == 12
    assert refusal.value.hint
    return refusal.value


# --- what is released is frozen ----------------------------------------------------------------------


def test_a_change_of_the_tables_comes_with_a_version_and_a_step_that_leads_there():
    frozen = SCHEMAS / f"{SCHEMA_VERSION}.sql"
    advice = (
        "tables.py lays out another schema than the one that was frozen for this version. If it was "
        "released: raise SCHEMA_VERSION in tables.py and portfolio.py, append a Step to "
        "renewctl/store/migrations.py, freeze a book of the old schema as N.data.sql. For the new version: "
        "tail -n +2 renewctl/store/schema.sql > renewctl/store/schemas/VERSION.sql"
    )
    assert frozen.exists(), f"{frozen} is missing. {advice}"
    assert statements_of(frozen.read_text()) == statements_of(SCHEMA.read_text()), advice


def test_every_version_from_the_first_to_this_one_has_one_named_step_and_a_frozen_schema():
    steps = [step.version for step in migrations.MIGRATIONS]
    assert steps == list(range(2, SCHEMA_VERSION + 1))
    assert [1, *steps] == VERSIONS
    assert len({step.name for step in migrations.MIGRATIONS}) == len(steps)
    assert all((BOOKS / f"{each}.data.sql").exists() for each in OLDER)


def test_the_frozen_book_has_rows_in_every_table_and_a_gap_in_its_log(tmp_path):
    lay(tmp_path / "old.db", 1)
    tables = held(tmp_path / "old.db")
    assert all(rows for _, rows in tables.values())
    numbers = sorted(row[0] for row in tables["change"][1])
    assert any(after - before > 1 for before, after in pairwise(numbers))


# --- migrating ----------------------------------------------------------------------------------------


@both_engines
def test_a_migrated_portfolio_has_the_schema_of_one_made_today(old, tmp_path):
    migrated(old)
    assert layout(old) == made_today(tmp_path)
    assert sound(old)


@both_engines
def test_migrating_keeps_every_fact_and_the_whole_log(old):
    tables = held(old)
    before = facts(old)
    migrated(old)
    assert facts(old, tables) == before
    assert len(before["change"]) > 50


@both_engines
def test_numbers_that_an_abandoned_import_left_out_of_the_log_are_closed_up(tmp_path, engine):
    old = place(tmp_path / "portfolio.db")
    lay(old, 1)
    numbers = [row[0] for row in held(old)["change"][1]]
    assert max(numbers) > len(numbers)
    migrated(old)
    assert sorted(row[0] for row in held(old)["change"][1]) == list(range(1, len(numbers) + 1))


@both_engines
def test_every_step_leaves_its_name_and_the_instant(old, version):
    told = [row[:2] for row in held(old)["migration"][1]] if version > 1 else []  # schema 1 kept no account
    with open_portfolio(str(old)) as opened:
        found = opened.rows("SELECT version, name, at FROM migration ORDER BY version")
    assert [row[:2] for row in found] == [
        *told,
        *((step.version, step.name) for step in migrations.MIGRATIONS if step.version > version),
    ]
    assert all(row[2].endswith("Z") for row in found)


@both_engines
def test_the_log_of_a_migrated_portfolio_is_chained_from_its_first_operation(old):
    with open_portfolio(str(old)) as opened:
        found = list(second_opinion(opened))
    assert len(found) == len(held(old)["operation"][1])
    for row, expected in found:
        assert row[-3:] == expected
    nonces = [row[7] for row, _ in found if row[7] is not None]  # an erasure takes it away
    assert all(len(nonce) == 32 and int(nonce, 16) >= 0 for nonce in nonces)
    assert len(set(nonces)) == len(nonces)


def test_an_operation_of_the_old_log_without_changes_is_kept_as_one(tmp_path):
    file = tmp_path / "portfolio.db"
    lay(file, 1)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("INSERT INTO operation VALUES (29, 'x', '2026-03-23', 'ana', 'set', '')")
    with open_portfolio(str(file)) as migrated:
        *_, (row, expected) = second_opinion(migrated)
    assert (row[0], row[8], row[-3:]) == (29, 0, expected)


@pytest.mark.parametrize("data", [True, False], ids=["book", "empty"])
def test_a_portfolio_is_told_of_its_migration_once(tmp_path, version, data):
    file = tmp_path / "portfolio.db"
    lay(file, version, data=data)
    with open_portfolio(str(file)) as opened:
        assert opened.migrated is not None
        assert opened.migrated[:2] == (version, SCHEMA_VERSION)
    with open_portfolio(str(file)) as opened:
        assert opened.migrated is None


@both_engines
def test_the_state_before_is_kept_as_a_copy_of_the_older_schema(old, version):
    before = facts(old)
    with open_portfolio(str(old)) as opened:
        copy = opened.migrated.copy
    assert isinstance(copy, Path)
    assert facts(copy) == before
    assert layout(copy)[1] == version


@both_engines
def test_without_room_for_the_copy_nothing_is_migrated(old, monkeypatch):
    def full(*_):
        raise PortfolioError("disk-full", "no room", "free some")

    monkeypatch.setattr(backup, "before", full)
    before = old.read_bytes()
    assert refused(old).code == "disk-full"
    assert old.read_bytes() == before


@file_only("writes as the older version did")
def test_nobody_writes_between_the_copy_and_the_migration(old, monkeypatch):
    tried = []

    def copied(opened, reason):
        with closing(sqlite3.connect(old, timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("UPDATE operation SET actor = 'bob'")
        tried.append(reason)

    monkeypatch.setattr(backup, "before", copied)
    migrated(old)
    assert tried == ["before-migration"]


def test_the_memory_a_long_log_takes_to_migrate_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "before", lambda *_: None)
    file = tmp_path / "portfolio.db"
    lay(file, 1)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("DELETE FROM change")
        opened.executemany(
            "INSERT INTO change VALUES (?, 1, 'account', '1', 1, NULL, ?)",
            ((no, "x" * 1000) for no in range(1, 15_001)),
        )
    tracemalloc.start()
    try:
        open_portfolio(str(file)).close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert file.stat().st_size > 15_000_000
    assert peak < 8_000_000


# --- what is not migrated ------------------------------------------------------------------------------


@both_engines
@pytest.mark.parametrize("number", [SCHEMA_VERSION + 1, 99])
def test_a_newer_schema_is_refused_with_the_version_it_needs(old, number):
    migrated(old)
    newer = f"PRAGMA user_version = {number}"
    alter(old, newer if isinstance(old, Path) else f"INSERT INTO migration VALUES ({number}, 'later', 'x')")
    refusal = refused(old)
    assert refusal.code == "newer-schema"
    assert f"schema {number}" in refusal.message
    assert f"up to {SCHEMA_VERSION}" in refusal.message
    assert "pip install --upgrade renewctl" in refusal.hint


@both_engines
@pytest.mark.parametrize(("needs", "said"), [("1.7.2", True), ("1.7; rm", False), ("", False)])
def test_a_newer_schema_names_the_version_that_made_it_where_it_is_one(tmp_path, engine, needs, said):
    where = place(tmp_path / "portfolio.db")
    open_portfolio(str(where), create=True).close()
    assert [row for row in held(where)["meta"][1] if row[0] == "needs"] == [("needs", __version__)]
    number = SCHEMA_VERSION + 1
    newer = f"PRAGMA user_version = {number}"
    newer = newer if isinstance(where, Path) else f"INSERT INTO migration VALUES ({number}, 'later', 'x')"
    alter(where, f"UPDATE meta SET value = '{needs}' WHERE key = 'needs'", newer)
    refusal = refused(where)
    assert (f"is of renewctl {needs};" in refusal.message) == said
    assert (f"at least to {needs}" in refusal.hint) == said
    alter(where, "DROP TABLE meta")
    assert refused(where).code == "newer-schema"


@file_only("the server keeps no number where there is no portfolio")
@pytest.mark.parametrize("number", [0, -1])
def test_a_schema_that_never_was_is_refused_and_left_alone(old, number):
    alter(old, f"PRAGMA user_version = {number}")
    before = old.read_bytes()
    refusal = refused(old)
    assert refusal.code == "unknown-schema"
    assert f"schema {number}" in refusal.message
    assert old.read_bytes() == before


@both_engines
def test_where_migrating_is_not_wanted_an_older_portfolio_is_refused_and_left_alone(old, version):
    before = old.read_bytes()
    refusal = refused(old, migrate=False)
    assert refusal.code == "needs-migration"
    assert f"schema {version}" in refusal.message
    assert account_names(str(old), "no") == []  # a key pressed for completion migrates nothing
    assert old.read_bytes() == before
    migrated(old)
    assert account_names(str(old), "no") == ["Northwind Tools"]


@file_only("permissions of a file")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_cannot_be_written_is_refused_with_the_way_to_migrate_it(person, version, what):
    desk = person.home / "desk"
    desk.mkdir()
    file = desk / "portfolio.db"
    lay(file, version)
    before = file.read_bytes()
    (file if what == "file" else desk).chmod(0o400 if what == "file" else 0o500)
    try:
        done = person.run("list", "--portfolio", str(file), privileged=False)
    finally:
        desk.chmod(0o700)
    assert done.code == 12
    assert done.err.startswith(f"error[needs-migration]: {file} has schema {version} and must be migrated")
    assert "hint: " in done.err
    assert file.read_bytes() == before
    assert [each.name for each in desk.iterdir()] == ["portfolio.db"]


@both_engines
@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE change SET op = 2 WHERE no = 1",
        "UPDATE change SET op = 77 WHERE no = 20",
        "DELETE FROM operation WHERE seq = 5",
        "INSERT INTO change VALUES (999, 700, 'account', '1', 1, NULL, '[]')",
    ],
)
def test_a_log_that_contradicts_itself_is_not_sealed_into_a_chain(tmp_path, engine, harm):
    where = place(tmp_path / "portfolio.db")
    lay(where, 1)
    alter(where, harm)
    before = facts(where)
    assert refused(where).code == "portfolio-damaged"
    assert facts(where) == before
    assert layout(where)[1] == 1


def test_rows_that_point_nowhere_stop_a_migration_which_then_leaves_no_trace(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "before", lambda *_: None)  # which finds them too
    file = tmp_path / "portfolio.db"
    lay(file, 1)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("UPDATE contract SET account_no = 4711 WHERE no = 1")
    before = facts(file), layout(file)
    refusal = refused(file)
    assert refusal.code == "portfolio-damaged"
    assert "contract" in refusal.message
    assert (facts(file), layout(file)) == before


# --- foreign keys ---------------------------------------------------------------------------------------

_PARENT = migrations.table("parent", "no INTEGER NOT NULL", "PRIMARY KEY (no)")
_FAMILY = f"""{_PARENT};
CREATE TABLE meta (key TEXT, value TEXT);
CREATE TABLE child (no INTEGER PRIMARY KEY, parent_no INTEGER REFERENCES parent (no) ON DELETE CASCADE);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (10, 1), (11, 1), (12, 2);
"""


def _remake_parent(family):
    def fill(old):
        family.execute(f"INSERT INTO parent SELECT * FROM {old}")

    migrations.remake(family, "parent", [_PARENT], fill)


@pytest.fixture
def family(tmp_path):
    connection = sqlite.connect(_touched(tmp_path / "family.db"))
    connection.executescript(_FAMILY)
    with sqlite.SqlitePortfolio(connection, "family.db") as opened:
        yield opened


def _touched(file):
    file.touch()
    return file


def test_making_a_parent_table_anew_keeps_the_children(family):
    with family.restructuring():
        _remake_parent(family)
    assert family.rows("SELECT no, parent_no FROM child ORDER BY no") == [(10, 1), (11, 1), (12, 2)]
    with pytest.raises(PortfolioError):  # and the reference still holds
        family.execute("INSERT INTO child VALUES (13, 3)")
    family.execute("DELETE FROM parent WHERE no = 1")
    assert family.rows("SELECT no FROM child") == [(12,)]


def test_control_with_foreign_keys_on_the_same_step_takes_the_children_along(family):
    family.begin()
    _remake_parent(family)
    family.commit("")
    assert family.rows("SELECT no FROM parent") == [(1,), (2,)]
    assert family.rows("SELECT no FROM child") == []


def test_foreign_keys_act_again_after_a_step_that_failed(family):
    def prepare():
        family.execute("DROP TABLE child")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), family.restructuring(prepare):
        pass
    assert family.value("PRAGMA foreign_keys") == 1
    assert len(family.rows("SELECT no FROM child")) == 3


# --- owners and roles on a server ----------------------------------------------------------------------


def test_who_might_use_a_table_may_use_it_after_and_it_stays_its_owners(tmp_path, postgres):
    with using("postgresql", postgres):
        where = place(tmp_path / "portfolio.db")
        lay(where, 1)
        owner, writer, reader = (f"{where.schema}_{role}" for role in ("owner", "writer", "reader"))
        where.run(
            *(f"CREATE ROLE {role} LOGIN" for role in (owner, writer, reader)),
            f"ALTER SCHEMA {where.schema} OWNER TO {owner}",
            *(f"ALTER TABLE {name} OWNER TO {owner}" for name in held(where)),
            f"GRANT USAGE ON SCHEMA {where.schema} TO {writer}, {reader}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {where.schema} TO {writer}, {reader}",
            f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {where.schema} TO {writer}",
        )
        for role in (reader, writer):
            refusal = refused(postgres.url(where.schema, user=role))
            assert refusal.code == "needs-migration"
            assert "owner" in refusal.hint
        assert layout(where)[1] == 1
        migrated(where)  # by somebody who may act as the owner
        assert {name for (name,) in where.run(_OWNERS.format(where.schema))} == {owner}
        assert set(where.run(_RIGHTS.format(where.schema, writer))) == {
            (name, right) for name in held(where) for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
        }
        assert set(where.run(_RIGHTS.format(where.schema, reader))) == {
            (name, "SELECT") for name in held(where)
        }
        with (
            open_portfolio(postgres.url(where.schema, user=writer)) as opened,
            opened.write("log", "bob", date(2026, 3, 23)) as operation,
        ):
            operation.apply([noted(opened, "a word")])
        with open_portfolio(postgres.url(where.schema, user=reader)) as opened:
            assert opened.value("SELECT MAX(seq) FROM operation") == 29


_OWNERS = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = '{}'"
_RIGHTS = (
    "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
    "WHERE table_schema = '{}' AND grantee = '{}'"
)


def noted(opened, text):
    """The change that notes a word about the first account."""
    no = opened.next_no("activity")
    row = {"no": no, "account_no": 1, "contract_no": None, "happened_on": date(2026, 3, 23), "kind": "note"}
    return Change("activity", (no,), 1, None, row | {"text": text, "minutes": None, "actor": "ana"})


# --- killed half-way ------------------------------------------------------------------------------------


def in_another_process(work):
    """Start `work` in a process of its own; its number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def ended(pid):
    """How a process ended."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_at(statement, where, *, transaction=True):
    """Migrate in a process that is killed before its statement of that number; how it ended."""
    seen = 0

    def counting(execute):
        def counted(self, *given):
            nonlocal seen
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1
            if not transaction and given[0] in ("BEGIN IMMEDIATE", "COMMIT"):
                return None
            return execute(self, *given)

        return counted

    def work():
        kinds = [(sqlite.SqlitePortfolio, "execute"), (sqlite.SqlitePortfolio, "execute_many")]
        if not isinstance(where, Path):
            from renewctl.store.postgres import PostgresPortfolio

            kinds += [(PostgresPortfolio, name) for name in ("execute", "execute_many", "_run")]
        for kind, name in kinds:
            setattr(kind, name, counting(getattr(kind, name)))
        migrated(where)

    return ended(in_another_process(work))


def left(where, tables, before, made):
    """Which of the two whole states there is, or `neither`."""
    if facts(where, tables) != before or not sound(where):
        return "neither"
    found = layout(where)
    if found == made:
        return "migrated"
    return "as it was" if found[1] < SCHEMA_VERSION and set(held(where)) == set(tables) else "neither"


def killed_again_and_again(where, folder, step):
    """Kill a migration before every `step`th statement, each try going on from what the last one left."""
    made, tables, before = made_today(folder), held(where), facts(where)
    found = []
    for statement in range(0, 1000, step):
        code = killed_at(statement, where)
        assert code in (0, KILLED)
        found.append(left(where, tables, before, made))
        if code == 0 or found[-1] == "migrated":
            break
    assert found[-1] == "migrated"
    assert set(found[:-1]) == {"as it was"}
    migrated(where)
    assert left(where, tables, before, made) == "migrated"
    return len(found)


@both_engines
def test_killed_while_it_copies_or_migrates_it_has_happened_wholly_or_not_at_all(old, tmp_path):
    step = share(11, 5) if isinstance(old, Path) else share(23, 17)  # a server takes ten times as long
    assert killed_again_and_again(old, tmp_path, step) > 60 / step


@file_only("any statement, which takes too long on a server")
def test_killed_before_any_statement_of_its_own_a_migration_has_happened_wholly_or_not_at_all(
    old, tmp_path, monkeypatch
):
    monkeypatch.setattr(backup, "before", lambda *_: None)
    step = share(3, 1)
    assert killed_again_and_again(old, tmp_path, step) > 25 / step


@both_engines
def test_killed_at_any_moment_a_migration_is_taken_up_by_the_next_command(tmp_path, version, engine):
    made = made_today(tmp_path)
    whole = tmp_path / "whole.db"
    lay(place(whole), version)
    begun = time.perf_counter()
    assert ended(in_another_process(lambda: migrated(place(whole)))) == 0
    lasts = time.perf_counter() - begun
    killed = 0
    trials = share(6, 12) if engine == "sqlite" else share(3, 5)
    for at in range(trials):
        where = place(tmp_path / f"m{at}.db")
        lay(where, version)
        tables, before = held(where), facts(where)
        pid = in_another_process(lambda where=where: migrated(where))
        time.sleep(lasts * (at + 1) / (trials + 1))
        os.kill(pid, signal.SIGKILL)
        killed += ended(pid) == KILLED
        migrated(where)
        assert left(where, tables, before, made) == "migrated"
    assert killed >= trials / 3


@file_only("control")
def test_control_without_a_transaction_a_kill_leaves_half_a_migration(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "before", lambda *_: None)
    made = made_today(tmp_path)
    found = set()
    for statement in range(10, 36, 2):
        if "neither" in found:
            break
        where = tmp_path / f"c{statement}.db"
        lay(where, 1)
        tables, before = held(where), facts(where)
        killed_at(statement, where, transaction=False)
        try:
            found.add(left(where, tables, before, made))
        except (sqlite3.Error, KeyError):
            found.add("neither")
    assert "neither" in found


# --- several at once --------------------------------------------------------------------------------------


@both_engines
def test_of_several_processes_at_once_one_migrates_and_all_work(old, version, tmp_path):
    tables, before = held(old), facts(old)
    waits, opens = os.pipe()

    def work(at):
        def go():
            os.read(waits, 1)
            with open_portfolio(str(old)) as opened:
                (tmp_path / f"told{at}").write_text("did" if opened.migrated else "")
                with opened.write("log", "ana", date(2026, 3, 23)) as operation:
                    operation.apply([noted(opened, f"by {at}")])

        return go

    pids = [in_another_process(work(at)) for at in range(6)]
    os.write(opens, b"g" * 6)
    assert [ended(pid) for pid in pids] == [0] * 6
    os.close(waits)
    os.close(opens)
    assert [(tmp_path / f"told{at}").read_text() for at in range(6)].count("did") == 1
    after = facts(old, tables)
    assert len(after["operation"]) == len(before["operation"]) + 6
    for name in set(before) - {"operation", "change", "activity"}:
        assert after[name] == before[name]
    with open_portfolio(str(old)) as opened:
        assert all(row[-3:] == expected for row, expected in second_opinion(opened))
        assert opened.rows("SELECT MAX(version), COUNT(DISTINCT version) - COUNT(*) FROM migration") == [
            (SCHEMA_VERSION, 0)
        ]


# --- every command works after -----------------------------------------------------------------------------


def test_a_command_says_that_it_migrated_and_where_the_earlier_state_is_and_only_once(person, version):
    lay(person.portfolio, version)
    first = person.run("list", "--json")
    assert first.code == 0
    assert len(json.loads(first.out)["accounts"]) == 10
    assert first.err.startswith(f"{person.portfolio} was migrated from schema {version} to {SCHEMA_VERSION}")
    assert "earlier state is kept at" in first.err
    second = person.run("list", "--json")
    assert (second.out, second.err) == (first.out, "")


def test_an_import_says_so_too_and_finds_everything_unchanged(person, version):
    lay(person.portfolio, version)
    file = person.home / "contracts.csv"
    file.write_text(
        "id,account_id,name,arr,currency,renewal_date\nK-N1-2,N1,Support add-on,27000,USD,2026-08-31\n"
    )
    for told in (True, False):
        done = person.run("import", str(file), "--kind", "contracts", "--json")
        assert done.code == 0, done.err
        assert ("was migrated" in done.err) == told
        assert json.loads(done.out)["files"][0]["unchanged"] == 1


READING = [
    "list", "show N1", "explain D4", "history", "history F6", "due --days 60", "save list", "save show s2",
    "export accounts", "export contracts", "export health", "export stakeholders", "export value",
    "export outcomes", "export saves", "export log", "value N1 -o -",
]  # fmt: skip
WRITING = [
    "done 1-notice", "skip 1-opt-out --reason known", "snooze 8-last-reminder --until 2026-04-01",
    "log N1 called --hours 0.5", "stage D4 proposed", "set B2 csm=ana", "lost B2 --reason price",
    "won F6 --arr 60000 --contract K-F6-2", "save done s2-call", "save close s2 --result lost",
    "save start D4 --scenario value", "undo --yes",
]  # fmt: skip


@pytest.mark.parametrize("line", [*READING, *WRITING])
def test_every_command_works_on_a_portfolio_it_migrates(desk, line, monkeypatch):
    lay(desk.path, OLDER[0])
    monkeypatch.setenv("RENEWCTL_AS_OF", "2026-03-22")
    done = desk.run(*line.split())
    assert done.code in (0, 13, 14), done
    if line in READING:
        assert done.code == 0, done
    with open_portfolio(str(desk.path)) as opened:
        assert all(row[-3:] == expected for row, expected in second_opinion(opened))


@pytest.mark.skipif("doctor" not in COMMANDS, reason="no such command")
def test_the_doctor_finds_nothing_in_a_migrated_portfolio(person, version):
    lay(person.portfolio, version)
    assert person.run("list").code == 0
    done = person.run("doctor")
    assert done.code == 0, done
