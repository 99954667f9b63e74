"""Restoring a backup: what would be lost, and then the portfolio exactly as the backup has it, or as it was.

A sound portfolio is overwritten in place, in one transaction, after a backup of its own; a damaged file
is kept beside under another name; a missing one is made. Until it is carried out nothing is changed: the
portfolio is neither migrated nor made.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from renewctl.errors import InputRefused, Interrupted, PortfolioError
from renewctl.store import backup, choose, copies, instead, sqlite
from renewctl.store.examine import Examined, Facts, examine, facts_of, unfaithful
from renewctl.store.files import make_folder, sync_folder
from renewctl.store.portfolio import SCHEMA_VERSION, Portfolio, discard, open_portfolio

# What is wrong with a file that a restore may replace; with anything else it is left alone.
_DAMAGED = ("portfolio-damaged", "not-a-portfolio", "portfolio-tampered", "unknown-schema")
_LINK = "digest"
_OLD_LINK = "at, as_of, actor, command, summary"  # of a schema without digests
_ROWS = "count"
_OLD_ROWS = "(SELECT COUNT(*) FROM change WHERE op = seq)"
_CHAINED = 2  # the schema from which on operations carry digests, and count their rows
_KEPT_FOR_SPEED = ("agenda", "meta")  # tables that a reading command may bring up to date


class Told(NamedTuple):
    """An operation as it is told of."""

    seq: int
    at: str
    actor: str
    command: str
    summary: str
    rows: int


class Plan(NamedTuple):
    """What restoring would do."""

    path: str
    backup: Examined
    source: Path  # what is copied: the backup, or a copy of it brought to today's schema
    state: str  # of the present portfolio: sound | damaged | missing
    problem: str  # what is wrong with it, where it is damaged
    present: Facts | None  # None where it cannot be read
    common: int  # the last operation that both have; 0: none
    lost: tuple[Told, ...]  # operations since, of the present portfolio
    gained: tuple[Told, ...]  # operations since, of the backup
    doubt: str = ""  # how the backup contradicts itself
    elsewhere: tuple[Told, ...] = ()  # where the present says nothing: forgettings that later backups tell of

    @property
    def another(self) -> bool:
        """Whether the backup is not an earlier or later state of this portfolio, but of another."""
        facts = self.backup.facts
        return bool(self.present and self.present.operations and facts.operations and not self.common)

    @property
    def forgettings(self) -> tuple[Told, ...]:
        """The operations that would be lost and erased somebody, whom the backup may hold still."""
        return tuple(each for each in self.lost if _forgets(each)) or self.elsewhere


class Restored(NamedTuple):
    """What a restore did."""

    rows: int | None  # compared with the backup afterwards; None where somebody had already gone on
    kept: Path | None  # the state before: a backup, or the damaged file under its new name


@contextmanager
def planned(path: str, file: Path | None) -> Iterator[Plan]:
    """What restoring a file (default: the newest sound backup) would do to the portfolio at `path`.

    Changes nothing. The plan can be carried out as long as the context lasts. Raises InputRefused for a
    file that cannot be relied upon, PortfolioError where the present portfolio may not be replaced.
    """
    examined = examine(_named(path, file)) if file is not None else choose.default(path)
    if "://" not in path and Path(path).exists() and examined.file.samefile(path):
        raise InputRefused("same-file", f"{path} is the portfolio itself", "name a backup of it")
    with _current(examined) as source, copies.open_copy(source) as theirs:
        state, problem, present = "missing", "", None
        common, gained = 0, _since(theirs, 0)
        lost: tuple[Told, ...] = ()
        if "://" in path or (Path(path).exists() and Path(path).stat().st_size):
            try:
                with _present(path) as ours:
                    facts = facts_of(ours)
                    shared = _common(ours, theirs, min(facts.version, examined.facts.version))
                    ended = _since(ours, shared), _since(theirs, shared)
                    present, common, (lost, gained) = facts, shared, ended  # all of it, or nothing is known
                    if isinstance(ours, sqlite.SqlitePortfolio):
                        copies.sound(ours)
                state = "sound"
            except copies.Differs as error:
                state, problem = "damaged", str(error)
            except (PortfolioError, sqlite3.Error) as error:  # the latter while rows are fetched
                told = sqlite.refusal(error, path) if isinstance(error, sqlite3.Error) else error
                if "://" not in path and told.code in _DAMAGED:
                    state, problem = "damaged", told.message
                elif told.code != "portfolio-missing":
                    raise told from (None if told is error else error)
        doubt = (unfaithful(examined.file) or "") if file is not None and examined.stamped else ""
        elsewhere = () if present else _forgotten_since(path, examined, theirs)
        yield Plan(path, examined, source, state, problem, present, common, lost, gained, doubt, elsewhere)


def _forgets(operation: Told) -> bool:
    return operation.command.startswith("forget ")


def _forgotten_since(path: str, examined: Examined, theirs: Portfolio) -> tuple[Told, ...]:
    """The forgettings that backups of the same portfolio tell of and this one does not know yet."""
    found: dict[int, Told] = {}
    for copy in backup.listing(path):
        with suppress(InputRefused, PortfolioError, sqlite3.Error):
            other = examine(copy.file, wholly=False)
            later = other.facts.operations > examined.facts.operations
            if later and other.facts.same_line(examined.facts):
                with copies.open_copy(copy.file) as opened, opened.reading():
                    versions = (other.facts.version, examined.facts.version)
                    since = _since(opened, _common(opened, theirs, min(versions)))
                    found |= {each.seq: each for each in since if _forgets(each)}
    return tuple(found[seq] for seq in sorted(found, reverse=True))


@contextmanager
def _present(path: str) -> Iterator[Portfolio]:
    """The portfolio inside its `reading`, and left as it is: neither migrated nor recovered."""
    if "://" in path:
        with open_portfolio(path, migrate=None) as opened, opened.reading():
            yield opened
        return
    from renewctl.store import migrations
    from renewctl.store.doctor_file import examined

    with examined(path, None, date.min) as subject:
        ours = subject.opened
        assert isinstance(ours, sqlite.SqlitePortfolio)  # noqa: S101 (a file's is)
        version = sqlite.check_schema(ours.connection, path)
        if version < 1:
            raise migrations.unknown(path, version)
        yield ours


def _named(path: str, file: Path) -> Path:
    """The file of that name, or the backup of that name in the portfolio's own folder of backups."""
    if not file.exists() and file == Path(file.name):
        return next((each.file for each in backup.listing(path) if each.file.name == file.name), file)
    return file


@contextmanager
def _current(examined: Examined) -> Iterator[Path]:
    """The backup itself, or a copy of it that is of today's schema, as long as the context lasts."""
    version = examined.facts.version
    if version == SCHEMA_VERSION:
        yield examined.file
        return
    from renewctl.store import migrations

    try:
        folder = Path(tempfile.mkdtemp(prefix="renewctl-"))
    except OSError as error:
        raise PortfolioError(
            "no-temporary-folder",
            f"no folder to bring {examined.file} to today's schema in: {error.strerror}; nothing was changed",
            "name one with room: TMPDIR=FOLDER renewctl restore …",
        ) from error
    try:
        file = _copied(examined.file, folder / "backup.db")
        with copies.Passing(sqlite.connect(file), str(file)) as passing:
            migrations.migrate(passing, version)
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(source: Path, file: Path) -> Path:
    """A new file, for its owner alone, with what a portfolio file holds."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with copies.open_copy(source) as copy, copy.reading():
        copies.copy_to(copy, file)
    return file


def _common(ours: Portfolio, theirs: Portfolio, version: int) -> int:
    """The last operation up to which both logs are the same."""
    link = _LINK if version >= _CHAINED else _OLD_LINK
    sql = f"SELECT seq, {link} FROM operation ORDER BY seq"  # noqa: S608
    pairs = zip(ours.execute(sql), theirs.execute(sql), strict=False)
    last = 0
    for one, _ in takewhile(lambda pair: tuple(pair[0]) == tuple(pair[1]), pairs):
        last = int(one[0])
    return last


def _since(portfolio: Portfolio, seq: int) -> tuple[Told, ...]:
    """The operations after one, the newest first."""
    rows = _ROWS if portfolio.schema_version() >= _CHAINED else _OLD_ROWS
    sql = f"SELECT seq, at, actor, command, summary, {rows} FROM operation WHERE seq > ? ORDER BY seq DESC"  # noqa: S608
    return tuple(Told._make(row) for row in portfolio.rows(sql, (seq,)))


# --- carried out ---------------------------------------------------------------------------------------


def carry_out(plan: Plan) -> Restored:
    """Do it: afterwards the portfolio holds exactly what the backup does, or what it did before.

    Raises PortfolioError where somebody changed it since the plan was made, or no backup of the present
    state can be written; nothing is changed then.
    """
    if "://" in plan.path:
        kept = _overwrite_rows(plan)
    elif plan.state == "sound":
        kept = _overwrite_file(plan)
    else:
        kept = _place(plan)
    try:
        with open_portfolio(plan.path) as fresh:
            return Restored(_compared(fresh, plan, kept), kept)
    except PortfolioError as error:
        if error.code == "restore-failed":
            raise
        raise PortfolioError(
            "commit-uncertain",
            f"{plan.path} is restored, but could not be read again to compare: {error.message}",
            "check the disk, then the portfolio: renewctl doctor",
        ) from error


def _overwrite_file(plan: Plan) -> Path | None:
    """Over the pages of the present file. Closed only after every connection: that would drop their locks."""
    file = Path(plan.path)
    handle = os.open(file, os.O_RDONLY)
    try:
        with (
            open_portfolio(plan.path, migrate=None) as ours,
            copies.open_copy(plan.source) as source,
        ):
            ours.execute("PRAGMA journal_mode = DELETE")
            with ours.reading():  # nobody can commit as long as this lasts
                _check_unchanged(ours, plan)
                counter = copies.commits(handle)
                kept = backup.before(ours, "before-restore", spare=plan.backup.file)
            copies.overwrite(file, source, counter, handle)
    finally:
        os.close(handle)
    return kept


def _overwrite_rows(plan: Plan) -> Path | None:
    """Over the rows of a portfolio on a server, while it is our turn; made or migrated first if need be."""
    from renewctl.store import postgres

    with (
        copies.open_copy(plan.source) as source,
        postgres.open_at(plan.path, create=plan.state == "missing") as ours,
    ):
        try:
            wanted = facts_of(source)
            ours.begin()
            _check_unchanged(ours, plan)
            kept = backup.before(ours, "before-restore", spare=plan.backup.file)
            copies.refill(ours, source, copies.tables(source))
            ours.commit_known_by(lambda: _follows(ours, plan, wanted))
        except BaseException:
            with suppress(PortfolioError):  # the first failure is the one to tell of
                ours.rollback()
                if ours.made:
                    discard(plan.path)  # stays if anything was recorded in it
            raise
    return kept


def _check_unchanged(ours: Portfolio, plan: Plan) -> None:
    now, then = facts_of(ours), plan.present
    if then is None:
        same = not now.operations
    elif now.version == then.version:
        same = now == then
    else:  # migrated since, and so with digests of other making
        same = (now.operations, now.newest, now.first[1:]) == (then.operations, then.newest, then.first[1:])
    if not same:
        raise copies.changed_meanwhile(plan.path)


def _follows(ours: Portfolio, plan: Plan, wanted: Facts) -> bool:
    """Whether a portfolio is what was put in its place, or that with more: not what was there before.

    Its last operation alone would not tell: the portfolio before most often has that one, too.
    """

    def holds(facts: Facts) -> bool:
        if facts.newest is None:
            return True
        sql = "SELECT 1 FROM operation WHERE seq = ? AND digest = ?"
        return ours.value(sql, (facts.newest[0], facts.head)) is not None

    before = plan.present
    return holds(wanted) and not (plan.lost and before is not None and holds(before))


def _compared(fresh: Portfolio, plan: Plan, kept: Path | None) -> int | None:
    """Read again and compare with the backup; PortfolioError where it is not the same."""
    with copies.open_copy(plan.source) as source:
        wanted = facts_of(source)
    with fresh.another() as reader, reader.reading():
        now = facts_of(reader)
        try:
            return copies.compare(reader, plan.source)
        except copies.Differs as error:
            gone_on = now.operations > wanted.operations or error.table in _KEPT_FOR_SPEED
            if gone_on and _follows(reader, plan, wanted):
                return None  # others have it again, and have gone on
            before = f"; the state before is in {kept}" if kept else ""
            raise PortfolioError(
                "restore-failed",
                f"{plan.path} is not what the backup holds: {error}{before}",
                "try again, or restore another: renewctl backup --list",
            ) from error


def _place(plan: Plan) -> Path | None:
    """Under the name of a file that is missing or damaged. A damaged one is kept beside, with its journal."""
    file = Path(plan.path).resolve()
    temporary = file.with_name(f".{file.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    ready = False
    try:
        make_folder(file.parent)
        _copied(plan.source, temporary)
        with copies.open_copy(plan.source) as source, source.reading():
            copies.compare(source, temporary)
        ready = True
        kept = instead.put(file, temporary, missing=plan.state == "missing")
        Interrupted.too_late = True
        before = f", the file before kept at {kept}" if kept else ""
        sync_folder(file.parent, f"{plan.path} is restored{before}")
        return kept
    except KeyboardInterrupt:
        Interrupted.too_late |= ready and not temporary.exists()
        raise
    except copies.Differs as error:
        raise PortfolioError(
            "restore-failed",
            f"the copy of {plan.backup.file} is not what it holds: {error}; nothing was changed",
        ) from error
    except OSError as error:
        raise PortfolioError(
            "portfolio-not-writable",
            f"cannot write {plan.path}: {error.strerror}; nothing was restored",
            "check the permissions of the file and its folder",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
