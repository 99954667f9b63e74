"""The plan of a save: clock, cause, steps, promises, offers, success, team. For us alone (SAV-5, SAV-1)."""

from fractions import Fraction
from typing import NamedTuple

from renewctl.core import save_papers
from renewctl.core.model import Worth
from renewctl.core.save_papers import Topic
from renewctl.views.save_rows import (
    Head,
    MemberRow,
    OfferRow,
    PromiseRow,
    Source,
    StepRow,
    Teller,
    code,
)

_TALK = ("say", "ask", "never")


class PhaseRows(NamedTuple):
    """The steps of one phase."""

    name: str
    steps: tuple[StepRow, ...]


class MilestoneRow(NamedTuple):
    """SAV-7: where a save should stand, by when."""

    name: str
    text: str
    by: str


class SuccessRow(NamedTuple):
    """SAV-6: one of the four, what it means here, and what shows it."""

    name: str
    shown: int
    text: str
    evidence: str | None


class TalkRow(NamedTuple):
    """A line of the talk track."""

    kind: str  # say | ask | never
    text: str


class TopicRow(NamedTuple):
    """A step that asks, with its answers."""

    title: str
    answers: tuple[tuple[str, str | None], ...]


class WorthRow(NamedTuple):
    """OPP-3: the decision to fight or to let go, with what it was reckoned from."""

    decision: str
    hours: str
    concession: str | None
    arr: str | None
    chance: str
    years: int
    reason: str
    on: str


class Clock(NamedTuple):
    """SAV-1: how the case stands against its clock."""

    state: str  # running | late | answered
    hours: str
    by: str
    answered_on: str | None


class PlanPage(NamedTuple):
    """Everything the save plan prints."""

    head: Head
    customer: str
    owner: str | None
    state: str
    closed_on: str | None
    urgency: str
    flagged_on: str
    clock: Clock
    renewal_on: str | None
    stake: str | None
    reason: str | None
    signals: tuple[str, ...]
    whys: tuple[str | None, ...]
    cause: str | None
    cause_code: str | None
    topics: tuple[TopicRow, ...]
    milestones: tuple[MilestoneRow, ...]
    phases: tuple[PhaseRows, ...]
    checkins: tuple[StepRow, ...]
    provisional: int
    promises: tuple[PromiseRow, ...]
    offers: tuple[OfferRow, ...]
    success: tuple[SuccessRow, ...]
    team: tuple[MemberRow, ...]
    talk: tuple[TalkRow, ...]
    worth: WorthRow | None


def plan_page(source: Source) -> PlanPage:
    """SAV-5, SAV-1: the whole plan of a case."""
    tell = Teller(source)
    report, case, ledger = tell.report, tell.case, tell.ledger
    cause, cause_code = tell.cause()
    return PlanPage(
        tell.head(),
        tell.account.name,
        case.owner,
        code(case.state),
        tell.day(case.closed_on),
        report.urgency,
        tell.say.day(case.flagged_on),
        clock(tell),
        tell.renewal_on(),
        tell.stake(),
        case.reason,
        tuple(tell.signal(each) for each in report.signals),
        save_papers.whys(report),
        cause,
        cause_code,
        topics(tell, save_papers.topics(report), answered=True),
        _milestones(tell),
        _phases(tell),
        tuple(tell.step(each) for each in report.checkins),
        int(report.provisional),
        tell.promises(save_papers.promised(report), ours=True),
        tuple(tell.offer(each) for each in ledger.offers),
        _success(tell),
        tuple(tell.member(each) for each in save_papers.team(report)),
        talk(tell),
        _worth(tell, ledger.worths[-1]) if ledger.worths else None,
    )


def clock(tell: Teller) -> Clock:
    """SAV-1: how the case stands against its clock."""
    of = tell.report.clock
    hours = f"{abs(of.hours_left):g}"
    return Clock(of.state, hours, tell.moment(tell.case.respond_by), tell.day(of.answered_on))


def topics(tell: Teller, found: tuple[Topic, ...], *, answered: bool) -> tuple[TopicRow, ...]:
    """The questions with their answers; with `answered` only those that have one."""
    rows = []
    for topic in found:
        answers = tuple(
            (tell.said(question.text), tell.answer(question, answer))
            for question, answer in topic.answers
            if answer or not answered
        )
        if answers:
            rows.append(TopicRow(tell.said(topic.title), answers))
    return tuple(rows)


def _milestones(tell: Teller) -> tuple[MilestoneRow, ...]:
    return tuple(
        MilestoneRow(code(each.name), tell.said(each.text), tell.day(each.due_on) or "")
        for each in tell.report.milestones
    )


def _phases(tell: Teller) -> tuple[PhaseRows, ...]:
    phases: dict[str, list[StepRow]] = {}
    for step in save_papers.active(tell.report):
        phases.setdefault(step.phase, []).append(tell.step(step))
    return tuple(PhaseRows(code(name), tuple(steps)) for name, steps in phases.items())


def _success(tell: Teller) -> tuple[SuccessRow, ...]:
    """The four, each in the scenario's words where the scenario has as many."""
    own, shown = tell.report.book.success, tell.report.evidence
    texts = own if len(own) == len(shown) else tell.report.success
    states = [each.promise.state for each in tell.report.promises if each.promise.state != "withdrawn"]
    kept = f"{states.count('kept')} / {len(states)}" if states else "–"
    return tuple(
        SuccessRow(
            code(each.criterion),
            int(not each.missing),
            tell.said(text),
            kept if each.criterion == "promises" else each.text,
        )
        for each, text in zip(shown, texts, strict=True)
    )


def talk(tell: Teller) -> tuple[TalkRow, ...]:
    """The talk track by what each line is for; a line without such a word is something to say.

    `Say, to the champion: …` keeps to whom it is said.
    """
    rows = []
    for line in tell.report.book.talk_track:
        kind = line.partition(":")[0].partition(",")[0].strip().lower()
        said = tell.said(line)
        if kind in _TALK:
            word, _, text = (part.strip() for part in said.partition(":"))
            whom = word.partition(",")[2].strip()
            said = (f"({whom}) " if whom else "") + text[:1].upper() + text[1:]
        rows.append(TalkRow(kind if kind in _TALK else "say", said))
    return tuple(sorted(rows, key=lambda row: _TALK.index(row.kind)))


def _worth(tell: Teller, worth: Worth) -> WorthRow:
    return WorthRow(
        code(worth.decision),
        tell.say.number(Fraction(worth.minutes, 60)),
        tell.money(worth.concession_minor, worth.currency),
        tell.money(worth.arr_minor, worth.currency),
        tell.say.percent(Fraction(worth.chance_pct)),
        worth.years,
        worth.reason,
        tell.day(worth.decided_on) or "",
    )
