"""The transcripts beside this file are replayed, and the replaying itself is put to the test."""

import os
from pathlib import Path

import pytest

from tests.transcripts import Mismatch, matches, replay, steps

HERE = Path(__file__).parent
UPDATE = os.environ.get("RENEWCTL_UPDATE") == "1"


FIRST = HERE / "start.md"
# About the portfolio's own file, its pages and the folder it lies in.
OF_FILES = [HERE / f"{name}.md" for name in ("backup", "doctor", "forget")]


@pytest.mark.both_engines
def test_the_transcript_of_the_first_steps_shows_what_the_commands_print(tmp_path: Path, engine: str) -> None:
    check(FIRST, tmp_path, cold=engine == "sqlite")


REST = sorted({*HERE.glob("*.md")} - {*OF_FILES, FIRST})


@pytest.mark.parametrize("file", REST, ids=lambda file: file.stem)
def test_a_transcript_shows_what_the_commands_print(file: Path, tmp_path: Path, engine: str) -> None:
    check(file, tmp_path)


@pytest.mark.file_only("about the portfolio's own file")
@pytest.mark.parametrize("file", OF_FILES, ids=lambda file: file.stem)
def test_a_transcript_about_files_shows_what_the_commands_print(
    file: Path, tmp_path: Path, engine: str
) -> None:
    check(file, tmp_path)


def check(file: Path, folder: Path, cold: bool = False) -> None:
    home = folder / "home"
    home.mkdir()
    assert replay(file, home, update=UPDATE, cold=cold) > 0, f"{file.name} holds no command"


def _replay(tmp_path: Path, body: str, *, update: bool = False) -> str:
    file = tmp_path / "made.md"
    file.write_text(f"A page.\n\n```console\n{body}```\n\nIts end.\n")
    home = tmp_path / "home"
    home.mkdir()
    replay(file, home, update=update)
    return file.read_text()


def test_a_transcript_that_is_right_passes(tmp_path: Path) -> None:
    _replay(tmp_path, "$ printf 'one\\ntwo\\n'\none\ntwo\n$ ls nowhere 2>/dev/null\n[exit 2]\n")


@pytest.mark.parametrize(
    "body",
    [
        "$ printf 'one\\n'\nanother\n",
        "$ printf 'one\\n'\n",
        "$ printf ''\none\n",
        "$ printf 'one\\ntwo\\n'\none\n",
        "$ ls nowhere 2>/dev/null\n",
        "$ printf 'one\\n'\none\n[exit 1]\n",
        "$ printf 'one\\ntwo\\n'\n...\nthree\n",
        "$ renewctl --version\nrenewctl 999\n",
    ],
)
def test_a_transcript_that_is_wrong_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(Mismatch):
        _replay(tmp_path, body)


def test_other_programs_are_not_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="may not run 'rm'"):
        _replay(tmp_path, "$ rm -r examples\n")


def test_an_update_writes_what_came_out_and_keeps_an_elision_that_fits(tmp_path: Path) -> None:
    body = "$ printf '1\\n2\\n3\\n'\n1\n...\n$ printf 'new\\n'\nold\n$ ls nowhere 2>/dev/null\n"
    assert _replay(tmp_path, body, update=True) == (
        "A page.\n\n```console\n$ printf '1\\n2\\n3\\n'\n1\n...\n$ printf 'new\\n'\nnew\n"
        "$ ls nowhere 2>/dev/null\n[exit 2]\n```\n\nIts end.\n"
    )


def test_an_update_never_takes_a_broken_program_for_what_is_right(tmp_path: Path) -> None:
    with pytest.raises(Mismatch):
        _replay(tmp_path, "$ printf 'error[internal]: KeyError\\n'\nbefore\n", update=True)
    assert "before" in (tmp_path / "made.md").read_text()


def test_settings_last_for_the_file_and_start_clean(tmp_path: Path) -> None:
    _replay(
        tmp_path,
        "$ printf '%s\\n' \"$RENEWCTL_AS_OF/$RENEWCTL_PORTFOLIO\" | cat\n2026-03-02/\n"
        "$ export RENEWCTL_PORTFOLIO=~/x.db\n$ printf '%s\\n' \"$RENEWCTL_PORTFOLIO\" | cat\n~/x.db\n"
        "$ mkdir sub\n$ cd sub\n$ printf '%s\\n' \"$PWD\" | cat\n~/sub\n",
    )


def test_an_elision_stands_for_any_number_of_lines() -> None:
    assert matches(["a", "...", "d"], ["a", "b", "c", "d"])
    assert matches(["a", "..."], ["a"])
    assert not matches(["...", "b"], ["a", "c"])


def test_steps_know_their_lines_and_continuations() -> None:
    found = steps("$ printf a \\\n  b\nab\n\n$ ls\n", 10)
    assert [(step.command, step.expected, step.line) for step in found] == [
        ("printf a \\\n  b", ["ab"], 10),
        ("ls", [], 14),
    ]
