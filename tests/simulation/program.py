"""The program's own commands in this process, on a portfolio of its own, on any day."""

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from renewctl.cli import app
from renewctl.store import policy_files
from renewctl.store.portfolio import open_portfolio


class Program:
    """Runs `renewctl WORDS`; a command that fails is an error of the simulation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "portfolio.db"
        self.policy = folder / "policy.toml"
        self.policy.write_text("")
        self.commands: Counter[str] = Counter()

    def __call__(self, as_of: date, *words: str, code: int = 0) -> str:
        """What it printed; it has to end with this exit code."""
        self.commands[words[0]] += 1
        with _streams() as (out, err), self._variables(as_of):
            ended = app.run([*words])
            out.flush()
            err.flush()
            said = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
            complained = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
        if ended != code:
            raise AssertionError(f"{as_of} renewctl {' '.join(words)}: exit {ended}\n{complained}{said}")
        return said

    @property
    def writes(self) -> int:
        """How many commands changed something, or might have."""
        return sum(self.commands.values()) - self.commands["due"] - self.commands["show"]

    def json(self, as_of: date, *words: str) -> Any:
        """The document it printed."""
        return json.loads(self(as_of, *words, "--json"))

    def numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        """The numbers items are called by: of accounts and of contracts, by id."""
        with open_portfolio(str(self.path)) as portfolio:
            accounts = dict(portfolio.rows("SELECT id, no FROM account"))
            return accounts, dict(portfolio.rows("SELECT id, no FROM contract"))

    @contextmanager
    def _variables(self, as_of: date) -> Iterator[None]:
        wanted = {
            "RENEWCTL_PORTFOLIO": str(self.path),
            "RENEWCTL_POLICY": str(self.policy),
            "RENEWCTL_AS_OF": as_of.isoformat(),
            "RENEWCTL_USER": "sim",
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def swift() -> Iterator[None]:
    """Builds the parser of each command and reads each policy once, half of what a short command costs."""
    kept = app._command, app._root, policy_files.load_policy
    load = cache(lambda path, text: kept[2](path))
    app._command, app._root = cache(app._command), cache(app._root)
    policy_files.load_policy = lambda path: load(path, path and Path(path).read_text())
    try:
        yield
    finally:
        app._command, app._root, policy_files.load_policy = kept


@contextmanager
def _streams() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    kept = sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = kept
