"""An offer among what else holds: other offers of the same months, the case it is made on (SAV-4)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import case_file
from renewctl.core.intake import Refusal
from renewctl.core.model import Offer, SaveCase
from renewctl.core.offer_guards import Limit, Situation, bare, least_pct, needs_role, pct_of
from renewctl.core.offer_money import Quote, break_even
from renewctl.core.policy import Policy
from renewctl.core.text import fold


class Around(NamedTuple):
    """What holds on the day somebody decides on an offer."""

    case: SaveCase
    of: Situation  # with today's scenario
    others: Sequence[Offer] = ()  # of the account


def concession(offer: Offer) -> bool:
    """Whether an offer costs money; those that do not may stand beside any other."""
    return bool(Fraction(offer.discount_pct or 0) or offer.cost_minor)


def beside(
    contract_no: int | None, from_on: date, until_on: date | None, others: Sequence[Offer]
) -> list[Offer]:
    """SAV-4: the accepted concessions on the same contract that share a day with these, by number."""
    return [
        each
        for each in others
        if each.state == "accepted"
        and concession(each)
        and each.contract_no == contract_no
        and (until_on is None or each.from_on <= until_on)
        and (each.until_on is None or from_on <= each.until_on)
    ]


def total_pct(found: Quote, contract_no: int | None, others: Sequence[Offer]) -> Fraction:
    """SAV-4: a discount with those that were accepted beside it, in percent, never over 100; 0 where it is 0.

    Offers that are only approved are alternatives: the customer takes one of them.
    """
    if not found.discount_pct:
        return found.discount_pct
    same = beside(contract_no, found.deal.from_on, found.terms.until_on, others)
    return min(Fraction(100), found.discount_pct + sum(Fraction(each.discount_pct or 0) for each in same))


def never_pct(found: Quote, of: Situation, policy: Policy) -> Fraction:
    """SAV-4: the top limit of the ladder where an offer never breaks even at the chances shown; else 0."""
    stays = [of.stays] if of.stays is not None else [each / 100 for each in policy.offers.chances_pct]
    least = break_even(found.list_minor, found.cost_minor, of.effort_minor, min(stays))
    if not found.cost_minor or (least is not None and least < 1):
        return Fraction(0)
    return max(pct_of(role, policy) for role in policy.saves.approval_pct)


def needed_role(
    found: Quote,
    contract_no: int | None,
    others: Sequence[Offer],
    of: Situation,
    limit: Limit,
    policy: Policy,
) -> str | Refusal | None:
    """SAV-4: the role that has to approve an offer on a contract; None: it is within the limit.

    What counts is the most of its discount and scope, its discount with those accepted beside it, and
    whether it ever pays. Refused where no role of the ladder goes so far.
    """
    least = max(least_pct(found, policy), total_pct(found, contract_no, others), never_pct(found, of, policy))
    return needs_role(least, limit, policy)


def clash(offer: Offer, others: Sequence[Offer]) -> Refusal | None:
    """SAV-4: why an offer cannot be accepted beside another; None where none stands in its way."""
    if not concession(offer):
        return None
    for each in beside(offer.contract_no, offer.from_on, offer.until_on, others):
        return Refusal(
            "offer-beside",
            f"o{offer.no} and o{each.no}, which was accepted, are for the same contract and months: one "
            "concession at a time (SAV-4)",
            f"first take that one back: renewctl save withdraw o{each.no} --reason …; "
            f"or offer what begins after {each.until_on}",
        )
    return None


def closed(offer: Offer, case: SaveCase) -> Refusal | None:
    """That the case of an offer has ended; None while it runs."""
    if case_file.is_open(case):
        return None
    return Refusal(
        "save-closed",
        f"s{case.no} is closed as {case.state}; o{offer.no} belonged to it",
        f"take it back: renewctl save withdraw o{offer.no} --reason …",
    )


def same_person(one: str, other: str) -> bool:
    """Whether two names may be one person: letters and digits decide, however they are joined or hidden."""
    return one.strip() == other.strip() or _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return bare(name).replace(" ", "") or fold(name)
