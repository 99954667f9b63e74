"""OPP-3: the fight-or-let-go sheet, to the cent against decimals."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import worth
from renewctl.core.model import Ledger, Worth
from tests.core.test_plays import AS_OF, file_of, opened

CASE, ABOUT = opened()


@given(
    st.integers(0, 60_000), st.integers(0, 50_000), st.integers(0, 10**9), st.integers(0, 100_00),
    st.integers(1, 20), st.none() | st.integers(0, 10**11),
)  # fmt: skip
def test_the_sheet_is_what_decimals_say_to_the_cent(minutes, rate, concession, pct_cents, years, arr):
    """OPP-3: hours and concession against ARR x chance x years."""
    chance = Fraction(pct_cents, 100)
    found = worth.sheet(arr, minutes, rate, concession, chance, years)
    with localcontext() as context:
        context.prec = 60
        cent = Decimal(1)
        work = (Decimal(minutes) * rate / 60).quantize(cent, ROUND_HALF_EVEN)
        assert (found.work_minor, found.cost_minor) == (work, work + concession)
        if arr is None:
            assert (found.expected_minor, found.break_even_pct, found.worth_it) == (None, None, None)
            return
        expected = Decimal(arr) * pct_cents * years / 10_000
        assert found.expected_minor == expected.quantize(cent, ROUND_HALF_EVEN)
        assert found.worth_it == (work + concession < expected)
        if arr:
            assert found.break_even_pct * arr * years == found.cost_minor * 100
        else:
            assert found.break_even_pct is None


def test_at_the_chance_from_which_it_pays_it_just_does_not_yet():
    found = worth.sheet(100_000, 600, 6_000, 40_000, Fraction(50), 2)
    assert found.break_even_pct == 50
    assert found.worth_it is False
    assert worth.sheet(100_000, 600, 6_000, 40_000, Fraction(5001, 100), 2).worth_it


@pytest.mark.parametrize("decision", worth.DECISIONS)
def test_the_decision_is_recorded_with_its_reason_and_refused_without(decision):
    file = file_of(CASE, ABOUT, ledger=Ledger())
    found = worth.sheet(2_000_000, 90, 8_000, 5_000, Fraction(75, 2), 3)
    assert worth.decide(4, file, found, decision, "  ", "USD", AS_OF, "eva").code == "reason-missing"
    made, change = worth.decide(4, file, found, decision, " a key logo ", "USD", AS_OF, "eva")
    assert (change.entity, change.key, change.before) == ("worth", (4,), None)
    assert Worth(**change.after) == made
    assert made[3:] == (
        90,
        8_000,
        5_000,
        "37.5",
        3,
        2_000_000,
        "USD",
        decision,
        "a key logo",
        date(2026, 3, 10),
        "eva",
    )
