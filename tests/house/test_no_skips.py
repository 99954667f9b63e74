"""A missing program skips a test with its reason at home, and fails it in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

MADE = {
    "marker": '@pytest.mark.needs("no-such-program")\ndef test_made():\n    assert True\n',
    "call": 'def test_made():\n    pytest.skip("no mood today")\n',
    "module": 'pytest.skip("no mood at all", allow_module_level=True)\n',
}
REASON = {"marker": "needs no-such-program", "call": "no mood today", "module": "no mood at all"}


def _run(folder: Path, ci: str) -> str:
    """What pytest says of each of them, and of one test that passes."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    for how, body in {**MADE, "fine": "def test_made():\n    assert True\n"}.items():
        (folder / f"test_{how}.py").write_text(f"import pytest\n\n{body}")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"RENEWCTL_CI": ci, "PYTHONPATH": str(ROOT), "COLUMNS": "300"}
    words = ["-m", "pytest", "-rA", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if ci else 0), done.stdout
    return done.stdout


@pytest.fixture(scope="module", params=["", "1"], ids=["at home", "in CI"])
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, str]:
    return request.param == "1", _run(tmp_path_factory.mktemp("made"), request.param)


@pytest.mark.parametrize("how", MADE)
def test_a_skip_is_a_skip_at_home_and_a_failure_in_ci_with_its_reason(
    said: tuple[bool, str], how: str
) -> None:
    in_ci, text = said
    assert REASON[how] in text
    lines = text.splitlines()
    skipped = any(line.startswith("SKIPPED") and f": {REASON[how]}" in line for line in lines)
    failed = any(line.startswith(("FAILED", "ERROR")) and f" test_{how}.py" in line for line in lines)
    assert (skipped, failed) == (not in_ci, in_ci), text


def test_a_test_that_passes_passes(said: tuple[bool, str]) -> None:
    assert "PASSED test_fine.py::test_made" in said[1]
