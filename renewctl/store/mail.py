"""What a mail to a customer is made from, read from the portfolio."""

from datetime import date
from typing import NamedTuple

from renewctl.core.classify import main_contract
from renewctl.core.mail import Letter, addressed, ending, planned, sends
from renewctl.core.model import Account, Contract, ValueMetric
from renewctl.core.policy import Cadence, Policy, Step
from renewctl.core.value import value_summary
from renewctl.store.portfolio import Portfolio
from renewctl.store.stakeholders import people


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
    """The letter an item sends; None where it sends none."""
    row = row_of(wanted, policy)
    mail = sends(row)
    if row is None or mail is None:
        return None
    account: Account = portfolio.values("account", "no = ?", (wanted.account_no,))[0]
    contract = _contract(portfolio, wanted)
    metrics: list[ValueMetric] = portfolio.values("value_metric", "account_no = ?", (account.no,), "no")
    to = addressed(*people(portfolio, [account.no]).of(account.no), row.to, account)
    value = value_summary(account, metrics, as_of)
    return Letter(
        wanted.item,
        mail,
        wanted.step,
        account,
        contract,
        wanted.owner,
        to,
        value,
        *ending(_terms(account, contract), as_of),
    )


def _contract(portfolio: Portfolio, wanted: Wanted) -> Contract | None:
    """The contract a letter speaks of: the item's own, else the one of the account that comes first."""
    if wanted.subject.startswith("a"):
        return main_contract(portfolio.values("contract", "account_no = ?", (wanted.account_no,), "no"))
    found: Contract = portfolio.values("contract", "no = ?", (int(wanted.subject),))[0]
    return found


def _terms(account: Account, contract: Contract | None) -> Contract | None:
    """The contract as it ends: where notice of cancellation was given it does not renew by itself."""
    if contract is None or account.cancel_notice_on is None:
        return contract
    return contract._replace(auto_renew=0)
