"""The mutation score: how many small faults the tests notice.

    python -m tests.mutation                        money and dates whole, a seeded sample of the store
    python -m tests.mutation --sample 0 renewctl/core/money.py
    python -m tests.mutation --sample 40 renewctl/store/*.py

First the tests run once, noting which of them reach which line; then each fault is put in, in a process
of its own, and the tests that reach its line run until one fails. What none notices is listed. Tests that
start the program as a process of its own cannot notice, so the true score is a little higher.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import coverage
import pytest

from tests.mutation.mutants import Mutant, mutants
from tests.processes import ROOT

SEED = 20260302
_ALWAYS = ["renewctl/core/money.py", "renewctl/core/dates.py"]
_MOST_TESTS = 60  # a line that more tests reach is tried by so many of them, the quickest first


class Notes:
    """A pytest plugin: which test reaches which line, and how long each takes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object:
        """One test, its lines under its name."""
        self.measured.switch_context(item.nodeid)
        began = time.perf_counter()
        found = yield
        self.seconds[item.nodeid] = time.perf_counter() - began
        self.measured.switch_context("")
        return found


def _reach_apart(files: Sequence[Path], tests: Sequence[str]) -> dict[str, list[str]]:
    """`reach` in a process of its own: it loads the program, which later children must load anew."""
    notes = Path(tempfile.mkdtemp(prefix="mutation-")) / "reach.json"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            notes.write_text(json.dumps(reach(files, tests)), encoding="utf-8")
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the tests fail without any fault put in")
    found: dict[str, list[str]] = json.loads(notes.read_text(encoding="utf-8"))
    return found


def reach(files: Sequence[Path], tests: Sequence[str]) -> dict[str, list[str]]:
    """file NUL line -> the tests that reach it, the quickest first.

    Under no line: those that reach the file at all, for lines that run when it is loaded.
    """
    measured = coverage.Coverage(data_file=None, include=[str(file) for file in files], branch=False)
    notes = Notes(measured)
    measured.start()
    try:
        code = pytest.main(["-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests], plugins=[notes])
    finally:
        measured.stop()
    if code:
        raise SystemExit(1)
    found: dict[str, list[str]] = {}
    data = measured.get_data()
    for file in data.measured_files():
        anywhere: set[str] = set()
        for line, contexts in data.contexts_by_lineno(file).items():
            names = {name for name in contexts if name}
            anywhere |= names
            found[f"{file}\x00{line}"] = _quickest(names, notes.seconds)
        found[f"{file}\x00"] = _quickest(anywhere, notes.seconds)
    return found


def _quickest(names: set[str], seconds: dict[str, float]) -> list[str]:
    return sorted(names, key=lambda name: (seconds.get(name, 0.0), name))[:_MOST_TESTS]


class Faulty(MetaPathFinder, Loader):
    """Gives one module with another source."""

    def __init__(self, name: str, file: Path, source: str) -> None:
        self.name, self.file, self.source = name, file, source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Only our module."""
        return spec_from_loader(name, self, origin=str(self.file)) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Its faulty text."""
        module.__file__ = str(self.file)
        exec(compile(self.source, str(self.file), "exec"), module.__dict__)  # noqa: S102


def noticed(file: Path, mutant: Mutant, tests: Sequence[str], seconds: float) -> bool:
    """Whether a test fails, or none of them comes to an end, with the fault in."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            signal.alarm(int(seconds) + 1)
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            sys.meta_path.insert(0, Faulty(name, file, mutant.source))
            base = tempfile.mkdtemp(prefix="mutant-")
            options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", f"--basetemp={base}/t"]
            code = 1 if pytest.main([*options, *tests]) else 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status != 0


def _import_others() -> None:
    """What every child needs and no fault is put into, loaded once."""
    import hypothesis
    import jinja2
    import rich.console
    import sqlmodel
    import typer

    _ = (hypothesis, jinja2, rich.console, sqlmodel, typer)


def main() -> int:
    """Put faults in and report."""
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation score.")
    options.add_argument("files", nargs="*", help="modules (default: money, dates, and the store)")
    options.add_argument("--sample", type=int, default=300, help="faults in the store, by lot (0: all)")
    options.add_argument("--tests", nargs="*", default=["tests/core", "tests/store", "tests/cli"])
    options.add_argument("--list", action="store_true", help="say of each fault what became of it")
    given = options.parse_args()
    store = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "renewctl/store").glob("*.py"))
    names = given.files or [*_ALWAYS, *store]
    files = [ROOT / name for name in names]
    reached = _reach_apart(files, given.tests)
    _import_others()
    every = [(file, mutant) for file in files for mutant in mutants(file.read_text(encoding="utf-8"))]
    always = [(file, mutant) for file, mutant in every if str(file.relative_to(ROOT)) in _ALWAYS]
    others = [each for each in every if str(each[0].relative_to(ROOT)) not in _ALWAYS]
    if given.sample and len(others) > given.sample:
        others = random.Random(SEED).sample(others, given.sample)
    score: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, mutant in [*always, *others]:
        tests = reached.get(f"{file}\x00{mutant.line}") or [
            # a line that runs when the module is loaded: whatever is about the module
            *(str(each) for each in ROOT.glob(f"tests/*/test_{file.stem}.py")),
            *reached.get(f"{file}\x00", []),
        ]
        caught = bool(tests) and noticed(file, mutant, tests, 60)
        name = str(file.relative_to(ROOT))
        group = name if name in _ALWAYS else "the store" if name.startswith("renewctl/store/") else name
        score[group][0] += caught
        score[group][1] += 1
        if not caught or given.list:
            print(f"{'noticed ' if caught else 'MISSED  '} {name}:{mutant.line}: {mutant.what}", flush=True)
    print(f"\nseed {SEED}; {len(every)} faults are possible, {len(always) + len(others)} were tried")
    for group, (caught, tried) in sorted(score.items()):
        print(f"{group:<28} {caught:5} of {tried:5} noticed  {caught / tried:7.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
