"""Every shipped title has a name in each language, none is left over, and none was forgotten in between."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from renewctl.core import agenda
from renewctl.policies import __main__ as generator
from tests.book import POLICY

FILES = sorted(generator.HERE.glob("titles.*.toml"))
PLACE = re.compile(r"{\w+}")


def words(file: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def of_the_policy() -> set[str]:
    """What the shipped policy calls its steps."""
    return {
        *(step.title for steps in POLICY.timelines.values() for step in steps),
        *(each.title for cadence in POLICY.cadence.values() for each in cadence),
        *(step.title for book in POLICY.playbooks.values() for step in book.steps),
        *(text for book in POLICY.playbooks.values() for text in (*book.checkins.values(), *book.recovery)),
        *(text for book in POLICY.playbooks.values() for text in (book.update, book.title)),
        *POLICY.saves.checkins.values(),
        *POLICY.offers.gets.values(),
        *(text for book in POLICY.playbooks.values() for text in (*book.success, *book.talk_track)),
        *(text for book in POLICY.playbooks.values() for text in book.milestones.values()),
        *(each.text for each in POLICY.saves.milestones.values()),
        *POLICY.saves.success.values(),
    }


def of_the_agenda() -> set[str]:
    """What the agenda calls the items that no table of the policy names."""
    return {each.title for each in vars(agenda).values() if isinstance(each, agenda.Task)}


def constants() -> set[str]:
    """Every text that the core's code holds."""
    sources = [file.read_text(encoding="utf-8") for file in Path(str(agenda.__file__)).parent.glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_portuguese_is_there() -> None:
    assert [file.name for file in FILES] == ["titles.pt-BR.toml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_title_has_a_name_and_none_is_left_over(file: Path) -> None:
    found = words(file)
    assert set(found) == {"titles", "phrases"}
    shipped = of_the_policy() | of_the_agenda()
    assert shipped - set(found["titles"]) == set(), f"say them in {file.name}"
    assert set(found["titles"]) - shipped - constants() == set(), f"nobody says them; out of {file.name}"
    for phrase in found["phrases"]:
        for part in filter(None, PLACE.split(phrase)):
            assert any(part in each or part.strip() == each.strip() for each in constants()), phrase


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_name_is_blank_left_in_english_or_loses_a_place(file: Path) -> None:
    for table in words(file).values():
        for english, said in table.items():
            assert said.strip() == said != "", english
            assert said != english
            assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(english)), english
            assert english[-1:] not in "?!" or said[-1:] == english[-1:], english
    said = list(words(file)["titles"].values())
    assert sorted({each for each in said if said.count(each) > 1}) == []
