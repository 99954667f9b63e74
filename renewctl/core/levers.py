"""The facts that can be moved to see what they would change: one lever each, nearest values first."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.classify import Facts, profile
from renewctl.core.health import INPUT_FIELDS, INPUTS, in_force, latest, scale_of
from renewctl.core.model import Contract, Reading
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor


class Lever(NamedTuple):
    """One fact that can be moved: its candidates from the nearest on, and the facts moved."""

    field: str
    now: Any
    candidates: Iterable[Any]
    moved: Callable[[Any], Facts]
    shown: Callable[[Any], str]
    grain: float | None = None  # the smallest change looked at, where candidates lie on a grid


def levers(facts: Facts, policy: Policy, as_of: date) -> Iterator[Lever]:
    """The facts that can be moved, the strongest first."""
    yield from _arr(facts, policy)
    yield from _score(facts, policy, as_of)
    yield from _inputs(facts, policy, as_of)
    yield from _growth(facts, policy)
    yield from _risks(facts)
    yield from _terms(facts)
    yield from _people(facts, policy)
    account = facts.account
    if account.segment_override is not None:
        yield _of_account(facts, "segment_override", (None,), _or_none)


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(value: Any) -> str:
    return "nobody" if value is None else str(value)


def _of_account(
    facts: Facts, field: str, candidates: Iterable[Any], shown: Callable[[Any], str] = _word
) -> Lever:
    account = facts.account
    return Lever(
        field,
        getattr(account, field),
        candidates,
        lambda value: facts._replace(account=account._replace(**{field: value})),
        shown,
    )


def _outward(now: float, low: float, high: float, grain: float) -> Iterator[float]:
    """Values on the grain around `now`, nearest first, up before down, within the range."""
    step = 1
    while now + step * grain <= high + 1e-9 or now - step * grain >= low - 1e-9:
        for value in (now + step * grain, now - step * grain):
            if low - 1e-9 <= value <= high + 1e-9:
                yield round(value, 6)
        step += 1


def _arr(facts: Facts, policy: Policy) -> Iterator[Lever]:
    """The contract's ARR, tried at every threshold of any rule and just under it."""
    contract = facts.contract()
    if contract is None:
        return
    currency = contract.currency or facts.account.currency or policy.base_currency
    if currency != policy.base_currency and currency not in policy.rates:
        return
    others = 0
    if policy.value_scope != "contract":
        others = sum(
            base_minor(each.arr_minor, each.currency or facts.account.currency, policy) or 0
            for each in facts.contracts
            if each.state == "open" and each.no != contract.no
        )
    limits = {each.at_least_minor for each in policy.segments} | {policy.touch.assisted_below_minor}
    limits |= {rule.below_minor for rule in policy.ownership.rules if rule.below_minor is not None}
    reached = {_least(limit - others, currency, policy) for limit in limits}
    now = contract.arr_minor
    values = sorted(
        {
            value
            for value in reached | {value - 1 for value in reached}
            if 0 <= value <= money.LARGEST_MINOR and value != now
        },
        key=lambda value: (abs(value - (now or 0)), -value),
    )
    yield Lever(
        "arr",
        now,
        values,
        lambda value: _with_contract(facts, contract._replace(arr_minor=value)),
        lambda value: "unknown" if value is None else money.plain(value, currency),
    )


def _least(wanted: int, currency: str, policy: Policy) -> int:
    """The smallest amount in `currency` worth at least `wanted` base minor units; 0 at the least.

    Where even the largest amount that is kept is worth less, one more than that.
    """

    def worth(amount: int) -> int:
        return base_minor(amount, currency, policy) or 0

    return bisect_left(range(money.LARGEST_MINOR + 1), wanted, key=worth)


def _with_contract(facts: Facts, contract: Contract) -> Facts:
    contracts = tuple(contract if each.no == contract.no else each for each in facts.contracts)
    return facts._replace(contracts=contracts)


def _score(facts: Facts, policy: Policy, as_of: date) -> Iterator[Lever]:
    """The score itself, moved as a score read today would; where a person's score stands, as that one."""
    now = facts.row(policy, as_of).score
    if now is None:
        return
    override = in_force(facts.override, as_of)

    def moved(value: float) -> Facts:
        if override is not None:
            return facts._replace(override=override._replace(score=value))
        said = Reading(facts.account.no, as_of, None, None, None, None, None, None, value, None, None)
        kept = [each if each.read_on != as_of else each._replace(score=value) for each in facts.readings]
        return facts._replace(readings=(*kept, *([] if kept != list(facts.readings) else [said])))

    yield Lever("score", now, _outward(now, 0, 100, 0.1), moved, _word, 0.1)


# field -> smallest change looked at, and the range beyond which nothing changes
_GRAINS = {
    "usage_trend": (1.0, -100.0, 100.0),
    "open_tickets": (1.0, 0.0, 100.0),
    "csat": (0.1, 1.0, 5.0),
    "nps": (1.0, -100.0, 100.0),
    "engagement": (1.0, 0.0, 100.0),
    "relationship": (1.0, 0.0, 100.0),
}


def _inputs(facts: Facts, policy: Policy, as_of: date) -> Iterator[Lever]:
    """Each health input that has a reading, moved on the day it was read."""
    values, days = latest(facts.readings, as_of)
    at_of = {field: at for at, field in enumerate(Reading._fields[2:9])}
    for name in INPUTS:
        for field in INPUT_FIELDS[name]:
            value, day = values[at_of[field]], days[at_of[field]]
            if value is not None and day is not None:
                grain, low, high = _GRAINS[field]
                yield Lever(
                    field, value, _outward(value, low, high, grain), _reread(facts, field, day), _word
                )


def _reread(facts: Facts, field: str, day: date) -> Callable[[Any], Facts]:
    def moved(value: Any) -> Facts:
        return facts._replace(
            readings=tuple(
                each._replace(**{field: value}) if each.read_on == day else each for each in facts.readings
            )
        )

    return moved


def collect(facts: Facts, policy: Policy, as_of: date) -> list[str]:
    """The fewest inputs to read before there is a band, the weightiest first; none where there is one."""
    if facts.row(policy, as_of).score is not None:
        return []
    values, _ = latest(facts.readings, as_of)
    fields = Reading._fields[2:9]
    scale = scale_of(policy, as_of, profile(facts.account, facts.contracts, policy))
    weights = scale.by_name
    known = {
        name
        for name in INPUTS
        if any(values[fields.index(field)] is not None for field in INPUT_FIELDS[name])
    }
    present = sum(weights[name] for name in known)
    wanted = []
    for name in sorted(set(INPUTS) - known, key=lambda each: (-weights[each], INPUTS.index(each))):
        if present >= scale.least and present > 0:
            break
        present += weights[name]
        wanted.append(name)
    return wanted


def _growth(facts: Facts, policy: Policy) -> Iterator[Lever]:
    """The signs of expansion: potential, seats, growth."""
    account = facts.account
    now = account.expansion_minor
    currency = account.currency or policy.base_currency
    yield _of_account(
        facts,
        "expansion_minor",
        (0,) if now is not None and now > 0 else (1,),
        lambda value: "unknown" if value is None else money.plain(value, currency),
    )._replace(field="expansion_arr")
    if account.seats_purchased and account.seats_used is not None:
        share = Fraction(str(policy.opportunity.seats_share))
        full = ceil(share * account.seats_purchased)
        seats = [value for value in (full, full - 1) if value != account.seats_used and value >= 0]
        yield _of_account(facts, "seats_used", sorted(seats, key=lambda each: abs(each - account.seats_used)))
    if account.growth_rate is not None:
        limit = policy.opportunity.growth
        near = (limit,) if account.growth_rate < limit else (round(limit - 0.001, 6),)
        yield _of_account(facts, "growth_rate", near)


def _risks(facts: Facts) -> Iterator[Lever]:
    """Facts that only hold an account down: each taken away."""
    account = facts.account
    if account.cancel_notice_on is not None:
        yield _of_account(facts, "cancel_notice_on", (None,), _or_none)._replace(field="cancel_notice_date")
    if account.champion_gone:
        yield _of_account(facts, "champion_gone", (0,), yes)
    if account.competitor:
        yield _of_account(facts, "competitor", (None,), _named)
    if account.ticket_severity == 1:
        yield _of_account(facts, "ticket_severity", (2,))
    if account.early_on is not None:
        yield _of_account(facts, "early_on", (None,), _or_none)
    if facts.open_save:
        yield Lever("open_save", True, (False,), lambda value: facts._replace(open_save=value), yes)


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)


def yes(value: Any) -> str:
    """A flag in words."""
    return "unknown" if value is None else "yes" if value else "no"


def _terms(facts: Facts) -> Iterator[Lever]:
    """What the contract says about renewing by itself."""
    contract = facts.contract()
    if contract is None:
        return
    for field in ("auto_renew", "payment_on_file"):
        now = getattr(contract, field)

        def moved(value: Any, field: str = field) -> Facts:
            return _with_contract(facts, contract._replace(**{field: value}))

        yield Lever(field, now, (0 if now else 1,), moved, yes)


def _people(facts: Facts, policy: Policy) -> Iterator[Lever]:
    """Who is named on the account, and the volume that pays for a specialist."""
    for field in ("csm", "sales_owner", "specialist"):
        if not getattr(facts.account, field):
            yield _of_account(facts, field, ("somebody",), _named)
    volume = policy.ownership.volume_per_quarter
    now = facts.renewals_per_quarter
    yield Lever(
        "renewals_per_quarter",
        now,
        (volume if now < volume else volume - 1,),
        lambda value: facts._replace(renewals_per_quarter=value),
        _word,
    )
