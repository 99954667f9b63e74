"""What the house forbids in source text, as scanners that name file and line; tests feed them offences."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.processes import ROOT

PACKAGE = ROOT / "renewctl"
CLOCKS = {
    ("date", "today"),
    ("datetime", "today"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
_MONEY = re.compile(r"(?:^|_)(?:minor|arr|mrr|price|prices|amount|cents|money|expansion)(?:_|$)")
RULE = re.compile(
    r"\b(?:SEG|HLT|OPP|TCH|TML|OWN|TRK|REM|PRP|CTR|DSH|MYR|BND|STK|VAL|WIN|ROL|SAV)(?:-[A-Z0-9]{1,2})?\b"
)


def sources() -> list[Path]:
    """Every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def clock_calls(text: str) -> Iterator[tuple[int, str]]:
    """(line, `date.today`) wherever the clock is read, however the class was imported."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if (name.strip("_"), node.attr) in CLOCKS:
                yield node.lineno, f"{name}.{node.attr}"


def _is_money(node: ast.AST) -> bool:
    """Whether an expression is about an amount, by the names in it."""
    for each in ast.walk(node):
        name = each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "")
        if isinstance(name, str) and _MONEY.search(name):
            return True
    return False


def money_floats(text: str) -> Iterator[tuple[int, str]]:
    """(line, what) where an amount could become binary floating point.

    `float(amount)`, an amount divided by `/` (unless a Fraction or Decimal is spelled out on
    that line), an amount combined with a literal such as `0.1`, and `round()` of a division.
    """
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            if any(_is_money(each) for each in node.args):
                yield node.lineno, "float() of an amount"
        elif isinstance(node, ast.BinOp):
            exact = re.search(r"\b(?:Fraction|Decimal|Path)\b", lines[node.lineno - 1])
            if isinstance(node.op, ast.Div) and not exact and (_is_money(node.left) or _is_money(node.right)):
                yield node.lineno, "an amount divided by /"
            for side, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(side, ast.Constant) and isinstance(side.value, float) and _is_money(other):
                    yield node.lineno, f"an amount with the float {side.value}"


def rule_ids(text: str) -> set[str]:
    """The rule ids that a text mentions."""
    return set(RULE.findall(text))


def tracked_files() -> list[Path]:
    """Files that belong to the project: git's answer, or in an unpacked sdist everything there is."""
    import subprocess

    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    ]


def machine_paths(text: str) -> Iterator[tuple[int, str]]:
    """(line, path) of folders that exist only on somebody's own machine."""
    yield from _found(r"(?<![\w.~*])/(?:root|work|home/\w+|Users/\w+)/[\w./-]*", text)
    yield from _found(r"(?<![\w.])/tmp/[a-z]{1,2}/[\w./-]*", text)
    yield from _found(r"\b[A-Z]:\\Users\\\w+", text)


def foreign_hosts(text: str, allowed: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(line, host) of addresses that are not on the list."""
    known = set(allowed)
    for line, address in _found(r"\bhttps?://[\w.@-]+", text):
        name = address.rpartition("/")[2].rpartition("@")[2].lower().rstrip(".")
        invented = len(name) == 1 or name.endswith((".example", ".example.com"))
        if name not in known and not invented:
            yield line, name


def _found(pattern: str, text: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match[0]
