"""`reassign`: nothing is lost, doubled or moved in time, and what was agreed to stay stays."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewctl.cli.options import Env
from tests.desk import Desk
from tests.saves import along

HEAD = (
    "id,name,arr,currency,renewal_date,start_date,term_months,notice_days,auto_renew,csm,sales_owner,"
    "specialist,health_score"
)
BOOK = f"""{HEAD}
A1,Acme Ltd,120000,USD,2026-07-20,2025-07-20,12,30,yes,ana,rui,,85
A2,Beta Ltda,30000,USD,2026-05-15,2025-05-15,12,,,Ana,,,55
A3,Gamma,5000,USD,2026-04-20,,12,,,ana,,ana,90
A4,Delta,80000,USD,2026-06-30,,12,,,sofia,ana,,
A5,Epsilon,20000,USD,2026-06-30,,12,,,sofia,,,70
A6,Zeta,,USD,2026-08-01,,,,,ana,,,
A7,Eta,9000,USD,2026-06-30,,12,,,ana,,,70
"""
PEOPLE = """account_id,name,email,role,thread_owner
A1,Joe,joe@example.com,champion,ana
A5,Eva,eva@example.com,economic_buyer,ANA
A5,Max,max@example.com,champion,sofia
"""
HIS = {"A1", "A2", "A3", "A4", "A5", "A6", "A7"}  # A5 only by a thread


@pytest.fixture
def team(desk: Desk) -> Desk:
    """A desk with seven accounts, in six of which ana has a role, and a save of one."""
    desk.import_(BOOK)
    desk.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    desk.run("set", "A7", "status=churned")
    assert desk.run("save", "start", "A2", "--scenario", "value").code == 0
    return desk


def agenda(desk: Desk) -> dict[str, tuple[str, str, str, str]]:
    """Every open item: its account, day, person and kind."""
    items = desk.json("due", "--days", "900")["items"]
    found = {each["item"]: (each["account"], each["due_on"], each["owner"], each["kind"]) for each in items}
    assert len(found) == len(items)
    return found


def days(found):
    return {item: each[1] for item, each in found.items()}


@pytest.mark.both_engines
@pytest.mark.parametrize("mode", ["all", "plays", "none"])
def test_a_hand_over_loses_and_doubles_nothing_and_moves_no_day(team: Desk, mode: str) -> None:
    """OWN-3: and what the preview says is what happens."""
    before = agenda(team)
    told = team.json("reassign", "--from", "ana", "--to", "tiago", "--open", mode, "--yes")
    after = agenda(team)
    assert days(after) == days(before)
    was_his = {item for item, each in before.items() if each[2].lower() == "ana"}
    still = {item for item, each in after.items() if each[2].lower() == "ana"}
    assert still <= was_his
    assert {each["item"] for each in told["kept"]["items"]} == still
    assert {each["item"] for each in told["moved"]["items"]} == was_his - still
    assert told["changed"] is True
    assert {each["account"] for each in told["accounts"]} == HIS
    assert {each[2] for item, each in after.items() if item in was_his - still} == {"tiago"}
    if mode == "all":
        assert still == set()
    kinds = {before[item][3] for item in was_his - still}
    if mode == "plays":
        assert kinds == {"save", "value", "promise"}
        assert not any(before[item][3] == "save" for item in still)
    if mode == "none":
        assert kinds <= {"value"}
    for other in before.keys() - was_his:
        assert before[other] == after[other]


@pytest.mark.both_engines
@pytest.mark.parametrize("mode", ["all", "plays", "none"])
def test_facts_name_the_new_person_and_no_import_brings_the_former_one_back(team: Desk, mode: str) -> None:
    """OWN-3."""
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", mode, "--yes")
    changed = BOOK.replace("Acme Ltd", "Acme Limited").replace("Gamma", "Gamma Two")
    team.import_(changed)
    team.import_(PEOPLE.replace("champion,ana", "user,ana"), "--kind", "stakeholders", name="people.csv")
    accounts = {each.id: each for each in team.values("account")}
    assert accounts["A1"].name == "Acme Limited"
    assert [accounts[no].csm for no in ("A1", "A2", "A3", "A6", "A7")] == ["tiago"] * 5
    assert (accounts["A3"].specialist, accounts["A4"].sales_owner, accounts["A4"].csm) == (
        "tiago", "tiago", "sofia",
    )  # fmt: skip
    threads = {each.name: each.thread_owner for each in team.values("stakeholder")}
    assert threads == {"Joe": "tiago", "Eva": "tiago", "Max": "sofia"}
    [save] = team.values("save_case")
    assert save.owner == ("Ana" if mode == "none" else "tiago")


@pytest.mark.both_engines
@pytest.mark.parametrize("mode", ["all", "plays", "none"])
def test_undo_takes_the_whole_hand_over_back(team: Desk, mode: str) -> None:
    """One operation: facts, pins, saves and assignments."""

    def stored() -> dict[str, object]:
        names = (
            "account",
            "contract",
            "stakeholder",
            "save_case",
            "item_state",
            "assignment",
            "pin",
            "agenda",
        )
        return {name: rows for name, rows in team.facts().items() if name in names}

    before = stored()
    assert team.run("reassign", "--from", "ana", "--to", "tiago", "--open", mode, "--yes").code == 0
    assert stored() != before
    assert team.run("undo", "--yes").code == 0
    assert stored() == before


def test_a_dry_run_shows_and_changes_nothing(team: Desk) -> None:
    before = team.facts()
    done = team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "none", "--dry-run")
    assert done.code == 0
    assert "From ana to tiago: 7 accounts" in done.err
    assert "tiago is new" in done.err
    assert done.err.endswith("dry run: nothing was written\n")
    assert team.json("reassign", "--from", "ana", "--to", "tiago", "--dry-run")["changed"] is False
    assert team.facts() == before


def test_without_a_terminal_to_ask_at_it_is_refused_after_the_preview(team: Desk) -> None:
    before = team.facts()
    done = team.run("reassign", "--from", "ana", "--to", "rui")
    assert done.code == 2
    assert done.err.startswith("From ana to rui: 7 accounts")
    assert "error[needs-yes]: Hand 7 accounts from ana to rui?" in done.err
    assert team.facts() == before


def test_only_the_accounts_asked_for_pass(team: Desk) -> None:
    told = team.json(
        "reassign", "--from", "ana", "--to", "rui", "--account", "A2", "--account", "gamma", "--yes"
    )
    assert [each["account"] for each in told["accounts"]] == ["A2", "A3"]
    owners = {each.id: each.csm for each in team.values("account")}
    assert (owners["A1"], owners["A2"], owners["A3"]) == ("ana", "rui", "rui")
    told = team.json("reassign", "--from", "ana", "--to", "rui", "--segment", "enterprise", "--yes")
    assert [each["account"] for each in told["accounts"]] == ["A1"]
    assert told["accounts"][0]["fields"][0] == {"what": "csm", "before": "ana", "after": "rui"}
    assert told["renewals"]["count"] == 0  # rui had the renewal already, as its salesperson
    again = team.run("reassign", "--from", "ana", "--to", "rui", "--segment", "enterprise")
    assert (again.code, again.err) == (0, "ana has no account among these; nothing to hand over\n")


def test_a_step_that_a_condition_brings_later_stays_where_the_running_plan_stays(team: Desk) -> None:
    """OPP-3: the decision to fight or let go comes once the account is at risk."""
    assert "4-at-risk" not in agenda(team)
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "plays", "--yes")
    team.run("set", "A4", "health_score=20")
    assert agenda(team)["4-at-risk"][2] == "ana"


def test_the_next_cycle_belongs_to_the_new_person_and_the_thanks_of_this_one_to_the_former(
    team: Desk,
) -> None:
    """OWN-3: what runs is the cycle in force, its steps after signature among it."""
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "plays", "--yes")
    assert team.run("won", "A1", "--arr", "120000").code == 0
    found = agenda(team)
    assert {item: each[2] for item, each in found.items() if item.startswith("1-")} == {
        "1-celebrate": "rui", "1-thank": "ana", "1-next-year": "ana",
    }  # fmt: skip
    assert {each[2] for item, each in found.items() if item.startswith("1.2-")} == {"tiago", "rui"}


def test_somebody_who_has_nothing_left_but_running_work_is_still_known(team: Desk) -> None:
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "plays", "--yes")
    done = team.run("due", "--owner", "ANA", "--days", "900")
    assert "nobody is called" not in done.err
    mine = {item for item, each in agenda(team).items() if each[2].lower() == "ana"}
    assert {line.split()[2] for line in done.out.splitlines()} == mine


def test_thanks_that_were_owed_already_stay_too(team: Desk) -> None:
    """OWN-3."""
    team.run("won", "A1", "--arr", "120000")
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "none", "--yes")
    found = agenda(team)
    assert {item: each[2] for item, each in found.items() if item.startswith("1-")} == {
        "1-celebrate": "rui", "1-thank": "ana", "1-next-year": "ana",
    }  # fmt: skip
    assert {each[2] for item, each in found.items() if item.startswith("1.2-")} == {"ana", "rui"}


def test_what_was_left_with_somebody_goes_along_when_all_of_it_passes_later(team: Desk) -> None:
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "none", "--yes")
    told = team.json("reassign", "--from", "ana", "--to", "rui", "--dry-run")
    assert told["moved"]["items"]
    assert told["kept"]["items"] == []
    assert {field["what"] for each in told["accounts"] for field in each["fields"]} == {"save s1"}
    team.run("reassign", "--from", "ana", "--to", "rui", "--open", "plays", "--yes")
    people = {each.person for each in team.values("assignment") if each.subject.isdecimal()}
    assert {name.lower() for name in people} == {"ana"}
    assert team.run("reassign", "--from", "ana", "--to", "rui", "--yes").code == 0
    assert {each.person for each in team.values("assignment")} == {"rui"}
    assert team.run("due", "--owner", "rui", "--days", "900").out


def test_recurring_work_that_has_begun_stays_with_what_runs_and_later_periods_go_along(team: Desk) -> None:
    """VAL: what was missed is one item, and all that it stands for stays."""
    later = ("--as-of", "2026-05-10")
    before = {each["item"]: each for each in team.json("due", "--days", "900", *later)["items"]}
    begun = {item for item, each in before.items() if each["kind"] == "value" and each["due_on"] <= later[1]}
    assert any(before[item]["covers"] for item in begun)
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "none", "--yes", *later)
    after = {each["item"]: each for each in team.json("due", "--days", "900", *later)["items"]}
    assert after.keys() == before.keys()
    for item, each in before.items():
        if each["kind"] == "value" and each["owner"].lower() == "ana":
            assert after[item]["owner"].lower() == ("ana" if item in begun else "tiago"), item
    assert {each.step for each in team.values("assignment") if each.subject[0] == "a"} == {
        step for item in begun for step in (before[item]["step"], *before[item]["covers"])
        if before[item]["owner"].lower() == "ana"
    }  # fmt: skip


@pytest.mark.parametrize(("result", "owner"), [("lost", "Ana"), ("saved", "tiago")])
def test_a_save_that_owes_nothing_keeps_its_owner(team: Desk, result: str, owner: str) -> None:
    """SAV-10: a customer that was kept is still checked in on."""
    if result == "saved":
        along(team.run)
    assert team.run("save", "close", "s1", "--result", result).code == 0
    before = agenda(team)
    for mode in ("none", "all"):
        team.run("reassign", "--from", "ana", "--to", "tiago", "--open", mode, "--yes")
        assert days(agenda(team)) == days(before)
    [save] = team.values("save_case")
    assert save.owner == owner


def test_closed_steps_are_not_given_to_anybody(team: Desk) -> None:
    assert team.run("skip", "3-proposal", "--reason", "sent before").code == 0
    assert team.run("done", "s1-call").code == 0
    assert team.run("snooze", "3-follow-up", "--until", "2026-04-18").code == 0
    team.run("reassign", "--from", "ana", "--to", "tiago", "--open", "none", "--yes")
    given = {(each.subject, each.step) for each in team.values("assignment")}
    assert ("3", "proposal") not in given
    assert ("s1", "call") not in given
    assert ("3", "follow-up") in given


def test_the_others_whom_the_policy_ties_to_a_csm_are_told(team: Desk) -> None:
    """OWN-3: the manager of a CSM follows the CSM."""
    own = team.folder / "own.toml"
    own.write_text('[team.managers]\nana = "Mara"\ntiago = "Nuno"\n\n[capacity.people.ANA]\naccounts = 9\n')
    done = team.run("reassign", "--from", "ana", "--to", "tiago", "--dry-run", "--policy", str(own))
    assert "of other roles from Mara to Nuno" in done.err
    assert 'not data, edit the policy: team.managers."ana", capacity.people."ANA" says ana' in done.err
    told = team.json("reassign", "--from", "ana", "--to", "tiago", "--dry-run", "--policy", str(own))
    assert {each["after"] for each in told["others"]} == {"Nuno"}


def test_an_unknown_giver_is_refused_with_near_names(team: Desk) -> None:
    said = team.fails(13, "no-such-person", "reassign", "--from", "anna", "--to", "rui")
    assert "did you mean Ana" in said or "did you mean ana" in said
    said = team.fails(13, "no-such-person", "reassign", "--from", "xyz", "--to", "rui")
    assert "hint: known are Ana, ana, rui, sofia" in said or "known are" in said
    said = team.fails(13, "not-theirs", "reassign", "--from", "rui", "--to", "ana", "--account", "A2")
    assert "rui has no part in Beta Ltda (A2)" in said
    team.fails(13, "no-such-account", "reassign", "--from", "rui", "--to", "ana", "--account", "Omega")


def test_somebody_only_the_policy_names_is_no_data(team: Desk) -> None:
    own = team.folder / "own.toml"
    own.write_text('[team]\nlegal = "Lena"\n')
    said = team.fails(13, "only-in-policy", "reassign", "--from", "lena", "--to", "rui", "--policy", str(own))
    assert "team.legal" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "ana", "--to", "ANA"), "nobody-to-take"),
        (("--from", "ana", "--to", " "), "nobody-to-take"),
        (("--from", "ana", "--to", "rui", "--open", "some"), "unknown-choice"),
        (("--from", "ana", "--to", "rui", "--segment", "huge"), "unknown-choice"),
    ],
)
def test_words_that_make_no_hand_over_are_refused(team: Desk, words: tuple[str, ...], code: str) -> None:
    team.fails(2, code, "reassign", *words)


def test_an_empty_book_knows_nobody(desk: Desk) -> None:
    desk.run("init")
    assert "no account names anybody" in desk.fails(
        13, "no-such-person", "reassign", "--from", "a", "--to", "b"
    )


def test_me_is_whoever_acts_and_a_known_name_keeps_its_spelling(team: Desk) -> None:
    told = team.json("reassign", "--from", "me", "--to", "SOFIA", "--account", "A1", "--yes")
    assert told["to"] == "sofia"
    assert told["new_person"] is False


def test_what_changed_between_the_preview_and_the_answer_is_not_overwritten(
    team: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(self: Env, question: str) -> None:
        with team.open() as portfolio, portfolio.write("set", "rui", self.as_of) as operation:
            from renewctl.core.model import Change

            operation.apply([Change("account", (3,), 3, {"csm": "ana"}, {"csm": "sofia"})])

    monkeypatch.setattr(Env, "confirm", meanwhile)
    done = team.run("reassign", "--from", "ana", "--to", "rui")
    assert done.code == 12
    assert "error[change-missed]: somebody changed these accounts meanwhile" in done.err
    assert {each.csm for each in team.values("account", "no <= 2")} == {"ana", "Ana"}


def test_a_person_at_a_terminal_is_told_what_was_done(team: Desk) -> None:
    done = team.run("reassign", "--from", "ana", "--to", "rui", "--yes")
    assert done.err.splitlines()[-1] == "7 accounts handed over; take it back with: renewctl undo"
    assert "reassign" in team.run("history").out


@given(
    st.sampled_from(["ana", "rui", "sofia"]),
    st.sampled_from(["ana", "rui", "sofia", "tiago"]),
    st.lists(st.sampled_from(["all", "plays", "none"]), min_size=1, max_size=3),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_accounts_pass_every_item_stays_on_its_day_with_one_owner(
    team: Desk, giver: str, taker: str, modes: list[str]
) -> None:
    """OWN-3, several hand-overs after one another."""
    before = agenda(team)
    for mode in modes:
        done = team.run("reassign", "--from", giver, "--to", taker, "--open", mode, "--yes", "--json")
        assert done.code in (0, 2, 13), done.err
        if done.code == 0:
            told = json.loads(done.out)
            after = agenda(team)
            assert days(after) == days(before)
            assert all(each[2] for each in after.values())
            kept = {each["item"] for each in told["kept"]["items"]}
            assert kept == {item for item, each in after.items() if each[2].lower() == giver} & kept
        giver, taker = taker, giver
