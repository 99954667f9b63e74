"""SAV-1: what the facts of an account and its readings say by themselves, one sign each.

A `Sign` speaks from the day it was known to the last on which it says anything: until the next reading of its
input, until it grew too old, or for as long as the fact stands. `core.triggers` adds what takes more to know.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from renewctl.core.model import Account, Because, Reading
from renewctl.core.policy import Policy

_DAY = timedelta(days=1)
_READ = ("open_tickets", "csat", "usage_trend")


class Spell(NamedTuple):
    """From one day to another, both in, a fact of an account held; `to_on` is date.max while it does."""

    from_on: date
    to_on: date
    value: Any


class Sign(NamedTuple):
    """One piece of evidence for a save."""

    trigger: str  # cancel_notice stated_reason champion_gone competitor open_tickets csat usage_trend score …
    scenario: str  # the playbook it speaks for; "" where it speaks for none
    because: Because
    since: date  # since when it has been so without a break
    seen_on: date  # the day of the latest evidence
    from_on: date  # the first day on which it speaks …
    to_on: date  # … and the last; date.max: still


def urgency(usual: str, account: Account, segment: str | None) -> str:
    """SAV-1: how urgent a save is: as its playbook says, and high where it is pressing."""
    return "high" if pressing(account, segment) else usual


def pressing(account: Account, segment: str | None) -> bool:
    """SAV-1: whether a save is to be answered in 24 hours: after a notice, and in large accounts."""
    return account.cancel_notice_on is not None or segment == "enterprise"


def standing(spells: Mapping[str, Sequence[Spell]]) -> Iterator[Sign]:
    """What stands on the account's record: a notice of cancellation, a champion gone, a competitor named."""
    for each in spells.get("cancel_notice_on", ()):
        why = Because("SAV-1", f"cancellation notice of {each.value}", "any notice")
        yield _stands("cancel_notice", "", why, each)
    for each in spells.get("champion_gone", ()):
        why = Because("SAV-D", "the champion is gone", "a champion in place")
        yield _stands("champion_gone", "champion_departure", why, each)
    for each in spells.get("competitor", ()):
        why = Because("SAV-C", f"competitor named: {each.value}", "none named")
        yield _stands("competitor", "competitive", why, each)


def _stands(trigger: str, scenario: str, why: Because, spell: Spell) -> Sign:
    return Sign(trigger, scenario, why, spell.from_on, spell.from_on, spell.from_on, spell.to_on)


def read(readings: Sequence[Reading], policy: Policy) -> Iterator[Sign]:
    """What readings say that are over a limit, each until the next one of its input."""
    limits: Mapping[str, Any] = policy.raw["saves"]["triggers"]
    ordered = sorted(readings, key=lambda each: each.read_on)
    lasting = timedelta(days=limits["reading_days"] - 1)
    tickets, csat, usage = limits["open_tickets"], limits["csat"], limits["usage_trend"]
    yield from _over(
        ordered, "open_tickets", "product", lambda value: value >= tickets, lasting,
        lambda value, on: Because("SAV-P", f"{value:g} open tickets ({on})", f"under {tickets:g}"),
    )  # fmt: skip
    yield from _over(
        ordered, "csat", "product", lambda value: value <= csat, lasting,
        lambda value, on: Because("SAV-P", f"CSAT {value:g} ({on})", f"over {csat:g}"),
    )  # fmt: skip
    yield from _over(
        ordered, "usage_trend", "value", lambda value: value <= usage, lasting,
        lambda value, on: Because("SAV-V", f"usage {value:+g} % in 90 days ({on})", f"over {usage:g} %"),
    )  # fmt: skip


def _over(
    ordered: Sequence[Reading], name: str, scenario: str, over: Callable[[float], bool], lasting: timedelta,
    why: Callable[[float, date], Because],
) -> Iterator[Sign]:  # fmt: skip
    known = [(each.read_on, value) for each in ordered if (value := getattr(each, name)) is not None]
    since = None
    for at, (on, value) in enumerate(known):
        if not over(value):
            since = None
            continue
        since = since or on
        until = known[at + 1][0] - _DAY if at + 1 < len(known) else date.max
        if on <= date.max - lasting:
            until = min(until, on + lasting)
        yield Sign(name, scenario, why(value, on), since, on, on, until)


def on_record(account: Account, readings: Sequence[Reading], policy: Policy) -> tuple[Sign, ...]:
    """What stands on record of an account, however old: where the search for the cause begins (SAV-2)."""
    since = account.cancel_notice_on or account.recorded_on
    names = ("cancel_notice_on", "champion_gone", "competitor")
    facts = {name: getattr(account, name) for name in names}
    spells = {name: [Spell(since, date.max, value)] for name, value in facts.items() if value}
    last: dict[str, date] = {}
    for each in sorted(readings, key=lambda each: each.read_on):
        last |= {name: each.read_on for name in _READ if getattr(each, name) is not None}
    over = (each for each in read(readings, policy) if each.seen_on == last[each.trigger])
    return (*standing(spells), *_severe(account), *over)


def _severe(account: Account) -> Iterator[Sign]:
    """A severity-1 ticket speaks for a playbook, and opens no case by itself: its cap may."""
    if account.ticket_severity == 1:
        since = account.ticket_severity_on
        said = f"a severity-1 ticket open since {since}" if since else "a severity-1 ticket open"
        on = since or account.recorded_on
        yield Sign("severity", "product", Because("SAV-P", said, "none open"), on, on, on, date.max)
