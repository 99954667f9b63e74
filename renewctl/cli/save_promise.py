"""`save promise`: what a customer was promised, and whether it was kept."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk, on_case
from renewctl.cli.contract import allowed
from renewctl.cli.options import Env, command, day
from renewctl.cli.save import SaveArg
from renewctl.core import plays, promises
from renewctl.core.model import NOT_KEPT, Promise
from renewctl.core.text import clean
from renewctl.errors import NotFound, UsageError
from renewctl.store.saves import cases, find_case, load_files
from renewctl.views import save_promise as view

PromiseArg = Annotated[str, typer.Argument(metavar="PROMISE", help="Such as p3.")]
EvidenceOption = Annotated[str, typer.Option("--evidence", metavar="TEXT", help="What shows it, or why.")]


@command(writes=True)
def add(
    env: Env,
    save: SaveArg,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was promised.")],
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="The day it is to be kept.")],
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Who keeps it (default: the save's owner).")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="Whom it was promised to.")] = None,
    chain: Annotated[
        str | None, typer.Option("--chain", metavar="NAME", help="The fix it is a step of.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="PROMISE", help="The promise it follows.")
    ] = None,
    replaces: Annotated[
        str | None, typer.Option("--replaces", metavar="PROMISE", help="The broken one it makes good.")
    ] = None,
) -> None:
    """Write a promise into the ledger, with its day and its one owner."""
    due_on = day(due, "--due")

    def work(desk: CaseDesk) -> str:
        person = env.owner(owner) or desk.file.case.owner or env.actor
        before = _of_case(desk, after) if after else None
        name = clean(chain or "") or (before.chain if before else None) or promises.UNNAMED
        no = desk.portfolio.next_no("promise")
        made, change = allowed(
            promises.promise(
                no, desk.file.case, (clean(text), clean(to or "") or None, clean(person)), due_on, env.as_of,
                env.actor, (name, before) if chain or before else None,
                _of_case(desk, replaces) if replaces else None,
            )
        )  # fmt: skip
        desk.apply([change])
        return f"promise p{no} for {made.due_on}, {made.owner}: {made.text}"

    on_case(env, save, "promise add", work, running=False)


@command(writes=True)
def chain(
    env: Env,
    save: SaveArg,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is fixed, such as: the CSV export.")],
    release: Annotated[str, typer.Option("--release", metavar="DATE", help="The day it is released.")],
    on: Annotated[
        list[str] | None,
        typer.Option("--on", metavar="STEP=DATE", help="Another day for a step, such as beta=2026-05-04."),
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="Whom it was promised to.")] = None,
) -> None:
    """Promise a fix as a chain of dated steps: build, QA, beta, release."""
    release_on = day(release, "--release")
    rules = env.policy.saves
    days = dict(promises.chain_days(release_on, rules.chain))
    for each in on or ():
        step, _, when = each.partition("=")
        step = step.strip().lower()
        if step not in days:
            raise UsageError("unknown-step", f"--on {each}: no step of a fix", f"steps: {', '.join(days)}")
        days[step] = day(when.strip(), f"--on {step}=")

    for (step, due_on), (following, later_on) in pairwise(days.items()):
        if later_on < due_on:
            raise UsageError(
                "chain-order",
                f"{following} on {later_on} is before {step} on {due_on}",
                f"give {following} a later day: --on {following}=DATE",
            )
    step, due_on = min(days.items(), key=lambda each: each[1])
    if due_on < env.as_of:
        lead = (release_on - due_on).days
        raise UsageError(
            "release-too-soon",
            f"--release {release}: {step} would have been due on {due_on}",
            f"the first day that leaves time for every step is {env.as_of + timedelta(days=lead)}; "
            f"or give {step} another day: --on {step}=DATE",
        )

    def work(desk: CaseDesk) -> str:
        before: Promise | None = None
        for step, due_on in days.items():
            role = rules.chain_roles[step]
            person, _ = plays.owner_of(desk.file, env.policy, "", role)
            no = desk.portfolio.next_no("promise")
            before, change = allowed(
                promises.promise(
                    no, desk.file.case,
                    (f"{clean(text)}: {step}", clean(to or "") or None, person or env.actor),
                    due_on, env.as_of, env.actor, (promises.FIX, before),
                )
            )  # fmt: skip
            desk.operation.apply([change])
        desk.reload()
        told = ", ".join(f"{step} {due_on}" for step, due_on in days.items())
        return f"promised {clean(text)}: {told}"

    on_case(env, save, "promise chain", work, running=False)


@command(writes=True)
def kept(env: Env, promise: PromiseArg, evidence: EvidenceOption) -> None:
    """Mark a promise as kept, with what shows it."""
    settle(env, _of_promise(env, promise), promise, "kept", evidence)


@command(writes=True)
def broken(env: Env, promise: PromiseArg, evidence: EvidenceOption) -> None:
    """Mark a promise as broken, with the reason; make it good with another."""
    settle(env, _of_promise(env, promise), promise, "broken", evidence)


@command(writes=True)
def withdraw(env: Env, promise: PromiseArg, evidence: EvidenceOption) -> None:
    """Withdraw a promise the customer let us off, with what they said."""
    settle(env, _of_promise(env, promise), promise, "withdrawn", evidence)


def settle(env: Env, save: str, promise: str, state: str, evidence: str) -> None:
    """Record how a promise of a save ended."""

    def work(desk: CaseDesk) -> str:
        found = _of_case(desk, promise)
        changes = allowed(
            promises.settle(found, state, clean(evidence), env.as_of, desk.file.ledger.promises)
        )
        if not changes:
            return ""
        desk.apply(changes)
        late = (env.as_of - found.due_on).days if state == "kept" else 0
        return f"p{found.no} {state}" + (f", {late} day{'s' * (late > 1)} late" if late > 0 else "")

    on_case(env, save, "promise", work, running=False)


@command()
def list_(
    env: Env,
    save: Annotated[str | None, typer.Argument(metavar="SAVE", help="Only of this save or account.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
) -> None:
    """List what was promised, what is missed first."""
    with env.open() as portfolio:
        meant = [find_case(portfolio, save)] if save else cases(portfolio)
        files = load_files(portfolio, env.policy, env.as_of, meant)
    rows = [
        (file, each)
        for file in files
        for each in promises.standing(file.ledger.promises, env.as_of, env.policy.saves.promise_soon_days)
        if every or (each.state in ("open", "soon", "missed", "broken") and file.case.state not in NOT_KEPT)
    ]
    rows.sort(
        key=lambda row: (row[1].state not in ("missed", "broken"), row[1].promise.due_on, row[1].promise.no)
    )
    if env.json:
        from renewctl.views.machine import emit

        emit(view.promises_document(rows, env.as_of))
    else:
        view.show_promises(rows, env.as_of)


# --- which one is meant ----------------------------------------------------------------------------


def number_of(text: str, letter: str) -> int:
    """The number of what is called p3 or l3."""
    folded = text.strip().lower().removeprefix(letter)
    if not folded.isascii() or not folded.isdecimal() or len(folded) > 18:
        what = "level" if letter == "l" else "promise"
        raise NotFound(
            f"no-such-{what}", f"no {what} is called {text!r}", f"write {letter}3, as the lists do"
        )
    return int(folded)


def _of_case(desk: CaseDesk, text: str) -> Promise:
    number = number_of(text, "p")
    found = [each for each in desk.file.ledger.promises if each.no == number]
    if not found:
        raise NotFound(
            "no-such-promise", f"save s{desk.file.case.no} has no promise p{number}",
            f"see them: renewctl save promise list s{desk.file.case.no}",
        )  # fmt: skip
    return found[0]


def _of_promise(env: Env, promise: str) -> str:
    return save_of(env, "promise", number_of(promise, "p"), "p")


def save_of(env: Env, table: str, number: int, letter: str) -> str:
    """The save that a promise or a level is of."""
    with env.open() as portfolio:
        found = portfolio.value(f"SELECT save_no FROM {table} WHERE no = ?", (number,))  # noqa: S608
    if found is None:
        what = "level" if letter == "l" else "promise"
        raise NotFound(
            f"no-such-{what}", f"there is no {letter}{number}", f"see them: renewctl save {what} list"
        )
    return f"s{found}"
