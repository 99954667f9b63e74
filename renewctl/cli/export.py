"""`export`: the portfolio's facts as CSV, JSON or XLSX."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import UsageError
from renewctl.views.terminal import is_terminal, put, safe

if TYPE_CHECKING:
    from renewctl.store.exporter_rows import Table

FORMATS = ("csv", "json", "xlsx")


@command()
def export(
    env: Env,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="accounts, contracts, health, stakeholders, value, outcomes, saves, save_events, promises, "
            "offers, service_levels, service_responses, worths, renewals, amendments, "
            "overrides, items, assignments or log.",
        ),
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="csv|json|xlsx", help="How it is written (default: csv)."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where to (default and -: stdout).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Overwrite a file without asking.")] = False,
) -> None:
    """Write accounts or other facts as CSV, JSON or XLSX."""
    from renewctl.store.exporter_tables import KINDS, table

    if kind not in KINDS:
        raise UsageError("unknown-kind", f"nothing is exported as {kind!r}", f"kinds are: {', '.join(KINDS)}")
    how = _format(format_, env.json, output)
    target = None if output in (None, "-") else output
    if how == "xlsx" and target is None:
        raise UsageError("needs-file", "a workbook is written to a file", f"add -o {kind}.xlsx")
    if target is not None and Path(target).is_file() and not Path(target).is_symlink():
        env.yes = yes
        env.confirm(f"{target} is there already; overwrite it?")
    with env.open() as portfolio, portfolio.reading():
        counted = _Counted()
        exported = table(portfolio, kind, lambda: env.policy, env.as_of)
        exported = exported._replace(rows=counted.over(exported.rows))
        blocks = _blocks(how, exported)
        if target is None:
            with suppress(BrokenPipeError):  # whoever reads has read enough
                _to_stdout(blocks)
        else:
            from renewctl.store.files import write_atomic

            path = write_atomic(target, blocks, overwrite=True)
            say(f"{counted.rows:,} rows of {kind} are in {safe(path)}{_for_reading(exported, how)}")


def _for_reading(exported: "Table", how: str) -> str:
    """A line on what `import` would pass over, or "": an export is not to be taken for a backup."""
    from renewctl.core.intake_fields import KINDS as IMPORTED

    fields = IMPORTED.get(exported.kind)
    if fields is None:
        return f"\nimport takes no {exported.kind}; a backup carries everything: renewctl backup"
    # A currency stands with its amount, but for JSON.
    written = [each.name for each in exported.columns if each.type != "code" or how == "json"]
    over = ", ".join(name for name in written if name not in fields)
    ended = _ENDED.get(exported.kind, "")
    return f"\nimport passes over: {over}{ended}" if over else ""


_ENDED = {
    "contracts": "; leave out what has ended with --where state=open",
    "accounts": "; of a lost account it makes one in force",
}


def _format(given: str | None, as_json: bool, output: str | None) -> str:
    """The format asked for, else that of the file's name, else CSV."""
    if given is None and as_json:
        return "json"
    if given is None:
        ending = Path(output).suffix.lower().lstrip(".") if output else ""
        return ending if ending in FORMATS else "csv"
    how = given.lower()
    if how not in FORMATS:
        raise UsageError("unknown-format", f"--format {given}: not one of {', '.join(FORMATS)}", "try csv")
    return how


def _blocks(how: str, exported: "Table") -> Iterator[bytes]:
    from renewctl.store import exporter

    if how == "csv":
        return exporter.csv_blocks(exported)
    if how == "json":
        return exporter.json_blocks(exported)
    from renewctl.store.workbook import workbook_blocks

    return workbook_blocks(exported.kind, exporter.sheet_cells(exported))


class _Counted:
    """Counts rows as they pass."""

    def __init__(self) -> None:
        self.rows = 0

    def over(self, rows: Iterator[Any]) -> Iterator[Any]:
        """The same rows."""
        for row in rows:
            self.rows += 1
            yield row


def _to_stdout(blocks: Iterator[bytes]) -> None:
    """Data as it is for a pipe or file; made harmless line by line for a person's terminal."""
    raw = getattr(sys.stdout, "buffer", None)
    for block in blocks:
        if raw is None or is_terminal():
            put(block.decode("utf-8", "backslashreplace"))
        else:
            raw.write(block)
    sys.stdout.flush()
