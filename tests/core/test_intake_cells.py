"""Amounts, numbers and words of a column: settled from all cells, exact, and never guessed."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.intake import BAD, CellProblem, Options
from renewctl.core.intake_cells import Column, Evidence, Settled, amount_parser, explain, parser, sheet_text
from renewctl.core.intake_headings import match_headings


def settle(heading: str, cells: list[str], *more: tuple[str, list[str]], **options: Any) -> Settled:
    """One accounts file with an id column, this column, and perhaps more."""
    mapping = match_headings(["id", heading, *(name for name, _ in more)], "accounts")
    evidence = Evidence(mapping, Options(**options))
    evidence.feed([["x"] * len(cells), cells, *(other for _, other in more)])
    return evidence.settle()


def column(heading: str, cells: list[str], **options: Any) -> Column:
    settled = settle(heading, cells, **options)
    assert not settled.refusals, settled.refusals
    return next(each for name, each in settled.columns.items() if name != "id")


def amounts(heading: str, cells: list[str], rows: list[Any] | None = None, **options: Any) -> list[Any]:
    minors, codes = amount_parser(column(heading, cells, **options))(cells, rows)
    return list(zip(minors, codes, strict=True))


def values(heading: str, cells: list[str], **options: Any) -> list[Any]:
    return parser(column(heading, cells, **options))(cells)


def problem(heading: str, cell: str, *others: str, row: str | None = None, **options: Any) -> CellProblem:
    found = explain(column(heading, [cell, *others], **options), cell, row)
    assert found is not None
    return found


def grouped(whole: int, mark: str) -> str:
    return f"{whole:,}".replace(",", mark)


STYLES = {
    "R$ 1.234,50": lambda minor: f"R$ {grouped(minor // 100, '.')},{minor % 100:02}",
    "R$    1.234,50": lambda minor: f"R$    {grouped(minor // 100, '.')},{minor % 100:02}",
    "1.234,50": lambda minor: f"{grouped(minor // 100, '.')},{minor % 100:02}",
    "1234,50": lambda minor: f"{minor // 100},{minor % 100:02}",
    "$1,234.50": lambda minor: f"${grouped(minor // 100, ',')}.{minor % 100:02}",
    "1,234.50": lambda minor: f"{grouped(minor // 100, ',')}.{minor % 100:02}",
    "1234.50": lambda minor: f"{minor // 100}.{minor % 100:02}",
    "USD 1,234.50": lambda minor: f"USD {grouped(minor // 100, ',')}.{minor % 100:02}",
    "1 234,50 €": lambda minor: f"{grouped(minor // 100, chr(0xA0))},{minor % 100:02} €",
    "1'234.50": lambda minor: f"{grouped(minor // 100, chr(39))}.{minor % 100:02}",
    "1.2345E3": lambda minor: f"{minor // 100}.{minor % 100:02}E0",
}


@given(st.lists(st.integers(0, 9_000_000_000_000), min_size=1, max_size=20), st.sampled_from(list(STYLES)))
def test_an_amount_written_in_any_local_style_is_read_back_to_the_cent(minors: list[int], style: str) -> None:
    cells = [STYLES[style](minor) for minor in minors]
    assert [minor for minor, _ in amounts("ARR", cells)] == minors


@given(st.lists(st.integers(0, 90_000_000_000), min_size=1, max_size=20), st.sampled_from(list(STYLES)))
def test_a_monthly_amount_becomes_exactly_twelve_times_itself(minors: list[int], style: str) -> None:
    cells = [STYLES[style](minor) for minor in minors]
    assert [minor for minor, _ in amounts("MRR", cells)] == [minor * 12 for minor in minors]


@given(
    st.lists(st.integers(1_000, 999_999), min_size=1, max_size=10),
    st.sampled_from(".,"),
    st.sampled_from(["ARR", "MRR", "expansion_arr", "usage_trend"]),
)
def test_one_mark_before_three_digits_is_refused_and_never_guessed(
    whole: list[int], mark: str, heading: str
) -> None:
    cells = [grouped(each, mark) for each in whole]
    (refusal,) = settle(heading, cells).refusals
    assert refusal.code == "ambiguous-decimal"
    assert "--decimal" in refusal.hint


@given(st.lists(st.integers(1_000, 999_999), min_size=1, max_size=10), st.sampled_from(".,"))
def test_the_decimal_option_settles_what_was_ambiguous(whole: list[int], mark: str) -> None:
    cells = [grouped(each, mark) for each in whole]
    other = "," if mark == "." else "."
    assert [minor for minor, _ in amounts("ARR", cells, decimal=other)] == [each * 100 for each in whole]


@pytest.mark.parametrize("witness", ["61.233,20", "1.234.567", "12,5", "R$ 9,00"])
def test_another_cell_of_the_column_settles_the_decimal_mark(witness: str) -> None:
    assert amounts("ARR", ["1.234", witness])[0][0] == 123_400


def test_a_cell_of_the_other_mark_settles_the_other_reading() -> None:
    assert amounts("ARR", ["1,234", "12.5"])[0][0] == 123_400


def test_another_column_may_confirm_a_thousands_mark_but_not_three_decimals_of_money() -> None:
    confirmed = settle("ARR", ["1,234", "2,000"], ("csat", ["4.5", "3.0"]))
    assert confirmed.columns["arr"].decimal == "."
    assert not confirmed.refusals
    doubtful = settle("ARR", ["1.234", "2.000"], ("csat", ["4.5", "3.0"]))
    assert [each.code for each in doubtful.refusals] == ["ambiguous-decimal"]


def test_money_with_a_sign_is_not_written_with_three_decimals() -> None:
    assert amounts("ARR", ["$21,000", "$5,500"]) == [(2_100_000, "USD"), (550_000, "USD")]
    assert amounts("ARR", ["R$ 1.234"]) == [(123_400, "BRL")]


def test_plain_integers_settle_nothing_and_need_nothing() -> None:
    assert amounts("ARR", ["120000", "", "0"]) == [(12_000_000, "USD"), (None, None), (0, "USD")]


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("R$    11.340.000,66", 1_134_000_066),
        ("61.233,20", 6_123_320),
        ("$21,000", 2_100_000),
        ("58.8k", 5_880_000),
        ("1.2M", 120_000_000),
        ("8.48E10", 8_480_000_000_000),
        ("6.0E7", 6_000_000_000),
        ("1\u00a0234,56", 123_456),
        ("12,34,567.89", 123_456_789),
        ("1'234.50", 123_450),
        ("58,8 mil", 5_880_000),
        ("\u3000500 ", 50_000),
        ("100EUR", 10_000),
        ("0.005", 0),
        ("0.015", 2),
        ("2.675E0", 268),
    ],
)
def test_amounts_seen_in_exports_are_read(cell: str, minor: int) -> None:
    assert amounts("ARR", [cell])[0][0] == minor


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("R$ #.###.###,##", "amount-unreadable"),
        ("about 5000", "amount-unreadable"),
        ("1.2.3,4", "amount-unreadable"),
        ("1,23,4", "amount-unreadable"),
        ("50%", "amount-unreadable"),
        ("#REF!", "amount-unreadable"),
        ("=1+1", "amount-unreadable"),
        ("(1,234.50)", "amount-negative"),
        ("-5", "amount-negative"),
        ("5-", "amount-negative"),
        ("1e100000000", "amount-too-large"),
        ("9" * 59, "amount-too-large"),
        ("9" * 5000, "amount-unreadable"),
        ("XYZ 100", "currency-unknown"),
        ("¥ 100", "currency-unknown"),
    ],
)
def test_an_amount_that_cannot_be_taken_rejects_the_row_with_its_reason(cell: str, code: str) -> None:
    assert amounts("ARR", [cell]) == [(BAD, None)]
    found = problem("ARR", cell)
    assert (found.code, found.rejects) == (code, True)


def test_a_bad_amount_that_is_no_recurring_revenue_is_dropped_and_the_row_kept() -> None:
    assert problem("expansion_arr", "lots").rejects is False


@pytest.mark.parametrize("cell", ["", " ", "\u3000", "N/A", "null", "-", "—", "NA"])
def test_a_blank_amount_is_unknown_and_never_zero(cell: str) -> None:
    assert amounts("ARR", [cell]) == [(None, None)]


@pytest.mark.parametrize("cell", ["TBD", "a definir", "R$ -"])
def test_an_amount_to_come_is_named_and_the_row_kept(cell: str) -> None:
    assert amounts("ARR", [cell]) == [(BAD, None)]
    found = problem("ARR", cell)
    assert (found.code, found.rejects) == ("amount-unknown", False)


def test_the_currency_comes_from_cell_then_row_then_heading_then_file_then_policy() -> None:
    assert amounts("ARR", ["€ 5"], currency=None)[0] == (500, "EUR")
    assert amounts("ARR", ["5"], ["GBP"])[0] == (500, "GBP")
    assert amounts("ARR (EUR)", ["5"])[0] == (500, "EUR")
    assert amounts("ARR", ["5"], currency="CAD")[0] == (500, "CAD")
    assert amounts("ARR", ["5"], base_currency="BRL")[0] == (500, "BRL")
    assert amounts("ARR", ["$5"], ["CAD"])[0] == (500, "CAD")
    assert amounts("ARR ($)", ["5"], ["MXN"])[0] == (500, "MXN")


@pytest.mark.parametrize(
    ("heading", "cell", "row", "default"),
    [
        ("ARR", "$5", "EUR", None),
        ("ARR", "R$ 5", "USD", None),
        ("ARR", "R$ 5", None, "USD"),
        ("ARR (EUR)", "$5", None, None),
        ("ARR (EUR)", "5", "USD", None),
    ],
)
def test_a_sign_that_contradicts_row_heading_or_file_is_a_problem(
    heading: str, cell: str, row: str | None, default: str | None
) -> None:
    assert amounts(heading, [cell], [row], currency=default) == [(BAD, None)]
    assert problem(heading, cell, row=row, currency=default).code == "currency-conflict"


def test_minor_digits_follow_the_currency() -> None:
    assert amounts("ARR", ["1000", "1000", "1.5"], ["JPY", "USD", "KWD"]) == [
        (1000, "JPY"),
        (100_000, "USD"),
        (1500, "KWD"),
    ]


@given(st.lists(st.sampled_from(["12", "", "7.25", "R$ 3,10", "TBD", "junk", "-1"]), min_size=1), st.data())
def test_reading_in_batches_gives_what_reading_at_once_gives(cells: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(cells)))
    settled = settle("ARR", cells)
    mapping = match_headings(["id", "ARR"], "accounts")
    evidence = Evidence(mapping, Options())
    for part in (cells[:cut], cells[cut:]):
        evidence.feed([["x"] * len(part), part])
    assert evidence.settle() == settled
    parse = amount_parser(settled.columns["arr"])
    whole = parse(cells, None)
    first, second = parse(cells[:cut], None), parse(cells[cut:], None)
    assert (first[0] + second[0], first[1] + second[1]) == whole


@pytest.mark.parametrize(
    "cells", [["0.88", "0.5"], ["88", "50"], ["88%", "50%"], ["0,88", "0,5"], ["88 %", "50"]]
)
def test_a_share_is_the_same_as_fraction_percent_or_with_its_sign(cells: list[str]) -> None:
    assert values("engagement", cells) == [88.0, 50.0]
    assert values("growth_rate", cells) == [0.88, 0.5]


def test_a_column_of_nothing_but_ones_does_not_say_whether_it_is_percent() -> None:
    assert values("engagement", ["0", "1"]) == [0.0, BAD]
    assert problem("engagement", "1", "0").code == "number-ambiguous"


def test_a_number_off_its_scale_is_dropped_and_named() -> None:
    assert values("nps", ["-100", "101", "100"]) == [-100.0, BAD, 100.0]
    found = problem("nps", "101")
    assert (found.code, found.rejects) == ("number-out-of-range", False)
    assert "-100 to 100" in found.message


def test_a_scale_under_a_thousand_settles_its_decimal_mark() -> None:
    assert values("csat", ["4.125"]) == [4.125]


def test_whole_numbers_take_grouping_and_a_bare_point_zero() -> None:
    assert values("seats", ["1,200", "12.0", "", "7"]) == [1200, 12, None, 7]
    assert values("seats", ["12.5"]) == [BAD]
    assert values("term", ["12", "24 months", "1 year", "2 anos"]) == [12, 24, 12, 24]


@pytest.mark.parametrize("cell", ["Yes", "TRUE", "true", "1", "Sim", "SIM", "y", "S", "x"])
def test_yes_in_many_spellings(cell: str) -> None:
    assert values("auto_renew", [cell]) == [1]


@pytest.mark.parametrize("cell", ["No", "FALSE", "0", "Não", "NAO", "n", "nao"])
def test_no_in_many_spellings(cell: str) -> None:
    assert values("auto_renew", [cell]) == [0]


def test_neither_yes_nor_no_is_dropped_and_named() -> None:
    assert values("auto_renew", ["perhaps"]) == [BAD]
    assert problem("auto_renew", "perhaps").code == "bool-unreadable"


def test_na_null_and_true_are_real_names_and_countries_and_blank_elsewhere() -> None:
    words = ["NA", "null", "true", "N/A"]
    assert values("name", words) == words
    assert values("country", ["NA"]) == ["NA"]
    assert values("csm", words) == [None, None, "true", None]


def test_a_row_of_words_is_known_by_its_choices() -> None:
    assert values("segment_override", ["Mid-Market", "SMB", "huge"]) == ["mid_market", "smb", BAD]
    assert "enterprise, mid_market, smb" in problem("segment_override", "huge").message
    assert values("ticket_severity", ["1", "Sev 2", "critical", "none?"]) == [1, 2, 1, BAD]


def test_text_is_cleaned_but_line_breaks_inside_stay() -> None:
    assert values("name", ["\u3000Ac\u00a0me \r\n Ltd\u00a0", "\ufeffB\u200b", "C"]) == [
        "Ac\u00a0me \r\n Ltd",
        "B",
        "C",
    ]


def test_our_export_guard_is_taken_off_exactly_once() -> None:
    cells = ["'=1+1", "''=1+1", "'hello", "'@x", "'-5"]
    assert values("name", cells) == ["=1+1", "''=1+1", "'hello", "@x", "-5"]


def test_a_cell_beyond_the_limit_is_refused_not_cut() -> None:
    assert values("csm", ["x" * 10_000, "x" * 10_001]) == ["x" * 10_000, BAD]
    assert problem("csm", "x" * 10_001).code == "text-too-long"


def test_currencies_are_codes_signs_or_words() -> None:
    assert values("currency", ["usd", "R$", "Reais", "EUR - Euro", "", "doubloon"]) == [
        "USD",
        "BRL",
        "BRL",
        "EUR",
        None,
        BAD,
    ]
    assert problem("currency", "doubloon").rejects is True


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=9e10))
def test_a_typed_number_of_a_sheet_is_never_ambiguous(number: float) -> None:
    text = sheet_text(number)
    settled = settle("ARR", [text])
    assert not settled.refusals
    exact = round(float(text) * 100)
    ((minor, _),) = amounts("ARR", [text])
    assert minor is not BAD
    assert abs(minor - exact) <= max(1, exact * 1e-12)


@given(st.text(max_size=80))
def test_no_text_breaks_a_parser_and_every_bad_cell_has_a_reason(cell: str) -> None:
    for heading in ("ARR", "renewal_date", "seats", "engagement", "auto_renew", "currency", "name"):
        settled = settle(heading, [cell])
        each = next(found for name, found in settled.columns.items() if name != "id")
        read = amount_parser(each)([cell], None)[0] if each.field.type == "amount" else parser(each)([cell])
        assert (read[0] is BAD) == (explain(each, cell) is not None)


def test_the_decimal_mark_is_explained_only_to_a_cell_with_figures() -> None:
    assert "decimal mark" not in problem("Health Score", "Green", "1.5", "2.5").message
    assert "decimal mark is ." in problem("ARR", "1.2,3", "1234.50").message


@pytest.mark.parametrize("others", [("$ 5", "US$ 6.50"), ("USD 5", "6 usd"), ("5 $",)])
def test_signs_that_mean_one_currency_speak_for_the_bare_amounts_whatever_the_base(
    others: tuple[str, ...],
) -> None:
    cells = ["700", *others]
    assert amounts("ARR", cells, base_currency="EUR")[0] == (70_000, "USD")
    assert amounts("ARR (EUR)", ["700", "€ 5"], base_currency="USD")[0] == (70_000, "EUR")
    assert amounts("ARR", ["700", "5"], base_currency="EUR")[0] == (70_000, "EUR")


def test_a_bare_amount_beside_two_currencies_is_refused_unless_row_or_option_says() -> None:
    told = problem("ARR", "700", "R$ 5", "€ 6")
    assert (told.code, told.rejects, "--currency" in told.message) == ("currency-unknown", True, True)
    assert amounts("ARR", ["700", "R$ 5", "€ 6"], ["CAD", None, None])[0] == (70_000, "CAD")
    assert amounts("ARR", ["700", "R$ 5"], currency="BRL")[0] == (70_000, "BRL")


@pytest.mark.parametrize(
    "cell", ["(100", "100)", "(-5)", "-5-", "--5", "$100 USD", "USD 100 EUR", "1e99 %", "1,2,3", "1.2.3,4"]
)
def test_signs_brackets_or_currencies_said_twice_or_by_halves_make_no_amount(cell: str) -> None:
    assert problem("ARR", cell).code == "amount-unreadable"


@pytest.mark.parametrize(("cell", "minor"), [(".5", 50), (",50", 50), ("$.05", 5), ("0.5", 50)])
def test_a_fraction_needs_no_nought_before_its_mark(cell: str, minor: int) -> None:
    assert amounts("ARR", [cell]) == [(minor, "USD")]


def test_three_decimals_stay_ambiguous_beside_the_sign_of_a_currency_that_has_three() -> None:
    assert [each.code for each in settle("ARR", ["KWD 1.234"]).refusals] == ["ambiguous-decimal"]
    assert amounts("ARR", ["KWD 1.234", "KWD 1.50"]) == [(1_234, "KWD"), (1_500, "KWD")]
    assert amounts("ARR", ["KWD 1.234", "KWD 1,50"]) == [(1_234_000, "KWD"), (1_500, "KWD")]


def test_both_marks_in_one_column_are_read_where_each_cell_is_certain_and_refused_where_one_is_not() -> None:
    assert amounts("ARR", ["1.50", "1,50"]) == [(150, "USD")] * 2
    (refusal,) = settle("ARR", ["1.50", "1,50", "1.234"]).refusals
    assert refusal.code == "ambiguous-decimal"
    assert "'1.234'" in refusal.message
    assert "--decimal" in refusal.hint


def test_a_clearly_brazilian_file_groups_thousands_with_points() -> None:
    mapping = match_headings(["Cliente", "Receita recorrente anual", "Moeda", "Vencimento"], "accounts")
    for currency, refused in (("BRL", []), ("USD", ["ambiguous-decimal"])):
        evidence = Evidence(mapping, Options())
        evidence.feed([["Acme"], ["1.234"], [currency], ["2026-05-31"]])
        settled = evidence.settle()
        assert [each.code for each in settled.refusals] == refused
    assert amount_parser(column("ARR", ["1.234"], decimal=","))(["1.234"], ["BRL"]) == ([123_400], ["BRL"])


def test_an_absurd_number_beside_shares_is_named_and_does_not_settle_their_scale() -> None:
    assert values("Growth rate", ["0.25", "1e999"]) == [0.25, BAD]
    assert problem("Growth rate", "1e999", "0.25").code == "number-unreadable"


def test_a_whole_number_groups_thousands_where_nothing_else_is_said() -> None:
    assert values("Seats used", ["1.234"]) == values("Seats used", ["1,234"]) == [1_234]


def test_a_number_with_the_other_mark_than_its_column_is_named_and_not_read() -> None:
    assert values("CSAT", ["4,5"], decimal=",") == [4.5]
    found = problem("CSAT", "4,5", decimal=".")
    assert found.code == "number-unreadable"
    assert "the column's decimal mark is ." in found.message


@given(
    st.decimals(-(10**12), 10**12, places=None, allow_nan=False).filter(lambda each: each.as_tuple()[2] > -15)
)
def test_a_decimal_is_kept_to_its_last_digit_as_plain_text(number: Decimal) -> None:
    mapping = match_headings(["account_id", "metric", "value"], "value")
    evidence = Evidence(mapping, Options(decimal="."))
    cell = format(number, "f")
    evidence.feed([["A1"], ["hours saved"], [cell]])
    (found,) = parser(evidence.settle().columns["value"])([cell])
    assert Decimal(found) == number
    assert set(found) <= set("-.0123456789")
    assert found.strip(".") == found


def test_a_plain_amount_beyond_the_limit_is_refused_and_its_neighbours_are_read() -> None:
    # The limit is 90,000,000,000.00; twelve digits are the most that are read without a closer look.
    assert amounts("ARR", ["90000000000", "90000000001", "5"]) == [
        (9_000_000_000_000, "USD"),
        (BAD, None),
        (500, "USD"),
    ]
    assert problem("ARR", "999999999999.50").code == "amount-too-large"
    assert amounts("ARR", ["999999999999.50", "0.50"])[0] == (BAD, None)


def test_more_different_cells_than_are_remembered_are_read_all_the_same() -> None:
    minors = [whole * 100 + 25 for whole in range(17_000)]
    cells = [f"{minor // 100}.25" for minor in minors]
    each = column("ARR", cells[:5])
    read = amount_parser(each)
    assert read(cells, None)[0] == read(cells, None)[0] == minors


def test_a_cell_that_decides_counts_also_behind_all_that_is_remembered() -> None:
    mapping = match_headings(["id", "ARR"], "accounts")
    evidence = Evidence(mapping, Options())
    for first in (0, 9_000, 18_000):
        cells = [f"{number} 000" for number in range(first, first + 9_000)]
        evidence.feed([["x"] * len(cells), cells])
    evidence.feed([["x"] * 2, ["1.234", "1,5"]])
    assert evidence.settle().columns["arr"].decimal == ","


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01T09:30:00"),
        (time(9, 30), "09:30:00"),
        ("Acme", "Acme"),
        (12, "12"),
        (1e200, "1e+200"),
    ],
)
def test_a_typed_cell_of_a_sheet_becomes_the_text_it_stands_for(value: Any, text: str) -> None:
    assert sheet_text(value) == text


def test_a_cell_that_could_not_be_read_shows_as_such_beside_a_blank() -> None:
    assert repr(values("NPS", ["much", "", "5"])) == "[BAD, None, 5.0]"
