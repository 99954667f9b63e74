"""`save why`, `answer`, `team`, `evidence`, `worth`, `note`, `close`, `reopen`: the life of one case."""

import re
from typing import Annotated, Any

import typer

from renewctl.cli.case import CaseDesk, on_case
from renewctl.cli.contract import allowed
from renewctl.cli.options import Env, command, say
from renewctl.cli.save import SaveArg, flag_of, near
from renewctl.core import cases, plays
from renewctl.core.model import CLOSED_SAVES, Activity, Change
from renewctl.core.text import clean
from renewctl.errors import NotFound, RefusedByRule, UsageError
from renewctl.store.saves import find_case, load_files, zone_of
from renewctl.views import save_case as view

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


@command(writes=True)
def why(
    env: Env,
    save: SaveArg,
    answers: Annotated[
        list[str] | None,
        typer.Option("--why", metavar="TEXT", help="The next answer to “why?”; again for more."),
    ] = None,
    root_cause: Annotated[
        str | None,
        typer.Option(
            "--root-cause", metavar="CODE", help="Where the whys end: a code, or words of your own."
        ),
    ] = None,
    enough: Annotated[
        str | None, typer.Option("--enough", metavar="TEXT", help="Why fewer than five whys are enough.")
    ] = None,
    switch: Annotated[
        str | None,
        typer.Option("--switch", metavar="SCENARIO", help="Go on with this playbook; what was done is kept."),
    ] = None,
    stay: Annotated[
        str | None, typer.Option("--stay", metavar="TEXT", help="Why the playbook stays nevertheless.")
    ] = None,
) -> None:
    """Ask why until the root cause is found, and go on with the playbook that answers it."""
    given = [clean(each) for each in answers or ()]
    if root_cause is None and (enough or (stay and switch is None)):
        raise UsageError(
            "cause-missing", "--enough and --stay go with a root cause", "give --root-cause CODE"
        )
    if not given and root_cause is None and switch is None:
        _show_whys(env, save)
        return
    if any(not each for each in given):
        raise UsageError("why-blank", "--why is blank", "write the answer")

    def work(desk: CaseDesk) -> str:
        said = []
        asked = [
            each
            for each in desk.file.ledger.events
            if each.kind == "why" and each.name.isdecimal() and each.round == desk.round
        ]
        for number, text in enumerate(given, len(asked) + 1):
            desk.note("why", str(number), text)
            said.append(f"why {number}: {text}")
        if root_cause is not None:
            said.append(_cause(env, desk, root_cause, len(asked) + len(given), enough, (switch, stay)))
        elif switch is not None:
            said.append(_switch(env, desk, switch, clean(stay or "") or "decided by hand"))
        return "\n".join(said)

    on_case(env, save, "why", work)


def _cause(
    env: Env, desk: CaseDesk, given: str, whys: int, enough: str | None, which: tuple[str | None, str | None]
) -> str:
    """Record the root cause, and switch the playbook where it calls for another one."""
    least, case = env.policy.saves.whys, desk.file.case
    if whys < least and not clean(enough or ""):
        raise RefusedByRule(
            "whys-missing",
            f"save s{case.no}: {whys} of {least} whys are answered (SAV-2)",
            f"ask on: renewctl save why s{case.no} --why TEXT, or say why that is --enough TEXT",
        )
    if enough and whys < least:
        desk.note("why", "enough", clean(enough))
    book = env.policy.playbook(case.scenario)
    code = clean(given).lower()
    if not code:
        raise UsageError("cause-blank", "--root-cause is blank", "say where the whys end")
    known = {each for one in env.policy.playbooks.values() for each in one.root_causes}
    if code in known:
        own = book.root_causes.get(code)
        texts = [
            one.root_causes[code].text for one in env.policy.playbooks.values() if code in one.root_causes
        ]
        name, text = code, own.text if own else texts[0]
    elif _CODE.fullmatch(code):
        raise UsageError(
            "unknown-cause",
            f"--root-cause {given}: no playbook knows it",
            f"those of {case.scenario}: {', '.join(book.root_causes)}; or say it in words of your own",
        )
    else:
        name, text = "other", clean(given)
    wanted = cases.scenario_of(name, env.policy, case.scenario) or case.scenario
    target, stay = which
    if wanted != case.scenario and target is None and not clean(stay or ""):
        raise UsageError(
            "scenario-undecided",
            f"root cause {name!r} is answered by the {wanted} playbook; s{case.no} runs {case.scenario}",
            f"add --switch {wanted} (what was done is kept), or --stay TEXT",
        )
    desk.note("cause", name, text)
    said = f"root cause: {text}"
    if target is not None and target != case.scenario:
        said += "\n" + _switch(env, desk, target, f"root cause: {text}")
    elif stay and wanted != case.scenario:
        desk.note("why", "stay", f"stays with {case.scenario}: {clean(stay)}")
    return said


def _switch(env: Env, desk: CaseDesk, given: str, reason: str) -> str:
    scenario = near(given, env.policy, "--switch")
    record = cases.Recorder(desk.portfolio.next_no("save_event"), env.as_of, desk.begins_at, env.actor)
    desk.file, changes = allowed(cases.switch(desk.file, scenario, reason, env.policy, record))
    desk.operation.apply(changes)
    return f"goes on with the {scenario} playbook"


def _show_whys(env: Env, save: str) -> None:
    with env.open() as portfolio:
        [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
    if env.json:
        from renewctl.views.machine import emit

        emit(view.whys_document(file, env.policy, env.as_of))
    else:
        view.show_whys(file, env.policy)


@command(writes=True)
def answer(
    env: Env,
    save: SaveArg,
    answers: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION=ANSWER", help="As `save answer SAVE` lists them."),
    ] = None,
) -> None:
    """Answer the questions of the investigation; steps that hang on them follow."""
    if not answers:
        with env.open() as portfolio:
            [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
        found = plays.steps(file, env.policy, zone_of(env.policy))
        if env.json:
            from renewctl.views.machine import emit

            emit(view.questions_document(file, found, env.as_of))
        else:
            view.show_questions(file, found)
        return

    follows: list[str] = []

    def work(desk: CaseDesk) -> str:
        before = plays.steps(desk.file, env.policy, desk.zone)
        said = "\n".join(_answer(env, desk, each) for each in answers)
        follows.extend(view.follows(desk.file, before, plays.steps(desk.file, env.policy, desk.zone)))
        return said

    on_case(env, save, "answer", work)
    if not env.json:
        for line in follows:
            say(line)


def _answer(env: Env, desk: CaseDesk, given: str) -> str:
    key, sign, text = given.partition("=")
    key, said = key.strip().lower(), clean(text)
    book = env.policy.playbook(desk.file.case.scenario)
    known = {each.key: each for step in book.steps for each in step.asks}
    question = known.get(key)
    if question is None:
        raise NotFound(
            "no-such-question",
            f"the {desk.file.case.scenario} playbook asks nothing called {key!r}",
            f"its questions: {', '.join(known) or 'none'}",
        )
    if not sign or not said:
        raise UsageError("answer-blank", f"{key}: {question.text}", f"write {key}=ANSWER")
    if question.answers:
        folded = said.lower()
        fits = [each for each in question.answers if each == folded]
        if not fits:
            raise UsageError(
                "unknown-answer", f"{key}={said}: not one of {', '.join(question.answers)}", question.text
            )
        said = fits[0]
    desk.note("finding", key, said)
    return f"{key}: {said}"


@command(writes=True)
def team(
    env: Env,
    save: SaveArg,
    roles: Annotated[
        list[str] | None, typer.Argument(metavar="ROLE=PERSON", help="Such as engineering=rui.")
    ] = None,
) -> None:
    """Show who does what on a save, or give a role to a person for this case."""
    from renewctl.core.policy_schema import ROLES

    if not roles:
        with env.open() as portfolio:
            [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
        found = plays.planned(file, env.policy, zone_of(env.policy))
        if env.json:
            from renewctl.views.machine import emit

            emit(view.team_document(file, found, env.as_of))
        else:
            view.show_team(file, found)
        return

    def work(desk: CaseDesk) -> str:
        said = []
        for each in roles:
            role, sign, person = each.partition("=")
            role, person = role.strip().lower().replace("-", "_"), clean(person)
            if role not in ROLES:
                raise UsageError("unknown-role", f"{role}: no role", f"roles are: {', '.join(ROLES)}")
            if not sign or not person:
                raise UsageError("person-missing", f"{role}: nobody is named", f"write {role}=PERSON")
            desk.note("team", role, person)
            said.append(f"{role}: {person}")
        return "\n".join(said)

    on_case(env, save, "team", work)


@command(writes=True)
def evidence(
    env: Env,
    save: SaveArg,
    criterion: Annotated[
        str | None,
        typer.Argument(metavar="CRITERION", help="commitment, root_cause, relationship or promises."),
    ] = None,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What shows it.")] = None,
) -> None:
    """Show how far the four measures of success are met, or record what shows one of them."""
    if criterion is None:
        with env.open() as portfolio:
            [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
        found = cases.evidence(file, env.as_of)
        if env.json:
            from renewctl.views.machine import emit

            emit(view.evidence_document(file, found, env.policy, env.as_of))
        else:
            view.show_evidence(file, found, env.policy)
        return
    name, said = criterion.strip().lower().replace("-", "_"), clean(text or "")
    if name not in cases.CRITERIA:
        raise UsageError(
            "unknown-criterion",
            f"{criterion}: not one of {', '.join(cases.CRITERIA)}",
            "renewctl save evidence SAVE",
        )
    if not said:
        raise UsageError("evidence-missing", f"{name}: nothing is said", "say what shows it")

    def work(desk: CaseDesk) -> str:
        if name == "promises":
            allowed(cases.may_carry(desk.file, env.as_of))
        desk.note("evidence", name, said)
        return f"{name}: {said}"

    on_case(env, save, "evidence", work)


@command(writes=True)
def worth(
    env: Env,
    save: SaveArg,
    hours: Annotated[str, typer.Option("--hours", metavar="H", help="Work the save will take.")],
    chance: Annotated[str, typer.Option("--chance", metavar="PCT", help="The chance to keep the customer.")],
    concession: Annotated[
        str, typer.Option("--concession", metavar="AMOUNT", help="What is likely to be conceded.")
    ] = "0",
    years: Annotated[int, typer.Option("--years", help="Years the customer would stay.", min=1, max=20)] = 1,
    rate: Annotated[
        str | None,
        typer.Option("--rate", metavar="AMOUNT", help="What an hour costs (default: the policy's)."),
    ] = None,
    decide: Annotated[
        str | None, typer.Option("--decide", metavar="fight|let_go", help="Record the decision.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it was decided so.")] = "",
) -> None:
    """Weigh what a save costs against what it may keep, and record whether to fight or let go."""
    from renewctl.cli.options import minutes as minutes_given
    from renewctl.core import worth as core

    base = env.policy.base_currency
    sums = {
        name: _amount(name, text, base)
        for name, text in (("concession", concession), ("rate", rate))
        if text is not None
    }
    pct = _percent(chance)
    decision = decide.strip().lower().replace("-", "_") if decide else None
    if decision not in (None, *core.DECISIONS):
        raise UsageError("unknown-decision", f"--decide {decide}: not fight or let_go", "give one of them")
    spent = minutes_given(hours) or 0
    shown: list[Any] = []

    if decision is None:
        with env.open() as portfolio:
            [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
        view.show_worth(file, _sheet(env, core, file, spent, sums, pct, years), base, json=env.json)
        return
    chosen = decision

    def work(desk: CaseDesk) -> str:
        file = desk.file
        shown.append(_sheet(env, core, file, spent, sums, pct, years))
        _, change = allowed(
            core.decide(
                desk.portfolio.next_no("worth"), file, shown[0], chosen, clean(reason), base, env.as_of,
                env.actor,
            )
        )  # fmt: skip
        desk.apply([change])
        return f"{chosen.replace('_', ' ')}: {clean(reason)}"

    on_case(env, save, "worth", work)
    if not env.json:
        view.show_worth(None, shown[0], base, json=False)


def _sheet(env: Env, core: Any, file: Any, spent: int, sums: dict[str, int], pct: Any, years: int) -> Any:
    return core.sheet(
        file.renewal.arr_base_minor, spent, sums.get("rate", env.policy.saves.hour_cost_minor),
        sums["concession"], pct, years,
    )  # fmt: skip


_NUMBER = re.compile(r"\d{1,13}(\.\d{1,4})?", re.ASCII)


def _amount(name: str, text: str, base: str) -> int:
    """An amount of the base currency as people type it, in minor units."""
    from fractions import Fraction

    from renewctl.core import money

    plain = text.strip().replace("_", "")
    if not _NUMBER.fullmatch(plain):
        raise UsageError("bad-amount", f"--{name} {text}: no amount in {base}", f"write --{name} 12000.50")
    exact = Fraction(plain) * 10 ** money.digits(base)
    if exact.denominator != 1:
        raise UsageError("bad-amount", f"--{name} {text}: {base} has no such part", "give fewer digits")
    return int(exact)


def _percent(text: str) -> Any:
    """A percentage from 0 to 100, exactly."""
    from fractions import Fraction

    plain = text.strip().removesuffix("%").strip()
    if not _NUMBER.fullmatch(plain) or Fraction(plain) > 100:
        raise UsageError("bad-chance", f"--chance {text}: not 0 to 100", "write --chance 40")
    return Fraction(plain)


@command(writes=True)
def note(
    env: Env,
    save: SaveArg,
    blocker: Annotated[
        str | None, typer.Option("--blocker", metavar="TEXT", help="What is in the way.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option("--decision", metavar="TEXT", help="The decision that is needed.")
    ] = None,
    cleared: Annotated[bool, typer.Option("--cleared", help="The blocker is out of the way.")] = False,
    taken: Annotated[
        str | None, typer.Option("--taken", metavar="TEXT", help="The decision that was taken.")
    ] = None,
    setback: Annotated[
        str | None, typer.Option("--setback", metavar="TEXT", help="What had held no longer does.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="The reason the customer gives.")
    ] = None,
) -> None:
    """Note what is in the way of a save, or the decision it needs; the stand-up shows both."""
    given = {"set": blocker, "asked": decision, "taken": taken, "setback": setback, "reason": reason}
    if not cleared and not any(given.values()):
        raise UsageError(
            "note-missing",
            "nothing to note",
            "give --blocker, --cleared, --decision, --taken, --setback or --reason",
        )
    if any(text is not None and not clean(text) for text in given.values()):
        raise UsageError("note-blank", "a note is blank", "write what it is")

    def work(desk: CaseDesk) -> str:
        said = []
        if blocker:
            desk.note("blocker", "set", clean(blocker))
            said.append(f"blocked: {clean(blocker)}")
        if cleared:
            standing = plays.latest(desk.file.ledger, "blocker")
            if standing is not None and standing.name == "set":
                desk.note("blocker", "cleared")
                said.append("blocker cleared")
        if decision:
            desk.note("decision", "asked", clean(decision))
            said.append(f"decision needed: {clean(decision)}")
        if taken:
            desk.note("decision", "taken", clean(taken))
            said.append(f"decided: {clean(taken)}")
        if reason:
            desk.apply([cases.moved(desk.file.case, reason=clean(reason))])
            said.append(f"they say: {clean(reason)}")
        if setback:
            desk.apply(allowed(cases.setback(desk.file, clean(setback), desk.recorder())))
            said.append(f"set back: {clean(setback)}")
        return "\n".join(said)

    on_case(env, save, "note", work)


@command(writes=True)
def close(
    env: Env,
    save: SaveArg,
    result: Annotated[
        str, typer.Option("--result", metavar="RESULT", help="One of: " + ", ".join(CLOSED_SAVES))
    ],
    note: Annotated[str | None, typer.Option("--note", help="What decided it.")] = None,
    arr: Annotated[
        str | None, typer.Option("--arr", metavar="AMOUNT", help="ARR a partly saved customer goes on with.")
    ] = None,
) -> None:
    """Close a save with its result; saved only where all four measures are shown."""
    chosen, said = _result(result), clean(note or "")
    base = env.policy.base_currency
    kept = None if arr is None else _amount("arr", arr, base)

    def work(desk: CaseDesk) -> str:
        if kept is not None:
            at_stake = desk.file.renewal.arr_base_minor
            if chosen != "partly_saved":
                raise UsageError("arr-unasked", "--arr goes with --result partly_saved", "leave it out")
            if at_stake is not None and kept >= at_stake:
                from renewctl.core import money

                raise UsageError(
                    "arr-not-less",
                    f"--arr {arr}: no less than the {money.plain(at_stake, base)} that was at stake",
                    f"give what is kept, in {base}",
                )
            from renewctl.core import money

            desk.note("evidence", cases.KEPT_ARR, money.plain(kept, base))
        changes = allowed(cases.close(desk.file, chosen, said, env.policy, desk.recorder()))
        if not changes:
            return ""
        gone = [f"o{each.key[0]}" for each in changes if each.entity == "offer"]
        desk.operation.apply(changes)
        if said:
            desk.operation.apply([_noted(desk, said)])
        desk.reload()
        told = f"closed as {chosen} on {env.as_of}" + (f": {said}" if said else "")
        return told + (f"\noffers withdrawn with it: {', '.join(gone)}" if gone else "")

    on_case(env, save, "close", work, running=False)


def _noted(desk: CaseDesk, said: str) -> Change:
    case, no = desk.file.case, desk.portfolio.next_no("activity")
    made = Activity(no, case.account_no, case.contract_no, desk.env.as_of, "note", said, None, desk.env.actor)
    return Change("activity", (no,), case.account_no, None, made._asdict())


def _result(given: str) -> str:
    """The result meant, or exit 2 naming the four."""
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    if folded not in CLOSED_SAVES:
        four = ", ".join(CLOSED_SAVES)
        raise UsageError(
            "unknown-result", f"--result {given}: not one of {four}", "renewctl save close --help"
        )
    return folded


@command(writes=True)
def reopen(
    env: Env,
    save: SaveArg,
    reason: Annotated[str, typer.Option("--reason", help="How the customer relapsed.")],
    flagged: Annotated[
        str | None, typer.Option("--flagged", metavar="DATE", help="When it was seen (default: today).")
    ] = None,
) -> None:
    """Open a kept save again after a relapse, with its history: the clock starts anew."""
    said = clean(reason)
    if not said:
        raise UsageError("reason-missing", "--reason is blank", "say how they relapsed")
    flag = flag_of(env, flagged)

    def work(desk: CaseDesk) -> str:
        other = plays.open_one(
            desk.portfolio.values("save_case", "account_no = ?", (desk.file.case.account_no,))
        )
        if other is not None and other.no != desk.file.case.no:
            raise RefusedByRule(
                "save-open", f"the account has the open save s{other.no}", f"renewctl save show s{other.no}"
            )
        desk.apply(allowed(cases.reopen(desk.file, said, flag, env.policy, desk.recorder())))
        return f"opened again: {said}"

    on_case(env, save, "reopen", work, running=False)
