"""Shares of few cases (SAV-11): a count always, a rate with its interval only from the policy's number on."""

from collections.abc import Sequence
from functools import lru_cache

from renewctl.core.health_check import Rate, rate, wilson
from renewctl.core.policy import Policy


def share(part: int, of: int, policy: Policy) -> Rate:
    """How many of how many; with a rate and Wilson's interval where there are enough of them."""
    if of < policy.raw["saves"]["learning"]["least_cases"]:
        return Rate(part, of, None, None, None)
    return rate(part, of, _quantile(policy.raw["saves"]["learning"]["confidence_pct"]))


def weighed(kept: int, amounts: Sequence[int], policy: Policy) -> Rate:
    """A share of money of several cases, `of` the number of cases.

    The interval is that of as many equal cases as these are worth: (sum)² / sum of squares, so that one large
    case among small ones leaves it as wide as it is.
    """
    whole = sum(amounts)
    if len(amounts) < policy.raw["saves"]["learning"]["least_cases"] or whole <= 0:
        return Rate(kept, len(amounts), None, None, None)
    worth = whole * whole / sum(each * each for each in amounts)
    found = kept / whole
    z = _quantile(policy.raw["saves"]["learning"]["confidence_pct"])
    return Rate(kept, len(amounts), found, *wilson(found, worth, z))


@lru_cache(maxsize=8)
def _quantile(confidence_pct: float) -> float:
    """The quantile of the normal distribution for a two-sided interval."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + confidence_pct / 200)


def middle(days: Sequence[int]) -> float | None:
    """The median; None of nothing."""
    found = sorted(days)
    if not found:
        return None
    half = len(found) // 2
    return float(found[half]) if len(found) % 2 else (found[half - 1] + found[half]) / 2
