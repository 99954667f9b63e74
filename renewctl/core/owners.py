"""OWN-3: who owns what: the load of each person, work that nobody owns, roles that nobody fills."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.capacity import Hours, too_much
from renewctl.core.model import Because
from renewctl.core.ownership import owner_rule
from renewctl.core.policy import Policy
from renewctl.core.team import Renewing, Work

AHEAD_DAYS = 30  # items and hours are counted so many days ahead
QUARTER_DAYS = 91


class Owner(NamedTuple):
    """What one person carries. Minutes are those of the coming 30 days, overdue work included."""

    person: str
    roles: tuple[str, ...]  # in which they own renewals
    accounts: int
    arr_base_minor: int
    renewals: int
    renewals_quarter: int  # from today on, 91 days
    items: int
    overdue: int
    minutes: int
    available: int
    over: tuple[Because, ...]  # why over-loaded; empty: not


class Vacancy(NamedTuple):
    """A role that the rules ask for and nobody fills, with what falls to a stand-in for it."""

    role: str
    renewals: int  # owned by the CSM instead (role_vacant)
    arr_base_minor: int
    steps: int  # open, done by a delegate


class Owners(NamedTuple):
    """The load of everybody, the largest ARR first, and what has no owner."""

    people: tuple[Owner, ...]
    unowned: tuple[Renewing, ...]
    unowned_items: tuple[Work, ...]  # of the coming 30 days, those of unowned renewals too
    vacancies: tuple[Vacancy, ...]


def in_charge(
    renewals: Sequence[Renewing],
    works: Iterable[Work],
    policy: Policy,
    volume: int,
    hours: Hours,
    as_of: date,
) -> Owners:
    """Everybody who owns a renewal or has an item due in the coming 30 days.

    `works` may reach further ahead; `volume` is OWN-1's renewals a quarter.
    """
    until = as_of + timedelta(days=AHEAD_DAYS)
    near = [work for work in works if work.item.due_on <= until]
    tally: dict[str, _Tally] = defaultdict(_Tally)
    for each in renewals:
        if each.row.owner is not None:
            tally[each.row.owner].renewal(each, as_of)
    for work in near:
        if work.item.who.person is not None:
            tally[work.item.who.person].work(work)
    people = [found.owner(name, hours, as_of, until) for name, found in tally.items()]
    people.sort(key=lambda each: (-each.arr_base_minor, -each.minutes, each.person))
    unowned = [each for each in renewals if each.row.owner is None]
    unowned.sort(key=lambda each: (each.renewal_on, -(each.row.arr_base_minor or 0), each.contract.id))
    return Owners(
        tuple(people),
        tuple(unowned),
        tuple(work for work in near if work.item.who.person is None),
        vacancies(renewals, near, policy, volume),
    )


class _Tally:
    """What was counted for one person."""

    def __init__(self) -> None:
        self.accounts: set[int] = set()
        self.roles: set[str] = set()
        self.arr = self.renewals = self.quarter = self.items = self.overdue = self.minutes = 0

    def renewal(self, each: Renewing, as_of: date) -> None:
        self.accounts.add(each.account.no)
        self.roles.add(each.row.owner_role)
        self.arr += each.row.arr_base_minor or 0
        self.renewals += 1
        days = (each.renewal_on - as_of).days
        self.quarter += 0 <= days <= QUARTER_DAYS

    def work(self, work: Work) -> None:
        self.items += 1
        self.overdue += work.item.status == "overdue"
        self.minutes += work.minutes

    def owner(self, name: str, hours: Hours, as_of: date, until: date) -> Owner:
        accounts, available = len(self.accounts), hours.available(name, as_of, until)
        over = too_much(hours.limits(name), accounts, self.quarter, self.minutes, available)
        return Owner(
            name, tuple(sorted(self.roles)), accounts, self.arr, self.renewals, self.quarter, self.items,
            self.overdue, self.minutes, available, over,
        )  # fmt: skip


def vacancies(
    renewals: Iterable[Renewing], works: Iterable[Work], policy: Policy, volume: int
) -> tuple[Vacancy, ...]:
    """OWN-3: vacant roles, by name: renewals whose role fell to the CSM, open steps done by a delegate."""
    owned: dict[str, list[int]] = defaultdict(list)
    for each in renewals:
        role = wanted_role(each, policy, volume)
        if role != each.row.owner_role:
            owned[role].append(each.row.arr_base_minor or 0)
    steps: dict[str, int] = defaultdict(int)
    for work in works:
        if work.item.who.delegate:
            steps[work.item.who.role] += 1
    return tuple(
        Vacancy(role, len(owned.get(role, ())), sum(owned.get(role, ())), steps.get(role, 0))
        for role in sorted({*owned, *steps})
    )


def wanted_role(each: Renewing, policy: Policy, volume: int) -> str:
    """The role that the rules of the model give a renewal to, whoever fills it."""
    row = each.row
    value = row.arr_base_minor if policy.value_scope == "contract" else row.account_arr_base_minor
    rule = owner_rule(each.account.specialist, value, policy, volume)
    return rule.role if rule else "csm"
