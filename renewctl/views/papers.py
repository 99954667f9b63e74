"""Offers and value summaries as pages: every amount, date and number written in the reader's language.

A page holds only text, numbers of items and None (unknown: the template prints a blank to fill).
Amounts show the ISO code in English, where `$` could be any of twenty currencies.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from renewctl.core.model import Account, Contract
from renewctl.core.policy import Policy
from renewctl.core.proposal import Proposal, Tier, Year
from renewctl.core.value import Gain, ValueSummary
from renewctl.views.wording import Writer

NONE = "–"  # not part of this offer, as against unknown


class Supplier(NamedTuple):
    """Who makes the offer, from the policy's optional `[supplier]`."""

    name: str | None
    address: str | None
    contact: str | None


class GainLine(NamedTuple):
    """One measured result; `change`, `before` and `worth` are None where not measured."""

    metric: str
    now: str | None  # value with its unit
    before: str | None
    change: str | None
    worth: str | None
    working: str | None  # how the worth came about: value x rate
    period: str | None


class TotalLine(NamedTuple):
    """What the gains of one currency and period are worth together."""

    worth: str
    period: str | None


class ValuePage(NamedTuple):
    """Everything a value summary prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    gains: tuple[GainLine, ...]
    totals: tuple[TotalLine, ...]
    quotes: tuple[str, ...]
    period: str | None  # of every gain; None when they differ, then each line says its own
    has_baseline: int  # 0/1: some gain has one, so the columns are worth showing
    has_worth: int


class YearCell(NamedTuple):
    """One tier's price of one contract year; `–` where the term is shorter."""

    price: str
    list_price: str | None  # only where a discount applies
    months: str | None  # only for a part year


class YearRow(NamedTuple):
    """One contract year across the tiers."""

    year: int
    period: str | None
    cells: tuple[YearCell, ...]


class TierColumn(NamedTuple):
    """One package. `–` marks what is not part of it."""

    tier: str  # good | better | best
    number: int
    term: str
    base: str
    expansion: str
    discount: str
    discount_amount: str
    annual: str
    annual_list: str | None  # only where a discount applies
    total: str
    list_total: str
    saving: str | None  # over the term
    notes: tuple[str, ...]


class ProposalPage(NamedTuple):
    """Everything a proposal prints; nothing internal is among it."""

    customer: str
    supplier: Supplier
    author: str | None
    reference: str
    date: str
    valid_until: str
    renewal_on: str | None
    current_price: str
    current_term: str | None
    seats: str | None
    tiers: tuple[TierColumn, ...]
    years: tuple[YearRow, ...]
    has_discount: int  # 0/1
    has_expansion: int
    value: ValuePage
    payment: str
    terms: str | None


def supplier(policy: Policy) -> Supplier:
    """The policy's `[supplier]`; what it does not say is left blank."""
    table: Mapping[str, Any] = policy.raw.get("supplier", {})
    return Supplier(*(str(table[key]).strip() or None if key in table else None for key in Supplier._fields))


def proposal_page(
    offer: Proposal, account: Account, contract: Contract, policy: Policy, lang: str, as_of: date
) -> ProposalPage:
    """The page of an offer that has a currency and at least one tier."""
    say = Writer(lang)
    currency = offer.currency or policy.base_currency
    tiers = tuple(_column(tier, number, currency, say) for number, tier in enumerate(offer.tiers, 1))
    seats = None if account.seats_purchased is None else say.number(Fraction(account.seats_purchased))
    return ProposalPage(
        account.name,
        supplier(policy),
        account.csm,
        f"{account.id}-{as_of:%Y%m%d}",
        say.day(as_of),
        say.day(offer.valid_until),
        say.day(offer.start_on) if offer.start_on else None,
        say.money(contract.arr_minor or 0, currency),
        say.months(offer.current_months) if offer.current_months else None,
        seats,
        tiers,
        _rows(offer.tiers, currency, say),
        int(any(tier.discount_pct for tier in offer.tiers)),
        int(any(tier.expansion_minor for tier in offer.tiers)),
        value_page(offer.value, account, policy, lang, as_of),
        say.days(policy.pricing.payment_days),
        _terms(policy, lang),
    )


def value_page(value: ValueSummary, account: Account, policy: Policy, lang: str, as_of: date) -> ValuePage:
    """The page of a value summary."""
    say = Writer(lang)
    periods = {(gain.start_on, gain.end_on) for gain in value.gains}
    return ValuePage(
        account.name,
        supplier(policy),
        account.csm,
        say.day(as_of),
        tuple(gain_line(gain, say) for gain in value.gains),
        tuple(
            TotalLine(say.money(total.minor, total.currency), say.period(total.start_on, total.end_on))
            for total in value.totals
        ),
        value.quotes,
        say.period(*periods.pop()) if len(periods) == 1 else None,
        int(any(gain.baseline is not None for gain in value.gains)),
        int(any(gain.worth_minor is not None for gain in value.gains)),
    )


def _column(tier: Tier, number: int, currency: str, say: Writer) -> TierColumn:
    discounted = tier.discount_pct > 0
    return TierColumn(
        tier.tier,
        number,
        say.months(tier.term_months),
        say.money(tier.base_minor, currency),
        say.money(tier.expansion_minor, currency) if tier.expansion_minor else NONE,
        say.percent(tier.discount_pct) if discounted else NONE,
        say.money(tier.annual_minor - tier.annual_list_minor, currency) if discounted else NONE,
        say.money(tier.annual_minor, currency),
        say.money(tier.annual_list_minor, currency) if discounted else None,
        say.money(tier.total_minor, currency),
        say.money(tier.list_total_minor, currency),
        say.money(tier.list_total_minor - tier.total_minor, currency) if discounted else None,
        tier.notes,
    )


def _rows(tiers: tuple[Tier, ...], currency: str, say: Writer) -> tuple[YearRow, ...]:
    longest = max(tiers, key=lambda tier: tier.term_months).years
    return tuple(
        YearRow(
            year.year,
            say.period(year.start_on, year.end_on),
            tuple(_cell(tier, year.year, currency, say) for tier in tiers),
        )
        for year in longest
    )


def _cell(tier: Tier, number: int, currency: str, say: Writer) -> YearCell:
    year: Year | None = tier.years[number - 1] if number <= len(tier.years) else None
    if year is None:
        return YearCell(NONE, None, None)
    return YearCell(
        say.money(year.price_minor, currency),
        say.money(year.list_minor, currency) if tier.discount_pct else None,
        say.months(year.months) if year.months < 12 else None,
    )


def gain_line(gain: Gain, say: Writer) -> GainLine:
    """One measured result, with how its worth came about."""

    def measured(number: Fraction | None) -> str | None:
        unit = (gain.unit or "").strip()
        gap = "" if unit in ("", "%") else " "
        return None if number is None else f"{say.number(number)}{gap}{unit}"

    change = None
    if gain.change is not None:
        change = say.number(gain.change, signed=True)
        if gain.change_pct is not None and gain.unit != "%":  # a percentage of a percentage misleads
            change += f" ({say.percent(gain.change_pct, places=1, signed=True)})"
    worth = working = None
    if gain.worth_minor is not None and gain.currency and gain.rate is not None:
        worth = say.money(gain.worth_minor, gain.currency)
        working = f"{measured(gain.value)} × {say.rate(gain.rate, gain.currency)}"
    return GainLine(
        gain.metric,
        measured(gain.value),
        measured(gain.baseline),
        change,
        worth,
        working,
        say.period(gain.start_on, gain.end_on),
    )


def _terms(policy: Policy, lang: str) -> str | None:
    terms = {tag.replace("_", "-").casefold(): text for tag, text in policy.pricing.terms.items()}
    return terms.get(lang.casefold()) or terms.get(lang.split("-")[0].casefold())
