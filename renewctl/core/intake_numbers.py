"""Numbers and amounts as people and systems write them, read exactly and never guessed.

A cell is taken apart once (`take_apart`): sign, currency, figures, power of ten, percent. Which of `.` and
`,` is the decimal mark is seen in the cell itself (`mark`) or comes from the whole column.
"""

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from renewctl.core import money, text

LONGEST: Final = 60  # characters; longer cells are no numbers
AMBIGUOUS: Final = "?"

_DOLLARS: Final = (
    "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP BSD BBD BZD BMD JMD TTD XCD NAD FJD LRD GYD SRD SBD"
    " KYD BND"
)
# Symbol -> currencies it may mean, the one it means where nothing else is said first; "-": none is.
_SYMBOLS: Final = {
    "$": _DOLLARS,
    "US$": "USD",
    "U$": "USD",
    "U$S": "USD",
    "R$": "BRL",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "MX$": "MXN",
    "NT$": "TWD",
    "€": "EUR",
    "£": "GBP EGP GIP FKP",
    "¥": "- JPY CNY",
    "KR": "- SEK NOK DKK ISK",
    "KR.": "- SEK NOK DKK ISK",
    "₹": "INR",
    "RS": "- INR PKR LKR NPR MUR",
    "₩": "KRW",
    "₪": "ILS",
    "₺": "TRY",
    "₽": "RUB",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "₴": "UAH",
    "₦": "NGN",
    "ZŁ": "PLN",
    "KČ": "CZK",
    "FT": "HUF",
}
_CURRENCY_WORDS: Final = {
    "real": "BRL",
    "reais": "BRL",
    "dollar": "USD",
    "dollars": "USD",
    "us dollar": "USD",
    "dolar": "USD",
    "dolares": "USD",
    "euro": "EUR",
    "euros": "EUR",
}
_POWERS: Final = {
    "k": 3,
    "mil": 3,
    "thousand": 3,
    "m": 6,
    "mi": 6,
    "mm": 6,
    "mn": 6,
    "million": 6,
    "milhao": 6,
    "milhoes": 6,
    "b": 9,
    "bi": 9,
    "bn": 9,
    "billion": 9,
}
_MONEY = r"[a-z]{0,2}\$s?|[€£¥₹₩₪₺₽₫฿₱₴₦]|zł|kč|kr\.|[a-z]{2,3}(?![a-z])"
_CELL: Final = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<before>{_MONEY})?\s*(?P<inner>[+-])?\s*"
    r"(?P<body>\d(?:[\d.,' ]*\d)?|[.,]\d+)(?:e(?P<exponent>[+-]?\d+))?\s*"
    r"(?P<power>k|mil|mi|mm|mn|m|bn|bi|b|thousand|million|billion|milhao|milhoes|milhão|milhões)?(?![a-z])\s*"
    rf"(?P<percent>%)?\s*(?P<after>{_MONEY})?\s*(?P<last>-)?\s*(?P<close>\))?",
    re.I,
)
# As above, for the few cells that glue a code to the figures (`100USD`).
_GLUED: Final = re.compile(r"(?<=\d)(?=(?:[A-Z]{3}|[€£¥])\s*\)?$)")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
# The ordinary styles, quick to recognise: sign, whole, at most two decimals, which settle the mark.
ORDINARY: Final = {
    ".": re.compile(r"(R\$|US\$|\$|€|£)?\s*(\d{1,12}|\d{1,3}(?:,\d{3}){1,4})\.(\d{1,2})"),
    ",": re.compile(r"(R\$|US\$|\$|€|£)?\s*(\d{1,12}|\d{1,3}(?:\.\d{3}){1,4}),(\d{1,2})"),
}


class Parts(NamedTuple):
    """A number taken apart."""

    negative: bool
    symbol: str | None  # upper case, as written: "R$", "USD"
    body: str  # digits with `.` `,` `'` and blanks
    power: int  # of ten, from k, M, E5 …
    scientific: bool
    percent: bool


@lru_cache(1024)
def take_apart(cell: str) -> Parts | None:
    """The parts of a cell that is a number, None when it is none."""
    if len(cell) > LONGEST:
        return None
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", text.clean(cell))
        cell = (
            cell.replace("\u2212", "-").replace("\u2013", "-").replace("\u2019", "'").replace("\u00b4", "'")
        )
    cell = cell.strip()
    found = _CELL.fullmatch(cell) or _CELL.fullmatch(_GLUED.sub(" ", cell))
    if not found or not found["body"].isascii():
        return None
    signs = [found[name] for name in ("sign", "inner", "last") if found[name]]
    if bool(found["open"]) != bool(found["close"]) or len(signs) + bool(found["open"]) > 1:
        return None
    if found["before"] and found["after"]:
        return None
    exponent = int(found["exponent"]) if found["exponent"] and len(found["exponent"]) < 9 else 0
    if found["exponent"] and len(found["exponent"]) >= 9:
        exponent = -(10**8) if found["exponent"].startswith("-") else 10**8
    power = _POWERS[text.fold(found["power"])] if found["power"] else 0
    symbol = found["before"] or found["after"]
    return Parts(
        bool(found["open"]) or "-" in signs,
        symbol.upper() if symbol else None,
        found["body"],
        exponent + power,
        bool(found["exponent"]),
        bool(found["percent"]),
    )


def other(mark_: str) -> str:
    """The mark that groups thousands where `mark_` is the decimal one."""
    return "." if mark_ == "," else ","


def mark(parts: Parts) -> str | None:
    """Which decimal mark the cell shows by itself: `.` or `,`, '' none needed, `?` ambiguous, None no number.

    Ambiguous is one mark followed by exactly three digits, as in `1.234`. Next to a currency sign it groups
    thousands: money of at most two minor digits is not written with three.
    """
    body = parts.body
    dots, commas = body.count("."), body.count(",")
    if not dots and not commas:
        return "" if figures(body, ".") else None
    if dots and commas:
        last = "." if body.rfind(".") > body.rfind(",") else ","
        return last if figures(body, last) else None
    sole = "." if dots else ","
    if dots + commas > 1:
        return other(sole) if figures(body, other(sole)) else None
    head, _, tail = body.partition(sole)
    if parts.scientific or len(tail) != 3 or head in ("", "0") or len(head) > 3:
        return sole if figures(body, sole) else None
    if parts.symbol and not parts.power:
        means = currencies_of(parts.symbol)
        if means and all(money.digits(code) <= 2 for code in means[1]):
            return other(sole)
    return AMBIGUOUS


def figures(body: str, decimal: str) -> tuple[str, str] | None:
    """Whole and fractional digits under this decimal mark; None when the grouping is off."""
    whole, found, fraction = body.rpartition(decimal)
    if not found:
        whole, fraction = body, ""
    elif not fraction.isdigit() or decimal in whole:
        return None
    if not whole:
        whole = "0"
    if not whole.isdigit():
        if decimal in whole or not _GROUPED.fullmatch(whole):
            return None
        whole = re.sub(r"[., ']", "", whole)
    return whole, fraction


def scaled(whole: str, fraction: str, power: int, times: int = 1) -> int | None:
    """`whole.fraction` × 10^power × times, rounded half to even to an integer; None when beyond 60 digits."""
    number = int(whole + fraction) * times
    power -= len(fraction)
    if not number or power < -2 * LONGEST:
        return 0
    if power > LONGEST:
        return None
    if power >= 0:
        return int(number * 10**power)
    return money.round_half_even(Fraction(number, 10**-power))


def exact(parts: Parts, decimal: str) -> Fraction | None:
    """The number as an exact fraction under this decimal mark; None when unreadable or absurdly large."""
    found = figures(parts.body, decimal)
    if found is None or abs(parts.power) > LONGEST:
        return None
    value = Fraction(int(found[0] + found[1])) * Fraction(10) ** (parts.power - len(found[1]))
    return -value if parts.negative else value


def currencies_of(symbol: str) -> tuple[str | None, frozenset[str]] | None:
    """What a sign or code may mean: the one meant where nothing else is said (or None), and all of them."""
    symbol = symbol.upper()
    if symbol in _SYMBOLS:
        first, *rest = _SYMBOLS[symbol].split()
        return (None, frozenset(rest)) if first == "-" else (first, frozenset([first, *rest]))
    if symbol in money.CURRENCIES:
        return symbol, frozenset([symbol])
    return None


def read_currency(cell: str) -> str | None:
    """The ISO code of a currency cell (`brl`, `R$`, `USD - U.S. Dollar`, `Reais`), None when unknown."""
    cell = cell.strip()
    means = currencies_of(cell)
    if means:
        return means[0]
    code = re.match(r"([A-Za-z]{3})\s*[-–:(]", cell)
    if code and code[1].upper() in money.CURRENCIES:
        return code[1].upper()
    return _CURRENCY_WORDS.get(text.fold(cell))


def resolve_currency(
    symbol: str | None, row: str | None, heading: str | None, default: str | None, base: str
) -> tuple[str | None, str]:
    """The currency of an amount, with '' or the code of what is wrong.

    Sign in the cell, the row's currency and the heading's unit must agree; a sign must also agree with the
    file's default where row and heading say nothing. `$` fits every dollar and peso.
    """
    allowed: frozenset[str] | None = None
    meant: str | None = None
    for sign in (heading, symbol):
        if sign is None:
            continue
        means = currencies_of(sign)
        if means is None:
            return None, "currency-unknown"
        meant = means[0] if allowed is None or means[0] in allowed else meant
        allowed = means[1] if allowed is None else allowed & means[1]
        if not allowed:
            return None, "currency-conflict"
        if meant not in allowed:
            meant = next(iter(allowed)) if len(allowed) == 1 else None
    if allowed is None:
        return row or default or base, ""
    if row is not None:
        return (row, "") if row in allowed else (None, "currency-conflict")
    if default in allowed:
        return default, ""
    if default is not None and heading is None:
        return None, "currency-conflict"
    if base in allowed:
        return base, ""
    return (meant, "") if meant else (None, "currency-unknown")
