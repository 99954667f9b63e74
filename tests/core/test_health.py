"""HLT: the score against its rule worked out in exact fractions, missing inputs, caps, fading, HLT-5."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.health import pulse
from renewctl.core.health_reasons import health
from renewctl.core.model import Reading
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account

POLICY = Policy(RAW)
DAY = date(2026, 3, 1)


def a_reading(read_on=DAY, **inputs):
    return Reading(**{**dict.fromkeys(Reading._fields), "account_no": 1, "read_on": read_on, **inputs})


WHOLE = {
    "usage_trend": 0.0, "engagement": 80.0, "relationship": 60.0, "open_tickets": 2, "nps": 50.0, "csat": 4.0,
}  # fmt: skip


def maybe(low, high):
    return st.one_of(st.none(), st.integers(low, high))


inputs = st.fixed_dictionaries(
    {
        "usage_trend": maybe(-80, 60),
        "engagement": maybe(0, 100),
        "relationship": maybe(0, 100),
        "open_tickets": maybe(0, 15),
        "nps": maybe(-100, 100),
        "csat": maybe(1, 5),
    }
)


def worked_out(found, age=0):
    """The rule text in exact fractions: (score or None, present weight)."""
    usage, tickets = found["usage_trend"], found["open_tickets"]
    scaled = {
        35: None if usage is None else usage_by_rule(usage),
        20.1: found["engagement"],
        20.2: found["relationship"],
        15: None if tickets is None else max(0, 100 - 10 * tickets),
        10: None,
    }
    opinions = []
    if found["nps"] is not None:
        opinions.append(Fraction(found["nps"] + 100, 2))
    if found["csat"] is not None:
        opinions.append(Fraction(found["csat"] - 1, 4) * 100)
    if opinions:
        scaled[10] = sum(opinions) / len(opinions)
    kept = 1 - min(max(Fraction(age - 30, 90), 0), 1)
    known = {int(weight): [] for weight in scaled}
    total, present = Fraction(0), 0
    for weight, value in scaled.items():
        if value is not None:
            total += int(weight) * (50 + (Fraction(value) - 50) * kept)
            present += int(weight)
    assert known
    return (total / present if present >= 50 else None), present


def usage_by_rule(trend):
    if trend <= -50:
        return 0
    if trend >= 20:
        return 100
    return Fraction(trend + 50, 50) * 70 if trend <= 0 else 70 + Fraction(trend, 20) * 30


@given(inputs, st.integers(0, 150))
def test_the_score_is_the_weighted_mix_of_what_is_known(found, age):
    score, present = worked_out(found, age)
    seen = health(an_account(), [a_reading(DAY - timedelta(days=age), **found)], POLICY, DAY)
    if score is None:
        assert (seen.score, seen.band) == (None, None)
        assert present < 50
    else:
        assert abs(Fraction(seen.score) - score) <= Fraction(51, 1000)
        assert seen.band == ("green" if seen.score >= 75 else "yellow" if seen.score >= 50 else "red")


@given(inputs)
def test_missing_inputs_are_named_and_the_parts_add_up_to_the_score(found):
    seen = health(an_account(), [a_reading(**found)], POLICY, DAY)
    known = {part.input for part in seen.parts}
    assert known.isdisjoint(seen.missing)
    assert known | set(seen.missing) == {"usage", "engagement", "relationship", "tickets", "nps"}
    if seen.score is not None:
        assert sum(part.weight for part in seen.parts) == pytest.approx(1)
        assert sum(part.points for part in seen.parts) == pytest.approx(seen.score, abs=0.051)


def test_a_missing_input_counts_neither_as_zero_nor_as_full():
    both = a_reading(usage_trend=0.0, relationship=70.0, engagement=None)
    assert health(an_account(), [both], POLICY, DAY).score == 70.0


def test_exactly_half_of_the_weight_gives_a_band_and_less_does_not():
    half = a_reading(usage_trend=20.0, open_tickets=0)
    assert health(an_account(), [half], POLICY, DAY).band == "green"
    less = a_reading(engagement=100.0, relationship=100.0)
    seen = health(an_account(), [less], POLICY, DAY)
    assert (seen.score, seen.band) == (None, None)
    assert "collect health" in seen.because[0].threshold


def test_no_reading_at_all_gives_no_band_and_names_every_input():
    seen = health(an_account(), [], POLICY, DAY)
    assert (seen.score, seen.band, len(seen.missing)) == (None, None, 5)


@pytest.mark.parametrize(("score", "band"), [(75, "green"), (74.9, "yellow"), (50, "yellow"), (49.9, "red")])
def test_a_band_begins_exactly_at_its_threshold(score, band):
    assert health(an_account(), [a_reading(score=score)], POLICY, DAY).band == band


def test_an_imported_score_wins_over_the_mix_and_is_labelled():
    seen = health(an_account(), [a_reading(**{**WHOLE, "score": 95.0})], POLICY, DAY)
    assert (seen.score, seen.imported, seen.missing) == (95.0, True, ())
    assert any("imported score 95" in each.observed for each in seen.because)


@pytest.mark.parametrize(
    ("facts", "cap", "limit"),
    [
        ({"cancel_notice_on": DAY}, "cancel_notice", 20),
        ({"champion_gone": 1}, "champion_gone", 60),
        ({"competitor": "Rival"}, "competitor", 60),
        ({"ticket_severity": 1, "ticket_severity_on": DAY - timedelta(days=8)}, "severity_one", 60),
    ],
)
@pytest.mark.parametrize("imported", [True, False])
def test_a_cap_limits_the_score_also_an_imported_one(facts, cap, limit, imported):
    best = {"score": 98.0} if imported else {"usage_trend": 20.0, "engagement": 100.0, "relationship": 100.0}
    seen = health(an_account(**facts), [a_reading(**best)], POLICY, DAY)
    assert (seen.score, seen.caps, seen.guard) == (limit, (cap,), False)
    assert any(each.rule == "HLT-3" and str(limit) in each.threshold for each in seen.because)


def test_a_cap_never_lifts_a_lower_score():
    assert health(an_account(champion_gone=1), [a_reading(score=30.0)], POLICY, DAY).score == 30.0


@pytest.mark.parametrize(
    "facts",
    [
        {"ticket_severity": 1, "ticket_severity_on": DAY - timedelta(days=7)},
        {"ticket_severity": 1},
        {"ticket_severity": 2, "ticket_severity_on": DAY - timedelta(days=90)},
    ],
)
def test_only_a_severity_one_open_for_more_than_seven_days_caps(facts):
    assert health(an_account(**facts), [a_reading(score=90.0)], POLICY, DAY).score == 90.0


@pytest.mark.parametrize(
    ("age", "score"), [(0, 100), (30, 100), (31, 99.4), (75, 75), (119, 50.6), (120, 50), (400, 50)]
)
def test_a_reading_fades_to_neutral_over_ninety_days_after_its_thirtieth(age, score):
    reading = a_reading(DAY - timedelta(days=age), usage_trend=20.0, engagement=100.0)
    assert health(an_account(), [reading], POLICY, DAY).score == score


def test_per_input_the_newest_reading_up_to_the_day_counts():
    readings = [
        a_reading(DAY - timedelta(days=20), usage_trend=20.0, engagement=100.0),
        a_reading(DAY - timedelta(days=10), engagement=40.0),
        a_reading(DAY + timedelta(days=1), engagement=0.0),
    ]
    for order in (readings, readings[::-1]):
        seen = health(an_account(), order, POLICY, DAY)
        assert {part.input: part.scaled for part in seen.parts} == {"usage": 100.0, "engagement": 40.0}
        assert {part.input: part.read_on for part in seen.parts}["engagement"] == DAY - timedelta(days=10)


def test_asked_about_a_day_before_the_first_reading_it_counts_as_made_that_day():
    reading = a_reading(DAY, score=90.0)
    assert health(an_account(), [reading], POLICY, DAY - timedelta(days=300)).score == 90.0


@pytest.mark.parametrize(
    ("inputs_read", "facts", "guard"),
    [
        ({"score": 95.0, "engagement": 90.0}, {}, True),
        ({"score": 85.0, "engagement": 70.0}, {}, True),
        ({"score": 95.0}, {}, True),
        ({"score": 84.9, "engagement": 90.0}, {}, False),
        ({"score": 95.0, "engagement": 69.0}, {}, False),
        ({"score": 95.0, "engagement": 90.0}, {"competitor": "Rival"}, False),
    ],
)
def test_the_guard_against_over_engineering_needs_score_engagement_and_no_cap(inputs_read, facts, guard):
    seen = health(an_account(**facts), [a_reading(**inputs_read)], POLICY, DAY)
    assert seen.guard is guard
    assert any(each.rule == "HLT-5" for each in seen.because) is guard


readings = st.lists(
    st.builds(
        lambda age, found, score: a_reading(DAY - timedelta(days=age), **found, score=score),
        st.integers(-40, 160),
        inputs,
        st.one_of(st.none(), st.integers(0, 100)),
    ),
    max_size=3,
    unique_by=lambda each: each.read_on,
)
accounts = st.builds(
    an_account,
    champion_gone=st.integers(0, 1),
    cancel_notice_on=st.sampled_from([None, None, None, DAY]),
    competitor=st.sampled_from([None, None, "Rival"]),
    ticket_severity=st.sampled_from([None, 1, 3]),
    ticket_severity_on=st.one_of(st.none(), st.integers(0, 12).map(lambda age: DAY - timedelta(days=age))),
)


@given(accounts, readings, st.randoms())
def test_both_roads_and_every_order_of_readings_agree(account, found, chance):
    seen = health(account, found, POLICY, DAY)
    score, band, guard, relationship = pulse(account, found, POLICY, DAY)
    assert (score, band, guard, relationship) == (seen.score, seen.band, seen.guard, seen.relationship)
    chance.shuffle(found)
    assert health(account, found, POLICY, DAY) == seen


@given(accounts, readings)
def test_every_score_lies_between_nought_and_a_hundred(account, found):
    score = health(account, found, POLICY, DAY).score
    assert score is None or 0 <= score <= 100


@given(
    st.sampled_from([("csat", 1, 5), ("nps", -100, 100), ("engagement", 0, 100), ("relationship", 0, 100)]),
    st.floats(0.01, 1e6),
    st.booleans(),
)
def test_a_reading_beyond_the_end_of_its_scale_counts_as_one_at_the_end(field, by, upper):
    name, low, high = field
    found = [
        health(an_account(), [a_reading(**{**WHOLE, name: value})], POLICY, DAY)
        for value in ((high, high + by) if upper else (low, low - by))
    ]
    assert found[0].score == found[1].score
    assert found[0].score is not None


@pytest.mark.parametrize(("said", "score", "band"), [(140.0, 100.0, "green"), (-3.0, 0.0, "red")])
def test_an_imported_score_off_the_scale_is_the_end_of_the_scale(said, score, band):
    found = health(an_account(), [a_reading(score=said)], POLICY, DAY)
    assert (found.score, found.band) == (score, band)
