"""A portfolio in a SQLite file: one file, one writer at a time, every commit on the disk before it is told.

DELETE journal with synchronous EXTRA: what is acknowledged survives a power cut. The schema is not
trusted: a file with triggers or views of somebody else's making is refused before anything runs in it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from renewctl.errors import Interrupted, PortfolioError
from renewctl.store import portfolio as store
from renewctl.store.chain import CHANGE, FIELD, ROW
from renewctl.store.portfolio import APPLICATION_ID, SCHEMA_VERSION, Portfolio

_LOG_BLOCK = 2_000  # change rows read back at a time
# The text of `chain.row_text`, in SQL: printf writes NULL as nothing, too.
_LOG_TEXT = FIELD.join(["%s"] * len(CHANGE)) + ROW
_LOG_SQL = (
    f"SELECT CAST(group_concat(line, '') AS BLOB) FROM (SELECT printf('{_LOG_TEXT}', {','.join(CHANGE)}) "  # noqa: S608
    "AS line FROM change WHERE no BETWEEN ? AND ? ORDER BY no)"
)


class SqlitePortfolio(Portfolio):
    """See Portfolio."""

    engine = "sqlite"
    last_opened: str | None = None  # by this process; looked into where a command fails as none should

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.connection = connection
        self.path = path
        self.file: tuple[int, int] | None = None  # which one was opened, where others may take it away

    def execute(self, sql: str, params: Sequence[Any] = ()) -> sqlite3.Cursor:
        """See Portfolio."""
        try:
            return self.connection.execute(sql, params)
        except sqlite3.Error as error:
            raise refusal(error, self.path) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """See Portfolio."""
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise refusal(error, self.path) from error

    def close(self) -> None:
        """See Portfolio."""
        self.connection.close()

    def another(self) -> "SqlitePortfolio":
        """See Portfolio."""
        return SqlitePortfolio(connect(Path(self.path)), self.path)

    def begin(self) -> None:
        """See Portfolio."""
        self.execute("PRAGMA journal_mode = DELETE")
        self.execute("PRAGMA synchronous = EXTRA")
        self.execute("BEGIN IMMEDIATE")
        if self.file is not None and self.file != _identity(self.path):  # who writes to a file without a name
            self.rollback()
            raise PortfolioError(
                "portfolio-replaced",
                f"{self.path} was removed or replaced while this command ran; nothing was changed",
                "run the command again",
            )

    def commit(self, nonce: str) -> None:
        """See Portfolio.

        Where only the folder could not be synced after the journal went, the change is in the file, and
        `commit-uncertain` says so.
        """
        try:
            self._lasting(bool(nonce))
        except PortfolioError as error:
            self.rollback()
            if nonce and self._landed(nonce):
                raise PortfolioError(
                    "commit-uncertain",
                    f"{self.path}: the change is made, but the disk would not confirm that it will last",
                    "check the disk, make a copy of the portfolio, then see: renewctl history",
                ) from error
            raise

    def _lasting(self, changed: bool) -> None:
        """COMMIT; from then on ^C takes nothing back, and has to say so where something was changed."""
        try:
            self.execute("COMMIT")
        except KeyboardInterrupt:
            Interrupted.too_late |= changed and not self.connection.in_transaction
            raise
        Interrupted.too_late |= changed

    def _landed(self, nonce: str) -> bool:
        """Whether the file, opened anew, holds the operation of that nonce."""
        try:
            other = connect(Path(self.path))
            try:
                sql = "SELECT nonce FROM operation ORDER BY seq DESC LIMIT 1"
                return bool(other.execute(sql).fetchone() == (nonce,))
            finally:
                other.close()
        except (PortfolioError, sqlite3.Error):
            return False

    def rollback(self) -> None:
        """See Portfolio. Closing undid it already, where ^C met a write at its very start."""
        with suppress(sqlite3.ProgrammingError):
            if self.connection.in_transaction:
                self.connection.rollback()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See Portfolio."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.rollback()

    def json_array(self, names: Iterable[str]) -> str:
        """See Portfolio."""
        return f"json_array({','.join(names)})"

    def logged(self, first: int, last: int) -> Iterator[bytes]:
        """See Portfolio."""
        for start in range(first, last + 1, _LOG_BLOCK):
            yield self.value(_LOG_SQL, (start, min(start + _LOG_BLOCK - 1, last))) or b""

    def write_bytes(self, table: str, column: str, no: int, parts: Sequence[Any]) -> None:
        """See Portfolio."""
        sql = f"UPDATE {table} SET {column} = zeroblob(?) WHERE no = ?"  # noqa: S608
        self.execute(sql, (sum(map(len, parts)), no))
        with self.connection.blobopen(table, column, no) as blob:
            for part in parts:
                blob.write(part)

    def indexes(self, table: str) -> list[tuple[str, str]]:
        """See Portfolio."""
        return self.rows(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql <> ''",
            (table,),
        )

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """See Portfolio."""
        self.execute("PRAGMA ignore_check_constraints = ON")
        try:
            yield
        finally:
            self.execute("PRAGMA ignore_check_constraints = OFF")

    def schema_version(self) -> int:
        """See Portfolio."""
        return int(self.value("PRAGMA user_version"))

    def set_schema_version(self, version: int, name: str) -> None:
        """See Portfolio."""
        super().set_schema_version(version, name)
        self.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def restructuring(self, prepare: Callable[[], None] = lambda: None) -> Iterator[None]:
        """See Portfolio. With foreign keys on, a parent table that is dropped takes its children along."""
        self.execute("PRAGMA foreign_keys = OFF")  # no more than a wish once a transaction has begun
        try:
            self.begin()
            prepare()
            yield
            if astray := self.rows("PRAGMA foreign_key_check"):
                raise PortfolioError(
                    "portfolio-damaged",
                    f"{self.path}: {len(astray)} rows, the first of {astray[0][0]}, point to rows not there",
                    "restore a copy with: renewctl restore",
                )
            self._lasting(changed=True)
        except BaseException:
            self.rollback()
            raise
        finally:
            self.execute("PRAGMA foreign_keys = ON")

    def dialect(self, statement: str) -> str:
        """See Portfolio."""
        return statement

    @contextmanager
    def overwriting(self) -> Iterator[None]:
        """See Portfolio."""
        self.rows("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            self.rows("PRAGMA secure_delete = OFF")

    def purge(self) -> None:
        """See Portfolio."""
        self.rows("PRAGMA secure_delete = ON")
        self.execute("VACUUM")


def _exists(file: Path) -> bool:
    """Whether there is something of that name; of a name no file can have there is nothing."""
    try:
        return file.exists()
    except (OSError, ValueError):
        return False


def open_file(path: str, *, create: bool = False, migrate: bool | None = True) -> SqlitePortfolio:
    """See `portfolio.open_portfolio`."""
    file = Path(path)
    if create:
        _make_file(file)
    if not _exists(file):
        raise PortfolioError(
            "portfolio-missing",
            f"there is no portfolio at {path}",
            _backed_up(path)
            or "import one with: renewctl import accounts.csv   (or look around first: renewctl demo)",
        )
    if not file.is_file():
        raise PortfolioError("portfolio-not-a-file", f"{path} is not a file", "name a file with --portfolio")
    SqlitePortfolio.last_opened = path
    found = _identity(path)  # before it is opened: if it changes between, that is noticed, too
    connection = connect(file)
    try:
        if create:
            create_schema(connection, path)
        opened = SqlitePortfolio(connection, path)
        opened.file = found
        version = check_schema(connection, path)
        if version < SCHEMA_VERSION and (migrate is not None or version < 1):  # one that never was is refused
            from renewctl.store import migrations

            (migrations.refuse if migrate is False else migrations.migrate)(opened, version)
            check_schema(connection, path)  # somebody else may have gone further
    except BaseException:
        connection.close()
        raise
    return opened


def discard(path: str) -> None:
    """Take a portfolio away in which nothing was ever recorded; one with anything in it stays."""
    with closing(connect(Path(path))) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")  # whoever waits to write finds it gone, and says so
            if connection.execute("SELECT 1 FROM operation LIMIT 1").fetchone() is None:
                Path(path).unlink()
        except sqlite3.Error as error:
            raise refusal(error, path) from error


def _identity(path: str) -> tuple[int, int] | None:
    """Which file stands at a path now."""
    try:
        found = os.stat(path)  # noqa: PTH116 (every write pays for this)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def scratch_portfolio() -> SqlitePortfolio:
    """An empty portfolio in memory, for a dry run where there is none yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_schema(connection, ":memory:")
    return SqlitePortfolio(connection, ":memory:")


def uri(file: str | Path, mode: str) -> str:
    """A file as the engine is told to open it; `mode` is `ro`, `rw` or one of them with more."""
    return f"file:{quote(str(Path(file).absolute()))}?mode={mode}"


def connect(file: Path) -> sqlite3.Connection:
    """A connection to a file that is there, set to trust no schema and to hold references."""
    try:
        connection = sqlite3.connect(
            uri(file, "rw"), uri=True, timeout=store.BUSY_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        raise refusal(error, str(file)) from error
    return connection


def _make_file(file: Path) -> None:
    """Make an empty file that only its owner may read, if there is none."""
    try:
        if not file.parent.exists():
            from renewctl.store.files import make_folder

            make_folder(file.parent)  # the file's own name will last with its first journal
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise PortfolioError(
            "portfolio-not-writable",
            f"cannot create a portfolio at {file}: {error.strerror}",
            "choose a folder you may write to, with --portfolio FILE",
        ) from error


def create_schema(connection: sqlite3.Connection, path: str) -> None:
    """Lay out an empty file; a file that already holds a portfolio is left as it is."""
    try:
        if connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            return
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[
                0
            ]:  # nobody was faster
                for statement in store.layout("schema.sql"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    except sqlite3.Error as error:
        raise refusal(error, path) from error


# We make neither triggers nor views; whoever planted one has it run inside our commands.
_STRANGERS_SQL = "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index')"


def check_schema(connection: sqlite3.Connection, path: str) -> int:
    """Refuse what is no portfolio of ours or of a newer schema; which schema it has."""
    try:
        ours = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        strangers = connection.execute(_STRANGERS_SQL).fetchmany(1)
    except sqlite3.Error as error:
        raise refusal(error, path) from error
    if ours != APPLICATION_ID:
        raise PortfolioError(
            "not-a-portfolio",
            f"{path} is not a renewctl portfolio",
            _backed_up(path) or "name another file with --portfolio FILE",
        )
    if strangers:
        raise PortfolioError(
            "portfolio-tampered",
            f"{path} holds a {strangers[0][0]} that is not ours: {strangers[0][1]}",
            "see what is wrong with: renewctl doctor",
        )
    if version > SCHEMA_VERSION:
        raise store.newer(SqlitePortfolio(connection, path), version)
    return int(version)


def refusal(error: sqlite3.Error, path: str) -> PortfolioError:
    """A database error as one line a person can act on."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return PortfolioError(
            "portfolio-locked", f"{path} is in use by another command", "try again in a moment"
        )
    if "readonly" in text or "unable to open" in text:
        return PortfolioError(
            "portfolio-not-writable",
            f"{path} cannot be opened or written: {text}",
            "check the permissions of the file and its folder, or choose another with --portfolio",
        )
    if "full" in text:
        return PortfolioError(
            "disk-full", f"no room left to write {path}", "free some space; nothing was changed"
        )
    if "disk I/O error" in text:
        return PortfolioError(
            "disk-error",
            f"the disk or network under {path} reports an error",
            "check the disk, then run the command again",
        )
    if "not a database" in text and not _has_magic(path):
        from shlex import quote as word

        how = _backed_up(path) or f"to import it: renewctl import {word(path)}"
        return PortfolioError("not-a-portfolio", f"{path} is not a renewctl portfolio", how)
    if isinstance(error, sqlite3.IntegrityError):
        return PortfolioError("invariant", f"{path} refused a change that breaks its rules: {text}")
    return PortfolioError(
        "portfolio-damaged",
        f"{path} cannot be read as a portfolio: {text}",
        _backed_up(path) or "restore a copy: renewctl restore FILE; or name another file with --portfolio",
    )


def _backed_up(path: str) -> str:
    """How to have it back where there are backups of it, else nothing."""
    from renewctl.store.choose import advice

    return advice(path)


def _has_magic(path: str) -> bool:
    """Whether a file begins as every database of the engine does, whatever became of the rest."""
    try:
        with Path(path).open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return True
