"""The morning's digest in each format: short, loud first, and harmless wherever it is posted (DSH, SAV-9)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from renewctl.core.digest import digest
from renewctl.core.due import BY_DAY, DEADLINE, Item
from renewctl.views import digest as view
from renewctl.views.documents import tidy
from tests import hostile
from tests.book import TODAY
from tests.core.test_digest import item
from tests.views.test_documents import EVIL, Reader


def laid(
    items: list[Item], owner: str | None = "Ana", lang: str = "en", most: int = 25, days: int = 7
) -> view.Laid:
    return view.laid_out(digest(owner, items, TODAY, days), lang, most, "USD")


def told(items: list[Item], **given_: Any) -> str:
    return view.text(laid(items, **given_).blocks)


SOME = [
    item("promise", 3, DEADLINE, no=1, arr_base_minor=1_234_550),
    item("notice", -2, no=2, arr_base_minor=100),
    item("review", 0, no=2, arr_base_minor=100),
    item("ebr", 5, no=3, arr_base_minor=None),
]


def test_a_digest_in_english() -> None:
    """DSH: counts, what is loud, the rest. 12,345.50 and 1.00 make 12,346.50, printed to the unit."""
    assert told(SOME).split("\n") == [
        "Renewals of Ana, March 2, 2026",
        "1 overdue, 1 today, 2 in the next 7 days",
        "USD 12,346 of ARR in 3 renewals (1 of unknown ARR) with work in these days",
        "",
        "First",
        "- Account 1: Do promise (internal, due Mar 5) [1-promise]",
        "",
        "Then",
        "- Account 2: Do notice (internal, 2 days late) [2-notice]",
        "- Account 2: Do review (internal, due today) [2-review]",
        "- Account 3: Do ebr (internal, due Mar 7) [3-ebr]",
        "",
    ]


def test_a_digest_in_portuguese() -> None:
    """DSH."""
    assert told(SOME[:2], lang="pt-BR").split("\n") == [
        "Renovações de Ana, 2 de março de 2026",
        "1 em atraso, 0 para hoje, 1 nos próximos 7 dias",
        "USD 12.346 de ARR em 2 renovações com trabalho nestes dias",
        "",
        "Primeiro",
        "- Account 1: Do promise (interno, até 5 de mar.) [1-promise]",
        "",
        "Depois",
        "- Account 2: Do notice (interno, 2 dias de atraso) [2-notice]",
        "",
    ]


def test_an_empty_morning_and_work_that_nobody_owns() -> None:
    """OWN-3."""
    assert told([]) == "Renewals of Ana, March 2, 2026\nNothing is due.\n"
    assert told([], lang="pt-BR").endswith("Nada a fazer.\n")
    assert told(SOME[1:2], owner=None).startswith("Renewal work that nobody owns, March 2, 2026\n")
    assert "\nTo do\n" in told(SOME[1:2])
    assert "of ARR in 1 renewal with" in told(SOME[1:2])


def test_the_next_to_do_keeps_its_notes_and_long_titles_are_cut() -> None:
    """DSH."""
    long = item("x", 1)
    long = long._replace(
        task=long.task._replace(title="Do " + "much " * 60, note="hurry", channel="customer")
    )
    line = told([long]).split("\n")[-2]
    assert line.startswith("- Account 1: Do much")
    assert line.endswith("… (to the customer, due Mar 3; hurry) [1-x]")
    assert len(line) < 170


@settings(max_examples=60)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(8, 30), st.sampled_from(view.LANGUAGES))
def test_a_digest_is_never_longer_than_allowed_and_says_what_it_leaves_out(
    loud: int, rest: int, most: int, lang: str
) -> None:
    """DSH: what is loud comes first, and what is left out is counted."""
    items = [item(f"l{no}", no % 9, DEADLINE) for no in range(loud)]
    items += [item(f"i{no}", no % 9, BY_DAY) for no in range(rest)]
    found = laid(items, lang=lang, most=most)
    lines = [line for line in view.text(found.blocks).split("\n") if line]
    assert len(lines) == len(found.blocks) <= most
    assert len(found.shown) + found.left_out == loud + rest
    assert lines[-1].startswith("…") == bool(found.left_out)
    if found.left_out:
        assert len(lines) >= most - 1  # a heading is not put over nothing
        assert re.search(rf"\b{found.left_out}\b.*: renewctl due --days 7$", lines[-1])
    if any(name.startswith("1-i") for name in found.shown):
        assert sum(name.startswith("1-l") for name in found.shown) == loud


NAMES = st.one_of(st.text(max_size=40), st.sampled_from([*hostile.NAMES.values(), EVIL, "<!channel> <@U1>"]))


@settings(max_examples=80)
@given(NAMES, NAMES, NAMES)
def test_names_are_text_in_every_format(account: str, title: str, owner: str) -> None:
    """DSH: nothing in a name calls people, becomes a link or a tag, or steers a terminal."""
    one = item("x", 1, account_name=account)
    one = one._replace(task=one.task._replace(title=title))
    blocks = laid([one], owner=owner or "Ana").blocks
    hostile.check_plain(view.text(blocks))
    chat = view.slack(blocks)
    hostile.check_plain(chat)
    assert "<" not in chat
    assert ">" not in chat
    assert _unchat(chat).count(tidy(account)) >= 1
    shown = Reader(MarkdownIt("commonmark", {"html": True}).render(view.as_markdown(blocks)))
    assert not {"a", "img", "script", "code", "em"} & {tag for tag, _ in shown.tags}
    page = view.page([blocks, blocks], "en")
    assert " ".join(tidy(account).split()) in " ".join(hostile.check_html(page).split())
    assert {tag for tag, _ in Reader(page).tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "bdi",
    }  # fmt: skip


def _unchat(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.mark.parametrize("lang", view.LANGUAGES)
def test_both_languages_have_the_same_words(lang: str) -> None:
    """DSH."""
    assert view._WORDS[lang].keys() == view._WORDS["en"].keys()
    assert all(view._WORDS[lang].values())


def test_the_document_tells_what_is_shown_and_what_is_not() -> None:
    """DSH."""
    items = [item(f"i{no}", 1) for no in range(30)]
    of = digest("Ana", [SOME[0], *items], TODAY, 7)
    found = view.laid_out(of, "en", 10, "USD")
    document = view.document(of, found, "text", "USD")
    assert document["counts"] == {"overdue": 0, "today": 0, "upcoming": 31}
    assert document["loud"] == ["1-promise"]
    assert len(document["items"]) + 1 + document["left_out"] == 31
    assert (document["owner"], document["text"], document["currency"]) == ("Ana", "text", "USD")


@given(st.integers(20, 200))
def test_on_a_screen_lines_fit_and_nothing_is_lost(columns: int) -> None:
    """DSH: readable at 80 and at 200 columns."""
    whole = told(SOME)
    shown = view.fitted(whole, columns)
    assert all(len(line) <= columns for line in shown.split("\n"))
    assert shown.split() == whole.split()
    assert view.fitted(whole, 200) == whole


def test_a_day_in_another_year_is_still_a_day() -> None:
    """DSH."""
    far = item("x", (date(2027, 1, 5) - TODAY).days)
    assert "due Jan 5" in told([far], days=400)
    assert TODAY + timedelta(days=309) == far.due_on
