"""What a save owes, as lines of the agenda: its steps, the weekly update, promises, service levels, recovery.

A promise that is missed or due soon is the loudest line there is (SAV-9); right behind it come the open
first contact of a case, by its clock (SAV-1), and a weekly update that was not sent.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from renewctl.core import case_file, levels, moments, plays, save_clock
from renewctl.core.case_file import CaseFile
from renewctl.core.dates import add_months
from renewctl.core.due import BY_DAY, MISSED_PROMISE, SAVE_CLOCK, Item, States, Task, Who, status_of
from renewctl.core.model import KEPT_SAVES, ServiceResponse
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy
from renewctl.core.promises import standing

UPDATE, TOUCH, REPORT, ATTENTION = "update", "touch", "report", "attention"
_UPDATE_TITLE = "Send the weekly update, even where there is nothing new"


class Duty(NamedTuple):
    """One occasion of work that comes back, as it stands after what was done with the others."""

    number: int
    due_on: date
    missed: int  # occasions before it that passed and were never done


def items(
    file: CaseFile, policy: Policy, zone: tzinfo, as_of: date, until: date, work_on: Callable[[date], date],
    *, recovers: bool = True,
) -> list[Item]:  # fmt: skip
    """Everything a case owes up to `until`, unsorted.

    Of a closed case only what a customer that was kept is owed: check-ins, the recovery programme, promises
    and service levels; without `recovers`, promises and service levels only. `work_on` answers with the last
    working day on or before a day.
    """
    case = file.case
    running = case_file.is_open(case)
    if not running and case.state not in KEPT_SAVES:
        return []
    write = _Writer(file, policy, as_of, until, work_on)
    if running:
        _steps(write, plays.planned(file, policy, zone), zone)
        _recurring(write, UPDATE, updates(file, policy, zone, until))
    elif recovers:
        _steps(write, plays.checkins(file, policy), zone)
        for kind, occasions in recovery(file, policy).items():
            _recurring(write, kind, occasions)
    _promises(write)
    _levels(write, zone)
    return write.items


class _Writer:
    """Makes the lines of one case."""

    def __init__(
        self, file: CaseFile, policy: Policy, as_of: date, until: date, work_on: Callable[[date], date]
    ) -> None:
        self.file = file
        self.policy = policy
        self.as_of = as_of
        self.until = until
        self.items: list[Item] = []
        self._work_on = work_on
        self._round = case_file.round_of(file.ledger)

    def add(self, rank: int, due_on: date, task: Task, who: Who) -> None:
        """Put a line on the agenda where its day lies in the window."""
        if due_on <= self.until:
            status = status_of(due_on, self.as_of)
            self.items.append(
                Item(
                    rank, due_on, self._work_on(due_on), status, task, self.file.renewal, self._round, who
                )
            )  # fmt: skip

    def owner(self, step: str, role: str) -> Who:
        """Whose a line is that no playbook lists."""
        person, delegate = plays.owner_of(self.file, self.policy, step, role)
        return Who(person, role, delegate)


def _steps(write: _Writer, found: Sequence[CaseStep], zone: tzinfo) -> None:
    file, policy = write.file, write.policy
    case = file.case
    running, contact = case_file.is_open(case), plays.first_contact(found)
    for step in found:
        if step.fate != "active" or step.state not in ("open", "snoozed"):
            continue
        due_on, note, rank, kind = step.due_on, "", BY_DAY, "save"
        if running and step.step == contact:
            rank = SAVE_CLOCK
            due_on = min(due_on, moments.local_on(case.respond_by, zone))
            note = f"answer by {moments.local_text(case.respond_by, zone)} {policy.time_zone}"
        elif step.phase == "check_in":
            kind = "save" if running else "recovery"
            if running:
                note = "provisional: counts from the flag until the account is saved"
        if step.marked is not None and step.marked.until_on is not None:
            due_on = save_clock.put_off(case, step, contact, step.marked.until_on, zone)
        # To the agenda a call is one way of reaching the customer.
        channel = "internal" if step.channel == "internal" else "customer"
        clock = case.respond_by if rank == SAVE_CLOCK else ""
        task = Task(
            step.step, None, step.title, channel, step.owner_role, kind, step.rule, clock=clock, note=note,
            waits_for=step.waits_for, hours=step.effort,
        )  # fmt: skip
        write.add(rank, due_on, task, Who(step.owner, step.owner_role, step.delegate))


# --- work that comes back --------------------------------------------------------------------------


def updates(file: CaseFile, policy: Policy, zone: tzinfo, until: date) -> list[tuple[int, date]]:
    """SAV-9: (number, day) of each weekly update owed from the flag up to a day while the case runs."""
    every = policy.saves.update_every_days
    begin = moments.local_on(file.case.flagged_at, zone)
    last = min(until, begin + timedelta(days=every * _MOST))
    return [(n, begin + timedelta(days=n * every)) for n in range(1, (last - begin).days // every + 1)]


_MOST = 520  # updates of a case: ten years of weeks, should a window have no end


def recovery(file: CaseFile, policy: Policy) -> dict[str, list[tuple[int, date]]]:
    """SAV-10: what a saved customer is owed beside the check-ins: kind of work -> (number, day) of each.

    A weekly touch and a monthly report of value through the programme; from its end a look at the account
    every month until the raised attention ends.
    """
    rules, begin = policy.saves.recovery, file.case.closed_on
    if begin is None:
        return {}
    found = {
        kind: [(n, begin + timedelta(days=n * every)) for n in range(1, rules.days // every + 1)]
        for kind, every in ((TOUCH, rules.touch_every_days), (REPORT, rules.report_every_days))
    }
    first = math.ceil(rules.days / 30) + 1
    found[ATTENTION] = [(n, add_months(begin, n)) for n in range(first, rules.attention_months + 1)]
    return found


def attention_until(closed_on: date, policy: Policy) -> date:
    """SAV-10: the last day of raised attention after a save."""
    return add_months(closed_on, policy.saves.recovery.attention_months)


def owed(occasions: Iterable[tuple[int, date]], kind: str, states: States, as_of: date) -> list[Duty]:
    """The occasions that are asked for: the last one that is due, if no later one was done, and the next.

    Those missed before are not asked for one by one, they are counted: nobody sends last month's update.
    """
    open_ones: list[tuple[int, date]] = []
    for number, on in occasions:
        state = states.get(f"{kind}-{number}")
        if state is not None and state.state != "snoozed":
            open_ones = []
            continue
        if state is not None and state.until_on is not None:
            on = max(on, state.until_on)
        open_ones.append((number, on))
    due = [each for each in open_ones if each[1] <= as_of]
    ahead = [each for each in open_ones if each[1] > as_of]
    found = [Duty(*due[-1], len(due) - 1)] if due else []
    return found + [Duty(*each, 0) for each in ahead[:1]]


def _recurring(write: _Writer, kind: str, occasions: list[tuple[int, date]]) -> None:
    texts = write.policy.playbook(write.file.case.scenario).recovery
    title, role, rule, agenda_kind, channel = {
        UPDATE: (_UPDATE_TITLE, "csm", "SAV-9", "promise", "customer"),
        TOUCH: (texts.touch or "Be in touch with the customer", "csm", "SAV-10", "recovery", "customer"),
        REPORT: (texts.report or "Send the monthly report of value", "csm", "SAV-10", "recovery", "customer"),
        ATTENTION: (
            texts.attention or "Look whether what was saved still holds",
            "csm", "SAV-10", "recovery", "internal",
        ),
    }[kind]  # fmt: skip
    for number, due_on, lost in owed(occasions, kind, write.file.states, write.as_of):
        step = f"{kind}-{number}"
        late = kind == UPDATE and due_on < write.as_of
        note = f"{lost} before it never done" if lost else ""
        task = Task(step, None, title, channel, role, agenda_kind, rule, note=note)
        # right behind the missed promises: a word that was not sent is not yet one that was broken
        write.add(SAVE_CLOCK if late else BY_DAY, due_on, task, write.owner(step, role))


# --- promises and service levels -------------------------------------------------------------------


def _promises(write: _Writer) -> None:
    rules = write.policy.saves
    for found in standing(write.file.ledger.promises, write.as_of, rules.promise_soon_days):
        each = found.promise
        if found.state not in ("open", "soon", "missed", "broken"):
            continue
        note = {
            "missed": "one broken promise kills the save",
            "broken": "make it good with another promise, or the save is lost",
            "soon": "due soon",
        }.get(found.state, "")
        loud = {"missed": "MISSED PROMISE: ", "broken": "BROKEN PROMISE: "}.get(found.state, "Promise: ")
        title = f"{loud}{each.text}" + (f" ({each.to_whom})" if each.to_whom else "")
        task = Task(
            f"p{each.no}", None, title, "customer", "owner", "promise", "SAV-9", note=note,
            waits_for=(f"p{found.waits_for}",) if found.waits_for else (),
        )  # fmt: skip
        rank = BY_DAY if found.state == "open" else MISSED_PROMISE
        write.add(rank, each.due_on, task, Who(each.owner, "owner", False))


def _levels(write: _Writer, zone: tzinfo) -> None:
    ledger, as_of = write.file.ledger, write.as_of
    for level in ledger.levels:
        if level.every_days is not None:
            marked = sum(key.startswith(f"level{level.no}-") for key in write.file.states)
            days = levels.occasions(level, _far(write.until, as_of, level.every_days * (2 + marked)))
            for number, due_on, lost in owed(days, f"level{level.no}", write.file.states, as_of):
                step = levels.step_of(level, number)
                note = f"{lost} before it never done" if lost else ""
                task = Task(
                    step, None, f"Service level: {level.text}", "customer", "csm", "promise", "SAV-R",
                    note=note,
                )  # fmt: skip
                rank = MISSED_PROMISE if due_on < as_of else BY_DAY
                write.add(rank, due_on, task, write.owner(step, "csm"))
            continue
        for call in ledger.responses:
            if call.level_no == level.no and call.answered_at is None:
                _call(write, level.text, call, moments.stored(levels.answer_by(level, call)), zone)


def _far(until: date, as_of: date, days: int) -> date:
    """The end of what a rhythm is reckoned to: never without end, always past the next open occasion."""
    return min(until, as_of + timedelta(days=days))


def _call(write: _Writer, text: str, call: ServiceResponse, by: str, zone: tzinfo) -> None:
    step, due_on = f"answer{call.no}", moments.local_on(by, zone)
    note = f"answer by {moments.local_text(by, zone)} {write.policy.time_zone}"
    task = Task(
        step, None, f"Answer the customer: {text}", "customer", "csm", "promise", "SAV-R", clock=by, note=note
    )
    rank = MISSED_PROMISE if due_on <= write.as_of else BY_DAY
    write.add(rank, due_on, task, write.owner(step, "csm"))
