"""An account passes from one person to another: its facts, its open saves, and who does what already runs.

What stays with the former person is kept as `assignment` rows, one for each step that a renewal may still
need, so that a step which a condition brings later stays too. No due day changes and nothing is done twice:
the plan is the same, only its people are others.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, tzinfo
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.case_file import CaseFile, is_open, round_of
from renewctl.core.case_items import items
from renewctl.core.due import DueContract, Item
from renewctl.core.edits import pins
from renewctl.core.model import KEPT_SAVES, Account, Assignment, Change, Stakeholder
from renewctl.core.ownership import step_person
from renewctl.core.plays import planned
from renewctl.core.policy import Policy
from renewctl.core.team import Renewing
from renewctl.core.text import fold
from renewctl.core.timeline import CATCH_UP, COLLECT_HEALTH, OPT_OUT, PAST_DUE

MODES = ("all", "plays", "none")
COLUMNS = ("csm", "sales_owner", "specialist", "executive_sponsor")
# Steps of no timeline, with their roles.
_SPECIAL = ((CATCH_UP, "owner"), (PAST_DUE, "owner"), (OPT_OUT, "owner"), (COLLECT_HEALTH, "csm"))

Key = tuple[str, int, str]  # subject, cycle, step


class Asked(NamedTuple):
    """What was asked for: every spelling of the one who gives, who takes, and what of the running work."""

    names: frozenset[str]
    to: str
    mode: str  # one of MODES
    actor: str


class Held(NamedTuple):
    """What stands of one account at a moment."""

    account: Account
    renewals: tuple[Renewing, ...]
    stakeholders: tuple[Stakeholder, ...]
    saves: tuple[CaseFile, ...]
    given: tuple[Assignment, ...]


class Field(NamedTuple):
    """One fact that changes, such as `csm`, `thread of Joe` or `save s3`."""

    what: str
    before: str
    after: str


class Passing(NamedTuple):
    """Open items by whether they change hands. `others` are not of the one who gives: a manager's, say."""

    moved: tuple[Item, ...]
    kept: tuple[Item, ...]
    others: tuple[tuple[Item, str | None], ...]  # afterwards, and who had it before


def owes(file: CaseFile) -> bool:
    """Whether a save may still owe something: it runs, or its customer stayed and is checked in on."""
    return is_open(file.case) or file.case.state in KEPT_SAVES


def facts(
    held: Held, asked: Asked, pinned: frozenset[tuple[str, int, str]]
) -> tuple[list[Change], list[Field]]:
    """The facts of one account that name the one who gives, and the changes to the one who takes.

    Each is pinned as `set` does, so that the next import does not bring the former person back.
    """
    no, to = held.account.no, asked.to
    changes: list[Change] = []
    fields: list[Field] = []
    named = {name: was for name in COLUMNS if (was := getattr(held.account, name)) in asked.names}
    if named:
        changes.append(Change("account", (no,), no, dict(named), dict.fromkeys(named, to)))
        changes += pins("account", no, no, named, pinned)
        fields += [Field(name, was, to) for name, was in named.items()]
    for person in held.stakeholders:
        if person.thread_owner in asked.names:
            before = {"thread_owner": person.thread_owner}
            changes.append(Change("stakeholder", (person.no,), no, before, {"thread_owner": to}))
            changes += pins("stakeholder", person.no, no, before, pinned)
            fields.append(Field(f"thread of {person.name}", str(person.thread_owner), to))
    for file in held.saves:
        if asked.mode != "none" and file.case.owner in asked.names and owes(file):
            before = {"owner": file.case.owner}
            changes.append(Change("save_case", (file.case.no,), no, before, {"owner": to}))
            fields.append(Field(f"save s{file.case.no}", str(file.case.owner), to))
        if asked.mode != "none" and owes(file):
            _of_save(file, asked, changes, fields)
    for each in held.given:
        if each.person in asked.names and not _stays(each.subject, asked.mode):
            key = (each.subject, each.cycle, each.step)
            changes.append(Change("assignment", key, no, {"person": each.person}, {"person": to}))
    return changes, fields


def _of_save(file: CaseFile, asked: Asked, changes: list[Change], fields: list[Field]) -> None:
    """What was promised in the name of the one who gives, and the roles they have on a save, go along."""
    no, to = file.account.no, asked.to
    for each in file.ledger.promises:
        if each.state in ("open", "broken") and each.owner in asked.names:
            changes.append(Change("promise", (each.no,), no, {"owner": each.owner}, {"owner": to}))
            fields.append(Field(f"promise p{each.no}", each.owner, to))
    for event in file.ledger.events:
        if event.kind == "team" and event.text in asked.names:
            changes.append(Change("save_event", (event.no,), no, {"text": event.text}, {"text": to}))
            fields.append(Field(f"{event.name} of save s{file.case.no}", event.text, to))


def _stays(subject: str, mode: str) -> bool:
    """Whether running work of a subject stays: of a contract, unless all goes; of saves, where none does."""
    return mode == "none" or (mode == "plays" and subject.isdecimal())


def kept(before: Held, after: Held, asked: Asked, agenda: ContractAgenda, zone: tzinfo) -> list[Change]:
    """The assignments that leave with the one who gives what is to stay there.

    `after` is the account as it stands once the facts have changed.
    """
    given = {(each.subject, each.cycle, each.step) for each in before.given}
    found: dict[Key, str] = {}
    if asked.mode != "all":
        for was, now in zip(before.renewals, after.renewals, strict=True):
            if was.due is not None and now.due is not None:
                found.update(_plan(was, was.due, now.due, agenda))
    if asked.mode == "none":
        for file, later in zip(before.saves, after.saves, strict=True):
            found.update(_save(file, later, agenda, zone))
        for was in before.renewals:
            found.update(_recurring(was, agenda))
    no, set_on = before.account.no, agenda.as_of
    return [
        Change(
            "assignment", key, no, None, Assignment(*key, no, person, set_on, asked.actor)._asdict()
        )
        for key, person in found.items()
        if person in asked.names and key not in given
    ]  # fmt: skip


def _plan(
    was: Renewing, before: DueContract, after: DueContract, agenda: ContractAgenda
) -> Iterator[tuple[Key, str]]:
    for cycle, step, role in every_step(before, agenda):
        state = was.states.get(step if cycle == before.cycle else f"{step}@{cycle}")
        if state is not None and state.state != "snoozed":
            continue
        person, then = (step_person(role, each, each.owner, agenda.policy)[0] for each in (before, after))
        if person is not None and person != then:
            yield (before.subject, cycle, step), person


def every_step(contract: DueContract, agenda: ContractAgenda) -> Iterator[tuple[int, str, str]]:
    """(cycle, step, role) of every step that a renewal may still need, whatever its conditions become.

    Those after its signature, and those after the signature before it, are among them.
    """
    planner, cycle = agenda.planner, contract.cycle
    for step in planner.every_step(contract.segment, contract.segment_arr_minor):
        yield cycle, step.step, step.role
    for name, role in _SPECIAL:
        yield cycle, name, role
    for days in agenda.policy.agenda.notice_days:
        yield cycle, f"{OPT_OUT}-{days}", "owner"
    for step in planner.after_won(contract.segment):
        yield cycle, step.step, step.role
        if contract.won_on is not None:
            yield cycle - 1, step.step, step.role


def _save(file: CaseFile, later: CaseFile, agenda: ContractAgenda, zone: tzinfo) -> Iterator[tuple[Key, str]]:
    policy = agenda.policy
    if not owes(file):
        return
    round_ = round_of(file.ledger)
    then = {step.step: step.owner for step in planned(later, policy, zone)}
    for step in planned(file, policy, zone):
        if step.owner is not None and step.state in _OWED and then.get(step.step) != step.owner:
            yield (f"s{file.case.no}", round_, step.step), step.owner
    for item in items(file, policy, zone, agenda.as_of, date.max, lambda day: day):
        if item.task.step not in then and item.who.person is not None and item.task.role != "owner":
            yield (f"s{file.case.no}", round_, item.task.step), item.who.person


_OWED = ("open", "snoozed")


def _recurring(each: Renewing, agenda: ContractAgenda) -> Iterator[tuple[Key, str]]:
    """Recurring work that has begun; what a later period asks for goes with the account."""
    if each.due is None:
        return
    for item in agenda.items(each.due, each.states, agenda.as_of, each.given):
        if item.task.kind == "value" and item.who.person is not None:
            for step in (item.task.step, *item.task.covers):
                yield (item.subject, 1, step), item.who.person


def passing(before: Iterable[Item], after: Iterable[Item], names: Collection[str]) -> Passing:
    """Which open items change hands between two readings of the same agenda."""
    had = {item.item: item.who.person for item in before}
    moved: list[Item] = []
    stayed: list[Item] = []
    others: list[tuple[Item, str | None]] = []
    for item in after:
        was, now = had[item.item], item.who.person
        if was in names:
            (stayed if now in names else moved).append(item)
        elif was != now:
            others.append((item, was))
    return Passing(tuple(moved), tuple(stayed), tuple(others))


def in_policy(name: str, policy: Policy) -> tuple[str, ...]:
    """The keys of the policy that name a person: no data, so nobody changes them here."""
    wanted, table = fold(name), policy.raw["team"]
    found = [f"team.{role}" for role, who in table.items() if isinstance(who, str) and fold(who) == wanted]
    for csm, manager in policy.managers.items():
        if wanted in (fold(csm), fold(manager)):
            found.append(f'team.managers."{csm}"')
    people = policy.raw["capacity"].get("people", {})
    return (*found, *(f'capacity.people."{who}"' for who in people if fold(who) == wanted))
