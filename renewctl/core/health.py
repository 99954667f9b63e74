"""HLT: a score from 0 to 100 out of what is known about an account, and its band.

The newest reading of each input counts; with age it fades to neutral. A missing input is named and
its weight goes to the others, never counted as zero or full. An imported score takes the place of
the mix, and a person's override that of both; the caps hold for each. The score is rounded once, to
a tenth, and that number is what bands and limits are held against: what is printed is what decided.
The reasons are in `health_reasons`, what became of scores over time in `health_past`.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from renewctl.core.model import Account, Contract, HealthOverride, Reading
from renewctl.core.policy import HealthRules, Policy

INPUTS = ("usage", "engagement", "relationship", "tickets", "nps")  # keys of the policy's weights
INPUT_FIELDS = {  # the columns of a reading behind each input
    "usage": ("usage_trend",),
    "engagement": ("engagement",),
    "relationship": ("relationship",),
    "tickets": ("open_tickets",),
    "nps": ("nps", "csat"),
}
READ = ("usage_trend", "open_tickets", "csat", "nps", "engagement", "relationship", "score")


# On the hot road plain tuples stand where a NamedTuple would cost four times as much to make.
# score, band, guard, relationship as it counts today.
Pulse = tuple[float | None, str | None, bool, float | None]
# The reading in force of each of `READ`, and the day of each (None: no reading).
Latest = tuple[tuple[float | None, ...], tuple[date | None, ...]]
# Every one of INPUTS on 0-100, faded, then the imported score.
Points = tuple[float | None, float | None, float | None, float | None, float | None, float | None]
ENGAGEMENT, RELATIONSHIP, IMPORTED = 1, 2, 5  # places in Points
# Share of a reading that still counts, and what neutral adds to it.
Fade = tuple[float, float]
_WHOLE: Fade = (1.0, 0.0)


class Scale:
    """The rules on one day, unpacked, with the fading of every date met so far."""

    def __init__(self, policy: Policy, as_of: date, segment: str | None, age_row: int | None) -> None:
        rules = policy.health
        own = rules.segments.get(segment or "")
        young = None if age_row is None else rules.ages[age_row]
        bands = young or own or rules
        self.rules: HealthRules = rules
        self.as_of = as_of
        self.segment = segment if own else None  # that weighs or bands otherwise
        self.below_days = young.below_days if young else None  # the age under which its bands hold
        self.by_name = own.weights if own else rules.weights
        self.weights = tuple(self.by_name[name] for name in INPUTS)
        self.least = rules.least_weight * sum(self.weights)
        self.usage_points = rules.usage_points
        self.ticket_points = rules.ticket_points
        self.green, self.yellow = bands.green, bands.yellow
        self.guard_score, self.guard_engagement = rules.guard_score, rules.guard_engagement
        self.fades: dict[date, Fade] = {}

    def fade(self, day: date) -> Fade:
        """What is left of a reading of that day; one of a later day counts as made today."""
        found = self.fades.get(day)
        if found is None:
            found = self.fades[day] = self._fade(day)
        return found

    def _fade(self, day: date) -> Fade:
        rules = self.rules
        over = (self.as_of - day).days - rules.fade_after_days
        keep = (
            1 - min(max(over / rules.fade_over_days, 0.0), 1.0) if rules.fade_over_days else float(over <= 0)
        )
        return keep, rules.neutral * (1 - keep)


@lru_cache(maxsize=4096)  # every day of some years, for those who ask about them account by account
def _scale(policy: Policy, as_of: date, segment: str | None = None, age_row: int | None = None) -> Scale:
    return Scale(policy, as_of, segment, age_row)


class Profile(NamedTuple):
    """What the policy may weigh and band an account by."""

    segment: str | None  # of the account's whole value
    begun_on: date  # the first day of the customer


def scale_of(policy: Policy, as_of: date, profile: Profile | None) -> Scale:
    """The rules on one day as they hold for an account; without a profile those for all."""
    if profile is None:
        return _scale(policy, as_of)
    rules = policy.health
    row = None
    if rules.ages:
        age = (as_of - profile.begun_on).days
        row = next((at for at, each in enumerate(rules.ages) if age < each.below_days), None)
    return _scale(policy, as_of, profile.segment if profile.segment in rules.segments else None, row)


def begun_on(account: Account, contracts: Sequence[Contract]) -> date:
    """The first day of a customer: the first start of its contracts, else the day it was recorded.

    A contract that was renewed here has started anew since; it counts from the day it was recorded at
    the latest.
    """
    starts = [
        each.start_on if each.won_on is None else min(each.start_on, each.recorded_on)
        for each in contracts
        if each.start_on is not None
    ]
    return min(starts, default=account.recorded_on)


def in_force(override: HealthOverride | None, as_of: date) -> HealthOverride | None:
    """An override while it lasts, its last day included; afterwards None."""
    return override if override is not None and as_of <= override.until_on else None


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
        for field, value, day in zip(READ, values, days, strict=True)
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


def _scaled(values: tuple[float | None, ...], scale: Scale) -> Sequence[float | None]:
    """The values of `READ`, each on 0-100. Comparisons in line: this runs for every account."""
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


def points_of(readings: Sequence[Reading], scale: Scale) -> Points:
    """Every one of INPUTS on 0-100, faded, then the imported score."""
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


def mix(points: Points, scale: Scale) -> tuple[float, int]:
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


class Fading(NamedTuple):
    """What is known of an account from one event to the next, laid out so that a day costs little.

    `sums` are the inputs of the mix by their day: (day, sum of weighted values on 0-100, weight).
    An imported score stands in for the mix, an override for both.
    """

    sums: tuple[tuple[date, float, float], ...]
    present: int  # weight
    imported: tuple[float, date] | None
    override: float | None

    def raw(self, scale: Scale) -> float | None:
        """The score of the scale's day before caps and rounding, as `score_of` reckons it."""
        if self.override is not None:
            return self.override
        if self.imported is not None:
            keep, lift = scale.fade(self.imported[1])
            return self.imported[0] * keep + lift
        if self.present == 0 or self.present < scale.least:
            return None
        total = 0.0
        for on, value, weight in self.sums:
            keep, lift = scale.fade(on)
            total += value * keep + weight * lift
        return total / self.present

    def bounds(self, first: Scale, last: Scale) -> tuple[float, float] | None:
        """The least and the greatest `raw` from one day to another may be; None where there is none.

        What was read on one day moves one way, so its sums at both ends bound it.
        """
        if self.override is not None or self.imported is not None:
            ends = [raw for raw in (self.raw(first), self.raw(last)) if raw is not None]
            return min(ends), max(ends)
        if self.present == 0 or self.present < first.least:
            return None
        least = most = 0.0
        for on, value, weight in self.sums:
            keep, lift = first.fade(on)
            begin = value * keep + weight * lift
            keep, lift = last.fade(on)
            end = value * keep + weight * lift
            least += begin if begin < end else end
            most += end if begin < end else begin
        return least / self.present, most / self.present


def fading(readings: Sequence[Reading], scale: Scale, override: float | None) -> Fading:
    """The readings in force laid out for many days, none of them before the scale's."""
    if len(readings) == 1:  # one day for all, most often
        values: tuple[float | None, ...] = readings[0][2:9]
        days: tuple[date | None, ...] = (readings[0][1],) * 7
    else:
        values, days = latest(readings, scale.as_of)
    usage, tickets, csat, nps, engagement, relationship, imported = zip(
        _scaled(values, scale), days, strict=True
    )
    inputs = ((usage,), (engagement,), (relationship,), (tickets,), (csat, nps))
    present = 0
    sums: dict[date, tuple[float, float]] = {}
    for weight, read in zip(scale.weights, inputs, strict=True):
        known = [(value, on) for value, on in read if value is not None and on is not None]
        present += weight if known else 0
        for value, on in known:
            share = weight / len(known)
            summed, shares = sums.get(on, (0.0, 0.0))
            sums[on] = summed + share * value, shares + share
    score = (imported[0], imported[1]) if imported[0] is not None and imported[1] is not None else None
    return Fading(tuple((on, *each) for on, each in sums.items()), present, score, override)


def limited(raw: float, limits: tuple[str, ...], scale: Scale) -> float:
    """A raw score under its caps, rounded half up to a tenth (a hair over, against float noise)."""
    if limits:
        raw = min(raw, *(scale.rules.caps.get(name, 100.0) for name in limits))
    return int(raw * 10 + 0.500000001) / 10


def band_of(score: float | None, scale: Scale) -> str | None:
    """HLT-1: green, yellow or red; None without a score."""
    if score is None:
        return None
    return "green" if score >= scale.green else "yellow" if score >= scale.yellow else "red"


def score_of(
    points: Points, limits: tuple[str, ...], scale: Scale, override: float | None = None
) -> float | None:
    """HLT-2: the override, else the imported score, else the mix; under the caps, to a tenth."""
    if override is not None:
        return limited(override, limits, scale)
    imported = points[IMPORTED]
    if imported is not None:
        return limited(imported, limits, scale)
    total, present = mix(points, scale)
    if present == 0 or present < scale.least:
        return None
    return limited(total / present, limits, scale)


def guarded(score: float | None, engagement: float | None, limits: tuple[str, ...], scale: Scale) -> bool:
    """HLT-5: so well that risk treatment would only disturb."""
    return (
        score is not None
        and score >= scale.guard_score
        and not limits
        and (engagement is None or engagement >= scale.guard_engagement)
    )


def pulse(
    account: Account,
    readings: Sequence[Reading],
    policy: Policy,
    as_of: date,
    override: float | None = None,
    profile: Profile | None = None,
) -> Pulse:
    """`health_reasons.health` without reasons: what 100,000 accounts can afford, from the same thresholds.

    (score, band, guard, relationship as it counts today). `override` is the score of an override that is
    in force; a `profile` is needed only where the policy tells segments or ages apart.
    """
    if not readings and override is None:
        return None, None, False, None
    scale = _scale(policy, as_of) if profile is None else scale_of(policy, as_of, profile)
    limits = _NO_CAPS
    if (
        account.champion_gone
        or account.cancel_notice_on is not None
        or account.competitor
        or account.ticket_severity == 1
    ):
        limits = caps(account, policy, as_of)
    points = points_of(readings, scale)
    score = score_of(points, limits, scale) if override is None else limited(override, limits, scale)
    return (
        score,
        band_of(score, scale),
        score is not None
        and score >= scale.guard_score
        and guarded(score, points[ENGAGEMENT], limits, scale),
        points[RELATIONSHIP],
    )
