"""The whys and the root cause of a save, and what its investigation asks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core import case_file
from renewctl.core.case_file import CaseFile
from renewctl.core.model import SaveEvent
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy
from renewctl.views.terminal import aligned, fitted, put_lines, safe, width


def _whys(file: CaseFile) -> list[SaveEvent]:
    current = case_file.round_of(file.ledger)
    return [each for each in file.ledger.events if each.kind == "why" and each.round == current]


def follows(file: CaseFile, before: Sequence[CaseStep], after: Sequence[CaseStep]) -> list[str]:
    """What answers have changed in the plan: steps they close, open, or make needless."""
    was = {each.step: each.fate for each in before}
    changed = [each for each in after if each.fate != was.get(each.step) and each.state == "open"]
    open_before = {each.step for each in before if each.state in ("open", "snoozed")}
    closed = [each.step for each in after if each.step in open_before and each.state == "done"]
    out = [f"  done with it: {', '.join(closed)}"] if closed else []
    out += [
        f"  now to do: {each.due_on} {file.item(each.step)} {safe(each.owner)}: {safe(each.title)}"
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
    cause = case_file.latest(file.ledger, "cause")
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
    cause = case_file.latest(file.ledger, "cause")
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
    said = case_file.findings(file.case, file.ledger)
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
    said = case_file.findings(file.case, file.ledger)
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
