"""SAV-1: a case as it is opened: what is recorded, and what whoever opens it should hear."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from renewctl.core import money
from renewctl.core.case_file import SaveRenewal
from renewctl.core.model import Account, Because, Change, Reading, SaveCase
from renewctl.core.moments import later
from renewctl.core.ownership import step_person
from renewctl.core.policy import Playbook, Policy
from renewctl.core.signs import on_record, pressing

OPENED = "detected"


def cooling_until(cases: Iterable[SaveCase], policy: Policy, as_of: date) -> date | None:
    """The last day of the cool-down after a closed case, when `as_of` lies in it."""
    ends = [
        case.closed_on + timedelta(days=policy.saves.cool_down_days)
        for case in cases
        if case.closed_on is not None and case.closed_on <= as_of
    ]
    last = max(ends, default=None)
    return last if last is not None and as_of <= last else None


def playbook_version(book: Playbook) -> str:
    """A short digest of a playbook, so that results can be told apart by its version (SAV-11)."""
    known = _VERSIONS.get(id(book))
    if known is None or known[0] is not book:
        known = _VERSIONS[id(book)] = book, f"{zlib.crc32(repr(tuple(book)).encode()):08x}"
    return known[1]


_VERSIONS: dict[int, tuple[Playbook, str]] = {}  # by identity: playbooks hold tables and have no hash


def target_by(flagged_at: str, account: Account, renewal: SaveRenewal, policy: Policy) -> str | None:
    """SAV-1: the instant by which a pressing case should be answered, well before its clock ends."""
    return later(flagged_at, policy.saves.target_hours) if pressing(account, renewal.segment) else None


def open_case(
    no: int,
    account: Account,
    renewal: SaveRenewal,
    scenario: str,
    flagged: tuple[date, str, str],
    reason: str | None,
    actor: str,
    policy: Policy,
    as_of: date,
) -> tuple[SaveCase, tuple[Change, ...]]:
    """A new case and the changes that record it.

    `flagged` is (flagged_on, flagged_at, respond_by). The CSM coordinates; without one the renewal's
    owner does, and without either whoever opens the case, so that nobody's case is nobody's.
    """
    flagged_on, flagged_at, respond_by = flagged
    coordinator, _ = step_person("csm", account, renewal.owner, policy)
    case = SaveCase(
        no, account.no, renewal.contract_no, scenario, OPENED, flagged_on, flagged_at, respond_by,
        target_by(flagged_at, account, renewal, policy),
        coordinator or actor, reason, playbook_version(policy.playbooks[scenario]), as_of, None,
    )  # fmt: skip
    return case, (Change("save_case", (no,), account.no, None, case._asdict()),)


def signals(account: Account, readings: Sequence[Reading], policy: Policy) -> tuple[Because, ...]:
    """What stands on record of an account that speaks for a save (SAV-1), each with what was seen.

    It is where the search for the root cause begins (SAV-2), not the cause itself.
    """
    return tuple(each.because for each in on_record(account, readings, policy))


def remarks(
    case: SaveCase, account: Account, renewal: SaveRenewal, policy: Policy, cooling_on: date | None
) -> tuple[str, ...]:
    """What whoever opens a case should hear with it; none of it forbids the case."""
    found = []
    if cooling_on is not None:
        found.append(
            f"a save of this account was closed lately: the policy suggests no new one up to {cooling_on}"
        )
    least = policy.saves.human_from_minor
    if renewal.arr_base_minor is not None and renewal.arr_base_minor < least:
        found.append(
            f"its ARR is below {money.plain(least, policy.base_currency)}, from where a person runs saves"
        )
    if not account.csm and "csm" not in policy.team:
        found.append(f"nobody is its CSM: {case.owner} coordinates the save until somebody is")
    notice_on = account.cancel_notice_on
    if notice_on is not None and notice_on < case.flagged_on:
        found.append(
            f"its cancellation notice is of {notice_on}, the clock counts from {case.flagged_on}: "
            f"--flagged {notice_on} would count from the notice"
        )
    return tuple(found)
