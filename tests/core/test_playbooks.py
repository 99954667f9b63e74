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

# SAV-5 asks the same of every playbook. Phrase of the rule -> the step of each scenario that does it.
OF_EVERY_PLAYBOOK = {
    "support tickets": "tickets how-to-tickets history complaints drivers open-tickets",
    "product analytics": "analytics usage engagement scope needs dependence",
    "CSM context": "context goals both-sides real-or-value door promises",
    "roadmap or workaround": "roadmap planned-gain product-fine slimmer-plan disclosure open-tickets",
    "competitive intelligence": "rivals alternatives courted benchmark-price intelligence stance",
    "24 h: acknowledging call": "call call call call call call",
    "24 h: problem documented and validated":
        "problem measure-confirmed story-confirmed cut-confirmed criteria handover-asked",
    "24 h: internal escalation": "escalate alert alert-manager alert-finance alert-team alert-sponsor",
    "1 week: feasibility": "feasibility feasible-gain staffing our-limits gap interim-contact",
    "1 week: workaround or interim proposal":
        "workaround value-summary changes structures differentiators engagement-model",
    "1 week: date of the permanent answer":
        "dates roi-model service-levels structures trial engagement-model",
    "30 days: interim value shown":
        "interim-value measure value-again budget-value trial-review quick-wins",
    "30 days: touchpoints that rebuild":
        "reconnect win-back-users executive stand-by-them executive-again executive-sponsor",
    "day 30: follow-up":
        "follow-up figures-again mood structure-holds evaluation-closed successor-stands",
    "root cause by whys": "root-cause root-cause root-cause root-cause root-cause root-cause",
    "plan": "plan value-plan relationship-plan budget-plan competitive-plan champion-plan",
    "OPP-3: fight or let go": "worth worth worth worth worth worth",
    "commitment to stay": "commit value-decision trust-decision paper decision business-review",
}  # fmt: skip

# Rule and phrase of SAV-P … SAV-D, the step, words of its title, the last day
OF_ITS_RULE = [
    ("SAV-P", "named acknowledgement", "call", "by its name", 1),
    ("SAV-P", "escalation to product and engineering", "escalate", "product and engineering", 1),
    ("SAV-P", "interim workaround", "workaround", "interim workaround", 7),
    ("SAV-P", "the case: pain", "case", "pain", 7),
    ("SAV-P", "the case: frequency", "case", "frequency", 7),
    ("SAV-P", "the case: urgency", "case", "urgency", 7),
    ("SAV-P", "how many other customers", "case", "other customers affected", 7),
    ("SAV-P", "competitor has it", "case", "competitor has it", 7),
    ("SAV-P", "dated chain: build, QA, beta about 2 weeks early, release", "dates",
     "build, QA, beta about two weeks before release, release", 7),
    ("SAV-P", "dedicated technical success manager", "technical-lead", "one technical lead", 3),
    ("SAV-V", "usage analysis", "usage", "people, features, volume, trend", 1),
    ("SAV-V", "alternatives, extra staff", "alternatives", "extra staff", 1),
    ("SAV-V", "cost comparison", "cost-comparison", "what the alternatives would cost", 7),
    ("SAV-V", "ROI model built with the customer", "roi-model", "Build the ROI model with them", 7),
    ("SAV-V", "hours × rate", "roi-model", "hours × rate", 7),
    ("SAV-V", "revenue enabled", "roi-model", "revenue enabled", 7),
    ("SAV-V", "avoided cost", "roi-model", "cost avoided", 7),
    ("SAV-V", "strategic", "roi-model", "strategic gain", 7),
    ("SAV-V", "unused features and what they would give", "unused", "would give how much", 14),
    ("SAV-V", "training", "training", "Train the people", 14),
    ("SAV-V", "onboarding", "onboarding", "live with them", 21),
    ("SAV-V", "executive business review", "ebr", "executive business review", 28),
    ("SAV-V", "12-month success plan", "success-plan", "12-month success plan", 28),
    ("SAV-V", "quarterly value reports", "success-plan", "quarterly value reports", 28),
    ("SAV-R", "acknowledge without defending", "call", "without defending", 1),
    ("SAV-R", "direct line", "changes", "direct line", 7),
    ("SAV-R", "weekly check-in", "changes", "weekly check-in", 7),
    ("SAV-R", "weekly summary", "changes", "weekly summary", 7),
    ("SAV-R", "manager reviews", "changes", "reviews by the manager", 7),
    ("SAV-R", "senior engineer", "senior-engineer", "senior engineer", 7),
    ("SAV-R", "change the CSM", "new-csm", "new CSM", 3),
    ("SAV-R", "executive attention", "executive", "executive of ours", 14),
    ("SAV-R", "advisory-board seat", "board-seat", "advisory board", 21),
    ("SAV-R", "support 4 h instead of 24", "service-levels", "4 hours instead of 24", 7),
    ("SAV-R", "CSM 2 h instead of same day", "service-levels", "2 instead of the same day", 7),
    ("SAV-R", "monthly reviews", "service-levels", "monthly reviews", 7),
    ("SAV-R", "quarterly EBR", "service-levels", "quarterly executive review", 7),
    ("SAV-R", "yearly planning", "service-levels", "yearly planning", 7),
    ("SAV-R", "compliance tracked", "first-compliance", "Count the first week", 14),
    ("SAV-B", "ROI deck", "defend", "ROI deck", 7),
    ("SAV-B", "cost–benefit", "defend", "cost–benefit", 7),
    ("SAV-B", "benchmark", "defend", "benchmark", 7),
    ("SAV-B", "case study", "defend", "a case like theirs", 7),
    ("SAV-B", "annual prepay", "structures", "annual prepay", 7),
    ("SAV-B", "quarterly billing", "structures", "quarterly billing", 7),
    ("SAV-B", "60-day terms", "structures", "60-day terms", 7),
    ("SAV-B", "deferred set-up fee", "structures", "deferred set-up fee", 7),
    ("SAV-B", "volume discount", "structures", "volume price", 7),
    ("SAV-B", "12-month price ramp", "structures", "12-month price ramp", 7),
    ("SAV-B", "temporary bridge, 6 months, then standard", "bridge", "6 months at a reduced price", 14),
    ("SAV-B", "likely to recover within 6 months", "recovery", "within 6 months", 1),
    ("SAV-B", "graduated ramp", "ramp", "months 1–3 at −40 %, 4–6 at −20 %, then standard", 14),
    ("SAV-B", "core features", "partial", "core features only", 14),
    ("SAV-B", "fewer seats", "partial", "fewer seats", 14),
    ("SAV-B", "quarterly plan of reduced scope", "partial", "smaller plan paid by the quarter", 14),
    ("SAV-B", "expansion path kept", "path-back", "the way back up", 21),
    ("SAV-B", "no re-implementation fee", "path-back", "no second implementation fee", 21),
    ("SAV-C", "differentiators without attacking", "differentiators", "never attack the rival", 7),
    ("SAV-C", "what the rival cannot copy quickly", "hard-to-copy", "integrations, data, history", 7),
    ("SAV-C", "selective roadmap", "roadmap-talk", "roadmap that concerns them", 14),
    ("SAV-C", "what may be told", "disclosure", "what may be told", 1),
    ("SAV-C", "beta access", "roadmap-talk", "beta access", 14),
    ("SAV-C", "peer references", "references", "compared both and chose us", 7),
    ("SAV-C", "case studies of customers who switched", "community", "switched to us", 14),
    ("SAV-C", "user community", "community", "user community", 14),
    ("SAV-C", "30-day trial of advanced features", "trial", "advanced features for 30 days", 7),
    ("SAV-C", "deep dive, CSM + solution engineer", "deep-dive", "CSM and solution engineer", 3),
    ("SAV-C", "executive review", "executive-review", "executive review", 3),
    ("SAV-D", "3+ stakeholders", "threads", "at least two more threads", 7),
    ("SAV-D", "executive sponsors outlive champions", "executive-sponsor", "outlast", 28),
    ("SAV-D", "find the successor", "call", "who takes over", 1),
    ("SAV-D", "week 1: introduce", "introduce", "introduced to the successor", 7),
    ("SAV-D", "week 1: context and value summary", "briefing", "context and a value summary", 7),
    ("SAV-D", "week 1: priorities", "priorities", "priorities", 7),
    ("SAV-D", "week 1: engagement model", "engagement-model", "how we work together", 7),
    ("SAV-D", "week 2: usage review", "usage-review", "Review usage", 14),
    ("SAV-D", "week 2: quick wins", "quick-wins", "quick wins", 14),
    ("SAV-D", "briefing within 2 weeks", "executive-briefing", "executive value briefing", 14),
    ("SAV-D", "week 3: strategy and roadmap", "strategy", "strategy and show the roadmap", 21),
    ("SAV-D", "week 4: business review with leadership", "business-review", "leadership", 28),
    ("SAV-D", "month 2: regular cadence", "cadence", "regular rhythm", 60),
]  # fmt: skip

BENCHMARKS = {
    "product": ("Atlassian", "70 %", "dedicated technical success manager"),
    "value": ("ProfitWell", "45 %", "92 % renewed with quarterly value reports, 78 %"),
    "relationship": ("ChurnZero", "86 %", "82 % of those who never had one"),
    "budget": ("HubSpot", "50 % bridge", "recover within 6 months", "65 %", "12 %"),
    "competitive": ("Intercom", "from 18 % to 7 %", "72 hours"),
    "champion_departure": ("Gainsight", "78 %", "42 %", "within 2 weeks"),
}


@pytest.mark.parametrize("phrase", OF_EVERY_PLAYBOOK)
def test_every_playbook_does_what_is_asked_of_all_in_a_step_of_its_own_scenario(phrase):
    # SAV-5, SAV-2, SAV-6, SAV-7
    for scenario, name in zip(SCENARIOS, OF_EVERY_PLAYBOOK[phrase].split(), strict=True):
        step = STEPS[scenario][name]
        if phrase in ("support tickets", "product analytics", "CSM context") or "intelligence" in phrase:
            assert (step.phase, bool(step.asks)) == ("investigate", True), (scenario, name)
        last = {"24": 1, "1 ": 7, "30": 30, "da": 30}.get(phrase[:2])
        assert last is None or step.day <= last, (scenario, name)


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


@pytest.mark.parametrize(("rule", "phrase", "name", "words", "last"), OF_ITS_RULE)
def test_each_phrase_of_a_scenarios_rule_is_carried_by_a_step_in_time(rule, phrase, name, words, last):
    # SAV-P, SAV-V, SAV-R, SAV-B, SAV-C, SAV-D
    [scenario] = [each for each, book in BOOKS.items() if book.rule == rule]
    step = STEPS[scenario][name]
    assert words in step.title, phrase
    assert step.day <= last, phrase


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
