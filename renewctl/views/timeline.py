"""The timeline for a customer as a page: their language, our contact, and nothing internal (TML-2)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.milestones import OPEN, Milestone
from renewctl.core.model import Account, Contract
from renewctl.core.policy import Policy
from renewctl.views.papers import Supplier, supplier
from renewctl.views.terminal import safe
from renewctl.views.wording import Writer


class MilestoneLine(NamedTuple):
    """One milestone with its day as the reader writes it."""

    name: str  # a key of the texts; one of the user's own is shown by its words
    title: str
    day: str | None  # None where it passed undone: another is to be agreed on
    state: str  # done | next | later | open


class TimelinePage(NamedTuple):
    """Everything the timeline prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    renewal_on: str | None
    milestones: tuple[MilestoneLine, ...]


def timeline_page(
    found: Sequence[Milestone], account: Account, contract: Contract, policy: Policy, lang: str, as_of: date
) -> TimelinePage:
    """The page of a renewal's milestones."""
    say = Writer(lang)
    return TimelinePage(
        account.name,
        supplier(policy),
        account.csm,
        say.day(as_of),
        say.day(contract.renewal_on) if contract.renewal_on else None,
        tuple(
            MilestoneLine(
                each.name,
                each.name.replace("-", " ").capitalize(),
                None if each.state == OPEN else say.day(each.on),
                each.state,
            )
            for each in found
        ),
    )


def lines(found: Sequence[Milestone], account: Account) -> list[str]:
    """What was written, for the person who asked for it."""
    steps = [f"  {each.on}  {each.state:<5}  {safe(each.name)}" for each in found]
    return [f"{safe(account.name)}, as the customer sees it", *steps]


def document(
    found: Sequence[Milestone], account: Account, contract: Contract, lang: str, files: Sequence[str]
) -> dict[str, Any]:
    """`renewctl/timeline/1`."""
    return {
        "schema": "renewctl/timeline/1",
        "account": account.id,
        "contract": contract.id,
        "lang": lang,
        "files": list(files),
        "milestones": [{"name": each.name, "on": each.on.isoformat(), "state": each.state} for each in found],
    }
