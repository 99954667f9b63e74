"""`stakeholder`: who there is at a customer, who speaks to them, and where that hangs by too few."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.contract import pinned
from renewctl.cli.options import AccountArg, Env, command, day, owned_by, say
from renewctl.core import stakeholder_edits as edits
from renewctl.core import stakeholders as core
from renewctl.core.intake_fields import CHOICES
from renewctl.core.text import clean
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.lookup import find_account
from renewctl.store.stakeholders import find_person, people
from renewctl.views import stakeholder as view

if TYPE_CHECKING:
    from renewctl.core.model import Account, Departure
    from renewctl.store.portfolio import Portfolio

_PAGE = 20  # rows of a list on a terminal
NameArg = Annotated[
    str, typer.Argument(metavar="NAME", help="The person: a name, an unambiguous part of one, an address.")
]


def _words(field: str) -> str:
    return "One of: " + ", ".join(CHOICES[field]) + "."


@command(writes=True)
def add(
    env: Env,
    account: AccountArg,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS", help="E-mail address.")] = "",
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=_words("role"))] = "",
    influence: Annotated[str, typer.Option("--influence", metavar="HOW", help=_words("influence"))] = "",
    sentiment: Annotated[str, typer.Option("--sentiment", metavar="HOW", help=_words("sentiment"))] = "",
    last_contact: Annotated[
        str, typer.Option("--last-contact", metavar="DATE", help="When they were last in contact.")
    ] = "",
    thread_owner: Annotated[
        str, typer.Option("--thread-owner", metavar="PERSON", help="Who of us speaks to them.")
    ] = "",
) -> None:
    """Note a person at a customer: role, influence, who speaks to them."""
    given = {
        "name": name, "email": email, "role": role, "influence": influence, "sentiment": sentiment,
        "last_contact": last_contact, "thread_owner": thread_owner,
    }  # fmt: skip
    values = _read(given, env.as_of)
    with (
        env.open() as portfolio,
        portfolio.write("stakeholder add", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        for each in portfolio.values("stakeholder", "account_no = ?", (of.no,), "no"):
            if edits.same_person(each, values):
                raise RefusedByRule(
                    "stakeholder-known",
                    f"{of.name} has {each.name} on record already",
                    "to change what is known: renewctl stakeholder set ACCOUNT NAME field=value",
                )
        person, change = edits.add(portfolio.next_no("stakeholder"), of, values)
        operation.apply([change])
        operation.summary = f"{of.name}: {person.name}"
    _told(env, view.Written("added", of, person, None, True, env.dry_run))
    if of.champion_gone and person.role == "champion" and not env.json:
        say(view.champion_hint(of, person))


@command()
def list_(
    env: Env,
    account: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Only of this account.")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=0, help=f"At most so many on a terminal (0: all; {_PAGE})."),
    ] = None,
) -> None:
    """List the people at customers, of one account or of all."""
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        one = find_account(portfolio, account) if account else None
        found = people(portfolio, [one.no] if one else None)
        numbers = sorted(found.stakeholders)
        accounts = [one] if one else _accounts(portfolio, numbers)
    told = view.Listed(env.as_of, [(each, *found.of(each.no)) for each in accounts], one is not None)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.list_document(told))
    else:
        view.show_list(told, _PAGE if limit is None else limit)


def _accounts(portfolio: "Portfolio", numbers: list[int]) -> "list[Account]":
    wanted = set(numbers)
    return [each for each in portfolio.values("account", "", (), "search_name, no") if each.no in wanted]


@command(writes=True)
def set_(
    env: Env,
    account: AccountArg,
    name: NameArg,
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE...", help="Such as role=champion; a blank value clears."),
    ],
) -> None:
    """Change what is known of a person at a customer."""
    given = _assigned(assignments)
    values = _read(given, env.as_of)
    with (
        env.open() as portfolio,
        portfolio.write("stakeholder set", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        person = find_person(portfolio, of, name)
        after, changes = edits.edit(person, values, pinned(portfolio, person))
        for each in portfolio.values("stakeholder", "account_no = ?", (of.no,), "no"):
            if each.no != person.no and changes and edits.same_person(each, after._asdict()):
                raise RefusedByRule(
                    "stakeholder-known",
                    f"{of.name} has another {each.name} on record",
                    "tell them apart by e-mail address, or remove one: renewctl stakeholder remove",
                )
        departure = _departure(portfolio, person.no)
        operation.apply(changes)
        operation.summary = f"{of.name}: {after.name}: {', '.join(given)}" if changes else ""
    _told(env, view.Written("changed", of, after, departure, bool(changes), env.dry_run))


def _assigned(words: list[str]) -> dict[str, str]:
    """`field=value` words by field; UsageError for what is none of it, unknown, or said twice."""
    given: dict[str, str] = {}
    for word in words:
        field, equals, text = word.partition("=")
        field = field.strip().lower().replace("-", "_")
        if not equals:
            raise UsageError("no-assignment", f"{word!r} is not of the form field=value", "role=champion")
        if field not in edits.FIELDS:
            those = ", ".join(edits.FIELDS)
            raise UsageError("unknown-field", f"no field is called {field!r}", f"there are: {those}")
        if field in given:
            raise UsageError("field-twice", f"{field} is set twice", "say it once")
        given[field] = text
    return given


@command(writes=True)
def remove(env: Env, account: AccountArg, name: NameArg) -> None:
    """Take a person off the record who should never have been on it."""
    with (
        env.open() as portfolio,
        portfolio.write("stakeholder remove", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        person = find_person(portfolio, of, name)
        departure = _departure(portfolio, person.no)
        operation.apply(edits.remove(person, departure, _pins(portfolio, person.no)))
        operation.summary = f"{of.name}: {person.name}"
    _told(env, view.Written("removed", of, person, departure, True, env.dry_run))


@command(writes=True)
def gone(
    env: Env,
    account: AccountArg,
    name: NameArg,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="When they left (default: today).")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What is known of it.")] = None,
) -> None:
    """Note that a person left the customer; a champion's leaving flags the account."""
    from renewctl.store.agenda import refresh
    from renewctl.store.saves import cases

    left_on = env.as_of if on is None else day(on, "--on")
    if left_on > env.as_of or left_on.year < 1900:
        raise UsageError(
            "bad-date", f"--on {left_on} is not a day up to {env.as_of}", "give the day they left"
        )
    with (
        env.open() as portfolio,
        portfolio.write("stakeholder gone", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        person = find_person(portfolio, of, name)
        departure = _departure(portfolio, person.no)
        champion, changed = False, departure is None
        if departure is None:
            here = core.still_there(*people(portfolio, [of.no]).of(of.no), of)
            champion = core.champion_leaves(person, of, here)
            said = clean(note or "") or None
            departure, changes = edits.leave(person, left_on, said, of, champion, pinned(portfolio, of))
            operation.apply(changes)
            operation.summary = f"{of.name}: {person.name} left on {left_on}"
            operation.summary += ", the champion" if champion else ""
            refresh(portfolio, env.policy, env.as_of, [of.no])
        running = next((each.no for each in cases(portfolio, of.no, closed=False)), None)
    written = view.Written("gone", of, person, departure, changed, env.dry_run)
    cap = float(env.policy.health.caps["champion_gone"])
    _told(env, written, view.Flagged(champion, cap, running, env.as_of))


@command()
def map_(env: Env, account: AccountArg) -> None:
    """Show who of us speaks to whom at a customer, and which threads are stale or missing."""
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        of = find_account(portfolio, account)
        known, departures = people(portfolio, [of.no]).of(of.no)
    found = core.threads(of, known, departures, env.policy, env.as_of)
    here = core.still_there(known, departures, of)
    told = view.Mapped(env.as_of, of, found, here)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.map_document(told))
    else:
        view.show_map(told)


@command()
def risks(
    env: Env,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Only renewals of this person; `me` is you.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=0, help=f"At most so many accounts a list (0: all; {_PAGE})."),
    ] = None,
) -> None:
    """List the accounts that hang by too few people or miss a role, the largest ARR first."""
    from renewctl.store.look import entries

    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        who = owned_by(env, portfolio, owner)
        found = people(portfolio)
        rows = [
            view.AtRisk(
                each.account, each.row,
                core.risk(
                    each.account, each.row.segment, *found.of(each.account.no), env.policy, env.as_of
                ),
            )
            for each in entries(portfolio, env.policy, env.as_of)
            if each.in_force and each.main is not None and (who is None or each.row.owner in who)
        ]  # fmt: skip
    table = env.policy.raw["stakeholders"]
    told = view.Risks(
        env.as_of, sorted(rows, key=_largest), env.policy.base_currency, table["least_people"],
        table["contact_days"],
    )  # fmt: skip
    if env.json:
        from renewctl.views.machine import emit

        emit(view.risks_document(told))
    else:
        view.show_risks(told, _PAGE if limit is None else limit)


def _largest(row: view.AtRisk) -> tuple[bool, int, str, int]:
    """Largest ARR first, unknown last."""
    minor = row.row.account_arr_base_minor
    return minor is None, -(minor or 0), row.account.search_name, row.account.no


def _read(given: dict[str, str], as_of: date) -> dict[str, Any]:
    values = edits.read(given, as_of)
    if isinstance(values, edits.Wrong):
        raise UsageError(*values)
    return values


def _pins(portfolio: "Portfolio", no: int) -> dict[str, str]:
    """What was set by hand of a person: column -> what the source had said."""
    sql = "SELECT field, source_value FROM pin WHERE entity = 'stakeholder' AND row_no = ? ORDER BY field"
    return dict(portfolio.rows(sql, (no,)))


def _departure(portfolio: "Portfolio", no: int) -> "Departure | None":
    found: list[Departure] = portfolio.values("departure", "stakeholder_no = ?", (no,))
    return found[0] if found else None


def _told(env: Env, written: view.Written, flagged: "view.Flagged | None" = None) -> None:
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(written, flagged))
        return
    for line in view.lines(written, flagged):
        say(line)
