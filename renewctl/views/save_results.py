"""What saves came to, on a terminal, in a pipe, and as JSON: counts always, rates with their intervals."""

from collections.abc import Container, Iterator, Sequence
from typing import Any

from renewctl.core import money
from renewctl.core.policy import Policy
from renewctl.core.save_results import BY, Group, Pattern, Results
from renewctl.views.save_rehearse import rate_document, told_rate
from renewctl.views.terminal import aligned, fit, put_lines, safe

_TITLES = {
    "scenario": "By scenario",
    "response": "By time to the first call",
    "playbook": "By version of the playbook",
    "root_cause": "By root cause",
    "owner": "By owner",
}
_KINDS = {"competitor": "lost to", "root_cause": "root cause"}
OBSERVED = "Observed, not caused: cases differ in more than what they are told apart by here."


def show(told: Results, policy: Policy) -> None:
    """The whole of it, then each way of telling cases apart."""
    put_lines(_lines(told, policy))


def _lines(told: Results, policy: Policy) -> Iterator[str]:
    yield f"Saves closed from {told.from_on} to {told.to_on}: {told.all.cases}"
    yield from _whole(told, policy)
    if told.all.cases:
        for by in BY:
            yield from _table(_TITLES[by], told.groups[by], policy)
        yield ""
        yield OBSERVED
    yield from _patterns(told)
    few = told.all.cases < policy.raw["saves"]["learning"]["least_cases"]
    met = {each.name for each in told.groups["scenario"]} if few else None
    yield ""
    yield "Elsewhere"
    for text, source in benchmarks(policy, met):
        yield f"  {safe(text)} ({safe(source)}, not what to expect here)"


def _whole(told: Results, policy: Policy) -> Iterator[str]:
    every, least = told.all, policy.raw["saves"]["learning"]["least_cases"]
    rows = [
        ("saved, whole or in part", told_rate(every.saved_rate)),
        ("ARR kept, of what reached its renewal date", _kept(every, policy)),
        ("promises kept, of those kept or broken", told_rate(every.promises)),
        ("promises kept after their day", str(told.late_promises)),
        (f"promises overdue on {told.to_on}", str(told.overdue_promises)),
        ("conceded", _cost(every, policy)),
        ("from the first flag to the loss", _lag(told)),
        ("still open", str(told.running)),
    ]
    if every.relapsed:
        rows.insert(1, ("  of them taken up again after a relapse", _relapsed(every)))
    if told.ahead:
        rows.append(("decided ahead of the renewal date", f"{told.ahead}, whose ARR is not counted yet"))
    if told.undecided:
        rows.append(("past the renewal date, no outcome", f"{told.undecided}: record won or lost"))
    yield from (f"  {line}" for line in aligned(rows))
    if every.cases < least:
        yield f"  A rate is shown from {least} cases on."


def _relapsed(group: Group) -> str:
    return f"{group.relapsed}; what came of it is a case of its own"


def _kept(group: Group, policy: Policy) -> str:
    if not group.reached:
        return "none has reached it"
    amounts = f"{_money(group.kept_minor, policy)} of {_money(group.at_risk_minor, policy)}"
    found = group.kept_rate
    if found.share is None or found.low is None or found.high is None:
        return f"{amounts} in {group.reached}, too few for a rate"
    return f"{amounts} in {group.reached}: {found.share:.0%}, interval {found.low:.0%} to {found.high:.0%}"


def _cost(group: Group, policy: Policy) -> str:
    said = _money(group.cost_minor, policy)
    per = group.cost_per_kept
    return said if per is None else f"{said}, {float(per):.2f} for each {policy.base_currency} of ARR kept"


def _lag(told: Results) -> str:
    lag = told.lag
    if not lag.flagged:
        losses = "1 loss" if lag.losses == 1 else f"{lag.losses} losses"
        none = f"{losses}, none with a flag before"
        return none if lag.losses else "no loss"
    days = "1 day" if lag.median == 1 else f"{lag.median:g} days"
    days += f" (median; {lag.shortest} to {lag.longest})" if lag.flagged > 1 else ""
    return f"{days}, {lag.flagged} of {lag.losses} losses had a flag"


def _money(minor: int, policy: Policy) -> str:
    return money.plain(minor, policy.base_currency)


def _table(title: str, groups: Sequence[Group], policy: Policy) -> Iterator[str]:
    head = ("", "CASES", "SAVED", "PARTLY", "LOST", "LET GO", "ARR KEPT", "OF", "SAVED RATE")
    rows = [head]
    rows += [
        (fit(safe(each.name), 30), str(each.cases), str(each.saved), str(each.partly), str(each.lost),
         str(each.let_go), _money(each.kept_minor, policy), _money(each.at_risk_minor, policy), _rate(each))
        for each in groups
    ]  # fmt: skip
    yield ""
    yield title
    yield from (f"  {line}" for line in aligned(rows, frozenset(range(1, 8))))


def _rate(group: Group) -> str:
    found = group.saved_rate
    if found.share is None or found.low is None or found.high is None:
        return "too few"
    return f"{found.share:.0%} ({found.low:.0%} to {found.high:.0%})"


def _patterns(told: Results) -> Iterator[str]:
    if not told.patterns:
        return
    yield ""
    yield "What recurs"
    for each in told.patterns:
        times = "once" if each.times == 1 else f"{each.times} times"
        verdict = "a PATTERN" if each.flagged else f"no pattern yet (from {each.least} on)"
        yield f"  {_KINDS[each.kind]} {safe(each.name)}: {times}, {verdict}"


def benchmarks(policy: Policy, scenarios: Container[str] | None = None) -> list[tuple[str, str]]:
    """(text, who reports it) of the policy's benchmarks and those of its playbooks, or of some scenarios'."""
    found = [(each["text"], each["source"]) for each in policy.saves.benchmarks.values()]
    found += [
        (book.benchmark, book.benchmark_source)
        for name, book in policy.playbooks.items()
        if book.benchmark and (scenarios is None or name in scenarios)
    ]
    return found


# --- JSON ------------------------------------------------------------------------------------------


def document(told: Results, policy: Policy) -> dict[str, Any]:
    """`renewctl/save-results/1`; rates are fractions of 1, null under `least_cases`."""
    rules = policy.raw["saves"]["learning"]
    return {
        "schema": "renewctl/save-results/1",
        "from": told.from_on.isoformat(),
        "to": told.to_on.isoformat(),
        "currency": policy.base_currency,
        "least_cases": rules["least_cases"],
        "confidence_pct": rules["confidence_pct"],
        "all": _group(told.all, policy),
        **{f"by_{by}": [_group(each, policy) for each in told.groups[by]] for by in BY},
        "open": told.running,
        "relapsed": told.all.relapsed,
        "decided_ahead": told.ahead,
        "past_without_outcome": told.undecided,
        "detection_lag_days": told.lag._asdict(),
        "promises_kept_late": told.late_promises,
        "promises_overdue": told.overdue_promises,
        "patterns": [_pattern(each) for each in told.patterns],
        "reading": OBSERVED,
        "benchmarks": [
            {"text": text, "reported_by": source.removeprefix("reported by ")}
            for text, source in benchmarks(policy)
        ],
    }


def _pattern(each: Pattern) -> dict[str, Any]:
    told = {"kind": each.kind, "name": each.name, "count": each.times}
    return {**told, "least": each.least, "pattern": each.flagged}


def _group(each: Group, policy: Policy) -> dict[str, Any]:
    base = policy.base_currency
    return {
        "name": each.name,
        "cases": each.cases,
        "saved": each.saved,
        "partly_saved": each.partly,
        "lost": each.lost,
        "let_go": each.let_go,
        "relapsed": each.relapsed,
        "saved_rate": rate_document(each.saved_rate),
        "reached_renewal": each.reached,
        "at_risk_arr": money.to_units(each.at_risk_minor, base),
        "arr_kept": money.to_units(each.kept_minor, base),
        "save_rate": {
            "rate": each.kept_rate.share,
            "interval": None if each.kept_rate.low is None else [each.kept_rate.low, each.kept_rate.high],
        },
        "promises": rate_document(each.promises),
        "conceded": money.to_units(each.cost_minor, base),
        "conceded_per_arr_kept": None if each.cost_per_kept is None else float(each.cost_per_kept),
    }
