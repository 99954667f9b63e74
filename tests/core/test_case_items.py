"""What a save owes beside its steps: updates, promises, service levels, recovery, in the agenda."""

import calendar
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import case_file, case_items, case_report, plays, save_clock
from renewctl.core.due import BY_DAY, MISSED_PROMISE, SAVE_CLOCK, in_order
from renewctl.core.model import Ledger, SaveEvent, ServiceLevel, ServiceResponse
from tests.core.test_plays import AS_OF, POLICY, account, file_of, opened, state
from tests.core.test_promises import made

CASE, ABOUT = opened()
FAR = date(2090, 1, 1)


def file(states=None, case=CASE, **ledger):
    return file_of(case, ABOUT, None, states, Ledger(**ledger))


def lines(found, as_of=AS_OF, until=FAR):
    """step -> line of everything but the playbook's own steps."""
    every = case_items.items(found, POLICY, UTC, as_of, until, lambda day: day)
    known = {each.step for each in POLICY.playbooks[found.case.scenario].steps}
    return {each.task.step: each for each in every if each.task.step not in known}


def months_later(day, months):
    """A second way to count months: the same day, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


# --- the weekly update -----------------------------------------------------------------------------


@given(st.integers(0, 200), st.sets(st.integers(1, 25)))
def test_every_week_an_update_is_owed_one_that_is_due_and_the_next_and_the_missed_are_counted(seen, done):
    """SAV-9: even with nothing to report; one overdue line at most."""
    as_of = AS_OF + timedelta(seen)
    states = {f"update-{number}": state(f"update-{number}") for number in done}
    found = {step: each for step, each in lines(file(states), as_of).items() if step.startswith("update-")}
    last = max([0, *done])
    # Weeks after the last one sent: those due so far, and the first that is not sent and lies ahead.
    due = list(range(last + 1, seen // 7 + 1))
    ahead = max(seen // 7, last) + 1
    expected = {f"update-{number}": len(due) - 1 for number in due[-1:]} | {f"update-{ahead}": 0}
    assert set(found) == set(expected)
    for step, missed in expected.items():
        number = int(step.partition("-")[2])
        assert found[step].due_on == AS_OF + timedelta(7 * number)
        assert found[step].task.note == (f"{missed} before it never done" if missed else "")
        assert found[step].rank == (SAVE_CLOCK if found[step].due_on < as_of else BY_DAY)
        assert found[step].task.kind == "promise"


def test_an_update_put_off_comes_back_on_its_day_and_none_is_owed_once_the_case_has_ended():
    put_off = file({"update-1": state("update-1", "snoozed", AS_OF + timedelta(9))})
    assert lines(put_off)["update-1"].due_on == AS_OF + timedelta(9)
    for ended in ("saved", "lost"):
        closed = file(case=CASE._replace(state=ended, closed_on=AS_OF))
        assert not [step for step in lines(closed, AS_OF + timedelta(30)) if step.startswith("update-")]


def test_a_report_names_the_update_that_is_owed_next_while_the_case_runs():
    report = lambda found, on: case_report.Report(found, POLICY, UTC, on).next_update  # noqa: E731
    assert report(file(), AS_OF) == (1, AS_OF + timedelta(7), 0)
    assert report(file(), AS_OF + timedelta(21)) == (3, AS_OF + timedelta(21), 2)
    assert report(file(case=CASE._replace(state="lost", closed_on=AS_OF)), AS_OF) is None


# --- promises --------------------------------------------------------------------------------------


def test_a_promise_missed_broken_or_due_soon_is_louder_than_all_and_a_far_one_is_not():
    """SAV-9: the loudest lines in the tool."""
    ledger = [
        made(1, due=-1), made(2, due=3), made(3, due=4), made(4, state="broken", settled=0, due=-2),
        made(5, state="kept", settled=1), made(6, state="withdrawn", settled=1),
        made(7, state="broken", settled=0), made(8, due=4, replaces_no=7),
    ]  # fmt: skip
    found = lines(file(promises=tuple(ledger)))
    ranks = {step: each.rank for step, each in found.items() if step[0] == "p"}
    loud = dict.fromkeys(("p1", "p2", "p4"), MISSED_PROMISE)
    assert ranks == {**loud, "p3": BY_DAY, "p8": BY_DAY}
    assert found["p1"].task.title == "MISSED PROMISE: thing 1"
    assert found["p4"].task.title == "BROKEN PROMISE: thing 4"
    assert {each.who.person for step, each in found.items() if step[0] == "p"} == {"Ana"}
    every = case_items.items(file(promises=tuple(ledger)), POLICY, UTC, AS_OF, FAR, lambda day: day)
    first = [each.task.step for each in in_order(every)]
    assert set(first[:3]) == {"p1", "p2", "p4"}
    assert first[3] == "call"  # then the clock
    assert next(each.rank for each in every if each.task.step == "call") == SAVE_CLOCK


def test_a_promise_names_whom_it_was_given_to_and_what_it_waits_for():
    ledger = (made(1, to_whom="Joe"), made(2, due=9, after_no=1))
    found = lines(file(promises=ledger))
    assert found["p1"].task.title == "Promise: thing 1 (Joe)"
    assert found["p2"].task.waits_for == ("p1",)


def test_what_was_promised_is_owed_after_the_save_too_and_not_to_a_customer_that_is_gone():
    for ended, owed in (("saved", True), ("partly_saved", True), ("lost", False), ("let_go", False)):
        closed = file(case=CASE._replace(state=ended, closed_on=AS_OF), promises=(made(1),))
        assert ("p1" in lines(closed)) == owed


# --- service levels --------------------------------------------------------------------------------


def test_a_call_upon_a_service_level_is_owed_at_its_hour_and_a_rhythm_on_its_day():
    """SAV-R: in writing, with compliance tracked."""
    support = ServiceLevel(1, 1, 3, "support", "answer in 4 h", 240, None, AS_OF, None, "eva")
    review = ServiceLevel(2, 1, 3, "review", "a monthly review", None, 30, AS_OF, None, "eva")
    asked = ServiceResponse(5, 1, 1, "2026-03-12T22:30:00Z", None, None, "eva")
    answered = ServiceResponse(6, 1, 1, "2026-03-12T22:30:00Z", "2026-03-12T23:00:00Z", None, "eva")
    other = ServiceResponse(7, 1, 9, "2026-03-12T22:30:00Z", None, None, "eva")
    given = file(levels=(support, review), responses=(asked, answered, other))
    found = lines(given)
    mine = {step: each.due_on for step, each in found.items() if step[:5] in ("level", "answe")}
    assert mine == {"answer5": date(2026, 3, 13), "level2-1": AS_OF + timedelta(30)}
    assert found["answer5"].task.note == "answer by 2026-03-13 02:30 UTC"
    assert found["answer5"].rank == BY_DAY
    late = lines(given, AS_OF + timedelta(61))
    assert late["answer5"].rank == MISSED_PROMISE
    assert late["level2-2"].rank == MISSED_PROMISE
    assert late["level2-2"].task.note == "1 before it never done"
    assert late["level2-3"].rank == BY_DAY
    assert "level2-1" not in late


# --- recovery --------------------------------------------------------------------------------------


@given(st.dates(date(2023, 1, 1), date(2040, 12, 31)))
def test_the_recovery_is_a_touch_a_week_a_report_a_month_three_check_ins_and_six_months_of_attention(day):
    """SAV-10: over month ends and leap days, from the day the account was saved."""
    saved = file(case=CASE._replace(state="saved", closed_on=day))
    found = case_items.recovery(saved, POLICY)
    assert found["touch"] == [(n, date.fromordinal(day.toordinal() + 7 * n)) for n in range(1, 13)]
    assert found["report"] == [(n, date.fromordinal(day.toordinal() + 30 * n)) for n in (1, 2, 3)]
    assert found["attention"] == [(n, months_later(day, n)) for n in (4, 5, 6)]
    assert case_items.attention_until(day, POLICY) == months_later(day, 6)
    checkins = [each.due_on for each in plays.checkins(saved, POLICY)]
    assert checkins == [date.fromordinal(day.toordinal() + days) for days in (30, 60, 90)]


@given(st.integers(0, 200))
def test_of_each_kind_of_recovery_one_line_is_due_at_most_and_one_lies_ahead(seen):
    """SAV-10"""
    saved = file(case=CASE._replace(state="saved", closed_on=AS_OF))
    as_of = AS_OF + timedelta(seen)
    found = lines(saved, as_of)
    assert {each.task.kind for each in found.values()} <= {"recovery"}
    for kind in ("touch", "report", "attention"):
        mine = [each.due_on for step, each in found.items() if step.startswith(f"{kind}-")]
        assert sum(on <= as_of for on in mine) <= 1
        assert sum(on > as_of for on in mine) <= 1
        last = max(on for _, on in case_items.recovery(saved, POLICY)[kind])
        assert any(on > as_of for on in mine) == (as_of < last)
    assert {each.rank for each in found.values()} == {BY_DAY}


def test_a_report_tells_what_a_kept_customer_is_owed_in_the_next_month_the_first_first():
    """SAV-10"""
    report = lambda case: case_report.Report(file(case=case), POLICY, UTC, AS_OF).recovery  # noqa: E731
    saved = report(CASE._replace(state="saved", closed_on=AS_OF))
    assert [each.task.step for each in saved] == ["touch-1", "checkin-30", "report-1"]
    assert [each.due_on for each in saved] == [AS_OF + timedelta(days) for days in (7, 30, 30)]
    assert report(CASE) == report(CASE._replace(state="lost", closed_on=AS_OF)) == []


def test_done_recovery_work_is_not_owed_again_and_a_case_that_runs_owes_none():
    saved = CASE._replace(state="saved", closed_on=AS_OF)
    found = lines(file({"touch-1": state("touch-1")}, case=saved), AS_OF + timedelta(8))
    assert [step for step in found if step.startswith("touch-")] == ["touch-2"]
    assert case_items.recovery(file(), POLICY) == {}


def test_each_line_of_a_relapsed_case_carries_its_round():
    """SAV-10"""
    event = SaveEvent(1, 1, 3, 2, "reopened", "saved", "worse", AS_OF, None, "eva")
    every = case_items.items(
        file(events=(event,), promises=(made(1),)), POLICY, UTC, AS_OF, FAR, lambda day: day
    )
    assert {each.item.partition("-")[0] for each in every} == {"s3.2"}


# --- facts, conditions, the clock ------------------------------------------------------------------


def note(no, kind, name, text=None, at=None, on=AS_OF, round_=1):
    return SaveEvent(no, 1, 3, round_, kind, name, text, on, at, "eva")


@pytest.mark.parametrize(
    ("at", "on", "in_time"),
    [
        ("2026-03-12T09:00:00Z", AS_OF + timedelta(2), True),
        ("2026-03-12T09:00:01Z", AS_OF + timedelta(2), False),
        (None, AS_OF + timedelta(1), True),
        (None, AS_OF + timedelta(2), None),
        (None, AS_OF + timedelta(3), False),
    ],
)
@pytest.mark.parametrize("ticked", [True, False])
def test_the_hour_of_the_first_call_says_whether_it_was_in_time_and_without_it_the_last_day_says_nothing(
    at, on, in_time, ticked
):
    """SAV-1"""
    states = {"call": state("call")._replace(set_on=on)} if ticked else None
    found = file(states, events=(note(1, "contact", "call", at=at, on=on),))
    seen = save_clock.clock_state(
        found, plays.Plan(found, POLICY, UTC).first, POLICY, UTC, AS_OF + timedelta(5)
    )
    assert (seen.state, seen.answered_on, seen.in_time) == ("answered", on, in_time)


def test_steps_that_hang_on_a_finding_are_asked_for_only_once_it_is_decided():
    """SAV-2, SAV-5: branches."""
    for scenario, book in POLICY.playbooks.items():
        case, about = opened(scenario)
        branch = next(
            (step, *when.split("=", 1)) for step in book.steps for when in step.when
            if "=" in when and "!" not in when and not when.startswith("cause=") and len(step.when) == 1
        )  # fmt: skip
        step, key, answer = branch
        question = next(each for other in book.steps for each in other.asks if each.key == key)
        other = next(each for each in question.answers if each != answer)
        for said, fate in ((None, "undecided"), (answer, "active"), (other, "dropped")):
            events = (note(1, "finding", key, said),) if said else ()
            found = file_of(case, about, None, {}, Ledger(events=events))
            steps = {each.step: each for each in plays.steps(found, POLICY, UTC)}
            assert steps[step.step].fate == fate
            owed = case_items.items(found, POLICY, UTC, AS_OF, FAR, lambda day: day)
            assert (step.step in {each.task.step for each in owed}) == (fate == "active")


def test_what_conditions_hang_on_is_read_from_the_account_and_the_case():
    assert case_file.facts(file()) == {"mid_market"}
    who = account(cancel_notice_on=AS_OF, champion_gone=1, strategic=1)
    found = file_of(CASE, ABOUT, who, {}, Ledger(events=(note(1, "cause", "defect-unfixed"),)))
    assert case_file.facts(found) == {
        "mid_market", "cancel_notice", "champion_gone", "strategic", "high_value", "cause=defect-unfixed",
    }  # fmt: skip
    nobody = file()._replace(renewal=ABOUT._replace(segment=None))
    assert case_file.facts(nobody) == frozenset()
    big = file()._replace(renewal=ABOUT._replace(segment="enterprise"))
    assert case_file.facts(big) == {"enterprise", "high_value"}


def test_the_last_answer_of_the_round_counts_and_a_fact_of_an_earlier_round_closes_nothing():
    events = (
        note(1, "finding", "fixable", "no"), note(2, "finding", "fixable", "yes"), note(3, "contact", "call"),
        note(4, "paper", "roi-sheet", "en"), note(5, "cause", "other"),
    )  # fmt: skip
    ledger = Ledger(events=events, promises=(made(1, chain="fix"), made(2, state="withdrawn", chain="qa")))
    found = file_of(CASE, ABOUT, None, {}, ledger)
    assert case_file.findings(CASE, ledger) == {"fixable": "yes"}
    assert case_file.done_facts(found) == {"paper:roi-sheet", "contact", "cause", "promise", "promise:fix"}
    again = ledger._replace(events=(*events, note(6, "reopened", "saved", "worse", round_=2)))
    later = CASE._replace(flagged_on=AS_OF + timedelta(1))
    assert case_file.done_facts(file_of(later, ABOUT, None, {}, again)) == frozenset()
    assert case_file.findings(CASE, again) == {}


def test_a_case_put_off_step_by_step_names_what_comes_back_first():
    first = [each.step for each in plays.steps(file(), POLICY, UTC) if each.fate == "active"]
    states = {step: state(step, "snoozed", AS_OF + timedelta(400)) for step in first}
    states |= {
        f"checkin-{days}": state(f"checkin-{days}", "snoozed", AS_OF + timedelta(1)) for days in (30, 60)
    }
    states["call"] = state("call")
    found = case_report.next_step(case_report.Report(file(states), POLICY, UTC, AS_OF))
    assert (found.step, found.due_on) == ("checkin-30", AS_OF + timedelta(1))
