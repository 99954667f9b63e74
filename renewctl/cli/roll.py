"""`roll`: contracts that renewed by themselves once nobody could opt out any more."""

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from renewctl.cli.contract import agreed_of, allowed, contracts_of, emit, iso, pinned
from renewctl.cli.options import Env, command, complete_account, say
from renewctl.core import lifecycle, money
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Contract
from renewctl.store.agenda import refresh
from renewctl.store.lookup import find_account
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.lifecycle import Closing

_MOST_CYCLES = 50  # that one contract may be behind


class _Rolled(NamedTuple):
    """A contract of `roll`: the terms it renewed into by itself, or why it did not."""

    account: Account
    contract: Contract
    closings: tuple["Closing", ...]
    refused: Refusal | None


@command(writes=True)
def roll(
    env: Env,
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACCOUNT]", help="Only this account (default: all).", autocompletion=complete_account
        ),
    ] = None,
) -> None:
    """Record the contracts that have renewed by themselves since their opt-out deadline."""
    with (
        env.open() as portfolio,
        portfolio.write("roll", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        found = [
            _roll(portfolio, env, operation, of, contract) for of, contract in _tacit(portfolio, env, account)
        ]
        moved = [each for each in found if each.closings]
        cycles = sum(len(each.closings) for each in moved)
        operation.summary = f"{cycles} renewed by themselves"
        if moved:
            refresh(portfolio, env.policy, env.as_of, [each.account.no for each in moved])
    if env.json:
        emit(_roll_document(found, changed=bool(moved) and not env.dry_run))
        return
    for each in found:
        name = f"{safe(each.account.name)} ({safe(each.contract.id)})"
        for closing in each.closings:
            out = closing.outcome
            worth = "ARR unknown" if out.arr_after_minor is None else money.plain(
                out.arr_after_minor, out.currency or ""
            )  # fmt: skip
            say(
                f"{name}: renewed by itself on {out.closed_on} at {worth}, until "
                f"{closing.contract.renewal_on}"
            )
        if each.refused is not None:
            say(f"{name}: not recorded: {safe(each.refused.message)}; {safe(each.refused.hint)}")
    say(f"{cycles} recorded{env.dry}" if cycles else "nothing has renewed by itself; nothing changed")


def _tacit(portfolio: Portfolio, env: Env, account: str | None) -> list[tuple[Account, Contract]]:
    """The contracts to look at: all of the account named, else those past the day they could be opted out of.

    Of those past their date, also the ones nothing can be said of.
    """
    if account is not None:
        of = find_account(portfolio, account)
        return [(of, each) for each in contracts_of(portfolio, of) if each.state == "open"]
    from renewctl.core.segment import in_force
    from renewctl.core.timeline import anchor

    today = env.as_of
    contracts: list[Contract] = portfolio.values(
        "contract", "state = ? AND auto_renew = 1 AND renewal_on IS NOT NULL", ("open",), "renewal_on, no"
    )
    due = [
        each
        for each in contracts
        if each.renewal_on is not None and anchor(each.renewal_on, 1, each.notice_days)[0] < today
    ]
    accounts = {each.no: each for each in portfolio.values("account")} if due else {}
    return [(accounts[each.account_no], each) for each in due if in_force(accounts[each.account_no].status)]


def _roll(
    portfolio: Portfolio, env: Env, operation: Operation, account: Account, contract: Contract
) -> _Rolled:
    """Record every renewal of a contract that has come about by itself up to today."""
    closings: list[Closing] = []
    now = contract
    while len(closings) < _MOST_CYCLES:
        deadline_on = lifecycle.by_itself(account, now, env.as_of)
        if isinstance(deadline_on, Refusal):
            return _Rolled(account, contract, tuple(closings), None if closings else deadline_on)
        said = lifecycle.Win(now.arr_minor, now.currency or "", None, deadline_on, "tacit")
        closing = allowed(
            lifecycle.won(
                account, contracts_of(portfolio, account), now, (), said, env.as_of,
                portfolio.next_no("outcome"), pinned(portfolio, account, now), agreed_of(portfolio, now),
                usual_term=env.policy.usual_term_months,
            )
        )  # fmt: skip
        operation.apply(closing.changes)
        closings.append(closing)
        now = closing.contract
        account = portfolio.values("account", "no = ?", (account.no,))[0]  # a decision it had is carried out
    return _Rolled(account, contract, tuple(closings), None)


def _roll_document(found: list[_Rolled], *, changed: bool) -> dict[str, Any]:
    """`renewctl/roll/1`."""
    return {
        "schema": "renewctl/roll/1",
        "changed": changed,
        "rolled": [
            {
                "account": each.account.id,
                "contract": each.contract.id,
                "cycle": closing.outcome.cycle,
                "deadline": closing.outcome.closed_on.isoformat(),
                "renewal_date": iso(closing.outcome.renewal_on),
                "next_renewal_date": iso(closing.contract.renewal_on),
            }
            for each in found
            for closing in each.closings
        ],
        "refused": [
            {"account": each.account.id, "contract": each.contract.id, "code": each.refused.code,
             "message": each.refused.message}
            for each in found
            if each.refused is not None
        ],
    }  # fmt: skip
