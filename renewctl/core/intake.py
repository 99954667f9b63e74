"""What every part of the intake shares: limits, refusals, the options a person gave.

The intake is pure: bytes, text and lists in, values out. Order of use:

1. `intake_dialect.refuse_head`, `detect_encoding`, `sniff_delimiter`: bytes to rows of text.
2. `intake_rows.find_heading`: which row names the columns.
3. `intake_headings.match_headings`: which column fills which field (`Mapping`).
4. `intake_cells.Evidence(mapping, options)`: `.feed(columns)` for every batch, then `.settle()`:
   date order, decimal mark and scale per column (`Settled`), or refusals.
5. `intake_rows.skippable_rows` and `intake_cells.parser(…)` batch by batch; `explain` for bad cells.
"""

from typing import Final, NamedTuple

MAX_BYTES: Final = 2 * 1024**3
MAX_ROWS: Final = 5_000_000
MAX_COLUMNS: Final = 1_000
MAX_CELL: Final = 10_000  # characters
ARCHIVE_RATIO: Final = 200  # unpacked bytes per packed byte of an XLSX


class _Bad:
    """The type of `BAD`."""

    def __repr__(self) -> str:
        return "BAD"


BAD: Final = _Bad()
"""Stands in a parsed column where a cell could not be read; `intake_cells.explain` says why."""


class Refusal(NamedTuple):
    """Why a file cannot be taken: `raise InputRefused(*refusal)`."""

    code: str
    message: str
    hint: str


class CellProblem(NamedTuple):
    """What is wrong with one cell; `rejects` says whether the row falls or only the cell."""

    code: str
    message: str
    rejects: bool


class Options(NamedTuple):
    """What the person said about the file; None where nothing was said."""

    date_order: str | None = None  # dmy | mdy | ymd
    decimal: str | None = None  # . | ,
    currency: str | None = None  # ISO 4217: the file's default
    base_currency: str = "USD"  # of the policy: when neither cell, row, heading nor file says
    preset: str | None = None
