"""A plain XLSX workbook of one sheet, written as its rows come.

Text is written as inline strings, which no spreadsheet evaluates, and guarded like in CSV all the same,
since a sheet is often saved as CSV later.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from renewctl.errors import InputRefused
from renewctl.store.files import guarded

MAX_ROWS: Final = 1_048_576
_BLOCK = 1 << 16
_EPOCH = date(1899, 12, 30).toordinal()
_FIRST_SURE = date(1900, 3, 1)  # before it spreadsheets count a 29 February that never was
# Control characters that XML cannot hold, and underscores that would read as the escape of one.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NUMERIC = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Cell formats: 0 general, 1 a date, 2 a heading.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}  # fmt: skip


class Number(str):
    """Plain decimal text that is a number in a sheet."""

    __slots__ = ()


class _Sink:
    """Takes what the archive writes; without `tell` the archive needs no way back."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep the bytes until they are taken."""
        self.blocks.append(bytes(data))
        return len(data)

    def close(self) -> None:
        """Nothing to let go of."""

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        """What was written since last taken."""
        found = b"".join(self.blocks)
        self.blocks.clear()
        return found


def workbook_blocks(title: str, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a workbook with one sheet. Cells: None, Number, date or text; first row: headings.

    Raises InputRefused where there are more rows than a sheet holds.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        sheets = f'<sheets><sheet name="{_escape(title)}" sheetId="1" r:id="rId1"/></sheets>'
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{sheets}</workbook>'
        for name, text in {**_PARTS, "xl/workbook.xml": book}.items():
            with archive.open(name, "w") as part:  # dated 1980: the same rows give the same bytes
                part.write((_XML + text).encode())
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            waiting: list[str] = []
            size = 0
            for piece in _sheet(rows):
                waiting.append(piece)
                size += len(piece)
                if size > _BLOCK:
                    sheet.write("".join(waiting).encode())
                    waiting.clear()
                    size = 0
                    yield sink.take()
            sheet.write("".join(waiting).encode())
    yield sink.take()


def _sheet(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield _XML + f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield "</sheetView></sheetViews><sheetData>"
    letters: list[str] = []
    for at, row in enumerate(rows, 1):
        if at > MAX_ROWS:
            raise InputRefused(
                "too-many-rows", f"a sheet holds {MAX_ROWS:,} rows; there are more", "export as CSV instead"
            )
        if at == 1:
            letters = [_letters(column) for column in range(len(row))]
        cells = [
            _cell(f"{letters[i]}{at}", value, at == 1) for i, value in enumerate(row) if value is not None
        ]
        yield f'<row r="{at}">{"".join(cells)}</row>'
    yield "</sheetData></worksheet>"


def _letters(column: int) -> str:
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _cell(place: str, value: Any, heading: bool) -> str:
    if isinstance(value, Number) and _NUMERIC.match(value):  # not so in a portfolio that was tampered with
        return f'<c r="{place}"><v>{value}</v></c>'
    if isinstance(value, date):
        if value >= _FIRST_SURE:
            return f'<c r="{place}" s="1"><v>{value.toordinal() - _EPOCH}</v></c>'
        value = value.isoformat()
    style = ' s="2"' if heading else ""
    text = _escape(guarded(str(value)))
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _escape(text: str) -> str:
    """Text as XML holds it; what XML cannot hold in the format's own `_xHHHH_` form."""
    text = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
