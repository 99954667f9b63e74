"""What the six shipped playbooks hold: each phrase of the rules, and the step or text that carries it."""

import re
from itertools import product

import pytest

from renewctl.core.play_flow import effort_range, flow
from renewctl.core.policy import SAVE_PAPERS, SCENARIOS, PlayStep, Question
from renewctl.core.policy_schema import INSTRUMENTS, SAVE_MILESTONES
from tests.book import POLICY

BOOKS = POLICY.playbooks
STEPS = {name: {step.step: step for step in book.steps} for name, book in BOOKS.items()}

BENCHMARKS = {
    "product": ("Atlassian", "70 %", "dedicated technical success manager"),
    "value": ("ProfitWell", "45 %", "92 % renewed with quarterly value reports, 78 %"),
    "relationship": ("ChurnZero", "86 %", "82 % of those who never had one"),
    "budget": ("HubSpot", "50 % bridge", "recover within 6 months", "65 %", "12 %"),
    "competitive": ("Intercom", "from 18 % to 7 %", "72 hours"),
    "champion_departure": ("Gainsight", "78 %", "42 %", "within 2 weeks"),
}


def test_no_two_playbooks_say_the_same_of_a_step_though_they_share_its_work():
    # SAV: nothing is generic that the scenario should decide
    titles = [step.title for book in BOOKS.values() for step in book.steps]
    assert len(set(titles)) == len(titles)
    for texts in ("talk_track", "success", "trigger", "update", "recovery"):
        told = [getattr(book, texts) for book in BOOKS.values()]
        assert len(set(told)) == len(told)
    shared = set.intersection(*(set(steps) for steps in STEPS.values()))
    every = [name for steps in STEPS.values() for name in steps]
    assert {name for name in every if every.count(name) > 1} == shared == {"call", "root-cause", "worth"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_benchmark_is_labelled_with_who_published_it_and_keeps_its_figures(scenario):
    source, *figures = BENCHMARKS[scenario]
    book = BOOKS[scenario]
    assert book.benchmark_source == f"reported by {source}"
    assert all(figure in book.benchmark for figure in figures)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_part_of_a_playbook_is_there_in_the_scenarios_words(scenario):
    # SAV-5, SAV-6, SAV-7, SAV-9, SAV-10
    book = BOOKS[scenario]
    assert tuple(book.milestones) == SAVE_MILESTONES
    assert tuple(book.checkins) == (30, 60, 90)
    assert all(book.recovery)
    assert len(book.success) == 4
    assert re.search("signed|confirmed", book.success[0])
    assert re.search("kept|met|promised", book.success[3])
    assert any("NPS" in text for text in book.success)
    assert sum(text.startswith("Never: ") for text in book.talk_track) >= 2
    assert sum(not text.startswith("Never: ") for text in book.talk_track) >= 3
    for asked in ("on time or late", "next ", "what we need from you", "Sent also when nothing moved"):
        assert asked in book.update, asked
    assert 4 <= len(book.root_causes) <= 7
    assert set(book.instruments) <= set(INSTRUMENTS)
    sent = {paper for step in book.steps for paper in step.documents} | {"weekly-update"}
    assert set(book.documents) == sent <= set(SAVE_PAPERS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_a_step_is_closed_by_is_what_it_does(scenario):
    for step in BOOKS[scenario].steps:
        assert step.effort > 0, step.step
        for fact in step.done_by:
            kind, _, paper = fact.partition(":")
            if kind == "paper":
                assert paper in step.documents
                # SAV-5: a printed paper is no meeting held and no decision taken
                assert step.title.startswith(("Draft ", "Put ", "Write ", "Send ")), step.title
            if kind == "answers":
                assert step.asks
        if step.asks:
            assert "answers" in step.done_by
    by_state = {step.state: step for step in BOOKS[scenario].steps if step.state}
    assert [by_state[state].done_by for state in ("contacted", "diagnosed", "planned")] == [
        ("contact",), ("cause",), ("paper:save-plan",)]  # fmt: skip
    assert by_state["executing"].channel != "internal"


def test_a_relationship_is_never_answered_with_money_and_every_other_scenario_with_what_fits_it():
    # SAV-R, SAV-4, SAV-B
    assert BOOKS["relationship"].instruments == ()
    assert set(BOOKS["budget"].instruments) == {
        "prepay", "billing_period", "payment_terms", "bridge", "volume", "deferred_fee", "ramp", "core_only",
        "seats"}  # fmt: skip
    assert {"roadmap", "trial"} <= set(BOOKS["competitive"].instruments)
    assert "roadmap" in BOOKS["product"].instruments


def test_causes_behind_the_stated_reason_lead_to_the_playbook_that_answers_them():
    # SAV-2
    leads = {
        (name, code): cause.scenario
        for name, book in BOOKS.items()
        for code, cause in book.root_causes.items()
    }
    assert leads["budget", "roi-never-shown"] == "value"
    assert leads["value", "roi-never-shown"] == "value"
    assert leads["competitive", "looking-for-price"] == "budget"
    assert leads["product", "support-let-down"] == "relationship"
    assert leads["relationship", "product-behind-it"] == "product"
    assert leads["champion_departure", "successor-has-favourite"] == "competitive"
    for scenario in SCENARIOS:
        own = {lead for (name, _), lead in leads.items() if name == scenario}
        assert scenario in own
        assert len(own) >= 2


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
    told, call = STEPS["relationship"]["new-csm"], STEPS["relationship"]["new-csm-call"]
    assert (call.day, call.hours, call.channel) == (told.day, told.hours, "call")
    assert call.after == ("new-csm",)


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
    within = STEPS["competitive"]
    assert within["deep-dive"].hours == within["executive-review"].hours == 72
    assert within["deep-dive"].role == "solution_engineer"
    assert within["trial-result"].day >= within["trial"].day + 30


def test_without_a_successor_somebody_speaks_for_it_meanwhile_and_is_asked_again():
    # SAV-D
    known = active("champion_departure", successor="known")
    unknown = active("champion_departure", successor="unknown")
    assert known - unknown == {"introduce", "onboard"}
    assert unknown - known == {"interim-contact", "ask-again"}
    by_week = ["introduce", "usage-review", "strategy", "business-review", "cadence"]
    phases = [STEPS["champion_departure"][name].phase for name in by_week]
    assert phases == ["week_1", "week_2", "week_3", "week_4", "month_2"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_high_value_account_is_called_by_csm_and_manager_within_the_same_24_hours(scenario):
    # SAV-1, SAV-5
    more = active(scenario, "high_value") - active(scenario)
    calls = [STEPS[scenario][name] for name in more if STEPS[scenario][name].phase == "first_24h"]
    assert [(step.role, step.channel, step.hours) for step in calls] == [("manager", "call", 24)]
    assert not any(name.startswith("update") for name in STEPS[scenario])  # SAV-9: a duty, not a step


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
