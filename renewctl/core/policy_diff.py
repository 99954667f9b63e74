"""ROL: what another policy would change, account by account, before it is applied."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.due import Item
from renewctl.core.team import Renewing

KINDS = ("segment", "band", "opportunity", "touch", "owner")
STEPS = ("added", "removed", "moved", "handed", "changed")


class Decided(NamedTuple):
    """One decision about a renewal that changes."""

    contract_id: str
    what: str  # one of KINDS
    before: str | None
    after: str | None


class StepChange(NamedTuple):
    """One open item that changes; the days of what comes or goes are None on the other side."""

    item: str
    title: str
    kind: str  # one of STEPS
    before_on: date | None
    after_on: date | None
    before: str | None  # the person of `handed`, the words of `changed`
    after: str | None


class AccountChange(NamedTuple):
    """Everything that changes for one account."""

    account_id: str
    account_name: str
    arr_base_minor: int
    decisions: tuple[Decided, ...]
    steps: tuple[StepChange, ...]


class PolicyDiff(NamedTuple):
    """What changes in a book; `accounts` by the ARR of their open renewals, the largest first."""

    accounts: tuple[AccountChange, ...]
    unchanged: int
    counts: dict[str, int]  # accounts by KINDS that change
    steps: dict[str, int]  # items by STEPS
    arr_base_minor: int  # of the accounts that change


class View(NamedTuple):
    """A book under one policy."""

    renewals: Sequence[Renewing]
    items: Sequence[Item]  # all that is open, whenever it is due


def policy_diff(before: View, after: View) -> PolicyDiff:
    """The changes from one policy to another, of the same facts on the same day."""
    decisions = _decisions(before.renewals, after.renewals)
    steps = _steps(before.items, after.items)
    mine: dict[int, list[Renewing]] = defaultdict(list)
    for each in after.renewals:
        mine[each.account.no].append(each)
    # An account with saves alone has no open renewal: its items say who it is.
    named = {item.renewal.account_no: item.renewal for item in (*before.items, *after.items)}
    found = []
    for no in sorted({*decisions, *steps}):
        account = mine[no][0].account if mine.get(no) else None
        arr = sum(each.row.arr_base_minor or 0 for each in mine.get(no, ()))
        found.append(
            AccountChange(
                account.id if account else named[no].account_id,
                account.name if account else named[no].account_name,
                arr,
                tuple(decisions.get(no, ())),
                tuple(steps.get(no, ())),
            )
        )
    found.sort(key=lambda each: (-each.arr_base_minor, each.account_name, each.account_id))
    everybody = {each.account.no for each in after.renewals} | set(named)
    return PolicyDiff(
        tuple(found),
        len(everybody) - len(found),
        {kind: sum(1 for each in found if any(d.what == kind for d in each.decisions)) for kind in KINDS},
        {kind: sum(1 for each in found for step in each.steps if step.kind == kind) for kind in STEPS},
        sum(each.arr_base_minor for each in found),
    )


def _said(each: Renewing) -> tuple[str | None, ...]:
    row = each.row
    owner = "unowned" if row.owner is None else f"{row.owner} ({row.owner_role})"
    return row.segment, row.band, row.opportunity, row.touch, owner


def _decisions(before: Iterable[Renewing], after: Iterable[Renewing]) -> dict[int, list[Decided]]:
    old = {each.contract.no: _said(each) for each in before}
    found: dict[int, list[Decided]] = defaultdict(list)
    for each in after:
        was, now = old[each.contract.no], _said(each)
        if was != now:
            found[each.account.no] += [
                Decided(each.contract.id, what, *pair)
                for what, *pair in zip(KINDS, was, now, strict=True)
                if pair[0] != pair[1]
            ]
    return found


def _steps(before: Iterable[Item], after: Iterable[Item]) -> dict[int, list[StepChange]]:
    old, new = _by_id(before), _by_id(after)
    found: dict[int, list[StepChange]] = defaultdict(list)
    for name, now in new.items():
        found[now.renewal.account_no] += _step(name, old.get(name), now)
    for name, was in old.items():
        if name not in new:
            gone = StepChange(name, was.task.title, "removed", was.due_on, None, None, None)
            found[was.renewal.account_no].append(gone)
    for steps in found.values():
        steps.sort(key=lambda each: (each.after_on or each.before_on or date.max, each.item, each.kind))
    return {no: steps for no, steps in found.items() if steps}


def _by_id(items: Iterable[Item]) -> Mapping[str, Item]:
    return {item.item: item for item in items}


def _step(name: str, was: Item | None, now: Item) -> list[StepChange]:
    if was is None:
        return [StepChange(name, now.task.title, "added", None, now.due_on, None, None)]
    if _seen(was) == _seen(now):  # nearly all are
        return []
    found = []
    days = (was.due_on, now.due_on)
    if (was.due_on, was.work_on) != (now.due_on, now.work_on):
        found.append(StepChange(name, now.task.title, "moved", *days, None, None))
    if was.who[:2] != now.who[:2]:
        people = (was.who.person or "unowned", now.who.person or "unowned")
        if people[0] == people[1]:
            people = (was.who.role, now.who.role)
        found.append(StepChange(name, now.task.title, "handed", *days, *people))
    if _words(was) != _words(now):
        found.append(StepChange(name, now.task.title, "changed", *days, _words(was), _words(now)))
    return found


def _seen(item: Item) -> tuple[object, ...]:
    task = item.task
    return item.due_on, item.work_on, item.who[:2], task.channel, task.title, task.covers


def _words(item: Item) -> str:
    covers = f" [{', '.join(item.task.covers)}]" if item.task.covers else ""
    return f"{item.task.channel}: {item.task.title}{covers}"
