import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from renewctl.errors import InputRefused, UsageError
from renewctl.store.workbook import workbook_blocks
from tests.store.importing import Desk, figures

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def desk(tmp_path: Path, engine: str) -> Desk:
    return Desk(tmp_path)


def workbook(rows: list[list[Any]]) -> bytes:
    return b"".join(workbook_blocks("Accounts", rows))


def with_sheet(xml: str) -> bytes:
    """A workbook whose only sheet is this XML."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["id"]]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, xml if part == SHEET else old.read(part))
    return out.getvalue()


ROWS = [
    ["id", "name", "arr", "renewal_date", "nps"],
    ["A1", "Acme", Decimal("12345.50"), date(2027, 3, 4), 5],
    ["A2", "Bolt", 1000, date(2027, 4, 5), None],
]


def test_dates_arrive_as_dates_and_numbers_as_numbers(desk: Desk) -> None:
    file = desk.file("book.xlsx", workbook(ROWS))
    assert figures(desk.run(file).files[0]) == (2, 0, 0, 0)
    assert desk.rows("SELECT id, arr_minor, renewal_on, source_line FROM contract ORDER BY no") == [
        ("A1", 1_234_550, "2027-03-04", 2),
        ("A2", 100_000, "2027-04-05", 3),
    ]
    assert figures(desk.run(file).files[0]) == (0, 0, 2, 0)


def test_rows_above_the_heading_are_counted_as_lines(desk: Desk) -> None:
    wide = [["An export", None, None, None, None], [None] * 5, *ROWS]
    report = desk.run(desk.file("book.xlsx", workbook(wide))).files[0]
    assert report.skipped_lines == [1, 2]
    assert desk.rows("SELECT source_line FROM account ORDER BY no") == [(4,), (5,)]


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(UsageError, match="Nowhere") as caught:
        desk.run(desk.file("book.xlsx", workbook(ROWS)), sheet="Nowhere")
    assert "Accounts" in caught.value.hint
    assert figures(desk.run(desk.file("book.xlsx", workbook(ROWS)), sheet="Accounts").files[0])[0] == 2


def test_a_cell_far_out_is_refused_before_the_sheet_is_laid_out(desk: Desk) -> None:
    for ref in ("XFD1", "ZZ900000"):
        xml = (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            '<row r="1"><c r="A1"><v>1</v></c></row>'
            f'<row><c r="{ref}"><v>1</v></c></row></sheetData></worksheet>'
        )
        with pytest.raises(InputRefused) as caught:
            desk.run(desk.file("far.xlsx", with_sheet(xml)))
        assert caught.value.code in ("too-many-columns", "sheet-too-large")


def test_a_sheet_that_unpacks_into_far_more_than_it_seems_is_refused(desk: Desk) -> None:
    with pytest.raises(InputRefused) as caught:
        desk.run(desk.file("bomb.xlsx", with_sheet("<worksheet>" + " " * 30_000_000 + "</worksheet>")))
    assert caught.value.code == "archive-too-large"


@pytest.mark.parametrize("cut", [60, 400])
def test_a_damaged_workbook_is_refused_in_one_line(desk: Desk, cut: int) -> None:
    with pytest.raises(InputRefused):
        desk.run(desk.file("cut.xlsx", workbook(ROWS)[:-cut]))
    assert not desk.path.exists()


def test_another_archive_is_no_workbook(desk: Desk) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputRefused) as caught:
        desk.run(desk.file("some.zip", out.getvalue()))
    assert caught.value.code == "not-a-workbook"
