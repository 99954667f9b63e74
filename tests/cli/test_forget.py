"""`forget` as people and scripts meet it."""

import json
from pathlib import Path

import pytest

from renewctl.errors import PortfolioError

PEOPLE = """account_id,name,email,role,sentiment
A1,Joe Bloggs,joe@acme.example,champion,negative
A1,Mia Bloggs,mia@acme.example,user,
B2,Zoë Maël,zoe@beta.example,user,
"""


@pytest.fixture
def known(book):
    book.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    book.run("log", "A1", "Joe Bloggs rang, Bloggs was fed up", "--kind", "call")
    return book


def text(book):
    return json.dumps(book.facts(), default=str).casefold()


@pytest.mark.both_engines
def test_a_person_is_found_by_name_address_or_part_whatever_accents(known):
    for who, found in (
        ("joe bloggs", "Joe Bloggs"),
        ("ZOE@beta.example", "Zoë"),
        ("zoe mael", "Zoë"),
        ("zoë", "Zoë"),
    ):
        assert found in known.json("forget", who, "--dry-run")["who"]


@pytest.mark.both_engines
def test_forgetting_tells_what_it_did_and_what_it_left(known):
    told = known.json("forget", "joe bloggs", "--yes", "--reason", "asked for")
    assert told["schema"] == "renewctl/forget/1"
    assert (told["kind"], told["accounts"], told["changed"]) == ("stakeholder", ["A1"], True)
    assert told["rows"] == {"stakeholder": 1, "activity": 1}
    assert (told["operations"], told["unfinished"]) == (2, None)
    assert {each["text"] for each in told["look_at"]} >= {"(erased) rang, Bloggs was fed up"}
    assert "joe bloggs" not in text(known)
    assert "joe@" not in text(known)
    assert '"joe' in text(known)  # the champion of the book, of another name
    newest = known.json("history")["operations"][0]
    assert (newest["command"], "asked for" in newest["summary"]) == ("forget stakeholder of A1", True)
    assert known.run("doctor").code == 0


@pytest.mark.both_engines
def test_a_second_forgetting_finds_nobody(known):
    known.run("forget", "joe bloggs", "--yes")
    assert "on record or in the log" in known.fails(13, "nobody-found", "forget", "joe bloggs", "--yes")
    known.fails(13, "nobody-found", "forget", "(erased)", "--yes")
    known.fails(13, "nobody-found", "forget", "Erased", "--kind", "mention", "--account", "A1", "--yes")


def test_several_that_fit_are_listed_and_none_is_erased(known):
    facts = known.facts()
    said = known.fails(13, "ambiguous-stakeholder", "forget", "bloggs", "--yes")
    assert "joe@acme.example" in said
    assert "mia@acme.example" in said
    assert known.facts() == facts


def test_a_name_of_a_person_and_of_an_account_has_to_be_told_apart(known):
    known.import_("account_id,name\nA1,Beta Ltda\n", "--kind", "stakeholders", name="more.csv")
    assert "--kind" in known.fails(13, "ambiguous-name", "forget", "beta ltda", "--yes")
    assert known.json("forget", "beta ltda", "--kind", "account", "--dry-run")["accounts"] == ["B2"]
    assert known.json("forget", "beta ltda", "--kind", "stakeholder", "--dry-run")["accounts"] == ["A1"]
    assert known.json("forget", "beta ltda", "--account", "A1", "--dry-run")["kind"] == "stakeholder"


def test_a_champion_without_a_record_of_their_own_is_a_person_too(known):
    told = known.json("forget", "Joe", "--account", "A1", "--yes")
    assert told["rows"]["account"] == 1
    assert known.values("account", "no = 1")[0].champion is None
    assert {row.name for row in known.values("stakeholder")} == {"Joe Bloggs", "Mia Bloggs", "Zoë Maël"}


@pytest.mark.both_engines
def test_a_dry_run_changes_nothing_and_asks_nothing(known):
    facts = known.facts()
    done = known.run("forget", "A1", "--dry-run")
    assert done.code == 0
    assert "would be erased" in done.err
    assert "nothing was written" in done.err
    assert known.json("forget", "joe bloggs", "--dry-run")["changed"] is False
    assert known.facts() == facts


def test_without_yes_it_asks_and_a_script_has_to_say_it(known):
    facts = known.facts()
    said = known.fails(2, "needs-yes", "forget", "joe bloggs")
    assert "Joe Bloggs <joe@acme.example> of A1" in said
    assert "without a backup" in said
    assert known.facts() == facts


def test_words_that_do_not_fit_together_are_refused(known):
    known.fails(2, "who-missing", "forget", "--yes")
    known.fails(2, "who-missing", "forget", " ", "--yes")
    known.fails(2, "unknown-kind", "forget", "joe", "--kind", "person")
    known.fails(2, "account-missing", "forget", "joe", "--kind", "mention")
    known.fails(2, "account-twice", "forget", "A1", "--kind", "account", "--account", "A1")
    known.fails(2, "purge-alone", "forget", "joe", "--purge")
    known.fails(13, "no-such-account", "forget", "nobody", "--kind", "account")


@pytest.mark.both_engines
def test_an_account_is_erased_and_its_figures_and_items_stay(known):
    before = (
        known.json("list")["totals"],
        [item["item"] for item in known.json("due", "--days", "400")["items"]],
    )
    told = known.json("forget", "A1", "--yes")
    assert (told["kind"], told["accounts"]) == ("account", ["A1"])
    after = (
        known.json("list")["totals"],
        [item["item"] for item in known.json("due", "--days", "400")["items"]],
    )
    assert after == before
    assert "acme" not in text(known)
    assert known.json("history")["operations"][0]["command"] == "forget account 1"
    for words in (("show",), ("explain",), ("history",), ("timeline", "-o", "-")):
        assert known.run(words[0], "erased-1", *words[1:]).code == 0, words
    done = known.run("doctor")
    assert done.code == 0, done.out


def test_importing_the_old_file_again_brings_the_person_back_and_the_output_says_so(known):
    done = known.run("forget", "joe bloggs", "--yes")
    assert "importing them again brings everything back" in done.err
    known.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    assert "Joe Bloggs" in {row.name for row in known.values("stakeholder")}


def test_it_cannot_be_taken_back(known):
    known.run("forget", "joe bloggs", "--yes")
    last = known.json("history")["operations"][0]["seq"]
    assert known.run("undo", str(last), "--yes").code == 14


def test_a_reason_that_names_the_person_is_redacted_too(known):
    known.run("forget", "joe bloggs", "--yes", "--reason", "letter of JOE BLOGGS, 1 March")
    assert "letter of (erased), 1 March" in known.json("history")["operations"][0]["summary"]


def test_a_word_is_erased_from_the_texts_of_one_account(known):
    told = known.json("forget", "bloggs", "--kind", "mention", "--account", "A1", "--yes")
    assert told["rows"] == {"activity": 1}
    assert [row.text for row in known.values("activity")] == ["Joe (erased) rang, (erased) was fed up"]
    assert {row.name for row in known.values("stakeholder")} >= {"Joe Bloggs", "Mia Bloggs"}


@pytest.mark.both_engines
def test_backups_that_hold_the_person_are_named_with_how_to_remove_them(known):
    assert known.run("backup").code == 0
    told = known.json("forget", "joe bloggs", "--yes")
    (kept,) = told["backups"]
    assert kept["command"].startswith("rm -- ")
    assert Path(kept["file"]).exists()
    assert known.run("backup").code == 0
    again = known.json("forget", "mia bloggs", "--yes")
    assert len(again["backups"]) == 2
    names = {each["file"] for each in again["backups"]}
    assert kept["file"] in names


def test_a_backup_made_after_it_holds_nobody(known):
    known.run("forget", "joe bloggs", "--yes")
    assert known.run("backup").code == 0
    told = known.json("forget", "bloggs", "--kind", "mention", "--account", "A1", "--yes")
    assert len(told["backups"]) == 1  # the surname was still in it
    assert known.run("backup").code == 0
    assert len(known.json("forget", "mia bloggs", "--yes")["backups"]) == 2


def test_a_backup_that_cannot_be_read_is_named(known):
    from renewctl.store import backup

    known.run("backup")
    (copy,) = backup.listing(str(known.path))
    copy.file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    told = known.json("forget", "joe bloggs", "--yes")
    assert (told["backups"], told["backups_unread"]) == ([], [str(copy.file)])


def test_what_could_not_be_finished_is_said_and_finished_later(known, monkeypatch):
    with known.open() as portfolio:
        kind = type(portfolio)

    def full(self):
        raise PortfolioError("disk-full", "no room left")

    with monkeypatch.context() as patch:
        patch.setattr(kind, "purge", full)
        done = known.run("forget", "joe bloggs", "--yes")
        assert done.code == 1
        assert "no room left" in done.err
        assert "renewctl forget --purge" in done.err
    found = known.run("doctor")
    assert (found.code, "forgetting was not finished" in found.out) == (1, True)
    assert "finished" in known.run("forget", "--purge").err
    assert known.run("doctor").code == 0
    assert known.json("forget", "--purge")["was_pending"] is False


def test_names_from_outside_come_out_harmless(known):
    known.run("log", "A1", "Ev\x1b[31mil [/] Zed")
    known.import_("account_id,name\nA1,Ev\x1b[31mil [/] Zed\n", "--kind", "stakeholders", name="evil.csv")
    done = known.run("forget", "zed", "--account", "A1", "--yes")
    assert done.code == 0, done.err
    assert "\x1b" not in done.err + done.out
