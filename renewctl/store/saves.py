"""Saves as stored: cases with the facts they are read beside, and finding one by what people type."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta, tzinfo
from typing import Any

from renewctl.core import case_file, case_items, plays
from renewctl.core.case_file import CaseFile
from renewctl.core.due import Item, item_id
from renewctl.core.model import KEPT_SAVES, ItemState, Ledger, SaveCase
from renewctl.core.policy import Policy
from renewctl.core.segment import in_force
from renewctl.core.timeline import Planner
from renewctl.errors import NotFound, PolicyError
from renewctl.store.agenda import load_book, renewals_per_quarter, work_calendar
from renewctl.store.lookup import find_account
from renewctl.store.portfolio import Portfolio

_IN_LIST = 500
_SHOWN = 8


def zone_of(policy: Policy) -> tzinfo:
    """The policy's time zone. UTC costs no look-up; PolicyError where the system does not know it."""
    if policy.time_zone == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(policy.time_zone)
    except (ValueError, OSError, KeyError) as error:
        raise PolicyError(
            "time-zone-unknown",
            f"this system has no time zone called {policy.time_zone!r}",
            "set general.time_zone in the policy, or: python -m pip install tzdata",
        ) from error


def cases(portfolio: Portfolio, account_no: int | None = None, *, closed: bool = True) -> list[SaveCase]:
    """Cases by number, of one account or of all; with `closed` False only those that still run."""
    where, params = [], []
    if account_no is not None:
        where.append("account_no = ?")
        params.append(account_no)
    found: list[SaveCase] = portfolio.values("save_case", " AND ".join(where), params, "no")
    return found if closed else [case for case in found if case_file.is_open(case)]


def load_files(
    portfolio: Portfolio, policy: Policy, as_of: date, found: Sequence[SaveCase]
) -> list[CaseFile]:
    """Each case with its account, renewal, readings and what was done, in the given order."""
    book = load_book(portfolio, sorted({case.account_no for case in found}))
    volume = renewals_per_quarter(portfolio, policy)
    ledgers = ledgers_of(portfolio, [case.no for case in found])
    rounds = {f"s{case.no}": case_file.round_of(ledgers.get(case.no, Ledger())) for case in found}
    states = _states(portfolio, rounds)
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for subject, cycle, step, person in portfolio.rows(
        "SELECT subject, cycle, step, person FROM assignment WHERE subject LIKE 's%'"
    ):
        if cycle == rounds.get(subject):
            given[subject][step] = person
    files = []
    for case in found:
        no = case.account_no
        account, readings = book.accounts[no], book.readings.get(no, [])
        renewal = case_file.renewal_of(
            f"s{case.no}", account, book.contracts.get(no, []), readings, policy, as_of, volume
        )
        subject = f"s{case.no}"
        files.append(
            CaseFile(
                case, account, renewal, readings, states[subject], given.get(subject, {}),
                ledgers.get(case.no, Ledger()),
            )
        )  # fmt: skip
    return files


def ledgers_of(portfolio: Portfolio, saves: Sequence[int]) -> dict[int, Ledger]:
    """What is on record of each of these saves beside its steps; those without anything are left out."""
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for start in range(0, len(saves), _IN_LIST):
        part = saves[start : start + _IN_LIST]
        marks = ",".join("?" * len(part))
        save_of_level: dict[int, int] = {}
        for entity, field in _LEDGER:
            for row in portfolio.values(entity, f"save_no IN ({marks})", part, "no"):
                found[row.save_no][field].append(row)
                if entity == "service_level":
                    save_of_level[row.no] = row.save_no
        if save_of_level:
            levels = f"SELECT no FROM service_level WHERE save_no IN ({marks})"  # noqa: S608
            for row in portfolio.values("service_response", f"level_no IN ({levels})", part, "no"):
                found[save_of_level[row.level_no]]["responses"].append(row)
    return {no: Ledger(**{field: tuple(rows) for field, rows in each.items()}) for no, each in found.items()}


_LEDGER = (
    ("save_event", "events"), ("promise", "promises"), ("offer", "offers"), ("service_level", "levels"),
    ("worth", "worths"),
)  # fmt: skip


def _states(portfolio: Portfolio, rounds: Mapping[str, int]) -> dict[str, dict[str, ItemState]]:
    """What was done with the steps of each save in its current round."""
    found: dict[str, dict[str, ItemState]] = defaultdict(dict)
    subjects = list(rounds)
    for start in range(0, len(subjects), _IN_LIST):
        part = subjects[start : start + _IN_LIST]
        marks = ",".join("?" * len(part))
        for state in portfolio.values("item_state", f"subject IN ({marks})", part):
            if state.cycle == rounds[state.subject]:
                found[state.subject][state.step] = state
    return found


def due_items(portfolio: Portfolio, policy: Policy, as_of: date, until: date) -> list[Item]:
    """What the saves owe up to `until`, as lines of the agenda, unsorted."""
    owing = _owing(portfolio, policy, as_of)
    if not owing:
        return []
    zone = zone_of(policy)
    work_on = Planner(policy, work_calendar(portfolio, policy, as_of)).work_on
    items: list[Item] = []
    files = load_files(portfolio, policy, as_of, [case for case, _ in owing])
    for file, (_, recovers) in zip(files, owing, strict=True):
        if case_file.is_open(file.case) or not _gone(file):
            items += case_items.items(file, policy, zone, as_of, until, work_on, recovers=recovers)
    return items


def _owing(portfolio: Portfolio, policy: Policy, as_of: date) -> list[tuple[SaveCase, bool]]:
    """(case, whether its recovery is owed) of those that may owe something.

    These are the open ones, the latest of an account while it is looked after, and every customer that was
    kept and is promised something still, however long ago that was.
    """
    every = cases(portfolio)
    latest = {case.account_no: case.no for case in every}
    promised = None
    found = []
    for case in every:
        recovers = case.closed_on is None or (
            latest[case.account_no] == case.no
            and as_of <= case_items.attention_until(case.closed_on, policy) + _AFTERWARDS
        )
        if case_file.is_open(case) or (case.state in KEPT_SAVES and recovers):
            found.append((case, recovers))
        elif case.state in KEPT_SAVES:
            promised = {no for (no,) in portfolio.rows(_PROMISED)} if promised is None else promised
            if case.no in promised:
                found.append((case, False))
    return found


def _gone(file: CaseFile) -> bool:
    """Whether a customer that was kept left afterwards: its contract is lost, or its status says so."""
    lost = file.case.contract_no is not None and file.renewal.contract_no is None
    return lost or not in_force(file.account.status)


_PROMISED = (
    "SELECT save_no FROM promise WHERE state IN ('open', 'broken') UNION SELECT save_no FROM service_level"
)
_AFTERWARDS = timedelta(days=30)  # what was missed of a recovery is still asked for so long after its end


def find_case(portfolio: Portfolio, text: str) -> SaveCase:
    """The one save meant by `s3`, `3`, or an account: its open case, else its latest.

    A bare number that is a save's and another account's id is refused, not guessed.
    """
    match = re.fullmatch(r"(s?)(\d{1,18})", text.strip().lower(), re.ASCII)
    by_no = portfolio.values("save_case", "no = ?", (int(match[2]),)) if match else []
    if match and match[1]:
        if by_no:
            return _only(by_no)
        if not portfolio.value("SELECT 1 FROM account WHERE id = ?", (text,)):
            raise NotFound("no-such-save", f"there is no save {text}", "see them: renewctl save list --all")
    elif by_no:
        other = portfolio.value("SELECT no FROM account WHERE id = ?", (text.strip(),))
        if other is None or other == by_no[0].account_no:
            return _only(by_no)
        raise NotFound(
            "ambiguous-save",
            f"{text!r} is the number of a save and the id of another account",
            f"renewctl save show s{by_no[0].no}, or give the account's name",
        )
    account = find_account(portfolio, text)
    found = cases(portfolio, account.no)
    if not found:
        raise NotFound(
            "no-such-save",
            f"{account.name} has no save",
            f"open one with: renewctl save start {account.id} --scenario …",
        )
    return case_file.open_one(found) or found[-1]


def _only(found: list[SaveCase]) -> SaveCase:
    return found[0]


def find_step(
    portfolio: Portfolio, policy: Policy, as_of: date, save_no: int, text: str, cycle: int | None = None
) -> tuple[int, str, int]:
    """(account number, step, round) of what a save owes, by its key or the only one so beginning."""
    found = portfolio.values("save_case", "no = ?", (save_no,))
    if not found:
        raise NotFound("no-such-save", f"there is no save s{save_no}", "see them: renewctl save list --all")
    case: SaveCase = found[0]
    subject, folded = f"s{save_no}", text.strip().lower()
    [file] = load_files(portfolio, policy, as_of, [case])
    current = case_file.round_of(file.ledger)
    owed = [each.task.step for each in case_items.items(file, policy, UTC, as_of, date.max, _any_day)]
    known = [*(play.step for play in plays.plays_of(case, policy)), *owed, *file.states]
    if folded in known or plays.DUTY.fullmatch(folded):  # update-1 named in full is never update-12
        near = [step for step in (folded,) if step in known]
    else:
        near = list(dict.fromkeys(step for step in known if folded and step.startswith(folded)))
    if cycle not in (None, current):
        raise NotFound(
            "item-ended",
            f"{item_id(subject, cycle or 1, folded)}: save {subject} is in round {current}",
            f"see its steps: renewctl save show {subject}",
        )
    if len(near) == 1:
        return case.account_no, near[0], current
    if not near:
        later = _later(folded, owed)
        if later:
            raise NotFound(
                "no-such-item",
                f"{item_id(subject, current, folded)} has passed; it is not asked for any more",
                f"what is owed now: renewctl done {item_id(subject, current, later)}",
            )
        said = f"save {subject} has no step {text!r}" if text else f"name a step of save {subject}"
        raise NotFound("no-such-item", said, f"see its steps: renewctl save show {subject}")
    names = ", ".join(item_id(subject, current, step) for step in near[:_SHOWN])
    more = " and more" if len(near) > _SHOWN else ""
    raise NotFound("ambiguous-item", f"{text!r} could be {names}{more}", "type more of it")


def _later(step: str, owed: Sequence[str]) -> str:
    """The occasion owed now of work that comes back, where the one named was missed before it; else ""."""
    kind, _, number = step.rpartition("-")
    of_kind = [each for each in owed if each.rpartition("-")[0] == kind] if plays.DUTY.fullmatch(step) else []
    return next((each for each in of_kind if int(each.rpartition("-")[2]) > int(number)), "")


def _any_day(day: date) -> date:
    return day
