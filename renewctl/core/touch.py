"""TCH: how much of a person a renewal gets, and where that does not fit the account."""

from renewctl.core import money
from renewctl.core.model import Because, Contract, Verdict
from renewctl.core.policy import Policy

MODELS = ("auto_renew", "assisted", "negotiated")


def touch(
    contract: Contract | None,
    segment: str | None,
    band: str | None,
    opportunity: str,
    arr_base_minor: int | None,
    relationship: float | None,
    policy: Policy,
) -> str:
    """The touch model of a renewal, from day one of its cycle: a value of `MODELS`.

    `arr_base_minor` is the value the segment was found by; `relationship` the score as it counts
    today. What is unknown never leads to automation, nor an unknown segment to a light touch.
    """
    if segment == "smb":
        if (
            band == "green"
            and contract is not None
            and contract.auto_renew
            and contract.payment_on_file
            and relationship is not None
            and relationship >= policy.touch.auto_relationship
        ):
            return "auto_renew"
        return "assisted"
    if (
        segment == "mid_market"
        and band == "green"
        and opportunity == "flat"
        and arr_base_minor is not None
        and arr_base_minor < policy.touch.assisted_below_minor
    ):
        return "assisted"
    return "negotiated"


def touch_verdict(
    contract: Contract | None,
    segment: str | None,
    band: str | None,
    opportunity: str,
    arr_base_minor: int | None,
    relationship: float | None,
    policy: Policy,
) -> Verdict:
    """`touch` with its reasons, and for an assisted SMB what keeps it from running by itself."""
    value = touch(contract, segment, band, opportunity, arr_base_minor, relationship, policy)
    seen = f"segment {segment or 'unknown'}, health {band or 'unknown'}, {opportunity}"
    if segment == "smb":
        needs = f"clause, payment on file, green, relationship from {policy.touch.auto_relationship:g}"
        if value == "auto_renew":
            because = Because("TCH-1", f"{seen}, relationship {relationship:.3g}", needs)
        else:
            lacking = _lacking(contract, band, relationship, policy)
            because = Because(
                "TCH-2", f"{seen}; not automatic: {', '.join(lacking)}", f"automatic needs {needs}"
            )
    else:
        below = money.plain(policy.touch.assisted_below_minor, policy.base_currency)
        value_seen = (
            "ARR unknown"
            if arr_base_minor is None
            else f"ARR {money.plain(arr_base_minor, policy.base_currency)}"
        )
        limit = f"assisted: mid_market, green, flat, under {below}"
        rule = "TCH-2" if value == "assisted" else "TCH-3"
        because = Because(rule, f"{seen}, {value_seen}", limit)
    return Verdict(value, (because, *mismatches(contract, segment, opportunity, value)))


def _lacking(
    contract: Contract | None, band: str | None, relationship: float | None, policy: Policy
) -> list[str]:
    found = []
    for value, name in (
        (contract.auto_renew if contract else None, "auto-renew clause"),
        (contract.payment_on_file if contract else None, "payment on file"),
    ):
        if not value:
            found.append(f"{name} unknown" if value is None else f"no {name}")
    if relationship is None:
        found.append("relationship unknown")
    elif relationship < policy.touch.auto_relationship:
        found.append(f"relationship {relationship:.3g}")
    if band != "green":
        found.append(f"health {band or 'unknown'}")
    return found


def mismatches(
    contract: Contract | None, segment: str | None, opportunity: str, value: str
) -> tuple[Because, ...]:
    """TCH-4: warnings where the touch, or the contract's own clause, does not fit the account."""
    found = []
    clause = contract is not None and bool(contract.auto_renew)
    if segment == "enterprise" and (clause or value == "auto_renew"):
        seen = "an enterprise contract that renews by itself"
        found.append(Because("TCH-4", seen, "enterprise is negotiated: act before the opt-out deadline"))
    if opportunity == "at_risk" and value == "auto_renew":
        found.append(Because("TCH-4", "at risk, yet set to renew by itself", "a save needs a person"))
    return tuple(found)


def by_hand(smb_renewals: int, automatic: int, policy: Policy) -> Because | None:
    """TCH-4 over a portfolio: a warning when many SMB renewals run by hand; None when they do not.

    `smb_renewals` counts open SMB renewals, `automatic` those of them on `auto_renew`.
    """
    hand = smb_renewals - automatic
    if hand < policy.touch.many_by_hand:
        return None
    return Because(
        "TCH-4", f"{hand} SMB renewals need a person", f"look at automation from {policy.touch.many_by_hand}"
    )
