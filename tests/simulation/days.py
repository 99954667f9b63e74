"""What happens on a day of the simulated book, and the work people do on it."""

from collections.abc import Callable
from datetime import date

from tests.simulation import handing, rules, terms
from tests.simulation.ledger import Account, Contract, Policy
from tests.simulation.oracle import Oracle, Owed
from tests.simulation.world import _PACE, CSMS, World


def _anchor(contract: Contract) -> date:
    return Oracle(Policy(), date.min, 0).anchor(contract)


def live(world: World) -> None:
    """One day: news first, then work."""
    rng = world.rng
    if world.chance(30):
        world.edit_policy()
    if len(world.accounts) < world.size and world.chance(730 / (world.size / 5 + 1) * 0.8):
        new = [world._account(renews_in=rng.choice(((5, 25), (20, 20), (40, 130)))) for _ in range(1)]
        world.import_new(new)
    if world.today.weekday() == 0:
        read = [each for each in world.accounts.values() if each.open and world.chance(18)]
        world.health(read)
    for account in list(world.accounts.values()):
        for contract in account.open:
            _renewal(world, account, contract)
            if contract.state == "open":
                terms.change_terms(world, account, contract)
        if len(account.open) > 1 and world.chance(250):
            terms.co_term(world, account)
        if account.open:
            _news(world, account)
    if world.chance(14):
        terms.roll(world)
    oracle = world.oracle(days=2)
    for account in world.accounts.values():
        # Not everybody looks every day, and some hardly ever do: what is due stands until they do.
        if account.open and world.chance((2, 6, 25, 90)[account.no % 4]):
            work(world, oracle, account)
    if world.chance(11):
        _regret(world)


def _regret(world: World) -> None:
    """A command is given and taken back at once."""
    account = world.rng.choice([each for each in world.accounts.values() if each.open])
    contract = world.rng.choice(account.open)
    acts: tuple[Callable[[], None], ...] = (
        lambda: world.win(account, contract, False),
        lambda: world.lose(account, contract),
        lambda: world.move_date(account, contract),
        lambda: terms.win_early(world, account, contract),
        lambda: terms.amend(world, account, contract),
        lambda: handing.hand_over(world, account),
        lambda: work(world, world.oracle(days=2), account, 1),
    )
    terms.taken_back(world, account, world.rng.choice(acts))


def _renewal(world: World, account: Account, contract: Contract) -> None:
    ends_on, how = world.ends[contract.id]
    if world.today >= ends_on:
        if how == "lost":
            world.lose(account, contract)
        else:
            world.win(account, contract, how == "partial" and contract.arr > 8)
        return
    left = (_anchor(contract) - world.today).days
    wanted = [stage for before, stage in _PACE if left <= before]
    if wanted and world.chance(25):
        at, to = rules.STAGES.index(contract.stage), rules.STAGES.index(wanted[-1])
        if at < to:
            stage = rules.STAGES[world.rng.randint(at + 1, to)]
        elif at == len(rules.STAGES) - 2 and world.chance(2):
            stage = "contract_sent"
        elif at > 2 and world.chance(8):
            stage = rules.STAGES[at - 1]  # talks fall back
        else:
            return
        world.run("stage", account.id, stage, "--contract", contract.id)
        contract.stage = stage
    if left <= 150 and world.chance(150):
        handing.render(world, account, contract)
    if world.chance(450):
        world.move_date(account, contract)
    if world.chance(900):
        contract.arr = world.rng.choice((4_000, 9_999, 10_000, 50_000, 99_999, 100_000))
        world.set(account, f"arr={contract.arr}", contract=contract)
    if world.chance(900):
        contract.notice = world.rng.choice((None, 15, 30, 45, 60))
        contract.auto = world.rng.choice((True, True, False))
        words = f"notice_days={'' if contract.notice is None else contract.notice}"
        world.set(account, words, f"auto_renew={'yes' if contract.auto else 'no'}", contract=contract)


def _news(world: World, account: Account) -> None:
    if world.chance(400):
        handing.hand_over(world, account)
    if world.chance(500):
        account.csm = world.rng.choice(CSMS)
        world.set(account, f"csm={account.csm}")
    if world.chance(160):
        world.run("log", account.id, "They answered.", "--kind", "reply")
        account.replies.append(world.today)
    if account.cancel_on is None and world.chance(700):
        account.cancel_on = world.today
        world.set(account, f"cancel_notice_date={world.today}")
    elif account.cancel_on is not None and world.chance(25):
        account.cancel_on = None
        world.set(account, "cancel_notice_date=")
    if world.chance(700 if not account.champion_gone else 90):
        account.champion_gone = not account.champion_gone
        world.set(account, f"champion={'gone' if account.champion_gone else 'Joe'}")
    if world.chance(900 if not account.competitor else 150):
        account.competitor = not account.competitor
        world.set(account, f"competitor={'Rival' if account.competitor else ''}")
    if world.chance(500):
        account.expansion = None if account.expansion else 7_500
        world.set(account, f"expansion_arr={account.expansion or ''}")
    if account.saving is None and world.chance(900):
        words = ("save", "start", account.id, "--scenario", "product")
        account.saving = int(world.program.json(world.today, *words)["save"]["id"].removeprefix("s"))
    elif account.saving is not None and world.chance(40):
        world.run("save", "close", f"s{account.saving}", "--result", "lost")
        account.saving = None
    if account.early_on is None and world.chance(1500):
        account.early_on = world.today
        world.set(account, "early=yes")


def work(world: World, oracle: Oracle, account: Account, most: int = 99) -> None:
    """People close, skip and put off what is due, and now and then one covered step by itself."""
    rng, before = world.rng, world.program.writes
    of = {each.id: each for each in account.contracts}
    for item in oracle.owed(account):
        if not world.chance(2.5):
            continue
        if world.program.writes - before >= most:
            return
        contract = of[item.contract]
        what = rng.choices(("done", "skipped", "asleep", "one"), (78, 9, 11, 2))[0]
        if item.kind == "past_due":
            continue  # that ends with its outcome
        if what == "asleep":
            _put_off(world, contract, account, item)
        elif what == "one" and item.kind == "catch_up":
            step = rng.choice(sorted(item.covers))
            world.run("done", item.item.removesuffix("catch-up") + step)
            contract.close((item.cycle, step), "done", world.today)
        else:
            state = "skipped" if what == "skipped" else "done"
            words = (
                ["skip", item.item, "--reason", "not needed"] if what == "skipped" else ["done", item.item]
            )
            world.run(*words)
            _closed(world, account, contract, item, state)
        if item.kind in ("catch_up", "notice", "value") or what == "one":
            break  # what they closed changes what is owed


def _closed(world: World, account: Account, contract: Contract, item: Owed, state: str) -> None:
    if item.kind == "value":
        account.closed.update(dict.fromkeys((item.step, *item.covers), state))
        return
    contract.close((item.cycle, item.step), state, world.today)
    for step in item.covers:
        contract.close((item.cycle, step), f"covered-{state}", world.today)


def _put_off(world: World, contract: Contract, account: Account, item: Owed) -> None:
    until = world.day_in(1, 20)
    if item.kind == "notice":
        until = min(until, max(_anchor(contract), world.today))
    if item.kind != "value" and item.cycle == contract.cycle:
        until = min(until, contract.renewal_on)
    if until <= world.today:
        return
    world.run("snooze", item.item, "--until", until.isoformat())
    if item.kind == "value":
        account.asleep.update(dict.fromkeys((item.step, *item.covers), until))
    else:
        contract.asleep[item.cycle, item.step] = until
