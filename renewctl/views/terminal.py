"""What every terminal view needs: making outside text harmless, and plain aligned columns."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from renewctl.core.text import HIDDEN, thinned

_HIDDEN = re.compile(f"[{HIDDEN}]+")
# Compiled where they are used, for the sake of the start.
_STYLE = r"\x1b\[[0-9;]*m"
_ODD = "[^\x00-\u02ff\u2010-\u2027\u2190-\u22ff]"  # may draw in no column, or in two
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


def cells(text: str) -> int:
    """Columns a terminal draws `text` in: none for styles and accents, two for a wide letter of East Asia."""
    if "\x1b" in text:
        text = re.sub(_STYLE, "", text)
    if text.isascii() or not (odd := re.findall(_ODD, text)):
        return len(text)
    from unicodedata import category, east_asian_width  # only here: daily commands start without

    return len(text) + sum(
        -1 if category(letter) in ("Mn", "Me") else east_asian_width(letter) in ("W", "F") for letter in odd
    )


def fit(text: str, room: int) -> str:
    """A text cut to so many columns, the cut marked; it has no styles."""
    if cells(text) <= room:
        return text
    text = text[: 4 * room]  # more than that is no name
    while cells(text) >= max(room, 2):
        text = text[:-1]
    return text + "…"


def padded(text: str, size: int) -> str:
    """A text with blanks behind it up to so many columns."""
    return text + " " * (size - cells(text))


def fitted(line: str, hang: str | None = None, columns: int | None = None) -> list[str]:
    """A line as it fits so many columns (those of stdout): broken between words.

    A word is broken only where it is wider than a whole line, and a path never, so that it can be copied.
    The rest stands behind the blanks `hang`, by default a little further in than the line.
    """
    room = width() if columns is None else columns
    if cells(line) <= room:
        return [line]
    if hang is None:
        bare = re.sub(_STYLE, "", line)
        hang = " " * (len(bare) - len(bare.lstrip()) + 2)
    return _broken(line, hang, max(room, 20))


def _broken(line: str, hang: str, room: int) -> list[str]:
    parts, used = [""], 0
    for gap, word in re.findall(r"(\s*)(\S+)", line):
        size = cells(word)
        if size and used + len(gap) + size > room:
            gap = hang[: room - size] if size <= room else hang[: room // 2]
            if used:
                parts.append("")
            used = 0
        gap = gap[: room - used]
        parts[-1] += gap
        used += len(gap)
        for piece in [word] if size <= room or os.sep in word else re.findall(f"{_STYLE}|.", word):
            if used + cells(piece) > room and piece != word:
                parts.append(hang[: room // 2])
                used = len(parts[-1])
            parts[-1] += piece
            used += cells(piece)
    return parts


def put_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout: whole for a pipe or file; on a terminal the rest of a wider one goes below."""
    columns = width()
    each = (line for some in lines for line in some.split("\n"))
    sys.stdout.write("".join(f"{part}\n" for line in each for part in fitted(line, None, columns)))


def not_shown(headings: Sequence[str], wide: int, how: str) -> str:
    """Which columns a terminal narrower than `wide` has no room for, and how to see them."""
    return f"no room for {', '.join(headings)}: {wide} columns show all, or {how}"


def aligned(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows of text as lines with aligned columns; `right` names columns aligned to the right."""
    if not rows:
        return []
    widths = [max(cells(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(
            " " * (size - cells(cell)) + cell if at in right else padded(cell, size)
            for at, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
