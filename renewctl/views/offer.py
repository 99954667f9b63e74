"""Offers and value summaries for people at a terminal and for scripts; papers for customers are elsewhere."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from renewctl.core import money
from renewctl.core.model import Account, Contract
from renewctl.core.proposal import Proposal
from renewctl.core.value import Gain, ValueSummary
from renewctl.views.terminal import aligned, safe


def proposal_document(
    offer: Proposal,
    account: Account,
    contract: Contract,
    lang: str,
    files: Sequence[str],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """The offer as `renewctl/proposal/1`: amounts in currency units, `discount_pct` on the renewal base."""
    currency = offer.currency or ""

    def units(minor: int) -> int | float:
        return money.to_units(minor, currency)

    tiers = [
        {
            "tier": tier.tier,
            "term_years": tier.term_years,
            "term_months": tier.term_months,
            "years": [{"year": year.year, "price": units(year.price_minor)} for year in tier.years],
            "total": units(tier.total_minor),
            "discount_pct": _plain(tier.discount_pct),
            "list_total": units(tier.list_total_minor),
            "expansion": units(tier.expansion_minor),
        }
        for tier in offer.tiers
    ]
    return {
        "schema": "renewctl/proposal/1",
        "account": account.id,
        "account_name": account.name,
        "contract": contract.id,
        "lang": lang,
        "currency": currency,
        "valid_until": offer.valid_until.isoformat(),
        "files": list(files),
        "tiers": tiers,
        "left_out": list(offer.left_out),
        "warnings": list(warnings),
    }


def value_document(
    value: ValueSummary, account: Account, lang: str, files: Sequence[str], warnings: Sequence[str]
) -> dict[str, Any]:
    """The value summary as `renewctl/value/1`; what was not measured is null."""
    return {
        "schema": "renewctl/value/1",
        "account": account.id,
        "account_name": account.name,
        "lang": lang,
        "files": list(files),
        "metrics": [_metric(gain) for gain in value.gains],
        "totals": [
            {
                "currency": total.currency,
                "worth": money.to_units(total.minor, total.currency),
                "period_start": total.start_on.isoformat() if total.start_on else None,
                "period_end": total.end_on.isoformat() if total.end_on else None,
            }
            for total in value.totals
        ],
        "quotes": list(value.quotes),
        "warnings": list(warnings),
    }


def _metric(gain: Gain) -> dict[str, Any]:
    known = gain.worth_minor is not None and gain.currency is not None
    return {
        "metric": gain.metric,
        "value": _plain(gain.value),
        "unit": gain.unit,
        "baseline": _plain(gain.baseline),
        "change": _plain(gain.change),
        "rate": _plain(gain.rate),
        "currency": gain.currency,
        "worth": money.to_units(gain.worth_minor or 0, gain.currency or "") if known else None,
        "period_start": gain.start_on.isoformat() if gain.start_on else None,
        "period_end": gain.end_on.isoformat() if gain.end_on else None,
        "quote": gain.quote,
        "missing": list(gain.missing),
    }


def proposal_lines(offer: Proposal, account: Account, contract: Contract) -> list[str]:
    """The offer in a few lines: one per tier."""
    currency = offer.currency or ""
    rows = []
    for tier in offer.tiers:
        months = tier.term_months
        term = f"{months // 12} y" if months % 12 == 0 else f"{months} months"
        off = f"{_plain(tier.discount_pct)} % off the renewal base" if tier.discount_pct else ""
        total = f"{money.plain(tier.total_minor, currency)} in all"
        rows.append(
            [f"  {tier.tier}", term, f"{money.plain(tier.annual_minor, currency)} a year", total, off]
        )
    renews = f"renews {contract.renewal_on}" if contract.renewal_on else "renewal date unknown"
    title = f"{safe(account.name)} ({safe(contract.id)}), {renews}, offer valid until {offer.valid_until}"
    return [title, *(line.rstrip() for line in aligned(rows, frozenset({2, 3})))]


def value_lines(value: ValueSummary, account: Account) -> list[str]:
    """The measured results, one line each, then what they are worth."""
    rows = []
    for gain in value.gains:
        unit = f" {safe(gain.unit)}" if gain.unit else ""
        now = "not measured" if gain.value is None else f"{_grouped(gain.value)}{unit}"
        before = "" if gain.baseline is None else f"before: {_grouped(gain.baseline)}"
        worth = ""
        if gain.worth_minor is not None and gain.currency:
            worth = f"worth {money.plain(gain.worth_minor, gain.currency)}"
        rows.append([f"  {safe(gain.metric)}", now, before, worth])
    totals = []
    for total in value.totals:
        days = " to ".join(str(day) for day in (total.start_on, total.end_on) if day)
        totals.append(
            f"  {money.plain(total.minor, total.currency)} measured worth{', ' + days if days else ''}"
        )
    return [safe(account.name), *(line.rstrip() for line in aligned(rows, frozenset({1}))), *totals]


def _plain(number: Fraction | None) -> int | float | None:
    """A number as JSON shows it: whole ones without a point."""
    if number is None:
        return None
    return number.numerator if number.denominator == 1 else float(number)


def _grouped(number: Fraction) -> str:
    return f"{_plain(number):,}"
