"""Dates of a column: one order settled from all cells, or refused."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.intake import BAD, Options
from renewctl.core.intake_cells import Column, Evidence, IsoDates, Settled, explain, parser
from renewctl.core.intake_dates import day_order, read_date
from renewctl.core.intake_headings import match_headings

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
WRITTEN = {
    "dmy": lambda day, sep: f"{day.day:02}{sep}{day.month:02}{sep}{day.year}",
    "mdy": lambda day, sep: f"{day.month:02}{sep}{day.day:02}{sep}{day.year}",
    "ymd": lambda day, sep: f"{day.year}{sep}{day.month:02}{sep}{day.day:02}",
}


def settle(table: dict[str, list[str]], **options: Any) -> Settled:
    mapping = match_headings(list(table), "accounts")
    evidence = Evidence(mapping, Options(**options))
    evidence.feed(list(table.values()))
    return evidence.settle()


def column(cells: list[str], **options: Any) -> Column:
    settled = settle({"Renewal Date": cells}, **options)
    assert not settled.refusals, settled.refusals
    return settled.columns["renewal_date"]


def read(cells: list[str], **options: Any) -> list[Any]:
    return parser(column(cells, **options))(cells)


@given(st.lists(DAYS, max_size=20), st.dates(date(2026, 1, 13), date(2026, 1, 31)), st.sampled_from("/-."))
def test_a_day_over_twelve_settles_the_order_of_its_whole_column(
    days: list[date], witness: date, sep: str
) -> None:
    for order in ("dmy", "mdy", "ymd"):
        cells = [WRITTEN[order](day, sep) for day in [*days, witness]]
        assert read(cells) == [day.isoformat() for day in [*days, witness]]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1), st.sampled_from("/-."))
def test_without_a_day_over_twelve_the_order_is_refused_and_never_guessed(
    pairs: list[tuple[int, int]], sep: str
) -> None:
    cells = [f"{first:02}{sep}{second:02}{sep}2026" for first, second in pairs]
    settled = settle({"Renewal Date": cells})
    if all(first == second for first, second in pairs):
        assert not settled.refusals  # the same day either way
    else:
        (refusal,) = settled.refusals
        assert refusal.code == "ambiguous-dates"
        assert "--date-order" in refusal.hint


def test_the_option_settles_the_order() -> None:
    assert read(["03/04/2026"], date_order="dmy") == ["2026-04-03"]
    assert read(["03/04/2026"], date_order="mdy") == ["2026-03-04"]


def test_another_date_column_of_the_file_settles_the_order() -> None:
    settled = settle({"Renewal Date": ["03/04/2026"], "Start Date": ["25/04/2025"]})
    assert settled.columns["renewal_date"].order == "dmy"
    assert settled.date_order == "dmy"


def test_date_columns_that_disagree_settle_nothing_for_a_third() -> None:
    settled = settle(
        {"Renewal Date": ["03/04/2026"], "Start Date": ["25/04/2025"], "Last contact": ["04/25/2025"]}
    )
    assert [each.code for each in settled.refusals] == ["ambiguous-dates"]


def test_a_clearly_brazilian_file_puts_the_day_first() -> None:
    table = {"Cliente": ["A"], "Vencimento": ["03/04/2026"], "Valor anual": ["R$ 1.234,50"]}
    assert settle(table).columns["renewal_date"].order == "dmy"


@pytest.mark.parametrize("amount", ["$1,234.50", "1234", "EUR 5"])
def test_a_dollar_or_plain_file_does_not_put_the_month_first(amount: str) -> None:
    settled = settle({"Name": ["A"], "Renewal Date": ["03/04/2026"], "ARR": [amount]})
    assert [each.code for each in settled.refusals] == ["ambiguous-dates"]


def test_the_preset_of_a_brazilian_sheet_settles_order_mark_and_currency() -> None:
    table = {"Cliente": ["A"], "Vencimento": ["03/04/2026"], "Valor anual": ["1.234"]}
    settled = settle(table, preset="planilha-br")
    assert not settled.refusals
    renewal, arr = settled.columns["renewal_date"], settled.columns["arr"]
    assert (renewal.order, arr.decimal, arr.base) == ("dmy", ",", "BRL")


def test_two_orders_in_one_column_are_read_where_every_cell_is_certain_and_refused_where_one_is_not() -> None:
    assert read(["12/31/2026", "31/12/2026"]) == ["2026-12-31", "2026-12-31"]
    settled = settle({"Renewal Date": ["12/31/2026", "31/12/2026", "01/02/2026"]})
    assert [each.code for each in settled.refusals] == ["ambiguous-dates"]


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2024-10-22 16:08", "2024-10-22"),
        ("2023-07-28 3:00", "2023-07-28"),
        ("2024-10-22T16:08:00.000Z", "2024-10-22"),
        ("2024-10-22T23:08:00.000+0000", "2024-10-22"),
        ("20261231", "2026-12-31"),
        ("2026/1/5", "2026-01-05"),
        ("31/12/2026", "2026-12-31"),
        ("12/31/2026", "2026-12-31"),
        ("31-12-2026", "2026-12-31"),
        ("31.12.2026", "2026-12-31"),
        ("31/12/2026 14:30:00", "2026-12-31"),
        ("12/31/2026 2:30 PM", "2026-12-31"),
        ("31.12.26", "2026-12-31"),
        ("31-May-2026", "2026-05-31"),
        ("31 mai 2026", "2026-05-31"),
        ("31 de março de 2026", "2026-03-31"),
        ("1º de dezembro de 2026", "2026-12-01"),
        ("May 31, 2026", "2026-05-31"),
        ("Sept 1st 2026", "2026-09-01"),
        ("31DEC2026", "2026-12-31"),
        ("Sun, 31 May 2026", "2026-05-31"),
        ("\u30002026-03-01\u00a0", "2026-03-01"),
        ("29/02/2028", "2028-02-29"),
    ],
)
def test_dates_seen_in_exports_are_read(cell: str, iso: str) -> None:
    assert read([cell]) == [iso]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("30/02/2026", "date-impossible"),
        ("29/02/2026", "date-impossible"),
        ("2026-13-01", "date-impossible"),
        ("0000-00-00", "date-impossible"),
        ("9999-12-31", "date-impossible"),
        ("45/45/2026", "date-impossible"),
        ("44/45/2026", "date-impossible"),
        ("46022", "date-unreadable"),
        ("May 2026", "date-unreadable"),
        ("12/2026", "date-unreadable"),
        ("Q3 2026", "date-unreadable"),
        ("31 foo 2026", "date-unreadable"),
        ("01/01/2026 a 31/12/2026", "date-unreadable"),
        ("2026-01-01" + "0" * 60, "date-unreadable"),
    ],
)
def test_what_is_no_date_rejects_the_row_with_its_reason(cell: str, code: str) -> None:
    each = column([cell])
    assert parser(each)([cell]) == [BAD]
    found = explain(each, cell)
    assert found is not None
    assert (found.code, found.rejects) == (code, True)


def test_a_date_to_come_is_named_and_the_row_kept() -> None:
    each = column(["TBD"])
    found = explain(each, "TBD")
    assert found is not None
    assert (found.code, found.rejects) == ("date-unknown", False)


@pytest.mark.parametrize("cell", ["", "  ", "N/A", "null", "-"])
def test_a_blank_date_is_unknown(cell: str) -> None:
    assert read([cell]) == [None]


def test_formats_of_one_column_may_differ_as_long_as_each_is_certain() -> None:
    cells = ["2026-03-01", "31-May-2026", "31/12/2026", "01/02/2027"]
    assert read(cells) == ["2026-03-01", "2026-05-31", "2026-12-31", "2027-02-01"]


def test_two_digit_years_are_of_this_century_and_stand_last_unless_told_otherwise() -> None:
    assert read(["31/12/99"]) == ["2099-12-31"]
    assert read(["26-03-31"], date_order="ymd") == ["2026-03-31"]


@given(DAYS)
def test_iso_text_becomes_its_date(day: date) -> None:
    assert list(map(IsoDates().__getitem__, [day.isoformat(), None])) == [day, None]


@given(st.integers(1, 31), st.integers(1, 31), st.sampled_from("/-."))
def test_under_no_order_a_date_is_read_only_when_every_order_gives_the_same(
    first: int, second: int, sep: str
) -> None:
    cell = f"{first:02}{sep}{second:02}{sep}2027"
    readings = {read_date(cell, order)[0] for order in ("dmy", "mdy")} - {None}
    found, wrong = read_date(cell, "each")
    if len(readings) == 1:
        assert ({found}, wrong) == (readings, "")
    else:
        assert (found, wrong) == (None, "date-unreadable" if readings else "date-impossible")


def test_a_two_digit_year_over_31_puts_the_year_first_in_its_whole_column() -> None:
    assert read(["85/01/15", "03/04/26"]) == ["2085-01-15", "2003-04-26"]


def test_a_certain_two_digit_year_is_read_first_also_beside_cells_that_put_it_last() -> None:
    assert read(["85/01/15", "26/03/04"]) == ["2085-01-15", "2004-03-26"]


def test_a_long_cell_is_no_date_of_any_order() -> None:
    assert day_order("03/04/2026" + " 10:00:00" * 9) is None


def test_more_different_dates_than_are_remembered_are_read_and_memory_stays_bounded() -> None:
    days = [date.fromordinal(date(1970, 1, 1).toordinal() + at) for at in range(17_000)]
    dates = IsoDates()
    assert [dates[day.isoformat()] for day in days] == days
    assert dates[None] is None
    assert len(dates) < len(days)
