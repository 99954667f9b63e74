"""`set` and `log` as people type them."""

from datetime import date

import pytest


def account(book, wanted="A1"):
    return book.values("account", f"id = '{wanted}'")[0]


def contract(book, wanted="A1"):
    return book.values("contract", f"id = '{wanted}'")[0]


def test_set_tells_every_field_before_and_after(book):
    told = book.json("set", "acme", "arr=130000", "renewal_date=2026-06-30", "csm=Zoe", "--reason", "uplift")
    assert told["schema"] == "renewctl/set/1"
    assert (told["account"], told["contract"], told["reason"], told["changed"]) == (
        "A1",
        "A1",
        "uplift",
        True,
    )
    assert {each["field"]: (each["before"], each["after"]) for each in told["changes"]} == {
        "arr": (120000, 130000),
        "renewal_date": ("2026-05-31", "2026-06-30"),
        "csm": ("Ana", "Zoe"),
    }
    assert contract(book).arr_minor == 130_000_00
    assert (contract(book).renewal_day, contract(book).planned_from_on) == (30, date(2026, 3, 2))
    with book.open() as portfolio:
        assert portfolio.value("SELECT summary FROM operation WHERE command = 'set'").endswith("(uplift)")


def test_set_reaches_the_agenda_at_once(book):
    def shown():
        return {
            item["renewal_date"]
            for item in book.json("due", "--days", "400")["items"]
            if item["account"] == "A1"
        }

    assert shown() == {"2026-05-31"}
    book.run("set", "A1", "renewal_date=2026-12-31", "--reason", "moved")
    assert shown() == {"2026-12-31"}
    book.run("set", "A1", "status=Churned")
    assert shown() == set()


def test_setting_what_stands_changes_nothing_and_says_so(book):
    facts = book.facts()
    done = book.run("set", "A1", "arr=120000", "csm=Ana", "--reason", "check")
    assert (done.code, done.out) == (0, "")
    assert "nothing changed" in done.err
    assert book.json("set", "A1", "csm=Ana")["changed"] is False
    assert book.facts() == facts


def test_money_dates_and_overrides_ask_for_a_reason(book):
    facts = book.facts()
    for word in ("arr=1", "renewal_date=2027-01-01", "segment_override=smb", "early=yes", "expansion_arr=5"):
        assert "--reason" in book.fails(2, "reason-missing", "set", "A1", word)
        book.fails(2, "reason-missing", "set", "A1", word, "--reason", " ")
    assert book.facts() == facts


def test_an_unknown_field_is_answered_with_near_ones(book):
    assert "renewal_date" in book.fails(2, "unknown-field", "set", "A1", "renewal=2027-01-01")
    assert "renewctl stage" in book.fails(2, "unknown-field", "set", "A1", "stage=won")
    book.fails(2, "unknown-field", "set", "A1", "id=X")
    book.fails(2, "no-assignment", "set", "A1", "arr")
    book.fails(2, "field-twice", "set", "A1", "csm=A", "csm=B")
    book.fails(2, "field-twice", "set", "A1", "arr=1", "mrr=1", "--reason", "x")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("arr=130,000", "amount-unreadable"),
        ("arr=ten", "amount-unreadable"),
        ("arr=-1", "amount-negative"),
        ("renewal_date=31/12/2026", "date-unreadable"),
        ("notice_days=soon", "number-unreadable"),
        ("notice_days=99999", "number-out-of-range"),
        ("nps=400", "number-out-of-range"),
        ("auto_renew=perhaps", "bool-unreadable"),
        ("segment_override=huge", "enum-unknown"),
        ("currency=XXQ", "currency-unknown"),
        ("name=", "name-missing"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_and_nothing_else_is_set(book, word, code):
    facts = book.facts()
    book.fails(10, code, "set", "A1", "csm=Zoe", word, "--reason", "x")
    assert book.facts() == facts


def test_a_set_value_survives_the_next_import_until_the_source_itself_changes(book):
    source = (book.folder / "accounts.csv").read_text()
    book.run("set", "A1", "arr=130000", "--reason", "uplift")
    book.run("set", "A1", "arr=140000", "--reason", "more")
    book.import_(source.replace("Ana", "Zoe"))
    assert contract(book).arr_minor == 140_000_00
    book.import_(source.replace("120000", "125000"))
    assert contract(book).arr_minor == 125_000_00


def test_the_pin_keeps_what_the_source_said_first(book):
    for amount in ("130000", "140000"):
        book.run("set", "A1", f"arr={amount}", "--reason", "uplift")
    with book.open() as portfolio:
        assert portfolio.rows("SELECT entity, field, source_value FROM pin") == [
            ("contract", "arr_minor", "12000000")
        ]


def test_health_inputs_are_read_today(book):
    told = book.json("set", "A1", "nps=50", "usage_trend=-12.5", "--as-of", "2026-04-01")
    assert {each["field"]: (each["before"], each["after"]) for each in told["changes"]} == {
        "nps": (40.0, 50.0),
        "usage_trend": (None, -12.5),
    }
    days = [(each.read_on.isoformat(), each.nps, each.usage_trend) for each in book.values("health_reading")]
    assert days == [("2026-03-02", 40.0, None), ("2026-04-01", 50.0, -12.5)]


def test_overrides_champions_and_early_decisions(book):
    book.run(
        "set",
        "A1",
        "segment_override=mid_market",
        "early=yes",
        "champion=gone",
        "--reason",
        "quiet for years",
    )
    stored = account(book)
    assert (stored.segment_override, stored.segment_reason) == ("mid_market", "quiet for years")
    assert (stored.early_on, stored.champion, stored.champion_gone) == (date(2026, 3, 2), "Joe", 1)
    book.run("set", "A1", "segment_override=", "early=no", "champion=Eva", "--reason", "back to the rules")
    stored = account(book)
    assert (stored.segment_override, stored.segment_reason, stored.early_on) == (None, None, None)
    assert (stored.champion, stored.champion_gone) == ("Eva", 0)


def test_facts_of_the_account_need_no_contract_and_terms_do(book):
    assert (
        book.json("set", "C3", "csm=Zoe", "nps=5", "expansion_arr=500", "--reason", "x")["contract"] is None
    )
    book.fails(14, "no-open-contract", "set", "C3", "arr=5", "--reason", "x")


def test_names_from_outside_come_out_harmless(book):
    done = book.run("set", "A1", "name=[/] \x1b[31m=1+1", "industry=\x07")
    assert done.code == 0
    assert "\x1b" not in done.err
    assert "\x07" not in done.err
    assert "[/] \\e[31m=1+1" in done.err


def test_a_dry_run_of_set_and_log_changes_nothing(book):
    facts = book.facts()
    told = book.json("set", "A1", "arr=5", "--reason", "x", "--dry-run")
    assert (told["changed"], len(told["changes"])) == (False, 1)
    assert book.json("log", "A1", "called", "--dry-run")["changed"] is False
    assert book.facts() == facts


def test_a_note_keeps_its_kind_its_time_and_its_words(book):
    told = book.json("log", "acme", "Called Joe: will sign", "--kind", "call", "--hours", "0.33")
    assert told == {
        "schema": "renewctl/log/1",
        "account": "A1",
        "date": "2026-03-02",
        "kind": "call",
        "text": "Called Joe: will sign",
        "minutes": 20,
        "actor": "ana",
        "with": [],
        "changed": True,
    }
    (note,) = book.values("activity")
    assert (note.kind, note.text, note.minutes, note.actor) == ("call", "Called Joe: will sign", 20, "ana")
    assert (note.account_no, note.contract_no) == (account(book).no, contract(book).no)


def test_two_notes_are_two(book):
    for _ in range(2):
        book.run("log", "A1", "same words")
    assert [note.no for note in book.values("activity")] == [1, 2]


def test_a_note_needs_words_a_known_kind_and_real_hours(book):
    book.fails(2, "bad-text", "log", "A1", "  ")
    book.fails(2, "bad-text", "log", "A1", "x" * 10_001)
    assert "meeting" in book.fails(2, "unknown-kind", "log", "A1", "x", "--kind", "fax")
    for hours in ("-1", "an hour", "1e9"):
        book.fails(2, "bad-hours", "log", "A1", "x", f"--hours={hours}")
    assert book.values("activity") == []


def test_a_reply_quiets_what_waits_for_one(book):
    book.run("log", "A1", "yes, we renew", "--kind", "reply")
    assert [note.kind for note in book.values("activity")] == ["reply"]
