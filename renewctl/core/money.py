"""Money as integers: minor units and an ISO 4217 code, exact, rounded half to even once.

Never a float. A value in another currency reaches the base currency by the policy's rate, an exact
fraction; a currency without a rate has no base value (the caller names the problem).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

# Every ISO 4217 code in circulation with its number of minor digits where that is not two.
_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
CURRENCIES = frozenset(_DIGITS) | frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IRR",
        "JMD",
        "KES",
        "KGS",
        "KHR",
        "KPW",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "WST",
        "XCD",
        "XCG",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
    ]
)
# SQLite and PostgreSQL keep money in 64 bits; this leaves room to sum a million of the largest.
LARGEST_MINOR = 9_000_000_000_000


def digits(currency: str) -> int:
    """How many minor digits the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def round_half_even(value: "Fraction") -> int:
    """The nearest integer; exactly between two, the even one."""
    return round(value)


def to_minor(amount: "Fraction | int", currency: str) -> int:
    """Currency units to minor units, rounded half to even."""
    scale = int(10 ** digits(currency))
    return amount * scale if isinstance(amount, int) else round_half_even(amount * scale)


def to_units(minor: int, currency: str) -> int | float:
    """Minor units as the JSON number people read: 1234500 USD -> 12345, 1234550 -> 12345.5.

    A float is the nearest one to the exact decimal; nothing is calculated with it.
    """
    scale = int(10 ** digits(currency))
    whole, rest = divmod(minor, scale)
    return whole if not rest else minor / scale


def convert(minor: int, currency: str, base: str, rates: "dict[str, Fraction]") -> int | None:
    """Minor units of `currency` in minor units of `base`, or None where no rate is known.

    `rates` maps a currency to how many units of the base one unit of it is worth.
    """
    if currency == base:
        return minor
    rate = rates.get(currency)
    if rate is None:
        return None
    from fractions import Fraction

    return round_half_even(minor * rate * Fraction(10) ** (digits(base) - digits(currency)))


def share(minor: int, numerator: int, denominator: int) -> int:
    """`minor` times a fraction, rounded half to even once."""
    from fractions import Fraction

    return round_half_even(Fraction(minor * numerator, denominator))


def by_months(annual_minor: int, months: int = 12) -> list[int]:
    """An annual amount month by month: annual / 12 each, the remainder cents in the last month.

    Over a term of `months` the sequence repeats each twelve, and every full year adds up to
    `annual_minor` exactly.
    """
    each = abs(annual_minor) // 12
    sign = -1 if annual_minor < 0 else 1
    year = [sign * each] * 11 + [annual_minor - sign * each * 11]
    return [year[month % 12] for month in range(months)]


def plain(minor: int, currency: str) -> str:
    """An amount for terminals and reasons, the same in every locale: `USD 12,345` or `12,345.50`."""
    places = digits(currency)
    whole, rest = divmod(abs(minor), 10**places)
    text = f"{whole:,}" + (f".{rest:0{places}d}" if rest else "")
    return f"{currency} {'-' if minor < 0 else ''}{text}"
