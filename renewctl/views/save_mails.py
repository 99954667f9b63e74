"""The mails of a save that a customer reads: the acknowledgement, the update of the week (SAV-P, SAV-9)."""

from typing import NamedTuple

from renewctl.core import save_papers
from renewctl.core.save_papers import Given
from renewctl.views.papers import Supplier
from renewctl.views.save_letters import top
from renewctl.views.save_rows import MemberRow, PromiseRow, Source, Teller


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
