"""`import`: files from a CRM, a spreadsheet or a pipe into the portfolio."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from renewctl.store.importer_options import ImportOptions
    from renewctl.store.importer_report import ImportReport

_KINDS = ("accounts", "contracts", "health", "stakeholders", "value", "outcomes")


@command(writes=True)
def import_(
    env: Env,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="CSV, TSV or XLSX; - is standard input.")
    ],
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help=f"One of {', '.join(_KINDS)}.")
    ] = None,
    pins: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=HEADING", help="Take a field from this column; FIELD= leaves it out."
        ),
    ] = None,
    auto_map: Annotated[
        bool, typer.Option("--auto-map/--no-auto-map", help="Match the other headings by themselves.")
    ] = True,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="salesforce, hubspot or another.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="HEADING=VALUE", help="Only such rows; OR within a heading, AND across."
        ),
    ] = None,
    date_order: Annotated[
        str | None, typer.Option("--date-order", metavar="ORDER", help="dmy, mdy or ymd.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", metavar="MARK", help="The decimal mark: . or ,")
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="For amounts with neither symbol nor column."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Such as cp1252.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHAR", help="Between cells; tab is TAB.")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="Sheet of a workbook.")] = None,
    rejects: Annotated[
        str | None, typer.Option("--rejects", metavar="FILE", help="Write rejected rows here, with reasons.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing when a single row is rejected.")
    ] = False,
    clear_blanks: Annotated[
        bool, typer.Option("--clear-blanks", help="A blank cell clears what was known.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="List accounts that the file lacks (none is deleted).")
    ] = False,
    backup: Annotated[
        bool,
        typer.Option(
            "--backup/--no-backup", help="Put a copy aside before a large change (RENEWCTL_BACKUPS: folder)."
        ),
    ] = True,
) -> None:
    """Import accounts, contracts and other facts from CSV, TSV or XLSX files."""
    from renewctl.store.importer import import_files
    from renewctl.store.importer_options import ImportOptions

    options = ImportOptions(
        _one_of("--kind", kind, _KINDS),
        _pairs("--map", pins),
        auto_map,
        preset,
        _pairs("--where", where),
        _one_of("--date-order", date_order, ("dmy", "mdy", "ymd")),
        _one_of("--decimal", decimal, (".", ",")),
        _currency(currency),
        encoding,
        delimiter,
        sheet,
        clear_blanks,
        strict,
        env.dry_run,
        full,
        rejects,
        backup,
    )
    try:
        with _progress() as advance:
            report = import_files(
                files,
                options,
                path=env.portfolio_path,
                policy=env.policy,
                as_of=env.as_of,
                actor=env.actor,
                progress=advance,
                opened=env.opened,
            )
    except KeyboardInterrupt as stop:  # the parser of arguments would end silently
        raise Interrupted("interrupted", Interrupted.told()) from stop
    if report.created:
        from renewctl.views.terminal import safe

        say(f"portfolio created at {safe(report.portfolio)}")
    if report.backup:
        from renewctl.views.terminal import safe

        say(f"the portfolio as it was before is kept at {safe(report.backup)}")
    from renewctl.views import import_report

    if env.json:
        import_report.emit(report.document())
    else:
        import_report.show(
            report.document(), dry_run=env.dry_run, strict=strict, again=_again(options, report)
        )
    if report.rejected:
        raise typer.Exit(1)


def _one_of(option: str, given: str | None, known: tuple[str, ...]) -> str | None:
    if given is not None and given not in known:
        raise UsageError(
            "bad-option", f"{option} {given}: not one of {' '.join(known)}", "renewctl import --help"
        )
    return given


def _pairs(option: str, given: list[str] | None) -> tuple[tuple[str, str], ...]:
    pairs = []
    for each in given or ():
        left, mark, right = each.partition("=")
        if not mark or not left.strip():
            raise UsageError(
                "bad-option", f"{option} {each}: write it as left=right", "renewctl import --help"
            )
        pairs.append((left.strip(), right.strip()))
    return tuple(pairs)


def _currency(given: str | None) -> str | None:
    if given is None:
        return None
    from renewctl.core.money import CURRENCIES

    if given.upper() not in CURRENCIES:
        raise UsageError(
            "unknown-currency", f"--currency {given}: no ISO 4217 code", "such as USD, EUR or BRL"
        )
    return given.upper()


def _again(options: "ImportOptions", report: "ImportReport") -> str:
    """The options a mended rejects file needs to be read as its original was.

    What the whole original settled is said, since the few rejected rows may not. The file is plain CSV:
    sheet, encoding and delimiter of the original are not its own.
    """
    from shlex import quote

    words: list[tuple[str, str | None]] = [("--kind", options.kind), ("--preset", options.preset)]
    words += [("--map", f"{field}={heading}") for field, heading in options.pinned]
    words += [("--where", f"{heading}={value}") for heading, value in options.where]
    of = [each for each in report.files if each.rejects]
    orders = {each.dialect.get("date_order") for each in of} - {None}
    marks = {each.dialect.get("decimal") for each in of} - {None}
    codes = {each.currency for each in of}
    words += [
        ("--date-order", options.date_order or _only(orders, ("dmy", "mdy", "ymd"))),
        ("--decimal", options.decimal or _only(marks, (".", ","))),
        ("--currency", options.currency or (codes.pop() if len(codes) == 1 else None)),
    ]
    told = [f"{name} {quote(value)}" for name, value in words if value]
    told += [] if options.auto else ["--no-auto-map"]
    return " ".join(told + (["--clear-blanks"] if options.clear_blanks else []))


def _only(found: set[str | None], known: tuple[str, ...]) -> str | None:
    """The one of the known words that was found; None where it was none of them, or several."""
    return next((each for each in known if found == {each}), None)


class _progress:
    """A bar on standard error, once the work has taken a second, and only for a person at a terminal."""

    def __enter__(self) -> "_progress":
        from time import monotonic

        self._clock = monotonic
        self._begun = monotonic()
        self._rows = 0
        self._bar: object = None
        self._wanted = sys.stderr.isatty()
        return self

    def __call__(self, rows: int) -> None:
        """Told how many rows were read since the last time."""
        self._rows += rows
        if not self._wanted or self._clock() - self._begun < 1:
            return
        if self._bar is None:
            from rich.console import Console

            self._bar = Console(stderr=True).status("")
            self._bar.start()
        self._bar.update(f"importing, {self._rows:,} rows so far")  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()  # type: ignore[attr-defined]
