"""HLT-3: a score that falls flags the renewal by itself: since when, by what, and what save that suggests."""

from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.health import INPUT_FIELDS, INPUTS, known, mix, points_of
from renewctl.core.health_change import SCORE, Change, between, change
from renewctl.core.health_past import Replay
from renewctl.core.model import Because
from renewctl.core.policy import HealthWork
from renewctl.core.signs import on_record

INVESTIGATE = "investigate"  # no fact and no input speaks for a scenario yet
_DAY = timedelta(days=1)


class Flag(NamedTuple):
    """The flag on a renewal as of a day."""

    flagged_on: (
        date  # the first day of the unbroken spell in which the score was under the limit or had dropped
    )
    kind: str  # below | drop: what held on that day
    score: float  # on the day asked about
    change: Change  # what led to the flag
    scenario: str  # of the playbooks, or `investigate`
    because: tuple[Because, ...]  # of the flag first, then of the scenario


def flag(replay: Replay) -> Flag | None:
    """The flag of an account on the replay's day; None where its score gives no reason for one.

    It stands while the score is under the policy's limit, or while what was learnt in the last days cost it
    so many points. Fading alone is no drop: a reading that grows old says nothing of the customer.
    """
    score = replay.score(replay.as_of)
    flagged_on = since(replay)
    if score is None or flagged_on is None:
        return None
    rules = replay.policy.health_work
    below = _is_below(replay, flagged_on)
    lost = _lost(replay, flagged_on)
    if below or lost is None:
        cause = _cause(replay, flagged_on)
        at = replay.score(flagged_on)
        why = Because("HLT-3", f"score {at:g} on {flagged_on}", f"flagged under {rules.flag_below:g}")
    else:
        by, points = lost
        cause = between(replay.known(by, flagged_on), replay.known(flagged_on), replay.policy)
        seen = f"score {cause.after:g} on {flagged_on}, {points:g} points lost to what came in after {by}"
        limit = f"flagged from {rules.drop_points:g} points within {rules.drop_days} days"
        why = Because("HLT-3", seen, limit)
    scenario, reason = _scenario(replay, cause)
    return Flag(flagged_on, "below" if below else "drop", score, cause, scenario, (why, reason))


def since(replay: Replay) -> date | None:
    """`Flag.flagged_on` alone, at a fraction of the cost; None where there is no flag."""
    found, day = None, replay.as_of
    while True:
        start = replay.spell_below(replay.policy.health_work.flag_below, day)
        if start is None and _lost(replay, day) is not None:
            start = day
        if start is None:
            return found
        found, day = start, start - _DAY


def _is_below(replay: Replay, day: date) -> bool:
    score = replay.score(day)
    return score is not None and score < replay.policy.health_work.flag_below


def _lost(replay: Replay, day: date) -> tuple[date, float] | None:
    """(the day before it was learnt, points lost) of the largest drop that counts on a day; None: none does.

    What was known before each event of the last days is scored on this same day, so that age takes as much
    of it as of what is known now.
    """
    rules: HealthWork = replay.policy.health_work
    now = replay.score(day)
    if now is None:
        return None
    largest: tuple[float, date] | None = None
    for event in replay.events:
        if timedelta(0) <= day - event < timedelta(days=rules.drop_days):
            before = replay.score(day, event - _DAY)
            points = 0.0 if before is None else round(before - now, 1)
            if points >= rules.drop_points and (largest is None or points > largest[0]):
                largest = points, event - _DAY
    return None if largest is None else (largest[1], largest[0])


def _cause(replay: Replay, flagged_on: date) -> Change:
    """What brought the score under the limit: the event of that day, else the fading since the last one."""
    before = [event for event in replay.events if event <= flagged_on]
    if before and before[-1] < flagged_on:
        return change(replay, before[-1], flagged_on)
    return change(replay, flagged_on - _DAY, flagged_on)


def _scenario(replay: Replay, cause: Change) -> tuple[str, Because]:
    """The save the facts speak for, in the policy's order; else the one of the input that weighs most."""
    saves = replay.policy.raw["saves"]
    signs = _signs(replay)
    for scenario in saves["scenario_order"]:
        if scenario in signs:
            return scenario, signs[scenario]
    name = _culprit(replay, cause)
    scenario = replay.policy.health_work.scenarios.get(name or "", INVESTIGATE)
    if name is None or scenario == INVESTIGATE:
        return INVESTIGATE, Because("SAV-2", "no fact and no input tells why", "find the real problem first")
    read = known(replay.record.readings, replay.as_of)
    figures = [f"{each} {read[each][0]:g} ({read[each][1]})" for each in INPUT_FIELDS[name] if each in read]
    seen = f"{name} weighs most: {', '.join(figures)}"
    return scenario, Because("SAV-2", seen, "no fact speaks for another scenario")


def _signs(replay: Replay) -> dict[str, Because]:
    """Scenario -> the fact that speaks for it (SAV-1's triggers)."""
    found = on_record(replay.record.account, replay.record.readings, replay.policy)
    return {each.scenario: each.because for each in found if each.scenario}


def _culprit(replay: Replay, cause: Change) -> str | None:
    """The input that cost most: by its move towards the flag, else by what it keeps from the mix now."""
    moved = [each for each in cause.moves if each.what in ("input", "reweighting") and each.points < 0]
    if moved:
        return None if moved[0].input == SCORE else moved[0].input
    known = replay.known(replay.as_of)
    points = points_of(known.readings, known.scale)
    if not mix(points, known.scale)[1] or points[len(INPUTS)] is not None:
        return None
    costs = [
        (weight * (100 - point), -at, name)
        for at, (name, point, weight) in enumerate(zip(INPUTS, points, known.scale.weights, strict=False))
        if point is not None
    ]
    return max(costs)[2]
