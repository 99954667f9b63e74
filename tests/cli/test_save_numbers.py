"""`save suggest`, `rehearse` and `results` on a real portfolio: what the log knows, and what is refused."""

from datetime import date

import pytest

from renewctl.store.policy_files import load_policy
from renewctl.store.watch import pasts
from tests.saves import along

POLICY = load_policy(None)
BOOK = """id,name,arr,currency,renewal_date,csm,usage_trend,status
A1,Acme,20000,USD,2026-09-30,Ana,-45,active
B2,Brook,20000,USD,2026-09-30,Ana,5,active
C3,Cedar,20000,USD,2026-09-30,Ana,-45,churned
"""


@pytest.fixture
def saves(desk):
    desk.import_(BOOK)
    return desk


def only(desk, number):
    with desk.open() as portfolio:
        [found] = pasts(portfolio, POLICY, [number])
    return found


def test_the_log_tells_from_when_to_when_a_fact_stood(saves):
    """SAV-1: a champion who came back, a notice withdrawn and a rival gone say nothing of today."""
    saves.run("set", "Brook", "champion=gone", "--reason", "left", "--as-of", "2026-03-05")
    saves.run("set", "Brook", "champion=Joe", "--reason", "a new one", "--as-of", "2026-03-20")
    saves.run("set", "Brook", "competitor=Rival", "--reason", "heard", "--as-of", "2026-03-06")
    saves.run("set", "Brook", "cancel_notice_date=2026-03-04", "--reason", "mail", "--as-of", "2026-03-08")
    saves.run("set", "Brook", "cancel_notice_date=", "--reason", "withdrawn", "--as-of", "2026-03-09")
    saves.run("set", "Brook", "ticket_severity=1", "--reason", "down", "--as-of", "2026-03-10")
    of = only(saves, 2)
    spells = {name: [tuple(each) for each in found] for name, found in of.record.spells.items()}
    assert spells["champion_gone"] == [(date(2026, 3, 5), date(2026, 3, 19), 1)]
    assert spells["competitor"] == [(date(2026, 3, 6), date.max, "Rival")]
    assert spells["cancel_notice_on"] == [(date(2026, 3, 4), date(2026, 3, 8), date(2026, 3, 4))]
    assert [each[:2] for each in spells["ticket_severity"]] == [(date(2026, 3, 10), date.max)]
    told = saves.json("save", "suggest", "Brook", "--as-of", "2026-03-21")
    assert [each["scenario"] for each in told["suggestions"]] == ["competitive"]


def test_two_words_of_one_day_leave_the_last(saves):
    for name in ("Rival", "Other"):
        saves.run("set", "Brook", f"competitor={name}", "--reason", "heard")
    assert [each.value for each in only(saves, 2).record.spells["competitor"]] == ["Other"]


def test_the_log_tells_how_a_contract_stood(saves):
    saves.run("stage", "Brook", "in_review", "--as-of", "2026-03-05", "--evidence", "seen")
    saves.run("stage", "Brook", "notified", "--as-of", "2026-03-05", "--evidence", "seen")
    saves.run("won", "Brook", "--arr", "21000", "--as-of", "2026-03-09")
    [terms] = only(saves, 2).terms.values()
    assert [(each.from_on.isoformat(), each.stage, each.cycle) for each in terms] == [
        ("2026-03-02", "planned", 1), ("2026-03-05", "notified", 1), ("2026-03-09", "planned", 2),
    ]  # fmt: skip
    assert [each.renewal_on.year for each in terms] == [2026, 2026, 2027]


def test_overrides_of_health_are_known_for_the_days_they_held(saves):
    words = ("--score", "20", "--reason", "known_risk", "--until", "2026-03-20")
    saves.run("health", "override", "Brook", *words)
    assert [each.score for each in only(saves, 2).record.overrides] == [20]
    told = saves.json("save", "suggest", "Brook")
    assert [each["because"][0]["trigger"] for each in told["suggestions"]] == ["score"]


def test_a_book_gets_a_suggestion_for_each_account_in_force_that_needs_one(saves):
    told = saves.json("save", "suggest")
    assert [each["account"] for each in told["suggestions"]] == ["A1"]
    with saves.open() as portfolio:
        assert [each.account.id for each in pasts(portfolio, POLICY)] == ["A1", "B2", "C3"]
        assert list(pasts(portfolio, POLICY, [])) == []


def test_what_waits_and_what_cools_down_is_told_with_why(saves):
    """SAV-1: room for so many at a time; a cool-down after a closed case."""
    policy = saves.folder / "one.toml"
    policy.write_text("[saves.suggest]\ncases_per_csm = 1\n", encoding="utf-8")
    saves.run("health", "add", "Brook", "csat=1")
    told = saves.json("save", "suggest", "--policy", str(policy))
    assert [each["account"] for each in told["suggestions"]] == ["B2"]
    assert [(each["account"], each["until"]) for each in told["waiting"]] == [("A1", None)]
    assert "1 at a time" in saves.run("save", "suggest", "--policy", str(policy)).out
    one = saves.json("save", "suggest", "Acme", "--policy", str(policy))
    assert [each["account"] for each in one["suggestions"]] == ["A1"]
    saves.run("save", "start", "Acme", "--scenario", "value")
    assert "1 more account has an open save already" in saves.run("save", "suggest").out
    saves.run("save", "close", "s1", "--result", "lost")
    saves.run("health", "add", "Acme", "csat=1", "--as-of", "2026-03-05")
    told = saves.json("save", "suggest", "--as-of", "2026-03-05")
    assert [(each["account"], each["until"]) for each in told["cooling"]] == [("A1", "2026-04-01")]
    assert "Closed lately" in saves.run("save", "suggest", "--as-of", "2026-03-05").out
    said = saves.fails(2, "scenario-missing", "save", "start", "Acme", "--as-of", "2026-03-05")
    assert "up to 2026-04-01" in said


def test_save_start_without_a_scenario_takes_the_one_suggestion_and_says_so(saves):
    done = saves.run("save", "start", "Acme", "--json")
    assert (done.code, '"scenario": "value"' in done.out) == (0, True)
    assert done.err.startswith("suggested scenario: value")
    assert "nothing on record" in saves.fails(2, "scenario-missing", "save", "start", "Brook")
    done = saves.run("save", "start", "Brook", "--reason", "an alternative, and the price")
    assert "suggested scenario: competitive" in done.err


def test_save_start_says_what_else_the_facts_speak_for(saves):
    saves.run("health", "add", "Acme", "csat=1")
    done = saves.run("save", "start", "Acme")
    assert "facts speak for value as well" in done.err


def test_an_unknown_reason_is_no_playbook(saves):
    """SAV-2: find out first."""
    said = saves.fails(2, "scenario-missing", "save", "start", "Brook", "--reason", "we leave")
    assert "find out first" in said
    saves.run("set", "Brook", "cancel_notice_date=2026-02-20", "--reason", "mail")
    said = saves.fails(2, "scenario-missing", "save", "start", "Brook")
    begin = ("save", "start", "B2", "--flagged", "2026-02-20", "--scenario")
    assert f"renewctl {' '.join(begin)} SCENARIO" in said
    assert "the likeliest of" in said
    assert saves.json(*begin, "value")["save"]["flagged_on"] == "2026-02-20"


def test_a_suggestion_by_the_score_says_the_figure_and_the_limit_behind_it(saves):
    """HLT-3, SAV-2: the score with its limit, the input with its reading."""
    saves.run("health", "add", "Brook", "engagement=10", "relationship=5", "usage_trend=-20")
    out = saves.run("save", "suggest", "Brook").out
    assert "flagged under 50, or 15 down in 30 days (HLT-3)" in out
    assert "usage weighs most: usage_trend -20 (2026-03-02)" in out


def test_a_reason_needs_its_account_and_its_words(saves):
    saves.fails(2, "account-missing", "save", "suggest", "--reason", "price")
    saves.fails(2, "reason-missing", "save", "suggest", "Acme", "--reason", " ")
    saves.fails(13, "no-such-account", "save", "suggest", "Nobody")


def test_results_of_no_saves_are_counts_of_nothing(saves):
    """SAV-11: no rate of nothing, and the vendors' figures labelled as theirs."""
    told = saves.json("save", "results")
    assert (told["all"]["cases"], told["all"]["saved_rate"]["rate"], told["by_owner"]) == (0, None, [])
    assert {"Salesforce", "Totango"} <= {each["reported_by"] for each in told["benchmarks"]}
    out = saves.run("save", "results").out
    assert "reported by Salesforce" in out
    assert "Observed" not in out


def test_results_follow_a_save_to_its_renewal(saves):
    """SAV-11: the ARR that was kept, and how soon the first call came."""
    saves.run("save", "start", "Acme", "--scenario", "value")
    saves.run("save", "done", "s1-call", "--as-of", "2026-03-03")
    saves.run("won", "Acme", "--arr", "15000", "--as-of", "2026-03-20")
    saves.run("save", "close", "s1", "--result", "partly_saved", "--as-of", "2026-03-21")
    told = saves.json("save", "results", "--as-of", "2026-10-01")
    cases = [(each["name"], each["arr_kept"]) for each in told["by_scenario"]]
    if told["all"]["cases"]:  # closing may ask for more than a result
        assert cases == [("value", 15000)]
        assert told["all"]["at_risk_arr"] == 20000


def test_results_of_a_save_that_relapsed_count_each_of_its_rounds(saves):
    """SAV-11, SAV-10: saved once, lost once; the first round as it stood when it ended."""
    saves.run("save", "start", "Acme", "--scenario", "value", "--as-of", "2026-03-02")
    along(saves.run)
    assert saves.run("save", "close", "s1", "--result", "saved", "--as-of", "2026-03-10").code == 0
    saves.run("won", "Acme", "--arr", "15000", "--as-of", "2026-03-10")

    def told():
        found = saves.json("save", "results", "--as-of", "2026-10-01")["by_response"]
        return [[each[key] for key in ("name", "saved", "lost", "relapsed", "arr_kept")] for each in found]

    kept = ["within 24 h", 1, 0, 0, 15000]
    assert told() == [kept]
    saves.run("save", "reopen", "s1", "--reason", "angry", "--as-of", "2026-05-04")
    assert told() == [[*kept[:3], 1, 15000]]
    assert saves.run("undo", "--yes", "--as-of", "2026-05-04").code == 0
    assert told() == [kept]
    saves.run("save", "reopen", "s1", "--reason", "angry", "--as-of", "2026-05-06")
    saves.run("save", "switch", "s1", "budget", "--reason", "cuts", "--as-of", "2026-05-06")
    assert saves.run("save", "close", "s1", "--result", "lost", "--as-of", "2026-05-16").code == 0
    assert told() == [[*kept[:3], 1, 15000], ["never", 0, 1, 0, 0]]
    found = saves.json("save", "results", "--as-of", "2026-10-01")
    assert found["relapsed"] == 1
    assert (found["detection_lag_days"]["flagged"], found["detection_lag_days"]["median"]) == (1, 10)
    out = saves.run("save", "results", "--as-of", "2026-10-01").out
    assert "of them taken up again after a relapse" in out


def test_few_cases_stand_beside_the_benchmarks_of_their_own_scenarios(saves):
    """SAV-11: each once, at the end, with who reports it and that it is no forecast."""
    saves.run("save", "start", "Acme", "--scenario", "value")
    saves.run("save", "close", "s1", "--result", "lost")
    lines = saves.run("save", "results").out.splitlines()
    shown = [line for line in lines if "not what to expect here" in line]
    assert lines[-len(shown) :] == shown
    assert [name in "".join(shown) for name in ("Totango", "ProfitWell", "Intercom")] == [True, True, False]
    policy = saves.folder / "one.toml"
    policy.write_text("[saves.learning]\nleast_cases = 1\n", encoding="utf-8")
    assert "reported by Intercom, not what" in saves.run("save", "results", "--policy", str(policy)).out


def test_a_rehearsal_names_losses_with_and_without_a_warning(saves):
    """SAV-1: what would have been seen, what not, and what cannot be known."""
    outcomes = "account_id,closed_on,result,arr_before,arr_after,reason,told_on,lost_on\n"
    outcomes += "A1,2026-03-01,lost,9000,0,price,2026-03-01,2026-02-20\nB2,2026-02-20,lost,9000,0,,,\n"
    saves.import_(outcomes, "--kind", "outcomes", name="outcomes.csv")
    saves.import_(
        "account_id,date,csat\nA1,2026-02-01,1\nB2,2026-02-01,5\n", "--kind", "health", name="health.csv"
    )
    told = saves.json("save", "rehearse")
    assert [(each["account"], each["days_before_loss"]) for each in told["losses"]["each"]] == [
        ("A1", 19), ("B2", None),
    ]  # fmt: skip
    assert (told["unknown"]["ended"], told["shipped"]) == (1, None)
    assert set(told["losses"]["seen_by_chance"]) == {"count", "of", "rate"}
    assert any("observed, not caused" in each for each in told["notes"])
    out = saves.run("save", "rehearse").out
    assert "Lost without a warning: 1" in out
    assert "readings, none over a limit" in out


@pytest.mark.parametrize(
    ("fact", "urgency"),
    [("industry=Retail", "medium"), ("cancel_notice_date=2026-03-01", "high"), ("arr=150000", "high")],
)
def test_a_save_is_as_urgent_once_it_is_opened_as_it_was_when_it_was_suggested(saves, fact, urgency):
    """SAV-1: a notice and a large account are urgent whatever the playbook says."""
    assert load_policy(None).playbooks["value"].urgency == "medium"
    saves.run("set", "Acme", fact, "--reason", "heard")
    [told] = saves.json("save", "suggest", "Acme", "--reason", "no value")["suggestions"]
    opened = saves.json("save", "start", "Acme", "--scenario", told["scenario"])
    assert (told["scenario"], told["urgency"]) == ("value", urgency)
    assert opened["save"]["urgency"] == urgency
    assert f"urgency {urgency}" in saves.run("save", "show", "s1").out
