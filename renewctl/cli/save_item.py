"""What `done`, `skip` and `snooze` mean for the items of a save."""

import re
from typing import TYPE_CHECKING

from renewctl.cli.case import CaseDesk
from renewctl.cli.options import Env
from renewctl.core import case_file, moments, plays
from renewctl.errors import RefusedByRule
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import load_files

if TYPE_CHECKING:
    from renewctl.cli.item import Found


def settle(env: Env, found: "re.Match[str]", state: str, reason: str | None, at: str | None) -> None:
    """A promise is kept or withdrawn, with what shows it; a call is answered. Neither is put off."""
    from renewctl.cli import save_level, save_promise

    save, name = f"s{found['save']}", f"{found['kind']}{found['no']}"
    if state == "snoozed" or (state == "skipped" and found["kind"] == "answer"):
        raise RefusedByRule(
            "promise-not-put-off",
            f"{name} has been promised to the customer; it is not put off",
            f"agree another day with them: renewctl save promise withdraw {name}, then add"
            if found["kind"] == "p"
            else f"answer: renewctl done s{found['save']}-{name}",
        )
    if found["kind"] == "answer":
        save_level.answered_now(env, save, int(found["no"]), at, reason)
    else:
        save_promise.settle(env, save, name, "kept" if state == "done" else "withdrawn", reason or "")


def check(portfolio: Portfolio, env: Env, found: "Found", state: str) -> None:
    """RefusedByRule where a step of a case cannot end so: it would leave the case where it is for good."""
    for case in portfolio.values("save_case", "no = ?", (found.subject[1:],)):
        book = env.policy.playbook(case.scenario)
        brings = next((play.state for play in book.steps if play.step == found.step), "")
        if state == "done" and brings == "diagnosed" and found.still_open:
            [file] = load_files(portfolio, env.policy, env.as_of, [case])
            if case_file.latest(file.ledger, "cause") is None:
                raise RefusedByRule(
                    "root-cause-missing",
                    f"{found.item} ends with the root cause, not with a tick (SAV-2)",
                    f"record it: renewctl save why s{case.no} --why TEXT … --root-cause CODE",
                )
        if state == "skipped" and brings in ("contacted", "diagnosed", "planned"):
            raise RefusedByRule(
                "step-not-skipped",
                f"{found.item}: no save comes further without it",
                f"renewctl done {found.item}, or end the save: renewctl save close s{case.no} --result lost",
            )


def went_on(
    portfolio: Portfolio, operation: Operation, env: Env, found: "Found", state: str, at: str | None
) -> str:
    """Bring the case forward after one of its steps was done; what to tell of it."""
    [case] = portfolio.values("save_case", "no = ?", (found.subject[1:],))
    [file] = load_files(portfolio, env.policy, env.as_of, [case])
    desk = CaseDesk(env, portfolio, operation, file, at)
    contact = plays.first_contact(env.policy.playbook(case.scenario).steps)
    if state == "done" and found.step == contact and case_file.latest(file.ledger, "contact") is None:
        _after_flag(desk, at)
        desk.note("contact", found.step, None, desk.at)
    passed = desk.forward()
    return "".join(f"; the save is {each} now" for each in passed[-1:])


def corrected(portfolio: Portfolio, operation: Operation, env: Env, found: "Found", at: str) -> str:
    """Put the hour of a first call right that is done already; what to tell of it."""
    [case] = portfolio.values("save_case", "no = ?", (found.subject[1:],))
    [file] = load_files(portfolio, env.policy, env.as_of, [case])
    desk = CaseDesk(env, portfolio, operation, file, at)
    told = case_file.latest(file.ledger, "contact")
    if found.step != plays.first_contact(env.policy.playbook(case.scenario).steps) or (
        told is not None and told.happened_at == at
    ):
        return f"{found.item} was already done; nothing changed"
    _after_flag(desk, at)
    desk.note("contact", found.step, "the hour was put right", at)
    operation.summary = f"{found.item}: first contact at {moments.local_text(at, desk.zone)}"
    return (
        f"{found.item}: the first contact was at {moments.local_text(at, desk.zone)} {env.policy.time_zone}"
    )


def _after_flag(desk: CaseDesk, at: str | None) -> None:
    """RefusedByRule for a first contact on a day before the risk was seen: it is no answer to it."""
    case = desk.file.case
    if at is not None and moments.local_on(at, desk.zone) < case.flagged_on:
        raise RefusedByRule(
            "contact-before-flag",
            f"s{case.no} was flagged on {case.flagged_on}; {moments.local_text(at, desk.zone)} is before",
            "check the day, or note that call with: renewctl log",
        )
