"""Calendar files: two independent parsers read in them what was put in, whatever names hold."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.calendar import Entry, merged
from renewctl.errors import InputRefused
from renewctl.views import calendar as view
from renewctl.views.documents import tidy
from tests import hostile
from tests.book import TODAY
from tests.views.test_documents import EVIL

OURS = view.Calendar("0123456789abcdef", "ana", {})
STAMP = "20260302T090000Z"
ENTRY = Entry(
    "1-notice", date(2026, 5, 1), "Send the notice, please; now\\or never", "customer", "Ana Prado",
    "Acme, Inc; \\ Söhne", date(2026, 7, 1), 12_345_600, "late", (7, 1, 0), date(2026, 5, 3),
)  # fmt: skip
NINE = 9 * 60


def file(*found: Entry, ours: view.Calendar = OURS, former: Any = None, day: date = TODAY) -> bytes:
    now = {f"{each.name}@{ours.portfolio_id}": view.body(each, NINE, "USD") for each in found}
    before = former.events if former else {}
    return view.written(ours, merged(now, before, f"{day:%Y%m%d}T090000Z", day, 30).events)


def by_icalendar(data: bytes) -> list[dict[str, Any]]:
    book = icalendar.Calendar.from_ical(data)
    assert book.errors == []
    assert all(each.errors == [] for each in book.walk())
    return [
        {
            "uid": str(each["UID"]),
            "sequence": int(each["SEQUENCE"]),
            "status": str(each["STATUS"]),
            "stamp": each["DTSTAMP"].dt,
            "start": each["DTSTART"].dt,
            "end": each["DTEND"].dt,
            "summary": str(each["SUMMARY"]),
            "description": str(each["DESCRIPTION"]),
            "categories": [str(one) for one in each["CATEGORIES"].cats],
            "alarms": [alarm["TRIGGER"].dt for alarm in each.walk("VALARM")],
        }
        for each in book.walk("VEVENT")
    ]


def by_vobject(data: bytes) -> list[dict[str, Any]]:
    book = vobject.readOne(data.decode())
    book.validate(raiseException=True)
    return [
        {
            "uid": each.uid.value,
            "sequence": int(each.sequence.value),
            "status": each.status.value,
            "stamp": each.dtstamp.value.replace(tzinfo=UTC),
            "start": each.dtstart.value,
            "end": each.dtend.value,
            "summary": each.summary.value,
            "description": each.description.value,
            "categories": each.categories.value,
            "alarms": [alarm.trigger.value for alarm in each.contents.get("valarm", [])],
        }
        for each in getattr(book, "vevent_list", [])
    ]


def test_two_parsers_read_the_same_entry_and_it_is_the_one_that_was_written() -> None:
    """DSH: an .ics that calendars accept."""
    data = file(ENTRY)
    [event] = by_icalendar(data)
    assert [event] == by_vobject(data)
    assert event["uid"] == "1-notice@0123456789abcdef"
    assert (event["start"], event["end"]) == (date(2026, 5, 1), date(2026, 5, 2))
    assert event["summary"] == "Acme, Inc; \\ Söhne: Send the notice, please; now\\or never"
    assert event["description"].split("\n") == [
        "Goes to the customer; owner: Ana Prado",
        "Renewal of Acme, Inc; \\ Söhne on 2026-07-01, ARR USD 123,456",
        "late",
        "Due on 2026-05-03; this is the last working day before it",
        "When it is done: renewctl done 1-notice",
    ]
    assert event["categories"] == ["Acme, Inc; \\ Söhne", "customer"]
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")
    assert event["stamp"] == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_an_alarm_rings_when_the_day_starts_so_many_days_before() -> None:
    """ANCHOR: -7 days at 09:00, -1 day at 09:00 and 09:00 of the day itself, from its midnight."""
    midnight = datetime.combine(ENTRY.day, time())
    for read in (by_icalendar, by_vobject):
        [event] = read(file(ENTRY))
        rings = [midnight + trigger for trigger in event["alarms"]]
        assert rings == [datetime(2026, 4, 24, 9), datetime(2026, 4, 30, 9), datetime(2026, 5, 1, 9)]


@given(st.integers(-3000, 50_000))
def test_any_trigger_is_read_as_it_was_meant(minutes: int) -> None:
    """RFC 5545, 3.3.6."""
    read = icalendar.vDDDTypes.from_ical(view._before(minutes))
    assert read == timedelta(minutes=-minutes)


def test_a_bare_entry_says_that_nobody_owns_it_and_its_arr_is_unknown() -> None:
    """OWN-3."""
    bare = ENTRY._replace(owner=None, arr_base_minor=None, note="", alarm_days=(), due_on=ENTRY.day)
    [event] = by_icalendar(file(bare))
    assert event["description"].split("\n")[:2] == [
        "Goes to the customer; owner: nobody yet",
        "Renewal of Acme, Inc; \\ Söhne on 2026-07-01, ARR unknown",
    ]
    assert "Renewal of" not in by_icalendar(file(bare._replace(renewal_on=None)))[0]["description"]


TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [*hostile.NAMES.values(), EVIL, "\\n", "a\\", "END:VEVENT", "x\r\nBEGIN:VEVENT", "é" * 90]
    ),
    st.text(alphabet="é\U0001f600,;\\: n", min_size=30, max_size=120),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3))
def test_whatever_names_hold_both_parsers_read_them_and_so_do_we(
    texts: list[tuple[str, str, str, str]],
) -> None:
    """DSH: no name ends a line, an entry or a calendar."""
    found = [
        ENTRY._replace(name=f"{no}-notice", account=account, title=title, owner=owner, note=note)
        for no, (account, title, owner, note) in enumerate(texts)
    ]
    data = file(*found)
    ical, other = by_icalendar(data), by_vobject(data)
    assert [each["uid"] for each in ical] == [f"{no}-notice@0123456789abcdef" for no in range(len(found))]
    for entry, one, two in zip(found, ical, other, strict=True):
        for event in (one, two):
            assert event["summary"] == f"{tidy(entry.account)}: {tidy(entry.title)}"
            assert f"owner: {tidy(entry.owner or '') or 'nobody yet'}" in event["description"]
        assert [one[key] for key in ("status", "start", "end")] == [
            two[key] for key in ("status", "start", "end")
        ]
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")
        assert not any(code < 0x20 or code == 0x7F for code in line)
    again = view.read(data, "x.ics")
    assert view.written(again, again.events.values()) == data


@given(TEXTS)
def test_the_owner_of_a_file_is_read_back(owner: str) -> None:
    """DSH: a file is followed for the person it was made for."""
    ours = OURS._replace(owner=owner)
    assert view.read(file(ENTRY, ours=ours), "x").owner == tidy(owner)


def test_cancelled_entries_are_read_by_both_and_their_alarms_are_silent() -> None:
    """DSH."""
    former = view.read(file(ENTRY, ENTRY._replace(name="2-notice")), "x")
    data = file(ENTRY._replace(name="2-notice"), former=former, day=TODAY + timedelta(days=1))
    for read in (by_icalendar, by_vobject):
        told = {each["uid"].partition("@")[0]: each for each in read(data)}
        assert (told["1-notice"]["status"], told["1-notice"]["sequence"]) == ("CANCELLED", 1)
        assert told["1-notice"]["alarms"] == []
        assert (told["2-notice"]["status"], told["2-notice"]["sequence"]) == ("CONFIRMED", 0)


def test_a_file_whose_lines_end_as_on_another_system_is_still_ours() -> None:
    """DSH: editors and version control change line ends."""
    data = file(ENTRY)
    assert view.read(data.replace(b"\r\n", b"\n"), "x") == view.read(data, "x")


GOOD = file(ENTRY)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        GOOD.replace(b"renewctl//EN", b"other//EN"),
        GOOD.replace(b"X-RENEWCTL-PORTFOLIO", b"X-OTHER"),
        GOOD[: len(GOOD) // 2],
        GOOD.replace(b"END:VEVENT\r\n", b""),
        GOOD.replace(b"END:VEVENT\r\n", b"END:VEVENT\r\nBEGIN:VTODO\r\nEND:VTODO\r\n"),
        GOOD.replace(b"SEQUENCE:0", b"SEQUENCE:many"),
        GOOD.replace(b"SEQUENCE:0\r\n", b""),
        GOOD.replace(b"UID:1-notice", b"X:1-notice"),
        GOOD.replace(b"STATUS:CONFIRMED", b"STATUS:MAYBE"),
        GOOD.replace(STAMP.encode(), b"yesterday"),
        GOOD.replace(b"DTSTART;VALUE=DATE:20260501", b"DTSTART;VALUE=DATE:2026-05-01"),
        GOOD.replace(b"DTSTART;VALUE=DATE:20260501\r\n", b""),
        GOOD.replace(b"END:VCALENDAR", GOOD[GOOD.index(b"BEGIN:VEVENT") :].rstrip()),
        GOOD + b"BEGIN:VCALENDAR\r\n",
    ],
)
def test_a_file_that_is_not_ours_is_refused(data: bytes) -> None:
    """DSH: what another program wrote, or somebody changed, is left alone."""
    with pytest.raises(InputRefused, match=r"x\.ics") as told:
        view.read(data, "x.ics")
    assert told.value.exit_code == 10


@settings(max_examples=150)
@given(
    st.integers(0, len(GOOD) - 1), st.sampled_from([b"\n", b":", b"\x00", b"END:VEVENT\r\n", b"\xff", b" "])
)
def test_a_damaged_file_is_read_as_a_calendar_or_refused_and_never_more(at: int, put: bytes) -> None:
    """DSH."""
    for data in (GOOD[:at], GOOD[:at] + put + GOOD[at:], GOOD[:at] + GOOD[at + 1 :]):
        try:
            found = view.read(data, "x")
        except InputRefused:
            continue
        assert all(event.uid for event in found.events.values())
