"""A portfolio is opened safely, changed wholly or not at all, and tells of every change."""

import json
import sqlite3
import stat
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.model import Account, Change, Reading
from renewctl.errors import PortfolioError, UsageError
from renewctl.store import portfolio as store
from renewctl.store.portfolio import ENTITIES, columns, open_portfolio
from renewctl.store.sqlite import scratch_portfolio
from tests.engines import place

AS_OF = date(2026, 3, 2)


def account(no, **facts):
    blank = dict.fromkeys(Account._fields)
    own = {"no": no, "id": f"A{no}", "name": f"Acme {no}", "search_name": f"acme {no}", "strategic": 0}
    return Account(**{**blank, **own, "champion_gone": 0, "recorded_on": AS_OF, **facts})


def inserted(row, entity="account"):
    info = ENTITIES[entity]
    key = tuple(getattr(row, name) for name in info.key)
    return Change(entity, key, key[0], None, row._asdict())


@pytest.fixture
def path(tmp_path, engine):
    return str(place(tmp_path / "data" / "portfolio.db"))


@pytest.fixture
def filled(path):
    """A portfolio with one account."""
    with open_portfolio(path, create=True) as opened, opened.write("fill", "ana", AS_OF) as operation:
        operation.apply([inserted(account(1))])
    return path


def refusal(path, **options):
    with pytest.raises(PortfolioError) as refused:
        open_portfolio(path, **options)
    assert refused.value.exit_code == 12
    assert refused.value.hint
    return refused.value.code


# --- opening ----------------------------------------------------------------------------------------


@pytest.mark.file_only("modes of files")
def test_a_new_portfolio_and_its_folder_are_its_owners_alone(path, tmp_path):
    open_portfolio(path, create=True).close()
    assert stat.S_IMODE((tmp_path / "data" / "portfolio.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_only_creating_makes_a_portfolio(path, tmp_path):
    assert refusal(path) == "portfolio-missing"
    assert list(tmp_path.iterdir()) == []


def test_creating_over_a_portfolio_keeps_what_is_in_it(filled):
    with open_portfolio(filled, create=True) as opened:
        assert opened.values("account") == [account(1)]


def test_a_folder_is_no_portfolio(tmp_path):
    assert refusal(str(tmp_path)) == "portfolio-not-a-file"


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE things (x)")
    other.close()
    before = file.read_bytes()
    assert refusal(str(file)) == "not-a-portfolio"
    assert refusal(str(file), create=True) == "not-a-portfolio"
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "accounts.csv"
    file.write_text("id,name\n" * 200)
    assert refusal(str(file)) == "not-a-portfolio"
    assert refusal(str(file), create=True) == "not-a-portfolio"
    with pytest.raises(PortfolioError, match="is not a renewctl portfolio") as refused:
        open_portfolio(str(file))
    assert refused.value.hint == f"to import it: renewctl import {file}"
    assert file.read_text() == "id,name\n" * 200


@pytest.mark.file_only("bytes of the file")
def test_a_database_with_a_ruined_head_is_damaged_and_not_something_else(filled, tmp_path):
    file = tmp_path / "data" / "portfolio.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:16] + b"\xff" * 84 + whole[100:])
    assert refusal(str(file)) == "portfolio-damaged"


def test_an_empty_file_is_no_portfolio_until_one_is_created_in_it(tmp_path):
    file = tmp_path / "empty.db"
    file.touch()
    assert refusal(str(file)) == "not-a-portfolio"
    with open_portfolio(str(file), create=True) as opened:
        assert opened.values("account") == []


@pytest.mark.file_only("the file's own version mark; see test_postgres.py")
def test_a_newer_schema_is_refused_with_the_way_to_update(filled):
    with sqlite3.connect(filled) as database:
        database.execute(f"PRAGMA user_version = {store.SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(PortfolioError, match=f"schema {store.SCHEMA_VERSION + 1}") as refused:
        open_portfolio(filled)
    assert refused.value.code == "newer-schema"
    assert "upgrade" in refused.value.hint


@pytest.mark.file_only("bytes of the file")
def test_a_damaged_portfolio_is_named_as_such(filled, tmp_path):
    file = tmp_path / "data" / "portfolio.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(PortfolioError) as refused, open_portfolio(filled) as opened:
        opened.values("account")
    assert refused.value.code == "portfolio-damaged"


def test_an_address_of_another_kind_of_database_is_wrong_usage():
    with pytest.raises(UsageError, match="no portfolio at a mysql://"):
        open_portfolio("mysql://host/db")


def test_a_path_with_characters_special_to_urls_is_just_a_path(tmp_path):
    path = str(tmp_path / "a?mode=memory#b%20c.db")
    open_portfolio(path, create=True).close()
    assert [file.name for file in tmp_path.iterdir()] == ["a?mode=memory#b%20c.db"]


@pytest.mark.file_only("settings of SQLite")
def test_an_open_portfolio_trusts_no_schema_and_holds_foreign_keys(filled):
    with open_portfolio(filled) as opened:
        assert opened.value("PRAGMA trusted_schema") == 0
        assert opened.value("PRAGMA foreign_keys") == 1


@pytest.mark.file_only("locks of the file; see test_postgres.py")
def test_a_locked_portfolio_is_waited_for_and_then_named(filled, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with (
            pytest.raises(PortfolioError) as refused,
            open_portfolio(filled) as opened,
            opened.write("x", "ana", AS_OF),
        ):
            pass
    finally:
        holder.close()
    assert refused.value.code == "portfolio-locked"
    with open_portfolio(filled) as opened, opened.write("x", "ana", AS_OF):
        pass  # the control: released, it can be written


# --- writing ----------------------------------------------------------------------------------------


def stored(path):
    with open_portfolio(path) as opened:
        rows = {name: opened.rows(f"SELECT * FROM {name} ORDER BY 1") for name in (*ENTITIES, "operation")}
        return {**rows, "change": opened.rows("SELECT * FROM change ORDER BY no")}


@pytest.mark.file_only("settings of SQLite and its one file")
def test_a_write_is_durable_and_leaves_one_file(filled, tmp_path):
    with open_portfolio(filled) as opened, opened.write("x", "ana", AS_OF) as operation:
        assert opened.value("PRAGMA journal_mode") == "delete"
        assert opened.value("PRAGMA synchronous") == 3  # EXTRA
        operation.apply([inserted(account(2))])
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["portfolio.db"]
    assert [row[1] for row in stored(filled)["account"]] == ["A1", "A2"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_interrupts_a_write_undoes_all_of_it(filled, fault):
    before = stored(filled)

    def interrupted():
        with open_portfolio(filled) as opened, opened.write("x", "ana", AS_OF) as operation:
            operation.apply([inserted(account(2))])
            opened.set_meta("key", "value")
            raise fault

    with pytest.raises(fault):
        interrupted()
    assert stored(filled) == before


def test_a_write_that_is_let_go_of_after_its_portfolio_was_closed_was_undone_by_that(filled):
    with open_portfolio(filled) as opened:
        write = opened.write("change", "bob", AS_OF)
        operation = write.__enter__()
        operation.apply([inserted(account(2))])
    write.gen.close()  # as where ^C comes between the two: whatever is raised here is printed as a traceback
    with open_portfolio(filled) as opened:
        assert [each.no for each in opened.values("account")] == [1]


def test_a_dry_run_shows_its_changes_inside_and_keeps_none(filled):
    before = stored(filled)
    with open_portfolio(filled) as opened:
        with opened.write("x", "ana", AS_OF, dry_run=True) as operation:
            operation.apply([inserted(account(2))])
            assert len(opened.values("account")) == 2
        assert len(opened.values("account")) == 1
    assert stored(filled) == before


def test_an_operation_that_changed_nothing_leaves_no_trace(filled):
    before = stored(filled)
    with open_portfolio(filled) as opened, opened.write("x", "ana", AS_OF) as operation:
        assert operation.apply([]) == 0
    assert stored(filled) == before


def test_a_change_to_a_row_that_is_gone_stops_and_undoes_the_rest(filled):
    before = stored(filled)
    with (
        pytest.raises(PortfolioError) as refused,
        open_portfolio(filled) as opened,
        opened.write("x", "ana", AS_OF) as operation,
    ):
        operation.apply([inserted(account(2)), Change("account", (9,), 9, {"csm": None}, {"csm": "x"})])
    assert refused.value.code == "change-missed"
    assert stored(filled) == before


def test_a_change_that_breaks_an_invariant_stops_and_undoes_the_rest(filled):
    before = stored(filled)
    with (
        pytest.raises(PortfolioError) as refused,
        open_portfolio(filled) as opened,
        opened.write("x", "ana", AS_OF) as operation,
    ):
        operation.apply([inserted(account(2)), inserted(account(3, expansion_minor=-1))])
    assert refused.value.code == "invariant"
    assert stored(filled) == before


def test_the_log_tells_who_when_and_what(filled):
    with open_portfolio(filled) as opened:
        with opened.write("set", "bob", date(2030, 1, 1)) as operation:
            operation.apply([Change("account", (1,), 1, {"csm": None}, {"csm": "Ana\u2028"})])
            operation.summary = "why"
        (operation_row,) = opened.rows("SELECT * FROM operation WHERE seq = 2")
        (change,) = opened.rows("SELECT * FROM change WHERE op = 2")
    seq, at, as_of, actor, command, summary = operation_row[:6]
    assert (seq, as_of, actor, command, summary) == (2, "2030-01-01", "bob", "set", "why")
    assert at[:10] != "2030-01-01"  # the real clock, whatever day it is said to be
    assert at.endswith("Z")
    assert change[1:] == (2, "account", "1", 1, '{"csm":null}', '{"csm":"Ana\u2028"}')


# --- what is loaded is what was applied ---------------------------------------------------------------

NUMBERS = st.integers(1, 4)
DATES = st.dates(date(1900, 1, 1), date(2199, 12, 31))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
FACTS = {
    "account": {
        "name": TEXTS,
        "csm": st.none() | TEXTS,
        "strategic": st.integers(0, 1),
        "expansion_minor": st.none() | st.integers(0, 2**63 - 1),
        "growth_rate": st.none() | st.floats(-1, 1000),
        "early_on": st.none() | DATES,
        "cancel_notice_on": st.none() | DATES,
    },
    "health_reading": {
        "nps": st.none() | st.floats(-100, 100),
        "open_tickets": st.none() | st.integers(0, 10**6),
        "source": st.none() | TEXTS,
    },
    "pin": {"source_value": TEXTS},
}


@st.composite
def histories(draw):
    """Changes that are possible one after another, from an empty portfolio on."""
    state, changes = {}, []
    for _ in range(draw(st.integers(1, 12))):
        entity = draw(st.sampled_from(sorted(FACTS)))
        no = draw(NUMBERS)
        key = {
            "account": (no,),
            "health_reading": (no, draw(DATES) if draw(st.booleans()) else AS_OF),
            "pin": ("account", no, draw(st.sampled_from(["csm", "name"]))),
        }[entity]
        old = state.get((entity, key))
        facts = draw(st.fixed_dictionaries({}, optional=FACTS[entity]))
        if old is None:
            if entity == "health_reading" and ("account", (no,)) not in state:
                continue
            new = _whole(entity, key, facts)
            changes.append(Change(entity, key, no, None, new))
            state[entity, key] = new
        elif entity != "account" and draw(st.booleans()):
            changes.append(Change(entity, key, no, old, None))
            del state[entity, key]
        elif facts:
            changes.append(Change(entity, key, no, {name: old[name] for name in facts}, facts))
            state[entity, key] = {**old, **facts}
    return changes


def _whole(entity, key, facts):
    if entity == "account":
        return {**account(key[0])._asdict(), **facts}
    if entity == "health_reading":
        return {**dict.fromkeys(Reading._fields), "account_no": key[0], "read_on": key[1], **facts}
    return dict(zip(columns("pin"), (*key, "null"), strict=True)) | facts


def fold(snapshot, changes):
    """The rule itself: an insert adds its row, an update replaces its columns, a delete takes the row."""
    rows = dict(snapshot)
    for change in changes:
        at = (change.entity, change.key)
        if change.after is None:
            del rows[at]
        else:
            rows[at] = {**rows.get(at, {}), **change.after}
    return rows


def load(opened):
    rows = {}
    for entity in FACTS:
        for value in opened.values(entity):
            row = value._asdict()
            rows[entity, tuple(row[name] for name in ENTITIES[entity].key)] = row
    return rows


@settings(max_examples=60)
@given(histories(), st.integers(0, 12))
def test_loading_after_applying_is_folding_the_changes_over_the_snapshot(changes, cut):
    with scratch_portfolio() as opened:
        with opened.write("first", "ana", AS_OF) as operation:
            operation.apply(changes[:cut])
        snapshot = load(opened)
        with opened.write("second", "ana", AS_OF) as operation:
            assert operation.apply(changes[cut:]) == len(changes[cut:])
        assert load(opened) == fold(snapshot, changes[cut:])


@settings(max_examples=60)
@given(histories())
def test_the_log_alone_rebuilds_the_portfolio_forwards_and_backwards(changes):
    with scratch_portfolio() as opened:
        with opened.write("all", "ana", AS_OF) as operation:
            operation.apply(changes)
        expected = {at: _texts(row) for at, row in load(opened).items()}
        log = opened.rows("SELECT entity, key, before, after FROM change ORDER BY no")
    rows = {}
    for entity, key, _, after in log:
        _replay(rows, entity, key, after)
    assert {(entity, key): row for (entity, key), row in rows.items()} == {
        (entity, "|".join(map(str, _texts(key)))): row for (entity, key), row in expected.items()
    }
    for entity, key, before, _ in reversed(log):
        _replay(rows, entity, key, before)
    assert rows == {}


def _replay(rows, entity, key, text):
    if text is None:
        del rows[entity, key]
        return
    said = json.loads(text)
    if isinstance(said, list):
        said = dict(zip(columns(entity), said, strict=True))
    rows[entity, key] = {**rows.get((entity, key), {}), **said}


def _texts(values):
    if isinstance(values, dict):
        return {
            name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()
        }
    return [value.isoformat() if isinstance(value, date) else value for value in values]
