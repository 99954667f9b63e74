"""The whole plan of one renewal for a person to look at: every step with its day and how it stands.

The agenda answers what is owed; the plan adds what was done and what follows a signature. Open steps
are the agenda's own items, so both always say the same. SEG-2's effort is reckoned here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.due import (
    ContractAgenda,
    DueContract,
    Given,
    Item,
    States,
    Who,
    item_id,
    status_of,
    still_closed,
)
from renewctl.core.model import Account, Activity, Because, Contract, ItemState, Renewal
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy, Step
from renewctl.core.timeline import Planned, anchor

_UNTIL = date.max


class Action(NamedTuple):
    """One step of a plan and how it stands."""

    item: str
    step: str
    title: str
    channel: str
    owner: str | None
    owner_role: str
    delegate: bool
    state: str  # open | done | skipped | snoozed
    set_on: date | None
    rule: str
    covers: tuple[str, ...]
    waits_for: tuple[str, ...] = ()  # open steps it builds on
    shown_by: str = ""  # the fact that closed it by itself, such as stage:notified
    hours: float = 0.0
    done_when: str = ""
    template: str = ""
    auto: bool = False


class PlanDay(NamedTuple):
    """The steps of one day. `due_on` is None for what waits on a signature (`trigger` "won")."""

    milestone_days: int | None
    trigger: str | None
    kind: str  # timeline | catch_up | past_due | notice | health | value | after_signature
    due_on: date | None
    work_on: date | None
    status: str  # overdue | today | upcoming | done | skipped
    actions: tuple[Action, ...]


class Plan(NamedTuple):
    """The steps of a renewal by day, those after signature last."""

    anchor: str  # renewal_date | opt_out_deadline
    anchor_on: date
    days: tuple[PlanDay, ...]


class Effort(NamedTuple):
    """SEG-2: time logged on a renewal against the budget of its segment."""

    minutes: int
    budget_hours: tuple[int, int] | None
    warn_hours: int | None
    over: bool
    because: Because | None  # why it is said to be over


def plan(contract: DueContract, states: States, agenda: ContractAgenda, given: Given | None = None) -> Plan:
    """The plan of a renewal that has a date and a segment, on the agenda's day.

    `states` is what was done with its steps, as `ContractAgenda.items` takes it. A contract past its
    date keeps only the line that asks for its outcome.
    """
    name_on = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    steps = {step.step: step for step in agenda.policy.timelines[contract.segment]}
    stale_days = agenda.policy.agenda.stale_days
    found: dict[tuple[object, ...], list[Action]] = {}
    place: dict[tuple[object, ...], tuple[date | None, date | None]] = {}
    for item in sorted(agenda.items(contract, states, _UNTIL, given or {}), key=lambda each: each.due_on):
        key = _key(item, contract)
        found.setdefault(key, []).append(_open(item, states, steps))
        place[key] = (item.due_on, item.work_on)
    if contract.renewal_on >= agenda.as_of:
        schedule = agenda.schedule(contract, name_on[0])
        for shown in agenda.planner.shown(agenda.facts(contract, name_on[0])):
            step, due_on = shown.step, name_on[0] - timedelta(days=shown.step.days or 0)
            if not still_closed(states.get(step.step), due_on, stale_days):
                closed = ("timeline", step.days, due_on, None)
                action = _action(step, contract, agenda.policy)._replace(state="done", shown_by=shown.fact)
                found.setdefault(closed, []).append(action)
                place.setdefault(closed, (due_on, agenda.planner.work_on(due_on)))
        for planned in (*schedule.steps, *agenda.planner.late(schedule)):
            state = states.get(planned.step.step)
            if state is not None and still_closed(state, planned.due_on, stale_days):
                closed = ("timeline", planned.step.days, planned.due_on, None)
                found.setdefault(closed, []).append(_closed(planned, state, contract, agenda.policy))
                place.setdefault(closed, (planned.due_on, planned.work_on))
    days = [
        PlanDay(
            days if isinstance(days, int) else None,
            trigger if isinstance(trigger, str) else None,
            str(kind),
            *place[kind, days, due_on, trigger],
            _status(place[kind, days, due_on, trigger][0], actions, agenda.as_of),
            tuple(actions),
        )
        for (kind, days, due_on, trigger), actions in found.items()
    ]
    days.sort(key=lambda day: (day.due_on or _UNTIL, -(day.milestone_days or 0), day.kind))
    after = _after_signature(contract, agenda)
    return Plan(name_on[1], name_on[0], (*days, *([after] if after else ())))


def _key(item: Item, contract: DueContract) -> tuple[object, ...]:
    task = item.task
    if task.kind == "value":
        return "value", None, item.due_on, None
    if item.cycle != contract.cycle:
        return "after_signature", None, item.due_on, "won"
    kind = "timeline" if task.kind in ("timeline", "reminder") else task.kind
    return kind, task.milestone_days, item.due_on, None


def _open(item: Item, states: States, steps: Mapping[str, Step]) -> Action:
    task = item.task
    state = states.get(task.step)
    put_off = state is not None and state.state == "snoozed"
    work = steps.get(task.step, _NO_STEP)
    return Action(
        item.item, task.step, task.title, task.channel, *item.who, "snoozed" if put_off else "open",
        state.set_on if state and put_off else None, task.rule, task.covers, task.waits_for,
        hours=work.hours, done_when=work.done_when, template=work.template, auto=work.auto,
    )  # fmt: skip


# What is on a plan and no step of a timeline: nothing is known of doing it.
_NO_STEP = Step("", "", None, None, 0, "", "", "", "", "", None, (), 0)


def _closed(planned: Planned, state: ItemState, contract: DueContract, policy: Policy) -> Action:
    return _action(planned.step, contract, policy)._replace(state=state.state, set_on=state.set_on)


def _action(step: Step, contract: DueContract, policy: Policy) -> Action:
    if step.role == "owner":
        who = Who(contract.owner, contract.owner_role, False)
    else:
        person, delegate = step_person(step.role, contract, contract.owner, policy)
        who = Who(person, step.role, delegate)
    item = item_id(contract.subject, contract.cycle, step.step)
    return Action(
        item, step.step, step.title, step.channel, *who, "open", None, step.rule, (),
        hours=step.hours, done_when=step.done_when, template=step.template, auto=step.auto,
    )  # fmt: skip


def _status(due_on: date | None, actions: Sequence[Action], as_of: date) -> str:
    states = {action.state for action in actions}
    if states <= {"done", "skipped"}:
        return "done" if "done" in states else "skipped"
    return "upcoming" if due_on is None else status_of(due_on, as_of)


def _after_signature(contract: DueContract, agenda: ContractAgenda) -> PlanDay | None:
    """What follows once this cycle is won; it has no day before that."""
    actions = [_action(step, contract, agenda.policy) for step in agenda.planner.after_won(contract.segment)]
    return (
        PlanDay(None, "won", "after_signature", None, None, "upcoming", tuple(actions)) if actions else None
    )


def target(account: Account, contract: Contract, agreed: Renewal | None) -> tuple[int | None, str]:
    """The target value of one renewal and its currency (TRK).

    Its own, else the account's where the account has this contract only.
    """
    if agreed is not None and agreed.target_minor is not None:
        return agreed.target_minor, agreed.currency or ""
    if contract.implied:
        return account.target_arr_minor, account.currency or ""
    return None, contract.currency or ""


def effort(
    segment: str | None, logged: Iterable[Activity], states: Iterable[ItemState], policy: Policy
) -> Effort:
    """SEG-2: the time logged on one cycle of one renewal, in minutes, against its segment's budget."""
    minutes = sum(each.minutes or 0 for each in logged) + sum(each.minutes or 0 for each in states)
    rules = next((each for each in policy.segments if each.name == segment), None)
    if rules is None:
        return Effort(minutes, None, None, False, None)
    over = minutes >= rules.warn_hours * 60
    because = None
    if over:
        low, high = rules.effort_hours
        seen = f"{minutes / 60:.3g} h logged"
        limit = f"{rules.name}: {low}-{high} h; from {rules.warn_hours} h on the process is broken"
        because = Because("SEG-2", seen, limit)
    return Effort(minutes, rules.effort_hours, rules.warn_hours, over, because)
