"""A flip really flips its decision, nothing smaller does, and every fact says where it came from."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from renewctl.core import money
from renewctl.core.classify import Facts, classification
from renewctl.core.explain import DECISIONS, decisions, explain, flips
from renewctl.core.levers import levers
from renewctl.core.policy import Policy
from renewctl.policies.shipped_rules import RAW as RULES
from tests.book import an_account as bare_account
from tests.core.test_classify import SHARED, a_contract, a_reading, accounts, contracts, policies, readings

DAY = date(2026, 3, 1)
SOURCE = {"source": "accounts.csv", "source_line": 12}


def an_account(**facts):
    return bare_account(**SOURCE, **facts)


def the_facts(account, found, read, saving=False, volume=0):
    opened = [each.no for each in found if each.state == "open"]
    return Facts(account, tuple(found), tuple(read), saving, volume, opened[0] if opened else None)


def flip_of(account, found, read, decision, field):
    given_flips = flips(the_facts(account, found, read), SHARED, DAY)[decision]
    return next((flip for flip in given_flips if flip.field == field), None)


@settings(max_examples=25, deadline=None)
@given(accounts, contracts, readings, st.booleans(), policies, st.data())
def test_a_flip_changes_its_decision_and_nothing_smaller_does(account, found, read, saving, policy, data):
    facts = the_facts(account, found, read, saving)
    now = decisions(facts, policy, DAY)
    moves = {lever.field: lever for lever in levers(facts, policy, DAY)}
    for decision, listed in flips(facts, policy, DAY).items():
        for flip in listed:
            if flip.field not in moves:
                continue
            lever = moves[flip.field]
            then = decisions(lever.moved(flip.to), policy, DAY)
            assert then[decision] == flip.becomes != now[decision]
            if flip.field == "arr" and flip.now is not None:
                size = abs(flip.to - flip.now)
                smaller = flip.now + data.draw(st.integers(-size + 1, size - 1))
                assume(smaller >= 0)
                assert decisions(lever.moved(smaller), policy, DAY)[decision] == now[decision]
            elif lever.grain is not None:
                steps = data.draw(st.integers(0, round(abs(flip.to - flip.now) / lever.grain) - 1))
                smaller = round(flip.now + steps * lever.grain * (1 if flip.to > flip.now else -1), 6)
                assert decisions(lever.moved(smaller), policy, DAY)[decision] == now[decision]


@pytest.mark.parametrize(
    ("arr", "to", "becomes"),
    [
        (95_000_00, 100_000_00, "enterprise"),
        (100_000_00, 99_999_99, "mid_market"),
        (10_000_00, 9_999_99, "smb"),
        (0, 10_000_00, "mid_market"),
        (54_000_00, 9_999_99, "smb"),
        (56_000_00, 100_000_00, "enterprise"),
    ],
)
def test_the_nearest_threshold_is_the_smallest_change_of_arr(arr, to, becomes):
    flip = flip_of(an_account(), [a_contract(1, arr_minor=arr, state="open")], [], "segment", "arr")
    assert (flip.now, flip.to, flip.becomes) == (arr, to, becomes)


def test_a_foreign_arr_flips_in_its_own_currency():
    contract = a_contract(1, arr_minor=500_000_00, currency="BRL", state="open")
    flip = flip_of(an_account(), [contract], [], "segment", "arr")
    assert abs(flip.to - 55_555_555) <= 3  # 100,000 USD at 0.18
    assert flip.becomes == "enterprise"


def test_the_health_band_says_how_far_each_input_is_from_flipping_it():
    read = [a_reading(0, usage_trend=0.0, engagement=80.0, relationship=70.0, open_tickets=2)]
    # 35*70 + 20*80 + 20*70 + 15*80 over 90 = 73.9; green from 75: 99 more weighted points.
    facts = an_account(), [a_contract(1, state="open")], read
    assert flip_of(*facts, "health", "score").to == 75.0
    assert flip_of(*facts, "health", "engagement").to == 85.0
    assert flip_of(*facts, "health", "relationship").to == 75.0
    assert flip_of(*facts, "health", "open_tickets").to == 1.0
    assert flip_of(*facts, "health", "usage_trend").to == 2.0


def test_without_a_band_the_fewest_inputs_that_would_give_one_are_named():
    read = [a_reading(0, open_tickets=2)]
    listed = flips(the_facts(an_account(), [], read), SHARED, DAY)["health"]
    assert [flip.field for flip in listed] == ["usage"]
    nothing = flips(the_facts(an_account(), [], []), SHARED, DAY)["health"]
    assert [flip.field for flip in nothing] == ["usage + engagement"]


def test_a_cap_is_flipped_by_the_fact_behind_it_and_not_by_a_better_reading():
    read = [a_reading(0, usage_trend=20.0, engagement=90.0, relationship=90.0)]
    account = an_account(champion_gone=1)
    listed = flips(the_facts(account, [], read), SHARED, DAY)["health"]
    assert "champion_gone" in {flip.field for flip in listed}
    assert all(flip.becomes != "green" for flip in listed if flip.field == "engagement")


def test_seats_flip_to_expansion_exactly_at_the_share():
    account = an_account(seats_purchased=50, seats_used=30)
    flip = flip_of(account, [], [a_reading(0, score=80.0)], "opportunity", "seats_used")
    assert (flip.to, flip.becomes) == (45, "expansion")


@given(accounts, contracts, readings, st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_decision_is_explained_by_a_rule_that_is_written_down(account, found, read, saving):
    explained = explain(Facts(account, found, read, saving, 0), SHARED, DAY)
    why = classification(Facts(account, found, read, saving, 0), SHARED, DAY)
    assert tuple(each.decision for each in explained) == DECISIONS
    for each in explained:
        assert each.value == why.verdicts()[each.decision].value
        assert each.because
        assert {because.rule for because in each.because} <= set(RULES)


def test_every_fact_names_the_file_and_line_it_came_from():
    account = an_account(csm="Cora", expansion_minor=500_00)
    found = [
        a_contract(1, arr_minor=5_000_00, state="open", source="contracts.csv", source_line=9, auto_renew=1)
    ]
    read = [a_reading(0, engagement=80.0, source="health.csv", source_line=4)]
    told = {
        (decision.decision, source.field): (source.file, source.line)
        for decision in explain(Facts(account, found, read, False, 0), SHARED, DAY)
        for source in decision.sources
    }
    assert told["segment", "arr"] == ("contracts.csv", 9)
    assert told["health", "engagement"] == ("health.csv", 4)
    assert told["opportunity", "expansion_arr"] == ("accounts.csv", 12)
    assert told["touch", "auto_renew"] == ("contracts.csv", 9)
    assert told["owner", "csm"] == ("accounts.csv", 12)


def test_a_fact_set_by_hand_is_not_ascribed_to_a_file():
    found = [a_contract(1, arr_minor=5_000_00, state="open", source="contracts.csv", source_line=9)]
    hand = frozenset({("contract", 1, "arr_minor")})
    segment = explain(Facts(an_account(), found, [], False, 0), SHARED, DAY, by_hand=hand)[0]
    assert [(each.field, each.file, each.origin) for each in segment.sources] == [("arr", None, "by hand")]


def test_an_old_reading_that_no_longer_counts_flips_nothing():
    read = [a_reading(200, usage_trend=20.0, engagement=90.0)]
    assert read[0].read_on == DAY - timedelta(days=200)
    listed = flips(the_facts(an_account(), [], read), SHARED, DAY)["health"]
    assert {flip.field for flip in listed} == {"score"}


@given(st.integers(1, 10**15), st.sampled_from(["LBP", "JPY", "KWD"]))
def test_the_arr_on_either_side_of_each_threshold_is_tried_whatever_the_rate(rate, code):
    """A rate of many decimals once took seconds per threshold: 100,000 USD are 9 billion LBP."""
    raw = {**SHARED.raw, "rates": {code: format(Decimal(rate).scaleb(-15), "f")}}
    policy = Policy(raw)
    contract = a_contract(1, arr_minor=1, currency=code, state="open")
    lever = next(each for each in levers(the_facts(an_account(), [contract], []), policy, DAY))
    candidates = set(lever.candidates)
    assert all(0 <= value <= money.LARGEST_MINOR for value in candidates)

    def worth(minor):
        return money.convert(minor, code, "USD", policy.rates)

    for limit in (10_000_00, 25_000_00, 50_000_00, 100_000_00):
        if worth(money.LARGEST_MINOR) < limit or worth(2) >= limit:
            continue  # no amount reaches it, or the contract stands at it
        assert any(worth(value - 1) < limit <= worth(value) for value in candidates)
        assert any(worth(value) < limit <= worth(value + 1) for value in candidates)


def test_a_policy_that_wants_every_input_names_all_that_are_missing():
    raw = {**SHARED.raw, "health": {**SHARED.raw["health"], "least_weight": 1}}
    facts = the_facts(an_account(), [], [a_reading(0, relationship=80.0)])
    listed = flips(facts, Policy(raw), DAY)["health"]
    assert [flip.field.split(" + ") for flip in listed] == [["usage", "engagement", "tickets", "nps"]]
