"""A hand-over before and after it is made, in lines and as `renewctl/reassign/1`."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.capacity import shown_hours
from renewctl.core.due import Item
from renewctl.core.handover import Asked, Field, Passing
from renewctl.core.model import Account
from renewctl.core.team import Renewing
from renewctl.views.terminal import safe, width

_SHOWN = 15  # accounts before "and N more"
_MODES = {
    "all": "all open work goes along",
    "plays": "the steps of saves go along, the plans that already run stay",
    "none": "all that already runs stays",
}


class Handed(NamedTuple):
    """One account of a hand-over: the facts that change, and the renewals whose owner does."""

    account: Account
    fields: tuple[Field, ...]
    renewals: tuple[Renewing, ...]


class Preview(NamedTuple):
    """What a hand-over comes to. Minutes are estimates of open items."""

    as_of: date
    giver: str
    asked: Asked
    accounts: tuple[Handed, ...]
    passing: Passing
    moved_minutes: int
    kept_minutes: int
    in_policy: tuple[str, ...]  # keys that name the one who gives
    new: bool  # nobody is called like the one who takes
    base_currency: str

    @property
    def renewals(self) -> list[Renewing]:
        """Those that change their owner."""
        return [each for account in self.accounts for each in account.renewals]


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def lines(shown: Preview) -> list[str]:
    """The hand-over account by account, then what moves and what stays."""
    giver, taker = safe(shown.giver), safe(shown.asked.to)
    columns = max(60, min(width(), 120))
    if not shown.accounts:
        return [f"{giver} has no account among these; nothing to hand over"]
    arr = sum(each.row.arr_base_minor or 0 for each in shown.renewals)
    out = [
        f"From {giver} to {taker}: {_count(len(shown.accounts), 'account')}, "
        f"{_count(len(shown.renewals), 'renewal')} of {money.plain(arr, shown.base_currency)}; "
        f"{_MODES[shown.asked.mode]}"
    ]
    for each in shown.accounts[:_SHOWN]:
        told = ", ".join(safe(field.what) for field in each.fields) or "work given by hand"
        text = f"{safe(each.account.name)} ({safe(each.account.id)}): {told}"
        out += textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="    ")
    if len(shown.accounts) > _SHOWN:
        out.append(f"  … and {len(shown.accounts) - _SHOWN:,} more: --json lists all")
    moved, kept = shown.passing.moved, shown.passing.kept
    out.append(f"  {_count(len(moved), 'open item')} of {shown_hours(shown.moved_minutes)} h to {taker}")
    out.append(f"  {_count(len(kept), 'open item')} of {shown_hours(shown.kept_minutes)} h stay with {giver}")
    out += [f"  {line}" for line in _others(shown)]
    if shown.new:
        out.append(f"  {taker} is new: no account names anybody so")
    if shown.in_policy:
        keys = ", ".join(map(safe, shown.in_policy))
        out += textwrap.wrap(
            f"not data, edit the policy: {keys} says {giver}",
            columns,
            initial_indent="  ",
            subsequent_indent="    ",
        )
    return out


def _others(shown: Preview) -> list[str]:
    """Items that follow to somebody else, such as the manager of the one who takes."""
    ways = Counter((was or "nobody", item.who.person or "nobody") for item, was in shown.passing.others)
    return [
        f"{_count(count, 'open item')} of other roles from {safe(was)} to {safe(now)}"
        for (was, now), count in sorted(ways.items())
    ]


def question(shown: Preview) -> str:
    """What is asked before it is done."""
    return (
        f"Hand {_count(len(shown.accounts), 'account')} from {safe(shown.giver)} to {safe(shown.asked.to)}?"
    )


def done(shown: Preview) -> str:
    """What is said once it is done."""
    what = _count(len(shown.accounts), "account")
    return f"{what} handed over; take it back with: renewctl undo"


def document(shown: Preview, changed: bool) -> dict[str, Any]:
    """`renewctl/reassign/1`."""
    base, passing = shown.base_currency, shown.passing
    return {
        "schema": "renewctl/reassign/1",
        "as_of": shown.as_of.isoformat(),
        "from": shown.giver,
        "to": shown.asked.to,
        "open": shown.asked.mode,
        "changed": changed,
        "new_person": shown.new,
        "accounts": [_account(each, base) for each in shown.accounts],
        "renewals": {
            "count": len(shown.renewals),
            "arr_base": money.to_units(sum(each.row.arr_base_minor or 0 for each in shown.renewals), base),
            "currency": base,
        },
        "moved": {"hours": round(shown.moved_minutes / 60, 2), "items": _items(passing.moved)},
        "kept": {"hours": round(shown.kept_minutes / 60, 2), "items": _items(passing.kept)},
        "others": [
            {"item": item.item, "before": was, "after": item.who.person} for item, was in passing.others
        ],
        "in_policy": list(shown.in_policy),
    }


def _account(each: Handed, base: str) -> dict[str, Any]:
    return {
        "account": each.account.id,
        "account_name": each.account.name,
        "fields": [field._asdict() for field in each.fields],
        "renewals": [
            {
                "contract": renewing.contract.id,
                "arr_base": None
                if renewing.row.arr_base_minor is None
                else money.to_units(renewing.row.arr_base_minor, base),
            }
            for renewing in each.renewals
        ],
    }


def _items(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {"item": item.item, "due_on": item.due_on.isoformat(), "title": item.task.title} for item in items
    ]
