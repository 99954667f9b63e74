"""The value summary shows what was measured, and nothing else."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.model import Account, ValueMetric
from renewctl.core.value import decimal, value_summary

AS_OF = date(2026, 3, 10)


def account(no=1, **facts):
    blank = dict.fromkeys(Account._fields)
    return Account(**{**blank, "no": no, "id": f"A{no}", "name": "Acme", "recorded_on": AS_OF, **facts})


def metric(no, name="Hours saved", **facts):
    blank = dict.fromkeys(ValueMetric._fields)
    return ValueMetric(**{**blank, "no": no, "account_no": 1, "metric": name, **facts})


def summary(*rows):
    return value_summary(account(), rows, AS_OF)


def test_an_account_without_metrics_has_no_figures_and_a_warning():
    found = summary()
    assert (found.gains, found.totals, found.quotes) == ((), (), ())
    assert len(found.warnings) == 1


def test_metrics_of_another_account_are_not_this_ones_value():
    assert value_summary(account(no=2), [metric(1, value="5")], AS_OF).gains == ()


def test_of_each_metric_the_latest_period_counts_whatever_the_order_of_rows():
    old = metric(1, value="10", period_start_on=date(2025, 7, 1), period_end_on=date(2025, 9, 30))
    new = metric(
        2, "hours  SAVED", value="20", period_start_on=date(2025, 10, 1), period_end_on=date(2025, 12, 31)
    )
    for rows in ([old, new], [new, old]):
        (gain,) = summary(*rows).gains
        assert gain.value == 20


def test_a_period_that_has_not_begun_is_a_plan_and_not_a_measurement():
    planned = metric(1, value="99", period_start_on=date(2026, 4, 1), period_end_on=date(2026, 6, 30))
    found = summary(planned, metric(2, value="7", period_end_on=date(2025, 12, 31)))
    assert [gain.value for gain in found.gains] == [7]
    assert any("not yet begun" in warning for warning in found.warnings)


def test_worth_needs_a_rate_and_a_currency():
    for facts in ({"rate": "45"}, {"currency": "USD"}, {"rate": "45", "currency": "??"}):
        (gain,) = summary(metric(1, value="100", **facts)).gains
        assert gain.worth_minor is None
    assert summary(metric(1, value="100", rate="45")).gains[0].missing == ("baseline", "period", "currency")


def test_a_blank_or_unreadable_value_is_missing_and_never_zero():
    for text in (None, "", " ", "n/a", "1e999999999", "nan", "inf", "1/3", "٣"):
        (gain,) = summary(metric(1, value=text, rate="45", currency="USD")).gains
        assert gain.value is None
        assert gain.worth_minor is None
        assert "value" in gain.missing


def test_a_real_zero_is_a_measurement():
    (gain,) = summary(metric(1, value="0", baseline="12", rate="45", currency="USD")).gains
    assert (gain.value, gain.worth_minor, gain.change, gain.change_pct) == (0, 0, -12, -100)


def test_a_change_from_a_baseline_of_zero_has_no_percentage():
    (gain,) = summary(metric(1, value="5", baseline="0")).gains
    assert (gain.change, gain.change_pct) == (5, None)


def test_two_currencies_and_two_periods_are_never_added():
    spring = {"period_start_on": date(2025, 1, 1), "period_end_on": date(2025, 6, 30)}
    autumn = {"period_start_on": date(2025, 7, 1), "period_end_on": date(2025, 12, 31)}
    found = summary(
        metric(1, "a", value="10", rate="2", currency="USD", **spring),
        metric(2, "b", value="10", rate="3", currency="USD", **spring),
        metric(3, "c", value="10", rate="5", currency="EUR", **spring),
        metric(4, "d", value="10", rate="7", currency="USD", **autumn),
    )
    assert [(total.currency, total.end_on, total.minor) for total in found.totals] == [
        ("USD", date(2025, 6, 30), 5000),
        ("EUR", date(2025, 6, 30), 5000),
        ("USD", date(2025, 12, 31), 7000),
    ]


def test_a_quote_said_twice_is_printed_once():
    assert summary(metric(1, "a", quote="Great "), metric(2, "b", quote="Great"), metric(3, "c")).quotes == (
        "Great",
    )


plain_decimals = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4)


@given(plain_decimals, plain_decimals, st.sampled_from([("USD", "0.01"), ("JPY", "1"), ("KWD", "0.001")]))
def test_worth_is_value_times_rate_to_the_smallest_coin_half_to_even(value, rate, money):
    currency, coin = money
    (gain,) = summary(metric(1, value=f"{value:f}", rate=f"{rate:f}", currency=currency)).gains
    expected = (value * rate).quantize(Decimal(coin), ROUND_HALF_EVEN)
    assert gain.worth_minor == int(expected / Decimal(coin))


@given(plain_decimals, plain_decimals)
def test_baseline_plus_change_is_the_value(value, baseline):
    (gain,) = summary(metric(1, value=f"{value:f}", baseline=f"{baseline:f}")).gains
    assert decimal(f"{baseline:f}") + gain.change == decimal(f"{value:f}")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400)), max_size=8), st.randoms())
def test_the_order_of_rows_changes_nothing(cells, random):
    rows = [
        metric(no, name, value=str(no), period_end_on=date.fromordinal(AS_OF.toordinal() - days))
        for no, (name, days) in enumerate(cells, 1)
    ]
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert summary(*rows) == summary(*shuffled)
