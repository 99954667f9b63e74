"""Two to eight writers at once, with readers beside them: no write lost, none refused, no reader fails."""

import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.kill import Twist
from tests.faults.runs import Ended, Run, run
from tests.faults.scenes import NAME, Bench
from tests.faults.states import CorruptError, state
from tests.faults.tally import Tally


def crowd(
    bench: Bench, writers: int, each: int, seed: int, *, readers: int = 1, twist: Twist = None, part: str = ""
) -> Tally:
    """So many writers with so many commands each; all that was told done must be there."""
    tally = Tally(part or f"{writers} writers")
    dice = random.Random(seed)
    begun = time.monotonic()
    folder = bench.fresh("book")
    queues = [_commands(writer, each, dice) for writer in range(writers)]
    queues += [_looks(each // 4 + 1, dice) for _ in range(readers)]
    running: dict[int, tuple[Run, tuple[str, ...]]] = {}
    told: list[tuple[str, ...]] = []
    while queues:
        for at, queue in enumerate(queues):
            if at in running and not running[at][0].poll():
                continue
            if at in running:
                _note(tally, told, running.pop(at), writer=at < writers)
            words = next(queue, None)
            if words is None:
                continue
            streams = bench.root / f"crowd{at}"
            running[at] = (Run(words, folder, twist=twist, streams=streams), words)
        if not running:
            break
        time.sleep(0.0005)
    _count(tally, told, folder)
    bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally


def _commands(writer: int, count: int, dice: random.Random) -> Iterator[tuple[str, ...]]:
    """Writes that can be told apart: notes and facts, each with a text of its own."""
    for nth in range(count):
        account = f"A{dice.randint(1, 60):03d}"
        mark = f"w{writer}n{nth}"
        if nth % 3:
            yield "log", account, mark, "--kind", "note"
        else:
            yield "set", account, f"champion={mark}", "--reason", mark


def _looks(count: int, dice: random.Random) -> Iterator[tuple[str, ...]]:
    for _ in range(count):
        yield dice.choice([("list", "--json"), ("due", "--days", "30"), ("history",), ("show", "A007")])


def _note(
    tally: Tally, told: list[tuple[str, ...]], ran: tuple[Run, tuple[str, ...]], *, writer: bool
) -> None:
    run_, words = ran
    ended: Ended = run_.wait()
    if not writer:
        if ended.code != 0:
            tally.fail("reader", f"{words}: {ended.code} {ended.complaint}")
        return
    tally.trials += 1
    if ended.code == 0:
        tally.acknowledged += 1
        told.append(words)
    else:
        tally.fail("refused", f"{words}: {ended.code} {ended.complaint}")


def _count(tally: Tally, told: list[tuple[str, ...]], folder: Path) -> None:
    """Every write that was told done is in the log exactly once, and its effect is recorded."""
    try:
        state(folder / NAME)
    except CorruptError as error:
        tally.fail("corrupt", str(error))
        return
    connection = sqlite3.connect(folder / NAME)
    sequence = [row[0] for row in connection.execute("SELECT seq FROM operation ORDER BY seq")]
    if sequence != list(range(1, len(sequence) + 1)):
        tally.fail("corrupt", f"operations are numbered {sequence[:5]} … {sequence[-5:]}")
    texts = [row[0] for row in connection.execute("SELECT text FROM activity")]
    summaries = [
        row[0] for row in connection.execute("SELECT summary FROM operation WHERE command LIKE 'set%'")
    ]
    connection.close()
    reasons = [each.rpartition("(")[2].rstrip(")") for each in summaries]
    for words in told:
        mark = words[2] if words[0] == "log" else words[-1]
        found = (texts if words[0] == "log" else reasons).count(mark)
        if found != 1:
            tally.fail("lost" if not found else "twice", f"{words}: {found} times")
    if folder.exists() and (ended := run(("list",), folder)).code != 0:
        tally.fail("exit", f"list afterwards: {ended.code} {ended.complaint}")


def same_item(
    bench: Bench, writers: int, rounds: int, *, twist: Twist = None, part: str = "one item, many hands"
) -> Tally:
    """Several people tick off the same item at once: all are told so, and it is done once."""
    tally = Tally(part)
    begun = time.monotonic()
    for _ in range(rounds):
        folder = bench.fresh("book")
        runs = [
            Run(("done", "1-notice"), folder, twist=twist, streams=bench.root / f"crowd{at}", gate=True)
            for at in range(writers)
        ]
        for each in runs:
            each.go()
        codes = [each.wait().code for each in runs]
        tally.trials += len(codes)
        tally.acknowledged += codes.count(0)
        if any(codes):
            tally.fail("refused", f"exit codes {codes}")
        connection = sqlite3.connect(folder / NAME)
        done = connection.execute("SELECT COUNT(*) FROM operation WHERE command LIKE 'done%'").fetchone()[0]
        connection.close()
        if done != 2:  # one before, one now
            tally.fail("twice" if done > 2 else "lost", f"done {done - 1} times")
        bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally
