"""What a mail to a customer is made from, read from the portfolio."""

from datetime import date
from typing import NamedTuple

from renewctl.core.classify import main_contract
from renewctl.core.mail import Addressed, Letter, addressees, ending, planned, sends
from renewctl.core.model import Account, Contract, Stakeholder, ValueMetric
from renewctl.core.policy import Cadence, Policy, Step
from renewctl.core.value import value_summary
from renewctl.errors import NotFound
from renewctl.store.portfolio import ENTITIES, Portfolio


class Wanted(NamedTuple):
    """The item a mail is for."""

    item: str
    subject: str  # a contract's number, or `a` and an account's
    account_no: int
    step: str
    segment: str
    owner: str | None
    due_on: date | None = None  # None where it is not open


def row_of(wanted: Wanted, policy: Policy) -> Step | Cadence | None:
    """What the policy says of an item; None for what it makes up itself, such as a catch-up."""
    return planned(wanted.subject, wanted.step, wanted.segment, policy)


def letter(portfolio: Portfolio, wanted: Wanted, policy: Policy, as_of: date) -> Letter | None:
    """The letter an item sends; None where it sends none. NotFound where its account has gone."""
    row = row_of(wanted, policy)
    mail = sends(row)
    if row is None or mail is None:
        return None
    accounts: list[Account] = portfolio.values("account", "no = ?", (wanted.account_no,))
    if not accounts:
        raise NotFound("no-such-account", f"the account of {wanted.item} is not there any more")
    account = accounts[0]
    contract = _contract(portfolio, wanted)
    metrics: list[ValueMetric] = portfolio.values("value_metric", "account_no = ?", (account.no,), "no")
    return Letter(
        wanted.item, mail, wanted.step, account, contract, wanted.owner,
        _addressed(portfolio, account, row.to), value_summary(account, metrics, as_of),
        *ending(contract, as_of),
    )  # fmt: skip


def _contract(portfolio: Portfolio, wanted: Wanted) -> Contract | None:
    """The contract a letter speaks of: the item's own, else the one of the account that comes first."""
    if wanted.subject.startswith("a"):
        return main_contract(portfolio.values("contract", "account_no = ?", (wanted.account_no,), "no"))
    found = portfolio.values("contract", "no = ?", (int(wanted.subject),))
    return found[0] if found else None


def _addressed(portfolio: Portfolio, account: Account, roles: tuple[str, ...]) -> Addressed:
    people: list[Stakeholder] = portfolio.values("stakeholder", "account_no = ?", (account.no,), "no")
    gone: frozenset[int] = frozenset()
    if "departure" in ENTITIES:
        left = portfolio.rows("SELECT stakeholder_no FROM departure WHERE account_no = ?", (account.no,))
        gone = frozenset(no for (no,) in left)
    champion = None if account.champion_gone else account.champion
    return addressees(people, roles, gone, champion)
