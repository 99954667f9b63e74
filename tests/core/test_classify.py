"""Both roads of classification agree on every value, whatever the facts and their order."""

from copy import deepcopy
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.classify import Classified, Facts, all_lost, classification, classify, main_contract
from renewctl.core.model import Account, Contract, Reading
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW

DAY = date(2026, 3, 1)


def a_policy(**general):
    raw = deepcopy(dict(RAW))
    raw["general"].update(general)
    return Policy(raw)


SHARED, APART = a_policy(), a_policy(value_scope="contract")
blank = dict.fromkeys(Account._fields)
ARR = [None, 0, 9_999_99, 10_000_00, 24_999_99, 25_000_00, 49_999_99, 50_000_00, 99_999_99, 100_000_00]
people = st.sampled_from([None, "Ann", "Bob"])


def maybe(low, high):
    return st.one_of(st.none(), st.integers(low, high))


accounts = st.builds(
    lambda **facts: Account(**{**blank, **facts}),
    no=st.just(1),
    id=st.just("A1"),
    name=st.just("Acme"),
    search_name=st.just("acme"),
    currency=st.sampled_from([None, "USD", "BRL"]),
    csm=people,
    sales_owner=people,
    specialist=people,
    strategic=st.integers(0, 1),
    segment_override=st.sampled_from([None, None, "enterprise", "smb", "unheard-of"]),
    expansion_minor=maybe(0, 30_000_00),
    growth_rate=st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.2, 0.35])),
    seats_purchased=maybe(0, 20),
    seats_used=maybe(0, 20),
    champion_gone=st.integers(0, 1),
    cancel_notice_on=st.sampled_from([None, None, DAY]),
    competitor=st.sampled_from([None, None, "Rival"]),
    ticket_severity=st.sampled_from([None, 1, 3]),
    ticket_severity_on=st.sampled_from([None, DAY, DAY - timedelta(days=20)]),
    early_on=st.sampled_from([None, None, DAY]),
    recorded_on=st.just(DAY),
    source=st.just("accounts.csv"),
    source_line=st.just(2),
)


def a_contract(no, **facts):
    known = {"no": no, "id": f"C{no}", "account_no": 1, "stage": "planned", "cycle": 1, "implied": 0}
    return Contract(**{**dict.fromkeys(Contract._fields), **known, "recorded_on": DAY, **facts})


contracts = st.lists(
    st.builds(
        a_contract,
        st.integers(1, 9),
        arr_minor=st.one_of(st.sampled_from(ARR), st.integers(0, 200_000_00)),
        currency=st.sampled_from([None, "USD", "BRL", "JPY"]),
        renewal_on=st.one_of(st.none(), st.integers(-30, 300).map(lambda days: DAY + timedelta(days=days))),
        auto_renew=st.sampled_from([None, 0, 1]),
        payment_on_file=st.sampled_from([None, 0, 1]),
        state=st.sampled_from(["open", "open", "open", "lost", "superseded"]),
    ),
    max_size=4,
    unique_by=lambda each: each.no,
)


def a_reading(age, **inputs):
    read_on = DAY - timedelta(days=age)
    return Reading(**{**dict.fromkeys(Reading._fields), "account_no": 1, "read_on": read_on, **inputs})


readings = st.lists(
    st.builds(
        a_reading,
        st.integers(-5, 150),
        usage_trend=maybe(-60, 40),
        open_tickets=maybe(0, 9),
        csat=maybe(1, 5),
        nps=maybe(-100, 100),
        engagement=maybe(0, 100),
        relationship=maybe(0, 100),
        score=st.one_of(st.none(), st.none(), st.integers(0, 100)),
    ),
    max_size=2,
    unique_by=lambda each: each.read_on,
)
policies = st.sampled_from([SHARED, APART])


@given(accounts, contracts, readings, st.booleans(), policies, st.sampled_from([0, 99, 100, 500]))
def test_the_quick_road_and_the_reasoned_road_agree(account, found, read, saving, policy, volume):
    for row in classify(account, found, read, saving, policy, DAY, volume):
        facts = Facts(account, found, read, saving, volume, row.contract_no)
        why = classification(facts, policy, DAY)
        assert why.values == row
        assert why.segment.value == row.segment
        assert (why.health.value, why.health_detail.score) == (row.band, row.score)
        assert why.health_detail.guard == row.guard
        assert why.opportunity.value == row.opportunity
        assert why.touch.value == row.touch
        assert (why.owner.value, why.owner_detail.role) == (row.owner, row.owner_role)
        assert all(verdict.because for verdict in why.verdicts().values())


@given(accounts, contracts, readings, st.booleans(), policies, st.randoms())
def test_the_order_of_facts_is_irrelevant(account, found, read, saving, policy, chance):
    before = set(classify(account, found, read, saving, policy, DAY, 0))
    chance.shuffle(found)
    chance.shuffle(read)
    assert set(classify(account, found, read, saving, policy, DAY, 0)) == before


@given(accounts, contracts, readings, policies)
def test_each_open_contract_is_classified_once(account, found, read, policy):
    rows = classify(account, found, read, False, policy, DAY, 0)
    opened = [each.no for each in found if each.state == "open"]
    assert [row.contract_no for row in rows] == (opened or [None])
    assert all(isinstance(row, Classified) and row.account_no == 1 for row in rows)


@given(accounts, contracts, readings)
def test_one_segment_for_the_whole_account_unless_contracts_stand_alone(account, found, read):
    rows = classify(account, found, read, False, SHARED, DAY, 0)
    assert len({row.segment for row in rows}) == 1
    known = [row.arr_base_minor for row in rows if row.arr_base_minor is not None]
    assert rows[0].account_arr_base_minor == (sum(known) if known else None)


def test_contracts_are_summed_or_stand_alone_as_the_policy_says():
    account = Account(**{**blank, "no": 1, "id": "A", "name": "A", "currency": "USD", "csm": "Ann"})
    two = [a_contract(1, arr_minor=60_000_00, state="open"), a_contract(2, arr_minor=40_000_00, state="open")]
    together = classify(account, two, (), False, SHARED, DAY, 0)
    assert [row.segment for row in together] == ["enterprise", "enterprise"]
    apart = classify(account, two, (), False, APART, DAY, 0)
    assert [row.segment for row in apart] == ["mid_market", "mid_market"]


@pytest.mark.parametrize("arr", ARR)
def test_the_thresholds_of_segment_and_owner_hold_to_the_cent(arr):
    account = Account(
        **{
            **blank,
            "no": 1,
            "id": "A",
            "name": "A",
            "csm": "Cora",
            "sales_owner": "Saul",
            "specialist": "Spiro",
        }
    )
    (row,) = classify(account, [a_contract(1, arr_minor=arr, state="open")], (), False, SHARED, DAY, 0)
    if arr is None:
        assert (row.segment, row.owner) == (None, "Cora")
        return
    expected = "enterprise" if arr >= 100_000_00 else "mid_market" if arr >= 10_000_00 else "smb"
    assert row.segment == expected
    assert row.owner == ("Spiro" if arr < 10_000_00 else "Cora" if arr < 50_000_00 else "Saul")


def test_the_main_contract_is_the_next_one_due():
    late, soon = a_contract(1, renewal_on=DAY, state="lost"), a_contract(2, renewal_on=DAY, state="open")
    undated = a_contract(3, state="open")
    assert main_contract([late, undated, soon]) == soon
    assert main_contract([undated]) == undated
    assert main_contract([late]) is None


@given(st.lists(st.sampled_from(["open", "lost", "superseded"]), max_size=5))
def test_an_account_is_lost_when_it_had_contracts_of_its_own_and_kept_none(states):
    found = [a_contract(no, state=state) for no, state in enumerate(states, 1)]
    assert all_lost(found) is ("lost" in states and "open" not in states)
