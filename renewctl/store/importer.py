"""The import road: files → records → store, in one transaction, and a report of what became of every row."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from renewctl.core.policy import Policy
from renewctl.errors import InputRefused, PortfolioError
from renewctl.store import importer_lines as memory
from renewctl.store.files import Input, csv_text, open_input, write_atomic
from renewctl.store.importer_options import ImportOptions
from renewctl.store.importer_report import FileReport, ImportReport
from renewctl.store.portfolio import Portfolio, discard, is_there, open_portfolio

if TYPE_CHECKING:
    from renewctl.store.importer_guard import Guard
    from renewctl.store.importer_run import FileRun
    from renewctl.store.importer_table import Table

REASON = "renewctl_reason"  # the last column of a rejects file; an import passes over it
Progress = Callable[[int], None]  # told how many rows were read since it was last told
Opened = Callable[[Portfolio], None]  # shown the portfolio as soon as it is open
_ORDER = ("accounts", "contracts", "health", "stakeholders", "value", "outcomes")


def _quiet(_: object) -> None:
    """Nobody watches."""


def import_files(
    names: Sequence[str],
    options: ImportOptions,
    *,
    path: str,
    policy: Policy,
    as_of: date,
    actor: str,
    progress: Progress = _quiet,
    opened: Opened = _quiet,
) -> ImportReport:
    """Import files (paths, `-` for standard input) into the portfolio at `path`, all or none of them.

    Makes the portfolio where there is none; one that was made for an import that brought nothing in is
    removed again. Under `strict` one rejected row keeps everything out; under `dry_run` nothing is
    written and the report says what would be. Raises InputRefused or UsageError for what cannot be read.
    """
    inputs: list[Input] = []
    try:
        for name in names:
            inputs.append(open_input(name))
        _check_rejects(options, names)
        salt = memory.options_salt(options.meaning(), policy.fingerprint)
        reports, rest = _unchanged(inputs, path, salt, options, opened)
        if not rest:
            return ImportReport(reports, path, False, True, None)
        return _import(inputs, reports, rest, options, path, policy, as_of, actor, salt, progress, opened)
    finally:
        for each in inputs:
            each.close()


def _unchanged(
    inputs: list[Input], path: str, salt: str, options: ImportOptions, opened: Opened
) -> tuple[list[FileReport], list[int]]:
    """Reports of files that were imported before exactly as they are, and which positions remain."""
    reports = [FileReport(each.name) for each in inputs]
    rest = list(range(len(inputs)))
    if options.full or not is_there(path):
        return reports, rest
    with open_portfolio(path) as portfolio:
        opened(portfolio)
        for at, each in enumerate(inputs):
            known = memory.find_identical(portfolio, each, salt)
            if known is not None:
                told = known.head["report"]
                report = reports[at]
                report.dialect = known.head["dialect"]
                report.unchanged = told.pop("rows")
                for name, value in told.items():
                    setattr(report, name, value)
                rest.remove(at)
    return reports, rest


def _import(
    inputs: list[Input],
    reports: list[FileReport],
    rest: list[int],
    options: ImportOptions,
    path: str,
    policy: Policy,
    as_of: date,
    actor: str,
    salt: str,
    progress: Progress,
    opened: Opened,
) -> ImportReport:
    from renewctl.store.importer_guard import BackupFirst, Guard
    from renewctl.store.importer_table import Table

    tables = {at: Table(inputs[at], options, policy.base_currency) for at in rest}
    for at, table in tables.items():
        _describe(reports[at], table)
    there = is_there(path) if "://" in path else Path(path).exists()
    created = not there and not options.dry_run
    portfolio = open_portfolio(path, create=not options.dry_run) if there or created else _scratch()
    kept = False
    try:
        with portfolio:
            opened(portfolio)
            guard = Guard(portfolio, wanted=options.backup and not options.dry_run)
            given = (portfolio, tables, reports, options, policy, as_of, actor, salt, progress, guard)
            try:
                runs = _transaction(*given)
            except BackupFirst:
                guard.make()
                runs = _transaction(*given)
        applied = bool(runs) and not options.dry_run
        kept = applied and (not created or any(each.inserted for each in reports))
        rejects = _write_rejects(options, reports, tables)
        kept_aside = str(guard.made) if guard.made else None
        applied = applied and (kept or not created)
        return ImportReport(reports, path, created and kept, applied, rejects, kept_aside)
    finally:
        if created and not kept:
            with suppress(OSError, PortfolioError):
                discard(path)


def _describe(report: FileReport, table: "Table") -> None:
    report.kind = table.mapping.kind
    report.heading = table.heading
    report.mapping = table.mapping.headings
    report.unmapped = tuple(each for each in table.mapping.unmapped if each != REASON)
    report.notes = [*table.mapping.notes, *table.notes]


class _Strict(Exception):
    """A row was rejected under --strict: undo everything."""


def _scratch() -> Portfolio:
    from renewctl.store.sqlite import scratch_portfolio

    return scratch_portfolio()


def _transaction(
    portfolio: Portfolio,
    tables: "dict[int, Table]",
    reports: list[FileReport],
    options: ImportOptions,
    policy: Policy,
    as_of: date,
    actor: str,
    salt: str,
    progress: Progress,
    guard: "Guard",
) -> "list[FileRun]":
    """All files in one transaction; no runs where --strict undid them."""
    from renewctl.store.importer_run import FileRun, paused_gc

    runs: list[FileRun] = []
    try:
        with paused_gc(), portfolio.write("import", actor, as_of, dry_run=options.dry_run) as operation:
            for at in sorted(tables, key=lambda at: _ORDER.index(tables[at].mapping.kind)):
                run = FileRun(
                    portfolio, operation, tables[at], as_of.isoformat(), salt, reports[at], policy, guard
                )
                run.run(progress)
                if options.full:
                    reports[at].missing = run.missing()
                run.remember()
                runs.append(run)
            if options.strict and any(each.rejects for each in reports):
                raise _Strict
            operation.summary = _summary(reports)
            _refresh(portfolio, policy, as_of, runs)
    except _Strict:
        return []
    return runs


def _summary(reports: list[FileReport]) -> str:
    return "; ".join(
        f"{each.file}: {each.inserted} inserted, {each.updated} updated, {each.rejected} rejected"
        for each in reports
    )


def _refresh(portfolio: Portfolio, policy: Policy, as_of: date, runs: "list[FileRun]") -> None:
    """Bring the agenda's cache in step with what changed, in the same transaction."""
    from renewctl.store import agenda

    numbers: set[int] = set()
    for run in runs:
        if run.everything and run.agenda is None:
            agenda.refresh(portfolio, policy, as_of)
            return
        numbers |= run.changed
        if run.agenda is None:
            numbers.update(run.inserted)
    if numbers:
        most = portfolio.next_no("account") // 2
        agenda.refresh(portfolio, policy, as_of, sorted(numbers) if len(numbers) <= most else None)


def _check_rejects(options: ImportOptions, names: Sequence[str]) -> None:
    """Refuse to write rejected rows over a file that is something else, before anything is done."""
    if options.rejects is None or options.rejects in names:
        return
    file = Path(options.rejects)
    if file.is_symlink() or file.is_dir():
        raise InputRefused("not-a-file", f"--rejects {file} is no plain file", "name a new file")
    if file.exists():
        with file.open("rb") as stream:
            first = stream.readline(1 << 20)
        if REASON.encode() not in first:
            raise InputRefused(
                "file-exists",
                f"--rejects {file} is there already and holds no rejected rows",
                "choose another name",
            )
    elif not file.parent.is_dir():
        raise InputRefused("folder-missing", f"--rejects {file}: there is no such folder", "make it first")


def _write_rejects(
    options: ImportOptions, reports: list[FileReport], tables: "dict[int, Table]"
) -> str | None:
    """Write the rejected rows as they came, the reason in a last column; the file's name, or None."""
    if options.rejects is None or options.dry_run:
        return None
    heading: list[str] | None = None
    rows: list[list[str]] = []
    for at in tables:
        report = reports[at]
        if not report.rejects:
            continue
        own = report.heading
        old = own.index(REASON) if REASON in own else None
        titles = own if old is None else own[:old] + own[old + 1 :]
        if heading is None:
            heading = titles
        elif heading != titles:
            raise InputRefused(
                "rejects-differ",
                "files with different headings have rejected rows; one rejects file cannot hold both",
                "import the files one by one, each with its own --rejects",
            )
        for each in sorted(report.rejects, key=lambda each: each.line):
            cells = each.cells if old is None else each.cells[:old] + each.cells[old + 1 :]
            rows.append([*cells, *[""] * (len(titles) - len(cells)), each.reason])
    if heading is None:
        return None
    write_atomic(options.rejects, csv_text([[*heading, REASON], *rows]), overwrite=True)
    return options.rejects
