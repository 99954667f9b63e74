"""Replaying Markdown transcripts: `console` blocks whose commands are run and whose output is compared.

A file is one session in one fresh home folder, in which the day is 2026-03-02, the user `ana`, the
terminal 80 columns wide without colour, and `./examples` the project's. In a block

    $ renewctl due --days 7        a command; `\\` at the end continues it on the next line
    overdue  …                     what it prints, stdout and stderr in the order written
    [exit 13]                      how it ended, where that was not 0

a line of just `...` stands for any lines. `export NAME=VALUE`, `unset NAME` and `cd FOLDER` last until the
end of the file. Besides renewctl only the words in ALLOWED may be used; a command with a pipe or a
redirection is given to /bin/sh. Before comparing, the home folder becomes `~`, and an instant of the real
clock (today or yesterday, in UTC) becomes `<now>`; nothing else is changed.

`RENEWCTL_UPDATE=1 python -m pytest tests/cli/test_transcripts.py` writes what came out into the files;
a passage with `...` that still fits is left as it is.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tests import warm
from tests.engines import Place, place
from tests.processes import ROOT, environment

ALLOWED = {"renewctl", "cat", "ls", "head", "tail", "wc", "printf", "cp", "mkdir", "grep", "sort"}
SECONDS = 120
_FENCE = re.compile(r"^(?P<fence>`{3,})console[ \t]*\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S)


class Step(NamedTuple):
    """One command of a transcript and what the file says it prints."""

    command: str  # as written, without the `$ `
    expected: list[str]  # lines, the exit line included
    line: int  # of the command in the file


class Mismatch(AssertionError):
    """A command did not print what the transcript says."""


def replay(file: Path, home: Path, *, update: bool = False, cold: bool = False) -> int:
    """Run a transcript in `home`, every process loading the program where `cold`; the number of commands run.

    Raises Mismatch at the first command that printed something else. With `update` the file is
    rewritten instead.
    """
    text = file.read_text(encoding="utf-8")
    session = Session(home, cold)
    parts: list[str] = []
    end = count = 0
    for block in _FENCE.finditer(text):
        lines: list[str] = []
        for step in steps(block["body"], text.count("\n", 0, block.start("body")) + 1):
            count += 1
            actual = session.run(step.command)
            same = matches(step.expected, actual)
            broken = any(line.startswith("error[internal]") for line in actual)
            if not same and (broken or not update):  # a broken program is never what a file should say
                raise Mismatch(_difference(file, step, actual))
            shown = step.expected if same else actual
            lines += ["$ " + step.command, *shown]
        parts += [text[end : block.start("body")], "".join(line + "\n" for line in lines)]
        end = block.end("body")
    if update:
        whole = "".join(parts) + text[end:]
        if whole != text:
            file.write_text(whole, encoding="utf-8")
    return count


def steps(body: str, line: int) -> list[Step]:
    """The commands of one block; `line` is that of the block's first line in its file."""
    found: list[Step] = []
    lines = [each.rstrip() for each in body.split("\n")]
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            if lines[at] and not found:
                raise ValueError(f"line {line + at}: output before the first command: {lines[at]!r}")
            if found:
                found[-1].expected.append(lines[at])
            at += 1
            continue
        start, command = at, lines[at][2:]
        while command.endswith("\\") and at + 1 < len(lines):
            at += 1
            command += "\n" + lines[at]
        found.append(Step(command, [], line + start))
        at += 1
    for step in found:
        while step.expected and not step.expected[-1]:
            step.expected.pop()
    return found


def matches(expected: list[str], actual: list[str]) -> bool:
    """Whether the lines are the same, where `...` stands for any number of lines."""
    if "..." not in expected:
        return expected == actual
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line + "\n") for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


class Session:
    """The home folder, working folder and environment that the commands of one file share."""

    def __init__(self, home: Path, cold: bool = False) -> None:
        self.home, self.cold = home.resolve(), cold
        self.folder = self.home
        shutil.copytree(ROOT / "examples", self.home / "examples")
        programs = self.home.parent / (self.home.name + "-bin")
        programs.mkdir()
        script = programs / "renewctl"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -m renewctl "$@"\n')
        script.chmod(0o755)
        self.env = environment(self.home)
        self.env["PATH"] = f"{programs}{os.pathsep}{self.env['PATH']}"
        # On a server the person's own portfolio is there; the file's text names it by its usual place.
        self.own = place(self.home / ".local" / "share" / "renewctl" / "portfolio.db")
        if isinstance(self.own, Place):
            self.env["RENEWCTL_PORTFOLIO"] = str(self.own)

    def run(self, command: str) -> list[str]:
        """Run one command line; the lines it printed and, unless it ended with 0, `[exit N]`."""
        plain = command.replace("\\\n", " ")
        words = shlex.split(plain)
        if words[0] == "export":
            for word in words[1:]:
                name, _, value = word.partition("=")
                self.env[name] = value.replace("~", str(self.home), 1) if value.startswith("~") else value
            return []
        if words[0] == "unset":
            for name in words[1:]:
                self.env.pop(name, None)
            return []
        if words[0] == "cd":
            self.folder = (self.folder / (words[1] if len(words) > 1 else self.home)).resolve()
            return []
        if words[:3] == ["python", "-m", "renewctl"]:
            words = words[2:]
        if words[0] not in ALLOWED:
            raise ValueError(f"a transcript may not run {words[0]!r}; see ALLOWED in tests/transcripts.py")
        code, said = self._process(plain, words)
        lines = [line.rstrip() for line in self._settled(said).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return lines if code == 0 else [*lines, f"[exit {code}]"]

    def _process(self, plain: str, words: list[str]) -> tuple[int, str]:
        """How a command ended and what it printed, stdout and stderr in the order written."""
        shell = any(sign in plain for sign in "|><")
        if words[0] == "renewctl" and not shell and not self.cold and warm.can(self.env):
            with tempfile.TemporaryFile() as said, Path(os.devnull).open("rb") as nothing:
                streams = (nothing.fileno(), said.fileno(), said.fileno())
                started = warm.start("renewctl", words[1:], streams, cwd=self.folder, env=self.env,
                                     unbuffered=True)  # fmt: skip
                code = started.wait(SECONDS)
                said.seek(0)
                return code, said.read().decode()
        done = subprocess.run(
            ["/bin/sh", "-c", plain] if shell else words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.env,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def _settled(self, text: str) -> str:
        """Output without what differs between two runs."""
        now = datetime.now(UTC)
        days = "|".join(f"{now - timedelta(days=back):%Y-%m-%d}" for back in (0, 1))
        text = text.replace(str(self.own), "~/.local/share/renewctl/portfolio.db").replace(
            str(self.home), "~"
        )
        return re.sub(rf"\b(?:{days})[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+00:00| UTC)?", "<now>", text)


def _difference(file: Path, step: Step, actual: list[str]) -> str:
    import difflib

    lines = difflib.unified_diff(step.expected, actual, "the transcript", "what came out", lineterm="", n=2)
    return "\n".join([f"{file.name}:{step.line}: $ {step.command}", *lines])
