"""What `doctor` asks of the file and the database in it, and how it opens what others refuse."""

import os
import re
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renewctl.errors import PortfolioError
from renewctl.store import portfolio as store
from renewctl.store.doctor import NAMED, OUTSIDE, RESTORE, Finding, Seen, Subject, counted
from renewctl.store.portfolio import APPLICATION_ID, SCHEMA_VERSION, Portfolio, newer
from renewctl.store.sqlite import SqlitePortfolio, uri

if TYPE_CHECKING:
    from renewctl.core.policy import Policy

_HEAD = 100  # bytes of the file's own heading
_MAGIC = b"SQLite format 3\0"
_LONGEST = 256 * 2**20  # bytes of one value; the memory of the largest file that is remembered has 48 MB
_STEPS_AT_ONCE = 1_000_000  # of the database's engine, between two looks at how many there were
_STEPS = 500_000_000  # that a check may take, and so many more for each byte of the file:
_STEPS_PER_BYTE = 500


def subject_of(
    connection: sqlite3.Connection, path: str, head: bytes, policy: "Policy | None", as_of: date
) -> Subject:
    """A database that is open already, to be examined; nothing in it is trusted."""
    connection.text_factory = _text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    portfolio = SqlitePortfolio(connection, path)
    tables = {name for (name,) in portfolio.rows("SELECT name FROM sqlite_master")}
    ours = portfolio.value("PRAGMA application_id") == APPLICATION_ID
    if not ours and not tables & {"account", "operation", "contract"}:
        raise PortfolioError(
            "not-a-portfolio",
            f"{path} is not a renewctl portfolio",
            "name another file with --portfolio FILE",
        )
    version = int(portfolio.value("PRAGMA user_version"))
    with suppress(PortfolioError, sqlite3.Error, ValueError, TypeError):
        said = portfolio.value("SELECT MAX(version) FROM migration")
        version = version if said is None else int(said)
    size = int(portfolio.value("PRAGMA page_count")) * int(portfolio.value("PRAGMA page_size"))
    _limit(connection, size)
    return Subject(portfolio, policy, as_of, path, head, version)


def _text(raw: bytes) -> str:
    """Text as it is stored, whatever bytes it is made of."""
    return raw.decode("utf-8", "surrogateescape")


def _limit(connection: sqlite3.Connection, size: int) -> None:
    """Stop any query that takes more steps than the whole of a sound portfolio of this size would."""
    left = (_STEPS + _STEPS_PER_BYTE * size) // _STEPS_AT_ONCE
    taken = 0

    def enough() -> int:
        nonlocal taken
        taken += 1
        return taken > left

    connection.set_progress_handler(enough, _STEPS_AT_ONCE)


@contextmanager
def examined(path: str, policy: "Policy | None", as_of: date) -> Iterator[Subject]:
    """The portfolio at a path or address, to be examined: read-only, and whatever state it is in.

    Where it cannot be opened the subject has no portfolio and says why. Raises PortfolioError (exit 12) only
    where there is nothing at all, or the server refuses.
    """
    if "://" in path:
        from renewctl.store import postgres

        with postgres.open_untrusted(path) as server, server.reading():
            if not server.schema_version():
                raise postgres.missing(server.path)
            yield Subject(server, policy, as_of, "", b"", server.schema_version())
        return
    file = Path(path)
    if not file.is_file():
        refusal = _nothing_there(path)
        from renewctl.store.backup import listing

        if not listing(path):
            raise refusal
        yield Subject(None, policy, as_of, path, b"", 0, refusal)
        return
    connection: sqlite3.Connection | None = None
    head = b""
    with ExitStack() as aside:
        try:
            with file.open("rb") as opened:
                head = opened.read(_HEAD)
            connection, hot = _open(file, aside)
            subject = subject_of(connection, path, head, policy, as_of)._replace(hot=hot)
        except (PortfolioError, sqlite3.Error, OSError, ValueError, TypeError) as error:
            subject = Subject(None, policy, as_of, path, head, 0, _refusal(error, path, head))
        try:
            with subject.portfolio.reading() if subject.portfolio else nullcontext():
                yield subject
        finally:
            if connection is not None:
                connection.close()


def _nothing_there(path: str) -> PortfolioError:
    """What is there instead of a file."""
    try:
        store.open_portfolio(path).close()
    except PortfolioError as error:
        return error
    return PortfolioError("portfolio-locked", f"{path} appeared a moment ago", "try again")


def _refusal(error: Exception, path: str, head: bytes) -> PortfolioError:
    """Why it cannot be opened, as one line."""
    if isinstance(error, PortfolioError):
        return error
    if isinstance(error, OSError):
        how = "check the permissions of the file and its folder"
        return PortfolioError("portfolio-not-readable", f"{path} cannot be read: {error.strerror}", how)
    if "locked" in str(error):
        return PortfolioError(
            "portfolio-locked", f"{path} is in use by another command", "try again in a moment"
        )
    if not head.startswith(_MAGIC[:8]):
        return PortfolioError("not-a-portfolio", f"{path} is no portfolio, nor any database", RESTORE)
    return PortfolioError("portfolio-damaged", f"{path} cannot be opened: {error}", RESTORE)


def _open(file: Path, aside: ExitStack) -> tuple[sqlite3.Connection, bool]:
    """The file opened read-only; where a write was cut short, a copy in which it is undone.

    A copy as well where another program's log lies beside it, which the engine would take up and write to.
    The copy lasts as long as `aside`.
    """
    if os.path.lexists(f"{file}-wal"):
        return _connect(_copied(file, "-wal", aside), "rw"), False
    connection = _connect(file, "ro")
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorname != "SQLITE_READONLY_ROLLBACK":
            raise
        connection = _connect(_copied(file, "-journal", aside), "rw")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return connection, True
    return connection, False


def _copied(file: Path, ending: str, aside: ExitStack) -> Path:
    """A copy of a file and of the one beside it, in a folder of its own that only a few ever need."""
    folder = Path(aside.enter_context(tempfile.TemporaryDirectory(prefix="renewctl-doctor-")))
    for name in (file.name, f"{file.name}{ending}"):
        shutil.copyfile(file.with_name(name), folder / name)
    return folder / file.name


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri(file, mode), uri=True, timeout=store.BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


# --- the file ------------------------------------------------------------------------------------------


def file(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whose file it is, who may read it, and whether its heading is that of a portfolio."""
    if subject.path:
        seen.text = subject.path
        if os.path.lexists(subject.path):
            yield from _place(Path(subject.path), subject.hot)
    else:
        seen.text = subject.opened.path
    if subject.head:
        yield from _heading(subject.head, subject.path)
    if subject.portfolio is None:
        why = subject.refusal.message if subject.refusal else "it cannot be opened"
        yield Finding("not-opened", subject.path, why, RESTORE)
        return
    yield from _version(subject)


def _place(path: Path, hot: bool) -> Iterator[Finding]:
    if hot:
        yield Finding(
            "write-cut-short",
            f"{path}-journal",
            "a command was stopped while it wrote; what follows is of a copy in which that is undone",
            "nothing is lost: the next command undoes it, such as renewctl list",
        )
    for ending in () if hot else ("-journal", "-wal", "-shm"):
        beside = Path(f"{path}{ending}")
        if os.path.lexists(beside):
            busy = ending == "-journal"
            what = (
                "is there: another command is writing"
                if busy
                else "is there: some other program opened the portfolio"
            )
            yield Finding("file-beside", str(beside), what, "close the other program", busy)
    if os.name != "posix":
        return  # pragma: no cover - Windows knows neither these permissions nor owners
    if path.is_symlink():
        to = os.path.realpath(path)
        strange = path.lstat().st_uid != path.stat().st_uid or _open_to_others(Path(to).parent)
        yield Finding("symlink", str(path), f"is a link to {to}", "make sure that you made it", not strange)
    about = path.stat()
    if stat.S_IMODE(about.st_mode) & 0o077:
        yield Finding(
            "readable-by-others",
            str(path),
            f"its permissions are {stat.S_IMODE(about.st_mode):04o}: others may read or write it",
            f"chmod 600 {path}",
        )
    if about.st_uid != os.geteuid():
        what = f"belongs to user {about.st_uid} and not to you ({os.geteuid()})"
        yield Finding(
            "owned-by-another", str(path), what, "have its owner look, or copy it", os.geteuid() == 0
        )
    if _open_to_others(path.absolute().parent):
        folder = path.absolute().parent
        what = "everybody may write to the folder, and so replace the portfolio"
        yield Finding("folder-open", str(folder), what, f"chmod o-w {folder}")


def _open_to_others(folder: Path) -> bool:
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


# What stands where in the heading of every portfolio.
_HEADED = (
    ("pair of format versions", 18, b"\1\1"),
    ("share of a page", 20, b"\0\x40\x20\x20"),
    ("schema format", 44, b"\0\0\0\4"),
    ("encoding", 56, b"\0\0\0\1"),
    ("empty part", 72, bytes(20)),
)


def _heading(head: bytes, path: str) -> Iterator[Finding]:
    """The fields of a database's heading that a portfolio always has so."""
    if not head.startswith(_MAGIC[:8]):
        return  # no database, as is told below
    wrong = [] if head[:16] == _MAGIC else ["its first bytes are not those of a database"]
    for name, start, want in _HEADED:
        found = head[start : start + len(want)]
        if found != want:
            wrong.append(f"its {name} is {found.hex()} and not {want.hex()}")
    for what in wrong:
        yield Finding("heading", path or "the first page", what, RESTORE)


def _version(subject: Subject) -> Iterator[Finding]:
    portfolio = subject.opened
    if portfolio.engine == "sqlite":
        ours = portfolio.value("PRAGMA application_id")
        if ours != APPLICATION_ID:
            yield Finding(
                "application-id", "the heading", f"is marked as another program's file ({ours})", RESTORE
            )
        headed = portfolio.value("PRAGMA user_version")
        if headed != subject.version:
            what = f"says schema {headed}, its table of versions {subject.version}"
            yield Finding("schema-version", "the heading", what, RESTORE)
    if subject.version > SCHEMA_VERSION:
        refused = newer(portfolio, subject.version)
        what = refused.message.removeprefix(f"{portfolio.path} ")
        yield Finding("newer-schema", portfolio.path, what, refused.hint)
    elif subject.version < SCHEMA_VERSION:
        what = f"has schema {subject.version}; this renewctl writes {SCHEMA_VERSION}"
        how = "the next command migrates it, after a backup"
        yield Finding("older-schema", portfolio.path, what, how, True)
    else:
        yield from _migrations(portfolio)


def _migrations(portfolio: Portfolio) -> Iterator[Finding]:
    from renewctl.core.invariants import is_instant
    from renewctl.store.migrations import MIGRATIONS

    names = {1: {"laid out"}} | {step.version: {step.name, "laid out"} for step in MIGRATIONS}
    rows = portfolio.rows("SELECT version, name, at FROM migration ORDER BY version")
    wrong = not rows or [row[0] for row in rows] != list(range(rows[0][0], SCHEMA_VERSION + 1))
    if wrong:
        told = ", ".join(str(row[0]) for row in rows[:NAMED]) or "none"
        yield Finding("migration", "migration", f"the versions it has had are {told}", OUTSIDE)
    for version, name, at in rows[:NAMED]:
        if name not in names.get(version, ()) or not is_instant(at):
            yield Finding("migration", f"migration {version}", f"reads {name!r} at {at!r}", OUTSIDE)


# --- the database ----------------------------------------------------------------------------------------


def integrity(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether the engine finds its own structures whole: every page, row and index."""
    portfolio = subject.opened
    if portfolio.engine == "sqlite":
        seen.text = counted(portfolio.value("PRAGMA page_count"), "page")
        for (said,) in portfolio.execute(f"PRAGMA integrity_check({NAMED + 1})"):
            if said != "ok":
                for line in str(said).splitlines():
                    if line.strip() and not line.startswith("*** in database"):
                        yield Finding("corrupt", "the database", line.strip(), RESTORE)
        return
    from renewctl.store import doctor_postgres

    yield from doctor_postgres.integrity(portfolio, seen)


def references(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether every row that names another names one that is there."""
    portfolio = subject.opened
    pairs = foreign_keys()
    seen.text = f"{len(pairs)} kinds of reference"
    for table, column, parent in pairs:
        sql = (
            f"SELECT t.{column}, COUNT(*) FROM {table} t "  # noqa: S608
            f"WHERE t.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.no = t.{column}) "
            f"GROUP BY t.{column} ORDER BY 1 LIMIT {NAMED + 1}"
        )
        for number, count in portfolio.execute(sql):
            rows = f"{count:,} rows" if count > 1 else "a row"
            yield Finding(
                "no-such-row", table, f"{rows} of it name {parent} {number}, which is not there", RESTORE
            )
    if portfolio.engine == "sqlite":
        for table, row, parent, _ in portfolio.execute("PRAGMA foreign_key_check"):
            yield Finding("no-such-row", str(table), f"row {row} names a {parent} that is not there", RESTORE)


def foreign_keys() -> list[tuple[str, str, str]]:
    """(table, column, table whose `no` it holds), from the generated schema."""
    found = []
    for name, body in re.findall(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", _schema_text(), re.M | re.S):
        for column, parent in re.findall(r"FOREIGN KEY\((\w+)\) REFERENCES (\w+) \(no\)", body):
            found.append((name, column, parent))
    return found


@lru_cache(maxsize=1)
def _schema_text() -> str:
    return Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


# --- its tables --------------------------------------------------------------------------------------------

_MASTER = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


def schema(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether the tables are those of a new portfolio of this version, and nothing else is there."""
    portfolio = subject.opened
    if portfolio.engine != "sqlite":
        from renewctl.store import doctor_postgres

        yield from doctor_postgres.schema(portfolio, seen)
        return
    found = {(kind, name): (table, sql) for kind, name, table, sql in portfolio.execute(_MASTER)}
    known = _as_laid_out(subject.version)
    seen.text = f"{sum(kind == 'table' for kind, _ in found)} tables"
    if not known:
        seen.text = f"triggers and views only: schema {subject.version} is not known here"
    for at, definition in known.items():
        yield from _altered(at, definition, found)
    for kind, name in found.keys() - known.keys():
        if kind in ("trigger", "view"):
            what = f"is a {kind} that is none of ours: it would run inside every command"
            yield Finding("planted", name, what, OUTSIDE)
        elif known:
            yield Finding("extra", name, f"is a {kind} that is none of ours", OUTSIDE)


def _altered(at: tuple[str, str], known: tuple[str, Any], found: dict[Any, Any]) -> Iterator[Finding]:
    """What became of a table or index of ours; migrations write them letter by letter as new files do."""
    kind, name = at
    if at not in found:
        instead = [other for other, each in found if each == name]
        if kind == "table" and instead:
            yield Finding("not-a-table", name, f"is a {instead[0]} and not a table", OUTSIDE)
        else:
            yield Finding(f"{kind}-missing", name, f"the {kind} is not there", RESTORE)
    elif found[at] != known:
        plain = kind != "table" or str(found[at][1]).upper().startswith("CREATE TABLE")
        code = f"{kind}-altered" if plain else "not-a-table"
        yield Finding(code, name, f"the {kind} is not defined as renewctl defines it", OUTSIDE)


@lru_cache(maxsize=1)
def _as_laid_out(version: int) -> dict[tuple[str, str], tuple[str, Any]]:
    """What a new file of a schema version holds: (type, name) -> its table and text; empty if unknown."""
    frozen = Path(__file__).parent / "schemas" / f"{version}.sql"
    if version != SCHEMA_VERSION and not frozen.exists():
        return {}
    text = _schema_text() if version == SCHEMA_VERSION else frozen.read_text(encoding="utf-8")
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(text)
        return {(kind, name): (table, sql) for kind, name, table, sql in database.execute(_MASTER)}
    finally:
        database.close()
