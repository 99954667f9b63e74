"""A portfolio on a server whose commits, locks, rights and lines fail: the words for it, and what is kept."""

import random
import sys
from datetime import date

import pytest

from renewctl.errors import Interrupted, PortfolioError, UsageError
from renewctl.store import portfolio as store
from renewctl.store import postgres as engine_code
from renewctl.store.portfolio import open_portfolio
from tests.book import account, contract, insert
from tests.cutting import Cutter
from tests.engines import place, using
from tests.store import older

AS_OF = date(2026, 3, 2)


@pytest.fixture
def at(postgres, tmp_path):
    """The address of a portfolio that is not there yet."""
    with using("postgresql", postgres):
        yield place(tmp_path / "portfolio.db")


@pytest.fixture
def filled(at):
    """A portfolio with three accounts."""
    with open_portfolio(str(at), create=True) as opened:
        for no in (1, 2, 3):
            add(opened, no)
    return at


def add(opened, no):
    with opened.write(f"add {no}", "ana", AS_OF) as operation:
        operation.apply([insert(account(no))])


def accounts(at):
    with open_portfolio(str(at)) as opened:
        return [each.no for each in opened.values("account")]


# --- reading ------------------------------------------------------------------------------------------


def test_a_session_ended_while_a_long_answer_is_fetched_is_said_in_words(filled, postgres, monkeypatch):
    monkeypatch.setattr(engine_code, "_SCANNED", 1)
    with open_portfolio(str(filled)) as opened:
        found = opened.scan("SELECT no FROM account ORDER BY no")
        assert next(found) == (1,)
        postgres.run(f"SELECT pg_terminate_backend({opened.connection.info.backend_pid})")
        with pytest.raises(PortfolioError) as refused:
            list(found)
    assert refused.value.code == "connection-lost"


# --- commits ------------------------------------------------------------------------------------------


def test_a_commit_that_the_server_refuses_is_an_error_and_nothing_is_recorded(filled):
    [(name,)] = filled.run(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'contract'::regclass AND contype = 'f' "
        "AND confrelid = 'account'::regclass"
    )
    filled.run(f"ALTER TABLE contract ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED")
    before = filled.read_bytes()
    with open_portfolio(str(filled)) as opened:
        with pytest.raises(PortfolioError) as refused, opened.write("x", "ana", AS_OF) as operation:
            operation.apply([insert(contract(1, account_no=99))])
        assert refused.value.code == "invariant"
        assert filled.read_bytes() == before
        add(opened, 4)  # on the same connection


def test_a_command_stopped_while_the_server_commits_is_told_that_it_may_be_too_late(filled, monkeypatch):
    monkeypatch.setattr(Interrupted, "too_late", False)
    with open_portfolio(str(filled)) as opened:
        run = opened._run

        def stopped(sql):
            done = run(sql)
            if sql == "COMMIT":
                raise KeyboardInterrupt
            return done

        monkeypatch.setattr(opened, "_run", stopped)
        with pytest.raises(KeyboardInterrupt):
            add(opened, 4)
    assert Interrupted.too_late
    assert accounts(filled) == [1, 2, 3, 4]


def test_a_write_that_goes_on_after_the_server_refused_a_statement_is_not_taken_for_recorded(filled):
    before = filled.read_bytes()
    with open_portfolio(str(filled)) as opened:
        with pytest.raises(PortfolioError) as found, opened.write("x", "ana", AS_OF):
            assert _is_refused(opened, "SELECT 1 / 0")
        assert found.value.code == "not-recorded"
        assert filled.read_bytes() == before
        add(opened, 4)


def _is_refused(opened, sql):
    try:
        opened.execute(sql)
    except PortfolioError:
        return True
    return False


def test_a_line_cut_at_the_commit_of_a_migration_has_it_done_again(postgres, at):
    older.lay(at, 1)
    facts = older.facts(at)
    with Cutter(postgres.port) as cutter:
        address = f"postgresql://postgres@127.0.0.1:{cutter.port}/postgres?schema={at.schema}"
        cutter.at_commit("before")
        with open_portfolio(address) as opened:
            assert (opened.migrated.version, opened.migrated.now) == (1, store.SCHEMA_VERSION)
        assert cutter.cuts == 1
    assert older.layout(at)[1] == store.SCHEMA_VERSION
    assert {name: rows for name, rows in older.facts(at).items() if name == "account"} == {
        "account": facts["account"]
    }


# --- tables made anew -----------------------------------------------------------------------------------


def test_a_step_that_makes_a_tables_keys_itself_keeps_them_and_the_others_come_back(filled):
    keys = "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    keys += f"WHERE connamespace = '{filled.schema}'::regnamespace AND contype = 'f' ORDER BY 1, 2"
    before = filled.run(keys)
    table, name, rule = random.Random(1).choice(before)
    with open_portfolio(str(filled)) as opened, opened.restructuring():
        assert opened.rows(keys) == []
        opened.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")
    assert len(before) > 3
    assert filled.run(keys) == before


def test_tables_that_somebody_reads_are_waited_for_before_they_are_made_anew(filled, monkeypatch):
    with open_portfolio(str(filled)) as reader, open_portfolio(str(filled)) as opened:
        waited = []

        def reads_on(seconds):
            waited.append(seconds)
            if len(waited) == 3:
                reader.rollback()

        monkeypatch.setattr(engine_code, "sleep", reads_on)
        reader.execute("BEGIN")
        reader.rows("SELECT no FROM account")
        with opened.restructuring():
            opened.execute("UPDATE account SET name = 'Anew' WHERE no = 1")
        assert len(waited) == 3
        assert reader.value("SELECT name FROM account WHERE no = 1") == "Anew"


def test_tables_that_somebody_does_not_stop_reading_are_said_to_be_in_use(filled, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    before = filled.read_bytes()
    with open_portfolio(str(filled)) as reader, open_portfolio(str(filled)) as opened, reader.reading():
        reader.rows("SELECT no FROM account")
        with pytest.raises(PortfolioError) as refused, opened.restructuring():
            raise AssertionError("it was begun")
    assert refused.value.code == "portfolio-locked"
    assert filled.read_bytes() == before


def test_only_the_owner_of_the_tables_may_rewrite_them(filled, postgres):
    role = f"{filled.schema}_writer"
    filled.run(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {filled.schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {filled.schema} TO {role}",
    )
    with open_portfolio(postgres.url(filled.schema, user=role)) as opened:
        with pytest.raises(PortfolioError) as refused:
            opened.purge()
        assert opened.value("SELECT COUNT(*) FROM account") == 3
    assert refused.value.code == "purge-not-allowed"
    assert "renewctl forget --purge" in refused.value.hint
    with open_portfolio(str(filled)) as owner:
        owner.purge()
    assert accounts(filled) == [1, 2, 3]


# --- opening ------------------------------------------------------------------------------------------


def test_a_portfolio_in_which_something_was_recorded_meanwhile_is_not_discarded(filled):
    before = filled.read_bytes()
    engine_code.discard(str(filled))
    assert filled.read_bytes() == before


def test_tables_of_which_one_has_a_name_of_ours_are_no_portfolio(at):
    at.run(f"CREATE SCHEMA {at.schema}", f"CREATE TABLE {at.schema}.operation (x int)")
    for create in (False, True):
        with pytest.raises(PortfolioError) as refused:
            open_portfolio(str(at), create=create)
        assert refused.value.code == "not-a-portfolio"
    assert at.run(f"SELECT COUNT(*) FROM pg_tables WHERE schemaname = '{at.schema}'") == [(1,)]


def test_a_database_that_cannot_write_every_name_is_refused_before_anything_is_made(at, postgres):
    base = f"{at.schema}_latin"
    postgres.run(f"CREATE DATABASE {base} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        with pytest.raises(PortfolioError, match="LATIN1") as refused:
            open_portfolio(postgres.url(at.schema, base=base), create=True)
        with postgres.connect(dbname=base) as connection:
            asked = "SELECT COUNT(*) FROM pg_namespace WHERE nspname = %s"
            assert connection.execute(asked, (at.schema,)).fetchone() == (0,)
    finally:
        postgres.run(f"DROP DATABASE {base}")
    assert refused.value.code == "database-encoding"
    assert "createdb --encoding UTF8" in refused.value.hint


def test_without_psycopg_an_address_is_refused_with_the_way_to_install_it(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError) as refused:
        open_portfolio(str(filled))
    assert refused.value.code == "engine-unavailable"
    assert "renewctl[postgres]" in refused.value.hint


@pytest.mark.parametrize("host", ["%zz", "a%00b"])
def test_an_address_that_the_client_library_cannot_read_is_refused_without_its_password(host):
    with pytest.raises(UsageError, match="cannot be read") as refused:
        open_portfolio(f"postgresql://ana:hidden@{host}/book")
    assert refused.value.code == "bad-address"
    assert "hidden" not in str(refused.value)


def test_a_connection_that_breaks_before_its_first_statement_is_said_in_words(filled, postgres, monkeypatch):
    ended = []

    def end(connection):
        ended.append(connection)
        postgres.run(f"SELECT pg_terminate_backend({connection.info.backend_pid})")

    monkeypatch.setattr(engine_code, "adapt", end)
    with pytest.raises(PortfolioError) as refused:
        open_portfolio(str(filled))
    assert refused.value.code == "connection-lost"
    assert [each.closed for each in ended] == [True]
