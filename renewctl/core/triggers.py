"""SAV-1: the facts that speak for opening a save, each with the days on which it does.

A `Sign` is one piece of evidence from the day it was known to the last on which it says anything: until the
next reading, the answer, the end of the renewal, or for good. What was known when a save of the account was
closed, or when its only contract was renewed, is settled by that and speaks no longer (`unsettled`). The
same signs tell what to do today (`core.suggest`) and what would have been done in the past (`core.rehearse`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.health_flag import since as flagged_since
from renewctl.core.health_past import Record, Replay
from renewctl.core.health_spells import flagged
from renewctl.core.model import Account, Activity, Because, Contract, ItemState, Outcome, SaveCase
from renewctl.core.policy import Policy
from renewctl.core.reasons import reading_of
from renewctl.core.segment import contract_value, segment
from renewctl.core.signs import Sign, read, standing
from renewctl.core.timeline import anchor

_DAY = timedelta(days=1)
_ANSWERED = "negotiating"  # the stage that says the customer has answered
SCORE = "score"
STATED = "stated_reason"


class Terms(NamedTuple):
    """A contract as it stood from one day on."""

    from_on: date
    state: str
    stage: str
    cycle: int
    renewal_on: date | None
    auto_renew: int | None
    notice_days: int | None
    planned_from_on: date
    won_on: date | None


class Past(NamedTuple):
    """All that the triggers of an account rest on, with when it was known."""

    account: Account
    contracts: Sequence[Contract]
    record: Record  # of its health
    terms: Mapping[int, Sequence[Terms]]  # contract number -> how it stood, by day
    cases: Sequence[SaveCase]
    outcomes: Sequence[Outcome]
    done: Sequence[ItemState]  # steps of its contracts that were done
    heard: Sequence[Activity]

    @property
    def opened(self) -> list[Contract]:
        """Its open contracts."""
        return [each for each in self.contracts if each.state == "open"]


def signs(past: Past, policy: Policy) -> list[Sign]:
    """Every sign of an account but those of its score, settled or not, in no order."""
    found = [
        *standing(past.record.spells or {}),
        *read(past.record.readings, policy),
        *_stated(past, policy),
        *_silent(past, policy),
        *_missed(past, policy),
    ]
    return [each for each in found if each.from_on <= each.to_on]


def unsettled(found: Iterable[Sign], past: Past) -> list[Sign]:
    """Signs as far as nothing settled them: each ends the day before a save was closed, or the renewal won,
    that came after it was last seen.
    """
    days = sorted(_settled(past))
    kept = []
    for each in found:
        settled_on = next((day for day in days if day >= each.seen_on), None)
        if settled_on is not None:
            each = each._replace(to_on=min(each.to_on, settled_on - _DAY))
        if each.from_on <= each.to_on:
            kept.append(each)
    return kept


def _settled(past: Past) -> Iterator[date]:
    yield from (case.closed_on for case in past.cases if case.closed_on is not None)
    if len(past.opened) <= 1:
        yield from (each.closed_on for each in past.outcomes if each.result != "lost")


def over_on(past: Past) -> date | None:
    """The day from which nothing of an account is in force any more, as far as outcomes tell."""
    ended = {each.state for each in past.contracts if each.state != "superseded"}
    if ended != {"lost"}:
        return None
    return max((each.closed_on for each in past.outcomes if each.result == "lost"), default=None)


# --- the score ----------------------------------------------------------------------------------------


def scored(replay: Replay, first: date) -> Iterator[Sign]:
    """HLT-3: the spells of the flag from a day to the replay's, cut where something new was learnt."""
    for begin, end in flagged(replay, first):
        cuts = [begin, *(day for day in replay.events if begin < day <= end)]
        for on, to_on in zip(cuts, [*(day - _DAY for day in cuts[1:]), end], strict=True):
            yield _flag(replay, begin, on, to_on)


def score_now(replay: Replay) -> Sign | None:
    """HLT-3: the sign of the flag that stands on the replay's day; None where there is none."""
    day, rules = replay.as_of, replay.policy.health_work
    score = replay.score(day)
    if score is None:
        return None
    lately = any((day - event).days < rules.drop_days for event in replay.events)
    since_on = flagged_since(replay) if score < rules.flag_below or lately else None
    return None if since_on is None else _flag(replay, since_on, day, day)


def _flag(replay: Replay, since_on: date, on: date, to_on: date) -> Sign:
    rules = replay.policy.health_work
    seen_on = max((day for day in replay.events if day <= on), default=on)
    limit = f"flagged under {rules.flag_below:g}, or {rules.drop_points:g} down in {rules.drop_days} days"
    why = Because("HLT-3", f"score {replay.score(on):g} on {on}", limit)
    return Sign(SCORE, "", why, since_on, seen_on, on, to_on)


# --- what was said, and what was not ------------------------------------------------------------------


def _stated(past: Past, policy: Policy) -> Iterator[Sign]:
    """SAV-2: the reason given for a contract that was lost, where the account has others."""
    days = timedelta(days=policy.raw["saves"]["triggers"]["reason_days"] - 1)
    for each in past.outcomes:
        if each.result != "lost" or not each.reason:
            continue
        heard = reading_of(each.reason, policy)
        if heard is not None:
            on = max(each.told_on or each.closed_on, each.lost_on or date.min)
            why = Because("SAV-2", f"lost a contract on {each.closed_on}: {each.reason}", f'"{heard.words}"')
            yield Sign(STATED, heard.scenario, why, on, on, on, on + days)


def _silent(past: Past, policy: Policy) -> Iterator[Sign]:
    """SAV-1: no answer so many days after the formal notice; contracts that renew tacitly answer by it."""
    limits = policy.raw["saves"]["triggers"]
    days, kinds = limits["silence_days"], frozenset(limits["answers"])
    formal = _notices(policy)
    for state in past.done:
        if state.step not in formal or not state.subject.isdecimal():
            continue
        no = int(state.subject)
        versions = [each for each in past.terms.get(no, ()) if each.cycle == state.cycle]
        if not versions or versions[-1].auto_renew:
            continue
        ends = [versions[-1].renewal_on or date.max]
        ends += [
            each.happened_on - _DAY for each in _mine(past.heard, no, state.set_on) if each.kind in kinds
        ]
        ends += [each.from_on - _DAY for each in versions if _reached(each.stage, _ANSWERED, policy)]
        ends += _ended(past, no, state.cycle)
        from_on = state.set_on + timedelta(days=days)
        why = Because("SAV-1", f"no answer to the notice of {state.set_on}", f"one within {days} days")
        yield Sign("silence", "", why, from_on, from_on, from_on, min(ends))


def _notices(policy: Policy) -> frozenset[str]:
    """The steps that are a formal notice to the customer."""
    return frozenset(
        step.step
        for steps in policy.timelines.values()
        for step in steps
        if step.purpose == "notice" and step.channel == "customer"
    )


def _mine(heard: Iterable[Activity], contract_no: int, since: date) -> Iterator[Activity]:
    """Activities about a contract, or about none in particular, since a day."""
    return (each for each in heard if each.contract_no in (None, contract_no) and each.happened_on >= since)


def _ended(past: Past, contract_no: int, cycle: int) -> list[date]:
    """The last day of a cycle that is closed."""
    return [
        each.closed_on - _DAY
        for each in past.outcomes
        if (each.contract_no, each.cycle) == (contract_no, cycle)
    ]


def _reached(stage: str, wanted: str, policy: Policy) -> bool:
    order = policy.stages
    return stage in order and wanted in order and order.index(stage) >= order.index(wanted)


def _missed(past: Past, policy: Policy) -> Iterator[Sign]:
    """TRK: a stage the plan had for a day that is past, of which nothing shows that it was reached."""
    limits = policy.raw["saves"]["triggers"]
    grace = timedelta(days=limits["stage_days"])
    wanted = [stage for stage in limits["stages"] if stage in policy.stages]
    kind = segment(value_of(past, policy), past.account.segment_override, policy) if wanted else None
    for no, versions in past.terms.items() if kind is not None else ():
        for at, terms in enumerate(versions):
            if terms.state != "open" or terms.renewal_on is None or terms.auto_renew:
                continue
            until = versions[at + 1].from_on - _DAY if at + 1 < len(versions) else date.max
            for stage in wanted:
                due_on = _due_on(stage, kind or "", terms, terms.renewal_on, policy)
                if due_on is None or _reached(terms.stage, stage, policy):
                    continue
                late_on = due_on + grace
                shown = _shown_on(past, no, terms, stage, policy)
                ends = [until, terms.renewal_on, *([shown - _DAY] if shown else [])]
                why = Because("TRK", f"not yet {stage}", f"by {due_on}, and {grace.days} days more")
                yield Sign("stage", "", why, late_on, late_on, max(late_on, terms.from_on), min(ends))


def value_of(past: Past, policy: Policy) -> int | None:
    """The ARR an account has, or had before it was lost."""
    counted = past.opened or [each for each in past.contracts if each.state == "lost"]
    known = [contract_value(each, past.account, policy) for each in counted]
    values = [each for each in known if each is not None]
    return sum(values) if values else None


def _due_on(stage: str, kind: str, terms: Terms, renewal_on: date, policy: Policy) -> date | None:
    """The day of the last step that leads to a stage; None where the segment's plan has none."""
    wanted = {
        each.partition(":")[2] for each in policy.evidence.get(stage, ("", ()))[1] if each[:5] == "step:"
    }
    days = [step.days for step in policy.timelines[kind] if step.step in wanted and step.days is not None]
    if not days:
        return None
    anchor_on, _ = anchor(renewal_on, terms.auto_renew, terms.notice_days)
    caught_up = terms.planned_from_on + timedelta(days=policy.agenda.catch_up_days)
    return max(anchor_on - timedelta(days=min(days)), caught_up)


def _shown_on(past: Past, no: int, terms: Terms, stage: str, policy: Policy) -> date | None:
    """The first day on which something showed that a contract was at a stage, or at a later one."""
    order = policy.stages
    later = order[order.index(stage) :]
    wanted = {fact for each in later for fact in policy.evidence.get(each, ("", ()))[1]}
    since = terms.won_on or date.min
    days = [
        each.set_on
        for each in past.done
        if (each.subject, each.cycle) == (str(no), terms.cycle) and f"step:{each.step}" in wanted
    ]
    days += [
        each.happened_on
        for each in _mine(past.heard, no, since)
        if f"activity:{each.kind}" in wanted or f"paper:{each.kind}" in wanted
    ]
    return min(days, default=None)
