"""What people type about a stakeholder as values, and the rows that make it true (STK-1)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from renewctl.core.dates import parse_iso
from renewctl.core.edits import pins
from renewctl.core.intake_fields import CHOICES
from renewctl.core.model import Account, Change, Departure, Stakeholder
from renewctl.core.text import clean, fold

# Field of the interface -> column.
FIELDS: Final = {
    "name": "name",
    "email": "email",
    "role": "role",
    "influence": "influence",
    "sentiment": "sentiment",
    "last_contact": "last_contact_on",
    "thread_owner": "thread_owner",
}
LONGEST = 200  # characters of a name
_CHOSEN = ("role", "influence", "sentiment")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_APART = re.compile(r"[\W_]+")


class Wrong(NamedTuple):
    """Something that was typed and cannot be: a kebab-code, what is wrong, and what would be right."""

    code: str
    message: str
    hint: str


def read(given: Mapping[str, str], as_of: date) -> dict[str, Any] | Wrong:
    """Typed words by field as values by column; a blank is None.

    A role, influence or sentiment is taken in any spelling that an import knows.
    """
    values: dict[str, Any] = {}
    for field, text in given.items():
        said = clean(text)
        value: Any = said or None
        if field == "name":
            if not said or len(said) > LONGEST:
                fault = f"longer than {LONGEST} characters" if said else "blank"
                return Wrong("bad-name", f"the name is {fault}", "give the name of a person")
        elif said and field in _CHOSEN:
            value = _choice(field, said)
        elif said and field == "last_contact":
            value = _day(said, as_of)
        elif said and field == "email" and not _EMAIL.fullmatch(said):
            value = Wrong("bad-email", f"email {said}: not an address", "such as jo@acme.example")
        if isinstance(value, Wrong):
            return value
        values[FIELDS[field]] = value
    return values


def _choice(field: str, said: str) -> str | Wrong:
    wanted = _bare(said)
    for choice, spellings in CHOICES[field].items():
        if wanted == _bare(choice) or wanted in map(_bare, spellings):
            return choice
    those = ", ".join(CHOICES[field])
    return Wrong(f"unknown-{field}", f"{field} {said}: not one of {those}", f"say one of: {those}")


def _bare(text: str) -> str:
    return _APART.sub(" ", fold(text)).strip()


def _day(said: str, as_of: date) -> date | Wrong:
    day = parse_iso(said)
    if day is None or not 1900 <= day.year < 2200:
        return Wrong(
            "bad-date", f"last_contact {said}: not a date", "write it as YYYY-MM-DD, such as 2026-03-31"
        )
    if day > as_of:
        return Wrong(
            "contact-to-come", f"last_contact {said} is after {as_of}, the day reckoned from",
            "give the day of a contact there has been",
        )  # fmt: skip
    return day


def same_person(one: Stakeholder, values: Mapping[str, Any]) -> bool:
    """Whether values speak of a stakeholder: by address where both have one, else by name."""
    email: str | None = values.get("email")
    if one.email and email:
        return one.email.lower() == email.lower()
    return fold(one.name) == fold(str(values["name"]))


def add(no: int, account: Account, values: Mapping[str, Any]) -> tuple[Stakeholder, Change]:
    """A stakeholder noted by hand, and the change that does so."""
    blank = dict.fromkeys(Stakeholder._fields)
    person = Stakeholder(**{**blank, **values, "no": no, "account_no": account.no})
    return person, Change("stakeholder", (no,), account.no, None, person._asdict())


def edit(
    person: Stakeholder, values: Mapping[str, Any], pinned: frozenset[tuple[str, int, str]]
) -> tuple[Stakeholder, list[Change]]:
    """The person with the values, and the changes with the pins that keep them over an import."""
    stored = person._asdict()
    after = {name: value for name, value in values.items() if value != stored[name]}
    if not after:
        return person, []
    before = {name: stored[name] for name in after}
    of = person.account_no
    changes = [Change("stakeholder", (person.no,), of, before, after)]
    return person._replace(**after), changes + pins("stakeholder", person.no, of, before, pinned)


def remove(person: Stakeholder, departure: Departure | None, kept: Mapping[str, str]) -> list[Change]:
    """The changes that take a person off the record; `kept` are their pins, by column."""
    of = person.account_no
    changes = [
        Change("pin", ("stakeholder", person.no, field), of,
               {"entity": "stakeholder", "row_no": person.no, "field": field, "source_value": said}, None)
        for field, said in kept.items()
    ]  # fmt: skip
    if departure is not None:
        changes.append(Change("departure", (person.no,), of, departure._asdict(), None))
    return [*changes, Change("stakeholder", (person.no,), of, person._asdict(), None)]


def leave(
    person: Stakeholder,
    left_on: date,
    note: str | None,
    account: Account,
    champion: bool,
    pinned: frozenset[tuple[str, int, str]],
) -> tuple[Departure, list[Change]]:
    """A departure, and with `champion` the flag on the account that `set champion=gone` sets (SAV-D)."""
    departure = Departure(person.no, account.no, left_on, note)
    changes = [Change("departure", (person.no,), account.no, None, departure._asdict())]
    if champion and not account.champion_gone:
        before = {"champion_gone": account.champion_gone}
        changes.append(Change("account", (account.no,), account.no, before, {"champion_gone": 1}))
        changes += pins("account", account.no, account.no, before, pinned)
    return departure, changes
