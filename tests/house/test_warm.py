"""A process that was forked behaves as one that was started."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests import warm
from tests.processes import Person, environment

BOOK = "id,name,arr,currency,renewal_date\nA1,Acmé,120000,USD,2026-05-01\n"
SESSION: list[tuple[tuple[str, ...], str]] = [
    (("import", "-"), BOOK),
    (("list",), ""),
    (("due", "--days", "90", "--json"), ""),
    (("import", "-"), BOOK.replace("120000", "plenty")),
    (("show", "Zenith"), ""),
    (("undo",), ""),
    (("due", "--dasy"), ""),
    (("lost", "--help"), ""),
    ((), ""),
]


def _two(folder: Path) -> tuple[Person, Person]:
    for name in ("a", "b"):
        (folder / name).mkdir()
    return Person(folder / "a"), Person(folder / "b")


def test_it_ends_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = _two(tmp_path)
    forked = [one.run(*words, stdin=given) for words, given in SESSION]
    assert {done.code for done in forked} == {0, 1, 2, 13}

    def told(text: str) -> str:  # the minute may turn between the two
        return re.sub(r"\d\d:\d\d", "hh:mm", text.replace("/b/", "/a/"))

    on_terminal = one.run_on_terminal("list")
    with monkeypatch.context() as patch:
        patch.setattr(warm, "can", lambda _: False)
        started = [other.run(*words, stdin=given) for words, given in SESSION]
        assert [(each.code, told(each.out), told(each.err)) for each in started] == [
            (each.code, told(each.out), told(each.err)) for each in forked
        ]
        assert other.run_on_terminal("list") == on_terminal


def test_it_is_a_process_of_its_own(person: Person) -> None:
    """Its folder, its variables and its streams are its own, and its signals reach nobody else."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.mkfifo(person.home / "late.csv")
    for signalled, ends in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        process = warm.start(
            "renewctl", ["import", "late.csv"], (nothing,) * 3, cwd=person.home, env=person.env
        )
        with (person.home / "late.csv").open("w"):  # opened once the other side reads it
            assert process.pid != os.getpid()
            assert process.poll() is None
            os.kill(process.pid, signalled)
            assert process.wait(60) == ends
    os.close(nothing)
    assert person.run("--version").code == 0


def test_one_that_takes_too_long_is_ended(person: Person) -> None:
    os.mkfifo(person.home / "never.csv")
    words = ["import", "never.csv"]
    with pytest.raises(subprocess.TimeoutExpired):
        warm.run("renewctl", words, given=b"", cwd=person.home, env=person.env, timeout=0.5)


def test_what_python_reads_before_it_runs_anything_has_it_started(person: Person) -> None:
    from tests.whole import whole

    assert warm.can(person.env) != whole()
    for name in ("PYTHONPATH", "PYTHONUTF8", "LANG", "LC_ALL", "LD_PRELOAD"):
        assert not warm.can({**person.env, name: "other"})
    assert not warm.can({**environment(person.home), "PYTHONUNBUFFERED": "1"})
