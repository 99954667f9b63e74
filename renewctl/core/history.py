"""The operation log as values: who did what when, and each row's fields before and after."""

import json
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.edits import FieldChange, field_of

Currencies = MutableMapping[tuple[str, str], str | None]
"""(entity, key) -> the currency of a row's amounts, as of the point in time reached while reading back."""

# Columns that say nothing to a person: numbers of our own, and what follows from other columns.
_SILENT = frozenset(
    (
        "no account_no contract_no stakeholder_no successor_no search_name renewal_day planned_from_on "
        "recorded_on ticket_severity_on implied source_line subject flagged_at playbook save_no "
        "after_no replaces_no level_no"
    ).split()
)


class RowChange(NamedTuple):
    """One row that an operation added, changed or removed."""

    entity: str
    key: str  # as stored: primary key values joined by "|"
    account: str | None  # the account's id
    label: str  # what a person calls the row, such as a contract's id; "" where it has no name
    action: str  # added | changed | removed
    fields: tuple[FieldChange, ...]


class Entry(NamedTuple):
    """One command that changed something."""

    seq: int
    at: str  # UTC instant
    as_of: str
    actor: str
    command: str
    summary: str
    rows: int  # how many were changed, pins included
    digest: str  # of the chain
    undoes: int | None  # the operation it takes back
    undone_by: int | None  # the operation through which its effect is gone
    changes: tuple[RowChange, ...] | None  # None: too many to list here


class Logged(NamedTuple):
    """A row of the log as stored."""

    no: int
    op: int
    entity: str
    key: str
    account_no: int | None
    before: str | None
    after: str | None


def decode(
    row: Logged, names: Sequence[str], account: str | None, label: str, currencies: Currencies
) -> RowChange:
    """A log row by field. Rows must come newest first, since `currencies` is walked back with them.

    `names` are the columns of the entity: a row added or removed is logged as an array in their order.
    """
    before, after = _side(row.before, names), _side(row.after, names)
    at = (row.entity, row.key)
    known = currencies.get(at)
    code_after = after.get("currency", known)
    code_before = before.get("currency", code_after)
    currencies[at] = code_before
    columns = after if after else before
    fields = []
    for column in columns:
        old, new = before.get(column), after.get(column)
        if column in _SILENT or old == new:
            continue
        codes = (code_before, code_after) if column.endswith("_minor") else (None, None)
        fields.append(
            FieldChange(
                field_of(row.entity, column), column, _value(column, old), _value(column, new), *codes
            )
        )
    action = "added" if row.before is None else "removed" if row.after is None else "changed"
    return RowChange(row.entity, row.key, account, label, action, tuple(fields))


def _side(text: str | None, names: Sequence[str]) -> Mapping[str, Any]:
    if text is None:
        return {}
    found = json.loads(text)
    return found if isinstance(found, dict) else dict(zip(names, found, strict=False))


def _value(column: str, value: Any) -> Any:
    return date.fromisoformat(value) if column.endswith("_on") and isinstance(value, str) else value
