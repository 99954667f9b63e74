"""What a customer gets for its money: measured worth beside the price of the same time (SAV-V, SAV-3).

The worth comes from value metrics, the cost from the price of the contract. Nothing is estimated: where a
period, a currency or a rate is not on record, there is no return.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.dates import add_months
from renewctl.core.edits import amount
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Contract, ValueMetric
from renewctl.core.text import fold
from renewctl.core.value import Gain, ValueSummary, value_summary

KINDS = ("time", "revenue", "cost", "other")  # of gains, in the order of the sheet
_TIME = frozenset(
    ("h", "hr", "hrs", "hour", "hours", "hora", "horas", "min", "minute", "minutes", "minuto", "minutos")
)
_WORDS = {
    "revenue": re.compile(r"\b(revenue|sales|upsell|receita|receitas|venda|vendas|faturamento)\b"),
    "cost": re.compile(
        r"\b(costs?|avoided|savings?|spend|expenses?|custos?|evitad[oa]s?|economias?|despesas?|gastos?)\b"
    ),
}
_YEAR_DAYS, _YEAR_MONTHS = 365, 12
CHEAPEST = "cheapest-way"  # the question of the value playbook that asks for an amount a year


class Group(NamedTuple):
    """Gains of one kind."""

    kind: str  # of KINDS
    gains: tuple[Gain, ...]


class Span(NamedTuple):
    """How long a period is, as its share of a year: `units` of `of` (12 months or 365 days)."""

    units: int
    of: int


class Return(NamedTuple):
    """Measured worth of one period beside the price of that period; None where it cannot be told."""

    start_on: date | None
    end_on: date | None
    currency: str
    worth_minor: int
    span: Span | None
    cost_minor: int | None  # price a year x span, rounded half to even once
    net_minor: int | None
    pct: Fraction | None  # net / cost, in percent


class OtherWay(NamedTuple):
    """What the cheapest other way takes a year, where the investigation noted an amount and no prose."""

    minor: int
    currency: str
    found_on: date
    less_minor: int | None  # it less the price; None where the price is unknown or of another currency


class Roi(NamedTuple):
    """Everything an ROI sheet rests on."""

    price_minor: int | None  # a year; None too where `others` have prices of their own
    currency: str | None
    value: ValueSummary
    groups: tuple[Group, ...]  # those with gains
    returns: tuple[Return, ...]
    alternatives: tuple[
        tuple[Gain, Return | None], ...
    ]  # what another way takes; None where it has no amount
    idle_seats: int | None  # bought and not used
    other_way: OtherWay | None = None  # where no value metric tells of an alternative
    others: int = 0  # open contracts beside the one of the case
    price_since: date | None = None  # when the price began, where there was another before it

    def paid_otherwise(self, start_on: date | None) -> bool:
        """Whether another price was paid when a period began."""
        return _paid_otherwise(start_on, self.price_since)


def roi(
    account: Account,
    contract: Contract | None,
    metrics: Iterable[ValueMetric],
    as_of: date,
    answer: tuple[str, date] | None = None,
    others: int = 0,
    price_since: date | None = None,
) -> Roi:
    """Worth and cost of `account` under `contract` as of a day, as far as they are on record.

    `answer` is what was found under CHEAPEST, and when. Worth is measured of the account: where `others`,
    open contracts beside this one, have prices too, the price of this one alone is set beside nothing. Nor is
    it set beside what was measured before `price_since`, when another was paid.
    """
    value = value_summary(account, metrics, as_of)
    price = contract.arr_minor if contract and not others else None
    currency = (contract.currency if contract else None) or account.currency
    bought, used = account.seats_purchased, account.seats_used
    idle = bought - used if bought is not None and used is not None and bought > used else None
    return Roi(
        price,
        currency,
        value,
        tuple(
            Group(kind, found)
            for kind in KINDS
            if (found := tuple(gain for gain in value.gains if kind_of(gain) == kind))
        ),
        tuple(
            _return(
                None if _paid_otherwise(total.start_on, price_since) else price,
                currency,
                total.minor,
                total.currency,
                (total.start_on, total.end_on),
            )
            for total in value.totals
        ),
        tuple((gain, _alternative(price, currency, gain)) for gain in value.alternatives),
        idle,
        None if value.alternatives or answer is None else _other_way(*answer, price, currency),
        others,
        price_since,
    )


def _paid_otherwise(start_on: date | None, price_since: date | None) -> bool:
    return price_since is not None and (start_on or date.min) < price_since


def _other_way(said: str, found_on: date, price: int | None, currency: str | None) -> OtherWay | None:
    """An answer that is an amount as a whole, in its currency or else the contract's; None of any other."""
    read = amount(said, currency or "")
    if isinstance(read, Refusal) or not read[0] or not read[1]:
        return None
    minor, of = read[0], read[1]
    return OtherWay(minor, of, found_on, minor - price if price is not None and of == currency else None)


def kind_of(gain: Gain) -> str:
    """SAV-V: hours at a rate are time saved; revenue and avoided cost are known by the metric's name."""
    if fold(gain.unit or "") in _TIME and gain.rate is not None:
        return "time"
    name = fold(gain.metric)
    return next((kind for kind, words in _WORDS.items() if words.search(name)), "other")


def span(start_on: date | None, end_on: date | None) -> Span | None:
    """A period from its first to its last day: whole calendar months where it is so long, else days."""
    if start_on is None or end_on is None or not start_on <= end_on < date.max:
        return None
    after = end_on + timedelta(days=1)
    months = (after.year - start_on.year) * _YEAR_MONTHS + after.month - start_on.month
    if months > 0 and add_months(start_on, months) == after:
        return Span(months, _YEAR_MONTHS)
    return Span((after - start_on).days, _YEAR_DAYS)


def _return(
    price: int | None, currency: str | None, worth: int, of: str, period: tuple[date | None, date | None]
) -> Return:
    share = span(*period)
    if price is None or share is None or of != currency:
        return Return(*period, of, worth, share, None, None, None)
    cost = money.share(price, share.units, share.of)
    return Return(
        *period, of, worth, share, cost, worth - cost, Fraction((worth - cost) * 100, cost) if cost else None
    )


def _alternative(price: int | None, currency: str | None, gain: Gain) -> Return | None:
    if gain.worth_minor is None or gain.currency is None:
        return None
    return _return(price, currency, gain.worth_minor, gain.currency, (gain.start_on, gain.end_on))
