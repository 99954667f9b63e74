"""The life of a save: which state follows which, what brings it there, how it ends and how it comes back.

detected → contacted → diagnosed → planned → executing → stabilised → saved | partly_saved; lost and let_go
end a case from any open state. Facts bring it forward, one state at a time: the first call, the root cause,
the agreed plan, the first intervention, and what shows that it holds. A switch of playbook leads back to
diagnosed, a relapse to detected (SAV-5, SAV-6, SAV-10).
"""

from collections.abc import Iterator, Sequence
from datetime import date, tzinfo
from itertools import pairwise
from typing import NamedTuple

from renewctl.core import case_file, opening, plays
from renewctl.core.case_file import CaseFile
from renewctl.core.case_items import attention_until
from renewctl.core.intake import Refusal
from renewctl.core.model import (
    KEPT_SAVES,
    NOT_KEPT,
    OPEN_SAVES,
    Change,
    ItemState,
    Ledger,
    SaveCase,
    SaveEvent,
)
from renewctl.core.plays import CaseStep
from renewctl.core.policy import Playbook, Policy
from renewctl.core.promises import Standing, all_kept

ENDS = dict.fromkeys(OPEN_SAVES, NOT_KEPT)
LEGAL: dict[str, frozenset[str]] = {
    **{state: frozenset((after, *ENDS[state])) for state, after in pairwise(OPEN_SAVES)},
    "stabilised": frozenset((*KEPT_SAVES, "executing", *ENDS["stabilised"])),
    "saved": frozenset(("detected",)),  # a relapse
    "partly_saved": frozenset(("detected",)),
    "lost": frozenset(),
    "let_go": frozenset(),
}
# A switch of playbook asks for a new plan: these go back to diagnosed.
SWITCHED = ("planned", "executing", "stabilised")
CRITERIA = ("commitment", "root_cause", "relationship", "promises")
UNANSWERED = ("pending", "approved")  # states of an offer that the customer has not answered
KEPT_ARR = "kept_arr"  # beside them: what a partly saved customer goes on with, in words


class Evidence(NamedTuple):
    """SAV-6: one of the four, with what shows it; `missing` says what is still to be shown."""

    criterion: str
    text: str | None
    missing: str


class Recorder:
    """Makes the rows of one command on a case: their numbers, day, hour and actor."""

    def __init__(self, next_event: int, on: date, at: str | None, actor: str) -> None:
        self._next = next_event
        self.on = on
        self.at = at
        self.actor = actor

    def event(
        self,
        case: SaveCase,
        round_: int,
        kind: str,
        name: str,
        text: str | None = None,
        at: str | None = None,
    ) -> tuple[SaveEvent, Change]:
        """A new event of a case, with the change that records it."""
        made = SaveEvent(
            self._next, case.account_no, case.no, round_, kind, name, text, self.on, at or self.at, self.actor
        )
        self._next += 1
        return made, Change("save_event", (made.no,), case.account_no, None, made._asdict())


def moved(case: SaveCase, **after: object) -> Change:
    """The change of a case's own columns."""
    before = {key: getattr(case, key) for key in after}
    return Change("save_case", (case.no,), case.account_no, before, dict(after))


def with_events(file: CaseFile, made: Sequence[SaveEvent]) -> CaseFile:
    """A case with events that were just recorded."""
    return file._replace(ledger=file.ledger._replace(events=(*file.ledger.events, *made)))


# --- forward ---------------------------------------------------------------------------------------


def brings(step: CaseStep, book: Playbook) -> str:
    """The state that a step brings its case to once it is done; "" for none.

    A playbook says it of the steps it marks; any other work on the customer is an intervention.
    """
    said = next((play.state for play in book.steps if play.step == step.step), "")
    if said or step.phase in ("investigate", "check_in"):
        return said
    customer = step.channel != "internal" and step.phase not in ("first_24h", "first_48h")
    return "executing" if customer else ""


def reached(file: CaseFile, policy: Policy, zone: tzinfo, as_of: date) -> Iterator[tuple[str, str]]:
    """(state, what shows it) of each further state that its facts bring an open case to, in order."""
    book = policy.playbook(file.case.scenario)
    shown: dict[str, str] = {}
    for step in plays.steps(file, policy, zone):
        state = brings(step, book)
        if state and step.state == "done":
            shown.setdefault(state, step.title)
    if case_file.latest(file.ledger, "contact"):
        shown.setdefault("contacted", "the first call")
    cause = case_file.latest(file.ledger, "cause")
    if cause is None:
        shown.pop("diagnosed", None)
    else:
        shown["diagnosed"] = f"root cause: {cause.text or cause.name}"
    proofs = [each for each in evidence(file, as_of) if each.criterion != "commitment"]
    if not any(each.missing for each in proofs if each.criterion != "promises") and not _broken(file, as_of):
        shown["stabilised"] = "; ".join(each.text or "" for each in proofs if each.text)
    at = OPEN_SAVES.index(file.case.state) if file.case.state in OPEN_SAVES else len(OPEN_SAVES)
    for state in OPEN_SAVES[at + 1 :]:
        if state not in shown:
            return
        yield state, shown[state]


def ahead(file: CaseFile, policy: Policy) -> tuple[str, str] | None:
    """(the next state of an open case, what brings it there); None from `stabilised` on."""
    case = file.case
    at = OPEN_SAVES.index(case.state) + 1 if case_file.is_open(case) else len(OPEN_SAVES)
    if at >= len(OPEN_SAVES):
        return None
    state, subject = OPEN_SAVES[at], f"s{case.no}"
    marked = next((play.step for play in policy.playbook(case.scenario).steps if play.state == state), "")
    how = {
        "diagnosed": f"the root cause: renewctl save why {subject}",
        "executing": "the first work on the customer",
        "stabilised": f"evidence, and no promise missed: renewctl save evidence {subject}",
    }.get(state, f"the step {marked}")
    return state, how


def _broken(file: CaseFile, as_of: date) -> bool:
    return any(each.state in ("missed", "broken") for each in all_kept(file.ledger.promises, as_of))


def forward(
    file: CaseFile, policy: Policy, zone: tzinfo, record: Recorder
) -> tuple[CaseFile, tuple[Change, ...]]:
    """A case brought as far as its facts allow, and the changes: one event for each state it passes."""
    changes: list[Change] = []
    round_ = case_file.round_of(file.ledger)
    made: list[SaveEvent] = []
    state = file.case.state
    for state, text in list(reached(file, policy, zone, record.on)):
        event, change = record.event(file.case, round_, "state", state, text)
        made.append(event)
        changes.append(change)
    if changes:
        changes.append(moved(file.case, state=state))
        file = with_events(file._replace(case=file.case._replace(state=state)), made)
    return file, tuple(changes)


# --- the root cause --------------------------------------------------------------------------------


def scenario_of(code: str, policy: Policy, own: str) -> str | None:
    """The playbook that answers a root cause: that the case's own names, else the first that does."""
    books = [policy.playbook(own), *policy.playbooks.values()]
    return next((book.root_causes[code].scenario for book in books if code in book.root_causes), None)


def switch(
    file: CaseFile, scenario: str, reason: str, policy: Policy, record: Recorder
) -> "tuple[CaseFile, tuple[Change, ...]] | Refusal":
    """A case under another playbook from here on. What was done stays done; its plan is to be agreed anew.

    The steps not yet done count from now, the clock from the flag as before (SAV-1, SAV-2).
    """
    case = file.case
    if not case_file.is_open(case):
        return closed_refusal(case)
    if scenario == case.scenario:
        return Refusal(
            "same-scenario", f"save s{case.no} runs the {scenario} playbook already", "nothing to switch"
        )
    book = policy.playbooks[scenario]
    state = "diagnosed" if case.state in SWITCHED else case.state
    version = opening.playbook_version(book)
    round_ = case_file.round_of(file.ledger)
    event, change = record.event(case, round_, "scenario", scenario, f"from {case.scenario}: {reason}")
    states, rows = _old_plan(file, policy)
    now = case._replace(scenario=scenario, playbook=version, state=state)
    file = with_events(file._replace(case=now, states=states), [event])
    return file, (moved(case, scenario=scenario, playbook=version, state=state), change, *rows)


def _old_plan(file: CaseFile, policy: Policy) -> tuple[dict[str, ItemState], list[Change]]:
    """What was done, the old plan's agreement kept under a name of its own: the new one needs another."""
    old = policy.playbook(file.case.scenario)
    states, rows = dict(file.states), []
    for play in old.steps:
        state = states.get(play.step)
        if play.state == plays.PLANNED and state is not None:
            kept = state._replace(step=plays.old_plan(play.step, file.case.scenario))
            del states[play.step]
            key = (state.subject, state.cycle, state.step)
            rows.append(Change("item_state", key, state.account_no, state._asdict(), None))
            if kept.step not in states:
                states[kept.step] = kept
                key = (kept.subject, kept.cycle, kept.step)
                rows.append(Change("item_state", key, kept.account_no, None, kept._asdict()))
    return states, rows


def closed_refusal(case: SaveCase) -> Refusal:
    """That a case has ended."""
    return Refusal(
        "save-closed",
        f"save s{case.no} was closed as {case.state} on {case.closed_on}",
        f"see it: renewctl save show s{case.no}"
        + (f"; a relapse: renewctl save reopen s{case.no}" if case.state in KEPT_SAVES else ""),
    )


# --- the end ---------------------------------------------------------------------------------------


def evidence(file: CaseFile, as_of: date) -> tuple[Evidence, ...]:
    """SAV-6: the four, each with what shows it on record.

    The promises speak for themselves, but for those whose day is still to come: the customer's word carries
    them over, and they stay owed after the case is closed.
    """
    ledger, notice_on = file.ledger, file.account.cancel_notice_on
    said = {name: _said(ledger, name) for name in CRITERIA}
    texts = {name: event.text if event else None for name, event in said.items()}
    lacking = {
        name: "" if texts[name] else f"renewctl save evidence s{file.case.no} {name} TEXT"
        for name in CRITERIA[:3]
    }
    if texts["commitment"] and notice_on is not None:
        lacking["commitment"] = (
            f"the cancellation notice of {notice_on} still stands: "
            f"renewctl set {file.account.id} cancel_notice_date= --reason …"
        )
    if case_file.latest(ledger, "cause") is None:
        lacking["root_cause"] = f"the root cause is not known: renewctl save why s{file.case.no}"
    owed = all_kept(ledger.promises, as_of)
    kept = sum(1 for each in ledger.promises if each.state == "kept")
    later = sum(1 for each in ledger.promises if each.state == "open")
    good = sum(1 for each in ledger.promises if each.state == "broken")
    counts = ((kept, "kept"), (good, "broken and made good"), (later, "due later"))
    told = ", ".join(f"{count} {how}" for count, how in counts if count)
    failed = [each for each in owed if each.state in ("missed", "broken")]
    word = said["promises"]
    if word is not None and not failed:
        owed, told = (), f"{told}; {word.text}"
    texts["promises"] = None if owed else told or "none was made"
    lacking["promises"] = "; ".join(map(_unkept, owed))
    if owed and not failed:
        lacking["promises"] += (
            f"; where the customer agrees to wait: renewctl save evidence s{file.case.no} promises TEXT"
        )
    return tuple(Evidence(name, texts[name], lacking[name]) for name in CRITERIA)


def may_carry(file: CaseFile, as_of: date) -> Refusal | None:
    """Why promises cannot be carried over: one of them is missed or broken; None where all may."""
    failed = [each for each in all_kept(file.ledger.promises, as_of) if each.state in ("missed", "broken")]
    if not failed:
        return None
    return Refusal(
        "promise-not-kept",
        f"save s{file.case.no}: {'; '.join(map(_unkept, failed))}",
        "only what is due later is carried over; make good what was missed or broken",
    )


def _said(ledger: Ledger, name: str) -> SaveEvent | None:
    """What shows one of the four; what was said of it before a setback, or of another root cause, is void."""
    found, stood = None, False
    current = case_file.round_of(ledger)
    for event in ledger.events:
        if event.round != current:
            continue
        if event.kind == "evidence" and event.name == name:
            found = event
        elif event.kind == "scenario":
            stood = False
            found = None if name == "root_cause" else found
        elif event.kind == "state":
            if stood and event.name == "executing" and name != "commitment":
                found = None
            stood = event.name == "stabilised"
    return found


def _unkept(each: Standing) -> str:
    if each.state in ("open", "soon"):
        return f"p{each.promise.no} is open until {each.promise.due_on}"
    return f"p{each.promise.no} is {each.state}"


def close(
    file: CaseFile, result: str, reason: str, policy: Policy, record: Recorder
) -> "tuple[Change, ...] | Refusal":
    """The changes that end a case with one of CLOSED_SAVES; none where it ended so before.

    Saved, whole or in part, only from `stabilised` and with all four of SAV-6; let go only as was decided
    (OPP-3). Its offers that nobody answered are withdrawn. From that day its open steps are no longer owed,
    and the recovery of a customer that was kept begins (SAV-10).
    """
    case = file.case
    if not case_file.is_open(case):
        return () if case.state == result else closed_refusal(case)
    if record.on < case.flagged_on:
        return Refusal(
            "not-yet",
            f"save s{case.no} was flagged on {case.flagged_on}, after {record.on}",
            "close it later",
        )
    refusal = _kept_refusal(file, result, policy, record.on) if result in KEPT_SAVES else None
    if result == "let_go":
        refusal = _let_go_refusal(file)
    if refusal is not None:
        return refusal
    _, change = record.event(case, case_file.round_of(file.ledger), "state", result, reason or None)
    return moved(case, state=result, closed_on=record.on), change, *_withdrawn(file.ledger, result, record)


def _withdrawn(ledger: Ledger, result: str, record: Recorder) -> Iterator[Change]:
    """SAV-4: an offer ends with its case, unless the customer had answered it."""
    for offer in ledger.offers:
        if offer.state in UNANSWERED:
            before = offer._asdict()
            now = {
                "state": "withdrawn", "decided_on": record.on, "decided_by": record.actor,
                "note": f"the save was closed as {result}",
            }  # fmt: skip
            yield Change("offer", (offer.no,), offer.account_no, {name: before[name] for name in now}, now)


def _kept_refusal(file: CaseFile, result: str, policy: Policy, on: date) -> Refusal | None:
    case = file.case
    open_ones = [each for each in evidence(file, on) if each.missing]
    if open_ones:
        said = "; ".join(f"{each.criterion}: {each.missing}" for each in open_ones)
        return Refusal(
            "not-saved-yet",
            f"save s{case.no} cannot be {result} yet: {len(open_ones)} of the four proofs of SAV-6 missing",
            said,
        )
    if result not in LEGAL[case.state]:
        return Refusal(
            "illegal-transition",
            f"save s{case.no} is {case.state}; only one that is stabilised is closed as {result}",
            " needs ".join(ahead(file, policy) or ("stabilised", "its proofs")),
        )
    less = any(
        offer.state == "accepted" and None not in (offer.kept_minor, offer.arr_minor)
        and (offer.kept_minor or 0) < (offer.arr_minor or 0)
        for offer in file.ledger.offers
    )  # fmt: skip
    if result == "partly_saved" and not less and case_file.latest(file.ledger, "evidence", KEPT_ARR) is None:
        return Refusal(
            "kept-arr-missing", f"save s{case.no}: what of it is kept?", "say it with --arr AMOUNT"
        )
    return None


def _let_go_refusal(file: CaseFile) -> Refusal | None:
    worths = [each for each in file.ledger.worths if each.decided_on >= file.case.flagged_on]
    if worths and worths[-1].decision == "let_go":
        return None
    return Refusal(
        "not-decided",
        f"save s{file.case.no}: nobody has decided to let it go (OPP-3)",
        f"renewctl save worth s{file.case.no} --hours H --chance PCT --decide let_go --reason TEXT",
    )


def setback(file: CaseFile, reason: str, record: Recorder) -> "tuple[Change, ...] | Refusal":
    """The changes that take a stabilised case back to executing: what held no longer does."""
    case = file.case
    if "executing" not in LEGAL[case.state] or case.state == "planned":
        return Refusal(
            "illegal-transition",
            f"save s{case.no} is {case.state}; only a stabilised one falls back",
            "nothing to do",
        )
    _, change = record.event(case, case_file.round_of(file.ledger), "state", "executing", reason)
    return moved(case, state="executing"), change


def reopen(
    file: CaseFile, reason: str, flagged: tuple[date, str, str], policy: Policy, record: Recorder
) -> "tuple[Change, ...] | Refusal":
    """The changes that open a kept case again with its history, as its next round (SAV-10).

    Within the raised attention only: later the customer is a new case. `flagged` is (flagged_on, flagged_at,
    respond_by) of the relapse.
    """
    case = file.case
    if case.state not in KEPT_SAVES or case.closed_on is None:
        return Refusal(
            "illegal-transition",
            f"save s{case.no} is {case.state}; only a customer that was kept can relapse",
            f"renewctl save show s{case.no}",
        )
    last_on = attention_until(case.closed_on, policy)
    if not case.closed_on <= flagged[0] <= last_on:
        return Refusal(
            "relapse-out-of-time",
            f"save s{case.no}: {flagged[0]} is not within {case.closed_on} to {last_on}, when it was watched",
            f"open a new one: renewctl save start {file.account.id} --scenario …",
        )
    _, change = record.event(case, case_file.round_of(file.ledger) + 1, "reopened", case.state, reason)
    version = opening.playbook_version(policy.playbook(case.scenario))
    row = moved(
        case, state="detected", reason=None, closed_on=None, flagged_on=flagged[0], flagged_at=flagged[1],
        respond_by=flagged[2],
        target_by=opening.target_by(flagged[1], file.account, file.renewal, policy), playbook=version,
    )  # fmt: skip
    return row, change
