"""A case as of one day: everything a view shows of it, and the order in which cases are looked at."""

from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property

from renewctl.core import case_file, case_items, opening, plays, save_clock
from renewctl.core.case_file import CaseFile
from renewctl.core.case_items import UPDATE, Duty, attention_until, owed, updates
from renewctl.core.cases import Evidence, ahead, evidence
from renewctl.core.due import Item
from renewctl.core.model import KEPT_SAVES, Because, ItemState
from renewctl.core.ownership import step_person
from renewctl.core.play_flow import effort_range
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Playbook, Policy
from renewctl.core.promises import Standing, standing
from renewctl.core.save_clock import Clock, Milestone
from renewctl.core.signs import urgency as urgency_of

_NEXT = 31  # days ahead in which what is owed next to a customer that was kept is told


class Report:
    """A case as of one day. What a view does not show is not worked out."""

    def __init__(
        self, file: CaseFile, policy: Policy, zone: tzinfo, as_of: date, now: datetime | None = None
    ) -> None:
        """`now` is the instant it is looked at, where that is today."""
        self.file = file
        self.policy = policy
        self.zone = zone
        self.as_of = as_of
        self.book: Playbook = policy.playbook(file.case.scenario)
        self.plan = plays.Plan(file, policy, zone)
        self.first_contact = self.plan.contact
        self.clock: Clock = save_clock.clock_state(file, self.plan.first, policy, zone, as_of, now)
        self.provisional = plays.provisional(file.case)  # the check-ins' dates
        self.zone_name = policy.time_zone
        self.base_currency = policy.base_currency

    @property
    def urgency(self) -> str:
        """SAV-1: as a suggestion of it has it."""
        return urgency_of(self.book.urgency, self.file.account, self.file.renewal.segment)

    @property
    def steps(self) -> tuple[CaseStep, ...]:
        """SAV-5."""
        return self.plan.steps

    @cached_property
    def checkins(self) -> tuple[CaseStep, ...]:
        """SAV-10."""
        return plays.checkins(self.file, self.policy)

    @cached_property
    def milestones(self) -> tuple[Milestone, ...]:
        """SAV-7."""
        return save_clock.milestones(self.file.case, self.policy)

    @cached_property
    def success(self) -> tuple[str, ...]:
        """The four of SAV-6, in words."""
        return tuple(self.policy.saves.success.values())

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """The four of SAV-6, with what shows them."""
        return evidence(self.file, self.as_of)

    @cached_property
    def ahead(self) -> tuple[str, str] | None:
        """The next state of the case, and what brings it there."""
        return ahead(self.file, self.policy)

    @cached_property
    def signals(self) -> tuple[Because, ...]:
        """What stands on record that speaks for a save (SAV-1)."""
        return opening.signals(self.file.account, self.file.readings, self.policy)

    @cached_property
    def together_with(self) -> str | None:
        """SAV-1: the manager, who is in from the start where the account is of high value."""
        renewal = self.file.renewal
        manager, vacant = step_person("manager", self.file.account, renewal.owner, self.policy)
        return manager if renewal.segment == "enterprise" and not vacant else None

    @property
    def changed_since(self) -> bool:
        """Whether the playbook is not the one the case was opened with."""
        return opening.playbook_version(self.book) != self.file.case.playbook

    @cached_property
    def kept(self) -> tuple[ItemState, ...]:
        """Steps done that today's playbook does not have: the work of an earlier one."""
        known = {step.step for step in self.steps}
        return tuple(
            state
            for key, state in self.file.states.items()
            if key not in known and state.state == "done" and not plays.DUTY.fullmatch(key)
        )

    @cached_property
    def promises(self) -> tuple[Standing, ...]:
        """SAV-9."""
        return standing(self.file.ledger.promises, self.as_of, self.policy.saves.promise_soon_days)

    @cached_property
    def next_update(self) -> Duty | None:
        """SAV-9: the weekly update that is owed, else the next one; of a running case."""
        if not case_file.is_open(self.file.case):
            return None
        return _next_update(self.file, self.policy, self.zone, self.as_of)

    @cached_property
    def most_hours(self) -> float:
        """The most hours of work that the plan can still come to, whatever the open questions bring."""
        fates = {step.step: step.fate for step in self.steps}
        plays_left = [
            play._replace(when=()) if fates[play.step] == "active" else play
            for play in self.plan.plays
            if fates[play.step] != "dropped"
        ]
        return effort_range(plays_left)[1]

    @cached_property
    def recovery(self) -> list[Item]:
        """SAV-10: what a customer that was kept is owed next: touch, report, check-in, attention."""
        until = self.as_of + timedelta(days=_NEXT)
        found = case_items.items(self.file, self.policy, self.zone, self.as_of, until, lambda day: day)
        return sorted((each for each in found if each.task.kind == "recovery"), key=lambda each: each.due_on)

    @cached_property
    def attention_until(self) -> date | None:
        """SAV-10: how long a customer that was kept is looked after."""
        on = self.file.case.closed_on
        return None if self.provisional or on is None else attention_until(on, self.policy)


def _next_update(file: CaseFile, policy: Policy, zone: tzinfo, as_of: date) -> Duty | None:
    """The weekly update that is owed, else the next one."""
    ahead = sum(step.startswith(UPDATE) for step in file.states)  # some may be sent before their day
    until = as_of + timedelta(days=policy.saves.update_every_days * (ahead + 1))
    found = owed(updates(file, policy, zone, until), UPDATE, file.states, as_of)
    return found[0] if found else None


def urgency(report: Report) -> tuple[object, ...]:
    """The sort key of a list of saves: open before closed, running clocks by `respond_by`, then what is
    due next.
    """
    case = report.file.case
    ahead = next_step(report)
    return (
        not case_file.is_open(case),
        report.clock.state == "answered",
        case.respond_by if report.clock.state != "answered" else "",
        ahead.due_on if ahead else date.max,
        -(report.file.renewal.arr_base_minor or 0),
        case.no,
    )


def next_step(report: Report) -> CaseStep | None:
    """The first step still owed, put-off ones by the day they come back.

    Only those that may be it are worked out whole. Of check-ins that are provisional, those to come.
    """
    case, plan = report.file.case, report.plan
    if not case_file.is_open(case) and case.state not in KEPT_SAVES:
        return None
    owed = [play for play in plan.plays if plan.is_owed(play)] if case_file.is_open(case) else []
    put_off = [_back(report, plan.step(play)) for play in owed if play.step in report.file.states]
    others = [(plan.due(play)[0], at) for at, play in enumerate(owed) if play.step not in report.file.states]
    found = put_off + ([plan.step(owed[min(others)[1]])] if others else [])
    first = min(found, key=lambda step: step.due_on, default=None)
    if first is not None and _before_checkins(report, first):
        return first
    past = report.as_of if report.provisional else date.min
    found += [
        _back(report, step)
        for step in report.checkins
        if step.state in ("open", "snoozed") and step.due_on >= past
    ]
    return min(found, key=lambda step: step.due_on, default=None)


def _before_checkins(report: Report, step: CaseStep) -> bool:
    """Whether a step of an open case comes before any check-in, as it mostly does."""
    first_on = report.file.case.flagged_on + timedelta(days=min(report.policy.saves.checkin_days, default=0))
    return step.due_on <= first_on and not any(key.startswith(plays.CHECK_IN) for key in report.file.states)


def _back(report: Report, step: CaseStep) -> CaseStep:
    """A step on the day it was put off to."""
    if step.state != "snoozed" or step.marked is None:
        return step
    until_on = step.marked.until_on or step.due_on
    back_on = save_clock.put_off(report.file.case, step, report.first_contact, until_on, report.zone)
    return step._replace(due_on=back_on)
