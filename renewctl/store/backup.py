"""Backups: verified copies of a portfolio, put aside before anything drastic and whenever asked.

A backup is a portfolio file whatever the engine, named for the portfolio, the instant and the reason:
`portfolio.2026-03-02T09-30-00Z.before-import.db`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from renewctl.errors import InputRefused, PortfolioError, RenewctlError
from renewctl.store import copies
from renewctl.store.examine import Facts, examine, facts_of, unfaithful
from renewctl.store.files import make_folder, sync_folder
from renewctl.store.places import data_folder
from renewctl.store.portfolio import Portfolio, utc_now

KEEP = 10  # backups of a kind that are kept: those made by hand, and those made by themselves
MANUAL = "manual"
_NAME = re.compile(
    r"(?P<stem>.+)\.(?P<at>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.(?P<reason>[a-z]+(?:-[a-z]+)*)(?:-(?P<no>\d+))?\.db"
)
_STALE = 86_400  # seconds after which what a killed backup left behind is cleared away
_WITHOUT = {"before-import": "or go on without: --no-backup"}


class Copy(NamedTuple):
    """A backup as its name tells."""

    file: Path
    at: str  # UTC instant, ISO 8601
    reason: str
    no: int  # of those of one second

    @property
    def automatic(self) -> bool:
        """Whether a command made it by itself."""
        return self.reason != MANUAL


class Made(NamedTuple):
    """A backup that was made, verified and is on the disk."""

    file: Path
    bytes: int
    rows: int  # compared with the portfolio, one by one
    doubt: str | None  # what is wrong with the portfolio, and so with its copy too; None: nothing found
    facts: Facts
    removed: tuple[Path, ...]  # older ones that made room


# --- where and which -----------------------------------------------------------------------------------


def folder_of(path: str) -> Path:
    """Where a portfolio's backups are: RENEWCTL_BACKUPS, else `backups` beside it or in the data folder."""
    given = os.environ.get("RENEWCTL_BACKUPS")
    if given:
        return Path(given).expanduser()
    return (data_folder() if "://" in path else Path(path).parent) / "backups"


def stem_of(path: str) -> str:
    """What the names of a portfolio's backups begin with: that of its file, or host, database and schema."""
    if "://" in path:
        from renewctl.store.address import address

        where = address(path)
        place, _, query = str(where).partition("://")[2].partition("?")
        asked = dict(parse_qsl(query))
        host, _, base = place.rpartition("@")[2].partition("/")
        host = host or ":".join(filter(None, (asked.get("host", "localhost"), asked.get("port"))))
        name = "-".join(filter(None, (host, base or asked.get("dbname"), where.schema)))
    else:
        name = Path(path).stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:48] or "portfolio"  # at most 192 bytes of a name's 255


def listing(path: str) -> list[Copy]:
    """The backups of a portfolio, the newest first."""
    return _listing(folder_of(path), stem_of(path))


def _listing(folder: Path, stem: str) -> list[Copy]:
    found = []
    with suppress(OSError):
        for file in folder.iterdir():
            match = _NAME.fullmatch(file.name)
            if match is not None and match["stem"] == stem and not file.is_symlink():
                day, _, clock = match["at"].partition("T")
                at = f"{day}T{clock.replace('-', ':')}"
                found.append(Copy(file, at, match["reason"], int(match["no"] or 1)))
    return sorted(found, key=lambda each: (each.at, each.no), reverse=True)


# --- making one ----------------------------------------------------------------------------------------


def before(portfolio: Portfolio, reason: str, *, spare: Path | None = None) -> Path | None:
    """Put a verified copy of what is committed aside; None where there is nothing to lose.

    Called before a command does something drastic, outside its transaction or in it before its first
    change. `reason` is such as `before-import`; the backup `spare` is not removed to make room. Raises
    PortfolioError (exit 12) where no copy can be made, and then nothing must be changed.
    """
    if isinstance(portfolio, copies.Passing) or portfolio.value("SELECT MAX(seq) FROM operation") is None:
        return None
    path = portfolio.path
    try:
        return make(portfolio, folder_of(path), stem_of(path), reason, KEEP, spare).file
    except RenewctlError as error:
        if error.code == "portfolio-locked":
            raise
        hint = "make room, or name another folder with RENEWCTL_BACKUPS=FOLDER"
        raise PortfolioError(
            "backup-failed",
            f"nothing was changed: no backup could be made first: {error.message}",
            "; ".join(filter(None, (hint, _WITHOUT.get(reason)))),
        ) from error


def make(
    portfolio: Portfolio, folder: Path, stem: str, reason: str, keep: int, spare: Path | None = None
) -> Made:
    """Put a verified copy into a folder under the next free name, and keep only the newest of its kind."""
    _make_folder(folder)
    at = utc_now()
    with _verified(portfolio, folder, stem) as (temporary, rows, facts):
        # numbered across all reasons, so that those of one second have an order too
        number = max((each.no for each in _listing(folder, stem) if each.at == at), default=0) + 1
        while not _named(temporary, target := folder / _name(stem, at, reason, number)):
            number += 1
    # Whatever may be wrong with the portfolio, its earlier copies must not make room for one like it. Before
    # every bulk change that would take too long to find out.
    doubt = unfaithful(target) if reason == MANUAL else None
    removed = () if doubt else _make_room(folder, stem, target, keep, facts, spare)
    return Made(target, target.stat().st_size, rows, doubt, facts, removed)


def _name(stem: str, at: str, reason: str, number: int) -> str:
    return f"{stem}.{at.replace(':', '-')}.{reason}{f'-{number}' if number > 1 else ''}.db"


def make_file(portfolio: Portfolio, target: Path) -> Made:
    """Put a verified copy into a file of a given name, which must not be there yet."""
    _make_folder(target.parent)
    taken = InputRefused("file-exists", f"{target} is there already", "remove it or choose another name")
    if target.is_symlink() or target.exists():
        raise taken
    with _verified(portfolio, target.parent, target.stem[:48]) as (temporary, rows, facts):
        if not _named(temporary, target):
            raise taken
    return Made(target, target.stat().st_size, rows, unfaithful(target), facts, ())


@contextmanager
def _verified(portfolio: Portfolio, folder: Path, stem: str) -> Iterator[tuple[Path, int, Facts]]:
    """A temporary file with a copy that was read again and compared, row by row, in one span of reading."""
    temporary = folder / f".{stem}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600))
        _clear_stale(folder, stem, temporary)
        with portfolio.another() as source, source.reading():
            facts = facts_of(source)
            copies.copy_to(source, temporary)
            rows = copies.compare(source, temporary)
        copies.stamp(temporary)
        yield temporary, rows, facts
    except copies.Differs as error:
        raise PortfolioError(
            "backup-unverified",
            f"the copy of {portfolio.path} is not sound or not what it holds: {error}",
            "see what is wrong with: renewctl doctor",
        ) from error
    except OSError as error:
        raise _not_written(f"cannot write a backup to {folder}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder for its owner alone. PortfolioError where it cannot be, or only seems to be one."""
    try:
        make_folder(folder)
        refused = "a symbolic link" if folder.is_symlink() else "no folder" if not folder.is_dir() else ""
    except FileExistsError:
        refused = "no folder"
    except OSError as error:
        raise _not_written(f"cannot make the folder {folder}: {error.strerror}") from error
    if refused:
        raise _not_written(f"{folder} is {refused}")


def _not_written(why: str) -> PortfolioError:
    return PortfolioError("backup-not-written", why, "name a folder of your own with -o")


def _named(temporary: Path, target: Path) -> bool:
    """Give a finished file its name, and see that on the disk; False where the name is taken."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except (OSError, AttributeError):  # a file system without hard links
        if target.exists() or target.is_symlink():
            return False
        temporary.replace(target)
    sync_folder(target.parent, f"the backup {target} is made")
    return True


def _clear_stale(folder: Path, stem: str, fresh: Path) -> None:
    """Remove what a backup that was killed long ago left behind."""
    now = fresh.stat().st_mtime
    for file in folder.glob(f".{_escaped(stem)}.*.tmp"):
        with suppress(OSError):
            if now - file.lstat().st_mtime > _STALE:
                file.unlink()


def _escaped(stem: str) -> str:
    from glob import escape

    return escape(stem)


def _make_room(
    folder: Path, stem: str, made: Path, keep: int, facts: Facts, spare: Path | None
) -> tuple[Path, ...]:
    """Remove the oldest of a kind; never one that is not a whole backup of this very portfolio."""
    automatic = next(each.automatic for each in _listing(folder, stem) if each.file == made)
    others = [each for each in _listing(folder, stem) if each.automatic == automatic and each.file != made]
    removed = []
    whole = 0  # of this portfolio: another of its name has its own, and a damaged one keeps no place
    for each in others:
        with suppress(RenewctlError, OSError):
            found = examine(each.file, wholly=False)
            if not (found.stamped and found.facts.same_line(facts)):
                continue
            whole += 1
            if whole >= keep and not (spare is not None and each.file.samefile(spare)):
                each.file.unlink()
                removed.append(each.file)
    return tuple(removed)
