"""Which backups are a portfolio's own, and which of them to put back.

A folder may be shared: two portfolios of one name are told apart by the first operation of their logs.
"""

from contextlib import suppress
from datetime import date
from sqlite3 import Error
from typing import TYPE_CHECKING, NamedTuple

from renewctl.errors import InputRefused, RenewctlError
from renewctl.store.backup import folder_of, listing
from renewctl.store.examine import Examined, Facts, examine, facts_of, unfaithful

if TYPE_CHECKING:
    from renewctl.store.portfolio import Portfolio

# What reading a portfolio that may be damaged ends with.
_UNREADABLE = (RenewctlError, Error, ValueError, TypeError, ArithmeticError, LookupError, OSError)


class Choice(NamedTuple):
    """The newest backup that can be relied upon, and why newer ones were passed over."""

    found: Examined | None
    wrong: tuple[RenewctlError, ...]  # with newer ones
    others: int  # sound ones that are newer, of other portfolios of this name
    portfolios: int  # whose backups these may be, where the portfolio itself cannot say; else 1


def identity(path: str) -> Facts | None:
    """What a portfolio says of itself, whatever its state; None where it says nothing or is not there."""
    from renewctl.store.doctor_file import examined

    try:
        with examined(path, None, date.min) as subject:
            return None if subject.portfolio is None else identity_of(subject.portfolio)
    except _UNREADABLE:
        return None


def identity_of(portfolio: "Portfolio") -> Facts | None:
    """The same of one that is open, inside its `reading`."""
    try:
        facts = facts_of(portfolio)
    except _UNREADABLE:
        return None
    return facts if facts.first else None


def is_own(facts: Facts, ours: Facts | None) -> bool | None:
    """Whether a backup is of the portfolio that says `ours` of itself; None where nobody can tell."""
    if ours is None or not facts.first:
        return None
    return facts.same_line(ours)


def newest_sound(path: str, ours: Facts | None) -> Choice:
    """The newest backup of a portfolio that can be relied upon; never one of another of its name.

    `ours` is what it says of itself (`identity`). Where it says nothing, and the backups are of several
    portfolios, none is chosen. What a restore put aside comes last: somebody wanted to be rid of it.
    """
    wrong: list[RenewctlError] = []
    others = 0
    several = 1 if ours else portfolios(path)
    for copy in sorted(listing(path), key=lambda each: each.reason == "before-restore"):
        try:
            found = examine(copy.file)
            if is_own(found.facts, ours) is False:
                others += 1
                continue
            if found.stamped and (why := unfaithful(copy.file)):  # of others `examine` has asked already
                raise InputRefused("backup-damaged", f"{copy.file} cannot be relied upon: {why}")
        except RenewctlError as error:
            wrong.append(error)
            continue
        return Choice(found if several == 1 else None, tuple(wrong), others, several)
    return Choice(None, tuple(wrong), others, several)


def portfolios(path: str) -> int:
    """Of how many portfolios there are backups under the name of one, as sound ones say; at least 1."""
    lines: list[Facts] = []
    for copy in listing(path):
        with suppress(*_UNREADABLE):
            facts = examine(copy.file, wholly=False).facts
            if facts.first and not any(facts.same_line(each) for each in lines):
                lines.append(facts)
    return max(1, len(lines))


def default(path: str) -> Examined:
    """The backup that is put back where none is named. InputRefused where there is none, or no telling."""
    choice = newest_sound(path, identity(path))
    if choice.found is not None:
        return choice.found
    folder = folder_of(path)
    if choice.portfolios > 1:
        raise InputRefused(
            "several-portfolios",
            f"{folder} holds backups of {choice.portfolios} portfolios of this name, and {path} does not say "
            "which are its own",
            "see them: renewctl backup --list; then name one: renewctl restore FILE",
        )
    why = f"; {choice.wrong[0]}" if choice.wrong else ""
    if choice.others:
        why = f"; {choice.others:,} there of this name are of another portfolio" + why
    raise InputRefused(
        "no-backup", f"there is no sound backup of {path} in {folder}{why}", "name one: renewctl restore FILE"
    )


def advice(path: str) -> str:
    """How to have a portfolio back that is missing or cannot be read; "" where no backup bears its name."""
    found = sorted(listing(path), key=lambda each: each.reason == "before-restore")
    if not found:
        return ""
    if portfolios(path) > 1:
        return "put a backup back: renewctl restore FILE   (see them: renewctl backup --list)"
    return f"put a backup back: renewctl restore   (the newest: {found[0].file.name})"
