"""Taking an operation back, as a new operation whose changes are those of the old one in reverse.

Refused where something that came later builds on it, where a person was forgotten since, and where the
portfolio or its log is not what was written.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from renewctl.core.history import Logged
from renewctl.core.policy import Policy
from renewctl.core.rewind import Chains, Mismatch, back, builds_on, key_of
from renewctl.errors import NotFound, PortfolioError, RefusedByRule
from renewctl.store import agenda, rewind
from renewctl.store.chain import CHANGE, OPERATION, Content, digest_of
from renewctl.store.portfolio import Operation, Portfolio, columns
from renewctl.store.rewind import SHAPES, backwards, first_after

BULK = 1_000  # from more rows than these on, a copy is kept before anything is done
_BLOCK = 2_000
_IN_LIST = 500
_NAMED = 5  # operations named that stand in the way


class Done(NamedTuple):
    """An operation as the log has it (columns of `chain.OPERATION`)."""

    seq: int
    at: str
    as_of: str
    actor: str
    command: str
    summary: str
    undoes: int | None
    nonce: str | None
    rows: int
    content: str
    previous: str
    digest: str


def chains(portfolio: Portfolio) -> Chains:
    """Which operations stand."""
    return Chains(portfolio.rows("SELECT seq, undoes FROM operation WHERE undoes IS NOT NULL"))


def newest(portfolio: Portfolio, known: Chains) -> int:
    """The newest operation that takes nothing back and was not taken back. NotFound where there is none."""
    for (seq,) in portfolio.execute("SELECT seq FROM operation WHERE undoes IS NULL ORDER BY seq DESC"):
        if known.taken_back_by(seq) is None:
            return int(seq)
    raise NotFound("nothing-to-undo", "there is nothing left to take back", "see: renewctl history")


def find(portfolio: Portfolio, seq: int | None) -> Done:
    """The operation to take back: the one named, else the newest; it stands and nothing builds on it.

    NotFound where there is none, RefusedByRule (exit 14) where it may not be taken back.
    """
    known = chains(portfolio)
    wanted = newest(portfolio, known) if seq is None else seq
    sql = f"SELECT {','.join(OPERATION)} FROM operation WHERE seq = ?"  # noqa: S608
    rows = portfolio.rows(sql, (wanted,))
    if not rows:
        raise NotFound("no-such-operation", f"there is no operation {wanted}", "see them: renewctl history")
    found = Done._make(rows[0])
    by = known.taken_back_by(found.seq)
    if by is not None:
        raise RefusedByRule(
            "undo-done",
            f"operation {found.seq} ({found.command}) was taken back by operation {by} already",
            f"to have it again: renewctl undo {by}",
        )
    _refuse_erased(portfolio, found)
    _refuse_conflicts(portfolio, found, _Span(portfolio, found), known)
    return found


def take_back(portfolio: Portfolio, operation: Operation, done: Done, policy: Policy, as_of: date) -> None:
    """Take an operation back inside the write of a new one. It was found by `find` in the same transaction.

    PortfolioError where the log is not what was written, or the portfolio not what the log says it became.
    """
    span = _Span(portfolio, done)
    span.check_log()
    operation.undoes = done.seq
    operation.summary = _summary(done)
    most = int(portfolio.value("SELECT COUNT(*) FROM account")) // 2
    touched: set[int] | None = set()
    for block in span.blocks():
        _reverse(portfolio, operation, block)
        if touched is not None:
            touched.update(row.account_no for row in block if row.account_no is not None)
            touched = touched if len(touched) <= most else None
    # A file imported since may have left out what is now different: its memory says "nothing new".
    portfolio.execute("DELETE FROM source")
    if touched is not None:
        portfolio.execute("DELETE FROM agenda WHERE contract_no NOT IN (SELECT no FROM contract)")
    agenda.refresh(portfolio, policy, as_of, None if touched is None else sorted(touched))


def _summary(done: Done) -> str:
    """What was taken back, in a line; of an undo, also what that had taken back."""
    told = done.summary
    if done.undoes is not None:
        told = _UNDO.sub("", told, count=1)
    return f"#{done.seq} {done.command}" + (f": {told}" if told else "")


_UNDO = re.compile(r"^#\d+ undo \d+: ")


class _Span:
    """The change rows of one operation, and what came after them."""

    def __init__(self, portfolio: Portfolio, done: Done) -> None:
        self._portfolio = portfolio
        self._done = done
        self.first = first_after(portfolio, done.seq - 1)
        self.last = first_after(portfolio, done.seq) - 1
        self.later = int(portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change")) - self.last

    def blocks(self) -> Iterator[list[Logged]]:
        """The rows, the last one first."""
        return backwards(self._portfolio, self.first, self.last, _BLOCK)

    def check_log(self) -> None:
        """Refuse to build on rows that are not what was written."""
        done, content = self._done, Content()
        for block in self._portfolio.logged(self.first, self.last):
            content.add(block)
        told = content.close(done.nonce, done.command, done.summary)
        if told != done.content or digest_of(done) != done.digest:
            raise PortfolioError(
                "log-altered",
                f"{self._portfolio.path}: operation {done.seq} is not what was written; nothing was changed",
                "see what is wrong with: renewctl doctor",
            )


def _refuse_erased(portfolio: Portfolio, done: Done) -> None:
    """What was forgotten stays forgotten."""
    why = ""
    if _forgets(done.command):
        why = "it forgot somebody for good"
    elif done.nonce is None or portfolio.value("SELECT 1 FROM erasure WHERE op = ?", (done.seq,)):
        why = "somebody it was about has been forgotten since, and what it changed is no longer known"
    if why:
        raise RefusedByRule(
            "undo-erased",
            f"operation {done.seq} ({done.command}) cannot be taken back: {why}",
            "name another: renewctl undo OPERATION",
        )


def _forgets(command: str) -> bool:
    return command.partition(" ")[0] == "forget"


# --- what came later ---------------------------------------------------------------------------------

_PAIRS = "FROM change {} CROSS JOIN change {} "
_SAME_ACCOUNT = "WHERE mine.no BETWEEN ? AND ? AND later.no > ? AND later.account_no = mine.account_no AND "
_SAME_ROW = (
    "(later.entity = mine.entity AND later.key = mine.key "
    "OR mine.entity = 'account' AND mine.before IS NULL "
    "OR later.entity = 'account' AND later.after IS NULL)"
)
_REFERRED = "('contract', 'save_case', 'stakeholder', 'promise', 'service_level')"
_REFERRING = (
    "('item_state', 'pin', 'outcome', 'save_case', 'activity', 'renewal', 'amendment', 'assignment', "
    "'departure', 'save_event', 'promise', 'offer', 'service_level', 'service_response', 'worth')"
)
_MAYBE = (
    f"(mine.entity IN {_REFERRED} AND mine.before IS NULL AND later.entity IN {_REFERRING} "
    f"OR later.entity IN {_REFERRED} AND later.after IS NULL AND mine.entity IN {_REFERRING})"
)


def _refuse_conflicts(portfolio: Portfolio, done: Done, span: _Span, known: Chains) -> None:
    """RefusedByRule where operations that stand build on it, naming the newest of them."""
    later = _later(portfolio, done, span, known) if span.later else set()
    later |= _taken(portfolio, span)
    if not later:
        return
    newest_first = sorted(later, reverse=True)
    named = newest_first[:_NAMED]
    marks = ",".join("?" * len(named))
    rows = portfolio.rows(
        f"SELECT seq, command, at FROM operation WHERE seq IN ({marks}) ORDER BY seq DESC",  # noqa: S608
        named,
    )
    told = ", ".join(f"#{seq} {command} ({at[:10]})" for seq, command, at in rows)
    more = f" and {len(later) - len(named):,} more" if len(later) > len(named) else ""
    if any(_forgets(command) for _, command, _ in rows):
        hint = "forgetting somebody cannot be taken back, so neither can this"
    else:
        hint = "undo those first: " + ", then ".join(f"renewctl undo {seq}" for seq, _, _ in rows)
        hint += " …" if more else ""
    raise RefusedByRule(
        "undo-conflict",
        f"operation {done.seq} ({done.command}) cannot be taken back: later ones build on it: {told}{more}",
        hint,
    )


def _later(portfolio: Portfolio, done: Done, span: _Span, known: Chains) -> set[int]:
    """Operations that stand and changed the same rows since, or others that hang on them.

    Everything about an account hangs on the account, a step on its contract or save, and so on.
    """
    idle = known.idle_after(done.seq)
    # CROSS JOIN: the engine is not to choose, the shorter of the two goes first.
    tables = ("mine", "later") if done.rows <= span.later else ("later", "mine")
    pairs = _PAIRS.format(*tables) + _SAME_ACCOUNT
    span_of = (span.first, span.last, span.last)
    found = {op for (op,) in portfolio.rows(f"SELECT DISTINCT later.op {pairs} {_SAME_ROW}", span_of)}
    found -= idle
    both = ", ".join(f"{side}.{name}" for side in ("later", "mine") for name in CHANGE)
    wide = len(CHANGE)
    for row in portfolio.execute(f"SELECT {both} {pairs} {_MAYBE}", span_of):
        op = row[1]
        if op in found or op in idle:
            continue
        new, old = Logged._make(row[:wide]), Logged._make(row[wide:])
        if builds_on(new, old, columns(new.entity), columns(old.entity)):
            found.add(op)
            if len(found) > 100 * _NAMED:
                break
    return found


def _taken(portfolio: Portfolio, span: _Span) -> set[int]:
    """Operations that gave the number or id of a row which would come back to another one since."""
    waiting: dict[str, list[tuple[int, str]]] = {entity: [] for entity in _NUMBERED}
    found: set[int] = set()
    marks = ",".join("?" * len(_NUMBERED))
    for entity, key, before in portfolio.execute(
        f"SELECT entity, key, before FROM change "  # noqa: S608
        f"WHERE no BETWEEN ? AND ? AND after IS NULL AND entity IN ({marks})",
        (span.first, span.last, *_NUMBERED),
    ):
        name = _NUMBERED[entity]
        waiting[entity].append((int(key), json.loads(before)[columns(entity).index(name)]))
        if len(waiting[entity]) == _IN_LIST:
            found |= _makers(portfolio, entity, waiting[entity])
            waiting[entity] = []
    for entity, gone in waiting.items():
        found |= _makers(portfolio, entity, gone) if gone else set()
    return found


# Entities whose rows have numbers, which are given again once free, with another column that is theirs alone.
_NUMBERED = {
    "account": "id", "contract": "id", "stakeholder": "no", "value_metric": "no", "outcome": "no",
    "save_case": "no", "activity": "no", "amendment": "no", "save_event": "no", "promise": "no",
    "offer": "no", "service_level": "no", "service_response": "no", "worth": "no",
}  # fmt: skip


def _makers(portfolio: Portfolio, entity: str, gone: Sequence[tuple[int, Any]]) -> set[int]:
    """The operations that made the rows which have these numbers, or what else is theirs alone, now."""
    of = "no" if entity == "account" else "account_no"
    found: set[int] = set()
    for at, column in enumerate(("no", _NUMBERED[entity])):
        wanted = [each[at] for each in gone]
        sql = f"SELECT no, {of} FROM {entity} WHERE {column} IN ({','.join('?' * len(wanted))})"  # noqa: S608
        for no, account_no in portfolio.rows(sql, wanted):
            maker = portfolio.value(
                "SELECT op FROM change WHERE account_no = ? AND entity = ? AND key = ? AND before IS NULL "
                "ORDER BY no DESC LIMIT 1",
                (account_no, entity, str(no)),
            )
            found.update(() if maker is None else (maker,))
    return found


# --- the changes -------------------------------------------------------------------------------------


def _reverse(portfolio: Portfolio, operation: Operation, block: Sequence[Logged]) -> None:
    """Take a block of rows back, each held against the portfolio as it stands, and log that they were.

    Not by `Operation.apply`: what it works out for each row stands in the log already, the other way round.
    """
    current = _current(portfolio, block)
    start, told = operation.reserve_changes(len(block)), []
    for at, row in enumerate(block):
        place = (row.entity, row.key)
        try:
            before, current[place] = back(row, current[place], SHAPES[row.entity])
        except Mismatch as error:
            raise PortfolioError(
                "facts-altered",
                f"{portfolio.path}: {error} is not what operation {row.op} made of it; nothing was changed",
                "something altered it outside the log; see what with: renewctl doctor",
            ) from error
        told.append((start + at, operation.seq, *place, row.account_no, before, row.before))
    rewind.take_back(portfolio, block)
    portfolio.execute_many(_LOG_SQL, told)
    operation.logged(start, len(block))


_LOG_SQL = f"INSERT INTO change ({','.join(CHANGE)}) VALUES ({','.join('?' * len(CHANGE))})"  # noqa: S608


def _current(portfolio: Portfolio, block: Sequence[Logged]) -> dict[tuple[str, str], Any]:
    """The rows that a block of the log is about as they stand, by entity and key; None: there is none."""
    found: dict[tuple[str, str], Any] = {(row.entity, row.key): None for row in block}
    for entity, keys in groupby(sorted(found), itemgetter(0)):
        key = SHAPES[entity].key
        # By the first column of the key alone; of pins that one is much the same for all.
        wide = 2 if entity == "pin" else 1
        leads = sorted({key_of(text, key)[:wide] for _, text in keys})
        for start, group in groupby(leads, lambda lead: lead[:-1]):
            where = " AND ".join([*(f"{name} = ?" for name in key[: wide - 1]), f"{key[wide - 1]} IN"])
            _look_up(portfolio, entity, where, start, [lead[-1] for lead in group], found)
    return found


def _look_up(
    portfolio: Portfolio,
    entity: str,
    where: str,
    start: tuple[Any, ...],
    values: list[Any],
    found: dict[tuple[str, str], Any],
) -> None:
    """Put in the stored rows that were asked for. `values` are those of the last column named."""
    names, key = SHAPES[entity]
    places = [names.index(name) for name in key]
    select = f"SELECT {','.join(names)} FROM {entity} WHERE {where}"  # noqa: S608
    for first in range(0, len(values), _IN_LIST):
        part = values[first : first + _IN_LIST]
        for row in portfolio.execute(f"{select} ({','.join('?' * len(part))})", [*start, *part]):
            at = (entity, "|".join([str(row[place]) for place in places]))
            if at in found:
                found[at] = row
