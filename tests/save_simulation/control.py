"""Whether the comparison sees what it looks for: the same day again, with one fault put in."""

import copy
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.save_simulation.compare import Findings, Said, compare

if TYPE_CHECKING:
    from tests.save_simulation.world import World

_TRIES = 3  # days on which each fault is put in


def _illegal(said: Said) -> bool:
    """A state that no transition leads to."""
    for events in said.events.values():
        if events:
            events.append(("state", "planned"))
            events.append(("state", "detected"))
            return True
    return False


def _state(said: Said) -> bool:
    """A state the facts do not bring about."""
    for row in said.list["saves"]:
        if row["state"] == "detected":
            row["state"] = "diagnosed"
            return True
    return False


def _step_unowned(said: Said) -> bool:
    """A step that is nobody's."""
    for shown in said.shown.values():
        shown["steps"][-1]["owner"] = None
        return True
    return False


def _line_unowned(said: Said) -> bool:
    """A line of the agenda that is nobody's."""
    for row in _saves(said):
        row["owner"] = ""
        return True
    return False


def _clock_silent(said: Said) -> bool:
    """A clock that ran out and is not said to."""
    for row in said.list["saves"]:
        if row["clock"] == "late":
            row["clock"] = "running"
            return True
    return False


def _clock_silent_standup(said: Said) -> bool:
    """The same, in the stand-up."""
    for row in said.standup["saves"]:
        if row["clock"] == "late":
            row["clock"] = "answered"
            return True
    return False


def _clock_not_due(said: Said) -> bool:
    """A first contact that is late and not on the agenda."""
    late = {row["id"] for row in said.list["saves"] if row["clock"] == "late"}
    return _without(
        said, lambda row: row["item"].split("-")[0].split(".")[0] in late and row["step"] == "call"
    )


def _promise_not_due(said: Said) -> bool:
    """A missed promise that is not on the agenda."""
    return _without(said, lambda row: row["kind"] == "promise" and row["status"] == "overdue")


def _update_not_due(said: Said) -> bool:
    """A weekly update that is not on the agenda."""
    return _without(said, lambda row: row["step"].startswith("update-"))


def _promise_silent_standup(said: Said) -> bool:
    """A missed promise that the stand-up does not count."""
    for row in said.standup["saves"]:
        if row["missed_promises"]:
            row["missed_promises"] -= 1
            return True
    return False


def _step_date(said: Said) -> bool:
    """A step a day late."""
    for shown in said.shown.values():
        for row in shown["steps"]:
            if row["state"] == "open":
                row["due_on"] = _later(row["due_on"])
                return True
    return False


def _hour(said: Said) -> bool:
    """A clock an hour late."""
    for row in said.list["saves"]:
        row["respond_by"] = row["respond_by"].replace(":", ":3", 1)[:20]
        return True
    return False


def _line_date(said: Said) -> bool:
    """A line of the agenda a day late."""
    for row in _saves(said):
        row["due_on"] = _later(row["due_on"])
        return True
    return False


def _recovery_date(said: Said) -> bool:
    """A check-in a day late."""
    for shown in said.shown.values():
        shown["checkins"][0]["due_on"] = _later(shown["checkins"][0]["due_on"])
        return True
    return False


def _order(said: Said) -> bool:
    """A promise that is not the first thing said."""
    rows = said.due["items"]
    mine = [at for at, row in enumerate(rows) if _of_save(row)]
    loud = [at for at in mine if rows[at]["kind"] == "promise" and rows[at]["status"] == "overdue"]
    if loud and len(loud) < len(mine):
        rows.append(rows.pop(loud[0]))
        return True
    return False


def _owner(said: Said) -> bool:
    """A step of the wrong person."""
    for shown in said.shown.values():
        shown["steps"][0]["owner"] = "somebody"
        return True
    return False


def _fate(said: Said) -> bool:
    """A step that hangs on nothing."""
    for shown in said.shown.values():
        for row in shown["steps"]:
            if row["fate"] == "undecided":
                row["fate"] = "active"
                return True
    return False


FAULTS: dict[str, tuple[str, Callable[[Said], bool]]] = {
    "an illegal transition": ("state", _illegal),
    "a wrong state": ("state", _state),
    "a step of nobody": ("owner", _step_unowned),
    "a line of nobody": ("owner", _line_unowned),
    "a late clock not listed": ("unreported", _clock_silent),
    "a late clock not at the stand-up": ("unreported", _clock_silent_standup),
    "a late clock not due": ("unreported", _clock_not_due),
    "a missed promise not due": ("unreported", _promise_not_due),
    "a missed promise not at the stand-up": ("unreported", _promise_silent_standup),
    "an update not due": ("other", _update_not_due),
    "a missed promise not first": ("unreported", _order),
    "a step a day late": ("date", _step_date),
    "a clock some minutes late": ("date", _hour),
    "a line a day late": ("date", _line_date),
    "a check-in a day late": ("date", _recovery_date),
    "a step of somebody else": ("other", _owner),
    "a step not in question": ("other", _fate),
}


class Control:
    """Puts each fault into what the program said, a few times, and counts how often it was seen."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self.put: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()

    def look(self, said: Said, world: "World") -> None:
        """Compare the day again with each fault that fits it."""
        if not self.on:
            return
        true = Findings()
        compare(said, world.cases, world.oracle, true)
        for name, (kind, put) in FAULTS.items():
            wrong: Said = copy.deepcopy(said)
            if self.put[name] < _TRIES and put(wrong):
                found = Findings()
                compare(wrong, world.cases, world.oracle, found)
                self.put[name] += 1
                # an update is missed or not yet owed; either way it has to be missed
                kinds = (kind, "unreported") if kind == "other" else (kind,)
                self.seen[name] += any(found.faults[each] > true.faults[each] for each in kinds)
        if not self.put["a command that fails"]:
            self.put["a command that fails"] += 1
            world_findings, world.findings = world.findings, Findings()
            world.run(None, "save", "show", "s999999")
            self.seen["a command that fails"] += world.findings.faults["command"]
            world.findings = world_findings

    @property
    def unseen(self) -> list[str]:
        """Faults that were put in and not seen."""
        return [name for name, put in self.put.items() if self.seen[name] < put]

    @property
    def missed(self) -> list[str]:
        """Faults that were not seen, or never put in."""
        never = [name for name in FAULTS if not self.put[name]]
        return self.unseen + never if self.on else []


def _saves(said: Said) -> list[dict[str, Any]]:
    return [row for row in said.due["items"] if _of_save(row)]


def _of_save(row: dict[str, Any]) -> bool:
    return row["item"][0] == "s" and row["item"][1].isdigit()


def _without(said: Said, drop: Callable[[dict[str, Any]], bool]) -> bool:
    for row in _saves(said):
        if drop(row):
            said.due["items"].remove(row)
            return True
    return False


def _later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(1)).isoformat()
