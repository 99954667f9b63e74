"""Accounts as a hand-over needs them, read before and after their facts change."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, tzinfo
from typing import Any

from renewctl.core import case_items
from renewctl.core.agenda import ContractAgenda
from renewctl.core.due import Item
from renewctl.core.handover import COLUMNS, Held, owes
from renewctl.core.model import Assignment, SaveCase, Stakeholder
from renewctl.core.policy import Policy
from renewctl.core.team import Renewing
from renewctl.store.agenda import load_book
from renewctl.store.portfolio import Portfolio
from renewctl.store.saves import load_files
from renewctl.store.team import team_book

_IN_LIST = 500


def involved(portfolio: Portfolio, names: Iterable[str]) -> list[int]:
    """Accounts that name any of these people: in a role, as owner of a thread or save, or by assignment."""
    wanted = sorted(names)
    marks = ",".join("?" * len(wanted))
    tables = [f"SELECT no FROM account WHERE {name} IN ({marks})" for name in COLUMNS]  # noqa: S608
    tables += [
        f"SELECT account_no FROM {table} WHERE {column} IN ({marks})"  # noqa: S608
        for table, column in (
            ("stakeholder", "thread_owner"), ("save_case", "owner"), ("assignment", "person"),
        )
    ]  # fmt: skip
    rows = portfolio.rows(" UNION ".join(tables) + " ORDER BY 1", wanted * len(tables))
    return [no for (no,) in rows]


def names_of(portfolio: Portfolio) -> list[str]:
    """Everybody whom a fact names, each spelling once."""
    sources = [(name, "account") for name in COLUMNS]
    sources += [("thread_owner", "stakeholder"), ("owner", "save_case"), ("person", "assignment")]
    union = " UNION ".join(f"SELECT {column} FROM {table}" for column, table in sources)  # noqa: S608
    return sorted(name for (name,) in portfolio.rows(union) if name)


def pins_of(portfolio: Portfolio) -> frozenset[tuple[str, int, str]]:
    """Facts of accounts and stakeholders that a person set by hand: (entity, number, column)."""
    rows = portfolio.rows("SELECT entity, row_no, field FROM pin WHERE entity IN ('account', 'stakeholder')")
    return frozenset(rows)


def held(portfolio: Portfolio, policy: Policy, as_of: date, account_nos: Sequence[int]) -> list[Held]:
    """The named accounts by number, whatever their status."""
    renewals: dict[int, list[Renewing]] = defaultdict(list)
    for each in team_book(portfolio, policy, as_of, account_nos).renewals:
        renewals[each.account.no].append(each)
    people: dict[int, list[Stakeholder]] = _by_account(portfolio, "stakeholder", account_nos)
    given: dict[int, list[Assignment]] = _by_account(portfolio, "assignment", account_nos)
    cases: dict[int, list[SaveCase]] = _by_account(portfolio, "save_case", account_nos)
    files = defaultdict(list)
    for file in load_files(portfolio, policy, as_of, [case for found in cases.values() for case in found]):
        files[file.account.no].append(file)
    accounts = load_book(portfolio, account_nos).accounts
    return [
        Held(accounts[no], tuple(renewals[no]), tuple(people[no]), tuple(files[no]), tuple(given[no]))
        for no in sorted(accounts)
    ]


def _by_account(portfolio: Portfolio, entity: str, account_nos: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for start in range(0, len(account_nos), _IN_LIST):
        part = list(account_nos[start : start + _IN_LIST])
        marks = ",".join("?" * len(part))
        for value in portfolio.values(entity, f"account_no IN ({marks})", part):
            found[value.account_no].append(value)
    return found


def items_of(found: Iterable[Held], agenda: ContractAgenda, zone: tzinfo) -> list[Item]:
    """Everything that is open of these accounts, whenever it is due."""
    known = list(found)
    items = [
        item
        for one in known
        for each in one.renewals
        if each.due is not None
        for item in agenda.items(each.due, each.states, date.max, each.given)
    ]
    work_on: Callable[[date], date] = agenda.planner.work_on
    for one in known:
        for file in one.saves:
            if owes(file):
                items += case_items.items(file, agenda.policy, zone, agenda.as_of, date.max, work_on)
    return items
