"""Who there is at a customer, who of us speaks to them, and where that hangs by too few (STK-1 to STK-3)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.model import Account, Because, Departure, Stakeholder
from renewctl.core.ownership import step_person
from renewctl.core.policy import Policy
from renewctl.core.text import fold

_INFLUENCE = {"high": 0, "medium": 1, "low": 2}
_UNKNOWN = 3


class Thread(NamedTuple):
    """STK-2: one line of talk between us and them."""

    name: str
    title: str
    ours: tuple[str, ...]  # who of us speaks there; empty: nobody
    pairs: tuple[tuple[str | None, Stakeholder], ...]  # (who of us, whom of theirs), by role, then influence
    last_contact_on: date | None  # the latest of theirs
    days: int | None  # since then
    state: str  # open | stale | missing
    because: Because


class Risk(NamedTuple):
    """STK-3: how an account stands. Empty `because`: neither single-threaded nor missing a role."""

    here: tuple[Stakeholder, ...]  # those still there, the most influential first
    reached: tuple[Stakeholder, ...]  # of them, those in contact lately
    single_threaded: bool
    missing: tuple[str, ...]  # roles nobody holds, in the order of the policy
    because: tuple[Because, ...]


def role_name(role: str) -> str:
    """A role as people read it: `economic buyer`."""
    return "legal or procurement" if role == "legal_procurement" else role.replace("_", " ")


def still_there(
    people: Iterable[Stakeholder], departures: Iterable[Departure], account: Account
) -> tuple[Stakeholder, ...]:
    """Those who have not left, the most influential first (unknown last), then as recorded.

    A champion who is noted as gone has left, too, departure or none.
    """
    left = {each.stakeholder_no for each in departures}
    gone = fold(account.champion) if account.champion_gone and account.champion else None
    here = (each for each in people if each.no not in left and (gone is None or fold(each.name) != gone))
    return tuple(sorted(here, key=lambda each: (_INFLUENCE.get(each.influence or "", _UNKNOWN), each.no)))


def addressees(
    stakeholders: Iterable[Stakeholder],
    departures: Iterable[Departure],
    roles: Sequence[str],
    account: Account,
) -> tuple[Stakeholder, ...]:
    """STK-1: whom a step addresses: people still there, in the order of the roles asked, then by influence.

    `stakeholders` and `departures` are those of the account. Empty where nobody holds any of the roles.
    """
    here = still_there(stakeholders, departures, account)
    return tuple(each for role in dict.fromkeys(roles) for each in here if each.role == role)


def threads(
    account: Account,
    stakeholders: Iterable[Stakeholder],
    departures: Iterable[Departure],
    policy: Policy,
    as_of: date,
) -> tuple[Thread, ...]:
    """STK-2: who speaks to whom, in the order of the policy.

    A thread is missing where one of its sides is empty, stale where nobody of theirs was in contact
    within the policy's days, else open.
    """
    table = policy.raw["stakeholders"]
    here = still_there(stakeholders, departures, account)
    return tuple(_thread(name, row, account, here, policy, as_of) for name, row in table["threads"].items())


def _thread(
    name: str,
    row: dict[str, Any],
    account: Account,
    here: Sequence[Stakeholder],
    policy: Policy,
    as_of: date,
) -> Thread:
    ours, theirs = row["ours"], row["theirs"]
    default = _one_of_us(ours, account, policy)
    people = [each for role in theirs for each in here if each.role == role]
    pairs = tuple((each.thread_owner or default, each) for each in people)
    owners = [who for who, _ in pairs if who] if pairs else [default] if default else []
    known = [each.last_contact_on for each in people if each.last_contact_on]
    last_on = max((day for day in known if day <= as_of), default=None)
    days = None if last_on is None else (as_of - last_on).days
    limit = int(policy.raw["stakeholders"]["contact_days"])
    wanted = "people on both sides who spoke within " + _days(limit)
    if not people or not owners:
        nobody = [] if people else [f"no {_either(theirs)} on record"]
        nobody += [] if owners else [f"none of us: nobody is {_either(ours)}"]
        state, seen = "missing", "; ".join(nobody)
    elif days is None:
        state, seen = "stale", "no contact on record"
    else:
        state, seen = "stale" if days > limit else "open", f"last contact on {last_on}, {_days(days)} ago"
    because = Because(row["rule"], seen, wanted)
    return Thread(name, row["title"], tuple(dict.fromkeys(owners)), pairs, last_on, days, state, because)


def _one_of_us(roles: Iterable[str], account: Account, policy: Policy) -> str | None:
    """Who holds the first of our roles that somebody holds."""
    for role in roles:
        person, delegate = step_person(role, account, None, policy)
        if person is not None and not delegate:
            return person
    return None


def _either(roles: Sequence[str]) -> str:
    return " or ".join(map(role_name, roles))


def _days(count: int) -> str:
    return f"{count} day" + ("" if count == 1 else "s")


def risk(
    account: Account,
    segment: str | None,
    stakeholders: Iterable[Stakeholder],
    departures: Iterable[Departure],
    policy: Policy,
    as_of: date,
) -> Risk:
    """STK-3: whether an account hangs by fewer people than it should, and which roles nobody holds.

    A contact counts from `contact_days` before `as_of` to that day, both in; one that is still to come
    does not. An account without a segment needs no role.
    """
    table = policy.raw["stakeholders"]
    here = still_there(stakeholders, departures, account)
    reached = tuple(each for each in here if _lately(each, table["contact_days"], as_of))
    because = []
    single = len(reached) < table["least_people"]
    if single:
        because.append(_single(here, reached, table["least_people"], table["contact_days"]))
    missing = _missing(account, segment, here, policy)
    if missing:
        needed = table["required"][segment]["roles"]
        seen = ", ".join(f"no {role_name(role)}" for role in missing)
        wanted = ", ".join(map(role_name, needed)) + (
            " or anybody" if table["required"][segment]["anybody"] else ""
        )
        because.append(Because("STK-3", seen, f"{segment}: {wanted}"))
    return Risk(here, reached, single, missing, tuple(because))


def _lately(person: Stakeholder, within: int, as_of: date) -> bool:
    on = person.last_contact_on
    return on is not None and 0 <= (as_of - on).days <= within


def _single(here: Sequence[Stakeholder], reached: Sequence[Stakeholder], least: int, within: int) -> Because:
    names = ", ".join(each.name for each in reached)
    if reached:
        seen = f"{len(reached)} in contact within {_days(within)}: {names}"
    elif here:
        seen = f"nobody of {len(here)} in contact within {_days(within)}"
    else:
        seen = "nobody on record"
    return Because("STK-3", seen, f"single-threaded under {least}")


def _missing(
    account: Account, segment: str | None, here: Sequence[Stakeholder], policy: Policy
) -> tuple[str, ...]:
    row = policy.raw["stakeholders"]["required"].get(segment)
    if row is None or (row["anybody"] and here):
        return ()
    held: set[str | None] = {each.role for each in here}
    if account.champion and not account.champion_gone:
        held.add("champion")
    return tuple(role for role in row["roles"] if role not in held)


def is_champion(person: Stakeholder, account: Account) -> bool:
    """Whether a person is the account's champion, by role or by name."""
    by_name = account.champion is not None and fold(account.champion) == fold(person.name)
    return person.role == "champion" or by_name


def champion_leaves(person: Stakeholder, account: Account, here: Iterable[Stakeholder]) -> bool:
    """Whether the account has lost its champion once this person is gone.

    `here` are those still there. Another champion among them takes the place, unless the account names
    the one who leaves.
    """
    if not is_champion(person, account):
        return False
    if account.champion is not None and fold(account.champion) == fold(person.name):
        return True
    return not any(is_champion(each, account) for each in here if each.no != person.no)
