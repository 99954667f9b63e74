"""`save level`: what was promised of our service in writing, and how it was held."""

from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk, instant, now, on_case
from renewctl.cli.contract import allowed
from renewctl.cli.options import Env, command, day
from renewctl.cli.save import SaveArg
from renewctl.cli.save_promise import number_of, save_of
from renewctl.core import cases as cases_
from renewctl.core import levels, moments
from renewctl.core.model import NOT_KEPT, Change, ServiceLevel, ServiceResponse
from renewctl.core.text import clean
from renewctl.errors import NotFound, UsageError
from renewctl.store.saves import cases, find_case, load_files
from renewctl.views import save_promise as view


@command(writes=True)
def add(
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
def log(
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
    number = number_of(level, "l")
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

    on_case(env, save_of(env, "service_level", number, "l"), "level log", work, running=False)


def answered_now(env: Env, save: str, number: int, at: str | None, note: str | None) -> None:
    """Record the answer to what a service level of a save was called upon for."""

    def work(desk: CaseDesk) -> str:
        found = next((each for each in desk.file.ledger.responses if each.no == number), None)
        if found is None:
            raise NotFound(
                "no-such-item",
                f"nothing was asked of {save} under answer{number}",
                f"renewctl save level list {save}",
            )
        if found.answered_at is not None:
            return ""
        when = at or desk.begins_at
        if when < found.asked_at:
            raise UsageError("answered-first", f"it was asked at {found.asked_at}", "give the moment: --at")
        changed = {"answered_at": when, "note": clean(note or "") or found.note}
        was = {key: getattr(found, key) for key in changed}
        desk.apply([Change("service_response", (number,), found.account_no, was, changed)])
        return f"answered at {moments.local_text(when, desk.zone)}"

    on_case(env, save, "answer", work, running=False)


@command()
def list_(
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
