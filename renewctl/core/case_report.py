"""A case as of one day: everything a view shows of it, and the order in which cases are looked at."""

from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from renewctl.core import plays
from renewctl.core.case_items import UPDATE, Duty, attention_until, owed, updates
from renewctl.core.cases import Evidence, evidence
from renewctl.core.model import KEPT_SAVES, Because, ItemState
from renewctl.core.ownership import step_person
from renewctl.core.plays import CaseFile, CaseStep, Clock, Milestone
from renewctl.core.policy import Playbook, Policy
from renewctl.core.promises import Standing, standing


class Report(NamedTuple):
    """A case as of one day: everything a view shows."""

    file: CaseFile
    book: Playbook
    steps: tuple[CaseStep, ...]
    checkins: tuple[CaseStep, ...]
    provisional: bool  # the check-ins' dates
    milestones: tuple[Milestone, ...]
    success: tuple[str, ...]  # the four of SAV-6
    clock: Clock
    first_contact: str | None
    signals: tuple[Because, ...]
    together_with: str | None  # SAV-1: the manager, at once, for high-value accounts
    changed_since: bool  # the playbook is not the one the case was opened with
    as_of: date
    zone: tzinfo
    zone_name: str
    base_currency: str
    kept: tuple[ItemState, ...]  # steps done that today's playbook does not have
    promises: tuple[Standing, ...]
    next_update: Duty | None  # SAV-9, of a running case
    evidence: tuple[Evidence, ...]  # the four of SAV-6
    attention_until: date | None  # SAV-10, of a customer that was kept


def report(file: CaseFile, policy: Policy, zone: tzinfo, as_of: date) -> Report:
    """A case as of a day."""
    case, account, renewal = file.case, file.account, file.renewal
    book = policy.playbooks[case.scenario]
    found = plays.steps(file, policy, zone)
    running = plays.is_open(case)
    manager, vacant = step_person("manager", account, renewal.owner, policy)
    known = {step.step for step in found}
    return Report(
        file,
        book,
        found,
        plays.checkins(file, policy),
        plays.provisional(case),
        plays.milestones(case, policy),
        tuple(policy.saves.success.values()),
        plays.clock_state(file, found, policy, zone, as_of),
        plays.first_contact(found),
        plays.signals(account, file.readings, policy),
        manager if renewal.segment == "enterprise" and not vacant else None,
        plays.playbook_version(book) != case.playbook,
        as_of,
        zone,
        policy.time_zone,
        policy.base_currency,
        tuple(
            state
            for key, state in file.states.items()
            if key not in known and state.state == "done" and not plays.DUTY.fullmatch(key)
        ),
        standing(file.ledger.promises, as_of, policy.saves.promise_soon_days),
        _next_update(file, policy, zone, as_of) if running else None,
        evidence(file, as_of),
        attention_until(case.closed_on, policy) if not plays.provisional(case) and case.closed_on else None,
    )


def _next_update(file: CaseFile, policy: Policy, zone: tzinfo, as_of: date) -> Duty | None:
    """The weekly update that is owed, else the next one."""
    until = as_of + timedelta(days=policy.saves.update_every_days + 1)
    found = owed(updates(file, policy, zone, until), UPDATE, file.states, as_of)
    return found[0] if found else None


def urgency(report: Report) -> tuple[object, ...]:
    """The sort key of a list of saves: open before closed, running clocks by `respond_by`, then what is
    due next.
    """
    case = report.file.case
    ahead = next_step(report)
    return (
        not plays.is_open(case),
        report.clock.state == "answered",
        case.respond_by if report.clock.state != "answered" else "",
        ahead.due_on if ahead else date.max,
        -(report.file.renewal.arr_base_minor or 0),
        case.no,
    )


def next_step(report: Report) -> CaseStep | None:
    """The first step still owed, put-off ones by the day they come back."""
    case = report.file.case
    owed = report.checkins if case.state in KEPT_SAVES else ()
    open_steps = []
    for step in report.steps + report.checkins if plays.is_open(case) else owed:
        if step.fate != "active" or step.state not in ("open", "snoozed"):
            continue
        if step.state == "snoozed" and step.marked is not None:
            until_on = step.marked.until_on or step.due_on
            step = step._replace(
                due_on=plays.put_off(case, step, report.first_contact, until_on, report.zone)
            )
        open_steps.append(step)
    return min(open_steps, key=lambda step: step.due_on, default=None)
