"""Every suite there is, whole, one after the other: `python -m tests`. It takes hours.

What each prints goes to a file of its own in `--logs` (default: a new folder, which is named first). Exit
code 1 where one of them failed. `--only faults,backups` runs some; `--list` shows what there is.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITES = {
    "tests": "pytest --whole",
    "postgresql": "pytest --engine postgresql",
    "faults": "tests.faults",
    "bitflips": "tests.faults.bitflips --flips 20000 --processes 200",
    "backups": "tests.backups --rounds 1000",
    "hostile": "tests.hostile_suite",
    "coverage": "coverage run -m pytest -n 0 tests/core tests/store tests/cli",
    "covered": "coverage report",
    "mutation": "tests.mutation",
    "rules": "tests.rules --prove",
    "simulation": "tests.simulation",
    "saves": "tests.save_simulation --control",
    "cost": "tests.benchmarks",
}
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run them; 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--only", default=",".join(SUITES), help="names of suites, with commas between")
    parser.add_argument("--logs", type=Path, help="folder for what they print")
    parser.add_argument("--list", action="store_true", help="only show the commands")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    if given.list:
        for name in wanted:
            print(f"{name:<12}python -m {SUITES[name]}")
        return 0
    logs = given.logs or Path(tempfile.mkdtemp(prefix="renewctl-suites-"))
    logs.mkdir(parents=True, exist_ok=True)
    print(f"what they print is in {logs}")
    failed = 0
    for name in wanted:
        began = time.monotonic()
        with (logs / f"{name}.txt").open("w") as log:
            words = [sys.executable, "-m", *shlex.split(SUITES[name])]
            done = subprocess.run(words, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
        failed += done.returncode != 0
        verdict = f"FAILED ({done.returncode})" if done.returncode else "ok"
        print(f"{verdict:<12}{name:<12}{time.monotonic() - began:>7,.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
