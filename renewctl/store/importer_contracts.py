"""Contracts: the one an accounts file implies, and those a file names itself."""

import json
from collections.abc import Container, Iterable, Sequence
from itertools import repeat
from typing import Any

from renewctl.core import money
from renewctl.core.text import fold, name_key
from renewctl.store.agenda import Rebuild
from renewctl.store.importer_apply import Writer, fetch, row_of
from renewctl.store.importer_lines import key_number
from renewctl.store.importer_parse import Parsed
from renewctl.store.importer_table import NeedsScan, Table
from renewctl.store.portfolio import columns

# Import field -> contract column, where a cell is stored as it was read.
TERMS = {
    "renewal_date": "renewal_on",
    "start_date": "start_on",
    "term_months": "term_months",
    "notice_days": "notice_days",
    "auto_renew": "auto_renew",
    "payment_on_file": "payment_on_file",
}
_KNOWN = 200_000  # accounts whose numbers are kept at hand
# Terms that hold for one cycle, and that the next one may change.
_OF_A_CYCLE = ("arr_minor", "currency", "start_on", "renewal_on", "term_months")


class AccountFinder:
    """Finds accounts by the id or name other files know them by; makes those that are missing."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._known: dict[str, int] = {}

    def numbers(self, batch: Parsed, heading: str) -> list[int]:
        """The account number of each record. An unknown account is created under its id, and named."""
        said = batch.column("account_id")
        if len(self._known) > _KNOWN:  # a memo, not a copy of the portfolio
            self._known.clear()
        self._look_up({each for each in said if each is not None and each not in self._known})
        for at, each in enumerate(said):
            if each is not None and each not in self._known:
                self._known[each] = self._create(each, batch.lines[at], heading)
        return [self._known[each] if each is not None else 0 for each in said]

    def _look_up(self, wanted: Iterable[str]) -> None:
        portfolio = self._writer.portfolio
        ids = list(wanted)
        for row in fetch(portfolio, "account", "id", ids):
            self._known[row["id"]] = row["no"]
        names = {name_key(each): each for each in ids if each not in self._known}
        found: dict[str, list[int]] = {}
        for row in fetch(portfolio, "account", "search_name", names):
            found.setdefault(row["search_name"], []).append(row["no"])
        for name, numbers in found.items():
            if len(numbers) == 1:
                self._known[names[name]] = numbers[0]

    def _create(self, account_id: str, line: int, heading: str) -> int:
        writer = self._writer
        number = writer.next["account"]
        values = {
            "no": number,
            "id": account_id,
            "name": account_id,
            "search_name": fold(account_id),
            "strategic": 0,
            "champion_gone": 0,
            "recorded_on": writer.as_of,
            "source": writer.file,
            "source_line": line,
        }
        writer.insert("account", [row_of("account", values)])
        writer.report.problem(
            line,
            heading,
            "account-unknown",
            account_id,
            f"no account {account_id}; it was created under that id, its name and facts are missing",
        )
        return number


class ContractRows:
    """Takes contracts into the store."""

    def __init__(self, writer: Writer, table: Table, *, from_accounts: bool) -> None:
        self.writer = writer
        self.table = table
        self.clear = table.options.clear_blanks
        self.skip_implied = False
        self._from_accounts = from_accounts
        self._finder = AccountFinder(writer)
        self._by_account: dict[int, list[dict[str, Any]]] = {}
        self._touched: set[int] = set()
        self.scanned = False
        self.remembered: Container[int] = ()  # keys of lines that are not read again, of the same file
        self.agenda: Rebuild | None = None  # takes the contracts implied by the first accounts
        self.counted_before = False  # stored contracts are in the report's figures of unknowns already

    # --- the contract an accounts row implies -------------------------------------------------------

    def insert_implied(
        self, batch: Parsed, keys: Sequence[str], numbers: Sequence[int], *, clash: bool
    ) -> None:
        """One contract per new account that has an ARR or a renewal date."""
        if self.skip_implied:
            return
        amounts, codes = amounts_of(batch)
        renewals = batch.column("renewal_date")
        self._count_unknown(amounts, renewals)
        writer, count = self.writer, batch.count
        if not any(name in batch.values for name in ("arr", "mrr", "renewal_date")):
            return
        ids: Sequence[str] = keys
        if clash:
            taken = {row["id"] for row in fetch(writer.portfolio, "contract", "id", keys)}
            given = set(keys)
            ids = [self._free_id(key, given) if key in taken else key for key in keys] if taken else keys
        cells: dict[str, Sequence[Any]] = {
            "id": ids,
            "account_no": numbers,
            "arr_minor": amounts,
            "currency": codes,
            **{column: batch.values[field] for field, column in TERMS.items() if field in batch.values},
            "renewal_day": [None if on is None else int(on[8:]) for on in renewals],
            "stage": ["planned"] * count,
            "state": ["open"] * count,
            "implied": [1] * count,
            "cycle": [1] * count,
            "planned_from_on": [writer.as_of] * count,
            "recorded_on": [writer.as_of] * count,
            "source": [writer.file] * count,
            "source_line": batch.lines,
        }
        real: list[int] | None = None
        if None in amounts and None in renewals:
            pairs = zip(amounts, renewals, strict=True)
            real = [at for at, pair in enumerate(pairs) if pair != (None, None)]
            cells = {name: [column[at] for at in real] for name, column in cells.items()}
            count = len(real)
        if count:
            first = writer.next["contract"]
            cells = {"no": range(first, first + count), **cells}
            writer.insert_columns("contract", cells, count)
            if self.agenda:
                self._to_agenda(self.agenda, batch, cells, real)

    def _to_agenda(
        self, agenda: Rebuild, batch: Parsed, cells: dict[str, Sequence[Any]], real: Sequence[int] | None
    ) -> None:
        """The new contracts into the agenda's cache, with what it asks of their accounts."""
        nothing = repeat(None)
        accounts: list[Iterable[Any]] = []
        for field in ("status", "segment_override"):
            said = batch.values.get(field)
            accounts.append(nothing if said is None else said if real is None else [said[at] for at in real])
        names = ("currency", "no", "id", "arr_minor", "renewal_on", "auto_renew", "notice_days")
        contracts = [cells.get(name, nothing) for name in names]
        agenda.new(zip(*accounts, *contracts, strict=False), self.writer.as_of)

    def _count_unknown(self, amounts: Sequence[Any], renewals: Sequence[Any]) -> None:
        self.writer.report.unknown["arr"] += amounts.count(None)
        self.writer.report.unknown["renewal_date"] += renewals.count(None)

    def _recount_unknown(self, row: dict[str, Any] | None, wanted: dict[str, Any]) -> None:
        unknown = self.writer.report.unknown
        for field, column in (("arr", "arr_minor"), ("renewal_date", "renewal_on")):
            before = None if row is None else row[column]
            unknown[field] += wanted.get(column, before) is None
            if self.counted_before and row is not None:
                unknown[field] -= before is None

    def load(self, numbers: Sequence[int]) -> None:
        """Read the contracts of some accounts, to compare records with."""
        self._by_account = {}
        for row in fetch(self.writer.portfolio, "contract", "account_no", numbers):
            self._by_account.setdefault(row["account_no"], []).append(row)

    def update_implied(
        self, account: dict[str, Any], values: dict[str, Any], cells: list[str], line: int
    ) -> bool:
        """Bring the implied contract up to date with an accounts record; True when anything changed.

        An account that has contracts of its own keeps them; the record's terms are not theirs.
        """
        known = self._by_account.get(account["no"], [])
        implied = next((row for row in known if row["implied"]), None)
        wanted = self._wanted(values, cells, implied)
        self._recount_unknown(implied, wanted)
        if implied is not None:
            return implied["state"] != "superseded" and self._change(implied, wanted, line)
        if known or (wanted.get("arr_minor") is None and wanted.get("renewal_on") is None):
            return False
        self._insert(self._free_id(account["id"]), account["no"], wanted, line, implied=1)
        self.writer.changed.add(account["no"])
        return True

    def _free_id(self, account_id: str, given: Container[str] = ()) -> str:
        """An id for an implied contract: the account's own, or one made of it where a contract has that."""
        own, again = account_id, 1
        while (own in given and own != account_id) or fetch(self.writer.portfolio, "contract", "id", [own]):
            own = f"{account_id}/renewal" + (f"-{again}" if again > 1 else "")
            again += 1
        return own

    # --- contracts named by a file ------------------------------------------------------------------

    def take_batch(self, batch: Parsed) -> None:
        """One batch of good records of a contracts file."""
        heading = self.table.mapping.headings.get("account_id", "")
        said = batch.column("account_id")
        if None in said:
            for at, each in enumerate(said):
                if each is None:
                    self.writer.report.reject(
                        batch.lines[at], batch.rows[at], heading, "account-missing", "", "names no account"
                    )
            batch = batch.keep([at for at, each in enumerate(said) if each is not None])
        numbers = self._finder.numbers(batch, heading)
        accounts = {row["no"]: row for row in fetch(self.writer.portfolio, "account", "no", set(numbers))}
        self.take(batch, [accounts[number] for number in numbers], set())

    def take(self, batch: Parsed, accounts: Sequence[dict[str, Any]], changed: set[int]) -> None:
        """Contracts of known accounts; `changed` are positions whose account changed already."""
        writer = self.writer
        field = "contract_id" if self._from_accounts else "id"
        own = batch.column(field)
        ids = [each or account["id"] for each, account in zip(own, accounts, strict=True)]
        known = {row["id"]: row for row in fetch(writer.portfolio, "contract", "id", set(ids))}
        implied = self._implied_of({account["no"] for account in accounts})
        for at, (line, cells, values) in enumerate(batch.records()):
            account = accounts[at]
            row = known.get(ids[at])
            if row is not None and row["no"] in self._touched:
                self._repeated(line, cells, ids[at])
                continue
            wanted = self._wanted(values, cells, row)
            self._recount_unknown(row, wanted)
            if row is None:
                row = known[ids[at]] = self._insert(ids[at], account["no"], wanted, line, implied=0)
                writer.changed.add(account["no"])
                writer.report.inserted += 1
            elif row["account_no"] != account["no"]:
                # A contract that changes hands takes its history, outcomes and saves along; nobody said so.
                message = f"contract id {ids[at]} is taken by another account"
                writer.report.reject(line, cells, "", "contract-id-taken", ids[at], message)
                continue
            elif self._change(row, wanted | self._named(row, wanted), line) or at in changed:
                writer.report.updated += 1
            else:
                writer.report.unchanged += 1
            self._touched.add(row["no"])
            self._supersede(implied.pop(account["no"], None), ids, line)

    def _repeated(self, line: int, cells: list[str], contract_id: str) -> None:
        if not self.scanned:
            raise NeedsScan
        message = f"contract {contract_id} came on an earlier line too"
        self.writer.report.reject(line, cells, "", "duplicate-id", contract_id, message)

    def _named(self, row: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
        """What changes when a file names a contract that was implied.

        One that is named with the very facts it was implied with stays implied; one that another contract
        succeeded stays what it is.
        """
        changes: dict[str, Any] = {}
        superseded = row["state"] == "superseded"
        same = not superseded and all(row[name] == value for name, value in wanted.items())
        if row["implied"] and not same and not (superseded and self._succeeded(row["no"])):
            changes["implied"] = 0
            changes["state"] = "open" if superseded else row["state"]
        return changes

    def _succeeded(self, no: int) -> bool:
        """Whether a renewal replaced a contract by another one."""
        sql = "SELECT 1 FROM renewal WHERE contract_no = ? AND successor_no IS NOT NULL"
        return self.writer.portfolio.value(sql, (no,)) is not None

    def _implied_of(self, numbers: set[int]) -> dict[int, dict[str, Any]]:
        rows = fetch(self.writer.portfolio, "contract", "account_no", numbers)
        return {row["account_no"]: row for row in rows if row["implied"] and row["state"] == "open"}

    def _supersede(self, implied: dict[str, Any] | None, named: Sequence[str], line: int) -> None:
        """An implied contract gives way to those a file names, unless it is one of them."""
        if implied is None or implied["id"] in named or implied["no"] in self._touched:
            return
        if not self.remembered or key_number(implied["id"]) not in self.remembered:
            self.writer.update("contract", implied, {"state": "superseded"}, line)

    # --- both ---------------------------------------------------------------------------------------

    def _wanted(
        self, values: dict[str, Any], cells: Sequence[str], row: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Contract columns the record speaks of, blanks left out unless they are to clear."""
        wanted: dict[str, Any] = {}
        for field, column in TERMS.items():
            if field in values and (values[field] is not None or self.clear):
                wanted[column] = values[field]
        if not self._from_accounts and values.get("name") is not None:
            wanted["name"] = values["name"]
        mapped = "arr" in values or "mrr" in values
        field = "arr" if values.get("arr") is not None else "mrr"
        amount, code = values.get(field), values.get(f"{field}!")
        if code and row is not None and not self.table.names_currency(field, cells):
            code = same_money(code, row["currency"])
        if amount is not None or (mapped and self.clear):
            wanted["arr_minor"] = amount
        code = code or values.get("currency")
        if code and (amount is not None or row is None or row["arr_minor"] is None):
            wanted["currency"] = code
        if "renewal_on" in wanted:
            on = wanted["renewal_on"]
            wanted["renewal_day"] = None if on is None else int(on[8:])
        return wanted

    def _change(self, row: dict[str, Any], wanted: dict[str, Any], line: int) -> bool:
        pins = self.writer.unpinned
        if row["cycle"] > 1 and wanted.get("renewal_on"):
            wanted = self._of_this_cycle(row, wanted, line)
        day = wanted.pop("renewal_day", None)
        after = self.writer.differences("contract", row, wanted, line)
        if "renewal_on" in after:
            after["renewal_day"] = day
            after["planned_from_on"] = self.writer.as_of
        if after:
            self.writer.update("contract", row, after, line)
        return bool(after) or self.writer.unpinned > pins

    def _of_this_cycle(self, row: dict[str, Any], wanted: dict[str, Any], line: int) -> dict[str, Any]:
        """What a record may still say of a contract that was won since.

        A renewal date in a cycle that is closed tells of that cycle, with all its terms: the portfolio's are
        kept, and the record is named where it says anything but what it said before the win.
        """
        writer = self.writer
        on = wanted["renewal_on"]
        sql = "SELECT MAX(renewal_on) FROM outcome WHERE account_no = ? AND contract_no = ?"
        closed = writer.portfolio.value(sql, (row["account_no"], row["no"]))
        if closed is None or on > closed or on == row["renewal_on"]:
            return wanted
        pins = writer.pins.get(("contract", row["no"]), {})
        told = {name: json.loads(pins[name]) if name in pins else row[name] for name in _OF_A_CYCLE}
        if any(wanted[name] != value for name, value in told.items() if name in wanted):
            heading = self.table.mapping.headings.get("renewal_date", "")
            message = (
                f"renewal date {on} is of a cycle that is closed (renewed on {closed}); "
                f"the portfolio's {row['renewal_on']} and the terms of that cycle are kept"
            )
            writer.report.problem(line, heading, "closed-cycle", on, message)
        return {name: value for name, value in wanted.items() if name not in (*_OF_A_CYCLE, "renewal_day")}

    def _insert(
        self, contract_id: str, account_no: int, wanted: dict[str, Any], line: int, *, implied: int
    ) -> dict[str, Any]:
        writer = self.writer
        values = {
            **wanted,
            "no": writer.next["contract"],
            "id": contract_id,
            "account_no": account_no,
            "stage": "planned",
            "state": "open",
            "implied": implied,
            "cycle": 1,
            "planned_from_on": writer.as_of,
            "recorded_on": writer.as_of,
            "source": writer.file,
            "source_line": line,
        }
        row = row_of("contract", values)
        writer.insert("contract", [row])
        return dict(zip(columns("contract"), row, strict=True))


def same_money(base: str, known: str | None) -> str:
    """The currency of an amount that names none: the one known, where both count minor units alike."""
    return known if known and money.digits(known) == money.digits(base) else base


def amounts_of(batch: Parsed) -> tuple[list[Any], list[Any]]:
    """ARR in minor units and its currency, per record; from MRR × 12 where ARR itself is blank.

    A record without either keeps the currency of its currency column.
    """
    arr, mrr = batch.values.get("arr"), batch.values.get("mrr")
    if arr is None and mrr is None:
        return [None] * batch.count, batch.column("currency")
    if arr is None or mrr is None:
        field = "arr" if mrr is None else "mrr"
        amounts, codes = batch.values[field], batch.codes[field]
    else:
        pairs = [
            (a, x) if a is not None else (m, y)
            for a, x, m, y in zip(arr, batch.codes["arr"], mrr, batch.codes["mrr"], strict=True)
        ]
        amounts, codes = [a for a, _ in pairs], [x for _, x in pairs]
    if None in codes and "currency" in batch.values:
        codes = [code or said for code, said in zip(codes, batch.values["currency"], strict=True)]
    return amounts, codes
