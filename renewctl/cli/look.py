"""`list`, `show`, `explain`: the portfolio classified, one account whole, and the reasons."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.options import AccountArg, AsKnownOn, Env, command, owned_by, say
from renewctl.core.plan import target
from renewctl.core.policy import SEGMENTS
from renewctl.errors import NotFound, UsageError
from renewctl.store.look import Entry, entries
from renewctl.views.look import Line, Listing
from renewctl.views.terminal import is_terminal, put

if TYPE_CHECKING:
    from datetime import date

    from renewctl.core.policy import Policy
    from renewctl.store.portfolio import Portfolio

_PAGE = 40
_BANDS = ("green", "yellow", "red")
_NONE = "none"  # what a filter calls an unknown value
_FORMATS = ("table", "csv", "md")
_SORTS = ("renewal", "name", "arr", "health")


@command()
def list_(
    env: Env,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only accounts of this person; `me` is you, `none` unowned.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", help="Only enterprise, mid_market, smb, or none (ARR unknown).")
    ] = None,
    band: Annotated[
        str | None, typer.Option("--band", help="Only green, yellow, red, or none (health unknown).")
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help="By renewal, name, arr or health.")] = "renewal",
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=0, help=f"At most so many (0: all; on a terminal: {_PAGE})."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="table|csv|md", help="Another form than the table.")
    ] = None,
    as_known_on: AsKnownOn = None,
) -> None:
    """List the accounts with their classification."""
    _known("--segment", segment, (*SEGMENTS, _NONE))
    _known("--band", band, (*_BANDS, _NONE))
    _known("--format", form, _FORMATS)
    _known("--sort", sort, _SORTS)
    with env.open_as_known(as_known_on) as portfolio:
        portfolio.execute("BEGIN")
        who = frozenset((None,)) if owner == _NONE else owned_by(env, portfolio, owner)
        taken = [
            entry for entry in entries(portfolio, env.policy, env.as_of) if _takes(entry, who, segment, band)
        ]
        flags = _flags(portfolio, env, taken) if env.json else {}
        found = [_line(entry, env, flags) for entry in taken]
    found.sort(key=lambda line: _order(line, sort))
    if limit is None and form is None and is_terminal() and not env.json:
        limit = _PAGE
    _print(env, _listing(env, found, limit or len(found)), form)


def _takes(entry: Entry, owners: frozenset[str | None] | None, segment: str | None, band: str | None) -> bool:
    """Whether an account passes the filters; `none` asks for what is unknown."""
    row = entry.row
    return (
        (owners is None or row.owner in owners)
        and (segment is None or row.segment == (None if segment == _NONE else segment))
        and (band is None or row.band == (None if band == _NONE else band))
    )


def _flags(portfolio: "Portfolio", env: Env, found: list[Entry]) -> "dict[int, date]":
    """Since when each flagged account is (HLT-3); those out of force have nothing to renew."""
    from renewctl.store.health import flagged

    given = [(entry.facts, entry.row.score) for entry in found if entry.in_force]
    return flagged(portfolio, env.policy, env.as_of, given)


def _line(entry: Entry, env: Env, flags: "dict[int, date]") -> Line:
    from renewctl.core.health import missing
    from renewctl.core.segment import contracts_arr

    account, main, row = entry.account, entry.main, entry.row
    base = env.policy.base_currency
    arr, currency = contracts_arr(entry.opened, account, row.account_arr_base_minor, base)
    renewal_on = main.renewal_on if main else None
    return Line(
        account.id, account.name, account.status, entry.in_force, arr, currency, row.account_arr_base_minor,
        row.segment, row.score, row.band, missing(entry.readings, env.as_of), row.opportunity, row.touch,
        row.owner, row.owner_role, main.stage if main else "lost" if entry.lost else None, renewal_on,
        (renewal_on - env.as_of).days if renewal_on else None, len(entry.opened), row.guard,
        tuple(entry.problems), entry.lost, flags.get(account.no),
    )  # fmt: skip


def _order(line: Line, sort: str) -> tuple[object, ...]:
    """The sort key; unknown values come last, ties by renewal, larger ARR, id."""
    arr = 1 if line.arr_base_minor is None else -line.arr_base_minor
    tie = (line.renewal_on is None, line.renewal_on or "", arr, line.id)
    if sort == "name":
        return (line.name.casefold(), *tie)
    if sort == "arr":
        return (arr, *tie)
    if sort == "health":
        return (line.score is None, line.score or 0.0, *tie)
    return tie


def _listing(env: Env, found: list[Line], limit: int) -> Listing:
    from renewctl.core.touch import by_hand

    active = [line for line in found if line.in_force]
    small = [line for line in active if line.segment == "smb"]
    automatic = sum(1 for line in small if line.touch == "auto_renew")
    warning = by_hand(len(small), automatic, env.policy)
    return Listing(
        env.as_of,
        found[:limit],
        len(found) - len(found[:limit]),
        len(found),
        sum(line.arr_base_minor or 0 for line in found),
        len(active),
        sum(line.arr_base_minor or 0 for line in active),
        env.policy.base_currency,
        (warning,) if warning else (),
        tuple(found),
    )


def _print(env: Env, listing: Listing, form: str | None) -> None:
    from renewctl.views import look as view

    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(listing))
        return
    if form == "csv":
        from renewctl.store.files import csv_text

        put(csv_text(view.csv_rows(listing)))
    elif form == "md":
        view.markdown(listing)
    elif not listing.lines:
        sys.stdout.write("No account fits.\n" if listing.accounts or form else "No accounts.\n")
    elif is_terminal():
        view.table(listing)
    else:
        view.plain(listing)
    if form is None:
        for remark in view.remarks(listing):
            say(remark)


def _known(option: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise UsageError(
            "unknown-choice", f"{option} {value}: not one of {', '.join(allowed)}", "renewctl list --help"
        )


ContractOption = Annotated[
    str | None,
    typer.Option("--contract", metavar="ID", help="One renewal of several (default: the next one due)."),
]


@command()
def show(
    env: Env,
    account: AccountArg,
    everything: Annotated[bool, typer.Option("--all", help="Closed steps of the plan too.")] = False,
    as_known_on: AsKnownOn = None,
) -> None:
    """Show everything known about one account, with its plan."""
    from renewctl.core.classify import classification
    from renewctl.core.health import known
    from renewctl.core.health_story import story
    from renewctl.core.segment import in_force
    from renewctl.core.stakeholders import risk
    from renewctl.store.health import replay
    from renewctl.store.look import whole
    from renewctl.store.lookup import find_account
    from renewctl.views import account as view

    policy = env.policy
    with env.open_as_known(as_known_on) as portfolio:
        portfolio.execute("BEGIN")
        found = whole(portfolio, find_account(portfolio, account), policy, env.as_of)
        no = found.facts.account.no
        saves = _saves(portfolio, env, no)
        departures = portfolio.values("departure", "account_no = ?", (no,), "stakeholder_no")
        past = replay(portfolio, found.facts, policy, env.as_of)
    facts = found.facts
    why = classification(facts, policy, env.as_of)
    sheet = view.Sheet(
        env.as_of,
        facts.account,
        in_force(facts.account.status) and not found.lost,
        why.values.account_arr_base_minor,
        known(facts.readings, env.as_of),
        why,
        tuple(
            view.Part(
                each.contract, each.row.arr_base_minor, each.row.touch, each.row.owner, each.plan,
                each.unplanned, each.effort, target(facts.account, each.contract, each.agreed), each.moved,
            )
            for each in found.renewals
        ),
        saves,
        found.stakeholders,
        _written(policy),
        policy,
        found.lost,
        found.loss,
        departures,
        risk(
            facts.account, why.values.segment, found.stakeholders, departures, policy, env.as_of
        ),
        story(past, facts.contracts),
    )  # fmt: skip
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(sheet))
    else:
        view.show(sheet, everything)


def _written(policy: "Policy") -> dict[str, str]:
    """OWN-3: what is agreed about ownership."""
    written = policy.ownership
    return {
        "sales_engages": written.sales_engages,
        "leads_communication": written.leads_communication,
        "revenue_credit": written.revenue_credit,
        "disagreement": written.disagreement,
    }


def _saves(portfolio: "Portfolio", env: Env, account_no: int) -> list[dict[str, Any]]:
    """The saves of an account, as `save list --json` tells them."""
    from renewctl.store.saves import cases

    found = cases(portfolio, account_no)
    if not found:
        return []
    from renewctl.core import case_report
    from renewctl.store.saves import load_files, zone_of
    from renewctl.views.save_document import list_document

    zone = zone_of(env.policy)
    files = load_files(portfolio, env.policy, env.as_of, found)
    reports = [case_report.Report(each, env.policy, zone, env.as_of, env.now) for each in files]
    told: list[dict[str, Any]] = list_document(reports, env.as_of, env.policy.base_currency)["saves"]
    return told


@command()
def explain(
    env: Env, account: AccountArg, contract: ContractOption = None, as_known_on: AsKnownOn = None
) -> None:
    """Explain how an account is classified and what would change it."""
    from renewctl.core.classify import classification, main_contract
    from renewctl.core.explain import explain as reasons
    from renewctl.core.health_story import story
    from renewctl.core.stakeholders import risk
    from renewctl.store.health import replay
    from renewctl.store.look import by_hand, facts
    from renewctl.store.lookup import find_account
    from renewctl.store.stakeholders import people
    from renewctl.views import explain as view

    policy = env.policy
    with env.open_as_known(as_known_on) as portfolio:
        portfolio.execute("BEGIN")
        found = facts(portfolio, find_account(portfolio, account), policy)
        hand = by_hand(portfolio, found)
        past = replay(portfolio, found, policy, env.as_of)
        known, departures = people(portfolio, [found.account.no]).of(found.account.no)
    of = found.account
    main = main_contract(found.contracts)
    if contract is not None:
        opened = {each.id: each for each in found.contracts if each.state == "open"}
        if contract not in opened:
            names = ", ".join(opened) or "none"
            raise NotFound(
                "no-such-contract", f"{of.name} has no open contract {contract!r}", f"its contracts: {names}"
            )
        main = opened[contract]
    found = found._replace(contract_no=main.no if main else None)
    given = (found, policy, env.as_of)
    classified = classification(*given)
    told = view.Explained(
        env.as_of,
        of,
        main,
        reasons(*given, hand),
        classified,
        policy.rules,
        _written(policy),
        story(past, found.contracts),
        risk(of, classified.values.segment, known, departures, policy, env.as_of).because if main else (),
    )
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told))
    else:
        view.show(told)
