"""What the customer gained, in measured figures only (PRP-1, VAL, SAV-3).

Every figure comes from an imported value metric. What was not measured stays unknown and is named;
amounts of different currencies or different periods are never added. A metric whose name begins with
`Alternative:` says what another way would take, one with `Unused:` what lies idle: neither is a gain.
"""

import re
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.model import Account, ValueMetric
from renewctl.core.text import fold

# No exponents and a bounded length: a cell must not be able to ask for a number of a billion digits.
_DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,12})?\Z", re.ASCII)

ALTERNATIVE, UNUSED = "alternative", "unused"
_BESIDE = {  # how the name of a metric that is no gain begins, before its colon
    **dict.fromkeys(("alternative", "alternativa"), ALTERNATIVE),
    **dict.fromkeys(("unused", "not used", "sem uso", "nao usado", "nao usada"), UNUSED),
}


class Gain(NamedTuple):
    """One metric in its latest period. Numbers are exact fractions; None is not measured."""

    metric: str
    unit: str | None
    value: Fraction | None
    baseline: Fraction | None
    change: Fraction | None  # value - baseline
    change_pct: Fraction | None  # of the baseline, in percent; None where the baseline is 0
    rate: Fraction | None  # currency units per unit of value
    currency: str | None
    worth_minor: int | None  # value x rate, rounded half to even once
    start_on: date | None
    end_on: date | None
    quote: str | None
    missing: tuple[str, ...]  # value, baseline, period, rate, currency


class WorthTotal(NamedTuple):
    """The worth of all gains of one currency over one and the same period."""

    currency: str
    start_on: date | None
    end_on: date | None
    minor: int


class ValueSummary(NamedTuple):
    """The gains in the order of import, what they add up to, and what the customer said."""

    gains: tuple[Gain, ...]
    totals: tuple[WorthTotal, ...]  # only where at least one gain has a worth
    quotes: tuple[str, ...]
    warnings: tuple[str, ...]  # for the supplier's own eyes
    alternatives: tuple[Gain, ...] = ()  # what another way to the same result would take
    unused: tuple[Gain, ...] = ()  # what is there and not used


def decimal(text: str | None) -> Fraction | None:
    """A plain decimal number as an exact fraction; anything else, blank included, is None."""
    cleaned = (text or "").strip()
    return Fraction(cleaned) if _DECIMAL.match(cleaned) else None


def value_summary(account: Account, metrics: Iterable[ValueMetric], as_of: date) -> ValueSummary:
    """What `account` gained, as far as its metrics say.

    Of each metric the latest period counts: the one that ends last, of those the one that starts
    last, of those the row imported last. A row whose period begins after `as_of` is a plan, not a
    measurement, and is left out. Metrics of other accounts are ignored. Rules: PRP-1, SAV-3.
    """
    own = [row for row in metrics if row.account_no == account.no]
    begun = [row for row in own if row.period_start_on is None or row.period_start_on <= as_of]
    latest: dict[str, ValueMetric] = {}
    for row in begun:
        key = " ".join(row.metric.casefold().split())
        if key not in latest or _recency(row) > _recency(latest[key]):
            latest[key] = row
    parts: dict[str, list[Gain]] = {"": [], ALTERNATIVE: [], UNUSED: []}
    for row in sorted(latest.values(), key=lambda row: row.no):
        part, name = _named(row.metric)
        parts[part].append(_gain(row)._replace(metric=name))
    gains = tuple(parts[""])
    quotes = dict.fromkeys(gain.quote for gain in gains if gain.quote)
    return ValueSummary(
        gains,
        _totals(gains),
        tuple(quotes),
        _warnings(account, gains, len(own) - len(begun)),
        tuple(parts[ALTERNATIVE]),
        tuple(parts[UNUSED]),
    )


def _named(metric: str) -> tuple[str, str]:
    """Whether a metric is a gain (""), an alternative or unused, and its name without that word."""
    word, colon, name = metric.partition(":")
    part = _BESIDE.get(fold(word), "") if colon else ""
    return (part, name.strip()) if part and name.strip() else ("", metric.strip())


def _recency(row: ValueMetric) -> tuple[date, date, int]:
    return (row.period_end_on or date.min, row.period_start_on or date.min, row.no)


def _gain(row: ValueMetric) -> Gain:
    value, baseline, rate = decimal(row.value), decimal(row.baseline), decimal(row.rate)
    currency = row.currency if row.currency in money.CURRENCIES else None
    change = None if value is None or baseline is None else value - baseline
    change_pct = change * 100 / abs(baseline) if change is not None and baseline else None
    worth = (
        None if value is None or rate is None or currency is None else money.to_minor(value * rate, currency)
    )
    found = {
        "value": value,
        "baseline": baseline,
        "period": row.period_end_on or row.period_start_on,
        "rate": rate,
        "currency": currency if rate is not None else "",  # a currency matters only with a rate
    }
    return Gain(
        row.metric.strip(),
        row.unit,
        value,
        baseline,
        change,
        change_pct,
        rate,
        currency,
        worth,
        row.period_start_on,
        row.period_end_on,
        _said(row),
        tuple(name for name, seen in found.items() if seen is None),
    )


def _said(row: ValueMetric) -> str | None:
    """What the customer said of it, in their words."""
    return (row.quote or "").strip() or None


def _totals(gains: tuple[Gain, ...]) -> tuple[WorthTotal, ...]:
    sums: dict[tuple[str, date | None, date | None], int] = {}
    for gain in gains:
        if gain.worth_minor is not None and gain.currency is not None:
            key = (gain.currency, gain.start_on, gain.end_on)
            sums[key] = sums.get(key, 0) + gain.worth_minor
    return tuple(WorthTotal(*key, minor) for key, minor in sums.items())


def _warnings(account: Account, gains: tuple[Gain, ...], planned: int) -> tuple[str, ...]:
    found = []
    if not gains:
        found.append(
            f"{account.name}: no value metrics are recorded; the value summary is left blank to fill in"
        )
    for gain in gains:
        lacking = [name for name in gain.missing if name in ("value", "period", "currency")]
        if lacking:
            found.append(f"{account.name}: value metric {gain.metric!r} has no usable {' or '.join(lacking)}")
    if planned:
        found.append(f"{account.name}: {planned} value metric(s) of periods not yet begun are left out")
    return tuple(found)
