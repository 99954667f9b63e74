"""Saves: the clock of a case, its dated steps with their owners, and what it is held against.

A case stores only its flag, its clock and its scenario; steps, milestones and check-ins are computed
from the playbook in force and matched with what was done by (`s` + case number, step). Hours are
calendar hours reckoned in UTC, days are calendar days in the policy's time zone, which callers pass in
as `zone`.
"""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.classify import classify, main_contract
from renewctl.core.due import States, item_id
from renewctl.core.model import (
    CLOSED_SAVES,
    KEPT_SAVES,
    Account,
    Because,
    Change,
    Contract,
    ItemState,
    Ledger,
    Reading,
    SaveCase,
    SaveEvent,
)
from renewctl.core.ownership import step_person
from renewctl.core.play_flow import flow, shown_by, waits_for
from renewctl.core.policy import Playbook, PlayStep, Policy, Question
from renewctl.core.signs import on_record

FIRST_CONTACT = "call"
# Steps of a case that no playbook lists: what comes back, a promise, a service level called upon.
DUTY = re.compile(r"(update|touch|report|attention|checkin)-\d+|p\d+|level\d+-\d+|answer\d+", re.ASCII)
CHECK_IN = "checkin"
OPENED = "detected"
PLANNED = "planned"
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
    effort: float = 0.0  # hours it usually takes
    fate: str = "active"  # active | undecided | dropped, see core.play_flow
    waits_for: tuple[str, ...] = ()  # open steps it builds on
    state: str = "open"  # open | done | skipped | snoozed
    marked: ItemState | None = None  # what was done with it by hand
    shown_by: str = ""  # the fact on record that closed it by itself
    asks: tuple[Question, ...] = ()
    documents: tuple[str, ...] = ()


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


class CaseFile(NamedTuple):
    """A case with the facts it is read beside."""

    case: SaveCase
    account: Account
    renewal: SaveRenewal
    readings: Sequence[Reading]
    states: States  # step -> what was done with it
    given: Mapping[str, str] = {}  # step -> the person it was given to by hand
    ledger: Ledger = Ledger()

    def item(self, step: str) -> str:
        """What a step of it is called by: `s3-call`, in later rounds `s3.2-call`."""
        return item_id(self.renewal.subject, round_of(self.ledger), step)


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
    known = _VERSIONS.get(id(book))
    if known is None or known[0] is not book:
        known = _VERSIONS[id(book)] = book, f"{zlib.crc32(repr(tuple(book)).encode()):08x}"
    return known[1]


_VERSIONS: dict[int, tuple[Playbook, str]] = {}  # by identity: playbooks hold tables and have no hash


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


class Plan:
    """The playbook's steps of a case on their days (SAV-5), each worked out when it is asked for.

    They count from the flag; after a switch of playbook those not done yet count from the switch, but the
    first contact is owed from the flag whatever was found out since. A step whose condition fails is
    `dropped`, one that hangs on an open question `undecided` (`core.play_flow`).
    """

    def __init__(self, file: CaseFile, policy: Policy, zone: tzinfo) -> None:
        case, ledger = file.case, file.ledger
        self.plays = policy.playbook(case.scenario).steps
        self.contact = first_contact(self.plays)
        self._file, self._policy, self._zone = file, policy, zone
        self._owners: dict[str, tuple[str | None, bool]] = {}  # of roles, for steps given to nobody by hand
        done, answered = done_facts(file), findings(case, ledger)
        known, states = frozenset(answered), file.states
        self._shown: dict[str, str] = {}
        closed = {key for key, state in states.items() if state.state != "snoozed"}
        for play in self.plays if done or answered else ():
            if play.done_by and play.step not in closed and (fact := shown_by(play, done, known)):
                self._shown[play.step] = fact
        self._closed = frozenset(closed | self._shown.keys())
        self._fates = flow(self.plays, answered, facts(file), self._closed)
        self._begins_at = plan_begins_at(case, ledger)
        self._begins_on = local_on(self._begins_at, zone)

    def is_owed(self, play: PlayStep) -> bool:
        """Whether a step is to be done and is not; put off counts as owed."""
        return play.step not in self._closed and self._fates[play.step] == "active"

    def due(self, play: PlayStep) -> tuple[date, str | None]:
        """The day of a step, and its instant where it is on the clock."""
        at, on = self._begins_at, self._begins_on
        flagged_at = self._file.case.flagged_at
        if play.step == self.contact and at != flagged_at:
            at, on = flagged_at, local_on(flagged_at, self._zone)
        if play.hours is None:
            return on + timedelta(days=play.day), None
        due_at = later(at, play.hours)
        return local_on(due_at, self._zone), due_at

    def step(self, play: PlayStep) -> CaseStep:
        """One step on its day, with its owner."""
        file, key = self._file, play.step
        waits = waits_for(play, self.plays, self._closed, self._fates) if play.after else ()
        who = None if key in file.given else self._owners.get(play.role)
        if who is None:
            who = owner_of(file, self._policy, key, play.role)
            if key not in file.given:
                self._owners[play.role] = who
        state, shown = file.states.get(key), self._shown.get(key, "")
        return _step(file, play, who, self.due(play), self._fates[key], waits, state, shown)

    @cached_property
    def steps(self) -> tuple[CaseStep, ...]:
        """Every step, in the order of the clock."""
        return tuple(map(self.step, self.plays))

    @cached_property
    def first(self) -> CaseStep | None:
        """The step that answers the clock."""
        return next((self.step(play) for play in self.plays if play.step == self.contact), None)


def steps(file: CaseFile, policy: Policy, zone: tzinfo) -> tuple[CaseStep, ...]:
    """Every step of a case, in the order of the clock; see `Plan`."""
    return Plan(file, policy, zone).steps


def checkins(file: CaseFile, policy: Policy) -> tuple[CaseStep, ...]:
    """SAV-10: the check-ins, from the day the account was saved; until then provisional, from the flag."""
    case = file.case
    begin = case.flagged_on if provisional(case) else case.closed_on or case.flagged_on
    return tuple(
        _step(
            file, play, owner_of(file, policy, play.step, play.role),
            (begin + timedelta(days=play.day), None), "active", (), file.states.get(play.step), "",
        )
        for play in _checkin_plays(policy, policy.playbook(case.scenario))
    )  # fmt: skip


def planned(file: CaseFile, policy: Policy, zone: tzinfo) -> tuple[CaseStep, ...]:
    """Steps and then check-ins: everything a case plans."""
    return steps(file, policy, zone) + checkins(file, policy)


def provisional(case: SaveCase) -> bool:
    """Whether the check-ins' dates still hang on the day the account will be saved."""
    return case.state not in KEPT_SAVES or case.closed_on is None


def plays_of(case: SaveCase, policy: Policy) -> list[PlayStep]:
    """Every step and check-in that the playbook of a case has."""
    book = policy.playbook(case.scenario)
    return [*book.steps, *_checkin_plays(policy, book)]


def _checkin_plays(policy: Policy, book: Playbook) -> list[PlayStep]:
    return [
        PlayStep(
            f"{CHECK_IN}-{days}",
            book.checkins.get(days) or policy.saves.checkins.get(days) or f"Check in after {days} days",
            "check_in", days, None, "csm", "customer", "SAV-10", "",
        )
        for days in policy.saves.checkin_days
    ]  # fmt: skip


def _step(
    file: CaseFile, play: PlayStep, who: tuple[str | None, bool], due: tuple[date, str | None], fate: str,
    waits: tuple[str, ...], state: ItemState | None, shown: str,
) -> CaseStep:  # fmt: skip
    role = file.renewal.owner_role if play.role == "owner" else play.role
    how = "done" if shown else "open" if state is None else state.state
    return CaseStep(
        play.step, play.phase, play.title, *due, role, *who, play.channel, play.rule,
        play.done_when, play.effort, fate, waits, how, state, shown, play.asks, play.documents,
    )  # fmt: skip


def owner_of(file: CaseFile, policy: Policy, step: str, role: str) -> tuple[str | None, bool]:
    """(person, whether as a stand-in) of a step of a role: by hand, by the case's team, by the rules.

    Nobody's step falls to whoever coordinates the case, so that no step is without an owner (SAV-5).
    """
    if step in file.given:
        return file.given[step], False
    for event in reversed(file.ledger.events):
        if event.kind == "team" and event.name == role and event.text:
            return event.text, False
    person, delegate = step_person(role, file.account, file.renewal.owner, policy)
    return (file.case.owner, True) if person is None else (person, delegate)


def first_contact(found: Sequence[CaseStep | PlayStep]) -> str | None:
    """The key of the step that answers the clock: the first call to the customer, else the first step."""
    calls = [each.step for each in found if each.step == FIRST_CONTACT]
    calls += [each.step for each in found if each.channel == "call"]
    return next(iter(calls), found[0].step if found else None)


# --- what is on record of a case -------------------------------------------------------------------


def round_of(ledger: Ledger) -> int:
    """1, and one more each time the customer relapsed (SAV-10)."""
    return 1 + sum(1 for event in ledger.events if event.kind == "reopened")


def latest(ledger: Ledger, kind: str, name: str | None = None) -> SaveEvent | None:
    """The last event of a kind (and name) in the current round."""
    current = round_of(ledger)
    for event in reversed(ledger.events):
        if event.round == current and event.kind == kind and name in (None, event.name):
            return event
    return None


def findings(case: SaveCase, ledger: Ledger) -> dict[str, str]:
    """Question -> its last answer of the current round, since the last switch of playbook or before it."""
    current = round_of(ledger) if ledger.events else 1
    return {
        event.name: event.text or ""
        for event in ledger.events
        if event.kind == "finding" and event.round == current
    }


def plan_begins_at(case: SaveCase, ledger: Ledger) -> str:
    """The instant from which steps count: the flag, or the last switch of playbook in this round."""
    switch = latest(ledger, "scenario") if ledger.events else None
    return switch.happened_at if switch is not None and switch.happened_at else case.flagged_at


def facts(file: CaseFile) -> frozenset[str]:
    """What conditions of steps may hang on (`policy_schema.PLAY_FACTS`), and `cause=CODE` once known."""
    account, segment = file.account, file.renewal.segment
    found = {segment} if segment else set()
    if account.cancel_notice_on is not None:
        found.add("cancel_notice")
    if account.champion_gone:
        found.add("champion_gone")
    if account.strategic:
        found.add("strategic")
    if account.strategic or segment == "enterprise":
        found.add("high_value")
    cause = latest(file.ledger, "cause") if file.ledger.events else None
    if cause is not None:
        found.add(f"cause={cause.name}")
    return frozenset(found)


def done_facts(file: CaseFile) -> frozenset[str]:
    """What is on record that may close steps by itself (`done_by` of a playbook's steps)."""
    ledger, since = file.ledger, file.case.flagged_on
    if ledger == _NOTHING:
        return frozenset()
    current, switch = round_of(ledger), latest(ledger, "scenario")
    found = {
        f"paper:{event.name}" if event.kind == "paper" else event.kind
        for event in ledger.events
        if event.round == current
        and event.kind in ("paper", "contact", "cause")
        # the plan of an earlier playbook is not that of this one
        and not (event.name == _PLAN_PAPER and switch is not None and event.no < switch.no)
    }
    for promise in ledger.promises:
        if promise.made_on >= since and promise.state != "withdrawn":
            found.add("promise")
            if promise.chain:
                found.add(f"promise:{promise.chain}")
    for offer in ledger.offers:
        if offer.asked_on >= since and offer.state in OFFERED:
            found |= {"offer", f"offer:{offer.instrument}"}
    if any(worth.decided_on >= since for worth in ledger.worths):
        found.add("worth")
    return frozenset(found)


OFFERED = ("approved", "accepted", "declined")  # states of an offer that the customer may know of
_NOTHING = Ledger()
_PLAN_PAPER = "save-plan"


def old_plan(step: str, scenario: str) -> str:
    """The name under which the agreement on an earlier playbook's plan stays on a case that was switched."""
    return f"{step}-{scenario.replace('_', '-')}"


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


def span(hours: float) -> str:
    """So many hours as people say them: days from the fourth on."""
    return f"{abs(hours):g} h" if abs(hours) <= _IN_HOURS else f"{abs(hours) / 24:,.0f} days"


_IN_HOURS = 72


def local_text(at: str, zone: tzinfo) -> str:
    """An instant as people in a time zone read it: `2026-03-12 09:00`."""
    return instant(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")


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
