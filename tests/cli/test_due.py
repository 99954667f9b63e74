"""`due` as people type it: whose items, and which renewals it cannot plan."""

import json

import pytest

BOOK = """id,name,arr,currency,renewal_date,csm,status
A1,Acme,20000,USD,2026-03-20,Ana,
E1,Éden Clínicas,,USD,2026-03-25,Ana,
J1,Jota,9000,JPY,2026-03-26,Rui,
L1,Late Ltd,,USD,2026-09-25,Rui,
G1,Gone,,USD,2026-03-25,Rui,churned
P1,Past,,USD,2026-02-25,Rui,
"""


@pytest.fixture
def clinics(desk):
    """A book with renewals whose worth is unknown: inside the window, beyond it, over, and gone."""
    desk.import_(BOOK)
    return desk


def unplanned(desk, *words):
    problems = desk.json("due", "--days", "30", *words)["problems"]
    return [(e["code"], e["account"], e["contract"]) for e in problems if e["code"].endswith("-unknown")]


def test_a_renewal_of_the_window_without_an_agenda_is_named(clinics):
    assert unplanned(clinics) == [("arr-unknown", "E1", "E1"), ("rate-unknown", "J1", "J1")]
    line = "2 renewals in the window have no agenda: Éden Clínicas (ARR unknown), Jota (no rate for JPY)\n"
    done = clinics.run("due", "--days", "30")
    assert done.err == line
    assert "Éden" not in done.out
    assert clinics.run("due", "--days", "23").err.startswith("1 renewal in the window has no agenda: Éden")
    assert clinics.run("due", "--days", "22").err == ""


def test_a_page_counts_nothing_and_says_nothing(clinics):
    assert clinics.run("due", "--days", "30", "--limit", "1").err == ""


def test_an_override_or_a_known_sibling_gives_a_renewal_its_agenda(clinics):
    words = ("segment_override=smb", "--reason", "small")
    assert clinics.run("set", "E1", *words).code == 0
    rows = "id,account_id,arr,currency,renewal_date\nK1,J1,,USD,2026-03-21\nK2,J1,50,USD,2026-08-01\n"
    clinics.import_(rows, "--kind", "contracts", name="contracts.csv")
    assert unplanned(clinics) == []
    planned = {item["contract"] for item in clinics.json("due", "--days", "30")["items"]}
    assert {"E1", "K1"} <= planned


def test_what_has_no_agenda_is_told_to_whom_it_belongs(clinics):
    assert unplanned(clinics, "--owner", "ANA") == [("arr-unknown", "E1", "E1")]
    assert unplanned(clinics, "--segment", "smb") == []


def test_many_are_named_in_part(desk):
    rows = "".join(f"N{no},Name {no},,2026-03-{10 + no}\n" for no in range(5))
    desk.import_("id,name,arr,renewal_date\n" + rows)
    assert desk.run("due", "--days", "30").err == (
        "5 renewals in the window have no agenda: "
        "Name 0 (ARR unknown), Name 1 (ARR unknown), Name 2 (ARR unknown) and 2 more\n"
    )


def test_a_terminal_has_them_below_the_agenda(person):
    (person.home / "book.csv").write_text(BOOK)
    assert person.run("import", "book.csv").code == 0
    shown = person.run_on_terminal("due", "--days", "23", COLUMNS="80", NO_COLOR="1").out
    assert "1 renewal in the window has no agenda: Éden Clínicas (ARR unknown)" in shown


def test_an_owner_is_one_person_in_every_spelling(desk):
    desk.import_("id,name,arr,renewal_date,csm\nA1,Acme,20000,2026-03-20,Ana\nB1,Bolt,20000,2026-03-20,ANÁ\n")
    for spelling in ("ana", "Ana", "ANÁ", "me"):
        done = desk.run("due", "--owner", spelling, "--json")
        assert {item["owner"] for item in json.loads(done.out)["items"]} == {"Ana", "ANÁ"}
        assert done.err == ""
    said = desk.fails(13, "no-such-person", "due", "--owner", "anna")
    assert said == "error[no-such-person]: nobody is called 'anna'\nhint: did you mean ana?\n"
    for blank in ("", "  "):
        desk.fails(2, "owner-missing", "due", "--owner", blank)


def test_a_person_who_is_known_and_owes_nothing_has_an_empty_list_and_a_typo_has_none(desk, tmp_path):
    desk.import_("id,name,arr,renewal_date,csm\nA1,Acme,20000,2026-03-20,Bo\n")
    assert (
        desk.run("stakeholder", "add", "A1", "Joe", "--role", "champion", "--thread-owner", "Saul").code == 0
    )
    own = tmp_path / "policy.toml"
    own.write_text('[capacity.people."Ines"]\nhours_per_week = 8\n', encoding="utf-8")
    for known in ("saul", "ANA", "ines"):  # speaks with the customer, acted before, has hours
        done = desk.run("due", "--owner", known, "--policy", str(own))
        assert (done.code, done.out, done.err) == (0, "", "")
    commands = (
        ("due",), ("list",), ("digest",), ("calendar",), ("effort",), ("capacity",), ("draft", "--all"),
        ("save", "list"), ("stakeholder", "risks"),
    )  # fmt: skip
    for words in commands:
        assert "did you mean Saul?" in desk.fails(13, "no-such-person", *words, "--owner", "Sauel")


def test_whoever_asks_for_me_and_is_nowhere_on_record_is_told_so_and_owes_nothing(desk, monkeypatch):
    desk.import_("id,name,arr,renewal_date,csm\nA1,Acme,20000,2026-03-20,Bo\n")
    monkeypatch.setenv("RENEWCTL_USER", "newcomer")
    done = desk.run("due", "--owner", "me")
    assert (done.code, done.out, done.err) == (0, "", "nobody is called 'newcomer': known are ana, Bo\n")


def test_a_pilot_limits_the_agenda_to_its_segment_and_says_so(book, tmp_path):
    """ROL: pilot one segment."""
    policy = tmp_path / "policy.toml"
    everybody = {item["segment"] for item in book.json("due", "--days", "400")["items"]}
    assert len(everybody) > 1
    for segment in everybody:
        policy.write_text(f'[pilot]\nsegment = "{segment}"\nstarted_on = "2026-01-01"\n', encoding="utf-8")
        told = book.run("due", "--days", "400", "--json", "--policy", str(policy))
        assert {item["segment"] for item in json.loads(told.out)["items"]} == {segment}
        assert f"pilot: only {segment} renewals" in told.err


def test_a_renewal_flagged_by_its_health_is_named_until_a_save_runs(desk, monkeypatch):
    """HLT-3: nobody checks scores by hand."""
    desk.import_(
        "id,name,arr,currency,renewal_date,csm,usage_trend,engagement,relationship\n"
        "R1,Red Ltd,20000,USD,2026-05-20,Ana,-50,20,20\nG1,Green Ltd,20000,USD,2026-05-20,Rui,20,90,90\n"
    )

    def flags():
        problems = desk.json("due", "--days", "60")["problems"]
        return [
            (each["account"], each["flagged_on"]) for each in problems if each["code"] == "health-flagged"
        ]

    assert flags() == [("R1", "2026-03-02")]
    with monkeypatch.context() as screen:
        screen.setattr("renewctl.cli.due.is_terminal", lambda: True)
        shown = desk.run("due", "--days", "60").out
    assert "1 account is flagged by health, no save running: Red Ltd since 2026-03-02" in shown
    assert desk.json("due", "--days", "60", "--owner", "Rui")["problems"] == []
    assert desk.run("save", "start", "R1", "--scenario", "value").code == 0
    assert flags() == []


def test_a_catch_up_that_was_done_is_owed_again_for_what_became_late_since(desk):
    """LATE: a renewal moved to an earlier date makes more steps late, and they can be closed too."""
    desk.import_("id,name,arr,renewal_date\nM1,Moved,20000,2026-04-25\n")

    def catch_up():
        found = [item for item in desk.json("due", "--days", "90")["items"] if item["kind"] == "catch_up"]
        return [step for item in found for step in item["covers"]]

    before = catch_up()
    assert "notice" in before
    assert desk.run("done", "1-catch-up", "--hours", "1").code == 0
    assert catch_up() == []
    assert desk.run("set", "M1", "renewal_date=2026-04-10", "--reason", "told late").code == 0
    later = catch_up()
    assert later
    assert not set(later) & set(before)
    assert desk.json("done", "1-catch-up", "--hours", "0.5")["changed"]
    assert catch_up() == []
    assert desk.json("show", "M1")["effort"]["hours"] == 1.5
    assert not desk.json("done", "1-catch-up")["changed"]
    assert desk.run("set", "M1", "renewal_date=2026-03-20", "--reason", "told late").code == 0
    assert desk.json("done", "1-catch-up")["changed"]


def test_recurring_work_is_put_off_for_a_month_at_most(desk):
    """VAL: what is put off for longer would swallow what comes after it."""
    desk.import_("id,name,arr,currency,renewal_date,csm,nps\nV1,Vale,20000,USD,2027-02-20,Ana,50\n")
    [item] = [each["item"] for each in desk.json("due", "--days", "30")["items"] if each["kind"] == "value"]
    assert item == "a1-value-mail-2026-03"
    desk.fails(14, "snooze-past-next", "snooze", item, "--until", "2026-04-03")
    assert desk.run("snooze", item, "--until", "2026-04-02").code == 0
    told = desk.json("due", "--days", "60")["items"]
    assert [each["due_on"] for each in told if each["item"] == item] == ["2026-04-02"]


def test_a_draft_never_says_of_a_cancelled_contract_that_it_renews_by_itself(desk):
    """ANCHOR"""
    desk.import_(
        "id,name,arr,currency,renewal_date,csm,auto_renew,notice_days,cancel_notice_date,nps\n"
        "T1,Tacit,20000,USD,2026-05-31,Ana,yes,30,,50\nC1,Gone,20000,USD,2026-05-31,Ana,yes,30,2026-03-01,50\n"
    )
    calendar = desk.run("calendar", "--days", "400", "-o", "-").out.replace("\r\n ", "")
    deadlines = [
        line for line in calendar.splitlines() if line.startswith("SUMMARY") and "Opt-out deadline:" in line
    ]
    assert len(deadlines) == 2
    assert sum("a notice of cancellation stands" in line for line in deadlines) == 1
    said = [desk.run("draft", f"{no}-last-reminder", "-o", "-").out for no in (1, 2)]
    assert "renews by itself" in said[0]
    assert "renews by itself" not in said[1]


def two_contracts(desk, *rows):
    """An account with two contracts, of which each row tells id, account, ARR, currency and renewal date."""
    desk.import_("id,name,csm,nps\nM1,Multi,Ana,50\n", "--map", "arr=", "--map", "renewal_date=")
    text = "id,account_id,arr,currency,renewal_date\n" + "\n".join(rows) + "\n"
    desk.import_(text, "--kind", "contracts", name="contracts.csv")


def test_a_contract_past_its_date_does_not_silence_its_account(desk, monkeypatch):
    """VAL: from the day after the first contract's date the next one carries what comes back all year."""
    two_contracts(desk, "F1,M1,9000,USD,2026-04-20", "S1,M1,9000,USD,2027-02-20")

    def value(as_of, days):
        monkeypatch.setenv("RENEWCTL_AS_OF", as_of)
        found = desk.json("due", "--days", days)["items"]
        return [(each["item"], each["due_on"], each["contract"]) for each in found if each["kind"] == "value"]

    assert value("2026-03-02", "60") == []  # the first renewal speaks of value itself
    assert value("2026-04-20", "30") == []
    first = ("a1-value-mail-2026-05", "2026-05-20", "S1")
    assert value("2026-04-21", "30") == [first]
    assert value("2026-05-20", "0") == [first]  # the first page reads what is due from the cache
    assert desk.run("done", "a1-value-mail-2026-05").code == 0
    assert desk.json("due", "--days", "0", "--limit", "9")["items"][0]["kind"] == "past_due"
    assert value("2026-06-20", "0") == [("a1-value-mail-2026-06", "2026-06-20", "S1")]
    assert desk.run("doctor").code == 0


def test_a_loss_brings_no_old_recurring_work_back(desk, monkeypatch):
    """VAL: what was owed under one contract, or paused by it, does not fall to the next when it is lost."""
    two_contracts(desk, "F1,M1,9000,USD,2026-06-01", "S1,M1,9000,USD,2026-12-20")

    def value():
        found = desk.json("due", "--days", "20")["items"]
        return [(each["item"], each["due_on"]) for each in found if each["kind"] == "value"]

    monkeypatch.setenv("RENEWCTL_AS_OF", "2026-04-20")
    assert value() == [("a1-value-mail-2026-04", "2026-04-01")]
    assert desk.run("lost", "M1", "--contract", "F1", "--reason", "price").code == 0
    assert value() == []
    monkeypatch.setenv("RENEWCTL_AS_OF", "2026-06-10")
    assert value() == [("a1-value-mail-2026q2", "2026-06-20")]
    assert desk.run("undo", "--yes").code == 0
    assert value() == [("a1-qbr-2026h1", "2026-06-20"), ("a1-value-mail-2026-06", "2026-06-20")]
    assert desk.run("doctor").code == 0


def test_a_contract_without_an_agenda_carries_no_recurring_work(desk, tmp_path):
    """VAL: by contract, one of unknown ARR has no segment; the next one speaks for the account."""
    policy = tmp_path / "policy.toml"
    policy.write_text('[general]\nvalue_scope = "contract"\n')
    two_contracts(desk, "F1,M1,,USD,2026-08-01", "S1,M1,30000,USD,2027-03-15")
    found = desk.json("due", "--days", "30", "--policy", str(policy))["items"]
    assert [(each["item"], each["contract"]) for each in found if each["kind"] == "value"] == [
        ("a1-qbr-2026h1", "S1"), ("a1-value-mail-2026-03", "S1"),
    ]  # fmt: skip
    assert desk.run("done", "a1-qbr-2026h1", "--policy", str(policy)).code == 0
    found = desk.json("due", "--days", "30", "--policy", str(policy))["items"]
    assert "a1-qbr-2026h1" not in {each["item"] for each in found}
