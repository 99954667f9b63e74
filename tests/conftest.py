"""What every test gets: a home that is not the user's, the `needs` marker, and no skips in CI."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import warm, whole
from tests.engines import engine, engines_of, note, postgres
from tests.processes import Person

__all__ = ["engine", "postgres"]  # fixtures

# The same examples on every run: a failure in CI is one that everybody can see again.
hypothesis.settings.register_profile("renewctl", deadline=None, derandomize=True, print_blob=True)
# Another search each time, and a long one: python -m pytest tests/core --hypothesis-profile=long
hypothesis.settings.register_profile("long", deadline=None, max_examples=3000, print_blob=True)
# To see a test fail is all that tests/rules.py wants, and soon: few examples, and not the smallest.
SEARCHED = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
hypothesis.settings.register_profile(
    "first", deadline=None, derandomize=True, phases=SEARCHED, max_examples=30
)
hypothesis.settings.load_profile("renewctl")

# Whoever starts the tests in the background of a script has interrupts ignored, and processes inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Names under which a program is found on different systems, the first as tests ask for it.
PROGRAMS = {"chromium": ("chromium", "chromium-browser", "google-chrome")}
PACKAGES = {"pdftoppm": "poppler-utils"}  # where the package is named otherwise


def program(tool: str) -> str | None:
    """Where a program is, or None."""
    return next((path for name in PROGRAMS.get(tool, (tool,)) if (path := shutil.which(name))), None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known also where this file is used alone."""
    config.addinivalue_line("markers", "needs(tool): needs a program that pip cannot bring")
    config.addinivalue_line(
        "markers", "file_only(reason): is about the portfolio's file, not about PostgreSQL"
    )
    config.addinivalue_line("markers", "both_engines: runs on PostgreSQL too, in every run")
    if config.getoption("--whole"):
        whole.ask()
    gc.disable()  # what is collected stays to the end


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what is there for good."""
    gc.enable()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Leave no process behind."""
    warm.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`: where portfolios are kept in this run."""
    parser.addoption("--engine", help="sqlite, postgresql, or share (default): SQLite, a part on both")
    parser.addoption("--whole", action="store_true", help="every case of tests that take a share; takes long")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on the engines it is for."""
    if "engine" in metafunc.fixturenames and (found := engines_of(metafunc)) != ("sqlite",):
        metafunc.parametrize("engine", found, indirect=True, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing, saying which one and how to get it."""
    note(item)
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if program(tool) is None:
                package = PACKAGES.get(tool, tool)
                pytest.skip(f"needs {tool}, which is not on the PATH (apt-get install {package})")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Iterator[pytest.TestReport]:
    """Under RENEWCTL_CI=1 nothing may be skipped: a skip becomes a failure with its reason."""
    report = yield
    _no_skips(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    _no_skips(report)
    return report


def _no_skips(report: "pytest.TestReport | pytest.CollectReport") -> None:
    if report.skipped and os.environ.get("RENEWCTL_CI") == "1" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped where nothing may be skipped (RENEWCTL_CI=1): {reason}"


@pytest.fixture(scope="session", autouse=True)
def _house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees or touches the portfolio, policy or name of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PORTFOLIO", "POLICY", "AS_OF", "USER", "BACKUPS"):
            patch.delenv(f"RENEWCTL_{name}", raising=False)
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.delenv("XDG_DATA_HOME", raising=False)
        yield


@pytest.fixture
def person(tmp_path: Path, engine: str) -> Person:
    """Somebody at a prompt, with an empty home folder."""
    return Person(tmp_path)
