"""The agenda's cache, and the contracts it needs read in the order of what falls due.

The `agenda` table holds the core's classification of every open contract and a lower bound of its next
due day. It is written in the transaction that changes its inputs, marked with the policy and code it was
computed under, and never the truth: a row that time has made stale is classified anew when it is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, NamedTuple

from renewctl import __version__
from renewctl.core.classify import Classified, classify
from renewctl.core.dates import WorkCalendar
from renewctl.core.due import DueContract, States, arr_rank, next_due_on
from renewctl.core.model import Account, Contract, ItemState, Reading
from renewctl.core.policy import Policy
from renewctl.core.segment import in_force
from renewctl.core.timeline import OPT_OUT, Planner, anchor
from renewctl.store.portfolio import ENTITIES, Portfolio, as_value, columns, to_stored

_BATCH = 2_000
_IN_LIST = 500  # values in one IN (…)
_SAVED_STATES = ("saved", "partly_saved", "lost", "let_go")

AGENDA_COLUMNS = (
    "contract_no", "account_no", "contract_id", "next_due_on", "renewal_on", "deadline_on", "arr_rank",
    "arr_base_minor", "account_arr_base_minor", "segment", "score", "band", "opportunity", "touch", "owner",
    "owner_role", "guard", "stale_on",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO agenda ({','.join(AGENDA_COLUMNS)}) "  # noqa: S608
    f"VALUES ({','.join('?' * len(AGENDA_COLUMNS))})"
)


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


def renewals_per_quarter(portfolio: Portfolio) -> int:
    """Open contracts with a renewal date, per quarter of a year (OWN-1's volume).

    A contract of longer term renews less often than once a year.
    """
    months = portfolio.value(
        "SELECT SUM(1200 / COALESCE(term_months, 12)) FROM contract "
        "WHERE state = 'open' AND renewal_on IS NOT NULL"
    )
    return int(months or 0) // 400


def refresh(
    portfolio: Portfolio, policy: Policy, as_of: date, account_nos: Sequence[int] | None = None
) -> None:
    """Recompute the cache of the named accounts (all: None) inside the transaction that changed them.

    Everything is recomputed when the policy, the code or the volume of OWN-1 is not what the cache was
    made under.
    """
    volume = renewals_per_quarter(portfolio)
    mark = cache_mark(policy, volume)
    if portfolio.meta("agenda_mark") != mark:
        account_nos = None
        portfolio.set_meta("agenda_mark", mark)
    calendar = work_calendar(portfolio, policy, as_of, keep=True)
    since = portfolio.meta("agenda_from")
    portfolio.set_meta("agenda_from", max(since or "", as_of.isoformat()))
    planner = Planner(policy, calendar)
    if account_nos is None:
        portfolio.execute("DELETE FROM agenda")
        numbers = [no for (no,) in portfolio.rows("SELECT no FROM account ORDER BY no")]
    else:
        numbers = sorted(set(account_nos))
        for part in _parts(numbers):
            portfolio.execute(f"DELETE FROM agenda WHERE account_no IN ({_marks(part)})", part)  # noqa: S608
    stateful = any(True for _ in portfolio.rows("SELECT 1 FROM item_state LIMIT 1"))
    for start in range(0, len(numbers), _BATCH):
        batch = numbers[start : start + _BATCH]
        book = load_book(portfolio, batch)
        states = load_states(portfolio, _open(book)) if stateful else {}
        portfolio.execute_many(_INSERT, agenda_rows(book, states, planner, as_of, volume))


def cache_mark(policy: Policy, volume: int) -> str:
    """What the cache depends on beside facts: code, policy, and whether OWN-1's volume is reached."""
    enough = volume >= policy.ownership.volume_per_quarter
    return f"{__version__}/1 {policy.fingerprint} volume={enough}"


def _open(book: Book) -> list[Contract]:
    return [contract for found in book.contracts.values() for contract in found if contract.state == "open"]


def agenda_rows(
    book: Book, states: dict[int, dict[str, ItemState]], planner: Planner, as_of: date, volume: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of the cache for the contracts of a book that have an agenda.

    An account out of force, a contract without date, or one without segment has none.
    """
    policy = planner.policy
    for account in book.accounts.values():
        contracts = book.contracts.get(account.no)
        if not contracts or not in_force(account.status):
            continue
        found = classify(
            account,
            contracts,
            book.readings.get(account.no, ()),
            account.no in book.saving,
            policy,
            as_of,
            volume,
        )
        opened = {contract.no: contract for contract in contracts if contract.state == "open"}
        for each in found:
            if each.contract_no is None or each.segment is None:
                continue
            contract = opened[each.contract_no]
            if contract.renewal_on is not None:
                yield _row(account, contract, each, states.get(contract.no, {}), planner)


def _row(
    account: Account, contract: Contract, each: Classified, states: States, planner: Planner
) -> tuple[Any, ...]:
    due = due_contract(account, contract, each, planner.policy)
    anchor_on, name = anchor(due.renewal_on, due.auto_renew, due.notice_days)
    closed = (state := states.get(OPT_OUT)) is not None and state.state != "snoozed"
    bound = next_due_on(planner, due, states, due.planned_from_on)
    return (
        contract.no, account.no, contract.id, bound.isoformat(), due.renewal_on.isoformat(),
        anchor_on.isoformat() if name == "opt_out_deadline" and not closed else None,
        arr_rank(each.arr_base_minor),
        each.arr_base_minor, each.account_arr_base_minor, each.segment, each.score, each.band,
        each.opportunity, each.touch, each.owner, each.owner_role, int(each.guard), each.stale_on.isoformat(),
    )  # fmt: skip


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
        if row[0][0] == "s":
            continue
        no = int(row[0])
        cycle = cycles.get(no)
        if cycle is not None:
            state: ItemState = as_value(info, row)
            key = state.step if state.cycle == cycle else f"{state.step}@{state.cycle}"
            found[no][key] = state
    return found


# --- reading for the agenda ------------------------------------------------------------------------

_DUE_SQL = """
SELECT c.no, c.id, c.account_no, a.id, a.name, c.renewal_on, c.auto_renew, c.notice_days,
  c.planned_from_on, c.stage, c.cycle, c.won_on, g.arr_base_minor, g.account_arr_base_minor, g.segment,
  g.band, g.opportunity, g.touch, g.guard, g.owner, g.owner_role, a.csm, a.sales_owner, a.specialist,
  a.executive_sponsor, g.next_due_on, g.stale_on, g.arr_rank
FROM agenda g JOIN contract c ON c.no = g.contract_no JOIN account a ON a.no = g.account_no
"""
_PEOPLE = ("a.csm", "a.sales_owner", "a.specialist", "a.executive_sponsor")


class DueRow(NamedTuple):
    """A contract with its place in the stream it was read from."""

    contract: DueContract
    place: tuple[date, date, int, str]  # next_due_on, and the ties of the agenda's order


class DueReader:
    """Reads open contracts for an agenda on one day, classified as of that day."""

    def __init__(self, portfolio: Portfolio, policy: Policy, as_of: date) -> None:
        self.portfolio = portfolio
        self.policy = policy
        self.as_of = as_of
        self.volume = renewals_per_quarter(portfolio)
        self.replied = frozenset(
            no for (no,) in portfolio.rows("SELECT DISTINCT account_no FROM activity WHERE kind = 'reply'")
        )
        # Under another policy or code, or on a day before it was made, the cache says nothing.
        current = portfolio.meta("agenda_mark") == cache_mark(policy, self.volume)
        self.usable = current and (portfolio.meta("agenda_from") or "9") <= as_of.isoformat()

    def all(self, until: date, *, owner: str | None = None, segment: str | None = None) -> list[DueContract]:
        """Every contract that may have an item due up to `until`."""
        if not self.usable:
            return self._fresh()
        where, params = ["g.next_due_on <= ?"], [until.isoformat()]
        if segment:
            where.append("g.segment = ?")
            params.append(segment)
        if owner and owner not in set(self.policy.team.values()) | set(self.policy.managers.values()):
            where.append(f"? IN (g.owner, {', '.join(_PEOPLE)})")
            params.append(owner)
        tail = "ORDER BY g.renewal_on, g.arr_rank, g.contract_id"
        return [row.contract for row in self._read(" AND ".join(where), params, tail)]

    def past(self, count: int) -> list[DueContract]:
        """The contracts longest past their date, at most `count`."""
        rows = self._read(
            "g.renewal_on < ?",
            [self.as_of.isoformat(), count],
            "ORDER BY g.renewal_on, g.arr_rank, g.contract_id LIMIT ?",
        )
        return [row.contract for row in rows]

    def deadlines(self, days: int, count: int) -> list[DueContract]:
        """Contracts whose opt-out deadline is at most `days` ahead, nearest first, at most `count`."""
        rows = self._read(
            "g.deadline_on BETWEEN ? AND ?",
            [self.as_of.isoformat(), (self.as_of + timedelta(days=days)).isoformat(), count],
            "ORDER BY g.deadline_on, g.renewal_on, g.arr_rank, g.contract_id LIMIT ?",
        )
        return [row.contract for row in rows]

    def ahead(self, until: date, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts not past their date, by the bound of their next due day, in chunks."""
        place: tuple[Any, ...] = ("", "", 0, "")
        while True:
            rows = self._read(
                "(g.next_due_on, g.renewal_on, g.arr_rank, g.contract_id) > (?, ?, ?, ?) "
                "AND g.next_due_on <= ? AND g.renewal_on >= ?",
                [*place, until.isoformat(), self.as_of.isoformat(), chunk],
                "ORDER BY g.next_due_on, g.renewal_on, g.arr_rank, g.contract_id LIMIT ?",
            )
            if rows:
                yield rows
            if len(rows) < chunk:
                return
            place = tuple(map(to_stored, rows[-1].place))
            chunk *= 2

    def one(self, contract_no: int) -> DueContract | None:
        """One contract, whatever its cache says; None when it has no agenda."""
        account_no = self.portfolio.value("SELECT account_no FROM contract WHERE no = ?", (contract_no,))
        if account_no is None:
            return None
        return next((each for each in self._classify([account_no]) if each.no == contract_no), None)

    def _read(self, where: str, params: Sequence[Any], tail: str) -> list[DueRow]:
        rows = self.portfolio.rows(f"{_DUE_SQL} WHERE {where} {tail}", params)
        iso = date.fromisoformat
        today = self.as_of.isoformat()
        by_contract = self.policy.value_scope == "contract"
        replied = self.replied
        found: list[DueRow] = []
        stale: list[int] = []
        for row in rows:
            won = row[11]
            contract = DueContract._make(
                (
                    *row[:5], iso(row[5]), row[6], row[7], iso(row[8]), row[9], row[10],
                    iso(won) if won else None, row[12], (row[12] if by_contract else row[13]) or 0,
                    *row[14:25], row[2] in replied,
                )
            )  # fmt: skip
            if row[26] <= today:
                stale.append(len(found))
            found.append(DueRow(contract, (iso(row[25]), contract.renewal_on, row[27], row[1])))
        if stale:
            nos = sorted({found[at].contract.account_no for at in stale})
            fresh = {each.no: each for each in self._classify(nos)}
            for at in stale:
                found[at] = found[at]._replace(contract=fresh.get(found[at].contract.no, found[at].contract))
        return found

    def _fresh(self) -> list[DueContract]:
        numbers = [no for (no,) in self.portfolio.rows("SELECT no FROM account ORDER BY no")]
        found: list[DueContract] = []
        for start in range(0, len(numbers), _BATCH):
            found += self._classify(numbers[start : start + _BATCH])
        return found

    def _classify(self, account_nos: Sequence[int]) -> list[DueContract]:
        book = load_book(self.portfolio, account_nos)
        found = []
        for account in book.accounts.values():
            contracts = {each.no: each for each in book.contracts.get(account.no, ()) if each.state == "open"}
            if not contracts or not in_force(account.status):
                continue
            for each in classify(
                account, list(contracts.values()), book.readings.get(account.no, ()),
                account.no in book.saving, self.policy, self.as_of, self.volume,
            ):  # fmt: skip
                contract = contracts[each.contract_no or 0]
                if each.segment is not None and contract.renewal_on is not None:
                    found.append(
                        due_contract(account, contract, each, self.policy, account.no in self.replied)
                    )
        return found


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
