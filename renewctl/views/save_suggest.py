"""Suggested saves on a terminal, in a pipe, and as JSON: what to open, on what evidence, and what waits."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from renewctl.core import money
from renewctl.core.case_file import open_one
from renewctl.core.case_items import attention_until
from renewctl.core.health_flag import INVESTIGATE
from renewctl.core.model import KEPT_SAVES, SaveCase
from renewctl.core.policy import Policy
from renewctl.core.suggest import Board, Held, Suggestion
from renewctl.core.triggers import SCORE
from renewctl.views.account import word
from renewctl.views.terminal import aligned, fit, is_terminal, put_lines, safe

if TYPE_CHECKING:
    from renewctl.core.model import Account

_PAGE = 10  # what waits, on a terminal


def show(
    told: Board, policy: Policy, as_of: date, only: "Account | None", found: Sequence[Suggestion]
) -> None:
    """Suggestions in the order in which to work them, then what waits and why.

    `only` is the one account asked about, `found` what its facts ask for.
    """
    out = [part for each in told.suggestions for part in [*_lines(each, policy, as_of), ""]]
    if only is not None:
        out += _one(only, found, as_of)
    elif not told.suggestions:
        out += [f"Nothing on record asks for a new save on {as_of}.", ""]
    out += _held("Waiting, as there is room for so many at a time", told.waiting, policy)
    out += _held("Closed lately, and suggested again later", told.cooling, policy)
    if told.running and only is None:
        noun = "account has an open save" if told.running == 1 else "accounts have open saves"
        out += [f"{told.running} more {noun} already: renewctl save list"]
    put_lines(out if not out or out[-1] else out[:-1])


def _one(only: "Account", found: Sequence[Suggestion], as_of: date) -> Iterator[str]:
    """What is to be said of one account that gets no suggestion."""
    if not found:
        yield f"Nothing on record of {safe(only.name)} asks for a save on {as_of}."
        return
    case = open_one(found[0].past.cases)
    if case is not None:
        name = f"{safe(only.name)} has the open save s{case.no}"
        yield f"{name} ({safe(case.scenario)}): renewctl save show s{case.no}"


def _lines(each: Suggestion, policy: Policy, as_of: date) -> Iterator[str]:
    account = each.past.account
    days = (as_of - each.flagged_on).days
    since = f"since {each.flagged_on}" + (f" ({days} day{'s' * (days > 1)})" if days else "")
    yield f"{safe(account.name)} ({safe(account.id)})  {each.scenario}, urgency {each.urgency}, {since}"
    renews = f"renews {each.renewal_on}" if each.renewal_on else "no renewal date on record"
    yield f"  {_arr(each, policy)}, {renews}, CSM {safe(each.csm or 'nobody')}"
    for at, sign in enumerate(each.because):
        seen = sign.because.observed
        if sign.trigger == SCORE:
            seen += f", {sign.because.threshold}"
        yield f"  {'because' if not at else '':<7}  {safe(seen)} ({sign.because.rule})"
    if each.scenario == INVESTIGATE:
        yield f"  {'first':<7}  {safe(each.why.observed)}: find out why, and offer nothing yet (SAV-2)"
        yield f"  {'then':<7}  renewctl save suggest {word(account.id)} --reason WORDS"
        return
    if each.why not in [sign.because for sign in each.because]:
        yield f"  {'chosen':<7}  {safe(each.why.observed)} ({each.why.rule})"
    if each.others:
        yield f"  {'also':<7}  facts speak for {', '.join(each.others)} too"
    if not each.person:
        least = money.plain(policy.saves.human_from_minor, policy.base_currency)
        yield f"  {'light':<7}  under {least} of ARR a call or a mail will do; no case is needed (SAV-1)"
    flagged = f" --flagged {each.flagged_on}" if days else ""
    watched = [case for case in each.past.cases if _relapsed(case, each, policy)]
    if watched:
        case = max(watched, key=lambda one: one.no)
        yield f"  {'relapse':<7}  saved on {case.closed_on} as s{case.no}, and watched since (SAV-10)"
        yield f"  {'open it':<7}  renewctl save reopen s{case.no} --reason WORDS{flagged}"
        return
    yield f"  {'open it':<7}  renewctl save start {word(account.id)} --scenario {each.scenario}{flagged}"


def _relapsed(case: SaveCase, each: Suggestion, policy: Policy) -> bool:
    """SAV-10: whether it speaks of a customer who was kept in the same scenario, and is watched."""
    kept_on = case.closed_on if case.state in KEPT_SAVES and case.scenario == each.scenario else None
    return kept_on is not None and kept_on <= each.flagged_on <= attention_until(kept_on, policy)


def _arr(each: Suggestion, policy: Policy) -> str:
    if each.arr_base_minor is None:
        return "ARR unknown"
    return money.plain(each.arr_base_minor, policy.base_currency)


def _held(title: str, held: Sequence[Held], policy: Policy) -> Iterator[str]:
    if not held:
        return
    shown = held[:_PAGE] if is_terminal() else held
    rows = [
        (fit(safe(each.suggestion.past.account.name), 24), each.suggestion.scenario,
         each.suggestion.urgency, _arr(each.suggestion, policy), safe(each.why))
        for each in shown
    ]  # fmt: skip
    yield f"{title}: {len(held)}"
    yield from (f"  {line}" for line in aligned(rows, frozenset({3})))
    if len(held) > len(shown):
        yield f"  … and {len(held) - len(shown)} more: --json"
    yield ""


# --- JSON ------------------------------------------------------------------------------------------


def document(told: Board, as_of: date, policy: Policy) -> dict[str, Any]:
    """`renewctl/suggestions/1`: what to open, the first to be worked first; what waits, in the same order."""
    return {
        "schema": "renewctl/suggestions/1",
        "as_of": as_of.isoformat(),
        "currency": policy.base_currency,
        "suggestions": [_entry(each, policy) for each in told.suggestions],
        "waiting": [_held_entry(each, policy) for each in told.waiting],
        "cooling": [_held_entry(each, policy) for each in told.cooling],
        "open_saves": told.running,
        "cases_per_csm": policy.raw["saves"]["suggest"]["cases_per_csm"],
    }


def _held_entry(each: Held, policy: Policy) -> dict[str, Any]:
    until = each.until_on.isoformat() if each.until_on else None
    return {**_entry(each.suggestion, policy), "why": each.why, "until": until}


def _entry(each: Suggestion, policy: Policy) -> dict[str, Any]:
    account, arr = each.past.account, each.arr_base_minor
    return {
        "account": account.id,
        "account_name": account.name,
        "scenario": each.scenario,
        "urgency": each.urgency,
        "flagged_on": each.flagged_on.isoformat(),
        "because": [
            {
                **sign.because._asdict(),
                "trigger": sign.trigger,
                "scenario": sign.scenario or None,
                "since": sign.since.isoformat(),
                "seen_on": sign.seen_on.isoformat(),
            }
            for sign in each.because
        ],
        "scenario_because": each.why._asdict(),
        "also": list(each.others),
        "stated_reason": each.stated,
        "person": each.person,
        "arr_base": None if arr is None else money.to_units(arr, policy.base_currency),
        "segment": each.segment,
        "renewal_date": each.renewal_on.isoformat() if each.renewal_on else None,
        "csm": each.csm,
    }
