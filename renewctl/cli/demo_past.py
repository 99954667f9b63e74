"""The past of the demo as rows, each day with its own entry in the log, as commands would have left it."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from renewctl.cli.contract import allowed
from renewctl.cli.demo_saves import (
    ANSWERS,
    FIXED,
    LEFT,
    MANAGER,
    READINGS,
    RENEWED,
    RUNS,
    SAVES,
    STATED,
    Left,
    Told,
)
from renewctl.cli.demo_story import NOBODY, Story, inserted
from renewctl.core import case_file, cases, lifecycle, opening, plays, save_clock
from renewctl.core.model import (
    KEPT_SAVES,
    Account,
    Contract,
    Outcome,
    SaveCase,
)
from renewctl.core.policy import Policy
from renewctl.store.policy_files import shipped
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import load_files, zone_of

_DAY = timedelta(days=1)
_MARKED = ("contacted", "planned", "executing")  # states that a step of the playbook brings about


def accounts(as_of: date) -> Iterator[dict[str, Any]]:
    """Rows of the accounts that left, as a CRM keeps them."""
    for each in LEFT:
        renews = as_of - timedelta(days=each.told)
        notice = "" if each.notice is None else as_of - timedelta(days=each.notice)
        yield {
            "id": each.account, "name": each.name, "country": "US", "status": "churned", "arr": each.arr,
            "currency": "USD", "renewal_date": renews, "start_date": renews - timedelta(days=365),
            "term_months": 12, "auto_renew": "no", "csm": each.csm, "cancel_notice_date": notice,
        }  # fmt: skip


def readings(as_of: date) -> list[dict[str, Any]]:
    """Rows of what was read of the accounts in earlier months."""
    names = ("usage_trend", "open_tickets", "csat", "engagement")
    return [
        {"account_id": account, "date": as_of - timedelta(days=ago), **dict(zip(names, read, strict=True))}
        for account, rows in READINGS.items()
        for ago, *read in rows
    ]


def write_past(portfolio: Portfolio, as_of: date) -> None:
    """Losses, renewals and saves of the past, in the order of their days.

    They happened under the policy as shipped, whatever rules hold by now, with a manager who approves.
    """
    past = shipped().whole()
    desk = _Past(portfolio, Policy({**past, "team": {**past["team"], "manager": MANAGER}}), as_of)
    saved = {told.account for told in SAVES}
    found: list[tuple[date, Callable[[], None]]] = [
        *((desk.ago(each.flagged), partial(desk.save, each)) for each in SAVES),
        *((desk.ago(each.told), partial(desk.left, each)) for each in LEFT if each.account not in saved),
        *((desk.start_on(each), partial(desk.renewed, each)) for each in RENEWED),
    ]
    for _, tell in sorted(found, key=lambda each: each[0]):
        tell()
    desk.running(RUNS)


class _Past:
    """Writes what happened before the day of the demo."""

    def __init__(self, portfolio: Portfolio, policy: Policy, as_of: date) -> None:
        self.portfolio = portfolio
        self.policy = policy
        self.as_of = as_of
        self.zone = zone_of(policy)
        self.accounts: dict[str, Account] = {each.id: each for each in portfolio.values("account")}
        self.contracts: dict[int, Contract] = {each.account_no: each for each in portfolio.values("contract")}
        self.cases: dict[str, int] = {}  # account -> its case, of which a later round is another

    def ago(self, days: int) -> date:
        return self.as_of - timedelta(days=days)

    # --- losses and renewals ---------------------------------------------------------------------------

    def left(self, told: Left) -> None:
        """A customer lost without a save."""
        on = self.ago(told.told)
        with self.portfolio.write("lost", told.csm, on) as op:
            self._lose(op, self.accounts[told.account], on)

    def start_on(self, name: str) -> date:
        """When the running term of an account began, as the one before was renewed."""
        return self.contracts[self.accounts[name].no].start_on or self.as_of

    def renewed(self, name: str, pct: int = 97, since: date = date.min) -> None:
        """The renewal of an account with which its running term began; `pct` is ARR before, in percent."""
        account = self.accounts[name]
        contract, on = self.contracts[account.no], max(since, self.start_on(name) - 9 * _DAY)
        after = contract.arr_minor or 0
        before = after * pct // 10_000 * 100
        with self.portfolio.write("won", account.csm or NOBODY, on) as op:
            row = Outcome(
                self.portfolio.next_no("outcome"), account.no, contract.no, contract.cycle, on,
                "partial" if before > after else "won", contract.start_on, before, after, contract.currency,
                contract.term_months, None, None, None, None, None, None,
            )  # fmt: skip
            op.apply([inserted("outcome", account, row)])
            op.summary = f"{account.name}: renewed"

    def _lose(self, op: Operation, account: Account, on: date) -> None:
        left = next(each for each in LEFT if each.account == account.id)
        said = lifecycle.Loss(left.reason, left.competitor or None, self.ago(left.lost), self.ago(left.told))
        no = self.portfolio.next_no("outcome")
        closing = allowed(lifecycle.lost(account, self.contracts[account.no], (), said, on, no))
        op.apply(closing.changes)
        op.summary = f"{account.name}: lost, {left.reason}"

    # --- saves ------------------------------------------------------------------------------------------

    def save(self, told: Told) -> None:
        """A round of a save from its flag to its end, and the renewal it was about."""
        flagged_on, closed_on = self.ago(told.flagged), self.ago(told.flagged - told.days)
        account, case = self._flag(told, flagged_on)
        with self.portfolio.write(f"save close s{case.no}", case.owner or NOBODY, closed_on) as op:
            Story(self.portfolio, self.policy, op, told, account, case).tell(closed_on, self.as_of)
            op.summary = f"s{case.no}: {told.state.replace('_', ' ')}"
            if told.state not in KEPT_SAVES:
                self._lose(op, account, closed_on)
        again = any(each.flagged < told.flagged for each in SAVES if each.account == told.account)
        if told.state in KEPT_SAVES and not again:
            self.renewed(told.account, told.before_pct, closed_on)

    def _flag(self, told: Told, on: date) -> tuple[Account, SaveCase]:
        """A case opened, or opened again after a relapse."""
        portfolio, account = self.portfolio, self.accounts[told.account]
        flagged = (on, *save_clock.clock(on, self.policy, self.zone))
        who = account.csm or NOBODY
        if told.account in self.cases:
            no = self.cases[told.account]
            with portfolio.write(f"save reopen s{no}", who, on) as op:
                [case] = portfolio.values("save_case", "no = ?", (no,))
                [file] = load_files(portfolio, self.policy, on, [case])
                record = cases.Recorder(portfolio.next_no("save_event"), on, None, who)
                reason = "the fix holds only for half of them"
                op.apply(allowed(cases.reopen(file, reason, flagged, self.policy, record)))
                op.summary = f"s{no}: relapsed"
            [case] = portfolio.values("save_case", "no = ?", (no,))
            return account, case
        no = self.cases[told.account] = portfolio.next_no("save_case")
        renewal = case_file.renewal_of(
            f"s{no}", account, [self.contracts[account.no]], (), self.policy, on, 0
        )
        with portfolio.write(f"save start {account.id}", who, on) as op:
            case, changes = opening.open_case(
                no, account, renewal, told.scenario, flagged, STATED[told.scenario], who, self.policy, on
            )
            op.apply(changes)
            op.summary = f"s{no}: {told.scenario} save of {account.name}"
        return account, case

    def running(self, told: Told) -> None:
        """A save in the middle of its work: what fell due was done, one thing is in the way."""
        on = self.ago(told.flagged)
        account, case = self._flag(told, on)
        with self.portfolio.write(f"save note s{case.no}", case.owner or NOBODY, self.as_of - _DAY) as op:
            story = Story(self.portfolio, self.policy, op, told, account, case)
            story.tell(None, self.as_of)
            for days, question, answer in ANSWERS:
                story.note(on + days * _DAY, "finding", question, answer)
            story.worth("fight", "three more customers wait for the same fix", on + 3 * _DAY, 40 * 60, 0, 60)
            story.chain(FIXED, on + 7 * _DAY, self.as_of + 2 * _DAY)
            story.note(self.as_of - _DAY, "blocker", "set", "engineering waits for their log files")
            story.note(self.as_of - _DAY, "decision", "asked", "may they have the fix before its release?")
            [case] = self.portfolio.values("save_case", "no = ?", (case.no,))
            [file] = load_files(self.portfolio, self.policy, self.as_of, [case])
            for step in plays.steps(file, self.policy, self.zone):
                if step.state == "open" and step.fate == "active" and step.due_on < self.as_of:
                    story.done(step.step, step.due_on)
            story.done("update-1", on + 7 * _DAY)
            op.summary = f"s{case.no}: at work"
