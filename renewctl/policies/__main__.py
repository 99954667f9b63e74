"""Rewrite `shipped.py`, `shipped_books.py` and `shipped_rules.py` from the TOML files beside them.

The daily commands read these literals instead of parsing TOML, which would cost them more than
everything else they do with the policy.
"""

import hashlib
import tomllib
from pathlib import Path
from pprint import pformat
from typing import Any

HERE = Path(__file__).parent
ORDER = ("general", "segments", "health", "opportunity", "touch", "timelines", "ownership", "stages")
OWN_MODULE = {"playbooks": "shipped_books", "rules": "shipped_rules"}

HEADER = '''# ruff: noqa
# fmt: off
"""{title}

Generated from the TOML files by `python -m renewctl.policies`; edit those.
"""

from typing import Any
'''


def sources() -> list[Path]:
    """The TOML files of the shipped policy, in the order in which their tables are listed.

    What titles are called in another language is no policy; it is read as it stands.
    """
    found = [path for path in HERE.rglob("*.toml") if not path.name.startswith("titles.")]
    found = sorted(found, key=lambda path: path.relative_to(HERE).as_posix())
    return sorted(found, key=lambda path: ORDER.index(path.stem) if path.stem in ORDER else len(ORDER))


def merged() -> dict[str, Any]:
    """All tables of the shipped files in one tree. No key is in two files, except below `playbooks`."""
    tree: dict[str, Any] = {}
    for path in sources():
        for key, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            tree.setdefault(key, {}).update(table)
    return tree


def fingerprint() -> str:
    """sha256 (hex) over the files' contents, ordered by path; line ends do not count."""
    digest = hashlib.sha256()
    for path in sorted(sources(), key=lambda path: path.relative_to(HERE).as_posix()):
        digest.update(path.read_text(encoding="utf-8").encode() + b"\0")
    return digest.hexdigest()


def modules() -> dict[str, str]:
    """File name -> Python source of each generated module."""
    tree = merged()
    apart = {key: tree.pop(key) for key in OWN_MODULE}
    found = {
        "shipped.py": HEADER.format(title="The shipped policy but for its playbooks and rule texts.")
        + f'\nFINGERPRINT = "{fingerprint()}"\n\n'
        + f"PARTS = {OWN_MODULE!r}\n\nRAW: dict[str, Any] = {_literal(tree)}\n"
    }
    for key, module in OWN_MODULE.items():
        title = f"The shipped policy's {key}."
        found[f"{module}.py"] = (
            HEADER.format(title=title) + f"\nRAW: dict[str, Any] = {_literal(apart[key])}\n"
        )
    return found


def _literal(tree: dict[str, Any]) -> str:
    return pformat(tree, width=240, compact=True, sort_dicts=False)


def main() -> None:
    """Write the generated modules."""
    for name, source in modules().items():
        (HERE / name).write_text(source, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
