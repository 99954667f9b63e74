"""Backups hold what the portfolio holds, and putting one back makes it so again, or changes nothing."""

import errno
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewctl.errors import InputRefused, PortfolioError, RenewctlError
from renewctl.store import backup, choose, copies, restore
from renewctl.store.examine import Facts, examine
from renewctl.store.portfolio import SCHEMA_VERSION, open_portfolio
from tests import backups
from tests.backups import a_portfolio, go_on, held, put_back
from tests.engines import once, place
from tests.processes import ROOT, environment
from tests.whole import share

file_only = pytest.mark.file_only("is about the portfolio's file")


@pytest.fixture
def path(tmp_path, engine):
    """A portfolio with something in it."""
    found = place(tmp_path / "portfolio.db")
    once("random", found, tmp_path, lambda: a_portfolio(found, random.Random(5)))
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where its backups go."""
    found = tmp_path / "backups"
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(found))
    return found


def made(path, reason="manual", keep=10):
    """A backup of it."""
    with open_portfolio(str(path)) as portfolio:
        return backup.make(portfolio, backup.folder_of(str(path)), backup.stem_of(str(path)), reason, keep)


def more(path, seed=1):
    """One more operation."""
    with open_portfolio(str(path)) as portfolio:
        go_on(portfolio, random.Random(seed))


def content(path, where):
    """What a portfolio on either engine holds, by way of a backup: row by row."""
    if isinstance(path, Path):
        return held(path)
    with open_portfolio(str(path)) as portfolio:
        return held(backup.make_file(portfolio, where / f"look-{time.monotonic_ns()}.db").file)


def refused(path, file):
    """What restoring a file fails with; nothing may have changed."""
    before = path.read_bytes()
    with pytest.raises(RenewctlError) as found:
        put_back(path, file)
    assert path.read_bytes() == before
    return found.value.code


def outcome(do):
    """The code of the error it fails with, or nothing."""
    try:
        do()
    except RenewctlError as error:
        return error.code
    return ""


# --- there and back --------------------------------------------------------------------------------------


def test_a_share_of_the_rounds_is_equal():
    assert backups.rounds(share(6, 60), seed=7) == []


def test_control_a_cell_changed_behind_our_back_after_the_restore_is_seen(tmp_path, monkeypatch):
    carried = restore.carry_out

    def careless(plan):
        done = carried(plan)
        with closing(sqlite3.connect(plan.path)) as connection, connection:
            connection.execute("UPDATE operation SET summary = summary || '!' WHERE seq = 1")
        return done

    monkeypatch.setattr(restore, "carry_out", careless)
    with pytest.raises(AssertionError, match="not what it was"):
        backups.a_round(tmp_path, random.Random(3))


@settings(max_examples=share(4, 40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dice=st.randoms(use_true_random=False))
def test_what_was_backed_up_comes_back_whatever_was_in_it_and_happened_since(tmp_path_factory, dice):
    path = tmp_path_factory.mktemp("book") / "portfolio.db"
    a_portfolio(path, dice)
    before = held(path)
    file = made(path).file
    for _ in range(dice.randint(0, 3)):
        more(path, dice.randint(0, 99))
    put_back(path, file)
    assert held(path) == before


@pytest.mark.both_engines
def test_a_backup_is_a_portfolio_file_with_every_row(path, tmp_path):
    done = made(path)
    with open_portfolio(str(path)) as ours, open_portfolio(str(done.file)) as theirs, ours.reading():
        tables = copies.tables(theirs)
        assert done.rows == sum(ours.value(f"SELECT COUNT(*) FROM {table.name}") for table in tables)
        for table in tables:
            sql = f"SELECT {','.join(table.columns)} FROM {table.name}"
            assert sorted(map(repr, ours.rows(sql))) == sorted(map(repr, theirs.rows(sql))), table.name
    assert done.facts.operations > 0
    assert stat.S_IMODE(done.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(done.file.parent.stat().st_mode) == 0o700


@pytest.mark.both_engines
def test_restoring_gives_exactly_the_state_of_the_backup_and_keeps_the_one_before(path, tmp_path):
    before = content(path, tmp_path)
    file = made(path).file
    more(path)
    later = content(path, tmp_path)
    assert later != before
    done = put_back(path, file)
    assert content(path, tmp_path) == before
    assert held(done.kept) == later
    put_back(path, done.kept)
    assert content(path, tmp_path) == later


def test_a_backup_of_one_engine_is_restored_into_the_other_and_back(tmp_path, postgres):
    from tests.engines import using

    first = tmp_path / "first.db"
    a_portfolio(first, random.Random(11))
    before = held(first)
    with using("postgresql", postgres):
        server = place(tmp_path / "server.db")
        try:
            put_back(server, made(first).file)
            back = made(server).file
            assert held(back) == before
            more(server)
            ours = made(server).file
            with restore.planned(str(first), ours) as plan:
                assert [each.seq for each in plan.gained] == [plan.common + 1]
                assert not plan.lost
                restore.carry_out(plan)
            assert held(first) == held(ours) != before
        finally:
            server.unlink()


@file_only
def test_the_portfolio_keeps_its_file_so_that_whoever_has_it_open_sees_the_restored_state(path):
    count = "SELECT COUNT(*) FROM operation"
    file = made(path).file
    before = examine(file).facts.operations
    more(path)
    number = path.stat().st_ino
    with open_portfolio(str(path)) as other:
        assert other.value(count) == before + 1
        put_back(path, file)
        assert other.value(count) == before
        go_on(other, random.Random(4))  # and goes on from it
    assert path.stat().st_ino == number
    with open_portfolio(str(path)) as portfolio:
        assert portfolio.value(count) == before + 1


@file_only
def test_an_older_backup_is_brought_to_todays_schema_and_itself_left_as_it_was(tmp_path):
    from tests.store.older import VERSIONS, lay

    old = tmp_path / "portfolio.db"
    lay(old, VERSIONS[0])
    with open_portfolio(str(old)) as portfolio:
        file = portfolio.migrated.copy
    bytes_before = file.read_bytes()
    migrated = held(old)
    more(old)
    with restore.planned(str(old), file) as plan:
        assert not plan.another, "an older log has no digests, and is the same log all the same"
        assert [each.seq for each in plan.lost] == [plan.common + 1]
        restore.carry_out(plan)
    now = held(old)
    assert file.read_bytes() == bytes_before
    # nonces are drawn anew
    unlike = {name for name in now if now[name] != migrated[name]}
    assert unlike <= {"operation", "migration", "meta"}
    assert len(now["operation"]) == len(migrated["operation"])


# --- what would be lost --------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_plan_names_every_operation_since_the_last_common_one_and_changes_nothing(path, tmp_path):
    file = made(path).file
    with open_portfolio(str(path)) as portfolio:
        last = portfolio.value("SELECT MAX(seq) FROM operation")
    for seed in (1, 2, 3):
        more(path, seed)
    before = content(path, tmp_path)
    with restore.planned(str(path), file) as plan:
        assert plan.state == "sound"
        assert plan.common == last
        assert plan.gained == ()
        assert [each.seq for each in plan.lost] == [last + 3, last + 2, last + 1]
    assert content(path, tmp_path) == before


@file_only
def test_both_sides_of_a_fork_are_told(path, tmp_path):
    file = made(path).file
    more(path, 1)
    ours = made(path).file
    put_back(path, file)
    more(path, 2)
    more(path, 3)
    with restore.planned(str(path), ours) as plan:
        assert (len(plan.lost), len(plan.gained)) == (2, 1)
        assert not plan.another


@file_only
def test_a_backup_of_another_portfolio_is_told_as_such(path, tmp_path):
    a_portfolio(tmp_path / "another.db", random.Random(9))
    with restore.planned(str(path), made(tmp_path / "another.db").file) as plan:
        assert plan.another
        assert plan.common == 0


@pytest.mark.both_engines
def test_whoever_writes_between_the_look_and_the_restore_is_not_overwritten(path, tmp_path):
    file = made(path).file
    with restore.planned(str(path), file) as plan:
        more(path)
        now = content(path, tmp_path)
        with pytest.raises(PortfolioError) as found:
            restore.carry_out(plan)
    assert found.value.code == "changed-meanwhile"
    assert content(path, tmp_path) == now


@file_only
def test_whoever_writes_in_the_last_moment_is_not_overwritten_either(path, monkeypatch):
    """Between the backup of the present state and the lock on the file."""
    file = made(path).file
    overwrite = copies.overwrite

    def later(*given):
        more(path)
        overwrite(*given)

    monkeypatch.setattr(copies, "overwrite", later)
    with pytest.raises(PortfolioError) as found:
        put_back(path, file)
    assert found.value.code == "changed-meanwhile"
    with open_portfolio(str(path)) as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM operation") == examine(file).facts.operations + 1


# --- what cannot be relied upon ------------------------------------------------------------------------


@file_only
def test_one_byte_changed_after_a_backup_was_verified_is_noticed_wherever_it_is(path):
    file = made(path).file
    whole = file.read_bytes()
    dice = random.Random(1)
    places = {0, 20, len(whole) - 1, len(whole) - 60, *(dice.randrange(len(whole)) for _ in range(150))}
    file.chmod(0o600)
    for at in sorted(places):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1 << dice.randrange(8)
        file.write_bytes(spoilt)
        with pytest.raises(InputRefused, match="cannot be relied upon"):
            examine(file, wholly=False)
    file.write_bytes(whole)
    assert examine(file).stamped


@file_only
def test_a_damaged_backup_is_refused_and_the_next_newest_sound_one_taken(path):
    first, second = made(path).file, made(path).file
    second.write_bytes(second.read_bytes()[:-5000])
    assert refused(path, second) == "backup-damaged"
    with restore.planned(str(path), None) as plan:
        assert plan.backup.file == first


@file_only
@pytest.mark.parametrize("kept", [0, 1, 99, 4096, 8192, 20_000, -1, -91, -92, -4096])
def test_a_truncated_backup_is_refused_unless_only_its_last_line_is_gone(path, kept):
    file = made(path).file
    whole = file.read_bytes()
    file.write_bytes(whole[:kept])
    if kept == -91:
        found = examine(file)
        assert not found.stamped
        return
    assert refused(path, file) == "backup-damaged"


@file_only
def test_what_is_no_backup_is_refused(path, tmp_path):
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE account (no INTEGER)")
    assert refused(path, foreign) == "backup-damaged"
    text = tmp_path / "text.db"
    text.write_text("id,name\n1,Acme\n" * 1000)
    assert refused(path, text) == "backup-damaged"
    assert refused(path, tmp_path / "nowhere.db") == "backup-missing"
    assert refused(path, tmp_path) == "not-a-file"
    assert refused(path, path) == "same-file"
    link = tmp_path / "link.db"
    link.symlink_to(made(path).file)
    assert refused(path, link) == "symbolic-link"


@file_only
@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (f"PRAGMA user_version = {SCHEMA_VERSION + 1}", "newer-schema"),
        ("PRAGMA user_version = 0", "backup-damaged"),
        ("CREATE TRIGGER t AFTER INSERT ON account BEGIN DELETE FROM contract; END", "backup-damaged"),
        ("CREATE VIEW v AS SELECT 1", "backup-damaged"),
        ("ALTER TABLE account ADD COLUMN more TEXT", "backup-damaged"),
        ("DROP TABLE pin", "backup-damaged"),
        ("UPDATE operation SET actor = 'bob' WHERE seq = 1", "backup-damaged"),
        ("DELETE FROM operation WHERE seq = 1", "backup-damaged"),
        ("DELETE FROM account WHERE no = 1", "backup-damaged"),  # others point to it
        ("CREATE INDEX planted ON account (name)", "backup-damaged"),
        ("DROP INDEX account_search", "backup-damaged"),
        (
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'strategic IN (0, 1)', "
            "'strategic IN (0, 1, 2)') WHERE name = 'account'",
            "backup-damaged",
        ),
        ("UPDATE account SET name = name || '!' WHERE no = 1", "backup-damaged"),
        ("UPDATE change SET after = replace(after, '1', '2') WHERE no = 1", "backup-damaged"),
        ("UPDATE meta SET value = value || 'x' WHERE key = 'agenda_mark'", "backup-damaged"),
        ("UPDATE migration SET name = 'x'", "backup-damaged"),
        (
            "INSERT INTO source (no, file, kind, digest, salt, rows, imported_on, head, checksum, lines) "
            "VALUES (1, 'a.csv', 'accounts', 'x', 'x', 1, '2026-01-01', 'x', 'x', x'00')",
            "backup-damaged",
        ),
    ],
)
def test_a_file_that_was_made_over_is_refused(path, tmp_path, harm, code):
    file = tmp_path / "copy.db"
    file.write_bytes(made(path).file.read_bytes()[:-91])  # without the line that would tell at once
    assert examine(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(harm)
    assert refused(path, file) == code


@file_only
def test_a_plain_copy_of_a_portfolio_file_can_be_restored(path, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    before = held(path)
    more(path)
    put_back(path, copy)
    assert held(path) == before


@file_only
def test_a_backup_that_differs_from_the_portfolio_is_never_given_a_name(path, folder, monkeypatch):
    copy_to = copies.copy_to

    def careless(source, file):
        copy_to(source, file)
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE account SET name = name || ' ' WHERE no = 1")

    monkeypatch.setattr(copies, "copy_to", careless)
    with pytest.raises(PortfolioError) as found:
        made(path)
    assert found.value.code == "backup-unverified"
    assert list(folder.iterdir()) == []


@pytest.mark.both_engines
def test_numbers_of_another_kind_are_not_equal(path, tmp_path, monkeypatch):
    file = made(path).file
    types = copies._types

    def other(rows):  # the second side says it has floats
        found = types(rows)
        return [[float if each is int else each for each in row] for row in found] if next(turn) else found

    turn = iter([0, 1] * 100)
    with open_portfolio(str(path)) as portfolio, portfolio.reading(), copies.open_copy(file) as copy:
        table = copies.tables(copy)[0]
        assert copies._same_rows(portfolio, copy, table) > 0
        monkeypatch.setattr(copies, "_types", other)
        with pytest.raises(copies.Differs):
            copies._same_rows(portfolio, copy, table)


# --- a folder that portfolios share ----------------------------------------------------------------------


@pytest.fixture
def shared(path, tmp_path):
    """Backups of two portfolios of one name in one folder: (ours, that of the other, which is newer)."""
    ours = made(path).file
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "portfolio.db"
    a_portfolio(other, random.Random(6))
    return ours, made(other).file


@file_only
def test_the_newest_backup_of_a_portfolio_is_never_that_of_another_of_its_name(path, shared, tmp_path):
    ours, theirs = shared
    assert [each.file for each in backup.listing(str(path))] == [theirs, ours]
    assert choose.default(str(path)).file == ours
    assert choose.default(str(tmp_path / "other" / "portfolio.db")).file == theirs
    ours.unlink()
    with pytest.raises(InputRefused, match="1 there of this name are of another portfolio") as found:
        choose.default(str(path))
    assert found.value.code == "no-backup"


@file_only
@pytest.mark.parametrize("state", ["missing", "no database", "empty"])
def test_where_a_portfolio_cannot_say_which_backups_are_its_own_none_is_chosen(path, shared, state):
    ours, theirs = shared
    path.unlink()
    if state == "no database":
        path.write_bytes(b"broken " * 1000)
    elif state == "empty":
        with open_portfolio(str(path), create=True):
            pass
    with pytest.raises(InputRefused) as found:
        choose.default(str(path))
    assert found.value.code == "several-portfolios"
    assert "renewctl restore FILE" in choose.advice(str(path))
    theirs.unlink()
    assert choose.default(str(path)).file == ours
    assert ours.name in choose.advice(str(path))


@file_only
def test_a_damaged_portfolio_that_can_still_say_whose_it_is_has_its_own_backup_chosen(path, shared):
    ours, _ = shared
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE VIEW planted AS SELECT 1")
    assert choose.default(str(path)).file == ours


@file_only
def test_a_backup_of_the_first_schema_is_of_the_portfolio_that_was_migrated_from_it(tmp_path):
    from tests.store.older import VERSIONS, lay

    old = tmp_path / "portfolio.db"
    lay(old, VERSIONS[0])
    with open_portfolio(str(old)) as portfolio:
        file = portfolio.migrated.copy
    assert choose.default(str(old)).file == file


def test_what_a_forgetting_rewrote_does_not_make_another_portfolio_of_it():
    facts = Facts(2, 1, "aa", None, ("aa", "2026-01-01T00:00:00Z", "2026-01-01", "ana", "log Joe"))
    assert facts.same_line(facts._replace(first=(*facts.first[:4], "log (erased)")))
    assert not facts.same_line(facts._replace(first=("bb", *facts.first[1:])))
    assert facts.same_line(facts._replace(first=("", *facts.first[1:])))


# --- a portfolio that is damaged or gone ---------------------------------------------------------------


@file_only
@pytest.mark.parametrize("harm", ["cut", "head", "middle", "text"])
def test_a_damaged_portfolio_is_kept_beside_and_the_backup_takes_its_place(path, harm):
    before = held(path)
    file = made(path).file
    data = bytearray(path.read_bytes())
    if harm == "cut":
        data = data[: len(data) // 2]
    elif harm == "head":
        data[:100] = bytes(100)
    elif harm == "middle":
        data[4096 : len(data) - 4096] = bytes(len(data) - 8192)
    else:
        data = bytearray(b"id,name\n" * 500)
    path.write_bytes(data)
    with restore.planned(str(path), file) as plan:
        assert plan.state == "damaged"
        done = restore.carry_out(plan)
    assert held(path) == before
    assert done.kept.name.startswith("portfolio.db.damaged-")
    assert done.kept.read_bytes() == bytes(data)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@file_only
def test_the_journal_of_a_damaged_or_missing_portfolio_is_never_played_into_the_restored_one(path):
    before = held(path)
    file = made(path).file
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE account SET name = name || hex(zeroblob(3000))")
        journal = Path(f"{path}-journal").read_bytes()
    path.unlink()
    Path(f"{path}-journal").write_bytes(journal)
    put_back(path, file)
    assert held(path) == before
    assert not Path(f"{path}-journal").exists()
    assert len(list(path.parent.glob("portfolio.db.damaged-*-journal"))) == 1


@file_only
def test_a_damaged_portfolio_that_somebody_writes_is_left_alone(path):
    file = made(path).file
    code = (
        "import sqlite3, sys, time\n"
        f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "c.execute('BEGIN EXCLUSIVE')\nprint('in', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        with restore.planned(str(path.with_name("gone.db")), file) as plan:
            damaged = plan._replace(path=str(path), state="damaged")
            with pytest.raises(PortfolioError) as found:
                restore.carry_out(damaged)
        assert found.value.code == "portfolio-locked"
        other.stdin.close()


@file_only
def test_a_missing_portfolio_is_made_and_one_that_came_meanwhile_is_not_overwritten(path, tmp_path):
    before = held(path)
    file = made(path).file
    path.unlink()
    with restore.planned(str(path), file) as plan:
        assert plan.state == "missing"
        a_portfolio(path, random.Random(8))
        new = held(path)
        with pytest.raises(PortfolioError, match="changed by somebody else"):
            restore.carry_out(plan)
    assert held(path) == new
    path.unlink()
    put_back(path, file)
    assert held(path) == before


@file_only
def test_a_portfolio_reached_by_a_link_stays_where_it_is(path, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(path)
    file = made(path).file
    before = held(path)
    path.write_bytes(b"broken" * 1000)
    put_back(link, file)
    assert link.is_symlink()
    assert held(path) == before


# --- names, folders, and how many are kept -------------------------------------------------------------


@file_only
def test_backups_are_beside_the_portfolio_or_for_an_address_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("RENEWCTL_BACKUPS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert backup.folder_of(str(tmp_path / "book.db")) == tmp_path / "backups"
    url = "postgresql://ana:secret-word@db.example.com:5432/sales?schema=emea&sslmode=require"
    assert backup.folder_of(url) == tmp_path / "data" / "renewctl" / "backups"
    assert backup.stem_of(url) == "db.example.com-5432-sales-emea"
    assert backup.stem_of("postgresql:///sales?host=/run/pg&port=5433") == "run-pg-5433-sales-renewctl"
    assert "secret" not in backup.stem_of(url)
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "elsewhere"))
    assert backup.folder_of(url) == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("book.db", "book"),
        ("our book (1).db", "our-book-1"),
        ("--x.db", "x"),
        (".db", "db"),
        ("é" * 90, "é" * 48),
    ],
)
def test_the_stem_of_a_name_is_portable(name, stem):
    assert backup.stem_of(name) == stem


@file_only
def test_backups_of_one_second_have_names_of_their_own_and_are_listed_newest_first(path, monkeypatch):
    monkeypatch.setattr(backup, "utc_now", lambda: "2026-11-22T01:21:12Z")
    one = made(path, "before-import").file
    files = [made(path).file for _ in range(11)]
    assert one.name == "portfolio.2026-11-22T01-21-12Z.before-import.db"
    assert files[0].name == "portfolio.2026-11-22T01-21-12Z.manual-2.db"
    found = backup.listing(str(path))
    assert [each.file for each in found] == [*files[:0:-1], one]  # the first by hand made room
    assert {each.at for each in found} == {"2026-11-22T01:21:12Z"}


@file_only
def test_only_the_newest_are_kept_of_each_kind_apart(path, folder):
    by_hand = [made(path, keep=2).file for _ in range(2)]
    by_itself = [made(path, "before-import", keep=2).file for _ in range(2)]
    done = made(path, "before-undo", keep=2)
    assert done.removed == (by_itself[0],)
    assert all(each.exists() for each in by_hand)
    assert made(path, keep=1).removed == (by_hand[1], by_hand[0])


@file_only
def test_nothing_is_removed_that_is_not_a_whole_backup_of_this_very_portfolio(
    path, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(backup, "utc_now", lambda: "2020-01-01T00:00:00Z")
    (tmp_path / "other").mkdir()
    a_portfolio(tmp_path / "other" / "portfolio.db", random.Random(6))
    others = [
        made(tmp_path / "other" / "portfolio.db").file,  # of the same name
        folder / "portfolio.2020-01-01T00-00-01Z.manual.db",  # by name alone
        folder / "portfolio.db",
        folder / "notes.txt",
    ]
    for each in others[1:]:
        each.write_text("mine")
    spoilt = made(path, keep=99).file
    with spoilt.open("r+b") as file:
        file.seek(5000)
        file.write(b"spoilt")
    own = made(path, keep=99).file
    monkeypatch.undo()
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(folder))
    assert made(path, keep=1).removed == (own,)
    assert all(each.exists() for each in [*others, spoilt])


@file_only
def test_a_clock_that_was_put_back_does_not_cost_the_backup_just_made(path, monkeypatch):
    first = made(path, keep=1).file
    monkeypatch.setattr(backup, "utc_now", lambda: "2001-01-01T00:00:00Z")
    done = made(path, keep=1)
    assert done.file.exists()
    assert done.removed == (first,)


@file_only
def test_the_backup_that_is_being_restored_does_not_make_room_for_the_state_before(path):
    before = held(path)
    files = [made(path, "before-import").file for _ in range(10)]
    more(path)
    put_back(path, files[0])
    assert files[0].exists()
    assert held(path) == before


@file_only
def test_a_folder_that_is_none_or_a_link_is_refused(path, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("x")
    for folder in ("link", "file", "file/deeper"):
        with open_portfolio(str(path)) as portfolio, pytest.raises(PortfolioError) as found:
            backup.make(portfolio, tmp_path / folder, "portfolio", "manual", 10)
        assert found.value.code == "backup-not-written"
    with open_portfolio(str(path)) as portfolio, pytest.raises(InputRefused) as taken:
        backup.make_file(portfolio, tmp_path / "file")
    assert taken.value.code == "file-exists"
    assert (tmp_path / "file").read_text() == "x"
    assert list((tmp_path / "real").iterdir()) == []


@file_only
def test_what_a_killed_backup_left_long_ago_is_cleared_away(path, folder):
    made(path)
    old, new = folder / ".portfolio.1.aa.tmp", folder / ".portfolio.2.bb.tmp"
    for each in (old, new):
        each.write_text("x")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    made(path)
    assert not old.exists()
    assert new.exists()


# --- by themselves -------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_inside_a_write_the_committed_state_is_what_is_put_aside(path, tmp_path):
    before = content(path, tmp_path)
    with open_portfolio(str(path)) as portfolio:
        portfolio.begin()
        file = backup.before(portfolio, "before-import")
        portfolio.execute("DELETE FROM item_state")
        portfolio.rollback()
    assert held(file) == before
    assert backup.listing(str(path))[0].reason == "before-import"


@pytest.mark.both_engines
def test_a_portfolio_in_which_nothing_was_recorded_has_nothing_to_lose(tmp_path, engine, folder):
    empty = place(tmp_path / "empty.db")
    with open_portfolio(str(empty), create=True) as portfolio:
        assert backup.before(portfolio, "before-import") is None
    assert not folder.exists()


@file_only
def test_where_no_backup_can_be_made_the_change_is_refused(path, folder):
    folder.write_text("no folder")
    with open_portfolio(str(path)) as portfolio, pytest.raises(PortfolioError) as found:
        backup.before(portfolio, "before-import")
    assert (found.value.exit_code, found.value.code) == (12, "backup-failed")
    assert "--no-backup" in found.value.hint


@file_only
@pytest.mark.parametrize("call", ["fsync", "link", "open"])
def test_a_disk_that_fails_at_any_call_leaves_no_half_backup(path, folder, monkeypatch, call):
    made(path)
    before = sorted(folder.iterdir())
    real = getattr(os, call)
    for nth in range(1, 20):
        left = [nth]  # calls until one fails

        def failing(*given, left=left, **named):
            if call != "open" or str(given[0]).startswith(str(folder)):
                left[0] -= 1
                if left[0] == 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
            return real(*given, **named)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            code = outcome(lambda: made(path, "before-import"))
        fresh = [each for each in folder.iterdir() if each not in before]
        # named, though perhaps before the folder could not be synced, which is told: whole
        assert (code, len(fresh)) in (("", 1), ("commit-uncertain", 1), ("backup-not-written", 0))
        for each in fresh:
            assert examine(each).stamped
            each.unlink()
        if left[0] > 0:
            break
    assert code == ""
    assert nth > 1


# --- other processes -----------------------------------------------------------------------------------

_WRITER = """
import random, sys
sys.path.insert(0, {root!r})
from renewctl.store.portfolio import open_portfolio
from tests.backups import go_on
dice = random.Random(int(sys.argv[2]))
print("in", flush=True)
for _ in range(12):
    with open_portfolio(sys.argv[1]) as portfolio:
        go_on(portfolio, dice)
    print("done", flush=True)
"""


@file_only
def test_backups_made_while_others_write_are_each_one_state_of_the_portfolio(path, tmp_path):
    env = environment(tmp_path)
    code = _WRITER.format(root=str(ROOT))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), "2"], stdout=subprocess.PIPE, text=True, env=env
    ) as other:
        assert other.stdout.readline() == "in\n"
        files = []
        while other.poll() is None:
            files.append(made(path, keep=99).file)
        assert other.wait() == 0
    assert len(files) > 1
    last = 0
    for file in files:
        found = examine(file).facts.operations
        assert found >= last
        last = found
        with open_portfolio(str(file)) as state:
            assert state.value("SELECT COUNT(*) FROM change") == state.value(
                "SELECT SUM(count) FROM operation"
            )


@file_only
def test_restoring_while_others_read_and_write_loses_no_acknowledged_change_unseen(path, tmp_path):
    """Every restore either says that somebody was faster or keeps what was there in a backup."""
    file = made(path).file
    stop = threading.Event()
    wrong = []

    def look():
        while not stop.is_set():
            try:
                with open_portfolio(str(path)) as portfolio, portfolio.reading():
                    rows = portfolio.value("SELECT COUNT(*) FROM change")
                    if rows != portfolio.value("SELECT SUM(count) FROM operation"):
                        wrong.append("half a state")
            except PortfolioError as error:
                wrong.append(error.message)

    reader = threading.Thread(target=look)
    reader.start()
    code = _WRITER.format(root=str(ROOT))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), "3"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as other:
        while other.poll() is None:
            assert outcome(lambda: put_back(path, file)) in ("", "changed-meanwhile")
            time.sleep(0.05)
        lines = other.stdout.read().count("done")
        assert other.wait() == 0
    stop.set()
    reader.join()
    assert wrong == []
    assert lines == 12
    seen = set()
    for each in [*(copy.file for copy in backup.listing(str(path))), path]:
        with closing(sqlite3.connect(each)) as connection:
            seen |= {row[0] for row in connection.execute("SELECT nonce FROM operation")}
    with closing(sqlite3.connect(file)) as connection:
        known = {row[0] for row in connection.execute("SELECT nonce FROM operation")}
    if len(backup.listing(str(path))) < 10:  # none made room
        assert len(seen - known) == 12


_RESTORER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.backups import put_back
print("in", flush=True)
put_back(sys.argv[1], Path(sys.argv[2]))
print("done", flush=True)
"""


@file_only
def test_killed_at_any_moment_a_restore_has_happened_wholly_or_not_at_all(path, tmp_path):
    file = made(path).file
    for seed in range(4):
        more(path, seed)
    later, restored = held(path), held(file)
    whole = path.read_bytes()
    dice = random.Random(2)
    code = _RESTORER.format(root=str(ROOT))
    seen = set()
    for _ in range(8):
        path.write_bytes(whole)
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(file)],
            stdout=subprocess.PIPE, text=True, env=environment(tmp_path),
        ) as process:  # fmt: skip
            process.stdout.readline()
            time.sleep(dice.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
            told = "done" in process.stdout.read()
        with open_portfolio(str(path)):
            pass  # whoever comes next rolls back
        now = held(path)
        assert now in (later, restored)
        assert not told or now == restored
        seen.add(now == restored)
    assert seen <= {True, False}


@file_only
def test_a_full_disk_or_a_file_that_may_not_be_written_leaves_the_portfolio_as_it_was(path, tmp_path, folder):
    file = made(path).file
    more(path)
    before = held(path)
    code = _RESTORER.format(root=str(ROOT))
    limited = (
        "import resource, signal, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    for most in (0, 20_000, path.stat().st_size // 2):
        done = subprocess.run(
            # -B: or the limit cuts the interpreter's own cache short, and every later import with it
            [sys.executable, "-B", "-c", limited + code,
             str(path), str(file), str(most)],
            capture_output=True, text=True, check=False,
            env=environment(tmp_path, PYTHONDONTWRITEBYTECODE="1"),
        )  # fmt: skip
        assert "done" not in done.stdout
        assert "Error" in done.stderr
        assert held(path) == before
        assert not list(folder.glob(".*")), "something was left behind"
