"""What changes inside a term: the ARR, the end date, and several contracts brought to one date.

An amendment leaves the cycle and all that was done in it as they are; a moved end date plans anew from
the day it was recorded. Amounts are minor units; a price for part of a year is the ARR by days of 365,
rounded half-even once (TERMS).
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from renewctl.core.edits import pins
from renewctl.core.intake import Refusal
from renewctl.core.lifecycle import before_term
from renewctl.core.model import Account, Amendment, Change, Contract
from renewctl.core.money import round_half_even

DAYS_OF_YEAR = 365


class Amended(NamedTuple):
    """An amendment to make. Without changes everything stood so already."""

    amendment: Amendment
    changes: tuple[Change, ...]
    contract: Contract  # as it stands afterwards


class Aligned(NamedTuple):
    """One contract brought to a common end date: the days it runs longer and what they cost."""

    contract: Contract
    days: int
    price_minor: int | None  # None: its ARR is unknown


def prorated(arr_minor: int, days: int) -> int:
    """What `days` of a contract cost at its ARR, in minor units, half-even."""
    return round_half_even(Fraction(arr_minor * days, DAYS_OF_YEAR))


def amend(
    account: Account,
    contract: Contract,
    *,
    arr: tuple[int, str] | None = None,
    until_on: date | None = None,
    kind: str | None = None,
    effective_on: date,
    reason: str,
    actor: str,
    as_of: date,
    no: int,
    pinned: frozenset[tuple[str, int, str]] = frozenset(),
) -> Amended | Refusal:
    """Change ARR (minor units, currency) or end date of a running contract, as of a day of its term.

    The day has to have come; where the first or last day of the term is unknown, nothing is assumed of it.
    """
    if contract.state != "open":
        return Refusal("not-open", f"contract {contract.id} has ended", "see it: renewctl show ACCOUNT")
    if effective_on > as_of:
        return Refusal(
            "not-yet", f"{effective_on} is still to come", "record an amendment on its day or after"
        )
    if (refused := before_term(contract, effective_on, as_of)) is not None:
        return refused
    if contract.renewal_on is not None and effective_on > contract.renewal_on:
        return Refusal(
            "after-term",
            f"{effective_on} is after {contract.renewal_on}, when the term of contract {contract.id} ended",
            "record its outcome first, or say with --on DATE when this took effect",
        )
    wanted: dict[str, Any] = {}
    if arr is not None:
        if contract.currency not in (None, arr[1]):
            return Refusal(
                "currency-conflict",
                f"contract {contract.id} is in {contract.currency}, the new ARR in {arr[1]}",
                "an amendment keeps the currency",
            )
        wanted["arr_minor"], wanted["currency"] = arr
    if until_on is not None and until_on != contract.renewal_on:
        if until_on < as_of:
            return Refusal(
                "end-in-the-past",
                f"{until_on} is past; a term that ended was won, lost or rolled",
                "name a day to come, or record the outcome",
            )
        if contract.start_on is not None and until_on <= contract.start_on:
            return Refusal(
                "end-before-start",
                f"{until_on} is not after {contract.start_on}, when contract {contract.id} began",
                "name a later date",
            )
        wanted |= {"renewal_on": until_on, "renewal_day": until_on.day, "planned_from_on": as_of}
    stored = contract._asdict()
    after = {name: value for name, value in wanted.items() if stored[name] != value}
    row = Amendment(
        no, account.no, contract.no, contract.cycle,
        kind or ("extension" if "renewal_on" in after else "amendment"), effective_on, contract.arr_minor,
        after.get("arr_minor", contract.arr_minor), after.get("currency", contract.currency),
        contract.renewal_on, after.get("renewal_on", contract.renewal_on), reason, actor,
    )  # fmt: skip
    if not after.keys() - {"planned_from_on"}:
        return Amended(row, (), contract)
    before = {name: stored[name] for name in after}
    changes = [
        Change("amendment", (no,), account.no, None, row._asdict()),
        Change("contract", (contract.no,), account.no, before, after),
    ]
    told = {name: value for name, value in before.items() if name in ("arr_minor", "currency", "renewal_on")}
    changes += pins("contract", contract.no, account.no, told, pinned)
    return Amended(row, tuple(changes), contract._replace(**after))


def co_term(contracts: Sequence[Contract], to_on: date | None = None) -> tuple[Aligned, ...]:
    """The open contracts of an account brought to one end date, by number; empty where all end together.

    The common date is the latest end unless one is named; nobody's term is cut short, so contracts that end
    later than a named date stay out. Contracts without a date stay out.
    """
    dated = [each for each in contracts if each.state == "open" and each.renewal_on is not None]
    ends = [each.renewal_on for each in dated if each.renewal_on is not None]
    if len(dated) < 2 or (to_on is None and len(set(ends)) == 1):
        return ()
    common = to_on or max(ends)
    found = []
    for contract in sorted(dated, key=lambda each: each.no):
        days = (common - (contract.renewal_on or common)).days
        if days >= 0:
            price = None if contract.arr_minor is None else prorated(contract.arr_minor, days)
            found.append(Aligned(contract, days, price))
    return tuple(found)
