"""Backups and restores where the disk, the clock, another program or ^C comes between: nothing half-done."""

import errno
import os
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from renewctl.core.erasure import Eraser, Mentions
from renewctl.core.model import Activity
from renewctl.errors import InputRefused, Interrupted, PortfolioError
from renewctl.store import backup, choose, copies, instead, remains, restore
from renewctl.store import portfolio as store
from renewctl.store.examine import examine, unfaithful
from renewctl.store.portfolio import open_portfolio
from tests.backups import a_portfolio, filled, go_on, held, put_back
from tests.book import TODAY, account, insert
from tests.store import older

NOW = "2026-03-02T09:30:00Z"
STAMP = NOW.replace(":", "-")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where backups go."""
    found = tmp_path / "backups"
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(found))
    return found


@pytest.fixture
def path(tmp_path):
    """A portfolio with something in it."""
    (tmp_path / "here").mkdir()
    found = tmp_path / "here" / "portfolio.db"
    a_portfolio(found, random.Random(5))
    return found


@pytest.fixture
def damaged(path):
    """(a damaged portfolio, a backup of it, what the backup holds)."""
    file, whole = made(path), held(path)
    path.write_bytes(b"broken" * 5000)
    path.chmod(0o600)
    return path, file, whole


def made(path):
    """A backup of a portfolio."""
    with open_portfolio(str(path)) as portfolio:
        return backup.make(portfolio, backup.folder_of(str(path)), "portfolio", "manual", 10).file


def more(path, seed=1):
    """One more operation."""
    with open_portfolio(str(path)) as portfolio:
        go_on(portfolio, random.Random(seed))


def beside(path):
    """The files in a portfolio's folder with their bytes."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def io_error(*_, **__):
    raise OSError(errno.EIO, "Input/output error")


def no_links(*_, **__):
    raise OSError(errno.EPERM, "Operation not permitted")


def refused(do, *given):
    """The code of the error that it fails with."""
    with pytest.raises((PortfolioError, InputRefused)) as found:
        do(*given)
    return found.value.code


# --- a backup gets its name ----------------------------------------------------------------------------


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_something_else_has_already_is_left_to_it(path, folder, monkeypatch, links):
    monkeypatch.setattr(backup, "utc_now", lambda: NOW)
    folder.mkdir()
    taken = folder / f"portfolio.{STAMP}.manual.db"
    taken.symlink_to("nowhere")  # which no list of backups shows
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    file = made(path)
    assert file.name == f"portfolio.{STAMP}.manual-2.db"
    assert held(file) == held(path)
    assert taken.readlink() == Path("nowhere")
    assert sorted(folder.iterdir()) == [file, taken]


def test_a_file_that_comes_while_the_backup_is_made_is_not_overwritten(path, tmp_path, monkeypatch):
    target, real = tmp_path / "out" / "copy.db", copies.stamp

    def stamp(file):
        real(file)
        target.write_text("another's")

    monkeypatch.setattr(copies, "stamp", stamp)
    with open_portfolio(str(path)) as portfolio:
        assert refused(backup.make_file, portfolio, target) == "file-exists"
    assert beside(target) == {"copy.db": b"another's"}


def test_a_portfolio_that_another_has_locked_is_said_to_be_in_use_and_not_that_there_is_no_room(
    path, folder, monkeypatch
):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    real = backup._make_folder
    with closing(sqlite3.connect(path, isolation_level=None)) as other, open_portfolio(str(path)) as ours:

        def meanwhile(given):
            real(given)
            other.execute("BEGIN EXCLUSIVE")

        monkeypatch.setattr(backup, "_make_folder", meanwhile)
        assert refused(backup.before, ours, "before-import") == "portfolio-locked"
    assert list(folder.iterdir()) == []


def test_what_the_engine_keeps_for_itself_is_no_table_of_a_backup(path):
    older.alter(path, "ANALYZE")
    before = held(path)
    assert "sqlite_stat1" in before
    with open_portfolio(str(path)) as portfolio:
        assert all(not each.name.startswith("sqlite_") for each in copies.tables(portfolio))
    file = made(path)
    more(path)
    put_back(path, file)
    assert held(path) == before


# --- copied and compared -------------------------------------------------------------------------------


def test_a_table_longer_than_a_block_is_read_to_its_end_in_the_order_of_its_key(path, monkeypatch):
    monkeypatch.setattr(copies, "_BLOCK", 2)
    most = 0
    with open_portfolio(str(path)) as portfolio:
        for table in copies.tables(portfolio):
            found = list(copies.blocks(portfolio, table))
            asked = f"SELECT {','.join(table.columns)} FROM {table.name} ORDER BY {','.join(table.key)}"
            assert [row for block in found for row in block] == portfolio.rows(asked)
            most = max(most, len(found))
    assert most > 2


def test_a_copy_whose_tables_are_others_is_no_copy(path):
    file = made(path)
    older.alter(path, "ALTER TABLE activity ADD COLUMN mood TEXT")
    with (
        open_portfolio(str(path)) as portfolio,
        portfolio.reading(),
        pytest.raises(copies.Differs, match="the tables are others"),
    ):
        copies.compare(portfolio, file)


def test_what_cannot_be_opened_as_a_file_is_refused_in_words(path, tmp_path):
    nowhere = tmp_path / "nowhere" / "copy.db"
    assert refused(copies.open_copy, nowhere) == "portfolio-not-writable"
    with open_portfolio(str(path)) as portfolio, portfolio.reading():
        assert refused(copies.copy_to, portfolio, nowhere) == "portfolio-not-writable"


# --- which can be relied upon --------------------------------------------------------------------------


def test_a_backup_that_may_not_be_read_is_refused_with_the_reason(path, monkeypatch):
    file = made(path)
    monkeypatch.setattr(Path, "open", io_error)
    with pytest.raises(InputRefused, match="Input/output error") as found:
        examine(file)
    assert found.value.code == "backup-unreadable"


def test_a_backup_with_an_unfinished_change_beside_it_is_refused_and_left_so(path):
    file = made(path)
    file.with_name(file.name + "-journal").write_bytes(b"half")
    before, there = held(path), beside(file)
    assert refused(put_back, path, file) == "backup-unfinished"
    assert (held(path), beside(file)) == (before, there)


def test_a_file_that_is_no_database_is_unfaithful_with_the_reason(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("notes " * 1000)
    assert unfaithful(file) == f"{file} is no portfolio, nor any database"


def test_a_portfolio_without_its_log_cannot_say_whose_it_is_and_its_only_line_of_backups_is_taken(path):
    file = made(path)
    older.alter(path, "DROP TABLE operation")
    assert choose.identity(str(path)) is None
    assert choose.default(str(path)).file == file


# --- the state of the present one ----------------------------------------------------------------------

HARMS = {
    "rows point nowhere": (["UPDATE contract SET account_no = 999 WHERE no = 1"], "point to rows"),
    "an index leaves rows out": (
        [
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE "
            "name = 'source_salt') WHERE name = 'contract_account'",
        ],
        "2nd reference to page",
    ),
    "of a schema that never was": (["PRAGMA user_version = 0"], "schema 0"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_portfolio_that_contradicts_itself_is_put_aside_for_the_backup(path, harm):
    statements, told = HARMS[harm]
    file, whole = made(path), held(path)
    older.alter(path, *statements)
    harmed = path.read_bytes()
    with restore.planned(str(path), file) as plan:
        assert plan.state == "damaged"
        assert told in plan.problem
        done = restore.carry_out(plan)
    assert held(path) == whole
    assert done.kept.read_bytes() == harmed


def test_a_restored_portfolio_that_cannot_be_read_again_is_told_as_restored_and_uncertain(
    damaged, monkeypatch
):
    path, file, whole = damaged

    def unreadable(*_, **__):
        raise PortfolioError("disk-error", "the disk fell silent")

    monkeypatch.setattr(restore, "open_portfolio", unreadable)
    with pytest.raises(PortfolioError, match=r"is restored, but .* the disk fell silent") as found:
        put_back(path, file)
    assert found.value.code == "commit-uncertain"
    assert held(path) == whole


def test_an_empty_state_that_others_went_on_from_at_once_is_told_as_restored(path, tmp_path, monkeypatch):
    empty = tmp_path / "portfolio.db"
    open_portfolio(str(empty), create=True).close()
    file, real = made(empty), copies.overwrite

    def then_another(*given):
        real(*given)
        more(path, seed=4)

    monkeypatch.setattr(copies, "overwrite", then_another)
    assert put_back(path, file).rows is None
    with open_portfolio(str(path)) as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM operation") == 1


def test_where_the_portfolio_is_gone_later_backups_of_it_tell_of_forgettings_since(path, tmp_path, folder):
    file = made(path)
    with open_portfolio(str(path)) as portfolio, portfolio.write("forget A1", "ana", TODAY) as operation:
        operation.apply(insert(each) for each in [account(portfolio.next_no("account"))])
    made(path)
    more(path)
    latest = made(path)
    (folder / f"portfolio.{STAMP}.manual.db").write_text("no database " * 500)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "portfolio.db"
    a_portfolio(other, random.Random(6))
    while len(seen := held(other)["operation"]) <= len(held(latest)["operation"]):
        more(other, len(seen))
    with open_portfolio(str(other)) as portfolio, portfolio.write("forget B2", "bob", TODAY) as operation:
        operation.apply(insert(each) for each in [account(portfolio.next_no("account"))])
    made(other)
    path.unlink()
    with restore.planned(str(path), file) as plan:
        assert [each.command for each in plan.forgettings] == ["forget A1"]
    with restore.planned(str(path), latest) as plan:
        assert plan.forgettings == ()


# --- over the pages of the present one -----------------------------------------------------------------


def copying(monkeypatch, before=None, after=None):
    """Have something happen before or after the pages of a restore are copied over a portfolio."""
    real = copies._copy_pages

    def copied(source, target, path, look=None):
        if look is not None and before is not None:
            before()
        real(source, target, path, look)
        if look is not None and after is not None:
            after()

    monkeypatch.setattr(copies, "_copy_pages", copied)


def fails(error):
    def failing():
        raise error

    return failing


@pytest.mark.parametrize("late", [False, True])
def test_a_restore_that_is_stopped_says_whether_it_was_too_late(path, monkeypatch, late):
    file, whole = made(path), held(path)
    more(path)
    gone_on = held(path)
    monkeypatch.setattr(Interrupted, "too_late", False)
    copying(monkeypatch, **{"after" if late else "before": fails(KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        put_back(path, file)
    assert Interrupted.too_late == late
    assert held(path) == (whole if late else gone_on)


@pytest.mark.parametrize(
    ("when", "code"), [("before", "disk-error"), ("after", "commit-uncertain"), ("lost", "commit-uncertain")]
)
def test_a_disk_that_fails_under_a_restore_is_told_as_uncertain_only_where_it_is(
    path, monkeypatch, when, code
):
    file, whole = made(path), held(path)
    more(path)
    gone_on = held(path)
    failing = fails(sqlite3.OperationalError("disk I/O error"))

    def lost():
        path.write_bytes(b"no longer a database " * 500)
        failing()

    copying(monkeypatch, **{"before": failing if when == "before" else None,
                            "after": {"after": failing, "lost": lost}.get(when)})  # fmt: skip
    assert refused(put_back, path, file) == code
    if when != "lost":
        assert held(path) == {"before": gone_on, "after": whole}[when]


def test_a_portfolio_whose_count_of_commits_cannot_be_read_is_not_overwritten(path, monkeypatch):
    file = made(path)
    more(path)
    before = held(path)
    monkeypatch.setattr(os, "pread", io_error)
    assert refused(put_back, path, file) == "disk-error"
    assert held(path) == before


def test_a_portfolio_that_somebody_does_not_stop_reading_is_not_overwritten(path, monkeypatch):
    file = made(path)
    more(path)
    before, connect = held(path), sqlite3.connect
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    with closing(connect(path, isolation_level=None)) as reader:

        def reads():
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM account").fetchone()
            monkeypatch.setattr(sqlite3, "connect", connect)

        def at_once(*given, **named):
            return connect(*given, **named | {"timeout": 0.0})

        monkeypatch.setattr(sqlite3, "connect", at_once)
        copying(monkeypatch, before=reads)
        assert refused(put_back, path, file) == "portfolio-locked"
        reader.execute("ROLLBACK")
    assert held(path) == before


# --- in the place of a damaged one ---------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_a_damaged_file_is_replaced_or_not_when_it_is_stopped_and_that_is_known(damaged, monkeypatch, late):
    path, file, whole = damaged
    before, real = beside(path), Path.replace

    def stopped(self, target):
        if late:
            real(self, target)
        raise KeyboardInterrupt

    with restore.planned(str(path), file) as plan:
        monkeypatch.setattr(Path, "replace", stopped)
        monkeypatch.setattr(Interrupted, "too_late", False)
        with pytest.raises(KeyboardInterrupt):
            restore.carry_out(plan)
    assert Interrupted.too_late == late
    if late:
        assert held(path) == whole
        assert sorted(beside(path).values())[-1] == b"broken" * 5000
    else:
        assert beside(path) == before


def test_a_copy_that_is_not_what_the_backup_holds_is_never_put_in_place(damaged, monkeypatch):
    path, file, _ = damaged
    before, real = beside(path), restore._copied

    def altered(source, target):
        older.alter(real(source, target), "UPDATE operation SET summary = summary || '!'")
        return target

    monkeypatch.setattr(restore, "_copied", altered)
    with pytest.raises(PortfolioError, match="nothing was changed") as found:
        put_back(path, file)
    assert found.value.code == "restore-failed"
    assert beside(path) == before


@pytest.mark.parametrize("what", ["", "-journal"])
def test_a_name_that_something_was_kept_under_before_is_not_used_again(damaged, monkeypatch, what):
    path, file, _ = damaged
    monkeypatch.setattr(instead, "utc_now", lambda: NOW)
    path.with_name(f"{path.name}.damaged-{STAMP}{what}").write_text("kept earlier")
    before = beside(path)
    assert refused(put_back, path, file) == "file-exists"
    assert beside(path) == before


def test_a_name_that_is_taken_in_the_last_moment_leaves_all_as_it_was(damaged, monkeypatch):
    path, file, _ = damaged
    before = beside(path)

    def taken(*_):
        raise FileExistsError(errno.EEXIST, "File exists")

    with restore.planned(str(path), file) as plan:
        monkeypatch.setattr(os, "link", taken)
        assert refused(restore.carry_out, plan) == "portfolio-not-writable"
    assert beside(path) == before


def test_a_damaged_file_that_cannot_be_kept_is_not_replaced(damaged, monkeypatch):
    path, file, _ = damaged
    before = beside(path)
    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "fchmod", io_error)
    assert refused(put_back, path, file) == "portfolio-not-writable"
    assert beside(path) == before


def test_a_damaged_file_is_kept_where_a_system_has_neither_locks_nor_hard_links(damaged, monkeypatch):
    path, file, whole = damaged
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(os, "link", no_links)
    done = put_back(path, file)
    assert held(path) == whole
    assert done.kept.read_bytes() == b"broken" * 5000


# --- who is still in one -------------------------------------------------------------------------------


@pytest.mark.parametrize(("account_no", "text", "is_held"), [
    (1, "Zora called", True), (2, "Zora called", False), (2, "Zora Bloggs called", True), (2, "Bob", False),
])  # fmt: skip
def test_a_first_name_alone_tells_of_somebody_only_at_their_own_account(tmp_path, account_no, text, is_held):
    file = tmp_path / "portfolio.db"
    noted = filled(
        Activity, no=1, account_no=account_no, happened_on=TODAY, kind="note", text=text, actor="bob"
    )
    with (
        open_portfolio(str(file), create=True) as portfolio,
        portfolio.write("log", "bob", TODAY) as operation,
    ):
        operation.apply(insert(each) for each in (account(1), account(2), noted))
    nobody, full = Mentions((), ()), Mentions(["Zora Bloggs"], ())
    near = Mentions(["Zora Bloggs", "Zora"], ())
    whom = Eraser(frozenset(), frozenset([1]), {}, frozenset(), near, full, nobody, frozenset())
    assert remains.holds(str(file), whom) == is_held
    made(file).with_name(f"portfolio.{STAMP}.manual.db").write_text("no database " * 500)
    with open_portfolio(str(file)) as portfolio:
        holding, unread = remains.backups(portfolio, whom)
    assert (len(holding), [Path(each).name for each in unread]) == (
        int(is_held), [f"portfolio.{STAMP}.manual.db"],
    )  # fmt: skip
