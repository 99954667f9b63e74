"""`undo` takes every kind of command back, and says why where it cannot; `--as-known-on` shows the past."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from renewctl.store import undo
from tests.desk import ACCOUNTS
from tests.histories import agenda, fresh_agenda, recorded_at, state
from tests.saves import PROOFS, cause_of, first_help, step_of

pytestmark = pytest.mark.both_engines

MORE = (
    ACCOUNTS.replace("120000", "150000").replace("Gamma,", "Gamma SA,")
    + "D4,Delta,9000,USD,2026-08-01"
    + "," * 7
)
START = ("save", "start", "A1", "--scenario", "value")
PROMISE = ("save", "promise", "add", "s1", "a fix", "--due", "2026-03-20", "--to", "Joe")
LEVEL = ("save", "level", "add", "s1", "support", "an answer in 4 hours", "--hours", "4")
WHYS = tuple(f"--why=because {number}" for number in range(5))
BY = ("--evidence", "their mail")
SAVED = (
    START, ("save", "done", "s1-call"), ("save", "why", "s1", *WHYS, "--root-cause", cause_of("value")),
    ("save", "done", f"s1-{step_of('planned', 'value')}"), ("save", "done", f"s1-{first_help('value')}"),
    *(("save", "evidence", "s1", name, "seen") for name in PROOFS),
    ("save", "close", "s1", "--result", "saved"),
)  # fmt: skip
SAVES = {
    "save done": (START, ("save", "done", "s1-call", "--at", "2026-03-02T08:00")),
    "save why": (START, ("save", "why", "s1", "--why", "too dear")),
    "save why with the cause": (START, ("save", "why", "s1", *WHYS, "--root-cause", cause_of("value"))),
    "save why with a switch": (
        START, ("save", "done", f"s1-{step_of('planned', 'value')}"),
        ("save", "why", "s1", "--switch", "budget"),
    ),
    "save answer": (START, ("save", "answer", "s1", "idle-seats=yes")),
    "save team": (START, ("save", "team", "s1", "engineering=rui", "csm=sofia")),
    "save evidence": (START, ("save", "evidence", "s1", "commitment", "signed")),
    "save worth": (
        START,
        ("save", "worth", "s1", "--hours", "9", "--chance", "40", "--decide", "fight", "--reason", "big"),
    ),
    "save note": (START, ("save", "note", "s1", "--blocker", "no access", "--decision", "who pays?")),
    "save note cleared": (START, ("save", "note", "s1", "--cleared", "--taken", "we do")),
    "save note setback": (*SAVED[:-1], ("save", "note", "s1", "--setback", "broke again")),
    "save close as saved": SAVED,
    "save close in part": (
        *SAVED[:-1], ("save", "close", "s1", "--result", "partly_saved", "--arr", "60000"),
    ),
    "save reopen": (*SAVED, ("save", "reopen", "s1", "--reason", "angry again")),
    "save promise add": (START, PROMISE),
    "save promise chain": (START, ("save", "promise", "chain", "s1", "export", "--release", "2026-04-30")),
    "save promise kept": (START, PROMISE, ("save", "promise", "kept", "p1", *BY)),
    "save promise broken": (START, PROMISE, ("save", "promise", "broken", "p1", *BY)),
    "save promise replaced": (
        START, PROMISE, ("save", "promise", "broken", "p1", *BY), (*PROMISE, "--replaces", "p1"),
    ),
    "save promise withdraw": (START, PROMISE, ("save", "promise", "withdraw", "p1", *BY)),
    "done with a promise": (START, PROMISE, ("done", "s1-p1", "--note", "sent")),
    "skip of a promise": (START, PROMISE, ("skip", "s1-p1", "--reason", "they let us off")),
    "save level add": (START, LEVEL),
    "save level log": (START, LEVEL, ("save", "level", "log", "l1", "--asked", "2026-03-02T08:00")),
    "an answer": (
        START, LEVEL, ("save", "level", "log", "l1", "--asked", "2026-03-02T08:00"), ("done", "s1-answer1"),
    ),
    "a weekly update": (START, ("done", "s1-update-1", "--hours", "0.5")),
}  # fmt: skip
COMMANDS = SAVES | {
    "import": (("import", "more.csv"),),
    "set": (("set", "A1", "arr=130000", "csm=Zoe", "nps=10", "champion=gone", "--reason", "agreed"),),
    "log": (("log", "A1", "talked", "--kind", "call", "--hours", "1"),),
    "stage": (("stage", "A1", "notified"),),
    "won": (("won", "A1", "--arr", "125000", "--term-months", "24"),),
    "lost": (("lost", "B2", "--reason", "price", "--competitor", "Rival"),),
    "done": (("done", "1-catch-up", "--hours", "0.5", "--note", "all"),),
    "skip": (("skip", "1-catch-up", "--reason", "no need"),),
    "snooze": (("snooze", "1-catch-up", "--until", "2026-03-05"),),
    "save start": (("save", "start", "A1", "--scenario", "value"),),
    "save close": (
        ("save", "start", "A1", "--scenario", "value"),
        ("save", "close", "s1", "--result", "lost", "--note", "gone"),
    ),
    "import over a set": (("set", "A1", "arr=130000", "--reason", "agreed"), ("import", "more.csv")),
}


def here(desk):
    with desk.open() as portfolio:
        assert agenda(portfolio) == fresh_agenda(portfolio)
        return state(portfolio)


def operations(desk):
    return desk.json("history")["operations"]


@pytest.mark.parametrize("commands", COMMANDS.values(), ids=COMMANDS.keys())
def test_every_command_is_taken_back_and_had_again(book, commands, monkeypatch):
    monkeypatch.chdir(book.folder)
    (book.folder / "more.csv").write_text(MORE)
    for words in commands[:-1]:
        assert book.run(*words).code == 0
    before = here(book)
    done = book.run(*commands[-1])
    assert done.code == 0, done
    after = here(book)
    assert after != before
    assert book.run("undo", "--yes").code == 0
    assert here(book) == before
    newest = operations(book)[0]["seq"]
    assert book.run("undo", str(newest), "--yes").code == 0
    assert here(book) == after


@pytest.mark.parametrize("commands", SAVES.values(), ids=SAVES.keys())
def test_no_command_on_a_save_writes_anything_in_a_dry_run(book, commands):
    for words in commands[:-1]:
        assert book.run(*words).code == 0
    before = book.facts()
    done = book.run(*commands[-1], "--dry-run")
    assert done.code == 0, done
    assert "nothing was written" in done.err
    assert book.facts() == before
    assert book.json(*commands[-1], "--dry-run")["schema"].startswith("renewctl/")
    assert book.facts() == before


def test_undo_walks_back_until_nothing_is_left_and_never_over_itself(book):
    states = [here(book)]
    for n in range(3):
        book.run("log", "A1", f"note {n}")
        states.append(here(book))
    for expected in [*states[-2::-1], {}]:
        assert book.run("undo", "--yes").code == 0
        assert here(book) == expected
    book.fails(13, "nothing-to-undo", "undo", "--yes")
    book.run("undo", "#7", "--yes")  # the undo of the first note: as if it had been written again
    assert len(operations(book)) == 8


def test_a_portfolio_whose_import_was_taken_back_reads_the_file_again(desk):
    desk.import_(ACCOUNTS)
    whole = here(desk)
    assert desk.run("undo", "--yes").code == 0
    assert here(desk) == {}
    desk.import_(ACCOUNTS)
    assert here(desk) == whole


def test_a_set_taken_back_after_a_later_import_leaves_no_stale_memory_of_the_file(book):
    book.run("set", "A1", "nps=10", "--reason", "asked")
    book.import_(ACCOUNTS.replace("Gamma", "Gamma SA"))
    assert book.run("undo", "2", "--yes").code == 0
    assert {each[-1] for key, each in here(book).items() if key[0] == "pin"} == set()
    with book.open() as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM source") == 0


def test_later_commands_on_the_same_rows_are_named_and_what_to_do(book):
    book.run("set", "A1", "arr=130000", "--reason", "agreed")
    book.run("log", "B2", "nothing to do with it")
    book.run("won", "A1", "--arr", "140000")
    before = book.facts()
    told = book.fails(14, "undo-conflict", "undo", "2", "--yes")
    assert re.search(r"operation 2 \(set\) .*: #4 won \(\d{4}-\d\d-\d\d\)\n", told)
    assert told.endswith("hint: undo those first: renewctl undo 4\n")
    assert book.facts() == before
    assert book.run("undo", "4", "--yes").code == 0
    assert book.run("undo", "2", "--yes").code == 0


def test_what_is_taken_back_is_shown_first_and_asked_for(book):
    book.run("set", "A1", "arr=130000", "--reason", "agreed")
    before = book.facts()
    asked = book.run("undo")
    assert asked.code == 2
    assert asked.out == ""
    for part in ("#2 ", "ana  set", "agreed", "USD 120,000 → USD 130,000", "error[needs-yes]", "2 rows"):
        assert part in asked.err
    tried = book.run("undo", "--dry-run")
    assert (tried.code, tried.out) == (0, "")
    assert "dry run: nothing was written" in tried.err
    assert book.facts() == before


def test_asked_on_a_terminal_no_changes_nothing(person):
    (person.home / "a.csv").write_text(ACCOUNTS)
    person.run("import", "a.csv")
    before = person.portfolio.read_bytes()
    shown = person.run_on_terminal("undo", "--dry-run")
    assert shown.code == 0
    assert "to be taken back:" in shown.out
    assert person.portfolio.read_bytes() == before


def test_the_json_names_the_new_operation_and_the_old_one(book):
    book.run("set", "A1", "csm=Zoe")
    told = book.json("undo", "--yes")
    assert (told["schema"], told["operation"], told["changed"]) == ("renewctl/undo/1", 3, True)
    assert (told["undone"]["seq"], told["undone"]["command"], told["undone"]["rows"]) == (2, "set", 2)
    tried = book.json("undo", "--dry-run")
    assert (tried["operation"], tried["changed"], tried["undone"]["seq"]) == (None, False, 1)


@pytest.mark.parametrize("word", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_a_number_that_is_none_is_wrong_usage(book, word):
    assert book.run("undo", "--yes", "--", word).code == 2


@pytest.mark.parametrize("word", ["0", "2", "999999999999999999"])
def test_an_operation_that_is_not_there_is_not_found(book, word):
    book.fails(13, "no-such-operation", "undo", word, "--yes")


def test_history_tells_what_took_back_what(book):
    book.run("set", "A1", "csm=Zoe")
    book.run("undo", "--yes")
    book.run("undo", "3", "--yes")
    told = {each["seq"]: each for each in operations(book)}
    assert [(told[n]["undoes"], told[n]["undone_by"]) for n in (1, 2, 3, 4)] == [
        (None, None), (None, None), (2, 4), (3, None),
    ]  # fmt: skip
    assert len({each["digest"] for each in told.values()}) == 4
    assert told[3]["command"] == "undo 2"
    text = book.run("history").out
    assert "undo 2  (as of 2026-03-02)  (taken back by #4)\n    took back #2 set: Acme Ltd: csm" in text
    assert "took back #3 undo 2: #2 set: Acme Ltd: csm" in text
    last = "undo 4"
    for _ in range(3):
        assert book.run(*last.split(), "--yes").code == 0
        last = f"undo {operations(book)[0]['seq']}"
    assert operations(book)[0]["summary"].count("#") == 2  # however often to and fro


def test_history_knows_what_removed_rows_were_called(book):
    book.run("undo", "--yes")
    removed = operations(book)[0]["changes"]
    assert {(each["account"], each["label"]) for each in removed if each["entity"] == "account"} == {
        ("A1", "A1"), ("B2", "B2"), ("C3", "C3"),
    }  # fmt: skip
    assert "contract B2 of B2 removed" in book.run("history").out
    fields = {
        each["field"]: each["before"]
        for change in removed if (change["entity"], change["account"]) == ("contract", "B2")
        for each in change["fields"]
    }  # fmt: skip
    assert (fields["arr"], fields["currency"]) == (5000.5, "EUR")


def test_much_is_taken_back_only_after_a_copy_was_put_aside(desk, monkeypatch):
    kept = []

    def before(portfolio, reason):
        kept.append((reason, len(state(portfolio))))
        return desk.folder / "kept.db"

    count = undo.BULK // 2 + 1
    rows = "".join(f"N{n},Name {n},5000,USD,2026-09-15\n" for n in range(count))
    desk.import_("id,name,arr,currency,renewal_date\n" + rows)
    whole = here(desk)
    monkeypatch.setattr("renewctl.store.backup.before", before)
    assert desk.run("undo", "--dry-run").code == 0
    assert kept == []
    done = desk.run("undo", "--yes")
    assert kept == [("before-undo", 2 * count)]
    assert "kept.db" in done.err
    assert here(desk) == {}
    assert desk.run("undo", "2", "--yes").code == 0
    assert here(desk) == whole
    assert len(kept) == 2
    desk.run("log", "N1", "small")
    desk.run("undo", "--yes")
    assert len(kept) == 2


# --- as known on --------------------------------------------------------------------------------------


@pytest.fixture
def past(desk):
    """A book of which something was recorded on each of three days."""
    with recorded_at("2026-03-02T10:00:00Z"):
        desk.import_(ACCOUNTS)
    with recorded_at("2026-03-03T23:59:59Z"):
        desk.run("set", "A1", "arr=130000", "csm=Zoe", "--reason", "agreed")
    with recorded_at("2026-03-05T00:00:00Z"):
        desk.run("lost", "B2", "--reason", "price")
        desk.run("done", "1-catch-up")
    return desk


def test_facts_are_shown_as_recorded_by_the_end_of_a_day(past):
    def arr(day):
        return {each["id"]: each["arr"] for each in past.json("list", "--as-known-on", day)["accounts"]}

    assert arr("2026-03-02") == {"A1": 120000, "B2": 5000.5, "C3": None}
    assert arr("2026-03-03")["A1"] == arr("2026-03-04")["A1"] == arr("2026-03-05")["A1"] == 130000
    assert past.json("show", "A1", "--as-known-on", "2026-03-02")["account"]["csm"] == "Ana"
    assert past.json("show", "A1", "--as-known-on", "2026-03-03")["account"]["csm"] == "Zoe"
    whys = [past.json("explain", "A1", "--as-known-on", f"2026-03-0{day}") for day in (2, 3, 5)]
    assert whys[0] != whys[1] == whys[2]


def test_what_was_due_is_shown_as_it_was(past):
    def items(*words):
        return {each["item"] for each in past.json("due", "--days", "400", *words)["items"]}

    assert "1-catch-up" in items("--as-known-on", "2026-03-04")
    assert "1-catch-up" not in items("--as-known-on", "2026-03-05")
    assert items("--as-known-on", "2026-03-05") == items()
    assert {item.partition("-")[0] for item in items("--as-known-on", "2026-03-04")} == {"1", "2", "a2"}
    assert items("--as-known-on", "2026-03-04", "--as-of", "2026-03-10") == items(
        "--as-known-on", "2026-03-04"
    )


def test_the_day_reckoned_from_is_another_matter(past):
    told = past.json("list", "--as-known-on", "2026-03-02", "--as-of", "2026-04-01")
    assert told["as_of"] == "2026-04-01"
    first = told["accounts"][0]
    assert (first["id"], first["arr"], first["days_to_renewal"]) == ("A1", 120000, 60)


@pytest.mark.parametrize("words", [("list",), ("due",), ("show", "A1"), ("explain", "A1")])
def test_a_look_at_the_past_changes_nothing(past, words):
    before = past.facts()
    assert past.run(*words, "--as-known-on", "2026-03-03").code == 0
    assert past.facts() == before


def test_before_anything_was_recorded_it_is_said_so(past):
    done = past.run("list", "--as-known-on", "2026-03-01")
    assert (done.code, done.out) == (0, "No accounts.\n")
    assert (
        "as known on 2026-03-01: nothing had been recorded yet; the first entry is of 2026-03-02" in done.err
    )
    assert json.loads(past.run("due", "--json", "--as-known-on", "2026-03-01").out)["items"] == []
    assert past.run("show", "A1", "--as-known-on", "2026-03-01").code == 13


def test_an_empty_portfolio_has_no_past(desk):
    desk.run("init")
    done = desk.run("list", "--as-known-on", "2026-03-01")
    assert (done.code, done.out) == (0, "No accounts.\n")
    assert "as known on 2026-03-01: nothing had been recorded yet\n" in done.err


def test_a_day_to_come_or_no_day_is_wrong_usage(book):
    ahead = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    book.fails(2, "day-to-come", "list", "--as-known-on", ahead)
    book.fails(2, "bad-date", "due", "--as-known-on", "yesterday")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert book.json("list", "--as-known-on", today) == book.json("list")


@pytest.mark.parametrize("words", [("set", "A1", "csm=Z"), ("history",), ("undo",), ("done", "1-catch-up")])
def test_only_commands_that_look_have_the_option(book, words):
    assert book.run(*words, "--as-known-on", "2026-03-02").code == 2


def test_looking_at_the_present_loads_nothing_of_the_past(person):
    (person.home / "a.csv").write_text(ACCOUNTS)
    person.run("import", "a.csv")
    for words in (("due",), ("list",), ("show", "A1")):
        done = person.run(*words, PYTHONPROFILEIMPORTTIME="1")
        assert done.code == 0
        assert "renewctl.store.portfolio" in done.err
        assert not re.search(r"renewctl\.(store|core)\.(rewind|undo)", done.err)
    assert (
        "renewctl.store.rewind"
        in person.run("list", "--as-known-on", "2026-03-02", PYTHONPROFILEIMPORTTIME="1").err
    )
