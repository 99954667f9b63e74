"""What `doctor` asks of the backups: whether the newest is sound, and of this very portfolio."""

import os
from collections.abc import Iterator

from renewctl.errors import RenewctlError
from renewctl.store.backup import folder_of, listing
from renewctl.store.choose import identity_of, newest_sound, portfolios
from renewctl.store.doctor import Finding, Seen, Subject, counted
from renewctl.store.examine import Facts, examine
from renewctl.store.portfolio import Portfolio

_LISTED = 5  # of a portfolio that cannot be opened
_AGAIN = "make another: renewctl backup"
_SEE = "see them all: renewctl backup --list"


def backups(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether the newest backup is of this very portfolio: the end of its log is a link of the chain here.

    Of a portfolio that cannot be opened the backups are told one by one.
    """
    path = subject.path or subject.opened.path
    if subject.portfolio is None:
        yield from _to_put_back(path, seen)
        return
    portfolio = subject.portfolio
    if not listing(path):
        seen.text = "none"
        if portfolio.value("SELECT 1 FROM operation LIMIT 1"):
            yield Finding("no-backup", "the backups", "there is none", "make one: renewctl backup", True)
        return
    choice = newest_sound(path, identity_of(portfolio))
    for error in choice.wrong:
        yield Finding("backup-unsound", "the backups", error.message, _AGAIN)
    if choice.found is not None:
        name, held = choice.found.file.name, choice.found.facts
        seen.text = f"the newest is {name}, up to operation {held.newest[0] if held.newest else 0}"
        yield from _compared(portfolio, path, name, held)
    elif choice.others:
        seen.text = "none of this portfolio"
        yield _only_others(choice.others)
    else:
        seen.text = "none that is sound"


def _only_others(count: int) -> Finding:
    """A folder that somebody named may be shared; in a portfolio's own it is a sign that it was replaced."""
    shared = bool(os.environ.get("RENEWCTL_BACKUPS"))
    what = f"{counted(count, 'sound backup')} of this name, of another portfolio: no operation is the same"
    how = "make one of this portfolio: renewctl backup" if shared else _SEE
    return Finding("not-of-the-backup", "the backups", what, how, shared)


def _compared(portfolio: Portfolio, path: str, name: str, held: Facts) -> Iterator[Finding]:
    seq = held.newest[0] if held.newest else 0
    here = portfolio.value("SELECT digest FROM operation WHERE seq = ?", (seq,)) if seq else held.head
    if here == held.head or not held.head:  # one of an older schema has no digests
        return
    last = portfolio.value("SELECT MAX(seq) FROM operation") or 0
    what = (
        f"goes up to operation {seq}, the portfolio to {last}: it was shortened or put back since"
        if last < seq
        else f"has another operation {seq} than the portfolio, which was replaced since"
    )
    restored = listing(path)[0].reason == "before-restore"
    how = "see what each holds: renewctl restore --dry-run"
    yield Finding("not-of-the-backup", name, what, how, restored)


def _to_put_back(path: str, seen: Seen) -> Iterator[Finding]:
    """The newest backups, each with the command that puts it back."""
    found = listing(path)
    seen.text = f"{len(found):,} in {folder_of(path)}"
    several = portfolios(path) > 1
    for copy in found[:_LISTED]:
        try:
            facts = examine(copy.file).facts
        except RenewctlError as error:
            yield Finding("backup-unsound", "the backups", error.message, _SEE)
            continue
        last = f", the last of {facts.newest[1]}" if facts.newest else ""
        what = f"sound, {counted(facts.operations, 'operation')}{last}"
        if several and facts.first:
            _, at, _, actor, command = facts.first
            what += f", of the portfolio begun {at} by {actor} {command}"
        how = f"put it back: renewctl restore {copy.file.name}"
        yield Finding("backup", copy.file.name, what, how, True)
    if len(found) > _LISTED:
        more = f"{len(found) - _LISTED:,} older ones"
        yield Finding("backup", "the backups", more, _SEE, True)
