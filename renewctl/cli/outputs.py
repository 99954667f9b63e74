"""Files that commands write for people: their names, their folders, and whether they are there already."""

import hashlib
import re
import sys
from pathlib import Path

from renewctl.errors import InputRefused
from renewctl.views.terminal import is_terminal, put


def slug(text: str, most: int) -> str:
    """A name as part of a file name that is safe on every system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:most].strip("-")


def unique(text: str) -> str:
    """An id as part of a file name; one that had to be changed for it carries a digest of itself."""
    found = slug(text, 40)
    return found if found == text else f"{found}-{hashlib.sha256(text.encode()).hexdigest()[:8]}".strip("-")


def holds(path: Path, text: str) -> bool:
    """Whether the file is there already with this very text."""
    try:
        return not path.is_symlink() and path.read_bytes() == text.encode()
    except OSError:
        return False


def make_folder(folder: Path) -> None:
    """The folder a file goes to, made where it is missing. InputRefused where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefused(
            "cannot-write", f"cannot make the folder {folder}: {error.strerror}", "choose another with -o"
        ) from error


def put_bytes(data: bytes) -> None:
    """Text whose lines end as mails and calendars have them: to the byte, but harmless on a terminal."""
    if is_terminal():
        put(data.decode().replace("\r\n", "\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
