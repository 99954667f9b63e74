"""`save standup`: every running save on one screen."""

from typing import Annotated

import typer

from renewctl.cli.options import Env, command, owned_by, say
from renewctl.core import case_report
from renewctl.core.standup import Standup
from renewctl.core.standup import standup as standing_up
from renewctl.errors import UsageError
from renewctl.store.saves import cases, load_files, zone_of
from renewctl.views import save_standup as view


@command(writes=True)
def standup(
    env: Env,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Only saves of this person; `me` is you.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="table|html", help="On the terminal, or as a page.")
    ] = "table",
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="PATH", help="Where the page goes, - for stdout.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|pt-BR", help="Language of the page.")] = "en",
) -> None:
    """Show every running save: clock, next step, next promise, blocker, ARR, decision."""
    zone = zone_of(env.policy)
    with env.open() as portfolio:
        wanted = owned_by(env, portfolio, owner)
        found = cases(portfolio, closed=False)
        files = load_files(portfolio, env.policy, env.as_of, found) if found else []
    reports = [
        case_report.Report(each, env.policy, zone, env.as_of, env.now)
        for each in files
        if wanted is None or each.case.owner in wanted
    ]
    day = standing_up(reports, env.as_of, env.policy.saves.promise_soon_days)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(day, env.policy.base_currency))
    elif form.strip().lower() == "html" or output is not None:
        _write_page(env, day, output, lang)
    elif form.strip().lower() == "table":
        view.show(day, env.policy.base_currency)
    else:
        raise UsageError("unknown-format", f"--format {form}: not table or html", "give one of them")


def _write_page(env: Env, day: Standup, output: str | None, lang: str) -> None:
    from renewctl.cli.papers import _order, _write
    from renewctl.store.titles import titles
    from renewctl.views import documents
    from renewctl.views.standup_page import page
    from renewctl.views.titles import Titles

    order = _order(env, ["html"], lang, output, None)
    words = titles(order.lang)
    said = str if words is None else Titles(words, env.policy.timelines, order.lang).said
    made = page(day, env.policy, order.lang, said)
    stem = f"standup-{env.as_of}-{order.lang}"
    files = _write(env, order, stem, lambda how: documents.render("standup", how, order.lang, made, None))
    for file in files:
        say(f"written: {file}" + env.dry)
