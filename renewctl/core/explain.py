"""Why an account is classified as it is, what would change it, and where each fact came from.

The smallest change is found by asking: one fact is moved, the nearest value first, the account is
classified anew, and the first value at which a decision differs is its flip. So a flip is true by
construction, and nothing smaller in that fact flips the decision.
"""

from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.classify import Facts, classification
from renewctl.core.health import latest
from renewctl.core.levers import collect, levers, yes
from renewctl.core.model import Because, Reading
from renewctl.core.policy import Policy

DECISIONS = ("segment", "health", "opportunity", "touch", "owner")


class Flip(NamedTuple):
    """The smallest change of one fact that changes a decision. Amounts are in minor units."""

    field: str
    now: Any  # None: unknown
    to: Any
    becomes: str | None  # the decision's value then
    text: str


class Source(NamedTuple):
    """Where a fact came from: `file` and `line`, or a word in `origin` where no file says it."""

    field: str
    value: str
    file: str | None
    line: int | None
    origin: str  # import | by hand


class Explanation(NamedTuple):
    """One decision: the first reason decided, flips nearest to the decision first."""

    decision: str
    value: str | None
    because: tuple[Because, ...]
    flips: tuple[Flip, ...]
    sources: tuple[Source, ...]


def explain(
    facts: Facts,
    policy: Policy,
    as_of: date,
    by_hand: frozenset[tuple[str, int, str]] = frozenset(),
) -> tuple[Explanation, ...]:
    """The five decisions about the renewal that is meant, in order of `DECISIONS`.

    `by_hand` holds (entity, number, field) of facts a person set over what was imported.
    """
    meant = facts.contract()  # the same one, wherever a moved fact would put it
    facts = facts._replace(contract_no=meant.no if meant else None)
    decided = classification(facts, policy, as_of)
    found = flips(facts, policy, as_of)
    origins = _sources(facts, policy, as_of, by_hand)
    return tuple(
        Explanation(name, verdict.value, verdict.because, tuple(found[name]), tuple(origins[name]))
        for name, verdict in decided.verdicts().items()
    )


def decisions(facts: Facts, policy: Policy, as_of: date) -> dict[str, str | None]:
    """What is decided on these facts, by decision; an owner is known by person and role."""
    row = facts.row(policy, as_of)
    owner = None if row.owner is None else f"{row.owner} ({row.owner_role})"
    return dict(zip(DECISIONS, (row.segment, row.band, row.opportunity, row.touch, owner), strict=True))


def flips(facts: Facts, policy: Policy, as_of: date) -> dict[str, list[Flip]]:
    """Per decision, the smallest flip of every fact that has one."""
    now = decisions(facts, policy, as_of)
    found: dict[str, list[Flip]] = {name: [] for name in DECISIONS}
    for lever in levers(facts, policy, as_of):
        open_ones = set(DECISIONS)
        for value in lever.candidates:
            then = decisions(lever.moved(value), policy, as_of)
            for name in [each for each in DECISIONS if each in open_ones and then[each] != now[each]]:
                open_ones.remove(name)
                becomes = then[name] or "unknown"
                text = f"{lever.field} {lever.shown(lever.now)} → {lever.shown(value)}: {becomes}"
                found[name].append(Flip(lever.field, lever.now, value, then[name], text))
    missing = collect(facts, policy, as_of)
    if missing:
        fields = " + ".join(missing)
        found["health"].append(Flip(fields, None, None, None, f"{fields}: any reading gives a band"))
    return found


_FLAGS = frozenset({"auto_renew", "payment_on_file", "champion_gone"})


# --- where facts came from --------------------------------------------------------------------------


def _sources(
    facts: Facts, policy: Policy, as_of: date, by_hand: frozenset[tuple[str, int, str]]
) -> dict[str, list[Source]]:
    account = facts.account
    base = policy.base_currency

    def told(field: str, value: Any, row: Any, entity: str) -> list[Source]:
        if value is None or value == "":
            return []
        hand = (entity, getattr(row, "no", account.no), field) in by_hand or row.source is None
        said = yes(value) if field in _FLAGS else str(value)
        if hand:
            return [Source(field, said, None, None, "by hand")]
        return [Source(field, said, row.source, row.source_line, "import")]

    def of_account(*fields: str) -> list[Source]:
        return [s for field in fields for s in told(field, getattr(account, field), account, "account")]

    arr = []
    for contract in facts.contracts:
        if contract.state == "open" and contract.arr_minor is not None:
            amount = money.plain(contract.arr_minor, contract.currency or account.currency or base)
            arr += told("arr_minor", amount, contract, "contract")
    health = _health_sources(facts, as_of)
    own = facts.contract()
    terms = [
        s for f in ("auto_renew", "payment_on_file") if own for s in told(f, getattr(own, f), own, "contract")
    ]
    arr = [each._replace(field="arr") for each in arr]
    risks = of_account("cancel_notice_on", "competitor") + (
        of_account("champion_gone") if account.champion_gone else []
    )
    if account.ticket_severity == 1:
        risks += of_account("ticket_severity", "ticket_severity_on")
    signs = of_account("early_on", "seats_purchased", "seats_used", "growth_rate")
    if account.expansion_minor is not None:
        amount = money.plain(account.expansion_minor, account.currency or base)
        found = told("expansion_minor", amount, account, "account")
        signs += [each._replace(field="expansion_arr") for each in found]
    return {
        "segment": arr + of_account("segment_override"),
        "health": health + risks,
        "opportunity": risks + signs,
        "touch": arr + terms + [each for each in health if each.field == "relationship"],
        "owner": arr + of_account("csm", "sales_owner", "specialist", "executive_sponsor"),
    }


def _health_sources(facts: Facts, as_of: date) -> list[Source]:
    values, days = latest(facts.readings, as_of)
    found = []
    for field, value, day in zip(Reading._fields[2:9], values, days, strict=True):
        row = next((each for each in facts.readings if each.read_on == day), None)
        if value is not None and row is not None:
            origin = "by hand" if row.source is None else "import"
            found.append(Source(field, f"{value:g} of {day}", row.source, row.source_line, origin))
    return found
