"""Everything the rules say about an account and its renewals, as values or with reasons.

`classify` is the hot road: values only, a few microseconds a contract. `classification` walks the
same functions and adds why. Both take the same facts in any order and agree on every value.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from renewctl.core.health import Profile, begun_on, in_force, pulse
from renewctl.core.model import Account, Because, Contract, HealthOverride, Problem, Reading, Verdict
from renewctl.core.opportunity import opportunity, opportunity_verdict
from renewctl.core.ownership import Owner, owner, owner_in, owner_rule
from renewctl.core.policy import Policy
from renewctl.core.segment import (
    contract_value,
    rates_used,
    segment,
    segment_verdict,
    suggest_override,
    total,
    value_problems,
)
from renewctl.core.touch import mismatches, touch, touch_verdict

if TYPE_CHECKING:
    from renewctl.core.health_reasons import Health


class Facts(NamedTuple):
    """What an account and its renewals are classified from, and which of them is meant."""

    account: Account
    contracts: Sequence[Contract]  # all of the account's
    readings: Sequence[Reading]
    open_save: bool
    renewals_per_quarter: int  # in the portfolio (OWN-1)
    contract_no: int | None = None  # the renewal that is meant; None: the next one due
    override: HealthOverride | None = None  # of the account's health; counts while it lasts

    def contract(self) -> Contract | None:
        """The contract that is meant, or None for an account without an open one."""
        if self.contract_no is None:
            return main_contract(self.contracts)
        return next((each for each in self.contracts if each.no == self.contract_no), None)

    def rows(self, policy: Policy, as_of: date) -> "tuple[Classified, ...]":
        """`classify` on these facts."""
        said = in_force(self.override, as_of)
        return classify(
            self.account, self.contracts, self.readings, self.open_save, policy, as_of,
            self.renewals_per_quarter, None if said is None else said.score,
        )  # fmt: skip

    def row(self, policy: Policy, as_of: date) -> "Classified":
        """The row of the renewal that is meant."""
        contract = self.contract()
        wanted = contract.no if contract else None
        return next(row for row in self.rows(policy, as_of) if row.contract_no == wanted)


class Classified(NamedTuple):
    """One open contract classified; `contract_no` None stands for an account that has none."""

    contract_no: int | None
    account_no: int
    arr_base_minor: int | None  # of this contract
    account_arr_base_minor: int | None  # sum of what is known over its open contracts
    segment: str | None
    score: float | None
    band: str | None
    opportunity: str
    touch: str
    owner: str | None
    owner_role: str
    guard: bool


class Classification(NamedTuple):
    """One renewal classified with its reasons."""

    values: Classified
    segment: Verdict
    health: Verdict  # value: the band
    opportunity: Verdict
    touch: Verdict
    owner: Verdict  # value: the person
    health_detail: "Health"
    owner_detail: Owner
    suggestion: Verdict | None  # SEG-1: another segment a person might choose
    warnings: tuple[Because, ...]  # TCH-4
    problems: tuple[Problem, ...]  # ARR that could not be counted

    def verdicts(self) -> dict[str, Verdict]:
        """The five decisions by name, in the order in which they build on each other."""
        return {
            "segment": self.segment,
            "health": self.health,
            "opportunity": self.opportunity,
            "touch": self.touch,
            "owner": self.owner,
        }


class _Band(NamedTuple):
    """What holds for every value between two thresholds of any rule."""

    segment: str | None
    role: str  # of the owner, where the account has no specialist of its own
    role_with_specialist: str


class _Bands:
    """The rules that go by value alone, looked up at once: they are constant between thresholds."""

    def __init__(self, policy: Policy, renewals_per_quarter: int) -> None:
        limits = {each.at_least_minor for each in policy.segments}
        limits |= {rule.below_minor for rule in policy.ownership.rules if rule.below_minor is not None}
        self.limits = sorted(limits)
        values = [self.limits[0] - 1, *self.limits]
        self.bands = [self._band(value, policy, renewals_per_quarter) for value in values]
        self.unknown = self._band(None, policy, renewals_per_quarter)
        self.segments = {each.name for each in policy.segments}
        self.shared = policy.value_scope != "contract"
        self.profiled = bool(policy.health.segments or policy.health.ages)

    @staticmethod
    def _band(value: int | None, policy: Policy, volume: int) -> _Band:
        rules = (owner_rule(specialist, value, policy, volume) for specialist in (None, "somebody"))
        return _Band(segment(value, None, policy), *(rule.role if rule else "csm" for rule in rules))


@lru_cache(maxsize=16)
def _bands(policy: Policy, renewals_per_quarter: int) -> _Bands:
    return _Bands(policy, renewals_per_quarter)


def classify(
    account: Account,
    contracts: Sequence[Contract],
    readings: Sequence[Reading],
    open_save: bool,
    policy: Policy,
    as_of: date,
    renewals_per_quarter: int,
    override: float | None = None,
) -> tuple[Classified, ...]:
    """One `Classified` per open contract in the given order, or one without contract.

    Facts: the account, all of its contracts and readings, whether a save is open; how many renewals
    the portfolio has in a quarter; the score of a health override that is in force. Values in base minor
    units.
    """
    if len(contracts) == 1 and contracts[0].state == "open":
        opened: Sequence[Contract | None] = contracts
        whole = contract_value(contracts[0], account, policy)
        values = [whole]
    else:
        opened = [each for each in contracts if each.state == "open"] or _NO_CONTRACT
        values = [None if each is None else contract_value(each, account, policy) for each in opened]
        whole = total(values)
    bands = _bands(policy, renewals_per_quarter)
    chosen = account.segment_override
    profile = _profile(account, contracts, whole, policy) if bands.profiled else None
    score, band, guard, relationship = pulse(account, readings, policy, as_of, override, profile)
    motion = opportunity(account, band, open_save, policy)
    found = []
    for contract, own in zip(opened, values, strict=True):
        value = whole if bands.shared else own
        band_of = bands.unknown if value is None else bands.bands[bisect_right(bands.limits, value)]
        kind, role, role_with_specialist = band_of
        if chosen is not None and chosen in bands.segments:
            kind = chosen
        person, role = owner_in(role_with_specialist if account.specialist else role, account, policy)
        light = touch(contract, kind, band, motion, value, relationship, policy)
        no = None if contract is None else contract.no
        row = (no, account.no, own, whole, kind, score, band, motion, light, person, role, guard)
        found.append(_quick(Classified, row))
    return tuple(found)


def _profile(account: Account, contracts: Sequence[Contract], whole: int | None, policy: Policy) -> Profile:
    return Profile(segment(whole, account.segment_override, policy), begun_on(account, contracts))


def profile(account: Account, contracts: Sequence[Contract], policy: Policy) -> Profile | None:
    """What the health of an account is weighed and banded by; None where the policy treats all alike.

    Health is the account's, so its segment here is that of all its open contracts together, whatever the
    policy's value scope.
    """
    if not (policy.health.segments or policy.health.ages):
        return None
    values = [contract_value(each, account, policy) for each in contracts if each.state == "open"]
    return _profile(account, contracts, total(values), policy)


_NO_CONTRACT = (None,)
_quick = tuple.__new__  # skips the keyword handling of Classified(…), half of its cost


def main_contract(contracts: Sequence[Contract]) -> Contract | None:
    """The open contract whose renewal comes first; those without a date last, ties by number."""
    opened = [each for each in contracts if each.state == "open"]
    return min(opened, key=lambda each: (each.renewal_on or date.max, each.no)) if opened else None


def all_lost(contracts: Sequence[Contract]) -> bool:
    """Whether an account had contracts and every one was lost: nothing of it is in force any more."""
    ended = {each.state for each in contracts if each.state != "superseded"}
    return ended == {"lost"}


def classification(facts: Facts, policy: Policy, as_of: date) -> Classification:
    """The reasons behind the renewal that is meant."""
    from renewctl.core.health_reasons import health  # the hot road does without

    account, contracts = facts.account, facts.contracts
    values, contract = facts.row(policy, as_of), facts.contract()
    shared = policy.value_scope != "contract"
    value = values.account_arr_base_minor if shared else values.arr_base_minor
    counted = contracts if shared or contract is None else [contract]
    problems = value_problems(account, counted, policy)
    whom = profile(account, contracts, policy)
    detail = health(account, facts.readings, policy, as_of, facts.override, whom)
    who = owner(account, value, policy, facts.renewals_per_quarter)
    return Classification(
        values,
        segment_verdict(value, account, policy, problems, rates_used(account, counted, policy)),
        Verdict(detail.band, detail.because),
        opportunity_verdict(account, detail.band, detail.score, facts.open_save, policy, detail.yellow),
        touch_verdict(
            contract,
            segment(value, account.segment_override, policy),
            detail.band,
            values.opportunity,
            value,
            detail.relationship,
            policy,
        ),
        Verdict(who.person, who.because),
        detail,
        who,
        suggest_override(account, contract, value, detail.band, values.opportunity, policy),
        mismatches(contract, values.segment, values.opportunity, values.touch),
        problems,
    )
