"""What the import tests share: an import in one call, and what the portfolio holds afterwards."""

from datetime import date
from pathlib import Path
from typing import Any

from renewctl.store.importer import import_files
from renewctl.store.importer_options import ImportOptions
from renewctl.store.importer_report import FileReport, ImportReport
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import columns, open_portfolio
from tests.engines import engine_now, place

AS_OF = date(2026, 11, 21)
EXAMPLES = Path(__file__).parents[2] / "examples"


_ASIDE = ("no", "account_no", "contract_no", "source_line", "source")


class Desk:
    """A folder with a portfolio and files to import into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = place(folder / "portfolio.db")

    def file(self, name: str, text: str | bytes) -> str:
        """Write a file; text as UTF-8."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return str(path)

    def run(self, *files: str, as_of: date = AS_OF, **options: Any) -> ImportReport:
        """Import files under options."""
        return import_files(
            files,
            ImportOptions(**options),
            path=str(self.path),
            policy=load_policy(None),
            as_of=as_of,
            actor="tester",
        )

    def text(self, text: str | bytes, as_of: date = AS_OF, **options: Any) -> FileReport:
        """Import one text and return its report."""
        return self.run(self.file("input.csv", text), as_of=as_of, **options).files[0]

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """What a query finds in the portfolio."""
        with open_portfolio(str(self.path)) as portfolio:
            return portfolio.rows(sql, params)

    def write(self, sql: str, *params: Any) -> None:
        """Change the portfolio behind everybody's back."""
        with open_portfolio(str(self.path)) as portfolio:
            portfolio.execute(sql, params)

    def indexes(self) -> list[str]:
        """Names of the indexes that are not a key's, in order."""
        files = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        server = (
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisunique"
        )
        return sorted(name for (name,) in self.rows(files if engine_now() == "sqlite" else server))

    def dump(self) -> list[str]:
        """Every row of every table that holds facts, numbers and places of origin aside."""
        told = []
        for table in ("account", "contract", "health_reading", "stakeholder", "value_metric", "outcome"):
            with open_portfolio(str(self.path)) as portfolio:
                kept = [name for name in columns(table) if name not in _ASIDE]
                told += [f"{table} {row}" for row in portfolio.rows(f"SELECT {','.join(kept)} FROM {table}")]
        return sorted(told)


def figures(report: FileReport) -> tuple[int, int, int, int]:
    """Inserted, updated, unchanged, rejected."""
    return report.inserted, report.updated, report.unchanged, report.rejected


def codes(report: FileReport) -> list[tuple[int, str]]:
    """Line and code of every problem."""
    return sorted((each.line, each.code) for each in report.problems)
