"""Whoever has `export saves` in a spreadsheet finds every count and rate of `save results` there."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from tests.saves import along

RIVALS = "id,name,arr,currency,renewal_date,csm,usage_trend\n" + "".join(
    f"A{at},Account {at},{10_000 + 1_250 * at},{'USD' if at % 3 else 'EUR'},2026-{at + 3:02}-28,"
    f"{'Ana' if at % 2 else 'Bob'},-{35 + at}\n"
    for at in range(1, 9)
)
KEPT = ("saved", "partly_saved")
BY = {
    "by_scenario": lambda row: row["scenario"],
    "by_response": lambda row: row["response"],
    "by_playbook": lambda row: f"{row['scenario']} {row['playbook']}",
    "by_root_cause": lambda row: row["root_cause"] or "none found",
    "by_owner": lambda row: row["owner"] or "nobody",
}


def sheet(desk, kind, as_of):
    done = desk.run("export", kind, "--as-of", as_of)
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


def ratio(part, of, *, enough=True):
    return round(float(part / of), 12) if of and enough else None


def counted(rows, last):
    """The figures of a group as a spreadsheet has them: sums and counts over the lines, nothing else."""
    states = [row["state"] for row in rows]
    reached = [row for row in rows if row["result"] and row["renewal_date"] <= last and row["at_risk_arr"]]
    total = lambda name, of: sum(Decimal(row[name] or 0) for row in of)  # noqa: E731
    kept, broken = total("promises_kept", rows), total("promises_broken", rows)
    at_risk, kept_arr, cost = (
        total("at_risk_arr", reached),
        total("kept_arr", reached),
        total("conceded", rows),
    )
    return {
        "cases": len(rows),
        **{state: states.count(state) for state in (*KEPT, "lost", "let_go")},
        "relapsed": [row["relapsed"] for row in rows].count("yes"),
        "saved_rate": ratio(sum(state in KEPT for state in states), len(rows), enough=len(rows) >= 3),
        "reached_renewal": len(reached),
        "at_risk_arr": at_risk,
        "arr_kept": kept_arr,
        "save_rate": ratio(kept_arr, at_risk, enough=len(reached) >= 3),
        "kept": kept,
        "promised": kept + broken,
        "promises": ratio(kept, kept + broken, enough=kept + broken >= 3),
        "conceded": cost,
        "conceded_per_arr_kept": ratio(cost, kept_arr),
    }


def told(group):
    """The same figures as `save results` tells them."""
    same = ("cases", *KEPT, "lost", "let_go", "relapsed", "reached_renewal")
    amounts = ("at_risk_arr", "arr_kept", "conceded")
    return {
        **{name: group[name] for name in same},
        **{name: Decimal(str(group[name])) for name in amounts},
        "kept": group["promises"]["count"],
        "promised": group["promises"]["of"],
        **{
            name: None if rate is None else round(rate, 12)
            for name, rate in (
                ("conceded_per_arr_kept", group["conceded_per_arr_kept"]),
                *((name, group[name]["rate"]) for name in ("saved_rate", "save_rate", "promises")),
            )
        },
    }


def agree(desk, last, *more):
    """The rounds closed by a day, in every way `save results` tells them apart."""
    said = desk.json("save", "results", "--as-of", last, "--from", "2020-01-01", *more)
    rows = sheet(desk, "saves", last)
    closed = [row for row in rows if row["closed_on"]]
    assert told(said["all"]) == counted(closed, last)
    for name, key in BY.items():
        groups = {each["name"]: told(each) for each in said[name]}
        assert set(groups) == set(map(key, closed))
        for group in groups:
            of = counted([row for row in closed if key(row) == group], last)
            assert groups[group] == of, (name, group)
    assert said["open"] == sum(not row["closed_on"] for row in rows)
    assert said["decided_ahead"] == sum(bool(row["result"]) and row["renewal_date"] > last for row in closed)
    assert said["past_without_outcome"] == sum(
        not row["result"] and row["relapsed"] == "no" and "" < row["renewal_date"] < last for row in closed
    )
    return rows


@pytest.fixture
def ran(desk):
    """Eight saves: kept whole, in part, again after a relapse, lost, let go, and one that still runs."""
    desk.import_(RIVALS)
    (desk.folder / "few.toml").write_text("[saves.learning]\nleast_cases = 3\n", encoding="utf-8")

    def say(*words):
        done = desk.run(*words)
        assert done.code == 0, (words, done.err)

    scenarios = ("value", "product", "value", "competitive", "value", "product", "value", "budget")
    for no, scenario in enumerate(scenarios, 1):
        say("save", "start", f"A{no}", "--scenario", scenario, "--flagged", f"2026-03-0{1 + no % 2}")
        if no % 3:
            say("save", "done", f"s{no}-call", "--at", f"2026-03-02T{9 + no}:00")
        if no % 2:
            say("save", "promise", "add", f"s{no}", "a mail", "--due", "2026-03-03", "--owner", "ana")
            made = f"p{(no + 1) // 2}"
            say("save", "promise", "kept" if no % 4 == 1 else "broken", made, "--evidence", "so")
    return desk, say


def test_the_sheet_of_saves_adds_up_to_what_results_say(ran):
    """SAV-11: counts, rates, ARR, promises and concessions, whole and by each way of telling cases apart."""
    desk, say = ran
    policy = ("--policy", str(desk.folder / "few.toml"))
    for no in (2, 4, 6):
        along(desk.run, "product" if no != 4 else "competitive", "stabilised", f"s{no}")
        say("save", "close", f"s{no}", "--result", "saved", "--as-of", "2026-03-20")
        say("won", f"A{no}", "--arr", "9500.50" if no == 2 else "99000", "--as-of", f"2026-03-2{no}")
    say("save", "reopen", "s6", "--reason", "angry", "--as-of", "2026-04-20")
    say("save", "done", "s6.2-call", "--as-of", "2026-04-22")
    say("save", "close", "s6", "--result", "lost", "--as-of", "2026-05-02")
    say("lost", "A1", "--reason", "price", "--competitor", "Rival", "--as-of", "2026-04-01")
    say("save", "worth", "s3", "--hours", "9", "--chance", "5", "--decide", "let_go", "--reason", "x")
    say("save", "close", "s3", "--result", "let_go", "--as-of", "2026-03-30")
    rows = agree(desk, "2026-05-10", *policy)
    agree(desk, "2027-05-10", *policy)
    assert [(row["save"], row["round"], row["state"], row["relapsed"]) for row in rows[5:7]] == [
        ("s6", "1", "saved", "yes"), ("s6", "2", "lost", "no"),
    ]  # fmt: skip
    late = next(row for row in rows if (row["save"], row["round"]) == ("s6", "2"))
    assert (late["first_contact_on"], late["first_contact_at"]) == ("2026-04-22", "")
    assert {row["response"] for row in rows} > {"never", "within 24 h"}


def test_the_minutes_to_the_first_call_tell_the_class_of_every_round(ran):
    """SAV-1, SAV-11: the limits of the policy are the reader's own arithmetic."""
    desk, _ = ran
    limits = {"within 24 h": 24, "within 48 h": 48, "within 7 days": 168}
    for row in sheet(desk, "saves", "2026-03-02"):
        minutes = row["response_minutes"]
        if not minutes:
            assert row["response"] == "never"
            continue
        fits = [name for name, hours in limits.items() if int(minutes) <= hours * 60]
        assert row["response"] == (fits or ["later"])[0]
        assert date.fromisoformat(row["first_contact_on"]) >= date.fromisoformat(row["flagged_on"])


def test_a_call_before_the_hour_that_a_flag_of_a_day_counts_from_took_no_time_at_all(desk):
    """SAV-1: a flag without an hour begins at nine; who called at half past eight was not early."""
    desk.import_(RIVALS)
    for words in (
        ("save", "start", "A1", "--scenario", "value", "--flagged", "2026-03-02"),
        ("done", "s1-call", "--at", "2026-03-02T08:30"),
    ):
        assert desk.run(*words, "--as-of", "2026-03-02").code == 0
    [row] = sheet(desk, "saves", "2026-03-03")
    assert (row["response_minutes"], row["response"]) == ("0", "within 24 h")


@pytest.mark.file_only("the demo makes a portfolio file of its own")
def test_the_sheet_of_the_demo_adds_up_too(desk):
    """SAV-11: some thirty rounds with offers, promises, a relapse and renewals of every kind."""
    assert desk.run("demo", str(desk.folder / "try")).code == 0
    (desk.folder / "few.toml").write_text("[saves.learning]\nleast_cases = 3\n", encoding="utf-8")
    rows = agree(desk, "2026-03-02", "--policy", str(desk.folder / "few.toml"))
    assert any(Decimal(row["conceded"]) for row in rows)
    assert {row["relapsed"] for row in rows} == {"yes", "no"}
