"""The options sheet: two or three structured ways to go on, as the customer reads them (SAV-B)."""

from collections.abc import Callable, Iterable
from datetime import date
from itertools import groupby
from typing import NamedTuple

from renewctl.core.offer_money import Month, Quote, partial
from renewctl.core.offer_sheet import Option
from renewctl.views.papers import Supplier
from renewctl.views.save_letters import top
from renewctl.views.save_rows import Source, Teller, code

_YEAR = 12


class RampRow(NamedTuple):
    """One step of a ramp."""

    pct: str | None  # None: the standard price
    first: int  # month
    last: int


class PriceRow(NamedTuple):
    """Months that cost the same."""

    first: int
    last: int
    price: str


class OptionColumn(NamedTuple):
    """One way to go on. What an instrument does not have is None."""

    number: int
    instrument: str
    discount: str | None
    ramp: tuple[RampRow, ...]
    begins_on: str
    ends_on: str
    terms_days: int
    standard_days: int
    every_months: int
    price: str | None  # of the scope that stays, for a billing period or a year
    yearly: str  # while it asks for least
    seats: int | None
    of_seats: int | None
    fee: str | None
    what: str | None
    asks: tuple[str, ...]
    prices: tuple[PriceRow, ...]
    first_year: str | None  # None where the term is shorter
    total: str
    term: str
    today: str  # what a year costs today
    after: str  # fee | grow | standard | usual
    after_price: str | None
    after_on: str | None


class OptionsPage(NamedTuple):
    """Everything the options sheet prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    options: tuple[OptionColumn, ...]
    contract: str | None  # what all of them are about


def options_page(source: Source) -> OptionsPage:
    """SAV-B: what may be shown to the customer; an option that waits for somebody is none of it."""
    tell = Teller(source)
    shown = ready(source.options)
    columns = tuple(_column(number, each, tell) for number, each in enumerate(shown, 1))
    which = source.beside.contract
    return OptionsPage(*top(tell), columns, which.id if which else None)


def ready(found: Iterable[Option]) -> tuple[Option, ...]:
    """Those that need nobody's approval any more."""
    return tuple(each for each in found if each.needs_role is None)


def _column(number: int, option: Option, tell: Teller) -> OptionColumn:
    found, say = option.quote, tell.say
    terms, currency = found.terms, option.currency

    def money(minor: int) -> str:
        return say.money(minor, currency)

    after, minor, on = _after(found)
    return OptionColumn(
        number,
        code(option.instrument),
        say.percent(terms.discount_pct) if terms.discount_pct else None,
        tuple(
            RampRow(
                say.percent(pct) if pct else None, at * terms.step_months + 1, (at + 1) * terms.step_months
            )
            for at, pct in enumerate(terms.steps_pct)
        ),
        say.day(option.begins_on),
        say.day(option.ends_on),
        terms.terms_days,
        terms.standard_days,
        terms.every_months,
        None if terms.price_minor is None else money(terms.price_minor),
        money(found.lowest_minor),
        terms.seats,
        terms.of_seats,
        money(terms.fee_minor) if terms.fee_minor else None,
        terms.what or None,
        tuple(tell.said(each) for each in option.get),
        _prices(option.months, money),
        money(option.first_year_minor) if found.deal.term_months >= _YEAR else None,
        money(option.total_minor),
        say.months(found.deal.term_months),
        money(option.today_minor),
        after,
        None if minor is None else money(minor),
        None if on is None else say.day(on),
    )


def _prices(months: Iterable[Month], money: Callable[[int], str]) -> tuple[PriceRow, ...]:
    """Runs of months of one price, to the cent."""
    rows = []
    for price, run in groupby(months, key=lambda month: month.price_minor):
        same = list(run)
        rows.append(PriceRow(same[0].month, same[-1].month, money(price)))
    return tuple(rows)


def _after(found: Quote) -> tuple[str, int | None, date | None]:
    """What holds afterwards, with the price and the day of it."""
    terms = found.terms
    if terms.fee_minor:
        return "fee", terms.fee_minor, terms.until_on
    if partial(found.deal, terms):
        return "grow", None, terms.expand_on
    if found.later_minor:
        return "standard", found.lowest_minor + found.later_minor, found.later_on
    return "usual", None, None
