"""`save why`, `answer`: what is really wrong, and what the investigation finds."""

import re
from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk, look, on_case
from renewctl.cli.contract import allowed
from renewctl.cli.options import Env, command, say
from renewctl.cli.save import SaveArg, near
from renewctl.core import case_file, cases, plays
from renewctl.core.text import clean
from renewctl.errors import NotFound, RefusedByRule, UsageError
from renewctl.store.saves import zone_of
from renewctl.views import save_why as view

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
        look(
            env,
            save,
            lambda file: view.whys_document(file, env.policy, env.as_of),
            lambda file: view.show_whys(file, env.policy),
        )
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
    name, text = _named(env, case.scenario, given)
    if whys < least and not clean(enough or ""):
        raise RefusedByRule(
            "whys-missing",
            f"save s{case.no}: {whys} of {least} whys are answered (SAV-2)",
            f"ask on: renewctl save why s{case.no} --why TEXT, or say why that is --enough TEXT",
        )
    wanted = cases.scenario_of(name, env.policy, case.scenario) or case.scenario
    target, stay = which
    if wanted != case.scenario and target is None and not clean(stay or ""):
        raise UsageError(
            "scenario-undecided",
            f"root cause {name!r} is answered by the {wanted} playbook; s{case.no} runs {case.scenario}",
            f"add --switch {wanted} (what was done is kept), or --stay TEXT",
        )
    if enough and whys < least:
        desk.note("why", "enough", clean(enough))
    desk.note("cause", name, text)
    said = f"root cause: {text}"
    if target is not None and target != case.scenario:
        said += "\n" + _switch(env, desk, target, f"root cause: {text}")
    elif stay and wanted != case.scenario:
        desk.note("why", "stay", f"stays with {case.scenario}: {clean(stay)}")
    return said


def _named(env: Env, scenario: str, given: str) -> tuple[str, str]:
    """(code, text) of a root cause: one that a playbook knows, else `other` in the words given."""
    code, books = clean(given).lower(), env.policy.playbooks
    if not code:
        raise UsageError("cause-blank", "--root-cause is blank", "say where the whys end")
    own = env.policy.playbook(scenario).root_causes
    for known in (own, *(book.root_causes for book in books.values())):
        if code in known:
            return code, known[code].text
    if _CODE.fullmatch(code):
        raise UsageError(
            "unknown-cause",
            f"--root-cause {given}: no playbook knows it",
            f"those of {scenario}: {', '.join(own)}; or say it in words of your own",
        )
    return "other", clean(given)


def _switch(env: Env, desk: CaseDesk, given: str, reason: str) -> str:
    scenario = near(given, env.policy, "--switch")
    record = cases.Recorder(desk.portfolio.next_no("save_event"), env.as_of, desk.begins_at, env.actor)
    desk.file, changes = allowed(cases.switch(desk.file, scenario, reason, env.policy, record))
    desk.operation.apply(changes)
    return f"goes on with the {scenario} playbook"


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

    def steps(file: case_file.CaseFile) -> tuple[plays.CaseStep, ...]:
        return plays.steps(file, env.policy, zone_of(env.policy))

    if not answers:
        look(
            env,
            save,
            lambda file: view.questions_document(file, steps(file), env.as_of),
            lambda file: view.show_questions(file, steps(file)),
        )
        return

    follows: list[str] = []

    def work(desk: CaseDesk) -> str:
        before = steps(desk.file)
        said = "\n".join(_answer(env, desk, each) for each in answers)
        follows.extend(view.follows(desk.file, before, steps(desk.file)))
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
