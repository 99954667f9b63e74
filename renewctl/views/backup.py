"""Backups and what restoring one would do, for a person and as JSON for a script."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from renewctl.views.terminal import aligned, safe

BACKUP, RESTORE = "renewctl/backup/1", "renewctl/restore/1"
_TOLD = 20  # operations named before "and N more"
_SIZES = (("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000))


def size(count: int) -> str:
    """Bytes as people read them, rounded up to a tenth."""
    for unit, whole in _SIZES:
        if count >= whole:
            tenths = -(-count * 10 // whole)
            return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{count} bytes"


def many(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def instant(at: str) -> str:
    """An instant of the log, to the minute."""
    return f"{at.replace('T', ' ')[:16]} UTC"


def state(facts: Any) -> str:
    """Where the log of a portfolio stands."""
    if facts.newest is None:
        return "no operation"
    seq, at, actor, command = facts.newest
    last = f"#{seq} {instant(at)} {safe(actor)} {safe(command)}"
    return f"{many(facts.operations, 'operation')}, the last {last}"


# --- backup --------------------------------------------------------------------------------------------


def made_lines(made: Any) -> Iterator[str]:
    """What was put aside, where, and that it was verified."""
    yield f"backup      {safe(made.file)}"
    yield f"size        {size(made.bytes)}"
    yield f"holds       {state(made.facts)}"
    yield f"chain head  {made.facts.head or 'none'}"
    yield f"verified    read again, {many(made.rows, 'row')} equal to the portfolio's"
    for file in made.removed:
        yield f"removed     {safe(file)}"


def made_document(path: str, made: Any, at: str) -> dict[str, Any]:
    """`renewctl/backup/1` of a backup that was made."""
    return {
        "schema": BACKUP,
        "portfolio": str(path),
        "file": str(made.file),
        "made_at": at,
        "reason": "manual",
        "bytes": made.bytes,
        "operations": made.facts.operations,
        "head": made.facts.head or None,
        "rows": made.rows,
        "verified": True,
        "doubt": made.doubt,
        "removed": [str(file) for file in made.removed],
    }


def listed_lines(found: Sequence[tuple[Any, Any, str]], folder: str, now: str) -> Iterator[str]:
    """Backups, the newest first: (its name's facts, what is in it or None, what is wrong with it)."""
    if not found:
        yield f"no backup in {safe(folder)}"
        return
    yield f"backups in {safe(folder)}"
    rows = [["FILE", "AGE", "REASON", "SIZE", "OPERATIONS", "CHAIN HEAD", "STATE"]]
    for copy, inside, problem in found:
        facts = inside and inside.facts
        rows.append(
            [
                safe(copy.file.name),
                age(copy.at, now),
                copy.reason,
                size(inside.bytes) if inside else "",
                f"{facts.operations:,}" if facts else "",
                facts.head[:12] if facts else "",
                "sound" if inside else f"not to be relied upon: {safe(problem)}",
            ]
        )
    yield from aligned(rows, frozenset((3, 4)))


def age(at: str, now: str) -> str:
    """How long ago an instant was, in its largest unit; `new` where the clock says it is still to come."""
    from datetime import datetime

    seconds = int((datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "new"


def listed_document(path: str, folder: str, found: Sequence[tuple[Any, Any, str]]) -> dict[str, Any]:
    """`renewctl/backup/1` of the backups there are."""
    return {
        "schema": BACKUP,
        "portfolio": str(path),
        "folder": folder,
        "backups": [
            {
                "file": str(copy.file),
                "made_at": copy.at,
                "reason": copy.reason,
                "bytes": inside.bytes if inside else None,
                "operations": inside.facts.operations if inside else None,
                "head": (inside.facts.head or None) if inside else None,
                "sound": inside is not None,
                "problem": problem or None,
            }
            for copy, inside, problem in found
        ],
    }


# --- restore -------------------------------------------------------------------------------------------


def plan_lines(plan: Any) -> Iterator[str]:
    """What restoring would do, before it is done."""
    yield f"backup     {safe(plan.backup.file)}"
    yield f"holds      {state(plan.backup.facts)}"
    yield f"portfolio  {safe(plan.path)}"
    if plan.state == "missing":
        yield "           is not there and would be made"
    if plan.state == "damaged":
        yield f"           is damaged: {safe(plan.problem)}"
        yield "           it would be kept beside, under another name"
    if plan.present is not None:
        yield f"holds      {state(plan.present)}"
    elif plan.state == "damaged":
        yield "           it cannot be read, so that nobody can say what would be lost"
    if plan.another:
        yield "These are two portfolios: not one operation is the same in both."
    yield from _told("would be lost", plan.lost, plan.present is not None)
    if any(each.command.startswith("forget ") for each in plan.lost):
        yield "Whoever was forgotten since comes back: forget them again afterwards."
    yield from _told("would come back", plan.gained if plan.present is not None else (), False)


def _told(what: str, operations: Sequence[Any], always: bool) -> Iterator[str]:
    if not operations:
        if always:
            yield f"nothing {what}"
        return
    changes = sum(each.rows for each in operations)
    yield f"{many(len(operations), 'operation')} {what}, {many(changes, 'row')} changed by them:"
    yield from aligned(
        [
            [f"  #{each.seq}", instant(each.at), safe(each.actor), safe(each.command), safe(each.summary)]
            for each in operations[:_TOLD]
        ]
    )
    if len(operations) > _TOLD:
        yield f"  and {len(operations) - _TOLD:,} more"


def restore_document(plan: Any, done: Any | None) -> dict[str, Any]:
    """`renewctl/restore/1`; `done` is None where nothing was done."""
    facts = plan.backup.facts
    return {
        "schema": RESTORE,
        "portfolio": str(plan.path),
        "backup": {
            "file": str(plan.backup.file),
            "bytes": plan.backup.bytes,
            "operations": facts.operations,
            "head": facts.head or None,
            "schema_version": facts.version,
        },
        "state": plan.state,
        "problem": plan.problem or None,
        "another": plan.another,
        "common": plan.common,
        "lost": _operations(plan.lost),
        "gained": _operations(plan.gained),
        "restored": done is not None,
        "rows": done.rows if done else None,
        "kept": str(done.kept) if done and done.kept else None,
    }


def _operations(told: Iterable[Any]) -> list[dict[str, Any]]:
    return [each._asdict() for each in told]
