"""Commands as real processes that cost 20 ms instead of 400: forked from one that has loaded the program.

Each run is a process of its own, with its own working folder, environment and standard streams, that
enters the program where the shell does. It can be killed, traced and starved like any other.
"""

import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NamedTuple

import renewctl
from tests.processes import environment

KILLED = -signal.SIGKILL
EARLY = 98  # stopped before it entered the program
_PATIENCE = 120.0  # seconds after which a run counts as hanging
_warm = False


class Ended(NamedTuple):
    """How a run ended and what it said on both streams."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The line that says what went wrong, or the first it said."""
        lines = self.err.split("\n")
        return next((line for line in lines if line.startswith("error[")), lines[0])


def warm() -> None:
    """Load the whole program once, for all runs to inherit."""
    global _warm
    if not _warm:
        for module in walk_packages(renewctl.__path__, "renewctl."):
            if not module.name.endswith("__main__") and "postgres" not in module.name:
                import_module(module.name)
        _warm = True


class Run:
    """One command, started; `wait` says how it ended."""

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        env: dict[str, str] | None = None,
        twist: Callable[[], None] | None = None,
        gate: bool = False,
        stdout: int | None = None,
        streams: Path | None = None,
    ) -> None:
        warm()
        self.words = words
        self._streams = (Path(f"{streams or folder}.out"), Path(f"{streams or folder}.err"))
        settings = environment(folder, **{"RENEWCTL_PORTFOLIO": str(folder / "portfolio.db"), **(env or {})})
        waits, self._opens = None, None
        self._at_gate = False
        if gate:
            waits, self._opens = (each.detach() for each in socket.socketpair())
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                if self._opens is not None:
                    os.close(self._opens)
                self._become(folder, settings, twist, waits, stdout)
            finally:
                os._exit(97)
        if waits is not None:
            os.close(waits)
        self.begun = time.perf_counter()
        self._code: int | None = None

    def _become(
        self,
        folder: Path,
        settings: dict[str, str],
        twist: Callable[[], None] | None,
        waits: int | None,
        stdout: int | None,
    ) -> None:
        """In the new process: take on streams, folder and environment, and enter the program."""
        signal.signal(signal.SIGINT, lambda *_: os._exit(EARLY))  # not the program's to answer for yet
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as the interpreter sets it
        for each in self._streams:
            each.unlink(missing_ok=True)
        files = [os.open(each, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) for each in self._streams]
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(files[0] if stdout is None else stdout, 1)
        os.dup2(files[1], 2)
        os.closerange(3, waits or 3)
        os.closerange((waits or 3) + 1, 64)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(settings)
        time.tzset()
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if twist is not None:
            twist()
        sys.argv = ["renewctl", *self.words]
        from renewctl.__main__ import main

        if waits is not None:
            os.write(waits, b"r")
            os.read(waits, 1)
            os.close(waits)
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        except KeyboardInterrupt:  # it had come before, and is handled now
            os._exit(EARLY)
        try:
            main()
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:  # what no person should ever see
            traceback.print_exc()

    def go(self) -> None:
        """Open the gate."""
        if self._opens is not None:
            self.await_gate()
            with suppress(OSError):  # where it has died at the gate
                os.write(self._opens, b"g")
            os.close(self._opens)
            self._opens = None
            self.begun = time.perf_counter()

    def await_gate(self) -> None:
        """Until a gated run waits at its gate."""
        if self._opens is not None and not self._at_gate:
            os.read(self._opens, 1)
            self._at_gate = True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, unless it has ended."""
        if self._code is None:
            os.kill(self.pid, number)

    def poll(self) -> bool:
        """Whether it has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is not None

    def wait(self, patience: float = _PATIENCE) -> Ended:
        """How it ended; one that hangs is killed and ends with code -14, as by an alarm."""
        self.go()
        if self._code is None:
            ended = self._ends_within(patience)
            if not ended:
                os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            self._code = os.waitstatus_to_exitcode(status) if ended else -signal.SIGALRM
        out, err = (
            each.read_text(errors="backslashreplace") if each.exists() else "" for each in self._streams
        )
        return Ended(self._code, out, err)

    def _ends_within(self, patience: float) -> bool:
        if sys.platform == "linux":
            handle = os.pidfd_open(self.pid)
            ready, _, _ = select.select([handle], [], [], patience)
            os.close(handle)
            return bool(ready)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return True
            time.sleep(0.001)
        return False


def run(words: Sequence[str], folder: Path, **how: object) -> Ended:
    """Run one command undisturbed, or as `Run` is told."""
    return Run(words, folder, **how).wait()  # type: ignore[arg-type]


def traced(run: Run, log: Path, *options: str) -> Ended:
    """Let a gated run go under strace, with its log in a file; how it ended."""
    run.await_gate()
    tracer = subprocess.Popen(
        ["strace", "-p", str(run.pid), "-o", str(log), *options], stderr=subprocess.PIPE, text=True
    )
    if tracer.stderr is None:
        raise AssertionError("no stream")
    said = tracer.stderr.readline()
    if "attached" not in said:
        run.kill()
        run.wait()
        raise RuntimeError(f"strace: {said}{tracer.stderr.read()}")
    run.go()
    ended = run.wait()
    tracer.wait(timeout=_PATIENCE)
    tracer.stderr.close()
    return ended
