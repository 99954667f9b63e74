"""Money is whole minor units, exact, and rounded once, half to even."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from babel.core import get_global
from babel.numbers import get_territory_currencies
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import money

ALL_DIGITS = (("USD", 2), ("BRL", 2), ("JPY", 0), ("CLP", 0), ("KWD", 3), ("BHD", 3), ("EUR", 2))
amounts = st.integers(-(10**13), 10**13)
codes = st.sampled_from([code for code, _ in ALL_DIGITS])


@pytest.mark.parametrize(("code", "places"), ALL_DIGITS)
def test_a_currency_has_the_minor_digits_of_its_country(code, places):
    assert money.digits(code) == places


def test_minor_digits_are_those_of_the_unicode_tables_but_where_iso_4217_says_otherwise():
    """CLDR gives some currencies no digits since nobody uses the coins; ISO 4217 still has two of them."""
    fractions = get_global("currency_fractions")
    iso_differs = set()
    for code in money.CURRENCIES:
        told = fractions.get(code, fractions["DEFAULT"])[0]
        if told != money.digits(code):
            assert told == 0, code
            iso_differs.add(code)
    assert not iso_differs & {code for code, _ in ALL_DIGITS}


def test_an_unlisted_code_is_no_currency_and_every_code_has_three_capitals():
    assert not money.CURRENCIES & {"BTC", "XAU", "DEM", "", "usd"}
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in money.CURRENCIES)


def test_what_is_legal_tender_anywhere_is_a_currency():
    day = date(2025, 1, 1)
    tender = set()
    for territory in get_global("territory_currencies"):
        tender.update(get_territory_currencies(territory, day, day, tender=True, non_tender=False))
    assert len(tender) > 140
    assert tender - money.CURRENCIES <= {"ANG", "ZWL"}  # replaced by XCG and ZWG


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**5), codes)
def test_units_become_minor_units_by_one_rounding_half_to_even(amount, code):
    scaled = amount * 10 ** money.digits(code)
    exact = Decimal(scaled.numerator) / Decimal(scaled.denominator)
    near = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    if Fraction(exact) == scaled:  # the decimal is exact, so it is a second opinion
        assert money.to_minor(amount, code) == near
    assert abs(Fraction(money.to_minor(amount, code)) - scaled) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("0.005", 0), ("0.015", 2), ("0.025", 2), ("0.035", 4), ("-0.005", 0), ("-0.015", -2), ("2.675", 268)],
)
def test_half_a_cent_goes_to_the_even_cent(amount, minor):
    # MONEY
    assert money.to_minor(Fraction(amount), "USD") == minor


@given(st.integers(-(10**9), 10**9), codes)
def test_whole_units_are_exact(amount, code):
    assert money.to_minor(amount, code) == int(amount * Decimal(10) ** money.digits(code))


@given(amounts, codes)
def test_minor_units_come_back_from_the_number_people_read(minor, code):
    units = money.to_units(minor, code)
    assert money.to_minor(Fraction(repr(units)), code) == minor
    assert isinstance(units, int) == (minor % 10 ** money.digits(code) == 0)


def test_json_numbers_have_no_fraction_where_there_is_none():
    assert repr(money.to_units(1234500, "USD")) == "12345"
    assert repr(money.to_units(1234550, "USD")) == "12345.5"
    assert repr(money.to_units(-50, "USD")) == "-0.5"
    assert repr(money.to_units(12345, "JPY")) == "12345"
    assert repr(money.to_units(12345, "KWD")) == "12.345"


@given(amounts, codes, codes, st.fractions(min_value=Fraction(1, 10**4), max_value=10**4))
def test_a_conversion_is_the_exact_product_rounded_once(minor, code, base, rate):
    # MONEY
    found = money.convert(minor, code, base, {code: rate})
    if code == base:
        assert found == minor
    else:
        exact = Fraction(minor, 10 ** money.digits(code)) * rate * 10 ** money.digits(base)
        assert found == round(exact)


def test_a_currency_without_a_rate_has_no_value_and_the_base_needs_none():
    assert money.convert(100, "EUR", "USD", {}) is None
    assert money.convert(100, "EUR", "USD", {"BRL": Fraction(1)}) is None
    assert money.convert(100, "USD", "USD", {}) == 100
    assert money.convert(100, "USD", "USD", {"USD": Fraction(2)}) == 100


@given(amounts, st.integers(0, 100), st.integers(1, 100))
def test_a_share_is_the_exact_fraction_rounded_once(minor, numerator, denominator):
    assert money.share(minor, numerator, denominator) == round(Fraction(minor) * numerator / denominator)


@given(amounts, st.integers(0, 60))
def test_months_add_up_to_the_year_and_differ_by_cents_in_the_last_one_only(annual, months):
    found = money.by_months(annual, months)
    assert len(found) == months
    for start in range(0, months - 11, 12):
        year = found[start : start + 12]
        assert sum(year) == annual
        assert len(set(year[:11])) == 1
        assert 0 <= (year[11] - year[0]) * (1 if annual >= 0 else -1) < 12


def test_a_year_has_twelve_months_unless_told_otherwise():
    assert money.by_months(125) == [10] * 11 + [15]
    assert money.by_months(-125) == [-10] * 11 + [-15]


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (0, "USD", "USD 0"),
        (1234500, "USD", "USD 12,345"),
        (1234550, "USD", "USD 12,345.50"),
        (-1234505, "USD", "USD -12,345.05"),
        (1234567, "JPY", "JPY 1,234,567"),
        (1234567, "KWD", "KWD 1,234.567"),
        (1000001, "KWD", "KWD 1,000.001"),
    ],
)
def test_an_amount_reads_the_same_in_every_locale(minor, code, text):
    assert money.plain(minor, code) == text


def test_a_million_of_the_largest_amounts_fit_64_bits_and_no_larger_one_is_needed():
    assert money.LARGEST_MINOR == 9 * 10**12
    assert money.LARGEST_MINOR * 1_000_000 < 2**63
