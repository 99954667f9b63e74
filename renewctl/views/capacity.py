"""Weeks against hours, on a terminal, in a pipe and as `renewctl/capacity/1`.

Everybody at once is a heat bar a person, one sign a week; one person is a row a week.
"""

import sys
import textwrap
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.capacity import Board, PersonLoad, Week, shown_hours
from renewctl.core.relief import Move, Relief
from renewctl.views.terminal import aligned, cells, coloured, fit, is_terminal, padded, put_lines, safe, width

_BARS = " ▁▂▃▄▅▆▇█"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHOWN = 12  # suggestions on a terminal
_BAR = 20  # letters of a week's bar


class Told(NamedTuple):
    """What `capacity` shows; `who` names one person in every spelling, None is everybody."""

    as_of: date
    board: Board
    relief: Relief
    who: Collection[str] | None

    @property
    def people(self) -> list[PersonLoad]:
        """The rows asked for."""
        return [each for each in self.board.people if self.who is None or each.person in self.who]

    @property
    def moves(self) -> list[Move]:
        """The suggestions that take from or give to somebody asked for."""
        return [
            each
            for each in self.relief.moves
            if self.who is None or each.person in self.who or each.to in self.who
        ]

    @property
    def left(self) -> list[tuple[str, date, int]]:
        """What no suggestion removes, of those asked for."""
        return [each for each in self.relief.left if self.who is None or each[0] in self.who]


def show(told: Told) -> None:
    """The weeks, the overloaded ones marked, and what to move."""
    people = told.people
    if not people:
        sys.stdout.write("Nothing is planned for anybody.\n")
        return
    out = _weeks(people[0]) if told.who is not None else _heat(told)
    out += ["", *_suggested(told)]
    put_lines(out)


def _heat(told: Told) -> list[str]:
    weeks = told.board.weeks
    names = min(16, max(cells(_name(each)) for each in told.people))
    room = max(13, min(len(weeks), min(width(), 200) - names - 31))
    out = [
        f"{len(weeks)} weeks from {weeks[0]}, a sign each; ! is over the hours available",
        f"{'':<{names}}  {_ruler(told, room)}",
    ]
    for each in told.people:
        over = f"{each.over_weeks} over" if each.over_weeks else ""
        hours = f"{shown_hours(each.planned)} of {shown_hours(each.available)} h"
        bars = "".join(_sign(week) for week in each.weeks[:room])
        if each.person is None:
            over, hours = "nobody's", f"{shown_hours(each.planned)} h"
            bars = "".join("?" if week.planned else "·" for week in each.weeks[:room])
        out.append(f"{padded(fit(_name(each), names), names)}  {bars}  {hours:>17}  {over}".rstrip())
    if room < len(weeks):
        out.append(f"… {len(weeks) - room} more weeks do not fit: --owner NAME shows a row a week")
    return out


def _name(each: PersonLoad) -> str:
    return "unowned" if each.person is None else safe(each.person)


def _ruler(told: Told, room: int) -> str:
    """The months over the weeks in which they begin."""
    line = [" "] * (room + 3)
    last = None
    for at, monday in enumerate(told.board.weeks[:room]):
        if monday.month != last:
            if at == 0 or line[at - 1] == " ":
                line[at : at + 3] = _MONTHS[monday.month - 1]
            last = monday.month
    return "".join(line).rstrip()[: room + 3].ljust(room)


def _sign(week: Week) -> str:
    if week.over:
        return _red("!")
    if not week.planned:
        return "·"
    return _BARS[max(1, min(8, -(-week.planned * 8 // max(1, week.available))))]


def _red(text: str) -> str:
    return f"\x1b[1;31m{text}\x1b[0m" if coloured() else text


def _weeks(load: PersonLoad) -> list[str]:
    out = [f"{_name(load)}: {shown_hours(load.planned)} h planned of {shown_hours(load.available)} h"]
    rows = []
    for week in load.weeks:
        filled = min(_BAR, -(-week.planned * _BAR // max(1, week.available))) if week.planned else 0
        over = f"{shown_hours(week.over)} h over" if week.over else ""
        rows.append(
            (
                str(week.starts_on),
                f"{shown_hours(week.planned)}",
                f"of {shown_hours(week.available)} h",
                f"{week.items} item{'' if week.items == 1 else 's'}",
                "█" * filled + "·" * (_BAR - filled),
                over,
            )
        )
    return out + aligned(rows, frozenset({1, 2, 3}))


def _suggested(told: Told) -> list[str]:
    moves, left = told.moves, told.left
    if not moves and not left:
        return ["Nobody has more planned than hours: nothing to move."]
    columns = max(40, min(width(), 120))
    shown = moves[:_SHOWN] if is_terminal() else moves
    out = ["WHAT TO MOVE (suggestions; what the customer sees keeps its day)"] if moves else []
    for move in shown:
        out += textwrap.wrap(f"  {_told(move)}", columns, subsequent_indent="    ")
    if len(moves) > len(shown):
        out.append(f"  … and {len(moves) - len(shown):,} more: --json, or --owner NAME")
    if any(move.kind == "account" for move in moves):
        first = next(move for move in moves if move.kind == "account")
        words = _word(first.person), _word(first.to), _word(first.account_id)
        out.append("  hand an account over:")
        out.append("    renewctl reassign --from {} --to {} --account {}".format(*words))
    if left:
        hours = shown_hours(sum(minutes for _, _, minutes in left))
        names = ", ".join(dict.fromkeys(safe(person) for person, _, _ in left))
        weeks = len({monday for _, monday, _ in left})
        text = (
            f"Left over: {hours} h in {weeks} week{'' if weeks == 1 else 's'} ({names}): nobody of the same "
            "role has room for it; add hours, or make the plan leaner."
        )
        out += textwrap.wrap(text, columns)
    return out


def _word(text: str) -> str:
    shown = safe(text)
    return shown if shown.replace("-", "").replace("_", "").isalnum() else f"'{shown}'"


def _told(move: Move) -> str:
    hours, name = f"{shown_hours(move.minutes)} h", safe(move.account_name)
    eased = f"relieves {safe(move.person)} of {shown_hours(move.relieves)} h"
    if move.kind == "account":
        return (
            f"{name}, the whole account, to {safe(move.to)}: {hours}, {eased} from the week of {move.week_on}"
        )
    what = f"{safe(move.items[0])} {safe(move.title)} ({name}, {hours}, week of {move.week_on})"
    if move.kind == "step":
        return f"{what} to {safe(move.to)}: {eased}"
    return f"{what} in the week of {move.to_week_on} already: {eased}"


def document(told: Told) -> dict[str, Any]:
    """`renewctl/capacity/1`; hours with two decimals."""
    return {
        "schema": "renewctl/capacity/1",
        "as_of": told.as_of.isoformat(),
        "weeks": [monday.isoformat() for monday in told.board.weeks],
        "owners": [_load(each) for each in told.people],
        "moves": [_move(each) for each in told.moves],
        "left_over": [
            {"owner": person, "week": monday.isoformat(), "hours": _hours(minutes)}
            for person, monday, minutes in told.left
        ],
    }


def _hours(minutes: int) -> float:
    return round(minutes / 60, 2)


def _load(each: PersonLoad) -> dict[str, Any]:
    return {
        "owner": each.person,
        "planned_hours": _hours(each.planned),
        "available_hours": _hours(each.available),
        "overloaded_weeks": each.over_weeks,
        "weeks": [
            {
                "week": week.starts_on.isoformat(),
                "planned_hours": _hours(week.planned),
                "available_hours": _hours(week.available),
                "over_hours": _hours(week.over),
                "items": week.items,
            }
            for week in each.weeks
        ],
    }


def _move(each: Move) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "from": each.person,
        "to": each.to,
        "account": each.account_id,
        "account_name": each.account_name,
        "items": list(each.items),
        "title": each.title or None,
        "hours": _hours(each.minutes),
        "relieves_hours": _hours(each.relieves),
        "week": each.week_on.isoformat(),
        "to_week": each.to_week_on.isoformat(),
    }
