"""A case with everything on record of it: its renewal, what was done, answered, found out and offered."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from renewctl.core.classify import classify, main_contract
from renewctl.core.due import States, item_id
from renewctl.core.model import CLOSED_SAVES, Account, Contract, Ledger, Reading, SaveCase, SaveEvent
from renewctl.core.policy import Policy
from renewctl.core.timeline import deadline

UNKNOWN_ON = date.max  # the renewal date of an account that has none on record
OFFERED = ("approved", "accepted", "declined")  # states of an offer that the customer may know of
_NOTHING = Ledger()
_PLAN_PAPER = "save-plan"


class SaveRenewal(NamedTuple):
    """The renewal a save is about, the account's next one; serves the agenda as `core.due.Renewal`."""

    subject: str  # `s` and the save's number
    id: str  # of the contract, "" where there is none
    account_no: int
    account_id: str
    account_name: str
    renewal_on: date  # UNKNOWN_ON where no date is on record
    arr_base_minor: int | None  # of the account: a save is about all of it
    segment: str | None
    contract_no: int | None
    owner: str | None
    owner_role: str
    opt_out_on: date | None = None  # the last day on which its customer may give notice, where there is one


class CaseFile(NamedTuple):
    """A case with the facts it is read beside."""

    case: SaveCase
    account: Account
    renewal: SaveRenewal
    readings: Sequence[Reading]
    states: States  # step -> what was done with it
    given: Mapping[str, str] = {}  # step -> the person it was given to by hand
    ledger: Ledger = Ledger()

    def item(self, step: str) -> str:
        """What a step of it is called by: `s3-call`, in later rounds `s3.2-call`."""
        return item_id(self.renewal.subject, round_of(self.ledger), step)


def renewal_of(
    subject: str,
    account: Account,
    contracts: Sequence[Contract],
    readings: Sequence[Reading],
    policy: Policy,
    as_of: date,
    renewals_per_quarter: int,
) -> SaveRenewal:
    """The renewal a save of this account is about, with who owns it on that day."""
    main = main_contract(contracts)
    rows = classify(account, contracts, readings, True, policy, as_of, renewals_per_quarter)
    row = next(each for each in rows if each.contract_no == (main.no if main else None))
    renewal_on = main.renewal_on if main else None
    return SaveRenewal(
        subject, main.id if main else "", account.no, account.id, account.name,
        renewal_on or UNKNOWN_ON, row.account_arr_base_minor, row.segment,
        row.contract_no, row.owner, row.owner_role,
        deadline(renewal_on, main.auto_renew, main.notice_days) if main and renewal_on else None,
    )  # fmt: skip


def is_open(case: SaveCase) -> bool:
    """Whether the case still runs."""
    return case.state not in CLOSED_SAVES


def open_one(cases: Iterable[SaveCase]) -> SaveCase | None:
    """The open case among an account's, of which there is at most one."""
    return next((case for case in cases if is_open(case)), None)


def round_of(ledger: Ledger) -> int:
    """1, and one more each time the customer relapsed (SAV-10)."""
    return 1 + sum(1 for event in ledger.events if event.kind == "reopened")


def latest(ledger: Ledger, kind: str, name: str | None = None) -> SaveEvent | None:
    """The last event of a kind (and name) in the current round."""
    current = round_of(ledger)
    for event in reversed(ledger.events):
        if event.round == current and event.kind == kind and name in (None, event.name):
            return event
    return None


def findings(case: SaveCase, ledger: Ledger) -> dict[str, str]:
    """Question -> its last answer of the current round, since the last switch of playbook or before it."""
    current = round_of(ledger) if ledger.events else 1
    return {
        event.name: event.text or ""
        for event in ledger.events
        if event.kind == "finding" and event.round == current
    }


def plan_begins_at(case: SaveCase, ledger: Ledger) -> str:
    """The instant from which steps count: the flag, or the last switch of playbook in this round."""
    switch = latest(ledger, "scenario") if ledger.events else None
    return switch.happened_at if switch is not None and switch.happened_at else case.flagged_at


def facts(file: CaseFile) -> frozenset[str]:
    """What conditions of steps may hang on (`policy_schema.PLAY_FACTS`), and `cause=CODE` once known."""
    account, segment = file.account, file.renewal.segment
    found = {segment} if segment else set()
    if account.cancel_notice_on is not None:
        found.add("cancel_notice")
    if account.champion_gone:
        found.add("champion_gone")
    if account.strategic:
        found.add("strategic")
    if account.strategic or segment == "enterprise":
        found.add("high_value")
    cause = latest(file.ledger, "cause") if file.ledger.events else None
    if cause is not None:
        found.add(f"cause={cause.name}")
    return frozenset(found)


def done_facts(file: CaseFile) -> frozenset[str]:
    """What is on record that may close steps by itself (`done_by` of a playbook's steps)."""
    ledger, since = file.ledger, file.case.flagged_on
    if ledger == _NOTHING:
        return frozenset()
    current, switch = round_of(ledger), latest(ledger, "scenario")
    found = {
        f"paper:{event.name}" if event.kind == "paper" else event.kind
        for event in ledger.events
        if event.round == current
        and event.kind in ("paper", "contact", "cause")
        # the plan of an earlier playbook is not that of this one
        and not (event.name == _PLAN_PAPER and switch is not None and event.no < switch.no)
    }
    for promise in ledger.promises:
        if promise.made_on >= since and promise.state != "withdrawn":
            found.add("promise")
            if promise.chain:
                found.add(f"promise:{promise.chain}")
    for offer in ledger.offers:
        if offer.asked_on >= since and offer.state in OFFERED:
            found |= {"offer", f"offer:{offer.instrument}"}
    if any(worth.decided_on >= since for worth in ledger.worths):
        found.add("worth")
    return frozenset(found)
