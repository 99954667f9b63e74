"""`save results`: what saves came to by scenario, response time, playbook, root cause and owner (SAV-11)."""

from typing import Annotated

from renewctl.cli.options import Env, command
from renewctl.cli.save_rehearse import FROM, TO, span


@command()
def results(
    env: Env,
    from_: Annotated[str | None, FROM] = None,
    to: Annotated[str | None, TO] = None,
) -> None:
    """Show what the saves came to, by how they were run, and what recurs."""
    from renewctl.core.save_results import results as judge
    from renewctl.store.save_rounds import rounds_before
    from renewctl.store.saves import cases, load_files, zone_of
    from renewctl.views import save_results as view

    policy = env.policy
    days = span(env, policy, from_, to)
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        found = cases(portfolio)
        files = load_files(portfolio, policy, env.as_of, found) if found else []
        before = rounds_before(portfolio, files)
        outcomes = portfolio.values("outcome", "", (), "closed_on, no")
    accounts = {each.account.no: each.account for each in files}
    told = judge(files, outcomes, accounts, policy, zone_of(policy), days, before)
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(told, policy))
    else:
        view.show(told, policy)
