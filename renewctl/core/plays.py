"""Saves: the clock of a case, its dated steps with their owners, and what it is held against.

A case stores only its flag, its clock and its scenario; steps, milestones and check-ins are computed
from the playbook in force and matched with what was done by (`s` + case number, step). Hours are
calendar hours reckoned in UTC, days are calendar days in the policy's time zone, which callers pass in
as `zone`.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.classify import classify, main_contract
from renewctl.core.due import BY_DAY, SAVE_CLOCK, Item, States, Task, Who, status_of
from renewctl.core.intake import Refusal
from renewctl.core.model import (
    CLOSED_SAVES,
    KEPT_SAVES,
    Account,
    Because,
    Change,
    Contract,
    Ledger,
    Reading,
    SaveCase,
)
from renewctl.core.ownership import step_person
from renewctl.core.policy import Playbook, PlayStep, Policy
from renewctl.core.signs import on_record

FIRST_CONTACT = "call"
CHECK_IN = "checkin"
OPENED = "detected"
UNKNOWN_ON = date.max  # the renewal date of an account that has none on record


class SaveRenewal(NamedTuple):
    """The renewal a save is about, the account's next one; serves the agenda as `core.due.Renewal`."""

    subject: str  # `s` and the save's number
    id: str  # of the contract, "" where there is none
    account_no: int
    account_id: str
    account_name: str
    renewal_on: date  # UNKNOWN_ON where no date is on record
    arr_base_minor: int | None  # of the account: a save is about all of it
    segment: str | None
    contract_no: int | None
    owner: str | None
    owner_role: str


class CaseStep(NamedTuple):
    """One step of a case on its day, with its one owner."""

    step: str
    phase: str  # of policy_schema.PHASES, or check_in
    title: str
    due_on: date
    due_at: str | None  # UTC instant, for steps on the clock
    owner_role: str
    owner: str | None
    delegate: bool  # stands in for a role nobody fills
    channel: str  # internal | customer | call
    rule: str
    done_when: str


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


class CaseFile(NamedTuple):
    """A case with the facts it is read beside."""

    case: SaveCase
    account: Account
    renewal: SaveRenewal
    readings: Sequence[Reading]
    states: States  # step -> what was done with it
    given: Mapping[str, str] = {}  # step -> the person it was given to by hand
    ledger: Ledger = Ledger()


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


def instant(text: str) -> datetime:
    """A stored instant as an aware time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stored(at: datetime) -> str:
    """An aware time as it is stored: ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(at: str, hours: int) -> str:
    """An instant so many calendar hours later, whatever clocks do meanwhile."""
    return stored(instant(at) + timedelta(hours=hours))


def local_on(at: str, zone: tzinfo) -> date:
    """The calendar day of an instant in a time zone."""
    return instant(at).astimezone(zone).date()


def clock(flagged_on: date, policy: Policy, zone: tzinfo, at: datetime | None = None) -> tuple[str, str]:
    """SAV-1: (flagged_at, respond_by) of a flag.

    A bare date counts from the hour at which the policy's day starts; `at` (aware) is the exact instant
    where it is known.
    """
    begin = at or datetime.combine(flagged_on, policy.saves.day_starts, zone)
    flagged_at = stored(begin)
    return flagged_at, later(flagged_at, policy.saves.respond_hours)


def renewal_of(
    subject: str,
    account: Account,
    contracts: Sequence[Contract],
    readings: Sequence[Reading],
    policy: Policy,
    as_of: date,
    renewals_per_quarter: int,
) -> SaveRenewal:
    """The renewal a save of this account is about, with who owns it on that day."""
    main = main_contract(contracts)
    rows = classify(account, contracts, readings, True, policy, as_of, renewals_per_quarter)
    row = next(each for each in rows if each.contract_no == (main.no if main else None))
    return SaveRenewal(
        subject, main.id if main else "", account.no, account.id, account.name,
        (main.renewal_on if main else None) or UNKNOWN_ON, row.account_arr_base_minor, row.segment,
        row.contract_no, row.owner, row.owner_role,
    )  # fmt: skip


def is_open(case: SaveCase) -> bool:
    """Whether the case still runs."""
    return case.state not in CLOSED_SAVES


def open_one(cases: Iterable[SaveCase]) -> SaveCase | None:
    """The open case among an account's, of which there is at most one."""
    return next((case for case in cases if is_open(case)), None)


def cooling_until(cases: Iterable[SaveCase], policy: Policy, as_of: date) -> date | None:
    """The last day of the cool-down after a closed case, when `as_of` lies in it."""
    ends = [
        case.closed_on + timedelta(days=policy.saves.cool_down_days)
        for case in cases
        if case.closed_on is not None and case.closed_on <= as_of
    ]
    last = max(ends, default=None)
    return last if last is not None and as_of <= last else None


def playbook_version(book: Playbook) -> str:
    """A short digest of a playbook, so that results can be told apart by its version (SAV-11)."""
    return f"{zlib.crc32(repr(tuple(book)).encode()):08x}"


def open_case(
    no: int,
    account: Account,
    renewal: SaveRenewal,
    scenario: str,
    flagged: tuple[date, str, str],
    reason: str | None,
    actor: str,
    policy: Policy,
    as_of: date,
) -> tuple[SaveCase, tuple[Change, ...]]:
    """A new case and the changes that record it.

    `flagged` is (flagged_on, flagged_at, respond_by). The CSM coordinates; without one the renewal's
    owner does, and without either whoever opens the case, so that nobody's case is nobody's.
    """
    flagged_on, flagged_at, respond_by = flagged
    urgent = renewal.segment == "enterprise" or account.cancel_notice_on is not None
    coordinator, _ = step_person("csm", account, renewal.owner, policy)
    case = SaveCase(
        no, account.no, renewal.contract_no, scenario, OPENED, flagged_on, flagged_at, respond_by,
        later(flagged_at, policy.saves.target_hours) if urgent else None,
        coordinator or actor, reason, playbook_version(policy.playbooks[scenario]), as_of, None,
    )  # fmt: skip
    return case, (Change("save_case", (no,), account.no, None, case._asdict()),)


def close_case(case: SaveCase, result: str, as_of: date) -> "tuple[Change, ...] | Refusal":
    """The change that ends a case with one of `CLOSED_SAVES`; none where it ended so before.

    From that day its open steps are no longer owed; the check-ins of a customer that was kept count
    from it (SAV-10).
    """
    if not is_open(case):
        if case.state == result:
            return ()
        return Refusal(
            "save-closed",
            f"save s{case.no} was closed as {case.state} on {case.closed_on}",
            f"see it: renewctl save show s{case.no}",
        )
    if as_of < case.flagged_on:
        return Refusal(
            "not-yet", f"save s{case.no} was flagged on {case.flagged_on}, after {as_of}", "close it later"
        )
    before = {"state": case.state, "closed_on": case.closed_on}
    after = {"state": result, "closed_on": as_of}
    return (Change("save_case", (case.no,), case.account_no, before, after),)


def steps(
    case: SaveCase,
    account: Account,
    owner: str | None,
    policy: Policy,
    zone: tzinfo,
    owner_role: str = "owner",
) -> tuple[CaseStep, ...]:
    """The playbook's steps of a case on their days, in the order of the clock (SAV-5).

    `owner` is the person who owns the renewal, acting as `owner_role`.
    """
    found = []
    for play in policy.playbooks[case.scenario].steps:
        due_at = None if play.hours is None else later(case.flagged_at, play.hours)
        due_on = case.flagged_on + timedelta(days=play.day) if due_at is None else local_on(due_at, zone)
        found.append(_step(case, account, owner, owner_role, policy, play, due_on, due_at))
    return tuple(found)


def checkins(
    case: SaveCase, account: Account, owner: str | None, policy: Policy, owner_role: str = "owner"
) -> tuple[CaseStep, ...]:
    """SAV-10: the check-ins, from the day the account was saved; until then provisional, from the flag."""
    begin = case.flagged_on if provisional(case) else case.closed_on or case.flagged_on
    return tuple(
        _step(case, account, owner, owner_role, policy, play, begin + timedelta(days=play.day), None)
        for play in _checkin_plays(policy)
    )


def planned(
    case: SaveCase,
    account: Account,
    owner: str | None,
    policy: Policy,
    zone: tzinfo,
    owner_role: str = "owner",
) -> tuple[CaseStep, ...]:
    """Steps and then check-ins: everything a case plans."""
    return steps(case, account, owner, policy, zone, owner_role) + checkins(
        case, account, owner, policy, owner_role
    )


def handed(found: Iterable[CaseStep], given: Mapping[str, str]) -> tuple[CaseStep, ...]:
    """Steps with those that were given to somebody by hand in their hands."""
    return tuple(
        step._replace(owner=given[step.step], delegate=False) if step.step in given else step
        for step in found
    )


def provisional(case: SaveCase) -> bool:
    """Whether the check-ins' dates still hang on the day the account will be saved."""
    return case.state not in KEPT_SAVES or case.closed_on is None


def _checkin_plays(policy: Policy) -> list[PlayStep]:
    texts = policy.saves.checkins
    return [
        PlayStep(
            f"{CHECK_IN}-{days}", texts.get(days, f"Check in after {days} days"), "check_in", days, None,
            "csm", "customer", "SAV-10", "",
        )
        for days in policy.saves.checkin_days
    ]  # fmt: skip


def _step(
    case: SaveCase, account: Account, owner: str | None, owner_role: str, policy: Policy, play: PlayStep,
    due_on: date, due_at: str | None,
) -> CaseStep:  # fmt: skip
    person, delegate = step_person(play.role, account, owner, policy)
    if person is None:
        person, delegate = case.owner, True
    role = owner_role if play.role == "owner" else play.role
    return CaseStep(
        play.step, play.phase, play.title, due_on, due_at, role, person, delegate, play.channel, play.rule,
        play.done_when,
    )  # fmt: skip


def first_contact(found: Sequence[CaseStep | PlayStep]) -> str | None:
    """The key of the step that answers the clock: the first call to the customer, else the first step."""
    calls = [each.step for each in found if each.step == FIRST_CONTACT]
    calls += [each.step for each in found if each.channel == "call"]
    return next(iter(calls), found[0].step if found else None)


def milestones(case: SaveCase, policy: Policy) -> tuple[Milestone, ...]:
    """SAV-7, counted from the flag."""
    return tuple(
        Milestone(name, text, case.flagged_on + timedelta(days=first), case.flagged_on + timedelta(days=last))
        for name, (text, first, last) in policy.saves.milestones.items()
    )


def report(file: CaseFile, policy: Policy, zone: tzinfo, as_of: date) -> Report:
    """A case as of a day."""
    case, account, renewal = file.case, file.account, file.renewal
    book = policy.playbooks[case.scenario]
    found = handed(steps(case, account, renewal.owner, policy, zone, renewal.owner_role), file.given)
    manager, vacant = step_person("manager", account, renewal.owner, policy)
    return Report(
        file,
        book,
        found,
        handed(checkins(case, account, renewal.owner, policy, renewal.owner_role), file.given),
        provisional(case),
        milestones(case, policy),
        tuple(policy.saves.success.values()),
        clock_state(case, found, file.states, policy, zone, as_of),
        first_contact(found),
        signals(account, file.readings, policy),
        manager if renewal.segment == "enterprise" and not vacant else None,
        playbook_version(book) != case.playbook,
        as_of,
        zone,
        policy.time_zone,
        policy.base_currency,
    )


def clock_state(
    case: SaveCase, found: Sequence[CaseStep], states: States, policy: Policy, zone: tzinfo, as_of: date
) -> Clock:
    """How the clock stands on a day: seen at the hour its day starts, on the day of the flag at the flag."""
    contact = first_contact(found)
    done = states.get(contact) if contact else None
    begins = datetime.combine(as_of, policy.saves.day_starts, zone)
    seen = max(begins.astimezone(UTC), instant(case.flagged_at))
    if done is not None and done.state == "done":
        return Clock("answered", 0.0, stored(seen), done.set_on)
    left = (instant(case.respond_by) - seen).total_seconds() / 3600
    return Clock("late" if left < 0 else "running", round(left, 1), stored(seen), None)


def urgency(report: Report) -> tuple[object, ...]:
    """The sort key of a list of saves: open before closed, running clocks by `respond_by`, then what is
    due next.
    """
    case = report.file.case
    ahead = next_step(report)
    return (
        not is_open(case),
        report.clock.state == "answered",
        case.respond_by if report.clock.state != "answered" else "",
        ahead.due_on if ahead else date.max,
        -(report.file.renewal.arr_base_minor or 0),
        case.no,
    )


def next_step(report: Report) -> CaseStep | None:
    """The first step still owed, put-off ones by the day they come back."""
    states, case = report.file.states, report.file.case
    owed = report.checkins if case.state in KEPT_SAVES else ()
    open_steps = []
    for step in report.steps + report.checkins if is_open(case) else owed:
        state = states.get(step.step)
        if state is None:
            open_steps.append(step)
        elif state.state == "snoozed":
            until_on = state.until_on or step.due_on
            due_on = _put_off(case, step, report.first_contact, until_on, report.zone)
            open_steps.append(step._replace(due_on=due_on))
    return min(open_steps, key=lambda step: step.due_on, default=None)


def _put_off(case: SaveCase, step: CaseStep, contact: str | None, until_on: date, zone: tzinfo) -> date:
    """The day a step comes back; the first contact of an open case is never put off past its clock."""
    if step.step == contact and is_open(case):
        return min(until_on, local_on(case.respond_by, zone))
    return until_on


def save_items(
    case: SaveCase,
    found: Sequence[CaseStep],
    states: States,
    policy: Policy,
    as_of: date,
    until: date,
    *,
    renewal: SaveRenewal,
    zone: tzinfo,
    work_on: Callable[[date], date],
) -> list[Item]:
    """The open steps of a case due up to `until`, as lines of the agenda, unsorted.

    Of a closed case only the check-ins of a customer that was kept. The open first contact ranks as
    the save's clock; it is due on its own day, and at the latest on that of `respond_by`. `work_on`
    answers with the last working day on or before a day.
    """
    contact = first_contact(found)
    items = []
    for step in found:
        checkin = step.phase == "check_in"
        if not is_open(case) and (not checkin or provisional(case)):
            continue
        state = states.get(step.step)
        if state is not None and state.state != "snoozed":
            continue
        due_on, note, rank = step.due_on, "", BY_DAY
        if step.step == contact and is_open(case):
            rank = SAVE_CLOCK
            due_on = min(due_on, local_on(case.respond_by, zone))
            note = f"answer by {local_text(case.respond_by, zone)} {policy.time_zone}"
        elif checkin and provisional(case):
            note = "provisional: counts from the flag until the account is saved"
        if state is not None and state.until_on is not None:
            due_on = _put_off(case, step, contact, state.until_on, zone)
        if due_on > until:
            continue
        # To the agenda a call is one way of reaching the customer.
        channel = "internal" if step.channel == "internal" else "customer"
        clock = case.respond_by if rank == SAVE_CLOCK else ""
        task = Task(
            step.step, None, step.title, channel, step.owner_role, "save", step.rule, clock=clock, note=note
        )  # fmt: skip
        status = status_of(due_on, as_of)
        items.append(
            Item(
                rank, due_on, work_on(due_on), status, task, renewal, 1,
                Who(step.owner, step.owner_role, step.delegate),
            )
        )  # fmt: skip
    return items


def local_text(at: str, zone: tzinfo) -> str:
    """An instant as people in a time zone read it: `2026-03-12 09:00`."""
    return instant(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def find_steps(case: SaveCase, policy: Policy, text: str) -> list[PlayStep]:
    """The steps and check-ins of a case meant by `text`: the one so called, else those that begin so."""
    plays = [*policy.playbooks[case.scenario].steps, *_checkin_plays(policy)]
    folded = text.strip().lower()
    exact = [play for play in plays if play.step == folded]
    return exact or [play for play in plays if folded and play.step.startswith(folded)]


def signals(account: Account, readings: Sequence[Reading], policy: Policy) -> tuple[Because, ...]:
    """What stands on record of an account that speaks for a save (SAV-1), each with what was seen.

    It is where the search for the root cause begins (SAV-2), not the cause itself.
    """
    return tuple(each.because for each in on_record(account, readings, policy))


def remarks(
    case: SaveCase, account: Account, renewal: SaveRenewal, policy: Policy, cooling_on: date | None
) -> tuple[str, ...]:
    """What whoever opens a case should hear with it; none of it forbids the case."""
    found = []
    if cooling_on is not None:
        found.append(
            f"a save of this account was closed lately: the policy suggests no new one up to {cooling_on}"
        )
    least = policy.saves.human_from_minor
    if renewal.arr_base_minor is not None and renewal.arr_base_minor < least:
        found.append(
            f"its ARR is below {money.plain(least, policy.base_currency)}, from where a person runs saves"
        )
    if not account.csm and "csm" not in policy.team:
        found.append(f"nobody is its CSM: {case.owner} coordinates the save until somebody is")
    notice_on = account.cancel_notice_on
    if notice_on is not None and notice_on < case.flagged_on:
        found.append(
            f"its cancellation notice is of {notice_on}, the clock counts from {case.flagged_on}: "
            f"--flagged {notice_on} would count from the notice"
        )
    return tuple(found)
