"""Bytes become rows, and rows that are no records are told from those that are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.intake_dialect import (
    DELIMITERS,
    detect_encoding,
    encoding_by_mark,
    refuse_head,
    sniff_delimiter,
)
from renewctl.core.intake_headings import match_headings
from renewctl.core.intake_rows import all_records, find_heading, is_skippable, skippable_rows

HEADING = ["id", "name", "arr", "renewal_date", "csm"]
MAPPING = match_headings(HEADING)
TABLE = "id;name;arr\r\nA1;Ação São João Ltda;1200\r\nA2;Beta, Inc;5\r\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found_with_and_without_its_mark(encoding: str, expected: str) -> None:
    data = TABLE.encode(encoding)
    found = detect_encoding(data[:4096], [data])
    assert found == expected
    assert data.decode(found) == TABLE
    assert refuse_head(data) is None


def test_one_stray_byte_late_in_a_file_makes_it_no_utf8() -> None:
    data = b"id,name\n" * 10_000 + b"A1,Cr\xe9dito\n"
    assert detect_encoding(data[:4096], [data[:50_000], data[50_000:]]) == "cp1252"


def test_a_byte_that_cp1252_does_not_know_still_gives_a_readable_file() -> None:
    data = b"id,name\nA1,\xe9\x81\n"
    data.decode(detect_encoding(data, [data]))


@given(st.text(max_size=200), st.integers(1, 7))
def test_utf8_is_recognised_however_it_is_cut(text: str, size: int) -> None:
    data = text.encode()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    assert detect_encoding(b"", pieces) == "utf-8"


def test_a_character_cut_off_at_the_end_is_no_utf8() -> None:
    assert detect_encoding(b"", ["ação".encode()[:-2]]) != "utf-8"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty-file"),
        (b"PK\x03\x04\x14\x00", "binary-file"),
        (b"%PDF-1.7", "binary-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "binary-file"),
        (b"SQLite format 3\x00", "binary-file"),
        (b"id,name\nA\x00\x01\x02\x03,B", "binary-file"),
        (b"<html><table>", "not-a-table"),
        (b'{"accounts": []}', "not-a-table"),
    ],
)
def test_a_file_that_is_no_table_of_text_is_refused_by_name(data: bytes, code: str) -> None:
    refusal = refuse_head(data)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.hint


def test_nuls_in_one_half_of_the_pairs_are_utf16_and_elsewhere_are_not() -> None:
    assert encoding_by_mark("id,name".encode("utf-16-be")) == "utf-16-be"
    assert encoding_by_mark(b"\0\1\0\0\7\7") is None


@given(
    st.sampled_from(DELIMITERS),
    st.lists(
        st.lists(st.text(st.characters(codec="ascii"), max_size=12), min_size=3, max_size=3), max_size=8
    ),
)
def test_the_delimiter_is_found_whatever_quoted_cells_hold(delimiter: str, rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([["id", "name", "renewal date"], *rows])
    assert sniff_delimiter(out.getvalue().splitlines(keepends=True)) == delimiter


def test_decimal_commas_do_not_pass_for_delimiters() -> None:
    lines = ["Cliente;Valor mensal\n", *["Acme;1.234,50\n"] * 9]
    assert sniff_delimiter(lines) == ";"


def test_a_sep_line_decides_and_a_single_column_needs_none() -> None:
    assert sniff_delimiter(["sep=|\n", "a|b,c\n"]) == "|"
    assert sniff_delimiter(["name\n", "Acme\n"]) == ","


@pytest.mark.parametrize(
    ("rows", "at"),
    [
        ([["id", "name", "arr"], ["A1", "Acme", "5"]], 0),
        (
            [["Report of accounts"], [], ["As of", "2026-11-01"], ["id", "name", "arr"], ["A1", "Acme", "5"]],
            3,
        ),
        ([["sep=;"], ["Cliente", "Vencimento"], ["Acme", "31/12/2026"]], 1),
        ([["\ufeffRenewal_Date__c", "Name"], ["2026-01-01", "A"]], 0),
        ([["NAME", "TYPE", "PHONE"], ["account", "Account", "415-555-0000"]], 0),
        ([["A1", "Acme", "5000"], ["A2", "Beta", "700"]], -1),
        ([["Acme", "client", "2026-01-01"]], -1),
        ([["foo", "bar"], ["1", "2"]], -1),
        ([], -1),
    ],
)
def test_the_heading_is_found_below_a_preamble_and_never_made_of_data(rows: list[list[str]], at: int) -> None:
    assert find_heading(rows) == at


def test_pinned_headings_make_a_heading_row() -> None:
    assert find_heading([["Titel"], ["Kunde", "Wert"], ["A", "5"]], {"name": "kunde", "arr": "WERT"}) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([], "blank"),
        (["", " ", "\u3000", "\ufeff", ""], "blank"),
        (["id", "name", "arr", "renewal_date", "csm"], "repeated heading"),
        (["ID ", "Name", "ARR", "Renewal Date", "CSM", ""], "repeated heading"),
        (["Total", "", "1.234.567,00", "", ""], "totals"),
        (["", "TOTAL:", "R$ 5.000,00", "", ""], "totals"),
        (["Grand Total", "", "5", "", ""], "totals"),
        (["Subtotal", "", "5", "", ""], "totals"),
        (["Total geral", "", "5", "", ""], "totals"),
        (["Soma", "", "5", "", ""], "totals"),
        (["Total (128 records)", "", "", "", ""], "totals"),
        (["Totals"], "totals"),
        (["Confidential Information - Do Not Distribute"], "footer"),
        (["Copyright (c) 2026 Example Inc. All rights reserved."], "footer"),
        (["Confidencial: uso interno", "", "", "", ""], "footer"),
        (["Gerado em 21/11/2026", "", "", "", ""], "footer"),
        (["----------"], "footer"),
        (["account_id", "date", "nps"], "second table"),
        (["A1", "Acme", "5", "2026-01-01", "Ana"], None),
        (["A2", "Total Energies", "", "", ""], None),
        (["", "Total Energies", "5000", "", ""], None),
        (["Total Energies"], None),
        (["A3", "Total", "5000", "2026-01-01", "Ana"], None),
        (["A3", "Total", "5000", "", ""], None),
        (["", "Soma", "5000", "2026-01-01", ""], None),
        (["", "Soma", "5000", "", "Ana"], None),
        (["A4", "", "", "", ""], None),
        (["", "Confidential Records Inc", "900", "2026-01-01", ""], None),
        (["", "NA", "", "", ""], None),
        (["", "Customer", "900", "2026-01-01", ""], None),
    ],
)
def test_rows_that_are_no_records_are_named_and_customers_with_odd_names_stay(
    row: list[str], reason: str | None
) -> None:
    assert is_skippable(row, HEADING, MAPPING) == reason
    assert skippable_rows([row], HEADING, MAPPING) == ({0: reason} if reason else {})


@given(
    st.lists(st.lists(st.sampled_from(["", "Total", "5", "2026-01-01", "Acme", "id", "name"]), max_size=6))
)
def test_the_quick_look_at_a_batch_misses_no_row_without_a_date(rows: list[list[str]]) -> None:
    slow = {at: reason for at, row in enumerate(rows) if (reason := is_skippable(row, HEADING, MAPPING))}
    assert skippable_rows(rows, HEADING, MAPPING) == {
        at: reason for at, reason in slow.items() if len(rows[at]) <= 3 or not rows[at][3][:1].isdigit()
    }


def test_a_file_that_is_no_utf8_is_still_looked_at_to_its_end() -> None:
    assert detect_encoding(b"", [b"cr\xe9dito", b"\xe7"]) == "cp1252"
    assert detect_encoding(b"", [b"cr\xe9dito", b"\x81"]) == "latin-1"  # cp1252 has no such letter


def test_a_delimiter_under_which_the_lines_cannot_be_read_is_not_the_one() -> None:
    line = 'x;"a\rb";c\n'  # under a comma the line break stands outside quotes
    with pytest.raises(csv.Error):
        list(csv.reader([line]))
    assert sniff_delimiter([line, line]) == ";"


@pytest.mark.parametrize(
    ("row", "at"),
    [
        (["name", "arr", ""], 0),
        (["name", "arr", "x" * 501], -1),
        (["name", "email", "jo@acme.example"], -1),
        (["name", "arr", "https://acme.example"], -1),
    ],
)
def test_a_row_that_holds_an_address_a_link_or_an_essay_is_no_heading(row: list[str], at: int) -> None:
    assert find_heading([row]) == at


def test_blank_columns_beside_the_heading_do_not_hide_that_it_is_repeated() -> None:
    heading = [*HEADING, "", " "]
    assert is_skippable(HEADING, heading, MAPPING) == "repeated heading"
    assert is_skippable([*HEADING[:-1], "owner"], heading, MAPPING) != "repeated heading"


CELLS = st.sampled_from(["", "Total", "5", "2026-01-01", "Acme", "id", "name", "renewal_date", "01/02/2026"])


@given(st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=5))
def test_a_batch_taken_at_a_glance_holds_nothing_to_skip(rows: list[list[str]]) -> None:
    columns = [[row[at] for row in rows] for at in range(5)]
    dated = bool(rows) and all(row[3][:1].isdigit() for row in rows)
    assert all_records(columns, MAPPING) is dated
    if dated:
        assert skippable_rows(rows, HEADING, MAPPING) == {}


def test_without_a_date_column_every_row_is_looked_at() -> None:
    mapping = match_headings(HEADING[:3])
    rows = [["A1", "Acme", "5"], ["Total", "", "5"], ["", "", ""]]
    assert not all_records([["A1"], ["Acme"], ["5"]], mapping)
    assert skippable_rows(rows, HEADING[:3], mapping) == {1: "totals", 2: "blank"}
