"""SAV-11: the rounds of saves, each a case of its own: what is of which, and how early a loss was flagged.

A case that relapsed runs again under its own number (SAV-10). What was closed before stays what it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from math import ceil
from typing import NamedTuple

from renewctl.core.case_file import UNKNOWN_ON, CaseFile, latest, round_of
from renewctl.core.due import States
from renewctl.core.model import KEPT_SAVES, Account, Ledger, Outcome, SaveCase
from renewctl.core.moments import instant, local_on
from renewctl.core.plays import first_contact
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor
from renewctl.core.shares import middle

LATER = "later"
NEVER = "never"


class Before(NamedTuple):
    """An earlier round of a case: as it stood when the customer relapsed, and what was done in it."""

    case: SaveCase
    states: States


def rounds_of(file: CaseFile, before: Sequence[Before]) -> list[CaseFile]:
    """The rounds of a case in order, the present one last, each with what is on record of it alone.

    A promise and an offer are of the round in which they were made: until the customer relapsed.
    """
    if not before:
        return [file]
    again = [each.happened_on for each in file.ledger.events if each.kind == "reopened"]
    ends = list(zip(again, (each.case.closed_on or date.min for each in before), strict=False))

    def of(day: date) -> int:
        return 1 + sum(day >= reopened and day > closed for reopened, closed in ends)

    def part(no: int) -> Ledger:
        ledger = file.ledger
        return ledger._replace(
            events=tuple(each for each in ledger.events if each.round <= no),
            promises=tuple(each for each in ledger.promises if of(each.made_on) == no),
            offers=tuple(each for each in ledger.offers if of(each.decided_on or each.asked_on) == no),
        )

    found = [
        file._replace(case=case, states=states, ledger=part(no))
        for no, (case, states) in enumerate(before, 1)
    ]
    return [*found, file._replace(ledger=part(len(before) + 1))]


def begun(file: CaseFile) -> date:
    """The day from which a round counts: its flag, and of the first the opening too."""
    case = file.case
    return case.flagged_on if round_of(file.ledger) > 1 else min(case.opened_on, case.flagged_on)


def relapsed(rounds: Sequence[CaseFile], at: int) -> bool:
    """Whether the customer of a kept round relapsed: another round follows."""
    after = rounds[at + 1 : at + 2]
    return any(each.case.no == rounds[at].case.no and round_of(each.ledger) > 1 for each in after)


def outcomes_of(rounds: Sequence[CaseFile], outcomes: Iterable[Outcome]) -> dict[int, list[Outcome]]:
    """Outcomes by the place of the round they belong to, so that none counts twice.

    It is the round that ran on that day, else the last one begun before.
    """
    of_account: dict[int, list[int]] = {}
    for at, file in enumerate(rounds):
        of_account.setdefault(file.case.account_no, []).append(at)
    found: dict[int, list[Outcome]] = {}
    for each in sorted(outcomes, key=lambda each: (each.closed_on, each.no)):
        near = [
            at
            for at in of_account.get(each.account_no, ())
            if begun(rounds[at]) <= each.closed_on and rounds[at].case.contract_no in (None, each.contract_no)
        ]
        if near:
            ran = [at for at in near if (rounds[at].case.closed_on or date.max) >= each.closed_on]
            at = ran[0] if ran else max(near, key=lambda at: (begun(rounds[at]), at))
            found.setdefault(at, []).append(each)
    return found


# --- what became of a round --------------------------------------------------------------------------


class Contact(NamedTuple):
    """The first call of a round (SAV-1)."""

    on: date
    at: str | None  # UTC instant, where the hour is known
    minutes: int  # begun since the flag; where only the day is known, as many as that day allows


class Round(NamedTuple):
    """One round of a case as results and exports look at it; amounts are base minor units."""

    file: CaseFile  # with what is of this round alone
    no: int
    relapsed: bool  # another round followed
    contact: Contact | None
    response: str  # of `response_names`
    cause: str | None
    outcome: Outcome | None  # of the renewal it was about
    renewal_on: date | None  # when that renewal was due; without an outcome that of the account's next one
    at_risk_minor: int | None  # ARR before that renewal; None: unknown
    kept_minor: int | None  # ARR of it after that
    kept: int  # promises
    broken: int
    cost_minor: int  # conceded by offers that were accepted

    def ahead(self, on: date) -> bool:
        """Whether it was decided before its renewal date, which a day has not reached."""
        return self.outcome is not None and self.renewal_on is not None and self.renewal_on > on

    def undecided(self, on: date) -> bool:
        """Whether its renewal date has passed by a day, and nothing is on record."""
        passed = self.renewal_on is not None and self.renewal_on < on
        return self.outcome is None and not self.relapsed and passed


def judged(
    files: Sequence[CaseFile],
    outcomes: Iterable[Outcome],
    accounts: Mapping[int, Account],
    policy: Policy,
    zone: tzinfo,
    before: Mapping[int, Sequence[Before]],
) -> list[Round]:
    """SAV-11: the rounds of cases, in their order, each with what became of it.

    `outcomes` are those of every account, `accounts` the accounts of the cases by number, `before` the
    earlier rounds of the cases that relapsed, by number of the case.
    """
    rounds = [each for file in files for each in rounds_of(file, before.get(file.case.no, ()))]
    of_round = outcomes_of(rounds, outcomes)
    return [
        _judged(file, next(iter(of_round.get(at, ())), None), accounts, policy, zone, relapsed(rounds, at))
        for at, file in enumerate(rounds)
    ]


def _judged(
    file: CaseFile, outcome: Outcome | None, accounts: Mapping[int, Account], policy: Policy, zone: tzinfo,
    again: bool,
) -> Round:  # fmt: skip
    account, ledger = accounts[file.case.account_no], file.ledger
    renewal_on = None if file.renewal.renewal_on == UNKNOWN_ON else file.renewal.renewal_on
    at_risk = kept = None
    if outcome is not None:
        renewal_on = outcome.renewal_on or outcome.closed_on
        currency = outcome.currency or account.currency
        at_risk = base_minor(outcome.arr_before_minor, currency, policy)
        after = base_minor(outcome.arr_after_minor or 0, currency, policy)
        if at_risk is not None and after is not None:
            kept = 0 if outcome.result == "lost" else min(after, at_risk)
    cause = latest(ledger, "cause")
    states = [each.state for each in ledger.promises]
    costs = [
        base_minor(each.cost_minor, each.currency or account.currency, policy)
        for each in ledger.offers
        if each.state == "accepted"
    ]
    contact = contact_of(file, policy, zone)
    return Round(
        file, round_of(ledger), again, contact, _response(contact, policy), cause.name if cause else None,
        outcome, renewal_on, at_risk, kept, states.count("kept"), states.count("broken"),
        sum(each or 0 for each in costs),
    )  # fmt: skip


def contact_of(file: CaseFile, policy: Policy, zone: tzinfo) -> Contact | None:
    """SAV-1: the first call after the flag; None: there was none."""
    called = latest(file.ledger, "contact")
    state = file.states.get(first_contact(policy.playbook(file.case.scenario).steps) or "")
    done = state if state is not None and state.state == "done" else None
    exact = called.happened_at if called else None
    on = called.happened_on if called else done.set_on if done else None
    if exact:
        on, at = local_on(exact, zone), instant(exact)
    elif on is not None:
        at = datetime.combine(on + timedelta(days=1), time(), zone)
    else:
        return None
    passed = (at - instant(file.case.flagged_at)).total_seconds()
    return Contact(on, exact, max(0, ceil(passed / 60)))  # a flag of a mere day counts from an hour of it


def _response(contact: Contact | None, policy: Policy) -> str:
    """SAV-1: how soon the first call came after the flag: of `response_names`."""
    if contact is None:
        return NEVER
    hours = policy.raw["saves"]["learning"]["response_hours"]
    return next((_within(limit) for limit in hours if contact.minutes <= limit * 60), LATER)


def response_names(policy: Policy) -> tuple[str, ...]:
    """What is said of the time to the first call, the soonest first."""
    hours = policy.raw["saves"]["learning"]["response_hours"]
    return (*map(_within, hours), LATER, NEVER)


def _within(hours: int) -> str:
    return f"within {hours // 24} days" if hours % 24 == 0 and hours > 48 else f"within {hours} h"


# --- how early losses were flagged ---------------------------------------------------------------------


class Lag(NamedTuple):
    """TERMS: days between the first flag and the loss."""

    losses: int
    flagged: int  # of them with a flag before
    median: float | None
    shortest: int | None
    longest: int | None


class Loss(NamedTuple):
    """A customer or a contract of theirs that was lost."""

    account_no: int
    lost_on: date
    closed_on: date


def lost_on_record(each: Outcome) -> Loss:
    """A renewal that was lost; the day is that of the customer's decision, as far as it is known."""
    return Loss(each.account_no, min(each.lost_on or each.closed_on, each.closed_on), each.closed_on)


def lag(rounds: Iterable[CaseFile], losses: Iterable[Loss]) -> Lag:
    """The days from flag to loss, over losses that had a flag before.

    It is the first flag since the customer was last kept, where there is one, else the first of all.
    """
    flags: dict[int, list[tuple[date, date]]] = {}
    for file in rounds:
        case = file.case
        kept_on = case.closed_on if case.state in KEPT_SAVES and case.closed_on else date.max
        flags.setdefault(case.account_no, []).append((begun(file), kept_on))
    days, count = [], 0
    for each in losses:
        count += 1
        before = [flag for flag in flags.get(each.account_no, ()) if flag[0] <= each.closed_on]
        standing = [flag for flag in before if flag[1] > each.closed_on]
        if before:
            days.append((each.lost_on - min(standing or before)[0]).days)
    return Lag(count, len(days), middle(days), min(days, default=None), max(days, default=None))
