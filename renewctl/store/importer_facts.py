"""Health readings, stakeholders, value metrics and outcomes: facts that hang on an account."""

from collections.abc import Callable, Sequence
from typing import Any

from renewctl.core.text import fold
from renewctl.store.importer_accounts import READINGS
from renewctl.store.importer_apply import Writer, fetch, row_of
from renewctl.store.importer_contracts import AccountFinder
from renewctl.store.importer_parse import Parsed
from renewctl.store.importer_table import Table

_STAKEHOLDER = {
    "name": "name",
    "email": "email",
    "role": "role",
    "influence": "influence",
    "sentiment": "sentiment",
    "last_contact": "last_contact_on",
    "thread_owner": "thread_owner",
}
_VALUE = {
    "metric": "metric",
    "value": "value",
    "unit": "unit",
    "period_start": "period_start_on",
    "period_end": "period_end_on",
    "baseline": "baseline",
    "rate": "rate",
    "currency": "currency",
    "quote": "quote",
}
_OUTCOME = {
    "closed_on": "closed_on",
    "result": "result",
    "arr_before": "arr_before_minor",
    "arr_after": "arr_after_minor",
    "reason": "reason",
    "competitor": "competitor",
    "lost_on": "lost_on",
    "told_on": "told_on",
}


class FactRows:
    """Takes records that are told apart by their account and some columns of their own."""

    entity = ""
    fields: dict[str, str] = {}  # noqa: RUF012  import field -> column
    needed: tuple[str, ...] = ()
    unsaid: dict[str, Any] = {}  # noqa: RUF012  columns of a new row that no file speaks of

    def __init__(self, writer: Writer, table: Table) -> None:
        self.writer = writer
        self.table = table
        self._finder = AccountFinder(writer)
        self._touched: set[Any] = set()

    def take(self, batch: Parsed) -> None:
        """One batch of good records."""
        batch = self._complete(batch)
        if not batch.count:
            return
        numbers = self._finder.numbers(batch, self.table.mapping.headings.get("account_id", ""))
        stored = self._stored(numbers)
        for (line, cells, values), number in zip(batch.records(), numbers, strict=True):
            wanted = self.wanted(values, number)
            key = self.key(wanted)
            if key in self._touched:
                message = "the same fact came on an earlier line with other content"
                self.writer.report.reject(line, cells, "", "duplicate-id", "", message)
                continue
            self._touched.add(key)
            self._put(stored, key, wanted, line)

    def _complete(self, batch: Parsed) -> Parsed:
        """Only records that have what they need; the others are rejected, by the heading they lack."""
        needed = [("account_id", batch.column("account_id"))]
        needed += [(field, batch.column(field)) for field in self.needed]
        bad: set[int] = set()
        for field, column in needed:
            for at, value in enumerate(column):
                if value is None and at not in bad:
                    bad.add(at)
                    heading = self.table.mapping.headings.get(field, field)
                    self.writer.report.reject(
                        batch.lines[at], batch.rows[at], heading, f"{field}-missing".replace("_", "-"), "",
                        f"{heading} is blank",
                    )  # fmt: skip
        return batch.keep([at for at in range(batch.count) if at not in bad]) if bad else batch

    def _stored(self, numbers: Sequence[int]) -> dict[Any, dict[str, Any]]:
        rows = fetch(self.writer.portfolio, self.entity, "account_no", set(numbers))
        return {self.key(row): row for row in rows}

    def _put(self, stored: dict[Any, dict[str, Any]], key: Any, wanted: dict[str, Any], line: int) -> None:
        writer = self.writer
        row = stored.get(key)
        if row is None:
            place = {"source": writer.file, "source_line": line}
            number = {"no": writer.next[self.entity]}
            whole = {**self.unsaid, **wanted, **number, **place}
            writer.insert(self.entity, [row_of(self.entity, whole)])
            writer.changed.add(wanted["account_no"])
            writer.report.inserted += 1
            return
        clear = self.table.options.clear_blanks
        said = {name: value for name, value in wanted.items() if value is not None or clear}
        after = writer.differences(self.entity, row, said, line)
        if after:
            writer.update(self.entity, row, after, line)
            writer.report.updated += 1
        else:
            writer.report.unchanged += 1

    def wanted(self, values: dict[str, Any], account_no: int) -> dict[str, Any]:
        """Columns the record speaks of."""
        wanted = {column: values[field] for field, column in self.fields.items() if field in values}
        return {"account_no": account_no, **wanted}

    def key(self, row: dict[str, Any]) -> Any:
        """What tells one fact from another."""
        raise NotImplementedError


class StakeholderRows(FactRows):
    """People: by e-mail address where there is one, else by name."""

    entity = "stakeholder"
    fields = _STAKEHOLDER
    needed = ("name",)

    def key(self, row: dict[str, Any]) -> Any:
        """Account and e-mail or name."""
        email = row.get("email")
        return row["account_no"], email.lower() if email else fold(row["name"])

    def _stored(self, numbers: Sequence[int]) -> dict[Any, dict[str, Any]]:
        stored = super()._stored(numbers)
        self._named: dict[tuple[int, str], list[Any]] = {}
        for key, row in stored.items():
            self._named.setdefault((row["account_no"], fold(row["name"])), []).append(key)
        return stored

    def _put(self, stored: dict[Any, dict[str, Any]], key: Any, wanted: dict[str, Any], line: int) -> None:
        """As for every fact; an address that is new to a person, or left out, makes them nobody else."""
        if key not in stored:
            email = wanted.get("email")
            alike = [
                each
                for each in self._named.get((wanted["account_no"], fold(wanted["name"])), ())
                if each in stored and each not in self._touched and not (email and stored[each]["email"])
            ]
            if len(alike) == 1:
                stored[key] = stored.pop(alike[0])
                if not email:  # the address on a later line would be the same person again
                    self._touched.add(alike[0])
        super()._put(stored, key, wanted, line)


class ValueRows(FactRows):
    """Measured benefits: by metric and period."""

    entity = "value_metric"
    fields = _VALUE
    needed = ("metric",)

    def key(self, row: dict[str, Any]) -> Any:
        """Account, metric and period."""
        return (
            row["account_no"],
            fold(row["metric"]),
            row.get("period_start_on"),
            row.get("period_end_on"),
        )


class OutcomeRows(FactRows):
    """How renewals ended: by contract and day. Only the fact is stored; no renewal changes its course."""

    entity = "outcome"
    fields = _OUTCOME
    needed = ("closed_on",)
    unsaid = {"cycle": 1}  # noqa: RUF012  one stored already keeps the cycle it closed

    def __init__(self, writer: Writer, table: Table) -> None:
        super().__init__(writer, table)
        self._contracts: dict[str, dict[str, Any]] = {}
        self._of_account: dict[int, list[dict[str, Any]]] = {}

    def take(self, batch: Parsed) -> None:
        """One batch of good records; the contracts they name are looked up first."""
        if "result" not in batch.values:
            batch.values["result"] = ["lost"] * batch.count  # a churn list tells losses only
        else:
            batch = self._with_result(batch)
        portfolio = self.writer.portfolio
        said = {each for each in batch.column("contract_id") if each is not None}
        self._contracts = {row["id"]: row for row in fetch(portfolio, "contract", "id", said)}
        super().take(batch)

    def _with_result(self, batch: Parsed) -> Parsed:
        heading = self.table.mapping.headings.get("result", "result")
        blank = [at for at, value in enumerate(batch.values["result"]) if value is None]
        for at in blank:
            self.writer.report.reject(
                batch.lines[at], batch.rows[at], heading, "result-missing", "", f"{heading} is blank"
            )
        return batch.keep([at for at in range(batch.count) if at not in set(blank)]) if blank else batch

    def _stored(self, numbers: Sequence[int]) -> dict[Any, dict[str, Any]]:
        self._of_account = {}
        for row in fetch(self.writer.portfolio, "contract", "account_no", set(numbers)):
            if row["state"] != "superseded":
                self._of_account.setdefault(row["account_no"], []).append(row)
        return super()._stored(numbers)

    def wanted(self, values: dict[str, Any], account_no: int) -> dict[str, Any]:
        """Columns the record speaks of, with the contract it closed where that is known."""
        wanted = super().wanted(values, account_no)
        named = values.get("contract_id")
        own = self._of_account.get(account_no, [])
        contract = self._contracts.get(named) if named else own[0] if len(own) == 1 else None
        if contract is not None and contract["account_no"] != account_no:
            contract = None
        wanted["contract_no"] = contract["no"] if contract else None
        codes = [values.get("arr_before!"), values.get("arr_after!")]
        code = next((each for each in codes if each), None)
        if code:
            wanted["currency"] = code
        return wanted

    def key(self, row: dict[str, Any]) -> Any:
        """Account, contract and day."""
        return row["account_no"], row.get("contract_no"), row["closed_on"]


class HealthRows(FactRows):
    """Health inputs: one row per account and day, as columns or as (input, value) pairs."""

    entity = "health_reading"

    def __init__(self, writer: Writer, table: Table) -> None:
        super().__init__(writer, table)
        self._inputs = {f: c for f, c in READINGS.items() if f in table.mapping.columns}
        self.long = "input" in table.mapping.columns

    def take(self, batch: Parsed) -> None:
        """One batch of good records; a record without a date is read on the import's day."""
        dates = batch.column("date")
        undated = {line for line, on in zip(batch.lines, dates, strict=True) if on is None}
        batch.values["date"] = [on or self.writer.as_of for on in dates]
        batch = self._complete(batch)
        if not batch.count:
            return
        numbers = self._finder.numbers(batch, self.table.mapping.headings.get("account_id", ""))
        rows = fetch(self.writer.portfolio, self.entity, "account_no", set(numbers))
        stored = {(row["account_no"], row["read_on"]): row for row in rows}
        for (line, cells, values), number in zip(batch.records(), numbers, strict=True):
            inputs = self._said(values)
            severity = values.get("ticket_severity")
            dated = line not in undated
            self._take_one(stored, number, values["date"], inputs, line, cells, severity, dated=dated)

    def _said(self, values: dict[str, Any]) -> dict[str, Any]:
        said = {
            column: values[field] for field, column in self._inputs.items() if values.get(field) is not None
        }
        if self.long and values.get("input") in READINGS and values.get("value") is not None:
            column = READINGS[values["input"]]
            value = values["value"]
            said[column] = int(value) if column == "open_tickets" else value
        return said

    def _take_one(
        self,
        stored: dict[Any, dict[str, Any]],
        number: int,
        day: str,
        inputs: dict[str, Any],
        line: int,
        cells: list[str],
        severity: int | None,
        *,
        dated: bool,
    ) -> None:
        """Add one record's inputs to the reading of its day."""
        writer, report = self.writer, self.writer.report
        if not inputs and severity is None:
            report.reject(line, cells, "", "nothing-read", "", "holds no health input")
            return
        for column in inputs:
            key = (number, day, column)
            if key in self._touched:
                row = stored.get((number, day))
                if row is not None and row[column] == inputs[column]:
                    continue
                report.reject(
                    line, cells, "", "duplicate-id", "", f"{column} of {day} came on an earlier line"
                )
                return
            self._touched.add(key)
        changed = self._severity(number, severity, line)
        row = stored.get((number, day))
        pins = writer.unpinned
        inputs = self._not_set_by_hand(stored, number, day, inputs, line, dated=dated)
        changed = changed or writer.unpinned > pins
        if row is None and inputs:
            values = {"account_no": number, "read_on": day, "source": writer.file, "source_line": line}
            whole = row_of(self.entity, {**values, **inputs})
            writer.insert(self.entity, [whole])
            writer.changed.add(number)
            stored[(number, day)] = dict(zip(_columns(), whole, strict=True))
            report.inserted += 1
            return
        after = {} if row is None else {n: v for n, v in inputs.items() if row[n] != v}
        if after and row is not None:
            fresh = all(row[name] is None for name in after)
            writer.update(self.entity, row, after, line)
            if fresh and self.long:
                report.inserted += 1
            else:
                report.updated += 1
        elif changed:
            report.updated += 1
        else:
            report.unchanged += 1

    def _not_set_by_hand(
        self, stored: dict[Any, dict[str, Any]], number: int, day: str, inputs: dict[str, Any], line: int,
        *, dated: bool,
    ) -> dict[str, Any]:  # fmt: skip
        """The inputs without those set by hand since the source said the same.

        A reading of an earlier day than the latest is history of its own and touches nothing set by hand;
        one that names a later day tells the input anew.
        """
        writer = self.writer
        pins = writer.pins.get((self.entity, number))
        if not pins:
            return inputs
        own = [row for (account_no, _), row in stored.items() if account_no == number]
        kept: dict[str, Any] = {}
        known: dict[str, Any] = {}
        doubtful: dict[str, Any] = {}
        for column, value in inputs.items():
            latest = max((r for r in own if r[column] is not None), key=lambda r: r["read_on"], default=None)
            if column not in pins or (latest is not None and day < latest["read_on"]):
                kept[column] = value
            elif dated and (latest is None or day > latest["read_on"]):
                writer.drop_pin(number, column)
                kept[column] = value
            else:
                doubtful[column] = value
                known[column] = None if latest is None else latest[column]
        return kept | writer.unpinned_inputs(number, known, doubtful, line)

    def _severity(self, number: int, severity: int | None, line: int) -> bool:
        """The worst open ticket belongs to the account, with the day it became so."""
        if severity is None:
            return False
        writer = self.writer
        row = fetch(writer.portfolio, "account", "no", [number])[0]
        pins = writer.unpinned
        after = writer.differences("account", row, {"ticket_severity": severity}, line)
        if after:
            writer.update("account", row, {**after, "ticket_severity_on": writer.as_of}, line)
        return bool(after) or writer.unpinned > pins


def _columns() -> tuple[str, ...]:
    from renewctl.store.portfolio import columns

    return columns("health_reading")


KINDS: dict[str, Callable[[Writer, Table], FactRows]] = {
    "stakeholders": StakeholderRows,
    "value": ValueRows,
    "outcomes": OutcomeRows,
    "health": HealthRows,
}
