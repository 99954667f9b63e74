"""The memory of an imported file: digests of its lines, so that next time only changed ones are read.

A `source` row keeps, for one file under one reading of it (the salt), the report's figures, how its
columns were settled, and for every line that went in without a problem an 8-byte digest of the line
and one of the record's key.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from io import StringIO
from itertools import chain, compress, islice
from operator import not_
from typing import Any, NamedTuple
from zlib import crc32

from renewctl import __version__
from renewctl.store.files import Input
from renewctl.store.portfolio import SCHEMA_VERSION, Portfolio

_FORMAT = 3  # of what is remembered
_MOST_CHANGED = 40_000  # lines held in memory at once; with more, the file is read whole
_LARGEST = 3_000_000  # lines; beyond, the file is read whole each time


class Known(NamedTuple):
    """A remembered file."""

    no: int
    file: str
    head: dict[str, Any]


class Lines:
    """Digests of lines and of the keys of their records, in step."""

    def __init__(self, encoding: str) -> None:
        self.digests = array("Q")
        self.keys = array("Q")
        self.encoding = "utf-8" if encoding.startswith(("utf-8", "utf-16", "utf-32", "xlsx")) else encoding

    def add(self, raws: Sequence[str], keys: Iterable[Any]) -> None:
        """Remember raw records with their keys."""
        self.digests.frombytes(b"".join([blake2b(raw, digest_size=8).digest() for raw in self._bare(raws)]))
        self.keys.extend(map(key_number, keys))

    def _bare(self, raws: Sequence[str]) -> list[bytes]:
        """Raw records as the bytes they were, without their line ends."""
        found = _one_line_each("".join(raws).encode(self.encoding, "replace"), len(raws))
        return found or [raw.rstrip("\r\n").encode(self.encoding, "replace") for raw in raws]

    def drop(self, gone: set[int]) -> None:
        """Forget lines that the file no longer holds."""
        if gone:
            kept = [digest not in gone for digest in self.digests]
            self.digests, self.keys = (
                array("Q", list(compress(each, kept))) for each in (self.digests, self.keys)
            )


def _one_line_each(data: bytes, count: int) -> list[bytes] | None:
    """The lines of a text of `count` records without their ends; None where a record is not one line."""
    data = data.replace(b"\r\n", b"\n")
    if not data.endswith(b"\n") or b"\r" in data:
        return None
    lines = data[:-1].split(b"\n")
    return lines if len(lines) == count else None


def key_number(key: Any) -> int:
    """A record's key as it is remembered. Two keys of one number only cost a second, full reading."""
    text = (key if isinstance(key, str) else repr(key)).encode("utf-8", "surrogatepass")
    return crc32(text) << 32 | crc32(text[::-1])


def options_salt(options: Sequence[Any], fingerprint: str) -> str:
    """What decides the meaning of a file's bytes, other than the bytes."""
    told = json.dumps([_FORMAT, options, fingerprint, SCHEMA_VERSION, __version__], default=str)
    return blake2b(told.encode(), digest_size=12).hexdigest()


def lines_salt(options: str, *parts: Any) -> str:
    """The same with the heading, mapping and dialect: what decides the meaning of one line."""
    told = json.dumps(parts, default=str)
    return f"{options}:{blake2b(told.encode(), digest_size=12).hexdigest()}"


def find_identical(portfolio: Portfolio, source: Input, options: str) -> Known | None:
    """The memory of exactly these bytes under these options, or None."""
    rows = portfolio.rows(
        "SELECT no, file FROM source WHERE digest = ? AND substr(salt, 1, ?) = ? ORDER BY no DESC LIMIT 1",
        (source.digest, len(options), options),
    )
    for no, file in rows:
        head = _head(portfolio, no)
        if head.get("repeatable"):
            return Known(no, file, head)
    return None


def find_similar(portfolio: Portfolio, salt: str) -> Known | None:
    """The memory of an earlier state of this file, or None."""
    rows = portfolio.rows("SELECT no, file FROM source WHERE salt = ? ORDER BY no DESC LIMIT 1", (salt,))
    return Known(rows[0][0], rows[0][1], _head(portfolio, rows[0][0])) if rows else None


def _head(portfolio: Portfolio, no: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(portfolio.value("SELECT head FROM source WHERE no = ?", (no,)))
    return found


def load_lines(portfolio: Portfolio, known: Known, encoding: str) -> Lines:
    """The remembered digests."""
    blob: bytes = portfolio.value("SELECT lines FROM source WHERE no = ?", (known.no,))
    half = len(blob) // 2
    lines = Lines(encoding)
    lines.digests.frombytes(memoryview(blob)[:half])
    lines.keys.frombytes(memoryview(blob)[half:])
    return lines


def remember(
    portfolio: Portfolio,
    source: Input,
    kind: str,
    salt: str,
    rows: int,
    as_of: str,
    head: dict[str, Any],
    lines: Lines,
) -> None:
    """Keep the memory of a file that was imported, in place of its earlier ones."""
    text = json.dumps(head, ensure_ascii=True, separators=(",", ":"))
    parts: list[Any] = []
    if len(lines.digests) <= _LARGEST:
        parts += [memoryview(lines.digests).cast("B"), memoryview(lines.keys).cast("B")]
    number = portfolio.next_no("source")
    portfolio.execute("DELETE FROM source WHERE salt = ?", (salt,))
    row = (number, source.name, kind, source.digest, salt, rows, as_of, text)
    portfolio.execute(
        "INSERT INTO source (no, file, kind, digest, salt, rows, imported_on, head, lines, checksum) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
        (*row, b"", checksum(row, parts)),
    )
    # piece by piece: as one value a million lines would be in memory three times over
    portfolio.write_bytes("source", "lines", number, parts)


def checksum(row: Sequence[Any], parts: Iterable[Any]) -> str:
    """The digest of a memory: of its columns up to `head`, then of its lines."""
    found = blake2b("\x1f".join(map(str, row)).encode(), digest_size=16)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def forget(portfolio: Portfolio, kind: str, but_salt: str) -> None:
    """Forget other files of a kind: what they said was overwritten, so it must be read again."""
    portfolio.execute("DELETE FROM source WHERE kind = ? AND salt != ?", (kind, but_salt))


class Changed(NamedTuple):
    """Lines of a file that are not remembered."""

    raws: list[str]
    lines: list[int]
    unchanged: int  # how many lines are
    gone: set[int]  # digests of remembered lines that the file no longer holds


def changed_lines(source: Input, encoding: str, first_line: int, lines: Lines) -> Changed | None:
    """What differs from the remembered lines, from physical line `first_line` on.

    None where the text cannot be told apart by lines (UTF-16, old Mac line ends) or most of it changed.
    """
    if encoding.startswith(("utf-16", "utf-32")) or b"\n" not in source.head:
        return None
    old = set(lines.digests)
    seen = array("Q")
    raws: list[bytes] = []
    numbers: list[int] = []
    unchanged = 0
    line = first_line
    with source.path.open("rb") as file:
        for _ in islice(file, first_line - 1):
            pass
        while batch := list(islice(file, 8192)):
            data = b"".join(batch)
            groups, lengths = _records(batch, file) if b'"' in data else (batch, None)
            bare = _one_line_each(data, len(groups)) if lengths is None else None
            bare = bare or [each.rstrip(b"\r\n") for each in groups]
            found = array("Q")
            found.frombytes(b"".join([blake2b(each, digest_size=8).digest() for each in bare]))
            new = list(compress(range(len(found)), map(not_, map(old.__contains__, found))))
            unchanged += len(found) - len(new)
            seen.extend(found)
            if lengths is None:
                numbers += [line + at for at in new]
                line += len(batch)
            else:
                begins = []
                for length in lengths:
                    begins.append(line)
                    line += length
                numbers += [begins[at] for at in new]
            raws += [groups[at] for at in new]
            if len(raws) > _MOST_CHANGED:
                return None
    old.difference_update(seen)
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    return Changed([raw.decode(codec) for raw in raws], numbers, unchanged, old)


def _records(batch: list[bytes], file: Iterator[bytes]) -> tuple[list[bytes], list[int]]:
    """Lines joined to records while a quotation mark is open, and how many lines each took."""
    groups: list[bytes] = []
    lengths: list[int] = []
    held: list[bytes] = []
    is_open = False
    at = 0
    while True:
        if at < len(batch):
            text = batch[at]
            at += 1
        elif held:
            text = next(file, b"")
            if not text or len(held) > 5000:
                groups.append(b"".join(held) + text)
                lengths.append(len(held) + bool(text))
                return groups, lengths
        else:
            return groups, lengths
        if text.count(b'"') % 2:
            is_open = not is_open
        held.append(text)
        if not is_open:
            groups.append(held[0] if len(held) == 1 else b"".join(held))
            lengths.append(len(held))
            held = []


def whole_records(raws: Sequence[str], delimiter: str) -> list[list[str]] | None:
    """Each raw text as exactly one record, or None where one is not (a stray quotation mark)."""
    import csv

    rows = []
    for raw in raws:
        text = raw if raw.endswith("\n") else raw + "\n"
        parts = StringIO(text, newline="\n") if '"' in text else (text,)
        found = list(csv.reader(chain(parts, ("x\n",)), delimiter=delimiter))
        if len(found) != 2 or found[1] != ["x"]:
            return None
        rows.append(found[0])
    return rows
