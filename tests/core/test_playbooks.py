"""What the six shipped playbooks lead to: which steps follow from what is found, and their hours."""

from itertools import product

import pytest

from renewctl.core.play_flow import effort_range, flow
from renewctl.core.policy import SCENARIOS, PlayStep, Question
from tests.book import POLICY

BOOKS = POLICY.playbooks
STEPS = {name: {step.step: step for step in book.steps} for name, book in BOOKS.items()}


def states(scenario, *facts, **findings):
    said = {key.replace("_", "-"): answer for key, answer in findings.items()}
    return flow(BOOKS[scenario].steps, said, frozenset(facts), frozenset())


def active(scenario, *facts, **findings):
    return {name for name, what in states(scenario, *facts, **findings).items() if what == "active"}


def test_a_fix_has_dates_beta_and_credit_and_without_one_the_customer_hears_an_honest_no():
    # SAV-P, SAV-8
    yes, no = active("product", fixable="yes"), active("product", fixable="no")
    assert yes - no == {"credit", "dates", "build-shown", "beta"}
    assert no - yes == {"honest-no", "integrate"}
    assert active("product", workaround="yes") - active("product", workaround="no") == {
        "workaround",
        "interim-value",
    }
    assert "stopgap" in active("product", workaround="no")
    assert states("product")["dates"] == "undecided"


def test_the_csm_changes_only_where_the_relationship_is_beyond_repair_and_then_calls_the_same_day():
    # SAV-R
    no, yes = active("relationship", repairable="no"), active("relationship", repairable="yes")
    assert no - yes == {"new-csm", "new-csm-call"}
    assert yes - no == {"mend"}


OFFERS = {"timing", "bridge", "ramp", "partial"}


@pytest.mark.parametrize(
    ("short", "recovers", "cut", "steps"),
    [
        ("timing", "within-6-months", "everything", {"timing"}),
        ("amount", "within-6-months", "everything", {"bridge"}),
        ("amount", "within-6-months", "only-us", {"ramp"}),
        ("amount", "later", "everything", {"partial"}),
        ("amount", "never", "only-us", {"partial"}),
        ("timing", "never", "only-us", {"timing", "partial"}),
    ],
)
def test_the_structure_follows_from_what_is_short_and_whether_it_comes_back(short, recovers, cut, steps):
    # SAV-B: a bridge only for customers likely to recover within 6 months
    found = active("budget", cash_short=short, recovers=recovers, cut_everywhere=cut)
    assert found & OFFERS == steps
    assert ("path-back" in found) == ("adjust" in found) == ("partial" in steps)


def test_on_every_way_through_the_budget_playbook_some_structure_is_offered():
    answers = {question.key: question.answers for step in BOOKS["budget"].steps for question in step.asks}
    keys = ["cash-short", "recovers", "cut-everywhere"]
    for way in product(*(answers[key] for key in keys)):
        found = flow(BOOKS["budget"].steps, dict(zip(keys, way, strict=True)), frozenset(), frozenset())
        assert any(found[name] == "active" for name in OFFERS), way


def test_an_evaluation_that_is_decided_gets_a_last_word_instead_of_a_trial():
    # SAV-C
    open_, decided = active("competitive", evaluation="open"), active("competitive", evaluation="decided")
    assert open_ - decided == {"trial", "trial-review", "trial-result"}
    assert decided - open_ == {"last-word"}


def test_without_a_successor_somebody_speaks_for_it_meanwhile_and_is_asked_again():
    # SAV-D
    known = active("champion_departure", successor="known")
    unknown = active("champion_departure", successor="unknown")
    assert known - unknown == {"introduce", "onboard"}
    assert unknown - known == {"interim-contact", "ask-again"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_high_value_account_is_called_by_csm_and_manager_within_the_same_24_hours(scenario):
    # SAV-1, SAV-5
    more = active(scenario, "high_value") - active(scenario)
    calls = [STEPS[scenario][name] for name in more if STEPS[scenario][name].phase == "first_24h"]
    assert [(step.role, step.channel, step.hours) for step in calls] == [("manager", "call", 24)]


def step(name, effort, *when, asks=()):
    questions = tuple(Question(key, key, ("yes", "no")) for key in asks)
    return PlayStep(
        name, name, "week_1", 5, None, "csm", "internal", "SAV", "D", effort, when, (), (), questions
    )


def test_the_hours_of_a_playbook_are_those_of_the_shortest_and_the_longest_way_through_it():
    assert effort_range([]) == (0, 0)
    both = [step("a", 1, asks=["q"]), step("b", 2, "q=yes"), step("c", 5, "q=no"), step("d", 4, "enterprise")]
    assert effort_range(both) == (3, 10)
    caused = [step("a", 1), step("b", 2, "cause=x"), step("c", 3, "cause=y"), step("d", 7, "cause!=x")]
    assert effort_range(caused) == (3, 11)
    many = [step(f"s{at}", 1, f"q{at}=yes", asks=[f"q{at + 1}"]) for at in range(12)]
    assert effort_range([step("first", 1, asks=["q0"]), *many]) == (1, 13)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_hours_of_a_save_add_up_to_what_a_team_can_give(scenario):
    least, most = effort_range(BOOKS[scenario].steps)
    together = sum(each.effort for each in BOOKS[scenario].steps)
    assert 20 <= least <= most <= together
    assert most <= 42
