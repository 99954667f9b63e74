"""The same tests on both engines: where a test's portfolio is, a file or a schema on a real server.

A test that takes the fixture `engine` (every desk and person does) runs on SQLite, and on PostgreSQL too
where it belongs to the share below; `--engine postgresql`, or RENEWCTL_TEST_ENGINE, runs all of them there.
What is about the file itself is marked `file_only` with its reason, and runs on SQLite whatever is asked.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import NoServer, Server, server

ENGINES = ("sqlite", "postgresql")
# Folders or files whose tests run on both engines in every run.
SHARE = (
    "store/test_portfolio.py",
    "store/test_chain.py",
    "store/test_agenda.py",
    "store/test_exporter.py",
    "cli/test_due.py",
    "cli/test_renew.py",
)
_now: dict[str, Any] = {"engine": "sqlite", "server": None, "asked": False}


class Place(str):
    """The address of a test's portfolio on the server, with what tests ask of a file."""

    schema: str

    @property
    def name(self) -> str:
        """What an address ends with, as a path ends with its name."""
        return self.schema

    def exists(self) -> bool:
        """Whether there is a portfolio."""
        there = f"SELECT 1 FROM pg_tables WHERE schemaname = '{self.schema}'"
        return bool(_server().run(there))

    def unlink(self, missing_ok: bool = False) -> None:
        """Take it away."""
        _server().drop(self.schema)

    def read_bytes(self) -> bytes:
        """Everything in it, for a comparison with later."""
        with _server().connect() as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (self.schema,)
            ).fetchall()
            rows = [
                (name, connection.execute(f"SELECT * FROM {self.schema}.{name}").fetchall())
                for (name,) in tables
            ]
        return repr([(name, sorted(map(repr, each))) for name, each in rows]).encode()

    def run(self, *statements: str) -> list[Any]:
        """Run statements in it behind everybody's back; the rows of the last one."""
        return _server().run(f'SET search_path = "{self.schema}"', *statements)


def place(file: Path) -> Any:
    """Where the portfolio of a test is that would be in this file: the file, or its schema on the server."""
    if engine_now() == "sqlite":
        return file
    schema = "t_" + md5(str(file).encode(), usedforsecurity=False).hexdigest()[:20]
    found = Place(_server().url(schema))
    found.schema = schema
    return found


def copy(source: Any, target: Any) -> None:
    """Put a portfolio where another is to be, as it is."""
    if not isinstance(source, Place):
        shutil.copy(source, target)
        return
    from renewctl.store.portfolio import layout, open_portfolio

    open_portfolio(str(target), create=True).close()
    names = re.findall(r"CREATE TABLE (\w+)", "\n".join(layout("schema_postgres.sql")))
    filling = [f"INSERT INTO {name} SELECT * FROM {source.schema}.{name}" for name in names]
    target.run(f"TRUNCATE {', '.join(names)}", *filling)


_ONCE: dict[tuple[str, str], Any] = {}


def once(name: str, target: Any, keep: Path, make: Callable[[], object]) -> None:
    """Let `make` fill the portfolio `target`; it is kept beside `keep`, and put there as it is the next time.

    What has no say in what a test is about is done once in a run instead of before every test.
    """
    key = (name, engine_now())
    if key in _ONCE:
        copy(_ONCE[key], target)
        return
    make()
    kept = place(keep.with_name(f"once-{name}.db"))
    copy(target, kept)
    _ONCE[key] = kept


def is_written(portfolio: Any) -> bool:
    """Whether a command is in the middle of writing it."""
    if not isinstance(portfolio, Place):
        return Path(f"{portfolio}-journal").exists()
    relations = "SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    return bool(
        portfolio.run(f"SELECT 1 FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation IN ({relations})")
    )


def engine_now() -> str:
    """The engine of the running test; SQLite for one that did not ask for an engine."""
    return str(_now["engine"]) if _now["asked"] else "sqlite"


def note(item: pytest.Item) -> None:
    """Take down whether a test, which is about to be set up, asks for an engine."""
    _now["asked"] = {"engine", "postgres"} & set(getattr(item, "fixturenames", ()))


def _server() -> Server:
    found: Server = _now["server"]
    return found


@contextmanager
def using(engine: str, running: Server | None) -> Iterator[None]:
    """Let `place` speak of an engine as long as the block lasts."""
    before = _now["engine"], _now["server"]
    _now.update(engine=engine, server=running)
    try:
        yield
    finally:
        _now.update(engine=before[0], server=before[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real server, the same for all tests."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        pytest.skip("needs psycopg (python -m pip install 'renewctl[postgres]')")
    running = server()
    try:
        found = running.__enter__()
    except NoServer as why:
        pytest.skip(str(why))
    try:
        yield found
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which the test's portfolios are."""
    name = getattr(request, "param", "sqlite")
    running = request.getfixturevalue("postgres") if name == "postgresql" else None
    with using(name, running):
        yield name


def asked(config: pytest.Config) -> str:
    """Which engines a run was asked for: one of ENGINES, or `share`."""
    found = config.getoption("--engine", default=None) or os.environ.get("RENEWCTL_TEST_ENGINE") or "share"
    if found not in (*ENGINES, "share"):
        raise pytest.UsageError(f"--engine {found}: one of {', '.join(ENGINES)}, share")
    return str(found)


def engines_of(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    """The engines that a test runs on."""
    wanted = asked(metafunc.config)
    if metafunc.definition.get_closest_marker("file_only"):
        return ("sqlite",)
    if wanted != "share":
        return (wanted,)
    file = str(metafunc.definition.path)
    shared = any(each in file for each in SHARE) or metafunc.definition.get_closest_marker("both_engines")
    return ENGINES if shared else ("sqlite",)
