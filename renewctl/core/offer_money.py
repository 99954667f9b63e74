"""What an offer comes to, month by month and to the cent (SAV-B, MONEY).

Months run from the day an offer begins to the end of the term it is reckoned over. A month costs a twelfth
of the price of a year, the remainder cents in the twelfth; where a price is given for another period, that
period's price is split the same way. A month that has begun by the offer's last day is charged at the offered
price, whole; after it the standard price is back. Amounts are minor units, each rounded half-even once.

Cash is reckoned against paying month by month: an invoice goes out on the first day of its billing period and
counts in the month in which it falls due, each further 30 days of payment terms beyond the usual 30 being a
month later.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from renewctl.core.dates import add_months
from renewctl.core.money import by_months, round_half_even

LESS_SCOPE = ("seats", "core_only")  # instruments that keep a part of what is used today
_ALL = Fraction(100)
_MONTH_DAYS = 30


class Deal(NamedTuple):
    """What is in force: the year's price, and the term an offer is reckoned over."""

    arr_minor: int
    currency: str
    from_on: date
    term_months: int
    rises_on: date | None = None  # the renewal at which a price that is not locked rises

    def on(self, months: int) -> date:
        """The first day of the month after so many."""
        return add_months(self.from_on, months)

    @property
    def ends_on(self) -> date:
        """The last day of the term."""
        return self.on(self.term_months) - timedelta(days=1)


class Terms(NamedTuple):
    """What is offered. Complete: nothing here hangs on a policy that may change later."""

    instrument: str
    until_on: date  # the last day it holds
    discount_pct: Fraction = Fraction(0)
    steps_pct: tuple[Fraction, ...] = ()  # a ramp: percent off in each step
    step_months: int = 0
    every_months: int = 1  # how often it is invoiced
    terms_days: int = _MONTH_DAYS
    standard_days: int = _MONTH_DAYS
    price_minor: int | None = None  # of the scope that stays, for `price_months`
    price_months: int = 12
    scope_list_minor: int | None = None  # what that scope is listed at, a year
    seats: int | None = None
    of_seats: int | None = None
    fee_minor: int = 0
    uplift_pct: Fraction = Fraction(0)  # what each renewal adds to the list price
    what: str = ""  # a commitment or a trial, in words
    expand_on: date | None = None
    recovers_on: date | None = None


class Month(NamedTuple):
    """One month of the term."""

    month: int  # 1, 2, …
    from_on: date
    list_minor: int
    price_minor: int
    cash_minor: int  # falls due in it
    annual_minor: int  # the year's price at which it is charged


class Quote(NamedTuple):
    """What an offer comes to over the term."""

    deal: Deal
    terms: Terms
    months: tuple[Month, ...]
    cash_after_minor: int  # falls due after the term
    list_minor: int
    price_minor: int
    cost_minor: int  # what is conceded: list less price, never under 0
    kept_minor: int  # ARR in force in the last month of the term
    lowest_minor: int  # ARR while the offer asks for least
    later_minor: int  # a year, or once for a fee: what comes back
    later_on: date | None  # from when
    discount_pct: Fraction  # the deepest, on the list price of the scope that stays


def quote(deal: Deal, terms: Terms) -> Quote:
    """SAV-4, SAV-B: every month's list price, price and cash, and what they add up to.

    `cost_minor` counts all that the customer pays less than today, a smaller scope too: it is contraction.
    """
    count = deal.term_months
    begins = [deal.on(at) for at in range(count)]
    running = [begin <= terms.until_on for begin in begins]
    lists = [by_months(_list_annual(deal, terms, begin))[at % 12] for at, begin in enumerate(begins)]
    prices = [_month(deal, terms, at) if running[at] else lists[at] for at in range(count)]
    cash, after = _cash(prices, running, begins, terms)
    annual = [
        _annual(deal, terms, at) if running[at] else _list_annual(deal, terms, begins[at])
        for at in range(count)
    ]
    lowest = min(annual)
    later, later_on = _later(deal, terms, lowest, deal.on(sum(running)))
    return Quote(
        deal,
        terms,
        tuple(
            Month(at + 1, begins[at], lists[at], prices[at], cash[at], annual[at]) for at in range(count)
        ),
        after,
        sum(lists),
        sum(prices),
        max(0, sum(lists) - sum(prices)),
        min(annual[-1], deal.arr_minor),  # a rise of the price is nothing kept
        lowest,
        later,
        later_on,
        max((_deepest(deal, terms, at) for at in range(count) if running[at]), default=Fraction(0)),
    )  # fmt: skip


def partial(deal: Deal, terms: Terms) -> bool:
    """Whether less scope stays than today: what needs an expansion path (SAV-B)."""
    return terms.instrument in LESS_SCOPE or _scope(deal, terms) < deal.arr_minor


def concedes(found: Quote) -> bool:
    """Whether an offer costs money: any month is cheaper than today, or a discount is stated."""
    return bool(found.cost_minor or found.discount_pct)


def break_even(
    value_minor: int, concession_minor: int, effort_minor: int, stays: Fraction
) -> Fraction | None:
    """DEFAULTS: the chance of keeping them from which an offer pays: (p0·V + effort) / (V − concession).

    V is the list price of the term, what it is worth to keep them; `stays` is p0, the chance that they stay
    without it, a fraction of 1. None where nothing is left to keep;
    1 or more: it never pays.
    """
    left = value_minor - concession_minor
    return (stays * value_minor + effort_minor) * Fraction(1, left) if left > 0 else None


def _list_annual(deal: Deal, terms: Terms, on: date) -> int:
    """The year's list price on a day: today's, raised at each renewal where rises are foregone."""
    rises = 0
    if terms.uplift_pct:
        first = deal.rises_on or deal.from_on
        while add_months(first, 12 * rises) <= on:
            rises += 1
    return round_half_even(deal.arr_minor * (1 + terms.uplift_pct / _ALL) ** rises)


def _scope(deal: Deal, terms: Terms) -> Fraction:
    """A year's price of the scope that stays, before any discount."""
    if terms.price_minor is not None:
        return Fraction(terms.price_minor * 12, terms.price_months)
    if terms.seats is not None and terms.of_seats:
        return Fraction(deal.arr_minor * terms.seats, terms.of_seats)
    return Fraction(deal.arr_minor)


def _off(terms: Terms, at: int) -> Fraction:
    """Percent off in the month of that index."""
    if not terms.steps_pct:
        return terms.discount_pct
    step = at // terms.step_months
    return terms.steps_pct[step] if step < len(terms.steps_pct) else Fraction(0)


def _annual(deal: Deal, terms: Terms, at: int) -> int:
    """A year's price at what the month of that index asks for."""
    if terms.price_minor is not None and terms.price_months != 12:
        return _period(terms, at) * 12 // terms.price_months
    return round_half_even(_scope(deal, terms) * (1 - _off(terms, at) / _ALL))


def _period(terms: Terms, at: int) -> int:
    return round_half_even((terms.price_minor or 0) * (1 - _off(terms, at) / _ALL))


def _month(deal: Deal, terms: Terms, at: int) -> int:
    """The price of the month of that index while the offer runs."""
    if terms.price_minor is not None and terms.price_months != 12:
        size = terms.price_months
        each, rest = divmod(_period(terms, at), size)
        return each + (rest if at % size == size - 1 else 0)
    return by_months(_annual(deal, terms, at))[at % 12]


def _deepest(deal: Deal, terms: Terms, at: int) -> Fraction:
    """Percent off the list price of the scope that stays, in the month of that index, unrounded.

    Never less than the discount that is stated. Where only a price is given and not what its scope is listed
    at, all of today's price counts.
    """
    scope = _scope(deal, terms)
    listed = Fraction(deal.arr_minor)
    if terms.scope_list_minor is not None:
        listed = Fraction(terms.scope_list_minor)
    elif terms.seats is not None and terms.of_seats:
        listed = Fraction(deal.arr_minor * terms.seats, terms.of_seats)
    elif terms.uplift_pct:
        listed = Fraction(_list_annual(deal, terms, deal.on(at)))
    if listed <= 0:
        return _off(terms, at)
    return max(_off(terms, at), _ALL - scope * (_ALL - _off(terms, at)) / listed)


def _cash(
    prices: Sequence[int], running: Sequence[bool], begins: Sequence[date], terms: Terms
) -> tuple[list[int], int]:
    """What falls due in each month, and after the last of them."""
    count = len(prices)
    late = max(0, terms.terms_days - 1) // _MONTH_DAYS - max(0, terms.standard_days - 1) // _MONTH_DAYS
    cash = [0] * count
    after = 0
    for at, price in enumerate(prices):
        due = at - at % terms.every_months + max(0, late) if running[at] else at
        if due < count:
            cash[due] += price
        else:
            after += price
    if terms.fee_minor:
        cash[max(at for at, begin in enumerate(begins) if begin <= terms.until_on)] += terms.fee_minor
    return cash, after


def _later(deal: Deal, terms: Terms, lowest: int, after: date) -> tuple[int, date | None]:
    """What comes back after the offer, and from when: a fee on its day, scope when they grow, a price.

    `after`: the first day of the first month that is charged at the standard price again.
    """
    if terms.fee_minor:
        return terms.fee_minor, terms.until_on
    back = _list_annual(deal, terms, after) - lowest
    if back <= 0:
        return 0, None
    return back, terms.expand_on if partial(deal, terms) and terms.expand_on else after
