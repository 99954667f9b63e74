"""What a person puts right on a save: the hour of the first call, the reason given, promises due later."""

from typing import Any

import pytest

from tests.desk import Desk
from tests.processes import ROOT

CHAIN = ("promise", "chain", "s1", "x", "--release")
FLAGGED = ("--flagged", "2026-03-02")


@pytest.fixture
def case(book: Desk) -> Desk:
    """A desk with the save s1 of A1, flagged on the day itself at nine."""
    assert book.run("save", "start", "A1", "--scenario", "value", *FLAGGED).code == 0
    return book


def shown(desk: Desk, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.json("save", "show", "s1", *more)["save"]
    return found


@pytest.mark.parametrize("words", [("done", "s1-call"), ("save", "done", "s1-call")])
@pytest.mark.parametrize(("at", "in_time"), [("2026-03-04T08:59", True), ("2026-03-04T09:01", False)])
def test_the_hour_of_the_first_call_is_told_by_either_command(
    case: Desk, words: tuple[str, ...], at: str, in_time: bool
) -> None:
    """SAV-1: within 48 hours, to the minute."""
    assert case.run(*words, "--at", at, "--as-of", "2026-03-04").code == 0
    assert shown(case, "--as-of", "2026-03-04")["answered_in_time"] is in_time


def test_the_hour_of_the_first_call_can_be_put_right_afterwards(case: Desk) -> None:
    on = ("--as-of", "2026-03-04")
    assert case.run("done", "s1-call", *on).code == 0
    assert shown(case, *on)["answered_in_time"] is None
    done = case.run("done", "s1-call", "--at", "2026-03-04T11:00", *on)
    assert "s1-call: the first contact was at 2026-03-04 11:00 UTC" in done.err
    assert shown(case, *on)["answered_in_time"] is False
    again = case.run("done", "s1-call", "--at", "2026-03-04T11:00", *on)
    assert "nothing changed" in again.err
    assert case.run("undo", "--yes").code == 0
    assert shown(case, *on)["answered_in_time"] is None


def test_a_first_call_that_was_put_off_is_done_with_its_hour_and_brings_the_case_on(case: Desk) -> None:
    assert case.run("snooze", "s1-call", "--until", "2026-03-03").code == 0
    assert case.run("done", "s1-call", "--at", "2026-03-03T10:00", "--as-of", "2026-03-03").code == 0
    found = shown(case, "--as-of", "2026-03-03")
    assert (found["state"], found["answered_in_time"]) == ("contacted", True)


def test_a_meeting_held_early_twice_leaves_the_one_after_on_the_agenda(case: Desk) -> None:
    assert case.run("save", "level", "add", "s1", "review", "a review", "--every", "30").code == 0
    for number in (1, 2):
        assert case.run("done", f"s1-level1-{number}").code == 0
    items = {each["item"] for each in case.json("due", "--days", "200")["items"]}
    assert "s1-level1-3" in items


def test_an_update_that_was_missed_is_not_sent_any_more_and_the_one_that_is_owed_is_named(case: Desk) -> None:
    said = case.fails(13, "no-such-item", "done", "s1-update-1", "--as-of", "2026-03-24")
    assert "s1-update-1 has passed" in said
    assert "renewctl done s1-update-3" in said
    assert case.run("done", "s1-update-3", "--as-of", "2026-03-24").code == 0


def test_a_first_contact_lies_neither_before_the_flag_nor_in_the_future(case: Desk) -> None:
    case.fails(14, "contact-before-flag", "done", "s1-call", "--at", "2026-03-01T23:30")
    case.fails(2, "moment-in-the-future", "done", "s1-call", "--at", "2026-03-03T08:30")
    assert shown(case)["clock"] == "running"


def test_an_hour_says_nothing_of_another_step_that_is_done(case: Desk) -> None:
    assert case.run("done", "s1-alert").code == 0
    told = case.run("done", "s1-alert", "--at", "2026-03-02T10:00")
    assert "nothing changed" in told.err


def test_the_reason_that_is_learnt_on_the_call_is_put_on_the_case(case: Desk) -> None:
    assert shown(case)["reason"] is None
    assert case.run("save", "note", "s1", "--reason", "  nobody uses it ").code == 0
    assert shown(case)["reason"] == "nobody uses it"


def test_a_promise_due_later_is_carried_over_by_the_customers_word_and_stays_owed(case: Desk) -> None:
    """SAV-6: what is due later waits with the customer's consent, and is not forgotten."""
    case.run("save", "promise", "add", "s1", "the yearly review", "--due", "2026-03-20")
    proofs = shown(case)["evidence"]
    missing = {each["criterion"]: each["missing"] for each in proofs}
    assert "p1 is open until 2026-03-20" in missing["promises"]
    assert "renewctl save evidence s1 promises TEXT" in missing["promises"]
    assert case.run("save", "evidence", "s1", "promises", "Joe waits for it").code == 0
    proof = next(each for each in shown(case)["evidence"] if each["criterion"] == "promises")
    assert proof["missing"] is None
    assert "Joe waits for it" in proof["evidence"]
    late = shown(case, "--as-of", "2026-03-21")["evidence"]
    assert "p1 is missed" in next(each for each in late if each["criterion"] == "promises")["missing"]
    case.fails(14, "promise-not-kept", "save", "evidence", "s1", "promises", "later", "--as-of", "2026-03-21")


def test_a_fix_that_leaves_no_time_names_the_step_and_the_first_day_that_would(case: Desk) -> None:
    words = ("save", "promise", "chain", "s1", "x", "--release")
    said = case.fails(2, "release-too-soon", *words, "2026-03-20")
    assert "build would have been due on 2026-02-20" in said
    assert "2026-03-30" in said
    assert case.run(*words, "2026-03-30").code == 0


def test_hours_still_to_come_never_add_up_steps_that_shut_each_other_out(case: Desk) -> None:
    plan = shown(case)
    least, most = plan["effort"]["hours"], plan["effort"]["most_hours"]
    every = sum(each["effort_hours"] for each in plan["steps"] if each["fate"] != "dropped")
    assert least < most <= every
    assert case.run("save", "show", "s1", "--all").out.count(f"up to {most - least:g} h more") == 1


def test_a_save_whose_playbook_left_the_policy_is_shown_and_can_be_switched(book: Desk) -> None:
    """SAV-5: no steps are invented, nothing breaks, and what was done stays."""
    under = ("--policy", str(ROOT / "examples" / "playbook.toml"))
    assert book.run("save", "start", "A1", "--scenario", "merger", *under).code == 0
    first = shown(book, *under)["first_contact"]
    assert book.run("done", f"s1-{first}", *under).code == 0
    found = shown(book)
    assert found["title"] == "No playbook merger in this policy"
    assert (found["steps"], found["clock"], found["state"]) == ([], "answered", "contacted")
    for words in (
        ("save", "list"),
        ("save", "standup"),
        ("due", "--days", "90"),
        ("show", "A1"),
        ("doctor",),
    ):
        assert book.run(*words).code in (0, 1), words
    assert book.run("save", "why", "s1", "--switch", "value").code == 0
    found = shown(book)
    done = {each["step"] for each in found["steps"] if each["state"] == "done"}
    assert done | {each["step"] for each in found["kept_steps"]} >= {first}


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("why", "s1", "--root-cause", " ", "--enough", "x"), 2, "cause-blank"),
        (("why", "s1", "--stay", "x"), 2, "cause-missing"),
        (("why", "s1", "--enough", "x"), 2, "cause-missing"),
        (("worth", "s1", "--hours", "9", "--chance", "40", "--concession", "1,000"), 10, "amount-unreadable"),
        (("worth", "s1", "--hours", "9", "--chance", "1e-99999999"), 2, "bad-percent"),
        (("worth", "s1", "--hours", "9", "--chance", "40", "--rate", ""), 2, "rate-missing"),
        (("close", "s1", "--result", "partly_saved", "--arr", "120000"), 2, "arr-not-less"),
        (("promise", "add", "s1", "x", "--due", "2026-03-09", "--as-of", "2026-03-01"), 14, "not-yet"),
        ((*CHAIN, "2026-05-01", "--on", "Beta=2026-06-01"), 2, "chain-order"),
        (("level", "log", "l9"), 13, "no-such-level"),
        (("promise", "kept", "p9", "--evidence", "x"), 13, "no-such-promise"),
        (("done", "s1-call", "--at", "9999-12-31T23:59Z"), 2, "bad-moment"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(
    case: Desk, words: tuple[str, ...], code: int, name: str
) -> None:
    case.fails(code, name, "save", *words)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_nobody_reckons_from_is_refused(case: Desk, day: str) -> None:
    for words in (("due",), ("save", "suggest"), ("save", "show", "s1")):
        case.fails(2, "bad-date", *words, "--as-of", day)


def test_nothing_is_promised_on_a_save_that_was_lost(case: Desk) -> None:
    """SAV-9: a promise that no list shows would be broken unseen."""
    assert case.run("save", "close", "s1", "--result", "lost").code == 0
    case.fails(14, "save-closed", "save", "promise", "add", "s1", "x", "--due", "2026-04-01")
    case.fails(14, "save-closed", "save", "level", "add", "s1", "support", "x", "--hours", "4")


def test_many_hours_are_told_in_days_and_provisional_check_ins_that_are_past_are_not_next(case: Desk) -> None:
    told = case.run("save", "standup", "--as-of", "2026-12-01").out
    assert "272 days late" in told
    for each in shown(case)["steps"]:
        if each["state"] == "open" and each["step"] not in ("root-cause",):
            case.run("done", each["item"])
    later = case.json("save", "standup", "--as-of", "2026-06-10")["saves"][0]["next_step"]
    assert later is None or not later["step"].startswith("checkin")
