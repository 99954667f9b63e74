"""Health by the text of the rules, in exact fractions: what the code is held against, and none of it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import strategies as st

from renewctl.core.model import HealthOverride, Reading

DAY = date(2026, 3, 1)
WEIGHTS = {"usage": 35, "engagement": 20, "relationship": 20, "tickets": 15, "nps": 10}
CAPS = {"cancel_notice": 20, "champion_gone": 60, "competitor": 60, "severity_one": 60}


def a_reading(read_on: date = DAY, **inputs: Any) -> Reading:
    return Reading(**{**dict.fromkeys(Reading._fields), "account_no": 1, "read_on": read_on, **inputs})


def an_override(score: float, set_on: date = DAY, days: int = 30, **given: Any) -> HealthOverride:
    known = {"reason": "known_risk", "note": None, "actor": "ana", "until_on": set_on + timedelta(days=days)}
    return HealthOverride(**{"account_no": 1, "score": score, "set_on": set_on, **known, **given})


def usage_by_rule(trend: Fraction) -> Fraction:
    """−50 → 0, 0 → 70, +20 → 100, linear."""
    if trend <= 0:
        return max(Fraction(0), (trend + 50) * Fraction(70, 50))
    return min(Fraction(100), 70 + trend * Fraction(30, 20))


def fresh(value: Fraction, age: int) -> Fraction:
    """A reading fades to neutral over 90 days after its 30th."""
    gone = min(max(Fraction(age - 30, 90), Fraction(0)), Fraction(1))
    return value + (50 - value) * gone


def inputs_by_rule(readings: Sequence[Reading], on: date) -> dict[str, Fraction]:
    """Every input that was read by a day, on 0-100, as old as it is."""

    def newest(field: str) -> tuple[Fraction, int] | None:
        read = [each for each in readings if each.read_on <= on and getattr(each, field) is not None]
        if not read:
            return None
        last = max(read, key=lambda each: each.read_on)
        return Fraction(getattr(last, field)), (on - last.read_on).days

    found: dict[str, Fraction] = {}
    rules = {
        "usage": [("usage_trend", usage_by_rule)],
        "engagement": [("engagement", Fraction)],
        "relationship": [("relationship", Fraction)],
        "tickets": [("open_tickets", lambda count: max(Fraction(0), 100 - 10 * count))],
        "nps": [("nps", lambda nps: (nps + 100) / 2), ("csat", lambda csat: (csat - 1) / 4 * 100)],
        "score": [("score", Fraction)],
    }
    for name, fields in rules.items():
        opinions = [fresh(scale(seen[0]), seen[1]) for field, scale in fields if (seen := newest(field))]
        if opinions:
            found[name] = sum(opinions, Fraction(0)) / len(opinions)
    return found


def score_by_rule(
    readings: Sequence[Reading],
    on: date,
    *,
    caps: Sequence[str] = (),
    override: float | None = None,
    weights: Mapping[str, int] = WEIGHTS,
) -> Fraction | None:
    """The score of a day, to a tenth; None under half of the weight."""
    known = inputs_by_rule(readings, on)
    present = sum(weights[name] for name in known if name != "score")
    if override is not None:
        raw = Fraction(override)
    elif "score" in known:
        raw = known["score"]
    elif 2 * present < sum(weights.values()) or not present:
        return None
    else:
        raw = sum(weights[name] * each for name, each in known.items()) / present
    return Fraction(floor(min([raw, *(Fraction(CAPS[cap]) for cap in caps)]) * 10 + Fraction(1, 2)), 10)


def tenths(score: float | Fraction) -> int:
    return round(score * 10)


def maybe(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(low, high))


inputs = st.fixed_dictionaries(
    {
        "usage_trend": maybe(-80, 60),
        "engagement": maybe(0, 100),
        "relationship": maybe(0, 100),
        "open_tickets": maybe(0, 15),
        "nps": maybe(-100, 100),
        "csat": maybe(1, 5),
    }
)
# Readings of up to half a year before DAY, a few of them with an imported score.
courses = st.lists(
    st.builds(
        lambda age, found, score: a_reading(DAY - timedelta(days=age), **found, score=score),
        st.integers(0, 180),
        inputs,
        st.one_of(st.none(), st.none(), st.none(), st.integers(0, 100)),
    ),
    max_size=5,
    unique_by=lambda each: each.read_on,
)
