"""XLSX workbooks as records, looked through for tricks before anything is unpacked into memory."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from renewctl.core.intake import ARCHIVE_RATIO, MAX_CELL, MAX_COLUMNS, MAX_ROWS
from renewctl.core.intake_cells import sheet_text
from renewctl.errors import InputRefused, UsageError
from renewctl.store.files import Input, Records

_MAX_PACKED = 64 << 20
_MAX_UNPACKED = 256 << 20  # all parts of the archive together
_SMALL = 4 << 20  # below, a high ratio is only an empty sheet
_MAX_AREA = 4_000_000  # cells of the rectangle a sheet's cells span: the reader lays it out whole
# Tags as the reader takes them: by their local name, whatever the prefix. An attribute holds no mark that
# ends a tag or a value, so that none can hide another; a sheet whose tags are written otherwise is refused.
_PREFIX = rb"<(?:[^\s<>/!?]*:)?"
_ATTRIBUTE = rb"""\s+[^\s<>=/"']+\s*=\s*(?:"[^<>"']*"|'[^<>"']*')"""
_TAGS = re.compile(_PREFIX + rb"(row|c)((?:" + _ATTRIBUTE + rb")*)\s*/?>")
_TAG_STARTS = re.compile(_PREFIX + rb"(?:row|c)(?=[\s/>])")
_ROWS = re.compile(_PREFIX + rb"row(?=[\s/>])")
_CELLS = re.compile(_PREFIX + rb"c(?=[\s/>])")
_PLACED = re.compile(rb"\br\s*=")
_REF = rb"""\s+r\s*=\s*["']([A-Z]{1,4})([1-9]\d{0,8})["']"""
_CELL_REFS = re.compile(
    _PREFIX + rb"c(?:(?!\s+r\s*=)" + _ATTRIBUTE + rb")*" + _REF + rb"(?:" + _ATTRIBUTE + rb")*\s*/?>"
)
_PLACE = re.compile(rb"\sr\s*=\s*[\"']([A-Z]{0,4})([1-9]\d{0,8})[\"']")
_SHEET = b"sheetData"  # nothing else holds cells


class Workbook:
    """A workbook whose limits were checked; one of its sheets is read."""

    def __init__(self, source: Input, sheet: str | None) -> None:
        self._source = source
        _check_archive(source)
        self._book = _open(source)
        visible = [each.name for each in self._book.sheets_metadata if str(each.visible).endswith(".Visible")]
        names = list(self._book.sheet_names)
        if sheet is not None and sheet not in names:
            raise UsageError(
                "no-such-sheet", f"{source.name} has no sheet {sheet!r}", "its sheets: " + ", ".join(names)
            )
        if sheet is None and len(visible) > 1:
            raise UsageError(
                "which-sheet",
                f"{source.name} has {len(visible)} sheets: {', '.join(visible[:20])}",
                f"name one: --sheet {visible[0]!r}",
            )
        if not names:
            raise InputRefused("no-sheet", f"{source.name} holds no sheet", "save it as CSV")
        self.sheet: str = sheet if sheet is not None else (visible or names)[0]
        self._rows: Any = None

    def records(self) -> Records:
        """The sheet's rows from the top."""
        if self._rows is None:
            try:
                self._rows = self._book.get_sheet_by_name(self.sheet)
            except Exception as error:  # the reader's own errors, whatever their class
                raise _damaged(self._source) from error
        return _SheetRecords(self._source.name, self._rows)


class _SheetRecords(Records):
    """Rows of a sheet as text cells; a row's line is its row number in the sheet."""

    def __init__(self, name: str, sheet: Any) -> None:
        self._name = name
        first = sheet.start[0] if sheet.start else 0
        self._line = first + 1
        self._rows: Iterator[list[Any]] = iter(sheet.iter_rows())
        if first:  # rows above the first filled one come as blank rows
            self._rows = _without_leading(self._rows, first, sheet.height, sheet.total_height)

    def next_batch(self, count: int) -> tuple[list[list[str]], Sequence[int], list[str]]:
        """See `Records`."""
        rows: list[list[str]] = []
        for row in self._rows:
            rows.append([cell if isinstance(cell, str) else sheet_text(cell) for cell in row])
            if len(rows) == count:
                break
        for row in rows:
            if any(row) and max(map(len, row)) > MAX_CELL:
                raise InputRefused(
                    "cell-too-long",
                    f"{self._name}: a cell is longer than {MAX_CELL:,} characters",
                    "shorten it",
                )
        first = self._line
        self._line += len(rows)
        return rows, range(first, self._line), []


def _without_leading(rows: Iterator[list[Any]], first: int, height: int, total: int) -> Iterator[list[Any]]:
    """The rows from the first filled one on, however the reader counts them."""
    skip = first if total > height else 0
    for at, row in enumerate(rows):
        if at >= skip or any(cell not in ("", None) for cell in row):
            yield row


def _open(source: Input) -> Any:
    from python_calamine import CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(source.path))
    except Exception as error:  # the reader's own errors, whatever their class
        raise _damaged(source) from error


def _check_archive(source: Input) -> None:
    """Refuse what would unpack into far more than it seems: ratio, sizes, cells far out."""
    if source.size > _MAX_PACKED:
        raise InputRefused(
            "file-too-large", f"{source.name} has {source.size:,} bytes", "save the sheet as CSV"
        )
    try:
        with zipfile.ZipFile(source.path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names and not any(name.endswith("workbook.xml") for name in names):
                raise InputRefused(
                    "not-a-workbook", f"{source.name} is an archive, but no XLSX workbook", "unpack it first"
                )
            total = sum(part.file_size for part in parts)
            if total > _MAX_UNPACKED or (total > _SMALL and total > source.size * ARCHIVE_RATIO):
                raise _bomb(source, total)
            for part in parts:  # whatever it is called: the workbook says which of them are its sheets
                with archive.open(part) as content:
                    _check_part(source, content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _damaged(source) from error


def _check_part(source: Input, content: IO[bytes]) -> None:
    """Where a part of the archive is a sheet, the rectangle its cells span must fit in memory."""
    rows = columns = row = column = 0
    low = 1 << 30
    rest = b""
    is_sheet = False
    while block := content.read(1 << 20):
        text = rest + block
        is_sheet = is_sheet or _SHEET in text
        if not is_sheet:
            rest = text[-len(_SHEET) :]
            continue
        cut = text.rfind(b">") + 1
        text, rest = text[:cut], text[cut:]
        if len(rest) > 1 << 20:
            raise _damaged(source)
        refs = _CELL_REFS.findall(text)
        last = text.rfind(b"<c ")
        if last >= 0 and len(refs) == len(_CELLS.findall(text)):  # as nearly all programs write them
            places = {int(at) for _, at in refs}
            low, rows = min(low, *places), max(rows, *places)
            columns = max(columns, *map(_number, {letters for letters, _ in refs}))
            text = text[last:]  # where the next block goes on
        elif not refs and not _PLACED.search(text):  # cells in their order, none says where it is
            counts = [len(_CELLS.findall(part)) for part in _ROWS.split(text)]
            counts[0] += column
            if filled := [row + at for at, count in enumerate(counts) if count and (at or count > column)]:
                low, rows, columns = min(low, filled[0]), max(rows, filled[-1]), max(columns, *counts)
            row, column = row + len(counts) - 1, counts[-1]
            text = b""
        for is_row, letters, number in _places(source, text):
            if is_row:
                row, column = number or row + 1, 0
            else:
                row, column = (number, _number(letters)) if number else (row, column + 1)
                low = min(low, row)
                rows, columns = max(rows, row), max(columns, column)
        _check_area(source, low, rows, columns)


def _places(source: Input, text: bytes) -> Iterator[tuple[bool, bytes, int]]:
    """Each tag of a row or cell: whether it is a row, the letters of its column, its row; 0 where unsaid."""
    tags = _TAGS.findall(text)
    if len(tags) != len(_TAG_STARTS.findall(text)):
        raise _damaged(source)
    for name, attributes in tags:
        said = _PLACE.search(attributes)
        letters, number = said.groups() if said else (b"", b"0")
        is_row = name == b"row"
        if is_row == bool(letters) if said else _PLACED.search(attributes):
            raise _damaged(source)
        yield is_row, letters, int(number)


def _check_area(source: Input, low: int, rows: int, columns: int) -> None:
    """Refuse cells from row `low` to `rows`, over `columns`, that would not fit in memory."""
    if columns > MAX_COLUMNS or rows > MAX_ROWS:
        raise _too_wide(source.name)
    if rows and (rows - low + 1) * columns > _MAX_AREA:
        raise InputRefused(
            "sheet-too-large",
            f"{source.name}: its cells span {rows - low + 1:,} rows by {columns:,} columns",
            "delete stray cells far from the table, or save it as CSV",
        )


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_wide(name: str) -> InputRefused:
    return InputRefused(
        "too-many-columns",
        f"{name} has cells beyond {MAX_COLUMNS:,} columns or {MAX_ROWS:,} rows",
        "delete stray cells far from the table, or save it as CSV",
    )


def _bomb(source: Input, size: int) -> InputRefused:
    return InputRefused(
        "archive-too-large",
        f"{source.name} unpacks to {size:,} bytes or more from {source.size:,}",
        "save the sheet as CSV",
    )


def _damaged(source: Input) -> InputRefused:
    return InputRefused(
        "workbook-unreadable", f"{source.name} cannot be read as a workbook", "save it as XLSX or CSV again"
    )
