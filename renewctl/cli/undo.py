"""`undo`: a command taken back, whatever it was, as long as nothing builds on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, say
from renewctl.errors import UsageError

if TYPE_CHECKING:
    from renewctl.core.history import Entry
    from renewctl.store.portfolio import Portfolio


@command(writes=True)
def undo(
    env: Env,
    operation: Annotated[
        str | None,
        typer.Argument(
            metavar="[OPERATION]",
            help="Its number in `history` (default: the newest that stands); an undo's number does it again.",
        ),
    ] = None,
) -> None:
    """Take a command back: the last one, or the one of that number."""
    from renewctl.store import undo as store
    from renewctl.store.history import entry
    from renewctl.views import history as view
    from renewctl.views.terminal import safe

    wanted = None if operation is None else _number(operation)
    with env.open() as portfolio:
        with portfolio.reading():
            done = store.find(portfolio, wanted)
            told = entry(portfolio, done.seq)
        what = f"#{done.seq} {safe(done.command)}"
        if not env.json:
            say("\n".join(["to be taken back:", *view.lines([told], None)]))
        if not env.dry_run:
            env.confirm(f"Take back {what}, {done.rows:,} row{'' if done.rows == 1 else 's'}?")
            _keep_copy(portfolio, told)
        with portfolio.write(f"undo {done.seq}", env.actor, env.as_of, dry_run=env.dry_run) as new:
            store.take_back(portfolio, new, store.find(portfolio, done.seq), env.policy, env.as_of)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.undo_document(told, None if env.dry_run else new.seq))
    elif env.dry_run:
        say(f"{what} can be taken back (dry run: nothing was written)")
    else:
        say(f"{what} is taken back; to have it again: renewctl undo {new.seq}")


def _number(text: str) -> int:
    """An operation's number as people write it, 12 or #12."""
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise UsageError(
            "no-number", f"{text!r} is no number of an operation", "see the numbers: renewctl history"
        )
    return int(digits)


def _keep_copy(portfolio: "Portfolio", told: "Entry") -> None:
    """Before much is taken back, a copy of the portfolio is put aside."""
    from renewctl.store.undo import BULK

    if told.rows > BULK:
        from renewctl.store import backup

        copy = backup.before(portfolio, "before-undo")
        if copy is not None:
            from renewctl.views.terminal import safe

            say(f"a copy of the portfolio is kept at {safe(str(copy))}")
