"""Offers to a customer at risk: drafted within the rules, approved by who may, accepted or not (SAV-4).

An offer stores its terms complete, as canonical JSON, so that its money can be reckoned again whatever the
policy says by then. What it comes to is in `core.offer_money`, where it stops in `core.offer_guards`.
"""

import json
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.case_file import is_open
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Change, Contract, Offer, SaveCase
from renewctl.core.offer_guards import (
    Guard,
    Limit,
    Situation,
    guards,
    least_pct,
    less_scope,
    limit_of,
    naked,
    pct_of,
    percent,
    refusing,
)
from renewctl.core.offer_money import Deal, Quote, Terms, quote
from renewctl.core.offer_terms import NEEDS, Ask, end_of, settle
from renewctl.core.offer_together import Around, clash, closed, needed_role, same_person
from renewctl.core.offer_words import promise_of
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy
from renewctl.core.promises import promise

# Action -> (states it starts from, the state it leads to). Everything else is final.
_ACTIONS = {
    "approve": (("pending",), "approved"),
    "refuse": (("pending",), "refused"),
    "accept": (("approved",), "accepted"),
    "decline": (("approved",), "declined"),
    "withdraw": (("pending", "approved", "accepted"), "withdrawn"),
}


class Draft(NamedTuple):
    """An offer as it would be recorded, with everything to judge it by."""

    offer: Offer
    quote: Quote
    guards: tuple[Guard, ...]
    limit: Limit  # of who asks


def draft(
    no: int,
    case: SaveCase,
    account: Account,
    contract: Contract,
    deal: Deal,
    ask: Ask,
    of: Situation,
    policy: Policy,
    actor: str,
    as_of: date,
    others: Sequence[Offer] = (),
) -> Draft | Refusal:
    """SAV-4: an offer on a running save, approved where the asker may grant it, else pending.

    Refused: naked or unlimited ones, discounts without a known cause or where none repairs it, bridges
    without a recovery in sight, less scope without a way back, what cannot pay, what nobody may grant.
    `ask` fits its instrument (see `offer_terms.misfit`); `others` are the offers of the account.
    """
    rules = policy.offers
    until_on = naked(of, end_of(ask, deal, rules), rules)
    if isinstance(until_on, Refusal):
        return until_on
    if until_on < as_of:
        return Refusal("offer-ended", f"it would have ended on {until_on}", "give a later end or --from")
    terms = settle(ask, rules, until_on)
    if isinstance(terms, Refusal):
        return terms
    found = quote(deal, terms)
    verdicts = guards(of, found, rules)
    if refused := refusing(verdicts):
        return _refusal(refused)
    limit = limit_of(actor, account, policy)
    role = needed_role(found, contract.no, others, of, limit, policy)
    if isinstance(role, Refusal):
        return role
    verdicts = (*verdicts, *less_scope(found, limit, policy))
    offer = Offer(
        no, account.no, case.no, contract.no, terms.instrument, terms_text(found), of.root_cause,
        of.condition, deal.from_on, until_on, deal.currency, deal.arr_minor, found.kept_minor,
        found.cost_minor, found.later_minor, percent(found.discount_pct),
        "approved" if role is None else "pending", role, as_of, actor, None, None, None,
    )  # fmt: skip
    return Draft(offer, found, verdicts, limit)


def decide(
    offer: Offer,
    action: str,
    actor: str,
    account: Account,
    policy: Policy,
    as_of: date,
    note: str | None,
    around: Around,
) -> list[Change] | Refusal:
    """The next state of an offer by a legal step; nothing where it stands there already.

    SAV-4: approving and refusing is for who may grant its discount, and never for who asked for it; one that
    waits for approval cannot be accepted, nor one that has ended, that a rule refuses by now, or that comes
    on top of another. Neither is done once the case has ended.
    """
    starts, wanted = _ACTIONS[action]
    if offer.state == wanted:
        return []
    if offer.state not in starts:
        return _illegal(offer, action, actor, account, policy, around)
    if action in ("approve", "accept") and (refused := closed(offer, around.case)) is not None:
        return refused
    if (
        action in ("approve", "refuse")
        and (refused := _not_theirs(offer, actor, account, policy)) is not None
    ):
        return refused
    if action == "accept" and offer.until_on is not None and offer.until_on < as_of:
        return Refusal("offer-ended", f"o{offer.no} ended on {offer.until_on}", _another(offer))
    if action == "accept" and (refused := _not_now(offer, policy, around)) is not None:
        return refused
    now = {"state": wanted, "decided_on": as_of, "decided_by": actor, "note": note or offer.note}
    before = offer._asdict()
    return [Change("offer", (offer.no,), offer.account_no, {name: before[name] for name in now}, now)]


def _not_now(offer: Offer, policy: Policy, around: Around) -> Refusal | None:
    """Why an approved offer may not be accepted any more: today's rules, or another that was accepted."""
    found = quote_of(offer)
    if found is not None and (refused := refusing(guards(around.of, found, policy.offers))):
        said = _refusal(refused)  # its hint is for whoever makes an offer
        return said._replace(message=f"o{offer.no}: {said.message}", hint=f"take it back: {_withdraw(offer)}")
    return clash(offer, around.others)


def _refusal(refused: Sequence[Guard]) -> Refusal:
    said = "; ".join(f"{each.reason} ({each.rule})" for each in refused)
    return Refusal("offer-refused", said, "; ".join(each.add for each in refused))


def _illegal(
    offer: Offer, action: str, actor: str, account: Account, policy: Policy, around: Around
) -> Refusal:
    if offer.state == "pending":
        refused = _not_theirs(offer, actor, account, policy)
        return Refusal(
            "offer-pending",
            f"o{offer.no} waits for a {offer.needs_role}; before that it cannot be {_ACTIONS[action][1]}",
            f"renewctl save approve o{offer.no}" if refused is None else refused.hint,
        )
    if offer.state == "approved":
        return Refusal("offer-approved", f"o{offer.no} needs no approval", _withdraw(offer))
    way = _another(offer) if is_open(around.case) else f"renewctl save show s{around.case.no}"
    return Refusal("offer-closed", f"o{offer.no} is {offer.state}", way)


def _withdraw(offer: Offer) -> str:
    return f"renewctl save withdraw o{offer.no} --reason …"


def _another(offer: Offer) -> str:
    """How one like it is made, with what its instrument cannot do without."""
    needs = " ".join(("", *(f"{option} {value}" for option, value in NEEDS.get(offer.instrument, ()))))
    words = f"--instrument {offer.instrument}{needs} --condition TEXT --until DATE"
    return f"make another: renewctl save offer s{offer.save_no} {words}"


def _not_theirs(offer: Offer, actor: str, account: Account, policy: Policy) -> Refusal | None:
    """Why an actor may not decide on an offer; None where they may."""
    if same_person(actor, offer.asked_by):
        return Refusal(
            "own-offer",
            f"{actor} asked for o{offer.no}; somebody else has to approve it (SAV-4)",
            f"a {offer.needs_role} decides; take it back with: {_withdraw(offer)}"
            + _unless_set(offer, account, policy),
        )
    pct, least = _counted(offer, policy)
    limit = limit_of(actor, account, policy)
    if least > limit.pct >= pct:
        return Refusal(
            "over-limit", f"{actor} ({limit.role}) may not grant less scope; o{offer.no} takes some away",
            f"a {offer.needs_role} has to decide (SAV-4)" + _unless_set(offer, account, policy),
        )  # fmt: skip
    if pct > limit.pct:
        return Refusal(
            "over-limit",
            f"{actor} may grant {percent(limit.pct)} % ({limit.role}); o{offer.no} takes {percent(pct)} %",
            f"a {offer.needs_role} has to decide (SAV-4)" + _unless_set(offer, account, policy),
        )
    if limit.pct < pct_of(offer.needs_role, policy):
        return Refusal(
            "over-limit",
            f"{actor} ({limit.role}) may not grant o{offer.no}: it never breaks even, or adds to another",
            f"a {offer.needs_role} has to decide (SAV-4)" + _unless_set(offer, account, policy),
        )  # fmt: skip
    return None


def _unless_set(offer: Offer, account: Account, policy: Policy) -> str:
    """How to name somebody in the role that decides, where nobody is."""
    role = offer.needs_role or ""
    person, delegate = step_person(role, account, None, policy)
    return "" if person is not None and not delegate else f"; nobody is set as {role}: {how_to_set(role)}"


def how_to_set(role: str) -> str:
    """How somebody is named in a role of the team."""
    return (
        f'put [team] {role} = "…" in a policy (renewctl policy init), then --policy FILE or RENEWCTL_POLICY'
    )


def _counted(offer: Offer, policy: Policy) -> tuple[Fraction, Fraction]:
    """The discount that the ladder counts, unrounded where the terms are there, and the limit it takes."""
    found = quote_of(offer)
    if found is None:
        return Fraction(offer.discount_pct or 0), Fraction(offer.discount_pct or 0)
    return found.discount_pct, least_pct(found, policy)


def effort_minor(minutes: int, currency: str, policy: Policy) -> int | None:
    """What so much of our own time costs, in minor units of a currency, half-even; None without its rate."""
    rate = Fraction(1) if currency == policy.base_currency else policy.rates.get(currency)
    if rate is None:
        return None
    places = money.digits(currency) - money.digits(policy.base_currency)
    cost = Fraction(policy.saves.hour_cost_minor * minutes, 60) * Fraction(10) ** places
    return money.round_half_even(cost * (1 / rate))


# --- what is stored --------------------------------------------------------------------------------

_DAYS = frozenset(("until_on", "expand_on", "recovers_on"))
_EXACT = frozenset(("discount_pct", "uplift_pct"))


def terms_text(found: Quote) -> str:
    """The terms as canonical JSON: what differs from saying nothing, keys in order, percentages as text."""
    usual = Terms("", date.min)._asdict()
    table: dict[str, Any] = {"term_months": found.deal.term_months}
    if found.deal.rises_on is not None:
        table["rises_on"] = found.deal.rises_on.isoformat()
    for name, value in found.terms._asdict().items():
        if value != usual[name]:
            table[name] = _plain(name, value)
    return json.dumps(table, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(name: str, value: Any) -> Any:
    if name == "steps_pct":
        return [str(each) for each in value]
    if name in _EXACT:
        return str(value)
    return value.isoformat() if name in _DAYS else value


def quote_of(offer: Offer) -> Quote | None:
    """What a stored offer comes to, reckoned again; None where its terms were erased."""
    table = json.loads(offer.terms)
    if "term_months" not in table or offer.arr_minor is None or offer.currency is None:
        return None
    rises = table.pop("rises_on", None)
    deal = Deal(
        offer.arr_minor,
        offer.currency,
        offer.from_on,
        table.pop("term_months"),
        None if rises is None else date.fromisoformat(rises),
    )
    return quote(deal, Terms(**{name: _read(name, value) for name, value in table.items()}))


def _read(name: str, value: Any) -> Any:
    if name == "steps_pct":
        return tuple(map(Fraction, value))
    if name in _EXACT:
        return Fraction(value)
    return date.fromisoformat(value) if name in _DAYS else value


def promised(
    offer: Offer, case: SaveCase, no: int, owner: str, as_of: date, actor: str
) -> list[Change] | Refusal:
    """SAV-9: the promise an accepted offer makes, of that number, with its day and its owner.

    What is to be applied is due at once, however long ago the offer began.
    """
    found = quote_of(offer)
    if found is None:
        return []
    text, due_on = promise_of(found)
    made = promise(no, case, (text, None, owner), max(due_on, as_of), as_of, actor)
    return made if isinstance(made, Refusal) else [made[1]]
