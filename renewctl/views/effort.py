"""Hours against budgets, on a terminal, in a pipe and as `renewctl/effort/1`."""

import textwrap
from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.capacity import shown_hours
from renewctl.core.effort import NO_BUDGET, NOT_STARTED, EffortReport, Group, Spent
from renewctl.views.terminal import aligned, fit, put_lines, safe, width

_WIDE = 100  # columns from which all of them fit
_WORDS = {
    "over": "OVER", "within": "within", "under": "under", "unattended": "UNATTENDED",
    "not_started": "not begun", "no_budget": "no segment",
}  # fmt: skip


class Told(NamedTuple):
    """What `effort` shows; `limit` None: every row."""

    as_of: date
    report: EffortReport
    base_currency: str
    limit: int | None


def show(told: Told) -> None:
    """Hours per renewal, per owner and per segment, what is in the wrong place, and what to move."""
    report = told.report
    worth = [each for each in report.rows if each.minutes or each.standing not in (NOT_STARTED, NO_BUDGET)]
    shown = worth[: told.limit]
    out = ["HOURS PER RENEWAL, this cycle (SEG-2)"]
    out += _table([_row(each, told) for each in shown]) or ["nothing is logged or begun yet"]
    if len(worth) > len(shown):
        out.append(
            f"… and {len(worth) - len(shown):,} more: give --limit 0, or narrow with --owner, --segment"
        )
    out += ["", "PER OWNER", *_groups(report.by_owner, "unowned", told)]
    out += ["", "PER SEGMENT", *_groups(report.by_segment, "no segment", told)]
    out += ["", *_misplaced(told), ""]
    out += textwrap.wrap(safe(report.move), max(40, min(width(), 120)))
    put_lines(out)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Renewals in rows; on a narrow terminal without the segment, which the budget tells of."""
    if width() >= _WIDE:
        return aligned(rows, frozenset({2}))
    return aligned([(fit(row[0], 18), *row[2:5], fit(row[5], 10)) for row in rows], frozenset({1}))


def _row(each: Spent, told: Told) -> tuple[str, ...]:
    row = each.renewing.row
    return (
        fit(safe(each.renewing.account.name), 24),
        row.segment or "none",
        _arr(row.arr_base_minor, told),
        f"{shown_hours(each.minutes)} h{_of(each)}",
        _WORDS[each.standing],
        fit(safe(row.owner or "unowned"), 14),
    )


def _of(each: Spent) -> str:
    return "" if each.low is None or each.high is None else f" of {each.low // 60}-{each.high // 60} h"


def _arr(minor: int | None, told: Told) -> str:
    return "ARR unknown" if minor is None else money.plain(minor, told.base_currency)


def _groups(groups: tuple[Group, ...], nobody: str, told: Told) -> list[str]:
    rows = [
        (
            f"  {fit(safe(each.name or nobody), 20)}",
            f"{shown_hours(each.minutes)} h",
            f"of {shown_hours(each.low)}-{shown_hours(each.high)} h for {each.started:,} begun",
            f"{each.renewals:,} open",
            f"{each.over:,} over, {each.unattended:,} unattended",
        )
        for each in groups
    ]
    return aligned(rows, frozenset({1, 3}))


def _misplaced(told: Told) -> list[str]:
    report = told.report
    arr = sum(each.renewing.row.arr_base_minor or 0 for each in report.over)
    waiting = sum(each.renewing.row.arr_base_minor or 0 for each in report.unattended)
    out = [
        f"OVER THE BUDGET: {len(report.over):,}, {shown_hours(report.excess)} h too many, "
        f"on {_arr(arr, told)}"
    ]
    out += [f"  {_line(each, told)}" for each in report.over[: told.limit]]
    out.append(
        f"UNATTENDED: {len(report.unattended):,}, {shown_hours(report.lack)} h missing, "
        f"on {_arr(waiting, told)}"
    )
    return out + [f"  {_line(each, told)}" for each in report.unattended[: told.limit]]


def _line(each: Spent, told: Told) -> str:
    row = each.renewing.row
    name, who = safe(each.renewing.account.name), safe(row.owner or "unowned")
    hours = f"{shown_hours(each.minutes)} h{_of(each)}"
    return f"{fit(name, 28)}  {_arr(row.arr_base_minor, told)}  {hours}  {who}"


def document(told: Told) -> dict[str, Any]:
    """`renewctl/effort/1`; `limit` cuts the rows, never the sums."""
    report, base = told.report, told.base_currency
    return {
        "schema": "renewctl/effort/1",
        "as_of": told.as_of.isoformat(),
        "currency": base,
        "renewals": [_spent(each, base) for each in report.rows[: told.limit]],
        "owners": [_group(each, "owner", base) for each in report.by_owner],
        "segments": [_group(each, "segment", base) for each in report.by_segment],
        "over": {**_sum(report.over, base), "excess_hours": _hours(report.excess)},
        "unattended": {**_sum(report.unattended, base), "missing_hours": _hours(report.lack)},
        "move": report.move,
    }


def _hours(minutes: int | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 2)


def _sum(rows: tuple[Spent, ...], base: str) -> dict[str, Any]:
    return {
        "count": len(rows),
        "hours": _hours(sum(each.minutes for each in rows)),
        "arr_base": money.to_units(sum(each.renewing.row.arr_base_minor or 0 for each in rows), base),
        "renewals": [_spent(each, base) for each in rows],
    }


def _spent(each: Spent, base: str) -> dict[str, Any]:
    row, contract = each.renewing.row, each.renewing.contract
    return {
        "account": each.renewing.account.id,
        "account_name": each.renewing.account.name,
        "contract": contract.id,
        "cycle": contract.cycle,
        "owner": row.owner,
        "segment": row.segment,
        "arr_base": None if row.arr_base_minor is None else money.to_units(row.arr_base_minor, base),
        "renewal_date": contract.renewal_on.isoformat() if contract.renewal_on else None,
        "starts_on": each.starts_on.isoformat() if each.starts_on else None,
        "hours": _hours(each.minutes),
        "budget_hours": None if each.low is None else [_hours(each.low), _hours(each.high)],
        "warn_hours": _hours(each.warn),
        "standing": each.standing,
        "because": None if each.because is None else each.because._asdict(),
    }


def _group(each: Group, key: str, base: str) -> dict[str, Any]:
    return {
        key: each.name,
        "renewals": each.renewals,
        "started": each.started,
        "hours": _hours(each.minutes),
        "budget_hours": [_hours(each.low), _hours(each.high)],
        "over": each.over,
        "unattended": each.unattended,
        "arr_base": money.to_units(each.arr_base_minor, base),
    }
