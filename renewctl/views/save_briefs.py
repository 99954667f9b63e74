"""Two papers of a save for us alone: the executive's one page (SAV-8) and the card on a rival (SAV-C)."""

from typing import NamedTuple

from renewctl.core import save_papers
from renewctl.core.plays import CaseStep
from renewctl.views.papers import ValuePage, value_page
from renewctl.views.save_plan import Clock, TalkRow, TopicRow, clock, talk, topics
from renewctl.views.save_rows import Head, OfferRow, PromiseRow, Source, StepRow, Teller, code


class BriefingPage(NamedTuple):
    """Everything the executive's one page prints; each list with how many more there are."""

    head: Head
    customer: str
    owner: str | None
    state: str
    clock: Clock
    renewal_on: str | None
    stake: str | None
    flagged_on: str
    reason: str | None
    signals: tuple[str, ...]
    cause: str | None
    people: tuple[tuple[str, str | None], ...]  # name and role, of theirs, the most influential first
    done: tuple[StepRow, ...]
    done_more: int
    promises: tuple[PromiseRow, ...]  # the loudest first
    promises_more: int
    kept: int  # promises kept so far
    asks: tuple[PromiseRow, ...]  # what their people owe us
    asks_more: int
    offers: tuple[OfferRow, ...]
    offers_more: int
    asked: str | None  # the decision asked for
    blocker: str | None
    next: tuple[StepRow, ...]  # what is the executive's to do, else what comes next
    next_more: int
    next_is_theirs: int


class CardPage(NamedTuple):
    """Everything the card on a rival prints."""

    head: Head
    customer: str
    rival: str | None
    lost: int
    kept: int
    reasons: tuple[tuple[str, int], ...]
    cause: str | None
    stake: str | None
    renewal_on: str | None
    topics: tuple[TopicRow, ...]
    seats_bought: int | None
    seats_used: int | None
    value: ValuePage
    talk: tuple[TalkRow, ...]


def briefing_page(source: Source) -> BriefingPage:
    """SAV-8: who, what is at stake, what happened, what we did, what we ask; on one page."""
    tell = Teller(source)
    report, ledger = tell.report, tell.ledger
    most = save_papers.rules(source.policy).briefing_lines
    steps = save_papers.active(report)
    done = sorted(
        (each for each in steps if each.state == "done"),
        key=lambda each: save_papers.closed_on(each, report.file) or each.due_on,
    )
    open_steps = [each for each in steps if each.state in ("open", "snoozed") and each.fate == "active"]
    theirs = [each for each in open_steps if each.owner_role == "executive_sponsor"]
    coming: list[CaseStep] = theirs or open_steps
    given, owed = save_papers.sides(save_papers.promised(report), source.theirs)
    asks = [each for each in owed if each.state in ("missed", *save_papers.AHEAD)]
    loud = sorted(
        (each for each in given if each.state in ("missed", "broken", *save_papers.AHEAD)),
        key=lambda each: (each.state in save_papers.AHEAD, each.promise.due_on),
    )
    offers = [each for each in ledger.offers if each.state in ("pending", "approved", "accepted")]
    return BriefingPage(
        tell.head(),
        tell.account.name,
        tell.case.owner,
        code(tell.case.state),
        clock(tell),
        tell.renewal_on(),
        tell.stake(),
        tell.say.day(tell.case.flagged_on),
        tell.case.reason,
        tuple(tell.signal(each) for each in report.signals),
        tell.cause()[0],
        tuple((each.name, code(each.role) if each.role else None) for each in source.beside.people[:most]),
        tuple(tell.step(each) for each in done[-most:]),
        max(0, len(done) - most),
        tell.promises(loud[:most]),
        max(0, len(loud) - most),
        sum(each.state in save_papers.DONE for each in given),
        tell.promises(asks[:most]),
        max(0, len(asks) - most),
        tuple(tell.offer(each) for each in offers[:most]),
        max(0, len(offers) - most),
        save_papers.open_text(ledger, "decision", "asked"),
        save_papers.open_text(ledger, "blocker", "set"),
        tuple(tell.step(each) for each in coming[:most]),
        max(0, len(coming) - most),
        int(bool(theirs)),
    )


def card_page(source: Source) -> CardPage:
    """SAV-C: what is on record of the rival, what they need and use, and what is never said."""
    tell = Teller(source)
    account = tell.account
    rival = save_papers.against(account, source.beside.outcomes)
    return CardPage(
        tell.head(),
        account.name,
        rival.name if rival else None,
        rival.lost if rival else 0,
        rival.kept if rival else 0,
        rival.reasons if rival else (),
        tell.cause()[0],
        tell.stake(),
        tell.renewal_on(),
        topics(tell, save_papers.topics(tell.report), answered=False),
        account.seats_purchased,
        account.seats_used,
        value_page(source.roi.value, account, source.policy, source.lang, tell.report.as_of),
        talk(tell),
    )
