"""SEG-2: hours logged per renewal against its segment's budget, and where they are in the wrong place.

Over the budget means: as many hours as the policy warns at. Unattended means: of a larger segment, its
working window begun, and less logged than a share of the least effort due by now. Times are whole minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.capacity import shown_hours
from renewctl.core.model import Because
from renewctl.core.policy import Policy, Segment
from renewctl.core.team import Renewing
from renewctl.core.timeline import anchor

OVER, WITHIN, UNDER, UNATTENDED, NOT_STARTED, NO_BUDGET = (
    "over", "within", "under", "unattended", "not_started", "no_budget",
)  # fmt: skip


class Spent(NamedTuple):
    """The time spent on one renewal. Budget in minutes, None without a segment."""

    renewing: Renewing
    low: int | None
    high: int | None
    warn: int | None
    starts_on: date | None  # when its working window begins
    standing: str  # over | within | under | unattended | not_started | no_budget
    because: Because | None  # of over and unattended

    @property
    def minutes(self) -> int:
        """Logged on this cycle."""
        return self.renewing.minutes

    @property
    def excess(self) -> int:
        """Minutes beyond the budget's upper end."""
        return max(0, self.minutes - (self.high or 0)) if self.standing == OVER else 0

    @property
    def lack(self) -> int:
        """Minutes missing to the budget's lower end, of an unattended renewal."""
        return max(0, (self.low or 0) - self.minutes) if self.standing == UNATTENDED else 0


class Group(NamedTuple):
    """Renewals of one owner or segment, summed; `low` and `high` are those of started renewals."""

    name: str | None
    renewals: int
    started: int
    minutes: int
    low: int
    high: int
    over: int
    unattended: int
    arr_base_minor: int


class EffortReport(NamedTuple):
    """SEG-2 over a book. `over` worst first: by how many times the budget; `unattended` by ARR unattended."""

    rows: tuple[Spent, ...]  # by hours logged, most first
    by_owner: tuple[Group, ...]
    by_segment: tuple[Group, ...]
    over: tuple[Spent, ...]
    unattended: tuple[Spent, ...]
    move: str  # what to move, in a sentence

    @property
    def excess(self) -> int:
        """Minutes beyond budgets, over all that are over."""
        return sum(each.excess for each in self.over)

    @property
    def lack(self) -> int:
        """Minutes missing, over all that are unattended."""
        return sum(each.lack for each in self.unattended)


def spent(each: Renewing, policy: Policy, as_of: date) -> Spent:
    """How the time logged on one renewal stands against its segment's budget on a day."""
    rules = next((found for found in policy.segments if found.name == each.row.segment), None)
    if rules is None:
        return Spent(each, None, None, None, None, NO_BUDGET, None)
    low, high, warn = (hours * 60 for hours in (*rules.effort_hours, rules.warn_hours))
    starts_on, elapsed = None, Fraction(0)
    if each.contract.renewal_on is not None:
        terms = each.contract
        anchor_on, _ = anchor(each.contract.renewal_on, terms.auto_renew, terms.notice_days)
        starts_on = anchor_on - timedelta(days=rules.starts_days[0])
        elapsed = _elapsed(starts_on, anchor_on, as_of)
    standing, because = _standing(each.minutes, rules, elapsed, policy)
    return Spent(each, low, high, warn, starts_on, standing, because)


def _elapsed(starts_on: date, anchor_on: date, as_of: date) -> Fraction:
    """The share of a renewal's working window that is gone: 0 before it begins, never over 1."""
    if as_of < starts_on:
        return Fraction(0)
    return min(Fraction(1), Fraction((as_of - starts_on).days + 1, (anchor_on - starts_on).days + 1))


def _standing(minutes: int, rules: Segment, elapsed: Fraction, policy: Policy) -> tuple[str, Because | None]:
    low, high = rules.effort_hours
    seen = f"{minutes / 60:.3g} h logged"
    if minutes >= rules.warn_hours * 60:
        limit = f"{rules.name}: {low}-{high} h; from {rules.warn_hours} h on the process is broken"
        return OVER, Because("SEG-2", seen, limit)
    if not elapsed:
        return NOT_STARTED, None
    table = policy.raw["effort"]
    least = next(each.at_least_minor for each in policy.segments if each.name == table["smallest"])
    share = table["unattended_pct"]
    owed = low * elapsed  # hours of the least effort that should have been spent by now
    if rules.at_least_minor >= least and minutes * 100 < owed * 60 * share:
        limit = f"{rules.name}: under {share} % of the {float(owed):.3g} h of {low} h that belong here by now"
        return UNATTENDED, Because("SEG-2", seen, limit)
    return (UNDER if minutes < low * 60 else WITHIN), None


def effort_report(renewals: Iterable[Renewing], policy: Policy, as_of: date) -> EffortReport:
    """The hours of a book: per renewal, per owner, per segment, and what should move where."""
    rows = [spent(each, policy, as_of) for each in renewals]
    rows.sort(key=lambda each: (-each.minutes, each.renewing.renewal_on, each.renewing.contract.id))
    over = sorted(
        (each for each in rows if each.standing == OVER),
        key=lambda each: (-each.minutes * 1000 // max(1, each.high or 0), -each.minutes, _id(each)),
    )
    unattended = sorted(
        (each for each in rows if each.standing == UNATTENDED),
        key=lambda each: (-_arr(each), each.minutes, _id(each)),
    )
    names = [each.name for each in policy.segments]
    by_segment = {group.name: group for group in _groups(rows, [each.renewing.row.segment for each in rows])}
    return EffortReport(
        tuple(rows),
        tuple(
            sorted(
                _groups(rows, [each.renewing.row.owner for each in rows]),
                key=lambda group: (-group.minutes, group.name or "\U0010ffff"),
            )
        ),
        tuple(by_segment[name] for name in [*names, None] if name in by_segment),
        tuple(over),
        tuple(unattended),
        _move(over, unattended, policy),
    )


def _arr(each: Spent) -> int:
    return each.renewing.row.arr_base_minor or 0


def _id(each: Spent) -> str:
    return each.renewing.contract.id


def _groups(rows: Sequence[Spent], names: Sequence[str | None]) -> list[Group]:
    found: dict[str | None, list[Spent]] = defaultdict(list)
    for name, each in zip(names, rows, strict=True):
        found[name].append(each)
    return [_group(name, each) for name, each in found.items()]


def _group(name: str | None, rows: Sequence[Spent]) -> Group:
    begun = [each for each in rows if each.standing not in (NOT_STARTED, NO_BUDGET)]
    return Group(
        name,
        len(rows),
        len(begun),
        sum(each.minutes for each in rows),
        sum(each.low or 0 for each in begun),
        sum(each.high or 0 for each in begun),
        sum(1 for each in rows if each.standing == OVER),
        sum(1 for each in rows if each.standing == UNATTENDED),
        sum(_arr(each) for each in rows),
    )


def _move(over: Sequence[Spent], unattended: Sequence[Spent], policy: Policy) -> str:
    """What to do about it, in a plain sentence."""
    if not over and not unattended:
        return "Hours are where they belong: nothing is over its budget and nothing larger is unattended."
    if not unattended:
        return f"Stop at {_told(over[0], policy)}: find out what is broken there; nothing larger waits."
    if not over:
        return f"Start on {_told(unattended[0], policy)}; no renewal is over its budget."
    hours = shown_hours(unattended[0].lack)
    wanted, stopped = _told(unattended[0], policy), _told(over[0], policy)
    return f"The next {hours} h belong to {wanted}, not to {stopped}."


def _told(each: Spent, policy: Policy) -> str:
    row, low, high = each.renewing.row, (each.low or 0) // 60, (each.high or 0) // 60
    arr = "ARR unknown"
    if row.arr_base_minor is not None:
        arr = money.plain(row.arr_base_minor, policy.base_currency)
    who, name = row.owner or "unowned", each.renewing.account.name
    return f"{name} ({arr}, {who}, {shown_hours(each.minutes)} h of {low}-{high} h)"
