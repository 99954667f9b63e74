"""What one contract owes on a day: the steps of its plan, its deadlines, and the work that comes back.

`ContractAgenda.items` is the whole of it; `core.due` says what an item is and how a list of them is ordered.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from renewctl.core.due import (
    BY_DAY,
    DEADLINE,
    NOTHING_DONE,
    DueContract,
    Given,
    Item,
    States,
    Task,
    Who,
    back_on,
    closed,
    status_of,
)
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

# A third of the price of Item(…), for what is made tens of thousands of times.
_new = tuple.__new__
_NOBODY_ELSE: Given = {}


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


def _put_off(states: States, step: str) -> bool:
    state = states.get(step) if states else None
    return state is not None and state.state == "snoozed"
