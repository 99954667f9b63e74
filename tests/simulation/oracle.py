"""Who owes what on a day, worked out from the rules' text: nothing of the program is imported here.

`Oracle(policy, as_of, volume).owed(account)` is every open item of an account, if asked up to a day.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from tests.simulation import rules
from tests.simulation.ledger import Account, Contract, Policy
from tests.simulation.rules import Step

_PARTS = 2 * 90 * 1_000  # so many of them are one point of health
_ENDING = {"not_late", "no_reply"}  # conditions that a fact of the renewal ends
Key = tuple[str, int, str]  # contract id, cycle, step


class Owed(NamedTuple):
    """One item as the rules want it."""

    item: str
    contract: str
    cycle: int
    step: str
    due_on: date
    work_on: date
    owner: str | None
    channel: str
    kind: str
    covers: frozenset[str]
    order: tuple[object, ...]  # of the agenda, but for what stands within one renewal's day
    days: int | None = None  # before the anchor, of what a timeline names

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.contract, self.cycle, self.step


class Known(NamedTuple):
    """What the rules say of a contract on a day."""

    segment: str
    arr: int  # the account's
    band: str | None
    guard: bool
    opportunity: str
    auto: bool  # the touch model
    owner: str | None


class Oracle:
    """The rules on one day. `twist` names a rule to get wrong on purpose, as a control."""

    def __init__(
        self, policy: Policy, as_of: date, volume: int, twist: str = "", until: date = date.max
    ) -> None:
        self.policy = policy
        self.as_of = as_of
        self.volume = volume
        self.twist = twist
        self.until = until
        self._steps: dict[str, list[Step]] = {}

    # -- classification ------------------------------------------------------------------------------

    def score(self, account: Account) -> tuple[int | None, int | None, int | None]:
        """HLT-2: the score in tenths; engagement and relationship as they count today, in `_PARTS`."""
        points: dict[str, int] = {}
        for name in ("usage_trend", "engagement", "relationship", "open_tickets", "nps", "csat"):
            days = [day for day, read in account.readings.items() if name in read and day <= self.as_of]
            if days:
                keep = 90 - min(max((self.as_of - max(days)).days - 30, 0), 90)
                read = _scaled(name, account.readings[max(days)][name])
                points[name] = 2 * (read * keep + 50_000 * (90 - keep))
        said = [points[name] for name in ("nps", "csat") if name in points]
        known = {
            "usage": points.get("usage_trend"),
            "engagement": points.get("engagement"),
            "relationship": points.get("relationship"),
            "tickets": points.get("open_tickets"),
            "nps": sum(said) // len(said) if said else None,
        }
        mixed = [(rules.WEIGHTS[name], value) for name, value in known.items() if value is not None]
        weight = sum(share for share, _ in mixed)
        score = None
        if mixed and 2 * weight >= sum(rules.WEIGHTS.values()):
            total = sum(share * value for share, value in mixed)
            score = (total * 20 + weight * _PARTS) // (2 * weight * _PARTS)  # half a tenth goes up
            score = min([score, *(10 * cap for cap in self._caps(account))])
        return score, known["engagement"], known["relationship"]

    def _caps(self, account: Account) -> Iterator[int]:
        if account.cancel_on is not None:
            yield rules.CAPS["cancel_notice"]
        if account.champion_gone:
            yield rules.CAPS["champion_gone"]
        if account.competitor:
            yield rules.CAPS["competitor"]

    def known(self, account: Account, contract: Contract) -> Known:
        """Segment, health, opportunity, touch and owner."""
        arr = sum(each.arr for each in account.open)
        segment = next(name for name, least in rules.SEGMENT_FROM if arr >= least)
        score, engagement, relationship = self.score(account)
        band = None
        if score is not None:
            band = "green" if score >= 750 else "yellow" if score >= 500 else "red"
        guard = (
            score is not None
            and score >= 850
            and (engagement is None or engagement >= 70 * _PARTS)
            and not any(self._caps(account))
        )
        if band == "red" or account.cancel_on is not None or account.saving is not None:
            opportunity = "at_risk"
        elif account.early_on is not None:
            opportunity = "early"
        elif band == "green" and account.expansion:
            opportunity = "expansion"
        else:
            opportunity = "flat"
        auto = (
            segment == rules.SMB
            and band == "green"
            and contract.auto is True
            and contract.payment is True
            and relationship is not None
            and relationship >= 70 * _PARTS
        )
        return Known(segment, arr, band, guard, opportunity, auto, self._owner(account, arr))

    def _owner(self, account: Account, arr: int) -> str | None:
        """OWN-2: under 10K the specialist, under 50K the CSM, else sales; a vacant role falls to the CSM."""
        person = None
        if arr < 10_000:
            if account.specialist or self.volume >= self.policy.volume:
                person = self._person("specialist", account)
        elif arr >= 50_000 or self.twist == "owner":
            person = self._person("sales", account)
        return person or account.csm

    def _person(self, role: str, account: Account) -> str | None:
        own = {
            "csm": account.csm,
            "sales": account.sales,
            "specialist": account.specialist,
            "executive_sponsor": account.sponsor,
            "manager": self.policy.managers.get(account.csm or ""),
        }
        return own.get(role) or self.policy.team.get(role)

    def who(self, role: str, account: Account, known: Known) -> str | None:
        """OWN-3: who does a step of a role; the CSM, else the owner, for a role nobody fills."""
        if role == "owner":
            return known.owner
        return self._person(role, account) or self._person("csm", account) or known.owner

    # -- the plan ------------------------------------------------------------------------------------

    def anchor(self, contract: Contract) -> date:
        """ANCHOR: the opt-out deadline of a tacit renewal with known notice, else the renewal date."""
        if contract.auto and contract.notice is not None and self.twist != "anchor":
            return contract.renewal_on - timedelta(contract.notice)
        return contract.renewal_on

    def steps(self, segment: str) -> list[Step]:
        """The steps of a segment under the book's policy."""
        if segment not in self._steps:
            self._steps[segment] = [
                step._replace(days=self.policy.days.get((segment, step.name), step.days))
                for step in rules.TIMELINES[segment]
                if (segment, step.name) not in self.policy.off
            ]
        return self._steps[segment]

    def facts(self, account: Account, contract: Contract, known: Known) -> set[str]:
        """What completes steps: stages reached, papers rendered, an answer of the customer."""
        anchor_on = self.anchor(contract)
        found = set(rules.STAGES[: rules.STAGES.index(contract.stage) + 1])
        since = max(anchor_on - timedelta(rules.LEAD[known.segment]), contract.won_on or date.min)
        found |= {
            f"paper:{kind}" for of, kind, day in account.papers if of in (None, contract.id) and day >= since
        }
        words = [step.days for step in self.steps(known.segment) if step.channel == "customer"]
        since = max(anchor_on - timedelta(max(words)), contract.won_on or date.min)
        if any(day >= since for day in account.replies):
            found.add("reply")
        return found

    def holding(self, contract: Contract, known: Known, facts: set[str]) -> set[str]:
        """The conditions of steps that hold."""
        expansion = known.opportunity == "expansion"
        holds = {
            "risk_only": not known.guard,
            "at_risk": known.opportunity == "at_risk",
            "not_at_risk": known.opportunity != "at_risk",
            "yellow": known.band == "yellow",
            "expansion": expansion,
            "bundle": expansion if contract.bundle is None else contract.bundle,
            "not_late": contract.stage not in ("approving", "contract_sent"),
            "no_reply": "reply" not in facts,
            "not_auto": not known.auto,
        }
        return {name for name, holding in holds.items() if holding}

    def fate(self, step: Step, contract: Contract, known: Known, facts: set[str], holds: set[str]) -> str:
        """Why a step is not owed: done, skipped, covered-…, fact or condition; "" when it is.

        What was done with it more than half a year before its day says nothing, unless it is late.
        """
        due_on = self.anchor(contract) - timedelta(step.days)
        late = due_on < min(contract.planned_from, self.as_of)
        if done := contract.fate((contract.cycle, step.name), date.min if late else due_on):
            return done
        if known.arr < step.least or not step.when <= holds | _ENDING:
            return "condition"
        return "" if step.when <= holds and not step.by & facts else "fact"

    def owed(self, account: Account) -> list[Owed]:
        """Every open item of an account up to `until`."""
        opened = account.open
        if not opened:
            return []
        # VAL: the next to renew speaks for the account; of one past its date only the outcome is asked.
        ahead = [each for each in opened if each.renewal_on >= self.as_of]
        leading = min(ahead, key=lambda each: (each.renewal_on, each.no), default=None)
        found: list[Owed] = []
        for contract in opened:
            known = self.known(account, contract)
            if contract.renewal_on < self.as_of:
                found += self._item(
                    account, contract, known, "past-due", contract.renewal_on, "owner", "internal", "past_due"
                )
                continue
            found += self._plan(account, contract, known)
            found += self._after_signature(account, contract, known)
            found += self._notices(account, contract, known)
            if known.band is None:
                lead = self.anchor(contract) - timedelta(rules.LEAD[known.segment])
                soon = contract.planned_from + timedelta(2)
                due_on = min(max(lead, soon), self.anchor(contract))
                found += self._item(
                    account, contract, known, "collect-health", due_on, "csm", "internal", "health"
                )
            if contract is leading:
                found += self._value(account, contract, known)
        return found

    def _plan(self, account: Account, contract: Contract, known: Known) -> Iterator[Owed]:
        anchor_on = self.anchor(contract)
        first_on = min(contract.planned_from, self.as_of)
        facts = self.facts(account, contract, known)
        holds = self.holding(contract, known, facts)
        late = []
        for step in self.steps(known.segment):
            if self.fate(step, contract, known, facts, holds):
                continue
            due_on = anchor_on - timedelta(step.days)
            if due_on < first_on:
                late.append(step)
                continue
            yield from self._item(
                account, contract, known, step.name, due_on, step.role, step.channel, step.kind,
                days=step.days,
            )  # fmt: skip
        covered = self.covered(late, anchor_on, first_on)
        if covered:
            due_on = min(first_on + timedelta(3 if self.twist == "late" else 2), anchor_on)
            yield from self._item(
                account, contract, known, "catch-up", due_on, "owner", "internal", "catch_up", covered
            )

    def covered(self, late: Iterable[Step], anchor_on: date, first_on: date) -> frozenset[str]:
        """LATE: what a catch-up stands for."""
        short = (anchor_on - first_on).days < rules.DROP_UNDER
        return frozenset(step.name for step in late if not (short and step.purpose in rules.DROPPED))

    def _after_signature(self, account: Account, contract: Contract, known: Known) -> Iterator[Owed]:
        if contract.won_on is None:
            return
        for name, days, channel, role in rules.AFTER_SIGNATURE[known.segment]:
            if (known.segment, name) not in self.policy.off:
                yield from self._item(
                    account, contract, known, name, contract.won_on + timedelta(days), role, channel,
                    "timeline", cycle=contract.cycle - 1,
                )  # fmt: skip

    def _notices(self, account: Account, contract: Contract, known: Known) -> Iterator[Owed]:
        """ANCHOR: 30 and 14 days before the opt-out deadline, and the deadline itself."""
        tacit = contract.auto and contract.notice is not None
        if not tacit or contract.fate((contract.cycle, "opt-out"), self.anchor(contract)):
            return
        anchor_on = self.anchor(contract)
        left = (anchor_on - self.as_of).days
        for before, until in ((30, 14), (14, 0)):
            due_on = anchor_on - timedelta(before)
            if left > until and due_on >= contract.planned_from:
                yield from self._item(
                    account, contract, known, f"opt-out-{before}", due_on, "owner", "internal", "notice"
                )
        if left <= 60:
            yield from self._item(
                account, contract, known, "opt-out", anchor_on, "owner", "internal", "notice"
            )

    def _value(self, account: Account, contract: Contract, known: Known) -> Iterator[Owed]:
        """VAL: reviews and mails all year until 60 days before the anchor; what was missed is one item."""
        since = [each.planned_from for each in account.contracts]  # a loss is a new beginning, too
        since += [each.renewal_on + timedelta(1) for each in account.open if each.renewal_on < self.as_of]
        first_on = min(max(since), self.as_of)
        until = 45 if self.twist == "value" else rules.CUSTOMER_FROM
        end_on = self.anchor(contract) - timedelta(until)
        for name, every in rules.VALUE[known.segment]:
            dated = [
                (f"{name}-{label}", day)
                for label, day in occurrences(every, contract.renewal_on, first_on, end_on)
                if f"{name}-{label}" not in account.closed
            ]
            missed = [step for step, day in dated if day <= self.as_of]
            for step, day in dated:
                if step in missed[1:]:
                    continue
                covers = frozenset(missed[1:]) if step in missed else frozenset()
                yield from self._item(account, contract, known, step, day, "csm", "customer", "value", covers)

    def _item(
        self, account: Account, contract: Contract, known: Known, step: str, due_on: date, role: str,
        channel: str, kind: str, covers: frozenset[str] = frozenset(), cycle: int | None = None,
        days: int | None = None,
    ) -> Iterator[Owed]:  # fmt: skip
        of = contract.cycle if cycle is None else cycle
        if kind == "value":
            item, closed, asleep = f"a{account.no}-{step}", step in account.closed, account.asleep.get(step)
            of = 1
        else:
            item = f"{contract.no}-{step}" if of == 1 else f"{contract.no}.{of}-{step}"
            closed = bool(contract.fate((of, step), due_on)) and kind != "catch_up"
            asleep = contract.asleep.get((of, step))
        if closed:
            return
        if asleep is not None:
            due_on = max(due_on, asleep)
        if due_on > self.until:
            return
        anchor_on = self.anchor(contract)
        near = kind == "notice" and 0 <= (anchor_on - self.as_of).days <= 14
        place = (0, anchor_on) if near else (1, date.min)
        order = (*place, due_on, contract.renewal_on, -contract.arr, contract.id)
        given = account.given.get(step) if kind == "value" else contract.given.get((of, step))
        owner = given or self.who(role, account, known)
        yield Owed(
            item, contract.id, of, step, due_on, rules.work_on(due_on), owner, channel, kind, covers, order,
            days,
        )  # fmt: skip


def occurrences(every: int, renewal_on: date, first_on: date, end_on: date) -> Iterator[tuple[str, date]]:
    """The periods of recurring work that fall on or after one day and before another, each with its day."""
    month = date(first_on.year, 1, 1)
    while month < end_on:
        if (month.month - renewal_on.month) % every == 0:
            day = rules.month_day(month.year, month.month, renewal_on.day)
            if first_on <= day < end_on:
                number = (month.month - 1) // every + 1
                label = {1: f"-{number:02}", 3: f"q{number}", 6: f"h{number}"}[every]
                yield f"{month.year}{label}", day
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _scaled(name: str, value: float) -> int:
    """An input on 0 to 100, in thousandths; inputs have one decimal at most."""
    tenths = round(value * 10)
    if name == "usage_trend":
        found = (tenths + 500) * 140 if tenths <= 0 else 70_000 + tenths * 150
    elif name == "open_tickets":
        found = 100_000 - 1_000 * tenths
    elif name == "nps":
        found = (tenths + 1_000) * 50
    elif name == "csat":
        found = (tenths - 10) * 2_500
    else:
        found = tenths * 100
    return min(max(found, 0), 100_000)
