"""`owners`, `effort`, `capacity`: who carries what, where the hours went, and what is too much."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, owned_by
from renewctl.core.policy import SEGMENTS
from renewctl.errors import UsageError

if TYPE_CHECKING:
    from renewctl.core.capacity import Hours
    from renewctl.core.team import Work
    from renewctl.store.portfolio import Portfolio
    from renewctl.store.team import TeamBook

_LONGEST = 104  # weeks
_BEHIND = 14  # days by which work may come before the day it is due
_PAGE = 20  # rows of a list on a terminal

OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="NAME", help="Only this person; `me` is you.")
]


@command()
def owners(env: Env) -> None:
    """Show who owns what, who has too much, and what nobody owns."""
    from renewctl.core.advice import advise, seen
    from renewctl.core.owners import AHEAD_DAYS, in_charge
    from renewctl.core.team import automation
    from renewctl.views import owners as view

    policy = env.policy
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        book, works, hours = _team(portfolio, env, AHEAD_DAYS)
    found = in_charge(book.renewals, works, policy, book.volume, hours, env.as_of)
    figures = seen(book.renewals, book.customers, book.volume, policy)
    told = view.Told(
        env.as_of, found, advise(figures, policy), automation(works, SEGMENTS), policy.base_currency
    )
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told))
    else:
        view.show(told)


def _team(portfolio: "Portfolio", env: Env, days: int) -> "tuple[TeamBook, list[Work], Hours]":
    """The book, everything it owes in the coming `days`, and the hours people have."""
    from renewctl.core.capacity import Hours
    from renewctl.core.team import one_spelling, planned_work, runs
    from renewctl.store.team import agenda_of, other_items, team_book

    policy, until = env.policy, env.as_of + timedelta(days=days)
    book, agenda = team_book(portfolio, policy, env.as_of), agenda_of(portfolio, policy, env.as_of)
    others = other_items(portfolio, policy, env.as_of, until)
    run = [each for each in book.renewals if runs(each, policy)]
    renewals, works = one_spelling(book.renewals, planned_work(run, others, agenda, until))
    return book._replace(renewals=tuple(renewals)), works, Hours(policy, agenda.planner.calendar)


@command()
def effort(
    env: Env,
    owner: OwnerOption = None,
    segment: Annotated[
        str | None, typer.Option("--segment", help="Only enterprise, mid_market or smb.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help=f"At most so many accounts (0: all; {_PAGE}).")
    ] = None,
) -> None:
    """Hold the hours logged against each renewal's budget, and say where they belong."""
    from renewctl.core.effort import effort_report
    from renewctl.core.team import one_spelling
    from renewctl.store.team import team_book
    from renewctl.views import effort as view

    if segment is not None and segment not in SEGMENTS:
        raise UsageError(
            "unknown-choice",
            f"--segment {segment}: not one of {', '.join(SEGMENTS)}",
            "renewctl effort --help",
        )
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        who = owned_by(env, portfolio, owner)
        book = team_book(portfolio, env.policy, env.as_of)
    renewals = [
        each
        for each in book.renewals
        if (who is None or each.row.owner in who) and segment in (None, each.row.segment)
    ]
    renewals, _ = one_spelling(renewals)
    told = view.Told(
        env.as_of,
        effort_report(renewals, env.policy, env.as_of),
        env.policy.base_currency,
        None if env.json and limit is None else _PAGE if limit is None else limit or None,
    )
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told))
    else:
        view.show(told)


@command()
def capacity(
    env: Env,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=_LONGEST, help="How many weeks ahead to look.")
    ] = 26,
    owner: OwnerOption = None,
) -> None:
    """Hold each person's coming weeks against their hours, and say what to move."""
    from renewctl.core.capacity import board
    from renewctl.core.relief import relief
    from renewctl.core.text import fold
    from renewctl.views import capacity as view

    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        who = owned_by(env, portfolio, owner)
        book, works, hours = _team(portfolio, env, weeks * 7 + _BEHIND)
    there = {each.row.owner for each in book.renewals} | {work.item.who.person for work in works}
    known = {fold(name) for name in there if name is not None}
    idle = [name for name in env.policy.raw["capacity"].get("people", {}) if fold(name) not in known]
    people = [name for name in there if name is not None] + idle
    loads = board(works, people, hours, env.as_of, weeks)
    moves = relief(loads, env.policy)
    told = view.Told(env.as_of, loads, moves, who)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told))
    else:
        view.show(told)
