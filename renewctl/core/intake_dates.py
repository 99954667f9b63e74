"""Dates as people and systems write them, read under a settled order and never guessed."""

import re
from datetime import date
from typing import Final

from renewctl.core import text

LONGEST: Final = 60
YEARS: Final = (1900, 2199)  # outside: no date of a renewal
AMBIGUOUS: Final = "?"

_TIME = (
    r"(?:(?:T|\s+|,\s*)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
    r"\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.I)
_COMPACT: Final = re.compile(rf"((?:19|20|21)\d\d)(\d\d)(\d\d){_TIME}", re.I)
_NUMERIC: Final = re.compile(rf"(\d{{1,2}})\s?([-/.])\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{2}}){_TIME}", re.I)
_WEEKDAY = r"(?:[^\W\d_]{3,13}\.?(?:-feira)?,\s*)?"
_SEP = r"(?:\s*[-/.,]\s*|\s+de\s+|\s+|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d))"
_DAY_FIRST: Final = re.compile(
    rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|º|o)?{_SEP}([^\W\d_]{{3,10}})\.?{_SEP}(\d{{4}}|\d{{2}}){_TIME}",
    re.I,
)
_MONTH_FIRST: Final = re.compile(
    rf"{_WEEKDAY}([^\W\d_]{{3,10}})\.?{_SEP}(\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|\s+|-)(\d{{4}}){_TIME}",
    re.I,
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january janeiro",
            "feb february fev fevereiro",
            "mar march marco",
            "apr april abr abril",
            "may mai maio",
            "jun june junho",
            "jul july julho",
            "aug august ago agosto",
            "sep sept september set setembro",
            "oct october out outubro",
            "nov november novembro",
            "dec december dez dezembro",
        ),
        1,
    )
    for name in names.split()
}


def day_order(cell: str) -> str | None:
    """Which order a cell shows by itself: `dmy`, `mdy`, `ymd`; `?` several fit; '' none is needed.

    None: no date under any. Year-first dates and named months need no order; `05/05/2026` reads the same in
    both.
    """
    if len(cell) > LONGEST:
        return None
    found = _NUMERIC.fullmatch(cell)
    if not found:
        return ""
    first, second = int(found[1]), int(found[3])
    if len(found[4]) == 2 and first > 31:
        return "ymd"
    if first == second:
        return ""
    if first > 12 or second > 12:
        return None if first > 12 and second > 12 else "dmy" if first > 12 else "mdy"
    return AMBIGUOUS


def read_date(cell: str, order: str) -> tuple[str | None, str]:
    """The ISO date of a cleaned, non-blank cell, or why there is none.

    `order` is dmy, mdy or ymd; under any other only what is certain by itself is read. The second value is
    '' or a code: `date-unreadable`, `date-impossible`. A time of day and its zone are
    left off: the date counts as written. A two-digit year is of this century and stands last unless the order
    is `ymd`. A month without a day is no date.
    """
    if len(cell) > LONGEST:
        return None, "date-unreadable"
    found = _YEAR_FIRST.fullmatch(cell)
    if found:
        return _date(found[1], found[3], found[4])
    found = _NUMERIC.fullmatch(cell)
    if found:
        first, second, third = found[1], found[3], found[4]
        if order not in ("dmy", "mdy", "ymd"):
            order = day_order(cell) or "dmy"
            if order == AMBIGUOUS:
                return None, "date-unreadable"
        if order == "ymd":
            return _date(first, second, third) if len(third) == 2 else (None, "date-unreadable")
        return _date(third, second, first) if order == "dmy" else _date(third, first, second)
    found = _COMPACT.fullmatch(cell)
    if found:
        return _date(found[1], found[2], found[3])
    for pattern, day, month in ((_DAY_FIRST, 1, 2), (_MONTH_FIRST, 2, 1)):
        found = pattern.fullmatch(cell)
        if found:
            number = _MONTHS.get(text.fold(found[month]))
            return _date(found[3], str(number), found[day]) if number else (None, "date-unreadable")
    return None, "date-unreadable"


def _date(year: str, month: str, day: str) -> tuple[str | None, str]:
    """ISO text, or `date-impossible`."""
    number = int(year) + (2000 if len(year) <= 2 else 0)
    if not YEARS[0] <= number <= YEARS[1]:
        return None, "date-impossible"
    try:
        return date(number, int(month), int(day)).isoformat(), ""
    except ValueError:
        return None, "date-impossible"
