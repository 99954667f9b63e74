"""What a person sets is read strictly, changes only what it says, and stays set."""

import json
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.edits import (
    SETTABLE,
    Facts,
    edit,
    field_of,
    minutes_of,
    near_fields,
    needs_contract,
    needs_reason,
    plain_value,
    read,
)
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Contract, Reading

AS_OF = date(2026, 3, 2)


def account(**facts):
    blank = dict.fromkeys(Account._fields)
    own = {
        "no": 1,
        "id": "A1",
        "name": "Acme",
        "search_name": "acme",
        "currency": "USD",
        "recorded_on": AS_OF,
    }
    return Account(**{**blank, **own, "strategic": 0, "champion_gone": 0, **facts})


def contract(**facts):
    blank = dict.fromkeys(Contract._fields)
    own = {"no": 4, "id": "A1", "account_no": 1, "arr_minor": 120_000_00, "currency": "USD", "state": "open"}
    own |= {"stage": "planned", "implied": 1, "cycle": 1, "recorded_on": AS_OF}
    own |= {"planned_from_on": date(2026, 1, 5), "renewal_on": date(2026, 5, 31), "renewal_day": 31}
    return Contract(**{**blank, **own, **facts})


def reading(**facts):
    return Reading(**{**dict.fromkeys(Reading._fields), "account_no": 1, "read_on": AS_OF, **facts})


def edited(who=None, of=None, readings=(), pinned=(), reason="agreed", **given_):
    who = who or account()
    of = contract() if of is None else of
    values = read(given_, who, of or None, AS_OF, "USD")
    if isinstance(values, Refusal):
        return values
    return edit(values, Facts(who, of or None, readings, frozenset(pinned)), reason, AS_OF)


def after(edits, entity):
    """Columns that change, of one entity."""
    return {k: v for c in edits.changes if c.entity == entity for k, v in (c.after or {}).items()}


def test_what_stands_already_changes_nothing():
    same = {
        "arr": "120000",
        "renewal_date": "2026-05-31",
        "name": "Acme",
        "strategic": "no",
        "currency": "USD",
    }
    assert edited(**same) == ((), ())


@given(st.integers(0, 9_000_000_000_00))
def test_an_amount_written_plainly_is_read_to_the_cent(minor):
    text = str(Decimal(minor).scaleb(-2))
    found = edited(of=contract(arr_minor=None), arr=text)
    assert after(found, "contract")["arr_minor"] == minor


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("130000", 130_000_00, "USD"),
        ("130000.50", 130_000_50, "USD"),
        ("130,000.50", 130_000_50, "USD"),
        ("130.000,50", 130_000_50, "USD"),
        ("EUR 130,000", 130_000_00, "EUR"),
        ("130.000 EUR", 130_000_00, "EUR"),
        ("R$ 130.000,00", 130_000_00, "BRL"),
        ("130k", 130_000_00, "USD"),
        ("JPY 130000", 130_000, "JPY"),
    ],
)
def test_an_amount_that_can_mean_one_thing_only_is_taken(text, minor, currency):
    found = after(edited(arr=text), "contract")
    assert (found["arr_minor"], found.get("currency", "USD")) == (minor, currency)


@pytest.mark.parametrize("text", ["130,000", "1.234", "a lot", "-5", "12%", "TBD", "1e99", "=1+1", "1;2"])
def test_an_amount_that_may_mean_two_things_or_none_is_refused(text):
    assert isinstance(edited(arr=text), Refusal)


def test_a_monthly_amount_is_twelve_times_as_much_a_year():
    assert after(edited(mrr="1000.01"), "contract")["arr_minor"] == 12_000_12


@pytest.mark.parametrize(
    "text", ["31/12/2026", "2026-13-01", "2026-2-1", "tomorrow", "0001-01-01", "20261231"]
)
@pytest.mark.parametrize("field", ["renewal_date", "cancel_notice_date", "early", "last_contact"])
def test_a_date_is_iso_or_refused(field, text):
    found = edited(**{field: text})
    assert isinstance(found, Refusal)
    assert found.code == "date-unreadable"


@given(st.dates(date(2026, 6, 1), date(2030, 12, 31)))
def test_a_new_renewal_date_plans_anew_from_today_and_keeps_its_day(day):
    found = after(edited(renewal_date=day.isoformat()), "contract")
    assert found == {"renewal_on": day, "planned_from_on": AS_OF} | (
        {} if day.day == 31 else {"renewal_day": day.day}
    )


def test_a_blank_clears_to_unknown():
    found = edited(arr="", renewal_date="", notice_days="")
    assert after(found, "contract") == {
        "arr_minor": None,
        "renewal_on": None,
        "renewal_day": None,
        "planned_from_on": AS_OF,
    }


def test_the_only_thing_a_name_cannot_be_is_blank():
    assert edited(name=" ").code == "name-missing"
    found = after(edited(name="Ácme  Brasil"), "account")
    assert (found["name"], found["search_name"]) == ("Ácme  Brasil", "acme brasil")


def test_a_currency_relabels_the_amounts_that_stand():
    who = account(expansion_minor=5_000_00)
    found = edited(who, currency="JPY")
    assert after(found, "contract") == {"arr_minor": 120_000, "currency": "JPY"}
    assert after(found, "account") == {"expansion_minor": 5_000, "currency": "JPY"}
    units = {
        each.field: (
            plain_value(each.column, each.before, each.currency_before),
            plain_value(each.column, each.after, each.currency_after),
        )
        for each in found.fields
    }
    assert units == {"arr": (120_000, 120_000), "currency": ("USD", "JPY"), "expansion_arr": (5_000, 5_000)}


def test_cents_are_not_lost_in_a_currency_without_them():
    assert edited(of=contract(arr_minor=1_50), currency="JPY").code == "amount-unreadable"


def test_an_amount_must_be_in_the_currency_set_with_it():
    assert edited(currency="EUR", arr="USD 5").code == "currency-conflict"
    assert after(edited(currency="EUR", arr="5"), "contract") == {"arr_minor": 5_00, "currency": "EUR"}


def test_an_accounts_own_amounts_stay_in_one_currency():
    who = account(target_arr_minor=9_00)
    assert edited(who, expansion_arr="EUR 5").code == "currency-conflict"
    assert edited(expansion_arr="EUR 5", target_arr="USD 6").code == "currency-conflict"
    assert after(edited(expansion_arr="EUR 5"), "account") == {"expansion_minor": 5_00, "currency": "EUR"}


def test_every_field_set_is_pinned_with_what_the_source_said():
    found = edited(arr="5", renewal_date="2026-06-01", csm="Ana", segment_override="smb", early="yes")
    pins = {(c.key, json.loads(c.after["source_value"])) for c in found.changes if c.entity == "pin"}
    assert pins == {
        (("contract", 4, "arr_minor"), 120_000_00),
        (("contract", 4, "renewal_on"), "2026-05-31"),
        (("account", 1, "csm"), None),
        (("account", 1, "segment_override"), None),
    }


def test_a_pin_that_stands_is_not_written_again():
    found = edited(arr="5", pinned=[("contract", 4, "arr_minor")])
    assert [c.entity for c in found.changes] == ["contract"]


def test_health_inputs_become_a_reading_of_the_day():
    old = reading(read_on=AS_OF - timedelta(days=40), nps=10.0, csat=4.0)
    found = edited(readings=[old], nps="30", usage_trend="-12.5")
    change, *pins = found.changes
    assert (change.entity, change.key, change.before) == ("health_reading", (1, AS_OF), None)
    assert {(each.entity, *each.after.values()) for each in pins} == {
        ("pin", "health_reading", 1, "nps", "10.0"),
        ("pin", "health_reading", 1, "usage_trend", "null"),
    }
    given_ = {k: v for k, v in change.after.items() if v is not None}
    assert given_ == {"account_no": 1, "read_on": AS_OF, "nps": 30.0, "usage_trend": -12.5}
    told = {each.field: (each.before, each.after) for each in found.fields}
    assert told == {"usage_trend": (None, -12.5), "nps": (10.0, 30.0)}


def test_a_second_input_of_the_day_joins_the_first():
    change, _ = edited(readings=[reading(nps=30.0)], csat="4.5").changes
    assert (change.before, change.after) == ({"csat": None}, {"csat": 4.5})
    assert edited(readings=[reading(nps=30.0)], nps="30") == ((), ())


@pytest.mark.parametrize(
    "words",
    [{"nps": "101"}, {"csat": "0"}, {"engagement": "101"}, {"health_score": "-1"}, {"open_tickets": "1.5"}],
)
def test_a_reading_off_its_scale_is_refused(words):
    assert isinstance(edited(**words), Refusal)


def test_growth_says_whether_it_is_percent():
    assert after(edited(growth_rate="25%"), "account")["growth_rate"] == 0.25
    assert after(edited(growth_rate="0.25"), "account")["growth_rate"] == 0.25
    assert isinstance(edited(growth_rate="25"), Refusal)


def test_a_champion_who_left_stays_known_by_name():
    who = account(champion="Joe")
    assert after(edited(who, champion="gone"), "account") == {"champion_gone": 1}
    gone = account(champion="Joe", champion_gone=1)
    assert after(edited(gone, champion="Eva"), "account") == {"champion": "Eva", "champion_gone": 0}
    assert after(edited(gone, champion=""), "account") == {"champion": None, "champion_gone": 0}


def test_an_override_carries_its_reason_and_both_go_together():
    found = after(edited(segment_override="Enterprise", reason="grows fast"), "account")
    assert found == {"segment_override": "enterprise", "segment_reason": "grows fast"}
    set_ = account(segment_override="enterprise", segment_reason="grows fast")
    assert after(edited(set_, segment_override=""), "account") == {
        "segment_override": None,
        "segment_reason": None,
    }
    assert edited(segment_override="huge").code == "enum-unknown"


def test_an_early_renewal_is_decided_today_on_a_day_or_not():
    assert after(edited(early="yes"), "account") == {"early_on": AS_OF}
    assert after(edited(early="2026-02-01"), "account") == {"early_on": date(2026, 2, 1)}
    assert after(edited(account(early_on=AS_OF), early="no"), "account") == {"early_on": None}


def test_a_severity_counts_from_the_day_it_is_set():
    found = after(edited(ticket_severity="1"), "account")
    assert found == {"ticket_severity": 1, "ticket_severity_on": AS_OF}
    assert edited(account(ticket_severity=1), ticket_severity="1") == ((), ())


def test_money_dates_and_overrides_need_a_reason_and_nothing_else_does():
    needing = set(needs_reason(SETTABLE))
    assert {"arr", "mrr", "currency", "expansion_arr", "target_arr", "renewal_date", "start_date"} <= needing
    assert {"cancel_notice_date", "segment_override", "early"} <= needing
    assert needing.isdisjoint({"csm", "name", "nps", "notice_days", "champion", "status", "strategic"})


def test_only_terms_need_a_contract():
    assert needs_contract(["arr"])
    assert needs_contract(["csm", "notice_days"])
    assert not needs_contract(["csm", "expansion_arr", "currency", "nps", "early"])


def test_every_account_field_of_the_import_can_be_set_but_the_keys():
    from renewctl.core.intake_fields import KINDS

    assert set(KINDS["accounts"]) - set(SETTABLE) == {"id", "contract_id"}


@pytest.mark.parametrize(
    ("typed", "meant"), [("renewal", "renewal_date"), ("ar", "arr"), ("Notice", "notice_days")]
)
def test_an_unknown_field_is_answered_with_near_ones(typed, meant):
    assert meant in near_fields(typed)


def test_a_field_like_no_other_is_answered_with_all():
    assert near_fields("qqq") == list(SETTABLE)


def test_columns_go_by_the_names_people_know():
    assert field_of("contract", "arr_minor") == "arr"
    assert field_of("contract", "renewal_on") == "renewal_date"
    assert field_of("account", "expansion_minor") == "expansion_arr"
    assert field_of("health_reading", "score") == "health_score"
    assert field_of("contract", "stage") == "stage"


@given(st.decimals(0, 100, places=3))
def test_hours_become_whole_minutes_exactly(hours):
    exact = Fraction(hours) * 60
    assert minutes_of(str(hours)) == round(exact)
    assert round(exact) == int((hours * 60).quantize(Decimal(1), ROUND_HALF_EVEN))


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "an hour", "1e9", "1:30"])
def test_what_is_no_time_is_no_time(text):
    assert minutes_of(text) is None


def test_a_decimal_comma_is_a_decimal_comma_in_hours():
    assert minutes_of("1,5") == 90


@pytest.mark.parametrize(
    ("column", "value", "currency", "shown"),
    [
        ("arr_minor", None, "USD", None),
        ("arr_minor", 0, "USD", 0),
        ("renewal_on", date(2026, 5, 31), None, "2026-05-31"),
        ("auto_renew", 0, None, False),
        ("auto_renew", None, None, None),
        ("notice_days", 0, None, 0),
    ],
)
def test_an_unknown_value_is_null_in_json_and_never_zero_or_false(column, value, currency, shown):
    found = plain_value(column, value, currency)
    assert (found, type(found)) == (shown, type(shown))


def test_an_account_without_a_contract_can_be_edited():
    found = edited(of=False, csm="Bo", expansion_arr="500")
    assert after(found, "account") == {"csm": "Bo", "expansion_minor": 500_00}
    assert {change.entity for change in found.changes} == {"account", "pin"}


FINEST = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}  # ISO 4217 minor digits


@given(
    st.one_of(st.none(), st.integers(0, 10**11), st.integers(0, 10**9).map(lambda units: units * 100)),
    st.one_of(st.none(), st.integers(0, 10**11), st.integers(0, 10**9).map(lambda units: units * 100)),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_a_new_currency_keeps_every_figure_as_written_or_names_the_one_it_cannot_hold(arr, expansion, code):
    who, of = account(expansion_minor=expansion), contract(arr_minor=arr)
    found = edited(who, of, currency=code)
    wanted = {}
    for field, minor in (("arr", arr), ("expansion_arr", expansion)):
        wanted[field] = None if minor is None else Fraction(minor, 100) * 10 ** FINEST[code]
    lacking = [field for field, minor in wanted.items() if minor is not None and minor.denominator > 1]
    if lacking:
        assert (found.code, found.message.split()[0]) == ("amount-unreadable", lacking[0])
        return
    stored = of._replace(**after(found, "contract")), who._replace(**after(found, "account"))
    assert (stored[0].arr_minor, stored[0].currency) == (wanted["arr"], code)
    assert (stored[1].expansion_minor, stored[1].currency) == (wanted["expansion_arr"], code)
