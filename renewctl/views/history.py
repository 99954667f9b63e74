"""What was changed, in words for a person and as `renewctl/history/1` for a script."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from renewctl.core import money
from renewctl.core.edits import YES_NO, FieldChange, plain_value
from renewctl.core.history import Entry, RowChange
from renewctl.views.terminal import safe

SCHEMA = "renewctl/history/1"
_NOUNS = {
    "health_reading": "health of",
    "value_metric": "value metric",
    "save_case": "save",
    "item_state": "item",
    "activity": "note",
    "renewal": "renewal of",
    "amendment": "amendment of",
    "health_override": "health override",
    "assignment": "owner of",
    "departure": "departure of",
    "save_event": "save",
    "service_level": "service level",
    "service_response": "service response",
    "worth": "fight or let go",
}


def words(column: str, value: Any, currency: str | None) -> str:
    """A stored value as a person reads it: amounts with their currency, dates ISO, yes or no."""
    if value is None:
        return "blank"
    if column.endswith("_minor"):
        return money.plain(value, currency or "").strip()
    if column in YES_NO:
        return "yes" if value else "no"
    if column == "growth_rate":
        return f"{round(value * 100, 6):g} %"
    if isinstance(value, date):
        return value.isoformat()
    return safe(f"{value:g}" if isinstance(value, float) else value)


def change_lines(fields: Sequence[FieldChange], indent: str = "  ") -> list[str]:
    """Fields before and after, one a line, aligned."""
    wide = max((len(each.field) for each in fields), default=0)
    return [
        f"{indent}{each.field.ljust(wide)}  {words(each.column, each.before, each.currency_before)}"
        f" → {words(each.column, each.after, each.currency_after)}"
        for each in fields
    ]


def lines(entries: Iterable[Entry], account: str | None) -> Iterator[str]:
    """The log for a person, the newest first; rows added are told in full only of one account."""
    for entry in entries:
        moment = safe(entry.at.replace("T", " ")[:16])
        shifted = "" if entry.as_of == entry.at[:10] else f"  (as of {safe(entry.as_of)})"
        gone = f"  (taken back by #{entry.undone_by})" if entry.undone_by else ""
        yield f"#{entry.seq}  {moment} UTC  {safe(entry.actor)}  {safe(entry.command)}{shifted}{gone}"
        if entry.summary:
            took_back = "took back " if entry.undoes else ""
            yield f"    {took_back}{safe(entry.summary)}"
        if entry.changes is None:
            yield f"    {entry.rows:,} rows changed; one account's: renewctl history ACCOUNT"
        for change in entry.changes or ():
            yield from _row_lines(change, account)


def _row_lines(change: RowChange, account: str | None) -> Iterator[str]:
    noun = _NOUNS.get(change.entity, safe(change.entity))
    title = f"{noun} {safe(change.label)}".strip()
    if account is None and change.entity != "account" and change.account:
        title += f" of {safe(change.account)}"
    if change.action == "changed":
        yield f"      {title}"
        yield from change_lines(change.fields, "        ")
        return
    yield f"      {title} {change.action}"
    if account is None:
        return
    wide = max((len(each.field) for each in change.fields), default=0)
    for each in change.fields:
        if change.action == "added":
            shown = words(each.column, each.after, each.currency_after)
        else:
            shown = words(each.column, each.before, each.currency_before)
        yield f"        {each.field.ljust(wide)}  {shown}"


def undo_document(done: Entry, seq: int | None) -> dict[str, Any]:
    """`renewctl/undo/1`: what was taken back, by operation `seq`; None: a dry run."""
    (told,) = document([done], None)["operations"]
    return {"schema": "renewctl/undo/1", "operation": seq, "changed": seq is not None, "undone": told}


def document(entries: Iterable[Entry], account: str | None) -> dict[str, Any]:
    """`renewctl/history/1`."""
    return {
        "schema": SCHEMA,
        "account": account,
        "operations": [
            {
                **{name: getattr(entry, name) for name in Entry._fields if name != "changes"},
                "changes": None if entry.changes is None else [_change(each) for each in entry.changes],
            }
            for entry in entries
        ],
    }


def _change(change: RowChange) -> dict[str, Any]:
    return {
        "entity": change.entity,
        "key": change.key,
        "label": change.label,
        "account": change.account,
        "action": change.action,
        "fields": [
            {
                "field": each.field,
                "before": plain_value(each.column, each.before, each.currency_before),
                "after": plain_value(each.column, each.after, each.currency_after),
            }
            for each in change.fields
        ],
    }
