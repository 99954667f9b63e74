"""OPP: which motion a renewal gets. The first that holds: at_risk, early, expansion, flat."""

from renewctl.core import money
from renewctl.core.model import Account, Because, Verdict
from renewctl.core.policy import OpportunityRules, Policy

TYPES = ("at_risk", "early", "expansion", "flat")  # in the order in which they are tried (OPP-5)


def _grows(account: Account, rules: OpportunityRules) -> bool:
    """Whether the facts show room to grow: potential, full seats, or fast growth."""
    if account.expansion_minor is not None and account.expansion_minor > 0:
        return True
    bought, used = account.seats_purchased, account.seats_used
    if bought and used is not None and used / bought >= rules.seats_share:
        return True
    return account.growth_rate is not None and account.growth_rate >= rules.growth


def opportunity(account: Account, band: str | None, open_save: bool, policy: Policy) -> str:
    """The one opportunity type of a renewal (OPP-5): a value of `TYPES`."""
    if band == "red" or open_save or account.cancel_notice_on is not None:
        return "at_risk"
    if account.early_on is not None:
        return "early"
    if band == "green" and _grows(account, policy.opportunity):
        return "expansion"
    return "flat"


def opportunity_verdict(
    account: Account,
    band: str | None,
    score: float | None,
    open_save: bool,
    policy: Policy,
    red_below: float | None = None,
) -> Verdict:
    """`opportunity` with its reasons: every fact that alone would have decided so.

    `red_below` is where red ends for this account; None: where it does for all.
    """
    value = opportunity(account, band, open_save, policy)
    because = []
    if value == "at_risk":
        limit = policy.health.yellow if red_below is None else red_below
        because = _risk(account, band, score, open_save, limit)
    elif value == "early":
        because.append(
            Because("OPP-4", f"early renewal decided on {account.early_on}", "a recorded decision")
        )
    elif value == "expansion":
        because = [Because("OPP-2", "health green", "expansion only from green"), *_growth(account, policy)]
    else:
        signs = _growth(account, policy)
        if signs:
            seen = f"health {band or 'unknown'}; {signs[0].observed}"
            because.append(Because("OPP-1", seen, "expansion only from green"))
        else:
            because.append(Because("OPP-1", "no risk, no early decision, no sign of growth", _signs(policy)))
    return Verdict(value, tuple(because))


def _risk(
    account: Account, band: str | None, score: float | None, open_save: bool, red_below: float
) -> list[Because]:
    found = []
    if account.cancel_notice_on is not None:
        found.append(Because("OPP-3", f"cancel notice of {account.cancel_notice_on}", "any cancel notice"))
    if open_save:
        found.append(Because("OPP-3", "a save is open", "any open save"))
    if band == "red" and score is not None:
        found.append(Because("HLT-3", f"score {score:g}", f"at risk by itself under {red_below:g}"))
    return found


def _growth(account: Account, policy: Policy) -> list[Because]:
    """Every sign of growth that holds."""
    rules = policy.opportunity
    found = []
    if account.expansion_minor is not None and account.expansion_minor > 0:
        amount = money.plain(account.expansion_minor, account.currency or policy.base_currency)
        found.append(Because("OPP-2", f"expansion potential {amount}", "above 0"))
    bought, used = account.seats_purchased, account.seats_used
    if bought and used is not None and used / bought >= rules.seats_share:
        seen = f"{used} of {bought} seats used ({used / bought:.0%})"
        found.append(Because("OPP-2", seen, f"at least {rules.seats_share:.0%}"))
    if account.growth_rate is not None and account.growth_rate >= rules.growth:
        found.append(Because("OPP-2", f"growth {account.growth_rate:.0%}", f"at least {rules.growth:.0%}"))
    return found


def _signs(policy: Policy) -> str:
    rules = policy.opportunity
    return (
        f"growth is potential above 0, {rules.seats_share:.0%} of seats used, or growth of {rules.growth:.0%}"
    )
