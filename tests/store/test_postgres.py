"""A portfolio on a real server: opened safely, one writer at a time, and no doubt about what was kept."""

import random
import re
import string
import threading
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.errors import PortfolioError
from renewctl.store import portfolio as store
from renewctl.store import postgres as engine_code
from renewctl.store.doctor import examine
from renewctl.store.doctor_file import examined
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import ENTITIES, discard, is_there, open_portfolio
from renewctl.store.postgres_sql import completed, copy_plan, dialect, translated
from tests.book import account, insert
from tests.cutting import Cutter
from tests.engines import place, using

AS_OF = date(2026, 3, 2)


@pytest.fixture
def at(postgres, tmp_path):
    """The address of a portfolio that is not there yet."""
    with using("postgresql", postgres):
        yield place(tmp_path / "portfolio.db")


@pytest.fixture
def filled(at):
    """A portfolio with one account."""
    with open_portfolio(str(at), create=True) as opened:
        add(opened, 1)
    return at


def add(opened, no):
    with opened.write(f"add {no}", "ana", AS_OF) as operation:
        operation.apply([insert(account(no))])


def accounts(at):
    with open_portfolio(str(at)) as opened:
        return [each.no for each in opened.values("account")]


def refusal(path, **options):
    with pytest.raises(PortfolioError) as refused:
        open_portfolio(str(path), **options)
    assert refused.value.exit_code == 12
    assert refused.value.hint
    return refused.value.code


# --- spelling -----------------------------------------------------------------------------------------

PIECES = {"?": "%s", "'100% sure?'": "'100%% sure?'", '"odd ?%"': '"odd ?%%"', "''": "''",
          "'it''s ?'": "'it''s ?'",
          "a LIKE 's%'": "a LIKE 's%%'", "b % 2": "b %% 2", " = ": " = "}  # fmt: skip


@given(st.lists(st.sampled_from(sorted(PIECES)), max_size=8))
def test_only_marks_outside_quotes_are_places_for_values(parts):
    assert translated(" ".join(parts)) == " ".join(PIECES[part] for part in parts)


@given(st.lists(st.none() | st.integers(-9, 9) | st.text("ab'?,() ", max_size=4) | st.just(...), min_size=1))
def test_a_plain_insert_becomes_a_copy_with_its_constants_in_their_places(cells):
    def said(cell):
        if cell is ...:
            return "?"
        if cell is None:
            return "NULL"
        return str(cell) if isinstance(cell, int) else "'" + cell.replace("'", "''") + "'"

    names = ", ".join(f"c{at}" for at in range(len(cells)))
    plan = copy_plan(f"INSERT INTO t ({names}) VALUES ({','.join(map(said, cells))})")
    constants = tuple(cells) if any(cell is not ... for cell in cells) else None
    assert plan == (f"COPY t ({names}) FROM STDIN", constants)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (a) SELECT ? FROM u",
        "INSERT INTO t (a, b) VALUES (?, ? + 1)",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING",
        "INSERT INTO t (a, b) VALUES (?)",
        "UPDATE t SET a = ?",
    ],
)
def test_what_is_no_plain_insert_is_left_a_statement(sql):
    assert copy_plan(sql) is None


def test_a_table_of_sqlite_is_said_in_this_engines_types():
    made = (
        "CREATE TABLE t (\n\ta INTEGER NOT NULL,\n\tb TEXT,\n\tc REAL,\n\td BLOB\n)\n STRICT,\n WITHOUT ROWID"
    )
    assert dialect(made) == (
        'CREATE TABLE t (\n\ta BIGINT NOT NULL,\n\tb TEXT COLLATE "C",\n\tc DOUBLE PRECISION,\n\td BYTEA\n)'
    )
    assert dialect("CREATE INDEX TEXT ON t (b)") == "CREATE INDEX TEXT ON t (b)"


def test_values_come_back_as_the_other_engine_gives_them(filled):
    with open_portfolio(str(filled)) as opened:
        row = opened.rows(
            "SELECT SUM(no), no = 1, CAST(no AS TEXT), ?, ?, ? FROM account GROUP BY no", (True, AS_OF, 2**40)
        )
        assert row == [(1, 1, "1", 1, "2026-03-02", 2**40)]
        assert [type(cell) for cell in row[0]] == [int, int, str, int, str, int]


@pytest.mark.parametrize("constant", [False, True], ids=["values alone", "with constants"])
def test_rows_that_are_copied_in_are_those_that_are_inserted(filled, constant):
    odd = ["", "\\", "\\N", "\t", "a\nb", "\r", "NULL", "'", "ação", "\u2028", "%s", "?"]
    sql = (
        "INSERT INTO meta (key, value) VALUES (?, 'it''s ?')"
        if constant
        else "INSERT INTO meta (key, value) VALUES (?, ?)"
    )
    rows = [(f"{way}{text}",) if constant else (f"{way}{text}", text) for way in "mo" for text in odd]
    with open_portfolio(str(filled)) as opened:
        opened.execute_many(sql, rows[: len(odd)])
        for row in rows[len(odd) :]:
            opened.execute(sql, row)
        asked = "SELECT substr(key, 2), value FROM meta WHERE key LIKE ? ORDER BY 1"
        found = {way: opened.rows(asked, (f"{way}%",)) for way in "mo"}
    assert len(found["m"]) == len(odd)
    assert found["m"] == found["o"]


LONG = "".join(random.Random(7).choices(string.ascii_letters, k=9000))  # more than fits into an index


@pytest.mark.parametrize(
    "text", ["nul \0 here", "half \ud800 a letter", LONG], ids=["nul", "surrogate", "long"]
)
def test_text_that_the_server_cannot_hold_is_refused_in_words(filled, text):
    with (
        open_portfolio(str(filled)) as opened,
        pytest.raises(PortfolioError) as refused,
        opened.write("set", "ana", AS_OF) as operation,
    ):
        operation.apply([insert(account(2, id=text))])
    assert refused.value.code == "value-refused"
    assert accounts(filled) == [1]


# --- opening ------------------------------------------------------------------------------------------


def test_only_creating_makes_a_portfolio(at):
    assert refusal(at) == "portfolio-missing"
    assert not is_there(str(at))
    with open_portfolio(str(at), create=True) as opened:
        assert opened.made
        assert opened.values("account") == []
    assert is_there(str(at))
    with open_portfolio(str(at), create=True) as opened:
        assert not opened.made


def test_creating_over_a_portfolio_keeps_what_is_in_it(filled):
    with open_portfolio(str(filled), create=True):
        pass
    assert accounts(filled) == [1]


def test_of_eight_who_create_at_once_one_does_and_all_find_it_made(at):
    made, wrong = [], []

    def create():
        try:
            with open_portfolio(str(at), create=True) as opened:
                made.append(opened.made)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (wrong, sorted(made)) == ([], [False] * 7 + [True])


def test_a_portfolio_is_discarded_only_while_nothing_was_recorded_in_it(filled, at, tmp_path):
    discard(str(filled))
    assert accounts(filled) == [1]
    empty = place(tmp_path / "empty.db")
    open_portfolio(str(empty), create=True).close()
    discard(str(empty))
    assert refusal(empty) == "portfolio-missing"


def test_tables_of_another_program_are_refused_and_left_alone(at):
    at.run(
        f"CREATE SCHEMA {at.schema}",
        f"CREATE TABLE {at.schema}.account (x int)",
        f"INSERT INTO {at.schema}.account VALUES (7)",
    )
    assert refusal(at) == "portfolio-missing"
    with pytest.raises(PortfolioError):
        open_portfolio(str(at), create=True)
    assert at.run("SELECT x FROM account") == [(7,)]
    assert at.run(f"SELECT COUNT(*) FROM pg_tables WHERE schemaname = '{at.schema}'") == [(1,)]


def test_a_newer_schema_is_refused_with_the_way_to_update(filled):
    filled.run(f"INSERT INTO migration VALUES ({store.SCHEMA_VERSION + 1}, 'later', 'then')")
    with pytest.raises(PortfolioError, match=f"schema {store.SCHEMA_VERSION + 1}") as refused:
        open_portfolio(str(filled))
    assert refused.value.code == "newer-schema"
    assert "upgrade" in refused.value.hint


STRANGERS = {
    "trigger": (
        "CREATE FUNCTION public.nothing_{s}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION public.nothing_{s}()",
    ),
    "rule": ("CREATE RULE r AS ON DELETE TO account DO INSTEAD NOTHING",),
    "view": ("CREATE VIEW v AS SELECT 1",),
    "row security policy": ("CREATE POLICY p ON account USING (false)",),
    "function": ("CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT 1::text'",),
    "operator": ("CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGERS)
def test_code_that_somebody_put_into_the_schema_is_refused_before_it_runs(filled, what):
    accounts(filled)  # the control: as it is made, it is opened
    filled.run(*(each.format(s=filled.schema) for each in STRANGERS[what]))
    with pytest.raises(PortfolioError, match=f"holds a {what} that is not ours") as refused:
        open_portfolio(str(filled))
    assert refused.value.code == "portfolio-tampered"


def test_a_name_that_somebody_put_into_another_schema_is_never_taken_for_ours(filled):
    filled.run(f"CREATE TABLE IF NOT EXISTS public.account (LIKE {filled.schema}.account)")
    filled.run("CREATE TEMPORARY TABLE account (x int)")  # of a session only, as any would be
    assert accounts(filled) == [1]


# --- one writer at a time -----------------------------------------------------------------------------


def test_a_portfolio_that_is_being_written_is_waited_for_and_then_named(filled, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    with open_portfolio(str(filled)) as holder, open_portfolio(str(filled)) as opened:
        holder.begin()
        began = time.monotonic()
        with pytest.raises(PortfolioError) as refused:
            add(opened, 2)
        assert time.monotonic() - began >= 0.2
        assert refused.value.code == "portfolio-locked"
        holder.rollback()
        add(opened, 2)  # the control: released, the same connection writes
    assert accounts(filled) == [1, 2]


def test_readers_neither_wait_for_a_writer_nor_hold_one_up(filled):
    with open_portfolio(str(filled)) as writer, open_portfolio(str(filled)) as reader, reader.reading():
        assert len(reader.values("account")) == 1
        with writer.write("add", "ana", AS_OF) as operation:
            operation.apply([insert(account(2))])
            assert len(reader.values("account")) == 1
        assert len(reader.values("account")) == 1  # one state, whoever writes meanwhile
        with pytest.raises(PortfolioError):
            reader.execute("DELETE FROM account")
    assert accounts(filled) == [1, 2]


def test_two_portfolios_of_one_database_do_not_wait_for_each_other(filled, tmp_path):
    other = place(tmp_path / "other.db")
    with open_portfolio(str(filled)) as one, open_portfolio(str(other), create=True) as two:
        one.begin()
        add(two, 5)
        one.rollback()
    assert (accounts(filled), accounts(other)) == ([1], [5])


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_interrupts_a_write_undoes_all_of_it(filled, fault):
    before = filled.read_bytes()

    def interrupted():
        yield insert(account(2))
        raise fault

    with (
        pytest.raises(fault),
        open_portfolio(str(filled)) as opened,
        opened.write("x", "ana", AS_OF) as operation,
    ):
        operation.apply(interrupted())
    assert filled.read_bytes() == before


def test_a_server_that_keeps_no_commit_for_sure_is_told_to(filled):
    with open_portfolio(str(filled)) as opened:
        opened.execute("SET synchronous_commit = off")
        with opened.write("x", "ana", AS_OF):
            assert opened.value("SELECT current_setting('synchronous_commit')") == "on"


def test_two_operations_of_one_number_cannot_both_be_recorded(filled, monkeypatch):
    """The chain holds where the turn does not, as on an engine that knows no advisory locks."""
    monkeypatch.setattr(engine_code.PostgresPortfolio, "_turn_sql", lambda self: "SELECT 1")
    with open_portfolio(str(filled)) as one, open_portfolio(str(filled)) as two:

        def late():
            add(two, 3)
            yield insert(account(2))

        with pytest.raises(PortfolioError), one.write("one", "ana", AS_OF) as operation:
            operation.apply(late())
    assert accounts(filled) == [1, 3]


# --- lines that break ---------------------------------------------------------------------------------


@pytest.fixture
def cutter(postgres, filled):
    """A line to the server that can be cut."""
    with Cutter(postgres.port) as cutter:
        yield cutter


def by(cutter, filled):
    return f"postgresql://postgres@127.0.0.1:{cutter.port}/postgres?schema={filled.schema}"


@pytest.mark.parametrize("way", ["before", "silent"])
def test_a_line_cut_before_the_server_got_the_commit_means_not_recorded(cutter, filled, way):
    with open_portfolio(by(cutter, filled)) as opened:
        cutter.at_commit(way)
        with pytest.raises(PortfolioError) as refused:
            add(opened, 2)
        assert refused.value.code == "not-recorded"
        assert "run the command again" in refused.value.hint
        assert cutter.cuts == 1
        add(opened, 2)  # on the connection that was made anew
    assert accounts(filled) == [1, 2]


def test_a_line_cut_after_the_server_got_the_commit_means_recorded_once(cutter, filled):
    with open_portfolio(by(cutter, filled)) as opened:
        cutter.at_commit("after")
        add(opened, 2)
        assert cutter.cuts == 1
        add(opened, 3)
    assert accounts(filled) == [1, 2, 3]
    with open_portfolio(str(filled)) as opened:
        assert opened.rows("SELECT seq, command FROM operation ORDER BY seq") == [
            (1, "add 1"), (2, "add 2"), (3, "add 3"),
        ]  # fmt: skip


@pytest.mark.parametrize(("way", "kept"), [("before", [1]), ("after", [1, 2])])
def test_where_nobody_can_be_asked_the_outcome_is_said_to_be_unknown(cutter, filled, monkeypatch, way, kept):
    monkeypatch.setattr(engine_code, "_WAITS", (0.05, 0.05))
    with open_portfolio(by(cutter, filled)) as opened:
        cutter.at_commit(way, and_stay_cut=True)
        with pytest.raises(PortfolioError) as refused:
            add(opened, 2)
    assert refused.value.code == "outcome-unknown"
    assert "renewctl history" in refused.value.hint
    assert accounts(filled) == kept


def test_an_operation_without_changes_needs_no_answer(cutter, filled):
    with open_portfolio(by(cutter, filled)) as opened:
        cutter.at_commit("after")
        with opened.write("look", "ana", AS_OF):
            opened.set_meta("cache", "1")
    with open_portfolio(str(filled)) as opened:
        assert opened.meta("cache") == "1"


def test_a_session_ended_in_the_middle_of_a_write_leaves_nothing_of_it(filled, postgres):
    before = filled.read_bytes()
    with open_portfolio(str(filled)) as opened:

        def ended():
            yield insert(account(2))
            [(pid,)] = opened.rows("SELECT pg_backend_pid()")
            postgres.run(f"SELECT pg_terminate_backend({pid})")
            yield insert(account(3))

        with pytest.raises(PortfolioError) as refused, opened.write("x", "ana", AS_OF) as operation:
            operation.apply(ended())
    assert refused.value.code == "connection-lost"
    assert filled.read_bytes() == before
    with open_portfolio(str(filled)) as opened:
        add(opened, 2)  # and its turn is free


# --- the same values as on the other engine ----------------------------------------------------------


def test_every_entity_is_stored_and_read_as_it_was(filled):
    row = account(
        2,
        name="Ação & Cia",
        growth_rate=0.1 + 0.2,
        expansion_minor=2**62,
        strategic=1,
        cancel_notice_on=AS_OF,
    )
    with open_portfolio(str(filled)) as opened:
        with opened.write("x", "ana", AS_OF) as operation:
            operation.apply([insert(row)])
        assert opened.values("account", "no = 2") == [row]
        assert set(ENTITIES) <= {
            name
            for (name,) in opened.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        }


def test_constants_of_a_statement_stand_where_it_has_them():
    rows = [("a", 1), ("b", None)]
    for values, filled in (
        ("?, ?, 7, 'x''y'", [("a", 1, 7, "x'y"), ("b", None, 7, "x'y")]),
        ("7, ?, 'x', ?", [(7, "a", "x", 1), (7, "b", "x", None)]),
        ("?, NULL, ?, -3", [("a", None, 1, -3), ("b", None, None, -3)]),
    ):
        plan = copy_plan(f"INSERT INTO t (a, b, c, d) VALUES ({values})")
        assert plan is not None
        assert [tuple(row) for row in completed(rows, plan[1])] == filled


def examined_server(at):
    with examined(str(at), load_policy(None), AS_OF) as subject:
        return {result.check: result for result in examine(subject)}


def test_indexes_are_checked_by_doctor_where_the_server_can(filled):
    plain = examined_server(filled)["integrity"]
    filled.run("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA pg_catalog")
    try:
        checked = examined_server(filled)["integrity"]
    finally:
        filled.run("DROP EXTENSION amcheck")
    assert (plain.findings, checked.findings) == ((), ())
    assert "indexes checked" not in plain.seen
    assert re.search(r", [1-9]\d* indexes checked$", checked.seen)


def test_a_stored_view_with_an_index_is_named_as_none_of_ours(filled):
    filled.run("CREATE MATERIALIZED VIEW spare AS SELECT 1 AS no", "CREATE INDEX spare_no ON spare (no)")
    findings = examined_server(filled)["schema"].findings
    assert [(each.code, each.where) for each in findings if "spare" in each.where]
