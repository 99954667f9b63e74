"""Accounts that pass to somebody else, with what already runs or without, and papers that are rendered."""

from tests.simulation import rules
from tests.simulation.ledger import Account, Contract
from tests.simulation.world import CSMS, SELLERS, SPECIALISTS, World


def hand_over(world: World, account: Account) -> None:
    """`reassign`: somebody gives an account away; all open work goes along, that of saves, or none."""
    names = {"csm": CSMS, "sales": SELLERS, "specialist": SPECIALISTS}
    held = [(role, who) for role in names if (who := getattr(account, role)) is not None]
    if not held:
        return
    role, giver = world.rng.choice(held)
    taker = world.rng.choice([name for name in names[role] if name != giver])
    mode = world.rng.choice(("all", "all", "plays", "none"))
    stays = {} if mode == "all" else _plans(world, account)
    begun = _begun(world, account) if mode == "none" else {}
    words = ("--from", giver, "--to", taker, "--account", account.id, "--open", mode, "--yes")
    world.run("reassign", *words)
    setattr(account, role, taker)
    if mode == "all":
        for contract in account.open:
            contract.given = {key: taker if who == giver else who for key, who in contract.given.items()}
    if mode != "none":
        account.given = {key: taker if who == giver else who for key, who in account.given.items()}
    then = _plans(world, account)
    for contract in account.open:
        for key, who in stays.get(contract.id, {}).items():
            if who == giver and then[contract.id].get(key) != giver and key not in contract.closed:
                contract.given.setdefault(key, giver)
    for step, who in begun.items():
        if who == giver:
            account.given.setdefault(step, giver)


def _plans(world: World, account: Account) -> dict[str, dict[tuple[int, str], str | None]]:
    """Who would do each step that a renewal may still need, by contract and (cycle, step)."""
    oracle = world.oracle()
    found: dict[str, dict[tuple[int, str], str | None]] = {}
    for contract in account.open:
        known = oracle.known(account, contract)
        roles = {
            (contract.cycle, step.name): step.role
            for step in oracle.steps(known.segment)
            if step.least <= known.arr
        }
        for name in ("catch-up", "past-due", "opt-out", "opt-out-30", "opt-out-14"):
            roles[contract.cycle, name] = "owner"
        roles[contract.cycle, "collect-health"] = "csm"
        for name, _, _, role in rules.AFTER_SIGNATURE[known.segment]:
            roles[contract.cycle, name] = roles[contract.cycle - 1, name] = role
        found[contract.id] = {key: oracle.who(role, account, known) for key, role in roles.items()}
    return found


def _begun(world: World, account: Account) -> dict[str, str | None]:
    """Recurring work that is owed by now, and who does it."""
    return {
        step: item.owner
        for item in world.oracle().owed(account)
        if item.kind == "value" and item.due_on <= world.today
        for step in (item.step, *item.covers)
    }


def render(world: World, account: Account, contract: Contract) -> None:
    """A proposal, or the value delivered: what is rendered completes steps."""
    if world.chance(2):
        words = ("--contract", contract.id, "--tiers", "good", "--format", "md")
        world.run("proposal", account.id, *words, "-o", str(world.program.folder / "proposal.md"), "--yes")
        account.papers.append((contract.id, "proposal", world.today))
        return
    row = f"{account.id},hours_saved,30,hours,2026-01-01,2026-03-31,50"
    world.bring("value", ["account_id,metric,value,unit,period_start,period_end,baseline", row])
    world.run("value", account.id, "--format", "md", "-o", str(world.program.folder / "value.md"), "--yes")
    account.papers.append((None, "value", world.today))
