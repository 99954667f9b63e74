"""Papers show plain data in the reader's language: nothing invented, nothing that comes alive."""

import re
from datetime import date
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from renewctl.core.model import ValueMetric
from renewctl.core.proposal import TIERS, Proposal, proposal
from renewctl.errors import RenderError, UsageError
from renewctl.views import documents, papers
from renewctl.views.wording import Writer
from tests.book import POLICY, account, contract

AS_OF = date(2026, 3, 10)
EVIL = "<script>alert(1)</script> {{7*7}} [/] [x](http://evil.example) `x` | *b* _c_ # \x1b[31m\u202e &lt; https://evil.example"
YEAR = {"period_start_on": date(2025, 1, 1), "period_end_on": date(2025, 12, 31)}


def metric(no: int, name: str, **given_: Any) -> ValueMetric:
    return ValueMetric(
        **{**dict.fromkeys(ValueMetric._fields), "no": no, "account_no": 1, "metric": name, **given_}
    )


METRICS = (
    metric(1, "Hours saved", value="1240", unit="hours", baseline="200", rate="45", currency="USD", **YEAR),
    metric(2, "Error rate", value="1.5", unit="%", baseline="4", quote="It just works.", **YEAR),
)


def offered(metrics: tuple[ValueMetric, ...] = METRICS, **facts: Any) -> tuple[papers.ProposalPage, Proposal]:
    of_contract = {key: facts.pop(key) for key in ("renewal_on", "term_months") if key in facts}
    lang = facts.pop("lang", "en")
    currency = facts.pop("currency", "USD")
    who = account(currency=currency, **{"expansion_minor": 4_000_000, **facts})
    what = contract(currency=currency, **of_contract)
    offer = proposal(
        who,
        what,
        opportunity="expansion",
        band="green",
        metrics=metrics,
        tiers=TIERS,
        policy=POLICY,
        as_of=AS_OF,
    )
    return papers.proposal_page(offer, who, what, POLICY, lang, AS_OF), offer


def value(metrics: tuple[ValueMetric, ...] = METRICS, **facts: Any) -> papers.ValuePage:
    lang = facts.pop("lang", "en")
    return papers.value_page(offered(metrics, **facts)[1].value, account(**facts), POLICY, lang, AS_OF)


class Reader(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.text += data


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("form", documents.FORMATS)
def test_every_price_of_the_offer_stands_on_the_page(lang: str, form: str) -> None:
    page, offer = offered(lang=lang)
    text = documents.render("proposal", form, lang, page)
    say = Writer(lang)
    for tier in offer.tiers:
        for amount in (*(year.price_minor for year in tier.years), tier.total_minor, tier.list_total_minor):
            assert say.money(amount, "USD") in text
    assert say.day(offer.valid_until) in text


@pytest.mark.parametrize("form", documents.FORMATS)
def test_internal_warnings_never_reach_the_customer(form: str) -> None:
    page, offer = offered(expansion_minor=10_000)
    assert offer.warnings
    text = documents.render("proposal", form, "en", page)
    for told in (*offer.warnings, "BND-", "MYR-", "risk"):
        assert told not in text


def test_both_languages_say_the_same_things() -> None:
    texts = {
        lang: documents.environment("md", documents._shipped_loader())
        .get_template(f"{lang}/texts.j2")
        .module.t
        for lang in ("en", "pt_BR")
    }
    assert texts["en"].keys() == texts["pt_BR"].keys()
    for key in ("tier", "note"):
        assert texts["en"][key].keys() == texts["pt_BR"][key].keys()
    assert set(texts["en"]["tier"]) == set(TIERS)
    different = [key for key in texts["en"] if texts["en"][key] != texts["pt_BR"][key]]
    assert len(different) > 0.9 * len(texts["en"])


@pytest.mark.parametrize("form", documents.FORMATS)
def test_what_is_unknown_is_a_blank_to_fill_and_never_a_number(form: str) -> None:
    blank = {"html": '<span class="blank"></span>', "md": documents.BLANK}[form]
    full = documents.render("proposal", form, "en", offered(seats_purchased=50)[0])
    bare = documents.render(
        "proposal", form, "en", offered((), csm=None, renewal_on=None, term_months=None)[0]
    )
    assert bare.count(blank) > full.count(blank)
    assert "None" not in bare
    assert "measured worth" not in bare
    assert "measured worth" in full


@pytest.mark.parametrize("document", ["proposal", "value"])
def test_a_hostile_name_is_text_in_html(document: str) -> None:
    facts = {"name": EVIL, "id": EVIL, "csm": EVIL}
    metrics = (metric(1, EVIL, value="5", unit=EVIL, baseline="3", quote=EVIL, **YEAR),)
    page = offered(metrics, **facts)[0] if document == "proposal" else value(metrics, **facts)
    plain = offered()[0] if document == "proposal" else value()
    found = Reader(documents.render(document, "html", "en", page))
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in Reader(_html(document, plain)).tags}
    assert words(found.text).count(words(documents.tidy(EVIL))) >= 4  # title, heading, contact, metric
    assert "49" not in found.text
    assert "\x1b" not in found.text
    assert "\u202e" not in found.text


def _html(document: str, page: object) -> str:
    return documents.render(document, "html", "en", page)


@pytest.mark.parametrize("document", ["proposal", "value"])
def test_a_hostile_name_is_text_in_markdown(document: str) -> None:
    facts = {"name": EVIL, "id": EVIL, "csm": EVIL}
    metrics = (metric(1, EVIL, value="5", unit=EVIL, baseline="3", quote=EVIL, **YEAR),)
    page = offered(metrics, **facts)[0] if document == "proposal" else value(metrics, **facts)
    text = documents.render(document, "md", "en", page)
    assert "<script" not in text
    assert "{{" not in text
    shown = Reader(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert not {"a", "script", "code", "img"} & {tag for tag, _ in shown.tags}
    assert words(shown.text).count(words(documents.tidy(EVIL))) >= 4  # title, contact, metric, quote


@given(st.text(max_size=40))
def test_any_text_reads_as_itself_in_a_markdown_paragraph_list_heading_and_cell(text: str) -> None:
    tidy = documents.tidy(text)
    safe = documents.markdown(tidy)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for source in (f"{safe}", f"# {safe}", f"- x {safe}", f"| a | b |\n| - | - |\n| x {safe} | y |"):
        shown = Reader(parser.render(source))
        tags = {tag for tag, _ in shown.tags}
        assert not tags & {"a", "code", "em", "strong", "s", "img", "hr", "ol", "h2", "blockquote", "pre"}
        assert tags <= {"p", "h1", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
        assert words(tidy) in words(shown.text)


@given(st.text(max_size=60))
def test_a_tidied_text_is_one_line_without_controls_and_can_be_encoded(text: str) -> None:
    tidy = documents.tidy(text)
    assert tidy == documents.tidy(tidy)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", tidy)
    tidy.encode()


def test_a_page_asks_nothing_of_the_network_and_runs_nothing() -> None:
    for document, page in (("proposal", offered()[0]), ("value", value())):
        html = _html(document, page)
        assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")
        assert "default-src 'none'" in html
        found = Reader(html)
        assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in found.tags}
        assert not any(
            key.startswith("on") or key in ("src", "href") for _, attrs in found.tags for key in attrs
        )
        assert "url(" not in html
        assert "@import" not in html


def test_the_same_page_renders_to_the_same_bytes() -> None:
    assert _html("proposal", offered()[0]) == _html("proposal", offered()[0])


def test_a_users_template_comes_first_and_can_build_on_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "en"
    own.mkdir()
    (own / "proposal.html.j2").write_text(
        '{% extends "shipped/en/proposal.html.j2" %}{% block intro %}Dear {{ page.customer }}{% endblock %}'
    )
    text = documents.render("proposal", "html", "en", offered(name="A & B")[0], tmp_path)
    assert "Dear A &amp; B" in text
    assert "Prices by year" in text
    assert "Dear" not in documents.render("proposal", "md", "en", offered(name="A & B")[0], tmp_path)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("one\n{{ page.nothing }}", 2),
        ("one\ntwo\n{% if %}", 3),
        ("{{ 1 / 0 }}", 1),
        ("\n{{ page.customer.__class__.__mro__ }}", 2),
        ("{{ page._replace(customer=1) }}", 1),
        ('{% include "../../secret" %}', 0),
    ],
)
def test_a_faulty_template_is_named_with_its_line(tmp_path: Path, source: str, line: int) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "value.md.j2").write_text(source)
    with pytest.raises(RenderError) as told:
        documents.render("value", "md", "en", value(), tmp_path)
    assert told.value.exit_code == 15
    if line:
        assert f"en/value.md.j2, line {line}" in told.value.message


def test_a_template_that_is_not_text_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="no such templates folder"):
        documents.render("value", "md", "en", value(), tmp_path / "no")
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "value.md.j2").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RenderError, match=r"en/value\.md\.j2"):
        documents.render("value", "md", "en", value(), tmp_path)


def test_a_page_takes_plain_values_only() -> None:
    with pytest.raises(RenderError, match="plain values"):
        documents.render("value", "md", "en", value()._replace(date=AS_OF))


def test_a_language_is_known_by_its_templates(tmp_path: Path) -> None:
    assert documents.languages() == ("en", "pt-BR")
    assert documents.language("PT_br") == "pt-BR"
    (tmp_path / "es").mkdir()
    (tmp_path / "es" / "value.md.j2").write_text("Hola {{ page.customer }}")
    assert documents.language("es", tmp_path) == "es"
    with pytest.raises(UsageError, match="es"):
        documents.language("es")


def test_amounts_name_their_currency_beyond_doubt_and_have_its_own_digits() -> None:
    english, portuguese = Writer("en"), Writer("pt-BR")
    assert english.money(1_234_500, "USD") == "USD 12,345.00"
    assert portuguese.money(1_234_500, "BRL") == "R$ 12.345,00"
    assert portuguese.money(1_234_500, "USD") == "US$ 12.345,00"
    assert english.money(1_234_500, "JPY") == "JPY 1,234,500"
    assert english.money(1_234_500, "KWD") == "KWD 1,234.500"
    assert english.money(1_234_550, "RSD") == "RSD 12,345.50"  # daily cash has no paras, contracts do
    assert english.money(-5, "USD") == "−USD 0.05"
    assert english.rate(Fraction("0.0125"), "USD") == "USD 0.0125"


def test_dates_terms_and_numbers_read_as_the_language_writes_them() -> None:
    english, portuguese = Writer("en"), Writer("pt-BR")
    assert english.day(AS_OF) == "March 10, 2026"
    assert portuguese.day(AS_OF) == "10 de março de 2026"
    assert [english.months(months) for months in (1, 12, 18, 24)] == [
        "1 month",
        "1 year",
        "18 months",
        "2 years",
    ]
    assert [portuguese.months(months) for months in (1, 12, 18, 24)] == [
        "1 mês",
        "1 ano",
        "18 meses",
        "2 anos",
    ]
    assert portuguese.percent(Fraction("4.16")) == "4,16%"
    assert english.number(Fraction("-1234.5"), signed=True) == "−1,234.5"
    assert english.period(None, None) is None
    assert english.period(AS_OF, AS_OF) == "Mar 10, 2026"


@given(st.integers(0, 9 * 10**12), st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]))
def test_no_amount_loses_a_coin_on_the_page(minor: int, money: tuple[str, int]) -> None:
    currency, digits = money
    for lang in ("en", "pt-BR"):
        shown = Writer(lang).money(minor, currency)
        assert int(re.sub(r"\D", "", shown)) == minor
        assert len(re.split(r"[.,]", shown)[-1]) == (digits or len(re.split(r"[.,]", shown)[-1]))


def test_a_percentage_of_a_percentage_is_not_shown() -> None:
    hours, rate = value().gains
    assert hours.change == "+1,040 (+520%)"
    assert (rate.now, rate.before, rate.change) == ("1.5%", "4%", "−2.5")


def test_templates_are_found_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (documents.templates_folder() / "base" / "layout.html.j2").is_file()
