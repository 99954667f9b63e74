"""What the papers of a save are made from: recorded facts only, sorted into what each paper tells (SAV-5).

A paper for the customer is made from what they were told or gave: promises, service levels, offers that were
approved, measured value, names of the team. Findings, causes, evidence, health, costs and approvals are ours
and are in no value that such a paper is made from.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from renewctl.core import case_file
from renewctl.core.case_file import OFFERED, CaseFile
from renewctl.core.case_report import Report
from renewctl.core.mail import Addressed
from renewctl.core.model import (
    Account,
    Contract,
    Ledger,
    Offer,
    Outcome,
    Promise,
    ServiceLevel,
    Stakeholder,
    ValueMetric,
)
from renewctl.core.offer_guards import unknown
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy, Question
from renewctl.core.roi import Roi
from renewctl.core.text import fold

DONE, AHEAD = ("kept", "late"), ("soon", "open")

LEAST_OPTIONS = 2  # SAV-B: one way alone is no choice
_TOO_FEW = ("nothing that answers the root cause may be offered yet", "one way alone is no choice (SAV-B)")


class Kind(NamedTuple):
    """What a paper is."""

    customer: bool  # else it is for us alone
    mail: bool  # else it is a page


KINDS = {  # in the order of core.policy.SAVE_PAPERS
    "save-plan": Kind(customer=False, mail=False),
    "acknowledgement": Kind(customer=True, mail=True),
    "commitment-letter": Kind(customer=True, mail=False),
    "weekly-update": Kind(customer=True, mail=True),
    "roi-sheet": Kind(customer=True, mail=False),
    "executive-briefing": Kind(customer=False, mail=False),
    "battle-card": Kind(customer=False, mail=False),
    "options-sheet": Kind(customer=True, mail=False),
}


class Rules(NamedTuple):
    """The policy's `[save_papers]`."""

    told_roles: tuple[str, ...]  # whose names a customer is given
    briefing_lines: int  # of each list on the one page for an executive
    update_lines: int  # of each list of a mail
    to: Mapping[str, tuple[str, ...]]  # mail -> roles of the customer it goes to


class Beside(NamedTuple):
    """What is read beside the case itself."""

    contract: Contract | None
    addressed: Addressed  # whom a mail goes to, and who of them is missing
    metrics: tuple[ValueMetric, ...] = ()  # of the account
    people: tuple[Stakeholder, ...] = ()  # still there, the most influential first
    outcomes: tuple[Outcome, ...] = ()  # of the whole book
    others: int = 0  # open contracts of the account beside that one
    price_since: date | None = None  # when the price in force began, where there was another before it


class Member(NamedTuple):
    """Who acts in a role of the save, and whether only as a stand-in."""

    role: str
    person: str
    stands_in: bool
    steps: int  # of the plan that are theirs in this role


class Given(NamedTuple):
    """A promise and how it stands."""

    promise: Promise
    state: str  # of promises.Standing
    replaced_by: Promise | None


class Topic(NamedTuple):
    """A step that asks questions: (question, answer; None where nobody has answered)."""

    title: str
    answers: tuple[tuple[Question, str | None], ...]


class Rival(NamedTuple):
    """How renewals ended in which this competitor was named."""

    name: str
    lost: int
    kept: int
    reasons: tuple[tuple[str, int], ...]  # of the losses, the most frequent first


def rules(policy: Policy) -> Rules:
    """The policy's `[save_papers]`."""
    table = policy.raw["save_papers"]
    return Rules(
        tuple(table["told_roles"]),
        table["briefing_lines"],
        table["update_lines"],
        {name: tuple(roles) for name, roles in table["to"].items()},
    )


def whys(report: Report) -> tuple[str | None, ...]:
    """SAV-2: the whys of this round, None for those not answered."""
    found = (
        case_file.latest(report.file.ledger, "why", str(number + 1))
        for number in range(report.policy.saves.whys)
    )
    return tuple(each.text if each else None for each in found)


def open_text(ledger: Ledger, kind: str, name: str) -> str | None:
    """The text of the last event of a kind where it is of this name: a blocker set, a decision asked."""
    found = case_file.latest(ledger, kind)
    return found.text if found is not None and found.name == name else None


def active(report: Report) -> tuple[CaseStep, ...]:
    """The steps of the plan but for those that a finding took out of it."""
    return tuple(step for step in report.steps if step.fate != "dropped")


def team(report: Report) -> tuple[Member, ...]:
    """SAV-5: who acts in which role: those named on the case, then the owners of the steps, by the plan."""
    owners: dict[tuple[str, str, bool], int] = {}
    for event in report.file.ledger.events:
        if event.kind == "team" and event.text:
            owners = {key: count for key, count in owners.items() if key[0] != event.name}
            owners[event.name, event.text, False] = 0
    for step in active(report):
        if step.owner is not None:
            key = (step.owner_role, step.owner, step.delegate)
            owners[key] = owners.get(key, 0) + 1
    return tuple(Member(*key, count) for key, count in owners.items())


def told_team(report: Report) -> tuple[Member, ...]:
    """SAV-P: whom of us a customer is told by name, each once: the coordinator, then the policy's roles."""
    shown, owner = rules(report.policy).told_roles, report.file.case.owner
    mine = [Member("coordinator", owner, False, 0)] if owner else []
    others = [each for each in team(report) if each.role in shown and not each.stands_in]
    found: dict[str, Member] = {}
    for each in (*mine, *sorted(others, key=lambda each: shown.index(each.role))):
        found.setdefault(each.person, each)
    return tuple(found.values())


def promised(report: Report) -> tuple[Given, ...]:
    """SAV-9: every promise of the case with how it stands, by their days."""
    after = {each.promise.replaces_no: each.promise for each in report.promises}
    return tuple(
        Given(each.promise, each.state, after.get(each.promise.no) if each.state == "replaced" else None)
        for each in sorted(report.promises, key=lambda of: (of.promise.due_on, of.promise.no))
    )


def sides(given: Iterable[Given], theirs: frozenset[str]) -> tuple[tuple[Given, ...], tuple[Given, ...]]:
    """SAV-9: the promises that are ours, and those that one of the customer's people (names folded) owes."""
    found = tuple(given)
    owed = tuple(each for each in found if fold(each.promise.owner) in theirs)
    return tuple(each for each in found if each not in owed), owed


def closed_on(step: CaseStep, file: CaseFile) -> date | None:
    """The day on which a step was closed, by hand or by a fact on record; None while it is open."""
    if step.state not in ("done", "skipped"):
        return None
    if step.marked is not None:
        return step.marked.set_on
    ledger, since = file.ledger, file.case.flagged_on
    kind, _, name = step.shown_by.partition(":")
    current, keys = case_file.round_of(ledger), {each.key for each in step.asks}
    found = [
        each.happened_on
        for each in ledger.events
        if each.round == current
        and ((each.kind == kind and name in ("", each.name)) or (kind, each.kind) == ("answers", "finding"))
        and (kind != "answers" or each.name in keys)
    ]
    if found:
        return max(found)
    given = [
        (each.made_on, each.made_on, each.chain, "promise")
        for each in ledger.promises
        if each.state != "withdrawn"
    ]
    given += [
        (each.asked_on, _granted_on(each), each.instrument, "offer")
        for each in ledger.offers
        if each.state in OFFERED
    ]
    given += [(each.decided_on, each.decided_on, None, "worth") for each in ledger.worths]
    return min(
        on for begun_on, on, what, of in given if of == kind and begun_on >= since and name in ("", what)
    )


def _granted_on(offer: Offer) -> date:
    """From when an offer might be shown: the day it was approved, else the day it was answered."""
    return offer.asked_on if offer.needs_role is None else offer.decided_on or offer.asked_on


def topics(report: Report) -> tuple[Topic, ...]:
    """SAV-5: what the investigation asks, step by step, with the answers on record."""
    said = case_file.findings(report.file.case, report.file.ledger)
    return tuple(
        Topic(step.title, tuple((each, said.get(each.key) or None) for each in step.asks))
        for step in active(report)
        if step.asks
    )


def levels(ledger: Ledger, as_of: date) -> tuple[ServiceLevel, ...]:
    """SAV-R: the service levels in force or still to begin."""
    return tuple(each for each in ledger.levels if each.until_on is None or each.until_on >= as_of)


def against(account: Account, outcomes: Iterable[Outcome]) -> Rival | None:
    """SAV-C, WIN-3: how renewals ended in which this account's competitor was named."""
    if not account.competitor:
        return None
    name = fold(account.competitor)
    met = [each for each in outcomes if each.competitor and fold(each.competitor) == name]
    lost = [each for each in met if each.result == "lost"]
    reasons: dict[str, int] = {}
    for each in lost:
        if each.reason:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Rival(account.competitor, len(lost), len(met) - len(lost), tuple(ordered))


def cause_known(report: Report) -> bool:
    """SAV-2: whether the root cause is on record in this round."""
    cause = case_file.latest(report.file.ledger, "cause")
    return cause is not None and not unknown(cause.text or cause.name, report.policy.offers)


def lacking(kind: str, report: Report, roi: Roi, options: int) -> str | None:
    """What a paper is about and is not on record, so that it is a form to fill; None where it is.

    `options` is how many an options sheet shows.
    """
    ledger = report.file.ledger
    absent = {
        "commitment-letter": not ledger.promises
        and not levels(ledger, report.as_of)
        and "no promise and no service level is on record",
        "roi-sheet": not roi.groups and "no value metrics are recorded",
        "battle-card": not report.file.account.competitor and "no competitor is on record",
        "options-sheet": options < LEAST_OPTIONS and _TOO_FEW[options],
    }
    return absent.get(kind) or None
