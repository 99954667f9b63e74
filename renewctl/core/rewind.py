"""Going back in the operation log: the change that takes a logged row back, and which operations still stand.

A row of the log says what a row of the portfolio was before and after; read backwards it is the change
that restores the former. An operation may take another one back, and be taken back itself; what counts is
the net effect.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from renewctl.core.history import Logged
from renewctl.core.log_rows import side

Place = tuple[str, str]
"""(entity, key): a row of the portfolio as the log names it."""

# Parts of keys that are numbers.
_NUMBERS = frozenset(("no", "account_no", "contract_no", "stakeholder_no", "cycle", "row_no"))
# Columns by which a row names others that it hangs on: of which entity they are.
_PARENTS = {
    **{name: {"contract_no": "contract"} for name in ("outcome", "save_case", "activity", "amendment")},
    **{name: {"save_no": "save_case"} for name in ("save_event", "service_level", "worth")},
    "promise": {"save_no": "save_case", "after_no": "promise", "replaces_no": "promise"},
    "offer": {"save_no": "save_case", "contract_no": "contract"},
    "service_response": {"level_no": "service_level"},
}
_SUBJECTS = {
    "s": "save_case",
    "a": "account",
}  # how the subject of an item begins; else it is a contract's no


class Shape(NamedTuple):
    """How an entity is stored: its columns in order, and which of them are its key."""

    columns: Sequence[str]
    key: Sequence[str]


class Mismatch(Exception):
    """A row is not what the log says it became: it was altered outside the log, or the log was."""

    def __init__(self, row: Logged) -> None:
        super().__init__(f"{row.entity} {row.key}")
        self.row = row


class Chains:
    """Which operations stand, from the pairs (operation, the operation it takes back) of the log.

    An operation, what takes it back, what takes that back, and so on, form a chain that swings to and
    fro: its newest member says whether the first is in effect.
    """

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        self._root: dict[int, int] = {}
        self._forth: dict[int, bool] = {}  # False: the opposite of what the first of the chain did
        self._members: dict[int, list[int]] = defaultdict(list)
        for seq, target in sorted(pairs):
            root = self._root.get(target, target)
            self._root[seq] = root
            self._forth[seq] = not self._forth.get(target, True)
            self._members[root].append(seq)

    def is_undo(self, seq: int) -> bool:
        """Whether an operation takes another one back."""
        return seq in self._root

    def taken_back_by(self, seq: int) -> int | None:
        """The operation through which the effect of this one is gone; None: it stands."""
        later = self._members.get(self._root.get(seq, seq))
        if not later or later[-1] <= seq:
            return None
        newest = later[-1]
        return newest if self._forth[newest] != self._forth.get(seq, True) else None

    def idle_after(self, seq: int) -> frozenset[int]:
        """Operations after `seq` that together changed nothing: each went with one that took it back."""
        idle: set[int] = set()
        for root, members in self._members.items():
            later = [each for each in (root, *members) if each > seq]
            idle.update(later if len(later) % 2 == 0 else later[:-1])
        return frozenset(idle)


def key_of(text: str, key: Sequence[str]) -> tuple[Any, ...]:
    """A logged key as the values of the key's columns."""
    if len(key) == 1:
        return (int(text),)
    parts = text.split("|", len(key) - 1)
    return tuple(int(part) if name in _NUMBERS else part for name, part in zip(key, parts, strict=True))


def same(stored: Any, logged: Any) -> bool:
    """Whether a stored value is what the log says; rows logged in bulk keep 15 digits of a measurement."""
    if stored == logged:
        return True
    if isinstance(stored, float) and isinstance(logged, int | float):
        return f"{stored:.15g}" == f"{logged:.15g}"
    return False


def back(row: Logged, current: Sequence[Any] | None, shape: Shape) -> tuple[str | None, list[Any] | None]:
    """What taking a logged row back does to the row as it stands (None: there is none).

    Gives the row as the log is to tell it before, exactly and not only to 15 digits, and the row that is
    then there. Raises Mismatch where it is not what the log says it became.
    """
    if row.after is None:
        if current is not None or row.before is None:
            raise Mismatch(row)
        return None, json.loads(row.before)
    said = json.loads(row.after)
    if current is None:
        raise Mismatch(row)
    if row.before is None:
        return _told(row, list(current), said), None
    places = [shape.columns.index(name) for name in said]
    told = _told(row, [current[at] for at in places], list(said.values()), [*said])
    restored = json.loads(row.before)
    if restored.keys() != said.keys():
        raise Mismatch(row)
    then = list(current)
    for name, at in zip(said, places, strict=True):
        then[at] = restored[name]
    return told, then


def _told(row: Logged, stored: list[Any], said: list[Any], names: Sequence[str] | None = None) -> str | None:
    """The stored values as the log tells them, by name where names are given."""
    if stored == said:
        return row.after
    if len(stored) != len(said) or not all(map(same, stored, said)):
        raise Mismatch(row)
    kept = stored if names is None else dict(zip(names, stored, strict=True))
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def refers(row: Logged, names: Sequence[str]) -> frozenset[Place]:
    """The contract, save or person that a logged row is about, other than itself.

    An update says so only by its key: what a row belongs to never changes.
    """
    if row.entity in ("item_state", "assignment"):
        subject = row.key.partition("|")[0]
        entity = _SUBJECTS.get(subject[:1])
        return frozenset(((entity, subject[1:]) if entity else ("contract", subject),))
    if row.entity == "departure":
        return frozenset((("stakeholder", row.key),))
    if row.entity == "renewal":
        return _of_renewal(row, names)
    if row.entity == "pin":
        entity, number, _ = row.key.split("|", 2)
        return frozenset(((entity, number),))
    parents = _PARENTS.get(row.entity, {})
    sides = [side(text, names) or {} for text in (row.before, row.after)] if parents else []
    return frozenset(
        (parent, str(found[column]))
        for found in sides
        for column, parent in parents.items()
        if found.get(column) is not None
    )


def _of_renewal(row: Logged, names: Sequence[str]) -> frozenset[Place]:
    """The contract of a renewal, and those that one side of the row or the other says succeed it."""
    told = (side(text, names) or {} for text in (row.before, row.after))
    successors = {each.get("successor_no") for each in told} - {None}
    return frozenset(("contract", str(no)) for no in (row.key.partition("|")[0], *successors))


def builds_on(later: Logged, row: Logged, later_names: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a later row keeps `row` from being taken back, its account and the row itself aside.

    What `row` made is gone once it is taken back, and nothing may refer to it; what it deleted comes
    back, and all it refers to has to be there.
    """
    if row.before is None and (row.entity, row.key) in refers(later, later_names):
        return True
    return later.after is None and (later.entity, later.key) in refers(row, names)
