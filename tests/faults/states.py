"""What a portfolio holds, to compare before and after; and whether the file is sound.

Read with the plain library and none of the project's code. Left out is what no two runs share: random
columns and the real clock's instants, and digests over them.
"""

import sqlite3
from pathlib import Path
from typing import Any

RANDOM = {"nonce", "content", "previous", "digest", "at"}
# A digest over instants; and that freed storage is still to be rewritten, which is no fact.
RANDOM_ROWS = {("meta", "seal"), ("meta", "erasure_pending")}
State = dict[str, Any] | None  # table -> sorted rows; None: no portfolio, or a file without a byte


class CorruptError(Exception):
    """The file cannot be read, or contradicts itself."""


def state(path: Path) -> State:
    """All that the portfolio says. Recovers from a crash as any reader does; CorruptError where it cannot."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # nothing is proved by waiting here
            if (found := connection.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                raise CorruptError(f"integrity_check: {found[:3]}")
            if found := connection.execute("PRAGMA foreign_key_check").fetchall():
                raise CorruptError(f"foreign_key_check: {found[:3]}")
            return _tables(connection)
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise CorruptError(str(error)) from error


def _tables(connection: sqlite3.Connection) -> dict[str, Any]:
    schema = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    held: dict[str, Any] = {
        "schema": schema,
        "version": connection.execute("PRAGMA user_version").fetchone()[0],
    }
    for kind, name, _ in schema:
        if kind == "table" and not name.startswith("sqlite_"):
            cursor = connection.execute(f"SELECT * FROM {name}")
            names = [each[0] for each in cursor.description]
            keep = [at for at, each in enumerate(names) if each not in RANDOM]
            rows = (row for row in cursor if (name, row[0]) not in RANDOM_ROWS)
            held[name] = sorted((tuple(row[at] for at in keep) for row in rows), key=repr)
    return held


def bare(found: State) -> bool:
    """Whether nothing was ever recorded there."""
    return found is None or not found.get("operation")


def same(one: State, other: State) -> bool:
    """Whether two portfolios say the same; two in which nothing was recorded do."""
    return one == other or (bare(one) and bare(other))


def difference(one: State, other: State) -> str:
    """Which tables differ, for a person who looks for the reason."""
    if one is None or other is None:
        return (
            f"{'nothing' if one is None else 'a portfolio'} / {'nothing' if other is None else 'a portfolio'}"
        )
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    parts = []
    for name in names:
        left, right = one.get(name, []), other.get(name, [])
        if isinstance(left, list) and isinstance(right, list):
            only = (
                [row for row in left if row not in right][:2],
                [row for row in right if row not in left][:2],
            )
            parts.append(f"{name}: {len(left)}/{len(right)} rows, only {only[0]!r:.90} / {only[1]!r:.90}")
        else:
            parts.append(f"{name}: {left!r:.100}/{right!r:.100}")
    return "; ".join(parts)
