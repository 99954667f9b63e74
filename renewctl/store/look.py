"""What `list`, `show` and `explain` read: accounts with their facts, classified on a day."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.classify import Classified, Facts, all_lost, main_contract
from renewctl.core.model import (
    Account,
    Activity,
    Contract,
    ItemState,
    Outcome,
    Problem,
    Reading,
    Stakeholder,
)
from renewctl.core.model import Renewal as Agreed
from renewctl.core.plan import Effort, Plan, effort, in_cycle, next_to_renew, plan
from renewctl.core.policy import Policy
from renewctl.core.segment import in_force, value_problems
from renewctl.core.timeline import Planner
from renewctl.store.agenda import (
    load_book,
    load_given,
    load_states,
    renewals_per_quarter,
    work_calendar,
)
from renewctl.store.due import due_contracts, heard
from renewctl.store.portfolio import Portfolio

_BATCH = 2_000


class Entry(NamedTuple):
    """One account of the list, with the contract that comes first (None: it has no open one)."""

    account: Account
    main: Contract | None
    opened: Sequence[Contract]  # its open contracts
    row: Classified
    readings: Sequence[Reading]
    problems: Sequence[Problem]
    in_force: bool
    lost: bool  # every contract of it was
    facts: Facts


class Renewal(NamedTuple):
    """One open contract of an account, with its plan (None: it cannot be planned, `unplanned` says why)."""

    contract: Contract
    row: Classified
    plan: Plan | None
    unplanned: str
    effort: Effort
    agreed: Agreed | None  # what is decided for it beside its outcome
    moved: Activity | None  # how it came to its stage, and what shows that


class Whole(NamedTuple):
    """Everything about one account: its facts and its renewals, the next one due first."""

    facts: Facts
    renewals: Sequence[Renewal]
    stakeholders: Sequence[Stakeholder]
    lost: bool  # every contract of it was
    loss: Outcome | None  # the last one recorded, where all were


def entries(portfolio: Portfolio, policy: Policy, as_of: date) -> Iterator[Entry]:
    """Every account, classified, by number."""
    volume = renewals_per_quarter(portfolio, policy)
    numbers = [no for (no,) in portfolio.rows("SELECT no FROM account ORDER BY no")]
    for start in range(0, len(numbers), _BATCH):
        book = load_book(portfolio, numbers[start : start + _BATCH])
        for account in book.accounts.values():
            contracts = book.contracts.get(account.no, ())
            readings = book.readings.get(account.no, ())
            no = account.no
            override = book.overrides.get(no)
            known = Facts(account, contracts, readings, no in book.saving, volume, override=override)
            rows = known.rows(policy, as_of)
            main = main_contract(contracts)
            wanted = main.no if main else None
            row = next(each for each in rows if each.contract_no == wanted)
            problems = value_problems(account, contracts, policy)
            opened = [each for each in contracts if each.state == "open"]
            active = in_force(account.status) and not all_lost(contracts)
            yield Entry(account, main, opened, row, readings, problems, active, all_lost(contracts), known)


def facts(portfolio: Portfolio, account: Account, policy: Policy) -> Facts:
    """The facts behind the classification of one account."""
    return some_facts(portfolio, [account.no], policy)[0]


def some_facts(portfolio: Portfolio, account_nos: Sequence[int], policy: Policy) -> list[Facts]:
    """The facts behind the classification of some accounts, by number."""
    book = load_book(portfolio, account_nos)
    volume = renewals_per_quarter(portfolio, policy)
    return [
        Facts(
            account, book.contracts.get(no, []), book.readings.get(no, []), no in book.saving, volume,
            override=book.overrides.get(no),
        )
        for no, account in sorted(book.accounts.items())
    ]  # fmt: skip


def whole(portfolio: Portfolio, account: Account, policy: Policy, as_of: date) -> Whole:
    """One account with its contracts, plans and the time logged on it."""
    known = facts(portfolio, account, policy)
    contracts = known.contracts
    rows = known.rows(policy, as_of)
    by_no = {row.contract_no: row for row in rows}
    opened = sorted(
        (each for each in contracts if each.state == "open"),
        key=lambda each: (each.renewal_on or date.max, each.no),
    )
    activities: list[Activity] = portfolio.values("activity", "account_no = ?", (account.no,))
    done: list[ItemState] = portfolio.values("item_state", "account_no = ?", (account.no,))
    agenda = None
    if opened and in_force(account.status):
        planner = Planner(policy, work_calendar(portfolio, policy, as_of))
        agenda = ContractAgenda(policy, planner, as_of)
    states, given = load_states(portfolio, opened), load_given(portfolio, opened)
    told = heard(portfolio, [account.no])
    mapped = [by_no[each.no] for each in opened]
    due = {each.no: each for each in due_contracts(account, contracts, opened, mapped, policy, told, as_of)}
    agreed: dict[tuple[int, int], Agreed] = {
        (each.contract_no, each.cycle): each
        for each in portfolio.values("renewal", "account_no = ?", (account.no,))
    }
    renewals, next_due = [], next_to_renew(opened, as_of)
    for contract in opened:
        row = by_no[contract.no]
        why = _unplanned(account, contract, row)
        planned = None
        if not why and agenda is not None:
            planned = plan(due[contract.no], states.get(contract.no, {}), agenda, given.get(contract.no))
        stands = contract is next_due
        logged = [
            each
            for each in activities
            if (each.contract_no == contract.no or (each.contract_no is None and stands))
            and in_cycle(each.happened_on, contract)
        ]
        mine = [
            each
            for each in done
            if (each.subject == str(contract.no) and each.cycle == contract.cycle)
            or (stands and not each.subject.isdecimal() and in_cycle(each.set_on, contract))
        ]
        moves = [each for each in logged if each.kind == "stage" and each.contract_no == contract.no]
        renewals.append(
            Renewal(
                contract, row, planned, why, effort(row.segment, logged, mine, policy),
                agreed.get((contract.no, contract.cycle)), max(moves, key=lambda each: each.no, default=None),
            )
        )  # fmt: skip
    stakeholders = portfolio.values("stakeholder", "account_no = ?", (account.no,), "no")
    lost = all_lost(contracts)
    return Whole(known, renewals, stakeholders, lost, _last_loss(portfolio, account) if lost else None)


def _last_loss(portfolio: Portfolio, account: Account) -> Outcome | None:
    found = portfolio.values("outcome", "account_no = ? AND result = 'lost'", (account.no,), "closed_on, no")
    return found[-1] if found else None


def _unplanned(account: Account, contract: Contract, row: Classified) -> str:
    """Why a contract has no plan; empty where it has one."""
    if not in_force(account.status):
        return f"no agenda: the account is {account.status}"
    if contract.renewal_on is None:
        return "no plan: the renewal date is unknown"
    return "no plan: the ARR is unknown, and so the segment" if row.segment is None else ""


def by_hand(portfolio: Portfolio, known: Facts) -> frozenset[tuple[str, int, str]]:
    """The facts of an account that a person set over what was imported: (entity, number, column)."""
    numbers = [("account", known.account.no), ("health_reading", known.account.no)]
    numbers += [("contract", each.no) for each in known.contracts]
    return frozenset(
        (entity, no, field)
        for entity, no in numbers
        for (field,) in portfolio.rows("SELECT field FROM pin WHERE entity = ? AND row_no = ?", (entity, no))
    )
