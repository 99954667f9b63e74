"""HLT-2: why a score changed between two days: an input, fading, new weights, caps or an override.

The way from the one score to the other is walked in steps, each changing one thing; every stop on it is a
score rounded as scores are. So the points of the moves add up to the change exactly, to a tenth.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from renewctl.core.health import (
    IMPORTED,
    INPUT_FIELDS,
    INPUTS,
    READ,
    Latest,
    Points,
    caps,
    latest,
    limited,
    points_of,
    score_of,
)
from renewctl.core.health_past import Known, Replay
from renewctl.core.health_reasons import raw
from renewctl.core.policy import Policy

SCORE = "health_score"  # the input an imported score stands for


class Move(NamedTuple):
    """One thing that moved a score.

    `what`: input (read anew), reweighting (an input read for the first time, which takes its weight from
    the others), fading (of an input that was not read again), imported (a score took the place of the mix),
    caps, override.
    """

    what: str
    input: str | None  # of INPUTS or SCORE
    points: float  # tenths
    on: date | None  # the day of what came: the reading, the override
    was: str | None = None
    now: str | None = None


class Change(NamedTuple):
    """What became of a score. Without a score on either day there are no points to tell."""

    from_on: date
    to_on: date
    before: float | None
    after: float | None
    moves: tuple[Move, ...]  # those that mattered most first

    @property
    def points(self) -> float | None:
        """The whole change, which the moves add up to."""
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, 1)


class _State(NamedTuple):
    """One day's facts taken apart."""

    facts: Known
    found: Latest
    points: Points
    limits: tuple[str, ...]
    override: float | None


def change(replay: Replay, from_on: date, to_on: date) -> Change:
    """What moved the score from one day to a later one."""
    return between(replay.known(from_on), replay.known(to_on), replay.policy)


def between(then: Known, now: Known, policy: Policy) -> Change:
    """What moved the score from what was known on one day to what was on another."""
    before, after = _state(then, policy), _state(now, policy)
    start, end = _score(before), _score(after)
    if start is None or end is None:
        return Change(then.by, now.by, start, end, ())
    tenths: dict[tuple[str, str | None], int] = {}
    at = _tenths(start)
    lost = False
    for what, name, value in _steps(before, after):
        if value is None:  # too little was known for a mix, and an override stood in
            lost = True
            continue
        key = ("override", None) if lost else (what, name)
        tenths[key] = tenths.get(key, 0) + _tenths(value) - at
        at, lost = _tenths(value), False
    moves = [_move(what, name, each, before, after) for (what, name), each in tenths.items()]
    kept = [each for each in moves if each.points or (each.what == "input" and each.was != each.now)]
    kept.sort(key=lambda each: -abs(each.points))
    return Change(then.by, now.by, start, end, tuple(kept))


def _tenths(score: float) -> int:
    return round(score * 10)


def _state(facts: Known, policy: Policy) -> _State:
    return _State(
        facts,
        latest(facts.readings, facts.on),
        points_of(facts.readings, facts.scale),
        caps(facts.account, policy, facts.on),
        None if facts.override is None else facts.override.score,
    )


def _score(state: _State) -> float | None:
    return score_of(state.points, state.limits, state.facts.scale, state.override)


def _steps(before: _State, after: _State) -> Iterator[tuple[str, str | None, float | None]]:
    """(what moves, which input, the score after it) on the way from the one state to the other."""
    scale = after.facts.scale

    def plain(points: Points) -> float | None:
        return score_of(points, (), scale)

    yield "caps", None, score_of(before.points, (), before.facts.scale, before.override)
    if before.override is not None:
        yield "override", None, plain(before.points)
    points = list(before.points)
    faded = points_of(before.facts.readings, scale)
    imported = before.points[IMPORTED] is not None, after.points[IMPORTED] is not None
    names = [SCORE] if any(imported) else list(INPUTS)
    places = [IMPORTED] if any(imported) else range(len(INPUTS))
    if imported == (False, True):
        yield "imported", SCORE, plain(after.points)
    else:
        for name, at in zip(names, places, strict=True):
            if not _read_again(name, before.found, after.found):
                points[at] = faded[at]
                yield "fading", name, plain(_as_points(points))
        for first_read in (False, True):
            for name, at in zip(names, places, strict=True):
                if (faded[at] is None) is first_read and after.points[at] is not None:
                    points[at] = after.points[at]
                    yield "reweighting" if first_read else "input", name, plain(_as_points(points))
    if after.override is not None:
        yield "override", None, limited(after.override, (), scale)
    yield "caps", None, _score(after)


def _read_again(name: str, then: Latest, now: Latest) -> bool:
    """Whether an input rests on a reading of another day than it did."""
    places = [READ.index(field) for field in INPUT_FIELDS.get(name, ("score",))]
    return any(then[1][at] != now[1][at] for at in places)


def _as_points(points: list[float | None]) -> Points:
    usage, engagement, relationship, tickets, nps, imported = points
    return usage, engagement, relationship, tickets, nps, imported


def _move(what: str, name: str | None, tenths: int, before: _State, after: _State) -> Move:
    points = tenths / 10
    if what == "override":
        said = after.facts.override or before.facts.override
        return Move(what, None, points, said.set_on if said and after.facts.override else None)
    if name is None:
        return Move(what, None, points, None)
    was, now = raw(name, before.found), raw(name, after.found)
    if what == "fading":
        return Move(what, name, points, was[1] if was else None)
    return Move(what, name, points, now[1] if now else None, was[0] if was else None, now[0] if now else None)
