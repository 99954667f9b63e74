"""The operation log's hash chain: what is digested, exactly.

An operation's `content` digests its change rows in the order of their numbers, then its nonce, command
and summary. Its `digest` covers `content`, the rest of its own row, and the digest of the operation
before it; so no operation can be altered, dropped or put in without every later digest telling.

The nonce is random. Without it nobody can find out what an operation said by digesting guesses; an
erasure deletes it together with what it erases.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

FIELD, ROW = "\x1f", "\x1e"  # JSON text holds neither, nor does a key
CHANGE = ("no", "op", "entity", "key", "account_no", "before", "after")
OPERATION = (
    "seq", "at", "as_of", "actor", "command", "summary", "undoes", "nonce", "count", "content", "previous",
    "digest",
)  # fmt: skip


def sha256(data: bytes = b"") -> Any:
    """A SHA-256. hashlib digests bulk faster, but loads OpenSSL: only where somebody has done so already."""
    if "hashlib" not in sys.modules:
        try:
            from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore]

            return sha256(data)
        except ImportError:
            pass
    from hashlib import sha256

    return sha256(data)


def row_text(row: Sequence[Any]) -> str:
    """A change row (columns of CHANGE) as it is digested; what is NULL is empty."""
    return FIELD.join(["" if cell is None else str(cell) for cell in row]) + ROW


class Content:
    """The digest of one operation's content, fed row by row."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, rows: bytes) -> None:
        """Change rows, each as `row_text` in UTF-8, in the order of their numbers."""
        self._hash.update(rows)

    def copy(self) -> "Content":
        """The same, to go on from once more."""
        twin = Content.__new__(Content)
        twin._hash = self._hash.copy()
        return twin

    def close(self, nonce: str | None, command: str, summary: str) -> str:
        """The digest, in hex."""
        self._hash.update(_text(nonce, command, summary))
        return str(self._hash.hexdigest())


def content_of(rows: Iterable[Sequence[Any]], nonce: str | None, command: str, summary: str) -> str:
    """The `content` of an operation from its change rows, ordered by number."""
    content = Content()
    for row in rows:
        content.add(row_text(row).encode())
    return content.close(nonce, command, summary)


def digest_of(operation: Sequence[Any]) -> str:
    """The `digest` of an operation from its row (columns of OPERATION; its own digest is not looked at)."""
    seq, at, as_of, actor, _, _, undoes, _, count, content, previous = operation[:11]
    return str(sha256(_text(previous, seq, at, as_of, actor, undoes, count, content)).hexdigest())


def seal_of(facts: Sequence[Sequence[Any]], versions: Sequence[Sequence[Any]]) -> str:
    """A digest of what no operation tells of: rows of `meta` (key, value) and `migration`, by key."""
    return str(sha256(_text(*([*map(list, rows)] for rows in (facts, versions)))).hexdigest())


def _text(*parts: Any) -> bytes:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
