"""`policy audit`, `policy diff`, `policy pilot`: what the rules make of a book before and while they run."""

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command

if TYPE_CHECKING:
    from renewctl.core.policy import Policy
    from renewctl.core.policy_diff import View
    from renewctl.store.portfolio import Portfolio

_PAGE = 20  # accounts of a difference
_SHIPPED = "shipped"


@command()
def audit(env: Env) -> None:
    """Show how today's book would be segmented, owned and scheduled, with the misfits."""
    from renewctl.core.audit import MONTH_DAYS
    from renewctl.core.audit import audit as audited
    from renewctl.core.capacity import Hours
    from renewctl.core.owners import in_charge
    from renewctl.core.team import one_spelling, planned_work, runs
    from renewctl.store.team import agenda_of, other_items, team_book
    from renewctl.views import rollout as view

    policy, as_of = env.policy, env.as_of
    until = as_of + timedelta(days=MONTH_DAYS)
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        book, agenda = team_book(portfolio, policy, as_of), agenda_of(portfolio, policy, as_of)
        run = [each for each in book.renewals if runs(each, policy)]
        works = planned_work(run, other_items(portfolio, policy, as_of, until), agenda, until)
    renewals, works = one_spelling(book.renewals, works)
    hours = Hours(policy, agenda.planner.calendar)
    people = in_charge(renewals, works, policy, book.volume, hours, as_of).people
    found = audited(renewals, book.bare, len(book.outside), works, people, agenda)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.audit_document(found, as_of, policy.base_currency))
    else:
        view.show_audit(found, as_of, policy.base_currency)


@command()
def diff(
    env: Env,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A policy file, or `shipped`.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A policy file, or `shipped`.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help=f"At most so many accounts (0: all; {_PAGE}).")
    ] = None,
) -> None:
    """List every account that another policy would change, before it is applied."""
    from renewctl.core.policy_diff import policy_diff
    from renewctl.store.policy_files import load_policy
    from renewctl.views import rollout as view

    policies = [load_policy(None if name == _SHIPPED else name) for name in (old, new)]
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        before, after = (_view(portfolio, policy, env.as_of) for policy in policies)
    told = view.Difference(
        env.as_of, (old, new), policy_diff(before, after), policies[1].base_currency,
        None if env.json and limit is None else _PAGE if limit is None else limit or None,
    )  # fmt: skip
    if env.json:
        from renewctl.views.machine import emit

        emit(view.diff_document(told))
    else:
        view.show_diff(told)


def _view(portfolio: "Portfolio", policy: "Policy", as_of: date) -> "View":
    """The book under one policy, with all that is open whenever it is due."""
    from renewctl.core.policy_diff import View
    from renewctl.core.team import runs
    from renewctl.store.team import agenda_of, other_items, team_book

    agenda = agenda_of(portfolio, policy, as_of)
    renewals = team_book(portfolio, policy, as_of).renewals
    items = [
        item
        for each in renewals
        if each.due is not None and runs(each, policy)
        for item in agenda.items(each.due, each.states, date.max, each.given)
    ]
    return View(renewals, items + other_items(portfolio, policy, as_of, date.max))


@command()
def pilot(env: Env) -> None:
    """Compare the pilot segment with the rest and with its own past."""
    from renewctl.core.pilot import pilot as compared
    from renewctl.core.team import planned_work
    from renewctl.store.pilot import reached
    from renewctl.store.team import agenda_of, team_book
    from renewctl.views import rollout as view

    policy, as_of = env.policy, env.as_of
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        book, agenda = team_book(portfolio, policy, as_of), agenda_of(portfolio, policy, as_of)
        came = reached(portfolio, book.renewals, policy, as_of)
    works = planned_work(book.renewals, (), agenda, as_of - timedelta(days=1))
    overdue = Counter(work.item.renewal.segment for work in works if work.item.status == "overdue")
    found = compared(came, dict(overdue), policy, as_of)
    sizes = Counter(each.row.segment for each in book.renewals)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.pilot_document(found, as_of, policy.base_currency))
    else:
        view.show_pilot(found, policy.base_currency, sizes)
