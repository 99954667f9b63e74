"""kill -9 at any instant: what was acknowledged is there, anything else whole or not at all."""

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from tests.faults.runs import Run, run, traced
from tests.faults.scenes import NAME, Bench, Scene, acknowledged, judge_backups
from tests.faults.tally import Tally

CALLS = (
    "openat",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "unlink",
    "rename",
    "link",
    "mkdir",
)
Twist = Callable[[], None] | None


def kills(
    bench: Bench,
    scenes: Sequence[Scene],
    trials: int,
    seed: int,
    *,
    twist: Twist = None,
    part: str = "kill -9",
) -> Tally:
    """Kill commands at random instants, most of them while they write; every tenth recovery is killed too."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    timings = {each.name: timing(bench, each, twist) for each in scenes}
    while tally.trials < trials:
        scene = scenes[tally.trials % len(scenes)]
        life, holds = timings[scene.name]
        folder = bench.fresh(scene.finds)
        anywhere = dice.random() < 0.25
        at = dice.uniform(0, life) if anywhere else dice.uniform(0, holds * 1.1)
        started = Run(scene.words, folder, twist=twist)
        if not anywhere:
            await_journal(started, folder)
        sleep_until((started.begun if anywhere else time.perf_counter()) + at)
        if not started.poll():
            started.kill()
        when = f"{at * 1000:.2f} ms after {'it began' if anywhere else 'its journal appeared'}"
        _judge(bench, tally, scene, started, folder, f"{scene.name} killed {when}", dice)
    tally.seconds = time.monotonic() - begun
    return tally


def timing(bench: Bench, scene: Scene, twist: Twist) -> tuple[float, float]:
    """Seconds a command lives, and for how long of it from the first sight of a journal on."""
    lives, holds = [], []
    for _ in range(3):
        folder = bench.fresh(scene.finds)
        started = Run(scene.words, folder, twist=twist)
        await_journal(started, folder)
        seen = time.perf_counter()
        started.wait()
        ended = time.perf_counter()
        lives.append(ended - started.begun)
        holds.append(ended - seen)
        bench.clear(folder)
    return median(lives), max(median(holds), median(lives) * 0.2)


def await_journal(started: Run, folder: Path) -> None:
    """Until a journal is there, or the command has ended."""
    journal = f"{folder / NAME}-journal"
    while not os.path.exists(journal) and not started.poll():  # noqa: PTH110
        time.sleep(0.00005)


def sleep_until(when: float) -> None:
    """Until that instant of the performance counter."""
    while (left := when - time.perf_counter()) > 0:
        if left > 0.0005:
            time.sleep(left - 0.0003)


def _judge(
    bench: Bench, tally: Tally, scene: Scene, started: Run, folder: Path, what: str, dice: random.Random
) -> None:
    before, after = bench.outcome(scene)
    ended = started.wait()
    chance = dice.random()
    if chance < 0.1:  # the one that finds the journal is killed as well
        recovery = Run(("list",), folder)
        sleep_until(recovery.begun + dice.uniform(0.001, 0.02))
        recovery.kill() if not recovery.poll() else None
        recovery.wait()
        what += ", then its recovery"
    if ended.code not in (0, 1, -signal.SIGKILL):
        tally.fail("exit", f"{what}: {ended.code} {ended.complaint}")
    found = tally.judge(acknowledged(scene.words, ended), before, after, folder / NAME, what)
    judge_backups(
        tally, folder, [before, after], before, what,
        is_needed=scene.words[0] == "backup" and acknowledged(scene.words, ended),
    )  # fmt: skip
    if chance > 0.95 and found == "after":
        looked = run(("list", "--json"), folder)
        if looked.code != 0:
            tally.fail("exit", f"{what}: list afterwards: {looked.code} {looked.complaint}")
    elif chance > 0.9 and found == "before":
        again = run(scene.words, folder)
        if again.code not in (0, 1):
            tally.fail("exit", f"{what}: again afterwards: {again.code} {again.complaint}")
    bench.clear(folder)


def calls_of(bench: Bench, scene: Scene, twist: Twist = None) -> Counter[str]:
    """How often an undisturbed run makes each system call that may change a file."""
    folder = bench.fresh(scene.finds)
    log = Path(f"{folder}.log")
    traced(Run(scene.words, folder, gate=True, twist=twist), log, "-e", f"trace={','.join(CALLS)}")
    counted = Counter(re.findall(r"^(\w+)\(", log.read_text(errors="replace"), re.M))
    bench.clear(folder)
    return counted


def kills_at_calls(
    bench: Bench,
    scenes: Sequence[Scene],
    seed: int,
    *,
    most: int | None = None,
    twist: Twist = None,
    part: str = "kill -9 at each call",
) -> Tally:
    """Kill commands before every system call that may change a file; `most` a scene, picked at random."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    for scene in scenes:
        points = [
            (name, nth)
            for name, count in calls_of(bench, scene, twist).items()
            for nth in range(1, count + 1)
        ]
        if most is not None and len(points) > most:
            points = dice.sample(points, most)
        for name, nth in points:
            folder = bench.fresh(scene.finds)
            started = Run(scene.words, folder, gate=True, twist=twist)
            inject = f"inject={name}:signal=KILL:when={nth}"
            traced(started, Path(f"{folder}.log"), "-e", f"trace={name}", "-e", inject)
            _judge(bench, tally, scene, started, folder, f"{scene.name} killed at {name} {nth}", dice)
    tally.seconds = time.monotonic() - begun
    return tally
