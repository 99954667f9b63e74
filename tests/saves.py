"""A save brought along by commands, as far as a test needs it."""

from collections.abc import Callable
from typing import Any

from renewctl.core.policy import Policy
from renewctl.store.policy_files import load_policy

Say = Callable[..., tuple[int, str, str]]
WHYS = [f"--why=because {number}" for number in range(1, 6)]
PROOFS = ("commitment", "root_cause", "relationship")


def step_of(state: str, scenario: str, policy: Policy | None = None) -> str:
    """The step of a playbook that brings a case to a state."""
    book = (policy or load_policy(None)).playbooks[scenario]
    return next(each.step for each in book.steps if each.state == state)


def cause_of(scenario: str) -> str:
    """A root cause that the playbook answers itself."""
    causes = load_policy(None).playbooks[scenario].root_causes
    return next(code for code, cause in causes.items() if cause.scenario == scenario)


def along(say: Say, scenario: str = "value", upto: str = "stabilised", save: str = "s1", *more: Any) -> None:
    """Bring an open case, detected or later, up to a state the way a team would: one fact after another."""
    facts: dict[str, list[tuple[Any, ...]]] = {
        "contacted": [("save", "done", f"{save}-{step_of('contacted', scenario)}")],
        "diagnosed": [("save", "why", save, *WHYS, "--root-cause", cause_of(scenario))],
        "planned": [("save", "done", f"{save}-{step_of('planned', scenario)}")],
        "executing": [("save", "done", f"{save}-{first_help(scenario)}")],
        "stabilised": [("save", "evidence", save, name, f"{name} is shown") for name in PROOFS],
    }
    for state, commands in facts.items():
        for words in commands:
            code, _, err = say(*words, *more)
            assert code == 0, (words, err)
        if state == upto:
            return


def first_help(scenario: str) -> str:
    """A step without conditions that is an intervention on the customer."""
    for each in load_policy(None).playbooks[scenario].steps:
        early = each.phase in ("investigate", "first_24h", "first_48h")
        if not (early or each.state or each.when or each.channel == "internal"):
            return each.step
    raise LookupError(scenario)
