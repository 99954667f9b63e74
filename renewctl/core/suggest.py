"""SAV-1, SAV-2: which saves to open today: by which scenario, how urgently, on what evidence.

The scenario is that of the stated reason, else the first of the policy's order that a fact speaks for, else
the one of the input that cost the score most. Where nothing speaks for one it is `investigate`: find out
first, offer nothing. Nobody is handed more than they can carry: what is beyond the policy's number of cases
waits, except for notices of cancellation.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.case_file import open_one
from renewctl.core.classify import Classified
from renewctl.core.health_flag import INVESTIGATE, flag
from renewctl.core.health_past import Replay
from renewctl.core.model import Because
from renewctl.core.opening import cooling_until
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy
from renewctl.core.reasons import reading_of
from renewctl.core.signs import Sign, on_record, urgency
from renewctl.core.triggers import SCORE, STATED, Past, score_now, signs, unsettled

URGENCIES = ("low", "medium", "high")
CANCELLED = "cancel_notice"


class Suggestion(NamedTuple):
    """A save that the facts ask for."""

    past: Past
    scenario: str  # of the playbooks, or `investigate`
    why: Because  # this scenario and no other
    urgency: str  # of URGENCIES
    because: tuple[Sign, ...]  # what speaks for it, what decides first
    flagged_on: date  # since when
    stated: str | None  # the reason the customer gave
    others: tuple[str, ...]  # scenarios that facts speak for as well
    person: bool  # SAV-1: somebody runs it; else a light touch will do
    arr_base_minor: int | None
    segment: str | None
    renewal_on: date | None
    csm: str | None  # who would coordinate it


class Held(NamedTuple):
    """A suggestion that is not made now, and why."""

    suggestion: Suggestion
    why: str
    until_on: date | None  # the day after which it is made; None: when there is room


class Board(NamedTuple):
    """Every suggestion of a book, the first to be worked first."""

    suggestions: tuple[Suggestion, ...]
    waiting: tuple[Held, ...]  # for want of room
    cooling: tuple[Held, ...]  # a case of theirs was closed lately
    running: int  # accounts with facts that ask for a save and an open one


def suggest(
    past: Past, row: Classified, policy: Policy, as_of: date, said: str | None = None
) -> Suggestion | None:
    """The save an account's facts ask for on a day, whether or not one may be opened; None: none.

    `row` is the account's classification as of that day, `said` a reason the customer has given just now.
    """
    replay = Replay(past.record, policy, as_of)
    flagged = score_now(replay)
    found = signs(past, policy) + ([] if flagged is None else [flagged])
    active = [_named(each, past) for each in unsettled(found, past) if _speaks(each, as_of)]
    stated, heard_on = _stated(past, policy, as_of, said)
    heard = reading_of(stated, policy) if stated else None
    if said is not None and stated:
        active = [each for each in active if each.trigger != STATED]
        words = f'"{heard.words}"' if heard else "any reason"
        why = Because("SAV-2", f"stated: {stated}", words)
        active.append(Sign(STATED, heard.scenario if heard else "", why, heard_on, as_of, as_of, as_of))
    if not active:
        return None
    account = past.account
    scenario, why, others = _scenario(past, active, stated, policy, replay)
    active.sort(key=lambda each: (each.trigger != CANCELLED, each.trigger != STATED,
                                  each.scenario != scenario, each.since, each.trigger))  # fmt: skip
    usual = policy.playbooks[scenario].urgency if scenario in policy.playbooks else "medium"
    arr = row.account_arr_base_minor
    return Suggestion(
        past, scenario, why, urgency(usual, account, row.segment), tuple(active),
        min(as_of, *(each.since for each in active)), stated,
        others, arr is None or arr >= policy.saves.human_from_minor, arr, row.segment,
        min((each.renewal_on for each in past.opened if each.renewal_on), default=None),
        step_person("csm", account, row.owner, policy)[0],
    )  # fmt: skip


def _named(sign: Sign, past: Past) -> Sign:
    """A champion who is gone by name, where it is on record: of whom, and not only that."""
    name = past.account.champion
    if sign.trigger != "champion_gone" or not name or not past.account.champion_gone:
        return sign
    return sign._replace(because=sign.because._replace(observed=f"the champion is gone: {name}"))


def _speaks(sign: Sign, as_of: date) -> bool:
    """Whether a sign says anything on a day; what stands still does so whatever day is asked about."""
    return sign.from_on <= as_of <= sign.to_on or sign.to_on == date.max


def _stated(past: Past, policy: Policy, as_of: date, said: str | None) -> tuple[str | None, date]:
    """The reason the customer gave, and when: just now, else the last one on record that still counts."""
    if said is not None:
        return said, as_of
    since = as_of - timedelta(days=policy.raw["saves"]["triggers"]["reason_days"])
    reasons = [(case.opened_on, case.reason) for case in past.cases if case.reason]
    reasons += [(each.closed_on, each.reason) for each in past.outcomes if each.reason]
    on, text = max(((on, text) for on, text in reasons if since < on <= as_of), default=(as_of, None))
    return text, on


def _scenario(
    past: Past, active: Sequence[Sign], stated: str | None, policy: Policy, replay: Replay
) -> tuple[str, Because, tuple[str, ...]]:
    """(scenario, why, other scenarios that facts speak for) by the policy's precedence."""
    recorded = on_record(past.account, (), policy)  # a severe ticket asks for no save, and says which
    speaking = {each.scenario: each.because for each in [*recorded, *active] if each.trigger != STATED}
    order = [name for name in policy.raw["saves"]["scenario_order"] if name in speaking]
    heard = reading_of(stated, policy) if stated else None
    if heard is not None:
        others = tuple(name for name in order if name != heard.scenario)
        why = Because("SAV-2", f'the stated reason says "{heard.words}"', "a stated reason comes first")
        return heard.scenario, why, others
    if order:
        return order[0], speaking[order[0]], tuple(order[1:])
    # Who gives notice has a reason of their own: what weighs most in the score would only be a guess at it.
    triggers = {each.trigger for each in active}
    flagged = flag(replay) if SCORE in triggers and CANCELLED not in triggers else None
    if flagged is not None and flagged.scenario != INVESTIGATE:
        return flagged.scenario, flagged.because[-1], ()
    unread = f'no word of "{stated}" tells why' if stated else "nothing on record tells why"
    return INVESTIGATE, Because("SAV-2", unread, "find the real problem first; no discount"), ()


def rank(each: Suggestion) -> tuple[object, ...]:
    """The order in which suggestions are worked: notices, then by urgency and ARR; light ones last."""
    notice = each.because[0].trigger == CANCELLED
    arr = each.arr_base_minor or 0
    level = -URGENCIES.index(each.urgency)
    return (not notice, not each.person, level, -arr, each.flagged_on, each.past.account.id)


def board(
    found: Iterable[Suggestion], carried: Mapping[str | None, int], policy: Policy, as_of: date
) -> Board:
    """Suggestions as far as there is room for them. `carried` is the number of open cases per person."""
    most = policy.raw["saves"]["suggest"]["cases_per_csm"]
    made, waiting, cooling, open_ones = [], [], [], 0
    taken: Counter[str | None] = Counter(carried)
    for each in sorted(found, key=rank):
        until = cooling_until(each.past.cases, policy, as_of)
        if open_one(each.past.cases) is not None:
            open_ones += 1
        elif until is not None:
            cooling.append(Held(each, f"a save was closed lately; no new one up to {until}", until))
        elif taken[each.csm] < most or each.because[0].trigger == CANCELLED:
            taken[each.csm] += 1
            made.append(each)
        else:
            ahead = taken[each.csm]
            why = (
                f"{each.csm} has {ahead} cases and suggestions"
                if each.csm
                else f"{ahead} without a CSM come first"
            )
            waiting.append(Held(each, f"{why}; {most} at a time", None))
    return Board(tuple(made), tuple(waiting), tuple(cooling), open_ones)
