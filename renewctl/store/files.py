"""Files from outside, read safely, and files for outside, written whole or not at all.

Input is a CSV-like text file, an XLSX workbook or standard input; whatever cannot be read twice is
spooled to a temporary file of the user's own. Every limit ends in one clear `InputRefused`.
"""

import csv
import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from renewctl.core.intake import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS
from renewctl.core.text import CELL_WITHIN, FORMULA
from renewctl.errors import InputRefused, PortfolioError

_CHUNK = 1 << 20
_LONGEST = 16 << 20  # bytes of one line

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # of file systems that cannot sync a folder
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?%?\Z")


class Input(NamedTuple):
    """A file that can be read as often as needed."""

    name: str  # as the person named it; "-" for standard input
    path: Path
    size: int  # bytes
    digest: str  # sha256 of the bytes, hex
    head: bytes  # the first 64 KiB
    temporary: bool  # ours to remove

    def close(self) -> None:
        """Remove the spooled copy, if there is one."""
        if self.temporary:
            with suppress(OSError):
                self.path.unlink()


def open_input(name: str) -> Input:
    """Make `name` (a path, or `-` for standard input) ready to be read more than once.

    Raises InputRefused where there is no such file, it is a folder, empty, unreadable or too large.
    """
    if name == "-":
        return _spooled(name, sys.stdin.buffer)
    path = Path(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputRefused("not-a-file", f"{name} is a folder", "name a CSV, TSV or XLSX file in it")
        with path.open("rb") as file:
            if not stat.S_ISREG(mode):
                return _spooled(name, file)
            return _measured(name, path, file, temporary=False)
    except FileNotFoundError as error:
        raise InputRefused("file-missing", f"there is no file {name}", "check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise InputRefused("file-unreadable", f"cannot read {name}: {reason}", "check the path") from error


def _spooled(name: str, stream: IO[bytes]) -> Input:
    """Copy a stream that can be read only once to a temporary file (mode 0600)."""
    import tempfile

    handle, path = tempfile.mkstemp(prefix="renewctl-")
    try:
        with os.fdopen(handle, "w+b") as copy:
            size = 0
            while block := stream.read(_CHUNK):
                size += len(block)
                if size > MAX_BYTES:
                    raise _too_large(name, size)
                copy.write(block)
            copy.seek(0)
            return _measured(name, Path(path), copy, temporary=True)
    except BaseException:
        with suppress(OSError):
            Path(path).unlink()
        raise


def _measured(name: str, path: Path, file: IO[bytes], *, temporary: bool) -> Input:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise InputRefused("file-empty", f"{name} is empty", "export it again and check that it holds rows")
    if size > MAX_BYTES:
        raise _too_large(name, size)
    head = file.read(1 << 16)
    digest = hashlib.sha256(head)
    ends = b"\r" if _is_old_mac(head) else b"\n"
    line = 0  # bytes of a line that has not ended; a text without line ends must not fill the memory
    while block := file.read(_CHUNK):
        digest.update(block)
        line = 0 if ends in block else line + len(block)
        if line > _LONGEST and not head.startswith(b"PK"):
            raise InputRefused(
                "line-too-long",
                f"{name}: a line of more than {_LONGEST >> 20} MiB is no record",
                "is this a text export? save the sheet as CSV",
            )
    return Input(name, path, size, digest.hexdigest(), head, temporary)


def _too_large(name: str, size: int) -> InputRefused:
    return InputRefused(
        "file-too-large",
        f"{name} has {size:,} bytes; the limit is {MAX_BYTES:,}",
        "split it into several files and import them in one command",
    )


class Records:
    """The records of one text or workbook, in order, a batch at a time.

    `next_batch(n)` returns `(rows, lines, raws)`: the cells of each record, the physical line on
    which each begins (1-based), and its raw text (empty for a workbook). Blank lines come as `[]`.
    """

    def next_batch(self, count: int) -> "tuple[list[list[str]], Sequence[int], list[str]]":
        """Up to `count` records; empty lists at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file."""


class TextRecords(Records):
    """Records of delimited text; a quoted cell may span lines.

    While no quote was met a line is a record, and lines need no counting; from the first quote on
    the reader runs on over all following lines and its own line count is used.
    """

    def __init__(self, name: str, file: IO[str], delimiter: str) -> None:
        self._name = name
        self._file = file
        self._delimiter = delimiter
        self._line = 1  # of the next record
        self._quoted: Iterator[list[str]] | None = None
        self._taken: list[str] = []
        self._counted = 0
        csv.field_size_limit(MAX_CELL)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def next_batch(self, count: int) -> tuple[list[list[str]], Sequence[int], list[str]]:
        """See `Records`."""
        try:
            if self._quoted is not None:
                return self._with_quotes(self._quoted, count)
            lines = self._some_lines(count)
            if '"' in "".join(lines):
                self._quoted = csv.reader(self._feed(lines), delimiter=self._delimiter)
                return self._with_quotes(self._quoted, count)
            rows = self._plain(lines)
        except csv.Error as error:
            raise _broken(self._name, self._line, error) from error
        except UnicodeError as error:
            raise InputRefused(
                "encoding-wrong",
                f"{self._name}: bytes after line {self._line} do not fit its encoding ({error})",
                "name the encoding, such as --encoding cp1252",
            ) from error
        first = self._line
        self._line += len(rows)
        self._check(rows)
        return rows, range(first, self._line), lines

    def _plain(self, lines: list[str]) -> list[list[str]]:
        """Lines without a quote as records; a carriage return inside a cell is taken as a blank."""
        try:
            return list(csv.reader(lines, delimiter=self._delimiter))
        except csv.Error as error:
            if "new-line character" not in str(error):
                raise
            mended = [line.rstrip("\r\n").replace("\r", " ") + "\n" for line in lines]
            return list(csv.reader(mended, delimiter=self._delimiter))

    def _some_lines(self, count: int) -> list[str]:
        lines: list[str] = []
        room = 64 << 20  # characters; a file without line ends must not fill the memory
        while room >= 0 and len(lines) < count:
            some = list(islice(self._file, min(count - len(lines), 256 if room > _CHUNK << 4 else 1)))
            if not some:
                break
            lines += some
            room -= sum(map(len, some))
        if room < 0 and max(map(len, lines)) > MAX_CELL * 10:
            raise InputRefused(
                "line-too-long",
                f"{self._name}: a line near line {self._line} is too long to be a record",
                "is this a text export? save the sheet as CSV",
            )
        return lines

    def _feed(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            self._taken.append(line)
            yield line
        for line in self._file:
            self._taken.append(line)
            yield line

    def _with_quotes(
        self, reader: Iterator[list[str]], count: int
    ) -> tuple[list[list[str]], Sequence[int], list[str]]:
        rows: list[list[str]] = []
        begins: list[int] = []
        raws: list[str] = []
        for row in reader:
            taken = self._taken
            rows.append(row)
            begins.append(self._line)
            raws.append(taken[0] if len(taken) == 1 else "".join(taken))
            if len(taken) > 1 and raws[-1].count('"') % 2 and not raws[-1].rstrip("\r\n").endswith('"'):
                raise InputRefused(
                    "quote-open",
                    f"{self._name}:{self._line}: a quotation mark is opened here and never closed",
                    "close or double the quotation mark in that line",
                )
            self._line += len(taken)
            taken.clear()
            if len(rows) == count:
                break
        self._check(rows)
        return rows, begins, raws

    def _check(self, rows: list[list[str]]) -> None:
        self._counted += len(rows)
        if self._counted > MAX_ROWS:
            raise InputRefused(
                "too-many-rows",
                f"{self._name} has more than {MAX_ROWS:,} rows",
                "split it into several files",
            )
        if rows and max(map(len, rows)) > MAX_COLUMNS:
            raise InputRefused(
                "too-many-columns",
                f"{self._name} has a row of more than {MAX_COLUMNS:,} columns",
                "check --delimiter, or export fewer columns",
            )


def _is_old_mac(head: bytes) -> bool:
    """Whether lines end with a carriage return alone."""
    return b"\r" in head and b"\n" not in head


def open_text(source: Input, encoding: str, delimiter: str) -> TextRecords:
    """The records of a text file under a settled encoding and delimiter."""
    file = source.path.open(encoding=encoding, newline="" if _is_old_mac(source.head) else "\n")
    return TextRecords(source.name, file, delimiter)


def _broken(name: str, line: int, error: csv.Error) -> InputRefused:
    if "limit" in str(error):
        return InputRefused(
            "cell-too-long",
            f"{name}: a cell after line {line} is longer than {MAX_CELL:,} characters",
            "look for a quotation mark that is never closed",
        )
    return InputRefused(
        "csv-broken", f"{name}: cannot be read after line {line}: {error}", "save it as CSV again"
    )


def guarded(cell: str) -> str:
    """A text cell that no spreadsheet will run as a formula; numbers stay as they are.

    Nor what follows a semicolon, TAB or line break in it, at which a spreadsheet of another locale splits
    the line. `core.text.clean` takes exactly these apostrophes off again, so what we write re-imports equal.
    """
    if ";" in cell or "\n" in cell or "\t" in cell or "\r" in cell:
        cell = CELL_WITHIN.sub(r"\1'", cell)
    if cell.startswith(FORMULA) and not _NUMBER.match(cell):
        return "'" + cell
    return cell


def csv_text(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Rows as CSV text; text cells are guarded, None is an empty cell."""
    lines = CsvLines(delimiter)
    lines.add(
        [guarded(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row]
        for row in rows
    )
    return lines.take()


class CsvLines:
    """Rows as CSV text that end with a line feed, whatever cells hold.

    The writer itself ends them with both marks, since it puts quotes around no line break but those it
    ends rows with.
    """

    def __init__(self, delimiter: str = ",") -> None:
        self._texts: list[str] = []
        self._writer = csv.writer(self, delimiter=delimiter, lineterminator="\r\n")

    def add(self, rows: Iterable[Iterable[object]]) -> None:
        """Append rows; their cells are written as they are."""
        self._writer.writerows(rows)

    def write(self, row: str) -> int:
        """One whole row, from the writer."""
        self._texts.append(row[:-2] + "\n")
        return len(row)

    def take(self) -> str:
        """The text of the rows added since last taken."""
        text = "".join(self._texts)
        self._texts.clear()
        return text


def write_atomic(path: str | Path, data: bytes | str | Iterable[bytes], *, overwrite: bool = False) -> Path:
    """Write a file whole or not at all: temporary in the same folder, fsync, rename; mode 0600.

    Never follows a symbolic link. Raises InputRefused where the file is there already and
    `overwrite` is not given, or the folder cannot be written.
    """
    target = Path(path)
    blocks: Iterable[bytes] = (
        [data.encode("utf-8")] if isinstance(data, str) else [data] if isinstance(data, bytes) else data
    )
    try:
        _check_target(target, overwrite)
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise InputRefused(
            "cannot-write", f"cannot write {target}: {reason}", "choose another name"
        ) from error
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600
        )
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(blocks)
                file.flush()
                os.fsync(file.fileno())
            _put(temporary, target, overwrite)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise InputRefused(
            "cannot-write", f"cannot write {target}: {error.strerror}", "choose a folder you may write to"
        ) from error
    sync_folder(target.parent, f"{target} is written")
    return target


def _check_target(target: Path, overwrite: bool) -> None:
    if target.is_symlink():
        raise InputRefused("symbolic-link", f"{target} is a symbolic link", "name the file itself")
    if target.is_dir():
        raise InputRefused("not-a-file", f"{target} is a folder", "name a file in it")
    if target.exists() and not overwrite:
        raise _taken(target)


def _taken(target: Path) -> InputRefused:
    return InputRefused("file-exists", f"{target} is there already", "remove it or choose another name")


def _put(temporary: Path, target: Path, overwrite: bool) -> None:
    """Give the file its name; without `overwrite` a file that appeared meanwhile is kept."""
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise _taken(target) from error
    except (OSError, AttributeError):  # a file system without hard links: all but as good
        _check_target(target, overwrite)
        temporary.replace(target)
    else:
        with suppress(OSError):
            temporary.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder, and those it stands in, for its owner alone and to last; nothing where it is there.

    A folder lasts once the one it stands in is synced; else a power cut may take it with all it holds.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in reversed(made):
        sync_folder(each.parent)


def sync_folder(folder: Path, done: str = "") -> None:
    """Make the names in a folder last, where the system can.

    Raises OSError, or where `done` tells what everybody can see already, PortfolioError
    `commit-uncertain` (exit 12), which says so.
    """
    if os.name != "posix":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise
        finally:
            os.close(handle)
    except PermissionError:  # one may write into it, and not read it: nobody can sync it then
        return
    except OSError as error:
        if not done:
            raise
        raise PortfolioError(
            "commit-uncertain",
            f"{done}, but the disk would not confirm that it will last: {error.strerror}",
            "check the disk, then see whether it is there",
        ) from error
