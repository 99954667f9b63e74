"""One file as a table: how its bytes are read, which columns fill which fields, which rows are records."""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from renewctl.core import intake_dialect, intake_headings, intake_rows
from renewctl.core.intake import Options, Refusal
from renewctl.core.intake_cells import Evidence, Settled
from renewctl.core.intake_headings import Mapping
from renewctl.core.text import fold
from renewctl.errors import InputRefused, UsageError
from renewctl.store.files import Input, Records, open_text
from renewctl.store.importer_options import ImportOptions

BATCH = 4096
_FIRST = 50  # rows among which the heading is looked for
_USAGE = frozenset(
    [
        "unknown-kind",
        "unknown-preset",
        "unknown-field",
        "unknown-heading",
        "unknown-currency",
        "heading-twice",
    ]
)


class NeedsScan(Exception):
    """What the first rows promised does not hold, or an id came twice: look at the whole file first."""


class Slice(NamedTuple):
    """Some records of a table that are data, with what was left out among them."""

    rows: list[list[str]]  # original cells
    lines: Sequence[int]
    raws: Sequence[str]
    columns: list[Sequence[str]]  # the same cells by column, as wide as the heading
    skipped: list[int]  # physical lines that are no records
    filtered: int  # left out by --where
    misshapen: list[int]  # positions in `rows` of records with more cells than the heading


class Table:
    """A file whose dialect, heading and mapping are settled; records are read as often as asked."""

    def __init__(self, source: Input, options: ImportOptions, base_currency: str) -> None:
        self.source = source
        self.options = options
        self.encoding = ""
        self.delimiter = ""
        self.sheet: str | None = None
        self.notes: list[str] = []
        self.signed: frozenset[str] = frozenset()  # amounts whose cells carry a currency sign
        self._open = self._opener()
        self._read_heading()
        self.cell_options = Options(
            options.date_order, options.decimal, options.currency, base_currency, options.preset
        )
        self._where = _conditions(options.where, self.heading, source.name)

    def _opener(self) -> Callable[[], Records]:
        """How the records of this file are opened; settles encoding and delimiter of text."""
        source, options = self.source, self.options
        if source.head.startswith(b"PK\x03\x04"):
            from renewctl.store.importer_xlsx import Workbook

            book = Workbook(source, options.sheet)
            self.encoding, self.delimiter, self.sheet = "xlsx", "", book.sheet
            return book.records
        if options.sheet is not None:
            raise UsageError(
                "no-sheets", f"{source.name} is no workbook; --sheet does not apply", "leave --sheet out"
            )
        _stop(intake_dialect.refuse_head(source.head), source.name)
        self.encoding = options.encoding or _encoding(source)
        try:
            "".encode(self.encoding)
        except (LookupError, UnicodeError) as error:
            raise UsageError(
                "unknown-encoding", f"--encoding {self.encoding}: no such encoding", "try utf-8 or cp1252"
            ) from error
        self.delimiter = _delimiter(source, self.encoding, options.delimiter)
        return lambda: open_text(source, self.encoding, self.delimiter)

    def _read_heading(self) -> None:
        source, options = self.source, self.options
        records = self._open()
        try:
            rows, lines, _ = records.next_batch(_FIRST)
        finally:
            records.close()
        pinned = dict(options.pinned)
        at = intake_rows.find_heading(rows, pinned or None)
        if at < 0:
            raise InputRefused(
                "no-heading",
                f"{source.name}: none of its first rows names columns renewctl knows",
                "the first row should hold headings such as: id,name,arr,renewal_date",
            )
        self.heading = [cell.lstrip("\ufeff") for cell in rows[at]]
        self.width = len(self.heading)
        self.preamble = [lines[i] for i in range(at)]
        self.after = at + 1  # records before the first data row
        self.first_line = lines[at] + 1 + "".join(rows[at]).count("\n")  # where data begins
        self.mapping: Mapping = intake_headings.match_headings(
            self.heading, options.kind, options.preset, pinned, options.auto
        )
        for refusal in self.mapping.refusals:
            _stop(refusal, source.name)
        if not self._can_do_without(intake_headings.missing_fields(self.mapping)):
            _stop(intake_headings.missing_refusal(self.mapping), source.name)

    def _can_do_without(self, missing: tuple[str, ...]) -> bool:
        """Whether every missing field was left out on purpose, or follows from what the file is.

        A list of churned customers needs no result column: each of its rows is a loss.
        """
        left_out = {field for field, heading in self.options.pinned if not heading}
        rest = [each for each in missing if not left_out.intersection(each.split(" or "))]
        if rest == ["result"] and self.mapping.kind == "outcomes":
            heading = intake_headings.normalise(self.mapping.headings.get("closed_on", ""))
            if any(word in heading for word in ("churn", "lost", "cancel", "perda")):
                self.notes.append("no result column: every row is taken as lost")
                rest = []
        return not rest

    def names_currency(self, field: str, cells: Sequence[str]) -> bool:
        """Whether the file says in which currency this amount is; else it was taken in the policy's base."""
        if "currency" in self.mapping.columns or field in self.mapping.currencies or self.options.currency:
            return True
        if field in self.signed:
            return True
        at = self.mapping.columns[field]
        cell = cells[at] if at < len(cells) else ""
        return not all(letter in "0123456789.,' \xa0\u202f+-" for letter in cell)

    def slices(self, count: int = BATCH) -> Generator[Slice, None, None]:
        """All data records in order, some thousands at a time; one slice at least, which may be empty."""
        records = self._open()
        try:
            skip = self.after
            skipped = list(self.preamble)
            while True:
                rows, lines, raws = records.next_batch(count)
                if not rows:
                    return
                if skip:
                    rows, lines, raws = rows[skip:], lines[skip:], raws[skip:]
                    skip = 0
                yield self.slice(rows, lines, raws, skipped)
                skipped = []
        finally:
            records.close()

    def slice(
        self,
        rows: list[list[str]],
        lines: Sequence[int],
        raws: Sequence[str],
        skipped: list[int],
    ) -> Slice:
        """Records without those that are none, and without what --where leaves out."""
        filtered = 0
        if rows and not self._where and set(map(len, rows)) == {self.width}:
            columns: list[Sequence[str]] = list(zip(*rows, strict=True))
            if intake_rows.all_records(columns, self.mapping):
                return Slice(rows, lines, raws, columns, skipped, filtered, [])
        drop = intake_rows.skippable_rows(rows, self.heading, self.mapping)
        for at, why in drop.items():
            if why == "second table":
                raise InputRefused(
                    "second-table",
                    f"{self.source.name}:{lines[at]}: another table with other headings begins here",
                    "save each table to a file of its own",
                )
        if drop or self._where:
            keep = []
            skipped = list(skipped)
            for at, row in enumerate(rows):
                if at in drop:
                    skipped.append(lines[at])
                elif self._where and not self._holds(row):
                    filtered += 1
                else:
                    keep.append(at)
            rows = [rows[at] for at in keep]
            lines = [lines[at] for at in keep]
            raws = [raws[at] for at in keep] if raws else raws
        misshapen: list[int] = []
        columns = self._columns(rows, misshapen)
        return Slice(rows, lines, raws, columns, skipped, filtered, misshapen)

    def _columns(self, rows: list[list[str]], misshapen: list[int]) -> list[Sequence[str]]:
        width = self.width
        if not rows:
            return [() for _ in range(width)]
        if set(map(len, rows)) != {width}:
            even = []
            for at, row in enumerate(rows):
                if len(row) > width and any(cell.strip() for cell in row[width:]):
                    misshapen.append(at)
                even.append([*row[:width], *[""] * (width - len(row))])
            rows = even
        return list(zip(*rows, strict=True))

    def _holds(self, row: list[str]) -> bool:
        return all(
            fold(row[at]) in wanted if at < len(row) else "" in wanted for at, wanted in self._where.items()
        )

    def settle(self, slices: Iterator[Slice]) -> Settled:
        """Date order, decimal mark and scale of every column, from the slices given.

        Raises InputRefused where they leave it ambiguous.
        """
        evidence = Evidence(self.mapping, self.cell_options)
        for piece in slices:
            evidence.feed(piece.columns)
        settled = evidence.settle()
        for refusal in settled.refusals:
            _stop(refusal, self.source.name)
        return settled

    def settle_first(self, piece: Slice) -> Settled:
        """The same from the first rows only; NeedsScan where they do not settle it."""
        evidence = Evidence(self.mapping, self.cell_options)
        evidence.feed(piece.columns)
        settled = evidence.settle()
        if settled.refusals:
            raise NeedsScan
        return settled


def _conditions(where: tuple[tuple[str, str], ...], heading: list[str], name: str) -> dict[int, set[str]]:
    """Column -> folded values that pass."""
    wanted: dict[int, set[str]] = {}
    known = {intake_headings.normalise(each): at for at, each in reversed(list(enumerate(heading)))}
    for title, value in where:
        at = known.get(intake_headings.normalise(title))
        if at is None:
            raise UsageError(
                "unknown-heading",
                f"--where {title}={value}: {name} has no heading {title!r}",
                "its headings are: " + ", ".join(heading[:30]),
            )
        wanted.setdefault(at, set()).add(fold(value))
    return wanted


def _encoding(source: Input) -> str:
    marked = intake_dialect.encoding_by_mark(source.head)
    if marked:
        return marked

    def blocks() -> Iterator[bytes]:
        with source.path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block

    return intake_dialect.detect_encoding(source.head, blocks())


def _delimiter(source: Input, encoding: str, given: str | None) -> str:
    if given:
        text = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(
            given.lower(), given
        )
        if len(text) != 1 or text in '"\r\n':
            raise UsageError(
                "bad-delimiter", f"--delimiter {given}: must be one character", "such as ; or tab"
            )
        return text
    text = source.head.decode(encoding, errors="replace")
    lines = text.splitlines(keepends=True)
    if len(lines) > 1 and len(source.head) < source.size:
        lines.pop()  # cut in its middle
    return intake_dialect.sniff_delimiter(lines[:100])


def _stop(refusal: Refusal | None, name: str) -> None:
    """Raise a refusal of the intake, naming the file."""
    if refusal is None:
        return
    message = refusal.message if name in refusal.message else f"{name}: {refusal.message}"
    error = UsageError if refusal.code in _USAGE else InputRefused
    raise error(refusal.code, message, refusal.hint)


def some(first: Slice, rest: Iterator[Slice]) -> Iterator[Slice]:
    """A slice already taken, and those that follow."""
    return chain([first], rest)
