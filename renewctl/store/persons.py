"""Whom `forget` means: a stakeholder, champion or account, on record or only in the log. Never a guess."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any, NamedTuple

from renewctl.core.erasure import (
    ERASED,
    NOW,
    Eraser,
    Incarnation,
    LogRow,
    Mentions,
    erased_id,
    erased_name,
    full,
    incarnations,
    plain,
    words,
)
from renewctl.core.model import Account
from renewctl.core.text import fold
from renewctl.errors import NotFound
from renewctl.store.lookup import find_account
from renewctl.store.portfolio import Portfolio, columns

_PAGE = 5_000  # log rows read at a time
_SHOWN = 8
_EMAIL, _NAME, _PART = range(3)  # how well somebody fits what was typed, the best first
_NOBODY = Mentions((), ())
_ERASED_ID = re.compile(f'"({erased_id("")}[^"]*)"')


class Target(NamedTuple):
    """Whom or what to forget."""

    kind: str  # stakeholder | account | mention
    shown: str  # as a person knows it, such as "Joe Bloggs <joe@acme.example>"
    accounts: tuple[Account, ...]  # those of the person, or the one to forget
    numbers: frozenset[int]  # of these, and of accounts of the person that are gone
    names: frozenset[str]
    emails: frozenset[str]
    by_email: bool  # everybody under that address is meant, whatever the name


class _Seen(NamedTuple):
    """A person somewhere on record."""

    name: str
    email: str | None
    account_no: int


def find_target(portfolio: Portfolio, who: str, kind: str | None, account: str | None) -> Target:
    """The one person or account meant by `who`, of `kind` where that is said and at `account` if it is.

    NotFound (exit 13) for nobody and for several, who are then listed.
    """
    at = find_account(portfolio, account) if account is not None else None
    if kind == "mention" and at is not None:
        return _mention(who, at)
    persons = [] if kind == "account" else _persons(portfolio, _on_record(portfolio, at), who)
    whole: Account | None = None
    unclear: NotFound | None = None
    if kind == "account" or (kind is None and at is None):
        try:
            whole = find_account(portfolio, who)
        except NotFound as error:
            if kind == "account":
                raise
            unclear = error if error.code == "ambiguous-account" else None
    if persons and (whole is not None or unclear is not None):
        other = f"an account, {whole.name} ({whole.id})" if whole else "several accounts"
        raise NotFound(
            "ambiguous-name",
            f"{who!r} could be {persons[0].shown} or {other}",
            "say --kind stakeholder or --kind account",
        )
    if len(persons) > 1:
        names = ", ".join(f"{each.shown} of {_ids(each.accounts)}" for each in persons[:_SHOWN])
        more = " and more" if len(persons) > _SHOWN else ""
        raise NotFound(
            "ambiguous-stakeholder",
            f"{who!r} could be {names}{more}",
            "give the e-mail address, or --account ID",
        )
    if unclear is not None:
        raise unclear
    if whole is not None:
        shown = f"{whole.name} ({whole.id})"
        return Target("account", shown, (whole,), frozenset((whole.no,)), frozenset(), frozenset(), False)
    return persons[0] if persons else _in_the_log(portfolio, who, at)


def _mention(who: str, at: Account) -> Target:
    if words(who) == words(ERASED):
        raise NotFound("nobody-found", f"{who!r} is what stands where somebody was erased", "")
    said = frozenset((who,))
    names, emails = (frozenset[str](), said) if "@" in who else (said, frozenset[str]())
    return Target("mention", who, (at,), frozenset((at.no,)), names, emails, False)


def _in_the_log(portfolio: Portfolio, who: str, at: Account | None) -> Target:
    """Somebody who is on record no more but in the log still is; only by whole name or address."""
    persons = _persons(portfolio, _on_log(portfolio, who, at), who, worst=_NAME)
    if len(persons) == 1:
        return persons[0]
    if persons:
        names = ", ".join(f"{each.shown} of {_ids(each.accounts)}" for each in persons[:_SHOWN])
        raise NotFound("ambiguous-stakeholder", f"{who!r} could be {names}", "say which with --account ID")
    where = f" at {at.name}" if at else ""
    raise NotFound(
        "nobody-found",
        f"no stakeholder{'' if at else ' or account'} called {who!r} is on record or in the log{where}",
        "a word in the notes of an account: renewctl forget WORD --kind mention --account ACCOUNT",
    )


def _on_record(portfolio: Portfolio, at: Account | None) -> Iterator[_Seen]:
    """Every stakeholder and champion of the tables, or those of one account."""
    first, last = (at.no, at.no) if at else (-NOW, NOW)
    for sql in (
        "SELECT name, email, account_no FROM stakeholder WHERE account_no BETWEEN ? AND ?",
        "SELECT champion, NULL, no FROM account WHERE champion IS NOT NULL AND no BETWEEN ? AND ?",
    ):
        for row in portfolio.scan(sql, (first, last)):
            if row[0] != ERASED:
                yield _Seen._make(row)


def _on_log(portfolio: Portfolio, who: str, at: Account | None) -> Iterator[_Seen]:
    """Every stakeholder and champion whom a row of the log with `who` in it tells of."""
    needle = max(words(who), key=len, default="")
    entities = "'stakeholder', 'account'"
    for no, entity, key, account_no, before, after in log_rows(portfolio, entities, at.no if at else None):
        if needle not in plain((before or "") + (after or "")):
            continue
        row = _log_row(no, key, account_no, before, after, columns(entity))
        for side in filter(None, (row.before, row.after)):
            if ERASED in (side.get("name"), side.get("champion")):
                continue
            if entity == "stakeholder" and side.get("name"):
                yield _Seen(side["name"], side.get("email"), account_no)
            elif entity == "stakeholder" and side.get("email"):
                yield _Seen("", side["email"], account_no)
            elif entity == "account" and side.get("champion"):
                yield _Seen(side["champion"], None, account_no)


def log_rows(portfolio: Portfolio, entities: str, account_no: int | None = None) -> Iterator[Any]:
    """(no, entity, key, account_no, before, after) of the log, in order, a page at a time."""
    own = "" if account_no is None else "AND account_no = ? "
    params = () if account_no is None else (account_no,)
    last = 0
    while True:
        page = portfolio.rows(
            "SELECT no, entity, key, account_no, before, after FROM change "  # noqa: S608
            f"WHERE no > ? AND entity IN ({entities}) {own}ORDER BY no LIMIT {_PAGE}",
            (last, *params),
        )
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _log_row(
    no: int, key: str, account_no: int, before: str | None, after: str | None, names: tuple[str, ...]
) -> LogRow:
    sides: list[Mapping[str, Any] | None] = []
    for text in (before, after):
        kept = None if text is None else json.loads(text)
        sides.append(dict(zip(names, kept, strict=False)) if isinstance(kept, list) else kept)
    return LogRow(no, key, account_no, sides[0], sides[1])


def _persons(portfolio: Portfolio, seen: Iterable[_Seen], who: str, worst: int = _PART) -> list[Target]:
    """The people among those seen who fit `who` best: several names of one address only if that was typed."""
    wanted = fold(who)
    best = worst
    found: list[_Seen] = []
    for each in seen if wanted else ():
        fits = _fits(each, wanted)
        if fits is not None and fits <= best:
            found = [*found, each] if fits == best else [each]
            best = fits
    if best == _EMAIL and found:
        return [_person(portfolio, found, True)]
    groups: dict[tuple[str, str | int], list[_Seen]] = {}
    for each in sorted(found, key=lambda one: one.email is None):
        name = fold(each.name)
        key: tuple[str, str | int] = (name, fold(each.email) if each.email else each.account_no)
        if each.email is None:  # a champion, or a row without address: who has that name at that account?
            same = [
                at
                for at, group in groups.items()
                if at[0] == name and any(one.account_no == each.account_no for one in group)
            ]
            key = same[0] if len(same) == 1 else key
        groups.setdefault(key, []).append(each)
    return [_person(portfolio, group, False) for group in groups.values()]


def _fits(seen: _Seen, wanted: str) -> int | None:
    name, email = fold(seen.name), fold(seen.email or "")
    if email == wanted:
        return _EMAIL
    if name == wanted:
        return _NAME
    return _PART if wanted in name or wanted in email.partition("@")[0] else None


def _person(portfolio: Portfolio, seen: list[_Seen], by_email: bool) -> Target:
    numbers = frozenset(each.account_no for each in seen)
    accounts = [portfolio.values("account", "no = ?", (no,)) for no in sorted(numbers)]
    names = frozenset(each.name for each in seen if each.name)
    emails = frozenset(each.email for each in seen if each.email)
    shown = " or ".join(sorted(names)) or "somebody"
    shown += f" <{', '.join(sorted(emails))}>" if emails else ""
    of = tuple(chain.from_iterable(accounts))
    return Target("stakeholder", shown, of, numbers, names, emails, by_email)


def _ids(accounts: Iterable[Account]) -> str:
    return ", ".join(account.id for account in accounts) or "an account that is gone"


# --- what goes with them --------------------------------------------------------------------------------


def eraser_of(portfolio: Portfolio, target: Target) -> Eraser:
    """What has to be erased, with every name and address the log ever had for them."""
    numbers = target.numbers
    if target.kind == "mention":
        near = Mentions(target.names, target.emails)
        return Eraser(frozenset(), numbers, {}, frozenset(), near, _NOBODY, _NOBODY, frozenset())
    if target.kind == "account":
        return _whole(portfolio, target.accounts[0])
    lives = _lives(portfolio, target, numbers)
    homes = numbers | {life.account_no for life in lives}
    names = target.names.union(*(life.names for life in lives))
    emails = target.emails.union(*(life.emails for life in lives))
    spans: dict[str, list[tuple[int, int]]] = {}
    for life in lives:
        spans.setdefault(life.key, []).append((life.first, life.last))
    emails -= _shared(portfolio, emails, {life.key for life in lives if life.last == NOW})
    far = [name for name in names if full(name)]
    return Eraser(
        frozenset(),
        frozenset(homes),
        spans,
        frozenset(map(fold, names)),
        Mentions(names, emails),
        Mentions(far, emails),
        Mentions((), emails),
        _namesakes(portfolio, far, homes),
    )


def _lives(portfolio: Portfolio, target: Target, numbers: frozenset[int]) -> list[Incarnation]:
    """The stakeholder rows, past ones too, that were the person: same address, or same name there."""
    accounts = set(numbers)
    wanted = frozenset(map(fold, target.emails))
    needles = [max(words(email.partition("@")[0]), key=len, default="") for email in wanted]
    names = columns("stakeholder")
    for no, _, key, account_no, before, after in log_rows(portfolio, "'stakeholder'") if wanted else ():
        folded = plain((before or "") + (after or ""))
        if account_no in accounts or not any(needle in folded for needle in needles):
            continue
        row = _log_row(no, key, account_no, before, after, names)
        if any(side and fold(side.get("email") or "") in wanted for side in (row.before, row.after)):
            accounts.add(account_no)
    found = []
    for account_no in sorted(accounts):
        told = log_rows(portfolio, "'stakeholder'", account_no)
        rows = (_log_row(no, key, at, before, after, names) for no, _, key, at, before, after in told)
        found += [life for life in incarnations(rows) if _is(target, wanted, life, numbers)]
    return found


def _is(target: Target, wanted: frozenset[str], life: Incarnation, numbers: frozenset[int]) -> bool:
    emails = frozenset(map(fold, life.emails))
    if target.by_email:
        return bool(emails & wanted)
    if not frozenset(map(fold, target.names)) & frozenset(map(fold, life.names)):
        return False
    return bool(emails & wanted) or (life.account_no in numbers and not (emails and wanted))


def _whole(portfolio: Portfolio, account: Account) -> Eraser:
    """Of an account: its own names and ids, and everybody at it."""
    names, people, emails, ids = {account.name}, set[str](), set[str](), {account.id}
    entities = "'account', 'contract', 'stakeholder'"
    for no, entity, key, account_no, before, after in log_rows(portfolio, entities, account.no):
        row = _log_row(no, key, account_no, before, after, columns(entity))
        for side in filter(None, (row.before, row.after)):
            if entity != "stakeholder":
                ids.add(side.get("id") or "")
            told = people if entity == "stakeholder" else names
            told.add(side.get("name") or "")
            people.add(side.get("champion") or "")
            emails.add(side.get("email") or "")
    people -= {"", ERASED}
    tail = _tail(portfolio, account.no)
    names -= {"", erased_name(f"{account.no}{tail}")}
    ids = {each for each in ids if each and not each.startswith(erased_id(""))}
    number = frozenset((account.no,))
    own = {
        str(no) for (no,) in portfolio.rows("SELECT no FROM stakeholder WHERE account_no = ?", (account.no,))
    }
    emails -= {"", *_shared(portfolio, emails, own)}
    far, titles = ([name for name in told if full(name)] for told in (people, names))
    return Eraser(
        number,
        frozenset(),
        {},
        frozenset(),
        Mentions(people, emails, names, ids),
        Mentions(far, emails, titles),
        Mentions((), emails),
        _namesakes(portfolio, far + titles, number),
        tail,
    )


def _tail(portfolio: Portfolio, account_no: int) -> str:
    """What keeps the ids that this forgetting gives apart from others: files may bring such ids, too."""
    contracts = portfolio.rows("SELECT no FROM contract WHERE account_no = ?", (account_no,))
    given = [erased_id(str(no)) for (no,) in ((account_no,), *contracts)]
    like = (account_no, erased_id("%"))
    taken = {
        each
        for sql in (
            "SELECT id FROM account WHERE no <> ? AND id LIKE ?",
            "SELECT id FROM contract WHERE account_no <> ? AND id LIKE ?",
        )
        for (each,) in portfolio.rows(sql, like)
    }
    for _, _, _, number, before, after in log_rows(portfolio, "'account', 'contract'"):
        if number != account_no:  # one that is gone had its id on the days that can still be looked at
            taken.update(_ERASED_ID.findall(f"{before}{after}"))
    tails = chain(("",), (f"-{number}" for number in count(2)))
    return next(tail for tail in tails if taken.isdisjoint(each + tail for each in given))


def _shared(portfolio: Portfolio, emails: Iterable[str], own: set[str]) -> frozenset[str]:
    """Addresses that somebody else on record has too: in texts they may be theirs."""
    wanted = {fold(email): email for email in emails if email}
    rows = portfolio.scan("SELECT no, email FROM stakeholder WHERE email <> ''") if wanted else ()
    others = {fold(email) for no, email in rows if str(no) not in own}
    return frozenset(email for email in emails if fold(email) in others)


def _namesakes(portfolio: Portfolio, names: Iterable[str], homes: Iterable[int]) -> frozenset[int]:
    """Accounts other than `homes` that know a person, or are one, of such a name."""
    wanted = frozenset(map(fold, names))
    if not wanted:
        return frozenset()
    rows = chain(
        portfolio.scan("SELECT name, account_no FROM stakeholder"),
        portfolio.scan("SELECT champion, no FROM account WHERE champion <> ''"),
    )
    return frozenset(no for name, no in rows if fold(name) in wanted).difference(homes)
