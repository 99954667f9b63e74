"""What a command asks of the file system, read from a system-call trace with all its data."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "open openat creat close write pwrite64 writev pwritev pwritev2 lseek ftruncate truncate fallocate fsync "
    "fdatasync sync_file_range unlink unlinkat rename renameat renameat2 link linkat mkdir mkdirat rmdir "
    "sendfile copy_file_range dup dup2 dup3 fcntl exit_group"
).split()
OPTIONS = ("-xx", "-y", "-s", "100000000", "-e", f"trace={','.join(CALLS)}")

_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)(?:<([^>]*)>)?.*$")
_PATH_CALLS = {
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "rmdir",
}
_UNMODELLED = {
    "writev",
    "pwritev",
    "pwritev2",
    "truncate",
    "fallocate",
    "sendfile",
    "copy_file_range",
    "creat",
}


class Op(NamedTuple):
    """One step that bears on what is on the disk.

    `kind`: create, write, append, truncate, sync, unlink, rename, link, mkdir,
    say (words to a standard stream), end.
    """

    kind: str
    path: str = ""
    other: str = ""  # the new name
    offset: int = 0  # the new size of a truncation
    data: bytes = b""


def read(log: Path, root: Path) -> Iterator[Op]:
    """The steps under `root`, in order, from the log of one process. ValueError for what is not modelled."""
    prefix = str(root)
    position: dict[int, int] = {}
    append: set[int] = set()
    for line in log.read_text(encoding="ascii").splitlines():
        match = _LINE.match(line)
        if match is None or int(match[3]) < 0:
            if line.startswith("exit_group"):
                yield Op("end")
            continue
        name, given, result, opened = match[1], match[2], int(match[3]), _unescaped(match[4] or "").decode()
        if name in ("open", "openat"):
            position[result] = 0
            (append.add if "O_APPEND" in given else append.discard)(result)
            if opened.startswith(prefix):
                if "O_CREAT" in given:
                    yield Op("create", opened)
                if "O_TRUNC" in given:
                    yield Op("truncate", opened, offset=0)
            continue
        if name in _PATH_CALLS:
            paths = [_unescaped(each).decode() for each in re.findall(r'"((?:\\x..)*)"', given)]
            paths = [each if each.startswith("/") else f"{prefix}/{each}" for each in paths]
            if any(each.startswith(prefix) for each in paths):
                kind = "unlink" if name == "rmdir" else name.rstrip("2").removesuffix("at")
                yield Op(kind, paths[0], paths[1] if len(paths) > 1 else "")
            continue
        handle = re.match(r"(\d+)<([^>]*)>", given)
        if handle is None:
            continue
        number, path = int(handle[1]), _unescaped(handle[2]).decode()
        if name == "write" and number in (1, 2):
            yield Op("say", data=_data(given))
        elif name == "write":
            if path.startswith(prefix):
                yield Op(
                    "append" if number in append else "write",
                    path,
                    offset=position.get(number, 0),
                    data=_data(given)[:result],
                )
            position[number] = position.get(number, 0) + result
        elif name == "lseek":
            position[number] = result
        elif not path.startswith(prefix):
            continue
        elif name == "pwrite64":
            yield Op("write", path, offset=int(given.rsplit(",", 1)[1]), data=_data(given)[:result])
        elif name == "ftruncate":
            yield Op("truncate", path, offset=int(given.rsplit(",", 1)[1]))
        elif name in ("fsync", "fdatasync"):
            yield Op("sync", path)
        elif name in _UNMODELLED:
            raise ValueError(f"{name} is not modelled: {line[:200]}")


def _unescaped(text: str) -> bytes:
    """strace -xx writes strings, and paths of handles, byte by byte."""
    if "\\x" not in text:
        return text.encode()
    return bytes.fromhex(text.replace("\\x", ""))


def _data(given: str) -> bytes:
    found = re.search(r'"((?:\\x..)*)"', given)
    return b"" if found is None else _unescaped(found[1])
