"""What every instrument comes to, to the cent, against a second calculation from the rules' text (SAV-B)."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import money
from renewctl.core.offer_money import Deal, Quote, Terms, break_even, partial, quote
from renewctl.core.offer_terms import Ask, end_of, settle
from renewctl.core.policy import INSTRUMENTS
from renewctl.store.policy_files import load_policy
from tests.core import offers_oracle as oracle

RULES = load_policy(None).offers
START = date(2026, 3, 10)
CURRENCIES = ("USD", "EUR", "BRL", "JPY", "CLP", "KWD", "BHD")

amounts = st.integers(0, 10**11)
starts = st.dates(date(2024, 1, 1), date(2032, 12, 31))
counts = st.integers(1, 60)
percents = st.decimals(0, 100, places=2)
ends = st.integers(0, 2000)  # days after the start


def of(deal: Deal, instrument: str, **asked) -> Quote:
    """The quote of an ask, with the policy's usual figures."""
    ask = Ask(instrument, **asked)
    end = end_of(ask, deal, RULES)
    assert end is not None
    terms = settle(ask, RULES, end)
    assert isinstance(terms, Terms), terms
    return quote(deal, terms)


def dollars(arr: int, term: int = 12) -> Deal:
    return Deal(arr * 100, "USD", START, term)


def table(found: Quote) -> tuple[list[int], list[int], list[int], int]:
    return (
        [each.list_minor for each in found.months],
        [each.price_minor for each in found.months],
        [each.cash_minor for each in found.months],
        found.cash_after_minor,
    )


def folded(found: Quote) -> list[tuple[int, int]]:
    """(months, price in units) of each run of equal prices."""
    runs = groupby(found.months, key=lambda each: each.price_minor)
    return [(len(list(run)), price // 100) for price, run in runs]


# --- the examples of the rules ---------------------------------------------------------------------


def test_a_bridge_halves_six_months_and_comes_back_to_the_standard_price():  # SAV-B
    found = of(dollars(120_000), "bridge")
    assert folded(found) == [(6, 5_000), (6, 10_000)]
    assert (found.cost_minor, found.kept_minor, found.lowest_minor) == (3_000_000, 12_000_000, 6_000_000)
    assert (found.later_minor, found.later_on) == (6_000_000, date(2026, 9, 10))
    assert found.discount_pct == 50


def test_a_ramp_takes_forty_percent_off_three_months_and_twenty_off_the_next_three():  # SAV-B
    found = of(dollars(120_000), "ramp")
    assert folded(found) == [(3, 6_000), (3, 8_000), (6, 10_000)]
    assert (found.cost_minor, found.kept_minor, found.discount_pct) == (1_800_000, 12_000_000, 40)


def test_a_ramp_of_a_year_rises_every_quarter():  # SAV-B
    found = of(dollars(120_000, 24), "ramp", months=12)
    assert folded(found) == [(3, 6_000), (3, 7_000), (3, 8_000), (3, 9_000), (12, 10_000)]


def test_a_prepaid_year_costs_a_quarter_less_and_is_paid_at_once():  # SAV-B
    found = of(dollars(120_000), "prepay")
    assert [each.cash_minor for each in found.months] == [9_000_000, *[0] * 11]
    assert (found.cost_minor, found.kept_minor, found.discount_pct) == (3_000_000, 9_000_000, 25)


def test_quarterly_billing_moves_cash_and_concedes_nothing():  # SAV-B
    found = of(dollars(120_000), "billing_period", until_on=date(2027, 3, 9))
    assert [each.cash_minor // 100 for each in found.months] == [30_000, 0, 0] * 4
    assert (found.cost_minor, found.kept_minor, found.discount_pct) == (0, 12_000_000, 0)


def test_sixty_days_to_pay_instead_of_thirty_move_every_payment_a_month():  # SAV-B
    found = of(dollars(120_000), "payment_terms", until_on=date(2027, 3, 9))
    assert [each.cash_minor // 100 for each in found.months] == [0, *[10_000] * 11]
    assert (found.cash_after_minor, found.cost_minor) == (1_000_000, 0)


@pytest.mark.parametrize(
    ("instrument", "asked", "kept", "discount"),
    [
        ("core_only", {"price_minor": 3_500_000}, 35_000, Fraction(125, 3)),
        ("core_only", {"price_minor": 3_500_000, "list_minor": 3_500_000}, 35_000, 0),
        ("seats", {"price_minor": 4_000_000, "seats": 20, "of_seats": 30}, 40_000, 0),
        ("seats", {"price_minor": 2_500_000, "seats": 10, "of_seats": 30}, 25_000, 0),
        ("seats", {"seats": 10, "of_seats": 30}, 20_000, 0),
        ("seats", {"price_minor": 1_500_000, "seats": 10, "of_seats": 30}, 15_000, 25),
        ("billing_period", {"price_minor": 1_200_000}, 48_000, 20),
    ],
)
def test_of_sixty_thousand_a_part_is_kept_with_a_way_back(instrument, asked, kept, discount):  # SAV-B
    found = of(dollars(60_000), instrument, until_on=date(2027, 3, 9), **asked)
    assert (found.kept_minor, found.discount_pct) == (kept * 100, discount)
    assert found.cost_minor == 6_000_000 - kept * 100
    assert (found.later_minor, found.later_on) == (6_000_000 - kept * 100, date(2027, 3, 10))
    assert partial(found.deal, found.terms)


def test_a_quarter_of_reduced_scope_costs_exactly_what_was_agreed():  # SAV-B
    found = of(dollars(60_000), "billing_period", price_minor=1_234_567, until_on=date(2027, 3, 9))
    assert [each.cash_minor for each in found.months] == [1_234_567, 0, 0] * 4


def test_a_deferred_fee_falls_due_on_its_day_and_changes_no_price():  # SAV-B
    found = of(dollars(120_000), "deferred_fee", fee_minor=500_000, until_on=date(2026, 9, 10))
    assert [each.cash_minor // 100 for each in found.months] == [*[10_000] * 6, 15_000, *[10_000] * 5]
    assert (found.cost_minor, found.later_minor, found.later_on) == (0, 500_000, date(2026, 9, 10))


def test_a_locked_price_costs_the_rises_of_the_renewals_it_outlasts():  # MYR-2, MYR-3
    deal = dollars(120_000)._replace(rises_on=date(2026, 9, 10))
    found = of(deal, "price_lock")
    assert (found.cost_minor, found.kept_minor) == (300_000, 12_000_000)
    assert (found.later_minor, found.discount_pct) == (600_000, Fraction(500, 105))


@pytest.mark.parametrize("instrument", ["roadmap", "trial"])
def test_a_commitment_and_a_trial_cost_nothing_unless_a_price_goes_with_them(instrument):  # SAV-C
    free = of(dollars(120_000), instrument, until_on=date(2026, 6, 9))
    assert (free.cost_minor, free.later_minor, free.later_on, free.discount_pct) == (0, 0, None, 0)
    until_delivered = of(dollars(120_000), instrument, until_on=date(2026, 6, 9), discount_pct=Fraction(20))
    assert folded(until_delivered) == [(3, 8_000), (9, 10_000)]  # SAV-4: 20 % off until delivered


def test_a_trial_ends_by_itself_after_thirty_days():  # SAV-C
    assert of(dollars(1), "trial").terms.until_on == START + timedelta(days=29)


# --- any amount, currency and term -----------------------------------------------------------------


@given(amounts, starts, counts, percents, ends, st.sampled_from(CURRENCIES))
def test_a_bridge_of_any_depth_and_length_is_the_oracles(arr, start, count, pct, end, code):
    until = start + timedelta(days=end)
    found = of(Deal(arr, code, start, count), "bridge", until_on=until, discount_pct=Fraction(pct))
    running = oracle.until(start, count, until)
    prices = oracle.reduced(arr, count, running, pct)
    assert table(found) == (oracle.listed(arr, count), prices, prices, 0)
    assert [each.from_on for each in found.months] == oracle.firsts(start, count)


@given(amounts, starts, counts, ends)
def test_volume_is_the_oracles_at_the_usual_discount(arr, start, count, end):
    until = start + timedelta(days=end)
    found = of(Deal(arr, "USD", start, count), "volume", until_on=until)
    assert table(found)[1] == oracle.reduced(arr, count, oracle.until(start, count, until), Decimal(10))


@given(amounts, starts, counts, percents)
def test_a_prepaid_year_is_the_oracles(arr, start, count, pct):
    found = of(Deal(arr, "USD", start, count), "prepay", discount_pct=Fraction(pct))
    prices = oracle.reduced(arr, count, min(12, count), pct)
    due, after = oracle.cash(prices, min(12, count), 12, 0)
    assert table(found) == (oracle.listed(arr, count), prices, due, after)


@given(
    amounts,
    starts,
    counts,
    st.lists(percents, min_size=1, max_size=6),
    st.integers(1, 6),
    ends,
    st.booleans(),
)
def test_a_ramp_of_any_steps_is_the_oracles(arr, start, count, steps, each, end, cut):
    deal = Deal(arr, "USD", start, count)
    asked = {"months": each * len(steps), "steps_pct": tuple(map(Fraction, steps))}
    found = of(deal, "ramp", **asked)
    running = oracle.until(start, count, found.terms.until_on)
    if cut:
        until = start + timedelta(days=end)
        found = quote(deal, found.terms._replace(until_on=until))
        running = oracle.until(start, count, until)
    assert table(found)[1] == oracle.ramp(arr, count, steps, each, running)


@given(amounts, starts, counts, st.sampled_from([1, 2, 3, 4, 6, 12]), ends)
def test_any_billing_period_is_the_oracles(arr, start, count, size, end):
    until = start + timedelta(days=end)
    found = of(Deal(arr, "USD", start, count), "billing_period", every_months=size, until_on=until)
    prices = oracle.listed(arr, count)
    due, after = oracle.cash(prices, oracle.until(start, count, until), size)
    assert table(found) == (prices, prices, due, after)


@given(amounts, starts, counts, st.integers(0, 365), ends)
def test_any_days_to_pay_are_the_oracles(arr, start, count, days, end):
    until = start + timedelta(days=end)
    found = of(Deal(arr, "USD", start, count), "payment_terms", terms_days=days, until_on=until)
    prices = oracle.listed(arr, count)
    due, after = oracle.cash(prices, oracle.until(start, count, until), 1, days)
    assert table(found) == (prices, prices, due, after)


@given(amounts, starts, counts, st.integers(2, 5000), st.data(), ends)
def test_fewer_seats_are_the_oracles(arr, start, count, seats, data, end):
    stay = data.draw(st.integers(1, seats - 1))
    until = start + timedelta(days=end)
    found = of(Deal(arr, "USD", start, count), "seats", seats=stay, of_seats=seats, until_on=until)
    running = oracle.until(start, count, until)
    assert table(found)[1] == oracle.seats(arr, count, stay, seats, running)


@given(amounts, starts, counts, st.data(), ends, st.sampled_from(["core_only", "seats"]))
def test_less_scope_at_a_price_is_the_oracles(arr, start, count, data, end, instrument):
    price = data.draw(st.integers(0, arr))
    until = start + timedelta(days=end)
    found = of(Deal(arr, "USD", start, count), instrument, price_minor=price, until_on=until)
    assert table(found)[1] == oracle.scope(arr, count, price, oracle.until(start, count, until))


@given(amounts, starts, counts, st.data(), st.sampled_from([1, 2, 3, 4, 6, 12]), ends)
def test_less_scope_at_a_periods_price_is_the_oracles(arr, start, count, data, size, end):
    price = data.draw(st.integers(0, arr * size // 12))
    until = start + timedelta(days=end)
    deal = Deal(arr, "USD", start, count)
    found = of(deal, "billing_period", price_minor=price, every_months=size, until_on=until)
    running = oracle.until(start, count, until)
    prices = oracle.by_period(arr, count, price, size, running)
    due, after = oracle.cash(prices, running, size)
    assert table(found)[1:] == (prices, due, after)


@given(amounts, starts, counts, st.integers(0, 800), percents, ends)
def test_a_locked_price_is_the_oracles(arr, start, count, renews, pct, end):
    until, rises = start + timedelta(days=end), start + timedelta(days=renews)
    deal = Deal(arr, "USD", start, count, rises)
    found = of(deal, "price_lock", uplift_pct=Fraction(pct), until_on=until)
    lists = oracle.rising(arr, start, count, rises, pct)
    running = oracle.until(start, count, until)
    flat = oracle.listed(arr, count)
    assert table(found)[:2] == (lists, flat[:running] + lists[running:])


# --- what holds for every instrument ---------------------------------------------------------------

_ASKED = {
    "seats": {"seats": 10, "of_seats": 30},
    "core_only": {"discount_pct": Fraction(40)},
    "deferred_fee": {"fee_minor": 12_345},
}


@given(st.sampled_from(INSTRUMENTS), amounts, starts, counts, ends)
def test_every_cent_of_the_price_falls_due_once_and_the_cost_is_list_less_price(
    instrument, arr, start, count, end
):
    deal = Deal(arr, "USD", start, count, start + timedelta(days=200))
    found = of(deal, instrument, until_on=start + timedelta(days=end), **_ASKED.get(instrument, {}))
    lists, prices, cash, after = table(found)
    assert sum(cash) + after == sum(prices) + found.terms.fee_minor
    assert found.cost_minor == max(0, sum(lists) - sum(prices))
    assert sum(prices) <= sum(lists) + count  # never dearer than today, but for the cents of a year cut off
    assert (found.list_minor, found.price_minor) == (sum(lists), sum(prices))
    if found.later_on is not None and not partial(deal, found.terms) and not found.terms.fee_minor:
        charged = [each.from_on for each in found.months if each.from_on <= found.terms.until_on]
        assert (
            found.later_on == oracle.firsts(start, len(charged) + 1)[-1]
        )  # the day the standard price is back
    assert 0 <= found.kept_minor <= arr


@given(amounts, st.integers(1, 5), percents)
def test_the_months_of_a_year_add_up_to_the_years_price_exactly(arr, years, pct):  # MONEY
    deal = Deal(arr, "USD", START, 12 * years)
    found = of(deal, "volume", until_on=deal.ends_on, discount_pct=Fraction(pct))
    for year in range(years):
        months = found.months[12 * year : 12 * year + 12]
        assert sum(each.list_minor for each in months) == arr
        assert sum(each.price_minor for each in months) == found.kept_minor == oracle.less(arr, pct)


@given(st.sampled_from(CURRENCIES), st.integers(0, 10**6))
def test_the_cents_are_those_of_the_currency(code, units):
    arr = money.to_minor(units, code)
    deal = Deal(arr, code, START, 12)
    assert of(deal, "prepay").kept_minor == oracle.less(arr, Decimal(25))


@given(st.integers(0, 10**9), st.data(), st.integers(0, 10**6), st.fractions(0, 1))
def test_the_break_even_chance_is_the_one_at_which_both_ways_are_worth_the_same(value, data, effort, stays):
    concession = data.draw(st.integers(0, value))
    found = break_even(value, concession, effort, stays)  # DEFAULTS
    if concession == value:
        assert found is None
    else:
        assert found * (value - concession) - effort == stays * value
