"""A case lived through by commands: what is told, what is refused and how, what the documents hold."""

import json
import re
from datetime import date, timedelta

import pytest

from tests.desk import AS_OF, Desk
from tests.saves import WHYS, along, step_of

HOSTILE = "Evil \x1b[31m[/] {{7*7}}<script>x</script>\u202e Ltd"


@pytest.fixture
def case(book: Desk) -> Desk:
    """A desk with the save s1 of A1."""
    assert book.run("save", "start", "A1", "--scenario", "value").code == 0
    return book


def show(desk, *more):
    return desk.json("save", "show", "s1", *more)["save"]


# --- refusals --------------------------------------------------------------------------------------

PROMISE = ("save", "promise", "add", "s1", "a fix", "--due", "2026-03-20")
LEVEL = ("save", "level", "add", "s1", "support", "an answer in 4 hours")
CHAIN = ("promise", "chain", "s1", "x", "--release", "2026-05-10")
WORTH = ("save", "worth", "s1", "--hours", "9", "--chance")


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("why", "s1", "--why", " "), 2, "why-blank"),
        (("why", "s1", "--root-cause", "roi-never-shown"), 14, "whys-missing"),
        (("why", "s1", *WHYS, "--root-cause", "no-such-code"), 2, "unknown-cause"),
        (("why", "s1", "--switch", "value"), 14, "same-scenario"),
        (("why", "s1", "--switch", "weather"), 2, "unknown-scenario"),
        (("answer", "s1", "no-such=yes"), 13, "no-such-question"),
        (("answer", "s1", "idle-seats"), 2, "answer-blank"),
        (("answer", "s1", "idle-seats="), 2, "answer-blank"),
        (("answer", "s1", "idle-seats=perhaps"), 2, "unknown-answer"),
        (("team", "s1", "cook=rui"), 2, "unknown-role"),
        (("team", "s1", "csm="), 2, "person-missing"),
        (("team", "s1", "csm"), 2, "person-missing"),
        (("evidence", "s1", "weather", "all"), 2, "unknown-criterion"),
        (("evidence", "s1", "commitment", " "), 2, "evidence-missing"),
        (("evidence", "s1", "commitment"), 2, "evidence-missing"),
        ((*WORTH[1:], "101"), 2, "bad-percent"),
        ((*WORTH[1:], "1/0"), 2, "bad-percent"),
        ((*WORTH[1:], "40", "--decide", "perhaps"), 2, "unknown-decision"),
        ((*WORTH[1:], "40", "--decide", "fight"), 14, "reason-missing"),
        ((*WORTH[1:], "40", "--concession", "much"), 10, "amount-unreadable"),
        ((*WORTH[1:], "40", "--concession", "-1"), 10, "amount-negative"),
        ((*WORTH[1:], "40", "--rate", "1.001"), 10, "amount-unreadable"),
        (("note", "s1"), 2, "note-missing"),
        (("note", "s1", "--blocker", " "), 2, "note-blank"),
        (("note", "s1", "--setback", "worse"), 14, "illegal-transition"),
        (("close", "s1", "--result", "saved"), 14, "not-saved-yet"),
        (("close", "s1", "--result", "let-go"), 14, "not-decided"),
        (("close", "s1", "--result", "saved", "--arr", "5"), 2, "arr-unasked"),
        (("close", "s1", "--result", "partly_saved", "--arr", "x"), 10, "amount-unreadable"),
        (("reopen", "s1", "--reason", "worse"), 14, "illegal-transition"),
        (("reopen", "s1", "--reason", " "), 2, "reason-missing"),
        ((*PROMISE[1:-1], "2026-03-01"), 14, "promise-past"),
        ((*PROMISE[1:-1], "soon"), 2, "bad-date"),
        (("promise", "add", "s1", " ", "--due", "2026-03-20"), 14, "promise-blank"),
        ((*PROMISE[1:], "--after", "p9"), 13, "no-such-promise"),
        ((*PROMISE[1:], "--replaces", "what"), 13, "no-such-promise"),
        (("promise", "kept", "p9", "--evidence", "x"), 13, "no-such-promise"),
        (("promise", "kept", "what", "--evidence", "x"), 13, "no-such-promise"),
        (("promise", "chain", "s1", "x", "--release", "2026-03-10"), 2, "release-too-soon"),
        ((*CHAIN, "--on", "rest=2026-04-01"), 2, "unknown-step"),
        ((*LEVEL[1:],), 2, "level-measure"),
        ((*LEVEL[1:], "--hours", "4", "--every", "30"), 2, "level-measure"),
        ((*LEVEL[1:], "--hours", "0"), 2, "bad-hours"),
        (("level", "add", "s1", " ", "x", "--hours", "4"), 2, "level-blank"),
        ((*LEVEL[1:], "--hours", "4", "--until", "2026-03-01"), 2, "level-ended"),
        (("level", "log", "l9"), 13, "no-such-level"),
        (("done", "s1-call", "--at", "yesterday"), 2, "bad-moment"),
        (("done", "s1-call", "--at", "2026-03-02"), 2, "bad-moment"),
        (("done", "s1-call", "--at", "2026-03-03T00:00"), 2, "moment-in-the-future"),
        (("standup", "--format", "pdf"), 2, "unknown-format"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_what_to_do_and_changes_nothing(case, words, code, name):
    before = case.facts()
    told = case.fails(code, name, "save", *words)
    assert "\nhint: " in told
    assert case.facts() == before


@pytest.mark.parametrize("command", [
    ("why", "s1", "--why", "x"), ("answer", "s1", "idle-seats=yes"), ("team", "s1", "csm=rui"),
    ("evidence", "s1", "commitment", "x"), (*WORTH[1:], "40", "--decide", "fight", "--reason", "x"),
    ("note", "s1", "--cleared"),
])  # fmt: skip
def test_a_case_that_has_ended_is_not_worked_on(case, command):
    case.run("save", "close", "s1", "--result", "lost")
    assert "lost" in case.fails(14, "save-closed", "save", *command)


def test_what_cannot_be_left_out_is_not_skipped_and_the_root_cause_is_no_tick(case):
    """SAV-1, SAV-2: no save comes further without its call, root cause and plan."""
    for state in ("contacted", "diagnosed", "planned"):
        case.fails(14, "step-not-skipped", "skip", f"s1-{step_of(state, 'value')}", "--reason", "no need")
    cause = f"s1-{step_of('diagnosed', 'value')}"
    case.fails(14, "root-cause-missing", "done", cause)
    assert case.run("snooze", cause, "--until", "2026-03-11").code == 0
    case.fails(14, "root-cause-missing", "done", cause)
    assert case.run("skip", "s1-usage", "--reason", "known").code == 0


# --- the first contact -----------------------------------------------------------------------------


def test_an_email_is_no_first_contact_and_the_call_is(case):
    """SAV-1: within 48 hours, by call and not by e-mail."""
    case.run("log", "A1", "wrote to them", "--kind", "email")
    assert (show(case)["clock"], show(case)["state"]) == ("running", "detected")
    assert case.run("save", "done", "s1-call", "--at", "2026-03-02T08:30").code == 0
    found = show(case)
    assert (found["clock"], found["state"]) == ("answered", "contacted")


@pytest.mark.parametrize(
    ("at", "late"),
    [("2026-03-04T09:00", False), ("2026-03-04T09:01", True), ("2026-03-04T06:01-03:00", True)],
)
def test_the_hour_of_the_call_decides_whether_it_was_late(case, at, late):
    """SAV-1"""
    assert case.run("save", "done", "s1-call", "--at", at, "--as-of", "2026-03-05").code == 0
    out = case.run("save", "show", "s1", "--as-of", "2026-03-05").out
    assert ("LATE" in out.splitlines()[1]) == late


# --- the root cause --------------------------------------------------------------------------------


def test_the_whys_end_in_a_root_cause_that_switches_the_playbook_and_keeps_what_was_done(case):
    """SAV-2: five whys, and the cause decides the playbook."""
    case.run("save", "done", "s1-call")
    case.run("save", "done", "s1-usage")
    before = show(case)
    book = case.json("save", "why", "s1")
    assert book["schema"] == "renewctl/save-why/1"
    foreign = next(each for each in book["root_causes"] if each["scenario"] != "value")
    for number in range(4):
        assert case.run("save", "why", "s1", "--why", f"because {number}").code == 0
    case.fails(14, "whys-missing", "save", "why", "s1", "--root-cause", foreign["code"])
    told = case.fails(
        2, "scenario-undecided", "save", "why", "s1", "--why", "that", "--root-cause", foreign["code"]
    )
    assert f"--switch {foreign['scenario']}" in told
    words = ("--why", "that", "--root-cause", foreign["code"], "--switch", foreign["scenario"])
    assert case.run("save", "why", "s1", *words).code == 0
    after = show(case)
    assert (after["scenario"], after["state"]) == (foreign["scenario"], "diagnosed")
    assert after["respond_by"] == before["respond_by"]
    assert next(each["state"] for each in after["steps"] if each["step"] == "call") == "done"
    said = case.json("save", "why", "s1")
    assert [each["answer"] for each in said["whys"]] == [
        *(f"because {number}" for number in range(4)),
        "that",
    ]
    assert said["root_cause"]["code"] == foreign["code"]
    out = case.run("save", "show", "s1").out
    assert "Done under an earlier playbook and kept: usage" in out
    assert case.run("doctor").code == 0


def test_fewer_whys_are_enough_only_with_a_reason_and_words_of_ones_own_are_a_cause(case):
    """SAV-2"""
    case.run("save", "done", "s1-call")
    words = ("save", "why", "s1", "--root-cause", "Nobody told the new director")
    case.fails(14, "whys-missing", *words, "--enough", " ")
    assert case.run(*words, "--enough", "they said so themselves").code == 0
    found = case.json("save", "why", "s1")
    assert found["root_cause"] == {"code": "other", "text": "Nobody told the new director", "on": AS_OF}
    events = [(each.name, each.text) for each in case.values("save_event") if each.kind == "why"]
    assert events == [("enough", "they said so themselves")]


def test_the_playbook_may_stay_with_a_reason(case):
    case.run("save", "done", "s1-call")
    foreign = next(
        each for each in case.json("save", "why", "s1")["root_causes"] if each["scenario"] != "value"
    )
    words = ("save", "why", "s1", *WHYS, "--root-cause", foreign["code"], "--stay", "both are true")
    assert case.run(*words).code == 0
    assert (show(case)["scenario"], show(case)["state"]) == ("value", "diagnosed")


# --- findings, team, worth -------------------------------------------------------------------------


def test_an_answer_decides_which_steps_follow(case):
    """SAV-5: branches on findings."""
    fate = lambda: next(each["fate"] for each in show(case)["steps"] if each["step"] == "win-back-users")  # noqa: E731
    due = lambda: {each["item"] for each in case.json("due", "--days", "60")["items"]}  # noqa: E731
    assert (fate(), "s1-win-back-users" in due()) == ("undecided", False)
    assert case.run("save", "answer", "s1", "usage-falls=YES").code == 0
    assert (fate(), "s1-win-back-users" in due()) == ("active", True)
    assert case.run("save", "answer", "s1", "usage-falls=no").code == 0
    assert (fate(), "s1-win-back-users" in due()) == ("dropped", False)
    found = case.json("save", "answer", "s1")
    assert found["schema"] == "renewctl/save-questions/1"
    assert {each["question"]: each["answer"] for each in found["questions"]}["usage-falls"] == "no"


def test_a_role_given_to_a_person_for_this_case_moves_its_steps_and_the_hours_add_up(case):
    """SAV-8: save team with roles."""
    role = next(each["owner_role"] for each in show(case)["steps"] if each["owner_role"] != "csm")
    assert case.run("save", "team", "s1", f"{role}=paulo").code == 0
    steps = show(case)["steps"]
    assert {each["owner"] for each in steps if each["owner_role"] == role} == {"paulo"}
    found = case.json("save", "team", "s1")
    assert found["schema"] == "renewctl/save-team/1"
    active = [each for each in steps if each["fate"] == "active" and each["state"] == "open"]
    assert sum(each["open"] for each in found["team"]) == len(active) + 3  # and the check-ins
    assert sum(each["hours"] for each in found["team"]) == sum(each["effort_hours"] for each in active)
    assert "paulo" in case.run("save", "team", "s1").out


def test_the_sheet_is_shown_without_deciding_and_recorded_with_a_decision(case):
    """OPP-3"""
    words = (
        "save",
        "worth",
        "s1",
        "--hours",
        "10",
        "--chance",
        "12.5",
        "--concession",
        "1000.50",
        "--rate",
        "99.99",
    )
    before = case.facts()
    found = case.json(*words, "--years", "2")
    assert case.facts() == before
    assert (found["work"], found["cost"], found["expected"]) == (999.9, 2000.4, 30_000)
    assert (found["worth_it"], found["break_even_pct"]) == (True, pytest.approx(2000.4 / 2400))
    assert "Pays from" in case.run(*words).out
    assert case.run(*words, "--decide", "let-go", "--reason", "no budget").code == 0
    assert case.values("worth")[0].decision == "let_go"
    assert case.run("save", "close", "s1", "--result", "let_go").code == 0


# --- promises and service levels -------------------------------------------------------------------


def test_a_missed_promise_is_the_first_line_of_due_and_digest_and_of_the_stand_up(case):
    """SAV-9: one broken promise kills the save."""
    case.run("save", "start", "B2", "--scenario", "product", "--flagged", "2026-03-01")
    assert case.run(*PROMISE[:-1], "2026-03-04", "--to", "Joe").code == 0
    later = ("--as-of", "2026-03-05")
    assert case.json("due", *later)["items"][0]["item"] == "s1-p1"
    assert "MISSED PROMISE: a fix (Joe)" in case.run("due", *later).out.splitlines()[0]
    [first, _] = case.json("save", "standup", *later)["saves"]
    assert (first["save"], first["missed_promises"], first["next_promise"]["state"]) == ("s1", 1, "missed")
    assert case.json("save", "promise", "list", *later)["promises"][0]["state"] == "missed"
    digest = case.run("digest", *later)
    assert "a fix" in digest.out, digest


def test_a_promise_is_kept_from_due_with_what_shows_it_and_never_put_off(case):
    case.run(*PROMISE)
    case.fails(14, "promise-not-put-off", "snooze", "s1-p1", "--until", "2026-03-25")
    case.fails(14, "evidence-missing", "done", "s1-p1")
    assert case.run("done", "s1-p1", "--note", "release 4.2", "--as-of", "2026-03-22").code == 0
    [row] = case.json("save", "promise", "list", "--all")["promises"]
    assert (row["state"], row["evidence"]) == ("late", "release 4.2")
    said = case.run("save", "promise", "kept", "p1", "--evidence", "again")
    assert "nothing changed" in said.err


def test_a_promise_or_a_call_named_with_another_save_is_not_that_saves(case):
    """SAV-9: nothing is settled for a customer it was not given to."""
    case.run("save", "promise", "add", "s1", "the export works", "--due", "2026-03-20")
    case.run("save", "level", "add", "s1", "support", "We answer within four hours", "--hours", "4")
    case.run("save", "level", "log", "l1")
    other = next(each for each in case.json("list")["accounts"] if each["id"] != "A1")["id"]
    assert case.run("save", "start", other, "--scenario", "value").code == 0
    facts = case.facts()
    for command in (("done", "s2-p1", "--note", "it works"), ("skip", "s2-p1", "--reason", "they said so")):
        assert "s2 has no promise p1" in case.fails(13, "no-such-promise", *command)
    case.fails(13, "no-such-item", "done", "s2-answer1")
    assert case.facts() == facts
    assert case.run("done", "s1-answer1").code == 0


def test_a_fix_is_promised_as_a_chain_that_is_kept_in_its_order(case):
    """SAV-P: build, QA, beta about two weeks early, release."""
    assert case.run("save", "promise", "chain", "s1", "the export", "--release", "2026-04-30").code == 0
    rows = case.values("promise")
    days = [(each.text.partition(": ")[2], each.due_on.isoformat()) for each in rows]
    assert days == [
        ("build", "2026-04-02"),
        ("qa", "2026-04-09"),
        ("beta", "2026-04-16"),
        ("release", "2026-04-30"),
    ]
    assert [each.after_no for each in rows] == [None, 1, 2, 3]
    case.fails(14, "promise-order", "save", "promise", "kept", "p2", "--evidence", "x")
    for no in ("p1", "p2", "p3", "P4"):
        assert case.run("save", "promise", "kept", no, "--evidence", "seen").code == 0
    assert case.json("save", "promise", "list")["promises"] == []


def test_calls_on_a_service_level_are_owed_answered_and_counted(case):
    """SAV-R: compliance is counted from logged responses."""
    assert case.run(*LEVEL, "--hours", "4").code == 0
    case.run("save", "level", "add", "s1", "review", "a review a month", "--every", "30")
    case.fails(2, "level-is-rhythm", "save", "level", "log", "l2")
    log = ("save", "level", "log", "l1", "--asked", "2026-03-02T08:00")
    case.fails(2, "answered-first", *log, "--answered", "2026-03-02T07:59")
    for more in (("--answered", "2026-03-02T12:00"), ("--answered", "2026-03-02T12:01"), ()):
        assert case.run(*log, *more).code == 0
    assert case.json("due")["items"][0]["item"] == "s1-answer3"
    case.fails(14, "promise-not-put-off", "skip", "s1-answer3", "--reason", "no")
    found = case.json("save", "level", "list")
    assert found["schema"] == "renewctl/service-levels/1"
    first = found["levels"][0]
    assert [first[key] for key in ("asked", "held", "late", "open")] == [3, 1, 1, 1]
    assert case.run("save", "done", "s1-answer3", "--at", "2026-03-02T11:00").code == 0
    assert "nothing changed" in case.run("done", "s1-answer3").err
    assert [case.json("save", "level", "list")["levels"][0][key] for key in ("held", "late")] == [2, 1]
    case.fails(13, "no-such-item", "done", "s1-answer9")
    assert case.run("save", "level", "list", "s1").out.count("support") >= 1


# --- saved, and again ------------------------------------------------------------------------------


def test_from_the_flag_to_saved_to_relapse_a_case_keeps_its_history(case):
    """SAV-6, SAV-10"""
    along(case.run)
    assert show(case)["state"] == "stabilised"
    assert case.run("save", "close", "s1", "--result", "saved").code == 0
    case.fails(14, "relapse-out-of-time", "save", "reopen", "s1", "--reason", "x", "--as-of", "2026-09-03")
    told = case.run("save", "start", "A1", "--scenario", "value", "--as-of", "2026-04-20", "--dry-run")
    assert "renewctl save reopen s1" in told.err
    assert case.run("save", "reopen", "s1", "--reason", "angry again", "--as-of", "2026-04-20").code == 0
    found = show(case, "--as-of", "2026-04-20")
    assert (found["state"], found["flagged_on"], found["clock"]) == ("detected", "2026-04-20", "running")
    assert {each["state"] for each in found["steps"]} == {"open"}
    items = [each["item"] for each in case.json("due", "--days", "30", "--as-of", "2026-04-20")["items"]]
    assert "s1.2-call" in items
    assert not [each for each in items if each.startswith("s1-")]
    case.fails(13, "item-ended", "done", "s1.1-usage")
    assert case.run("done", "s1.2-call", "--as-of", "2026-04-20").code == 0
    events = [(each.round, each.name) for each in case.values("save_event") if each.kind == "state"]
    assert events[0] == (1, "contacted")
    assert events[-1] == (2, "contacted")
    assert len(case.values("item_state", "cycle = 1")) >= 3
    assert case.run("doctor").code == 0


def test_while_another_save_runs_a_kept_one_is_not_opened_again(case):
    along(case.run)
    case.run("save", "close", "s1", "--result", "saved")
    case.run("save", "start", "A1", "--scenario", "budget")
    case.fails(14, "save-open", "save", "reopen", "s1", "--reason", "x")


def test_what_is_kept_in_part_is_recorded_with_its_amount(case):
    along(case.run)
    case.fails(14, "kept-arr-missing", "save", "close", "s1", "--result", "partly_saved")
    assert case.run("save", "close", "s1", "--result", "partly-saved", "--arr", "60000").code == 0
    kept = [each.text for each in case.values("save_event") if each.name == "kept_arr"]
    assert kept == ["USD 60,000"]


def test_the_four_measures_are_shown_with_what_is_missing(case):
    """SAV-6"""
    found = case.json("save", "evidence", "s1")
    assert found["schema"] == "renewctl/save-evidence/1"
    assert [each["criterion"] for each in found["criteria"]] == [
        "commitment", "root_cause", "relationship", "promises",
    ]  # fmt: skip
    assert [each["shown"] for each in found["criteria"]] == [False, False, False, True]
    assert "renewctl save evidence s1 commitment" in case.run("save", "evidence", "s1").out


# --- the stand-up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 200])
def test_the_stand_up_fits_its_terminal_and_shows_what_is_in_the_way(case, columns, monkeypatch):
    """SAV-8"""
    monkeypatch.setattr("renewctl.views.save_standup.width", lambda: columns)
    case.run("save", "start", "B2", "--scenario", "product")
    case.run("save", "note", "s1", "--blocker", "no access " * 20, "--decision", "who pays for it? " * 20)
    case.run(*PROMISE[:-1], "2026-03-04")
    out = case.run("save", "standup").out.splitlines()
    assert max(map(len, out)) <= columns
    said = "\n".join(out)
    assert all(word in said for word in ("blocked: no access", "decide: who pays", "promise soon", "s1-call"))
    found = case.json("save", "standup")
    assert found["schema"] == "renewctl/standup/1"
    assert found["totals"]["saves"] == len(found["saves"]) == 2
    assert found["totals"]["decisions"] == 1


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_the_page_of_the_stand_up_lets_nothing_from_outside_do_harm(desk, lang):
    """SAV-8"""
    head = "id,name,arr,currency,renewal_date,csm\n"
    desk.import_(f'{head}X1,"{HOSTILE}",9000,USD,2026-08-01,"{HOSTILE}"\n')
    assert desk.run("save", "start", "X1", "--scenario", "value").code == 0
    desk.run("save", "note", "s1", "--blocker", HOSTILE, "--decision", HOSTILE)
    desk.run("save", "promise", "add", "s1", HOSTILE, "--due", "2026-03-03", "--to", HOSTILE)
    page = desk.run("save", "standup", "--format", "html", "--lang", lang, "-o", "-").out
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "{{7*7}}" in page
    assert "\x1b" not in page
    assert f'lang="{lang}"' in page
    assert ("romessa" in page) == (lang == "pt-BR")
    out = desk.run("save", "standup").out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_page_of_the_stand_up_that_would_replace_another_waits_for_a_yes(case, tmp_path):
    page = ("save", "standup", "--format", "html", "-o", str(tmp_path / "standup.html"))
    assert case.run(*page).code == 0
    before = (tmp_path / "standup.html").read_bytes()
    case.run("save", "note", "s1", "--blocker", "legal is slow")
    assert "--yes" in case.fails(2, "needs-yes", *page)
    case.run(*page, "--yes", "--dry-run")
    assert (tmp_path / "standup.html").read_bytes() == before
    assert case.run(*page, "--yes").code == 0
    assert b"legal is slow" in (tmp_path / "standup.html").read_bytes()


def test_with_no_save_running_the_stand_up_says_so(book):
    assert "No save runs" in book.run("save", "standup").out
    assert book.json("save", "standup")["saves"] == []
    assert "<html" in book.run("save", "standup", "--format", "html", "-o", "-").out


def test_every_document_of_a_save_names_its_schema(case):
    case.run(*PROMISE)
    case.run(*LEVEL, "--hours", "4")
    for words in (("why", "s1"), ("answer", "s1"), ("team", "s1"), ("evidence", "s1"), ("standup",),
                  ("promise", "list"), ("level", "list"), (*WORTH[1:], "40")):  # fmt: skip
        found = case.json("save", *words)
        assert re.fullmatch(r"renewctl/[a-z-]+/\d", found["schema"])
        assert json.dumps(found)


def test_a_save_worked_on_from_all_sides_leaves_a_sound_portfolio(case):
    along(case.run)
    for words in (
        ("promise", "chain", "s1", "the export", "--release", "2026-04-30"),
        ("why", "s1", "--switch", "champion_departure"), ("done", "s1-update-1"),
        ("level", "add", "s1", "review", "weekly", "--every", "7"), ("done", "s1-level1-1"),
        ("note", "s1", "--blocker", "x"), ("team", "s1", "csm=rui"),
    ):  # fmt: skip
        done = case.run("save", *words)
        assert done.code == 0, (words, done.err)
    checked = case.run("doctor")
    assert (checked.code, "is a step the policy does not have" in checked.out + checked.err) == (0, False)
    assert show(case)["state"] == "diagnosed"


def test_an_account_whose_id_reads_like_a_save_is_found_by_it(desk):
    desk.import_("id,name,arr,currency,renewal_date\ns7,Seven,9000,USD,2026-08-01\n")
    assert "Seven has no save" in desk.fails(13, "no-such-save", "save", "show", "s7")
    assert desk.run("save", "start", "s7", "--scenario", "value").code == 0
    assert desk.json("save", "show", "s7")["save"]["id"] == "s1"


def test_who_does_steps_on_a_save_approves_no_offers_by_that(case):
    """SAV-4: the ladder is the policy's; a case gives nobody its rights, and says so."""
    assert "who approves offers stands in [team]" in case.run("save", "team", "s1", "vp=eva").err
    assert "approves" not in case.run("save", "team", "s1", "engineering=eva").err


def test_a_save_tells_until_when_notice_can_be_given(book):
    """ANCHOR: where a contract renews by itself, the decision falls at its deadline."""
    book.run("set", "A1", "auto_renew=yes", "notice_days=60", "--reason", "their contract")
    assert book.run("save", "start", "A1", "--scenario", "value").code == 0
    told = book.json("save", "show", "s1")["save"]
    deadline = date.fromisoformat(told["renewal_date"]) - timedelta(days=60)
    assert told["opt_out_on"] == deadline.isoformat()
    left = (deadline - date.fromisoformat(AS_OF)).days
    assert f"Notice can be given until {deadline} (in {left} days)" in book.run("save", "show", "s1").out
    past = (deadline + timedelta(3)).isoformat()
    assert f"until {deadline}, 3 days ago" in book.run("save", "show", "s1", "--as-of", past).out
    book.run("set", "A1", "auto_renew=no", "--reason", "amended")
    assert book.json("save", "show", "s1")["save"]["opt_out_on"] is None


def test_broken_promises_of_a_customer_who_left_are_listed_only_when_asked_for(book):
    """SAV-9: what is owed comes first; what no longer is, with --all."""
    book.run("save", "start", "A1", "--scenario", "value")
    book.run("save", "promise", "add", "s1", "a call", "--due", AS_OF)
    book.run("save", "promise", "broken", "p1", "--evidence", "we forgot")
    listed = lambda *words: book.json("save", "promise", "list", *words)["promises"]  # noqa: E731
    assert len(listed()) == 1
    book.run("save", "close", "s1", "--result", "lost")
    assert (len(listed()), len(listed("--all"))) == (0, 1)


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("30000", "BRL 30,000 (USD 5,400)"),
        ("BRL 30000", "BRL 30,000 (USD 5,400)"),
        ("USD 5400", "USD 5,400"),
    ],
)
def test_what_is_kept_is_read_in_the_currency_of_the_contract(case, amount, kept):  # SAV-6, MONEY
    head = "id,name,arr,currency,renewal_date,csm\n"
    case.import_(f"{head}R1,Rio,60000,BRL,2026-06-30,ana\n", name="rio.csv")  # the shipped rate is 0.18
    assert case.run("save", "start", "R1", "--scenario", "value").code == 0
    along(case.run, save="s2")
    close = ("save", "close", "s2", "--result", "partly_saved", "--arr")
    for much in ("60000", "USD 10800", "BRL 60000"):
        case.fails(2, "arr-not-less", *close, much)
    assert case.run(*close, amount).code == 0
    assert [each.text for each in case.values("save_event") if each.name == "kept_arr"] == [kept]


def test_what_is_kept_in_a_currency_without_a_rate_is_not_compared_with_anything(case):  # MONEY
    along(case.run)
    close = ("save", "close", "s1", "--result", "partly_saved", "--arr", "CHF 5")
    case.fails(14, "no-rate", *close)
    assert [each for each in case.values("save_event") if each.name == "kept_arr"] == []
