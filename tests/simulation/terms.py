"""Contracts that change beside being won or lost: by themselves, inside their term, early, into another."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta

from tests.simulation.ledger import Account, Contract
from tests.simulation.world import World


def roll(world: World) -> None:
    """Record what has renewed by itself: clause, known notice, nobody cancelled, the deadline past."""
    found = [
        (account, contract)
        for account in world.accounts.values()
        for contract in account.open
        if _rolls(world, account, contract)
    ]
    for account, contract in found:
        world.ends_now(account, contract)
    world.run("roll")
    for account, contract in found:
        while _rolls(world, account, contract):
            assert contract.notice is not None
            if len(account.open) == 1:
                account.early_on = None
            world.next_cycle(contract, contract.renewal_on - timedelta(contract.notice), contract.renewal_on)


def _rolls(world: World, account: Account, contract: Contract) -> bool:
    return (
        contract.auto is True
        and contract.notice is not None
        and account.cancel_on is None
        and contract.renewal_on - timedelta(contract.notice) < world.today
    )


def change_terms(world: World, account: Account, contract: Contract) -> None:
    """Now and then a change inside the term, with every command that records one."""
    if world.chance(900):
        amend(world, account, contract)
    if world.chance(1200):
        win_early(world, account, contract)
    elif world.chance(1500):
        replace(world, account, contract)
    if contract.state == "open" and world.chance(700):
        contract.bundle = world.rng.choice((True, False, None))
        word = {True: "yes", False: "no", None: "rules"}[contract.bundle]
        world.run("renewal", account.id, "--bundle", word, "--contract", contract.id)


def amend(world: World, account: Account, contract: Contract) -> None:
    """Another ARR, or another end of the term, while it lasts."""
    if contract.renewal_on < world.today:
        return
    if world.chance(2):
        arr = contract.arr + world.rng.choice((500, 7_000, 40_000))
        world.run("amend", account.id, "--arr", str(arr), "--reason", "more seats", "--contract", contract.id)
        contract.arr = arr
        return
    to = contract.renewal_on + timedelta(world.rng.choice((-20, 10, 45, 92)))
    if to > world.today and to > (contract.began or date.min):
        words = ("--until", to.isoformat(), "--reason", "longer", "--contract", contract.id)
        world.run("amend", account.id, *words)
        _moved(world, contract, to)


def co_term(world: World, account: Account) -> None:
    """All contracts of an account end on the day of the last; one past its date waits for its outcome."""
    ahead = [each for each in account.open if each.renewal_on >= world.today]
    latest = max((each.renewal_on for each in ahead), default=world.today)
    if latest <= world.today or all(each.renewal_on == latest for each in ahead):
        return
    world.run("coterm", account.id, "--apply", "--reason", "one date")
    for contract in ahead:
        if contract.renewal_on != latest:
            _moved(world, contract, latest)


def _moved(world: World, contract: Contract, to: date) -> None:
    contract.renewal_on, contract.day, contract.planned_from = to, to.day, world.today
    world.plan_end(contract)


def win_early(world: World, account: Account, contract: Contract) -> None:
    """Renewed ahead of schedule; the new term begins today."""
    began = contract.began or date.min
    if not began < world.today <= contract.renewal_on or contract.won_on == world.today or not contract.arr:
        return
    world.ends_now(account, contract)
    today = world.today.isoformat()
    words = ("--arr", str(contract.arr), "--contract", contract.id, "--early", "--starts-on", today, "--yes")
    world.run("won", account.id, *words)
    world.settle(account, world.today)
    contract.day = world.today.day
    world.next_cycle(contract, world.today, world.today)


def replace(world: World, account: Account, contract: Contract) -> None:
    """Renewed by another contract, which takes the place of this one."""
    if contract.won_on == world.today or not contract.arr:
        return
    world.ends_now(account, contract)
    new_id = f"S{world.numbered()}"
    words = ("--arr", str(contract.arr), "--contract", contract.id, "--successor", new_id, "--yes")
    world.run("won", account.id, *words)
    world.settle(account, world.today)
    new = deepcopy(contract)
    new.id, new.no = new_id, world.program.numbers()[1][new_id]
    new.closed, new.closed_on, new.asleep, new.given = {}, {}, {}, {}
    contract.state = "superseded"
    account.contracts.append(new)
    world.next_cycle(new, world.today, contract.renewal_on)


def taken_back(world: World, account: Account, act: Callable[[], None]) -> None:
    """Something is done and undone at once; the ledger goes back to what it was."""
    kept, ends = deepcopy(account), dict(world.ends)
    closings, world.closings = world.closings, []
    before = world.program.writes
    act()
    world.closings = closings
    if world.program.writes == before + 1:
        world.run("undo", "--yes")
        world.accounts[account.id], world.ends = kept, ends
