"""Exports as files: CSV, JSON and XLSX, under the names the import knows them by.

Rows are written as they come. What was exported imports again as unchanged. An account with several open
contracts has its terms in the contracts export only; its row among the accounts leaves them blank. Columns
and kinds that the import does not know are for reading: what carries all of a portfolio is a backup.
"""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from renewctl.core import money
from renewctl.core.text import plain_json
from renewctl.store.exporter_rows import Table
from renewctl.store.files import CsvLines, guarded
from renewctl.store.workbook import Number

SCHEMA = "renewctl/export/1"
_BATCH = 1000


def cell_text(kind: str, value: Any) -> str:
    """A value of a column type as the import reads it, whatever stands in the other cells.

    A point before exactly three digits could group thousands: a zero follows. Bare percentages up to 1
    could be fractions: they carry the sign.
    """
    if value is None:
        return ""
    if kind in ("text", "date", "int"):
        return str(value)
    if kind in ("amount", "money"):
        minor, currency = value
        places = money.digits(currency)
        whole, rest = divmod(minor, 10**places)
        text = _unambiguous(f"{whole}.{rest:0{places}d}") if rest else str(whole)
        return f"{currency} {text}".strip() if kind == "money" else text
    if kind == "share":
        return _number(Decimal(repr(float(value))) * 100) + "%"
    if kind in ("percent", "number"):
        whole = int(value)
        text = str(whole) if whole == value else _number(Decimal(repr(float(value))))
        return text + "%" if kind == "percent" and 0 < abs(value) <= 1 else text
    if kind == "yes_no":
        return "yes" if value else "no"
    return _unambiguous(str(value)) if kind == "decimal" else str(value)


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return _unambiguous(text.rstrip("0").rstrip(".") if "." in text else text)


def _unambiguous(text: str) -> str:
    return text + "0" if len(text.partition(".")[2]) == 3 else text


def _json_value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind in ("amount", "money"):
        return money.to_units(*value)
    if kind == "yes_no":
        return bool(value)
    return value


def csv_blocks(exported: Table) -> Iterator[bytes]:
    """The table as CSV, UTF-8; text that a spreadsheet could run is guarded."""
    shown = [at for at, column in enumerate(exported.columns) if column.type != "code"]
    kinds = [(at, exported.columns[at].type) for at in shown]
    lines = CsvLines()
    lines.add([[exported.columns[at].name for at in shown]])
    while batch := list(islice(exported.rows, _BATCH)):
        lines.add([guarded(cell_text(kind, row[at])) for at, kind in kinds] for row in batch)
        yield lines.take().encode("utf-8", "backslashreplace")
    yield lines.take().encode("utf-8", "backslashreplace")


def json_blocks(exported: Table) -> Iterator[bytes]:
    """The table as `renewctl/export/1`: one row a line."""
    head = json.dumps({"schema": SCHEMA, "kind": exported.kind, "rows": []})
    yield head[:-2].encode()
    names = [(column.name, column.type) for column in exported.columns]
    between = "\n"
    while batch := list(islice(exported.rows, _BATCH)):
        texts = (
            json.dumps(
                {name: _json_value(kind, value) for (name, kind), value in zip(names, row, strict=True)},
                ensure_ascii=False,
            )
            for row in batch
        )
        yield plain_json(between + ",\n".join(texts)).encode("utf-8", "backslashreplace")
        between = ",\n"
    yield b"\n]}\n"


def sheet_cells(exported: Table) -> Iterator[list[Any]]:
    """The table's cells as a workbook holds them: `Number`, dates as dates, the rest as text.

    The first row holds the headings. A number of more than 15 characters is text: a spreadsheet
    would round it.
    """
    shown = [at for at, column in enumerate(exported.columns) if column.type != "code"]
    yield [exported.columns[at].name for at in shown]
    kinds = [(at, exported.columns[at].type) for at in shown]
    for row in exported.rows:
        yield [_sheet_cell(kind, row[at]) for at, kind in kinds]


_day = lru_cache(maxsize=10_000)(date.fromisoformat)


def _sheet_cell(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "date":
        return _day(value)
    text = cell_text(kind, value)
    if kind in ("amount", "int", "number", "decimal", "percent") and not text.endswith("%"):
        return Number(text) if len(text) <= 15 else text
    return text
