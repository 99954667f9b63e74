"""Calendar arithmetic: months that keep their day, working days, and dates as people write them."""

from datetime import date, timedelta
from typing import NamedTuple


class WorkCalendar(NamedTuple):
    """Which days are worked: Monday to Friday, less `holidays` (ISO dates)."""

    country: str
    holidays: frozenset[date]


def parse_iso(text: str) -> date | None:
    """An ISO date (`2026-03-31`), or None when the text is not one."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def add_months(day: date, months: int, keep_day: int | None = None) -> date:
    """`day` plus calendar months, on `keep_day` (default: its own) or the month's last day.

    29 February renews on 28 February in a common year and returns to the 29th in a leap year when
    `keep_day` is 29; the 31st falls on the last day of shorter months.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return month_day(year, month0 + 1, keep_day or day.day)


def month_day(year: int, month: int, day: int) -> date:
    """That day of a month, or the month's last one where it is shorter."""
    try:
        return date(year, month, day)
    except ValueError:  # found out this way, a day that is there costs nothing more
        from calendar import monthrange  # half a millisecond that an agenda has no use for

        return date(year, month, min(day, monthrange(year, month)[1]))


def last_working_day(day: date, calendar: WorkCalendar) -> date:
    """`day` itself when it is worked, else the last working day before it."""
    while day.weekday() > 4 or day in calendar.holidays:
        day -= timedelta(days=1)
    return day
