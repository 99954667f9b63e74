"""`reassign`: accounts pass from one person to another, with their open work or without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from renewctl.cli.options import Env, command, say
from renewctl.core.policy import SEGMENTS
from renewctl.core.text import clean, fold
from renewctl.errors import NotFound, PortfolioError, UsageError

if TYPE_CHECKING:
    from renewctl.core.handover import Asked, Held
    from renewctl.core.model import Change
    from renewctl.store.portfolio import Operation, Portfolio
    from renewctl.views.handover import Preview


class _Wanted(NamedTuple):
    """What was typed."""

    giver: str
    taker: str
    accounts: Sequence[str]
    segment: str | None
    mode: str


@command(writes=True)
def reassign(
    env: Env,
    giver: Annotated[str, typer.Option("--from", metavar="NAME", help="Who gives; `me` is you.")],
    taker: Annotated[str, typer.Option("--to", metavar="NAME", help="Who takes; `me` is you.")],
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ACCOUNT", help="Only this one; again for more.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", help="Only enterprise, mid_market or smb.")
    ] = None,
    open_: Annotated[
        str,
        typer.Option(
            "--open",
            metavar="all|plays|none",
            help="Which open work goes along: all of it, only that of saves, or none.",
        ),
    ] = "all",
) -> None:
    """Hand accounts over from one person to another, after showing what moves."""
    from renewctl.core.handover import MODES
    from renewctl.views import handover as view

    for option, value, allowed in (("--open", open_, MODES), ("--segment", segment, (*SEGMENTS, None))):
        if value not in allowed:
            names = ", ".join(filter(None, allowed))
            raise UsageError(
                "unknown-choice", f"{option} {value}: not one of {names}", "renewctl reassign --help"
            )
    wanted = _Wanted(env.owner(giver) or "", clean(env.owner(taker) or ""), account or (), segment, open_)
    if not wanted.taker or fold(wanted.giver) == fold(wanted.taker):
        raise UsageError("nobody-to-take", "--to has to name somebody else", "renewctl reassign --help")
    with env.open() as portfolio:
        shown, changes = _hand_over(portfolio, env, wanted, dry_run=True)
        if not env.json:
            say("\n".join(view.lines(shown)))
        if changes and not env.dry_run:
            env.confirm(view.question(shown))
            _hand_over(portfolio, env, wanted, dry_run=False, expected=changes)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(shown, bool(changes) and not env.dry_run))
    elif env.dry_run:
        say("dry run: nothing was written")
    elif changes:
        say(view.done(shown))


def _hand_over(
    portfolio: "Portfolio",
    env: Env,
    wanted: _Wanted,
    *,
    dry_run: bool,
    expected: "Sequence[Change] | None" = None,
) -> "tuple[Preview, list[Change]]":
    """Work it out inside a write, and make it last unless `dry_run`.

    Where it is no longer what was shown (`expected`), nothing is written.
    """
    from renewctl.store.agenda import refresh

    with portfolio.write("reassign", env.actor, env.as_of, dry_run=dry_run) as operation:
        asked, new = _asked(portfolio, env, wanted)
        numbers = _chosen(portfolio, env, wanted, asked)
        shown, changes = _changed(portfolio, env, asked, numbers, operation)
        shown = shown._replace(new=new)
        if expected is not None and changes != list(expected):
            raise PortfolioError(
                "change-missed", "somebody changed these accounts meanwhile", "run the command again"
            )
        if changes:
            what = f"{len(shown.accounts)} accounts, {len(shown.passing.moved)} items"
            operation.summary = f"{shown.giver} → {asked.to}: {what}"
            refresh(portfolio, env.policy, env.as_of, numbers)
    return shown, changes


def _asked(portfolio: "Portfolio", env: Env, wanted: _Wanted) -> "tuple[Asked, bool]":
    """Both people as they are spelt on record, and whether the one who takes is new.

    NotFound (exit 13) where no fact names the one who gives.
    """
    from renewctl.core.handover import Asked, in_policy
    from renewctl.store.handover import names_of
    from renewctl.store.lookup import near_people, people

    known = names_of(portfolio)
    everybody = [*known, *people(portfolio, env.policy)]
    names = frozenset(name for name in known if fold(name) == fold(wanted.giver))
    if not names:
        if keys := in_policy(wanted.giver, env.policy):
            told = f"only the policy names {wanted.giver} ({', '.join(keys)}), no account does"
            raise NotFound("only-in-policy", told, "edit the policy")
        hint = near_people(wanted.giver, everybody)
        raise NotFound("no-such-person", f"nobody is called {wanted.giver!r}", hint)
    taker = next((name for name in everybody if fold(name) == fold(wanted.taker)), None)
    return Asked(names, taker or wanted.taker, wanted.mode, env.actor), taker is None


def _chosen(portfolio: "Portfolio", env: Env, wanted: _Wanted, asked: "Asked") -> list[int]:
    """Numbers of the accounts meant: all that name the one who gives, less what the options leave out."""
    from renewctl.store.handover import involved
    from renewctl.store.lookup import find_account

    numbers = involved(portfolio, asked.names)
    if wanted.accounts:
        chosen = [find_account(portfolio, text) for text in wanted.accounts]
        foreign = [each for each in chosen if each.no not in numbers]
        if foreign:
            names = ", ".join(f"{each.name} ({each.id})" for each in foreign)
            raise NotFound(
                "not-theirs",
                f"{wanted.giver} has no part in {names}",
                f"see what there is: renewctl list --owner {wanted.giver}",
            )
        numbers = sorted({each.no for each in chosen})
    if wanted.segment is not None:
        from renewctl.store.team import team_book

        book = team_book(portfolio, env.policy, env.as_of, numbers)
        numbers = sorted({each.account.no for each in book.renewals if each.row.segment == wanted.segment})
    return numbers


def _changed(
    portfolio: "Portfolio",
    env: Env,
    asked: "Asked",
    numbers: list[int],
    operation: "Operation",
) -> "tuple[Preview, list[Change]]":
    """Apply the facts, read the accounts again, leave behind what is to stay, and compare the agendas."""
    from renewctl.core.handover import facts, in_policy, kept, passing
    from renewctl.core.team import Estimates
    from renewctl.store.handover import held, items_of, pins_of
    from renewctl.store.saves import zone_of
    from renewctl.store.team import agenda_of
    from renewctl.views.handover import Handed, Preview

    policy, zone = env.policy, zone_of(env.policy)
    agenda, pinned = agenda_of(portfolio, policy, env.as_of), pins_of(portfolio)

    def read() -> "list[Held]":
        return held(portfolio, policy, env.as_of, numbers)

    before = read()
    told = [facts(each, asked, pinned) for each in before]
    changes = [change for found, _ in told for change in found]
    operation.apply(changes)
    middle = read()
    left = [
        change
        for was, now in zip(before, middle, strict=True)
        for change in kept(was, now, asked, agenda, zone)
    ]
    operation.apply(left)
    after = read()
    accounts = tuple(
        Handed(
            was.account,
            tuple(fields),
            tuple(
                each
                for each, then in zip(was.renewals, now.renewals, strict=True)
                if each.row.owner in asked.names and then.row.owner not in asked.names
            ),
        )
        for was, now, (_, fields) in zip(before, after, told, strict=True)
    )
    compared = passing(items_of(before, agenda, zone), items_of(after, agenda, zone), asked.names)
    work = Estimates(policy).work
    giver = max(asked.names)  # small letters before capitals
    shown = Preview(
        env.as_of,
        giver,
        asked,
        accounts,
        compared,
        sum(work(item).minutes for item in compared.moved),
        sum(work(item).minutes for item in compared.kept),
        in_policy(giver, policy),
        False,
        policy.base_currency,
    )
    return shown, [*changes, *left]
