"""SEG: the thresholds to the cent, what is unknown, and when another segment is suggested."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import money
from renewctl.core.model import Contract
from renewctl.core.policy import Policy
from renewctl.core.segment import (
    base_minor,
    contracts_arr,
    converted,
    in_force,
    segment,
    segment_verdict,
    suggest_override,
    total,
    value_problems,
)
from renewctl.policies.shipped import RAW
from tests.book import an_account

POLICY = Policy(RAW)
DAY = date(2026, 3, 1)


def a_contract(**facts):
    known = {"no": 1, "id": "C1", "account_no": 1, "state": "open", "stage": "planned", "cycle": 1}
    return Contract(**{**dict.fromkeys(Contract._fields), **known, "recorded_on": DAY, **facts})


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ("0", "smb"),
        ("9999.99", "smb"),
        ("10000", "mid_market"),
        ("99999.99", "mid_market"),
        ("100000", "enterprise"),
        ("1000000000", "enterprise"),
    ],
)
def test_a_threshold_belongs_to_the_segment_above_it(units, expected):
    assert segment(int(Fraction(units) * 100), None, POLICY) == expected


def test_a_blank_arr_is_unknown_and_never_zero():
    assert segment(None, None, POLICY) is None
    assert segment(0, None, POLICY) == "smb"


@given(st.integers(0, 10**13))
def test_every_arr_has_the_segment_of_the_rule(minor):
    expected = "enterprise" if minor >= 100_000_00 else "mid_market" if minor >= 10_000_00 else "smb"
    assert segment(minor, None, POLICY) == expected


@given(st.one_of(st.none(), st.integers(0, 10**10)), st.sampled_from(["enterprise", "mid_market", "smb"]))
def test_the_word_of_a_person_wins_whatever_the_arr(minor, override):
    assert segment(minor, override, POLICY) == override


def test_an_override_is_the_first_reason_given_and_the_value_the_second():
    account = an_account(segment_override="enterprise", segment_reason="board seat")
    verdict = segment_verdict(95_000_00, account, POLICY)
    assert verdict.value == "enterprise"
    assert [each.rule for each in verdict.because] == ["SEG-1", "SEG"]
    assert "board seat" in verdict.because[0].observed
    assert "mid_market" in verdict.because[1].threshold


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "GBP", "BRL", "MXN", "USD"]))
def test_the_base_value_is_the_exact_conversion(minor, currency):
    assert base_minor(minor, currency, POLICY) == money.convert(minor, currency, "USD", POLICY.rates)


def test_a_currency_without_a_rate_is_named_and_not_taken_one_to_one():
    contract = a_contract(id="C9", arr_minor=5_000_000, currency="JPY", source="book.csv", source_line=7)
    assert base_minor(5_000_000, "JPY", POLICY) is None
    (problem,) = value_problems(an_account(), [contract], POLICY)
    assert (problem.code, problem.value, problem.file, problem.line) == (
        "currency-without-rate",
        "JPY",
        "book.csv",
        7,
    )
    verdict = segment_verdict(None, an_account(), POLICY, (problem,))
    assert verdict.value is None
    assert "JPY" in verdict.because[-1].observed


def test_a_blank_arr_beside_a_known_one_is_named_and_hides_nothing():
    contracts = [a_contract(arr_minor=5_000_00, currency="USD"), a_contract(no=2, id="C2")]
    assert [each.code for each in value_problems(an_account(), contracts, POLICY)] == ["arr-unknown"]
    assert total([5_000_00, None]) == 5_000_00
    assert total([None, None]) is None


def test_a_lost_contract_is_no_problem():
    assert value_problems(an_account(), [a_contract(state="lost")], POLICY) == ()


def test_a_large_expansion_just_under_the_top_suggests_enterprise():
    near = an_account(expansion_minor=20_000_00)
    assert suggest_override(near, None, 95_000_00, "green", "expansion", POLICY).value == "enterprise"
    assert suggest_override(near, None, 94_999_99, "green", "expansion", POLICY) is None
    assert suggest_override(an_account(), None, 95_000_00, "green", "flat", POLICY) is None
    small = an_account(expansion_minor=18_999_99)
    assert suggest_override(small, None, 95_000_00, "green", "expansion", POLICY) is None


def test_quiet_years_just_over_the_top_suggest_mid_market():
    old, young = a_contract(cycle=3), a_contract(cycle=2)
    assert suggest_override(an_account(), old, 110_000_00, "green", "flat", POLICY).value == "mid_market"
    assert suggest_override(an_account(), young, 110_000_00, "green", "flat", POLICY) is None
    assert suggest_override(an_account(), old, 110_000_01, "green", "flat", POLICY) is None
    assert suggest_override(an_account(), old, 110_000_00, "yellow", "flat", POLICY) is None
    assert suggest_override(an_account(), old, 110_000_00, "green", "expansion", POLICY) is None


def test_a_contract_that_began_three_terms_ago_counts_as_quiet_years():
    old = a_contract(start_on=date(2023, 6, 1), renewal_on=date(2026, 5, 31), term_months=12)
    assert suggest_override(an_account(), old, 105_000_00, "green", "flat", POLICY).value == "mid_market"
    new = a_contract(start_on=date(2025, 6, 1), renewal_on=date(2026, 5, 31), term_months=12)
    assert suggest_override(an_account(), new, 105_000_00, "green", "flat", POLICY) is None


def test_the_policy_says_how_near_how_large_and_how_quiet_a_suggestion_needs_it():
    looser = {"near_pct": 80, "large_pct": 50, "over_pct": 130, "quiet_cycles": 2}
    other = Policy({**POLICY.raw, "overrides": looser}, "other")
    half = an_account(expansion_minor=40_000_00)
    assert suggest_override(half, None, 80_000_00, "green", "expansion", other).value == "enterprise"
    assert suggest_override(half, None, 79_999_99, "green", "expansion", other) is None
    assert suggest_override(half, None, 80_000_01, "green", "expansion", other) is None  # under half of it
    young = a_contract(cycle=2)
    assert suggest_override(an_account(), young, 130_000_00, "green", "flat", other).value == "mid_market"
    assert suggest_override(an_account(), young, 130_000_01, "green", "flat", other) is None


def test_nothing_is_suggested_once_a_person_has_decided():
    decided = an_account(expansion_minor=50_000_00, segment_override="mid_market")
    assert suggest_override(decided, None, 95_000_00, "green", "expansion", POLICY) is None


@pytest.mark.parametrize("status", ["Churned", "deleted", "Prospect", "CANCELADO", "excluído", "prospecto"])
def test_customers_no_more_or_not_yet_are_out_of_force(status):
    assert not in_force(status)


@pytest.mark.parametrize("status", [None, "", "active", "Customer", "ativo", "Churn risk", "em risco"])
def test_customers_are_in_force_also_when_the_status_is_blank_or_only_warns(status):
    assert in_force(status)


SUMS = st.lists(
    st.builds(
        lambda arr, currency, state: a_contract(arr_minor=arr, currency=currency, state=state),
        st.one_of(st.none(), st.integers(0, 10**9)),
        st.sampled_from([None, "EUR", "USD"]),
        st.sampled_from(["open", "lost"]),
    ),
    max_size=4,
)


@given(SUMS, st.sampled_from([None, "EUR"]), st.one_of(st.none(), st.integers(0, 10**10)))
def test_an_arr_is_shown_in_the_one_currency_it_is_in_and_else_in_the_base(found, own, base_value):
    counted = [each for each in found if each.state == "open" and each.arr_minor is not None]
    currencies = {each.currency or own or "USD" for each in counted}
    seen = contracts_arr(found, an_account(currency=own), base_value, "USD")
    if len(currencies) == 1:
        assert seen == (sum(each.arr_minor for each in counted), currencies.pop())
    else:
        assert seen == (base_value, "USD" if counted else own or "USD")


def test_an_amount_is_shown_with_the_rate_that_made_its_base_value():
    assert converted(1_000, "USD", 1_000, POLICY) == "USD 10"
    rate = POLICY.raw["rates"]["EUR"]
    assert converted(1_000, "EUR", 1_100, POLICY) == f"EUR 10 at {rate} = USD 11"
    assert converted(1_000, "JPY", None, POLICY) == "JPY 1,000, no rate to USD"


def test_an_account_without_a_contract_has_renewed_nothing_quietly():
    quiet = an_account(), a_contract(cycle=9), 105_000_00, "green", "flat", POLICY
    assert suggest_override(*quiet).value == "mid_market"
    assert suggest_override(quiet[0], None, *quiet[2:]) is None
