"""Where every step of a cycle went: asked when the cycle ends, and of every open one at the end."""

from collections import Counter
from datetime import timedelta
from typing import Any

from tests.simulation import rules
from tests.simulation.ledger import Account, Contract
from tests.simulation.oracle import Oracle
from tests.simulation.verify import Findings
from tests.simulation.world import World


def fates(world: World, account: Account, contract: Contract) -> dict[str, str]:
    """The fate of each step of the present cycle: closed, owed, in the catch-up, dropped or not needed.

    What a contract past its date still owed is "ended": one item asks for its outcome.
    """
    oracle = Oracle(world.policy, world.today, 0)  # who does it is not asked
    known = oracle.known(account, contract)
    facts = oracle.facts(account, contract, known)
    holds = oracle.holding(contract, known, facts)
    owed = {item.step: item for item in oracle.owed(account) if item.contract == contract.id}
    late = owed["catch-up"].covers if "catch-up" in owed else frozenset()
    first_on = min(contract.planned_from, world.today)
    found = {}
    for step in oracle.steps(known.segment):
        fate = oracle.fate(step, contract, known, facts, holds)
        if not fate and contract.renewal_on < world.today:
            fate = "ended"
        elif not fate and step.name in owed:
            fate = "open"
        elif not fate and step.name in late:
            fate = "in catch-up"
        elif not fate and oracle.anchor(contract) - timedelta(step.days) < first_on:
            fate = "dropped" if step.purpose in rules.DROPPED else ""
        found[step.name] = fate or "unaccounted"
    return found


def account_for(
    world: World, findings: Findings, account: Account, contract: Contract, ended: bool, ask: bool
) -> None:
    """Count the fates of a cycle's steps; `ask` holds them against the plan that `show` prints."""
    found = fates(world, account, contract)
    for step, fate in found.items():
        findings.fates[f"{fate} (ended)" if ended and fate in ("open", "in catch-up") else fate] += 1
        if fate == "unaccounted":
            findings.found("unaccounted", f"{world.today} {contract.no}-{step}")
    if ask and contract.renewal_on >= world.today:
        document = world.program.json(world.today, "show", account.id)
        plan = next(each["plan"] for each in document["contracts"] if each["id"] == contract.id)
        _compare(world, findings, contract, found, plan)


def _compare(
    world: World, findings: Findings, contract: Contract, found: dict[str, str], plan: list[dict[str, Any]]
) -> None:
    said: dict[str, str] = {}
    after = {name for steps in rules.AFTER_SIGNATURE.values() for name, *_ in steps}
    names: Counter[str] = Counter()
    for day in plan:
        for action in day["actions"]:
            if day["kind"] in ("timeline", "catch_up") and action["step"] not in after:
                names[action["step"]] += 1
                said[action["step"]] = "fact" if action["shown_by"] else action["state"]
                said.update(dict.fromkeys(action["covers"], "in catch-up"))
    said.pop("catch-up", None)
    same = {"snoozed": "open"}
    wanted = {
        step: fate.removeprefix("covered-")
        for step, fate in found.items()
        if fate not in ("condition", "dropped")
    }
    shown = {step: same.get(state, state) for step, state in said.items()}
    # What a condition or a policy took out may still be shown as done or completed by a fact.
    closed = ("done", "skipped", "fact")
    shown = {step: state for step, state in shown.items() if step in wanted or state not in closed}
    for step in sorted(wanted.keys() | shown.keys()):
        if wanted.get(step) != shown.get(step) and not _gone(wanted.get(step), shown.get(step)):
            words = f"{world.today} show {contract.no}-{step}: {shown.get(step)}, not {wanted.get(step)}"
            findings.found("plans", words)
    for step, count in names.items():
        if count > 1:
            findings.found("duplicated", f"{world.today} show {contract.no}-{step} stands {count} times")


def _gone(wanted: str | None, shown: str | None) -> bool:
    """A plan leaves out what was closed and is needed no longer, or was dropped as late."""
    return shown is None and wanted in ("done", "skipped", "fact")
