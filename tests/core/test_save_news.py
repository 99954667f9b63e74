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
