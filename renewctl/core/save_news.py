"""What the customer is told of a save: done, late, to come, and what we need from them (SAV-8, SAV-9).

It is made from promises, from steps that have words for the customer, and from what they themselves owe.
Titles of steps, reasons, findings and evidence are ours and are in none of these values.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core import case_file
from renewctl.core.case_items import UPDATE, updates
from renewctl.core.case_report import Report
from renewctl.core.model import NOT_KEPT, Offer, SaveEvent
from renewctl.core.play_flow import CAUSE, condition
from renewctl.core.policy import PlayStep
from renewctl.core.save_papers import AHEAD, DONE, Given, active, closed_on, promised, sides

_COMMITMENT = "commitment"  # of SAV-6: the customer has committed in writing
_UPDATE = "weekly-update"  # the paper that tells what is done, late and to come
_AHEAD = (_UPDATE, "acknowledgement")  # papers that tell what is to come


class News(NamedTuple):
    """A promise, or a step of which the customer is told, as an update tells it."""

    text: str
    owner: str | None  # None for a stand-in, whom nobody is told of
    state: str  # of promises.Standing; of a step: done | planned | slipped
    due_on: date
    settled_on: date | None
    new_on: date | None  # the day of the promise that takes its place
    promise_no: int | None = None
    step: str = ""


class Ask(NamedTuple):
    """What the customer owes."""

    kind: str  # promise | condition of an offer they took | choice of the options | confirm what we heard
    text: str  # "" where the kind says it all
    on: date | None  # due on; of a choice or a confirmation: asked on


class Progress(NamedTuple):
    """What a weekly update tells."""

    since_on: date | None  # the last update before this one
    done: tuple[News, ...]  # since
    late: tuple[News, ...]  # due and not done, or broken
    ahead: tuple[News, ...]  # every promise to come, and the steps planned up to the next update
    asked: tuple[Ask, ...]  # what we need from them
    untold: tuple[str, ...]  # steps past a day of which they were never told
    next_on: date  # the next update


def progress(report: Report, theirs: frozenset[str] = frozenset()) -> Progress:
    """SAV-9: what there is to tell since the last update; all of it may be empty, and is told.

    `theirs` are the names (folded) of the customer's people: what one of them owes is asked for. An update
    told by voice counts as one that was sent. A broken promise with another in its place is told once, one
    without until it has one. Of steps only those that have words for the customer are told, by those; once
    the case has ended none is planned any more, and nothing is owed to a customer that was not kept.
    """
    papers = _papers(report)
    written = [each.happened_on for each in papers if each.name == _UPDATE]
    spoken = [
        state.set_on
        for step, state in report.file.states.items()
        if state.state == "done" and state.set_on < report.as_of and step.startswith(f"{UPDATE}-")
    ]
    since_on = max([*written, *spoken], default=None)
    begin = since_on or report.file.case.flagged_on
    next_on = next_update(report)
    given = promised(report)
    ours, owed = sides(given, theirs)
    ours = () if report.file.case.state in NOT_KEPT else ours
    steps = _told_steps(report, papers)

    def new(on: date | None) -> bool:
        return on is not None and begin <= on <= report.as_of

    done = [_news(each) for each in given if each.state in DONE and new(each.promise.settled_on)]
    done += [each for each in steps if each.state == "done" and new(each.settled_on)]
    late = [
        _news(each)
        for each in ours
        if each.state in ("missed", "broken") or (each.state == "replaced" and new(each.promise.settled_on))
    ]
    late += [each for each in steps if each.state == "slipped"]
    ahead = [_news(each) for each in ours if each.state in AHEAD]
    planned = [each for each in steps if each.state == "planned"]
    ahead += [each for each in planned if each.due_on <= next_on] or ([] if ahead else planned[:1])
    return Progress(
        since_on,
        tuple(sorted(done, key=lambda each: each.settled_on or each.due_on)),
        tuple(sorted(late, key=lambda each: each.due_on)),
        tuple(sorted(ahead, key=lambda each: each.due_on)),
        _asked(report, owed),
        tuple(each.step for each in steps if each.state == "untold"),
        next_on,
    )


def _papers(report: Report) -> list[SaveEvent]:
    """The papers that told the customer what is to come, before this day and in this round."""
    current = case_file.round_of(report.file.ledger)
    return [
        event
        for event in report.file.ledger.events
        if event.happened_on < report.as_of
        and event.round == current
        and event.kind == "paper"
        and event.name in _AHEAD
    ]


def _news(given: Given) -> News:
    of, new = given.promise, given.replaced_by
    return News(of.text, of.owner, given.state, of.due_on, of.settled_on, new.due_on if new else None, of.no)


def _told_steps(report: Report, papers: Sequence[SaveEvent]) -> list[News]:
    """The steps that have words for the customer, by their days: done, planned, slipped or untold.

    One that is past a day which no paper told them of did not slip for them: it is `untold`.
    """
    found, running = [], case_file.is_open(report.file.case)
    for step, play in zip(report.steps, report.plan.plays, strict=True):
        if not play.told or step.fate != "active" or step.state == "skipped":
            continue
        due_on = max(step.due_on, (step.marked.until_on if step.marked else None) or step.due_on)
        settled_on, state = None, "planned"
        if step.state == "done":
            state, settled_on = "done", closed_on(step, report.file)
        elif not running:
            continue
        elif due_on < report.as_of:
            state = "slipped" if _was_told(play, due_on, papers, report) else "untold"
        owner = None if step.delegate else step.owner
        found.append(News(play.told, owner, state, due_on, settled_on, None, step=step.step))
    return sorted(found, key=lambda each: each.due_on)


def _was_told(play: PlayStep, due_on: date, papers: Iterable[SaveEvent], report: Report) -> bool:
    """Whether a paper told them of the day of a step: one of this playbook, written once it was decided that
    the step is to be done, of which the next update came no sooner than that day.
    """
    ledger, hangs_on = report.file.ledger, {condition(each).key for each in play.when}
    begun = [case_file.latest(ledger, "scenario")]
    begun += [case_file.latest(ledger, "finding", key) for key in hangs_on]
    begun += [case_file.latest(ledger, "cause")] if CAUSE in hangs_on else []
    since = max((each.no for each in begun if each is not None), default=0)
    return any(
        each.no > since and each.happened_on <= due_on <= _next_after(each.happened_on, report)
        for each in papers
    )


def _asked(report: Report, theirs: Iterable[Given]) -> tuple[Ask, ...]:
    """What the customer owes: what they promised, took on with an offer, and have not answered yet."""
    ledger, running = report.file.ledger, case_file.is_open(report.file.case)
    found = [
        Ask("promise", each.promise.text, each.promise.due_on)
        for each in theirs
        if each.state in (*AHEAD, "missed")
    ]
    offers = [each for each in ledger.offers if _stands(each, report)]
    if case_file.latest(ledger, "evidence", _COMMITMENT) is None:  # else they have done what was asked
        found += [
            Ask("condition", each.condition, None)
            for each in offers
            if each.state == "accepted" and each.condition
        ]
    sheet = case_file.latest(ledger, "paper", "options-sheet")
    if running and sheet is not None and any(each.state == "approved" for each in offers):
        found.append(Ask("choice", "", sheet.happened_on))
    heard = case_file.latest(ledger, "paper", "acknowledgement")
    waiting = (each for each in active(report) if "acknowledgement" in each.documents)
    if running and heard is not None and any(each.state in ("open", "snoozed") for each in waiting):
        found.append(Ask("confirm", "", heard.happened_on))
    return tuple(dict.fromkeys(found))


def _stands(offer: Offer, report: Report) -> bool:
    """Whether an offer is of this round and has not ended."""
    ended = offer.until_on is not None and offer.until_on < report.as_of
    return not ended and offer.asked_on >= report.file.case.flagged_on


def next_update(report: Report) -> date:
    """SAV-9: the day of the next update after this one, while the case runs or just after."""
    return _next_after(report.as_of, report)


def _next_after(day: date, report: Report) -> date:
    until = day + timedelta(days=report.policy.saves.update_every_days)
    days = (on for _, on in updates(report.file, report.policy, report.zone, until) if on > day)
    return next(days, until)
