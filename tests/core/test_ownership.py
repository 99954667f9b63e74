"""OWN: exactly one owner, the first rule that fits, vacancies and unowned work said aloud."""

from copy import deepcopy
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.ownership import owner, step_person
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account

POLICY = Policy(RAW)
DAY = date(2026, 3, 1)
TEAM = {"csm": "Cora", "sales_owner": "Saul", "specialist": "Spiro"}


def with_team(model="hybrid", **team):
    raw = deepcopy(dict(RAW))
    raw["team"].update(team)
    raw["ownership"]["model"] = model
    return Policy(raw)


@pytest.mark.parametrize(
    ("units", "person", "role"),
    [
        (0, "Spiro", "specialist"),
        (9_999, "Spiro", "specialist"),
        (10_000, "Cora", "csm"),
        (49_999, "Cora", "csm"),
        (50_000, "Saul", "sales"),
        (900_000, "Saul", "sales"),
    ],
)
def test_the_first_rule_that_fits_the_arr_names_the_role(units, person, role):
    # OWN-2
    found = owner(an_account(**TEAM), units * 100, POLICY, 0)
    assert (found.person, found.role) == (person, role)


def test_without_a_specialist_named_small_renewals_need_the_volume():
    # OWN-1
    account = an_account(csm="Cora")
    hired = with_team(specialist="Spiro")
    assert owner(account, 500_00, hired, 99)[:2] == ("Cora", "csm")
    assert owner(account, 500_00, hired, 100)[:2] == ("Spiro", "specialist")


def test_a_vacant_role_falls_to_the_csm_and_says_so():
    # OWN-3
    found = owner(an_account(csm="Cora"), 80_000_00, POLICY, 0)
    assert (found.person, found.role) == ("Cora", "csm")
    assert any("role_vacant" in each.observed for each in found.because)
    vacant = owner(an_account(csm="Cora"), 500_00, POLICY, 100)
    assert (vacant.person, vacant.role) == ("Cora", "csm")
    assert any("role_vacant" in each.observed for each in vacant.because)


def test_the_team_fills_a_role_the_account_leaves_open():
    assert owner(an_account(csm="Cora"), 80_000_00, with_team(sales="Sven"), 0).person == "Sven"


def test_with_nobody_at_all_the_renewal_is_unowned_and_that_is_a_reason():
    # OWN, OWN-3
    found = owner(an_account(), 80_000_00, POLICY, 0)
    assert found.person is None
    assert any("unowned" in each.observed for each in found.because)


def test_an_unknown_arr_goes_to_the_csm_and_not_to_sales():
    found = owner(an_account(**TEAM), None, POLICY, 500)
    assert (found.person, found.role) == ("Cora", "csm")
    assert "ARR unknown" in found.because[0].observed


@pytest.mark.parametrize(
    ("model", "role"), [("csm", "csm"), ("sales", "sales"), ("specialist", "specialist")]
)
def test_the_other_models_do_not_ask_for_the_arr(model, role):
    # OWN-1
    for arr in (None, 0, 10**9):
        assert owner(an_account(**TEAM), arr, with_team(model), 0).role == role


def test_the_specialist_model_without_volume_leaves_renewals_with_the_csm():
    assert (
        owner(an_account(csm="Cora"), 500_00, with_team("specialist", specialist="Spiro"), 40).role == "csm"
    )


@pytest.mark.parametrize("units", [500, 20_000, 500_000])
def test_a_strategic_account_engages_an_executive_at_any_size(units):
    # OWN-2
    account = an_account(**TEAM, strategic=1, executive_sponsor="Exeter")
    found = owner(account, units * 100, POLICY, 0)
    assert found.participants == ("Exeter",)
    assert found.person != "Exeter"
    nameless = owner(an_account(**TEAM, strategic=1), units * 100, POLICY, 0)
    assert nameless.participants == ()
    assert any("not named" in each.observed for each in nameless.because)


named = st.sampled_from([None, "Ann", "Bob"])


@given(st.one_of(st.none(), st.integers(0, 10**8)), named, named, named, st.integers(0, 200))
def test_there_is_one_owner_whenever_there_is_a_csm(arr, csm, sales, specialist, volume):
    # OWN
    account = an_account(csm=csm, sales_owner=sales, specialist=specialist)
    found = owner(account, arr, POLICY, volume)
    assert found.person in {csm, sales, specialist}
    if csm is not None:
        assert found.person is not None


def test_a_step_goes_to_who_fills_its_role_or_to_the_csm_as_a_delegate():
    # OWN-3
    account = an_account(**TEAM, executive_sponsor="Exeter")
    policy = with_team(legal="Lena", managers={"Cora": "Mara"}, manager="Max")
    assert step_person("owner", account, "Saul", policy) == ("Saul", False)
    assert step_person("csm", account, "Saul", policy) == ("Cora", False)
    assert step_person("sales", account, "Cora", policy) == ("Saul", False)
    assert step_person("executive_sponsor", account, "Cora", policy) == ("Exeter", False)
    assert step_person("legal", account, "Saul", policy) == ("Lena", False)
    assert step_person("manager", account, "Saul", policy) == ("Mara", False)
    assert step_person("manager", an_account(csm="Other"), "Saul", policy) == ("Max", False)
    assert step_person("finance", account, "Saul", policy) == ("Cora", True)
    assert step_person("finance", an_account(), "Saul", policy) == ("Saul", True)
    assert step_person("finance", an_account(), None, policy) == (None, True)


@pytest.mark.parametrize("arr", [None, 999_99, 1_000_00, 10**9])
def test_where_no_rule_of_a_model_fits_the_csm_owns_the_renewal(arr):
    raw = deepcopy(dict(RAW))
    raw["ownership"]["models"]["hybrid"] = {"only": {"order": 1, "below": 1_000, "role": "specialist"}}
    found = owner(an_account(**TEAM), arr, Policy(raw), 0)
    below = arr is not None and arr < 1_000_00
    assert (found.person, found.role) == (("Spiro", "specialist") if below else ("Cora", "csm"))
