"""Safeties taken off: the same program, run so that a fault does the damage the suite must see.

Each twist is called in a run's own process before it starts.
"""

import functools
import sqlite3
from collections.abc import Callable
from typing import Any

Rewrite = Callable[[str], str]
_connect = sqlite3.connect


def _through(rewrite: Rewrite, **options: Any) -> None:
    """Have every statement of the process pass through `rewrite`."""

    class Twisted(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:  # type: ignore[override]
            return super().execute(rewrite(sql), *args)

        def commit(self) -> None:
            self.execute("COMMIT")

        def rollback(self) -> None:
            self.execute("ROLLBACK")

    def connect(*args: Any, **given: Any) -> sqlite3.Connection:
        return _connect(*args, **(given | options | {"factory": Twisted}))

    sqlite3.connect = functools.wraps(_connect)(connect)  # type: ignore[assignment]


def no_transaction() -> None:
    """Every statement commits by itself."""

    def rewrite(sql: str) -> str:
        return "SELECT 1" if sql.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")) else sql

    _through(rewrite)


def no_journal() -> None:
    """Nothing to roll back from."""
    _through(lambda sql: "PRAGMA journal_mode = OFF" if "journal_mode" in sql else sql)


def _synchronous(level: str) -> None:
    _through(lambda sql: f"PRAGMA synchronous = {level}" if "synchronous" in sql else sql)


def python_default() -> None:
    """The library as it comes: synchronous FULL, and the folder not synced after the journal went."""
    _synchronous("FULL")


def sync_off() -> None:
    """Nothing is ever synced."""
    _synchronous("OFF")


def deferred() -> None:
    """Transactions that take the write lock only when they first write, and do not wait."""
    _through(lambda sql: "BEGIN" if sql == "BEGIN IMMEDIATE" else sql, timeout=0.0)


def nothing() -> None:
    """Everything as it is."""
