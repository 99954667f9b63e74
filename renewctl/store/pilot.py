"""Renewals that came to their date, decided or not, for the comparison of a pilot."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from renewctl.core.model import Account, Outcome
from renewctl.core.pilot import Reached
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor, segment
from renewctl.core.team import Renewing
from renewctl.store.portfolio import Portfolio, dates_of


def reached(portfolio: Portfolio, renewals: Sequence[Renewing], policy: Policy, as_of: date) -> list[Reached]:
    """Every recorded outcome, and every open renewal past its date.

    A decided renewal has the segment of the ARR it had then, or the one set by hand for its account.
    """
    accounts: dict[int, Account] = {each.no: each for each in portfolio.values("account")}
    outcomes: list[Outcome] = portfolio.values("outcome", order="closed_on, no")
    minutes = _minutes(portfolio, outcomes)
    found = []
    for each in outcomes:
        account = accounts[each.account_no]
        code = each.currency or account.currency
        atr = base_minor(each.arr_before_minor, code, policy)
        after = base_minor(each.arr_after_minor, code, policy) or 0
        won = each.result != "lost"
        found.append(
            Reached(
                segment(atr, account.segment_override, policy),
                each.renewal_on or each.closed_on,
                each.closed_on,
                won,
                atr,
                min(after, atr or 0) if won else 0,
                minutes[each.no],
            )
        )
    return found + [
        Reached(each.row.segment, each.renewal_on, None, False, each.row.arr_base_minor, 0, each.minutes)
        for each in renewals
        if each.renewal_on < as_of
    ]


def _minutes(portfolio: Portfolio, outcomes: Sequence[Outcome]) -> dict[int, int]:
    """Minutes logged on the cycle of each outcome: on its items, and on its contract since the one before."""
    found = {each.no: 0 for each in outcomes}
    by_cycle = {(str(each.contract_no), each.cycle): each.no for each in outcomes}
    for subject, cycle, minutes in portfolio.rows(
        "SELECT subject, cycle, minutes FROM item_state WHERE minutes IS NOT NULL"
    ):
        if (no := by_cycle.get((subject, cycle))) is not None:
            found[no] += minutes
    closings: dict[int, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.contract_no is not None:
            closings[each.contract_no].append(each)
    days = dates_of()
    for contract_no, on, minutes in portfolio.rows(
        "SELECT contract_no, happened_on, minutes FROM activity "
        "WHERE minutes IS NOT NULL AND contract_no IS NOT NULL"
    ):
        later = [each for each in closings[contract_no] if each.closed_on >= days[on]]
        if later:
            found[later[0].no] += minutes
    return found
