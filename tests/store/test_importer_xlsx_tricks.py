"""Workbooks built otherwise than they seem: none is laid out before its cells are counted."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from renewctl.errors import InputRefused, UsageError
from renewctl.store import importer_xlsx
from tests.store.importing import Desk, figures
from tests.store.test_import_xlsx import ROWS, SHEET, with_sheet, workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TEXT = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
HEADINGS = ("id", "name", "arr", "renewal_date")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(of: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in of.items():
            made.writestr(name, data)
    return out.getvalue()


def changed(name: str, old: bytes, new: bytes) -> bytes:
    """The usual workbook with something replaced in one of its parts."""
    found = parts(workbook(ROWS))
    assert old in found[name]
    return archive(found | {name: found[name].replace(old, new)})


def sheet(rows: str, root: str = f'<worksheet xmlns="{MAIN}" xmlns:x="u">') -> bytes:
    return with_sheet(f"{root}<sheetData>{rows}</sheetData></worksheet>")


def cells(row: int, *texts: str) -> str:
    return "".join(TEXT.format(f"{'ABCDEFGH'[at]}{row}", text) for at, text in enumerate(texts))


def refused(desk: Desk, data: bytes) -> str:
    with pytest.raises(InputRefused) as caught:
        desk.run(desk.file("book.xlsx", data))
    assert not desk.path.exists()
    return caught.value.code


FIRST = f'<row r="1">{cells(1, *HEADINGS)}</row>'
FAR = "ZZ15000"  # ten million cells from A1


@pytest.mark.parametrize(
    "cell",
    [
        f'<c r="{FAR}"><v>1</v></c>',
        f'<c x=">" r="{FAR}"><v>1</v></c>',
        f'<c y=" r=\'A1\'" r="{FAR}"><v>1</v></c>',
        f'<c y=" r=" r="{FAR}"><v>1</v></c>',
        f'<c x:r="A1" r="{FAR}"><v>1</v></c>',
        f'<c r="{FAR.lower()}"><v>1</v></c>',
        '<c r="ZZ00000000000015000"><v>1</v></c>',
        f"<c\nr = '{FAR}'/>",
        f'<x:c r="{FAR}"><v>1</v></x:c>',
        f'<x-y.z:c r="{FAR}"><v>1</v></x-y.z:c>',
        f'<:c r="{FAR}"><v>1</v></:c>',
        f'</row><row r="015000">{"<c/>" * 900}',
        f'</row><row r="15000">{"<c/>" * 900}',
        f'</row><row r="A15000">{"<c/>" * 900}',
        f'<c r="15000">{"<c/>" * 900}',
        f"</row>{'<row/>' * 15000}<row>{'<c/>' * 900}",
    ],
)
@pytest.mark.parametrize("whole", [FIRST, "<row><c><v>1</v></c></row>"], ids=["placed", "in order"])
def test_however_a_far_cell_is_written_the_sheet_is_refused(desk: Desk, cell: str, whole: str) -> None:
    code = refused(desk, sheet(f'{whole}<row r="2">{cell}</row>'))
    assert code in ("sheet-too-large", "workbook-unreadable")


def test_a_far_cell_is_seen_in_whatever_part_the_workbook_calls_its_sheet(desk: Desk) -> None:
    found = parts(sheet(f'{FIRST}<row r="2"><c r="{FAR}"><v>1</v></c></row>'))
    rels = "xl/_rels/workbook.xml.rels"
    found[rels] = found[rels].replace(b"worksheets/sheet1.xml", b"media/picture.png")
    found["xl/media/picture.png"] = found.pop(SHEET)
    assert refused(desk, archive(found)) == "sheet-too-large"
    found["xl/media/picture.png"] = b" " * (1 << 20) + found["xl/media/picture.png"]
    assert refused(desk, archive(found)) == "sheet-too-large"


def test_a_picture_beside_the_sheet_is_no_sheet(desk: Desk) -> None:
    found = parts(workbook(ROWS)) | {"xl/media/blank.bmp": b"<c r=" * 500_000}
    assert figures(desk.run(desk.file("book.xlsx", archive(found))).files[0]) == (2, 0, 0, 0)


def test_cells_and_rows_that_do_not_say_where_they_are_come_in_order(desk: Desk) -> None:
    text = '<c t="inlineStr"><is><t>{}</t></is></c>'
    bare = "".join(f"<row>{''.join(text.format(each) for each in row)}</row>" for row in (
        HEADINGS, ("A1", "Acme", "100", "2027-01-31"), ("A2", "Bolt", "200", "2027-02-28"),
    ))  # fmt: skip
    assert figures(desk.run(desk.file("bare.xlsx", sheet(bare))).files[0]) == (2, 0, 0, 0)
    assert desk.rows("SELECT id, arr_minor, source_line FROM contract ORDER BY no") == [
        ("A1", 10_000, 2),
        ("A2", 20_000, 3),
    ]
    mixed = bare.replace("<row>", '<row r="1">', 1)
    assert figures(desk.run(desk.file("mixed.xlsx", sheet(mixed))).files[0]) == (0, 0, 2, 0)


def test_a_sheet_may_begin_further_down_and_lines_are_still_its_row_numbers(desk: Desk) -> None:
    rows = "".join(
        f'<row r="{at}">{cells(at, *row)}</row>'
        for at, row in (
            (7, HEADINGS),
            (9, ("A1", "Acme", "100", "2027-01-31")),
            (10, ("A2", "Bolt", "x", "")),
        )
    )
    report = desk.run(desk.file("book.xlsx", sheet(rows))).files[0]
    assert desk.rows("SELECT id, source_line FROM account ORDER BY no")[0] == ("A1", 9)
    assert [(each.line, each.code) for each in report.problems] == [(10, "amount-unreadable")]


def test_a_long_sheet_is_read_to_its_end(desk: Desk) -> None:
    rows = [list(HEADINGS), *([f"A{at}", f"Name {at}", at, "2027-01-31"] for at in range(130))]
    assert figures(desk.run(desk.file("book.xlsx", workbook(rows))).files[0]) == (130, 0, 0, 0)


def test_of_several_sheets_one_must_be_named_and_a_hidden_one_does_not_count(desk: Desk) -> None:
    found = parts(workbook(ROWS))
    book, rels = found["xl/workbook.xml"].decode(), found["xl/_rels/workbook.xml.rels"].decode()
    one = book[book.index("<sheet ") : book.index("/>", book.index("<sheet ")) + 2]
    other = one.replace('name="Accounts"', 'name="Notes"{}')
    for state in ("", ' state="hidden"'):
        found["xl/workbook.xml"] = book.replace(one, one + other.format(state)).encode()
        file = desk.file(f"book{len(state)}.xlsx", archive(found))
        if state:
            assert figures(desk.run(file).files[0]) == (0, 0, 2, 0)
            continue
        with pytest.raises(UsageError) as caught:
            desk.run(file)
        assert (caught.value.code, "Accounts, Notes" in caught.value.message) == ("which-sheet", True)
        assert figures(desk.run(file, sheet="Notes").files[0]) == (2, 0, 0, 0)
    found["xl/workbook.xml"] = book.replace(one, "").encode()
    found["xl/_rels/workbook.xml.rels"] = rels.encode()
    with pytest.raises(InputRefused) as none:
        desk.run(desk.file("none.xlsx", archive(found)))
    assert none.value.code == "no-sheet"


def test_a_sheet_that_says_it_is_smaller_than_it_is_stays_packed(desk: Desk) -> None:
    head = f'<worksheet xmlns="{MAIN}"><sheetData>{FIRST}'.encode()
    rest = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (at, at) for at in range(2, 60_000))
    data = bytearray(with_sheet((head + rest + b"</sheetData></worksheet>").decode()))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as made:
        begins = made.getinfo(SHEET).header_offset
    listed = data.rfind(SHEET.encode()) - 46
    for at in (begins + 14, listed + 16):  # the checksum and size of the beginning, in both headers
        struct.pack_into("<I", data, at, zlib.crc32(head))
        struct.pack_into("<I", data, at + 8, len(head))
    assert refused(desk, bytes(data)) == "workbook-unreadable"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
        ("xl/workbook.xml", b"</workbook>", b"</book>"),
        (SHEET, b"</sheetData>", b'<row r="9"><c r="A9" t="inlineStr"><is><t>x</c></row></sheetData>'),
        (SHEET, b"<sheetData>", b'<sheetData a="' + b"x" * 2_200_000 + b'">'),
    ],
    ids=["a tag within a tag", "ended by another tag", "a cell within its text", "a tag of megabytes"],
)
def test_a_part_that_is_no_sound_xml_is_refused(desk: Desk, name: str, old: bytes, new: bytes) -> None:
    assert refused(desk, changed(name, old, new)) in ("workbook-unreadable", "no-sheet")


def test_limits_of_size_of_a_cell_and_of_a_workbook_are_held(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer_xlsx, "MAX_CELL", 12)
    assert refused(desk, workbook([*ROWS, ["A3", "A name that goes on", 1, None, None]])) == "cell-too-long"
    monkeypatch.setattr(importer_xlsx, "_MAX_PACKED", 100)
    assert refused(desk, workbook(ROWS)) == "file-too-large"
