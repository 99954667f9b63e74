"""SEG-2: hours against the budget of the segment, and hours in the wrong place."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.effort import effort_report, spent
from renewctl.core.plan import effort
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import state
from tests.work import DAY, renewing

POLICY = Policy(RAW)
# The table of SEG: least and most hours, from where on it is broken, by when work has begun.
BUDGET = {"enterprise": (15, 25, 25, 120), "mid_market": (5, 10, 10, 60), "smb": (1, 3, 3, 30)}
SIZES = {"enterprise": 200_000_00, "mid_market": 30_000_00, "smb": 5_000_00, None: None}


def expected(segment, minutes, ahead):
    """How a renewal stands, by the rule's text."""
    if segment is None:
        return "no_budget"
    low, _, warn, starts = BUDGET[segment]
    if minutes >= warn * 60:
        return "over"
    if ahead is None or ahead > starts:
        return "not_started"
    gone = min(starts, starts - ahead) + 1  # days of the window, today among them
    if segment != "smb" and minutes * 4 * (starts + 1) < low * 60 * gone:
        return "unattended"
    return "within" if minutes >= low * 60 else "under"


rows = st.tuples(
    st.sampled_from([*SIZES]),
    st.one_of(st.integers(0, 2000), st.sampled_from([0, 75, 225, 180, 600, 1500])),
    st.one_of(st.none(), st.sampled_from([-5, 30, 31, 60, 61, 120, 121])),
    st.sampled_from(["ana", "rui", None]),
)


def made(no, segment, minutes, ahead, owner):
    return renewing(no, owner, SIZES[segment], ahead, minutes, segment)


@given(st.lists(rows, max_size=12))
def test_every_renewal_stands_as_the_rule_says_and_the_sums_are_those_of_the_rows(book):
    """SEG-2, account by account and summed per owner and segment."""
    report = effort_report([made(no, *row) for no, row in enumerate(book, 1)], POLICY, DAY)
    standing = {each.renewing.account.no: each.standing for each in report.rows}
    assert standing == {no: expected(*row[:3]) for no, row in enumerate(book, 1)}
    for groups, at in ((report.by_owner, 3), (report.by_segment, 0)):
        assert sum(group.minutes for group in groups) == sum(row[1] for row in book)
        for group in groups:
            mine = [row for row in book if row[at] == group.name]
            begun = [row for row in mine if expected(*row[:3]) not in ("not_started", "no_budget")]
            assert (group.renewals, group.started) == (len(mine), len(begun))
            assert group.minutes == sum(row[1] for row in mine)
            assert group.low == sum(BUDGET[row[0]][0] * 60 for row in begun)
            assert group.high == sum(BUDGET[row[0]][1] * 60 for row in begun)
            assert group.over == sum(1 for row in mine if expected(*row[:3]) == "over")
            assert group.unattended == sum(1 for row in mine if expected(*row[:3]) == "unattended")
    over = [row for row in book if expected(*row[:3]) == "over"]
    assert report.excess == sum(max(0, row[1] - BUDGET[row[0]][1] * 60) for row in over)
    waiting = [row for row in book if expected(*row[:3]) == "unattended"]
    assert report.lack == sum(BUDGET[row[0]][0] * 60 - row[1] for row in waiting)
    times = [each.minutes / each.high for each in report.over]
    assert all(a >= b - 0.01 for a, b in pairwise(times))
    arrs = [each.renewing.row.arr_base_minor for each in report.unattended]
    assert arrs == sorted(arrs, reverse=True)
    assert ("The next" in report.move) == bool(over and waiting)


@given(rows)
def test_over_is_what_show_calls_over(row):
    """SEG-2: one account's sheet and the report agree."""
    each = made(1, *row)
    told = effort(row[0], [], [state(minutes=row[1])], POLICY)
    found = spent(each, POLICY, DAY)
    assert (found.standing == "over") == told.over
    assert (found.because == told.because) if told.over else True


def test_twenty_hours_on_a_5k_renewal_beside_a_200k_one_unattended_is_exposed():
    """SEG-2: the failure the rule names."""
    book = [made(1, "smb", 20 * 60, 40, "ana"), made(2, "enterprise", 0, 80, "rui")]
    report = effort_report(book, POLICY, DAY)
    assert [each.renewing.account.no for each in report.over] == [1]
    assert [each.renewing.account.no for each in report.unattended] == [2]
    assert (report.excess, report.lack) == (17 * 60, 15 * 60)
    assert report.move == (
        "The next 15 h belong to Account 2 (USD 200,000, rui, 0 h of 15-25 h), "
        "not to Account 1 (USD 5,000, ana, 20 h of 1-3 h)."
    )


@pytest.mark.parametrize(
    ("book", "words"),
    [
        ([], "Hours are where they belong"),
        ([made(1, "smb", 20 * 60, 40, None)], "Stop at Account 1 (USD 5,000, unowned"),
        ([made(1, "mid_market", 0, 40, "ana")], "Start on Account 1"),
    ],
)
def test_the_report_ends_with_one_sentence_of_what_to_do(book, words):
    """SEG-2."""
    assert effort_report(book, POLICY, DAY).move.startswith(words)


def test_the_working_window_is_counted_from_the_opt_out_deadline_of_a_tacit_renewal():
    """SEG, ANCHOR."""
    tacit = renewing(1, "ana", SIZES["mid_market"], 90, 0, "mid_market", auto_renew=1, notice_days=30)
    assert spent(tacit, POLICY, DAY).starts_on == DAY
    assert spent(tacit, POLICY, DAY).standing == "unattended"
    assert spent(tacit, POLICY, DAY - timedelta(days=1)).standing == "not_started"


def test_an_override_to_a_segment_counts_even_where_the_arr_is_unknown():
    """SEG-1, SEG-2."""
    each = renewing(1, "ana", None, 40, 20 * 60, "smb")
    assert effort_report([each], POLICY, DAY).move.startswith("Stop at Account 1 (ARR unknown")
