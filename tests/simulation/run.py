"""The simulation from its first day to its last."""

import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from tests.simulation.accounting import account_for
from tests.simulation.days import live
from tests.simulation.ledger import Account, Contract
from tests.simulation.program import Program, swift
from tests.simulation.verify import Findings, check
from tests.simulation.world import World

_WINDOWS = (7, 0, 30, 7, 90, 7, 400)  # days ahead, in turn
TWISTS = ("anchor", "late", "owner", "value")  # rules that a control gets wrong


class Size(NamedTuple):
    """How much is simulated and compared."""

    accounts: int
    days: int
    every: int  # days between two comparisons
    plans: int  # of so many ended cycles one is held against the plan that `show` prints
    controls: bool  # also compare with oracles that have a rule wrong


def simulate(
    folder: Path, size: Size, seed: int, say: bool = False
) -> tuple[World, Findings, dict[str, Findings]]:
    """The book as it ended, what was found, and what was found with each rule of TWISTS wrong."""
    with swift():
        return _simulate(folder, size, seed, say)


def _simulate(folder: Path, size: Size, seed: int, say: bool) -> tuple[World, Findings, dict[str, Findings]]:
    world, findings = World(Program(folder), size.accounts, seed), Findings()
    controls = {twist: Findings() for twist in TWISTS} if size.controls else {}
    ended = 0

    def ends(account: Account, contract: Contract) -> None:
        nonlocal ended
        ended += 1
        account_for(world, findings, account, contract, True, ended % size.plans == 0)

    world.closings.append(ends)
    began = time.monotonic()
    world.begin()
    for day in range(size.days):
        if day:
            world.today += timedelta(1)
            live(world)
        if day % size.every == 0 or day == size.days - 1:
            check(world, findings, _WINDOWS[day // size.every % len(_WINDOWS)], controls)
        if say and day % 30 == 0:
            faults = sum(findings.faults.values())
            print(f"{world.today}: {time.monotonic() - began:,.0f} s, {faults} faults", flush=True)
    for at, (account, contract) in enumerate(_still_open(world)):
        account_for(world, findings, account, contract, False, at % size.plans == 0)
    return world, findings, controls


def _still_open(world: World) -> list[tuple[Account, Contract]]:
    return [(account, contract) for account in world.accounts.values() for contract in account.open]
