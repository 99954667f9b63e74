"""What `playbook check` finds in playbooks that load: steps nobody reaches, impossible dates (SAV-5)."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import policy_check
from renewctl.core.play_flow import flow
from renewctl.core.playbook_check import PHASE_DAYS, WARNINGS, check, due_hours, findings
from renewctl.core.policy import Policy
from renewctl.core.policy_schema import PHASES
from renewctl.store.policy_files import shipped

BASE = shipped().whole()
TEAM = ("manager", "support", "engineering", "product_manager", "solution_engineer", "finance")
FULL_TEAM = "[team]\n" + "".join(f'{role} = "Sol"\n' for role in TEAM)
HEAD = "[playbooks.product.steps.own]\n"
REST = 'title = "T"\nrole = "csm"\nrule = "SAV"\ndone_when = "D"\n'


def of(text, team=FULL_TEAM):
    """The policy with an overlay that loads, and its findings."""
    whole = text + "\n" + team
    tree = tomllib.loads(whole)
    assert policy_check.check(tree, whole, "own.toml", BASE) == ()
    return check(Policy(policy_check.merge(BASE, tree)), whole, "own.toml")


def own(more="", phase="week_1", day=5, channel="internal"):
    """A step of one's own in the playbook for product problems."""
    return f'{HEAD}{REST}phase = "{phase}"\nday = {day}\nchannel = "{channel}"\n{more}\n'


def test_the_shipped_playbooks_have_nothing_but_roles_to_fill():
    found = findings(Policy(BASE))
    assert {each.path[0] for each in found} == {"team"}
    assert {each.path[1] for each in found} == set(TEAM)
    assert of("") == ()
    assert of("", FULL_TEAM.replace('manager = "Sol"\n', "", 1) + '[team.managers]\nana = "Rui"\n') == ()


def test_every_phase_has_its_days_one_after_the_other():
    assert set(PHASE_DAYS) == set(PHASES)
    weeks = [PHASE_DAYS[f"week_{week}"] for week in (1, 2, 3, 4)]
    assert [last for _, last in weeks] == [7, 14, 21, 28]


QUESTION = 'asks.own-q = { text = "Q?", answers = ["yes", "no"] }'
OTHER = f'[playbooks.product.steps.other]\n{REST}phase = "week_1"\nday = 4\nchannel = "internal"\n'


@pytest.mark.parametrize(
    ("text", "column", "code", "said"),
    [
        (
            own('when = ["fixable=yes", "fixable=no"]'), "own.when", "step-unreachable",
            "never to be done: fixable is not no and yes at once",
        ),
        (
            own('when = ["fixable=yes", "fixable!=yes"]'), "own.when", "step-unreachable",
            "never to be done: fixable is not both yes and something else",
        ),
        (
            own('when = ["fixable!=no", "fixable!=yes"]'), "own.when", "step-unreachable",
            "never to be done: no answer to fixable is left",
        ),
        (
            own('when = ["cause=missing-feature", "cause=support-let-down"]'), "own.when", "step-unreachable",
            "never to be done: cause is not missing-feature and support-let-down at once",
        ),
        (
            own('when = ["smb", "enterprise"]'), "own.when", "step-unreachable",
            "never to be done: no account is enterprise and smb",
        ),
        (
            own(f'when = ["own-q!=no"]\n{QUESTION}'), "own.when", "step-unreachable",
            "never to be done: own-q is asked by a step that hangs on this one",
        ),
        (
            OTHER.replace("day = 4", "day = 6")
            + f'when = ["fixable=no"]\n{QUESTION.replace("own-q", "other-q")}\n'
            + own('when = ["other-q=yes", "fixable=yes"]', day=6), "own.when", "step-unreachable",
            "never to be done: fixable is not no and yes at once",
        ),
        (
            OTHER + f'enabled = false\n{QUESTION.replace("own-q", "other-q")}\n'
            + own('when = ["other-q=yes"]'),
            "own.when", "step-unreachable", "never to be done: the step that asks other-q is switched off",
        ),
        (
            own('after = ["feasibility"]', day=4), "own.after[0]", "date-before",
            "due before feasibility, which it builds on (day 5); day 5 or later",
        ),
        (
            own('when = ["fixable=yes"]', day=4), "own.when[0]", "date-before",
            "due before feasibility, which asks fixable (day 5); day 5 or later",
        ),
        (
            own(phase="first_72h", day=1, more="hours = 12", channel="customer"),
            "own.hours", "answer-too-early",
            "answers before tickets is over (day 1); investigate first (SAV-5)",
        ),
        (
            own(phase="week_1", day=8), "own.day", "date-phase",
            "day 8 is outside week_1; from day 2 to day 7, or another phase",
        ),
        (
            own(phase="first_24h", day=1, more="hours = 30"), "own.hours", "date-phase",
            "30 hours is outside first_24h; from day 0 to day 1, or another phase",
        ),
        (
            own(phase="first_72h", day=1, more="hours = 72"), "own.day", "date-two",
            "day 1 and 72 hours are not the same time; day = 3",
        ),
        (
            own(phase="month_2", day=40), "own.day", "date-length",
            "day 40 is after the typical length; at most 30, or more typical_days",
        ),
        (
            '[playbooks.product.steps.root-cause]\nhours = 72\nday = 3\nphase = "first_72h"\n'
            "[playbooks.product.steps.plan]\nafter = []\n",
            "plan.state", "state-order", "planned by 48 hours, diagnosed only by 72 hours; in this order",
        ),
        (
            own('done_by = ["offer:roadmap", "offer:seats"]'), "own.done_by[1]", "never-closes",
            "seats is no offer of this playbook; add it to instruments",
        ),
        (own('done_by = ["answers"]'), "own.done_by[0]", "never-closes", "asks nothing; give it a question"),
        (
            "[playbooks.product.steps.reconnect]\nenabled = false\n" + own('after = ["reconnect"]'),
            "own.after[0]", "after-off", "reconnect is switched off, so nothing is waited for; leave it out",
        ),
    ],
)  # fmt: skip
def test_each_mistake_has_its_code_its_place_and_what_would_be_right(text, column, code, said):
    [found] = of(text)
    assert (found.column, found.code, found.message) == (f"playbooks.product.steps.{column}", code, said)
    key = column.partition(".")[2].partition("[")[0]
    line = ((text + "\n" + FULL_TEAM).splitlines())[found.line - 1]
    assert found.file == "own.toml"
    assert line.startswith(key) or line.startswith(f"[playbooks.product.steps.{column.partition('.')[0]}")


def test_two_steps_that_hang_on_each_others_questions_are_both_named():
    text = (
        OTHER + f'when = ["own-q=yes"]\n{QUESTION.replace("own-q", "other-q")}\n'
        + own(f'when = ["other-q=yes"]\n{QUESTION}', day=4)
    )  # fmt: skip
    assert [each.code for each in of(text)] == ["step-unreachable", "step-unreachable"]


def test_a_question_met_twice_on_the_way_is_no_circle():
    text = OTHER + f'when = ["fixable=yes"]\nday = 5\n{QUESTION.replace("own-q", "other-q")}\n'
    text = text.replace("day = 4\n", "")
    assert of(text + own('when = ["other-q=yes", "other-q!=no", "fixable=yes", "enterprise"]')) == ()


def test_a_difference_from_an_answer_that_nobody_asks_for_holds():
    off = OTHER + f"enabled = false\n{QUESTION.replace('own-q', 'other-q')}\n"
    assert of(off + own('when = ["other-q!=yes"]')) == ()


def test_a_check_in_that_is_never_held_and_words_that_are_missing_are_told():
    never = '[playbooks.value.checkins]\n45 = "Ask"\n'
    [found] = of(never)
    assert (found.column, found.code) == ("playbooks.value.checkins.45", "checkin-never")
    assert found.message == "no check-in is held after 45 days; one of saves.checkin_days"
    steps = "".join(
        f'[playbooks.own.steps.{name}]\n{REST}phase = "{phase}"\nday = {day}\nchannel = "{channel}"\n{more}\n'
        for name, phase, day, channel, more in (
            ("call", "first_24h", 1, "call", 'hours = 24\nstate = "contacted"'),
            ("look", "investigate", 1, "internal", 'state = "diagnosed"'),
            ("plan", "first_48h", 2, "internal", 'state = "planned"'),
        )
    )
    head = (
        '[playbooks.own]\ntitle = "T"\nrule = "SAV"\nurgency = "low"\ntrigger = "T"\ntypical_days = 30\n'
        'success = ["S"]\n'
    )
    [found] = of(head + steps)
    assert (found.column, found.code, found.code in WARNINGS) == ("playbooks.own", "text-missing", True)
    assert found.message.startswith(
        "says nothing of talk_track, root_causes, milestones, checkins, recovery, update;"
    )


def test_a_vacant_role_is_named_once_with_the_steps_that_fall_to_the_csm():
    [found] = of("", FULL_TEAM.replace('finance = "Sol"\n', ""))
    steps = [
        step for book in Policy(BASE).playbooks.values() for step in book.steps if step.role == "finance"
    ]
    assert (found.column, found.code, found.line) == ("team.finance", "role-vacant", found.line)
    assert found.message.startswith(f"nobody is finance: {len(steps)} steps fall to the account's CSM")
    bare = check(Policy(BASE), "", "shipped")
    assert {each.line for each in bare} == {0}


@given(st.sampled_from(list(BASE["playbooks"])), st.data())
def test_every_shipped_step_is_reached_on_some_way_through_its_playbook(scenario, data):
    book = Policy(BASE).playbooks[scenario]
    step = data.draw(st.sampled_from(book.steps))
    wanted = [each.partition("=") for each in step.when]
    findings_ = {key: answer for key, sign, answer in wanted if sign and not key.endswith("!")}
    facts = frozenset(key for key, sign, _ in wanted if not sign)
    asked = {question.key: question for each in book.steps for question in each.asks}
    for key, _, answer in wanted:
        if key.endswith("!"):
            others = [each for each in asked[key[:-1]].answers if each != answer]
            findings_[key[:-1]] = others[0]
    assert flow(book.steps, findings_, facts, frozenset())[step.step] == "active"


def test_a_step_without_a_clock_is_due_by_the_end_of_its_day():
    steps = {step.step: step for step in Policy(BASE).playbooks["product"].steps}
    assert (due_hours(steps["call"]), due_hours(steps["tickets"]), due_hours(steps["dates"])) == (24, 48, 192)
