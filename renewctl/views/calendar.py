"""Calendars as files that calendar programs accept (iCalendar, RFC 5545), written and read again.

A file of ours is read only as far as we write it: to follow it, never to believe it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.calendar import CANCELLED, CONFIRMED, Entry, Event
from renewctl.errors import InputRefused
from renewctl.views.documents import tidy

PRODUCT = "-//renewctl//renewctl//EN"
EVERYBODY = "*"
LARGEST = 256 << 20  # bytes; more than the year of ten thousand accounts
_OCTETS = 75  # of a line, without its end
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_OWN = ("UID:", "SEQUENCE:", "DTSTAMP:", "LAST-MODIFIED:", "STATUS:")


class Calendar(NamedTuple):
    """A file of ours: whose, of which portfolio, and its events by name."""

    portfolio_id: str
    owner: str  # EVERYBODY, or a person
    events: Mapping[str, Event]


def body(entry: Entry, day_starts: int, base_currency: str) -> tuple[str, ...]:
    """The lines of an entry; nothing in them changes unless what is owed does.

    `day_starts` is the minute of the day at which an alarm rings.
    """
    who = tidy(entry.owner or "") or "nobody yet"
    account = tidy(entry.account)
    about = [f"{_CHANNEL.get(entry.channel, entry.channel)}; owner: {who}"]
    if entry.renewal_on is not None:
        arr = entry.arr_base_minor
        worth = "ARR unknown" if arr is None else f"ARR {money.plain(arr, base_currency)}"
        about.append(f"Renewal of {account} on {entry.renewal_on}, {worth}")
    if entry.note:
        about.append(tidy(entry.note))
    if entry.due_on != entry.day:
        about.append(f"Due on {entry.due_on}; this is the last working day before it")
    about.append(f"When it is done: renewctl done {tidy(entry.name)}")
    end = entry.day + timedelta(days=1)
    lines = [
        f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{end:%Y%m%d}",
        f"SUMMARY:{_text(f'{account}: {tidy(entry.title)}')}",
        "DESCRIPTION:" + "\\n".join(map(_text, about)),
        f"CATEGORIES:{_text(account)},{_text(entry.channel)}",
        "TRANSP:TRANSPARENT",
    ]
    for days in entry.alarm_days:
        lines += [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_text(f'{account}: {tidy(entry.title)}')}",
            f"TRIGGER:{_before(days * 24 * 60 - day_starts)}",
            "END:VALARM",
        ]
    return tuple(lines)


_CHANNEL = {"internal": "Internal", "customer": "Goes to the customer", "call": "A call to the customer"}


def _before(minutes: int) -> str:
    """A trigger so many minutes before midnight of the day (negative: after it)."""
    sign = "-" if minutes > 0 else ""
    days, rest = divmod(abs(minutes), 24 * 60)
    hours, rest = divmod(rest, 60)
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (rest, "M")) if count)
    whole = f"{days}D" if days else ""
    return f"{sign}P{whole}{'T' + clock if clock else ''}" if whole or clock else "PT0S"


def _text(text: str) -> str:
    """A value of type TEXT."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _plain(value: str) -> str:
    """A value of type TEXT as it was before it was written."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def written(calendar: Calendar, events: Iterable[Event]) -> bytes:
    """The file."""
    of = "" if calendar.owner == EVERYBODY else f" of {tidy(calendar.owner)}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text('Renewals' + of)}",
        f"X-RENEWCTL-PORTFOLIO:{calendar.portfolio_id}",
        f"X-RENEWCTL-OWNER:{_text(tidy(calendar.owner))}",
    ]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(event.uid)}",
            f"DTSTAMP:{event.stamp}",
            f"LAST-MODIFIED:{event.modified}",
            f"SEQUENCE:{event.sequence}",
            f"STATUS:{event.status}",
            *event.body,
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _folded(line: str) -> str:
    """A line in pieces of at most 75 octets, none of which breaks a letter."""
    if len(line.encode()) <= _OCTETS:
        return line
    pieces, piece, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece += letter
        size += octets
    return "\r\n".join([*pieces, piece])


def read(data: bytes, name: str) -> Calendar:
    """A file that an earlier export wrote. InputRefused (exit 10) for any other, which is left alone."""
    try:
        lines = list(_unfolded(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise _foreign(name) from error
    if lines[:1] != ["BEGIN:VCALENDAR"] or lines[-1:] != ["END:VCALENDAR"]:
        raise _foreign(name)
    head = [line for line in lines[: _first(lines)] if ":" in line]
    told = {key: value for key, _, value in (line.partition(":") for line in head)}
    if told.get("PRODID") != PRODUCT or "X-RENEWCTL-PORTFOLIO" not in told:
        raise _foreign(name)
    events: dict[str, Event] = {}
    for block in _blocks(lines[_first(lines) : -1], name):
        event = _event(block, name)
        if event.uid in events:
            raise _foreign(name)
        events[event.uid] = event
    owner = _plain(told.get("X-RENEWCTL-OWNER", EVERYBODY))
    return Calendar(told["X-RENEWCTL-PORTFOLIO"], owner, events)


def _unfolded(text: str) -> Iterator[str]:
    line: str | None = None
    for part in text.removesuffix("\n").split("\n"):
        piece = part.removesuffix("\r")
        if piece[:1] in (" ", "\t") and line is not None:
            line += piece[1:]
            continue
        if line is not None:
            yield line
        line = piece
    if line is not None:
        yield line


def _first(lines: list[str]) -> int:
    """Where the first event begins; the end of the calendar where there is none."""
    return lines.index("BEGIN:VEVENT") if "BEGIN:VEVENT" in lines else len(lines) - 1


def _blocks(lines: list[str], name: str) -> Iterator[list[str]]:
    block: list[str] | None = None
    for line in lines:
        if block is None:
            if line != "BEGIN:VEVENT":
                raise _foreign(name)
            block = []
        elif line == "END:VEVENT":
            yield block
            block = None
        else:
            block.append(line)
    if block is not None:
        raise _foreign(name)


def _event(block: list[str], name: str) -> Event:
    own = {key: value for key, _, value in (line.partition(":") for line in block if line.startswith(_OWN))}
    rest = tuple(line for line in block if not line.startswith(_OWN))
    try:
        event = Event(
            _plain(own["UID"]),
            int(own["SEQUENCE"]),
            own["DTSTAMP"],
            own["LAST-MODIFIED"],
            own["STATUS"],
            rest,
        )
    except (KeyError, ValueError) as error:
        raise _foreign(name) from error
    stamped = _STAMP.fullmatch(event.stamp) and _STAMP.fullmatch(event.modified)
    if not stamped or event.status not in (CONFIRMED, CANCELLED) or not event.uid or last_day(event) is None:
        raise _foreign(name)
    return event


def last_day(event: Event) -> date | None:
    """The day an event stands on; None where it names none."""
    for line in event.body:
        if line.startswith("DTSTART;VALUE=DATE:"):
            try:
                return datetime.strptime(line.partition(":")[2], "%Y%m%d").date()
            except ValueError:
                return None
    return None


def _foreign(name: str) -> InputRefused:
    return InputRefused(
        "not-our-calendar",
        f"{tidy(name)} is no calendar that renewctl wrote, or was changed since; it was left alone",
        "name another file with -o",
    )
