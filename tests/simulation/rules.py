"""What domain.md says, typed in: the days, channels, roles and conditions of every step, and the calendar.

Nothing here comes from the program or its policy. Where the rules give no number (the budget of hours,
the wording) the simulation does not look.
"""

from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

ENTERPRISE, MID_MARKET, SMB = "enterprise", "mid_market", "smb"
STAGES = (
    "planned", "in_review", "notified", "value_reviewed", "proposed", "negotiating", "approving",
    "contract_sent",
)  # fmt: skip
LEAD = {ENTERPRISE: 150, MID_MARKET: 90, SMB: 60}  # SEG: days before the anchor on which work may begin
SEGMENT_FROM = ((ENTERPRISE, 100_000), (MID_MARKET, 10_000), (SMB, 0))  # SEG
CUSTOMER_FROM = 60  # TML, REM-90: nothing reaches the customer earlier than this before the anchor


class Step(NamedTuple):
    """One action of TML or REM."""

    name: str
    days: int  # before the anchor
    channel: str  # internal | customer
    role: str  # owner: of the renewal
    kind: str  # timeline | reminder
    purpose: str  # orders a catch-up
    when: frozenset[str] = frozenset()
    by: frozenset[str] = frozenset()  # facts that complete it
    least: int = 0  # ARR from which it is asked for


def _steps(text: str) -> tuple[Step, ...]:
    """Lines of `days channel role kind purpose name [when=a,b] [by=a,b] [least=N]`."""
    found = []
    for line in text.strip().splitlines():
        days, channel, role, kind, purpose, name, *more = line.split()
        said = dict(word.split("=") for word in more)
        found.append(
            Step(
                name,
                int(days),
                {"in": "internal", "out": "customer"}[channel],
                role,
                {"tml": "timeline", "rem": "reminder"}[kind],
                purpose,
                frozenset(said.get("when", "").split(",")) - {""},
                frozenset(said.get("by", "").split(",")) - {""},
                int(said.get("least", "0")),
            )
        )
    return tuple(found)


TIMELINES = {
    # HLT-4 adds to each segment what a yellow account needs: the commitment is asked for before 30 days.
    # TML Enterprise; REM-60's mail is the notice, REM-30's notice with the value summary the proposal
    ENTERPRISE: _steps("""
        120 in  csm      tml prepare   review
        120 in  csm      tml risk      health-check
        120 in  csm      tml risk      risk-assessment when=risk_only
        120 in  manager  tml risk      at-risk when=at_risk
        120 in  csm      tml explore   expansion-analysis when=not_at_risk
        120 in  csm      tml prepare   stakeholder-map
        120 in  manager  tml prepare   strategy
        90  in  csm      rem prepare   alert-90
        90  in  csm      tml risk      friction when=yellow by=approving
        90  in  csm      tml risk      relationships when=yellow by=approving
        90  in  csm      tml prepare   ebr
        90  in  csm      tml value     value-documents by=paper:value
        90  in  owner    tml prepare   kickoff
        60  in  owner    rem prepare   tasks
        60  out owner    tml notice    notice by=notified
        60  out csm      tml value     value-review by=value_reviewed
        60  out csm      tml explore   future-needs when=not_at_risk
        60  out sales    tml explore   expansion-talk when=expansion
        60  out owner    tml proposal  initial-terms by=proposed
        45  in  owner    tml proposal  build-proposal by=paper:proposal,proposed
        45  in  legal    tml negotiate legal
        45  out owner    tml negotiate procurement
        45  out executive_sponsor tml negotiate executive-alignment
        45  out owner    tml risk      commitment when=yellow by=negotiating
        45  out sales    tml proposal  expansion-terms when=bundle by=approving
        30  out owner    tml proposal  proposal by=proposed
        30  out owner    tml negotiate negotiate by=approving
        30  out owner    tml negotiate objections by=approving
        30  in  owner    tml close     approvals by=approving
        14  out owner    tml close     final-terms by=contract_sent
        14  out owner    tml close     contract by=contract_sent
        14  out owner    tml close     signature
        14  in  finance  tml close     payment
        14  in  manager  rem escalate  escalate-14 when=not_late,not_auto by=approving
        14  out owner    rem remind    follow-up when=not_auto
        7   in  manager  rem escalate  escalate-7 when=not_late,not_auto by=approving
        7   out owner    rem remind    last-reminder when=not_auto
    """),
    # TML Mid-market; the review at 90 is for ARR from 50K, the alert of REM-90 for all
    MID_MARKET: _steps("""
        90  in  csm      tml risk      review least=50000
        90  in  csm      tml risk      risk-assessment when=risk_only least=50000
        90  in  owner    tml risk      at-risk when=at_risk
        90  in  csm      tml explore   expansion-analysis when=not_at_risk least=50000
        90  in  csm      rem prepare   alert-90
        60  in  csm      tml risk      friction when=yellow by=approving
        60  in  csm      tml risk      relationships when=yellow by=approving
        60  in  owner    rem prepare   tasks
        60  out owner    tml notice    notice by=notified
        60  out csm      tml value     value-review by=value_reviewed
        60  out owner    tml explore   conversation by=value_reviewed
        45  in  owner    tml proposal  build-proposal by=paper:proposal,proposed
        45  in  owner    tml proposal  price
        45  out csm      tml negotiate alignment
        45  out owner    tml risk      commitment when=yellow by=negotiating
        30  out owner    tml proposal  proposal by=proposed
        30  out owner    tml negotiate objections by=approving
        30  out owner    tml negotiate negotiate by=approving
        14  out owner    tml close     final-terms by=contract_sent
        14  out owner    tml close     contract by=contract_sent
        14  in  finance  tml close     payment
        14  in  manager  rem escalate  escalate-14 when=not_late,not_auto by=approving
        14  out owner    rem remind    follow-up when=not_auto
        7   in  manager  rem escalate  escalate-7 when=not_late,not_auto by=approving
        7   out owner    rem remind    last-reminder when=not_auto
    """),
    # TML SMB: no REM-90; escalation only at 7 days and only without a reply
    SMB: _steps("""
        60  out owner    rem remind    reminder by=notified
        60  in  csm      tml risk      health-check
        60  in  owner    tml risk      at-risk when=at_risk
        45  out csm      tml value     value-early when=yellow by=value_reviewed
        45  out owner    tml risk      commitment when=yellow by=reply,negotiating
        30  in  owner    tml proposal  proposal by=paper:proposal,proposed
        30  out owner    tml notice    notice by=proposed
        14  out owner    rem remind    follow-up when=not_auto by=approving
        14  out csm      tml remind    check-in when=no_reply,not_auto by=reply
        7   out owner    rem remind    last-reminder when=not_auto by=contract_sent
        7   in  manager  rem escalate  escalate-7 when=no_reply,not_auto by=reply
    """),
}
# After signature: celebrate, thank, plan next year (days after it, channel, role).
AFTER_SIGNATURE = {
    ENTERPRISE: (
        ("celebrate", 1, "internal", "owner"),
        ("thank", 1, "customer", "csm"),
        ("next-year", 14, "internal", "csm"),
    ),
    MID_MARKET: (),
    SMB: (),
}
# VAL: name, every so many months.
VALUE = {
    ENTERPRISE: (("qbr", 3), ("value-mail", 1)),
    MID_MARKET: (("qbr", 6), ("value-mail", 1)),
    SMB: (("value-mail", 3),),
}
CATCH_UP_ORDER = ("notice", "risk", "value", "proposal")  # LATE; what it does not name comes behind
DROPPED = frozenset(("prepare", "explore"))  # LATE: when under 30 days remain
DROP_UNDER = 30
WEIGHTS = {"usage": 35, "engagement": 20, "relationship": 20, "tickets": 15, "nps": 10}  # HLT-2
CAPS = {"cancel_notice": 20, "champion_gone": 60, "competitor": 60}  # HLT-3


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))


@cache
def _holidays(year: int) -> frozenset[date]:
    """Federal holidays of the United States, with the days on which they are kept."""
    monday, thursday = 0, 3
    found = {
        _nth(year, 1, monday, 3),
        _nth(year, 2, monday, 3),
        _nth(year, 6, monday, 1) - timedelta(7),  # the last Monday of May
        _nth(year, 9, monday, 1),
        _nth(year, 10, monday, 2),
        _nth(year, 11, thursday, 4),
    }
    fixed = [(year, 1, 1), (year, 6, 19), (year, 7, 4), (year, 11, 11), (year, 12, 25), (year + 1, 1, 1)]
    for day in (date(*each) for each in fixed):
        found |= {day, day - timedelta(1) if day.weekday() == 5 else day}
        found |= {day + timedelta(1) if day.weekday() == 6 else day}
    return frozenset(day for day in found if day.year == year)


@cache
def work_on(day: date) -> date:
    """The last working day on or before a day."""
    while day.weekday() > 4 or day in _holidays(day.year):
        day -= timedelta(1)
    return day


@cache
def month_day(year: int, month: int, day: int) -> date:
    """That day of a month, or the month's last one."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


def add_months(start: date, months: int, day: int) -> date:
    """Calendar months later, on `day` of the month where there is one."""
    count = start.year * 12 + start.month - 1 + months
    return month_day(count // 12, count % 12 + 1, day)
