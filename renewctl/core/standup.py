"""SAV-8: the daily stand-up: every running save on one screen, the one that burns most first.

A row says the clock, the next step, the next promise, what is in the way, the ARR and the decision needed.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from renewctl.core import case_file, case_report
from renewctl.core.case_report import Report
from renewctl.core.model import Ledger
from renewctl.core.plays import CaseStep
from renewctl.core.promises import Standing, standing


class Row(NamedTuple):
    """One save at the stand-up."""

    report: Report
    step: CaseStep | None  # the next one owed
    promise: Standing | None  # the next one owed, a missed or broken one first
    missed: int  # promises missed, or broken and not made good
    blocker: str | None
    waits_for: tuple[str, ...]  # steps the next one builds on
    decision: str | None


class Standup(NamedTuple):
    """All running saves as of a day."""

    as_of: date
    rows: tuple[Row, ...]
    late: int  # clocks that ran out without a first contact
    missed: int  # promises, over all saves
    decisions: int
    arr_base_minor: int  # at stake, each account once; unknown ARR counts nothing
    unknown_arr: int  # saves whose account has no ARR on record


def standup(reports: Iterable[Report], as_of: date, soon_days: int) -> Standup:
    """The stand-up of a day: missed promises first, then clocks by `respond_by`, decisions, what is due."""
    rows = sorted((_row(each, as_of, soon_days) for each in reports), key=_order)
    known = [row.report.file.renewal.arr_base_minor for row in rows]
    return Standup(
        as_of,
        tuple(rows),
        sum(row.report.clock.state == "late" for row in rows),
        sum(row.missed for row in rows),
        sum(row.decision is not None for row in rows),
        sum(arr or 0 for arr in known),
        sum(arr is None for arr in known),
    )


def _row(report: Report, as_of: date, soon_days: int) -> Row:
    ledger = report.file.ledger
    owed = [
        each
        for each in standing(ledger.promises, as_of, soon_days)
        if each.state in ("open", "soon", "missed", "broken")
    ]
    owed.sort(key=lambda each: (each.state not in ("missed", "broken"), each.promise.due_on, each.promise.no))
    ahead = case_report.next_step(report)
    blocker = case_file.latest(ledger, "blocker")
    decision = case_file.latest(ledger, "decision")
    return Row(
        report,
        ahead,
        owed[0] if owed else None,
        sum(each.state in ("missed", "broken") for each in owed),
        blocker.text if blocker and blocker.name == "set" else None,
        ahead.waits_for if ahead else (),
        decision.text if decision and decision.name == "asked" else _to_approve(ledger),
    )


def _to_approve(ledger: Ledger) -> str | None:
    """The first offer that waits for somebody's approval (SAV-4); the customer waits with it."""
    pending = next((each for each in ledger.offers if each.state == "pending"), None)
    if pending is None:
        return None
    return (
        f"o{pending.no}, {pending.instrument} at {pending.discount_pct} % off, needs a {pending.needs_role}"
    )


def _order(row: Row) -> tuple[object, ...]:
    clock, case = row.report.clock, row.report.file.case
    running = clock.state != "answered"
    return (
        not row.missed,
        not running,
        case.respond_by if running else "",
        row.decision is None,
        row.step.due_on if row.step else date.max,
        -(row.report.file.renewal.arr_base_minor or 0),
        case.no,
    )
