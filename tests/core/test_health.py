"""HLT: the score against its rule worked out in exact fractions, missing inputs, caps, fading, HLT-5."""

from copy import deepcopy
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.health import Profile, begun_on, pulse
from renewctl.core.health_reasons import health
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account, contract
from tests.core.health_oracle import WEIGHTS, a_reading, an_override, courses, score_by_rule

POLICY = Policy(RAW)
DAY = date(2026, 3, 1)


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
    # HLT-2
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
    # HLT-2
    seen = health(an_account(), [a_reading(**found)], POLICY, DAY)
    known = {part.input for part in seen.parts}
    assert known.isdisjoint(seen.missing)
    assert known | set(seen.missing) == {"usage", "engagement", "relationship", "tickets", "nps"}
    if seen.score is not None:
        assert sum(part.weight for part in seen.parts) == pytest.approx(1)
        assert sum(part.points for part in seen.parts) == pytest.approx(seen.score, abs=0.051)


def test_a_missing_input_counts_neither_as_zero_nor_as_full():
    # HLT-2
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
    # HLT, HLT-1
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
    # HLT-3
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
    # HLT-5
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


# --- what may differ by segment, by age and by a person's word -------------------------------------------


def a_policy(**health_tables):
    raw = deepcopy(dict(RAW))
    for key, table in health_tables.items():
        raw["health"][key] = table
    return Policy(raw)


segment_weights = st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.integers(1, 90), max_size=5)
ages = st.lists(
    st.tuples(st.integers(1, 400), st.integers(51, 99), st.integers(1, 50)),
    max_size=3,
    unique_by=lambda row: row[0],
).map(sorted)


@given(
    courses, segment_weights, ages, st.sampled_from(["smb", "enterprise"]), st.integers(0, 500),
    st.one_of(st.none(), st.integers(0, 100)), st.sampled_from([(), ("champion_gone",)]),
)  # fmt: skip
def test_weights_by_segment_bands_by_age_and_overrides_follow_the_rule(
    read, weights, rows, segment, age, said, capped
):
    """HLT-1, HLT-2 against the text of the rule: what a segment does not name is as for all."""
    policy = a_policy(
        segments={"smb": {"weights": weights, "bands": {"green": 80}}},
        ages=[{"below_days": below, "green": green, "yellow": yellow} for below, green, yellow in rows],
    )
    account = an_account(**dict.fromkeys(capped, 1))
    override = None if said is None else an_override(said)
    whom = Profile(segment, DAY - timedelta(days=age))
    seen = health(account, read, policy, DAY, override, whom)
    used = {**WEIGHTS, **weights} if segment == "smb" else WEIGHTS
    wanted = score_by_rule(read, DAY, caps=capped, override=said, weights=used)
    assert seen.score == (None if wanted is None else float(wanted))
    green, yellow = (80, 50) if segment == "smb" else (75, 50)
    for below, young_green, young_yellow in reversed(rows):
        if age < below:
            green, yellow = young_green, young_yellow
    assert (seen.green, seen.yellow) == (green, yellow)
    if wanted is not None:
        assert seen.band == ("green" if wanted >= green else "yellow" if wanted >= yellow else "red")
    assert pulse(account, read, policy, DAY, said, whom)[:3] == (seen.score, seen.band, seen.guard)


def test_a_segment_or_an_age_that_decided_is_named():
    policy = a_policy(
        segments={"smb": {"bands": {"green": 70}}}, ages=[{"below_days": 90, "green": 60, "yellow": 40}]
    )
    for age, said in ((90, "green from 70, yellow from 50, for smb"),
                      (89, "green from 60, yellow from 40, for customers of under 90 days")):  # fmt: skip
        whom = Profile("smb", DAY - timedelta(days=age))
        assert (
            health(an_account(), [a_reading(score=65.0)], policy, DAY, None, whom).because[0].threshold
            == said
        )


@pytest.mark.parametrize(
    ("contracts", "begun"),
    [
        ([], date(2025, 6, 1)),
        ([{"start_on": None}], date(2025, 6, 1)),
        ([{"start_on": date(2024, 1, 1)}, {"start_on": date(2023, 5, 5), "state": "lost"}], date(2023, 5, 5)),
        # The term that a win has begun is not the customer's first.
        ([{"start_on": date(2027, 1, 1), "won_on": DAY, "recorded_on": date(2025, 7, 1)}], date(2025, 7, 1)),
    ],
)
def test_a_customer_is_as_old_as_the_first_start_of_its_contracts(contracts, begun):
    """HLT-1: else as old as its record."""
    found = [contract(no, **given) for no, given in enumerate(contracts, 1)]
    assert begun_on(an_account(recorded_on=date(2025, 6, 1)), found) == begun


@given(st.integers(-40, 60), st.integers(0, 100), st.integers(0, 100))
def test_an_override_expires_to_the_day(after, said, read):
    """HLT-2: in force up to and with its last day."""
    override = an_override(said, DAY - timedelta(days=30), 30)
    day = DAY + timedelta(days=after)
    found = health(an_account(), [a_reading(day, score=read)], POLICY, day, override)
    assert found.score == (said if after <= 0 else read)
    assert (found.override is not None) is (after <= 0)
    assert found.without == read


def test_an_override_is_labelled_and_the_caps_hold_for_it():
    override = an_override(90, note="CFO signed")
    seen = health(an_account(champion_gone=1), [a_reading(score=30.0)], POLICY, DAY, override)
    assert (seen.score, seen.without, seen.band) == (60.0, 30.0, "yellow")
    label = next(each for each in seen.because if each.observed.startswith("override 90 by ana"))
    assert "known_risk" in label.observed
    assert "CFO signed" in label.observed
    assert "in place of 30 until 2026-03-31" in label.threshold


def test_an_override_gives_a_band_where_nothing_was_read():
    seen = health(an_account(), [], POLICY, DAY, an_override(88, reason="gone_from_policy"))
    assert (seen.score, seen.band, seen.without, seen.guard) == (88.0, "green", None, True)
    assert pulse(an_account(), [], POLICY, DAY, 88.0) == (88.0, "green", True, None)
    assert any("no longer knows" in each.observed for each in seen.because)


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (0, "fades from 2026-04-01 to 2026-06-29"),
        (30, "fades from 2026-03-02 to 2026-05-30"),
        (31, "faded with age (99% of it counts), spent on 2026-05-29"),
        (119, "faded with age (1% of it counts), spent on 2026-03-02"),
        (120, "faded with age (0% of it counts) since 2026-03-01"),
    ],
)
def test_the_days_on_which_a_reading_fades_are_said_and_hold(age, said):
    """HLT-2: whole up to the day before it fades, neutral from the day on which it is spent."""
    reading = a_reading(DAY - timedelta(days=age), usage_trend=20.0, engagement=100.0)
    seen = health(an_account(), [reading], POLICY, DAY)
    (part, _) = seen.parts
    assert said in seen.because[1].observed
    assert seen.ages == (reading.read_on, part.fades_on, part.spent_on)
    scores = [
        health(an_account(), [reading], POLICY, day).score
        for day in (
            part.fades_on - timedelta(days=1),
            part.fades_on,
            part.spent_on - timedelta(days=1),
            part.spent_on,
        )
    ]
    assert scores[0] == 100
    assert scores[1] < 100
    assert scores[2] > scores[3] == 50


def test_the_days_of_an_imported_score_are_those_of_its_reading():
    read = [a_reading(DAY - timedelta(days=50), engagement=50.0), a_reading(score=70.0)]
    assert health(an_account(), read, POLICY, DAY).ages[0] == DAY
    assert health(an_account(), [], POLICY, DAY).ages is None
