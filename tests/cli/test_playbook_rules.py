"""A save that is started has each phrase of its scenario's rule as a step with a day and an owner."""

from datetime import date, datetime, timedelta

import pytest

from renewctl.core.policy import SCENARIOS
from tests.book import POLICY
from tests.desk import Desk
from tests.processes import AS_OF

RULES = {
    "SAV-P": "product",
    "SAV-V": "value",
    "SAV-R": "relationship",
    "SAV-B": "budget",
    "SAV-C": "competitive",
    "SAV-D": "champion_departure",
}

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
    ("SAV-D", "3+ stakeholders: looked at again", "second-look", "three contacts", 60),
]  # fmt: skip

# SAV-5: what each role does, the role, and the step of the product playbook
OF_EACH_ROLE = [
    ("coordinates and holds the relationship", "csm", "call"),
    ("escalates and supervises high value", "manager", "escalate"),
    ("assesses features and roadmap", "product_manager", "roadmap"),
    ("feasibility and dates", "engineering", "feasibility"),
    ("workarounds", "support", "workaround"),
    ("strategic accounts", "executive_sponsor", "sponsor-word"),
    ("pricing and contract flexibility", "sales", "credit"),
]

INVESTIGATED = (
    "support tickets",
    "product analytics",
    "CSM context",
    "roadmap or workaround",
    "competitive intelligence",
)
ACCOUNT = "id,name,arr,currency,renewal_date,csm,strategic\nA1,Acme,250000,USD,2026-09-01,ana,yes\n"


def started(desk: Desk, scenario: str, *more: str) -> dict[str, dict[str, object]]:
    """The steps of a save of a large, strategic account, by their keys; what is dropped is not among them."""
    desk.import_(ACCOUNT)
    save = desk.json("save", "start", "A1", "--scenario", scenario, *more)["save"]
    return {each["step"]: each for each in save["steps"] if each["fate"] != "dropped"}


def day_of(step: dict[str, object]) -> int:
    return (date.fromisoformat(str(step["due_on"])) - date.fromisoformat(AS_OF)).days


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_save_does_what_is_asked_of_all_by_a_step_of_its_own_scenario(
    desk: Desk, scenario: str
) -> None:
    # SAV-1, SAV-2, SAV-5, SAV-7
    steps, place = started(desk, scenario), SCENARIOS.index(scenario)
    investigated = [step for step in steps.values() if step["phase"] == "investigate"]
    for phrase, names in OF_EVERY_PLAYBOOK.items():
        step = steps[names.split()[place]]
        last = {"24": 1, "1 ": 7, "30": 30, "da": 30, "ro": 2, "pl": 2}.get(phrase[:2], 30)
        last = 1 if phrase in INVESTIGATED else last
        assert day_of(step) <= last, phrase
        assert step["owner"], phrase
        assert (step in investigated) == (phrase in INVESTIGATED), phrase
    answers = [day_of(step) for step in steps.values() if str(step["phase"]).startswith("week")]
    assert max(map(day_of, investigated)) < min(answers)


def test_each_step_is_the_work_of_the_role_that_the_rule_names_and_of_the_person_who_fills_it(
    desk: Desk,
) -> None:
    # SAV-5
    team = {role: f"{role} person" for _, role, _ in OF_EACH_ROLE if role != "csm"}
    own = desk.folder / "team.toml"
    own.write_text("[team]\n" + "".join(f'{role} = "{name}"\n' for role, name in team.items()))
    steps = started(desk, "product", "--policy", str(own))
    for does, role, name in OF_EACH_ROLE:
        step = steps[name]
        assert (step["owner_role"], step["delegate"]) == (role, False), does
        assert step["owner"] == team.get(role, "ana"), does


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_save_says_when_its_playbook_is_for_and_when_it_has_succeeded(desk: Desk, scenario: str) -> None:
    # SAV-5
    desk.import_(ACCOUNT)
    assert desk.run("save", "start", "A1", "--scenario", scenario).code == 0
    save, book = desk.json("save", "show", "s1")["save"], POLICY.playbooks[scenario]
    assert save["trigger"] == book.trigger != ""
    assert len(save["success"]) == 8  # the four of every save, and the four in its own words
    said = " ".join(desk.run("save", "show", "s1").out.split())
    assert said.count(" - ") >= 4
    assert all(" ".join(text.split()) in said for text in save["success"][4:])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_milestones_and_check_ins_are_those_of_every_save_in_the_words_of_the_scenario(
    desk: Desk, scenario: str
) -> None:
    # SAV-7, SAV-10: asked after 30 days, reviewed after 60, a review of the quarter after 90
    desk.import_(ACCOUNT)
    save, book = desk.json("save", "start", "A1", "--scenario", scenario)["save"], POLICY.playbooks[scenario]
    assert {each["milestone"]: each["text"] for each in save["milestones"]} == book.milestones
    found = {each["days"]: each for each in save["checkins"]}
    for days, word in ((30, "Ask "), (60, "Review "), (90, "quarter")):
        assert word in book.checkins[days] == found[days]["title"]
        assert (day_of(found[days]), found[days]["owner"]) == (days, "ana")


@pytest.mark.parametrize("rule", RULES)
def test_each_phrase_of_a_scenarios_rule_is_a_step_of_its_save_in_time_and_owned(
    desk: Desk, rule: str
) -> None:
    # SAV-P, SAV-V, SAV-R, SAV-B, SAV-C, SAV-D
    steps = started(desk, RULES[rule])
    for of, phrase, name, words, last in OF_ITS_RULE:
        if of == rule:
            assert name in steps, phrase
            assert words in str(steps[name]["title"]), phrase
            assert day_of(steps[name]) <= last, phrase
            assert steps[name]["owner"], phrase


def test_the_same_day_clock_and_the_72_hours_are_kept_by_the_hour(desk: Desk) -> None:
    # SAV-R, SAV-C
    hours = {"new-csm-call": "relationship", "deep-dive": "competitive", "executive-review": "competitive"}
    for name, scenario in hours.items():
        desk.import_(ACCOUNT.replace("A1,Acme", f"{name},{name}"), name=f"{name}.csv")
        save = desk.json("save", "start", name, "--scenario", scenario)["save"]
        step = next(each for each in save["steps"] if each["step"] == name)
        flagged, due = (datetime.fromisoformat(str(at)) for at in (save["flagged_at"], step["due_at"]))
        assert due - flagged == timedelta(hours=72)
