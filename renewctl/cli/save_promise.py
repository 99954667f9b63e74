"""`save promise` and `save level`: what a customer was promised, and whether it was kept."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk, instant, now, on_case
from renewctl.cli.contract import allowed
from renewctl.cli.options import Env, command, day
from renewctl.cli.save import SaveArg
from renewctl.core import cases as cases_
from renewctl.core import levels, moments, plays, promises
from renewctl.core.model import NOT_KEPT, Change, Promise, ServiceLevel, ServiceResponse
from renewctl.core.text import clean
from renewctl.errors import NotFound, UsageError
from renewctl.store.portfolio import Portfolio
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
    settle(env, promise, "kept", evidence)


@command(writes=True)
def broken(env: Env, promise: PromiseArg, evidence: EvidenceOption) -> None:
    """Mark a promise as broken, with the reason; make it good with another."""
    settle(env, promise, "broken", evidence)


@command(writes=True)
def withdraw(env: Env, promise: PromiseArg, evidence: EvidenceOption) -> None:
    """Withdraw a promise the customer let us off, with what they said."""
    settle(env, promise, "withdrawn", evidence)


def settle(env: Env, promise: str, state: str, evidence: str) -> None:
    """Record how a promise ended."""
    number = _number(promise, "p")

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

    on_case(env, _save_of(env, "promise", number, "p"), "promise", work, running=False)


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
        if every or each.state in ("open", "soon", "missed", "broken")
    ]
    rows.sort(
        key=lambda row: (row[1].state not in ("missed", "broken"), row[1].promise.due_on, row[1].promise.no)
    )
    if env.json:
        from renewctl.views.machine import emit

        emit(view.promises_document(rows, env.as_of))
    else:
        view.show_promises(rows, env.as_of)


# --- service levels --------------------------------------------------------------------------------


@command(writes=True)
def level_add(
    env: Env,
    save: SaveArg,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as support.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="As it is written to the customer.")],
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="Answered within so many hours.")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option("--every", metavar="DAYS", help="Happens every so many days.", min=1, max=730),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last day it holds (default: no end).")
    ] = None,
) -> None:
    """Give a service level in writing: a time to answer in, or a rhythm."""
    from renewctl.cli.options import minutes

    spent = minutes(hours)
    until_on = day(until, "--until") if until else None
    if (spent is None) == (every is None):
        raise UsageError("level-measure", "a service level is either --hours or --every", "give one of them")
    if not spent and every is None:
        raise UsageError("bad-hours", f"--hours {hours}: no time to answer in", "write hours such as 4")
    if not clean(name) or not clean(text):
        raise UsageError("level-blank", "a service level has a name and a text", "write both")
    if until_on is not None and until_on < env.as_of:
        raise UsageError("level-ended", f"--until {until}: before it begins", "give a later day")

    def work(desk: CaseDesk) -> str:
        if desk.file.case.state in NOT_KEPT:
            allowed(cases_.closed_refusal(desk.file.case))
        no = desk.portfolio.next_no("service_level")
        case = desk.file.case
        made = ServiceLevel(
            no,
            case.account_no,
            case.no,
            clean(name),
            clean(text),
            spent,
            every,
            env.as_of,
            until_on,
            env.actor,
        )
        desk.apply([Change("service_level", (no,), case.account_no, None, made._asdict())])
        return f"service level l{no}, {made.name}: {made.text}"

    on_case(env, save, "level add", work, running=False)


@command(writes=True)
def level_log(
    env: Env,
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="Such as l1.")],
    asked: Annotated[
        str | None, typer.Option("--asked", metavar="MOMENT", help="When the customer asked (default: now).")
    ] = None,
    answered: Annotated[
        str | None, typer.Option("--answered", metavar="MOMENT", help="When they were answered.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What it was about.")] = None,
) -> None:
    """Log that a service level was called upon, and when it was answered."""
    number = _number(level, "l")
    asked_at = instant(env, asked, "--asked") or now(env)
    answered_at = instant(env, answered, "--answered")
    if answered_at is not None and answered_at < asked_at:
        raise UsageError(
            "answered-first", f"--answered {answered} is before {asked_at}", "check both moments"
        )

    def work(desk: CaseDesk) -> str:
        found = next(each for each in desk.file.ledger.levels if each.no == number)
        if found.respond_minutes is None:
            raise UsageError(
                "level-is-rhythm",
                f"l{number} is something that happens every {found.every_days} days",
                f"mark each time: renewctl save done s{desk.file.case.no}-level{number}-1",
            )
        no = desk.portfolio.next_no("service_response")
        made = ServiceResponse(
            no, found.account_no, number, asked_at, answered_at, clean(note or "") or None, env.actor
        )
        desk.apply([Change("service_response", (no,), found.account_no, None, made._asdict())])
        by = moments.stored(levels.answer_by(found, made))
        how = "still to be answered" if answered_at is None else "in time" if answered_at <= by else "late"
        return f"l{number} called upon, {how} (by {moments.local_text(by, desk.zone)})"

    on_case(env, _save_of(env, "service_level", number, "l"), "level log", work, running=False)


def answered_now(env: Env, number: int, at: str | None, note: str | None) -> None:
    """Record the answer to what a service level was called upon for."""

    def work(desk: CaseDesk) -> str:
        found = next(each for each in desk.file.ledger.responses if each.no == number)
        if found.answered_at is not None:
            return ""
        when = at or desk.begins_at
        if when < found.asked_at:
            raise UsageError("answered-first", f"it was asked at {found.asked_at}", "give the moment: --at")
        changed = {"answered_at": when, "note": clean(note or "") or found.note}
        was = {key: getattr(found, key) for key in changed}
        desk.apply([Change("service_response", (number,), found.account_no, was, changed)])
        return f"answered at {moments.local_text(when, desk.zone)}"

    with env.open() as portfolio:
        level_no = portfolio.value("SELECT level_no FROM service_response WHERE no = ?", (number,))
    if level_no is None:
        raise NotFound("no-such-item", f"nothing was asked under answer{number}", "renewctl save level list")
    on_case(env, _save_of(env, "service_level", level_no, "l"), "answer", work, running=False)


@command()
def level_list(
    env: Env,
    save: Annotated[str | None, typer.Argument(metavar="SAVE", help="Only of this save or account.")] = None,
) -> None:
    """List service levels and how they were held, from what was logged."""
    with env.open() as portfolio:
        meant = [find_case(portfolio, save)] if save else cases(portfolio)
        files = load_files(portfolio, env.policy, env.as_of, meant)
    at = moments.instant(now(env))
    rows = [
        (file, levels.compliance(each, file.ledger.responses, file.states, env.as_of, at))
        for file in files
        for each in file.ledger.levels
    ]
    if env.json:
        from renewctl.views.machine import emit

        emit(view.levels_document(rows, env.as_of))
    else:
        view.show_levels(rows)


# --- which one is meant ----------------------------------------------------------------------------


def _number(text: str, letter: str) -> int:
    folded = text.strip().lower().removeprefix(letter)
    if not folded.isascii() or not folded.isdecimal() or len(folded) > 18:
        what = "level" if letter == "l" else "promise"
        raise NotFound(
            f"no-such-{what}", f"no {what} is called {text!r}", f"write {letter}3, as the lists do"
        )
    return int(folded)


def _of_case(desk: CaseDesk, text: str) -> Promise:
    number = _number(text, "p")
    found = [each for each in desk.file.ledger.promises if each.no == number]
    if not found:
        raise NotFound(
            "no-such-promise", f"save s{desk.file.case.no} has no promise p{number}",
            f"see them: renewctl save promise list s{desk.file.case.no}",
        )  # fmt: skip
    return found[0]


def _save_of(env: Env, table: str, number: int, letter: str) -> str:
    """The save that a promise or a level is of."""
    with env.open() as portfolio:
        found = _save_no(portfolio, table, number)
    if found is None:
        what = "level" if letter == "l" else "promise"
        raise NotFound(
            f"no-such-{what}", f"there is no {letter}{number}", f"see them: renewctl save {what} list"
        )
    return f"s{found}"


def _save_no(portfolio: Portfolio, table: str, number: int) -> int | None:
    found: int | None = portfolio.value(f"SELECT save_no FROM {table} WHERE no = ?", (number,))  # noqa: S608
    return found
