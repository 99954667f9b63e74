"""What to move where somebody has more planned than hours: only suggestions, each with its hours.

Three kinds, tried in this order: a whole account to somebody of the same role with room (first for those
overloaded for several weeks, else last), a single internal step to such a person in its own week, and an
internal step done in an earlier week. What the customer sees keeps its day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.capacity import Board
from renewctl.core.due import Item
from renewctl.core.policy import Policy
from renewctl.core.team import Work

_NOT_MOVED = frozenset({"past_due", "notice", "catch_up"})  # kinds that say when, not what


class Move(NamedTuple):
    """One suggestion. Weeks are Mondays."""

    kind: str  # account | step | earlier
    person: str
    to: str  # the same person for `earlier`
    account_id: str
    account_name: str
    items: tuple[str, ...]
    title: str  # of a step
    minutes: int  # that change hands or weeks, inside the weeks looked at
    relieves: int  # minutes of overload it removes
    week_on: date  # the week of a step, or the first one relieved
    to_week_on: date


class Relief(NamedTuple):
    """Suggestions in order, and what no suggestion could remove: (person, week, minutes)."""

    moves: tuple[Move, ...]
    left: tuple[tuple[str, date, int], ...]


def role_of(item: Item) -> str:
    """The role somebody needs for an item; for one who stands in it is the CSM's."""
    if item.who.delegate:
        return "csm"
    return item.who.role if item.who.role != "owner" else str(getattr(item.renewal, "owner_role", "csm"))


class _Team:
    """Planned minutes by person and week, as the suggestions so far would leave them."""

    def __init__(self, board: Board) -> None:
        self.weeks = board.weeks
        self.planned: dict[str, list[int]] = {}
        self.available: dict[str, list[int]] = {}
        self.order: list[str] = []
        for load in board.people:
            if load.person is not None:
                self.order.append(load.person)
                self.planned[load.person] = [week.planned for week in load.weeks]
                self.available[load.person] = [week.available for week in load.weeks]
        self.roles: dict[str, set[str]] = defaultdict(set)
        self.works: dict[str, list[tuple[int, Work]]] = defaultdict(list)
        for at, work in board.works:
            if work.item.who.person is not None:
                self.roles[work.item.who.person].add(role_of(work.item))
                self.works[work.item.who.person].append((at, work))

    def over(self, person: str, at: int) -> int:
        return max(0, self.planned[person][at] - self.available[person][at])

    def room(self, person: str, at: int) -> int:
        return self.available[person][at] - self.planned[person][at]

    def shift(self, person: str, at: int, to: str, to_at: int, minutes: int) -> None:
        self.planned[person][at] -= minutes
        self.planned[to][to_at] += minutes

    def others(self, person: str, roles: Iterable[str]) -> list[str]:
        """Who else acts in all of these roles, or has no work at all, the one with the most room first."""
        wanted = set(roles)
        found = [
            name
            for name in self.order
            if name != person and (wanted <= self.roles[name] or not self.roles[name])
        ]
        return sorted(found, key=lambda name: (sum(self.planned[name]) - sum(self.available[name]), name))


def relief(board: Board, policy: Policy) -> Relief:
    """Suggestions that remove the overloads of a board as far as anybody has room."""
    rules = policy.raw["capacity"]
    team = _Team(board)
    moves: list[Move] = []
    for person in team.order:
        weeks = [at for at in range(len(team.weeks)) if team.over(person, at)]
        moved: set[int] = set()
        if len(weeks) >= rules["account_weeks"]:
            moves += _accounts(team, person, moved)
        for at in weeks:
            moves += _steps(team, person, at, moved)
            moves += _earlier(team, person, at, rules["look_back_weeks"], moved)
        moves += _accounts(team, person, moved)
    left = [
        (person, team.weeks[at], team.over(person, at))
        for person in team.order
        for at in range(len(team.weeks))
        if team.over(person, at)
    ]
    return Relief(tuple(_merged(moves)), tuple(left))


def _merged(moves: Sequence[Move]) -> list[Move]:
    """Single steps go with their account where the whole of it goes to the same person."""
    whole = {_way(move): move for move in moves if move.kind == "account"}
    found: list[Move] = []
    for move in moves:
        into = whole.get(_way(move))
        if move.kind == "step" and into is not None:
            whole[_way(move)] = into._replace(
                items=into.items + move.items,
                minutes=into.minutes + move.minutes,
                relieves=into.relieves + move.relieves,
                week_on=min(into.week_on, move.week_on),
                to_week_on=min(into.to_week_on, move.week_on),
            )
        elif move.kind != "account":
            found.append(move)
    return [*whole.values(), *found]


def _way(move: Move) -> tuple[str, str, str]:
    return move.person, move.to, move.account_id


def _accounts(team: _Team, person: str, moved: set[int]) -> list[Move]:
    """Whole accounts to whoever has room in every week of theirs, those that relieve most first."""
    if not any(team.over(person, at) for at in range(len(team.weeks))):
        return []
    by_account: dict[int, list[tuple[int, Work]]] = defaultdict(list)
    for at, work in team.works[person]:
        if id(work) not in moved:
            by_account[work.item.renewal.account_no].append((at, work))
    loads = {no: _by_week(works) for no, works in by_account.items()}

    def eased(load: dict[int, int]) -> int:
        return sum(min(minutes, team.over(person, at)) for at, minutes in load.items())

    found = []
    for no in sorted(loads, key=lambda no: (-eased(loads[no]), no)):
        load, relieves = loads[no], eased(loads[no])
        if not relieves:
            continue
        works = by_account[no]
        roles = {role_of(work.item) for _, work in works}
        to = next(
            (
                name
                for name in team.others(person, roles)
                if all(team.room(name, at) >= minutes for at, minutes in load.items())
            ),
            None,
        )
        if to is None:
            continue
        first = min(at for at, minutes in load.items() if team.over(person, at))
        for at, minutes in load.items():
            team.shift(person, at, to, at, minutes)
        moved.update(id(work) for _, work in works)
        renewal, week_on = works[0][1].item.renewal, team.weeks[first]
        items = tuple(work.item.item for _, work in works)
        found.append(
            Move(
                "account", person, to, renewal.account_id, renewal.account_name, items, "",
                sum(load.values()), relieves, week_on, week_on,
            )
        )  # fmt: skip
    return found


def _by_week(works: Iterable[tuple[int, Work]]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for at, work in works:
        found[at] += work.minutes
    return {at: minutes for at, minutes in found.items() if minutes}


def _inside(team: _Team, person: str, at: int, moved: set[int]) -> list[Work]:
    """The internal steps of a week that may go elsewhere, the longest first."""
    found = [
        work
        for week, work in team.works[person]
        if week == at
        and id(work) not in moved
        and work.minutes
        and not work.auto
        and work.item.task.channel == "internal"
        and work.item.task.kind not in _NOT_MOVED
    ]
    return sorted(found, key=lambda work: (-work.minutes, work.item.item))


def _steps(team: _Team, person: str, at: int, moved: set[int]) -> list[Move]:
    found = []
    for work in _inside(team, person, at, moved):
        over = team.over(person, at)
        if not over:
            break
        others = team.others(person, {role_of(work.item)})
        to = next((name for name in others if team.room(name, at) >= work.minutes), None)
        if to is not None:
            found.append(_move("step", team, work, over, to, at, at, moved))
    return found


def _earlier(team: _Team, person: str, at: int, back: int, moved: set[int]) -> list[Move]:
    found = []
    for work in _inside(team, person, at, moved):
        over = team.over(person, at)
        if not over:
            break
        weeks = range(at - 1, max(-1, at - 1 - back), -1)
        to_at = next((week for week in weeks if team.room(person, week) >= work.minutes), None)
        if to_at is not None:
            found.append(_move("earlier", team, work, over, person, at, to_at, moved))
    return found


def _move(
    kind: str, team: _Team, work: Work, over: int, to: str, at: int, to_at: int, moved: set[int]
) -> Move:
    item, person = work.item, work.item.who.person or ""
    team.shift(person, at, to, to_at, work.minutes)
    moved.add(id(work))
    return Move(
        kind, person, to, item.renewal.account_id, item.renewal.account_name, (item.item,), item.task.title,
        work.minutes, min(over, work.minutes), team.weeks[at], team.weeks[to_at],
    )  # fmt: skip
