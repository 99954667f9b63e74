"""Amounts, dates and numbers as people of one language write them, by CLDR data (babel)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from renewctl.core import money


class Writer:
    """Writes for one language tag (`en`, `pt-BR`); spaces are ordinary ones."""

    def __init__(self, lang: str) -> None:
        from babel import Locale

        self._locale = Locale.parse(lang, sep="-")

    def money(self, minor: int, currency: str) -> str:
        """`USD 12,345.00` in English, `R$ 12.345,00` in Brazilian Portuguese; ISO 4217 digits."""
        return self._amount(Fraction(minor, 10 ** money.digits(currency)), currency, 0)

    def rate(self, units: Fraction, currency: str) -> str:
        """An amount per unit, with as many further digits as it has."""
        return self._amount(units, currency, 12)

    def _amount(self, units: Fraction, currency: str, more: int) -> str:
        from babel.numbers import format_currency, get_currency_symbol

        places = money.digits(currency)
        decimals = "0" * places + "#" * more
        code = currency if self._locale.language == "en" else get_currency_symbol(currency, self._locale)
        after = self._locale.currency_formats["standard"].pattern.strip().endswith("¤")
        number = "#,##0" + (f".{decimals}" if decimals else "")
        # CLDR's own digits are those of daily cash (none for ALL or RSD), so they are not used.
        text = format_currency(
            abs(_decimal(units)), currency, format=number, locale=self._locale, currency_digits=False
        )
        sign = "−" if units < 0 else ""
        return _spaced(f"{sign}{text} {code}" if after else f"{sign}{code} {text}")

    def day(self, day: date) -> str:
        """`March 10, 2026` or `10 de março de 2026`."""
        from babel.dates import format_date

        return _spaced(format_date(day, "long", self._locale))

    def short_day(self, day: date) -> str:
        """`Mar 10` or `10 de mar.`."""
        from babel.dates import format_skeleton

        return _spaced(format_skeleton("MMMd", day, locale=self._locale))

    def period(self, start: date | None, end: date | None) -> str | None:
        """First and last day in short form; one of them alone when the other is unknown."""
        from babel.dates import format_date

        days = [_spaced(format_date(day, "medium", self._locale)) for day in (start, end) if day]
        return " – ".join(dict.fromkeys(days)) or None

    def number(self, number: Fraction, *, signed: bool = False) -> str:
        """A measured number with all of its digits."""
        from babel.numbers import format_decimal

        text = _spaced(format_decimal(abs(_decimal(number)), "#,##0.############", self._locale))
        return _sign(number, signed) + text

    def percent(self, pct: Fraction, *, places: int = 2, signed: bool = False) -> str:
        """A percentage with up to `places` digits, rounded half to even."""
        from babel.numbers import format_decimal

        rounded = Fraction(round(pct * 10**places), 10**places)
        text = _spaced(format_decimal(abs(_decimal(rounded)), "#,##0.##", self._locale))
        return f"{_sign(rounded, signed)}{text}%"

    def months(self, months: int) -> str:
        """`1 year`, `2 years`, `18 months`."""
        whole = months % 12 == 0
        return self._span(months // 12, "year") if whole else self._span(months, "month")

    def days(self, days: int) -> str:
        """`30 days`."""
        return self._span(days, "day")

    def _span(self, count: int, unit: str) -> str:
        from babel.units import format_unit

        text = format_unit(count, f"duration-{unit}", "long", locale=self._locale)
        if "duration-" in text:  # CLDR has no long form where the short one is already the whole word
            text = format_unit(count, f"duration-{unit}", "short", locale=self._locale)
        return _spaced(text)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _sign(number: Fraction, signed: bool) -> str:
    return "−" if number < 0 else "+" if signed and number > 0 else ""


def _spaced(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")
