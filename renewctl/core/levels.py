"""SAV-R: service levels given in writing, and whether they were held, from what was logged.

A level is a time to answer in, counted in calendar hours from the moment the customer asked, or a rhythm:
something that happens every so many days.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from renewctl.core.due import States
from renewctl.core.model import ServiceLevel, ServiceResponse


class Compliance(NamedTuple):
    """How a level was held up to a moment. Counts only; of an open call nobody knows yet."""

    level: ServiceLevel
    asked: int  # calls, or meetings that fell due
    held: int
    late: int  # answered late, or never and overdue; a meeting that did not take place
    waiting: int  # calls that are still in time, meetings that may still take place


def answer_by(level: ServiceLevel, response: ServiceResponse) -> datetime:
    """The moment by which a call has to be answered; of a level that is a time to answer in."""
    return _at(response.asked_at) + timedelta(minutes=level.respond_minutes or 0)


def compliance(
    level: ServiceLevel, responses: Sequence[ServiceResponse], states: States, as_of: date, now: datetime
) -> Compliance:
    """How a level was held until `now` (aware), a rhythm until the day before `as_of`."""
    if level.respond_minutes is None:
        return _rhythm(level, states, as_of)
    held = late = waiting = 0
    mine = [each for each in responses if each.level_no == level.no]
    for each in mine:
        by = answer_by(level, each)
        if each.answered_at is not None:
            in_time = _at(each.answered_at) <= by
            held, late = held + in_time, late + (not in_time)
        elif by < now:
            late += 1
        else:
            waiting += 1
    return Compliance(level, len(mine), held, late, waiting)


def occasions(level: ServiceLevel, until: date) -> list[tuple[int, date]]:
    """(number, day) of each time a rhythm falls due up to a day, while the level holds."""
    every = level.every_days or 0
    last = until if level.until_on is None else min(until, level.until_on)
    count = max(0, (last - level.from_on).days // every) if every else 0
    return [(n, level.from_on + timedelta(days=n * every)) for n in range(1, count + 1)]


def step_of(level: ServiceLevel, number: int) -> str:
    """The key of one occasion among the steps of its save."""
    return f"level{level.no}-{number}"


def _rhythm(level: ServiceLevel, states: States, as_of: date) -> Compliance:
    held = late = waiting = 0
    due = occasions(level, as_of)
    for number, on in due:
        state = states.get(step_of(level, number))
        if state is not None and state.state == "done":
            in_time = state.set_on <= on
            held, late = held + in_time, late + (not in_time)
        elif on < as_of:
            late += 1
        else:
            waiting += 1
    return Compliance(level, len(due), held, late, waiting)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
