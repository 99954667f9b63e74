"""HLT-3 over months: the spells of the flag against a search day by day, with facts that come and go."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.health_past import Record, Replay, facts_on
from renewctl.core.health_spells import flagged
from renewctl.core.policy import Policy
from renewctl.core.signs import Spell
from renewctl.policies.shipped import RAW
from tests.book import an_account
from tests.core.health_oracle import DAY, a_reading, an_override, courses, score_by_rule

POLICY = Policy(RAW)
FIRST = DAY - timedelta(days=90)
CAPS = {
    "cancel_notice_on": "cancel_notice",
    "champion_gone": "champion_gone",
    "competitor": "competitor",
    "ticket_severity": "severity_one",
}


def a_spell(name: str, ago: int, lasts: int | None) -> Spell:
    begin = DAY - timedelta(days=ago)
    end = date.max if lasts is None else begin + timedelta(days=lasts)
    values = {"cancel_notice_on": begin, "champion_gone": 1, "competitor": "Rival"}
    return Spell(begin, end, values.get(name, (1, begin)))


spells = st.dictionaries(
    st.sampled_from(sorted(CAPS)),
    st.tuples(st.integers(0, 120), st.one_of(st.none(), st.integers(0, 60))),
    max_size=2,
)
overrides = st.one_of(
    st.just([]),
    st.builds(
        lambda ago, last: [an_override(30, DAY - timedelta(ago), last)],
        st.integers(0, 90),
        st.integers(0, 40),
    ),
)


@given(courses, overrides, spells)
def test_the_spells_of_the_flag_are_those_a_search_day_by_day_finds(readings, said, facts):
    """HLT-3: a score under 50, or 15 points lost to what was learnt within 30 days, on each day of 90."""
    found = {name: [a_spell(name, *when)] for name, when in facts.items()}
    account = an_account(**facts_on(found, DAY))
    replay = Replay(Record(account, readings, tuple(said), {}, None, found), POLICY, DAY)
    days = {
        begin + timedelta(days=at)
        for begin, end in flagged(replay, FIRST)
        for at in range((end - begin).days + 1)
    }
    every = (FIRST + timedelta(days=at) for at in range(91))
    assert days == {day for day in every if holds(day, readings, said, found)}


full = st.lists(
    st.tuples(st.integers(0, 180), st.integers(2, 10)), min_size=2, max_size=4, unique_by=lambda each: each[0]
)


@given(full)
def test_a_score_that_only_readings_move_is_flagged_on_the_days_of_the_rule(told):
    """HLT-3: where readings tell all, days are passed over that bounds decide; on none is that seen."""
    readings = [at_level(ago, 10 * tens) for ago, tens in told]
    assert days_of(readings, FIRST) == by_rule(readings)


def test_a_drop_that_fades_away_flags_until_it_is_under_its_limit():
    """HLT-3: 20 points lost, of which the first score fades four a week, so that they are 15 no more."""
    readings = [at_level(60, 90), at_level(35, 70)]
    found = days_of(readings, FIRST)
    assert found == by_rule(readings)
    assert min(found) == DAY - timedelta(days=35)
    assert DAY - timedelta(days=25) < max(found) < DAY - timedelta(days=15)


def test_the_day_itself_can_be_all_that_is_asked_about():
    for level in (30, 80):
        assert days_of([at_level(3, level)], DAY) == ({DAY} if level < 50 else set())


def at_level(ago, score):
    """A reading that tells all, each input at about this score."""
    trend = (score - 70) * 2 // 3 if score > 70 else (score - 70) * 5 // 7
    return a_reading(DAY - timedelta(days=ago), score=None, usage_trend=trend, engagement=score,
                     relationship=score, open_tickets=(100 - score) // 10, nps=2 * score - 100)  # fmt: skip


def days_of(readings, first):
    replay = Replay(Record(an_account(), readings, (), {}, None, {}), POLICY, DAY)
    spans = flagged(replay, first)
    return {begin + timedelta(days=at) for begin, end in spans for at in range((end - begin).days + 1)}


def by_rule(readings):
    every = (FIRST + timedelta(days=at) for at in range(91))
    return {day for day in every if holds(day, readings, [], {})}


def holds(day, readings, said, found):
    """Whether the flag stands on a day, by the rule's text."""

    def score(on, by):
        caps = []
        for name, [spell] in found.items():
            wait = timedelta(days=8 if name == "ticket_severity" else 0)
            if spell.from_on <= by <= spell.to_on and spell.from_on + wait <= on:
                caps.append(CAPS[name])
        spoken = next((each.score for each in said if each.set_on <= by <= each.until_on), None)
        return score_by_rule(
            [each for each in readings if each.read_on <= by], on, caps=caps, override=spoken
        )

    now = score(day, day)
    if now is None:
        return False
    if now < 50:
        return True
    was = [score(day, day - timedelta(days=back)) for back in range(1, 31)]
    return any(each is not None and each - now >= 15 for each in was)


def test_the_first_day_asked_about_may_lie_before_everything_that_is_known():
    replay = Replay(Record(an_account(), []), POLICY, DAY)
    assert flagged(replay, FIRST) == []


def test_a_score_that_hardly_moves_flags_nothing():
    readings = [a_reading(DAY - timedelta(days=back), score=None, usage_trend=10, csat=4.5, open_tickets=0,
                          engagement=85, relationship=85, nps=60) for back in (85, 55, 25)]  # fmt: skip
    replay = Replay(Record(an_account(), readings, (), {}, None, {}), POLICY, DAY)
    assert flagged(replay, FIRST) == []
