"""`amend`, `coterm`, `renewal`: what happens to a contract inside its term."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.contract import (
    ContractOption,
    agreed_of,
    allowed,
    amount_of,
    contracts_of,
    emit,
    iso,
    pick_contract,
    pinned,
    units,
)
from renewctl.cli.options import AccountArg, Env, command, day, say
from renewctl.core import lifecycle, money, plan
from renewctl.core.model import Account, Contract, Renewal
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.agenda import refresh
from renewctl.store.lookup import find_account
from renewctl.views.terminal import put_lines, safe

if TYPE_CHECKING:
    from renewctl.core.amendments import Aligned, Amended


@command(writes=True)
def amend(
    env: Env,
    account: AccountArg,
    reason: Annotated[str, typer.Option("--reason", help="What was agreed and why.")],
    arr: Annotated[str | None, typer.Option("--arr", metavar="AMOUNT", help="The ARR from now on.")] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="The new end of the term: an extension in place."),
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="When it took effect (default: today).")
    ] = None,
    contract: ContractOption = None,
) -> None:
    """Record a change inside a term: another ARR, or a later end."""
    from renewctl.core.amendments import amend as amended

    if arr is None and until is None:
        raise UsageError("nothing-to-amend", "neither --arr nor --until is given", "say what changed")
    if not reason.strip():
        raise UsageError("reason-missing", "--reason is blank", "say what was agreed and why")
    until_on = day(until, "--until") if until else None
    effective = day(on, "--on") if on else env.as_of
    with (
        env.open() as portfolio,
        portfolio.write("amend", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        which = pick_contract(of, contracts_of(portfolio, of), contract)
        amount = amount_of("arr", arr, which, of, env.policy.base_currency) if arr is not None else None
        found: Amended = allowed(
            amended(
                of, which, arr=amount, until_on=until_on, effective_on=effective, reason=reason.strip(),
                actor=env.actor, as_of=env.as_of, no=portfolio.next_no("amendment"),
                pinned=pinned(portfolio, of, which),
            )
        )  # fmt: skip
        if found.changes:
            operation.apply(found.changes)
            operation.summary = f"{of.name}: {found.amendment.kind} of {which.id}: {reason.strip()[:80]}"
            refresh(portfolio, env.policy, env.as_of, [of.no])
    if env.json:
        emit(_amended_document(of, which, found, changed=bool(found.changes) and not env.dry_run))
        return
    if not found.changes:
        say(f"{safe(of.name)}: {safe(which.id)} stands so already; nothing changed")
        return
    say(f"{safe(of.name)}: {safe(which.id)} {_amended_words(which, found)}{env.dry}")


def _amended_words(before: Contract, found: "Amended") -> str:
    words = []
    if found.contract.arr_minor != before.arr_minor:
        old = "unknown" if before.arr_minor is None else money.plain(before.arr_minor, before.currency or "")
        new = money.plain(found.contract.arr_minor or 0, found.contract.currency or "")
        words.append(f"ARR {old} → {new}")
    if found.contract.renewal_on != before.renewal_on:
        words.append(f"renews {before.renewal_on} → {found.contract.renewal_on}")
    return ", ".join(words)


def _amended_document(of: Account, which: Contract, found: "Amended", *, changed: bool) -> dict[str, Any]:
    """`renewctl/amend/1`."""
    row = found.amendment
    currency = row.currency or ""
    return {
        "schema": "renewctl/amend/1",
        "account": of.id,
        "contract": which.id,
        "kind": row.kind,
        "effective_on": row.effective_on.isoformat(),
        "arr_before": units(row.arr_before_minor, currency),
        "arr_after": units(row.arr_after_minor, currency),
        "currency": row.currency,
        "renewal_date_before": iso(row.renewal_before_on),
        "renewal_date_after": iso(row.renewal_after_on),
        "reason": row.reason,
        "changed": changed,
    }


@command(writes=True)
def coterm(
    env: Env,
    account: AccountArg,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="The common end (default: the latest there is)."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Move the contracts to it.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="What was agreed, with --apply.")] = None,
) -> None:
    """Show what bringing an account's contracts to one end date costs, or do it."""
    from renewctl.core.amendments import amend as amended
    from renewctl.core.amendments import co_term

    to_on = day(to, "--to") if to else None
    if apply and not (reason and reason.strip()):
        raise UsageError("reason-missing", "--apply needs a --reason", "say what was agreed")
    with env.open() as portfolio:
        of = find_account(portfolio, account)
        # one past its date waits for its outcome and is no longer extended
        known = [
            each
            for each in contracts_of(portfolio, of)
            if each.renewal_on is not None and each.renewal_on >= env.as_of
        ]
        rows = co_term(known, to_on)
        inside = {each.contract.no for each in rows}
        left = [each for each in known if each.state == "open" and each.no not in inside]
        moving = [each for each in rows if each.days > 0]
        if apply and moving:
            with portfolio.write("coterm", env.actor, env.as_of, dry_run=env.dry_run) as operation:
                common = _common(rows)
                for each in moving:
                    found = allowed(
                        amended(
                            of, each.contract, until_on=common, kind="co_term", effective_on=env.as_of,
                            reason=(reason or "").strip(), actor=env.actor, as_of=env.as_of,
                            no=portfolio.next_no("amendment"), pinned=pinned(portfolio, of, each.contract),
                        )
                    )  # fmt: skip
                    operation.apply(found.changes)
                operation.summary = f"{of.name}: {len(moving)} contracts now end on {common}"
                refresh(portfolio, env.policy, env.as_of, [of.no])
    if env.json:
        emit(_coterm_document(of, rows, changed=apply and bool(moving) and not env.dry_run))
        return
    if not moving:
        say(f"{safe(of.name)}: no contract ends before {to_on or 'another'}; nothing to bring together")
        return
    for each in rows:
        price = "ARR unknown" if each.price_minor is None else money.plain(
            each.price_minor, each.contract.currency or ""
        )  # fmt: skip
        ends = f"ends {each.contract.renewal_on}"
        more = f", {each.days} days more for {price}" if each.days else ", stays"
        typer.echo(f"{safe(each.contract.id)}  {ends}{more}")
    typer.echo(f"prorated by days of 365; the common end is {_common(rows)}")
    for other in left:
        say(f"{safe(other.id)} ends later, on {other.renewal_on}, and stays: no term is cut short")
    named = f" --to {to_on}" if to_on else ""
    say(f"done{env.dry}" if apply else f"to do it: renewctl coterm {safe(of.id)}{named} --apply --reason …")


def _common(rows: "tuple[Aligned, ...]") -> Any:
    from datetime import timedelta

    first = rows[0]
    return (
        None if first.contract.renewal_on is None else first.contract.renewal_on + timedelta(days=first.days)
    )


def _coterm_document(of: Account, rows: "tuple[Aligned, ...]", *, changed: bool) -> dict[str, Any]:
    """`renewctl/coterm/1`."""
    return {
        "schema": "renewctl/coterm/1",
        "account": of.id,
        "to": iso(_common(rows)) if rows else None,
        "contracts": [
            {
                "contract": each.contract.id,
                "renewal_date": iso(each.contract.renewal_on),
                "days": each.days,
                "price": units(each.price_minor, each.contract.currency or ""),
                "currency": each.contract.currency,
            }
            for each in rows
        ],
        "changed": changed,
    }


@command(writes=True)
def renewal(
    env: Env,
    account: AccountArg,
    target: Annotated[
        str | None, typer.Option("--target", metavar="AMOUNT", help="The ARR aimed for; blank takes it back.")
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option("--bundle", metavar="yes|no|rules", help="Whether an expansion goes with it (BND-1)."),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What to keep in mind.")] = None,
    contract: ContractOption = None,
) -> None:
    """Show or set what one renewal aims for: its target value, and what goes with it."""
    if bundle is not None and bundle not in _BUNDLES:
        raise UsageError(
            "unknown-choice", f"--bundle {bundle}: not one of yes, no, rules", "renewctl renewal --help"
        )
    with env.open() as portfolio:
        of = find_account(portfolio, account)
        which = pick_contract(of, contracts_of(portfolio, of), contract)
        before = agreed_of(portfolio, which)
        wanted = before or Renewal(
            which.no, which.cycle, of.no, None, which.currency, None, None, None, None, None, None
        )
        if target is not None:
            aimed: tuple[int | None, str | None] = (None, wanted.currency)
            if target.strip():
                aimed = amount_of("target", target, which, of, env.policy.base_currency)
            if aimed[0] is not None and which.currency not in (None, aimed[1]):
                raise RefusedByRule(
                    "currency-conflict",
                    f"contract {which.id} is in {which.currency}, the target in {aimed[1]}",
                    "a target is in the contract's currency",
                )
            wanted = wanted._replace(target_minor=aimed[0], currency=aimed[1])
        if bundle is not None:
            wanted = wanted._replace(bundle=_BUNDLES[bundle])
        if note is not None:
            wanted = wanted._replace(note=note.strip() or None)
        changed = wanted != before and (
            before is not None or any(x is not None for x in (target, bundle, note))
        )
        if changed:
            with portfolio.write("renewal", env.actor, env.as_of, dry_run=env.dry_run) as operation:
                operation.apply([lifecycle.renewal_change(before, wanted)])
                operation.summary = f"{of.name}: aims of the renewal of {which.renewal_on}"
                refresh(portfolio, env.policy, env.as_of, [of.no])
    aim, currency = plan.target(of, which, wanted)
    if env.json:
        emit(
            {
                "schema": "renewctl/renewal/1",
                "account": of.id,
                "contract": which.id,
                "cycle": which.cycle,
                "renewal_date": iso(which.renewal_on),
                "stage": which.stage,
                "current": units(which.arr_minor, which.currency or ""),
                "target": units(aim, currency),
                "currency": which.currency,
                "bundle": None if wanted.bundle is None else bool(wanted.bundle),
                "note": wanted.note,
                "changed": changed and not env.dry_run,
            }
        )
        return
    now = "unknown" if which.arr_minor is None else money.plain(which.arr_minor, which.currency or "")
    then = "none" if aim is None else money.plain(aim, currency)
    how = {None: "as the rules say (BND-1)", 0: "kept separate", 1: "bundled"}[wanted.bundle]
    out = [
        f"{safe(of.name)} ({safe(which.id)}), renews {which.renewal_on}, stage {which.stage}",
        f"  current value {now}, target value {then}",
        f"  expansion: {how}",
    ]
    put_lines([*out, f"  note: {safe(wanted.note)}"] if wanted.note else out)
    if changed:
        say(f"noted{env.dry}")


_BUNDLES = {"yes": 1, "no": 0, "rules": None}
