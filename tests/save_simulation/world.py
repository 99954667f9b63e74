"""The team, its accounts and its saves: every command, and what it makes true."""

import copy
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from tests.save_simulation.compare import Findings
from tests.save_simulation.facts import (
    KEPT,
    SCENARIOS,
    Account,
    Call,
    Case,
    Level,
    Mark,
    Promise,
    Round,
)  # fmt: skip
from tests.save_simulation.oracle import WATCHED_MONTHS, Oracle, Team, months_later
from tests.simulation.program import Program

REFUSED = 14
EVERY = "every"  # the scenarios in turn
PEOPLE = ("ana", "rui", "sofia", "paulo", "ines", "tiago")
# Time zones, each with days around which its clocks change, a month ends or February has 29 days.
PLACES = (
    ("UTC", date(2024, 2, 25)),
    ("America/New_York", date(2024, 3, 8)),
    ("America/Sao_Paulo", date(2018, 11, 2)),
    ("America/New_York", date(2023, 11, 3)),
    ("America/Sao_Paulo", date(2019, 2, 14)),
    ("UTC", date(2023, 12, 26)),
    ("America/New_York", date(2024, 2, 20)),
    ("America/Sao_Paulo", date(2024, 1, 27)),
)
_ROLES = ("manager", "product_manager", "engineering", "support", "finance", "solution_engineer")


class Place(NamedTuple):
    """Where and when a team works."""

    zone: str
    begin: date


class World:
    """One team with its portfolio. Each method is a command and what it makes true."""

    def __init__(self, program: Program, place: Place, scenario: str, size: int, rng: random.Random) -> None:
        self.program, self.place, self.rng = program, place, rng
        self.today = place.begin
        self.findings = Findings()
        self.team = self._people()
        self.oracle = Oracle(place.zone, self.team)
        self.scenario = scenario
        self.accounts = [self._account(at) for at in range(size)]
        self.cases: list[Case] = []
        self.numbers = {"promise": 0, "level": 0, "call": 0, "offer": 0}
        self.papers = 0
        self.transfers = 0
        self.touched: set[int] = set()
        self._import()

    # -- the beginning -------------------------------------------------------------------------------

    def _people(self) -> Team:
        rng = self.rng
        roles = {role: rng.choice(PEOPLE) for role in (*_ROLES, "sales") if rng.random() < 0.5}
        managers = {csm: rng.choice(PEOPLE) for csm in PEOPLE[:4] if rng.random() < 0.5}
        lines = ["[general]", f'time_zone = "{self.place.zone}"', "[team]"]
        lines += [f'{role} = "{person}"' for role, person in roles.items()]
        lines += ["[team.managers]", *(f'{csm} = "{person}"' for csm, person in managers.items())]
        self.program.policy.write_text("\n".join(lines) + "\n")
        return Team(roles, managers)

    def _account(self, at: int) -> Account:
        rng = self.rng
        return Account(
            f"A{at}", rng.choice((6_000, 20_000, 49_999, 50_000, 120_000, 400_000)), rng.choice(PEOPLE[:4]),
            rng.choice(("", "", "vera")), rng.choice(("", "eli")), rng.random() < 0.2,
            self.scenario == "champion_departure" or rng.random() < 0.1,
            self.place.begin + timedelta(rng.randrange(330, 500)),
        )  # fmt: skip

    def _import(self) -> None:
        head = "id,name,arr,currency,renewal_date,csm,sales_owner,executive_sponsor,strategic,champion_gone"
        rows = [
            f"{each.id},Firm {each.id},{each.arr},USD,{each.renewal_on},{each.csm},{each.sales},"
            f"{each.sponsor},{'yes' if each.strategic else ''},{'yes' if each.champion_gone else ''}"
            for each in self.accounts
        ]
        file = self.program.folder / "accounts.csv"
        file.write_text("\n".join([head, *rows]) + "\n")
        self.program(self.today, "import", str(file))

    # -- how commands are run ------------------------------------------------------------------------

    def run(self, case: Case | None, *words: str, code: int = 0) -> bool:
        """Run a command that has to end so; a fault where it ends otherwise."""
        try:
            self.program(self.today, *words, code=code)
        except Exception as error:  # whatever it is, it is what we look for
            self.findings.found("command", f"{self.place.zone} {error}")
            return False
        if case is not None:
            self.touched.add(case.no)
        return True

    def refused(self, case: Case, *words: str) -> None:
        """A command that no rule allows."""
        self.run(case, *words, code=REFUSED)

    def on(self, case: Case, make: Callable[[], object], *words: str) -> None:
        """A command on a case, what it makes true, and how far that brings it."""
        if self.run(case, *words):
            make()
            self.oracle.forward(case, self.today)

    def name(self, case: Case) -> str:
        """What people call a case by: its number or its account."""
        return (
            f"s{case.no}" if self.rng.random() < 0.8 or len(self._of(case.account)) > 1 else case.account.id
        )

    def _of(self, account: Account) -> list[Case]:
        return [each for each in self.cases if each.account is account]

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

    # -- promises, service levels, offers ----------------------------------------------------------------

    def _number(self, kind: str) -> int:
        self.numbers[kind] += 1
        return self.numbers[kind]

    def promise(self, case: Case, days: int, replaces: Promise | None = None) -> None:
        """Promise something."""
        due_on, owner = self.today + timedelta(days), self.rng.choice((*PEOPLE, ""))
        words = ["--due", due_on.isoformat(), *(["--owner", owner] if owner else [])]
        words += ["--replaces", f"p{replaces.no}"] if replaces else []

        def make() -> None:
            no = self._number("promise")
            made = Promise(no, due_on, owner or case.owner, self.today, replaces=replaces and replaces.no)
            case.promises.append(made)

        self.on(case, make, "save", "promise", "add", self.name(case), "a word given", *words)

    def chain(self, case: Case, days: int) -> None:
        """Promise a fix step by step: beta about two weeks before the release (SAV-P)."""
        release_on = self.today + timedelta(days)

        def make() -> None:
            before = None
            for back, role in (
                (28, "engineering"),
                (21, "engineering"),
                (14, "product_manager"),
                (0, "product_manager"),
            ):
                no, owner = self._number("promise"), self.oracle.owner(case, role)[0]
                made = Promise(no, release_on - timedelta(back), owner, self.today, before, chain="fix")
                case.promises.append(made)
                before = no

        words = ("save", "promise", "chain", self.name(case), "the fix", "--release", release_on.isoformat())
        self.on(case, make, *words)

    def settle(self, case: Case, promise: Promise, state: str) -> None:
        """A promise is kept, broken or taken back."""
        verb = "withdraw" if state == "withdrawn" else state
        words = ("save", "promise", verb, f"p{promise.no}", "--evidence", "seen by the customer")
        if state == "kept" and self.oracle.too_early(case, promise):
            self.refused(case, *words)
            return

        def make() -> None:
            promise.state, promise.settled_on = state, self.today

        self.on(case, make, *words)

    def level(self, case: Case) -> None:
        """Give a service level in writing."""
        hours, every = self.rng.choice(((4, None), (2, None), (30, None), (None, 7), (None, 30)))
        words = ["--hours", str(hours)] if hours else ["--every", str(every)]

        def make() -> None:
            no = self._number("level")
            case.levels.append(Level(no, hours and hours * 60, every, self.today))

        self.on(case, make, "save", "level", "add", self.name(case), "support", "as agreed", *words)

    def keep_rhythm(self, case: Case, level: Level) -> None:
        """What happens every so many days has happened."""
        kind = f"level{level.no}"
        assert level.every is not None
        days = [(n, level.from_on + timedelta(n * level.every)) for n in range(1, 200)]
        number = self.oracle.owed(case, kind, days, self.today)[0][0]
        self.tick(case, f"{kind}-{number}")

    def called_upon(self, case: Case, level: Level) -> None:
        """The customer asks for what a level promises."""
        at = self.oracle.morning(self.today) + timedelta(minutes=self.rng.randrange(0, 300))

        def make() -> None:
            case.calls.append(Call(self._number("call"), level.no, at))

        self.on(
            case, make, "save", "level", "log", f"l{level.no}", "--asked", at.strftime("%Y-%m-%dT%H:%M:%SZ")
        )

    def answered(self, case: Case, call: Call) -> None:
        """The customer has an answer."""
        at = max(self.oracle.morning(self.today), call.asked_at) + timedelta(minutes=30)

        def make() -> None:
            call.answered = True

        words = ("save", "done", case.item(f"answer{call.no}"), "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.on(case, make, *words)

    def offer(self, case: Case) -> None:
        """Offer something that needs nobody's approval; the customer takes it or does not."""
        name, words = self.rng.choice(
            (
                ("roadmap", ["--what", "the report builder", "--months", "3"]),
                ("trial", ["--what", "advanced features", "--months", "1"]),
            )
        )  # fmt: skip
        words = [*words, "--condition", "they sign for a year", "--root-cause", "what hurts them"]
        if not self.run(case, "save", "offer", self.name(case), "--instrument", name, *words):
            return
        case.now.facts |= {"offer", f"offer:{name}"}
        self.oracle.forward(case, self.today)
        no = f"o{self._number('offer')}"
        if self.rng.random() < 0.4:
            self.on(case, lambda: None, "save", "decline", no, "--reason", "not what they need")
        else:
            self._accepted(case, no)

    def _accepted(self, case: Case, offer: str) -> None:
        try:
            said: dict[str, Any] = self.program.json(self.today, "save", "accept", offer)
        except Exception as error:
            self.findings.found("command", str(error))
            return
        for row in said["promises"]:
            no = self._number("promise")
            if row["id"] != f"p{no}":
                self.findings.found("other", f"{row['id']} made by {offer} is not p{no}")
            case.promises.append(Promise(no, date.fromisoformat(row["due_on"]), row["owner"], self.today))
        self.touched.add(case.no)
        self.oracle.forward(case, self.today)

    # -- people --------------------------------------------------------------------------------------------

    def give_role(self, case: Case) -> None:
        """A role goes to a person for this case."""
        role, person = self.rng.choice((*_ROLES, "sales", "executive_sponsor")), self.rng.choice(PEOPLE)
        words = ("save", "team", self.name(case), f"{role}={person}")
        self.on(case, lambda: case.team.update({role: person}), *words)

    def hand_over(self, account: Account) -> None:
        """The account goes to another CSM: all that is open goes along."""
        giver = account.csm
        taker = self.rng.choice([each for each in PEOPLE if each != giver])
        words = ("reassign", "--from", giver, "--to", taker, "--account", account.id, "--yes")
        if not self.run(None, *words):
            return
        for name in ("csm", "sales", "sponsor"):
            if getattr(account, name) == giver:
                setattr(account, name, taker)
        for case in self._of(account):
            self.touched.add(case.no)
            if not (case.open or case.state in KEPT):
                continue
            case.owner = taker if case.owner == giver else case.owner
            case.team = {role: taker if who == giver else who for role, who in case.team.items()}
            for promise in case.promises:
                if promise.owner == giver and promise.state in ("open", "broken"):
                    promise.owner = taker

    def new_csm(self, account: Account) -> None:
        """The account's CSM is set to somebody else."""
        taker = self.rng.choice([each for each in PEOPLE if each != account.csm])
        if self.run(None, "set", account.id, f"csm={taker}", "--reason", "she moves on"):
            account.csm = taker
            self.touched |= {case.no for case in self._of(account)}

    def notice(self, account: Account) -> None:
        """A cancellation notice comes in, or is taken back."""
        on = self.today if account.notice_on is None else None
        said = on.isoformat() if on else ""
        if self.run(None, "set", account.id, f"cancel_notice_date={said}", "--reason", "their letter"):
            account.notice_on = on
            self.touched |= {case.no for case in self._of(account)}

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
