"""What the customer is told of a save: steps beside promises, what slipped, what they owe (SAV-8, SAV-9)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.model import ItemState, Offer
from renewctl.core.save_news import Ask, progress
from tests.core.test_plays import AS_OF, POLICY, policy
from tests.core.test_save_papers import FLAGGED, event, promise, report

BOOK = {play.step: play for play in POLICY.playbooks["product"].steps}
TOLD = {key: play.told for key, play in BOOK.items() if play.told}


def marked(step, state="done", days=-1, until=None):
    blank = dict.fromkeys(ItemState._fields)
    on, back = AS_OF + timedelta(days=days), AS_OF + timedelta(days=until) if until else None
    row = {"subject": "s3", "cycle": 1, "step": step, "state": state, "set_on": on, "until_on": back}
    return ItemState(**{**blank, **row, "reason": "ours alone"})


def closed(found, state):
    """The report of the case once it has ended."""
    case = found.file.case._replace(state=state, closed_on=AS_OF - timedelta(days=1))
    return type(found)(found.file._replace(case=case), found.policy, found.zone, found.as_of)


def by_state(found):
    """Step -> done | planned | slipped | untold."""
    told = {each.step: each.state for each in (*found.done, *found.late, *found.ahead) if each.step}
    return told | dict.fromkeys(found.untold, "untold")


def with_steps(found, *states):
    """The report with these steps marked."""
    file = found.file._replace(states={each.step: each for each in states})
    return type(found)(file, found.policy, found.zone, found.as_of)


def written(days, name="weekly-update"):
    return event(90, "paper", name, "en", AS_OF + timedelta(days=days))


def offer(state, condition="Sign for a year"):
    return Offer(
        **{**dict.fromkeys(Offer._fields), "no": 1, "state": state, "condition": condition, "asked_on": AS_OF}
    )


def test_steps_with_words_for_the_customer_are_told_once_they_are_done_and_others_never():
    """SAV-9: what was done since the last word, in the words meant for them."""
    steps = [marked("problem", days=-1), marked("workaround", days=-9), marked("tickets"), marked("together")]
    found = progress(with_steps(report([written(-7)]), *steps))
    assert [(each.text, each.settled_on) for each in found.done] == [
        (TOLD["problem"], AS_OF - timedelta(days=1))
    ]
    everything = progress(with_steps(report(), *steps))
    assert {each.text for each in everything.done} == {TOLD["problem"], TOLD["workaround"]}


@given(st.sets(st.sampled_from(sorted(BOOK))), st.integers(0, 40), st.booleans())
def test_nothing_but_the_words_meant_for_the_customer_is_told_of_any_step(done, after, wrote):
    """SAV-8: no title, no proof, no reason of ours; each step at most once."""
    events = [written(-14)] if wrote else []
    at = report(events, as_of=FLAGGED + timedelta(days=after))
    found = progress(with_steps(at, *(marked(each, days=-20) for each in sorted(done))))
    told = [each.text for each in (*found.done, *found.late, *found.ahead)]
    assert set(told) <= set(TOLD.values())
    assert len(told) == len(set(told))
    assert not {TOLD[each] for each in done if each in TOLD} & {each.text for each in found.ahead}
    assert all(each.due_on >= at.as_of for each in found.ahead)
    assert all(each.due_on < at.as_of for each in found.late)


def test_a_step_that_a_fact_closed_is_told_on_the_day_of_the_fact():
    called = event(1, "contact", "call", None, FLAGGED + timedelta(days=1))
    fix = promise(1, 20)._replace(chain="fix", made_on=AS_OF - timedelta(days=3))
    fixable = event(2, "finding", "fixable", "yes", AS_OF - timedelta(days=5))
    dates = event(3, "finding", "fix-dates", "soon", AS_OF - timedelta(days=4))
    found = progress(report([called, fixable, dates], [fix]))
    days = {each.text: each.settled_on for each in found.done}
    assert days[TOLD["call"]] == FLAGGED + timedelta(days=1)
    assert days[TOLD["dates"]] == AS_OF - timedelta(days=3)


def test_a_step_that_its_answers_closed_is_told_on_the_day_of_the_last_one():
    raw = POLICY.raw
    steps = raw["playbooks"]["product"]["steps"]
    own = {**steps, "tickets": {**steps["tickets"], "told": "Your tickets, read"}}
    rules = type(POLICY)(
        {**raw, "playbooks": {**raw["playbooks"], "product": {**raw["playbooks"]["product"], "steps": own}}},
        "t",
    )
    said = [
        event(1, "finding", "ticket-age", "old", AS_OF - timedelta(days=6)),
        event(2, "finding", "answered-in-time", "no", AS_OF - timedelta(days=2)),
    ]
    [told] = progress(report(said, rules_=rules)).done
    assert (told.text, told.settled_on) == ("Your tickets, read", AS_OF - timedelta(days=2))


def test_what_is_planned_up_to_the_next_update_is_told_and_else_what_comes_first():
    """SAV-9: next steps with their days."""
    early = progress(report(as_of=FLAGGED))
    assert {each.state for each in early.ahead} == {"planned"}
    assert [each.due_on for each in early.ahead] == sorted(each.due_on for each in early.ahead)
    assert early.ahead[-1].due_on <= early.next_on
    assert TOLD["reconnect"] not in {each.text for each in early.ahead}
    later = progress(with_steps(report(as_of=FLAGGED), *(marked(key) for key in TOLD if key != "reconnect")))
    assert [each.text for each in later.ahead] == [TOLD["reconnect"]]
    busy = progress(
        with_steps(
            report([], [promise(1, 0)], as_of=FLAGGED), *(marked(key) for key in TOLD if key != "reconnect")
        )
    )
    assert [each.promise_no for each in busy.ahead] == [1]


def test_a_step_past_its_day_is_late_where_they_were_told_of_it_and_else_ours_to_mend():
    """SAV-8: honest; and no failure is told of that nobody was promised."""
    never = progress(report())
    assert [each for each in never.late if each.step] == []
    assert "reconnect" in never.untold
    told = progress(report([written(-12)]))
    slipped = {each.step: each for each in told.late}
    assert slipped["reconnect"].state == "slipped"
    assert "problem" in told.untold  # its day was past by then
    assert not set(slipped) & set(told.untold)
    back = progress(with_steps(report([written(-12)]), marked("reconnect", "snoozed", until=3)))
    assert [each.due_on for each in back.ahead if each.step == "reconnect"] == [AS_OF + timedelta(days=3)]
    gone = progress(with_steps(report([written(-12)]), marked("reconnect", "skipped")))
    assert "reconnect" not in {each.step for each in (*gone.late, *gone.ahead, *gone.done)}


def test_a_stand_in_is_not_named_to_the_customer():
    """SAV-P: a named person is one who stays."""
    found = progress(with_steps(report(), marked("workaround"), marked("problem")))
    assert {each.step: each.owner for each in found.done} == {"workaround": None, "problem": "Ana Prado"}
    staffed = report(rules_=policy(team={"support": "tiago"}))
    assert [each.owner for each in progress(with_steps(staffed, marked("workaround"))).done] == ["tiago"]


def test_what_one_of_theirs_owes_is_asked_for_and_is_no_promise_of_ours():
    """SAV-9: what we need from you is what they owe."""
    rows = [promise(no, due)._replace(owner="Dána Whitlock") for no, due in ((1, 2), (2, -2))]
    kept = promise(3, -1, "kept", -1)._replace(owner="dana whitlock")
    broken = promise(4, -1, "broken", -1)._replace(owner="dana whitlock")
    found = progress(report([], [*rows, kept, broken, promise(5, 3)]), frozenset({"dana whitlock"}))
    assert [(each.kind, each.text) for each in found.asked] == [("promise", "p2"), ("promise", "p1")]
    assert [each.promise_no for each in (*found.late, *found.ahead) if each.promise_no] == [5]
    assert [each.promise_no for each in found.done] == [3]


@pytest.mark.parametrize(
    ("state", "sheet", "kinds"),
    [
        ("accepted", True, ["condition"]),
        ("approved", True, ["choice"]),
        ("approved", False, []),
        ("pending", True, []),
        ("declined", True, []),
    ],
)
def test_they_owe_what_an_offer_they_took_asks_and_an_answer_to_the_sheet_they_were_sent(state, sheet, kinds):
    """SAV-B, SAV-9: and nothing of an offer that is still ours to approve."""
    found = report([event(1, "paper", "options-sheet", "en")] if sheet else [])
    found.file = found.file._replace(ledger=found.file.ledger._replace(offers=(offer(state),)))
    assert [each.kind for each in progress(found).asked] == kinds


def test_they_owe_a_yes_to_what_we_understood_until_it_is_confirmed():
    """SAV-P."""
    sent = report([event(1, "paper", "acknowledgement", "en", AS_OF - timedelta(days=2))])
    assert progress(sent).asked == (Ask("confirm", "", AS_OF - timedelta(days=2)),)
    assert progress(with_steps(sent, marked("problem"))).asked == ()
    assert progress(report()).asked == ()


def test_what_was_done_before_an_acknowledgement_is_in_the_next_update_all_the_same():
    """SAV-9: an acknowledgement has no list of what was done, so nothing falls out of the updates by it."""
    kept = promise(1, -4, "kept", -4)
    found = progress(
        with_steps(report([written(-7), written(-2, "acknowledgement")], [kept]), marked("problem", days=-3))
    )
    assert found.since_on == AS_OF - timedelta(days=7)
    assert [each.promise_no or each.step for each in found.done] == [1, "problem"]


@given(st.sets(st.integers(-20, -1), max_size=4), st.sampled_from(["weekly-update", "acknowledgement"]))
def test_a_step_slipped_only_where_a_paper_told_of_its_day(days, name):
    """SAV-8, SAV-9: a paper tells what comes up to the next update; weeks count from the flag."""
    events = [
        event(no, "paper", name, "en", AS_OF + timedelta(days=day)) for no, day in enumerate(sorted(days), 1)
    ]
    due = {"call": -19, "problem": -19, "reconnect": -8}
    found = by_state(progress(report(events)))
    for step, on in due.items():
        week_ends = [(each, each + 7 - (each + 20) % 7) for each in days]  # a week began on -20
        told = any(first <= on <= last for first, last in week_ends)
        assert found[step] == ("slipped" if told else "untold"), step


def test_nobody_was_told_of_a_step_that_its_playbook_or_a_finding_brought_only_later():
    """SAV-8: no date is missed that they never had."""
    paper = event(5, "paper", "weekly-update", "en", AS_OF - timedelta(days=18))

    def state(*events):
        return by_state(progress(report([paper, *events])))

    on = AS_OF - timedelta(days=17)
    assert state()["problem"] == "untold"
    fixable = event(4, "finding", "fixable", "yes", on)
    assert state(fixable)["dates"] == "slipped"
    assert state(fixable._replace(no=6))["dates"] == "untold"
    assert state(event(4, "cause", "x", "x", on), fixable)["dates"] == "slipped"
    moved = event(6, "scenario", "product", "value", AS_OF - timedelta(days=16))
    back = "reconnect"
    early = event(5, "paper", "weekly-update", "en", AS_OF - timedelta(days=12))
    assert by_state(progress(report([early])))[back] == "slipped"
    assert by_state(progress(report([early, moved])))[back] == "untold"
    assert by_state(progress(report([early, moved._replace(no=4)])))[back] == "slipped"


def test_a_step_that_hangs_on_the_cause_was_told_only_once_the_cause_was_known():
    raw = POLICY.raw
    steps = raw["playbooks"]["product"]["steps"]
    own = {**steps, "reconnect": {**steps["reconnect"], "when": ["cause=defect-unfixed"]}}
    rules = type(POLICY)(
        {**raw, "playbooks": {**raw["playbooks"], "product": {**raw["playbooks"]["product"], "steps": own}}},
        "t",
    )

    def state(no):
        events = [event(5, "paper", "weekly-update", "en", AS_OF - timedelta(days=12))]
        events.append(event(no, "cause", "defect-unfixed", "x", AS_OF - timedelta(days=12)))
        return by_state(progress(report(events, rules_=rules)))["reconnect"]

    assert (state(4), state(6)) == ("slipped", "untold")


@pytest.mark.parametrize("state", ["saved", "partly_saved", "lost", "let_go"])
def test_a_case_that_has_ended_owes_no_step_and_no_answer_any_more(state):
    """SAV-9: what was done by then is told; promises stay owed to a customer that stayed."""
    said = [written(-12), event(91, "paper", "acknowledgement", "en", AS_OF - timedelta(days=10))]
    running = with_steps(
        report(said, [promise(1, 3), promise(2, -3)]),
        marked("call"),
        marked("problem", "snoozed", until=1),
    )
    running.file = running.file._replace(ledger=running.file.ledger._replace(offers=(offer("approved"),)))
    assert {"slipped", "planned", "done"} <= set(by_state(progress(running)).values())
    assert "confirm" in [each.kind for each in progress(running).asked]
    found = progress(closed(running, state))
    assert by_state(found) == {"call": "done"}
    assert [each.promise_no for each in (*found.late, *found.ahead)] == ([2, 1] if "saved" in state else [])
    assert found.asked == ()


@pytest.mark.parametrize(
    ("ends", "asked", "more", "kinds"),
    [
        (0, 0, (), ["condition"]),
        (None, 0, (), ["condition"]),
        (-1, -5, (), []),
        (9, -21, (), []),  # of the round before
        (9, 0, (("evidence", "commitment"),), []),
        (9, 0, (("evidence", "relationship"),), ["condition"]),
    ],
)
def test_what_an_offer_asks_is_asked_for_until_it_ends_or_they_have_committed(ends, asked, more, kinds):
    """SAV-9, SAV-6."""
    found = report([event(no, *each, "signed") for no, each in enumerate(more, 1)])
    until_on = None if ends is None else AS_OF + timedelta(days=ends)
    taken = offer("accepted")._replace(until_on=until_on, asked_on=AS_OF + timedelta(days=asked))
    found.file = found.file._replace(ledger=found.file.ledger._replace(offers=(taken,)))
    assert [each.kind for each in progress(found).asked] == kinds


@pytest.mark.parametrize(("ends", "asked", "kinds"), [(0, 0, ["choice"]), (-1, -5, []), (9, -21, [])])
def test_a_choice_is_asked_for_while_an_offer_of_this_round_stands(ends, asked, kinds):
    """SAV-B, SAV-9."""
    found = report([event(1, "paper", "options-sheet", "en")])
    known = offer("approved")._replace(
        until_on=AS_OF + timedelta(days=ends), asked_on=AS_OF + timedelta(days=asked)
    )
    found.file = found.file._replace(ledger=found.file.ledger._replace(offers=(known,)))
    assert [each.kind for each in progress(found).asked] == kinds
