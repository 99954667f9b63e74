"""The log folded forward: what a change row may say, and what is said of one that says something else."""

import json

import pytest

from renewctl.store import replay as store
from renewctl.store.portfolio import ENTITIES, columns
from renewctl.store.replay import Fold, LogUnreadable, differences, replay
from tests.book import account, contract, portfolio

ACCOUNT = {
    "no": 1, "id": "A1", "name": "Acme", "search_name": "acme", "strategic": 0, "champion_gone": 0,
    "recorded_on": "2026-03-02",
}  # fmt: skip


def whole(**given):
    """The text of a whole account row."""
    row = ACCOUNT | given
    return json.dumps([row.get(name) for name in columns("account")])


@pytest.fixture
def fold():
    made = Fold()
    yield made
    made.close()


def said(fold, entity, key, before, after, account_no=1):
    """What a row contradicts, when it is applied after those before it."""
    return list(fold.apply((1, 1, entity, key, account_no, before, after)))


def named(fold, name):
    """The column of account 1 as it stands."""
    assert not list(fold.flush())
    return next(iter(fold.rows("account")))[columns("account").index(name)]


def test_rows_come_change_and_go(fold):
    assert said(fold, "account", "1", None, whole()) == []
    assert said(fold, "account", "1", '{"name": "Acme"}', '{"name": "Bolt"}') == []
    assert named(fold, "name") == "Bolt"
    assert said(fold, "account", "1", whole(name="Bolt"), None) == []
    assert list(fold.rows("account")) == []


@pytest.mark.parametrize(
    ("entity", "key", "before", "after", "why"),
    [
        ("ghost", "1", None, "[]", "no entity 'ghost'"),
        ("account", "1", None, "[1, 2]", "no row of"),
        ("account", "1", None, "{}", "no row of"),
        ("account", "1", None, "nonsense", "no JSON"),
        ("account", "1", None, None, "no JSON"),
        ("account", "1", None, whole(name=5), "5 for a column of type TEXT"),
        ("account", "1", None, whole(growth_rate=1e308), "for a column of type REAL"),
        ("account", "1", None, whole(growth_rate=float("nan")), "no JSON"),
        ("account", "1", None, whole(strategic=0.5), "0.5 for a column of type INTEGER"),
        ("account", "1", None, whole(seats_used=2**63), "for a column of type INTEGER"),
        ("account", "1", None, whole(seats_used=float(2**53)), "for a column of type INTEGER"),
        ("account", "one", '{"name": "Acme"}', '{"name": "B"}', "'one' is none of a account"),
        ("item_state", "1|1", '{"state": "done"}', '{"state": "x"}', "has 2 parts and not 3"),
        ("account", str(2**63), '{"name": "Acme"}', '{"name": "B"}', "a key that no row can have"),
        ("account", "1", "{}", '{"name": "B"}', "no columns of a account"),
        ("account", "1", '["name"]', '{"name": "B"}', "no columns of a account"),
        ("account", "1", '{"nome": "Acme"}', '{"name": "B"}', "no columns of a account"),
        ("account", "1", '{"name": "Acme"}', '{"name": "\\ud800"}', "cannot be applied"),
    ],
)
def test_a_row_that_says_no_change_is_named_with_why(fold, entity, key, before, after, why):
    said(fold, "account", "1", None, whole())
    with pytest.raises(LogUnreadable) as caught:
        said(fold, entity, key, before, after)
    assert why in str(caught.value)
    assert named(fold, "name") == "Acme"


@pytest.mark.parametrize(
    ("said_of", "kept"),
    [
        ({"strategic": True}, ("strategic", 1)),
        ({"seats_used": 2.0}, ("seats_used", 2)),
        ({"seats_used": float(2**53 - 1)}, ("seats_used", 2**53 - 1)),
        ({"seats_used": 2**63 - 1}, ("seats_used", 2**63 - 1)),
        ({"seats_used": -(2**63)}, ("seats_used", -(2**63))),
        ({"growth_rate": 1}, ("growth_rate", 1.0)),
        ({"growth_rate": -9e307}, ("growth_rate", -9e307)),
    ],
)
def test_a_value_is_kept_as_a_column_of_its_type_keeps_it(fold, said_of, kept):
    assert said(fold, "account", "1", None, whole(**said_of)) == []
    name, value = kept
    assert repr(named(fold, name)) == repr(value)


def test_a_row_that_contradicts_those_before_it_is_named(fold):
    assert said(fold, "account", "2", None, whole(), 3) == [
        "is kept under the key '2' and tells of '1'",
        "is kept under account 3 and tells of 1",
    ]
    assert said(fold, "account", "1", '{"name": "Bolt"}', '{"name": "Cog"}') == [
        "says that name was 'Bolt' before, where it was 'Acme'"
    ]
    assert said(fold, "account", "7", '{"name": "Bolt"}', '{"name": "Cog"}') == [
        "changes a row that is not there"
    ]


def test_of_rows_that_are_brought_together_those_that_cannot_be_are_named_and_the_others_kept(fold):
    for no in (1, 2, 1, 3):
        assert said(fold, "account", str(no), None, whole(no=no, id=f"A{no}"), no) == []
    assert said(fold, "account", "4", None, whole(no=4, name="\ud800"), 4) == []
    found = list(fold.flush())
    assert [each.partition(":")[0] for each in found] == [
        "brings account 1, which cannot be",
        "brings account 4, which cannot be",
    ]
    assert [row[0] for row in fold.rows("account")] == [1, 2, 3]
    assert list(fold.flush()) == []


@pytest.mark.parametrize(
    ("told", "stored", "expected"),
    [
        ([], [], []),
        ([(1, "a")], [(1, "a")], []),
        ([(1, "a"), (2, "b")], [(2, "b")], [("row 1", "the log tells of it, and it is not there")]),
        ([(1, "a")], [(1, "a"), (2, "b")], [("row 2", "the log does not know it")]),
        ([(2, "b")], [(1, "a"), (2, "b")], [("row 1", "the log does not know it")]),
        ([(1, "a")], [], [("row 1", "the log tells of it, and it is not there")]),
        ([(1, "a")], [(1, None)], [("row 1", "text is blank; the log says 'a'")]),
        ([(1, "0")], [(1, 0)], [("row 1", "text is 0; the log says '0'")]),
        ([(1, 0.0)], [(1, -0.0)], [("row 1", "text is -0.0; the log says 0.0")]),
        ([(1, "a")], [("1", "a")], [("row 1", "the log tells of it, and it is not there"),
                                    ("row 1", "the log does not know it")]),
    ],
)  # fmt: skip
def test_two_runs_of_rows_differ_where_they_differ_and_nowhere_else(told, stored, expected):
    assert [*differences(told, stored, ("no", "text"), ("no",), "row", "the log")] == expected


def test_the_log_of_a_portfolio_is_read_a_part_at_a_time(tmp_path, monkeypatch):
    with portfolio(tmp_path, *(account(no) for no in range(1, 8)), contract()) as made:
        monkeypatch.setattr(store, "_BLOCK", 2)
        assert list(replay(made)) == []
        made.execute("UPDATE account SET name = 'x' WHERE no = 5")
        assert [each.where for each in replay(made)] == ["account 5"]


class Backwards:
    """A portfolio whose log, read on, comes again: a damaged index can say so."""

    def __init__(self, made):
        self.made = made

    def rows(self, sql, params):
        return self.made.rows(sql, (0,))

    def scan(self, sql):
        return self.made.scan(sql)


def test_a_log_that_does_not_go_on_ends_the_reading(tmp_path):
    with portfolio(tmp_path, account()) as made:
        found = [(each.where, each.what) for each in replay(Backwards(made))]
    assert ("change 1", "the log is not in order from here on") in found


def test_a_row_brought_twice_is_found_at_the_end_of_the_log(tmp_path):
    with portfolio(tmp_path, account()) as made:
        names = "op, entity, key, account_no, before, after"
        made.execute(f"INSERT INTO change (no, {names}) SELECT no + 1, {names} FROM change")
        found = [(each.where, each.what) for each in replay(made)]
    assert len(found) == 1
    assert found[0][0] == "the end of the log"
    assert found[0][1].startswith("brings account 1, which cannot be")


def test_every_entity_has_a_key_of_its_own_columns():
    assert all(set(info.key) <= set(columns(entity)) for entity, info in ENTITIES.items())


def test_the_last_part_of_a_key_may_hold_the_mark_between_parts(fold):
    cells = json.dumps(["1", 1, 1, "a|b", "done", "2026-03-02", None, None, None, "ana"])
    assert said(fold, "item_state", "1|1|a|b", None, cells) == []
    assert said(fold, "item_state", "1|1|a|b", '{"state": "done"}', '{"state": "skipped"}') == []
