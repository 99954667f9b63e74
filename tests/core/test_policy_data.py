"""The shipped policy against the rules it claims to carry."""

import re

import pytest

from renewctl.core.policy import SCENARIOS, SEGMENTS, Policy
from renewctl.core.policy_schema import CONDITIONS, PURPOSES, ROLES
from renewctl.policies import __main__ as generator
from renewctl.store.policy_files import load_policy, shipped

POLICY = load_policy(None)

# Every id of the rules, group by group.
IDS = re.findall(
    r"\S+",
    """
SEG SEG-1 SEG-2 HLT HLT-1 HLT-2 HLT-3 HLT-4 HLT-5 OPP OPP-1 OPP-2 OPP-3 OPP-4 OPP-5 TCH TCH-1 TCH-2
TCH-3 TCH-4 TML TML-1 TML-2 TML-E TML-M TML-S OWN OWN-1 OWN-2 OWN-3 TRK REM REM-90 REM-60 REM-30
REM-14 REM-7 REM-X PRP PRP-1 PRP-2 CTR CTR-1 DSH MYR MYR-1 MYR-2 MYR-3 MYR-4 BND BND-1 BND-2 BND-3
STK STK-1 STK-2 STK-3 VAL WIN WIN-1 WIN-2 WIN-3 WIN-4 WIN-5 ROL SAV SAV-1 SAV-2 SAV-3 SAV-4 SAV-5
SAV-6 SAV-7 SAV-8 SAV-9 SAV-10 SAV-11 SAV-P SAV-V SAV-R SAV-B SAV-C SAV-D
""",
)


def steps(segment):
    return {step.step: step for step in POLICY.timelines[segment]}


def on(segment, days):
    return {step.step for step in POLICY.timelines[segment] if step.days == days}


def test_the_generated_modules_are_what_the_toml_files_say():
    for name, source in generator.modules().items():
        assert (generator.HERE / name).read_text(encoding="utf-8") == source, "python -m renewctl.policies"
    assert shipped().whole() == generator.merged()


def test_every_rule_has_a_text():
    assert set(IDS) <= set(POLICY.rules)
    assert all(len(text) > 20 for text in POLICY.rules.values())


def test_every_table_of_the_files_names_a_rule_that_exists():
    for path in generator.sources():
        if path.stem == "rules":
            continue
        blocks = re.split(r"\n(?=\[)", "\n" + path.read_text(encoding="utf-8"))[1:]
        assert blocks, path
        for block in blocks:
            if ".benchmark]" in block.splitlines()[0]:
                continue
            cited = set(re.findall(r"\b[A-Z]{3,8}(?:-[A-Z0-9]+)?\b", block)) & POLICY.rules.keys()
            assert cited, f"{path.name}: {block.splitlines()[0]}"


def test_segments_begin_at_the_thresholds_of_the_rules():
    assert [(each.name, each.at_least_minor) for each in POLICY.segments] == [
        ("enterprise", 10_000_000),
        ("mid_market", 1_000_000),
        ("smb", 0),
    ]
    assert [each.effort_hours for each in POLICY.segments] == [(15, 25), (5, 10), (1, 3)]
    assert [each.starts_days for each in POLICY.segments] == [(120, 150), (60, 90), (30, 60)]
    assert POLICY.segments[2].warn_hours == 3


def test_each_segment_has_steps_on_exactly_the_days_of_its_timeline_and_reminders():
    # TML, TML-E, TML-M, TML-S
    days = {
        name: {step.days for step in POLICY.timelines[name] if step.rule != "HLT-4"} - {None}
        for name in SEGMENTS
    }
    assert days == {"enterprise": {120, 90, 60, 45, 30, 14, 7}, "mid_market": {90, 60, 45, 30, 14, 7},
                    "smb": {60, 30, 14, 7}}  # fmt: skip


@pytest.mark.parametrize("segment", SEGMENTS)
def test_nothing_reaches_a_customer_before_60_days(segment):
    # TML, TML-1
    assert all(
        step.days <= 60 for step in POLICY.timelines[segment] if step.channel == "customer" and step.days
    )
    first = max(step.days for step in POLICY.timelines[segment] if step.channel == "customer" and step.days)
    assert first == 60


def test_the_notice_and_the_proposal_stand_where_the_merged_plan_puts_them():
    # REM, REM-60, REM-30
    for segment, notice in (("enterprise", 60), ("mid_market", 60), ("smb", 30)):
        assert steps(segment)["notice"].days == notice
        assert steps(segment)["notice"].channel == "customer"
        assert steps(segment)["proposal"].days == 30
        assert [step.step for step in POLICY.timelines[segment] if step.purpose == "notice"] == ["notice"]
    assert on("smb", 60) == {"reminder", "health-check", "at-risk"}


def test_the_notice_and_the_reminder_at_60_are_one_action():
    # REM, REM-60
    for segment in ("enterprise", "mid_market"):
        at_60 = [step for step in POLICY.timelines[segment] if step.days == 60]
        assert sum(step.purpose == "notice" for step in at_60) == 1
        assert not any(step.kind == "reminder" and step.channel == "customer" for step in at_60)
    smb = [step for step in POLICY.timelines["smb"] if step.purpose == "notice"]
    assert [step.days for step in smb] == [30]
    assert not any(step.rule == "REM-90" for step in POLICY.timelines["smb"])


def test_reminders_are_merged_in_and_absorbed_ones_are_not_there_again():
    # REM, REM-90, REM-60, REM-14
    rules = {name: {step.rule for step in POLICY.timelines[name]} for name in SEGMENTS}
    assert {rule for rule in rules["enterprise"] if "REM" in rule} == {"REM-90", "REM-60", "REM-14", "REM-7"}
    assert {rule for rule in rules["mid_market"] if "REM" in rule} == {"REM-90", "REM-60", "REM-14", "REM-7"}
    assert {rule for rule in rules["smb"] if "REM" in rule} == {"REM-7"}


def test_the_review_at_90_is_for_larger_mid_market_accounts_and_the_alert_for_all():
    # TML-M, REM-90
    at_90 = {step.step: step.min_arr_minor for step in POLICY.timelines["mid_market"] if step.days == 90}
    assert (at_90.pop("alert-90"), at_90.pop("at-risk")) == (None, None)
    assert set(at_90) == {"review", "risk-assessment", "expansion-analysis"}
    assert set(at_90.values()) == {5_000_000}


def test_escalations_spare_late_stages_and_small_accounts_escalate_only_without_a_reply():
    # REM-14, REM-7
    for segment in ("enterprise", "mid_market"):
        for name, days in (("escalate-14", 14), ("escalate-7", 7)):
            step = steps(segment)[name]
            assert (step.days, step.channel, step.role) == (days, "internal", "manager")
            assert set(step.when) == {"not_late_stage", "not_auto_renew"}
    assert [step.step for step in POLICY.timelines["smb"] if step.purpose == "escalate"] == ["escalate-7"]
    assert set(steps("smb")["escalate-7"].when) == {"no_reply", "not_auto_renew"}


def test_only_risk_work_is_left_out_of_an_account_in_excellent_health():
    spared = {
        (name, step.step) for name in SEGMENTS for step in POLICY.timelines[name] if "risk_only" in step.when
    }
    assert spared == {("enterprise", "risk-assessment"), ("mid_market", "risk-assessment")}


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_renewal_at_risk_opens_with_the_decision_to_fight_and_is_not_searched_for_growth(segment):
    # HLT-4
    decision = steps(segment)["at-risk"]
    assert decision.days == max(step.days for step in POLICY.timelines[segment] if step.days is not None)
    assert (decision.channel, decision.purpose, decision.rule) == ("internal", "risk", "OPP-3")
    assert decision.role == ("manager" if segment == "enterprise" else "owner")
    assert (decision.when, decision.min_arr_minor) == (("at_risk",), None)
    spared = {step.step for step in POLICY.timelines[segment] if "not_at_risk" in step.when}
    assert (
        spared
        == {
            "enterprise": {"expansion-analysis", "future-needs"},
            "mid_market": {"expansion-analysis"},
            "smb": set(),
        }[segment]
    )


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_yellow_account_is_asked_for_a_commitment_before_30_days(segment):
    # HLT-4
    added = {step.step: step for step in POLICY.timelines[segment] if "yellow" in step.when}
    assert {step.rule for step in added.values()} == {"HLT-4"}
    assert added.keys() >= {"commitment"}
    assert (added["commitment"].channel, added["commitment"].role) == ("customer", "owner")
    assert all(step.days > 30 and step.when == ("yellow",) for step in added.values())


def test_enterprise_thanks_and_looks_ahead_after_signature():
    # TML-E
    after = {step.step: step.trigger for step in POLICY.timelines["enterprise"] if step.days is None}
    assert after == {"celebrate": "won", "thank": "won", "next-year": "won"}


def test_no_action_is_there_twice_and_every_word_is_a_known_one():
    # REM
    for segment in SEGMENTS:
        actions = [(step.title.casefold(), step.days) for step in POLICY.timelines[segment]]
        assert len(actions) == len(set(actions))
        for step in POLICY.timelines[segment]:
            assert step.rule in POLICY.rules
            assert step.role in ROLES
            assert step.purpose in PURPOSES
            assert set(step.when) <= set(CONDITIONS)


def test_the_figures_we_ship_are_those_of_the_defaults():
    health, saves, pricing = POLICY.health, POLICY.saves, POLICY.pricing
    assert health.weights == {"usage": 35, "engagement": 20, "relationship": 20, "tickets": 15, "nps": 10}
    assert health.usage_points == ((-50, 0), (0, 70), (20, 100))
    assert (health.ticket_points, health.green, health.yellow, health.least_weight) == (10, 75, 50, 0.5)
    assert health.caps == {"cancel_notice": 20, "champion_gone": 60, "competitor": 60, "severity_one": 60}
    assert (health.severity_days, health.guard_score, health.guard_engagement) == (7, 85, 70)
    assert (health.fade_after_days, health.fade_over_days) == (30, 90)
    assert (POLICY.opportunity.seats_share, POLICY.opportunity.growth) == (0.9, 0.2)
    assert (POLICY.touch.auto_relationship, POLICY.touch.assisted_below_minor) == (70, 2_500_000)
    assert POLICY.ownership.model == "hybrid"
    assert [(rule.below_minor, rule.role) for rule in POLICY.ownership.rules] == [
        (1_000_000, "specialist"), (5_000_000, "csm"), (None, "sales")]  # fmt: skip
    assert (POLICY.agenda.catch_up_days, POLICY.agenda.drop_below_days, POLICY.agenda.deadline_days) == (
        2,
        30,
        14,
    )
    assert POLICY.agenda.catch_up_order[:4] == ("notice", "risk", "value", "proposal")
    assert POLICY.agenda.drop_purposes == ("prepare", "explore")
    assert POLICY.agenda.squeezed == {"enterprise": 60}
    assert POLICY.late_stages == {"approving", "contract_sent"}
    assert (saves.respond_hours, saves.target_hours, saves.checkin_days) == (48, 24, (30, 60, 90))
    assert (saves.day_starts.isoformat(), saves.human_from_minor, saves.cool_down_days) == (
        "09:00:00",
        500_000,
        30,
    )
    assert {role: saves.approval_pct[role] for role in ("csm", "manager")} == {"csm": 10, "manager": 20}
    assert len(saves.success) == 4
    in_time = {name: (each.first_day, each.last_day) for name, each in saves.milestones.items()}
    assert in_time == {
        "day_1": (0, 1), "day_2_3": (2, 3), "week_1": (4, 7), "week_2_4": (8, 28), "day_30": (30, 30)
    }  # fmt: skip
    assert POLICY.overrides == (95, 20, 110, 3)
    assert POLICY.usual_term_months == 12
    assert (pricing.better_share, pricing.best_share, pricing.best_years) == (0.5, 1, 2)
    assert pricing.discount_pct == {2: 10, 3: 15}
    assert pricing.incentive_pct == {2: (10, 20), 3: (15, 25)}
    assert {"en", "pt-BR"} <= set(pricing.terms)


def test_all_six_scenarios_call_first_then_investigate_before_they_answer():
    assert set(POLICY.playbooks) == set(SCENARIOS)
    for book in POLICY.playbooks.values():
        call = book.steps[0]
        assert (call.step, call.channel, call.hours) == ("call", "call", 24)
        by_name = [step.step for step in book.steps]
        [plan] = [at for at, step in enumerate(book.steps) if step.state == "planned"]
        assert by_name.index("root-cause") < plan
        assert book.steps[plan].hours == 48
        looked_into = [at for at, step in enumerate(book.steps) if step.phase == "investigate"]
        assert len(looked_into) >= 3
        assert max(looked_into) < plan
        answers = [at for at, step in enumerate(book.steps) if step.phase.startswith("week")]
        assert min(answers) > plan


def test_every_play_step_has_an_owner_a_channel_a_day_and_a_way_to_tell_it_is_done():
    ends = {"investigate": 1, "first_24h": 1, "first_48h": 2, "first_72h": 3, "week_1": 7, "week_2": 14,
            "week_3": 21, "week_4": 28, "day_30": 30, "month_2": 60}  # fmt: skip
    for book in POLICY.playbooks.values():
        assert book.typical_days >= max(step.day for step in book.steps)
        for step in book.steps:
            assert step.role in ROLES
            assert step.channel in ("internal", "customer", "call")
            assert step.done_when
            assert step.rule in POLICY.rules
            assert step.day <= ends[step.phase], (book.scenario, step.step)
            if step.hours is not None:
                assert step.hours == step.day * 24


def test_each_playbook_has_criteria_and_a_benchmark_that_names_who_published_it():
    sources = {
        "product": "Atlassian",
        "value": "ProfitWell",
        "relationship": "ChurnZero",
        "budget": "HubSpot",
        "competitive": "Intercom",
        "champion_departure": "Gainsight",
    }
    for scenario, book in POLICY.playbooks.items():
        assert len(book.success) == 4
        assert book.benchmark_source == f"reported by {sources[scenario]}"
        assert re.search(r"\d+ %", book.benchmark)


def test_a_changed_file_changes_the_fingerprint(tmp_path, monkeypatch):
    before = generator.fingerprint()
    assert re.fullmatch("[0-9a-f]{64}", before)
    for path in generator.sources():
        copy = tmp_path / path.relative_to(generator.HERE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(generator, "HERE", tmp_path)
    assert generator.fingerprint() == before
    with (tmp_path / "touch.toml").open("a") as file:
        file.write("# a word\n")
    assert generator.fingerprint() != before


def test_reading_a_policy_needs_every_section_only_when_it_is_asked_for():
    raw = shipped()
    policy = Policy(raw)
    assert policy.segments
    assert "playbooks" not in dict(raw)
    assert policy.playbooks
    assert policy.rules


def test_the_stages_are_those_of_the_rules_in_order():
    # TRK
    order = "planned in_review notified value_reviewed proposed negotiating approving contract_sent won lost"
    assert POLICY.stages == tuple(order.split())
    assert POLICY.late_stages == {"approving", "contract_sent"}


@pytest.mark.parametrize(
    ("written", "minor"),
    [(50_000, 50_000_00), (0.1, 10), (9_999.99, 9_999_99), ("0.29", 29), ("1e3", 1_000_00)],
)
def test_an_amount_of_the_policy_is_taken_to_the_cent_as_it_is_written(written, minor):
    raw = shipped().whole()
    assert (
        Policy({**raw, "touch": {**raw["touch"], "assisted_below": written}}).touch.assisted_below_minor
        == minor
    )
