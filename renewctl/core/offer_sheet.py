"""The options sheet: what a customer may choose from, and nothing to fill it up (SAV-B, SAV-4)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from renewctl.core.intake import Refusal
from renewctl.core.model import Offer
from renewctl.core.offer_guards import (
    LEAST_ROLE,
    Limit,
    Situation,
    guards,
    least_pct,
    needs_role,
    refusing,
)
from renewctl.core.offer_money import Deal, Month, Quote, quote
from renewctl.core.offer_terms import Ask, end_of, misfit, settle
from renewctl.core.offer_words import after, give
from renewctl.core.offers import quote_of
from renewctl.core.policy import Policy

_MOST_OPTIONS = 3


class Option(NamedTuple):
    """One structured alternative for a customer; with `needs_role` it is ours until that role agrees."""

    name: str
    instrument: str
    give: tuple[str, ...]
    get: tuple[str, ...]
    months: tuple[Month, ...]
    currency: str
    first_year_minor: int  # price of the first 12 months, or of the term where it is shorter
    total_minor: int  # price of the whole term
    today_minor: int  # what a year costs today
    begins_on: date
    ends_on: date
    after: str  # what holds then
    quote: Quote
    offer_no: int | None  # of an offer that is approved; None: proposed from the policy
    needs_role: str | None


def options_sheet(deal: Deal, offers: Sequence[Offer], of: Situation, policy: Policy) -> tuple[Option, ...]:
    """SAV-B: two or three structured alternatives for a customer, those that stand before those proposed.

    The save's offers that are approved come first, the latest of each instrument, at most three in all; what
    the policy's `offers.sheet` proposes for the root cause on record fills up, where no rule refuses it:
    nothing for a cause that it does not know, or before there is one (SAV-4). An option with `needs_role` is
    no offer yet: it must not reach a customer before it was asked for and approved. Fewer than two are no
    sheet yet.
    """
    latest = {
        each.instrument: (each, found)
        for each in offers
        if (found := _standing(each, deal.from_on, of, policy)) is not None
    }
    kept = sorted(latest.values(), key=lambda each: each[0].no)[-_MOST_OPTIONS:]
    options = [_option(found, each.condition or "", policy, each.no, None) for each, found in kept]
    for name in (each for cause in of.recorded for each in policy.offers.sheet.get(cause, ())):
        if len(options) < _MOST_OPTIONS and name not in latest:
            options += _proposed(name, deal, of, policy)
    return tuple(options)


def _standing(offer: Offer, as_of: date, of: Situation, policy: Policy) -> Quote | None:
    """What an offer that may be shown comes to: one approved, not ended, that no rule refuses today."""
    if offer.state != "approved" or (offer.until_on is not None and offer.until_on < as_of):
        return None
    found = quote_of(offer)
    mine = of._replace(root_cause=offer.root_cause or "", condition=offer.condition or "")
    return None if found is None or refusing(guards(mine, found, policy.offers)) else found


def _proposed(name: str, deal: Deal, of: Situation, policy: Policy) -> list[Option]:
    """An instrument at its usual figures, to the end of the term or of a recovery; none where refused."""
    rules = policy.offers
    ask = Ask(name)
    end = end_of(ask, deal, rules) or deal.ends_on
    if name == "bridge":
        ask = ask._replace(recovers_on=end)
    terms = settle(ask, rules, min(end, deal.ends_on))
    if misfit(ask, deal) is not None or isinstance(terms, Refusal):
        return []
    found = quote(deal, terms)
    role = needs_role(least_pct(found, policy), Limit(LEAST_ROLE, _least(policy)), policy)
    if isinstance(role, Refusal) or refusing(guards(of, found, rules)):
        return []
    return [_option(found, rules.gets[name], policy, None, role)]


def _least(policy: Policy) -> Fraction:
    return Fraction(str(policy.saves.approval_pct.get(LEAST_ROLE, 0)))


def _option(found: Quote, get: str, policy: Policy, no: int | None, role: str | None) -> Option:
    rules, name = policy.offers, found.terms.instrument
    return Option(
        rules.titles[name],
        name,
        give(found),
        (get,) if get else (),
        found.months,
        found.deal.currency,
        sum(each.price_minor for each in found.months[:12]),
        found.price_minor,
        found.deal.arr_minor,
        found.deal.from_on,
        found.terms.until_on,
        after(found),
        found,
        no,
        role,
    )
