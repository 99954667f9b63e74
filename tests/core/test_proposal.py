"""Tiers are priced by the rule text; what no data supports is left out and named.

The oracle below is written from the rule, in exact fractions: good = current terms; better = renewal
plus half the expansion; best = renewal plus all of it for two years at 10 % (three: 15 %) off the
base, cut back until best's first year costs at least better's.
"""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from renewctl.core.model import Account, Contract
from renewctl.core.policy import Policy
from renewctl.core.proposal import cut_back, discount_for, proposal

AS_OF = date(2026, 3, 10)
PRICING = {
    "better_share": "0.5",
    "best_share": "1",
    "best_years": 2,
    "discount_pct": {"2": "10", "3": "15"},
    "incentive_pct": {"2": ["10", "20"]},
    "valid_days": 30,
    "payment_days": 30,
    "terms": {"en": "As agreed."},
}


def policy(usual_term_months=12, **pricing):
    general = {"base_currency": "USD", "time_zone": "UTC", "country": "US", "value_scope": "account"}
    general |= {"usual_term_months": usual_term_months}
    return Policy({"general": general, "pricing": {**PRICING, **pricing}})


def offer(
    arr=12_000_00,
    expansion=3_000_00,
    tiers=None,
    opportunity="expansion",
    band="green",
    rules=None,
    **contract,
):
    account = Account(
        **{
            **dict.fromkeys(Account._fields),
            "no": 1,
            "id": "A1",
            "name": "Acme",
            "currency": contract.pop("account_currency", "USD"),
            "expansion_minor": expansion,
        }
    )
    facts = {"no": 1, "id": "C1", "account_no": 1, "arr_minor": arr, "currency": "USD", "term_months": 12}
    dates = {"renewal_on": date(2026, 6, 1), "renewal_day": 1}
    return proposal(
        account,
        Contract(**{**dict.fromkeys(Contract._fields), **facts, **dates, **contract}),
        opportunity=opportunity,
        band=band,
        metrics=(),
        tiers=tiers,
        policy=rules or policy(),
        as_of=AS_OF,
    )


def tier(found, name):
    return next(each for each in found.tiers if each.tier == name)


arrs = st.integers(0, 10**11)
expansions = st.integers(1, 10**10)
terms = st.integers(1, 60)


def test_the_rule_in_one_example():
    found = offer(arr=100_000_00, expansion=40_000_00)
    assert [
        (t.tier, t.term_years, t.total_minor, t.list_total_minor, t.discount_pct) for t in found.tiers
    ] == [
        ("good", 1, 100_000_00, 100_000_00, 0),
        ("better", 1, 120_000_00, 120_000_00, 0),
        ("best", 2, 260_000_00, 280_000_00, 10),
    ]
    assert found.left_out == ()


def test_a_discount_that_would_undercut_better_is_cut_back_and_the_seller_is_told():
    found = offer(arr=100_000_00, expansion=10_000_00)
    best = tier(found, "best")
    assert best.discount_pct == 5
    assert best.years[0].price_minor == 105_000_00 == tier(found, "better").years[0].price_minor
    assert any("5 %, not 10 %" in warning for warning in found.warnings)


@given(arrs, expansions)
def test_twelve_month_tiers_cost_what_the_rule_text_says(arr, expansion):
    found = offer(arr=arr, expansion=expansion)
    good, better, best = found.tiers
    assert [year.price_minor for year in good.years] == [arr]
    half = Fraction(expansion, 2)
    assert abs(better.years[0].price_minor - (arr + half)) <= Fraction(1, 2)
    # The discount in hundredths of a percent: the largest whole number <= 1000 that keeps the order.
    hundredths = 1000 if arr == 0 else min(1000, int(half * 10_000 / arr))
    exact = arr * (1 - Fraction(hundredths, 10_000)) + expansion
    assert len(best.years) == 2
    for year in best.years:
        assert abs(year.price_minor - exact) <= Fraction(1, 2)
        assert year.list_minor == arr + expansion
    if arr:
        assert best.discount_pct == Fraction(hundredths, 100)


@given(arrs, expansions, terms)
def test_best_never_costs_less_than_better_nor_better_less_than_good_in_a_full_year(arr, expansion, months):
    good, better, best = offer(arr=arr, expansion=expansion, term_months=months).tiers
    assert good.annual_minor <= better.annual_minor <= best.annual_minor
    if months >= 12:
        assert best.years[0].price_minor >= better.years[0].price_minor


@given(arrs, expansions, terms)
def test_totals_are_the_sums_of_the_years_and_no_tier_costs_more_than_its_list_price(arr, expansion, months):
    for each in offer(arr=arr, expansion=expansion, term_months=months).tiers:
        assert each.total_minor == sum(year.price_minor for year in each.years)
        assert each.list_total_minor == sum(year.list_minor for year in each.years)
        assert each.total_minor <= each.list_total_minor
        assert each.term_years == len(each.years) == each.years[-1].year
        assert each.term_months == sum(year.months for year in each.years)
        assert each.base_minor + each.expansion_minor == each.annual_list_minor


@given(arrs, expansions, terms)
def test_full_years_cost_the_annual_price_and_a_part_year_its_share_to_within_a_cent_a_month(
    arr, expansion, months
):
    for each in offer(arr=arr, expansion=expansion, term_months=months).tiers:
        for year in each.years:
            assert abs(year.price_minor - Fraction(each.annual_minor * year.months, 12)) < year.months
            if year.months == 12:
                assert year.price_minor == each.annual_minor


@given(arrs, expansions, terms, st.sampled_from(["0.25", "0.5", "0.333"]), st.sampled_from([2, 3, 5]))
def test_the_order_of_prices_holds_under_any_policy(arr, expansion, months, share, years):
    found = offer(
        arr=arr, expansion=expansion, term_months=months, rules=policy(better_share=share, best_years=years)
    )
    assert tier(found, "best").annual_minor >= tier(found, "better").annual_minor
    assert tier(found, "best").discount_pct <= (10 if tier(found, "best").term_years == 2 else 15)


@given(st.integers(1, 10**11), st.fractions(0, 10**11, max_denominator=2), st.integers(0, 40))
def test_a_cut_discount_is_the_largest_hundredth_that_fits(base, room, pct):
    found = cut_back(Fraction(pct), base, room)
    assert 0 <= found <= pct
    assert found * base <= room * 100
    assume(found < pct)
    assert (found + Fraction(1, 100)) * base > room * 100


def test_a_three_year_term_gets_its_own_discount_and_longer_ones_that_of_the_longest_listed():
    rules = policy().pricing
    assert [discount_for(years, rules) for years in (1, 2, 3, 7)] == [0, 10, 15, 15]


def test_best_is_never_shorter_than_the_term_in_force():
    assert [tier(offer(term_months=months), "best").term_months for months in (1, 12, 24, 25, 36)] == [
        24,
        24,
        24,
        36,
        36,
    ]


def test_the_years_of_a_term_follow_each_other_without_a_gap():
    found = offer(renewal_on=date(2027, 2, 28), renewal_day=29)
    first, second = tier(found, "best").years
    assert (first.start_on, first.end_on) == (date(2027, 2, 28), date(2028, 2, 28))
    assert (second.start_on, second.end_on) == (date(2028, 2, 29), date(2029, 2, 27))


@pytest.mark.parametrize("expansion", [None, 0, -5])
def test_without_expansion_data_the_tiers_that_need_it_are_left_out_with_a_warning(expansion):
    found = offer(expansion=expansion, opportunity="flat")
    assert [each.tier for each in found.tiers] == ["good"]
    assert found.left_out == ("better", "best")
    assert any("left out" in warning and "expansion_arr" in warning for warning in found.warnings)


def test_an_expansion_in_another_currency_is_not_added_to_the_price():
    found = offer(account_currency="EUR")
    assert found.left_out == ("better", "best")
    assert any("EUR" in warning and "USD" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("opportunity", "band"), [("at_risk", "green"), ("at_risk", None), ("expansion", "red")]
)
def test_an_account_at_risk_is_offered_good_alone_unless_tiers_are_asked_for(opportunity, band):
    quiet = offer(opportunity=opportunity, band=band)
    assert [each.tier for each in quiet.tiers] == ["good"]
    assert quiet.left_out == ()
    assert any("at risk" in warning for warning in quiet.warnings)
    asked = offer(opportunity=opportunity, band=band, tiers=["best", "good", "better"])
    assert [each.tier for each in asked.tiers] == ["good", "better", "best"]
    assert any("BND-1" in warning for warning in asked.warnings)
    assert any("MYR-1" in warning for warning in asked.warnings)


def test_asking_for_good_alone_at_an_account_at_risk_raises_no_warning_of_bundling():
    assert not any(
        "BND-1" in warning for warning in offer(opportunity="at_risk", band="red", tiers=["good"]).warnings
    )


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"arr": None}, "arr-unknown"),
        ({"arr": -1}, "arr-negative"),
        ({"currency": None, "account_currency": None}, "currency-unknown"),
    ],
)
def test_what_cannot_be_priced_is_refused_and_gets_no_tiers(facts, code):
    found = offer(**facts)
    assert found.refused is not None
    assert found.refused[0] == code
    assert found.tiers == ()


def test_an_arr_of_zero_is_a_price_and_not_an_unknown():
    found = offer(arr=0)
    assert found.refused is None
    assert tier(found, "good").total_minor == 0
    assert tier(found, "best").discount_pct == 0


def test_an_offer_never_outlives_the_renewal_it_is_for():
    assert offer(renewal_on=date(2026, 3, 20)).valid_until == date(2026, 3, 20)
    assert offer(renewal_on=date(2026, 6, 1)).valid_until == AS_OF + timedelta(days=30)
    assert offer(renewal_on=None).valid_until == AS_OF + timedelta(days=30)
    assert offer(renewal_on=date(2026, 3, 9)).valid_until == AS_OF + timedelta(days=30)


TACIT = {"auto_renew": 1, "renewal_on": date(2026, 5, 1)}


@given(st.integers(0, 120))
def test_where_a_contract_renews_tacitly_an_offer_ends_with_the_chance_to_opt_out(notice):
    deadline = date(2026, 5, 1) - timedelta(days=notice)
    found = offer(**TACIT, notice_days=notice)
    usual = AS_OF + timedelta(days=30)
    assert found.valid_until == (min(usual, deadline) if deadline >= AS_OF else usual)
    assert any("opt-out deadline" in text for text in found.warnings) == (deadline < AS_OF)


def test_without_a_tacit_renewal_or_its_notice_the_renewal_date_is_the_end():
    usual = AS_OF + timedelta(days=30)
    assert offer(**{**TACIT, "auto_renew": 0}, notice_days=40).valid_until == usual
    assert offer(**{**TACIT, "auto_renew": None}, notice_days=40).valid_until == usual
    assert offer(**TACIT).valid_until == usual
    assert offer(**TACIT, notice_days=40).valid_until == date(2026, 3, 22)


def test_an_arr_of_zero_is_pointed_out_to_the_seller():
    assert any("is zero" in text for text in offer(arr=0).warnings)
    assert not any("is zero" in text for text in offer(arr=1).warnings)


def test_an_unknown_term_is_offered_as_the_usual_one_and_named():
    for months in (12, 24):
        found = offer(term_months=None, rules=policy(usual_term_months=months))
        assert tier(found, "good").term_months == months
        assert found.current_months is None
        said = f"term of contract C1 is unknown; {months} months are offered"
        assert any(said in warning for warning in found.warnings)


@pytest.mark.parametrize("band", ["yellow", None, "green"])
def test_expansion_is_bundled_only_where_health_is_good_and_the_seller_is_told_otherwise(band):
    warned = [each for each in offer(band=band).warnings if "BND-1" in each]
    assert len(warned) == (band != "green")
    assert all(f"health is {band or 'unknown'};" in each for each in warned)
    assert not any("BND-1" in each for each in offer(band=band, tiers=["good"]).warnings)
