"""The agenda of contracts: which items, in which order, and what closing them does."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.agenda import ContractAgenda
from renewctl.core.bounds import Bounds, Terms, recurring_from
from renewctl.core.due import BY_DAY, DEADLINE, DueContract, in_order, item_id, tie
from renewctl.core.timeline import Planner, anchor
from tests.book import POLICY, TODAY, WEEKDAYS, state

FOREVER = date(2100, 1, 1)


def order(item):
    """The sort key of the agenda as one tuple: a total order that no input order can change (AGENDA)."""
    return item.rank, item.task.clock, item.due_on, (*tie(item.renewal), item.task.place, item.task.step)


def due_contract(no=1, **given):
    base = DueContract(
        no, f"K{no}", no, f"A{no}", f"Account {no}", TODAY + timedelta(days=200), None, None, TODAY,
        "planned", 1, None, 12_000_000, 12_000_000, "enterprise", "green", "flat", "negotiated", 0, "ana",
        "csm", "ana", None, None, None, None,
    )  # fmt: skip
    return base._replace(**given)


def terms(contract):
    anchor_on, name = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    return Terms(
        contract.segment, contract.segment_arr_minor, contract.renewal_on, anchor_on,
        name == "opt_out_deadline", contract.planned_from_on, contract.cycle, contract.won_on,
        contract.value_from_on,
    )  # fmt: skip


def untouched(contract):
    notice = contract.notice_days if contract.auto_renew else None
    return (
        contract.segment, contract.segment_arr_minor, contract.renewal_on, notice, contract.planned_from_on,
        contract.value_from_on,
    )  # fmt: skip


def items(contract, as_of=TODAY, states=None, until=FOREVER):
    agenda = ContractAgenda(POLICY, Planner(POLICY, WEEKDAYS), as_of)
    return agenda.items(contract, states or {}, until)


def steps(found):
    return {item.task.step for item in found}


contracts = st.builds(
    lambda no, lead, arr, segment, auto, notice, band, opportunity, won, stage, value: due_contract(
        no,
        renewal_on=TODAY + timedelta(days=lead),
        arr_base_minor=arr,
        segment_arr_minor=arr,
        segment=segment,
        auto_renew=auto,
        notice_days=notice,
        band=band,
        opportunity=opportunity,
        won_on=TODAY - timedelta(days=3) if won else None,
        cycle=2 if won else 1,
        stage=stage,
        value_from_on=TODAY if value else None,
    ),
    st.integers(1, 50),
    st.integers(-40, 400),
    st.integers(0, 50_000_000),
    st.sampled_from(["enterprise", "mid_market", "smb"]),
    st.sampled_from([0, 1, None]),
    st.sampled_from([None, 0, 30, 90]),
    st.sampled_from(["green", "yellow", "red", None]),
    st.sampled_from(["flat", "expansion", "at_risk"]),
    st.booleans(),
    st.sampled_from(["planned", "notified", "contract_sent"]),
    st.booleans(),
)
done_steps = st.sets(
    st.sampled_from(
        ["notice", "proposal", "catch-up", "opt-out", "opt-out-30", "collect-health", "value-mail-2026-04"]
    )
)


@given(contracts, st.integers(0, 200), st.integers(0, 200), done_steps)
def test_a_wider_horizon_is_a_superset(contract, near, more, closed):
    states = {step: state(step=step) for step in closed}
    small = items(contract, states=states, until=TODAY + timedelta(days=near))
    large = items(contract, states=states, until=TODAY + timedelta(days=near + more))
    assert {item.item for item in small} <= {item.item for item in large}
    assert {item.item for item in small} == {
        item.item for item in large if item.due_on <= TODAY + timedelta(days=near)
    }


@given(contracts, st.integers(0, 500))
def test_every_item_has_one_owner_one_channel_an_id_of_its_own_and_falls_inside_the_window(contract, days):
    # OWN
    found = items(contract, until=TODAY + timedelta(days=days))
    assert len({item.item for item in found}) == len(found)
    for item in found:
        assert item.who.person == "ana"
        assert item.task.channel in ("internal", "customer")
        assert item.due_on <= TODAY + timedelta(days=days)
        assert item.work_on <= item.due_on


@given(st.lists(contracts, max_size=6, unique_by=lambda each: each.no), st.randoms())
def test_input_order_is_irrelevant(book, random):
    found = [item for contract in book for item in items(contract)]
    shuffled = found[:]
    random.shuffle(shuffled)
    assert in_order(shuffled) == in_order(found) == sorted(found, key=order)


@settings(max_examples=300)
@given(
    contracts,
    st.integers(0, 300),
    done_steps,
    st.sampled_from(["green", None]),
    st.booleans(),
    st.sampled_from(["flat", "expansion", "at_risk"]),
)
def test_the_kept_bound_is_never_later_than_any_item(contract, later, closed, band, guard, opportunity):
    """Whatever day it is asked on, and whatever the health has become since."""
    states = {step: state(step=step) for step in closed}
    states["value-review"] = state(
        step="value-review", state="snoozed", until_on=TODAY + timedelta(days=later)
    )
    bounds = Bounds(Planner(POLICY, WEEKDAYS))
    bound = bounds.next_due_on(terms(contract), states)
    if contract.won_on is None:
        assert bounds.untouched(*untouched(contract)) == bounds.next_due_on(terms(contract), {})
    changed = contract._replace(guard=int(guard), opportunity=opportunity, band=band)
    if contract.band is not None and band is None:
        changed = changed._replace(band="red")  # readings fade, they do not vanish
    for found in (
        items(contract, TODAY + timedelta(days=later), states),
        items(changed, TODAY + timedelta(days=later), states),
    ):
        assert all(bound <= item.due_on for item in found)


def test_a_contract_past_its_date_is_one_item_and_no_more():
    found = items(due_contract(renewal_on=TODAY - timedelta(days=1), won_on=TODAY, cycle=2, band=None))
    assert steps(found) == {"past-due"}
    assert found[0].due_on == TODAY - timedelta(days=1)
    assert found[0].status == "overdue"
    assert items(found[0].renewal, states={"past-due": state(step="past-due")}) == []


def test_on_the_renewal_day_itself_the_plan_still_stands():
    assert "past-due" not in steps(items(due_contract(renewal_on=TODAY)))


def test_an_opt_out_deadline_within_14_days_outranks_everything_by_day():
    # ANCHOR, AGENDA
    contract = due_contract(renewal_on=TODAY + timedelta(days=44), auto_renew=1, notice_days=30)
    first = in_order(items(contract))
    assert [(each.task.step, each.rank) for each in first[:2]] == [
        ("opt-out-14", DEADLINE),
        ("opt-out", DEADLINE),
    ]
    assert [each.due_on for each in first[:2]] == [TODAY, TODAY + timedelta(days=14)]
    farther = contract._replace(renewal_on=TODAY + timedelta(days=45))
    assert next(i for i in items(farther) if i.task.step == "opt-out").rank == BY_DAY


def test_an_opt_out_deadline_is_an_item_30_and_14_days_before_and_on_the_day():
    """TERMS: the real last day to act; the later notice takes the place of the one before."""
    contract = due_contract(renewal_on=TODAY + timedelta(days=150), auto_renew=1, notice_days=60)
    deadline_on = TODAY + timedelta(days=90)

    def notices(left, **states):
        found = items(contract, deadline_on - timedelta(days=left), {
            name.replace("_", "-"): state(step=name) for name in states
        })  # fmt: skip
        return {
            item.task.step: (deadline_on - item.due_on).days for item in found if item.task.kind == "notice"
        }

    assert notices(89) == {"opt-out-30": 30, "opt-out-14": 14}
    assert notices(60) == {"opt-out-30": 30, "opt-out-14": 14, "opt-out": 0}
    assert notices(15) == {"opt-out-30": 30, "opt-out-14": 14, "opt-out": 0}
    assert notices(14) == {"opt-out-14": 14, "opt-out": 0}
    assert notices(14, opt_out_14=1) == {"opt-out": 0}
    assert notices(40, opt_out=1) == {}
    assert notices(-1) == {"opt-out": 0}


def test_the_page_of_deadlines_goes_by_the_deadline_and_not_by_the_notice():
    near, far = (
        due_contract(no, renewal_on=TODAY + timedelta(days=left + 30), auto_renew=1, notice_days=30,
                     planned_from_on=TODAY - timedelta(days=60))
        for no, left in ((1, 3), (2, 5))
    )  # fmt: skip
    ranked = [item for item in in_order(items(near) + items(far)) if item.rank == DEADLINE]
    assert [item.renewal.no for item in ranked] == [1, 1, 2, 2]


def test_recurring_work_that_was_missed_is_one_item_until_it_is_done():
    """VAL: from the day it began; closing it closes what it stands for."""
    contract = due_contract(renewal_on=TODAY + timedelta(days=400), value_from_on=TODAY)
    later = TODAY + timedelta(days=100)
    mails = [item for item in items(contract, later) if item.task.step.startswith("value-mail")]
    owed = [item for item in mails if item.due_on <= later]
    assert len(owed) == 1
    assert len(owed[0].task.covers) == 3  # on the 6th of each month
    assert len({item.due_on for item in mails}) == len(mails)
    assert all(item.task.channel == "customer" and item.subject == "a1" for item in mails)
    closed = {step: state(step=step) for step in (owed[0].task.step, *owed[0].task.covers)}
    assert [item for item in items(contract, later, closed) if item.task.kind == "value"] == [
        item for item in items(contract, later)
        if item.task.kind == "value" and (item.due_on > later or item.task.step.startswith("qbr"))
    ]  # fmt: skip


def test_a_contract_that_renewed_by_itself_says_so_once_it_is_past_its_date():
    past = due_contract(renewal_on=TODAY - timedelta(days=1), auto_renew=1, notice_days=30)
    [item] = items(past)
    assert "renewctl roll" in item.task.title
    for other in (past._replace(cancelled=1), past._replace(notice_days=None), past._replace(auto_renew=0)):
        [item] = items(other)
        assert "roll" not in item.task.title


def test_a_document_counts_once_work_on_the_renewal_has_begun_and_not_before_the_last_win():
    """The work of an enterprise renewal begins 150 days before it at the earliest."""
    contract = due_contract(renewal_on=TODAY + timedelta(days=100))
    assert "build-proposal" in steps(items(contract))

    def rendered(days_ago, **given):
        return contract._replace(papers=(("proposal", TODAY - timedelta(days=days_ago)),), **given)

    assert "build-proposal" not in steps(items(rendered(50)))
    assert "build-proposal" in steps(items(rendered(51)))
    assert "build-proposal" in steps(items(rendered(10, won_on=TODAY - timedelta(days=9), cycle=2)))


def test_a_step_waits_for_what_it_builds_on_until_that_is_closed():
    contract = due_contract(planned_from_on=TODAY - timedelta(days=90))
    waiting = {item.task.step: item.task.waits_for for item in items(contract)}
    assert waiting["contract"] == ("final-terms", "approvals")
    closed = {"approvals": state(step="approvals")}
    waiting = {item.task.step: item.task.waits_for for item in items(contract, states=closed)}
    assert waiting["contract"] == ("final-terms",)


def test_a_step_given_to_somebody_is_theirs_and_no_other_is():
    contract = due_contract()
    agenda = ContractAgenda(POLICY, Planner(POLICY, WEEKDAYS), TODAY)
    found = agenda.items(contract, {}, FOREVER, {"notice": "rui"})
    plain = agenda.items(contract, {}, FOREVER)
    changed = [(one.task.step, one.who) for one, other in zip(found, plain, strict=True) if one != other]
    assert changed == [("notice", ("rui", "csm", False))]


def test_an_opt_out_deadline_that_has_passed_no_longer_goes_first():
    contract = due_contract(renewal_on=TODAY + timedelta(days=20), auto_renew=1, notice_days=30)
    item = next(i for i in items(contract) if i.task.step == "opt-out")
    assert (item.rank, item.status) == (BY_DAY, "overdue")
    assert "has passed" in item.task.title


def test_a_catch_up_covers_what_was_due_before_the_record_and_shrinks_as_that_is_done():
    # LATE, TML-1
    contract = due_contract(renewal_on=TODAY + timedelta(days=50))
    catch_up = next(item for item in items(contract) if item.task.step == "catch-up")
    assert catch_up.due_on == TODAY + timedelta(days=2)
    assert "notice" in catch_up.task.covers
    less = next(item for item in items(contract, states={"notice": state()}) if item.task.step == "catch-up")
    assert set(catch_up.task.covers) - set(less.task.covers) == {"notice"}
    closed = {step: state(step=step) for step in ("catch-up", *catch_up.task.covers)}
    assert "catch-up" not in steps(items(contract, states=closed))
    assert not steps(items(contract)) & set(catch_up.task.covers)


def test_later_misses_stay_overdue_one_by_one():
    # LATE
    contract = due_contract(renewal_on=TODAY + timedelta(days=100))
    found = items(contract, as_of=TODAY + timedelta(days=50))
    overdue = {item.task.step for item in found if item.status == "overdue"}
    assert {"notice", "value-review", "catch-up"} <= overdue


def test_a_day_before_the_record_counts_as_the_day_of_the_record():
    # LATE
    contract = due_contract(renewal_on=TODAY + timedelta(days=50))
    before = TODAY - timedelta(days=30)  # 80 days before the renewal
    found = items(contract, as_of=before)
    catch_up = next(item for item in found if item.task.step == "catch-up")
    assert catch_up.due_on == before + timedelta(days=2)
    assert "notice" in steps(found)


@pytest.mark.parametrize("closing", ["done", "skipped"])
def test_a_closed_step_is_gone_and_a_snoozed_one_comes_back_on_its_day(closing):
    contract = due_contract()
    assert "notice" in steps(items(contract))
    assert "notice" not in steps(items(contract, states={"notice": state(state=closing)}))
    until_on = contract.renewal_on - timedelta(days=50)
    snoozed = {"notice": state(state="snoozed", until_on=until_on)}
    back = next(item for item in items(contract, states=snoozed) if item.task.step == "notice")
    assert back.due_on == until_on


def test_steps_after_a_signature_follow_the_win_of_the_cycle_before():
    contract = due_contract(won_on=TODAY, cycle=2, renewal_on=TODAY + timedelta(days=365))
    thanks = {item.item: item for item in items(contract)}["1-thank"]
    assert thanks.due_on == TODAY + timedelta(days=1)
    assert {item.item for item in items(contract)} >= {"1.2-notice"}
    assert "thank" not in steps(items(contract, states={"thank@1": state(step="thank")}))


def test_too_few_readings_ask_for_health():
    assert "collect-health" in steps(items(due_contract(band=None)))
    assert "collect-health" not in steps(items(due_contract(band="red")))


def test_ids_are_short_and_name_cycle_and_step():
    assert item_id("12", 1, "notice") == "12-notice"
    assert item_id("12", 2, "notice") == "12.2-notice"
    assert item_id("s3", 1, "call") == "s3-call"


def test_steps_of_other_roles_go_to_the_csm_as_delegate_until_the_team_names_them():
    legal = next(item for item in items(due_contract()) if item.task.role == "legal")
    assert legal.who == ("ana", "legal", True)


def test_only_an_answer_to_this_cycle_quiets_the_reminders_of_an_smb_renewal():
    renewal_on = TODAY + timedelta(days=65)
    smb = due_contract(segment="smb", segment_arr_minor=500_000, renewal_on=renewal_on)
    first_word = renewal_on - timedelta(days=60)
    assert "escalate-7" in steps(items(smb))
    assert "escalate-7" in steps(items(smb._replace(replied_on=first_word - timedelta(days=1))))
    assert "escalate-7" not in steps(items(smb._replace(replied_on=first_word)))


def test_the_clocks_of_saves_go_by_the_instant_they_run_out():
    one = items(due_contract(1))[0]
    early, late = (
        one._replace(rank=1, task=one.task._replace(clock=f"2026-03-04T{hour}:00Z")) for hour in ("08", "09")
    )
    nearer = late._replace(renewal=due_contract(2, renewal_on=TODAY + timedelta(days=5)))
    assert in_order([nearer, early]) == [early, nearer] == sorted([nearer, early], key=order)


@settings(max_examples=25)
@given(st.lists(contracts, min_size=2, max_size=5), st.lists(st.integers(-90, 0), min_size=5, max_size=5))
def test_what_an_agenda_and_its_bounds_remember_of_one_contract_never_colours_the_next(book, replied):
    agenda, bounds = (
        ContractAgenda(POLICY, Planner(POLICY, WEEKDAYS), TODAY),
        Bounds(Planner(POLICY, WEEKDAYS)),
    )
    said = zip(book * 2, replied * 2, strict=False)
    for contract in [one._replace(replied_on=TODAY + timedelta(days=days)) for one, days in said]:
        assert agenda.items(contract, {}, FOREVER) == items(contract)
        plan = untouched(contract)
        assert bounds.untouched(*plan) == Bounds(Planner(POLICY, WEEKDAYS)).untouched(*plan)


def test_the_bound_moves_on_as_the_steps_after_a_signature_are_closed():
    table = POLICY.raw["timelines"]["enterprise"]
    days = {name: row["after_days"] for name, row in table.items() if row.get("trigger") == "won"}
    assert len(days) > 1
    renewal_on = TODAY + timedelta(days=365)
    plan = Terms("enterprise", 12_000_000, renewal_on, renewal_on, False, TODAY, 2, TODAY)
    states = {}
    for name in sorted(days, key=days.__getitem__):
        bound = Bounds(Planner(POLICY, WEEKDAYS)).next_due_on(plan, states)
        assert bound == TODAY + timedelta(days=days[name])
        states[f"{name}@1"] = state(step=f"{name}@1")
    rest = Bounds(Planner(POLICY, WEEKDAYS)).next_due_on(plan, states)
    assert rest > TODAY + timedelta(days=max(days.values()))


def test_a_catch_up_of_which_every_step_was_done_by_itself_is_no_longer_owed():
    contract = due_contract(renewal_on=TODAY + timedelta(days=50))
    covered = next(item for item in items(contract) if item.task.step == "catch-up").task.covers
    states = {step: state(step=step) for step in covered}
    assert "catch-up" not in steps(items(contract, states=states))
    states.pop(covered[0])
    left = next(item for item in items(contract, states=states) if item.task.step == "catch-up")
    assert left.task.covers == covered[:1]


ties = st.builds(
    lambda no, days, arr: due_contract(no, renewal_on=TODAY + timedelta(days=days), arr_base_minor=arr),
    st.integers(1, 9),
    st.integers(0, 2),
    st.sampled_from([None, 0, 1, 500]),
)


@given(st.lists(ties, max_size=6))
def test_ties_go_to_the_nearer_renewal_then_the_larger_known_arr_then_the_id(book):
    # AGENDA
    for one, other in pairwise(sorted(book, key=tie)):
        assert one.renewal_on <= other.renewal_on
        if one.renewal_on == other.renewal_on:
            assert (one.arr_base_minor is None) <= (other.arr_base_minor is None)
            if None not in (one.arr_base_minor, other.arr_base_minor):
                assert one.arr_base_minor >= other.arr_base_minor
            if one.arr_base_minor == other.arr_base_minor:
                assert one.id <= other.id


def test_what_becomes_late_after_a_catch_up_was_closed_brings_it_back():
    """LATE: nothing falls between a catch-up that was done and steps that only now became late."""
    contract = due_contract(renewal_on=TODAY + timedelta(days=50))
    catch_up = next(item for item in items(contract) if item.task.step == "catch-up")
    states = {step: state(step=step) for step in ("catch-up", *catch_up.task.covers)}
    earlier = contract._replace(renewal_on=TODAY + timedelta(days=35))
    again = next(item for item in items(earlier, states=states) if item.task.step == "catch-up")
    assert again.task.covers
    assert not set(again.task.covers) & set(states)
    put_off = states | {
        "catch-up": state(step="catch-up", state="snoozed", until_on=TODAY + timedelta(days=9))
    }
    later = next(item for item in items(earlier, states=put_off) if item.task.step == "catch-up")
    assert later.due_on == TODAY + timedelta(days=9)


def test_recurring_work_that_was_put_off_keeps_what_has_been_missed_since():
    """VAL: one item of a kind, on the day it comes back, whatever the window."""
    contract = due_contract(renewal_on=TODAY + timedelta(days=400), value_from_on=TODAY)
    later = TODAY + timedelta(days=45)
    first, second = "value-mail-2026-03", "value-mail-2026-04"
    states = {first: state(step=first, state="snoozed", until_on=later + timedelta(days=9))}
    for days, wanted in ((5, []), (20, [(first, later + timedelta(days=9), (second,))])):
        found = items(contract, later, states, later + timedelta(days=days))
        mails = [each for each in found if each.task.step in (first, second)]
        assert [(each.task.step, each.due_on, each.task.covers) for each in mails] == wanted


@given(
    st.lists(st.integers(-400, 400), min_size=1, max_size=4),
    st.integers(-90, 0),
    st.integers(-450, 450),
)
def test_one_contract_at_a_time_carries_what_comes_back(ends, since, on):
    """VAL: the next to renew that is not past its date, from the day after the one before it."""
    day, latest = TODAY + timedelta(days=on), TODAY + timedelta(days=since)
    renewals = [(TODAY + timedelta(days=end), no) for no, end in enumerate(ends, 1)]
    carried = recurring_from(renewals, latest)
    assert sorted((until, no) for no, _, until in carried) == sorted(renewals)
    ahead = sorted((renewal_on, no) for renewal_on, no in renewals if renewal_on >= day)
    past = [renewal_on for renewal_on, _ in renewals if renewal_on < day]
    found = next(((no, from_on) for no, from_on, until in carried if until >= day), None)
    assert (found and found[0]) == (ahead[0][1] if ahead else None)
    if found:
        assert found[1] == max([latest, *(each + timedelta(days=1) for each in past)])


def test_a_renewal_on_the_last_day_there_is_does_not_break_the_count():
    """VAL"""
    assert recurring_from([(date.max, 1), (date.max, 2)], TODAY) == [
        (1, TODAY, date.max),
        (2, date.max, date.max),
    ]
