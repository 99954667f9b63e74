"""Whether policy data says what it may: keys, kinds, ranges, and what must hold between them.

A problem's message reads `what is wrong; what would be right`. Its `column` is the key as people
write it (`health.bands.green`), its `line` the one in the file that was checked.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from renewctl.core import money
from renewctl.core.model import Problem
from renewctl.core.policy_locate import Path, locate, nearest, positions
from renewctl.core.policy_relations import RELATIONS
from renewctl.core.policy_schema import SCHEMA, Leaf, List, Map, Spec, Table

CODE = "policy-key"
MOST = 500  # unknown keys of one table that are worth naming
_KINDS = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a decimal"),
    (str, "a text"),
    (dict, "a table"),
    (list, "a list"),
)


def check(
    tree: dict[str, Any], text: str, file: str, base: dict[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Every problem of a policy `tree` parsed from `text`, in the order of its lines.

    With `base` (the complete shipped tables) the tree is an overlay: it may hold a part of the
    keys, and what must hold between keys is judged on the merged tables. What holds between keys
    of a table is not judged while one of its keys is wrong by itself.
    """
    merged = tree if base is None else merge(base, tree)
    found: list[tuple[Path, str]] = []
    _shape(SCHEMA, tree, (), base, merged, found)
    broken = {path[0] for path, _ in found}
    for sections, relation in RELATIONS if len(found) <= MOST else ():
        if tree.keys() & set(sections) and not broken & set(sections):
            found += relation(merged)
    lines = positions(text)
    problems = [
        Problem(file, nearest(lines, path), dotted(path), CODE, _shown(tree, path), message)
        for path, message in found
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line))


def problem_at(text: str, file: str, path: Path, message: str) -> Problem:
    """A problem of the key at `path`, with its line looked up in `text`."""
    return Problem(file, locate(text, path), dotted(path), CODE, "", message)


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """The shipped tables with an overlay over them: a table merges, anything else replaces.

    An overlay with another base currency starts from no rates, since the shipped ones are in theirs.
    Neither argument is changed.
    """
    general = overlay.get("general")
    currency = general.get("base_currency") if isinstance(general, dict) else None
    if currency is not None and currency != base["general"]["base_currency"]:
        base = {**base, "rates": {}}
    return _merged(base, overlay)


def _merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    tables = dict(base)
    for key, value in overlay.items():
        below = tables.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = _merged(below, value)
        tables[key] = value
    return tables


def dotted(path: Path) -> str:
    """A path as people write it: `health.usage_points[1]`, keys in quotes where TOML needs them."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
            text += ("." if text else "") + (key if bare else f'"{key}"')
    return text


def _shown(tree: Any, path: Path) -> str:
    for key in path:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return ""
    return "" if isinstance(tree, dict | list) else str(tree)


def _shape(spec: Spec, value: Any, path: Path, base: Any, merged: Any, found: list[tuple[Path, str]]) -> None:
    """Problems of one value against its spec; `base` stands at the same path, `merged` is the whole tree."""
    if isinstance(spec, Leaf):
        wrong = _leaf(spec, value, merged)
        if wrong:
            found.append((path, f"{wrong}; {spec.expects}"))
    elif isinstance(spec, List):
        _list(spec, value, path, found)
    elif not isinstance(value, dict):
        found.append((path, f"{_kind(value)} where a table belongs; {_expected(spec, path)}"))
    else:
        _table(spec, value, path, base if isinstance(base, dict) else {}, merged, found)


def _table(
    spec: Table | Map,
    value: dict[str, Any],
    path: Path,
    base: dict[str, Any],
    merged: Any,
    found: list[tuple[Path, str]],
) -> None:
    known = tuple(spec.keys) if isinstance(spec, Table) else spec.names
    for key, each in value.items():
        if isinstance(spec, Table):
            inner = spec.keys.get(key)
        else:
            inner = spec.value if key in known or (spec.pattern and _fits(spec.pattern, key)) else None
        mistyped = (
            _mistyped(spec, key, each, base) if isinstance(spec, Map) and inner and key not in base else ""
        )
        if inner is None or mistyped:
            found.append(((*path, key), mistyped or _unknown(spec, key, known)))
            if len(found) > MOST:  # a file of something else; looking for near names is not free
                return
        else:
            _shape(inner, each, (*path, key), base.get(key), merged, found)
    if isinstance(spec, Table):
        needed = {key: each for key, each in spec.keys.items() if key not in spec.optional}
    else:
        needed = dict.fromkeys(known, spec.value) if spec.complete else {}
    for key, each in needed.items():
        if key not in value.keys() | base.keys():
            found.append(((*path, key), f"missing; {_expected(each, (*path, key))}"))


def _expected(spec: Spec, path: Path) -> str:
    return spec.expects if isinstance(spec, Leaf | List) else f"a table: [{dotted(path)}]"


def _mistyped(spec: Map, key: str, value: Any, base: dict[str, Any]) -> str:
    """A new, incomplete table whose name is close to a shipped one is a slip of the pen."""
    table = spec.value
    if not isinstance(table, Table) or not isinstance(value, dict):
        return ""
    missing = ", ".join(name for name in table.keys if name not in table.optional | value.keys())
    if not missing:
        return ""
    near = _near(key, base)
    if near:
        return f"unknown; did you mean {near}? (a new one needs {missing} too)"
    return f"not one of {', '.join(spec.names)}; a new one needs {missing} too" if spec.complete else ""


def _unknown(spec: Table | Map, key: str, known: tuple[str, ...]) -> str:
    if not known or (isinstance(spec, Map) and spec.pattern):
        return f"not a possible key; {spec.keys_are if isinstance(spec, Map) else ''}"
    near = _near(key.lower().replace("-", "_"), known)
    if near:
        return f"unknown key; did you mean {near}?"
    elsewhere = _elsewhere(SCHEMA, key, ())
    if elsewhere:
        return f"unknown key here; {key} belongs in [{elsewhere}]"
    return "unknown key; known here: " + ", ".join(known)


def _near(word: str, known: Iterable[str]) -> str:
    """The known word closest to a mistyped one, or ""."""
    if len(word) > 60:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1, 0.6)), "")


def _elsewhere(spec: Spec, key: str, path: tuple[str, ...]) -> str:
    """The table in which a key of that name would be at home, or ""."""
    if not isinstance(spec, Table):
        return ""
    if path and key in spec.keys:
        return ".".join(path)
    return next(filter(None, (_elsewhere(each, key, (*path, name)) for name, each in spec.keys.items())), "")


def _list(spec: List, value: Any, path: Path, found: list[tuple[Path, str]]) -> None:
    if not isinstance(value, list):
        found.append((path, f"{_kind(value)} where a list belongs; {spec.expects}"))
        return
    low, high = spec.sizes
    if not low <= len(value) <= high:
        found.append((path, f"{len(value)} values; {spec.expects}"))
        return
    for number, each in enumerate(value):
        _shape(spec.item, each, (*path, number), None, None, found)
        if spec.unique and each in value[:number]:
            found.append(((*path, number), f"{_quoted(each)} is there twice; each at most once"))


def _leaf(spec: Leaf, value: Any, merged: Any) -> str:
    """What is wrong with one value, or ""."""
    if spec.kind == "flag":
        return "" if isinstance(value, bool) else f"{_kind(value)} where true or false belongs"
    if spec.kind == "text":
        return _text(spec, value, merged)
    exact = _number(spec.kind, value)
    if exact is None:
        return f"{_quoted(value)} is {_kind(value)}"
    if spec.low is not None and (exact < Fraction(spec.low) or (spec.above_low and exact == spec.low)):
        return f"{value} is too small"
    if spec.high is not None and exact > Fraction(spec.high):
        return f"{value} is too large"
    return ""


def _number(kind: str, value: Any) -> Fraction | None:
    """The exact number written, or None where it is none of that kind."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    if kind != "whole" and isinstance(value, float):
        return Fraction(str(value)) if value - value == 0 else None  # inf and nan are no amounts
    if kind == "decimal" and isinstance(value, str) and _fits(r"-?\d{1,15}(\.\d{1,15})?", value):
        return Fraction(value)
    return None


def _text(spec: Leaf, value: Any, merged: Any) -> str:
    if not isinstance(value, str):
        return f"{_kind(value)} where a text belongs"
    if spec.choices and value not in spec.choices:
        near = _near(value.lower().replace("-", "_"), spec.choices)
        return f"{_quoted(value)} is not known here" + (f", did you mean {near}?" if near else "")
    if spec.pattern and not _fits(spec.pattern, value):
        return f"{_quoted(value)} will not do" if value.strip() else "nothing written"
    if spec.refers_to == "currencies" and value not in money.CURRENCIES:
        return f"{_quoted(value)} is no currency"
    if spec.refers_to == "rules" and isinstance(merged.get("rules"), dict) and value not in merged["rules"]:
        return f"there is no rule {_quoted(value)}"
    return ""


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _quoted(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + '…"'


def _kind(value: Any) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "a date or time"
