"""Why an account is classified as it is, for a person and as `renewctl/explain/1`."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from renewctl.core.classify import Classification
from renewctl.core.explain import Explanation, Source
from renewctl.core.model import Account, Because, Contract
from renewctl.views.account import NOBODY, bold, word
from renewctl.views.terminal import put_lines, safe, width

if TYPE_CHECKING:
    from renewctl.core.health_story import Story

_TITLES = {
    "segment": "SEGMENT",
    "health": "HEALTH",
    "opportunity": "OPPORTUNITY",
    "touch": "TOUCH",
    "owner": "OWNER",
}


class Explained(NamedTuple):
    """What `explain` shows."""

    as_of: date
    account: Account
    contract: Contract | None
    decisions: Sequence[Explanation]
    why: Classification
    rules: Mapping[str, str]  # rule id -> text
    written: Mapping[str, str] = {}  # OWN-3: what is agreed about ownership, by key of ownership.written
    story: "Story | None" = None  # the health over time
    people: Sequence[Because] = ()  # why the account hangs by too few (STK-3)


def show(told: Explained) -> None:
    """Per decision: the reasons, the rule in words, what would flip it, where the facts came from."""
    columns = min(width(), 120)
    account = told.account
    renewal = ""
    if told.contract is not None:
        when = told.contract.renewal_on or "on an unknown date"
        renewal = f", renewal {safe(told.contract.id)} {when}"
    out = [bold(f"{safe(account.name)} ({safe(account.id)})") + f"{renewal}, as of {told.as_of}"]
    for each in told.decisions:
        value = each.value or NOBODY.get(each.decision, "unknown")
        if each.decision == "health" and told.why.values.score is not None:
            value = f"{value} {told.why.values.score:g}"
        out += ["", bold(f"{_TITLES[each.decision]}: {safe(value)}")]
        out += _reasons(each.because, told.rules, columns)
        flips = [safe(flip.text) for flip in each.flips] or [
            "no single fact does; each reason above would have to go"
        ]
        out += _block("would change it", flips, columns)
        out += _block("from", [_origin(source) for source in each.sources], columns)
        if each.decision == "owner":
            out += _written(told, columns)
        if each.decision == "health" and told.story is not None:
            out += _over_time(told.story, told.why, columns)
    if told.people:
        out += ["", bold("stakeholders: at risk"), *_reasons(told.people, told.rules, columns)]
        out += _block("from", [f"renewctl stakeholder map {word(account.id)}"], columns)
    out += (
        ["", *(f"problem: {safe(each.message)}" for each in told.why.problems)] if told.why.problems else []
    )
    if told.why.suggestion is not None:
        seen = "; ".join(safe(each.observed) for each in told.why.suggestion.because)
        named = word(account.id)
        how = f"renewctl set {named} segment_override={told.why.suggestion.value} --reason …"
        out += ["", f"suggestion: run it as {told.why.suggestion.value}: {seen} (SEG-1)", f"  {how}"]
    put_lines(out)


def _over_time(story: "Story", why: Classification, columns: int) -> list[str]:
    """Trend, override and flag, and why the score is another one than before (HLT-2, HLT-3)."""
    from renewctl.views.health import beside, why_changed

    out = _block("over time", beside(story, why.health_detail), columns)
    changed = why_changed(story.changes)
    if changed:
        out += ["  why it changed:", *(f"    {line}" for line in changed)]
    return out


_WRITTEN = {
    "leads_communication": "speaks to the customer",
    "revenue_credit": "is credited",
    "disagreement": "on disagreement",
    "sales_engages": "sales engages",
}


def _written(told: Explained, columns: int) -> list[str]:
    """OWN-3: what nobody should have to ask, with the rule it is written down by."""
    if not told.written:
        return []
    out = ["  agreed (OWN-3):"]
    for key, title in _WRITTEN.items():
        out += _wrapped(f"{title}: {safe(told.written[key])}", "    ", columns)
    return out


def _reasons(because: Sequence[Because], rules: Mapping[str, str], columns: int) -> list[str]:
    out, said = [], set()
    for each in because:
        out += _wrapped(f"{safe(each.observed)}; {safe(each.threshold)}", f"  {each.rule:<6} ", columns)
        if each.rule not in said:
            said.add(each.rule)
            out += _wrapped(safe(rules.get(each.rule, "")), " " * 11, columns)
    return out


def _block(title: str, lines: Sequence[str], columns: int) -> list[str]:
    if not lines:
        return []
    out = [f"  {title}:"]
    for line in lines:
        out += _wrapped(line, "    ", columns)
    return out


def _wrapped(text: str, head: str, columns: int) -> list[str]:
    return textwrap.wrap(text, max(40, columns), initial_indent=head, subsequent_indent=" " * (len(head) + 2))


def _origin(source: Source) -> str:
    where = f"{source.file}:{source.line}" if source.file is not None else f"set {source.origin}"
    return f"{safe(source.field)} {safe(source.value)}, {safe(where)}"


def document(told: Explained) -> dict[str, Any]:
    """`renewctl/explain/1`. Amounts of flips are in minor units, told by `unit`."""
    return {
        "schema": "renewctl/explain/1",
        "as_of": told.as_of.isoformat(),
        "account": {"id": told.account.id, "name": told.account.name},
        "contract": told.contract.id if told.contract else None,
        "decisions": [_decision(each, told) for each in told.decisions],
        **_health(told),
        "stakeholders": [each._asdict() for each in told.people],
        "written": dict(told.written),
        "warnings": [each._asdict() for each in told.why.warnings],
        "problems": [each._asdict() for each in told.why.problems],
        "suggestion": None
        if told.why.suggestion is None
        else {
            "value": told.why.suggestion.value,
            "because": [each._asdict() for each in told.why.suggestion.because],
        },
    }


def _health(told: Explained) -> dict[str, Any]:
    if told.story is None:
        return {}
    from renewctl.views.health import story_document

    return {"health": story_document(told.story, told.why.health_detail)}


def _decision(each: Explanation, told: Explained) -> dict[str, Any]:
    return {
        "decision": each.decision,
        "value": each.value,
        "because": [
            {**because._asdict(), "text": told.rules.get(because.rule, "")} for because in each.because
        ],
        "flips": [
            {
                "field": flip.field,
                "now": _plain(flip.now),
                "to": _plain(flip.to),
                "unit": "minor" if flip.field in ("arr", "expansion_arr") else None,
                "becomes": flip.becomes,
                "text": flip.text,
            }
            for flip in each.flips
        ],
        "sources": [source._asdict() for source in each.sources],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
