"""`forget`: erasing a person or an account from the portfolio and everything it remembers."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import PortfolioError, UsageError
from renewctl.views import forget as view

if TYPE_CHECKING:
    from renewctl.core.erasure import Eraser
    from renewctl.store.forget import Forgotten
    from renewctl.store.persons import Target
    from renewctl.store.portfolio import Portfolio

KINDS = ("stakeholder", "account", "mention")


@command(writes=True)
def forget(
    env: Env,
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="WHO", help="A stakeholder (name or e-mail address) or an account (id or name)."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="stakeholder, account, or mention: just that word, in the texts of --account.",
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ACCOUNT", help="The stakeholder of that account is meant."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the history; name nobody in it.")
    ] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Only finish an earlier forgetting: rewrite the storage.")
    ] = False,
) -> None:
    """Erase a stakeholder or an account, also from the history, for good.

    Of a stakeholder: name, address, what was thought of them, and each mention in notes and reasons.
    Of an account (--kind account): its names, ids, people, notes and reasons; money, dates and segment stay.
    No backup is made before, and undo does not bring it back. Backups that hold it still are named.
    In scripts say --kind, and --account for a stakeholder.
    """
    if purge:
        _only_purge(env, who)
        return
    wanted = _asked(who, kind, account)
    from renewctl.store.persons import find_target

    with env.open() as portfolio:
        target = find_target(portfolio, wanted, kind, account)
        ids = [each.id for each in target.accounts]
        if not env.dry_run:
            if env.asks():
                _preview(env, portfolio, target, reason or "")
            env.confirm(view.question(target.kind, target.shown, ids))
        eraser, done = _erase(env, portfolio, target, reason or "", dry_run=env.dry_run)
        unfinished = _purge(portfolio) if done.operations and not env.dry_run else ""
        shown = _shown(portfolio, target, eraser, done, unfinished, env.dry_run)
    _show(env, shown)
    if unfinished:
        raise typer.Exit(1)


def _asked(who: str | None, kind: str | None, account: str | None) -> str:
    """WHO, once the words are known to fit together."""
    if kind is not None and kind not in KINDS:
        raise UsageError(
            "unknown-kind", f"--kind {kind}: not one of {', '.join(KINDS)}", "renewctl forget --help"
        )
    if who is None or not who.strip():
        raise UsageError("who-missing", "whom to forget is not said", "renewctl forget WHO")
    if kind == "mention" and account is None:
        raise UsageError(
            "account-missing", "a mention is erased from the texts of one account", "add --account ID"
        )
    if kind == "account" and account is not None:
        raise UsageError(
            "account-twice",
            "--account is for a stakeholder or a mention",
            "renewctl forget ACCOUNT --kind account",
        )
    return who.strip()


def _preview(env: Env, portfolio: "Portfolio", target: "Target", reason: str) -> None:
    """Show at the terminal what would go, what would stay and where else it is, before it is asked."""
    eraser, done = _erase(env, portfolio, target, reason, dry_run=True)
    for line in view.lines(_shown(portfolio, target, eraser, done, "", True)):
        sys.stderr.write(line + "\n")


def _erase(
    env: Env, portfolio: "Portfolio", target: "Target", reason: str, *, dry_run: bool
) -> "tuple[Eraser, Forgotten]":
    from renewctl.store import forget as store
    from renewctl.store.persons import eraser_of

    with (
        portfolio.overwriting(),
        portfolio.write(store.command_of(target), env.actor, env.as_of, dry_run=dry_run) as operation,
    ):
        eraser = eraser_of(portfolio, target)
        return eraser, store.forget(portfolio, operation, target, eraser, reason, env.policy, env.as_of)


def _purge(portfolio: "Portfolio") -> str:
    """Rewrite the storage; why it could not be, if so."""
    from renewctl.store.forget import purge

    try:
        purge(portfolio)
    except PortfolioError as error:
        return error.message
    return ""


def _only_purge(env: Env, who: str | None) -> None:
    from renewctl.store import forget as store

    if who is not None:
        raise UsageError("purge-alone", "--purge stands alone", "renewctl forget --purge")
    with env.open() as portfolio:
        pending = portfolio.meta(store.PENDING) is not None
        if not env.dry_run:
            store.purge(portfolio)
    if env.json:
        from renewctl.views.machine import emit

        emit({"schema": "renewctl/forget/1", "purged": not env.dry_run, "was_pending": pending})
    else:
        say("nothing was waiting for it" if not pending else "an earlier forgetting is finished")


def _shown(
    portfolio: "Portfolio",
    target: "Target",
    eraser: "Eraser",
    done: "Forgotten",
    unfinished: str,
    dry_run: bool,
) -> view.Shown:
    from renewctl.store.remains import backups

    holding, unread = backups(portfolio, eraser)
    return view.Shown(
        target.kind,
        target.shown,
        [account.id for account in target.accounts],
        done.rows,
        done.log_rows,
        done.operations,
        done.left,
        done.more_left,
        holding,
        unread,
        unfinished,
        portfolio.engine,
        dry_run,
    )


def _show(env: Env, shown: Any) -> None:
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(shown))
        return
    for line in view.lines(shown):
        say(line)
    if env.dry_run:
        say("dry run: nothing was written")
