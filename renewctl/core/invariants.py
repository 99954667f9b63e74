"""What must hold of stored rows whatever command wrote them: dates, money, enumerations, order, owners.

Rows come as they are stored (dates as ISO text, amounts as whole minor units), since a damaged portfolio
holds things that no value can. A breach is something no command leaves behind; a remark (`is_note`) is
something an import may bring and a person may want to look at.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from renewctl.core.dates import add_months, parse_iso
from renewctl.core.intake_fields import CHOICES, KINDS
from renewctl.core.model import CLOSED_SAVES, OPEN_SAVES, SAVE_EVENTS
from renewctl.core.money import CURRENCIES
from renewctl.core.plays import DUTY, PLANNED, old_plan
from renewctl.core.policy import Policy
from renewctl.core.text import fold
from renewctl.core.timeline import CATCH_UP, COLLECT_HEALTH, OPT_OUT, PAST_DUE

LARGEST = 2**63 - 1
SUBJECT = re.compile(r"([as]?)([1-9]\d{0,18})", re.ASCII)  # of a contract; `s`: of a save, `a`: an account
_SPECIAL = frozenset((CATCH_UP, PAST_DUE, OPT_OUT, COLLECT_HEALTH))
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACTIVITIES = frozenset("call email meeting reply note step stage proposal value draft contract".split())
_SAVES = frozenset((*OPEN_SAVES, *CLOSED_SAVES))
_STATES = {
    "contract": frozenset(("open", "lost", "superseded")),
    "save_case": _SAVES,
    "item_state": frozenset(("done", "skipped", "snoozed")),
    "promise": frozenset(("open", "kept", "broken", "withdrawn")),
    "offer": frozenset(("pending", "approved", "refused", "accepted", "declined", "withdrawn")),
}
_KINDS = {
    "activity": _ACTIVITIES,
    "renewal": frozenset(("renewal", "early", "tacit", "extension", "co_term")),
    "amendment": frozenset(("amendment", "extension", "co_term")),
    "save_event": frozenset(SAVE_EVENTS),
}
_YES_NO = frozenset(("strategic", "champion_gone", "auto_renew", "payment_on_file", "implied", "bundle"))
_CHOSEN = {("account", "segment_override"): "segment", ("outcome", "result"): "result"} | {
    ("stakeholder", name): name for name in ("role", "influence", "sentiment")
}
_INSTANTS = frozenset(("flagged_at", "respond_by", "target_by", "happened_at", "asked_at", "answered_at"))
_DECIMALS = frozenset(
    (
        ("value_metric", "value"), ("value_metric", "baseline"), ("value_metric", "rate"),
        ("offer", "discount_pct"), ("worth", "chance_pct"),
    )
)  # fmt: skip
_NOT_NEGATIVE = frozenset(
    (
        ("contract", "arr_minor"), ("account", "expansion_minor"), ("renewal", "target_minor"),
        ("amendment", "arr_before_minor"), ("amendment", "arr_after_minor"), ("offer", "arr_minor"),
        ("offer", "kept_minor"), ("offer", "cost_minor"), ("worth", "concession_minor"),
        ("worth", "rate_minor"), ("worth", "arr_minor"),
    )
)  # fmt: skip
_AMOUNTS = {
    "renewal": ("target_minor", "uplift_minor", "expansion_minor"),
    "amendment": ("arr_before_minor", "arr_after_minor"),
    "offer": ("arr_minor", "kept_minor", "cost_minor", "later_minor"),
}


class Breach(NamedTuple):
    """What is wrong with a row. `is_note`: odd, yet nothing that a command could not have left."""

    what: str
    is_note: bool = False


def _ranges() -> dict[tuple[str, str], tuple[float, float]]:
    """(entity, column) -> smallest and largest number that an import or `set` takes."""
    found = {}
    for fields in KINDS.values():
        for field in fields.values():
            entity, _, column = field.fills.partition(".")
            if column and field.low is not None and field.high is not None:
                found["health_reading" if entity == "reading" else entity, column] = field.low, field.high
    found["account", "ticket_severity"] = 1, 4
    found["contract", "renewal_day"] = 1, 31
    found["health_override", "score"] = 0, 100
    found["contract", "term_months"] = 1, LARGEST
    return found


@lru_cache(maxsize=4096)
def is_date(text: Any) -> bool:
    """Whether a stored value is a calendar date in ISO form."""
    return isinstance(text, str) and text.isascii() and parse_iso(text) is not None


@lru_cache(maxsize=4096)
def is_instant(text: Any) -> bool:
    """Whether a stored value is a UTC instant to the second, `2026-03-02T09:00:00Z`."""
    if not isinstance(text, str) or len(text) != 20 or not text.isascii() or text[-1] != "Z":
        return False
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%SZ") == text
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _is_decimal(text: Any) -> bool:
    try:
        return isinstance(text, str) and Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _whole(value: Any, low: int = -LARGEST) -> bool:
    return type(value) is int and low <= value <= LARGEST


class Invariants:
    """The rules of single rows, under one policy."""

    def __init__(self, policy: Policy, columns: Mapping[str, Sequence[str]]) -> None:
        """`columns`: those of each entity, in stored order."""
        self._policy = policy
        self._columns = columns
        self._currencies = CURRENCIES | {*policy.rates, policy.base_currency}
        ranges = _ranges()
        self._tests = {entity: self._of(entity, names, ranges) for entity, names in columns.items()}
        steps = {step.step for timeline in policy.timelines.values() for step in timeline}
        notices = {f"{OPT_OUT}-{days}" for days in policy.agenda.notice_days}
        self._steps = steps | _SPECIAL | notices
        # Of a save: of any playbook, since a switch keeps what was done.
        self._plays: set[str] = set()
        for book in policy.playbooks.values():
            self._plays |= {each.step for each in book.steps}
            self._plays |= {
                old_plan(each.step, book.scenario) for each in book.steps if each.state == PLANNED
            }
        self._whole_rows: dict[str, Callable[[dict[str, Any]], Iterator[Breach]]] = {
            "account": self._account,
            "contract": self._contract,
            "save_case": _save,
            "item_state": _item,
            "assignment": _assignment,
            "value_metric": _metric,
            "renewal": _renewal,
            "amendment": _amendment,
            "promise": _promise,
            "offer": _offer,
            "service_level": _level,
            "service_response": _response,
            "health_override": _override,
            "pin": self._pin,
        }

    def _of(
        self, entity: str, names: Sequence[str], ranges: Mapping[tuple[str, str], tuple[float, float]]
    ) -> list[tuple[int, str, Callable[[Any], bool], str]]:
        """Columns of an entity that must satisfy something: position, name, what, and what one is if not."""
        tests = ((at, name, self._test(entity, name, ranges)) for at, name in enumerate(names))
        return [(at, name, *test) for at, name, test in tests if test is not None]

    def _test(
        self, entity: str, name: str, ranges: Mapping[tuple[str, str], tuple[float, float]]
    ) -> tuple[Callable[[Any], bool], str] | None:
        """What a column has to satisfy where it is filled, and what it is when it does not."""
        if name.endswith("_on"):
            return is_date, "no date"
        if name.endswith("_minor"):
            low = 0 if (entity, name) in _NOT_NEGATIVE else -LARGEST
            return (lambda value: _whole(value, low)), "no amount that may be held"
        if name == "minutes":
            return (lambda value: _whole(value, 0)), "no time that was spent"
        if name == "currency":
            return self._currencies.__contains__, "no currency that is known"
        if name in _INSTANTS:
            return is_instant, "no UTC instant"
        if name in _YES_NO:
            return (lambda value: type(value) is int and value in (0, 1)), "neither 0 nor 1"
        if (entity, name) in ranges:
            low_, high = ranges[entity, name]
            return (lambda value: type(value) in (int, float) and low_ <= value <= high), (
                f"not between {low_:g} and {high:g}" if high < LARGEST else f"under {low_:g}"
            )
        if (entity, name) in _CHOSEN:
            return CHOICES[_CHOSEN[entity, name]].__contains__, "none of those there are"
        if name == "state" and entity in _STATES:
            return _STATES[entity].__contains__, "none of those there are"
        if name == "kind" and entity in _KINDS:
            return _KINDS[entity].__contains__, "none of those there are"
        if (entity, name) in _DECIMALS:
            return _is_decimal, "no number"
        if name in ("cycle", "no", "round", "years", "respond_minutes", "every_days"):
            return (lambda value: _whole(value, 1)), "no number from 1 on"
        if entity == "erasure" and name in ("was", "now"):
            return (lambda value: isinstance(value, str) and bool(_DIGEST.fullmatch(value))), "no digest"
        return None

    def row(self, entity: str, cells: Sequence[Any]) -> list[Breach]:
        """What is wrong with one stored row; empty for a sound one."""
        found = [
            Breach(f"{name} is {_shown(cells[at])}: {wrong}")
            for at, name, holds, wrong in self._tests[entity]
            if cells[at] is not None and not holds(cells[at])
        ]
        whole = self._whole_rows.get(entity)
        if whole is not None and not found:
            found += whole(dict(zip(self._columns[entity], cells, strict=True)))
        return found

    def _account(self, row: dict[str, Any]) -> Iterator[Breach]:
        if not row["id"] or not row["name"]:
            yield Breach("has no id or no name")
        elif fold(row["name"]) != row["search_name"]:
            yield Breach(f"search_name is {_shown(row['search_name'])} and not {_shown(fold(row['name']))}")
        override = row["segment_override"]
        if override is not None and override not in {each.name for each in self._policy.segments}:
            yield Breach(f"segment_override {_shown(override)} is no segment of the policy", True)

    def _contract(self, row: dict[str, Any]) -> Iterator[Breach]:
        if row["arr_minor"] is not None and row["currency"] is None:
            yield Breach("has an ARR without a currency")
        yield from _renewal_day(row["renewal_on"], row["renewal_day"])
        if row["start_on"] and row["renewal_on"] and row["start_on"] > row["renewal_on"]:
            yield Breach(f"starts on {row['start_on']}, after its renewal on {row['renewal_on']}", True)
        if (row["cycle"] > 1) != (row["won_on"] is not None):
            yield Breach(f"is in cycle {row['cycle']} with won_on {_shown(row['won_on'])}")
        if row["state"] != "superseded" and (row["state"] == "lost") != (row["stage"] == "lost"):
            yield Breach(f"is {row['state']} in stage {_shown(row['stage'])}")
        elif row["stage"] not in self._policy.stages or (
            row["stage"] == "won" and row["state"] != "superseded"
        ):
            yield Breach(f"stage {_shown(row['stage'])} is none of the policy's", True)

    def _pin(self, row: dict[str, Any]) -> Iterator[Breach]:
        if row["field"] not in self._columns.get(row["entity"], ()):
            yield Breach("pins a column that does not exist")
        try:
            json.loads(row["source_value"])
        except (ValueError, RecursionError):
            yield Breach("source_value is no JSON")

    def step(self, scenario: str | None, step: str) -> Breach | None:
        """A remark on a step that the policy no longer has. `scenario` None: of a renewal, not of a save.

        Recurring work (VAL) has a step for each period; ask nothing of those.
        """
        if scenario is None:
            known = step in self._steps
        else:
            known = scenario in self._policy.playbooks and (
                step in self._plays or DUTY.fullmatch(step) is not None
            )
        return None if known else Breach("is a step the policy does not have (any more)", True)


def _renewal_day(renewal_on: str | None, day: int | None) -> Iterator[Breach]:
    """The day of month a cycle keeps fits its date: the same, or later where the month was too short."""
    on = parse_iso(renewal_on) if renewal_on else None
    if on is None:
        if day is not None:
            yield Breach("has a renewal_day without a renewal_on")
    elif day is None or add_months(on, 0, day) != on:
        yield Breach(f"renewal_day {_shown(day)} does not fit {renewal_on}")


def _save(row: dict[str, Any]) -> Iterator[Breach]:
    closed = row["state"] in CLOSED_SAVES
    if closed != (row["closed_on"] is not None):
        yield Breach(f"is {row['state']} with closed_on {_shown(row['closed_on'])}")
    if row["closed_on"] is not None and row["closed_on"] < row["flagged_on"]:
        yield Breach(f"was closed on {row['closed_on']}, before its flag of {row['flagged_on']}")
    for name in ("respond_by", "target_by"):
        if row[name] is not None and row[name] < row["flagged_at"]:
            yield Breach(f"{name} {row[name]} is before the flag at {row['flagged_at']}")


def _item(row: dict[str, Any]) -> Iterator[Breach]:
    yield from _assignment(row)
    if row["state"] == "snoozed" and row["until_on"] is None:
        yield Breach("is put off without a day")


def _assignment(row: dict[str, Any]) -> Iterator[Breach]:
    if not SUBJECT.fullmatch(row["subject"]):
        yield Breach("belongs to neither a contract, a save nor an account")


def _renewal(row: dict[str, Any]) -> Iterator[Breach]:
    if row["successor_no"] == row["contract_no"]:
        yield Breach("says that the contract succeeds itself")
    yield from _currency("renewal", row)


def _amendment(row: dict[str, Any]) -> Iterator[Breach]:
    yield from _currency("amendment", row)


def _promise(row: dict[str, Any]) -> Iterator[Breach]:
    if (row["state"] == "open") != (row["settled_on"] is None):
        yield Breach(f"is {row['state']} with settled_on {_shown(row['settled_on'])}")
    if row["no"] in (row["after_no"], row["replaces_no"]):
        yield Breach("follows or replaces itself")


def _offer(row: dict[str, Any]) -> Iterator[Breach]:
    yield from _currency("offer", row)
    try:
        sound = isinstance(json.loads(row["terms"]), dict)
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        yield Breach("terms are no JSON object")


def _level(row: dict[str, Any]) -> Iterator[Breach]:
    if (row["respond_minutes"] is None) == (row["every_days"] is None):
        yield Breach("promises neither a time to answer nor a rhythm, or both")


def _response(row: dict[str, Any]) -> Iterator[Breach]:
    if row["answered_at"] is not None and row["answered_at"] < row["asked_at"]:
        yield Breach(f"was answered at {row['answered_at']}, before it was asked")


def _currency(entity: str, row: dict[str, Any]) -> Iterator[Breach]:
    if row["currency"] is None and any(row[name] is not None for name in _AMOUNTS[entity]):
        yield Breach("has an amount without a currency")


def _override(row: dict[str, Any]) -> Iterator[Breach]:
    if row["until_on"] < row["set_on"]:
        yield Breach(f"ends on {row['until_on']}, before it begins on {row['set_on']}")


def _metric(row: dict[str, Any]) -> Iterator[Breach]:
    begin, end = row["period_start_on"], row["period_end_on"]
    if begin and end and begin > end:
        yield Breach(f"its period begins on {begin}, after its end on {end}", True)


def of_account(contracts: Sequence[Mapping[str, Any]], open_saves: Sequence[int]) -> Iterator[Breach]:
    """What must hold between the contracts and the open saves of one account (numbers of the latter)."""
    implied = [row for row in contracts if row["implied"]]
    if len(implied) > 1:
        numbers = ", ".join(str(row["no"]) for row in implied)
        yield Breach(f"has {len(implied)} implied contracts: numbers {numbers}")
    if len(open_saves) > 1:
        yield Breach(f"has {len(open_saves)} open saves: {', '.join(f's{no}' for no in open_saves)}")


def _shown(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = "blank" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
