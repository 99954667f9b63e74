"""What exports are made of: columns by name and type, and rows of queries as they are read."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from renewctl.store.portfolio import Portfolio

Rows = Callable[[Portfolio], Iterator[Sequence[Any]]]


class Column(NamedTuple):
    """One column of an export. `type` decides how its values are written.

    text; date, moment; int, number, decimal; percent (of 100); share (of 1); yes_no; amount: minor units
    and currency, written bare; money: the same, written with its currency; code: a currency told in JSON,
    where amounts are bare numbers.
    """

    name: str
    type: str


class Table(NamedTuple):
    """What one kind exports: its columns and its rows, to be read once."""

    kind: str
    columns: tuple[Column, ...]
    rows: Iterator[Sequence[Any]]


def columns_of(text: str) -> tuple[Column, ...]:
    """Columns from words such as `id renewal_date:date`; text is the usual type."""
    parts = (word.partition(":") for word in text.split())
    return tuple(Column(name, kind or "text") for name, _, kind in parts)


def amount(minor: int | None, currency: str | None) -> tuple[int, str] | None:
    """The value of an `amount` or `money` column; None where it is unknown."""
    return None if minor is None else (minor, currency or "")


def plain(sql: str, *amounts: int) -> Rows:
    """Rows of a query. Its columns `amounts` are minor units in the currency that then stands last."""

    def rows(portfolio: Portfolio) -> Iterator[Sequence[Any]]:
        for row in portfolio.scan(sql):
            if not amounts:
                yield row
                continue
            cells = list(row[:-1])
            for at in amounts:
                cells[at] = amount(cells[at], row[-1])
            yield cells

    return rows
