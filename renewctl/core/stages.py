"""TRK: what shows that a renewal is at the stage it is said to be at."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from renewctl.core.model import Activity, Contract, ItemState
from renewctl.core.policy import PAPERS, Policy


class Evidence(NamedTuple):
    """A fact that shows a stage, of the day it happened."""

    fact: str  # step:…, activity:…, paper:… of the policy, or the words of a person
    on: date


def evidence(
    stage: str,
    contract: Contract,
    states: Iterable[ItemState],
    activities: Iterable[Activity],
    policy: Policy,
) -> Evidence | None:
    """The latest fact of the contract's present cycle that the policy takes for evidence of a stage.

    `states` and `activities` may be those of the whole account. None where there is none, and for stages that
    need none.
    """
    wanted = frozenset(policy.evidence.get(stage, ("", ()))[1])
    since = contract.won_on or date.min
    found = [
        Evidence(f"step:{each.step}", each.set_on)
        for each in states
        if each.state == "done"
        and (each.subject, each.cycle) == (str(contract.no), contract.cycle)
        and f"step:{each.step}" in wanted
    ]
    for each in activities:
        kind = "paper" if each.kind in PAPERS else "activity"
        fact = f"{kind}:{each.kind}"
        if fact in wanted and each.contract_no in (None, contract.no) and each.happened_on >= since:
            found.append(Evidence(fact, each.happened_on))
    return max(found, key=lambda each: (each.on, each.fact), default=None)
