"""ROL: an audit's counts add up, a difference of policies can be replayed, a pilot's figures are counted."""

from copy import deepcopy
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.agenda import ContractAgenda
from renewctl.core.audit import SLICINGS, audit
from renewctl.core.classify import classify
from renewctl.core.dates import WorkCalendar
from renewctl.core.owners import Owner
from renewctl.core.pilot import Reached, pilot
from renewctl.core.policy import Policy
from renewctl.core.policy_diff import View, policy_diff
from renewctl.core.team import Renewing, planned_work
from renewctl.core.timeline import Planner
from renewctl.policies.shipped import RAW
from renewctl.store.due import Heard, due_contracts
from tests import book as b

DAY = b.TODAY
NOTHING = Heard(*({} for _ in Heard._fields))


def with_policy(**tables):
    raw = deepcopy(dict(RAW))
    for name, keys in tables.items():
        for key, value in keys.items():
            at, path = raw[name], key.split("__")
            for part in path[:-1]:
                at = at[part]
            at[path[-1]] = value
    return Policy(raw)


POLICY = Policy(RAW)
OTHERS = [
    POLICY,
    with_policy(segments={"enterprise__at_least": 60_000}),
    with_policy(segments={"mid_market__at_least": 4_000}, ownership={"model": "sales"}),
    with_policy(ownership={"model": "csm"}),
    with_policy(health={"bands__green": 90, "bands__yellow": 80}),
    with_policy(timelines={"mid_market__notice__days": 50, "enterprise__notice__title": "Say it"}),
    with_policy(timelines={"enterprise__legal__enabled": False, "smb__check-in__channel": "internal"}),
    with_policy(touch={"assisted_below": 100_000}, team={"legal": "Lena"}, rates={"CHF": "1.1"}),
    with_policy(agenda={"catch_up_days": 5}),
]
facts = st.fixed_dictionaries(
    {
        "arr_minor": st.sampled_from(
            [None, 0, 5_000_00, 9_500_00, 30_000_00, 70_000_00, 96_000_00, 300_000_00]
        ),
        "ahead": st.one_of(st.none(), st.integers(-30, 300)),
        "auto_renew": st.sampled_from([None, 0, 1]),
        "notice_days": st.sampled_from([None, 30, 60]),
        "csm": st.sampled_from([None, "ana", "rui"]),
        "sales_owner": st.sampled_from([None, "sofia"]),
        "currency": st.sampled_from(["USD", "EUR", "CHF"]),
        "read": st.sampled_from([None, 20.0, 55.0, 85.0]),
        "early": st.integers(0, 150),
        "expansion_minor": st.sampled_from([None, 20_000_00]),
    }
)
books = st.lists(facts, max_size=8)


def renewals_of(rows, policy):
    """Open renewals of a book of one contract an account, classified under a policy."""
    found = []
    for no, row in enumerate(rows, 1):
        account = b.account(
            no, csm=row["csm"], sales_owner=row["sales_owner"], currency=row["currency"],
            expansion_minor=row["expansion_minor"],
        )  # fmt: skip
        renewal_on = None if row["ahead"] is None else DAY + timedelta(days=row["ahead"])
        contract = b.contract(
            no, renewal_on=renewal_on, arr_minor=row["arr_minor"], currency=row["currency"],
            auto_renew=row["auto_renew"], notice_days=row["notice_days"],
            planned_from_on=DAY - timedelta(days=row["early"]),
        )  # fmt: skip
        readings = [] if row["read"] is None else [b.reading(no, **dict.fromkeys(("score",), row["read"]))]
        classified = classify(account, [contract], readings, False, policy, DAY, 0)
        due = due_contracts(account, [contract], [contract], classified, policy, NOTHING, DAY)
        found.append(Renewing(account, contract, classified[0], due[0] if due else None, {}, 0))
    return found


def agenda_under(policy):
    return ContractAgenda(policy, Planner(policy, WorkCalendar("", frozenset())), DAY)


def items_of(renewals, policy):
    agenda = agenda_under(policy)
    return [item for each in renewals if each.due for item in agenda.items(each.due, {}, date.max)]


# --- audit ----------------------------------------------------------------------------------------------


@given(books, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=40)
def test_every_slicing_of_an_audit_adds_up_to_the_book(rows, bare, outside):
    """ROL: month 1."""
    renewals = renewals_of(rows, POLICY)
    agenda = agenda_under(POLICY)
    works = planned_work(renewals, (), agenda, DAY + timedelta(days=90))
    others = [b.account(100 + at) for at in range(bare)]
    found = audit(renewals, others, outside, works, [], agenda)
    assert found.accounts == len(rows) + bare + outside
    assert (found.renewals, found.bare, found.outside) == (len(rows), bare, outside)
    base = sum(each.row.arr_base_minor or 0 for each in renewals)
    for name in SLICINGS:
        parts = found.slices[name]
        assert sum(part.renewals for part in parts) == sum(part.accounts for part in parts) == len(rows)
        assert sum(part.arr_base_minor for part in parts) == found.arr_base_minor == base
        assert len({part.value for part in parts}) == len(parts)
    near = [work for work in works if work.item.due_on <= DAY + timedelta(days=30)]
    month = found.month
    assert (month.items, month.minutes) == (len(near), sum(work.minutes for work in near))
    assert sum(share.steps for share in found.shares) == len(near)
    assert month.unowned == sum(1 for work in near if work.item.who.person is None)
    assert sum(items for _, items, _ in month.people) == month.items
    assert {person: minutes for person, _, minutes in month.people} == {
        person: sum(work.minutes for work in near if work.item.who.person == person)
        for person in {work.item.who.person for work in near}
    }
    codes = {each.code: {entry.contract_id for entry in each.entries} for each in found.misfits}

    def those(holds):
        return {f"K{no}" for no, row in enumerate(rows, 1) if holds(row)}

    assert codes.get("arr-unknown", set()) == those(lambda row: row["arr_minor"] is None)
    assert codes.get("currency-without-rate", set()) == those(
        lambda row: row["arr_minor"] is not None and row["currency"] == "CHF"
    )
    assert codes.get("renewal-date-unknown", set()) == those(lambda row: row["ahead"] is None)
    assert codes.get("past-due", set()) == those(lambda row: row["ahead"] is not None and row["ahead"] < 0)
    assert codes.get("notice-unknown", set()) == those(
        lambda row: row["auto_renew"] == 1 and row["notice_days"] is None
    )
    assert codes.get("health-unknown", set()) == those(lambda row: row["read"] is None)
    assert codes.get("unowned", set()) == {each.contract.id for each in renewals if each.row.owner is None}
    assert len(codes.get("no-contract", ())) == (1 if bare else 0)


def one(**given):
    usual = {
        "arr_minor": 30_000_00, "ahead": 100, "auto_renew": 0, "notice_days": None, "csm": "ana",
        "sales_owner": None, "currency": "USD", "read": 85.0, "early": 0, "expansion_minor": None,
    }  # fmt: skip
    return {**usual, **given}


def misfits(rows, people=(), policy=POLICY):
    renewals, agenda = renewals_of(rows, policy), agenda_under(policy)
    found = audit(renewals, [], 0, [], people, agenda).misfits
    return {each.code: [entry.detail for entry in each.entries] for each in found}


def test_a_book_in_order_has_no_misfits():
    """ROL."""
    assert misfits([one(early=60)]) == {}


def test_an_override_that_may_fit_better_is_suggested_once_an_account():
    """SEG-1: 96,000 with 20,000 of expansion ahead."""
    found = misfits([one(arr_minor=96_000_00, expansion_minor=20_000_00, sales_owner="sofia", early=60)])
    assert [
        detail.startswith("run it as enterprise: ARR USD 96,000") for detail in found["override-suggested"]
    ] == [True]


def test_an_enterprise_contract_that_renews_by_itself_is_a_mismatch_and_so_are_many_small_ones_by_hand():
    """TCH-4."""
    big = one(arr_minor=300_000_00, auto_renew=1, notice_days=30, ahead=400, sales_owner="sofia")
    assert misfits([big])["touch-mismatch"] == ["an enterprise contract that renews by itself"]
    few = with_policy(touch={"many_by_hand": 2})
    small = [one(arr_minor=5_000_00)] * 2
    assert misfits(small, policy=few)["smb-by-hand"] == ["look at automation from 2"]
    assert "smb-by-hand" not in misfits(small[:1], policy=few)


def test_late_and_squeezed_starts_are_told_apart():
    """TML-1: enterprise recorded 40 days before is squeezed, 100 days before only late."""
    late = one(arr_minor=300_000_00, ahead=100, sales_owner="sofia")
    assert "late-start" in misfits([late])
    assert "squeezed" not in misfits([late])
    assert misfits([{**late, "ahead": 40}])["squeezed"] == ["40 days were left when it was recorded"]
    lone = misfits([one(arr_minor=5_000_00, ahead=59)])
    assert any(detail.endswith("smb") for detail in lone["late-start"])


def test_a_person_with_too_much_is_a_misfit():
    """TRK."""
    from renewctl.core.model import Because

    busy = Owner(
        "ana", ("csm",), 120, 0, 120, 0, 0, 0, 0, 0, (Because("TRK", "120 accounts", "at most 100"),)
    )
    calm = busy._replace(person="rui", over=())
    assert misfits([one(early=60)], [busy, calm]) == {"overloaded": ["120 accounts, at most 100"]}


# --- difference -----------------------------------------------------------------------------------------


@given(books, st.sampled_from(OTHERS))
@settings(max_examples=25)
def test_a_policy_does_not_differ_from_itself(rows, policy):
    """ROL."""
    renewals = renewals_of(rows, policy)
    view = View(renewals, items_of(renewals, policy))
    again = renewals_of(rows, policy)
    found = policy_diff(view, View(again, items_of(again, policy)))
    assert found.accounts == ()
    assert found.unchanged == len(rows)
    assert {*found.counts.values(), *found.steps.values()} == {0}


@given(books, st.sampled_from(OTHERS), st.sampled_from(OTHERS))
@settings(max_examples=60)
def test_what_is_told_of_a_difference_leads_from_the_old_plan_to_the_new_one(rows, old, new):
    """ROL: every account whose segment, band, owner, steps or dates change, and no other."""
    was, now = renewals_of(rows, old), renewals_of(rows, new)
    items = items_of(was, old), items_of(now, new)
    found = policy_diff(View(was, items[0]), View(now, items[1]))

    def decided(each):
        row = each.row
        owner = f"{row.owner} ({row.owner_role})" if row.owner else "unowned"
        return {
            "segment": row.segment, "band": row.band, "opportunity": row.opportunity, "touch": row.touch,
            "owner": owner,
        }  # fmt: skip

    told = {(each.account_id, d.what): (d.before, d.after) for each in found.accounts for d in each.decisions}
    pairs = [(a.account.id, decided(a), decided(c)) for a, c in zip(was, now, strict=True)]
    assert told == {
        (no, what): (one[what], two[what]) for no, one, two in pairs for what in one if one[what] != two[what]
    }
    plan = {item.item: (item.due_on, item.who.person) for item in items[0]}
    for account in found.accounts:
        for step in account.steps:
            if step.kind == "added":
                assert step.item not in plan
                plan[step.item] = (step.after_on, "?")
            elif step.kind == "removed":
                assert plan.pop(step.item)[0] == step.before_on
            elif step.kind == "moved":
                assert plan[step.item][0] == step.before_on
                plan[step.item] = (step.after_on, plan[step.item][1])
            elif step.kind == "handed":
                assert step.before != step.after
    assert {name: day for name, (day, _) in plan.items()} == {item.item: item.due_on for item in items[1]}
    changed = {each.account_id for each in found.accounts}
    assert len(changed) + found.unchanged == len(rows)
    assert found.counts == {
        kind: sum(1 for _, one, two in pairs if one[kind] != two[kind]) for kind in found.counts
    }


def test_who_gets_a_step_and_what_it_says_are_told():
    """ROL: the sponsor's mail goes from one person to another, in other words."""
    rows = [one(arr_minor=300_000_00, ahead=200, sales_owner="sofia")]
    policy = with_policy(
        ownership={"model": "csm"}, timelines={"enterprise__notice__title": "Say it"}, team={"legal": "Lena"}
    )
    was, now = renewals_of(rows, POLICY), renewals_of(rows, policy)
    [found] = policy_diff(View(was, items_of(was, POLICY)), View(now, items_of(now, policy))).accounts
    steps = {(step.item, step.kind): (step.before, step.after) for step in found.steps}
    assert steps["1-notice", "handed"] == ("sofia", "ana")
    assert steps["1-notice", "changed"] == (
        "customer: Send the formal renewal notice to all stakeholders",
        "customer: Say it",
    )
    assert steps["1-legal", "handed"] == ("ana", "Lena")
    role = with_policy(timelines={"enterprise__review__role": "finance"})
    again = renewals_of(rows, role)
    [found] = policy_diff(View(was, items_of(was, POLICY)), View(again, items_of(again, role))).accounts
    assert [(s.item, s.kind, s.before, s.after) for s in found.steps] == [
        ("1-review", "handed", "csm", "finance")
    ]


def test_items_of_an_account_without_a_renewal_are_told_too():
    """ROL: the steps of a save after its only contract ended."""
    from tests.work import work

    item = work(7, "call", kind="save").item
    [found] = policy_diff(View([], []), View([], [item])).accounts
    assert (found.account_id, [step.kind for step in found.steps]) == ("A7", ["added"])


# --- pilot ----------------------------------------------------------------------------------------------

START = date(2026, 1, 1)
reached = st.builds(
    lambda segment, ahead, closed, won, atr, kept, minutes: Reached(
        segment,
        START + timedelta(days=ahead),
        None if closed is None else START + timedelta(days=ahead + closed),
        won and closed is not None,
        atr,
        min(kept, atr or 0) if won else 0,
        minutes,
    ),
    st.sampled_from(["smb", "mid_market", None]),
    st.integers(-400, 80),
    st.one_of(st.none(), st.integers(-20, 20)),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 10**6)),
    st.integers(0, 2 * 10**6),
    st.integers(0, 600),
)
PILOT = with_policy(pilot={"segment": "smb", "started_on": START.isoformat()})


@given(st.lists(reached, max_size=12))
def test_a_pilot_is_compared_with_the_rest_and_with_its_own_year_before(rows):
    """ROL: month 3, against a baseline."""
    found = pilot(rows, {"smb": 3, "mid_market": 4, None: 1}, PILOT, DAY)
    spans = {
        "pilot": (START, DAY, True), "rest": (START, DAY, False),
        "baseline": (date(2025, 1, 1), date(2025, 12, 31), True),
        "rest_baseline": (date(2025, 1, 1), date(2025, 12, 31), False),
    }  # fmt: skip
    assert [each.name for each in found.groups] == list(spans)
    assert [each.overdue for each in found.groups] == [3, 5, None, None]
    for each in found.groups:
        first, last, mine = spans[each.name]
        came = [row for row in rows if first <= row.due_on <= last and (row.segment == "smb") == mine]
        decided = [row for row in came if row.closed_on]
        assert (each.from_on, each.to_on) == (first, last)
        assert (each.reached, each.decided) == (len(came), len(decided))
        assert each.won == sum(row.won for row in decided)
        assert each.on_time == sum(1 for row in came if row.won and row.closed_on <= row.due_on)
        assert each.minutes == sum(row.minutes for row in came)
        rates = [(row.kept_minor, row.atr_minor) for row in decided if row.atr_minor is not None]
        assert (each.kept_minor, each.atr_minor) == (sum(k for k, _ in rates), sum(a for _, a in rates))
        assert each.kept_minor <= each.atr_minor
        assert each.valued == len(rates)
        if each.atr_minor:
            assert 0 <= Fraction(each.kept_minor, each.atr_minor) <= 1


@pytest.mark.parametrize(
    ("segment", "started", "count", "words"),
    [
        ("enterprise", "2026-01-01", 20, ["the pilot runs in enterprise"]),
        ("smb", "2026-01-01", 19, ["renewals reached so far: 19"]),
        ("smb", "2026-01-01", 20, []),
        ("mid_market", "2026-04-01", 0, ["the pilot begins on 2026-04-01"]),
    ],
)
def test_a_pilot_in_enterprise_or_too_small_to_tell_is_warned_of(segment, started, count, words):
    """ROL: mid-market or SMB, not enterprise."""
    policy = with_policy(pilot={"segment": segment, "started_on": started})
    rows = [Reached(segment, START, START, True, 100, 100, 0)] * count
    assert [each.observed for each in pilot(rows, {}, policy, DAY).warnings] == words


def test_without_a_pilot_there_is_nothing_to_compare():
    """ROL."""
    assert pilot([], {}, POLICY, DAY) == (None, None, (), ())
