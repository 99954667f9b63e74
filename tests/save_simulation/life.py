"""How saves go: what a team does on a day, by chance, some of it late, some of it wrong."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.save_simulation.facts import KEPT, SCENARIOS, Case
from tests.save_simulation.oracle import Step
from tests.save_simulation.world import World

ENDINGS = ("saved", "saved", "saved", "partly_saved", "lost", "let_go", "contract", "never")


@dataclass
class Fate:
    """What is in store for a case: after how many days what happens."""

    contact: int
    cause: int
    plan: int
    end: int
    ending: str
    relapse: int


def fate_of(rng: random.Random) -> Fate:
    """Some are called at once, some late, some never; as with all that follows."""
    contact = rng.choice((0, 0, 1, 1, 2, 3, 5, 40))
    cause = contact + rng.choice((0, 1, 2, 4, 9))
    plan = cause + rng.choice((0, 0, 1, 3, 12))
    end = plan + rng.choice((5, 12, 20, 30, 45))
    return Fate(contact, cause, plan, end, rng.choice(ENDINGS), rng.choice((2, 10, 40, 100, 999, 999, 999)))


def live(world: World, case: Case, fate: Fate) -> None:
    """One day of one case."""
    if case.open:
        _work(world, case, fate)
    elif case.state in KEPT and case.closed_on is not None:
        if case.account.gone:
            return
        if (world.today - case.closed_on).days >= fate.relapse:
            world.relapse(case)
            fate.relapse = 999
            fate.contact, fate.cause, fate.plan = (world.rng.randrange(4) for _ in range(3))
            fate.end = max(fate.contact, fate.cause, fate.plan) + world.rng.randrange(12)
            return
        _look_after(world, case)


def _work(world: World, case: Case, fate: Fate) -> None:
    rng, age = world.rng, (world.today - case.now.flagged_on).days
    if case.now.contact_on is None and age >= fate.contact:
        world.call(case)
    if not case.now.cause and age >= fate.cause and rng.random() < 0.7:
        world.why(case, rng.choice(list(case.book.causes)), rng.random() < 0.3)
    if case.now.cause and age >= fate.plan and _status(world, case, case.book.plan) in ("open", "snoozed"):
        if rng.random() < 0.4:
            world.plan_paper(case)
        else:
            world.tick(case, case.book.plan)
    for _ in range(rng.choice((0, 1, 1, 2))):
        rng.choice(EXTRAS)(world, case)
    if case.open and age >= fate.end and fate.ending != "never":
        _end(world, case, fate)


def _status(world: World, case: Case, key: str) -> str:
    return next(world.oracle.status(case, play) for play in case.book.plays if play.step == key)


# --- the end ----------------------------------------------------------------------------------------------


def _end(world: World, case: Case, fate: Fate) -> None:
    rng, ending = world.rng, fate.ending
    if ending == "lost":
        world.close(case, "lost")
    elif ending == "contract":
        world.lose(case)
    elif ending == "let_go":
        if not case.let_go:
            if rng.random() < 0.3:
                world.refused(case, "save", "close", f"s{case.no}", "--result", "let_go")
            world.weigh(case, "let_go")
        world.close(case, "let_go")
    else:
        _save(world, case, ending)


def _save(world: World, case: Case, ending: str) -> None:
    """Do what is still missing, a good part of it, and close when nothing is."""
    rng = world.rng
    if rng.random() < 0.3 and (world.oracle.lacking(case, world.today) or case.state != "stabilised"):
        world.refused(case, "save", "close", f"s{case.no}", "--result", ending, *_arr(ending))
    if case.now.contact_on is None:
        world.call(case)
    if not case.now.cause:
        world.why(case, rng.choice(list(case.book.causes)), True)
    if _status(world, case, case.book.plan) in ("open", "snoozed"):
        world.tick(case, case.book.plan)
    if case.state == "planned":
        _intervene(world, case)
    for promise in list(case.promises):
        _make_good(world, case, promise.no)
    if case.account.notice_on is not None:
        world.notice(case.account)
    if rng.random() < 0.25:
        return
    for criterion in ("root_cause", "relationship", "commitment"):
        if criterion not in case.now.proofs:
            world.prove(case, criterion)
    if case.state == "stabilised" and not world.oracle.lacking(case, world.today):
        if rng.random() < 0.1:
            world.set_back(case)
        else:
            world.close(case, ending)


def _arr(ending: str) -> tuple[str, ...]:
    return ("--arr", "1000") if ending == "partly_saved" else ()


def _intervene(world: World, case: Case) -> None:
    open_ones = {each.step for each in _open(world, case)}
    wanted = [play.step for play in case.book.plays if play.state == "executing" and play.step in open_ones]
    if wanted:
        world.tick(case, wanted[0])


def _make_good(world: World, case: Case, number: int) -> None:
    promise = next(each for each in case.promises if each.no == number)
    stands = world.oracle.stands(case, promise, world.today)
    if promise.state == "open":
        world.settle(case, promise, "kept")
    elif stands == "broken":
        world.promise(case, 3, promise)
        world.settle(case, case.promises[-1], "kept")


def _look_after(world: World, case: Case) -> None:
    """SAV-10: touches, reports, check-ins, the look each month; a customer who calls, a promise."""
    rng, oracle = world.rng, world.oracle
    owed = [f"checkin-{days}" for days in oracle.check_ins(case) if f"checkin-{days}" not in case.now.marks]
    for kind, days in oracle.recovery(case).items():
        owed += [f"{kind}-{number}" for number, _ in oracle.owed(case, kind, days, world.today)[:1]]
    for step in rng.sample(owed, min(len(owed), rng.randrange(3))):
        if rng.random() < 0.15:
            world.skip(case, step)
        else:
            world.tick(case, step)
    if rng.random() < 0.3:
        rng.choice((_settle, _transfer, _level, _promise))(world, case)
    if rng.random() < 0.03 and not case.followed:
        world.lose(case)


# --- one thing of a day -------------------------------------------------------------------------------------


def _open(world: World, case: Case) -> list[Step]:
    return [
        each for each in world.oracle.steps(case)
        if each.fate == "active" and each.state in ("open", "snoozed")
    ]  # fmt: skip


def _key_steps(case: Case) -> set[str]:
    """Without which no case comes further."""
    return {play.step for play in case.book.plays if play.state in ("contacted", "diagnosed", "planned")}


def _tick(world: World, case: Case) -> None:
    free = [each.step for each in _open(world, case) if each.step not in _key_steps(case)]
    if not free:
        return
    step = world.rng.choice(free)
    if world.rng.random() < 0.1:
        world.taken_back(case, step)
    else:
        world.tick(case, step)


def _intervention(world: World, case: Case) -> None:
    if case.state in ("planned", "executing"):
        _intervene(world, case)


def _skip(world: World, case: Case) -> None:
    steps = [each.step for each in _open(world, case)]
    if not steps:
        return
    step = world.rng.choice(steps)
    if step in _key_steps(case):
        world.refused(case, "skip", case.item(step), "--reason", "no time")
    else:
        world.skip(case, step)


def _put_off(world: World, case: Case) -> None:
    steps = [each.step for each in _open(world, case)]
    if steps:
        first = case.now.contact_on is None and world.rng.random() < 0.4
        step = case.book.contact if first else world.rng.choice(steps)
        world.put_off(case, step, world.rng.choice((1, 2, 5, 20)))


def _diagnose_by_tick(world: World, case: Case) -> None:
    step = next(play.step for play in case.book.plays if play.state == "diagnosed")
    if not case.now.cause:
        world.refused(case, "done", case.item(step))


def _answer(world: World, case: Case) -> None:
    rng, fates = world.rng, world.oracle.fates(case)
    keys = [key for play in case.book.plays if fates[play.step] != "dropped" for key in play.asks]
    wanted = {}
    for key in rng.sample(keys, min(len(keys), rng.randrange(2, 7))):
        wanted[key] = rng.choice(case.book.answers[key] or ("as they told us",))
    if wanted:
        world.answer(case, wanted)


def _promise(world: World, case: Case) -> None:
    world.promise(case, world.rng.choice((0, 1, 3, 4, 7, 14, 30)))


def _chain(world: World, case: Case) -> None:
    world.chain(case, world.rng.choice((28, 35, 50)))


def _settle(world: World, case: Case) -> None:
    rng = world.rng
    open_ones = [each for each in case.promises if each.state == "open"]
    broken = [each for each in case.promises if world.oracle.stands(case, each, world.today) == "broken"]
    if broken and rng.random() < 0.5:
        world.promise(case, rng.choice((0, 2, 6)), rng.choice(broken))
    elif open_ones:
        state = rng.choice(("kept", "kept", "broken", "broken", "withdrawn"))
        world.settle(case, rng.choice(open_ones), state)


def _update(world: World, case: Case) -> None:
    """SAV-9: the weekly update; now and then it is left out."""
    number = world.oracle.updates(case, world.today)[0][0]
    if world.rng.random() < 0.1:
        world.skip(case, f"update-{number}")
    else:
        world.tick(case, f"update-{number}")


def _transfer(world: World, case: Case) -> None:
    rng = world.rng
    world.transfers += 1
    if case.open and rng.random() < 0.4:
        world.give_role(case)
    elif rng.random() < 0.6:
        world.hand_over(case.account)
    else:
        world.new_csm(case.account)


def _level(world: World, case: Case) -> None:
    """SAV-R: a level is given, called upon, answered, or its occasion kept."""
    rng = world.rng
    waiting = [each for each in case.calls if not each.answered]
    hours = [each for each in case.levels if each.minutes is not None]
    rhythms = [each for each in case.levels if each.every is not None]
    if waiting and rng.random() < 0.6:
        world.answered(case, rng.choice(waiting))
    elif hours and rng.random() < 0.6:
        world.called_upon(case, rng.choice(hours))
    elif rhythms and rng.random() < 0.6:
        world.keep_rhythm(case, rng.choice(rhythms))
    elif len(case.levels) < 2:
        world.level(case)


def _switch(world: World, case: Case) -> None:
    if world.rng.random() < 0.5:
        world.switch(case, world.rng.choice([each for each in SCENARIOS if each != case.scenario]))


def _notice(world: World, case: Case) -> None:
    if world.rng.random() < 0.4:
        world.notice(case.account)


def _prove(world: World, case: Case) -> None:
    world.prove(case, world.rng.choice(("root_cause", "relationship", "commitment")))


def _weigh(world: World, case: Case) -> None:
    world.weigh(case, "fight")


def _set_back(world: World, case: Case) -> None:
    if case.state == "stabilised":
        world.set_back(case)
    elif world.rng.random() < 0.1 and case.state in ("detected", "contacted", "diagnosed"):
        world.refused(case, "save", "note", f"s{case.no}", "--setback", "it broke")


EXTRAS: tuple[Callable[[World, Case], None], ...] = (
    _tick, _tick, _tick, _intervention, _skip, _put_off, _put_off, _diagnose_by_tick,
    _answer, _answer, _answer,
    _promise, _promise, _promise, _chain, _chain, *[_settle] * 6, _update, _update, _transfer, _transfer,
    _level, _level,
    _switch, _switch, _notice, _prove, _prove, _weigh, _set_back,
    World.remark, World.offer, World.offer, World.plan_paper,
)  # fmt: skip
