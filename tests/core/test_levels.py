"""SAV-R: service levels, counted a second time minute by minute and day by day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import levels
from renewctl.core.model import ServiceLevel, ServiceResponse
from tests.core.test_plays import AS_OF, state

START = datetime(2026, 3, 10, 9, tzinfo=UTC)


def level(minutes=None, every=None, until_on=None, no=2):
    return ServiceLevel(no, 1, 3, "support", "words", minutes, every, AS_OF, until_on, "eva")


def stamp(minutes):
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


CALLS = st.lists(
    st.tuples(st.integers(0, 9000), st.none() | st.integers(0, 3000), st.booleans()), max_size=12
)


@given(CALLS, st.integers(1, 2000), st.integers(0, 12_000))
def test_calls_are_held_late_or_waiting_and_nothing_else(calls, within, now):
    """SAV-R: compliance is counted from what was logged."""
    rows, expected = [], {"asked": 0, "held": 0, "late": 0, "waiting": 0}
    for number, (asked, took, mine) in enumerate(calls, 1):
        answered = None if took is None else stamp(asked + took)
        rows.append(ServiceResponse(number, 1, 2 if mine else 9, stamp(asked), answered, None, "eva"))
        if mine:
            expected["asked"] += 1
            over = (now > asked + within) if took is None else (took > within)
            expected["late" if over else "waiting" if took is None else "held"] += 1
    found = levels.compliance(level(within), rows, {}, AS_OF, START + timedelta(minutes=now))
    assert found._asdict() == {"level": level(within), **expected}
    assert found.asked == found.held + found.late + found.waiting


@given(st.integers(1, 40), st.integers(0, 200), st.none() | st.integers(0, 200), st.data())
def test_a_rhythm_is_held_on_its_day_or_before_and_late_after_it(every, seen, ends, data):
    """SAV-R: monthly reviews, quarterly business reviews."""
    until_on = None if ends is None else AS_OF + timedelta(ends)
    as_of = AS_OF + timedelta(seen)
    days = [day for day in range(1, seen + 1) if day % every == 0 and (ends is None or day <= ends)]
    marks = data.draw(st.dictionaries(st.integers(1, 8), st.integers(-3, 3)))
    states = {
        f"level2-{number}": state("x")._replace(set_on=AS_OF + timedelta(number * every + slip))
        for number, slip in marks.items()
    }
    held = late = waiting = 0
    for number, day in enumerate(days, 1):
        if number in marks:
            held, late = held + (marks[number] <= 0), late + (marks[number] > 0)
        elif day < seen:
            late += 1
        else:
            waiting += 1
    found = levels.compliance(level(every=every, until_on=until_on), [], states, as_of, START)
    assert found[1:] == (len(days), held, late, waiting)
    assert [on for _, on in levels.occasions(level(every=every, until_on=until_on), as_of)] == [
        AS_OF + timedelta(day) for day in days
    ]


def test_what_was_skipped_did_not_take_place():
    states = {"level2-1": state("level2-1", "skipped")}
    found = levels.compliance(level(every=7), [], states, AS_OF + timedelta(8), START)
    assert found[1:] == (1, 0, 1, 0)
    assert levels.step_of(level(every=7), 1) == "level2-1"


@pytest.mark.parametrize("minutes", [30, 240, 1440])
def test_an_answer_is_owed_so_many_minutes_after_the_question_whatever_clocks_do(minutes):
    asked = ServiceResponse(1, 1, 2, "2026-03-28T23:30:00Z", None, None, "eva")
    by = levels.answer_by(level(minutes), asked)
    assert by.timestamp() - datetime(2026, 3, 28, 23, 30, tzinfo=UTC).timestamp() == minutes * 60


def test_a_level_of_neither_kind_has_no_occasions():
    assert levels.occasions(level(), date(2030, 1, 1)) == []
