"""A quick share of what people do, with controls: write at once, press ^C, set clocks, spoil files."""

import os
from collections.abc import Iterator

import pytest

from tests.faults import access, clocks, damage, stops, twists, writers
from tests.faults.scenes import NAME, Bench, bench, chosen, scene
from tests.faults.states import CorruptError, difference, same, state


@pytest.fixture(scope="module")
def desk() -> Iterator[Bench]:
    with bench() as made:
        yield made


def test_of_many_writers_at_once_none_is_refused_and_no_write_is_lost(desk: Bench) -> None:
    tally = writers.crowd(desk, 4, 8, 1)
    assert tally.acknowledged == 32
    assert tally.clean, tally.told


def test_writers_that_do_not_wait_would_be_seen_to_be_refused(desk: Bench) -> None:
    tally = writers.crowd(desk, 4, 8, 1, twist=twists.deferred)
    assert tally.wrong["refused"], "the suite cannot see a refused write"


def test_an_item_that_several_tick_off_at_once_is_done_once(desk: Bench) -> None:
    tally = writers.same_item(desk, 4, 2)
    assert tally.clean, tally.told


def test_an_interrupt_at_any_instant_tells_the_truth_about_what_was_changed(desk: Bench) -> None:
    tally = stops.interrupts(desk, chosen("import again", "done", "set", "export"), 12, 1)
    assert tally.clean, tally.told


def test_an_interrupt_in_half_a_change_would_be_seen(desk: Bench) -> None:
    tally = stops.interrupts(desk, [scene("import again")], 10, 1, twist=twists.no_transaction)
    assert tally.wrong["partial"], "the suite cannot see half a change"


def test_a_reader_that_leaves_does_not_stop_the_work(desk: Bench) -> None:
    tally = stops.closed_pipes(desk, chosen("import again", "done", "log", "export"), 4, 1)
    assert tally.clean, tally.told


def test_a_portfolio_cut_short_or_altered_is_refused_or_served_rightly(desk: Bench) -> None:
    for change in ("length", "bits"):
        tally = damage.altered(desk, 12, 1, change=change)
        assert tally.clean, tally.told


def test_what_is_no_portfolio_or_holds_a_trap_is_refused(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "LOOKS", damage.LOOKS[:1])
    monkeypatch.setattr(damage, "WRITES", damage.WRITES[:1])
    tally = damage.spoiled(desk)
    assert tally.trials == 2 * len(damage.DAMAGES)
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
def test_a_file_system_without_locks_is_refused(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "LOOKS", damage.LOOKS[:1])
    monkeypatch.setattr(damage, "WRITES", damage.WRITES[:1])
    tally = damage.no_locks(desk, errors=("EINVAL",))  # others are waited out for as long as another writer
    assert tally.clean, tally.told


def test_what_may_not_be_written_can_still_be_read(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LOOKS", access.LOOKS[:2])
    monkeypatch.setattr(access, "WRITES", access.WRITES[:2])
    tally = access.barred(desk)
    assert tally.clean, tally.told
    if os.geteuid() == 0:
        monkeypatch.setattr(access, "BARRED", access.BARRED[:1])
        assert access.barred(desk, twist=twists.nothing).wrong, (
            "the suite cannot see a write that was let through"
        )


def test_today_is_the_zones_and_the_log_keeps_its_order_whatever_the_clock_says() -> None:
    tally = clocks.clocks(moments=[clocks.MOMENTS[at] for at in (0, 3)], leap=False)
    if not tally.trials:
        pytest.skip(tally.notes[0])
    assert tally.clean, tally.told


def test_a_changed_byte_in_a_row_and_a_missing_row_are_seen_by_the_comparison(desk: Bench) -> None:
    folder = desk.fresh("book")
    before = state(folder / NAME)
    damage._sql("UPDATE account SET name = 'X' WHERE no = 7")(folder / NAME)
    assert not same(state(folder / NAME), before)
    assert "account" in difference(state(folder / NAME), before)
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:9000])
    with pytest.raises(CorruptError):
        state(folder / NAME)
