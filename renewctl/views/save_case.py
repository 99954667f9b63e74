"""The team and the four measures of a save."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core.case_file import CaseFile
from renewctl.core.cases import Evidence
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Policy
from renewctl.views.terminal import aligned, fit, fitted, put_lines, safe, width


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
