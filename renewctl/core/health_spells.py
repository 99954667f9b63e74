"""HLT-3 over a long time: the spells in which a score flagged its renewal, without asking day by day."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from renewctl.core.health_past import Replay
from renewctl.core.spans import Span

_DAY = timedelta(days=1)
_ROUNDED = 0.3  # more than what roundings to a tenth add up to between two scores
_Ends = tuple[float, float]  # scores on the first and the last day of a segment


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
        for span in _of_segment(replay, begin, end):
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
        ends = replay.scale(begin), replay.scale(end)
        now = replay.bounds(*ends, begin)
        if now is None or now[0] < rules.flag_below:
            continue
        most = now[0] + rules.drop_points
        if most > replay.peak and end <= replay.straight_to:
            found.append((begin, end))
            continue
        before = (replay.bounds(*ends, event - _DAY) for event in _lately(replay, begin))
        if all(each is None or each[1] < most for each in before):
            found.append((begin, end))
    return found


def _segments(replay: Replay, first: date) -> Iterator[Span]:
    """The spans between turns from `first` on; each event's window of days after it ends one, too."""
    window = timedelta(days=replay.policy.health_work.drop_days)
    ends = {event + window for event in replay.events}
    starts = sorted({day for day in {first, *replay.turns, *ends} if first <= day <= replay.as_of})
    yield from zip(starts, [*(day - _DAY for day in starts[1:]), replay.as_of], strict=True)


def _of_segment(replay: Replay, begin: date, end: date) -> list[Span]:
    """The days of a segment on which the flag stood: under the limit, or after what cost enough points."""
    rules = replay.policy.health_work
    now = replay.score(begin), replay.score(end)
    if now[0] is None or now[1] is None:
        return []
    low = [score < rules.flag_below for score in (now[0], now[1])]
    if all(low):
        return [(begin, end)]
    before = []
    for event in _lately(replay, begin):
        was = replay.score(begin, event - _DAY), replay.score(end, event - _DAY)
        if was[0] is not None and was[1] is not None:
            before.append((was[0], was[1]))
    most = max((max(was) for was in before), default=0.0)
    if not any(low) and round(most - min(now[0], now[1]), 1) < rules.drop_points:
        return []
    return _spans(_days(replay, (begin, end), (now[0], now[1]), before))


def _days(replay: Replay, segment: Span, now: _Ends, before: Sequence[_Ends]) -> Iterator[date]:
    """The flagged days of a segment, by the scores at its ends: now, and as they were before each event.

    Where nothing but readings moves a score it runs straight, and only days near a limit are reckoned.
    """
    limit, points = replay.policy.health_work.flag_below, replay.policy.health_work.drop_points
    count = (segment[1] - segment[0]).days
    for at in range(count + 1):
        day = segment[0] + timedelta(days=at)
        if segment[1] <= replay.straight_to:
            share = at / count if count else 0.0
            level = now[0] + (now[1] - now[0]) * share
            over = [was[0] + (was[1] - was[0]) * share - level - points for was in before]
            far = max([limit - level, *over])  # into the flag; negative: out of it
            if abs(far) > _ROUNDED:
                if far > 0:
                    yield day
                continue
        score = replay.score(day)
        if score is not None and (score < limit or _has_dropped(replay, day, score)):
            yield day


def _lately(replay: Replay, day: date) -> Iterator[date]:
    events, last = replay.events, bisect_right(replay.events, day)
    since = day - timedelta(days=replay.policy.health_work.drop_days)
    while last and events[last - 1] > since:
        last -= 1
        yield events[last]


def _has_dropped(replay: Replay, day: date, now: float) -> bool:
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
