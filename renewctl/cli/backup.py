"""`backup` and `restore`: a verified copy put aside, and put back."""

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import RenewctlError, UsageError
from renewctl.views import backup as view
from renewctl.views.terminal import fitted, safe

if TYPE_CHECKING:
    from renewctl.store.restore import Plan, Restored


class Listed(NamedTuple):
    """A backup as it is listed."""

    copy: Any  # store.backup.Copy
    inside: Any  # store.examine.Examined; None where it cannot be relied upon
    problem: str  # why not
    another: bool | None  # whether it is of another portfolio; None: nobody can tell
    of_several: bool  # there are backups of several portfolios


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
        int | None,
        typer.Option(
            "--keep", metavar="N", min=1, help="Keep the newest N made by hand in the folder (default: 10)."
        ),
    ] = None,
    list_: _ListOption = False,
) -> None:
    """Put a verified copy of the portfolio aside."""
    from renewctl.store import backup as store
    from renewctl.store.portfolio import utc_now

    path = env.portfolio_path
    if list_:
        _alone("backup", output, keep)
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
            made = store.make(portfolio, folder, store.stem_of(path), store.MANUAL, keep or store.KEEP)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.made_document(path, made, at))
    else:
        _print(view.made_lines(made))
    if made.doubt:
        say(f"warning: this portfolio is not sound, and neither is its copy: {safe(made.doubt)}")
        say("see what is wrong with: renewctl doctor   (older backups were all kept)")
        raise typer.Exit(1)


def _alone(command: str, *others: Any) -> None:
    """Refuse what --list would pass over in silence."""
    if any(others):
        raise UsageError(
            "bad-option",
            f"--list shows the backups in the portfolio's folder, and nothing else of {command} goes with it",
            f"renewctl {command} --list   (another folder: RENEWCTL_BACKUPS=FOLDER)",
        )


def _list(env: Env, path: str) -> None:
    from renewctl.store import backup as store
    from renewctl.store.choose import identity
    from renewctl.store.portfolio import utc_now

    copies = store.listing(path)
    found = _looked_into(copies, identity(path) if copies else None)
    folder = str(store.folder_of(path))
    if env.json:
        from renewctl.views.machine import emit

        emit(view.listed_document(path, folder, found))
    else:
        _print(view.listed_lines(found, folder, utc_now()))
    if any(each.problem for each in found):
        raise typer.Exit(1)


def _looked_into(copies: Any, ours: Any) -> list[Listed]:
    """Each backup with what is in it, or what is wrong with it."""
    from renewctl.store.choose import is_own
    from renewctl.store.examine import examine

    found = []
    for copy in copies:
        try:
            inside = examine(copy.file)
        except RenewctlError as error:
            found.append(Listed(copy, None, error.message, None, False))
            continue
        own = is_own(inside.facts, ours)
        found.append(Listed(copy, inside, "", None if own is None else not own, False))
    begun = [each.inside.facts for each in found if each.inside and each.inside.facts.first]
    if any(not facts.same_line(begun[0]) for facts in begun):
        return [each._replace(of_several=bool(each.inside and each.inside.facts.first)) for each in found]
    return found


@command(writes=True)
def restore(
    env: Env,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="The backup to put back (default: the newest sound one that no restore put aside).",
        ),
    ] = None,
    another: Annotated[
        bool, typer.Option("--another", help="Also a backup of another portfolio; needs --yes too.")
    ] = False,
    with_forgotten: Annotated[
        bool,
        typer.Option(
            "--with-forgotten",
            help="Also a backup from before a forgetting: what was erased since comes back; needs --yes too.",
        ),
    ] = False,
    list_: _ListOption = False,
) -> None:
    """Put a backup back, after showing what would be lost."""
    from renewctl.store import restore as store

    if list_:
        _alone("restore", file, another, with_forgotten)
        _list(env, env.portfolio_path)
        return
    with store.planned(env.portfolio_path, None if file is None else Path(file)) as plan:
        refusal = _refusal(env, plan, another, with_forgotten)
        shown = env.json or (env.yes and not env.dry_run and refusal is None)  # what is done is told as done
        if not shown:
            _print(view.plan_lines(plan))
        done = None
        if not env.dry_run:
            if refusal is not None:
                raise refusal
            _confirm(env, plan)
            done = _carried_out(env, plan)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.restore_document(plan, done))
    elif done is None:
        say("dry run: nothing was restored")
        if refusal is not None:
            say(safe(refusal.hint))
    else:
        if shown:
            _print(view.plan_lines(plan, done=True))
        for line in view.end_lines(plan, done):
            say(line)


def _refusal(env: Env, plan: "Plan", another: bool, with_forgotten: bool) -> UsageError | None:
    """What has to be asked for by name: another portfolio, or what somebody wanted to be erased for good."""
    needs = (["--another"] if plan.another else []) + (["--with-forgotten"] if plan.forgettings else [])
    given = (["--another"] if another else []) + (["--with-forgotten"] if with_forgotten else [])
    if not needs or (env.yes and set(needs) <= set(given)):
        return None
    name = plan.backup.file
    hint = f"to do it all the same: renewctl restore {quote(str(name))} {' '.join(needs)} --yes"
    if plan.another and not (another and env.yes):
        return UsageError(
            "another-portfolio", f"{name} is a backup of another portfolio than {plan.path}", hint
        )
    return UsageError(
        "forgotten-come-back",
        f"{name} is from before a forgetting, and may bring back what was erased: {view.erased(plan)}",
        hint,
    )


def _confirm(env: Env, plan: "Plan") -> None:
    lost = view.many(len(plan.lost), "operation")
    at_stake = f", losing {lost}" if plan.lost else ""
    whole = f"Restore {safe(plan.path)} from {safe(plan.backup.file.name)}{at_stake}?"
    fits = len(fitted(f"{whole} [y/N] ", "")) == 1
    env.confirm(whole if fits else f"Restore it{at_stake}?")  # both names stand right above


def _carried_out(env: Env, plan: "Plan") -> "Restored":
    """Do it; where that fails what was meant is told all the same."""
    from renewctl.store import restore as store

    try:
        return store.carry_out(plan)
    except RenewctlError as error:
        if env.yes and not env.json:
            _print(view.plan_lines(plan, done=error.code == "commit-uncertain"))
        raise


def _print(lines: Any) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
