"""Bringing an older portfolio to the schema of this version, wholly or not at all.

A step leads from one schema version to the next and is never changed again: it carries the tables it
makes in its own text, because `schema.sql` moves on. All steps that a portfolio needs run in one
transaction under the write lock, after a verified copy was put aside.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from renewctl import __version__
from renewctl.errors import PortfolioError
from renewctl.store.chain import CHANGE, OPERATION, Content, digest_of, row_text
from renewctl.store.portfolio import APPLICATION_ID, NEEDS, SCHEMA_VERSION, Migrated, Portfolio

_BLOCK = 1_000  # rows held at a time


class Step(NamedTuple):
    """What leads to a schema version from the one before."""

    version: int
    name: str
    apply: Callable[[Portfolio], None]


def migrate(portfolio: Portfolio, version: int) -> None:
    """Bring a portfolio of schema `version` to SCHEMA_VERSION; `portfolio.migrated` tells of it then.

    Does nothing where another process did it meanwhile. Raises PortfolioError (exit 12), with nothing
    changed, where the portfolio cannot be written, is damaged, or is of a version that never was.
    """
    if version < 1:
        raise unknown(portfolio.path, version)
    try:
        while (now := portfolio.schema_version()) < SCHEMA_VERSION:
            _climb(portfolio, now)
    except PortfolioError as error:
        if error.code != "portfolio-not-writable":
            raise
        refuse(portfolio, version, f"; {error.message}")


def unknown(path: str, version: int) -> PortfolioError:
    """It is of a version that never was."""
    return PortfolioError(
        "unknown-schema",
        f"{path} has schema {version}, which no renewctl ever laid out",
        "restore a copy with: renewctl restore",
    )


class _Done(Exception):
    """Another process was there first."""


def _climb(portfolio: Portfolio, version: int) -> None:
    """Take all steps in one transaction, unless another process has taken them meanwhile."""
    copies: list[Any] = []

    def prepare() -> None:
        if portfolio.schema_version() != version:
            raise _Done
        # whether it can be written at all is found out before a copy is made
        portfolio.execute("CREATE TABLE migration_probe (no INTEGER)")
        portfolio.execute("DROP TABLE migration_probe")
        from renewctl.store import backup

        copies.append(backup.before(portfolio, "before-migration"))

    try:
        with portfolio.restructuring(prepare):
            for step in MIGRATIONS:
                if step.version > version:
                    step.apply(portfolio)
                    portfolio.set_schema_version(step.version, step.name)
            portfolio.set_meta(NEEDS, __version__)
    except _Done:
        return
    if portfolio.schema_version() == SCHEMA_VERSION:  # else the line to a server broke at the very end
        portfolio.migrated = Migrated(version, SCHEMA_VERSION, copies[0])


def refuse(portfolio: Portfolio, version: int, why: str = "") -> None:
    """Raise PortfolioError (exit 12): it must be migrated first, and how."""
    raise PortfolioError(
        "needs-migration",
        f"{portfolio.path} has schema {version} and must be migrated to schema {SCHEMA_VERSION} first{why}",
        "run a command such as `renewctl list` as somebody who may write the file and its folder, "
        "or copy it to where you may and name the copy with --portfolio"
        if portfolio.engine == "sqlite"
        else "have the owner of its tables run a command such as `renewctl list` on it once",
    )


def lay_out_older(target: Portfolio, version: int) -> None:
    """Lay out an empty file as an earlier version did, for a copy of a portfolio of that schema."""
    from pathlib import Path

    text = Path(__file__).with_name("schemas").joinpath(f"{version}.sql").read_text(encoding="utf-8")
    for statement in filter(None, map(str.strip, text.split(";\n"))):
        target.execute(statement)
    target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    target.execute(f"PRAGMA user_version = {version}")


# --- making a table anew ----------------------------------------------------------------------------


def table(name: str, *lines: str, options: Sequence[str] = ("STRICT",)) -> str:
    """The statement that makes a table, letter by letter as `schema.sql` of that version has it."""
    return f"CREATE TABLE {name} (\n\t" + ",\n\t".join(lines) + "\n)\n " + ",\n ".join(options)


def remake(portfolio: Portfolio, name: str, statements: Sequence[str], fill: Callable[[str], None]) -> None:
    """Make a table anew with its indexes; `fill` puts back what it finds in the table it is given.

    Foreign keys do not act inside `restructuring`: rows that point here stay as they are.
    """
    aside = f"{name}_aside"
    # a copy, not a renamed table: renaming takes names of indexes and references of others along
    portfolio.execute(f"CREATE TEMPORARY TABLE {aside} AS SELECT * FROM {name}")  # noqa: S608
    portfolio.execute(f"DROP TABLE {name}")
    for statement in statements:
        portfolio.execute(portfolio.dialect(statement))
    fill(aside)
    portfolio.execute(f"DROP TABLE {aside}")


# --- 1 -> 2: the log becomes a chain ------------------------------------------------------------------

_OPERATION_2 = table(
    "operation",
    "seq INTEGER NOT NULL",
    "at TEXT NOT NULL",
    "as_of TEXT NOT NULL",
    "actor TEXT NOT NULL",
    "command TEXT NOT NULL",
    "summary TEXT NOT NULL",
    "undoes INTEGER",
    "nonce TEXT",
    "count INTEGER NOT NULL",
    "content TEXT NOT NULL",
    "previous TEXT NOT NULL",
    "digest TEXT NOT NULL",
    "PRIMARY KEY (seq)",
    "UNIQUE (nonce)",
)
_ERASURE_2 = table(
    "erasure",
    "no INTEGER NOT NULL",
    "op INTEGER NOT NULL",
    "was TEXT NOT NULL",
    "now TEXT NOT NULL",
    "PRIMARY KEY (no)",
)
_MIGRATION_2 = table(
    "migration",
    "version INTEGER NOT NULL",
    "name TEXT NOT NULL",
    "at TEXT NOT NULL",
    "PRIMARY KEY (version)",
)
_SOURCE_2 = (
    table(
        "source",
        "no INTEGER NOT NULL",
        "file TEXT NOT NULL",
        "kind TEXT NOT NULL",
        "digest TEXT NOT NULL",
        "salt TEXT NOT NULL",
        "rows INTEGER NOT NULL",
        "imported_on TEXT NOT NULL",
        "head TEXT NOT NULL",
        "lines BLOB NOT NULL",
        "checksum TEXT NOT NULL",
        "PRIMARY KEY (no)",
    ),
    "CREATE INDEX source_salt ON source (salt)",
)

# Without them taking a contract back reads every outcome, save and activity once for each.
_INDEXES_2 = tuple(
    f"CREATE INDEX {name}_contract ON {name} (contract_no)" for name in ("activity", "outcome", "save_case")
)


def _chain_the_log(portfolio: Portfolio) -> None:
    """Give every operation the digests that chain it to the one before, and make the tables it needs.

    Numbers of change rows that an abandoned attempt at an import left out are closed up: a chain has none.
    The memory of imported files is left behind: its salts name the schema version, so nothing of it would
    ever be found again.
    """
    _close_gaps(portfolio)
    portfolio.execute("DROP TABLE source")
    for statement in (*_SOURCE_2, _ERASURE_2, _MIGRATION_2, *_INDEXES_2):
        portfolio.execute(portfolio.dialect(statement))
    remake(portfolio, "operation", (_OPERATION_2,), lambda old: _chain(portfolio, old))


_GAPS_SQL = """
SELECT MIN(no), MAX(no), gap
FROM (SELECT no, no - ROW_NUMBER() OVER (ORDER BY no) AS gap FROM change) AS numbered
GROUP BY gap HAVING gap <> 0 ORDER BY 1
"""


def _close_gaps(portfolio: Portfolio) -> None:
    """Number the change rows from 1 without a gap, in the order they have."""
    moves = portfolio.rows(_GAPS_SQL)
    if moves:  # by way of numbers below zero, so that no row meets another's number
        portfolio.execute("UPDATE change SET no = -no WHERE no >= ?", (moves[0][0],))
    for first, last, gap in moves:
        portfolio.execute("UPDATE change SET no = -no - ? WHERE no BETWEEN ? AND ?", (gap, -last, -first))


def _chain(portfolio: Portfolio, old: str) -> None:
    """Copy the operations of schema 1 over, chained."""
    sql = f"INSERT INTO operation ({','.join(OPERATION)}) VALUES ({','.join('?' * len(OPERATION))})"  # noqa: S608
    groups = groupby(_pages(portfolio, "change", "no", CHANGE), key=lambda row: int(row[1]))
    waiting = next(groups, None)
    previous = ""
    chained: list[tuple[Any, ...]] = []
    for seq, *who, command, summary in _pages(portfolio, old, "seq", OPERATION[:6]):
        content, count = Content(), 0
        if waiting is not None and waiting[0] == seq:
            for row in waiting[1]:
                content.add(row_text(row).encode())
                count += 1
            waiting = next(groups, None)
        nonce = os.urandom(16).hex()
        closed = content.close(nonce, command, summary)
        row = (seq, *who, command, summary, None, nonce, count, closed, previous)
        previous = digest_of(row)
        chained.append((*row, previous))
        if len(chained) == _BLOCK:
            portfolio.execute_many(sql, chained)
            chained = []
    if chained:
        portfolio.execute_many(sql, chained)
    if waiting is not None:
        raise PortfolioError(
            "portfolio-damaged",
            f"{portfolio.path}: changes of operation {waiting[0]} are out of order or belong to none",
            "restore a copy with: renewctl restore",
        )


def _pages(portfolio: Portfolio, name: str, key: str, wanted: Sequence[str]) -> Iterator[Any]:
    """The rows of a table in the order of its key, read a block at a time."""
    at = wanted.index(key)
    names = ",".join(wanted)
    sql = f"SELECT {names} FROM {name} WHERE {key} > ? ORDER BY {key} LIMIT {_BLOCK}"  # noqa: S608
    first = portfolio.value(f"SELECT MIN({key}) FROM {name}")  # noqa: S608
    last = 0 if first is None else first - 1
    while rows := portfolio.rows(sql, (last,)):
        yield from rows
        last = rows[-1][at]


# --- 2 -> 3: the renewal's whole cycle -----------------------------------------------------------------

_CYCLE_3 = (
    table(
        "renewal",
        "contract_no INTEGER NOT NULL",
        "cycle INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "target_minor INTEGER",
        "currency TEXT",
        "bundle INTEGER",
        "kind TEXT",
        "uplift_minor INTEGER",
        "expansion_minor INTEGER",
        "successor_no INTEGER",
        "note TEXT",
        "PRIMARY KEY (contract_no, cycle)",
        "CONSTRAINT cycle_positive CHECK (cycle >= 1)",
        "CONSTRAINT target_not_negative CHECK (target_minor >= 0)",
        "CONSTRAINT successor_is_another CHECK (successor_no <> contract_no)",
        "CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR "
        "COALESCE(target_minor, uplift_minor, expansion_minor) IS NULL)",
        "CONSTRAINT bundle_yes_no CHECK (bundle IN (0, 1))",
        "CONSTRAINT kind_known CHECK (kind IN ('renewal', 'early', 'tacit', 'extension', 'co_term'))",
        "FOREIGN KEY(contract_no) REFERENCES contract (no)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(successor_no) REFERENCES contract (no)",
    ),
    "CREATE INDEX renewal_account ON renewal (account_no)",
    "CREATE INDEX renewal_successor ON renewal (successor_no)",
    table(
        "amendment",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "contract_no INTEGER NOT NULL",
        "cycle INTEGER NOT NULL",
        "kind TEXT NOT NULL",
        "effective_on TEXT NOT NULL",
        "arr_before_minor INTEGER",
        "arr_after_minor INTEGER",
        "currency TEXT",
        "renewal_before_on TEXT",
        "renewal_after_on TEXT",
        "reason TEXT",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT cycle_positive CHECK (cycle >= 1)",
        "CONSTRAINT arr_before_not_negative CHECK (arr_before_minor >= 0)",
        "CONSTRAINT arr_after_not_negative CHECK (arr_after_minor >= 0)",
        "CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR "
        "COALESCE(arr_before_minor, arr_after_minor) IS NULL)",
        "CONSTRAINT kind_known CHECK (kind IN ('amendment', 'extension', 'co_term'))",
        "CONSTRAINT effective_on_iso CHECK (length(effective_on) = 10)",
        "CONSTRAINT renewal_before_on_iso CHECK (length(renewal_before_on) = 10)",
        "CONSTRAINT renewal_after_on_iso CHECK (length(renewal_after_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(contract_no) REFERENCES contract (no)",
    ),
    "CREATE INDEX amendment_account ON amendment (account_no)",
    "CREATE INDEX amendment_contract ON amendment (contract_no)",
    table(
        "health_override",
        "account_no INTEGER NOT NULL",
        "score REAL NOT NULL",
        "reason TEXT NOT NULL",
        "note TEXT",
        "set_on TEXT NOT NULL",
        "until_on TEXT NOT NULL",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (account_no)",
        "CONSTRAINT score_in_range CHECK (score BETWEEN 0 AND 100)",
        "CONSTRAINT ends_after_it_begins CHECK (until_on >= set_on)",
        "CONSTRAINT set_on_iso CHECK (length(set_on) = 10)",
        "CONSTRAINT until_on_iso CHECK (length(until_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
    ),
    table(
        "assignment",
        "subject TEXT NOT NULL",
        "cycle INTEGER NOT NULL",
        "step TEXT NOT NULL",
        "account_no INTEGER NOT NULL",
        "person TEXT NOT NULL",
        "set_on TEXT NOT NULL",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (subject, cycle, step)",
        "CONSTRAINT person_given CHECK (length(person) > 0)",
        "CONSTRAINT set_on_iso CHECK (length(set_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
    ),
    "CREATE INDEX assignment_account ON assignment (account_no)",
    table(
        "departure",
        "stakeholder_no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "left_on TEXT NOT NULL",
        "note TEXT",
        "PRIMARY KEY (stakeholder_no)",
        "CONSTRAINT left_on_iso CHECK (length(left_on) = 10)",
        "FOREIGN KEY(stakeholder_no) REFERENCES stakeholder (no)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
    ),
    "CREATE INDEX departure_account ON departure (account_no)",
)


def _whole_cycle(portfolio: Portfolio) -> None:
    """Make the tables of what a year of renewals decides beside its outcomes.

    The memory of imported files is left behind, as their marks name the schema.
    """
    portfolio.execute("DELETE FROM source")
    for statement in _CYCLE_3:
        portfolio.execute(portfolio.dialect(statement))


# --- 3 -> 4: saves that hold ---------------------------------------------------------------------------

_SAVES_4 = (
    table(
        "save_event",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "save_no INTEGER NOT NULL",
        "round INTEGER NOT NULL",
        "kind TEXT NOT NULL",
        "name TEXT NOT NULL",
        "text TEXT",
        "happened_on TEXT NOT NULL",
        "happened_at TEXT",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT round_positive CHECK (round >= 1)",
        "CONSTRAINT happened_on_iso CHECK (length(happened_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(save_no) REFERENCES save_case (no)",
    ),
    "CREATE INDEX save_event_account ON save_event (account_no)",
    "CREATE INDEX save_event_save ON save_event (save_no)",
    table(
        "promise",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "save_no INTEGER",
        "text TEXT NOT NULL",
        "to_whom TEXT",
        "due_on TEXT NOT NULL",
        "owner TEXT NOT NULL",
        "chain TEXT",
        "after_no INTEGER",
        "made_on TEXT NOT NULL",
        "state TEXT NOT NULL",
        "settled_on TEXT",
        "evidence TEXT",
        "replaces_no INTEGER",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT state_known CHECK (state IN ('open', 'kept', 'broken', 'withdrawn'))",
        "CONSTRAINT text_given CHECK (length(text) > 0)",
        "CONSTRAINT owner_given CHECK (length(owner) > 0)",
        "CONSTRAINT settled_when_not_open CHECK ((state = 'open') = (settled_on IS NULL))",
        "CONSTRAINT due_on_iso CHECK (length(due_on) = 10)",
        "CONSTRAINT made_on_iso CHECK (length(made_on) = 10)",
        "CONSTRAINT settled_on_iso CHECK (length(settled_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(save_no) REFERENCES save_case (no)",
        "FOREIGN KEY(after_no) REFERENCES promise (no)",
        "FOREIGN KEY(replaces_no) REFERENCES promise (no)",
    ),
    "CREATE INDEX promise_account ON promise (account_no)",
    "CREATE INDEX promise_after ON promise (after_no)",
    "CREATE INDEX promise_open ON promise (state, due_on)",
    "CREATE INDEX promise_replaces ON promise (replaces_no)",
    "CREATE INDEX promise_save ON promise (save_no)",
    table(
        "offer",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "save_no INTEGER",
        "contract_no INTEGER",
        "instrument TEXT NOT NULL",
        "terms TEXT NOT NULL",
        "root_cause TEXT",
        "condition TEXT",
        "from_on TEXT NOT NULL",
        "until_on TEXT",
        "currency TEXT",
        "arr_minor INTEGER",
        "kept_minor INTEGER",
        "cost_minor INTEGER",
        "later_minor INTEGER",
        "discount_pct TEXT",
        "state TEXT NOT NULL",
        "needs_role TEXT",
        "asked_on TEXT NOT NULL",
        "asked_by TEXT NOT NULL",
        "decided_on TEXT",
        "decided_by TEXT",
        "note TEXT",
        "PRIMARY KEY (no)",
        "CONSTRAINT state_known CHECK (state IN ('pending', 'approved', 'refused', 'accepted', "
        "'declined', 'withdrawn'))",
        "CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR COALESCE(arr_minor, "
        "kept_minor, cost_minor, later_minor) IS NULL)",
        "CONSTRAINT from_on_iso CHECK (length(from_on) = 10)",
        "CONSTRAINT until_on_iso CHECK (length(until_on) = 10)",
        "CONSTRAINT asked_on_iso CHECK (length(asked_on) = 10)",
        "CONSTRAINT decided_on_iso CHECK (length(decided_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(save_no) REFERENCES save_case (no)",
        "FOREIGN KEY(contract_no) REFERENCES contract (no)",
    ),
    "CREATE INDEX offer_account ON offer (account_no)",
    "CREATE INDEX offer_contract ON offer (contract_no)",
    "CREATE INDEX offer_save ON offer (save_no)",
    table(
        "service_level",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "save_no INTEGER",
        "name TEXT NOT NULL",
        "text TEXT NOT NULL",
        "respond_minutes INTEGER",
        "every_days INTEGER",
        "from_on TEXT NOT NULL",
        "until_on TEXT",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT respond_positive CHECK (respond_minutes > 0)",
        "CONSTRAINT every_positive CHECK (every_days > 0)",
        "CONSTRAINT from_on_iso CHECK (length(from_on) = 10)",
        "CONSTRAINT until_on_iso CHECK (length(until_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(save_no) REFERENCES save_case (no)",
    ),
    "CREATE INDEX service_level_account ON service_level (account_no)",
    "CREATE INDEX service_level_save ON service_level (save_no)",
    table(
        "service_response",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "level_no INTEGER NOT NULL",
        "asked_at TEXT NOT NULL",
        "answered_at TEXT",
        "note TEXT",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT answered_after_asked CHECK (answered_at >= asked_at)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(level_no) REFERENCES service_level (no)",
    ),
    "CREATE INDEX service_response_account ON service_response (account_no)",
    "CREATE INDEX service_response_level ON service_response (level_no)",
    table(
        "worth",
        "no INTEGER NOT NULL",
        "account_no INTEGER NOT NULL",
        "save_no INTEGER NOT NULL",
        "minutes INTEGER NOT NULL",
        "rate_minor INTEGER",
        "concession_minor INTEGER NOT NULL",
        "chance_pct TEXT NOT NULL",
        "years INTEGER NOT NULL",
        "arr_minor INTEGER",
        "currency TEXT NOT NULL",
        "decision TEXT NOT NULL",
        "reason TEXT NOT NULL",
        "decided_on TEXT NOT NULL",
        "actor TEXT NOT NULL",
        "PRIMARY KEY (no)",
        "CONSTRAINT minutes_not_negative CHECK (minutes >= 0)",
        "CONSTRAINT concession_not_negative CHECK (concession_minor >= 0)",
        "CONSTRAINT years_positive CHECK (years >= 1)",
        "CONSTRAINT decision_known CHECK (decision IN ('fight', 'let_go'))",
        "CONSTRAINT decided_on_iso CHECK (length(decided_on) = 10)",
        "FOREIGN KEY(account_no) REFERENCES account (no)",
        "FOREIGN KEY(save_no) REFERENCES save_case (no)",
    ),
    "CREATE INDEX worth_account ON worth (account_no)",
    "CREATE INDEX worth_save ON worth (save_no)",
)


def _saves_that_hold(portfolio: Portfolio) -> None:
    """Make the tables of what a save finds out, promises, offers and decides.

    The memory of imported files is left behind, as their marks name the schema.
    """
    portfolio.execute("DELETE FROM source")
    for statement in _SAVES_4:
        portfolio.execute(portfolio.dialect(statement))


# Ordered; the last one leads to SCHEMA_VERSION. Never change one that was released.
MIGRATIONS = (
    Step(2, "chain-the-log", _chain_the_log),
    Step(3, "whole-cycle", _whole_cycle),
    Step(4, "saves-that-hold", _saves_that_hold),
)
