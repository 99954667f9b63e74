"""What all the cells of a file together say about how its dates and numbers are written.

Order and mark are settled per column; a column that does not settle itself may be settled by the other
columns, or by a file that is clearly Brazilian. Anything else is refused with the option that settles it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from renewctl.core import intake_dates, intake_numbers
from renewctl.core.intake import Options, Refusal
from renewctl.core.intake_fields import KINDS, Field
from renewctl.core.intake_headings import Mapping
from renewctl.core.intake_synonyms import PRESET_LOCALE
from renewctl.core.text import clean

NUMERIC: Final = frozenset(["amount", "number", "percent", "share", "decimal", "int"])
SEVERAL: Final = "?"
_REMEMBERED: Final = 4_096  # cells per column: peak memory stays flat at a million rows


class Column(NamedTuple):
    """How the cells of one column are read."""

    field: Field
    heading: str
    order: str  # dates: dmy | mdy | ymd | each (every cell settles itself, or there is nothing to settle)
    decimal: str  # numbers: . | , | each
    scale: str  # percent and share: percent | fraction | unclear
    currency: str | None  # amounts: the unit in the heading, a code or `$`
    default: str | None  # amounts: the file's currency
    base: str  # amounts: where nothing is said
    signs: str = ""  # amounts: the one currency that its cells carry, SEVERAL of them, or '' none


class Settled(NamedTuple):
    """What all cells together settled."""

    columns: dict[str, Column]  # every mapped field
    date_order: str | None  # for the dialect shown: the orders met, joined with "/"; None: none was needed
    decimal: str | None
    refusals: tuple[Refusal, ...]  # non-empty: stop (`ambiguous-dates`, `ambiguous-decimal`)


class _Seen:
    """What one column has shown so far."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.votes: set[str] = set()
        self.signs: set[str] = set()  # currencies as the cells write them
        self.ambiguous: dict[str, str] = {}  # kind of ambiguity -> first cell that shows it
        self.remembered: set[str] = set()
        self.brazilian = False
        self.largest = 0.0  # of bare percent cells
        self.fraction = False

    def fresh(self, cells: Sequence[str]) -> set[str]:
        """Cells not looked at yet."""
        found = set(cells)
        found -= self.remembered
        if len(self.remembered) < _REMEMBERED:
            self.remembered |= found
        return found

    def _doubt(self, kind: str, cell: str) -> None:
        # The same example whatever the order a set gives its cells in.
        self.ambiguous[kind] = min(cell, self.ambiguous.get(kind, cell))

    def feed_dates(self, cells: Sequence[str]) -> None:
        for cell in self.fresh(cells):
            if len(cell) == 10 and cell[4] == "-":
                continue
            order = intake_dates.day_order(clean(cell))
            if order == intake_dates.AMBIGUOUS:
                self._doubt("", cell)
            elif order:
                self.votes.add(order)

    def feed_numbers(self, cells: Sequence[str]) -> None:
        scale = self.field.type in ("percent", "share")
        if not scale:
            joined = "".join(cells)
            if not joined or (joined.isascii() and joined.isdigit()):
                return
        for cell in self.fresh(cells):
            if cell.isascii() and cell.isdigit():
                if scale and len(cell) < 300:
                    self.largest = max(self.largest, float(cell))
                continue
            if not scale and self.ordinary(cell):
                continue
            parts = intake_numbers.take_apart(cell)
            if parts is not None:
                if parts.symbol:
                    self.signs.add(parts.symbol)
                self.weigh(cell, parts, scale)

    def ordinary(self, cell: str) -> bool:
        """Count a number in an ordinary style, which shows its mark at a glance."""
        for mark, style in intake_numbers.ORDINARY.items():
            found = style.fullmatch(cell)
            if found:
                self.votes.add(mark)
                if found[1]:
                    self.signs.add(found[1])
                    self.brazilian = self.brazilian or found[1] == "R$"
                return True
        return False

    def weigh(self, cell: str, parts: intake_numbers.Parts, scale: bool) -> None:
        """Count one number that is no plain integer."""
        mark = intake_numbers.mark(parts)
        if mark is None:
            return
        if parts.symbol == "R$" or parts.symbol == "BRL":
            self.brazilian = True
        sole = "." if "." in parts.body else ","
        if mark == intake_numbers.AMBIGUOUS:
            if self.field.type == "int":
                return  # a whole number has no decimals: the mark groups thousands
            if self.field.high is not None and self.field.high < 1000:
                mark = sole  # grouped it would be beyond the scale
            else:
                self._doubt(sole, cell)
        if mark in (".", ","):
            self.votes.add(mark)
        if scale and not parts.percent:
            value = intake_numbers.exact(parts, mark if mark in (".", ",") else sole)
            if value is not None:
                self.largest = max(self.largest, float(abs(value)))
                self.fraction |= value.denominator != 1

    def scale(self) -> str:
        """Whether bare numbers are percent or fractions of 1."""
        if self.largest > 1 or not self.largest:
            return "percent"
        return "fraction" if self.fraction else "unclear"


class Evidence:
    """Collects, batch by batch, what settles the columns of one file."""

    def __init__(self, mapping: Mapping, options: Options) -> None:
        self._mapping = mapping
        self._options = options
        fields = KINDS[mapping.kind]
        self._seen = {name: _Seen(fields[name]) for name in mapping.columns}
        self._brazilian_currency = False

    def feed(self, columns: Sequence[Sequence[str]]) -> None:
        """Take one batch: `columns[i]` are the cells of column i (pad short rows with '')."""
        for name, index in self._mapping.columns.items():
            seen = self._seen[name]
            if seen.field.type == "date":
                seen.feed_dates(columns[index])
            elif seen.field.type in NUMERIC:
                seen.feed_numbers(columns[index])
            elif seen.field.type == "currency" and not self._brazilian_currency:
                self._brazilian_currency = bool({"BRL", "brl", "R$"} & set(columns[index]))

    def settle(self) -> Settled:
        """How each column is read, after the last batch."""
        refusals: list[Refusal] = []
        marks, orders = {}, {}
        for name, seen in self._seen.items():
            if seen.field.type in NUMERIC:
                marks[name] = self._mark(name, seen, refusals)
        for name, seen in self._seen.items():
            if seen.field.type == "date":
                orders[name] = self._order(name, seen, refusals)
        preset = PRESET_LOCALE.get(self._options.preset or "")
        base = preset[2] if preset else self._options.base_currency
        columns = {
            name: Column(
                seen.field,
                self._mapping.headings[name],
                orders.get(name, "each"),
                marks.get(name, "each"),
                seen.scale(),
                self._mapping.currencies.get(name),
                self._options.currency,
                base,
                _signs(seen, base),
            )
            for name, seen in self._seen.items()
        }
        shown_orders = sorted({each for each in orders.values() if each != "each"})
        shown_marks = sorted({each for each in marks.values() if each != "each"})
        return Settled(
            columns, "/".join(shown_orders) or None, " or ".join(shown_marks) or None, tuple(refusals)
        )

    def _votes(self, dates: bool, apart: str) -> set[str]:
        """What the other columns of this type show."""
        return {
            vote
            for name, seen in self._seen.items()
            if name != apart and (seen.field.type == "date" if dates else seen.field.type in NUMERIC)
            for vote in seen.votes
        }

    def _brazilian(self) -> bool:
        """Whether at least two of three signs say so: reais, decimal commas only, Portuguese headings."""
        marks = self._votes(dates=False, apart="")
        if "." in marks:
            return False
        reais = (
            self._brazilian_currency
            or self._options.currency == "BRL"
            or "BRL" in self._mapping.currencies.values()
            or any(seen.brazilian for seen in self._seen.values())
        )
        return reais + (marks == {","}) + (self._mapping.portuguese >= 2) >= 2

    def _mark(self, name: str, seen: _Seen, refusals: list[Refusal]) -> str:
        """The decimal mark of one column."""
        if self._options.decimal:
            return self._options.decimal
        if len(seen.votes) == 1:
            return next(iter(seen.votes))
        if not seen.ambiguous:
            return "each"
        heading = self._mapping.headings[name]
        hint = "say which mark is the decimal one: --decimal . or --decimal ,"
        if seen.votes:
            cell = next(iter(seen.ambiguous.values())).strip()
            message = f"{heading}: both . and , stand for decimals, and {cell!r} fits both"
            refusals.append(Refusal("ambiguous-decimal", message, hint))
            return "each"
        preset = PRESET_LOCALE.get(self._options.preset or "")
        if preset:
            return preset[1]
        hints = self._votes(dates=False, apart=name)
        if not hints and self._brazilian():
            hints = {","}
        # Other columns may confirm a thousands mark; three decimals of money are not taken on their word.
        if len(hints) == 1 and not hints & set(seen.ambiguous):
            return next(iter(hints))
        cell = next(iter(seen.ambiguous.values()))
        sole = next(iter(seen.ambiguous))
        grouped = "".join(c for c in cell if c != sole)
        message = (
            f"{heading}: {cell.strip()!r} may be {grouped.strip()} or have three decimals, and no cell tells"
        )
        refusals.append(Refusal("ambiguous-decimal", message, hint))
        return "each"

    def _order(self, name: str, seen: _Seen, refusals: list[Refusal]) -> str:
        """The date order of one column."""
        if self._options.date_order:
            return self._options.date_order
        if len(seen.votes) == 1:
            return next(iter(seen.votes))
        if not seen.ambiguous:
            return "each"
        heading = self._mapping.headings[name]
        cell = next(iter(seen.ambiguous.values())).strip()
        hint = "say which comes first: --date-order dmy or --date-order mdy"
        if seen.votes:
            message = f"{heading}: dates of several orders, and {cell!r} fits more than one"
            refusals.append(Refusal("ambiguous-dates", message, hint))
            return "each"
        preset = PRESET_LOCALE.get(self._options.preset or "")
        if preset:
            return preset[0]
        others = self._votes(dates=True, apart=name)
        if len(others) == 1 and others <= {"dmy", "mdy"}:
            return next(iter(others))
        if not others and self._brazilian():
            return "dmy"
        message = (
            f"{heading}: {cell!r} may be day or month first, and no date in the column has a day over 12"
        )
        refusals.append(Refusal("ambiguous-dates", message, hint))
        return "each"


def _signs(seen: _Seen, base: str) -> str:
    """What the currency signs in an amount column say of its amounts that carry none."""
    if seen.field.type != "amount" or not seen.signs:
        return ""
    known = [sign for sign in seen.signs if intake_numbers.currencies_of(sign)]
    codes = {intake_numbers.resolve_currency(sign, None, None, None, base)[0] or SEVERAL for sign in known}
    return next(iter(codes)) if len(codes) == 1 else SEVERAL if codes else ""
