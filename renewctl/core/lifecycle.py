"""How a renewal moves: from stage to stage, and to its end as won or lost.

Every function takes frozen values and answers with the changes to make, or with the rule that forbids
them. Winning opens the next cycle of the same contract; losing ends it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.dates import add_months
from renewctl.core.edits import pins
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Change, Contract, Outcome, Renewal
from renewctl.core.money import plain
from renewctl.core.timeline import anchor

CLOSED = ("won", "lost")  # stages that only an outcome reaches


class Closing(NamedTuple):
    """The end of a renewal. Without changes it was recorded before, as `outcome` says."""

    outcome: Outcome
    changes: tuple[Change, ...]
    contract: Contract  # as it stands afterwards
    withdrawn_on: date | None = None  # the cancellation notice that the signature withdraws
    agreed: Renewal | None = None  # what was agreed beside the outcome


class Win(NamedTuple):
    """What a person says of a renewal that was won."""

    arr_minor: int | None  # None only of one that renewed tacitly with an unknown ARR
    currency: str
    term_months: int | None  # None: as before
    signed_on: date
    kind: str = "renewal"  # renewal | early | tacit
    starts_on: date | None = None  # when the new term begins; None: when the old one ends
    uplift_minor: int | None = None  # of the new ARR: price on the same units
    expansion_minor: int | None = None  # of the new ARR: more units or products
    successor: tuple[int, str] | None = None  # number and id of the contract that takes this one's place


class Loss(NamedTuple):
    """What a person says of a renewal that was lost (WIN-2)."""

    reason: str
    competitor: str | None
    lost_on: date | None  # when the customer decided
    told_on: date | None  # when we were told


def move(contract: Contract, stage: str) -> "tuple[Change, ...] | Refusal":
    """The change that brings a renewal to `stage`, one of the policy's; none when it is there (TRK)."""
    if stage in CLOSED:
        how = "--arr AMOUNT" if stage == "won" else "--reason CODE"
        return Refusal(
            "stage-by-outcome",
            f"a renewal becomes {stage} with its outcome",
            f"renewctl {stage} ACCOUNT {how}",
        )
    if contract.state != "open":
        return _closed(contract)
    return () if contract.stage == stage else (_update(contract, {"stage": stage}),)


def won(
    account: Account,
    contracts: Sequence[Contract],
    contract: Contract,
    outcomes: Iterable[Outcome],
    said: Win,
    as_of: date,
    outcome_no: int,
    pinned: frozenset[tuple[str, int, str]] = frozenset(),
    agreed: Renewal | None = None,
    *,
    usual_term: int,
) -> "Closing | Refusal":
    """Record the renewal as won (`partial` where the ARR is lower) and open the next cycle.

    The new term runs from the old renewal date, or from the day it is said to start, and keeps its day of
    month, so that the 31st and the 29th of February come back after shorter months. `usual_term`, in
    months, is that of a contract that names none. What was agreed beside the outcome is kept with the
    renewal that ends (`agreed`: what is known of it before). With a successor the next cycle is that
    contract's, and this one ends without being lost. A cancellation notice that was about this renewal
    is withdrawn (SAV-6), and with the pin an unchanged source does not bring it back. Said again of the
    same day it changes nothing.
    """
    term = said.term_months or contract.term_months or usual_term
    before = _same_day(contract, outcomes, said.signed_on)
    if before is not None:
        if (before.arr_after_minor, before.term_months) == (said.arr_minor, term):
            return Closing(before, (), contract)
        return Refusal(
            "already-won",
            f"the renewal of {contract.id} was recorded as won on {before.closed_on} with other terms",
            f"what was recorded: renewctl history {account.id}",
        )
    refused = _cannot_win(contract, said, as_of)
    if refused is not None or contract.renewal_on is None:
        return refused or _closed(contract)
    old_minor, new_minor = contract.arr_minor, said.arr_minor
    currency = said.currency or contract.currency
    outcome = Outcome(
        outcome_no, account.no, contract.no, contract.cycle, said.signed_on,
        "partial" if (new_minor or 0) < (old_minor or 0) else "won",
        contract.renewal_on, old_minor, new_minor, currency, term,
        None, None, None, None, None, None,
    )  # fmt: skip
    start_on = said.starts_on or contract.renewal_on
    day = start_on.day if said.starts_on else contract.renewal_day or start_on.day
    after: dict[str, Any] = {
        "arr_minor": new_minor,
        "currency": currency,
        "start_on": start_on,
        "renewal_on": add_months(start_on, term, day),
        "renewal_day": day,
        "term_months": term,
        "stage": "planned",
        "cycle": contract.cycle + 1,
        "planned_from_on": as_of,
        "won_on": said.signed_on,
    }
    split = _split(contract, said)
    if isinstance(split, Refusal):
        return split
    changes = [_insert(outcome)]
    if said.successor is None:
        changes.append(_update(contract, after))
        told = {name: getattr(contract, name) for name in _TOLD if getattr(contract, name) != after[name]}
        changes += pins("contract", contract.no, account.no, told, pinned)
        following = contract._replace(**after)
    else:
        no, new_id = said.successor
        following = contract._replace(
            **after, no=no, id=new_id, implied=0, recorded_on=as_of, source=None, source_line=None
        )
        ended = {"state": "superseded", "stage": "won"}
        changes += [
            _update(contract, ended),
            Change("contract", (no,), account.no, None, following._asdict()),
        ]
    kept = Renewal(
        contract.no, contract.cycle, account.no, agreed.target_minor if agreed else None, said.currency,
        agreed.bundle if agreed else None, said.kind, *split,
        said.successor[0] if said.successor else None, agreed.note if agreed else None,
    )  # fmt: skip
    changes.append(renewal_change(agreed, kept))
    settled = _settled(account, contracts, contract, said.signed_on)
    if settled:
        key, nothing = (account.no,), dict.fromkeys(settled)
        changes.append(Change("account", key, account.no, settled, nothing))
    withdrawn_on = settled.get("cancel_notice_on")
    if withdrawn_on is not None:
        changes += pins("account", account.no, account.no, {"cancel_notice_on": withdrawn_on}, pinned)
    return Closing(outcome, tuple(changes), following, withdrawn_on, kept)


def _split(contract: Contract, said: Win) -> tuple[int | None, int | None] | Refusal:
    """Uplift and expansion of the new ARR; what one of them leaves is the other (never guessed: None)."""
    uplift, expansion, before = said.uplift_minor, said.expansion_minor, contract.arr_minor
    if uplift is None and expansion is None:
        return None, None
    if before is None or said.arr_minor is None:
        return uplift, expansion
    more = said.arr_minor - before
    if uplift is None:
        uplift = more - (expansion or 0)
    elif expansion is None:
        expansion = more - uplift
    elif uplift + expansion != more:
        return Refusal(
            "amounts-disagree",
            f"an uplift of {plain(uplift, said.currency)} and an expansion of "
            f"{plain(expansion, said.currency)} do not lead from {plain(before, said.currency)} to "
            f"{plain(said.arr_minor, said.currency)}",
            "name one of them; the other is the rest",
        )
    return uplift, expansion


def renewal_change(before: Renewal | None, after: Renewal) -> Change:
    """The change that keeps what is decided or agreed for one renewal."""
    key = (after.contract_no, after.cycle)
    if before is None:
        return Change("renewal", key, after.account_no, None, after._asdict())
    old, new = before._asdict(), after._asdict()
    names = [name for name in new if new[name] != old[name]]
    return Change(
        "renewal", key, after.account_no, {name: old[name] for name in names},
        {name: new[name] for name in names},
    )  # fmt: skip


def by_itself(account: Account, contract: Contract, as_of: date) -> "date | Refusal":
    """The opt-out deadline after which a contract has renewed tacitly, or why it has not (TERMS).

    Known only of an open contract with a tacit-renewal clause, known notice days and no cancellation
    notice on its account; nothing is assumed of the others.
    """
    if contract.state != "open":
        return _closed(contract)
    if contract.renewal_on is None:
        return Refusal(
            "no-renewal-date",
            f"contract {contract.id} has no renewal date",
            "set it first: renewctl set ACCOUNT renewal_date=YYYY-MM-DD --reason …",
        )
    if not contract.auto_renew:
        known = "does not renew by itself" if contract.auto_renew == 0 else "is not known to renew by itself"
        return Refusal(
            "not-tacit", f"contract {contract.id} {known}", "record it: renewctl won ACCOUNT --arr AMOUNT"
        )
    if contract.notice_days is None:
        return Refusal(
            "notice-unknown",
            f"contract {contract.id} renews by itself, and its notice days are unknown",
            "set them first: renewctl set ACCOUNT notice_days=N",
        )
    if account.cancel_notice_on is not None:
        return Refusal(
            "opted-out",
            f"{account.name} gave notice of cancellation on {account.cancel_notice_on}",
            "record what happened: renewctl won or renewctl lost",
        )
    deadline_on, _ = anchor(contract.renewal_on, 1, contract.notice_days)
    if as_of <= deadline_on:
        return Refusal(
            "not-yet",
            f"contract {contract.id} can be opted out of until {deadline_on}",
            "it rolls on the day after",
        )
    return deadline_on


def _settled(
    account: Account, contracts: Sequence[Contract], contract: Contract, signed_on: date
) -> dict[str, date]:
    """Facts of the account that end with the signature of its only open contract.

    The decision to renew early is carried out, a notice of cancellation given before it is withdrawn.
    With other contracts open it is not known which of them they are about.
    """
    if [each for each in contracts if each.state == "open"] != [contract]:
        return {}
    found = {}
    if account.early_on is not None:
        found["early_on"] = account.early_on
    if account.cancel_notice_on is not None and account.cancel_notice_on <= signed_on:
        found["cancel_notice_on"] = account.cancel_notice_on
    return found


# Columns of a contract that its source tells and a win moves on.
_TOLD = ("arr_minor", "currency", "start_on", "renewal_on", "term_months")


def _same_day(contract: Contract, outcomes: Iterable[Outcome], day: date) -> Outcome | None:
    """The win that opened the contract's present cycle, if it was signed on that day."""
    for outcome in outcomes:
        if (outcome.contract_no, outcome.cycle, outcome.closed_on) == (contract.no, contract.cycle - 1, day):
            return outcome if outcome.result != "lost" else None
    return None


def _cannot_win(contract: Contract, said: Win, as_of: date) -> Refusal | None:
    if contract.state != "open":
        return _closed(contract)
    if contract.renewal_on is None:
        return Refusal(
            "no-renewal-date",
            f"contract {contract.id} has no renewal date, so there is nothing that could be renewed",
            "set it first: renewctl set ACCOUNT renewal_date=YYYY-MM-DD --reason …",
        )
    began_on = contract.start_on or date.min  # of an unknown first day nothing is assumed
    if said.starts_on is not None and not began_on < said.starts_on <= contract.renewal_on:
        return Refusal(
            "start-outside-term",
            f"{said.starts_on} is outside the running term, which ends on {contract.renewal_on}",
            "an early renewal starts inside the running term",
        )
    if said.signed_on > as_of:
        return Refusal(
            "not-yet", f"{said.signed_on} is still to come", "record a signature on its day or after"
        )
    if said.kind != "tacit" and (refused := before_term(contract, said.signed_on, as_of)) is not None:
        return refused  # the day of a tacit renewal is the rule's own
    if contract.arr_minor is not None and contract.currency not in (None, said.currency):
        return Refusal(
            "currency-conflict",
            f"contract {contract.id} is in {contract.currency}, the new ARR in {said.currency}",
            f"set the currency first: renewctl set ACCOUNT currency={said.currency} --reason …",
        )
    if said.arr_minor == 0 and contract.arr_minor:
        return Refusal(
            "won-nothing",
            f"{plain(0, said.currency)} is no renewal of {plain(contract.arr_minor, said.currency)}",
            "record it as lost: renewctl lost ACCOUNT --reason CODE",
        )
    return None


def before_term(contract: Contract, day: date, as_of: date) -> Refusal | None:
    """Why nothing of the present cycle can have happened on a day: an earlier one was running (TRK).

    It begins with the outcome before it, and with its term once that has begun; where neither day is
    known no day is too early.
    """
    since, what = contract.won_on, "the renewal before it was signed"
    if contract.start_on is not None and (since or date.min) < contract.start_on <= as_of:
        since, what = contract.start_on, f"the running term of contract {contract.id} began"
    if since is None or day >= since:
        return None
    return Refusal("before-term", f"{day} is before {since}, when {what}", "name the day it happened on")


def lost(
    account: Account,
    contract: Contract,
    outcomes: Iterable[Outcome],
    said: Loss,
    as_of: date,
    outcome_no: int,
) -> "Closing | Refusal":
    """Record the renewal as lost; the contract ends. Said again it changes nothing."""
    if contract.state == "lost":
        losses = [each for each in outcomes if each.contract_no == contract.no and each.result == "lost"]
        if losses:
            return Closing(max(losses, key=lambda each: (each.closed_on, each.no)), (), contract)
        return _closed(contract)
    if contract.state != "open":
        return _closed(contract)
    for day in (said.lost_on, said.told_on):
        if day is not None and day > as_of:
            return Refusal("not-yet", f"{day} is still to come", "a loss is recorded once it has happened")
    outcome = Outcome(
        outcome_no, account.no, contract.no, contract.cycle, as_of, "lost", contract.renewal_on,
        contract.arr_minor, 0 if contract.arr_minor is not None else None, contract.currency,
        contract.term_months, said.reason, said.competitor, said.lost_on, said.told_on, None, None,
    )  # fmt: skip
    # The day marks a new beginning for the account's recurring work, as that of a plan does (VAL).
    after: dict[str, Any] = {"state": "lost", "stage": "lost", "planned_from_on": as_of}
    changes = (_insert(outcome), _update(contract, after))
    return Closing(outcome, changes, contract._replace(**after))


def _closed(contract: Contract) -> Refusal:
    what = "was lost" if contract.state == "lost" else "was replaced by another contract of its account"
    return Refusal("not-open", f"contract {contract.id} {what}", "see the account: renewctl show ACCOUNT")


def _insert(outcome: Outcome) -> Change:
    return Change("outcome", (outcome.no,), outcome.account_no, None, outcome._asdict())


def _update(contract: Contract, wanted: dict[str, Any]) -> Change:
    stored = contract._asdict()
    after = {name: value for name, value in wanted.items() if stored[name] != value}
    before = {name: stored[name] for name in after}
    return Change("contract", (contract.no,), contract.account_no, before, after)
