"""One cell at a time, in full: its value, or the code of what is wrong with it."""

from functools import lru_cache
from typing import Any, Final

from renewctl.core import intake_dates, intake_numbers, money
from renewctl.core.intake import BAD, MAX_CELL
from renewctl.core.intake_evidence import SEVERAL, Column
from renewctl.core.intake_fields import CHOICES
from renewctl.core.text import clean, fold

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


def times(column: Column) -> int:
    """By what an amount is multiplied before it is rounded: 12 for monthly revenue."""
    return 12 if column.field.name == "mrr" else 1


@lru_cache(4096)
def currency_of(column: Column, symbol: str | None, row: str | None) -> tuple[str | None, str]:
    """The currency of an amount with this sign in a row of that currency, or the code of what is wrong.

    One without a sign is in the only currency that the other cells of its column carry; where they carry
    several, and nothing else says, it is in none.
    """
    if column.signs and symbol is row is column.currency is column.default is None:
        return (None, "currency-unknown") if column.signs == SEVERAL else (column.signs, "")
    return intake_numbers.resolve_currency(symbol, row, column.currency, column.default, column.base)


def read_amount(column: Column, cell: str, row: str | None) -> tuple[Any, str | None, str]:
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
    code, wrong = currency_of(column, parts.symbol, row)
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
    minor = intake_numbers.scaled(*found, parts.power + money.digits(code), times(column))
    if minor is None or minor > money.LARGEST_MINOR:
        return BAD, None, "amount-too-large"
    if parts.negative and minor:
        return BAD, None, "amount-negative"
    return minor, code, ""


def read_cell(column: Column, cell: str) -> tuple[Any, str]:
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
    return read_number(column, cell)


def read_number(column: Column, cell: str) -> tuple[Any, str]:
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
    return float(f"{float(value):.15g}"), ""  # as many digits as every log, file and engine gives back alike


def _decimal_text(numerator: int, denominator: int) -> str:
    """A fraction whose denominator divides a power of ten, as plain decimal text."""
    places = 0
    while 10**places % denominator:
        places += 1
    digits = str(abs(numerator) * 10**places // denominator).rjust(places + 1, "0")
    sign = "-" if numerator < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
