"""A row of the log reads as fields before and after, each amount in the currency of its time."""

import json
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.history import Logged, decode

NAMES = ("no", "id", "arr_minor", "currency", "renewal_on", "csm", "search_name")
BLANK = dict.fromkeys(NAMES) | {"no": 7, "id": "K7"}


def logged(before, after, entity="contract", op=1):
    """As the store logs it: a row added or removed whole, in the order of columns; else what changed."""
    texts = [None if side is None else json.dumps(side) for side in (before, after)]
    return Logged(op, op, entity, "7", 1, *texts)


def added(row):
    return logged(None, list(row.values()))


def read(row, currencies=None):
    return decode(row, NAMES, "A1", "K7", {} if currencies is None else currencies)


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (None, list(BLANK.values()), "added"),
        (list(BLANK.values()), None, "removed"),
        ({"csm": "Ana"}, {"csm": "Bo"}, "changed"),
    ],
)
def test_a_row_was_added_removed_or_changed(before, after, action):
    found = read(logged(before, after))
    assert (found.entity, found.key, found.account, found.label) == ("contract", "7", "A1", "K7")
    assert found.action == action


def test_a_row_that_was_added_tells_what_is_filled_under_the_names_people_type():
    row = {**BLANK, "arr_minor": 120_000_00, "currency": "EUR", "renewal_on": "2026-05-31"}
    told = {change.field: (change.before, change.after) for change in read(added(row)).fields}
    assert told == {
        "contract_id": (None, "K7"),
        "arr": (None, 120_000_00),
        "currency": (None, "EUR"),
        "renewal_date": (None, date(2026, 5, 31)),
    }


def test_a_row_that_was_removed_tells_what_it_held():
    row = {**BLANK, "renewal_on": "2026-05-31"}
    told = {change.column: (change.before, change.after) for change in read(added(row)).fields}
    gone = read(logged(list(row.values()), None)).fields
    assert {change.column: (change.after, change.before) for change in gone} == told


def test_columns_that_follow_from_others_say_nothing_to_a_person():
    found = read(logged({"csm": "Ana", "search_name": "x"}, {"csm": "Bo", "search_name": "y"}))
    assert [change.column for change in found.fields] == ["csm"]


STATES = st.lists(
    st.fixed_dictionaries(
        {
            "arr_minor": st.one_of(st.none(), st.integers(0, 10**9)),
            "currency": st.sampled_from([None, "USD", "EUR", "JPY"]),
            "renewal_on": st.sampled_from([None, "2026-05-31", "2027-05-31"]),
            "csm": st.sampled_from([None, "Ana", "Bo"]),
        }
    ),
    min_size=1,
    max_size=6,
)


@given(STATES)
def test_read_from_the_newest_back_every_change_tells_both_sides_in_the_currency_of_their_time(states):
    rows = [{**BLANK, **state} for state in states]
    log = [added(rows[0])]
    for op, (old, new) in enumerate(pairwise(rows), 2):
        changed = [name for name in NAMES if old[name] != new[name]]
        log.append(
            logged({name: old[name] for name in changed}, {name: new[name] for name in changed}, op=op)
        )
    currencies = {("contract", "7"): rows[-1]["currency"]}
    for at in reversed(range(1, len(rows))):
        old, new = rows[at - 1], rows[at]
        found = {change.column: change for change in read(log[at], currencies).fields}
        assert set(found) == {name for name in NAMES if old[name] != new[name]}
        if "arr_minor" in found:
            told = found["arr_minor"]
            assert (told.before, told.after) == (old["arr_minor"], new["arr_minor"])
            assert (told.currency_before, told.currency_after) == (old["currency"], new["currency"])
        if "csm" in found:
            assert (found["csm"].currency_before, found["csm"].currency_after) == (None, None)
    first = {change.column: change for change in read(log[0], currencies).fields}
    if rows[0]["arr_minor"] is not None:
        assert first["arr_minor"].currency_after == rows[0]["currency"]
