"""`list`, `show` and `explain` over a small book, as a script and as a person meet them."""

import csv
import io
import json
import re

import pytest

from tests import hostile
from tests.processes import Person

HEAD = (
    "id,name,status,arr,currency,renewal_date,notice_days,auto_renew,payment_on_file,csm,sales_owner,"
    "usage_trend,open_tickets,engagement,relationship,expansion_arr,cancel_notice_date\n"
)
BOOK = (
    HEAD
    + """\
A1,Acme Robotics,active,240000,USD,2026-08-30,60,yes,yes,Cora,Saul,10,0,90,90,60000,
A2,Borealis Foods,active,48000,USD,2026-05-15,30,no,no,Cora,,-30,6,20,30,,2026-02-20
A3,Cobalt Clinics,active,6200,USD,2026-04-20,,yes,yes,Bo,,2,0,75,78,,
A4,Dune Logistics,churned,18000,USD,2026-09-01,,no,no,Bo,Saul,,,,,,
A5,Ember Media,active,,USD,2026-06-30,,no,no,Bo,,5,1,70,70,,
A6,Fjord Textil,active,90000,EUR,2026-10-10,,no,no,,,0,2,60,65,,
A7,Gale Works,active,12000,JPY,,,no,no,Bo,,,,,,,
"""
)


@pytest.fixture(scope="module")
def book(tmp_path_factory, engine):
    somebody = Person(tmp_path_factory.mktemp("look"))
    (somebody.home / "book.csv").write_text(BOOK)
    assert somebody.run("import", "book.csv").code == 0
    return somebody


def told(book, *words):
    done = book.run(*words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def ids(book, *words):
    return [each["id"] for each in told(book, "list", *words)["accounts"]]


def test_the_list_holds_every_account_with_the_promised_keys(book):
    listed = told(book, "list")
    assert listed["schema"] == "renewctl/list/1"
    assert listed["as_of"] == "2026-03-02"
    by_id = {each["id"]: each for each in listed["accounts"]}
    assert sorted(by_id) == ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]
    keys = {
        "id", "name", "arr", "currency", "arr_base", "segment", "health", "opportunity", "touch", "owner",
        "stage", "renewal_date", "days_to_renewal",
    }  # fmt: skip
    assert keys <= set(by_id["A1"])
    assert {each["segment"] for each in listed["accounts"]} == {"enterprise", "mid_market", "smb", None}
    assert by_id["A1"]["opportunity"] == "expansion"
    assert (by_id["A2"]["opportunity"], by_id["A2"]["health"]["band"]) == ("at_risk", "red")
    assert by_id["A3"]["touch"] == "auto_renew"
    assert by_id["A3"]["days_to_renewal"] == 49
    assert (by_id["A6"]["arr"], by_id["A6"]["currency"], by_id["A6"]["arr_base"]) == (90000, "EUR", 97200)
    assert (by_id["A4"]["in_force"], by_id["A1"]["in_force"]) == (False, True)


def test_totals_are_the_sums_of_what_is_listed(book):
    listed = told(book, "list")
    assert listed["totals"]["accounts"] == len(listed["accounts"])
    assert listed["totals"]["arr_base"] == sum(each["arr_base"] or 0 for each in listed["accounts"])
    assert listed["totals"]["in_force"] == {"accounts": 6, "arr_base": listed["totals"]["arr_base"] - 18000}


def test_unowned_unsegmented_and_undated_accounts_are_listed_as_problems(book):
    problems = {(each["account"], each["code"]) for each in told(book, "list")["problems"]}
    assert ("A6", "unowned") in problems
    assert ("A5", "arr-unknown") in problems
    assert ("A7", "currency-without-rate") in problems
    assert ("A7", "renewal-date-unknown") in problems
    assert not {account for account, _ in problems} & {"A1", "A3", "A4"}
    said = book.run("list").err
    assert "no owner: Fjord Textil" in said
    assert "no segment: Ember Media, Gale Works" in said
    assert "no rate for JPY" in said


def test_filters_keep_what_they_name_and_none_asks_for_the_unknown(book):
    assert ids(book, "--segment", "enterprise") == ["A1"]
    assert ids(book, "--owner", "Cora") == ["A2"]
    assert ids(book, "--owner", "none") == ["A6"]
    assert set(ids(book, "--segment", "none")) == {"A5", "A7"}
    assert ids(book, "--band", "red") == ["A2"]
    assert ids(book, "--segment", "smb", "--band", "red") == []


def test_the_owner_me_is_the_one_who_asks(book):
    assert json.loads(book.run("list", "--owner", "me", "--json", RENEWCTL_USER="Saul").out)["accounts"]
    assert not json.loads(book.run("list", "--owner", "me", "--json", RENEWCTL_USER="x").out)["accounts"]


def test_a_filter_that_does_not_exist_is_wrong_usage(book):
    for words in (("--segment", "huge"), ("--band", "blue"), ("--format", "pdf"), ("--sort", "luck")):
        done = book.run("list", *words)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error[unknown-choice]")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("renewal", ["A3", "A2", "A5", "A1", "A4", "A6", "A7"]),
        ("name", ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]),
        ("arr", ["A1", "A6", "A2", "A4", "A3", "A5", "A7"]),
    ],
)
def test_the_list_is_sorted_as_asked_with_the_unknown_last(book, sort, order):
    assert ids(book, "--sort", sort) == order


def test_a_pipe_gets_one_plain_line_an_account(book):
    done = book.run("list")
    lines = done.out.splitlines()
    assert len(lines) == 8
    assert lines[0].split()[:3] == ["ID", "ACCOUNT", "ARR"]
    assert "\x1b" not in done.out


def test_a_terminal_gets_a_table_that_fits_and_says_what_it_left_out(book):
    shown = book.run_on_terminal("list", "--limit", "2", COLUMNS="80").out
    assert "… and 5 more" in shown
    rows = [hostile.bare(line) for line in shown.splitlines()[:3]]
    assert rows[1].startswith("Cobalt Clinics")
    assert all(len(hostile._SGR.sub("", line).rstrip()) <= 80 for line in shown.splitlines()[:3])


def test_csv_holds_values_and_markdown_a_table(book):
    rows = list(csv.DictReader(io.StringIO(book.run("list", "--format", "csv").out)))
    assert [row["id"] for row in rows] == ["A3", "A2", "A5", "A1", "A4", "A6", "A7"]
    assert (rows[0]["arr"], rows[0]["renewal_date"], rows[2]["arr"]) == ("6200", "2026-04-20", "")
    marked = book.run("list", "--format", "md").out.splitlines()
    assert re.fullmatch(r"\| ID \| ACCOUNT \|.*\|", marked[0])
    assert len(marked) == 9


def test_show_tells_facts_classification_plan_and_people(book):
    shown = told(book, "show", "Acme")
    assert shown["schema"] == "renewctl/show/1"
    assert (shown["account"]["id"], shown["account"]["arr"]) == ("A1", 240000)
    for name in ("segment", "health", "opportunity", "touch", "owner"):
        decision = shown["classification"][name]
        assert decision["value"]
        assert all({"rule", "observed", "threshold"} <= set(each) for each in decision["because"])
        assert decision["because"]
    assert (shown["anchor"], shown["anchor_on"]) == ("opt_out_deadline", "2026-07-01")
    assert {"milestone_days", "due_on", "work_on", "actions", "status"} <= set(shown["plan"][0])
    assert shown["plan"][-1]["trigger"] == "won"
    assert (shown["saves"], shown["stakeholders"]) == ([], [])
    assert shown["effort"]["budget_hours"] == [15, 25]


def test_show_gives_the_dates_that_due_gives(book):
    owed = told(book, "due", "--days", "365")["items"]
    for key in ("A1", "A2", "A3"):
        shown = told(book, "show", key)
        planned = {
            (action["item"], day["due_on"], action["owner"])
            for day in shown["plan"]
            if day["due_on"]
            for action in day["actions"]
        }
        assert {(e["item"], e["due_on"], e["owner"]) for e in owed if e["account"] == key} == planned


def test_show_says_why_there_is_no_plan(book):
    assert "churned" in told(book, "show", "A4")["unplanned"]
    assert "renewal date" in told(book, "show", "A7")["unplanned"]
    assert "ARR" in told(book, "show", "A5")["unplanned"]
    assert "no plan: the ARR is unknown" in book.run("show", "A5").out


def test_explain_names_rule_threshold_flip_and_the_line_of_the_file(book):
    explained = told(book, "explain", "Borealis")
    assert explained["schema"] == "renewctl/explain/1"
    decisions = {each["decision"]: each for each in explained["decisions"]}
    segment = decisions["segment"]
    assert segment["because"][0]["rule"] == "SEG"
    assert segment["because"][0]["text"]
    assert [(e["field"], e["to"], e["becomes"]) for e in segment["flips"]] == [("arr", 9_999_99, "smb")]
    assert [(e["file"], e["line"]) for e in segment["sources"]] == [("book.csv", 3)]
    health = decisions["health"]
    assert {each["rule"] for each in health["because"]} >= {"HLT-1", "HLT-2", "HLT-3"}
    text = book.run("explain", "Borealis").out
    assert "book.csv:3" in text
    assert "USD 48,000 → USD 9,999.99: smb" in text


def test_an_unknown_account_and_an_ambiguous_one_are_never_guessed(book):
    for command in ("show", "explain"):
        done = book.run(command, "Zenith")
        assert (done.code, done.out) == (13, "")
        assert book.run(command, "al").code == 13


def test_an_account_with_several_contracts_is_one_value_and_several_plans(book, tmp_path):
    other = Person(tmp_path)
    (tmp_path / "a.csv").write_text("id,name,csm,arr,renewal_date\nA1,Acme,Cora,1000,2026-05-01\n")
    (tmp_path / "c.csv").write_text(
        "id,account_id,arr,currency,renewal_date\nK1,A1,60000,USD,2026-09-01\nK2,A1,50000,USD,2026-07-01\n"
    )
    assert other.run("import", "a.csv").code == 0
    assert other.run("import", "c.csv", "--kind", "contracts").code == 0
    shown = told(other, "show", "Acme")
    assert shown["classification"]["segment"]["value"] == "enterprise"
    assert (shown["contract"], shown["account"]["arr"]) == ("K2", 110000)
    assert [each["id"] for each in shown["contracts"]] == ["K2", "K1"]
    assert all(each["plan"] for each in shown["contracts"])
    explained = told(other, "explain", "Acme", "--contract", "K1")
    flip = explained["decisions"][0]["flips"][0]
    assert (flip["field"], flip["now"], flip["to"]) == ("arr", 60_000_00, 49_999_99)
    assert other.run("explain", "Acme", "--contract", "K9").code == 13


def test_hostile_names_are_text_in_every_form(tmp_path):
    other = Person(tmp_path)
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(["id", "name", "arr", "renewal_date", "csm"])
    for no, name in enumerate(hostile.NAMES.values()):
        writer.writerow([f"H{no}", name, 5000, "2026-08-01", name])
    (tmp_path / "h.csv").write_bytes(sheet.getvalue().encode())
    assert other.run("import", "h.csv").code in (0, 1)
    hostile.check_csv(other.run("list", "--format", "csv").out)
    hostile.check_markdown(other.run("list", "--format", "md").out)
    hostile.check_plain(other.run("list").out)
    hostile.check_terminal(other.run_on_terminal("list").out)
    for key in ("H0", "H5", "H8", "H10", "H13", "H14"):
        hostile.check_plain(other.run("show", key).out + other.run("explain", key).out)
        hostile.check_terminal(other.run_on_terminal("show", key).out)


@pytest.fixture
def own(tmp_path, engine):
    """A book of one's own, to change."""
    somebody = Person(tmp_path)
    text = BOOK.replace("90000,EUR", '"1,234,567.89",BRL').replace(",no,no,Bo,Saul", ",no,no,Bó,Saul")
    (tmp_path / "book.csv").write_text(text)
    done = somebody.run("import", "book.csv")
    assert done.code == 0, done.err
    return somebody


def test_an_account_whose_contracts_are_all_lost_is_no_longer_in_force(own):
    before = told(own, "list")
    lost = ("--reason", "price", "--competitor", "Rival", "--lost-on", "2026-02-20")
    assert own.run("lost", "Acme", *lost).code == 0
    assert own.run("lost", "Ember", "--reason", "closed down").code == 0
    listed = told(own, "list")
    by_id = {each["id"]: each for each in listed["accounts"]}
    assert [by_id[each]["in_force"] for each in ("A1", "A2", "A4", "A5")] == [False, True, False, False]
    assert by_id["A1"]["status"] == "active"
    was, now = before["totals"]["in_force"], listed["totals"]["in_force"]
    assert (was["accounts"] - now["accounts"], was["arr_base"] - now["arr_base"]) == (2, 240000)
    assert {each["account"] for each in listed["problems"]}.isdisjoint({"A1", "A5"})
    plain = own.run("list")
    assert "Acme Robotics (lost)" in plain.out
    assert "Acme" not in plain.err
    assert "Ember" not in plain.err
    shown = own.run("show", "Acme").out
    assert "Not in force: lost on 2026-02-20, reason price, to Rival; there is no agenda." in shown
    account = told(own, "show", "Acme")["account"]
    assert (account["in_force"], account["lost"]["reason"]) == (False, "price")


def test_an_account_with_one_contract_left_is_in_force(own):
    (own.home / "c.csv").write_text(
        "id,account_id,arr,currency,renewal_date\nK1,A1,60000,USD,2026-09-01\nK2,A1,50000,USD,2026-07-01\n"
    )
    assert own.run("import", "c.csv", "--kind", "contracts").code == 0
    assert own.run("save", "start", "A1", "--scenario", "value").code == 0
    assert own.run("lost", "A1", "--contract", "K1", "--reason", "price").code == 0
    assert told(own, "show", "A1")["account"]["in_force"] is True
    assert told(own, "save", "list")["totals"]["open"] == 1
    assert own.run("lost", "A1", "--reason", "price").code == 0
    assert told(own, "show", "A1")["account"]["in_force"] is False
    assert told(own, "save", "list")["totals"]["open"] == 0


def test_a_value_in_another_currency_is_told_with_its_rate(own):
    rate = "BRL 1,234,567.89 at 0.18 = USD 222,222.22"  # 1234567.89 × 0.18 = 222222.2202
    explained = own.run("explain", "Fjord").out
    assert rate in explained
    shown = own.run("show", "Fjord").out.splitlines()
    assert any(line.split() == ["ARR", *rate.split()] for line in shown)
    assert any(line.startswith("RENEWAL") and rate in line for line in shown)
    account = told(own, "show", "Fjord")["account"]
    assert (account["currency"], account["rate"], account["arr_base"]) == ("BRL", 0.18, 222222.22)
    assert "no rate to USD" in own.run("show", "Gale").out
    assert " at " not in own.run("show", "Acme").out.split("CLASSIFICATION")[0]


def test_an_owner_is_found_in_any_case_and_without_accents(own):
    everybody = told(own, "list")["accounts"]
    mine = [each["id"] for each in everybody if each["owner"] in ("Bo", "Bó")]
    assert mine
    for spelling in ("bo", "BÓ", "Bo"):
        done = own.run("list", "--owner", spelling, "--json")
        assert [each["id"] for each in json.loads(done.out)["accounts"]] == mine
        assert "nobody" not in done.err


@pytest.mark.parametrize("typed", ["Acme Robtics", "acme-robotics", "Robotcs", "acm robotics."])
def test_a_name_mistyped_brings_the_near_ones(book, typed):
    done = book.run("show", typed)
    assert done.code == 13
    assert "did you mean Acme Robotics (A1)?" in done.err


def test_a_name_like_no_other_brings_no_guess(book):
    assert "hint: see them all: renewctl list" in book.run("show", "Zenith Power").err
