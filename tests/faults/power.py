"""Power cuts: the states a disk may be found in, replayed from traces of real commands.

A session of commands is traced, each a process of its own. At every step the power may go; of what was
not synced until then anything may be missing. What a command said it had done must be in every state
that may be found from then on; what it had not said yet, whole or not at all.
"""

import hashlib
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.disk import Disk, Files, lay_out
from tests.faults.kill import Twist
from tests.faults.runs import Ended, Run, traced
from tests.faults.scenes import NAME, Bench, judge_backups, told
from tests.faults.states import CorruptError, State, difference, same, state
from tests.faults.tally import Tally
from tests.faults.trace import OPTIONS, Op, read

# A day at the desk. A new command is one line; each must succeed after those before it.
SESSION: list[tuple[str, ...]] = [
    ("import", "book.csv"),
    ("done", "1-notice", "--hours", "0.5"),
    ("set", "A002", "arr=99000", "nps=12", "--reason", "call"),
    ("log", "A003", "Spoke to Jo", "--kind", "call"),
    ("save", "start", "A004", "--scenario", "value"),
    ("import", "later.csv"),
    ("won", "A001", "--arr", "130000"),
    ("export", "accounts", "-o", "out.csv"),
    ("backup",),
    ("skip", "2-collect-health", "--reason", "not needed"),
    ("undo", "--yes"),
    ("restore", "--yes"),
    ("forget", "A006", "--kind", "account", "--yes"),
]


class Step(NamedTuple):
    """A command of a session: what it asked of the disk, and what was held before and after it."""

    words: tuple[str, ...]
    ops: list[Op]
    before: State
    after: State
    files: dict[str, bytes]  # beside the portfolio, after it
    ended: Ended


def record(
    bench: Bench, session: Sequence[tuple[str, ...]], twist: Twist = None, where: str = NAME
) -> tuple[Path, list[Step]]:
    """Run a session under trace; its folder as it was before, and its steps."""
    folder = bench.fresh("none")
    start = Path(f"{folder}-start")
    shutil.copytree(folder, start)
    steps = []
    before: State = None
    for words in session:
        log = Path(f"{folder}.log")
        ended = traced(Run(words, folder, gate=True, twist=twist, env=_at(folder, where)), log, *OPTIONS)
        if ended.code not in (0, 1):
            raise AssertionError(f"{words}: {ended}")
        after = state(folder / where)
        beside = {
            each.name: each.read_bytes()
            for each in folder.iterdir()
            if each.is_file() and NAME not in each.name
        }
        steps.append(
            Step(words, [_moved(op, folder, start) for op in read(log, folder)], before, after, beside, ended)
        )
        before = after
    bench.clear(folder)
    return start, steps


def _at(folder: Path, where: str) -> dict[str, str]:
    return {"RENEWCTL_PORTFOLIO": str(folder / where)}


def _moved(op: Op, old: Path, new: Path) -> Op:
    """The same step in the folder the disk starts from."""
    return op._replace(path=op.path.replace(str(old), str(new)), other=op.other.replace(str(old), str(new)))


def power_cuts(
    bench: Bench, states: int, seed: int, *, session: Sequence[tuple[str, ...]] = tuple(SESSION),
    twist: Twist = None, where: str = NAME, part: str = "power cut",
) -> Tally:  # fmt: skip
    """Judge that many different states a power cut may leave, spread evenly over the session's steps."""
    tally = Tally(part)
    dice = random.Random(seed)
    begun = time.monotonic()
    start, steps = record(bench, session, twist, where)
    points = sum(len(each.ops) for each in steps)
    seen: set[bytes] = set()
    for share in range(1, 40):
        if tally.trials >= states:
            break
        _pass(bench, tally, start, steps, max(1, -(-states * 2 // points)) * share, states, seen, dice, where)
    tally.notes.append(f"{len(steps)} commands, {points} steps")
    tally.seconds = time.monotonic() - begun
    return tally


def _pass(
    bench: Bench, tally: Tally, start: Path, steps: list[Step], each_point: int, states: int,
    seen: set[bytes], dice: random.Random, where: str,
) -> None:  # fmt: skip
    """Once through the session, with some tries at every step; fewer where little is unsafe."""
    disk = Disk(start)
    quota = (states - tally.trials) / max(1, sum(len(each.ops) for each in steps))
    owed = 0.0
    for at, step in enumerate(steps):
        said = False
        for nth, op in enumerate(step.ops):
            disk.step(op)
            said = said or op.kind == "end" or (op.kind == "say" and told(step.words, op.data.decode()))
            owed += quota
            for _ in range(min(each_point, 1 + disk.unsafe * 8)):
                if owed < 1:
                    break
                files = disk.after_power_cut(dice)
                key = hashlib.sha256(repr((at, said, sorted(files.items()))).encode()).digest()
                if key in seen:
                    continue
                seen.add(key)
                owed -= 1
                what = f"{' '.join(step.words[:2])}, cut after step {nth + 1} of {len(step.ops)} ({op.kind})"
                _judge(bench, tally, files, start, step, said, what, steps[:at], where)


def _judge(
    bench: Bench, tally: Tally, files: Files, start: Path, step: Step, said: bool, what: str,
    past: list[Step], where: str,
) -> None:  # fmt: skip
    folder = bench.root / "cut"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lay_out(files, start, folder)
    tally.trials += 1
    tally.acknowledged += len(past) + said
    try:
        found = state(folder / where)
    except CorruptError as error:
        tally.fail("corrupt", f"{what}: {error}")
        return
    if same(found, step.after) or (not said and same(found, step.before)):
        _judge_beside(tally, folder, step, said, what, past)
        states = [each.after for each in [*past, step]]
        backed_up = [each for each in [*past, *([step] if said else [])] if each.words[0] == "backup"]
        needed = backed_up[-1].after if backed_up else None
        judge_backups(tally, folder, states, needed, what, is_needed=bool(backed_up))
    elif any(same(found, each.before) for each in [*past, step]):
        tally.fail("lost", f"{what}: a commit that was told done is not there")
    else:
        tally.fail("partial", f"{what}: {difference(found, step.after)}")


def _judge_beside(tally: Tally, folder: Path, step: Step, said: bool, what: str, past: list[Step]) -> None:
    """Files beside the portfolio: each whole, as the last command or this one left it."""
    old = past[-1].files if past else None
    for name, content in step.files.items():
        path = folder / name
        found = path.read_bytes() if path.exists() else None
        before = content if old is None else old.get(name)
        if found != content and (said or found != before):
            tally.fail("partial" if found else "lost", f"{what}: {name} has {len(found or b'')} bytes")
