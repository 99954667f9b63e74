"""Pipes, terminals and ^C: data on stdout, words on stderr, and nothing half done."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renewctl.cli import app
from tests.benchmarks.books import write_book
from tests.engines import copy, is_written
from tests.processes import Person

ROWS = 3000


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Path:
    """A portfolio large enough that its list does not fit into a pipe."""
    somebody = Person(tmp_path_factory.mktemp("large"))
    write_book(somebody.home / "book.csv", ROWS)
    done = somebody.run("import", "book.csv")
    assert done.code == 0, done.err
    return somebody.portfolio


@pytest.fixture
def ana(person: Person, template: Path) -> Person:
    """Ana, with that portfolio."""
    copy(template, person.portfolio)
    return person


def _start(person: Person, *words: str, **env: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "renewctl", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=person.home,
        env={**person.env, **env},
    )


@pytest.mark.parametrize(
    "words",
    [("list",), ("list", "--json"), ("due", "--days", "300"), ("export", "accounts", "-o", "-")],
    ids=" ".join,
)
def test_a_reader_that_leaves_early_ends_the_command_quietly(ana: Person, words: tuple[str, ...]) -> None:
    process = _start(ana, *words)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in said
    assert "error" not in said.lower()


@pytest.mark.parametrize("words", [("list",), ("due",), ("save", "list"), ("history",)], ids=" ".join)
def test_json_is_all_there_is_on_stdout(ana: Person, words: tuple[str, ...]) -> None:
    done = ana.run(*words, "--json")
    assert done.code == 0, done.err
    assert re.fullmatch(r"renewctl/[a-z]+/1", json.loads(done.out)["schema"])


def _colours(text: str) -> list[str]:
    """The colours that a text sets."""
    codes = [code for found in re.findall(r"\x1b\[([0-9;]*)m", text) for code in found.split(";")]
    return [code for code in codes if re.fullmatch(r"(?:[34]|9|10)[0-8]", code)]


@pytest.mark.parametrize("words", [("list",), ("due",)], ids=" ".join)
def test_there_is_no_colour_but_on_a_terminal_that_wants_it(ana: Person, words: tuple[str, ...]) -> None:
    assert "\x1b[" in ana.run_on_terminal(*words).out
    assert _colours("\x1b[1;31mred") == ["31"]
    assert "\x1b" not in ana.run(*words, NO_COLOR="").out
    assert not _colours(ana.run_on_terminal(*words, NO_COLOR="1").out)  # bold is no colour
    assert "\x1b[" not in ana.run_on_terminal(*words, TERM="dumb").out


def test_a_terminal_gets_a_page_and_a_pipe_gets_everything(ana: Person) -> None:
    piped = ana.run("list").out.count("\n")
    shown = ana.run_on_terminal("list").out.count("\n")
    assert piped > ROWS * 0.9
    assert shown < 200


def test_a_file_may_come_through_the_pipe(person: Person) -> None:
    done = person.run("import", "-", stdin="id,name,arr,renewal_date\nA1,Acme,5000,2026-05-01\n")
    assert done.code == 0, done.err
    assert "Acme" in person.run("list").out


def _interrupt(person: Person, *words: str) -> tuple[int, str]:
    """Start a command, press ^C once it has begun to write, and say how it ended."""
    process = _start(person, *words)
    until = time.monotonic() + 60
    while not is_written(person.portfolio) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    assert process.poll() is None, "it ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()


def test_an_import_that_is_interrupted_leaves_everything_as_it_was(ana: Person) -> None:
    before = ana.run("list", "--json").out
    log = ana.run("history", "--json").out
    write_book(ana.home / "more.csv", 10_000)
    code, said = _interrupt(ana, "import", "more.csv")
    assert code == 130, said
    assert "error[interrupted]" in said
    assert "Traceback" not in said
    assert ana.run("list", "--json").out == before
    assert ana.run("history", "--json").out == log
    assert not is_written(ana.portfolio)


def test_an_import_that_is_killed_leaves_everything_as_it_was(ana: Person) -> None:
    before = ana.run("list", "--json").out
    write_book(ana.home / "more.csv", 10_000)
    process = _start(ana, "import", "more.csv")
    until = time.monotonic() + 60
    while not is_written(ana.portfolio) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert ana.run("list", "--json").out == before
    done = ana.run("import", "more.csv")  # the control: let alone, it changes the book
    assert done.code in (0, 1), done.err
    assert ana.run("list", "--json").out != before


@pytest.mark.file_only("modes of files")
def test_a_portfolio_is_for_its_owner_only(ana: Person, person: Person) -> None:
    (person.home / "one.csv").write_text("id,name,arr,renewal_date\nA1,Acme,5000,2026-05-01\n")
    assert person.run("import", "one.csv", "--portfolio", "new.db").code == 0
    assert (person.home / "new.db").stat().st_mode & 0o777 == 0o600


def test_an_interrupt_while_the_program_is_still_loading_leaves_no_traceback(person: Person) -> None:
    """The module of the commands, replaced by one that is interrupted as it loads."""
    broken = person.home / "broken"
    (broken / "typer").mkdir(parents=True)
    (broken / "typer" / "__init__.py").write_text("raise KeyboardInterrupt\n")
    path = f"{broken}:{person.env['PYTHONPATH']}"
    done = person.run("list", PYTHONPATH=path)
    assert done.code == 130
    assert done.out == ""
    assert done.err.startswith("error[interrupted]")
    assert "Traceback" not in done.err


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize(
    "words",
    [
        ("list",),  # more than a buffer, so that it fails while it is being written
        ("list", "--json"),
        ("list", "--limit", "1"),  # and less, so that it fails at the end
        ("due", "--days", "300"),
        ("export", "accounts"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_disk_without_room_for_the_output_is_one_clear_line(ana: Person, words: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "renewctl", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ana.home,
            env=ana.env,
            timeout=60,
            check=False,
        )
    said = done.stderr.decode()
    assert done.returncode == 10, said
    assert [line for line in said.splitlines() if line.startswith("error")] == [
        "error[output-failed]: the output could not be written: No space left on device"
    ]
    assert "Traceback" not in said
    assert not list(ana.home.rglob("error.log"))


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which Linux has")
def test_what_was_changed_stays_changed_when_only_its_telling_fails(ana: Person) -> None:
    somebody = json.loads(ana.run("list", "--limit", "1", "--json").out)["accounts"][0]["id"]
    line = f"{sys.executable} -m renewctl set {somebody} csm=Zoe --json > /dev/full 2> /dev/full"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=ana.home, env=ana.env, timeout=60, check=False)
    assert done.returncode == 10
    assert json.loads(ana.run("show", somebody, "--json").out)["account"]["csm"] == "Zoe"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize("wanted", [True, False])
def test_where_only_the_telling_fails_it_is_said_whether_the_change_is_made(
    ana: Person, wanted: bool
) -> None:
    somebody = json.loads(ana.run("list", "--limit", "1", "--json").out)["accounts"][0]["id"]
    words = ["set", somebody, "csm=Zoe", "--json", *([] if wanted else ["--dry-run"])]
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "renewctl", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ana.home,
            env=ana.env,
            timeout=60,
            check=False,
        )
    said = done.stderr.decode()
    assert done.returncode == 10
    assert ("the change is made, but the output could not be written" in said) == wanted
    assert ("what was changed before is kept, see it: renewctl history" in said) == wanted
    assert (json.loads(ana.run("show", somebody, "--json").out)["account"]["csm"] == "Zoe") == wanted


def test_a_module_that_is_cut_short_is_an_internal_error_and_nobody_who_stopped(person, monkeypatch, capsys):
    """The parser of arguments takes an EOFError for a person who has gone."""
    monkeypatch.setenv("HOME", str(person.home))
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(person.portfolio))
    monkeypatch.setattr("renewctl.cli.options.Env.open", _cut_short)
    assert app.run(["list"]) == 3
    assert "EOFError" in capsys.readouterr().err


def _cut_short(*_, **__):
    raise EOFError("marshal data too short")
