"""`save team`, `evidence`, `note`, `close`, `reopen`: the life of one case."""

from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk, look, on_case
from renewctl.cli.contract import allowed, amount_as
from renewctl.cli.options import Env, command
from renewctl.cli.save import SaveArg, flag_of
from renewctl.core import case_file, cases, moments, plays
from renewctl.core.model import CLOSED_SAVES, Activity, Change
from renewctl.core.text import clean
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.saves import zone_of
from renewctl.views import save_case as view


@command(writes=True)
def team(
    env: Env,
    save: SaveArg,
    roles: Annotated[
        list[str] | None, typer.Argument(metavar="ROLE=PERSON", help="Such as engineering=rui.")
    ] = None,
) -> None:
    """Show who does what on a save, or give a role to a person for this case."""
    from renewctl.core.policy_schema import ROLES

    if not roles:

        def found(file: case_file.CaseFile) -> tuple[plays.CaseStep, ...]:
            return plays.planned(file, env.policy, zone_of(env.policy))

        look(
            env,
            save,
            lambda file: view.team_document(file, found(file), env.as_of),
            lambda file: view.show_team(file, found(file)),
        )
        return

    def work(desk: CaseDesk) -> str:
        said = []
        for each in roles:
            role, sign, person = each.partition("=")
            role, person = role.strip().lower().replace("-", "_"), clean(person)
            if role not in ROLES:
                raise UsageError("unknown-role", f"{role}: no role", f"roles are: {', '.join(ROLES)}")
            if not sign or not person:
                raise UsageError("person-missing", f"{role}: nobody is named", f"write {role}=PERSON")
            desk.note("team", role, person)
            ladder = env.policy.saves.approval_pct.keys() - {"csm"}
            may = " (does steps; who approves offers stands in [team] of the policy)"
            said.append(f"{role}: {person}" + (may if role in ladder else ""))
        return "\n".join(said)

    on_case(env, save, "team", work)


@command(writes=True)
def evidence(
    env: Env,
    save: SaveArg,
    criterion: Annotated[
        str | None,
        typer.Argument(metavar="CRITERION", help="commitment, root_cause, relationship or promises."),
    ] = None,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What shows it.")] = None,
) -> None:
    """Show how far the four measures of success are met, or record what shows one of them."""
    if criterion is None:
        look(
            env,
            save,
            lambda file: view.evidence_document(file, cases.evidence(file, env.as_of), env.policy, env.as_of),
            lambda file: view.show_evidence(file, cases.evidence(file, env.as_of), env.policy),
        )
        return
    name, said = criterion.strip().lower().replace("-", "_"), clean(text or "")
    if name not in cases.CRITERIA:
        from renewctl.views.account import word

        raise UsageError(
            "unknown-criterion",
            f"{criterion}: not one of {', '.join(cases.CRITERIA)}",
            f"renewctl save evidence {word(save)}",
        )
    if not said:
        raise UsageError("evidence-missing", f"{name}: nothing is said", "say what shows it")

    def work(desk: CaseDesk) -> str:
        if name == "promises":
            allowed(cases.may_carry(desk.file, env.as_of))
        desk.note("evidence", name, said)
        return f"{name}: {said}"

    on_case(env, save, "evidence", work)


@command(writes=True)
def note(
    env: Env,
    save: SaveArg,
    blocker: Annotated[
        str | None, typer.Option("--blocker", metavar="TEXT", help="What is in the way.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option("--decision", metavar="TEXT", help="The decision that is needed.")
    ] = None,
    cleared: Annotated[bool, typer.Option("--cleared", help="The blocker is out of the way.")] = False,
    taken: Annotated[
        str | None, typer.Option("--taken", metavar="TEXT", help="The decision that was taken.")
    ] = None,
    setback: Annotated[
        str | None, typer.Option("--setback", metavar="TEXT", help="What had held no longer does.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="The reason the customer gives.")
    ] = None,
) -> None:
    """Note what is in the way of a save, or the decision it needs; the stand-up shows both."""
    given = {"set": blocker, "asked": decision, "taken": taken, "setback": setback, "reason": reason}
    if not cleared and not any(given.values()):
        raise UsageError(
            "note-missing",
            "nothing to note",
            "give --blocker, --cleared, --decision, --taken, --setback or --reason",
        )
    if any(text is not None and not clean(text) for text in given.values()):
        raise UsageError("note-blank", "a note is blank", "write what it is")

    def work(desk: CaseDesk) -> str:
        said = []
        if blocker:
            desk.note("blocker", "set", clean(blocker))
            said.append(f"blocked: {clean(blocker)}")
        if cleared:
            standing = case_file.latest(desk.file.ledger, "blocker")
            if standing is not None and standing.name == "set":
                desk.note("blocker", "cleared")
                said.append("blocker cleared")
        if decision:
            desk.note("decision", "asked", clean(decision))
            said.append(f"decision needed: {clean(decision)}")
        if taken:
            desk.note("decision", "taken", clean(taken))
            said.append(f"decided: {clean(taken)}")
        if reason:
            desk.apply([cases.moved(desk.file.case, reason=clean(reason))])
            said.append(f"they say: {clean(reason)}")
        if setback:
            desk.apply(allowed(cases.setback(desk.file, clean(setback), desk.recorder())))
            said.append(f"set back: {clean(setback)}")
        return "\n".join(said)

    on_case(env, save, "note", work)


@command(writes=True)
def close(
    env: Env,
    save: SaveArg,
    result: Annotated[
        str, typer.Option("--result", metavar="RESULT", help="One of: " + ", ".join(CLOSED_SAVES))
    ],
    note: Annotated[str | None, typer.Option("--note", help="What decided it.")] = None,
    arr: Annotated[
        str | None, typer.Option("--arr", metavar="AMOUNT", help="ARR a partly saved customer goes on with.")
    ] = None,
) -> None:
    """Close a save with its result; saved only where all four measures are shown."""
    chosen, said = _result(result), clean(note or "")

    def work(desk: CaseDesk) -> str:
        if arr is not None:
            if chosen != "partly_saved":
                raise UsageError("arr-unasked", "--arr goes with --result partly_saved", "leave it out")
            desk.note("evidence", cases.KEPT_ARR, _kept(desk, arr))
        changes = allowed(cases.close(desk.file, chosen, said, env.policy, desk.recorder()))
        if not changes:
            return ""
        gone = [f"o{each.key[0]}" for each in changes if each.entity == "offer"]
        desk.operation.apply(changes)
        if said:
            desk.operation.apply([_noted(desk, said)])
        desk.reload()
        told = f"closed as {chosen} on {env.as_of}" + (f": {said}" if said else "")
        return told + (f"\noffers withdrawn with it: {', '.join(gone)}" if gone else "")

    on_case(env, save, "close", work, running=False)


def _kept(desk: CaseDesk, arr: str) -> str:
    """The ARR a customer goes on with, in words: less than was at stake, in the contract's currency at least.

    An amount without a currency is in that of the contract the save is about, as `won --arr` reads it.
    """
    from renewctl.core import money
    from renewctl.core.segment import base_minor

    file, policy, base = desk.file, desk.env.policy, desk.env.policy.base_currency
    which = desk.portfolio.values("contract", "no = ?", (file.renewal.contract_no or 0,))
    usual = (which[0].currency if which else None) or file.account.currency or base
    minor, currency = amount_as("arr", arr, usual)
    kept, at_stake = base_minor(minor, currency, policy), file.renewal.arr_base_minor
    if kept is None:
        raise RefusedByRule(
            "no-rate", f"--arr {arr}: the policy has no rate for {currency}",
            f"give it in {base}, or set [rates] {currency} in the policy",
        )  # fmt: skip
    if at_stake is not None and kept >= at_stake:
        told = money.plain(kept, base) if currency != base else arr
        raise UsageError(
            "arr-not-less",
            f"--arr {arr}: {told} is no less than the {money.plain(at_stake, base)} that was at stake",
            "give what is kept of it a year",
        )
    said = money.plain(minor, currency)
    return said if currency == base else f"{said} ({money.plain(kept, base)})"


def _noted(desk: CaseDesk, said: str) -> Change:
    case, no = desk.file.case, desk.portfolio.next_no("activity")
    made = Activity(no, case.account_no, case.contract_no, desk.env.as_of, "note", said, None, desk.env.actor)
    return Change("activity", (no,), case.account_no, None, made._asdict())


def _result(given: str) -> str:
    """The result meant, or exit 2 naming the four."""
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    if folded not in CLOSED_SAVES:
        four = ", ".join(CLOSED_SAVES)
        raise UsageError(
            "unknown-result", f"--result {given}: not one of {four}", "renewctl save close --help"
        )
    return folded


@command(writes=True)
def reopen(
    env: Env,
    save: SaveArg,
    reason: Annotated[str, typer.Option("--reason", help="How the customer relapsed.")],
    flagged: Annotated[
        str | None, typer.Option("--flagged", metavar="DATE", help="When it was seen (default: today).")
    ] = None,
) -> None:
    """Open a kept save again after a relapse, with its history: the clock starts anew."""
    said = clean(reason)
    if not said:
        raise UsageError("reason-missing", "--reason is blank", "say how they relapsed")
    flag = flag_of(env, flagged)

    def work(desk: CaseDesk) -> str:
        other = case_file.open_one(
            desk.portfolio.values("save_case", "account_no = ?", (desk.file.case.account_no,))
        )
        if other is not None and other.no != desk.file.case.no:
            raise RefusedByRule(
                "save-open", f"the account has the open save s{other.no}", f"renewctl save show s{other.no}"
            )
        desk.apply(allowed(cases.reopen(desk.file, said, flag, env.policy, desk.recorder())))
        until = f"{moments.local_text(flag[2], desk.zone)} {env.policy.time_zone}"
        return f"opened again: {said}\nrespond by {until}; its steps: renewctl save show s{desk.file.case.no}"

    on_case(env, save, "reopen", work, running=False)
