"""HLT: scores replayed for days that are over, why they changed, the flag and its day, trends."""

from copy import deepcopy
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.health import pulse
from renewctl.core.health_change import change
from renewctl.core.health_flag import flag, since
from renewctl.core.health_past import Record, Replay
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account
from tests.core.health_oracle import (
    DAY,
    a_reading,
    an_override,
    courses,
    inputs_by_rule,
    score_by_rule,
    tenths,
)

POLICY = Policy(RAW)
AFTER = DAY + timedelta(days=60)


def days(count):
    return timedelta(days=count)


def a_replay(readings, as_of=DAY, overrides=(), known_on=None, **account):
    record = Record(an_account(**account), readings, tuple(overrides), known_on or {})
    return Replay(record, POLICY, as_of)


spells = st.builds(
    lambda ago, lasts, score: [an_override(score, DAY - days(ago), lasts)],
    st.integers(0, 100),
    st.integers(0, 90),
    st.integers(0, 100),
)
overrides = st.one_of(st.just([]), st.just([]), spells)


def override_on(found, day):
    return next((each.score for each in found if each.set_on <= day <= each.until_on), None)


def capped_on(known_on, day):
    """The caps in force: a severity-1 ticket caps once it is open for more than 7 days."""
    wait = {"severity_one": days(8)}
    return [name for name, since_on in known_on.items() if since_on + wait.get(name, days(0)) <= day]


facts = st.one_of(
    st.just({}),
    st.dictionaries(
        st.sampled_from(["champion_gone", "competitor", "cancel_notice", "severity_one"]),
        st.integers(0, 120).map(lambda ago: DAY - days(ago)),
        max_size=2,
    ),
)


def the_replay(readings, said, known_on, as_of=DAY):
    account = {}
    for name, since_on in known_on.items():
        account |= {
            "champion_gone": {"champion_gone": 1},
            "competitor": {"competitor": "Rival"},
            "cancel_notice": {"cancel_notice_on": since_on},
            "severity_one": {"ticket_severity": 1, "ticket_severity_on": since_on},
        }[name]
    undated = {name: day for name, day in known_on.items() if name in ("champion_gone", "competitor")}
    return a_replay(readings, as_of, said, undated, **account)


@given(courses, overrides, facts, st.integers(0, 200))
def test_the_score_of_a_past_day_is_the_rule_on_what_was_known_by_then(readings, said, known_on, ago):
    """HLT-2: readings, overrides and caps of later days do not reach back."""
    day = DAY - days(ago)
    wanted = score_by_rule(readings, day, caps=capped_on(known_on, day), override=override_on(said, day))
    assert the_replay(readings, said, known_on).score(day) == (None if wanted is None else float(wanted))


@given(courses, overrides, facts)
def test_on_the_day_asked_about_the_replay_says_what_is_shown_everywhere(readings, said, known_on):
    replay = the_replay(readings, said, known_on)
    override = override_on(said, DAY)
    assert replay.score(DAY) == pulse(replay.record.account, readings, POLICY, DAY, override)[0]


@given(courses, overrides, facts, st.integers(0, 150), st.integers(1, 150))
def test_the_moves_add_up_to_the_change_exactly(readings, said, known_on, ago, span):
    """HLT-2: fading, new weights, caps and overrides are moves of their own, and nothing is left over."""
    to_on = DAY - days(ago)
    found = change(the_replay(readings, said, known_on), to_on - days(span), to_on)
    before, after = (
        score_by_rule(readings, day, caps=capped_on(known_on, day), override=override_on(said, day))
        for day in (to_on - days(span), to_on)
    )
    assert (found.before, found.after) == tuple(None if s is None else float(s) for s in (before, after))
    if before is None or after is None:
        assert (found.points, found.moves) == (None, ())
    else:
        assert sum(tenths(move.points) for move in found.moves) == tenths(after - before)


@given(courses, st.integers(0, 150), st.integers(1, 150))
def test_each_input_is_charged_with_its_own_share_of_the_change(readings, ago, span):
    """HLT-2: where the same inputs were known on both days, the mix is linear: share × difference each."""
    to_on = DAY - days(ago)
    from_on = to_on - days(span)
    readings = [each._replace(score=None) for each in readings]
    before, after = inputs_by_rule(readings, from_on), inputs_by_rule(readings, to_on)
    found = change(a_replay(readings), from_on, to_on)
    if before.keys() != after.keys() or found.points is None:
        return
    weights = POLICY.health.weights
    present = sum(weights[name] for name in after)
    charged = {}
    for move in found.moves:
        assert move.what in ("input", "fading")
        charged[move.input] = charged.get(move.input, 0) + tenths(move.points)
    for name in after:
        share = (after[name] - before[name]) * weights[name] / present * 10
        assert abs(charged.get(name, 0) - share) <= 3  # each of its two stops is rounded to a tenth


def test_a_change_names_what_was_read_and_when():
    found = change(
        a_replay([a_reading(DAY - days(20), usage_trend=20.0, engagement=80.0, relationship=80.0),
                  a_reading(DAY - days(5), usage_trend=-30.0)]),
        DAY - days(10), DAY,
    )  # fmt: skip
    (move,) = found.moves
    assert (found.before, found.after, found.points) == (89.3, 55.7, -33.6)
    assert (move.what, move.input, move.points, move.on) == ("input", "usage", -33.6, DAY - days(5))
    assert (move.was, move.now) == ("usage trend +20 %", "usage trend -30 %")


def test_an_input_read_for_the_first_time_moves_the_weights_and_is_called_so():
    readings = [a_reading(DAY - days(9), usage_trend=20.0, engagement=80.0), a_reading(DAY, nps=-100.0)]
    (move,) = change(a_replay(readings), DAY - days(1), DAY).moves
    assert (move.what, move.input, move.was, move.now) == ("reweighting", "nps", None, "NPS -100")
    assert move.points == pytest.approx(-(5100 / 55 - 5100 / 65), abs=0.1)


def test_a_fact_that_capped_before_anybody_noted_when_has_always_done_so():
    replay = a_replay([a_reading(DAY - days(20), score=90.0)], competitor="Rival")
    assert replay.score(DAY - days(10)) == 60


def test_what_a_cap_hides_is_told_and_taken_back_by_the_cap():
    """HLT-3: under a cap the inputs move nothing; both sides are said."""
    readings = [a_reading(DAY - days(9), score=90.0), a_reading(DAY, score=80.0)]
    found = change(a_replay(readings, champion_gone=1), DAY - days(1), DAY)
    assert found.points == 0
    assert {(move.what, move.points) for move in found.moves} == {("input", -10.0), ("caps", 10.0)}


def test_the_end_of_an_override_is_a_move_of_its_own():
    said = an_override(30, DAY - days(10), 5)
    found = change(a_replay([a_reading(DAY - days(20), score=80.0)], overrides=[said]), DAY - days(6), DAY)
    assert [(move.what, move.points) for move in found.moves] == [("override", 50.0)]


def test_an_override_stands_in_where_too_little_is_known_for_a_mix():
    readings = [a_reading(DAY - days(20), nps=0.0), a_reading(DAY, usage_trend=20.0, engagement=100.0)]
    replay = a_replay(readings, overrides=[an_override(40, DAY - days(10), 5)])
    found = change(replay, DAY - days(6), DAY)
    assert found.moves[0].what == "override"
    assert sum(tenths(move.points) for move in found.moves) == tenths(found.points)


@given(st.integers(0, 100), st.integers(0, 139))
def test_with_age_a_reading_only_ever_comes_nearer_to_neutral(score, age):
    """HLT-2: fading is monotone and never goes past neutral."""
    read_on = DAY - days(140)
    replay = a_replay([a_reading(read_on, score=score)])
    today, tomorrow = replay.score(read_on + days(age)), replay.score(read_on + days(age + 1))
    assert abs(tomorrow - 50) <= abs(today - 50)
    assert (tomorrow - 50) * (score - 50) >= 0


# --- the flag ---------------------------------------------------------------------------------------


def flagged_by_rule(readings, said, known_on):
    """HLT-3 day by day: the first day of the present unbroken spell, or None."""

    def score(on, by=None):
        by = by or on
        kept = [each for each in readings if each.read_on <= by]
        given = {"caps": capped_on(known_on, by), "override": override_on(said, by)}
        return score_by_rule(kept, on, **given)

    def holds(day):
        now = score(day)
        if now is None:
            return False
        if now < 50:
            return True
        # 15 points within 30 days: against what was known on any of the 30 days before, aged alike.
        was = [score(day, day - days(back)) for back in range(1, 31)]
        return any(each is not None and each - now >= 15 for each in was)

    if not holds(DAY):
        return None
    day = DAY
    while holds(day - days(1)):
        day -= days(1)
    return day


@given(courses, overrides, facts)
def test_the_flag_dates_from_the_first_day_of_the_spell(readings, said, known_on):
    """HLT-3, by a search day by day; a score under 50, or 15 points lost within 30 days."""
    replay = the_replay(readings, said, known_on)
    found = flag(replay)
    assert (found and found.flagged_on) == flagged_by_rule(readings, said, known_on) == since(replay)
    if found is not None:
        assert found.because[0].rule == "HLT-3"
        assert found.score == replay.score(DAY)
        assert found.scenario in (*RAW["saves"]["scenario_order"], "investigate")
        if found.change.points is not None:
            assert sum(tenths(move.points) for move in found.change.moves) == tenths(found.change.points)


def test_the_flag_falls_on_the_day_of_the_reading_and_names_the_input():
    """HLT-3: which input moved it, and by how many points."""
    good, bad = (
        a_reading(DAY - days(50), usage_trend=10.0, engagement=60.0),
        a_reading(DAY - days(12), usage_trend=-45.0),
    )
    found = flag(a_replay([good, bad]))
    assert (found.flagged_on, found.kind, found.scenario) == (DAY - days(12), "below", "value")
    assert (found.change.moves[0].what, found.change.moves[0].input) == ("input", "usage")
    assert found.change.moves[0].points < -40


def test_a_drop_of_fifteen_points_in_thirty_days_flags_a_score_that_is_still_good():
    """HLT-3, SAV-1."""
    steady = a_reading(DAY - days(20), score=95.0)
    for score, flagged_on in ((80.0, DAY - days(3)), (80.1, None)):
        assert since(a_replay([steady, a_reading(DAY - days(3), score=score)])) == flagged_on
    found = flag(a_replay([steady, a_reading(DAY - days(3), score=80.0)]))
    assert (found.kind, found.change.points, found.scenario) == ("drop", -15.0, "investigate")
    assert "15 points lost" in found.because[0].observed


def test_a_drop_is_forgotten_thirty_days_after_what_caused_it():
    """HLT-3, SAV-1."""
    readings = [a_reading(DAY - days(40), score=95.0), a_reading(DAY - days(29), score=70.0)]
    assert since(a_replay(readings)) == DAY - days(29)
    assert since(a_replay(readings, DAY + days(1))) is None


def test_a_spell_goes_on_where_one_reason_for_the_flag_takes_over_from_the_other():
    """HLT-3: under 50, then over it but fallen far, then under it again: one flag, of the first day."""
    scores = ((30, 100.0), (10, 40.0), (5, 60.0), (2, 40.0))
    replay = a_replay([a_reading(DAY - days(ago), score=score) for ago, score in scores])
    assert since(replay) == DAY - days(10)
    assert flag(replay).kind == "below"


def test_growing_old_alone_flags_nobody():
    """A reading that nobody repeated says nothing of the customer: 100 fades by 16.7 in 30 days."""
    readings = [a_reading(DAY - days(70), score=100.0)]
    replay = a_replay(readings)
    assert replay.score(DAY - days(30)) - replay.score(DAY) >= 15
    assert flag(replay) is None


def test_a_good_reading_that_grows_old_uncovers_a_bad_one():
    """HLT-3: the day is found on the slope between two readings."""
    readings = [
        a_reading(DAY - days(40), usage_trend=10.0),
        a_reading(DAY - days(20), engagement=25.0, relationship=30.0),
    ]
    found = flag(a_replay(readings, AFTER))
    assert DAY - days(20) < found.flagged_on < AFTER
    assert {move.what for move in found.change.moves} == {"fading"}
    replay = a_replay(readings, AFTER)
    assert replay.score(found.flagged_on) < 50 <= replay.score(found.flagged_on - days(1))


FLAGGED = {"usage_trend": -10.0, "engagement": 20.0, "relationship": 45.0, "open_tickets": 3}


@pytest.mark.parametrize(
    ("account", "read", "scenario", "rule"),
    [
        ({"champion_gone": 1, "competitor": "Rival"}, {}, "champion_departure", "SAV-D"),
        ({"competitor": "Rival"}, {"open_tickets": 9}, "competitive", "SAV-C"),
        ({"ticket_severity": 1}, {}, "product", "SAV-P"),
        ({}, {"open_tickets": 5, "usage_trend": -40.0}, "product", "SAV-P"),
        ({}, {"csat": 2.5}, "product", "SAV-P"),
        ({}, {"usage_trend": -30.0}, "value", "SAV-V"),
        ({}, {}, "value", "SAV-2"),  # engagement keeps most from the mix
        ({}, {"usage_trend": 0.0, "engagement": 45.0, "relationship": 0.0}, "relationship", "SAV-2"),
        ({"cancel_notice_on": DAY}, {"score": 80.0}, "investigate", "SAV-2"),
    ],
)
def test_the_flag_proposes_the_save_that_the_facts_speak_for(account, read, scenario, rule):
    found = flag(a_replay([a_reading(**{**FLAGGED, **read})], **account))
    assert (found.scenario, found.because[1].rule) == (scenario, rule)


# --- trend ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "slope", "direction"),
    [
        ([(80, 60.0), (50, 60.0), (25, 60.0), (0, 60.0)], None, "flat"),
        ([(28, 40.0), (0, 70.0)], None, "up"),
        ([(28, 70.0), (0, 40.0)], None, "down"),
        ([(30, 50.0), (0, 53.0)], 3.0, "flat"),
        ([(30, 50.0), (0, 53.1)], 3.1, "up"),
        ([(30, 53.1), (0, 50.0)], -3.1, "down"),
        ([(0, 70.0)], None, "unknown"),
        ([(14, 70.0), (0, 40.0)], None, "down"),
        ([(13, 70.0), (0, 40.0)], None, "unknown"),
        ([], None, "unknown"),
    ],
)
def test_a_trend_is_points_per_thirty_days_over_the_last_ninety(scores, slope, direction):
    found = a_replay([a_reading(DAY - days(ago), score=score) for ago, score in scores]).trend()
    assert found.direction == direction
    assert slope is None or found.slope == slope


def test_a_trend_looks_back_no_further_than_the_policy_says():
    raw = deepcopy(dict(RAW))
    raw["health"]["trend"]["days"] = 20
    readings = [a_reading(DAY - days(ago), score=score) for ago, score in ((60, 0.0), (20, 60.0), (0, 60.0))]
    assert Replay(Record(an_account(), readings), Policy(raw), DAY).trend().direction == "flat"
    assert Replay(Record(an_account(), readings), POLICY, DAY).trend().direction == "up"


@given(courses, overrides, facts, st.integers(0, 90), st.integers(0, 60))
def test_the_lowest_score_of_a_span_is_found_without_asking_every_day(readings, said, known_on, ago, span):
    replay = the_replay(readings, said, known_on)
    last = DAY - days(ago)
    first = last - days(span)
    every = [replay.score(day) for day in (first + days(at) for at in range(span + 1))]
    known = [score for score in every if score is not None]
    found = replay.lowest(first, last)
    if found is None:
        assert not known
    else:
        assert found[0] == min(known) == replay.score(found[1])
        assert first <= found[1] <= last
