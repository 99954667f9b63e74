"""OPP: one type per renewal, the first that holds, with its reasons."""

from datetime import date
from itertools import product

import pytest

from renewctl.core.classify import classify
from renewctl.core.opportunity import TYPES, opportunity, opportunity_verdict
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account, reading

POLICY = Policy(RAW)
DAY = date(2026, 3, 1)
INPUTS = ("usage_trend", "open_tickets", "csat", "nps", "engagement", "relationship")


def test_the_first_that_holds_decides_in_every_combination():
    # HLT-3
    bands = ("green", "yellow", "red", None)
    for band, saving, notice, early, grows in product(bands, *[(False, True)] * 4):
        account = an_account(
            cancel_notice_on=DAY if notice else None,
            early_on=DAY if early else None,
            expansion_minor=500_00 if grows else None,
        )
        holds = {
            "at_risk": band == "red" or saving or notice,
            "early": early,
            "expansion": band == "green" and grows,
            "flat": True,
        }
        expected = next(each for each in ("at_risk", "early", "expansion", "flat") if holds[each])
        verdict = opportunity_verdict(account, band, None, saving, POLICY)
        assert opportunity(account, band, saving, POLICY) == verdict.value == expected
        assert verdict.because or (expected == "at_risk" and band == "red")
        assert expected in TYPES


def test_a_score_under_the_threshold_puts_a_renewal_at_risk_and_one_on_it_does_not():
    # HLT-3: nobody sets it by hand
    for score, expected in ((50.0, "flat"), (49.9, "at_risk")):
        read = reading(1, **dict.fromkeys(INPUTS), score=score, read_on=DAY)
        row = classify(an_account(), [], [read], False, POLICY, DAY, 0)[0]
        assert (row.score, row.opportunity) == (score, expected)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"expansion_minor": 1}, "expansion"),
        ({"expansion_minor": 0}, "flat"),
        ({"seats_purchased": 10, "seats_used": 9}, "expansion"),
        ({"seats_purchased": 1000, "seats_used": 899}, "flat"),
        ({"seats_purchased": 70, "seats_used": 63}, "expansion"),
        ({"seats_purchased": 0, "seats_used": 0}, "flat"),
        ({"seats_used": 50}, "flat"),
        ({"growth_rate": 0.2}, "expansion"),
        ({"growth_rate": 0.199}, "flat"),
        ({}, "flat"),
    ],
)
def test_growth_is_potential_nearly_full_seats_or_fast_growth(facts, expected):
    assert opportunity(an_account(**facts), "green", False, POLICY) == expected


def test_every_reason_for_risk_is_given():
    account = an_account(cancel_notice_on=DAY)
    verdict = opportunity_verdict(account, "red", 20.0, True, POLICY)
    assert [each.rule for each in verdict.because] == ["OPP-3", "OPP-3", "HLT-3"]
    assert "2026-03-01" in verdict.because[0].observed


def test_growth_that_health_holds_back_is_said():
    verdict = opportunity_verdict(an_account(expansion_minor=500_00), "yellow", 60.0, False, POLICY)
    assert verdict.value == "flat"
    assert "USD 500" in verdict.because[0].observed
    assert "green" in verdict.because[0].threshold


@pytest.mark.parametrize(("bought", "used"), [(100, 100), (10, 9), (10, 12)])
def test_seats_that_are_nearly_all_used_are_given_as_a_reason_with_their_numbers(bought, used):
    verdict = opportunity_verdict(
        an_account(seats_purchased=bought, seats_used=used), "green", None, False, POLICY
    )
    assert (verdict.value, [each.rule for each in verdict.because]) == ("expansion", ["OPP-2", "OPP-2"])
    seen = f"{used} of {bought} seats used ({100 * used // bought}%)"
    assert seen in [each.observed for each in verdict.because]
