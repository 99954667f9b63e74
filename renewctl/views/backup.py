"""Backups and what restoring one would do, for a person and as JSON for a script."""

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Any

from renewctl.views.terminal import aligned, fitted, safe, width

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


def placed(words: str, path: object) -> list[str]:
    """Words with a path behind them, or on the next line where the terminal is too narrow for both."""
    line = f"{words} {safe(path)}"
    return [line] if len(line) <= width() else [words.rstrip(), f"  {safe(path)}"]


# --- backup --------------------------------------------------------------------------------------------


def made_lines(made: Any) -> Iterator[str]:
    """What was put aside, where, and what of it was verified."""
    hang = " " * 12
    yield from placed("backup     ", made.file)
    yield f"size        {size(made.bytes)}"
    yield from fitted(f"holds       {state(made.facts)}", hang)
    yield from placed("chain head ", made.facts.head or "none")
    rows = many(made.rows, "row")
    yield from fitted(f"verified    reopened and compared: {rows}, equal to the portfolio's", hang)
    for file in made.removed:
        yield from placed("removed    ", file)


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


def listed_lines(found: Sequence[Any], folder: str, now: str) -> Iterator[str]:
    """Backups (cli.backup.Listed), the newest first: a table, or where it is too wide one after the other."""
    if not found:
        yield from placed("no backup in", folder)
        return
    yield from placed("backups in", folder)
    heads = ["FILE", "AGE", "REASON", "SIZE", "OPERATIONS", "CHAIN HEAD", "STATE"]
    rows = [_listed(each, now) for each in found]
    lines = aligned([heads, *rows], frozenset((3, 4)))
    if max(map(len, lines)) <= width():
        yield from lines
        return
    for file, old, reason, large, operations, head, said in rows:
        yield file
        held = f"{operations} operation{'' if operations == '1' else 's'}" if operations else ""
        about = (old, reason, large, held, head and f"head {head}", said)
        yield from fitted("  " + ", ".join(filter(None, about)), "  ")


def _listed(each: Any, now: str) -> list[str]:
    inside = each.inside
    facts = inside and inside.facts
    return [
        safe(each.copy.file.name),
        age(each.copy.at, now),
        each.copy.reason,
        size(inside.bytes) if inside else "",
        f"{facts.operations:,}" if facts else "",
        facts.head[:12] if facts else "",
        _standing(each),
    ]


def _standing(each: Any) -> str:
    """Whether a backup can be relied upon, and whose it is where that is not plain."""
    if each.inside is None:
        return f"not to be relied upon: {safe(each.problem)}"
    if each.another:
        return "intact, but of another portfolio"
    if each.another is None and each.of_several:
        _, at, _, actor, command = each.inside.facts.first
        return f"intact, of the portfolio begun {instant(at)} by {safe(actor)} {safe(command)}"
    return "intact"


def age(at: str, now: str) -> str:
    """How long ago an instant was, in its largest unit; `new` where the clock says it is still to come."""
    from datetime import datetime

    seconds = int((datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "new"


def listed_document(path: str, folder: str, found: Sequence[Any]) -> dict[str, Any]:
    """`renewctl/backup/1` of the backups there are (cli.backup.Listed)."""
    return {
        "schema": BACKUP,
        "portfolio": str(path),
        "folder": folder,
        "backups": [
            {
                "file": str(each.copy.file),
                "made_at": each.copy.at,
                "reason": each.copy.reason,
                "bytes": each.inside.bytes if each.inside else None,
                "operations": each.inside.facts.operations if each.inside else None,
                "head": (each.inside.facts.head or None) if each.inside else None,
                "sound": each.inside is not None,
                "another": each.another,
                "problem": each.problem or None,
            }
            for each in found
        ],
    }


# --- restore -------------------------------------------------------------------------------------------

_HANG = " " * 11


def plan_lines(plan: Any, *, done: bool = False) -> Iterator[str]:
    """What restoring would do, or with `done` what it did."""
    yield from placed("backup    ", plan.backup.file)
    yield from fitted(f"holds      {state(plan.backup.facts)}", _HANG)
    yield from placed("portfolio ", plan.path)
    if plan.state == "missing":
        yield _HANG + ("was not there, and is made" if done else "is not there and would be made")
    if plan.state == "damaged":
        yield from fitted(f"{_HANG}{'was' if done else 'is'} damaged: {safe(plan.problem)}", _HANG)
        yield from fitted(f"{_HANG}it {'is' if done else 'would be'} kept beside, under another name", _HANG)
    if plan.present is not None:
        yield from fitted(f"{'held ' if done else 'holds'}      {state(plan.present)}", _HANG)
    elif plan.state == "damaged":
        unknown = "it cannot be read, so that nobody can say what is lost, or who was forgotten since"
        yield from fitted(_HANG + unknown, _HANG)
    if plan.doubt:
        yield from fitted(f"This backup is no sound portfolio: {safe(plan.doubt)}", "  ")
    if plan.another:
        yield from fitted("These are two portfolios: not one operation is the same in both.", "  ")
    yield from _told("are lost" if done else "would be lost", plan.lost, plan.present is not None)
    back = plan.gained if plan.present is not None else ()
    yield from _told("are back" if done else "would come back", back, False)
    if plan.forgettings:
        verb = "may be back now; forget it again" if done else "would come back"
        yield from fitted(f"What was erased since {verb}: {erased(plan)}", "  ")


def erased(plan: Any) -> str:
    """The forgettings that a restore takes back, each as its operation calls it."""
    named = [f"{safe(each.command)} (#{each.seq}, {instant(each.at)})" for each in plan.forgettings[:_TOLD]]
    more = len(plan.forgettings) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def _told(verb: str, operations: Sequence[Any], always: bool) -> Iterator[str]:
    if not operations:
        if always:
            yield f"nothing {_one(verb)}"
        return
    count = len(operations)
    changes = sum(each.rows for each in operations)
    said, whom = (_one(verb), "it") if count == 1 else (verb, "them")
    yield f"{many(count, 'operation')} {said}, {many(changes, 'row')} changed by {whom}:"
    for line in aligned(
        [
            [f"  #{each.seq}", instant(each.at), safe(each.actor), safe(each.command), safe(each.summary)]
            for each in operations[:_TOLD]
        ]
    ):
        yield from fitted(line, " " * 6)
    if count > _TOLD:
        yield f"  and {count - _TOLD:,} more"


def _one(verb: str) -> str:
    return verb.replace("are ", "is ")


def end_lines(plan: Any, done: Any) -> Iterator[str]:
    """The last words of a restore: what was compared, which operations are gone, where what was is kept."""
    name = safe(plan.path)
    if done.rows is None:
        yield from fitted(f"{name} is restored; it was changed again before it could be compared", "  ")
    else:
        rows = many(done.rows, "row")
        yield from fitted(f"{name} is restored: reopened and compared, {rows} equal to the backup's", "  ")
    if plan.lost:
        first, last = plan.lost[-1].seq, plan.lost[0].seq
        which = f"operation {last} is" if first == last else f"operations {first}–{last} are"
        again = "its number is" if first == last else "their numbers are"
        yield from fitted(f"{which} no longer in the history; {again} given to what comes next", "  ")
    if done.kept is not None:
        what = "the damaged file" if plan.state == "damaged" else "the portfolio before"
        yield from placed(f"{what} is kept at", done.kept)
        if plan.state != "damaged":
            yield from fitted(f"to go back to it: renewctl restore {safe(quote(done.kept.name))}", "  ")


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
        "doubt": plan.doubt or None,
        "forgettings_lost": [each.seq for each in plan.forgettings],
        "restored": done is not None,
        "rows": done.rows if done else None,
        "kept": str(done.kept) if done and done.kept else None,
    }


def _operations(told: Iterable[Any]) -> list[dict[str, Any]]:
    return [each._asdict() for each in told]
