"""`playbook list`, `show` and `check`, and a playbook of one's own worked with (SAV-5)."""

import json
import re
import tomllib

import pytest

from renewctl.core.policy import SCENARIOS
from renewctl.views import playbook as view
from renewctl.views import terminal
from tests.book import POLICY
from tests.desk import Desk
from tests.processes import ROOT

OWN = str(ROOT / "examples" / "playbook.toml")
HOSTILE = "Evil \\u001b[31m[/] \\u202e"


@pytest.fixture(autouse=True)
def _no_policy(monkeypatch):
    monkeypatch.delenv("RENEWCTL_POLICY", raising=False)


def test_the_list_has_the_six_in_their_order_and_then_those_a_policy_adds(desk: Desk) -> None:
    shown = desk.json("playbook", "list")
    assert shown["schema"] == "renewctl/playbooks/1"
    assert [each["scenario"] for each in shown["playbooks"]] == list(SCENARIOS)
    own = desk.json("playbook", "list", "--policy", OWN)["playbooks"]
    assert [each["scenario"] for each in own] == [*SCENARIOS, "merger"]
    assert (own[-1]["benchmark"], own[-1]["step_count"], own[-1]["hours"]) == (None, 10, [10.0, 12.5])
    for each in shown["playbooks"]:
        book = POLICY.playbooks[each["scenario"]]
        assert (each["step_count"], each["typical_days"], each["urgency"]) == (
            len(book.steps), book.typical_days, book.urgency)  # fmt: skip
        assert each["hours"][0] <= each["hours"][1]
        assert each["benchmark"]["text"] == book.benchmark
        assert f"reported by {each['benchmark']['reported_by']}" == book.benchmark_source


def test_the_list_names_who_reported_each_benchmark(desk: Desk) -> None:
    lines = desk.run("playbook", "list").out.splitlines()
    for scenario, line in zip(SCENARIOS, lines[1:], strict=False):
        assert line.startswith(scenario)
        assert f"{POLICY.playbooks[scenario].benchmark_source}: " in line


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_show_holds_the_whole_playbook_as_text_and_as_json(desk: Desk, scenario: str) -> None:
    book = POLICY.playbooks[scenario]
    text = desk.run("playbook", "show", scenario).out
    shown = desk.json("playbook", "show", scenario)
    assert shown["schema"] == "renewctl/playbook/1"
    found = shown["playbook"]
    assert [each["step"] for each in found["steps"]] == [step.step for step in book.steps]
    for step, each in zip(book.steps, found["steps"], strict=True):
        for key in ("effort", "when", "after", "done_by", "role", "day", "hours"):
            was = getattr(step, key)
            assert each[key] == (list(was) if isinstance(was, tuple) else was)
        assert [(ask["question"], ask["text"], ask["answers"]) for ask in each["asks"]] == [
            (ask.key, ask.text, list(ask.answers)) for ask in step.asks]  # fmt: skip
        told = (step.title, step.done_when, *step.when, *step.after, *(ask.text for ask in step.asks))
        assert all(said in text for said in told)
    for said in (
        book.trigger, book.update, *book.talk_track, *book.success, *book.checkins.values(), *book.recovery,
        *book.milestones.values(), *(cause.text for cause in book.root_causes.values()), *book.documents,
    ):  # fmt: skip
        assert said in text
        assert said in json.dumps(shown, ensure_ascii=False)
    assert "not what to expect of your own" in text  # a vendor's figure is labelled as such
    assert "(then: " in text
    assert ("none, no offer repairs it" in text) == (scenario == "relationship") == (not found["instruments"])
    assert [each["milestone"] for each in found["milestones"]] == list(POLICY.saves.milestones)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_line_of_a_playbook_is_wider_than_the_terminal(scenario, columns, monkeypatch, capsys):
    monkeypatch.setattr(terminal, "width", lambda stream=None: columns)
    monkeypatch.setattr(view, "width", lambda stream=None: columns)
    book = POLICY.playbooks[scenario]
    view.show(book, POLICY.saves.milestones)
    view.show_list(list(POLICY.playbooks.values()))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= columns
    assert ("no room for BENCHMARK" in shown) == (columns == 80)
    flat = " ".join(shown.split())
    assert all(" ".join(step.title.split()) in flat for step in book.steps)


def test_a_scenario_is_found_by_its_beginning_and_an_unknown_one_names_all(desk: Desk) -> None:
    assert desk.json("playbook", "show", "Champion-")["playbook"]["scenario"] == "champion_departure"
    for words in ("", "nothing"):
        said = desk.fails(2, "unknown-scenario", "playbook", "show", words)
        assert all(scenario in said for scenario in SCENARIOS)
    assert "merger" in desk.fails(2, "unknown-scenario", "playbook", "show", "x", "--policy", OWN)


def test_a_playbook_says_only_what_it_has(desk: Desk) -> None:
    steps = "".join(
        f'[playbooks.bare.steps.{name}]\ntitle = "T {HOSTILE}"\nphase = "{phase}"\nday = {day}\n'
        f'role = "csm"\nchannel = "{channel}"\nrule = "SAV"\ndone_when = "D"\n{more}\n'
        for name, phase, day, channel, more in (
            ("call", "first_24h", 1, "call", 'hours = 24\nstate = "contacted"'),
            ("look", "investigate", 1, "internal", 'state = "diagnosed"'),
            ("plan", "first_48h", 2, "internal", 'hours = 48\nstate = "planned"'),
        )
    )
    head = (
        f'[playbooks.bare]\ntitle = "Bare {HOSTILE}"\nrule = "SAV"\nurgency = "low"\n'
        f'trigger = "T {HOSTILE}"\ntypical_days = 30\nsuccess = ["S"]\n'
    )
    (desk.folder / "own.toml").write_text(head + steps, encoding="utf-8")
    policy = ("--policy", str(desk.folder / "own.toml"))
    text = desk.run("playbook", "show", "bare", *policy).out
    for missing in (
        "Benchmark",
        "Weekly update",
        "Once it is saved",
        "What to say",
        "Root causes",
        "of work\n",
    ):
        assert missing not in text
    assert "0 hours of work" in text
    assert "Papers: none" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    found = desk.json("playbook", "show", "bare", *policy)["playbook"]
    assert (found["benchmark"], found["hours"], found["checkins"], found["update"]) == (None, [0, 0], [], "")
    assert "bare" in desk.run("playbook", "list", *policy).out
    done = desk.run("playbook", "check", *policy)
    assert (done.code, "says nothing of talk_track" in done.out) == (0, True)


def test_a_check_fails_over_problems_and_only_tells_of_warnings(desk: Desk) -> None:
    own = desk.folder / "own.toml"
    shipped = desk.run("playbook", "check")
    assert (shipped.code, shipped.err) == (0, "shipped: 6 warnings\n")
    assert all(": warning: team." in line for line in shipped.out.splitlines())
    own.write_text("[playbooks.product.steps.beta]\nday = 3\n")
    failed = desk.run("playbook", "check", str(own))
    assert (failed.code, failed.err) == (1, f"{own}: 3 problems, 6 warnings\n")
    assert f"{own}:2: playbooks.product.steps.beta.day: day 3 is outside week_4;" in failed.out
    document = json.loads(desk.run("playbook", "check", str(own), "--json").out)
    assert document["schema"] == "renewctl/playbook-check/1"
    assert document["file"] == str(own)
    levels = [each["level"] for each in document["problems"]]
    assert (levels.count("problem"), levels.count("warning")) == (3, 6)
    one = next(each for each in document["problems"] if each["code"] == "date-phase")
    assert (one["line"], one["key"]) == (2, "playbooks.product.steps.beta.day")


def test_a_broken_file_ends_with_11_and_a_sound_one_with_a_full_team_has_nothing_to_remark(
    desk: Desk,
) -> None:
    own = desk.folder / "own.toml"
    for text, said in (
        ("[playbooks.product.steps.beta]\nafter = ['beta']\n", "waits for itself"),
        ("[playbooks.product.steps.beta]\ndocuments = ['letter']\n", "not known here"),
        ("[playbooks.product]\ninstruments = ['gift']\n", "not known here"),
        ("[playbooks\n", "not TOML"),
    ):
        own.write_text(text)
        done = desk.run("playbook", "check", str(own))
        assert done.code == 11, text
        assert re.search(f"{re.escape(str(own))}:[12]: ", done.out)
        assert said in done.out
    roles = ("manager", "support", "engineering", "product_manager", "solution_engineer", "finance")
    own.write_text("[team]\n" + "".join(f'{role} = "Sol"\n' for role in roles))
    done = desk.run("playbook", "check", str(own))
    assert (done.code, done.out, done.err) == (0, f"{own}: 6 playbooks, nothing to remark on\n", "")
    assert desk.run("playbook", "check", "--policy", str(own)).out == done.out


def test_the_example_is_worked_with_like_a_shipped_playbook(desk: Desk) -> None:
    tree = tomllib.loads((ROOT / "examples" / "playbook.toml").read_text(encoding="utf-8"))
    steps = tree["playbooks"]["merger"]["steps"]
    desk.import_("id,name,arr,currency,renewal_date,csm\nA1,Acme,120000,USD,2026-06-16,ana\n")
    desk.fails(2, "unknown-scenario", "save", "start", "A1", "--scenario", "merger")
    save = desk.json("save", "start", "A1", "--scenario", "merger", "--policy", OWN)["save"]
    assert save["scenario"] == "merger"
    planned = {each["step"] for each in save["steps"]}
    assert set(steps) - {"one-contract", "side-by-side", "roll-out"} <= planned <= set(steps)
    assert all(each["owner"] for each in save["steps"])
    product = desk.json("playbook", "show", "product", "--policy", OWN)["playbook"]["steps"]
    work = next(each for each in product if each["step"] == "workaround")
    assert (work["day"], work["effort"]) == (6, 2.0)
    rivals = desk.json("playbook", "show", "competitive", "--policy", OWN)["playbook"]["steps"]
    assert "community" not in {each["step"] for each in rivals}
