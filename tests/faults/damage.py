"""Portfolios that are not what they should be: cut short, altered, planted with traps, not files at all.

Reading commands answer rightly or refuse with exit 12; writing ones do their work or change nothing.
Never exit 3, never a hang, never a file made worse.
"""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults.runs import Ended, Run, run, traced
from tests.faults.scenes import NAME, Bench, Scene, scene
from tests.faults.states import CorruptError, State, same, state
from tests.faults.tally import Tally

LOOKS = (("list",), ("due", "--days", "90"), ("show", "A002"), ("history",))
WRITES = ("done", "set", "import again")
OUTCOMES = (0, 1, 2, 10, 12, 13)
_HANGS = -14


class Damage(NamedTuple):
    """A way to spoil a portfolio, and whether commands must refuse it."""

    name: str
    spoil: Callable[[Path], object]
    refused: bool


def _sql(*statements: str) -> Callable[[Path], object]:
    def spoil(path: Path) -> None:
        connection = sqlite3.connect(path)
        for each in statements:
            connection.execute(each)
        connection.commit()
        connection.close()

    return spoil


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _looping_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _moved_link(path: Path) -> None:
    path.rename(path.with_name("real.db"))
    path.symlink_to("real.db")


DAMAGES = [
    Damage("empty file", lambda path: path.write_bytes(b""), True),
    Damage("one byte", lambda path: path.write_bytes(b"S"), True),
    Damage("text", lambda path: path.write_text("id,name\nA1,Acme\n"), True),
    Damage("zeros", lambda path: path.write_bytes(bytes(8192)), True),
    Damage("another application's database", _sql("PRAGMA application_id = 7"), True),
    Damage("newer schema", _sql("PRAGMA user_version = 99"), True),
    Damage("trigger that deletes", _sql(
        "CREATE TRIGGER t AFTER INSERT ON change BEGIN DELETE FROM agenda; DELETE FROM activity; END"), True),
    Damage("trigger that rewrites", _sql(
        "CREATE TRIGGER t AFTER INSERT ON item_state BEGIN UPDATE contract SET arr_minor = 1; END"), True),
    Damage("trigger that aborts", _sql(
        "CREATE TRIGGER t BEFORE INSERT ON operation BEGIN SELECT RAISE(ABORT, 'no'); END"), True),
    Damage("view", _sql("CREATE VIEW v AS SELECT * FROM account"), True),
    Damage("view in place of a table", _sql(
        "ALTER TABLE activity RENAME TO hidden", "CREATE VIEW activity AS SELECT * FROM hidden"), True),
    Damage("a table gone", _sql("DROP TABLE pin"), False),
    Damage("a column gone", _sql("ALTER TABLE account DROP COLUMN industry"), False),
    Damage("an index gone", _sql("DROP INDEX change_account"), False),
    Damage("a folder", _folder, True),
    Damage("a pipe", _fifo, True),
    Damage("a link to itself", _looping_link, True),
    Damage("a link to the portfolio", _moved_link, False),
    Damage("a link to nothing", lambda path: (path.unlink(), path.symlink_to("nowhere.db")), True),
]  # fmt: skip


def spoiled(bench: Bench, *, part: str = "spoiled portfolio") -> Tally:
    """Every damage met by every reading and some writing commands."""
    tally = Tally(part)
    begun = time.monotonic()
    for damage in DAMAGES:
        for words, writes in _all_commands():
            folder = bench.fresh("book")
            damage.spoil(folder / NAME)
            kept = _copy(folder / NAME)
            ended = run(words, folder)
            what = f"{damage.name}, {' '.join(words[:2])}: {ended.code} {ended.complaint}"
            _judge(tally, ended, what)
            creates = words[0] == "import" and damage.name in ("empty file", "a link to nothing")
            if damage.refused and ended.code != 12 and not creates:
                tally.fail("accepted", what)
            if (ended.code == 12 or not writes) and _copy(folder / NAME) != kept:
                tally.fail("altered", what)
            bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally


def _all_commands() -> Iterator[tuple[tuple[str, ...], bool]]:
    yield from ((words, False) for words in LOOKS)
    yield from ((scene(name).words, True) for name in WRITES)


def _copy(path: Path) -> object:
    """What is there, to see later whether it was touched."""
    if path.is_symlink():
        return ("link", os.readlink(path), path.read_bytes() if path.is_file() else None)  # noqa: PTH115
    return path.read_bytes() if path.is_file() else path.exists()


def _judge(tally: Tally, ended: Ended, what: str) -> None:
    """What holds for every command on every file."""
    tally.trials += 1
    if ended.code not in OUTCOMES:
        tally.fail("hang" if ended.code == _HANGS else "exit", f"{what} {ended.err[-200:]}")
    if "Traceback" in ended.err + ended.out:
        tally.fail("traceback", what)
    if ended.code not in (0, 1) and not ended.complaint.startswith("error["):
        tally.fail("silent", what)


def altered(bench: Bench, trials: int, seed: int, *, change: str, part: str = "") -> Tally:
    """Portfolios cut short ("length") or with bits turned ("bits") met by a random command.

    A command that says it worked must not have made anything worse: where the file was sound before, it
    is after, and the change is the one it makes on the sound file.
    """
    tally = Tally(part or f"altered {change}")
    dice = random.Random(seed)
    begun = time.monotonic()
    whole = (bench.template("book") / NAME).read_bytes()
    commands = list(_all_commands())
    scenes = {scene(name).words: scene(name) for name in WRITES}
    for _ in range(trials):
        words, writes = dice.choice(commands)
        folder = bench.fresh("book")
        path = folder / NAME
        content, told = _alter(whole, change, dice)
        path.write_bytes(content)
        before = _state(path)
        kept = path.read_bytes()
        ended = run(words, folder)
        what = f"{told}, {' '.join(words[:2])}: {ended.code} {ended.complaint}"
        _judge(tally, ended, what)
        if not writes or ended.code == 12:
            if path.read_bytes() != kept and not same(_state(path), before):
                tally.fail("altered", what)
        elif ended.code in (0, 1) and before != "corrupt":
            _judge_write(bench, tally, scenes[words], before, path, what)  # type: ignore[arg-type]
        bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally


def _judge_write(bench: Bench, tally: Tally, what: Scene, before: State, path: Path, said: str) -> None:
    found = _state(path)
    if found == "corrupt":
        tally.fail("corrupt", f"{said}: sound before, not any more")
        return
    clean_before, clean_after = bench.outcome(what)
    if same(before, clean_before) and not same(found, clean_after):  # type: ignore[arg-type]
        tally.fail("wrong", said)


def _state(path: Path) -> "State | str":
    try:
        copied = path.with_name("looked-at.db")  # looking may recover, and so write
        shutil.copyfile(path, copied)
        return state(copied)
    except CorruptError:
        return "corrupt"
    finally:
        copied.unlink(missing_ok=True)


def _alter(whole: bytes, change: str, dice: random.Random) -> tuple[bytes, str]:
    if change == "length":
        size = dice.choice(
            (dice.randint(0, 1200), dice.randint(0, len(whole)), dice.randint(0, len(whole) // 4096) * 4096)
        )
        return whole[:size], f"cut to {size} bytes"
    content = bytearray(whole)
    where = sorted(
        dice.choice((dice.randrange(100), dice.randrange(len(whole)))) for _ in range(dice.choice((1, 1, 8)))
    )
    for at in where:
        content[at] ^= 1 << dice.randrange(8)
    return bytes(content), f"bits turned in bytes {where}"


def no_locks(
    bench: Bench,
    *,
    errors: tuple[str, ...] = ("ENOLCK", "EINVAL", "EIO", "EOPNOTSUPP"),
    part: str = "file system without locks",
) -> Tally:
    """A network share on which locking answers with an error: refused in one line, nothing changed."""
    tally = Tally(part)
    begun = time.monotonic()
    for error in errors:
        for words, writes in _all_commands():
            folder = bench.fresh("book")
            held = [folder / NAME, folder / f"{NAME}-journal"]
            before = state(folder / NAME)
            paths = [word for each in held for word in ("-P", str(each))]
            log = Path(f"{folder}.log")
            ended = traced(
                Run(words, folder, gate=True),
                log,
                *paths,
                "-e",
                "trace=fcntl",
                "-e",
                f"inject=fcntl:error={error}:when=1+",
            )
            what = f"{error}, {' '.join(words[:2])}: {ended.code} {ended.complaint}"
            _judge(tally, ended, what)
            if "(INJECTED)" not in log.read_text() or (ended.code == 0 and writes):
                tally.fail("accepted", what)
            elif ended.code != 12:
                tally.fail("exit", what)
            if not same(state(folder / NAME), before):
                tally.fail("altered", what)
            bench.clear(folder)
    tally.seconds = time.monotonic() - begun
    return tally
