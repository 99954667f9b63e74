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
    "module": 'pytest.skip("no mood today", allow_module_level=True)\n',
}
REASON = {"marker": "needs no-such-program", "call": "no mood today", "module": "no mood today"}


def _run(tmp_path: Path, body: str, ci: str) -> "subprocess.CompletedProcess[str]":
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_made.py").write_text(f"import pytest\n\n{body}")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"RENEWCTL_CI": ci, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("how", MADE)
def test_at_home_a_skip_is_a_skip_with_its_reason(tmp_path: Path, how: str) -> None:
    done = _run(tmp_path, MADE[how], "")
    assert done.returncode in (0, 5), done.stdout
    assert "1 skipped" in done.stdout
    assert REASON[how] in done.stdout


@pytest.mark.parametrize("how", MADE)
def test_in_ci_a_skip_is_a_failure_with_its_reason(tmp_path: Path, how: str) -> None:
    done = _run(tmp_path, MADE[how], "1")
    assert done.returncode not in (0, 5), done.stdout
    assert REASON[how] in done.stdout


def test_in_ci_a_test_that_passes_passes(tmp_path: Path) -> None:
    assert _run(tmp_path, "def test_made():\n    assert True\n", "1").returncode == 0
