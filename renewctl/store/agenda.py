"""The agenda's cache, and the contracts it needs read in the order of what falls due.

The `agenda` table holds a lower bound of each open contract's next due day, indexed in the agenda's
order. It is written in the transaction that changes its inputs, marked with the policy and code it was
computed under, and never the truth: what a contract owes is always computed from its facts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from renewctl import __version__
from renewctl.core.classify import Classified, classify
from renewctl.core.dates import WorkCalendar
from renewctl.core.due import Bounds, DueContract, arr_rank
from renewctl.core.model import Account, Contract, ItemState, Reading
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor, in_force, segment, total
from renewctl.core.timeline import OPT_OUT, Planner, anchor
from renewctl.store.portfolio import ENTITIES, Portfolio, as_value, columns, dates_of, to_stored

_BATCH = 2_000
_IN_LIST = 500  # values in one IN (…)
_SAVED_STATES = ("saved", "partly_saved", "lost", "let_go")


class Book(NamedTuple):
    """The facts of some accounts, by account number."""

    accounts: dict[int, Account]
    contracts: dict[int, list[Contract]]
    readings: dict[int, list[Reading]]
    saving: frozenset[int]  # accounts with an open save


def load_book(portfolio: Portfolio, account_nos: Sequence[int] | None = None) -> Book:
    """The facts classification needs, of the named accounts or of all."""
    accounts = _by_no(portfolio, "account", "no", account_nos)
    contracts: dict[int, list[Contract]] = defaultdict(list)
    for contract in _by_no(portfolio, "contract", "account_no", account_nos):
        contracts[contract.account_no].append(contract)
    readings: dict[int, list[Reading]] = defaultdict(list)
    for reading in _by_no(portfolio, "health_reading", "account_no", account_nos):
        readings[reading.account_no].append(reading)
    return Book({account.no: account for account in accounts}, contracts, readings, saving(portfolio))


def _by_no(portfolio: Portfolio, entity: str, column: str, nos: Sequence[int] | None) -> list[Any]:
    if nos is None:
        return portfolio.values(entity)
    found = []
    for part in _parts(nos):
        found += portfolio.values(entity, f"{column} IN ({_marks(part)})", part)
    return found


def saving(portfolio: Portfolio) -> frozenset[int]:
    """Accounts with an open save."""
    rows = portfolio.rows(
        f"SELECT account_no FROM save_case WHERE state NOT IN ({_marks(_SAVED_STATES)})",  # noqa: S608
        _SAVED_STATES,
    )
    return frozenset(no for (no,) in rows)


def renewals_per_quarter(portfolio: Portfolio, policy: Policy) -> int:
    """Open contracts with a renewal date, per quarter of a year (OWN-1's volume).

    A contract of longer term renews less often than once a year. Counted until ten times the policy's
    volume and no further, since a large book would make every command pay for it.
    """
    plenty = policy.ownership.volume_per_quarter * 4 * 10
    hundredths = portfolio.value(
        "SELECT SUM(1200 / COALESCE(term_months, 12)) FROM (SELECT term_months FROM contract "
        "WHERE state = 'open' AND renewal_on IS NOT NULL LIMIT ?) AS some",
        (plenty,),
    )
    return int(hundredths or 0) // 400


def refresh(
    portfolio: Portfolio, policy: Policy, as_of: date, account_nos: Sequence[int] | None = None
) -> None:
    """Recompute the cache of the named accounts (all: None) inside the transaction that changed them.

    Everything is recomputed when the policy or the code is not what the cache was made under.
    """
    mark = cache_mark(policy)
    if portfolio.meta("agenda_mark") != mark:
        account_nos = None
        portfolio.set_meta("agenda_mark", mark)
    portfolio.set_meta("agenda_from", max(portfolio.meta("agenda_from") or "", as_of.isoformat()))
    calendar = work_calendar(portfolio, policy, as_of, keep=True)
    bounds = Bounds(Planner(policy, calendar))
    if account_nos is None:
        indexes = portfolio.rows(_INDEXES)
        for name, _ in indexes:  # making an index costs less than keeping it up row by row
            portfolio.execute(f"DROP INDEX {name}")
        portfolio.execute("DELETE FROM agenda")
        _fill(portfolio, bounds, "", [])
        for _, sql in indexes:
            portfolio.execute(sql)
        return
    for part in _parts(sorted(set(account_nos))):
        marks = _marks(part)
        portfolio.execute(
            f"DELETE FROM agenda WHERE contract_no IN ({_CONTRACTS_OF} ({marks}))",  # noqa: S608
            part,
        )
        _fill(portfolio, bounds, f"AND c.account_no IN ({marks})", part)


def cache_mark(policy: Policy) -> str:
    """What the cache depends on beside facts: code and policy."""
    return f"{__version__}/2 {policy.fingerprint}"


_BOUND_SQL = """
SELECT c.account_no, a.status, a.segment_override, COALESCE(c.currency, a.currency), c.no, c.id, c.arr_minor,
  c.renewal_on, c.auto_renew, c.notice_days, c.planned_from_on, c.cycle, c.won_on
FROM contract c JOIN account a ON a.no = c.account_no WHERE c.state = 'open' {} ORDER BY c.account_no
"""
_CONTRACTS_OF = "SELECT no FROM contract WHERE account_no IN"
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'agenda' AND type = 'index' AND sql <> ''"
_INSERT = (
    "INSERT INTO agenda (contract_no, next_due_on, renewal_on, arr_rank, contract_id, deadline_on, alone) "
    "VALUES (?,?,?,?,?,?,?)"
)


def _fill(portfolio: Portfolio, bounds: Bounds, where: str, params: Sequence[Any]) -> None:
    """Insert rows for the open contracts that have an agenda.

    An account out of force, a contract without date, or one without segment has none.
    """
    touched = _touched(portfolio, where, params)
    rows = _bound_rows(portfolio.execute(_BOUND_SQL.format(where), params), bounds, touched)
    while batch := list(islice(rows, _BATCH)):
        portfolio.execute_many(_INSERT, batch)


def _touched(portfolio: Portfolio, where: str, params: Sequence[Any]) -> dict[int, dict[str, ItemState]]:
    """States of the items of the contracts meant, in their cycles."""
    info = ENTITIES["item_state"]
    names = ",".join(f"s.{name}" for name in columns("item_state"))
    found: dict[int, dict[str, ItemState]] = defaultdict(dict)
    for row in portfolio.execute(
        f"SELECT c.no, c.cycle, {names} FROM item_state s "  # noqa: S608
        "JOIN contract c ON c.account_no = s.account_no AND s.subject = CAST(c.no AS TEXT) "
        f"WHERE s.subject NOT LIKE 's%' {where}",
        params,
    ):
        _keep(found[row[0]], as_value(info, row[2:]), row[1])
    return found


def _keep(states: dict[str, ItemState], state: ItemState, cycle: int) -> None:
    states[state.step if state.cycle == cycle else f"{state.step}@{state.cycle}"] = state


def _bound_rows(
    rows: Iterable[tuple[Any, ...]], bounds: Bounds, touched: dict[int, dict[str, ItemState]]
) -> Iterator[tuple[Any, ...]]:
    policy = bounds.planner.policy
    by_contract = policy.value_scope == "contract"
    days = dates_of()
    nothing: dict[str, ItemState] = {}
    for _, group in groupby(rows, itemgetter(0)):
        contracts = list(group)
        if not in_force(contracts[0][1]):
            continue
        override = contracts[0][2]
        values = [base_minor(row[6], row[3], policy) for row in contracts]
        alone = int(len(values) == 1)
        whole = values[0] if alone else total(values)
        for row, own in zip(contracts, values, strict=True):
            no, contract_id, _, renewal_iso, auto_renew, notice_days, first_iso, cycle, won_iso = row[4:]
            value = own if by_contract else whole
            kind = segment(value, override, policy)
            if kind is None or renewal_iso is None:
                continue
            renewal_on, first_on = days[renewal_iso], days[first_iso]
            anchor_on, name = anchor(renewal_on, auto_renew, notice_days)
            states = touched.get(no, nothing)
            if states or won_iso is not None:
                won_on = None if won_iso is None else days[won_iso]
                bound = bounds.next_due_on(
                    kind, value or 0, renewal_on, anchor_on, first_on, states, cycle, won_on
                )
            else:
                bound = bounds.untouched(kind, value or 0, renewal_on, anchor_on, first_on)
            deadline = None
            if name == "opt_out_deadline":
                state = states.get(OPT_OUT)
                if state is None or state.state == "snoozed":
                    deadline = anchor_on.isoformat()
            yield no, bound.isoformat(), renewal_iso, arr_rank(own), contract_id, deadline, alone


def due_contract(
    account: Account, contract: Contract, each: Classified, policy: Policy, replied: bool = False
) -> DueContract:
    """What the agenda needs of a contract that has a renewal date and a segment."""
    value = each.arr_base_minor if policy.value_scope == "contract" else each.account_arr_base_minor
    return DueContract(
        contract.no, contract.id, account.no, account.id, account.name, contract.renewal_on or date.max,
        contract.auto_renew, contract.notice_days, contract.planned_from_on, contract.stage, contract.cycle,
        contract.won_on, each.arr_base_minor, value or 0, each.segment or "", each.band, each.opportunity,
        each.touch, int(each.guard), each.owner, each.owner_role, account.csm, account.sales_owner,
        account.specialist, account.executive_sponsor, replied,
    )  # fmt: skip


def load_states(
    portfolio: Portfolio, contracts: Iterable[Contract | DueContract]
) -> dict[int, dict[str, ItemState]]:
    """What was done with the steps of contracts: contract number -> step -> state.

    Steps of the cycle before stand under `step@cycle`.
    """
    cycles = {contract.no: contract.cycle for contract in contracts}
    found: dict[int, dict[str, ItemState]] = defaultdict(dict)
    info = ENTITIES["item_state"]
    select = f"SELECT {','.join(columns('item_state'))} FROM item_state"  # noqa: S608
    subjects = [str(no) for no in cycles]
    if len(subjects) > _IN_LIST * 2:
        rows: Iterable[Any] = portfolio.execute(select)
    else:
        rows = [
            row
            for part in _parts(subjects)
            for row in portfolio.execute(f"{select} WHERE subject IN ({_marks(part)})", part)
        ]
    for row in rows:
        if row[0][0] != "s" and (cycle := cycles.get(int(row[0]))) is not None:
            _keep(found[int(row[0])], as_value(info, row), cycle)
    return found


# --- reading for the agenda ------------------------------------------------------------------------

# What no agenda asks about is left out of its rows.
_UNREAD = {
    "search_name", "country", "industry", "segment_reason", "target_arr_minor", "last_contact_on", "champion",
    "name", "start_on", "recorded_on", "source", "source_line",
}  # fmt: skip


def _select(alias: str, entity: str, needed: Sequence[str] = ()) -> str:
    return ", ".join(
        "NULL" if name in _UNREAD and name not in needed else f"{alias}.{name}" for name in columns(entity)
    )


_WIDTHS = [len(columns(entity)) for entity in ("account", "contract", "health_reading")]
_ACCOUNT = slice(0, _WIDTHS[0])
_CONTRACT = slice(_WIDTHS[0], sum(_WIDTHS[:2]))
_READING = slice(_CONTRACT.stop, sum(_WIDTHS))
_DUE_SQL = (
    f"SELECT {_select('a', 'account', ('name',))}, {_select('c', 'contract')}, "  # noqa: S608
    f"{_select('r', 'health_reading')}, g.next_due_on, g.arr_rank, g.alone "
    "FROM (SELECT * FROM agenda WHERE {cached} {tail}) g JOIN contract c ON c.no = g.contract_no "
    "JOIN account a ON a.no = c.account_no LEFT JOIN health_reading r ON r.account_no = a.no "
    "WHERE {stored}"
)
_TIES = "renewal_on, arr_rank, contract_id"
_PEOPLE = ("a.csm", "a.sales_owner", "a.specialist", "a.executive_sponsor")


class DueRow(NamedTuple):
    """A contract with its place in the stream it was read from."""

    contract: DueContract
    place: tuple[date, date, int, str]  # next_due_on, and the ties of the agenda's order


def _by_place(row: DueRow) -> tuple[date, date, int, str]:
    return row.place


def _by_tie(row: DueRow) -> tuple[date, int, str]:
    return row.place[1:]


class DueReader:
    """Reads open contracts for an agenda on one day, classified as of that day."""

    def __init__(self, portfolio: Portfolio, policy: Policy, as_of: date) -> None:
        self.portfolio = portfolio
        self.policy = policy
        self.as_of = as_of
        self.volume = renewals_per_quarter(portfolio, policy)
        self.saving = saving(portfolio)
        self.replied = frozenset(
            no for (no,) in portfolio.rows("SELECT DISTINCT account_no FROM activity WHERE kind = 'reply'")
        )
        # Under another policy or code, or on a day before it was made, the cache says nothing.
        current = portfolio.meta("agenda_mark") == cache_mark(policy)
        self.usable = current and (portfolio.meta("agenda_from") or "9") <= as_of.isoformat()

    def all(self, until: date, *, owner: str | None = None) -> list[DueContract]:
        """Every contract that may have an item due up to `until`, and for `owner` at that."""
        if not self.usable:
            return self._fresh()
        stored, params = "1 = 1", [until.isoformat()]
        if owner and owner not in {*self.policy.team.values(), *self.policy.managers.values()}:
            stored = f"? IN ({', '.join(_PEOPLE)})"
            params.append(owner)
        rows = self._read("next_due_on <= ?", params, _TIES, stored=stored)
        return [row.contract for row in rows]

    def past(self, count: int) -> list[DueContract]:
        """The contracts longest past their date, at most `count`."""
        rows = self._read("renewal_on < ?", [self.as_of.isoformat()], _TIES, limit=count)
        return [row.contract for row in rows]

    def deadlines(self, days: int, count: int) -> list[DueContract]:
        """Contracts whose opt-out deadline is at most `days` ahead, nearest first, at most `count`."""
        window = [self.as_of.isoformat(), (self.as_of + timedelta(days=days)).isoformat()]
        rows = self._read("deadline_on BETWEEN ? AND ?", window, f"deadline_on, {_TIES}", limit=count)
        return [row.contract for row in rows]  # by tie, which orders their items no less

    def ahead(self, until: date, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts not past their date, by the bound of their next due day, in chunks."""
        place: tuple[Any, ...] = ("", "", 0, "")
        while True:
            rows = self._read(
                f"(next_due_on, {_TIES}) > (?, ?, ?, ?) AND next_due_on <= ? AND renewal_on >= ?",
                [*place, until.isoformat(), self.as_of.isoformat()],
                f"next_due_on, {_TIES}",
                limit=chunk,
            )
            if rows:
                yield rows
            if len(rows) < chunk:
                return
            place = tuple(map(to_stored, rows[-1].place))
            chunk *= 2

    def one(self, contract_no: int) -> DueContract | None:
        """One contract, whatever the cache says; None when it has no agenda."""
        account_no = self.portfolio.value("SELECT account_no FROM contract WHERE no = ?", (contract_no,))
        if account_no is None:
            return None
        return next((each for each in self._of_accounts([account_no]) if each.no == contract_no), None)

    def _read(
        self, cached: str, params: list[Any], order: str, *, stored: str = "1 = 1", limit: int | None = None
    ) -> list[DueRow]:
        """Contracts by way of the cache: `cached` and `order` speak of its columns, `stored` of the facts."""
        tail = "" if limit is None else f"ORDER BY {order} LIMIT {int(limit)}"
        sql = _DUE_SQL.format(cached=cached, tail=tail, stored=stored)
        found: list[DueRow] = []
        accounts, contracts, readings = ENTITIES["account"], ENTITIES["contract"], ENTITIES["health_reading"]
        days = dates_of()
        # An account has a row for each of its readings; those of a contract stand together.
        for _, group in groupby(self.portfolio.execute(sql, params), itemgetter(_CONTRACT.start)):
            rows = list(group)
            row = rows[0]
            if row[-1]:
                read = [as_value(readings, each[_READING]) for each in rows] if row[_READING.start] else []
                account = as_value(accounts, row[_ACCOUNT])
                due = self._classified(account, [as_value(contracts, row[_CONTRACT])], read)
            else:
                due = [each for each in self._of_accounts([row[0]]) if each.no == row[_CONTRACT.start]]
            found += [DueRow(each, (days[row[-3]], each.renewal_on, row[-2], each.id)) for each in due]
        # Sorted here: the database would carry every column through its sort.
        found.sort(key=_by_place if order.startswith("next") else _by_tie)
        return found

    def _fresh(self) -> list[DueContract]:
        numbers = [no for (no,) in self.portfolio.rows("SELECT no FROM account ORDER BY no")]
        found: list[DueContract] = []
        for start in range(0, len(numbers), _BATCH):
            found += self._of_accounts(numbers[start : start + _BATCH])
        return found

    def _of_accounts(self, account_nos: Sequence[int]) -> list[DueContract]:
        book = load_book(self.portfolio, account_nos)
        return [
            due
            for account in book.accounts.values()
            for due in self._classified(
                account, book.contracts.get(account.no, ()), book.readings.get(account.no, ())
            )
        ]

    def _classified(
        self, account: Account, contracts: Sequence[Contract], readings: Sequence[Reading]
    ) -> list[DueContract]:
        """The contracts of an account that have an agenda."""
        if not in_force(account.status):
            return []
        opened = {each.no: each for each in contracts if each.state == "open"}
        if not opened:
            return []
        found = classify(
            account, contracts, readings, account.no in self.saving, self.policy, self.as_of, self.volume
        )
        replied = account.no in self.replied
        return [
            due_contract(account, opened[each.contract_no or 0], each, self.policy, replied)
            for each in found
            if each.segment is not None and opened[each.contract_no or 0].renewal_on is not None
        ]


def work_calendar(portfolio: Portfolio, policy: Policy, as_of: date, *, keep: bool = False) -> WorkCalendar:
    """The working days of the policy's country around `as_of`.

    Kept in the portfolio by writes, since the library that knows holidays costs more to import than
    a daily command may take.
    """
    country = policy.country
    if not country:
        return WorkCalendar("", frozenset())
    key = f"calendar:{country}:{as_of.year}"
    text = portfolio.meta(key)
    if text is None:
        text = " ".join(_holidays(country, range(as_of.year - 2, as_of.year + 6)))
        if keep:
            portfolio.execute("DELETE FROM meta WHERE key LIKE 'calendar:%'")
            portfolio.set_meta(key, text)
    return WorkCalendar(country, frozenset(map(date.fromisoformat, text.split())))


def _holidays(country: str, years: Iterable[int]) -> list[str]:
    import holidays

    return sorted(day.isoformat() for day in holidays.country_holidays(country, years=list(years)))


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    source = iter(values)
    while part := list(islice(source, _IN_LIST)):
        yield part


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
