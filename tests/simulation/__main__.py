"""The simulation in full: `python -m tests.simulation`. Exit code 1 where anything was found.

It prints the seed, the counts and the time. With `--control` every comparison is also made with oracles
that have one rule wrong, each of which has to find differences.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.run import Size, simulate

# In memory where there is such a folder: every write is made lasting, and there are thousands.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--every", type=int, default=7, help="compare on every so many days (7)")
    parser.add_argument("--seed", type=int, default=20260105)
    parser.add_argument("--plans", type=int, default=10, help="look at the plan of one in so many cycles")
    parser.add_argument("--control", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    size = Size(given.accounts, given.days, given.every, given.plans, given.control)
    with tempfile.TemporaryDirectory(prefix="renewctl-simulation-", dir=_MEMORY) as folder:
        world, findings, controls = simulate(Path(folder), size, given.seed, say=True)
    for line in findings.words:
        print(line)
    print(
        f"seed {given.seed}, {len(world.accounts)} accounts, {given.days} days, compared every {given.every}"
    )
    print(f"{findings.checks} agendas, {findings.items} items compared; {time.monotonic() - began:,.0f} s")
    print("commands:", ", ".join(f"{name} {count}" for name, count in world.program.commands.most_common()))
    print("steps:", ", ".join(f"{fate} {count}" for fate, count in sorted(findings.fates.items())))
    print("found:", ", ".join(f"{kind} {findings.faults[kind]}" for kind in findings.KINDS))
    for twist, found in controls.items():
        print(f"control, {twist} wrong: {sum(found.faults.values())} differences")
    return 0 if findings.clean and all(not found.clean for found in controls.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
