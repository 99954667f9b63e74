"""`save offer` and what becomes of it, on a real portfolio."""

import json
from datetime import date

import pytest

from renewctl.core.save_papers import KINDS
from tests.desk import Desk
from tests.desk import desk as desk

BOOK = """id,name,arr,currency,renewal_date,term_months,csm,seats_purchased
A1,Acme Ltd,120000,USD,2026-05-31,12,ana,30
B2,Beta SA,60000,EUR,2026-05-31,24,bea,
C3,Gamma,,USD,2026-05-31,,ana,
"""
TEAM = '[team]\nvp = "vera"\nmanager = "marta"\n\n[team.managers]\nana = "rui"\n'
RECOVERED = ("--recovers-by", "2026-07-31")
ANSWER = ("--root-cause", "Budget cut", "--condition", "Signed by March")


@pytest.fixture
def saves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three accounts, a save of each, a team, and ana at work."""
    (desk.folder / "mine.toml").write_text(TEAM)
    monkeypatch.setenv("RENEWCTL_POLICY", str(desk.folder / "mine.toml"))
    monkeypatch.setenv("RENEWCTL_USER", "ana")
    desk.import_(BOOK)
    for key in ("A1", "B2", "C3"):
        assert desk.run("save", "start", key, "--scenario", "budget").code == 0
        found = ("--enough", "Their CFO said so", "--root-cause", "Budget cut")
        assert desk.run("save", "why", key, *found).code == 0
    return desk


def offer(desk, *words, account="A1"):
    return desk.json("save", "offer", account, *ANSWER, *words)["offer"]


def bridge(desk, *words):
    return offer(desk, "--instrument", "bridge", *RECOVERED, "--until", "2026-07-31", *words)


def test_an_offer_is_a_json_document_with_its_months_sums_verdicts_and_approvers(saves):  # SAV-4
    document = saves.json(
        "save", "offer", "A1", *ANSWER, *RECOVERED, "--instrument", "bridge", "--until", "2026-07-31"
    )
    assert (document["schema"], document["changed"]) == ("renewctl/offer/1", True)
    found = document["offer"]
    assert (found["id"], found["save"], found["account"], found["contract"]) == ("o1", "s1", "A1", "A1")
    assert (found["state"], found["needs_role"], found["approvers"]) == ("pending", "vp", ["vera"])
    assert (found["arr"], found["kept_arr"], found["cost"], found["discount_pct"]) == (
        120_000,
        120_000,
        25_000,
        50,
    )
    assert (found["comes_back"], found["comes_back_on"]) == (60_000, "2026-08-02")
    assert [each["price"] for each in found["months"]] == [5_000] * 5 + [10_000] * 7
    assert sum(each["cash"] for each in found["months"]) + found["cash_after"] == found["price_total"]
    assert {each["verdict"] for each in found["verdicts"]} == {"ok", "warn"}
    assert found["break_even"][0] == {"stays": 0.1, "chance": pytest.approx(12 / 95)}
    assert found["limit"] == {"role": "csm", "pct": 10}
    assert found["changes"] == [
        {"on": "2026-03-02", "arr": 60_000,
         "command": "renewctl amend A1 --arr 60000 --on 2026-03-02 --reason o1"},
        {"on": "2026-08-02", "arr": 120_000,
         "command": "renewctl amend A1 --arr 120000 --on 2026-08-02 --reason o1"},
    ]  # fmt: skip


def test_a_month_that_outlasts_the_offer_is_said_to_be_charged_whole(saves):
    told = "Its last month has begun by then and is charged whole; the standard price is back on 2026-08-02"
    words = ("save", "offer", "A1", *ANSWER, *RECOVERED, "--instrument", "bridge", "--until")
    assert told in saves.run(*words, "2026-07-31").out
    assert "charged whole" not in saves.run(*words, "2026-08-01").out


def test_from_the_renewal_on_the_new_terms_are_recorded_by_winning_it(saves):
    found = offer(saves, "--instrument", "volume", "--from", "2026-05-31", "--months", "6")
    assert [each["command"] for each in found["changes"]] == [
        "renewctl won A1 --arr 108000",
        "renewctl amend A1 --arr 120000 --on 2026-11-30 --reason o1",
    ]


def test_another_term_than_the_contracts_is_in_the_command_that_records_it(saves):
    words = ("--from", "2026-05-31", "--months", "6", "--condition", "Two years")
    found = offer(saves, "--instrument", "volume", *words, "--term-months", "24")
    assert found["changes"][0]["command"] == "renewctl won A1 --arr 108000 --term-months 24"
    free = offer(saves, "--instrument", "billing_period", "--from", "2026-05-31", "--months", "24",
                 "--term-months", "24")  # fmt: skip
    assert [each["command"] for each in free["changes"]] == ["renewctl won A1 --arr 120000 --term-months 24"]


def test_an_offer_never_changes_the_contract_by_itself(saves):  # SAV-4
    before = saves.values("contract")
    bridge(saves, "--discount", "10")
    assert saves.run("save", "accept", "o1").code == 0
    assert saves.values("contract") == before


def test_accepting_makes_the_promise_and_undo_takes_both_back(saves, monkeypatch):  # SAV-9
    monkeypatch.setenv("RENEWCTL_USER", "rui")
    offer(saves, "--instrument", "seats", "--seats", "20", "--expand-on", "2026-12-01", "--price", "110000")
    document = saves.json("save", "accept", "o1", "--note", "by phone")
    assert document["offer"]["state"] == "accepted"
    assert [(each["id"], each["due_on"], each["owner"]) for each in document["promises"]] == [
        ("p1", "2026-03-02", "ana"),
    ]
    [row] = saves.values("offer")
    assert (row.decided_on, row.decided_by, row.note) == (date(2026, 3, 2), "rui", "by phone")
    assert [each.save_no for each in saves.values("promise")] == [1]
    assert document["offer"]["expand_on"] == "2026-12-01"
    assert "o1: growing again is talked over from 2026-12-01" in saves.run("save", "offers").out
    assert saves.run("undo", "--yes").code == 0
    assert saves.values("promise") == []
    assert saves.values("offer")[0].state == "approved"
    assert saves.run("doctor").code == 0


def test_an_offer_closes_the_steps_of_its_own_instrument_and_no_other(saves):  # SAV-5
    def done():
        steps = saves.json("save", "show", "s1")["save"]["steps"]
        return {each["step"] for each in steps if each["state"] == "done"}

    assert saves.run("save", "answer", "s1", "cash-short=timing").code == 0
    before = done()
    offer(saves, "--instrument", "trial")
    assert done() == before
    offer(saves, "--instrument", "payment_terms", "--months", "12")
    assert done() == before | {"timing"}


def test_a_dry_run_shows_everything_and_writes_nothing(saves):
    before = saves.facts()
    done = saves.run("save", "offer", "A1", *ANSWER, "--instrument", "ramp", "--dry-run")
    assert done.code == 0
    assert "40 % off in months 1 to 3" in done.out
    assert "dry run: nothing was written" in done.err
    assert saves.facts() == before
    bridge(saves, "--discount", "10")
    before = saves.facts()
    done = saves.run("save", "accept", "o1", "--dry-run")
    assert "promised p1" in done.out
    assert saves.json("save", "accept", "o1", "--dry-run")["changed"] is False
    assert saves.facts() == before


def test_the_root_cause_of_an_offer_is_the_last_one_on_record(saves):  # SAV-2, SAV-4
    words = ("save", "offer", "A1", "--condition", "They stay", "--instrument")
    assert saves.json(*words, "trial")["offer"]["root_cause"] == "Budget cut"
    why = ("save", "why", "A1", "--enough", "They said so", "--root-cause", "cash-flow")
    assert saves.run(*why).code == 0
    told = "They can pay it, only not all at once or not now"
    assert saves.json(*words, "prepay")["offer"]["root_cause"] == told
    assert saves.json(*words, "prepay", "--root-cause", "Cash flow")["offer"]["root_cause"] == told
    closer = f"{told}: in April"
    assert saves.json(*words, "prepay", "--root-cause", closer)["offer"]["root_cause"] == closer
    saves.fails(14, "offer-refused", *words, "prepay", "--root-cause", "Budget cut")
    assert saves.json(*words, "trial", "--root-cause", "Another")["offer"]["root_cause"] == "Another"
    saves.fails(14, "offer-naked", *words, "trial", "--root-cause", " ")


def test_a_concession_waits_for_the_root_cause_of_this_round(saves):  # SAV-4
    saves.import_("id,name,arr,currency,renewal_date,csm\nD4,Delta,90000,USD,2026-05-31,ana\n", name="d.csv")
    assert saves.run("save", "start", "D4", "--scenario", "budget").code == 0
    words = ("save", "offer", "D4", *ANSWER, "--instrument")
    said = saves.fails(14, "offer-refused", *words, "prepay")
    assert "no root cause is on record" in said
    assert "hint: find the cause first: renewctl save why s4 --why TEXT … --root-cause CODE" in said
    assert saves.run(*words, "trial").code == 0
    assert saves.run("save", "why", "D4", "--enough", "x", "--root-cause", "Budget cut").code == 0
    assert saves.run(*words, "prepay").code == 0
    with saves.open() as portfolio, portfolio.write("relapse", "ana", date(2026, 3, 2)) as operation:
        from renewctl.core.model import Change, SaveEvent

        no = portfolio.next_no("save_event")
        event = SaveEvent(no, 4, 4, 2, "reopened", "", "They wrote again", date(2026, 3, 2), None, "ana")
        operation.apply([Change("save_event", (no,), 4, None, event._asdict())])
    saves.fails(14, "offer-refused", *words, "prepay")


def test_an_offer_of_a_cause_that_was_given_up_since_is_not_accepted(saves):  # SAV-4
    bridge(saves, "--discount", "5")
    why = ("save", "why", "A1", "--enough", "They said so", "--root-cause")
    assert saves.run(*why, "cash-flow").code == 0
    said = saves.fails(14, "offer-refused", "save", "accept", "o1")
    assert "o1: Budget cut is not the root cause on record" in said
    assert "take it back: renewctl save withdraw o1" in said
    assert saves.run(*why, "Budget cut").code == 0
    assert saves.run("save", "accept", "o1").code == 0


@pytest.mark.parametrize("end", ["none", "Never", "sem fim", "-"])
def test_an_end_that_is_none_is_none(saves, end):  # SAV-4
    said = saves.fails(
        14, "offer-naked", "save", "offer", "A1", *ANSWER, "--instrument", "prepay", "--until", end
    )
    assert "\nhint: add --until DATE or --months N" in said
    assert saves.values("offer") == []


def test_a_code_of_the_playbook_stands_for_its_words(saves, tmp_path):  # SAV-2
    own = tmp_path / "mine.toml"
    own.write_text(TEAM + '\n[playbooks.budget.root_causes.freeze]\ntext = "A spending freeze"\n')
    found = saves.json(
        "save", "offer", "A1", "--condition", "They stay", "--instrument", "trial", "--root-cause", "freeze",
        "--policy", str(own),
    )  # fmt: skip
    assert found["offer"]["root_cause"] == "A spending freeze"


def test_only_who_may_grant_it_approves_and_never_who_asked(saves, monkeypatch):  # SAV-4
    bridge(saves, "--discount", "15")
    saves.fails(14, "own-offer", "save", "approve", "o1")
    monkeypatch.setenv("RENEWCTL_USER", "zoe")
    saves.fails(14, "over-limit", "save", "approve", "o1")
    saves.fails(14, "over-limit", "save", "refuse", "o1", "--reason", "no")
    monkeypatch.setenv("RENEWCTL_USER", "rui")
    assert (
        "when the customer says yes: renewctl save accept o1"
        in saves.run("save", "approve", "o1", "--dry-run").out
    )
    assert saves.json("save", "approve", "o1")["offer"]["decided_by"] == "rui"
    again = saves.run("save", "approve", "o1")
    assert (again.code, again.err) == (0, "o1 is approved already; nothing changed\n")


@pytest.mark.parametrize(("action", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
def test_an_offer_is_declined_or_withdrawn_with_a_reason(saves, action, state):
    bridge(saves, "--discount", "5")
    saves.fails(2, "reason-missing", "save", action, "o1", "--reason", " ")
    assert saves.json("save", action, "o1", "--reason", "No")["offer"]["state"] == state
    assert saves.values("offer")[0].note == "No"
    saves.fails(14, "offer-closed", "save", "accept", "o1")


def test_a_pending_offer_is_refused_with_a_reason_and_cannot_be_accepted(saves, monkeypatch):  # SAV-4
    bridge(saves)
    saves.fails(14, "offer-pending", "save", "accept", "o1")
    monkeypatch.setenv("RENEWCTL_USER", "vera")
    assert saves.json("save", "refuse", "o1", "--reason", "Too much")["offer"]["state"] == "refused"


def test_a_role_with_nobody_in_it_is_named_where_its_approval_is_needed(saves, monkeypatch):  # SAV-4
    monkeypatch.delenv("RENEWCTL_POLICY")
    done = saves.run("save", "offer", "A1", *ANSWER, "--instrument", "ramp")
    assert "Needs approval by a vp before it is offered: nobody is set as vp; put [team] vp" in done.out
    assert "renewctl policy init" in done.out
    assert saves.json("save", "offers")["offers"][0]["needs_role"] == "vp"


def test_an_offer_that_waits_for_approval_is_a_decision_of_the_stand_up(saves, monkeypatch):  # SAV-4, SAV-8
    bridge(saves)

    def decisions():
        rows = saves.json("save", "standup")["saves"]
        return {row["save"]: row["decision"] for row in rows}

    assert decisions()["s1"] == "o1, bridge at 50 % off, needs a vp"
    assert set(decisions().values()) == {"o1, bridge at 50 % off, needs a vp", None}
    monkeypatch.setenv("RENEWCTL_USER", "vera")
    assert saves.run("save", "approve", "o1").code == 0
    assert set(decisions().values()) == {None}


def test_offers_are_listed_by_save_and_in_all(saves):
    assert "No offer was made" in saves.run("save", "offers").out
    assert saves.json("save", "offers")["offers"] == []
    bridge(saves)
    offer(saves, "--instrument", "trial", account="B2")
    listed = saves.json("save", "offers")
    assert (listed["schema"], [each["id"] for each in listed["offers"]]) == (
        "renewctl/offers/1",
        ["o1", "o2"],
    )
    assert [each["account"] for each in saves.json("save", "offers", "s2")["offers"]] == ["B2"]
    assert "for a vp" in saves.run("save", "offers").out


def test_an_offer_whose_terms_were_erased_is_still_told(saves):
    offer(saves, "--instrument", "trial")
    with saves.open() as portfolio, portfolio.write("erase", "ana", date(2026, 3, 2)) as operation:
        from renewctl.core.model import Change

        [row] = portfolio.values("offer")
        operation.apply([Change("offer", (1,), 1, {"terms": row.terms}, {"terms": "{}"})])
    assert "months" not in saves.json("save", "accept", "o1")["offer"]
    assert saves.values("promise") == []
    assert saves.run("save", "accept", "o1").code == 0


def test_what_an_accepted_offer_without_terms_would_record_is_not_guessed(saves):
    offer(saves, "--instrument", "trial")
    with saves.open() as portfolio, portfolio.write("erase", "ana", date(2026, 3, 2)) as operation:
        from renewctl.core.model import Change

        operation.apply(
            [Change("offer", (1,), 1, {"terms": saves.values("offer")[0].terms}, {"terms": "{}"})]
        )
    assert saves.run("save", "accept", "o1").out == (
        "o1  Acme Ltd: Trial of advanced features, accepted, recorded by ana\n"
    )


def test_an_offer_that_changes_no_price_says_that_there_is_nothing_to_record(saves):
    offer(saves, "--instrument", "trial")
    assert "nothing to record on the contract" in saves.run("save", "accept", "o1").out


def test_the_work_on_it_counts_in_the_break_even_where_the_currency_has_a_rate(saves, tmp_path):  # DEFAULTS
    words = ("--instrument", "trial", "--chance-without", "0", "--effort-hours", "10")
    assert offer(saves, *words)["break_even"] == [{"stays": 0, "chance": 800 / 120_000}]
    saves.import_("id,name,arr,currency,renewal_date,csm\nD4,Delta,90000,CHF,2026-05-31,ana\n", name="d.csv")
    assert saves.run("save", "start", "D4", "--scenario", "budget").code == 0
    done = saves.run("save", "offer", "D4", *ANSWER, *words)
    assert "no rate for CHF in the policy" in done.err
    assert "Work on it" not in done.out
    assert "Work on it              USD 800" in saves.run("save", "offer", "A1", *ANSWER, *words).out
    assert offer(saves, "--instrument", "trial", "--effort-hours", "0")["break_even"][0]["chance"] == 0.1


def test_what_is_paid_when_is_told_run_by_run(saves):  # SAV-B
    def shown(*words):
        return saves.run("save", "offer", "A1", *ANSWER, *words).out

    assert "4 × USD 30,000" in shown("--instrument", "billing_period", "--months", "12")
    assert "11 × USD 10,000 + USD 15,000" in shown(
        "--instrument", "deferred_fee", "--fee", "5000", "--months", "6"
    )
    late = shown("--instrument", "payment_terms", "--months", "12")
    assert "11 × USD 10,000" in late
    assert "after" in late
    assert "USD 90,000" in shown("--instrument", "prepay")
    mixed = shown("--instrument", "billing_period", "--months", "6")
    assert "6 × USD 10,000" not in mixed
    assert "USD 120,000" in mixed
    words = ("--instrument", "volume", "--months", "12", "--effort-hours", "1000", "--discount", "9")
    assert "never, never where 10 %, 25 %, 50 %" in shown(*words)


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        (2, "unknown-instrument", ("--instrument", "discount")),
        (2, "unknown-instrument", ("--instrument", "xyzzy")),
        (2, "what-missing", ("--instrument", "roadmap", "--months", "3")),
        (2, "bad-percent", ("--instrument", "bridge", "--discount", "half")),
        (2, "bad-percent", ("--instrument", "bridge", "--discount", "101")),
        (2, "bad-percent", ("--instrument", "ramp", "--steps", "40,x")),
        (2, "bad-date", ("--instrument", "bridge", "--until", "soon")),
        (2, "bad-date", ("--instrument", "bridge", "--from", "9999-01-01")),
        (2, "option-of-another", ("--instrument", "bridge", "--fee", "5")),
        (10, "amount-negative", ("--instrument", "deferred_fee", "--fee", "-5", "--months", "3")),
        (2, "bad-hours", ("--instrument", "trial", "--effort-hours", "long")),
        (10, "currency-conflict", ("--instrument", "deferred_fee", "--fee", "EUR 5", "--months", "3")),
        (13, "no-such-contract", ("--instrument", "trial", "--contract", "Z9")),
        (14, "offer-refused", ("--instrument", "volume", "--months", "13")),
    ],
)
def test_what_is_wrong_is_said_with_the_next_thing_to_type(saves, code, name, words):
    said = saves.fails(code, name, "save", "offer", "A1", *ANSWER, *words)
    assert "\nhint: " in said
    assert saves.values("offer") == []


def test_instruments_and_percentages_are_read_as_people_type_them(saves):
    found = offer(saves, "--instrument", "Price-Lock", "--uplift", "2,5 %")
    assert found["instrument"] == "price_lock"
    assert found["parameters"]["uplift_pct"] == "5/2"
    steps = offer(saves, "--instrument", "ramp", "--steps", "10, 5", "--months", "4")
    assert steps["parameters"]["steps_pct"] == ["10", "5"]


def test_an_account_without_a_price_or_a_running_save_gets_no_offer(saves):
    words = ("--instrument", "trial", *ANSWER)
    saves.fails(14, "arr-unknown", "save", "offer", "C3", *words)
    assert saves.run("save", "close", "s1", "--result", "lost").code == 0
    saves.fails(14, "save-closed", "save", "offer", "A1", *words)
    saves.fails(13, "no-such-offer", "save", "approve", "o7")
    saves.fails(13, "no-such-offer", "save", "approve", "seven")


def test_a_contract_of_another_name_is_named_in_the_commands(saves):
    saves.import_(
        "id,account_id,arr,currency,renewal_date\nK1,B2,60000,EUR,2026-06-30\n", "--kind", "contracts",
        name="contracts.csv",
    )  # fmt: skip
    found = offer(saves, "--instrument", "volume", "--months", "6", account="B2")
    assert found["contract"] == "K1"
    assert all(each["command"].endswith(" --contract K1") for each in found["changes"])
    assert json.dumps(found)


def test_the_term_is_the_contracts_unless_another_is_given(saves):
    assert offer(saves, "--instrument", "trial", account="B2")["term_months"] == 24
    assert offer(saves, "--instrument", "trial", "--term-months", "36", account="B2")["term_months"] == 36


@pytest.mark.parametrize(("team", "owner"), [("", "ana"), ('\nproduct_manager = "paulo"', "paulo")])
def test_what_product_is_to_deliver_is_promised_by_product_and_the_rest_by_the_save_s_owner(
    saves, team, owner
):  # SAV-5, SAV-9
    (saves.folder / "mine.toml").write_text(TEAM.replace('manager = "marta"', 'manager = "marta"' + team))
    kinds = {"roadmap": owner, "payment_terms": "ana"}
    for instrument in kinds:
        what = ("--what", "Single sign-on") if instrument == "roadmap" else ()
        made = offer(saves, "--instrument", instrument, "--until", "2026-07-31", *what)
        assert saves.run("save", "accept", made["id"]).code == 0
    promised = saves.json("save", "promise", "list", "--all")["promises"]
    assert sorted(each["owner"] for each in promised) == sorted(kinds.values())


def test_a_sheet_of_options_is_complete_with_two_that_answer_the_root_cause(saves):  # SAV-B, SAV-4
    def sheet(save, *words):
        return saves.run("save", "paper", save, "options-sheet", "--format", "md", "-o", "-", *words)

    none = sheet("s1")
    assert none.code == 1
    assert "nothing that answers the root cause may be offered yet" in none.err
    assert "renewctl save offer s1 --instrument NAME, of prepay, billing_period" in none.err
    offer(saves, "--instrument", "trial", "--what", "Reports")
    one = sheet("s1")
    assert (one.code, "one way alone is no choice (SAV-B)" in one.err) == (1, True)
    assert "## Trial of advanced features" in one.out
    offer(saves, "--instrument", "billing_period", "--months", "6", "--from", "2026-05-31")
    two = sheet("s1")
    assert (two.code, "form to fill" in two.err) == (0, False)
    assert "- **Begins on:** May 31, 2026\n- **Ends on:** November 29, 2026\n" in two.out
    assert two.out.count("- **At today's terms:** USD 120,000.00 a year\n") == 2
    assert "renewctl save offer" not in two.err
    brazilian = sheet("s1", "--lang", "pt-BR")
    assert "- **Começa em:** 31 de maio de 2026" in brazilian.out
    assert brazilian.out.count("120.000,00 ao ano\n") == 2


@pytest.mark.parametrize(
    ("scenario", "words", "said"),
    [
        ("budget", (), "find the root cause first: renewctl save why s4"),
        ("relationship", ("--root-cause", "slow-answers"), "no offer repairs a relationship case (SAV-R)"),
    ],
)
def test_a_sheet_without_options_says_what_is_to_be_done_first(saves, scenario, words, said):  # SAV-2, SAV-R
    saves.import_("id,name,arr,currency,renewal_date,csm\nD4,Delta,90000,USD,2026-05-31,ana\n", name="d.csv")
    assert saves.run("save", "start", "D4", "--scenario", scenario).code == 0
    if words:
        assert saves.run("save", "why", "D4", "--enough", "x", *words).code == 0
    done = saves.run("save", "paper", "s4", "options-sheet", "--format", "md", "-o", "-")
    assert (done.code, said in done.err) == (1, True)


def test_what_a_sheet_proposes_is_told_to_a_brazilian_in_their_language(saves):  # SAV-B
    why = ("save", "why", "A1", "--enough", "x", "--root-cause", "cash-flow")
    assert saves.run(*why).code == 0
    done = saves.run("save", "paper", "s1", "options-sheet", "--format", "md", "-o", "-", "--lang", "pt-BR")
    assert done.code == 0
    assert "proposed at the policy's usual figures" in done.err
    for text in ("Prazo de pagamento maior", "A renovação é assinada para a vigência completa, e as faturas"):
        assert text in done.out
    assert "The renewal" not in done.out


@pytest.mark.parametrize("term", ["6", "12"])
def test_what_costs_less_than_a_year_has_no_price_of_a_year(saves, term):
    for name in ("trial", "payment_terms"):
        offer(saves, "--instrument", name, "--months", "1", "--term-months", term)
    done = saves.run("save", "paper", "s1", "options-sheet", "--format", "md", "-o", "-")
    assert ("First 12 months" in done.out) == (term == "12")


def test_no_paper_for_the_customer_says_why_they_wanted_to_leave(saves):  # SAV-8, SAV-P
    cause = ("--root-cause", "Support told the wrong price")
    words = (*cause, "--condition", "They stay", "--months", "3", "--what", "Single sign-on")
    for instrument in ("roadmap", "trial"):
        assert saves.run("save", "offer", "A1", "--instrument", instrument, *words).code == 0
    sheet = saves.run("save", "paper", "s1", "options-sheet", "--format", "md", "-o", "-").out
    for no in ("o1", "o2"):
        assert saves.run("save", "accept", no).code == 0
    texts = [sheet]
    for kind in (kind for kind, of in KINDS.items() if of.customer):
        for how in ("eml",) if KINDS[kind].mail else ("html", "md"):
            texts.append(saves.run("save", "paper", "s1", kind, "--format", how, "-o", "-").out)
    assert all("Single sign-on" in text for text in (sheet, texts[2], texts[3]))
    for text in texts:
        assert cause[1] not in text.replace("\\", "").replace("=\n", "")


@pytest.mark.parametrize(("day", "said"), [("02", "p1 kept"), ("03", "1 day late"), ("04", "2 days late")])
def test_a_promise_kept_late_says_by_how_many_days(saves, monkeypatch, day, said):  # SAV-9
    assert (
        saves.run("save", "promise", "add", "s1", "A call", "--due", "2026-03-02", "--owner", "ana").code == 0
    )
    monkeypatch.setenv("RENEWCTL_AS_OF", f"2026-03-{day}")
    done = saves.run("save", "promise", "kept", "p1", "--evidence", "Held", "--as-of", f"2026-03-{day}")
    assert done.err.strip().endswith(said), done.err


def test_closing_a_save_withdraws_the_offers_that_nobody_answered(saves):  # SAV-4
    bridge(saves)
    offer(saves, "--instrument", "trial")
    offer(saves, "--instrument", "volume", "--months", "6")
    assert saves.run("save", "accept", "o3").code == 0
    assert "offers withdrawn with it: o1, o2" in saves.run("save", "close", "s1", "--result", "lost").err
    assert [each.state for each in saves.values("offer")] == ["withdrawn", "withdrawn", "accepted"]
    assert saves.run("doctor").code == 0


def test_what_waits_for_a_manager_or_was_refused_reaches_no_customer_by_the_sheet(saves, monkeypatch):
    """SAV-4: a policy that proposes the same thing is no way round who has to approve it."""
    own = '\n[offers.sheet]\nbudget-cut-temporary = ["volume", "payment_terms", "trial"]\n'
    (saves.folder / "mine.toml").write_text(TEAM + own)
    why = ("save", "why", "A1", "--enough", "x", "--root-cause", "budget-cut-temporary")
    assert saves.run(*why).code == 0
    words = ("save", "offer", "A1", "--condition", "They sign", "--months", "6", "--instrument", "volume")
    assert saves.run(*words, "--discount", "9").code == 0
    assert saves.run("save", "accept", "o1").code == 0
    assert saves.json(*words, "--discount", "10")["offer"]["needs_role"] == "manager"
    sheet = ("save", "paper", "s1", "options-sheet", "--format", "md", "-o", "-")
    assert "o2 (volume) waits for a manager" in saves.run(*sheet).err
    assert "off for the volume agreed" not in saves.run(*sheet).out
    monkeypatch.setenv("RENEWCTL_USER", "rui")
    assert saves.run("save", "refuse", "o2", "--reason", "Enough was given").code == 0
    done = saves.run(*sheet)
    assert (done.code, "off for the volume agreed" in done.out) == (0, False)


def test_a_sheet_of_options_is_of_one_contract_and_names_it(saves):  # SAV-B
    saves.import_(
        "id,name,currency,csm,contract_id,arr,renewal_date\n"
        "T0,Twice,BRL,ana,T1,50000,2026-05-31\nT0,Twice,USD,ana,T2,20000,2026-07-31\n", name="t.csv",
    )  # fmt: skip
    assert saves.run("save", "start", "T0", "--scenario", "budget").code == 0
    cause = ("save", "why", "T0", "--enough", "x", "--root-cause", "Budget cut")
    assert saves.run(*cause).code == 0
    made = ("save", "offer", "T0", *ANSWER, "--months", "3", "--contract")
    for contract in ("T1", "T2"):
        for instrument in ("trial", "payment_terms"):
            assert saves.run(*made, contract, "--instrument", instrument).code == 0

    def sheet(*words):
        return saves.run("save", "paper", "s4", "options-sheet", "--format", "md", "-o", "-", *words)

    last, first = sheet(), sheet("--contract", "T1")
    for done, here, there, price in ((last, "T2", "T1", "20,000.00 a"), (first, "T1", "T2", "50,000.00 a")):
        assert done.code == 0
        assert f"**Contract:** {here}\n" in done.out
        assert there not in done.out
        assert done.out.count(price) == 2
        assert done.err.count("of another contract; a sheet of its own: --contract ID") == 2
    assert "**Contrato:** T1" in sheet("--contract", "T1", "--lang", "pt-BR").out
    assert saves.run("save", "decline", "o3", "--reason", "No").code == 0
    assert saves.run("save", "decline", "o4", "--reason", "No").code == 0
    assert "**Contract:** T1" in sheet().out
    told = sheet("--contract", "T2")
    assert (told.code, "--instrument NAME --contract T2, of" in told.err) == (1, True)
    saves.fails(13, "no-such-contract", "save", "paper", "s4", "options-sheet", "--contract", "T3")
    saves.fails(2, "contract-unasked", "save", "paper", "s4", "save-plan", "--contract", "T1")
    names = {saves.run("save", "paper", "s4", "options-sheet", "--format", "md", "--contract", each,
                       "-o", str(saves.folder)).out.split()[-1] for each in ("T1", "T2")}  # fmt: skip
    assert len(names) == 2
