"""ROL: how today's book would be segmented, owned, touched and scheduled, and what does not fit.

Counts are of open renewals of accounts in force; every sum over a slicing adds up to the same book.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from renewctl.core.agenda import ContractAgenda
from renewctl.core.model import Account, Because
from renewctl.core.owners import Owner
from renewctl.core.policy import SEGMENTS, Policy
from renewctl.core.segment import contract_value, suggest_override
from renewctl.core.team import Renewing, Share, Work, automation
from renewctl.core.timeline import anchor
from renewctl.core.touch import by_hand, mismatches

MONTH_DAYS = 30
SLICINGS = ("segment", "band", "opportunity", "touch", "owner_role", "month")


class Slice(NamedTuple):
    """Renewals that share a value; `value` None is unknown."""

    value: str | None
    renewals: int
    accounts: int
    arr_base_minor: int


class Entry(NamedTuple):
    """One account, renewal or person that does not fit."""

    account_id: str  # empty for a person
    name: str
    contract_id: str
    detail: str
    arr_base_minor: int | None


class Misfit(NamedTuple):
    """One kind of misfit with all it holds for, larger ARR first."""

    code: str
    rule: str
    text: str
    entries: tuple[Entry, ...]


class Workload(NamedTuple):
    """What the first month asks for; minutes are estimates."""

    items: int
    overdue: int
    customer: int
    catch_ups: int
    unowned: int
    minutes: int
    people: tuple[tuple[str | None, int, int], ...]  # (person, items, minutes), the busiest first


class Audit(NamedTuple):
    """A book under a policy on a day."""

    accounts: int  # of all kinds
    outside: int  # not in force, or all lost
    bare: int  # in force, without an open renewal
    renewals: int
    planned: int  # with a plan
    arr_base_minor: int
    slices: dict[str, tuple[Slice, ...]]  # by the names of SLICINGS
    month: Workload
    shares: tuple[Share, ...]  # REM-X
    misfits: tuple[Misfit, ...]


def audit(
    renewals: Sequence[Renewing],
    bare: Sequence[Account],
    outside: int,
    works: Iterable[Work],
    people: Iterable[Owner],
    agenda: ContractAgenda,
) -> Audit:
    """The book as the policy sees it. `works` are the items of the coming 30 days, `people` their load."""
    policy, as_of = agenda.policy, agenda.as_of
    near = [work for work in works if work.item.due_on <= as_of + timedelta(days=MONTH_DAYS)]
    accounts = len({each.account.no for each in renewals})
    return Audit(
        accounts + len(bare) + outside,
        outside,
        len(bare),
        len(renewals),
        sum(1 for each in renewals if each.due is not None),
        sum(each.row.arr_base_minor or 0 for each in renewals),
        {name: slices(renewals, name, policy) for name in SLICINGS},
        _workload(near),
        automation(near, SEGMENTS),
        tuple(each for each in _misfits(renewals, bare, people, agenda) if each.entries),
    )


_VALUES: dict[str, Callable[[Renewing], str | None]] = {
    "segment": lambda each: each.row.segment,
    "band": lambda each: each.row.band,
    "opportunity": lambda each: each.row.opportunity,
    "touch": lambda each: each.row.touch,
    "owner_role": lambda each: each.row.owner_role if each.row.owner is not None else None,
    "month": lambda each: each.contract.renewal_on.isoformat()[:7] if each.contract.renewal_on else None,
}
_ORDERS = {
    "segment": SEGMENTS,
    "band": ("green", "yellow", "red"),
    "opportunity": ("at_risk", "early", "expansion", "flat"),
    "touch": ("negotiated", "assisted", "auto_renew"),
    "owner_role": ("sales", "csm", "specialist"),
}


def slices(renewals: Iterable[Renewing], name: str, policy: Policy) -> tuple[Slice, ...]:
    """Renewals by one of SLICINGS, in its usual order, unknown last."""
    found: dict[str | None, list[Renewing]] = defaultdict(list)
    value = _VALUES[name]
    for each in renewals:
        found[value(each)].append(each)
    order = [*_ORDERS.get(name, sorted(key for key in found if key is not None)), None]
    return tuple(
        Slice(
            key,
            len(found[key]),
            len({each.account.no for each in found[key]}),
            sum(each.row.arr_base_minor or 0 for each in found[key]),
        )
        for key in order
        if key in found
    )


def _workload(works: Sequence[Work]) -> Workload:
    mine: dict[str | None, list[int]] = defaultdict(list)
    for work in works:
        mine[work.item.who.person].append(work.minutes)
    people = [(person, len(minutes), sum(minutes)) for person, minutes in mine.items()]
    return Workload(
        len(works),
        sum(1 for work in works if work.item.status == "overdue"),
        sum(1 for work in works if work.item.task.channel == "customer"),
        sum(1 for work in works if work.item.task.kind == "catch_up"),
        sum(1 for work in works if work.item.who.person is None),
        sum(work.minutes for work in works),
        tuple(sorted(people, key=lambda each: (-each[2], -each[1], each[0] or ""))),
    )


def _entry(each: Renewing, detail: str) -> Entry:
    account, contract = each.account, each.contract
    return Entry(account.id, account.name, contract.id, detail, each.row.arr_base_minor)


def _misfits(
    renewals: Sequence[Renewing], bare: Sequence[Account], people: Iterable[Owner], agenda: ContractAgenda
) -> list[Misfit]:
    policy, as_of = agenda.policy, agenda.as_of

    def those(holds: Callable[[Renewing], bool], detail: Callable[[Renewing], str]) -> tuple[Entry, ...]:
        return _sorted(_entry(each, detail(each)) for each in renewals if holds(each))

    def rate_missing(each: Renewing) -> bool:
        return (
            each.contract.arr_minor is not None
            and contract_value(each.contract, each.account, policy) is None
        )

    def when(each: Renewing) -> str:
        return f"renews {each.contract.renewal_on or 'on an unknown date'}"

    def who(each: Renewing) -> str:
        return each.row.owner or "unowned"

    def notice_unknown(each: Renewing) -> bool:
        return bool(each.contract.auto_renew) and each.contract.notice_days is None

    late, squeezed = _late(renewals, agenda)
    overloaded = tuple(
        Entry("", each.person, "", "; ".join(f"{why.observed}, {why.threshold}" for why in each.over),
              each.arr_base_minor)
        for each in people
        if each.over
    )  # fmt: skip
    no_contract = _sorted(Entry(each.id, each.name, "", "no open contract", None) for each in bare)
    return [
        Misfit("arr-unknown", "SEG", "no ARR, so no segment and no agenda",
               those(lambda each: each.contract.arr_minor is None, when)),
        Misfit("currency-without-rate", "MONEY", "a currency without a rate, so no ARR that counts",
               those(rate_missing, lambda each: each.contract.currency or each.account.currency or "")),
        Misfit("renewal-date-unknown", "TRK", "no renewal date, so no agenda",
               those(lambda each: each.contract.renewal_on is None, who)),
        Misfit("past-due", "TML-1", "past the renewal date with no outcome",
               those(lambda each: each.renewal_on < as_of, when)),
        Misfit("notice-unknown", "ANCHOR", "renews tacitly, with unknown notice terms",
               those(notice_unknown, when)),
        Misfit("unowned", "OWN-3", "nobody owns it", those(lambda each: each.row.owner is None, when)),
        Misfit("override-suggested", "SEG-1", "near a threshold: another segment may fit better",
               _suggested(renewals, policy)),
        Misfit("touch-mismatch", "TCH-4", "the touch does not fit the account", _mismatched(renewals)),
        Misfit("smb-by-hand", "TCH-4", "many small renewals run by hand", _by_hand(renewals, policy)),
        Misfit("health-unknown", "HLT-2", "too few readings for a health band",
               those(lambda each: each.row.band is None, when)),
        Misfit("late-start", "TML-1", "recorded late: a catch-up stands for the steps before", late),
        Misfit("squeezed", "TML-1", "so late that a renewal of this size often slips a quarter", squeezed),
        Misfit("overloaded", "TRK", "one person with too much", overloaded),
        Misfit("no-contract", "TRK", "in force, with no open renewal", no_contract),
    ]  # fmt: skip


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda each: (-(each.arr_base_minor or 0), each.name, each.contract_id)))


def _late(
    renewals: Iterable[Renewing], agenda: ContractAgenda
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    late, squeezed = [], []
    for each in renewals:
        if each.due is None or each.renewal_on < agenda.as_of:
            continue
        anchor_on, _ = anchor(each.renewal_on, each.contract.auto_renew, each.contract.notice_days)
        schedule = agenda.schedule(each.due, anchor_on)
        if schedule.late:
            count = len(schedule.late)
            late.append(_entry(each, f"{count} step{'' if count == 1 else 's'}, {each.row.segment}"))
        if schedule.squeezed:
            left = (anchor_on - min(each.contract.planned_from_on, agenda.as_of)).days
            squeezed.append(_entry(each, f"{left} days were left when it was recorded"))
    return _sorted(late), _sorted(squeezed)


def _suggested(renewals: Iterable[Renewing], policy: Policy) -> tuple[Entry, ...]:
    found: dict[int, Entry] = {}
    for each in sorted(renewals, key=lambda each: (each.renewal_on, each.contract.no)):
        row = each.row
        value = row.arr_base_minor if policy.value_scope == "contract" else row.account_arr_base_minor
        said = suggest_override(each.account, each.contract, value, row.band, row.opportunity, policy)
        if said is not None and each.account.no not in found:
            found[each.account.no] = _entry(each, f"run it as {said.value}: {_seen(said.because)}")
    return _sorted(found.values())


def _mismatched(renewals: Iterable[Renewing]) -> tuple[Entry, ...]:
    return _sorted(
        _entry(each, _seen(found))
        for each in renewals
        if (found := mismatches(each.contract, each.row.segment, each.row.opportunity, each.row.touch))
    )


def _by_hand(renewals: Sequence[Renewing], policy: Policy) -> tuple[Entry, ...]:
    small = [each for each in renewals if each.row.segment == "smb"]
    warning = by_hand(len(small), sum(1 for each in small if each.row.touch == "auto_renew"), policy)
    if warning is None:
        return ()
    arr = sum(each.row.arr_base_minor or 0 for each in small)
    return (Entry("", warning.observed, "", warning.threshold, arr),)


def _seen(reasons: Iterable[Because]) -> str:
    return "; ".join(each.observed for each in reasons)
