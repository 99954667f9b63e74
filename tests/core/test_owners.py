"""OWN-3: each person's load is counted once, and what nobody owns is listed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.capacity import Hours
from renewctl.core.dates import WorkCalendar
from renewctl.core.owners import in_charge
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.core.test_ownership import with_team
from tests.work import DAY, renewing, work

POLICY = Policy(RAW)
HOURS = Hours(POLICY, WorkCalendar("", frozenset()))
people = st.sampled_from(["ana", "rui", None])
books = st.lists(
    st.tuples(
        people, st.one_of(st.none(), st.integers(0, 10**7)), st.one_of(st.none(), st.integers(-50, 200))
    ),
    max_size=12,
)
tasks = st.lists(st.tuples(people, st.integers(-40, 60), st.sampled_from([0, 30, 600])), max_size=12)


@given(books, tasks)
def test_what_each_person_carries_is_counted_once_and_adds_up_to_the_book(book, items):
    """OWN-3."""
    renewals = [renewing(no, owner, arr, ahead, csm=owner) for no, (owner, arr, ahead) in enumerate(book, 1)]
    works = [
        work(1, f"s{at}", minutes, DAY + timedelta(days=ahead), person)
        for at, (person, ahead, minutes) in enumerate(items)
    ]
    found = in_charge(renewals, works, POLICY, 0, HOURS, DAY)
    near = [each for each in items if each[1] <= 30]
    assert {each.person for each in found.people} == {each[0] for each in [*book, *near]} - {None}
    for each in found.people:
        mine = [row for row in book if row[0] == each.person]
        assert each.accounts == each.renewals == len(mine)
        assert each.arr_base_minor == sum(arr or 0 for _, arr, _ in mine)
        assert each.renewals_quarter == sum(1 for _, _, on in mine if on is not None and 0 <= on <= 91)
        own = [row for row in near if row[0] == each.person]
        assert (each.items, each.minutes) == (len(own), sum(minutes for _, _, minutes in own))
        assert each.overdue == sum(1 for row in own if row[1] < 0)
    assert len(found.unowned) == sum(1 for owner, _, _ in book if owner is None)
    assert len(found.unowned_items) == sum(1 for person, _, _ in near if person is None)
    arrs = [each.arr_base_minor for each in found.people]
    assert arrs == sorted(arrs, reverse=True)


def test_somebody_with_too_much_is_said_to_have_it_with_the_reason():
    """TRK."""
    renewals = [renewing(no, "ana", ahead=20) for no in range(1, 102)]
    found = in_charge(renewals, [work(1, minutes=200 * 60)], POLICY, 0, HOURS, DAY).people[0]
    assert [each.observed for each in found.over] == [
        "101 accounts",
        "101 renewals in the coming quarter",
        "200 h planned in the coming 30 days",
    ]
    assert in_charge(renewals[:5], [], POLICY, 0, HOURS, DAY).people[0].over == ()


def test_a_vacant_role_is_listed_with_what_falls_to_its_stand_in():
    """OWN-3, role_vacant."""
    renewals = [renewing(1, "ana", 80_000_00), renewing(2, "ana", 60_000_00), renewing(3, "ana", 20_000_00)]
    works = [work(1, role="legal", delegate=True), work(1, "x", role="sales", delegate=True), work(2, "y")]
    found = in_charge(renewals, works, POLICY, 0, HOURS, DAY).vacancies
    assert [tuple(each) for each in found] == [("legal", 0, 0, 1), ("sales", 2, 140_000_00, 1)]


def test_each_contract_is_held_against_its_own_value_where_the_policy_says_so():
    """OWN-2: value_scope decides what the limits are held against."""
    raw = {**dict(RAW), "general": {**RAW["general"], "value_scope": "contract"}}
    each = renewing(1, "ana", 20_000_00)
    each = each._replace(row=each.row._replace(account_arr_base_minor=80_000_00))
    assert in_charge([each], [], Policy(raw), 0, HOURS, DAY).vacancies == ()
    assert [v.role for v in in_charge([each], [], POLICY, 0, HOURS, DAY).vacancies] == ["sales"]


@pytest.mark.parametrize("model", ["csm", "sales", "specialist", "hybrid"])
@pytest.mark.parametrize("volume", [0, 100])
def test_the_role_wanted_is_that_of_the_model_in_force(model, volume):
    """OWN-1: where only a CSM is there, every other role is vacant."""
    found = in_charge([renewing(1, "ana", 5_000_00)], [], with_team(model), volume, HOURS, DAY)
    wanted = {"csm": "csm", "sales": "sales"}.get(model, "specialist" if volume else "csm")
    assert [each.role for each in found.vacancies] == ([] if wanted == "csm" else [wanted])
