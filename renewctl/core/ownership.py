"""OWN: the one owner of a renewal and of each of its steps. Unowned work is listed, never hidden."""

from typing import NamedTuple, Protocol

from renewctl.core import money
from renewctl.core.model import Account, Because
from renewctl.core.policy import OwnerRule, Policy


class People(Protocol):
    """Whoever carries the names of an account's people: an `Account`, or a line of the agenda."""

    @property
    def csm(self) -> str | None:
        """The account's Customer Success Manager."""

    @property
    def sales_owner(self) -> str | None:
        """Who sells to it."""

    @property
    def specialist(self) -> str | None:
        """Its renewal specialist."""

    @property
    def executive_sponsor(self) -> str | None:
        """Our executive beside theirs."""


class Owner(NamedTuple):
    """Who owns a renewal. `person` None is unowned; `participants` take part without owning."""

    person: str | None
    role: str  # the role the person acts in: specialist | csm | sales
    participants: tuple[str, ...]
    because: tuple[Because, ...]


def _in_role(role: str, account: People, policy: Policy) -> str | None:
    """Who fills a role for an account: its own column first, then the policy's team."""
    person: str | None = None
    if role == "csm":
        person = account.csm
    elif role == "sales":
        person = account.sales_owner
    elif role == "specialist":
        person = account.specialist
    elif role == "executive_sponsor":
        person = account.executive_sponsor
    elif role == "manager" and account.csm:
        person = policy.managers.get(account.csm)
    return person or policy.team.get(role)


def owner_rule(
    specialist: str | None, arr_base_minor: int | None, policy: Policy, renewals_per_quarter: int
) -> OwnerRule | None:
    """The first rule of the model that fits; None when that hangs on an ARR nobody knows.

    `specialist` is the account's own; the specialist rule needs one, or the volume (OWN-1).
    """
    ownership = policy.ownership
    for rule in ownership.rules:
        below = rule.below_minor
        if below is not None:
            if arr_base_minor is None:
                return None
            if arr_base_minor >= below:
                continue
        if rule.needs_volume and not specialist and renewals_per_quarter < ownership.volume_per_quarter:
            continue
        return rule
    return None


def owner_in(role: str, account: People, policy: Policy) -> tuple[str | None, str]:
    """(person, role) where the rules give the renewal to `role`: a vacant one falls to the CSM."""
    if role != "csm":
        person = _in_role(role, account, policy)
        if person is not None:
            return person, role
    return account.csm or policy.team.get("csm"), "csm"


def owner(account: Account, arr_base_minor: int | None, policy: Policy, renewals_per_quarter: int) -> Owner:
    """OWN-1 to OWN-3: exactly one owner with the reasons, or nobody, said aloud.

    A role with nobody in it falls to the CSM (`role_vacant`). Strategic accounts add the executive
    sponsor as a participant at any size.
    """
    rule = owner_rule(account.specialist, arr_base_minor, policy, renewals_per_quarter)
    person, role = owner_in(rule.role if rule else "csm", account, policy)
    because = [_rule_because(rule, arr_base_minor, account, policy, renewals_per_quarter)]
    if rule is not None and rule.role != role:
        seen = f"role_vacant: nobody is {rule.role}"
        because.append(Because("OWN-3", seen, "a vacant role falls to the CSM"))
    if person is None:
        because.append(Because("OWN-3", "unowned: no CSM either", "every renewal has exactly one owner"))
    participants: tuple[str, ...] = ()
    if account.strategic:
        sponsor = _in_role("executive_sponsor", account, policy)
        participants = (sponsor,) if sponsor else ()
        seen = f"strategic; executive sponsor {sponsor or 'not named'}"
        because.append(Because("OWN-2", seen, "strategic accounts engage an executive at any size"))
    return Owner(person, role, participants, tuple(because))


def _rule_because(
    rule: OwnerRule | None,
    arr_base_minor: int | None,
    account: Account,
    policy: Policy,
    renewals_per_quarter: int,
) -> Because:
    model = policy.ownership.model
    rule_id = "OWN-2" if model == "hybrid" else "OWN-1"
    if rule is None:
        return Because(rule_id, "ARR unknown", f"the {model} model goes by ARR: the CSM until it is known")
    seen = (
        "ARR unknown"
        if arr_base_minor is None
        else f"ARR {money.plain(arr_base_minor, policy.base_currency)}"
    )
    if rule.needs_volume:
        seen += (
            f", specialist {account.specialist}"
            if account.specialist
            else f", {renewals_per_quarter} renewals a quarter"
        )
    limit = (
        f"under {money.plain(rule.below_minor, policy.base_currency)}"
        if rule.below_minor is not None
        else "else"
    )
    return Because(rule_id, seen, f"{model}, rule {rule.name}: {limit}, {rule.role}")


def step_person(role: str, account: People, owner: str | None, policy: Policy) -> tuple[str | None, bool]:
    """Who does a step of `role`, and whether they stand in for somebody (`delegate`).

    `owner` is the person who owns the renewal. A role nobody fills goes to the CSM, and without one
    to the owner, as a delegate; (None, …) is unowned work.
    """
    if role == "owner":
        return owner, False
    person = _in_role(role, account, policy)
    if person is not None:
        return person, False
    return account.csm or policy.team.get("csm") or owner, True
