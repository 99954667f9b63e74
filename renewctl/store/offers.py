"""Offers as stored: those of a save or of all, and the one that somebody means."""

import re

from renewctl.core.model import Offer
from renewctl.errors import NotFound
from renewctl.store.portfolio import Portfolio


def offers_of(portfolio: Portfolio, save_no: int | None = None) -> list[Offer]:
    """Offers by number, of one save or of all."""
    if save_no is None:
        return portfolio.values("offer", order="no")
    return portfolio.values("offer", "save_no = ?", (save_no,), "no")


def find_offer(portfolio: Portfolio, text: str) -> Offer:
    """The offer called `o3` or `3`; NotFound where there is none."""
    match = re.fullmatch(r"o?(\d{1,18})", text.strip().lower(), re.ASCII)
    found: list[Offer] = portfolio.values("offer", "no = ?", (int(match[1]),)) if match else []
    if not found:
        raise NotFound("no-such-offer", f"there is no offer {text}", "see them: renewctl save offers")
    return found[0]
