"""`draft`, `calendar`, `digest`, `timeline` at the command line: files, refusals, exit codes, JSON."""

import json
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import icalendar
import pytest

from renewctl.errors import PortfolioError
from renewctl.views.calendar import LARGEST
from renewctl.views.mail import STRICT
from tests.desk import Desk, desk  # noqa: F401  (a fixture)
from tests.store.test_webhook import say, server

# On 2 March 2026 the notice of Acme is due in a week (60 days before 8 May) and that of Beta in two days.
BOOK = """id,name,country,arr,currency,renewal_date,term_months,notice_days,auto_renew,csm,champion,usage
A1,Acme Ltd,US,120000,USD,2026-05-08,12,,no,Ana,Joe,5
B2,Beta Ltda,BR,120000,BRL,2026-05-03,12,,,Ana,,5
C3,Gamma,US,2000,USD,2026-07-01,12,30,yes,Rui,,5
D4,Delta,US,60000,USD,,12,,,Ana,,5
"""
PEOPLE = """account_id,name,email,role
A1,Maria Lima,maria@example.com,champion
A1,Otto,otto@example.com,economic buyer
A1,Lea,lea at example,legal procurement
B2,João Dias,joao@example.com,champion
"""
POLICY = """[people."Ana"]
email = "ana@ours.example"
[digest]
lines = 8
"""


@pytest.fixture
def book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:  # noqa: F811
    """Three renewals: enterprise, mid-market in Brazil, and a small one that renews tacitly."""
    monkeypatch.setenv("RENEWCTL_AS_OF", "2025-12-01")
    desk.import_(BOOK)
    desk.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    monkeypatch.setenv("RENEWCTL_AS_OF", "2026-03-02")
    work = desk.folder / "work"
    work.mkdir()
    (desk.folder / "policy.toml").write_text(POLICY)
    monkeypatch.chdir(work)
    return desk


def files() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def mail(name: str | Path) -> Any:
    return BytesParser(policy=STRICT).parsebytes(Path(name).read_bytes())


def events(name: str = "renewals.ics") -> dict[str, tuple[int, str]]:
    """Item -> (sequence, status), as an independent parser reads the file."""
    found = icalendar.Calendar.from_ical(Path(name).read_bytes()).walk("VEVENT")
    told = {
        str(each["UID"]).partition("@")[0]: (int(each["SEQUENCE"]), str(each["STATUS"])) for each in found
    }
    assert len(told) == len(found), "a name twice"
    return told


# --- draft -----------------------------------------------------------------------------------------------


def test_a_mail_is_written_to_the_people_of_the_step_and_noted_once(book: Desk) -> None:
    """STK-1, REM-60."""
    done = book.run("draft", "1-notice", "--policy", str(book.folder / "policy.toml"))
    assert done.code == 0, done.err
    assert files() == ["1-notice-acme-ltd-2026-03-02.eml"]
    assert done.out == (
        "1-notice  Acme Ltd, due 2026-03-09, to Maria Lima, Otto\n"
        "  Notice of your renewal on May 8, 2026\n"
        "  1-notice-acme-ltd-2026-03-02.eml\n"
    )
    assert done.err == (
        "warning: 1-notice: not addressed: the decision maker: nobody is known; "
        "Lea (legal or procurement): no usable e-mail address\n"
    )
    message = mail("1-notice-acme-ltd-2026-03-02.eml")
    assert message["From"] == "Ana <ana@ours.example>"
    assert message["To"] == "Maria Lima <maria@example.com>, Otto <otto@example.com>"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    [noted] = book.values("activity", "kind = 'draft'")
    assert (noted.account_no, noted.contract_no, noted.text, noted.actor) == (1, 1, "mail-notice", "ana")
    before = book.facts()
    assert book.run("draft", "1-notice", "--policy", str(book.folder / "policy.toml")).code == 0
    assert book.facts() == before, "the same mail again is no second one"


def test_the_language_is_that_of_the_country_or_the_one_asked_for(book: Desk) -> None:
    """STK-1."""
    assert book.run("draft", "2-notice", "-o", "a.eml").code == 0
    assert mail("a.eml")["Subject"] == "Aviso de renovação do seu contrato em 3 de maio de 2026"
    assert book.run("draft", "2-notice", "-o", "b.eml", "--lang", "EN").code == 0
    assert mail("b.eml")["Content-Language"] == "en"
    book.fails(2, "unknown-language", "draft", "2-notice", "--lang", "xx")


def test_the_hour_of_a_mail_and_of_a_calendar_is_that_of_the_policys_time_zone(book: Desk) -> None:
    """DEFAULTS: a bare date counts from 09:00 in the policy's time zone; São Paulo is three hours behind."""
    (book.folder / "zone.toml").write_text('[general]\ntime_zone = "America/Sao_Paulo"\n')
    zone = ("--policy", str(book.folder / "zone.toml"))
    assert book.run("draft", "1-notice", "-o", "x.eml", *zone).code == 0
    assert mail("x.eml")["Date"] == "Mon, 02 Mar 2026 09:00:00 -0300"
    assert book.run("calendar", *zone).code == 0
    assert b"DTSTAMP:20260302T120000Z" in Path("renewals.ics").read_bytes()


def test_the_json_of_a_draft_says_who_is_missing(book: Desk) -> None:
    """STK-1."""
    told = book.json("draft", "1-notice", "-o", "out")
    assert told["schema"] == "renewctl/draft/1"
    assert told["written"] is True
    [made] = told["drafts"]
    assert (made["item"], made["template"], made["lang"], made["from"]) == (
        "1-notice",
        "mail-notice",
        "en",
        None,
    )
    assert [each["email"] for each in made["to"]] == ["maria@example.com", "otto@example.com"]
    assert [(each["role"], each["name"]) for each in made["missing"]] == [
        ("decision_maker", None), ("legal_procurement", "Lea"),
    ]  # fmt: skip
    assert Path(made["file"]).is_file()


def test_nobody_known_is_a_mail_without_addressees_and_a_warning(book: Desk) -> None:
    """STK-1: exit 0, and the mail is still written."""
    done = book.run("draft", "3-reminder", "-o", "x.eml", "--as-of", "2026-04-02")
    assert done.code == 0, done.err
    assert "to nobody yet" in done.out
    assert done.err == (
        "warning: 3-reminder: not addressed: the champion, the economic buyer, the user: nobody is known\n"
    )
    assert mail("x.eml")["To"] is None


def test_recurring_work_is_drafted_too(book: Desk) -> None:
    """VAL."""
    items = book.json("due", "--days", "60", "--as-of", "2025-12-01")["items"]
    value = next(each["item"] for each in items if each["item"].startswith("a1-value-mail"))
    done = book.run("draft", value, "-o", "v.eml", "--as-of", "2025-12-01")
    assert done.code == 0, done.err
    assert "no value metrics are recorded, so it shows no figures" in done.err
    assert mail("v.eml")["Subject"] == "Your results with us: what should we measure?"


def test_internal_steps_calls_and_saves_send_no_mail(book: Desk) -> None:
    """REM-90: exit 14 with a clear line."""
    assert "internal" in book.fails(14, "no-mail", "draft", "1-tasks")
    assert "in person" in book.fails(14, "no-mail", "draft", "3-check-in", "--as-of", "2026-05-20")
    assert "internal" in book.fails(14, "no-mail", "draft", "3-opt-out", "--as-of", "2026-05-20")
    assert "renewctl proposal" in book.fails(14, "no-mail", "draft", "1-build-proposal")
    assert book.run("save", "start", "A1", "--scenario", "product").code == 0
    assert "save show s1" in book.fails(14, "no-mail", "draft", "s1-call")
    book.fails(13, "no-such-item", "draft", "99-notice")
    book.fails(2, "item-or-all", "draft")
    book.fails(2, "item-or-all", "draft", "1-notice", "--all")
    assert files() == []


def test_a_step_that_is_done_can_be_drafted_again_and_a_renewal_that_is_lost_cannot(book: Desk) -> None:
    """REM-60."""
    assert book.run("done", "1-notice").code == 0
    done = book.run("draft", "1-notice", "-o", "x.eml")
    assert done.code == 0, done.err
    assert "warning: 1-notice was done on 2026-03-02" in done.err
    assert ", to Maria Lima" in done.out
    assert book.run("stage", "B2", "notified").code == 0
    shown = book.run("draft", "2-notice", "-o", "y.eml")
    assert shown.code == 0, shown.err
    assert "warning: 2-notice is closed already: stage:notified shows it" in shown.err
    assert book.run("lost", "A1", "--reason", "price", "--yes").code == 0
    assert "closed" in book.fails(14, "no-mail", "draft", "1-notice")


def test_thanks_go_out_after_a_signature(book: Desk) -> None:
    """TML: celebrate and thank, of the cycle that was won."""
    assert book.run("won", "A1", "--arr", "130000", "--yes").code == 0
    thank = next(each["item"] for each in book.json("due", "--days", "5")["items"] if "thank" in each["item"])
    done = book.run("draft", thank, "-o", "t.eml")
    assert done.code == 0, done.err
    assert mail("t.eml")["Subject"] == "Thank you for renewing"
    assert "May 8, 2027" in mail("t.eml").get_body(("plain",)).get_content()


def test_a_late_start_is_drafted_step_by_step(book: Desk) -> None:
    """TML-1: a catch-up sends no mail of its own and names those it covers."""
    book.import_("id,name,arr,currency,renewal_date,csm\nE5,Late,50000,USD,2026-03-30,Ana\n", name="late.csv")
    said = book.fails(14, "no-mail", "draft", "5-catch-up")
    assert "5-notice" in said
    assert book.run("draft", "5-notice", "-o", "n.eml").code == 0
    told = book.json("draft", "--all", "--days", "3", "-o", "all")
    assert any(each["item"] == "5-catch-up" and each["code"] == "catch-up" for each in told["left_out"])


def test_every_mail_of_the_window_is_written_one_file_each(book: Desk) -> None:
    """REM-X."""
    told = book.json("draft", "--all", "--days", "14", "-o", "mails")
    due = book.json("due", "--days", "14", "--channel", "customer")["items"]
    assert [each["item"] for each in told["drafts"]] == [
        each["item"] for each in due if each["step"] != "check-in"
    ]
    assert len(told["drafts"]) >= 6
    assert len({each["file"] for each in told["drafts"]}) == len(told["drafts"])
    for each in told["drafts"]:
        assert mail(each["file"])["Subject"] == each["subject"]
    assert len(book.values("activity", "kind = 'draft'")) == len(told["drafts"])
    mine = book.json("draft", "--all", "--days", "14", "--owner", "rui", "-o", "rui")
    assert [each["item"] for each in mine["drafts"]] == ["a3-value-mail-2026q1"]
    assert book.run("done", "a3-value-mail-2026q1").code == 0
    done = book.run("draft", "--all", "--days", "0", "--owner", "Rui")
    assert (done.code, done.out) == (0, "")
    assert "nothing for a customer is due" in done.err


def test_what_sends_no_mail_is_left_out_and_named(book: Desk) -> None:
    """REM-X."""
    done = book.run("draft", "--all", "--days", "20", "--as-of", "2026-05-14", "--owner", "Rui", "-o", "x")
    assert done.code == 0, done.err
    assert "left out: 3-check-in: 3-check-in sends no mail" in done.err


def test_a_dry_run_writes_and_notes_nothing(book: Desk) -> None:
    """REM-X."""
    before = book.facts()
    done = book.run("draft", "1-notice", "--dry-run")
    assert (done.code, files()) == (0, [])
    assert "dry run: nothing was written" in done.err
    assert book.facts() == before


def test_to_stdout_goes_the_mail_and_nothing_else_and_nothing_is_noted(book: Desk) -> None:
    """REM-X."""
    before = book.facts()
    out = book.run("draft", "1-notice", "-o", "-").out.encode()
    message = BytesParser(policy=STRICT).parsebytes(out)
    assert message.as_bytes() == out
    assert book.facts() == before
    book.fails(2, "one-to-stdout", "draft", "1-notice", "-o", "-", "--json")
    book.fails(2, "one-to-stdout", "draft", "--all", "-o", "-")


def test_another_text_is_not_overwritten_unasked(book: Desk) -> None:
    """REM-X."""
    Path("x.eml").write_text("mine")
    book.fails(2, "needs-yes", "draft", "1-notice", "-o", "x.eml")
    assert Path("x.eml").read_text() == "mine"
    assert book.values("activity", "kind = 'draft'") == []
    assert book.run("draft", "1-notice", "-o", "x.eml", "--yes").code == 0
    Path("l.eml").symlink_to("x.eml")
    book.fails(10, "symbolic-link", "draft", "1-notice", "-o", "l.eml", "--lang", "pt-BR")
    book.fails(2, "one-file", "draft", "--all", "-o", "x.eml")
    book.fails(15, "templates-missing", "draft", "1-notice", "--templates", "nowhere")


def test_a_mail_stands_where_it_cannot_be_noted_and_that_is_said(
    book: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REM-X."""

    def locked(*_: object) -> None:
        raise PortfolioError("portfolio-locked", "somebody else is writing", "try again")

    monkeypatch.setattr("renewctl.cli.draft._record", locked)
    done = book.run("draft", "2-notice", "-o", "x.eml")
    assert done.code == 0
    assert "not noted in the portfolio: somebody else is writing" in done.err
    assert mail("x.eml")["To"] == "João Dias <joao@example.com>"


# --- calendar --------------------------------------------------------------------------------------------


def test_a_calendar_holds_what_is_due_and_says_the_same_again(book: Desk) -> None:
    """DSH."""
    done = book.run("calendar", "--days", "30")
    assert done.code == 0, done.err
    due = {each["item"] for each in book.json("due", "--days", "30")["items"]}
    assert set(events()) == due
    assert done.out == f"renewals.ics: {len(due)} new\n"
    data = Path("renewals.ics").read_bytes()
    assert book.run("calendar", "--days", "30").out == f"renewals.ics: {len(due)} unchanged\n"
    assert book.run("calendar", "--days", "30", "--as-of", "2026-03-03").code == 0
    # Value mails that were missed become one item with the day, so theirs may change.
    kept = {name: told for name, told in events().items() if name in due and not name.startswith("a")}
    assert set(kept.values()) == {(0, "CONFIRMED")}
    assert Path("renewals.ics").stat().st_mode & 0o777 == 0o600
    assert data.count(b"BEGIN:VEVENT") == len(due)


def test_what_is_done_skipped_or_lost_is_cancelled_and_what_is_put_off_moves(book: Desk) -> None:
    """DSH: updates and cancellations, never a duplicate."""
    assert book.run("calendar", "--days", "60", "--owner", "Ana").code == 0
    for words in (
        ("done", "1-notice"), ("skip", "1-tasks", "--reason", "no need"),
        ("snooze", "1-value-review", "--until", "2026-03-20"),
        ("lost", "B2", "--reason", "price", "--yes"),
    ):  # fmt: skip
        before = events()
        assert book.run(*words).code == 0, words
        assert book.run("calendar", "--days", "60", "--owner", "Ana").code == 0
        assert set(events()) == set(before)
    now = events()
    assert now["1-notice"] == now["1-tasks"] == (1, "CANCELLED")
    assert now["1-value-review"] == (1, "CONFIRMED")
    assert now["2-notice"] == (1, "CANCELLED")
    assert book.run("undo", "--yes").code == 0
    told = book.json("calendar", "--days", "60", "--owner", "Ana")
    assert told["counts"]["changed"] == len(
        [name for name in now if name.startswith("2-") or name.startswith("a2-")]
    )
    assert events()["2-notice"] == (2, "CONFIRMED")


def test_work_that_moved_to_somebody_else_leaves_the_calendar(book: Desk) -> None:
    """OWN-3: a hand-over cancels the entries of the one and makes those of the other."""
    assert book.run("calendar", "--owner", "Ana", "-o", "ana.ics").code == 0
    for key in ("A1", "B2"):
        assert book.run("set", key, "csm=Rui", "--reason", "hand-over").code == 0
    told = book.json("calendar", "--owner", "Ana", "-o", "ana.ics")
    assert {each["status"] for each in told["events"]} == {"cancelled"}
    assert told["owner"] == "Ana"
    assert set(events("ana.ics").values()) == {(1, "CANCELLED")}


def test_an_opt_out_deadline_rings_before_it_comes(book: Desk) -> None:
    """ANCHOR: 30 days' notice before 1 July is 1 June; alarms 7 days and 1 day before."""
    assert book.run("calendar", "--owner", "Rui", "--days", "100").code == 0
    found = icalendar.Calendar.from_ical(Path("renewals.ics").read_bytes()).walk("VEVENT")
    [deadline] = [each for each in found if str(each["UID"]).startswith("3-opt-out@")]
    assert str(deadline["DTSTART"].dt) == "2026-06-01"
    assert len(deadline.walk("VALARM")) == 2
    assert sum(len(each.walk("VALARM")) for each in found) == 2
    assert book.run("calendar", "--owner", "Rui", "--days", "100", "--as-of", "2026-05-20").code == 0
    assert events()["3-opt-out"] == (0, "CONFIRMED")
    assert book.run("done", "3-opt-out", "--as-of", "2026-05-20").code == 0
    assert book.run("calendar", "--owner", "Rui", "--days", "100", "--as-of", "2026-05-20").code == 0
    assert events()["3-opt-out"] == (1, "CANCELLED")
    # What was done for a date that has moved by a term says nothing of the new one.
    moved = ("set", "C3", "renewal_date=2027-07-01", "--reason", "two years", "--as-of", "2026-05-21")
    assert book.run(*moved).code == 0
    assert book.run("calendar", "--owner", "Rui", "--days", "500", "--as-of", "2026-05-21").code == 0
    assert events()["3-opt-out"] == (2, "CONFIRMED")


def test_a_shorter_window_cancels_nothing(book: Desk) -> None:
    """DSH: looking less far ahead is not news about what lies beyond."""
    assert book.run("calendar", "--days", "90").code == 0
    before = events()
    assert book.run("calendar", "--days", "7").code == 0
    assert events() == before


def test_a_file_of_another_kind_portfolio_or_person_is_left_alone(book: Desk) -> None:
    """DSH: exit 10, and not a byte is changed."""
    Path("notes.ics").write_text("hello")
    book.fails(10, "not-our-calendar", "calendar", "-o", "notes.ics")
    assert Path("notes.ics").read_text() == "hello"
    assert book.run("calendar", "--owner", "Ana").code == 0
    data = Path("renewals.ics").read_bytes()
    assert "of Ana" in book.fails(10, "calendar-of-another", "calendar")
    assert "everybody" in book.fails(10, "calendar-of-another", "calendar")
    assert Path("renewals.ics").read_bytes() == data
    Path("other.ics").write_bytes(data.replace(b"X-RENEWCTL-PORTFOLIO:", b"X-RENEWCTL-PORTFOLIO:f"))
    book.fails(10, "calendar-of-another", "calendar", "--owner", "Ana", "-o", "other.ics")
    Path("link.ics").symlink_to("renewals.ics")
    book.fails(10, "symbolic-link", "calendar", "--owner", "Ana", "-o", "link.ics")
    Path("folder.ics").mkdir()
    book.fails(10, "not-a-file", "calendar", "-o", "folder.ics")
    with Path("large.ics").open("wb") as file:
        file.truncate(LARGEST + 1)
    book.fails(10, "too-large", "calendar", "-o", "large.ics")
    book.fails(2, "one-to-stdout", "calendar", "-o", "-", "--json")


def test_a_dry_run_says_what_would_change_and_an_empty_window_makes_no_file(book: Desk) -> None:
    """DSH."""
    done = book.run("calendar", "--dry-run")
    assert " new" in done.out
    assert files() == []
    done = book.run("calendar", "--days", "0", "--as-of", "2025-12-01", "--owner", "Rui")
    assert (done.code, done.out, files()) == (0, "", [])
    assert "nothing is due" in done.err


# --- digest ----------------------------------------------------------------------------------------------


def test_the_digest_of_the_morning_counts_and_lists(book: Desk) -> None:
    """DSH."""
    due = book.json("due", "--days", "7", "--owner", "me")
    done = book.run("digest")
    lines = done.out.split("\n")
    assert lines[0] == "Renewals of Ana, March 2, 2026"
    totals = due["totals"]
    assert (
        lines[1]
        == f"{totals['overdue']} overdue, {totals['today']} today, {totals['upcoming']} in the next 7 days"
    )
    told = book.json("digest")
    assert told["schema"] == "renewctl/digest/1"
    [one] = told["digests"]
    assert (one["owner"], one["text"]) == ("Ana", done.out)
    assert [*one["loud"], *one["items"]] == [each["item"] for each in due["items"]][
        : len(one["loud"] + one["items"])
    ]
    short = book.json("digest", "--days", "90", "--policy", str(book.folder / "policy.toml"))["digests"][0]
    assert len([line for line in short["text"].split("\n") if line]) == 8
    assert short["left_out"] > 0


def test_a_running_save_is_the_loudest_line_and_its_account_is_at_stake_as_a_whole(book: Desk) -> None:
    """SAV-1, SAV-9: the clock of a save comes before overdue work."""
    assert book.run("save", "start", "A1", "--scenario", "product").code == 0
    [one] = book.json("digest")["digests"]
    assert one["loud"][0] == "s1-call"
    assert one["text"].index("\nFirst\n") < one["text"].index("[s1-call]") < one["text"].index("\nThen\n")
    assert (one["renewals"], one["arr_base"]) == (2, 141_600)  # 120,000, and BRL 120,000 at 0.18


def test_a_digest_for_each_and_of_work_that_nobody_owns(book: Desk) -> None:
    """OWN-3."""
    book.import_("id,name,arr,currency,renewal_date\nZ9,Zeta,20000,USD,2026-05-03\n", name="nobody.csv")
    told = book.json("digest", "--owner", "all", "--days", "120")["digests"]
    assert [each["owner"] for each in told] == ["Ana", "Rui", None]
    due = book.json("due", "--days", "120")["totals"]
    for status in ("overdue", "today", "upcoming"):
        assert sum(each["counts"][status] for each in told) == due[status]
    done = book.run("digest", "--owner", "all", "--days", "120", "--format", "html", "--lang", "pt-BR")
    assert done.out.count("<h1>") == 3
    assert "Trabalho de renovação sem responsável" in done.out
    idle = book.run("digest", "--owner", "ana", "--days", "0", "--as-of", "2025-06-02")
    assert (idle.code, idle.out.split("\n")[1]) == (0, "Nothing is due.")


def test_nothing_is_posted_unless_asked(book: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """DSH."""
    with server(say(200)) as heard:
        monkeypatch.setenv("RENEWCTL_WEBHOOK", heard.url)
        for words in (("digest",), ("digest", "--json"), ("digest", "--post", "--dry-run")):
            assert book.run(*words).code == 0
    assert heard.calls == []


def test_a_digest_is_posted_for_each_person_and_the_address_stays_secret(
    book: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DSH."""
    with server(say(200)) as heard:
        monkeypatch.setenv("RENEWCTL_WEBHOOK", heard.url)
        done = book.run("digest", "--post", "--owner", "all", "--days", "120")
        assert done.code == 0, done.err
        told = book.json("digest", "--post", "--format", "markdown", "--lang", "pt-br")
    assert done.out == ""
    assert f"posted the digest of Ana to 127.0.0.1:{heard.port}: " in done.err
    assert f"posted the digest of Rui to 127.0.0.1:{heard.port}: " in done.err
    assert "S3CRET" not in done.err
    texts = [json.loads(body)["text"] for _, _, body in heard.calls]
    assert [text.split("\n")[0] for text in texts] == [
        "*Renewals of Ana, March 2, 2026*", "*Renewals of Rui, March 2, 2026*",
        "## Renovações de Ana, 2 de março de 2026",
    ]  # fmt: skip
    assert told["posted"] == [{"owner": "Ana", "host": f"127.0.0.1:{heard.port}", "status": 200}]


def test_what_is_posted_as_text_is_escaped_for_a_chat(book: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """DSH: an account cannot call a whole channel together."""
    assert book.run("set", "A1", "name=<!channel> & co", "--reason", "x").code == 0
    monkeypatch.setenv("RENEWCTL_WEBHOOK", "https://hooks.example.com/x")
    done = book.run("digest", "--post", "--dry-run", "--format", "text")
    text = json.loads(done.out)["text"]
    assert "&lt;!channel&gt; &amp; co" in text
    assert "<" not in text
    assert "hooks.example.com" in done.err
    assert book.run("digest", "--format", "text").out.count("<!channel> & co") >= 1


def test_a_failed_post_is_exit_10_and_says_what_went_out_before(
    book: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DSH."""
    answers = [say(200), say(500)]
    with server(lambda handler: answers.pop(0)(handler)) as heard:
        monkeypatch.setenv("RENEWCTL_WEBHOOK", heard.url)
        said = book.run("digest", "--post", "--owner", "all", "--days", "120")
    assert said.code == 10
    assert "error[webhook-failed]" in said.err
    assert "posted before it were those of Ana" in said.err
    assert "S3CRET" not in said.err
    monkeypatch.delenv("RENEWCTL_WEBHOOK")
    book.fails(2, "webhook-missing", "digest", "--post")
    monkeypatch.setenv("RENEWCTL_WEBHOOK", "http://hooks.example.com/x")
    book.fails(10, "webhook-refused", "digest", "--post")


def test_wrong_words_of_a_digest_are_exit_2(book: Desk) -> None:
    """DSH."""
    book.fails(2, "unknown-format", "digest", "--format", "fax")
    book.fails(2, "page-not-posted", "digest", "--post", "--format", "html")
    book.fails(2, "unknown-language", "digest", "--lang", "xx")


# --- timeline --------------------------------------------------------------------------------------------


def test_a_timeline_for_the_customer_is_written_in_their_language(book: Desk) -> None:
    """TML-2."""
    done = book.run("timeline", "Acme")
    assert done.code == 0, done.err
    assert files() == ["timeline-acme-ltd-A1-2026-03-02.html", "timeline-acme-ltd-A1-2026-03-02.md"]
    told = book.json("timeline", "Beta", "-o", "out")
    assert (told["schema"], told["lang"], told["contract"]) == ("renewctl/timeline/1", "pt-BR", "B2")
    assert [(each["name"], each["on"], each["state"]) for each in told["milestones"]] == [
        ("value-review", "2026-03-04", "next"), ("proposal", "2026-03-19", "later"),
        ("agreement", "2026-04-03", "later"), ("signature", "2026-05-03", "later"),
    ]  # fmt: skip
    assert all(Path(file).is_file() for file in told["files"])
    assert "de maio de 2026" in Path(told["files"][0]).read_text()
    assert book.run("stage", "B2", "proposed").code == 0
    again = book.json("timeline", "Beta", "--lang", "en", "-o", "out")
    assert [each["state"] for each in again["milestones"]] == ["done", "done", "next", "later"]
    assert book.run("timeline", "Acme", "-o", "-").out.startswith("# The way to your renewal: Acme Ltd\n")


def test_no_day_of_a_timeline_is_guessed(book: Desk) -> None:
    """TML-2."""
    assert "renewal date is unknown" in book.fails(15, "renewal-date-unknown", "timeline", "Delta")
    book.fails(13, "no-such-account", "timeline", "Nobody")
    book.fails(13, "no-such-contract", "timeline", "Acme", "--contract", "K9")
    book.fails(2, "unknown-format", "timeline", "Acme", "--format", "pdf")
    book.fails(2, "unknown-language", "timeline", "Acme", "--lang", "xx")
    assert files() == []
