"""The texts, papers, causes and instruments of the six shipped playbooks: data, not what is done with it."""

import re

import pytest

from renewctl.core.policy import SAVE_PAPERS, SCENARIOS
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


def test_the_hours_and_weeks_of_the_rules_are_those_of_the_steps():
    # SAV-R, SAV-C, SAV-D
    told, call = STEPS["relationship"]["new-csm"], STEPS["relationship"]["new-csm-call"]
    assert (call.day, call.hours, call.channel) == (told.day, told.hours, "call")
    assert call.after == ("new-csm",)
    within = STEPS["competitive"]
    assert within["deep-dive"].hours == within["executive-review"].hours == 72
    assert within["deep-dive"].role == "solution_engineer"
    assert within["trial-result"].day >= within["trial"].day + 30
    by_week = ["introduce", "usage-review", "strategy", "business-review", "cadence"]
    phases = [STEPS["champion_departure"][name].phase for name in by_week]
    assert phases == ["week_1", "week_2", "week_3", "week_4", "month_2"]


def test_the_weekly_update_is_a_duty_of_every_save_and_a_step_of_none():
    # SAV-9
    assert not any(name.startswith("update") for steps in STEPS.values() for name in steps)
