"""HLT: the health of one account told over time: its scores, their trend, the flag, and why it changed."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.classify import all_lost
from renewctl.core.health_change import Change, change
from renewctl.core.health_flag import Flag, flag
from renewctl.core.health_past import Replay, Trend
from renewctl.core.model import Contract
from renewctl.core.segment import in_force

_LOOK_BACK = timedelta(days=30)


class Point(NamedTuple):
    """The score of a day on which something behind it came or went, and of today."""

    on: date
    score: float | None
    band: str | None
    change: Change | None  # since the point before; None for the first


class Story(NamedTuple):
    """What `health show`, `health history`, `show` and `explain` tell beside the score of today."""

    points: tuple[Point, ...]  # by day, the last one today
    trend: Trend
    flag: Flag | None
    changes: tuple[Change, ...]  # since the reading before the last, and in 30 days


def story(replay: Replay, contracts: Sequence[Contract]) -> Story:
    """The health of an account over time, up to the replay's day.

    One that is out of force, or has lost every contract, has no renewal that could be flagged (HLT-3).
    """
    renews = in_force(replay.record.account.status) and not all_lost(contracts)
    return Story(points(replay), replay.trend(), flag(replay) if renews else None, changes(replay))


def points(replay: Replay) -> tuple[Point, ...]:
    """The score of every day with an event, and of the replay's day; none without an event."""
    days = replay.events
    if days and days[-1] < replay.as_of:
        days = [*days, replay.as_of]
    found: list[Point] = []
    for day in days:
        since = change(replay, found[-1].on, day) if found else None
        found.append(Point(day, replay.score(day), replay.band(day), since))
    return tuple(found)


def changes(replay: Replay) -> tuple[Change, ...]:
    """Why the score of today is another one than before: since the reading before the last, and in 30 days.

    A day on which there was no score yet has nothing to compare with, and is left out.
    """
    read = sorted(each.read_on for each in replay.record.readings if each.read_on <= replay.as_of)
    days = {replay.as_of - _LOOK_BACK, *read[-2:-1], *(read[-1:] if len(read) == 1 else ())}
    found = [change(replay, day, replay.as_of) for day in sorted(days, reverse=True) if day < replay.as_of]
    return tuple(each for each in found if each.points is not None)
