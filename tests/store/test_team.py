"""The book as a team's work: every account once, and the hours of each renewal as its own sheet has them."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewctl.core.model import Activity, SaveCase
from renewctl.core.team import planned_work
from renewctl.store.look import whole
from renewctl.store.team import agenda_of, logged, other_items, team_book
from tests import book as b

DAY = b.TODAY


def an_activity(no, account_no, contract_no, on, minutes):
    return Activity(no, account_no, contract_no, on, "call", "talk", minutes, "ana")


def a_save(no=1, account_no=1):
    return SaveCase(
        no, account_no, None, "product", "detected", DAY, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z",
        None, "ana", None, "x", DAY, None,
    )  # fmt: skip


days = st.integers(-40, 0).map(lambda days: DAY + timedelta(days=days))
spent = st.one_of(st.none(), st.integers(0, 300))


@given(
    st.lists(st.tuples(st.sampled_from([None, 1, 2]), days, spent), max_size=6),
    st.lists(st.tuples(st.sampled_from(["1", "2", "s1", "a1"]), st.integers(1, 2), days, spent), max_size=6),
    st.one_of(st.none(), days),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_hours_logged_are_those_the_sheet_of_the_account_shows(tmp_path_factory, logs, items, won_on):
    """SEG-2: three contracts of one account, and what names none of them."""
    contracts = [
        b.contract(1, renewal_on=date(2026, 9, 1), cycle=2, won_on=won_on),
        b.contract(2, account_no=1, renewal_on=date(2026, 6, 1)),
        b.contract(3, account_no=1, renewal_on=DAY - timedelta(days=30)),
    ]
    rows = [an_activity(no, 1, *row) for no, row in enumerate(logs, 1)]
    done = [
        b.state(subject, f"s{at}", cycle=cycle, set_on=on, minutes=minutes)
        for at, (subject, cycle, on, minutes) in enumerate(items)
    ]
    folder = tmp_path_factory.mktemp("book")
    with b.portfolio(folder, b.account(1), *contracts, a_save(), *rows, *done) as portfolio:
        found = team_book(portfolio, b.POLICY, DAY)
        sheet = whole(portfolio, b.account(1), b.POLICY, DAY)
        assert logged(portfolio, [], b.TODAY) == {}
    assert {each.contract.no: each.minutes for each in found.renewals} == {
        each.contract.no: each.effort.minutes for each in sheet.renewals
    }
    # Worked out from the rule: contract 2 renews next, and what is the account's own counts there; of the
    # third, past its date, only the outcome is missing.
    mine = [minutes or 0 for no, on, minutes in logs if no == 1 and (won_on is None or on > won_on)]
    mine += [minutes or 0 for subject, cycle, _, minutes in items if (subject, cycle) == ("1", 2)]
    first = [minutes or 0 for no, _, minutes in logs if no != 1]
    first += [
        minutes or 0
        for subject, cycle, _, minutes in items
        if subject in ("s1", "a1") or (subject, cycle) == ("2", 1)
    ]
    assert {each.contract.no: each.minutes for each in found.renewals} == {1: sum(mine), 2: sum(first), 3: 0}
    for each in sheet.renewals:
        assert sum(of for _, of in each.effort.sources) == each.effort.minutes


def test_every_account_stands_in_one_place(tmp_path):
    """What is in force has its open contracts or none; the others are outside."""
    values = [
        b.account(1), b.contract(1), b.contract(11, account_no=1, id="K11", arr_minor=None),
        b.account(2, status="churned"), b.contract(2),
        b.account(3),
        b.account(4), b.contract(4, state="lost"),
        b.account(5, csm=None), b.contract(5, renewal_on=None),
    ]  # fmt: skip
    with b.portfolio(tmp_path, *values) as portfolio:
        found = team_book(portfolio, b.POLICY, DAY)
    assert [each.contract.no for each in found.renewals] == [1, 11, 5]
    assert [each.due is None for each in found.renewals] == [False, False, True]
    assert [each.no for each in found.bare] == [3]
    assert [each.no for each in found.outside] == [2, 4]
    assert found.customers == 3


def test_its_work_is_that_of_the_agenda_and_of_the_saves(tmp_path):
    """OWN-3: nothing that `due` lists is left out of a person's load."""
    until = DAY + timedelta(days=400)
    with b.portfolio(tmp_path, b.account(1), b.contract(1), a_save()) as portfolio:
        agenda = agenda_of(portfolio, b.POLICY, DAY)
        book = team_book(portfolio, b.POLICY, DAY)
        others = other_items(portfolio, b.POLICY, DAY, until)
        works = planned_work(book.renewals, others, agenda, until)
    [each] = book.renewals
    mine = agenda.items(each.due, {}, until)
    assert [work.item.item for work in works] == [item.item for item in [*mine, *others]]
    assert {work.item.item[0] for work in works} >= {"1", "s"}
