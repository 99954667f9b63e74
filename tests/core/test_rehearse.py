"""SAV-1 on the recorded past: alarms against a search day by day, and what came of them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.rehearse import RESULTS, course, rehearsal
from renewctl.core.rehearse_limits import judged, unknown
from renewctl.core.signs import Spell
from renewctl.core.spans import merged, without
from tests.book import POLICY, contract
from tests.core.health_oracle import a_reading, score_by_rule
from tests.core.test_suggest import DAY, EVER, ago, case, outcome, past

FIRST = ago(240)


def day(number):
    return FIRST + timedelta(days=number)


numbers = st.integers(0, 240)
readings = st.dictionaries(
    numbers,
    st.one_of(
        st.fixed_dictionaries({"csat": st.sampled_from([1, 2.5, 4])}),
        st.fixed_dictionaries({"score": st.sampled_from([30, 45, 55, 80])}),
        st.fixed_dictionaries({"usage_trend": st.sampled_from([-40, 0])}),
    ),
    max_size=5,
)
notices = st.lists(st.tuples(numbers, st.integers(0, 60)), max_size=2)
cases = st.lists(st.tuples(numbers, st.integers(0, 40)), max_size=2)
wins = st.lists(numbers, max_size=2)


def speaks(on, read, spells, settled):
    """Whether anything speaks for a save on a day, by the rules' text, from what was known by then."""

    def news(seen_on):
        return not any(seen_on <= each <= on for each in settled)

    for name, over in (("csat", lambda v: v <= 2.5), ("usage_trend", lambda v: v <= -30)):
        known = [each for each in read if each.read_on <= on and getattr(each, name) is not None]
        last = max(known, key=lambda each: each.read_on, default=None)
        if (
            last is not None
            and over(getattr(last, name))
            and (on - last.read_on).days < 120
            and news(last.read_on)
        ):
            return True
    if any(spell.from_on <= on <= spell.to_on and news(spell.from_on) for spell in spells):
        return True

    def score(asked, by):
        known = [each for each in read if each.read_on <= by]
        caps = ["cancel_notice" for spell in spells if spell.from_on <= by <= spell.to_on]
        return score_by_rule(known, asked, caps=caps[:1])

    now = score(on, on)
    if now is None:
        return False
    was = [score(on, on - timedelta(days=back)) for back in range(1, 31)]
    if now >= 50 and not any(each is not None and each - now >= 15 for each in was):
        return False
    events = {each.read_on for each in read} | {each.from_on for each in spells}
    events |= {each.to_on + timedelta(days=1) for each in spells if each.to_on < EVER}
    return news(max((each for each in events if each <= on), default=on))


@given(readings, notices, cases, wins)
def test_the_alarms_are_those_of_a_search_day_by_day(course_of, given_notices, given_cases, won):
    """SAV-1: an alarm on the first day anything speaks with no case open or lately closed, event by event."""
    read = [a_reading(day(at), **values) for at, values in course_of.items()]
    spells = [Spell(day(at), day(at + lasts), day(at)) for at, lasts in given_notices]
    saves = [case("lost", day(at), day(at + lasts)) for at, lasts in given_cases]
    outcomes = [outcome("won", day(at)) for at in won]
    of = past(read, {"cancel_notice_on": spells}, cases=saves, outcomes=outcomes)
    settled = [each.closed_on for each in saves] + [each.closed_on for each in outcomes]
    active = []
    for at in range(241):
        on = day(at)
        busy = any(each.opened_on < on <= each.closed_on + timedelta(days=30) for each in saves)
        if not busy and speaks(on, read, spells, settled):
            active.append(on)
    expected = []
    for on in active:
        if expected and (on - expected[-1][1]).days <= 30:
            expected[-1][1] = on
        else:
            expected.append([on, on])
    found = course(of, POLICY, DAY).alarms
    assert [[each.begun_on, each.ended_on] for each in found] == expected
    assert all(each.signs and each.result in RESULTS for each in found)


spans = st.lists(
    st.tuples(numbers, st.integers(0, 30)).map(lambda at: (day(at[0]), day(sum(at)))), max_size=6
)


def days_of(found):
    return {begin + timedelta(days=at) for begin, end in found for at in range((end - begin).days + 1)}


@given(spans, spans)
def test_spans_less_others_are_the_days_less_the_others_days(some, others):
    assert days_of(without(some, others)) == days_of(some) - days_of(others)


@given(spans)
def test_merged_spans_hold_the_same_days_and_do_not_touch(some):
    found = merged(sorted(some), 1)
    assert days_of(found) == days_of(some)
    assert all((later[0] - earlier[1]).days > 1 for earlier, later in pairwise(found))


# --- what came of it ---------------------------------------------------------------------------------


def gone(on):
    return {"champion_gone": [Spell(on, EVER, 1)]}


@pytest.mark.parametrize(
    ("began", "given", "result"),
    [
        (100, {"outcomes": [outcome(closed_on=ago(50))]}, "lost"),
        (100, {"cases": [case("saved", ago(90), ago(60))]}, "saved"),
        (100, {"cases": [case("let_go", ago(90), ago(60))]}, "lost"),
        (100, {"cases": [case("detected", ago(90), None)]}, "open"),
        (100, {"outcomes": [outcome("partial", ago(50))]}, "shrunk"),
        (100, {"outcomes": [outcome("won", ago(50))]}, "renewed"),
        (180, {}, "stayed"),
        (179, {}, "open"),
    ],
)
def test_an_alarm_is_judged_by_what_came_after_it(began, given, result):
    """SAV-1: lost, saved, renewed for less, false where nothing came of it, and too early to say."""
    [alarm] = course(past(spells=gone(ago(began)), **given), POLICY, DAY).alarms
    assert (alarm.begun_on, alarm.result) == (ago(began), result)


def test_a_loss_tells_how_long_before_it_was_decided_and_told_it_was_seen():
    """SAV-1, TERMS: days before the loss, and days before we were told."""
    lost = outcome(
        closed_on=ago(5), lost_on=ago(40), told_on=ago(10), arr_before_minor=5_000_000, currency="USD"
    )
    for began, days, told in ((90, 50, 80), (40, 0, 30), (20, -20, 10)):
        [loss] = course(past(spells=gone(ago(began)), outcomes=[lost]), POLICY, DAY).losses
        assert (loss.days, loss.days_told, loss.arr_base_minor) == (days, told, 5_000_000)
    [loss] = course(past(spells=gone(ago(9)), outcomes=[lost]), POLICY, DAY).losses
    assert (loss.alarm, loss.days, loss.days_told, loss.read) == (None, None, None, False)


def test_a_loss_without_a_warning_says_whether_anything_was_on_record():
    fine = [a_reading(ago(30), score=90)]
    for of, read in ((past(fine, outcomes=[outcome()]), True), (past(outcomes=[outcome()]), False)):
        [loss] = course(of, POLICY, DAY).losses
        assert (loss.alarm, loss.read, loss.worked) == (None, read, False)
    [loss] = course(past(outcomes=[outcome()], cases=[case("lost", ago(30), LATER)]), POLICY, DAY).losses
    assert loss.worked
    assert course(past(outcomes=[outcome(closed_on=DAY + timedelta(days=1))]), POLICY, DAY).losses == ()


LATER = ago(9)


def test_nothing_is_suggested_of_an_account_that_is_gone():
    lost = [contract(1, state="lost")]
    of = past(spells=gone(ago(100)), contracts=lost, outcomes=[outcome(closed_on=ago(50))])
    [alarm] = course(of, POLICY, DAY).alarms
    assert alarm.ended_on == ago(50)
    churned = {
        **gone(ago(100)),
        "status": [Spell(ago(300), ago(71), "active"), Spell(ago(70), EVER, "churned")],
    }
    [alarm] = course(past(spells=churned), POLICY, DAY).alarms
    assert alarm.ended_on == ago(71)


def test_a_book_is_told_by_csm_and_week_and_only_for_the_days_asked_about():
    """SAV-1: alarms per CSM and week, the false ones among them."""
    who = {"csm": [Spell(ago(200), ago(101), "ana"), Spell(ago(100), EVER, "bia")]}
    late = past(spells={**gone(ago(185)), **who})
    new = past(spells={**gone(ago(3)), **who})
    before = past(spells={**gone(ago(230)), **who})
    nobody = past(spells={**gone(ago(3)), "csm": [Spell(ago(9), ago(5), "ana")]})
    courses = [course(each, POLICY, DAY) for each in (late, new, new, nobody, before)]
    told = rehearsal(courses, ago(200), DAY)
    assert told.accounts == 5
    assert [(each.csm, each.alarms, each.false, each.busiest) for each in told.by_csm] == [
        ("bia", 2, 0, 2), ("ana", 1, 1, 1), (None, 1, 0, 1),
    ]  # fmt: skip
    assert told.weeks == 29
    assert [each.csm for each in course(before, POLICY, DAY).alarms] == ["ana"]
    seen = course(past(spells=gone(ago(60)), outcomes=[outcome(lost_on=ago(20))]), POLICY, DAY)
    told = rehearsal([seen, course(past(outcomes=[outcome()]), POLICY, DAY)], ago(200), DAY)
    assert (len(told.seen), len(told.late), len(told.missed), len(told.of("lost"))) == (1, 0, 1, 1)
    assert rehearsal([seen], ago(19), DAY).losses == ()


@given(notices, cases, st.lists(st.tuples(numbers, st.integers(0, 60)), max_size=2), numbers)
def test_chance_is_the_share_of_days_on_which_any_loss_would_have_counted_as_seen(told, worked, away, at):
    """SAV-1, SAV-11: beside the share seen, so that a small one is not read as a finding."""
    absent = [Spell(day(begin), day(begin + lasts), "churned") for begin, lasts in away]
    spells = {"cancel_notice_on": [Spell(day(begin), day(begin + lasts), 1) for begin, lasts in told]}
    saves = [case("lost", day(begin), day(begin + lasts)) for begin, lasts in worked]
    of = past([a_reading(FIRST, csat=5)], {**spells, "status": absent}, cases=saves, contracts=[])
    found = course(of, POLICY, DAY)
    [loss] = course(of._replace(outcomes=[outcome(closed_on=day(at))]), POLICY, DAY).losses
    there = not any(each.from_on <= day(at) <= each.to_on for each in absent)
    assert (day(at) in days_of(found.there)) is there
    assert (day(at) in days_of(found.watched)) is (there and loss.days is not None and loss.days > 0)
    whole = rehearsal([found, found], FIRST, DAY)
    assert (whole.account_days, whole.watched_days) == (
        2 * len(days_of(found.there)), 2 * len(days_of(found.watched)),
    )  # fmt: skip
    one = rehearsal([found], day(at), day(at))
    assert (one.account_days, one.watched_days) == (there, day(at) in days_of(found.watched))


def test_an_account_that_is_gone_has_no_days_any_more():
    lost = [contract(1, state="lost")]
    of = past(contracts=lost, outcomes=[outcome(closed_on=ago(50), lost_on=ago(60))])
    assert max(days_of(course(of, POLICY, DAY).there)) == ago(50)
    new = past(facts={"recorded_on": DAY}, contracts=[contract(1, start_on=None)])
    assert course(new, POLICY, ago(1)).there == ()


def test_what_cannot_be_known_is_counted():
    churned = past(facts={"status": "churned"})
    undated = past(spells=gone(churned.account.recorded_on))
    dated = past([a_reading(ago(3))], spells=gone(ago(3)))
    assert not judged(churned)
    assert judged(churned._replace(outcomes=[outcome()]))
    assert unknown([churned, undated, dated]) == (1, 1, 2)


def test_the_days_of_a_notice_and_a_loss_are_dates():
    assert isinstance(course(past(outcomes=[outcome()]), POLICY, DAY).losses[0].lost_on, date)


def test_the_reason_given_with_a_loss_is_no_warning_of_that_loss():
    two = [contract(1, state="lost"), contract(2)]
    found = course(past(contracts=two, outcomes=[outcome(reason="price")]), POLICY, DAY)
    assert [each.alarm for each in found.losses] == [None]
    assert [each.begun_on for each in found.alarms] == [ago(9)]
