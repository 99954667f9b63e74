"""Running the program as a person or a script does: real processes, a home of its own, a fixed day."""

import ctypes
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests import warm
from tests.engines import place
from tests.loop import MARK

ROOT = Path(__file__).resolve().parent.parent
AS_OF = "2026-03-02"
USER = "ana"


class Result(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """The whole environment of a replayed command: nothing of the person who runs the tests gets in."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "HOME": str(home),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "COLUMNS": "80",
        "LINES": "24",
        "NO_COLOR": "1",
        "RENEWCTL_AS_OF": AS_OF,
        "RENEWCTL_USER": USER,
        **more,
    }


class Person:
    """Somebody at a prompt, with a home folder and a portfolio of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.portfolio = place(home / "portfolio.db")
        self.env = environment(home, RENEWCTL_PORTFOLIO=str(self.portfolio))

    def run(self, *words: str, stdin: str | bytes = b"", privileged: bool = True, **env: str) -> Result:
        """Run `renewctl WORDS` with its streams piped."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = self._piped("renewctl", *words, given=given, privileged=privileged, **env)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def _piped(
        self, module: str, *words: str, given: bytes = b"", seconds: float = 120, privileged: bool = True,
        **more: str,
    ) -> "subprocess.CompletedProcess[bytes]":  # fmt: skip
        env = {**self.env, **more}
        if privileged and warm.can(env):
            return warm.run(module, words, given=given, cwd=self.home, env=env, timeout=seconds)
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            input=given,
            capture_output=True,
            cwd=self.home,
            env=env,
            timeout=seconds,
            check=False,
            preexec_fn=None if privileged else bind_to_permissions,
        )

    def run_on_terminal(self, *words: str, **env: str) -> Result:
        """Run `renewctl WORDS` on a terminal of 100 columns with colour; everything lands in `out`."""
        code, shown = self._on_terminal("renewctl", *words, **env)
        return Result(code, shown, "")

    def run_many(
        self, calls: Sequence[tuple[Sequence[str], dict[str, str]]], terminal: bool = False
    ) -> list[Result]:
        """Run each of `(words, variables)` in turn in one process, which costs one start-up for all.

        Questions are answered with no; on a terminal of 80 columns everything lands in `out`.
        """
        with tempfile.TemporaryDirectory() as folder:
            spec = Path(folder, "calls.json")
            spec.write_text(json.dumps(calls))
            if terminal:
                _, shown = self._on_terminal(
                    "tests.loop", str(spec), seconds=7200, answer=b"n\n", COLUMNS="80"
                )
                texts = (shown.replace("\r\n", "\n"), "")
            else:
                done = self._piped("tests.loop", str(spec), seconds=7200)
                texts = (
                    done.stdout.decode(errors="surrogateescape"),
                    done.stderr.decode(errors="surrogateescape"),
                )
            ended = spec.with_suffix(".codes")
            assert ended.exists(), texts
            codes = json.loads(ended.read_text())
        outs, errs = (_by_number(text, len(calls)) for text in texts)
        return [Result(*each) for each in zip(codes, outs, errs, strict=True)]

    def _on_terminal(
        self, module: str, *words: str, seconds: float = 120, answer: bytes = b"", **env: str
    ) -> tuple[int, str]:
        settings = {**self.env, "COLUMNS": "100"}
        settings.pop("NO_COLOR", None)
        settings.update(env)
        ours, theirs = pty.openpty()
        process: warm.Process | subprocess.Popen[bytes]
        if warm.can(settings):
            process = warm.start(module, words, (theirs,) * 3, cwd=self.home, env=settings, session=True)
        else:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                cwd=self.home,
                env=settings,
                start_new_session=True,
            )
        os.close(theirs)
        try:
            shown = drain(ours, process, seconds, answer=answer)
        finally:
            os.close(ours)
            code = process.wait()
        return code, shown.decode(errors="surrogateescape")


def _by_number(text: str, count: int) -> list[str]:
    """What each of many commands wrote, between the lines that name them."""
    said = [""] * count
    parts = re.split(rf"^{re.escape(MARK)}(\d+)\n", text, flags=re.M)
    for no, part in zip(parts[1::2], parts[2::2], strict=True):
        said[int(no)] += part
    return said


def drain(
    ours: int,
    process: "warm.Process | subprocess.Popen[bytes]",
    seconds: float = 120,
    answer: bytes = b"",
) -> bytes:
    """Everything a process writes to its terminal until it ends; `answer` is typed at each [y/N]."""
    pieces: list[bytes] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ready, _, _ = select.select([ours], [], [], 0.2)
        if ready:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side has gone
                return b"".join(pieces)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            if answer and piece.endswith(b"[y/N] "):
                os.write(ours, answer)
        elif process.poll() is not None:
            return b"".join(pieces)
    process.kill()
    raise TimeoutError(f"still running after {seconds} s: {b''.join(pieces)[-500:]!r}")


def bind_to_permissions() -> None:
    """Between fork and exec: root, who may write anywhere, gives that right up for the new program.

    Linux: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH leave the bounding set. Nothing to do for others.
    """
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (1, 2):
            if libc.prctl(24, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "root cannot give up its rights here")
