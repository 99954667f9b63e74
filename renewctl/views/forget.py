"""What was erased, what was left to a person, and where else it may be."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, NamedTuple

from renewctl.views.terminal import safe

SCHEMA = "renewctl/forget/1"
_SHOWN = 10
_LONG = 100  # characters of a text to look at
_NOUNS = {
    "account": "account",
    "contract": "contract",
    "health_reading": "health",
    "value_metric": "value",
    "save_case": "save",
    "item_state": "item",
    "activity": "note",
    "health_override": "health override",
    "save_event": "save",
    "service_level": "service level",
    "service_response": "service response",
    "worth": "fight or let go",
    "operation": "history",
}
_NOT_FOUND = "Nicknames, initials and parts of a name are not found."
_OUTSIDE = (
    "Backups in other folders, exports, papers, mails and imported files are not looked at; importing them "
    "again brings everything back: erase it at the source first."
)
_STORAGE = {
    "sqlite": "The file was rewritten; freed blocks of the disk, and snapshots of it, are beyond reach.",
    "postgresql": "The tables were rewritten; the server's write-ahead log and base backups hold it still, "
    "until they are rotated.",
}


class Shown(NamedTuple):
    """A forgetting as it is told."""

    kind: str  # stakeholder | account | mention
    who: str
    accounts: Sequence[str]  # ids, from before
    rows: Mapping[str, int]  # entity -> rows of the tables
    log_rows: int
    operations: int
    left: Sequence[Any]  # store.forget.Left
    more_left: int
    backups: Sequence[str]  # files that hold it still
    unread: Sequence[str]  # backups that could not be searched
    unfinished: str  # why the storage was not rewritten; "" where it was
    engine: str
    dry_run: bool


def question(kind: str, who: str, accounts: Sequence[str]) -> str:
    """What is asked before."""
    what = {"account": "account ", "mention": "the word "}.get(kind, "") + safe(who)
    of = f" of {safe(', '.join(accounts))}" if accounts and kind != "account" else ""
    return f"erase {what}{of} from the portfolio and its log, for good and without a backup?"


def lines(shown: Shown) -> Iterator[str]:
    """For a person."""
    total = sum(shown.rows.values())
    if not total and not shown.operations:
        yield f"{safe(shown.who)}: nothing left to erase"
    else:
        verb = "would be erased" if shown.dry_run else "erased"
        yield f"{safe(shown.who)}: {verb}"
        told = ", ".join(f"{count} {_NOUNS.get(entity, entity)}" for entity, count in shown.rows.items())
        yield f"  {_count(total, 'row')} of the tables" + (f" ({told})" if told else "")
        logged = f"{_count(shown.log_rows, 'row')} of the log, of {_count(shown.operations, 'operation')}"
        yield f"  {logged}; its chain still verifies"
    if shown.left:
        yield "Texts with a part of the name, left as they are:"
        for each in shown.left[:_SHOWN]:
            of = f" of {safe(each.account)}" if each.account else ""
            text = each.text if len(each.text) <= _LONG else each.text[: _LONG - 1] + "…"
            yield f"  {_NOUNS.get(each.entity, each.entity)} {safe(each.key)}{of}: {safe(text)}"
        more = len(shown.left) - _SHOWN + shown.more_left
        if more > 0:
            yield f"  … and {more:,} more: --json"
        yield "  to erase a word there: renewctl forget WORD --kind mention --account ACCOUNT"
    yield from _backups(shown)
    for note in notes(shown):
        yield f"note: {note}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _backups(shown: Shown) -> Iterator[str]:
    if shown.backups:
        yield f"Backups that hold it still ({len(shown.backups)}), to be removed by hand:"
        for file in shown.backups:
            yield f"  {_remove(file)}"
    for file in shown.unread:
        yield f"  could not be searched: {safe(file)}"


def _remove(file: str) -> str:
    return safe(f"rm -- {quote(file)}")


def notes(shown: Shown) -> list[str]:
    """What a person should know of it."""
    found = []
    if shown.unfinished:
        found.append(
            f"the storage may hold it still: {safe(shown.unfinished)}; to finish: renewctl forget --purge"
        )
    elif not shown.dry_run:
        found.append(_STORAGE[shown.engine])
    if shown.kind != "mention":
        found.append(_NOT_FOUND)
    return [*found, "Our own people stay: owners, actors, sponsors.", _OUTSIDE]


def document(shown: Shown) -> dict[str, Any]:
    """`renewctl/forget/1`."""
    return {
        "schema": SCHEMA,
        "kind": shown.kind,
        "who": shown.who,
        "accounts": list(shown.accounts),
        "changed": bool(shown.operations or shown.rows) and not shown.dry_run,
        "rows": dict(shown.rows),
        "log_rows": shown.log_rows,
        "operations": shown.operations,
        "look_at": [
            {"account": each.account, "entity": each.entity, "key": each.key, "text": each.text}
            for each in shown.left
        ],
        "more_to_look_at": shown.more_left,
        "backups": [{"file": file, "command": f"rm -- {quote(file)}"} for file in shown.backups],
        "backups_unread": list(shown.unread),
        "unfinished": shown.unfinished or None,
        "notes": notes(shown),
    }
