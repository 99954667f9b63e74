"""Accounts files: accounts, their implied contracts and the health read on the import's day."""

import re
from collections.abc import Sequence
from typing import Any

from renewctl.core.text import fold
from renewctl.store.importer_apply import Writer, fetch, row_of
from renewctl.store.importer_contracts import ContractRows, same_money
from renewctl.store.importer_parse import Parsed, account_keys
from renewctl.store.importer_table import NeedsScan, Table

# Import field -> account column, where a cell is stored as it was read.
PLAIN = {
    "country": "country",
    "status": "status",
    "csm": "csm",
    "sales_owner": "sales_owner",
    "specialist": "specialist",
    "executive_sponsor": "executive_sponsor",
    "industry": "industry",
    "strategic": "strategic",
    "segment_override": "segment_override",
    "growth_rate": "growth_rate",
    "seats_purchased": "seats_purchased",
    "seats_used": "seats_used",
    "cancel_notice_date": "cancel_notice_on",
    "competitor": "competitor",
    "last_contact": "last_contact_on",
    "ticket_severity": "ticket_severity",
}
AMOUNTS = {"expansion_arr": "expansion_minor", "target_arr": "target_arr_minor"}
READINGS = {
    "usage_trend": "usage_trend",
    "open_tickets": "open_tickets",
    "csat": "csat",
    "nps": "nps",
    "engagement": "engagement",
    "relationship": "relationship",
    "health_score": "score",
}
OVERRIDE_REASON = "given by the imported file"

_GONE = re.compile(
    r"\A(?:(?:has |have )?(?:gone|left|departed)(?: the company)?|no longer(?: there| with us)?|vacant|"
    r"saiu(?: da empresa)?|desligad[oa]|demitid[oa]|vago)\Z"
)
_GONE_AFTER = re.compile(r"\A(.*\S)\s*[(\[-]\s*(?:gone|left|departed|saiu|desligad[oa])\s*[)\]]?\s*\Z", re.I)


def champion(cell: str | None) -> tuple[str | None, int | None]:
    """A champion cell as (name, gone): `left` is (None, 1), `Ana (left)` ("Ana", 1), blank (None, None)."""
    if cell is None:
        return None, None
    if _GONE.match(fold(cell)):
        return None, 1
    named = _GONE_AFTER.match(cell)
    return (named[1], 1) if named else (cell, 0)


class AccountRows:
    """Takes the records of an accounts file into the store."""

    def __init__(self, writer: Writer, table: Table, *, fresh: bool, scanned: bool) -> None:
        self.writer = writer
        self.table = table
        self.fresh = fresh  # nothing in the portfolio yet: no lookups
        self.scanned = scanned  # ids that come twice were found beforehand
        self.touched: set[int] = set()
        self.by_contract = "contract_id" in table.mapping.columns
        self.readings = [name for name in READINGS if name in table.mapping.columns]
        self.contracts = ContractRows(writer, table, from_accounts=True)

    def take(self, batch: Parsed) -> None:
        """One batch of good records."""
        keys: list[Any] = account_keys(batch.column("id"), batch.column("name"))
        if None in keys:
            batch = self._without_key(batch, keys)
            keys = account_keys(batch.column("id"), batch.column("name"))
        if self.by_contract:
            self._by_contract(batch, keys)
            return
        stored = {} if self.fresh else self._stored(batch, keys)
        if not stored:
            self._insert(batch, keys)
            return
        new = [at for at, key in enumerate(keys) if key not in stored]
        if new:
            self._insert(batch.keep(new), [keys[at] for at in new])
        old = [at for at, key in enumerate(keys) if key in stored]
        self._update(batch.keep(old), [stored[keys[at]] for at in old])

    def _without_key(self, batch: Parsed, keys: Sequence[Any]) -> Parsed:
        for at, key in enumerate(keys):
            if key is None:
                self.writer.report.reject(
                    batch.lines[at], batch.rows[at], "", "id-missing", "", "neither an id nor a name"
                )
        return batch.keep([at for at, key in enumerate(keys) if key is not None])

    def _stored(self, batch: Parsed, keys: Sequence[Any]) -> dict[str, dict[str, Any]]:
        """Key -> stored account. A record without an id also finds an account by its name."""
        portfolio = self.writer.portfolio
        found = {row["id"]: row for row in fetch(portfolio, "account", "id", keys)}
        named = [
            key for key, own in zip(keys, batch.column("id"), strict=True) if own is None and key not in found
        ]
        if named:
            twice: set[str] = set()
            for row in fetch(portfolio, "account", "search_name", named):
                if row["search_name"] in found:
                    twice.add(row["search_name"])
                found[row["search_name"]] = row
            for name in twice:
                del found[name]
        return found

    def _insert(self, batch: Parsed, keys: Sequence[Any]) -> None:
        """New accounts with their implied contracts and readings, in bulk."""
        writer, count = self.writer, batch.count
        if not count:
            return
        if len(set(keys)) != count:
            raise NeedsScan
        first = writer.next["account"]
        numbers = range(first, first + count)
        currency = self._currencies(batch)
        have = batch.values
        cells: dict[str, Sequence[Any]] = {
            column: have[field] for field, column in {**PLAIN, **AMOUNTS}.items() if field in have
        }
        names = self._names(batch, keys)
        as_of = writer.as_of
        cells |= {
            "no": numbers,
            "id": keys,
            "name": names,
            "search_name": folded(names),
            "currency": currency,
            "strategic": [value or 0 for value in batch.column("strategic")],
            "recorded_on": [as_of] * count,
            "source": [writer.file] * count,
            "source_line": batch.lines,
        }
        self._champions(batch, cells)
        if "ticket_severity" in cells:
            said = cells["ticket_severity"]
            cells["ticket_severity_on"] = [None if each is None else as_of for each in said]
        if "segment_override" in cells:
            said = cells["segment_override"]
            cells["segment_reason"] = [None if each is None else OVERRIDE_REASON for each in said]
        writer.insert_columns("account", cells, count)
        self.contracts.insert_implied(batch, keys, numbers, clash=not self.fresh)
        self._insert_readings(batch, numbers)
        writer.report.inserted += count

    def _champions(self, batch: Parsed, cells: dict[str, Any]) -> None:
        said = batch.values.get("champion")
        if said is None:
            cells["champion_gone"] = [0] * batch.count
            return
        pairs = [champion(cell) for cell in said]
        cells["champion"] = [name for name, _ in pairs]
        cells["champion_gone"] = [gone or 0 for _, gone in pairs]

    def _names(self, batch: Parsed, keys: Sequence[Any]) -> list[str]:
        """Names, the id standing in (and named as a problem) where there is none."""
        names = batch.column("name")
        if None not in names:
            return names
        report = self.writer.report
        heading = self.table.mapping.headings.get("name", "")
        for at, name in enumerate(names):
            if name is None:
                message = f"no name; kept under its id {keys[at]}"
                report.problem(batch.lines[at], heading, "name-missing", "", message)
        return [key if name is None else name for key, name in zip(keys, names, strict=True)]

    def _currencies(self, batch: Parsed) -> list[Any]:
        """The account's currency: its column's, else that of its first amount; others are dropped, named."""
        codes = [batch.codes[field] for field in ("arr", "mrr", *AMOUNTS) if field in batch.codes]
        sources = ([batch.values["currency"]] if "currency" in batch.values else []) + codes
        if not sources:
            return [self.table.options.currency] * batch.count
        seen = set().union(*sources) - {None}
        if len(seen) <= 1 and all(None not in source for source in sources[:1]):
            return sources[0]
        if len(sources) == 1:
            currency = sources[0]
        else:
            currency = [next((code for code in row if code), None) for row in zip(*sources, strict=True)]
        for field in AMOUNTS:
            if field in batch.codes and len(seen) > 1:
                self._conflicts(batch, field, currency)
        return currency

    def _conflicts(self, batch: Parsed, field: str, currency: Sequence[str | None]) -> None:
        column = self.table.mapping.columns[field]
        values = batch.values[field]
        for at, code in enumerate(batch.codes[field]):
            if code is not None and code != currency[at]:
                values[at] = None
                self.writer.report.problem(
                    batch.lines[at],
                    self.table.mapping.headings[field],
                    "currency-conflict",
                    batch.columns[column][at],
                    f"in {code}, while the account is in {currency[at]}",
                )

    def _insert_readings(self, batch: Parsed, numbers: Sequence[int]) -> None:
        if not self.readings:
            return
        writer, count = self.writer, batch.count
        cells: dict[str, Sequence[Any]] = {
            "account_no": numbers,
            "read_on": [writer.as_of] * count,
            **{READINGS[field]: batch.values[field] for field in self.readings},
            "source": [writer.file] * count,
            "source_line": batch.lines,
        }
        if all(None in batch.values[field] for field in self.readings):
            inputs = zip(*(batch.values[field] for field in self.readings), strict=True)
            blank = (None,) * len(self.readings)
            read = [at for at, each in enumerate(inputs) if each != blank]
            cells = {name: [column[at] for at in read] for name, column in cells.items()}
            count = len(read)
        if count:
            writer.insert_columns("health_reading", cells, count)

    def _by_contract(self, batch: Parsed, keys: Sequence[Any]) -> None:
        """Many contracts per account: the account's own cells are taken from its first record."""
        stored = self._stored(batch, keys)
        new: dict[Any, int] = {}
        for at, key in enumerate(keys):
            if key not in stored:
                new.setdefault(key, at)
        report = self.writer.report
        counted = (report.inserted, report.updated, report.unchanged)
        if new:
            with_terms = self.contracts.skip_implied
            self.contracts.skip_implied = True
            self._insert(batch.keep(list(new.values())), list(new))
            self.contracts.skip_implied = with_terms
            stored |= {row["id"]: row for row in fetch(self.writer.portfolio, "account", "id", new)}
        changed: set[int] = set()
        known = [row["no"] for row in stored.values()]
        latest = self._latest_readings(known) if self.readings else {}
        for at, key in enumerate(keys):
            row = stored[key]
            if row["no"] not in self.touched:
                self.touched.add(row["no"])
                if key not in new:
                    line, cells, values = next(batch.keep([at]).records())
                    read = self._update_reading(row["no"], values, latest, line)
                    if self._update_one(values, cells, row, line) or read:
                        changed.add(at)
            else:
                self._same_account(batch, at, row)
        report.inserted, report.updated, report.unchanged = counted
        self.contracts.take(batch, [stored[key] for key in keys], changed)

    def _same_account(self, batch: Parsed, at: int, row: dict[str, Any]) -> None:
        """Name it where a later record of an account tells other facts of the account itself."""
        for field, column in PLAIN.items():
            value = batch.column(field)[at]
            if value is not None and value != row[column]:
                self.writer.report.problem(
                    batch.lines[at],
                    self.table.mapping.headings[field],
                    "account-differs",
                    str(value),
                    f"account {row['id']} has {row[column]} from its first line; that one is kept",
                )

    def _update(self, batch: Parsed, stored: Sequence[dict[str, Any]]) -> None:
        """Records of accounts that are there already, one by one."""
        writer = self.writer
        numbers = [row["no"] for row in stored]
        self.contracts.load(numbers)
        latest = self._latest_readings(numbers) if self.readings else {}
        report = writer.report
        for (line, cells, values), row in zip(batch.records(), stored, strict=True):
            if row["no"] in self.touched or row["no"] >= writer.first["account"]:
                if not self.scanned:
                    raise NeedsScan
                report.reject(
                    line, cells, "", "duplicate-id", row["id"], f"{row['id']} came on an earlier line too"
                )
                continue
            self.touched.add(row["no"])
            changed = self._update_one(values, cells, row, line)
            changed = self.contracts.update_implied(row, values, cells, line) or changed
            changed = self._update_reading(row["no"], values, latest, line) or changed
            if changed:
                report.updated += 1
            else:
                report.unchanged += 1

    def _update_one(
        self, values: dict[str, Any], cells: Sequence[str], row: dict[str, Any], line: int
    ) -> bool:
        """Bring an account's own columns up to date; True when anything changed."""
        wanted = self._wanted(values, row) | self._wanted_amounts(values, cells, row)
        pins = self.writer.unpinned
        after = self.writer.differences("account", row, wanted, line)
        if "ticket_severity" in after:
            after["ticket_severity_on"] = self.writer.as_of if after["ticket_severity"] is not None else None
        if "segment_override" in after:
            after["segment_reason"] = OVERRIDE_REASON if after["segment_override"] else None
        if after:
            self.writer.update("account", row, after, line)
        return bool(after) or self.writer.unpinned > pins

    def _wanted(self, values: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        """Account columns the record speaks of, blanks left out unless they are to clear."""
        clear = self.table.options.clear_blanks
        wanted: dict[str, Any] = {}
        if values.get("name") is not None:
            wanted["name"] = values["name"]
            wanted["search_name"] = fold(values["name"])
        for field, column in PLAIN.items():
            if field in values and (values[field] is not None or clear):
                value = values[field]
                wanted[column] = 0 if column == "strategic" and value is None else value
        if "champion" in values and (values["champion"] is not None or clear):
            name, gone = champion(values["champion"])
            wanted["champion_gone"] = gone or 0
            if name is not None or values["champion"] is None:
                wanted["champion"] = name
        return wanted

    def _wanted_amounts(
        self, values: dict[str, Any], cells: Sequence[str], row: dict[str, Any]
    ) -> dict[str, Any]:
        """The account's own amounts, and its currency: that of its column, else of its first amount."""
        said = values.get("currency")
        wanted: dict[str, Any] = {}
        for field in ("arr", "mrr", *AMOUNTS):
            code = values.get(f"{field}!")
            if code and not self.table.names_currency(field, cells):
                code = same_money(code, row["currency"])
            said = said or code
            clear = self.table.options.clear_blanks
            if field in AMOUNTS and field in values and (values[field] is not None or clear):
                wanted[AMOUNTS[field]] = values[field]
        if said and said != row["currency"]:
            wanted["currency"] = said
        return wanted

    def _latest_readings(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Account -> the latest known value of every input, and the row of the import's own day."""
        latest: dict[int, dict[str, Any]] = {}
        rows = fetch(self.writer.portfolio, "health_reading", "account_no", numbers, "account_no, read_on")
        for row in rows:
            known = latest.setdefault(row["account_no"], {})
            for name in READINGS.values():
                if row[name] is not None:
                    known[name] = row[name]
            if row["read_on"] == self.writer.as_of:
                known["today"] = row
        return latest

    def _update_reading(
        self, account_no: int, values: dict[str, Any], latest: dict[int, dict[str, Any]], line: int
    ) -> bool:
        """A reading of the import's day with what is new or changed; True when there was any."""
        known = latest.get(account_no, {})
        said = {READINGS[field]: values[field] for field in self.readings if values.get(field) is not None}
        writer = self.writer
        pins = writer.unpinned
        said = writer.unpinned_inputs(account_no, known, said, line)
        new = {column: value for column, value in said.items() if value != known.get(column)}
        if not new:
            return writer.unpinned > pins
        today = known.get("today")
        if today is not None:
            writer.update("health_reading", today, new, line)
        else:
            key = {"account_no": account_no, "read_on": writer.as_of}
            place = {"source": writer.file, "source_line": line}
            writer.insert("health_reading", [row_of("health_reading", {**key, **new, **place})])
            writer.changed.add(account_no)
        return True


def folded(names: Sequence[str]) -> list[str]:
    """`fold` of many names; plain ASCII ones all at once."""
    text = "\n".join(names)
    if text.isascii() and "  " not in text and "\t" not in text and "\r" not in text:
        found = text.lower().split("\n")
        if len(found) == len(names):
            return found
    return [fold(name) for name in names]
