"""What the program says on a day against what the rules want, counted by the kind of fault."""

import re
from collections import Counter
from datetime import date
from typing import Any

from tests.simulation import rules
from tests.simulation.oracle import Key, Owed
from tests.simulation.world import World

_ITEM = re.compile(r"[as]?\d+(?:\.(\d+))?-")


class Findings:
    """Faults by kind, the first of each in words, and how much was compared."""

    KINDS = (
        "lost", "duplicated", "unwanted", "unowned", "early", "dates", "people", "shape", "order", "plans",
        "unaccounted",
    )  # fmt: skip

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.words: list[str] = []
        self.checks = 0
        self.items = 0
        self.fates: Counter[str] = Counter()

    def found(self, kind: str, words: str) -> None:
        """Note a fault."""
        self.faults[kind] += 1
        if len(self.words) < 40:
            self.words.append(f"{kind}: {words}")

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def key_of(row: dict[str, Any]) -> Key:
    """(contract, cycle, step) of a line of `due --json`."""
    match = _ITEM.match(row["item"])
    assert match is not None, row
    return row["contract"], int(match[1] or 1), row["step"]


def check(world: World, findings: Findings, days: int, controls: dict[str, Findings]) -> None:
    """Compare the whole book's agenda with the oracle's, up to so many days ahead.

    `controls` are compared with an oracle that has the rule of that name wrong; they have to differ.
    """
    rows = _renewals(world.program.json(world.today, "due", "--days", str(days)))
    wanted = owed(world, days)
    compare(world, findings, rows, wanted)
    for twist, found in controls.items():
        compare(world, found, rows, owed(world, days, twist))
    if world.chance(5):  # one person's own list is their share of the whole
        owner = world.rng.choice(world.people)
        theirs = [key_of(row) for row in rows if row["owner"] == owner]
        mine = theirs  # of a person whom no fact names yet nothing can be asked
        if theirs:
            words = ("due", "--days", str(days), "--owner", owner)
            mine = [key_of(row) for row in _renewals(world.program.json(world.today, *words))]
        if mine != theirs:
            findings.found("people", f"{world.today} due --owner {owner}: not those of the whole list")


def _renewals(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of an agenda that are not of saves; those have their own rules and tests."""
    return [row for row in document["items"] if not row["item"].startswith("s")]


def owed(world: World, days: int, twist: str = "") -> dict[Key, Owed]:
    """What the rules want of the whole book in a window."""
    oracle = world.oracle(twist, days)
    found = {}
    for account in world.accounts.values():
        for item in oracle.owed(account):
            assert item.key not in found, item
            found[item.key] = item
    return found


def compare(world: World, findings: Findings, rows: list[dict[str, Any]], wanted: dict[Key, Owed]) -> None:
    """Count what differs between the lines of an agenda and what is wanted."""
    findings.checks += 1
    findings.items += len(rows)
    contracts = {each.id: each for account in world.accounts.values() for each in account.contracts}
    oracle = world.oracle()
    seen: set[Key] = set()
    last: tuple[object, ...] = ()
    for row in rows:
        key = key_of(row)
        at = f"{world.today} {row['item']} ({row['contract']})"
        contract = contracts[key[0]]
        if key in seen:
            findings.found("duplicated", f"{at} stands twice")
        seen.add(key)
        if key[1:] in contract.closed and row["kind"] not in ("catch_up", "value"):
            if fate := contract.fate(key[1:], date.fromisoformat(row["due_on"])):
                findings.found("duplicated", f"{at} was {fate} before")
            findings.fates["asked again (agendas)"] += 1
        ahead = (oracle.anchor(contract) - date.fromisoformat(row["due_on"])).days
        mine = key[1] == contract.cycle and row["kind"] != "value"
        if row["channel"] == "customer" and mine and ahead > rules.CUSTOMER_FROM:
            findings.found("early", f"{at} reaches the customer {ahead} days before the anchor")
        item = wanted.get(key)
        if item is None:
            findings.found("unwanted", f"{at} of kind {row['kind']} due {row['due_on']}")
            continue
        _same(findings, at, row, item)
        if last and item.order < last:  # type: ignore[operator]
            findings.found("order", f"{at} stands behind a later one")
        last = item.order
    for key in wanted.keys() - seen:
        item = wanted[key]
        findings.found("lost", f"{world.today} {item.item} of kind {item.kind} due {item.due_on}")


def _same(findings: Findings, at: str, row: dict[str, Any], item: Owed) -> None:
    dates = (row["due_on"], row["work_on"])
    if dates != (item.due_on.isoformat(), item.work_on.isoformat()):
        findings.found("dates", f"{at}: {dates}, not {item.due_on}, {item.work_on}")
    if row["owner"] != item.owner:
        kind = "unowned" if row["owner"] is None else "people"
        findings.found(kind, f"{at}: {row['owner']}, not {item.owner}")
    said = (row["item"], row["channel"], row["kind"], frozenset(row["covers"]))
    if said != (item.item, item.channel, item.kind, item.covers) or len(row["covers"]) != len(item.covers):
        findings.found("shape", f"{at}: {said}, not {item}")
