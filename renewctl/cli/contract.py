"""The contract a command changes: which one is meant, what is known of it, and how it is told."""

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.core import money
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Contract, Renewal, Stakeholder
from renewctl.errors import InputRefused, NotFound, RefusedByRule, UsageError
from renewctl.store.portfolio import Portfolio

if TYPE_CHECKING:
    from fractions import Fraction

ContractOption = Annotated[
    str | None,
    typer.Option("--contract", metavar="ID", help="Which contract, where the account has several."),
]


def contracts_of(portfolio: Portfolio, account: Account) -> list[Contract]:
    """All contracts of an account, those replaced by others too."""
    return portfolio.values("contract", "account_no = ?", (account.no,), "no")


def pick_contract(
    account: Account, contracts: Sequence[Contract], wanted: str | None, *, ended: bool = False
) -> Contract:
    """The contract meant: the one of that id, else the only open one (with `ended`, else the last lost).

    Raises NotFound where there is none of that id or several, RefusedByRule where none is open.
    """
    known = [each for each in contracts if each.state != "superseded"]
    opened = [each for each in known if each.state == "open"]
    names = ", ".join(each.id for each in opened)
    if wanted is not None:
        found = [each for each in known if each.id == wanted]
        if not found:
            raise NotFound(
                "no-such-contract",
                f"{account.name} has no contract {wanted!r}",
                f"its open contracts: {names or 'none'}",
            )
        return found[0]
    if len(opened) > 1:
        raise NotFound("ambiguous-contract", f"{account.name} has the contracts {names}", "say --contract ID")
    ended_ones = [each for each in known if each.state == "lost"]
    if not opened and ended and ended_ones:
        return ended_ones[-1]
    if not opened:
        raise RefusedByRule(
            "no-open-contract",
            f"{account.name} has no open contract",
            "import its contract, or name an ended one with --contract",
        )
    return opened[0]


def pinned(
    portfolio: Portfolio, *rows: Account | Contract | Stakeholder | None
) -> frozenset[tuple[str, int, str]]:
    """What was set by hand before on these rows: (entity, number, column)."""
    found: set[tuple[str, int, str]] = set()
    for row in rows:
        if row is not None:
            own = _PINNED[type(row)]
            found.update(
                portfolio.rows(
                    "SELECT entity, row_no, field FROM pin WHERE entity IN (?, ?) AND row_no = ?",
                    (*own, row.no),
                )
            )
    return frozenset(found)


_PINNED: dict[type, tuple[str, str]] = {
    Account: ("account", "health_reading"),
    Contract: ("contract", "contract"),
    Stakeholder: ("stakeholder", "stakeholder"),
}


def allowed(answer: Any) -> Any:
    """What the core decided, unless a rule forbids it (exit 14)."""
    if isinstance(answer, Refusal):
        raise RefusedByRule(*answer)
    return answer


def agreed_of(portfolio: Portfolio, contract: Contract) -> Renewal | None:
    """What is decided or agreed for the present cycle of a contract."""
    key = (contract.no, contract.cycle)
    found: list[Renewal] = portfolio.values("renewal", "contract_no = ? AND cycle = ?", key)
    return found[0] if found else None


def amount_of(name: str, text: str, contract: Contract, account: Account, base: str) -> tuple[int, str]:
    """An amount given as an option, in minor units with its currency: the contract's where it names none."""
    return amount_as(name, text, contract.currency or account.currency or base)


def amount_in(name: str, text: str, currency: str) -> int:
    """An amount given as an option that has to be in this currency, in minor units."""
    minor, code = amount_as(name, text, currency)
    if code != currency:
        raise InputRefused(
            "currency-conflict",
            f"--{name} is in {code}, and {currency} is asked for",
            f"give it in {currency}",
        )
    return minor


def amount_as(name: str, text: str, currency: str) -> tuple[int, str]:
    """An amount given as an option, in minor units, with its currency: this one where it names none."""
    from renewctl.core.edits import amount

    found = amount(text, currency)
    if isinstance(found, Refusal):
        message = found.message.replace("arr", name, 1)
        raise InputRefused(found.code, f"--{message}", found.hint.replace("arr=", f"--{name} "))
    minor, code = found
    if minor is None:
        raise UsageError(f"{name}-missing", f"--{name} is blank", f"say an amount, such as --{name} 120000")
    return minor, code or currency


_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,4}))? ?%?", re.ASCII)


def percent_of(name: str, text: str) -> "Fraction":
    """A percentage given as an option, exactly: `20`, `12.5`, `12,5 %`; exit 2 where it is none up to 100."""
    from fractions import Fraction

    match = _PERCENT.fullmatch(text.strip())
    found = Fraction(f"{match[1]}.{match[2] or 0}") if match else None
    if found is None or found > 100:
        raise UsageError("bad-percent", f"--{name} {text}: no percentage", "give 0 to 100, such as 12.5")
    return found


def units(minor: int | None, currency: str) -> int | float | None:
    """An amount as JSON has it, in currency units."""
    return None if minor is None else money.to_units(minor, currency)


def iso(on: date | None) -> str | None:
    """A day as JSON has it."""
    return None if on is None else on.isoformat()


def emit(document: dict[str, Any]) -> None:
    """A document on stdout, the machinery of it loaded only now."""
    from renewctl.views import machine

    machine.emit(document)
