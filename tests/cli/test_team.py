"""`owners`, `effort`, `capacity`, `policy audit` and `policy diff`, held against what `due` lists."""

from collections import Counter
from datetime import date, timedelta

import pytest

from tests.desk import Desk
from tests.engines import once

pytestmark = pytest.mark.both_engines

BOOK = """id,name,arr,currency,renewal_date,notice_days,auto_renew,csm,sales_owner,health_score
A1,Acme Ltd,220000,USD,2026-07-20,30,yes,ana,rui,85
A2,Beta Ltda,30000,USD,2026-05-15,,,ana,,55
A3,Gamma,5000,USD,2026-04-20,,,ana,,90
A4,Delta,80000,USD,2026-06-30,,,sofia,ana,
A5,Epsilon,20000,USD,2026-04-01,,,,,70
A6,Zeta,,USD,2026-04-10,,,ana,,
A7,Eta,9000,USD,2026-06-30,,,ana,,70
A8,Theta,40000,CHF,2026-06-30,,,rui,,70
"""


@pytest.fixture
def team(desk: Desk) -> Desk:
    """A desk with eight accounts, a save and some hours logged."""
    once("team", desk.path, desk.folder, lambda: _team(desk))
    return desk


def _team(desk: Desk) -> None:
    desk.import_(BOOK)
    assert desk.run("save", "start", "A2", "--scenario", "value").code == 0
    assert desk.run("log", "A3", "long talk", "--hours", "20").code == 0
    assert desk.run("log", "A2", "short talk", "--hours", "0.5").code == 0
    assert desk.run("set", "A7", "status=churned").code == 0


def due(desk: Desk, days: int, *words: str):
    return desk.json("due", "--days", str(days), *words)["items"]


def test_owners_counts_the_items_that_due_lists(team: Desk) -> None:
    """OWN-3: what each person has to do, and what nobody has."""
    told = team.json("owners")
    items = due(team, 30)
    wanted = Counter(each["owner"] for each in items)
    assert {each["owner"]: each["items_30_days"] for each in told["owners"]} == {
        name: count for name, count in wanted.items() if name is not None
    }
    assert {each["item"] for each in told["unowned"]["items"]} == {
        each["item"] for each in items if each["owner"] is None
    }
    assert [each["account"] for each in told["unowned"]["renewals"]] == ["A5"]
    listed = [each for each in team.json("list")["accounts"] if each["in_force"]]
    owners = Counter(each["owner"] for each in listed if each["owner"])
    assert {each["owner"]: each["renewals"] for each in told["owners"] if each["renewals"]} == owners
    assert sum(each["arr_base"] for each in told["owners"]) == sum(
        each["arr_base"] or 0 for each in listed if each["owner"]
    )
    assert told["schema"] == "renewctl/owners/1"
    assert {each["segment"] for each in told["automation"]} == {"enterprise", "mid_market", "smb"}
    assert sum(each["steps"] for each in told["automation"]) == len(items)
    assert told["advice"]["in_force"] == "hybrid"
    assert all(each["because"] for each in told["advice"]["models"])


def test_a_person_in_two_spellings_is_one_person(team: Desk) -> None:
    """OWN-3: with the hours of one."""
    before = {each["owner"]: each for each in team.json("owners")["owners"]}["ana"]
    assert team.run("set", "A3", "csm=ANA").code == 0
    told = {each["owner"]: each for each in team.json("owners")["owners"]}
    assert told["ana"] == before
    assert "ANA" not in told
    for words in (("capacity",), ("effort",)):
        assert [each["owner"] for each in team.json(*words)["owners"]].count("ana") == 1
        assert "ANA" not in team.run(*words).out
    assert "ANA" not in str(team.json("policy", "audit")["first_month"])


def test_somebody_over_a_limit_of_the_policy_is_over_loaded(team: Desk) -> None:
    """TRK: limits are policy, also a person's own."""
    own = team.folder / "own.toml"
    own.write_text('[capacity.people."ANA"]\naccounts = 1\n\n[capacity.limits]\nhours_pct = 1\n')
    told = {each["owner"]: each for each in team.json("owners", "--policy", str(own))["owners"]}
    assert told["ana"]["overloaded"]
    assert {"accounts", "planned"} & {why["observed"].split()[1] for why in told["ana"]["because"]}
    assert not any(each["overloaded"] for each in team.json("owners")["owners"])
    shown = team.run("owners", "--policy", str(own))
    assert "ana has too much: " in " ".join(shown.out.split())


def test_an_empty_book_has_nobody_to_show(desk: Desk) -> None:
    desk.run("init")
    assert desk.run("owners").out.startswith("Nobody owns anything yet.")
    assert "Every renewal and every item has an owner." in desk.run("owners").out
    assert "nothing is logged or begun yet" in desk.run("effort").out
    assert desk.run("capacity").out == "Nothing is planned for anybody.\n"
    assert "Everything fits." in desk.run("policy", "audit").out
    assert "nothing changes" in desk.run("policy", "diff", "shipped", "shipped").out


def test_effort_says_what_show_says_and_what_to_move(team: Desk) -> None:
    """SEG-2."""
    told = team.json("effort")
    for each in told["renewals"]:
        sheet = team.json("show", each["account"])["effort"]
        assert (each["hours"], each["standing"] == "over") == (sheet["hours"], sheet["over"])
    assert [each["account"] for each in told["over"]["renewals"]] == ["A3"]
    assert told["over"]["excess_hours"] == 17
    assert told["unattended"]["arr_base"] == sum(each["arr_base"] for each in told["unattended"]["renewals"])
    assert sum(each["hours"] for each in told["owners"]) == 20.5
    assert sum(each["hours"] for each in told["segments"]) == 20.5
    assert told["move"].startswith("The next 15 h belong to Acme Ltd (USD 220,000, rui")
    mine = team.json("effort", "--owner", "me", "--segment", "smb")
    assert [each["account"] for each in mine["renewals"]] == ["A3"]
    assert len(team.json("effort", "--limit", "1")["renewals"]) == 1
    assert len(team.run("effort", "--limit", "0").out) > len(team.run("effort", "--limit", "1").out)


def test_capacity_plans_every_item_that_due_lists_in_the_week_it_is_worked(team: Desk) -> None:
    """The loads add up: items by person and week of `work_on`, overdue ones in this week."""
    told = team.json("capacity", "--weeks", "12")
    last = date.fromisoformat(told["weeks"][-1]) + timedelta(days=6)
    monday = date.fromisoformat(told["weeks"][0])
    assert monday.weekday() == 0
    wanted: Counter[tuple[str | None, str]] = Counter()
    for each in due(team, 12 * 7 + 14):
        day = max(date.fromisoformat(each["work_on"]), date(2026, 3, 2))
        if day <= last:
            week = monday + timedelta(days=(day - monday).days // 7 * 7)
            wanted[each["owner"], week.isoformat()] += 1
    got = {
        (person["owner"], week["week"]): week["items"]
        for person in told["owners"]
        for week in person["weeks"]
        if week["items"]
    }
    assert got == wanted
    for person in told["owners"]:
        assert person["planned_hours"] == pytest.approx(
            sum(week["planned_hours"] for week in person["weeks"]), abs=0.2
        )


def test_capacity_of_one_person_shows_the_suggestions_that_concern_them(team: Desk) -> None:
    own = team.folder / "own.toml"
    own.write_text("[capacity.people.ana]\nhours_per_week = 0.5\n")
    everybody = team.json("capacity", "--policy", str(own))
    ana = team.json("capacity", "--owner", "ANA", "--policy", str(own))
    assert [each["owner"] for each in ana["owners"]] == ["ana"]
    assert ana["owners"][0]["overloaded_weeks"] > 0
    assert ana["moves"] == [each for each in everybody["moves"] if "ana" in (each["from"], each["to"])]
    assert {each["owner"] for each in ana["left_over"]} <= {"ana"}
    text = team.run("capacity", "--owner", "ana", "--policy", str(own)).out
    assert "h over" in text
    assert "WHAT TO MOVE" in text


def test_a_pilot_loads_nobody_with_the_other_segments(team: Desk) -> None:
    """ROL: the agenda of the rest does not run."""
    own = team.folder / "pilot.toml"
    own.write_text('[pilot]\nsegment = "smb"\nstarted_on = "2026-03-01"\n')
    told = team.json("owners", "--policy", str(own))
    items = due(team, 30, "--policy", str(own))
    assert sum(each["items_30_days"] for each in told["owners"]) + len(told["unowned"]["items"]) == len(items)
    assert {each["segment"] for each in items} == {"smb", "mid_market"}  # the save of Beta goes on
    assert team.json("policy", "audit", "--policy", str(own))["first_month"]["items"] == len(items)


def test_a_pilot_takes_the_steps_of_the_other_segments_away_until_it_ends(team: Desk) -> None:
    """ROL: a difference tells of it before it is applied."""
    own = team.folder / "pilot.toml"
    own.write_text('[pilot]\nsegment = "smb"\nstarted_on = "2026-03-01"\n')
    told = team.json("policy", "diff", "shipped", str(own))
    before, after = (
        {each["item"] for each in due(team, 900, *words)} for words in ((), ("--policy", str(own)))
    )
    gone = {step["item"] for account in told["accounts"] for step in account["steps"]}
    assert gone == before - after
    assert told["steps"] == {"added": 0, "removed": len(gone), "moved": 0, "handed": 0, "changed": 0}


def test_an_audit_counts_what_list_lists(team: Desk) -> None:
    """ROL."""
    told = team.json("policy", "audit")
    listed = [each for each in team.json("list")["accounts"] if each["in_force"]]
    for key, field in (("segment", "segment"), ("opportunity", "opportunity"), ("touch", "touch")):
        assert {each["value"]: each["renewals"] for each in told[key]} == Counter(
            each[field] for each in listed
        )
    assert {each["value"]: each["renewals"] for each in told["band"]} == Counter(
        each["health"]["band"] for each in listed
    )
    assert told["accounts"] == {"all": 8, "not_in_force": 1, "without_renewal": 0}
    assert told["first_month"]["items"] == len(due(team, 30))
    codes = {each["code"]: [entry["account"] for entry in each["entries"]] for each in told["misfits"]}
    assert codes["arr-unknown"] == ["A6"]
    assert codes["currency-without-rate"] == ["A8"]
    assert codes["unowned"] == ["A5"]
    assert codes["touch-mismatch"] == ["A1"]


def test_a_difference_tells_of_each_account_what_list_and_due_would_say(team: Desk) -> None:
    """ROL: before it is applied."""
    new = team.folder / "new.toml"
    new.write_text('[ownership]\nmodel = "csm"\n\n[timelines.mid_market.notice]\ndays = 55\n')
    told = team.json("policy", "diff", "shipped", str(new))
    before, after = (
        {each["item"]: each for each in due(team, 900, *words)} for words in ((), ("--policy", str(new)))
    )
    steps = {
        (step["item"], step["change"]): step for account in told["accounts"] for step in account["steps"]
    }
    assert {item for item, change in steps if change == "added"} == after.keys() - before.keys()
    assert {item for item, change in steps if change == "removed"} == before.keys() - after.keys()
    both = before.keys() & after.keys()
    assert {item for item, change in steps if change == "moved"} == {
        item for item in both if before[item]["due_on"] != after[item]["due_on"]
    }
    assert {item for item, change in steps if change == "handed"} == {
        item for item in both
        if [before[item][key] for key in ("owner", "owner_role")]
        != [after[item][key] for key in ("owner", "owner_role")]
    }  # fmt: skip
    assert told["counts"]["owner"] == 2
    assert told["changed"] + told["unchanged"] == 7
    assert len(team.json("policy", "diff", "shipped", str(new), "--limit", "1")["accounts"]) == 1
    assert team.json("policy", "diff", str(new), str(new))["changed"] == 0


def test_a_pilot_is_told_as_json_too(team: Desk) -> None:
    """ROL."""
    assert team.json("policy", "pilot")["segment"] is None
    own = team.folder / "pilot.toml"
    own.write_text('[pilot]\nsegment = "smb"\nstarted_on = "2026-03-01"\n')
    assert team.run("won", "A3", "--arr", "5000").code == 0
    told = team.json("policy", "pilot", "--policy", str(own), "--as-of", "2026-05-01")
    mine, rest, *_ = told["groups"]
    assert (mine["reached"], mine["won"], mine["on_time_share"], mine["gross_renewal_rate"]) == (
        1,
        1,
        1.0,
        1.0,
    )
    assert mine["hours_per_renewal"] == 20
    assert (rest["reached"], rest["decided"], rest["gross_renewal_rate"]) == (
        2,
        0,
        None,
    )  # A5 and A6, past due
    assert rest["on_time_share"] == 0.0


def test_explain_prints_the_four_agreements_about_ownership(team: Desk) -> None:
    """OWN-3."""
    own = team.folder / "own.toml"
    own.write_text('[ownership.written]\nsales_engages = "Never, we are small."\n')
    text = " ".join(team.run("explain", "A1", "--policy", str(own)).out.split())
    for words in (
        "speaks to the customer:",
        "is credited:",
        "on disagreement:",
        "sales engages: Never, we are",
    ):
        assert words in text
    assert team.json("explain", "A1")["written"].keys() == {
        "sales_engages", "leads_communication", "revenue_credit", "disagreement",
    }  # fmt: skip


def test_the_time_of_recurring_work_counts_for_its_account_and_says_where_it_comes_from(team: Desk) -> None:
    """SEG-2, VAL: a business review is time spent on the account, whatever its plan asks."""
    items = [each for each in team.json("due", "--days", "200")["items"] if each["item"].startswith("a")]
    item, account = items[0]["item"], items[0]["account"]
    before = team.json("show", account)["effort"]
    assert team.run("done", item, "--hours", "2").code == 0
    assert team.run("log", account, "rang them", "--kind", "call", "--hours", "0.5").code == 0
    after = team.json("show", account)["effort"]
    assert after["hours"] == before["hours"] + 2.5
    assert after["sources"] == {"log": before["sources"].get("log", 0) + 0.5, "recurring": 2}
    rows = team.json("effort")["renewals"]
    assert [row["hours"] for row in rows if row["account"] == account] == [after["hours"]]
    assert "2 h on value all year" in team.run("show", account).out
