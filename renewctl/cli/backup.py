"""`backup` and `restore`: a verified copy put aside, and put back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import RenewctlError, UsageError
from renewctl.views import backup as view
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.store.restore import Plan, Restored

_ListOption = Annotated[bool, typer.Option("--list", help="List the backups, newest first, and check each.")]


@command()
def backup(
    env: Env,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Folder or new .db file (RENEWCTL_BACKUPS; default: `backups` beside the portfolio).",
        ),
    ] = None,
    keep: Annotated[
        int, typer.Option("--keep", metavar="N", min=1, help="Keep the newest N made by hand in the folder.")
    ] = 10,
    list_: _ListOption = False,
) -> None:
    """Put a verified copy of the portfolio aside."""
    from renewctl.store import backup as store
    from renewctl.store.portfolio import utc_now

    path = env.portfolio_path
    if list_:
        _list(env, path)
        return
    if output == "-":
        raise UsageError("bad-option", "a backup is a file, not a stream", "name a folder or file with -o")
    folder, file = store.folder_of(path), None
    if output is not None:
        given = Path(output)
        is_file = not given.is_dir() and given.suffix and not output.endswith(("/", "\\"))
        folder, file = (given.parent, given) if is_file else (given, None)
    at = utc_now()
    with env.open() as portfolio:
        if file is not None:
            made = store.make_file(portfolio, file)
        else:
            made = store.make(portfolio, folder, store.stem_of(path), store.MANUAL, keep)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.made_document(path, made, at))
    else:
        _print(view.made_lines(made))
    if made.doubt:
        say(f"warning: this portfolio is not sound, and neither is its copy: {safe(made.doubt)}")
        say("see what is wrong with: renewctl doctor   (older backups were all kept)")
        raise typer.Exit(1)


def _list(env: Env, path: str) -> None:
    from renewctl.store import backup as store
    from renewctl.store.examine import examine
    from renewctl.store.portfolio import utc_now

    found: list[tuple[Any, Any, str]] = []
    for copy in store.listing(path):
        try:
            found.append((copy, examine(copy.file), ""))
        except RenewctlError as error:
            found.append((copy, None, error.message))
    folder = str(store.folder_of(path))
    if env.json:
        from renewctl.views.machine import emit

        emit(view.listed_document(path, folder, found))
    else:
        _print(view.listed_lines(found, folder, utc_now()))
    if any(problem for _, _, problem in found):
        raise typer.Exit(1)


@command(writes=True)
def restore(
    env: Env,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="The backup to put back (default: the newest sound one)."),
    ] = None,
    another: Annotated[
        bool, typer.Option("--another", help="Also a backup of another portfolio; needs --yes too.")
    ] = False,
    list_: _ListOption = False,
) -> None:
    """Put a backup back, after showing what would be lost."""
    from renewctl.store import restore as store

    if list_:
        _list(env, env.portfolio_path)
        return
    with store.planned(env.portfolio_path, None if file is None else Path(file)) as plan:
        if not env.json:
            _print(view.plan_lines(plan))
        done = None
        if not env.dry_run:
            _agree(env, plan, another)
            done = store.carry_out(plan)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.restore_document(plan, done))
    elif done is None:
        say("dry run: nothing was restored")
    else:
        _tell(plan, done)


def _agree(env: Env, plan: "Plan", another: bool) -> None:
    """Ask before anything is lost; a backup of another portfolio has to be asked for by name."""
    if plan.another and not (another and env.yes):
        raise UsageError(
            "another-portfolio",
            f"{plan.backup.file} is a backup of another portfolio than {plan.path}",
            "to put it in its place all the same: --another --yes",
        )
    lost = view.many(len(plan.lost), "operation")
    at_stake = f", losing {lost}" if plan.lost else ""
    env.confirm(f"Restore {safe(plan.path)} from {safe(plan.backup.file.name)}{at_stake}?")


def _tell(plan: "Plan", done: "Restored") -> None:
    name = safe(plan.path)
    if done.rows is None:
        say(f"{name} is restored; it was changed again before it could be compared")
    else:
        say(f"{name} is restored: {view.many(done.rows, 'row')} read again, equal to the backup's")
    if done.kept is not None:
        what = "the damaged file" if plan.state == "damaged" else "the state before"
        say(f"{what} is kept at {safe(done.kept)}")


def _print(lines: Any) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
