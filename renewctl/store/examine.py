"""Whether a portfolio file put aside can be relied upon, and what it holds."""

import stat
from pathlib import Path
from typing import NamedTuple

from renewctl.errors import InputRefused, PortfolioError
from renewctl.store import copies, sqlite
from renewctl.store.chain import OPERATION, digest_of
from renewctl.store.portfolio import SCHEMA_VERSION, Portfolio

_CHAINED = 2  # the schema from which on operations carry digests


class Facts(NamedTuple):
    """What tells one state of a portfolio from another."""

    version: int  # of the schema
    operations: int
    head: str  # digest of the newest operation; "" where there is none, or none yet
    newest: tuple[int, str, str, str] | None  # seq, at, actor, command
    first: tuple[str, ...]  # digest, at, as_of, actor, command of the oldest

    def same_line(self, other: "Facts") -> bool:
        """Whether both began as one portfolio. Digests differ where an older schema was migrated twice."""
        ours, theirs = self.first[:1], other.first[:1]
        if "" in (*ours, *theirs):  # before operations had digests
            return self.first[1:] == other.first[1:]
        return ours == theirs  # nothing else: a forgetting may have rewritten the command's words


def facts_of(portfolio: Portfolio) -> Facts:
    """The facts of a portfolio of any schema, inside its `reading`."""
    version = portfolio.schema_version()
    digest = "digest" if version >= _CHAINED else "''"
    count, last = portfolio.rows("SELECT COUNT(*), MAX(seq) FROM operation")[0]
    if not count:
        return Facts(version, 0, "", None, ())
    ends = portfolio.rows(
        f"SELECT seq, at, as_of, actor, command, {digest} FROM operation "  # noqa: S608
        "WHERE seq = ? OR seq = (SELECT MIN(seq) FROM operation) ORDER BY seq",
        (last,),
    )
    _, *first, oldest = ends[0]
    seq, at, _, actor, command, head = ends[-1]
    return Facts(version, count, head, (seq, at, actor, command), (oldest, *first))


class Examined(NamedTuple):
    """A file that can be relied upon."""

    file: Path
    bytes: int
    facts: Facts
    stamped: bool  # it carries the digest it was written with, and has it still


def examine(file: Path, *, wholly: bool = True) -> Examined:
    """Look into a backup, or any portfolio file that is to be restored; nothing is written to it.

    Without `wholly` only its digest is checked, and what it says of itself is read. A file that carries no
    digest of its own is taken at nobody's word: its layout, its log and its rows are held against each
    other, which takes as long as `doctor`. Raises InputRefused (exit 10) for a file that is missing,
    damaged, or no portfolio, and PortfolioError (exit 12) for one of a newer schema.
    """
    size = _plain_file(file)
    try:
        whole = copies.stamped(file)
    except OSError as error:
        raise InputRefused(
            "backup-unreadable", f"{file} cannot be read: {error.strerror}", "check its permissions"
        ) from error
    if whole is False:
        raise _damaged(file, "its bytes are not those that were written")
    if file.with_name(file.name + "-journal").exists():
        raise InputRefused(
            "backup-unfinished",
            f"{file} has an unfinished change beside it: {file.name}-journal",
            "finish it first, with a command on that file: renewctl list --portfolio FILE",
        )
    try:
        with copies.open_copy(file) as copy, copy.reading():
            version = sqlite.check_schema(copy.connection, str(file))
            _check_layout(copy, file, version, stamped=bool(whole))
            if wholly:
                copies.sound(copy)
                _check_log(copy, version)
            found = Examined(file, size, facts_of(copy), bool(whole))
    except copies.Differs as error:
        raise _damaged(file, str(error)) from error
    except PortfolioError as error:
        if error.code in ("newer-schema", "portfolio-locked"):
            raise
        raise _damaged(file, error.message) from error
    if wholly and not whole and (why := unfaithful(file)):
        raise _damaged(file, why)
    return found


# What `doctor` finds out without a policy; the first of them before anything else of the file is read.
_OF_THE_LAYOUT = ("schema",)
_OF_THE_ROWS = ("log", "own", "replay")
_HARMLESS = ("unknown-note", "erasure-unfinished", "no-date", "no-instant")  # no sign of an alteration


def unfaithful(file: Path) -> str | None:
    """What is wrong with what a sound file says: its layout, log or rows were altered; None where nothing is.

    The log is digested again and folded forward, so it takes as long as `doctor`. Of a file of an older
    schema, which has no digests, only the layout can be told.
    """
    from datetime import date

    from renewctl.store import doctor
    from renewctl.store.doctor_facts import sources
    from renewctl.store.doctor_file import examined

    with examined(str(file), None, date.min) as subject:
        if subject.portfolio is None:
            return subject.refusal.message if subject.refusal else "it cannot be opened"
        now = subject.version == SCHEMA_VERSION
        wanted = _OF_THE_LAYOUT + (_OF_THE_ROWS if now else ())
        asked = [planned for planned in doctor.checks(quick=False) if planned.check in wanted]
        if now:
            asked.append(doctor.Planned("sources", "what was imported", lambda of, _: sources(of.opened)))
        for planned in asked:
            for found in doctor.run(planned, subject).findings:
                if found.code not in _HARMLESS:
                    return f"{found.where}: {found.what}"
    return None


def _plain_file(file: Path) -> int:
    """Its size. InputRefused where it is no file of its own, or an empty one."""
    try:
        found = file.lstat()
    except OSError as error:
        raise InputRefused(
            "backup-missing", f"there is no backup {file}", "see them: renewctl backup --list"
        ) from error
    if stat.S_ISLNK(found.st_mode):
        raise InputRefused("symbolic-link", f"{file} is a symbolic link", "name the file itself")
    if not stat.S_ISREG(found.st_mode):
        raise InputRefused("not-a-file", f"{file} is not a file", "name a backup file")
    if not found.st_size:
        raise _damaged(file, "it is empty")
    return found.st_size


def _damaged(file: Path, why: str) -> InputRefused:
    return InputRefused(
        "backup-damaged",
        f"{file} cannot be relied upon: {why}",
        "choose another: renewctl backup --list",
    )


def _check_layout(copy: sqlite.SqlitePortfolio, file: Path, version: int, *, stamped: bool) -> None:
    """Differs where bytes are missing or over, or tables and columns are not those of its schema."""
    pages, page = copy.value("PRAGMA page_count"), copy.value("PRAGMA page_size")
    if not stamped and pages * page != file.stat().st_size:
        raise copies.Differs("the file", f"{pages:,} pages of {page} bytes should be in it")
    if version < 1:
        raise copies.Differs("the file", f"no portfolio was ever of schema {version}")
    if version == SCHEMA_VERSION:
        from renewctl.store.sqlite import scratch_portfolio

        with scratch_portfolio() as ours:
            if sorted(copies.tables(ours)) != sorted(copies.tables(copy)):
                raise copies.Differs("the file", f"its tables are not those of schema {version}")


def _check_log(copy: sqlite.SqlitePortfolio, version: int) -> None:
    """Differs where the operations are not the chain that was written."""
    if version < _CHAINED:
        return
    previous = ""
    for row in copy.execute(f"SELECT {','.join(OPERATION)} FROM operation ORDER BY seq"):  # noqa: S608
        if row[-2] != previous or digest_of(row) != row[-1]:
            raise copies.Differs("operation", f"number {row[0]} is not what was written")
        previous = row[-1]
