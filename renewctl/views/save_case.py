"""The root cause, the questions, the team, the four measures and the fight-or-let-go sheet of a save."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core import money, plays
from renewctl.core.cases import Evidence
from renewctl.core.due import item_id
from renewctl.core.model import SaveEvent
from renewctl.core.plays import CaseFile, CaseStep
from renewctl.core.policy import Policy
from renewctl.core.worth import Sheet
from renewctl.views.terminal import aligned, fit, fitted, put_lines, safe, width


def _whys(file: CaseFile) -> list[SaveEvent]:
    current = plays.round_of(file.ledger)
    return [each for each in file.ledger.events if each.kind == "why" and each.round == current]


def follows(file: CaseFile, before: Sequence[CaseStep], after: Sequence[CaseStep]) -> list[str]:
    """What answers have changed in the plan: steps that are to be done now, and those that are not needed."""
    was = {each.step: each.fate for each in before}
    changed = [each for each in after if each.fate != was.get(each.step) and each.state == "open"]
    subject, round_ = file.renewal.subject, plays.round_of(file.ledger)
    out = [
        f"  now to do: {each.due_on} {item_id(subject, round_, each.step)} {safe(each.owner)}: "
        f"{safe(each.title)}"
        for each in changed
        if each.fate == "active"
    ]
    dropped = [each.step for each in changed if each.fate == "dropped"]
    return [*out, f"  not needed: {', '.join(dropped)}"] if dropped else out


def show_whys(file: CaseFile, policy: Policy) -> None:
    """The chain of answers, the root cause, and those that the playbooks know."""
    case, subject = file.case, file.renewal.subject
    out = [f"{subject}  {safe(file.account.name)}: why do they want to leave?"]
    out.append(f'Stated reason: "{safe(case.reason)}"' if case.reason else "Stated reason: none noted")
    chain = [each for each in _whys(file) if each.name.isdecimal()]
    out += [f"  {each.name}. why? {safe(each.text)}" for each in chain]
    cause = plays.latest(file.ledger, "cause")
    if cause is not None:
        out.append(f"Root cause ({cause.name}): {safe(cause.text)}, {cause.happened_on}")
    else:
        left = policy.saves.whys - len(chain)
        if left > 0:
            out.append(f"{left} more to ask: renewctl save why {subject} --why TEXT")
        out += ["", "Where it may end (--root-cause CODE, or words of your own):"]
        rows = [
            (f"  {code}", safe(known.text), "" if known.scenario == case.scenario else f"→ {known.scenario}")
            for code, known in policy.playbook(case.scenario).root_causes.items()
        ]
        out += [line.rstrip() for line in aligned(rows)] if rows else []
    put_lines([part for line in out for part in fitted(line, "    ", width())])


def whys_document(file: CaseFile, policy: Policy, as_of: date) -> dict[str, Any]:
    """`renewctl/save-why/1`."""
    cause = plays.latest(file.ledger, "cause")
    return {
        "schema": "renewctl/save-why/1",
        "as_of": as_of.isoformat(),
        "save": file.renewal.subject,
        "scenario": file.case.scenario,
        "reason": file.case.reason,
        "whys": [{"why": each.name, "answer": each.text} for each in _whys(file)],
        "root_cause": None
        if cause is None
        else {"code": cause.name, "text": cause.text, "on": cause.happened_on.isoformat()},
        "root_causes": [
            {"code": code, **known._asdict()}
            for code, known in policy.playbook(file.case.scenario).root_causes.items()
        ],
    }


def show_questions(file: CaseFile, steps: Sequence[CaseStep]) -> None:
    """What the investigation asks, with the answers so far."""
    said = plays.findings(file.case, file.ledger)
    out = []
    for step in steps:
        for each in step.asks:
            known = said.get(each.key)
            choice = f" [{' | '.join(each.answers)}]" if each.answers else ""
            out.append(f"{each.key}: {safe(known)}" if known else f"{each.key}: ?{choice}")
            out += fitted(f"    {each.text} ({step.step})", "    ", width())
    if not out:
        out = ["This playbook asks nothing that steps hang on."]
    put_lines(out)


def questions_document(file: CaseFile, steps: Sequence[CaseStep], as_of: date) -> dict[str, Any]:
    """`renewctl/save-questions/1`."""
    said = plays.findings(file.case, file.ledger)
    return {
        "schema": "renewctl/save-questions/1",
        "as_of": as_of.isoformat(),
        "save": file.renewal.subject,
        "questions": [
            {
                "question": each.key,
                "text": each.text,
                "answers": list(each.answers),
                "step": step.step,
                "answer": said.get(each.key),
            }
            for step in steps
            for each in step.asks
        ],
    }


def show_team(file: CaseFile, steps: Sequence[CaseStep]) -> None:
    """Who does what on a save, with the open hours of each."""
    rows = [("PERSON", "ROLE", "OPEN", "HOURS")]
    for (person, role), (count, hours) in sorted(_load(steps).items()):
        rows.append((safe(person), role.replace("_", " "), str(count), f"{hours:g}"))
    out = [f"{file.renewal.subject}  {safe(file.account.name)}: {safe(file.case.owner)} coordinates", ""]
    put_lines(out + [fit(line, width()) for line in aligned(rows, frozenset({2, 3}))])


def _load(steps: Sequence[CaseStep]) -> dict[tuple[str, str], tuple[int, float]]:
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for step in steps:
        if step.fate == "active" and step.state in ("open", "snoozed"):
            role = step.owner_role + (" (stands in)" if step.delegate else "")
            count, hours = found[step.owner or "", role]
            found[step.owner or "", role] = count + 1, hours + step.effort
    return found


def team_document(file: CaseFile, steps: Sequence[CaseStep], as_of: date) -> dict[str, Any]:
    """`renewctl/save-team/1`."""
    return {
        "schema": "renewctl/save-team/1",
        "as_of": as_of.isoformat(),
        "save": file.renewal.subject,
        "coordinator": file.case.owner,
        "team": [
            {"person": person, "role": role, "open": count, "hours": hours}
            for (person, role), (count, hours) in sorted(_load(steps).items())
        ],
    }


def show_evidence(file: CaseFile, found: Sequence[Evidence], policy: Policy) -> None:
    """The four measures, each with what shows it or what is missing."""
    subject, out = file.renewal.subject, []
    for each in found:
        mark = "x" if not each.missing else " "
        out.append(f"[{mark}] {each.criterion.replace('_', ' ')}: {policy.saves.success[each.criterion]}")
        out.append(
            f"    {safe(each.text)}"
            if each.text and not each.missing
            else f"    missing: {safe(each.missing)}"
        )
    shown = sum(not each.missing for each in found)
    out.insert(0, f"{subject}  {safe(file.account.name)}: {shown} of the four proofs of SAV-6 shown")
    put_lines([part for line in out for part in fitted(line, "    ", width())])


def evidence_document(
    file: CaseFile, found: Sequence[Evidence], policy: Policy, as_of: date
) -> dict[str, Any]:
    """`renewctl/save-evidence/1`."""
    return {
        "schema": "renewctl/save-evidence/1",
        "as_of": as_of.isoformat(),
        "save": file.renewal.subject,
        "criteria": [
            {
                "criterion": each.criterion,
                "measure": policy.saves.success[each.criterion],
                "shown": not each.missing,
                "evidence": each.text,
                "missing": each.missing or None,
            }
            for each in found
        ],
    }


def show_worth(file: CaseFile | None, sheet: Sheet, base: str, *, json: bool) -> None:
    """The fight-or-let-go sheet: each figure with how it comes about."""
    if json:
        from renewctl.views.machine import emit

        emit(_worth_document(file, sheet, base))
        return

    def said(minor: int) -> str:
        return money.plain(minor, base)

    hours = f"{sheet.minutes / 60:g} h"
    out = [f"Work       {hours} x {said(sheet.rate_minor)} = {said(sheet.work_minor)}"]
    out.append(f"Concession {said(sheet.concession_minor)}")
    out.append(f"Cost       {said(sheet.cost_minor)}")
    if sheet.arr_minor is None or sheet.expected_minor is None:
        out.append("At stake   unknown: the account has no ARR on record; nothing is guessed")
    else:
        years = f"{sheet.years} year{'s' * (sheet.years > 1)}"
        out.append(
            f"At stake   {said(sheet.arr_minor)} x {float(sheet.chance_pct):g} % x {years} = "
            f"{said(sheet.expected_minor)}"
        )
        if sheet.break_even_pct is not None:
            out.append(f"Pays from  a chance of {float(sheet.break_even_pct):.1f} %")
        out.append(
            "On these figures it is worth the fight." if sheet.worth_it else "On these figures it is not."
        )
    if file is not None:
        out.append(
            f"Decide: renewctl save worth {file.renewal.subject} … --decide fight|let_go --reason TEXT"
        )
    put_lines(out)


def _worth_document(file: CaseFile | None, sheet: Sheet, base: str) -> dict[str, Any]:

    def units(minor: int | None) -> float | None:
        return None if minor is None else money.to_units(minor, base)

    return {
        "schema": "renewctl/save-worth/1",
        "save": file.renewal.subject if file else None,
        "currency": base,
        "hours": sheet.minutes / 60,
        "hour_cost": units(sheet.rate_minor),
        "work": units(sheet.work_minor),
        "concession": units(sheet.concession_minor),
        "cost": units(sheet.cost_minor),
        "arr_base": units(sheet.arr_minor),
        "chance_pct": float(sheet.chance_pct),
        "years": sheet.years,
        "expected": units(sheet.expected_minor),
        "break_even_pct": None if sheet.break_even_pct is None else float(sheet.break_even_pct),
        "worth_it": sheet.worth_it,
    }
