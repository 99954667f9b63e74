"""SAV-V: worth beside price is worked out from what was measured and what is paid, and from nothing else."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.model import ValueMetric
from renewctl.core.roi import KINDS, Span, kind_of, roi, span
from tests.book import account, contract

AS_OF = date(2026, 3, 10)
YEAR = {"period_start_on": date(2025, 1, 1), "period_end_on": date(2025, 12, 31)}


def metric(no=1, name="Hours saved", **facts):
    blank = dict.fromkeys(ValueMetric._fields)
    return ValueMetric(**{**blank, "no": no, "account_no": 1, "metric": name, **facts})


def found(*metrics, price=12_000_000, currency="USD", **facts):
    return roi(account(**facts), contract(arr_minor=price, currency=currency), metrics, AS_OF)


HOURS = metric(1, value="1200", unit="hours", rate="45", currency="USD", **YEAR)


def test_the_return_of_a_year_is_worth_less_price_over_price():
    """SAV-V: hours x rate, beside the price of the same time."""
    [each] = found(HOURS, price=4_000_000).returns
    assert (each.worth_minor, each.cost_minor, each.net_minor, each.pct) == (
        5_400_000,
        4_000_000,
        1_400_000,
        35,
    )


@pytest.mark.parametrize(("since", "told"), [(None, True), (0, True), (1, False), (400, False)])
def test_what_was_measured_while_another_price_was_paid_has_no_return(since, told):
    """SAV-V: the price of that time; it is not the one that was agreed later."""
    whole = found(HOURS, price=4_000_000).returns[0]
    began = None if since is None else whole.start_on + timedelta(since)
    of = roi(
        account(), contract(arr_minor=4_000_000, currency=whole.currency), [HOURS], AS_OF, price_since=began
    )
    assert ([each.pct is not None for each in of.returns], of.price_minor) == ([told], 4_000_000)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), Span(12, 12)),
        (date(2025, 1, 1), date(2025, 3, 31), Span(3, 12)),
        (date(2025, 1, 15), date(2025, 2, 14), Span(1, 12)),
        (date(2025, 1, 1), date(2025, 1, 10), Span(10, 365)),
        (date(2025, 1, 1), date(2025, 1, 1), Span(1, 365)),
        (date(2025, 1, 1), None, None),
        (None, date(2025, 1, 1), None),
        (date(2025, 2, 1), date(2025, 1, 1), None),
        (date(2025, 2, 1), date.max, None),
    ],
)
def test_a_period_is_whole_months_where_it_can_be_else_days(start, end, expected):
    assert span(start, end) == expected


@given(st.integers(0, 10**12), st.dates(date(2020, 1, 1), date(2024, 1, 1)), st.integers(0, 800))
def test_the_price_of_a_period_is_its_share_of_the_year_to_the_cent(price, start, days):
    """Against decimals, worked out apart from the program's own fractions."""
    end = start + timedelta(days=days)
    row = metric(1, value="1", rate="1", currency="USD", period_start_on=start, period_end_on=end)
    [each] = found(row, price=price).returns
    share = each.span
    exact = Decimal(price) * share.units / share.of
    assert each.cost_minor == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert each.net_minor == 100 - each.cost_minor
    assert (each.pct is None) == (each.cost_minor == 0)
    if share.of == 365:
        assert share.units == days + 1


@pytest.mark.parametrize(
    ("facts", "more"),
    [({"currency": "EUR"}, {}), ({"period_end_on": None}, {}), ({}, {"price": None})],
)
def test_there_is_no_return_without_period_price_and_one_currency(facts, more):
    [each] = found(HOURS._replace(**facts), **more).returns
    assert (each.cost_minor, each.net_minor, each.pct) == (None, None, None)


def test_amounts_of_different_periods_are_not_added():
    """SAV-3, VAL."""
    other = metric(2, "Cost avoided", value="5", rate="1", currency="USD", period_start_on=date(2025, 1, 1),
                   period_end_on=date(2025, 3, 31))  # fmt: skip
    assert [each.worth_minor for each in found(HOURS, other).returns] == [5_400_000, 500]


@pytest.mark.parametrize(
    ("name", "unit", "rate", "kind"),
    [
        ("Manual work", "hours", "45", "time"),
        ("Trabalho manual", "Horas", "45", "time"),
        ("Answer time", "hours", None, "other"),
        ("Revenue from upsell", "deals", "10", "revenue"),
        ("Receita nova", "BRL", "1", "revenue"),
        ("Cost of errors avoided", "USD", "1", "cost"),
        ("Custos evitados", "BRL", "1", "cost"),
        ("Costume changes", "pieces", "1", "other"),
        ("Error rate", "%", None, "other"),
    ],
)
def test_gains_are_told_apart_as_the_sheet_has_them(name, unit, rate, kind):
    """SAV-V: time saved x rate, revenue enabled, cost avoided."""
    row = metric(1, name, value="3", unit=unit, rate=rate, currency="USD", **YEAR)
    of = found(row)
    assert kind_of(of.value.gains[0]) == kind
    assert [group.kind for group in of.groups] == [kind]
    assert kind in KINDS


def test_an_alternative_and_what_is_unused_are_no_gains_and_stand_beside_them():
    """SAV-V: cost comparison with the alternative, and unused features with what they would give."""
    other = metric(2, "Alternative: two analysts", value="2", rate="85000", currency="USD", **YEAR)
    idle = metric(3, "Não usado: alertas", value="300", unit="horas", rate="45", currency="USD", **YEAR)
    of = found(HOURS, other, idle)
    assert [gain.metric for gain in of.value.gains] == ["Hours saved"]
    assert [total.minor for total in of.value.totals] == [5_400_000]
    [(gain, way)] = of.alternatives
    assert (gain.metric, way.worth_minor, way.cost_minor, way.net_minor) == (
        "two analysts", 17_000_000, 12_000_000, 5_000_000,
    )  # fmt: skip
    assert [gain.metric for gain in of.value.unused] == ["alertas"]


def test_an_alternative_without_an_amount_is_named_and_not_reckoned():
    [(gain, way)] = found(metric(1, "Alternative: by hand", value="2", unit="people")).alternatives
    assert (gain.metric, way) == ("by hand", None)


@pytest.mark.parametrize("name", ["Alternative:", "Alternatives: x", "Unused", ": x", "A: alternative: b"])
def test_only_the_word_before_the_colon_takes_a_metric_out_of_the_gains(name):
    assert len(found(metric(1, name, value="1")).value.gains) == 1


@pytest.mark.parametrize(
    ("bought", "used", "idle"),
    [(30, 12, 18), (30, 30, None), (10, 12, None), (None, 3, None), (3, None, None)],
)
def test_idle_seats_are_those_bought_and_not_used(bought, used, idle):
    assert found(seats_purchased=bought, seats_used=used).idle_seats == idle


def test_without_a_contract_there_is_no_price():
    of = roi(account(currency="BRL"), None, [HOURS], AS_OF)
    assert (of.price_minor, of.currency, of.returns[0].pct) == (None, "BRL", None)


@pytest.mark.parametrize(
    ("said", "minor", "currency", "less"),
    [
        ("USD 41,000", 4_100_000, "USD", 500_000),
        ("41000.50", 4_100_050, "USD", 500_050),
        ("33k", 3_300_000, "USD", -300_000),
        ("EUR 30,000", 3_000_000, "EUR", None),
        ("€45,000", 4_500_000, "EUR", None),
        ("R$ 41.000,00", 4_100_000, "BRL", None),
    ],
)
def test_the_other_way_that_was_found_stands_beside_the_price_of_a_year(said, minor, currency, less):
    """SAV-V, SAV-3: an amount that somebody recorded, and its day."""
    way = roi(account(), contract(arr_minor=3_600_000, currency="USD"), [], AS_OF, (said, AS_OF)).other_way
    assert way == (minor, currency, AS_OF, less)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "a clerk",
            "41,00,0",
            "2 clerks at 41,000",
            "USD or EUR 41,000",
            "3 analysts part time",
            "-500",
        ),
        *(
            "About EUR 45k a year",
            "about 1.5 million",
            "80 percent of ours",
            "Excel 365",
            "USD 41,000 a year",
        ),
        *("41,000", "0", "n/a", "unknown"),
    ],
)
def test_an_answer_that_is_not_an_amount_and_nothing_else_is_no_figure(said):
    """SAV-3, SAV-V: no figure is read out of prose; nothing is guessed."""
    assert roi(account(), contract(arr_minor=1, currency="USD"), [], AS_OF, (said, AS_OF)).other_way is None


def test_an_amount_without_a_currency_or_a_price_is_told_as_far_as_it_goes():
    bare = account(currency=None)
    assert roi(bare, None, [], AS_OF, ("41000", AS_OF)).other_way is None
    assert roi(bare, None, [], AS_OF, ("USD 41,000", AS_OF)).other_way == (4_100_000, "USD", AS_OF, None)
    named = metric(1, "Alternative: a clerk", value="1", rate="9", currency="USD", **YEAR)
    assert roi(account(), contract(), [named], AS_OF, ("USD 1", AS_OF)).other_way is None


def test_the_worth_of_an_account_stands_beside_no_price_where_another_contract_has_its_own():
    """SAV-V, SAV-3: a return on one price of two would be made up."""
    other = metric(2, "Alternative: a clerk", value="1", rate="85000", currency="USD", **YEAR)
    of = roi(account(), contract(), [HOURS, other], AS_OF, others=1)
    assert of.price_minor is None
    assert [(each.worth_minor, each.cost_minor, each.pct) for each in of.returns] == [(5_400_000, None, None)]
    assert [(way.worth_minor, way.net_minor) for _, way in of.alternatives] == [(8_500_000, None)]
    answered = roi(account(), contract(), [HOURS], AS_OF, ("USD 41,000", AS_OF), 1)
    assert answered.other_way == (4_100_000, "USD", AS_OF, None)
