"""`save start`, `list`, `show`, `done`, `close` on a real portfolio file."""

import json
import re
from datetime import UTC, date, timedelta

import pytest

from renewctl.cli.app import run
from renewctl.core import case_report
from renewctl.core.model import Account, Change, Contract, SaveCase
from renewctl.core.policy import SCENARIOS
from renewctl.core.text import fold
from renewctl.store.agenda import refresh
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import open_portfolio
from renewctl.store.saves import cases, load_files
from renewctl.views.save import lines
from tests.engines import place
from tests.saves import along

AS_OF = date(2026, 3, 10)
HOSTILE = "Evil \x1b[31m[/] {{7*7}}\u202e Ltd"


def account(no, name, **facts):
    blank = dict.fromkeys(Account._fields)
    given = {"no": no, "id": f"A{no}", "name": name, "search_name": fold(name), "currency": "USD"}
    return {**blank, **given, "strategic": 0, "champion_gone": 0, "recorded_on": AS_OF, **facts}


def contract(no, arr_minor, renewal_on):
    blank = dict.fromkeys(Contract._fields)
    known = {"no": no, "id": f"C{no}", "account_no": no, "arr_minor": arr_minor, "currency": "USD"}
    dates = {"renewal_on": renewal_on, "renewal_day": renewal_on.day, "planned_from_on": AS_OF}
    rest = {"stage": "planned", "state": "open", "implied": 1, "cycle": 1, "recorded_on": AS_OF}
    return {**blank, **known, **dates, **rest}


ACCOUNTS = [
    account(1, "Acme", csm="Ana Prado", executive_sponsor="Eli Stone"),
    account(2, "Brook & Co", csm="Bia Reis", cancel_notice_on=date(2026, 3, 5), competitor="Rival"),
    account(3, "Nobody's"),
    account(4, "Gone GmbH", status="Churned", csm="Ana Prado"),
    account(5, HOSTILE, csm=HOSTILE),
    account(6, "Bare", id="1", csm="Ana Prado"),
]
CONTRACTS = [
    contract(1, 12_000_000, date(2026, 6, 30)),
    contract(2, 2_000_000, date(2026, 5, 1)),
    contract(3, 300_000, date(2026, 5, 1)),
    contract(4, 300_000, date(2026, 5, 1)),
]


@pytest.fixture
def book(tmp_path, monkeypatch, engine):
    path = place(tmp_path / "p.db")
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(path))
    monkeypatch.setenv("RENEWCTL_AS_OF", AS_OF.isoformat())
    monkeypatch.setenv("RENEWCTL_USER", "eva")
    monkeypatch.delenv("RENEWCTL_POLICY", raising=False)
    policy = load_policy(None)
    with open_portfolio(str(path), create=True) as portfolio, portfolio.write("make", "eva", AS_OF) as op:
        op.apply(Change("account", (row["no"],), row["no"], None, row) for row in ACCOUNTS)
        op.apply(Change("contract", (row["no"],), row["account_no"], None, row) for row in CONTRACTS)
        refresh(portfolio, policy, AS_OF)
    return path


@pytest.fixture
def say(book, capfd):
    """Run a command: (exit code, stdout, stderr)."""

    def command(*words):
        code = run([str(word) for word in words])
        out, err = capfd.readouterr()
        return code, out, err

    return command


@pytest.fixture
def ask(say):
    """Run a command with --json: its document."""

    def command(*words):
        code, out, err = say(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return command


def rows(path, sql):
    with open_portfolio(str(path)) as portfolio:
        return portfolio.rows(sql)


def close_case(path, state="saved", on=AS_OF):
    with open_portfolio(str(path)) as portfolio, portfolio.write("close", "eva", AS_OF) as op:
        [case] = portfolio.values("save_case")
        now = {"state": state, "closed_on": on}
        op.apply([Change("save_case", (case.no,), case.account_no, {k: case._asdict()[k] for k in now}, now)])


# --- start -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_scenario_opens_a_case_with_clock_steps_owners_check_ins_and_success(ask, scenario):
    save = ask("save", "start", "Acme", "--scenario", scenario)["save"]
    assert (save["id"], save["account"], save["scenario"]) == ("s1", "A1", scenario)
    assert save["respond_by"] == "2026-03-12T09:00:00Z"
    assert save["target_by"] == "2026-03-11T09:00:00Z"  # enterprise
    assert len(save["steps"]) >= 12
    assert all(step["owner"] and step["owner_role"] and step["phase"] for step in save["steps"])
    assert [each["due_on"] for each in save["checkins"]] == ["2026-04-09", "2026-05-09", "2026-06-08"]
    assert [each["days"] for each in save["checkins"]] == [30, 60, 90]
    assert len(save["success"]) >= 8
    assert save["promises"] == []
    assert not save["benchmark"]["reported_by"].startswith("reported")
    assert (save["contract"], save["renewal_date"], save["arr_base"]) == ("C1", "2026-06-30", 120_000)


def test_days_count_from_the_date_flagged(ask):
    save = ask("save", "start", "Acme", "--scenario", "value", "--flagged", "2026-02-27")["save"]
    assert (save["flagged_on"], save["respond_by"]) == ("2026-02-27", "2026-03-01T09:00:00Z")
    assert (save["clock"], save["hours_left"]) == ("late", -9 * 24)
    call = next(step for step in save["steps"] if step["step"] == "call")
    assert (call["due_on"], call["due_at"]) == ("2026-02-28", "2026-02-28T09:00:00Z")


def test_an_hour_with_the_date_starts_the_clock_at_that_hour(ask):
    save = ask("save", "start", "Acme", "--scenario", "value", "--flagged", "2026-03-09T22:30-03:00")["save"]
    assert (save["flagged_on"], save["respond_by"]) == ("2026-03-10", "2026-03-12T01:30:00Z")


def test_the_policys_time_zone_decides_when_a_day_begins(ask, tmp_path):
    overlay = tmp_path / "mine.toml"
    overlay.write_text('[general]\ntime_zone = "America/New_York"\n')
    words = ("save", "start", "Acme", "--scenario", "value", "--flagged", "2026-03-07", "--policy", overlay)
    assert ask(*words)["save"]["respond_by"] == "2026-03-09T14:00:00Z"


def test_a_second_start_is_refused_naming_the_open_save_and_changes_nothing(say, book):
    assert say("save", "start", "Acme", "--scenario", "value")[0] == 0
    before = rows(book, "SELECT * FROM operation"), rows(book, "SELECT * FROM save_case")
    code, out, err = say("save", "start", "A1", "--scenario", "product")
    assert (code, out) == (14, "")
    assert err.startswith("error[save-open]")
    assert "s1" in err
    assert before == (rows(book, "SELECT * FROM operation"), rows(book, "SELECT * FROM save_case"))


def test_after_a_closed_save_a_new_one_may_start_with_a_word_of_warning(say, book):
    say("save", "start", "Acme", "--scenario", "value")
    close_case(book)
    code, _, err = say("save", "start", "Acme", "--scenario", "product")
    assert code == 0
    assert str(AS_OF + timedelta(30)) in err
    assert [no for (no,) in rows(book, "SELECT no FROM save_case")] == [1, 2]


@pytest.mark.parametrize("words", [(), ("--scenario", "prodct"), ("--scenario", "")])
def test_no_or_an_unknown_scenario_is_wrong_usage_and_names_all_six(say, book, words):
    code, out, err = say("save", "start", "Acme", *words)
    assert (code, out) == (2, "")
    assert all(scenario in err for scenario in SCENARIOS)
    assert ("did you mean: --scenario product" in err) == ("prodct" in words)
    assert rows(book, "SELECT * FROM save_case") == []


@pytest.mark.parametrize(
    ("words", "code", "kebab"),
    [
        (("Nowhere", "--scenario", "value"), 13, "no-such-account"),
        (("Gone GmbH", "--scenario", "value"), 14, "account-not-in-force"),
        (("Acme", "--scenario", "value", "--flagged", "2026-03-11"), 2, "flagged-in-the-future"),
        (("Acme", "--scenario", "value", "--flagged", "11/03/2026"), 2, "bad-date"),
        (("Acme", "--scenario", "value", "--flagged", "2026-03-10T25:00"), 2, "bad-date"),
        (("Acme", "--scenario", "value", "--flagged", "0001-01-01"), 2, "bad-date"),
        (("Acme", "--scenario", "value", "--flagged", "0001-01-01T00:00+14:00"), 2, "bad-date"),
    ],
)
def test_what_cannot_be_opened_says_why_in_one_line_and_opens_nothing(say, book, words, code, kebab):
    got, out, err = say("save", "start", *words)
    assert (got, out) == (code, "")
    assert err.startswith(f"error[{kebab}]")
    assert rows(book, "SELECT * FROM save_case") == []


def test_the_dry_run_shows_the_case_and_writes_nothing(ask, book):
    assert ask("save", "start", "Acme", "--scenario", "value", "--dry-run")["save"]["id"] == "s1"
    assert rows(book, "SELECT * FROM save_case") == []
    assert motion(ask) != "at_risk"


def motion(ask):
    """The opportunity type of Acme's renewal."""
    return next(each["opportunity"] for each in ask("list")["accounts"] if each["id"] == "A1")


def test_opening_a_save_makes_the_renewal_at_risk_and_is_in_the_log(say, ask, book):
    say("save", "start", "Acme", "--scenario", "value", "--reason", "not worth it")
    assert motion(ask) == "at_risk"
    [(entity, before, after)] = rows(book, "SELECT entity, before, after FROM change WHERE op = 2")
    assert (entity, before) == ("save_case", None)
    assert dict(zip(SaveCase._fields, json.loads(after), strict=True))["reason"] == "not worth it"
    [(actor, command)] = rows(book, "SELECT actor, command FROM operation WHERE seq = 2")
    assert (actor, command) == ("eva", "save start A1")


def test_an_account_without_contract_can_be_saved_and_says_that_its_renewal_is_unknown(ask, say):
    save = ask("save", "start", "Bare", "--scenario", "product")["save"]
    assert (save["contract"], save["renewal_date"], save["arr_base"]) == (None, None, None)
    lines = [each for each in ask("due", "--days", "100")["items"] if each["item"].startswith("s1-")]
    asked = [each for each in save["steps"] if each["fate"] == "active"]
    updates = [each for each in lines if each["item"].startswith("s1-update-")]
    assert len(lines) == len(asked) + 3 + len(updates) > 10
    assert len(updates) == 1  # SAV-9: the next one
    assert {each["renewal_date"] for each in lines} == {None}
    assert say("save", "show", "s1")[0] == 0


def test_without_csm_whoever_opens_the_case_holds_it_and_is_told_so(say, book):
    _, _, err = say("save", "start", "A3", "--scenario", "budget")
    assert "eva coordinates" in err
    assert "below USD 5,000" in err
    assert rows(book, "SELECT owner FROM save_case") == [("eva",)]


def test_an_older_cancellation_notice_is_pointed_out(say):
    _, _, err = say("save", "start", "A2", "--scenario", "competitive")
    assert "--flagged 2026-03-05" in err
    _, _, err = say("save", "start", "A1", "--scenario", "competitive", "--flagged", "2026-03-05")
    assert "--flagged" not in err


# --- the agenda ------------------------------------------------------------------------------------


def test_the_steps_of_a_save_are_in_due_with_the_same_days_and_owners_and_its_clock_comes_first(ask):
    save = ask("save", "start", "Acme", "--scenario", "product")["save"]
    items = ask("due", "--days", "90")["items"]
    assert items[0]["item"] == "s1-call"
    shown = {each["item"]: (each["due_on"], each["owner"], each["kind"]) for each in items}
    asked = [step for step in save["steps"] if step["fate"] == "active"]
    for step in [*asked, *save["checkins"]]:
        assert shown[step["item"]] == (step["due_on"], step["owner"], "save")


# --- done ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [("s1-call",), ("S1-CALL",), ("1-call",), ("1", "call"), ("1 call",), ("s1-cal",)]
)
def test_a_step_is_done_by_any_of_its_names(say, book, words):
    say("save", "start", "Acme", "--scenario", "product")
    assert say("save", "done", *words, "--hours", "1.5", "--note", "spoke")[0] == 0
    found = rows(book, "SELECT subject, cycle, step, state, minutes, reason, actor FROM item_state")
    assert found == [("s1", 1, "call", "done", 90, "spoke", "eva")]


@pytest.mark.parametrize("group", [("save", "done"), ("done",)])
def test_doing_a_step_twice_is_harmless_and_says_so(say, book, group):
    say("save", "start", "Acme", "--scenario", "product")
    assert say("save", "done", "s1-call", "--note", "first")[0] == 0
    before = rows(book, "SELECT * FROM item_state"), rows(book, "SELECT * FROM change")
    code, out, err = say(*group, "s1-call", "--note", "second")
    assert code == 0
    assert "already done" in out + err
    assert before == (rows(book, "SELECT * FROM item_state"), rows(book, "SELECT * FROM change"))


def test_a_done_step_leaves_the_agenda_and_stops_the_clock(say, ask):
    say("save", "start", "Acme", "--scenario", "product")
    say("done", "s1-call")
    assert "s1-call" not in {each["item"] for each in ask("due", "--days", "90")["items"]}
    save = ask("save", "show", "s1", "--as-of", "2026-03-20")["save"]
    assert (save["clock"], save["answered_on"]) == ("answered", "2026-03-10")
    assert next(step["state"] for step in save["steps"] if step["step"] == "call") == "done"


@pytest.mark.parametrize(
    ("item", "kebab"),
    [
        ("s1-nonsense", "no-such-item"),
        ("s9-call", "no-such-save"),
        ("s1", "no-such-item"),
        ("s1-co", "ambiguous-item"),
        ("what is this", "no-such-item"),
    ],
)
def test_a_step_that_is_none_or_several_is_not_found(say, book, item, kebab):
    say("save", "start", "Acme", "--scenario", "product")
    code, out, err = say("save", "done", item)
    assert (code, out) == (13, "")
    assert err.startswith(f"error[{kebab}]")
    assert rows(book, "SELECT * FROM item_state") == []


# --- show and list ---------------------------------------------------------------------------------


@pytest.mark.parametrize("save", ["s1", "S1", "A2", "brook"])
def test_a_save_is_shown_by_its_number_or_its_account(say, ask, save):
    say("save", "start", "A2", "--scenario", "value")
    assert ask("save", "show", save)["save"]["account"] == "A2"


def test_a_number_that_is_a_save_and_another_accounts_id_is_never_guessed(say, ask):
    say("save", "start", "A2", "--scenario", "value")
    code, _, err = say("save", "show", "1")  # save s1, and account 1 is Bare
    assert (code, "ambiguous-save" in err) == (13, True)
    say("save", "start", "Bare", "--scenario", "value")
    assert ask("save", "show", "2")["save"]["account"] == "1"


def test_show_prefers_the_open_save_of_an_account_to_a_closed_one(say, ask, book):
    say("save", "start", "A2", "--scenario", "value")
    close_case(book)
    assert ask("save", "show", "A2")["save"]["state"] == "saved"
    say("save", "start", "A2", "--scenario", "product")
    assert ask("save", "show", "A2")["save"]["id"] == "s2"


@pytest.mark.parametrize(
    ("save", "kebab"), [("s7", "no-such-save"), ("A1", "no-such-save"), ("zzz", "no-such-account")]
)
def test_what_has_no_save_is_not_found(say, save, kebab):
    code, out, err = say("save", "show", save)
    assert (code, out) == (13, "")
    assert err.startswith(f"error[{kebab}]")


def test_the_list_is_headed_by_the_clock_that_ends_first_and_answered_ones_follow(say, ask):
    say("save", "start", "A1", "--scenario", "value", "--flagged", "2026-03-01")
    say("save", "start", "A2", "--scenario", "value")
    say("save", "start", "A3", "--scenario", "value", "--flagged", "2026-03-04")
    say("done", "s1-call")
    found = ask("save", "list")
    assert [each["id"] for each in found["saves"]] == ["s3", "s2", "s1"]
    assert [each["clock"] for each in found["saves"]] == ["late", "running", "answered"]
    assert found["totals"] == {"saves": 3, "open": 3, "late": 1, "arr_base": 143_000, "currency": "USD"}
    assert [each["id"] for each in ask("save", "list", "--owner", "Bia Reis")["saves"]] == ["s2"]


def test_closed_saves_are_listed_when_asked_for(say, ask, book):
    say("save", "start", "A2", "--scenario", "value")
    close_case(book, "lost")
    assert ask("save", "list")["saves"] == []
    assert [each["state"] for each in ask("save", "list", "--all")["saves"]] == ["lost"]


def test_the_text_begins_with_the_clock_and_labels_the_benchmark_with_who_reported_it(say):
    _, out, _ = say("save", "start", "Acme", "--scenario", "product", "--reason", "too many bugs")
    lines = out.splitlines()
    assert lines[0].startswith("s1  Acme")
    assert lines[1] == "Respond by 2026-03-12 09:00 UTC: 48 h left at 2026-03-10 09:00"
    assert any(line.startswith("Benchmark, reported by Atlassian: ") for line in lines)
    assert "too many bugs" in out
    assert {"s1-call", "s1-root-cause", "s1-follow-up"} <= set(re.findall(r"s1-[\w-]+", out))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("days", [0, 9, 40])
def test_on_a_terminal_of_80_columns_a_save_is_no_wider_and_fits_a_screen(say, book, scenario, days):
    say("save", "start", "Acme", "--scenario", scenario, "--reason", "it is too hard to say " * 3)
    policy, seen_on = load_policy(None), AS_OF + timedelta(days)
    with open_portfolio(str(book)) as portfolio:
        [case_file] = load_files(portfolio, policy, seen_on, cases(portfolio))
    report = case_report.Report(case_file, policy, UTC, seen_on)
    shown = lines(report, 80, folded=True)
    assert max(map(len, shown)) <= 80
    assert len(shown) <= (58 if days == 0 else 80)  # a neglected case has more that is late
    every = "\n".join(lines(report, 80, folded=False))
    assert all(f"s1-{step.step} " in every for step in report.steps if step.fate != "dropped")


def test_text_from_outside_comes_out_harmless(say):
    for words in (("start", "A5", "--scenario", "value", "--reason", HOSTILE), ("list",), ("show", "A5")):
        code, out, err = say("save", *words)
        assert code == 0
        assert "\x1b" not in out + err
        assert "\u202e" not in out + err
        assert "[/] {{7*7}}" in out


# --- close -----------------------------------------------------------------------------------------


def owed(ask, *more):
    """(item, due_on) of the lines of saves in the agenda."""
    items = ask("due", "--days", "400", *more)["items"]
    return [(each["item"], each["due_on"]) for each in items if each["item"].startswith("s")]


@pytest.mark.parametrize("result", ["saved", "partly_saved"])
def test_a_kept_customer_is_owed_the_check_ins_and_the_recovery_from_the_closing_day(say, ask, result):
    """SAV-10: everything counts from the day the account was saved; the plan's own steps are over."""
    say("save", "start", "Acme", "--scenario", "value")
    along(say)
    part = ("--arr", "80000") if result == "partly_saved" else ()
    code, out, err = say("save", "close", "s1", "--result", result, *part, "--as-of", "2026-03-20")
    assert (code, out) == (0, "")
    assert f"closed as {result} on 2026-03-20" in err
    saved_on = date(2026, 3, 20)
    days = {f"s1-checkin-{days}": saved_on + timedelta(days) for days in (30, 60, 90)}
    days |= {"s1-touch-1": saved_on + timedelta(7), "s1-report-1": saved_on + timedelta(30)}
    days |= {"s1-attention-4": date(2026, 7, 20)}
    assert dict(owed(ask)) == {item: on.isoformat() for item, on in days.items()}
    save = ask("save", "show", "s1")["save"]
    assert (save["state"], save["closed_on"]) == (result, "2026-03-20")
    assert {each["provisional"] for each in save["checkins"]} == {False}


@pytest.mark.parametrize("result", ["lost", "let_go"])
def test_of_a_customer_not_kept_nothing_stays_in_due(say, ask, result):
    say("save", "start", "Acme", "--scenario", "value")
    assert owed(ask)
    if result == "let_go":
        worth = (
            "--hours",
            "40",
            "--chance",
            "5",
            "--decide",
            "let_go",
            "--reason",
            "costs more than it keeps",
        )
        assert say("save", "worth", "s1", *worth)[0] == 0
    assert say("save", "close", "Acme", "--result", result.replace("_", "-"))[0] == 0
    assert owed(ask) == []
    [listed] = ask("save", "list", "--all")["saves"]
    assert (listed["state"], listed["next"], listed["steps_open"]) == (result, None, 0)


def test_a_closed_save_no_longer_makes_its_renewal_at_risk_and_leaves_room_for_another(say, ask, book):
    say("save", "start", "Acme", "--scenario", "value")
    assert motion(ask) == "at_risk"
    along(say)
    closed = ask("save", "close", "Acme", "--result", "saved", "--note", "signed two years")
    assert (closed["save"]["state"], closed["changed"]) == ("saved", True)
    assert motion(ask) != "at_risk"
    assert rows(book, "SELECT kind, text FROM activity") == [("note", "signed two years")]
    assert say("save", "start", "Acme", "--scenario", "value")[0] == 0


def test_closing_a_save_twice_changes_nothing_and_another_result_is_refused(say, ask, book):
    say("save", "start", "Acme", "--scenario", "value")
    along(say)
    say("save", "close", "s1", "--result", "saved")
    before = rows(book, "SELECT * FROM change")
    code, _, err = say("save", "close", "s1", "--result", "saved", "--as-of", "2026-04-01", "--note", "again")
    assert (code, "nothing changed" in err) == (0, True)
    assert ask("save", "close", "s1", "--result", "saved")["changed"] is False
    code, _, err = say("save", "close", "s1", "--result", "lost")
    assert (code, err.startswith("error[save-closed]")) == (14, True)
    assert rows(book, "SELECT * FROM change") == before


def test_what_closes_no_save_says_why(say, ask):
    assert say("save", "close", "Acme", "--result", "saved")[0] == 13
    say("save", "start", "Acme", "--scenario", "value")
    for words in (("--result", "won"), ("--result", ""), ()):
        assert say("save", "close", "Acme", *words)[0] == 2
    assert say("save", "close", "s9", "--result", "saved")[0] == 13
    assert say("save", "close", "s1", "--result", "saved", "--as-of", "2026-03-01")[0] == 14
    assert say("save", "close", "s1", "--result", "saved")[0] == 14
    assert ask("save", "close", "s1", "--result", "lost", "--dry-run")["changed"] is False
    assert ask("save", "list")["saves"][0]["state"] == "detected"


def test_losing_the_last_contract_closes_the_open_save_as_lost(say, ask):
    say("save", "start", "Acme", "--scenario", "value")
    _, _, err = say("lost", "Acme", "--reason", "price")
    assert "save s1 closed as lost" in err
    assert ask("save", "list", "--all")["saves"][0]["state"] == "lost"
    assert owed(ask) == []


def test_a_win_leaves_the_save_open_and_says_how_to_close_it(say, ask):
    say("save", "start", "Acme", "--scenario", "value")
    _, _, err = say("won", "Acme", "--arr", "120000")
    assert "save s1 of Acme is still open; the signature is on it as commitment" in err
    assert "renewctl save evidence s1" in err
    shown = {each["criterion"]: each["shown"] for each in ask("save", "evidence", "s1")["criteria"]}
    assert shown == {"commitment": True, "root_cause": False, "relationship": False, "promises": True}
    assert ask("save", "list")["saves"][0]["state"] == "detected"
    along(say)
    say("save", "close", "s1", "--result", "saved")
    assert "still open" not in say("won", "Acme", "--arr", "120000", "--yes", "--as-of", "2026-03-11")[2]


def test_the_time_a_step_took_is_exact_to_the_minute(say, book):
    say("save", "start", "Acme", "--scenario", "value")
    say("done", "s1-call", "--hours", "1.025")  # 61.5 minutes: half to even
    say("save", "done", "s1-alert", "--hours", "0,5")
    assert rows(book, "SELECT minutes FROM item_state ORDER BY step") == [(30,), (62,)]
    for wrong in ("-1", "much", "nan", "1e9"):
        assert say("done", "s1-usage", "--hours", wrong)[0] == 2


def test_the_first_contact_is_not_put_off_past_the_clock_and_other_steps_are(say, ask, book):
    ask("save", "start", "Acme", "--scenario", "product")
    before = rows(book, "SELECT COUNT(*) FROM item_state")
    code, _, said = say("snooze", "s1-call", "--until", "2026-03-13")
    assert code == 14
    assert said.startswith("error[snooze-past-clock]: ")
    assert "2026-03-12 09:00 UTC" in said
    assert "renewctl snooze s1-call --until 2026-03-12" in said
    assert rows(book, "SELECT COUNT(*) FROM item_state") == before
    assert say("snooze", "s1-call", "--until", "2026-03-12")[0] == 0
    assert say("snooze", "s1-plan", "--until", "2026-03-20")[0] == 0
    code, _, said = say("snooze", "s1-call", "--until", "2026-03-14", "--as-of", "2026-03-13")
    assert (code, "renewctl done s1-call" in said) == (14, True)
