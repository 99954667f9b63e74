"""What the simulation did: the facts of its book, kept by itself and never read back from the portfolio."""

from dataclasses import dataclass, field
from datetime import date

HALF_A_YEAR = 180  # LATE: what was done longer before a step's day says nothing of it


@dataclass
class Contract:
    """One contract with its cycles."""

    id: str
    arr: int  # whole units of the base currency
    renewal_on: date
    day: int  # of the month, which shorter months do not change
    term: int
    notice: int | None
    auto: bool | None
    payment: bool | None
    planned_from: date
    no: int = 0
    stage: str = "planned"
    state: str = "open"
    cycle: int = 1
    won_on: date | None = None
    began: date | None = None  # the running term, where it is known
    closed: dict[tuple[int, str], str] = field(default_factory=dict)  # (cycle, step) -> done | skipped …
    closed_on: dict[tuple[int, str], date] = field(default_factory=dict)
    asleep: dict[tuple[int, str], date] = field(default_factory=dict)  # (cycle, step) -> put off until
    given: dict[tuple[int, str], str] = field(default_factory=dict)  # (cycle, step) -> person, by hand
    bundle: bool | None = None

    def close(self, key: tuple[int, str], fate: str, day: date) -> None:
        """Note that a step was closed, and when."""
        self.closed[key], self.closed_on[key] = fate, day
        self.asleep.pop(key, None)

    def fate(self, key: tuple[int, str], due_on: date) -> str:
        """How a step that falls due on a day was closed, "" where not, or half a year before that day."""
        closed = key in self.closed and (due_on - self.closed_on[key]).days <= HALF_A_YEAR
        return self.closed[key] if closed else ""


@dataclass
class Account:
    """One customer."""

    id: str
    csm: str | None
    sales: str | None
    specialist: str | None
    sponsor: str | None
    no: int = 0
    expansion: int | None = None
    champion_gone: bool = False
    competitor: bool = False
    cancel_on: date | None = None
    early_on: date | None = None
    saving: int | None = None  # the number of its open save
    readings: dict[date, dict[str, float]] = field(default_factory=dict)
    replies: list[date] = field(default_factory=list)
    papers: list[tuple[str | None, str, date]] = field(default_factory=list)  # contract or all, kind, day
    contracts: list[Contract] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)  # recurring work
    asleep: dict[str, date] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)  # recurring work -> person, by hand

    @property
    def open(self) -> list[Contract]:
        """The contracts that are not lost."""
        return [each for each in self.contracts if each.state == "open"]


@dataclass
class Policy:
    """What the book's own policy says otherwise than the rules."""

    off: set[tuple[str, str]] = field(default_factory=set)  # (segment, step) switched off
    days: dict[tuple[str, str], int] = field(default_factory=dict)  # (segment, step) -> days before
    managers: dict[str, str] = field(default_factory=dict)  # CSM -> manager
    team: dict[str, str] = field(default_factory=dict)  # role -> person
    volume: int = 100  # renewals a quarter from which a specialist pays off

    def text(self) -> str:
        """As an overlay."""
        lines = [
            "[ownership]",
            f"volume_per_quarter = {self.volume}",
            "[team]",
            *(f'{role} = "{person}"' for role, person in sorted(self.team.items())),
        ]
        lines += ["[team.managers]", *(f'"{csm}" = "{who}"' for csm, who in sorted(self.managers.items()))]
        for segment, step in sorted({*self.off, *self.days}):
            lines.append(f"[timelines.{segment}.{step}]")
            if (segment, step) in self.off:
                lines.append("enabled = false")
            if (segment, step) in self.days:
                lines.append(f"days = {self.days[segment, step]}")
        return "\n".join(lines) + "\n"
