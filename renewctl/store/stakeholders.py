"""Stakeholders as stored: those of accounts with who of them left, and finding one by what people type."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from renewctl.core.model import Account, Departure, Stakeholder
from renewctl.core.text import fold
from renewctl.errors import NotFound
from renewctl.store.portfolio import Portfolio

_IN_LIST = 500
_SHOWN = 8


class People(NamedTuple):
    """Stakeholders and departures by account number, each in the order they were recorded."""

    stakeholders: dict[int, list[Stakeholder]]
    departures: dict[int, list[Departure]]

    def of(self, account_no: int) -> tuple[list[Stakeholder], list[Departure]]:
        """Those of one account."""
        return self.stakeholders.get(account_no, []), self.departures.get(account_no, [])


def people(portfolio: Portfolio, account_nos: Sequence[int] | None = None) -> People:
    """The stakeholders of the named accounts, or of all."""
    found = People(defaultdict(list), defaultdict(list))
    parts: list[Sequence[int] | None] = [None]
    if account_nos is not None:
        parts = [account_nos[at : at + _IN_LIST] for at in range(0, len(account_nos), _IN_LIST)]
    for part in parts:
        where = "" if part is None else f"account_no IN ({','.join('?' * len(part))})"
        for person in portfolio.values("stakeholder", where, part or (), "no"):
            found.stakeholders[person.account_no].append(person)
        for departure in portfolio.values("departure", where, part or (), "stakeholder_no"):
            found.departures[departure.account_no].append(departure)
    return found


def find_person(portfolio: Portfolio, account: Account, text: str) -> Stakeholder:
    """The one stakeholder of an account meant by an address, a name, its beginning or a part of it.

    NotFound (exit 13) for nobody and for several, who are then listed.
    """
    known: list[Stakeholder] = portfolio.values("stakeholder", "account_no = ?", (account.no,), "no")
    wanted = fold(text)
    tiers = (
        [each for each in known if fold(each.email or "") == wanted],
        [each for each in known if each.name == text.strip()],
        [each for each in known if fold(each.name) == wanted],
        [each for each in known if fold(each.name).startswith(wanted)],
        [each for each in known if wanted in fold(each.name)],
    )
    for found in tiers if wanted else ():
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(
                "ambiguous-stakeholder",
                f"{text!r} of {account.name} could be {_listed(found)}",
                "give the e-mail address, or more of the name",
            )
    there = f"on record are {_listed(known)}" if known else "nobody is on record there"
    hint = f"{there}; to add somebody: renewctl stakeholder add ACCOUNT NAME"
    if wanted and wanted in fold(account.champion or ""):
        hint = (
            f"{account.champion} is on record as the champion only: renewctl set {account.id} champion=gone"
        )
    raise NotFound("no-such-stakeholder", f"{account.name} has no stakeholder called {text!r}", hint)


def _listed(found: Sequence[Stakeholder]) -> str:
    names = [each.name + (f" <{each.email}>" if each.email else "") for each in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(names) + more
