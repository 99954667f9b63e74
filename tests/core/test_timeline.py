"""The plan of one renewal: which steps, on which days, and what a late start does to them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.dates import WorkCalendar
from renewctl.core.policy import SEGMENTS
from renewctl.core.timeline import Facts, Planner, anchor
from tests.book import POLICY, WEEKDAYS

# Days before the renewal on which each segment acts, read off TML and REM.
MILESTONES = {
    "enterprise": {120, 90, 60, 45, 30, 14, 7},
    "mid_market": {90, 60, 45, 30, 14, 7},
    "smb": {60, 30, 14, 7},
}
ANCHOR = date(2026, 9, 1)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def facts(segment="enterprise", **given):
    arr = {"enterprise": 12_000_000, "mid_market": 6_000_000, "smb": 500_000}[segment]
    base = Facts(segment, arr, False, "flat", False, False, False)
    return base._replace(**given)


def keys(planned):
    return [each.step.step for each in planned]


@pytest.mark.parametrize("segment", SEGMENTS)
def test_each_segment_acts_on_the_days_of_its_timeline_and_no_others(segment):
    steps = Planner(POLICY, WEEKDAYS).steps(facts(segment))
    assert {step.days for step in steps} == MILESTONES[segment]


@pytest.mark.parametrize("segment", SEGMENTS)
def test_nothing_reaches_the_customer_earlier_than_60_days_before(segment):
    steps = Planner(POLICY, WEEKDAYS).steps(facts(segment))
    early = [step for step in steps if step.days > 60]
    assert all(step.channel == "internal" for step in early)
    assert any(step.channel == "customer" for step in steps)


def test_the_notice_and_the_reminder_at_60_are_one_action():
    for segment in ("enterprise", "mid_market"):
        at_60 = [step for step in POLICY.timelines[segment] if step.days == 60]
        assert sum(step.purpose == "notice" for step in at_60) == 1
        assert not any(step.kind == "reminder" and step.channel == "customer" for step in at_60)
    smb = [step for step in POLICY.timelines["smb"] if step.purpose == "notice"]
    assert [step.days for step in smb] == [30]
    assert not any(step.rule == "REM-90" for step in POLICY.timelines["smb"])


def test_the_review_at_90_is_for_larger_mid_market_only_and_its_alert_for_all():
    planner = Planner(POLICY, WEEKDAYS)
    for arr, reviewed in ((4_999_999, False), (5_000_000, True)):
        at_90 = [step for step in planner.steps(facts("mid_market", arr_minor=arr)) if step.days == 90]
        assert any(step.rule == "TML-M" for step in at_90) is reviewed
        assert any(step.rule == "REM-90" for step in at_90)


def test_escalations_stop_in_a_late_stage_and_for_smb_with_a_reply():
    planner = Planner(POLICY, WEEKDAYS)
    for segment, quiet in (("enterprise", "late_stage"), ("mid_market", "late_stage"), ("smb", "replied")):
        loud = [step for step in planner.steps(facts(segment)) if step.purpose == "escalate"]
        hushed = [
            step for step in planner.steps(facts(segment, **{quiet: True})) if step.purpose == "escalate"
        ]
        assert {step.days for step in loud} == ({7} if segment == "smb" else {14, 7})
        assert hushed == []
        automatic = planner.steps(facts(segment, auto_renew=True))
        assert not any(step.purpose == "escalate" for step in automatic)


def test_a_guarded_account_loses_the_steps_only_risk_justifies():
    planner = Planner(POLICY, WEEKDAYS)
    everything = set(planner.steps(facts()))
    guarded = set(planner.steps(facts(guard=True)))
    assert guarded < everything
    assert {"risk_only"} == {name for step in everything - guarded for name in step.when}


def test_expansion_steps_need_an_expansion():
    planner = Planner(POLICY, WEEKDAYS)
    assert "expansion-terms" not in {step.step for step in planner.steps(facts())}
    assert "expansion-terms" in {step.step for step in planner.steps(facts(opportunity="expansion"))}


@pytest.mark.parametrize(
    ("auto_renew", "notice", "expected"),
    [
        (1, 60, (date(2026, 7, 3), "opt_out_deadline")),
        (1, None, (ANCHOR, "renewal_date")),
        (0, 60, (ANCHOR, "renewal_date")),
        (None, 60, (ANCHOR, "renewal_date")),
    ],
)
def test_the_anchor_is_the_opt_out_deadline_only_where_renewal_is_tacit_and_the_notice_known(
    auto_renew, notice, expected
):
    assert anchor(ANCHOR, auto_renew, notice) == expected


@given(
    segment=st.sampled_from(SEGMENTS),
    anchor_on=days,
    lead=st.integers(-20, 200),
    guard=st.booleans(),
    opportunity=st.sampled_from(["flat", "expansion", "at_risk"]),
)
def test_every_step_is_on_its_day_or_in_the_catch_up_or_dropped_for_lack_of_time(
    segment, anchor_on, lead, guard, opportunity
):
    first_on = anchor_on - timedelta(days=lead)
    planner = Planner(POLICY, WEEKDAYS)
    shape = facts(segment, guard=guard, opportunity=opportunity)
    schedule = planner.schedule(shape, anchor_on, first_on)
    on_time = {step.step for step in planner.steps(shape) if step.days <= lead}
    late = {step.step for step in planner.steps(shape) if step.days > lead}
    dropped = {
        step.step for step in planner.steps(shape) if lead < 30 and step.purpose in ("prepare", "explore")
    }
    assert set(keys(schedule.steps)) == on_time
    assert {step.step for step in schedule.late} == late - dropped
    for each in schedule.steps:
        assert each.due_on == anchor_on - timedelta(days=each.step.days) >= first_on
    if late - dropped:
        assert schedule.catch_up_on == min(first_on + timedelta(days=2), anchor_on)
    else:
        assert schedule.catch_up_on is None
    limit = {"enterprise": 60}.get(segment, 0)
    assert schedule.squeezed == (lead < limit and bool(late - dropped))


def test_a_catch_up_goes_notice_risk_value_proposal():
    schedule = Planner(POLICY, WEEKDAYS).schedule(facts(), ANCHOR, ANCHOR - timedelta(days=35))
    purposes = [step.purpose for step in schedule.late]
    first = [purposes.index(purpose) for purpose in ("notice", "risk", "value", "proposal")]
    assert first == sorted(first)
    assert first[0] == 0


@given(anchor_on=days, offset=st.integers(0, 9))
def test_work_is_on_the_last_working_day_on_or_before_the_due_day(anchor_on, offset):
    holidays = frozenset({anchor_on, anchor_on - timedelta(days=offset)})
    planner = Planner(POLICY, WorkCalendar("XX", holidays))
    candidates = [anchor_on - timedelta(days=back) for back in range(12)]
    expected = next(day for day in candidates if day.isoweekday() <= 5 and day not in holidays)
    assert planner.work_on(anchor_on) == expected
