"""Calendar entries of what is owed, and how a new export follows a former one (RFC 5545).

An entry keeps its name for life. Its revision number grows when it says something else, and what went away
is cancelled rather than forgotten, so that a calendar which holds the former export follows the new one.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.agenda import opt_out
from renewctl.core.due import DueContract, Item, item_id
from renewctl.core.policy import Policy
from renewctl.core.timeline import OPT_OUT

CONFIRMED, CANCELLED = "CONFIRMED", "CANCELLED"


class CalendarRules(NamedTuple):
    """The policy's `[calendar]`."""

    alarm_days: tuple[int, ...]
    cancelled_days: int


class Entry(NamedTuple):
    """One day's entry: what is done for whom."""

    name: str  # of the item; stable
    day: date
    title: str
    channel: str
    owner: str | None
    account: str
    renewal_on: date | None
    arr_base_minor: int | None
    note: str
    alarm_days: tuple[int, ...]  # days before on which it rings
    due_on: date


class Event(NamedTuple):
    """An entry as a file has it. `body` are its lines but for those of the fields beside it."""

    uid: str
    sequence: int
    stamp: str  # of its making: YYYYMMDDTHHMMSSZ
    modified: str
    status: str
    body: tuple[str, ...]


class Merged(NamedTuple):
    """The events of a new export, and what happened to each (uid -> new, changed, unchanged, cancelled …)."""

    events: tuple[Event, ...]
    fate: Mapping[str, str]


def calendar_rules(policy: Policy) -> CalendarRules:
    """The policy's `[calendar]`."""
    table = policy.raw["calendar"]
    return CalendarRules(tuple(table["alarm_days"]), table["cancelled_days"])


def entries(
    items: Iterable[Item], deadlines: Iterable[tuple[DueContract, date]], alarm_days: tuple[int, ...]
) -> list[Entry]:
    """An entry for each item on the day it is worked on, and one that rings for each opt-out deadline.

    `deadlines` are the open ones with their contracts (ANCHOR). Where the deadline is an item of the agenda
    already, that one rings; before it has come so near, the same entry stands for it.
    """
    owed = {item_id(of.subject, of.cycle, OPT_OUT): (of, on) for of, on in deadlines}
    found: list[Entry] = []
    for item in items:
        of = item.renewal
        rings = owed.pop(item.item, None) is not None
        renewal_on = None if of.renewal_on == date.max else of.renewal_on
        found.append(
            Entry(
                item.item, item.due_on if rings else item.work_on, item.task.title, item.task.channel,
                item.who.person, of.account_name, renewal_on, of.arr_base_minor, item.task.note,
                alarm_days if rings else (), item.due_on,
            )
        )  # fmt: skip
    for name, (contract, on) in owed.items():
        found.append(
            Entry(
                name, on, opt_out(contract).title, "internal", contract.owner, contract.account_name,
                contract.renewal_on, contract.arr_base_minor, "", alarm_days, on,
            )
        )  # fmt: skip
    return found


def merged(
    now: Mapping[str, tuple[str, ...]], former: Mapping[str, Event], stamp: str, today: date, keep_days: int
) -> Merged:
    """The events to write: `now` (uid -> body) after `former`, the events of the file that is replaced.

    Unchanged ones stay to the letter. Those that went away become cancelled and stay so for `keep_days`; a
    file is never left without any event, which the format does not allow.
    """
    fate: dict[str, str] = {}
    events: list[Event] = []
    for uid, body in now.items():
        old = former.get(uid)
        if old is None:
            fate[uid], event = "new", Event(uid, 0, stamp, stamp, CONFIRMED, body)
        elif old.status == CONFIRMED and old.body == body:
            fate[uid], event = "unchanged", old
        else:
            fate[uid], event = "changed", Event(uid, old.sequence + 1, stamp, stamp, CONFIRMED, body)
        events.append(event)
    oldest = f"{today - timedelta(days=keep_days):%Y%m%d}"
    gone = [old for uid, old in former.items() if uid not in now]
    for old in gone:
        if old.status != CANCELLED:
            fate[old.uid] = "cancelled"
            events.append(Event(old.uid, old.sequence + 1, stamp, stamp, CANCELLED, _silent(old.body)))
        elif old.modified[:8] >= oldest or not (now or any(each.status != CANCELLED for each in gone)):
            fate[old.uid] = "kept"
            events.append(old)
        else:
            fate[old.uid] = "dropped"
    return Merged(tuple(sorted(events, key=_by_day)), fate)


def _silent(body: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of an entry without its alarms."""
    kept, inside = [], False
    for line in body:
        inside = inside or line == "BEGIN:VALARM"
        if not inside:
            kept.append(line)
        inside = inside and line != "END:VALARM"
    return tuple(kept)


def _by_day(event: Event) -> tuple[str, str]:
    return next((line for line in event.body if line.startswith("DTSTART")), ""), event.uid
