"""What the program says of saves on a day against what the oracle wants, counted by the kind of fault."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tests.save_simulation.facts import FOLLOWS, KEPT, Case
from tests.save_simulation.oracle import BY_DAY, Line, Oracle, Step, months_later

KINDS = ("state", "owner", "unreported", "date", "other", "command")
MILESTONES = {"day_1": (0, 1), "day_2_3": (2, 3), "week_1": (4, 7), "week_2_4": (8, 28), "day_30": (30, 30)}
SWITCHED = ("planned", "executing", "stabilised")


class Findings:
    """Faults by kind, the first of them in words, and how much was compared."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.words: list[str] = []
        self.compared = 0

    def found(self, kind: str, words: str) -> None:
        """Note a fault."""
        assert kind in KINDS
        self.faults[kind] += 1
        if len(self.words) < 60:
            self.words.append(f"{kind}: {words}")

    def same(self, kind: str, at: str, said: object, wanted: object) -> bool:
        """Compare two things."""
        self.compared += 1
        if said != wanted:
            self.found(kind, f"{at}: {said}, not {wanted}")
        return said == wanted

    def add(self, other: "Findings") -> None:
        """Count what another has found, too."""
        self.faults += other.faults
        self.words += other.words[: 60 - len(self.words)]
        self.compared += other.compared


class Said(NamedTuple):
    """What the program says on a day."""

    today: date
    until: date  # of the agenda
    list: dict[str, Any]
    standup: dict[str, Any]
    due: dict[str, Any]
    shown: dict[int, dict[str, Any]]  # cases looked at by themselves
    events: dict[int, list[tuple[str, str]]]  # (kind, name) of each case, in order


def compare(said: Said, cases: Sequence[Case], oracle: Oracle, found: Findings) -> None:
    """Compare a day."""
    rows = {row["id"]: row for row in said.list["saves"]}
    standing = {row["save"]: row for row in said.standup["saves"]}
    found.same("other", f"{said.today} list", set(rows), {f"s{case.no}" for case in cases})
    running = [case for case in cases if case.open]
    found.same("unreported", f"{said.today} standup", set(standing), {f"s{case.no}" for case in running})
    late = sum(oracle.clock(case, said.today)[0] == "late" for case in running)
    for name, document in (("list", said.list), ("standup", said.standup)):
        found.same("unreported", f"{said.today} {name} late", document["totals"]["late"], late)
    for case in cases:
        at = f"{oracle.zone.key} {said.today} s{case.no} {case.scenario}"
        if f"s{case.no}" in rows:
            _case(at, rows[f"s{case.no}"], case, oracle, said.today, found)
        if f"s{case.no}" in standing and case.open:
            _standing(at, standing[f"s{case.no}"], case, oracle, said.today, found)
        if case.no in said.shown:
            _show(at, said.shown[case.no], case, oracle, said.today, found)
        if case.no in said.events:
            _path(at, said.events[case.no], case, found)
    _due(said, cases, oracle, found)


def stored(at: datetime | None) -> str | None:
    """A moment as documents have it."""
    return at and at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _case(at: str, row: dict[str, Any], case: Case, oracle: Oracle, today: date, found: Findings) -> None:
    """What every document says of a case: its state and its clock."""
    found.same("state", f"{at} state", row["state"], case.state)
    found.same("other", f"{at} scenario", row["scenario"], case.scenario)
    found.same("other", f"{at} round", row["round"], len(case.rounds))
    clock, left = oracle.clock(case, today)
    kind = "unreported" if clock == "late" else "other"
    found.same(kind, f"{at} clock", row["clock"], clock)
    if case.open and abs(row["hours_left"] - left) > 0.06:
        found.found("date", f"{at}: {row['hours_left']} h left, not {left}")
    found.same("date", f"{at} flagged_at", row["flagged_at"], stored(case.now.flagged_at))
    found.same("date", f"{at} flagged_on", row["flagged_on"], case.now.flagged_on.isoformat())
    found.same("date", f"{at} respond_by", row["respond_by"], stored(oracle.respond_by(case.now)))
    found.same("date", f"{at} target_by", row["target_by"], stored(oracle.target_by(case.now)))
    found.same("date", f"{at} closed_on", row["closed_on"], case.closed_on and case.closed_on.isoformat())
    found.same("date", f"{at} answered_on", row["answered_on"], _iso(case.now.contact_on))
    if case.now.contact_on is not None:
        found.same("date", f"{at} in time", row["answered_in_time"], _in_time(case, oracle))
    if found.same("owner", f"{at} has an owner", bool(row["owner"]), True):
        found.same("other", f"{at} owner", row["owner"], case.owner)


def _in_time(case: Case, oracle: Oracle) -> bool | None:
    """SAV-1: whether the first contact came in time; of the last day itself nobody knows without the hour."""
    now, last = case.now, oracle.respond_by(case.now)
    if now.contact_at is not None:
        return now.contact_at <= last
    assert now.contact_on is not None
    return None if now.contact_on == oracle.day(last) else now.contact_on < oracle.day(last)


def _iso(on: date | None) -> str | None:
    return on and on.isoformat()


def _standing(at: str, row: dict[str, Any], case: Case, oracle: Oracle, today: date, found: Findings) -> None:
    """SAV-8: the line of the stand-up."""
    clock, _ = oracle.clock(case, today)
    found.same("unreported" if clock == "late" else "other", f"{at} standup clock", row["clock"], clock)
    found.same("state", f"{at} standup state", row["state"], case.state)
    stands = {each.no: oracle.stands(case, each, today) for each in case.promises}
    missed = sum(state in ("missed", "broken") for state in stands.values())
    found.same("unreported", f"{at} standup missed", row["missed_promises"], missed)
    owed = sorted(
        (stands[each.no] not in ("missed", "broken"), each.due_on, each.no)
        for each in case.promises
        if stands[each.no] in ("open", "soon", "missed", "broken")
    )
    said = row["next_promise"] and row["next_promise"]["promise"]
    found.same(
        "unreported" if missed else "other", f"{at} next promise", said, f"p{owed[0][2]}" if owed else None
    )
    first = oracle.ahead(case, today)
    found.same("date", f"{at} next step", row["next_step"] and row["next_step"]["due_on"], _iso(first))
    found.same("other", f"{at} blocker", row["blocker"] is not None, case.blocker)
    found.same("other", f"{at} decision", row["decision"] is not None, case.decision)


# --- one case -------------------------------------------------------------------------------------------


def _show(at: str, row: dict[str, Any], case: Case, oracle: Oracle, today: date, found: Findings) -> None:
    """Every step, check-in, milestone, promise and proof of a case."""
    _case(f"{at} show", row, case, oracle, today, found)
    steps = {each["step"]: each for each in row["steps"]}
    wanted = {each.step: each for each in oracle.steps(case)}
    found.same("other", f"{at} steps", set(steps), set(wanted))
    for key in steps.keys() & wanted.keys():
        _step(f"{at} {key}", steps[key], wanted[key], found)
    found.same("other", f"{at} first contact", row["first_contact"], case.book.contact)
    checks = oracle.check_ins(case)
    found.same("date", f"{at} check-ins", [each["due_on"] for each in row["checkins"]],
               [_iso(on) for on in checks.values()])  # fmt: skip
    provisional = case.state not in KEPT
    found.same("other", f"{at} provisional", {each["provisional"] for each in row["checkins"]}, {provisional})
    for each in row["checkins"]:
        found.same("owner", f"{at} {each['step']} has an owner", bool(each["owner"]), True)
        found.same("other", f"{at} {each['step']}", each["owner"], oracle.owner(case, "csm")[0])
    flag = case.now.flagged_on
    found.same(
        "date", f"{at} milestones",
        {each["milestone"]: (each["from_on"], each["due_on"]) for each in row["milestones"]},
        {name: (_iso(flag + timedelta(a)), _iso(flag + timedelta(b))) for name, (a, b) in MILESTONES.items()},
    )  # fmt: skip
    update = oracle.updates(case, today)[0] if case.open else None
    said = row["next_update"] and (row["next_update"]["number"], row["next_update"]["due_on"])
    found.same("date", f"{at} update", said, update and (update[0], _iso(update[1])))
    ledger = {each["promise"]: (each["state"], each["due_on"], each["owner"]) for each in row["promises"]}
    promised = {
        f"p{each.no}": (oracle.stands(case, each, today), _iso(each.due_on), each.owner)
        for each in case.promises
    }
    found.same("other", f"{at} promises", ledger, promised)
    missing = {each["criterion"] for each in row["evidence"] if each["missing"]}
    found.same("other", f"{at} evidence", missing, oracle.lacking(case, today))
    watched = None if provisional or case.closed_on is None else months_later(case.closed_on, 6)
    found.same("date", f"{at} watched", row["attention_until"], _iso(watched))


def _step(at: str, row: dict[str, Any], wanted: Step, found: Findings) -> None:
    if date.fromisoformat(row["due_on"]) not in wanted.due:
        found.found("date", f"{at}: due {row['due_on']}, not {sorted(map(str, wanted.due))}")
    if wanted.at is not None:
        found.same("date", f"{at} due_at", row["due_at"], stored(wanted.at))
    if found.same("owner", f"{at} has an owner", bool(row["owner"]), True):
        found.same("other", f"{at} owner", (row["owner"], row["delegate"]), (wanted.owner, wanted.delegate))
    found.same("other", f"{at} state", row["state"], wanted.state)
    found.same("other", f"{at} fate", row["fate"], wanted.fate)
    if wanted.state in ("open", "snoozed"):
        found.same("other", f"{at} waits for", tuple(row["waits_for"]), wanted.waits)


def _path(at: str, events: Sequence[tuple[str, str]], case: Case, found: Findings) -> None:
    """SAV-5: every state the case was in followed legally on the one before, and none was passed over."""
    path = ["detected"]
    for kind, name in events:
        if kind == "state":
            path.append(name)
        elif kind == "reopened":
            path.append("detected")
        elif kind == "scenario" and path[-1] in SWITCHED:
            path.append("diagnosed")
    for before, after in pairwise(path):
        if after not in FOLLOWS[before]:
            found.found("state", f"{at}: {after} follows {before}")
    found.same("state", f"{at} path", path, case.path)


# --- the agenda -----------------------------------------------------------------------------------------


def _due(said: Said, cases: Sequence[Case], oracle: Oracle, found: Findings) -> None:
    """Every line of the agenda that is of a save: there, on its day, with its owner, loud ones first."""
    rows = [row for row in said.due["items"] if row["item"][0] == "s" and row["item"][1].isdigit()]
    lines: list[Line] = []
    for case in cases:
        lines += oracle.lines(case, said.today, said.until)
    wanted = {line.item: line for line in lines}
    at = f"{oracle.zone.key} {said.today} due"
    seen = [row["item"] for row in rows]
    found.same("other", f"{at} once each", len(seen), len(set(seen)))
    for item in wanted.keys() - set(seen):
        line = wanted[item]
        missed = line.due_on < said.today or line.rank != BY_DAY
        found.found("unreported" if missed else "other", f"{at}: {item} of {line.due_on} is not there")
    ranks = []
    for row in rows:
        line = wanted.get(row["item"])
        if line is None:
            found.found("other", f"{at}: {row['item']} of {row['due_on']} is not owed")
            continue
        ranks.append(line.rank)
        found.same("date", f"{at} {line.item}", row["due_on"], line.due_on.isoformat())
        status = (
            "overdue" if line.due_on < said.today else "today" if line.due_on == said.today else "upcoming"
        )
        found.same(
            "unreported" if status == "overdue" else "other", f"{at} {line.item}", row["status"], status
        )
        if found.same("owner", f"{at} {line.item} has an owner", bool(row["owner"]), True):
            found.same("other", f"{at} {line.item} owner", row["owner"], line.owner)
    found.same("unreported", f"{at}: promises first, then clocks", ranks, sorted(ranks))
