"""Renewals that nobody is reminded of, because what they are worth is not known."""

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.policy import Policy
from renewctl.core.segment import base_minor, in_force, segment, total
from renewctl.store.portfolio import Portfolio


class Unplanned(NamedTuple):
    """An open contract that renews inside a window and has no segment, so no agenda."""

    account_id: str
    account_name: str
    csm: str | None
    contract_id: str
    code: str  # arr-unknown | rate-unknown
    why: str


_SQL = """
SELECT c.account_no, a.id, a.name, a.status, a.segment_override, a.csm, c.id, c.renewal_on, c.arr_minor,
  COALESCE(c.currency, a.currency)
FROM contract c JOIN account a ON a.no = c.account_no
WHERE c.state = 'open' AND c.account_no IN (
  SELECT k.account_no FROM contract k JOIN account b ON b.no = k.account_no
  WHERE k.state = 'open' AND k.renewal_on BETWEEN ? AND ?
  AND (k.arr_minor IS NULL OR COALESCE(k.currency, b.currency) NOT IN ({marks})))
ORDER BY c.renewal_on, a.id, c.id
"""


def unplanned(portfolio: Portfolio, policy: Policy, as_of: date, until: date) -> list[Unplanned]:
    """The renewals from `as_of` to `until`, both ends in, that have no agenda, the nearest first."""
    known = [policy.base_currency, *policy.rates]
    first, last = as_of.isoformat(), until.isoformat()
    sql = _SQL.format(marks=",".join("?" * len(known)))
    rows = portfolio.rows(sql, [first, last, *known])
    values: dict[int, list[int | None]] = defaultdict(list)
    for row in rows:
        values[row[0]].append(base_minor(row[8], row[9], policy))
    return [
        _unplanned(row)
        for row in rows
        if first <= (row[7] or "") <= last and in_force(row[3]) and _worth(row, values, policy) is None
    ]


def _worth(row: Any, values: dict[int, list[int | None]], policy: Policy) -> str | None:
    """The segment of a contract of a row of `_SQL`."""
    by_contract = policy.value_scope == "contract"
    value = base_minor(row[8], row[9], policy) if by_contract else total(values[row[0]])
    return segment(value, row[4], policy)


def _unplanned(row: Any) -> Unplanned:
    code, why = (
        ("arr-unknown", "ARR unknown") if row[8] is None else ("rate-unknown", f"no rate for {row[9]}")
    )
    return Unplanned(row[1], row[2], row[5], row[6], code, why)
