"""The operation log, read newest first."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from renewctl.core.history import Currencies, Entry, Logged, RowChange, decode
from renewctl.core.model import Account
from renewctl.core.rewind import Chains, key_of
from renewctl.store.portfolio import ENTITIES, Portfolio, columns
from renewctl.store.rewind import first_after
from renewctl.store.undo import chains

FEW = 12  # rows of one operation that are listed without asking for an account
_NO_LIMIT = 2**62
_KNOWN = 10_000  # ids of accounts kept at hand
_OPERATION = "seq, at, as_of, actor, command, summary, count, digest, undoes"
_PRIVATE = ("pin", "erasure")  # how the portfolio keeps its own books
_COLUMNS = "no, op, entity, key, account_no, before, after"
_WITH_CURRENCY = ("account", "contract", "outcome", "value_metric", "renewal", "amendment", "offer", "worth")
_LABELS = {
    "account": "id", "contract": "id", "stakeholder": "name", "value_metric": "metric",
    "service_level": "name", "save_event": "kind",
}  # fmt: skip
# What is called as the row it is about: which that is, and the column with its number (None: its key's).
_BORROWED = {
    "renewal": ("contract", None),
    "amendment": ("contract", "contract_no"),
    "departure": ("stakeholder", None),
}


def history(portfolio: Portfolio, account: Account | None, limit: int | None) -> Iterator[Entry]:
    """Operations, the newest first: all of them, or those that touched one account with their details."""
    reader = _Reader(portfolio)
    return reader.of_account(account.no, limit) if account else reader.all(limit)


def entry(portfolio: Portfolio, seq: int) -> Entry:
    """One operation that is there, with its rows where they are few."""
    return _Reader(portfolio).one(seq)


class _Reader:
    """Reads the log back in time, and knows what its rows are called."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._currencies: Currencies = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._accounts: dict[int | None, str | None] = {None: None}
        self._chains: Chains = chains(portfolio)

    def all(self, limit: int | None) -> Iterator[Entry]:
        """Every operation; the rows of large ones are only counted."""
        portfolio = self._portfolio
        last = int(portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change"))
        operations = portfolio.execute(
            f"SELECT {_OPERATION} FROM operation ORDER BY seq DESC LIMIT ?",  # noqa: S608
            (_NO_LIMIT if limit is None else limit,),
        )
        for operation in operations:
            seq = operation[0]
            rows = [
                Logged._make(row)
                for row in portfolio.execute(
                    f"SELECT {_COLUMNS} FROM change WHERE no <= ? ORDER BY no DESC LIMIT ?",  # noqa: S608
                    (last, FEW + 1),
                )
            ]
            own = [row for row in rows if row.op == seq]
            if len(own) <= FEW:
                yield self._entry(operation, len(own), self._changes(own))
                last = own[-1].no - 1 if own else last
            else:
                last = first_after(portfolio, seq - 1) - 1
                yield self._entry(operation, operation[6], None)

    def one(self, seq: int) -> Entry:
        """One operation."""
        operation = self._portfolio.rows(
            f"SELECT {_OPERATION} FROM operation WHERE seq = ?",  # noqa: S608
            (seq,),
        )[0]
        if operation[6] > FEW:
            return self._entry(operation, operation[6], None)
        rows = self._portfolio.rows(
            f"SELECT {_COLUMNS} FROM change WHERE no >= ? AND op = ? ORDER BY no DESC LIMIT ?",  # noqa: S608
            (first_after(self._portfolio, seq - 1), seq, FEW),
        )
        return self._entry(operation, len(rows), self._changes([Logged._make(row) for row in rows]))

    def _entry(self, operation: Sequence[Any], rows: int, changes: tuple[RowChange, ...] | None) -> Entry:
        """A row of _OPERATION as a value; `rows` are those told of, where not all are."""
        *said, _, digest, undoes = operation
        return Entry._make((*said, rows, digest, undoes, self._chains.taken_back_by(said[0]), changes))

    def of_account(self, account_no: int, limit: int | None) -> Iterator[Entry]:
        """The operations that touched an account, with every row of it."""
        rows = (
            Logged._make(row)
            for row in self._portfolio.execute(
                f"SELECT {_COLUMNS} FROM change WHERE account_no = ? ORDER BY no DESC",  # noqa: S608
                (account_no,),
            )
        )
        for told, (seq, own) in enumerate(groupby(rows, key=lambda row: row.op)):
            if limit is not None and told >= limit:
                return
            operation = self._portfolio.rows(
                f"SELECT {_OPERATION} FROM operation WHERE seq = ?",  # noqa: S608
                (seq,),
            )[0]
            found = list(own)
            yield self._entry(operation, len(found), self._changes(found))

    def _changes(self, rows: list[Logged]) -> tuple[RowChange, ...]:
        """Log rows of one operation in the order they happened; pins are our own business."""
        found = []
        for row in rows:
            if row.entity in _PRIVATE or row.entity not in ENTITIES:
                continue
            at = (row.entity, row.key)
            if row.entity in _WITH_CURRENCY and at not in self._currencies:
                self._currencies[at] = self._of(row, "currency")
            names = columns(row.entity)
            found.append(
                decode(row, names, self._account(row.account_no), self._label(row), self._currencies)
            )
        return tuple(reversed(found))

    def _label(self, row: Logged) -> str:
        at = (row.entity, row.key)
        if at not in self._labels:
            column = _LABELS.get(row.entity)
            if column:
                self._labels[at] = str(self._of(row, column) or "")
            elif row.entity == "health_reading":
                self._labels[at] = row.key.partition("|")[2]
            elif row.entity in ("item_state", "assignment"):
                subject, cycle, step = row.key.split("|", 2)
                self._labels[at] = f"{subject}-{step}" if cycle == "1" else f"{subject}.{cycle}-{step}"
            elif row.entity in _BORROWED:
                self._labels[at] = self._borrowed(row)
            else:
                self._labels[at] = ""
        return self._labels[at]

    def _borrowed(self, row: Logged) -> str:
        """What a person calls the row that this one is about."""
        entity, column = _BORROWED[row.entity]
        no = row.key.partition("|")[0] if column is None else str(self._of(row, column))
        return str(self._last(entity, no, row.account_no, _LABELS[entity]) or "")

    def _of(self, row: Logged, column: str) -> Any:
        """A column of the row as it stands today, or as it stood when it was removed."""
        return self._last(row.entity, row.key, row.account_no, column)

    def _last(self, entity: str, key: str, account_no: int | None, column: str) -> Any:
        names = ENTITIES[entity].key
        where = " AND ".join(f"{name} = ?" for name in names)
        found = self._portfolio.rows(f"SELECT {column} FROM {entity} WHERE {where}", key_of(key, names))  # noqa: S608
        if found:
            return found[0][0]
        gone = self._portfolio.value(
            "SELECT before FROM change WHERE account_no = ? AND entity = ? AND key = ? AND after IS NULL "
            "ORDER BY no DESC LIMIT 1",
            (account_no, entity, key),
        )
        return None if gone is None else json.loads(gone)[columns(entity).index(column)]

    def _account(self, number: int | None) -> str | None:
        if number not in self._accounts:
            if len(self._accounts) > _KNOWN:
                self._accounts = {None: None}
            self._accounts[number] = self._last("account", str(number), number, "id")
        return self._accounts[number]
