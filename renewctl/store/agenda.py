"""The agenda's cache, and the contracts it needs read in the order of what falls due.

The `agenda` table holds a lower bound of each open contract's next due day, indexed in the agenda's
order. It is written in the transaction that changes its inputs, marked with the policy and code it was
computed under, and never the truth: what a contract owes is always computed from its facts.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from renewctl import __version__
from renewctl.core.bounds import Bounds, Terms, recurring_from
from renewctl.core.dates import WorkCalendar
from renewctl.core.due import DueContract, arr_rank, still_closed
from renewctl.core.health import in_force as still_said
from renewctl.core.model import CLOSED_SAVES, Account, Contract, HealthOverride, ItemState, Reading
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor, in_force, segment, total
from renewctl.core.timeline import OPT_OUT, Planner, anchor
from renewctl.errors import PolicyError
from renewctl.store.portfolio import ENTITIES, Portfolio, as_value, columns, dates_of

_BATCH = 2_000
_IN_LIST = 500  # values in one IN (…)
_REMEMBERED = 100_000  # bounds kept in memory


class Book(NamedTuple):
    """The facts of some accounts, by account number."""

    accounts: dict[int, Account]
    contracts: dict[int, list[Contract]]
    readings: dict[int, list[Reading]]
    saving: frozenset[int]  # accounts with an open save
    overrides: dict[int, HealthOverride]  # the last one of each account that ever had one

    def said(self, account_no: int, as_of: date) -> float | None:
        """The score of a health override that is in force (HLT-2)."""
        said = still_said(self.overrides.get(account_no), as_of)
        return None if said is None else said.score


def load_book(portfolio: Portfolio, account_nos: Sequence[int] | None = None) -> Book:
    """The facts classification needs, of the named accounts or of all."""
    accounts = _by_no(portfolio, "account", "no", account_nos)
    contracts: dict[int, list[Contract]] = defaultdict(list)
    for contract in _by_no(portfolio, "contract", "account_no", account_nos):
        contracts[contract.account_no].append(contract)
    readings: dict[int, list[Reading]] = defaultdict(list)
    for reading in _by_no(portfolio, "health_reading", "account_no", account_nos):
        readings[reading.account_no].append(reading)
    by_no = {account.no: account for account in accounts}
    return Book(by_no, contracts, readings, saving(portfolio), overrides(portfolio))


def overrides(portfolio: Portfolio) -> dict[int, HealthOverride]:
    """Account number -> the last override of its health (HLT-2), those that have ended too."""
    return {each.account_no: each for each in portfolio.values("health_override")}


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
        f"SELECT account_no FROM save_case WHERE state NOT IN ({_marks(CLOSED_SAVES)})",  # noqa: S608
        CLOSED_SAVES,
    )
    return frozenset(no for (no,) in rows)


def renewals_per_quarter(portfolio: Portfolio, policy: Policy) -> int:
    """Open contracts with a renewal date, per quarter of a year (OWN-1's volume).

    A contract of longer term renews less often than once a year. Counted until ten times the policy's
    volume and no further, since a large book would make every command pay for it.
    """
    plenty = policy.ownership.volume_per_quarter * 4 * 10
    hundredths = portfolio.value(
        "SELECT SUM(1200 / COALESCE(term_months, ?)) FROM (SELECT term_months FROM contract "
        "WHERE state = 'open' AND renewal_on IS NOT NULL LIMIT ?) AS counted",
        (policy.usual_term_months, plenty),
    )
    return int(hundredths or 0) // 400


def refresh(
    portfolio: Portfolio, policy: Policy, as_of: date, account_nos: Sequence[int] | None = None
) -> None:
    """Recompute the cache of the named accounts (all: None) inside the transaction that changed them.

    Everything is recomputed when the policy or the code is not what the cache was made under.
    """
    if account_nos is None or portfolio.meta("agenda_mark") != cache_mark(policy):
        rebuild = Rebuild(portfolio, policy, as_of)
        rebuild.all_stored()
        rebuild.finish()
        return
    bounds = _bounds(portfolio, policy, as_of)
    since = portfolio.meta("agenda_from") or ""
    for part in _parts(sorted(set(account_nos))):
        marks = _marks(part)
        portfolio.execute(
            f"DELETE FROM agenda WHERE contract_no IN ({_CONTRACTS_OF} ({marks}))",  # noqa: S608
            part,
        )
        _fill(portfolio, bounds, f"AND c.account_no IN ({marks})", part)
        since = max(since, _planned_from(portfolio, f"AND account_no IN ({marks})", part))
    portfolio.set_meta("agenda_from", since)


def _planned_from(portfolio: Portfolio, where: str = "", params: Sequence[Any] = ()) -> str:
    """The day before which the bounds of some contracts do not hold: their latest first day of a plan."""
    sql = f"SELECT MAX(planned_from_on) FROM contract WHERE state = 'open' {where}"  # noqa: S608
    return str(portfolio.value(sql, params) or "")


def _bounds(portfolio: Portfolio, policy: Policy, as_of: date) -> Bounds:
    """What computes the rows of the cache."""
    return Bounds(Planner(policy, work_calendar(portfolio, policy, as_of, keep=True)))


def cache_mark(policy: Policy) -> str:
    """What the cache depends on beside facts: code and policy."""
    return f"{__version__}/3 {policy.fingerprint}"


_BOUND_SQL = """
SELECT c.account_no, a.status, a.segment_override, COALESCE(c.currency, a.currency), c.no, c.id, c.arr_minor,
  c.renewal_on, c.auto_renew, c.notice_days, c.planned_from_on, c.cycle, c.won_on
FROM contract c JOIN account a ON a.no = c.account_no WHERE c.state = 'open' {} ORDER BY c.account_no
"""
_CONTRACTS_OF = "SELECT no FROM contract WHERE account_no IN"
_INSERT = (
    "INSERT INTO agenda (contract_no, next_due_on, renewal_on, arr_rank, contract_id, deadline_on, alone) "
    "VALUES (?,?,?,?,?,?,?)"
)
_INSERT_ALONE = _INSERT.replace("?)", "1)")


def _fill(portfolio: Portfolio, bounds: Bounds, where: str, params: Sequence[Any]) -> None:
    """Insert rows for the open contracts that have an agenda.

    An account out of force, a contract without date, or one without segment has none.
    """
    touched, ended = _touched(portfolio, where, params), _ended(portfolio, where, params)
    rows = _bound_rows(portfolio.execute(_BOUND_SQL.format(where), params), bounds, touched, ended)
    while batch := list(islice(rows, _BATCH)):
        portfolio.execute_many(_INSERT, batch)


def _touched(portfolio: Portfolio, where: str, params: Sequence[Any]) -> dict[int, dict[str, ItemState]]:
    """States of the items of the contracts meant, in their cycles."""
    info = ENTITIES["item_state"]
    names = ",".join(f"s.{name}" for name in columns("item_state"))
    found: dict[int, dict[str, ItemState]] = defaultdict(dict)
    for row in portfolio.execute(
        f"SELECT c.no, c.cycle, {names} FROM item_state s "  # noqa: S608
        "JOIN contract c ON c.account_no = s.account_no "
        "AND s.subject IN (CAST(c.no AS TEXT), 'a' || CAST(c.account_no AS TEXT)) "
        f"WHERE s.subject NOT LIKE 's%' {where}",
        params,
    ):
        _keep(found[row[0]], as_value(info, row[2:]), row[1])
    return found


def _keep(states: dict[str, ItemState], state: ItemState, cycle: int) -> None:
    own = state.cycle == cycle or state.subject[0] == "a"  # an account's work knows no cycle
    states[state.step if own else f"{state.step}@{state.cycle}"] = state


def _ended(portfolio: Portfolio, where: str, params: Sequence[Any]) -> dict[int, str]:
    """The day of the latest contract of each account that is not open any more (VAL)."""
    sql = f"SELECT c.account_no, MAX(c.planned_from_on) FROM contract c WHERE c.state <> 'open' {where} "  # noqa: S608
    return dict(portfolio.execute(f"{sql} GROUP BY c.account_no", params))


class _Untouched:
    """The bound of a contract with which nothing was done, by all that it depends on.

    A book has far fewer of these than contracts, so each is computed once.
    """

    def __init__(self, bounds: Bounds) -> None:
        policy = bounds.planner.policy
        steps = (step.min_arr_minor for steps in policy.timelines.values() for step in steps)
        cuts = {each.at_least_minor for each in policy.segments}
        # Between two of these values no segment changes and no step comes or goes.
        self._cuts = sorted(cuts.union(each for each in steps if each is not None))
        self._bounds = bounds
        self._known: dict[tuple[Any, ...], tuple[str, str | None] | None] = {}

    def __call__(
        self,
        value: int | None,
        override: str | None,
        renewal_iso: str,
        notice_days: int | None,
        first_iso: str,
        value_iso: str | None,
    ) -> tuple[str, str | None] | None:
        """The bound and the opt-out deadline, in ISO; None: no segment."""
        place = -1 if value is None else bisect_right(self._cuts, value)
        key = (place, override, renewal_iso, notice_days, first_iso, value_iso)
        if key in self._known:
            return self._known[key]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        found = self._known[key] = self._compute(value, *key[1:])
        return found

    def _compute(
        self,
        value: int | None,
        override: str | None,
        renewal_iso: str,
        notice_days: int | None,
        first_iso: str,
        value_iso: str | None,
    ) -> tuple[str, str | None] | None:
        kind = segment(value, override, self._bounds.planner.policy)
        if kind is None:
            return None
        days = dates_of()
        renewal_on = days[renewal_iso]
        value_on = None if value_iso is None else days[value_iso]
        bound = self._bounds.untouched(kind, value or 0, renewal_on, notice_days, days[first_iso], value_on)
        if notice_days is None:
            return bound.isoformat(), None
        return bound.isoformat(), anchor(renewal_on, 1, notice_days)[0].isoformat()


def _bound_rows(
    rows: Iterable[tuple[Any, ...]],
    bounds: Bounds,
    touched: dict[int, dict[str, ItemState]],
    ended: Mapping[int, str],
) -> Iterator[tuple[Any, ...]]:
    policy = bounds.planner.policy
    by_contract = policy.value_scope == "contract"
    untouched = _Untouched(bounds)
    in_force = _InForce()
    nothing: dict[str, ItemState] = {}
    for account_no, group in groupby(rows, itemgetter(0)):
        contracts = list(group)
        if not in_force[contracts[0][1]]:
            continue
        override = contracts[0][2]
        values = [base_minor(row[6], row[3], policy) for row in contracts]
        single = len(values) == 1
        whole = values[0] if single else total(values)
        ended_iso = ended.get(account_no, "")
        # One that follows another is read with it.
        alone = int(single and ended_iso <= contracts[0][10])
        if alone:
            value_from = {contracts[0][4]: contracts[0][10]}
        else:
            counted = values if by_contract else [whole] * len(values)
            having = [
                row
                for row, each in zip(contracts, counted, strict=True)
                if segment(each, override, policy) is not None
            ]
            value_from = _value_from(having, max(ended_iso, *(row[10] for row in contracts)))
        for row, own in zip(contracts, values, strict=True):
            no, contract_id, _, renewal_iso, auto_renew, notice_days, first_iso, _, won_iso = row[4:]
            if renewal_iso is None:
                continue
            value = own if by_contract else whole
            states = touched.get(no, nothing)
            from_iso = value_from.get(no)
            if states or won_iso is not None:
                found = _touched_bound(bounds, value, override, row[7:], states, from_iso)
            else:
                notice = notice_days if auto_renew else None
                found = untouched(value, override, renewal_iso, notice, first_iso, from_iso)
            if found is not None:
                yield no, found[0], renewal_iso, arr_rank(own), contract_id, found[1], alone


def _value_from(contracts: Iterable[tuple[Any, ...]], latest_iso: str) -> dict[int, str]:
    """From which day on each of an account's contracts with a segment would carry its recurring work (VAL).

    The rows are those of `_BOUND_SQL`.
    """
    days = dates_of()
    dated = [(days[row[7]], row[4]) for row in contracts if row[7] is not None]
    return {no: from_on.isoformat() for no, from_on, _ in recurring_from(dated, days[latest_iso])}


def _touched_bound(
    bounds: Bounds,
    value: int | None,
    override: str | None,
    terms: tuple[Any, ...],
    states: dict[str, ItemState],
    value_iso: str | None,
) -> tuple[str, str | None] | None:
    """The bound and the open opt-out deadline of a contract of which something was done."""
    kind = segment(value, override, bounds.planner.policy)
    if kind is None:
        return None
    renewal_iso, auto_renew, notice_days, first_iso, cycle, won_iso = terms
    days = dates_of()
    renewal_on, won_on = days[renewal_iso], None if won_iso is None else days[won_iso]
    anchor_on, name = anchor(renewal_on, auto_renew, notice_days)
    tacit = name == "opt_out_deadline"
    value_on = None if value_iso is None else days[value_iso]
    bound = bounds.next_due_on(
        Terms(kind, value or 0, renewal_on, anchor_on, tacit, days[first_iso], cycle, won_on, value_on),
        states,
    )
    stale_days = bounds.planner.policy.agenda.stale_days
    is_open = tacit and not still_closed(states.get(OPT_OUT), anchor_on, stale_days)
    return bound.isoformat(), anchor_on.isoformat() if is_open else None


class _InForce(dict[str | None, bool]):
    """Status -> whether an account with it has an agenda; a book knows a handful of them."""

    def __missing__(self, status: str | None) -> bool:
        found = in_force(status)
        if len(self) < _BATCH:
            self[status] = found
        return found


class Rebuild:
    """The whole cache made anew, inside the transaction that changed its inputs.

    Its indexes are off until `finish`: making one costs less than keeping it up row by row.
    """

    def __init__(self, portfolio: Portfolio, policy: Policy, as_of: date) -> None:
        self._portfolio = portfolio
        self._policy = policy
        self._bounds = _bounds(portfolio, policy, as_of)
        self._indexes = portfolio.indexes("agenda")
        self._untouched = _Untouched(self._bounds)
        self._in_force = _InForce()
        portfolio.set_meta("agenda_mark", cache_mark(policy))
        for name, _ in self._indexes:
            portfolio.execute(f"DROP INDEX {name}")
        portfolio.execute("DELETE FROM agenda")

    def all_stored(self) -> None:
        """Every contract of the portfolio."""
        _fill(self._portfolio, self._bounds, "", [])

    def new(self, contracts: Iterable[tuple[Any, ...]], first_iso: str) -> None:
        """Contracts that are just made, each its account's only one, planned from `first_iso`.

        Each is (account status, segment override, currency, number, id, ARR, renewal date, auto-renewal,
        notice days), as stored.
        """
        self._portfolio.execute_many(_INSERT_ALONE, self._new_rows(contracts, first_iso))

    def _new_rows(self, contracts: Iterable[tuple[Any, ...]], first_iso: str) -> Iterator[tuple[Any, ...]]:
        policy, untouched, in_force = self._policy, self._untouched, self._in_force
        base = policy.base_currency
        for status, override, code, no, contract_id, arr_minor, renewal_iso, auto_renew, notice in contracts:
            if renewal_iso is None or not in_force[status]:
                continue
            value = arr_minor if code == base else base_minor(arr_minor, code, policy)
            notice_days = notice if auto_renew else None
            found = untouched(value, override, renewal_iso, notice_days, first_iso, first_iso)
            if found is not None:
                yield no, found[0], renewal_iso, 1 if value is None else -value, contract_id, found[1]

    def finish(self) -> None:
        """Make the indexes, and note from which day on the bounds hold."""
        for _, sql in self._indexes:
            self._portfolio.execute(sql)
        self._portfolio.set_meta("agenda_from", _planned_from(self._portfolio))


def computed(portfolio: Portfolio, policy: Policy) -> Iterator[tuple[Any, ...]]:
    """The rows the cache should hold, from the facts alone; no bound asks which days are worked."""
    bounds = Bounds(Planner(policy, WorkCalendar("", frozenset())))
    touched, ended = _touched(portfolio, "", []), _ended(portfolio, "", [])
    return _bound_rows(portfolio.execute(_BOUND_SQL.format(""), []), bounds, touched, ended)


def load_states(
    portfolio: Portfolio, contracts: Iterable[Contract | DueContract]
) -> dict[int, dict[str, ItemState]]:
    """What was done with the steps of contracts: contract number -> step -> state.

    Steps of the cycle before stand under `step@cycle`; recurring work of the account is there too.
    """
    cycles: dict[str, list[tuple[int, int]]] = defaultdict(list)  # subject -> contracts and their cycles
    for contract in contracts:
        for subject in (str(contract.no), f"a{contract.account_no}"):
            cycles[subject].append((contract.no, contract.cycle))
    found: dict[int, dict[str, ItemState]] = defaultdict(dict)
    info = ENTITIES["item_state"]
    select = f"SELECT {','.join(columns('item_state'))} FROM item_state"  # noqa: S608
    if len(cycles) > _IN_LIST * 2:
        rows: Iterable[Any] = portfolio.execute(select)
    else:
        rows = [
            row
            for part in _parts(list(cycles))
            for row in portfolio.execute(f"{select} WHERE subject IN ({_marks(part)})", part)
        ]
    for row in rows:
        for no, cycle in cycles.get(row[0], ()):
            _keep(found[no], as_value(info, row), cycle)
    return found


def load_given(
    portfolio: Portfolio, contracts: Sequence[Contract | DueContract]
) -> dict[int, dict[str, str]]:
    """The steps of contracts that were given to somebody by hand: contract number -> step -> person.

    Steps of another cycle stand under `step@cycle`.
    """
    found: dict[int, dict[str, str]] = defaultdict(dict)
    known = {str(each.no): each for each in contracts}
    accounts: dict[str, list[int]] = defaultdict(list)
    for each in contracts:
        accounts[f"a{each.account_no}"].append(each.no)
    select = "SELECT subject, cycle, step, person FROM assignment"
    nos = list({each.account_no for each in contracts})
    if len(nos) > _IN_LIST:
        rows = portfolio.rows(select)
    else:
        rows = portfolio.rows(f"{select} WHERE account_no IN ({_marks(nos)})", nos) if nos else []
    for subject, cycle, step, person in rows:
        own = known.get(subject)
        if own is not None:
            found[own.no][step if cycle == own.cycle else f"{step}@{cycle}"] = person
        for no in accounts.get(subject, ()):
            found[no][step] = person
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
            portfolio.execute(
                "DELETE FROM meta WHERE key LIKE 'calendar:%' AND key NOT LIKE ?", (f"calendar:{country}:%",)
            )
            portfolio.set_meta(key, text)
    return WorkCalendar(country, frozenset(map(date.fromisoformat, text.split())))


def _holidays(country: str, years: Iterable[int]) -> list[str]:
    import holidays

    try:
        known = holidays.country_holidays(country, years=list(years))
    except NotImplementedError as error:  # a policy that was not read from a file is not checked against it
        raise PolicyError(
            "country-unknown",
            f"general.country: there is no holiday calendar of {country!r}",
            'an ISO country code such as "BR", or "" for weekends only',
        ) from error
    return sorted(day.isoformat() for day in known)


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    source = iter(values)
    while part := list(islice(source, _IN_LIST)):
        yield part


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
