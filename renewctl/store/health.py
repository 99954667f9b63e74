"""What the health of accounts rested on over time: overrides and capping facts, out of the operation log."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from renewctl.core.classify import Facts, profile
from renewctl.core.health_past import Record, Replay
from renewctl.core.log_rows import side
from renewctl.core.model import HealthOverride
from renewctl.core.policy import Policy
from renewctl.store.agenda import load_book
from renewctl.store.portfolio import ENTITIES, Portfolio, as_value, columns

if TYPE_CHECKING:
    from renewctl.core.health_check import Seen

_CAPPING = ("champion_gone", "competitor")  # facts of an account that cap its score and bear no date
_SQL = (
    "SELECT c.entity, c.after, o.as_of FROM change c JOIN operation o ON o.seq = c.op "
    "WHERE c.account_no = ? AND c.entity IN ('account', 'health_override') ORDER BY c.no"
)


def replay(portfolio: Portfolio, facts: Facts, policy: Policy, as_of: date) -> Replay:
    """The scores of an account up to a day, from its facts and what the log tells of overrides and caps."""
    account = facts.account
    spells: list[HealthOverride] = []
    known_on: dict[str, date] = {name: account.recorded_on for name in _CAPPING if getattr(account, name)}
    standing: dict[str, Any] = {}
    for entity, after, on in portfolio.rows(_SQL, (account.no,)):
        day = date.fromisoformat(on)
        if entity == "health_override":
            next_spell(spells, side(after, columns(entity)), day)
        elif known_on:
            _note(standing, known_on, side(after, columns(entity)) or {}, day)
    whom = profile(account, facts.contracts, policy)
    return Replay(Record(account, facts.readings, spells, known_on, whom), policy, as_of)


def next_spell(spells: list[HealthOverride], row: dict[str, Any] | None, day: date) -> None:
    """Take up one change of an override: amended, replaced by another as of its day, or taken away."""
    before = spells.pop() if spells else None
    after = None
    if row is not None:
        stored = {**(before._asdict() if before else {}), **row}
        names = columns("health_override")
        after = as_value(ENTITIES["health_override"], [_text(stored[name]) for name in names])
    if before is not None and (after is None or after.set_on != before.set_on):
        ended = min(before.until_on, day - timedelta(days=1))
        if ended >= before.set_on:
            spells.append(before._replace(until_on=ended))
    if after is not None:
        spells.append(after)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _note(standing: dict[str, Any], known_on: dict[str, date], row: dict[str, Any], day: date) -> None:
    """Since when each capping fact that stands now has stood without a break."""
    for name in known_on:
        if name in row:
            if row[name] and not standing.get(name):
                known_on[name] = day
            standing[name] = row[name]


def flagged(
    portfolio: Portfolio, policy: Policy, as_of: date, found: Sequence[tuple[Facts, float | None]]
) -> dict[int, date]:
    """Account number -> the day its flag dates from (HLT-3), of those that are flagged.

    Each account comes with its score of the day, so that one without a reason for a flag costs nothing.
    """
    from renewctl.core.health_flag import since

    rules = policy.health_work
    recent = as_of - timedelta(days=rules.drop_days)
    flags = {}
    for facts, score in found:
        if score is None or (score >= rules.flag_below and not _stirred(facts, recent, as_of)):
            continue
        flagged_on = since(replay(portfolio, facts, policy, as_of))
        if flagged_on is not None:
            flags[facts.account.no] = flagged_on
    return flags


def _stirred(facts: Facts, recent: date, as_of: date) -> bool:
    """Whether anything may have cost an account points since a day: more than its only reading."""
    account = facts.account
    if facts.override is not None or account.champion_gone or account.competitor:
        return True
    if account.cancel_notice_on is not None or account.ticket_severity == 1:
        return True
    return len(facts.readings) > 1 and any(recent < each.read_on <= as_of for each in facts.readings)


def judged(
    portfolio: Portfolio, policy: Policy, as_of: date, from_on: date | None, to_on: date | None
) -> "list[Seen]":
    """The outcomes closed from a day to another, `as_of` at the latest, each with the score before it."""
    from renewctl.core.health_check import seen

    last = as_of if to_on is None else min(to_on, as_of)
    first = date.min if from_on is None else from_on
    days = (first.isoformat(), last.isoformat())
    outcomes = portfolio.values("outcome", "closed_on BETWEEN ? AND ?", days, "closed_on, no")
    book = load_book(portfolio, sorted({each.account_no for each in outcomes}))
    replays: dict[int, Replay] = {}
    for no, account in book.accounts.items():
        readings, contracts = book.readings.get(no, []), book.contracts.get(no, [])
        facts = Facts(account, contracts, readings, no in book.saving, 0, override=book.overrides.get(no))
        replays[no] = replay(portfolio, facts, policy, as_of)
    return [seen(each, replays[each.account_no]) for each in outcomes]
