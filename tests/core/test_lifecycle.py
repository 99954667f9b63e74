"""A renewal moves by rule: what winning and losing change, and what they never change."""

import json
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.intake import Refusal
from renewctl.core.lifecycle import Loss, Win, lost, move, won
from renewctl.core.model import Account, Contract, Outcome

AS_OF = date(2026, 3, 2)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def account(**facts):
    blank = dict.fromkeys(Account._fields)
    return Account(**{**blank, "no": 1, "id": "A1", "name": "Acme", "recorded_on": AS_OF, **facts})


def contract(**facts):
    blank = dict.fromkeys(Contract._fields)
    own = {"no": 1, "id": "A1", "account_no": 1, "arr_minor": 1_000_00, "currency": "USD", "stage": "planned"}
    own |= {"state": "open", "implied": 1, "cycle": 1, "planned_from_on": AS_OF, "recorded_on": AS_OF}
    own |= {"renewal_on": date(2026, 5, 31), "renewal_day": 31, "term_months": 12}
    return Contract(**{**blank, **own, **facts})


def win(of, arr=1_000_00, *, term=None, signed=AS_OF, outcomes=(), contracts=None, who=None, pinned=()):
    said = Win(arr, of.currency or "USD", term, signed)
    return won(
        who or account(), contracts or [of], of, outcomes, said, AS_OF, 7, frozenset(pinned), usual_term=12
    )


def applied(closing, of):
    """The contract after the changes, one by one."""
    for change in closing.changes:
        if change.entity == "contract":
            assert {name: getattr(of, name) for name in change.before} == change.before
            of = of._replace(**change.after)
    return of


@given(DAYS, st.integers(1, 60), st.integers(1, 5_000_00))
def test_winning_opens_the_next_cycle_where_the_old_one_ended(renewal_on, term, arr):
    old = contract(renewal_on=renewal_on, renewal_day=renewal_on.day)
    new = win(old, arr, term=term).contract
    assert new.start_on == renewal_on
    assert new.renewal_on == renewal_on + relativedelta(months=term)  # which clamps to the month's last day
    assert (new.cycle, new.stage, new.state, new.term_months) == (2, "planned", "open", term)
    assert (new.planned_from_on, new.won_on, new.arr_minor) == (AS_OF, AS_OF, arr)


@given(DAYS, st.lists(st.integers(1, 36), min_size=1, max_size=8))
def test_a_contract_keeps_its_day_of_month_however_often_it_renews(first, terms):
    of = contract(renewal_on=first, renewal_day=first.day)
    for term in terms:
        of = win(of, term=term).contract
        month_end = (of.renewal_on + relativedelta(day=31)).day
        assert of.renewal_on.day == min(first.day, month_end)
    assert of.renewal_on == first + relativedelta(months=sum(terms))


def test_the_29th_of_february_comes_back_in_the_leap_year():
    of = contract(renewal_on=date(2024, 2, 29), renewal_day=29)
    seen = []
    for _ in range(4):
        of = win(of).contract
        seen.append(of.renewal_on.isoformat())
    assert seen == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_win_is_partial_exactly_when_the_arr_is_lower(before, after):
    outcome = win(contract(arr_minor=before), after).outcome
    assert outcome.result == ("partial" if after < before else "won")
    assert (outcome.arr_before_minor, outcome.arr_after_minor) == (before, after)
    assert (outcome.cycle, outcome.renewal_on, outcome.closed_on) == (1, date(2026, 5, 31), AS_OF)


def test_a_win_over_an_unknown_arr_is_no_partial_one():
    outcome = win(contract(arr_minor=None, currency=None), 5).outcome
    assert (outcome.result, outcome.arr_before_minor) == ("won", None)


@given(DAYS, st.sampled_from([None, 6, 24]), st.integers(1, 3_000_00))
def test_the_contract_a_closing_tells_is_the_one_its_changes_make(renewal_on, term, arr):
    old = contract(renewal_on=renewal_on, renewal_day=renewal_on.day)
    closing = win(old, arr, term=term)
    assert applied(closing, old) == closing.contract


def test_winning_again_on_the_day_with_the_same_terms_changes_nothing():
    first = win(contract(), 1_200_00)
    again = win(first.contract, 1_200_00, outcomes=[first.outcome])
    assert again.changes == ()
    assert again.outcome == first.outcome


def test_winning_again_on_the_day_with_other_terms_is_refused():
    first = win(contract(), 1_200_00)
    for other in ({"arr": 1_300_00}, {"arr": 1_200_00, "term": 24}):
        refused = win(first.contract, outcomes=[first.outcome], **other)
        assert isinstance(refused, Refusal)
        assert refused.code == "already-won"


def test_the_next_cycle_can_be_won_on_another_day():
    first = win(contract(), signed=AS_OF - timedelta(days=1))
    assert win(first.contract, outcomes=[first.outcome]).contract.cycle == 3


def test_what_cannot_be_won_is_refused_by_name():
    assert win(contract(renewal_on=None, renewal_day=None)).code == "no-renewal-date"
    assert win(contract(state="lost")).code == "not-open"
    assert win(contract(), signed=AS_OF + timedelta(days=1)).code == "not-yet"
    assert win(contract(), 0).code == "won-nothing"
    euro = Win(5, "EUR", None, AS_OF)
    foreign = won(account(), [contract()], contract(), [], euro, AS_OF, 1, usual_term=12)
    assert foreign.code == "currency-conflict"


KNOWN = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31))


@given(KNOWN, KNOWN, st.dates(date(2023, 1, 1), AS_OF))
def test_a_signature_is_refused_exactly_when_an_earlier_term_is_known_to_have_been_running(
    start_on, won_on, signed
):
    """TRK: after the last outcome, in the term that runs; of what is unknown nothing is assumed."""
    of = contract(start_on=start_on, won_on=won_on, renewal_on=date(2027, 5, 31))
    began = {day for day in (start_on,) if day is not None and day <= AS_OF}
    too_early = any(signed < day for day in began | ({won_on} - {None}))
    found = win(of, signed=signed)
    assert isinstance(found, Refusal) == too_early
    if too_early:
        latest = max(began | ({won_on} - {None}))
        assert (found.code, f"{signed} is before {latest}, when" in found.message) == ("before-term", True)


@given(KNOWN, st.dates(date(2023, 1, 1), date(2028, 12, 31)))
def test_a_new_term_starts_inside_the_running_one_or_from_an_unknown_day_up_to_its_end(start_on, starts_on):
    """OPP-4"""
    of = contract(start_on=start_on, renewal_on=date(2027, 5, 31))
    said = Win(1_000_00, "USD", 12, AS_OF, "early", starts_on)
    found = won(account(), [of], of, (), said, AS_OF, 7, usual_term=12)
    inside = (start_on is None or start_on < starts_on) and starts_on <= of.renewal_on
    assert inside == (not isinstance(found, Refusal))
    assert inside or found.code == "start-outside-term"


def test_a_contract_without_charge_renews_without_charge():
    assert win(contract(arr_minor=0), 0).outcome.result == "won"


def test_parts_of_a_win_over_an_unknown_arr_are_kept_as_said_and_the_rest_is_not_guessed():
    """TERMS: nobody knows what the old ARR leaves for the other part."""
    of = contract(arr_minor=None)
    said = Win(1_000_00, "USD", None, AS_OF, uplift_minor=50_00)
    agreed = won(account(), [of], of, [], said, AS_OF, 7, usual_term=12).agreed
    assert (agreed.uplift_minor, agreed.expansion_minor) == (50_00, None)


def test_an_unknown_term_is_a_year():
    assert win(contract(term_months=None)).contract.renewal_on == date(2027, 5, 31)


def test_what_the_source_said_is_pinned_where_the_win_moved_it():
    closing = win(contract(), 1_200_00, term=24)
    pins = {
        c.after["field"]: json.loads(c.after["source_value"]) for c in closing.changes if c.entity == "pin"
    }
    assert pins == {
        "arr_minor": 1_000_00,
        "renewal_on": "2026-05-31",
        "start_on": None,
        "term_months": 12,
    }


def test_a_pin_that_stands_keeps_what_the_source_said_first():
    closing = win(contract(), 1_200_00, pinned=[("contract", 1, "arr_minor")])
    fields = {c.after["field"] for c in closing.changes if c.entity == "pin"}
    assert "arr_minor" not in fields
    assert "renewal_on" in fields


def test_an_early_decision_is_spent_by_the_win_of_the_only_contract():
    who = account(early_on=date(2026, 1, 5))
    (change,) = [c for c in win(contract(), who=who).changes if c.entity == "account"]
    assert change.after == {"early_on": None}
    two = [contract(), contract(no=2, id="X")]
    assert not [c for c in win(two[0], who=who, contracts=two).changes if c.entity == "account"]


def test_a_signature_withdraws_the_cancellation_given_before_it_and_pins_that():
    who = account(cancel_notice_on=date(2026, 2, 1))
    closing = win(contract(), who=who)
    (change,) = [c for c in closing.changes if c.entity == "account"]
    assert (change.before, change.after) == (
        {"cancel_notice_on": date(2026, 2, 1)},
        {"cancel_notice_on": None},
    )
    assert closing.withdrawn_on == date(2026, 2, 1)
    (pin,) = [c.after for c in closing.changes if c.entity == "pin" and c.key[0] == "account"]
    assert (pin["row_no"], pin["field"], json.loads(pin["source_value"])) == (
        1,
        "cancel_notice_on",
        "2026-02-01",
    )
    again = win(contract(), who=who, pinned=[("account", 1, "cancel_notice_on")])
    assert not [c for c in again.changes if c.entity == "pin" and c.key[0] == "account"]


def test_a_cancellation_stands_that_came_after_the_signature_or_may_be_about_another_contract():
    late = account(cancel_notice_on=AS_OF)
    assert win(contract(), who=late, signed=date(2026, 3, 1)).withdrawn_on is None
    who = account(cancel_notice_on=date(2026, 2, 1))
    two = [contract(), contract(no=2, id="X")]
    closing = win(two[0], who=who, contracts=two)
    assert closing.withdrawn_on is None
    assert not [c for c in closing.changes if c.entity == "account"]
    ended = [contract(), contract(no=2, id="X", state="lost")]
    assert win(ended[0], who=who, contracts=ended).withdrawn_on == date(2026, 2, 1)


def test_a_contract_without_a_term_renews_for_the_usual_one_of_the_policy():
    of = contract(term_months=None)
    said = Win(1_000_00, "USD", None, AS_OF)
    closing = won(account(), [of], of, [], said, AS_OF, 7, usual_term=24)
    assert (closing.contract.term_months, closing.contract.renewal_on) == (24, date(2028, 5, 31))


def loss(of, outcomes=(), **said):
    said = {"reason": "price", "competitor": None, "lost_on": None, "told_on": None, **said}
    return lost(account(), of, outcomes, Loss(**said), AS_OF, 7)


def test_losing_ends_the_contract_and_tells_why():
    old = contract(stage="negotiating")
    closing = loss(old, competitor="Rival", lost_on=date(2026, 1, 5), told_on=date(2026, 2, 1))
    assert applied(closing, old) == closing.contract == old._replace(state="lost", stage="lost")
    outcome = closing.outcome
    assert (outcome.result, outcome.arr_before_minor, outcome.arr_after_minor) == ("lost", 1_000_00, 0)
    assert (outcome.reason, outcome.competitor) == ("price", "Rival")
    assert (outcome.lost_on, outcome.told_on, outcome.closed_on) == (
        date(2026, 1, 5),
        date(2026, 2, 1),
        AS_OF,
    )


def test_losing_an_unknown_arr_leaves_it_unknown():
    outcome = loss(contract(arr_minor=None)).outcome
    assert (outcome.arr_before_minor, outcome.arr_after_minor) == (None, None)


def test_losing_twice_changes_nothing_the_second_time():
    first = loss(contract())
    again = loss(first.contract, [first.outcome], reason="other")
    assert (again.changes, again.outcome) == ((), first.outcome)


def test_a_loss_cannot_lie_in_the_future():
    assert loss(contract(), lost_on=AS_OF + timedelta(days=1)).code == "not-yet"
    assert loss(contract(), told_on=AS_OF + timedelta(days=1)).code == "not-yet"


def test_a_replaced_contract_can_be_neither_won_nor_lost_nor_moved():
    of = contract(state="superseded")
    assert {win(of).code, loss(of).code, move(of, "notified").code} == {"not-open"}


def test_a_stage_moves_and_stays():
    (change,) = move(contract(), "notified")
    assert (change.before, change.after) == ({"stage": "planned"}, {"stage": "notified"})
    assert move(contract(stage="notified"), "notified") == ()


def test_won_and_lost_are_reached_by_their_outcome_only():
    for stage in ("won", "lost"):
        assert move(contract(), stage).code == "stage-by-outcome"


def test_an_outcome_of_another_cycle_or_contract_is_not_this_one():
    first = win(contract(), 1_200_00)
    for other in ({"cycle": 9}, {"contract_no": 2}, {"result": "lost"}):
        assert isinstance(first.outcome, Outcome)
        again = win(first.contract, 1_200_00, outcomes=[first.outcome._replace(**other)])
        assert again.contract.cycle == 3


def test_a_contract_that_ended_without_a_recorded_loss_cannot_be_lost_again():
    of = contract(state="lost", stage="lost")
    other = win(contract()).outcome
    for outcomes in ([], [other]):
        found = loss(of, outcomes)
        assert (found.code, "was lost" in found.message) == ("not-open", True)


def test_of_several_recorded_losses_the_latest_is_told():
    first = loss(contract())
    later = first.outcome._replace(no=8, closed_on=AS_OF + timedelta(days=1))
    assert loss(first.contract, [later, first.outcome]).outcome == later
