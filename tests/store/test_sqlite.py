"""The file's engine where the disk, another process or ^C gets in its way."""

import sqlite3
from pathlib import Path

import pytest

from renewctl.errors import Interrupted, PortfolioError
from renewctl.store import portfolio as store
from renewctl.store import sqlite as engine_code
from renewctl.store.portfolio import open_portfolio
from renewctl.store.sqlite import connect, create_schema, discard, refusal
from tests.book import TODAY, account, insert, portfolio


class Line:
    """A connection whose COMMIT goes wrong: before it is done, or just afterwards."""

    def __init__(self, connection, error, *, done, then=lambda: None):
        self._own = connection
        self._error = error
        self._done = done
        self._then = then

    def __getattr__(self, name):
        return getattr(self._own, name)

    def execute(self, sql, *params):
        if sql == "COMMIT":
            if self._done:
                self._own.execute(sql)
            self._then()
            raise self._error
        return self._own.execute(sql, *params)


BROKEN = sqlite3.OperationalError("disk I/O error")


def written(made, *values):
    with made.write("add", "ana", TODAY) as operation:
        operation.apply(insert(value) for value in values)


def count(path):
    with open_portfolio(str(path)) as made:
        return made.value("SELECT COUNT(*) FROM account")


@pytest.mark.parametrize(("done", "code"), [(False, "disk-error"), (True, "commit-uncertain")])
def test_a_commit_that_fails_says_whether_the_change_is_there(tmp_path, done, code):
    with portfolio(tmp_path, account(1)) as made:
        path = made.path
        made.connection = Line(made.connection, BROKEN, done=done)
        with pytest.raises(PortfolioError) as caught:
            written(made, account(2))
    assert (caught.value.code, count(path)) == (code, 1 + done)


def test_a_file_that_is_gone_holds_no_change(tmp_path):
    with portfolio(tmp_path, account(1)) as made:
        path = Path(made.path)
        gone = Line(made.connection, BROKEN, done=True, then=path.unlink)
        made.connection = gone
        with pytest.raises(PortfolioError) as caught:
            written(made, account(2))
    assert caught.value.code == "disk-error"
    assert not path.exists()


@pytest.mark.parametrize("done", [False, True])
def test_a_key_pressed_at_the_very_end_takes_nothing_back_that_is_done(tmp_path, monkeypatch, done):
    monkeypatch.setattr(Interrupted, "too_late", False)
    with portfolio(tmp_path, account(1)) as made:
        path = made.path
        monkeypatch.setattr(Interrupted, "too_late", False)
        made.connection = Line(made.connection, KeyboardInterrupt(), done=done)
        with pytest.raises(KeyboardInterrupt):
            written(made, account(2))
        assert Interrupted.too_late is done
    assert count(path) == 1 + done


def test_undoing_on_a_line_that_was_closed_is_no_failure(tmp_path):
    with portfolio(tmp_path, account(1)) as made:
        made.rollback()
        made.close()
        made.rollback()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite3.OperationalError("database is locked"), "portfolio-locked"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "portfolio-not-writable"),
        (sqlite3.OperationalError("unable to open database file"), "portfolio-not-writable"),
        (sqlite3.OperationalError("database or disk is full"), "disk-full"),
        (sqlite3.OperationalError("disk I/O error"), "disk-error"),
        (sqlite3.IntegrityError("UNIQUE constraint failed: account.id"), "invariant"),
        (sqlite3.DatabaseError("database disk image is malformed"), "portfolio-damaged"),
        (sqlite3.DatabaseError("file is not a database"), "not-a-portfolio"),
    ],
)
def test_each_trouble_of_the_engine_has_a_code_of_its_own(tmp_path, error, code):
    (tmp_path / "p.db").write_bytes(b"something else")
    found = refusal(error, str(tmp_path / "p.db"))
    assert (found.code, found.exit_code) == (code, 12)


def test_what_begins_like_a_database_or_cannot_be_looked_at_is_damaged_and_nothing_else(tmp_path):
    error = sqlite3.DatabaseError("file is not a database")
    (tmp_path / "p.db").write_bytes(b"SQLite format 3\0" + b"x" * 100)
    assert refusal(error, str(tmp_path / "p.db")).code == "portfolio-damaged"
    assert refusal(error, str(tmp_path / "none.db")).code == "portfolio-damaged"


@pytest.mark.parametrize(
    ("name", "create", "code"),
    [
        (".", False, "portfolio-not-a-file"),
        ("none.db", False, "portfolio-missing"),
        ("x" * 300, False, "portfolio-missing"),
        ("a\0b", False, "portfolio-missing"),
        ("text.db", True, "not-a-portfolio"),
        ("text.db/p.db", True, "portfolio-not-writable"),
    ],
)
def test_what_is_no_portfolio_is_refused_and_left_as_it_is(tmp_path, name, create, code):
    (tmp_path / "text.db").write_bytes(b"my notes")
    with pytest.raises(PortfolioError) as caught:
        open_portfolio(str(tmp_path / name), create=create)
    assert caught.value.code == code
    assert (tmp_path / "text.db").read_bytes() == b"my notes"


def test_a_layout_that_fails_half_way_leaves_nothing_of_it(tmp_path, monkeypatch):
    (tmp_path / "p.db").touch()
    with connect(tmp_path / "p.db") as connection:
        with monkeypatch.context() as patch:
            patch.setattr(store, "layout", lambda _: ["CREATE TABLE a (no INTEGER)", "CREATE TABLE"])
            with pytest.raises(PortfolioError):
                create_schema(connection, "p.db")
        assert connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)
        create_schema(connection, "p.db")
        assert connection.execute("SELECT COUNT(*) FROM account").fetchone() == (0,)
    connection.close()


class Slow:
    """A connection that sees an empty file, and another process lays it out before it may begin."""

    def __init__(self, connection, meanwhile):
        self._own = connection
        self._meanwhile = meanwhile

    def __getattr__(self, name):
        return getattr(self._own, name)

    def execute(self, sql, *params):
        if sql == "BEGIN IMMEDIATE":
            self._meanwhile()
        return self._own.execute(sql, *params)


def test_a_portfolio_that_another_laid_out_meanwhile_is_left_as_it_is(tmp_path):
    path = tmp_path / "p.db"
    path.touch()

    def faster():
        with open_portfolio(str(path), create=True) as made:
            written(made, account(1))

    connection = connect(path)
    create_schema(Slow(connection, faster), str(path))
    connection.close()
    assert count(path) == 1


def test_a_portfolio_in_use_is_not_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    path = tmp_path / "p.db"
    open_portfolio(str(path), create=True).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(PortfolioError) as caught:
        discard(str(path))
    other.close()
    assert (caught.value.code, path.exists()) == ("portfolio-locked", True)
    discard(str(path))
    assert not path.exists()
    assert engine_code._identity(str(path)) is None
