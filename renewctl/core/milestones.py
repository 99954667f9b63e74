"""The timeline a customer may see: a few milestones on their days, and nothing of our own work (TML-2)."""

from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.model import Contract
from renewctl.core.policy import Policy
from renewctl.core.timeline import anchor

DONE, NEXT, LATER, OPEN = "done", "next", "later", "open"


class Milestone(NamedTuple):
    """One milestone. `state`: done, next (the first that is not), later, or open: its day passed undone."""

    name: str
    on: date
    state: str


def milestones(contract: Contract, policy: Policy, as_of: date) -> tuple[Milestone, ...]:
    """TML-2: the milestones of an open contract whose renewal date is known, the first day first.

    Days count back from the anchor, as all work does; day 0 is the renewal date itself, on which the
    contracts are signed at the latest. A milestone is done when the renewal's stage says so, never because
    its day has passed. Empty where the renewal date is unknown.
    """
    if contract.renewal_on is None:
        return ()
    anchor_on, _ = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    found: list[Milestone] = []
    first = True
    for name, row in sorted(policy.raw["shared_timeline"].items(), key=lambda each: -each[1]["days"]):
        on = anchor_on - timedelta(days=row["days"]) if row["days"] else contract.renewal_on
        if _reached(contract.stage, row["done_from"], policy):
            state = DONE
        else:
            state = OPEN if on < as_of else NEXT if first else LATER
            first = False
        found.append(Milestone(name, on, state))
    return tuple(found)


def _reached(stage: str, done_from: str, policy: Policy) -> bool:
    """Whether a stage is `done_from` or a later one; a stage the policy has no longer says nothing."""
    order = policy.stages
    return stage in order and done_from in order and order.index(stage) >= order.index(done_from)
