"""A real PostgreSQL server for the tests: made once in a folder of its own, stopped by its number at the end.

It listens on a Unix socket in that folder and on a free port of the loopback, lets every local user in
without a password, and writes without waiting for the disk: nothing here is kept.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

SECONDS = 60  # to start or to stop
ADMIN = "postgres"
_NOBODY = ("postgres", "nobody")  # users to run it as where the tests run as root, which it refuses
_SETTINGS = """
jit = off
fsync = off
synchronous_commit = on
full_page_writes = off
autovacuum = off
max_connections = 60
shared_buffers = 64MB
max_wal_size = 4GB
listen_addresses = '127.0.0.1'
unix_socket_permissions = 0777
timezone = 'UTC'
log_min_messages = fatal
"""


class NoServer(Exception):
    """No server can be started here, and why."""


class Server(NamedTuple):
    """A running server."""

    folder: Path
    port: int
    pid: int

    def url(self, schema: str | None = None, *, user: str = ADMIN, tcp: bool = False, base: str = "postgres",
            **more: str) -> str:  # fmt: skip
        """The address of a portfolio on it, by the socket or over TCP."""
        from urllib.parse import quote

        asked = {"schema": schema, **more} if schema else dict(more)
        tail = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
        place = f"127.0.0.1:{self.port}" if tcp else ""
        if not tcp:
            tail = "&".join(filter(None, (f"host={quote(str(self.folder), safe='')}&port={self.port}", tail)))
        return f"postgresql://{user}@{place}/{base}" + (f"?{tail}" if tail else "")

    def connect(self, user: str = ADMIN, **more: Any) -> Any:
        """A connection of the test's own, each statement on its own."""
        import psycopg

        more = {"dbname": "postgres"} | more
        return psycopg.connect(host=str(self.folder), port=self.port, user=user, autocommit=True, **more)

    def run(self, *statements: str, user: str = ADMIN) -> list[Any]:
        """Run statements; the rows of the last one."""
        with self.connect(user) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def drop(self, schema: str) -> None:
        """Take a schema away, and whoever still holds on to it."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE pid IN (SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
            f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}')",
            f'DROP SCHEMA IF EXISTS "{schema}" CASCADE',
        )


def binaries() -> Path:
    """The folder with `initdb` and `postgres`: of the PATH, the system or a wheel. NoServer if none."""
    found = [Path(tool).parent for name in ("initdb", "postgres") if (tool := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    found += [Path("/usr/local/pgsql/bin"), Path("/opt/homebrew/opt/postgresql/bin")]
    try:
        import pgserver  # type: ignore[import-not-found,unused-ignore]

        found.append(Path(pgserver.__file__).parent / "pginstall" / "bin")
    except ImportError:
        pass
    for folder in found:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder.resolve()
    raise NoServer("needs a PostgreSQL server, of which there is none here (apt-get install postgresql)")


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())


def _user() -> dict[str, Any]:
    """Who runs the server: whoever runs the tests, but never root."""
    if os.geteuid() != 0:
        return {}
    for name in _NOBODY:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServer("needs a user other than root to run PostgreSQL as")


@contextmanager
def server(
    settings: str = "", hba: Sequence[str] = (), files: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[Server]:
    """A server as long as the block lasts; more settings, rules of admission, files of its data folder."""
    tools, who = binaries(), _user()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path holds 107 bytes
    if who:
        os.chown(folder, who["user"], who["group"])
    folder.chmod(0o755)  # other users find the socket; the data folder below is the server's own
    data = folder / "data"
    env = {"PATH": f"{tools}{os.pathsep}{os.defpath}", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)}
    try:
        made = subprocess.run(
            [tools / "initdb", "-D", data, "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            env=env, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=folder, **who,
        )  # fmt: skip
        if made.returncode:
            raise NoServer(f"initdb failed: {made.stderr.strip()[-300:]}")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{_SETTINGS}unix_socket_directories = '{folder}'\n{settings}\n")
        for name, content in files.items():
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
            if who:
                os.chown(data / name, who["user"], who["group"])
        if hba:
            (data / "pg_hba.conf").write_text("\n".join(hba) + "\n")
        process, port = _started(tools, folder, data, env, who)
        try:
            yield Server(folder, port, process.pid)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(
    tools: Path, folder: Path, data: Path, env: dict[str, str], who: dict[str, Any]
) -> "tuple[subprocess.Popen[bytes], int]":
    """The server's process and port, once it answers; another port where one was taken meanwhile."""
    log = folder / "log"
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with log.open("wb") as told:
            process = subprocess.Popen(
                [tools / "postgres", "-D", data, "-p", str(port)],
                env=env, stdin=subprocess.DEVNULL, stdout=told, stderr=told, cwd=folder,
                start_new_session=True, preexec_fn=_not_without_us, **who,
            )  # fmt: skip
        until = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < until:
            if _answers(folder, port):
                return process, port
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
    raise NoServer(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()[-300:]}")


def _not_without_us() -> None:
    """Between fork and exec: ask to be stopped when whoever runs the tests is killed. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT, 0, 0, 0)


def _answers(folder: Path, port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(folder), port=port, user=ADMIN, dbname="postgres").close()
    except psycopg.Error:
        return False
    return True


def fresh_schema() -> str:
    """A name no other test uses."""
    return f"t_{secrets.token_hex(6)}"
