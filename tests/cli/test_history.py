"""`history` tells who changed what when, in words and in JSON."""

import re

from renewctl.store.history import FEW
from tests.processes import Person


def work(book):
    book.run("set", "A1", "arr=130000", "csm=Zoe", "--reason", "uplift agreed")
    book.run("stage", "A1", "notified")
    book.run("lost", "B2", "--reason", "price")


def test_operations_come_newest_first_with_who_when_and_why(book):
    work(book)
    told = book.json("history")
    assert told["schema"] == "renewctl/history/1"
    assert [each["command"] for each in told["operations"]] == ["lost", "stage", "set", "import"]
    assert [each["seq"] for each in told["operations"]] == [4, 3, 2, 1]
    third = told["operations"][2]
    assert (third["actor"], third["as_of"]) == ("ana", "2026-03-02")
    assert "uplift agreed" in third["summary"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", third["at"])


def test_fields_are_told_before_and_after_in_units_and_words(book):
    work(book)
    changed = {
        (change["entity"], each["field"]): (each["before"], each["after"])
        for change in book.json("history", "A1")["operations"][1]["changes"]
        for each in change["fields"]
    }
    assert changed == {("contract", "arr"): (120000, 130000), ("account", "csm"): ("Ana", "Zoe")}
    text = book.run("history", "A1").out
    assert re.search(r"arr\s+USD 120,000 → USD 130,000", text)
    assert re.search(r"csm\s+Ana → Zoe", text)
    assert re.search(r"stage\s+planned → notified", text)


def test_rows_that_were_added_are_told_in_full_for_one_account(book):
    (operation,) = book.json("history", "B2")["operations"]
    added = {change["entity"]: change for change in operation["changes"]}
    assert {change["action"] for change in operation["changes"]} == {"added"}
    terms = {each["field"]: each["after"] for each in added["contract"]["fields"]}
    assert (terms["arr"], terms["currency"], terms["renewal_date"]) == (5000.5, "EUR", "2026-07-15")
    text = book.run("history", "B2").out
    assert re.search(r"arr\s+EUR 5,000.50", text)
    assert "Acme" not in text


def test_an_amount_is_told_in_the_currency_it_had_then(book):
    book.run("set", "A1", "arr=130000", "--reason", "uplift")
    book.run("set", "A1", "currency=JPY", "--reason", "was wrong")
    text = book.run("history", "A1").out
    assert re.search(r"arr\s+USD 120,000 → USD 130,000", text)
    assert re.search(r"arr\s+USD 130,000 → JPY 130,000", text)
    first = book.json("history", "A1")["operations"][-1]
    terms = {
        e["field"]: e["after"] for c in first["changes"] if c["entity"] == "contract" for e in c["fields"]
    }
    assert (terms["arr"], terms["currency"]) == (120000, "USD")


def test_a_large_import_is_one_line_and_each_account_has_its_details(desk):
    count = FEW * 3
    rows = "".join(f"N{n},Name {n},{n}000,USD,2026-09-{n % 28 + 1:02}\n" for n in range(count))
    desk.import_("id,name,arr,currency,renewal_date\n" + rows)
    desk.run("log", "N7", "a note")
    desk.run("set", "N7", "csm=Zoe")
    told = desk.json("history")["operations"]
    assert [(each["command"], each["rows"]) for each in told] == [
        ("set", 2),
        ("log", 1),
        ("import", 2 * count),
    ]
    assert told[2]["changes"] is None
    assert f"{2 * count} rows changed" in desk.run("history").out
    own = desk.json("history", "N7")["operations"]
    assert [len(each["changes"]) for each in own] == [1, 1, 2]


def test_limits_count_commands(book):
    work(book)
    assert [each["seq"] for each in book.json("history", "--limit", "2")["operations"]] == [4, 3]
    assert len(book.json("history", "--limit", "0")["operations"]) == 4
    assert [each["seq"] for each in book.json("history", "A1", "--limit", "1")["operations"]] == [3]
    assert book.run("history", "--limit", "-1").code == 2


def test_text_from_outside_is_harmless_in_the_history(book):
    book.run("set", "A1", "name=Acme [/] \x1b]0;x\x07\u202e")
    book.run("log", "A1", "two\nlines \x1b[2J")
    text = book.run("history", "A1").out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "Acme [/] \\e]0;x\\x07\\u202e" in text
    assert "two\\nlines" in text


def test_a_day_that_was_only_said_is_named_beside_the_real_clock(book):
    book.run("log", "A1", "x", "--as-of", "2031-01-01")
    assert "(as of 2031-01-01)" in book.run("history", "--limit", "1").out


def test_an_empty_portfolio_has_no_history(desk):
    desk.run("init")
    assert desk.run("history") == (0, "", "")
    assert desk.json("history")["operations"] == []


def test_a_terminal_shows_twenty_and_says_how_to_see_more(book):
    for n in range(20):
        book.run("log", "A1", f"note {n}")
    person = Person(book.folder)
    shown = person.run_on_terminal("history").out
    assert "note 0" in shown
    assert "import" not in shown
    assert "--limit 0" in shown
    assert "import" in person.run("history").out
