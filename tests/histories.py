"""Portfolios with a past: whole states, commands played at random, and days that pass for the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from renewctl.store.agenda import refresh
from renewctl.store.portfolio import ENTITIES, Portfolio
from tests.book import POLICY, TODAY

FACTS = tuple(name for name in ENTITIES if name != "erasure")
State = dict[tuple[Any, ...], tuple[Any, ...]]


def state(portfolio: Portfolio) -> State:
    """Every fact by table and key."""
    found: State = {}
    for name in FACTS:
        info = ENTITIES[name]
        fields = info.value._fields
        places = [fields.index(key) for key in info.key]
        for row in portfolio.rows(f"SELECT {','.join(fields)} FROM {name}"):
            found[name, *(row[at] for at in places)] = tuple(row)
    return found


def agenda(portfolio: Portfolio) -> list[tuple[Any, ...]]:
    """The cache of the agenda."""
    return sorted(map(tuple, portfolio.rows("SELECT * FROM agenda")))


def fresh_agenda(portfolio: Portfolio) -> list[tuple[Any, ...]]:
    """The cache as it would be, were it made anew; it is left as it is."""
    with portfolio.write("look", "test", TODAY, dry_run=True):
        refresh(portfolio, POLICY, TODAY)
        return agenda(portfolio)


def without(after: State, before: State, changed: State) -> State:
    """The present state with what led from `before` to `after` taken back, row by row."""
    found = dict(changed)
    for key in {*before, *after}:
        if before.get(key) != after.get(key):
            found.pop(key, None)
            if key in before:
                found[key] = before[key]
    return found


@contextmanager
def recorded_at(instant: str) -> Iterator[None]:
    """As if the real clock said so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("renewctl.store.portfolio.utc_now", lambda: instant)
        yield
