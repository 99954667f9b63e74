"""OWN-1: what the volume of a book says about each ownership model, with the figures seen."""

from collections.abc import Sequence
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.model import Because
from renewctl.core.policy import Policy
from renewctl.core.team import Renewing
from renewctl.core.text import fold


class Seen(NamedTuple):
    """What the advice goes by."""

    customers: int  # accounts in force
    volume: int  # renewals a quarter
    renewals: int  # open ones
    large: int  # of six figures
    large_with_csm: int  # owned by a CSM
    reluctant: int  # by one who would rather not lead commercial talks
    small: int  # under the hybrid's first limit


class ModelView(NamedTuple):
    """One model in the light of the figures: `fits`, `possible` or `fails`, in a sentence, with reasons."""

    model: str
    verdict: str
    text: str
    because: tuple[Because, ...]


class Advice(NamedTuple):
    """The model in force, the one the figures speak for, and a view of all four."""

    in_force: str
    suggested: str
    text: str
    because: tuple[Because, ...]
    models: tuple[ModelView, ...]


def seen(renewals: Sequence[Renewing], customers: int, volume: int, policy: Policy) -> Seen:
    """The figures of a book's open renewals."""
    table = policy.raw["ownership"]["advice"]
    limit = _minor(policy, table["large"])
    few = _small_limit(policy)
    unwilling = {fold(name) for name in table["reluctant_csms"]}
    large = [each for each in renewals if (each.row.arr_base_minor or 0) >= limit]
    with_csm = [each for each in large if each.row.owner_role == "csm" and each.row.owner is not None]
    reluctant = [each for each in with_csm if fold(each.row.owner or "") in unwilling]
    small = [
        each for each in renewals if each.row.arr_base_minor is not None and each.row.arr_base_minor < few
    ]
    return Seen(customers, volume, len(renewals), len(large), len(with_csm), len(reluctant), len(small))


def _minor(policy: Policy, units: int | float | str) -> int:
    from fractions import Fraction

    return money.to_minor(Fraction(str(units)), policy.base_currency)


def _small_limit(policy: Policy) -> int:
    """Under this a renewal is one of many small ones: where mid-market begins."""
    return next(each.at_least_minor for each in policy.segments if each.name == "mid_market")


def advise(found: Seen, policy: Policy) -> Advice:
    """OWN-1: which model the volume speaks for.

    A specialist pays off from both the policy's customers and renewals a quarter, and fails at few customers;
    six-figure renewals with CSMs who do not want to negotiate call for sales, or for a hybrid that has it.
    """
    table, volume = policy.raw["ownership"]["advice"], policy.ownership.volume_per_quarter
    big = money.plain(_minor(policy, table["large"]), policy.base_currency)
    customers = Because(
        "OWN-1",
        _count(found.customers, "customer"),
        f"a specialist works at {table['specialist_customers']:,}+",
    )
    few = Because(
        "OWN-1",
        _count(found.customers, "customer"),
        f"a specialist fails at {table['few_customers']:,} or fewer",
    )
    quarter = Because(
        "OWN-1", _count(found.volume, "renewal") + " a quarter", f"a specialist pays off from {volume:,}"
    )
    large = Because(
        "OWN-1",
        _count(found.large, "renewal") + f" of {big} or more",
        "with any of them somebody must negotiate",
    )
    owned = _count(found.large_with_csm, "renewal")
    unwilling = Because(
        "OWN-1",
        f"{found.reluctant:,} of the {owned} of {big} or more that CSMs own have one who would rather not "
        "negotiate",
        "none",
    )
    pays = found.customers >= table["specialist_customers"] and found.volume >= volume
    fails = found.customers <= table["few_customers"]
    models = (
        _specialist(pays, fails, customers, few, quarter),
        _csm(found, large, unwilling),
        _sales(found, large),
        _hybrid(found, pays, large, customers, quarter),
    )
    suggested, because = _suggested(found, pays, fails, customers, few, quarter, large, unwilling)
    return Advice(policy.ownership.model, suggested, _sentence(policy, suggested), because, models)


def _specialist(pays: bool, fails: bool, customers: Because, few: Because, quarter: Because) -> ModelView:
    if pays:
        text = "the volume carries a specialist; the CSM keeps the relationship and hands over in person"
        return ModelView("specialist", "fits", text, (customers, quarter))
    if fails:
        text = "too few customers: the handoff costs more than it brings"
        return ModelView("specialist", "fails", text, (few, quarter))
    return ModelView("specialist", "possible", "not yet enough volume to pay off", (customers, quarter))


def _csm(found: Seen, large: Because, unwilling: Because) -> ModelView:
    if found.reluctant:
        text = "breaks where CSMs who dislike the commercial side must close six figures"
        return ModelView("csm", "fails", text, (unwilling,))
    if found.large:
        text = "holds while every CSM with a large renewal is willing to negotiate"
        return ModelView("csm", "possible", text, (large,))
    return ModelView("csm", "fits", "no renewal is large enough to need a negotiator", (large,))


def _sales(found: Seen, large: Because) -> ModelView:
    small = Because("OWN-1", f"{found.small:,} of {found.renewals:,} open renewals small", "half or more")
    if found.renewals and found.small * 2 >= found.renewals:
        text = "most renewals are too small for a salesperson, and the customer feels a handoff"
        return ModelView("sales", "fails", text, (small,))
    text = "sales leads the commercial talk; the customer feels a handoff"
    return ModelView("sales", "fits" if found.large else "possible", text, (large,))


def _hybrid(found: Seen, pays: bool, large: Because, customers: Because, quarter: Because) -> ModelView:
    small = Because(
        "OWN-2", f"{found.small:,} of {found.renewals:,} open renewals small", "small and large ones"
    )
    if found.small and found.large:
        return ModelView("hybrid", "fits", "the book has both small and large renewals", (small, large))
    if pays and found.large:
        return ModelView("hybrid", "fits", "volume and large renewals at once", (customers, quarter, large))
    return ModelView("hybrid", "possible", "one kind of renewal; a simpler model would do", (small, large))


def _suggested(
    found: Seen,
    pays: bool,
    fails: bool,
    customers: Because,
    few: Because,
    quarter: Because,
    large: Because,
    unwilling: Because,
) -> tuple[str, tuple[Because, ...]]:
    if pays:
        if found.large:
            return "hybrid", (customers, quarter, large)
        return "specialist", (customers, quarter)
    if found.reluctant:
        mostly_large = found.large * 2 > found.renewals
        return ("sales" if mostly_large else "hybrid"), (unwilling, large)
    if found.small and found.large and not fails:
        return "hybrid", (large, quarter)
    return "csm", ((few, large) if fails else (quarter, large))


def _sentence(policy: Policy, suggested: str) -> str:
    model = policy.ownership.model
    if model == suggested:
        return f"{model} is in force and is what the figures speak for"
    return f"{model} is in force; the figures speak for {suggested}"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
