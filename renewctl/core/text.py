"""Text as people type it: cleaned, folded for comparison, and what a status word means."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_ZERO_WIDTH: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_ZERO_WIDTH_OFF: Final = dict.fromkeys(map(ord, _ZERO_WIDTH))
_BLANK: Final = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# What makes a spreadsheet take a cell for a formula; full-width signs do in some locales.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARDED: Final = tuple(f"'{sign}" for sign in FORMULA)
# Where a spreadsheet of another locale would begin a cell of its own, and that cell with a formula.
CELL_WITHIN: Final = re.compile("([;\t\r\n])(?=[\"']*[=+@\uff1d\uff0b\uff0d\uff20-])")
_GUARDED_WITHIN: Final = re.compile("([;\t\r\n])'(?=[\"']*[=+@\uff1d\uff0b\uff0d\uff20-])")
# Letters that Unicode does not take apart but readers do.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
)

# Folded words of a status (or of its last or first part) that mean: no renewal to work on.
_NOT_IN_FORCE: Final = frozenset(
    [
        "churn",
        "churned",
        "cancelled",
        "canceled",
        "cancellation",
        "terminated",
        "deleted",
        "removed",
        "lost",
        "closed lost",
        "former",
        "former customer",
        "ex customer",
        "ex-customer",
        "inactive",
        "archived",
        "disqualified",
        "unqualified",
        "prospect",
        "prospecting",
        "lead",
        "subscriber",
        "marketing qualified lead",
        "sales qualified lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "trial",
        "test",
        "cancelado",
        "cancelada",
        "encerrado",
        "encerrada",
        "rescindido",
        "rescindida",
        "excluido",
        "excluida",
        "removido",
        "removida",
        "inativo",
        "inativa",
        "perdido",
        "perdida",
        "arquivado",
        "arquivada",
        "ex-cliente",
        "ex cliente",
        "prospeccao",
        "prospecto",
        "oportunidade",
        "teste",
    ]
)


def clean(text: str) -> str:
    """A cell as stored: outer blanks (also NBSP, U+3000, BOM, zero-width) off, NFC, export guard off.

    One apostrophe before `= + - @`, TAB or a line break, leading or behind a semicolon, TAB or line break in
    the cell, is the guard our own exports write; it is taken off exactly once, and what stood behind it is
    kept to the letter. Line breaks inside the cell stay.
    """
    if text.isascii():
        bare = text.strip()
    else:
        import unicodedata  # only where a cell needs it: daily commands start without

        bare = unicodedata.normalize("NFC", text.strip(_BLANK + _ZERO_WIDTH))
    if "'" not in bare:
        return bare
    return _GUARDED_WITHIN.sub(r"\1", bare[1:] if bare.startswith(_GUARDED) else bare)


def fold(text: str) -> str:
    """Lower case without accents and with single spaces: what searches compare."""
    if not text.isascii():
        import unicodedata

        bare = text.translate(_ZERO_WIDTH_OFF).translate(_LETTERS).casefold()
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
        text = bare.casefold()
    return " ".join(text.lower().split())


def name_key(name: str) -> str:
    """The key of an account that came without an id: the folded name, legal suffix kept.

    `ACME  Ltda` and `Acmé ltda` are one account; `Acme Ltda` and `Acme SA` are two.
    """
    return fold(name)


@lru_cache(1024)
def in_force(status: str | None) -> bool:
    """Whether an account with this status gets an agenda; False for churned, deleted, prospect and alike.

    An unknown or unheard-of status is in force: leaving a customer off the agenda needs a reason.
    """
    if status is None:
        return True
    words = fold(status).replace("_", " ").strip(" .")
    if words in _NOT_IN_FORCE:
        return False
    # "Churned - 2024", "Closed Lost (price)", "Inactive: no budget": the meaning stands first.
    if re.search(r"\b(?:risk|risco)\b", words):
        return True
    head = re.split(r"\s*[(:;,/|\u2013]|\s+-\s", words, maxsplit=1)[0]
    return head not in _NOT_IN_FORCE


# Printable by category, yet nothing is drawn: fillers, joiners of graphemes, selectors of variants (but for
# those of emoji). Names that differ in them look the same, and whole texts can hide in them.
HIDDEN: Final = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0"
    "\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e01ef"
)
# What a terminal or a reader could take for more than a letter: C1 controls, zero-width and
# bidirectional marks, line separators, tags. JSON itself escapes only what is below a blank.
_DECEPTIVE: Final = f"[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff{HIDDEN}]"
_MOST_MARKS: Final = 10  # accents on one letter; no script needs as many
_LETTERS_RUN: Final = f"[^\x00-\u02ff]{{{_MOST_MARKS + 1},}}"  # below are no combining marks


def plain_json(text: str) -> str:
    """JSON text with whatever steers a terminal escaped, letters as they are; equal once parsed."""
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return thinned(re.sub(_DECEPTIVE, _escaped, text), _units)


def thinned(text: str, mark: Callable[[str], str]) -> str:
    """`text` with each accent past the tenth on one letter given by `mark`: floods cover other lines."""
    if len(text) <= _MOST_MARKS or text.isascii():
        return text
    return re.sub(_LETTERS_RUN, lambda found: _thinned(found[0], mark), text)


def _thinned(run: str, mark: Callable[[str], str]) -> str:
    from unicodedata import category

    letters = []
    marks = 0
    for letter in run:
        marks = marks + 1 if category(letter) in ("Mn", "Me") else 0
        letters.append(letter if marks <= _MOST_MARKS else mark(letter))
    return "".join(letters)


def _escaped(found: re.Match[str]) -> str:
    return _units(found[0])


def _units(letters: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(letters.encode("utf-16-le")).cast("H"))
