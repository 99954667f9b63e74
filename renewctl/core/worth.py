"""OPP-3: fight for a customer or let it go: what the save costs against what it may keep.

Not every account is worth saving at any price. The sheet sets the hours and the concession against
ARR x chance x years; the decision is a person's, and is recorded with its reason.
"""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.case_file import CaseFile
from renewctl.core.intake import Refusal
from renewctl.core.model import Change, Worth

DECISIONS = ("fight", "let_go")


class Sheet(NamedTuple):
    """What a save costs and may keep; amounts in minor units of the base currency."""

    minutes: int
    rate_minor: int  # per hour
    concession_minor: int
    chance_pct: Fraction
    years: int
    arr_minor: int | None
    work_minor: int  # minutes at that rate
    cost_minor: int  # work and concession
    expected_minor: int | None  # ARR x chance x years; None where the ARR is unknown
    break_even_pct: Fraction | None  # the chance from which it pays
    worth_it: bool | None


def sheet(
    arr_minor: int | None,
    minutes: int,
    rate_minor: int,
    concession_minor: int,
    chance_pct: Fraction,
    years: int,
) -> Sheet:
    """The sheet of a case. Nothing is guessed of an account whose ARR is unknown."""
    work = money.round_half_even(Fraction(minutes * rate_minor, 60))
    cost = work + concession_minor
    if not arr_minor:
        return Sheet(
            minutes, rate_minor, concession_minor, chance_pct, years, arr_minor, work, cost, arr_minor, None,
            None if arr_minor is None else False,
        )  # fmt: skip
    value = arr_minor * years
    expected = money.round_half_even(value * chance_pct / 100)
    break_even = Fraction(cost * 100, value)
    return Sheet(
        minutes, rate_minor, concession_minor, chance_pct, years, arr_minor, work, cost, expected, break_even,
        cost < value * chance_pct / 100,
    )  # fmt: skip


def decide(
    no: int, file: CaseFile, found: Sheet, decision: str, reason: str, currency: str, on: date, actor: str
) -> "tuple[Worth, Change] | Refusal":
    """The row that records what was decided, and why; refused without a reason."""
    case = file.case
    if not reason.strip():
        return Refusal(
            "reason-missing", f"save s{case.no}: say why it is {decision.replace('_', ' ')}", "--reason TEXT"
        )
    chance = f"{float(found.chance_pct):.12g}"
    made = Worth(
        no, case.account_no, case.no, found.minutes, found.rate_minor, found.concession_minor, chance,
        found.years, found.arr_minor, currency, decision, reason.strip(), on, actor,
    )  # fmt: skip
    return made, Change("worth", (no,), case.account_no, None, made._asdict())
