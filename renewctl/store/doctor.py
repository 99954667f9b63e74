"""Whether a portfolio is sound: every check, what it found, where, and what to do about it.

Reads only, and reads what ordinary commands refuse. A check that cannot go on says so and the next one
runs; nothing in the file decides how much time or memory that may take.
"""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from renewctl.errors import PortfolioError
from renewctl.store.portfolio import SCHEMA_VERSION, Portfolio

if TYPE_CHECKING:
    from renewctl.core.policy import Policy

NAMED = 20  # findings of one check that are told in full
_COUNTED = 1_000  # and that are counted; beyond, there are "more than" so many

RESTORE = "put a sound state back: renewctl restore"
OUTSIDE = "changed outside renewctl, or by the disk; put a state from before back: renewctl restore"
REPORT = "no command leaves this behind: restore a backup (renewctl restore), and report it if it comes again"


class Finding(NamedTuple):
    """One thing that is wrong; with `is_note` one that is worth knowing and wrong with nobody."""

    code: str  # kebab-case
    where: str  # the table and row, operation, or file
    what: str
    do: str
    is_note: bool = False


class Result(NamedTuple):
    """What one check came to. `state`: ok | findings | not_run (then `seen` says why)."""

    check: str
    title: str
    state: str
    seen: str  # what was looked at
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    more: int  # findings beyond those told


class Subject(NamedTuple):
    """What is examined: a portfolio opened without trust, and where it came from."""

    portfolio: Portfolio | None  # None: it cannot be opened, as `refusal` says
    policy: "Policy | None"  # None: what needs one is left out
    as_of: date
    path: str  # of the file; "" where there is none
    head: bytes  # the first 100 bytes of the file; empty where there is none
    version: int  # of the schema
    refusal: PortfolioError | None = None
    hot: bool = False  # a write was cut short; what is examined is a copy in which it was undone

    @property
    def shown(self) -> str:
        """The path or address as people may see it."""
        return self.portfolio.path if self.portfolio else self.path

    @property
    def opened(self) -> Portfolio:
        """The portfolio; raises what refused it."""
        if self.portfolio is None:
            raise self.refusal or PortfolioError("portfolio-damaged", f"{self.path} cannot be opened")
        return self.portfolio


class Seen:
    """What a check looked at, in words for its line."""

    def __init__(self) -> None:
        self.text = ""


Check = Callable[[Subject, Seen], Iterator[Finding]]


class Planned(NamedTuple):
    """A check with its name and what it looks at, in words."""

    check: str
    title: str
    run: Check
    needs: str = ""  # schema: ours; policy: a policy as well


def counted(count: int, noun: str) -> str:
    """A number of things in words: `1 page`, `1,200 pages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def checks(*, quick: bool) -> list[Planned]:
    """The checks in their order; `quick` leaves out those that read every row."""
    from renewctl.store import doctor_file, doctor_log

    found = [
        Planned("file", "the file", doctor_file.file),
        Planned("integrity", "the database", doctor_file.integrity),
        Planned("schema", "the tables", doctor_file.schema),
        Planned("references", "references between rows", doctor_file.references, "schema"),
        Planned("log", "the operation log", doctor_log.chain, "schema"),
        Planned("own", "the portfolio's own notes", doctor_log.own, "schema"),
    ]
    if not quick:
        from renewctl.store import doctor_backups, doctor_facts

        found += [
            Planned("replay", "the log against the tables", doctor_log.replayed, "schema"),
            Planned("facts", "the facts", doctor_facts.facts, "policy"),
            Planned("caches", "what is kept for speed", doctor_facts.caches, "policy"),
            Planned("backups", "the backups", doctor_backups.backups, "schema"),
        ]
    return found


def examine(subject: Subject, *, quick: bool = False) -> Iterator[Result]:
    """Run every check, one result each. Never raises for what a portfolio holds."""
    from renewctl.store.backup import listing

    missing = ""
    told = ("file", "backups") if subject.path and listing(subject.path) else ("file",)  # with no portfolio
    for planned in checks(quick=quick):
        if subject.portfolio is None and planned.check in told:
            yield run(planned, subject)
        elif subject.portfolio is None:
            yield _not_run(planned, "it cannot be opened")
        elif planned.needs and subject.version != SCHEMA_VERSION:
            older = subject.version < SCHEMA_VERSION
            how = "the next command migrates it" if older else "update renewctl to look into it"
            yield _not_run(planned, f"schema {subject.version}: {how}")
        elif planned.needs == "policy" and subject.policy is None:
            yield _not_run(planned, "needs the policy, which cannot be read")
        elif planned.needs and missing:
            yield _not_run(planned, missing)
        else:
            result = run(planned, subject)
            if planned.check == "schema" and any(each.code in UNREADABLE for each in result.findings):
                missing = "the tables are not those of a portfolio"
            yield result


# Findings after which the tables may be anything, such as a view that runs for ever.
UNREADABLE = frozenset(("table-missing", "not-a-table", "schema-unreadable"))


def _not_run(planned: Planned, why: str) -> Result:
    return Result(planned.check, planned.title, "not_run", why, (), (), 0)


def run(planned: Planned, subject: Subject) -> Result:
    """One check to its end, or as far as it gets."""
    findings: list[Finding] = []
    notes: list[Finding] = []
    more = 0
    seen = Seen()
    found = first_findings(planned, subject, seen)
    for each in found:
        if each.is_note:
            if len(notes) < NAMED:
                notes.append(each)
        elif len(findings) < NAMED:
            findings.append(each)
        else:
            more += 1
            if more >= _COUNTED:
                found.close()
                break
    state = "findings" if findings else "ok"
    return Result(planned.check, planned.title, state, seen.text, tuple(findings), tuple(notes), more)


def first_findings(planned: Planned, subject: Subject, seen: Seen) -> Generator[Finding, None, None]:
    """The findings of a check as it comes upon them; what stops it is the last of them."""
    server = subject.portfolio if subject.portfolio and subject.portfolio.engine != "sqlite" else None
    try:
        if server:
            server.execute("SAVEPOINT looking")
        yield from planned.run(subject, seen)
    except PortfolioError as error:
        yield Finding("unreadable", planned.title, f"could not be read on: {error.message}", RESTORE)
    except sqlite3.Error as error:
        if "interrupted" in str(error):
            what = "took longer than a sound portfolio of its size could; the rest was not looked at"
            yield Finding("too-long", planned.title, what, RESTORE)
        else:
            yield Finding("unreadable", planned.title, f"could not be read on: {error}", RESTORE)
    except _IMPOSSIBLE as error:
        what = f"holds what no portfolio can: {type(error).__name__}: {error}"
        yield Finding("unreadable", planned.title, what, RESTORE)
    finally:
        if server:  # a query that failed must not take the other checks along
            server.execute("ROLLBACK TO SAVEPOINT looking")


# What code that takes stored values at their word runs into where they are damaged.
_IMPOSSIBLE = (
    ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RecursionError, MemoryError, OSError
)  # fmt: skip
