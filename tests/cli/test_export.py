"""`export` as a command: where it writes, what it refuses, and that nothing is lost."""

import csv
import io
import json
import stat
import subprocess
import sys

import pytest


def test_csv_goes_to_stdout_unless_a_file_is_named(book):
    done = book.run("export", "accounts")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert (done.code, done.err) == (0, "")
    assert [(row["id"], row["arr"], row["renewal_date"]) for row in rows] == [
        ("A1", "120000", "2026-05-31"),
        ("B2", "5000.50", "2026-07-15"),
        ("C3", "", ""),
    ]
    assert book.run("export", "accounts", "-o", "-").out == done.out


def test_json_is_asked_for_in_two_ways_and_is_one_document(book):
    done = book.run("export", "accounts", "--format", "json")
    assert book.run("export", "accounts", "--json").out == done.out
    document = json.loads(done.out)
    assert (document["schema"], document["kind"]) == ("renewctl/export/1", "accounts")
    assert [row["arr"] for row in document["rows"]] == [120000, 5000.5, None]


def test_a_file_is_its_owners_alone_and_the_ending_tells_the_format(book):
    for name, begins in (("a.csv", b"id,"), ("a.json", b'{"schema"'), ("a.xlsx", b"PK\x03\x04")):
        file = book.folder / name
        done = book.run("export", "accounts", "-o", str(file))
        assert (done.code, done.out) == (0, "")
        assert "3 rows" in done.err
        assert file.read_bytes().startswith(begins)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_workbook_needs_a_file(book):
    assert "-o accounts.xlsx" in book.fails(2, "needs-file", "export", "accounts", "--format", "xlsx")
    book.fails(2, "needs-file", "export", "accounts", "--format", "xlsx", "-o", "-")


def test_kinds_and_formats_that_are_none_are_refused(book):
    assert "outcomes" in book.fails(2, "unknown-kind", "export", "everything")
    assert "xlsx" in book.fails(2, "unknown-format", "export", "accounts", "--format", "pdf")


def test_a_file_that_is_there_is_overwritten_only_with_yes(book):
    file = book.folder / "out.csv"
    file.write_text("mine")
    book.fails(2, "needs-yes", "export", "accounts", "-o", str(file))
    assert file.read_text() == "mine"
    assert book.run("export", "accounts", "-o", str(file), "--yes").code == 0
    assert file.read_text().startswith("id,")


def test_a_symbolic_link_is_never_followed(book):
    target = book.folder / "precious"
    target.write_text("mine")
    link = book.folder / "out.csv"
    link.symlink_to(target)
    book.fails(10, "symbolic-link", "export", "accounts", "-o", str(link), "--yes")
    assert target.read_text() == "mine"
    assert link.is_symlink()


def test_a_folder_that_is_none_or_read_only_ends_in_a_clear_line(book, person):
    book.fails(10, "cannot-write", "export", "accounts", "-o", str(book.folder / "no" / "such.csv"))
    book.fails(10, "not-a-file", "export", "accounts", "-o", str(book.folder))
    locked = person.home / "locked"
    locked.mkdir(mode=0o500)
    done = person.run(
        "export", "accounts", "-o", "locked/a.csv", privileged=False, RENEWCTL_PORTFOLIO=str(book.path)
    )
    assert done.code == 10
    assert done.err.startswith("error[cannot-write]")
    assert list(locked.iterdir()) == []


def test_an_export_leaves_no_other_file_behind(book):
    before = set(book.folder.iterdir())
    book.run("export", "accounts", "-o", str(book.folder / "a.xlsx"))
    assert set(book.folder.iterdir()) - before == {book.folder / "a.xlsx"}


@pytest.mark.parametrize("kind", ["accounts", "contracts", "health", "saves", "log"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_every_kind_shows_what_was_done(book, kind, form):
    book.run("log", "A1", "called", "--kind", "call", "--hours", "0.5")
    book.run("save", "start", "A1", "--scenario", "product")
    out = book.run("export", kind, "--format", form).out
    rows = json.loads(out)["rows"] if form == "json" else list(csv.DictReader(io.StringIO(out)))
    first = rows[0]
    expected = {
        "accounts": ("id", "A1"),
        "contracts": ("account_id", "A1"),
        "health": ("account_id", "A1"),
        "saves": ("scenario", "product"),
        "log": ("text", "called"),
    }[kind]
    assert first[expected[0]] == expected[1]


@pytest.mark.both_engines
def test_what_was_recorded_of_a_renewal_and_its_steps_is_told(book):
    for words in (
        ("amend", "A1", "--arr", "130000", "--reason", "more seats"),
        ("won", "A1", "--arr", "140000", "--uplift", "4000", "--successor", "N1"),
        ("health", "override", "A1", "--score", "60", "--reason", "one_off", "--until", "2026-04-01"),
        ("stakeholder", "add", "A1", "Mia Lund", "--role", "user"),
        ("stakeholder", "gone", "A1", "Mia Lund", "--note", "moved"),
        ("skip", "2-collect-health", "--reason", "too small"),
    ):
        done = book.run(*words)
        assert done.code == 0, (words, done.err)

    def rows(kind):
        return [
            {name: value for name, value in row.items() if value not in ("", None)}
            for row in json.loads(book.run("export", kind, "--json").out)["rows"]
        ]

    assert rows("amendments") == [
        {
            "account_id": "A1", "contract_id": "A1", "cycle": 1, "kind": "amendment",
            "effective_on": "2026-03-02", "arr_before": 120000, "arr_after": 130000, "currency": "USD",
            "renewal_before": "2026-05-31", "renewal_after": "2026-05-31", "reason": "more seats",
            "actor": "ana",
        }
    ]  # fmt: skip
    (agreed,) = rows("renewals")
    assert agreed == {
        "account_id": "A1", "contract_id": "A1", "cycle": 1, "kind": "renewal", "uplift": 4000,
        "expansion": 6000, "currency": "USD", "successor_id": "N1",
    }  # fmt: skip
    both = [row for row in rows("contracts") if row["account_id"] == "A1"]
    assert [(row["id"], row["state"], row["cycle"]) for row in both] == [
        ("A1", "superseded", 1),
        ("N1", "open", 2),
    ]
    assert rows("overrides") == [
        {
            "account_id": "A1", "score": 60, "reason": "one_off", "set_on": "2026-03-02",
            "until_on": "2026-04-01", "actor": "ana",
        }
    ]  # fmt: skip
    assert [(row["name"], row["left_on"], row["left_note"]) for row in rows("stakeholders")] == [
        ("Mia Lund", "2026-03-02", "moved")
    ]
    assert rows("items") == [
        {
            "item": "2-collect-health", "account_id": "B2", "contract_id": "B2", "state": "skipped",
            "set_on": "2026-03-02", "reason": "too small", "actor": "ana",
        }
    ]  # fmt: skip


@pytest.mark.both_engines
def test_a_step_that_was_given_to_somebody_is_told_as_people_type_it(book):
    assert book.run("reassign", "--from", "Ana", "--to", "Rui", "--open", "none", "--yes").code == 0
    kept = json.loads(book.run("export", "assignments", "--json").out)["rows"]
    assert kept
    for row in kept:
        assert row["item"].startswith(("1-", "a1-"))
        assert (row["account_id"], row["person"]) == ("A1", "Ana")
        assert row["contract_id"] == ("A1" if row["item"].startswith("1-") else None)


@pytest.mark.parametrize("kind", ["accounts", "contracts", "value", "log"])
def test_a_file_comes_with_a_word_on_what_an_import_would_pass_over(book, kind):
    said = book.run("export", kind, "-o", str(book.folder / "out.csv")).err.splitlines()[1:]
    assert (
        said
        == {
            "accounts": [
                "import passes over: segment_reason, early_on; of a lost account it makes one in force"
            ],
            "contracts": [
                "import passes over: stage, state, cycle; leave out what has ended with --where state=open"
            ],
            "value": [],
            "log": ["import takes no log; a backup carries everything: renewctl backup"],
        }[kind]
    )


def test_the_word_on_an_import_names_columns_that_are_in_the_file(book):
    book.run("won", "A1", "--arr", "130000")
    for ending in ("csv", "json"):
        file = book.folder / f"out.{ending}"
        said = book.run("export", "outcomes", "-o", str(file)).err
        text = file.read_text()
        named = said.partition("passes over: ")[2].strip().split(", ")
        assert named
        assert all(name in text for name in named)


def test_outcomes_tell_both_amounts_with_their_currency(book):
    book.run("won", "A1", "--arr", "130000.50")
    (row,) = csv.DictReader(io.StringIO(book.run("export", "outcomes").out))
    assert (row["arr_before"], row["arr_after"]) == ("USD 120000", "USD 130000.50")
    (row,) = json.loads(book.run("export", "outcomes", "--json").out)["rows"]
    assert (row["arr_before"], row["arr_after"], row["currency"]) == (120000, 130000.5, "USD")


def test_a_person_at_a_terminal_gets_no_escapes_and_a_pipe_gets_the_bytes(person):
    (person.home / "a.csv").write_text("id,name,arr,renewal_date\nA1,Ac\x1b[31mme é,,\n")
    assert person.run("import", "a.csv").code == 0
    assert "\x1b[31m" in person.run("export", "accounts").out
    shown = person.run_on_terminal("export", "accounts").out
    assert "\x1b" not in shown
    assert "Ac\\e[31mme é" in shown
    assert "Ac\x1b[31mme é" in person.run("export", "accounts", LC_ALL="C", PYTHONUTF8="0").out


def test_a_reader_that_goes_away_ends_it_quietly(person):
    rows = "".join(f"A{n},Account {n},,\n" for n in range(5000))
    (person.home / "a.csv").write_text("id,name,arr,renewal_date\n" + rows)
    assert person.run("import", "a.csv").code == 0
    line = f"{sys.executable} -m renewctl export accounts | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], env=person.env, cwd=person.home, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.startswith(b"id,")
