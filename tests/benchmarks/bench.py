"""The bench: an environment with the installed wheel and its peers, and books of each size, made once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path

from tests.benchmarks import books
from tests.benchmarks.measure import Command, Ratio, compare, run
from tests.processes import ROOT


class Bench:
    """Where figures are taken."""

    def __init__(self, folder: Path, repeat: int, wheel: Path | None) -> None:
        self.folder = folder
        self.repeat = repeat
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir(exist_ok=True)
        self.python = folder / "env" / "bin" / "python"
        self._install(wheel)
        self.made: dict[int, Path] = {}

    def say(self, text: str) -> None:
        """A line of the report, at once."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _install(self, wheel: Path | None) -> None:
        """A clean environment; an older one in a kept folder gets today's wheel."""
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(self.folder / "env")], check=True)
            _quiet([*self._pip, "build", "sqlite-utils>=3.38", "todoman>=4.5"])
        if wheel is None:
            shutil.rmtree(self.folder / "dist", ignore_errors=True)
            _quiet([self.python, "-m", "build", "--wheel", "--outdir", self.folder / "dist", ROOT])
            wheel = next((self.folder / "dist").glob("*.whl"))
        _quiet([*self._pip, wheel])
        _quiet([*self._pip, "--force-reinstall", "--no-deps", wheel])

    @property
    def _pip(self) -> list[str]:
        return [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]

    @cached_property
    def env(self) -> dict[str, str]:
        """What every measured command sees."""
        return {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "RENEWCTL_USER": "csm01",
            "RENEWCTL_AS_OF": books.AS_OF.isoformat(),
        }

    def program(self, name: str) -> str | None:
        """An installed program, those of the bench's own environment first."""
        return shutil.which(name, path=self.env["PATH"])

    @cached_property
    def base(self) -> Command:
        """What everything small is measured against."""
        return Command("import sqlite3", [str(self.python), "-c", "import sqlite3"], self.env)

    def renewctl(
        self,
        *words: str,
        portfolio: Path,
        before: Callable[[], None] | None = None,
        stdin: Path | None = None,
        **env: str,
    ) -> Command:
        """The installed program over a portfolio."""
        return Command(
            f"renewctl {' '.join(words)}",
            [str(self.python.parent / "renewctl"), *words],
            {**self.env, "RENEWCTL_PORTFOLIO": str(portfolio), **env},
            before,
            self.folder,
            stdin,
            (0, 1),
        )

    def command(self, name: str, words: Sequence[str], before: Callable[[], None] | None = None) -> Command:
        """Another program."""
        return Command(name, words, self.env, before, self.folder)

    def book(self, count: int, *, changed: float = 0.0) -> Path:
        """The CSV of a book, written on first use."""
        file = self.folder / f"book-{count}{'-changed' if changed else ''}.csv"
        if not file.exists():
            books.write_book(file, count, changed=changed)
        return file

    def portfolio(self, count: int) -> Path:
        """A portfolio of that many accounts, imported by the program under measure."""
        file = self.folder / f"portfolio-{count}.db"
        if count not in self.made:
            file.unlink(missing_ok=True)
            run(self.renewctl("import", str(self.book(count)), portfolio=file))
            self.made[count] = file
        return file

    def spare(self, count: int) -> Path:
        """A copy of that portfolio to change."""
        return Path(shutil.copy(self.portfolio(count), self.folder / f"spare-{count}.db"))

    def figure(
        self, title: str, one: Command, two: Command, target: str, repeat: int = 0, *, warm: bool = True
    ) -> Ratio:
        """Measure a pair and print its line."""
        ratio = compare(one, two, repeat or self.repeat, warm=warm)
        self.say(
            f"  {title:<62} {ratio.median:6.2f}x  ({ratio.low:.2f} to {ratio.high:.2f}, {ratio.runs} pairs)"
            f"  {ratio.one:8.3f} s to {ratio.two:.3f} s  target {target}"
        )
        return ratio


def _quiet(words: Sequence[str | Path]) -> None:
    """Run a preparation; what it says is shown only where it fails."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout[-3000:]}")


@cache
def todo_config(folder: Path, count: int) -> Path:
    """A configuration of todoman over a list of that many items, beside everything of the user's."""
    lists = folder / "todos"
    shutil.rmtree(lists, ignore_errors=True)  # of another day
    books.write_todos(lists / "renewals", count)
    config = folder / "todoman.py"
    config.write_text(
        f'path = "{lists}/*"\ndate_format = "%Y-%m-%d"\ntime_format = "%H:%M"\n'
        f'default_list = "renewals"\ncache_path = "{folder}/todoman.sqlite3"\n'
    )
    return config
