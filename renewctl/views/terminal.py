"""What every terminal view needs: making outside text harmless, and plain aligned columns."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from renewctl.core.text import HIDDEN, thinned

_HIDDEN = re.compile(f"[{HIDDEN}]+")
# Written out where Python's `repr` style would be longer than the thing itself.
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def safe(text: object) -> str:
    """Text from outside as a terminal may show it.

    Control, bidirectional, zero-width and escape characters, fillers that draw nothing and floods of accents
    become visible escapes and other kinds of space a space; printable text comes back as it is. Markup of
    Rich is text here: views print with markup off.
    """
    given = str(text)
    if given.isascii():
        return given if given.isprintable() else "".join(map(_letter, given))
    given = _HIDDEN.sub(lambda found: "".join(map(_visible, found[0])), given)
    return thinned(given if given.isprintable() else "".join(map(_letter, given)), _visible)


def _letter(letter: str) -> str:
    return letter if letter.isprintable() else _visible(letter)


def _visible(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter.isspace() and ord(letter) >= 0xA0 and ord(letter) not in (0x2028, 0x2029):
        return " "
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def traceback_text() -> str:
    """The traceback of the error being handled, each of its lines harmless."""
    import traceback

    return "".join(safe(line) + "\n" for line in traceback.format_exc().split("\n") if line)


def is_terminal() -> bool:
    """Whether stdout is a person's terminal."""
    return sys.stdout.isatty()


def put(text: str) -> None:
    """Write data to stdout: as it is for a pipe or file, made harmless line by line for a terminal."""
    sys.stdout.write("\n".join(map(safe, text.split("\n"))) if is_terminal() else text)


def coloured() -> bool:
    """Whether colour is wanted: a terminal, not dumb, NO_COLOR not set."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(stream: TextIO | None = None) -> int:
    """Columns of the terminal; unlimited (a large number) when the stream (stdout) is not one."""
    there = (stream or sys.stdout).isatty()
    return shutil.get_terminal_size((80, 24)).columns if there else 100_000


def fitted(line: str, hang: str | None = None, columns: int | None = None) -> list[str]:
    """A line as it fits so many columns (those of stdout): broken between words, so that a path stays whole.

    The rest stands behind `hang`, by default a little further in than the line.
    """
    room = width() if columns is None else columns
    if len(line) <= room or "\x1b" in line:
        return [line]
    from textwrap import wrap

    behind = " " * (len(line) - len(line.lstrip()) + 2) if hang is None else hang
    return wrap(line, max(room, 20), subsequent_indent=behind, break_long_words=False, break_on_hyphens=False)


def put_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout: whole for a pipe or file; on a terminal the rest of a wider one goes below."""
    columns = width()
    sys.stdout.write("".join(f"{part}\n" for line in lines for part in fitted(line, None, columns)))


def not_shown(headings: Sequence[str], wide: int, how: str) -> str:
    """Which columns a terminal narrower than `wide` has no room for, and how to see them."""
    return f"no room for {', '.join(headings)}: {wide} columns show all, or {how}"


def aligned(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows of text as lines with aligned columns; `right` names columns aligned to the right."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(size) if at in right else cell.ljust(size)
            for at, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
