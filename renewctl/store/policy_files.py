"""Policy files on disk: the shipped rules, a user's overlay on them, and what is wrong with it.

An overlay names only what it changes: a table merges into the shipped one key by key, anything
else replaces the shipped value, and `enabled = false` switches a step off.
"""

from importlib import import_module
from typing import Any, NamedTuple

from renewctl.core.model import Problem
from renewctl.core.policy import Policy
from renewctl.errors import PolicyError

LARGEST = 1024 * 1024  # bytes; a policy is written by hand
_DEEP = r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){30}"""  # a key of that many parts


class Shipped(dict[str, Any]):
    """The shipped tables; the two bulky ones are imported when first asked for."""

    def __missing__(self, key: str) -> Any:
        from renewctl.policies.shipped import PARTS

        if key not in PARTS:
            raise KeyError(key)
        self[key] = import_module(f"renewctl.policies.{PARTS[key]}").RAW
        return self[key]

    def get(self, key: str, default: Any = None, /) -> Any:
        """As `dict.get`, importing what is asked for."""
        try:
            return self[key]
        except KeyError:
            return default

    def whole(self) -> dict[str, Any]:
        """All tables, none left to import."""
        from renewctl.policies.shipped import PARTS

        return {**self, **{key: self[key] for key in PARTS}}


class Overlay(NamedTuple):
    """A user's policy file as read."""

    file: str  # as the user named it
    text: str
    tree: dict[str, Any]


def shipped() -> Shipped:
    """The rules as shipped, unmerged. The tables are shared: do not change them."""
    from renewctl.policies.shipped import RAW

    return Shipped(RAW)


class Override(NamedTuple):
    """One value that an overlay says; `shipped` is None where the shipped policy has no such key."""

    path: tuple[str, ...]
    value: Any
    shipped: Any
    line: int


class Layers(NamedTuple):
    """The rules in force and where they come from."""

    file: str | None  # the overlay, None when there is none
    merged: dict[str, Any]
    overrides: tuple[Override, ...]  # in the order of the file
    fingerprint: str


def load_policy(path: str | None) -> Policy:
    """The rules in force: as shipped, or with the overlay at `path` merged over them.

    Raises PolicyError (exit 11) with the overlay's first problem as `FILE:LINE: key: …; …`.
    """
    from renewctl.policies.shipped import FINGERPRINT

    if path is None:
        return Policy(shipped(), FINGERPRINT)
    overlay = _sound(path)
    return Policy(_merged(overlay), _fingerprint(overlay))


def policy_layers(path: str | None) -> Layers:
    """The rules in force, value by value with what the overlay changed. Errors as `load_policy`."""
    from renewctl.core.policy_locate import nearest, positions
    from renewctl.policies.shipped import FINGERPRINT

    base = shipped().whole()
    if path is None:
        return Layers(None, base, (), FINGERPRINT)
    overlay = _sound(path)
    lines = positions(overlay.text)
    overrides = [Override(at, value, _at(base, at), nearest(lines, at)) for at, value in values(overlay.tree)]
    overrides.sort(key=lambda each: each.line)
    return Layers(path, _merged(overlay), tuple(overrides), _fingerprint(overlay))


def values(
    tree: dict[str, Any], base: tuple[str, ...] = (), *, empty: bool = False
) -> list[tuple[tuple[str, ...], Any]]:
    """Every value of a tree of tables with its path, in order; a list is one value, `empty` tables too."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in tree.items():
        path = (*base, key)
        inside = isinstance(value, dict) and (value or not empty)
        found += values(value, path, empty=empty) if inside else [(path, value)]
    return found


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _sound(path: str) -> Overlay:
    overlay = read_overlay(path)
    problems = check_overlay(overlay)
    if problems:
        raise refusal(problems)
    return overlay


def _merged(overlay: Overlay) -> dict[str, Any]:
    from renewctl.core.policy_check import merge

    return merge(shipped().whole(), overlay.tree)


def _fingerprint(overlay: Overlay) -> str:
    from hashlib import sha256

    from renewctl.policies.shipped import FINGERPRINT

    return sha256(FINGERPRINT.encode() + overlay.text.encode()).hexdigest()[:16]


def read_overlay(path: str) -> Overlay:
    """Read a policy file without judging its keys. Raises PolicyError where it is no readable TOML."""
    read = _read(path)
    if isinstance(read, Problem):
        raise refusal((read,))
    return read


def check_file(path: str) -> tuple[Problem, ...]:
    """Everything wrong with a policy file, in the order of its lines; text that is no TOML is one problem.

    Raises PolicyError where there is no file to read.
    """
    read = _read(path)
    return (read,) if isinstance(read, Problem) else check_overlay(read)


def _read(path: str) -> Overlay | Problem:
    """The file as TOML, or why it is none. Raises PolicyError where there is no file to read."""
    import re
    import tomllib
    from pathlib import Path

    file = Path(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise PolicyError(
            "policy-missing", f"{path}: no such policy file", f"renewctl policy init -o {path}"
        ) from None
    except OSError as error:
        raise PolicyError(
            "policy-unreadable",
            f"{path}: cannot be read: {error.strerror or error}",
            "give the path of a TOML file that you may read",
        ) from None
    if len(data) > LARGEST:
        raise PolicyError(
            "policy-too-large",
            f"{path}: larger than {LARGEST // 1024} KiB; a policy file is a page or two of TOML",
            "give the path of a policy file; renewctl policy init writes one to start from",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(path, line, "", "policy-encoding", "", "not UTF-8 text; save the file as UTF-8")
    if deep := re.search(_DEEP, text):  # a parser's time grows with the square of them
        return _too_deep(path, text.count("\n", 0, deep.start()) + 1)
    try:
        tree = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        return _syntax(path, text, str(error))
    except RecursionError:
        return _too_deep(path)
    return Overlay(path, text, tree)


def _syntax(path: str, text: str, message: str) -> Problem:
    """A parser's message as a problem; its place moves from the end of the text to the front."""
    import re

    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line = text.count("\n") + 1
    if place:
        message = message[: place.start()]
        line = int(place[1]) if place[1] else line
        message += f" at column {place[2]}" if place[2] else " at the end of the file"
    said = message[:1].lower() + message[1:]
    return Problem(
        path, line, "", "policy-syntax", "", f'not TOML: {said}; a line reads: key = "text" or a number'
    )


def check_overlay(overlay: Overlay) -> tuple[Problem, ...]:
    """Everything wrong with an overlay, in the order of its lines.

    Time zones are looked up in the system's data, the country among the holiday calendars.
    """
    from renewctl.core.policy_check import check, problem_at

    problems = list(check(overlay.tree, overlay.text, overlay.file, shipped().whole()))
    general = overlay.tree.get("general")
    general = general if isinstance(general, dict) else {}
    named = {problem.column for problem in problems}
    for key, wrong in (("time_zone", _zone_wrong), ("country", _country_wrong)):
        if general.get(key) and f"general.{key}" not in named:
            said = wrong(general[key])
            if said:
                problems.append(problem_at(overlay.text, overlay.file, ("general", key), said))
    return tuple(sorted(problems, key=lambda problem: problem.line))


def _too_deep(path: str, line: int = 1) -> Problem:
    return Problem(path, line, "", "policy-syntax", "", "nested too deeply; a policy has tables in tables")


def _zone_wrong(zone: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        if zone != "UTC":  # which a system without time zone data still has
            return f'"{zone}" is no known time zone; one like "UTC" or "America/Sao_Paulo"'
    return ""


# Countries whose holidays are certainly known: the library that says so costs as much as a whole command.
_COUNTRIES = frozenset(
    "AE AO AR AT AU BE BG BO BR CA CH CL CN CO CR CY CZ DE DK DO EC EE EG ES FI FR GB GR GT HK HN HR HU ID "
    "IE IL IN IS IT JM JP KE KR KZ LT LU LV MA MT MX MY MZ NG NI NL NO NZ PA PE PH PK PL PT PY RO RS SA SE "
    "SG SI SK SV TH TR TW UA US UY VE VN ZA".split()
)


def _country_wrong(country: str) -> str:
    if country in _COUNTRIES:
        return ""
    from holidays import list_supported_countries

    if country in list_supported_countries():
        return ""
    return f'"{country}" has no holiday calendar; an ISO country code such as "BR", or "" for weekends only'


def refusal(problems: tuple[Problem, ...]) -> PolicyError:
    """The error that stops a command: the first problem, and how many more there are."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return PolicyError("bad-policy", line_of(first) + more, f"renewctl policy check {first.file}")


def line_of(problem: Problem) -> str:
    """`FILE:LINE: key: what is wrong; what would be right`."""
    key = f"{problem.column}: " if problem.column else ""
    return f"{problem.file}:{problem.line}: {key}{problem.message}"
