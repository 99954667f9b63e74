"""`stakeholder …`: people at customers by hand and by import, threads, risks, and a champion's leaving."""

import json
from datetime import date

import pytest

from renewctl.core.model import Departure
from tests.desk import ACCOUNTS
from tests.engines import once
from tests.processes import Person

PEOPLE = """account_id,name,email,role,influence,sentiment,last_contact,thread_owner
A1,Joe,joe@acme.example,champion,high,positive,2026-02-20,ana
A1,Lou Ash,,user,low,neutral,,
A1,Lou Bell,bell@acme.example,user,low,neutral,2026-01-10,
B2,Mia,,decision_maker,,,2026-03-02,
"""


@pytest.fixture
def known(desk):
    """The three accounts with four people; A1's champion is Joe, by name and by role."""
    for name, text in (("accounts", ACCOUNTS), ("people", PEOPLE)):
        (desk.folder / f"{name}.csv").write_text(text, encoding="utf-8")
    once("people", desk.path, desk.folder, lambda: _know(desk))
    return desk


def _know(desk):
    desk.import_(ACCOUNTS)
    desk.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")


def person(desk, name):
    return desk.values("stakeholder", f"name = '{name}'")[0]


def account(desk, wanted="A1"):
    return desk.values("account", f"id = '{wanted}'")[0]


# --- by hand (STK-1) ------------------------------------------------------------------------------------


def test_somebody_is_added_with_all_that_is_said_and_nothing_else(known):
    told = known.json(
        "stakeholder", "add", "gamma", "Ida Luz", "--email", "ida@gamma.example", "--role", "juridico",
        "--influence", "media", "--sentiment", "neutro", "--last-contact", "2026-02-01",
        "--thread-owner", "rui",
    )  # fmt: skip
    assert told == {
        "schema": "renewctl/stakeholder/1", "account": "C3", "action": "added", "changed": True,
        "stakeholder": {
            "name": "Ida Luz", "email": "ida@gamma.example", "role": "legal_procurement",
            "influence": "medium", "sentiment": "neutral", "last_contact": "2026-02-01",
            "thread_owner": "rui", "left_on": None,
        },
    }  # fmt: skip
    row = person(known, "Ida Luz")
    assert (row.last_contact_on, row.source, row.no) == (date(2026, 2, 1), None, 5)


def test_a_dry_run_adds_changes_removes_and_flags_nothing(known):
    before = known.facts()
    for words in (
        ("add", "A1", "New"),
        ("set", "A1", "joe", "role=user"),
        ("remove", "A1", "joe"),
        ("gone", "A1", "joe"),
    ):
        done = known.run("stakeholder", *words, "--dry-run")
        assert done.code == 0, done
        assert "(dry run: nothing was written)" in done.err
        assert known.json("stakeholder", *words, "--dry-run")["changed"] is False
    assert known.facts() == before


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("add", "A1", "JOE"), 14, "stakeholder-known"),
        (("add", "A1", "Other", "--email", "JOE@acme.example"), 14, "stakeholder-known"),
        (("add", "A1", "Jo", "--role", "boss"), 2, "unknown-role"),
        (("add", "A1", "Jo", "--sentiment", "meh"), 2, "unknown-sentiment"),
        (("add", "A1", "Jo", "--influence", "vast"), 2, "unknown-influence"),
        (("add", "A1", "Jo", "--email", "nobody"), 2, "bad-email"),
        (("add", "A1", " "), 2, "bad-name"),
        (("add", "nobody", "Jo"), 13, "no-such-account"),
        (("set", "A1", "lou", "role=user"), 13, "ambiguous-stakeholder"),
        (("set", "A1", "zoe", "role=user"), 13, "no-such-stakeholder"),
        (("set", "A1", "joe", "role"), 2, "no-assignment"),
        (("set", "A1", "joe", "role=user", "role=champion"), 2, "field-twice"),
        (("set", "A1", "joe", "rank=1"), 2, "unknown-field"),
        (("set", "A1", "joe", "name="), 2, "bad-name"),
        (("set", "A1", "lou ash", "name=lou bell"), 14, "stakeholder-known"),
        (("gone", "A1", "joe", "--on", "2026-03-03"), 2, "bad-date"),
        (("gone", "A1", "joe", "--on", "yesterday"), 2, "bad-date"),
        (("gone", "C3", "joe"), 13, "no-such-stakeholder"),
        (("remove", "A1", ""), 13, "no-such-stakeholder"),
        (("map", "nobody"), 13, "no-such-account"),
        (("list", "nobody"), 13, "no-such-account"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(known, words, code, name):
    before = known.facts()
    known.fails(code, name, "stakeholder", *words)
    assert known.facts() == before


def test_a_champion_who_is_only_a_name_of_the_account_is_pointed_at(book):
    told = book.fails(13, "no-such-stakeholder", "stakeholder", "gone", "A1", "joe")
    assert "renewctl set A1 champion=gone" in told


@pytest.mark.parametrize("words", ["Joe", "joe@ACME.example", "JO", "oe"])
def test_people_are_found_by_address_name_beginning_or_part(known, words):
    told = known.json("stakeholder", "set", "A1", words, "influence=low")
    assert told["stakeholder"]["name"] == "Joe"


def test_many_of_one_name_are_listed_up_to_a_few(known):
    for no in range(10):
        known.run("stakeholder", "add", "B2", f"Same {no}")
    told = known.fails(13, "ambiguous-stakeholder", "stakeholder", "remove", "B2", "same")
    assert "Same 7 and 2 more" in told


def test_what_was_set_stays_over_an_import_until_the_source_says_something_else(known):
    known.run("stakeholder", "set", "A1", "joe", "role=user", "sentiment=")
    known.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    assert (person(known, "Joe").role, person(known, "Joe").sentiment) == ("user", None)
    changed = PEOPLE.replace("champion,high,positive", "decision_maker,high,positive")
    known.import_(changed, "--kind", "stakeholders", name="people.csv")
    assert (person(known, "Joe").role, person(known, "Joe").sentiment) == ("decision_maker", None)


def test_removing_somebody_with_pins_and_a_departure_is_taken_back_whole(known):
    known.run("stakeholder", "set", "A1", "joe", "role=user")
    known.run("stakeholder", "gone", "A1", "joe")
    before = {
        name: rows for name, rows in known.facts().items() if name not in ("operation", "change", "meta")
    }
    assert known.json("stakeholder", "remove", "A1", "joe")["action"] == "removed"
    assert known.values("departure") == []
    assert known.values("pin", "entity = 'stakeholder'") == []
    assert known.run("undo", "--yes").code == 0
    after = {name: rows for name, rows in known.facts().items() if name in before}
    assert after == before | {"source": after["source"]}
    assert known.run("doctor").code == 0


def test_who_was_added_cannot_be_taken_back_once_they_left(known):
    known.run("stakeholder", "add", "B2", "Vera")
    known.run("stakeholder", "gone", "B2", "vera")
    with known.open() as portfolio:
        added = portfolio.value("SELECT MAX(seq) FROM operation WHERE command = 'stakeholder add'")
    told = known.fails(14, "undo-conflict", "undo", str(added), "--yes")
    assert "stakeholder gone" in told


# --- a talk (STK-1, STK-2) ------------------------------------------------------------------------------


def last_contacts(known):
    found = known.json("stakeholder", "list", "A1")["stakeholders"]
    return {each["name"]: each["last_contact"] for each in found}


def test_a_talk_with_people_moves_their_last_contact_and_no_old_file_moves_it_back(known):
    """STK-1, STK-2: whoever was spoken with is no stale thread any more."""
    before, facts = last_contacts(known), known.facts()
    first, second = list(before)[:2]
    words = ("log", "A1", "price and people", "--kind", "call", "--with", first, "--with", second)
    assert known.json(*words, "--with", second.upper(), "--dry-run")["with"] == [first, second]
    assert known.facts() == facts
    told = known.run(*words, "--hours", "0.5")
    assert f"call of 2026-03-02 with {first}, {second} noted, 30 min" in told.err
    assert last_contacts(known) == before | {first: "2026-03-02", second: "2026-03-02"}
    known.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")  # an unchanged source is no news
    assert last_contacts(known)[first] == "2026-03-02"
    assert known.run("doctor").code == 0
    known.fails(13, "no-such-stakeholder", "log", "A1", "x", "--kind", "call", "--with", "Nobody Here")
    known.fails(2, "note-with-nobody", "log", "A1", "x", "--with", first)


def test_a_talk_with_somebody_who_is_gone_is_noted_and_says_so(known):
    """STK-3"""
    name = next(iter(last_contacts(known)))
    assert known.run("stakeholder", "gone", "A1", name, "--on", "2026-02-01").code == 0
    told = known.run("log", "A1", "she called", "--kind", "call", "--with", name).err
    assert f"note: {name} is on record as gone since 2026-02-01" in told


def test_undo_of_a_talk_takes_the_last_contact_back_and_an_older_talk_moves_none(known):
    before = last_contacts(known)
    name = next(iter(before))
    assert known.run("log", "A1", "hello", "--kind", "meeting", "--with", name).code == 0
    after = last_contacts(known)
    assert (
        known.run("log", "A1", "earlier", "--kind", "call", "--with", name, "--as-of", "2026-02-20").code == 0
    )
    assert last_contacts(known) == after
    known.run("undo", "--yes")
    known.run("undo", "--yes")
    assert last_contacts(known) == before


# --- gone (SAV-D) ---------------------------------------------------------------------------------------


def test_a_champion_who_leaves_flags_the_account_and_names_the_command_that_saves_it(known):
    """HLT-2: the cap of a champion gone; SAV-D: the playbook."""
    told = known.json("stakeholder", "gone", "A1", "joe", "--on", "2026-02-27", "--note", "moved on")
    assert told["champion_gone"] is True
    assert (told["health_cap"], told["scenario"], told["save"]) == (60, "champion_departure", None)
    assert told["command"] == "renewctl save start A1 --scenario champion_departure --flagged 2026-03-02"
    assert known.values("departure") == [Departure(1, 1, date(2026, 2, 27), "moved on")]
    assert account(known).champion_gone == 1
    assert known.json("show", "A1")["account"]["champion_gone"] is True
    assert [row.field for row in known.values("pin", "entity = 'account'")] == ["champion_gone"]
    words = told["command"].split()[1:]
    assert known.run(*words).code == 0
    assert known.json("save", "list")["saves"][0]["scenario"] == "champion_departure"


def test_a_leaving_is_noted_once(known):
    known.run("stakeholder", "gone", "A1", "joe")
    before = known.facts()
    told = known.json("stakeholder", "gone", "A1", "joe", "--on", "2026-01-01")
    assert (told["changed"], told["champion_gone"]) == (False, False)
    assert told["stakeholder"]["left_on"] == "2026-03-02"
    assert known.facts() == before


def test_where_a_save_runs_that_one_is_pointed_at(known):
    known.run("save", "start", "A1", "--scenario", "product")
    told = known.json("stakeholder", "gone", "A1", "joe")
    assert (told["save"], told["command"]) == ("s1", None)
    known.run("undo", "--yes")
    assert "renewctl save show s1" in known.run("stakeholder", "gone", "A1", "joe").err


def test_somebody_else_who_leaves_flags_nothing(known):
    told = known.json("stakeholder", "gone", "A1", "bell")
    assert (told["champion_gone"], told["scenario"], told["command"]) == (False, None, None)
    assert account(known).champion_gone == 0


def test_a_new_champion_of_an_account_that_lost_one_is_told_how_to_be_named(known):
    known.run("stakeholder", "gone", "A1", "joe")
    assert "renewctl set A1 'champion=Vera Novo'" in known.run(
        "stakeholder", "add", "A1", "Vera Novo", "--role", "champion"
    ).err  # fmt: skip
    known.run("set", "A1", "champion=Vera Novo")
    assert account(known).champion_gone == 0


# --- import (STK-1) -------------------------------------------------------------------------------------


def test_every_field_of_a_stakeholder_comes_in_from_portuguese_headings_and_words(book):
    book.import_(
        "Conta;Nome;E-mail;Papel;Influência;Sentimento;Último contato;Responsável\n"
        "A1;Jo Lima;jo@acme.example;Patrocinadora;Alta;Positivo;20/02/2026;ana\n"
        "A1;Rui Sá;;usuário;baixa;neutro;;\nA1;Eva Luz;;Decisora;;;;\nA1;Ivo Paz;;Jurídico;;;;\n",
        "--kind", "stakeholders", name="pessoas.csv",
    )  # fmt: skip
    assert [row.role for row in book.values("stakeholder")] == [
        "champion", "user", "decision_maker", "legal_procurement",
    ]  # fmt: skip
    row = person(book, "Jo Lima")
    assert row[2:9] == (
        "Jo Lima", "jo@acme.example", "champion", "high", "positive", date(2026, 2, 20), "ana",
    )  # fmt: skip


def test_a_role_that_is_none_is_named_and_the_person_kept(book):
    file = book.folder / "people.csv"
    file.write_text("account_id,name,role\nA1,Jo,overlord\n")
    told = book.json("import", str(file), "--kind", "stakeholders")["files"][0]
    assert (told["inserted"], told["rejected"]) == (1, 0)
    (problem,) = told["problems"]
    assert (problem["code"], problem["value"], problem["line"]) == ("enum-unknown", "overlord", 2)
    assert "champion" in problem["message"]
    assert person(book, "Jo").role is None


def imported(desk, text):
    file = desk.folder / "people.csv"
    file.write_text("account_id,name,email,role\n" + text)
    done = desk.run("import", str(file), "--kind", "stakeholders", "--json")
    told = json.loads(done.out)["files"][0]
    return told["inserted"], told["updated"], told["unchanged"], told["rejected"]


def test_an_address_that_is_new_or_left_out_makes_nobody_else(book):
    assert imported(book, "A1,Jo,,user\n") == (1, 0, 0, 0)
    assert imported(book, "A1,JO,jo@acme.example,user\n") == (0, 1, 0, 0)
    assert imported(book, "A1,Jo,,champion\n") == (0, 1, 0, 0)
    (row,) = book.values("stakeholder")
    assert (row.email, row.role) == ("jo@acme.example", "champion")
    assert imported(book, "A1,Jo,jo.two@acme.example,user\n") == (1, 0, 0, 0)
    assert imported(book, "B2,Jo,,user\n") == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "text",
    ["A1,Jo,,user\nA1,Jo,jo@acme.example,champion\n", "A1,Jo,jo@acme.example,champion\nA1,Jo,,user\n"],
)
@pytest.mark.parametrize("before", ["", "A1,Jo,,user\n", "A1,Jo,jo@acme.example,champion\n"])
def test_namesakes_with_and_without_an_address_settle_at_the_second_import(book, before, text):
    if before:
        imported(book, before)
    first = imported(book, text)
    rows = book.values("stakeholder")
    second = imported(book, text + "\n")
    assert second[:2] == (0, 0)
    assert second[3] == first[3]
    assert book.values("stakeholder") == rows


# --- list, map, risks (STK-2, STK-3) --------------------------------------------------------------------


def test_the_list_tells_of_everybody_who_left_and_who_is_there(known):
    known.run("stakeholder", "gone", "A1", "joe")
    told = known.json("stakeholder", "list")
    assert [(each["account"], each["name"], each["left_on"]) for each in told["stakeholders"]] == [
        ("A1", "Joe", "2026-03-02"), ("A1", "Lou Ash", None), ("A1", "Lou Bell", None), ("B2", "Mia", None),
    ]  # fmt: skip
    assert [each["days_since_contact"] for each in told["stakeholders"]] == [10, None, 51, 0]
    assert told["totals"] == {"stakeholders": 4, "left": 1}
    assert len(known.json("stakeholder", "list", "B2")["stakeholders"]) == 1
    out = known.run("stakeholder", "list", "A1").out
    assert "left 2026-03-02" in out
    assert "today" in known.run("stakeholder", "list").out
    assert "in 1 d" in known.run("stakeholder", "list", "--as-of", "2026-03-01").out


def test_an_empty_list_says_what_to_do(book):
    assert "renewctl stakeholder add" in book.run("stakeholder", "list").out
    assert "of Gamma is on record" in book.run("stakeholder", "list", "C3").out


def test_the_map_tells_every_thread_and_who_is_in_none(known):
    """STK-2."""
    known.run("stakeholder", "add", "A1", "Guest")
    told = known.json("stakeholder", "map", "A1")
    assert {each["thread"]: each["state"] for each in told["threads"]} == {
        "champion": "open", "executive": "missing", "technical": "missing", "commercial": "missing",
        "legal": "missing",
    }  # fmt: skip
    first = told["threads"][0]
    assert (first["ours"], first["last_contact"], first["days_since_contact"]) == (
        ["ana", "Ana"], "2026-02-20", 10,
    )  # fmt: skip
    assert [(each["ours"], each["name"]) for each in first["theirs"]] == [
        ("ana", "Joe"), ("Ana", "Lou Ash"), ("Ana", "Lou Bell"),
    ]  # fmt: skip
    assert [each["name"] for each in told["in_no_thread"]] == ["Guest"]
    out = known.run("stakeholder", "map", "A1").out
    assert "In no thread\n  Guest  role unknown  no contact on record" in out
    assert "nobody of theirs" in out
    assert "nobody ↔" in known.run("stakeholder", "map", "B2").out


def test_risks_are_listed_by_arr_and_add_up(known):
    """STK-3: each list is sorted and summed by the ARR at stake."""
    told = known.json("stakeholder", "risks")
    assert [each["account"] for each in told["single_threaded"]] == ["B2"]
    assert [(each["account"], each["missing_roles"]) for each in told["missing_roles"]] == [
        ("A1", ["economic_buyer", "decision_maker"])
    ]
    totals = told["totals"]
    assert totals["accounts"] == 2
    assert totals["missing_roles"] == {"accounts": 1, "arr_base": 120000}
    assert totals["arr_base"] == 120000 + totals["single_threaded"]["arr_base"]
    assert known.json("stakeholder", "risks", "--owner", "Bob")["totals"]["accounts"] == 1


def test_an_account_of_unknown_arr_comes_last_and_is_counted(known):
    known.import_("id,name,renewal_date,csm\nD4,Delta,2026-09-01,Ana\n", name="more.csv")
    told = known.json("stakeholder", "risks")
    assert [each["account"] for each in told["single_threaded"]] == ["B2", "D4"]
    assert told["single_threaded"][1]["arr_base"] is None
    out = known.run("stakeholder", "risks").out
    assert "(1 of unknown ARR)" in out
    assert "ARR unknown" in out
    known.run("stakeholder", "gone", "A1", "joe")
    assert "… and 2 more" in known.run("stakeholder", "risks", "--limit", "1").out


def test_a_book_without_risks_says_so_in_figures(known):
    """STK-3: a policy may ask for less."""
    overlay = known.folder / "p.toml"
    overlay.write_text(
        "[stakeholders]\nleast_people = 0\n"
        + "".join(f"[stakeholders.required.{each}]\nroles = []\n" for each in ("enterprise", "smb"))
    )
    out = known.run("stakeholder", "risks", "--policy", str(overlay)).out
    assert out.count("0 of 2 accounts") == 2
    assert "renewctl stakeholder map" not in out


def test_show_tells_what_hangs_by_too_few(known):
    """STK-3."""
    told = known.json("show", "A1")
    assert told["stakeholder_risks"]["missing_roles"] == ["economic_buyer", "decision_maker"]
    assert told["stakeholder_risks"]["single_threaded"] is False
    assert "risk: no economic buyer, no decision maker (STK-3)" in known.run("show", "A1").out
    assert "STAKEHOLDERS" not in known.run("show", "C3").out


def test_explain_says_why_an_account_hangs_by_too_few_with_the_rule(known):
    """STK-3."""
    told = known.json("explain", "A1")["stakeholders"]
    assert [(each["rule"], each["observed"]) for each in told] == [
        ("STK-3", "no economic buyer, no decision maker")
    ]
    out = known.run("explain", "A1").out
    assert "stakeholders: at risk" in out
    assert "renewctl stakeholder map A1" in out
    assert known.json("explain", "C3")["stakeholders"] == []


def test_on_a_terminal_a_page_is_shown_and_says_how_to_have_more(tmp_path):
    somebody = Person(tmp_path)
    rows = "".join(f"A1,Somebody {no},x{no}@acme.example,champion\n" for no in range(25))
    (somebody.home / "book.csv").write_text("id,name,arr,currency\nA1,Acme,1000,USD\n")
    (somebody.home / "people.csv").write_text("account_id,name,email,role\n" + rows)
    for words in (("book.csv",), ("people.csv", "--kind", "stakeholders")):
        assert somebody.run("import", *words).code == 0
    out = somebody.run_on_terminal("stakeholder", "list").out
    assert "… and 5 more" in out
    assert "Somebody 24" in somebody.run_on_terminal("stakeholder", "list", "--limit", "0").out
    assert len(somebody.run("stakeholder", "list").out.splitlines()) == 26
