"""What came to its date, decided or not, with the segment and the hours it had then (ROL)."""

from datetime import date, timedelta

from renewctl.core.model import Activity, Outcome
from renewctl.core.pilot import Reached
from renewctl.store.pilot import reached
from renewctl.store.team import team_book
from tests import book as b

DAY = b.TODAY


def an_outcome(no, account_no=1, contract_no=1, cycle=1, **given):
    row = {
        **dict.fromkeys(Outcome._fields), "no": no, "account_no": account_no, "contract_no": contract_no,
        "cycle": cycle, "closed_on": date(2025, 6, 1), "result": "won", "renewal_on": date(2025, 6, 3),
        "arr_before_minor": 20_000_00, "arr_after_minor": 25_000_00, "currency": "USD",
    }  # fmt: skip
    return Outcome(**{**row, **given})


def test_outcomes_and_renewals_past_their_date_with_what_was_logged_on_their_cycle(tmp_path):
    """ROL: ARR is that of then, hours those of the cycle; what is open past its date is undecided."""

    def call(no, contract_no, on, minutes):
        return Activity(no, 1, contract_no, on, "call", "talk", minutes, "ana")

    values = [
        b.account(1), b.contract(1, cycle=3, renewal_on=DAY - timedelta(days=5), arr_minor=150_000_00),
        b.account(2, segment_override="smb", segment_reason="x"), b.contract(2, state="lost"),
        an_outcome(1),
        an_outcome(2, cycle=2, closed_on=date(2026, 2, 1), renewal_on=None, currency=None),
        an_outcome(3, 2, None, result="lost", arr_after_minor=9_000_00),
        an_outcome(4, 2, 2, currency="CHF", arr_after_minor=None),
        call(1, 1, date(2025, 5, 1), 10), call(2, 1, date(2025, 6, 1), 20), call(3, 1, date(2025, 6, 2), 40),
        call(4, None, date(2025, 5, 1), 80), call(5, 1, date(2026, 2, 2), 160), call(6, 1, DAY, None),
        b.state("1", "notice", cycle=2, minutes=5), b.state("1", "x", cycle=3, minutes=7),
        b.state("a1", "qbr", minutes=300),
    ]  # fmt: skip
    with b.portfolio(tmp_path, *values) as portfolio:
        renewals = team_book(portfolio, b.POLICY, DAY).renewals
        found = reached(portfolio, renewals, b.POLICY, DAY)
        assert reached(portfolio, renewals, b.POLICY, DAY - timedelta(days=5)) == found[:-1]
    day = date(2025, 6, 1)
    assert found == [
        Reached("mid_market", date(2025, 6, 3), day, True, 20_000_00, 20_000_00, 30),
        Reached("smb", date(2025, 6, 3), day, False, 20_000_00, 0, 0),
        Reached("smb", date(2025, 6, 3), day, True, None, 0, 0),
        Reached("mid_market", date(2026, 2, 1), date(2026, 2, 1), True, 20_000_00, 20_000_00, 45),
        Reached("enterprise", DAY - timedelta(days=5), None, False, 150_000_00, 0, renewals[0].minutes),
    ]
