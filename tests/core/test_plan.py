"""The plan of a renewal says what the agenda says, and what was done beside it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.agenda import ContractAgenda
from renewctl.core.dates import WorkCalendar
from renewctl.core.due import DueContract
from renewctl.core.model import Activity, ItemState
from renewctl.core.plan import effort, plan
from renewctl.core.policy import Policy
from renewctl.core.timeline import Planner
from renewctl.policies.shipped import RAW

POLICY = Policy(RAW)
DAY = date(2026, 3, 2)
PLANNER = Planner(POLICY, WorkCalendar("", frozenset()))
AGENDA = ContractAgenda(POLICY, PLANNER, DAY)


def a_contract(**facts):
    known = {
        "no": 7, "id": "C7", "account_no": 1, "account_id": "A1", "account_name": "Acme", "auto_renew": 0,
        "renewal_on": DAY + timedelta(days=200), "planned_from_on": DAY, "stage": "planned", "cycle": 1,
        "arr_base_minor": 200_000_00, "segment_arr_minor": 200_000_00, "segment": "enterprise",
        "band": "green", "opportunity": "flat", "touch": "negotiated", "guard": 0, "owner": "Saul",
        "owner_role": "sales", "csm": "Cora", "sales_owner": "Saul",
    }  # fmt: skip
    return DueContract(**{**dict.fromkeys(DueContract._fields), **known, **facts})


def a_state(step, state="done", **facts):
    known = {"subject": "7", "account_no": 1, "cycle": 1, "step": step, "state": state, "set_on": DAY}
    return ItemState(**{**dict.fromkeys(ItemState._fields), "actor": "ana", **known, **facts})


segments = st.sampled_from(
    [("enterprise", 200_000_00), ("mid_market", 60_000_00), ("mid_market", 20_000_00), ("smb", 5_000_00)]
)
contracts = st.builds(
    lambda size, ahead, early, clause, notice, band, guard: a_contract(
        segment=size[0],
        segment_arr_minor=size[1],
        renewal_on=DAY + timedelta(days=ahead),
        planned_from_on=DAY - timedelta(days=early),
        auto_renew=clause,
        notice_days=notice,
        band=band,
        guard=guard,
    ),
    segments,
    st.integers(-40, 300),
    st.integers(0, 120),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([None, 30, 90]),
    st.sampled_from(["green", "yellow", "red", None]),
    st.integers(0, 1),
)
STEPS = sorted({step.step for steps in POLICY.timelines.values() for step in steps if step.days is not None})
done = st.dictionaries(st.sampled_from(STEPS), st.sampled_from(["done", "skipped"]), max_size=8)


@given(contracts, done)
def test_the_open_steps_of_a_plan_are_the_items_of_the_agenda(contract, closed):
    states = {step: a_state(step, state) for step, state in closed.items()}
    seen = plan(contract, states, AGENDA)
    dated = [day for day in seen.days if day.due_on is not None]
    opened = {(a.of.item, day.due_on, day.work_on) for day in dated for a in day.actions if a.state == "open"}
    owed = {(each.item, each.due_on, each.work_on) for each in AGENDA.items(contract, states, date.max)}
    assert opened == owed
    assert plan(contract, states, AGENDA, None, AGENDA.items(contract, states, date.max)) == seen


@given(contracts, done)
def test_every_step_stands_once_and_days_come_in_order(contract, closed):
    states = {step: a_state(step, state) for step, state in closed.items()}
    seen = plan(contract, states, AGENDA)
    items = [action.of.item for day in seen.days for action in day.actions]
    assert len(items) == len(set(items))
    days = [day.due_on for day in seen.days if day.due_on is not None]
    assert days == sorted(days)
    for day in seen.days:
        if {action.state for action in day.actions} <= {"done", "skipped"}:
            assert day.status in ("done", "skipped")
        elif day.due_on is not None:
            expected = "overdue" if day.due_on < DAY else "today" if day.due_on == DAY else "upcoming"
            assert day.status == expected


def test_a_closed_step_keeps_its_day_and_says_when_it_was_closed():
    seen = plan(a_contract(), {"notice": a_state("notice")}, AGENDA)
    (day,) = [day for day in seen.days if day.milestone_days == 60]
    assert day.due_on == DAY + timedelta(days=140)
    assert {a.state for a in day.actions} == {"open", "done"}
    assert next(a.set_on for a in day.actions if a.step == "notice") == DAY


@pytest.mark.parametrize("state", ["done", "skipped", "snoozed"])
def test_what_was_done_by_hand_stays_on_the_plan_when_a_fact_shows_it_too(state):
    # TRK
    closed = {"notice": a_state("notice", state, until_on=DAY if state == "snoozed" else None)}
    seen = plan(a_contract(stage="notified"), closed, AGENDA)
    (action,) = [a for day in seen.days for a in day.actions if a.step == "notice"]
    by_hand = (state, DAY, "")
    assert (action.state, action.set_on, action.shown_by) == (
        by_hand if state != "snoozed" else ("done", None, "stage:notified")
    )


def test_a_step_put_off_stands_on_the_day_it_comes_back():
    back = DAY + timedelta(days=150)
    seen = plan(a_contract(), {"notice": a_state("notice", "snoozed", until_on=back)}, AGENDA)
    (action,) = [a for day in seen.days if day.due_on == back for a in day.actions if a.step == "notice"]
    assert action.state == "snoozed"


def test_tacit_renewal_is_counted_back_from_the_opt_out_deadline():
    seen = plan(a_contract(auto_renew=1, notice_days=60), {}, AGENDA)
    assert (seen.anchor, seen.anchor_on) == ("opt_out_deadline", DAY + timedelta(days=140))
    plainly = plan(a_contract(auto_renew=1, notice_days=None), {}, AGENDA)
    assert (plainly.anchor, plainly.anchor_on) == ("renewal_date", DAY + timedelta(days=200))


def test_what_follows_a_signature_waits_without_a_day():
    last = plan(a_contract(), {}, AGENDA).days[-1]
    assert (last.trigger, last.due_on, last.milestone_days) == ("won", None, None)
    assert last.actions


def test_a_late_start_has_one_catch_up_that_lists_what_it_stands_for():
    seen = plan(a_contract(renewal_on=DAY + timedelta(days=50)), {}, AGENDA)
    (day,) = [day for day in seen.days if day.kind == "catch_up"]
    assert day.due_on == DAY + timedelta(days=2)
    assert len(day.actions[0].of.task.covers) > 5
    assert all(day.milestone_days is None or day.milestone_days <= 50 for day in seen.days)


def an_hour_note(minutes):
    return Activity(1, 1, 7, DAY, "call", "talked", minutes, "ana")


@pytest.mark.parametrize(
    ("segment", "minutes", "over"),
    [
        ("smb", 179, False),
        ("smb", 180, True),
        ("mid_market", 599, False),
        ("mid_market", 600, True),
        ("enterprise", 1499, False),
        ("enterprise", 1500, True),
    ],
)
def test_time_over_the_top_of_the_budget_says_that_the_process_is_broken(segment, minutes, over):
    # SEG-2
    seen = effort(segment, [an_hour_note(minutes - 60)], [a_state("notice", minutes=60)], POLICY)
    assert (seen.minutes, seen.over) == (minutes, over)
    assert (seen.because is not None) is over


def test_without_a_segment_there_is_no_budget_to_break():
    seen = effort(None, [an_hour_note(6000), an_hour_note(None)], [], POLICY)
    assert (seen.minutes, seen.budget_hours, seen.over) == (6000, None, False)


def test_what_follows_the_signature_of_the_cycle_before_stands_on_its_days():
    won_on = DAY - timedelta(days=1)
    seen = plan(a_contract(cycle=2, won_on=won_on), {}, AGENDA)
    table = RAW["timelines"]["enterprise"]
    expected = {
        (won_on + timedelta(days=row["after_days"]), f"7-{name}")
        for name, row in table.items()
        if row.get("trigger") == "won"
    }
    after = [day for day in seen.days if day.kind == "after_signature" and day.due_on is not None]
    assert {(day.due_on, action.of.item) for day in after for action in day.actions} == expected
    assert {day.trigger for day in after} == {"won"}
