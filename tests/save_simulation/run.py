"""The simulation of saves, one team after the other, from the first flag to the last look."""

import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from tests.save_simulation.compare import Findings, Said, compare
from tests.save_simulation.control import Control
from tests.save_simulation.life import Fate, fate_of, live
from tests.save_simulation.stage import PLACES, Place
from tests.save_simulation.world import World
from tests.simulation.program import Program, swift

TEAM = 10  # accounts of one portfolio
WINDOWS = (7, 400, 0, 30, 400)  # days ahead, in turn
# In memory where there is such a folder: every write is made lasting, and there are thousands.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class Result(NamedTuple):
    """What was simulated and found."""

    scenario: str
    cases: int
    days: int
    commands: Counter[str]
    endings: Counter[str]
    lived: Counter[str]
    findings: Findings
    control: Control
    seconds: float


def simulate(scenario: str, cases: int, seed: int, control: bool = False, team: int = TEAM) -> Result:
    """So many cases of a scenario, or of all in turn ("every"), by teams with so many accounts each."""
    began = time.monotonic()
    result = Result(scenario, 0, 0, Counter(), Counter(), Counter(), Findings(), Control(control), 0)
    at = 0
    with swift():
        while result.cases < cases:
            rng = random.Random(f"{seed} {scenario} {at}")
            place = Place(*PLACES[at % len(PLACES)])
            with tempfile.TemporaryDirectory(prefix="renewctl-saves-", dir=MEMORY) as folder:
                size = min(team, cases - result.cases)
                world = World(Program(Path(folder)), place, scenario, size, rng)
                days = _live(world, result.control)
            result.findings.add(world.findings)
            result.commands.update(world.program.commands)
            result.endings.update(case.state for case in world.cases)
            result.lived.update(_lived(world))
            result = result._replace(cases=result.cases + len(world.cases), days=result.days + days)
            at += 1
            if result.cases // 100 > (result.cases - len(world.cases)) // 100:
                faults = result.findings.faults.total()
                print(
                    f"{scenario}: {result.cases} of {cases} cases, {faults} faults",
                    file=sys.stderr,
                    flush=True,
                )
    return result._replace(seconds=time.monotonic() - began)


def _lived(world: World) -> Counter[str]:
    """What happened to a team's cases that a simulation without it would say nothing about."""
    lived = Counter({"transfers": world.transfers})
    for case in world.cases:
        promises, rounds = case.promises, case.rounds
        replaced = {each.replaces for each in promises}
        lived["late or no first call"] += sum(
            each.contact_on is None or each.contact_on > world.oracle.day(world.oracle.respond_by(each))
            for each in rounds
        )
        lived["switches"] += sum(len(each.begins) - 1 for each in rounds)
        lived["promises"] += len(promises)
        lived["broken"] += sum(each.state == "broken" for each in promises)
        lived["made good"] += sum(each.state == "broken" and each.no in replaced for each in promises)
        lived["relapses"] += len(rounds) - 1
    return lived


def _live(world: World, control: Control) -> int:
    """A team's days, each compared; how many they were."""
    rng = world.rng
    first = sorted({0, 1, 2, 3, *rng.sample(range(4, 30), 5), *rng.sample(range(30, 95), 5)})
    later = sorted(rng.sample(range(95, 300), 4))
    fates: dict[int, Fate] = {}
    for at, day in enumerate(first + later):
        world.today = world.place.begin + timedelta(day)
        for account in world.accounts:
            mine = [case for case in world.cases if case.account is account]
            running, again = any(case.open for case in mine), bool(mine)
            if not running and not account.gone and rng.random() < (0.05 if again else 0.6 if at < 3 else 1):
                case = world.start(account)
                fates[case.no] = fate_of(rng)
        for case in world.cases:
            if rng.random() < 0.75:
                live(world, case, fates[case.no])
        look(world, WINDOWS[at % len(WINDOWS)], control)
    return len(first + later)


def look(world: World, days: int, control: Control) -> None:
    """Compare what the program says of today with what the oracle wants."""
    try:
        said = _said(world, days)
    except Exception as error:  # whatever it is, it is what we look for
        world.findings.found("command", str(error))
        return
    compare(said, world.cases, world.oracle, world.findings)
    control.look(said, world)
    world.touched.clear()


def _said(world: World, days: int) -> Said:
    program, today = world.program, world.today
    events: dict[int, list[tuple[str, str]]] = {
        case.no: [] for case in world.cases if case.no in world.touched
    }
    with sqlite3.connect(f"file:{program.path}?mode=ro", uri=True) as file:
        for no, kind, name in file.execute("SELECT save_no, kind, name FROM save_event ORDER BY no"):
            if no in events:
                events[no].append((kind, name))
    return Said(
        today,
        today + timedelta(days),
        program.json(today, "save", "list", "--all"),
        program.json(today, "save", "standup"),
        program.json(today, "due", "--days", str(days)),
        {no: program.json(today, "save", "show", f"s{no}")["save"] for no in sorted(world.touched)},
        events,
    )
