"""`health`: readings and overrides by hand, health over time, and whether the scores are worth it."""

from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import AccountArg, AsKnownOn, Env, command, day, say
from renewctl.core.intake import Refusal
from renewctl.errors import InputRefused, UsageError
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.model import Account, Change, HealthOverride
    from renewctl.views.health import Told


@command(writes=True)
def add(
    env: Env,
    account: AccountArg,
    assignments: Annotated[
        list[str], typer.Argument(metavar="INPUT=VALUE...", help="Such as usage_trend=-12 or nps=40.")
    ],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The day it was read (default: today).")
    ] = None,
) -> None:
    """Add what was read of an account's health on a day."""
    from renewctl.cli.contract import pinned
    from renewctl.core import health_edit
    from renewctl.core.edits import Facts
    from renewctl.store.agenda import refresh
    from renewctl.store.lookup import find_account

    read_on = env.as_of if on is None else day(on, "--on")
    given = _assigned(assignments)
    with (
        env.open() as portfolio,
        portfolio.write("health add", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        readings = portfolio.values("health_reading", "account_no = ?", (of.no,))
        facts = Facts(of, None, readings, pinned(portfolio, of, None))
        found = health_edit.add(given, facts, read_on, env.as_of, env.policy.base_currency)
        if isinstance(found, Refusal):
            hint = found.hint.replace("renewctl set --help", "renewctl health add --help")
            raise InputRefused(found.code, found.message, hint)
        if found.changes:
            operation.apply(found.changes)
            names = ", ".join(each.field for each in found.fields)
            operation.summary = f"{of.name}: {names} of {read_on}"
            refresh(portfolio, env.policy, env.as_of, [of.no])
    if env.json:
        from renewctl.views.machine import emit

        changes = [{"field": each.field, "before": each.before, "after": each.after} for each in found.fields]
        told = {"account": of.id, "date": read_on.isoformat(), "changes": changes}
        emit({"schema": "renewctl/health-add/1", **told, "changed": bool(changes) and not env.dry_run})
    elif not found.changes:
        say(f"{safe(of.name)}: it was read so already; nothing changed")
    else:
        from renewctl.views.history import change_lines

        head = f"{safe(of.name)}, read on {read_on}{env.dry}"
        say("\n".join([head, *change_lines(found.fields)]))


def _assigned(words: list[str]) -> dict[str, str]:
    """`input=value` words by input; UsageError for what is none of it, unknown, or said twice."""
    from renewctl.core.health_edit import INPUTS

    given: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip().lower().replace("-", "_")
        if not equals:
            raise UsageError("no-assignment", f"{word!r} is not of the form input=value", "such as nps=40")
        if name not in INPUTS:
            raise UsageError("unknown-input", f"no health input is called {name!r}", ", ".join(INPUTS))
        if name in given:
            raise UsageError("input-twice", f"{name} is given twice", "say it once")
        given[name] = text
    return given


@command(writes=True)
def override(
    env: Env,
    account: AccountArg,
    score: Annotated[
        str | None, typer.Option("--score", metavar="N", help="The score, 0 to 100, in place of the mix.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="CODE", help="A code of [health.override_reasons].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last day it is in force.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What is behind it.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="End the override that is in force.")] = False,
) -> None:
    """Set a score by hand, with a reason and an end, or end it."""
    from renewctl.core import health_edit
    from renewctl.core.health import in_force
    from renewctl.store.agenda import refresh
    from renewctl.store.lookup import find_account

    _complete(score, reason, until, note, clear)
    with (
        env.open() as portfolio,
        portfolio.write("health override", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        stored = portfolio.values("health_override", "account_no = ?", (of.no,))
        before = stored[0] if stored else None
        said: HealthOverride | None = None
        if clear:
            changes: tuple[Change, ...] | Refusal = health_edit.clear(of, before, env.as_of)
            text = "override ended"
        else:
            last = day(until or "", "--until")
            read = health_edit.said(of, score or "", reason or "", last, note or "", env.as_of, env.actor)
            if isinstance(read, Refusal):
                raise InputRefused(*read)
            said = read
            changes = health_edit.override(of, before, said, env.policy, env.as_of)
            text = f"health {said.score:g} until {said.until_on}, {said.reason}"
        if isinstance(changes, Refusal):
            raise InputRefused(*changes)
        if changes:
            operation.apply(changes)
            operation.summary = f"{of.name}: {text}"
            refresh(portfolio, env.policy, env.as_of, [of.no])
    now = before if not changes and said is None else said
    _say_override(env, of, in_force(now, env.as_of), bool(changes), clear)


def _say_override(env: Env, of: "Account", now: "HealthOverride | None", changed: bool, clear: bool) -> None:
    if env.json:
        from renewctl.views.health import override_document
        from renewctl.views.machine import emit

        told = {"account": of.id, "override": override_document(now)}
        emit({"schema": "renewctl/health-override/1", **told, "changed": changed and not env.dry_run})
    elif not changed:
        none = "no override is in force" if clear else "it stands so already"
        say(f"{safe(of.name)}: {none}; nothing changed")
    elif now is None:
        say(f"{safe(of.name)}: the override has ended{env.dry}")
    else:
        tail = f"until {now.until_on}, {safe(now.reason)}{env.dry}"
        say(f"{safe(of.name)}: health {now.score:g} {tail}")


def _complete(
    score: str | None, reason: str | None, until: str | None, note: str | None, clear: bool
) -> None:
    """UsageError unless it is `--clear` alone or all that an override needs."""
    given = {"--score": score, "--reason": reason, "--until": until}
    if clear:
        also = [name for name, value in {**given, "--note": note}.items() if value is not None]
        if also:
            raise UsageError(
                "clear-alone", f"--clear ends an override; {', '.join(also)} set one", "one of both"
            )
        return
    lacking = [name for name, value in given.items() if value is None]
    if lacking:
        raise UsageError(
            "override-incomplete",
            f"an override needs a score, a reason and an end; there is no {', '.join(lacking)}",
            "renewctl health override ACCOUNT --score N --reason CODE --until DATE, or --clear",
        )


@command()
def show(env: Env, account: AccountArg, as_known_on: AsKnownOn = None) -> None:
    """Show an account's health: each input, the trend, the flag, why it changed."""
    from renewctl.views import health as view

    told = _told(env, account, as_known_on)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told))
    else:
        view.show(told)


@command()
def history(env: Env, account: AccountArg, as_known_on: AsKnownOn = None) -> None:
    """Show the score of every day on which something was read, and what moved it."""
    from renewctl.views import health as view

    told = _told(env, account, as_known_on)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.history_document(told))
    else:
        view.history(told)


def _told(env: Env, account: str, as_known_on: str | None) -> "Told":
    from renewctl.core.classify import profile
    from renewctl.core.health_reasons import health
    from renewctl.core.health_story import story
    from renewctl.store.health import replay
    from renewctl.store.look import facts
    from renewctl.store.lookup import find_account
    from renewctl.views.health import Told

    policy = env.policy
    with env.open_as_known(as_known_on) as portfolio:
        portfolio.execute("BEGIN")
        found = facts(portfolio, find_account(portfolio, account), policy)
        past = replay(portfolio, found, policy, env.as_of)
    of = found.account
    whom = profile(of, found.contracts, policy)
    detail = health(of, found.readings, policy, env.as_of, found.override, whom)
    return Told(env.as_of, of, detail, story(past, found.contracts), policy.health_work)


@command()
def check(
    env: Env,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Only outcomes closed on this day or after.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Only outcomes closed on this day or before.")
    ] = None,
) -> None:
    """Check on your own outcomes whether the scores told who would leave."""
    from renewctl.core.health_check import report
    from renewctl.store.health import judged
    from renewctl.store.look import entries
    from renewctl.views import health as view

    first = None if from_ is None else day(from_, "--from")
    last = None if to is None else day(to, "--to")
    if first is not None and last is not None and last < first:
        raise UsageError("bad-span", f"--to {last} is before --from {first}", "the earlier day first")
    policy = env.policy
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        found = judged(portfolio, policy, env.as_of, first, last)
        bands = [each.row.band for each in entries(portfolio, policy, env.as_of) if each.in_force]
    told = report(found, bands, policy, first, last)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.check_document(told, env.as_of, policy.health_work))
    else:
        view.check(told, policy.health_work)
