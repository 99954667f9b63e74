"""A model of a disk under a file system that promises nothing it was not asked to.

Data is on the disk once its file was synced; names are once their folder was. Until then each write may
be there, missing or torn at 512-byte sectors, in any order; a file may have grown without its data, which
is then zeros or rubbish; each name made, moved or removed may be so or not.
"""

import random
from pathlib import Path
from typing import NamedTuple

from tests.faults.trace import Op

SECTOR = 512
Files = dict[str, bytes | None]  # path -> content; None is a folder


class _Write(NamedTuple):
    offset: int
    data: bytes


class _Size(NamedTuple):
    size: int


class _File:
    """Content that is safe, and what was asked since."""

    def __init__(self, safe: bytes = b"") -> None:
        self.safe = bytearray(safe)
        self.size = len(safe)  # as the running system sees it
        self.pending: list[_Write | _Size] = []

    def sync(self) -> None:
        for each in self.pending:
            _do(self.safe, each)
        self.pending.clear()


def _do(content: bytearray, asked: "_Write | _Size") -> None:
    if isinstance(asked, _Size):
        del content[asked.size :]
        content.extend(bytes(asked.size - len(content)))
    else:
        if asked.offset > len(content):
            content.extend(bytes(asked.offset - len(content)))
        content[asked.offset : asked.offset + len(asked.data)] = asked.data


class Disk:
    """Files and folders under one root."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._live: dict[str, _File | None] = {}
        self._names: dict[str, _File | None] = {}  # what the folders on the disk say
        self._asked: list[tuple[str, str, _File | None]] = []  # (add or drop, path, file), in order
        for path in sorted(root.rglob("*")):
            held = None if path.is_dir() else _File(path.read_bytes())
            self._live[str(path)] = self._names[str(path)] = held

    def step(self, op: Op) -> None:
        """One step of the running system."""
        if op.kind == "create" and op.path not in self._live:
            self._add(op.path, _File())
        elif op.kind == "mkdir":
            self._add(op.path, None)
        elif op.kind in ("write", "append"):
            held = self._file(op.path)
            offset = held.size if op.kind == "append" else op.offset
            held.size = max(held.size, offset + len(op.data))
            held.pending.append(_Write(offset, op.data))
        elif op.kind == "truncate":
            self._file(op.path).size = op.offset
            self._file(op.path).pending.append(_Size(op.offset))
        elif op.kind == "sync":
            self._sync(op.path)
        elif op.kind == "unlink":
            self._drop(op.path)
        elif op.kind in ("rename", "link"):
            self._add(op.other, self._live[op.path])
            if op.kind == "rename":
                self._drop(op.path)

    def _file(self, path: str) -> _File:
        held = self._live.get(path.removesuffix("(deleted)"))
        if held is None:
            raise ValueError(f"no file {path}")
        return held

    def _add(self, path: str, held: "_File | None") -> None:
        self._live[path] = held
        self._asked.append(("add", path, held))

    def _drop(self, path: str) -> None:
        self._asked.append(("drop", path, self._live.pop(path)))

    def _sync(self, path: str) -> None:
        held = self._live.get(path)
        if held is not None:
            held.sync()
            return
        rest = []
        for asked in self._asked:
            if asked[1].rpartition("/")[0] == path:
                self._name(self._names, asked)
            else:
                rest.append(asked)
        self._asked = rest

    @staticmethod
    def _name(names: "dict[str, _File | None]", asked: "tuple[str, str, _File | None]") -> None:
        kind, path, held = asked
        if kind == "add":
            names[path] = held
        elif names.get(path) is held:
            names.pop(path, None)

    @property
    def unsafe(self) -> int:
        """How many steps a power cut could undo now."""
        files = {id(held): held for held in (*self._live.values(), *self._names.values()) if held is not None}
        return len(self._asked) + sum(len(held.pending) for held in files.values())

    def after_power_cut(self, dice: random.Random) -> Files:
        """One of the states the disk may be found in."""
        names = dict(self._names)
        fate = dice.choice(("none", "all", "some", "some", "some"))
        order = list(self._asked)
        for asked in order:
            if fate == "all" or (fate == "some" and dice.random() < 0.5):
                self._name(names, asked)
        content: dict[int, bytes] = {}
        found: Files = {}
        for path in sorted(names):
            parent = path.rpartition("/")[0]
            if parent != self._root and parent not in found:
                continue  # a file in a folder that is not there
            held = names[path]
            if held is None:
                found[path] = None
                continue
            if id(held) not in content:
                content[id(held)] = _content(held, dice)
            found[path] = content[id(held)]
        return found


def _content(held: _File, dice: random.Random) -> bytes:
    """What may be found of a file: any of its pending writes, whole, torn or not at all."""
    if not held.pending:
        return bytes(held.safe)
    found = bytearray(held.safe)
    fate = dice.choice(("none", "all", "prefix", "torn end", "writes", "sectors", "sectors", "size first"))
    if fate == "none":
        return bytes(found)
    rubbish = dice.random() < 0.5
    upto = dice.randint(0, len(held.pending)) if fate in ("prefix", "torn end") else len(held.pending)
    if fate == "size first":  # the length is there, the data may not be
        whole = bytearray(held.safe)
        for each in held.pending:
            _do(whole, each)
        _lengthen(found, len(whole), dice, rubbish)
    for at, each in enumerate(held.pending[:upto]):
        if fate in ("all", "prefix") or (fate == "torn end" and at < upto - 1):
            _do(found, each)
        elif isinstance(each, _Size) or fate == "writes":
            if dice.random() < 0.5:
                _do(found, each)
        else:
            _torn(found, each, dice, rubbish)
    return bytes(found)


def _lengthen(content: bytearray, size: int, dice: random.Random, rubbish: bool) -> None:
    if size > len(content):
        content.extend(dice.randbytes(size - len(content)) if rubbish else bytes(size - len(content)))


def _torn(content: bytearray, asked: _Write, dice: random.Random, rubbish: bool) -> None:
    """Some sectors of a write."""
    share = dice.choice((0.1, 0.5, 0.9))
    end = asked.offset + len(asked.data)
    at = asked.offset
    while at < end:
        upto = min((at // SECTOR + 1) * SECTOR, end)
        if dice.random() < share:
            _lengthen(content, at, dice, rubbish)
            content[at:upto] = asked.data[at - asked.offset : upto - asked.offset]
        at = upto


def lay_out(files: Files, root: Path, to: Path) -> None:
    """Write the files of a state into an empty folder."""
    for path, content in files.items():
        target = to / Path(path).relative_to(root)
        if content is None:
            target.mkdir()
        else:
            target.write_bytes(content)
