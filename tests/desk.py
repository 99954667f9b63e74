"""A desk to work at inside the test's own process: a portfolio, a day, a name, and the commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from renewctl.cli.app import run
from renewctl.store.portfolio import Portfolio, open_portfolio
from tests.engines import once, place
from tests.processes import AS_OF, USER, Result

ACCOUNTS = """id,name,arr,currency,renewal_date,start_date,term_months,notice_days,auto_renew,csm,champion,nps
A1,Acme Ltd,120000,USD,2026-05-31,2025-05-31,12,30,yes,Ana,Joe,40
B2,Beta Ltda,5000.50,EUR,2026-07-15,,,,,Bob,,
C3,Gamma,,,,,,,,,,
"""


class Desk:
    """Runs commands on one portfolio and reads what they left there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.path = place(folder / "portfolio.db")
        self._capsys = capsys

    def run(self, *words: str) -> Result:
        """Run `renewctl WORDS`."""
        self._capsys.readouterr()
        code = run(list(words))
        done = self._capsys.readouterr()
        return Result(code, done.out, done.err)

    def json(self, *words: str) -> Any:
        """Run `renewctl WORDS --json` and read the document; it must end well."""
        done = self.run(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def fails(self, code: int, name: str, *words: str) -> str:
        """Run a command that must fail with this exit code and error code; what it said."""
        done = self.run(*words)
        assert done.code == code, done
        assert done.err.startswith(f"error[{name}]: "), done.err
        assert done.out == ""
        return done.err

    def import_(self, text: str, *words: str, name: str = "accounts.csv") -> None:
        """Import a file of this content."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        done = self.run("import", str(file), *words)
        assert done.code == 0, done.err

    def open(self) -> Portfolio:
        """The portfolio, to look into; use it as a context manager."""
        return open_portfolio(str(self.path))

    def values(self, entity: str, where: str = "") -> list[Any]:
        """Rows as values."""
        with self.open() as portfolio:
            return portfolio.values(entity, where)

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every stored row of every table, to tell whether anything changed."""
        with self.open() as portfolio:
            names = tables(portfolio)
            return {name: sorted(portfolio.rows(f"SELECT * FROM {name}"), key=repr) for name in names}


def tables(portfolio: Portfolio) -> list[str]:
    """Names of every table of a portfolio."""
    files = "SELECT name FROM sqlite_master WHERE type = 'table'"
    server = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return sorted(name for (name,) in portfolio.rows(files if portfolio.engine == "sqlite" else server))


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, engine: str
) -> Desk:
    """An empty desk; nothing is imported yet."""
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(place(tmp_path / "portfolio.db")))
    monkeypatch.setenv("RENEWCTL_AS_OF", AS_OF)
    monkeypatch.setenv("RENEWCTL_USER", USER)
    return Desk(tmp_path, capsys)


@pytest.fixture
def book(desk: Desk) -> Desk:
    """A desk with three accounts: one complete, one with little, one without contract."""
    (desk.folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    once("book", desk.path, desk.folder, lambda: desk.import_(ACCOUNTS))
    return desk
