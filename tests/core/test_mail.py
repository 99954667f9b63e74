"""Whom a step addresses, in which language, and what may be said of how a term ends (STK-1, VAL, ANCHOR)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core import mail
from renewctl.core.model import Departure, Stakeholder
from renewctl.core.policy import SEGMENTS, Policy
from renewctl.views.documents import templates_folder
from tests.book import POLICY, TODAY, account, contract

ROLES = ("user", "champion", "economic_buyer", "decision_maker", "technical_buyer", "legal_procurement")


def person(no: int, role: str | None, email: str | None = None, **given_: Any) -> Stakeholder:
    filled: dict[str, Any] = {
        **dict.fromkeys(Stakeholder._fields), "no": no, "account_no": 1, "name": f"P{no}", "role": role,
        "email": email,
    }  # fmt: skip
    return Stakeholder(**(filled | given_))


def addressed(
    people: list[Stakeholder], roles: Sequence[str], gone: Iterable[int] = (), **of: Any
) -> mail.Addressed:
    left = [Departure(no, 1, TODAY, None) for no in gone]
    return mail.addressed(people, left, roles, account(**of))


def test_a_step_goes_to_the_people_in_its_roles_in_the_order_of_the_roles() -> None:
    """STK-1."""
    people = [
        person(1, "user", "u@example.com"),
        person(2, "economic_buyer", "e@example.com"),
        person(3, "champion", "c@example.com"),
        person(4, "champion", "c2@example.com"),
    ]
    found = addressed(people, ("champion", "economic_buyer"))
    assert [each.email for each in found.to] == ["c@example.com", "c2@example.com", "e@example.com"]
    assert found.missing == ()


def test_who_left_is_neither_addressed_nor_missed_but_the_empty_role_is() -> None:
    """STK-1."""
    people = [person(1, "champion", "c@example.com"), person(2, "user", "u@example.com")]
    found = addressed(people, ("champion", "user"), gone={1})
    assert [each.name for each in found.to] == ["P2"]
    assert found.missing == (mail.Missing("champion", None, "nobody is known"),)


def test_who_has_no_address_is_named_with_the_reason() -> None:
    """STK-1."""
    people = [person(1, "champion"), person(2, "champion", "not an address"), person(3, "champion", "  ")]
    found = addressed(people, ("champion", "legal_procurement"))
    assert found.to == ()
    assert [(each.name, each.why) for each in found.missing] == [
        ("P1", "no e-mail address"),
        ("P2", "no usable e-mail address"),
        ("P3", "no e-mail address"),
        (None, "nobody is known"),
    ]


def test_the_accounts_champion_is_missed_by_name_where_the_map_has_none() -> None:
    """STK-1."""
    assert addressed([], ("champion",), champion="Joe").missing == (
        mail.Missing("champion", "Joe", "no e-mail address"),
    )
    assert addressed([], ("user",), champion="Joe").missing[0].name is None
    assert addressed([], ("champion",), champion="Joe", champion_gone=1).missing[0].name is None


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(ROLES), st.sampled_from(("a@x.org", "A@X.org", "b@x.org", "", "@"))),
        max_size=8,
    ),
    st.lists(st.sampled_from(ROLES), unique=True, max_size=4),
    st.sets(st.integers(0, 7)),
)
def test_nobody_is_addressed_twice_and_everybody_meant_is_either_addressed_or_missed(
    rows: list[tuple[str, str]], roles: list[str], gone: set[int]
) -> None:
    """STK-1."""
    people = [person(no, role, email) for no, (role, email) in enumerate(rows)]
    found = addressed(people, roles, gone)
    emails = [each.email.lower() for each in found.to]
    assert len(emails) == len(set(emails))
    meant = [each for each in people if each.no not in gone and each.role in roles]
    reached = {each.name for each in meant if (mail.address(each.email) or "").lower() in emails}
    missed = {each.name for each in found.missing}
    assert reached | missed - {None} == {each.name for each in meant}
    assert all(each.role in roles for each in (*found.to, *found.missing))
    assert not {f"P{no}" for no in gone} & {each.name for each in found.to}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ana@example.com", "ana@example.com"),
        ("  Ana.Prado+x@Example.co.uk ", "Ana.Prado+x@Example.co.uk"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        (None, None),
        ("", None),
        ("ana", None),
        ("@example.com", None),
        ("ana@", None),
        ("ana@example..com", None),
        ("a..b@example.com", None),
        ("joão@example.com", None),
        ("ana@example.com, eve@evil.example", None),
        ("ana@example.com\nBcc: eve@evil.example", None),
        ("<ana@example.com>", None),
        ("ana@-x.com", None),
        ("ana@" + "ü" * 70 + ".example", None),
        ("a" * 250 + "@example.com", None),
    ],
)
def test_an_address_is_one_that_mail_programs_take_or_none(text: str | None, expected: str | None) -> None:
    """STK-1: nobody is guessed."""
    assert mail.address(text) == expected


def test_the_language_is_the_one_asked_for_else_the_countrys_else_the_default() -> None:
    """STK-1."""
    assert mail.language("en", "BR", POLICY) == "en"
    assert mail.language(None, "BR", POLICY) == "pt-BR"
    assert mail.language(None, " pt ", POLICY) == "pt-BR"
    assert mail.language(None, "US", POLICY) == "en"
    assert mail.language(None, None, POLICY) == "en"


def test_the_address_of_a_sender_is_the_policys_or_left_out() -> None:
    """OWN-3."""
    policy = Policy({**POLICY.raw, "people": {"Ana": {"email": "ana@example.com"}, "Rui": {"email": "rui"}}})
    assert mail.sender("Ana", policy) == "ana@example.com"
    assert [mail.sender(name, policy) for name in ("Rui", "Eva", None)] == [None, None, None]
    shared = Policy({**policy.raw, "supplier": {"contact": "renewals@example.com"}})
    assert [mail.sender(name, shared) for name in ("Ana", "Rui", None)] == [
        "ana@example.com", "renewals@example.com", "renewals@example.com",
    ]  # fmt: skip
    told = Policy({**policy.raw, "supplier": {"contact": "renewals@example.com, 555-0100"}})
    assert mail.sender("Rui", told) is None


def test_how_a_term_ends_is_said_only_where_it_is_on_record() -> None:
    """ANCHOR: unknown notice days are never assumed."""
    ends = date(2026, 9, 1)
    tacit = contract(renewal_on=ends, auto_renew=1, notice_days=30)
    deadline = ends - timedelta(days=30)
    assert mail.ending(tacit, TODAY) == ("auto", deadline)
    assert mail.ending(tacit, deadline) == ("auto", deadline)
    assert mail.ending(tacit, deadline + timedelta(days=1)) == ("auto", None)
    assert mail.ending(tacit._replace(notice_days=None), TODAY) == ("auto", None)
    assert mail.ending(tacit._replace(auto_renew=0), TODAY) == ("ends", None)
    assert mail.ending(tacit._replace(auto_renew=None), TODAY) == ("open", None)
    assert mail.ending(None, TODAY) == ("open", None)


def test_recurring_work_is_known_by_its_name_and_any_period() -> None:
    """VAL."""
    for step in ("value-mail-2026-11", "value-mail-2026q4", "value-mail"):
        row = mail.planned("a12", step, "enterprise", POLICY)
        assert row is not None
        assert mail.sends(row) == "mail-value"
    assert mail.planned("a12", "value-mails", "enterprise", POLICY) is None
    assert mail.planned("a12", "notice", "enterprise", POLICY) is None
    assert mail.planned("12", "value-mail-2026-11", "enterprise", POLICY) is None
    assert mail.planned("12", "notice", "", POLICY) is None


def test_only_customer_facing_steps_with_a_mail_send_one() -> None:
    """REM-X."""
    notice, papers = (mail.planned("1", step, "enterprise", POLICY) for step in ("notice", "value-documents"))
    assert mail.sends(notice) == "mail-notice"
    assert mail.sends(papers) is None  # a paper of our own desk
    assert mail.sends(mail.planned("1", "check-in", "smb", POLICY)) is None  # a call
    assert mail.sends(None) is None
    assert notice is not None
    assert mail.sends(notice._replace(channel="internal")) is None


def test_every_mail_of_the_shipped_policy_has_its_words_in_every_language() -> None:
    """WIN-5, REM-X: whatever step is due, it can be drafted."""
    rows = [row for segment in SEGMENTS for row in (*POLICY.timelines[segment], *POLICY.cadence[segment])]
    named = {found for row in rows if (found := mail.sends(row))}
    assert len(named) >= 9
    for folder in ("en", "pt_BR"):
        there = {path.name.removesuffix(".j2") for path in (templates_folder() / folder).glob("mail-*.j2")}
        assert there == named
    assert all(row.to for row in rows if mail.sends(row)), "a mail to nobody"
