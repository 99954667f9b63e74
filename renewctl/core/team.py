"""A team's work as values: every open renewal with its facts, every open item with the time it takes."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.classify import Classified
from renewctl.core.due import DueContract, Given, Item, States
from renewctl.core.model import Account, Contract
from renewctl.core.policy import Policy
from renewctl.core.text import fold

_NOBODY: Given = {}
SAVE_KINDS = frozenset({"save", "promise", "recovery"})


class Renewing(NamedTuple):
    """One open contract of an account in force. `due` is None where it cannot be planned."""

    account: Account
    contract: Contract
    row: Classified
    due: DueContract | None
    states: States
    minutes: int  # logged on this cycle (SEG-2)
    given: Given = _NOBODY  # steps that somebody got by hand

    @property
    def renewal_on(self) -> date:
        """The renewal date; date.max where it is unknown."""
        return self.contract.renewal_on or date.max


class Work(NamedTuple):
    """One open item with its estimate in minutes; `auto` steps need nobody (REM-X)."""

    item: Item
    minutes: int
    auto: bool


def runs(each: Renewing, policy: Policy) -> bool:
    """Whether the agenda runs for a renewal: during a pilot only for those of its segment (ROL)."""
    return policy.pilot in (None, each.row.segment)


def minutes_of(hours: float | str) -> int:
    """Hours of the policy as whole minutes, rounded once."""
    from fractions import Fraction

    return round(Fraction(str(hours)) * 60)


class Estimates:
    """How long items take, by the policy's `hours` of a step.

    A step without hours takes an even share of the middle of its segment's budget (SEG-2).
    """

    def __init__(self, policy: Policy) -> None:
        table = policy.raw["capacity"]
        self._other = minutes_of(table["unestimated_hours"])
        self._save = minutes_of(table["save_step_hours"])
        self._steps: dict[tuple[str, str], int] = {}
        self._auto: set[tuple[str, str]] = set()
        self._cadence = {
            (segment, each.name): (minutes_of(each.hours), each.auto)
            for segment, found in policy.cadence.items()
            for each in found
        }
        for segment in policy.segments:
            steps = policy.timelines[segment.name]
            low, high = segment.effort_hours
            share = (low + high) * 30 // max(1, len(steps))
            for step in steps:
                key = segment.name, step.step
                self._steps[key] = minutes_of(step.hours) if step.hours or step.auto else share
                if step.auto:
                    self._auto.add(key)

    def work(self, item: Item) -> Work:
        """An item with its time; a catch-up takes as long as the steps it stands for.

        Recurring work that was missed several times is done once.
        """
        task, segment = item.task, item.renewal.segment or ""
        if task.hours:
            return Work(item, minutes_of(task.hours), False)
        if task.covers and task.kind != "value":
            minutes = sum(self._steps.get((segment, step), self._other) for step in task.covers)
            return Work(item, minutes, False)
        if task.kind == "value" and (segment, name := _of_period(task.step)) in self._cadence:
            return Work(item, *self._cadence[segment, name])
        key = segment, task.step
        if key in self._steps and task.kind not in SAVE_KINDS:
            return Work(item, self._steps[key], key in self._auto)
        return Work(item, self._save if task.kind in SAVE_KINDS else self._other, False)


def _of_period(step: str) -> str:
    """The name of recurring work without the period: `value-mail` of `value-mail-2026-04`."""
    head, _, tail = step.rpartition("-")
    return head.rpartition("-")[0] if len(tail) == 2 and tail.isdigit() else head


def planned_work(
    renewals: Iterable[Renewing],
    others: Iterable[Item],
    agenda: ContractAgenda,
    until: date,
) -> list[Work]:
    """Every open item due up to `until`: of the renewals, and `others` such as the steps of saves."""
    work = Estimates(agenda.policy).work
    found = [
        work(item)
        for each in renewals
        if each.due is not None
        for item in agenda.items(each.due, each.states, until, each.given)
    ]
    return [*found, *map(work, others)]


def one_spelling(
    renewals: Sequence[Renewing], works: Sequence[Work] = ()
) -> tuple[list[Renewing], list[Work]]:
    """The same with each person under one name, whatever case and accents the records have.

    Of several spellings the one in small letters stands for all.
    """
    names = {each.row.owner for each in renewals} | {work.item.who.person for work in works}
    best: dict[str, str] = {}
    for name in sorted(name for name in names if name is not None):
        best[fold(name)] = name  # capitals sort before small letters
    other = {name: best[fold(name)] for name in names if name is not None and best[fold(name)] != name}
    if not other:
        return list(renewals), list(works)
    return (
        [
            each._replace(row=each.row._replace(owner=other[each.row.owner]))
            if each.row.owner in other
            else each
            for each in renewals
        ],
        [
            work._replace(
                item=work.item._replace(who=work.item.who._replace(person=other[work.item.who.person]))
            )
            if work.item.who.person in other
            else work
            for work in works
        ],
    )


class Share(NamedTuple):
    """REM-X: how many of a segment's open steps run by themselves and how many need a person."""

    segment: str
    steps: int
    automatic: int


def automation(works: Iterable[Work], segments: Sequence[str]) -> tuple[Share, ...]:
    """REM-X: automatic and manual steps per segment, in the order given; a catch-up counts as one."""
    steps = dict.fromkeys(segments, 0)
    automatic = dict.fromkeys(segments, 0)
    for item, _, auto in works:
        segment = item.renewal.segment
        if segment in steps:
            steps[segment] += 1
            automatic[segment] += auto
    return tuple(Share(name, steps[name], automatic[name]) for name in segments)
