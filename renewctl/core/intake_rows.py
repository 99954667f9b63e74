"""Which rows are data: the heading below a preamble, and the rows between and after that are none."""

import re
from collections.abc import Sequence
from typing import Final

from renewctl.core import intake_dates, intake_numbers
from renewctl.core.intake import Refusal
from renewctl.core.intake_headings import Mapping, is_known, normalise
from renewctl.core.text import clean, fold

NO_HEADING: Final = Refusal(
    "no-heading",
    "no row of the file names its columns in words known here",
    "add a heading row such as id,name,arr,currency,renewal_date, or name columns with --map field=Heading",
)
STACKED: Final = "second table"
_LOOK_AT: Final = 50  # rows
_TOTAL: Final = re.compile(
    r"(?:grand |overall |running |sub ?|sub-)?totals?(?: geral| general)?|totais|subtotais|total da carteira"
    r"|soma|somatorio|sum|suma"
)
_COUNTED_WHAT = r"(?:records?|rows|accounts|contracts|registros|linhas|contas|contratos|clientes)"
_COUNTED: Final = re.compile(
    rf"(?: (?:of |de )?{_COUNTED_WHAT})?\s*(?:[:=(][\s\d.,]*(?:{_COUNTED_WHAT}[\s\d.,)]*)?)?\)?\s*"
)
_FOOTER: Final = re.compile(
    r"confiden[ct]ia|copyright|\(c\)|©|(?:source|fonte|notes?|notas?|obs|filters?|filtros?)\s*:"
    r"|generated (?:by|on|at|from)|gerado (?:por|em)|report (?:generated|run|as of|name)"
    r"|export(?:ed|ado|acao) (?:by|on|at|from|por|em)|extraido (?:de|em|por)|emitido (?:em|por)"
    r"|printed (?:on|by)|impresso (?:em|por)|page \d|pagina \d|end of report|fim do relatorio"
    r"|internal use|uso interno|filtered by|filtrado por|as of \d|\*{1,3} ?\w"
)
_FOOTER_WITHIN: Final = re.compile(
    r"all rights reserved|todos os direitos reservados|do not distribute|nao distribuir"
    r"|confidential information|informac(?:ao|oes) confidencia"
)


def find_heading(rows: Sequence[Sequence[str]], pinned: dict[str, str] | None = None) -> int:
    """Index of the row that names the columns among the first rows (give 50 or so), -1 when none does.

    The row with most known (or pinned) headings; titles and key-value lines above it are a preamble. A row
    that holds a number or a date is data, never a heading.
    """
    pins = {normalise(each.rsplit("#", 1)[0]) for each in (pinned or {}).values() if each.strip()}
    best, chosen = 0, -1
    for index, row in enumerate(rows[:_LOOK_AT]):
        score = sum(is_known(cell) or (bool(pins) and normalise(cell) in pins) for cell in row)
        if score > best and not any(_is_figure(cell) for cell in row):
            best, chosen = score, index
    return chosen


def _is_figure(cell: str) -> bool:
    """Whether a cell is a number, date, address or link rather than a word."""
    cell = clean(cell)
    if not cell or len(cell) > 500:
        return len(cell) > 500
    if "@" in cell or "://" in cell:
        return True
    if not any(map(str.isdigit, cell)):
        return False
    return intake_numbers.take_apart(cell) is not None or not intake_dates.read_date(cell, "dmy")[1]


def is_skippable(row: Sequence[str], heading: Sequence[str], mapping: Mapping) -> str | None:
    """Why a row is no record; None: it is one.

    `blank`, `repeated heading`, `totals`, `footer` or `second table`. A totals row has the word alone in
    its first filled cell, no id, no date, and nothing but figures
    besides: `Total Energies`, or a customer `Soma` with an owner, stays. `second table` is a row of other
    headings: what follows belongs to another table, and the file must be refused.
    """
    filled = [cell for cell in row if cell and not cell.isspace()]
    if not filled:
        return "blank"
    first = clean(filled[0])
    if not first:
        return None if any(clean(cell) for cell in filled) else "blank"
    lowered = fold(first[:200])
    if len(filled) == 1 and len(heading) > 1:
        return _lone(first, lowered)
    total = _TOTAL.match(lowered)
    if total and _COUNTED.fullmatch(lowered, total.end()):
        return "totals" if _only_figures(row, filled, mapping) else None
    if is_known(first) or first == clean(heading[0]):
        return _headings_again(row, heading)
    return None


def _lone(first: str, lowered: str) -> str | None:
    """A row with one filled cell: prose around the table, or an account of which only the key is known."""
    total = _TOTAL.match(lowered)
    if total and _COUNTED.fullmatch(lowered, total.end()):
        return "totals"
    if _FOOTER.match(lowered) or _FOOTER_WITHIN.search(lowered):
        return "footer"
    if not any(map(str.isalnum, first)):
        return "footer"
    return "footer" if len(first.split()) >= 12 else None


def _only_figures(row: Sequence[str], filled: Sequence[str], mapping: Mapping) -> bool:
    """Whether a row that begins with the word total holds nothing but figures besides."""
    first = clean(filled[0])
    for field in ("id", "account_id", "contract_id", "renewal_date"):
        index = mapping.columns.get(field)
        cell = clean(row[index]) if index is not None and index < len(row) else ""
        if cell and cell != first and field != "account_id":
            return False
    for cell in filled[1:]:
        text = clean(cell)
        parts = intake_numbers.take_apart(text)
        if text and parts is None and intake_numbers.read_currency(text) is None and text != "-":
            return False
    return True


def _headings_again(row: Sequence[str], heading: Sequence[str]) -> str | None:
    """Whether a row repeats the heading or begins another table."""
    names = [normalise(cell) for cell in row]
    wanted = [normalise(cell) for cell in heading]
    while names and not names[-1]:
        names.pop()
    while wanted and not wanted[-1]:
        wanted.pop()
    if names == wanted:
        return "repeated heading"
    filled = [cell for cell in row if cell.strip()]
    known = sum(map(is_known, filled))
    if known >= 3 and known * 2 > len(filled) and not any(map(_is_figure, filled)):
        return STACKED
    return None


def all_records(columns: Sequence[Sequence[str]], mapping: Mapping) -> bool:
    """Whether every row of a batch plainly is a record: `skippable_rows` would find none to skip."""
    at = _date_column(mapping)
    if at is None or not columns[at]:
        return False
    return min(columns[at]) >= "0" and max(columns[at]) < ":"  # the first sign of each is one of 0-9


def _date_column(mapping: Mapping) -> int | None:
    """The column in which a record has a figure."""
    fields = ("renewal_date", "start_date", "date", "closed_on")
    return next((mapping.columns[field] for field in fields if field in mapping.columns), None)


def skippable_rows(rows: Sequence[Sequence[str]], heading: Sequence[str], mapping: Mapping) -> dict[int, str]:
    """Index -> reason for the rows of a batch that are no records.

    A row with a figure where the renewal date (else the start date, else any date) stands is a record and is
    not looked at further.
    """
    at = _date_column(mapping)
    if at is not None:
        suspects = [i for i, row in enumerate(rows) if len(row) <= at or not row[at][:1].isdigit()]
    else:
        suspects = list(range(len(rows)))
    found = {}
    for index in suspects:
        reason = is_skippable(rows[index], heading, mapping)
        if reason:
            found[index] = reason
    return found
