"""Erasing a person or an account from the tables and from every line of the log, in one operation.

The log keeps its chain: what an operation digested to when it was written stays in it, and a row of
`erasure` says what its rows digest to since. The operation itself logs the rows as they are now on both
sides, so that the log still replays to the tables and says nothing about whom it was.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.erasure import ERASED, NOW, SHORTEST, TEXTS, Eraser, plain, words
from renewctl.core.model import Change
from renewctl.core.policy import Policy
from renewctl.store import agenda
from renewctl.store.chain import Content
from renewctl.store.persons import Target
from renewctl.store.portfolio import ENTITIES, SEAL, Erasure, Operation, Portfolio, columns

_PAGE = 5_000  # rows of the log read at a time
_IN_LIST = 500
_TOLD = 50  # texts to look at that are told in full
PENDING = "erasure_pending"  # set while the storage may still hold what was erased
_BY_NUMBER = (
    "contract", "stakeholder", "value_metric", "outcome", "save_case", "activity", "save_event", "promise",
    "offer", "service_level", "service_response", "worth",
)  # fmt: skip


class Left(NamedTuple):
    """A text that holds a part of the name and was left for a person to judge."""

    account: str | None  # id
    entity: str
    key: str
    text: str


class Forgotten(NamedTuple):
    """What a forgetting came to."""

    rows: dict[str, int]  # entity -> rows of the tables that changed
    log_rows: int
    operations: int  # whose rows or words changed
    left: tuple[Left, ...]  # the first ones
    more_left: int


class _Told(NamedTuple):
    """An operation that has to do with it."""

    first: int  # numbers of its change rows
    last: int
    changed: bool  # some of them were redacted
    of_theirs: bool  # some are of the accounts concerned
    of_others: bool


def command_of(target: Target) -> str:
    """The words the log keeps: they name nobody."""
    if target.kind == "account":
        return f"forget account {target.accounts[0].no}"
    ids = ", ".join(account.id for account in target.accounts)
    return f"forget {target.kind}" + (f" of {ids}" if ids else "")


def forget(
    portfolio: Portfolio,
    operation: Operation,
    target: Target,
    eraser: Eraser,
    reason: str,
    policy: Policy,
    as_of: date,
) -> Forgotten:
    """Erase, inside a write; `purge` has to follow it."""
    return _Forgetting(portfolio, operation, target, eraser).run(reason, policy, as_of)


def purge(portfolio: Portfolio) -> None:
    """Rewrite the storage and note that this is done. PortfolioError where it cannot be; then ask again."""
    portfolio.purge()
    portfolio.begin()
    try:
        portfolio.execute("DELETE FROM meta WHERE key = ?", (PENDING,))
        portfolio.seal()
        portfolio.commit("")
    except BaseException:
        portfolio.rollback()
        raise


class _Forgetting:
    """One forgetting under way."""

    def __init__(self, portfolio: Portfolio, operation: Operation, target: Target, eraser: Eraser) -> None:
        self._portfolio = portfolio
        self._operation = operation
        self._target = target
        self._eraser = eraser
        self._theirs = eraser.homes | eraser.accounts
        self._rows: dict[str, int] = {}
        self._log_rows = self._operations = self._more = 0
        self._left: list[Left] = []
        parts = {part for name in target.names for part in words(name)} if eraser.homes else set()
        self._parts = tuple(part for part in parts if len(part) >= SHORTEST)

    def run(self, reason: str, policy: Policy, as_of: date) -> Forgotten:
        """All of it."""
        last = int(self._portfolio.value("SELECT COALESCE(MAX(no), 0) FROM change"))
        self._tables()
        told = dict(self._log(last))
        self._operations_told(told)
        if self._operation.count:
            said = self._eraser.near.erase(reason)
            rows = sum(self._rows.values())
            summary = f"erased: rows {rows}, log rows {self._log_rows}, operations {self._operations}"
            self._operation.summary = summary + (f" ({said})" if said else "")
            self._around()
            agenda.refresh(self._portfolio, policy, as_of, sorted(self._theirs & self._known()))
        self._look()
        return Forgotten(self._rows, self._log_rows, self._operations, tuple(self._left), self._more)

    def _known(self) -> set[int]:
        return {account.no for account in self._target.accounts}

    def _around(self) -> None:
        """What is kept beside facts and log: the memory of files, whose digests tell of their lines."""
        portfolio = self._portfolio
        portfolio.execute("DELETE FROM source")
        for key, value in portfolio.rows("SELECT key, value FROM meta WHERE key <> ?", (SEAL,)):
            said = self._eraser.far.erase(value)
            if said != value:
                portfolio.set_meta(key, said)
        portfolio.set_meta(PENDING, "1")

    # --- tables ---------------------------------------------------------------------------------------

    def _tables(self) -> None:
        for entity in ENTITIES:
            if entity not in ("erasure", "pin"):
                for row in (*self._own(entity), *self._elsewhere(entity)):
                    self._redact(entity, row, row["no" if entity == "account" else "account_no"])
        for row, account_no in (*self._own_pins(), *self._other_pins()):
            self._redact("pin", row, account_no)

    def _redact(self, entity: str, row: dict[str, Any], account_no: int) -> None:
        key = tuple(row[name] for name in ENTITIES[entity].key)
        changed = self._eraser.changed(entity, "|".join(map(str, key)), account_no, NOW, row)
        if changed:
            self._operation.apply([Change(entity, key, account_no, changed, changed)])
            self._rows[entity] = self._rows.get(entity, 0) + 1

    def _own(self, entity: str) -> list[dict[str, Any]]:
        """Rows of the accounts concerned; dates stay text."""
        name = "no" if entity == "account" else "account_no"
        return [row for no in sorted(self._theirs) for row in self._fetch(entity, f"{name} = ?", (no,))]

    def _elsewhere(self, entity: str) -> Iterator[dict[str, Any]]:
        """Rows of other accounts that may mention somebody."""
        info = ENTITIES[entity]
        texts = [name for name in TEXTS.get(entity, ()) if name != "source"]
        account = "no" if entity == "account" else "account_no"
        where = " AND ".join(f"{name} = ?" for name in info.key)
        keys: list[Sequence[Any]] = []
        if texts:
            some = " OR ".join(f"{name} IS NOT NULL" for name in texts)
            sql = f"SELECT {account}, {','.join((*texts, *info.key))} FROM {entity} WHERE {some}"  # noqa: S608
            for row in self._portfolio.scan(sql):
                said = "\n".join(filter(None, row[1 : 1 + len(texts)]))
                if row[0] not in self._theirs and self._eraser.far.maybe(plain(said)):
                    keys.append(row[1 + len(texts) :])
        if "source" in TEXTS.get(entity, ()):
            sql = f"SELECT DISTINCT source FROM {entity} WHERE source IS NOT NULL"  # noqa: S608
            for (file,) in self._portfolio.rows(sql):
                if self._eraser.far.within(file):
                    found = f"SELECT {account}, {','.join(info.key)} FROM {entity} WHERE source = ?"  # noqa: S608
                    rows = self._portfolio.rows(found, (file,))
                    keys += [row[1:] for row in rows if row[0] not in self._theirs]
        for key in dict.fromkeys(map(tuple, keys)):
            yield from self._fetch(entity, where, key)

    def _fetch(self, entity: str, where: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        names = columns(entity)
        sql = f"SELECT {','.join(names)} FROM {entity} WHERE {where}"  # noqa: S608
        return [dict(zip(names, row, strict=True)) for row in self._portfolio.rows(sql, params)]

    def _own_pins(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Pins of the accounts concerned, each with its account."""
        for no in sorted(self._theirs):
            numbers = {"account": [no], "health_reading": [no]}
            for entity in ("contract", "stakeholder", "value_metric", "outcome"):
                sql = f"SELECT no FROM {entity} WHERE account_no = ?"  # noqa: S608
                numbers[entity] = [found for (found,) in self._portfolio.rows(sql, (no,))]
            for entity, rows in numbers.items():
                for start in range(0, len(rows), _IN_LIST):
                    part = rows[start : start + _IN_LIST]
                    marks = ",".join("?" * len(part))
                    for row in self._fetch("pin", f"entity = ? AND row_no IN ({marks})", (entity, *part)):
                        yield row, no

    def _other_pins(self) -> Iterator[tuple[dict[str, Any], int]]:
        for row in self._fetch("pin", "source_value LIKE ?", ('"%',)):
            if not self._eraser.far.maybe(plain(row["source_value"])):
                continue
            entity, no = row["entity"], row["row_no"]
            if entity in _BY_NUMBER:
                no = self._portfolio.value(f"SELECT account_no FROM {entity} WHERE no = ?", (no,))  # noqa: S608
            if no not in self._theirs:
                yield row, no

    # --- log ------------------------------------------------------------------------------------------

    def _log(self, last: int) -> Iterator[tuple[int, _Told]]:
        """Redact the change rows up to number `last`; the operations that have to do with it."""
        now, first, place = 0, 0, 0  # the operation that is being read, and its first row
        changed = theirs = others = False
        while True:
            page = self._portfolio.rows(
                "SELECT no, op, entity, key, account_no, before, after FROM change "
                "WHERE no > ? AND no <= ? ORDER BY no LIMIT ?",
                (place, last, _PAGE),
            )
            updates = []
            maybe = self._eraser.far.maybe(plain("\n".join(f"{row[5]}\n{row[6]}" for row in page)))
            for row in page:
                no, op, account_no = row[0], row[1], row[4]
                if op != now:
                    if changed or theirs:
                        yield now, _Told(first, place, changed, theirs, others)
                    now, first, changed, theirs, others = op, no, False, False, False
                place = no
                if account_no in self._theirs:
                    theirs = True
                else:
                    others = others or account_no is not None
                    if not maybe or not self._eraser.far.maybe(plain(f"{row[5]}\n{row[6]}")):
                        continue
                sides = self._sides(row)
                if sides != (row[5], row[6]):
                    changed = True
                    updates.append((*sides, no))
            if updates:
                self._portfolio.execute_many("UPDATE change SET before = ?, after = ? WHERE no = ?", updates)
            self._log_rows += len(updates)
            if len(page) < _PAGE:
                break
        if changed or theirs:
            yield now, _Told(first, place, changed, theirs, others)

    def _sides(self, row: Sequence[Any]) -> tuple[str | None, str | None]:
        no, _, entity, key, account_no, before, after = row
        if entity == "erasure" or entity not in ENTITIES:
            return before, after
        names = columns(entity)
        erase = self._eraser.side
        return (
            erase(entity, names, key, account_no, no, before),
            erase(entity, names, key, account_no, no, after),
        )

    def _operations_told(self, told: dict[int, _Told]) -> None:
        """Redact what operations say of themselves, and tell what each digests to now."""
        portfolio = self._portfolio
        links = dict(portfolio.rows("SELECT op, now FROM erasure ORDER BY no"))
        number = portfolio.next_no("erasure")
        place = 0
        while page := portfolio.rows(
            "SELECT seq, command, summary, content FROM operation WHERE seq > ? ORDER BY seq LIMIT 1000",
            (place,),
        ):
            for seq, command, summary, content in page:
                place = seq
                about = told.get(seq)
                words_now = self._words(seq, command, summary, about)
                if words_now == (command, summary) and not (about and about.changed):
                    continue
                now = self._content(seq, about, *words_now)
                portfolio.execute(
                    "UPDATE operation SET command = ?, summary = ?, nonce = NULL WHERE seq = ?",
                    (*words_now, seq),
                )
                link = Erasure(number, seq, links.get(seq, content), now)
                self._operation.apply([Change("erasure", (number,), None, None, link._asdict())])
                number += 1
                self._operations += 1

    def _words(self, seq: int, command: str, summary: str, about: _Told | None) -> tuple[str, str]:
        theirs = about is not None and about.of_theirs
        mentions = self._eraser.near if theirs else self._eraser.far
        if self._eraser.accounts and about is not None and theirs and not about.of_others and summary:
            return mentions.erase(command), ERASED
        said = mentions.erase(summary)
        if theirs and self._is_part(said):
            self._tell(Left(None, "operation", str(seq), said))
        return mentions.erase(command), said

    def _content(self, seq: int, about: _Told | None, command: str, summary: str) -> str:
        if about is None:
            from renewctl.store.rewind import first_after

            first, last = first_after(self._portfolio, seq - 1), first_after(self._portfolio, seq) - 1
        else:
            first, last = about.first, about.last
        content = Content()
        for block in self._portfolio.logged(first, last):
            content.add(block)
        return content.close(None, command, summary)

    # --- what is left to a person ---------------------------------------------------------------------

    def _look(self) -> None:
        """Texts of the person's accounts that hold a part of the name."""
        ids = {account.no: account.id for account in self._target.accounts}
        for entity, texts in TEXTS.items() if self._parts else ():
            names = ("name", *texts) if entity == "account" else texts
            for row in self._own(entity):
                key = "|".join(str(row[name]) for name in ENTITIES[entity].key)
                of = ids.get(row["no" if entity == "account" else "account_no"])
                for name in names:
                    if row[name] and self._is_part(row[name]):
                        self._tell(Left(of, entity, key, row[name]))

    def _is_part(self, text: str) -> bool:
        return bool(self._parts) and not set(words(text)).isdisjoint(self._parts)

    def _tell(self, left: Left) -> None:
        if len(self._left) < _TOLD:
            self._left.append(left)
        else:
            self._more += 1
