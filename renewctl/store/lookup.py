"""Finding accounts by what people type: id, exact name, prefix, accent-folded part. Never a guess.

And people, whose names are compared whatever their case and accents.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from renewctl.core.model import Account
from renewctl.core.policy import Policy
from renewctl.core.text import fold
from renewctl.errors import NotFound, PortfolioError
from renewctl.store.portfolio import Portfolio, open_portfolio

if TYPE_CHECKING:
    from difflib import SequenceMatcher

_SHOWN = 8
_COMPARED = 20_000  # names looked at for a near one
_LONGEST = 5_000  # letters of a pattern
_ALIKE = 0.7  # of 1: how much alike two names must be to be taken for one another


def find_account(portfolio: Portfolio, text: str) -> Account:
    """The one account meant by `text`.

    Tiers, the first that matches anything decides: id; exact name; name as folded; beginning of the
    folded name or of an id; part of either. Several matches in that tier, or none: NotFound (exit 13)
    with the list.
    """
    folded = fold(text)
    upper = folded + "\U0010ffff"
    tiers: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("id = ?", (text,), "no"),
        ("search_name = ? AND name = ?", (folded, text), "no"),
        ("search_name = ?", (folded,), "no"),
        (
            "(search_name >= ? AND search_name < ?) OR (id >= ? AND id < ?)",
            (folded, upper, text, text + "\U0010ffff"),
            "search_name, no",
        ),
        (
            "search_name LIKE ? ESCAPE '!' OR lower(id) LIKE ? ESCAPE '!'",
            (_holding(folded), _holding(folded)),
            "no",
        ),
    )
    for where, params, order in tiers if folded or text else ():
        found: list[Account] = portfolio.values("account", where, params, f"{order} LIMIT {_SHOWN + 1}")
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(text, found)
    near = _near(portfolio, folded)
    hint = f"did you mean {', '.join(near)}?" if near else "see them all: renewctl list"
    raise NotFound("no-such-account", f"no account is called {text!r}", hint)


def _holding(folded: str) -> str:
    """The pattern of texts that hold another; of a longer one than any name, as much as an engine takes."""
    plain = folded[:_LONGEST].replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{plain}%"


def _near(portfolio: Portfolio, folded: str) -> list[str]:
    """Names much like what was typed, the nearest first, punctuation apart; of the first ones only.

    What was typed is held against the whole name and against as many words in a row of it.
    """
    from difflib import SequenceMatcher

    typed = _bare(folded)
    if not typed:
        return []
    count = len(typed.split())
    matcher = SequenceMatcher(None, "", typed, autojunk=False)
    # Names that share few pairs of letters are not worth the comparison, which costs a hundred times more.
    pairs = [typed[at : at + 2] for at in range(len(typed) - 1)]
    found = []
    rows = portfolio.rows("SELECT name, id, search_name FROM account ORDER BY no LIMIT ?", (_COMPARED,))
    for name, id_, search_name in rows:
        if sum(pair in search_name for pair in pairs) * 2 < len(pairs):
            continue
        words = _bare(search_name).split()
        runs = {" ".join(words), *(" ".join(words[at : at + count]) for at in range(len(words) - count + 1))}
        ratio = max(_ratio(matcher, run) for run in runs)
        if ratio >= _ALIKE:
            found.append((-ratio, search_name, f"{name} ({id_})"))
    return [shown for _, _, shown in sorted(found)[:3]]


def _ratio(matcher: "SequenceMatcher[str]", text: str) -> float:
    matcher.set_seq1(text)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()


def _bare(folded: str) -> str:
    """Folded text without punctuation."""
    kept = "".join(letter if letter.isalnum() else " " for letter in folded if letter not in "'’.")
    return " ".join(kept.split())


def _ambiguous(text: str, found: list[Account]) -> NotFound:
    names = ", ".join(f"{account.name} ({account.id})" for account in found[:_SHOWN])
    more = " and more" if len(found) > _SHOWN else ""
    return NotFound("ambiguous-account", f"{text!r} could be {names}{more}", "use the id in parentheses")


def people(portfolio: Portfolio, policy: Policy) -> list[str]:
    """Everybody who may own something, each spelling once, in the order of names."""
    names = {name for row in portfolio.rows(_PEOPLE) for name in row}
    for column, table in (("owner", "save_case"), ("person", "assignment")):
        names |= {name for (name,) in portfolio.rows(f"SELECT DISTINCT {column} FROM {table}")}  # noqa: S608
    names |= {*policy.team.values(), *policy.managers.values()}
    return sorted((name for name in names if name), key=lambda name: (fold(name), name))


def person(portfolio: Portfolio, policy: Policy, name: str) -> frozenset[str]:
    """Every spelling on record of a person, of those who may own something first.

    Somebody who only speaks with a customer, acted before or has hours in the policy is known as well.
    NotFound (exit 13) with near names where nobody is called so.
    """
    wanted, known = fold(name), people(portfolio, policy)
    found = frozenset(each for each in known if fold(each) == wanted)
    if found:
        return found
    for column, table in (("thread_owner", "stakeholder"), ("actor", "operation")):
        known += [who for (who,) in portfolio.rows(f"SELECT DISTINCT {column} FROM {table}") if who]  # noqa: S608
    known += policy.raw["capacity"].get("people", {})
    found = frozenset(each for each in known if fold(each) == wanted)
    if not found:
        raise NotFound("no-such-person", f"nobody is called {name!r}", near_people(name, known))
    return found


def near_people(name: str, known: Sequence[str]) -> str:
    """Whom a name nobody has may have meant, else the first of those there are, in words for a hint."""
    from difflib import get_close_matches

    folded = {fold(each): each for each in sorted(known, key=lambda each: (fold(each), each))}
    near = [folded[each] for each in get_close_matches(fold(name), list(folded), 3, 0.6)]
    near += [each for at, each in folded.items() if fold(name) in at and each not in near][:3]
    if near:
        return f"did you mean {', '.join(near)}?"
    more = f" and {len(folded) - _SHOWN:,} more" if len(folded) > _SHOWN else ""
    return (
        f"known are {', '.join([*folded.values()][:_SHOWN])}{more}" if known else "no account names anybody"
    )


_PEOPLE = "SELECT DISTINCT csm, sales_owner, specialist, executive_sponsor FROM account"


def account_names(path: str, incomplete: str, limit: int = 50) -> list[str]:
    """Names of accounts that begin with `incomplete`, ignoring case and accents, for completion."""
    folded = fold(incomplete)
    try:
        with open_portfolio(path, migrate=False) as portfolio:
            rows = portfolio.rows(
                "SELECT name FROM account WHERE search_name >= ? AND search_name < ? "
                "ORDER BY search_name LIMIT ?",
                (folded, folded + "\U0010ffff", limit),
            )
    except PortfolioError:
        return []
    return [name for (name,) in rows]
