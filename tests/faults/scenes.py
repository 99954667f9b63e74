"""The commands that are put to the test, and the portfolios they are given.

A new command is one line in `SCENES`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.runs import Ended, run
from tests.faults.states import CorruptError, State, difference, same, state
from tests.faults.tally import Tally
from tests.store.older import lay

NAME = "portfolio.db"
_HEAD = "id,name,arr,currency,renewal_date,start_date,term_months,notice_days,auto_renew,csm,nps,usage_trend"


class Scene(NamedTuple):
    """A command, the portfolio it finds, and the files it makes beside it, the same ones on every run."""

    name: str
    words: tuple[str, ...]
    finds: str  # a template: "none", "book", "large" …
    makes: tuple[str, ...] = ()  # there whole or not at all
    wrote: bool = True  # whether it changes the portfolio
    asked: bool = True  # whether that change is what it was asked for


SCENES = [
    Scene("first import", ("import", "book.csv"), "none"),
    Scene("import again", ("import", "later.csv"), "book"),
    Scene("done", ("done", "1-notice", "--hours", "0.5"), "book"),
    Scene("skip", ("skip", "1-tasks", "--reason", "not needed"), "book"),
    Scene("set", ("set", "A002", "arr=99000", "nps=12", "--reason", "call"), "book"),
    Scene("log", ("log", "A003", "Spoke to Jo", "--kind", "call", "--hours", "0.25"), "book"),
    Scene("save start", ("save", "start", "A004", "--scenario", "value"), "book"),
    Scene("won", ("won", "A001", "--arr", "130000"), "book"),
    Scene("export", ("export", "accounts", "-o", "out.csv"), "book", ("out.csv",), False),
    Scene("undo", ("undo", "--yes"), "book"),
    Scene("undo import", ("undo", "--yes"), "imported"),
    Scene("forget", ("forget", "A006", "--kind", "account", "--yes"), "book"),
    Scene("backup", ("backup",), "book", wrote=False),
    Scene("restore", ("restore", "--yes"), "backed up"),
    Scene("migrate", ("list",), "older", asked=False),
    Scene("large import", ("import", "large.csv"), "book"),
]


# Commands that show what they are about to do first: what they say once it is done.
_TOLD = {"restore": "is restored", "undo": "is taken back", "forget": "forgotten"}


def told(words: tuple[str, ...], said: str) -> bool:
    """Whether words on a standard stream tell that a command has done what it was asked."""
    return _TOLD.get(words[0], "") in said and bool(said.strip()) and not said.startswith(("error[", "hint:"))


def acknowledged(words: tuple[str, ...], ended: Ended) -> bool:
    """Whether whoever ran it was told that it was done."""
    return ended.code in (0, 1) or told(words, ended.out) or told(words, ended.err)


def judge_backups(
    tally: Tally, folder: Path, allowed: list[State], needed: State, what: str, *, is_needed: bool = False
) -> None:
    """Every backup that has its name is whole: a state there was. That of `needed` must be there."""
    found = []
    for file in folder.glob("backups/*.db"):
        try:
            found.append(state(file))
        except CorruptError as error:
            tally.fail("corrupt", f"{what}: {file.name}: {error}")
            return
        if not any(found[-1] == each for each in allowed):
            tally.fail("partial", f"{what}: {file.name} is none of the states there were")
    if is_needed and needed not in found:
        tally.fail("lost", f"{what}: told done, and there is no backup")


def scene(name: str) -> Scene:
    """The scene of that name."""
    return next(each for each in SCENES if each.name == name)


def chosen(*names: str) -> list[Scene]:
    """Scenes by name; all of them where none is named."""
    return [each for each in SCENES if not names or each.name in names]


def book(count: int, *, first: int = 1, arr: int = 50_000, month: int = 5) -> str:
    """A CSV of accounts, the same for the same arguments; the values change with `arr` and `month`."""
    lines = [_HEAD]
    for no in range(first, first + count):
        day = f"2026-{(no + month) % 9 + 4:02d}-{no % 28 + 1:02d}"
        lines.append(
            f"A{no:03d},Company {no} of the {('north', 'south', 'east')[no % 3]},{arr + no * 997},USD,{day},"
            f"2025-{(no % 12) + 1:02d}-01,{12 * (no % 3 + 1)},{(30, 60, '')[no % 3]},"
            f"{('yes', 'no', '')[no % 3]},"
            f"{('Ana', 'Bob', 'Cleo')[no % 3]},{no % 100},{no % 40 - 20}"
        )
    lines[1] = "A001,Company 1,120000,USD,2026-05-31,2025-05-31,12,30,yes,Ana,40,3"
    return "\n".join(lines) + "\n"


class Bench:
    """Templates made once, and a fresh folder for every trial."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: dict[str, Path] = {}
        self._count = 0
        self._outcomes: dict[str, tuple[State, State]] = {}
        self.made: dict[str, bytes] = {}  # "scene/file" -> its content after an undisturbed run

    def fresh(self, finds: str) -> Path:
        """A new folder that holds a copy of a template."""
        folder = self.root / f"t{self.next()}"
        shutil.copytree(self.template(finds), folder)
        return folder

    def next(self) -> int:
        """A number not used before."""
        self._count += 1
        return self._count

    def onto(self, disk: Path, finds: str) -> Path:
        """A copy of a template on another file system, which it may fill."""
        shutil.copytree(self.template(finds), disk, dirs_exist_ok=True)
        return disk

    def clear(self, folder: Path) -> None:
        """Remove a trial's folder and its streams."""
        shutil.rmtree(folder, ignore_errors=True)
        for ending in (".out", ".err", ".log"):
            Path(f"{folder}{ending}").unlink(missing_ok=True)

    def template(self, finds: str) -> Path:
        """A folder with the input files and, but for "none", a portfolio."""
        if finds not in self._made:
            folder = self.root / f"template-{finds}"
            folder.mkdir()
            (folder / "book.csv").write_text(book(60))
            (folder / "later.csv").write_text(book(90, arr=61_000, month=7))
            if finds == "book":
                (folder / "large.csv").write_text(book(6_000, arr=70_000, month=2))
            _TEMPLATES[finds](folder)
            self._made[finds] = folder
        return self._made[finds]

    def outcome(self, what: Scene) -> tuple[State, State]:
        """The portfolio before and after an undisturbed run, which must say the same twice."""
        if what.name not in self._outcomes:
            before = state(self.template(what.finds) / NAME)
            afters = []
            for _ in range(2):
                folder = self.fresh(what.finds)
                ended = run(what.words, folder)
                if ended.code not in (0, 1):
                    raise AssertionError(f"{what.name} undisturbed: {ended}")
                afters.append(state(folder / NAME))
                self.made |= {f"{what.name}/{each}": (folder / each).read_bytes() for each in what.makes}
                self.clear(folder)
            if afters[0] != afters[1]:
                raise AssertionError(f"{what.name} differs by itself: {difference(*afters)}")
            if what.wrote == same(before, afters[0]):
                raise AssertionError(f"{what.name}: {'nothing' if what.wrote else 'something'} was changed")
            self._outcomes[what.name] = (before, afters[0])
        return self._outcomes[what.name]


@contextmanager
def bench(where: str | None = None) -> Iterator[Bench]:
    """A bench in a temporary folder of its own; in memory where nothing else is asked for and there is such.

    What a process that dies leaves behind is the same on any file system, and syncs cost nothing there.
    """
    memory = "/dev/shm"  # noqa: S108
    where = where or (memory if os.access(memory, os.W_OK) else None)
    with tempfile.TemporaryDirectory(prefix="renewctl-faults-", dir=where) as folder:
        yield Bench(Path(folder))


def _must(folder: Path, *words: str) -> None:
    ended = run(words, folder)
    if ended.code not in (0, 1):
        raise AssertionError(f"{words}: {ended}")


def _book(folder: Path) -> None:
    _must(folder, "import", "book.csv")
    _must(folder, "done", "1-value-review", "--hours", "1")
    _must(folder, "set", "A005", "arr=77000", "--reason", "signed")
    _must(folder, "save", "start", "A005", "--scenario", "budget")


def _imported(folder: Path) -> None:
    _must(folder, "import", "book.csv")
    _must(folder, "import", "later.csv")


def _backed_up(folder: Path) -> None:
    _book(folder)
    _must(folder, "backup")
    _must(folder, "import", "later.csv")
    for left in (folder / "backups").glob("*.before-*.db"):
        left.unlink()


def _older(folder: Path) -> None:
    lay(folder / NAME, 1)


def _none(_folder: Path) -> None:
    """No portfolio."""


_TEMPLATES: dict[str, Callable[[Path], None]] = {
    "none": _none,
    "book": _book,
    "imported": _imported,
    "backed up": _backed_up,
    "older": _older,
}
