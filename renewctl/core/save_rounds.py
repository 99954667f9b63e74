"""SAV-11: the rounds of saves, each a case of its own: what is of which, and how early a loss was flagged.

A case that relapsed runs again under its own number (SAV-10). What was closed before stays what it was.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.due import States
from renewctl.core.model import KEPT_SAVES, Ledger, Outcome, SaveCase
from renewctl.core.plays import CaseFile, round_of
from renewctl.core.shares import middle


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
