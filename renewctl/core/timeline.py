"""Which steps a renewal needs and when: the merged plan of TML and REM.

A plan is computed from the policy, the anchor and a few facts; nothing of it is stored. Steps carry
stable keys, so what was done with them is matched by (contract, cycle, step) after any re-planning.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby, takewhile
from operator import attrgetter
from typing import NamedTuple

from renewctl.core.dates import WorkCalendar, last_working_day, month_day
from renewctl.core.policy import Cadence, Policy, Step

CATCH_UP = "catch-up"
PAST_DUE = "past-due"
OPT_OUT = "opt-out"
COLLECT_HEALTH = "collect-health"


class Facts(NamedTuple):
    """What decides the shape of a plan, beside its dates."""

    segment: str
    arr_minor: int  # base ARR the policy's thresholds are held against
    guard: bool  # HLT-5 holds
    opportunity: str  # OPP
    auto_renew: bool  # the touch model, not the clause
    stage: str = "planned"
    replied: bool = False
    papers: frozenset[str] = frozenset()  # rendered since work on this renewal began
    bundled: bool = False  # BND-1: an expansion goes with the renewal
    yellow: bool = False  # the band of its health (HLT-4)


class Planned(NamedTuple):
    """A step on its day. `work_on` is the last working day on or before it."""

    step: Step
    due_on: date
    work_on: date


class Day(NamedTuple):
    """The steps that fall due on one day."""

    due_on: date
    work_on: date
    steps: tuple[Step, ...]


class Shown(NamedTuple):
    """A step that a fact has closed."""

    step: Step
    fact: str  # of `Step.done_by`, such as "stage:notified"


class Occurrence(NamedTuple):
    """Recurring work in one of its periods (VAL)."""

    step: str  # such as qbr-2026q4
    due_on: date
    cadence: Cadence


class Schedule(NamedTuple):
    """The dated steps of one renewal."""

    anchor_on: date
    days: tuple[Day, ...]  # by day
    late: tuple[Step, ...]  # those the catch-up stands for, in its order
    catch_up_on: date | None
    squeezed: bool  # TML-1: started too late for its segment

    @property
    def steps(self) -> tuple[Planned, ...]:
        """The steps one by one, by day."""
        return tuple(Planned(step, day.due_on, day.work_on) for day in self.days for step in day.steps)


def anchor(renewal_on: date, auto_renew: int | None, notice_days: int | None) -> tuple[date, str]:
    """The day offsets count back from, and its name (ANCHOR).

    The opt-out deadline when the contract renews tacitly and its notice days are known, else the
    renewal date.
    """
    if auto_renew and notice_days is not None:
        return renewal_on - timedelta(days=notice_days), "opt_out_deadline"
    return renewal_on, "renewal_date"


def deadline(renewal_on: date, auto_renew: int | None, notice_days: int | None) -> date | None:
    """The opt-out deadline of a contract, None where it has none or its notice days are unknown (ANCHOR)."""
    on, name = anchor(renewal_on, auto_renew, notice_days)
    return on if name == "opt_out_deadline" else None


def conditions(facts: Facts, late_stages: frozenset[str]) -> frozenset[str]:
    """The `when` conditions of steps that hold for these facts."""
    expansion = facts.opportunity == "expansion"
    held = {
        "risk_only": not facts.guard,
        "at_risk": facts.opportunity == "at_risk",
        "not_at_risk": facts.opportunity != "at_risk",
        "yellow": facts.yellow,
        "expansion": expansion,
        "bundle": facts.bundled,
        "not_bundle": expansion and not facts.bundled,
        "not_late_stage": facts.stage not in late_stages,
        "no_reply": not facts.replied,
        "not_auto_renew": not facts.auto_renew,
    }
    return frozenset(name for name, holds in held.items() if holds)


# Conditions that end as a renewal goes on: a step they end was needed until then.
_ENDING = frozenset(("not_late_stage", "no_reply"))


class Planner:
    """Plans under one policy and calendar, remembering what many contracts share.

    A book has thousands of contracts and a few hundred (profile, anchor, first day) triples; each
    is scheduled once.
    """

    def __init__(self, policy: Policy, calendar: WorkCalendar) -> None:
        self.policy = policy
        self.calendar = calendar
        self._limits = {
            segment: sorted({step.min_arr_minor for step in steps if step.min_arr_minor is not None})
            for segment, steps in policy.timelines.items()
        }
        self._selected: dict[tuple[object, ...], tuple[Step, ...]] = {}
        self._splits: dict[tuple[object, ...], tuple[tuple[Step, ...], tuple[Shown, ...]]] = {}
        self._schedules: dict[tuple[object, ...], Schedule] = {}
        self._working: dict[date, date] = {}
        self._grouped: dict[int, list[tuple[timedelta, tuple[Step, ...]]]] = {}
        self._passed: dict[tuple[int, int, bool], tuple[Step, ...]] = {}
        self._after_won: dict[str, tuple[Step, ...]] = {}
        self._by_name: dict[str, dict[str, Step]] = {}
        self._periods: dict[tuple[int, int, int, int], Occurrence | None] = {}

    def work_on(self, day: date) -> date:
        """The last working day on or before `day`."""
        found = self._working.get(day)
        if found is None:
            found = self._working[day] = last_working_day(day, self.calendar)
        return found

    def reach(self, segment: str, arr_minor: int) -> int:
        """How many of the segment's `min_arr` thresholds an ARR reaches: equal reach, equal steps."""
        return bisect_right(self._limits[segment], arr_minor)

    def steps(self, facts: Facts) -> tuple[Step, ...]:
        """The steps that hold for a renewal and no fact has closed, earliest first.

        Steps after signature are not among them; what a step builds on is cut down to steps that are.
        """
        return self._split(facts)[0]

    def shown(self, facts: Facts) -> tuple[Shown, ...]:
        """The steps that a fact has closed, earliest first, each with that fact."""
        return self._split(facts)[1]

    def _split(self, facts: Facts) -> tuple[tuple[Step, ...], tuple[Shown, ...]]:
        key = (facts.segment, self.reach(facts.segment, facts.arr_minor), *facts[2:])
        found = self._splits.get(key)
        if found is None:
            held = conditions(facts, self.policy.late_stages)
            known = self._known(facts)
            open_steps, shown = [], []
            for step in self.every_step(facts.segment, facts.arr_minor):
                fact = next((each for each in step.done_by if each in known), None)
                if fact is not None and (held | _ENDING).issuperset(step.when):
                    shown.append(Shown(step, fact))
                elif held.issuperset(step.when):
                    open_steps.append(step)
            names = {step.step for step in open_steps}
            found = self._splits[key] = (
                tuple(
                    step._replace(after=tuple(each for each in step.after if each in names))
                    if step.after
                    else step
                    for step in open_steps
                ),
                tuple(shown),
            )
        return found

    def _known(self, facts: Facts) -> frozenset[str]:
        """The facts that `done_by` may name, of those that hold."""
        stages = self.policy.stages
        reached = stages[: stages.index(facts.stage) + 1] if facts.stage in stages else ()
        found = {f"stage:{stage}" for stage in reached} | {f"paper:{paper}" for paper in facts.papers}
        return frozenset(found | ({"reply"} if facts.replied else set()))

    def after_won(self, segment: str) -> tuple[Step, ...]:
        """The steps that follow a signature."""
        found = self._after_won.get(segment)
        if found is None:
            steps = self.policy.timelines[segment]
            found = self._after_won[segment] = tuple(step for step in steps if step.trigger == "won")
        return found

    def by_name(self, segment: str) -> dict[str, Step]:
        """The steps of a segment by their key."""
        found = self._by_name.get(segment)
        if found is None:
            found = self._by_name[segment] = {step.step: step for step in self.policy.timelines[segment]}
        return found

    def every_step(self, segment: str, arr_minor: int) -> tuple[Step, ...]:
        """The steps a renewal may need, whatever its conditions become."""
        reach = self.reach(segment, arr_minor)
        found = self._selected.get((segment, reach))
        if found is None:
            found = self._selected[segment, reach] = tuple(
                step
                for step in self.policy.timelines[segment]
                if step.days is not None and (step.min_arr_minor or 0) <= arr_minor
            )
        return found

    def schedule(self, facts: Facts, anchor_on: date, first_on: date) -> Schedule:
        """Date the steps back from the anchor; those due before `first_on` collapse (TML-1, LATE)."""
        return self.dated(facts.segment, self.steps(facts), anchor_on, first_on)

    def dated(self, segment: str, steps: tuple[Step, ...], anchor_on: date, first_on: date) -> Schedule:
        """Date some steps of a segment, as given by `steps` or `every_step`."""
        key = (id(steps), anchor_on, first_on)
        found = self._schedules.get(key)
        if found is None:
            found = self._schedules[key] = self._schedule(segment, steps, anchor_on, first_on)
        return found

    def _by_day(self, steps: tuple[Step, ...]) -> list[tuple[timedelta, tuple[Step, ...]]]:
        """Steps that stand on the same day together, the earliest day first."""
        found = self._grouped.get(id(steps))
        if found is None:
            days = groupby(steps, key=attrgetter("days"))
            found = [(timedelta(days=before or 0), tuple(group)) for before, group in days]
            self._grouped[id(steps)] = found
        return found

    def _late(self, steps: tuple[Step, ...], passed: int, short: bool) -> tuple[Step, ...]:
        """What a catch-up stands for when the first `passed` days of a plan are gone, in its order.

        `short`: so little time remains that what only prepares or explores drops.
        """
        key = (id(steps), passed, short)
        found = self._passed.get(key)
        if found is None:
            rules = self.policy.agenda
            order = {purpose: at for at, purpose in enumerate(rules.catch_up_order)}
            late = [step for _, group in self._by_day(steps)[:passed] for step in group]
            if short:
                late = [step for step in late if step.purpose not in rules.drop_purposes]
            late.sort(key=lambda step: (order.get(step.purpose, len(order)), -(step.days or 0)))
            found = self._passed[key] = tuple(late)
        return found

    def late(self, schedule: Schedule) -> tuple[Planned, ...]:
        """The steps a catch-up stands for, on the days they would have had."""
        days = [(step, schedule.anchor_on - timedelta(days=step.days or 0)) for step in schedule.late]
        return tuple(Planned(step, due_on, self.work_on(due_on)) for step, due_on in days)

    def recurring(
        self, segment: str, renewal_on: date, anchor_on: date, first_on: date, until: date
    ) -> tuple[Occurrence, ...]:
        """The recurring work of an account from `first_on` until its renewal speaks of value itself (VAL).

        One in each period of the calendar year, on the renewal's day of the month, in the month of the
        period that the renewal's own month stands for; kind by kind, each by day, up to `until`.
        """
        end_on = self._value_ends(anchor_on)
        return tuple(
            each
            for cadence in self.policy.cadence[segment]
            for each in takewhile(
                lambda each: each.due_on <= until, self._occurrences(cadence, renewal_on, first_on, end_on)
            )
        )

    def first_recurring(self, segment: str, renewal_on: date, anchor_on: date, first_on: date) -> date | None:
        """The day of the first of `recurring`, whenever that is; None: there is none."""
        end_on = self._value_ends(anchor_on)
        firsts = (
            next(self._occurrences(cadence, renewal_on, first_on, end_on), None)
            for cadence in self.policy.cadence[segment]
        )
        return min((each.due_on for each in firsts if each is not None), default=None)

    def _value_ends(self, anchor_on: date) -> date:
        """The first day from which the renewal's own steps take the place of recurring work."""
        return anchor_on - timedelta(days=self.policy.agenda.value_pause_days)

    def _occurrences(
        self, cadence: Cadence, renewal_on: date, first_on: date, end_on: date
    ) -> Iterator[Occurrence]:
        period = (first_on.year * 12 + first_on.month - 1) // cadence.every_months
        while True:
            key = (
                id(cadence),
                period,
                renewal_on.month,
                renewal_on.day,
            )  # cadences live as long as the policy
            if key not in self._periods:
                self._periods[key] = _occurrence(cadence, *key[1:])
            found = self._periods[key]
            if found is None or found.due_on >= end_on:
                return
            if found.due_on >= first_on:
                yield found
            period += 1

    def _schedule(self, segment: str, steps: tuple[Step, ...], anchor_on: date, first_on: date) -> Schedule:
        rules = self.policy.agenda
        days: list[Day] = []
        passed = 0
        for before, group in self._by_day(steps):
            due_on = anchor_on - before
            if due_on >= first_on:
                days.append(Day(due_on, self.work_on(due_on), group))
            else:
                passed += 1
        left = (anchor_on - first_on).days
        late = self._late(steps, passed, left < rules.drop_below_days) if passed else ()
        catch_up_on = min(first_on + timedelta(days=rules.catch_up_days), anchor_on) if late else None
        return Schedule(
            anchor_on,
            tuple(days),
            late,
            catch_up_on,
            bool(late) and left < rules.squeezed.get(segment, 0),
        )


_PERIODS = {1: "-{:02}", 3: "q{}", 6: "h{}", 12: ""}


def _occurrence(cadence: Cadence, period: int, month: int, day: int) -> Occurrence | None:
    """The work of one period, counted from year 0, for renewals of a month and day; None: no such year."""
    every = cadence.every_months
    year, month = divmod(period * every + (month - 1) % every, 12)
    if year > 9998:
        return None
    name = _PERIODS.get(every, "p{}").format(month // every + 1)
    return Occurrence(f"{cadence.name}-{year}{name}", month_day(year, month + 1, day), cadence)
