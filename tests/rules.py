"""Which tests hold which rule: `python -m tests.rules` prints the table.

A test holds a rule whose id stands in its docstring or in a comment inside it. With `--prove [ID …]` the
tests of each rule are run, in a process of its own, with that rule taken out of the program
(`tests/rule_switches.py`): at least one of them has to fail. Tests of the shipped figures are left out of
that: they would only say that the data changed, and not that the program then does something else. Loaded
as a pytest plugin, this module throws the switch that RENEWCTL_RULE_OFF names.
"""

import argparse
import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OFF = "RENEWCTL_RULE_OFF"
# The rules whose tests are listed, of all in renewctl/policies/rules.toml.
FAMILIES = re.compile(
    r"SEG-2|SAV-(?:\d+|[PVRBCD])|WIN-3|(?:HLT|TCH|TML|OWN|TRK|REM|STK|VAL|ROL)(?:-\w+)?"
    r"|ANCHOR|LATE|AGENDA|MONEY"
)
# Of the shipped figures and texts: prove nothing of what is done with them.
DATA = ("tests/core/test_policy_data.py::", "tests/core/test_playbook_data.py::")
# Asked from the first to the last: what looks at one function is quicker than what replays whole books.
_QUICK_FIRST = (
    "tests/core/",
    "tests/core/test_rehearse.py",
    "tests/cli/test_playbook_rules.py",
    "tests/cli/test_save",
    "tests/",
    "tests/simulation/",
    "tests/save_simulation/",
)


def ids() -> list[str]:
    """The ids of those rules, in the order of the file."""
    rules = tomllib.loads((ROOT / "renewctl" / "policies" / "rules.toml").read_text(encoding="utf-8"))[
        "rules"
    ]
    return [name for name in rules if FAMILIES.fullmatch(name)]


def named(source: str, wanted: Iterable[str]) -> Iterator[tuple[str, str, bool]]:
    """(rule, name of a test function, whether it tries many examples) for each that a test names in its
    docstring or a comment.
    """
    comments = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    patterns = {name: re.compile(rf"(?<![\w-]){re.escape(name)}(?!\w|-\w)") for name in wanted}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            inside = [text for line, text in comments if node.lineno <= line <= (node.end_lineno or 0)]
            said = "\n".join([ast.get_docstring(node) or "", *inside])
            for name, pattern in patterns.items():
                if pattern.search(said):
                    yield name, node.name, any("given(" in ast.unparse(each) for each in node.decorator_list)


def holders() -> dict[str, list[str]]:
    """Rule -> the tests that hold it, as pytest names them; the quick ones first."""
    found: dict[str, list[tuple[int, bool, str]]] = {name: [] for name in ids()}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        place = _QUICK_FIRST.index(max((start for start in _QUICK_FIRST if file.startswith(start)), key=len))
        for rule, test, searches in named(path.read_text(encoding="utf-8"), found):
            found[rule].append((place, searches, f"{file}::{test}"))
    return {rule: [test for *_, test in sorted(tests)] for rule, tests in found.items()}


def of_behaviour(tests: Iterable[str]) -> list[str]:
    """Those of the tests that see what the program does with a rule."""
    return [test for test in tests if not test.startswith(DATA)]


class Proof(NamedTuple):
    """What came of running the tests of a rule without it."""

    failed: str  # the first test that failed; "" where none did, and nothing is proven
    said: str  # in its own words, or what came instead


def prove(rule: str, tests: list[str], switch: int = 0) -> Proof:
    """Run the tests of a rule without what one of its switches takes out, until one of them fails."""
    words = ["-m", "pytest", "-n", "0", "-x", "-q", "-p", "tests.rules", "-p", "no:cacheprovider"]
    words += ["--hypothesis-profile=first", *tests]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {OFF: f"{rule} {switch}", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"^FAILED (\S+)(?: - )?(.*)", done.stdout, re.M)
    if done.returncode == 1 and failed:
        return Proof(failed[1], failed[2])
    return Proof("", f"exit {done.returncode}: {done.stdout[-200:]} {done.stderr[-200:]}")


def pytest_configure() -> None:
    """Throw the switch, before any test imports what it changes."""
    if off := os.environ.get(OFF):
        from tests.rule_switches import SWITCHES

        rule, switch = off.split()
        SWITCHES[rule][int(switch)]()


def main() -> int:
    """Print the table, or prove rules; 1 where a rule has no test, or none that would fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules", description=__doc__)
    parser.add_argument("--prove", nargs="*", metavar="ID", help="run their tests without the rule (all)")
    given = parser.parse_args()
    found = holders()
    if unknown := set(given.prove or ()) - set(found):
        parser.error(f"no such rule here: {', '.join(sorted(unknown))}")
    bad = 0
    for rule in given.prove or found:
        if given.prove is None:
            print(rule, *(f"  {test}" for test in found[rule] or ["no test names it"]), sep="\n")
            bad += not found[rule]
        else:
            bad += not _proven(rule, of_behaviour(found[rule]))
    return 1 if bad else 0


def _proven(rule: str, tests: list[str]) -> bool:
    """Prove a rule with each of its switches, and print a line for each."""
    from tests.rule_switches import SWITCHES

    proven = True
    for switch in range(len(SWITCHES[rule])):
        proof = (
            prove(rule, tests, switch) if tests else Proof("", "no test of what the program does names it")
        )
        proven = proven and bool(proof.failed)
        what = f"{proof.failed}: {proof.said}" if proof.failed else f"NOT PROVEN: {proof.said}"
        print(f"{rule:<7}{switch + 1:>2}  {what}", flush=True)
    return proven


if __name__ == "__main__":
    sys.exit(main())
