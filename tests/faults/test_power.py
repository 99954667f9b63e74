"""A quick share of the power cuts, with controls; and the model they stand on."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import power, twists
from tests.faults.disk import Disk
from tests.faults.scenes import Bench, bench
from tests.faults.trace import Op

SHORT = power.SESSION[:3]


@pytest.fixture(scope="module")
def desk() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.needs("strace")
def test_a_power_cut_takes_nothing_that_was_told_done(desk: Bench) -> None:
    tally = power.power_cuts(desk, 60, 1, session=SHORT)
    assert tally.trials >= 55
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
def test_a_portfolio_in_new_folders_is_there_after_a_power_cut(desk: Bench) -> None:
    tally = power.power_cuts(desk, 40, 1, session=SHORT[:2], where="data/renewctl/portfolio.db")
    assert tally.clean, tally.told


@pytest.mark.needs("strace")
@pytest.mark.parametrize("twist", [twists.python_default, twists.sync_off])
def test_with_fewer_syncs_acknowledged_commits_would_be_seen_to_go(
    desk: Bench, twist: Callable[[], None]
) -> None:
    tally = power.power_cuts(desk, 120, 1, session=SHORT, twist=twist)
    assert tally.wrong["lost"], "the suite cannot see a lost commit"


def found(disk: Disk, tries: int = 400) -> set[tuple[tuple[str, bytes | None], ...]]:
    dice = random.Random(1)
    return {tuple(sorted(disk.after_power_cut(dice).items())) for _ in range(tries)}


def test_an_unsynced_write_may_be_there_missing_or_torn(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"a" * 1024)
    disk = Disk(tmp_path)
    disk.step(Op("write", str(file), offset=0, data=b"b" * 1024))
    contents = {dict(each)[str(file)] for each in found(disk)}
    assert contents == {b"a" * 1024, b"b" * 1024, b"a" * 512 + b"b" * 512, b"b" * 512 + b"a" * 512}
    disk.step(Op("sync", str(file)))
    assert {dict(each)[str(file)] for each in found(disk)} == {b"b" * 1024}
    assert disk.unsafe == 0


def test_a_name_lasts_once_its_folder_is_synced_and_not_before(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.step(Op("create", f"{tmp_path}/new"))
    assert found(disk) == {(), ((f"{tmp_path}/new", b""),)}
    disk.step(Op("sync", str(tmp_path)))
    disk.step(Op("unlink", f"{tmp_path}/new"))
    assert found(disk) == {(), ((f"{tmp_path}/new", b""),)}
    disk.step(Op("sync", str(tmp_path)))
    assert found(disk) == {()}


def test_a_file_moved_over_another_is_one_of_the_two(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    disk = Disk(tmp_path)
    disk.step(Op("create", f"{tmp_path}/new"))
    disk.step(Op("write", f"{tmp_path}/new", offset=0, data=b"new"))
    disk.step(Op("sync", f"{tmp_path}/new"))
    disk.step(Op("rename", f"{tmp_path}/new", f"{tmp_path}/old"))
    assert {dict(each)[f"{tmp_path}/old"] for each in found(disk)} == {b"old", b"new"}
    disk.step(Op("sync", str(tmp_path)))
    assert found(disk) == {((f"{tmp_path}/old", b"new"),)}
