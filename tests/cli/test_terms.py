"""`roll`, `amend`, `coterm`, `renewal`: contracts that move on without being won or lost."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.amendments import amend, co_term, prorated
from renewctl.core.intake import Refusal
from renewctl.core.lifecycle import by_itself
from tests.book import TODAY, account, contract

BOOK = """id,name,arr,currency,renewal_date,term_months,auto_renew,notice_days,csm,cancel_notice_date,nps
T1,Tacit,8000,USD,2026-05-31,12,yes,30,Ana,,40
U1,Unknown notice,9000,USD,2026-03-31,12,yes,,Ana,,40
C1,Cancelled,7000,USD,2026-04-30,12,yes,30,Ana,2026-03-01,40
N1,Not tacit,6000,USD,2026-04-30,12,no,30,Ana,,40
B1,Blank,,USD,2026-04-30,12,yes,30,Ana,,40
"""
SEVERAL = """id,account_id,name,arr,currency,start_date,renewal_date,term_months
K1,T1,Core,36500,USD,2025-06-30,2026-06-30,12
K2,T1,Add-on,7300,USD,2025-12-31,2026-12-31,12
"""
LATER = SEVERAL + "K3,T1,Later,100,USD,2026-05-01,2027-05-01,12\n"


@pytest.fixture
def book(desk):
    desk.import_(BOOK)
    return desk


def items(book, as_of):
    found = book.json("due", "--days", "900", "--as-of", as_of)["items"]
    return [(each["contract"], each["item"]) for each in found]


def test_a_contract_rolls_on_the_day_after_its_opt_out_deadline_and_not_before(book):
    """TERMS: the deadline is the renewal date less the notice days; on it the customer may still opt out."""
    facts = book.facts()
    assert "can be opted out of until 2026-05-01" in book.run("roll", "T1", "--as-of", "2026-05-01").err
    assert book.json("roll", "T1", "--as-of", "2026-05-01")["refused"][0]["code"] == "not-yet"
    assert book.facts() == facts
    told = book.json("roll", "T1", "--as-of", "2026-05-02")
    assert told["rolled"] == [
        {
            "account": "T1",
            "contract": "T1",
            "cycle": 1,
            "deadline": "2026-05-01",
            "renewal_date": "2026-05-31",
            "next_renewal_date": "2027-05-31",
        }
    ]


def test_rolling_all_takes_what_is_known_and_names_what_is_not(book):
    """TERMS: unknown notice terms are listed as unknown, not assumed."""
    told = book.json("roll", "--as-of", "2026-06-01")
    assert {each["contract"] for each in told["rolled"]} == {"T1", "B1"}
    assert {each["contract"]: each["code"] for each in told["refused"]} == {
        "U1": "notice-unknown",
        "C1": "opted-out",
    }
    again = book.json("roll", "--as-of", "2026-06-01")
    assert (again["rolled"], again["changed"]) == ([], False)
    assert book.run("doctor").code == 0


def test_years_behind_are_rolled_one_by_one_and_the_plan_is_the_next_cycles(book):
    told = book.json("roll", "T1", "--as-of", "2028-07-01")
    assert [each["renewal_date"] for each in told["rolled"]] == ["2026-05-31", "2027-05-31", "2028-05-31"]
    mine = [item for contract_id, item in items(book, "2028-07-01") if contract_id == "T1"]
    assert mine
    assert len(mine) == len(set(mine))
    assert all(item.startswith(("1.4-", "a1-")) for item in mine)


def test_rolling_is_taken_back_as_one_command(book):
    before = items(book, "2026-06-01")
    book.run("roll", "--as-of", "2026-06-01")
    assert items(book, "2026-06-01") != before
    assert book.run("undo", "--yes").code == 0
    assert items(book, "2026-06-01") == before


def test_an_amendment_changes_the_amount_and_keeps_cycle_and_history(book):
    """TERMS: a mid-term change."""
    book.run("done", "4-health-check")
    told = book.json("amend", "N1", "--arr", "6500", "--reason", "two seats more", "--on", "2026-02-20")
    assert (told["kind"], told["arr_before"], told["arr_after"]) == ("amendment", 6000, 6500)
    shown = book.json("show", "N1")
    assert shown["account"]["arr"] == 6500
    assert shown["account"]["renewal_date"] == "2026-04-30"
    states = {each["step"]: each["state"] for day in shown["plan"] for each in day["actions"]}
    assert states["health-check"] == "done"
    again = book.json("amend", "N1", "--arr", "6500", "--reason", "two seats more")
    assert again["changed"] is False
    book.import_(BOOK.replace("40\n", "41\n"))  # the source still says 6,000
    assert book.json("show", "N1")["account"]["arr"] == 6500


def test_an_extension_moves_the_end_in_place_and_plans_anew(book):
    before = {item for contract_id, item in items(book, "2026-03-02") if contract_id == "N1"}
    told = book.json("amend", "N1", "--until", "2026-10-31", "--reason", "bridge to their budget")
    assert (told["kind"], told["renewal_date_after"]) == ("extension", "2026-10-31")
    after = [item for contract_id, item in items(book, "2026-03-02") if contract_id == "N1"]
    assert len(after) == len(set(after))
    assert set(after) > {item for item in before if "catch-up" not in item and not item.startswith("a")}
    assert book.run("doctor").code == 0


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (2, "nothing-to-amend", ()),
        (14, "not-yet", ("--arr", "1", "--on", "2026-03-03")),
        (14, "currency-conflict", ("--arr", "EUR 10")),
        (10, "amount-unreadable", ("--arr", "1,000")),
        (2, "bad-date", ("--until", "soon")),
        (14, "end-in-the-past", ("--until", "2026-03-01")),
    ],
)
def test_an_amendment_that_cannot_be_is_refused_and_nothing_changes(book, code, kind, words):
    facts = book.facts()
    book.fails(code, kind, "amend", "N1", "--reason", "said so", *words)
    assert book.facts() == facts


def test_an_amendment_needs_a_reason_and_a_term_that_has_begun_before_it_ends(book):
    book.fails(2, "reason-missing", "amend", "N1", "--arr", "1", "--reason", " ")
    book.import_(LATER, "--kind", "contracts", name="contracts.csv")
    book.fails(
        14, "end-before-start", "amend", "T1", "--contract", "K3", "--until", "2026-04-30", "--reason", "x"
    )


def test_contracts_of_an_account_come_to_one_end_at_a_prorated_price(book):
    """TERMS: 184 days of 36,500 a year are 18,400; by days of 365."""
    book.import_(SEVERAL, "--kind", "contracts", name="contracts.csv")
    told = book.json("coterm", "T1")
    assert told["to"] == "2026-12-31"
    assert [(each["contract"], each["days"], each["price"]) for each in told["contracts"]] == [
        ("K1", 184, 18400),
        ("K2", 0, 0),
    ]
    facts = book.facts()
    assert "renewctl coterm T1 --apply" in book.run("coterm", "T1").err
    named = book.run("coterm", "T1", "--to", "2026-09-30")
    assert "renewctl coterm T1 --to 2026-09-30 --apply" in named.err
    assert "K2 ends later, on 2026-12-31, and stays" in named.err
    assert "no contract ends before 2026-01-01" in book.run("coterm", "T1", "--to", "2026-01-01").err
    book.fails(2, "reason-missing", "coterm", "T1", "--apply")
    assert book.facts() == facts
    assert book.run("coterm", "T1", "--apply", "--reason", "one date").code == 0
    dates = {each["id"]: each["renewal_date"] for each in book.json("show", "T1")["contracts"]}
    assert dates == {"K1": "2026-12-31", "K2": "2026-12-31"}
    assert "nothing to bring together" in book.run("coterm", "T1").err
    assert book.run("doctor").code == 0


def test_a_renewal_has_a_current_and_a_target_value(book):
    """TRK"""
    assert book.json("renewal", "T1")["target"] is None
    told = book.json("renewal", "T1", "--target", "9000", "--bundle", "no", "--note", "wants two years")
    assert (told["current"], told["target"], told["bundle"], told["changed"]) == (8000, 9000, False, True)
    assert book.json("renewal", "T1")["note"] == "wants two years"
    shown = book.run("renewal", "T1").out
    assert "current value USD 8,000, target value USD 9,000" in shown
    assert "kept separate" in shown
    book.fails(14, "currency-conflict", "renewal", "T1", "--target", "EUR 9000")
    book.fails(2, "unknown-choice", "renewal", "T1", "--bundle", "maybe")
    book.run("won", "T1", "--arr", "9000")
    assert book.json("renewal", "T1")["target"] is None  # an aim of the renewal that ended


def test_an_account_with_one_contract_shows_the_target_its_import_gave(desk):
    desk.import_("id,name,arr,target_arr,currency,renewal_date\nX1,Xen,5000,6000,USD,2026-09-01\n")
    assert desk.json("renewal", "X1")["target"] == 6000
    assert desk.json("renewal", "X1", "--target", "7000")["target"] == 7000
    assert desk.json("renewal", "X1", "--target", "")["target"] == 6000


# --- the core, on values ------------------------------------------------------------------------------


@given(st.integers(0, 10**12), st.integers(0, 800))
def test_a_prorated_price_is_the_arr_by_days_of_365_to_the_cent(arr, days):
    exact_doubled = 2 * arr * days
    price = prorated(arr, days)
    assert abs(2 * price * 365 - exact_doubled) <= 365
    if abs(2 * price * 365 - exact_doubled) == 365:
        assert price % 2 == 0


@given(st.lists(st.tuples(st.integers(1, 700), st.one_of(st.none(), st.integers(0, 10**8))), max_size=5))
def test_bringing_contracts_together_never_cuts_a_term_short(given_contracts):
    found = [
        contract(no, account_no=1, renewal_on=TODAY + timedelta(days=days), arr_minor=arr)
        for no, (days, arr) in enumerate(given_contracts, 1)
    ]
    rows = co_term(found)
    ends = {each.renewal_on for each in found}
    assert bool(rows) == (len(ends) > 1)
    for row in rows:
        assert row.contract.renewal_on + timedelta(days=row.days) == max(ends)
        assert (row.price_minor is None) == (row.contract.arr_minor is None)
    named = co_term(found, TODAY + timedelta(days=350))
    assert all(row.contract.renewal_on <= TODAY + timedelta(days=350) for row in named)


@pytest.mark.parametrize(
    ("given_facts", "code"),
    [
        ({"state": "lost"}, "not-open"),
        ({"renewal_on": None, "renewal_day": None}, "no-renewal-date"),
        ({"auto_renew": 0}, "not-tacit"),
        ({"auto_renew": None}, "not-tacit"),
        ({"notice_days": None}, "notice-unknown"),
        ({"renewal_on": TODAY + timedelta(days=30)}, "not-yet"),
    ],
)
def test_nothing_is_assumed_of_a_contract_that_may_not_have_renewed(given_facts, code):
    base = {"auto_renew": 1, "notice_days": 30, "renewal_on": TODAY + timedelta(days=29)}
    assert by_itself(account(), contract(**base), TODAY) == TODAY - timedelta(days=1)
    refused = by_itself(account(), contract(**base | given_facts), TODAY)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    cancelled = by_itself(account(cancel_notice_on=date(2026, 1, 1)), contract(**base), TODAY)
    assert isinstance(cancelled, Refusal)
    assert cancelled.code == "opted-out"


KNOWN = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31))


@given(KNOWN, KNOWN, KNOWN, st.dates(date(2023, 1, 1), TODAY))
def test_an_amendment_takes_effect_inside_the_term_as_far_as_it_is_known(start_on, won_on, ends_on, day):
    """TERMS: a mid-term change; nothing is assumed of an unknown first or last day."""
    of = contract(start_on=start_on, won_on=won_on, renewal_on=ends_on)
    found = amend(account(), of, arr=(1, "USD"), effective_on=day, reason="x", actor="ana", as_of=TODAY, no=1)
    too_early = any(
        since is not None and day < since
        for since in (won_on, start_on if start_on is None or start_on <= TODAY else None)
    )
    too_late = ends_on is not None and ends_on < day
    assert isinstance(found, Refusal) == (too_early or too_late)
    if isinstance(found, Refusal):
        assert found.code == ("before-term" if too_early else "after-term")


def test_a_contract_past_its_date_is_amended_for_a_day_of_its_term_only(book):
    facts = book.facts()
    words = ("amend", "N1", "--arr", "6500", "--reason", "two more seats", "--as-of", "2026-05-10")
    assert "renewctl" not in book.fails(14, "after-term", *words)
    book.import_(SEVERAL, "--kind", "contracts", name="contracts.csv")
    early = ("--contract", "K1", "--on", "2025-06-29")
    said = book.fails(14, "before-term", "amend", "T1", "--arr", "1", "--reason", "x", *early)
    assert "2025-06-29 is before 2025-06-30, when the running term of contract K1 began" in said
    assert book.run(*words, "--on", "2026-04-30").code == 0
    assert book.facts() != facts


def test_a_contract_that_ended_is_not_amended():
    refused = amend(
        account(), contract(state="lost"), arr=(1, "USD"), effective_on=TODAY, reason="x", actor="ana",
        as_of=TODAY, no=1,
    )  # fmt: skip
    assert isinstance(refused, Refusal)
    assert refused.code == "not-open"


def test_show_tells_where_a_renewal_stands_since_when_and_what_it_aims_for(book):
    """TRK: stage with its evidence, current and target value."""
    book.run("renewal", "T1", "--target", "9000")
    book.run("stage", "T1", "notified", "--evidence", "mail of 1 March")
    out = book.run("show", "T1").out
    assert "stage of 2026-03-02: notified: mail of 1 March" in out
    assert "target value USD 9,000" in out
    [told] = book.json("show", "T1")["contracts"]
    assert (told["stage"], told["stage_since"], told["stage_evidence"], told["target"]) == (
        "notified", "2026-03-02", "mail of 1 March", 9000,
    )  # fmt: skip
    [other] = book.json("show", "N1")["contracts"]
    assert (other["stage_since"], other["stage_evidence"], other["target"]) == (None, None, None)


def test_an_early_decision_is_carried_out_once_however_many_terms_are_rolled(book):
    """OPP-4: what the log says was there before was there before."""
    assert book.run("set", "T1", "early=yes", "--reason", "they asked").code == 0
    assert len(book.json("roll", "T1", "--as-of", "2028-07-01")["rolled"]) == 3
    assert book.run("doctor").code == 0
    assert book.run("undo", "--yes").code == 0


def test_a_date_that_moved_by_a_year_asks_for_every_step_and_deadline_again(book):
    """ANCHOR: what was done for the old date says nothing of the new one."""
    later = ("--as-of", "2026-04-25")
    for step in ("1-opt-out", "1-notice"):
        assert book.run("done", step, *later).code == 0
    before = {item for _, item in items(book, "2026-04-26")}
    assert not {"1-opt-out", "1-notice"} & before
    moved = ("amend", "T1", "--until", "2027-05-31", "--reason", "a year more in place")
    assert book.run(*moved, *later).code == 0
    assert {"1-opt-out", "1-opt-out-30", "1-notice"} <= {item for _, item in items(book, "2027-03-20")}
    assert "nothing changed" not in book.run("done", "1-notice", "--as-of", "2027-04-02").err
    assert "1-notice" not in {item for _, item in items(book, "2027-04-03")}
    assert book.run("doctor").code == 0


def test_a_notice_of_cancellation_is_told_where_the_deadline_is(book):
    """ANCHOR: nobody is told that a contract renews by itself once its cancellation is on record."""
    found = book.json("due", "--days", "30", "--as-of", "2026-03-25")["items"]
    mine = [each["title"] for each in found if each["account"] == "C1" and each["kind"] == "notice"]
    assert mine
    assert all("a notice of cancellation stands" in title for title in mine)


def test_a_lapsed_contract_is_not_brought_back_by_a_common_end(book):
    book.import_(SEVERAL, "--kind", "contracts", name="contracts.csv")
    told = book.json("coterm", "T1", "--as-of", "2026-07-10")
    assert [each["contract"] for each in told["contracts"]] == []


def test_a_renewal_past_its_date_is_put_off_for_a_fortnight_at_most(book):
    later = ("--as-of", "2026-05-10")
    item = next(each["item"] for each in book.json("due", *later)["items"] if each["account"] == "N1")
    book.fails(14, "snooze-without-outcome", "snooze", item, "--until", "2026-05-25", *later)
    assert book.run("snooze", item, "--until", "2026-05-24", *later).code == 0


def test_the_first_page_of_many_equal_deadlines_is_the_beginning_of_the_whole(desk):
    rows = [f"D{no},Many {no},8000,USD,2026-05-31,yes,60,Ana" for no in range(90)]
    desk.import_("id,name,arr,currency,renewal_date,auto_renew,notice_days,csm\n" + "\n".join(rows) + "\n")
    later = ("--as-of", "2026-03-28")
    for no in range(1, 67):
        assert desk.run("done", f"{no}-opt-out-14", *later).code == 0
    whole = desk.run("due", *later).out.splitlines()
    for count in (10, 40, 70):
        assert desk.run("due", "--limit", str(count), *later).out.splitlines() == whole[:count]
    assert desk.run("doctor").code == 0


def test_an_account_with_many_readings_is_on_the_agenda_once(desk):
    """HLT-2: wherever the engine puts the rows of one account."""
    rows = [f"R{no},Read {no},20000,USD,2026-04-{no % 28 + 1:02},Ana" for no in range(60)]
    desk.import_("id,name,arr,currency,renewal_date,csm\n" + "\n".join(rows) + "\n")
    read = [f"R{no},2026-0{1 + at % 2}-{10 + at},{at}0,70,70" for at in range(3) for no in range(60)]
    desk.import_(
        "account_id,date,usage_trend,engagement,relationship\n" + "\n".join(read) + "\n", "--kind", "health",
        name="health.csv",
    )  # fmt: skip
    found = [each["item"] for each in desk.json("due", "--days", "60")["items"]]
    assert len(found) == len(set(found)) > 60
    scores = {each["health"]["score"] for each in desk.json("list")["accounts"]}
    assert len(scores) == 1  # each is read from all three of its rows
