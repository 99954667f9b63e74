"""`doctor`: whether the portfolio is sound, what is wrong with it, and what to do."""

import sys
from typing import Annotated

import typer

from renewctl.cli.options import Env, command
from renewctl.errors import PortfolioError
from renewctl.store.choose import advice
from renewctl.store.doctor import examine
from renewctl.store.doctor_file import examined
from renewctl.store.portfolio import SCHEMA_VERSION
from renewctl.views import doctor as view

# What a backup put back is a remedy for.
_RESTORED = ("portfolio-damaged", "not-a-portfolio")


@command()
def doctor(
    env: Env,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what reads every row: replay, facts, caches, backups.")
    ] = False,
) -> None:
    """Check that the portfolio is sound, and say what to do where it is not."""
    policy = None if quick else env.policy
    results = []
    with examined(env.portfolio_path, policy, env.as_of) as subject:
        for result in examine(subject, quick=quick):
            results.append(result)
            if not env.json:
                sys.stdout.write("".join(f"{line}\n" for line in view.lines(result)))
                sys.stdout.flush()
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(subject.shown, results, quick=quick, opened=subject.portfolio is not None))
    else:
        sys.stdout.write(view.end(results, quick=quick) + "\n")
    if subject.refusal is not None:
        if subject.refusal.code in _RESTORED:
            subject.refusal.hint = advice(env.portfolio_path) or subject.refusal.hint
        raise subject.refusal
    if subject.version > SCHEMA_VERSION:
        raise PortfolioError(
            "newer-schema",
            f"{subject.shown} has schema {subject.version}; this renewctl knows up to {SCHEMA_VERSION}",
            "update it: python -m pip install --upgrade renewctl",
        )
    if any(result.findings for result in results):
        raise typer.Exit(1)
