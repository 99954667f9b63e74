"""Records to typed columns: bad cells dropped and named, bad rows set aside, keys told apart."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from renewctl.core.intake import BAD
from renewctl.core.intake_cells import Column, Settled, amount_parser, explain, parser
from renewctl.core.intake_evidence import SEVERAL
from renewctl.core.text import name_key
from renewctl.store.importer_report import FileReport, Reject
from renewctl.store.importer_table import NeedsScan, Slice, Table

# A mark with three digits behind it: `1.234` is one and a bit, or more than a thousand.
_DOUBTFUL = re.compile(r"[.,]\d{3}(?!\d)")
_NUMBERS = frozenset(["amount", "number", "decimal", "percent", "share", "int"])


class Parsed:
    """A batch of good records, by field."""

    def __init__(
        self, piece: Slice, values: dict[str, list[Any]], codes: dict[str, list[str | None]]
    ) -> None:
        self.rows = piece.rows
        self.lines = piece.lines
        self.raws = piece.raws
        self.columns = piece.columns
        self.values = values
        self.codes = codes  # currency of each amount
        self.count = len(piece.rows)
        self.bad: dict[int, list[str]] = {}  # position -> why the record cannot be taken
        self.told = 0  # how many problems the report held before these records were parsed
        self.dropped: dict[int, list[str]] = {}  # position -> fields whose cells could not be read

    def column(self, field: str) -> list[Any]:
        """The values of a field, all None where it is not mapped."""
        found = self.values.get(field)
        return found if found is not None else [None] * self.count

    def keep(self, positions: Sequence[int]) -> "Parsed":
        """The same batch with only some of its records."""
        piece = Slice(
            [self.rows[at] for at in positions],
            [self.lines[at] for at in positions],
            [self.raws[at] for at in positions] if self.raws else self.raws,
            self.columns,
            [],
            0,
            [],
        )
        kept = Parsed(
            piece,
            {field: [cells[at] for at in positions] for field, cells in self.values.items()},
            {field: [cells[at] for at in positions] for field, cells in self.codes.items()},
        )
        kept.columns = [[cells[at] for at in positions] for cells in self.columns]
        kept.told = self.told
        kept.dropped = {new: self.dropped[old] for new, old in enumerate(positions) if old in self.dropped}
        kept.bad = {new: self.bad[old] for new, old in enumerate(positions) if old in self.bad}
        return kept

    def records(self) -> Iterator[tuple[int, list[str], dict[str, Any]]]:
        """Line, original cells and values by field of each record; amounts also as `field!` = currency.

        A field whose cell could not be read is left out: it is no blank, and clears nothing.
        """
        names = list(self.values)
        extra = [f"{name}!" for name in self.codes]
        both = [*names, *extra]
        columns = [*self.values.values(), *self.codes.values()]
        for at, (line, row, cells) in enumerate(
            zip(self.lines, self.rows, zip(*columns, strict=True), strict=True)
        ):
            values = dict(zip(both, cells, strict=True))
            for field in self.dropped.get(at, ()):
                del values[field]
            yield line, row, values


class Reader:
    """Parses the slices of one table under its settled columns, and keeps the report."""

    def __init__(self, table: Table, settled: Settled, report: FileReport, *, guess: bool) -> None:
        self.table = table
        self.settled = settled
        self.report = report
        self.guess = guess  # settled from the first rows only: any doubt means NeedsScan
        columns = settled.columns
        self._amounts = {f: amount_parser(c) for f, c in columns.items() if c.field.type == "amount"}
        self._others = {f: parser(c) for f, c in columns.items() if c.field.type != "amount"}
        self._at = table.mapping.columns

    def parse(self, piece: Slice) -> Parsed:
        """Typed values of a slice; what is wrong goes to the report."""
        report = self.report
        told = len(report.problems)
        report.skipped_lines += piece.skipped
        report.filtered += piece.filtered
        values: dict[str, list[Any]] = {}
        codes: dict[str, list[str | None]] = {}
        rejected: dict[int, list[str]] = {}
        self._dropped: dict[int, list[str]] = {}
        for at in piece.misshapen:
            message = f"{len(piece.rows[at])} cells under {self.table.width} headings"
            report.problem(piece.lines[at], "", "row-shape", "", message)
            rejected[at] = [message]
        for field, parse in self._others.items():
            cells = piece.columns[self._at[field]]
            column = parse(cells)
            values[field] = column
            if BAD in column:
                self._bad(piece, field, column, None, rejected)
            elif self.guess:
                self._doubt(self.settled.columns[field], cells)
        currencies = values.get("currency")
        for field, parse_amounts in self._amounts.items():
            cells = piece.columns[self._at[field]]
            column, codes[field] = parse_amounts(cells, currencies)
            values[field] = column
            if BAD in column:
                self._bad(piece, field, column, currencies, rejected)
            elif self.guess:
                self._doubt(self.settled.columns[field], cells)
                self._doubt_currency(self.settled.columns[field], cells, codes[field], currencies)
        parsed = Parsed(piece, values, codes)
        parsed.told = told
        parsed.bad = rejected
        parsed.dropped = self._dropped
        if rejected and self.guess:
            raise NeedsScan  # a good row with the same id further on falls with it
        return parsed

    def good(self, parsed: Parsed) -> Parsed:
        """The records that can be taken; the others are set aside as rejected."""
        if not parsed.bad:
            return parsed
        for at, reasons in parsed.bad.items():
            self.report.rejects.append(Reject(parsed.lines[at], parsed.rows[at], "; ".join(reasons)))
        return parsed.keep([at for at in range(parsed.count) if at not in parsed.bad])

    def _doubt(self, column: Column, cells: Sequence[str]) -> None:
        if column.field.type in _NUMBERS:
            text = "\n".join(cells)
            if ("." in text or "," in text) and _DOUBTFUL.search(text):
                raise NeedsScan

    def _doubt_currency(
        self,
        column: Column,
        cells: Sequence[str],
        codes: Sequence[str | None],
        rows: Sequence[Any] | None,
    ) -> None:
        """NeedsScan where a sign met only now may decide on amounts without one."""
        if column.currency or column.default or column.signs == SEVERAL:
            return
        if rows is None:
            if not {None, column.signs or column.base}.issuperset(codes):
                raise NeedsScan
        elif None in rows and "".join(cells).encode("utf-8", "replace").translate(None, b"0123456789.,- "):
            raise NeedsScan

    def _bad(
        self,
        piece: Slice,
        field: str,
        column: list[Any],
        currencies: list[Any] | None,
        rejected: dict[int, list[str]],
    ) -> None:
        """Name the unreadable cells of a column, and drop them or their rows."""
        how = self.settled.columns[field]
        if self.guess and how.field.type in _NUMBERS | {"date"}:
            raise NeedsScan
        cells = piece.columns[self._at[field]]
        for at, value in enumerate(column):
            if value is not BAD:
                continue
            column[at] = None
            said = explain(how, cells[at], currencies[at] if currencies else None)
            code, message, rejects = said or ("unreadable", "cannot be read", True)
            self.report.problem(piece.lines[at], how.heading, code, cells[at][:200], message)
            self._dropped.setdefault(at, []).append(field)
            if rejects:
                rejected.setdefault(at, []).append(message)


def row_keys(kind: str, parsed: Parsed) -> list[Any]:
    """What tells one record of a kind from another; two records with one key are the same thing twice."""
    if kind == "accounts":
        ids = account_keys(parsed.column("id"), parsed.column("name"))
        if "contract_id" not in parsed.values:
            return ids
        return [
            contract or account for account, contract in zip(ids, parsed.values["contract_id"], strict=True)
        ]
    if kind == "contracts":
        ids = parsed.column("id")
        accounts = parsed.column("account_id")
        return [own or f"\0{account}" for own, account in zip(ids, accounts, strict=True)]
    names = _KEYS[kind]
    columns = [parsed.column(name) for name in names]
    return list(zip(*columns, strict=True))


_KEYS = {
    "health": ("account_id", "date", "input"),
    "stakeholders": ("account_id", "name", "email"),
    "value": ("account_id", "metric", "period_start", "period_end"),
    "outcomes": ("account_id", "contract_id", "closed_on"),
}


def account_keys(ids: Sequence[str | None], names: Sequence[str | None]) -> list[Any]:
    """The id of each account, else its normalised name; None where both are blank."""
    if None not in ids:
        return list(ids)
    return [
        own if own is not None else name_key(name) if name is not None else None
        for own, name in zip(ids, names, strict=True)
    ]


def mapped_cells(parsed: Parsed, at: int, used: Sequence[int]) -> tuple[str, ...]:
    """The cells of one record that fill fields, for telling whether two records say the same."""
    return tuple(parsed.columns[column][at].strip() for column in used)
