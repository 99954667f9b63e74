"""Measuring whole processes: CPU and memory of one run, and two commands taken in turns."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """What one process cost."""

    cpu: float  # seconds, user and system, of the process and the children it waited for
    wall: float  # seconds
    peak: int  # bytes resident at most


class Command(NamedTuple):
    """A command to measure, and what has to be done before each of its runs."""

    name: str
    words: Sequence[str] | Callable[[], Sequence[str]]
    env: dict[str, str]
    before: Callable[[], None] | None = None
    folder: Path | None = None
    stdin: Path | None = None
    fine: tuple[int, ...] = (0,)


class Ratio(NamedTuple):
    """How two commands compare, pair by pair."""

    median: float
    low: float
    high: float
    one: float  # median seconds of the first
    two: float  # of the second
    runs: int
    peak: int  # bytes, the most of the first command's runs


def pin() -> int | None:
    """Keep this process and its children on one core; which, or None where that is not possible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def run(command: Command) -> Run:
    """Run a command once, its output thrown away. Raises SystemExit with its message where it fails."""
    if command.before:
        command.before()
    words = command.words() if callable(command.words) else command.words
    with (
        Path(os.devnull).open("w") as nothing,
        Path(command.stdin or os.devnull).open("rb") as given,
        Path(command.env["HOME"], "stderr").open("w+") as said,
    ):
        began = time.perf_counter()
        process = subprocess.Popen(
            words, stdin=given, stdout=nothing, stderr=said, env=command.env, cwd=command.folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.fine:
            said.seek(0)
            raise SystemExit(f"{' '.join(words)}\nended with {process.returncode}: {said.read()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * scale)


def compare(one: Command, two: Command, repeat: int, *, warm: bool = True) -> Ratio:
    """`one` against `two` by CPU time, taken in turns: A B A B …; a first pair may only warm the caches."""
    if warm:
        run(one)
        run(two)
    pairs = [(run(one), run(two)) for _ in range(repeat)]
    ratios = [first.cpu / second.cpu for first, second in pairs]
    return Ratio(
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        statistics.median(first.cpu for first, _ in pairs),
        statistics.median(second.cpu for _, second in pairs),
        repeat,
        max(first.peak for first, _ in pairs),
    )
