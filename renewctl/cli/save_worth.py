"""`save worth`: what a save costs against what it may keep, and the decision to fight or let go."""

from typing import Annotated, Any

import typer

from renewctl.cli.case import CaseDesk, look, on_case
from renewctl.cli.contract import allowed, amount_in, percent_of
from renewctl.cli.options import Env, command
from renewctl.cli.save import SaveArg
from renewctl.core.text import clean
from renewctl.errors import UsageError
from renewctl.views import save_worth as view


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
        name: amount_in(name, text, base)
        for name, text in (("concession", concession), ("rate", rate))
        if text is not None
    }
    pct = percent_of("chance", chance)
    decision = decide.strip().lower().replace("-", "_") if decide else None
    if decision not in (None, *core.DECISIONS):
        raise UsageError("unknown-decision", f"--decide {decide}: not fight or let_go", "give one of them")
    spent = minutes_given(hours) or 0
    shown: list[Any] = []

    if decision is None:
        look(
            env,
            save,
            lambda file: view.document(file, _sheet(env, core, file, spent, sums, pct, years), base),
            lambda file: view.show(file, _sheet(env, core, file, spent, sums, pct, years), base),
        )
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
        view.show(None, shown[0], base)


def _sheet(env: Env, core: Any, file: Any, spent: int, sums: dict[str, int], pct: Any, years: int) -> Any:
    return core.sheet(
        file.renewal.arr_base_minor, spent, sums.get("rate", env.policy.saves.hour_cost_minor),
        sums["concession"], pct, years,
    )  # fmt: skip
