"""A book that lives: seeded events, each done by a command of the program and noted in the ledger."""

import random
from collections.abc import Callable
from datetime import date, timedelta

from tests.simulation import rules
from tests.simulation.ledger import Account, Contract, Policy
from tests.simulation.oracle import Oracle
from tests.simulation.program import Program

CSMS = ("ana", "rui", "sofia", "ines", "joao")
SELLERS = ("marta", "pedro")
SPECIALISTS = ("lia", "tom")
# Roles of the team that the policy fills, or leaves to the CSM.
_ROLES = (
    ("specialist", "lia"), ("sales", "marta"), ("executive_sponsor", "vera"), ("manager", "dora"),
    ("legal", "lea"),
)  # fmt: skip
FIRST_ON = date(2026, 1, 5)
_HEADINGS = (
    "id,name,arr,currency,renewal_date,term_months,notice_days,auto_renew,payment_on_file,csm,sales_owner,"
    "specialist,executive_sponsor,expansion_arr"
)
_INPUTS = ("usage_trend", "engagement", "relationship", "open_tickets", "nps", "csat")
# Stages a renewal has when so many days are left, where all goes well.
_PACE = ((60, "notified"), (50, "value_reviewed"), (34, "proposed"), (24, "negotiating"), (17, "approving"))


class World:
    """The book, the people who work on it, and chance."""

    def __init__(self, program: Program, size: int, seed: int) -> None:
        self.program = program
        self.size = size
        self.rng = random.Random(seed)
        self.today = FIRST_ON
        self.policy = Policy(
            managers={"ana": "clara", "rui": "clara", "sofia": "bruno"}, team={"finance": "fay"}
        )
        self.accounts: dict[str, Account] = {}
        self.ends: dict[str, tuple[date, str]] = {}  # contract id -> when and how its cycle will end
        self._given_out = 0
        self.closings: list[Callable[[Account, Contract], None]] = []  # asked before a cycle ends

    # -- shared --------------------------------------------------------------------------------------

    def run(self, *words: str) -> None:
        """One command, today."""
        self.program(self.today, *words)

    def numbered(self) -> int:
        """A number that was not given out before."""
        self._given_out += 1
        return self._given_out

    def chance(self, one_in: float) -> bool:
        """Whether it happens today."""
        return self.rng.random() * one_in < 1

    def day_in(self, least: int, most: int) -> date:
        """A day so many days ahead."""
        return self.today + timedelta(self.rng.randint(least, most))

    @property
    def people(self) -> list[str]:
        """Those who may own work."""
        return [*CSMS, *SELLERS, *SPECIALISTS, "vera", "clara", "fay"]

    @property
    def volume(self) -> int:
        """OWN-1: renewals a quarter."""
        opened = [each for account in self.accounts.values() for each in account.open]
        return int(sum(1200 // each.term for each in opened)) // 400

    def oracle(self, twist: str = "", days: int | None = None) -> Oracle:
        """The rules, today; of what is owed, only so many days ahead."""
        until = date.max if days is None else self.today + timedelta(days)
        return Oracle(self.policy, self.today, self.volume, twist, until)

    # -- the book ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The book as it stands on the first day: four in five accounts."""
        self._write_policy()
        self.import_new([self._account(renews_in=(1, 400)) for _ in range(self.size * 4 // 5)])

    def _account(self, renews_in: tuple[int, int]) -> Account:
        rng = self.rng
        id_ = f"A{len(self.accounts) + 1:04}"
        kind = rng.choices(("smb", "mid", "big"), (55, 33, 12))[0]
        account = Account(
            id_,
            None if self.chance(60) else rng.choice(CSMS),
            rng.choice(SELLERS) if kind == "big" or self.chance(4) else None,
            rng.choice(SPECIALISTS) if self.chance(6) else None,
            "vera" if kind == "big" and self.chance(2) else None,
            expansion=rng.randrange(1_000, 30_000, 500) if self.chance(5) else None,
        )
        several = rng.choice((2, 3)) if self.chance(9) else 1
        for at in range(several):
            arr = {
                "smb": rng.choice((0, 900, 4_800, 9_999)),
                "mid": rng.choice((10_000, 18_500, 24_999, 25_000, 49_999, 50_000, 72_000, 99_999)),
                "big": rng.choice((100_000, 140_000, 420_000)),
            }[kind] // several
            renewal_on = self.day_in(*renews_in)
            if self.chance(12):  # the days that shorter months do not have
                renewal_on = rules.month_day(renewal_on.year, renewal_on.month, 31)
            account.contracts.append(
                Contract(
                    id_ if several == 1 else f"K{id_[1:]}-{at}", arr, renewal_on, renewal_on.day,
                    rng.choice((12, 12, 12, 12, 6, 24, 36)),
                    rng.choice((None, 0, 15, 30, 30, 60, 90)), rng.choice((None, True, True, False)),
                    rng.choice((None, True, True, False)), self.today,
                )
            )  # fmt: skip
        if not self.chance(6):
            account.readings[self.today] = self._reading(rng.choice((30, 55, 75, 90, 97)))
        self.accounts[id_] = account
        return account

    def _reading(self, level: int) -> dict[str, float]:
        rng = self.rng
        found: dict[str, float] = {
            "usage_trend": round(level * 0.6 - 42 + rng.uniform(-8, 8), 1),
            "engagement": min(max(level + rng.randint(-12, 12), 0), 100),
            "relationship": min(max(level + rng.randint(-12, 12), 0), 100),
            "open_tickets": rng.randint(0, max(0, (110 - level) // 12)),
            "nps": min(max(2 * level - 100 + rng.randint(-20, 20), -100), 100),
            "csat": rng.choice((2, 3, 4, 5)),
        }
        return {name: value for name, value in found.items() if not self.chance(6)}

    def import_new(self, accounts: list[Account]) -> None:
        """Record accounts that nobody has recorded before, with contracts and first readings."""
        single, plain, several = (
            [_HEADINGS],
            ["id,name,csm,sales_owner,specialist,executive_sponsor,expansion_arr"],
            [],
        )
        for account in accounts:
            people = [account.csm, account.sales, account.specialist, account.sponsor, account.expansion]
            terms = [
                [
                    each.arr,
                    "USD",
                    each.renewal_on,
                    each.term,
                    each.notice,
                    _yes(each.auto),
                    _yes(each.payment),
                ]
                for each in account.contracts
            ]
            if len(terms) == 1:
                single.append(_row(account.id, f"Firm {account.id}", *terms[0], *people))
            else:
                plain.append(_row(account.id, f"Firm {account.id}", *people))
                several += [
                    _row(each.id, account.id, *term)
                    for each, term in zip(account.contracts, terms, strict=True)
                ]
        self.bring("accounts", single)
        self.bring("accounts", plain, "arr", "renewal_date")
        names = "id,account_id,arr,currency,renewal_date,term_months,notice_days,auto_renew,payment_on_file"
        self.bring("contracts", [names, *several])
        self.health(accounts, drawn=False)
        of_accounts, of_contracts = self.program.numbers()
        for account in accounts:
            account.no = of_accounts[account.id]
            for contract in account.contracts:
                contract.no = of_contracts[contract.id]
                self.plan_end(contract)

    def bring(self, kind: str, lines: list[str], *without: str) -> None:
        """Import a file of these lines."""
        if len(lines) > 1:
            file = self.program.folder / f"{kind}.csv"
            file.write_text("\n".join(lines) + "\n")
            left_out = [word for field in without for word in ("--map", f"{field}=")]
            self.run("import", str(file), "--kind", kind, "--date-order", "ymd", *left_out)

    def health(self, accounts: list[Account], drawn: bool = True) -> None:
        """Readings of today from a file: new ones, or those noted already."""
        lines = ["account_id,date," + ",".join(_INPUTS)]
        for account in accounts:
            if drawn:
                level = self.rng.choice((15, 35, 60, 80, 92, 97))
                before = account.readings.get(self.today, {})  # a blank cell clears nothing
                account.readings[self.today] = before | self._reading(level)
            read = account.readings.get(self.today)
            if read:
                cells = [read.get(name) for name in _INPUTS]
                # A column of nothing but -0.6 could be a share; with its sign it is a percentage.
                cells[0] = None if cells[0] is None else f"{cells[0]}%"
                lines.append(_row(account.id, self.today, *cells))
        self.bring("health", lines)

    def _write_policy(self) -> None:
        self.program.policy.write_text(self.policy.text())

    def edit_policy(self) -> None:
        """A step more, a step less, another day for one, another manager, somebody for a role."""
        segment = self.rng.choice(list(rules.TIMELINES))
        step = self.rng.choice(rules.TIMELINES[segment])
        at = (segment, step.name)
        if at in self.policy.off or at in self.policy.days:
            self.policy.off.discard(at)
            self.policy.days.pop(at, None)
        elif self.chance(2):
            self.policy.off.add(at)
        else:
            most = rules.CUSTOMER_FROM if step.channel == "customer" else 140
            self.policy.days[at] = min(max(step.days + self.rng.choice((-9, -3, 4, 15)), 1), most)
        if self.chance(2):
            self.policy.managers[self.rng.choice(CSMS)] = self.rng.choice(("clara", "bruno", "dora"))
        role, person = self.rng.choice(_ROLES)
        if self.policy.team.pop(role, None) is None:
            self.policy.team[role] = person
        if self.chance(3):
            self.policy.volume = self.rng.choice((2, 100))
        self._write_policy()

    # -- one cycle -----------------------------------------------------------------------------------

    def plan_end(self, contract: Contract) -> None:
        """Decide when and how the cycle will end; what was due long ago is recorded soon."""
        ends_on = contract.renewal_on + timedelta(int(self.rng.gauss(-8, 14)))
        if self.chance(15):
            ends_on -= timedelta(90)
        how = self.rng.choices(("won", "partial", "lost"), (82, 8, 10))[0]
        self.ends[contract.id] = max(ends_on, self.today + timedelta(1)), how

    def win(self, account: Account, contract: Contract, partial: bool) -> None:
        """The renewal is signed and the next cycle begins."""
        signed_on = self.today - timedelta(self.rng.choice((0, 0, 0, 1, 4)))
        for since in (contract.won_on, contract.began):  # not before its own cycle
            if since is not None and signed_on < since <= self.today:
                signed_on = since
        # no signature comes before the outcome before it, nor before its term
        known = (contract.won_on, contract.began)
        signed_on = max(signed_on, *(day for day in known if day is not None and day <= self.today), date.min)
        if contract.won_on == signed_on:
            return  # said again of the same day it changes nothing
        self.ends_now(account, contract)
        arr = contract.arr
        if partial:
            arr = arr * 3 // 4
        elif self.chance(3):
            arr = arr + arr // 10 + 500
        term = self.rng.choice((12, 24)) if self.chance(6) else None
        words = ["won", account.id, "--arr", str(arr), "--contract", contract.id, "--yes"]
        words += ["--signed-on", signed_on.isoformat()]
        words += ["--term-months", str(term)] if term else []
        self.run(*words)
        self.settle(account, signed_on)
        contract.arr = arr
        contract.term = term or contract.term
        self.next_cycle(contract, signed_on, contract.renewal_on)

    def settle(self, account: Account, signed_on: date) -> None:
        """What a signature ends of the facts of an account that has no other open contract."""
        if len(account.open) == 1:
            account.early_on = None
            if account.cancel_on is not None and account.cancel_on <= signed_on:
                account.cancel_on = None

    def next_cycle(self, contract: Contract, signed_on: date, starts_on: date) -> None:
        """What a win does to the contract."""
        contract.renewal_on = rules.add_months(starts_on, contract.term, contract.day)
        contract.began = starts_on
        contract.cycle += 1
        contract.stage = "planned"
        contract.bundle = None
        contract.planned_from = self.today
        contract.won_on = signed_on
        self.plan_end(contract)

    def lose(self, account: Account, contract: Contract) -> None:
        """The renewal is lost."""
        self.ends_now(account, contract)
        self.run(
            "lost", account.id, "--reason", self.rng.choice(("price", "product")), "--contract", contract.id
        )
        contract.state, contract.planned_from = "lost", self.today
        if not account.open:
            account.saving = None

    def ends_now(self, account: Account, contract: Contract) -> None:
        """A cycle is about to end."""
        for ask in self.closings:
            ask(account, contract)

    def move_date(self, account: Account, contract: Contract) -> None:
        """The renewal date was another all along, or was agreed anew."""
        to = contract.renewal_on + timedelta(self.rng.choice((-45, -20, -7, 3, 14, 31, 75)))
        if to <= self.today:
            return
        if contract.cycle == 1 and self.chance(2):
            if len(account.contracts) == 1:
                self.bring(
                    "accounts", ["id,name,renewal_date", _row(account.id, f"Firm {account.id}", to)], "arr"
                )
            else:
                self.bring(
                    "contracts", ["id,account_id,renewal_date", _row(contract.id, account.id, to)], "arr"
                )
        else:
            self.set(account, f"renewal_date={to}", contract=contract)
        contract.renewal_on, contract.day = to, to.day
        contract.planned_from = self.today
        self.plan_end(contract)

    def set(self, account: Account, *said: str, contract: Contract | None = None) -> None:
        """Facts by hand."""
        of = ["--contract", contract.id] if contract else []
        self.run("set", account.id, *said, "--reason", "as agreed", *of)


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _row(*cells: object) -> str:
    return ",".join("" if cell is None else str(cell) for cell in cells)
