"""What an import did with one file: the figures, the problems and the rejected rows."""

from typing import Any, NamedTuple

from renewctl.core.model import Problem

SCHEMA = "renewctl/import/1"


class Reject(NamedTuple):
    """A row that was not taken: its original cells and why, so that it can be mended."""

    line: int
    cells: list[str]
    reason: str


class FileReport:
    """The figures of one file; `rows` = inserted + updated + unchanged + rejected."""

    def __init__(self, file: str, kind: str = "") -> None:
        self.file = file
        self.kind = kind
        self.heading: list[str] = []
        self.mapping: dict[str, str] = {}
        self.unmapped: tuple[str, ...] = ()
        self.dialect: dict[str, str | None] = {}
        self.notes: list[str] = []
        self.currency: str | None = None  # of amounts without a sign, where the others of the file tell it
        self.missing: list[str] = []  # accounts of the portfolio that the file lacks, under --full
        self.unknown: dict[str, int] = {"arr": 0, "renewal_date": 0}  # accounts kept with a blank
        self.reset()

    def reset(self) -> None:
        """Forget the figures, to read the file again from its beginning."""
        self.inserted = self.updated = self.unchanged = self.filtered = 0
        self.skipped_lines: list[int] = []
        self.problems: list[Problem] = []
        self.rejects: list[Reject] = []
        self.unknown = dict.fromkeys(self.unknown, 0)

    @property
    def rejected(self) -> int:
        """How many rows were not taken."""
        return len(self.rejects)

    @property
    def rows(self) -> int:
        """How many records the file holds, but for those that --where leaves out."""
        return self.inserted + self.updated + self.unchanged + self.rejected

    def problem(self, line: int, column: str, code: str, value: str, message: str) -> None:
        """Name something wrong that does not stop the import."""
        self.problems.append(Problem(self.file, line, column, code, value, message))

    def reject(self, line: int, cells: list[str], column: str, code: str, value: str, message: str) -> None:
        """Leave a row out, and name why."""
        self.problem(line, column, code, value, message)
        self.rejects.append(Reject(line, cells, message))

    def document(self) -> dict[str, Any]:
        """The file's part of `renewctl/import/1`."""
        return {
            "file": self.file,
            "kind": self.kind,
            "rows": self.rows,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "filtered": self.filtered,
            "skipped_lines": sorted(self.skipped_lines),
            "mapping": self.mapping,
            "unmapped": list(self.unmapped),
            "dialect": self.dialect,
            "unknown": self.unknown,
            "problems": [
                {name: value for name, value in each._asdict().items() if name != "file"}
                for each in sorted(self.problems, key=lambda each: each.line)
            ],
            "notes": self.notes,
            **({"missing": self.missing} if self.missing else {}),
        }


class ImportReport(NamedTuple):
    """What one import command did."""

    files: list[FileReport]
    portfolio: str
    created: bool  # the portfolio was made by this import
    applied: bool  # False on a dry run, and when --strict refused
    rejects_file: str | None  # where the rejected rows were written
    backup: str | None = None  # the state before, where much was changed

    @property
    def rejected(self) -> int:
        """Rejected rows of all files."""
        return sum(each.rejected for each in self.files)

    def document(self) -> dict[str, Any]:
        """`renewctl/import/1`."""
        return {
            "schema": SCHEMA,
            "portfolio": self.portfolio,
            "created": self.created,
            "applied": self.applied,
            "rejects_file": self.rejects_file,
            "backup": self.backup,
            "files": [each.document() for each in self.files],
        }
