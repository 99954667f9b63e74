"""One round of a save of the demo's past, as commands would have left it: calls, causes, promises, offers."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from renewctl.cli.contract import allowed
from renewctl.cli.demo_saves import (
    GIVES,
    MANAGER,
    PROMISED,
    STATED,
    Told,
)
from renewctl.cli.offer import offers_on, situation
from renewctl.core import cases, moments, offers, promises
from renewctl.core.case_file import CaseFile
from renewctl.core.model import (
    CLOSED_SAVES,
    KEPT_SAVES,
    Account,
    Change,
    ItemState,
    Promise,
    SaveCase,
)
from renewctl.core.offer_guards import Situation
from renewctl.core.offer_money import LESS_SCOPE, Deal
from renewctl.core.offer_terms import Ask
from renewctl.core.offer_together import Around
from renewctl.core.play_flow import condition
from renewctl.core.policy import Policy
from renewctl.core.worth import decide as weighed
from renewctl.core.worth import sheet
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import load_files, zone_of

_DAY = timedelta(days=1)
NOBODY = "demo"
_RUNS = 180 * _DAY  # how long an offer holds that says nothing else


def _ask(instrument: str, deal: Deal, last: date) -> Ask:
    """What was asked for on the day an offer begins, in a save that ends on `last`."""
    on = deal.from_on
    ask = Ask(instrument, until_on=on + _RUNS)
    if instrument in LESS_SCOPE:
        return ask._replace(until_on=deal.ends_on, seats=5, of_seats=7, expand_on=on + _RUNS)
    if instrument == "price_lock":
        return ask._replace(uplift_pct=Fraction(5))
    if instrument == "bridge":
        return ask._replace(discount_pct=Fraction(10), recovers_on=on + 150 * _DAY)
    if instrument == "roadmap":
        return ask._replace(until_on=last - 2 * _DAY, what="the report that their auditors ask for")
    return ask


class Story:
    """One round of a save as it went, told within one operation."""

    def __init__(
        self,
        portfolio: Portfolio,
        policy: Policy,
        op: Operation,
        told: Told,
        account: Account,
        case: SaveCase,
    ) -> None:
        self.portfolio, self.policy, self.op = portfolio, policy, op
        self.told, self.account, self.case = told, account, case
        self.book = policy.playbook(told.scenario)
        self.who = case.owner or NOBODY
        earlier = portfolio.values("save_event", "save_no = ? AND kind = 'reopened'", (case.no,))
        self.round = 1 + len(earlier)
        [self.contract] = portfolio.values("contract", "account_no = ?", (account.no,))

    def note(self, on: date, kind: str, name: str, text: str | None = None, at: str | None = None) -> None:
        """An event of this round; `at` its UTC instant."""
        record = cases.Recorder(self.portfolio.next_no("save_event"), on, at, self.who)
        self.op.apply([record.event(self.case, self.round, kind, name, text)[1]])

    def done(self, step: str, on: date) -> None:
        """A step that was done on a day."""
        row = ItemState(
            f"s{self.case.no}", self.account.no, self.round, step, "done", on, None, None, 45, self.who
        )
        key = (row.subject, row.cycle, row.step)
        self.op.apply([Change("item_state", key, self.account.no, None, row._asdict())])

    def tell(self, closed_on: date | None, as_of: date) -> None:
        """From the first call to its end; None: it still runs."""
        told, case = self.told, self.case
        last = closed_on or as_of - _DAY
        on = case.flagged_on
        if told.call is not None:
            at = moments.stored(moments.instant(case.flagged_at) + timedelta(hours=told.call))
            on = moments.local_on(at, zone_of(self.policy))
            self.note(on, "contact", "call", None, at)
            self._reach("contacted", on, "the first call")
        if told.cause:
            on = min(on + 2 * _DAY, last)
            cause = self.book.root_causes.get(told.cause)
            text = cause.text if cause else told.cause
            self.note(on, "why", "1", STATED[told.scenario])
            self.note(on, "why", "enough", "they said it themselves")
            self.note(on, "cause", told.cause, text)
            self._state("diagnosed", on, f"root cause: {text}")
            self._reach("planned", min(on + _DAY, last), "the plan is agreed")
        self._promises(last)
        if told.offer:
            self._offer(min(on + 6 * _DAY, last), last)
        if told.state in (*KEPT_SAVES, "executing"):
            self._reach("executing", min(on + 3 * _DAY, last), "work on what was behind it")
        if closed_on is not None:
            self._end(closed_on, as_of)

    def _reach(self, state: str, on: date, text: str) -> None:
        step = next((each for each in self.book.steps if each.state == state), None)
        if step is not None:
            for each in map(condition, step.when):
                self.note(on, "finding", each.key, each.answer)
            self.done(step.step, on)
        self._state(state, on, text)

    def _state(self, state: str, on: date, text: str | None) -> None:
        """A further state of the case, with what brought it there."""
        self.note(on, "state", state, text)
        closed_on = on if state in CLOSED_SAVES else None
        self.op.apply([cases.moved(self.case, state=state, closed_on=closed_on)])
        self.case = self.case._replace(state=state, closed_on=closed_on)

    def _end(self, on: date, as_of: date) -> None:
        told = self.told
        if told.state in KEPT_SAVES:
            self.note(on - 2 * _DAY, "evidence", "root_cause", "they see it gone")
            self.note(on - 2 * _DAY, "evidence", "relationship", "they answer within the day again")
            self._state("stabilised", on - 2 * _DAY, "they see it gone")
            self.note(on, "evidence", "commitment", "signed by their director")
        if told.state == "partly_saved":
            self.note(on, "evidence", cases.KEPT_ARR, "they go on with less")
        if told.state == "let_go":
            self.worth("let_go", "it would cost more than it keeps", on, 60 * 60, 900_000, 15)
        self._state(told.state, on, "the last contract was lost" if told.state == "lost" else None)
        if told.state in KEPT_SAVES:
            self._recovered(on, as_of)

    def file(self, on: date) -> CaseFile:
        """The case as it is on record on a day."""
        [case] = self.portfolio.values("save_case", "no = ?", (self.case.no,))
        [found] = load_files(self.portfolio, self.policy, on, [case])
        return found

    def worth(self, decision: str, reason: str, on: date, minutes: int, conceded: int, pct: int) -> None:
        """OPP-3: the decision to fight or let go; `conceded` in minor units."""
        file, rate = self.file(on), self.policy.saves.hour_cost_minor
        found = sheet(file.renewal.arr_base_minor, minutes, rate, conceded, Fraction(pct), 1)
        no, base = self.portfolio.next_no("worth"), self.policy.base_currency
        self.op.apply([allowed(weighed(no, file, found, decision, reason, base, on, self.who))[1]])

    def _recovered(self, closed_on: date, as_of: date) -> None:
        """SAV-10: what fell due of the recovery programme since, done on its day."""
        days = (as_of - closed_on).days
        rules = self.policy.saves
        for kind, every, most in (
            ("touch", rules.recovery.touch_every_days, rules.recovery.days),
            ("report", rules.recovery.report_every_days, rules.recovery.days),
        ):
            for number in range(1, min(days, most) // every + 1):
                self.done(f"{kind}-{number}", closed_on + number * every * _DAY)
        for each in rules.checkin_days:
            if each <= days:
                self.done(f"checkin-{each}", closed_on + each * _DAY)
        for number in range(4, 7):
            if number * 31 <= days:
                self.done(f"attention-{number}", closed_on + number * 31 * _DAY)

    # --- promises and offers ------------------------------------------------------------------------------

    def promise(
        self, text: str, due_on: date, state: str, settled_on: date | None, of: int | None = None
    ) -> int:
        """A promise in its state, and its number; `of` is the broken one that it makes good."""
        no: int = self.portfolio.next_no("promise")
        shown = {"kept": "they confirmed it", "broken": "it was not ready"}.get(state)
        made_on = min(due_on, max(self.case.flagged_on + 2 * _DAY, due_on - 9 * _DAY))
        row = Promise(
            no, self.account.no, self.case.no, text, None, due_on, self.who, None, None, made_on, state,
            settled_on, shown, of, self.who,
        )  # fmt: skip
        self.op.apply([inserted("promise", self.account, row)])
        return no

    def _promises(self, last: date) -> None:
        texts = PROMISED[self.told.scenario]
        for at, how in enumerate(self.told.promises):
            due_on = min(self.case.flagged_on + (5 + 4 * at) * _DAY, last - _DAY)
            text = texts[at % len(texts)]
            if how in "kl":
                self.promise(text, due_on, "kept", due_on if how == "k" else due_on + _DAY)
                continue
            no = self.promise(text, due_on, "broken", due_on)
            if how == "r":
                self.promise(f"{text}, at last", due_on + 4 * _DAY, "kept", due_on + 4 * _DAY, no)

    def chain(self, what: str, on: date, build_on: date) -> None:
        """SAV-P: a fix promised on a day as dated steps, the first of them due on `build_on`."""
        days = promises.chain_days(build_on, self.policy.saves.chain)
        before: Promise | None = None
        for step, due_on in days:
            before, change = allowed(
                promises.promise(
                    self.portfolio.next_no("promise"), self.case, (f"{what}: {step}", None, self.who),
                    due_on + (build_on - days[0][1]), on, self.who, (promises.FIX, before),
                )
            )  # fmt: skip
            self.op.apply([change])

    def _offer(self, on: date, last: date) -> None:
        """SAV-4: an offer, approved where it needs that, and what the customer said to it."""
        told, contract, portfolio = self.told, self.contract, self.portfolio
        arr = (contract.arr_minor or 0) * told.before_pct // 10_000 * 100
        deal = Deal(arr, contract.currency or "", on, 12)
        no, gives = portfolio.next_no("offer"), GIVES[told.offer]
        of = situation(self.policy, portfolio, self.case, None, gives, 0, None, None)
        made: offers.Draft = allowed(
            offers.draft(
                no, self.case, self.account, contract, deal, _ask(told.offer, deal, last), of, self.policy,
                self.who, on, offers_on(portfolio, self.account),
            )
        )  # fmt: skip
        self.op.apply([inserted("offer", self.account, made.offer)])
        if made.offer.state == "pending":
            self._decided(no, "approve", MANAGER, on + _DAY, of)
        answered_on = min(on + 5 * _DAY, last - 2 * _DAY)
        if told.answer == "declined":
            self._decided(no, "decline", self.who, answered_on, of)
            return
        self._decided(no, "accept", self.who, answered_on, of)
        number = portfolio.next_no("promise")
        self.op.apply(
            allowed(offers.promised(made.offer, self.case, number, self.who, answered_on, self.who))
        )
        owed = portfolio.values("promise", "save_no = ?", (self.case.no,))
        [promise] = [each for each in owed if each.no == number]
        kept = promises.settle(promise, "kept", "they confirmed it", promise.due_on, owed)
        self.op.apply(allowed(kept))

    def _decided(self, no: int, action: str, actor: str, on: date, of: Situation) -> None:
        """A legal step of an offer."""
        made = offers_on(self.portfolio, self.account)
        [offer] = [each for each in made if each.no == no]
        around = Around(self.case, of, [each for each in made if each.no != no])
        self.op.apply(
            allowed(offers.decide(offer, action, actor, self.account, self.policy, on, None, around))
        )


def inserted(entity: str, account: Account, row: Any) -> Change:
    """The change that records a new row."""
    return Change(entity, (row.no,), account.no, None, row._asdict())
