"""What to offer at a renewal, at what price, and what to warn the seller of (PRP, BND, MYR).

Three packages: `good` is the renewal on current terms, `better` adds a share of the expansion
potential, `best` adds all of it and a longer term at a discount. Nothing is priced that no data
supports: a tier without its data is left out and named.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.dates import add_months
from renewctl.core.model import Account, Contract, ValueMetric
from renewctl.core.policy import Policy, PricingRules
from renewctl.core.timeline import anchor
from renewctl.core.value import ValueSummary, value_summary

TIERS = ("good", "better", "best")


class Year(NamedTuple):
    """The price of one contract year; the last one may cover fewer than 12 months."""

    year: int  # 1, 2, …
    price_minor: int
    list_minor: int  # before the discount
    months: int
    start_on: date | None
    end_on: date | None  # last day covered


class Tier(NamedTuple):
    """One package. `discount_pct` is on the renewal base, never on the expansion."""

    tier: str  # good | better | best
    term_years: int  # contract years begun: the length of `years`
    term_months: int
    years: tuple[Year, ...]
    annual_minor: int  # price of a full year
    annual_list_minor: int  # the same before the discount
    total_minor: int  # sum of the years' prices
    list_total_minor: int
    discount_pct: Fraction
    base_minor: int  # the renewal base of a full year
    expansion_minor: int  # part of the annual list price that is new scope
    notes: tuple[str, ...]  # unchanged | expansion | multiyear


class Proposal(NamedTuple):
    """An offer for one renewal. `warnings` are internal and never enter the customer's document."""

    currency: str | None
    tiers: tuple[Tier, ...]
    value: ValueSummary
    current_months: int | None  # None: the contract's term is unknown
    start_on: date | None  # first day of the new term
    valid_until: date
    left_out: tuple[str, ...]  # tiers that were wanted and lack data
    warnings: tuple[str, ...]
    refused: tuple[str, str] | None  # (code, why) when nothing can be priced; then no tiers


def proposal(
    account: Account,
    contract: Contract,
    *,
    opportunity: str | None,
    band: str | None,
    metrics: Iterable[ValueMetric],
    tiers: Sequence[str] | None,
    policy: Policy,
    as_of: date,
) -> Proposal:
    """What can be offered for this renewal on `as_of`: tiers, prices, validity, warnings.

    `tiers` are those asked for; None leaves the choice to the rules: all three, and `good` alone for
    an account at risk. Prices are in the contract's currency. Rules: PRP-1, BND-1, BND-2, MYR-1.
    """
    value = value_summary(account, metrics, as_of)
    currency = contract.currency or account.currency
    refused = _refusal(account, contract, currency)
    if refused or contract.arr_minor is None or currency is None:
        return Proposal(
            currency, (), value, contract.term_months, contract.renewal_on, as_of, (), (), refused
        )
    at_risk = opportunity == "at_risk" or band == "red"
    wanted = [tier for tier in TIERS if tier in (tiers if tiers is not None else TIERS)]
    warnings: list[str] = []
    if tiers is None and at_risk:
        wanted = ["good"]
        warnings.append(
            f"{account.name} is at risk: only good is offered (BND-1, MYR-1); ask for tiers to override"
        )
    lacking = _no_expansion(account, currency)
    left_out = tuple(tier for tier in wanted if tier != "good") if lacking else ()
    if left_out:
        warnings.append(f"{account.name}: {' and '.join(left_out)} left out: {lacking}")
    offered = tuple(
        _tier(tier, contract, contract.arr_minor, account.expansion_minor or 0, policy)
        for tier in wanted
        if tier not in left_out
    )
    warnings += _cautions(account, contract, offered, at_risk, band, policy, as_of)
    return Proposal(
        currency,
        offered,
        value,
        contract.term_months,
        contract.renewal_on,
        _valid_until(contract, policy.pricing, as_of),
        left_out,
        (*warnings, *value.warnings),
        None,
    )


def discount_for(years: int, pricing: PricingRules) -> Fraction:
    """The default discount, in percent, of a term of `years`: that of the longest listed term within it."""
    listed = [term for term in pricing.discount_pct if term <= years]
    return pricing.discount_pct[max(listed)] if listed else Fraction(0)


def cut_back(discount_pct: Fraction, base_minor: int, room_minor: Fraction) -> Fraction:
    """The largest discount, in percent and at most `discount_pct`, that takes no more than `room_minor`.

    Rounded down to a hundredth of a percent, so that the percentage printed is the one applied.
    """
    if base_minor <= 0 or room_minor <= 0:
        return Fraction(0)
    if discount_pct * base_minor <= room_minor * 100:
        return discount_pct
    return Fraction(int(room_minor * 100 * 100 / base_minor), 100)


def _refusal(account: Account, contract: Contract, currency: str | None) -> tuple[str, str] | None:
    if contract.arr_minor is None:
        return (
            "arr-unknown",
            f"{account.name}: the ARR of contract {contract.id} is unknown: nothing can be priced",
        )
    if contract.arr_minor < 0:
        return (
            "arr-negative",
            f"{account.name}: the ARR of contract {contract.id} is negative: nothing can be priced",
        )
    if currency is None:
        return "currency-unknown", f"{account.name}: the currency of contract {contract.id} is unknown"
    return None


def _no_expansion(account: Account, currency: str) -> str:
    """Why the expansion tiers cannot be priced; empty when they can."""
    if account.expansion_minor is None:
        return "the expansion potential (expansion_arr) is unknown"
    if account.expansion_minor <= 0:
        return "the expansion potential (expansion_arr) is not above zero"
    if account.currency not in (None, currency):
        return f"the expansion potential is in {account.currency}, the contract in {currency}"
    return ""


def _tier(tier: str, contract: Contract, base: int, potential: int, policy: Policy) -> Tier:
    pricing = policy.pricing
    current = contract.term_months or policy.usual_term_months
    shares = {"good": Fraction(0), "better": pricing.better_share, "best": pricing.best_share}
    expansion = potential * shares[tier]
    months, pct, notes = current, Fraction(0), ["unchanged" if tier == "good" else "expansion"]
    if tier == "best":
        # Never shorter than what the customer has today, and in whole years.
        months = 12 * max(pricing.best_years, -(-current // 12))
        room = potential * (pricing.best_share - pricing.better_share)
        pct = cut_back(discount_for(months // 12, pricing), base, room)
        notes.append("multiyear")
    annual_list = money.round_half_even(base + expansion)
    annual = money.round_half_even(base * (1 - pct / 100) + expansion)
    years = _years(contract, months, annual, annual_list)
    return Tier(
        tier,
        len(years),
        months,
        years,
        annual,
        annual_list,
        sum(year.price_minor for year in years),
        sum(year.list_minor for year in years),
        pct,
        base,
        annual_list - base,
        tuple(notes),
    )


def _years(contract: Contract, months: int, annual: int, annual_list: int) -> tuple[Year, ...]:
    prices, lists = money.by_months(annual, months), money.by_months(annual_list, months)
    found = []
    for first in range(0, months, 12):
        last = min(first + 12, months)
        start = _month_on(contract, first)
        end = _month_on(contract, last)
        found.append(
            Year(
                first // 12 + 1,
                sum(prices[first:last]),
                sum(lists[first:last]),
                last - first,
                start,
                end - timedelta(days=1) if end else None,
            )
        )
    return tuple(found)


def _month_on(contract: Contract, months: int) -> date | None:
    if contract.renewal_on is None:
        return None
    return add_months(contract.renewal_on, months, contract.renewal_day)


def _valid_until(contract: Contract, pricing: PricingRules, as_of: date) -> date:
    """The policy's days from today, but not past the last day to decide while that lies ahead.

    That is the renewal date, and the opt-out deadline before it where the contract renews tacitly.
    """
    until = as_of + timedelta(days=pricing.valid_days)
    ends = [] if contract.renewal_on is None else [contract.renewal_on]
    return min([until, *(day for day in (*ends, *_deadline(contract)) if day >= as_of)])


def _deadline(contract: Contract) -> list[date]:
    """The opt-out deadline, where there is one."""
    if contract.renewal_on is None:
        return []
    day, name = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    return [day] if name == "opt_out_deadline" else []


def _cautions(
    account: Account,
    contract: Contract,
    offered: tuple[Tier, ...],
    at_risk: bool,
    band: str | None,
    policy: Policy,
    as_of: date,
) -> list[str]:
    found = []
    names = [tier.tier for tier in offered]
    if at_risk and "better" in names:
        found.append(f"{account.name} is at risk: keep expansion apart from the renewal (BND-1)")
    if at_risk and "best" in names:
        found.append(
            f"{account.name} is at risk: not a candidate for a multi-year deal or bundle (BND-1, MYR-1)"
        )
    if not at_risk and band != "green" and len(names) > names.count("good"):
        seen = band or "unknown"
        found.append(f"{account.name}: health is {seen}; bundle expansion only where it is good (BND-1)")
    for tier in offered:
        usual = discount_for(tier.term_years, policy.pricing)
        if tier.tier == "best" and tier.discount_pct < usual:
            found.append(
                f"{account.name}: best's discount is {float(tier.discount_pct):g} %, not {float(usual):g} %, "
                "so that its first year costs no less than better's"
            )
    if contract.term_months is None:
        found.append(
            f"{account.name}: the term of contract {contract.id} is unknown; "
            f"{policy.usual_term_months} months are offered"
        )
    if contract.renewal_on is None:
        found.append(
            f"{account.name}: the renewal date of contract {contract.id} is unknown; left blank to fill in"
        )
    elif contract.renewal_on < as_of:
        found.append(
            f"{account.name}: contract {contract.id} was due on {contract.renewal_on}, before this offer"
        )
    elif any(day < as_of for day in _deadline(contract)):
        found.append(
            f"{account.name}: the opt-out deadline of contract {contract.id} was {_deadline(contract)[0]}; "
            f"it renews by itself on {contract.renewal_on}, whatever becomes of this offer"
        )
    if contract.arr_minor == 0:
        found.append(f"{account.name}: the ARR of contract {contract.id} is zero; the renewal is priced at 0")
    return found
