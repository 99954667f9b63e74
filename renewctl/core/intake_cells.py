"""Cells to values, a column at a time, after the column's date order, decimal mark and scale are settled.

A column is parsed in bulk: ordinary batches in one C-speed pass, the rest through a bounded memo; `explain`
is the slow second look at the cells that came out `BAD`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from renewctl.core import intake_numbers, intake_read, money
from renewctl.core.intake import BAD, MAX_CELL, CellProblem
from renewctl.core.intake_evidence import Column, Evidence, Settled
from renewctl.core.intake_fields import CHOICES
from renewctl.core.intake_read import BLANKS
from renewctl.core.text import clean

__all__ = [
    "BLANKS",
    "Column",
    "Evidence",
    "IsoDates",
    "Settled",
    "amount_parser",
    "explain",
    "parser",
    "sheet_text",
]

_REMEMBERED: Final = 16_384  # cells per column: peak memory stays flat at a million rows


class _Memo(dict[str, Any]):
    """Cell -> value, filled by `read`, no larger than `_REMEMBERED`."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def __missing__(self, cell: str) -> Any:
        value = self._read(cell)
        if len(self) < _REMEMBERED:
            self[cell] = value
        return value


class IsoDates(dict[str | None, Any]):
    """Memo ISO text -> `date` (None -> None): `list(map(dates.__getitem__, column))`."""

    def __missing__(self, iso: str | None) -> date | None:
        value = date.fromisoformat(iso) if iso is not None else None
        if len(self) < _REMEMBERED:
            self[iso] = value
        return value


def parser(column: Column) -> Callable[[Sequence[str]], list[Any]]:
    """A function from cells to values (None blank, `BAD` unreadable); every type but amount.

    Keep it for all batches of the file: it remembers what it has read.
    """
    kind = column.field.type
    if kind in ("text", "id", "name"):
        return _plain_name if kind == "name" else _plain_text
    memo = _Memo(lambda cell: intake_read.read_cell(column, cell)[0])
    if kind == "date":
        memo = _Memo(lambda cell: _quick_date(column, cell))
    look_up = memo.__getitem__

    def parse(cells: Sequence[str]) -> list[Any]:
        return list(map(look_up, cells))

    return parse


def _quick_date(column: Column, cell: str) -> Any:
    if len(cell) == 10 and cell[4] == "-" == cell[7] and "1900" <= cell[:4] <= "2199":
        try:
            return date.fromisoformat(cell).isoformat()
        except ValueError:
            pass
    return intake_read.read_cell(column, cell)[0]


def _plain_name(cells: Sequence[str]) -> list[Any]:
    joined = "".join(cells)
    if (
        joined.isascii()
        and "'" not in joined
        and (len(joined) <= MAX_CELL or max(map(len, cells)) <= MAX_CELL)
    ):
        if joined.isprintable() and not _has_edges(cells):
            return list(cells) if "" not in cells else [cell or None for cell in cells]
        return [cell.strip() or None for cell in cells]
    return [BAD if len(cell) > MAX_CELL else clean(cell) or None for cell in cells]


def _has_edges(cells: Sequence[str]) -> bool:
    """Whether a cell begins or ends with a blank; of printable ASCII there is only one."""
    text = "\n".join(cells)
    return " \n" in text or "\n " in text or text[:1] == " " or text[-1:] == " "


def _plain_text(cells: Sequence[str]) -> list[Any]:
    found = _plain_name(cells)
    if BLANKS.isdisjoint(found):
        return found
    return [None if cell in BLANKS else cell for cell in found]


def amount_parser(
    column: Column,
) -> Callable[[Sequence[str], Sequence[Any] | None], tuple[list[Any], list[str | None]]]:
    """A function (cells, row currencies or None) -> (minor units, ISO codes), two parallel lists.

    Row currencies are the parsed currency column (None blank; `BAD` is taken as None). An `mrr` column
    comes out annual (× 12 before rounding). Blank: (None, None); unreadable: (`BAD`, None).
    """
    memos: dict[str | None, _Memo] = {}

    def memo_of(row: Any) -> _Memo:
        code = row if isinstance(row, str) else None
        if code not in memos:
            memos[code] = _Memo(lambda cell: _quick_amount(column, cell, code))
        return memos[code]

    def parse(cells: Sequence[str], rows: Sequence[Any] | None) -> tuple[list[Any], list[str | None]]:
        codes = {None} if rows is None else set(rows)
        if len(codes) == 1:
            row = next(iter(codes))
            quick = _whole_amounts(column, cells, row if isinstance(row, str) else None)
            if quick is not None:
                return quick
            pairs = list(map(memo_of(row).__getitem__, cells))
        else:
            by_row = {code: memo_of(code) for code in codes}
            pairs = [by_row[code][cell] for code, cell in zip(rows or (), cells, strict=True)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    return parse


def _whole_amounts(
    column: Column, cells: Sequence[str], row: str | None
) -> tuple[list[Any], list[str | None]] | None:
    """A batch of nothing but plain integers and blanks; None when there is anything else in it."""
    joined = "".join(cells)
    if not (joined.isascii() and joined.isdigit()) or max(map(len, cells)) > 12:
        return None
    code, wrong = intake_read.currency_of(column, None, row)
    if wrong or code is None:
        return None
    scale = 10 ** money.digits(code) * intake_read.times(column)
    minors = [int(cell) * scale if cell else None for cell in cells]
    if max(filter(None, minors), default=0) > money.LARGEST_MINOR:
        return None
    return minors, [code if cell else None for cell in cells]


def _quick_amount(column: Column, cell: str, row: str | None) -> tuple[Any, str | None]:
    """One amount: plain integers and ordinary decimals without the full reading."""
    symbol, whole, fraction = None, "", ""
    if cell.isascii() and cell.isdigit() and len(cell) <= 12:
        whole = cell
    elif column.decimal != "each":
        found = intake_numbers.ORDINARY[column.decimal].fullmatch(cell)
        if found:
            symbol, whole, fraction = found[1], found[2], found[3]
            if not whole.isdigit():
                whole = whole.replace(intake_numbers.other(column.decimal), "")
    if whole:
        code, wrong = intake_read.currency_of(column, symbol, row)
        if not wrong and code is not None:
            minor = intake_numbers.scaled(whole, fraction, money.digits(code), intake_read.times(column))
            if minor is not None and minor <= money.LARGEST_MINOR:
                return minor, code
    value, code, _ = intake_read.read_amount(column, cell, row)
    return value, code


_SENTENCES: Final = {
    "amount-unreadable": "is no amount that can be read",
    "amount-negative": "is negative; recurring revenue cannot be",
    "amount-too-large": "is larger than any amount kept here",
    "amount-unknown": "says the amount is not known yet; kept as unknown",
    "currency-unknown": "names no single currency; write its ISO code",
    "currency-conflict": "is in another currency than its row, heading or file says",
    "date-unreadable": "is no date that can be read",
    "date-impossible": "is a day that does not exist or no year of a renewal",
    "date-unknown": "says the date is not known yet; kept as unknown",
    "number-unreadable": "is no number that can be read",
    "number-unknown": "says the number is not known yet; kept as unknown",
    "number-out-of-range": "lies outside the scale",
    "number-ambiguous": "may be 1 % or 100 %; write the percent sign",
    "bool-unreadable": "is neither yes nor no",
    "enum-unknown": "is none of",
    "text-too-long": f"is longer than {MAX_CELL} characters",
}
_ABOUT_FIGURES: Final = frozenset(["amount-unreadable", "number-unreadable"])
_KEPT: Final = frozenset(["amount-unknown", "date-unknown", "number-unknown"])


def explain(column: Column, cell: str, row_currency: str | None = None) -> CellProblem | None:
    """Why this cell is `BAD` (code, sentence, whether it rejects the row); None when it can be read.

    Codes: amount-unreadable, amount-negative, amount-too-large, currency-unknown, currency-conflict,
    date-unreadable, date-impossible, number-unreadable, number-out-of-range, number-ambiguous,
    bool-unreadable, enum-unknown, text-too-long; and amount-unknown, date-unknown, number-unknown for cells
    like TBD, which are named and never reject the row.
    """
    field = column.field
    if field.type == "amount":
        _, _, code = intake_read.read_amount(column, cell, row_currency)
    else:
        _, code = intake_read.read_cell(column, cell)
    if not code:
        return None
    shown = clean(cell)
    shown = repr(shown if len(shown) <= 60 else shown[:57] + "…")
    sentence = _SENTENCES[code]
    if code == "enum-unknown":
        sentence += " " + ", ".join(CHOICES[field.choices])
    elif code == "currency-unknown" and field.type == "amount" and _bare(cell):
        sentence = "names no currency in a column of several; say it in the cell, or for all with --currency"
    elif code == "number-out-of-range":
        sentence += f" of {field.low:g} to {field.high:g}" if field.high is not None else ""
    elif code == "date-unreadable" and shown.strip("'").isdigit():
        sentence += " (a spreadsheet's day number? format the column as a date)"
    elif code in ("date-impossible", "date-unreadable") and column.order in ("dmy", "mdy", "ymd"):
        sentence += f" (the column is read as {column.order})"
    elif code in _ABOUT_FIGURES and column.decimal != "each" and any(map(str.isdigit, cell)):
        sentence += f" (the column's decimal mark is {column.decimal})"
    return CellProblem(code, f"{column.heading}: {shown} {sentence}", field.rejects and code not in _KEPT)


def _bare(cell: str) -> bool:
    parts = intake_numbers.take_apart(clean(cell))
    return parts is not None and not parts.symbol


def sheet_text(value: Any) -> str:
    """A spreadsheet's typed cell as text that `Evidence` and the parsers read exactly.

    Numbers carry a decimal point that no one can take for a thousands mark; dates ISO; booleans TRUE/FALSE.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        from decimal import Decimal

        shown = format(Decimal(repr(value)), "f")
        if len(shown) > intake_numbers.LONGEST:
            return repr(value)
        return shown + "0" if len(shown.partition(".")[2]) == 3 else shown
    if hasattr(value, "isoformat"):
        iso = str(value.isoformat())
        return iso.removesuffix("T00:00:00")
    return str(value)
