"""On which line of a TOML text a key stands: parsers read the values and forget the places.

The text is known to be valid TOML (it was parsed before), so this only walks it: headers, keys
and values, without judging or converting a value.
"""

import re
from typing import NamedTuple

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_VOID = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = {  # by how they open; a multi-line one may end in up to two quotes of its own
    '"""': re.compile(r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"""(?:"{0,2})'),
    "'''": re.compile(r"'''(?:[^']|'(?!''))*'''(?:'{0,2})"),
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'[^'\n]*'"),
}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([\s\S]))")
_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class _Found(NamedTuple):
    """Where each key was first written, and how many tables each array of tables has so far."""

    lines: dict[Path, int]
    tables: dict[Path, int]


def positions(text: str) -> dict[Path, int]:
    """Line (from 1) of every table, key and list item of a valid TOML text, by its path.

    Tables of an array and items of a list are numbered from 0. A table written in several places
    stands where it is first named.
    """
    text = text.replace("\r\n", "\n")
    found = _Found({}, {})
    base: Path = ()
    at, line = 0, 1
    while at < len(text):
        start = at
        at = _match(_VOID, text, at)
        line += text.count("\n", start, at)
        if at >= len(text):
            break
        start = at
        if text[at] == "[":
            twice = text.startswith("[[", at)
            keys, at = _key(text, at + (2 if twice else 1))
            at += 2 if twice else 1
            base = _header(found, keys, twice, line)
        else:
            at = _pair(text, at, base, found, line)
        line += text.count("\n", start, at)
    return found.lines


def locate(text: str, path: Path) -> int:
    """Line on which the key at `path` was written, or its nearest table that was; 1 if none was."""
    return nearest(positions(text), path)


def nearest(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the closest part of it from the left that has one; else 1."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _match(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _header(found: _Found, keys: list[str], twice: bool, line: int) -> Path:
    """Note a `[table]` or `[[table]]` line; returns the path that its keys are below."""
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        found.lines.setdefault(path, line)
        path = _inside(found, path)
    path = (*path, keys[-1])
    found.lines.setdefault(path, line)
    if twice:
        count = found.tables.get(path, 0)
        found.tables[path] = count + 1
        path = (*path, count)
        found.lines[path] = line
    return path


def _inside(found: _Found, path: Path) -> Path:
    """Below an array of tables, a header means its last table."""
    return (*path, found.tables[path] - 1) if path in found.tables else path


def _key(text: str, at: int) -> tuple[list[str], int]:
    """A key, dotted or not, and the place after it and the blanks that follow."""
    keys: list[str] = []
    while True:
        at = _match(_BLANK, text, at)
        quoted = text[at] in "\"'"
        end = _match(_STRINGS[text[at]] if quoted else _BARE, text, at)
        keys.append(_unquoted(text[at:end]) if quoted else text[at:end])
        at = _match(_BLANK, text, end)
        if text[at : at + 1] != ".":
            return keys, at
        at += 1


def _unquoted(word: str) -> str:
    inner = word[1:-1]
    return inner if word[0] == "'" else _ESCAPE.sub(_letter, inner)


def _letter(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    return chr(int(code, 16)) if code else _LETTERS.get(escape[4], escape[4])


def _pair(text: str, at: int, base: Path, found: _Found, line: int) -> int:
    """Note `key = value` below `base`; returns the place after the value."""
    keys, at = _key(text, at)
    path = base
    for key in keys:
        path = (*path, key)
        found.lines.setdefault(path, line)
    at = _match(_BLANK, text, at + 1)
    return _value(text, at, path, found, line)


def _value(text: str, at: int, path: Path, found: _Found, line: int) -> int:
    """Walk over a value, noting what is inside; returns the place after it."""
    opening = text[at : at + 1]
    if opening == "[":
        return _list(text, at + 1, path, found, line)
    if opening == "{":
        return _inline(text, at + 1, path, found, line)
    for quotes, pattern in _STRINGS.items():
        if text.startswith(quotes, at):
            return _match(pattern, text, at)
    return _match(_SCALAR, text, at)


def _list(text: str, at: int, path: Path, found: _Found, line: int) -> int:
    number = 0
    while True:
        start = at
        at = _match(_VOID, text, at)
        line += text.count("\n", start, at)
        if at >= len(text) or text[at] == "]":
            return at + 1
        if text[at] == ",":
            at += 1
            continue
        start = at
        found.lines[(*path, number)] = line
        at = _value(text, at, (*path, number), found, line)
        line += text.count("\n", start, at)
        number += 1


def _inline(text: str, at: int, path: Path, found: _Found, line: int) -> int:
    while True:
        start = at
        at = _match(_VOID, text, at)  # line breaks inside are allowed from TOML 1.1 on
        line += text.count("\n", start, at)
        if at >= len(text) or text[at] == "}":
            return at + 1
        if text[at] == ",":
            at += 1
            continue
        start = at
        at = _pair(text, at, path, found, line)
        line += text.count("\n", start, at)
