"""The stand-up on a terminal and as JSON."""

from datetime import date
from typing import Any

from renewctl.core import moments, money
from renewctl.core.standup import Row, Standup
from renewctl.views.terminal import coloured, fit, padded, put_lines, safe, width

_WIDE = 120
_NAME, _CLOCK = 18, 10


def show(day: Standup, currency: str) -> None:
    """The stand-up on stdout: two lines a save on a narrow terminal, one on a wide one."""
    if not day.rows:
        put_lines([f"No save runs on {day.as_of}."])
        return
    columns = min(width(), 200)
    out = [fit(_head(day, currency), columns), ""]
    for row in day.rows:
        lines = _lines(row, day.as_of, currency, columns)
        if coloured() and (row.missed or row.report.clock.state == "late"):
            lines[0] = f"\x1b[1;31m{lines[0]}\x1b[0m"
        out += lines
    put_lines(out)


def _head(day: Standup, currency: str) -> str:
    count = len(day.rows)
    arr = money.plain(day.arr_base_minor, currency)
    unknown = f" and {day.unknown_arr} unknown" if day.unknown_arr else ""
    parts = [
        f"{day.missed} missed promise{'s' * (day.missed != 1)}" if day.missed else "",
        f"{day.late} late" if day.late else "",
        f"{day.decisions} to decide" if day.decisions else "",
    ]
    told = "; ".join(filter(None, parts))
    return f"{day.as_of}: {count} save{'s' * (count != 1)}, {arr} at stake{unknown}" + (
        f"; {told}" if told else ""
    )


def _lines(row: Row, as_of: date, currency: str, columns: int) -> list[str]:
    report = row.report
    arr = report.file.renewal.arr_base_minor
    amount = "ARR unknown" if arr is None else money.plain(arr, currency)
    head = (
        f"{report.file.renewal.subject:<4} {padded(fit(safe(report.file.account.name), _NAME), _NAME)} "
        f"{clock_text(row):<{_CLOCK}} {amount:>13}  {report.file.case.scenario}, {report.file.case.state}"
    )
    out = [fit(f"{head}, {safe(report.file.case.owner)}", columns)]
    if row.missed and row.promise is not None:
        out.append(fit(f"     ! {_promise(row)}", columns))
    step = f"next {_step(row, as_of)}"
    if row.promise is not None and not row.missed:
        promise = _promise(row)
        if columns >= _WIDE and len(step) + len(promise) + 8 <= columns:
            out.append(f"     {step}; {promise}")
        else:
            out += [fit(f"     {step}", columns), fit(f"     {promise}", columns)]
    else:
        out.append(fit(f"     {step}", columns))
    if row.blocker:
        out.append(fit(f"     blocked: {safe(row.blocker)}", columns))
    elif row.waits_for:
        out.append(fit(f"     waits for {', '.join(row.waits_for)}", columns))
    if row.decision:
        out.append(fit(f"     decide: {safe(row.decision)}", columns))
    return out


def clock_text(row: Row) -> str:
    """The clock in a word or two."""
    clock = row.report.clock
    if clock.state == "answered":
        return "answered"
    return f"{moments.span(clock.hours_left)} {'late' if clock.state == 'late' else 'left'}"


def _step(row: Row, as_of: date) -> str:
    step = row.step
    if step is None:
        return "step: none; ask for the decision"
    key = row.report.file.item(step.step)
    days = (as_of - step.due_on).days
    late = f" LATE {days} day{'s' * (days != 1)}" if days > 0 else ""
    return f"{step.due_on}{late} {key} {safe(step.owner)}: {safe(step.title)}"


def _promise(row: Row) -> str:
    found = row.promise
    if found is None:
        return "no promise"
    each = found.promise
    return f"promise {found.state} {each.due_on} p{each.no} {safe(each.owner)}: {safe(each.text)}"


def document(day: Standup, currency: str) -> dict[str, Any]:
    """`renewctl/standup/1`: one entry a save, in the order of the screen."""
    return {
        "schema": "renewctl/standup/1",
        "as_of": day.as_of.isoformat(),
        "saves": [_entry(row, currency) for row in day.rows],
        "totals": {
            "saves": len(day.rows),
            "late": day.late,
            "missed_promises": day.missed,
            "decisions": day.decisions,
            "arr_base": money.to_units(day.arr_base_minor, currency),
            "arr_unknown": day.unknown_arr,
            "currency": currency,
        },
    }


def _entry(row: Row, currency: str) -> dict[str, Any]:
    report = row.report
    case, arr = report.file.case, report.file.renewal.arr_base_minor
    step, promise = row.step, row.promise.promise if row.promise else None
    return {
        "save": report.file.renewal.subject,
        "account": report.file.account.id,
        "account_name": report.file.account.name,
        "scenario": case.scenario,
        "state": case.state,
        "owner": case.owner,
        "clock": report.clock.state,
        "hours_left": report.clock.hours_left,
        "respond_by": case.respond_by,
        "arr_base": None if arr is None else money.to_units(arr, currency),
        "next_step": None
        if step is None
        else {"step": step.step, "title": step.title, "due_on": step.due_on.isoformat(), "owner": step.owner},
        "next_promise": None
        if promise is None or row.promise is None
        else {
            "promise": f"p{promise.no}",
            "text": promise.text,
            "due_on": promise.due_on.isoformat(),
            "owner": promise.owner,
            "state": row.promise.state,
        },
        "missed_promises": row.missed,
        "blocker": row.blocker,
        "waits_for": list(row.waits_for),
        "decision": row.decision,
    }
