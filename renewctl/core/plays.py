"""Saves: the dated steps of a case with their owners (SAV-5).

A case stores only its flag, its clock and its scenario; steps and check-ins are computed from the playbook
in force and matched with what was done by (`s` + case number, step). Hours are calendar hours reckoned in
UTC, days are calendar days in the policy's time zone, which callers pass in as `zone`.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta, tzinfo
from functools import cached_property
from typing import NamedTuple

from renewctl.core.case_file import CaseFile, done_facts, facts, findings, plan_begins_at
from renewctl.core.model import KEPT_SAVES, ItemState, SaveCase
from renewctl.core.moments import later, local_on
from renewctl.core.ownership import step_person
from renewctl.core.play_flow import flow, shown_by, waits_for
from renewctl.core.policy import Playbook, PlayStep, Policy, Question

FIRST_CONTACT = "call"
# Steps of a case that no playbook lists: what comes back, a promise, a service level called upon.
DUTY = re.compile(r"(update|touch|report|attention|checkin)-\d+|p\d+|level\d+-\d+|answer\d+", re.ASCII)
CHECK_IN = "checkin"
PLANNED = "planned"


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


def old_plan(step: str, scenario: str) -> str:
    """The name under which the agreement on an earlier playbook's plan stays on a case that was switched."""
    return f"{step}-{scenario.replace('_', '-')}"
