"""The plan of each segment as `due` prints it, held against the rules' own words.

What the rules ask for on a day is written here once more, action by action: the word by which a person
would know it, and whether it reaches the customer. Nothing here looks at the policy or its step names.
"""

from datetime import date, timedelta

import pytest

RENEWAL = date(2026, 8, 31)  # recorded on 2 March, 182 days ahead: nothing is late
US, THEM = "internal", "customer"
ALERT = ("no word to the customer yet", US)
ESCALATE = [("Escalate", US), ("Follow up", THEM)]
LAST = [("Involve management", US), ("last reminder", THEM)]
# Days before the renewal -> what is done. The formal notice is also the friendly word of REM-60, the proposal
# at 30 carries the value summary of REM-30: one action each.
PLAN = {
    "enterprise": {
        120: [
            ("Review the whole account", US), ("account's health", US), ("could lose", US),
            ("could grow", US),
            ("stakeholder map", US), ("strategy internally", US),
        ],
        90: [ALERT, ("executive business review", US), ("value delivered and its ROI", US), ("Kick off", US)],
        60: [
            ("preparation tasks", US), ("formal renewal notice", THEM), ("value review meeting", THEM),
            ("will need next", THEM), ("first terms and prices", THEM),
        ],
        45: [
            ("formal proposal", US), ("our legal", US), ("customer's procurement", THEM),
            ("executive alignment", THEM),
        ],
        30: [
            ("Present the proposal", THEM), ("Negotiate", THEM), ("objection", THEM), ("approvals", US),
        ],
        14: [
            ("final terms", THEM), ("send the contract", THEM), ("signature", THEM), ("payment", US),
            *ESCALATE,
        ],
        7: LAST,
    },
    "mid_market": {
        90: [ALERT, ("health internally", US), ("could lose", US), ("could grow", US)],
        60: [
            ("preparation tasks", US), ("Notify the key contacts", THEM), ("value summary", THEM),
            ("conversation", THEM),
        ],
        45: [("Build the proposal", US), ("Confirm price and terms", US), ("Align the stakeholders", THEM)],
        30: [("Deliver the proposal", THEM), ("Negotiate", THEM), ("objections", THEM)],
        14: [("Finalise", THEM), ("signed", THEM), ("payment", US), *ESCALATE],
        7: LAST,
    },
    "smb": {
        60: [("automatic renewal reminder", THEM), ("health, quickly", US)],
        30: [("Generate the proposal", US), ("clear terms and a one-click answer", THEM)],
        14: [("follow-up reminder", THEM), ("Call briefly", THEM)],
        7: [("last reminder", THEM), ("no reply", US)],
    },
}  # fmt: skip
PLAN["smaller mid_market"] = PLAN["mid_market"] | {90: [ALERT]}
TERMS = "arr,currency,renewal_date,notice_days,auto_renew,payment_on_file"
ACCOUNTS = f"""id,name,{TERMS},csm,health_score,relationship
E1,Echo,250000,USD,{RENEWAL},30,no,yes,Ana,78,60
M1,Mike,50000,USD,{RENEWAL},30,no,yes,Ana,78,60
M2,Mila,49999.99,USD,{RENEWAL},30,no,yes,Ana,78,60
S1,Sierra,5000,USD,{RENEWAL},30,no,no,Ana,78,60
S2,Silent,5000,USD,{RENEWAL},30,yes,yes,Ana,78,90
"""
OF = {"enterprise": "E1", "mid_market": "M1", "smaller mid_market": "M2", "smb": "S1"}


@pytest.fixture
def year(desk):
    """A book in which every renewal was known in good time, is healthy and asks for nothing special."""
    desk.import_(ACCOUNTS)
    return desk


def steps(desk, account, as_of="2026-03-02"):
    """(days before the renewal, title, channel) of an account's items of its plan."""
    items = desk.json("due", "--days", "250", "--as-of", as_of)["items"]
    return [
        ((RENEWAL - date.fromisoformat(each["due_on"])).days, each["title"], each["channel"])
        for each in items
        if each["account"] == account and each["kind"] not in ("value", "notice")
    ]


@pytest.mark.parametrize("segment", PLAN)
def test_each_segment_is_owed_what_its_timeline_asks_for_on_its_day_and_nothing_twice(year, segment):
    """TML, TML-E, TML-M, TML-S, REM, REM-90, REM-60, REM-30, REM-14, REM-7."""
    owed = steps(year, OF[segment])
    for days, actions in PLAN[segment].items():
        there = [(title, channel) for at, title, channel in owed if at == days]
        found = [[each for each in there if word in each[0]] for word, _ in actions]
        assert [len(each) for each in found] == [1] * len(actions), (days, there)
        assert [each[0][1] for each in found] == [channel for _, channel in actions], days
        assert len(there) == len(actions), (days, there)
    assert {at for at, *_ in owed} == set(PLAN[segment])


def test_nothing_reaches_a_customer_earlier_than_60_days_before(year):
    """TML, TML-1, REM-90: earlier is intrusive."""
    for account in OF.values():
        reached = [at for at, _, channel in steps(year, account) if channel == THEM]
        assert max(reached) == 60


def test_after_a_signature_there_is_thanks_and_the_coming_year(year):
    """TML-E."""
    assert year.run("won", "E1", "--arr", "260000", "--yes").code == 0
    owed = [(title, channel) for at, title, channel in steps(year, "E1") if at > 120]
    for word, channel in (("Celebrate", US), ("Thank", THEM), ("coming year", US)):
        assert [each[1] for each in owed if word in each[0]] == [channel]
    assert not any("Thank" in title for _, title, _ in steps(year, "M1"))


@pytest.mark.parametrize(("account", "stage"), [("E1", "approving"), ("M1", "contract_sent")])
def test_a_renewal_in_a_late_stage_is_not_escalated_and_one_before_it_is(year, account, stage):
    """REM-14, REM-7: 14 days before as well as 7."""

    def escalated():
        words = ("Escalate", "Involve management")
        return {at for at, title, _ in steps(year, account) if any(word in title for word in words)}

    for earlier in ("negotiating", "proposed"):
        assert year.run("stage", account, earlier, "--evidence", "seen").code == 0
        assert escalated() == {14, 7}
    assert year.run("stage", account, stage, "--evidence", "seen").code == 0
    assert escalated() == set()
    assert any("last reminder" in title for _, title, _ in steps(year, account))


def test_a_small_renewal_is_escalated_a_week_before_and_only_without_a_reply(year):
    """REM-7."""
    near = (RENEWAL - timedelta(days=20)).isoformat()

    def internal(as_of):
        return [at for at, title, channel in steps(year, "S1", as_of) if channel == US and at < 30]

    assert internal(near) == [7]
    assert year.run("log", "S1", "will sign", "--kind", "reply", "--as-of", near).code == 0
    assert internal(near) == []


def test_a_renewal_that_runs_by_itself_is_neither_chased_nor_escalated_until_it_is_cancelled(year):
    """REM-14, REM-7, HLT-4: a small green one needs nobody."""
    asked = ("Follow", "follow-up", "last reminder", "Escalate", "Involve", "Call")
    chased = [title for _, title, _ in steps(year, "S2") if any(word in title for word in asked)]
    assert chased == []
    assert year.run("set", "S2", "cancel_notice_date=2026-03-02", "--reason", "wrote").code == 0
    assert any("last reminder" in title for _, title, _ in steps(year, "S2"))
