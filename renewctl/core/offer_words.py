"""An offer in words: its terms in a sentence, what is promised with it, the commands that record it."""

from datetime import date
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.offer_guards import percent
from renewctl.core.offer_money import Quote, Terms, partial

_NO_REFIT = "no fee to set it up again"


class Step(NamedTuple):
    """From a day on, another price of a year is in force."""

    on: date
    arr_minor: int


def sentence(found: Quote) -> str:
    """The terms of an offer in a sentence, without its beginning and the way back, which stand beside it."""
    terms, code = found.terms, found.deal.currency
    said = _own(found)
    if terms.discount_pct and terms.instrument not in ("prepay", "bridge", "volume"):
        said += f", {percent(terms.discount_pct)} % off until {terms.until_on}"
    if terms.fee_minor:
        said += f" of {money.plain(terms.fee_minor, code)} due on {terms.until_on}"
    return said


def _own(found: Quote) -> str:
    """What the instrument itself says."""
    terms, name = found.terms, found.terms.instrument
    off, until = f"{percent(terms.discount_pct)} % off", f"until {terms.until_on}"
    if name == "ramp":
        return _ramp(terms)
    simple = {
        "prepay": f"{off} for the year paid in advance, {until}",
        "payment_terms": f"{terms.terms_days} days to pay instead of {terms.standard_days}, {until}",
        "bridge": f"{off} {until}, then the standard price",
        "volume": f"{off} {until} for the volume agreed",
        "deferred_fee": "the set-up fee",
        "price_lock": f"the price stays at {_annual(found, found.deal.arr_minor)} {until}",
        "roadmap": f"{terms.what}, delivered by {terms.until_on}",
        "trial": f"{terms.what or 'advanced features'} on trial {until}",
    }
    if name in simple:
        return simple[name]
    price = _annual(found, found.lowest_minor)
    if name == "billing_period":
        each = "month" if terms.every_months == 1 else f"{terms.every_months} months"
        if terms.price_minor is None:
            return f"invoiced every {each} {until}"
        return f"less scope, {money.plain(terms.price_minor, found.deal.currency)} every {each} {until}"
    if name == "core_only":
        return f"the core features only at {price} {until}"
    of = f"{terms.seats} of {terms.of_seats} seats" if terms.seats and terms.of_seats else "fewer seats"
    return f"{of} at {price} {until}"


def _annual(found: Quote, minor: int) -> str:
    return f"{money.plain(minor, found.deal.currency)} a year"


def _ramp(terms: Terms) -> str:
    parts = []
    for at, pct in enumerate(terms.steps_pct):
        first, last = at * terms.step_months + 1, (at + 1) * terms.step_months
        months = f"month {first}" if first == last else f"months {first} to {last}"
        parts.append(f"{percent(pct)} % off in {months}")
    return ", ".join(parts) + ", then the standard price"


def way_back(found: Quote) -> str:
    """SAV-B: when less scope may grow again, and that it costs nothing to; empty where none is kept back."""
    if not partial(found.deal, found.terms) or found.terms.expand_on is None:
        return ""
    return f"growing again is open from {found.terms.expand_on}, {_NO_REFIT}"


def promise_of(found: Quote) -> tuple[str, date]:
    """SAV-9: what an accepted offer promises and its day: when it is to be delivered, else applied at once.

    The end of an offer and the day to talk about growing again are its terms, not work to be kept.
    """
    delivered = found.terms.instrument == "roadmap"
    return give(found)[0], found.terms.until_on if delivered else found.deal.from_on


def steps(found: Quote) -> list[Step]:
    """The changes of ARR that an offer brings, in order; a contract is never changed without being told.

    What a renewal would have added to the price is no part of it.
    """
    changes, now = [], found.deal.arr_minor
    for month in found.months:
        arr = min(month.annual_minor, found.deal.arr_minor)
        if arr != now:
            changes.append(Step(month.from_on, arr))
            now = arr
    return changes


def give(found: Quote) -> tuple[str, ...]:
    """What we give, a line each, for the options sheet; the way back is what comes after."""
    said = sentence(found)
    return (said[0].upper() + said[1:],)


def after(found: Quote) -> str:
    """What holds when an offer has ended."""
    terms, deal = found.terms, found.deal
    if terms.fee_minor:
        return f"The fee of {money.plain(terms.fee_minor, deal.currency)} is paid; nothing else changes."
    if back := way_back(found):
        return f"G{back[1:]}."
    if found.later_minor:
        back = _annual(found, found.lowest_minor + found.later_minor)
        return f"The standard price of {back} is back from {found.later_on}."
    return "The usual terms hold again."
