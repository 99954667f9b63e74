"""People at customers, threads and risks: on a terminal, in a pipe and as JSON."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.classify import Classified
from renewctl.core.model import Account, Departure, Stakeholder
from renewctl.core.stakeholders import Risk, Thread, role_name
from renewctl.views.account import word
from renewctl.views.terminal import aligned, fit, is_terminal, not_shown, put_lines, safe, width

_UNKNOWN = "unknown"


class Written(NamedTuple):
    """What a command did with one person: added, changed, removed or gone."""

    action: str
    account: Account
    person: Stakeholder
    departure: Departure | None
    changed: bool
    dry_run: bool


class Flagged(NamedTuple):
    """What follows from somebody's leaving (SAV-D)."""

    champion: bool  # the account has lost its champion by it
    cap: float  # of the health score
    running: int | None  # number of the open save
    as_of: date


class Listed(NamedTuple):
    """What `stakeholder list` shows: each account with its people and departures."""

    as_of: date
    accounts: Sequence[tuple[Account, Sequence[Stakeholder], Sequence[Departure]]]
    one: bool  # only one account was asked for


class Mapped(NamedTuple):
    """What `stakeholder map` shows."""

    as_of: date
    account: Account
    threads: Sequence[Thread]
    here: Sequence[Stakeholder]


class AtRisk(NamedTuple):
    """An account with how it stands."""

    account: Account
    row: Classified
    risk: Risk


class Risks(NamedTuple):
    """What `stakeholder risks` shows: every account looked at, the largest first."""

    as_of: date
    rows: Sequence[AtRisk]
    base_currency: str
    least_people: int
    contact_days: int


# --- one person ---------------------------------------------------------------------------------------


def lines(written: Written, flagged: Flagged | None = None) -> Iterator[str]:
    """What was done, for a person."""
    name, of = safe(written.person.name), safe(written.account.name)
    tail = " (dry run: nothing was written)" if written.dry_run else ""
    if written.action == "gone" and written.departure is not None:
        left = f"left on {written.departure.left_on}"
        yield f"{of}: {name} {left}{tail}" if written.changed else f"{of}: {name} {left}; noted already"
    elif not written.changed:
        yield f"{of}: nothing changes for {name}"
    else:
        yield f"{of}: {name} {written.action}{_known(written)}{tail}"
    if written.action == "removed" and not written.dry_run:
        yield "to have them back: renewctl undo; to erase them for good: renewctl forget"
    if flagged is not None and flagged.champion and written.changed:
        yield from _flag_lines(written.account, flagged)


def _known(written: Written) -> str:
    if written.action == "removed":
        return ""
    person = written.person
    told = [role_name(person.role) if person.role else "", f"influence {person.influence or _UNKNOWN}"]
    told += [person.sentiment or "", f"<{safe(person.email)}>" if person.email else ""]
    told += [f"with {safe(person.thread_owner)}" if person.thread_owner else ""]
    return ": " + ", ".join(filter(None, told))


def _flag_lines(account: Account, flagged: Flagged) -> Iterator[str]:
    yield f"the champion is gone: health is capped at {flagged.cap:g} until there is a new one (HLT-2)"
    if flagged.running is not None:
        yield f"a save runs already: renewctl save show s{flagged.running}"
    else:
        yield f"start the playbook: {_start(account, flagged)}"
    yield f"a new champion: renewctl set {word(account.id)} champion=NAME"


def _start(account: Account, flagged: Flagged) -> str:
    start = f"renewctl save start {word(account.id)} --scenario champion_departure"
    return f"{start} --flagged {flagged.as_of}"


def champion_hint(account: Account, person: Stakeholder) -> str:
    """How to say that somebody follows the champion who is gone."""
    name = word(f"champion={person.name}")
    return f"the champion is noted as gone; if this is the new one: renewctl set {word(account.id)} {name}"


def document(written: Written, flagged: Flagged | None = None) -> dict[str, Any]:
    """`renewctl/stakeholder/1`."""
    told: dict[str, Any] = {
        "schema": "renewctl/stakeholder/1",
        "account": written.account.id,
        "action": written.action,
        "changed": written.changed and not written.dry_run,
        "stakeholder": _person(written.person, written.departure, None),
    }
    if flagged is not None:
        command = _start(written.account, flagged) if flagged.champion and flagged.running is None else None
        told["champion_gone"] = flagged.champion
        told["health_cap"] = flagged.cap if flagged.champion else None
        told["scenario"] = "champion_departure" if flagged.champion else None
        told["save"] = None if flagged.running is None else f"s{flagged.running}"
        told["command"] = command
    return told


# --- list -----------------------------------------------------------------------------------------------


_HEAD = ("ACCOUNT", "NAME", "ROLE", "INFLUENCE", "SENTIMENT", "CONTACT", "OURS")
_WIDE = 110  # columns from which on everything is told
# Of fewer: no sentiment, and so many letters of the account, the name and the role.
_NARROW = {0: 14, 1: 16, 2: 16}


def show_list(listed: Listed, limit: int) -> None:
    """One person a line; on a terminal no more than `limit` (0: all), and on a narrow one less of each."""
    wide = width() >= _WIDE
    rows = [
        (safe(account.name), *_cells(each, departures, listed.as_of, wide))
        for account, people, departures in listed.accounts
        for each in people
    ]
    if not rows:
        whose = f" of {safe(listed.accounts[0][0].name)}" if listed.one else ""
        say = f"nobody{whose} is on record; renewctl stakeholder add ACCOUNT NAME, or import a file"
        put_lines([say])
        return
    page = rows[:limit] if limit and is_terminal() else rows
    out = [_cut(line) for line in aligned([_shown(row, listed.one, wide) for row in (_HEAD, *page)])]
    if len(rows) > len(page):
        out.append(f"… and {len(rows) - len(page):,} more: give --limit 0, or name an account")
    if not wide:
        out.append(not_shown(["SENTIMENT"], _WIDE, "--json"))
    put_lines(out)


def _shown(row: Sequence[str], one: bool, wide: bool) -> tuple[str, ...]:
    cells = [
        cell if wide or at not in _NARROW else fit(cell, _NARROW[at])
        for at, cell in enumerate(row)
        if wide or at != _HEAD.index("SENTIMENT")
    ]
    return tuple(cells[1:] if one else cells)


def _cells(each: Stakeholder, departures: Iterable[Departure], as_of: date, wide: bool) -> tuple[str, ...]:
    left = next((gone.left_on for gone in departures if gone.stakeholder_no == each.no), None)
    contact = _contact(each, as_of)
    if each.last_contact_on is not None and not wide:
        contact = _ago((as_of - each.last_contact_on).days)
    return (
        safe(each.name),
        role_name(each.role) if each.role else _UNKNOWN,
        each.influence or _UNKNOWN,
        each.sentiment or _UNKNOWN,
        f"left {left}" if left else contact,
        safe(each.thread_owner or ""),
    )


def _contact(each: Stakeholder, as_of: date) -> str:
    if each.last_contact_on is None:
        return "never"
    return f"{each.last_contact_on} ({_ago((as_of - each.last_contact_on).days)})"


def _ago(days: int) -> str:
    if days < 0:
        return f"in {-days} d"
    return "today" if days == 0 else f"{days} d ago"


def _cut(line: str) -> str:
    return fit(line, width())


def list_document(listed: Listed) -> dict[str, Any]:
    """`renewctl/stakeholders/1`."""
    found = []
    for account, people, departures in listed.accounts:
        left = {each.stakeholder_no: each for each in departures}
        found += [
            {"account": account.id, "account_name": account.name}
            | _person(each, left.get(each.no), listed.as_of)
            for each in people
        ]
    return {
        "schema": "renewctl/stakeholders/1",
        "as_of": listed.as_of.isoformat(),
        "stakeholders": found,
        "totals": {"stakeholders": len(found), "left": sum(each["left_on"] is not None for each in found)},
    }


def _person(each: Stakeholder, departure: Departure | None, as_of: date | None) -> dict[str, Any]:
    on = each.last_contact_on
    told: dict[str, Any] = {
        "name": each.name,
        "email": each.email,
        "role": each.role,
        "influence": each.influence,
        "sentiment": each.sentiment,
        "last_contact": on.isoformat() if on else None,
    }
    if as_of is not None:
        told["days_since_contact"] = (as_of - on).days if on else None
    told["thread_owner"] = each.thread_owner
    told["left_on"] = departure.left_on.isoformat() if departure else None
    return told


# --- map ------------------------------------------------------------------------------------------------


def show_map(mapped: Mapped) -> None:
    """One thread after the other, and who is in none."""
    out = [f"{safe(mapped.account.name)} ({safe(mapped.account.id)}): who speaks to whom (STK-2)"]
    for thread in mapped.threads:
        out += ["", f"{safe(thread.title)}: {thread.state.upper() if thread.state != 'open' else 'open'}"]
        out += [f"  {line}" for line in _pair_lines(thread, mapped.as_of)]
        if thread.state != "open":
            told = f"{safe(thread.because.observed)} ({thread.because.rule})"
            out += textwrap.wrap(told, min(width(), 200), initial_indent="  ", subsequent_indent="    ")
    inside = {each.no for thread in mapped.threads for _, each in thread.pairs}
    rest = [each for each in mapped.here if each.no not in inside]
    if rest:
        out += ["", "In no thread"]
        out += [f"  {line}" for line in aligned([_them(each, mapped.as_of) for each in rest])]
    put_lines(map(_cut, out))


def _pair_lines(thread: Thread, as_of: date) -> list[str]:
    if not thread.pairs:
        return [f"{safe(', '.join(thread.ours) or 'nobody of ours')} ↔ nobody of theirs"]
    return aligned([(f"{safe(who or 'nobody')} ↔", *_them(each, as_of)) for who, each in thread.pairs])


def _them(each: Stakeholder, as_of: date) -> tuple[str, ...]:
    role = role_name(each.role) if each.role else "role unknown"
    return safe(each.name), role, _contact(each, as_of) if each.last_contact_on else "no contact on record"


def map_document(mapped: Mapped) -> dict[str, Any]:
    """`renewctl/stakeholder-map/1`."""
    inside = {each.no for thread in mapped.threads for _, each in thread.pairs}
    return {
        "schema": "renewctl/stakeholder-map/1",
        "as_of": mapped.as_of.isoformat(),
        "account": mapped.account.id,
        "threads": [
            {
                "thread": each.name,
                "title": each.title,
                "state": each.state,
                "ours": list(each.ours),
                "theirs": [
                    {"ours": who, **_person(person, None, mapped.as_of)} for who, person in each.pairs
                ],
                "last_contact": each.last_contact_on.isoformat() if each.last_contact_on else None,
                "days_since_contact": each.days,
                "because": [each.because._asdict()],
            }
            for each in mapped.threads
        ],
        "in_no_thread": [_person(each, None, mapped.as_of) for each in mapped.here if each.no not in inside],
    }


# --- risks ----------------------------------------------------------------------------------------------


def show_risks(risks: Risks, limit: int) -> None:
    """Both lists with their sums; no more than `limit` accounts each (0: all)."""
    single = [each for each in risks.rows if each.risk.single_threaded]
    missing = [each for each in risks.rows if each.risk.missing]
    rule = f"fewer than {risks.least_people} people with a contact within {risks.contact_days} days (STK-3)"
    out = [f"SINGLE-THREADED: {_sum(single, risks)}", f"  {rule}", *_risk_lines(single, risks, limit, 0)]
    out += ["", f"MISSING ROLES: {_sum(missing, risks)}", *_risk_lines(missing, risks, limit, -1)]
    if single or missing:
        out += ["", "Who speaks to whom: renewctl stakeholder map ACCOUNT"]
    put_lines(out)


def _sum(rows: Sequence[AtRisk], risks: Risks) -> str:
    whole = f"{len(rows):,} of {len(risks.rows):,} accounts, {_arr(rows, risks)} of {_arr(risks.rows, risks)}"
    unknown = sum(each.row.account_arr_base_minor is None for each in rows)
    return whole + (f" ({unknown:,} of unknown ARR)" if unknown else "")


def _arr(rows: Iterable[AtRisk], risks: Risks) -> str:
    return money.plain(sum(each.row.account_arr_base_minor or 0 for each in rows), risks.base_currency)


def _risk_lines(rows: Sequence[AtRisk], risks: Risks, limit: int, reason: int) -> list[str]:
    """`reason`: which of an account's reasons this list is about."""
    page = rows[:limit] if limit else rows
    cells = []
    for each in page:
        minor = each.row.account_arr_base_minor
        worth = "ARR unknown" if minor is None else money.plain(minor, risks.base_currency)
        cells.append((fit(safe(each.account.name), 24), each.row.segment or "unsegmented", worth,
                      fit(safe(each.row.owner or "unowned"), 14)))  # fmt: skip
    out = []
    room = min(width(), 200)
    for line, each in zip(aligned(cells, frozenset({2})), page, strict=True):
        told = f"{line}  {safe(each.risk.because[reason].observed)}"
        out += (
            textwrap.wrap(
                told, room - 2, initial_indent="  ", subsequent_indent="      ", drop_whitespace=True
            )
            if len(told) + 2 > room
            else [f"  {told}"]
        )
    if len(rows) > len(page):
        out.append(f"  … and {len(rows) - len(page):,} more: give --limit 0, or narrow with --owner")
    return out


def risks_document(risks: Risks) -> dict[str, Any]:
    """`renewctl/stakeholder-risks/1`; an account may stand in both lists."""
    single = [each for each in risks.rows if each.risk.single_threaded]
    missing = [each for each in risks.rows if each.risk.missing]
    return {
        "schema": "renewctl/stakeholder-risks/1",
        "as_of": risks.as_of.isoformat(),
        "base_currency": risks.base_currency,
        "least_people": risks.least_people,
        "contact_days": risks.contact_days,
        "single_threaded": [_risk(each, risks) for each in single],
        "missing_roles": [_risk(each, risks) for each in missing],
        "totals": {
            "accounts": len(risks.rows),
            "arr_base": _units(risks.rows, risks),
            "single_threaded": {"accounts": len(single), "arr_base": _units(single, risks)},
            "missing_roles": {"accounts": len(missing), "arr_base": _units(missing, risks)},
        },
    }


def _units(rows: Iterable[AtRisk], risks: Risks) -> int | float:
    return money.to_units(sum(each.row.account_arr_base_minor or 0 for each in rows), risks.base_currency)


def _risk(each: AtRisk, risks: Risks) -> dict[str, Any]:
    minor = each.row.account_arr_base_minor
    return {
        "account": each.account.id,
        "account_name": each.account.name,
        "segment": each.row.segment,
        "owner": each.row.owner,
        "arr_base": None if minor is None else money.to_units(minor, risks.base_currency),
        "people": len(each.risk.here),
        "in_contact": [person.name for person in each.risk.reached],
        "missing_roles": list(each.risk.missing),
        "because": [because._asdict() for because in each.risk.because],
    }
