"""`python -m tests.hostile_suite [PART…]`: its figures as a table; exit 1 where anything is live."""

import sys
import time

from tests.hostile_suite import commands, parts
from tests.hostile_suite.payloads import terminal_payloads
from tests.hostile_suite.writers import writer_payloads


def main() -> int:
    """Run the parts named, or all."""
    every = parts.whole()
    wanted = sys.argv[1:] or list(every)
    if set(wanted) - set(every):
        sys.stderr.write(f"parts are: {', '.join(every)}\n")
        return 2
    if missing := commands.unknown():
        sys.stdout.write(f"not called by the suite, add them to commands.py: {', '.join(missing)}\n")
    sys.stdout.write(f"terminal payloads: {parts.families(terminal_payloads())}\n")
    sys.stdout.write(f"file payloads: {parts.families(writer_payloads())}\n")
    sys.stdout.write(f"commands: {len(list(commands.leaves()))}\n\n")
    sys.stdout.write(f"{'what':60} {'payloads':>8} {'outputs':>9} {'live':>5} {'seconds':>8}\n")
    alive = len(missing)
    for name in wanted:
        with parts.place() as folder:
            began = time.monotonic()
            for figure in every[name](folder):  # type: ignore[operator]
                took = time.monotonic() - began
                counted = f"{figure.payloads:8,} {figure.outputs:9,} {len(figure.live):5} {took:8.1f}"
                sys.stdout.write(f"{figure.what:60} {counted}\n")
                for each in figure.live[:5]:
                    sys.stdout.write(f"    {ascii(each)[:300]}\n")
                sys.stdout.flush()
                alive += len(figure.live)
                began = time.monotonic()
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
