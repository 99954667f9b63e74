"""What a team deals in with customers and among itself: promises, service levels, offers, roles, accounts."""

from datetime import date, timedelta
from typing import Any

from tests.save_simulation.facts import (
    KEPT,
    Account,
    Call,
    Case,
    Level,
    Promise,
)  # fmt: skip
from tests.save_simulation.stage import PEOPLE, ROLES, Stage


class Dealings(Stage):
    """Each method is a command and what it makes true."""

    # -- promises, service levels, offers ----------------------------------------------------------------

    def promise(self, case: Case, days: int, replaces: Promise | None = None) -> None:
        """Promise something."""
        due_on, owner = self.today + timedelta(days), self.rng.choice((*PEOPLE, ""))
        words = ["--due", due_on.isoformat(), *(["--owner", owner] if owner else [])]
        words += ["--replaces", f"p{replaces.no}"] if replaces else []

        def make() -> None:
            no = self.number("promise")
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
                no, owner = self.number("promise"), self.oracle.owner(case, role)[0]
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
            no = self.number("level")
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
            case.calls.append(Call(self.number("call"), level.no, at))

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
        no = f"o{self.number('offer')}"
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
            no = self.number("promise")
            if row["id"] != f"p{no}":
                self.findings.found("other", f"{row['id']} made by {offer} is not p{no}")
            case.promises.append(Promise(no, date.fromisoformat(row["due_on"]), row["owner"], self.today))
        self.touched.add(case.no)
        self.oracle.forward(case, self.today)

    # -- people --------------------------------------------------------------------------------------------

    def give_role(self, case: Case) -> None:
        """A role goes to a person for this case."""
        role, person = self.rng.choice((*ROLES, "sales", "executive_sponsor")), self.rng.choice(PEOPLE)
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
