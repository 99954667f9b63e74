"""What the triggers of saves rest on: accounts with their past, out of the facts and the operation log."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from renewctl.core.case_file import open_one
from renewctl.core.classify import Facts, all_lost, profile
from renewctl.core.health_past import Record
from renewctl.core.log_rows import side
from renewctl.core.model import CLOSED_SAVES, Account, Contract, HealthOverride
from renewctl.core.policy import PAPERS, Policy
from renewctl.core.segment import in_force
from renewctl.core.signs import Spell
from renewctl.core.suggest import Suggestion, suggest
from renewctl.core.triggers import Past, Terms
from renewctl.store.agenda import load_book, renewals_per_quarter
from renewctl.store.agenda import overrides as all_overrides
from renewctl.store.health import next_spell
from renewctl.store.portfolio import Portfolio, columns, dates_of

_DAY = timedelta(days=1)
_BATCH = 2_000
_IN_LIST = 500
_TERMS = Terms._fields[1:]
_FACTS = (
    "cancel_notice_on",
    "champion_gone",
    "competitor",
    "ticket_severity",
    "ticket_severity_on",
    "status",
    "csm",
)


class _Edit(NamedTuple):
    """One change of a row: the columns before and after, from a day on."""

    day: date
    before: dict[str, Any]
    after: dict[str, Any]


class _Log(NamedTuple):
    """What the log tells of edits, by number of the account or the contract."""

    accounts: dict[int, list[_Edit]]
    contracts: dict[int, list[_Edit]]
    overrides: dict[int, list[HealthOverride]]


def pasts(portfolio: Portfolio, policy: Policy, account_nos: Sequence[int] | None = None) -> Iterator[Past]:
    """Accounts with their past, by number, of the named accounts or of all."""
    numbers = (
        [no for (no,) in portfolio.rows("SELECT no FROM account ORDER BY no")]
        if account_nos is None
        else sorted(account_nos)
    )
    few = numbers if account_nos is not None and len(numbers) <= _IN_LIST else None
    log = _log(portfolio, few)
    kinds = _told(policy)
    of = _grouped(portfolio, few)
    cases, outcomes = of("save_case", "no"), of("outcome", "closed_on, no")
    done = of("item_state", "set_on", "state = 'done' AND subject NOT LIKE 's%' AND subject NOT LIKE 'a%'")
    heard = of("activity", "happened_on, no", f"kind IN ({_marks(kinds)})", kinds)
    for start in range(0, len(numbers), _BATCH):
        book = load_book(portfolio, numbers[start : start + _BATCH])
        for no, account in sorted(book.accounts.items()):
            contracts = book.contracts.get(no, [])
            spells = _spells(account, log.accounts.get(no, ()))
            said = log.overrides.get(no, ())
            whom = profile(account, contracts, policy)
            record = Record(account, book.readings.get(no, []), said, {}, whom, spells)
            terms = {each.no: _terms(each, log.contracts.get(each.no, ())) for each in contracts}
            yield Past(account, contracts, record, terms, cases[no], outcomes[no], done[no], heard[no])


def _told(policy: Policy) -> list[str]:
    """The kinds of activity that answer a notice or show a stage."""
    facts = (fact.partition(":") for _, each in policy.evidence.values() for fact in each)
    shown = {kind for what, _, kind in facts if what == "activity"}
    return sorted({*shown, *PAPERS, *policy.raw["saves"]["triggers"]["answers"]})


def _grouped(portfolio: Portfolio, few: Sequence[int] | None) -> Any:
    """A function that reads an entity by account, of a few accounts or of all."""

    def read(
        entity: str, order: str, where: str = "1 = 1", params: Sequence[Any] = ()
    ) -> Mapping[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        if few is not None:
            where, params = f"{where} AND account_no IN ({_marks(few)})", [*params, *few]
        for each in portfolio.values(entity, where, params, order) if few is None or few else ():
            found[each.account_no].append(each)
        return found

    return read


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _log(portfolio: Portfolio, few: Sequence[int] | None) -> _Log:
    """Every edit of accounts and contracts and every override, in the order of the log."""
    of = "" if few is None else f" AND c.account_no IN ({_marks(few)})"
    found = _Log(defaultdict(list), defaultdict(list), defaultdict(list))
    if few is not None and not few:
        return found
    sql = (
        "SELECT c.entity, c.key, c.account_no, c.before, c.after, o.as_of FROM change c "
        "JOIN operation o ON o.seq = c.op WHERE (c.entity = 'health_override' OR "
        "(c.entity IN ('account', 'contract') AND c.before IS NOT NULL AND c.after IS NOT NULL))"
    )
    for entity, key, account_no, before, after, on in portfolio.rows(f"{sql}{of} ORDER BY c.no", few or ()):
        day, names = dates_of()[on], columns(entity)
        if entity == "health_override":
            next_spell(found.overrides[account_no], side(after, names), day)
        else:
            edit = _Edit(day, side(before, names) or {}, side(after, names) or {})
            (found.accounts if entity == "account" else found.contracts)[int(key)].append(edit)
    return found


def _values(now: Any, name: str, recorded_on: date, edits: Sequence[_Edit]) -> list[tuple[date, Any]]:
    """(day, value) of a column from each day on, the first from the day of the record."""
    told = [each for each in edits if name in each.after]
    found = [(recorded_on, told[0].before.get(name) if told else now)]
    for each in told:
        if each.day <= found[-1][0]:  # of one day the last word counts, and no day comes before another
            found[-1] = (found[-1][0], each.after[name])
        elif each.after[name] != found[-1][1]:
            found.append((each.day, each.after[name]))
    return found


def _spells(account: Account, edits: Sequence[_Edit]) -> dict[str, list[Spell]]:
    """When each fact held that caps a score or speaks for a save; csm and status too.

    A notice and a severe ticket bear their own day; what bears none counts from the day it was recorded.
    """
    found: dict[str, list[Spell]] = {}
    values = {name: _values(getattr(account, name), name, account.recorded_on, edits) for name in _FACTS}
    for name in ("cancel_notice_on", "champion_gone", "competitor", "status", "csm"):
        found[name] = []
        for begin, end, value in _lasting(values[name]):
            if value:
                own = _day(value) if name == "cancel_notice_on" else None
                begin = own or begin
                if begin <= end:
                    found[name].append(Spell(begin, end, own or value))
    since = values["ticket_severity_on"]
    found["ticket_severity"] = []
    for begin, end, value in _lasting(values["ticket_severity"]):
        if value is not None:
            on = _day(next((day for at, day in reversed(since) if at <= begin), None))
            if (on or begin) <= end:
                found["ticket_severity"].append(Spell(on or begin, end, (value, on)))
    return found


def _lasting(values: Sequence[tuple[date, Any]]) -> Iterator[tuple[date, date, Any]]:
    """(first day, last day, value), of the last value for good."""
    for at, (begin, value) in enumerate(values):
        yield begin, values[at + 1][0] - _DAY if at + 1 < len(values) else date.max, value


def _day(value: Any) -> date | None:
    """A date as it is stored or logged."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _terms(contract: Contract, edits: Sequence[_Edit]) -> list[Terms]:
    """A contract as it stood from each day on, the last as it stands."""
    now = {name: getattr(contract, name) for name in _TERMS}
    versions = [(contract.recorded_on, now)]
    for each in reversed(edits):
        told = {name: value for name, value in each.before.items() if name in now}
        if told:
            day, after = versions.pop()
            versions += [(max(each.day, day), after), (day, {**after, **told})]
    found: list[Terms] = []
    for day, row in reversed(versions):
        row = {name: _day(value) if name.endswith("_on") else value for name, value in row.items()}
        while found and found[-1].from_on >= day:  # of one day the last word counts
            found.pop()
        found.append(Terms(day, **row))
    return found


def suggestions(
    portfolio: Portfolio, policy: Policy, as_of: date, only: Account | None = None, said: str | None = None
) -> list[Suggestion]:
    """The saves that the facts ask for on a day, of every account in force or of one, by account number.

    `said` is a reason the one customer has given just now.
    """
    volume, overrides = renewals_per_quarter(portfolio, policy), all_overrides(portfolio)
    found = []
    for past in pasts(portfolio, policy, None if only is None else [only.no]):
        if not in_force(past.account.status) or all_lost(past.contracts):
            continue
        no = past.account.no
        facts = Facts(
            past.account, past.contracts, past.record.readings, open_one(past.cases) is not None, volume,
            override=overrides.get(no),
        )  # fmt: skip
        each = suggest(past, facts.row(policy, as_of), policy, as_of, said)
        if each is not None:
            found.append(each)
    return found


def carried(portfolio: Portfolio) -> Counter[str | None]:
    """How many open cases each person coordinates."""
    marks = _marks(CLOSED_SAVES)
    sql = f"SELECT owner, COUNT(*) FROM save_case WHERE state NOT IN ({marks}) GROUP BY owner"  # noqa: S608
    return Counter(dict(portfolio.rows(sql, CLOSED_SAVES)))
