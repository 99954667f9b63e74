"""The papers of a save that a customer reads, in their language.

Their pages hold what the customer was told or gave, and nothing of what is ours: no stake, health, cause,
finding, evidence, cost or approval is among their fields.
"""

from typing import NamedTuple

from renewctl.core import save_papers
from renewctl.core.roi import Return
from renewctl.core.save_papers import Given
from renewctl.core.value import Gain
from renewctl.views.papers import GainLine, Supplier, gain_line, supplier
from renewctl.views.save_rows import LevelRow, MemberRow, PromiseRow, Source, Teller
from renewctl.views.wording import Writer


class CommitmentPage(NamedTuple):
    """Everything the commitment letter prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    promises: tuple[PromiseRow, ...]
    levels: tuple[LevelRow, ...]
    update_days: int


class RoiGroup(NamedTuple):
    """Gains of one kind."""

    kind: str  # time | revenue | cost | other
    gains: tuple[GainLine, ...]


class ReturnRow(NamedTuple):
    """Worth and price of one period; None where it cannot be told."""

    period: str | None
    worth: str
    price: str | None  # a year
    units: int | None  # of a year's `of`: 12 months or 365 days
    of: int | None
    cost: str | None
    net: str | None
    pct: str | None


class AlternativeRow(NamedTuple):
    """What another way would take."""

    gain: GainLine
    cost: str | None  # ours, over the same time
    difference: str | None  # theirs less ours


class RoiPage(NamedTuple):
    """Everything the value and ROI sheet prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    price: str | None
    groups: tuple[RoiGroup, ...]
    has_baseline: int
    returns: tuple[ReturnRow, ...]
    alternatives: tuple[AlternativeRow, ...]
    unused: tuple[GainLine, ...]
    seats_bought: int | None
    seats_used: int | None
    seats_idle: int | None
    quotes: tuple[str, ...]


class LetterPage(NamedTuple):
    """Everything a mail of a save prints."""

    mail: str  # the template: save-acknowledgement | save-weekly-update
    customer: str
    names: tuple[str, ...]  # whom it greets
    supplier: Supplier
    author: str | None
    date: str
    reason: str | None  # in their words
    team: tuple[MemberRow, ...]
    since: str | None  # when they were last written to
    done: tuple[PromiseRow, ...]
    done_more: int
    late: tuple[PromiseRow, ...]
    late_more: int
    ahead: tuple[PromiseRow, ...]
    ahead_more: int
    asks: tuple[str, ...]
    next_on: str  # when they hear from us again, at the latest


def commitment_page(source: Source) -> CommitmentPage:
    """SAV-9, SAV-R: every promise with its day and its owner, every service level in writing."""
    tell = Teller(source)
    given = save_papers.promised(tell.report)
    levels = save_papers.levels(tell.ledger, tell.report.as_of)
    return CommitmentPage(
        *top(tell),
        tell.promises(each for each in given if each.state not in ("withdrawn", "replaced")),
        tuple(tell.level(each) for each in levels),
        source.policy.saves.update_every_days,
    )


def roi_page(source: Source) -> RoiPage:
    """SAV-V, SAV-3: measured worth beside the price, with every source and formula."""
    tell, found = Teller(source), source.roi
    gains = [gain for group in found.groups for gain in group.gains]
    return RoiPage(
        *top(tell),
        tell.money(found.price_minor, found.currency),
        tuple(
            RoiGroup(group.kind, tuple(gain_line(gain, tell.say) for gain in group.gains))
            for group in found.groups
        ),
        int(any(gain.baseline is not None for gain in gains)),
        tuple(
            _return_row(each, tell.money(found.price_minor, found.currency), tell.say)
            for each in found.returns
        ),
        tuple(_alternative(gain, other, tell.say) for gain, other in found.alternatives),
        tuple(gain_line(gain, tell.say) for gain in found.value.unused),
        tell.account.seats_purchased,
        tell.account.seats_used,
        found.idle_seats,
        found.value.quotes,
    )


def letter_page(source: Source, kind: str) -> LetterPage:
    """SAV-P, SAV-9: the acknowledgement, and the update of the week, which is sent with nothing new too."""
    tell, policy = Teller(source), source.policy
    found = save_papers.progress(tell.report)
    most = save_papers.rules(policy).update_lines
    next_on = found.next_on
    if kind == "acknowledgement":
        next_on = min([each.promise.due_on for each in found.ahead] + [next_on])

    def shown(given: tuple[Given, ...]) -> tuple[tuple[PromiseRow, ...], int]:
        return tell.promises(given[:most]), max(0, len(given) - most)

    customer, ours, author, day = top(tell)
    return LetterPage(
        f"save-{kind}",
        customer,
        tuple(each.name for each in source.beside.addressed.to),
        ours,
        author,
        day,
        tell.case.reason,
        tuple(tell.member(each) for each in save_papers.told_team(tell.report)),
        tell.say.day(found.since_on) if found.since_on else None,
        *shown(found.done),
        *shown(found.late),
        *shown(found.ahead),
        found.asked,
        tell.say.day(next_on),
    )


def top(tell: Teller) -> tuple[str, Supplier, str | None, str]:
    """What every page for a customer begins with: theirs, ours, who writes, when."""
    return (
        tell.account.name,
        supplier(tell.source.policy),
        tell.case.owner,
        tell.say.day(tell.report.as_of),
    )


def _return_row(found: Return, price: str | None, say: Writer) -> ReturnRow:
    def amount(minor: int | None) -> str | None:
        return None if minor is None else say.money(minor, found.currency)

    return ReturnRow(
        say.period(found.start_on, found.end_on),
        say.money(found.worth_minor, found.currency),
        price,
        found.span.units if found.span else None,
        found.span.of if found.span else None,
        amount(found.cost_minor),
        amount(found.net_minor),
        None if found.pct is None else say.percent(found.pct, places=0),
    )


def _alternative(gain: Gain, other: Return | None, say: Writer) -> AlternativeRow:
    if other is None or other.cost_minor is None or other.net_minor is None:
        return AlternativeRow(gain_line(gain, say), None, None)
    cost, less = (say.money(minor, other.currency) for minor in (other.cost_minor, other.net_minor))
    return AlternativeRow(gain_line(gain, say), cost, less)
