"""`save start`, `list`, `show`, `done`: cases at risk, from the flag to the last check-in."""

import re
from datetime import date, datetime
from typing import Annotated

import typer

from renewctl.cli.contract import emit
from renewctl.cli.options import AccountArg, Env, command, day, minutes, owned_by, say
from renewctl.core import case_file, case_items, case_report, opening, save_clock
from renewctl.core.model import KEPT_SAVES, SaveCase
from renewctl.core.policy import SCENARIOS, Policy
from renewctl.core.segment import in_force
from renewctl.errors import NotFound, RefusedByRule, UsageError
from renewctl.store.saves import cases, find_case, load_files, zone_of
from renewctl.views import save as view

SaveArg = Annotated[str, typer.Argument(metavar="SAVE", help="A save such as s3, or its account.")]
_FIRST_YEAR, _LAST_YEAR = 1900, 9000  # a check-in 90 days later must still be a date
_ITEM = re.compile(r"s?(\d{1,18})(?:\.(\d{1,9}))?(?:[- ]+([\w-]*))?", re.ASCII | re.IGNORECASE)


@command(writes=True)
def start(
    env: Env,
    account: AccountArg,
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="SCENARIO", help="One of: " + ", ".join(SCENARIOS))
    ] = None,
    flagged: Annotated[
        str | None,
        typer.Option("--flagged", metavar="DATE", help="When the risk was flagged (default: today)."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="The reason the customer gives.")] = None,
) -> None:
    """Open a save: the clock, the steps, their owners."""
    from renewctl.store.agenda import load_book, refresh, renewals_per_quarter
    from renewctl.store.lookup import find_account

    chosen = None if scenario is None else near(scenario, env.policy, "--scenario")
    policy = env.policy
    zone = zone_of(policy)
    with env.open() as portfolio:
        found = find_account(portfolio, account)
        if not in_force(found.status):
            raise RefusedByRule(
                "account-not-in-force",
                f"{found.name} is {found.status}: there is nothing left to save",
                "if that is wrong, set its status or import it again",
            )
        flag = flag_of(env, flagged)
        with portfolio.write(f"save start {found.id}", env.actor, env.as_of, dry_run=env.dry_run) as op:
            earlier = cases(portfolio, found.no)
            running = case_file.open_one(earlier)
            if running is not None:
                raise RefusedByRule(
                    "save-open",
                    f"{found.name} has the open save s{running.no} ({running.scenario}), "
                    f"flagged {running.flagged_on}; an account has one at a time",
                    f"renewctl save show s{running.no}",
                )
            if chosen is None:
                from renewctl.cli.save_suggest import proposed

                chosen = proposed(env, portfolio, found, reason)
            no = portfolio.next_no("save_case")
            book = load_book(portfolio, [found.no])
            renewal = case_file.renewal_of(
                f"s{no}", found, book.contracts.get(found.no, []), book.readings.get(found.no, []), policy,
                env.as_of, renewals_per_quarter(portfolio, env.policy),
            )  # fmt: skip
            case, changes = opening.open_case(
                no, found, renewal, chosen, flag, reason, env.actor, policy, env.as_of
            )
            op.apply(changes)
            op.summary = f"s{no}: {chosen} save of {found.name}, respond by {case.respond_by}"
            refresh(portfolio, policy, env.as_of, [found.no])
            opened = case_file.CaseFile(case, found, renewal, book.readings.get(found.no, []), {})
        report = case_report.Report(opened, policy, zone, env.as_of, env.now)
        cooling_on = opening.cooling_until(earlier, policy, env.as_of)
        _show(env, report, whole=True)
        if (kept := _watched(earlier, env)) is not None:
            say(
                view.note(
                    f"s{kept.no} of this account was {kept.state.replace('_', ' ')} on {kept.closed_on} "
                    f"and is still watched; a relapse keeps its history: "
                    f"renewctl save reopen s{kept.no} --reason …"
                )
            )
        for remark in opening.remarks(case, found, renewal, policy, cooling_on):
            say(view.note(remark))
    if env.dry_run:
        say("dry run: nothing was written")


def _watched(earlier: list[SaveCase], env: Env) -> SaveCase | None:
    """SAV-10: the latest save of an account, while its customer is still looked after."""
    last = earlier[-1] if earlier else None
    if last is None or last.state not in KEPT_SAVES or last.closed_on is None:
        return None
    return last if env.as_of <= case_items.attention_until(last.closed_on, env.policy) else None


@command()
def list_(
    env: Env,
    closed: Annotated[bool, typer.Option("--all", help="Closed saves too.")] = False,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only saves of this person; `me` is you.")
    ] = None,
) -> None:
    """List the saves, the most urgent first."""
    zone = zone_of(env.policy)
    with env.open() as portfolio:
        wanted = owned_by(env, portfolio, owner)
        found = cases(portfolio, closed=closed)
        files = load_files(portfolio, env.policy, env.as_of, found) if found else []
    reports = [
        case_report.Report(each, env.policy, zone, env.as_of, env.now)
        for each in files
        if wanted is None or each.case.owner in wanted
    ]
    reports.sort(key=case_report.urgency)
    if env.json:
        from renewctl.views.save_document import list_document

        emit(list_document(reports, env.as_of, env.policy.base_currency))
    else:
        view.show_list(reports)


@command()
def show(
    env: Env,
    save: SaveArg,
    whole: Annotated[bool, typer.Option("--all", help="Every step in full, on a terminal too.")] = False,
) -> None:
    """Show one save with its steps and clock."""
    with env.open() as portfolio:
        [opened] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
    _show(env, case_report.Report(opened, env.policy, zone_of(env.policy), env.as_of, env.now), whole=whole)


@command(writes=True)
def done(
    env: Env,
    item: Annotated[list[str], typer.Argument(metavar="ITEM", help="As `save show` has it: s3-call.")],
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="Time it took, such as 0.5.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What came of it.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help="When it was, such as 2026-03-10T15:30.")
    ] = None,
) -> None:
    """Mark a step of a save as done."""
    from renewctl.cli.case import instant
    from renewctl.cli.item import close as close_item

    text = " ".join(item).strip()
    match = _ITEM.fullmatch(text)
    if match is None:
        raise NotFound(
            "no-such-item", f"no step of a save is called {text!r}", "see them: renewctl save show SAVE"
        )
    cycle = f".{match[2]}" if match[2] else ""
    named = f"s{match[1]}{cycle}-{(match[3] or '').lower()}"
    close_item(env, named, "done", note, minutes(hours), None, at=instant(env, at, "--at"))


def near(given: str, policy: Policy, option: str) -> str:
    """The playbook meant, or exit 2 naming all there are: the six, and what a policy adds."""
    known = [*SCENARIOS, *(name for name in policy.playbooks if name not in SCENARIOS)]
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    if folded in known:
        return folded
    from difflib import get_close_matches

    close = get_close_matches(folded, known, 1, 0.5) or [
        name for name in known if folded and (name.startswith(folded) or folded in name)
    ]
    hint = f"did you mean: {option} {close[0]}" if len(close) == 1 else f"give one of them with {option}"
    raise UsageError("unknown-scenario", f"{option} {given}: not one of {', '.join(known)}", hint)


def flag_of(env: Env, given: str | None) -> tuple[date, str, str]:
    """(flagged_on, flagged_at, respond_by) of `--flagged`: a date, or a time such as 2026-03-10T15:30."""
    zone = zone_of(env.policy)
    at: datetime | None = None
    if given is None:
        on = env.as_of
    elif "T" in given:
        try:
            at = datetime.fromisoformat(given)
            at = at.replace(tzinfo=zone) if at.tzinfo is None else at
            on = at.astimezone(zone).date()
        except (ValueError, OverflowError):
            on = day(given, "--flagged")
    else:
        on = day(given, "--flagged")
    if not _FIRST_YEAR <= on.year <= _LAST_YEAR:
        raise UsageError("bad-date", f"--flagged {on}: out of range", "give the day the risk was seen")
    if on > env.as_of:
        raise UsageError(
            "flagged-in-the-future",
            f"--flagged {given} is after {env.as_of}, the day reckoned from",
            "give the day the risk was seen",
        )
    return (on, *save_clock.clock(on, env.policy, zone, at))


def _show(env: Env, report: case_report.Report, *, whole: bool = False) -> None:
    if env.json:
        from renewctl.views.save_document import document

        emit(document(report))
    else:
        view.show(report, whole=whole)
