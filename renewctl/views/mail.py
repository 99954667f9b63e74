"""Mails as files that mail programs open as drafts (.eml): headers nobody can break into, text and HTML.

Headers are encoded word by word as RFC 2047 has it, so that a name can hold anything and stays a name. The
file is read again under the strictest policy of the standard library before it is given out.
"""

import re
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from renewctl.core.mail import Addressee, Letter, mail_rules, sender
from renewctl.core.policy import Policy
from renewctl.errors import RenderError
from renewctl.views import documents
from renewctl.views.papers import GainLine, Supplier, TotalLine, supplier, value_page
from renewctl.views.wording import Writer

STRICT = SMTP.clone(raise_on_defect=True)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 '-]{1,60}")
_LONGEST = 120  # letters of a name in a header
_SUBJECT = 200


class MailPage(NamedTuple):
    """Everything a mail prints; nothing internal is among it."""

    mail: str
    step: str
    customer: str
    names: tuple[str, ...]  # whom it greets
    supplier: Supplier
    author: str | None
    date: str
    renewal_on: str | None
    ending: str  # auto | ends | open
    deadline_on: str | None
    price: str | None  # the yearly price in force
    term: str | None
    gains: tuple[GainLine, ...]
    totals: tuple[TotalLine, ...]
    period: str | None  # of every gain
    reply_to: str | None  # an address that a click can write to
    reply_url: str | None  # the same for a link, with the subject filled in


class Written(NamedTuple):
    """A mail as a file, and what stands in its headers."""

    data: bytes
    subject: str
    sender: str | None
    to: tuple[str, ...]  # addresses


def mail_page(letter: Letter, policy: Policy, lang: str, day: datetime) -> MailPage:
    """What a mail prints, written in its language."""
    say = Writer(lang)
    contract, account = letter.contract, letter.account
    value = value_page(letter.value, account, policy, lang, day.date())
    measured = sorted((gain for gain in value.gains if gain.now), key=lambda gain: gain.worth is None)
    gains = tuple(measured[: mail_rules(policy).most_figures])
    currency = (contract.currency if contract else None) or account.currency
    price = None
    if contract is not None and contract.arr_minor is not None and currency:
        price = say.money(contract.arr_minor, currency)
    own = sender(letter.owner, policy)
    subject = quote(f"{letter.account.name}: {letter.account.id}")
    return MailPage(
        letter.mail,
        letter.step,
        account.name,
        tuple(each.name for each in letter.addressed.to),
        supplier(policy),
        letter.owner,
        say.day(day.date()),
        say.day(contract.renewal_on) if contract and contract.renewal_on else None,
        letter.ending,
        say.day(letter.deadline_on) if letter.deadline_on else None,
        price,
        say.months(contract.term_months) if contract and contract.term_months else None,
        gains,
        value.totals if sum(1 for gain in measured if gain.worth) > 1 else (),
        value.period,
        own,
        f"mailto:{quote(own)}?subject={subject}" if own else None,
    )


class Envelope(NamedTuple):
    """What stands around a mail's text."""

    item: str  # what the mail is about: the same one, at the same time, is the same mail
    owner: str | None  # who sends it
    to: tuple[Addressee, ...]


def write(
    letter: Letter, policy: Policy, lang: str, at: datetime, portfolio_id: str, folder: Path | None = None
) -> Written:
    """The mail of a letter, dated `at`; the same letter gives the same bytes.

    Raises RenderError (exit 15) for a template that fails or is not there, or text no mail can hold.
    """
    page = mail_page(letter, policy, lang, at)
    envelope = Envelope(letter.item, letter.owner, letter.addressed.to)
    return post("mail", page, envelope, policy, lang, at, portfolio_id, folder)


def post(
    document: str,
    page: object,
    envelope: Envelope,
    policy: Policy,
    lang: str,
    at: datetime,
    portfolio_id: str,
    folder: Path | None = None,
) -> Written:
    """The mail of a page: text and HTML of a document's templates, the subject the first line of the text."""
    subject, _, text = documents.render(document, "txt", lang, page, folder).strip().partition("\n")
    html = documents.render(document, "html", lang, page, folder)
    own = sender(envelope.owner, policy)
    subject = documents.tidy(subject)[:_SUBJECT]
    mark = sha256("\n".join((portfolio_id, envelope.item, at.isoformat(), lang)).encode()).hexdigest()[:32]
    message = EmailMessage(policy=SMTP)
    if own is not None:
        name = envelope.owner or supplier(policy).name or ""
        _set(message, "From", _mailboxes([Addressee(name, own, "")]))
    if envelope.to:
        _set(message, "To", _mailboxes(envelope.to))
    _set(message, "Subject", _encoded(subject, "Subject"))
    _set(message, "Date", format_datetime(at))
    domain = own.rpartition("@")[2] if own else "renewctl.invalid"
    _set(message, "Message-ID", f"<{mark}@{domain}>")
    _set(message, "X-Unsent", "1")
    message["MIME-Version"] = "1.0"
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html.strip() + "\n", subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{mark}")  # no line of quoted-printable text can begin so
    _set(message, "Content-Language", lang)
    data = message.as_bytes()
    written = Written(data, subject, own, tuple(each.email for each in envelope.to))
    _check(written, text, html, envelope.item)
    return written


def _set(message: EmailMessage, name: str, value: str) -> None:
    """A header as it is, folded already: the library's own folding moves blanks and commas of some names."""
    message.set_raw(name, value)


def _encoded(text: str, name: str) -> str:
    """Text for a header: as it is where nothing in it could be taken for more, else in encoded words."""
    if len(text) + len(name) < 70 and text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def _mailboxes(people: "tuple[Addressee, ...] | list[Addressee]") -> str:
    found = []
    for each in people:
        name = documents.tidy(each.name)[:_LONGEST].strip()
        if not name:
            found.append(each.email)
        elif _PLAIN_NAME.fullmatch(name):
            found.append(f"{name} <{each.email}>")
        else:
            words = Header(name, "utf-8", maxlinelen=70, header_name="From").encode(linesep="\r\n")
            found.append(f"{words}\r\n <{each.email}>")
    return ",\r\n ".join(found)


def _check(written: Written, text: str, html: str, item: str) -> None:
    """RenderError unless the file reads as what went into it, without a defect."""
    try:
        message = BytesParser(policy=STRICT).parsebytes(written.data)
        told = message.get("To")
        to = tuple(each.addr_spec for each in told.addresses) if told is not None else ()
        parts = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
        same = (
            to == written.to
            and str(message["Subject"]) == written.subject
            and parts == [text.strip() + "\n", html.strip() + "\n"]
        )
    except Exception as error:  # whatever the strict reading finds
        raise _unfit(item) from error
    if not same:
        raise _unfit(item)


def _unfit(item: str) -> RenderError:
    return RenderError(
        "mail-unfit",
        f"{item}: its text or names do not fit into a mail",
        "look at the names of its addressees and at your templates",
    )
