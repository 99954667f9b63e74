"""Many commands in one process, whose streams are whatever its parent gave it.

Called as `python -m tests.loop FILE`: a JSON list of `[words, variables]`. Before each command
a line names its number, so that what it wrote can be told apart; exit codes go to `FILE.codes`.
"""

import json
import os
import sys
from pathlib import Path

MARK = "=#= "


def main() -> None:
    """Run them all through the program's own boundary."""
    from renewctl.cli.app import run

    file = Path(sys.argv[1])
    codes = []
    for no, (words, variables) in enumerate(json.loads(file.read_text())):
        os.environ.update(variables)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            stream.write(f"\n{MARK}{no}\n")
            stream.flush()
        try:
            codes.append(run(words))
        except SystemExit as error:
            codes.append(error.code if isinstance(error.code, int) else 1)
        sys.stdout.flush()
        sys.stderr.flush()
    file.with_suffix(".codes").write_text(json.dumps(codes))
    os._exit(0)


if __name__ == "__main__":
    main()
