"""A rehearsal of the triggers on a terminal, in a pipe, and as JSON: counts first, rates only from enough."""

from collections.abc import Iterator, Sequence
from typing import Any

from renewctl.core import money
from renewctl.core.health_check import Rate
from renewctl.core.policy import Policy
from renewctl.core.rehearse import FALSE, Alarm, Loss, Rehearsal, Workload
from renewctl.core.rehearse_limits import Unknown
from renewctl.core.shares import middle, share
from renewctl.views.terminal import aligned, fit, is_terminal, put_lines, safe

_PAGE = 10
_WORDS = {
    "lost": "lost afterwards",
    "saved": "saved",
    "shrunk": "renewed for less",
    "renewed": "renewed without a save",
    "stayed": "still there without a save",
    "open": "too early to say",
}


def show(told: Rehearsal, other: Rehearsal | None, unknown: Unknown, policy: Policy) -> None:
    """What the rules would have seen; beside it what the shipped ones would have, where they differ."""
    noun = "account" if told.accounts == 1 else "accounts"
    out = [f"Triggers replayed from {told.from_on} to {told.to_on} over {told.accounts} {noun}", ""]
    out += _table(told, other, policy)
    out += ["", *_losses("Lost without a warning", told.missed, policy)]
    out += _losses("Lost with a warning", told.seen + told.late, policy)
    out += _workloads(told.by_csm, told.weeks)
    out += _notes(unknown, policy)
    put_lines(out)


def _table(told: Rehearsal, other: Rehearsal | None, policy: Policy) -> list[str]:
    rows = [_figures(told, policy)]
    rows += [_figures(other, policy)] if other else []
    names = [name for name, _ in rows[0]]
    found = [(name, *(row[at][1] for row in rows)) for at, name in enumerate(names)]
    if other:
        found.insert(0, ("", "this policy", "as shipped"))
    return [line.rstrip() for line in aligned(found)]


def _figures(told: Rehearsal, policy: Policy) -> list[tuple[str, str]]:
    """The figures of one policy by name, in order."""
    seen, late, missed = told.seen, told.late, told.missed
    blind = sum(not each.read for each in missed)
    judged = [each for each in told.alarms if each.result != "open"]
    false = told.of(*FALSE)
    without = f", {blind} with nothing on record in the days before" if blind else ""
    return [
        ("losses", str(len(told.losses))),
        ("  seen before they decided", f"{len(seen)}{_early([each.days for each in seen])}"),
        ("  seen only by the day we were told", str(len(late))),
        ("  missed", f"{len(missed)}{without}"),
        ("  seen before they decided, of all", told_rate(share(len(seen), len(told.losses), policy))),
        ("  what chance alone would see", _chance(told)),
        ("suggestions", str(len(told.alarms))),
        *((f"  {_WORDS[result]}", str(len(told.of(result)))) for result in _WORDS),
        ("  false alarms, of those with an end", told_rate(share(len(false), len(judged), policy))),
    ]


def _chance(told: Rehearsal) -> str:
    """The share of the days of all accounts on which whatever was lost would have counted as seen."""
    counts = f"{told.watched_days:,} of {told.account_days:,} account-days"
    return counts + (f": {told.watched_days / told.account_days:.0%}" if told.account_days else "")


def _early(days: Sequence[int | None]) -> str:
    known = sorted(each for each in days if each is not None)
    half = middle(known)
    if half is None:
        return ""
    if len(known) == 1:
        return f", {known[0]} days before"
    return f", {half:g} days before (median; {known[0]} to {known[-1]})"


def told_rate(found: Rate) -> str:
    """A share in words: counts, and where there is a rate its interval; else that it is too few."""
    if found.share is None or found.low is None or found.high is None:
        return f"{found.part} of {found.of}" + (", too few for a rate" if found.of else "")
    return f"{found.part} of {found.of}: {found.share:.0%}, interval {found.low:.0%} to {found.high:.0%}"


def _losses(title: str, losses: Sequence[Loss], policy: Policy) -> Iterator[str]:
    if not losses:
        return
    shown = losses[-_PAGE:] if is_terminal() else losses
    yield f"{title}: {len(losses)}"
    rows = [(*_loss(each, policy), _seen(each)) for each in shown]
    yield from (f"  {line}" for line in aligned(rows, frozenset({2})))
    if len(losses) > len(shown):
        yield f"  … and {len(losses) - len(shown)} earlier ones: --json"
    yield ""


def _loss(each: Loss, policy: Policy) -> tuple[str, ...]:
    arr = "unknown"
    if each.arr_base_minor is not None:
        arr = money.plain(each.arr_base_minor, policy.base_currency)
    return str(each.lost_on), fit(safe(each.account_name), 24), arr, safe(each.reason or "no reason")


def _seen(each: Loss) -> str:
    if each.alarm is None:
        said = "readings, none over a limit" if each.read else "nothing on record"
        return said + ("; a save was open" if each.worked else "")
    said = ", ".join(dict.fromkeys(sign.trigger for sign in each.alarm.signs))
    days = each.days or 0
    if days > 0:
        return f"{days} days before: {said}"
    return f"{-days} days after they decided: {said}" if days else f"the same day: {said}"


def _workloads(found: Sequence[Workload], weeks: int) -> Iterator[str]:
    if not found:
        return
    shown = found[:_PAGE] if is_terminal() else found
    yield f"What the CSMs would have got in {weeks} weeks"
    rows = [("CSM", "SUGGESTIONS", "FALSE", "A WEEK", "MOST IN A WEEK")]
    rows += [
        (safe(each.csm or "nobody"), str(each.alarms), str(each.false), f"{each.alarms / weeks:.2f}",
         f"{each.busiest} ({each.busiest_on})")
        for each in shown
    ]  # fmt: skip
    yield from (f"  {line}" for line in aligned(rows, frozenset({1, 2, 3})))
    if len(found) > len(shown):
        yield f"  … and {len(found) - len(shown)} more: --json"
    yield ""


def notes(unknown: Unknown, policy: Policy) -> list[str]:
    """What is known only as of now, and what is not known."""
    follow = policy.raw["saves"]["learning"]["follow_days"]
    out = [
        "Readings, notices and severe tickets count from their own day, whenever they were typed in.",
        "Segments and ARR are those of today; stages, steps and calls count as far as they are recorded.",
        f"A warning counts for a loss up to {follow} days after it.",
        "Chance: the account-days on which any loss at all would have counted as seen.",
        "A share seen that is no larger is no finding; a larger one is observed, not caused (SAV-11).",
        "What came after a suggestion is told, and not what a save would have changed.",
    ]
    if unknown.undated:
        facts = "fact bears" if unknown.undated == 1 else "facts (champion gone, competitor) bear"
        out.append(f"{unknown.undated} {facts} no date: counted from the first record of the account.")
    if unknown.unread:
        said = "account has" if unknown.unread == 1 else "accounts have"
        out.append(f"{unknown.unread} {said} no reading at all: only other facts could have warned.")
    if unknown.ended:
        said = "account is" if unknown.ended == 1 else "accounts are"
        out.append(f"{unknown.ended} {said} out of force with no loss on record: left out.")
    return out


def _notes(unknown: Unknown, policy: Policy) -> Iterator[str]:
    yield "Read with care"
    yield from (f"  {line}" for line in notes(unknown, policy))


# --- JSON ------------------------------------------------------------------------------------------


def document(told: Rehearsal, other: Rehearsal | None, unknown: Unknown, policy: Policy) -> dict[str, Any]:
    """`renewctl/rehearsal/1`; rates are fractions of 1, null where there are too few cases."""
    return {
        "schema": "renewctl/rehearsal/1",
        "from": told.from_on.isoformat(),
        "to": told.to_on.isoformat(),
        "currency": policy.base_currency,
        "least_cases": policy.raw["saves"]["learning"]["least_cases"],
        "follow_days": policy.raw["saves"]["learning"]["follow_days"],
        **_one(told, policy),
        "shipped": None if other is None else _one(other, policy),
        "notes": notes(unknown, policy),
        "unknown": unknown._asdict(),
    }


def _one(told: Rehearsal, policy: Policy) -> dict[str, Any]:
    judged = sum(each.result != "open" for each in told.alarms)
    return {
        "accounts": told.accounts,
        "losses": {
            "count": len(told.losses),
            "seen": len(told.seen),
            "seen_late": len(told.late),
            "missed": len(told.missed),
            "missed_unread": sum(not each.read for each in told.missed),
            "seen_rate": rate_document(share(len(told.seen), len(told.losses), policy)),
            "seen_by_chance": {
                "count": told.watched_days,
                "of": told.account_days,
                "rate": told.watched_days / told.account_days if told.account_days else None,
            },
            "days_before_median": middle([each.days or 0 for each in told.seen]),
            "each": [_loss_document(each, policy) for each in told.losses],
        },
        "suggestions": {
            "count": len(told.alarms),
            **{result: len(told.of(result)) for result in _WORDS},
            "false": len(told.of(*FALSE)),
            "false_rate": rate_document(share(len(told.of(*FALSE)), judged, policy)),
            "each": [_alarm_document(each) for each in told.alarms],
        },
        "weeks": told.weeks,
        "by_csm": [
            {"csm": each.csm, "suggestions": each.alarms, "false": each.false,
             "per_week": each.alarms / told.weeks, "most_in_a_week": each.busiest,
             "week_of": each.busiest_on.isoformat() if each.busiest_on else None}
            for each in told.by_csm
        ],
    }  # fmt: skip


def rate_document(found: Rate) -> dict[str, Any]:
    """A share: counts, and where there are enough a rate with its interval."""
    ends = None if found.low is None else [found.low, found.high]
    return {"count": found.part, "of": found.of, "rate": found.share, "interval": ends}


def _loss_document(each: Loss, policy: Policy) -> dict[str, Any]:
    arr = each.arr_base_minor
    return {
        "account": each.account_id,
        "account_name": each.account_name,
        "csm": each.csm,
        "lost_on": each.lost_on.isoformat(),
        "told_on": each.told_on.isoformat(),
        "arr_base": None if arr is None else money.to_units(arr, policy.base_currency),
        "reason": each.reason,
        "suggested_on": None if each.alarm is None else each.alarm.begun_on.isoformat(),
        "triggers": [] if each.alarm is None else sorted({sign.trigger for sign in each.alarm.signs}),
        "days_before_loss": each.days,
        "days_before_told": each.days_told,
        "anything_on_record": each.read,
        "save_open": each.worked,
    }


def _alarm_document(each: Alarm) -> dict[str, Any]:
    return {
        "account": each.account_id,
        "csm": each.csm,
        "suggested_on": each.begun_on.isoformat(),
        "until": each.ended_on.isoformat(),
        "triggers": sorted({sign.trigger for sign in each.signs}),
        "because": [sign.because._asdict() for sign in each.signs],
        "person": each.human,
        "result": each.result,
    }
