"""The options sheet: what a customer may choose from, and nothing to fill it up (SAV-B, SAV-4)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.intake import Refusal
from renewctl.core.model import Contract, Offer, SaveCase
from renewctl.core.offer_guards import Situation, guards, least_limit, refusing
from renewctl.core.offer_money import Deal, Month, Quote, concedes, quote
from renewctl.core.offer_terms import Ask, end_of, misfit, settle
from renewctl.core.offer_together import beside, clash, needed_role
from renewctl.core.offer_words import after, give
from renewctl.core.offers import quote_of
from renewctl.core.policy import Policy

_MOST_OPTIONS = 3
_ANSWERED = ("pending", "accepted", "refused", "declined")  # states that leave nothing to propose


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


def options_sheet(
    deal: Deal,
    contract_no: int | None,
    offers: Sequence[Offer],
    of: Situation,
    policy: Policy,
    others: Sequence[Offer] = (),
) -> tuple[Option, ...]:
    """SAV-B: two or three structured alternatives for a customer, those that stand before those proposed.

    `offers` are those of the save's round, `others` all of the account; those on another contract are not
    of this sheet. The offers that are approved come first, the latest of each instrument, at most three in
    all; what the policy's `offers.sheet` proposes for the root cause on record fills up, where no rule
    refuses it and nobody has yet to answer that instrument, or did: nothing for a cause that it does not
    know, or before there is one (SAV-4). An option with `needs_role` is no offer yet: it must not reach a
    customer before it was asked for and approved. Fewer than two are no sheet yet.
    """
    mine = [each for each in offers if each.contract_no == contract_no]
    latest = {
        each.instrument: (each, found)
        for each in mine
        if (found := _standing(each, deal.from_on, of, policy, others)) is not None
    }
    kept = sorted(latest.values(), key=lambda each: each[0].no)[-_MOST_OPTIONS:]
    options = [_option(found, each.condition or "", policy, each.no, None) for each, found in kept]
    taken = {*latest, *(each.instrument for each in mine if each.state in _ANSWERED)}
    for name in (each for cause in of.recorded for each in policy.offers.sheet.get(cause, ())):
        if len(options) < _MOST_OPTIONS and name not in taken:
            options += _proposed(name, deal, contract_no, others, of, policy)
    return tuple(options)


def of_round(case: SaveCase, offers: Sequence[Offer]) -> list[Offer]:
    """Those offers of a save that were made since it was flagged, or since the last relapse (SAV-10)."""
    return [each for each in offers if each.asked_on >= case.flagged_on]


def contract_meant(contracts: Sequence[Contract], offers: Sequence[Offer]) -> Contract | None:
    """The open contract of the last offer that the customer has yet to answer; None where there is none."""
    opened = {each.no: each for each in contracts if each.state == "open"}
    waiting = [each.contract_no or 0 for each in offers if each.state in ("pending", "approved")]
    return next((opened[no] for no in reversed(waiting) if no in opened), None)


def _standing(
    offer: Offer, as_of: date, of: Situation, policy: Policy, others: Sequence[Offer]
) -> Quote | None:
    """What an offer that may be shown comes to: one approved, not ended, that could be accepted today."""
    if offer.state != "approved" or (offer.until_on is not None and offer.until_on < as_of):
        return None
    found = quote_of(offer)
    mine = of._replace(root_cause=offer.root_cause or "", condition=offer.condition or "")
    if found is None or refusing(guards(mine, found, policy.offers)) or clash(offer, others) is not None:
        return None
    return found


def _proposed(
    name: str, deal: Deal, contract_no: int | None, others: Sequence[Offer], of: Situation, policy: Policy
) -> list[Option]:
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
    role = needed_role(found, contract_no, others, of, least_limit(policy), policy)
    if isinstance(role, Refusal) or refusing(guards(of, found, rules)):
        return []
    if concedes(found) and beside(contract_no, deal.from_on, terms.until_on, others):
        return []  # one concession at a time
    return [_option(found, rules.gets[name], policy, None, role)]


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
