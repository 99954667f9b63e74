"""Instants: how they are stored, the day they fall on in a time zone, and how people read them."""

from datetime import UTC, date, datetime, timedelta, tzinfo


def instant(text: str) -> datetime:
    """A stored instant as an aware time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stored(at: datetime) -> str:
    """An aware time as it is stored: ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(at: str, hours: int) -> str:
    """An instant so many calendar hours later, whatever clocks do meanwhile."""
    return stored(instant(at) + timedelta(hours=hours))


def local_on(at: str, zone: tzinfo) -> date:
    """The calendar day of an instant in a time zone."""
    return instant(at).astimezone(zone).date()


def span(hours: float) -> str:
    """So many hours as people say them: days from the fourth on."""
    return f"{abs(hours):g} h" if abs(hours) <= _IN_HOURS else f"{abs(hours) / 24:,.0f} days"


_IN_HOURS = 72


def local_text(at: str, zone: tzinfo) -> str:
    """An instant as people in a time zone read it: `2026-03-12 09:00`."""
    return instant(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")
