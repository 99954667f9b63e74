"""How much runs: the share of every run, or with `python -m pytest --whole` all there is.

All there is: each process of the program loads it itself, as it does for users, and tests that otherwise
take a share of their cases (`share` says how many) take every one.
"""

from typing import TypeVar

Amount = TypeVar("Amount")
_asked = {"whole": False}


def ask() -> None:
    """Run all there is."""
    _asked["whole"] = True


def whole() -> bool:
    """Whether all there is runs."""
    return _asked["whole"]


def share(quick: Amount, all_: Amount) -> Amount:
    """How much of its cases a test takes."""
    return all_ if whole() else quick
