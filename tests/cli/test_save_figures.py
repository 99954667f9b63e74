"""Each figure of the rules of saves is listed here once, and is what the program goes by or prints.

What it does with those of the policy is held elsewhere: each has a switch that makes it another one
(`python -m tests.rules`). Here none may be missing or have become another one.
"""

import json

import pytest

from renewctl.core.policy import SCENARIOS
from tests.book import POLICY
from tests.desk import Desk
from tests.rule_switches import SWITCHES, Figure

# rule, key of the policy, what the rule says
OF_THE_POLICY = [
    ("SAV-1", "saves.respond_hours", 48),
    ("SAV-1", "saves.target_hours", 24),
    ("SAV-1", "saves.day_starts", "09:00"),
    ("SAV-1", "saves.human_from", 5_000),
    ("SAV-1", "saves.cool_down_days", 30),
    ("SAV-1", "saves.triggers.usage_trend", -30),
    ("SAV-1", "saves.triggers.open_tickets", 5),
    ("SAV-1", "saves.triggers.csat", 2.5),
    ("SAV-1", "saves.triggers.silence_days", 14),
    ("SAV-1", "health.flag.below", 50),
    ("SAV-1", "health.flag.drop_points", 15),
    ("SAV-1", "health.flag.drop_days", 30),
    ("SAV-2", "saves.whys", 5),
    ("SAV-2", "saves.scenario_order",
     ["champion_departure", "competitive", "product", "relationship", "budget", "value"]),
    ("SAV-4", "saves.approval_pct", {"csm": 10, "manager": 20, "vp": 100}),
    ("SAV-7", "saves.milestones.day_1.days", [0, 1]),
    ("SAV-7", "saves.milestones.day_2_3.days", [2, 3]),
    ("SAV-7", "saves.milestones.week_1.days", [4, 7]),
    ("SAV-7", "saves.milestones.week_2_4.days", [8, 28]),
    ("SAV-7", "saves.milestones.day_30.days", [30, 30]),
    ("SAV-9", "saves.update_every_days", 7),
    ("SAV-9", "saves.promise_soon_days", 3),
    ("SAV-10", "saves.checkin_days", [30, 60, 90]),
    ("SAV-10", "saves.recovery.days", 90),
    ("SAV-10", "saves.recovery.touch_every_days", 7),
    ("SAV-10", "saves.recovery.report_every_days", 30),
    ("SAV-10", "saves.recovery.attention_months", 6),
    ("SAV-11", "saves.learning.response_hours", [24, 48, 168]),
    ("SAV-11", "saves.learning.least_cases", 10),
    ("SAV-11", "saves.learning.confidence_pct", 95),
    ("SAV-P", "saves.chain.build.days", 28),
    ("SAV-P", "saves.chain.qa.days", 21),
    ("SAV-P", "saves.chain.beta.days", 14),
    ("SAV-B", "offers.prepay.discount_pct", 25),
    ("SAV-B", "offers.billing_period.every_months", 3),
    ("SAV-B", "offers.payment_terms.days", 60),
    ("SAV-B", "offers.bridge.months", 6),
    ("SAV-B", "offers.bridge.discount_pct", 50),
    ("SAV-B", "offers.bridge.recover_months", 6),
    ("SAV-B", "offers.ramp.steps_pct.6", [40, 20]),
    ("SAV-B", "offers.ramp.steps_pct.12", [40, 30, 20, 10]),
    ("SAV-C", "offers.trial.days", 30),
    ("WIN-3", "saves.learning.pattern_losses", 5),
]  # fmt: skip

# rule, scenario, who reported it, the figures
OF_THE_VENDORS = [
    ("SAV-P", "product", "Atlassian", ["70 %"]),
    ("SAV-V", "value", "ProfitWell", ["45 %", "92 %", "78 %"]),
    ("SAV-R", "relationship", "ChurnZero", ["86 %", "82 %"]),
    ("SAV-B", "budget", "HubSpot", ["50 %", "6 months", "65 %", "12 %"]),
    ("SAV-C", "competitive", "Intercom", ["18 %", "7 %", "72 hours"]),
    ("SAV-D", "champion_departure", "Gainsight", ["2 weeks", "78 %", "42 %"]),
]
OF_EVERY_SAVE = [
    ("SAV", "systematic", "the save framework", ["40 %"]),
    ("SAV-1", "response", "Salesforce", ["55 %", "48 h", "25 %", "7 days"]),
    ("SAV-10", "recovery", "Totango", ["89 %", "12 months", "62 %"]),
]


def at(path: str) -> object:
    found: object = POLICY.raw
    for key in path.split("."):
        assert isinstance(found, dict)
        found = found[key]
    return found


@pytest.mark.parametrize(("rule", "path", "says"), OF_THE_POLICY)
def test_a_figure_of_the_rules_is_what_the_policy_goes_by(rule: str, path: str, says: object) -> None:
    assert at(path) == says, rule


@pytest.mark.parametrize(("rule", "scenario", "vendor", "figures"), OF_THE_VENDORS)
def test_a_vendors_figure_is_printed_with_the_vendors_name(
    desk: Desk, rule: str, scenario: str, vendor: str, figures: list[str]
) -> None:
    # SAV-P, SAV-V, SAV-R, SAV-B, SAV-C, SAV-D
    shown = desk.json("playbook", "show", scenario)
    benchmark = json.dumps(shown, ensure_ascii=False)
    assert f"reported by {vendor}" in benchmark or vendor in benchmark, rule
    text = POLICY.playbooks[scenario].benchmark
    assert text in benchmark
    assert [figure for figure in figures if figure not in text] == []


@pytest.mark.parametrize(("rule", "name", "source", "figures"), OF_EVERY_SAVE)
def test_a_figure_of_every_save_stands_beside_ones_own_results_and_says_whose_it_is(
    desk: Desk, rule: str, name: str, source: str, figures: list[str]
) -> None:
    # SAV-1, SAV-10
    desk.import_("id,name,arr,currency,renewal_date,csm\nA1,Acme,50000,USD,2026-06-30,Ana\n")
    out = " ".join(desk.run("save", "results").out.split())
    benchmark = POLICY.saves.benchmarks[name]
    assert " ".join(benchmark["text"].split()) in out, rule
    assert source in benchmark["source"]
    assert [figure for figure in figures if figure not in benchmark["text"]] == []


def test_every_figure_of_the_policy_can_be_made_another_one_to_see_its_tests_fail() -> None:
    for rule, path, _ in OF_THE_POLICY:
        figures = [each.path for each in SWITCHES[rule] if isinstance(each, Figure)]
        wanted = path.replace(".", " ")
        assert any(each == wanted or each.startswith(f"{wanted} ") for each in figures), path


def test_every_playbook_and_every_benchmark_is_in_the_lists() -> None:
    assert [row[1] for row in OF_THE_VENDORS] == list(SCENARIOS)
    assert {row[1] for row in OF_EVERY_SAVE} == set(POLICY.saves.benchmarks)
