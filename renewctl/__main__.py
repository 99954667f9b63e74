"""`python -m renewctl`, and the installed program."""

import sys


def main() -> None:
    """Run the program; ^C ends it quietly, also while it is still being loaded."""
    try:
        from renewctl.cli.app import main as program

        program()
    except KeyboardInterrupt:
        from renewctl.errors import Interrupted

        sys.stderr.write(f"error[interrupted]: {Interrupted.told()}\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
