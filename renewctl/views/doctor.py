"""What `doctor` found: a line per check for people, `renewctl/doctor/1` for scripts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from renewctl.views.terminal import fitted, safe

SCHEMA = "renewctl/doctor/1"
_WIDE = len("the log against the tables")
_WORDS = {"ok": "ok", "findings": "finding", "not_run": "not run"}


class Found(Protocol):
    """One thing that a check found."""

    @property
    def code(self) -> str:
        """Kebab-case."""

    @property
    def where(self) -> str:
        """The row, operation or file."""

    @property
    def what(self) -> str:
        """What is wrong with it."""

    @property
    def do(self) -> str:
        """What to do about it."""


class Checked(Protocol):
    """What one check came to."""

    @property
    def check(self) -> str:
        """Its name."""

    @property
    def title(self) -> str:
        """What it looks at."""

    @property
    def state(self) -> str:
        """`ok`, `findings` or `not_run`."""

    @property
    def seen(self) -> str:
        """What it looked at, in figures; why it did not run."""

    @property
    def findings(self) -> Sequence[Found]:
        """What is wrong."""

    @property
    def notes(self) -> Sequence[Found]:
        """What is worth knowing."""

    @property
    def more(self) -> int:
        """Findings beyond those told."""


def lines(result: Checked) -> Iterator[str]:
    """One check: its line, then what it found, each with what to do; the same advice is given once."""
    seen = f"  {safe(result.seen)}" if result.seen else ""
    yield from _fitted(f"{_WORDS[result.state].ljust(8)} {result.title.ljust(_WIDE)}{seen}".rstrip())
    for at, each in enumerate(result.findings):
        yield from _fitted(f"           {safe(each.where)}: {safe(each.what)}")
        last = at + 1 == len(result.findings)
        if last or result.findings[at + 1].do != each.do:
            if last and result.more:
                yield f"           … and {result.more:,} more"
            yield from _fitted(f"           → {safe(each.do)}", "  ")
    for at, each in enumerate(result.notes):
        yield from _fitted(f"  note     {safe(each.where)}: {safe(each.what)}")
        if at + 1 == len(result.notes) or result.notes[at + 1].do != each.do:
            yield from _fitted(f"           → {safe(each.do)}", "  ")


def _fitted(line: str, further: str = "") -> list[str]:
    return fitted(line, " " * 11 + further)


def end(results: Sequence[Checked], *, quick: bool) -> str:
    """The last line: how many findings, and how many checks could not run or were left out."""
    count = sum(len(each.findings) + each.more for each in results)
    unrun = sum(each.state == "not_run" for each in results)
    missing = f"; {unrun} checks could not run" if unrun > 1 else "; 1 check could not run" if unrun else ""
    if not count and quick:
        return f"nothing found{missing}; rows, caches and backups were not looked at: renewctl doctor"
    if not count:
        return f"sound: nothing found{missing}"
    return f"{count:,} finding{'s' if count > 1 else ''}{missing}"


def document(path: str, results: Iterable[Checked], *, quick: bool, opened: bool) -> dict[str, Any]:
    """`renewctl/doctor/1`."""
    done = list(results)
    checks = [
        {
            "check": each.check,
            "state": each.state,
            "seen": each.seen,
            "findings": [_found(one) for one in each.findings],
            "more": each.more,
            "notes": [_found(one) for one in each.notes],
        }
        for each in done
    ]
    count = sum(len(each.findings) + each.more for each in done)
    return {
        "schema": SCHEMA,
        "portfolio": path,
        "opened": opened,
        "quick": quick,
        "sound": opened and not count,
        "findings": count,
        "checks": checks,
    }


def _found(found: Found) -> dict[str, str]:
    return {
        "code": found.code,
        "where": _whole(found.where),
        "what": _whole(found.what),
        "do": _whole(found.do),
    }


def _whole(text: str) -> str:
    """Text that can be written: bytes that were no text stand as they are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
