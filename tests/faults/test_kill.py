"""A quick share of the kills, with controls."""

from collections.abc import Iterator

import pytest

from tests.faults import kill, twists
from tests.faults.scenes import Bench, bench, chosen, scene

QUICK = chosen("first import", "import again", "done", "undo", "restore", "migrate")


@pytest.fixture(scope="module")
def desk() -> Iterator[Bench]:
    with bench() as made:
        yield made


def test_a_command_killed_at_any_instant_leaves_all_of_its_change_or_nothing(desk: Bench) -> None:
    tally = kill.kills(desk, QUICK, 12, 1)
    assert tally.clean, tally.told


def test_without_a_transaction_half_a_change_would_be_found(desk: Bench) -> None:
    tally = kill.kills(desk, [scene("set"), scene("save start")], 40, 1, twist=twists.no_transaction)
    assert tally.wrong["partial"], "the suite cannot see half a change"


@pytest.mark.needs("strace")
def test_a_command_killed_before_any_call_that_changes_a_file_leaves_all_or_nothing(desk: Bench) -> None:
    tally = kill.kills_at_calls(desk, [scene("set"), scene("first import")], 1, most=10)
    assert tally.trials == 20
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
def test_without_a_journal_damage_would_be_found(desk: Bench) -> None:
    tally = kill.kills_at_calls(desk, [scene("set")], 1, most=12, twist=twists.no_journal)
    assert tally.wrong["corrupt"] + tally.wrong["partial"], "the suite cannot see a damaged file"
