"""What the papers of a save have in common: a case's promises, steps, offers and people as rows of text.

Rows hold text that is written in the reader's language, codes that the templates have words for, whole
numbers (0/1 for no and yes) and None, which prints as a blank to fill.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from renewctl.core import case_file, moments, save_papers
from renewctl.core.case_report import Report
from renewctl.core.model import Because, Offer, Promise, ServiceLevel
from renewctl.core.offer_sheet import Option
from renewctl.core.offer_words import promise_of
from renewctl.core.offers import quote_of
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy, Question
from renewctl.core.promises import FIX, UNNAMED, step_of_fix
from renewctl.core.roi import Roi
from renewctl.core.save_papers import Beside, Given, Member
from renewctl.core.text import fold
from renewctl.views.papers import Supplier, supplier
from renewctl.views.wording import Writer

_HOUR_MINUTES = 60
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b", re.ASCII)


class Source(NamedTuple):
    """Everything the pages of one case are made from."""

    report: Report
    beside: Beside
    roi: Roi
    policy: Policy
    lang: str
    said: Callable[[str], str]  # a shipped text in the language
    options: tuple[Option, ...] = ()  # of an options sheet

    @property
    def theirs(self) -> frozenset[str]:
        """The customer's people, names folded: what one of them owes is no promise of ours (SAV-9)."""
        return frozenset(fold(each.name) for each in self.beside.people)


class Head(NamedTuple):
    """What every page begins with."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    save: str
    round: int
    scenario: str


class PromiseRow(NamedTuple):
    """One promise."""

    text: str
    to_whom: str | None
    due_on: str
    due_short: str
    owner: str
    chain: str | None  # where somebody gave it a name
    state: str  # of promises.Standing
    settled_on: str | None
    new_on: str | None  # the day of the promise that takes its place
    evidence: str | None  # ours: never on a customer's paper


class StepRow(NamedTuple):
    """One step of the plan."""

    by: str
    at: str | None  # the hour, for a step on the clock
    title: str
    done_when: str
    owner: str | None
    role: str
    stands_in: int
    channel: str
    state: str  # done | skipped | late | open
    closed_on: str | None
    undecided: int  # hangs on a question nobody has answered yet
    hours: str | None  # it usually takes


class MemberRow(NamedTuple):
    """One of the team."""

    person: str
    role: str
    stands_in: int
    steps: int


class OfferRow(NamedTuple):
    """One offer as we see it."""

    name: str
    instrument: str
    answers: str | None
    asks: str | None
    ends_on: str | None
    cost: str | None
    kept: str | None
    later: str | None
    discount: str | None
    state: str
    needs_role: str | None


class LevelRow(NamedTuple):
    """One service level in writing."""

    name: str
    text: str
    respond_hours: str | None
    respond_minutes: int | None  # where it is no whole number of hours
    every_days: int | None
    from_on: str
    until_on: str | None


class Teller:
    """Tells the facts of one case in one language."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.report = source.report
        self.case = source.report.file.case
        self.account = source.report.file.account
        self.ledger = source.report.file.ledger
        self.say = Writer(source.lang)
        self.said = source.said

    def head(self) -> Head:
        """What every page begins with."""
        return Head(
            self.account.name,
            supplier(self.source.policy),
            self.case.owner,
            self.say.day(self.report.as_of),
            f"s{self.case.no}",
            case_file.round_of(self.ledger),
            self.said(self.report.book.title),
        )

    def day(self, day: date | None) -> str | None:
        """A day as tables show it."""
        return None if day is None else self.say.period(day, None)

    def moment(self, at: str) -> str:
        """An instant in the policy's time zone, which is named."""
        text = moments.local_text(at, self.report.zone)
        return f"{self.day(date.fromisoformat(text[:10]))}, {text[11:]} {self.report.zone_name}"

    def money(self, minor: int | None, currency: str | None) -> str | None:
        """An amount; None where it or its currency is unknown."""
        return None if minor is None or not currency else self.say.money(minor, currency)

    def stake(self) -> str | None:
        """The ARR at stake, in the base currency. Ours."""
        return self.money(self.report.file.renewal.arr_base_minor, self.report.base_currency)

    def renewal_on(self) -> str | None:
        """The day of the renewal."""
        on = self.report.file.renewal.renewal_on
        return None if on == case_file.UNKNOWN_ON else self.say.day(on)

    def signal(self, seen: Because) -> str:
        """What is on record, with its days as the language writes them."""
        return _ISO.sub(self._day_of, self.said(seen.observed))

    def _day_of(self, found: re.Match[str]) -> str:
        try:
            return self.say.day(date.fromisoformat(found[0]))
        except ValueError:  # in somebody's own words, which only look like a day
            return found[0]

    def cause(self) -> tuple[str | None, str | None]:
        """SAV-2: the root cause of this round in words, and its code."""
        found = case_file.latest(self.ledger, "cause")
        return (self.said(found.text or found.name), found.name) if found else (None, None)

    def answer(self, question: Question, answer: str | None) -> str | None:
        """An answer as it was written; one that was chosen in the language of its question."""
        if answer not in question.answers:
            return answer
        put = self.said(question.text) != question.text
        return self.said(answer) if put else answer.replace("-", " ")

    def promise(self, given: Given, *, ours: bool = False) -> PromiseRow:
        """A promise as the customer may see it; with `ours` what shows it too."""
        of, new = given.promise, given.replaced_by
        return PromiseRow(
            self.promised(of),
            of.to_whom,
            self.say.period(of.due_on, None) or "",
            self.say.short_day(of.due_on),
            of.owner,
            None if of.chain in (FIX, UNNAMED) else of.chain,
            given.state,
            self.day(of.settled_on),
            self.day(new.due_on) if new else None,
            of.evidence if ours else None,
        )

    def promised(self, of: Promise) -> str:
        """What is promised; a step of a fix and what an offer gave in words of the language."""
        titles = self.source.policy.saves.chain_titles
        step = step_of_fix(of, titles)
        if step is not None:
            return f"{step[0]}: {self.said(titles[step[1]])}"
        return self._given(of.text) if of.text in self._offered else of.text

    @cached_property
    def _offered(self) -> frozenset[str]:
        """What offers gave, as the promises that they made tell it."""
        found = (quote_of(each) for each in self.ledger.offers)
        return frozenset(promise_of(each)[0] for each in found if each is not None)

    def _given(self, text: str) -> str:
        """What an offer gives, in the language; its sentence begins with a small letter where it is made."""
        small = text[0].lower() + text[1:]
        said = self.said(small)
        return text if said == small else said[0].upper() + said[1:]

    def promises(self, found: Iterable[Given], *, ours: bool = False) -> tuple[PromiseRow, ...]:
        """Promises in their order."""
        return tuple(self.promise(each, ours=ours) for each in found)

    def step(self, step: CaseStep) -> StepRow:
        """A step of the plan."""
        state = step.state if step.state in ("done", "skipped") else "open"
        active = step.fate == "active" and case_file.is_open(self.case)
        if state == "open" and active and step.due_on < self.report.as_of:
            state = "late"
        return StepRow(
            self.say.short_day(step.due_on),
            moments.local_text(step.due_at, self.report.zone)[11:] if step.due_at else None,
            self.said(step.title),
            self.said(step.done_when),
            step.owner,
            code(step.owner_role),
            int(step.delegate),
            step.channel,
            state,
            self.day(save_papers.closed_on(step, self.report.file)),
            int(step.fate == "undecided"),
            self.say.number(Fraction(str(step.effort))) if step.effort else None,
        )

    def member(self, member: Member) -> MemberRow:
        """One of the team."""
        return MemberRow(member.person, code(member.role), int(member.stands_in), member.steps)

    def offer(self, offer: Offer) -> OfferRow:
        """An offer as we see it."""
        return OfferRow(
            f"o{offer.no}",
            code(offer.instrument),
            self.said(offer.root_cause) if offer.root_cause else None,
            self.said(offer.condition) if offer.condition else None,
            self.day(offer.until_on),
            self.money(offer.cost_minor, offer.currency),
            self.money(offer.kept_minor, offer.currency),
            self.money(offer.later_minor, offer.currency) if offer.later_minor else None,
            self.percent(offer.discount_pct),
            offer.state,
            code(offer.needs_role) if offer.needs_role else None,
        )

    def percent(self, text: str | None) -> str | None:
        """A percentage kept as a decimal; None for none and for nothing off."""
        pct = Fraction(text or 0)
        return self.say.percent(pct) if pct else None

    def level(self, level: ServiceLevel) -> LevelRow:
        """A service level as it was given in writing."""
        minutes = level.respond_minutes
        whole = minutes is not None and minutes % _HOUR_MINUTES == 0
        return LevelRow(
            level.name,
            level.text,
            str((minutes or 0) // _HOUR_MINUTES) if whole else None,
            None if whole else minutes,
            level.every_days,
            self.say.period(level.from_on, None) or "",
            self.day(level.until_on),
        )


def code(text: str) -> str:
    """A stored code as the templates' words are called: hyphens, which Markdown leaves alone."""
    return text.replace("_", "-")
