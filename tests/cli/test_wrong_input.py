"""Wrong input of every kind ends in one clear line with its exit code, and the portfolio stays as it was."""

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.desk import Desk
from tests.engines import copy
from tests.processes import Person, Result, bind_to_permissions

BOOK = (
    "id,name,arr,currency,renewal_date,csm,usage_trend,engagement\n"
    "A1,Acme North,120000,USD,2026-05-01,Ana,5,80\n"
    "A2,Acme South,24000,USD,2026-04-20,Rui,-40,20\n"
    "A3,Bolt,4800,USD,2026-03-25,Ana,1,60\n"
)
HEADING = "id,name,arr,renewal_date\n"


class Case(NamedTuple):
    """A command with something wrong in it."""

    words: tuple[str, ...]
    code: int
    names: str  # what the message must name: a pattern
    files: dict[str, bytes] = {}  # noqa: RUF012 - never changed


CASES = {
    "no file": Case(("import", "gone.csv"), 10, r"gone\.csv"),
    "an empty file": Case(("import", "empty.csv"), 10, r"empty\.csv", {"empty.csv": b""}),
    "a file of blank lines": Case(("import", "blank.csv"), 10, r"blank\.csv", {"blank.csv": b"\n \n,,,\n\n"}),
    "a binary file": Case(
        ("import", "photo.csv"),
        10,
        r"photo\.csv",
        {"photo.csv": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\xff" * 99},
    ),
    "a spreadsheet that is none": Case(
        ("import", "book.xlsx"), 10, r"book\.xlsx", {"book.xlsx": b"PK\x03\x04 but not really"}
    ),
    "a folder": Case(("import", "."), 10, r"\."),
    "no usable heading": Case(
        ("import", "list.csv"), 10, r"list\.csv", {"list.csv": b"shopping,when\nmilk,today\neggs,later\n"}
    ),
    "headings without what is needed": Case(
        ("import", "phones.csv"), 10, "renewal_date", {"phones.csv": b"id,name,phone\nA1,Acme,555\n"}
    ),
    "dates that could be read in two ways": Case(
        ("import", "dates.csv"),
        10,
        "date-order|renewal_date",
        {"dates.csv": f"{HEADING}B1,Crane,10,03/04/2026\nB2,Dove,20,05/06/2026\n".encode()},
    ),
    "amounts that could be read in two ways": Case(
        ("import", "amounts.csv"),
        10,
        "decimal|arr",
        {"amounts.csv": f'{HEADING}B1,Crane,"1,234",2026-05-01\nB2,Dove,"5,678",2026-05-01\n'.encode()},
    ),
    "two headings for one field": Case(
        ("import", "twice.csv"),
        10,
        "arr",
        {"twice.csv": b"id,name,ARR,ARR,renewal_date\nB1,C,1,2,2026-05-01\n"},
    ),
    "a field that does not exist": Case(
        ("import", "ok.csv", "--map", "colour=name"), 2, "colour", {"ok.csv": BOOK.encode()}
    ),
    "a heading that does not exist": Case(
        ("import", "ok.csv", "--map", "csm=Nobody Here"), 2, "Nobody Here", {"ok.csv": BOOK.encode()}
    ),
    "an unknown kind": Case(
        ("import", "ok.csv", "--kind", "weather"), 2, "weather", {"ok.csv": BOOK.encode()}
    ),
    "an unknown preset": Case(
        ("import", "ok.csv", "--preset", "abacus"), 2, "abacus", {"ok.csv": BOOK.encode()}
    ),
    "an unknown account to show": Case(("show", "Zenith"), 13, "Zenith"),
    "an unknown account to explain": Case(("explain", "Zenith"), 13, "Zenith"),
    "an unknown account to write for": Case(("proposal", "Zenith"), 13, "Zenith"),
    "an unknown account to change": Case(("set", "Zenith", "csm=Eva", "--reason", "moved"), 13, "Zenith"),
    "an ambiguous name": Case(("show", "Acme"), 13, "Acme"),
    "an ambiguous name to save": Case(("save", "start", "acme", "--scenario", "value"), 13, "acme"),
    "an unknown item": Case(("done", "zzzzzz"), 13, "zzzzzz"),
    "an unknown item to skip": Case(("skip", "zzzzzz", "--reason", "no need"), 13, "zzzzzz"),
    "a save that is not there": Case(("save", "show", "Bolt"), 13, "Bolt"),
    "an unknown scenario": Case(("save", "start", "Bolt", "--scenario", "weather"), 2, "weather"),
    "an unknown stage": Case(("stage", "Bolt", "somewhere"), 2, "somewhere"),
    "an unknown field": Case(("set", "Bolt", "colour=red", "--reason", "why not"), 2, "colour"),
    "an unreadable amount": Case(("set", "Bolt", "arr=plenty", "--reason", "guess"), 10, "plenty"),
    "an unreadable date": Case(
        ("set", "Bolt", "renewal_date=2026-02-30", "--reason", "typo"), 10, "2026-02-30"
    ),
    "a day that is none": Case(("due", "--as-of", "2026-02-30"), 2, "2026-02-30"),
    "an unknown option": Case(("due", "--dasy", "7"), 2, "dasy"),
    "an option that wants a number": Case(("due", "--days", "soon"), 2, "soon"),
    "an unknown command": Case(("shwo", "Bolt"), 2, "shwo"),
    "a forgotten argument": Case(("show",), 2, "ACCOUNT"),
    "a forgotten reason": Case(("skip", "zzzzzz"), 2, "reason"),
    "an unknown kind to export": Case(("export", "weather"), 2, "weather"),
    "an unknown language": Case(("proposal", "Bolt", "--lang", "tlh"), 2, "tlh"),
    "an unknown tier": Case(("proposal", "Bolt", "--tiers", "good,cheapest"), 2, "cheapest"),
    "a password in an argument": Case(
        ("due", "--portfolio", "postgresql://ana:hunter2@db.example.com/r"), 2, "password"
    ),
    "a bad policy key": Case(
        ("due", "--policy", "policy.toml"),
        11,
        r"policy\.toml:2.*at_leest",
        {"policy.toml": b"[segments.enterprise]\nat_leest = 90000\n"},
    ),
    "a policy that is no TOML": Case(
        ("due", "--policy", "policy.toml"), 11, r"policy\.toml:1", {"policy.toml": b"[segments\n"}
    ),
    "a policy that is not there": Case(("due", "--policy", "gone.toml"), 11, r"gone\.toml"),
    "a missing portfolio": Case(("due", "--portfolio", "gone.db"), 12, r"gone\.db"),
    "a portfolio that is none": Case(
        ("list", "--portfolio", "notes.db"), 12, r"notes\.db", {"notes.db": b"just some notes\n" * 99}
    ),
    "a portfolio that is a folder": Case(("list", "--portfolio", "."), 12, r"\."),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Path:
    """A portfolio of three accounts, imported once."""
    somebody = Person(tmp_path_factory.mktemp("book"))
    (somebody.home / "book.csv").write_text(BOOK)
    done = somebody.run("import", "book.csv")
    assert done.code == 0, done.err
    return somebody.portfolio


@pytest.fixture
def ana(person: Person, template: Path) -> Person:
    """Ana, with that portfolio."""
    copy(template, person.portfolio)
    return person


def check_error(result: Result, code: int, names: str) -> None:
    """One `error[code]: …` line, at most one hint, nothing else that looks like an accident."""
    assert result.code == code, f"exit {result.code}: {result.err}"
    assert "Traceback" not in result.out + result.err
    lines = result.err.splitlines()
    errors = [line for line in lines if re.match(r"error\[[a-z0-9]+(-[a-z0-9]+)*\]: \S", line)]
    assert len(errors) == 1, result.err
    assert len([line for line in lines if line.startswith("hint: ")]) <= 1
    assert re.search(names, errors[0] + result.err), f"{names!r} is not named in {result.err!r}"
    assert "hunter2" not in result.out + result.err


def digest(file: Path) -> str:
    """What a file holds, in short."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_wrong_input_ends_in_one_clear_line_and_changes_nothing(ana: Person, case: Case) -> None:
    for name, content in case.files.items():
        (ana.home / name).write_bytes(content)
    before, files = digest(ana.portfolio), sorted(ana.home.rglob("*"))
    result = ana.run(*case.words)
    check_error(result, case.code, case.names)
    assert result.out == ""
    assert digest(ana.portfolio) == before
    assert sorted(ana.home.rglob("*")) == files, "a refused command left something behind"


@pytest.mark.parametrize("flag", ["--json", "--dry-run"])
def test_a_refused_import_is_refused_the_same_with(ana: Person, flag: str) -> None:
    before = digest(ana.portfolio)
    result = ana.run("import", "gone.csv", flag)
    check_error(result, 10, r"gone\.csv")
    assert result.out == ""
    assert digest(ana.portfolio) == before


def test_one_bad_file_of_several_lets_none_of_them_in(ana: Person) -> None:
    (ana.home / "good.csv").write_text(f"{HEADING}Z1,Zebra,900,2026-08-01\n")
    before = digest(ana.portfolio)
    check_error(ana.run("import", "good.csv", "gone.csv"), 10, r"gone\.csv")
    assert digest(ana.portfolio) == before


def test_unreadable_amounts_reject_their_rows_only_and_are_named(ana: Person) -> None:
    rows = "B1,Crane,a lot,2026-05-01\nB2,Dove,5000,2026-05-01\nB3,Eagle,6000,2026-02-30\n"
    (ana.home / "rows.csv").write_text(HEADING + rows)
    result = ana.run("import", "rows.csv", "--rejects", "rejects.csv", "--json")
    assert result.code == 1, result.err
    told = json.loads(result.out)["files"][0]
    assert (told["rows"], told["inserted"], told["rejected"]) == (3, 1, 2)
    assert {(each["line"], each["column"], each["value"]) for each in told["problems"]} >= {
        (2, "arr", "a lot"),
        (4, "renewal_date", "2026-02-30"),
    }
    rejects = (ana.home / "rejects.csv").read_text()
    assert "Crane" in rejects
    assert "Eagle" in rejects
    assert "Dove" not in rejects
    known = {each["id"] for each in json.loads(ana.run("list", "--json").out)["accounts"]}
    assert known == {"A1", "A2", "A3", "B2"}


READS = [
    ("list",),
    ("show", "Bolt"),
    ("explain", "Bolt"),
    ("history",),
    ("due",),
    ("export", "accounts"),
    ("save", "list"),
    ("done", "abc"),
    ("value", "Bolt"),
    ("proposal", "Bolt"),
]


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_no_command_but_import_makes_a_missing_portfolio(person: Person, words: tuple[str, ...]) -> None:
    check_error(person.run(*words), 12, re.escape(person.portfolio.name))
    assert list(person.home.iterdir()) == []


def _newer(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()


def _foreign(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE song (title TEXT)")
    connection.close()


def _damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


@pytest.mark.file_only("bytes of the file; see test_postgres.py")
@pytest.mark.parametrize(
    "harm", [_newer, _foreign, _damaged, _cut], ids=lambda harm: harm.__name__.strip("_")
)
@pytest.mark.parametrize("words", [("due",), ("set", "Bolt", "csm=Eva", "--reason", "moved")], ids=" ".join)
def test_a_portfolio_that_cannot_be_used_is_said_and_left(
    ana: Person, words: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    harm(ana.portfolio)
    before = digest(ana.portfolio)
    check_error(ana.run(*words), 12, r"portfolio\.db")
    assert digest(ana.portfolio) == before


@pytest.mark.file_only("locks of the file; see test_postgres.py")
def test_a_portfolio_in_use_by_a_writer_is_said_and_left(book: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renewctl.store.portfolio.BUSY_SECONDS", 0.2)
    other = sqlite3.connect(book.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    told = book.fails(12, "portfolio-locked", "set", "Acme", "csm=Eva", "--reason", "moved")
    other.execute("ROLLBACK")
    other.close()
    assert "in use" in told


def _can_give_up_rights() -> bool:
    import subprocess
    import sys

    try:
        subprocess.run([sys.executable, "-c", ""], check=True, preexec_fn=bind_to_permissions)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@pytest.fixture
def locked(person: Person) -> Path:
    """A folder in which nothing may be written."""
    if not _can_give_up_rights():
        pytest.skip("needs a system on which root can give up writing anywhere")
    folder = person.home / "locked"
    folder.mkdir()
    return folder


@pytest.mark.file_only("folders of files")
def test_a_read_only_folder_gets_no_portfolio(person: Person, locked: Path) -> None:
    (person.home / "book.csv").write_text(BOOK)
    locked.chmod(0o555)
    words = ("import", "book.csv", "--portfolio", "locked/p.db")
    check_error(person.run(*words, privileged=False), 12, r"locked/p\.db")
    assert list(locked.iterdir()) == []


@pytest.mark.file_only("folders of files")
def test_a_portfolio_in_a_read_only_folder_is_read_but_not_written(
    person: Person, locked: Path, template: Path
) -> None:
    file = locked / "p.db"
    shutil.copy(template, file)
    before = digest(file)
    locked.chmod(0o555)
    seen = person.run("list", "--portfolio", "locked/p.db", privileged=False)
    assert (seen.code, "Bolt" in seen.out) == (0, True), seen.err
    words = ("set", "Bolt", "csm=Eva", "--reason", "moved", "--portfolio", "locked/p.db")
    check_error(person.run(*words, privileged=False), 12, r"locked/p\.db")
    assert digest(file) == before


@pytest.mark.parametrize(
    "words",
    [
        ("proposal", "Acme North", "-o", "locked"),
        ("export", "accounts", "-o", "locked/accounts.csv"),
    ],
    ids=lambda words: words[0],
)
def test_a_read_only_folder_gets_no_papers(ana: Person, locked: Path, words: tuple[str, ...]) -> None:
    locked.chmod(0o555)
    result = ana.run(*words, privileged=False)
    check_error(result, 10, "locked")
    assert list(locked.iterdir()) == []


def test_a_check_that_never_fails_would_be_no_check() -> None:
    good = Result(10, "", "error[file-missing]: gone.csv: no such file\nhint: check the name\n")
    check_error(good, 10, "gone")
    for bad in (
        good._replace(code=3),
        good._replace(err="Traceback (most recent call last)\n" + good.err),
        good._replace(err="error: gone.csv\n"),
        good._replace(err=good.err + good.err),
        good._replace(err="error[file-missing]: no such file\n"),
    ):
        with pytest.raises(AssertionError):
            check_error(bad, 10, "gone")
