"""What is known of a simulated save, in the words of the rules: no value of the program is among it."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

PLAYBOOKS = Path(__file__).resolve().parent.parent.parent / "renewctl" / "policies" / "playbooks"
SCENARIOS = ("product", "value", "relationship", "budget", "competitive", "champion_departure")
RESPOND = timedelta(hours=48)  # SAV-1
TARGET = timedelta(hours=24)  # SAV-1: enterprise accounts and cancellation notices
ENTERPRISE_FROM = 100_000  # SEG
KEPT = ("saved", "partly_saved")
ENDED = (*KEPT, "lost", "let_go")
LIFE = ("detected", "contacted", "diagnosed", "planned", "executing", "stabilised")
# SAV-5: the legal transitions, the switch of a playbook and the relapse (SAV-10) among them.
FOLLOWS = {
    "detected": ("contacted", "lost", "let_go"),
    "contacted": ("diagnosed", "lost", "let_go"),
    "diagnosed": ("planned", "lost", "let_go"),
    "planned": ("executing", "diagnosed", "lost", "let_go"),
    "executing": ("stabilised", "diagnosed", "lost", "let_go"),
    "stabilised": ("saved", "partly_saved", "executing", "diagnosed", "lost", "let_go"),
    "saved": ("detected",),
    "partly_saved": ("detected",),
    "lost": (),
    "let_go": (),
}


class Play(NamedTuple):
    """One step of a playbook, as its file has it."""

    step: str
    phase: str
    day: int
    hours: int | None
    role: str
    channel: str
    state: str  # that it brings about
    when: tuple[str, ...]
    after: tuple[str, ...]
    done_by: tuple[str, ...]
    asks: tuple[str, ...]


class Book(NamedTuple):
    """One playbook."""

    plays: tuple[Play, ...]
    causes: dict[str, str]  # root cause -> the scenario that answers it
    answers: dict[str, tuple[str, ...]]  # question -> what may be answered; nothing: free words

    @property
    def contact(self) -> str:
        """The first contact, which must be a call (SAV-1)."""
        return next(play.step for play in self.plays if play.state == "contacted" and play.channel == "call")

    @property
    def plan(self) -> str:
        """The step that agrees the plan."""
        return next(play.step for play in self.plays if play.state == "planned")


@cache
def books() -> dict[str, Book]:
    """The six playbooks, read from their files."""
    return {name: _book(name) for name in SCENARIOS}


def _book(name: str) -> Book:
    table = tomllib.loads((PLAYBOOKS / f"{name}.toml").read_text("utf-8"))["playbooks"][name]
    plays, answers = [], {}
    for step, row in table["steps"].items():
        asks = row.get("asks", {})
        answers |= {key: tuple(each.get("answers", ())) for key, each in asks.items()}
        state = row.get("state", "")
        outward = row["channel"] != "internal"
        if not state and outward and row["phase"] not in ("investigate", "first_24h", "first_48h"):
            state = "executing"  # any work on the customer once the plan is made is an intervention
        plays.append(
            Play(
                step, row["phase"], row["day"], row.get("hours"), row["role"], row["channel"], state,
                tuple(row.get("when", ())), tuple(row.get("after", ())), tuple(row.get("done_by", ())),
                tuple(asks),
            )
        )  # fmt: skip
    causes = {code: each.get("scenario", name) for code, each in table["root_causes"].items()}
    return Book(tuple(plays), causes, answers)


class Mark(NamedTuple):
    """What was done with a step by hand."""

    state: str  # done | skipped | snoozed
    on: date
    until: date | None = None
    plan: int = 0  # how many switches of playbook came before it


@dataclass
class Promise:
    """One line of the promise ledger."""

    no: int
    due_on: date
    owner: str
    made_on: date
    after: int | None = None
    replaces: int | None = None
    chain: str = ""
    state: str = "open"  # open | kept | broken | withdrawn
    settled_on: date | None = None


@dataclass
class Level:
    """One service level: a time to answer in, or a rhythm."""

    no: int
    minutes: int | None
    every: int | None
    from_on: date


@dataclass
class Call:
    """One time that a service level was called upon."""

    no: int
    level: int
    asked_at: datetime
    answered: bool = False


@dataclass
class Account:
    """Whose case it is."""

    id: str
    arr: int
    csm: str
    sales: str
    sponsor: str
    strategic: bool
    champion_gone: bool
    renewal_on: date
    notice_on: date | None = None
    gone: bool = False  # its contract was lost

    @property
    def segment(self) -> str:
        """SEG: by ARR."""
        return "enterprise" if self.arr >= ENTERPRISE_FROM else "mid_market" if self.arr >= 10_000 else "smb"


@dataclass
class Round:
    """A case from one flag to its end."""

    flagged_on: date
    flagged_at: datetime
    urgent: bool
    begins: list[datetime]  # what the plan counts from: the flag, then every switch
    marks: dict[str, Mark] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    proofs: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)
    whys: int = 0
    cause: str = ""
    contact_on: date | None = None
    contact_at: datetime | None = None


@dataclass
class Case:
    """One save of one account."""

    no: int
    account: Account
    owner: str
    scenario: str
    rounds: list[Round]
    state: str = "detected"
    path: list[str] = field(default_factory=lambda: ["detected"])
    closed_on: date | None = None
    promises: list[Promise] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    team: dict[str, str] = field(default_factory=dict)
    blocker: bool = False
    decision: bool = False
    let_go: bool = False
    followed: bool = False  # by another case of the account

    @property
    def now(self) -> Round:
        """The current round."""
        return self.rounds[-1]

    @property
    def open(self) -> bool:
        """Whether it runs."""
        return self.state not in ENDED

    @property
    def book(self) -> Book:
        """Its playbook."""
        return books()[self.scenario]

    def item(self, step: str) -> str:
        """What its work is called by: the round is said from the second on."""
        again = f".{len(self.rounds)}" if len(self.rounds) > 1 else ""
        return f"s{self.no}{again}-{step}"

    def reach(self, state: str) -> None:
        """It is in another state."""
        self.state = state
        self.path.append(state)
