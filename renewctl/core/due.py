"""The agenda: what is owed on a day, by whom, the first thing to do first.

One item is one step with one owner and one channel. `ContractAgenda.items` answers for one contract;
`in_order` puts items of many contracts, and of saves, into one list (DEFAULTS, agenda order).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from renewctl.core.model import ItemState
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy, Step
from renewctl.core.timeline import (
    CATCH_UP,
    COLLECT_HEALTH,
    OPT_OUT,
    PAST_DUE,
    Facts,
    Planner,
    Schedule,
    anchor,
)

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


# A third of the price of Item(…), for what is made tens of thousands of times.
_new = tuple.__new__
States = Mapping[str, ItemState]
Given = Mapping[str, str]
"""Steps given to somebody by hand: step -> person."""
NOTHING_DONE: States = {}
_NOBODY_ELSE: Given = {}


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


def order(item: Item) -> tuple[int, str, date, tuple[date, int, str, int, str]]:
    """The sort key of the agenda; a total order that no input order can change."""
    return item.rank, item.task.clock, item.due_on, (*tie(item.renewal), item.task.place, item.task.step)


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


class ContractAgenda:
    """The agenda of contracts on one day under one policy."""

    def __init__(self, policy: Policy, planner: Planner, as_of: date) -> None:
        self.policy = policy
        self.planner = planner
        self.as_of = as_of
        self._people: dict[tuple[str | None, ...], _Roles] = {}
        self._tasks: dict[int, Task] = {}
        self._groups: dict[int, tuple[Task, ...]] = {}
        self._catch_ups: dict[tuple[object, bool], Task] = {}
        self._ready: dict[int, tuple[date, list[_Ready]]] = {}
        self._first_word: dict[str, int] = {}
        self._notices: dict[tuple[date, int, int], Task] = {}
        self._recurring_kept: dict[_When, list[tuple[date, date, str, Task]]] = {}

    def items(
        self, contract: DueContract, states: States, until: date, given: Given = _NOBODY_ELSE
    ) -> list[Item]:
        """Open items with a due day up to and including `until`, unsorted."""
        found = self._items(contract, states, until)
        if given:
            people = [given.get(_given_by(item, contract)) for item in found]
            found = [
                item if person is None else item._replace(who=Who(person, item.who.role, False))
                for item, person in zip(found, people, strict=True)
            ]
        return found

    def _items(self, contract: DueContract, states: States, until: date) -> list[Item]:
        anchor_on, anchor_name = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
        if contract.renewal_on < self.as_of:
            by_itself = anchor_name == "opt_out_deadline" and not contract.cancelled
            task = _ROLLED if by_itself else _PAST_DUE
            return self._single(contract, task, contract.renewal_on, states, until)
        schedule = self.schedule(contract, anchor_on)
        found = self._timeline(contract, schedule, states, until)
        if schedule.catch_up_on is not None and schedule.catch_up_on <= until:
            task = self._catch_up(schedule, states)
            if task.covers:  # closed once, it comes back with what has become late since
                own = {CATCH_UP: states[CATCH_UP]} if _put_off(states, CATCH_UP) else NOTHING_DONE
                found += self._single(contract, task, schedule.catch_up_on, own, until)
        if contract.won_on is not None:
            found += self._after_won(contract, contract.won_on, states, until)
        if anchor_name == "opt_out_deadline":
            found += self._opt_out(contract, anchor_on, states, until)
        if contract.band is None:
            due_on = collect_health_on(self.policy, contract.segment, contract.planned_from_on, anchor_on)
            found += self._single(contract, _COLLECT_HEALTH, due_on, states, until)
        if contract.value_from_on is not None:
            found += self._recurring(contract, anchor_on, contract.value_from_on, states, until)
        return found

    def item(self, contract: DueContract, step: Step, due_on: date) -> Item:
        """A step of a contract on a day, open or not."""
        who, work_on = self._roles(contract)[step.role], self.planner.work_on(due_on)
        status = status_of(due_on, self.as_of)
        return Item(BY_DAY, due_on, work_on, status, self._task(step), contract, contract.cycle, who)

    def facts(self, contract: DueContract, anchor_on: date) -> Facts:
        """What decides the shape of its plan."""
        papers: frozenset[str] = _NO_PAPERS
        if contract.papers:
            lead = next(each.starts_days[1] for each in self.policy.segments if each.name == contract.segment)
            since = anchor_on - timedelta(days=lead)
            won_on = contract.won_on or since
            papers = frozenset(kind for kind, day in contract.papers if day >= since and day >= won_on)
        expansion = contract.opportunity == "expansion"
        return Facts(
            contract.segment,
            contract.segment_arr_minor,
            bool(contract.guard),
            contract.opportunity,
            contract.touch == "auto_renew",
            contract.stage,
            self._replied(contract, anchor_on),
            papers,
            expansion if contract.bundle is None else bool(contract.bundle),
            contract.band == "yellow",
        )

    def schedule(self, contract: DueContract, anchor_on: date) -> Schedule:
        """The dated steps of a contract that no fact has closed, whatever was done with them."""
        # A day before the record counts as the day of the record (LATE).
        first_on = min(contract.planned_from_on, self.as_of)
        return self.planner.schedule(self.facts(contract, anchor_on), anchor_on, first_on)

    def _replied(self, contract: DueContract, anchor_on: date) -> bool:
        """Whether the customer has answered since this cycle's first word to them."""
        if contract.replied_on is None:
            return False
        days = self._first_word.get(contract.segment)
        if days is None:
            steps = self.policy.timelines[contract.segment]
            said = [step.days for step in steps if step.channel == "customer" and step.days is not None]
            days = self._first_word[contract.segment] = max(said, default=0)
        since = anchor_on - timedelta(days=days)
        return contract.replied_on >= max(since, contract.won_on or since)

    def _timeline(self, contract: DueContract, schedule: Schedule, states: States, until: date) -> list[Item]:
        people, cycle = self._roles(contract), contract.cycle
        ready = self._dated(schedule, until)
        if not states:
            return [
                _new(Item, (BY_DAY, due_on, work_on, status, task, contract, cycle, people[task.role]))
                for due_on, work_on, status, tasks in ready
                for task in tasks
            ]
        return [
            item
            for due_on, _, _, tasks in ready
            for task in tasks
            for item in self._single(contract, _waiting(task, states), due_on, states, until)
        ]

    def _dated(self, schedule: Schedule, until: date) -> list["_Ready"]:
        """What contracts that share a schedule have in common, up to `until`."""
        kept = self._ready.get(id(schedule))
        if kept is None or kept[0] != until:
            ready = [
                (day.due_on, day.work_on, status_of(day.due_on, self.as_of), self._tasks_of(day.steps))
                for day in schedule.days
                if day.due_on <= until  # a snooze only puts a step off
            ]
            kept = self._ready[id(schedule)] = until, ready
        return kept[1]

    def _tasks_of(self, steps: tuple[Step, ...]) -> tuple[Task, ...]:
        tasks = self._groups.get(id(steps))  # groups of steps live as long as the planner does
        if tasks is None:
            tasks = self._groups[id(steps)] = tuple(map(self._task, steps))
        return tasks

    def _task(self, step: Step) -> Task:
        task = self._tasks.get(id(step))  # steps live as long as the policy does
        if task is None:
            task = self._tasks[id(step)] = Task(
                step.step, step.days, step.title, step.channel, step.role, step.kind, step.rule, step.place,
                "", (), "", step.after,
            )  # fmt: skip
        return task

    def _roles(self, contract: DueContract) -> "_Roles":
        key: Any = contract[_PEOPLE]
        return self._people.get(key) or self._people.setdefault(key, _Roles(contract, self.policy))

    def _single(
        self, contract: DueContract, task: Task, due_on: date, states: States, until: date
    ) -> list[Item]:
        """An item of its own, as a list: empty where it is closed or falls due after `until`."""
        if closed(states, task.step, due_on, self.policy.agenda.stale_days):
            return []
        due_on = back_on(states, task.step, due_on)
        if due_on > until:
            return []
        who = self._roles(contract)[task.role]
        status, work_on = status_of(due_on, self.as_of), self.planner.work_on(due_on)
        return [Item(BY_DAY, due_on, work_on, status, task, contract, contract.cycle, who)]

    def _catch_up(self, schedule: Schedule, states: States) -> Task:
        late = schedule.late
        if states:
            late = tuple(step for step in late if not closed(states, step.step))
        key = (late if states else id(late), schedule.squeezed)
        task = self._catch_ups.get(key)
        if task is None:
            titles = "; ".join(step.title for step in late[:3])
            more = f"; and {len(late) - 3} more" if len(late) > 3 else ""
            task = self._catch_ups[key] = Task(
                CATCH_UP, None, f"Catch up on {len(late)}: {titles}{more}", "internal", "owner", "catch_up",
                "TML-1", -1, "", tuple(step.step for step in late), _SQUEEZED if schedule.squeezed else "",
            )  # fmt: skip
        return task

    def _after_won(self, contract: DueContract, won_on: date, states: States, until: date) -> list[Item]:
        found = []
        cycle = contract.cycle - 1
        for step in self.planner.after_won(contract.segment):
            # Kept under its cycle, so that steps after one signature never meet those of the next.
            state = states.get(f"{step.step}@{cycle}")
            mine = {step.step: state} if state else NOTHING_DONE
            due_on = won_on + timedelta(days=step.after_days)
            found += [
                item._replace(cycle=cycle)
                for item in self._single(contract, self._task(step), due_on, mine, until)
            ]
        return found

    def _opt_out(self, contract: DueContract, deadline_on: date, states: States, until: date) -> list[Item]:
        """The opt-out deadline and the notices before it, the latest of which stands for those before."""
        agenda = self.policy.agenda
        if closed(states, OPT_OUT, deadline_on, agenda.stale_days):
            return []
        left = (deadline_on - self.as_of).days
        found: list[Item] = []
        for days, next_days in zip(agenda.notice_days, (*agenda.notice_days[1:], 0), strict=True):
            due_on = deadline_on - timedelta(days=days)
            if left > next_days and due_on >= contract.planned_from_on and due_on <= until:
                key = deadline_on, days, contract.cancelled
                task = self._notices.get(key) or self._notices.setdefault(key, _notice(*key))
                found += self._single(contract, task, due_on, states, until)
        if left <= agenda.deadline_shown_days:
            task = opt_out(contract) if left >= 0 or contract.cancelled else _OPT_OUT_PASSED
            found += self._single(contract, task, deadline_on, states, until)
        if 0 <= left <= agenda.deadline_days:
            clock = deadline_on.isoformat()
            return [item._replace(rank=DEADLINE, task=item.task._replace(clock=clock)) for item in found]
        return found

    def _recurring(
        self, contract: DueContract, anchor_on: date, from_on: date, states: States, until: date
    ) -> list[Item]:
        """VAL: what comes back all year. What was missed is one item, of the day it began."""
        first_on = min(from_on, self.as_of)
        when = (contract.segment, contract.renewal_on, anchor_on, first_on, until)
        people = self._roles(contract)
        if not states:
            return [
                _new(Item, (BY_DAY, due_on, work_on, status, task, contract, 1, people[task.role]))
                for due_on, work_on, status, task in self._value(when, states)
            ]
        found: list[Item] = []
        for due_on, _, _, task in self._value(when, states):
            found += self._single(contract, task, due_on, states, until)
        return [item._replace(cycle=1) for item in found] if contract.cycle != 1 else found

    def _value(self, when: "_When", states: States) -> Sequence[tuple[date, date, str, Task]]:
        """Recurring work of an account up to a day, what was missed of a kind in one; shared by accounts."""
        if not states and (kept := self._recurring_kept.get(when)) is not None:
            return kept
        found: list[tuple[date, date, str, Task]] = []
        missed: dict[str, int] = {}  # name -> where in `found` its missed work stands
        for step, due_on, cadence in self.planner.recurring(*when):
            if closed(states, step):
                continue
            at = missed.get(cadence.name) if due_on <= self.as_of else None
            if at is not None:
                day, work_on, status, first = found[at]
                covers = (*first.covers, step)
                first = first._replace(covers=covers, note=f"{len(covers) + 1} owed by now")
                found[at] = (day, work_on, status, first)
                continue
            if due_on <= self.as_of:  # put off, the first keeps those behind it
                missed[cadence.name] = len(found)
            task = Task(
                step, None, cadence.title, cadence.channel, cadence.role, "value", cadence.rule, cadence.place
            )
            found.append((due_on, self.planner.work_on(due_on), status_of(due_on, self.as_of), task))
        if not states:
            self._recurring_kept[when] = found
        return found


_Ready = tuple[date, date, str, tuple[Task, ...]]
_When = tuple[str, date, date, date, date]  # segment, renewal, anchor, first day, until


class _Roles(dict[str, Who]):
    """Who holds each role for a contract, found when first asked for."""

    def __init__(self, contract: DueContract, policy: Policy) -> None:
        super().__init__(owner=Who(contract.owner, contract.owner_role, False))
        self.contract = contract
        self.policy = policy

    def __missing__(self, role: str) -> Who:
        person, delegate = step_person(role, self.contract, self.contract.owner, self.policy)
        self[role] = Who(person, role, delegate)
        return self[role]


def _given_by(item: Item, contract: DueContract) -> str:
    """What a step that was given to somebody goes by: as in `States`, an account's work knows no cycle."""
    own = item.cycle == contract.cycle or item.task.kind == "value"
    return item.task.step if own else f"{item.task.step}@{item.cycle}"


def _waiting(task: Task, states: States) -> Task:
    """A step without what it waited for, where that is closed."""
    if task.waits_for and any(closed(states, step) for step in task.waits_for):
        return task._replace(waits_for=tuple(step for step in task.waits_for if not closed(states, step)))
    return task


_NO_PAPERS: frozenset[str] = frozenset()
# Who owns the contract, and the people a role may resolve to.
_PEOPLE = slice(DueContract._fields.index("owner"), DueContract._fields.index("replied_on"))
_SQUEEZED = "started this late, a renewal of this size often slips a quarter"
_PAST_DUE = Task(
    PAST_DUE, None, "Past its renewal date with no outcome: record what happened (won or lost)", "internal",
    "owner", "past_due", "TML-1",
)  # fmt: skip
_ROLLED = _PAST_DUE._replace(
    title="Renewed by itself, as nobody opted out in time: record it (renewctl roll)", rule="ANCHOR"
)
_NOTIFIED = "decide before it whether the contract may renew by itself"
_OPT_OUT = Task(
    OPT_OUT, None, "Opt-out deadline: after this day the contract renews by itself", "internal", "owner",
    "notice", "ANCHOR",
)  # fmt: skip


def _notice(deadline_on: date, days: int, cancelled: int) -> Task:
    """The notice so many days before an opt-out deadline."""
    text = f"Opt-out deadline on {deadline_on}: {_OPTED if cancelled else _NOTIFIED}"
    return _OPT_OUT._replace(step=f"{OPT_OUT}-{days}", milestone_days=days, title=text)


_OPTED = "a notice of cancellation stands, so the contract does not renew by itself"
_OPTED_OUT = _OPT_OUT._replace(title=f"Opt-out deadline: {_OPTED}")
_OPT_OUT_PASSED = _OPT_OUT._replace(
    title="Opt-out deadline has passed: the contract renews by itself; record it (renewctl roll)"
)


def opt_out(contract: DueContract) -> Task:
    """What the deadline of a contract that renews tacitly is called before it has passed."""
    return _OPTED_OUT if contract.cancelled else _OPT_OUT


_COLLECT_HEALTH = Task(
    COLLECT_HEALTH, None, "Collect health readings: too few to tell how this account is", "internal", "csm",
    "health", "HLT-2",
)  # fmt: skip


def collect_health_on(policy: Policy, segment: str, first_on: date, anchor_on: date) -> date:
    """When missing health readings fall due: as the renewal's lead time begins, or soon if it has."""
    lead = next(each.starts_days[1] for each in policy.segments if each.name == segment)
    soon = first_on + timedelta(days=policy.agenda.catch_up_days)
    return min(max(anchor_on - timedelta(days=lead), soon), anchor_on)


def still_closed(state: ItemState | None, due_on: date, stale_days: int) -> bool:
    """Whether a step that falls due on that day is closed by what was done with it.

    Not by what was done longer before: a renewal date that moved by a term asks for the step again.
    """
    return state is not None and state.state != "snoozed" and (due_on - state.set_on).days <= stale_days


def closed(states: States, step: str, due_on: date = date.min, stale_days: int = 0) -> bool:
    """As `still_closed`, of a step by its key; without a day, whenever it was done."""
    state = states.get(step) if states else None
    return still_closed(state, due_on, stale_days)


def _put_off(states: States, step: str) -> bool:
    state = states.get(step) if states else None
    return state is not None and state.state == "snoozed"


def back_on(states: States, step: str, due_on: date) -> date:
    """The day a step counts with: its own, or the one it was put off to."""
    state = states.get(step) if states else None
    return due_on if state is None or state.until_on is None else max(due_on, state.until_on)
