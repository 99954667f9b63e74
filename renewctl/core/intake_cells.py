"""Cells to values, a column at a time, after the column's date order, decimal mark and scale are settled.

A column is parsed in bulk: ordinary batches in one C-speed pass, the rest through a bounded memo; `explain`
is the slow second look at the cells that came out `BAD`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from renewctl.core import intake_dates, intake_numbers, money
from renewctl.core.intake import BAD, MAX_CELL, CellProblem
from renewctl.core.intake_evidence import Column, Evidence, Settled
from renewctl.core.intake_fields import CHOICES
from renewctl.core.text import clean, fold

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

_REMEMBERED: Final = 50_000
_BLANK_WORDS = (
    "",
    "na",
    "n/a",
    "#n/a",
    "n.a.",
    "null",
    "(null)",
    "none",
    "nil",
    "nan",
    "-",
    "--",
    "—",
    "–",
    "(blank)",
    "(vazio)",
    "n/d",
    "nd",
    "não informado",
    "sem informação",
)
BLANKS: Final = frozenset(
    spelling for word in _BLANK_WORDS for spelling in (word, word.upper(), word.title(), word.capitalize())
)
"""Cells that hold nothing, except in names and countries, where `NA` and `null` are real."""


def _words(spec: str) -> frozenset[str]:
    return frozenset(word.strip() for word in spec.split(";"))


_LATER: Final = _words(
    "tbd; tbc; tba; t.b.d.; to be defined; to be determined; to be confirmed; pending; unknown; ?; ??; ???;"
    "a definir; a confirmar; pendente; desconhecido; desconhecida; indefinido"
)
_TRUE: Final = _words(
    "true; yes; y; 1; 1.0; t; on; x; ✓; ✔; enabled; automatic; auto;"
    "sim; s; v; verdadeiro; ativo; ativado; automatica; automatico"
)
_FALSE: Final = _words(
    "false; no; n; 0; 0.0; f; off; ✗; ✘; disabled; manual; nao; falso; inativo; desativado"
)
_SEVERITIES: Final = {
    **{
        f"{prefix}{n}": n
        for prefix in ("", "s", "p", "sev", "sev ", "sev-", "severity ", "p-")
        for n in range(1, 6)
    },
    **dict.fromkeys(("critical", "urgent", "blocker", "highest", "critica", "critico", "urgente"), 1),
    **dict.fromkeys(("high", "major", "alta", "alto"), 2),
    **dict.fromkeys(("medium", "normal", "moderate", "media", "medio"), 3),
    **dict.fromkeys(("low", "minor", "lowest", "trivial", "baixa", "baixo"), 4),
}
_SPELLINGS: Final = {
    name: {word: value for value, spelled in table.items() for word in (value.replace("_", " "), *spelled)}
    for name, table in CHOICES.items()
}
_UNITS_OF_TIME: Final = {
    "term_months": {"month": 1, "months": 1, "mo": 1, "mos": 1, "mes": 1, "meses": 1}
    | {"year": 12, "years": 12, "yr": 12, "yrs": 12, "ano": 12, "anos": 12},
    "notice_days": {"day": 1, "days": 1, "d": 1, "dia": 1, "dias": 1},
}


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
    memo = _Memo(lambda cell: _read(column, cell)[0])
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
    return _read(column, cell)[0]


def _plain_name(cells: Sequence[str]) -> list[Any]:
    joined = "".join(cells)
    if (
        joined.isascii()
        and "'" not in joined
        and (len(joined) <= MAX_CELL or max(map(len, cells)) <= MAX_CELL)
    ):
        return [cell.strip() or None for cell in cells]
    return [BAD if len(cell) > MAX_CELL else clean(cell) or None for cell in cells]


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
    code, wrong = _currency(column, None, row)
    if wrong or code is None:
        return None
    scale = 10 ** money.digits(code) * _times(column)
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
        code, wrong = _currency(column, symbol, row)
        if not wrong and code is not None:
            minor = intake_numbers.scaled(whole, fraction, money.digits(code), _times(column))
            if minor is not None and minor <= money.LARGEST_MINOR:
                return minor, code
    value, code, _ = _read_amount(column, cell, row)
    return value, code


def _times(column: Column) -> int:
    return 12 if column.field.name == "mrr" else 1


@lru_cache(4096)
def _currency(column: Column, symbol: str | None, row: str | None) -> tuple[str | None, str]:
    return intake_numbers.resolve_currency(symbol, row, column.currency, column.default, column.base)


def _read_amount(column: Column, cell: str, row: str | None) -> tuple[Any, str | None, str]:
    """Minor units (annual for `mrr`), currency, and '' or the code of what is wrong."""
    cell = clean(cell)
    if cell in BLANKS:
        return None, None, ""
    if fold(cell) in _LATER:
        return BAD, None, "amount-unknown"
    if cell[-1] == "-" and intake_numbers.currencies_of(cell[:-1].strip()):
        return BAD, None, "amount-unknown"  # "R$ -": a dash where an amount belongs
    parts = intake_numbers.take_apart(cell)
    if parts is None or parts.percent:
        return BAD, None, "amount-unreadable"
    code, wrong = _currency(column, parts.symbol, row)
    if code is None:
        return BAD, None, wrong
    decimal = intake_numbers.mark(parts) if column.decimal == "each" else column.decimal
    if decimal is None or decimal == intake_numbers.AMBIGUOUS:
        return BAD, None, "amount-unreadable"
    found = intake_numbers.figures(
        parts.body, "." if parts.scientific and "." in parts.body else decimal or "."
    )
    if found is None:
        return BAD, None, "amount-unreadable"
    minor = intake_numbers.scaled(*found, parts.power + money.digits(code), _times(column))
    if minor is None or minor > money.LARGEST_MINOR:
        return BAD, None, "amount-too-large"
    if parts.negative and minor:
        return BAD, None, "amount-negative"
    return minor, code, ""


def _read(column: Column, cell: str) -> tuple[Any, str]:
    """One cell of any type but amount: its value, and '' or the code of what is wrong."""
    kind = column.field.type
    if len(cell) > MAX_CELL:
        return BAD, "text-too-long"
    cell = clean(cell)
    if not cell or (kind != "name" and cell in BLANKS):
        return None, ""
    if kind in ("text", "id", "name"):
        return cell, ""
    if kind == "currency":
        code = intake_numbers.read_currency(cell)
        return (code, "") if code else (BAD, "currency-unknown")
    folded = fold(cell)
    if kind == "bool":
        if folded in _TRUE or folded in _FALSE:
            return int(folded in _TRUE), ""
        return BAD, "bool-unreadable"
    if kind == "enum":
        value = _SPELLINGS[column.field.choices].get(folded.replace("_", " ").replace("-", " "))
        return (value, "") if value else (BAD, "enum-unknown")
    if kind == "severity":
        level = _SEVERITIES.get(folded)
        return (level, "") if level else (BAD, "number-unreadable")
    if folded in _LATER:
        return BAD, "date-unknown" if kind == "date" else "number-unknown"
    if kind == "date":
        iso, wrong = intake_dates.read_date(cell, column.order)
        return (BAD, wrong) if iso is None else (iso, "")
    return _read_number(column, cell)


def _read_number(column: Column, cell: str) -> tuple[Any, str]:
    """int, number, percent, share and decimal cells."""
    field = column.field
    times = 1
    head, _, last = cell.rpartition(" ")
    if fold(last) in _UNITS_OF_TIME.get(field.name, {}):
        cell, times = head, _UNITS_OF_TIME[field.name][fold(last)]
    parts = intake_numbers.take_apart(cell)
    if parts is None or parts.symbol or (parts.percent and field.type in ("int", "decimal")):
        return BAD, "number-unreadable"
    decimal = intake_numbers.mark(parts)
    if decimal == intake_numbers.AMBIGUOUS:
        sole = "." if "." in parts.body else ","
        bounded = field.high is not None and field.high < 1000
        decimal = column.decimal
        if decimal == "each":
            decimal = intake_numbers.other(sole) if field.type == "int" else sole if bounded else None
    elif decimal and column.decimal not in ("each", decimal) and not parts.scientific:
        decimal = None
    value = intake_numbers.exact(parts, decimal or ".") if decimal is not None else None
    if value is None:
        return BAD, "number-unreadable"
    value *= times
    if field.type in ("percent", "share"):
        if not parts.percent and column.scale == "unclear" and value:
            return BAD, "number-ambiguous"
        if not parts.percent and column.scale == "fraction":
            value *= 100
        value = value / 100 if field.type == "share" else value
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):
        return BAD, "number-out-of-range"
    if field.type == "int":
        return (int(value), "") if value.denominator == 1 else (BAD, "number-unreadable")
    if field.type == "decimal":
        return _decimal_text(value.numerator, value.denominator), ""
    return float(value), ""


def _decimal_text(numerator: int, denominator: int) -> str:
    """A fraction whose denominator divides a power of ten, as plain decimal text."""
    places = 0
    while 10**places % denominator:
        places += 1
    digits = str(abs(numerator) * 10**places // denominator).rjust(places + 1, "0")
    sign = "-" if numerator < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


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
        _, _, code = _read_amount(column, cell, row_currency)
    else:
        _, code = _read(column, cell)
    if not code:
        return None
    shown = clean(cell)
    shown = repr(shown if len(shown) <= 60 else shown[:57] + "…")
    sentence = _SENTENCES[code]
    if code == "enum-unknown":
        sentence += " " + ", ".join(CHOICES[field.choices])
    elif code == "number-out-of-range":
        sentence += f" of {field.low:g} to {field.high:g}" if field.high is not None else ""
    elif code == "date-unreadable" and shown.strip("'").isdigit():
        sentence += " (a spreadsheet's day number? format the column as a date)"
    elif code in ("date-impossible", "date-unreadable") and column.order in ("dmy", "mdy", "ymd"):
        sentence += f" (the column is read as {column.order})"
    return CellProblem(code, f"{column.heading}: {shown} {sentence}", field.rejects and code not in _KEPT)


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
        return shown + "0" if len(shown.partition(".")[2]) == 3 else shown
    if hasattr(value, "isoformat"):
        iso = str(value.isoformat())
        return iso.removesuffix("T00:00:00")
    return str(value)
