"""The operation log, read newest first."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from renewctl.core.history import Currencies, Entry, Logged, RowChange, decode
from renewctl.core.model import Account
from renewctl.store.portfolio import ENTITIES, Portfolio, columns

FEW = 12  # rows of one operation that are listed without asking for an account
_COLUMNS = "no, op, entity, key, account_no, before, after"
_WITH_CURRENCY = ("account", "contract", "outcome", "value_metric")
_LABELS = {"account": "id", "contract": "id", "stakeholder": "name", "value_metric": "metric"}


def history(portfolio: Portfolio, account: Account | None, limit: int | None) -> Iterator[Entry]:
    """Operations, the newest first: all of them, or those that touched one account with their details."""
    reader = _Reader(portfolio)
    return reader.of_account(account.no, limit) if account else reader.all(limit)


class _Reader:
    """Reads the log back in time, and knows what its rows are called."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._currencies: Currencies = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._accounts: dict[int | None, str | None] = {None: None}

    def all(self, limit: int | None) -> Iterator[Entry]:
        """Every operation; the rows of large ones are only counted."""
        portfolio = self._portfolio
        last = int(portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change"))
        operations = portfolio.execute(
            "SELECT seq, at, as_of, actor, command, summary FROM operation ORDER BY seq DESC LIMIT ?",
            (-1 if limit is None else limit,),
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
                yield Entry._make((*operation, len(own), self._changes(own)))
                last = own[-1].no - 1 if own else last
            else:
                first = self._first(seq, last)
                yield Entry._make((*operation, last - first + 1, None))
                last = first - 1

    def _first(self, seq: int, last: int) -> int:
        """The number of an operation's first log row: numbers rise with operations, so halve the range."""
        low, high = 1, last
        while low < high:
            middle = (low + high) // 2
            op = self._portfolio.value("SELECT op FROM change WHERE no >= ? ORDER BY no LIMIT 1", (middle,))
            if op < seq:
                low = middle + 1
            else:
                high = middle
        return low

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
                "SELECT seq, at, as_of, actor, command, summary FROM operation WHERE seq = ?", (seq,)
            )[0]
            found = list(own)
            yield Entry._make((*operation, len(found), self._changes(found)))

    def _changes(self, rows: list[Logged]) -> tuple[RowChange, ...]:
        """Log rows of one operation in the order they happened; pins are our own business."""
        found = []
        for row in rows:
            if row.entity == "pin" or row.entity not in ENTITIES:
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
            elif row.entity == "item_state":
                subject, cycle, step = row.key.split("|", 2)
                self._labels[at] = f"{subject}-{step}" if cycle == "1" else f"{subject}.{cycle}-{step}"
            else:
                self._labels[at] = ""
        return self._labels[at]

    def _of(self, row: Logged, column: str) -> Any:
        """A column of the row as it stands today, None where it is gone."""
        sql = f"SELECT {column} FROM {row.entity} WHERE no = ?"  # noqa: S608
        return self._portfolio.value(sql, (int(row.key),))

    def _account(self, number: int | None) -> str | None:
        if number not in self._accounts:
            if len(self._accounts) > 10_000:
                self._accounts = {None: None}
            self._accounts[number] = self._portfolio.value("SELECT id FROM account WHERE no = ?", (number,))
        return self._accounts[number]
