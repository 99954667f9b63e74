"""HLT-2: readings added by hand, and overrides set and taken back: the changes, or why they are refused."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from renewctl.core.edits import Edits, Facts, edit, read
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Change, HealthOverride
from renewctl.core.policy import Policy
from renewctl.core.text import clean

INPUTS = ("usage_trend", "open_tickets", "csat", "nps", "engagement", "relationship", "health_score")
_DAY = timedelta(days=1)
_LONGEST = 1_000  # characters of a note


def add(given: Mapping[str, str], facts: Facts, on: date, as_of: date, base: str) -> "Edits | Refusal":
    """The reading of a day made so: `given` are the words typed, by INPUTS, a blank one takes an input away.

    What is newest of an input is pinned, as what `set` sets is; an earlier reading is history only.
    """
    if on > as_of:
        return Refusal("not-yet", f"{on} is still to come", "a reading is of its day or an earlier one")
    values = read(given, facts.account, None, on, base)
    found = values if isinstance(values, Refusal) else edit(values, facts, "", on)
    if isinstance(found, Refusal):
        return found
    newer = {
        column
        for each in facts.readings
        if each.read_on > on
        for column, value in each._asdict().items()
        if value is not None
    }
    kept = [each for each in found.changes if each.entity != "pin" or each.key[2] not in newer]
    return Edits(tuple(kept), found.fields)


def said(
    account: Account,
    score: str,
    reason: str,
    until_on: date,
    note: str,
    as_of: date,
    actor: str,
) -> "HealthOverride | Refusal":
    """An override as a person types it; the score is read as strictly as `set` reads one."""
    values = read({"health_score": score}, account, None, as_of, "")
    if isinstance(values, Refusal):
        return values
    if values["health_score"] is None:
        return Refusal("score-missing", "an override needs a score", "a number from 0 to 100")
    words = clean(note)
    if len(words) > _LONGEST:
        return Refusal("bad-text", f"the note is longer than {_LONGEST} characters", "say it in a sentence")
    return HealthOverride(account.no, values["health_score"], reason, words or None, as_of, until_on, actor)


def override(
    account: Account,
    before: HealthOverride | None,
    said: HealthOverride,
    policy: Policy,
    as_of: date,
) -> "tuple[Change, ...] | Refusal":
    """The change that puts an override in force; none where it stands so already.

    Refused without a reason of the policy, or with an end that is past or too far ahead.
    """
    rules = policy.health_work
    if said.reason not in rules.override_reasons:
        codes = "; ".join(f"{code}: {text}" for code, text in rules.override_reasons.items())
        return Refusal("unknown-reason", f"no override has the reason {said.reason!r}", f"one of {codes}")
    if said.until_on < as_of:
        return Refusal("until-past", f"{said.until_on} is past", "an override ends today or later")
    last = as_of + timedelta(days=rules.override_max_days)
    if said.until_on > last:
        return Refusal(
            "until-too-far",
            f"{said.until_on} is more than {rules.override_max_days} days ahead",
            f"an override ends by {last} and can be given anew then",
        )
    after = said._asdict()
    if before is None:
        return (Change("health_override", (account.no,), account.no, None, after),)
    stored = before._asdict()
    same = all(stored[name] == after[name] for name in ("score", "reason", "note", "until_on"))
    if same and as_of <= before.until_on:
        return ()
    changed = {name: value for name, value in after.items() if stored[name] != value}
    return (_update(account, stored, changed),)


def clear(account: Account, before: HealthOverride | None, as_of: date) -> tuple[Change, ...]:
    """The change that ends an override yesterday, or takes one of today away; none where none is in force."""
    if before is None or as_of > before.until_on:
        return ()
    stored = before._asdict()
    if before.set_on >= as_of:
        return (Change("health_override", (account.no,), account.no, stored, None),)
    return (_update(account, stored, {"until_on": as_of - _DAY}),)


def _update(account: Account, stored: dict[str, Any], changed: dict[str, Any]) -> Change:
    was = {name: stored[name] for name in changed}
    return Change("health_override", (account.no,), account.no, was, changed)
