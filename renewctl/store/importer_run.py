"""One file into the open transaction: by its changed lines, else at a glance, else all of it read twice."""

import gc
import sys
from array import array
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from renewctl.core.intake_cells import Column, Settled
from renewctl.core.intake_evidence import SEVERAL
from renewctl.core.policy import Policy
from renewctl.core.text import clean
from renewctl.store import importer_lines as memory
from renewctl.store.agenda import Rebuild
from renewctl.store.importer_accounts import AccountRows
from renewctl.store.importer_apply import Writer
from renewctl.store.importer_contracts import ContractRows
from renewctl.store.importer_facts import KINDS as FACTS
from renewctl.store.importer_guard import Guard
from renewctl.store.importer_parse import Parsed, Reader, mapped_cells, row_keys
from renewctl.store.importer_report import FileReport, Reject
from renewctl.store.importer_table import BATCH, NeedsScan, Slice, Table, some
from renewctl.store.portfolio import Operation, Portfolio

_REMEMBERED = ("accounts", "contracts")  # kinds whose lines are remembered
_ATTEMPT = "import_file"
# Indexes that are made after a first import. Kept up row by row they make it slower with every row.
_LATE = ("account_search", "change_account")


class FileRun:
    """Imports one settled table; `run` leaves the figures in `report` and the changed accounts here."""

    def __init__(
        self,
        portfolio: Portfolio,
        operation: Operation,
        table: Table,
        as_of: str,
        salt: str,
        report: FileReport,
        policy: Policy,
        guard: Guard,
    ) -> None:
        self.portfolio = portfolio
        self.guard = guard
        self.policy = policy
        self.operation = operation
        self.table = table
        self.as_of = as_of
        self.salt = memory.lines_salt(
            salt,
            table.mapping.kind,
            sorted(table.mapping.columns.items()),
            table.heading,
            table.encoding,
            table.delimiter,
        )
        self.report = report
        self.changed: set[int] = set()
        self.inserted: range = range(0)  # numbers of inserted accounts
        self.everything = False  # nothing was in the portfolio before
        self.agenda: Rebuild | None = None  # filled as the first accounts come in
        self.lines = memory.Lines(table.encoding)
        self._settled: Settled  # by the road that was taken
        self._remembers = table.mapping.kind in _REMEMBERED and table.encoding != "xlsx"

    def run(self, progress: Callable[[int], None]) -> None:
        """Import the file, trying the cheapest road first."""
        self.progress = progress
        roads: list[Callable[[], None]] = []
        if self.table.mapping.kind == "accounts" and "contract_id" not in self.table.mapping.columns:
            roads.append(self._at_a_glance)
        if self._remembers and not self.table.options.full:
            roads.insert(0, self._changed_only)
        for road in roads:
            mark = self.operation.mark()
            self.portfolio.execute(f"SAVEPOINT {_ATTEMPT}")
            self._begin()
            try:
                road()
            except NeedsScan:
                self.portfolio.execute(f"ROLLBACK TO {_ATTEMPT}")
                self.portfolio.execute(f"RELEASE {_ATTEMPT}")
                self.operation.reset(mark)
                continue
            self.portfolio.execute(f"RELEASE {_ATTEMPT}")
            return
        self._begin()
        self._all_of_it()

    def _begin(self) -> None:
        self.report.reset()
        self.everything = False
        self.agenda = None
        self.lines = memory.Lines(self.table.encoding)

    # --- roads --------------------------------------------------------------------------------------

    def _changed_only(self) -> None:
        known = memory.find_similar(self.portfolio, self.salt)
        if known is None:
            raise NeedsScan
        table, report = self.table, self.report
        lines = memory.load_lines(self.portfolio, known, table.encoding)
        changed = memory.changed_lines(table.source, table.encoding, table.first_line, lines)
        rows = changed and memory.whole_records(changed.raws, table.delimiter)
        if changed is None or rows is None:
            raise NeedsScan
        settled = _settled_from(known.head["settled"], table, known.head["dialect"])
        reader, take, writer = self._tools(settled, guess=True, scanned=False, again=True)
        report.unknown = dict(known.head["report"]["unknown"])
        lines.drop(changed.gone)
        self.lines = lines
        before = len(lines.keys)
        pieces = []
        for start in range(0, max(len(rows), 1), 4096):
            end = start + 4096
            skipped = list(table.preamble) if start == 0 else []
            piece = table.slice(rows[start:end], changed.lines[start:end], changed.raws[start:end], skipped)
            pieces.append(reader.parse(piece))
        new_keys = {memory.key_number(key) for parsed in pieces for key in row_keys(report.kind, parsed)}
        if not new_keys.isdisjoint(lines.keys[:before]):
            raise NeedsScan
        self.guard.about_to_take(len(changed.raws))
        if self._contracts:
            self._contracts.remembered = frozenset(lines.keys[:before])
        for parsed in pieces:
            self._take(parsed, reader, take, writer)
        report.unchanged += changed.unchanged
        self._finish(writer)

    def _at_a_glance(self) -> None:
        """Settle the columns on the first rows, and go on until something does not fit."""
        slices = self.table.slices()
        try:
            first = next(slices)
            settled = self.table.settle_first(first)
            self.guard.about_to_take(self._rows_ahead(first))
            reader, take, writer = self._tools(settled, guess=True, scanned=False)
            for piece in some(first, slices):
                self._take(reader.parse(piece), reader, take, writer)
                self.progress(len(piece.rows))
        finally:
            slices.close()
        self._finish(writer)

    def _all_of_it(self) -> None:
        """Read everything once for how its columns are written and which ids come twice; then import."""
        keys = array("q")
        settled = self.table.settle(self._noting_keys(keys))
        twice = _repeated(keys)
        self.guard.about_to_take(len(keys))
        reader, take, writer = self._tools(settled, guess=False, scanned=True)
        held: dict[Any, list[Parsed]] = {}
        for piece in self.table.slices():
            parsed = reader.parse(piece)
            if twice:
                parsed = self._hold(parsed, twice, held)
            self._take(parsed, reader, take, writer)
            self.progress(len(piece.rows))
        for key, group in held.items():
            self._take_group(key, group, reader, take, writer)
        self._finish(writer)

    # --- their parts --------------------------------------------------------------------------------

    def _tools(
        self, settled: Settled, *, guess: bool, scanned: bool, again: bool = False
    ) -> tuple[Reader, Callable[[Parsed], None], Writer]:
        """What reads, what takes and what writes, for one attempt."""
        table, kind = self.table, self.table.mapping.kind
        self._settled = settled
        table.signed = frozenset(field for field, each in settled.columns.items() if each.signs)
        signs = {each.signs for each in settled.columns.values() if each.signs}
        self.report.currency = signs.pop() if len(signs) == 1 and SEVERAL not in signs else None
        self.report.dialect = {
            "encoding": table.encoding,
            "delimiter": table.delimiter or None,
            "date_order": settled.date_order,
            "decimal": settled.decimal,
        }
        writer = Writer(self.portfolio, self.operation, self.as_of, self.report)
        reader = Reader(table, settled, self.report, guess=guess)
        take: Callable[[Parsed], None]
        self._contracts: ContractRows | None = None
        self.touched: set[int] = set()
        if kind == "accounts":
            fresh = writer.first["account"] == 1 and writer.first["contract"] == 1
            self.everything = fresh
            accounts = AccountRows(writer, table, fresh=fresh, scanned=scanned)
            if fresh:
                self._begin_empty(accounts)
            accounts.contracts.scanned = scanned
            accounts.contracts.counted_before = again
            self.touched = accounts.touched
            take = accounts.take
        elif kind == "contracts":
            contracts = ContractRows(writer, table, from_accounts=False)
            contracts.scanned = scanned
            contracts.counted_before = again
            self._contracts = contracts
            take = contracts.take_batch
        else:
            facts = FACTS[kind](writer, table)
            take = facts.take
        return reader, take, writer

    def _rows_ahead(self, first: Slice) -> int:
        """About how many rows there are, by the length of the first ones."""
        count, table = len(first.rows), self.table
        others = table.after + len(first.skipped) - len(table.preamble) + first.filtered
        if count + others < BATCH:  # there are no others
            return count
        letters = sum(map(len, first.raws))
        return max(count, table.source.path.stat().st_size * count // letters) if letters else sys.maxsize

    def _take(self, parsed: Parsed, reader: Reader, take: Callable[[Parsed], None], writer: Writer) -> None:
        """One batch: good records into the store, the clean lines remembered."""
        whole = parsed
        parsed = reader.good(parsed)
        if parsed.count:
            take(parsed)
        writer.end_batch()
        if self._remembers and whole.raws:
            bad = {each.line for each in self.report.problems[whole.told :]}
            bad |= {whole.lines[at] for at in whole.bad}
            named = {whole.lines[at] for at in range(whole.count)} & bad if bad else set()
            keys = row_keys(self.report.kind, whole)
            if named:
                fine = [at for at in range(whole.count) if whole.lines[at] not in named]
                self.lines.add([whole.raws[at] for at in fine], [keys[at] for at in fine])
            else:
                self.lines.add(whole.raws, keys)

    def _begin_empty(self, accounts: AccountRows) -> None:
        """The first accounts come in: some indexes are made at the end, all inside the transaction.

        The agenda is filled along the way, where each account has only the contract its row implies.
        """
        names = list(_LATE)
        if not accounts.by_contract:
            names.append("contract_account")
            self.agenda = Rebuild(self.portfolio, self.policy, date.fromisoformat(self.as_of))
            accounts.contracts.agenda = self.agenda
        self._indexes = []
        for name in names:
            made = dict(self.portfolio.indexes(name.partition("_")[0]))
            if name in made:
                self._indexes.append(made[name])
                self.portfolio.execute(f"DROP INDEX {name}")

    def _finish(self, writer: Writer) -> None:
        writer.end_batch()
        if self.everything:
            for sql in self._indexes:
                self.portfolio.execute(sql)
        if self.agenda:
            self.agenda.finish()
        self.changed = writer.changed
        self.inserted = range(writer.first["account"], writer.next["account"])
        if writer.foreign:
            memory.forget(self.portfolio, self.report.kind, self.salt)

    def _noting_keys(self, keys: "array[int]") -> Iterator[Slice]:
        """All slices, with the hash of every record's key noted on the way."""
        columns = self.table.mapping.columns
        kind = self.table.mapping.kind
        for piece in self.table.slices():
            values = {
                field: [clean(cell) or None for cell in piece.columns[at]]
                for field, at in columns.items()
                if field in _KEY_FIELDS
            }
            parsed = Parsed(piece, values, {})
            keys.extend(hash(key) for key in row_keys(kind, parsed) if key is not None)
            yield piece

    def _hold(self, parsed: Parsed, twice: set[int], held: dict[Any, list[Parsed]]) -> Parsed:
        """Set aside the records whose key may come twice."""
        keys = row_keys(self.table.mapping.kind, parsed)
        rest = []
        for at, key in enumerate(keys):
            if key is not None and hash(key) in twice:
                held.setdefault(key, []).append(parsed.keep([at]))
            else:
                rest.append(at)
        return parsed if len(rest) == parsed.count else parsed.keep(rest)

    def _take_group(
        self, key: Any, group: list[Parsed], reader: Reader, take: Callable[[Parsed], None], writer: Writer
    ) -> None:
        """Records of one key: the same thing said again counts as unchanged; else all are rejected."""
        used = sorted(self.table.mapping.columns.values())
        if len({mapped_cells(each, 0, used) for each in group}) == 1:
            self._take(group[0], reader, take, writer)
            for each in group[1:]:
                if each.bad:
                    reader.good(each)
                else:
                    self.report.unchanged += 1
            return
        told = ", ".join(str(each.lines[0]) for each in group[:10])
        shown = key if isinstance(key, str) else " ".join(str(part) for part in key if part)
        shown = shown.lstrip("\0")
        for each in group:
            message = f"{shown} comes with different content on lines {told}"
            column = self.table.mapping.headings.get("id", "")
            self.report.problem(each.lines[0], column, "duplicate-id", shown, message)
            self.report.rejects.append(Reject(each.lines[0], each.rows[0], message))

    # --- afterwards ---------------------------------------------------------------------------------

    def remember(self) -> None:
        """Keep the file's memory, so that the same one again costs little."""
        report, settled = self.report, self._settled
        head = {
            "repeatable": not report.rejects and not report.problems and len(report.skipped_lines) < 10_000,
            "settled": {
                field: [each.order, each.decimal, each.scale, each.signs]
                for field, each in settled.columns.items()
            },
            "dialect": report.dialect,
            "report": {
                name: getattr(report, name)
                for name in (
                    "kind", "mapping", "unmapped", "notes", "filtered", "skipped_lines", "unknown", "rows",
                )
            },
        }  # fmt: skip
        source = self.table.source
        memory.remember(
            self.portfolio, source, report.kind, self.salt, report.rows, self.as_of, head, self.lines
        )

    def missing(self) -> list[str]:
        """Ids of accounts of the portfolio that an accounts file does not name, under --full."""
        if self.report.kind != "accounts":
            return []
        cells = self.table.mapping.columns.get("id")
        said = {
            clean(each.cells[cells])
            for each in self.report.rejects
            if cells is not None and cells < len(each.cells)
        }
        return [
            account_id
            for no, account_id in self.portfolio.rows("SELECT no, id FROM account ORDER BY id")
            if no not in self.touched and no not in self.inserted and account_id not in said
        ]


_KEY_FIELDS = frozenset(
    [
        "id", "name", "account_id", "contract_id", "date", "input", "email", "metric", "period_start",
        "period_end", "closed_on",
    ]
)  # fmt: skip


def _repeated(keys: "array[int]") -> set[int]:
    """Numbers that come more than once."""
    ordered = sorted(keys)
    return {a for a, b in pairwise(ordered) if a == b}


def _settled_from(told: dict[str, list[Any]], table: Table, dialect: dict[str, Any]) -> Settled:
    """The columns as an earlier import of the same file settled them."""
    empty = table.settle_first(Slice([], [], [], [() for _ in table.heading], [], 0, []))
    columns: dict[str, Column] = {
        field: column._replace(
            order=told[field][0], decimal=told[field][1], scale=told[field][2], signs=told[field][3]
        )
        for field, column in empty.columns.items()
        if field in told
    }
    return Settled(columns, dialect["date_order"], dialect["decimal"], ())


class paused_gc:
    """No cyclic garbage collection while millions of cells pass through."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was:
            gc.enable()
