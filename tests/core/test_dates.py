"""Months keep their day, and work is put on days that are worked."""

import calendar
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.dates import WorkCalendar, add_months, last_working_day, parse_iso

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(days)
def test_an_iso_date_reads_back(day):
    assert parse_iso(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    ["", "2026-3-31", "2026-03-3", "20260331", "2026-02-29", "2026-13-01", "2026-00-10", "2026/03/31",
     "2026-03/31", "2026/03-31", "2026-W01-1", "2026-W0101", "2026-0301x", "2026_03-01", "2026-03-012",
     "+026-03-01", "２０２６-03-01", "2026-03-3 "],
)  # fmt: skip
def test_anything_else_is_no_date(text):
    assert parse_iso(text) is None


@given(days, st.integers(-120, 120))
def test_adding_months_is_what_the_calendar_library_says(day, months):
    assert add_months(day, months) == day + relativedelta(months=months)


@given(days, st.integers(-120, 120), st.integers(1, 31))
def test_the_day_that_is_kept_is_the_months_last_where_it_has_no_such_day(day, months, keep):
    found = add_months(day, months, keep)
    last = calendar.monthrange(found.year, found.month)[1]
    assert found.day == (keep if keep <= last else last)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months


def test_29_february_comes_back_in_a_leap_year_and_the_31st_after_a_short_month():
    assert add_months(date(2024, 2, 29), 12, 29) == date(2025, 2, 28)
    assert add_months(date(2027, 2, 28), 12, 29) == date(2028, 2, 29)
    assert add_months(date(2027, 2, 28), 12) == date(2028, 2, 28)
    assert add_months(date(2026, 4, 30), 1, 31) == date(2026, 5, 31)
    assert add_months(date(2026, 12, 31), 1) == date(2027, 1, 31)
    assert add_months(date(2026, 1, 15), -1) == date(2025, 12, 15)


@given(days, st.frozensets(st.integers(0, 20), max_size=12))
def test_the_last_working_day_is_worked_and_none_lies_between(day, offs):
    holidays = frozenset(day - timedelta(days=off) for off in offs)
    found = last_working_day(day, WorkCalendar("BR", holidays))
    assert found <= day
    assert found.weekday() in range(5)
    assert found not in holidays
    between = [found + timedelta(days=at) for at in range(1, (day - found).days + 1)]
    assert all(each.weekday() in (5, 6) or each in holidays for each in between)


def test_a_friday_is_worked_and_a_weekend_falls_back_to_it():
    friday = date(2026, 3, 6)
    for day in (friday, date(2026, 3, 7), date(2026, 3, 8)):
        assert last_working_day(day, WorkCalendar("", frozenset())) == friday
    assert last_working_day(date(2026, 3, 9), WorkCalendar("", frozenset())) == date(2026, 3, 9)
