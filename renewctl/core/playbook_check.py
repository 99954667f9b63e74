"""What is wrong with playbooks that load: steps nobody reaches, dates that cannot be, roles nobody fills.

What makes a playbook unusable (an unknown key, a circle of steps, a question nobody asks) is refused by
`core.policy_check` already. Here are the findings that leave it usable, each a value with its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from renewctl.core.model import Problem
from renewctl.core.play_flow import CAUSE, Condition, condition
from renewctl.core.policy import SEGMENTS, Playbook, PlayStep, Policy
from renewctl.core.policy_check import dotted
from renewctl.core.policy_locate import Path, nearest, positions
from renewctl.core.policy_schema import CASE_STATES

PHASE_DAYS = {  # the first and the last day after the flag that belong to a phase (SAV-5, SAV-7)
    "investigate": (0, 2),
    "first_24h": (0, 1),
    "first_48h": (0, 2),
    "first_72h": (0, 3),
    "week_1": (2, 7),
    "week_2": (8, 14),
    "week_3": (15, 21),
    "week_4": (22, 28),
    "day_30": (29, 31),
    "month_2": (31, 60),
    "month_3": (61, 90),
}
VACANT = "role-vacant"
WARNINGS = frozenset(
    {VACANT, "after-off", "text-missing"}
)  # worth knowing; the check does not fail over them
_BEFORE_ANSWERS = ("investigate", "first_24h", "first_48h")  # phases that offer nothing yet
_OF_THE_ACCOUNT = ("owner", "csm", "sales", "specialist", "executive_sponsor")  # roles that an account names
_OWN_WORDS = ("talk_track", "root_causes", "milestones", "checkins", "recovery", "update")


class Finding(NamedTuple):
    """One thing to look at; the message reads `what is wrong; what would be right`."""

    path: Path
    code: str
    message: str


def check(policy: Policy, text: str, file: str) -> tuple[Problem, ...]:
    """Every finding of the playbooks in force, in the order of the lines of the overlay `text`.

    The line is 0 where the overlay says nothing of the kind.
    """
    lines = positions(text)
    found = []
    for path, code, message in findings(policy):
        line = nearest(lines, path) if path[:1] in lines else 0
        found.append(Problem(file, line, dotted(path), code, "", message))
    return tuple(sorted(found, key=lambda problem: problem.line))


def findings(policy: Policy) -> tuple[Finding, ...]:
    """Every finding, playbook by playbook, roles without a person last (SAV-5)."""
    found: list[Finding] = []
    for book in policy.playbooks.values():
        found += _unreached(book)
        found += _dates(book)
        found += _dead_ends(book, policy.saves.checkin_days)
        found += _missing_words(book)
    found += _vacant(policy)
    return tuple(found)


def due_hours(step: PlayStep) -> int:
    """Hours after the flag by which a step is due; one without a clock by the end of its day."""
    return step.hours if step.hours is not None else step.day * 24 + 24


def _at(book: Playbook, step: PlayStep, *rest: str | int) -> Path:
    return ("playbooks", book.scenario, "steps", step.step, *rest)


# --- steps that nobody reaches ---------------------------------------------------------------------


def _unreached(book: Playbook) -> Iterator[Finding]:
    askers = {question.key: step for step in book.steps for question in step.asks}
    for step in book.steps:
        wrong = _impossible(step, askers)
        if wrong:
            yield Finding(_at(book, step, "when"), "step-unreachable", f"never to be done: {wrong}")


def _impossible(step: PlayStep, askers: dict[str, PlayStep]) -> str:
    """Why the conditions of a step, with those of the steps that ask its questions, never hold; or ""."""
    needed: list[Condition] = []
    waiting, seen = [step], [step.step]
    while waiting:
        for each in map(condition, waiting.pop().when):
            needed.append(each)
            asker = askers.get(each.key)
            if not each.answer or each.key == CAUSE or (asker is None and not each.equal):
                continue
            if asker is None:
                return f"the step that asks {each.key} is switched off"
            if asker.step == step.step:
                return f"{each.key} is asked by a step that hangs on this one"
            if each.equal and asker.step not in seen:
                seen.append(asker.step)
                waiting.append(asker)
    return _contradiction(needed, askers)


def _contradiction(needed: Sequence[Condition], askers: dict[str, PlayStep]) -> str:
    segments = sorted({each.key for each in needed} & set(SEGMENTS))
    if len(segments) > 1:
        return f"no account is {' and '.join(segments)}"
    for key in dict.fromkeys(each.key for each in needed if each.answer):
        wanted = {each.answer for each in needed if each.key == key and each.answer and each.equal}
        barred = {each.answer for each in needed if each.key == key and not each.equal}
        if len(wanted) > 1:
            return f"{key} is not {' and '.join(sorted(wanted))} at once"
        if wanted & barred:
            return f"{key} is not both {wanted.pop()} and something else"
        asked = askers[key].asks if key in askers else ()
        known = {answer for each in asked if each.key == key for answer in each.answers}
        if known and known <= barred:
            return f"no answer to {key} is left"
    return ""


# --- dates that cannot be --------------------------------------------------------------------------


def _dates(book: Playbook) -> Iterator[Finding]:
    by_name = {step.step: step for step in book.steps}
    askers = {question.key: step for step in book.steps for question in step.asks}
    last = max((step for step in book.steps if step.phase == "investigate"), key=due_hours)
    for step in book.steps:
        key = "day" if step.hours is None else "hours"
        yield from _own_date(book, step)
        for at, name in enumerate(step.after):
            before = by_name.get(name)
            if before is not None and due_hours(before) > due_hours(step):
                said = f"due before {name}, which it builds on ({_day(before)}); {_day(before)} or later"
                yield Finding(_at(book, step, "after", at), "date-before", said)
        for at, each in enumerate(map(condition, step.when)):
            asker = askers.get(each.key) if each.answer else None
            if asker is not None and due_hours(asker) > due_hours(step):
                said = (
                    f"due before {asker.step}, which asks {each.key} ({_day(asker)}); {_day(asker)} or later"
                )
                yield Finding(_at(book, step, "when", at), "date-before", said)
        if step.phase not in _BEFORE_ANSWERS and due_hours(step) < due_hours(last):
            said = f"answers before {last.step} is over ({_day(last)}); investigate first (SAV-5)"
            yield Finding(_at(book, step, key), "answer-too-early", said)
    yield from _states_in_order(book)


def _own_date(book: Playbook, step: PlayStep) -> Iterator[Finding]:
    first, end = PHASE_DAYS[step.phase]
    if step.hours is not None and step.day not in (step.hours // 24, -(-step.hours // 24)):
        said = f"day {step.day} and {step.hours} hours are not the same time; day = {-(-step.hours // 24)}"
        yield Finding(_at(book, step, "day"), "date-two", said)
    day = step.day if step.hours is None else -(-step.hours // 24)
    key = "day" if step.hours is None else "hours"
    if not first <= day <= end:
        said = f"{_day(step)} is outside {step.phase}; from day {first} to day {end}, or another phase"
        yield Finding(_at(book, step, key), "date-phase", said)
    if day > book.typical_days:
        said = f"{_day(step)} is after the typical length; at most {book.typical_days}, or more typical_days"
        yield Finding(_at(book, step, key), "date-length", said)


def _states_in_order(book: Playbook) -> Iterator[Finding]:
    """SAV-7: contacted, then diagnosed, then planned, then executing."""
    by_state = {step.state: step for step in reversed(book.steps)}
    line = [by_state[state] for state in CASE_STATES if state in by_state]
    for before, step in pairwise(line):
        if due_hours(before) > due_hours(step):
            said = f"{step.state} by {_day(step)}, {before.state} only by {_day(before)}; in this order"
            yield Finding(_at(book, step, "state"), "state-order", said)


def _day(step: PlayStep) -> str:
    return f"day {step.day}" if step.hours is None else f"{step.hours} hours"


# --- what leads nowhere, what nobody says, what nobody does ----------------------------------------


def _dead_ends(book: Playbook, checkin_days: Iterable[int]) -> Iterator[Finding]:
    names = {step.step for step in book.steps}
    offers = {f"offer:{instrument}" for instrument in book.instruments}
    for step in book.steps:
        for at, fact in enumerate(step.done_by):
            if fact.startswith("offer:") and fact not in offers:
                said = f"{fact.partition(':')[2]} is no offer of this playbook; add it to instruments"
                yield Finding(_at(book, step, "done_by", at), "never-closes", said)
        if "answers" in step.done_by and not step.asks:
            at = step.done_by.index("answers")
            yield Finding(_at(book, step, "done_by", at), "never-closes", "asks nothing; give it a question")
        for at, name in enumerate(step.after):
            if name not in names:
                said = f"{name} is switched off, so nothing is waited for; leave it out"
                yield Finding(_at(book, step, "after", at), "after-off", said)
    for days in book.checkins.keys() - set(checkin_days):
        yield Finding(
            ("playbooks", book.scenario, "checkins", str(days)),
            "checkin-never",
            f"no check-in is held after {days} days; one of saves.checkin_days",
        )


def _missing_words(book: Playbook) -> Iterator[Finding]:
    missing = [key for key in _OWN_WORDS if not any(getattr(book, key))]
    if missing:
        said = f"says nothing of {', '.join(missing)}; what holds for every save is shown instead"
        yield Finding(("playbooks", book.scenario), "text-missing", said)


def _vacant(policy: Policy) -> Iterator[Finding]:
    """SAV-5: one owner for each step; a role that only [team] can fill and does not falls to the CSM."""
    steps: dict[str, int] = {}
    for book in policy.playbooks.values():
        for step in book.steps:
            steps[step.role] = steps.get(step.role, 0) + 1
    for role in sorted(steps.keys() - set(_OF_THE_ACCOUNT) - policy.team.keys()):
        if role == "manager" and policy.managers:
            continue
        said = f"nobody is {role}: {steps[role]} steps fall to the account's CSM as delegate; name a person"
        yield Finding(("team", role), VACANT, said)
