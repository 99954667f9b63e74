"""The life of a case: every command on it, and what it makes true."""

import copy
from datetime import UTC, date, datetime, timedelta

from tests.save_simulation.dealings import Dealings
from tests.save_simulation.facts import (
    SCENARIOS,
    Account,
    Case,
    Mark,
    Round,
)  # fmt: skip
from tests.save_simulation.oracle import WATCHED_MONTHS, months_later
from tests.save_simulation.stage import EVERY


class World(Dealings):
    """One team with its portfolio. Each method is a command and what it makes true."""

    # -- the beginning and the end of a case -----------------------------------------------------------

    def _flag(self) -> tuple[date, datetime, list[str]]:
        """A flag of today or some days ago, with the hour or without."""
        rng = self.rng
        on = self.today - timedelta(rng.choice((0, 0, 0, 1, 2, 4)))
        if rng.random() < 0.5:
            return on, self.oracle.morning(on), ([] if on == self.today else ["--flagged", on.isoformat()])
        at = datetime(
            on.year, on.month, on.day, rng.randrange(24), rng.randrange(60), tzinfo=self.oracle.zone
        )
        words = ["--flagged", at.replace(tzinfo=None).isoformat()]
        return on, at.astimezone(UTC), words

    def start(self, account: Account) -> Case:
        """Open a case."""
        on, at, words = self._flag()
        urgent = account.segment == "enterprise" or account.notice_on is not None
        no = len(self.cases) + 1
        scenario = SCENARIOS[no % len(SCENARIOS)] if self.scenario == EVERY else self.scenario
        case = Case(no, account, account.csm, scenario, [Round(on, at, urgent, [at])])
        if self.run(case, "save", "start", account.id, "--scenario", scenario, *words):
            for each in self._of(account):
                each.followed = True
            self.cases.append(case)
        return case

    def close(self, case: Case, result: str) -> None:
        """End a case."""
        more = ["--arr", "1000"] if result == "partly_saved" else []

        def make() -> None:
            case.closed_on = self.today
            case.reach(result)

        words = ("save", "close", self.name(case), "--result", result, *more)
        self.on(case, make, *words, "--note", "so it ended")

    def lose(self, case: Case) -> None:
        """The account's contract is lost, and with it the save."""

        def make() -> None:
            case.account.gone = True
            if case.open:
                case.closed_on = self.today
                case.reach("lost")

        self.on(case, make, "lost", case.account.id, "--reason", "competitor")

    def relapse(self, case: Case) -> None:
        """A customer that was kept wants to leave after all."""
        on, at, words = self._flag()
        assert case.closed_on is not None
        if on <= case.closed_on:
            on, at, words = self.today, self.oracle.morning(self.today), []
        urgent = case.account.segment == "enterprise" or case.account.notice_on is not None

        def make() -> None:
            case.rounds.append(Round(on, at, urgent, [at]))
            case.closed_on, case.blocker, case.decision = None, False, False
            case.reach("detected")

        words = ["save", "reopen", f"s{case.no}", "--reason", "it came back", *words]
        if any(each.open for each in self._of(case.account)) or on > months_later(
            case.closed_on, WATCHED_MONTHS
        ):
            self.refused(case, *words)  # later, or beside another, it is a new case
        else:
            self.on(case, make, *words)

    # -- steps -----------------------------------------------------------------------------------------

    def call(self, case: Case) -> None:
        """The first contact, with its hour or without."""
        now, step = case.now, case.book.contact
        words: list[str] = []
        at: datetime | None = None
        if self.rng.random() < 0.6:
            at = self.oracle.morning(self.today) + timedelta(minutes=self.rng.randrange(0, 400))
            words = ["--at", at.strftime("%Y-%m-%dT%H:%M:%SZ")]

        def make() -> None:
            now.contact_on, now.contact_at = self.today, at
            now.marks[step] = Mark("done", self.today)

        self.on(case, make, "save", "done", case.item(step), *words)

    def tick(self, case: Case, step: str) -> None:
        """Do a step."""
        mark = Mark("done", self.today)
        first = ("save",) if self.rng.random() < 0.5 else ()
        self.on(case, lambda: case.now.marks.update({step: mark}), *first, "done", case.item(step))

    def plan_paper(self, case: Case) -> None:
        """Write the save plan down, which is the plan once the root cause is known (SAV-2)."""
        self.papers += 1
        file = self.program.folder / f"{self.papers}.md"
        words = ("save", "paper", self.name(case), "save-plan", "--format", "md", "-o", str(file))
        facts = {"paper:save-plan"} if case.now.cause else set()
        self.on(case, lambda: case.now.facts.update(facts), *words)

    def skip(self, case: Case, step: str) -> None:
        """Leave a step out."""
        mark = Mark("skipped", self.today)
        words = ("skip", case.item(step), "--reason", "not needed here")
        self.on(case, lambda: case.now.marks.update({step: mark}), *words)

    def put_off(self, case: Case, step: str, days: int) -> None:
        """Put a step off."""
        until = self.today + timedelta(days)
        words = ("snooze", case.item(step), "--until", until.isoformat())
        if step == case.book.contact and until > self.oracle.day(self.oracle.respond_by(case.now)):
            self.refused(case, *words)
            return
        mark = Mark("snoozed", self.today, until)
        self.on(case, lambda: case.now.marks.update({step: mark}), *words)

    def taken_back(self, case: Case, step: str) -> None:
        """Do a step, and undo it."""
        before = copy.deepcopy(case.__dict__ | {"account": None})
        account = case.account
        self.tick(case, step)
        if self.run(case, "undo", "--yes"):
            case.__dict__.update(before | {"account": account})

    def answer(self, case: Case, wanted: dict[str, str]) -> None:
        """Answer questions of the investigation."""
        said = [f"{key}={answer}" for key, answer in wanted.items()]
        self.on(case, lambda: case.now.findings.update(wanted), "save", "answer", self.name(case), *said)

    def why(self, case: Case, cause: str, stay: bool) -> None:
        """Ask why five times and name the root cause; the playbook that answers it takes over."""
        now, name = case.now, self.name(case)
        if now.whys < 5 and self.rng.random() < 0.15:
            self.refused(case, "save", "why", name, "--why", "because", "--root-cause", cause)
        target = case.book.causes[cause]
        words = [*["--why", "because of that"] * max(0, 5 - now.whys), "--root-cause", cause]
        switched = target != case.scenario and not stay
        if target != case.scenario:
            words += ["--stay", "we know better"] if stay else ["--switch", target]

        def make() -> None:
            now.whys, now.cause = max(5, now.whys), cause
            if switched:
                self._switched(case, target)

        self.on(case, make, "save", "why", name, *words)

    def switch(self, case: Case, target: str) -> None:
        """Go on with another playbook."""
        words = ("save", "why", self.name(case), "--switch", target)
        self.on(case, lambda: self._switched(case, target), *words)

    def _switched(self, case: Case, target: str) -> None:
        case.now.marks.pop(case.book.plan, None)  # the new plan is to be agreed anew
        case.now.facts.discard("paper:save-plan")
        case.now.proofs.discard("root_cause")  # it was of another
        case.now.begins.append(self.oracle.morning(self.today))
        case.scenario = target
        if case.state in ("planned", "executing", "stabilised"):
            case.reach("diagnosed")

    # -- the rest ------------------------------------------------------------------------------------------

    def prove(self, case: Case, criterion: str) -> None:
        """Evidence of one of the four (SAV-6)."""
        words = ("save", "evidence", self.name(case), criterion, "the customer said so")
        self.on(case, lambda: case.now.proofs.add(criterion), *words)

    def weigh(self, case: Case, decision: str) -> None:
        """Fight or let go (OPP-3)."""

        def make() -> None:
            case.now.facts.add("worth")
            case.let_go = decision == "let_go"

        words = ("--hours", "12", "--chance", "40", "--decide", decision, "--reason", "as the sheet says")
        self.on(case, make, "save", "worth", self.name(case), *words)

    def remark(self, case: Case) -> None:
        """A blocker, or a decision that is needed; or their end."""
        name = self.name(case)
        if self.rng.random() < 0.5:
            words = ("--cleared",) if case.blocker else ("--blocker", "legal is slow")
            self.on(case, lambda: setattr(case, "blocker", not case.blocker), "save", "note", name, *words)
        else:
            words = ("--taken", "yes") if case.decision else ("--decision", "shall we pay for it?")
            self.on(case, lambda: setattr(case, "decision", not case.decision), "save", "note", name, *words)

    def set_back(self, case: Case) -> None:
        """What had held no longer does: what showed it has to be shown again."""

        def make() -> None:
            case.now.proofs -= {"root_cause", "relationship"}
            case.reach("executing")

        self.on(case, make, "save", "note", self.name(case), "--setback", "it broke again")
