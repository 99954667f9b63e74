"""What is owed on a day: one item is one step with one owner and one channel.

`in_order` puts items of many contracts, and of saves, into one list, the first thing to do first (DEFAULTS,
agenda order). What a contract owes is worked out by `core.agenda`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, Protocol

from renewctl.core.model import ItemState

# Ranks of the agenda's order: a missed promise outranks a save's clock, that an opt-out deadline.
MISSED_PROMISE, SAVE_CLOCK, DEADLINE, BY_DAY = range(4)


class Task(NamedTuple):
    """What is to be done, whoever it is done for."""

    step: str
    milestone_days: int | None
    title: str
    channel: str  # internal | customer | call
    role: str
    kind: str  # timeline | reminder | catch_up | past_due | notice | save | health | value …
    rule: str
    place: int = 0  # within a renewal's day, lower comes first
    clock: str = ""  # of what has a clock or a deadline: when it runs out, which orders them
    covers: tuple[str, ...] = ()  # step keys that closing it closes with it
    note: str = ""
    waits_for: tuple[str, ...] = ()  # open steps of the same renewal it builds on
    hours: float = 0.0  # what it usually takes, where its playbook says so (SEG-2)


class Renewal(Protocol):
    """What an item says of the renewal it belongs to; date.max is an unknown renewal date."""

    @property
    def subject(self) -> str:
        """The contract's number, or `s` and a save's number."""

    @property
    def id(self) -> str:
        """The contract's id, empty where there is none."""

    @property
    def account_no(self) -> int:
        """The portfolio's number of the account."""

    @property
    def account_id(self) -> str:
        """The account's id."""

    @property
    def account_name(self) -> str:
        """The account's name."""

    @property
    def renewal_on(self) -> date:
        """The renewal date."""

    @property
    def arr_base_minor(self) -> int | None:
        """ARR of the contract in the base currency."""

    @property
    def segment(self) -> str | None:
        """Its segment."""


class DueContract(NamedTuple):
    """What the agenda needs to know of one open contract; its classification is that of the day."""

    no: int
    id: str
    account_no: int
    account_id: str
    account_name: str
    renewal_on: date
    auto_renew: int | None
    notice_days: int | None
    planned_from_on: date
    stage: str
    cycle: int
    won_on: date | None
    arr_base_minor: int | None
    segment_arr_minor: int  # what the segment was decided on
    segment: str
    band: str | None
    opportunity: str
    touch: str
    guard: int
    owner: str | None
    owner_role: str
    csm: str | None
    sales_owner: str | None
    specialist: str | None
    executive_sponsor: str | None
    replied_on: date | None  # the account's latest reply
    papers: tuple[tuple[str, date], ...] = ()  # kinds of documents rendered for it, each with its latest day
    bundle: int | None = None  # 0/1: decided by hand whether an expansion goes with it (BND-1)
    cancelled: int = 0  # 0/1: a cancellation notice stands
    value_from_on: date | None = None  # VAL counts from here; None: another contract of the account leads

    @property
    def subject(self) -> str:
        """What its items are called by."""
        return str(self.no)


class Who(NamedTuple):
    """Who does it: the person (None: unowned work), the role asked for, whether standing in for it."""

    person: str | None
    role: str
    delegate: bool


class Item(NamedTuple):
    """One line of the agenda."""

    rank: int
    due_on: date
    work_on: date  # last working day on or before due_on
    status: str  # overdue | today | upcoming
    task: Task
    renewal: Renewal
    cycle: int
    who: Who

    @property
    def item(self) -> str:
        """The id people type."""
        return item_id(self.subject, self.cycle, self.task.step)

    @property
    def subject(self) -> str:
        """What it is called by: the contract or the save, for recurring work `a` and the account's number."""
        return f"a{self.renewal.account_no}" if self.task.kind == "value" else self.renewal.subject


States = Mapping[str, ItemState]
Given = Mapping[str, str]
"""Steps given to somebody by hand: step -> person."""
NOTHING_DONE: States = {}


def item_id(subject: str, cycle: int, step: str) -> str:
    """The id people type: `12-notice`, from the second cycle on `12.2-notice`, of a save `s3-call`."""
    return f"{subject}-{step}" if cycle == 1 else f"{subject}.{cycle}-{step}"


def status_of(due_on: date, as_of: date) -> str:
    """Whether a day is overdue, today or upcoming."""
    return "upcoming" if due_on > as_of else "overdue" if due_on < as_of else "today"


def arr_rank(arr_base_minor: int | None) -> int:
    """Ascending is larger ARR first, unknown last."""
    return 1 if arr_base_minor is None else -arr_base_minor


def tie(renewal: Renewal) -> tuple[date, int, str]:
    """What decides between items of one day: nearer renewal, larger ARR, id."""
    return renewal.renewal_on, arr_rank(renewal.arr_base_minor), renewal.id


def in_order(items: Iterable[Item]) -> list[Item]:
    """Items in the agenda's order.

    They are laid out by rank and day first, so that items which come contract by contract in the order
    of their ties, as a whole book does, cost no comparison across days.
    """
    days: dict[tuple[int, str, date], list[Item]] = {}
    ties: dict[int, tuple[date, int, str]] = {}
    for item in items:
        if id(item[5]) not in ties:
            ties[id(item[5])] = tie(item[5])
        days.setdefault((item[0], item[4][8], item[1]), []).append(item)
    places = {each: at for at, each in enumerate(sorted(set(ties.values())))}
    of_renewal = {no: places[each] for no, each in ties.items()}

    def within_day(item: Item) -> tuple[int, int, str]:
        task = item[4]
        return of_renewal[id(item[5])], task[7], task[0]

    return [item for day in sorted(days) for item in sorted(days[day], key=within_day)]


def still_closed(state: ItemState | None, due_on: date, stale_days: int) -> bool:
    """Whether a step that falls due on that day is closed by what was done with it.

    Not by what was done longer before: a renewal date that moved by a term asks for the step again.
    """
    return state is not None and state.state != "snoozed" and (due_on - state.set_on).days <= stale_days


def closed(states: States, step: str, due_on: date = date.min, stale_days: int = 0) -> bool:
    """As `still_closed`, of a step by its key; without a day, whenever it was done."""
    state = states.get(step) if states else None
    return still_closed(state, due_on, stale_days)


def back_on(states: States, step: str, due_on: date) -> date:
    """The day a step counts with: its own, or the one it was put off to."""
    state = states.get(step) if states else None
    return due_on if state is None or state.until_on is None else max(due_on, state.until_on)
