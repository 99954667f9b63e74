"""Where a team works and with what: its people, its accounts, and how its commands are run."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from tests.save_simulation.compare import Findings
from tests.save_simulation.facts import (
    Account,
    Case,
)  # fmt: skip
from tests.save_simulation.oracle import Oracle, Team
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
ROLES = ("manager", "product_manager", "engineering", "support", "finance", "solution_engineer")


class Place(NamedTuple):
    """Where and when a team works."""

    zone: str
    begin: date


class Stage:
    """One team with its portfolio."""

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
        roles = {role: rng.choice(PEOPLE) for role in (*ROLES, "sales") if rng.random() < 0.5}
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

    def number(self, kind: str) -> int:
        self.numbers[kind] += 1
        return self.numbers[kind]
