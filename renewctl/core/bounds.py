"""When a contract's next item may fall due at the earliest: what the agenda's cache is made of."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.agenda import collect_health_on
from renewctl.core.due import NOTHING_DONE, States, back_on, closed
from renewctl.core.timeline import CATCH_UP, COLLECT_HEALTH, OPT_OUT, Planner, anchor


class Terms(NamedTuple):
    """What a contract's bound depends on, beside what was done."""

    segment: str
    arr_minor: int
    renewal_on: date
    anchor_on: date
    tacit: bool  # the anchor is an opt-out deadline
    first_on: date  # the day its plan starts from
    cycle: int = 1
    won_on: date | None = None
    value_from_on: date | None = None


class Bounds:
    """Lower bounds of the day a contract's next item falls due, whatever its health becomes.

    A bound ignores the conditions that a day, a reading or a call can change, so an index on it stays
    right between writes. A snoozed step counts with the day it comes back.
    """

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._first: dict[tuple[object, ...], date] = {}

    def untouched(
        self,
        segment: str,
        arr_minor: int,
        renewal_on: date,
        notice_days: int | None,
        first_on: date,
        value_from_on: date | None,
    ) -> date:
        """The bound of a first cycle with which nothing has been done.

        `notice_days` only of a contract that renews tacitly.
        """
        planner = self.planner
        anchor_on, _ = anchor(renewal_on, int(notice_days is not None), notice_days)
        key = (segment, planner.reach(segment, arr_minor), anchor_on, notice_days is None, first_on)
        found = self._first.get(key)
        if found is None:
            terms = Terms(segment, arr_minor, anchor_on, anchor_on, notice_days is not None, first_on)
            found = self._first[key] = self.next_due_on(terms, NOTHING_DONE)
        if value_from_on is not None:
            first = planner.first_recurring(segment, renewal_on, anchor_on, value_from_on)
            found = min(found, first) if first is not None else found
        return found if found < renewal_on else renewal_on

    def next_due_on(self, terms: Terms, states: States) -> date:
        """The bound of any contract."""
        planner = self.planner
        bounds = [terms.renewal_on]  # the day a past-due item carries
        stale_days = planner.policy.agenda.stale_days

        def may_come(step: str, due_on: date) -> None:
            if not closed(states, step, due_on, stale_days):
                bounds.append(back_on(states, step, due_on))

        if terms.tacit and not closed(states, OPT_OUT, terms.anchor_on, stale_days):
            may_come(OPT_OUT, terms.anchor_on)
            for days in planner.policy.agenda.notice_days:
                if (due_on := terms.anchor_on - timedelta(days=days)) >= terms.first_on:
                    may_come(f"{OPT_OUT}-{days}", due_on)
        lead_on = collect_health_on(planner.policy, terms.segment, terms.first_on, terms.anchor_on)
        may_come(COLLECT_HEALTH, lead_on)
        every = planner.every_step(terms.segment, terms.arr_minor)
        schedule = planner.dated(terms.segment, every, terms.anchor_on, terms.first_on)
        if any(not closed(states, step.step) for step in schedule.late) and schedule.catch_up_on:
            bounds.append(back_on(states, CATCH_UP, schedule.catch_up_on))
        if schedule.days and not states:
            bounds.append(schedule.days[0].due_on)
        for planned in schedule.steps if states else ():
            may_come(planned.step.step, planned.due_on)
        if terms.won_on is not None:
            for step in planner.after_won(terms.segment):
                may_come(f"{step.step}@{terms.cycle - 1}", terms.won_on + timedelta(days=step.after_days))
        if terms.value_from_on is not None:
            for step_name, due_on, _ in planner.recurring(
                terms.segment, terms.renewal_on, terms.anchor_on, terms.value_from_on, date.max
            ):
                if not closed(states, step_name):
                    bounds.append(back_on(states, step_name, due_on))
        return min(bounds)


def recurring_from(
    renewals: Iterable[tuple[date, int]], latest_from_on: date
) -> list[tuple[int, date, date]]:
    """Which of an account's open contracts carries its recurring work, and on which days (VAL).

    (contract, from, until) in the order in which they renew: one carries it until its renewal date, the
    next from the day after, should the first stay open. Given are (renewal date, contract) of those that
    have an agenda, and the latest day on which any contract of the account was planned anew or lost: nothing
    before it comes back, neither what was paused nor what was owed under another contract.
    """
    found, from_on = [], latest_from_on
    for renewal_on, no in sorted(renewals):
        found.append((no, from_on, renewal_on))
        from_on = max(from_on, renewal_on + timedelta(days=1)) if renewal_on < date.max else renewal_on
    return found
