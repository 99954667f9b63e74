"""The figures of the project, each a ratio of two commands measured in turns on one core.

    python -m tests.benchmarks               everything, a quarter of an hour or so
    python -m tests.benchmarks --quick       fewer repetitions, and no book of a million accounts
    python -m tests.benchmarks --only due,import-again
    python -m tests.benchmarks --list        the names of the figures

A wheel is built and installed with the peers of the `bench` extra into an environment of its own, so
that what is measured is what a user runs. Nothing passes or fails here: the targets stand beside the
figures, and the noise of the machine (a command against itself) comes first.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import figures
from tests.benchmarks.bench import Bench
from tests.benchmarks.measure import pin


def main() -> int:
    """Measure what was asked for."""
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure renewctl.")
    options.add_argument("--quick", action="store_true", help="few repetitions, no million accounts")
    options.add_argument("--only", default="", metavar="NAME,…", help="only these figures")
    options.add_argument("--repeat", type=int, default=0, metavar="N", help="pairs per figure")
    options.add_argument("--folder", type=Path, help="keep books and environment here for the next time")
    options.add_argument("--wheel", type=Path, help="measure this wheel instead of building one")
    options.add_argument("--list", action="store_true", help="name the figures and stop")
    given = options.parse_args()
    wanted = [each for each in given.only.split(",") if each]
    unknown = set(wanted) - {figure.name for figure in figures.FIGURES}
    if unknown:
        options.error(f"no such figure: {', '.join(sorted(unknown))}; see --list")
    chosen = [
        figure
        for figure in figures.FIGURES
        if (figure.name in wanted if wanted else not (given.quick and figure.million))
    ]
    if given.list:
        sys.stdout.write("".join(f"{each.name:16} {each.title}\n" for each in figures.FIGURES))
        return 0
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="renewctl-bench-"))
    try:
        bench = Bench(folder.resolve(), given.repeat or (5 if given.quick else 15), given.wheel)
        core = pin()
        bench.say(f"one core ({core}), {bench.repeat} pairs per figure unless said otherwise; CPU time")
        for figure in chosen:
            figure.measure(bench)
    finally:
        if not given.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
