"""The timeline a customer gets says what they may know, in their language, and nothing of ours (TML-2)."""

import re
from datetime import date
from typing import Any

import pytest

from renewctl.core.milestones import milestones
from renewctl.core.policy import SEGMENTS, Policy
from renewctl.views import documents
from renewctl.views import timeline as view
from tests import hostile
from tests.book import POLICY, TODAY, account, contract
from tests.views.test_documents import EVIL, Reader

OURS = {"supplier": {"name": "Contoso Ltd.", "address": "", "contact": "renewals@example.com"}}
POLICY_OF_OURS = Policy({**POLICY.raw, **OURS, "people": {"ana": {"email": "ana@ours.example"}}})
SECRETS: dict[str, Any] = {
    "segment_override": "enterprise", "segment_reason": "a secret reason", "expansion_minor": 7_777_700,
    "target_arr_minor": 8_888_800, "competitor": "Rival", "sales_owner": "Sam Seller", "industry": "Mining",
    "executive_sponsor": "Vera Boss", "champion": "Joe Champion",
}  # fmt: skip


def page(lang: str = "en", form: str = "html", as_of: date = TODAY, **given: Any) -> str:
    of = account(**{**SECRETS, **given})
    renewal = contract(stage="value_reviewed", arr_minor=12_345_600)
    found = milestones(renewal, POLICY_OF_OURS, as_of)
    made = view.timeline_page(found, of, renewal, POLICY_OF_OURS, lang, as_of)
    return documents.render("timeline", form, lang, made)


def text(lang: str = "en", form: str = "html", **given: Any) -> str:
    shown = page(lang, form, **given)
    return " ".join((Reader(shown).text if form == "html" else shown).split())


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_milestones_their_days_and_our_contact_are_on_it(form: str) -> None:
    """TML-2: renewing on 1 September 2026, with our contact."""
    said = text(form=form)
    for part in (
        "Account 1", "September 1, 2026", "July 3, 2026", "July 18, 2026", "August 2, 2026",
        "Review of your results", "Our formal proposal", "Agreement on price and terms",
        "Contract signed by both of us", "Done", "Next", "Planned", "Contoso Ltd.", "ana",
        "renewals@example.com",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize("form", ["html", "md"])
def test_it_is_there_in_portuguese(form: str) -> None:
    """TML-2."""
    said = text("pt-BR", form)
    for part in ("3 de julho de 2026", "Revisão dos seus resultados", "Concluída", "Próxima", "Seu contato"):
        assert part in said, part
    assert "Planned" not in said


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("form", ["html", "md"])
def test_nothing_internal_is_on_it(form: str, lang: str) -> None:
    """TML-2, REM-90: no step of ours, no address of the owner, no health, segment, money or stage."""
    shown = page(lang, form)
    said = (Reader(shown).text if form == "html" else shown).casefold()
    internal = [
        row.title for segment in SEGMENTS for row in POLICY.timelines[segment] if row.channel == "internal"
    ]
    words = [
        *internal,
        "ana@ours.example",
        "123,456",
        "123.456",
        "77,777",
        "88,888",
        "usd",
        "$",
        "arr",
        "health",
    ]
    words += [
        "enterprise",
        "mid_market",
        "value_reviewed",
        "green",
        "yellow",
        "at_risk",
        "at risk",
        "renewctl",
    ]
    words += [value for value in SECRETS.values() if isinstance(value, str)]
    for word in words:
        assert not re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", said), word


def test_a_day_that_passed_undone_is_to_be_scheduled_and_not_held_up() -> None:
    """TML-2: a customer is shown no miss."""
    said = text(as_of=date(2026, 7, 20))
    assert "July 18, 2026" not in said
    assert "To be scheduled" in said
    assert "July 3, 2026" in said  # done, by the stage
    assert "| – | **Our formal proposal**" in page(form="md", as_of=date(2026, 7, 20))


def test_a_milestone_of_ones_own_is_shown_by_its_name() -> None:
    """TML-2."""
    own = Policy(
        {**POLICY_OF_OURS.raw, "shared_timeline": {"kick-off": {"days": 50, "done_from": "notified"}}}
    )
    renewal = contract()
    made = view.timeline_page(milestones(renewal, own, TODAY), account(), renewal, own, "en", TODAY)
    assert "Kick off" in Reader(documents.render("timeline", "html", "en", made)).text


@pytest.mark.parametrize("name", [*hostile.NAMES.values(), EVIL])
def test_hostile_names_are_text(name: str) -> None:
    """TML-2: what leaves the house is harmless."""
    shown = page(name=name, csm=name)
    assert documents.tidy(name) in " ".join(hostile.check_html(shown).split()) or not documents.tidy(name)
    hostile.check_markdown(page(form="md", name=name, csm=name))
    assert {tag for tag, _ in Reader(shown).tags} == {tag for tag, _ in Reader(page()).tags}
