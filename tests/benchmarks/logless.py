"""The program without its operation log: what the log costs is the difference. For the benchmark only.

Run as a file by the interpreter under measure: `python logless.py log|logless COMMAND …`. Both ways start
alike, so that only the log differs.
"""

import sys


def _switch_off() -> None:
    from renewctl.store import portfolio

    def apply(self, changes):  # type: ignore[no-untyped-def]
        for change in changes:
            self._apply(change)
            self.count += 1
        return self.count

    portfolio.Operation.apply = apply  # type: ignore[method-assign]
    portfolio.Portfolio._last_operation = lambda self: (0, "")  # type: ignore[method-assign]
    portfolio.Portfolio._close = lambda self, *_: None  # type: ignore[method-assign]
    if "import" in sys.argv:
        from renewctl.store.importer_apply import Writer

        def log(self, entity, number, first, last, count):  # type: ignore[no-untyped-def]
            self.operation.count += count

        Writer._log = log  # type: ignore[method-assign]


if __name__ == "__main__":
    if sys.argv.pop(1) == "logless":
        _switch_off()
    from renewctl.__main__ import main

    main()
