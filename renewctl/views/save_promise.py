"""Promises and service levels on a terminal and as JSON."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core.case_file import CaseFile
from renewctl.core.levels import Compliance
from renewctl.core.promises import Standing
from renewctl.views.terminal import aligned, fit, put_lines, safe, width

Promised = Sequence[tuple[CaseFile, Standing]]
Held = Sequence[tuple[CaseFile, Compliance]]


def show_promises(rows: Promised, as_of: date) -> None:
    """One line a promise, the missed first."""
    if not rows:
        put_lines(["Nothing is promised. Write it down with: renewctl save promise add SAVE TEXT --due DATE"])
        return
    cells = [("PROMISE", "SAVE", "STATE", "DUE", "OWNER", "WHAT")]
    for file, found in rows:
        each = found.promise
        cells.append(
            (
                f"p{each.no}", file.renewal.subject, _state(found, as_of), each.due_on.isoformat(),
                safe(each.owner),
                safe(each.text) + (f" (after p{found.waits_for})" if found.waits_for else ""),
            )
        )  # fmt: skip
    put_lines([fit(line, width()) for line in aligned(cells)])


def _state(found: Standing, as_of: date) -> str:
    if found.state == "missed":
        return f"MISSED {(as_of - found.promise.due_on).days} d"
    return {"broken": "BROKEN", "soon": "due soon", "late": "kept late"}.get(found.state, found.state)


def promises_document(rows: Promised, as_of: date) -> dict[str, Any]:
    """`renewctl/promises/1`."""
    return {
        "schema": "renewctl/promises/1",
        "as_of": as_of.isoformat(),
        "promises": [
            {"account": file.account.id, "save": file.renewal.subject, **promise(found)}
            for file, found in rows
        ],
    }


def promise(found: Standing) -> dict[str, Any]:
    """A promise with how it stands."""
    each = found.promise
    return {
        "promise": f"p{each.no}",
        "text": each.text,
        "to": each.to_whom,
        "due_on": each.due_on.isoformat(),
        "owner": each.owner,
        "chain": each.chain,
        "after": f"p{each.after_no}" if each.after_no else None,
        "made_on": each.made_on.isoformat(),
        "state": found.state,
        "settled_on": each.settled_on.isoformat() if each.settled_on else None,
        "evidence": each.evidence,
        "replaces": f"p{each.replaces_no}" if each.replaces_no else None,
    }


def show_levels(rows: Held) -> None:
    """One line a service level, with the counts of what was logged."""
    if not rows:
        put_lines(
            ["No service level is given. Give one with: renewctl save level add SAVE NAME TEXT --hours H"]
        )
        return
    cells = [("LEVEL", "SAVE", "MEASURE", "ASKED", "HELD", "LATE", "OPEN", "WHAT")]
    for file, (level, asked, held, late, waiting) in rows:
        hours = (
            f"{level.respond_minutes / 60:g} h" if level.respond_minutes else f"every {level.every_days} d"
        )
        cells.append(
            (
                f"l{level.no}", file.renewal.subject, hours, str(asked), str(held), str(late), str(waiting),
                f"{safe(level.name)}: {safe(level.text)}",
            )
        )  # fmt: skip
    put_lines([fit(line, width()) for line in aligned(cells, frozenset({3, 4, 5, 6}))])


def levels_document(rows: Held, as_of: date) -> dict[str, Any]:
    """`renewctl/service-levels/1`. Counts only; a share of few calls says little."""
    return {
        "schema": "renewctl/service-levels/1",
        "as_of": as_of.isoformat(),
        "levels": [
            {
                "level": f"l{level.no}",
                "account": file.account.id,
                "save": file.renewal.subject,
                "name": level.name,
                "text": level.text,
                "respond_minutes": level.respond_minutes,
                "every_days": level.every_days,
                "from_on": level.from_on.isoformat(),
                "until_on": level.until_on.isoformat() if level.until_on else None,
                "asked": asked,
                "held": held,
                "late": late,
                "open": waiting,
            }
            for file, (level, asked, held, late, waiting) in rows
        ],
    }
