"""HLT: a score from 0 to 100 out of what is known about an account, its band, and why.

The newest reading of each input counts; with age it fades to neutral. A missing input is named and
its weight goes to the others, never counted as zero or full. An imported score takes the place of
the mix and is labelled so; the caps hold for either. The score is rounded once, to a tenth, and
that number is what bands and limits are held against: what is printed is what decided.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from renewctl.core.model import Account, Because, Reading
from renewctl.core.policy import HealthRules, Policy

INPUTS = ("usage", "engagement", "relationship", "tickets", "nps")  # keys of the policy's weights
INPUT_FIELDS = {  # the columns of a reading behind each input
    "usage": ("usage_trend",),
    "engagement": ("engagement",),
    "relationship": ("relationship",),
    "tickets": ("open_tickets",),
    "nps": ("nps", "csat"),
}
_READ = ("usage_trend", "open_tickets", "csat", "nps", "engagement", "relationship", "score")


class Part(NamedTuple):
    """One input of the mix. `points` of all parts add up to the mix before caps and rounding."""

    input: str
    raw: str
    read_on: date
    scaled: float  # 0-100, faded
    weight: float  # share of the weight present, a fraction of 1
    points: float


class Health(NamedTuple):
    """The health of an account on a day. `score` and `band` are None where too little is known."""

    score: float | None
    band: str | None
    missing: tuple[str, ...]  # inputs without a reading; empty for an imported score
    parts: tuple[Part, ...]  # the mix, also where an imported score took its place
    caps: tuple[str, ...]  # facts in force that limit the score
    imported: bool
    guard: bool  # HLT-5: do not over-engineer
    engagement: float | None  # as it counts today
    relationship: float | None
    because: tuple[Because, ...]


# On the hot road plain tuples stand where a NamedTuple would cost four times as much to make.
# score, band, guard, relationship as it counts today.
Pulse = tuple[float | None, str | None, bool, float | None]
# The reading in force of each of `_READ`, and the day of each (None: no reading).
Latest = tuple[tuple[float | None, ...], tuple[date | None, ...]]
# Every one of INPUTS on 0-100, faded, then the imported score.
_Points = tuple[float | None, float | None, float | None, float | None, float | None, float | None]
_ENGAGEMENT, _RELATIONSHIP, _IMPORTED = 1, 2, 5  # places in _Points
# Share of a reading that still counts, and what neutral adds to it.
_Fade = tuple[float, float]
_WHOLE: _Fade = (1.0, 0.0)


class _Scale:
    """The rules on one day, unpacked, with the fading of every date met so far."""

    def __init__(self, policy: Policy, as_of: date) -> None:
        rules = policy.health
        self.rules: HealthRules = rules
        self.as_of = as_of
        self.weights = tuple(rules.weights.get(name, 0) for name in INPUTS)
        self.least = rules.least_weight * sum(self.weights)
        self.usage_points = rules.usage_points
        self.ticket_points = rules.ticket_points
        self.green, self.yellow = rules.green, rules.yellow
        self.guard_score, self.guard_engagement = rules.guard_score, rules.guard_engagement
        self.fades: dict[date, _Fade] = {}

    def fade(self, day: date) -> _Fade:
        """What is left of a reading of that day; one of a later day counts as made today."""
        found = self.fades.get(day)
        if found is None:
            found = self.fades[day] = self._fade(day)
        return found

    def _fade(self, day: date) -> _Fade:
        rules = self.rules
        over = (self.as_of - day).days - rules.fade_after_days
        keep = (
            1 - min(max(over / rules.fade_over_days, 0.0), 1.0) if rules.fade_over_days else float(over <= 0)
        )
        return keep, rules.neutral * (1 - keep)


@lru_cache(maxsize=16)
def _scale(policy: Policy, as_of: date) -> _Scale:
    return _Scale(policy, as_of)


def latest(readings: Sequence[Reading], as_of: date) -> Latest:
    """Per input the newest reading up to `as_of`, else the first one after it.

    Facts stay as known when only the calendar moves: an account first read next week is not blank
    today. The order of `readings` does not matter.
    """
    ordered = sorted(readings, key=lambda each: each.read_on)
    past = [each for each in ordered if each.read_on <= as_of]
    values: list[float | None] = [None] * 7
    days: list[date | None] = [None] * 7
    for reading in [*reversed(past), *ordered[len(past) :]]:
        for at, value in enumerate(reading[2:9]):
            if value is not None and values[at] is None:
                values[at], days[at] = value, reading.read_on
    return tuple(values), tuple(days)


def known(readings: Sequence[Reading], as_of: date) -> dict[str, tuple[float, date]]:
    """The readings in force by the names imports know them by, each with its day; blanks left out."""
    values, days = latest(readings, as_of)
    return {
        "health_score" if field == "score" else field: (value, day)
        for field, value, day in zip(_READ, values, days, strict=True)
        if value is not None and day is not None
    }


def missing(readings: Sequence[Reading], as_of: date) -> tuple[str, ...]:
    """The inputs without a reading, of INPUTS; none where an imported score stands in for the mix."""
    read = known(readings, as_of)
    if "health_score" in read:
        return ()
    return tuple(name for name in INPUTS if not any(field in read for field in INPUT_FIELDS[name]))


def _percent(value: float) -> float:
    return 0.0 if value < 0 else 100.0 if value > 100 else value


def usage_score(trend: float, points: Sequence[tuple[float, float]]) -> float:
    """Usage trend in % over 90 days on a scale of 0-100: linear between the policy's points."""
    before_at, before = points[0]
    if trend <= before_at:
        return before
    for at, score in points:
        if trend <= at:
            return before + (score - before) * (trend - before_at) / (at - before_at)
        before_at, before = at, score
    return before


def _scaled(values: tuple[float | None, ...], scale: _Scale) -> Sequence[float | None]:
    """The values of `_READ`, each on 0-100. Comparisons in line: this runs for every account."""
    usage, tickets, csat, nps, engagement, relationship, imported = values
    if usage is not None:
        usage = usage_score(usage, scale.usage_points)
    if tickets is not None and (tickets := 100 - scale.ticket_points * tickets) < 0:
        tickets = 0.0
    if csat is not None and not 0 <= (csat := (csat - 1) * 25) <= 100:
        csat = _percent(csat)
    if nps is not None and not 0 <= (nps := (nps + 100) / 2) <= 100:
        nps = _percent(nps)
    if engagement is not None and not 0 <= engagement <= 100:
        engagement = _percent(engagement)
    if relationship is not None and not 0 <= relationship <= 100:
        relationship = _percent(relationship)
    if imported is not None and not 0 <= imported <= 100:
        imported = _percent(imported)
    return usage, tickets, csat, nps, engagement, relationship, imported


def _points(readings: Sequence[Reading], scale: _Scale) -> _Points:
    """Every input on 0-100, faded."""
    if len(readings) == 1:  # the most common case by far: one day for all
        only = readings[0]
        scaled = _scaled(only[2:9], scale)
        keep, lift = scale.fade(only[1])
        if keep < 1.0:
            scaled = [None if value is None else value * keep + lift for value in scaled]
    else:
        values, days = latest(readings, scale.as_of)
        fades = [_WHOLE if day is None else scale.fade(day) for day in days]
        scaled = [
            None if value is None else value * keep + lift
            for value, (keep, lift) in zip(_scaled(values, scale), fades, strict=True)
        ]
    usage, tickets, csat, nps, engagement, relationship, imported = scaled
    if csat is not None:
        nps = csat if nps is None else (csat + nps) / 2
    return usage, engagement, relationship, tickets, nps, imported


_NO_CAPS: tuple[str, ...] = ()


def caps(account: Account, policy: Policy, as_of: date) -> tuple[str, ...]:
    """The facts in force that limit the score: keys of the policy's `health.caps`."""
    found = []
    if account.cancel_notice_on is not None:
        found.append("cancel_notice")
    if account.champion_gone:
        found.append("champion_gone")
    if account.competitor:
        found.append("competitor")
    since = account.ticket_severity_on
    severe = account.ticket_severity == 1 and since is not None
    if severe and since is not None and (as_of - since).days > policy.health.severity_days:
        found.append("severity_one")
    return tuple(found)


def _mix(points: _Points, scale: _Scale) -> tuple[float, int]:
    """Weighted sum of what is known, and the weight present."""
    usage, engagement, relationship, tickets, nps, _ = points
    by_usage, by_engagement, by_relationship, by_tickets, by_nps = scale.weights
    total, present = 0.0, 0
    if usage is not None:
        total, present = by_usage * usage, by_usage
    if engagement is not None:
        total, present = total + by_engagement * engagement, present + by_engagement
    if relationship is not None:
        total, present = total + by_relationship * relationship, present + by_relationship
    if tickets is not None:
        total, present = total + by_tickets * tickets, present + by_tickets
    if nps is not None:
        total, present = total + by_nps * nps, present + by_nps
    return total, present


def _limited(raw: float, limits: tuple[str, ...], scale: _Scale) -> float:
    """A raw score under its caps, rounded half up to a tenth (a hair over, against float noise)."""
    if limits:
        raw = min(raw, *(scale.rules.caps.get(name, 100.0) for name in limits))
    return int(raw * 10 + 0.500000001) / 10


def _band(score: float | None, scale: _Scale) -> str | None:
    """HLT-1: green, yellow or red; None without a score."""
    if score is None:
        return None
    return "green" if score >= scale.green else "yellow" if score >= scale.yellow else "red"


def _score(points: _Points, limits: tuple[str, ...], scale: _Scale) -> float | None:
    imported = points[_IMPORTED]
    if imported is not None:
        return _limited(imported, limits, scale)
    total, present = _mix(points, scale)
    if present == 0 or present < scale.least:
        return None
    return _limited(total / present, limits, scale)


def _guarded(score: float | None, engagement: float | None, limits: tuple[str, ...], scale: _Scale) -> bool:
    """HLT-5: so well that risk treatment would only disturb."""
    return (
        score is not None
        and score >= scale.guard_score
        and not limits
        and (engagement is None or engagement >= scale.guard_engagement)
    )


def pulse(account: Account, readings: Sequence[Reading], policy: Policy, as_of: date) -> Pulse:
    """`health` without reasons: what 100,000 accounts can afford, from the same thresholds.

    (score, band, guard, relationship as it counts today).
    """
    scale = _scale(policy, as_of)
    if not readings:
        return None, None, False, None
    limits = _NO_CAPS
    if (
        account.champion_gone
        or account.cancel_notice_on is not None
        or account.competitor
        or account.ticket_severity == 1
    ):
        limits = caps(account, policy, as_of)
    points = _points(readings, scale)
    score = _score(points, limits, scale)
    return (
        score,
        _band(score, scale),
        score is not None
        and score >= scale.guard_score
        and _guarded(score, points[_ENGAGEMENT], limits, scale),
        points[_RELATIONSHIP],
    )


def health(account: Account, readings: Sequence[Reading], policy: Policy, as_of: date) -> Health:
    """HLT: score, band, guard and all that led to them. Rules HLT-1, HLT-2, HLT-3, HLT-5."""
    scale = _scale(policy, as_of)
    rules = scale.rules
    found = latest(readings, as_of)
    points = _points(readings, scale)
    limits = caps(account, policy, as_of)
    score = _score(points, limits, scale)
    band = _band(score, scale)
    guard = _guarded(score, points[_ENGAGEMENT], limits, scale)
    parts = _parts(points, found, scale)
    imported = points[_IMPORTED] is not None
    unread = missing(readings, as_of)
    because = [
        _band_because(score, scale, sum(scale.weights), parts, points),
        *_caps_because(account, limits, rules),
        *_input_because(found, parts, unread, imported, scale),
    ]
    if guard:
        known = "unknown" if points[_ENGAGEMENT] is None else f"{points[_ENGAGEMENT]:.3g}"
        seen = f"score {score:g}, engagement {known}, nothing that caps"
        limit = f"do not over-engineer: score from {rules.guard_score:g}, engagement from "
        because.append(Because("HLT-5", seen, f"{limit}{rules.guard_engagement:g} or unknown"))
    return Health(
        score,
        band,
        unread,
        parts,
        limits,
        imported,
        guard,
        points[_ENGAGEMENT],
        points[_RELATIONSHIP],
        tuple(because),
    )


def _parts(points: _Points, found: Latest, scale: _Scale) -> tuple[Part, ...]:
    _, present = _mix(points, scale)
    parts = []
    for name, point, weight in zip(INPUTS, points, scale.weights, strict=False):
        if point is not None:
            raw, read_on = _raw(name, found)
            share = weight / present if present else 0.0
            parts.append(Part(name, raw, read_on, point, share, share * point))
    return tuple(parts)


_WORDS = {
    "usage": (("usage_trend", "usage trend {:+g} %"),),
    "engagement": (("engagement", "engagement {:g}"),),
    "relationship": (("relationship", "relationship {:g}"),),
    "tickets": (("open_tickets", "{:g} open tickets"),),
    "nps": (("nps", "NPS {:g}"), ("csat", "CSAT {:g}")),
}


def _raw(name: str, found: Latest) -> tuple[str, date]:
    """An input in words, as read, and the day of the older reading behind it."""
    words, days = [], []
    for field, pattern in _WORDS[name]:
        value, day = found[0][_READ.index(field)], found[1][_READ.index(field)]
        if value is not None and day is not None:
            words.append(pattern.format(value))
            days.append(day)
    return ", ".join(words), min(days)


def _band_because(
    score: float | None, scale: _Scale, all_weight: int, parts: Sequence[Part], points: _Points
) -> Because:
    rules = scale.rules
    if score is not None:
        return Because(
            "HLT-1", f"score {score:g}", f"green from {rules.green:g}, yellow from {rules.yellow:g}"
        )
    present = _mix(points, scale)[1]
    known = ", ".join(part.input for part in parts) or "nothing"
    return Because(
        "HLT-2",
        f"known: {known} ({present} of {all_weight} of the weight)",
        f"no band under {rules.least_weight:.0%} of the weight: collect health",
    )


def _caps_because(account: Account, limits: Sequence[str], rules: HealthRules) -> list[Because]:
    seen = {
        "cancel_notice": f"cancel notice of {account.cancel_notice_on}",
        "champion_gone": "the champion is gone",
        "competitor": f"competitor evaluated: {account.competitor}",
        "severity_one": f"severity-1 ticket open since {account.ticket_severity_on}",
    }
    return [Because("HLT-3", seen[name], f"score at most {rules.caps.get(name, 100):g}") for name in limits]


def _input_because(
    found: Latest, parts: Sequence[Part], missing: Sequence[str], imported: bool, scale: _Scale
) -> list[Because]:
    if imported:
        day = found[1][6] or scale.as_of
        words = f"imported score {found[0][6]:g} of {day}{_faded(day, scale)}"
        return [Because("HLT-2", words, "an imported score wins over the weighted mix")]
    because = [
        Because(
            "HLT-2",
            f"{part.raw}, read {part.read_on}: {part.scaled:.3g} of 100{_faded(part.read_on, scale)}",
            f"weight {part.weight:.0%}, {part.points:.3g} points",
        )
        for part in parts
    ]
    if missing:
        limit = "their weight goes to the others" if parts else f"weights: {_weights(scale.rules)}"
        because.append(Because("HLT-2", f"no reading of {', '.join(missing)}", limit))
    return because


def _faded(day: date, scale: _Scale) -> str:
    keep = scale.fade(day)[0]
    return "" if keep == 1 else f", faded with age ({keep:.0%} of it counts)"


def _weights(rules: HealthRules) -> str:
    return ", ".join(f"{name} {weight}" for name, weight in rules.weights.items())
