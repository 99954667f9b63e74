"""The rounds of a save that ended before the customer relapsed, as the operation log has them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from renewctl.core.case_file import CaseFile, round_of
from renewctl.core.log_rows import side
from renewctl.core.model import KEPT_SAVES, ItemState, SaveCase
from renewctl.core.opening import OPENED
from renewctl.core.save_rounds import Before
from renewctl.store.portfolio import Portfolio, columns


def rounds_before(portfolio: Portfolio, files: Sequence[CaseFile]) -> dict[int, list[Before]]:
    """Case number -> its ended rounds but the present one, in order; only of cases that relapsed (SAV-10).

    The row of a case holds the flag, the clock and the playbook of its present round alone.
    """
    found: dict[int, list[Before]] = {}
    for file in files:
        if round_of(file.ledger) > 1:
            cases = _logged(portfolio, file.case)
            states: dict[int, dict[str, ItemState]] = defaultdict(dict)
            for each in portfolio.values("item_state", "subject = ?", (f"s{file.case.no}",)):
                states[each.cycle][each.step] = each
            found[file.case.no] = [Before(case, states[no]) for no, case in enumerate(cases, 1)]
    return found


def _logged(portfolio: Portfolio, case: SaveCase) -> list[SaveCase]:
    """A case as it stood each time it was opened again; what was undone since is not among them."""
    names = columns("save_case")
    row: dict[str, Any] = {}
    found: list[SaveCase] = []
    sql = "SELECT before, after FROM change WHERE entity = 'save_case' AND key = ? ORDER BY no"
    for before, after in portfolio.rows(sql, (str(case.no),)):
        was, now = side(before, names) or {}, side(after, names) or {}
        moved = was.get("state"), now.get("state")
        if moved[0] in KEPT_SAVES and moved[1] == OPENED:
            found.append(_case(row))
        elif moved[0] == OPENED and moved[1] in KEPT_SAVES:
            found.pop()
        row |= now
    return found


def _case(row: dict[str, Any]) -> SaveCase:
    dates = {name: date.fromisoformat(row[name]) for name in row if name.endswith("_on") and row[name]}
    return SaveCase(**{**row, **dates})
