"""Looking at what a restore would do changes nothing, and what it says of itself afterwards is the truth."""

import errno
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from renewctl.errors import Interrupted, PortfolioError
from renewctl.store import backup, copies, restore
from renewctl.store.portfolio import open_portfolio
from tests.backups import a_portfolio, go_on, held, put_back
from tests.cutting import Cutter
from tests.engines import once, place
from tests.store import older

OLD = older.VERSIONS[0]
file_only = pytest.mark.file_only("is about the portfolio's file")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where backups go."""
    found = tmp_path / "backups"
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(found))
    return found


@pytest.fixture
def path(tmp_path, engine):
    """A portfolio with something in it."""
    found = place(tmp_path / "portfolio.db")
    once("random", found, tmp_path, lambda: a_portfolio(found, random.Random(5)))
    return found


def made(path):
    """A backup of a portfolio."""
    with open_portfolio(str(path)) as portfolio:
        return backup.make(
            portfolio, backup.folder_of(str(path)), backup.stem_of(str(path)), "manual", 10
        ).file


def more(path, seed=1):
    """One more operation."""
    with open_portfolio(str(path)) as portfolio:
        go_on(portfolio, random.Random(seed))


def rows(path):
    """Every row of every table, on either engine."""
    return {name: sorted(map(repr, found)) for name, (_, found) in older.held(path).items()}


# --- nothing is changed by looking -------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_older_portfolio_is_looked_at_without_being_migrated_and_overwritten_all_the_same(
    tmp_path, engine, folder
):
    sibling = tmp_path / "sibling.db"
    older.lay(sibling, OLD)
    file = made(sibling)  # which migrates that one
    was = sorted(folder.iterdir())
    here = place(tmp_path / "portfolio.db")
    older.lay(here, OLD)
    add = "INSERT INTO operation (seq, at, as_of, actor, command, summary) VALUES "
    older.alter(here, f"{add} (9001, '2026-03-01T00:00:00Z', '2026-03-01', 'ana', 'late', 'x')")
    older.alter(
        here,
        "INSERT INTO change (no, op, entity, key, account_no, before, after) VALUES "
        """(90001, 9001, 'account', '1', 1, '{"csm":"a"}', '{"csm":"b"}')""",
    )
    before = older.held(here)
    with restore.planned(str(here), file) as plan:
        assert older.held(here) == before
        assert sorted(folder.iterdir()) == was
        assert (plan.state, plan.present.version) == ("sound", OLD)
        assert [(each.command, each.rows) for each in plan.lost] == [("late", 1)]
        assert not plan.another
        assert not plan.gained
        done = restore.carry_out(plan)
    assert rows(here) == rows(file)
    kept = older.held(done.kept)["operation"][1]
    assert [row[4] for row in kept if row[0] == 9001] == ["late"]


@pytest.mark.both_engines
def test_an_older_portfolio_that_changes_between_the_look_and_the_restore_is_not_overwritten(
    tmp_path, engine
):
    sibling = tmp_path / "sibling.db"
    older.lay(sibling, OLD)
    file = made(sibling)
    here = place(tmp_path / "portfolio.db")
    older.lay(here, OLD)
    with restore.planned(str(here), file) as plan:
        more(here)  # migrated, and gone on with
        before = rows(here)
        with pytest.raises(PortfolioError) as refused:
            restore.carry_out(plan)
    assert refused.value.code == "changed-meanwhile"
    assert rows(here) == before


@pytest.mark.both_engines
def test_a_portfolio_that_is_not_there_is_not_made_until_the_restore_is_carried_out(path, tmp_path):
    file = made(path)
    elsewhere = place(tmp_path / "elsewhere.db")
    with restore.planned(str(elsewhere), file) as plan:
        assert (plan.state, plan.present, plan.lost) == ("missing", None, ())
        assert not elsewhere.exists()
        restore.carry_out(plan)
    assert rows(elsewhere) == rows(path)


def test_a_portfolio_on_a_server_that_could_not_be_filled_is_taken_away_again(
    postgres, path, tmp_path, monkeypatch
):
    from tests.engines import using

    file = made(path)
    monkeypatch.setattr(copies, "refill", _fail)
    with using("postgresql", postgres):
        there = place(tmp_path / "elsewhere.db")
        with restore.planned(str(there), file) as plan, pytest.raises(PortfolioError, match="no more"):
            restore.carry_out(plan)
        assert not there.exists()


def _fail(*_):
    raise PortfolioError("disk-full", "no more")


def test_what_is_damaged_on_a_server_is_refused_and_never_taken_for_a_file(
    postgres, tmp_path, path, monkeypatch
):
    from tests.engines import using

    file = made(path)
    monkeypatch.chdir(tmp_path)
    with using("postgresql", postgres):
        there = place(tmp_path / "elsewhere.db")
        a_portfolio(there, random.Random(2))
        there.run("CREATE VIEW planted AS SELECT 1")
        before = there.read_bytes()
        with pytest.raises(PortfolioError) as refused, restore.planned(str(there), file):
            raise AssertionError("it was planned")
        assert refused.value.code == "portfolio-tampered"
        assert there.read_bytes() == before
    assert not Path("postgresql:").exists()


# --- what became of it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "code"), [("before", "not-recorded"), ("after", "")])
def test_a_line_cut_at_the_commit_is_settled_by_the_end_of_the_log_not_by_an_operation_both_have(
    postgres, tmp_path, way, code
):
    from tests.engines import using

    with using("postgresql", postgres):
        there = place(tmp_path / "elsewhere.db")
        a_portfolio(there, random.Random(2))
        earlier = rows(there)
        file = made(there)
        more(there)
        later = rows(there)
        with Cutter(postgres.port) as cutter:
            address = f"postgresql://postgres@127.0.0.1:{cutter.port}/postgres?schema={there.schema}"
            with restore.planned(address, file) as plan:
                cutter.at_commit(way)
                found = ""
                try:
                    restore.carry_out(plan)
                except PortfolioError as error:
                    found = error.code
            assert cutter.cuts == 1
        assert found == code
        assert rows(there) == (later if code else earlier)


@file_only
def test_a_restore_that_changed_nothing_is_not_taken_for_one_that_somebody_went_on_from(path, monkeypatch):
    file = made(path)
    more(path)
    before = held(path)
    monkeypatch.setattr(copies, "overwrite", lambda *_: None)
    with pytest.raises(PortfolioError) as found:
        put_back(path, file)
    assert found.value.code == "restore-failed"
    assert held(path) == before


@file_only
def test_a_restore_that_somebody_went_on_from_at_once_is_told_as_such(path, monkeypatch):
    file = made(path)
    more(path)
    real = copies.overwrite

    def then_another(*given):
        real(*given)
        more(path, seed=4)
        more(path, seed=5)

    monkeypatch.setattr(copies, "overwrite", then_another)
    done = put_back(path, file)
    assert done.rows is None


@file_only
def test_without_a_folder_for_temporary_files_an_older_backup_is_refused_in_words(tmp_path, monkeypatch):
    here = tmp_path / "portfolio.db"
    older.lay(here, OLD)
    with open_portfolio(str(here)) as portfolio:
        file = portfolio.migrated.copy

    def none(**_):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    before = held(here)
    monkeypatch.setattr(tempfile, "mkdtemp", none)
    with pytest.raises(PortfolioError) as refused:
        put_back(here, file)
    assert refused.value.code == "no-temporary-folder"
    assert held(here) == before
    assert made(here)  # which needs none


@file_only
def test_a_write_that_slips_in_before_the_pages_are_locked_is_not_overwritten(path, monkeypatch):
    file = made(path)
    more(path)
    overwrite = copies.overwrite

    def late(*given):
        more(path, 9)
        before.append(held(path))
        overwrite(*given)

    before = []
    monkeypatch.setattr(copies, "overwrite", late)
    with restore.planned(str(path), file) as plan, pytest.raises(PortfolioError) as found:
        restore.carry_out(plan)
    assert found.value.code == copies.changed_meanwhile(str(path)).code
    assert held(path) == before[0]


# --- a damaged file is put aside ------------------------------------------------------------------------


@pytest.fixture
def damaged(path):
    """(a damaged portfolio with a journal beside it, a backup of it, what the backup holds)."""
    file, whole = made(path), held(path)
    path.write_bytes(b"broken" * 5000)
    path.chmod(0o600)
    Path(f"{path}-journal").write_bytes(b"journal of another")
    return path, file, whole


@file_only
def test_a_log_that_breaks_off_in_the_middle_is_damage_like_any_other(path):
    with open_portfolio(str(path)) as portfolio:
        for seed in range(40):
            go_on(portfolio, random.Random(seed))
        digest = portfolio.value("SELECT digest FROM operation WHERE seq = 30")
    file, whole, sound = made(path), held(path), path.read_bytes()
    start = sound.index(digest.encode()) // 4096 * 4096
    path.write_bytes(sound[:start] + bytes(4096) + sound[start + 4096 :])
    with restore.planned(str(path), file) as plan:
        assert plan.state == "damaged"
        # Nothing is said of operations of which only some could be read.
        assert (plan.present, plan.another, plan.lost, plan.common) == (None, False, (), 0)
        assert "\n" not in plan.problem
        done = restore.carry_out(plan)
    assert held(path) == whole
    assert "damaged" in done.kept.name


@file_only
@pytest.mark.parametrize("left", ["damaged", "missing"])
def test_what_another_program_has_left_beside_the_file_is_not_rolled_into_the_restored_one(path, left):
    file, whole = made(path), held(path)
    other = (
        "import os, sqlite3, sys; a = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "a.execute('PRAGMA journal_mode = WAL'); a.execute(\"UPDATE account SET name = 'EVIL'\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", other, str(path)], check=True)
    assert Path(f"{path}-wal").stat().st_size
    if left == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:8192] + b"zap" * 9999)
    done = put_back(path, file)
    assert held(path) == whole
    if left == "damaged":
        assert done.kept.with_name(f"{done.kept.name}-wal").stat().st_size
    with open_portfolio(str(path)) as portfolio:
        assert not portfolio.value("SELECT COUNT(*) FROM account WHERE name = 'EVIL'")


def beside(path):
    """The files in a portfolio's folder with their bytes."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}


@file_only
@pytest.mark.parametrize("links", [True, False])
def test_a_damaged_file_is_kept_whether_or_not_files_can_have_two_names(damaged, monkeypatch, links):
    path, file, whole = damaged
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    done = put_back(path, file)
    assert held(path) == whole
    assert done.kept.read_bytes() == b"broken" * 5000
    assert done.kept.stat().st_mode & 0o777 == 0o600
    assert done.kept.with_name(done.kept.name + "-journal").read_bytes() == b"journal of another"
    assert sorted(beside(path)) == [path.name, done.kept.name, f"{done.kept.name}-journal"]


def _no_links(*_, **__):
    raise OSError(errno.EPERM, "Operation not permitted")


@file_only
@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("call", ["replace", "rename"])
def test_where_the_file_cannot_take_its_place_all_is_as_it_was(damaged, monkeypatch, links, call):
    path, file, _ = damaged
    before = beside(path)
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    real = getattr(Path, call)
    failed = []

    def once(self, target):
        if not failed:
            failed.append(self)
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    with restore.planned(str(path), file) as plan:
        monkeypatch.setattr(Path, call, once)
        with pytest.raises(PortfolioError, match="nothing was restored"):
            restore.carry_out(plan)
    assert failed
    assert beside(path) == before


@file_only
def test_a_folder_that_cannot_be_synced_once_the_file_is_in_place_is_told_as_uncertain(damaged, monkeypatch):
    path, file, whole = damaged
    with restore.planned(str(path), file) as plan:
        monkeypatch.setattr(restore, "sync_folder", _unsynced)
        monkeypatch.setattr(Interrupted, "too_late", False)
        with pytest.raises(PortfolioError) as found:
            restore.carry_out(plan)
        assert Interrupted.too_late
    assert found.value.code == "commit-uncertain"
    assert "is restored, the file before kept at " in found.value.message
    assert held(path) == whole


def _unsynced(folder, done=""):
    from renewctl.store.files import sync_folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _io_error)
        sync_folder(folder, done)


def _io_error(_):
    raise OSError(errno.EIO, "Input/output error")
