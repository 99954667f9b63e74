"""`timeline`: the way to a renewal as a customer may see it."""

from typing import Annotated

import typer

from renewctl.cli.options import AccountArg, Env, command
from renewctl.cli.papers import (
    FormatOption,
    OutputOption,
    TemplatesOption,
    _order,
    _renewal,
    _status_warnings,
    _stem,
    _supplier_warnings,
    _tell,
    _write,
)
from renewctl.errors import RenderError
from renewctl.views import documents


@command(writes=True)
def timeline(
    env: Env,
    account: AccountArg,
    form: FormatOption = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="en|pt-BR", help="Language (default: that of the account's country)."),
    ] = None,
    output: OutputOption = None,
    templates: TemplatesOption = None,
    contract: Annotated[
        str | None,
        typer.Option("--contract", metavar="ID", help="One renewal of several (default: the next one due)."),
    ] = None,
) -> None:
    """Write the way to a renewal for the customer: review, proposal, agreement, signature."""
    from renewctl.core.mail import language
    from renewctl.core.milestones import milestones
    from renewctl.views import timeline as view

    order = _order(env, form, lang or "en", output, templates)
    with env.open() as portfolio:
        facts = _renewal(portfolio, env, account, contract)
    of = facts.account
    order = order._replace(lang=documents.language(language(lang, of.country, env.policy), order.templates))
    found = milestones(facts.contract, env.policy, env.as_of)
    if not found:
        raise RenderError(
            "renewal-date-unknown",
            f"{of.name}: the renewal date is unknown, so no day of a timeline is",
            f"renewctl set {of.id} renewal_date=DATE --reason …   (or import it)",
        )
    page = view.timeline_page(found, of, facts.contract, env.policy, order.lang, env.as_of)
    stem = _stem("timeline", env, of, order.lang, facts.contract.id if facts.several else None)
    files = _write(
        env, order, stem, lambda how: documents.render("timeline", how, order.lang, page, order.templates)
    )
    _tell(
        env,
        order,
        [*_status_warnings(of), *_supplier_warnings(env)],
        files,
        lambda: view.document(found, of, facts.contract, order.lang, files),
        lambda: view.lines(found, of),
    )
