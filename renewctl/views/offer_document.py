"""Offers as JSON: one with its months, guards and break-even, many with what a list needs."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from renewctl.core import money
from renewctl.core.model import Account, Offer
from renewctl.core.offer_guards import Situation
from renewctl.core.offer_money import Month
from renewctl.core.offer_words import sentence
from renewctl.core.offers import Draft
from renewctl.core.policy import Policy
from renewctl.views.save_offer import Shown, approvers, break_evens, commands, expands_on


def document(shown: Shown, made: Draft, of: Situation, *, changed: bool) -> dict[str, Any]:
    """`renewctl/offer/1` of a drafted offer; rates are fractions of 1 unless the key ends in `_pct`."""
    return {
        "schema": "renewctl/offer/1",
        "as_of": shown.as_of.isoformat(),
        "offer": {
            **_offer(shown),
            "verdicts": [each._asdict() for each in made.guards],
            "limit": {"role": made.limit.role, "pct": float(made.limit.pct)},
            "break_even": [
                {"stays": float(stays), "chance": None if least is None else float(least)}
                for stays, least in break_evens(made.quote, of, shown.policy)
            ],
        },
        "changed": changed,
    }


def decided_document(shown: Shown, promises: Sequence[Mapping[str, Any]], *, changed: bool) -> dict[str, Any]:
    """`renewctl/offer/1` of an offer after a step, with the promises it made."""
    return {
        "schema": "renewctl/offer/1",
        "as_of": shown.as_of.isoformat(),
        "offer": _offer(shown),
        "promises": [
            {
                "id": f"p{row['no']}",
                "text": row["text"],
                "due_on": row["due_on"].isoformat(),
                "owner": row["owner"],
            }
            for row in promises
        ],
        "changed": changed,
    }


def list_document(
    found: Sequence[Offer], accounts: Mapping[int, Account], policy: Policy, as_of: date
) -> dict[str, Any]:
    """`renewctl/offers/1`."""
    return {
        "schema": "renewctl/offers/1",
        "as_of": as_of.isoformat(),
        "offers": [_row(each, accounts[each.account_no], policy) for each in found],
    }


def _row(offer: Offer, account: Account, policy: Policy) -> dict[str, Any]:
    code = offer.currency or ""

    def units(minor: int | None) -> int | float | None:
        return None if minor is None else money.to_units(minor, code)

    return {
        "id": f"o{offer.no}",
        "account": account.id,
        "account_name": account.name,
        "save": None if offer.save_no is None else f"s{offer.save_no}",
        "instrument": offer.instrument,
        "title": policy.offers.titles[offer.instrument],
        "parameters": json.loads(offer.terms),
        "root_cause": offer.root_cause,
        "condition": offer.condition,
        "from": offer.from_on.isoformat(),
        "until": None if offer.until_on is None else offer.until_on.isoformat(),
        "expand_on": expands_on(offer),
        "currency": offer.currency,
        "arr": units(offer.arr_minor),
        "kept_arr": units(offer.kept_minor),
        "cost": units(offer.cost_minor),
        "comes_back": units(offer.later_minor),
        "discount_pct": None if offer.discount_pct is None else float(offer.discount_pct),
        "state": offer.state,
        "needs_role": offer.needs_role,
        "asked_on": offer.asked_on.isoformat(),
        "asked_by": offer.asked_by,
        "decided_on": None if offer.decided_on is None else offer.decided_on.isoformat(),
        "decided_by": offer.decided_by,
        "note": offer.note,
    }


def _offer(shown: Shown) -> dict[str, Any]:
    found = shown.quote
    row = {**_row(shown.offer, shown.account, shown.policy), "contract": shown.contract_id or None}
    row["approvers"] = approvers(shown) if shown.offer.state == "pending" else []
    if found is None:
        return row
    code = found.deal.currency
    return {
        **row,
        "terms": sentence(found),
        "term_months": found.deal.term_months,
        "term_ends_on": found.deal.ends_on.isoformat(),
        "comes_back_on": found.later_on.isoformat() if found.later_on else None,
        "months": [_month(each, code) for each in found.months],
        "cash_after": money.to_units(found.cash_after_minor, code),
        "list_total": money.to_units(found.list_minor, code),
        "price_total": money.to_units(found.price_minor, code),
        "changes": [
            {"on": on.isoformat(), "arr": money.to_units(arr, code), "command": command}
            for on, arr, command in commands(shown, found)
        ],
    }


def _month(month: Month, code: str) -> dict[str, Any]:
    return {
        "month": month.month,
        "from": month.from_on.isoformat(),
        "list": money.to_units(month.list_minor, code),
        "price": money.to_units(month.price_minor, code),
        "cash": money.to_units(month.cash_minor, code),
    }
