"""A portfolio on a PostgreSQL server: one schema of one database, with many writers, one at a time.

Every write first takes the portfolio's turn, an advisory lock of the transaction: it needs no right on
any table, leaves nothing behind, ends with the transaction whatever becomes of it, and holds up no
reader. The chain does not rest on it: two operations of one number cannot both be inserted.
psycopg is loaded here and nowhere else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from zlib import crc32

from renewctl.errors import Interrupted, PortfolioError, UsageError
from renewctl.store import portfolio as store
from renewctl.store.address import Address, address, connection_settings
from renewctl.store.chain import CHANGE
from renewctl.store.portfolio import APPLICATION_ID, ENTITIES, SCHEMA_VERSION, Portfolio
from renewctl.store.postgres_sql import completed, copy_plan, dialect, translated
from renewctl.store.postgres_words import adapt, line, refusal, unreachable

if TYPE_CHECKING:
    import psycopg

_LOG_BLOCK = 2_000  # change rows read back at a time
_SCANNED = 5_000  # rows of a long answer asked for at a time
_LOG_SQL = (  # the text of `chain.row_text`, in SQL
    "SELECT convert_to(string_agg("  # noqa: S608
    + " || chr(31) || ".join(f"COALESCE(CAST({name} AS text), '')" for name in CHANGE)
    + " || chr(30), '' ORDER BY no), 'UTF8') FROM change WHERE no BETWEEN ? AND ?"
)
_WAITS = (0.1, 0.3, 1.0, 2.0, 4.0)  # seconds before each try to connect again
_IDLE = "10min"  # a writer who says nothing for so long has gone, and its turn ends
_INDEXES_SQL = (
    "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname = ? AND t.relnamespace = ?::regnamespace "
    "AND NOT i.indisunique ORDER BY 1"
)
_KEYS_SQL = (
    "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
    "JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND c.relnamespace = ?::regnamespace "
    "ORDER BY 1, 2"
)
_AS_OWNER_SQL = (
    "SELECT set_config('role', tableowner, true) FROM pg_tables WHERE schemaname = ? AND tablename = 'meta'"
)
_GRANTS_SQL = """
SELECT c.relname, c.oid, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
  a.privilege_type
FROM pg_class c LEFT JOIN LATERAL aclexplode(c.relacl) a ON a.grantee <> c.relowner
WHERE c.relnamespace = ?::regnamespace AND c.relkind = 'r'
"""


class PostgresPortfolio(Portfolio):
    """See Portfolio."""

    engine = "postgresql"
    made = False  # laid out by this very opening

    def __init__(self, connection: "psycopg.Connection[Any]", where: Address) -> None:
        self.path = where
        self.schema = where.schema
        self._where = where
        self._writes = False
        self._scans = 0  # each has a name of its own on the server
        self._use(connection)

    def _use(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection
        self._pid = connection.info.backend_pid  # a connection that broke does not tell any more

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """See Portfolio."""
        import psycopg

        try:
            return self.connection.execute(translated(sql), params)
        except (psycopg.Error, UnicodeError) as error:
            raise self._refusal(error) from error

    def scan(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """See Portfolio. The server keeps the rows and hands over some at a time."""
        import psycopg
        from psycopg.pq import TransactionStatus

        if self.connection.info.transaction_status == TransactionStatus.IDLE:
            with self.reading():
                yield from self.scan(sql, params)
            return
        self._scans += 1
        try:
            with self.connection.cursor(f"scan_{self._scans}") as cursor:
                cursor.itersize = _SCANNED
                yield from cursor.execute(translated(sql), params)
        except (psycopg.Error, UnicodeError) as error:
            raise self._refusal(error) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """See Portfolio. Plain inserts are copied in, several times as fast as one statement each."""
        import psycopg

        plan = copy_plan(sql)
        try:
            with self.connection.cursor() as cursor:
                if plan is None:
                    cursor.executemany(translated(sql), list(rows))
                    return
                with cursor.copy(plan[0]) as copy:
                    for row in completed(rows, plan[1]):
                        copy.write_row(row)
        except (psycopg.Error, UnicodeError) as error:
            raise self._refusal(error) from error

    def values(self, entity: str, where: str = "", params: Sequence[Any] = (), order: str = "") -> list[Any]:
        """See Portfolio. In the order of the key where none is asked for, as the other engine keeps rows."""
        return super().values(entity, where, params, order or ", ".join(ENTITIES[entity].key))

    def close(self) -> None:
        """See Portfolio."""
        self.connection.close()

    def another(self) -> "PostgresPortfolio":
        """See Portfolio."""
        return PostgresPortfolio(_connect(self._where), self._where)

    def begin(self) -> None:
        """See Portfolio."""
        begun = (
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
            f"SET LOCAL lock_timeout = {int(store.BUSY_SECONDS * 1000)}; "
            f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}'; "
            "SELECT set_config('synchronous_commit', 'on', true) "  # acknowledged means kept
            "WHERE current_setting('synchronous_commit') = 'off'; "
        )
        try:
            self._run(begun + self._turn_sql())
        except PortfolioError:
            self.rollback()
            raise
        self._writes = True

    def _turn_sql(self) -> str:
        return f"SELECT pg_advisory_xact_lock({APPLICATION_ID}, {_turn(self.schema)})"

    def commit(self, nonce: str) -> None:
        """See Portfolio."""
        found = "SELECT 1 FROM operation WHERE nonce = ?"
        self.commit_known_by(lambda: not nonce or bool(self.value(found, (nonce,))), changed=bool(nonce))

    def commit_known_by(self, is_there: Callable[[], bool], *, changed: bool = True) -> None:
        """Make a write last, or raise; `is_there` says whether it was, should the line break."""
        try:
            done = self._run("COMMIT")
        except PortfolioError as error:
            if not self._is_broken():
                raise
            self._settle(is_there, error)
            Interrupted.too_late |= changed
            return
        except KeyboardInterrupt:  # the server may have done it all the same
            Interrupted.too_late |= changed
            raise
        finally:
            self._writes = False
        if done.statusmessage != "COMMIT":  # the server answers so where the transaction had failed before
            raise PortfolioError("not-recorded", f"{self.path} undid the change", "run the command again")
        Interrupted.too_late |= changed

    def rollback(self) -> None:
        """See Portfolio."""
        from psycopg.pq import TransactionStatus

        self._writes = False
        if self.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self._run("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See Portfolio."""
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self.rollback()

    def json_array(self, names: Iterable[str]) -> str:
        """See Portfolio."""
        return (
            "'[' || "
            + " || ',' || ".join(f"COALESCE(to_json({name})::text, 'null')" for name in names)
            + " || ']'"
        )

    def logged(self, first: int, last: int) -> Iterator[bytes]:
        """See Portfolio."""
        for start in range(first, last + 1, _LOG_BLOCK):
            yield self.value(_LOG_SQL, (start, min(start + _LOG_BLOCK - 1, last))) or b""

    def write_bytes(self, table: str, column: str, no: int, parts: Sequence[Any]) -> None:
        """See Portfolio."""
        self.execute(f"UPDATE {table} SET {column} = ? WHERE no = ?", (b"".join(parts), no))  # noqa: S608

    def indexes(self, table: str) -> list[tuple[str, str]]:
        """See Portfolio. Only of a portfolio just made may an index be dropped: that takes its owner,
        and locks every reader out until the write ends.
        """
        return self.rows(_INDEXES_SQL, (table, self.schema)) if self.made else []

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """See Portfolio. Everything is checked here, whatever it costs."""
        yield

    def schema_version(self) -> int:
        """See Portfolio. 0 where there is no portfolio; schema 1 kept no account of itself."""
        there = {name for (name,) in self.rows(_THERE_SQL, (self.schema,))}
        if "migration" in there:
            return int(self.value("SELECT MAX(version) FROM migration") or 0)
        return 1 if {"meta", "operation"} <= there else 0

    @contextmanager
    def restructuring(self, prepare: Callable[[], None] = lambda: None) -> Iterator[None]:
        """See Portfolio. Foreign keys are off the tables meanwhile; putting them back checks every row."""
        try:
            self.begin()
            self.execute(_AS_OWNER_SQL, (self.schema,))  # whoever does this, all tables stay the owner's
            prepare()
            self._lock_all()
            grants = self._grants()
            keys = self.rows(_KEYS_SQL, (self.schema,))
            for table, name, _ in keys:
                self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            yield
            made = {(table, name) for table, name, _ in self.rows(_KEYS_SQL, (self.schema,))}
            for table, name, rule in keys:
                if (table, name) not in made:
                    self.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")
            self._grant(grants)
            self.commit("")
        except BaseException:
            self.rollback()
            raise

    def dialect(self, statement: str) -> str:
        """See Portfolio."""
        return dialect(statement)

    @contextmanager
    def overwriting(self) -> Iterator[None]:
        """See Portfolio. The server keeps the rows that were until they are purged."""
        yield

    def purge(self) -> None:
        """See Portfolio. Each table is locked while it is rewritten; PortfolioError for all but its owner."""
        names = self.rows(
            "SELECT tablename, pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE schemaname = ? "
            "ORDER BY 1",
            (self.schema,),
        )
        if not all(owned for _, owned in names):  # the server would only warn
            raise PortfolioError(
                "purge-not-allowed",
                f"only the owner of the tables of {self.path} may rewrite them",
                "as their owner: renewctl forget --purge",
            )
        for name, _ in names:
            self._run(f'VACUUM (FULL) "{name}"')

    # --- of this engine alone ---------------------------------------------------------------------------

    def _lock_all(self) -> None:
        """Keep everybody off the tables; nothing is held while waiting, or a reader and we wait in a ring."""
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = ?"
        names = [name for (name,) in self.rows(sql, (self.schema,))]
        until = monotonic() + store.BUSY_SECONDS
        while True:
            self._run("SAVEPOINT lock_all")
            try:
                self._run(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE NOWAIT")
            except PortfolioError as error:
                if error.code != "portfolio-locked" or monotonic() > until:
                    raise
                self._run("ROLLBACK TO SAVEPOINT lock_all")
                sleep(0.05)
            else:
                return

    def _grants(self) -> dict[str, tuple[int, set[tuple[str, str]]]]:
        """Table -> its own number, and who besides the owner may do what: a role as SQL has it, a right."""
        found: dict[str, tuple[int, set[tuple[str, str]]]] = {}
        for name, number, role, right in self.rows(_GRANTS_SQL, (self.schema,)):
            rights = found.setdefault(name, (number, set()))[1]
            if role is not None:
                rights.add((role, right))
        return found

    def _grant(self, before: dict[str, tuple[int, set[tuple[str, str]]]]) -> None:
        """Let whoever might use a table that was made anew use it again, and a new one as `meta`."""
        for name, (number, rights) in self._grants().items():
            old, wanted = before.get(name) or (0, before["meta"][1])
            if number != old:
                for role, right in sorted(wanted - rights):
                    self._run(f"GRANT {right} ON {name} TO {role}")

    def _run(self, sql: str) -> Any:
        """Run statements of our own that take no values, all of them in one message."""
        import psycopg

        try:
            return self.connection.execute(sql)
        except psycopg.Error as error:
            raise self._refusal(error) from error

    def _is_broken(self) -> bool:
        return bool(self.connection.closed)

    def _settle(self, is_there: Callable[[], bool], error: PortfolioError) -> None:
        """Find out whether a commit that the line broke under was kept. Returns if it was.

        The turn is taken first: while the server may still be at that commit, the turn is not free.
        """
        lost = self._pid
        for wait in _WAITS:
            sleep(wait)
            try:
                self._use(_connect(self._where))
                self._take_turn_from(lost)
                found = is_there()
                self.rollback()
            except PortfolioError:
                continue
            if found:
                return
            raise PortfolioError(
                "not-recorded",
                f"the connection to {self.path} broke before the change was recorded; nothing was changed",
                "run the command again",
            ) from error
        raise PortfolioError(
            "outcome-unknown",
            f"the connection to {self.path} broke while the change was recorded, and cannot be made again",
            "when the server is back, see whether it is there before running it again: renewctl history",
        ) from error

    def _take_turn_from(self, lost: int) -> None:
        """Begin a write, ending the session that we lost where it still holds the turn."""
        self._run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "  # noqa: S608
            f"AND classid = {APPLICATION_ID} AND objid = {_turn(self.schema) % 2**32} AND pid = {lost} "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        self._run("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 5000; " + self._turn_sql())

    def _refusal(self, error: Exception) -> PortfolioError:
        return refusal(error, self.path, broken=self._is_broken(), writes=self._writes)


def _turn(schema: str) -> int:
    """The number of a schema's turn: a signed integer of 32 bits."""
    number = crc32(schema.encode())
    return number - 2**32 if number >= 2**31 else number


def open_at(path: str, *, create: bool = False, migrate: bool | None = True) -> PostgresPortfolio:
    """See `portfolio.open_portfolio`. `create` makes the schema too, where there is none."""
    where = address(path)
    connection = _connect(where)
    portfolio = PostgresPortfolio(connection, where)
    try:
        if create:
            _lay_out(portfolio)
        version = _check_schema(portfolio)
        if version < SCHEMA_VERSION and migrate is not None:
            from renewctl.store import migrations

            (migrations.migrate if migrate else migrations.refuse)(portfolio, version)
            _check_schema(portfolio)  # somebody else may have gone further
    except BaseException:
        portfolio.close()
        raise
    return portfolio


def open_untrusted(path: str) -> PostgresPortfolio:
    """Whatever is at an address, for `doctor`: nothing in it is looked at, run or migrated."""
    where = address(path)
    return PostgresPortfolio(_connect(where), where)


def exists(path: str) -> bool:
    """Whether there is a portfolio at an address. PortfolioError where that cannot be found out."""
    with PostgresPortfolio(_connect(address(path)), address(path)) as portfolio:
        return bool(portfolio.value(_THERE_SQL, (portfolio.schema,)))


def discard(path: str) -> None:
    """Take a portfolio away in which nothing was ever recorded; one with anything in it stays."""
    where = address(path)
    with PostgresPortfolio(_connect(where), where) as portfolio:
        portfolio.begin()
        if not portfolio.value("SELECT 1 FROM operation LIMIT 1"):
            names = re.findall(r"CREATE TABLE (\w+)", "\n".join(store.layout("schema_postgres.sql")))
            portfolio.execute(f"DROP TABLE {', '.join(names)}")
        portfolio.commit("")


_THERE_SQL = (
    "SELECT tablename FROM pg_tables WHERE schemaname = ? AND tablename IN ('meta', 'migration', 'operation')"
)
# Whoever may put code into the schema has it run inside our commands. What an extension brought is its
# installer's business.
_STRANGERS_SQL = """
SELECT what, name FROM (
  SELECT 'trigger' AS what, t.tgname AS name, 'pg_trigger'::regclass AS of, t.oid
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = ?::regnamespace AND NOT t.tgisinternal
  UNION ALL SELECT 'rule', r.rulename, 'pg_rewrite'::regclass, r.oid
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  WHERE c.relnamespace = ?::regnamespace AND c.relkind IN ('r', 'p')
  UNION ALL SELECT 'row security policy', y.polname, 'pg_policy'::regclass, y.oid
  FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid WHERE c.relnamespace = ?::regnamespace
  UNION ALL SELECT CASE relkind WHEN 'f' THEN 'foreign table' ELSE 'view' END, relname,
    'pg_class'::regclass, oid
  FROM pg_class WHERE relnamespace = ?::regnamespace AND relkind IN ('v', 'm', 'f')
  UNION ALL SELECT 'function', proname, 'pg_proc'::regclass, oid
  FROM pg_proc WHERE pronamespace = ?::regnamespace
  UNION ALL SELECT 'operator', oprname, 'pg_operator'::regclass, oid
  FROM pg_operator WHERE oprnamespace = ?::regnamespace
) AS found WHERE NOT EXISTS (
  SELECT 1 FROM pg_depend d WHERE d.classid = found.of AND d.objid = found.oid AND d.deptype = 'e'
) ORDER BY 1, 2 LIMIT 1
"""


_SCHEMA_SQL = "SELECT 1 FROM pg_namespace WHERE nspname = ?"
# The tables belong to whom the schema belongs to, whichever of its members makes them.
_AS_SCHEMA_OWNER_SQL = (
    "SELECT set_config('role', CAST(pg_get_userbyid(nspowner) AS text), true) FROM pg_namespace "
    "WHERE nspname = ? AND pg_has_role(nspowner, 'MEMBER')"
)


def missing(path: str) -> PortfolioError:
    """There is no portfolio at an address, and how to make one."""
    return PortfolioError(
        "portfolio-missing",
        f"there is no portfolio at {path}",
        "import one with: renewctl import accounts.csv   (or look around first: renewctl demo)",
    )


def _lay_out(portfolio: PostgresPortfolio) -> None:
    """Make schema and tables where there are none; whoever comes second finds them made."""
    there = (_THERE_SQL, (portfolio.schema,))
    if portfolio.value(*there):
        return
    portfolio.begin()
    try:
        if not portfolio.value(*there):
            encoding = portfolio.value("SELECT current_setting('server_encoding')")
            if encoding != "UTF8":
                raise PortfolioError(
                    "database-encoding",
                    f"the database of {portfolio.path} holds {encoding}, which cannot write every name",
                    "make one with: createdb --encoding UTF8 --template template0 NAME",
                )
            owned = portfolio.value(_AS_SCHEMA_OWNER_SQL, (portfolio.schema,))
            if not owned and not portfolio.value(_SCHEMA_SQL, (portfolio.schema,)):
                portfolio.execute(f"CREATE SCHEMA {portfolio.schema}")
            for statement in store.layout("schema_postgres.sql"):
                portfolio.execute(statement)
            portfolio.made = True
        portfolio.commit("")
    except BaseException:
        portfolio.rollback()
        raise


def _check_schema(portfolio: PostgresPortfolio) -> int:
    """Refuse what is no portfolio of ours or of a newer schema; which schema it has."""
    path, schema = portfolio.path, portfolio.schema
    version = portfolio.schema_version()
    if not version and not portfolio.value(_THERE_SQL, (schema,)):
        raise missing(path)
    strangers = portfolio.rows(_STRANGERS_SQL, [schema] * 6)
    if strangers:
        raise PortfolioError(
            "portfolio-tampered",
            f"{path} holds a {strangers[0][0]} that is not ours: {strangers[0][1]}",
            "see what is wrong with: renewctl doctor",
        )
    if not version:
        raise PortfolioError(
            "not-a-portfolio", f"{path} is not a renewctl portfolio", "name another ?schema="
        )
    if version > SCHEMA_VERSION:
        raise store.newer(portfolio, version)
    return version


def _connect(where: Address) -> "psycopg.Connection[Any]":
    """A connection to work with, each statement on its own until a transaction is begun."""
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise UsageError(
            "engine-unavailable",
            "a portfolio on PostgreSQL needs psycopg, which is not installed here",
            "python -m pip install 'renewctl[postgres]'",
        ) from error
    try:
        parsed = conninfo_to_dict(where.target)
    except psycopg.Error as error:
        raise UsageError(
            "bad-address", f"{where} cannot be read: {line(error)}", "postgresql://USER@HOST:PORT/DATABASE"
        ) from error
    settings = connection_settings(where, parsed)
    try:
        connection = psycopg.connect(where.target, autocommit=True, **settings)
    except psycopg.Error as error:
        raise unreachable(error, where) from error
    try:
        adapt(connection)
        connection.execute(f"SET search_path = {where.schema}, pg_temp")
    except psycopg.Error as error:
        connection.close()
        raise refusal(error, where, broken=True, writes=False) from error
    return connection
