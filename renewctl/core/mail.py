"""Mails to a customer: which step sends one, to whom, from whom, in which language (STK-1, REM, VAL).

What a mail says comes from recorded facts only; who is addressed comes from the stakeholder map and the
roles its step names. Nobody is guessed: who is missing is said.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import NamedTuple

from renewctl.core.model import Account, Contract, Departure, Stakeholder
from renewctl.core.policy import Cadence, Policy, Step
from renewctl.core.stakeholders import addressees
from renewctl.core.timeline import anchor
from renewctl.core.value import ValueSummary

PREFIX = "mail-"  # of the templates that are mails; others are papers
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST = 254  # of an address (RFC 5321)


class MailRules(NamedTuple):
    """What the policy says of mails."""

    hour: time
    most_figures: int
    default_language: str
    languages: Mapping[str, str]  # country -> language


class Addressee(NamedTuple):
    """Somebody a mail goes to."""

    name: str
    email: str
    role: str


class Missing(NamedTuple):
    """Somebody a mail should go to and cannot; `name` None where nobody is known in the role."""

    role: str
    name: str | None
    why: str


class Addressed(NamedTuple):
    """Whom a step addresses, in the order of its roles, and who of them cannot be reached."""

    to: tuple[Addressee, ...]
    missing: tuple[Missing, ...]


class Letter(NamedTuple):
    """All that one mail is made from."""

    item: str
    mail: str  # the template, such as mail-notice
    step: str
    account: Account
    contract: Contract | None
    owner: str | None  # who sends it
    addressed: Addressed
    value: ValueSummary
    ending: str  # see `ending`
    deadline_on: date | None  # the last day to give notice, where it is still to come


def mail_rules(policy: Policy) -> MailRules:
    """The policy's `[mail]`."""
    table = policy.raw["mail"]
    return MailRules(
        time.fromisoformat(table["hour"]),
        table["most_figures"],
        table["default_language"],
        dict(table["languages"]),
    )


def language(asked: str | None, country: str | None, policy: Policy) -> str:
    """The language of a mail: the one asked for, else that of the account's country, else the default."""
    rules = mail_rules(policy)
    return asked or rules.languages.get((country or "").strip().upper(), rules.default_language)


def sender(person: str | None, policy: Policy) -> str | None:
    """The address one of our people writes from: their own of `[people]`, else the one of `[supplier]`.

    None where the policy names neither: the mail program then puts in whoever sends.
    """
    row = policy.raw.get("people", {}).get(person) or {}
    return address(row.get("email")) or address(policy.raw.get("supplier", {}).get("contact"))


def address(text: str | None) -> str | None:
    """An e-mail address as mail programs take it, None where it is none; a foreign domain is put in ASCII."""
    local, at, domain = (text or "").strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return None
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not _DOMAIN.fullmatch(ascii_domain) or len(local) + 1 + len(ascii_domain) > _LONGEST:
        return None
    return f"{local}@{ascii_domain}"


def addressed(
    stakeholders: Iterable[Stakeholder],
    departures: Iterable[Departure],
    roles: Sequence[str],
    account: Account,
) -> Addressed:
    """STK-1: the people in the roles a step addresses, role by role, each once, and who of them is missing.

    Those who left are never addressed and never missed. The account's champion is missed by name where the
    map has nobody in that role.
    """
    meant = addressees(stakeholders, departures, roles, account)
    to: dict[str, Addressee] = {}
    missing: list[Missing] = []
    for role in dict.fromkeys(roles):
        mine = [each for each in meant if each.role == role]
        for each in mine:
            if (email := address(each.email)) is not None:
                to.setdefault(email.lower(), Addressee(each.name, email, role))
            else:
                why = "no e-mail address" if not (each.email or "").strip() else "no usable e-mail address"
                missing.append(Missing(role, each.name, why))
        if not mine:
            known = account.champion if role == "champion" and not account.champion_gone else None
            missing.append(Missing(role, known, "no e-mail address" if known else "nobody is known"))
    return Addressed(tuple(to.values()), tuple(missing))


def planned(subject: str, step: str, segment: str, policy: Policy) -> Step | Cadence | None:
    """What the policy says of an item of a renewal, or (subject `a…`) of an account's recurring work.

    Items of recurring work are called by its name and the period: `value-mail-2026-11` (VAL).
    """
    if subject.startswith("a"):
        rows = sorted(policy.cadence.get(segment, ()), key=lambda row: -len(row.name))
        return next((row for row in rows if step == row.name or step.startswith(f"{row.name}-")), None)
    return next((row for row in policy.timelines.get(segment, ()) if row.step == step), None)


def sends(row: Step | Cadence | None) -> str | None:
    """The mail a customer-facing step sends; None where it sends none, or is internal."""
    if row is None or row.channel != "customer" or not row.template.startswith(PREFIX):
        return None
    return row.template


def ending(contract: Contract | None, as_of: date) -> tuple[str, date | None]:
    """How a term ends, and the last day to give notice where that is still to come.

    `auto`: it renews by itself; `ends`: it does not; `open`: nobody knows. Notice days that are unknown are
    never assumed.
    """
    if contract is None or contract.renewal_on is None or contract.auto_renew is None:
        return "open", None
    if not contract.auto_renew:
        return "ends", None
    on, name = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
    return "auto", on if name == "opt_out_deadline" and on >= as_of else None
