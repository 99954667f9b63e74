"""SAV-2: what the words of a stated reason speak for, by the table of words of the policy.

The words are where the search for the cause begins and not the cause: whoever reads the result is told
which of them counted.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from renewctl.core.policy import Policy
from renewctl.core.text import fold

_WORD = re.compile(r"[a-z0-9]+")
_Phrase = tuple[str, ...]


class Heard(NamedTuple):
    """What a stated reason was taken for."""

    scenario: str
    words: str  # those of the reason that counted


@lru_cache(maxsize=4096)
def reading_of(text: str, policy: Policy) -> Heard | None:
    """The scenario a stated reason speaks for, or None where none of its words is known.

    The longest match counts, and of equally long ones the first scenario of `saves.scenario_order`.
    """
    words = _WORD.findall(fold(text.replace("_", " ")))
    table, denials, articles = _table(policy)
    best: tuple[int, int, Heard] | None = None
    for rank, (scenario, phrases) in enumerate(table):
        for phrase in phrases:
            places = _places(words, phrase)
            at = next((at for at in places if not _denied(words[:at], denials, articles)), None)
            if at is not None and (best is None or (-len(phrase), rank) < best[:2]):
                heard = Heard(scenario, " ".join(words[at : at + len(phrase)]))
                best = -len(phrase), rank, heard
    return None if best is None else best[2]


@lru_cache(maxsize=8)
def _table(policy: Policy) -> tuple[list[tuple[str, list[_Phrase]]], list[_Phrase], frozenset[str]]:
    """(scenario, its phrases) in the policy's order; denials; articles."""
    saves = policy.raw["saves"]
    told = saves["suggest"]
    table = [(name, _phrases(told["words"][name])) for name in saves["scenario_order"]]
    return table, _phrases(told["denials"]["words"]), frozenset(told["denials"]["articles"])


def _phrases(texts: Iterable[str]) -> list[_Phrase]:
    return [tuple(text.split()) for text in texts]


def _places(words: Sequence[str], phrase: _Phrase) -> Iterable[int]:
    return (at for at in range(len(words) - len(phrase) + 1) if _fits(words[at:], phrase))


def _fits(words: Sequence[str], phrase: _Phrase) -> bool:
    """Whether words begin with a phrase."""
    return len(words) >= len(phrase) and all(
        word.startswith(part[:-1]) if part[-1] == "*" else word == part
        for word, part in zip(words, phrase, strict=False)
    )


def _denied(before: Sequence[str], denials: Iterable[_Phrase], articles: frozenset[str]) -> bool:
    """Whether what stands before a phrase, an article aside, takes it back."""
    if before and before[-1] in articles:
        before = before[:-1]
    return any(len(before) >= len(each) and _fits(before[-len(each) :], each) for each in denials)
