"""Which backups of a portfolio still hold somebody who was forgotten. Nothing is changed in them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from renewctl.core.erasure import Eraser, plain
from renewctl.store.portfolio import Portfolio
from renewctl.store.sqlite import uri

_PAGE = 2_000
_OF_ITS_OWN = ("meta", "migration", "agenda", "source", "erasure")  # tables that name nobody


def backups(portfolio: Portfolio, eraser: Eraser) -> tuple[list[str], list[str]]:
    """Files of backups that hold it, and those that could not be searched, the newest first."""
    holding, unread = [], []
    for path in _files(portfolio):
        try:
            if holds(path, eraser):
                holding.append(path)
        except sqlite3.Error:
            unread.append(path)
    return holding, unread


def _files(portfolio: Portfolio) -> list[str]:
    from renewctl.store import backup

    found = [str(each.file) for each in backup.listing(portfolio.path)]
    if "://" not in portfolio.path:  # damaged files that a restore has put beside it
        file = Path(portfolio.path).absolute()
        found += [
            str(each) for each in file.parent.iterdir() if each.name.startswith(f"{file.name}.damaged-")
        ]
    return found


def holds(path: str, eraser: Eraser) -> bool:
    """Whether a portfolio file, of whatever schema, mentions what `eraser` erases. It is opened read-only.

    Raises sqlite3.Error where it cannot be read.
    """
    connection = sqlite3.connect(uri(path, "ro&immutable=1"), uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        return any(_table_holds(connection, name, eraser) for name in _tables(connection))
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        if name not in _OF_ITS_OWN and not name.startswith("sqlite_"):
            yield name


def _table_holds(connection: sqlite3.Connection, table: str, eraser: Eraser) -> bool:
    quoted = table.replace('"', '""')
    cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608
    names = [each[0] for each in cursor.description]
    account = "no" if table == "account" else "account_no"
    place = names.index(account) if account in names else None
    theirs = eraser.homes | eraser.accounts
    while page := cursor.fetchmany(_PAGE):
        texts = [("\n".join(cell for cell in row if isinstance(cell, str)), row) for row in page]
        folded = plain("\n".join(text for text, _ in texts))
        if not eraser.far.maybe(folded) and not eraser.near.maybe(folded):
            continue
        for text, row in texts:
            number = None if place is None else row[place]
            if (eraser.near if number in theirs else eraser.far).within(text):
                return True
    return False
