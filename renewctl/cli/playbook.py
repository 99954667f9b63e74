"""`playbook list`, `show`, `check`: what is done in each scenario, and whether it can be done."""

import sys
from typing import Annotated

import typer

from renewctl.cli.options import Env, command, say
from renewctl.core.policy import SCENARIOS, Playbook
from renewctl.errors import UsageError
from renewctl.views import playbook as view
from renewctl.views.terminal import safe

ScenarioArg = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="One of `playbook list`, such as product.")
]
FileArg = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="Policy file (default: the one in force).")
]


@command()
def list_(env: Env) -> None:
    """List the playbooks: urgency, steps, hours, length and benchmark of each."""
    books = _books(env)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.list_document(books))
    else:
        view.show_list(books)


@command()
def show(env: Env, scenario: ScenarioArg) -> None:
    """Show a playbook whole: questions, steps, branches, what to say, papers."""
    found = _book(env, scenario)
    milestones = env.policy.saves.milestones
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(found, milestones))
    else:
        view.show(found, milestones)


@command()
def check(env: Env, file: FileArg = None) -> None:
    """Check the playbooks: steps nobody reaches, dates that cannot be, roles nobody fills."""
    from renewctl.core.playbook_check import WARNINGS
    from renewctl.core.playbook_check import check as check_books
    from renewctl.store.policy_files import check_file, load_policy, read_overlay

    path = file or env.policy_path
    refused = check_file(path) if path else ()
    found, count = refused, 0
    if not refused:
        policy = load_policy(path)
        text = read_overlay(path).text if path else ""
        found, count = check_books(policy, text, path or "shipped"), len(policy.playbooks)
    failed = [each for each in found if each.code not in WARNINGS]
    if env.json:
        from renewctl.views.machine import emit

        emit(view.check_document(path, found))
    else:
        for each in found:
            sys.stdout.write(safe(view.finding(each)) + "\n")
        if not found:
            sys.stdout.write(safe(f"{path or 'shipped'}: {count} playbooks, nothing to remark on") + "\n")
        else:
            say(safe(view.counted(path, len(failed), len(found) - len(failed))))
    if refused:
        raise typer.Exit(11)
    if failed:
        raise typer.Exit(1)


def _books(env: Env) -> list[Playbook]:
    """Every playbook: the six in their order, then those that a policy adds."""
    books = env.policy.playbooks
    return [books[name] for name in (*SCENARIOS, *(name for name in books if name not in SCENARIOS))]


def _book(env: Env, given: str) -> Playbook:
    """The playbook meant, or exit 2 naming all there are."""
    books = {book.scenario: book for book in _books(env)}
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    near = [name for name in books if name == folded] or [
        name for name in books if folded and name.startswith(folded)
    ]
    if len(near) != 1:
        raise UsageError(
            "unknown-scenario", f"{given}: not one of {', '.join(books)}", "renewctl playbook list"
        )
    return books[near[0]]
