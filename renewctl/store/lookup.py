"""Finding accounts by what people type: id, exact name, prefix, accent-folded part. Never a guess."""

from renewctl.core.model import Account
from renewctl.core.text import fold
from renewctl.errors import NotFound, PortfolioError
from renewctl.store.portfolio import Portfolio, open_portfolio

_SHOWN = 8


def find_account(portfolio: Portfolio, text: str) -> Account:
    """The one account meant by `text`.

    Tiers, the first that matches anything decides: id; exact name; name as folded; prefix of the
    folded name; part of it. Several matches in that tier, or none: NotFound (exit 13) with the list.
    """
    folded = fold(text)
    upper = folded + "\U0010ffff"
    tiers: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("id = ?", (text,)),
        ("search_name = ? AND name = ?", (folded, text)),
        ("search_name = ?", (folded,)),
        ("search_name >= ? AND search_name < ?", (folded, upper)),
        ("instr(search_name, ?) > 0", (folded,)),
    )
    for where, params in tiers if folded or text else ():
        found: list[Account] = portfolio.values("account", f"{where} LIMIT {_SHOWN + 1}", params)
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(text, found)
    raise NotFound("no-such-account", f"no account is called {text!r}", "see them all: renewctl list")


def _ambiguous(text: str, found: list[Account]) -> NotFound:
    names = ", ".join(f"{account.name} ({account.id})" for account in found[:_SHOWN])
    more = " and more" if len(found) > _SHOWN else ""
    return NotFound("ambiguous-account", f"{text!r} could be {names}{more}", "use the id in parentheses")


def account_names(path: str, incomplete: str, limit: int = 50) -> list[str]:
    """Names of accounts that begin with `incomplete`, ignoring case and accents, for completion."""
    folded = fold(incomplete)
    try:
        with open_portfolio(path) as portfolio:
            rows = portfolio.rows(
                "SELECT name FROM account WHERE search_name >= ? AND search_name < ? "
                "ORDER BY search_name LIMIT ?",
                (folded, folded + "\U0010ffff", limit),
            )
    except PortfolioError:
        return []
    return [name for (name,) in rows]
