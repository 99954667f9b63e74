"""The simulation of saves in full: `python -m tests.save_simulation`. Exit code 1 where anything was found.

It prints the seed, the counts and the time. With `--control` every kind of fault is put into what the
program said, and each has to be found.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.save_simulation.compare import KINDS
from tests.save_simulation.facts import SCENARIOS
from tests.save_simulation.run import Result, simulate


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.save_simulation", description=__doc__)
    parser.add_argument("--cases", type=int, default=500, help="of each scenario")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--scenario", choices=SCENARIOS, help="only this one")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, help="scenarios at a time")
    given = parser.parse_args()
    wanted = [given.scenario] if given.scenario else SCENARIOS
    failed = False
    with ProcessPoolExecutor(given.jobs) as pool:
        work = [pool.submit(simulate, each, given.cases, given.seed, given.control) for each in wanted]
        for each in work:
            result = each.result()
            failed |= bool(result.findings.faults or result.control.missed)
            _tell(result, given.seed)
    return 1 if failed else 0


def _tell(result: Result, seed: int) -> None:
    found = result.findings
    for line in found.words:
        print(line)
    print(
        f"{result.scenario}: seed {seed}, {result.cases} cases, {result.days} days, "
        f"{result.commands.total()} commands, {found.compared} comparisons, {result.seconds:,.0f} s"
    )
    print("  ends:", ", ".join(f"{state} {count}" for state, count in result.endings.most_common()))
    print("  lived:", ", ".join(f"{what} {count}" for what, count in sorted(result.lived.items())))
    print("  found:", ", ".join(f"{kind} {found.faults[kind]}" for kind in KINDS))
    for name, put in result.control.put.items():
        print(f"  control, {name}: seen {result.control.seen[name]} of {put}")
    for name in result.control.missed:
        print(f"  CONTROL MISSED: {name}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
