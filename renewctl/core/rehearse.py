"""SAV-1 on the recorded past: which losses the rules would have seen, how early, and how often for nothing.

An alarm is raised on the first day on which a sign speaks and no save is open or lately closed; days that lie
no further apart than the cool-down are of one alarm. Signs are spans of days (`core.triggers`), so that years
cost what their events cost and not what their days do. What is said of an alarm is what came after it, and
not what it would have changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from renewctl.core.case_file import is_open
from renewctl.core.health_past import Replay
from renewctl.core.model import KEPT_SAVES, Outcome
from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor, in_force
from renewctl.core.signs import Sign
from renewctl.core.spans import Span, common, days_within, merged, without
from renewctl.core.triggers import STATED, Past, over_on, scored, signs, unsettled, value_of

_DAY = timedelta(days=1)
FALSE = ("renewed", "stayed")  # results of alarms after which nothing went wrong, without a save
RESULTS = ("lost", "saved", "shrunk", *FALSE, "open")


class Alarm(NamedTuple):
    """A suggestion as it would have been made, and what came of the account."""

    account_no: int
    account_id: str
    account_name: str
    csm: str | None  # of that day
    begun_on: date
    ended_on: date  # the last day on which anything spoke
    signs: tuple[Sign, ...]  # of the first day
    result: str  # of RESULTS
    human: bool


class Loss(NamedTuple):
    """A renewal that was lost, and the alarm that came before it was told."""

    account_no: int
    account_id: str
    account_name: str
    csm: str | None
    lost_on: date  # when the customer decided, as far as is known
    told_on: date
    arr_base_minor: int | None
    reason: str | None
    alarm: Alarm | None
    read: bool  # whether anything at all was on record in the days before
    worked: bool  # whether a save was open when it was lost

    @property
    def days(self) -> int | None:
        """Days from the alarm to the customer's decision; negative where it came later."""
        return None if self.alarm is None else (self.lost_on - self.alarm.begun_on).days

    @property
    def days_told(self) -> int | None:
        """Days from the alarm to when we were told."""
        return None if self.alarm is None else (self.told_on - self.alarm.begun_on).days


class Course(NamedTuple):
    """One account rehearsed: its alarms and losses by day."""

    alarms: tuple[Alarm, ...]
    losses: tuple[Loss, ...]
    there: tuple[Span, ...]  # the days on which it is known to have been a customer
    watched: tuple[Span, ...]  # those of them on which any loss would have counted as seen before


def course(past: Past, policy: Policy, as_of: date) -> Course:
    """The alarms of an account up to a day, each with what came of it, and its losses."""
    replay = Replay(past.record, policy, as_of)
    first = replay.events[0] if replay.events else as_of
    found = unsettled([*map(_apart, signs(past, policy)), *scored(replay, first)], past)
    days = policy.saves.cool_down_days
    spans = without(_spans(found, past, as_of), blocked(past, policy))
    begun = [_alarm(past, span, found, policy, as_of) for span in merged(spans, days)]
    losses = [_loss(past, each, begun, policy) for each in past.outcomes if each.result == "lost"]
    losses = [each for each in losses if each.told_on <= as_of]
    there = _there(past, as_of)
    return Course(tuple(begun), tuple(losses), tuple(there), tuple(common(there, _watched(begun, policy))))


def _there(past: Past, as_of: date) -> list[Span]:
    """From the first day that tells of an account to the last on which it was a customer."""
    days = [past.account.recorded_on, *(each.start_on for each in past.contracts if each.start_on)]
    days += [each.read_on for each in past.record.readings] + [days_of(each)[0] for each in past.outcomes]
    days += [each.opened_on for each in past.cases] + [each.happened_on for each in past.heard]
    last = min(as_of, over_on(past) or as_of)
    return without([(min(days), last)] if min(days) <= last else [], _absent(past))


def _absent(past: Past) -> list[Span]:
    """The days on which an account was on record as out of force."""
    spells = (past.record.spells or {}).get("status", ())
    return [(each.from_on, each.to_on) for each in spells if not in_force(each.value)]


def _watched(alarms: Iterable[Alarm], policy: Policy) -> list[Span]:
    """The days after an alarm, as long as it warns of a loss (`_warns`)."""
    follow = timedelta(days=policy.raw["saves"]["learning"]["follow_days"])
    return merged([(each.begun_on + _DAY, each.ended_on + follow) for each in alarms], 1)


def _apart(sign: Sign) -> Sign:
    """A reason given with a loss warns of the next one, and not of that."""
    return sign._replace(from_on=sign.from_on + _DAY) if sign.trigger == STATED else sign


def _spans(found: Iterable[Sign], past: Past, as_of: date) -> list[Span]:
    """The days on which an account in force had a sign, in order; up to the day it was lost altogether."""
    last = min(as_of, over_on(past) or as_of)
    spans = sorted((each.from_on, min(each.to_on, last)) for each in found if each.from_on <= last)
    return without(merged(spans, 1), _absent(past))


def blocked(past: Past, policy: Policy) -> list[Span]:
    """The days on which no save of the account is suggested: one is open, or was closed lately.

    The day on which a case was opened is not among them: what opened it may be of that day.
    """
    cool_down = timedelta(days=policy.saves.cool_down_days)
    return [
        (case.opened_on + _DAY, date.max if case.closed_on is None else case.closed_on + cool_down)
        for case in past.cases
    ]


def _alarm(past: Past, span: Span, found: Iterable[Sign], policy: Policy, as_of: date) -> Alarm:
    begin, end = span
    speaking = sorted(
        (each for each in found if each.from_on <= begin <= each.to_on), key=lambda each: each.trigger
    )
    account = past.account
    arr = value_of(past, policy)
    human = arr is None or arr >= policy.saves.human_from_minor
    return Alarm(
        account.no, account.id, account.name, _csm(past, begin), begin, end, tuple(speaking),
        _result(past, span, policy, as_of), human,
    )  # fmt: skip


def _csm(past: Past, on: date) -> str | None:
    """Who the account's CSM was on a day; before it was recorded, who it is."""
    spells = (past.record.spells or {}).get("csm", ())
    if not spells or on < spells[0].from_on:
        return past.account.csm if not spells else str(spells[0].value)
    return next((str(each.value) for each in spells if each.from_on <= on <= each.to_on), None)


def _result(past: Past, span: Span, policy: Policy, as_of: date) -> str:
    """What came after an alarm, up to a day: of RESULTS."""
    begin, end = span
    follow = timedelta(days=policy.raw["saves"]["learning"]["follow_days"])
    outcomes = [each for each in past.outcomes if each.closed_on <= as_of]
    if any(each.result == "lost" and _warns(span, each, follow) for each in outcomes):
        return "lost"
    cool_down = timedelta(days=policy.saves.cool_down_days)
    cases = [case for case in past.cases if begin <= case.opened_on <= end + cool_down]
    if any(case.state in KEPT_SAVES for case in cases):
        return "saved"
    if any(not is_open(case) for case in cases):
        return "lost"
    if cases:
        return "open"
    after = {each.result for each in outcomes if begin <= each.closed_on <= end + follow}
    if "partial" in after:
        return "shrunk"
    if "won" in after:
        return "renewed"
    return "stayed" if as_of >= begin + follow else "open"


def days_of(outcome: Outcome) -> tuple[date, date]:
    """(when the customer decided, when we were told) of a loss, as far as is known."""
    told_on = outcome.told_on or outcome.closed_on
    return min(outcome.lost_on or told_on, told_on), told_on


def _warns(span: Span, outcome: Outcome, follow: timedelta) -> bool:
    """Whether an alarm speaks of a loss: it was raised by the day we were told, and not too long before."""
    lost_on, told_on = days_of(outcome)
    return span[0] <= told_on and span[1] >= lost_on - follow


def _loss(past: Past, outcome: Outcome, alarms: Iterable[Alarm], policy: Policy) -> Loss:
    lost_on, told_on = days_of(outcome)
    follow = timedelta(days=policy.raw["saves"]["learning"]["follow_days"])
    first = next((each for each in alarms if _warns((each.begun_on, each.ended_on), outcome, follow)), None)
    since = lost_on - follow
    read = any(since <= each.read_on <= told_on for each in past.record.readings)
    spells = past.record.spells or {}
    names = ("cancel_notice_on", "champion_gone", "competitor")
    facts = (each for name in names for each in spells.get(name, ()))
    read = read or any(each.from_on <= told_on and each.to_on >= since for each in facts)
    account = past.account
    worked = any(case.opened_on <= told_on <= (case.closed_on or date.max) for case in past.cases)
    arr = base_minor(outcome.arr_before_minor, outcome.currency or account.currency, policy)
    return Loss(
        account.no, account.id, account.name, _csm(past, lost_on), lost_on, told_on, arr, outcome.reason,
        first, read, worked,
    )  # fmt: skip


# --- a book ------------------------------------------------------------------------------------------


class Workload(NamedTuple):
    """What the rules would have asked of one CSM."""

    csm: str | None
    alarms: int
    false: int
    busiest: int  # alarms of the week with the most
    busiest_on: date | None  # the Monday of that week


class Rehearsal(NamedTuple):
    """A book rehearsed from one day to another, both in, under one policy."""

    from_on: date
    to_on: date
    accounts: int
    losses: tuple[Loss, ...]  # by day
    alarms: tuple[Alarm, ...]  # by day
    by_csm: tuple[Workload, ...]  # most alarms first
    weeks: int  # begun
    account_days: int  # on which the accounts are known to have been customers
    watched_days: int  # of them those on which any loss would have counted as seen before: chance alone

    @property
    def seen(self) -> tuple[Loss, ...]:
        """Losses with an alarm before the customer decided."""
        return tuple(each for each in self.losses if each.days is not None and each.days > 0)

    @property
    def late(self) -> tuple[Loss, ...]:
        """Losses with an alarm that came after the decision, by the day we were told."""
        return tuple(each for each in self.losses if each.days is not None and each.days <= 0)

    @property
    def missed(self) -> tuple[Loss, ...]:
        """Losses without one."""
        return tuple(each for each in self.losses if each.alarm is None)

    def of(self, *results: str) -> tuple[Alarm, ...]:
        """Alarms of which that came."""
        return tuple(each for each in self.alarms if each.result in results)


def rehearsal(courses: Iterable[Course], from_on: date, to_on: date) -> Rehearsal:
    """What the rules would have seen of a book: losses decided and alarms begun from one day to another."""
    accounts, losses, alarms, days, watched = 0, list[Loss](), list[Alarm](), 0, 0
    for each in courses:
        accounts += 1
        days += days_within(each.there, (from_on, to_on))
        watched += days_within(each.watched, (from_on, to_on))
        losses += [loss for loss in each.losses if from_on <= loss.lost_on <= to_on]
        alarms += [alarm for alarm in each.alarms if from_on <= alarm.begun_on <= to_on]
    losses.sort(key=lambda each: (each.lost_on, each.account_no))
    alarms.sort(key=lambda each: (each.begun_on, each.account_no))
    weeks = ((to_on - from_on).days // 7) + 1
    loads = tuple(_workloads(alarms))
    return Rehearsal(from_on, to_on, accounts, tuple(losses), tuple(alarms), loads, weeks, days, watched)


def _workloads(alarms: Sequence[Alarm]) -> Iterator[Workload]:
    by_csm: dict[str | None, list[Alarm]] = {}
    for each in alarms:
        by_csm.setdefault(each.csm, []).append(each)
    for csm, found in sorted(by_csm.items(), key=lambda item: (-len(item[1]), item[0] or "\U0010ffff")):
        weeks: dict[date, int] = {}
        for each in found:
            monday = each.begun_on - timedelta(days=each.begun_on.weekday())
            weeks[monday] = weeks.get(monday, 0) + 1
        busiest = max(weeks, key=lambda monday: (weeks[monday], monday))
        false = sum(each.result in FALSE for each in found)
        yield Workload(csm, len(found), false, weeks[busiest], busiest)
