"""Who owns what, on a terminal, in a pipe and as `renewctl/owners/1`."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.advice import Advice, ModelView
from renewctl.core.capacity import shown_hours
from renewctl.core.model import Because
from renewctl.core.owners import Owner, Owners
from renewctl.core.team import Renewing, Share, Work
from renewctl.views.terminal import aligned, fit, fitted, is_terminal, not_shown, put_lines, safe, width

_NAMED = 8  # unowned renewals, and people with too much, on a terminal
_WIDE = 110  # columns from which all of them fit
_NARROW = (0, 2, 3, 4, 5, 7, 8)
_HEADINGS = ("OWNER", "ACCOUNTS", "ARR", "RENEWALS", "QUARTER", "30 DAYS", "OVERDUE", "HOURS", "")
_RIGHT = frozenset({1, 2, 3, 4, 5, 6, 7})


class Told(NamedTuple):
    """What `owners` shows."""

    as_of: date
    owners: Owners
    advice: Advice
    shares: Sequence[Share]
    base_currency: str


def show(told: Told) -> None:
    """Each person in a row, why over-loaded, then what nobody owns, vacant roles and the model."""
    columns = min(width(), 120)
    found, base = told.owners, told.base_currency
    out = _table([_HEADINGS, *(_row(each, base) for each in found.people)])
    if not found.people:
        out = ["Nobody owns anything yet."]
    busy = [each for each in found.people if each.over]
    for each in busy[:_NAMED] if is_terminal() else busy:
        reasons = "; ".join(f"{why.observed}, {why.threshold}" for why in each.over)
        out += _wrapped(f"{safe(each.person)} has too much: {reasons} ({each.over[0].rule})", columns, "  ")
    if is_terminal() and len(busy) > _NAMED:
        out.append(f"  … and {len(busy) - _NAMED:,} more have too much: --json tells why")
    out += _unowned(told, columns)
    out += _vacant(told, columns)
    out += ["", f"Model: {told.advice.text}"]
    for view in told.advice.models:
        seen = "; ".join(f"{why.observed} ({why.threshold})" for why in view.because)
        out += _wrapped(f"  {view.model:<10}  {view.verdict:<8}  {view.text}: {seen}", columns, " " * 24)
    out += ["", "Steps of the coming 30 days that run by themselves (REM-X):"]
    out += [f"  {share.segment:<10}  {share_text(share)}" for share in told.shares]
    put_lines(out)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """People in rows; on a narrow terminal without the columns that matter least, and names cut."""
    if width() >= _WIDE:
        return aligned(rows, _RIGHT)
    cut = [[fit(row[0], 14), *(row[at] for at in _NARROW[1:])] for row in rows]
    missing = [each for at, each in enumerate(_HEADINGS) if at not in _NARROW]
    out = aligned(cut, frozenset(at for at, column in enumerate(_NARROW) if column in _RIGHT))
    return [*out, not_shown(missing, _WIDE, "--json")]


def share_text(share: Share) -> str:
    """`12 of 40 steps (30 %), 28 by hand`."""
    if not share.steps:
        return "no steps"
    pct = round(100 * share.automatic / share.steps)
    by_hand = share.steps - share.automatic
    return f"{share.automatic:,} of {_count(share.steps, 'step')} ({pct} %), {by_hand:,} by hand"


def _row(each: Owner, base: str) -> tuple[str, ...]:
    return (
        safe(each.person),
        f"{each.accounts:,}",
        money.plain(each.arr_base_minor, base),
        f"{each.renewals:,}",
        f"{each.renewals_quarter:,}",
        f"{each.items:,}",
        f"{each.overdue:,}",
        f"{shown_hours(each.minutes)} of {shown_hours(each.available)}",
        "OVER" if each.over else "",
    )


def _unowned(told: Told, columns: int) -> list[str]:
    found = told.owners
    if not found.unowned and not found.unowned_items:
        return ["", "Every renewal and every item has an owner."]
    out = [
        "",
        f"UNOWNED: {_count(len(found.unowned), 'renewal')}, {_count(len(found.unowned_items), 'item')}",
    ]
    shown = found.unowned if not is_terminal() else found.unowned[:_NAMED]
    for each in shown:
        row = each.row
        arr = "ARR unknown"
        if row.arr_base_minor is not None:
            arr = money.plain(row.arr_base_minor, told.base_currency)
        when = "on an unknown date" if each.contract.renewal_on is None else str(each.contract.renewal_on)
        out.append(f"  {safe(each.account.name)} ({safe(each.account.id)})  {arr}, renews {when}")
    if len(found.unowned) > len(shown):
        out.append(f"  … and {len(found.unowned) - len(shown):,} more: renewctl list --owner none")
    out += _wrapped(
        "give it to somebody: renewctl set ACCOUNT csm=NAME, or the policy's [team]", columns, "  "
    )
    return out


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _vacant(told: Told, columns: int) -> list[str]:
    if not told.owners.vacancies:
        return []
    out = ["", "VACANT ROLES: nobody fills them, so the CSM stands in (OWN-3)"]
    for each in told.owners.vacancies:
        arr = money.plain(each.arr_base_minor, told.base_currency)
        owned = f"{_count(each.renewals, 'renewal')} of {arr}, " if each.renewals else ""
        out.append(f"  {each.role:<18}  {owned}{_count(each.steps, 'step')} in the coming 30 days")
    return out


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    first = text if text.startswith(" ") else indent + text
    return fitted(first, indent + "  ", max(40, columns))


def document(told: Told) -> dict[str, Any]:
    """`renewctl/owners/1`."""
    found, base = told.owners, told.base_currency
    return {
        "schema": "renewctl/owners/1",
        "as_of": told.as_of.isoformat(),
        "currency": base,
        "owners": [_owner(each, base) for each in found.people],
        "unowned": {
            "renewals": [_renewal(each, base) for each in found.unowned],
            "items": [_item(each) for each in found.unowned_items],
        },
        "vacant_roles": [
            {
                "role": each.role,
                "renewals": each.renewals,
                "arr_base": money.to_units(each.arr_base_minor, base),
                "steps": each.steps,
            }
            for each in found.vacancies
        ],
        "advice": {
            "in_force": told.advice.in_force,
            "suggested": told.advice.suggested,
            "text": told.advice.text,
            "because": because(told.advice.because),
            "models": [_model(each) for each in told.advice.models],
        },
        "automation": [share_document(each) for each in told.shares],
    }


def because(reasons: Sequence[Because]) -> list[dict[str, str]]:
    """Reasons as JSON."""
    return [each._asdict() for each in reasons]


def share_document(each: Share) -> dict[str, Any]:
    """REM-X as JSON: `automatic` and `manual` steps of a segment, and the automatic share of 1."""
    return {
        "segment": each.segment,
        "steps": each.steps,
        "automatic": each.automatic,
        "manual": each.steps - each.automatic,
        "share": round(each.automatic / each.steps, 4) if each.steps else None,
    }


def _model(each: ModelView) -> dict[str, Any]:
    return {**each._asdict(), "because": because(each.because)}


def _owner(each: Owner, base: str) -> dict[str, Any]:
    return {
        "owner": each.person,
        "roles": list(each.roles),
        "accounts": each.accounts,
        "arr_base": money.to_units(each.arr_base_minor, base),
        "renewals": each.renewals,
        "renewals_coming_quarter": each.renewals_quarter,
        "items_30_days": each.items,
        "overdue": each.overdue,
        "hours_30_days": round(each.minutes / 60, 2),
        "hours_available": round(each.available / 60, 2),
        "overloaded": bool(each.over),
        "because": because(each.over),
    }


def _renewal(each: Renewing, base: str) -> dict[str, Any]:
    arr = each.row.arr_base_minor
    return {
        "account": each.account.id,
        "account_name": each.account.name,
        "contract": each.contract.id,
        "renewal_date": each.contract.renewal_on.isoformat() if each.contract.renewal_on else None,
        "arr_base": None if arr is None else money.to_units(arr, base),
        "segment": each.row.segment,
    }


def _item(each: Work) -> dict[str, Any]:
    item = each.item
    return {
        "item": item.item,
        "account": item.renewal.account_id,
        "title": item.task.title,
        "due_on": item.due_on.isoformat(),
        "owner_role": item.who.role,
    }
