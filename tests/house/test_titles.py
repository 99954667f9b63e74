"""Every shipped title has a name in each language, none is left over, and none was forgotten in between."""

import ast
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from renewctl.core import agenda, signs
from renewctl.core.model import Account, Reading
from renewctl.core.policy import Question
from renewctl.policies import __main__ as generator
from renewctl.views.titles import Titles
from tests.book import POLICY

FILES = sorted(generator.HERE.glob("titles.*.toml"))
PLACE = re.compile(r"{\w+}")


def words(file: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def of_the_policy() -> set[str]:
    """What the shipped policy calls its steps."""
    return {
        *(step.title for steps in POLICY.timelines.values() for step in steps),
        *(each.title for cadence in POLICY.cadence.values() for each in cadence),
        *(step.title for book in POLICY.playbooks.values() for step in book.steps),
        *(text for book in POLICY.playbooks.values() for text in (*book.checkins.values(), *book.recovery)),
        *(text for book in POLICY.playbooks.values() for text in (book.update, book.title)),
        *POLICY.saves.checkins.values(),
        *POLICY.offers.gets.values(),
        *POLICY.saves.chain_titles.values(),
        *(text for book in POLICY.playbooks.values() for text in (*book.success, *book.talk_track)),
        *(text for book in POLICY.playbooks.values() for text in book.milestones.values()),
        *(each.text for each in POLICY.saves.milestones.values()),
        *POLICY.saves.success.values(),
        *(step.done_when for book in POLICY.playbooks.values() for step in book.steps),
        *(step.told for book in POLICY.playbooks.values() for step in book.steps if step.told),
        *(text for question in questions() for text in (question.text, *question.answers)),
        *(cause.text for book in POLICY.playbooks.values() for cause in book.root_causes.values()),
    }


def questions() -> list[Question]:
    """Every question that a playbook asks."""
    return [each for book in POLICY.playbooks.values() for step in book.steps for each in step.asks]


def of_the_agenda() -> set[str]:
    """What the agenda calls the items that no table of the policy names."""
    return {each.title for each in vars(agenda).values() if isinstance(each, agenda.Task)}


def constants() -> set[str]:
    """Every text that the core's code holds."""
    sources = [file.read_text(encoding="utf-8") for file in Path(str(agenda.__file__)).parent.glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_portuguese_is_there() -> None:
    assert [file.name for file in FILES] == ["titles.pt-BR.toml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_title_has_a_name_and_none_is_left_over(file: Path) -> None:
    found = words(file)
    assert set(found) == {"titles", "phrases"}
    shipped = of_the_policy() | of_the_agenda()
    assert shipped - set(found["titles"]) == set(), f"say them in {file.name}"
    assert set(found["titles"]) - shipped - constants() == set(), f"nobody says them; out of {file.name}"
    for phrase in found["phrases"]:
        for part in filter(None, PLACE.split(phrase)):
            assert any(part in each or part.strip() == each.strip() for each in constants()), phrase


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_on_record_of_an_account_is_said_with_its_figures_and_days(file: Path) -> None:
    """SAV-1: every sign that a save may begin with."""
    on = date(2026, 3, 2)
    account = dict.fromkeys(Account._fields) | {
        "no": 1, "recorded_on": on, "cancel_notice_on": on, "champion_gone": 1, "competitor": "Rival One",
        "ticket_severity": 1, "ticket_severity_on": on,
    }  # fmt: skip
    read = dict.fromkeys(Reading._fields) | {
        "read_on": on,
        "open_tickets": 9,
        "csat": 1.5,
        "usage_trend": -40,
    }
    seen = [
        each.because.observed
        for facts in (account, account | {"ticket_severity_on": None})
        for each in signs.on_record(Account(**facts), [Reading(**read)], POLICY)
    ]
    assert len({each.split("2026")[0] for each in seen}) == 8
    lang = file.name.removeprefix("titles.").removesuffix(".toml")
    told = {each: Titles(words(file), {}, lang).said(each) for each in seen}
    for english, said in told.items():
        assert english != said
        assert "2026-03-02" not in said
    assert told["competitor named: Rival One"] == "concorrente citado: Rival One"
    assert told["usage -40 % in 90 days (2026-03-02)"] == "uso −40 % em 90 dias (2 de março de 2026)"
    assert told["CSAT 1.5 (2026-03-02)"] == "nota CSAT 1,5 (2 de março de 2026)"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_name_is_blank_left_in_english_or_loses_a_place(file: Path) -> None:
    for table in words(file).values():
        for english, said in table.items():
            assert said.strip() == said != "", english
            assert said != english
            assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(english)), english
            assert english[-1:] not in "?!" or said[-1:] == english[-1:], english
    said = list(words(file)["titles"].values())
    assert sorted({each for each in said if said.count(each) > 1}) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize(
    "text",
    [
        "25 % off for the year paid in advance, until 2026-09-01",
        "60 days to pay instead of 30, until 2026-04-30",
        "12.5 % off until 2026-09-01, then the standard price",
        "40 % off in months 1 to 3, 20 % off in month 4, then the standard price",
        "9 % off until 2026-09-01 for the volume agreed",
        "the set-up fee of USD 1,200.50 due on 2026-09-01",
        "the price stays at USD 41,000 a year until 2026-09-01",
        "advanced features on trial until 2026-09-01",
        "less scope, USD 900 every 3 months until 2026-09-01",
        "invoiced every month until 2026-09-01",
        "the core features only at USD 900 a year until 2026-09-01",
        "12 of 30 seats at USD 900 a year until 2026-09-01, 5 % off until 2026-09-01",
        "fewer seats at USD 900 a year until 2026-09-01",
    ],
)
def test_what_an_offer_gives_is_said_whole(file: Path, text: str) -> None:
    """SAV-4: no English word is left in it."""
    said = Titles(words(file), POLICY.timelines, file.stem.partition(".")[2]).said(text)
    assert not re.search(r"\d{4}-|\b(off|until|then|the|of|to|at|seats|months?|every|due|USD)\b", said), said
