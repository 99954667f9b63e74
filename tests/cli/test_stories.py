"""The stories of examples/stories are replayed: one save of each scenario, from its trigger to day 90.

A story tells in `console` blocks what was typed and what came of it (`tests.transcripts`). With
RENEWCTL_UPDATE=1 what came out is written into them; passages with `...` that still fit stay as they are.
"""

import os
from pathlib import Path

import pytest

from renewctl.core.policy import SCENARIOS
from tests.processes import ROOT
from tests.transcripts import Mismatch, replay

STORIES = ROOT / "examples" / "stories"
NAMES = (
    "product.md", "value.md", "relationship.md", "budget.md", "competitive.md", "champion-departure.md",
)  # fmt: skip
FILES = [STORIES / name for name in NAMES]
UPDATE = os.environ.get("RENEWCTL_UPDATE") == "1"
MOST = 70  # commands of a story: who reads it wants to come to its end


def test_there_is_a_story_for_each_scenario() -> None:
    assert sorted(file.name for file in STORIES.glob("*.md")) == sorted(NAMES)
    assert {file.stem.replace("-", "_") for file in FILES} == set(SCENARIOS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_story_shows_what_the_commands_print(file: Path, tmp_path: Path, engine: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert 0 < replay(file, home, update=UPDATE) <= MOST


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_story_tells_the_whole_way_of_a_save(file: Path) -> None:
    """SAV-1 … SAV-10: the trigger, the call with its hour, the cause, the proofs, the end, the recovery."""
    told = file.read_text(encoding="utf-8")
    for command in (
        "save suggest", "save start", "-call --at 2026-", "save answer", "save why", "--root-cause",
        "save paper s1 save-plan", "s1-update-1", "save promise kept", "save evidence",
        "save close s1 --result", "-checkin-30", "-checkin-90",
    ):  # fmt: skip
        assert command in told, f"{file.name} never shows {command}"


def test_a_story_with_one_line_changed_is_refused(tmp_path: Path) -> None:
    text = FILES[0].read_text(encoding="utf-8")
    before = "\nRespond by 2026-03-04 09:00 UTC: 48 h left"
    assert before in text
    changed = tmp_path / FILES[0].name
    end = text.index("```\n", text.index(before)) + 4
    changed.write_text(text[:end].replace(before, before.replace("48", "47")), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(Mismatch, match="47 h left"):
        replay(changed, home)


def test_the_stories_show_every_table_of_this_folder_and_name_a_person_for_every_role() -> None:
    told = "\n".join(file.read_text(encoding="utf-8") for file in FILES)
    for path in (*STORIES.glob("*.csv"), *STORIES.glob("*.toml")):
        assert path.name in told
    assert "* stands in" not in told
