"""The portfolio's facts as files: CSV, JSON and XLSX, under the names the import knows them by.

Rows are read and written as they come, so a large portfolio needs no more memory than a small one. What
was exported imports again as unchanged. An account with several open contracts has its terms in the
contracts export only; its row among the accounts leaves them blank.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, islice
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.text import plain_json
from renewctl.store.files import CsvLines, guarded
from renewctl.store.portfolio import Portfolio
from renewctl.store.workbook import Number

SCHEMA = "renewctl/export/1"
_BATCH = 1000


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


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from words such as `id renewal_date:date`; text is the usual type."""
    parts = (word.partition(":") for word in text.split())
    return tuple(Column(name, kind or "text") for name, _, kind in parts)


_READINGS = (
    "health_score:percent usage_trend:percent open_tickets:int csat:number nps:number "
    "engagement:percent relationship:percent"
)
_TERMS = "term_months:int notice_days:int auto_renew:yes_no payment_on_file:yes_no"
_ACCOUNTS = _columns(
    f"id name country status arr:amount currency renewal_date:date start_date:date {_TERMS} csm sales_owner "
    f"specialist executive_sponsor industry strategic:yes_no segment_override {_READINGS} "
    "ticket_severity:int last_contact:date seats_purchased:int seats_used:int expansion_arr:amount "
    "target_arr:amount growth_rate:share champion cancel_notice_date:date competitor"
)
_ACCOUNT_SQL = """
SELECT no, id, name, country, status, currency, csm, sales_owner, specialist, executive_sponsor, industry,
  strategic, segment_override, ticket_severity, last_contact_on, seats_purchased, seats_used,
  expansion_minor, target_arr_minor, growth_rate, champion, champion_gone, cancel_notice_on, competitor
FROM account ORDER BY no
"""
_TERMS_SQL = """
SELECT account_no, arr_minor, currency, renewal_on, start_on, term_months, notice_days, auto_renew,
  payment_on_file FROM contract WHERE state = 'open' ORDER BY account_no, no
"""
_INPUTS_SQL = """
SELECT account_no, score, usage_trend, open_tickets, csat, nps, engagement, relationship
FROM health_reading ORDER BY account_no, read_on
"""
_NO_TERMS = (None,) * 8


class _Beside:
    """Rows of another table, in step with accounts read in the order of their numbers."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._groups = groupby(rows, key=lambda row: row[0])
        self._next: tuple[int, list[Sequence[Any]]] | None = None

    def of(self, number: int) -> list[Sequence[Any]]:
        """The rows of an account; ask in rising order."""
        while self._next is None or self._next[0] < number:
            found = next(self._groups, None)
            if found is None:
                return []
            self._next = found[0], list(found[1])
        return self._next[1] if self._next[0] == number else []


def _accounts(portfolio: Portfolio) -> Iterator[Sequence[Any]]:
    contracts = _Beside(portfolio.scan(_TERMS_SQL))
    readings = _Beside(portfolio.scan(_INPUTS_SQL))
    for row in portfolio.scan(_ACCOUNT_SQL):
        (
            no, own_id, name, country, status, own_currency, csm, sales, specialist, sponsor, industry,
            strategic, override, severity, contact, purchased, used, expansion, target, growth, champion,
            gone, notice, competitor,
        ) = row  # fmt: skip
        opened = contracts.of(no)
        arr, code, renewal, start, *terms = opened[0][1:] if len(opened) == 1 else _NO_TERMS
        code = code if arr is not None else own_currency or code
        if own_currency not in (None, code):  # one row has one currency: that of its ARR
            expansion = target = None
        latest: list[Any] = [None] * 7
        for reading in readings.of(no):
            latest = [old if new is None else new for old, new in zip(latest, reading[1:], strict=True)]
        if gone:
            champion = f"{champion} (left)" if champion else "left"
        yield (
            own_id, name, country, status, _amount(arr, code), code, renewal, start, *terms, csm, sales,
            specialist, sponsor, industry, strategic, override, *latest, severity, contact, purchased, used,
            _amount(expansion, code), _amount(target, code), growth, champion, notice, competitor,
        )  # fmt: skip


def _amount(minor: int | None, currency: str | None) -> tuple[int, str] | None:
    return None if minor is None else (minor, currency or "")


def _plain(sql: str, *amounts: int) -> Callable[[Portfolio], Iterator[Sequence[Any]]]:
    """Rows of a query. Its columns `amounts` are minor units in the currency that then stands last."""

    def rows(portfolio: Portfolio) -> Iterator[Sequence[Any]]:
        for row in portfolio.scan(sql):
            if not amounts:
                yield row
                continue
            cells = list(row[:-1])
            for at in amounts:
                cells[at] = _amount(cells[at], row[-1])
            yield cells

    return rows


def _joined(select: str, of: str) -> str:
    """A query over a table that names its account and perhaps a contract."""
    joins = "JOIN account a ON a.no = x.account_no LEFT JOIN contract c ON c.no = x.contract_no"
    return f"SELECT {select} FROM {of} x {joins} ORDER BY x.no"  # noqa: S608


_TABLES: dict[str, tuple[tuple[Column, ...], Callable[[Portfolio], Iterator[Sequence[Any]]]]] = {
    "accounts": (_ACCOUNTS, _accounts),
    "contracts": (
        _columns(
            f"id account_id name arr:amount currency start_date:date renewal_date:date {_TERMS} stage state "
            "cycle:int"
        ),
        _plain(
            "SELECT x.id, a.id, x.name, x.arr_minor, x.currency, x.start_on, x.renewal_on, x.term_months, "
            "x.notice_days, x.auto_renew, x.payment_on_file, x.stage, x.state, x.cycle, x.currency "
            "FROM contract x JOIN account a ON a.no = x.account_no WHERE x.state <> 'superseded' "
            "ORDER BY x.no",
            3,
        ),
    ),
    "health": (
        _columns(f"account_id date:date {_READINGS}"),
        _plain(
            "SELECT a.id, x.read_on, x.score, x.usage_trend, x.open_tickets, x.csat, x.nps, x.engagement, "
            "x.relationship FROM health_reading x JOIN account a ON a.no = x.account_no "
            "ORDER BY x.account_no, x.read_on"
        ),
    ),
    "stakeholders": (
        _columns("account_id name email role influence sentiment last_contact:date thread_owner"),
        _plain(
            "SELECT a.id, x.name, x.email, x.role, x.influence, x.sentiment, x.last_contact_on, "
            "x.thread_owner FROM stakeholder x JOIN account a ON a.no = x.account_no ORDER BY x.no"
        ),
    ),
    "value": (
        _columns(
            "account_id metric value:decimal unit period_start:date period_end:date baseline:decimal "
            "rate:decimal currency quote"
        ),
        _plain(
            "SELECT a.id, x.metric, x.value, x.unit, x.period_start_on, x.period_end_on, x.baseline, "
            "x.rate, x.currency, x.quote FROM value_metric x JOIN account a ON a.no = x.account_no "
            "ORDER BY x.no"
        ),
    ),
    "outcomes": (
        _columns(
            "account_id contract_id closed_on:date result arr_before:money arr_after:money currency:code "
            "reason competitor lost_on:date told_on:date"
        ),
        _plain(
            _joined(
                "a.id, c.id, x.closed_on, x.result, x.arr_before_minor, x.arr_after_minor, x.currency, "
                "x.reason, x.competitor, x.lost_on, x.told_on, x.currency",
                "outcome",
            ),
            4,
            5,
        ),
    ),
    "saves": (
        _columns(
            "save account_id contract_id scenario state flagged_on:date respond_by:moment owner reason "
            "opened_on:date closed_on:date"
        ),
        _plain(
            _joined(
                "'s' || x.no, a.id, c.id, x.scenario, x.state, x.flagged_on, x.respond_by, x.owner, "
                "x.reason, x.opened_on, x.closed_on",
                "save_case",
            )
        ),
    ),
    "log": (
        _columns("date:date account_id contract_id kind text minutes:int actor"),
        _plain(_joined("x.happened_on, a.id, c.id, x.kind, x.text, x.minutes, x.actor", "activity")),
    ),
}
KINDS = tuple(_TABLES)


def table(portfolio: Portfolio, kind: str) -> Table:
    """What `kind` (one of KINDS) exports; take it and read its rows inside `portfolio.reading()`."""
    columns, rows = _TABLES[kind]
    return Table(kind, columns, rows(portfolio))


def cell_text(kind: str, value: Any) -> str:
    """A value of a column type as the import reads it, whatever stands in the other cells.

    A point before exactly three digits could group thousands: a zero follows. Bare percentages up to 1
    could be fractions: they carry the sign.
    """
    if value is None:
        return ""
    if kind in ("text", "date", "int"):
        return str(value)
    if kind in ("amount", "money"):
        minor, currency = value
        places = money.digits(currency)
        whole, rest = divmod(minor, 10**places)
        text = _unambiguous(f"{whole}.{rest:0{places}d}") if rest else str(whole)
        return f"{currency} {text}".strip() if kind == "money" else text
    if kind == "share":
        return _number(Decimal(repr(float(value))) * 100) + "%"
    if kind in ("percent", "number"):
        whole = int(value)
        text = str(whole) if whole == value else _number(Decimal(repr(float(value))))
        return text + "%" if kind == "percent" and 0 < abs(value) <= 1 else text
    if kind == "yes_no":
        return "yes" if value else "no"
    return _unambiguous(str(value)) if kind == "decimal" else str(value)


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return _unambiguous(text.rstrip("0").rstrip(".") if "." in text else text)


def _unambiguous(text: str) -> str:
    return text + "0" if len(text.partition(".")[2]) == 3 else text


def _json_value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind in ("amount", "money"):
        return money.to_units(*value)
    if kind == "yes_no":
        return bool(value)
    return value


def csv_blocks(exported: Table) -> Iterator[bytes]:
    """The table as CSV, UTF-8; text that a spreadsheet could run is guarded."""
    shown = [at for at, column in enumerate(exported.columns) if column.type != "code"]
    kinds = [(at, exported.columns[at].type) for at in shown]
    lines = CsvLines()
    lines.add([[exported.columns[at].name for at in shown]])
    while batch := list(islice(exported.rows, _BATCH)):
        lines.add([guarded(cell_text(kind, row[at])) for at, kind in kinds] for row in batch)
        yield lines.take().encode("utf-8", "backslashreplace")
    yield lines.take().encode("utf-8", "backslashreplace")


def json_blocks(exported: Table) -> Iterator[bytes]:
    """The table as `renewctl/export/1`: one row a line."""
    head = json.dumps({"schema": SCHEMA, "kind": exported.kind, "rows": []})
    yield head[:-2].encode()
    names = [(column.name, column.type) for column in exported.columns]
    between = "\n"
    while batch := list(islice(exported.rows, _BATCH)):
        texts = (
            json.dumps(
                {name: _json_value(kind, value) for (name, kind), value in zip(names, row, strict=True)},
                ensure_ascii=False,
            )
            for row in batch
        )
        yield plain_json(between + ",\n".join(texts)).encode("utf-8", "backslashreplace")
        between = ",\n"
    yield b"\n]}\n"


def sheet_cells(exported: Table) -> Iterator[list[Any]]:
    """The table's cells as a workbook holds them: `Number`, dates as dates, the rest as text.

    The first row holds the headings. A number of more than 15 characters is text: a spreadsheet
    would round it.
    """
    shown = [at for at, column in enumerate(exported.columns) if column.type != "code"]
    yield [exported.columns[at].name for at in shown]
    kinds = [(at, exported.columns[at].type) for at in shown]
    for row in exported.rows:
        yield [_sheet_cell(kind, row[at]) for at, kind in kinds]


_day = lru_cache(maxsize=10_000)(date.fromisoformat)


def _sheet_cell(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "date":
        return _day(value)
    text = cell_text(kind, value)
    if kind in ("amount", "int", "number", "decimal", "percent") and not text.endswith("%"):
        return Number(text) if len(text) <= 15 else text
    return text
