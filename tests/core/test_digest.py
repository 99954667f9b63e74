"""What a morning's digest counts, and what it puts first (DSH, SAV-9, ANCHOR)."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.digest import digest, most_lines
from renewctl.core.due import BY_DAY, DEADLINE, MISSED_PROMISE, Item, Task, Who, in_order, status_of
from tests.book import POLICY, TODAY
from tests.core.test_due import due_contract


def item(
    step: str = "notice", away: int = 0, rank: int = BY_DAY, kind: str = "timeline", **given_: Any
) -> Item:
    due_on = TODAY + timedelta(days=away)
    task = Task(step, None, f"Do {step}", "internal", "owner", kind, "TML-E")
    return Item(
        rank,
        due_on,
        due_on,
        status_of(due_on, TODAY),
        task,
        due_contract(**given_),
        1,
        Who("ana", "csm", False),
    )


class Save:
    """The renewal of a save: all of an account."""

    def __init__(self, account_no: int, arr: int | None) -> None:
        self.subject = f"s{account_no}"
        self.id = ""
        self.account_no = account_no
        self.account_id = f"A{account_no}"
        self.account_name = f"Account {account_no}"
        self.renewal_on = TODAY
        self.arr_base_minor = arr
        self.segment = "smb"


def test_counts_are_by_when_things_are_due() -> None:
    """DSH."""
    found = digest(
        "ana", in_order([item(str(no), away) for no, away in enumerate((-3, -1, 0, 1, 2, 7))]), TODAY, 7
    )
    assert (found.overdue, found.today, found.ahead) == (2, 1, 3)


def test_each_renewal_is_at_stake_once_and_an_unknown_arr_is_counted_apart() -> None:
    """DSH: two renewals of one account, one of another, one of unknown ARR."""
    found = digest(
        "ana",
        [
            item("a", no=1, arr_base_minor=100), item("b", no=1, arr_base_minor=100),
            item("a", no=2, id="K2", account_no=1, arr_base_minor=50), item("a", no=3, arr_base_minor=7),
            item("a", no=4, arr_base_minor=None),
        ],
        TODAY, 7,
    )  # fmt: skip
    assert (found.renewals, found.arr_base_minor, found.arr_unknown) == (4, 157, 1)


def test_work_that_comes_back_all_year_puts_nothing_at_stake() -> None:
    """VAL."""
    found = digest("ana", [item("qbr-2026q4", kind="value")], TODAY, 7)
    assert (found.renewals, found.arr_base_minor, found.ahead + found.today) == (0, 0, 1)


def test_an_account_that_is_being_saved_is_at_stake_as_a_whole_and_not_twice() -> None:
    """SAV-9: the ARR of the account holds that of its renewals."""
    saving = item("call", no=1)._replace(renewal=Save(1, 500))
    found = digest(
        "ana", [saving, item("a", no=1, arr_base_minor=300), item("a", no=2, arr_base_minor=5)], TODAY, 7
    )
    assert (found.renewals, found.arr_base_minor) == (2, 505)


def test_missed_promises_save_clocks_and_deadlines_are_the_loud_ones() -> None:
    """SAV-9, ANCHOR."""
    loud = [item("promise", -1, MISSED_PROMISE), item("opt-out", 3, DEADLINE)]
    found = digest("ana", in_order([item("notice", -9), *loud]), TODAY, 7)
    assert [each.task.step for each in found.loud] == ["promise", "opt-out"]
    assert [each.task.step for each in found.items] == ["notice"]


def test_nothing_owed_is_nothing_at_stake() -> None:
    """DSH."""
    found = digest(None, [], TODAY, 7)
    assert (found.overdue, found.today, found.ahead, found.renewals, found.arr_base_minor) == (0, 0, 0, 0, 0)
    assert most_lines(POLICY) == 25


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 3), st.integers(1, 5)), max_size=20))
def test_nothing_is_lost_between_the_loud_and_the_rest(rows: list[tuple[int, int, int]]) -> None:
    """DSH."""
    items = in_order([item(f"s{at}", away, rank, no=no) for at, (away, rank, no) in enumerate(rows)])
    found = digest("ana", items, TODAY, 30)
    assert sorted((*found.loud, *found.items), key=repr) == sorted(items, key=repr)
    assert found.overdue + found.today + found.ahead == len(items)
    assert all(each.rank < BY_DAY for each in found.loud)
    assert found.renewals == len({no for _, _, no in rows})
