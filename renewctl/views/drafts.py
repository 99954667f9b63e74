"""What `draft` made, for a person and for a script: whom each mail reaches, and who is missing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.mail import Letter, Missing
from renewctl.core.stakeholders import role_name
from renewctl.views.mail import Written
from renewctl.views.terminal import safe

_ENCLOSED = {
    "mail-proposal": "it speaks of a proposal that comes with it; to make one: renewctl proposal {}",
    "mail-contract": "it speaks of a contract that comes with it; attach it before it is sent",
}


class Draft(NamedTuple):
    """One mail that was made."""

    letter: Letter
    written: Written
    lang: str
    due_on: date | None


class Left(NamedTuple):
    """An item of the window for which no mail was made."""

    item: str
    code: str
    message: str


def lines(made: Draft, path: str | None) -> Iterator[str]:
    """One mail as a person reads of it."""
    of = made.letter
    to = ", ".join(each.name for each in of.addressed.to) or "nobody yet"
    when = f"due {made.due_on}, " if made.due_on else ""
    yield f"{of.item}  {safe(of.account.name)}, {when}to {safe(to)}"
    yield f"  {safe(made.written.subject)}"
    yield f"  {safe(path)}"


def document(
    drafts: Sequence[Draft], paths: Sequence[str | None], left: Sequence[Left], as_of: date, written: bool
) -> dict[str, Any]:
    """`renewctl/draft/1`."""
    return {
        "schema": "renewctl/draft/1",
        "as_of": as_of.isoformat(),
        "drafts": [_document(made, path) for made, path in zip(drafts, paths, strict=True)],
        "left_out": [each._asdict() for each in left],
        "written": written,
    }


def warnings(made: Draft) -> list[str]:
    """What the sender has to see to before the mail goes out."""
    found = not_addressed(made.letter.addressed.missing)
    if made.letter.mail in _ENCLOSED:
        found.append(_ENCLOSED[made.letter.mail].format(made.letter.account.id))
    if made.letter.mail == "mail-value" and not any(
        gain.value is not None for gain in made.letter.value.gains
    ):
        found.append("no value metrics are recorded, so it shows no figures")
    return found


def not_addressed(missing: Iterable[Missing]) -> list[str]:
    """Whom a mail should reach and does not, by the reason; nothing where nobody is missing."""
    absent: dict[str, list[str]] = {}
    for each in missing:
        role = role_name(each.role)
        absent.setdefault(each.why, []).append(f"{each.name} ({role})" if each.name else f"the {role}")
    told = "; ".join(f"{', '.join(who)}: {why}" for why, who in absent.items())
    return [f"not addressed: {told}"] if told else []


def _document(made: Draft, path: str | None) -> dict[str, Any]:
    of = made.letter
    return {
        "item": of.item,
        "account": of.account.id,
        "account_name": of.account.name,
        "contract": of.contract.id if of.contract else None,
        "step": of.step,
        "template": of.mail,
        "lang": made.lang,
        "due_on": made.due_on.isoformat() if made.due_on else None,
        "subject": made.written.subject,
        "from": made.written.sender,
        "to": [each._asdict() for each in of.addressed.to],
        "missing": [each._asdict() for each in of.addressed.missing],
        "warnings": warnings(made),
        "file": path,
    }
