"""What a save owes when something comes between: a switch, a relapse, a hand-over, the years after."""

import pytest

WHYS = ["--why", "because"] * 5


@pytest.fixture
def save(book):
    """Run `save WORDS` on a day; it must end well."""

    def command(day, *words):
        done = book.run("save", *words, "--as-of", day)
        assert done.code == 0, done
        return done.out

    return command


@pytest.fixture
def saved(save):
    """Acme's save s1, closed as saved on 20 March 2026."""
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save("2026-03-02", "done", "s1-call")
    save("2026-03-03", "why", "s1", *WHYS, "--root-cause", "defect-unfixed")
    save("2026-03-03", "done", "s1-plan")
    save("2026-03-04", "done", "s1-follow-up")
    for each in ("root_cause", "relationship", "commitment"):
        save("2026-03-20", "evidence", "s1", each, "they said so")
    save("2026-03-20", "close", "s1", "--result", "saved")
    return save


def owed(book, day, days="7"):
    rows = book.json("due", "--days", days, "--as-of", day)["items"]
    return {row["item"]: row for row in rows if row["item"].startswith("s1")}


def test_the_plan_on_paper_is_that_of_its_playbook_and_another_needs_its_own(book, save):
    """SAV-2: a switch leads back to diagnosed; the paper of the plan before agrees nothing (SAV-1)."""
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save("2026-03-02", "done", "s1-call")
    save("2026-03-02", "why", "s1", *WHYS, "--root-cause", "defect-unfixed")
    save("2026-03-02", "paper", "s1", "save-plan", "--format", "md", "-o", str(book.folder / "plan.md"))
    assert book.json("save", "show", "s1")["save"]["state"] == "planned"
    save("2026-03-03", "why", "s1", "--root-cause", "support-let-down", "--switch", "relationship")
    assert book.json("save", "show", "s1")["save"]["state"] == "diagnosed"
    save("2026-03-03", "paper", "s1", "save-plan", "--format", "md", "-o", str(book.folder / "new.md"))
    assert book.json("save", "show", "s1")["save"]["state"] == "planned"


def test_a_playbook_that_stays_takes_no_decision_that_somebody_waits_for(book, save):
    """SAV-8: what is to be decided stays at the stand-up until it is said to be taken."""
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save("2026-03-02", "note", "s1", "--decision", "Pay for it?")
    save("2026-03-03", "why", "s1", *WHYS, "--root-cause", "support-let-down", "--stay", "the defect first")
    assert book.json("save", "standup")["saves"][0]["decision"] == "Pay for it?"
    assert "the defect first" in book.run("save", "why", "s1", "--json").out


def test_whys_are_counted_without_the_words_why_no_more_were_asked(book, save):
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save(
        "2026-03-02", "why", "s1", "--why", "it fails", "--root-cause", "defect-unfixed", "--enough", "clear"
    )
    save("2026-03-03", "why", "s1", "--why", "and again")
    assert [each["why"] for each in book.json("save", "why", "s1")["whys"]] == ["1", "enough", "2"]


def test_an_update_sent_ahead_of_its_day_is_followed_by_the_next(book, save):
    """SAV-9."""
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save("2026-03-02", "done", "s1-update-1")
    found = book.json("save", "show", "s1")["save"]["next_update"]
    assert found == {"number": 2, "due_on": "2026-03-16"}


def test_a_promise_to_a_kept_customer_is_owed_however_long_it_takes_and_its_recovery_is_not(book, saved):
    """SAV-9, SAV-10: months after the last look a promise that is due is as loud as any."""
    assert "s1-attention-6" in owed(book, "2026-09-20")
    assert owed(book, "2027-06-01") == {}
    saved("2026-04-01", "promise", "add", "s1", "Their name on our page", "--due", "2027-06-03")
    assert set(owed(book, "2027-06-01")) == {"s1-p1"}
    assert owed(book, "2027-06-10")["s1-p1"]["status"] == "overdue"


def test_a_kept_customer_who_leaves_later_is_owed_nothing_more(book, saved):
    assert "s1-checkin-30" in owed(book, "2026-04-15")
    assert book.run("lost", "A1", "--reason", "competitor", "--as-of", "2026-04-10").code == 0
    assert owed(book, "2026-04-15", "400") == {}


@pytest.mark.parametrize(("noticed", "target"), [(True, "2026-05-02T09:00:00Z"), (False, None)])
def test_a_relapse_with_a_cancellation_notice_has_the_24_hour_target(book, saved, noticed, target):
    """SAV-1: enterprise accounts and cancellation notices, each time anew."""
    assert book.run("set", "A1", "arr=20000", "--reason", "less of it").code == 0
    if noticed:
        assert book.run("set", "A1", "cancel_notice_date=2026-04-30", "--reason", "their letter").code == 0
    saved("2026-05-01", "reopen", "s1", "--reason", "it came back")
    assert book.json("save", "show", "s1", "--as-of", "2026-05-01")["save"]["target_by"] == target


def test_a_broken_promise_goes_along_when_the_account_does(book, save):
    """SAV-5: no line of the agenda stays with somebody who handed everything over."""
    save("2026-03-02", "start", "A1", "--scenario", "product")
    save("2026-03-02", "promise", "add", "s1", "A word", "--due", "2026-03-04", "--owner", "Ana")
    save("2026-03-05", "promise", "broken", "p1", "--evidence", "forgotten")
    assert book.run("reassign", "--from", "Ana", "--to", "Bob", "--account", "A1", "--yes").code == 0
    assert {row["owner"] for row in owed(book, "2026-03-05").values()} == {"Bob"}
