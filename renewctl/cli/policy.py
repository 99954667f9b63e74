"""`policy show`, `policy check`, `policy init`: the rules in force, a file of one's own, a start for it."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from renewctl.cli.options import Env, command, say
from renewctl.core.model import Problem
from renewctl.core.policy_check import dotted
from renewctl.errors import UsageError
from renewctl.store.policy_files import Layers, check_file, line_of, policy_layers, values
from renewctl.views.terminal import is_terminal, safe

_BULKY = ("playbooks", "rules")  # pages of text, shown on a terminal only when asked for

KeyArg = Annotated[
    str | None, typer.Argument(metavar="[KEY]", help="A table or key, such as health.bands or segments.smb.")
]
FileArg = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="Policy file (default: the one in force).")
]


@command()
def show(env: Env, key: KeyArg = None) -> None:
    """Show the rules in force, and what an overlay changed."""
    layers = policy_layers(env.policy_path)
    path = _path(key) if key else ()
    found = _find(layers.merged, path, key or "")
    if env.json:
        from renewctl.views.machine import emit

        emit(_document(layers, path, key, found))
        return
    short = is_terminal() and not path
    for line in _lines(layers, path, found, _BULKY if short else ()):
        sys.stdout.write(safe(line) + "\n")
    if short:
        say(f"… and {' and '.join(_BULKY)}: renewctl policy show {_BULKY[0]}")


@command()
def check(env: Env, file: FileArg = None) -> None:
    """Check a policy file, naming file, line and key."""
    path = file or env.policy_path
    problems = check_file(path) if path else ()
    if env.json:
        from renewctl.views.machine import emit

        emit({"schema": "renewctl/policy-check/1", "file": path, "problems": [*map(_problem, problems)]})
    else:
        for problem in problems:
            sys.stdout.write(safe(line_of(problem)) + "\n")
        if path is None:
            say("no policy file is in force, only the shipped rules, which are sound")
        elif problems:
            say(safe(f"{path}: {len(problems)} problem{'s' * (len(problems) > 1)}"))
        else:
            count = len(policy_layers(path).overrides)
            said = f"sets {count} key{'s' * (count != 1)}"
            sys.stdout.write(safe(f"{path}: sound; {said}") + "\n")
    if problems:
        raise typer.Exit(11)


@command(writes=True, json=False)
def init(
    env: Env,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="File to write; `-` is stdout.")
    ] = "policy.toml",
) -> None:
    """Write a policy overlay to start from."""
    from renewctl.policies.starter import STARTER

    if output == "-":
        sys.stdout.write(STARTER)
        return
    from pathlib import Path

    there = Path(output).exists()
    if env.dry_run:
        say(safe(f"would {'write over' if there else 'write'} {output}"))
        return
    if there:
        env.confirm(f"{output} is there already; write over it?")
    from renewctl.store.files import write_atomic

    write_atomic(output, STARTER, overwrite=there)
    say(safe(f"wrote {output}; it changes nothing yet. Next: edit it, then renewctl policy check {output}"))


def _path(key: str) -> tuple[str, ...]:
    """`health.bands` as a path; keys with other letters stand in quotes, as in TOML."""
    import tomllib

    try:
        tree: Any = tomllib.loads(f"{key} = 0\n")
    except ValueError:
        tree = {}
    path: tuple[str, ...] = ()
    while isinstance(tree, dict) and len(tree) == 1:
        (name,) = tree
        path, tree = (*path, name), tree[name]
    if tree != 0 or not path:
        raise UsageError("bad-key", f"{key}: not a key", "write one such as health.bands.green")
    return path


def _find(tree: Any, path: tuple[str, ...], key: str) -> Any:
    for at, name in enumerate(path):
        if not isinstance(tree, dict) or name not in tree:
            from difflib import get_close_matches

            near = get_close_matches(name, tree if isinstance(tree, dict) else (), 1, 0.5)
            better = dotted((*path[:at], near[0], *path[at + 1 :])) if near else dotted(path[:at])
            raise UsageError(
                "no-such-key", f"{key}: the policy has no such key", f"renewctl policy show {better}".strip()
            )
        tree = tree[name]
    return tree


def _lines(layers: Layers, path: tuple[str, ...], found: Any, left_out: tuple[str, ...]) -> Iterator[str]:
    """`key = value` lines, valid TOML themselves; what the overlay says carries its place as a comment."""
    origins = {each.path: each for each in layers.overrides}
    below = values(found, path, empty=True) if isinstance(found, dict) else [(path, found)]
    for at, value in below:
        if at[0] in left_out:
            continue
        line = f"{dotted(at)} = {_toml(value)}"
        origin = origins.get(at)
        if origin:
            shipped = "" if origin.shipped is None else f", shipped: {_toml(origin.shipped)}"
            line += f"  # {layers.file}:{origin.line}{shipped}"
        yield line


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        inside = ", ".join(f"{dotted((key,))} = {_toml(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False)


def _document(layers: Layers, path: tuple[str, ...], key: str | None, found: Any) -> dict[str, Any]:
    """`renewctl/policy/1`."""
    return {
        "schema": "renewctl/policy/1",
        "file": layers.file,
        "fingerprint": layers.fingerprint,
        "key": key,
        "value": found,
        "overridden": [
            {
                "key": dotted(each.path),
                "value": each.value,
                "shipped": each.shipped,
                "file": layers.file,
                "line": each.line,
            }
            for each in layers.overrides
            if each.path[: len(path)] == path
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "key": problem.column,
        "code": problem.code,
        "value": problem.value,
        "message": problem.message,
    }
