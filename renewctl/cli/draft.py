"""`draft`: the mail of a customer-facing step, as a file that a mail program opens as a draft."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from renewctl.cli.options import Env, command, owned_by, say
from renewctl.cli.outputs import holds, make_folder, put_bytes, slug, unique
from renewctl.cli.papers import TemplatesOption
from renewctl.errors import PortfolioError, RefusedByRule, RenderError, UsageError
from renewctl.views.terminal import put_lines, safe

if TYPE_CHECKING:
    from renewctl.core.due import Item
    from renewctl.store.mail import Wanted
    from renewctl.store.portfolio import Portfolio
    from renewctl.views.drafts import Draft, Left


class Way(NamedTuple):
    """How mails are wanted."""

    lang: str | None
    templates: Path | None
    target: Path | None  # None: stdout
    is_file: bool


@command(writes=True)
def draft(
    env: Env,
    item: Annotated[
        str | None, typer.Argument(metavar="ITEM", help="As `due` shows it, such as 12-notice.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="One for every customer-facing item of the window.")
    ] = False,
    days: Annotated[
        int, typer.Option("--days", min=0, max=365, help="With --all: how far ahead to look.")
    ] = 7,
    owner: Annotated[
        str | None, typer.Option("--owner", help="With --all: only items of this person; `me` is you.")
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="en|pt-BR", help="Language (default: that of the account's country)."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="File or folder, or - for stdout (default: here)."
        ),
    ] = None,
    templates: TemplatesOption = None,
) -> None:
    """Write the mail of a step as a draft for your mail program."""
    if bool(item) == every:
        raise UsageError("item-or-all", "name one ITEM, or say --all", "renewctl draft 12-notice")
    way = _way(env, lang, output, templates, every)
    left: list[Left] = []
    drafts: list[Draft] = []
    with env.open() as portfolio:
        wanted = [_one(env, portfolio, item)] if item else _window(env, portfolio, days, owner, left)
        for each in wanted:
            found = _drafted(env, portfolio, each, way, left, every)
            drafts += [found] if found else []
        files = _write(env, drafts, way)
        fresh = [made for made, file in zip(drafts, files, strict=True) if file.fresh]
        if fresh and not env.dry_run:
            try:
                _record(env, portfolio, fresh)
            except PortfolioError as error:
                say(f"warning: written, but not noted in the portfolio: {safe(error.message)}")
    _tell(env, drafts, [file.path for file in files], left, way)


def _way(env: Env, lang: str | None, output: str | None, templates: str | None, every: bool) -> Way:
    from renewctl.views import documents

    folder = Path(templates) if templates else None
    if folder is not None and not folder.is_dir():
        raise RenderError("templates-missing", f"no such templates folder: {folder}")
    tag = documents.language(lang, folder) if lang else None
    if output == "-":
        if every or env.json:
            raise UsageError("one-to-stdout", "-o - prints one mail alone", "leave out --all and --json")
        return Way(tag, folder, None, False)
    target = Path(output) if output else Path()
    is_file = target.suffix.lower() == ".eml" and not target.is_dir()
    if is_file and every:
        raise UsageError("one-file", f"-o {output}: names one file", "with --all name a folder")
    return Way(tag, folder, target, is_file)


def _one(env: Env, portfolio: "Portfolio", text: str) -> "Wanted":
    """The item meant, open or closed, with who it belongs to."""
    from renewctl.cli.item import find
    from renewctl.core.classify import main_contract
    from renewctl.core.ownership import step_person
    from renewctl.store.mail import Wanted, row_of

    found = find(portfolio, env, text)
    if found.subject.startswith("s"):
        raise RefusedByRule(
            "no-mail",
            f"{found.item} is a step of a save: what is said there is the case's own",
            f"see what it asks for: renewctl save show {found.subject}",
        )
    reader, items = _agenda(env, portfolio, found.account_no)
    here = next((each for each in items if each.item == found.item), None)
    if here is not None:
        if covered := _covered(here, env):
            raise RefusedByRule(
                "no-mail",
                f"{here.item} covers several steps and sends no mail of its own",
                f"draft one of these: {covered}",
            )
        return _wanted(here)
    contracts = portfolio.values("contract", "account_no = ?", (found.account_no,), "no")
    main = main_contract(contracts)
    no = int(found.subject) if found.subject.isdecimal() else main.no if main else 0
    contract = reader.one(no)
    if contract is None:
        raise RefusedByRule(
            "no-mail", f"{found.item}: its renewal is closed, there is nothing to write about",
            "see what is open: renewctl due",
        )  # fmt: skip
    if found.closed is not None and found.closed.state != "snoozed":
        say(f"warning: {found.item} was {found.closed.state} on {found.closed.set_on}")
    elif found.shown_by:
        say(f"warning: {found.item} is closed already: {found.shown_by} shows it")
    wanted = Wanted(found.item, found.subject, found.account_no, found.step, contract.segment, contract.owner)
    row = row_of(wanted, env.policy)
    role = row.role if row else "owner"
    return wanted._replace(owner=step_person(role, contract, contract.owner, env.policy)[0])


def _agenda(env: Env, portfolio: "Portfolio", account_no: int) -> "tuple[Any, list[Item]]":
    """A reader, and the open items of one account."""
    from renewctl.cli.due import Reading
    from renewctl.cli.due import Wanted as Asked

    reading = Reading(portfolio, env, Asked(env.as_of, date.max, None, None, None))
    numbers = portfolio.rows("SELECT no FROM contract WHERE account_no = ? AND state = 'open'", (account_no,))
    known = [reading.reader.one(no) for (no,) in numbers]
    return reading.reader, reading.items([each for each in known if each is not None])


def _wanted(item: "Item") -> "Wanted":
    from renewctl.store.mail import Wanted

    renewal = item.renewal
    return Wanted(
        item.item, item.subject, renewal.account_no, item.task.step, renewal.segment or "",
        item.who.person, item.due_on,
    )  # fmt: skip


def _window(
    env: Env, portfolio: "Portfolio", days: int, owner: str | None, left: "list[Left]"
) -> "list[Wanted]":
    """The customer-facing items due within `days`; catch-ups, drafted step by step, go to `left`."""
    from renewctl.cli.due import Reading
    from renewctl.cli.due import Wanted as Asked
    from renewctl.views.drafts import Left

    until = env.as_of + timedelta(days=days)
    asked = Asked(env.as_of, until, owned_by(env, portfolio, owner), None, None)
    wanted = []
    for item in Reading(portfolio, env, asked).agenda(days, 0, True).items:
        if item.item.startswith("s"):
            continue
        if item.task.channel == "customer":
            wanted.append(_wanted(item))
        elif covered := _covered(item, env):
            left.append(Left(item.item, "catch-up", f"covers several mails, draft one by one: {covered}"))
    return wanted


def _covered(item: "Item", env: Env) -> str:
    """The items that a catch-up covers and that send mails, as people type them."""
    from renewctl.core.due import item_id
    from renewctl.core.mail import sends
    from renewctl.store.mail import row_of

    whole = _wanted(item)
    rows = [(step, row_of(whole._replace(step=step), env.policy)) for step in item.task.covers]
    return ", ".join(item_id(whole.subject, item.cycle, step) for step, row in rows if sends(row))


def _drafted(
    env: Env, portfolio: "Portfolio", wanted: "Wanted", way: Way, left: "list[Left]", every: bool
) -> "Draft | None":
    """The mail of one item. RefusedByRule (exit 14) where it sends none, or with --all a line about it."""
    from renewctl.core.mail import language, mail_rules
    from renewctl.store.identity import portfolio_id
    from renewctl.store.mail import letter, row_of
    from renewctl.store.saves import zone_of
    from renewctl.views import documents, mail
    from renewctl.views.drafts import Draft, Left

    found = letter(portfolio, wanted, env.policy, env.as_of)
    row = row_of(wanted, env.policy)
    if found is None:
        code, message, hint = _why_not(wanted, row)
        if not every:
            raise RefusedByRule(code, message, hint)
        left.append(Left(wanted.item, code, message))
        return None
    lang = documents.language(language(way.lang, found.account.country, env.policy), way.templates)
    at = datetime.combine(env.as_of, mail_rules(env.policy).hour, zone_of(env.policy))
    written = mail.write(found, env.policy, lang, at, portfolio_id(portfolio), way.templates)
    return Draft(found, written, lang, wanted.due_on)


_OTHERS = "see what goes to customers: renewctl due --channel customer --days 60"
_PAPERS = {"proposal": "renewctl proposal ACCOUNT", "value": "renewctl value ACCOUNT"}


def _why_not(wanted: "Wanted", row: Any) -> tuple[str, str, str]:
    """Why an item sends no mail: (code, message, hint)."""
    if row is None or row.channel != "customer":
        hint = _PAPERS.get(row.template, _OTHERS) if row else _OTHERS
        return "no-mail", f"{wanted.item} is internal: nothing of it goes to the customer", hint
    return "no-mail", f"{wanted.item} sends no mail: “{row.title}” is done in person", _OTHERS


class File(NamedTuple):
    """Where a mail went; `fresh` False where the very same was there already."""

    path: str | None
    fresh: bool


def _write(env: Env, drafts: "Sequence[Draft]", way: Way) -> list[File]:
    """Write every mail; one that would replace another text needs a yes."""
    from renewctl.store.files import write_atomic

    if way.target is None:
        for each in drafts:
            put_bytes(each.written.data)
        return [File(None, False) for _ in drafts]
    paths = [way.target if way.is_file else way.target / _name(env, each) for each in drafts]
    files = [
        File(str(path), not holds(path, each.written.data.decode()))
        for path, each in zip(paths, drafts, strict=True)
    ]
    there = [
        path for path, file in zip(paths, files, strict=True)
        if file.fresh and path.is_file() and not path.is_symlink()
    ]  # fmt: skip
    if env.dry_run:
        return files
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        names = ", ".join(str(path) for path in there[:3])
        env.confirm(f"{names}{more} would be overwritten; go ahead?")
    for path, file, each in zip(paths, files, drafts, strict=True):
        if file.fresh:
            make_folder(path.parent)
            write_atomic(path, each.written.data, overwrite=bool(there))
    return files


def _name(env: Env, made: "Draft") -> str:
    """A file name that is safe on every system and tells the item and the account."""
    from renewctl.core.text import fold

    parts = (unique(made.letter.item), slug(fold(made.letter.account.name), 40), env.as_of.isoformat())
    return "-".join(part for part in parts if part) + ".eml"


def _record(env: Env, portfolio: "Portfolio", drafts: "Sequence[Draft]") -> None:
    """Note each mail with its account: kind `draft`, the template as text."""
    from renewctl.core.model import Activity, Change
    from renewctl.store.agenda import refresh

    one = drafts[0].letter
    words = f"draft {one.item}" if len(drafts) == 1 else "draft --all"
    with portfolio.write(words, env.actor, env.as_of) as operation:
        first = portfolio.next_no("activity")
        for no, made in enumerate(drafts, first):
            of = made.letter
            contract_no = of.contract.no if of.contract else None
            row = Activity(no, of.account.no, contract_no, env.as_of, "draft", of.mail, None, env.actor)
            operation.apply([Change("activity", (no,), of.account.no, None, row._asdict())])
        operation.summary = f"{one.account.name}: {one.mail} drafted"
        if len(drafts) > 1:
            operation.summary = f"{len(drafts)} mails drafted"
        refresh(portfolio, env.policy, env.as_of, sorted({each.letter.account.no for each in drafts}))


def _tell(
    env: Env, drafts: "Sequence[Draft]", paths: Sequence[str | None], left: "Sequence[Left]", way: Way
) -> None:
    """What was made on stdout, unless that is the mail's own, and who is missing on stderr."""
    from renewctl.views import drafts as view

    if env.json:
        from renewctl.views.machine import emit

        written = way.target is not None and not env.dry_run
        emit(view.document(drafts, paths, left, env.as_of, written))
    elif way.target is not None:
        for made, path in zip(drafts, paths, strict=True):
            put_lines(view.lines(made, path))
        if not drafts:
            say("nothing for a customer is due in these days; look further ahead with --days")
    for made in drafts:
        for warning in view.warnings(made):
            say(f"warning: {made.letter.item}: {safe(warning)}")
    if not env.json:
        for each in left:
            say(f"left out: {safe(each.item)}: {safe(each.message)}")
    if env.dry_run:
        say("dry run: nothing was written")
