"""Whether a team can carry its plan: planned hours of each week against the hours people have.

All times are whole minutes. A week begins on Monday; what is overdue loads the first week, of which
only the days that are left count as available. What to move is in `core.relief`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.dates import WorkCalendar
from renewctl.core.model import Because
from renewctl.core.policy import Policy
from renewctl.core.team import Work, minutes_of
from renewctl.core.text import fold

_DAY = timedelta(days=1)


class Limits(NamedTuple):
    """TRK: over any of them a person is said to be over-loaded."""

    accounts: int
    renewals_per_quarter: int
    hours_pct: int


class Hours:
    """The minutes people have, by the policy's hours a week, absences and public holidays."""

    def __init__(self, policy: Policy, calendar: WorkCalendar) -> None:
        table = policy.raw["capacity"]
        self._calendar = calendar
        self._usual = minutes_of(table["hours_per_week"])
        # Names are compared as `--owner` does, whatever their case and accents.
        self._people = {fold(name): row for name, row in table.get("people", {}).items()}
        self._limits = Limits(**table["limits"])
        self._known: dict[tuple[str, date, date], int] = {}

    def available(self, person: str, first_on: date, last_on: date) -> int:
        """The minutes of a person from one day to another, both in: a fifth of a week a working day."""
        key = (fold(person), first_on, last_on)
        found = self._known.get(key)
        if found is None:
            row = self._people.get(key[0], {})
            weekly = minutes_of(row["hours_per_week"]) if "hours_per_week" in row else self._usual
            away = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in row.get("absences", ())]
            days = sum(
                1
                for at in range((last_on - first_on).days + 1)
                if self._worked(day := first_on + at * _DAY) and not any(a <= day <= b for a, b in away)
            )
            found = self._known[key] = weekly * days // 5
        return found

    def _worked(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self._calendar.holidays

    def limits(self, person: str) -> Limits:
        """The limits of a person: their own where the policy names some."""
        row = self._people.get(fold(person), {})
        own = {name: row[name] for name in ("accounts", "renewals_per_quarter") if name in row}
        return self._limits._replace(**own)


class Week(NamedTuple):
    """One week of one person."""

    starts_on: date
    planned: int
    available: int
    items: int

    @property
    def over(self) -> int:
        """Minutes planned beyond those available."""
        return max(0, self.planned - self.available)


class PersonLoad(NamedTuple):
    """The weeks of one person; `person` None stands for work that nobody owns."""

    person: str | None
    weeks: tuple[Week, ...]

    @property
    def planned(self) -> int:
        """Minutes planned over all weeks."""
        return sum(week.planned for week in self.weeks)

    @property
    def available(self) -> int:
        """Minutes available over all weeks."""
        return sum(week.available for week in self.weeks)

    @property
    def over_weeks(self) -> int:
        """How many weeks are overloaded."""
        return sum(1 for week in self.weeks if week.over)


class Board(NamedTuple):
    """The load of a team, the most overloaded person first, unowned work last."""

    weeks: tuple[date, ...]  # Mondays
    people: tuple[PersonLoad, ...]
    works: tuple[tuple[int, Work], ...]  # (index of the week, work), all that is loaded


def weeks_from(as_of: date, count: int) -> tuple[date, ...]:
    """The Mondays of `count` weeks, that of `as_of` first."""
    first = as_of - timedelta(days=as_of.weekday())
    return tuple(first + timedelta(weeks=at) for at in range(count))


def week_of(work_on: date, as_of: date, weeks: Sequence[date]) -> int | None:
    """Which week an item's work falls into; overdue work is this week's. None: after the last."""
    at = (max(work_on, as_of) - weeks[0]).days // 7
    return at if at < len(weeks) else None


def board(works: Iterable[Work], people: Iterable[str], hours: Hours, as_of: date, count: int) -> Board:
    """Week by week, what is planned for each person against what they have.

    `people` are listed even where nothing is planned for them; steps that run by themselves load
    nobody beyond their estimate.
    """
    weeks = weeks_from(as_of, count)
    planned: dict[str | None, list[int]] = defaultdict(lambda: [0] * count)
    items: dict[str | None, list[int]] = defaultdict(lambda: [0] * count)
    loaded = []
    for work in works:
        at = week_of(work.item.work_on, as_of, weeks)
        if at is not None:
            person = work.item.who.person
            planned[person][at] += work.minutes
            items[person][at] += 1
            loaded.append((at, work))
    names = {name for name in (*planned, *people) if name is not None}
    found = [
        PersonLoad(
            name,
            tuple(
                Week(monday, planned[name][at], available, items[name][at])
                for at, monday in enumerate(weeks)
                for available in (hours.available(name, max(monday, as_of), monday + 6 * _DAY),)
            ),
        )
        for name in names
    ]
    found.sort(key=lambda each: (-sum(week.over for week in each.weeks), -each.planned, each.person or ""))
    if None in planned:
        nobody = tuple(Week(monday, planned[None][at], 0, items[None][at]) for at, monday in enumerate(weeks))
        found.append(PersonLoad(None, nobody))
    return Board(weeks, tuple(found), tuple(loaded))


def too_much(
    limits: Limits, accounts: int, renewals_quarter: int, planned: int, available: int
) -> tuple[Because, ...]:
    """Why a person is over-loaded, one reason a limit passed; empty where none is."""
    found = []
    if accounts > limits.accounts:
        found.append(Because("TRK", f"{accounts} accounts", f"at most {limits.accounts}"))
    if renewals_quarter > limits.renewals_per_quarter:
        seen = f"{renewals_quarter} renewals in the coming quarter"
        found.append(Because("TRK", seen, f"at most {limits.renewals_per_quarter}"))
    if planned * 100 > available * limits.hours_pct:
        seen = f"{shown_hours(planned)} h planned in the coming 30 days"
        found.append(Because("TRK", seen, f"at most {limits.hours_pct} % of {shown_hours(available)} h"))
    return tuple(found)


def shown_hours(minutes: int) -> str:
    """Minutes as hours with at most one decimal, half to even: `7.5`, `12`."""
    tenths = round(minutes * 10 / 60)
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
