"""Headings as comparable words: normalised, freed of their unit, looked up among the synonyms."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from renewctl.core import intake_synonyms as words
from renewctl.core import money, text
from renewctl.core.intake_fields import KINDS


class Fit(NamedTuple):
    """How well a heading fits a field: smaller tiers first."""

    tier: int
    weak: bool
    portuguese: bool


_UNITS: Final = {
    "r$": "BRL",
    "reais": "BRL",
    "us$": "USD",
    "u$": "USD",
    "$": "$",
    "dollar": "$",
    "dollars": "$",
    "dolar": "$",
    "dolares": "$",
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
    "a$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
}
# Codes taken as a unit without brackets; others (ALL, TRY, TOP …) are also words.
_COMMON: Final = frozenset(
    ["USD", "EUR", "GBP", "BRL", "CAD", "AUD", "NZD", "CHF", "JPY", "INR", "MXN", "SEK", "NOK", "DKK", "PLN"]
)
_BRACKETED: Final = re.compile(r"^(.*?)[(\[{]\s*(?:in |em )?([^)\]}]+?)\s*[)\]}]\s*$", re.I | re.S)
_TRAILING: Final = re.compile(r"^(.*?)[\s_\-–/,:]+(?:in[\s_]+|em[\s_]+)?([^\s_\-–/,:]+)\s*$", re.I | re.S)


def normalise(heading: str) -> str:
    """A heading reduced to comparable letters and digits: `"Renewal_Date__c"` -> `renewaldate`."""
    bare = re.sub(r"(?i)^([a-z0-9]+__)?(.+)__[cr]$", r"\2", label(heading))
    return re.sub(r"[\W_]+", "", text.fold(bare))


def label(heading: str) -> str:
    """A heading as shown to people: byte-order mark, blanks and stray quotes around it taken off."""
    return " ".join(text.clean(text.clean(heading).strip("\"'“”")).split())


def unit(heading: str) -> tuple[str, str | None]:
    """A heading without its trailing currency, and that currency: `MRR (R$)` -> (`MRR`, `BRL`)."""
    shown = label(heading)
    if len(shown) > 100:
        return shown, None
    for pattern, codes in ((_BRACKETED, money.CURRENCIES), (_TRAILING, _COMMON)):
        found = pattern.match(shown)
        if found and found[1].strip():
            word = text.fold(found[2])
            code = _UNITS.get(word) or (word.upper() if word.upper() in codes else None)
            if code:
                return found[1].strip(), code
    return shown, None


def _spelled(spec: str) -> Iterator[tuple[int, bool, str]]:
    """(step, weak, normalised heading) for each heading of a synonym line."""
    for step, part in enumerate(spec.split("|")):
        weak = part.lstrip().startswith("~")
        for word in part.replace("~", " ").split(";"):
            bare = word.replace(" ", "")
            plain = bare.isascii() and bare.isalnum() and bare.islower()  # as most are spelled here
            yield step, weak, bare if plain else normalise(word)


def one_list(spec: str) -> frozenset[str]:
    """The normalised headings of a plain list of `intake_synonyms`."""
    return frozenset(word for _, _, word in _spelled(spec))


@cache
def synonyms(kind: str, preset: str | None) -> dict[str, dict[str, Fit]]:
    """Normalised heading -> field -> how well it fits. The field's own name is best after the preset."""
    table: dict[str, dict[str, Fit]] = {}

    def add(field: str, word: str, fit: Fit) -> None:
        known = table.setdefault(word, {})
        if field not in known or fit.tier < known[field].tier:
            known[field] = fit

    chosen = words.PRESETS.get(preset or "", {}).get(kind, {})
    for field in KINDS[kind]:
        for step, weak, word in _spelled(chosen.get(field, "")) if field in chosen else ():
            add(field, word, Fit(step, weak, chosen is words.PORTUGUESE.get(kind)))
        add(field, normalise(field), Fit(10, False, False))
        for step, weak, word in _spelled(words.ENGLISH[kind][field]):
            add(field, word, Fit(10 + step, weak, False))
        local = words.PORTUGUESE[kind].get(field)
        for step, weak, word in _spelled(local) if local else ():
            add(field, word, Fit(10 + step, weak, True))
    return table


@cache
def known_headings() -> frozenset[str]:
    """Every normalised heading that means something in any kind."""
    found = set(one_list(words.TURNOVER) | one_list(words.NOT_YEARLY) | one_list(words.ALSO_KNOWN))
    found |= one_list(words.PERHAPS_RENEWAL)
    for kind in KINDS:
        found.update(synonyms(kind, None))
    for preset in words.PRESETS:
        for kind in KINDS:
            found.update(synonyms(kind, preset))
    return frozenset(found)


@lru_cache(20_000)
def is_known(cell: str) -> bool:
    """Whether a cell reads like a heading of any kind, a trailing currency aside."""
    if not cell or len(cell) > 100:
        return False
    word = normalise(cell)
    if not word:
        return False
    known = known_headings()
    if word in known:
        return True
    bare, code = unit(cell)
    return code is not None and normalise(bare) in known
