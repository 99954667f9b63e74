"""`save paper`: the papers of a save, as pages or as mail drafts, from what is on record."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, say
from renewctl.cli.papers import (
    Order,
    OutputOption,
    TemplatesOption,
    _keep,
    _order,
    _stem,
    _supplier_warnings,
    _tell,
    _write,
)
from renewctl.cli.save import SaveArg
from renewctl.core.policy import SAVE_PAPERS
from renewctl.errors import UsageError

if TYPE_CHECKING:
    from renewctl.core.case_file import CaseFile
    from renewctl.core.save_papers import Beside
    from renewctl.store.portfolio import Operation, Portfolio
    from renewctl.views.save_rows import Source


@command(writes=True)
def paper(
    env: Env,
    save: SaveArg,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="One of: " + ", ".join(SAVE_PAPERS))],
    form: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="html|md|eml", help="Pages: html, md (default: both); mails: eml."),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="en|pt-BR",
            help="Language (default: for the customer its country's, for us the policy's).",
        ),
    ] = None,
    output: OutputOption = None,
    templates: TemplatesOption = None,
    contract: Annotated[
        str | None,
        typer.Option("--contract", metavar="ID", help="options-sheet: of which (default: the last offer's)."),
    ] = None,
) -> None:
    """Write a paper of a save: plan, letter, update, ROI sheet, briefing, card."""
    from renewctl.core.mail import language, mail_rules
    from renewctl.core.save_papers import KINDS, cause_known, lacking, rules
    from renewctl.store.save_papers import beside
    from renewctl.store.saves import find_case, load_files
    from renewctl.views import documents
    from renewctl.views import save_papers as view
    from renewctl.views.save_options import ready

    name = _kind(kind)
    of = KINDS[name]
    if contract is not None and name != "options-sheet":
        raise UsageError(
            "contract-unasked", f"--contract goes with options-sheet, not {name}", "leave it out"
        )
    ours = lang or mail_rules(env.policy).default_language
    order = _order(env, form, ours, output, templates, ("eml",) if of.mail else documents.FORMATS)
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
        if of.customer:
            tag = language(lang, file.account.country, env.policy)
            order = order._replace(lang=documents.language(tag, order.templates))
        known = beside(portfolio, file, rules(env.policy).to.get(name, ()))
        source = _source(env, file, known, order.lang)
        if name == "options-sheet":
            source = _with_options(env, portfolio, source, contract)
        render = _renderer(env, portfolio, name, order, source)
    absent = lacking(name, source.report, source.roi, len(ready(source.options)))
    warnings = [
        *view.warnings(name, source, absent),
        *(_supplier_warnings(env) if of.customer and not of.mail else []),
    ]
    mark = f"s{file.case.no}" + (f"-{contract}" if contract else "")
    files = _write(env, order, _stem(name, env, file.account, order.lang, mark), render)
    _tell(
        env,
        order,
        warnings,
        files,
        lambda: view.document(name, source, files, warnings, absent),
        lambda: view.lines(name, source),
    )
    if absent:
        raise typer.Exit(1)
    if name != "save-plan" or cause_known(source.report):  # SAV-2: no plan before its cause
        _record(env, order, name, file)


def _kind(given: str) -> str:
    """The kind of paper meant, or exit 2 naming all."""
    folded = given.strip().lower().replace("_", "-").replace(" ", "-")
    if folded in SAVE_PAPERS:
        return folded
    near = [name for name in SAVE_PAPERS if folded and (name.startswith(folded) or folded in name)]
    if len(near) != 1:
        from difflib import get_close_matches

        near = get_close_matches(folded, SAVE_PAPERS, 1, 0.5)
    hint = f"did you mean: {near[0]}" if near else "renewctl save paper --help"
    raise UsageError("unknown-paper", f"{given}: not one of {', '.join(SAVE_PAPERS)}", hint)


def _source(env: Env, file: "CaseFile", known: "Beside", lang: str) -> "Source":
    """Everything the paper is made from."""
    from renewctl.core.case_file import latest
    from renewctl.core.case_report import Report
    from renewctl.core.roi import CHEAPEST, roi
    from renewctl.store.saves import zone_of
    from renewctl.store.titles import titles
    from renewctl.views.save_rows import Source
    from renewctl.views.titles import Titles

    found = latest(file.ledger, "finding", CHEAPEST)
    words = titles(lang)
    said = Titles(words, env.policy.timelines, lang).said if words else str
    return Source(
        Report(file, env.policy, zone_of(env.policy), env.as_of),
        known,
        roi(
            file.account,
            known.contract,
            known.metrics,
            env.as_of,
            (found.text or "", found.happened_on) if found else None,
            known.others,
            known.price_since,
        ),
        env.policy,
        lang,
        said,
    )


def _with_options(env: Env, portfolio: "Portfolio", source: "Source", wanted: str | None) -> "Source":
    """What the customer may choose from on one contract; nothing where what is in force is not on record."""
    from renewctl.cli.contract import contracts_of, pick_contract
    from renewctl.cli.offer import deal_of, offers_on, situation
    from renewctl.core.offer_sheet import contract_meant, of_round, options_sheet

    file, of = source.report.file, source.report.file.account
    contracts, mine = contracts_of(portfolio, of), of_round(file.case, file.ledger.offers)
    which = contract_meant(contracts, mine) or source.beside.contract
    if wanted is not None:
        which = pick_contract(of, contracts, wanted)
    source = source._replace(beside=source.beside._replace(contract=which))
    if which is None or which.arr_minor is None or not (which.currency or of.currency):
        return source
    answers = situation(env.policy, portfolio, file.case, None, None, 0, None, None)
    deal, others = deal_of(env, of, which, env.as_of, None), offers_on(portfolio, of)
    return source._replace(options=options_sheet(deal, which.no, mine, answers, env.policy, others))


def _renderer(
    env: Env, portfolio: "Portfolio", kind: str, order: Order, source: "Source"
) -> Callable[[str], str]:
    """Format -> the text of the paper in it."""
    from renewctl.core.mail import mail_rules
    from renewctl.core.save_papers import KINDS
    from renewctl.store.identity import portfolio_id
    from renewctl.views import documents, mail
    from renewctl.views import save_papers as view

    page = view.page(kind, source)
    if not KINDS[kind].mail:
        return lambda how: documents.render(view.template(kind), how, order.lang, page, order.templates)
    case = source.report.file.case
    at = datetime.combine(env.as_of, mail_rules(env.policy).hour, source.report.zone)
    envelope = mail.Envelope(f"s{case.no}-{kind}", case.owner, source.beside.addressed.to)
    document, number = view.template(kind), portfolio_id(portfolio)

    def eml(_: str) -> str:
        return mail.post(
            document, page, envelope, env.policy, order.lang, at, number, order.templates
        ).data.decode("ascii")

    return eml


def _record(env: Env, order: Order, kind: str, file: "CaseFile") -> None:
    """Keep on the case that the paper was written: a fact that closes the steps it belongs to."""
    from renewctl.cli.case import CaseDesk
    from renewctl.core.case_file import latest, round_of
    from renewctl.store.saves import find_case, load_files

    case, lang = file.case, order.lang
    seen = (
        "SELECT 1 FROM save_event WHERE save_no = ? AND round = ? AND kind = 'paper' AND name = ? "
        "AND text = ? AND happened_on = ? AND no > ?"
    )
    switch = latest(file.ledger, "scenario")  # what was written before it told of another playbook
    since = switch.no if switch is not None else 0
    key = (case.no, round_of(file.ledger), kind, lang, env.as_of.isoformat(), since)
    passed: tuple[str, ...] = ()

    def keep(portfolio: "Portfolio", operation: "Operation") -> None:
        nonlocal passed
        [now] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, f"s{case.no}")])
        desk = CaseDesk(env, portfolio, operation, now)
        desk.note("paper", kind, lang)
        passed = desk.forward()

    _keep(env, order, f"save paper {kind}", file.account, (seen, key), keep, lang)
    if passed:
        say(f"the save is {passed[-1]} now")
