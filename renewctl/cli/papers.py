"""`proposal` and `value`: papers for a customer, written as files or to stdout."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from renewctl.cli.options import AccountArg, Env, command, say
from renewctl.cli.outputs import holds, make_folder, put_bytes, slug, unique
from renewctl.core.text import fold
from renewctl.errors import NotFound, PortfolioError, RenderError, UsageError
from renewctl.views import documents
from renewctl.views.account import word
from renewctl.views.terminal import put, put_lines, safe

if TYPE_CHECKING:
    from renewctl.core.classify import Classified
    from renewctl.core.model import Account, Contract, ValueMetric
    from renewctl.store.portfolio import Operation, Portfolio

FormatOption = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="html|md", help="Repeat it or separate by commas (default: both)."),
]
LangOption = Annotated[str, typer.Option("--lang", metavar="en|pt-BR", help="Language of the page.")]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="DIR", help="Folder to write to, or - for stdout (default: here)."
    ),
]
TemplatesOption = Annotated[
    str | None,
    typer.Option(
        "--templates",
        metavar="DIR",
        envvar="RENEWCTL_TEMPLATES",
        help="Your own templates, looked in before the shipped ones (RENEWCTL_TEMPLATES).",
    ),
]


class Facts(NamedTuple):
    """What the proposal for one renewal is made from."""

    account: "Account"
    contract: "Contract"
    row: "Classified"
    metrics: "list[ValueMetric]"
    several: bool  # the account has further open contracts


class Order(NamedTuple):
    """How the papers are wanted."""

    formats: tuple[str, ...]
    lang: str
    templates: Path | None
    target: Path | None  # None: stdout
    is_file: bool  # the target names the one file itself


@command(writes=True)
def proposal(
    env: Env,
    account: AccountArg,
    tiers: Annotated[
        str | None,
        typer.Option(
            "--tiers", metavar="good,better,best", help="Which packages (default: what the rules say)."
        ),
    ] = None,
    form: FormatOption = None,
    lang: LangOption = "en",
    output: OutputOption = None,
    templates: TemplatesOption = None,
    contract: Annotated[
        str | None,
        typer.Option("--contract", metavar="ID", help="One renewal of several (default: the next one due)."),
    ] = None,
) -> None:
    """Write a renewal proposal for a customer."""
    from renewctl.core.proposal import proposal as offered
    from renewctl.views import offer as view
    from renewctl.views import papers

    wanted = _tiers(tiers)
    order = _order(env, form, lang, output, templates)
    with env.open() as portfolio:
        facts = _renewal(portfolio, env, account, contract)
    offer = offered(
        facts.account,
        facts.contract,
        opportunity=facts.row.opportunity,
        band=facts.row.band,
        metrics=facts.metrics,
        tiers=wanted,
        policy=env.policy,
        as_of=env.as_of,
    )
    if offer.refused:
        raise RenderError(*offer.refused, _mend(offer.refused[0], facts.account.id))
    warnings = [*_status_warnings(facts.account), *offer.warnings, *_supplier_warnings(env)]
    if facts.several and any(tier.expansion_minor for tier in offer.tiers):
        warnings.append(
            f"{facts.account.name} has several open contracts: the whole expansion potential is in this offer"
        )
    if not offer.tiers:
        for warning in warnings:
            say(f"warning: {safe(warning)}")
        raise RenderError(
            "nothing-to-offer",
            f"{facts.account.name}: none of the tiers asked for can be priced",
            _mend("expansion-unknown", facts.account.id),
        )
    page = papers.proposal_page(offer, facts.account, facts.contract, env.policy, order.lang, env.as_of)
    stem = _stem("proposal", env, facts.account, order.lang, facts.contract.id if facts.several else None)
    files = _write(
        env, order, stem, lambda how: documents.render("proposal", how, order.lang, page, order.templates)
    )
    _tell(
        env,
        order,
        warnings,
        files,
        lambda: view.proposal_document(offer, facts.account, facts.contract, order.lang, files, warnings),
        lambda: view.proposal_lines(offer, facts.account, facts.contract),
    )
    tiers_made = ",".join(tier.tier for tier in offer.tiers)
    _note(env, order, "proposal", facts.account, facts.contract.no, f"{tiers_made}, {order.lang}")
    if offer.left_out:
        if facts.account.expansion_minor is None:
            say(f"hint: {_mend('expansion-unknown', facts.account.id)}")
        raise typer.Exit(1)


@command(writes=True)
def value(
    env: Env,
    account: AccountArg,
    form: FormatOption = None,
    lang: LangOption = "en",
    output: OutputOption = None,
    templates: TemplatesOption = None,
) -> None:
    """Write what an account has got out of it, from measured figures."""
    from renewctl.core.value import value_summary
    from renewctl.store.lookup import find_account
    from renewctl.views import offer as view
    from renewctl.views import papers

    order = _order(env, form, lang, output, templates)
    with env.open() as portfolio:
        found = find_account(portfolio, account)
        metrics = _metrics(portfolio, found)
    summary = value_summary(found, metrics, env.as_of)
    warnings = [*summary.warnings, *_supplier_warnings(env)]
    page = papers.value_page(summary, found, env.policy, order.lang, env.as_of)
    stem = _stem("value", env, found, order.lang)
    files = _write(
        env, order, stem, lambda how: documents.render("value", how, order.lang, page, order.templates)
    )
    _tell(
        env,
        order,
        warnings,
        files,
        lambda: view.value_document(summary, found, order.lang, files, warnings),
        lambda: view.value_lines(summary, found),
    )
    if summary.gains:
        _note(env, order, "value", found, None, order.lang)
    if not summary.gains:
        raise typer.Exit(1)


def _tiers(given: str | None) -> tuple[str, ...] | None:
    from renewctl.core.proposal import TIERS

    if given is None:
        return None
    names = tuple(dict.fromkeys(name.strip().lower() for name in given.split(",") if name.strip()))
    wrong = [name for name in names if name not in TIERS]
    if wrong or not names:
        raise UsageError(
            "unknown-tier",
            f"--tiers {given}: no such tier as {(wrong or [given])[0]!r}",
            f"use {','.join(TIERS)}",
        )
    return names


def _order(
    env: Env,
    form: list[str] | None,
    lang: str,
    output: str | None,
    templates: str | None,
    known: tuple[str, ...] = documents.FORMATS,
) -> Order:
    """What is asked for. A paper is written in `known` formats, all of them unless some are named."""
    formats = tuple(
        dict.fromkeys(each.strip().lower() for text in form or () for each in text.split(",") if each)
    )
    for each in formats:
        if each not in known:
            what, hint = "papers are", "open the html file in a browser to print it or save it as PDF"
            if known == ("eml",):
                what, hint = "this one is a mail, it is", "leave --format out"
            elif each == "eml":
                what, hint = "this one is no mail, it is", "attach it to a mail of yours"
            raise UsageError(
                "unknown-format", f"--format {each}: {what} written as {' or '.join(known)}", hint
            )
    folder = Path(templates) if templates else None
    if folder is not None and not folder.is_dir():
        raise RenderError("templates-missing", f"no such templates folder: {folder}")
    tag = documents.language(lang, folder)
    if output == "-":
        formats = formats or known[-1:]
        if len(formats) > 1 or env.json:
            raise UsageError(
                "one-to-stdout",
                "-o - prints one document and nothing else",
                "name one --format, leave out --json",
            )
        return Order(formats, tag, folder, None, False)
    target = Path(output) if output else Path()
    ending = target.suffix.lower().lstrip(".")
    is_file = ending in known and not target.is_dir()
    if is_file and formats not in ((), (ending,)):
        raise UsageError(
            "one-file", f"-o {output}: names one {ending} file", f"say --format {ending}, or a folder"
        )
    return Order((ending,) if is_file else formats or known, tag, folder, target, is_file)


def _renewal(portfolio: "Portfolio", env: Env, text: str, wanted: str | None) -> Facts:
    """The account, the renewal meant (the next one due, or the one of that id) and its classification."""
    from renewctl.core.classify import main_contract
    from renewctl.store.look import facts
    from renewctl.store.lookup import find_account

    portfolio.execute("BEGIN")
    known = facts(portfolio, find_account(portfolio, text), env.policy)
    opened = [each for each in known.contracts if each.state == "open"]
    chosen = main_contract(opened)
    if wanted is not None:
        chosen = next((each for each in opened if each.id == wanted), None)
    if chosen is None:
        ids = ", ".join(each.id for each in opened)
        asked = f"open contract {wanted!r}" if wanted is not None else "open contract"
        raise NotFound(
            "no-such-contract",
            f"{known.account.name} has no {asked}",
            f"its open contracts: {ids}" if ids else f"see what is there: renewctl show {known.account.id}",
        )
    row = known._replace(contract_no=chosen.no).row(env.policy, env.as_of)
    return Facts(known.account, chosen, row, _metrics(portfolio, known.account), len(opened) > 1)


def _metrics(portfolio: "Portfolio", account: "Account") -> "list[ValueMetric]":
    found: list[ValueMetric] = portfolio.values("value_metric", "account_no = ?", (account.no,), "no")
    return found


def _mend(code: str, account: str) -> str:
    field = {"arr-unknown": "arr", "arr-negative": "arr", "currency-unknown": "currency"}.get(
        code, "expansion_arr"
    )
    value = "CODE" if field == "currency" else "AMOUNT"
    return f"renewctl set {word(account)} {field}={value} --reason …   (or import it)"


def _status_warnings(account: "Account") -> list[str]:
    from renewctl.core.segment import in_force

    return (
        []
        if in_force(account.status)
        else [f"{account.name} is {account.status}: there is no renewal to offer"]
    )


def _supplier_warnings(env: Env) -> list[str]:
    from renewctl.views.papers import supplier

    blank = [name for name, text in supplier(env.policy)._asdict().items() if text is None]
    if not blank:
        return []
    return [f"your own {', '.join(blank)} stay blank on the page: fill [supplier] in the policy"]


def _stem(document: str, env: Env, account: "Account", lang: str, contract: str | None = None) -> str:
    """A file name without its ending: safe on every system, and of this paper alone."""
    parts = [document, slug(fold(account.name), 40), unique(account.id)]
    if contract is not None:
        parts.append(unique(contract))
    parts.append(env.as_of.isoformat())
    if lang != "en":
        parts.append(lang)
    return "-".join(part for part in parts if part)


def _write(env: Env, order: Order, stem: str, render: Callable[[str], str]) -> list[str]:
    """Render every format first, then write; a file that would be replaced by other text needs a yes."""
    texts = {how: render(how) for how in order.formats}
    if order.target is None:
        [(how, text)] = texts.items()
        if how == "eml":
            put_bytes(text.encode())
        else:
            put(text)
        return []
    paths = {how: order.target if order.is_file else order.target / f"{stem}.{how}" for how in texts}
    fresh = {how: path for how, path in paths.items() if not holds(path, texts[how])}
    if not env.dry_run:
        there = [str(path) for path in fresh.values() if path.is_file() and not path.is_symlink()]
        if there:
            env.confirm(f"{' and '.join(there)} would be overwritten; go ahead?")
        from renewctl.store.files import write_atomic

        for how, path in fresh.items():
            make_folder(path.parent)
            write_atomic(path, texts[how], overwrite=bool(there))
    return [str(path) for path in paths.values()]


def _note(env: Env, order: Order, kind: str, account: "Account", contract_no: int | None, what: str) -> None:
    """Keep that a paper was rendered into files: a fact that closes steps of the plan (see `done_by`)."""
    from renewctl.core.model import Activity, Change

    key = (account.no, contract_no, kind, env.as_of.isoformat())
    seen = "SELECT 1 FROM activity WHERE account_no = ? AND contract_no {} AND kind = ? AND happened_on = ?"
    seen = seen.format("IS NULL" if contract_no is None else "= ?")

    def keep(portfolio: "Portfolio", operation: "Operation") -> None:
        no = portfolio.next_no("activity")
        of = Activity(no, account.no, contract_no, env.as_of, kind, what, None, env.actor)
        operation.apply([Change("activity", (no,), account.no, None, of._asdict())])

    _keep(env, order, kind, account, (seen, [each for each in key if each is not None]), keep, what)


def _keep(
    env: Env,
    order: Order,
    kind: str,
    account: "Account",
    seen: tuple[str, Sequence[Any]],
    keep: "Callable[[Portfolio, Operation], object]",
    what: str,
) -> None:
    """Record that a paper was written to files, unless a row that `seen` finds says so already.

    Where the portfolio cannot be written the paper stands all the same, and it is said.
    """
    if order.target is None or env.dry_run:
        return
    from renewctl.store.agenda import refresh

    try:
        with env.open() as portfolio:
            if portfolio.value(*seen) is not None:
                return
            with portfolio.write(kind, env.actor, env.as_of) as operation:
                keep(portfolio, operation)
                operation.summary = f"{account.name}: {kind} rendered ({what})"
                refresh(portfolio, env.policy, env.as_of, [account.no])
    except PortfolioError as error:
        say(f"warning: the {kind} is written, but not noted in the portfolio: {safe(error.message)}")


def _tell(
    env: Env,
    order: Order,
    warnings: Sequence[str],
    files: Sequence[str],
    document: Callable[[], dict[str, Any]],
    lines: Callable[[], list[str]],
) -> None:
    """Say what was made on stdout, unless that is the paper's own (`-o -`), and warnings on stderr."""
    if env.json:
        from renewctl.views.machine import emit

        emit(document())
    elif order.target is not None:
        put_lines(lines())
        sys.stdout.write("".join(f"  {safe(file)}\n" for file in files))
    for warning in warnings:
        say(f"warning: {safe(warning)}")
    if env.dry_run:
        say("dry run: nothing was written")
