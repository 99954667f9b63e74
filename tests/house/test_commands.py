"""The table of commands, the exit codes and the start-up cost of daily commands are what they should be."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from renewctl import errors
from renewctl.cli.app import COMMANDS
from tests.engines import copy
from tests.processes import ROOT, Person, Result

# The promise to users' scripts, word for word.
EXIT_CODES = {
    2: "wrong usage",
    3: "an internal error (traceback in the log whose path is printed)",
    10: "unreadable or refused input",
    11: "a bad policy or playbook file",
    12: "the portfolio cannot be used: missing, locked, damaged, newer schema",
    13: "no such account, item or save, or an ambiguous name",
    14: "refused by a rule: an illegal transition, an offer over its approval limit",
    15: "a template or document could not be rendered",
    130: "interrupted, or a prompt declined",
}
HEAVY = {
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "rich",
    "jinja2",
    "babel",
    "holidays",
    "tomllib",
    "dateutil",
    "python_calamine",
}


def leaves(table: dict[str, Any], group: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(name as typed, module, function, short help) of every command."""
    for name, entry in table.items():
        if isinstance(entry, dict):
            yield from leaves(entry, f"{group}{name} ")
        elif name != "help":
            yield (f"{group}{name}", *entry)


LEAVES = list(leaves(COMMANDS))


@pytest.mark.parametrize(("name", "module", "function", "summary"), LEAVES, ids=[each[0] for each in LEAVES])
def test_the_short_help_is_the_first_line_of_the_docstring(
    name: str, module: str, function: str, summary: str
) -> None:
    found = getattr(import_module(f"renewctl.cli.{module}"), function)
    assert (inspect.getdoc(found) or "").partition("\n")[0] == summary
    assert summary.endswith(".")


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What each command says when it is asked for help."""
    calls = [([*name.split(), "--help"], {}) for name, *_ in LEAVES]
    said = Person(tmp_path_factory.mktemp("helps")).run_many(calls)
    return dict(zip((each[0] for each in LEAVES), said, strict=True))


@pytest.mark.parametrize("name", [each[0] for each in LEAVES])
def test_every_command_has_help(name: str, helps: dict[str, Result]) -> None:
    done = helps[name]
    assert done.code == 0, done.err
    assert f"renewctl {name}" in done.out
    assert "--debug" in done.out


def _classes(kind: type[errors.RenewctlError]) -> Iterator[type[errors.RenewctlError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _classes(each)


def test_exit_codes_are_as_promised() -> None:
    told = {kind.exit_code: kind.meaning for kind in _classes(errors.RenewctlError)}
    assert told == EXIT_CODES


def test_no_two_kinds_of_error_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in _classes(errors.RenewctlError)]
    assert len(codes) == len(set(codes))


def imported(code_or_module: list[str], person: Person, **env: str) -> set[str]:
    """Top-level names of the packages that a Python process imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *code_or_module],
        capture_output=True,
        text=True,
        cwd=person.home,
        env={**person.env, **env},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, "\n".join(x for x in done.stderr.splitlines() if "import time:" not in x)
    lines = re.findall(r"^import time: +\d+ \| +\d+ \| +([\w.]+)", done.stderr, re.M)
    assert len(lines) > 20
    return {name.partition(".")[0] for name in lines}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Any:
    """A portfolio of four accounts."""
    somebody = Person(tmp_path_factory.mktemp("book"))
    rows = [
        f"A{no},Account {no},{arr},USD,2026-0{3 + no}-15,Ana,-30,40"
        for no, arr in enumerate((4000, 30000, 150000, 90000), 1)
    ]
    head = "id,name,arr,currency,renewal_date,csm,usage_trend,engagement"
    (somebody.home / "book.csv").write_text("\n".join([head, *rows]) + "\n")
    done = somebody.run("import", "book.csv")
    assert done.code == 0, done.err
    return somebody.portfolio


@pytest.fixture
def ana(person: Person, book: Any) -> Person:
    """Ana with that portfolio."""
    copy(book, person.portfolio)
    return person


DAILY = {
    "due": ("due", "--days", "90"),
    "due --limit": ("due", "--days", "90", "--limit", "50"),
    "due --json": ("due", "--json"),
    "done": ("done", "ITEM"),
    "skip": ("skip", "ITEM", "--reason", "no need"),
    "snooze": ("snooze", "ITEM", "--until", "2026-03-09"),
    "save start": ("save", "start", "A2", "--scenario", "value"),
    "save list": ("save", "list"),
    "--help": ("--help",),
    "--version": ("--version",),
}


@pytest.mark.parametrize("words", DAILY.values(), ids=DAILY.keys())
def test_a_daily_command_imports_nothing_heavy(ana: Person, words: tuple[str, ...]) -> None:
    if "ITEM" in words:
        items = json.loads(ana.run("due", "--days", "400", "--json").out)["items"]
        words = tuple(items[0]["item"] if word == "ITEM" else word for word in words)
    assert imported(["-m", "renewctl", *words], ana) & HEAVY == set()


def test_completing_a_name_imports_nothing_heavy_and_offers_it(ana: Person) -> None:
    asked = {
        "_RENEWCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": "renewctl show Acc",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "renewctl show Acc",
    }
    done = subprocess.run(
        [sys.executable, "-m", "renewctl"],
        capture_output=True,
        text=True,
        env={**ana.env, **asked},
        check=True,
    )
    assert "Account 1" in done.stdout.replace("\\", "")
    assert imported(["-m", "renewctl"], ana, **asked) & HEAVY == set()


def test_a_heavy_import_would_be_seen(person: Person) -> None:
    assert imported(["-c", "import jinja2.sandbox"], person) & HEAVY == {"jinja2"}


def test_the_program_runs_from_any_folder_as_module_and_as_script(person: Person) -> None:
    done = person.run("--version")
    assert re.fullmatch(r"renewctl \d+\.\d+\.\d+\n", done.out)
    assert os.path.realpath(person.home) != os.path.realpath(ROOT)
