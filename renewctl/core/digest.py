"""The morning's digest of one person: what is owed in figures, the loudest first, then what is next."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from renewctl.core.due import BY_DAY, Item
from renewctl.core.policy import Policy


class Digest(NamedTuple):
    """One person's agenda in short. Items keep the agenda's order."""

    owner: str | None  # None: work that nobody owns
    as_of: date
    days: int
    overdue: int
    today: int
    ahead: int  # due later in the window
    renewals: int  # at stake in it
    arr_base_minor: int
    arr_unknown: int  # renewals among them whose ARR nobody knows
    loud: tuple[Item, ...]  # missed promises, save clocks, opt-out deadlines
    items: tuple[Item, ...]  # the others


def most_lines(policy: Policy) -> int:
    """The policy's `[digest]`: how many lines a digest has at most."""
    lines: int = policy.raw["digest"]["lines"]
    return lines


def digest(owner: str | None, items: Iterable[Item], as_of: date, days: int) -> Digest:
    """The digest of a person's items, which come in the agenda's order (DSH, SAV-9, ANCHOR).

    At stake is each renewal that has work in the window, once; of an account that is being saved, all of
    its ARR. Work that comes back all year (VAL) puts nothing at stake.
    """
    found = tuple(items)
    status = [item.status for item in found]
    worth = _at_stake(found)
    return Digest(
        owner,
        as_of,
        days,
        status.count("overdue"),
        status.count("today"),
        status.count("upcoming"),
        len(worth),
        sum(each or 0 for each in worth),
        sum(1 for each in worth if each is None),
        tuple(item for item in found if item.rank < BY_DAY),
        tuple(item for item in found if item.rank >= BY_DAY),
    )


def _at_stake(items: tuple[Item, ...]) -> list[int | None]:
    """The ARR of each renewal at stake; a save stands for every renewal of its account."""
    saved = {item.renewal.account_no: item.renewal for item in items if item.renewal.subject.startswith("s")}
    found = {(no, ""): of.arr_base_minor for no, of in saved.items()}
    for item in items:
        of = item.renewal
        if of.account_no not in saved and item.task.kind != "value":
            found[of.account_no, of.id] = of.arr_base_minor
    return list(found.values())
