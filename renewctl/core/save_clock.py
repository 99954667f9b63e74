"""SAV-1, SAV-7: the clock a case is answered by, and the milestones it is held against."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from renewctl.core.case_file import CaseFile, is_open, latest
from renewctl.core.model import SaveCase
from renewctl.core.moments import instant, later, local_on, stored
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy


class Milestone(NamedTuple):
    """SAV-7: where a save should stand, from the first day to the last on which that is in time."""

    name: str
    text: str
    from_on: date
    due_on: date


class Clock(NamedTuple):
    """How a case stands against `respond_by`."""

    state: str  # running | late | answered
    hours_left: float  # to respond_by at `seen_at`; negative when late, 0 when answered
    seen_at: str
    answered_on: date | None
    in_time: bool | None  # of an answer: whether it came in time; None where the hour is not on record


def clock(flagged_on: date, policy: Policy, zone: tzinfo, at: datetime | None = None) -> tuple[str, str]:
    """SAV-1: (flagged_at, respond_by) of a flag.

    A bare date counts from the hour at which the policy's day starts; `at` (aware) is the exact instant
    where it is known.
    """
    begin = at or datetime.combine(flagged_on, policy.saves.day_starts, zone)
    flagged_at = stored(begin)
    return flagged_at, later(flagged_at, policy.saves.respond_hours)


def milestones(case: SaveCase, policy: Policy) -> tuple[Milestone, ...]:
    """SAV-7, counted from the flag, in the scenario's words."""
    own = policy.playbook(case.scenario).milestones
    return tuple(
        Milestone(
            name,
            own.get(name) or text,
            case.flagged_on + timedelta(days=first),
            case.flagged_on + timedelta(days=last),
        )
        for name, (text, first, last) in policy.saves.milestones.items()
    )


def clock_state(
    file: CaseFile,
    step: CaseStep | None,
    policy: Policy,
    zone: tzinfo,
    as_of: date,
    now: datetime | None = None,
) -> Clock:
    """How the clock of a case stands on a day, given the step of its first contact.

    It is seen `now` (aware) where that is known, else at the hour the day starts, and on the day of the flag
    at the flag. An answer whose hour nobody recorded was in time on a day before that of `respond_by`, late
    after it, and of that very day nobody knows (`in_time` None).
    """
    case = file.case
    begins = now or datetime.combine(as_of, policy.saves.day_starts, zone)
    seen = max(begins.astimezone(UTC), instant(case.flagged_at))
    call = latest(file.ledger, "contact")
    done = step is not None and step.state == "done"
    if done or (step is None and call is not None):
        marked = step.marked if step is not None else None
        on = marked.set_on if marked else call.happened_on if call else as_of
        at = call.happened_at if call else None
        on = local_on(at, zone) if at else on
        last_on = local_on(case.respond_by, zone)
        in_time = at <= case.respond_by if at else None if on == last_on else on < last_on
        return Clock("answered", 0.0, stored(seen), on, in_time)
    left = (instant(case.respond_by) - seen).total_seconds() / 3600
    return Clock("late" if left < 0 else "running", round(left, 1), stored(seen), None, None)


def put_off(case: SaveCase, step: CaseStep, contact: str | None, until_on: date, zone: tzinfo) -> date:
    """The day a step comes back; the first contact of an open case is never put off past its clock."""
    if step.step == contact and is_open(case):
        return min(until_on, local_on(case.respond_by, zone))
    return until_on
