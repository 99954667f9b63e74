"""The agenda's cache against the core's own answer, and the first page against the whole."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.cli.due import Reading, Wanted
from renewctl.core.classify import classify
from renewctl.core.due import in_order
from renewctl.core.policy import Policy
from renewctl.errors import PolicyError
from renewctl.store.agenda import load_book, refresh, work_calendar
from renewctl.store.due import DueReader
from renewctl.store.sqlite import scratch_portfolio
from tests.book import POLICY, TODAY, account, contract, insert, reading, state


def random_book(seed, size=30):
    """A mixed book: lead times, notice terms, health, gaps, closed steps."""
    random = Random(seed)
    made = []
    for no in range(1, size + 1):
        made.append(
            account(
                no,
                csm=random.choice(["ana", "bruno", None]),
                sales_owner=random.choice(["sofia", None]),
                status=random.choice([None, None, "active", "churned"]),
                expansion_minor=random.choice([None, 500_000]),
                champion_gone=random.choice([0, 0, 1]),
            )
        )
        lead = random.choice([-10, 0, 3, 14, 20, 31, 44, 60, 61, 89, 120, 200, 360])
        made.append(
            contract(
                no,
                arr_minor=random.choice([None, 0, 500_000, 1_000_000, 9_999_999, 10_000_000, 30_000_000]),
                renewal_on=random.choice([None, *[TODAY + timedelta(days=lead)] * 9]),
                auto_renew=random.choice([0, 1, None]),
                notice_days=random.choice([None, 30]),
                payment_on_file=1,
            )
        )
        if random.random() < 0.8:
            made.append(
                reading(
                    no,
                    usage_trend=random.choice([-40.0, 10.0, None]),
                    engagement=random.choice([20.0, 90.0, None]),
                    relationship=random.choice([30.0, 90.0]),
                )
            )
        for step in ("notice", "catch-up", "opt-out", "past-due", "collect-health"):
            if random.random() < 0.25:
                until_on = TODAY + timedelta(days=random.randrange(1, 60))
                snoozed = random.random() < 0.5
                done = {"state": "snoozed", "until_on": until_on} if snoozed else {}
                made.append(state(str(no), step, account_no=no, **done))
    return made


def held(values):
    made = scratch_portfolio()
    with made.write("test", "ana", TODAY) as operation:
        operation.apply(insert(value) for value in values)
        refresh(made, POLICY, TODAY)
    return made


class Asked:
    """As much of a command's surroundings as reading an agenda needs."""

    def __init__(self, policy=POLICY):
        self.policy = policy


def whole(portfolio, as_of, days, policy=POLICY):
    wanted = Wanted(as_of, as_of + timedelta(days=days), None, None, None)
    return Reading(portfolio, Asked(policy), wanted)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 150), st.sampled_from([7, 30, 90, 400]))
def test_the_first_page_is_the_beginning_of_the_whole_agenda(seed, count, later, days):
    with held(random_book(seed)) as portfolio:
        as_of = TODAY + timedelta(days=later)
        asked = whole(portfolio, as_of, days)
        assert asked.reader.usable
        everything, _ = asked.all()
        assert [item.item for item in asked.page(count)] == [item.item for item in everything[:count]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 150))
def test_the_cache_gives_what_a_fresh_computation_gives_on_any_later_day(seed, later):
    with held(random_book(seed)) as portfolio:
        as_of = TODAY + timedelta(days=later)
        asked = whole(portfolio, as_of, 400)
        cached, _ = asked.all()
        portfolio.execute("UPDATE meta SET value = 'other code' WHERE key = 'agenda_mark'")
        fresh = whole(portfolio, as_of, 400)
        assert not fresh.reader.usable
        computed, _ = fresh.all()
        assert cached == computed


def test_another_policy_makes_the_cache_say_nothing_and_the_next_write_rebuilds_it():
    with held(random_book(1)) as portfolio:
        other = Policy(POLICY.raw, "another fingerprint")
        assert not DueReader(portfolio, other, TODAY).usable
        with portfolio.write("test", "ana", TODAY) as operation:
            operation.count = 1
            refresh(portfolio, other, TODAY, [1])
        assert DueReader(portfolio, other, TODAY).usable


def test_a_day_before_the_cache_was_made_is_computed_afresh():
    with held(random_book(2)) as portfolio:
        assert not DueReader(portfolio, POLICY, TODAY - timedelta(days=1)).usable
        assert whole(portfolio, TODAY - timedelta(days=1), 400).all()[0]


def test_refreshing_one_account_equals_refreshing_all():
    with held(random_book(3)) as portfolio:
        rows = portfolio.rows("SELECT * FROM agenda ORDER BY contract_no")
        with portfolio.write("test", "ana", TODAY) as operation:
            operation.count = 1
            for no in range(1, 31):
                refresh(portfolio, POLICY, TODAY, [no])
        assert portfolio.rows("SELECT * FROM agenda ORDER BY contract_no") == rows


def test_accounts_out_of_force_and_contracts_without_date_or_arr_have_no_agenda():
    values = [
        account(1, status="churned"), contract(1),
        account(2), contract(2, renewal_on=None),
        account(3), contract(3, arr_minor=None),
        account(4), contract(4, state="lost"),
        account(5), contract(5),
    ]  # fmt: skip
    with held(values) as portfolio:
        assert portfolio.rows("SELECT contract_no FROM agenda") == [(5,)]
        assert {item.renewal.no for item in whole(portfolio, TODAY, 400).all()[0]} == {5}


def test_the_filters_find_exactly_what_the_whole_agenda_holds():
    with held(random_book(4)) as portfolio:
        everything, _ = whole(portfolio, TODAY, 400).all()
        for owner, segment, channel in (
            ("ana", None, None), ("sofia", None, None), (None, "smb", None), (None, None, "customer"),
            ("bruno", "enterprise", "internal"),
        ):  # fmt: skip
            owners = frozenset({owner}) if owner else None
            wanted = Wanted(TODAY, TODAY + timedelta(days=400), owners, segment, channel)
            found, _ = Reading(portfolio, Asked(), wanted).all()
            assert found == [
                item
                for item in everything
                if owner in (None, item.who.person)
                and segment in (None, item.renewal.segment)
                and channel in (None, item.task.channel)
            ]
            assert in_order(found) == found


@pytest.mark.parametrize(
    ("day", "worked"), [(date(2026, 12, 25), date(2026, 12, 24)), (date(2026, 7, 4), date(2026, 7, 2))]
)
def test_the_country_calendar_is_kept_in_the_portfolio_and_read_without_the_library(day, worked):
    """4 July 2026 is a Saturday, kept on Friday the 3rd."""
    with held([account(), contract()]) as portfolio:
        assert portfolio.meta("calendar:US:2026")
        calendar = work_calendar(portfolio, POLICY, TODAY)
        from renewctl.core.dates import last_working_day

        assert last_working_day(day, calendar) == worked


def test_a_country_without_a_calendar_is_a_fault_of_the_policy():
    raw = {**POLICY.raw, "general": {**POLICY.raw["general"], "country": "ZZ"}}
    with held([account(), contract()]) as portfolio, pytest.raises(PolicyError) as error:
        work_calendar(portfolio, Policy(raw, "x"), TODAY)
    assert (error.value.code, error.value.exit_code) == ("country-unknown", 11)
    assert "'ZZ'" in error.value.message


def test_what_the_agenda_reads_is_what_the_core_says_of_each_account():
    values = random_book(5)
    more = [contract(100 + no, id=f"second-{no}", account_no=no, arr_minor=4_000_000) for no in range(1, 9)]
    with held([*values, *more]) as portfolio:
        book = load_book(portfolio)
        expected = {
            each.contract_no: (each.segment, each.band, each.opportunity, each.touch, each.owner)
            for one in book.accounts.values()
            for each in classify(one, book.contracts[one.no], book.readings[one.no], False, POLICY, TODAY, 7)
        }
        found = DueReader(portfolio, POLICY, TODAY).all(TODAY + timedelta(days=900))
        assert len(found) > 20
        for each in found:
            assert expected[each.no] == (each.segment, each.band, each.opportunity, each.touch, each.owner)


def test_a_write_for_a_far_day_leaves_the_page_quick_for_today():
    with held([account(1), contract(1), account(2), contract(2)]) as portfolio:
        far = date(2031, 1, 1)
        with portfolio.write("test", "ana", far) as operation:
            operation.count = 1
            refresh(portfolio, POLICY, far, [1])
        assert DueReader(portfolio, POLICY, TODAY).usable
        assert portfolio.meta(f"calendar:US:{TODAY.year}")
