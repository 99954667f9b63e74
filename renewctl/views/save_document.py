"""Saves as JSON: one with everything that is worked out of it, many with what a list needs."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core import case_file, case_report, money
from renewctl.core.case_report import Report
from renewctl.core.plays import CaseStep
from renewctl.views.save_promise import promise


def document(report: Report) -> dict[str, Any]:
    """`renewctl/save/1`."""
    return {"schema": "renewctl/save/1", "as_of": report.as_of.isoformat(), "save": _save(report)}


def _save(report: Report) -> dict[str, Any]:
    book = report.book
    return {
        **_summary(report),
        "title": book.title,
        "reason": report.file.case.reason,
        "playbook": report.file.case.playbook,
        "urgency": report.urgency,
        "trigger": book.trigger,
        "signals": [each._asdict() for each in report.signals],
        "together_with": report.together_with,
        "first_contact": report.first_contact,
        "steps": [_step(report, step) for step in report.steps],
        "promises": [promise(each) for each in report.promises],
        "next_update": None
        if report.next_update is None
        else {"number": report.next_update.number, "due_on": report.next_update.due_on.isoformat()},
        "effort": _effort_document(report),
        "root_cause": _cause(report),
        "evidence": [
            {"criterion": each.criterion, "evidence": each.text, "missing": each.missing or None}
            for each in report.evidence
        ],
        "kept_steps": [{"step": each.step, "done_on": each.set_on.isoformat()} for each in report.kept],
        "attention_until": report.attention_until.isoformat() if report.attention_until else None,
        "checkins": [
            {
                "days": int(step.step.rpartition("-")[2]),
                **_step(report, step),
                "provisional": report.provisional,
            }
            for step in report.checkins
        ],
        "milestones": [
            {
                "milestone": each.name,
                "text": each.text,
                "from_on": each.from_on.isoformat(),
                "due_on": each.due_on.isoformat(),
            }
            for each in report.milestones
        ],
        "success": [*report.success, *book.success],
        "benchmark": {
            "text": book.benchmark,
            "reported_by": book.benchmark_source.removeprefix("reported by "),
        },
    }


def _cause(report: Report) -> dict[str, Any] | None:
    found = case_file.latest(report.file.ledger, "cause")
    return found and {"code": found.name, "text": found.text, "on": found.happened_on.isoformat()}


def _effort_document(report: Report) -> dict[str, Any]:
    """Hours of the plan: in all, by person, and what hangs on open questions."""
    active = [each for each in report.steps if each.fate == "active"]
    people = dict.fromkeys(each.owner for each in active)
    return {
        "hours": sum(each.effort for each in active),
        "people": [
            {"person": person, "hours": sum(each.effort for each in active if each.owner == person)}
            for person in people
        ],
        "most_hours": report.most_hours,
    }


def _summary(report: Report) -> dict[str, Any]:
    case, account, renewal = report.file.case, report.file.account, report.file.renewal
    arr, known = renewal.arr_base_minor, renewal.renewal_on != case_file.UNKNOWN_ON
    return {
        "id": renewal.subject,
        "account": account.id,
        "account_name": account.name,
        "scenario": case.scenario,
        "state": case.state,
        "round": case_file.round_of(report.file.ledger),
        "flagged_on": case.flagged_on.isoformat(),
        "flagged_at": case.flagged_at,
        "respond_by": case.respond_by,
        "target_by": case.target_by,
        "time_zone": report.zone_name,
        "clock": report.clock.state,
        "hours_left": report.clock.hours_left,
        "answered_in_time": report.clock.in_time,
        "answered_on": report.clock.answered_on.isoformat() if report.clock.answered_on else None,
        "owner": case.owner,
        "contract": renewal.id or None,
        "renewal_date": renewal.renewal_on.isoformat() if known else None,
        "opt_out_on": renewal.opt_out_on.isoformat() if renewal.opt_out_on else None,
        "segment": renewal.segment,
        "arr_base": None if arr is None else money.to_units(arr, report.base_currency),
        "opened_on": case.opened_on.isoformat(),
        "closed_on": case.closed_on.isoformat() if case.closed_on else None,
    }


def _step(report: Report, step: CaseStep) -> dict[str, Any]:
    state = step.marked
    return {
        "item": report.file.item(step.step),
        "step": step.step,
        "phase": step.phase,
        "title": step.title,
        "due_on": step.due_on.isoformat(),
        "due_at": step.due_at,
        "owner_role": step.owner_role,
        "owner": step.owner,
        "delegate": step.delegate,
        "channel": step.channel,
        "rule": step.rule,
        "done_when": step.done_when,
        "state": step.state,
        "fate": step.fate,
        "waits_for": list(step.waits_for),
        "shown_by": step.shown_by or None,
        "effort_hours": step.effort,
        "questions": [each._asdict() for each in step.asks],
        "documents": list(step.documents),
        "set_on": state.set_on.isoformat() if state else None,
        "until_on": state.until_on.isoformat() if state and state.until_on else None,
        "note": state.reason if state else None,
    }


def list_document(reports: Sequence[Report], as_of: date, base_currency: str) -> dict[str, Any]:
    """`renewctl/saves/1`: one entry a save, the most urgent first."""
    known = {
        report.file.account.no: report.file.renewal.arr_base_minor
        for report in reports
        if case_file.is_open(report.file.case)
    }
    return {
        "schema": "renewctl/saves/1",
        "as_of": as_of.isoformat(),
        "saves": [_entry(report) for report in reports],
        "totals": {
            "saves": len(reports),
            "open": len(known),
            "late": sum(
                1 for each in reports if case_file.is_open(each.file.case) and each.clock.state == "late"
            ),
            "arr_base": money.to_units(sum(minor or 0 for minor in known.values()), base_currency),
            "currency": base_currency,
        },
    }


def _entry(report: Report) -> dict[str, Any]:
    states = [step.state for step in report.steps]
    owed = sum(1 for state in states if state in ("open", "snoozed"))
    ahead = case_report.next_step(report)
    return {
        **_summary(report),
        "steps_open": owed if case_file.is_open(report.file.case) else 0,
        "steps_closed": sum(1 for state in states if state in ("done", "skipped")),
        "next": _step(report, ahead) if ahead else None,
    }
