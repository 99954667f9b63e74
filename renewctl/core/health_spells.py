"""HLT-3 over a long time: the spells in which a score flagged its renewal, without asking day by day."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from renewctl.core.health_past import Replay

_DAY = timedelta(days=1)
Span = tuple[date, date]  # both days in


def flagged(replay: Replay, first: date) -> list[Span]:
    """The spans from `first` to the replay's day on which the flag stood (`health_flag.flag`), by day.

    Between two turns every score moves one way only, so the scores at both ends bound those between; days are
    asked one by one only where the bounds leave it open.
    """
    found: list[Span] = []
    quiet = _quiet(replay, first)
    for begin, end in _segments(replay, first):
        at = bisect_right(quiet, (begin, date.max)) - 1
        if at >= 0 and end <= quiet[at][1]:
            continue
        for span in _below(replay, begin, end) or _dropped(replay, begin, end):
            if found and found[-1][1] >= span[0] - _DAY:
                found[-1] = (found[-1][0], max(span[1], found[-1][1]))
            else:
                found.append(span)
    return found


def _quiet(replay: Replay, first: date) -> list[Span]:
    """Spans between events that are without a flag by their bounds: most days of most accounts."""
    rules = replay.policy.health_work
    starts = [first, *(day for day in replay.events if first < day < replay.as_of), replay.as_of]
    found = []
    for begin, after in pairwise(starts):
        end = after - _DAY
        now = replay.bounds(begin, end, begin) if begin < after else None
        if now is None or now[0] < rules.flag_below:
            continue
        before = (replay.bounds(begin, end, event - _DAY) for event in _lately(replay, begin))
        if all(each is None or each[1] - now[0] < rules.drop_points for each in before):
            found.append((begin, end))
    return found


def _segments(replay: Replay, first: date) -> Iterator[Span]:
    """The spans between turns from `first` on; each event's window of days after it ends one, too."""
    window = timedelta(days=replay.policy.health_work.drop_days)
    ends = {event + window for event in replay.events}
    starts = sorted({day for day in {first, *replay.turns, *ends} if first <= day <= replay.as_of})
    yield from zip(starts, [*(day - _DAY for day in starts[1:]), replay.as_of], strict=True)


def _below(replay: Replay, begin: date, end: date) -> list[Span]:
    """The days of a segment under the limit, where that settles the segment; else nothing."""
    limit = replay.policy.health_work.flag_below
    first, last = replay.score(begin), replay.score(end)
    if first is None or last is None or (first >= limit and last >= limit):
        return []
    if first < limit and last < limit:
        return [(begin, end)]
    days = (begin + timedelta(days=at) for at in range((end - begin).days + 1))
    return _spans(day for day in days if _is_below(replay, day, limit) or _has_dropped(replay, day))


def _is_below(replay: Replay, day: date, limit: float) -> bool:
    score = replay.score(day)
    return score is not None and score < limit


def _dropped(replay: Replay, begin: date, end: date) -> list[Span]:
    """The days of a segment on which what was learnt lately had cost enough points."""
    if not any(_may_drop(replay, event, begin, end) for event in _lately(replay, begin)):
        return []
    days = (begin + timedelta(days=at) for at in range((end - begin).days + 1))
    return _spans(day for day in days if _has_dropped(replay, day))


def _lately(replay: Replay, day: date) -> Iterator[date]:
    events = replay.events
    first = bisect_right(events, day - timedelta(days=replay.policy.health_work.drop_days))
    return iter(events[first : bisect_right(events, day)])


def _may_drop(replay: Replay, event: date, begin: date, end: date) -> bool:
    """Whether an event may have cost enough points on some day of a segment, by the scores at its ends."""
    known = event - _DAY
    before = [replay.score(day, known) for day in (begin, end)]
    after = [replay.score(day) for day in (begin, end)]
    most = max((score for score in before if score is not None), default=None)
    least = min((score for score in after if score is not None), default=None)
    if most is None or least is None:
        return False
    return round(most - least, 1) >= replay.policy.health_work.drop_points


def _has_dropped(replay: Replay, day: date) -> bool:
    now = replay.score(day)
    if now is None:
        return False
    points = replay.policy.health_work.drop_points
    before = (replay.score(day, event - _DAY) for event in _lately(replay, day))
    return any(score is not None and round(score - now, 1) >= points for score in before)


def _spans(days: Iterator[date]) -> list[Span]:
    """Days in order as spans without a gap."""
    found: list[Span] = []
    for day in days:
        if found and found[-1][1] == day - _DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
