"""A quick share of the failing system calls and full disks, with controls."""

import os
from collections.abc import Iterator

import pytest

from tests.faults import calls, room, twists
from tests.faults.scenes import Bench, bench, scene


@pytest.fixture(scope="module")
def desk() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.needs("strace")
@pytest.mark.parametrize("name", ["done", "export"])
def test_a_call_that_fails_ends_in_one_clear_line_and_changes_nothing(desk: Bench, name: str) -> None:
    tally = calls.sweep(desk, [scene(name)], 1, share=0.08)
    assert tally.trials >= 5
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
def test_a_commit_whose_last_sync_fails_is_told_to_be_uncertain_and_is_there(desk: Bench) -> None:
    faults = [calls.Fault("fdatasync", "EIO")]
    tally = calls.sweep(desk, [scene("done")], 1, faults=faults)
    assert tally.trials >= 6
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
def test_without_a_transaction_a_failing_call_would_leave_half_a_change(desk: Bench) -> None:
    faults = [calls.Fault("pwrite64", "EIO")]
    tally = calls.sweep(desk, [scene("set")], 1, faults=faults, share=0.4, twist=twists.no_transaction)
    assert tally.wrong["partial"], "the suite cannot see half a change"


def test_a_full_disk_ends_in_one_clear_line_and_changes_nothing(desk: Bench) -> None:
    if os.geteuid() != 0:
        pytest.xfail(
            "mounting a small file system needs root; the next test limits the size of files instead"
        )
    tally = room.full_disks(desk, [scene(each) for each in ("done", "export")], 4, 1)
    assert tally.trials or tally.notes
    assert tally.clean, tally.told
    if tally.trials:  # neither all failed nor all fitted
        assert 0 < tally.acknowledged < tally.trials


def test_a_file_that_may_not_grow_ends_in_one_clear_line_and_changes_nothing(desk: Bench) -> None:
    tally = room.file_limits(desk, [scene(each) for each in ("done", "export")], 4, 1)
    assert tally.clean, tally.told
    broken = room.file_limits(desk, [scene("import again")], 8, 1, twist=twists.no_transaction)
    assert broken.wrong, "the suite cannot see half a change"
