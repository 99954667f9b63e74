"""The life of a case: legal transitions only, what brings it forward, how it ends and how it comes back."""

from datetime import UTC, date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core import (
    case_file,
    case_items,
    case_report,
    cases,
    moments,
    opening,
    plays,
    promises,
    save_clock,
    worth,
)
from renewctl.core.intake import Refusal
from renewctl.core.model import (
    CLOSED_SAVES,
    OPEN_SAVES,
    ItemState,
    Ledger,
    Offer,
    Promise,
    SaveCase,
    SaveEvent,
    Worth,
)
from renewctl.core.policy import SCENARIOS
from tests.core.test_plays import AS_OF, POLICY, account, contract, file_of, opened, policy
from tests.saves import cause_of, first_help, step_of

ORDER = ["detected", "contacted", "diagnosed", "planned", "executing", "stabilised"]
# SAV-5, SAV-6, SAV-10, in this test's own words: what may follow what.
LEGAL = set(pairwise(ORDER))
LEGAL |= {(before, end) for before in ORDER for end in ("lost", "let_go")}
LEGAL |= {("stabilised", "saved"), ("stabilised", "partly_saved"), ("stabilised", "executing")}
LEGAL |= {("saved", "detected"), ("partly_saved", "detected")}
SWITCHES = {state: "diagnosed" if state in ORDER[3:] else state for state in ORDER}


class World:
    """A case in memory: every change that the core asks for is carried out, as the store would."""

    def __init__(self, scenario="product", who=None, contracts=None):
        self.who = who or account()
        case, self.about = opened(scenario, who=self.who, contracts=contracts)
        self.file = file_of(case, self.about, self.who, {}, Ledger())
        self.on = AS_OF
        self.no = 1
        self.path = []  # (what, from, to) of every state the case was in

    def record(self, at=None):
        return cases.Recorder(self.no, self.on, at, "eva")

    def apply(self, changes):
        """Carry changes out; a refusal changes nothing."""
        if isinstance(changes, Refusal):
            return changes
        file = self.file
        for change in changes:
            ledger = file.ledger
            if change.entity == "save_case":
                file = file._replace(case=file.case._replace(**change.after))
            elif change.entity == "save_event":
                event = SaveEvent(**change.after)
                file = file._replace(ledger=ledger._replace(events=(*ledger.events, event)))
                self.no = event.no + 1
            elif change.entity == "item_state":
                kept = {key: each for key, each in file.states.items() if key != change.key[2]}
                if change.after is not None:
                    kept[change.key[2]] = ItemState(**change.after)
                file = file._replace(states=kept)
            elif change.entity == "promise":
                rows = {each.no: each for each in ledger.promises}
                old = rows.get(change.key[0])
                rows[change.key[0]] = old._replace(**change.after) if old else Promise(**change.after)
                file = file._replace(ledger=ledger._replace(promises=tuple(rows.values())))
            elif change.entity == "offer":
                offers = [each._replace(**change.after) for each in ledger.offers if each.no == change.key[0]]
                file = file._replace(ledger=ledger._replace(offers=tuple(offers)))
            else:
                file = file._replace(ledger=ledger._replace(worths=(*ledger.worths, Worth(**change.after))))
        self.file = file
        return None

    def note(self, kind, name, text="words", at=None):
        _, change = self.record().event(
            self.file.case, case_file.round_of(self.file.ledger), kind, name, text, at
        )
        self.apply([change])

    def tick(self, step, state="done"):
        cycle = case_file.round_of(self.file.ledger)
        row = ItemState("s3", 1, cycle, step, state, self.on, None, None, None, "eva")
        self.file = self.file._replace(states={**self.file.states, step: row})

    def forward(self):
        if case_file.is_open(self.file.case):
            _, changes = cases.forward(self.file, POLICY, UTC, self.record())
            self.apply(changes)

    @property
    def state(self):
        return self.file.case.state

    def upto(self, state):
        """Bring the case to an open state by facts."""
        scenario = self.file.case.scenario
        facts = {
            "contacted": lambda: self.tick(step_of("contacted", scenario, POLICY)),
            "diagnosed": lambda: self.note("cause", cause_of(scenario)),
            "planned": lambda: self.tick(step_of("planned", scenario, POLICY)),
            "executing": lambda: self.tick(first_help(scenario)),
            "stabilised": lambda: [self.note("evidence", name, f"{name} shown") for name in PROOFS],
        }
        for name in ORDER[1 : ORDER.index(state) + 1]:
            facts[name]()
            self.forward()
        assert self.state == state
        return self

    def close(self, result):
        return self.apply(cases.close(self.file, result, "", POLICY, self.record()))

    def let_go(self):
        found = worth.sheet(2_000_000, 600, 8_000, 0, 5, 1)
        _, change = worth.decide(1, self.file, found, "let_go", "not worth it", "USD", self.on, "eva")
        self.apply([change])

    def promise(self, days=10, **more):
        no = len(self.file.ledger.promises) + 1
        return self.apply(
            made
            if isinstance(
                made := promises.promise(
                    no,
                    self.file.case,
                    ("words", None, "Ana"),
                    self.on + timedelta(days),
                    self.on,
                    "eva",
                    **more,
                ),
                Refusal,
            )
            else [made[1]]
        )

    def settle(self, no, state):
        found = self.file.ledger.promises[no - 1]
        return self.apply(promises.settle(found, state, "shown", self.on, self.file.ledger.promises))

    def reopen(self, on=None, reason="worse again"):
        on = on or self.on
        flag = (on, *save_clock.clock(on, POLICY, UTC))
        return self.apply(cases.reopen(self.file, reason, flag, POLICY, self.record()))

    def switch(self, scenario, at=None):
        found = cases.switch(self.file, scenario, "found out", POLICY, self.record(at))
        return self.apply(found if isinstance(found, Refusal) else found[1])


PROOFS = ("commitment", "root_cause", "relationship")


# --- transitions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [*OPEN_SAVES, *CLOSED_SAVES])
def test_what_may_follow_a_state_is_what_the_rules_say_and_nothing_else(before):
    # SAV-5, SAV-6
    assert {after for state, after in LEGAL if state == before} == cases.LEGAL[before]


@pytest.mark.parametrize("result", CLOSED_SAVES)
@pytest.mark.parametrize("state", ORDER)
def test_a_case_ends_in_each_way_only_from_where_it_may(state, result):
    """SAV-6: saved only from stabilised; lost, or let go as was decided, from anywhere."""
    world = World().upto(state)
    world.let_go()
    refused = world.close(result)
    if (state, result) in LEGAL and result != "partly_saved":
        assert refused is None
        assert (world.state, world.file.case.closed_on) == (result, AS_OF)
    else:
        assert refused.code in ("not-saved-yet", "illegal-transition", "kept-arr-missing")
        assert world.state == state


def test_with_the_four_shown_and_the_work_not_done_a_case_is_not_saved():
    world = World()
    world.note("cause", "other")
    for name in PROOFS:
        world.note("evidence", name)
    assert [each.missing for each in cases.evidence(world.file, AS_OF)] == [""] * 4
    refused = world.close("saved")
    assert (refused.code, world.state) == ("illegal-transition", "detected")
    assert "contacted needs the step call" in refused.hint


ACTS = st.sampled_from(
    ["call", "cause", "plan", "help", "commitment", "root_cause", "relationship", "promise", "kept", "broken",
     "withdrawn", "replace", "let_go", "setback", "reopen", "later", "month",
     *(f"close {result}" for result in CLOSED_SAVES), *(f"switch {scenario}" for scenario in SCENARIOS)]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(SCENARIOS), st.lists(ACTS, max_size=40), st.booleans(), st.data())
def test_whatever_is_done_in_whatever_order_a_case_is_in_no_illegal_state(scenario, acts, ahead, data):
    """SAV-5, SAV-6, SAV-10: its events tell a legal path that ends where the case stands."""
    world = World(scenario)
    if ahead:
        world.upto("stabilised")
    for act in acts:
        before = world.state
        running = case_file.is_open(world.file.case)
        verb, _, what = act.partition(" ")
        here = world.file.case.scenario
        owed = [each.no for each in world.file.ledger.promises if each.state == "open"]
        if verb == "close":
            world.close(what)
        elif verb == "reopen":
            world.reopen()
        elif verb in ("later", "month"):
            world.on += timedelta(1 if verb == "later" else 31)
        elif verb in ("kept", "broken", "withdrawn") and owed:
            world.settle(data.draw(st.sampled_from(owed)), verb)
        elif not running:
            continue
        elif verb == "switch":
            world.switch(what)
        elif verb == "setback":
            world.apply(cases.setback(world.file, "worse", world.record()))
        elif verb == "let_go":
            world.let_go()
        elif verb == "promise":
            world.promise()
        elif verb == "cause":
            world.note("cause", cause_of(here))
        elif verb in PROOFS:
            world.note("evidence", verb)
        elif verb in ("call", "plan", "help"):
            step = {"call": "contacted", "plan": "planned"}.get(verb)
            world.tick(step_of(step, here, POLICY) if step else first_help(here))
        world.forward()
        if verb == "close" and before in CLOSED_SAVES:
            assert world.state == before
    state = "detected"
    for event in world.file.ledger.events:
        if event.kind == "state":
            assert (state, event.name) in LEGAL
            state = event.name
        elif event.kind == "scenario":
            state = SWITCHES[state]
        elif event.kind == "reopened":
            assert (state, "detected") in LEGAL
            assert event.round == case_file.round_of(Ledger(world.file.ledger.events[: event.no]))
            state = "detected"
    assert state == world.state
    assert (world.file.case.closed_on is None) == (state in ORDER)
    for step in plays.planned(world.file, POLICY, UTC):
        assert step.owner


# --- forward ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_fact_brings_a_case_to_the_next_state_with_what_showed_it(scenario):
    """SAV-2, SAV-6: call, root cause, plan, work on the customer, and the proofs."""
    world = World(scenario)
    for state in ORDER[1:]:
        world = World(scenario).upto(state)
        told = [(each.name, bool(each.text)) for each in world.file.ledger.events if each.kind == "state"]
        assert told == [(name, True) for name in ORDER[1 : ORDER.index(state) + 1]]


def test_facts_that_are_there_before_bring_a_case_on_one_state_at_a_time_once_the_way_is_open():
    world = World()
    for name in PROOFS:
        world.note("evidence", name)
    world.tick("plan")
    world.note("cause", cause_of("product"))
    world.forward()
    assert world.state == "detected"  # SAV-1: nobody has called yet
    world.note("contact", "call")
    world.forward()
    assert world.state == "planned"
    assert [each.name for each in world.file.ledger.events if each.kind == "state"] == ORDER[1:4]
    world.tick(first_help("product"))
    world.forward()
    assert world.state == "stabilised"


def test_without_its_root_cause_a_case_is_not_diagnosed_however_often_the_step_is_ticked():
    """SAV-2"""
    world = World().upto("contacted")
    world.tick(step_of("diagnosed", "product", POLICY))
    world.forward()
    assert world.state == "contacted"


@pytest.mark.parametrize("kind", ["open", "missed", "broken"])
def test_a_promise_missed_or_broken_keeps_a_case_from_being_stable_and_one_open_from_being_saved(kind):
    """SAV-9, SAV-6"""
    world = World().upto("executing")
    world.promise(days=1)
    if kind == "broken":
        world.settle(1, "broken")
    if kind == "missed":
        world.on += timedelta(2)
    for name in PROOFS:
        world.note("evidence", name)
    world.forward()
    assert world.state == ("stabilised" if kind == "open" else "executing")
    refused = world.close("saved")
    assert refused.code == "not-saved-yet"
    assert "promises: p1 is " in refused.hint
    if kind == "broken":
        world.promise(days=1, replaces=world.file.ledger.promises[0])
        world.settle(2, "kept")
    else:
        world.settle(1, "kept")
    world.forward()
    assert world.close("saved") is None


def test_after_a_setback_what_was_shown_before_is_shown_anew():
    """SAV-6: what held no longer does; the signature stays one."""
    world = World().upto("stabilised")
    assert world.apply(cases.setback(world.file, "the fix broke", world.record())) is None
    world.forward()
    assert world.state == "executing"
    lacking = [each.criterion for each in cases.evidence(world.file, AS_OF) if each.missing]
    assert lacking == ["root_cause", "relationship"]
    for name in lacking:
        world.note("evidence", name, "again")
    world.forward()
    assert world.state == "stabilised"
    assert world.close("saved") is None


@pytest.mark.parametrize("state", [*ORDER[:-1], "lost"])
def test_only_what_was_stable_falls_back(state):
    world = World().upto(state) if state in ORDER else World()
    if state == "lost":
        world.close("lost")
    assert world.apply(cases.setback(world.file, "worse", world.record())).code == "illegal-transition"


# --- the switch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ORDER)
def test_a_switch_leads_back_to_diagnosed_at_most_and_keeps_what_was_done(state):
    """SAV-2: the root cause decides the playbook; the same step is the same work, the plan is agreed anew."""
    world = World("budget").upto(state)
    done = {key for key, each in world.file.states.items() if each.state == "done"}
    plan = step_of("planned", "budget", POLICY)
    assert world.switch("value") is None
    assert (world.file.case.scenario, world.state) == ("value", SWITCHES[state])
    assert world.file.case.playbook == opening.playbook_version(POLICY.playbooks["value"])
    assert set(world.file.states) == {f"{plan}-budget" if key == plan else key for key in done}
    world.forward()
    assert world.state == SWITCHES[state]
    steps = {each.step: each.state for each in plays.steps(world.file, POLICY, UTC)}
    assert steps.get("call") == ("open" if state == "detected" else "done")
    kept = {each.step for each in case_report.Report(world.file, POLICY, UTC, AS_OF).kept}
    assert kept == {key for key in world.file.states if key not in steps}


def test_there_and_back_again_the_first_agreement_stays_and_the_second_counts():
    world = World("budget").upto("planned")
    world.switch("value")
    world.tick(step_of("planned", "value", POLICY))
    world.forward()
    assert world.switch("budget") is None
    plan = step_of("planned", "budget", POLICY)
    assert plan not in world.file.states
    world.tick(plan)
    assert world.switch("value") is None
    assert f"{plan}-budget" in world.file.states


def test_after_a_switch_steps_count_from_it_and_the_first_contact_and_the_clock_from_the_flag():
    # SAV-1, SAV-2
    world = World("budget")
    clock = world.file.case[5:9]
    world.on = AS_OF + timedelta(9)
    world.switch("product", at="2026-03-19T15:30:00Z")
    assert world.file.case[5:9] == clock
    rows = {each.step: each for each in POLICY.playbooks["product"].steps}
    for step in plays.steps(world.file, POLICY, UTC):
        play = rows[step.step]
        start = "2026-03-10T09:00:00" if step.step == "call" else "2026-03-19T15:30:00"
        if play.hours is not None:
            at = moments.instant(f"{start}Z") + timedelta(hours=play.hours)
            assert step.due_at == at.strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            assert step.due_on == date.fromisoformat(start[:10]) + timedelta(play.day)


def test_a_switch_to_the_same_playbook_or_of_a_closed_case_is_refused():
    world = World("value")
    assert world.switch("value").code == "same-scenario"
    world.close("lost")
    assert world.switch("budget").code == "save-closed"


def test_proof_of_another_root_cause_is_none_after_a_switch():
    world = World("budget").upto("stabilised")
    world.switch("value")
    shown = {each.criterion: not each.missing for each in cases.evidence(world.file, AS_OF)}
    assert shown == {"commitment": True, "root_cause": False, "relationship": True, "promises": True}


def test_a_root_cause_is_answered_by_the_playbook_its_own_names_else_by_any_that_knows_it():
    # SAV-2: "budget" may be "ROI never shown".
    for scenario, book in POLICY.playbooks.items():
        for code, cause in book.root_causes.items():
            assert cases.scenario_of(code, POLICY, scenario) == cause.scenario
    foreign = next(code for code in POLICY.playbooks["product"].root_causes if code not in
                   POLICY.playbooks["budget"].root_causes)  # fmt: skip
    assert cases.scenario_of(foreign, POLICY, "budget") in SCENARIOS
    assert cases.scenario_of("nobody-knows-it", POLICY, "budget") is None


# --- the end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", [*PROOFS, "promises", "cause"])
def test_until_each_of_the_four_is_shown_a_case_is_not_saved_and_the_missing_one_is_named(left_out):
    """SAV-6: commitment, root cause addressed, relationship up, every promise kept."""
    world = World().upto("stabilised")
    named = "root_cause" if left_out == "cause" else left_out
    if left_out == "promises":
        world.promise()
    else:
        kind, name = ("cause", cause_of("product")) if left_out == "cause" else ("evidence", left_out)
        events = [each for each in world.file.ledger.events if (each.kind, each.name) != (kind, name)]
        world.file = world.file._replace(ledger=world.file.ledger._replace(events=tuple(events)))
    refused = world.close("saved")
    assert refused.code == "not-saved-yet"
    assert refused.message.endswith("1 of the four proofs of SAV-6 missing")
    assert refused.hint.startswith(f"{named}: ")
    assert world.close("lost") is None


def test_a_cancellation_notice_that_stands_is_no_commitment_whatever_was_said():
    """SAV-6: signed, or the cancellation withdrawn."""
    world = World(who=account(cancel_notice_on=date(2026, 3, 1))).upto("stabilised")
    refused = world.close("saved")
    assert "the cancellation notice of 2026-03-01 still stands" in refused.hint
    assert "renewctl set A1 cancel_notice_date=" in refused.hint
    world.file = world.file._replace(account=world.file.account._replace(cancel_notice_on=None))
    assert world.close("saved") is None


def offer(**facts):
    blank = dict.fromkeys(Offer._fields)
    return Offer(**{**blank, "no": 1, "account_no": 1, "save_no": 3, "instrument": "ramp", "terms": "{}",
                    "asked_on": AS_OF, **facts})  # fmt: skip


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        (None, False),
        (offer(state="accepted", arr_minor=100, kept_minor=99), True),
        (offer(state="accepted", arr_minor=100, kept_minor=100), False),
        (offer(state="approved", arr_minor=100, kept_minor=99), False),
        (offer(state="accepted", arr_minor=None, kept_minor=99), False),
        (offer(state="accepted", arr_minor=100, kept_minor=None), False),
    ],
)
def test_saved_in_part_needs_what_is_kept_in_words_or_as_an_accepted_offer_of_less(offered, kept):
    world = World().upto("stabilised")
    if offered is not None:
        world.file = world.file._replace(ledger=world.file.ledger._replace(offers=(offered,)))
    refused = world.close("partly_saved")
    assert (refused is None) == kept
    if not kept:
        assert refused.code == "kept-arr-missing"
        world.note("evidence", cases.KEPT_ARR, "USD 10,000")
        assert world.close("partly_saved") is None


@pytest.mark.parametrize("decided", [None, "fight", "before"])
def test_a_customer_is_let_go_only_as_was_decided_in_this_round(decided):
    """OPP-3 and SAV: the decision is recorded before."""
    world = World()
    if decided == "before":
        world.on = AS_OF - timedelta(1)
        world.let_go()
        world.on = AS_OF
    if decided == "fight":
        world.let_go()
        found = worth.sheet(2_000_000, 600, 8_000, 0, 50, 1)
        world.apply([worth.decide(2, world.file, found, "fight", "key logo", "USD", world.on, "eva")[1]])
    refused = world.close("let_go")
    assert refused.code == "not-decided"
    assert "--decide let_go" in refused.hint
    world.let_go()
    assert world.close("let_go") is None


@pytest.mark.parametrize("result", ["lost", "let_go"])
def test_said_again_an_end_changes_nothing_and_another_one_is_refused(result):
    world = World()
    world.let_go()
    world.close(result)
    before = world.file
    world.on += timedelta(5)
    assert world.close(result) is None
    assert world.file == before
    for other in set(CLOSED_SAVES) - {result}:
        assert world.close(other).code == "save-closed"


def test_a_case_cannot_end_before_its_flag():
    world = World()
    world.on = AS_OF - timedelta(1)
    assert world.close("lost").code == "not-yet"
    world.on = AS_OF
    assert world.close("lost") is None


# --- the relapse -----------------------------------------------------------------------------------


def test_a_relapse_opens_the_next_round_with_a_new_clock_and_all_its_history():
    """SAV-10"""
    world = World(contracts=[contract(arr_minor=10_000_000)]).upto("stabilised")
    world.close("saved")
    history, states = world.file.ledger.events, world.file.states
    world.file = world.file._replace(case=world.file.case._replace(reason="too dear"))
    world.on = AS_OF + timedelta(40)
    assert world.reopen() is None
    case = world.file.case
    assert case.reason is None  # what they said then is not what they say now
    assert (case.state, case.closed_on, case.flagged_on) == ("detected", None, world.on)
    assert (case.respond_by, case.target_by) == ("2026-04-21T09:00:00Z", "2026-04-20T09:00:00Z")
    assert world.file.ledger.events[: len(history)] == history
    assert world.file.states == states  # the store hands over only those of the round
    assert case_file.round_of(world.file.ledger) == 2
    assert case_file.latest(world.file.ledger, "cause") is None
    assert case_file.findings(case, world.file.ledger) == {}
    assert [each.missing == "" for each in cases.evidence(world.file, world.on)] == [
        False,
        False,
        False,
        True,
    ]
    world.file = world.file._replace(states={})
    found = case_items.items(world.file, POLICY, UTC, world.on, date(2027, 1, 1), lambda day: day)
    assert {each.item.partition("-")[0] for each in found} == {"s3.2"}
    world.upto("stabilised")
    assert world.close("saved") is None


@pytest.mark.parametrize(("closed_on", "last_on"), [
    (date(2026, 3, 10), date(2026, 9, 10)),
    (date(2026, 8, 31), date(2027, 2, 28)),
    (date(2027, 8, 31), date(2028, 2, 29)),
])  # fmt: skip
def test_a_relapse_is_one_while_the_customer_is_watched_and_later_a_new_case(closed_on, last_on):
    """SAV-10: six months of raised attention."""
    world = World().upto("stabilised")
    world.on = closed_on
    world.close("saved")
    saved = world.file
    assert case_items.attention_until(closed_on, POLICY) == last_on
    for on in (closed_on - timedelta(1), last_on + timedelta(1)):
        assert world.reopen(on).code == "relapse-out-of-time"
    for on in (closed_on, last_on):
        world.file = saved
        assert world.reopen(on) is None


@pytest.mark.parametrize("state", [*ORDER, "lost"])
def test_only_a_customer_that_was_kept_can_relapse(state):
    world = World().upto(state) if state in ORDER else World()
    if state == "lost":
        world.close("lost")
    assert world.reopen().code == "illegal-transition"


def test_a_closed_case_says_how_to_go_on():
    world = World().upto("stabilised")
    world.close("saved")
    assert "renewctl save reopen s3" in cases.closed_refusal(world.file.case).hint
    lost = world.file.case._replace(state="lost")
    assert "reopen" not in cases.closed_refusal(lost).hint
    assert cases.ahead(world.file, POLICY) is None


def test_what_comes_next_is_named_for_every_state():
    for state, word in zip(ORDER, ["call", "why", "plan", "work", "evidence"], strict=False):
        world = World().upto(state)
        name, how = cases.ahead(world.file, POLICY)
        assert name == ORDER[ORDER.index(state) + 1]
        assert word in how
    assert cases.ahead(World().upto("stabilised").file, POLICY) is None


# --- owners ----------------------------------------------------------------------------------------


def test_a_step_is_owned_by_hand_then_by_the_cases_team_then_by_the_rules_then_by_the_coordinator():
    """SAV-5: one owner per step, always."""
    rules = policy(team={"engineering": "Rui Costa"})
    world = World()
    who = lambda step, role: plays.owner_of(world.file, rules, step, role)  # noqa: E731
    assert who("feasibility", "engineering") == ("Rui Costa", False)
    assert who("roadmap", "product_manager") == ("Ana Prado", True)
    world.note("team", "engineering", "Paulo")
    assert who("feasibility", "engineering") == ("Paulo", False)
    world.note("team", "engineering", "Sofia")
    assert who("feasibility", "engineering") == ("Sofia", False)
    world.file = world.file._replace(given={"feasibility": "Marta"})
    assert who("feasibility", "engineering") == ("Marta", False)
    bare = World(who=account(csm=None))
    bare.file = bare.file._replace(renewal=bare.file.renewal._replace(owner=None))
    assert plays.owner_of(bare.file, POLICY, "call", "csm") == ("eva", True)


def test_a_case_is_one_row_and_its_events_and_nothing_is_lost_on_the_way():
    world = World().upto("stabilised")
    world.close("saved")
    assert isinstance(world.file.case, SaveCase)
    assert [each.no for each in world.file.ledger.events] == list(range(1, world.no))


def test_a_step_given_to_somebody_by_hand_is_theirs_and_the_others_of_its_role_are_not():
    """SAV-5"""
    world = World()
    before = {each.step: (each.owner, each.owner_role) for each in plays.steps(world.file, POLICY, UTC)}
    world.file = world.file._replace(given={"call": "Marta"})
    after = {each.step: (each.owner, each.owner_role) for each in plays.steps(world.file, POLICY, UTC)}
    assert after == {**before, "call": ("Marta", before["call"][1])}
