"""`set` and `log`: facts changed by hand, and what happened with an account."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.contract import ContractOption, contracts_of, pick_contract, pinned
from renewctl.cli.options import AccountArg, Env, command, minutes, say
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Activity, Change, Contract
from renewctl.core.text import clean
from renewctl.errors import InputRefused, UsageError
from renewctl.store.lookup import find_account
from renewctl.store.portfolio import Portfolio
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.edits import Edits
    from renewctl.core.model import Stakeholder

KINDS = ("call", "email", "meeting", "reply", "note")
_LONGEST = 10_000  # characters of a note
_ELSEWHERE = {
    "stage": "renewctl stage ACCOUNT STAGE",
    "id": "the id is what imports know the account by; it stays",
    "contract_id": "name a contract with --contract ID",
    "owner": "set csm, sales_owner or specialist; who of them owns the renewal follows from the rules",
    "segment": "set segment_override, with --reason",
    "health": "set health_score, or an input such as usage_trend, open_tickets or nps",
}


@command(writes=True)
def set_(
    env: Env,
    account: AccountArg,
    assignments: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE...", help="Such as arr=120000; a blank value clears.")
    ],
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Why; needed for money, dates and overrides."),
    ] = None,
    contract: ContractOption = None,
) -> None:
    """Change facts of an account by hand, with the reason."""
    from renewctl.core import edits
    from renewctl.store.agenda import refresh

    given = _assigned(assignments)
    why = clean(reason or "")
    untold = edits.needs_reason(given)
    if untold and not why:
        raise UsageError(
            "reason-missing",
            f"{', '.join(untold)}: money, dates and overrides change only with a reason",
            "add --reason TEXT",
        )
    with (
        env.open() as portfolio,
        portfolio.write("set", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        renewal = _contract(portfolio, of, contract, edits.needs_contract(given))
        base = env.policy.base_currency
        values = edits.read(given, of, renewal, env.as_of, base)
        if isinstance(values, Refusal):
            raise InputRefused(*values)
        found = edits.edit(values, _facts(portfolio, of, renewal), why, env.as_of)
        if isinstance(found, Refusal):
            raise InputRefused(*found)
        if found.changes:
            operation.apply(found.changes)
            names = ", ".join(dict.fromkeys(each.field for each in found.fields))
            operation.summary = f"{of.name}: {names}" + (f" ({why})" if why else "")
            refresh(portfolio, env.policy, env.as_of, [of.no])
    _show(env, of, renewal, why, found)


def _assigned(words: list[str]) -> dict[str, str]:
    """`field=value` words by field; UsageError for what is none of it, unknown, or said twice."""
    from renewctl.core.edits import SETTABLE, near_fields

    given: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip().lower().replace("-", "_")
        if not equals:
            raise UsageError(
                "no-assignment",
                f"{word!r} is not of the form field=value",
                "such as arr=120000 or csm='Ana Lima'",
            )
        if name not in SETTABLE:
            hint = _ELSEWHERE.get(name) or "did you mean: " + ", ".join(near_fields(name))
            raise UsageError("unknown-field", f"no field is called {name!r}", hint)
        if name in given:
            raise UsageError("field-twice", f"{name} is set twice", "say it once")
        given[name] = text
    if "arr" in given and "mrr" in given:
        raise UsageError("field-twice", "arr and mrr say the same thing", "say one of them")
    return given


def _contract(portfolio: Portfolio, account: Account, wanted: str | None, needed: bool) -> Contract | None:
    """The contract to edit; None where none is needed and the account has not just one."""
    contracts = contracts_of(portfolio, account)
    if needed or wanted is not None:
        return pick_contract(account, contracts, wanted)
    opened = [each for each in contracts if each.state == "open"]
    return opened[0] if len(opened) == 1 else None


def _facts(portfolio: Portfolio, account: Account, contract: Contract | None) -> Any:
    from renewctl.core.edits import Facts

    readings = portfolio.values("health_reading", "account_no = ?", (account.no,))
    return Facts(account, contract, readings, pinned(portfolio, account, contract))


def _show(env: Env, account: Account, contract: Contract | None, reason: str, found: "Edits") -> None:
    from renewctl.core.edits import plain_value

    if env.json:
        from renewctl.views.machine import emit

        emit(
            {
                "schema": "renewctl/set/1",
                "account": account.id,
                "contract": contract.id if contract else None,
                "reason": reason or None,
                "changed": bool(found.changes) and not env.dry_run,
                "changes": [
                    {
                        "field": each.field,
                        "before": plain_value(each.column, each.before, each.currency_before),
                        "after": plain_value(each.column, each.after, each.currency_after),
                    }
                    for each in found.fields
                ],
            }
        )
    elif not found.changes:
        say(f"{safe(account.name)}: it stands so already; nothing changed")
    else:
        from renewctl.views.history import change_lines

        say("\n".join([f"{safe(account.name)}{env.dry}", *change_lines(found.fields)]))


@command(writes=True)
def log(
    env: Env,
    account: AccountArg,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened.")],
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="call, email, meeting, reply or note.")
    ] = "note",
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="The time it took, such as 0.5.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="PERSON",
            help="Whom at the customer you spoke with; again for more. Their last contact moves to the day.",
        ),
    ] = None,
) -> None:
    """Note what happened with an account, and the time it took."""
    if kind not in KINDS:
        raise UsageError(
            "unknown-kind", f"--kind {kind}: not one of {', '.join(KINDS)}", "renewctl log --help"
        )
    if with_ and kind == "note":
        raise UsageError(
            "note-with-nobody", "a note is no talk with anybody", "say --kind call, email, meeting or reply"
        )
    said = clean(text)
    if not said or len(said) > _LONGEST:
        fault = f"longer than {_LONGEST} characters" if said else "blank"
        raise UsageError("bad-text", f"the text is {fault}", "say in a sentence what happened")
    spent = minutes(hours)
    with (
        env.open() as portfolio,
        portfolio.write("log", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        opened = [each for each in contracts_of(portfolio, of) if each.state == "open"]
        number = opened[0].no if len(opened) == 1 else None
        row = Activity(portfolio.next_no("activity"), of.no, number, env.as_of, kind, said, spent, env.actor)
        persons = _persons(portfolio, of, with_ or ())
        moved = [change for each in persons for change in _spoken(portfolio, each, env.as_of)]
        operation.apply([Change("activity", (row.no,), of.no, None, row._asdict()), *moved])
        left = {}
        if persons:
            gone = portfolio.values("departure", "account_no = ?", (of.no,))
            left = {each.stakeholder_no: each.left_on for each in gone}
        names = f" with {', '.join(each.name for each in persons)}" if persons else ""
        operation.summary = f"{of.name}: {kind}{names}: {said[:80]}"
    if env.json:
        from renewctl.views.machine import emit

        emit(
            {
                "schema": "renewctl/log/1",
                "account": of.id,
                "date": env.as_of.isoformat(),
                "kind": kind,
                "text": said,
                "minutes": spent,
                "actor": env.actor,
                "with": [each.name for each in persons],
                "changed": not env.dry_run,
            }
        )
        return
    took = f", {spent} min" if spent is not None else ""
    say(f"{safe(of.name)}: {kind} of {env.as_of}{safe(names)} noted{took}{env.dry}")
    for each in persons:
        if each.no in left:
            say(f"note: {safe(each.name)} is on record as gone since {left[each.no]}")


def _persons(portfolio: Portfolio, account: Account, names: Sequence[str]) -> "list[Stakeholder]":
    """The stakeholders meant, each once; NotFound (exit 13) for one who is not on the account's map."""
    if not names:
        return []
    from renewctl.store.stakeholders import find_person

    found = [find_person(portfolio, account, name) for name in names]
    return list({each.no: each for each in found}.values())


def _spoken(portfolio: Portfolio, person: "Stakeholder", on: date) -> list[Change]:
    """The changes that move a last contact to the day of a talk, unless a later one is known (STK-1)."""
    from renewctl.core.stakeholder_edits import edit

    if person.last_contact_on is not None and person.last_contact_on >= on:
        return []
    return edit(person, {"last_contact_on": on}, pinned(portfolio, person))[1]
