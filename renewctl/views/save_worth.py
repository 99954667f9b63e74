"""The fight-or-let-go sheet of a save."""

from typing import Any

from renewctl.core import money
from renewctl.core.case_file import CaseFile
from renewctl.core.worth import Sheet
from renewctl.views.terminal import put_lines


def show(file: CaseFile | None, sheet: Sheet, base: str) -> None:
    """The fight-or-let-go sheet: each figure with how it comes about."""

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


def document(file: CaseFile, sheet: Sheet, base: str) -> dict[str, Any]:
    """`renewctl/save-worth/1`."""

    def units(minor: int | None) -> float | None:
        return None if minor is None else money.to_units(minor, base)

    return {
        "schema": "renewctl/save-worth/1",
        "save": file.renewal.subject,
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
