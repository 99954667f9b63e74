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
    # TML, TML-E, TML-M, TML-S
    steps = Planner(POLICY, WEEKDAYS).steps(facts(segment))
    assert {step.days for step in steps} == MILESTONES[segment]


@pytest.mark.parametrize("segment", SEGMENTS)
def test_nothing_reaches_the_customer_earlier_than_60_days_before(segment):
    # TML, TML-1
    steps = Planner(POLICY, WEEKDAYS).steps(facts(segment))
    early = [step for step in steps if step.days > 60]
    assert all(step.channel == "internal" for step in early)
    assert any(step.channel == "customer" for step in steps)


def test_the_review_at_90_is_for_larger_mid_market_only_and_its_alert_for_all():
    # TML-M, REM-90
    planner = Planner(POLICY, WEEKDAYS)
    for arr, reviewed in ((4_999_999, False), (5_000_000, True)):
        at_90 = [step for step in planner.steps(facts("mid_market", arr_minor=arr)) if step.days == 90]
        assert any(step.rule == "TML-M" for step in at_90) is reviewed
        assert any(step.rule == "REM-90" for step in at_90)


def test_escalations_stop_in_a_late_stage_and_for_smb_with_a_reply():
    # REM-14, REM-7
    planner = Planner(POLICY, WEEKDAYS)
    for segment, quiet in (
        ("enterprise", {"stage": "approving"}),
        ("mid_market", {"stage": "contract_sent"}),
        ("smb", {"replied": True}),
    ):
        loud = [step for step in planner.steps(facts(segment)) if step.purpose == "escalate"]
        hushed = [step for step in planner.steps(facts(segment, **quiet)) if step.purpose == "escalate"]
        assert {step.days for step in loud} == ({7} if segment == "smb" else {14, 7})
        assert hushed == []
        automatic = planner.steps(facts(segment, auto_renew=True))
        assert not any(step.purpose == "escalate" for step in automatic)


def test_a_guarded_account_loses_the_steps_only_risk_justifies():
    # HLT-5
    planner = Planner(POLICY, WEEKDAYS)
    everything = {step._replace(after=()) for step in planner.steps(facts())}
    guarded = {step._replace(after=()) for step in planner.steps(facts(guard=True))}
    assert guarded < everything
    assert {"risk_only"} == {name for step in everything - guarded for name in step.when}


def test_expansion_steps_need_an_expansion_and_its_terms_that_it_is_bundled():
    """BND-1: what is kept separate has no terms in the renewal's proposal."""
    planner = Planner(POLICY, WEEKDAYS)

    def names(**given):
        return {step.step for step in planner.steps(facts(**given))}

    assert not names() & {"expansion-talk", "expansion-terms"}
    separate = names(opportunity="expansion")
    assert "expansion-talk" in separate
    assert "expansion-terms" not in separate
    assert names(opportunity="expansion", bundled=True) - separate == {"expansion-terms"}


@given(
    st.sampled_from(SEGMENTS), st.sampled_from(POLICY.stages[:-2]),
    st.sets(st.sampled_from(["proposal", "value"])), st.booleans(), st.booleans(),
)  # fmt: skip
def test_a_step_is_open_or_shown_done_by_a_fact_and_never_both(segment, stage, papers, replied, auto):
    """TRK: each step the facts do not close stays, whatever stage was reached."""
    planner = Planner(POLICY, WEEKDAYS)
    known = facts(segment, stage=stage, papers=frozenset(papers), replied=replied, auto_renew=auto)
    open_steps = {step.step for step in planner.steps(known)}
    shown = {each.step.step: each.fact for each in planner.shown(known)}
    assert not open_steps & set(shown)
    before = {step.step for step in planner.steps(facts(segment, auto_renew=auto))}
    gone = before - open_steps - set(shown)
    ended = {"not_late_stage", "no_reply"}
    assert all(ended & set(step.when) for step in POLICY.timelines[segment] if step.step in gone)
    reached = POLICY.stages[: POLICY.stages.index(stage) + 1]
    for fact in shown.values():
        kind, _, what = fact.partition(":")
        assert {"stage": what in reached, "paper": what in papers, "reply": replied}[kind]


def test_what_a_step_builds_on_is_cut_down_to_steps_of_the_plan():
    planner = Planner(POLICY, WEEKDAYS)
    steps = {step.step: step for step in planner.steps(facts(guard=True))}
    assert steps["strategy"].after == ("review",)  # the risk assessment is dropped by the guard
    assert {step.step: step for step in planner.steps(facts())}["strategy"].after == (
        "review", "risk-assessment",
    )  # fmt: skip


# VAL, read off cadence.toml: months between, by segment.
EVERY = {"enterprise": {"qbr": 3, "value-mail": 1}, "mid_market": {"qbr": 6, "value-mail": 1},
         "smb": {"value-mail": 3}}  # fmt: skip


@given(st.sampled_from(SEGMENTS), days, st.integers(0, 800), st.integers(0, 90))
def test_recurring_work_comes_once_a_period_and_pauses_before_the_renewal(segment, renewal_on, lead, notice):
    """VAL: exactly one in each period between the first day and 60 days before the anchor."""
    anchor_on = renewal_on - timedelta(days=notice)
    first_on = renewal_on - timedelta(days=lead)
    planner = Planner(POLICY, WEEKDAYS)
    found = planner.recurring(segment, renewal_on, anchor_on, first_on, date.max)
    first = planner.first_recurring(segment, renewal_on, anchor_on, first_on)
    assert first == min((each.due_on for each in found), default=None)
    some = planner.recurring(segment, renewal_on, anchor_on, first_on, renewal_on - timedelta(days=200))
    assert set(some) == {each for each in found if each.due_on <= renewal_on - timedelta(days=200)}
    for name, every in EVERY[segment].items():
        mine = [each for each in found if each.cadence.name == name]
        assert len({each.step for each in mine}) == len(mine)
        wanted = [
            day
            for day in (first_on + timedelta(days=n) for n in range(lead + 1))
            if day < anchor_on - timedelta(days=60)
            and (day.month - renewal_on.month) % every == 0
            and (
                day.day == renewal_on.day or (day.day < renewal_on.day and (day + timedelta(days=1)).day == 1)
            )
        ]
        assert [each.due_on for each in mine] == wanted


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
    # ANCHOR
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
    # LATE, TML-1
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
    # LATE
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


def test_recurring_work_ends_with_the_years_there_are():
    # VAL
    last = date(9999, 12, 31)
    found = Planner(POLICY, WEEKDAYS).recurring("smb", last, last, date(9998, 9, 1), last)
    assert [each.due_on for each in found] == [date(9998, 9, 30), date(9998, 12, 31)]
