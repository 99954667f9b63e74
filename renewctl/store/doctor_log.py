"""What `doctor` asks of the operation log, and of the few things that no operation tells of."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from renewctl.core.invariants import is_date, is_instant
from renewctl.store import replay as forward
from renewctl.store.chain import CHANGE, OPERATION, Content, digest_of, row_text, seal_of
from renewctl.store.doctor import OUTSIDE, REPORT, RESTORE, Finding, Seen, Subject, counted
from renewctl.store.portfolio import NEEDS, SEAL, Portfolio

_ERASING = ("forget",)  # commands that may rewrite what older operations say


class Operation(NamedTuple):
    """A row of the log, as stored (columns of `chain.OPERATION`)."""

    seq: Any
    at: Any
    as_of: Any
    actor: Any
    command: Any
    summary: Any
    undoes: Any
    nonce: Any
    changes: Any
    content: Any
    previous: Any
    digest: Any


class _Rows(NamedTuple):
    """The change rows of one operation, taken together."""

    content: Content | None  # None: they cannot be digested
    many: int


def chain(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether every operation is what was written: numbered without a gap, and each digest right."""
    portfolio = subject.opened
    erased = _Erasures(portfolio)
    state = _Changes(portfolio, erased)
    previous, expected, newest = "", 1, ""
    backwards = 0
    for row in portfolio.scan(f"SELECT {','.join(OPERATION)} FROM operation ORDER BY seq"):  # noqa: S608
        operation = Operation(*row)
        where = f"operation {operation.seq}"
        if operation.seq != expected:
            yield Finding("log-gap", where, f"stands where operation {expected} should", OUTSIDE)
        expected = operation.seq + 1 if isinstance(operation.seq, int) else expected + 1
        if operation.previous != previous:
            yield Finding("chain-broken", where, "does not follow from the operation before it", OUTSIDE)
        if _digest(operation) != operation.digest:
            yield Finding("operation-altered", where, "its own row is not what was written", OUTSIDE)
        previous = operation.digest
        rows = yield from state.of(operation)
        yield from _content(operation, rows, erased, where)
        yield from _instants(operation, where)
        backwards += isinstance(operation.at, str) and operation.at < newest
        newest = max(newest, str(operation.at))
    yield from state.rest()
    yield from erased.strays()
    for nonce, count in portfolio.rows(
        "SELECT nonce, COUNT(*) FROM operation WHERE nonce IS NOT NULL "
        "GROUP BY nonce HAVING COUNT(*) > 1 LIMIT 20"
    ):
        yield Finding(
            "nonce-twice", "operation", f"{count} operations share the random mark {nonce!r}", OUTSIDE
        )
    if backwards:
        what = f"{backwards:,} operations are stamped earlier than one before them: the clock was set back"
        yield Finding("clock-went-back", "operation", what, "nothing; the order is that of the numbers", True)
    seen.text = f"{counted(expected - 1, 'operation')}, {counted(state.count, 'change')}"


def _digest(operation: Operation) -> str:
    try:
        return digest_of(operation)
    except ValueError:  # text that is none
        return ""


def _content(operation: Operation, rows: _Rows, erased: "_Erasures", where: str) -> Iterator[Finding]:
    if rows.many != operation.changes:
        what = f"has {rows.many:,} changes and says {operation.changes}"
        fewer = rows.many < (operation.changes or 0)
        yield Finding("changes-missing" if fewer else "changes-added", where, what, OUTSIDE)
    found = None
    if rows.content is not None:
        try:
            found = rows.content.close(operation.nonce, operation.command, operation.summary)
        except ValueError:
            found = None
    if found != erased.now(operation.seq, operation.content):
        yield Finding("changes-altered", where, "its changes are not what was written", OUTSIDE)
    elif operation.nonce is None and operation.seq not in erased.links:
        yield Finding("changes-altered", where, "its random mark is gone, and no erasure took it", OUTSIDE)


def _instants(operation: Operation, where: str) -> Iterator[Finding]:
    if not is_instant(operation.at):
        yield Finding("no-instant", where, f"is stamped {operation.at!r}", REPORT)
    if not is_date(operation.as_of):
        yield Finding("no-date", where, f"was reckoned from {operation.as_of!r}", REPORT)
    undone = operation.undoes
    if undone is not None and not (isinstance(undone, int) and 0 < undone < operation.seq):
        yield Finding(
            "undoes-nothing", where, f"takes back operation {undone}, which is not before it", REPORT
        )


class _Changes:
    """The change rows in the order of their numbers, an operation at a time."""

    def __init__(self, portfolio: Portfolio, erased: "_Erasures") -> None:
        rows = portfolio.scan(f"SELECT {','.join(CHANGE)} FROM change ORDER BY no")  # noqa: S608
        self._groups = groupby(self._numbered(rows), key=itemgetter(1))
        self._waiting: tuple[Any, Iterator[Sequence[Any]]] | None = None
        self._erased = erased
        self._gaps: list[Finding] = []
        # Under schema 1 an import that started over left out numbers.
        self._gapless = portfolio.value("SELECT 1 FROM migration WHERE name = 'laid out'") is not None
        self.count = 0

    def _numbered(self, rows: Any) -> Iterator[Sequence[Any]]:
        for row in rows:
            self.count += 1
            if row[0] != self.count and self._gapless and not self._gaps:
                what = f"stands where change {self.count} should"
                self._gaps.append(Finding("log-gap", f"change {row[0]}", what, OUTSIDE))
            yield row

    def of(self, operation: Operation) -> Generator[Finding, None, _Rows]:
        """The rows of an operation; those before them that belong to none are findings."""
        while True:
            if self._waiting is None:
                self._waiting = next(self._groups, None)
            if self._waiting is None or not _before(self._waiting[0], operation.seq):
                break
            yield self._stray()
        if self._waiting is None or self._waiting[0] != operation.seq:
            return _Rows(Content(), 0)
        rows, self._waiting = self._waiting[1], None
        content: Content | None = Content()
        count = 0
        for row in rows:
            count += 1
            if row[2] == "erasure":
                self._erased.told(operation, row)
            try:
                if content is not None:
                    content.add(row_text(row).encode())
            except ValueError:
                content = None
        return _Rows(content, count)

    def _stray(self) -> Finding:
        seq, rows = self._waiting or (None, iter(()))
        self._waiting = None
        count = sum(1 for _ in rows)
        what = f"{count:,} changes name an operation that is not there, or stand in the wrong place"
        return Finding("changes-astray", f"operation {seq}", what, OUTSIDE)

    def rest(self) -> Iterator[Finding]:
        """What stands after the last operation, and the gaps that were met."""
        while self._waiting is not None or (group := next(self._groups, None)) is not None:
            if self._waiting is None:
                self._waiting = group
            yield self._stray()
        yield from self._gaps


def _before(seq: Any, other: Any) -> bool:
    return not isinstance(seq, int) or not isinstance(other, int) or seq < other


class _Erasures:
    """What erasures say that older operations digest to now."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.links: dict[Any, dict[Any, Any]] = defaultdict(dict)
        self._stored = {}
        for no, op, was, now in portfolio.scan("SELECT no, op, was, now FROM erasure ORDER BY no"):
            self.links[op][was] = now
            self._stored[str(no)] = [no, op, was, now]
        self._told: dict[str, Any] = {}

    def now(self, seq: Any, content: Any) -> Any:
        """What the rows of an operation digest to after all erasures that reached it."""
        links = self.links.get(seq, {})
        for _ in range(len(links)):
            if content not in links:
                break
            content = links[content]
        return content

    def told(self, operation: Operation, row: Sequence[Any]) -> None:
        """Note an erasure that an operation tells of; only some commands may."""
        if str(operation.command).partition(" ")[0] in _ERASING and row[5] is None:
            self._told[row[3]] = row[6]

    def strays(self) -> Iterator[Finding]:
        """Erasures that no forgetting tells of."""
        import json

        for no, row in self._stored.items():
            if self._told.get(no) != json.dumps(row, separators=(",", ":")):
                what = "no operation that forgets somebody tells of it"
                yield Finding("erasure-astray", f"erasure {no}", what, OUTSIDE)


def replayed(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """Whether the log, folded forward, gives the tables as they are."""
    portfolio = subject.opened
    count = portfolio.value("SELECT COUNT(*) FROM change")
    seen.text = f"{counted(count, 'change')} folded forward"
    for each in forward.replay(portfolio):
        yield Finding("not-as-logged", each.where, each.what, OUTSIDE)


def own(subject: Subject, seen: Seen) -> Iterator[Finding]:
    """What the portfolio notes for itself, outside the log: sealed, and nothing unknown."""
    portfolio = subject.opened
    facts = portfolio.rows("SELECT key, value FROM meta ORDER BY key")
    kept = dict(facts)
    seen.text = counted(len(facts), "note")
    versions = portfolio.rows("SELECT version, name, at FROM migration ORDER BY version")
    try:
        seal = seal_of([row for row in facts if row[0] != SEAL], versions)
    except ValueError:
        seal = ""
    if kept.get(SEAL) != seal:
        yield Finding("notes-altered", "meta, migration", "are not what was written there last", OUTSIDE)
    for key, value in facts:
        if key == "erasure_pending":  # forget.PENDING
            what = (
                "a forgetting was not finished: what it erased may still stand in freed parts of the storage"
            )
            yield Finding("erasure-unfinished", f"meta {key}", what, "finish it: renewctl forget --purge")
            continue
        known = key in (SEAL, NEEDS, "demo", "agenda_mark", "agenda_from") or str(key).startswith("calendar:")
        if not known:
            yield Finding(
                "unknown-note", f"meta {key}", "is a note that this renewctl does not know", OUTSIDE
            )
        elif key in ("demo", "agenda_from") and value and not is_date(value):
            yield Finding("no-date", f"meta {key}", f"is {value!r}", RESTORE)
        elif str(key).startswith("calendar:") and not all(map(is_date, str(value).split())):
            yield Finding("no-date", f"meta {key}", "holds something that is no date", RESTORE)
