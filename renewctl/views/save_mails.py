"""The mails of a save that a customer reads: the acknowledgement, the update of the week (SAV-P, SAV-9)."""

from typing import NamedTuple

from renewctl.core import save_news, save_papers
from renewctl.core.save_news import Ask, News, Progress
from renewctl.views.papers import Supplier
from renewctl.views.save_letters import top
from renewctl.views.save_rows import MemberRow, Source, Teller


class NewsRow(NamedTuple):
    """A promise or a step as the customer is told of it."""

    text: str
    owner: str | None
    state: str  # of core.save_news.News
    due_on: str
    settled_on: str | None
    new_on: str | None
    why: None = None  # of what is late: to be filled in, as no reason on record is meant for the customer


class AskRow(NamedTuple):
    """What the customer owes."""

    kind: str  # of core.save_news.Ask
    text: str
    on: str | None
    late: int


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
    done: tuple[NewsRow, ...]
    done_more: int
    late: tuple[NewsRow, ...]
    late_more: int
    ahead: tuple[NewsRow, ...]
    ahead_more: int
    asks: tuple[AskRow, ...]
    next_on: str  # when they hear from us again, at the latest


def told(source: Source) -> Progress:
    """SAV-9: what there is to tell; what one of the customer's people owes is theirs."""
    return save_news.progress(source.report, source.theirs)


def letter_page(source: Source, kind: str) -> LetterPage:
    """SAV-P, SAV-9: the acknowledgement, and the update of the week, which is sent with nothing new too."""
    tell, found = Teller(source), told(source)
    most = save_papers.rules(source.policy).update_lines
    next_on = found.next_on
    if kind == "acknowledgement":
        next_on = min([each.due_on for each in found.ahead if each.promise_no] + [next_on])

    def shown(news: tuple[News, ...]) -> tuple[tuple[NewsRow, ...], int]:
        return tuple(_row(each, tell) for each in news[:most]), max(0, len(news) - most)

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
        tuple(_ask(each, tell) for each in found.asked),
        tell.say.day(next_on),
    )


def _row(news: News, tell: Teller) -> NewsRow:
    promise = next((each for each in tell.ledger.promises if each.no == news.promise_no), None)
    text = tell.promised(promise) if promise else tell.said(news.text)
    due_on = tell.say.period(news.due_on, None) or ""
    return NewsRow(text, news.owner, news.state, due_on, tell.day(news.settled_on), tell.day(news.new_on))


def _ask(ask: Ask, tell: Teller) -> AskRow:
    text = tell.said(ask.text) if ask.kind == "condition" else ask.text
    late = ask.kind == "promise" and ask.on is not None and ask.on < tell.report.as_of
    return AskRow(ask.kind, text, tell.day(ask.on), int(late))
