"""What `doctor` says of the rarer states: no policy, an older portfolio, backups of another line."""

import errno
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from renewctl.errors import PortfolioError
from renewctl.store import backup
from renewctl.store import portfolio as store
from renewctl.store.doctor import NAMED, Finding, Planned, Result, Seen, Subject, examine, run
from renewctl.store.doctor_file import examined
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import SCHEMA_VERSION, open_portfolio
from tests.backups import a_portfolio, go_on, put_back
from tests.engines import place, using
from tests.postgres import Server
from tests.processes import AS_OF
from tests.store import older

POLICY = load_policy(None)
TODAY = date.fromisoformat(AS_OF)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where backups go."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "backups"))
    return tmp_path / "backups"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A portfolio with something in it."""
    found = tmp_path / "portfolio.db"
    a_portfolio(found, random.Random(5))
    return found


def doctor(path: object) -> dict[str, Result]:
    """Every check's result by name."""
    with examined(str(path), POLICY, TODAY) as subject:
        return {result.check: result for result in examine(subject)}


def refusal(path: Path) -> PortfolioError:
    """Why a portfolio could not be opened, as the subject says."""
    with examined(str(path), POLICY, TODAY) as subject:
        assert subject.portfolio is None
        assert subject.refusal is not None
        return subject.refusal


def made(path: Path) -> Path:
    """A backup of it."""
    with open_portfolio(str(path)) as portfolio:
        return backup.make(portfolio, backup.folder_of(str(path)), "portfolio", "manual", 10).file


def more(path: Path, seed: int) -> None:
    """One more operation."""
    with open_portfolio(str(path)) as portfolio:
        go_on(portfolio, random.Random(seed))


# --- checks that do not come to an end, or are not begun -------------------------------------------------


def test_without_a_policy_what_needs_one_is_left_out_and_says_so(path: Path) -> None:
    with examined(str(path), None, TODAY) as subject:
        results = {result.check: result for result in examine(subject)}
    left_out = {name: result.seen for name, result in results.items() if result.state == "not_run"}
    assert left_out == dict.fromkeys(("facts", "caches"), "needs the policy, which cannot be read")


def endless(is_note: bool) -> Planned:
    """A check that finds something new for ever, or two hundred notes."""

    def found(_: Subject, seen: Seen) -> Iterator[Finding]:
        seen.text = "everything"
        for number in range(200) if is_note else count():
            yield Finding("odd", str(number), "is odd", "even it", is_note)

    return Planned("odd", "oddities", found)


def test_a_check_that_finds_something_without_end_is_stopped_and_what_it_found_is_told(path: Path) -> None:
    with examined(str(path), POLICY, TODAY) as subject:
        result = run(endless(False), subject)
    assert [each.where for each in result.findings] == [str(number) for number in range(NAMED)]
    assert (result.state, result.more, result.seen) == ("findings", 1_000, "everything")


@pytest.mark.parametrize("why", [sqlite3.DatabaseError("a page is malformed"), ValueError("no such thing")])
def test_a_check_that_cannot_read_on_says_so_after_what_it_found(path: Path, why: Exception) -> None:
    def found(_: Subject, seen: Seen) -> Iterator[Finding]:
        yield Finding("odd", "1", "is odd", "even it")
        raise why

    with examined(str(path), POLICY, TODAY) as subject:
        result = run(Planned("odd", "oddities", found), subject)
    assert [each.code for each in result.findings] == ["odd", "unreadable"]
    assert str(why) in result.findings[-1].what


def test_of_many_notes_the_first_are_told_and_none_is_a_finding(path: Path) -> None:
    with examined(str(path), POLICY, TODAY) as subject:
        result = run(endless(True), subject)
    assert [each.where for each in result.notes] == [str(number) for number in range(NAMED)]
    assert (result.state, result.findings, result.more) == ("ok", (), 0)


def test_an_older_portfolio_is_examined_as_far_as_its_schema_allows_and_that_is_a_note(
    tmp_path: Path,
) -> None:
    path = tmp_path / "portfolio.db"
    older.lay(path, 1)
    results = doctor(path)
    assert [each.code for each in results["file"].notes] == ["older-schema"]
    assert all(result.findings == () for result in results.values())
    assert results["schema"].state == "ok"
    assert results["log"].seen == "schema 1: the next command migrates it"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM migration", "are none"),
        (
            f"INSERT INTO migration VALUES ({SCHEMA_VERSION - 2}, 'laid out', '2026-01-01T00:00:00Z')",
            f"are {SCHEMA_VERSION - 2}, {SCHEMA_VERSION}",
        ),
    ],
)
def test_a_history_of_versions_with_holes_is_told_with_the_versions_it_names(
    path: Path, statement: str, told: str
) -> None:
    older.alter(path, statement)
    findings = [each for each in doctor(path)["file"].findings if each.where == "migration"]
    assert [each.what.endswith(told) for each in findings] == [True]


# --- what cannot be opened -------------------------------------------------------------------------------


def test_a_file_of_somebody_else_is_told_with_whose_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = path.stat().st_uid
    assert doctor(path)["file"].findings == ()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    told = [*doctor(path)["file"].findings, *doctor(path)["file"].notes]
    assert [each.code for each in told][:1] == ["owned-by-another"]
    assert f"belongs to user {owner} and not to you ({owner + 1})" in told[0].what


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def locked_away(self: Path, *given: str) -> object:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(self, *given)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", locked_away)
    found = refusal(path)
    assert (found.code, found.message) == (
        "portfolio-not-readable", f"{path} cannot be read: Permission denied",
    )  # fmt: skip
    assert [each.code for each in doctor(path)["file"].findings] == ["not-opened"]


@pytest.mark.parametrize("empty", [False, True], ids=["a portfolio", "an empty file"])
def test_a_file_that_another_program_holds_is_said_to_be_in_use_and_not_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    if empty:
        path.write_bytes(b"")
    code = (
        "import sqlite3, sys\n"
        f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "c.execute('BEGIN EXCLUSIVE')\nprint('in', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "in\n"
        assert refusal(path).code == "portfolio-locked"
        other.stdin.close()


def test_a_file_that_comes_while_it_is_looked_for_is_not_said_to_be_missing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = Path.is_file, count()
    monkeypatch.setattr(Path, "is_file", lambda self: real(self) and (self != path or next(looks) > 0))
    with (
        pytest.raises(PortfolioError, match="appeared a moment ago") as refused,
        examined(str(path), POLICY, TODAY),
    ):
        raise AssertionError("it was examined")
    assert refused.value.code == "portfolio-locked"


def test_at_an_address_where_there_is_no_portfolio_there_is_nothing_to_examine(
    postgres: Server, tmp_path: Path
) -> None:
    with using("postgresql", postgres):
        there = place(tmp_path / "nothing.db")
        with pytest.raises(PortfolioError) as refused, examined(str(there), POLICY, TODAY):
            raise AssertionError("it was examined")
    assert refused.value.code == "portfolio-missing"


# --- the backups -----------------------------------------------------------------------------------------


def of_backups(path: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(code, what) of the findings about backups, and of the notes."""
    result = doctor(path)["backups"]
    told, noted = ([(each.code, each.what) for each in of] for of in (result.findings, result.notes))
    return told, noted


def last(path: Path) -> int:
    """The number of the last operation."""
    with open_portfolio(str(path)) as portfolio:
        return int(portfolio.value("SELECT MAX(seq) FROM operation"))


def test_a_portfolio_that_lost_its_last_operation_is_behind_its_backup(path: Path) -> None:
    more(path, 1)
    made(path)
    assert of_backups(path) == ([], [])
    end = last(path)
    older.alter(path, f"DELETE FROM change WHERE op = {end}", f"DELETE FROM operation WHERE seq = {end}")
    told = f"goes up to operation {end}, the portfolio to {end - 1}: it was shortened or put back since"
    assert of_backups(path) == ([("not-of-the-backup", told)], [])


def test_a_portfolio_put_back_by_a_restore_is_behind_its_newest_backup_and_that_is_a_note(
    path: Path,
) -> None:
    first = made(path)
    more(path, 1)
    made(path)
    put_back(path, first)
    told, noted = of_backups(path)
    assert told == []
    assert [code for code, _ in noted] == ["not-of-the-backup"]


def test_a_portfolio_that_took_another_way_than_its_backup_was_replaced(path: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside.db"
    aside.write_bytes(path.read_bytes())
    more(path, 1)
    made(path)
    aside.replace(path)
    path.chmod(0o600)
    more(path, 2)
    told, _ = of_backups(path)
    assert told == [
        (
            "not-of-the-backup",
            f"has another operation {last(path)} than the portfolio, which was replaced since",
        )
    ]


def test_where_there_is_no_portfolio_the_backups_are_told_with_whose_they_are(
    path: Path, tmp_path: Path
) -> None:
    ours = made(path)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "portfolio.db"
    a_portfolio(other, random.Random(6))
    theirs = made(other)
    begun = {}
    for each, file in ((path, ours), (other, theirs)):
        with closing(sqlite3.connect(each)) as opened:
            asked = "SELECT at, actor, command FROM operation WHERE seq = 1"
            begun[file.name] = "begun {} by {} {}".format(*opened.execute(asked).fetchone())
    path.unlink()
    notes = doctor(path)["backups"].notes
    assert {each.where: each.what.partition("of the portfolio ")[2] for each in notes} == begun
    theirs.unlink()
    assert ["begun" in each.what for each in doctor(path)["backups"].notes] == [False]


def test_of_many_backups_the_newest_five_are_told_one_by_one(path: Path) -> None:
    files = [made(path).name for _ in range(8)]
    path.unlink()
    notes = doctor(path)["backups"].notes
    assert [each.where for each in notes[:-1]] == files[:2:-1]
    assert (notes[-1].what, notes[-1].do) == ("3 older ones", "see them all: renewctl backup --list")
