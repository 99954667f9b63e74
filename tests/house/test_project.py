"""The project's own papers: versions agree, ranges are sane, the change log and the guide are there."""

import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import renewctl
from tests.processes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [Requirement(each) for each in PROJECT["dependencies"]]
EXTRAS = [Requirement(each) for extra in PROJECT["optional-dependencies"].values() for each in extra]


@pytest.mark.parametrize("needed", [*NEEDED, *EXTRAS], ids=str)
def test_every_requirement_has_a_floor_and_allows_its_next_fix(needed: Requirement) -> None:
    signs = {each.operator for each in needed.specifier}
    assert ">=" in signs
    assert "==" not in signs
    assert needed.url is None


@pytest.mark.parametrize(
    "needed", [each for each in NEEDED if each.marker is None or each.marker.evaluate()], ids=str
)
def test_what_is_installed_is_in_range(needed: Requirement) -> None:
    assert needed.specifier.contains(version(needed.name)), version(needed.name)


def test_typer_stays_below_the_release_that_imports_pydantic() -> None:
    typer = next(each for each in NEEDED if each.name == "typer")
    assert not typer.specifier.contains("0.29.0")
    assert typer.specifier.contains("0.28.0")


def test_the_version_is_one() -> None:
    assert renewctl.__version__ == PROJECT["version"]
    changes = (ROOT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changes, re.M)
    assert releases[0] == PROJECT["version"]
    assert releases == sorted(releases, key=Version, reverse=True)


def test_the_guide_opens_with_what_changes_together() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    sections = re.findall(r"^## (.+)$", guide, re.M)
    assert sections[0] == "What changes together"


def test_files_that_the_guide_names_exist() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    names = re.findall(r"`((?:renewctl|tests|templates|examples|\.ci)/[\w./-]*[\w/])`", guide)
    assert len(names) > 8
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_python_versions_agree() -> None:
    floor = PROJECT["requires-python"].removeprefix(">=")
    named = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each]
    assert min(named, key=Version) == floor
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["python_version"] == floor
    assert tools["ruff"]["target-version"] == "py" + floor.replace(".", "")


def test_every_example_is_used_by_a_transcript_or_a_test() -> None:
    told = [ROOT / "README.md", *(ROOT / "tests").rglob("*.md"), *(ROOT / "tests").rglob("*.py")]
    told += (ROOT / "renewctl" / "cli").glob("demo*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in told)
    names = [path.name for path in (ROOT / "examples").rglob("*") if path.is_file()]
    assert len(names) >= 3
    assert [name for name in names if name not in text] == []


def test_the_installed_program_and_the_module_are_one() -> None:
    from renewctl.__main__ import main

    assert PROJECT["scripts"] == {"renewctl": f"{main.__module__}:{main.__name__}"}
