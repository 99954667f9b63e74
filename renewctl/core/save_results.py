"""SAV-11, WIN-3: what saves came to, by how they were run: observed, and not shown to be caused by it.

Each ended round of a case counts as a case of its own: a relapse takes back nothing of what was closed.
Amounts are base minor units. Whatever is a share has its count beside it, and a rate with its interval only
from the policy's least number of cases on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from fractions import Fraction
from typing import NamedTuple

from renewctl.core.case_file import CaseFile, is_open
from renewctl.core.health_check import Rate
from renewctl.core.model import CLOSED_SAVES, KEPT_SAVES, Account, Outcome, Promise
from renewctl.core.policy import Policy
from renewctl.core.save_rounds import (
    Before,
    Lag,
    Loss,
    Round,
    judged,
    lag,
    lost_on_record,
    response_names,
)
from renewctl.core.shares import share, weighed
from renewctl.core.text import fold

NOT_FOUND = "none found"  # of a case without a root cause
BY = ("scenario", "response", "playbook", "root_cause", "owner")


class Group(NamedTuple):
    """Cases that have something in common."""

    name: str
    cases: int  # that were closed
    saved: int
    partly: int
    lost: int
    let_go: int
    relapsed: int  # of those saved, whole or in part: another round followed, a case of its own
    saved_rate: Rate  # saved or partly saved, of those closed
    reached: int  # cases whose ARR reached its renewal date
    at_risk_minor: int
    kept_minor: int
    kept_rate: Rate  # TERMS: ARR kept of at-risk ARR that reached its renewal date
    promises: Rate  # kept, of those kept or broken
    cost_minor: int

    @property
    def cost_per_kept(self) -> Fraction | None:
        """Conceded per unit of ARR kept."""
        return Fraction(self.cost_minor, self.kept_minor) if self.kept_minor else None


class Pattern(NamedTuple):
    """WIN-3: what recurs. Under `least` it is a fact and no pattern yet."""

    kind: str  # competitor | root_cause
    name: str
    times: int
    least: int

    @property
    def flagged(self) -> bool:
        """Whether it is often enough to be called a pattern."""
        return self.times >= self.least


class Results(NamedTuple):
    """What the saves of a span came to."""

    from_on: date
    to_on: date
    all: Group
    groups: dict[str, tuple[Group, ...]]  # by one of BY, the most cases first
    running: int  # open cases, which count nowhere else
    ahead: int  # decided before the renewal date, which is still to come
    undecided: int
    lag: Lag
    late_promises: int  # kept in the span, after their day
    overdue_promises: int  # due in the span, and neither kept nor settled otherwise at its end
    patterns: tuple[Pattern, ...]  # the most frequent first


def results(
    files: Sequence[CaseFile],
    outcomes: Sequence[Outcome],
    accounts: dict[int, Account],
    policy: Policy,
    zone: tzinfo,
    span: tuple[date, date],
    before: Mapping[int, Sequence[Before]] = {},
) -> Results:
    """What the cases closed, and the renewals lost, from one day to another came to; both days in.

    `outcomes` are those of every account, `accounts` the accounts of the cases by number, `before` the
    earlier rounds of the cases that relapsed, by number of the case.
    """
    from_on, to_on = span
    rounds = judged(files, outcomes, accounts, policy, zone, before)
    closed = [
        each
        for each in rounds
        if each.file.case.state in CLOSED_SAVES
        and each.file.case.closed_on is not None
        and from_on <= each.file.case.closed_on <= to_on
    ]
    rules = policy.raw["saves"]["learning"]
    losses = [each for each in outcomes if each.result == "lost" and from_on <= each.closed_on <= to_on]
    promises = [each for file in files for each in file.ledger.promises]
    names = _names(policy)
    return Results(
        from_on, to_on, _group("all", closed, policy, to_on),
        {by: _groups(closed, names[by], policy, to_on) for by in BY},
        sum(is_open(file.case) for file in files),
        sum(each.ahead(to_on) for each in closed), sum(each.undecided(to_on) for each in closed),
        lag([each.file for each in rounds], [*map(lost_on_record, losses), *_unrecorded(closed, outcomes)]),
        sum(_late(each, span) for each in promises), sum(_overdue(each, span) for each in promises),
        (
            *_patterns("competitor", [each.competitor for each in losses], rules["pattern_losses"]),
            *_patterns("root_cause", [each.cause for each in closed], rules["pattern_causes"]),
        ),
    )  # fmt: skip


def _late(each: Promise, span: tuple[date, date]) -> bool:
    kept_on = each.settled_on if each.state == "kept" else None
    return kept_on is not None and kept_on > each.due_on and span[0] <= kept_on <= span[1]


def _overdue(each: Promise, span: tuple[date, date]) -> bool:
    standing = each.state == "open" or (each.settled_on is not None and each.settled_on > span[1])
    return standing and span[0] <= each.due_on < span[1]


def _names(policy: Policy) -> dict[str, Callable[[Round], str]]:
    """How cases are told apart, by one of BY."""
    return {
        "scenario": lambda each: each.file.case.scenario,
        "response": lambda each: each.response,
        "playbook": lambda each: f"{each.file.case.scenario} {each.file.case.playbook}",
        "root_cause": lambda each: each.cause or NOT_FOUND,
        "owner": lambda each: each.file.case.owner or "nobody",
    }


def _groups(
    closed: Iterable[Round], name: Callable[[Round], str], policy: Policy, to_on: date
) -> tuple[Group, ...]:
    found: dict[str, list[Round]] = {}
    for each in closed:
        found.setdefault(name(each), []).append(each)
    order = {each: at for at, each in enumerate(response_names(policy))}
    groups = [_group(key, cases, policy, to_on) for key, cases in found.items()]
    return tuple(sorted(groups, key=lambda each: (order.get(each.name, -1), -each.cases, each.name)))


def _group(name: str, closed: Sequence[Round], policy: Policy, to_on: date) -> Group:
    count = [each.file.case.state for each in closed].count
    saved = sum(count(state) for state in KEPT_SAVES)
    amounts = [
        (each.at_risk_minor, each.kept_minor)
        for each in closed
        if each.at_risk_minor is not None and each.kept_minor is not None and not each.ahead(to_on)
    ]
    kept = sum(each.kept for each in closed)
    kept_minor = sum(amount for _, amount in amounts)
    return Group(
        name, len(closed), count("saved"), count("partly_saved"), count("lost"), count("let_go"),
        sum(each.relapsed for each in closed),
        share(saved, len(closed), policy), len(amounts), sum(amount for amount, _ in amounts), kept_minor,
        weighed(kept_minor, [amount for amount, _ in amounts], policy),
        share(kept, kept + sum(each.broken for each in closed), policy),
        sum(each.cost_minor for each in closed),
    )  # fmt: skip


def _unrecorded(closed: Iterable[Round], outcomes: Iterable[Outcome]) -> list[Loss]:
    """Cases closed as lost whose renewal has no outcome on record."""
    lost = {
        (each.account_no, no) for each in outcomes if each.result == "lost" for no in (None, each.contract_no)
    }
    cases = (each.file.case for each in closed if each.file.case.state == "lost")
    return [
        Loss(case.account_no, case.closed_on, case.closed_on)
        for case in cases
        if case.closed_on is not None and (case.account_no, case.contract_no) not in lost
    ]


def _patterns(kind: str, names: Iterable[str | None], least: int) -> list[Pattern]:
    """Names by how often they come, however they are written; the first spelling stands for all."""
    counts: dict[str, int] = {}
    spelt: dict[str, str] = {}
    for name in names:
        if name and name.strip():
            key = fold(name)
            spelt.setdefault(key, name)
            counts[key] = counts.get(key, 0) + 1
    found = [Pattern(kind, spelt[key], count, least) for key, count in counts.items()]
    return sorted(found, key=lambda each: (-each.times, each.name))
