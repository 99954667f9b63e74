"""SAV-8: the stand-up: the order of its rows, and its totals."""

from datetime import UTC, timedelta

from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import case_report, standup
from renewctl.core.model import Ledger
from tests.core.test_case_items import note
from tests.core.test_cases import offer
from tests.core.test_plays import AS_OF, POLICY, file_of, opened, state
from tests.core.test_promises import made

CASE, ABOUT = opened()


def report(no, states=None, arr=100, ago=0, **ledger):
    flagged = AS_OF - timedelta(ago)
    case = opened(flagged_on=flagged)[0]._replace(no=no)
    about = ABOUT._replace(subject=f"s{no}", arr_base_minor=arr)
    return case_report.Report(file_of(case, about, None, states, Ledger(**ledger)), POLICY, UTC, AS_OF)


def order(*reports):
    return [row.report.file.case.no for row in standup.standup(reports, AS_OF, 3).rows]


def test_missed_promises_come_first_then_clocks_then_decisions_then_what_is_due_then_the_larger():
    """SAV-8, SAV-9"""
    called = {"call": state("call")}
    asked = (note(1, "decision", "asked", "who pays?"),)
    later = {**called, **{each.step: state(each.step) for each in POLICY.playbooks["product"].steps
                          if each.day <= 2}}  # fmt: skip
    rows = [
        report(8, called, promises=(made(1, due=-1),)),
        report(7, ago=1),
        report(6),
        report(5, called, arr=1, events=asked),
        report(4, called, arr=200),
        report(3, called, arr=100),
        report(2, called, arr=None),
        report(1, later, arr=900),
    ]
    assert order(*reversed(rows)) == [8, 7, 6, 5, 4, 3, 2, 1]


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 10**9), st.integers(0, 5), st.integers(-3, 9)), max_size=8)
)
def test_the_totals_are_those_of_the_rows(cases):
    """SAV-8"""
    reports = [
        report(no, arr=arr, ago=ago, promises=(made(no, due=due),))
        for no, (arr, ago, due) in enumerate(cases, 1)
    ]
    found = standup.standup(reports, AS_OF, 3)
    assert sorted(row.report.file.case.no for row in found.rows) == list(range(1, len(cases) + 1))
    assert found.late == sum(ago > 2 for _, ago, _ in cases)
    assert found.missed == sum(due < 0 for _, _, due in cases)
    assert found.arr_base_minor == sum(arr or 0 for arr, _, _ in cases)
    assert found.unknown_arr == sum(arr is None for arr, _, _ in cases)
    assert found.decisions == 0


def one(**facts):
    [row] = standup.standup([report(1, **facts)], AS_OF, 3).rows
    return row


def test_a_row_names_the_promise_that_burns_most_and_counts_those_missed():
    ledger = (made(1, due=9), made(2, due=-1), made(3, due=-2, state="broken", settled=0), made(4, due=1))
    row = one(promises=ledger)
    assert (row.promise.promise.no, row.promise.state, row.missed) == (3, "broken", 2)
    assert one(promises=ledger[:1]).promise.state == "open"
    assert (one().promise, one().missed) == (None, 0)


def test_what_is_in_the_way_stays_until_it_is_cleared_and_a_decision_until_it_is_taken():
    """SAV-8"""
    block, ask = note(1, "blocker", "set", "no access"), note(2, "decision", "asked", "who pays?")
    row = one(events=(block, ask))
    assert (row.blocker, row.decision) == ("no access", "who pays?")
    row = one(events=(block, ask, note(3, "blocker", "cleared"), note(4, "decision", "taken", "we do")))
    assert (row.blocker, row.decision) == (None, None)


def test_an_offer_that_waits_for_approval_is_a_decision_that_is_needed():
    """SAV-4, SAV-8"""
    pending = offer(state="pending", discount_pct="25", needs_role="vp")
    assert one(offers=(offer(state="accepted"), pending._replace(no=2))).decision == (
        "o2, ramp at 25 % off, needs a vp"
    )
    assert one(offers=(offer(state="accepted"),)).decision is None


def test_a_row_names_what_its_next_step_waits_for():
    plays = POLICY.playbooks["product"].steps
    follower = next(each for each in plays if each.after and not each.when)
    done = {
        each.step: state(each.step) for each in plays if each.step not in (follower.step, *follower.after)
    }
    row = one(states=done)
    first = next(each.step for each in plays if each.step in (follower.step, *follower.after))
    assert row.step.step == first
    left = (
        {**done, **{first: state(first, "snoozed", AS_OF + timedelta(90))}}
        if first in follower.after
        else done
    )
    assert set(one(states=left).waits_for) <= set(follower.after)
    nothing = {each.step: state(each.step) for each in plays}
    nothing |= {f"checkin-{days}": state(f"checkin-{days}") for days in (30, 60, 90)}
    assert (one(states=nothing).step, one(states=nothing).waits_for) == (None, ())
