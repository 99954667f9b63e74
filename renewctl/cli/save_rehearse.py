"""`save rehearse`: the triggers of saves replayed over the recorded past, under one policy or two."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, day
from renewctl.errors import UsageError

if TYPE_CHECKING:
    from renewctl.core.policy import Policy
    from renewctl.core.rehearse import Rehearsal
    from renewctl.core.rehearse_limits import Unknown
    from renewctl.store.portfolio import Portfolio

FROM = typer.Option("--from", metavar="DATE", help="The first day looked at (default: two years back).")
TO = typer.Option("--to", metavar="DATE", help="The last day looked at (default: today).")


@command()
def rehearse(
    env: Env,
    from_: Annotated[str | None, FROM] = None,
    to: Annotated[str | None, TO] = None,
) -> None:
    """Replay the triggers over the past: losses they would have seen, and false alarms."""
    from renewctl.store.policy_files import load_policy
    from renewctl.views import save_rehearse as view

    policy = env.policy
    first, last = span(env, policy, from_, to)
    shipped = load_policy(None)
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        told, unknown = _rehearsed(portfolio, policy, first, last)
        other = None
        if policy.fingerprint != shipped.fingerprint:
            other, _ = _rehearsed(portfolio, shipped, first, last)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told, other, unknown, policy))
    else:
        view.show(told, other, unknown, policy)


def span(env: Env, policy: "Policy", from_: str | None, to: str | None) -> tuple[date, date]:
    """The days of --from and --to, or those the policy looks back to; exit 2 where there is none between."""
    last = env.as_of if to is None else min(day(to, "--to"), env.as_of)
    days = timedelta(days=policy.raw["saves"]["learning"]["window_days"])
    first = max(last, date.min + days) - days if from_ is None else day(from_, "--from")
    if last < first:
        raise UsageError("bad-span", f"--from {first} is after {last}, the last day", "the earlier day first")
    return first, last


def _rehearsed(
    portfolio: "Portfolio", policy: "Policy", first: date, last: date
) -> "tuple[Rehearsal, Unknown]":
    from renewctl.core.rehearse import course, rehearsal
    from renewctl.core.rehearse_limits import judged, unknown
    from renewctl.store.watch import pasts

    found = list(pasts(portfolio, policy))
    courses = (course(past, policy, last) for past in found if judged(past))
    return rehearsal(courses, first, last), unknown(found)
