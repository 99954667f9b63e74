"""The README tells the truth: its commands are replayed, its table generated, its installation as tested."""

import os
from pathlib import Path

import pytest

from tests import readme
from tests.house.scans import foreign_hosts
from tests.processes import ROOT, Person
from tests.transcripts import matches, replay

TRY = "python -m pip install . && python -m renewctl demo"
TEST = "python -m pip install -e '.[dev]' && python -m pytest"


@pytest.fixture(scope="module")
def text() -> str:
    return readme.README.read_text(encoding="utf-8")


def test_the_commands_of_the_readme_print_what_it_shows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    count = replay(readme.README, home, update=os.environ.get("RENEWCTL_UPDATE") == "1")
    assert count >= 8, "the daily commands are shown with their output"


def test_the_picture_of_the_readme_is_a_screen_of_the_program(text: str, person: Person) -> None:
    """A line of `...` in it stands for lines left out; RENEWCTL_UPDATE=1 writes the whole screen."""
    picture = readme.blocks(text, "text")[0]
    first, *shown = picture.splitlines()
    assert first == "$ renewctl due --days 30"
    assert person.run("import", str(ROOT / "examples" / "book.csv")).code == 0
    screen = person.run_on_terminal("due", "--days", "30", COLUMNS="80", NO_COLOR="1")
    assert screen.code == 0
    lines = [line.rstrip() for line in screen.out.splitlines()]
    if not matches(shown, lines) and os.environ.get("RENEWCTL_UPDATE") == "1":
        whole = "\n".join([first, *lines]) + "\n"
        readme.README.write_text(text.replace(picture, whole, 1), encoding="utf-8")
        shown = lines
    assert matches(shown, lines)
    assert "..." not in shown or len(shown) > 15
    assert max(map(len, lines)) <= 80


def test_the_exit_codes_of_the_readme_are_those_of_the_program(text: str) -> None:
    assert readme.updated(text) == text, "python -m tests.readme --update"


def test_a_wrong_table_would_be_seen_and_mended(text: str) -> None:
    spoilt = text.replace("| 13 |", "| 31 |")
    assert spoilt != text
    assert readme.updated(spoilt) == text
    with pytest.raises(ValueError, match="lacks"):
        readme.updated(text.replace(readme.BEGIN, ""))


@pytest.mark.parametrize("command", [TRY, TEST])
def test_the_two_commands_stand_in_the_readme_as_they_are_run(text: str, command: str) -> None:
    assert any(command in block.splitlines() for block in readme.blocks(text, "sh"))


def test_ci_runs_the_very_command_that_the_readme_gives() -> None:
    assert TEST in (ROOT / ".ci" / "run").read_text()


def test_the_readme_says_how_to_make_a_virtual_environment(text: str) -> None:
    shell = "\n".join(readme.blocks(text, "sh"))
    assert "python3 -m venv .venv" in shell
    assert "activate" in shell


def test_the_readme_shows_a_picture_of_the_terminal_that_is_there(text: str) -> None:
    import re

    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text) or readme.blocks(text, "text")
    assert pictures or readme.blocks(text, "console")
    for picture in pictures:
        assert "\n" in picture or (ROOT / picture).is_file(), picture


def test_links_of_the_readme_lead_somewhere(text: str) -> None:
    import re

    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]+)[^)]*\)", text):
        assert "://" in target or (ROOT / target).exists(), target
    assert not list(foreign_hosts(text, {"github.com", "example.com"}))
