"""A file put in the place of a portfolio that is damaged or missing; a damaged one is kept beside it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from renewctl.errors import PortfolioError
from renewctl.store.copies import changed_meanwhile
from renewctl.store.portfolio import utc_now

_BESIDE = ("-journal", "-wal", "-shm")  # what SQLite keeps beside a file, and takes up with it
_CHUNK = 1 << 20  # bytes copied at a time
_LOCKED_BYTES = (0x40000000, 512)  # where SQLite's locks are: whoever has them all has the file to himself


def put(file: Path, fresh: Path, *, missing: bool) -> Path | None:
    """Put `fresh` in the place of a file; the name under which that one is kept, None where it held nothing.

    At no moment is there no file, and never one with the journal of another beside it, which would be rolled
    into it: not the one of a write cut short, nor one that another program left (`-wal`). With `missing`
    there is to be no file yet. Raises PortfolioError (exit 12) or OSError, and nothing is changed then.
    """
    at = utc_now().replace(":", "-")
    kept = file.with_name(f"{file.name}.damaged-{at}")
    beside = [(file.with_name(file.name + end), kept.with_name(kept.name + end)) for end in _BESIDE]
    with _alone(file) as handle:
        if kept.exists() or any(other.exists() for _, other in beside):
            raise PortfolioError("file-exists", f"{kept} is there already", "try again in a moment")
        there = file.exists() and file.stat().st_size > 0
        if there and missing:
            raise changed_meanwhile(str(file))
        undo: list[Callable[[], object]] = []
        try:
            if there:
                _second_name(file, kept, handle)
                undo.append(kept.unlink)
            for journal, other in beside:
                if journal.exists():
                    journal.rename(other)
                    undo.append(partial(other.rename, journal))
            fresh.replace(file)
        except BaseException:
            if fresh.exists():  # else it has its new place, whatever came afterwards
                with suppress(OSError):
                    for step in reversed(undo):
                        step()
            raise
    return kept if there else None


def _second_name(file: Path, kept: Path, handle: int | None) -> None:
    """Give a file a second name; where the file system has no such thing, a copy of its bytes."""
    try:
        os.link(file, kept)
    except FileExistsError:
        raise
    except (OSError, AttributeError):
        with kept.open("xb") as copy:
            try:
                _copy_bytes(file, handle, copy)
            except BaseException:
                kept.unlink()
                raise


def _copy_bytes(file: Path, handle: int | None, copy: IO[bytes]) -> None:
    """By the handle that is open, where there is one: closing another would drop the locks it holds."""
    if handle is None:
        with file.open("rb") as stream:
            shutil.copyfileobj(stream, copy)
    else:
        os.fchmod(copy.fileno(), os.fstat(handle).st_mode & 0o777)
        while part := os.pread(handle, _CHUNK, copy.tell()):
            copy.write(part)
    copy.flush()
    os.fsync(copy.fileno())


@contextmanager
def _alone(file: Path) -> Iterator[int | None]:
    """Hold a file that cannot be opened as a database against every program that has it open as one."""
    try:
        import fcntl

        handle = os.open(file, os.O_RDWR)
    except (ImportError, FileNotFoundError):  # best effort on Windows
        yield None
        return
    try:
        start, length = _LOCKED_BYTES
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except OSError as error:
            raise PortfolioError(
                "portfolio-locked", f"{file} is in use by another command", "try again in a moment"
            ) from error
        yield handle
    finally:
        os.close(handle)
