"""`save suggest`: which saves the facts ask for, by which scenario, and what waits for want of room."""

from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, say
from renewctl.core.text import clean
from renewctl.errors import UsageError
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.model import Account
    from renewctl.core.suggest import Suggestion
    from renewctl.store.portfolio import Portfolio


@command()
def suggest(
    env: Env,
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Only this one: id, name or part of it.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="The reason the customer gives (needs ACCOUNT)."),
    ] = None,
) -> None:
    """Suggest which saves to open, by which scenario and on what evidence."""
    from renewctl.core.suggest import board
    from renewctl.store.lookup import find_account
    from renewctl.store.watch import carried, suggestions
    from renewctl.views import save_suggest as view

    said = _said(reason)
    if said is not None and account is None:
        raise UsageError(
            "account-missing", "--reason is what one customer says", "name the account before it"
        )
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        only = None if account is None else find_account(portfolio, account)
        found = suggestions(portfolio, env.policy, env.as_of, only, said)
        told = board(found, carried(portfolio), env.policy, env.as_of)
    if only is not None and told.waiting:  # who asks about one account has room for it
        told = told._replace(suggestions=tuple(each.suggestion for each in told.waiting), waiting=())
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told, env.as_of, env.policy))
    else:
        view.show(told, env.policy, env.as_of, only, found)


def _said(reason: str | None) -> str | None:
    said = None if reason is None else clean(reason)
    if said == "":
        raise UsageError("reason-missing", "--reason is blank", "say it in the customer's words")
    return said


def proposed(env: Env, portfolio: "Portfolio", account: "Account", reason: str | None) -> str:
    """The scenario of the one suggestion for an account, told on stderr; exit 2 where there is none.

    `save start` without a scenario takes it. To investigate is no playbook: what to ask is said instead.
    """
    from renewctl.core.health_flag import INVESTIGATE
    from renewctl.core.opening import cooling_until
    from renewctl.store.watch import suggestions
    from renewctl.views.account import word

    found = suggestions(portfolio, env.policy, env.as_of, account, _said(reason))
    six = ", ".join(env.policy.playbooks)
    if not found:
        raise UsageError(
            "scenario-missing",
            f"which scenario is it? nothing on record of {account.name} asks for a save; one of: {six}",
            "give it with --scenario SCENARIO",
        )
    one: Suggestion = found[0]
    until = cooling_until(one.past.cases, env.policy, env.as_of)
    if until is not None:
        raise UsageError(
            "scenario-missing",
            f"a save of {account.name} was closed lately, and none is suggested up to {until}; one of: {six}",
            "to open one all the same give --scenario SCENARIO",
        )
    if one.scenario == INVESTIGATE:
        seen = "; ".join(each.because.observed for each in one.because)
        raise UsageError(
            "scenario-missing",
            f"something is wrong at {account.name} ({seen}), and nothing on record tells why: "
            "find out first, and offer nothing yet",
            "ask why on the call, and add --reason TEXT; where no word tells, begin with the likeliest of "
            f"{six}: renewctl save start {word(account.id)} --flagged {one.flagged_on} --scenario SCENARIO "
            "(the whys may switch it later, and the clock keeps this flag)",
        )
    say(safe(f"suggested scenario: {one.scenario}, since {one.flagged_on}: {one.why.observed}"))
    if one.others:
        say(safe(f"facts speak for {', '.join(one.others)} as well"))
    return one.scenario
