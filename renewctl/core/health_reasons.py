"""HLT: why the health of an account is what it is: every input with its weight, its age and its points."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.health import (
    ENGAGEMENT,
    IMPORTED,
    INPUTS,
    READ,
    RELATIONSHIP,
    Latest,
    Points,
    Profile,
    Scale,
    band_of,
    caps,
    guarded,
    in_force,
    latest,
    missing,
    mix,
    points_of,
    scale_of,
    score_of,
)
from renewctl.core.model import Account, Because, HealthOverride, Reading
from renewctl.core.policy import HealthRules, Policy


class Part(NamedTuple):
    """One input of the mix. `points` of all parts add up to the mix before caps and rounding."""

    input: str
    raw: str
    read_on: date
    scaled: float  # 0-100, faded
    weight: float  # share of the weight present, a fraction of 1
    points: float
    fades_on: date  # the first day on which it counts for less than it said
    spent_on: date  # from this day on nothing of it counts


class Health(NamedTuple):
    """The health of an account on a day. `score` and `band` are None where too little is known."""

    score: float | None
    band: str | None
    missing: tuple[str, ...]  # inputs without a reading; empty for an imported score
    parts: tuple[Part, ...]  # the mix, also where another score took its place
    caps: tuple[str, ...]  # facts in force that limit the score
    imported: bool
    guard: bool  # HLT-5: do not over-engineer
    engagement: float | None  # as it counts today
    relationship: float | None
    because: tuple[Because, ...]
    override: HealthOverride | None  # in force
    without: float | None  # the score without the override; without one the score itself
    green: float  # where the bands of this account begin
    yellow: float
    ages: tuple[date, date, date] | None  # of the oldest reading in it: read, fades from, spent


def health(
    account: Account,
    readings: Sequence[Reading],
    policy: Policy,
    as_of: date,
    override: HealthOverride | None = None,
    profile: Profile | None = None,
) -> Health:
    """HLT: score, band, guard and all that led to them. Rules HLT-1, HLT-2, HLT-3, HLT-5.

    An override that has ended is as none.
    """
    scale = scale_of(policy, as_of, profile)
    found = latest(readings, as_of)
    points = points_of(readings, scale)
    limits = caps(account, policy, as_of)
    said = in_force(override, as_of)
    without = score_of(points, limits, scale)
    score = without if said is None else score_of(points, limits, scale, said.score)
    guard = guarded(score, points[ENGAGEMENT], limits, scale)
    parts = _parts(points, found, scale)
    imported = points[IMPORTED] is not None
    unread = missing(readings, as_of)
    because = [
        _band_because(score, scale, parts, points),
        *_override_because(said, without, policy),
        *_caps_because(account, limits, scale.rules),
        *_input_because(found, parts, unread, imported, scale),
    ]
    if guard:
        because.append(_guard_because(score, points, scale.rules))
    return Health(
        score, band_of(score, scale), unread, parts, limits, imported, guard, points[ENGAGEMENT],
        points[RELATIONSHIP], tuple(because), said, without, scale.green, scale.yellow,
        _ages(found, parts, imported, scale.rules),
    )  # fmt: skip


def fades_on(read_on: date, rules: HealthRules) -> date:
    """The first day on which a reading counts for less than it said."""
    return read_on + timedelta(days=rules.fade_after_days + 1)


def spent_on(read_on: date, rules: HealthRules) -> date:
    """The day from which nothing of a reading counts any more: it is neutral."""
    return read_on + timedelta(days=rules.fade_after_days + rules.fade_over_days)


def _parts(points: Points, found: Latest, scale: Scale) -> tuple[Part, ...]:
    _, present = mix(points, scale)
    parts = []
    for name, point, weight in zip(INPUTS, points, scale.weights, strict=False):
        said = raw(name, found)
        if point is not None and said is not None:
            words, read_on = said
            share = weight / present
            days = fades_on(read_on, scale.rules), spent_on(read_on, scale.rules)
            parts.append(Part(name, words, read_on, point, share, share * point, *days))
    return tuple(parts)


def _ages(
    found: Latest, parts: Sequence[Part], imported: bool, rules: HealthRules
) -> tuple[date, date, date] | None:
    days = [found[1][READ.index("score")]] if imported else [part.read_on for part in parts]
    oldest = min((day for day in days if day is not None), default=None)
    return None if oldest is None else (oldest, fades_on(oldest, rules), spent_on(oldest, rules))


_WORDS = {
    "usage": (("usage_trend", "usage trend {:+g} %"),),
    "engagement": (("engagement", "engagement {:g}"),),
    "relationship": (("relationship", "relationship {:g}"),),
    "tickets": (("open_tickets", "{:g} open tickets"),),
    "nps": (("nps", "NPS {:g}"), ("csat", "CSAT {:g}")),
    "health_score": (("score", "imported score {:g}"),),
}


def raw(name: str, found: Latest) -> tuple[str, date] | None:
    """An input (or `health_score`) in words, as read, and the day of the older reading behind it."""
    words, days = [], []
    for field, pattern in _WORDS[name]:
        value, day = found[0][READ.index(field)], found[1][READ.index(field)]
        if value is not None and day is not None:
            words.append(pattern.format(value))
            days.append(day)
    return (", ".join(words), min(days)) if days else None


def _band_because(score: float | None, scale: Scale, parts: Sequence[Part], points: Points) -> Because:
    if score is not None:
        whose = f", for {scale.segment}" if scale.segment else ""
        if scale.below_days is not None:
            whose = f", for customers of under {scale.below_days} days"
        limits = f"green from {scale.green:g}, yellow from {scale.yellow:g}{whose}"
        return Because("HLT-1", f"score {score:g}", limits)
    present = mix(points, scale)[1]
    known = ", ".join(part.input for part in parts) or "nothing"
    return Because(
        "HLT-2",
        f"known: {known} ({present} of {sum(scale.weights)} of the weight)",
        f"no band under {scale.rules.least_weight:.0%} of the weight: collect health",
    )


def _override_because(said: HealthOverride | None, without: float | None, policy: Policy) -> list[Because]:
    if said is None:
        return []
    why = policy.health_work.override_reasons.get(said.reason, "a reason the policy no longer knows")
    note = f": {said.note}" if said.note else ""
    seen = f"override {said.score:g} by {said.actor} on {said.set_on}, {said.reason} ({why}){note}"
    unsaid = "nothing" if without is None else f"{without:g}"
    limit = f"in place of {unsaid} until {said.until_on}; an override wins over the mix and an imported score"
    return [Because("HLT-2", seen, limit)]


def _caps_because(account: Account, limits: Sequence[str], rules: HealthRules) -> list[Because]:
    seen = {
        "cancel_notice": f"cancel notice of {account.cancel_notice_on}",
        "champion_gone": "the champion is gone",
        "competitor": f"competitor evaluated: {account.competitor}",
        "severity_one": f"severity-1 ticket open since {account.ticket_severity_on}",
    }
    return [Because("HLT-3", seen[name], f"score at most {rules.caps.get(name, 100):g}") for name in limits]


def _input_because(
    found: Latest, parts: Sequence[Part], missing: Sequence[str], imported: bool, scale: Scale
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
        limit = "their weight goes to the others" if parts else f"weights: {_weights(scale)}"
        because.append(Because("HLT-2", f"no reading of {', '.join(missing)}", limit))
    return because


def _guard_because(score: float | None, points: Points, rules: HealthRules) -> Because:
    known = "unknown" if points[ENGAGEMENT] is None else f"{points[ENGAGEMENT]:.3g}"
    seen = f"score {score:g}, engagement {known}, nothing that caps"
    limit = f"do not over-engineer: score from {rules.guard_score:g}, engagement from "
    return Because("HLT-5", seen, f"{limit}{rules.guard_engagement:g} or unknown")


def _faded(day: date, scale: Scale) -> str:
    """What age has done to a reading, and when it will have done all."""
    keep = scale.fade(day)[0]
    spent = spent_on(day, scale.rules)
    if keep == 1:
        return f", fades from {fades_on(day, scale.rules)} to {spent}"
    end = f", spent on {spent}" if keep else f" since {spent}"
    return f", faded with age ({keep:.0%} of it counts){end}"


def _weights(scale: Scale) -> str:
    return ", ".join(f"{name} {weight}" for name, weight in scale.by_name.items())
