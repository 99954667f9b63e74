"""What the papers of a save are made from beside the case itself, read from the portfolio."""

from collections.abc import Sequence
from datetime import date

from renewctl.core.case_file import CaseFile
from renewctl.core.classify import main_contract
from renewctl.core.mail import addressed
from renewctl.core.model import Contract, ValueMetric
from renewctl.core.save_papers import Beside
from renewctl.core.stakeholders import still_there
from renewctl.store.portfolio import Portfolio
from renewctl.store.stakeholders import people


def beside(portfolio: Portfolio, file: CaseFile, roles: Sequence[str]) -> Beside:
    """The contract of a case, its people, those of `roles` that a mail goes to, and the book's outcomes."""
    account = file.account
    contracts: list[Contract] = portfolio.values("contract", "account_no = ?", (account.no,), "no")
    of_case = next((each for each in contracts if each.no == file.renewal.contract_no), None)
    known = people(portfolio, [account.no]).of(account.no)
    metrics: list[ValueMetric] = portfolio.values("value_metric", "account_no = ?", (account.no,), "no")
    which = of_case or main_contract(contracts)
    return Beside(
        which,
        addressed(*known, roles, account),
        tuple(metrics),
        still_there(*known, account),
        tuple(portfolio.values("outcome", "competitor IS NOT NULL", (), "no")) if account.competitor else (),
        sum(each.state == "open" and each != which for each in contracts),
        _price_since(portfolio, which),
    )


def _price_since(portfolio: Portfolio, contract: Contract | None) -> date | None:
    """The first day of the price in force: the last renewal or amendment; None where none was recorded."""
    if contract is None:
        return None
    amended = portfolio.value("SELECT max(effective_on) FROM amendment WHERE contract_no = ?", (contract.no,))
    days = [date.fromisoformat(str(amended))] if amended is not None else []
    days += [contract.start_on] if contract.cycle > 1 and contract.start_on is not None else []
    return max(days, default=None)
