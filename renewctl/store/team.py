"""The whole book as a team's work: every open renewal classified, with what was done and logged on it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.classify import all_lost, classify
from renewctl.core.due import Given, Item, States
from renewctl.core.model import Account, Contract
from renewctl.core.plan import in_cycle, next_to_renew
from renewctl.core.policy import Policy
from renewctl.core.segment import in_force
from renewctl.core.team import Renewing
from renewctl.core.timeline import Planner
from renewctl.store.agenda import load_book, load_given, load_states, renewals_per_quarter, work_calendar
from renewctl.store.due import due_contracts, heard
from renewctl.store.portfolio import Portfolio, dates_of

_BATCH = 2_000
_NOTHING_DONE: States = {}
_NOBODY: Given = {}


class TeamBook(NamedTuple):
    """Every account once: in `renewals` by its open contracts, or in `bare`, or in `outside`."""

    renewals: tuple[Renewing, ...]  # by account number
    bare: tuple[Account, ...]  # in force, without an open contract
    outside: tuple[Account, ...]  # not in force, or all of it lost
    volume: int  # renewals a quarter (OWN-1)

    @property
    def customers(self) -> int:
        """Accounts in force."""
        return len({each.account.no for each in self.renewals}) + len(self.bare)


def team_book(
    portfolio: Portfolio, policy: Policy, as_of: date, account_nos: Sequence[int] | None = None
) -> TeamBook:
    """The named accounts, or all, classified on a day: open contracts with plan, states and time logged."""
    volume = renewals_per_quarter(portfolio, policy)
    told = heard(portfolio)
    renewals: list[Renewing] = []
    bare, outside = [], []
    numbers = account_nos
    if numbers is None:
        numbers = [no for (no,) in portfolio.rows("SELECT no FROM account ORDER BY no")]
    for start in range(0, len(numbers), _BATCH):
        book = load_book(portfolio, numbers[start : start + _BATCH])
        for no, account in book.accounts.items():
            contracts = book.contracts.get(no, [])
            if not in_force(account.status) or all_lost(contracts):
                outside.append(account)
                continue
            opened = [each for each in contracts if each.state == "open"]
            if not opened:
                bare.append(account)
                continue
            rows = classify(
                account,
                contracts,
                book.readings.get(no, ()),
                no in book.saving,
                policy,
                as_of,
                volume,
                book.said(no, as_of),
            )
            due = {
                each.no: each for each in due_contracts(account, contracts, opened, rows, policy, told, as_of)
            }
            renewals += [
                Renewing(account, contract, row, due.get(contract.no), _NOTHING_DONE, 0)
                for contract, row in zip(opened, rows, strict=True)
            ]
    contracts = [each.contract for each in renewals]
    states, minutes = load_states(portfolio, contracts), logged(portfolio, contracts, as_of)
    given = load_given(portfolio, contracts)
    known = tuple(
        each._replace(
            states=states.get(each.contract.no, _NOTHING_DONE),
            minutes=minutes[each.contract.no],
            given=given.get(each.contract.no, _NOBODY),
        )
        for each in renewals
    )
    return TeamBook(known, tuple(bare), tuple(outside), volume)


def logged(portfolio: Portfolio, opened: Sequence[Contract], as_of: date) -> dict[int, int]:
    """Minutes logged on the present cycle of each open contract, by its number (SEG-2).

    What names no contract, the time spent on a save, and that of recurring work count for the contract of the
    account that renews next.
    """
    found = {each.no: 0 for each in opened}
    by_no = {each.no: each for each in opened}
    of_account: dict[int, list[Contract]] = defaultdict(list)
    for each in opened:
        of_account[each.account_no].append(each)
    first = {no: next_to_renew(contracts, as_of) for no, contracts in of_account.items()}
    days = dates_of()
    for account_no, contract_no, on, minutes in portfolio.rows(
        "SELECT account_no, contract_no, happened_on, minutes FROM activity WHERE minutes IS NOT NULL"
    ):
        meant = first.get(account_no) if contract_no is None else by_no.get(contract_no)
        if meant is not None and in_cycle(days[on], meant):
            found[meant.no] += minutes
    for account_no, subject, cycle, on, minutes in portfolio.rows(
        "SELECT account_no, subject, cycle, set_on, minutes FROM item_state WHERE minutes IS NOT NULL"
    ):
        if subject.isdecimal():
            meant = by_no.get(int(subject))
            counts = meant is not None and meant.cycle == cycle
        else:  # a save's or the account's own, such as s3 and a12
            meant = first.get(account_no)
            counts = meant is not None and in_cycle(days[on], meant)
        if meant is not None and counts:
            found[meant.no] += minutes
    return found


def agenda_of(portfolio: Portfolio, policy: Policy, as_of: date) -> ContractAgenda:
    """What computes the items of contracts on a day."""
    return ContractAgenda(policy, Planner(policy, work_calendar(portfolio, policy, as_of)), as_of)


def other_items(portfolio: Portfolio, policy: Policy, as_of: date, until: date) -> list[Item]:
    """Open items that belong to no contract's plan: the steps of saves."""
    from renewctl.store.saves import due_items

    return due_items(portfolio, policy, as_of, until)
