"""ROL: a pilot of one segment beside the rest and beside its own past, each figure with its counts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.model import Because
from renewctl.core.policy import Policy


class Reached(NamedTuple):
    """One renewal that came to its date: decided, or still open past it."""

    segment: str | None
    due_on: date
    closed_on: date | None  # None: no outcome yet
    won: bool
    atr_minor: int | None  # ARR available to renew, base currency
    kept_minor: int  # of it, at most the ATR
    minutes: int  # logged on that cycle

    @property
    def on_time(self) -> bool:
        """Signed on or before the renewal date."""
        return self.won and self.closed_on is not None and self.closed_on <= self.due_on


class Figures(NamedTuple):
    """One group over a span of days, both in."""

    name: str  # pilot | rest | baseline | rest_baseline
    from_on: date
    to_on: date
    reached: int
    decided: int
    won: int
    on_time: int
    valued: int  # decided, with an ATR that is known
    atr_minor: int
    kept_minor: int
    minutes: int
    overdue: int | None  # items overdue today; None: of the past nobody knows


class Pilot(NamedTuple):
    """A pilot and what it is compared with; `segment` None: there is none."""

    segment: str | None
    started_on: date | None
    groups: tuple[Figures, ...]
    warnings: tuple[Because, ...]


def pilot(reached: Sequence[Reached], overdue: dict[str | None, int], policy: Policy, as_of: date) -> Pilot:
    """The pilot of the policy on a day. `overdue` counts items by segment, as though all of it ran."""
    table = policy.raw["pilot"]
    segment = policy.pilot
    if segment is None:
        return Pilot(None, None, (), ())
    started_on = date.fromisoformat(table["started_on"])
    before = started_on - timedelta(days=table["baseline_days"])
    day_before = started_on - timedelta(days=1)
    mine = [each for each in reached if each.segment == segment]
    rest = [each for each in reached if each.segment != segment]
    late = overdue.get(segment, 0)
    others = sum(overdue.values()) - late
    groups = (
        figures("pilot", mine, started_on, as_of, late),
        figures("rest", rest, started_on, as_of, others),
        figures("baseline", mine, before, day_before, None),
        figures("rest_baseline", rest, before, day_before, None),
    )
    return Pilot(
        segment,
        started_on,
        groups,
        tuple(_warnings(segment, started_on, groups, table["few_renewals"], as_of)),
    )


def figures(
    name: str, reached: Iterable[Reached], from_on: date, to_on: date, overdue: int | None
) -> Figures:
    """What came to its date in a span. The gross rate is of decided renewals with a known ATR."""
    found = [each for each in reached if from_on <= each.due_on <= to_on]
    decided = [each for each in found if each.closed_on is not None]
    valued = [each for each in decided if each.atr_minor is not None]
    return Figures(
        name,
        from_on,
        to_on,
        len(found),
        len(decided),
        sum(1 for each in decided if each.won),
        sum(1 for each in found if each.on_time),
        len(valued),
        sum(each.atr_minor or 0 for each in valued),
        sum(each.kept_minor for each in valued),
        sum(each.minutes for each in found),
        overdue,
    )


def _warnings(
    segment: str, started_on: date, groups: Sequence[Figures], few: int, as_of: date
) -> Iterator[Because]:
    if segment == "enterprise":
        yield Because("ROL", "the pilot runs in enterprise", "mid-market or SMB: many renewals, small risk")
    if started_on > as_of:
        yield Because("ROL", f"the pilot begins on {started_on}", f"today is {as_of}: nothing to compare yet")
    elif groups[0].reached < few:
        yield Because("ROL", f"renewals reached so far: {groups[0].reached}", f"under {few} say little")
