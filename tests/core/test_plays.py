"""A save: its clock, its dated steps with one owner each, its check-ins, and its lines in the agenda."""

import re
import tomllib
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import renewctl
from renewctl.core import case_file, case_items, case_report, moments, opening, plays, save_clock
from renewctl.core.due import BY_DAY, SAVE_CLOCK, in_order
from renewctl.core.model import CLOSED_SAVES, Account, Contract, ItemState, Ledger, Reading, SaveCase
from renewctl.core.policy import SCENARIOS, Policy
from renewctl.store.policy_files import shipped

BOOKS = Path(renewctl.__file__).parent / "policies" / "playbooks"
AS_OF = date(2026, 3, 10)
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Lisbon", "America/Sao_Paulo", "Pacific/Auckland"])


def policy(**general):
    raw = shipped().whole()
    team = general.pop("team", {})
    raw = {**raw, "general": {**raw["general"], **general}, "team": {**raw["team"], **team}}
    return Policy(raw, "test")


POLICY = policy()


def account(**facts):
    blank = dict.fromkeys(Account._fields)
    given = {"no": 1, "id": "A1", "name": "Acme", "strategic": 0, "champion_gone": 0, "csm": "Ana Prado"}
    return Account(**{**blank, "recorded_on": AS_OF, "currency": "USD", **given, **facts})


def contract(**facts):
    blank = dict.fromkeys(Contract._fields)
    given = {"no": 7, "id": "C7", "account_no": 1, "arr_minor": 2_000_000, "currency": "USD", "state": "open"}
    given |= {"renewal_on": date(2026, 6, 30), "stage": "planned", "cycle": 1, "recorded_on": AS_OF}
    return Contract(**{**blank, **given, **facts})


def renewal(who=None, contracts=None, rules=POLICY):
    found = [contract()] if contracts is None else contracts
    return case_file.renewal_of("s3", who or account(), found, [], rules, AS_OF, 0)


def opened(scenario="product", flagged_on=AS_OF, rules=POLICY, zone=UTC, who=None, at=None, contracts=None):
    who = who or account()
    flag = (flagged_on, *save_clock.clock(flagged_on, rules, zone, at))
    about = renewal(who, contracts, rules)
    case, _ = opening.open_case(3, who, about, scenario, flag, None, "eva", rules, AS_OF)
    return case, about


def planned(scenario="product", flagged_on=AS_OF, rules=POLICY, zone=UTC, who=None):
    case, about = opened(scenario, flagged_on, rules, zone, who)
    return case, about, plays.planned(file_of(case, about, who), rules, zone)


def file_of(case, about, who=None, states=None, ledger=Ledger()):  # noqa: B008 (it is immutable)
    return case_file.CaseFile(case, who or account(), about, (), states or {}, {}, ledger)


def asked(case, about, who=None, states=None, rules=POLICY, zone=UTC):
    """The steps that are to be done for certain, and the check-ins: what `due` asks for."""
    found = plays.planned(file_of(case, about, who, states), rules, zone)
    return tuple(each for each in found if each.fate == "active")


def items(case, about, states=None, until=date(2090, 1, 1), as_of=AS_OF, rules=POLICY, zone=UTC, who=None):
    """The lines of a case's steps and check-ins; what comes back each week is asked of test_case_items."""
    found = case_items.items(file_of(case, about, who, states), rules, zone, as_of, until, lambda day: day)
    return [each for each in found if not re.match("update|touch|report|attention", each.task.step)]


def state(step, kind="done", until_on=None):
    return ItemState("s3", 1, 1, step, kind, AS_OF, until_on, None, None, "eva")


def book(scenario):
    return tomllib.loads((BOOKS / f"{scenario}.toml").read_text("utf-8"))["playbooks"][scenario]


# --- the clock -------------------------------------------------------------------------------------


def test_a_bare_date_counts_from_nine_in_the_policys_time_zone():
    assert save_clock.clock(AS_OF, POLICY, UTC) == ("2026-03-10T09:00:00Z", "2026-03-12T09:00:00Z")
    lisbon_summer = save_clock.clock(date(2026, 7, 1), POLICY, ZoneInfo("Europe/Lisbon"))
    assert lisbon_summer == ("2026-07-01T08:00:00Z", "2026-07-03T08:00:00Z")


def test_forty_eight_hours_are_hours_and_not_two_days_where_the_clocks_change():
    # New York springs forward on 8 March 2026 at 2:00 and falls back on 1 November 2026.
    zone = ZoneInfo("America/New_York")
    assert save_clock.clock(date(2026, 3, 7), POLICY, zone) == (
        "2026-03-07T14:00:00Z",
        "2026-03-09T14:00:00Z",
    )
    assert moments.local_text("2026-03-09T14:00:00Z", zone) == "2026-03-09 10:00"
    _, autumn = save_clock.clock(date(2026, 10, 31), POLICY, zone)
    assert moments.local_text(autumn, zone) == "2026-11-02 08:00"


def test_an_hour_on_the_clock_can_fall_on_the_day_of_the_flag_when_clocks_go_back():
    rules = POLICY.raw
    midnight = Policy({**rules, "saves": {**rules["saves"], "day_starts": "00:00"}}, "test")
    zone = ZoneInfo("Europe/Lisbon")  # 25 October 2026 has 25 hours there
    _, _, steps = planned(flagged_on=date(2026, 10, 25), rules=midnight, zone=zone)
    call = next(each for each in steps if each.step == "call")
    assert (call.due_at, call.due_on) == ("2026-10-25T23:00:00Z", date(2026, 10, 25))


@given(DAYS, ZONES)
def test_respond_by_is_two_times_86400_seconds_after_the_flag_in_every_zone(day, name):
    begin, end = save_clock.clock(day, POLICY, ZoneInfo(name))
    first = datetime.strptime(begin, "%Y-%m-%dT%H:%M:%SZ")
    assert (datetime.strptime(end, "%Y-%m-%dT%H:%M:%SZ") - first).total_seconds() == 2 * 86_400
    local = first.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
    assert (local.date(), local.hour, local.minute) == (day, 9, 0)


def test_a_known_instant_is_taken_as_it_is():
    at = datetime(2026, 3, 10, 23, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
    assert save_clock.clock(AS_OF, POLICY, UTC, at) == ("2026-03-11T02:30:00Z", "2026-03-13T02:30:00Z")


@pytest.mark.parametrize(
    ("arr_minor", "notice_on", "target"),
    [
        (10_000_000, None, "2026-03-11T09:00:00Z"),
        (9_999_999, None, None),
        (9_999_999, date(2026, 3, 1), "2026-03-11T09:00:00Z"),
    ],
)
def test_enterprise_accounts_and_cancel_notices_carry_a_24_hour_target(arr_minor, notice_on, target):
    """SAV-1: in 24 to 48 hours."""
    who = account(cancel_notice_on=notice_on)
    case, _ = opened(who=who, contracts=[contract(arr_minor=arr_minor)])
    assert case.target_by == target


def test_the_clock_runs_then_is_late_and_stops_with_the_first_contact_alone():
    case, _ = opened()
    _, about = opened()

    def at(day, states):
        file = file_of(case, about, states=states)
        return save_clock.clock_state(file, plays.Plan(file, POLICY, UTC).first, POLICY, UTC, day)

    assert at(AS_OF, {})[:2] == ("running", 48.0)
    assert at(AS_OF + timedelta(2), {})[:2] == ("running", 0.0)
    assert at(AS_OF + timedelta(3), {})[:2] == ("late", -24.0)
    assert at(AS_OF + timedelta(3), {"escalate": state("escalate")})[0] == "late"
    assert at(AS_OF + timedelta(3), {"call": state("call", "skipped")})[0] == "late"
    answered = at(AS_OF + timedelta(3), {"call": state("call")})
    assert (answered.state, answered.answered_on) == ("answered", AS_OF)


# --- steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_step_of_every_playbook_is_there_once_on_its_day_in_order(scenario):
    case, about = opened(scenario)
    steps = plays.steps(file_of(case, about), POLICY, UTC)
    rows = book(scenario)["steps"]
    assert sorted(each.step for each in steps) == sorted(rows)
    for each in steps:
        row = rows[each.step]
        days = row["hours"] / 24 if "hours" in row else row["day"]
        assert (each.due_on - AS_OF).days == days, each.step
        assert (each.title, each.phase, each.channel) == (row["title"], row["phase"], row["channel"])
    assert [each.due_on for each in steps] == sorted(each.due_on for each in steps)


@given(DAYS, ZONES, st.sampled_from(SCENARIOS))
def test_step_days_are_calendar_days_over_month_ends_leap_days_and_clock_changes(day, name, scenario):
    rules = policy(time_zone=name)
    zone = ZoneInfo(name)
    case, _, steps = planned(scenario, day, rules, zone)
    start = datetime.fromisoformat(case.flagged_at).timestamp()
    rows = book(scenario)["steps"]
    for each in steps:
        row = rows.get(each.step) or {"day": int(each.step.rpartition("-")[2])}  # else checkin-30 …
        if "hours" in row:
            seen = datetime.fromtimestamp(start + row["hours"] * 3600, zone)
            assert each.due_on == seen.date()
        else:
            assert each.due_on.toordinal() - day.toordinal() == row["day"]


def test_days_after_28_february_know_leap_years():
    for year, third in ((2028, date(2028, 3, 2)), (2026, date(2026, 3, 3))):
        _, _, steps = planned(flagged_on=date(year, 2, 28))
        lead = next(each for each in steps if each.step == "technical-lead")
        assert lead.due_on == third
        assert (third - date(year, 2, 28)).days == 3 == monthrange(year, 2)[1] - 28 + third.day


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("csm", ["Ana Prado", None])
def test_every_step_has_exactly_one_owner_even_where_nobody_is_named(scenario, csm):
    _, _, steps = planned(scenario, who=account(csm=csm))
    assert {each.owner for each in steps} == {csm or "eva"}
    assert all(each.delegate for each in steps if csm is None and each.owner_role != "owner")


def test_a_step_goes_to_the_role_of_the_team_and_to_the_csm_as_delegate_where_it_is_vacant():
    rules = policy(team={"product_manager": "Pia Moss", "managers": {"Ana Prado": "Rui Costa"}})
    _, _, steps = planned(rules=rules)
    who = {each.step: (each.owner, each.delegate) for each in steps}
    assert who["roadmap"] == ("Pia Moss", False)
    assert who["escalate"] == ("Rui Costa", False)
    assert who["feasibility"] == ("Ana Prado", True)
    assert who["call"] == ("Ana Prado", False)


def test_a_step_of_the_renewals_owner_goes_to_that_person_and_names_the_role():
    who = account(sales_owner="Sol Vega")
    about = renewal(who, [contract(arr_minor=6_000_000)])
    case, _ = opened("budget", who=who)
    steps = plays.steps(file_of(case, about, who), POLICY, UTC)
    paper = next(each for each in steps if each.step == "paper")
    assert (paper.owner, paper.owner_role, paper.delegate) == ("Sol Vega", "sales", False)


def test_check_ins_are_provisional_from_the_flag_and_then_count_from_the_day_it_is_saved():
    case, about = opened(flagged_on=date(2024, 1, 31))
    found = plays.checkins(file_of(case, about), POLICY)
    assert [each.due_on for each in found] == [date(2024, 3, 1), date(2024, 3, 31), date(2024, 4, 30)]
    assert plays.provisional(case)
    saved = case._replace(state="saved", closed_on=date(2024, 2, 29))
    found = plays.checkins(file_of(saved, about), POLICY)
    assert [each.due_on for each in found] == [date(2024, 3, 30), date(2024, 4, 29), date(2024, 5, 29)]
    assert not plays.provisional(saved)


def test_milestones_end_on_days_1_3_7_28_and_30_after_the_flag():
    # SAV-7: day 1, days 2 to 3, week 1, weeks 2 to 4, day 30.
    case, _ = opened()
    found = [
        ((each.from_on - AS_OF).days, (each.due_on - AS_OF).days)
        for each in save_clock.milestones(case, POLICY)
    ]
    assert found == [(0, 1), (2, 3), (4, 7), (8, 28), (30, 30)]


def test_the_policy_says_on_which_days_a_milestone_is_in_time():
    raw = POLICY.raw
    table = raw["saves"]["milestones"]
    later = {**table, "week_1": {"text": "First interventions done", "days": [5, 9]}}
    other = Policy({**raw, "saves": {**raw["saves"], "milestones": later}}, "x")
    case, _ = opened()
    week = next(each for each in save_clock.milestones(case, other) if each.name == "week_1")
    assert [(day - AS_OF).days for day in (week.from_on, week.due_on)] == [5, 9]


def test_the_playbooks_version_changes_with_the_playbook_only():
    """SAV-11: results are told apart by it."""
    raw = POLICY.raw
    table = raw["playbooks"]["product"]
    other = Policy({**raw, "playbooks": {**raw["playbooks"], "product": {**table, "title": "Other"}}}, "x")
    version = opening.playbook_version
    assert version(POLICY.playbooks["product"]) == version(policy(time_zone="UTC").playbooks["product"])
    assert version(POLICY.playbooks["product"]) != version(other.playbooks["product"])
    assert len({version(each) for each in POLICY.playbooks.values()}) == len(SCENARIOS)


# --- opening ---------------------------------------------------------------------------------------


def test_opening_is_one_inserted_row_that_holds_the_whole_case():
    case, about = opened("value")
    again, changes = opening.open_case(
        3,
        account(),
        about,
        "value",
        (AS_OF, *save_clock.clock(AS_OF, POLICY, UTC)),
        None,
        "eva",
        POLICY,
        AS_OF,
    )
    assert again == case
    [change] = changes
    assert (change.entity, change.key, change.before) == ("save_case", (3,), None)
    assert SaveCase(**change.after) == case
    assert (case.contract_no, case.owner, case.closed_on) == (7, "Ana Prado", None)


def test_the_renewal_of_a_save_is_the_next_one_open_and_unknown_without_contract():
    later = contract(no=8, id="C8", renewal_on=date(2026, 9, 1), arr_minor=500_000)
    lost = contract(no=9, id="C9", renewal_on=date(2026, 4, 1), state="lost")
    about = renewal(contracts=[later, lost, contract()])
    assert (about.id, about.renewal_on, about.arr_base_minor) == ("C7", date(2026, 6, 30), 2_500_000)
    bare = renewal(contracts=[])
    assert (bare.id, bare.renewal_on, bare.arr_base_minor) == ("", case_file.UNKNOWN_ON, None)


@pytest.mark.parametrize("ended", CLOSED_SAVES)
def test_a_closed_case_is_no_open_one_and_cools_down_for_thirty_days(ended):
    case, _ = opened()
    closed = case._replace(state=ended, closed_on=AS_OF)
    assert case_file.open_one([closed, case]) == case
    assert case_file.open_one([closed]) is None
    assert opening.cooling_until([closed], POLICY, AS_OF + timedelta(30)) == AS_OF + timedelta(30)
    assert opening.cooling_until([closed], POLICY, AS_OF + timedelta(31)) is None
    assert opening.cooling_until([case], POLICY, AS_OF) is None


def test_what_is_on_record_is_named_and_nothing_else():
    assert opening.signals(account(), [], POLICY) == ()
    who = account(cancel_notice_on=date(2026, 3, 1), champion_gone=1, competitor="Rival", ticket_severity=1)
    blank = dict.fromkeys(Reading._fields)
    old = Reading(**{**blank, "account_no": 1, "read_on": date(2026, 1, 1), "open_tickets": 9, "csat": 2.5})
    new = Reading(
        **{**blank, "account_no": 1, "read_on": date(2026, 3, 1), "open_tickets": 4, "usage_trend": -30.0}
    )
    seen = [each.observed for each in opening.signals(who, [new, old], POLICY)]
    assert seen == [
        "cancellation notice of 2026-03-01",
        "the champion is gone",
        "competitor named: Rival",
        "a severity-1 ticket open",
        "CSAT 2.5 (2026-01-01)",
        "usage -30 % in 90 days (2026-03-01)",
    ]


@pytest.mark.parametrize(("tickets", "csat", "usage"), [(5, 2.5, -30.0), (4, 2.6, -29.0)])
def test_a_trigger_holds_at_its_limit_and_not_just_short_of_it(tickets, csat, usage):
    facts = {"account_no": 1, "read_on": AS_OF, "open_tickets": tickets, "csat": csat, "usage_trend": usage}
    found = opening.signals(account(), [Reading(**(dict.fromkeys(Reading._fields) | facts))], POLICY)
    said = ["5 open tickets (2026-03-10)", "CSAT 2.5 (2026-03-10)", "usage -30 % in 90 days (2026-03-10)"]
    assert [each.observed for each in found] == (said if tickets == 5 else [])


# --- the agenda ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_open_step_and_check_in_is_one_line_of_the_agenda_with_its_own_day(scenario):
    case, about = opened(scenario)
    found = {each.task.step: each for each in items(case, about)}
    steps = asked(case, about)
    assert {name: each.due_on for name, each in found.items()} == {each.step: each.due_on for each in steps}
    assert all(each.item == f"s3-{name}" for name, each in found.items())
    assert {each.task.kind for each in found.values()} == {"save"}
    assert {each.task.channel for each in found.values()} == {"internal", "customer"}
    assert {each.renewal.id for each in found.values()} == {"C7"}


def test_only_the_open_first_contact_has_the_rank_of_the_clock():
    case, about = opened()
    ranks = {each.task.step: each.rank for each in items(case, about)}
    assert ranks.pop("call") == SAVE_CLOCK
    assert set(ranks.values()) == {BY_DAY}
    done = items(case, about, {"call": state("call")})
    assert {each.rank for each in done} == {BY_DAY}


def test_a_first_contact_planned_after_the_clock_is_owed_when_the_clock_ends():
    raw = POLICY.raw
    table = raw["playbooks"]["product"]
    slow = {**table["steps"], "call": {**table["steps"]["call"], "hours": 96}}
    rules = Policy({**raw, "playbooks": {**raw["playbooks"], "product": {**table, "steps": slow}}}, "x")
    case, about = opened(rules=rules)
    call = next(each for each in items(case, about, rules=rules) if each.task.step == "call")
    assert call.due_on == AS_OF + timedelta(2)


def test_clocks_of_several_saves_come_in_the_order_of_respond_by():
    lines = []
    for no, ago in ((1, 0), (2, 3), (3, 1)):
        case, about = opened(flagged_on=AS_OF - timedelta(ago))
        found = items(case._replace(no=no), about._replace(subject=f"s{no}"))
        lines += [each for each in found if each.rank == SAVE_CLOCK]
    assert [each.renewal.subject for each in in_order(lines)] == ["s2", "s3", "s1"]


def test_done_and_skipped_steps_leave_and_a_snoozed_one_comes_back_on_its_day():
    case, about = opened()
    back_on = AS_OF + timedelta(20)
    states = {
        "call": state("call"),
        "escalate": state("escalate", "skipped"),
        "plan": state("plan", "snoozed", back_on),
    }
    found = {each.task.step: each.due_on for each in items(case, about, states)}
    assert "call" not in found
    assert "escalate" not in found
    assert found["plan"] == back_on
    near = {each.task.step for each in items(case, about, states, until=back_on - timedelta(1))}
    assert "plan" not in near


@given(st.integers(0, 120))
def test_a_first_contact_put_off_comes_back_on_the_day_of_the_clock_at_the_latest(days):
    case, about = opened()
    states = {"call": state("call", "snoozed", AS_OF + timedelta(days))}
    call = next(each for each in items(case, about, states) if each.task.step == "call")
    assert call.due_on == AS_OF + timedelta(min(days, 2))
    assert call.rank == SAVE_CLOCK


@given(st.integers(0, 120), st.integers(0, 120))
def test_a_wider_window_holds_everything_of_a_narrower_one(one, other):
    case, about = opened()
    near, far = sorted((one, other))
    narrow = items(case, about, until=AS_OF + timedelta(near))
    assert set(narrow) <= set(items(case, about, until=AS_OF + timedelta(far)))
    assert all(each.due_on <= AS_OF + timedelta(near) for each in narrow)


@pytest.mark.parametrize(("ended", "left"), [("saved", 3), ("partly_saved", 3), ("lost", 0), ("let_go", 0)])
def test_a_closed_case_owes_its_check_ins_when_the_customer_stayed_and_nothing_otherwise(ended, left):
    case, about = opened()
    closed = case._replace(state=ended, closed_on=AS_OF + timedelta(40))
    found = items(closed, about)
    assert len(found) == left
    assert [(each.due_on - AS_OF).days for each in found] == [70, 100, 130][:left]


# --- reports ---------------------------------------------------------------------------------------


def report(case, about, states=None, as_of=AS_OF, who=None, rules=POLICY, zone=UTC):
    file = case_file.CaseFile(case, who or account(), about, (), states or {})
    return case_report.Report(file, rules, zone, as_of)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_report_holds_everything_the_case_plans_and_the_four_measures_of_success(scenario):
    case, about, every = planned(scenario)
    found = report(case, about)
    assert found.file == file_of(case, about)
    assert found.steps + found.checkins == every
    assert len(found.success) == len(set(found.success)) == 4  # SAV-6
    assert [found.first_contact] == [each.step for each in every if each.step == "call"]
    assert found.milestones == save_clock.milestones(case, POLICY)
    assert found.clock == save_clock.clock_state(found.file, found.plan.first, POLICY, UTC, AS_OF)
    assert (found.provisional, found.changed_since, found.signals) == (True, False, ())


def test_a_report_says_that_the_playbook_is_not_the_one_the_case_began_with():
    """SAV-11."""
    case, about = opened("value")
    raw = POLICY.raw
    table = {**raw["playbooks"]["value"], "title": "Other"}
    other = Policy({**raw, "playbooks": {**raw["playbooks"], "value": table}}, "x")
    assert report(case, about, rules=other).changed_since
    assert not report(*opened("product", rules=other), rules=other).changed_since


@pytest.mark.parametrize(
    ("arr_minor", "managers", "together"),
    [
        (10_000_000, {"Ana Prado": "Rui Costa"}, "Rui Costa"),
        (9_999_999, {"Ana Prado": "Rui Costa"}, None),
        (10_000_000, {}, None),
    ],
)
def test_a_high_value_account_is_called_together_with_the_manager(arr_minor, managers, together):
    """SAV-1: CSM and manager together, at once."""
    rules = policy(team={"managers": managers})
    case, about = opened(rules=rules, contracts=[contract(arr_minor=arr_minor)])
    assert report(case, about, rules=rules).together_with == together


def test_without_any_step_there_is_no_first_contact_and_without_a_call_it_is_the_first_step():
    _, _, steps = planned()
    quiet = [each for each in steps if each.channel != "call" and each.step != "call"]
    assert plays.first_contact([]) is None
    assert plays.first_contact(quiet) == quiet[0].step
    other_call = quiet[1]._replace(channel="call")
    assert plays.first_contact([quiet[0], other_call]) == other_call.step


def test_saves_come_open_before_closed_running_clocks_first_and_then_what_is_due_next():
    case, about, every = planned()
    answered = {"call": state("call")}
    rest = {each.step: state(each.step) for each in every if each.due_on < AS_OF + timedelta(7)}
    order = [
        report(case, about, as_of=AS_OF),
        report(case._replace(no=4, respond_by="2026-03-12T10:00:00Z"), about),
        report(case._replace(no=5), about, answered),
        report(case._replace(no=6), about._replace(arr_base_minor=1), answered),
        report(case._replace(no=7), about._replace(arr_base_minor=None), answered),
        report(case._replace(no=8), about, answered | rest),
        report(case._replace(no=9, state="lost", closed_on=AS_OF), about),
    ]
    backwards = order[::-1]
    assert sorted(backwards, key=case_report.urgency) == order


@settings(max_examples=40)
@given(st.sampled_from(SCENARIOS), st.data())
def test_the_next_step_is_the_first_that_is_owed_with_put_off_ones_on_the_day_they_return(scenario, data):
    case, about = opened(scenario)
    every = asked(case, about)
    names = [each.step for each in every]
    gone = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["done", "skipped", "snoozed"])))
    states = {}
    owed = {}
    for each in every:
        if each.step not in gone:
            owed[each.step] = each.due_on
        elif gone[each.step] == "snoozed":
            until_on = AS_OF + timedelta(data.draw(st.integers(0, 120)))
            states[each.step] = state(each.step, "snoozed", until_on)
            # The first contact is owed within 48 hours of the flag, whatever it was put off to (SAV-1).
            owed[each.step] = min(until_on, AS_OF + timedelta(2)) if each.step == "call" else until_on
        else:
            states[each.step] = state(each.step, gone[each.step])
    found = case_report.next_step(report(case, about, states))
    assert (found and found.due_on) == min(owed.values(), default=None)
    assert found is None or owed[found.step] == found.due_on


@pytest.mark.parametrize("ended", CLOSED_SAVES)
def test_a_closed_case_owes_its_check_ins_next_when_the_customer_stayed_and_else_nothing(ended):
    case, about = opened()
    found = case_report.next_step(report(case._replace(state=ended, closed_on=AS_OF), about))
    if ended in ("saved", "partly_saved"):
        assert (found.phase, found.due_on) == ("check_in", AS_OF + timedelta(30))
    else:
        assert found is None


# --- what whoever opens a case hears ---------------------------------------------------------------


def told(who=None, rules=POLICY, cooling_on=None, arr_minor=2_000_000):
    who = who or account()
    case, about = opened(who=who, rules=rules, contracts=[contract(arr_minor=arr_minor)])
    return opening.remarks(case, who, about, rules, cooling_on)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, []),
        ({"cooling_on": date(2026, 4, 1)}, ["2026-04-01"]),
        ({"arr_minor": 499_999}, ["USD 5,000"]),
        ({"arr_minor": 500_000}, []),
        ({"arr_minor": None}, []),
        ({"who": account(csm=None)}, ["nobody is its CSM: eva"]),
        ({"who": account(csm=None), "rules": policy(team={"csm": "Cora"})}, []),
        ({"who": account(cancel_notice_on=date(2026, 3, 9))}, ["--flagged 2026-03-09"]),
        ({"who": account(cancel_notice_on=AS_OF)}, []),
        (
            {"cooling_on": date(2026, 4, 1), "arr_minor": 1, "who": account(csm=None)},
            ["2026-04-01", "USD 5,000", "nobody is its CSM"],
        ),
    ],
)
def test_whoever_opens_a_case_hears_what_speaks_against_it_and_nothing_else(facts, said):
    found = told(**facts)
    assert len(found) == len(said)
    assert all(words in each for words, each in zip(said, found, strict=True))
