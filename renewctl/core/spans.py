"""Spans of days, both ends in: joined, less others, in common, counted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

Span = tuple[date, date]
_DAY = timedelta(days=1)


def merged(spans: Iterable[Span], days: int) -> list[Span]:
    """Spans in order of their first day, those that lie no more than so many days apart as one."""
    found: list[Span] = []
    for begin, end in spans:
        if found and (begin - found[-1][1]).days <= days:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def without(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    """Spans less the days of others."""
    found = list(spans)
    for begin, end in holes:
        left: list[Span] = []
        for first, last in found:
            if end < first or begin > last:
                left.append((first, last))
                continue
            if first < begin:
                left.append((first, begin - _DAY))
            if end < last:
                left.append((end + _DAY, last))
        found = left
    return found


def common(some: Iterable[Span], others: Sequence[Span]) -> Iterator[Span]:
    """The days that lie in both, where neither has a day twice."""
    for begin, end in some:
        for first, last in others:
            if max(begin, first) <= min(end, last):
                yield max(begin, first), min(end, last)


def days_within(spans: Iterable[Span], window: Span) -> int:
    """How many days of spans that share none lie in a window."""
    return sum((end - begin).days + 1 for begin, end in common(spans, [window]))
