"""How the bytes of a text export are to be read: encoding, and the character between cells."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from renewctl.core.intake import MAX_CELL, Refusal
from renewctl.core.intake_headings import is_known

DELIMITERS: Final = (",", ";", "\t", "|", "^", "`")
_TABLES: Final = "export it as CSV, TSV or XLSX and import that"
_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), one with a password, or another Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "a Parquet file"),
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes that cp1252 leaves undefined.
_NOT_CP1252: Final = frozenset(b"\x81\x8d\x8f\x90\x9d")


def refuse_head(head: bytes) -> Refusal | None:
    """Why a file beginning with these bytes (4 KiB or more) is no text table; None when it may be one.

    ZIP (so also XLSX: ask the importer first), PDF, old XLS, gzip, SQLite, images, HTML and JSON, other
    bytes with NULs (`binary-file`), and an empty file (`empty-file`).
    """
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        return Refusal("empty-file", "the file is empty", "export it again with its heading row")
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return Refusal("binary-file", f"the file is {what}, not a table of text", _TABLES)
    if encoding_by_mark(head) is None and b"\0" in head:
        return Refusal("binary-file", "the file holds binary data, not a table of text", _TABLES)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head")):
        return Refusal("not-a-table", "the file is a web page or XML, whatever its name says", _TABLES)
    if start.startswith((b'{"', b"[{", b"{\n", b"{\r")):
        return Refusal("not-a-table", "the file is JSON", _TABLES)
    return None


def encoding_by_mark(head: bytes) -> str | None:
    """The codec that a byte-order mark names, or that the places of the NULs show; None: neither.

    `utf-8-sig`, `utf-16`, `utf-32`, `utf-16-le`, `utf-16-be`. Without a mark, UTF-16 is taken when NULs
    fill most of one half of the byte pairs and none of the other.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" not in head:
        return None
    even, odd = head[0 : len(head) // 2 * 2 : 2], head[1::2]
    zeros_even, zeros_odd = even.count(0), odd.count(0)
    if zeros_odd > len(odd) * 0.6 and zeros_even <= len(even) * 0.02:
        return "utf-16-le"
    if zeros_even > len(even) * 0.6 and zeros_odd <= len(odd) * 0.02:
        return "utf-16-be"
    return None


def detect_encoding(head: bytes, chunks: Iterable[bytes]) -> str:
    """A Python codec name: by mark, else `utf-8` when every byte agrees, else `cp1252`.

    `chunks` are the whole file, read once; `latin-1` where cp1252 leaves one of the bytes undefined.
    """
    marked = encoding_by_mark(head)
    if marked:
        return marked
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, defined = True, True
    for chunk in chunks:
        defined = defined and (chunk.isascii() or _NOT_CP1252.isdisjoint(chunk))
        if valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                valid = False
    if valid:
        try:
            decoder.decode(b"", True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
    return "cp1252" if defined else "latin-1"


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that splits these lines (with their line ends) best; `,` when none splits them.

    Best is first the one under which a row names known headings, then the one that gives most rows the same
    width, then the wider. Quotes are respected. A first line `sep=;` decides.
    """
    if lines and lines[0].lstrip("\ufeff").lower().startswith("sep=") and len(lines[0].strip()) >= 5:
        return lines[0].strip("\r\n").lstrip("\ufeff")[4]
    best, chosen = (0, 0.0, 0), ","
    for delimiter in DELIMITERS:
        score = _score(lines, delimiter)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _score(lines: Sequence[str], delimiter: str) -> tuple[int, float, int]:
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error:
        return (0, 0.0, 0)
    if not rows or max(map(len, rows)) < 2:
        return (0, 0.0, 0)
    width, count = Counter(map(len, rows)).most_common(1)[0]
    split = [row for row in rows[:50] if len(row) > 1 and len(row[0]) < MAX_CELL]
    known = max((sum(map(is_known, row)) for row in split), default=0)
    if width < 2 and not known:
        return (0, 0.0, 0)
    return (min(known, 2), round(count / len(rows), 2) if width > 1 else 0.0, width)
