"""The layers hold, and the guards that say so are seen to fail when they should."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.processes import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS, CORE = (contract["name"] for contract in CONTRACTS)
FORBIDDEN = next(each["forbidden_modules"] for each in CONTRACTS if each["type"] == "forbidden")


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the import linter over the package in `folder`, as CI does."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    env = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "300"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package with its configuration, to be spoilt."""
    shutil.copytree(ROOT / "renewctl", tmp_path / "renewctl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout, done.stdout


AGAINST = [
    ("errors", "renewctl.core.dates"),
    ("core/dates", "renewctl.store.portfolio"),
    ("core/dates", "renewctl.views.terminal"),
    ("core/dates", "renewctl.cli.options"),
    ("store/portfolio", "renewctl.views.terminal"),
    ("store/portfolio", "renewctl.cli.options"),
    ("views/terminal", "renewctl.store.portfolio"),
    ("views/terminal", "renewctl.cli.options"),
]


def test_every_import_against_the_flow_breaks_the_layers(copy: Path) -> None:
    for importer, imported in AGAINST:
        spoil(copy, importer, f"import {imported}")
    done = lint(copy)
    assert done.returncode != 0
    assert f"{LAYERS} BROKEN" in done.stdout, done.stdout
    told = [f"renewctl.{importer.replace('/', '.')} -> {imported}" for importer, imported in AGAINST]
    assert [each for each in told if each not in done.stdout] == [], done.stdout


def test_the_core_may_import_nothing_that_touches_the_world(copy: Path) -> None:
    spoil(copy, "core/dates", *(f"import {name}" for name in FORBIDDEN))
    done = lint(copy)
    assert done.returncode != 0
    assert f"{CORE} BROKEN" in done.stdout, done.stdout
    unseen = [name for name in FORBIDDEN if f"renewctl.core.dates -> {name}" not in done.stdout]
    assert not unseen, f"imported in the core and not noticed: {unseen}"


def test_an_import_inside_a_function_counts_too(copy: Path) -> None:
    spoil(copy, "core/dates", "def spoilt() -> None:", "    import sqlite3")
    assert f"{CORE} BROKEN" in lint(copy).stdout


def test_the_core_is_guarded_against_all_that_the_house_names() -> None:
    named = {"os", "sys", "io", "pathlib", "sqlite3", "typer", "rich", "sqlmodel", "pydantic"}
    named |= {"sqlalchemy", "jinja2", "babel", "holidays", "subprocess", "random", "time"}
    assert named <= set(FORBIDDEN)


def spoil(folder: Path, module: str, *lines: str) -> None:
    """Add lines to the end of a module of the copy."""
    file = folder / "renewctl" / f"{module}.py"
    file.write_text(file.read_text() + "\n" + "\n".join(lines) + "\n")
