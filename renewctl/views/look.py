"""The list of accounts as a table, plain lines, CSV, Markdown and JSON."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.model import Because, Problem
from renewctl.views.terminal import aligned, coloured, not_shown, put_lines, safe, width

_NAMED = 5  # names shown in a remark before "and N more"


class Line(NamedTuple):
    """One account of the list. Amounts in minor units: `arr` of `currency`, `arr_base` of the base's."""

    id: str
    name: str
    status: str | None
    in_force: bool
    arr_minor: int | None
    currency: str
    arr_base_minor: int | None
    segment: str | None
    score: float | None
    band: str | None
    missing: tuple[str, ...]
    opportunity: str
    touch: str
    owner: str | None
    owner_role: str
    stage: str | None
    renewal_on: date | None
    days: int | None  # to the renewal
    contracts: int
    guard: bool
    problems: tuple[Problem, ...]
    lost: bool = False  # every contract of it was
    flagged_on: date | None = None  # HLT-3; asked for by JSON only


class Listing(NamedTuple):
    """What `list` shows; `left_out` lines are not among `lines`. Totals cover every account that passed."""

    as_of: date
    lines: Sequence[Line]
    left_out: int
    accounts: int
    arr_base_minor: int
    active: int  # accounts in force
    active_arr_base_minor: int
    base_currency: str
    remarks: Sequence[Because]  # TCH-4 over the portfolio
    every: Sequence[Line]  # the ones left out too


HEADINGS = (
    "ID", "ACCOUNT", "ARR", "SEGMENT", "HEALTH", "TYPE", "TOUCH", "OWNER", "STAGE", "RENEWS", "DAYS",
)  # fmt: skip
_RIGHT = frozenset({2, 10})
_NARROW = (1, 2, 3, 4, 5, 7, 10)  # columns of a terminal of 80
_WIDE = 150  # columns from which all of them fit
_STYLES = {"green": "green", "yellow": "yellow", "red": "bold red"}


def _cells(line: Line) -> tuple[str, ...]:
    """One account as harmless words, in the order of HEADINGS."""
    health = "unknown" if line.score is None else f"{line.band} {line.score:g}"
    return (
        safe(line.id),
        safe(line.name) if line.in_force else f"{safe(line.name)} ({_why_not(line)})",
        "unknown" if line.arr_minor is None else money.plain(line.arr_minor, line.currency),
        line.segment or "unsegmented",
        health,
        line.opportunity,
        line.touch,
        safe(line.owner) if line.owner else "unowned",
        line.stage or "none",
        line.renewal_on.isoformat() if line.renewal_on else "unknown",
        "" if line.days is None else str(line.days),
    )


def _why_not(line: Line) -> str:
    """Why an account is not in force."""
    return "lost" if line.lost else safe(line.status)


def plain(listing: Listing) -> None:
    """Aligned lines without colour, for pipes."""
    rows = [HEADINGS, *(_cells(line) for line in listing.lines)]
    sys.stdout.writelines(line + "\n" for line in aligned(rows, _RIGHT))


def table(listing: Listing) -> None:
    """A table for a person at a terminal, followed by what is left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    wide = width() >= _WIDE
    columns = range(len(HEADINGS)) if wide else _NARROW
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2 if wide else 1, 0, 0))
    for at in columns:
        shown.add_column(
            Text(HEADINGS[at]),
            justify="right" if at in _RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=14 if at == 1 else None,
        )
    for line in listing.lines:
        cells = _cells(line)
        dim = "" if line.in_force else "dim"
        styles = {4: _STYLES.get(line.band or "", ""), 5: "bold red" if line.opportunity == "at_risk" else ""}
        shown.add_row(*(Text(cells[at], style=dim or styles.get(at, "")) for at in columns))
    console = Console(
        width=width(), markup=False, highlight=False, emoji=False, no_color=not coloured(), soft_wrap=False
    )
    console.print(shown)
    if listing.left_out:
        sys.stdout.write(
            f"… and {listing.left_out:,} more: give --limit 0, or narrow with --owner, --segment\n"
        )
    if not wide:
        missing = [each for at, each in enumerate(HEADINGS) if at not in _NARROW]
        put_lines([not_shown(missing, _WIDE, "--format csv")])


def markdown(listing: Listing) -> None:
    """A Markdown table whose cells are text and nothing else."""
    marks = ["---:" if at in _RIGHT else "---" for at in range(len(HEADINGS))]
    rows = [HEADINGS, marks, *([_inert(cell) for cell in _cells(line)] for line in listing.lines)]
    sys.stdout.writelines(f"| {' | '.join(row)} |\n" for row in rows)


def _inert(cell: str) -> str:
    """A cell in which Markdown and HTML read no markup."""
    for sign in "\\`*_{}[]()#|!~":
        cell = cell.replace(sign, "\\" + sign)
    return cell.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def csv_rows(listing: Listing) -> list[tuple[object, ...]]:
    """Heading and rows as values: amounts in currency units, dates ISO, None for unknown."""
    head = (
        "id", "name", "status", "arr", "currency", "arr_base", "segment", "health_score", "health_band",
        "opportunity", "touch", "owner", "owner_role", "stage", "renewal_date", "days_to_renewal",
    )  # fmt: skip
    base = listing.base_currency
    rows = [
        (
            line.id, line.name, line.status, _units(line.arr_minor, line.currency), line.currency,
            _units(line.arr_base_minor, base), line.segment, line.score, line.band, line.opportunity,
            line.touch, line.owner, line.owner_role, line.stage,
            line.renewal_on.isoformat() if line.renewal_on else None, line.days,
        )
        for line in listing.lines
    ]  # fmt: skip
    return [head, *rows]


def _units(minor: int | None, currency: str) -> int | float | None:
    return None if minor is None else money.to_units(minor, currency)


def remarks(listing: Listing) -> list[str]:
    """The total, and what in the list needs a person's hand: for stderr."""
    total = money.plain(listing.active_arr_base_minor, listing.base_currency)
    plural = "account" if listing.active == 1 else "accounts"
    out = [f"{listing.active:,} {plural} in force, {total}"]
    if listing.accounts > listing.active:
        out[0] += f"; {listing.accounts - listing.active:,} not in force"
    groups = (
        ("no segment", "set ACCOUNT arr=AMOUNT --reason …", [e for e in listing.every if e.segment is None]),
        ("no owner", "set ACCOUNT csm=NAME", [e for e in listing.every if e.owner is None]),
        ("no renewal date", "set ACCOUNT renewal_date=DATE --reason …",
         [e for e in listing.every if e.renewal_on is None]),
        ("too little health data for a band", "import FILE --kind health",
         [e for e in listing.every if e.band is None]),
    )  # fmt: skip
    for what, how, found in groups:
        kept = [line for line in found if line.in_force]
        if kept:
            names = ", ".join(safe(line.name) for line in kept[:_NAMED])
            more = f" and {len(kept) - _NAMED:,} more" if len(kept) > _NAMED else ""
            out.append(f"{what}: {names}{more}; mend with: renewctl {how}")
    rates = sorted({e.value for line in listing.lines for e in line.problems if e.code == RATE})
    if rates:
        out.append(f"no rate for {', '.join(map(safe, rates))}: add it under [rates] in the policy")
    out += [f"{each.observed}; {each.threshold} ({each.rule})" for each in listing.remarks]
    return out


RATE = "currency-without-rate"


def document(listing: Listing) -> dict[str, Any]:
    """`renewctl/list/1`."""
    base = listing.base_currency
    return {
        "schema": "renewctl/list/1",
        "as_of": listing.as_of.isoformat(),
        "accounts": [_entry(line, base) for line in listing.lines],
        "totals": {
            "accounts": listing.accounts,
            "arr_base": money.to_units(listing.arr_base_minor, base),
            "currency": base,
            "in_force": {
                "accounts": listing.active,
                "arr_base": money.to_units(listing.active_arr_base_minor, base),
            },
        },
        "problems": [
            {"account": line.id, "code": code, "message": message}
            for line in listing.every
            for code, message in _problems(line)
        ],
        "warnings": [each._asdict() for each in listing.remarks],
    }


def _entry(line: Line, base: str) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "status": line.status,
        "in_force": line.in_force,
        "arr": _units(line.arr_minor, line.currency),
        "currency": line.currency,
        "arr_base": _units(line.arr_base_minor, base),
        "segment": line.segment,
        "health": {
            "score": line.score,
            "band": line.band,
            "missing": list(line.missing),
            "flagged_on": line.flagged_on.isoformat() if line.flagged_on else None,
        },
        "opportunity": line.opportunity,
        "touch": line.touch,
        "owner": line.owner,
        "owner_role": line.owner_role,
        "stage": line.stage,
        "renewal_date": line.renewal_on.isoformat() if line.renewal_on else None,
        "days_to_renewal": line.days,
        "contracts": line.contracts,
        "over_engineering_guard": line.guard,
    }


def _problems(line: Line) -> list[tuple[str, str]]:
    """What keeps an account from being worked as it should, each with its code."""
    if not line.in_force:
        return []
    found = [(each.code, each.message) for each in line.problems]
    if line.segment is None and not found:
        found.append(("arr-unknown", "no open contract with an ARR, so no segment"))
    if line.owner is None:
        found.append(("unowned", "nobody owns this renewal"))
    if line.renewal_on is None:
        found.append(("renewal-date-unknown", "no renewal date, so no agenda"))
    if line.band is None:
        found.append(("health-unknown", "under half of the health weight is known: collect health"))
    return found
