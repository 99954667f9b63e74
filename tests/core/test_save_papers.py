"""Papers of a save tell what is on record, sorted as each paper tells it; what is ours stays with us."""

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.case_report import Report
from renewctl.core.model import ItemState, Ledger, Offer, Outcome, Promise, SaveEvent, Worth
from renewctl.core.save_news import next_update, progress
from renewctl.core.save_papers import (
    AHEAD,
    DONE,
    against,
    closed_on,
    promised,
    rules,
    team,
    told_team,
    whys,
)
from tests.core.test_plays import AS_OF, POLICY, account, file_of, opened, policy

FLAGGED = AS_OF - timedelta(days=20)
STATES = ["open", "kept", "broken", "withdrawn"]


def report(events=(), promises=(), rules_=POLICY, as_of=AS_OF, who=None, owner="Ana Prado"):
    case, about = opened("product", FLAGGED, rules_, who=who)
    ledger = Ledger(events=tuple(events), promises=tuple(promises))
    return Report(file_of(case._replace(owner=owner), about, who, ledger=ledger), rules_, UTC, as_of)


def event(no, kind, name, text=None, on=AS_OF, round_=1):
    return SaveEvent(no, 1, 3, round_, kind, name, text, on, None, "eva")


def promise(no, due, state="open", settled=None, replaces=None, made=FLAGGED):
    on = None if settled is None else AS_OF + timedelta(days=settled)
    due_on = AS_OF + timedelta(days=due)
    return Promise(
        no, 1, 3, f"p{no}", None, due_on, "paulo", None, None, made, state, on, None, replaces, "eva"
    )


def names(given_):
    return [each.promise_no for each in given_ if each.promise_no]


def test_what_was_kept_since_the_last_word_is_told_once():
    """SAV-9: progress is what is new."""
    told = event(1, "paper", "weekly-update", "en", AS_OF - timedelta(days=7))
    kept = [promise(1, -9, "kept", -9), promise(2, -5, "kept", -5), promise(3, -8, "kept", -7)]
    assert names(progress(report([told], kept)).done) == [3, 2]
    assert progress(report([told], kept)).since_on == AS_OF - timedelta(days=7)
    assert names(progress(report([], kept)).done) == [1, 3, 2]
    assert progress(report([], kept)).since_on is None


@pytest.mark.parametrize(
    ("kind", "name", "counts"),
    [
        ("paper", "weekly-update", True),
        ("paper", "acknowledgement", False),
        ("paper", "save-plan", False),
        ("why", "1", False),
    ],
)
def test_news_is_what_is_new_since_the_last_update_and_no_other_paper(kind, name, counts):
    """SAV-9: the acknowledgement tells nothing that was done."""
    on = AS_OF - timedelta(days=3)
    assert progress(report([event(1, kind, name, "x", on)])).since_on == (on if counts else None)


@pytest.mark.parametrize(
    ("step", "state", "days", "counts"),
    [
        ("update-1", "done", 3, True),
        ("update-1", "done", 0, False),
        ("update-1", "skipped", 3, False),
        ("updates", "done", 3, False),
    ],
)
def test_an_update_that_was_told_and_marked_is_a_word_to_the_customer(step, state, days, counts):
    """SAV-9: it need not be one that was written here."""
    found, on = report(), AS_OF - timedelta(days=days)
    blank = dict.fromkeys(ItemState._fields)
    given_ = ItemState(**{**blank, "subject": "s3", "cycle": 1, "step": step, "state": state, "set_on": on})
    found.file = found.file._replace(states={step: given_})
    assert progress(found).since_on == (on if counts else None)


def test_what_was_told_before_a_relapse_is_no_word_of_this_round():
    """SAV-9."""
    told = event(1, "paper", "weekly-update", "en", AS_OF - timedelta(days=5))
    back = event(2, "reopened", "reopened", "back", AS_OF - timedelta(days=4), round_=2)
    assert progress(report([told, back])).since_on is None
    assert progress(report([told])).since_on == AS_OF - timedelta(days=5)


def test_an_update_written_today_is_the_same_when_it_is_written_again():
    """SAV-9: what is told today is no news of its own."""
    kept = [promise(1, 0, "kept", 0)]
    again = report([event(1, "paper", "weekly-update", "en", AS_OF)], kept)
    assert progress(again) == progress(report([], kept))


def test_what_is_late_is_told_until_it_has_a_new_day_and_then_once():
    """SAV-9, SAV-8: honest updates."""
    told = event(1, "paper", "weekly-update", None, AS_OF - timedelta(days=4))
    late = promise(1, -1)
    broken = promise(2, -9, "broken", -8)
    news = promise(3, -3, "broken", -2)
    olds = promise(4, -9, "broken", -8)
    instead = [promise(5, 9, replaces=3), promise(6, 9, replaces=4)]
    found = progress(report([told], [late, broken, news, olds, *instead]))
    assert names(found.late) == [2, 3, 1]
    assert names(found.ahead) == [5, 6]
    replaced = next(each for each in found.late if each.promise_no == 3)
    assert (replaced.state, replaced.new_on) == ("replaced", AS_OF + timedelta(days=9))


@given(
    st.lists(
        st.tuples(
            st.integers(-30, 30),
            st.sampled_from(["open", "kept", "broken", "withdrawn"]),
            st.integers(-20, 0),
        )
    )
)
def test_an_update_never_tells_of_a_promise_twice_or_of_one_withdrawn(drawn):
    rows = [
        promise(no, due, state, None if state == "open" else settled)
        for no, (due, state, settled) in enumerate(drawn, 1)
    ]
    found = progress(report([], rows))
    told = names((*found.done, *found.late, *found.ahead))
    assert sorted(told) == [row.no for row in rows if row.state != "withdrawn"]
    assert all(each.state in DONE for each in found.done)
    assert all(each.state in AHEAD and each.due_on >= AS_OF for each in found.ahead if each.promise_no)
    days = [each.promise.due_on for each in promised(report([], rows))]
    assert days == sorted(days)


@given(st.integers(0, 60))
def test_the_next_update_is_within_a_week_on_a_day_counted_from_the_flag(after):
    """SAV-9: every seven days while the case runs."""
    on = next_update(report(as_of=FLAGGED + timedelta(days=after)))
    assert (on - FLAGGED).days % 7 == 0
    assert 0 < (on - FLAGGED).days - after <= 7


def test_the_policy_says_how_often_the_customer_hears_from_us():
    raw = {**POLICY.raw, "saves": {**POLICY.raw["saves"], "update_every_days": 3}}
    found = next_update(report(rules_=type(POLICY)(raw, "test"), as_of=FLAGGED))
    assert found == FLAGGED + timedelta(days=3)


def test_the_whys_are_as_many_as_the_policy_asks_the_last_answer_of_each_in_this_round():
    """SAV-2."""
    said = [event(1, "why", "1", "old"), event(2, "why", "1", "new"), event(3, "why", "3", "third")]
    assert whys(report(said)) == ("new", None, "third", None, None)
    again = [
        *said,
        event(4, "reopened", "reopened", "back", round_=2),
        event(5, "why", "2", "then", round_=2),
    ]
    assert whys(report([*said, *again])) == (None, "then", None, None, None)


def test_the_team_is_those_named_on_the_case_then_the_owners_of_the_steps():
    """SAV-5: one owner per step; who was named first and replaced is not on the team any more."""
    named = [event(1, "team", "support", "joao"), event(2, "team", "support", "marta")]
    found = team(report(named))
    assert [each.person for each in found if each.role == "support"] == ["marta"]
    assert all(each.person != "joao" for each in found)
    assert sum(each.steps for each in found) == sum(step.fate != "dropped" for step in report(named).steps)


def test_a_step_that_nobody_owns_any_more_is_on_nobodys_list():
    """An erased owner leaves steps behind, and no blank name."""
    who = account(csm=None)
    found = team(report(who=who, owner=None))
    assert all(each.person for each in found)
    assert told_team(report(who=who, owner=None)) == ()


def test_the_customer_is_told_no_stand_in_and_nobody_twice():
    """SAV-P: a named acknowledgement."""
    rules_ = policy(team={"product_manager": "paulo", "support": "paulo", "legal": "lea"})
    found = told_team(report(rules_=rules_))
    assert [(each.person, each.role) for each in found] == [
        ("Ana Prado", "coordinator"),
        ("paulo", "support"),
    ]
    assert "legal" not in rules(rules_).told_roles


def outcome(no, result, competitor, reason=None):
    blank = dict.fromkeys(Outcome._fields)
    return Outcome(**{
        **blank, "no": no, "account_no": no, "cycle": 1, "closed_on": date(2026, 1, 1), "result": result,
        "competitor": competitor, "reason": reason,
    })  # fmt: skip


def test_the_record_against_a_rival_counts_it_however_it_is_spelt():
    """SAV-C, WIN-3: five losses to the same one are a pattern, so losses are counted, not told."""
    rows = [
        outcome(1, "lost", "Rívál One", "price"),
        outcome(2, "lost", "RIVAL ONE", "feature"),
        outcome(3, "lost", "rival one", "feature"),
        outcome(4, "lost", "rival one"),
        outcome(5, "won", "Rival One"),
        outcome(6, "lost", "Another"),
        outcome(7, "lost", None, "price"),
    ]
    found = against(account(competitor="Rival One"), rows)
    assert found == ("Rival One", 4, 1, (("feature", 2), ("price", 1)))
    assert against(account(), rows) is None


def test_a_step_is_dated_by_the_offer_or_promise_that_closed_it_and_by_no_other():
    """SAV-5, SAV-4: what was withdrawn, refused or still waits closed nothing; what waited, when approved."""

    def offered(state, days, role=None, decided=None):
        blank = dict.fromkeys(Offer._fields) | {"instrument": "roadmap", "state": state, "needs_role": role}
        on = None if decided is None else AS_OF - timedelta(days=decided)
        return Offer(**blank | {"asked_on": AS_OF - timedelta(days=days), "decided_on": on})

    def day(step, offers=(), promises=()):
        yes = event(1, "finding", "fixable", "yes", AS_OF - timedelta(days=19))
        file = report([yes], promises).file
        file = file._replace(ledger=file.ledger._replace(offers=tuple(offers)))
        found = Report(file, POLICY, UTC, AS_OF)
        on = next(closed_on(each, file) for each in found.steps if each.step == step)
        return None if on is None else (AS_OF - on).days

    others = [offered("withdrawn", 9, None, 8), offered("refused", 8, "vp", 8), offered("pending", 7, "vp")]
    assert day("credit", others) is None
    assert day("credit", [*others, offered("approved", 5)]) == 5
    assert day("credit", [*others, offered("approved", 5, "vp", 2)]) == 2
    assert day("credit", [*others, offered("accepted", 5, None, 1)]) == 5
    back = promise(1, 20, "withdrawn", -8, made=AS_OF - timedelta(days=9))._replace(chain="fix")
    kept = promise(2, 20, made=AS_OF - timedelta(days=3))._replace(chain="fix")
    assert day("dates", (), [back]) is None
    assert day("dates", (), [back, kept]) == 3


def test_every_step_that_a_fact_closed_has_the_day_of_the_fact():
    """SAV-5: a paper dates what was done, also where nobody ticked it."""
    keys = [each.key for play in POLICY.playbooks["product"].steps for each in play.asks]
    days = {key: AS_OF - timedelta(days=9 - no % 5) for no, key in enumerate(keys)}
    answers = {"fixable": "yes", "workaround": "yes"}
    events = [event(no, "finding", key, answers.get(key, "no"), days[key]) for no, key in enumerate(keys, 1)]
    contact, cause, plan = (AS_OF - timedelta(days=each) for each in (19, 18, 17))
    events += [event(90, "contact", "call", None, contact), event(91, "cause", "defect-unfixed", "x", cause)]
    events += [event(92, "paper", "save-plan", "en", plan)]
    fix = promise(1, 20, made=AS_OF - timedelta(days=3))._replace(chain="fix")
    found = report(events, [fix, promise(2, 9)])
    blank = dict.fromkeys(Worth._fields)
    worth = Worth(**{**blank, "no": 1, "save_no": 3, "decided_on": AS_OF - timedelta(days=2)})
    offered = dict.fromkeys(Offer._fields) | {"instrument": "roadmap", "asked_on": AS_OF - timedelta(days=1)}
    ledger = found.file.ledger._replace(worths=(worth,), offers=(Offer(**{**offered, "state": "approved"}),))
    file = found.file._replace(ledger=ledger)
    found = Report(file, POLICY, UTC, AS_OF)
    told = {each.step: closed_on(each, file) for each in found.steps}
    asks = {play.step: [each.key for each in play.asks] for play in POLICY.playbooks["product"].steps}
    assert told["call"] == contact
    assert told["root-cause"] == cause
    assert told["plan"] == plan
    assert told["dates"] == AS_OF - timedelta(days=3)
    assert told["credit"] == AS_OF - timedelta(days=1)
    assert told["worth"] == AS_OF - timedelta(days=2)
    for step, own in asks.items():
        if own:
            assert told[step] == max(days[key] for key in own), step
    assert told["workaround"] is None
