"""What the policy check accepts, what it refuses, and where it says the trouble is."""

import copy
import json
import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.policy import Policy
from renewctl.core.policy_check import check, dotted, merge, problem_at
from renewctl.core.policy_schema import SCHEMA, Leaf, List, Map, Table
from renewctl.store.policy_files import shipped

BASE = shipped().whole()
UNTOUCHED = copy.deepcopy(BASE)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def overlay(path: tuple[str, ...], value: Any) -> str:
    """A file that says one thing, on its fourth line."""
    table = ".".join(json.dumps(key) for key in path[:-1])
    head = f"# one change\n\n[{table}]\n" if table else "# one change\n\n\n"
    return head + f"{json.dumps(path[-1])} = {toml(value)}\n"


def problems(text: str) -> tuple[Any, ...]:
    return check(tomllib.loads(text), text, "own.toml", BASE)


def leaves(tree: dict[str, Any], base: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found = []
    for key, value in tree.items():
        found += leaves(value, (*base, key)) if isinstance(value, dict) else [((*base, key), value)]
    return found


LEAVES = leaves(BASE)


def spec_of(path: tuple[str, ...]) -> Any:
    spec: Any = SCHEMA
    for key in path:
        spec = spec.keys[key] if isinstance(spec, Table) else spec.value
    return spec


def test_the_shipped_policy_is_complete_and_without_a_problem():
    assert check(BASE, "", "shipped") == ()


def test_a_complete_policy_that_lacks_any_one_table_is_told_so():
    for key in BASE:
        rest = {name: table for name, table in BASE.items() if name != key}
        assert [(problem.column, problem.message) for problem in check(rest, "", "own.toml")][:1] == [
            (key, f"missing; a table: [{key}]")
        ]


@given(st.sampled_from(LEAVES))
def test_any_shipped_value_said_again_is_a_sound_overlay_that_changes_nothing(leaf):
    path, value = leaf
    text = overlay(path, value)
    assert problems(text) == ()
    assert merge(BASE, tomllib.loads(text)) == BASE


@given(st.sampled_from(LEAVES), st.sampled_from([date(2026, 1, 1), {}, [[]], [{}]]))
def test_a_value_of_the_wrong_kind_is_found_at_its_key_and_line(leaf, wrong):
    path, _ = leaf
    found = problems(overlay(path, wrong))
    assert found
    assert {problem.line for problem in found} == {4}
    assert all(problem.column.startswith(dotted(path)) for problem in found)
    assert all("; " in problem.message for problem in found)


@given(st.sampled_from([leaf for leaf in LEAVES if isinstance(spec_of(leaf[0]), Leaf)]), st.booleans())
def test_a_number_is_refused_just_past_either_end_of_its_range_and_taken_at_it(leaf, upper):
    path, _ = leaf
    spec = spec_of(path)
    end = spec.high if upper else spec.low
    if end is None or spec.kind == "text":
        return
    past = int(end) + 1 if upper else int(end) - 1
    said = [problem.message for problem in problems(overlay(path, past))]
    assert any(f"{past} is too {'large' if upper else 'small'}; {spec.expects}" == each for each in said)
    at_end = [problem.message for problem in problems(overlay(path, int(end)))]
    assert spec.above_low or not any("is too" in each for each in at_end)


@given(
    st.sampled_from([path for path, _ in LEAVES if "rules" not in path[:1]]),
    st.integers(0, 5),
    st.integers(0, 30),
)
def test_a_mistyped_key_is_an_error_on_its_line_that_offers_the_right_one(path, level, at):
    level = min(level, len(path) - 1)
    parent = spec_of(path[:level])
    key = path[level]
    at %= len(key)
    mistyped = key[:at] + key[at] * 2 + key[at + 1 :]  # one letter twice
    if isinstance(parent, Map) or mistyped in parent.keys:
        return
    text = overlay((*path[:level], mistyped, *path[level + 1 :]), 1)
    found = problems(text)
    assert [problem.column for problem in found] == [dotted((*path[:level], mistyped))]
    assert found[0].line in (3, 4)
    assert found[0].message == f"unknown key; did you mean {key}?"


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("[health.bands]\ngreen = 50", "health.bands.green", "50 is not over yellow's 50; more than yellow"),
        ("[health.bands]\nyellow = 80", "health.bands.green", "75 is not over yellow's 80; more than yellow"),
        ("[health.weights]\nnps = 0", "health.weights.nps", "0 is too small; a whole number over 0"),
        (
            '[health.caps]\ncompetitor = "60"',
            "health.caps.competitor",
            '"60" is a text; a number from 0 to 100',
        ),
        ("[health]\nleast_weight = nan", "health.least_weight", "nan is a decimal; a number from 0 to 1"),
        (
            "[health]\nusage_points = [[0, 70], [0, 80]]",
            "health.usage_points[1]",
            "0 is not over 0; usage_trend rises",
        ),
        (
            "[health.guard]\nscore = 60",
            "health.guard.score",
            "60 is not green; at least 75",
        ),
        (
            "[health.segments.smb]\nbands = { yellow = 80 }",
            "health.segments.smb.bands.green",
            "75 is not over yellow's 80; more than yellow",
        ),
        (
            "[health.segments.tiny]\nweights = { usage = 1 }",
            "health.segments.tiny",
            "unknown key; known here: enterprise, mid_market, smb",
        ),
        (
            "[[health.ages]]\nbelow_days = 90\ngreen = 40\nyellow = 45",
            "health.ages[0].green",
            "40 is not over yellow's 45; more than yellow",
        ),
        (
            "[[health.ages]]\nbelow_days = 90\ngreen = 70\nyellow = 45\n"
            "[[health.ages]]\nbelow_days = 60\ngreen = 70\nyellow = 45",
            "health.ages[1].below_days",
            "60 is not over 90, tried first; rising",
        ),
        (
            "[health.check]\nnear_days = 100",
            "health.check.far_days",
            "90 is under near_days; at least 100",
        ),
        (
            "[segments.mid_market]\nat_least = 100_000",
            "segments.enterprise.at_least",
            "100000 is not over mid_market's 100000; thresholds rise from smb over mid_market to enterprise",
        ),
        (
            "[segments.smb]\nat_least = 1",
            "segments.smb.at_least",
            "an ARR below it would have no segment; 0",
        ),
        (
            "[segments.smb]\neffort_hours = [3, 1]",
            "segments.smb.effort_hours",
            "3 is over 1; the lower value first",
        ),
        ("green = 80", "green", "unknown key here; green belongs in [health.bands]"),
        ("[genral]\nx = 1", "genral", "unknown key; did you mean general?"),
        (
            "[general]\nvalue_scope = 'acount'",
            "general.value_scope",
            '"acount" is not known here, did you mean account?; one of: account, contract',
        ),
        (
            "[general]\nbase_currency = 'EUX'",
            "general.base_currency",
            '"EUX" is no currency; an ISO 4217 code, such as "USD"',
        ),
        (
            "[general]\ncountry = 'Brasil'",
            "general.country",
            '"Brasil" will not do; an ISO country code, such as "BR", or ""',
        ),
        (
            "health = 3",
            "health",
            "a whole number where a table belongs; a table: [health]",
        ),
        (
            '[general]\nvalue_scope = "' + "account" * 9 + '"',
            "general.value_scope",
            '"' + "account" * 8 + '…" is not known here; one of: account, contract',
        ),
        (
            "[segments.smb]\nstarts_days = [30]",
            "segments.smb.starts_days",
            "1 values; two values, days before the anchor, the lower first: [1, 2]",
        ),
        (
            "[general]\nusual_term_months = true",
            "general.usual_term_months",
            "True is true or false; a whole number from 1 to 120",
        ),
        (
            "[segments.enterprise]\nwarn_hours = 14",
            "segments.enterprise.warn_hours",
            "14 is under the least effort; at least 15",
        ),
        (
            "[health]\nusage_points = [[-50, -1], [0, 70], [20, 100]]",
            "health.usage_points[0][1]",
            "-1 is no score; a number from 0 to 100",
        ),
        (
            "[timelines.smb.notice]\nafter_days = 3",
            "timelines.smb.notice.after_days",
            "counts from a trigger and there is none; leave it out",
        ),
        (
            "[saves]\ncheckin_days = [60, 30, 90]",
            "saves.checkin_days",
            "out of order; rising, such as [30, 60, 90]",
        ),
        (
            '[playbooks.value.steps.call]\nchannel = "customer"',
            "playbooks.value.steps.call.channel",
            'customer is no call; channel = "call" (SAV-1)',
        ),
        ("[rates]\nEUX = 1", "rates.EUX", "no such currency; an ISO 4217 code, such as EUR"),
        ("[rates]\nUSD = 1.1", "rates.USD", "USD is the base currency; 1, or leave it out"),
        (
            "[rates]\nEUR = 0",
            "rates.EUR",
            '0 is too small; units of the base currency one unit is worth, such as "1.08"',
        ),
        (
            "[timelines.smb.notise]\nenabled = false",
            "timelines.smb.notise",
            "unknown; did you mean notice? (a new one needs title, channel, role, purpose, rule too)",
        ),
        (
            "[timelines.smb.notice]\ndays = 61",
            "timelines.smb.notice.days",
            '61 days before, the customer hears nothing yet (TML-1); 60 at most, or channel = "internal"',
        ),
        (
            '[timelines.enterprise.review]\nchannel = "customer"',
            "timelines.enterprise.review.days",
            '120 days before, the customer hears nothing yet (TML-1); 60 at most, or channel = "internal"',
        ),
        (
            '[timelines.smb.notice]\ntrigger = "won"',
            "timelines.smb.notice",
            'both days and a trigger; days = 30, or trigger = "won" with after_days',
        ),
        (
            '[timelines.smb.notice]\nwhen = ["no_replay"]',
            "timelines.smb.notice.when[0]",
            '"no_replay" is not known here, did you mean no_reply?; '
            "one of: risk_only, at_risk, not_at_risk, yellow, expansion, bundle, not_bundle, "
            "not_late_stage, no_reply, not_auto_renew",
        ),
        (
            '[timelines.smb.notice]\nafter = ["reminder", "propsal"]',
            "timelines.smb.notice.after[1]",
            "no step is called propsal; a step of the same table",
        ),
        (
            '[timelines.smb.proposal]\nafter = ["proposal"]',
            "timelines.smb.proposal.after",
            "waits for itself in the end; no circles",
        ),
        (
            "[cadence.enterprise.qbr]\nevery_months = 5",
            "cadence.enterprise.qbr.every_months",
            "5 months do not fill a year; 1, 2, 3, 4, 6 or 12",
        ),
        (
            "[saves.milestones.week_1]\ndays = [9, 4]",
            "saves.milestones.week_1.days",
            "9 is over 4; the lower value first",
        ),
        (
            "[overrides]\nover_pct = 95",
            "overrides.over_pct",
            "95 is too small; a whole number from 100 to 1,000",
        ),
        (
            "[general]\nusual_term_months = 0",
            "general.usual_term_months",
            "0 is too small; a whole number from 1 to 120",
        ),
        (
            '[timelines.smb.notice]\nrule = "TML-Z"',
            "timelines.smb.notice.rule",
            'there is no rule "TML-Z"; the id of a rule, such as "TML-E"',
        ),
        (
            '[timelines.smb.notice]\ntitle = "Generate  the PROPOSAL"',
            "timelines.smb.notice.title",
            "the same action as proposal on the same day; one step each",
        ),
        (
            "[timelines.smb.Notice]\ndays = 3",
            "timelines.smb.Notice",
            "not a possible key; a step: small letters, digits and hyphens, such as value-review",
        ),
        (
            "[ownership.models.hybrid.medium]\norder = 1",
            "ownership.models.hybrid.medium.order",
            "small has 1 too; a number of its own",
        ),
        (
            "[ownership.models.hybrid.large]\nbelow = 1_000_000",
            "ownership.models.hybrid.large",
            "does not fit every ARR; a last rule of order and role",
        ),
        (
            "[ownership.models.hybrid.medium]\nbelow = 5_000",
            "ownership.models.hybrid.medium.below",
            "5000 is under small's 10000, tried first; rising",
        ),
        (
            '[ownership.models.csm.more]\norder = 2\nrole = "csm"',
            "ownership.models.csm.more",
            "never reached, everything fits every ARR; give everything a `below`",
        ),
        (
            '[stages]\nlate = ["won"]',
            "stages.late[0]",
            "won is no open stage of stages.order; one that is",
        ),
        (
            "[agenda.squeezed]\nentreprise = 60",
            "agenda.squeezed.entreprise",
            "unknown key; did you mean enterprise?",
        ),
        (
            "[saves]\ntarget_hours = 72",
            "saves.target_hours",
            "72 is over respond_hours; at most 48",
        ),
        (
            "[saves.approval_pct]\ncsm = 25",
            "saves.approval_pct.manager",
            "20 is under the csm's; 25 or more",
        ),
        (
            "[playbooks.product.steps.call]\nenabled = false",
            "playbooks.product.steps.call",
            "missing or switched off; the first contact is a call (SAV-1)",
        ),
        (
            "[playbooks.value.steps.call]\nhours = 49",
            "playbooks.value.steps.call.hours",
            "too late or not on the clock; at most 48 (SAV-1)",
        ),
        (
            '[playbooks.value.benchmark]\nsource = " "',
            "playbooks.value.benchmark.source",
            'nothing written; who published it, such as "reported by …"',
        ),
        (
            "[playbooks.pricing]\ntypical_days = 3",
            "playbooks.pricing",
            "not one of product, value, relationship, budget, competitive, champion_departure; "
            "a new one needs title, rule, urgency, trigger, success, steps too",
        ),
        (
            "[playbooks.Merger]\ntypical_days = 3",
            "playbooks.Merger",
            "not a possible key; a scenario: small letters, digits and _",
        ),
        (
            "[offers.billing_period]\nevery_months = 5",
            "offers.billing_period.every_months",
            "does not divide the year; 1, 2, 3, 4, 6 or 12",
        ),
        (
            "[offers.ramp.steps_pct]\n9 = [20, 10]",
            "offers.ramp.steps_pct.9",
            "9 months are not 2 equal steps; another number of steps",
        ),
        (
            "[offers.ramp]\nmonths = 9",
            "offers.ramp.months",
            "no ramp of 9 months in offers.ramp.steps_pct",
        ),
        (
            '[offers]\nno_discount = ["relationsip"]',
            "offers.no_discount[0]",
            "no playbook is called relationsip; one of "
            "budget, champion_departure, competitive, product, relationship, value",
        ),
        (
            "[offers.sheet]\nprice = []",
            "offers.sheet.price",
            "no playbook has this root cause; see them: renewctl playbook list",
        ),
        (
            "[pricing]\nbest_years = 4",
            "pricing.best_years",
            "no discount for 4 years; add it to [pricing.discount_pct]",
        ),
        (
            "[pricing]\nbetter_share = 1\nbest_share = 0.5",
            "pricing.better_share",
            "1 is over best_share; at most 0.5",
        ),
    ],
)
def test_each_mistake_is_named_with_what_would_be_right(text, column, said):
    assert [(problem.column, problem.message) for problem in problems(text)] == [(column, said)]


def test_every_problem_is_listed_in_the_order_of_lines():
    text = "[pricing]\nvalid_days = 0\n\n[health.bands]\ngreen = 101\nyelow = 1\n[nothing]\n"
    assert [(problem.line, problem.column) for problem in problems(text)] == [
        (2, "pricing.valid_days"),
        (5, "health.bands.green"),
        (6, "health.bands.yelow"),
        (7, "nothing"),
    ]


def test_a_step_of_the_users_own_is_taken_and_read():
    text = (
        '[timelines.smb.thank-you]\ntitle = "Send a card"\ntrigger = "won"\nafter_days = 3\n'
        'channel = "customer"\nrole = "csm"\npurpose = "celebrate"\nrule = "OURS-1"\n'
        '[rules.OURS-1]\ntext = "We thank everybody."\n'
    )
    assert problems(text) == ()
    steps = {step.step: step for step in Policy(merge(BASE, tomllib.loads(text))).timelines["smb"]}
    assert steps["thank-you"].trigger == "won"
    assert steps["thank-you"].after_days == 3
    assert set(steps) == {*BASE["timelines"]["smb"], "thank-you"}


def test_a_step_that_is_switched_off_is_no_longer_planned():
    tree = {"timelines": {"smb": {"check-in": {"enabled": False}}}}
    steps = Policy(merge(BASE, tree)).timelines["smb"]
    assert {step.step for step in steps} == BASE["timelines"]["smb"].keys() - {"check-in"}


def test_another_base_currency_drops_the_shipped_rates_which_were_in_dollars():
    assert merge(BASE, {"general": {"base_currency": "EUR"}})["rates"] == {}
    own = {"general": {"base_currency": "EUR"}, "rates": {"USD": "0.9"}}
    assert merge(BASE, own)["rates"] == {"USD": "0.9"}
    assert merge(BASE, {"rates": {"CHF": "1.1"}})["rates"] == {**BASE["rates"], "CHF": "1.1"}


TREES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=8,
)
TABLES = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(TABLES, TABLES)
def test_merging_twice_is_merging_once_and_every_value_of_the_overlay_stands(base, own):
    general = {"general": {"base_currency": "USD"}}
    base = {**general, **base}
    before = copy.deepcopy(base)
    once = merge(base, own)
    assert merge(once, own) == once
    assert base == before
    merged = dict(leaves(once))
    own_leaves = dict(leaves(own))
    assert own_leaves.items() <= merged.items()
    for path, value in leaves(base):
        covered = any(path[: len(each)] == each or each[: len(path)] == path for each in own_leaves)
        assert covered or merged.get(path) == value


def test_checking_and_merging_leave_the_shipped_tables_alone():
    assert BASE == UNTOUCHED


def test_every_leaf_of_the_schema_says_what_would_be_right():
    def walk(spec: Any) -> None:
        if isinstance(spec, Leaf):
            assert spec.expects
        elif isinstance(spec, List):
            assert spec.expects
            walk(spec.item)
        elif isinstance(spec, Map):
            assert spec.keys_are
            assert spec.pattern or spec.names
            walk(spec.value)
        else:
            assert spec.optional <= spec.keys.keys()
            for each in spec.keys.values():
                walk(each)

    walk(SCHEMA)


def test_a_large_file_of_something_else_is_refused_without_endless_work():
    text = (
        "".join(f"helth{number} = 1\n" for number in range(20_000))
        + "[stages]\nlate = ["
        + "1," * 50_000
        + "]"
    )
    found = problems(text)
    assert 0 < len(found) < 1_000
    assert found[0].line == 1


def test_stages_begin_as_planned_and_end_as_won_or_lost():
    order = BASE["stages"]["order"]
    for wrong in (order[1:] + order[:1], ["in_review", *order], [*order[:-2], "won"]):
        said = [each.column for each in problems(overlay(("stages", "order"), wrong))]
        assert "stages.order" in said
    assert problems(overlay(("stages", "order"), [*order[:-2], "lost", "won"])) == ()


def test_a_stage_named_twice_is_told_where_it_stands_again():
    order = BASE["stages"]["order"]
    found = problems(overlay(("stages", "late"), [order[-3], order[-3]]))
    assert [(each.column, each.message) for each in found] == [
        ("stages.late[1]", f'"{order[-3]}" is there twice; each at most once')
    ]


def test_a_complete_policy_has_all_six_playbooks():
    rest = {name: book for name, book in BASE["playbooks"].items() if name != "value"}
    found = [(each.column, each.message) for each in check({**BASE, "playbooks": rest}, "", "own.toml")]
    assert ("playbooks.value", "missing; a table: [playbooks.value]") in found


_STEP = """title = "T"
phase = "week_1"
day = 5
role = "csm"
channel = "internal"
rule = "SAV"
done_when = "D"
"""


def _play(name, more):
    return f"[playbooks.value.steps.{name}]\n{_STEP}{more}\n"


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        (
            _play("own", 'after = ["nothing"]'),
            "steps.own.after[0]",
            "no step is called nothing; a step of the same table",
        ),
        (
            _play("one", 'after = ["two"]') + _play("two", 'after = ["one"]'),
            "steps.one.after",
            "waits for itself in the end; no circles",
        ),
        (
            _play("own", 'when = ["no-such=yes"]'),
            "steps.own.when[0]",
            "no step asks no-such; a question of this playbook",
        ),
        (
            _play("own", 'when = ["own-q=maybe"]\nasks.own-q = { text = "Q?", answers = ["yes", "no"] }'),
            "steps.own.when[0]",
            "maybe is no answer to own-q; one of: yes, no",
        ),
        (
            _play("own", 'when = ["own-q!=maybe"]\nasks.own-q = { text = "Q?" }'),
            "steps.own.when[0]",
            "own-q has no answers to choose from; give it some",
        ),
        (
            _play("own", 'asks.cause = { text = "Q?" }'),
            "steps.own.asks.cause",
            "cause means the root cause; a key of its own",
        ),
        (
            _play("one", 'asks.own-q = { text = "Q?" }') + _play("two", 'asks.own-q = { text = "Q?" }'),
            "steps.two.asks.own-q",
            "own-q is asked by another step; a key of its own",
        ),
        (
            _play("own", 'state = "planned"'),
            "steps.own.state",
            "value-plan brings the case to planned; only one step does",
        ),
        (
            "[playbooks.value.steps.value-plan]\nenabled = false",
            "steps",
            'no step brings the case to planned; state = "planned" at one of them',
        ),
        (
            '[playbooks.value.root_causes.own]\ntext = "T"\nscenario = "nothing"',
            "root_causes.own.scenario",
            "there is no playbook nothing; one of: " + ", ".join(BASE["playbooks"]),
        ),
    ],
)
def test_a_playbook_that_leads_nowhere_is_refused_with_its_place(text, column, said):
    found = [(each.column, each.message) for each in problems(text)]
    assert (f"playbooks.value.{column}", said) in found
    assert {message for _, message in found} == {said}


def test_another_step_than_the_call_cannot_be_the_first_contact():
    moved = '[playbooks.value.steps.call]\nstate = "executing"\n' + _play("own", 'state = "contacted"')
    assert [(each.column, each.message) for each in problems(moved)] == [
        (
            "playbooks.value.steps.own.state",
            "contacted comes of the call; [playbooks.value.steps.call] has it",
        )
    ]


def test_a_cause_that_is_not_listed_can_be_no_condition():
    own = '[playbooks.value.root_causes.seen]\ntext = "T"\n'
    assert problems(own + _play("own", 'when = ["cause=seen", "enterprise"]')) == ()
    [found] = problems(own + _play("own", 'when = ["cause=unseen"]'))
    assert found.message.startswith("unseen is no answer to cause; one of: ")
    assert "seen" in found.message


@pytest.mark.parametrize("scenario", list(BASE["playbooks"]))
def test_a_playbook_that_investigates_nothing_is_refused(scenario):
    steps = BASE["playbooks"][scenario]["steps"]
    asked = [name for name, step in steps.items() if step["phase"] == "investigate"]
    off = "".join(f"[playbooks.{scenario}.steps.{name}]\nenabled = false\n" for name in asked)
    assert "call" not in asked
    said = 'nothing is investigated; at least one step with phase = "investigate" (SAV-5)'
    assert [(each.column, each.message) for each in problems(off)] == [(f"playbooks.{scenario}.steps", said)]
    one_left = off.partition("enabled = false\n")[2]
    assert problems(one_left) == ()


def test_a_step_that_is_switched_off_may_be_as_wrong_as_it_likes():
    wrong = "[timelines.smb.notice]\nafter_days = 3\ndays = 61\n"
    assert problems(wrong) != ()
    assert problems(wrong + "enabled = false\n") == ()


def test_a_problem_found_elsewhere_is_placed_on_the_line_of_its_key():
    text = '[general]\n\ncountry = "XX"\n'
    found = problem_at(text, "own.toml", ("general", "country"), "no calendar of XX")
    assert (found.file, found.line, found.column, found.message) == (
        "own.toml",
        3,
        "general.country",
        "no calendar of XX",
    )
    assert problem_at(text, "own.toml", ("general", "time_zone"), "unknown").line == 1
