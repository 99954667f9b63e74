"""`stage`, `won`, `lost` as people type them: what they change, say and refuse."""

from datetime import date

import pytest

TWO = """id,account_id,name,arr,currency,renewal_date,term_months
K1,A1,Core,1000,USD,2026-05-31,12
K2,A1,Add-on,500,USD,,
"""


def contract(book, wanted="A1"):
    return book.values("contract", f"id = '{wanted}'")[0]


def agenda(book, account="A1"):
    return [item for item in book.json("due", "--days", "800")["items"] if item["account"] == account]


def test_a_stage_moves_and_asking_again_changes_nothing(book):
    assert book.json("stage", "acme", "Value-Reviewed") == {
        "schema": "renewctl/stage/1",
        "account": "A1",
        "contract": "A1",
        "before": "planned",
        "after": "value_reviewed",
        "evidence": None,
        "changed": True,
    }
    assert contract(book).stage == "value_reviewed"
    facts = book.facts()
    done = book.run("stage", "acme", "value_reviewed")
    assert (done.code, done.out) == (0, "")
    assert "nothing changed" in done.err
    assert book.facts() == facts


def test_a_stage_is_kept_with_what_shows_it(book):
    """TRK: a fact on record, or a person's own words; without either the command says what is missing."""
    said = book.run("stage", "A1", "notified")
    assert "nothing on record shows that the notice has gone out" in said.err
    told = book.run("done", "1-notice")
    assert (told.code, "stage:notified shows it; nothing changed" in told.err) == (0, True)
    assert book.json("done", "1-notice")["changed"] is False
    assert book.json("done", "1-notice", "--hours", "0.5") == {
        "schema": "renewctl/item/1", "item": "1-notice", "state": "done", "changed": True,
    }  # fmt: skip
    assert book.json("stage", "A1", "in_review")["evidence"] is None  # a notice shows no review
    assert book.json("stage", "A1", "notified")["evidence"] == "step:notice of 2026-03-02"
    told = book.json("stage", "A1", "value_reviewed", "--evidence", " EBR of 1 March ")
    assert told["evidence"] == "EBR of 1 March"
    book.run("log", "A1", "they called", "--kind", "reply")
    assert book.json("stage", "A1", "negotiating")["evidence"] == "activity:reply of 2026-03-02"
    with book.open() as portfolio:
        notes = [each.text for each in portfolio.values("activity", "kind = 'stage'", (), "no")]
    assert book.json("stage", "A1", "negotiating", "--evidence", "their mail")["changed"] is True
    assert "evidence noted: again" in book.run("stage", "A1", "negotiating", "--evidence", "again").err
    assert notes[-2:] == ["value_reviewed: EBR of 1 March", "negotiating: activity:reply of 2026-03-02"]


def test_evidence_of_the_cycle_before_shows_nothing_of_this_one(book):
    """TRK"""
    book.run("done", "1-notice")
    book.run("won", "A1", "--arr", "120000")
    assert book.json("stage", "A1", "notified")["evidence"] is None


def test_steps_are_closed_by_the_stage_that_shows_them_and_open_again_when_it_was_a_mistake(book):
    """TRK, REM-14"""

    def steps():
        plan = book.json("show", "A1")["plan"]
        return {each["step"]: each["state"] for day in plan for each in day["actions"]}

    before = steps()
    assert before["notice"] == "open"
    book.run("stage", "A1", "contract_sent")
    now = steps()
    assert now["notice"] == now["proposal"] == "done"
    assert "escalate-14" not in now
    assert "escalate-14" in before
    shown = [each for day in book.json("show", "A1")["plan"] for each in day["actions"] if each["shown_by"]]
    assert {each["shown_by"] for each in shown} >= {"stage:notified", "stage:contract_sent"}
    book.run("stage", "A1", "planned")
    assert steps() == before


@pytest.mark.parametrize(
    ("words", "uplift", "expansion"),
    [
        ((), None, None),
        (("--uplift", "4000"), 4000, 6000),
        (("--expansion", "12000"), -2000, 12000),
        (("--uplift", "3000", "--expansion", "7000"), 3000, 7000),
    ],
)
def test_what_a_win_adds_is_split_into_uplift_and_expansion_and_never_guessed(book, words, uplift, expansion):
    """TERMS: a price rise on the same units, and more units."""
    told = book.json("won", "A1", "--arr", "130000", *words)
    assert (told["uplift"], told["expansion"]) == (uplift, expansion)


def test_a_win_said_again_with_other_parts_is_refused_and_not_swallowed(book):
    said = book.run("won", "A1", "--arr", "130000", "--uplift", "15000")
    assert "of the change: uplift USD 15,000, expansion USD -5,000" in said.err
    facts = book.facts()
    assert "nothing changed" in book.run("won", "A1", "--arr", "130000").err
    book.fails(14, "already-won", "won", "A1", "--arr", "130000", "--uplift", "10000")
    assert book.facts() == facts


def test_a_renewal_past_its_date_ends_with_an_outcome_and_not_with_a_tick(book):
    """TML-1: record what happened."""
    later = ("--as-of", "2026-06-10")
    [item] = [each["item"] for each in book.json("due", *later)["items"] if each["kind"] == "past_due"]
    facts = book.facts()
    assert "renewctl won, lost or roll" in book.fails(14, "needs-outcome", "done", item, *later)
    book.fails(14, "needs-outcome", "skip", item, "--reason", "old", *later)
    book.fails(2, "reason-missing", "skip", item, "--reason", " ", *later)
    assert book.facts() == facts
    book.run("snooze", item, "--until", "2026-06-12", *later)
    assert "renewctl won, lost or roll" in book.fails(14, "needs-outcome", "done", item, *later)


def test_parts_of_a_win_that_do_not_add_up_are_refused(book):
    facts = book.facts()
    said = book.fails(
        14, "amounts-disagree", "won", "A1", "--arr", "130000", "--uplift", "1", "--expansion", "2"
    )
    assert "USD 120,000 to USD 130,000" in said
    book.fails(10, "currency-conflict", "won", "A1", "--arr", "130000", "--uplift", "EUR 10,000")
    assert book.facts() == facts


def test_an_early_renewal_may_begin_inside_the_running_term(book):
    """OPP-4"""
    facts = book.facts()
    book.fails(14, "start-outside-term", "won", "A1", "--arr", "130000", "--starts-on", "2026-06-01")
    assert book.facts() == facts
    told = book.json("won", "A1", "--arr", "130000", "--starts-on", "2026-04-01", "--term-months", "24")
    assert (told["kind"], told["next"]["start_date"]) == ("early", "2026-04-01")
    assert told["next"]["renewal_date"] == "2028-04-01"


def test_a_successor_takes_the_contracts_place_and_the_old_one_is_neither_open_nor_lost(book):
    """TRK: its plan is the next cycle's, and an import of the old contract does not bring that back."""
    book.import_(TWO, "--kind", "contracts", name="contracts.csv")
    before = {item["item"] for item in agenda(book)}
    told = book.json("won", "A1", "--contract", "K1", "--arr", "60000", "--successor", "K1-2027")
    assert (told["contract"], told["next"]["contract"]) == ("K1-2027", "K1-2027")
    shown = book.json("show", "A1")
    assert sorted(each["id"] for each in shown["contracts"]) == ["K1-2027", "K2"]
    after = agenda(book)
    mine = [item for item in after if item["contract"] == "K1-2027"]
    assert {item["item"] for item in mine}.isdisjoint(before)
    assert not [item for item in after if item["contract"] == "K1"]
    book.import_(TWO.replace("Acme", "Acme again"), "--kind", "contracts", name="contracts.csv")
    assert sorted(each["id"] for each in book.json("show", "A1")["contracts"]) == ["K1-2027", "K2"]
    assert book.run("doctor").code == 0
    book.fails(14, "contract-exists", "won", "A1", "--contract", "K2", "--arr", "1000", "--successor", "K1")
    assert book.run("undo", "--yes").code == 0


def test_stages_that_are_none_or_need_an_outcome_are_refused(book):
    assert "negotiating" in book.fails(2, "unknown-stage", "stage", "A1", "sleeping")
    assert "renewctl won" in book.fails(14, "stage-by-outcome", "stage", "A1", "won")
    assert "renewctl lost" in book.fails(14, "stage-by-outcome", "stage", "A1", "lost")
    book.fails(14, "no-open-contract", "stage", "C3", "notified")
    book.fails(13, "no-such-account", "stage", "nobody", "notified")


def test_a_win_opens_the_next_cycle_and_tells_it(book):
    before = agenda(book)
    told = book.json("won", "A1", "--arr", "USD 130,000", "--term-months", "24", "--signed-on", "2026-02-27")
    assert told == {
        "schema": "renewctl/outcome/1",
        "account": "A1",
        "account_name": "Acme Ltd",
        "contract": "A1",
        "cycle": 1,
        "result": "won",
        "closed_on": "2026-02-27",
        "renewal_date": "2026-05-31",
        "arr_before": 120000,
        "arr_after": 130000,
        "currency": "USD",
        "term_months": 24,
        "reason": None,
        "competitor": None,
        "lost_on": None,
        "told_on": None,
        "cancel_notice_withdrawn": None,
        "kind": "renewal",
        "uplift": None,
        "expansion": None,
        "changed": True,
        "next": {
            "contract": "A1",
            "cycle": 2,
            "start_date": "2026-05-31",
            "renewal_date": "2028-05-31",
            "term_months": 24,
            "stage": "planned",
        },
    }
    stored = contract(book)
    assert (stored.arr_minor, stored.renewal_on, stored.cycle) == (130_000_00, date(2028, 5, 31), 2)
    assert (stored.won_on, stored.planned_from_on) == (date(2026, 2, 27), date(2026, 3, 2))
    after = agenda(book)
    assert {item["renewal_date"] for item in before} == {"2026-05-31"}
    assert {item["renewal_date"] for item in after} == {"2028-05-31"}
    assert {item["item"] for item in before}.isdisjoint(item["item"] for item in after)


def test_the_amount_of_a_win_is_never_the_old_one_by_default(book):
    assert book.run("won", "A1").code == 2
    assert book.run("won", "A1", "--arr", "").code == 2
    assert contract(book).cycle == 1


def test_amounts_and_dates_of_a_win_are_read_strictly(book):
    for text in ("130,000", "much", "-1", "1.234"):
        book.fails(10, "amount-negative" if text == "-1" else "amount-unreadable", "won", "A1", "--arr", text)
    book.fails(2, "bad-date", "won", "A1", "--arr", "5", "--signed-on", "27/02/2026")
    book.fails(14, "not-yet", "won", "A1", "--arr", "5", "--signed-on", "2026-03-03")
    book.fails(14, "before-term", "won", "A1", "--arr", "5", "--signed-on", "2025-05-30")
    book.fails(14, "currency-conflict", "won", "A1", "--arr", "EUR 5")
    assert book.run("won", "A1", "--arr", "5", "--term-months", "0").code == 2
    assert contract(book).cycle == 1


def test_a_contract_without_renewal_date_cannot_be_won(book):
    book.run("set", "A1", "renewal_date=", "--reason", "unknown")
    assert "renewal_date=" in book.fails(14, "no-renewal-date", "won", "A1", "--arr", "5")


def test_winning_twice_on_a_day_is_harmless_and_other_terms_are_refused(book):
    assert book.json("won", "A1", "--arr", "110000")["result"] == "partial"
    facts = book.facts()
    again = book.json("won", "A1", "--arr", "110000")
    assert (again["changed"], again["result"], again["cycle"]) == (False, "partial", 1)
    assert "nothing changed" in book.run("won", "A1", "--arr", "110000").err
    book.fails(14, "already-won", "won", "A1", "--arr", "100000")
    assert book.facts() == facts


def test_a_second_win_shortly_after_is_asked_about(book):
    assert book.run("won", "A1", "--arr", "110000").code == 0
    facts = book.facts()
    book.fails(2, "needs-yes", "won", "A1", "--arr", "110000", "--as-of", "2026-03-20")
    assert book.facts() == facts
    assert book.json("won", "A1", "--arr", "110000", "--as-of", "2026-03-20", "--yes")["cycle"] == 2
    assert book.json("won", "A1", "--arr", "110000", "--as-of", "2027-03-20")["cycle"] == 3


def test_an_import_of_the_old_source_leaves_a_win_alone_and_a_new_source_speaks_again(book):
    source = (book.folder / "accounts.csv").read_text()
    book.run("won", "A1", "--arr", "130000")
    book.import_(source.replace("Ana", "Zoe"))
    assert contract(book).arr_minor == 130_000_00
    assert contract(book).renewal_on == date(2027, 5, 31)
    assert book.values("account", "id = 'A1'")[0].csm == "Zoe"
    book.import_(source.replace("120000", "131000").replace("2026-05-31", "2027-06-30"))
    assert contract(book).arr_minor == 131_000_00
    assert contract(book).renewal_on == date(2027, 6, 30)


def test_a_loss_ends_the_agenda_and_saying_it_again_changes_nothing(book):
    assert agenda(book, "B2")
    words = ("lost", "beta", "--reason", "price", "--competitor", "Rival", "--lost-on", "2026-02-01")
    told = book.json(*words, "--told-on", "2026-02-20")
    assert (told["result"], told["arr_before"], told["arr_after"]) == ("lost", 5000.5, 0)
    assert (told["reason"], told["competitor"], told["next"]) == ("price", "Rival", None)
    assert (told["lost_on"], told["told_on"], told["changed"]) == ("2026-02-01", "2026-02-20", True)
    assert contract(book, "B2").state == contract(book, "B2").stage == "lost"
    assert agenda(book, "B2") == []
    facts = book.facts()
    assert book.json("lost", "beta", "--reason", "other")["changed"] is False
    assert book.facts() == facts


def test_a_lost_renewal_cannot_be_moved_or_won(book):
    book.run("lost", "B2", "--reason", "price")
    book.fails(14, "no-open-contract", "won", "B2", "--arr", "5")
    book.fails(14, "not-open", "won", "B2", "--arr", "5", "--contract", "B2")
    book.fails(14, "not-open", "stage", "B2", "notified", "--contract", "B2")


def test_a_loss_needs_a_reason(book):
    assert book.run("lost", "B2").code == 2
    book.fails(2, "reason-missing", "lost", "B2", "--reason", " ")
    book.fails(14, "not-yet", "lost", "B2", "--reason", "x", "--lost-on", "2026-03-03")


def test_of_several_contracts_one_is_named(book):
    book.import_(TWO, "--kind", "contracts", name="contracts.csv")
    assert "K1, K2" in book.fails(13, "ambiguous-contract", "won", "A1", "--arr", "5")
    book.fails(13, "no-such-contract", "won", "A1", "--arr", "5", "--contract", "B2")
    assert book.json("won", "A1", "--arr", "1000", "--contract", "K1")["next"]["renewal_date"] == "2027-05-31"
    assert book.json("lost", "A1", "--reason", "unused", "--contract", "K2")["result"] == "lost"
    assert contract(book, "K1").state == "open"


def test_a_dry_run_tells_the_same_and_changes_nothing(book):
    facts = book.facts()
    assert book.json("won", "A1", "--arr", "5", "--dry-run")["changed"] is False
    for words in (("won", "A1", "--arr", "5"), ("lost", "A1", "--reason", "x"), ("stage", "A1", "notified")):
        assert "dry run" in book.run(*words, "--dry-run").err
    assert book.facts() == facts


def test_there_is_nothing_to_move_without_a_portfolio(desk):
    desk.fails(12, "portfolio-missing", "won", "A1", "--arr", "5")
    assert not desk.path.exists()


def test_a_win_recorded_before_is_pointed_to_and_no_command_is_named_that_would_not_change_it(book):
    book.run("won", "A1", "--arr", "110000")
    said = book.fails(14, "already-won", "won", "A1", "--arr", "100000")
    assert "renewctl history A1" in said
    assert "renewctl set" not in said


def test_a_stage_moved_backwards_says_so(book):
    assert "back from" not in book.run("stage", "A1", "contract_sent").err
    assert "(back from contract_sent)" in book.run("stage", "A1", "notified").err


def test_an_item_is_not_put_off_past_the_renewal_it_prepares(book):
    item = agenda(book)[0]["item"]
    facts = book.facts()
    assert "2026-05-31" in book.fails(14, "snooze-past-renewal", "snooze", item, "--until", "2026-06-01")
    assert book.facts() == facts
    assert book.run("snooze", item, "--until", "2026-05-31").code == 0


def test_an_opt_out_is_not_put_off_past_its_deadline(book):
    later = ("--as-of", "2026-04-20")  # the renewal of 31 May less 30 days of notice: 1 May
    [item] = [each["item"] for each in book.json("due", "--days", "30", *later)["items"]
              if each["step"] == "opt-out"]  # fmt: skip
    facts = book.facts()
    said = book.fails(14, "snooze-past-deadline", "snooze", item, "--until", "2026-05-02", *later)
    assert f"renewctl snooze {item} --until 2026-05-01" in said
    assert book.facts() == facts
    on_the_last_day = book.fails(
        14, "snooze-past-deadline", "snooze", item, "--until", "2026-05-02", "--as-of", "2026-05-01"
    )
    assert f"renewctl done {item}" in on_the_last_day
    assert book.run("snooze", item, "--until", "2026-05-01", *later).code == 0


def test_an_item_past_its_renewal_date_can_still_be_put_off(book):
    later = ("--as-of", "2026-06-10")
    [item] = [each["item"] for each in book.json("due", *later)["items"] if each["kind"] == "past_due"]
    assert book.run("snooze", item, "--until", "2026-06-12", *later).code == 0


NOTICE = """id,name,arr,currency,renewal_date,term_months,csm,cancel_notice_date,nps
N1,Noted,20000,USD,2026-05-31,12,Ana,2026-02-20,40
N2,Other,20000,USD,2026-06-30,12,Ana,,40
"""


def test_a_win_withdraws_the_cancellation_and_an_unchanged_source_does_not_bring_it_back(desk):
    def type_of(account):
        return {each["id"]: each["opportunity"] for each in desk.json("list")["accounts"]}[account]

    desk.import_(NOTICE)
    assert type_of("N1") == "at_risk"
    done = desk.run("won", "N1", "--arr", "20000")
    assert "cancellation notice of 2026-02-20 withdrawn" in done.err
    assert type_of("N1") != "at_risk"
    desk.import_(NOTICE.replace("Other", "Another"))
    assert desk.json("show", "N1")["account"]["cancel_notice_date"] is None
    desk.import_(NOTICE.replace("2026-02-20", "2026-03-01"))  # the control: a new notice is news
    assert type_of("N1") == "at_risk"


def test_a_win_of_one_contract_of_several_says_that_the_cancellation_stands(book):
    book.import_(TWO, "--kind", "contracts", name="contracts.csv")
    assert book.run("set", "A1", "cancel_notice_date=2026-03-01", "--reason", "letter").code == 0
    done = book.run("won", "A1", "--contract", "K1", "--arr", "1000")
    assert "notice of 2026-03-01 still stands" in done.err
    assert "renewctl set A1 cancel_notice_date=" in done.err
    assert book.json("show", "A1")["account"]["cancel_notice_date"] == "2026-03-01"
