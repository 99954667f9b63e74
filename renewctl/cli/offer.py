"""What commands on an offer share: what it is reckoned on, what it answers, and what it brings about."""

from datetime import date
from fractions import Fraction

from renewctl.cli.case import CaseDesk
from renewctl.cli.options import Env
from renewctl.core import case_file
from renewctl.core.model import Account, Contract, Ledger, Offer, SaveCase
from renewctl.core.offer_guards import Situation, bare
from renewctl.core.offer_money import Deal
from renewctl.core.policy import Policy
from renewctl.core.text import clean
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import ledgers_of, load_files


def offers_on(portfolio: Portfolio, of: Account) -> list[Offer]:
    """Every offer made to an account, by number."""
    found: list[Offer] = portfolio.values("offer", "account_no = ?", (of.no,), "no")
    return found


def account_of(portfolio: Portfolio, case: SaveCase) -> Account:
    """Whose case it is."""
    found: list[Account] = portfolio.values("account", "no = ?", (case.account_no,))
    return found[0]


def deal_of(env: Env, of: Account, which: Contract, from_on: date, term: int | None) -> Deal:
    """What is in force, or exit 14 where its price is not known."""
    currency = which.currency or of.currency
    if which.arr_minor is None or currency is None:
        raise RefusedByRule(
            "arr-unknown", f"{of.name}: the ARR of contract {which.id} is unknown; no offer can be reckoned",
            f"record it: renewctl set {of.id} arr=AMOUNT --reason …",
        )  # fmt: skip
    months = term or which.term_months or env.policy.usual_term_months
    later = which.renewal_on if which.renewal_on is not None and which.renewal_on >= from_on else None
    if from_on.year + months // 12 > 9000:
        raise UsageError("bad-date", f"--from {from_on}: out of range", "give the day the offer begins")
    return Deal(which.arr_minor, currency, from_on, months, later)


def situation(
    policy: Policy, portfolio: Portfolio, case: SaveCase, root_cause: str | None, condition: str | None,
    effort: int, stays: Fraction | None, chance: Fraction | None,
) -> Situation:  # fmt: skip
    """What the offer answers: the cause as given, else the last one recorded on the case (SAV-2)."""
    book = policy.playbook(case.scenario)
    cause = case_file.latest(ledgers_of(portfolio, [case.no]).get(case.no, Ledger()), "cause")
    names = () if cause is None else (cause.name, cause.text)
    recorded = tuple(each for each in names if each and each != "other")  # the code of a cause in own words
    said = "".join(recorded[-1:]) if root_cause is None else clean(root_cause)
    if bare(said) in map(bare, recorded):
        said = recorded[-1]
    elif said in book.root_causes:
        said = book.root_causes[said].text
    return Situation(
        case.scenario, book.rule, book.instruments, said, clean(condition or ""),
        recorded, f"s{case.no}", effort, stays, chance,
    )  # fmt: skip


def forward(env: Env, portfolio: Portfolio, op: Operation, save_no: int | None) -> None:
    """What an offer shows of its case brings the case forward."""
    for case in portfolio.values("save_case", "no = ?", (save_no,)):
        [file] = load_files(portfolio, env.policy, env.as_of, [case])
        desk = CaseDesk(env, portfolio, op, file)
        desk.forward()
        desk.refresh()
