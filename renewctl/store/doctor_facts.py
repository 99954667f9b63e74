"""What `doctor` asks of the facts: that they can be, that they fit each other, and that caches fit them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, cast

from renewctl.core.invariants import SUBJECT, Breach, Invariants, is_date, of_account
from renewctl.core.model import CLOSED_SAVES
from renewctl.core.policy import Policy
from renewctl.store.doctor import NAMED, OUTSIDE, REPORT, RESTORE, Finding, Seen, Subject, counted
from renewctl.store.portfolio import ENTITIES, Portfolio, columns
from renewctl.store.replay import differences

_BATCH = 500
_LOOK = "nothing has to be done; correct it where it is wrong: renewctl set, or in its source"


def facts(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether every stored row can be, and the rows of an account fit each other."""
    portfolio, policy = subject.opened, cast(Policy, subject.policy)  # asked only where it could be read
    rules = Invariants(policy, {entity: columns(entity) for entity in ENTITIES})
    count = 0
    sound = True
    for entity, info in ENTITIES.items():
        names = columns(entity)
        at = [names.index(name) for name in info.key]
        order = ",".join(info.key)
        for row in portfolio.scan(f"SELECT {','.join(names)} FROM {entity} ORDER BY {order}"):  # noqa: S608
            count += 1
            for breach in rules.row(entity, row):
                sound = sound and breach.is_note
                yield _finding(breach, f"{entity} {'|'.join(str(row[each]) for each in at)}")
    seen.text = counted(count, "row")
    if sound:  # of rows that cannot be, nothing can be asked
        yield from _accounts(portfolio)
        yield from _strays(portfolio)
        yield from _superseded(portfolio)
        yield from _cycles(portfolio)
        for table in ("item_state", "assignment"):
            yield from _items(portfolio, rules, table)
        yield from _pins(portfolio)
        yield from _owners(subject, policy)


def _finding(breach: Breach, where: str) -> Finding:
    return Finding(
        "odd" if breach.is_note else "impossible", where, breach.what, _LOOK if breach.is_note else REPORT,
        breach.is_note,
    )  # fmt: skip


def _accounts(portfolio: Portfolio) -> Iterator[Finding]:
    """What must hold between the contracts and saves of one account."""
    contracts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for no, account_no in portfolio.scan("SELECT no, account_no FROM contract WHERE implied = 1 ORDER BY no"):
        contracts[account_no].append({"no": no, "implied": 1})
    saves: dict[int, list[int]] = defaultdict(list)
    for no, account_no, state in portfolio.scan("SELECT no, account_no, state FROM save_case ORDER BY no"):
        if state not in CLOSED_SAVES:
            saves[account_no].append(no)
    odd = [no for no, rows in contracts.items() if len(rows) > 1]
    odd += [no for no, rows in saves.items() if len(rows) > 1 and no not in odd]
    for number in sorted(odd):
        for breach in of_account(contracts.get(number, ()), saves.get(number, ())):
            yield _finding(breach, f"account {number}")


def _strays(portfolio: Portfolio) -> Iterator[Finding]:
    """Rows that are of one account and of a contract of another."""
    for table, column, parent in _BELONGS:
        key = ", ".join(f"t.{name}" for name in ENTITIES[table].key)
        sql = (
            f"SELECT t.account_no, p.account_no, {key} FROM {table} t "  # noqa: S608
            f"JOIN {parent} p ON p.no = t.{column} WHERE p.account_no <> t.account_no ORDER BY {key}"
        )
        for account_no, other, *places in portfolio.scan(sql):
            what = f"is of account {account_no}, its {parent} of account {other}"
            yield Finding("impossible", f"{table} {'|'.join(map(str, places))}", what, REPORT)


# Tables whose rows are of an account and of something of it: the column that names it, and what it is.
_BELONGS = (
    ("outcome", "contract_no", "contract"),
    ("save_case", "contract_no", "contract"),
    ("activity", "contract_no", "contract"),
    ("renewal", "contract_no", "contract"),
    ("renewal", "successor_no", "contract"),
    ("amendment", "contract_no", "contract"),
    ("departure", "stakeholder_no", "stakeholder"),
    *(
        (table, "save_no", "save_case")
        for table in ("save_event", "promise", "offer", "service_level", "worth")
    ),
    ("promise", "after_no", "promise"),
    ("promise", "replaces_no", "promise"),
    ("offer", "contract_no", "contract"),
    ("service_response", "level_no", "service_level"),
)


def _superseded(portfolio: Portfolio) -> Iterator[Finding]:
    """Only an implied contract, or one that a renewal replaced by another, is superseded."""
    sql = (
        "SELECT no FROM contract c WHERE c.state = 'superseded' AND c.implied = 0 AND NOT EXISTS "
        "(SELECT 1 FROM renewal r WHERE r.contract_no = c.no AND r.successor_no IS NOT NULL) ORDER BY no"
    )
    for (no,) in portfolio.scan(sql):
        what = "is superseded, and neither is it an implied contract nor does another succeed it"
        yield Finding("impossible", f"contract {no}", what, REPORT)


def _cycles(portfolio: Portfolio) -> Iterator[Finding]:
    """A renewal or an amendment is of a cycle that its contract has reached."""
    for table, key in (("renewal", "t.contract_no, t.cycle"), ("amendment", "t.no")):
        sql = (
            f"SELECT t.cycle, c.cycle, {key} FROM {table} t JOIN contract c ON c.no = t.contract_no "  # noqa: S608
            f"WHERE t.cycle > c.cycle ORDER BY {key}"
        )
        for cycle, reached, *places in portfolio.scan(sql):
            where = f"{table} {'|'.join(map(str, places))}"
            yield Finding("orphan", where, f"is of cycle {cycle}; the contract is in {reached}", REPORT)


# What an item is of, by how its subject begins: table, its noun, and the column to hold the item against.
_SUBJECTS = {
    "": ("contract", "contract", "cycle"),
    "s": ("save_case", "save", "scenario"),
    "a": ("account", "account", "no"),
}


def _items(portfolio: Portfolio, rules: Invariants, table: str) -> Iterator[Finding]:
    """Whether what was done with a step was done with one of a contract, save or account that is there."""
    names = "subject, cycle, step"
    rows = portfolio.scan(f"SELECT {names}, account_no FROM {table} ORDER BY {names}")  # noqa: S608
    while batch := list(islice(rows, _BATCH)):
        parsed = [(SUBJECT.fullmatch(row[0]), row) for row in batch]
        known = {}
        for kind, (of, _, column) in _SUBJECTS.items():
            nos = {int(found[2]) for found, _ in parsed if found and found[1] == kind}
            known[kind] = dict(_of(portfolio, of, column, nos))
        for found, (subject, cycle, step, account_no) in parsed:
            where = f"{table} {subject}|{cycle}|{step}"
            kind, number = (found[1], int(found[2])) if found else ("", 0)
            if number not in known[kind]:
                what = f"is an orphan: there is no {_SUBJECTS[kind][1]} {subject}"
                yield Finding("orphan", where, what, REPORT)
            elif kind == "a" and number != account_no:
                yield Finding(
                    "impossible", where, f"is of account {account_no}, its subject account {number}", REPORT
                )
            elif not kind and cycle > known[kind][number]:
                what = f"is of cycle {cycle}; the contract is in {known[kind][number]}"
                yield Finding("orphan", where, what, REPORT)
            elif kind != "a" and (breach := rules.step(known[kind][number] if kind else None, step)):
                yield _finding(breach, where)


def _of(portfolio: Portfolio, table: str, column: str, nos: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """(number, column) of rows by number."""
    numbers = iter(sorted(nos))
    while part := list(islice(numbers, _BATCH)):
        marks = ",".join("?" * len(part))
        sql = f"SELECT no, {column} FROM {table} WHERE no IN ({marks})"  # noqa: S608
        yield from portfolio.rows(sql, part)


def _pins(portfolio: Portfolio) -> Iterator[Finding]:
    """Whether what is pinned is there. Of a health reading the account's number is kept."""
    for entity in portfolio.rows("SELECT DISTINCT entity FROM pin"):
        table, key = ("account", "no") if entity[0] == "health_reading" else (entity[0], "no")
        sql = (
            f"SELECT row_no, field FROM pin WHERE entity = ? AND NOT EXISTS "  # noqa: S608
            f"(SELECT 1 FROM {table} t WHERE t.{key} = pin.row_no) ORDER BY row_no, field"
        )
        for row_no, field in portfolio.execute(sql, entity):
            where = f"pin {entity[0]}|{row_no}|{field}"
            yield Finding("orphan", where, f"is an orphan: there is no {table} {row_no}", REPORT)


def _owners(subject: Subject, policy: Policy) -> Iterator[Finding]:
    """OWN-3: each account with an agenda has exactly one owner. Nobody at all is told, as the agenda does."""
    from renewctl.store.look import entries

    unowned = []
    for entry in entries(subject.opened, policy, subject.as_of):
        if entry.in_force and entry.main is not None and entry.row.owner is None:
            unowned.append(entry.account.id)
    if unowned:
        more = f" and {len(unowned) - NAMED:,} more" if len(unowned) > NAMED else ""
        what = (
            f"{len(unowned):,} with an agenda have nobody who owns them: {', '.join(unowned[:NAMED])}{more}"
        )
        how = "name a CSM: renewctl set ACCOUNT csm=NAME, or a stand-in under [team] of the policy"
        yield Finding("unowned", "account", what, how, True)


# --- caches ------------------------------------------------------------------------------------------------


def caches(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether the agenda's cache is what the facts give, and the memory of imported files what was kept."""
    portfolio = subject.opened
    yield from _agenda(portfolio, cast(Policy, subject.policy), seen)
    yield from sources(portfolio)


_AGENDA = ("contract_no", "next_due_on", "renewal_on", "arr_rank", "contract_id", "deadline_on", "alone")
_ANEW = "it is made anew by the next import; " + RESTORE


def _agenda(portfolio: Portfolio, policy: Policy, seen: Seen) -> Iterator[Finding]:
    from renewctl.store import agenda

    mark = portfolio.meta("agenda_mark")
    if mark != agenda.cache_mark(policy):
        seen.text = "no agenda yet" if mark is None else "an agenda made under another policy or version"
        if mark is not None:
            what = "was made under another policy or version of renewctl, and is not used under this one"
            yield Finding("agenda-other", "agenda", what, "nothing; the next write makes it anew", True)
        return
    names = ",".join(_AGENDA)
    stored = portfolio.scan(f"SELECT {names} FROM agenda ORDER BY contract_no")  # noqa: S608
    count = 0

    def read() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for row in stored:
            count += 1
            yield tuple(row)

    fresh = sorted(agenda.computed(portfolio, policy), key=itemgetter(0))
    for each in differences(fresh, read(), _AGENDA, ("contract_no",), "agenda", "the facts"):
        what = each.what.replace("the facts tells of it", "the facts ask for it").replace(
            "the facts does not know it", "the facts do not ask for it"
        )
        yield Finding("agenda-wrong", each.where, what.replace("the facts says", "the facts give"), _ANEW)
    seen.text = f"an agenda of {counted(count, 'contract')}"
    since = portfolio.meta("agenda_from") or ""
    latest = portfolio.value("SELECT MAX(planned_from_on) FROM contract WHERE state = 'open'") or ""
    if since < latest or (since and not is_date(since)):
        what = f"says that the agenda holds from {since!r} on; a contract is planned from {latest}"
        yield Finding("agenda-wrong", "meta agenda_from", what, _ANEW)


def sources(portfolio: Portfolio) -> Iterator[Finding]:
    """Whether the memory of each imported file still has the checksum it was kept with."""
    from renewctl.store.importer_lines import checksum

    names = "no, file, kind, digest, salt, rows, imported_on, head, checksum, lines"
    for row in portfolio.scan(f"SELECT {names} FROM source ORDER BY no"):  # noqa: S608
        try:
            found = checksum(row[:8], [row[9]])
        except (ValueError, TypeError):
            found = ""
        if found != row[8]:
            what = "the memory of an imported file is not what was kept"
            yield Finding("source-altered", f"source {row[0]}", what, OUTSIDE)
