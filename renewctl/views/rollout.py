"""An audit, a difference of policies and a pilot, on a terminal, in a pipe and as JSON."""

import sys
import textwrap
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.audit import Audit, Misfit, Slice
from renewctl.core.capacity import shown_hours
from renewctl.core.pilot import Figures, Pilot
from renewctl.core.policy_diff import KINDS, STEPS, AccountChange, PolicyDiff, StepChange
from renewctl.views.owners import share_document, share_text
from renewctl.views.terminal import aligned, is_terminal, put_lines, safe, width

_NAMED = 3  # of each kind of misfit
_PEOPLE = 8  # people of the first month
_STEPS_SHOWN = 6  # of each account of a difference
_TITLES = {
    "segment": "SEGMENT", "band": "HEALTH", "opportunity": "OPPORTUNITY", "touch": "TOUCH",
    "owner_role": "OWNER", "month": "RENEWS",
}  # fmt: skip
_UNKNOWN = {
    "segment": "no segment", "band": "unknown", "owner_role": "unowned", "month": "unknown",
}  # fmt: skip


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


# --- audit ----------------------------------------------------------------------------------------------


def show_audit(found: Audit, as_of: date, base: str) -> None:
    """Counts and ARR by every slicing, the first month's work, and what does not fit."""
    columns = max(60, min(width(), 120))
    arr = money.plain(found.arr_base_minor, base)
    out = [
        f"{_count(found.accounts, 'account')}, of them {found.outside:,} not in force and {found.bare:,} "
        f"without a renewal",
        f"{_count(found.renewals, 'open renewal')} of {arr}, {found.planned:,} with a plan, on {as_of}",
    ]
    for name, title in _TITLES.items():
        rows = [
            (
                f"  {each.value or _UNKNOWN.get(name, 'none')}",
                _count(each.renewals, "renewal"),
                money.plain(each.arr_base_minor, base),
            )
            for each in found.slices[name]
        ]
        out += ["", title, *aligned(rows, frozenset({1, 2}))]
    month, hours = found.month, shown_hours(found.month.minutes)
    out += [
        "",
        "THE FIRST MONTH",
        f"  {_count(month.items, 'item')}, {hours} h: {month.customer:,} with the customer, "
        f"{_count(month.catch_ups, 'catch-up')}, {month.overdue:,} overdue, {month.unowned:,} unowned",
    ]
    shown = month.people[:_PEOPLE] if is_terminal() else month.people
    told = [
        f"{safe(person or 'unowned')} {shown_hours(spent)} h ({_count(items, 'item')})"
        for person, items, spent in shown
    ]
    told += [f"{len(month.people) - len(shown):,} more people"] if len(month.people) > len(shown) else []
    text = ", ".join(told)
    out += textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="    ")
    out += [f"  {share.segment:<10}  by itself: {share_text(share)}" for share in found.shares]
    out += ["", "MISFITS" if found.misfits else "Everything fits."]
    for each in found.misfits:
        out += _misfit(each, base, columns)
    put_lines(out)


def _misfit(each: Misfit, base: str, columns: int) -> list[str]:
    arr = sum(entry.arr_base_minor or 0 for entry in each.entries)
    out = [f"  {len(each.entries):,}  {each.text} ({each.rule}), {money.plain(arr, base)}"]
    for entry in each.entries[:_NAMED]:
        named = f" ({safe(entry.account_id)})" if entry.account_id else ""
        text = f"{safe(entry.name)}{named}: {safe(entry.detail)}"
        out += textwrap.wrap(text, columns, initial_indent=" " * 6, subsequent_indent=" " * 8)
    if len(each.entries) > _NAMED:
        out.append(f"      … and {len(each.entries) - _NAMED:,} more: --json lists all")
    return out


def audit_document(found: Audit, as_of: date, base: str) -> dict[str, Any]:
    """`renewctl/policy-audit/1`."""
    month = found.month
    return {
        "schema": "renewctl/policy-audit/1",
        "as_of": as_of.isoformat(),
        "currency": base,
        "accounts": {"all": found.accounts, "not_in_force": found.outside, "without_renewal": found.bare},
        "renewals": {
            "count": found.renewals,
            "planned": found.planned,
            "arr_base": money.to_units(found.arr_base_minor, base),
        },
        **{name: [_slice(each, base) for each in rows] for name, rows in found.slices.items()},
        "first_month": {
            "items": month.items,
            "hours": round(month.minutes / 60, 2),
            "customer": month.customer,
            "catch_ups": month.catch_ups,
            "overdue": month.overdue,
            "unowned": month.unowned,
            "owners": [
                {"owner": person, "items": items, "hours": round(spent / 60, 2)}
                for person, items, spent in month.people
            ],
        },
        "automation": [share_document(each) for each in found.shares],
        "misfits": [
            {
                "code": each.code,
                "rule": each.rule,
                "text": each.text,
                "count": len(each.entries),
                "arr_base": money.to_units(sum(e.arr_base_minor or 0 for e in each.entries), base),
                "entries": [
                    {
                        "account": entry.account_id or None,
                        "name": entry.name,
                        "contract": entry.contract_id or None,
                        "detail": entry.detail,
                    }
                    for entry in each.entries
                ],
            }
            for each in found.misfits
        ],
    }


def _slice(each: Slice, base: str) -> dict[str, Any]:
    return {
        "value": each.value,
        "renewals": each.renewals,
        "accounts": each.accounts,
        "arr_base": money.to_units(each.arr_base_minor, base),
    }


# --- difference -----------------------------------------------------------------------------------------


class Difference(NamedTuple):
    """What `policy diff` shows; `limit` None: every account."""

    as_of: date
    names: tuple[str, str]
    diff: PolicyDiff
    base_currency: str
    limit: int | None


def show_diff(told: Difference) -> None:
    """The counts, then each account with what changes for it."""
    found, columns = told.diff, max(60, min(width(), 160))
    old, new = map(safe, told.names)
    if not found.accounts:
        sys.stdout.write(f"From {old} to {new} nothing changes, on {told.as_of}.\n")
        return
    arr = money.plain(found.arr_base_minor, told.base_currency)
    changed, all_of = len(found.accounts), len(found.accounts) + found.unchanged
    out = [
        f"From {old} to {new}, on {told.as_of}: {changed:,} of {_count(all_of, 'account')} changed, {arr}",
        "  " + ", ".join(f"{found.counts[kind]:,} {kind}" for kind in KINDS),
        "  steps: " + ", ".join(f"{found.steps[kind]:,} {kind}" for kind in STEPS),
        "",
    ]
    shown = found.accounts[: told.limit]
    for each in shown:
        out += _account(each, told.base_currency, columns)
    if len(found.accounts) > len(shown):
        out.append(f"… and {len(found.accounts) - len(shown):,} more: give --limit 0")
    put_lines(out)


def _account(each: AccountChange, base: str, columns: int) -> list[str]:
    out = [f"{safe(each.account_name)} ({safe(each.account_id)})  {money.plain(each.arr_base_minor, base)}"]
    if each.decisions:
        several = len({decided.contract_id for decided in each.decisions}) > 1
        said = "; ".join(
            (f"{safe(d.contract_id)} " if several else "")
            + f"{d.what} {safe(d.before or 'unknown')} → {safe(d.after or 'unknown')}"
            for d in each.decisions
        )
        out += textwrap.wrap(said, columns, initial_indent="  ", subsequent_indent="    ")
    steps = each.steps if not is_terminal() else each.steps[:_STEPS_SHOWN]
    for step in steps:
        out += textwrap.wrap(_step(step), columns, initial_indent="    ", subsequent_indent="      ")
    if len(each.steps) > len(steps):
        out.append(f"    … and {_count(len(each.steps) - len(steps), 'step')} more")
    return out


def _step(step: StepChange) -> str:
    name = safe(step.item)
    if step.kind == "added":
        return f"+ {step.after_on}  {name}  {safe(step.title)}"
    if step.kind == "removed":
        return f"- {step.before_on}  {name}  {safe(step.title)}"
    if step.kind == "moved":
        return f"~ {step.before_on} → {step.after_on}  {name}  {safe(step.title)}"
    mark = "@" if step.kind == "handed" else "="
    return f"{mark} {step.after_on}  {name}  {safe(step.before)} → {safe(step.after)}"


def diff_document(told: Difference) -> dict[str, Any]:
    """`renewctl/policy-diff/1`; `limit` cuts the accounts, never the counts."""
    found, base = told.diff, told.base_currency
    return {
        "schema": "renewctl/policy-diff/1",
        "as_of": told.as_of.isoformat(),
        "old": told.names[0],
        "new": told.names[1],
        "currency": base,
        "changed": len(found.accounts),
        "unchanged": found.unchanged,
        "arr_base": money.to_units(found.arr_base_minor, base),
        "counts": found.counts,
        "steps": found.steps,
        "accounts": [
            {
                "account": each.account_id,
                "account_name": each.account_name,
                "arr_base": money.to_units(each.arr_base_minor, base),
                "decisions": [
                    {"contract": d.contract_id, "what": d.what, "before": d.before, "after": d.after}
                    for d in each.decisions
                ],
                "steps": [
                    {
                        "item": step.item,
                        "title": step.title,
                        "change": step.kind,
                        "before_on": _iso(step.before_on),
                        "after_on": _iso(step.after_on),
                        "before": step.before,
                        "after": step.after,
                    }
                    for step in each.steps
                ],
            }
            for each in found.accounts[: told.limit]
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# --- pilot ----------------------------------------------------------------------------------------------

_GROUPS = {
    "pilot": "the pilot", "rest": "the rest", "baseline": "the segment before",
    "rest_baseline": "the rest before",
}  # fmt: skip


def show_pilot(found: Pilot, base: str, sizes: Mapping[str | None, int]) -> None:
    """The four groups side by side, each rate with its counts."""
    if found.segment is None:
        said = ", ".join(f"{sizes.get(name, 0):,} {name}" for name in ("mid_market", "smb", "enterprise"))
        put_lines(
            [
                f"No pilot is set: the agenda runs for everybody. Open renewals: {said}.",
                "Start in mid-market or SMB, not in enterprise (ROL), with this in your policy:",
                *("  [pilot]", '  segment = "mid_market"', '  started_on = "YYYY-MM-DD"'),
            ]
        )
        return
    out = [f"Pilot in {found.segment} since {found.started_on}; the agenda runs for that segment only"]
    out += [f"warning: {each.observed}; {each.threshold} ({each.rule})" for each in found.warnings]
    out.append("")
    head = ("", "REACHED", "RENEWED (GROSS)", "ON TIME", "HOURS EACH", "OVERDUE")
    rows = [head, *(_figures(each, base) for each in found.groups)]
    out += aligned(rows, frozenset({1, 2, 3, 4, 5}))
    spans = dict.fromkeys(f"{each.from_on} to {each.to_on}" for each in found.groups)
    out += [
        "",
        *textwrap.wrap(
            f"Now: {next(iter(spans))}; before: {list(spans)[-1]}. The gross renewal rate is of decided "
            "renewals by ARR; on time of all that came to their date.",
            max(60, min(width(), 120)),
        ),
    ]
    put_lines(out)


def _figures(each: Figures, base: str) -> tuple[str, ...]:
    kept, atr = each.kept_minor, each.atr_minor
    gross = f"{_pct(kept, atr)} of {money.plain(atr, base)} ({each.valued:,})" if atr else "none decided"
    on_time = "none"
    if each.reached:
        on_time = f"{_pct(each.on_time, each.reached)} ({each.on_time:,} of {each.reached:,})"
    hours = shown_hours(each.minutes // each.reached) if each.reached else "none"
    overdue = "" if each.overdue is None else f"{each.overdue:,}"
    return _GROUPS[each.name], f"{each.reached:,}", gross, on_time, hours, overdue


def _pct(part: int, whole: int) -> str:
    return f"{round(Fraction(100 * part, whole))} %"


def pilot_document(found: Pilot, as_of: date, base: str) -> dict[str, Any]:
    """`renewctl/policy-pilot/1`; rates are fractions of 1, None where nothing is counted."""
    return {
        "schema": "renewctl/policy-pilot/1",
        "as_of": as_of.isoformat(),
        "segment": found.segment,
        "started_on": _iso(found.started_on),
        "currency": base,
        "groups": [_group(each, base) for each in found.groups],
        "warnings": [each._asdict() for each in found.warnings],
    }


def _group(each: Figures, base: str) -> dict[str, Any]:
    return {
        "group": each.name,
        "from": each.from_on.isoformat(),
        "to": each.to_on.isoformat(),
        "reached": each.reached,
        "decided": each.decided,
        "won": each.won,
        "atr": money.to_units(each.atr_minor, base),
        "renewed": money.to_units(each.kept_minor, base),
        "with_atr": each.valued,
        "gross_renewal_rate": _rate(each.kept_minor, each.atr_minor),
        "on_time": each.on_time,
        "on_time_share": _rate(each.on_time, each.reached),
        "hours": round(each.minutes / 60, 2),
        "hours_per_renewal": round(each.minutes / 60 / each.reached, 2) if each.reached else None,
        "overdue": each.overdue,
    }


def _rate(part: int, whole: int) -> float | None:
    return round(float(Fraction(part, whole)), 6) if whole else None
