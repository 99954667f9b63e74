"""Processes of the program that need not load it: one that has loaded it forks for every command.

Each is a process of its own in all else: its streams, folder, environment, signals and end. With
`python -m pytest --whole` each loads the program too, as it does for users.

Called as `python -m tests.warm FD`: the server, which takes one byte and four descriptors (stdin, stdout,
stderr, talk) from the socket FD for each process wanted, reads what it is to be from `talk`, and tells there
its number and, once it ended, how. It ends with its caller.
"""

import contextlib
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.whole import whole

# What commands import when they run. Those that read the environment as they are loaded are left out.
LOADED = (
    "babel.dates babel.numbers babel.units csv decimal difflib email.headerregistry email.parser "
    "email.policy getpass holidays html http.client importlib.metadata ipaddress jinja2.debug jinja2.sandbox "
    "psycopg python_calamine rich.console rich.table rich.text sqlite3 tempfile tomllib traceback "
    "urllib.request xml.etree.ElementTree zipfile zoneinfo dateutil.relativedelta typer.completion"
).split()
# What Python itself reads of the environment before it runs anything.
AT_START = ("PYTHON", "LANG", "LC_", "LD_")


class Process:
    """A process of the program, with what `subprocess.Popen` offers of it."""

    returncode: int | None = None

    def __init__(self, talk: socket.socket) -> None:
        self._talk, self._said = talk, b""
        self.pid = int(self._line(None) or 0)

    def _line(self, seconds: float | None) -> str | None:
        """The next line the server says; None where it says none in time."""
        self._talk.settimeout(seconds)
        while b"\n" not in self._said:
            try:
                piece = self._talk.recv(4096)
            except (TimeoutError, BlockingIOError):
                return None
            assert piece, "the server of processes has gone"
            self._said += piece
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def poll(self) -> int | None:
        """How it ended, or None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has."""
        if self.returncode is None:
            line = self._line(timeout)
            if line is None:
                raise subprocess.TimeoutExpired("renewctl", timeout or 0)
            self.returncode = int(line)
            self._talk.close()
        return self.returncode

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


_server: dict[str, Any] = {"pid": None}


def can(env: Mapping[str, str]) -> bool:
    """Whether a process in this environment would be the same if it were forked."""
    from tests.processes import environment

    usual = environment(Path())
    names = {name for name in {*env, *usual} if name.startswith(AT_START)}
    return not whole() and all(env.get(name) == usual.get(name) for name in names)


def start(module: str, words: Sequence[str], streams: Sequence[int], *, cwd: Path, env: Mapping[str, str],
          session: bool = False, unbuffered: bool = False) -> Process:  # fmt: skip
    """Start `python -m MODULE WORDS` on three descriptors, `unbuffered` as with `python -u`."""
    if _server["pid"] != os.getpid():  # none yet, or that of the process we were forked from
        _serve()
    ours, theirs = socket.socketpair()
    asked = {
        "module": module, "words": list(words), "cwd": str(cwd), "env": dict(env), "session": session,
        "unbuffered": unbuffered,
    }  # fmt: skip
    with theirs:
        socket.send_fds(_server["line"], [b"x"], [*streams, theirs.fileno()])
    ours.sendall(json.dumps(asked).encode() + b"\n")
    return Process(ours)


def run(module: str, words: Sequence[str], *, given: bytes, cwd: Path, env: Mapping[str, str],
        timeout: float) -> "subprocess.CompletedProcess[bytes]":  # fmt: skip
    """Run `python -m MODULE WORDS` with its three streams piped."""
    (in_, feed), (out, out_), (err, err_) = (os.pipe() for _ in range(3))
    try:
        process = start(module, words, (in_, out_, err_), cwd=cwd, env=env)
    finally:
        for each in (in_, out_, err_):
            os.close(each)
    said: dict[int, list[bytes]] = {out: [], err: []}
    until = time.monotonic() + timeout
    try:
        _exchange(process, feed, given, said, until)
        code = process.wait(max(0.01, until - time.monotonic()))
    except BaseException:
        process.kill()
        raise
    return subprocess.CompletedProcess(list(words), code, b"".join(said[out]), b"".join(said[err]))


def _exchange(process: Process, feed: int, given: bytes, said: dict[int, list[bytes]], until: float) -> None:
    """Write its stdin and read the others until both are closed."""
    os.set_blocking(feed, False)
    writing, reading = [feed], list(said)
    while reading:
        can_read, can_write, _ = select.select(reading, writing, [], max(0, until - time.monotonic()))
        if not can_read and not can_write:
            raise subprocess.TimeoutExpired("renewctl", 0)
        for each in can_write:
            try:
                given = given[os.write(each, given) :] if given else given
            except BrokenPipeError:
                given = b""
            if not given:
                writing.remove(each)
                os.close(each)
        for each in can_read:
            piece = os.read(each, 65536)
            said[each].append(piece)
            if not piece:
                reading.remove(each)
                os.close(each)
    for each in writing:
        os.close(each)


def _serve() -> None:
    from tests.processes import ROOT, environment

    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd=ROOT, env=environment(ROOT), stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    _server.update(pid=os.getpid(), line=ours, process=server)


def stop() -> None:
    """End the server, if this process has started one."""
    if _server["pid"] == os.getpid():
        _server["line"].close()
        _server["process"].wait()
        _server["pid"] = None


# --- the server ------------------------------------------------------------------------------------------


def _load() -> None:
    from renewctl.cli.app import COMMANDS

    groups = [entry for entry in COMMANDS.values() if isinstance(entry, dict)]
    entries = [each for table in (COMMANDS, *groups) for each in table.values() if isinstance(each, tuple)]
    modules = {f"renewctl.cli.{module}" for module, _, _ in entries}
    files = (Path(__file__).parent.parent / "renewctl").glob("[csv]*/*.py")
    modules |= {f"renewctl.{file.parent.name}.{file.stem}" for file in files}
    for name in [*LOADED, *sorted(modules)]:
        with contextlib.suppress(ImportError):  # an extra that is not installed
            importlib.import_module(name)


def _children(line: socket.socket) -> Iterator[list[int]]:
    """The descriptors for each process to be, in the process itself."""
    talks: dict[int, socket.socket] = {}
    waking, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    while True:
        ready, _, _ = select.select([line, waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            while talks and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with talks.pop(ended[0]) as talk, contextlib.suppress(OSError):
                    talk.sendall(b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
        if line in ready:
            said, found, _, _ = socket.recv_fds(line, 1, 4)
            if not said:
                os._exit(0)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (line, *talks.values()):
                    each.close()
                os.close(waking)
                os.close(wakes)
                yield found
            *streams, talk_ = found
            for each in streams:
                os.close(each)
            talks[pid] = socket.socket(fileno=talk_)
            with contextlib.suppress(OSError):
                talks[pid].sendall(b"%d\n" % pid)


def _become(in_: int, out: int, err: int, talk: int) -> None:
    """Read who to be, and be it."""
    with socket.socket(fileno=talk) as said:
        asked = json.loads(said.makefile().readline())
    for at, each in enumerate((in_, out, err)):
        os.dup2(each, at)
        os.close(each)
    if asked["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    sys.stdin = _text(0, "r")
    sys.stdout = _text(1, "w", unbuffered=asked["unbuffered"])
    sys.stderr = _text(2, "w", errors="backslashreplace", lines=True, unbuffered=asked["unbuffered"])
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    sys.argv = [asked["module"], *asked["words"]]
    whole = asked["module"] + (".__main__" if asked["module"] == "renewctl" else "")
    importlib.import_module(whole).main()


def _text(
    stream: int, mode: str, errors: str = "surrogateescape", lines: bool = False, unbuffered: bool = False
) -> Any:
    """A stream as Python makes it in UTF-8 mode."""
    raw = open(stream, mode + "b", buffering=0 if unbuffered else -1, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(
        raw, "utf-8", errors, newline="\n" if mode == "w" else None,
        line_buffering=lines or raw.isatty(), write_through=unbuffered,
    )  # fmt: skip


def main() -> None:
    """Serve until the caller has gone."""
    line = socket.socket(fileno=int(sys.argv[1]))
    _load()
    for found in _children(line):
        _become(*found)


if __name__ == "__main__":
    main()
