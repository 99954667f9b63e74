"""Calendar entries of the agenda, and how one export follows another (ANCHOR, RFC 5545)."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.calendar import (
    CANCELLED,
    CONFIRMED,
    Event,
    Merged,
    calendar_rules,
    entries,
    merged,
)
from renewctl.core.due import BY_DAY, Item, Task, Who
from renewctl.core.timeline import deadline
from tests.book import POLICY, TODAY
from tests.core.test_due import due_contract

KEEP = 30


def item(
    step: str, due_on: date, *, kind: str = "timeline", work_on: date | None = None, **given_: Any
) -> Item:
    task = Task(step, None, f"Do {step}", "internal", "owner", kind, "TML-E")
    return Item(
        BY_DAY,
        due_on,
        work_on or due_on,
        "upcoming",
        task,
        due_contract(**given_),
        1,
        Who("ana", "csm", False),
    )


def stamp(day: date) -> str:
    return f"{day:%Y%m%d}T090000Z"


def exported(
    now: dict[str, tuple[str, ...]], former: Merged | None = None, day: date = TODAY, keep: int = KEEP
) -> Merged:
    before = {} if former is None else {event.uid: event for event in former.events}
    return merged(now, before, stamp(day), day, keep)


def found(result: Merged) -> dict[str, tuple[int, str]]:
    return {event.uid: (event.sequence, event.status) for event in result.events}


def test_an_entry_stands_on_the_working_day_and_says_when_it_is_due() -> None:
    """DEFAULTS: work_on is the last working day on or before the day itself."""
    friday, sunday = date(2026, 5, 1), date(2026, 5, 3)
    [entry] = entries([item("notice", sunday, work_on=friday)], [], (7, 1))
    assert (entry.day, entry.due_on, entry.alarm_days) == (friday, sunday, ())
    assert entry.name.endswith("-notice")


def test_an_opt_out_deadline_rings_on_its_own_day_whether_or_not_the_agenda_shows_it_yet() -> None:
    """ANCHOR: one entry, of one name, before and after the deadline comes near."""
    of = due_contract(auto_renew=1, notice_days=30)
    on = of.renewal_on - timedelta(days=30)
    before = entries([item("opt-out-30", on - timedelta(days=30), kind="notice")], [(of, on)], (7, 1))
    near = entries([item("opt-out", on, kind="notice", work_on=on - timedelta(days=2))], [(of, on)], (7, 1))
    assert [(each.name, each.alarm_days) for each in before] == [
        (f"{of.no}-opt-out-30", ()),
        (f"{of.no}-opt-out", (7, 1)),
    ]
    assert [(each.name, each.day, each.alarm_days) for each in near] == [(f"{of.no}-opt-out", on, (7, 1))]


def test_unknown_notice_days_make_no_deadline() -> None:
    """ANCHOR."""
    assert deadline(date(2026, 9, 1), 1, 30) == date(2026, 8, 2)
    assert deadline(date(2026, 9, 1), 1, None) is None
    assert deadline(date(2026, 9, 1), 0, 30) is None


def test_an_unknown_renewal_date_stays_unknown() -> None:
    """SAV: a save of an account without a date still has its entries."""
    [entry] = entries([item("call", TODAY, renewal_on=date.max)], [], ())
    assert entry.renewal_on is None


def test_an_export_made_again_changes_nothing() -> None:
    """DSH: re-exported without duplicates."""
    one = exported({"a": ("x",), "b": ("y",)})
    again = exported({"a": ("x",), "b": ("y",)}, one, TODAY + timedelta(days=3))
    assert again.events == one.events
    assert set(again.fate.values()) == {"unchanged"}


def test_what_says_something_else_gets_the_next_revision_and_what_went_is_cancelled_without_alarms() -> None:
    """DSH: updates and cancellations."""
    loud = ("DTSTART;VALUE=DATE:20260305", "BEGIN:VALARM", "TRIGGER:-P1D", "END:VALARM", "TRANSP:TRANSPARENT")
    one = exported({"a": ("x",), "b": loud})
    two = exported({"a": ("x2",)}, one, TODAY + timedelta(days=1))
    assert found(two) == {"a": (1, CONFIRMED), "b": (1, CANCELLED)}
    gone = next(event for event in two.events if event.uid == "b")
    assert gone.body == (loud[0], loud[-1])
    assert gone.modified == stamp(TODAY + timedelta(days=1))
    back = exported({"a": ("x2",), "b": loud}, two, TODAY + timedelta(days=2))
    assert found(back) == {"a": (1, CONFIRMED), "b": (2, CONFIRMED)}


def test_a_cancelled_entry_is_dropped_after_its_days_but_a_file_never_holds_nothing() -> None:
    """DSH."""
    two = exported({"a": ("x",)}, exported({"a": ("x",), "b": ("y",)}))
    last = exported({"a": ("x",)}, two, TODAY + timedelta(days=KEEP))
    assert last.fate == {"a": "unchanged", "b": "kept"}
    late = exported({"a": ("x",)}, two, TODAY + timedelta(days=KEEP + 1))
    assert late.fate == {"a": "unchanged", "b": "dropped"}
    empty = exported({}, exported({}, exported({"a": ("x",)})), TODAY + timedelta(days=500))
    assert empty.fate == {"a": "kept"}
    assert exported({}).events == ()


def test_entries_are_ordered_by_day() -> None:
    late, early = ("DTSTART;VALUE=DATE:20270101",), ("DTSTART;VALUE=DATE:20260101",)
    assert [each.uid for each in exported({"a": late, "b": early, "c": late}).events] == ["b", "a", "c"]


BOOKS = st.lists(
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from([("x",), ("y",), ("z",)]), max_size=5),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=150)
@given(BOOKS, st.integers(0, 40))
def test_whatever_happens_between_exports_a_calendar_that_follows_them_is_right(
    books: list[dict[str, tuple[str, ...]]], keep: int
) -> None:
    """DSH: held against a calendar program that takes an event when its revision is not older than its own.

    After each export it shows exactly what is owed; names are never used twice in a file; a revision never
    falls; and an export that nothing happened before leaves every event as it was.
    """
    client: dict[str, Event] = {}
    former: Merged | None = None
    for at, now in enumerate(books):
        day = TODAY + timedelta(days=11 * at)
        result = exported(now, former, day, keep)
        assert len({event.uid for event in result.events}) == len(result.events)
        for event in result.events:
            held = client.get(event.uid)
            # A name dropped from the file after its cancellation starts anew; a program has forgotten it too.
            if held is not None and held.status == CONFIRMED:
                assert event.sequence > held.sequence or event == held
            client[event.uid] = event
        shown = {uid: event.body for uid, event in client.items() if event.status == CONFIRMED}
        assert shown == now
        assert exported(now, result, day, keep).events == result.events
        former = result


def test_the_shipped_days_are_in_the_policy() -> None:
    """ANCHOR."""
    assert calendar_rules(POLICY) == ((7, 1), 30)
