"""`python -m tests.faults`: the whole suite and its figures.

Seeds are fixed and printed; `--scale 0.1` runs a tenth of everything, `--only kill,power` some parts,
`--scenes undo,restore` some commands where a part has them all, and `--trials 3000` sets the number of the
first part and scales the others. Exit 1 where anything went wrong or a control was not caught.
"""

import argparse
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator

from tests.faults import access, calls, clocks, damage, kill, power, room, stops, twists, writers
from tests.faults.scenes import SCENES, Bench, bench, scene
from tests.faults.tally import Tally, table

SEED = 20261122
_SMALL = [each for each in SCENES if "large" not in each.name]
_CHANGES = [scene(each) for each in ("set", "import again", "save start")]
Runs = Iterator[Callable[[], Tally]]


def _kill(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    large = [each for each in SCENES if "large" in each.name]
    yield lambda: kill.kills(desk, _SMALL, count(2_800), seed, part="kill -9, at random")
    yield lambda: kill.kills(desk, large, count(200), seed, part="kill -9, of large imports")
    yield lambda: _control(
        kill.kills(desk, _CHANGES, count(60), seed, twist=twists.no_transaction, part="… no transaction")
    )
    if shutil.which("strace"):
        yield lambda: kill.kills_at_calls(desk, _SMALL, seed, most=count(150))
        yield lambda: _control(
            kill.kills_at_calls(
                desk, [scene("set")], seed, most=count(60), twist=twists.no_journal, part="… no journal"
            )
        )


def _power(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    if not shutil.which("strace"):
        return
    yield lambda: power.power_cuts(desk, count(5_000), seed)
    yield lambda: power.power_cuts(
        desk,
        count(500),
        seed,
        session=power.SESSION[:2],
        where="data/renewctl/portfolio.db",
        part="power cut, new folders",
    )
    yield lambda: _control(
        power.power_cuts(desk, count(1_000), seed, twist=twists.python_default, part="… synchronous FULL")
    )
    yield lambda: _control(
        power.power_cuts(desk, count(1_000), seed, twist=twists.sync_off, part="… synchronous OFF")
    )


def _calls(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    if not shutil.which("strace"):
        return
    share = count(1_000) / 1_000
    for each in _SMALL:
        yield lambda each=each: calls.sweep(  # type: ignore[misc]
            desk, [each], seed, share=share, part=f"I/O faults, {each.name}"
        )
    yield lambda: _control(
        calls.sweep(
            desk,
            [scene("set")],
            seed,
            share=max(share, 0.5),
            twist=twists.no_transaction,
            part="… no transaction",
        )
    )


def _room(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    yield lambda: room.full_disks(desk, _SMALL, count(40), seed)
    yield lambda: room.file_limits(desk, _SMALL, count(40), seed)
    yield lambda: _control(
        room.full_disks(desk, _CHANGES, count(20), seed, twist=twists.no_transaction, part="… no transaction")
    )


def _writers(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    for number in range(2, 9):
        yield lambda number=number: writers.crowd(desk, number, count(10_000) // 7 // number + 1, seed)  # type: ignore[misc]
    yield lambda: writers.same_item(desk, 6, count(100))
    yield lambda: _control(
        writers.crowd(desk, 6, count(100), seed, twist=twists.deferred, part="… deferred BEGIN")
    )


def _stops(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    yield lambda: stops.interrupts(desk, _SMALL, count(1_000), seed)
    yield lambda: stops.closed_pipes(desk, _SMALL, count(200), seed)
    yield lambda: _control(
        stops.interrupts(
            desk, _CHANGES, count(120), seed, twist=twists.no_transaction, part="… no transaction"
        )
    )


def _damage(desk: Bench, count: Callable[[int], int], seed: int) -> Runs:
    yield lambda: damage.spoiled(desk)
    yield lambda: damage.altered(desk, count(1_000), seed, change="length", part="cut short")
    yield lambda: damage.altered(desk, count(2_000), seed, change="bits", part="bits turned")
    if shutil.which("strace"):
        yield lambda: damage.no_locks(desk)
    yield lambda: access.barred(desk)
    yield lambda: _control(access.barred(desk, twist=twists.nothing, part="… with root's rights"))


def _clocks(_desk: Bench, _count: Callable[[int], int], _seed: int) -> Runs:
    yield clocks.clocks


def _control(tally: Tally) -> Tally:
    tally.control = True
    return tally


PARTS = {
    "kill": _kill, "power": _power, "calls": _calls, "room": _room, "writers": _writers, "stops": _stops,
    "damage": _damage, "clocks": _clocks,
}  # fmt: skip


def main() -> int:
    """Run the chosen parts and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", metavar="PART,…", default=",".join(PARTS), help=" ".join(PARTS))
    parser.add_argument("--scenes", metavar="SCENE,…", help=", ".join(each.name for each in SCENES))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the trials")
    parser.add_argument(
        "--trials", type=int, help="instead of the first part's own number; others in proportion"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", help="where to work; memory, where there is such a folder")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := [each for each in wanted if each not in PARTS]:
        parser.error(f"no part is called {' '.join(unknown)}; there are {' '.join(PARTS)}")
    if given.scenes:
        names = given.scenes.split(",")
        if strange := set(names) - {each.name for each in SCENES}:
            parser.error(f"no scene is called {' '.join(sorted(strange))}")
        _SMALL[:] = [each for each in _SMALL if each.name in names]
    usual = {"kill": 3_000, "power": 5_000, "writers": 10_000}.get(wanted[0], 1_000)
    scale = given.trials / usual if given.trials else given.scale
    print(
        f"seed {given.seed}, scale {scale:g}; {platform.system()} {platform.release()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    tallies: list[Tally] = []
    with bench(given.folder) as desk:
        for name in wanted:
            for part in PARTS[name](desk, lambda usual: max(1, round(usual * scale)), given.seed):
                tally = part()
                tallies.append(tally)
                found = f"{dict(tally.wrong) or 'nothing wrong'}, {tally.seconds:.0f} s"
                print(f"  {tally.part}: {tally.trials:,}, {found}", file=sys.stderr, flush=True)
                if not tally.control:
                    print(*tally.told, sep="\n", file=sys.stderr, flush=True)
    print(table(tallies))
    for tally in tallies:
        for note in tally.notes:
            print(f"{tally.part}: {note}")
    return int(any(bool(each.wrong) != each.control for each in tallies))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
