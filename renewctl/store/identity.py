"""What a portfolio is known by outside itself: in the names of calendar entries and of mails."""

import json

from renewctl.store.chain import sha256
from renewctl.store.portfolio import Portfolio


def portfolio_id(portfolio: Portfolio) -> str:
    """Sixteen letters that stay through every change, backup and erasure, and differ between portfolios.

    They come from when, by whom and with how many changes the first operation was made, which nothing alters
    later; a portfolio in which nothing was recorded has none of its own.
    """
    first = portfolio.rows("SELECT at, as_of, actor, count FROM operation ORDER BY seq LIMIT 1")
    return str(sha256(json.dumps([list(row) for row in first]).encode()).hexdigest()[:16])
