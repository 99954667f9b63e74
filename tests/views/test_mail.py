"""A mail says what is on record, asks for one thing, and holds whatever names hold."""

import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.mail import Addressed, Addressee, Letter, ending, sends
from renewctl.core.policy import Policy
from renewctl.core.value import value_summary
from renewctl.errors import RenderError
from renewctl.views import mail
from renewctl.views.documents import templates_folder, tidy
from tests import hostile
from tests.book import POLICY, account, contract
from tests.views.test_documents import EVIL, METRICS, Reader

AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
MAILS = sorted(path.name.removesuffix(".j2") for path in (templates_folder() / "en").glob("mail-*.j2"))
# Every mail with every step that sends it, and with one that no shipped policy knows.
SENT = sorted(
    {(name, "of-ones-own") for name in MAILS}
    | {(row.template, row.step) for steps in POLICY.timelines.values() for row in steps if sends(row)}
    | {(row.template, f"{row.name}-2026q4") for rows in POLICY.cadence.values() for row in rows}
)
SENDING = Policy({**POLICY.raw, "people": {"ana": {"email": "ana@example.com"}}})
SUPPLIED = Policy({**SENDING.raw, "supplier": {"name": "Contoso <b>", "address": "", "contact": ""}})
MARIA = Addressee("Maria Lima", "maria@example.com", "champion")


def letter(
    which: str = "mail-notice", step: str = "notice", /, metrics: Any = METRICS, **given_: Any
) -> Letter:
    people = given_.pop("to", (MARIA,))
    owner = given_.pop("owner", "ana")
    terms = {key: given_.pop(key) for key in ("auto_renew", "notice_days", "arr_minor") if key in given_}
    of = account(**given_)
    what = contract(**terms)
    return Letter(
        "1-notice", which, step, of, what, owner, Addressed(people, ()),
        value_summary(of, metrics, AT.date()), *ending(what, AT.date()),
    )  # fmt: skip


def written(of: Letter, lang: str = "en", policy: Policy = SENDING, folder: Path | None = None) -> Any:
    data = mail.write(of, policy, lang, AT, "p1", folder).data
    return BytesParser(policy=mail.STRICT).parsebytes(data)


def parts(message: Any) -> tuple[str, str]:
    """The text and the page, line ends as Python has them."""
    text, page = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    return text, page


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("name", MAILS)
def test_every_mail_is_accepted_by_the_strictest_reading_and_written_again_the_same(
    name: str, lang: str
) -> None:
    """REM-X: an .eml that the standard library's strict policy reads without a defect and re-reads equal."""
    data = mail.write(letter(name, auto_renew=1, notice_days=30), SENDING, lang, AT, "p1").data
    message = BytesParser(policy=mail.STRICT).parsebytes(data)
    assert message.as_bytes() == data
    assert not message.defects
    assert all(not part.defects for part in message.walk())
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert all(line.endswith("\r\n") and len(line) <= 1000 for line in data.decode("ascii").splitlines(True))
    headers = dict(message.items())
    assert headers["From"] == "ana <ana@example.com>"
    assert headers["To"] == "Maria Lima <maria@example.com>"
    assert headers["Date"] == "Tue, 10 Mar 2026 09:00:00 +0000"
    assert headers["X-Unsent"] == "1"
    assert headers["Content-Language"] == lang


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize(("name", "step"), SENT)
def test_a_mail_asks_for_one_thing(name: str, step: str, lang: str) -> None:
    """REM-14: one clear action, in the text and on the page alike."""
    text, page = parts(written(letter(name, step, auto_renew=0), lang))
    actions = re.findall(r'<p class="action"[^>]*>(.*?)</p>', page, re.S)
    assert len(actions) == 1
    asked = " ".join(Reader(f"<p>{actions[0].split('<br>')[0]}</p>").text.split())
    assert asked in " ".join(text.split())
    asking = r"\bplease\b|\breply\b" if lang == "en" else r"\bpor favor\b|\bresponda\b"
    others = " ".join(text.split()).replace(asked, "")
    assert re.search(asking, asked, re.I)
    assert not re.search(asking, others, re.I), others


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("name", MAILS)
def test_no_number_is_in_a_mail_that_is_not_on_record(name: str, lang: str) -> None:
    """VAL, PRP-1: without figures that paragraph is left out, and nothing is invented."""
    of = letter(name, "final-terms", metrics=(), auto_renew=1, notice_days=30)
    text, page = parts(written(of, lang))
    # 1 September 2026 less 30 days' notice is 2 August; 120,000 a year; a term of 1 year; the account's name.
    allowed = {"1", "2", "2026", "120", "000", "00"}
    for shown in (text, Reader(page).text):
        assert set(re.findall(r"\d+", shown)) <= allowed
    assert "<table" not in page.partition('<p class="action"')[0] or "<strong>" not in page


@pytest.mark.parametrize(("lang", "hours"), [("en", "1,240 hours"), ("pt-BR", "1.240 hours")])
def test_measured_figures_are_shown_as_the_language_writes_them(lang: str, hours: str) -> None:
    """VAL."""
    text, page = parts(written(letter("mail-value"), lang))
    for shown in (text, Reader(page).text):
        assert hours in shown
        assert "55,800.00" in shown or "55.800,00" in shown


def test_only_as_many_figures_are_shown_as_the_policy_says_those_with_a_worth_first() -> None:
    """VAL."""
    few = Policy({**SENDING.raw, "mail": {**SENDING.raw["mail"], "most_figures": 1}})
    text, _ = parts(written(letter("mail-value", metrics=METRICS[::-1]), policy=few))
    assert "Hours saved" in text
    assert "Error rate" not in text


def test_what_ends_when_is_said_as_the_contract_has_it() -> None:
    """REM-7, ANCHOR: the last reminder names what ends and when, never more than is known."""

    def said(**terms: Any) -> str:
        return " ".join(parts(written(letter("mail-last-reminder", **terms)))[0].split())

    tacit = said(auto_renew=1, notice_days=30)
    assert "renews by itself on September 1, 2026 unless one of us gives notice by August 2, 2026" in tacit
    assert "gives notice" not in said(auto_renew=1, notice_days=None)
    assert "ends on September 1, 2026 unless we renew it" in said(auto_renew=0)
    unknown = said(auto_renew=None, notice_days=30)
    assert "The current term ends on September 1, 2026." in unknown
    assert "by itself" not in unknown


def test_prices_stand_in_the_mails_about_terms_only() -> None:
    """TML: terms only from facts."""
    with_price = {name for name in MAILS if "120,000.00" in parts(written(letter(name)))[0]}
    assert with_price == {"mail-terms", "mail-proposal"}
    assert "120,000" not in parts(written(letter("mail-terms", arr_minor=None)))[0]


def test_one_click_answers_where_there_is_an_address_to_answer_to() -> None:
    """TML-S: a one-click option where possible."""
    page = parts(written(letter("mail-proposal", name="Acme & Söhne?x=1")))[1]
    [link] = re.findall(r'href="([^"]*)"', page)
    assert link == "mailto:ana%40example.com?subject=Acme%20%26%20S%C3%B6hne%3Fx%3D1%3A%20A1"
    assert "href" not in parts(written(letter("mail-proposal"), policy=POLICY))[1]
    assert "href" not in parts(written(letter("mail-notice")))[1]


def test_without_an_address_of_the_sender_or_of_anybody_the_headers_are_left_to_the_mail_program() -> None:
    """STK-1: nobody is guessed."""
    message = written(letter(to=()), policy=POLICY)
    assert message["From"] is None
    assert message["To"] is None
    text = parts(message)[0]
    assert text.startswith("Hello,\n")
    assert text.rstrip().endswith("Kind regards\nana")
    assert "_" not in text


def test_many_addressees_are_greeted_together_and_the_supplier_signs() -> None:
    """STK-1, PRP-1."""
    people = tuple(Addressee(f"P{no}", f"p{no}@example.com", "user") for no in range(4))
    text, page = parts(written(letter(to=people, owner=None), policy=SUPPLIED))
    assert text.startswith("Hello all,\n")
    assert text.rstrip().endswith("Kind regards\nContoso <b>")
    assert "Contoso &lt;b&gt;" in page


def test_the_same_letter_is_the_same_file_and_another_day_has_another_id() -> None:
    """REM-X: a draft made again changes nothing."""
    one, two = (mail.write(letter(), SENDING, "en", AT, "p1").data for _ in range(2))
    assert one == two
    ids = {
        BytesParser(policy=mail.STRICT).parsebytes(mail.write(of, SENDING, lang, at, book).data)["Message-ID"]
        for of, lang, at, book in (
            (letter(), "en", AT, "p1"), (letter(), "pt-BR", AT, "p1"), (letter(), "en", AT, "p2"),
            (letter(), "en", AT.replace(day=11), "p1"), (letter()._replace(item="2-notice"), "en", AT, "p1"),
        )
    }  # fmt: skip
    assert len(ids) == 5


NAMES = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*hostile.NAMES.values(), EVIL, "=?utf-8?q?Eve?=", 'A "b" <c@d.example>', "Ö, P; <x@y>"]),
    st.text(alphabet='äö,;:"<>@()\\ =?_.', min_size=60, max_size=150),
)


def _name(name: str) -> str:
    """What a header may show of a name: one line of at most 120 letters."""
    return tidy(name)[:120].strip()


@settings(max_examples=80)
@given(st.lists(NAMES, min_size=1, max_size=5), NAMES, NAMES)
def test_whatever_names_hold_headers_hold_them_as_names_and_the_mail_reads_back(
    names: list[str], customer: str, owner: str
) -> None:
    """STK-1: no name can add a header, an addressee or a recipient."""
    people = tuple(Addressee(name, f"p{no}@example.com", "user") for no, name in enumerate(names))
    policy = Policy({**POLICY.raw, "people": {owner: {"email": "own@example.com"}}})
    of = letter("mail-value", to=people, owner=owner, name=customer, metrics=())
    data = mail.write(of, policy, "en", AT, "p1").data
    message = BytesParser(policy=mail.STRICT).parsebytes(data)
    assert message.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "X-Unsent", "MIME-Version", "Content-Type",
        "Content-Language",
    ]  # fmt: skip
    assert [each.addr_spec for each in message["To"].addresses] == [each.email for each in people]
    assert [each.addr_spec for each in message["From"].addresses] == ["own@example.com"]
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    assert all(len(line) <= 78 or "example.com" in line for line in head.split("\r\n"))
    # An older reader of the standard library, which knows nothing of address headers, decodes the same names.
    raw = re.split(r"\r\n(?=[A-Za-z-]+:)", head)[1].removeprefix("To: ")
    shown = str(make_header(decode_header(re.sub(r"\r\n ", " ", raw))))
    for each in people:
        assert _name(each.name) in " ".join(shown.split()) or not _name(each.name)
    text, page = parts(message)
    hostile.check_html(page.replace("mailto:", ""))
    assert tidy(customer) in " ".join(text.split())


def test_a_name_that_looks_like_an_encoded_word_stays_as_it_is_typed() -> None:
    """STK-1."""
    fake = "=?utf-8?q?Eve?="
    message = written(letter(to=(Addressee(fake, "p@example.com", "user"),)))
    assert message["To"].addresses[0].display_name == fake


def test_a_hostile_account_is_text_in_the_text_and_on_the_page() -> None:
    """STK-1."""
    text, page = parts(written(letter("mail-notice", name=EVIL)))
    plain = parts(written(letter("mail-notice")))[1]
    assert {tag for tag, _ in Reader(page).tags} == {tag for tag, _ in Reader(plain).tags}
    assert "\x1b" not in text + page
    assert "{{7*7}}" in text


def test_words_of_ones_own_come_first_and_a_mail_without_words_is_named(tmp_path: Path) -> None:
    """WIN-5."""
    own = tmp_path / "en"
    own.mkdir()
    (own / "mail-notice.j2").write_text(
        "{% set subject %}For {{ page.customer }}{% endset %}{% set opening %}Dear friends{% endset %}"
        "{% set action %}Please call.{% endset %}"
    )
    message = written(letter(name="A & B"), folder=tmp_path)
    assert message["Subject"] == "For A & B"
    text, page = parts(message)
    assert "Dear friends" in text
    assert "For A &amp; B" in page
    with pytest.raises(RenderError, match=r"en/mail-pigeon\.j2") as told:
        written(letter("mail-pigeon"))
    assert told.value.exit_code == 15


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Notice", b"Subject: Another notice"),
        (b"Hello Maria", b"Hello Mario"),
        (b"To: Maria Lima <maria@example.com>", b"To: Maria Lima <eve@evil.example>"),
        (b"To: Maria Lima <maria@example.com>\r\n", b""),
        (b"To: Maria Lima <maria@example.com>", b"To: Maria <<"),
        (b"--\r\n", b""),
    ],
)
def test_a_file_that_would_not_read_as_what_went_into_it_is_not_given_out(old: bytes, new: bytes) -> None:
    """REM-X: the guard that every mail passes sees what it is for."""
    of = letter()
    good = mail.write(of, SENDING, "en", AT, "p1")
    text, page = parts(BytesParser(policy=mail.STRICT).parsebytes(good.data))
    mail._check(good, text, page, "1-notice")
    assert old in good.data
    with pytest.raises(RenderError, match="1-notice") as told:
        mail._check(good._replace(data=good.data.replace(old, new, 1)), text, page, "1-notice")
    assert told.value.exit_code == 15


def test_a_subject_beyond_ascii_is_encoded_and_read_back() -> None:
    """REM-X."""
    of = letter("mail-notice")
    head = mail.write(of, SENDING, "pt-BR", AT, "p1").data.partition(b"\r\n\r\n")[0].decode("ascii")
    assert "Subject: =?utf-8?q?Aviso" in head
    assert written(of, "pt-BR")["Subject"] == "Aviso de renovação do seu contrato em 1 de setembro de 2026"
