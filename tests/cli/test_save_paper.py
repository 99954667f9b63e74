"""`save paper`: every kind, language and format, from recorded facts; what the customer never sees."""

import json
import re
import subprocess
from datetime import date, timedelta
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from renewctl.core.model import (
    Change,
    Offer,
    Promise,
    SaveEvent,
    ServiceLevel,
    Worth,
)
from renewctl.core.policy import SAVE_PAPERS, SCENARIOS, Playbook
from renewctl.core.save_papers import KINDS
from renewctl.views import mail
from renewctl.views.documents import BLANK
from tests import hostile
from tests.book import POLICY as SHIPPED
from tests.conftest import program
from tests.desk import Desk, desk  # noqa: F401  (a fixture)
from tests.engines import once
from tests.processes import AS_OF

DAY = date.fromisoformat(AS_OF)
BOOK = """id,name,arr,currency,renewal_date,start_date,term_months,csm,sales_owner,champion,competitor,\
seats_purchased,seats_used,country,usage_trend,csat
A1,Acme Ltd,123456,USD,2026-05-31,2025-06-01,12,ana,bruno,Joe Pine,Rival One,30,12,US,-35,2
B2,Empty,,,,,,,,,,,,,,
C3,Café Ltda,60000,BRL,2026-06-30,2025-07-01,12,ana,bruno,,,,,BR,,
"""
VALUE = """account_id,metric,value,unit,period_start,period_end,baseline,rate,currency,quote
A1,Hours saved,1200,hours,2025-01-01,2025-12-31,200,45,USD,A week back every month
A1,Revenue from quotes,35,deals,2025-01-01,2025-12-31,20,2100,USD,
A1,Cost of errors avoided,18000,USD,2025-01-01,2025-12-31,,1,USD,
A1,Alternative: two analysts,2,people,2025-01-01,2025-12-31,,85000,USD,
A1,Unused: alerts,300,hours,2025-01-01,2025-12-31,,45,USD,
"""
PEOPLE = """account_id,name,email,role,influence
A1,Joe Pine,joe@acme.example,champion,high
A1,Dora Lane,dora@acme.example,decision_maker,high
"""
POLICY = """[supplier]
name = "Contoso"
address = "1 Example Street"
contact = "hello@contoso.example"
[team]
product_manager = "paulo"
executive_sponsor = "sofia"
[people."ana"]
email = "ana@contoso.example"
"""
CANARY = "CANARY"  # in everything that is ours
_EVENTS = (
    *(("why", str(number), f"{CANARY} why {number}") for number in (1, 2, 3)),
    ("cause", "canary-cause", f"{CANARY} cause"),
    ("finding", "rival", f"{CANARY} finding"),
    ("evidence", "relationship", f"{CANARY} evidence"),
    ("team", "support", "joao"),
    ("blocker", "set", f"{CANARY} blocker"),
    ("decision", "asked", f"{CANARY} decision"),
)
_PROMISES = (  # text, days from today, state, chain
    ("Show the alerts on their data", -3, "kept", None),
    ("Build of the export", -2, "broken", "export"),
    ("QA of the export", -1, "open", "export"),
    ("Release of the export", 14, "open", "export"),
    ("A call every Monday", 5, "open", None),
)


@pytest.fixture
def work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:  # noqa: F811
    """A desk with a full case s1, an empty one s2 and a Brazilian one s3; papers go to its folder `work`."""
    monkeypatch.setenv("RENEWCTL_USER", "ana")
    (desk.folder / "mine.toml").write_text(POLICY)
    monkeypatch.setenv("RENEWCTL_POLICY", str(desk.folder / "mine.toml"))
    once("save_papers", desk.path, desk.folder, lambda: _fill(desk))
    folder = desk.folder / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return desk


def _fill(desk: Desk) -> None:  # noqa: F811
    desk.import_(BOOK)
    desk.import_(VALUE, "--kind", "value", name="value.csv")
    desk.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    for account, scenario, reason in (
        ("A1", "competitive", "We saw alerts"),
        ("B2", "value", None),
        ("C3", "product", None),
    ):
        said = ("--reason", reason) if reason else ()
        flagged = (DAY - timedelta(days=10)).isoformat()
        done = desk.run("save", "start", account, "--scenario", scenario, "--flagged", flagged, *said)
        assert done.code == 0, done.err
    rows: list[Any] = []
    for no, (kind, name, text) in enumerate(_EVENTS, 1):
        rows.append(
            ("save_event", SaveEvent(no, 1, 1, 1, kind, name, text, DAY - timedelta(days=2), None, "ana"))
        )
    for no, (text, days, state, chain) in enumerate(_PROMISES, 1):
        settled = DAY - timedelta(days=1) if state != "open" else None
        said = f"{CANARY} ledger" if settled else None
        rows.append(("promise", Promise(
            no, 1, 1, text, "Joe Pine", DAY + timedelta(days=days), "paulo", chain, None,
            DAY - timedelta(days=9), state, settled, said, None, "ana",
        )))  # fmt: skip
    level = ServiceLevel(1, 1, 1, "Support", "Every ticket gets an answer", 240, None, DAY, None, "ana")
    worth = Worth(
        1, 1, 1, 2400, 7700, 1_555_500, "45", 3, 12_345_600, "USD", "fight", f"{CANARY} worth", DAY, "ana"
    )
    rows += [("service_level", level), ("worth", worth)]
    terms = {"discount_pct": "10", "term_months": 12, "until_on": "2026-09-01", "recovers_on": "2026-08-01"}
    for no, state, role in ((1, "approved", None), (2, "pending", "vp"), (3, "refused", "vp")):
        name = "bridge" if no == 1 else "volume"
        asks = "Sign for 12 months" if no == 1 else f"{CANARY} condition"
        offer = Offer(
            no, 1, 1, 1, name, json.dumps({**terms, "instrument": name}), f"{CANARY} cause, now", asks, DAY,
            DAY + timedelta(days=183), "USD", 12_345_600, 12_345_600, 617_280, 1_234_560, "10", state, role,
            DAY, "ana", None, None, f"{CANARY} note",
        )  # fmt: skip
        rows.append(("offer", offer))
    with desk.open() as portfolio, portfolio.write("fill", "ana", DAY) as operation:
        operation.apply(Change(entity, (row.no,), 1, None, row._asdict()) for entity, row in rows)


def formats(kind: str) -> tuple[str, ...]:
    return ("eml",) if KINDS[kind].mail else ("html", "md")


EVERY = [(kind, how) for kind in SAVE_PAPERS for how in formats(kind)]


def text_of(raw: str, how: str) -> str:
    """What a reader sees."""
    if how == "html":
        return hostile.check_html(raw)
    if how == "md":
        hostile.check_markdown(raw)
        return raw
    message = BytesParser(policy=mail.STRICT).parsebytes(raw.encode())
    assert not message.defects
    return "".join(str(part.get_content()) for part in message.iter_parts())


def printed(work: Desk, save: str, kind: str, how: str, *words: str) -> str:
    done = work.run("save", "paper", save, kind, "--format", how, "-o", "-", *words)
    assert done.code in (0, 1), done.err
    return done.out


def test_every_kind_of_the_policy_is_a_paper() -> None:
    """SAV-5."""
    assert tuple(KINDS) == SAVE_PAPERS


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("save", ["s1", "s2"])
@pytest.mark.parametrize(("kind", "how"), EVERY)
def test_every_paper_is_made_in_every_language_for_a_full_and_an_empty_case(
    work: Desk, kind: str, how: str, save: str, lang: str
) -> None:
    text = text_of(printed(work, save, kind, how, "--lang", lang), how)
    assert "None" not in text
    assert ("Acme Ltd" if save == "s1" else "Empty") in text or KINDS[kind].mail
    if not KINDS[kind].customer:
        assert (
            "Internal: not for the customer" if lang == "en" else "Interno: não enviar ao cliente"
        ) in text


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize(("kind", "how"), [each for each in EVERY if KINDS[each[0]].customer])
def test_a_paper_for_the_customer_holds_nothing_of_ours(work: Desk, kind: str, how: str, lang: str) -> None:
    """SAV-4, SAV-8: no stake, cause, finding, evidence, cost or approval, in text or in markup."""
    raw = printed(work, "s1", kind, how, "--lang", lang)
    for text in (raw, text_of(raw, how)):
        assert CANARY.lower() not in text.lower()
        for word in (
            "Rival One",
            "ARR",
            "competitive",
            "concorrente",
            "15,555",
            "15.555",
            "6,172.80",
            "6.172,80",
        ):
            assert word not in text, word
        assert not re.search(r"\bSAV-|\bs1\b|Internal|Interno|retenç", text), text


def canaries(scenario: str) -> str:
    """A policy in which every text of a playbook that is ours holds the word, as TOML."""
    lines = []
    for step in SHIPPED.playbooks[scenario].steps:
        lines += [f"[playbooks.{scenario}.steps.{step.step}]"]
        lines += [f'{key} = "{CANARY} {step.step} {key}"' for key in ("title", "done_when")]
        for each in step.asks:
            lines += [f"[playbooks.{scenario}.steps.{step.step}.asks.{each.key}]", f'text = "{CANARY} asks"']
    lines += [f"[playbooks.{scenario}]", f'title = "{CANARY} title"', f'trigger = "{CANARY} trigger"']
    lines += [f'talk_track = ["Say: {CANARY}"]', f'success = ["{CANARY} success"]', f'update = "{CANARY}"']
    lines += [f"[playbooks.{scenario}.milestones]", f'day_1 = "{CANARY} milestone"']
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_no_text_of_a_playbook_and_no_note_of_ours_reaches_the_customer(work: Desk, lang: str) -> None:
    """SAV-8: an update tells what was done in words of its own, and a reason of ours is a blank for them."""
    (work.folder / "mine.toml").write_text(POLICY + canaries("competitive"))
    for words in (
        ("done", "s1-deep-dive", "--note", f"{CANARY} note"),
        ("done", "s1-intelligence", "--note", f"{CANARY} note"),
        ("skip", "s1-community", "--reason", f"{CANARY} reason"),
        ("save", "note", "s1", "--blocker", f"{CANARY} of the day"),
        ("save", "level", "log", "l1", "--note", f"{CANARY} log"),
        ("log", "A1", f"{CANARY} call", "--kind", "call"),
    ):
        done = work.run(*words)
        assert done.code == 0, (words, done.err)
    plan = printed(work, "s1", "save-plan", "md", "--lang", lang)
    assert plan.count(CANARY) > 40
    for kind, how in EVERY:
        if KINDS[kind].customer:
            raw = printed(work, "s1", kind, how, "--lang", lang)
            assert CANARY.lower() not in (raw + text_of(raw, how)).lower(), kind
    update = text_of(printed(work, "s1", "weekly-update", "eml", "--lang", lang), "eml")
    assert ("Deep dive into your use" if lang == "en" else "Análise a fundo do uso de vocês") in update
    assert BLANK in update
    drawn = update.count('<span style="display:inline-block;width:14em;border-bottom:1px solid #1d2733">')
    assert drawn == update.count(BLANK)  # a mail has no style sheet to draw them with
    done = work.run("save", "paper", "s1", "weekly-update", "-o", "-")
    assert f"p2 (for us: {CANARY} ledger)" in done.err
    assert "fill in why before it is sent" in done.err


@pytest.mark.parametrize("kind", ["weekly-update", "acknowledgement", "commitment-letter"])
def test_a_paper_for_a_customer_that_was_not_kept_is_warned_of(work: Desk, kind: str) -> None:
    """SAV-9: it announces nothing that will never come."""
    assert work.run("save", "close", "s1", "--result", "lost", "--note", "gone").code == 0
    done = work.run("save", "paper", "s1", kind, "-o", "out")
    assert "s1 was closed as lost" in done.err
    if kind == "weekly-update":
        text = text_of(printed(work, "s1", kind, "eml"), "eml")
        assert "What comes next" not in text
        assert "Not on time" not in text


@pytest.mark.parametrize(("lang", "words"), [("en", r"and \d more"), ("pt-BR", r"e mais \d")])
def test_what_a_list_leaves_out_is_counted_and_said_to_stand_nowhere_else(
    work: Desk, lang: str, words: str
) -> None:
    """SAV-9: what is left out may be steps, which no letter of commitments holds."""
    (work.folder / "mine.toml").write_text(POLICY + "[save_papers]\nupdate_lines = 1\n")
    for name in ("One", "Two"):
        added = ("save", "promise", "add", "s1", name, "--owner", "paulo", "--due", "2026-03-20")
        assert work.run(*added).code == 0
    for kind in ("weekly-update", "acknowledgement"):
        text = text_of(printed(work, "s1", kind, "eml", "--lang", lang), "eml").replace("\r", "")
        assert len(re.findall(rf"(\n- |>){words}(\n|<)", text)) >= 2, kind  # as text and as HTML
        assert not re.search("commitments|compromissos", text)


def test_a_step_past_its_day_that_nobody_was_told_of_is_a_warning_for_us(work: Desk) -> None:
    """SAV-8: the mail tells of it once it has a day, or is done."""
    done = work.run("save", "paper", "s1", "weekly-update", "-o", "-")
    assert "past its day and not told: " in done.err
    assert "s1-criteria" in done.err
    assert "criteria" not in text_of(done.out, "eml")


def test_what_we_need_from_them_is_what_they_owe(work: Desk) -> None:
    """SAV-9: their own promises, what an offer they took asks, answers they have not given."""
    assert "We need nothing from you" in text_of(printed(work, "s1", "weekly-update", "eml"), "eml")
    for words in (
        (
            "save",
            "promise",
            "add",
            "s1",
            "Send one month of data",
            "--owner",
            "Joe Pine",
            "--due",
            "2099-01-05",
        ),
        ("save", "paper", "s1", "acknowledgement"),
    ):
        assert work.run(*words).code == 0, words
    with work.open() as portfolio, portfolio.write("sheet", "ana", DAY) as operation:
        event = SaveEvent(98, 1, 1, 1, "paper", "options-sheet", "en", DAY, None, "ana")
        operation.apply([Change("save_event", (98,), 1, None, event._asdict())])
    text = text_of(printed(work, "s1", "weekly-update", "eml"), "eml")
    asked = text[text.index("What we need from you") :]
    assert "Send one month of data: by Jan 5, 2099" in asked
    assert "Send one month of data" not in text[: text.index("What we need from you")]
    assert "Your yes, or your correction, to what we understood" in asked
    assert "Your choice among the ways to go on" in asked
    assert "Sign for 12 months" not in text  # of an offer that they have not taken
    assert work.run("save", "accept", "o1").code == 0
    text = text_of(printed(work, "s1", "weekly-update", "eml", "--lang", "pt-BR"), "eml")
    asked = text[text.index("O que precisamos de vocês") :]
    assert "Sign for 12 months" in asked
    assert "A escolha de vocês" not in asked
    assert "O sim de vocês" in asked


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [("en", ("What we need from you", "What we need from them")),
     ("pt-BR", ("O que precisamos de vocês", "O que precisamos deles"))],
)  # fmt: skip
def test_what_one_of_theirs_owes_is_on_no_paper_a_promise_of_ours(
    work: Desk, lang: str, wanted: tuple[str, str]
) -> None:
    """SAV-9: letter, update and briefing ask for it, even once it is late."""
    for text, owner, due in (
        ("Send one month of data", "dora lane", "2026-03-20"),
        ("Name a tester", "Dora Lane", "2026-03-03"),
    ):
        words = ("save", "promise", "add", "s1", text, "--owner", owner, "--due", due)
        assert work.run(*words).code == 0
    with work.open() as portfolio, portfolio.write("late", "ana", DAY) as operation:
        late = next(each for each in portfolio.values("promise", "") if each.text == "Name a tester")
        days = {"due_on": late.due_on}, {"due_on": DAY - timedelta(days=2)}
        operation.apply([Change("promise", (late.no,), 1, *days)])
    for kind, heading in (
        ("commitment-letter", wanted[0]),
        ("weekly-update", wanted[0]),
        ("executive-briefing", wanted[1]),
    ):
        for how in formats(kind):
            text = text_of(printed(work, "s1", kind, how, "--lang", lang), how)
            parts = text.split("<html", 1) if KINDS[kind].mail else [text]
            for part in parts:
                before, _, after = part.partition(heading)
                for said in ("Send one month of data", "Name a tester"):
                    assert said in after, (kind, how)
                    assert said not in before, (kind, how)
                assert "Release of the export" in before


@pytest.mark.parametrize("kind", [kind for kind in SAVE_PAPERS if not KINDS[kind].customer])
def test_what_is_ours_is_on_our_papers(work: Desk, kind: str) -> None:
    """Otherwise the test above would pass by its absence."""
    text = printed(work, "s1", kind, "md")
    wanted = {
        "save-plan": (
            "why 3",
            "canary-cause",
            "finding",
            "evidence",
            "ledger",
            "condition",
            "worth",
        ),
        "executive-briefing": ("cause", "blocker", "decision"),
        "battle-card": ("finding", "cause"),
    }
    for word in wanted[kind]:
        assert f"{CANARY} {word}" in text or word in text, word


def test_the_plan_names_every_step_with_its_day_and_owner(work: Desk) -> None:
    """SAV-5, SAV-1: named, dated and owned."""
    told = json.loads(work.run("save", "show", "s1", "--json").out)["save"]
    text = printed(work, "s1", "save-plan", "md").replace("\\", "")
    for step in told["steps"]:
        [line] = [line for line in text.splitlines() if step["title"].replace("*", "") in line] or [""]
        day = date.fromisoformat(step["due_on"])
        assert f"{day:%b} {day.day} " in line, step
        assert f"| {step['owner']}, " in line, step


def test_the_figures_of_the_roi_sheet_are_those_recorded_worked_out_a_second_time(work: Desk) -> None:
    """SAV-3, SAV-V: 1,200 x 45 + 35 x 2,100 + 18,000 = 145,500 beside 123,456 a year, and their words."""
    text = printed(work, "s1", "roi-sheet", "md")
    worth = 1200 * 45 + 35 * 2100 + 18_000
    for amount in (54_000, 73_500, 18_000, worth, 123_456, worth - 123_456, 170_000, 170_000 - 123_456):
        assert f"USD {amount:,}.00" in text, amount
    assert f"{round((worth - 123_456) * 100 / 123_456)}%" in text
    assert "Jan 1, 2025 – Dec 31, 2025" in text
    assert "12 of 30" in text
    assert "“A week back every month”" in text
    assert "Before" in text
    brazilian = printed(work, "s1", "roi-sheet", "md", "--lang", "pt-BR")
    assert "US$ 145.500,00" in brazilian


@pytest.mark.parametrize(("lang", "amount"), [("en", "USD 41,000.00"), ("pt-BR", "US$ 41.000,00")])
def test_the_cheapest_other_way_on_record_is_on_the_roi_sheet_with_its_day(
    work: Desk, lang: str, amount: str
) -> None:
    """SAV-V: an amount, and no prose."""
    assert work.run("save", "answer", "s2", "cheapest-way=USD 41,000").code == 0
    for how in formats("roi-sheet"):
        text = text_of(printed(work, "s2", "roi-sheet", how, "--lang", lang), how)
        assert amount in text
        assert ("March 2, 2026" if lang == "en" else "2 de março de 2026") in text


def test_no_figure_is_read_out_of_an_answer_in_words(work: Desk) -> None:
    """SAV-3, SAV-V: an answer in words is ours, and brings no figure before the customer."""
    said = f"cheapest-way={CANARY}: about EUR 45k a year, or 3 analysts"
    assert work.run("save", "answer", "s2", said).code == 0
    done = work.run("save", "paper", "s2", "roi-sheet", "--format", "md", "-o", "-")
    assert not re.search(rf"{CANARY}|45|EUR|\b3\b", done.out)
    assert "no alternative is on record" in done.err
    assert "save answer s2 'cheapest-way=USD 41000'" in " ".join(done.err.split())


@pytest.mark.parametrize(("amount", "cheaper"), [("99000", True), ("200000", False)])
def test_whoever_sends_the_sheet_is_warned_where_the_other_way_is_cheaper(
    work: Desk, amount: str, cheaper: bool
) -> None:
    """SAV-V: the customer would read that it is."""
    work.import_(
        VALUE.replace("2,people", "1,people").replace("85000", amount), "--kind", "value", name="value.csv"
    )
    done = work.run("save", "paper", "s1", "roi-sheet", "--format", "md", "-o", "-")
    assert ("takes less than our price" in " ".join(done.err.split())) == cheaper


@pytest.mark.parametrize("change", [("won", "A1", "--arr", "90000"), ("amend", "A1", "--arr", "90000")])
def test_a_price_agreed_later_is_not_set_beside_what_was_measured_before(
    work: Desk, change: tuple[str, ...]
) -> None:
    """SAV-V: nobody paid it at that time."""
    assert "18%" in printed(work, "s1", "roi-sheet", "md")
    more = ("--on", DAY.isoformat(), "--reason", "o1") if change[0] == "amend" else ()
    done = work.run(*change, *more)
    assert done.code == 0, done.err
    made = work.run("save", "paper", "s1", "roi-sheet", "--format", "md", "-o", "-")
    assert "%" not in made.out.split("Return: (worth")[0].split("## ")[-1]
    assert "another price was paid then" in made.err


def test_no_return_is_told_where_another_contract_has_a_price_of_its_own(work: Desk) -> None:
    """SAV-V, SAV-3: the worth is of the whole account, the price would be of one contract alone."""
    assert "Return: (worth" in printed(work, "s1", "roi-sheet", "md")
    assert "18%" in printed(work, "s1", "roi-sheet", "md")
    rows = "contract_id,account_id,arr,currency,renewal_date\nT1,A1,50000,USD,2026-05-31\n"
    rows += "T2,A1,20000,USD,2026-09-30\n"
    work.import_(rows, "--kind", "contracts", name="contracts.csv")
    done = work.run("save", "paper", "s1", "roi-sheet", "--format", "md", "-o", "-")
    assert "1 more open contract has a price" in " ".join(done.err.split())
    assert not re.search(r"18%|50,000|191%", done.out)
    assert "USD 145,500.00" in done.out


def test_what_an_accepted_offer_promises_is_told_in_the_language_of_the_paper(work: Desk) -> None:
    """SAV-9, SAV-4: its sentence is ours; words that somebody chose stay."""
    assert work.run("save", "accept", "o1").code == 0
    assert "10 % off until 2026-09-01, then the standard price" in printed(
        work, "s1", "commitment-letter", "md"
    )
    for kind in ("commitment-letter", "weekly-update", "save-plan"):
        for how in formats(kind):
            text = text_of(printed(work, "s1", kind, how, "--lang", "pt-BR"), how)
            told = " ".join(text.split())
            assert "10 % de desconto até 1 de setembro de 2026; depois, o preço normal" in told, kind
            assert "standard price" not in text
            assert "Release of the export" in text


def test_the_letter_holds_every_promise_with_its_day_and_owner(work: Desk) -> None:
    """SAV-9, SAV-R."""
    text = printed(work, "s1", "commitment-letter", "md")
    for what, days, _, _ in _PROMISES:
        day = DAY + timedelta(days=days)
        assert re.search(rf"\| {day:%b} {day.day}, {day.year} \| {what}[^|]*\| paulo \|", text), what
    assert "answer within 4 hours" in text
    assert "every 7 days" in text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Done", "Not on time", "What comes next")),
        ("pt-BR", ("Concluído", "Fora do prazo", "Próximos passos")),
    ],
)
def test_the_weekly_update_tells_what_was_done_what_is_late_and_what_comes(
    work: Desk, lang: str, words: tuple[str, ...]
) -> None:
    """SAV-9: progress, on time or late, next steps, action needed."""
    text = text_of(printed(work, "s1", "weekly-update", "eml", "--lang", lang), "eml")
    at = [text.index(word) for word in words]
    assert at == sorted(at)
    done, late, ahead = text[at[0] : at[1]], text[at[1] : at[2]], text[at[2] :]
    assert "Show the alerts" in done
    assert "QA of the export" in late
    assert "Build of the export" in late
    assert "Release of the export" in ahead


def test_the_weekly_update_is_sent_with_nothing_new_too(work: Desk) -> None:
    """SAV-9: even if there is none."""
    text = text_of(printed(work, "s2", "weekly-update", "eml"), "eml")
    assert "Nothing new" in text
    assert "Done" not in text


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("first version", "tests passed", "beta opens", "release")),
     ("pt-BR", ("primeira versão", "testes concluídos", "abertura do beta", "lançamento"))],
)  # fmt: skip
def test_the_steps_of_a_promised_fix_are_words_on_paper_and_no_codes(
    work: Desk, lang: str, words: tuple[str, ...]
) -> None:
    """SAV-P, SAV-9: every paper that tells of promises says what each step brings."""
    assert work.run("save", "promise", "chain", "s3", "The export", "--release", "2026-05-01").code == 0
    for kind in ("commitment-letter", "save-plan", "weekly-update"):
        for how in formats(kind):
            text = text_of(printed(work, "s3", kind, how, "--lang", lang), how)
            assert [word for word in words if f"The export: {word}" not in text] == [], (kind, how)
            assert "qa" not in text.split("export: ", 1)[1][:200]
            assert "fix)" not in text


def test_an_option_that_waits_for_somebody_never_reaches_the_customer(work: Desk) -> None:
    """SAV-4, SAV-B."""
    done = work.run("save", "paper", "s1", "options-sheet", "--format", "md", "-o", "-")
    assert "Temporary bridge" in done.out
    assert "Volume discount" not in done.out
    assert "o2 (volume) waits for a vp" in done.err
    # 123,456 a year, 10 % off for six months to 2026-09-01: to the cent by months.
    month = 1_028_800
    assert f"USD {month * 9 // 10 / 100:,.2f}" in done.out
    assert f"USD {(month * 9 // 10 * 6 + month * 6) / 100:,.2f}" in done.out


def test_a_paper_that_was_written_is_noted_once_a_day_and_closes_its_steps(work: Desk) -> None:
    """SAV-5: `done_by = ["paper:save-plan"]`."""
    for _ in range(2):
        assert work.run("save", "paper", "s1", "save-plan", "-y").code == 0
    [event] = work.values("save_event", "kind = 'paper'")
    assert (event.name, event.text, event.save_no, event.happened_on) == ("save-plan", "en", 1, DAY)
    told = json.loads(work.run("save", "show", "s1", "--json").out)["save"]
    plan = next(step for step in told["steps"] if step["step"].endswith("plan"))
    assert plan["state"] == "done", plan


def test_a_plan_written_on_the_day_of_a_switch_is_that_of_the_new_playbook(work: Desk) -> None:
    """SAV-2, SAV-5: the plan of the playbook before it does not stand for it, and is written anew."""
    assert work.run("save", "paper", "s1", "save-plan", "-y").code == 0
    assert work.run("save", "why", "s1", "--switch", "budget").code == 0

    def plan() -> str:
        told = json.loads(work.run("save", "show", "s1", "--json").out)["save"]
        return next(step["state"] for step in told["steps"] if step["step"] == "budget-plan")

    assert plan() == "open"
    assert work.run("save", "paper", "s1", "save-plan", "-y").code == 0
    assert plan() == "done"


def test_a_plan_without_a_root_cause_is_printed_but_not_noted(work: Desk) -> None:
    """SAV-2: the step that plans stays open until the cause is on record."""
    done = work.run("save", "paper", "s2", "save-plan", "--format", "md", "-o", "plan.md")
    assert done.code == 0
    assert "root cause is not on record" in done.err
    assert "renewctl save why s2" in done.err
    assert (work.folder / "work" / "plan.md").exists()
    assert work.values("save_event", "save_no = 2 AND kind = 'paper'") == []


def test_a_briefing_that_was_printed_is_no_review_that_was_held(work: Desk) -> None:
    """SAV-5, SAV-C: a paper closes only the step that is to write it."""
    assert work.run("save", "paper", "s1", "executive-briefing", "-y").code == 0
    assert [each.name for each in work.values("save_event", "kind = 'paper'")] == ["executive-briefing"]
    told = json.loads(work.run("save", "show", "s1", "--json").out)["save"]
    assert [each["step"] for each in told["steps"] if each["state"] == "done"] == [
        "root-cause",
        "worth",
    ]


@pytest.mark.parametrize("words", [("-o", "-", "--format", "md"), ("--dry-run",)])
def test_a_paper_that_was_only_looked_at_is_not_noted(work: Desk, words: tuple[str, ...]) -> None:
    before = work.facts()
    assert work.run("save", "paper", "s1", "save-plan", *words).code == 0
    assert work.facts() == before
    assert not list((work.folder / "work").iterdir())


@pytest.mark.parametrize("kind", ["commitment-letter", "roi-sheet", "battle-card", "options-sheet"])
def test_a_form_to_fill_says_so_and_closes_nothing(work: Desk, kind: str) -> None:
    """A paper without what it is about is no work done."""
    done = work.run("save", "paper", "s2", kind, "--format", "md", "-o", "here")
    assert done.code == 1
    assert "it is a form to fill" in done.err
    assert work.values("save_event", "kind = 'paper'") == []
    [file] = (work.folder / "work" / "here").iterdir()
    assert BLANK in file.read_text()


def test_the_json_names_files_and_addressees(work: Desk) -> None:
    told = work.json("save", "paper", "Acme", "weekly-update", "-o", "out")
    assert told["schema"] == "renewctl/save-paper/1"
    assert (told["save"], told["kind"], told["audience"], told["lang"], told["complete"]) == (
        "s1", "weekly-update", "customer", "en", True,
    )  # fmt: skip
    assert [each["email"] for each in told["to"]] == ["joe@acme.example", "dora@acme.example"]
    [file] = told["files"]
    message = BytesParser(policy=mail.STRICT).parsebytes(Path(file).read_bytes())
    assert message["From"] == "ana <ana@contoso.example>"
    assert Path(file).stat().st_mode & 0o777 == 0o600


def test_papers_for_a_customer_are_in_its_countrys_language_ours_in_english(work: Desk) -> None:
    assert work.json("save", "paper", "s3", "weekly-update", "-o", "a")["lang"] == "pt-BR"
    assert work.json("save", "paper", "s3", "save-plan", "-o", "a")["lang"] == "en"
    text = printed(work, "s3", "save-plan", "md", "--lang", "pt-BR")
    assert "Plano de retenção" in text
    assert "R$ 60.000,00" not in text  # at stake in the base currency
    assert "US$ 10.800,00" in text


def test_our_papers_are_in_the_language_of_the_policy(work: Desk) -> None:
    mine = work.folder / "mine.toml"
    mine.write_text(POLICY + '[mail]\ndefault_language = "pt-BR"\n')
    assert work.json("save", "paper", "s1", "save-plan", "-o", "a")["lang"] == "pt-BR"
    assert work.json("save", "paper", "s1", "save-plan", "-o", "a", "--lang", "en")["lang"] == "en"
    assert work.json("save", "paper", "s3", "weekly-update", "-o", "a")["lang"] == "pt-BR"


def shipped(book: Playbook) -> set[str]:
    """Every English text of a playbook that a paper may print."""
    return {
        *(text for step in book.steps for text in (step.title, step.done_when)),
        *(each.text for step in book.steps for each in step.asks),
        *(each.text for each in book.root_causes.values()),
        *book.success, *book.talk_track, *book.milestones.values(), *book.checkins.values(), book.title,
    }  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_of_a_shipped_playbook_is_left_in_english_on_a_portuguese_paper(
    work: Desk, scenario: str
) -> None:
    """Steps, proofs, questions and answers, causes, signals, milestones, check-ins, what to say."""
    assert work.run("save", "close", "s1", "--result", "lost", "--note", "gone").code == 0
    assert work.run("save", "start", "A1", "--scenario", scenario).code == 0
    book = SHIPPED.playbooks[scenario]
    asked = [each for step in book.steps for each in step.asks]
    answers = [f"{each.key}={(each.answers or ('Rui saw it',))[0]}" for each in asked]
    assert work.run("save", "answer", "s4", *answers).code == 0
    cause = next(code for code, each in book.root_causes.items() if each.scenario in (None, "", scenario))
    done = work.run("save", "why", "s4", "--root-cause", cause, "--enough", "they said so", "--why", "so")
    assert done.code == 0, done.err
    for kind in ("save-plan", "executive-briefing", "battle-card"):
        english = printed(work, "s4", kind, "md").replace("\\", "")
        text = printed(work, "s4", kind, "md", "--lang", "pt-BR").replace("\\", "")
        assert [each for each in shipped(book) if each in text] == []
        assert sum(each in english for each in shipped(book)) > 5 or kind == "executive-briefing"
        assert not re.search(r"\d{4}-\d\d-\d\d", text + english)


def test_a_playbook_of_ones_own_is_printed_as_it_was_written(work: Desk) -> None:
    own = """[playbooks.product.steps.call]
done_when = "Somebody picked up"
[playbooks.product.steps.roadmap.asks.on-roadmap]
text = "Did they say so?"
"""
    (work.folder / "mine.toml").write_text(POLICY + own)
    assert work.run("save", "answer", "s3", "on-roadmap=yes", "workaround=no").code == 0
    text = printed(work, "s3", "save-plan", "md", "--lang", "pt-BR")
    assert "Somebody picked up" in text
    assert "Did they say so? **yes**" in text
    assert "pelas nossas mãos? **não**" in text


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("s1", "letter-of-love"), 2, "unknown-paper"),
        (("s9", "save-plan"), 13, "no-such-save"),
        (("s1", "save-plan", "--format", "eml"), 2, "unknown-format"),
        (("s1", "weekly-update", "--format", "html"), 2, "unknown-format"),
        (("s1", "save-plan", "--lang", "xx"), 2, "unknown-language"),
        (("s1", "save-plan", "-o", "-", "--json"), 2, "one-to-stdout"),
        (("s1", "save-plan", "--templates", "nowhere"), 15, "templates-missing"),
    ],
)
def test_what_cannot_be_made_is_refused(work: Desk, words: tuple[str, ...], code: int, name: str) -> None:
    work.fails(code, name, "save", "paper", *words)


def test_a_kind_may_be_typed_in_other_ways(work: Desk) -> None:
    assert work.run("save", "paper", "s1", "SAVE_PLAN", "-o", "-").code == 0
    assert "did you mean: roi-sheet" in work.fails(2, "unknown-paper", "save", "paper", "s1", "roi")
    assert "did you mean: battle-card" in work.fails(2, "unknown-paper", "save", "paper", "s1", "batle-card")


def test_a_relapse_begins_a_new_page_of_whys(work: Desk) -> None:
    """SAV-10, SAV-2: what was found the first time round stays with that round."""
    with work.open() as portfolio, portfolio.write("again", "ana", DAY) as operation:
        event = SaveEvent(99, 1, 1, 2, "reopened", "reopened", "They looked again", DAY, None, "ana")
        operation.apply([Change("save_event", (99,), 1, None, event._asdict())])
    text = printed(work, "s1", "save-plan", "md")
    assert "round 2" in text
    assert f"{CANARY} why" not in text


def test_templates_of_ones_own_are_looked_in_first(work: Desk) -> None:
    own = work.folder / "own" / "en"
    own.mkdir(parents=True)
    (own / "save-plan.md.j2").write_text("mine: {{ page.customer }} {{ page.whys|length }}\n")
    assert (
        printed(work, "s1", "save-plan", "md", "--templates", str(work.folder / "own"))
        == "mine: Acme Ltd 5\n"
    )


def test_the_plan_speaks_portuguese_where_the_policy_has_it(work: Desk) -> None:
    """Steps, milestones, success and what to say; only what people wrote stays as they wrote it."""
    text = printed(work, "s1", "save-plan", "md", "--lang", "pt-BR")
    for words in (
        "Ligar: perguntar o que procuram",
        "A avaliação terminou, ou o seu fim tem data",
        "Acesso ao beta, referências e datas do roadmap foram entregues",
        "**Nunca:** Uma palavra contra o concorrente",
        "**Perguntar:** O que vocês procuram",
    ):
        assert words in text, words
    assert "Never" not in text


def test_a_line_of_the_talk_track_keeps_to_whom_it_is_said(work: Desk) -> None:
    assert work.run("save", "start", "B2", "--scenario", "champion_departure").code == 14  # s2 is open
    closed = work.run("save", "close", "s2", "--result", "lost", "--note", "gone")
    assert closed.code == 0, closed.err
    assert work.run("save", "start", "B2", "--scenario", "champion_departure").code == 0
    text = printed(work, "s4", "save-plan", "md")
    assert "**Say:** (to the champion) Thank you" in text


@pytest.mark.needs("chromium")
def test_the_briefing_is_one_page_of_paper_and_the_plan_at_most_five(work: Desk) -> None:
    """SAV-8: one page for the executive, as a real browser prints it."""
    browser = program("chromium")
    assert browser is not None
    for kind, most in (("executive-briefing", 1), ("save-plan", 5)):
        page, paper = work.folder / f"{kind}.html", work.folder / f"{kind}.pdf"
        page.write_text(printed(work, "s1", kind, "html", "--lang", "pt-BR"), encoding="utf-8")
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *(f"--user-data-dir={work.folder / 'browser'}", f"--print-to-pdf={paper}", page.as_uri()),
            ],
            capture_output=True,
            timeout=120,
            check=True,
        )
        pages = len(re.findall(rb"/Type /Page\b", paper.read_bytes()))
        assert 1 <= pages <= most, (kind, pages)
