"""`history`: what was changed, when and by whom."""

import sys
from typing import Annotated

import typer

from renewctl.cli.options import Env, command, complete_account
from renewctl.store.history import history as operations
from renewctl.store.lookup import find_account
from renewctl.views import history as view
from renewctl.views.terminal import is_terminal, put_lines

_PAGE = 20


@command()
def history(
    env: Env,
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACCOUNT]", help="Only changes of this account.", autocompletion=complete_account
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help=f"At most so many commands (0: all; on a terminal: {_PAGE})."
        ),
    ] = None,
) -> None:
    """Show what was changed, when and by whom."""
    paged = limit is None and is_terminal() and not env.json
    most = _PAGE if paged else limit or None
    with env.open() as portfolio:
        of = find_account(portfolio, account) if account is not None else None
        entries = operations(portfolio, of, most)
        name = of.id if of else None
        if env.json:
            from renewctl.views.machine import emit

            emit(view.document(entries, name))
            return
        put_lines(view.lines(entries, name))
        if paged and _more(portfolio.value("SELECT COUNT(*) FROM operation"), of is not None):
            sys.stdout.write("… older ones: --limit 0\n")


def _more(count: int, one_account: bool) -> bool:
    return count > _PAGE and not one_account
