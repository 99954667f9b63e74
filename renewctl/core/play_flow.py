"""Which steps of a save are to be done: conditions, branches on findings, dependencies, completion.

Steps are those of a playbook (`core.policy.PlayStep`). `findings` holds the answers on record, question
key -> answer; `facts` the words that hold of the account (`core.policy_schema.PLAY_FACTS`) and, once
the root cause is on record, `cause=CODE`; `closed` the keys of steps done or skipped.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from renewctl.core.policy import PlayStep

CAUSE = "cause"  # stands where a question's key does: the root cause (SAV-2)
_MOST_WAYS = 2_000  # through a playbook, that are worth adding up one by one


class Condition(NamedTuple):
    """One condition of a step: a fact (`key` alone), or a question (or the cause) and what is said of it."""

    key: str
    answer: str = ""  # "" for a fact
    equal: bool = True  # whether the answer must be that one, or must not


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """`enterprise`, `fixable=yes`, `workaround!=no`, `cause=roi-never-shown` as a condition."""
    key, sign, answer = text.partition("!=")
    if sign:
        return Condition(key, answer, equal=False)
    key, _, answer = text.partition("=")
    return Condition(key, answer)


def holds(
    text: str, findings: Mapping[str, str], facts: frozenset[str], asked: frozenset[str]
) -> bool | None:
    """Whether a condition holds; None while it hangs on an answer, or a cause, that nobody has given yet.

    `asked` are the questions that are still asked: one that is not has no answer, so that nothing is equal
    to it and everything differs from it.
    """
    key, answer, equal = condition(text)
    if not answer:
        return key in facts
    said = findings.get(key)
    if key == CAUSE:
        said = next((fact.partition("=")[2] for fact in facts if fact.startswith("cause=")), None)
    elif said is None and key not in asked:
        return not equal
    return None if said is None else (said == answer) is equal


def flow(
    steps: Sequence[PlayStep], findings: Mapping[str, str], facts: frozenset[str], closed: frozenset[str]
) -> dict[str, str]:
    """What becomes of each step: `active`, `undecided` or `dropped`, in the order of `steps`.

    `active`: every condition holds, there is none, or the step is closed and its work done whatever was
    found since. `dropped`: a condition does not hold. `undecided`: none fails, and one hangs on a question
    that is not answered yet. A dropped step asks nothing, so what hangs on its questions is decided with
    it; a circle of questions stays undecided.
    """
    found = {step.step: "active" for step in steps if not step.when or step.step in closed}
    waiting = [step for step in steps if step.when and step.step not in closed]
    while True:
        asked = frozenset(
            question.key for step in steps if found.get(step.step) != "dropped" for question in step.asks
        )
        fate = {step.step: _fate(step, findings, facts, asked) for step in waiting}
        if all(found.get(name) == what for name, what in fate.items()):
            return {step.step: found[step.step] for step in steps}
        found |= fate


def _fate(step: PlayStep, findings: Mapping[str, str], facts: frozenset[str], asked: frozenset[str]) -> str:
    all_of = [holds(each, findings, facts, asked) for each in step.when]
    return "dropped" if False in all_of else "undecided" if None in all_of else "active"


def waits_for(
    step: PlayStep, steps: Iterable[PlayStep], closed: frozenset[str], found: Mapping[str, str]
) -> tuple[str, ...]:
    """The steps this one builds on that are still to be done, in the order of `steps`.

    `found` is the answer of `flow`. Nobody waits for a step that is dropped or gone.
    """
    open_ones = [key for key in step.after if key in found and key not in closed and found[key] != "dropped"]
    if len(open_ones) < 2:
        return tuple(open_ones)
    return tuple(each.step for each in steps if each.step in open_ones)


def shown_by(step: PlayStep, facts_done: frozenset[str], answered: frozenset[str]) -> str:
    """The fact on record that closes a step by itself, the first of its `done_by` that holds; "" for none.

    `facts_done` are such as `contact`, `cause`, `worth`, `offer`, `promise`, `promise:fix`,
    `paper:roi-sheet`; `answers` holds once every question of the step is among `answered`.
    """
    for fact in step.done_by:
        if fact in facts_done:
            return fact
        if fact == "answers" and step.asks and all(each.key in answered for each in step.asks):
            return fact
    return ""


def effort_range(steps: Sequence[PlayStep]) -> tuple[float, float]:
    """The least and the most hours of work that the steps of a playbook come to, over every way through it.

    Conditions shut each other out, so the most is less than all steps together. Where there are too many
    ways to try, it is all of them.
    """
    hours = {step.step: step.effort for step in steps}
    choices = _choices(steps)
    if prod(map(len, choices)) > _MOST_WAYS:
        return sum(step.effort for step in steps if not step.when), sum(hours.values())
    sums = []
    for way in product(*choices):
        said = [each for each in way if each is not None]
        findings = {each.key: each.answer for each in said if each.answer and each.key != CAUSE}
        facts = frozenset(
            f"{CAUSE}={each.answer}" if each.answer else each.key
            for each in said
            if each.key == CAUSE or not each.answer
        )
        found = flow(steps, findings, facts, frozenset())
        sums.append(sum(hours[name] for name, what in found.items() if what == "active"))
    return min(sums), max(sums)


def _choices(steps: Sequence[PlayStep]) -> list[list[Condition | None]]:
    """For each fact, and each question that something hangs on: what it can be."""
    hung = [condition(each) for step in steps for each in step.when]
    answers = {question.key: question.answers for step in steps for question in step.asks}
    found: list[list[Condition | None]] = []
    for key in dict.fromkeys(each.key for each in hung):
        named = dict.fromkeys(each.answer for each in hung if each.key == key)
        if "" in named:
            found.append([None, Condition(key)])
        else:
            known = answers.get(key) or (*named, "another cause")
            found.append([Condition(key, answer) for answer in known])
    return found
