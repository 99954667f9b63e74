"""Files and folders this user may not write, or not read: a clear line, and looking still works."""

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.faults.runs import run
from tests.faults.scenes import NAME, Bench, scene
from tests.faults.states import same, state
from tests.faults.tally import Tally

LOOKS = (("list",), ("due",), ("show", "A002"), ("history",))
WRITES = ("done", "set", "import again", "save start")


class Barred(NamedTuple):
    """How a portfolio is kept from this user; whether it can still be read."""

    name: str
    bar: Callable[[Path], object]
    readable: bool


def _not_ours(folder: Path) -> None:
    (folder / NAME).chmod(0o600)
    os.chown(folder / NAME, 12345, 12345)


BARRED = [
    Barred("read-only file", lambda folder: (folder / NAME).chmod(0o400), True),
    Barred("read-only folder", lambda folder: folder.chmod(0o500), True),
    Barred(
        "read-only file and folder", lambda folder: ((folder / NAME).chmod(0o400), folder.chmod(0o500)), True
    ),
    Barred("unreadable file", lambda folder: (folder / NAME).chmod(0), False),
    Barred("somebody else's file", _not_ours, False),
    Barred("portfolio gone", lambda folder: (folder / NAME).unlink(), False),
]


def bound() -> None:
    """In a run's own process: root gives up the right to write and read anywhere."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for at in range(3):
        sets[at] &= ~0b1111  # CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def barred(bench: Bench, *, part: str = "no permission", twist: Callable[[], None] = bound) -> Tally:
    """Every bar met by reading and writing commands."""
    tally = Tally(part)
    begun = time.monotonic()
    for bar in BARRED:
        if bar.name.startswith("somebody") and os.geteuid() != 0:
            tally.notes.append("giving a file to somebody else needs root: not run")
            continue
        for words in (*LOOKS, *(scene(each).words for each in WRITES)):
            folder = bench.fresh("book")
            before = state(folder / NAME)
            bar.bar(folder)
            ended = run(words, folder, twist=twist)
            folder.chmod(0o700)
            tally.trials += 1
            what = f"{bar.name}, {' '.join(words[:2])}: {ended.code} {ended.complaint}"
            looks = words in LOOKS
            gone = not (folder / NAME).exists()
            creates = bar.name == "portfolio gone" and words[0] == "import"
            wanted = (0, 1) if (looks and bar.readable) or creates else (12,)
            if ended.code not in wanted:
                tally.fail("exit", what)
            if ended.code == 12 and not ended.complaint.startswith(("error[portfolio-", "error[read")):
                tally.fail("unclear", what)
            if not gone and not creates:
                (folder / NAME).chmod(0o600)
                if not same(state(folder / NAME), before):
                    tally.fail("altered", what)
            bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally
