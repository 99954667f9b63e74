"""What each kind of export holds: its columns, and its rows as the portfolio has them.

Everything that somebody recorded stands in one of the kinds, which a test asks of every column of every
table. Rows are read as they come, so a large portfolio needs no more memory than a small one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from renewctl.core.policy import Policy
from renewctl.store.exporter_rows import Column, Rows, Table, amount, columns_of, plain
from renewctl.store.exporter_saves import SAVES, rounds
from renewctl.store.portfolio import Portfolio

_READINGS = (
    "health_score:percent usage_trend:percent open_tickets:int csat:number nps:number "
    "engagement:percent relationship:percent"
)
_TERMS = "term_months:int notice_days:int auto_renew:yes_no payment_on_file:yes_no"
_ACCOUNTS = columns_of(
    f"id name country status arr:amount currency renewal_date:date start_date:date {_TERMS} csm sales_owner "
    f"specialist executive_sponsor industry strategic:yes_no segment_override {_READINGS} "
    "ticket_severity:int last_contact:date seats_purchased:int seats_used:int expansion_arr:amount "
    "target_arr:amount growth_rate:share champion cancel_notice_date:date competitor "
    "segment_reason early_on:date"
)
_ACCOUNT_SQL = """
SELECT no, id, name, country, status, currency, csm, sales_owner, specialist, executive_sponsor, industry,
  strategic, segment_override, ticket_severity, last_contact_on, seats_purchased, seats_used,
  expansion_minor, target_arr_minor, growth_rate, champion, champion_gone, cancel_notice_on, competitor,
  segment_reason, early_on
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
            gone, notice, competitor, segment_reason, early_on,
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
            own_id, name, country, status, amount(arr, code), code, renewal, start, *terms, csm, sales,
            specialist, sponsor, industry, strategic, override, *latest, severity, contact, purchased, used,
            amount(expansion, code), amount(target, code), growth, champion, notice, competitor,
            segment_reason, early_on,
        )  # fmt: skip


def _joined(select: str, of: str, order: str = "x.no") -> str:
    """A query over a table that names its account and perhaps a contract."""
    joins = "JOIN account a ON a.no = x.account_no LEFT JOIN contract c ON c.no = x.contract_no"
    return f"SELECT {select} FROM {of} x {joins} ORDER BY {order}"  # noqa: S608


_ITEM = "x.subject || CASE x.cycle WHEN 1 THEN '' ELSE '.' || x.cycle END || '-' || x.step"


def _steps(select: str, of: str) -> str:
    """A query over what was said of single steps: the item as people type it, account and contract first.

    A subject that is a bare number is a contract's.
    """
    number = "CASE WHEN substr(x.subject, 1, 1) IN ('a', 's') THEN NULL ELSE CAST(x.subject AS BIGINT) END"
    joins = f"JOIN account a ON a.no = x.account_no LEFT JOIN contract c ON c.no = {number}"
    order = "x.account_no, x.subject, x.cycle, x.step"
    return f"SELECT {_ITEM}, a.id, c.id, {select} FROM {of} x {joins} ORDER BY {order}"  # noqa: S608


_TABLES: dict[str, tuple[tuple[Column, ...], Rows | None]] = {
    "accounts": (_ACCOUNTS, _accounts),
    "contracts": (
        columns_of(
            f"id account_id name arr:amount currency start_date:date renewal_date:date {_TERMS} stage state "
            "cycle:int"
        ),
        plain(
            "SELECT x.id, a.id, x.name, x.arr_minor, x.currency, x.start_on, x.renewal_on, x.term_months, "
            "x.notice_days, x.auto_renew, x.payment_on_file, x.stage, x.state, x.cycle, x.currency "
            "FROM contract x JOIN account a ON a.no = x.account_no WHERE x.state <> 'superseded' "
            "OR EXISTS (SELECT 1 FROM renewal r WHERE r.contract_no = x.no AND r.successor_no IS NOT NULL) "
            "ORDER BY x.no",
            3,
        ),
    ),
    "health": (
        columns_of(f"account_id date:date {_READINGS}"),
        plain(
            "SELECT a.id, x.read_on, x.score, x.usage_trend, x.open_tickets, x.csat, x.nps, x.engagement, "
            "x.relationship FROM health_reading x JOIN account a ON a.no = x.account_no "
            "ORDER BY x.account_no, x.read_on"
        ),
    ),
    "stakeholders": (
        columns_of(
            "account_id name email role influence sentiment last_contact:date thread_owner left_on:date "
            "left_note"
        ),
        plain(
            "SELECT a.id, x.name, x.email, x.role, x.influence, x.sentiment, x.last_contact_on, "
            "x.thread_owner, d.left_on, d.note FROM stakeholder x JOIN account a ON a.no = x.account_no "
            "LEFT JOIN departure d ON d.stakeholder_no = x.no ORDER BY x.no"
        ),
    ),
    "value": (
        columns_of(
            "account_id metric value:decimal unit period_start:date period_end:date baseline:decimal "
            "rate:decimal currency quote"
        ),
        plain(
            "SELECT a.id, x.metric, x.value, x.unit, x.period_start_on, x.period_end_on, x.baseline, "
            "x.rate, x.currency, x.quote FROM value_metric x JOIN account a ON a.no = x.account_no "
            "ORDER BY x.no"
        ),
    ),
    "outcomes": (
        columns_of(
            "account_id contract_id closed_on:date result arr_before:money arr_after:money currency:code "
            "reason competitor lost_on:date told_on:date cycle:int renewal_date:date term_months:int"
        ),
        plain(
            _joined(
                "a.id, c.id, x.closed_on, x.result, x.arr_before_minor, x.arr_after_minor, x.currency, "
                "x.reason, x.competitor, x.lost_on, x.told_on, x.cycle, x.renewal_on, x.term_months, "
                "x.currency",
                "outcome",
            ),
            4,
            5,
        ),
    ),
    **SAVES,
    "renewals": (
        columns_of(
            "account_id contract_id cycle:int kind target_arr:amount uplift:amount expansion:amount currency "
            "bundle:yes_no successor_id note"
        ),
        plain(
            "SELECT a.id, c.id, x.cycle, x.kind, x.target_minor, x.uplift_minor, x.expansion_minor, "
            "x.currency, x.bundle, s.id, x.note, x.currency FROM renewal x "
            "JOIN account a ON a.no = x.account_no JOIN contract c ON c.no = x.contract_no "
            "LEFT JOIN contract s ON s.no = x.successor_no ORDER BY x.contract_no, x.cycle",
            4,
            5,
            6,
        ),
    ),
    "amendments": (
        columns_of(
            "account_id contract_id cycle:int kind effective_on:date arr_before:money arr_after:money "
            "currency:code renewal_before:date renewal_after:date reason actor"
        ),
        plain(
            _joined(
                "a.id, c.id, x.cycle, x.kind, x.effective_on, x.arr_before_minor, x.arr_after_minor, "
                "x.currency, x.renewal_before_on, x.renewal_after_on, x.reason, x.actor, x.currency",
                "amendment",
            ),
            5,
            6,
        ),
    ),
    "overrides": (
        columns_of("account_id score:percent reason note set_on:date until_on:date actor"),
        plain(
            "SELECT a.id, x.score, x.reason, x.note, x.set_on, x.until_on, x.actor FROM health_override x "
            "JOIN account a ON a.no = x.account_no ORDER BY x.account_no"
        ),
    ),
    "items": (
        columns_of(
            "item account_id contract_id state set_on:date until_on:date reason minutes:int actor",
        ),
        plain(_steps("x.state, x.set_on, x.until_on, x.reason, x.minutes, x.actor", "item_state")),
    ),
    "assignments": (
        columns_of("item account_id contract_id person set_on:date actor"),
        plain(_steps("x.person, x.set_on, x.actor", "assignment")),
    ),
    "log": (
        columns_of("date:date account_id contract_id kind text minutes:int actor"),
        plain(_joined("x.happened_on, a.id, c.id, x.kind, x.text, x.minutes, x.actor", "activity")),
    ),
}
KINDS = tuple(_TABLES)


def table(portfolio: Portfolio, kind: str, policy: Callable[[], Policy], as_of: date) -> Table:
    """What `kind` (one of KINDS) exports; take it and read its rows inside `portfolio.reading()`.

    Only saves, which are told with what became of them, ask for the policy.
    """
    columns, rows = _TABLES[kind]
    found = rounds(portfolio, policy(), as_of) if rows is None else rows(portfolio)
    return Table(kind, columns, found)
