"""The letter of commitments that a customer reads, and what every page for a customer begins with.

Pages for a customer hold what the customer was told or gave, and nothing of what is ours: no stake, health,
cause, finding, evidence, cost or approval is among their fields.
"""

from typing import NamedTuple

from renewctl.core import save_papers
from renewctl.views.papers import Supplier, supplier
from renewctl.views.save_rows import LevelRow, PromiseRow, Source, Teller


class CommitmentPage(NamedTuple):
    """Everything the commitment letter prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    promises: tuple[PromiseRow, ...]
    asks: tuple[PromiseRow, ...]  # what their people owe
    levels: tuple[LevelRow, ...]
    update_days: int


def commitment_page(source: Source) -> CommitmentPage:
    """SAV-9, SAV-R: every promise with its day and its owner, ours before theirs; every service level."""
    tell = Teller(source)
    given = (
        each for each in save_papers.promised(tell.report) if each.state not in ("withdrawn", "replaced")
    )
    ours, theirs = save_papers.sides(given, source.theirs)
    levels = save_papers.levels(tell.ledger, tell.report.as_of)
    return CommitmentPage(
        *top(tell),
        tell.promises(ours),
        tell.promises(theirs),
        tuple(tell.level(each) for each in levels),
        source.policy.saves.update_every_days,
    )


def top(tell: Teller) -> tuple[str, Supplier, str | None, str]:
    """What every page for a customer begins with: theirs, ours, who writes, when."""
    return (
        tell.account.name,
        supplier(tell.source.policy),
        tell.case.owner,
        tell.say.day(tell.report.as_of),
    )
