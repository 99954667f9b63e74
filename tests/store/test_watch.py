"""The past of an account out of the log: edits that say little, and what a save owes that has ended."""

from datetime import date, timedelta
from typing import Any

import pytest

from renewctl.core.model import Change
from renewctl.store.watch import pasts
from tests.book import POLICY, TODAY, account, contract, portfolio

LATER = TODAY + timedelta(days=7)


def edit(entity: str, **sides: tuple[Any, Any]) -> Change:
    """The first account or contract, changed from one value to another."""
    before, after = ({name: pair[side] for name, pair in sides.items()} for side in (0, 1))
    return Change(entity, (1,), 1, before, after)


def past(folder, *changes, **facts):
    """What the log tells of an account of which each of these was changed, one a week."""
    with portfolio(folder, account(**facts), contract()) as book:
        for week, change in enumerate(changes, 1):
            with book.write("edit", "ana", TODAY + timedelta(days=7 * week)) as operation:
                operation.apply([change])
        [found] = pasts(book, POLICY)
    return found


def spells(found, name):
    return [tuple(each) for each in found.record.spells[name]]


def test_a_fact_that_is_said_again_goes_on_from_its_first_day(tmp_path):
    found = past(tmp_path, edit("account", competitor=("Rival", "Rival")), competitor="Rival")
    assert spells(found, "competitor") == [(TODAY, date.max, "Rival")]


@pytest.mark.parametrize(("day", "left"), [(LATER - timedelta(days=1), 1), (LATER, 0)])
def test_what_was_withdrawn_before_its_own_day_never_stood(tmp_path, day, left):
    found = past(tmp_path, edit("account", cancel_notice_on=(day, None)), cancel_notice_on=day)
    assert len(spells(found, "cancel_notice_on")) == left


@pytest.mark.parametrize(("day", "left"), [(LATER - timedelta(days=1), 1), (LATER, 0)])
def test_a_severe_ticket_that_was_closed_before_it_began_capped_nothing(tmp_path, day, left):
    gone = edit("account", ticket_severity=(1, None), ticket_severity_on=(day, None))
    found = past(tmp_path, gone, ticket_severity=1, ticket_severity_on=day)
    assert len(spells(found, "ticket_severity")) == left


def test_another_price_is_no_other_term_and_another_date_is(tmp_path):
    moved_on = date(2026, 10, 1)
    found = past(
        tmp_path,
        edit("contract", arr_minor=(12_000_000, 9_000_000)),
        edit("contract", renewal_on=(date(2026, 9, 1), moved_on)),
    )
    [terms] = found.terms.values()
    dates = [(each.from_on, each.renewal_on) for each in terms]
    assert dates == [(TODAY, date(2026, 9, 1)), (TODAY + timedelta(days=14), moved_on)]


@pytest.mark.parametrize(("result", "owed"), [("lost", False), ("", True)])
def test_of_a_save_that_was_lost_nothing_is_on_the_agenda(book, result, owed):
    assert book.run("save", "start", "A1", "--scenario", "value").code == 0
    if result:
        assert book.run("save", "close", "s1", "--result", result).code == 0
    items = book.json("due", "--days", "90")["items"]
    assert any(each["item"].startswith("s1-") for each in items) == owed
