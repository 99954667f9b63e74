"""The whole plan of one renewal for a person to look at: every step with its day and how it stands.

The agenda answers what is owed; the plan adds what was done and what follows a signature. Open steps
are the agenda's own items, so both always say the same. SEG-2's effort is reckoned here too.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.due import DueContract, Given, Item, States, still_closed
from renewctl.core.model import Account, Activity, Because, Contract, ItemState, Renewal
from renewctl.core.policy import Policy, Step
from renewctl.core.timeline import anchor

_UNTIL = date.max


class Action(NamedTuple):
    """One step of a plan and how it stands."""

    of: Item
    work: Step  # of what is no step of a timeline, nothing is known of doing it
    state: str  # open | done | skipped | snoozed
    set_on: date | None = None
    shown_by: str = ""  # the fact that closed it by itself, such as stage:notified

    @property
    def step(self) -> str:
        """The key of the step."""
        return self.of.task.step

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Open steps it builds on."""
        return () if self.state in _ENDED else self.of.task.waits_for


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
    sources: tuple[
        tuple[str, int], ...
    ] = ()  # minutes of log, steps, recurring and saves, where there are any


def plan(
    contract: DueContract,
    states: States,
    agenda: ContractAgenda,
    given: Given | None = None,
    items: Iterable[Item] | None = None,
) -> Plan:
    """The plan of a renewal that has a date and a segment, on the agenda's day.

    `states` is what was done with its steps, as `ContractAgenda.items` takes it; `items` are those of the
    whole cycle, where they are known already. A contract past its date keeps only the line that asks for
    its outcome.
    """
    anchor_on, anchor_name = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    if items is None:
        items = agenda.items(contract, states, _UNTIL, given or {})
    steps, cycle = agenda.planner.by_name(contract.segment), contract.cycle
    found: dict[_Place, list[Action]] = {}
    for item in items:
        task = item[4]  # by number: a field by name costs three times that
        kind = task[5]
        if kind == "reminder" or kind == "timeline":
            kind = "timeline" if item[6] == cycle else "after_signature"
        place = item[1], task[1], kind
        action: Action = _new(Action, (item, steps.get(task[0], _NO_STEP), "open", None, ""))
        if states:
            action = _put_off(action, states.get(task[0]))
        if place in found:
            found[place].append(action)
        else:
            found[place] = [action]
    closed = _closed(contract, states, agenda, anchor_on) if contract.renewal_on >= agenda.as_of else ()
    for action in closed:
        found.setdefault((action.of.due_on, action.work.days, "timeline"), []).append(action)
    days = [_day(place, actions) for place, actions in found.items()]
    days.sort(key=_by_day)
    after = _after_signature(contract, agenda)
    return Plan(anchor_name, anchor_on, (*days, *([after] if after else ())))


_Place = tuple[date, int | None, str]  # due day, days before the anchor, kind of day
_new = tuple.__new__  # as in core.agenda: there is one for each step of each renewal
# What is on a plan and no step of a timeline.
_NO_STEP = Step("", "", None, None, 0, "", "", "", "", "", None, (), 0)


def _put_off(action: Action, state: ItemState | None) -> Action:
    if state is None or state.state != "snoozed":
        return action
    return action._replace(state="snoozed", set_on=state.set_on)


def _closed(
    contract: DueContract, states: States, agenda: ContractAgenda, anchor_on: date
) -> Iterator[Action]:
    """The steps before the signature that are closed, by a fact or by hand."""
    shown = agenda.planner.shown(agenda.facts(contract, anchor_on))
    by_fact = {step.step: fact for step, fact in shown}
    steps = [(step, anchor_on - timedelta(days=step.days or 0)) for step, _ in shown]
    if states:
        schedule = agenda.schedule(contract, anchor_on)
        steps += [(each.step, each.due_on) for each in (*schedule.steps, *agenda.planner.late(schedule))]
    for step, due_on in steps:
        state, fact = states.get(step.step), by_fact.get(step.step, "")
        if state is not None and still_closed(state, due_on, agenda.policy.agenda.stale_days):
            yield Action(agenda.item(contract, step, due_on), step, state.state, state.set_on)
        elif fact:
            yield Action(agenda.item(contract, step, due_on), step, "done", None, fact)


def _day(place: _Place, actions: list[Action]) -> PlanDay:
    first = actions[0][0]
    status = first[3]
    if actions[-1][2] in _ENDED:  # what is closed stands behind what is open
        states = {action.state for action in actions}
        status = status if states - _ENDED else "done" if "done" in states else "skipped"
    day: PlanDay = _new(
        PlanDay, (place[1], _TRIGGERS.get(place[2]), place[2], place[0], first[2], status, tuple(actions))
    )
    return day


_TRIGGERS = {"after_signature": "won"}
_ENDED = frozenset(("done", "skipped"))


def _by_day(day: PlanDay) -> tuple[date, int, str]:
    return day.due_on or _UNTIL, -(day.milestone_days or 0), day.kind


def _after_signature(contract: DueContract, agenda: ContractAgenda) -> PlanDay | None:
    """What follows once this cycle is won; it has no day before that."""
    steps = agenda.planner.after_won(contract.segment)
    if not steps:
        return None
    actions = [Action(agenda.item(contract, step, _UNTIL), step, "open") for step in steps]
    return PlanDay(None, "won", "after_signature", None, None, "upcoming", tuple(actions))


def target(account: Account, contract: Contract, agreed: Renewal | None) -> tuple[int | None, str]:
    """The target value of one renewal and its currency (TRK).

    Its own, else the account's where the account has this contract only.
    """
    if agreed is not None and agreed.target_minor is not None:
        return agreed.target_minor, agreed.currency or ""
    if contract.implied:
        return account.target_arr_minor, account.currency or ""
    return None, contract.currency or ""


def next_to_renew(opened: Iterable[Contract], as_of: date) -> Contract | None:
    """The contract of an account for which time counts that names none (SEG-2), as it carries recurring work.

    One past its date, or without one, only where there is no other.
    """

    def order(contract: Contract) -> tuple[bool, date, int]:
        on = contract.renewal_on or _UNTIL
        return contract.renewal_on is None or on < as_of, on, contract.no

    return min(opened, key=order, default=None)


def in_cycle(day: date, contract: Contract) -> bool:
    """Whether what happened on a day belongs to the running cycle of a contract."""
    return contract.won_on is None or day > contract.won_on


def effort(
    segment: str | None, logged: Iterable[Activity], states: Iterable[ItemState], policy: Policy
) -> Effort:
    """SEG-2: the time logged on one cycle of one renewal, in minutes, against its segment's budget."""
    spent = {"log": sum(each.minutes or 0 for each in logged), "steps": 0, "recurring": 0, "saves": 0}
    for each in states:
        spent[_SOURCES.get(each.subject[0], "steps")] += each.minutes or 0
    minutes, sources = sum(spent.values()), tuple((name, of) for name, of in spent.items() if of)
    rules = next((each for each in policy.segments if each.name == segment), None)
    if rules is None:
        return Effort(minutes, None, None, False, None, sources)
    over = minutes >= rules.warn_hours * 60
    because = None
    if over:
        low, high = rules.effort_hours
        seen = f"{minutes / 60:.3g} h logged"
        limit = f"{rules.name}: {low}-{high} h; from {rules.warn_hours} h on the process is broken"
        because = Because("SEG-2", seen, limit)
    return Effort(minutes, rules.effort_hours, rules.warn_hours, over, because, sources)


_SOURCES = {"a": "recurring", "s": "saves"}  # by the first letter of an item's subject
