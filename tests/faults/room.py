"""A full disk, at many fill levels: one clear line, the portfolio sound, no file half written."""

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.calls import judge
from tests.faults.kill import Twist
from tests.faults.runs import run
from tests.faults.scenes import NAME, Bench, Scene
from tests.faults.tally import Tally

_BLOCK = 4096


@contextmanager
def small_disk(at: Path, size: int) -> Iterator[Path | None]:
    """A file system of so many bytes in memory, or None where this user may not mount one."""
    at.mkdir()
    options = f"size={size},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def full_disks(
    bench: Bench,
    scenes: Sequence[Scene],
    levels: int,
    seed: int,
    *,
    twist: Twist = None,
    part: str = "disk full",
) -> Tally:
    """Commands on disks with from nothing to plenty of blocks left. No trials where mounting is refused."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    for scene in scenes:
        bench.outcome(scene)
        need = _growth(bench, scene)
        free = sorted({0, 1, 2, 3, *(dice.randint(0, need + 2) for _ in range(levels)), need + 2})
        for blocks in free[: levels + 4]:
            used = sum(-(-each.stat().st_size // _BLOCK) for each in bench.template(scene.finds).rglob("*"))
            # tmpfs counts a block for nothing but data; names cost none
            with small_disk(bench.root / f"disk{bench.next()}", (used + blocks) * _BLOCK) as disk:
                if disk is None:
                    tally.notes.append("mounting a file system needs root: not run")
                    return tally
                folder = bench.onto(disk, scene.finds)
                ended = run(scene.words, folder, twist=twist, streams=bench.root / "said")
                judge(bench, tally, scene, ended, folder, f"{scene.name} with {blocks} blocks left")
    tally.seconds = time.monotonic() - begun
    return tally


def file_limits(
    bench: Bench,
    scenes: Sequence[Scene],
    levels: int,
    seed: int,
    *,
    twist: Twist = None,
    part: str = "file size limit",
) -> Tally:
    """The same with a limit on the size of a file in place of a disk, for those who may not mount one."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    for scene in scenes:
        bench.outcome(scene)
        folder = bench.fresh(scene.finds)
        run(scene.words, folder)
        most = max(
            each.stat().st_size
            for each in folder.iterdir()
            if each.suffix != ".csv" or each.name in scene.makes
        )
        bench.clear(folder)
        for limit in sorted({511, 512, *(dice.randint(513, most + _BLOCK) for _ in range(levels))}):
            folder = bench.fresh(scene.finds)
            ended = run(scene.words, folder, twist=_with_limit(limit, twist))
            judge(
                bench, tally, scene, ended, folder, f"{scene.name}, files up to {limit} bytes"
            )  # no fewer than it takes to say why
            bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally


def _with_limit(limit: int, twist: Twist) -> Callable[[], None]:
    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        sys.dont_write_bytecode = True  # a module that is cut short stays so for whoever loads it next
        if twist is not None:
            twist()

    return set_limit


def _growth(bench: Bench, scene: Scene) -> int:
    """Blocks that a command takes at most: the journal beside what grows."""
    old = sum(each.stat().st_size for each in bench.template(scene.finds).rglob("*"))
    folder = bench.fresh(scene.finds)
    run(scene.words, folder)
    new = sum(each.stat().st_size for each in folder.rglob("*"))
    held = folder / NAME
    size = held.stat().st_size if held.exists() else 0
    bench.clear(folder)
    return (max(0, new - old) + min(size, 400_000)) // _BLOCK + 2
