"""`stage`, `won`, `lost`: moving a renewal along, and closing it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.cli.contract import (
    ContractOption,
    agreed_of,
    allowed,
    amount_in,
    amount_of,
    contracts_of,
    emit,
    iso,
    pick_contract,
    pinned,
    units,
)
from renewctl.cli.options import AccountArg, Env, command, day, say
from renewctl.core import case_file, lifecycle, money
from renewctl.core.model import Account, Activity, Change, Contract, SaveCase
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.agenda import refresh
from renewctl.store.lookup import find_account
from renewctl.store.portfolio import Portfolio
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.lifecycle import Closing


@command(writes=True)
def stage(
    env: Env,
    account: AccountArg,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="Such as notified or negotiating.")],
    contract: ContractOption = None,
    said: Annotated[
        str | None,
        typer.Option("--evidence", metavar="TEXT", help="What shows it, where nothing recorded does."),
    ] = None,
) -> None:
    """Move a renewal to another stage."""
    wanted = stage.strip().lower().replace("-", "_").replace(" ", "_")
    if wanted not in env.policy.stages:
        raise UsageError(
            "unknown-stage",
            f"{stage!r} is no stage of a renewal",
            f"stages are: {', '.join(each for each in env.policy.stages if each not in lifecycle.CLOSED)}",
        )
    with (
        env.open() as portfolio,
        portfolio.write("stage", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        renewal = pick_contract(of, contracts_of(portfolio, of), contract)
        changes = allowed(lifecycle.move(renewal, wanted))
        shown = said.strip() if said and said.strip() else None
        if changes or shown is not None:
            shown = shown or _evidence(portfolio, env, of, renewal, wanted)
            moved = Activity(
                portfolio.next_no("activity"), of.no, renewal.no, env.as_of, "stage",
                f"{wanted}: {shown}" if shown else wanted, None, env.actor,
            )  # fmt: skip
            operation.apply([*changes, Change("activity", (moved.no,), of.no, None, moved._asdict())])
            operation.summary = f"{of.name}: {renewal.stage} → {wanted}"
            refresh(portfolio, env.policy, env.as_of, [of.no])
    if env.json:
        emit(
            {
                "schema": "renewctl/stage/1",
                "account": of.id,
                "contract": renewal.id,
                "before": renewal.stage,
                "after": wanted,
                "evidence": shown,
                "changed": bool(changes or shown) and not env.dry_run,
            }
        )
    elif not changes and shown is not None:
        say(f"{safe(of.name)} is at {wanted} already; evidence noted: {safe(shown)}" + env.dry)
    elif changes:
        stages = env.policy.stages
        known = renewal.stage in stages
        back = known and stages.index(wanted) < stages.index(renewal.stage)
        note = f" (back from {renewal.stage})" if back else ""
        say(f"{safe(of.name)}: {renewal.stage} → {wanted}{note}" + env.dry)
        if not back:
            _tell_evidence(env, wanted, shown)
    else:
        say(f"{safe(of.name)} is at {wanted} already; nothing changed")


def _evidence(portfolio: Portfolio, env: Env, account: Account, renewal: Contract, wanted: str) -> str | None:
    """What on record shows that a renewal has reached a stage, in words (TRK)."""
    from renewctl.core.stages import evidence

    mine = ("account_no = ?", (account.no,))
    found = evidence(
        wanted,
        renewal,
        portfolio.values("item_state", *mine),
        portfolio.values("activity", *mine),
        env.policy,
    )
    return None if found is None else f"{found.fact} of {found.on}"


def _tell_evidence(env: Env, wanted: str, shown: str | None) -> None:
    needs = env.policy.evidence.get(wanted)
    if shown is not None:
        say(f"  evidence: {safe(shown)}")
    elif needs is not None:
        say(f"  nothing on record shows that {needs[0]}; say what does with --evidence TEXT")


@command(writes=True)
def won(
    env: Env,
    account: AccountArg,
    arr: Annotated[
        str, typer.Option("--arr", metavar="AMOUNT", help="The ARR agreed on; never taken from the old one.")
    ],
    term_months: Annotated[
        int | None,
        typer.Option("--term-months", metavar="N", min=1, max=600, help="The new term (default: as before)."),
    ] = None,
    signed_on: Annotated[
        str | None, typer.Option("--signed-on", metavar="DATE", help="When it was signed (default: today).")
    ] = None,
    contract: ContractOption = None,
    uplift: Annotated[
        str | None,
        typer.Option("--uplift", metavar="AMOUNT", help="Of the new ARR: price on the same units."),
    ] = None,
    expansion: Annotated[
        str | None,
        typer.Option("--expansion", metavar="AMOUNT", help="Of the new ARR: more units or products."),
    ] = None,
    early: Annotated[bool, typer.Option("--early", help="Signed ahead of schedule (OPP-4).")] = False,
    starts_on: Annotated[
        str | None,
        typer.Option(
            "--starts-on", metavar="DATE", help="When the new term begins (default: as the old ends)."
        ),
    ] = None,
    successor: Annotated[
        str | None,
        typer.Option("--successor", metavar="ID", help="A new contract takes this one's place."),
    ] = None,
) -> None:
    """Record a renewal as won and open its next cycle."""
    signed = day(signed_on, "--signed-on") if signed_on else env.as_of
    begins = day(starts_on, "--starts-on") if starts_on else None

    def decide(portfolio: Portfolio) -> tuple[Account, Contract, "Closing"]:
        of = find_account(portfolio, account)
        contracts = contracts_of(portfolio, of)
        renewal = pick_contract(of, contracts, contract)
        base = env.policy.base_currency
        minor, currency = amount_of("arr", arr, renewal, of, base)
        up, more = (
            None if text is None else _part(name, text, currency)
            for name, text in (("uplift", uplift), ("expansion", expansion))
        )
        kind = "early" if early or begins is not None or of.early_on is not None else "renewal"
        said = lifecycle.Win(
            minor, currency, term_months, signed, kind, begins, up, more, _successor(portfolio, successor)
        )
        found = lifecycle.won(
            of, contracts, renewal, _outcomes(portfolio, of), said, env.as_of,
            portfolio.next_no("outcome"), pinned(portfolio, of, renewal), agreed_of(portfolio, renewal),
            usual_term=env.policy.usual_term_months,
        )  # fmt: skip
        return of, renewal, allowed(found)

    with env.open() as portfolio:
        _, renewal, closing = decide(portfolio)
        if closing.changes:
            _not_again(env, renewal)  # asked before the portfolio is held for writing
        with portfolio.write("won", env.actor, env.as_of, dry_run=env.dry_run) as operation:
            of, _, closing = decide(portfolio)
            if not closing.changes and not (uplift is None and expansion is None):
                raise RefusedByRule(
                    "already-won",
                    f"the renewal was recorded as won on {closing.outcome.closed_on}, its parts with it",
                    f"take it back and say it anew: renewctl history {of.id}",
                )
            case = _open_save(portfolio, of)
            if closing.changes:
                operation.apply(closing.changes)
                operation.summary = f"{of.name}: {_words(closing)}"
                if case is not None:
                    from renewctl.cli.case import committed

                    committed(portfolio, operation, env, case, closing.outcome)
                refresh(portfolio, env.policy, env.as_of, [of.no])
    _report(env, of, closing)
    if closing.changes and case is not None:
        say(
            f"note: save s{case.no} of {safe(of.name)} is still open; the signature is on it as commitment\n"
            f"  what else has to be shown: renewctl save evidence s{case.no}"
        )


def _part(name: str, text: str, currency: str) -> int:
    """A part of the new ARR, in its currency."""
    sign = -1 if text.strip().startswith("-") else 1  # a price may go down
    return sign * amount_in(name, text.strip().removeprefix("-"), currency)


def _successor(portfolio: Portfolio, wanted: str | None) -> tuple[int, str] | None:
    """Number and id of the contract that takes the place of the one that ends."""
    if wanted is None:
        return None
    new_id = wanted.strip()
    if not new_id:
        raise UsageError("successor-missing", "--successor is blank", "name the new contract's id")
    if portfolio.value("SELECT no FROM contract WHERE id = ?", (new_id,)) is not None:
        raise RefusedByRule(
            "contract-exists",
            f"there is a contract {new_id} already",
            "give the new contract an id of its own",
        )
    return portfolio.next_no("contract"), new_id


def _not_again(env: Env, contract: Contract) -> None:
    """A contract won a moment ago is rarely won again: ask before another cycle is opened."""
    if contract.won_on is not None and abs((env.as_of - contract.won_on).days) <= 30 and not env.dry_run:
        env.confirm(
            f"{contract.id} was recorded as won on {contract.won_on} already; "
            f"record the renewal of {contract.renewal_on} as won too?"
        )


@command(writes=True)
def lost(
    env: Env,
    account: AccountArg,
    reason: Annotated[
        str, typer.Option("--reason", metavar="CODE", help="Why, in a word you count by: price, product …")
    ],
    competitor: Annotated[
        str | None, typer.Option("--competitor", metavar="NAME", help="To whom it was lost.")
    ] = None,
    lost_on: Annotated[
        str | None, typer.Option("--lost-on", metavar="DATE", help="When the customer decided.")
    ] = None,
    told_on: Annotated[
        str | None, typer.Option("--told-on", metavar="DATE", help="When we were told.")
    ] = None,
    contract: ContractOption = None,
) -> None:
    """Record a renewal as lost."""
    if not reason.strip():
        raise UsageError("reason-missing", "--reason is blank", "say why it was lost, such as --reason price")
    said = lifecycle.Loss(
        reason.strip(),
        competitor.strip() or None if competitor else None,
        day(lost_on, "--lost-on") if lost_on else None,
        day(told_on, "--told-on") if told_on else None,
    )
    with (
        env.open() as portfolio,
        portfolio.write("lost", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        of = find_account(portfolio, account)
        renewal = pick_contract(of, contracts_of(portfolio, of), contract, ended=True)
        closing = allowed(
            lifecycle.lost(
                of, renewal, _outcomes(portfolio, of), said, env.as_of, portfolio.next_no("outcome")
            )
        )
        ended = None
        if closing.changes:
            operation.apply(closing.changes)
            operation.summary = f"{of.name}: {_words(closing)}"
            ended = _open_save(portfolio, of)
            if any(each.state == "open" for each in contracts_of(portfolio, of)):
                ended = None
            if ended is not None:
                from renewctl.cli.case import lose

                lose(portfolio, operation, env, ended)
                operation.summary += f"; save s{ended.no} closed as lost"
            refresh(portfolio, env.policy, env.as_of, [of.no])
    _report(env, of, closing)
    if ended is not None:
        say(f"  save s{ended.no} closed as lost" + env.dry)


def _open_save(portfolio: Portfolio, account: Account) -> SaveCase | None:
    """The account's open save, if it has one."""
    found: list[SaveCase] = portfolio.values("save_case", "account_no = ?", (account.no,), "no")
    return case_file.open_one(found)


def _outcomes(portfolio: Portfolio, account: Account) -> list[Any]:
    return portfolio.values("outcome", "account_no = ?", (account.no,), "no")


def _words(closing: "Closing") -> str:
    """The closing in a line, without the account's name."""
    outcome = closing.outcome
    if outcome.result == "lost":
        to = f" to {outcome.competitor}" if outcome.competitor else ""
        return f"renewal of {outcome.renewal_on or 'unknown date'} lost{to}: {outcome.reason}"
    agreed = money.plain(outcome.arr_after_minor or 0, outcome.currency or "")
    old = ""
    if outcome.arr_before_minor is not None and outcome.arr_before_minor != outcome.arr_after_minor:
        old = f" (before: {money.plain(outcome.arr_before_minor, outcome.currency or '')})"
    how = "won in part" if outcome.result == "partial" else "won"
    notice = ""
    if closing.withdrawn_on is not None:
        notice = f"; cancellation notice of {closing.withdrawn_on} withdrawn"
    return f"renewal of {outcome.renewal_on} {how} at {agreed}{old}{notice}"


def _report(env: Env, account: Account, closing: "Closing") -> None:
    outcome, after = closing.outcome, closing.contract
    changed = bool(closing.changes)
    if env.json:
        emit(_document(account, closing, changed and not env.dry_run))
        return
    name = safe(account.name)
    if not changed:
        done = "lost" if outcome.result == "lost" else "won"
        say(f"{name}: recorded as {done} on {outcome.closed_on} already; nothing changed")
        return
    say(f"{name}: {safe(_words(closing))}" + env.dry)
    agreed = closing.agreed
    if agreed is not None and agreed.uplift_minor is not None and agreed.expansion_minor is not None:
        code = outcome.currency or ""
        up, more = money.plain(agreed.uplift_minor, code), money.plain(agreed.expansion_minor, code)
        say(f"  of the change: uplift {up}, expansion {more}")
    if outcome.result != "lost":
        say(f"  next: renews {after.renewal_on}, {after.term_months} months from {after.start_on}")
        if account.cancel_notice_on is not None and closing.withdrawn_on is None:
            say(
                f"  the cancellation notice of {account.cancel_notice_on} still stands; once withdrawn: "
                f"renewctl set {safe(account.id)} cancel_notice_date= --reason …"
            )


def _document(account: Account, closing: "Closing", changed: bool) -> dict[str, Any]:
    """`renewctl/outcome/1`."""
    outcome, after = closing.outcome, closing.contract
    currency = outcome.currency or ""

    following = None
    if outcome.result != "lost":
        following = {
            "contract": after.id,
            "cycle": after.cycle,
            "start_date": iso(after.start_on),
            "renewal_date": iso(after.renewal_on),
            "term_months": after.term_months,
            "stage": after.stage,
        }
    return {
        "schema": "renewctl/outcome/1",
        "account": account.id,
        "account_name": account.name,
        "contract": after.id,
        "cycle": outcome.cycle,
        "result": outcome.result,
        "closed_on": iso(outcome.closed_on),
        "renewal_date": iso(outcome.renewal_on),
        "arr_before": units(outcome.arr_before_minor, currency),
        "arr_after": units(outcome.arr_after_minor, currency),
        "currency": outcome.currency,
        "term_months": outcome.term_months,
        "reason": outcome.reason,
        "competitor": outcome.competitor,
        "lost_on": iso(outcome.lost_on),
        "told_on": iso(outcome.told_on),
        "cancel_notice_withdrawn": iso(closing.withdrawn_on),
        "kind": closing.agreed.kind if closing.agreed else None,
        "uplift": units(closing.agreed.uplift_minor, currency) if closing.agreed else None,
        "expansion": units(closing.agreed.expansion_minor, currency) if closing.agreed else None,
        "changed": changed,
        "next": following,
    }
