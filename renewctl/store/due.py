"""The contracts an agenda needs, in the order of what falls due, classified as of its day.

Read by way of the cache of `store.agenda` where that holds, from every fact where it does not.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from renewctl.core.bounds import recurring_from
from renewctl.core.classify import Classified, classify
from renewctl.core.due import DueContract
from renewctl.core.model import Account, Contract, Reading
from renewctl.core.policy import PAPERS, Policy
from renewctl.core.segment import in_force
from renewctl.store.agenda import cache_mark, load_book, overrides, renewals_per_quarter, saving
from renewctl.store.portfolio import Portfolio, dates_of, to_stored

_BATCH = 2_000

# What classification and the agenda ask of each row; the rest of a value stays None.
_ASKED = (
    ("a", Account, (
        "no", "id", "name", "status", "currency", "csm", "sales_owner", "specialist", "executive_sponsor",
        "segment_override", "expansion_minor", "growth_rate", "seats_purchased", "seats_used",
        "champion_gone", "cancel_notice_on", "competitor", "ticket_severity", "ticket_severity_on",
        "early_on",
    )),
    ("c", Contract, (
        "no", "id", "arr_minor", "currency", "renewal_on", "notice_days", "auto_renew", "payment_on_file",
        "stage", "state", "cycle", "planned_from_on", "won_on",
    )),
    ("r", Reading, (
        "read_on", "usage_trend", "open_tickets", "csat", "nps", "engagement", "relationship", "score",
    )),
)  # fmt: skip
_NAMES = [f"{alias}.{name}" for alias, _, names in _ASKED for name in names]
_DUE_SQL = (
    f"SELECT {', '.join(_NAMES)}, g.day, g.arr_rank, g.alone "  # noqa: S608
    "FROM (SELECT *, {day} AS day FROM agenda WHERE {cached} {tail}) g "
    "JOIN contract c ON c.no = g.contract_no JOIN account a ON a.no = c.account_no "
    "LEFT JOIN health_reading r ON r.account_no = a.no "
    "WHERE {stored}"
)
_TIES = "renewal_on, arr_rank, contract_id"
_PEOPLE = ("a.csm", "a.sales_owner", "a.specialist", "a.executive_sponsor")
_NOTHING = -1  # of a row: the None put behind its last cell
# Behind a row's cells: the day it was asked for by, arr_rank, alone.
_DAY, _RANK, _IS_ALONE = len(_NAMES), len(_NAMES) + 1, len(_NAMES) + 2


def _picked(alias: str, value: Any, names: Sequence[str]) -> Any:
    """A function that picks a value's fields, in order, out of a row with None at its end."""
    fields: tuple[str, ...] = value._fields
    return itemgetter(*(_NAMES.index(f"{alias}.{name}") if name in names else _NOTHING for name in fields))


_account_of, _contract_of, _reading_of = (_picked(*asked) for asked in _ASKED)
_DATES = [at for at, name in enumerate(_NAMES) if name.endswith("_on")]
_CONTRACT_NO, _READ_ON = _NAMES.index("c.no"), _NAMES.index("r.read_on")
_quick = tuple.__new__  # the fields are picked in order; a check of their number would cost half


class DueRow(NamedTuple):
    """A contract with its place in the stream it was read from."""

    contract: DueContract
    place: tuple[date, date, int, str]  # the day it was asked for by, and the ties of the agenda's order


def _by_place(row: DueRow) -> tuple[date, date, int, str]:
    return row.place


def _by_tie(row: DueRow) -> tuple[date, int, str]:
    return row.place[1:]


class Heard(NamedTuple):
    """What was heard and decided: answers of customers, documents rendered for them, what goes together."""

    replied_on: dict[int, date]  # account -> the latest reply
    papers: dict[int, list[tuple[int | None, str, date]]]  # account -> (contract or any, kind, latest day)
    bundles: dict[tuple[int, int], int]  # (contract, cycle) -> 0/1, where it was decided by hand (BND-1)


def heard(portfolio: Portfolio, account_nos: Sequence[int] | None = None) -> Heard:
    """What was heard of some accounts, at most a few hundred, or of all."""
    where = "" if account_nos is None else f"AND account_no IN ({','.join('?' * len(account_nos))})"
    nos = account_nos or ()
    decided = f"SELECT contract_no, cycle, bundle FROM renewal WHERE bundle IS NOT NULL {where}"  # noqa: S608
    found = Heard({}, {}, {(no, cycle): bundle for no, cycle, bundle in portfolio.rows(decided, nos)})
    for no, contract_no, kind, day_iso in portfolio.rows(
        "SELECT account_no, contract_no, kind, MAX(happened_on) FROM activity "  # noqa: S608
        f"WHERE kind IN ({','.join('?' * len(_TOLD))}) {where} GROUP BY account_no, contract_no, kind",
        (*_TOLD, *nos),
    ):
        day = date.fromisoformat(day_iso)
        if kind == "reply":
            found.replied_on[no] = max(day, found.replied_on.get(no, day))
        else:
            found.papers.setdefault(no, []).append((contract_no, kind, day))
    return found


_TOLD = ("reply", *PAPERS)
_HEARD_BY_NO = 500  # accounts that are asked about by number


def due_contracts(
    account: Account,
    contracts: Iterable[Contract],
    opened: Sequence[Contract],
    rows: Sequence[Classified],
    policy: Policy,
    told: Heard,
    as_of: date,
) -> list[DueContract]:
    """What the agenda needs of an account's open contracts, in the order of `opened`.

    Those without a renewal date or a segment have no agenda. `rows` are their classifications, `contracts`
    all of the account's.
    """
    found = []
    dated = [
        (each.renewal_on, each.no)
        for each, row in zip(opened, rows, strict=True)
        if each.renewal_on is not None and row.segment is not None
    ]
    carried = recurring_from(dated, max(each.planned_from_on for each in contracts)) if dated else ()
    leading, value_on = next(((no, from_on) for no, from_on, until in carried if until >= as_of), (0, None))
    papers = told.papers.get(account.no, ())
    for contract, row in zip(opened, rows, strict=True):
        if row.segment is None or contract.renewal_on is None:
            continue
        value = row.arr_base_minor if policy.value_scope == "contract" else row.account_arr_base_minor
        mine = tuple((kind, day) for no, kind, day in papers if no in (None, contract.no)) if papers else ()
        each = (
            contract.no, contract.id, account.no, account.id, account.name, contract.renewal_on,
            contract.auto_renew, contract.notice_days, contract.planned_from_on, contract.stage,
            contract.cycle, contract.won_on, row.arr_base_minor, value or 0, row.segment, row.band,
            row.opportunity, row.touch, int(row.guard), row.owner, row.owner_role, account.csm,
            account.sales_owner, account.specialist, account.executive_sponsor,
            told.replied_on.get(account.no), mine, told.bundles.get((contract.no, contract.cycle)),
            int(account.cancel_notice_on is not None), value_on if contract.no == leading else None,
        )  # fmt: skip
        found.append(_quick(DueContract, each))
    return found


class DueReader:
    """Reads open contracts for an agenda on one day, classified as of that day."""

    def __init__(self, portfolio: Portfolio, policy: Policy, as_of: date) -> None:
        self.portfolio = portfolio
        self.policy = policy
        self.as_of = as_of
        self.volume = renewals_per_quarter(portfolio, policy)
        self.saving = saving(portfolio)
        said = overrides(portfolio).values()
        self.said = {each.account_no: each.score for each in said if as_of <= each.until_on}
        self._heard = Heard({}, {}, {})
        self._heard_of: set[int] | None = set()  # accounts; None: all
        # Under another policy or code, or on a day before it was made, the cache says nothing.
        current = portfolio.meta("agenda_mark") == cache_mark(policy)
        self.usable = current and (portfolio.meta("agenda_from") or "") <= as_of.isoformat()

    def all(self, until: date, *, owner: str | None = None) -> list[DueContract]:
        """Every contract that may have an item due up to `until`, and for `owner` at that."""
        if not self.usable:
            return self._fresh()
        stored, params = "1 = 1", [until.isoformat()]
        anybody = {*self.policy.team.values(), *self.policy.managers.values(), *self._given()}
        if owner and owner not in anybody:
            stored = f"? IN ({', '.join(_PEOPLE)})"
            params.append(owner)
        rows = self._read("next_due_on", "next_due_on <= ?", params, stored=stored)
        # In the order of ties, in which sorting their items day by day costs least.
        return [row.contract for row in sorted(rows, key=_by_tie)]

    def _given(self) -> list[str]:
        """People who were given a step by hand."""
        return [who for (who,) in self.portfolio.rows("SELECT DISTINCT person FROM assignment")]

    def past(self, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts past their date, the longest past first, in chunks."""
        return self._chunks("renewal_on < ?", [self.as_of.isoformat()], "renewal_on", chunk)

    def deadlines(self, days: int, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts whose open opt-out deadline is at most `days` ahead, nearest first, in chunks."""
        window = [self.as_of.isoformat(), (self.as_of + timedelta(days=days)).isoformat()]
        return self._chunks("deadline_on BETWEEN ? AND ?", window, "deadline_on", chunk)

    def ahead(self, until: date, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts not past their date, by the bound of their next due day, in chunks."""
        window = [until.isoformat(), self.as_of.isoformat()]
        return self._chunks("next_due_on <= ? AND renewal_on >= ?", window, "next_due_on", chunk)

    def _chunks(self, cached: str, params: list[Any], day: str, chunk: int) -> Iterator[list[DueRow]]:
        """Contracts by one day of the cache and the ties of the agenda's order, ever larger chunks."""
        place: tuple[Any, ...] = ("", "", 0, "")
        while True:
            after = f"({day}, {_TIES}) > (?, ?, ?, ?) AND {cached}"
            rows = self._read(day, after, [*place, *params], limit=chunk)
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

    def carrying(self, account_no: int) -> int:
        """The contract that carries an account's recurring work (VAL), by its number; 0 where none does."""
        found = (each.no for each in self._of_accounts([account_no]) if each.value_from_on is not None)
        return next(found, 0)

    def _read(
        self, day: str, cached: str, params: list[Any], *, stored: str = "1 = 1", limit: int | None = None
    ) -> list[DueRow]:
        """Contracts by way of the cache, ordered by one of its days and the ties.

        `cached` speaks of the cache's columns, `stored` of those of the facts.
        """
        tail = "" if limit is None else f"ORDER BY {day}, {_TIES} LIMIT {int(limit)}"
        sql = _DUE_SQL.format(day=day, cached=cached, tail=tail, stored=stored)
        found: list[DueRow] = []
        days = dates_of()
        # An account has a row for each of its readings, wherever the engine puts them.
        of_contract: dict[int, list[tuple[Any, ...]]] = {}
        for row in self.portfolio.rows(sql, params):
            of_contract.setdefault(row[_CONTRACT_NO], []).append(row)
        self._hear({rows[0][0] for rows in of_contract.values()})
        for no, rows in of_contract.items():
            row = rows[0]
            if row[_IS_ALONE] and not self.policy.health.ages:  # which need more of a contract
                due = self._alone(rows, days)
            else:
                due = [each for each in self._of_accounts([row[0]]) if each.no == no]
            if due:
                each = due[0]
                place = (days[row[_DAY]], each.renewal_on, row[_RANK], each.id)
                found.append(_quick(DueRow, (each, place)))
        found.sort(key=_by_place)  # here: the database would carry every column through its sort
        return found

    def _alone(self, rows: Sequence[tuple[Any, ...]], days: dict[str, date]) -> list[DueContract]:
        """The contract of an account that has no other, from its joined rows."""
        readings = []
        for row in rows:
            cells: list[Any] = [*row, None]
            for at in _DATES:
                if (text := cells[at]) is not None:
                    cells[at] = days[text]
            if cells[_READ_ON] is not None:
                readings.append(_quick(Reading, _reading_of(cells)))
        return self._classified(
            _quick(Account, _account_of(cells)), [_quick(Contract, _contract_of(cells))], readings
        )

    def _fresh(self) -> list[DueContract]:
        numbers = [no for (no,) in self.portfolio.rows("SELECT no FROM account ORDER BY no")]
        found: list[DueContract] = []
        for start in range(0, len(numbers), _BATCH):
            found += self._of_accounts(numbers[start : start + _BATCH])
        return found

    def _of_accounts(self, account_nos: Sequence[int]) -> list[DueContract]:
        book = load_book(self.portfolio, account_nos)
        self._hear(account_nos)
        return [
            due
            for account in book.accounts.values()
            for due in self._classified(
                account, book.contracts.get(account.no, ()), book.readings.get(account.no, ())
            )
        ]

    def _hear(self, account_nos: Collection[int]) -> None:
        """Know what was heard of these accounts: of a page theirs, of a book all, in one reading."""
        if self._heard_of is None:
            return
        new = [no for no in account_nos if no not in self._heard_of]
        if len(new) > _HEARD_BY_NO:
            self._heard, self._heard_of = heard(self.portfolio), None
        elif new:
            told = heard(self.portfolio, new)
            self._heard.replied_on.update(told.replied_on)
            self._heard.papers.update(told.papers)
            self._heard.bundles.update(told.bundles)
            self._heard_of.update(new)

    def _classified(
        self, account: Account, contracts: Sequence[Contract], readings: Sequence[Reading]
    ) -> list[DueContract]:
        """The contracts of an account that have an agenda."""
        if not in_force(account.status):
            return []
        opened = [each for each in contracts if each.state == "open"]
        if not opened:
            return []
        found = classify(
            account,
            contracts,
            readings,
            account.no in self.saving,
            self.policy,
            self.as_of,
            self.volume,
            self.said.get(account.no),
        )
        return due_contracts(account, contracts, opened, found, self.policy, self._heard, self.as_of)
