"""HLT: the score as it was: replayed for any day from what was known by then, with the same function.

A replay knows every reading, override and cap with the day it came or went. Between two such days a
score only fades, and it does so in straight lines: what holds at both ends of a line holds all along it,
so that a question about months costs a handful of scores and not one a day.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

from renewctl.core.health import (
    Fading,
    Profile,
    Scale,
    band_of,
    caps,
    fading,
    limited,
    mix,
    points_of,
    pulse,
    scale_of,
)
from renewctl.core.model import Account, HealthOverride, Reading
from renewctl.core.policy import Policy
from renewctl.core.signs import Spell

_DAY = timedelta(days=1)
_ROUNDED = 0.1  # more than rounding to a tenth moves a score
_PER_DAYS = 30  # trends are told in points per so many days
_CAPPING = ("cancel_notice_on", "champion_gone", "competitor", "ticket_severity")
_NOBODY: Mapping[str, date] = {}


class Record(NamedTuple):
    """All that the health of an account rested on over time."""

    account: Account
    readings: Sequence[Reading]
    overrides: Sequence[HealthOverride] = ()  # by `set_on`; `until_on` is the last day each was in force
    known_on: Mapping[str, date] = _NOBODY  # champion_gone, competitor -> since when on record
    profile: Profile | None = None
    # When each of the four capping facts held, by column (a severe ticket with its day), where that is known;
    # then in place of `known_on`.
    spells: Mapping[str, Sequence[Spell]] | None = None


class Known(NamedTuple):
    """The facts a score rests on, as known by one day, and the scale of the day it is asked for."""

    by: date
    on: date  # the day they are scored on
    account: Account
    readings: Sequence[Reading]
    override: HealthOverride | None
    scale: Scale


class Trend(NamedTuple):
    """The slope of the score. `slope` is in points per 30 days, None where there is too little to tell."""

    slope: float | None
    direction: str  # up | flat | down | unknown
    days: int  # looked back
    points: tuple[tuple[date, float], ...]  # the scores it is drawn through


class Replay:
    """The scores of one account up to `as_of`. On that day itself everything on record counts, as it does
    wherever the account is shown.
    """

    def __init__(self, record: Record, policy: Policy, as_of: date) -> None:
        self.record = record
        self.policy = policy
        self.as_of = as_of
        self._readings = sorted(record.readings, key=lambda each: each.read_on)
        self._read_on = [each.read_on for each in self._readings]
        columns = zip(*(each[2:9] for each in self._readings), strict=True)
        self._inputs = sum(any(value is not None for value in column) for column in columns)  # ever read
        self._in_force: dict[int, list[Reading]] = {}
        self._accounts: dict[int, Account] = {}
        self._plains: dict[int, tuple[float, date] | None] = {}  # by the number of readings before
        self._states: dict[int, tuple[Account, Fading]] = {}  # by the number of events before
        self._scores: dict[tuple[date, date], float | None] = {}

    def known(self, by: date, on: date | None = None) -> Known:
        """The facts known by a day, to be scored on that day or on a later one."""
        scale = self.scale(on or by)
        if by >= self.as_of:
            last = self.record.overrides[-1] if self.record.overrides else None
            said = last if last is not None and by <= last.until_on else None
            return Known(by, on or by, self.record.account, self._readings, said, scale)
        return Known(by, on or by, self._account(by), self._read_by(by), self._said(by), scale)

    def _said(self, by: date) -> HealthOverride | None:
        """The override in force on a day."""
        said = next((each for each in reversed(self.record.overrides) if each.set_on <= by), None)
        return None if said is None or by > said.until_on else said

    def _read_by(self, by: date) -> list[Reading]:
        """The readings of up to a day that are the newest of some input; no older one counts any more."""
        count = bisect_right(self._read_on, by)
        found = self._in_force.get(count)
        if found is None:
            found, read = [], set[int]()
            for each in reversed(self._readings[:count]):
                new = {at for at, value in enumerate(each[2:9]) if value is not None} - read
                if new:
                    found.append(each)
                    read |= new
                    if len(read) == self._inputs:
                        break
            found.reverse()
            self._in_force[count] = found
        return found

    def _account(self, by: date) -> Account:
        """The account without the capping facts that were not known by a day."""
        account, known_on = self.record.account, self.record.known_on
        if self.record.spells is not None:
            # between events no fact comes or goes
            count = bisect_right(self.events, by) if by > self.straight_to else -1
            if count not in self._accounts:
                self._accounts[count] = account._replace(**facts_on(self.record.spells, by))
            return self._accounts[count]
        unknown: dict[str, Any] = {}
        if account.cancel_notice_on is not None and account.cancel_notice_on > by:
            unknown["cancel_notice_on"] = None
        if account.champion_gone and by < known_on.get("champion_gone", date.min):
            unknown["champion_gone"] = 0
        if account.competitor and by < known_on.get("competitor", date.min):
            unknown["competitor"] = None
        if account.ticket_severity_on is not None and account.ticket_severity_on > by:
            unknown["ticket_severity"] = None
        return account._replace(**unknown) if unknown else account

    def score(self, on: date, by: date | None = None) -> float | None:
        """The score on a day, from what was known on it or only from what was known `by` an earlier one."""
        key = (on, by or on)
        if key not in self._scores and key[1] < self.as_of:
            self._scores[key] = self._past_score(on, key[1])
        elif key not in self._scores:
            facts = self.known(by or on, on)
            said = None if facts.override is None else facts.override.score
            given = (facts.account, facts.readings, self.policy, on, said, self.record.profile)
            self._scores[key] = pulse(*given)[0]
        return self._scores[key]

    def _past_score(self, on: date, by: date) -> float | None:
        """`score` from what was known by a day before `as_of`: between events only age moves it."""
        scale = self.scale(on)
        if (plain := self._plain(by)) is not None:
            keep, lift = scale.fade(plain[1])
            return limited(plain[0] * keep + lift, (), scale)
        account, values = self._state(by, on)
        raw = values.raw(scale)
        return None if raw is None else limited(raw, caps(account, self.policy, on), scale)

    def _state(self, by: date, on: date) -> tuple[Account, Fading]:
        count = bisect_right(self.events, by)
        state = self._states.get(count)
        if state is None:
            said = self._said(by)
            scale = self.scale(on)
            values = fading(self._read_by(by), scale, None if said is None else said.score)
            state = self._states[count] = self._account(by), values
        return state

    def scale(self, on: date) -> Scale:
        """The rules of a day as they hold for this account."""
        return scale_of(self.policy, on, self.record.profile)

    def bounds(self, first: Scale, last: Scale, by: date) -> tuple[float, float] | None:
        """Bounds of every score from one day to another from what was known by a day up to the first.

        For days before `as_of`; None where there is no score.
        """
        if (plain := self._plain(by)) is not None:
            score, on = plain
            keep, lift = first.fade(on)
            begin = score * keep + lift
            keep, lift = last.fade(on)
            end = score * keep + lift
            return (begin - _ROUNDED, end + _ROUNDED) if begin < end else (end - _ROUNDED, begin + _ROUNDED)
        account, values = self._state(by, first.as_of)
        found = values.bounds(first, last)
        if found is None:
            return None
        limits = caps(account, self.policy, last.as_of)
        least = min([found[0], *(self.policy.health.caps.get(name, 100.0) for name in limits)])
        return least - _ROUNDED, found[1] + _ROUNDED

    def _plain(self, by: date) -> tuple[float, date] | None:
        """(score while fresh, its day) of a reading that alone tells all by a day; None: there is more."""
        if by > self.straight_to:
            return None
        count = bisect_right(self._read_on, by)
        if count not in self._plains:
            self._plains[count] = self._told_alone(self._readings[count - 1]) if count else None
        return self._plains[count]

    def _told_alone(self, reading: Reading) -> tuple[float, date] | None:
        read = sum(value is not None for value in reading[2:9])
        if read < self._inputs or reading.score is not None:
            return None
        scale = self.scale(reading.read_on)
        total, present = mix(points_of([reading], scale), scale)
        return (total / present, reading.read_on) if present and present >= scale.least else None

    @cached_property
    def straight_to(self) -> date:
        """The day up to which only readings move the score, which then runs straight between turns."""
        spells = self.record.spells
        if spells is None:
            return date.min
        days = [each.from_on for name in _CAPPING for each in spells.get(name, ())]
        days += [each.set_on for each in self.record.overrides]
        return min(days, default=date.max) - _DAY

    @cached_property
    def peak(self) -> float:
        """No score up to `straight_to` is above it; infinite where readings do not each tell all."""
        told = [self._plain(on) for on in self._read_on if on <= self.straight_to]
        known = [each[0] for each in told if each is not None]
        whole = len(known) == len(told)
        return max([*known, self.policy.health.neutral]) + _ROUNDED if whole else inf

    def band(self, on: date) -> str | None:
        """HLT-1: the band on a day."""
        return band_of(self.score(on), self.scale(on))

    @cached_property
    def events(self) -> list[date]:
        """The days up to `as_of` on which a fact behind the score came or went, in order."""
        account, known_on = self.record.account, self.record.known_on
        days = {each.read_on for each in self._readings}
        for said in self.record.overrides:
            days |= {said.set_on, said.until_on + _DAY}
        if self.record.spells is not None:
            days |= set(self._spell_days(self.record.spells))
            return sorted(day for day in days if day <= self.as_of)
        if account.cancel_notice_on is not None:
            days.add(account.cancel_notice_on)
        days |= {day for name, day in known_on.items() if getattr(account, name)}
        if account.ticket_severity == 1 and account.ticket_severity_on is not None:
            days.add(account.ticket_severity_on + timedelta(days=self.policy.health.severity_days + 1))
        return sorted(day for day in days if day <= self.as_of)

    def _spell_days(self, spells: Mapping[str, Sequence[Spell]]) -> Iterator[date]:
        """The days on which a capping fact came or went, and on which a severe ticket began to cap."""
        for name, found in spells.items():
            for each in found:
                yield each.from_on
                if each.to_on < date.max:
                    yield each.to_on + _DAY
                if name == "ticket_severity" and each.value[1] is not None:
                    yield each.value[1] + timedelta(days=self.policy.health.severity_days + 1)

    @cached_property
    def turns(self) -> list[date]:
        """The days on which the score may leave its straight line: events, where fading begins and ends, and
        `as_of`.

        From each of them to the day before the next the score moves one way only.
        """
        rules = self.policy.health
        days = {self.as_of, *self.events}
        for reading in self._readings:
            knee = reading.read_on + timedelta(days=rules.fade_after_days)
            days |= {knee, knee + timedelta(days=rules.fade_over_days)}
        return sorted(day for day in days if day <= self.as_of)

    def spell_below(self, limit: float, last: date) -> date | None:
        """The first day of the unbroken spell up to `last` with a score under `limit`; None: it is not."""
        if not _under(self.score(last), limit):
            return None
        for start in reversed(self.turns):
            if start > last:
                continue
            if not _under(self.score(last), limit):
                return last + _DAY
            if not _under(self.score(start), limit):
                return self._first_below(start, last, limit)
            last = start - _DAY
        return last + _DAY

    def _first_below(self, above: date, below: date, limit: float) -> date:
        """Between a day that is not under the limit and one that is, on one line: the first that is."""
        while (below - above).days > 1:
            middle = above + (below - above) // 2
            if _under(self.score(middle), limit):
                below = middle
            else:
                above = middle
        return below

    def lowest(self, first: date, last: date) -> tuple[float, date] | None:
        """The lowest score from `first` to `last`, with a day on which it was so; None: there was none."""
        days = {first, last}
        for turn in self.turns:
            days |= {turn, turn - _DAY}
        asked = (day for day in days if first <= day <= last)
        found = [(score, day) for day in asked if (score := self.score(day)) is not None]
        return min(found, default=None)

    def trend(self) -> Trend:
        """HLT-2: where the score has been heading over the days the policy looks back."""
        rules = self.policy.health_work
        first = self.as_of - timedelta(days=rules.trend_days)
        days = sorted({first, self.as_of, *(day for day in self.events if day >= first)})
        points = tuple((day, score) for day in days if (score := self.score(day)) is not None)
        if (
            not points
            or points[-1][0] != self.as_of
            or (self.as_of - points[0][0]).days < rules.trend_least_days
        ):
            return Trend(None, "unknown", rules.trend_days, points)
        slope = round(_slope([((day - first).days, score) for day, score in points]) * _PER_DAYS, 1)
        flat = rules.trend_flat
        direction = "up" if slope > flat else "down" if slope < -flat else "flat"
        return Trend(slope, direction, rules.trend_days, points)


def facts_on(spells: Mapping[str, Sequence[Spell]], on: date) -> dict[str, Any]:
    """The capping facts of an account as they held on a day, by column."""
    now = {
        name: next((each.value for each in reversed(found) if each.from_on <= on <= each.to_on), None)
        for name, found in spells.items()
    }
    severity, since = now.get("ticket_severity") or (None, None)
    return {
        "cancel_notice_on": now.get("cancel_notice_on"),
        "champion_gone": now.get("champion_gone") or 0,
        "competitor": now.get("competitor"),
        "ticket_severity": severity,
        "ticket_severity_on": since,
    }


def _under(score: float | None, limit: float) -> bool:
    return score is not None and score < limit


def _slope(points: Sequence[tuple[int, float]]) -> float:
    """Of the straight line with the least squares through points of at least two days."""
    middle = sum(at for at, _ in points) / len(points)
    level = sum(score for _, score in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (score - level) for at, score in points) / spread
