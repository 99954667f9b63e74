"""What a save owes on a day, from the rules' text and the playbooks' files alone.

Hours are hours of UTC, days are days of the calendar in the team's time zone. Nothing of the program is
imported here, nor any of its words but those the rules give.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.save_simulation.facts import KEPT, LIFE, RESPOND, TARGET, Case, Mark, Play, Promise, Round

DAY_BEGINS = time(9)
UPDATE_EVERY, SOON, CHECK_INS = 7, 3, (30, 60, 90)
PROGRAMME, TOUCH_EVERY, REPORT_EVERY, WATCHED_MONTHS = 90, 7, 30, 6
LOUD, CLOCK, BY_DAY = range(3)


class Step(NamedTuple):
    """A step as it has to be shown."""

    step: str
    due: frozenset[date]  # the days that are right: of work closed before a switch, either plan's
    at: datetime | None
    owner: str
    delegate: bool
    state: str
    fate: str
    waits: tuple[str, ...]
    back_on: date  # the day it is asked for


class Line(NamedTuple):
    """A line of the agenda as it has to be."""

    item: str
    due_on: date
    owner: str
    rank: int


class Team(NamedTuple):
    """Who fills which role, and who manages whom."""

    roles: dict[str, str]
    managers: dict[str, str]


class Oracle:
    """The rules on saves, for a team in a time zone."""

    def __init__(self, zone: str, team: Team) -> None:
        self.zone = ZoneInfo(zone)
        self.team = team

    # -- hours and days ------------------------------------------------------------------------------

    def morning(self, on: date) -> datetime:
        """The moment from which a day without an hour counts."""
        return datetime.combine(on, DAY_BEGINS, self.zone).astimezone(UTC)

    def day(self, at: datetime) -> date:
        """The day of a moment where the team is."""
        return at.astimezone(self.zone).date()

    def respond_by(self, now: Round) -> datetime:
        """SAV-1: 48 hours after the flag."""
        return now.flagged_at + RESPOND

    def target_by(self, now: Round) -> datetime | None:
        """SAV-1: 24 hours for enterprise accounts and cancellation notices."""
        return now.flagged_at + TARGET if now.urgent else None

    def clock(self, case: Case, today: date) -> tuple[str, float]:
        """(running | late | answered, hours left) seen as a day begins."""
        now = case.now
        if now.contact_on is not None:
            return "answered", 0.0
        seen = max(self.morning(today), now.flagged_at)
        left = (self.respond_by(now) - seen).total_seconds() / 3600
        return "late" if seen > self.respond_by(now) else "running", left

    # -- who -----------------------------------------------------------------------------------------

    def owner(self, case: Case, role: str) -> tuple[str, bool]:
        """SAV-5, OWN-3: (person, whether as a stand-in)."""
        account = case.account
        if role in case.team:
            return case.team[role], False
        if role == "owner":
            return self._renewal_owner(case), False
        own = {
            "csm": account.csm,
            "sales": account.sales,
            "executive_sponsor": account.sponsor,
            "manager": self.team.managers.get(account.csm, ""),
        }
        person = own.get(role) or self.team.roles.get(role, "")
        if person:
            return person, False
        return account.csm or self._renewal_owner(case) or case.owner, True

    def _renewal_owner(self, case: Case) -> str:
        """OWN-2, hybrid: from 50K sales, else the CSM, to whom a vacant role falls."""
        account = case.account
        sales = account.sales or self.team.roles.get("sales", "")
        return (sales if account.arr >= 50_000 and not account.gone else "") or account.csm

    # -- steps ---------------------------------------------------------------------------------------

    def ahead(self, case: Case, today: date) -> date | None:
        """The day of the next step that a running case owes; of check-ins, provisional, those to come."""
        steps = self.steps(case)
        days = [each.back_on for each in steps if each.fate == "active" and each.state in ("open", "snoozed")]
        checks = self.check_ins(case).items()
        days += [on for number, on in checks if f"checkin-{number}" not in case.now.marks and on >= today]
        return min(days, default=None)

    def facts(self, case: Case) -> set[str]:
        """What conditions of steps may name."""
        account, now = case.account, case.now
        segment = "" if account.gone else account.segment
        high = account.strategic or segment == "enterprise"
        said = {
            segment: bool(segment),
            "cancel_notice": account.notice_on is not None,
            "strategic": account.strategic,
            "champion_gone": account.champion_gone,
            "high_value": high,
        }
        return {name for name, holds in said.items() if holds} | (
            {f"cause={now.cause}"} if now.cause else set()
        )

    def shown(self, case: Case, play: Play) -> bool:
        """Whether a fact on record closes a step by itself."""
        now = case.now
        facts = set(now.facts)
        for promise in case.promises:  # of one that was taken back nothing is left
            if promise.made_on >= now.flagged_on and promise.state != "withdrawn":
                facts |= {"promise", f"promise:{promise.chain}"}
        if now.cause:
            facts.add("cause")
        if now.contact_on is not None:
            facts.add("contact")
        if play.asks and all(key in now.findings for key in play.asks):
            facts.add("answers")
        return not facts.isdisjoint(play.done_by)

    def status(self, case: Case, play: Play) -> str:
        """open | snoozed | done | skipped."""
        mark = case.now.marks.get(play.step)
        if mark is not None and mark.state in ("done", "skipped"):
            return mark.state
        if self.shown(case, play):
            return "done"
        return "open" if mark is None else "snoozed"

    def fates(self, case: Case) -> dict[str, str]:
        """Which steps are to be done: active | undecided | dropped."""
        facts, plays = self.facts(case), case.book.plays
        closed = {play.step for play in plays if self.status(case, play) in ("done", "skipped")}
        found: dict[str, str] = {}

        def fate(play: Play) -> str:
            if play.step not in found:
                found[play.step] = "undecided"  # should it hang on itself
                said = [] if play.step in closed else [holds(each) for each in play.when]
                found[play.step] = "dropped" if False in said else "undecided" if None in said else "active"
            return found[play.step]

        def holds(text: str) -> bool | None:
            if "=" not in text:
                return text in facts
            differs = "!=" in text
            key, _, answer = text.partition("!=" if differs else "=")
            if key == "cause":
                return (f"cause={answer}" in facts) is not differs if case.now.cause else None
            if key in case.now.findings:
                return (case.now.findings[key] == answer) is not differs
            asking = [play for play in plays if key in play.asks and fate(play) != "dropped"]
            return None if asking else differs

        return {play.step: fate(play) for play in plays}

    def steps(self, case: Case) -> list[Step]:
        """Every step of the playbook with its day and its owner."""
        fates, now = self.fates(case), case.now
        status = {play.step: self.status(case, play) for play in case.book.plays}
        found = []
        for play in case.book.plays:
            owner, delegate = self.owner(case, play.role)
            first = play.step == case.book.contact
            begin = now.flagged_at if first else now.begins[-1]
            days, at = self._day(play, begin)
            right = {days}
            if status[play.step] in ("done", "skipped") and not first:
                right = {self._day(play, each)[0] for each in now.begins}
            mark = now.marks.get(play.step)
            waits = tuple(
                each.step
                for each in case.book.plays
                if each.step in play.after
                and status[each.step] not in ("done", "skipped")
                and fates[each.step] != "dropped"
            )
            found.append(
                Step(
                    play.step, frozenset(right), at if len(right) == 1 else None, owner, delegate,
                    status[play.step], fates[play.step], waits, self._back(case, days, mark, first),
                )
            )  # fmt: skip
        return found

    def _day(self, play: Play, begin: datetime) -> tuple[date, datetime | None]:
        """Hours count in UTC, days on the calendar."""
        if play.hours is None:
            return self.day(begin) + timedelta(play.day), None
        at = begin + timedelta(hours=play.hours)
        return self.day(at), at

    def _back(self, case: Case, due_on: date, mark: Mark | None, first: bool) -> date:
        """The day a step is asked for: that it was put off to, the first contact never past its clock."""
        if mark is not None and mark.until is not None:
            due_on = mark.until
        return min(due_on, self.day(self.respond_by(case.now))) if first else due_on

    # -- what happens --------------------------------------------------------------------------------

    def forward(self, case: Case, today: date) -> None:
        """Facts bring a case forward by themselves, one state after the other."""
        while case.open and case.state != LIFE[-1]:
            after = LIFE[LIFE.index(case.state) + 1]
            if not self._reached(case, after, today):
                return
            case.reach(after)

    def _reached(self, case: Case, state: str, today: date) -> bool:
        now = case.now
        if state == "contacted":
            return now.contact_on is not None
        if state == "diagnosed":
            return bool(now.cause)
        if state == "stabilised":  # SAV-6 but the commitment; a promise not kept stands in the way
            broken = any(self.stands(case, each, today) in ("missed", "broken") for each in case.promises)
            return bool(now.cause) and {"root_cause", "relationship"} <= now.proofs and not broken
        return any(play.state == state and self.status(case, play) == "done" for play in case.book.plays)

    def lacking(self, case: Case, today: date) -> set[str]:
        """SAV-6: which of the four are not shown."""
        now = case.now
        missing = {"commitment", "root_cause", "relationship"} - now.proofs
        if case.account.notice_on is not None:
            missing.add("commitment")
        if not now.cause:
            missing.add("root_cause")
        if any(
            self.stands(case, each, today) in ("open", "soon", "missed", "broken") for each in case.promises
        ):
            missing.add("promises")
        return missing

    def stands(self, case: Case, promise: Promise, today: date) -> str:
        """How a promise stands (SAV-9)."""
        if promise.state == "open":
            if promise.due_on < today:
                return "missed"
            return "soon" if (promise.due_on - today).days <= SOON else "open"
        if promise.state == "broken":
            return "broken" if self._stand_in(case, promise) is promise else "replaced"
        late = promise.state == "kept" and promise.settled_on is not None
        return "late" if late and promise.settled_on > promise.due_on else promise.state  # type: ignore[operator]

    def _stand_in(self, case: Case, promise: Promise) -> Promise:
        """What was last given in place of a broken promise; itself where nothing was, or it was let off."""
        if promise.state == "broken":
            for each in case.promises:
                if each.replaces == promise.no and each.state != "withdrawn":
                    return self._stand_in(case, each)
        return promise

    def too_early(self, case: Case, promise: Promise) -> bool:
        """Whether a step of a fix comes after one that is not kept: it cannot be kept yet (SAV-P)."""
        after = promise.after
        while after is not None:
            [named] = [each for each in case.promises if each.no == after]
            before = self._stand_in(case, named)
            if before.state != "withdrawn":
                return before.state in ("open", "broken")
            after = before.after
        return False

    # -- the agenda ----------------------------------------------------------------------------------

    def lines(self, case: Case, today: date, until: date) -> list[Line]:
        """What `due` has to list of a case up to a day."""
        return [line for line in self._lines(case, today) if line.due_on <= until]

    def _lines(self, case: Case, today: date) -> Iterator[Line]:
        csm = self.owner(case, "csm")[0]
        if case.open:
            for step in self.steps(case):
                if step.fate == "active" and step.state in ("open", "snoozed"):
                    rank = CLOCK if step.step == case.book.contact else BY_DAY
                    yield Line(case.item(step.step), step.back_on, step.owner, rank)
            for number, due_on in self.updates(case, today):
                rank = LOUD if due_on < today else BY_DAY
                yield Line(case.item(f"update-{number}"), due_on, csm, rank)
        elif case.state not in KEPT or case.account.gone:
            return
        yield from self._promised(case, today, csm)
        if not (case.open or self.looked_after(case, today)):
            return
        for days, due_on in self.check_ins(case).items():
            if f"checkin-{days}" not in case.now.marks:
                yield Line(case.item(f"checkin-{days}"), due_on, csm, BY_DAY)
        if not case.open:
            for kind, days_of in self.recovery(case).items():
                for number, due_on in self.owed(case, kind, days_of, today):
                    yield Line(case.item(f"{kind}-{number}"), due_on, csm, BY_DAY)

    def looked_after(self, case: Case, today: date) -> bool:
        """SAV-10: six months, and what was missed then is asked for a month more; a new case takes over."""
        assert case.closed_on is not None
        until = months_later(case.closed_on, WATCHED_MONTHS) + timedelta(30)
        return today <= until and not case.followed

    def _promised(self, case: Case, today: date, csm: str) -> Iterator[Line]:
        for promise in case.promises:
            stands = self.stands(case, promise, today)
            if stands in ("open", "soon", "missed", "broken"):
                rank = BY_DAY if stands == "open" else LOUD
                yield Line(case.item(f"p{promise.no}"), promise.due_on, promise.owner, rank)
        for level in case.levels:
            if level.every is not None:
                days = [(n, level.from_on + timedelta(n * level.every)) for n in range(1, 200)]
                for number, due_on in self.owed(case, f"level{level.no}", days, today):
                    rank = LOUD if due_on < today else BY_DAY
                    yield Line(case.item(f"level{level.no}-{number}"), due_on, csm, rank)
        minutes = {level.no: level.minutes or 0 for level in case.levels}
        for call in case.calls:
            if not call.answered:
                due_on = self.day(call.asked_at + timedelta(minutes=minutes[call.level]))
                rank = LOUD if due_on <= today else BY_DAY
                yield Line(case.item(f"answer{call.no}"), due_on, csm, rank)

    def updates(self, case: Case, today: date) -> list[tuple[int, date]]:
        """SAV-9: a word every week from the flag while the case runs, even with nothing to report."""
        begin = self.day(case.now.flagged_at)
        weeks = (today - begin).days // UPDATE_EVERY + 12
        days = [(n, begin + timedelta(n * UPDATE_EVERY)) for n in range(1, weeks)]
        return self.owed(case, "update", days, today)

    def owed(
        self, case: Case, kind: str, days: list[tuple[int, date]], today: date
    ) -> list[tuple[int, date]]:
        """Of work that comes back: the last that is due and was not done since, and the next."""
        done = [int(step[len(kind) + 1 :]) for step in case.now.marks if step.startswith(f"{kind}-")]
        ahead = [(number, on) for number, on in days if number > max(done, default=0)]
        past = [each for each in ahead if each[1] <= today]
        return past[-1:] + [each for each in ahead if each[1] > today][:1]

    def check_ins(self, case: Case) -> dict[int, date]:
        """SAV-10: from the day it was saved; until then provisional, from the flag."""
        kept = case.state in KEPT and case.closed_on is not None
        begin = case.closed_on if kept else case.now.flagged_on
        assert begin is not None
        return {days: begin + timedelta(days) for days in CHECK_INS}

    def recovery(self, case: Case) -> dict[str, list[tuple[int, date]]]:
        """SAV-10: a weekly touch and a monthly report for 90 days, then a look each month to six."""
        assert case.closed_on is not None
        found = {
            kind: [(n, case.closed_on + timedelta(n * every)) for n in range(1, PROGRAMME // every + 1)]
            for kind, every in (("touch", TOUCH_EVERY), ("report", REPORT_EVERY))
        }
        after = range(PROGRAMME // 30 + 1, WATCHED_MONTHS + 1)
        found["attention"] = [(n, months_later(case.closed_on, n)) for n in after]
        return found


def months_later(start: date, months: int) -> date:
    """Calendar months: a day that the month has not is its last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
