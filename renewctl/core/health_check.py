"""HLT: whether the scores told renewals apart: the user's own outcomes against the bands of some time before.

Each outcome is held against the lowest score from `far_days` to `near_days` before its renewal date, from
what was known by then. No rate stands without its count and its 95 % interval (Wilson's).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt
from typing import NamedTuple

from renewctl.core.health import band_of, scale_of
from renewctl.core.health_past import Replay
from renewctl.core.model import Outcome
from renewctl.core.policy import Policy

BANDS = ("green", "yellow", "red", "unknown")
_Z = 1.959963984540054  # of the normal distribution, for 95 %


class Seen(NamedTuple):
    """One outcome with the score of the days before it."""

    outcome: Outcome
    lost: bool
    score: float | None  # the lowest of the span
    band: str  # of BANDS
    from_on: date  # the span it was looked for in
    to_on: date
    shifted: bool  # counted from the closing: no renewal date on record, or closed before its span ended


class Rate(NamedTuple):
    """A share with its count and its interval; `share` is None where there is nothing to share."""

    part: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class Churn(NamedTuple):
    """What became of the outcomes of one band."""

    band: str
    won: int
    partial: int
    lost: Rate


class Report(NamedTuple):
    """The whole check."""

    from_on: date | None
    to_on: date | None
    outcomes: int
    shifted: int
    bands: tuple[Churn, ...]  # in the order of BANDS
    not_warned: Rate  # losses that were neither red nor yellow
    unread: int  # of those without a score
    book: Rate  # accounts of today that are green, of those with a band
    book_unknown: int
    losses: int  # with a score: those AUC and Brier are about
    kept: int
    auc: float | None  # the chance that of a lost and a kept one the lost had the lower score
    auc_low: float | None
    auc_high: float | None
    brier: float | None  # of the churn rate of the band, each outcome left out of its own rate
    brier_constant: float | None  # of the churn rate of all, in the same way
    signal: bool
    why: str  # in words


def seen(outcome: Outcome, replay: Replay) -> Seen:
    """An outcome with the lowest score of the days before its renewal date."""
    rules = replay.policy.health_work
    renewal_on = outcome.renewal_on or outcome.closed_on
    near, far = timedelta(days=rules.check_near_days), timedelta(days=rules.check_far_days)
    shifted = outcome.renewal_on is None or outcome.closed_on <= renewal_on - near
    if shifted:
        renewal_on = outcome.closed_on
    first, last = renewal_on - far, renewal_on - near
    found = replay.lowest(first, last)
    if found is None:
        return Seen(outcome, outcome.result == "lost", None, "unknown", first, last, shifted)
    score, on = found
    band = band_of(score, scale_of(replay.policy, on, replay.record.profile)) or "unknown"
    return Seen(outcome, outcome.result == "lost", score, band, first, last, shifted)


def report(
    found: Sequence[Seen],
    book: Sequence[str | None],
    policy: Policy,
    from_on: date | None = None,
    to_on: date | None = None,
) -> Report:
    """What the outcomes say of the scores. `book` holds the band of each account in force today."""
    losses = [each for each in found if each.lost]
    known = [each for each in found if each.score is not None]
    low = sorted(each.score for each in known if each.lost and each.score is not None)
    high = sorted(each.score for each in known if not each.lost and each.score is not None)
    auc, auc_low, auc_high = ranked(low, high)
    verdict = _verdict(len(low), len(high), auc_low, auc_high, policy.health_work.check_losses)
    missed = [each for each in losses if each.band in ("green", "unknown")]
    banded = [band for band in book if band is not None]
    return Report(
        from_on, to_on, len(found), sum(each.shifted for each in found),
        tuple(_churn(band, [each for each in found if each.band == band]) for band in BANDS),
        rate(len(missed), len(losses)), sum(each.band == "unknown" for each in missed),
        rate(banded.count("green"), len(banded)), len(book) - len(banded),
        len(low), len(high), auc, auc_low, auc_high, *_briers(known), *verdict,
    )  # fmt: skip


def _churn(band: str, found: Sequence[Seen]) -> Churn:
    count = [each.outcome.result for each in found].count
    return Churn(band, count("won"), count("partial"), rate(count("lost"), len(found)))


def rate(part: int, of: int, z: float = _Z) -> Rate:
    """A share with Wilson's interval, of 95 % unless the quantile `z` says otherwise."""
    if not of:
        return Rate(part, of, None, None, None)
    return Rate(part, of, part / of, *wilson(part / of, of, z))


def wilson(share: float, of: float, z: float = _Z) -> tuple[float, float]:
    """Wilson's interval of a share of so many; `of` may be what cases of unequal weight are worth."""
    square = z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    low = 0.0 if share <= 0 else max(0.0, middle - half)
    return low, 1.0 if share >= 1 else min(1.0, middle + half)


def ranked(low: Sequence[float], high: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """AUC with its 95 % interval (DeLong's): the chance that one of `low` is under one of `high`, ties half.

    Both are sorted. Without two of each there is no interval, without one of each nothing.
    """
    if not low or not high:
        return None, None, None
    of_low = [1 - (bisect_left(high, each) + bisect_right(high, each)) / (2 * len(high)) for each in low]
    of_high = [(bisect_left(low, each) + bisect_right(low, each)) / (2 * len(low)) for each in high]
    auc = sum(of_low) / len(low)
    if len(low) < 2 or len(high) < 2:
        return auc, None, None
    spread = sum(_variance(each, auc) / len(each) for each in (of_low, of_high))
    half = _Z * sqrt(spread)
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def _variance(values: Sequence[float], mean: float) -> float:
    return sum((each - mean) ** 2 for each in values) / (len(values) - 1)


def _briers(known: Sequence[Seen]) -> tuple[float | None, float | None]:
    """(Brier score of the band's churn rate, of the constant rate), each outcome left out of its own rate.

    An outcome alone in its band is given the constant rate.
    """
    if len(known) < 2:
        return None, None
    lost_of: dict[str, int] = {}
    size_of: dict[str, int] = {}
    for each in known:
        lost_of[each.band] = lost_of.get(each.band, 0) + each.lost
        size_of[each.band] = size_of.get(each.band, 0) + 1
    lost = sum(each.lost for each in known)
    told = constant = 0.0
    for each in known:
        usual = (lost - each.lost) / (len(known) - 1)
        others = size_of[each.band] - 1
        own = (lost_of[each.band] - each.lost) / others if others else usual
        told += (own - each.lost) ** 2
        constant += (usual - each.lost) ** 2
    return told / len(known), constant / len(known)


def _verdict(losses: int, kept: int, low: float | None, high: float | None, least: int) -> tuple[bool, str]:
    """Whether the scores are worth anything, and why it is said."""
    if losses < least:
        noun = "loss" if losses == 1 else "losses"
        return False, f"no signal: {losses} {noun} with a score, and under {least} it is too early to say"
    if low is None or high is None:
        return False, f"no signal: {kept} kept with a score, too few to compare with"
    if low <= 0.5 <= high:
        return False, "no signal: the scores put lost and kept renewals in no better order than chance might"
    if high < 0.5:
        return False, "no signal: lost renewals had the higher scores; the score points the wrong way"
    return True, "signal: lost renewals had lower scores than kept ones, more than chance explains"
