"""Conditions, branches on findings, dependencies and automatic completion of a save's steps (SAV-5)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.play_flow import Condition, condition, flow, holds, shown_by, waits_for
from renewctl.core.policy import PlayStep, Question
from renewctl.core.policy_schema import PLAY_FACTS

NAMES = [f"s{number}" for number in range(6)]
ANSWERS = ("yes", "no", "later")


def step(name, *, when=(), after=(), done_by=(), asks=()):
    questions = tuple(Question(key, f"{key}?", ANSWERS) for key in asks)
    return PlayStep(
        name, name, "week_1", 5, None, "csm", "internal", "SAV-5", "done", 1.0,
        tuple(when), tuple(after), tuple(done_by), questions,
    )  # fmt: skip


@st.composite
def playbooks(draw, circles=True):
    """Steps s0, s1 …, of which each may ask a question of its own, q0, q1 …, and hang on others'."""
    found = []
    for at, name in enumerate(NAMES):
        others = [f"q{number}" for number in range(len(NAMES) if circles else at)]
        said = st.builds(
            "{}{}{}".format,
            st.sampled_from([*others, "cause"]),
            st.sampled_from(["=", "!="]),
            st.sampled_from(ANSWERS),
        )
        when = draw(st.lists(st.one_of(said, st.sampled_from(PLAY_FACTS)), max_size=2))
        after = draw(st.lists(st.sampled_from(NAMES[:at]), max_size=2, unique=True)) if at else []
        found.append(step(name, when=when, after=after, asks=[f"q{at}"] if draw(st.booleans()) else []))
    return draw(st.permutations(found))


FINDINGS = st.dictionaries(st.sampled_from([f"q{number}" for number in range(6)]), st.sampled_from(ANSWERS))
FACTS = st.frozensets(st.sampled_from(PLAY_FACTS)).flatmap(
    lambda some: st.sampled_from([some, *(some | {f"cause={answer}"} for answer in ANSWERS)])
)
CLOSED = st.frozensets(st.sampled_from(NAMES), max_size=2)


def oracle(steps, findings, facts, closed):
    """By recursion: who is dropped is who hangs on something false, or on the answer to somebody dropped."""
    asker = {question.key: each for each in steps for question in each.asks}
    cause = next((fact.removeprefix("cause=") for fact in facts if fact.startswith("cause=")), None)

    def truth(text, depth):
        if "=" not in text:
            return text in facts
        different = "!=" in text
        key, answer = text.split("!=" if different else "=")
        said = cause if key == "cause" else findings.get(key)
        if said is not None:
            return (said == answer) != different
        if key == "cause" or (key in asker and not dropped(asker[key], depth - 1)):
            return None
        return different

    def dropped(each, depth):
        if each.step in closed or depth < 0:
            return False
        return any(truth(text, depth) is False for text in each.when)

    found = {}
    for each in steps:
        truths = [truth(text, len(steps)) for text in each.when]
        if each.step in closed or all(truths):
            found[each.step] = "active"
        else:
            found[each.step] = "dropped" if False in truths else "undecided"
    return found


def test_a_condition_is_a_fact_or_a_question_with_what_is_said_of_it():
    assert condition("enterprise") == Condition("enterprise")
    assert condition("fixable=yes") == Condition("fixable", "yes")
    assert condition("fixable!=yes") == Condition("fixable", "yes", equal=False)
    assert condition("cause=roi-never-shown") == Condition("cause", "roi-never-shown")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enterprise", True),
        ("smb", False),
        ("fixable=yes", True),
        ("fixable=no", False),
        ("fixable!=yes", False),
        ("fixable!=no", True),
        ("open=yes", None),
        ("open!=yes", None),
        ("unasked=yes", False),
        ("unasked!=yes", True),
        ("cause=seen", True),
        ("cause=other", False),
        ("cause!=other", True),
    ],
)
def test_a_condition_holds_fails_or_hangs_on_what_nobody_has_answered(text, said):
    facts = frozenset({"enterprise", "cause=seen"})
    assert holds(text, {"fixable": "yes"}, facts, frozenset({"fixable", "open"})) is said
    assert holds("cause=seen", {}, frozenset({"enterprise"}), frozenset()) is None
    assert holds("cause!=seen", {}, frozenset(), frozenset()) is None


@given(playbooks(), FINDINGS, FACTS, CLOSED)
def test_every_step_is_active_undecided_or_dropped_as_the_oracle_has_it(steps, findings, facts, closed):
    """SAV-5: branches on findings."""
    found = flow(steps, findings, facts, closed)
    assert found == oracle(steps, findings, facts, closed)
    assert list(found) == [each.step for each in steps]


@given(playbooks(), FINDINGS, FACTS, CLOSED, st.randoms())
def test_the_order_of_the_steps_decides_nothing(steps, findings, facts, closed, random):
    again = list(steps)
    random.shuffle(again)
    assert flow(again, findings, facts, closed) == flow(steps, findings, facts, closed)


@given(playbooks(), FINDINGS, FACTS, CLOSED)
def test_what_was_done_stays_and_what_hangs_on_nothing_is_to_be_done(steps, findings, facts, closed):
    found = flow(steps, findings, facts, closed)
    assert all(found[each.step] == "active" for each in steps if each.step in closed or not each.when)


@given(playbooks(), FINDINGS, FACTS, st.sampled_from(ANSWERS))
def test_an_answer_to_a_question_still_asked_moves_the_undecided_alone(steps, findings, facts, answer):
    before = flow(steps, findings, facts, frozenset())
    asked = [
        each.asks[0].key
        for each in steps
        if each.asks and each.asks[0].key not in findings and before[each.step] != "dropped"
    ]
    for key in asked:
        after = flow(steps, {**findings, key: answer}, facts, frozenset())
        assert all(after[name] == what for name, what in before.items() if what != "undecided")


@given(playbooks(circles=False), FACTS)
def test_with_every_question_answered_and_the_cause_known_nothing_is_left_undecided(steps, facts):
    findings = {f"q{number}": "yes" for number in range(6)}
    facts = facts if any(fact.startswith("cause=") for fact in facts) else facts | {"cause=no"}
    assert "undecided" not in flow(steps, findings, facts, frozenset()).values()


def test_what_hangs_on_the_questions_of_a_dropped_step_is_decided_with_it():
    steps = [
        step("fix", when=["fixable=yes"], asks=["early"]),
        step("beta", when=["early=yes"]),
        step("credit", when=["early!=yes"]),
        step("look", asks=["fixable"]),
    ]
    undecided = flow(steps, {}, frozenset(), frozenset())
    assert undecided == {"fix": "undecided", "beta": "undecided", "credit": "undecided", "look": "active"}
    no = flow(steps, {"fixable": "no"}, frozenset(), frozenset())
    assert no == {"fix": "dropped", "beta": "dropped", "credit": "active", "look": "active"}


def test_two_steps_that_hang_on_each_others_questions_stay_undecided():
    steps = [step("one", when=["b=yes"], asks=["a"]), step("two", when=["a=yes"], asks=["b"])]
    assert set(flow(steps, {}, frozenset(), frozenset()).values()) == {"undecided"}


@given(playbooks(circles=False), FINDINGS, FACTS, CLOSED)
def test_nobody_waits_for_what_is_closed_dropped_or_not_there(steps, findings, facts, closed):
    """SAV-5: what builds on what."""
    found = flow(steps, findings, facts, closed)
    for each in steps:
        waits = waits_for(each, steps, closed, found)
        assert set(waits) == {
            name for name in each.after if name not in closed and found[name] in ("active", "undecided")
        }
        assert list(waits) == [other.step for other in steps if other.step in waits]
    gone = step("own", after=["nothing", "s0"])
    assert waits_for(gone, [step("s1")], frozenset(), {"s1": "active"}) == ()


@given(playbooks(circles=False), FACTS)
def test_whoever_does_what_waits_for_nobody_gets_everything_done(steps, facts):
    findings = {f"q{number}": "yes" for number in range(6)}
    facts = facts if any(fact.startswith("cause=") for fact in facts) else facts | {"cause=no"}
    closed, order = frozenset(), []
    while True:
        found = flow(steps, findings, facts, closed)
        free = [
            each
            for each in steps
            if each.step not in closed
            and found[each.step] == "active"
            and not waits_for(each, steps, closed, found)
        ]
        if not free:
            break
        order.append(free[0].step)
        closed |= {free[0].step}
    assert all(
        what == "dropped" for name, what in flow(steps, findings, facts, closed).items() if name not in closed
    )
    for each in steps:
        for name in each.after:
            if each.step in order and name in order:
                assert order.index(name) < order.index(each.step)
    assert len(set(order)) == len(order) == len(closed)
    assert all(one != other for one, other in pairwise(order))


FACTS_DONE = ("cause", "worth", "promise", "promise:fix", "offer", "contact", "paper:roi-sheet")


@given(
    st.lists(st.sampled_from([*FACTS_DONE, "answers"]), unique=True, max_size=4),
    st.frozensets(st.sampled_from(FACTS_DONE)),
    st.frozensets(st.sampled_from(["a", "b"])),
    st.sampled_from([(), ("a",), ("a", "b")]),
)
def test_a_step_is_closed_by_the_first_fact_that_shows_it_and_by_no_other(done_by, facts, answered, asks):
    found = shown_by(step("s0", done_by=done_by, asks=asks), facts, answered)
    complete = {"answers"} if asks and set(asks) <= answered else set()
    shown = [fact for fact in done_by if fact in facts | complete]
    assert found == (shown[0] if shown else "")
