"""Rows into the store: bulk inserts with their log rows, updates that respect what was set by hand."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from renewctl.core import money
from renewctl.core.model import Change
from renewctl.errors import PortfolioError
from renewctl.store.importer_report import FileReport
from renewctl.store.importer_table import NeedsScan
from renewctl.store.portfolio import ENTITIES, Operation, Portfolio, columns

_IN_LIST = 500
_NUMBERED = ("account", "contract", "stakeholder", "value_metric", "outcome")


class Writer:
    """Writes the rows of one file. What it did is complete after `end_batch`.

    Numbers of inserted rows run on without gaps, so that their log rows can be written from the rows
    themselves, in SQL: a per-row JSON dump costs more than the whole insert.
    """

    def __init__(self, portfolio: Portfolio, operation: Operation, as_of: str, report: FileReport) -> None:
        self.portfolio = portfolio
        self.operation = operation
        self.as_of = as_of
        self.report = report
        self.file = report.file
        self.first = {entity: portfolio.next_no(entity) for entity in _NUMBERED}
        self.next = dict(self.first)
        self._logged = dict(self.first)
        self._bulk_readings: list[tuple[int, int, int]] = []  # first and last account, how many
        self._readings: list[tuple[Any, Any]] = []  # keys of those inserted one by one
        self.pins = _pins(portfolio)
        self.changed: set[int] = set()  # accounts whose rows changed, other than inserted ones
        self.foreign = False  # a row last brought by another file was updated
        self.unpinned = 0
        self._updates: list[Change] = []

    def insert(self, entity: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows in column order. NeedsScan where a key is there already."""
        self._insert_many(entity, _insert_sql(entity), rows)
        if entity == "health_reading":
            self._readings += [(row[0], row[1]) for row in rows]

    def insert_columns(self, entity: str, cells: dict[str, Sequence[Any]], count: int) -> None:
        """Insert many whole rows given by column; columns left out are NULL.

        A column of one value goes into the statement as a literal and an empty one not at all: binding
        is most of what an insert costs. The CHECK constraints are passed over here, a third of the rest:
        the parsers have established what they ask (a test holds bulk rows against them).
        """
        constant: list[tuple[str, str]] = []
        varying: list[tuple[str, Sequence[Any]]] = []
        for name, column in cells.items():
            first = column[0]
            same = column[-1] == first and column[count // 2] == first and column.count(first) == count
            if same and not isinstance(column, range):  # numbers are always bound, so that rows are counted
                if first is not None and not isinstance(first, float):
                    constant.append((name, _literal(first)))
                elif first is not None:
                    varying.append((name, column))
            else:
                varying.append((name, column))
        names = ",".join(name for name, _ in (*varying, *constant))
        values = ",".join(["?" for _ in varying] + [text for _, text in constant])
        sql = f"INSERT INTO {entity} ({names}) VALUES ({values})"  # noqa: S608
        with self.portfolio.unchecked():
            self._insert_many(entity, sql, list(zip(*(column for _, column in varying), strict=True)))
        if entity == "health_reading":
            accounts = cells["account_no"]
            self._bulk_readings.append((accounts[0], accounts[-1], count))

    def _insert_many(self, entity: str, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        try:
            self.portfolio.execute_many(sql, rows)
        except PortfolioError as error:
            if error.code == "invariant" and "UNIQUE" in error.message:
                raise NeedsScan from error
            raise
        if entity != "health_reading":
            self.next[entity] += len(rows)

    def update(self, entity: str, stored: dict[str, Any], after: dict[str, Any], line: int) -> None:
        """Change columns of a stored row, with the place the new values came from."""
        info = ENTITIES[entity]
        if stored.get("source") not in (None, self.file):
            self.foreign = True
        after = {**after, "source": self.file, "source_line": line}
        before = {name: stored[name] for name in after}
        account_no = stored["no"] if entity == "account" else stored["account_no"]
        self._updates.append(
            Change(entity, tuple(stored[name] for name in info.key), account_no, before, after)
        )
        self.changed.add(account_no)
        stored.update(after)

    def differences(
        self, entity: str, stored: dict[str, Any], wanted: dict[str, Any], line: int
    ) -> dict[str, Any]:
        """Which of the wanted values are to be written over the stored ones.

        A field set by hand stays while its source reads as it did; a source that changed wins, and the
        pin goes.
        """
        pins = self.pins.get((entity, stored.get("no", 0)))
        if not pins:
            return {name: value for name, value in wanted.items() if stored[name] != value}
        after = {}
        for name, value in wanted.items():
            said = pins.get(name)
            if said is None:
                if stored[name] != value:
                    after[name] = value
            elif json.loads(said) != value:
                self._unpin(entity, stored, name, said)
                if stored[name] != value:
                    after[name] = value
                    if name != "search_name":
                        self._tell_replaced(entity, stored, name, {**stored, **wanted}, line)
        return after

    def unpinned_inputs(
        self, account_no: int, known: dict[str, Any], said: dict[str, Any], line: int
    ) -> dict[str, Any]:
        """Health inputs to write: `said` without what was set by hand since the source said the same.

        `known` are the latest values. An input whose source changed loses its pin, and is reported where
        that replaces what was set.
        """
        pins = self.pins.get(("health_reading", account_no))
        if not pins:
            return said
        stored = {"no": account_no, "account_no": account_no, **dict.fromkeys(said), **known}
        wanted = {name: value for name, value in said.items() if name not in pins}
        pinned = {name: value for name, value in said.items() if name in pins}
        return wanted | self.differences("health_reading", stored, pinned, line)

    def drop_pin(self, account_no: int, column: str) -> None:
        """Forget that a health input was set by hand: a later reading tells it anew."""
        said = self.pins["health_reading", account_no][column]
        self._unpin("health_reading", {"no": account_no, "account_no": account_no}, column, said)

    def _tell_replaced(
        self, entity: str, stored: dict[str, Any], name: str, after: dict[str, Any], line: int
    ) -> None:
        """Name a value that was set by hand or by a closing, and that its changed source replaces."""
        from renewctl.core.edits import field_of

        field = field_of(entity, name)
        before, now = _shown(name, stored), _shown(name, after)
        how = "by hand"
        if entity != "health_reading":
            account_no = stored["no"] if entity == "account" else stored["account_no"]
            commands = self.portfolio.rows(_WHO_SQL, (account_no, entity, str(stored["no"]), f'%"{name}"%'))
            how = "by a closing" if commands and commands[0][0] == "won" else how
        message = f"{field} had been set {how} to {before}; its source changed to {now}"
        self.report.problem(line, field, "set-by-hand-replaced", now, message)

    def _unpin(self, entity: str, stored: dict[str, Any], name: str, said: str) -> None:
        key = (entity, stored["no"], name)
        row = dict(zip(columns("pin"), (*key, said), strict=True))
        account_no = stored["no"] if entity == "account" else stored["account_no"]
        self._updates.append(Change("pin", key, account_no, row, None))
        self.changed.add(account_no)
        self.unpinned += 1
        del self.pins[(entity, stored["no"])][name]

    def end_batch(self) -> None:
        """Write the log rows of what was inserted, from the rows themselves; then apply the updates.

        In this order the log tells of a row's making before its changes.
        """
        for entity, first in self._logged.items():
            count = self.next[entity] - first
            if count:
                self._log(entity, "no", first, first + count - 1, count)
                self._logged[entity] = self.next[entity]
        for first, last, count in self._bulk_readings:
            self._log("health_reading", "account_no", first, last, count)
        self._bulk_readings.clear()
        if self._readings:
            self._log_readings()
        if self._updates:
            self.operation.apply(self._updates)
            self._updates.clear()

    def _log(self, entity: str, number: str, first: int, last: int, count: int) -> None:
        """Log `count` rows whose `number`, each another, lies between first and last."""
        start = self.operation.reserve_changes(count)
        place = f"{number} - {first}"
        if last - first >= count:  # some numbers are left out, of the log none may be
            place = f"ROW_NUMBER() OVER (ORDER BY {number}) - 1"
        self.portfolio.execute(
            f"{_LOG_SQL} SELECT {start} + {place}, ?, ?, {self._logged_row(entity)} "  # noqa: S608
            f"FROM {entity} WHERE {number} BETWEEN ? AND ? ORDER BY {entity}.{number}",
            (self.operation.seq, entity, first, last),
        )
        self.operation.logged(start, count)

    def _log_readings(self) -> None:
        count = len(self._readings)
        start, seq = self.operation.reserve_changes(count), self.operation.seq
        self.portfolio.execute_many(
            f"{_LOG_SQL} SELECT ?, ?, 'health_reading', {self._logged_row('health_reading')} "  # noqa: S608
            "FROM health_reading WHERE account_no = ? AND read_on = ?",
            [(start + at, seq, *key) for at, key in enumerate(self._readings)],
        )
        self.operation.logged(start, count)
        self._readings.clear()

    def _logged_row(self, entity: str) -> str:
        """Key, account number and the whole row of an entity, in SQL."""
        key = " || '|' || ".join(f"CAST({name} AS TEXT)" for name in ENTITIES[entity].key)
        account = "no" if entity == "account" else "account_no"
        return f"{key}, {account}, {self.portfolio.json_array(columns(entity))}"


# Which command gave a column of a row the value it has.
_WHO_SQL = (
    "SELECT o.command FROM change c JOIN operation o ON o.seq = c.op "
    "WHERE c.account_no = ? AND c.entity = ? AND c.key = ? AND c.after LIKE ? ORDER BY c.no DESC LIMIT 1"
)


def _shown(column: str, row: dict[str, Any]) -> str:
    """A stored value in the words of a report: `USD 60,000`, `2026-05-31`, `yes`; `blank` for none."""
    from renewctl.core.edits import YES_NO

    value = row[column]
    if value is None:
        return "blank"
    if column.endswith("_minor") and row["currency"]:
        return money.plain(value, row["currency"])
    if column == "champion_gone":
        return "gone" if value else "there"
    if column in YES_NO:
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


_LOG_SQL = "INSERT INTO change (no, op, entity, key, account_no, after)"


def _literal(value: str | int) -> str:
    """A text or whole number as it stands in a statement."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _insert_sql(entity: str) -> str:
    names = columns(entity)
    return f"INSERT INTO {entity} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608


def _pins(portfolio: Portfolio) -> dict[tuple[str, int], dict[str, str]]:
    found: dict[tuple[str, int], dict[str, str]] = {}
    for entity, row_no, field, said in portfolio.rows("SELECT entity, row_no, field, source_value FROM pin"):
        found.setdefault((entity, row_no), {})[field] = said
    return found


def fetch(
    portfolio: Portfolio, entity: str, column: str, wanted: Iterable[Any], order: str = ""
) -> list[dict[str, Any]]:
    """Stored rows whose `column` is one of the wanted values, as plain dicts (dates stay ISO text)."""
    names = columns(entity)
    found: list[dict[str, Any]] = []
    values = list(wanted)
    for start in range(0, len(values), _IN_LIST):
        part = values[start : start + _IN_LIST]
        sql = f"SELECT {','.join(names)} FROM {entity} WHERE {column} IN ({','.join('?' * len(part))})"  # noqa: S608
        sql += f" ORDER BY {order}" if order else ""
        found += [dict(zip(names, row, strict=True)) for row in portfolio.execute(sql, part)]
    return found


def row_of(entity: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """Values by column as a whole row in column order; what is not given is None."""
    return tuple(values.get(name) for name in columns(entity))
