"""`init`: an empty portfolio, made once and never over another one."""

import stat

import pytest

from tests.engines import engine_now


def test_init_makes_an_empty_portfolio_and_says_where(desk):
    done = desk.run("init")
    assert (done.code, done.out) == (0, "")
    assert str(desk.path) in done.err
    if engine_now() == "sqlite":
        assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600
    assert desk.values("account") == []


def test_init_again_changes_nothing_and_says_so(desk):
    assert desk.json("init") == {"schema": "renewctl/init/1", "portfolio": str(desk.path), "created": True}
    desk.import_("id,name,arr,renewal_date\nA1,Acme,,\n")
    before = desk.path.read_bytes()
    done = desk.run("init")
    assert done.code == 0
    assert "nothing changed" in done.err
    assert desk.json("init")["created"] is False
    assert desk.path.read_bytes() == before


def test_a_dry_run_makes_nothing(desk):
    assert desk.run("init", "--dry-run").code == 0
    assert desk.json("init", "--dry-run")["created"] is False
    assert not desk.path.exists()


@pytest.mark.file_only("another file")
def test_another_file_is_refused_and_left_alone(desk):
    desk.path.write_text("my notes, not a portfolio " * 50)
    assert desk.run("init").code == 12
    assert desk.path.read_text().startswith("my notes")
    assert desk.run("init", "--portfolio", str(desk.folder)).code == 12


@pytest.mark.file_only("folders of files")
def test_a_folder_that_cannot_be_written_ends_in_a_clear_line(person):
    locked = person.home / "locked"
    locked.mkdir(mode=0o500)
    done = person.run("init", "--portfolio", "locked/p.db", privileged=False)
    assert done.code == 12
    assert done.err.startswith("error[portfolio-not-writable]")
    assert list(locked.iterdir()) == []


def test_a_password_is_not_taken_as_an_argument(desk):
    desk.fails(2, "password-in-argument", "init", "--portfolio", "postgresql://me:secret@host/db")
    desk.fails(2, "unknown-engine", "init", "--portfolio", "mysql://host/db")
