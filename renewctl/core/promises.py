"""SAV-9: the promise ledger. Everything promised has a day and one owner; one broken promise kills a save.

A promise is open until it is kept (with what shows it), broken, or withdrawn with the customer's consent.
What was broken is made good by another promise that replaces it. A fix is promised as a chain of dated
steps, each after the one before (SAV-P).
"""

from collections.abc import Container, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.intake import Refusal
from renewctl.core.model import NOT_KEPT, Change, Promise, SaveCase

SETTLED = ("kept", "broken", "withdrawn")
FIX = "fix"  # what the chain of a promised fix is called
UNNAMED = "chain"  # and one that nobody gave a name


class Standing(NamedTuple):
    """How a promise stands on a day."""

    promise: Promise
    state: str  # open | soon | missed | broken | replaced | kept | late (kept after its day) | withdrawn
    waits_for: int | None  # the open promise of its chain before it


def standing(promises: Sequence[Promise], as_of: date, soon_days: int) -> tuple[Standing, ...]:
    """Every promise with how it stands, in the given order.

    `soon`: open and due within so many days; `missed`: open past its day; `replaced`: broken, and another
    was given for it, which stands in its place whatever becomes of that.
    """
    found = []
    for each in promises:
        before = _before(each, promises)
        waits = before.no if before is not None and before.state == "open" else None
        state = each.state
        if state == "open" and each.due_on < as_of:
            state = "missed"
        elif state == "open" and each.due_on <= as_of + timedelta(days=soon_days):
            state = "soon"
        elif state == "broken" and in_its_place(each, promises) is not each:
            state = "replaced"
        elif state == "kept" and each.settled_on is not None and each.settled_on > each.due_on:
            state = "late"
        found.append(Standing(each, state, waits))
    return tuple(found)


def in_its_place(found: Promise, promises: Sequence[Promise]) -> Promise:
    """The promise that stands for one now: itself, or what made it good after it was broken, and so on."""
    replaced = {each.replaces_no: each for each in promises if each.state != "withdrawn"}
    while found.state == "broken" and found.no in replaced:
        found = replaced[found.no]
    return found


def _before(found: Promise, promises: Sequence[Promise]) -> Promise | None:
    """The promise of its chain that one follows, or what stands in its place; one let off is passed over."""
    by_no = {each.no: each for each in promises}
    first = by_no.get(found.after_no or 0)
    while first is not None:
        first = in_its_place(first, promises)
        if first.state != "withdrawn":
            return first
        first = by_no.get(first.after_no or 0)
    return None


def all_kept(promises: Sequence[Promise], as_of: date) -> tuple[Standing, ...]:
    """What keeps the promises from being kept, all of them (SAV-6); nothing where none is left."""
    return tuple(
        each for each in standing(promises, as_of, 0) if each.state in ("open", "soon", "missed", "broken")
    )


def promise(
    no: int,
    case: SaveCase,
    words: tuple[str, str | None, str],
    due_on: date,
    made_on: date,
    actor: str,
    chain: tuple[str, Promise | None] | None = None,
    replaces: Promise | None = None,
) -> "tuple[Promise, Change] | Refusal":
    """A new promise of a case. `words` are (text, to whom, owner); `chain` its name and the one before it.

    Refused: without text or owner, due before it was made or before the one it follows, or in place of one
    that is not broken.
    """
    text, to_whom, owner = words[0].strip(), words[1], words[2].strip()
    before = chain[1] if chain else None
    refusal = None
    if case.state in NOT_KEPT:
        refusal = (
            "save-closed",
            f"the save is {case.state}",
            "nothing is owed to that customer by it any more",
        )
    elif not text:
        refusal = "promise-blank", "it says nothing", "say what was promised"
    elif not owner:
        refusal = "promise-unowned", "nobody keeps it", "name one person: --owner NAME"
    elif due_on < made_on:
        refusal = (
            "promise-past",
            f"its day {due_on} is before {made_on}, the day it is made",
            "give a later day",
        )
    elif before is not None and due_on < before.due_on:
        refusal = (
            "promise-order",
            f"its day {due_on} is before {before.due_on}, that of p{before.no} which it follows",
            "give a later day",
        )  # fmt: skip
    elif replaces is not None and (replaces.save_no != case.no or replaces.state != "broken"):
        refusal = (
            "promise-not-broken", f"p{replaces.no} is no broken promise of s{case.no}",
            "only what was broken is made good by another promise",
        )  # fmt: skip
    if refusal:
        return Refusal(refusal[0], f"a promise on s{case.no}: {refusal[1]}", refusal[2])
    made = Promise(
        no, case.account_no, case.no, text, to_whom, due_on, owner, chain[0] if chain else None,
        before.no if before else None, made_on, "open", None, None, replaces.no if replaces else None, actor,
    )  # fmt: skip
    return made, Change("promise", (no,), case.account_no, None, made._asdict())


def settle(
    found: Promise, state: str, evidence: str | None, on: date, promises: Sequence[Promise]
) -> "tuple[Change, ...] | Refusal":
    """The change that settles a promise as one of SETTLED; none where it was settled so before.

    Each needs words: what shows that it was kept, why it was not, that the customer let us off it. A step of
    a chain is not kept before the one it follows.
    """
    name, said = f"p{found.no}", (evidence or "").strip()
    if found.state != "open":
        if found.state == state:
            return ()
        return Refusal(
            "promise-settled", f"{name} was {found.state} on {found.settled_on}",
            "what was broken is made good by another: renewctl save promise add … --replaces " + name,
        )  # fmt: skip
    if not said:
        what = {"kept": "what shows that it was kept", "broken": "why it was not kept"}.get(
            state, "why, and that the customer agreed"
        )
        return Refusal("evidence-missing", f"{name}: say {what}", "give it with --evidence TEXT")
    if on < found.made_on:
        return Refusal("not-yet", f"{name} was made on {found.made_on}, after {on}", "settle it later")
    before = _before(found, promises)
    if state == "kept" and before is not None and before.state in ("open", "broken"):
        return Refusal(
            "promise-order", f"{name} follows p{before.no} ({before.text}), which is {before.state}",
            f"first: renewctl save promise kept p{before.no} --evidence …",
        )  # fmt: skip
    changed = {"state": state, "settled_on": on, "evidence": said}
    was = {key: getattr(found, key) for key in changed}
    return (Change("promise", (found.no,), found.account_no, was, changed),)


def step_of_fix(promise: Promise, steps: Container[str]) -> tuple[str, str] | None:
    """SAV-P: (what is fixed, step) of a promise that is a step of a fix; None where it is another promise."""
    what, _, step = promise.text.rpartition(": ")
    return (what, step) if promise.chain == FIX and step in steps else None


def chain_days(release_on: date, before_days: Mapping[str, int]) -> tuple[tuple[str, date], ...]:
    """(step, day) of a fix that is released on a day, counted back from it, the first first (SAV-P)."""
    found = [(step, release_on - timedelta(days=days)) for step, days in before_days.items()]
    return tuple(sorted(found, key=lambda each: each[1]))
