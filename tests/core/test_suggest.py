"""SAV-1, SAV-2: which saves are suggested, by which scenario, and which of them wait."""

from copy import deepcopy
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.classify import Facts
from renewctl.core.health_past import Record, Replay
from renewctl.core.health_spells import flagged
from renewctl.core.model import Activity, ItemState, Outcome, SaveCase
from renewctl.core.policy import Policy
from renewctl.core.signs import Spell, read
from renewctl.core.suggest import board, suggest
from renewctl.core.triggers import Past, Terms, score_now, signs, unsettled
from tests.book import POLICY, account, contract
from tests.core.health_oracle import a_reading

DAY = date(2026, 3, 2)
EVER = date.max


def ago(days):
    return DAY - timedelta(days=days)


def changed(**saves):
    raw = deepcopy(POLICY.raw)
    for path, value in saves.items():
        table, _, key = path.partition("__")
        raw["saves"][table][key] = value
    return Policy(raw, repr(saves))


def terms(no=1, renewal_on=date(2026, 9, 1), from_on=date(2025, 1, 1), **given):
    blank = {"state": "open", "stage": "planned", "cycle": 1, "auto_renew": 0, "notice_days": None}
    rest = {"planned_from_on": date(2025, 1, 1), "won_on": None}
    return Terms(from_on=from_on, renewal_on=renewal_on, **{**blank, **rest, **given})


def past(readings=(), spells=None, contracts=None, versions=None, **lists):
    who = account(1, **lists.pop("facts", {}))
    contracts = [contract(1)] if contracts is None else contracts
    versions = (
        {each.no: [terms(each.no, each.renewal_on)] for each in contracts} if versions is None else versions
    )
    given = {name: lists.get(name, []) for name in ("cases", "outcomes", "done", "heard")}
    return Past(who, contracts, Record(who, readings, (), {}, None, spells or {}), versions, **given)


def suggested(of, said=None, policy=POLICY, day=DAY):
    row = Facts(of.account, of.contracts, of.record.readings, False, 0).row(policy, day)
    return suggest(of, row, policy, day, said)


LATELY, BEFORE, LONG_BEFORE, FORMERLY = ago(10), ago(20), ago(40), ago(60)


def case(state="saved", opened_on=FORMERLY, closed_on=LONG_BEFORE, **given):
    values = dict.fromkeys(SaveCase._fields)
    values |= {"no": 1, "account_no": 1, "scenario": "product", "state": state, "flagged_at": ""}
    values |= {"flagged_on": opened_on, "respond_by": "", "opened_on": opened_on, "closed_on": closed_on}
    return SaveCase(**(values | given))


def outcome(result="lost", closed_on=LATELY, **given):
    values = dict.fromkeys(Outcome._fields)
    values |= {
        "no": 1,
        "account_no": 1,
        "contract_no": 1,
        "cycle": 1,
        "closed_on": closed_on,
        "result": result,
    }
    return Outcome(**(values | given))


def done(step="notice", set_on=BEFORE, cycle=1):
    return ItemState("1", 1, cycle, step, "done", set_on, None, None, None, "ana")


def heard(kind, on, contract_no=None):
    return Activity(1, 1, contract_no, on, kind, "", None, "ana")


# --- the triggers ------------------------------------------------------------------------------------

inputs = st.fixed_dictionaries(
    {},
    optional={
        "usage_trend": st.integers(-33, -27),
        "open_tickets": st.integers(3, 7),
        "csat": st.sampled_from([2.4, 2.5, 2.6]),
    },
)
courses = st.dictionaries(st.integers(0, 200), inputs, max_size=5)


@given(courses, st.integers(0, 150))
def test_a_reading_speaks_from_its_day_until_the_next_or_until_it_is_too_old(course, back):
    """SAV-1: usage −30 % in 90 days, 5 open tickets, CSAT 2.5; on any day, by the rule's text."""
    readings = [a_reading(ago(days), **read) for days, read in course.items()]
    day = ago(back)
    wanted = set()
    for name, over in (
        ("usage_trend", lambda value: value <= -30),
        ("open_tickets", lambda value: value >= 5),
        ("csat", lambda value: value <= 2.5),
    ):
        known = [each for each in readings if each.read_on <= day and getattr(each, name) is not None]
        last = max(known, key=lambda each: each.read_on, default=None)
        if last is not None and over(getattr(last, name)) and (day - last.read_on).days < 120:
            wanted.add((name, last.read_on))
    found = [each for each in signs(past(readings), POLICY) if each.from_on <= day <= each.to_on]
    assert {(each.trigger, each.seen_on) for each in found} == wanted
    assert all(each.since <= each.seen_on for each in found)


def test_a_reading_of_the_last_day_there_is_speaks_to_it():
    [found] = read([a_reading(date.max, csat=2.0)], POLICY)
    assert (found.from_on, found.to_on) == (date.max, date.max)


def test_since_when_a_run_of_bad_readings_lasts_is_told():
    readings = [a_reading(ago(90), csat=2.0), a_reading(ago(30), csat=2.2), a_reading(ago(60), csat=4.0)]
    assert suggested(past(readings)).flagged_on == ago(30)
    readings = [a_reading(ago(90), csat=2.0), a_reading(ago(30), csat=2.2)]
    assert suggested(past(readings)).flagged_on == ago(90)


FACTS = {
    "cancel_notice_on": ("cancel_notice", "investigate", "SAV-1"),
    "champion_gone": ("champion_gone", "champion_departure", "SAV-D"),
    "competitor": ("competitor", "competitive", "SAV-C"),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_on_record_speaks_while_it_stands(name):
    """SAV-1: a cancel notice, a champion gone, a competitor named."""
    trigger, scenario, rule = FACTS[name]
    value = ago(5) if name == "cancel_notice_on" else 1 if name == "champion_gone" else "Rival"
    found = suggested(past(spells={name: [Spell(ago(5), EVER, value)]}, facts={name: value}))
    assert (found.scenario, found.flagged_on) == (scenario, ago(5))
    assert [(each.trigger, each.because.rule) for each in found.because] == [(trigger, rule)]
    assert suggested(past(spells={name: [Spell(ago(9), ago(2), value)]})) is None


def test_a_score_that_fell_is_a_trigger_and_its_culprit_names_the_scenario():
    """HLT-3, SAV-1: a score under 50; the input that cost most speaks for the playbook."""
    found = suggested(past([a_reading(ago(3), usage_trend=0, engagement=40, relationship=5)]))
    assert [each.trigger for each in found.because] == ["score"]
    assert (found.scenario, found.flagged_on) == ("relationship", ago(3))
    assert found.why.observed == f"relationship weighs most: relationship 5 ({ago(3)})"


def test_a_champion_who_is_gone_is_named_where_it_is_known_who_it_was():
    """SAV-D: a person to ask after, and not only that somebody left."""
    spells = {"champion_gone": [Spell(ago(5), EVER, 1)]}
    for champion, gone, said in (("Joe", 1, ": Joe"), (None, 1, ""), ("Ada", 0, "")):
        found = suggested(past(spells=spells, facts={"champion": champion, "champion_gone": gone}))
        assert found.because[0].because.observed == f"the champion is gone{said}"


@given(st.dictionaries(st.integers(0, 150), st.integers(0, 100), max_size=5))
def test_the_score_speaks_today_exactly_where_its_spells_of_the_past_reach_today(scores):
    readings = [a_reading(ago(days), score=score) for days, score in scores.items()]
    replay = Replay(Record(account(1), readings), POLICY, DAY)
    now = score_now(replay)
    spans = flagged(replay, ago(300))
    standing = [begin for begin, end in spans if end == DAY]
    assert ([] if now is None else [now.since]) == standing


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, 14),
        ({"heard": [heard("reply", ago(10))]}, None),
        ({"heard": [heard("note", ago(10))]}, 14),
        ({"heard": [heard("reply", ago(25))]}, 14),  # before the notice
        ({"heard": [heard("call", ago(3))]}, None),
        ({"heard": [heard("reply", ago(10), 9)]}, 14),  # about another contract
        ({"versions": {1: [terms(auto_renew=1)]}}, None),
        ({"versions": {1: [terms(stage="negotiating", from_on=ago(2))]}}, None),
        ({"versions": {}}, None),
        ({"outcomes": [outcome("won", ago(3))]}, None),
        ({"done": [done("review")]}, None),
        ({"done": [done(set_on=ago(13))]}, None),
        ({"done": [done(set_on=ago(14))]}, 14),
    ],
)
def test_fourteen_days_without_an_answer_to_the_formal_notice_speak(given, on):
    """SAV-1: silence after a formal notice, answered by whatever the customer says."""
    of = past(**{"done": [done()], **given})
    found = [each for each in signs(of, POLICY) if each.from_on <= DAY <= each.to_on]
    assert [each.trigger for each in found] == ([] if on is None else ["silence"])
    if found:
        assert found[0].from_on == of.done[0].set_on + timedelta(days=14)


@pytest.mark.parametrize(
    ("given", "missed"),
    [
        ({}, True),
        ({"stage": "negotiating"}, False),
        ({"stage": "odd"}, True),
        ({"auto_renew": 1}, False),
        ({"state": "lost"}, False),
        ({"renewal_on": None}, False),
        ({"renewal_on": DAY + timedelta(days=23)}, True),  # 30 before, and 7 days more
        ({"renewal_on": DAY + timedelta(days=24)}, False),
        ({"planned_from_on": ago(9)}, True),  # caught up 2 days later, and 7 days more
        ({"planned_from_on": ago(8)}, False),
    ],
)
def test_a_stage_that_the_plan_had_for_a_day_long_past_is_missed(given, missed):
    """SAV-1, TRK: nothing shows that the customer has answered, a week after the plan's last step to it."""
    version = terms(**{"renewal_on": DAY + timedelta(days=20), **given})
    of = past(contracts=[contract(1)], versions={1: [version]})
    found = [each for each in signs(of, POLICY) if each.from_on <= DAY <= each.to_on]
    assert [each.trigger for each in found] == (["stage"] if missed else [])


@pytest.mark.parametrize("shown", [{"done": [done("objections")]}, {"heard": [heard("call", ago(3))]}])
def test_what_shows_a_stage_speaks_against_its_being_missed(shown):
    of = past(versions={1: [terms(renewal_on=DAY + timedelta(days=20))]}, **shown)
    assert suggested(of) is None
    assert suggested(of._replace(done=[], heard=[])).scenario == "investigate"


def test_an_account_without_arr_or_a_segment_without_such_steps_misses_no_stage():
    late = {1: [terms(renewal_on=DAY + timedelta(days=5))]}
    assert suggested(past(contracts=[contract(1, arr_minor=None)], versions=late)) is None
    smb = past(contracts=[contract(1, arr_minor=300_000)], versions=late)
    assert suggested(smb) is None
    assert suggested(past(versions=late), policy=changed(triggers__stages=[])) is None


# --- the scenario ------------------------------------------------------------------------------------


def everything():
    spells = {"competitor": [Spell(ago(9), EVER, "Rival")], "champion_gone": [Spell(ago(9), EVER, 1)]}
    return past([a_reading(ago(3), csat=1, usage_trend=-60)], spells)


def test_the_stated_reason_comes_first_and_then_the_order_of_the_policy():
    """SAV-2: stated reason, champion, competitive, product, relationship, budget, value."""
    found = suggested(everything())
    assert (found.scenario, found.others) == ("champion_departure", ("competitive", "product", "value"))
    found = suggested(everything(), "the price is too high")
    assert (found.scenario, found.stated) == ("budget", "the price is too high")
    assert found.others == ("champion_departure", "competitive", "product", "value")
    assert found.because[0].trigger == "stated_reason"
    assert suggested(everything(), "we do not like it").scenario == "champion_departure"


def test_an_unknown_reason_is_for_finding_out_first():
    """SAV-2: no playbook, and so no discount of one, until somebody knows why."""
    notice = past(spells={"cancel_notice_on": [Spell(ago(1), EVER, ago(1))]})
    for said in (None, "we are leaving"):
        found = suggested(notice, said)
        assert (found.scenario, found.urgency, found.why.rule) == ("investigate", "high", "SAV-2")
    weak = notice._replace(record=notice.record._replace(readings=[a_reading(ago(3), score=30, nps=0)]))
    assert suggested(weak).scenario == "investigate"


def test_a_reason_on_record_counts_for_half_a_year():
    two = [contract(1, state="lost"), contract(2)]
    lost = past(contracts=two, outcomes=[outcome(reason="pricing", told_on=ago(20), lost_on=ago(30))])
    found = suggested(lost)
    assert (found.scenario, found.because[0].trigger, found.flagged_on) == (
        "budget",
        "stated_reason",
        ago(20),
    )
    assert suggested(past(contracts=two, outcomes=[outcome(reason="pricing", closed_on=ago(190))])) is None
    assert suggested(past(contracts=two, outcomes=[outcome(reason="no idea")])) is None
    assert suggested(past(contracts=two, outcomes=[outcome()])) is None
    again = past([a_reading(ago(3), csat=1)], cases=[case("lost", reason="the price")])
    assert suggested(again).scenario == "budget"


def test_a_severe_ticket_names_the_playbook_and_opens_nothing_by_itself():
    severe = {"ticket_severity": 1, "ticket_severity_on": ago(2)}
    assert suggested(past(facts=severe)) is None
    assert suggested(past([a_reading(ago(3), usage_trend=-60)], facts=severe)).scenario == "product"


def test_urgency_is_the_playbooks_and_high_for_notices_and_enterprise_accounts():
    value = [a_reading(ago(3), usage_trend=-31, score=80)]
    assert suggested(past(value)).urgency == "high"  # enterprise
    small = [contract(1, arr_minor=2_000_000)]
    assert suggested(past(value, contracts=small)).urgency == "medium"
    notice = {"cancel_notice_on": [Spell(ago(1), EVER, ago(1))]}
    given = {"cancel_notice_on": ago(1)}
    assert suggested(past(value, notice, contracts=small, facts=given)).urgency == "high"


def test_a_person_runs_saves_from_five_thousand_of_arr_on():
    """SAV-1: below it a light touch; what is unknown is looked at by a person."""
    bad = [a_reading(ago(3), csat=1)]
    for arr, person in ((499_999, False), (500_000, True), (None, True)):
        assert suggested(past(bad, contracts=[contract(1, arr_minor=arr)])).person is person


# --- what is settled, and what waits -----------------------------------------------------------------


def test_what_was_known_when_a_save_was_closed_is_settled_by_that():
    """SAV-1: a closed case is not suggested again on the old evidence, and is on new."""
    gone = {"champion_gone": [Spell(ago(100), EVER, 1)]}
    closed = [case(closed_on=ago(40))]
    assert suggested(past(spells=gone, cases=closed)) is None
    new = past([a_reading(ago(3), csat=1)], gone, cases=closed)
    assert [each.trigger for each in suggested(new).because] == ["csat"]
    assert suggested(past(spells=gone, cases=[case(closed_on=ago(100))])) is None
    assert suggested(past(spells=gone, cases=[case(closed_on=ago(101))])) is not None


def test_a_renewal_that_was_won_settles_what_came_before_where_it_was_the_only_one():
    gone = {"champion_gone": [Spell(ago(100), EVER, 1)]}
    won = [outcome("won", ago(50))]
    assert suggested(past(spells=gone, outcomes=won)) is None
    assert suggested(past(spells=gone, outcomes=won, contracts=[contract(1), contract(2)])) is not None


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=6), st.lists(st.integers(0, 99)))
def test_a_sign_ends_the_day_before_the_first_settlement_since_it_was_seen(spans, days):
    spells = {
        "competitor": [Spell(ago(100 - a), ago(100 - a) + timedelta(days=b), "Rival") for a, b in spans]
    }
    of = past(spells=spells, cases=[case(closed_on=ago(100 - day)) for day in days])
    kept = unsettled(signs(of, POLICY), of)
    for back in range(0, 101, 7):
        day = ago(back)
        wanted = [
            spell
            for spell in spells["competitor"]
            if spell.from_on <= day <= spell.to_on
            and not any(spell.from_on <= ago(100 - closed) <= day for closed in days)
        ]
        assert len([each for each in kept if each.from_on <= day <= each.to_on]) == len(wanted)


def many(count, **given):
    found = []
    for no in range(count):
        of = past([a_reading(ago(3), csat=1)], contracts=[contract(1, arr_minor=(no + 6) * 100_000)], **given)
        found.append(suggested(of._replace(account=of.account._replace(id=f"A{no:02}"))))
    return found


def test_nobody_is_handed_more_than_the_policys_number_of_cases():
    """SAV-1: open cases count, the largest ARR comes first, and a notice never waits."""
    told = board(many(12), {"ana": 3}, POLICY, DAY)
    assert [each.past.account.id for each in told.suggestions] == ["A11", "A10", "A09", "A08", "A07"]
    assert [each.suggestion.past.account.id for each in told.waiting] == [
        f"A{no:02}" for no in range(6, -1, -1)
    ]
    assert all("ana has 8" in each.why and each.until_on is None for each in told.waiting)
    nobodys = [each._replace(csm=None) for each in many(9)]
    [one] = board(nobodys, {}, POLICY, DAY).waiting
    assert one.why == "8 without a CSM come first; 8 at a time"
    notice = suggested(past(spells={"cancel_notice_on": [Spell(ago(1), EVER, ago(1))]}))
    told = board([*many(12), notice], {"ana": 8}, POLICY, DAY)
    assert [each.scenario for each in told.suggestions] == ["investigate"]


def test_every_suggestion_is_made_or_held_exactly_once():
    found = [
        *many(9),
        *many(1, cases=[case("detected", closed_on=None)]),
        *many(1, cases=[case(closed_on=ago(4))]),
    ]
    told = board(found, {}, POLICY, DAY)
    assert (len(told.suggestions), len(told.waiting), len(told.cooling), told.running) == (8, 1, 1, 1)
    assert told.cooling[0].until_on == DAY + timedelta(days=26)


def test_after_a_case_was_closed_no_other_is_suggested_for_thirty_days():
    """SAV-1: the cool-down; new evidence waits for its end."""
    for days, cooling in ((4, 1), (30, 1), (31, 0)):
        of = past([a_reading(ago(3), csat=1)], cases=[case(closed_on=ago(days))])
        assert len(board([suggested(of)], {}, POLICY, DAY).cooling) == cooling
