"""Offers on a terminal: the terms, the months, what it costs, what stands in its way."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.model import Account, Offer
from renewctl.core.offer_guards import Situation, percent
from renewctl.core.offer_money import Month, Quote, break_even
from renewctl.core.offer_words import sentence, steps, way_back
from renewctl.core.offers import Draft, how_to_set
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy
from renewctl.views.terminal import aligned, fit, put_lines, safe, width

_WIDE = 100
_RECORDED = {"accepted": ", recorded", "declined": ", recorded"} | dict.fromkeys(
    ("approved", "refused", "withdrawn"), ""
)


class Shown(NamedTuple):
    """An offer with what is said beside it; `quote` is None where its terms were erased."""

    offer: Offer
    account: Account
    quote: Quote | None
    policy: Policy
    as_of: date
    contract_id: str
    renewal_on: date | None
    contract_months: int | None = None  # the contract's term


def show(shown: Shown, made: Draft, of: Situation) -> None:
    """A drafted offer on stdout, everything it is judged by."""
    offer, found = shown.offer, made.quote
    head = [*_head(shown, found), f"Answers: {safe(of.root_cause)}", f"They give: {safe(of.condition)}"]
    verdicts = [
        f"  {each.verdict:<5} {each.rule:<6} {safe(each.reason)}"
        + (f"; {safe(each.add)}" if each.add else "")
        for each in made.guards
    ]
    limit = made.limit
    who = f"{safe(offer.asked_by)} may grant {percent(limit.pct)} % ({limit.role})"
    counted = f"Discount that counts: {offer.discount_pct} %; {who}"
    put_lines(
        [
            *head, "", *_months(found), "", *_sums(found, of, shown.policy), "", *verdicts, "", counted,
            *_next(shown),
        ]
    )  # fmt: skip


def show_decided(shown: Shown, promises: Sequence[Mapping[str, Any]]) -> None:
    """What became of an offer on stdout: its state, what it promises, how its terms are recorded."""
    offer = shown.offer
    state = f"{offer.state}{_RECORDED[offer.state]} by {safe(offer.decided_by)}"
    out = [f"o{offer.no}  {safe(shown.account.name)}: {_title(shown)}, {state}"]
    if shown.quote is not None:
        out.append(f"  {safe(sentence(shown.quote))}")
    if offer.state == "accepted":
        out += [
            f"  promised p{row['no']} for {row['due_on']}, {safe(row['owner'])}: {safe(row['text'])}"
            for row in promises
        ]
        out += _record(shown)
    elif offer.state == "approved":
        out.append(f"  when the customer says yes: renewctl save accept o{offer.no}")
    put_lines(out)


def show_list(found: Sequence[Offer], accounts: Mapping[int, Account]) -> None:
    """One line an offer."""
    if not found:
        put_lines(["No offer was made. Make one with: renewctl save offer ACCOUNT --instrument …"])
        return
    rows = [("OFFER", "STATE", "ACCOUNT", "INSTRUMENT", "OFF", "KEPT", "COST", "UNTIL")]
    back: list[str] = []
    for each in found:
        code = each.currency or ""
        rows.append(
            (
                f"o{each.no}",
                each.state
                if each.needs_role is None or each.state != "pending"
                else f"for a {each.needs_role}",
                fit(safe(accounts[each.account_no].name), 16 if width() < _WIDE else 40),
                each.instrument,
                f"{each.discount_pct or 0} %",
                _plain(each.kept_minor, code),
                _plain(each.cost_minor, code),
                str(each.until_on or "no end"),
            )
        )
        if each.state in ("pending", "approved", "accepted") and (way := expands_on(each)):
            back.append(f"o{each.no}: growing again is talked over from {way}")
    put_lines([*aligned(rows, frozenset({4, 5, 6})), *back])


def expands_on(offer: Offer) -> str | None:
    """SAV-B: the day on which growing again is talked over, of an offer of less scope."""
    found: str | None = json.loads(offer.terms).get("expand_on")
    return found


def _title(shown: Shown) -> str:
    return safe(shown.policy.offers.titles[shown.offer.instrument])


def _plain(minor: int | None, code: str) -> str:
    return "unknown" if minor is None else money.plain(minor, code)


def _head(shown: Shown, found: Quote) -> list[str]:
    offer, deal = shown.offer, found.deal
    save = f" (s{offer.save_no})" if offer.save_no is not None else ""
    return [
        f"o{offer.no}  {safe(shown.account.name)}{save}: {_title(shown)}, {offer.state}",
        f"Terms: {safe(sentence(found))}",
        *([f"Way back: {back}"] if (back := way_back(found)) else []),
        f"Runs {offer.from_on} to {offer.until_on}, of {deal.term_months} months that end on {deal.ends_on}",
        *_whole_month(found),
    ]


def _whole_month(found: Quote) -> list[str]:
    """That the last month is charged at the offered price whole, where it ends after the offer."""
    back = next((each.from_on for each in found.months if each.from_on > found.terms.until_on), None)
    if back is None or back == found.terms.until_on + timedelta(days=1) or not found.cost_minor:
        return []
    return [f"Its last month has begun by then and is charged whole; the standard price is back on {back}"]


def _months(found: Quote) -> list[str]:
    """The months in runs of one list price and one price, with what falls due in them."""
    deal, code = found.deal, found.deal.currency
    if all(each.list_minor == each.price_minor == each.cash_minor for each in found.months):
        return [f"Price and payments stay as they are: {money.plain(deal.arr_minor, code)} a year"]
    rows = [("MONTHS", "FROM", "LIST EACH", "PRICE EACH", "CASH DUE")]
    for (listed, price), run in groupby(found.months, key=lambda each: (each.list_minor, each.price_minor)):
        months = list(run)
        first, last = months[0].month, months[-1].month
        rows.append(
            (
                str(first) if first == last else f"{first}-{last}",
                str(months[0].from_on),
                money.plain(listed, code),
                money.plain(price, code),
                _cash(months, code),
            )
        )
    if found.cash_after_minor:
        rows.append(("after", "", "", "", money.plain(found.cash_after_minor, code)))
    total = found.price_minor + found.terms.fee_minor
    rows.append(
        ("all", "", money.plain(found.list_minor, code), money.plain(found.price_minor, code),
         money.plain(total, code))
    )  # fmt: skip
    return aligned(rows, frozenset({2, 3, 4}))


def _cash(months: Sequence[Month], code: str) -> str:
    """What falls due in a run: `4 × USD 12,000`, or with one payment unlike the others; else their sum."""
    due = [each.cash_minor for each in months if each.cash_minor]
    counted = sorted(((due.count(each), each) for each in set(due)), reverse=True)
    if len(counted) == 1 or (len(counted) == 2 and counted[1][0] == 1):
        many = f"{counted[0][0]} × " if counted[0][0] > 1 else ""
        return many + " + ".join(money.plain(each, code) for _, each in counted)
    return money.plain(sum(due), code)


def _sums(found: Quote, of: Situation, policy: Policy) -> list[str]:
    deal, terms = found.deal, found.terms
    code = deal.currency
    later = "nothing"
    if found.later_minor:
        each = f"once, on {found.later_on}" if terms.fee_minor else f"a year from {found.later_on}"
        later = f"{money.plain(found.later_minor, code)} {each}"
    rows = [
        ("Conceded over the term", money.plain(found.cost_minor, code)),
        (
            "ARR kept at its end",
            f"{money.plain(found.kept_minor, code)} of {money.plain(deal.arr_minor, code)}",
        ),
        ("Comes back later", later),
        *([("Work on it", money.plain(of.effort_minor, code))] if of.effort_minor else []),
        ("Break-even chance", _break_even(found, of, policy)),
    ]
    return aligned(rows)


def _break_even(found: Quote, of: Situation, policy: Policy) -> str:
    """The chance from which it pays, for the chance of staying anyway that is given, else for usual ones."""
    if not found.cost_minor and not of.effort_minor:
        return "none: it concedes nothing"
    known = break_evens(found, of, policy)
    least = ", ".join(_share(each) for _, each in known)
    stays = ", ".join(f"{percent(each * 100)} %" for each, _ in known)
    given = "" if of.chance is None else f"; you say {percent(of.chance * 100)} %"
    return f"{least} where {stays} would stay anyway{given}"


def break_evens(found: Quote, of: Situation, policy: Policy) -> list[tuple[Fraction, Fraction | None]]:
    """(chance that they stay anyway, chance from which the offer pays) by the chance given, or usual ones."""
    stays = [of.stays] if of.stays is not None else [each / 100 for each in policy.offers.chances_pct]
    return [(each, break_even(found.list_minor, found.cost_minor, of.effort_minor, each)) for each in stays]


def _share(least: Fraction | None) -> str:
    return "never" if least is None or least >= 1 else f"{percent(least * 100)} %"


def _next(shown: Shown) -> list[str]:
    offer = shown.offer
    if offer.state != "pending":
        return [f"It needs no approval. When the customer says yes: renewctl save accept o{offer.no}"]
    names = approvers(shown)
    who = " or ".join(safe(each) for each in names)
    if not who:
        who = f"nobody is set as {offer.needs_role}; {how_to_set(offer.needs_role or '')}"
    return [
        f"Needs approval by a {offer.needs_role} before it is offered: {who}",
        f"  renewctl save approve o{offer.no}",
    ]


def approvers(shown: Shown) -> list[str]:
    """Who may approve a pending offer: whoever has the role it needs or one above, without the asker."""
    offer, policy = shown.offer, shown.policy
    ladder = policy.saves.approval_pct
    least = ladder.get(offer.needs_role or "", 100)
    found = []
    for role, pct in sorted(ladder.items(), key=lambda each: each[1]):
        person, delegate = step_person(role, shown.account, None, policy)
        if pct >= least and person and not delegate and person != offer.asked_by and person not in found:
            found.append(person)
    return found


def _record(shown: Shown) -> list[str]:
    """SAV-B: the commands that record the new terms, each to be typed on its day."""
    found = shown.quote
    if found is None:
        return []
    lines = [f"  on {on}: {command}" for on, _, command in commands(shown, found)]
    if not lines:
        return ["  the ARR stays as it is; nothing to record on the contract"]
    return ["  the contract is as before; record the new terms:", *lines]


def commands(shown: Shown, found: Quote) -> list[tuple[date, int, str]]:
    """(day, ARR, command) of each change of ARR: a renewal is won at it, else the contract is amended."""
    out = []
    deal = found.deal
    new_term = deal.term_months != (shown.contract_months or shown.policy.usual_term_months)
    changes = [(each.on, each.arr_minor) for each in steps(found)]
    if new_term and deal.from_on == shown.renewal_on and all(on != deal.from_on for on, _ in changes):
        changes.insert(0, (deal.from_on, deal.arr_minor))
    for on, arr in changes:
        amount = money.to_units(arr, deal.currency)
        if on == shown.renewal_on:
            said = f"renewctl won {safe(shown.account.id)} --arr {amount}"
            said += f" --term-months {deal.term_months}" if new_term else ""
        else:
            said = (
                f"renewctl amend {safe(shown.account.id)} --arr {amount} --on {on} --reason o{shown.offer.no}"
            )
        which = shown.contract_id
        out.append((on, arr, said if which == shown.account.id else f"{said} --contract {safe(which)}"))
    return out
