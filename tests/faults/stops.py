"""^C at any instant, and readers that leave: the truth is told and nothing is half done."""

import os
import random
import signal
import time
from collections.abc import Sequence

from tests.faults.kill import Twist, await_journal, sleep_until, timing
from tests.faults.runs import EARLY, Run
from tests.faults.scenes import NAME, Bench, Scene
from tests.faults.tally import Tally


def interrupts(
    bench: Bench, scenes: Sequence[Scene], trials: int, seed: int, *, twist: Twist = None, part: str = "^C"
) -> Tally:
    """Press ^C at random instants; exit 130 means that nothing was changed, unless it says otherwise."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    timings = {each.name: timing(bench, each, twist) for each in scenes}
    while tally.trials < trials:
        scene = scenes[tally.trials % len(scenes)]
        before, after = bench.outcome(scene)
        life, holds = timings[scene.name]
        folder = bench.fresh(scene.finds)
        anywhere = dice.random() < 0.5
        at = dice.uniform(0, life) if anywhere else dice.uniform(0, holds * 1.1)
        started = Run(scene.words, folder, twist=twist, gate=True)
        started.await_gate()
        started.go()
        if not anywhere:
            await_journal(started, folder)
        sleep_until((started.begun if anywhere else time.perf_counter()) + at)
        if not started.poll():
            started.kill(signal.SIGINT)
        ended = started.wait()
        if ended.code == EARLY:
            bench.clear(folder)
            continue
        since = "it began" if anywhere else "its journal"
        what = f"{scene.name}, ^C {at * 1000:.2f} ms after {since}: {ended.code} {ended.complaint}"
        found = tally.judge(ended.code in (0, 1), before, after, folder / NAME, what)
        if ended.code not in (0, 1, 130):
            tally.fail("exit", f"{what} {ended.err[-300:]}")
        elif ended.code == 130 and found == "after" and scene.wrote and "nothing was changed" in ended.err:
            tally.fail("denied", f"{what}: and is there")
        elif ended.code == 130 and found == "before" and scene.wrote and "kept" in ended.err:
            tally.fail("lost", f"{what}: and is not there")
        elif ended.code == 130 and "nothing was changed" not in ended.err and "kept" not in ended.err:
            tally.fail("silent", f"{what}: {ended.err[:200]!r}")
        if "Traceback" in ended.err:
            tally.fail("traceback", f"{what}: {ended.err[-300:]}")
        bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally


def closed_pipes(
    bench: Bench, scenes: Sequence[Scene], trials: int, seed: int, *, part: str = "closed pipe"
) -> Tally:
    """The reader of standard output leaves at some instant: exit 0, quietly, and the work is done."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    while tally.trials < trials:
        scene = scenes[tally.trials % len(scenes)]
        before, after = bench.outcome(scene)
        folder = bench.fresh(scene.finds)
        ours, theirs = os.pipe()
        started = Run(scene.words, folder, stdout=theirs)
        os.close(theirs)
        at = dice.choice((0.0, dice.uniform(0, 0.05)))
        sleep_until(started.begun + at)
        os.close(ours)
        ended = started.wait()
        what = f"{scene.name}, its reader left after {at * 1000:.2f} ms: {ended.code} {ended.complaint}"
        tally.judge(scene.wrote, before, after, folder / NAME, what)
        if ended.code not in (0, 1):
            tally.fail("exit", what)
        if "Traceback" in ended.err or "error" in ended.err:
            tally.fail("noise", f"{what}: {ended.err[:200]}")
        bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally
