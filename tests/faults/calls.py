"""System calls that fail: each kind at the Nth call, for every N, once and for good.

Either the command does what it was asked and says so, or it says why not with a documented exit code and
nothing was changed; never a traceback.
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.kill import Twist
from tests.faults.runs import Ended, Run, traced
from tests.faults.scenes import NAME, Bench, Scene, judge_backups
from tests.faults.tally import Tally

DOCUMENTED = (10, 12)
_ELSEWHERE = {
    "write",
    "unlink",
    "rename",
    "link",
}  # calls a command makes on other files than the portfolio's too
_MOST = 400  # calls after which a sweep gives up


class Fault(NamedTuple):
    """A call and the error it answers with."""

    call: str
    error: str


FAULTS = [
    Fault("pwrite64", "EIO"),
    Fault("pwrite64", "ENOSPC"),
    Fault("write", "EIO"),
    Fault("write", "ENOSPC"),
    Fault("fsync", "EIO"),
    Fault("fdatasync", "EIO"),
    Fault("ftruncate", "EIO"),
    Fault("unlink", "EIO"),
    Fault("rename", "EIO"),
    Fault("link", "EIO"),
    Fault("pread64", "EIO"),
]


def sweep(
    bench: Bench, scenes: Sequence[Scene], seed: int, *, faults: Sequence[Fault] = tuple(FAULTS),
    share: float = 1.0, twist: Twist = None, part: str = "I/O fault points",
) -> Tally:  # fmt: skip
    """Every fault of every scene, on the portfolio's files and on all; or a random `share` of them."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    for scene in scenes:
        for fault in faults:
            for everything in (False, True) if fault.call in _ELSEWHERE else (False,):
                for for_good in (False, True):
                    _sweep_one(bench, tally, scene, fault, everything, for_good, share, dice, twist)
    tally.seconds = time.monotonic() - begun
    return tally


def _sweep_one(
    bench: Bench, tally: Tally, scene: Scene, fault: Fault, everything: bool, for_good: bool, share: float,
    dice: random.Random, twist: Twist,
) -> None:  # fmt: skip
    """The Nth call fails, for every N until the command makes no such call any more."""
    bench.outcome(scene)
    nth = 1
    while nth < _MOST:
        if dice.random() < share:
            folder = bench.fresh(scene.finds)
            log = Path(f"{folder}.log")
            paths = (
                [] if everything else [word for each in _ours(folder, scene) for word in ("-P", str(each))]
            )
            when = f"inject={fault.call}:error={fault.error}:when={nth}{'+' if for_good else ''}"
            run = Run(scene.words, folder, gate=True, twist=twist)
            ended = traced(run, log, *paths, "-e", f"trace={fault.call}", "-e", when)
            if "(INJECTED)" not in log.read_text(errors="replace"):
                bench.clear(folder)
                return
            what = f"{scene.name}, {fault.call} {nth}{'+' if for_good else ''} {fault.error}" + (
                " anywhere" if everything else ""
            )
            mute = everything and fault.call == "write"
            judge(bench, tally, scene, ended, folder, what, mute=mute, stuck=fault.call == "unlink")
            bench.clear(folder)
        elif nth > 60:
            return
        nth += 1


def _ours(folder: Path, scene: Scene) -> list[Path]:
    return [folder, folder / NAME, folder / f"{NAME}-journal", *(folder / each for each in scene.makes)]


def judge(
    bench: Bench, tally: Tally, scene: Scene, ended: Ended, folder: Path, what: str, *,
    mute: bool = False, stuck: bool = False,
) -> None:  # fmt: skip
    """Whether a command that met a fault kept its word.

    `mute`: it may have been unable to say anything; `stuck`: unable to remove a file.
    """
    before, after = bench.outcome(scene)
    unsure = ended.complaint.startswith("error[commit-uncertain]")
    kept = "what was changed before is kept" in ended.err  # it failed late, and says so
    mute = mute and not ended.complaint.startswith("error[")  # it could not say anything
    done = ended.code in (0, 1)
    said = f"{what}: {ended.code} {ended.complaint or ended.out[:60]}"
    found = tally.judge(done and scene.wrote, before, after, folder / NAME, said)
    if not scene.wrote and found == "after":
        found = "before"
    if ended.code not in (0, 1, *DOCUMENTED):
        tally.fail("exit", said)
    elif scene.asked and not done and not (unsure or kept or mute) and found == "after":
        tally.fail("denied", f"{said}: said to have failed, and is there")
    elif kept and found == "before":
        tally.fail("lost", f"{said}: said to be kept, and not there")
    if "Traceback" in ended.err + ended.out or list(folder.rglob("error.log")):
        tally.fail("traceback", said)
    if ended.code in DOCUMENTED and not mute and not ended.complaint.startswith("error["):
        tally.fail("silent", said)
    needs = scene.words[0] == "backup" and done
    judge_backups(tally, folder, [before, after], before, said, is_needed=needs)
    for name in scene.makes:  # whole when it says so, and not at all or whole otherwise
        path = folder / name
        if not path.exists():
            if ended.code == 0:
                tally.fail("lost", f"{said}: {name} is not there")
        elif path.read_bytes() != bench.made[f"{scene.name}/{name}"]:
            tally.fail("partial", f"{said}: {name} has {path.stat().st_size} bytes")
    for left in [] if stuck else [*folder.glob(".*.tmp"), *folder.glob("backups/.*")]:
        tally.fail("litter", f"{said}: {left.name} is left behind")
