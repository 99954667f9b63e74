"""Playbooks for people, and as `renewctl/playbook/1`, `playbooks/1` and `playbook-check/1`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renewctl.core.model import Problem
from renewctl.core.play_flow import effort_range
from renewctl.core.playbook_check import WARNINGS
from renewctl.core.policy import Playbook, PlayStep, SaveMilestone
from renewctl.views.terminal import aligned, fit, not_shown, put_lines, safe, width

_PHASES = {
    "investigate": "Investigate, before any answer is offered",
    "first_24h": "Within 24 hours of the flag",
    "first_48h": "Within 48 hours",
    "first_72h": "Within 72 hours",
}
_WIDE = 150  # columns from which a list has room for the benchmark
_VENDOR = "a vendor's figure, not what to expect of your own"


def show_list(books: Sequence[Playbook]) -> None:
    """One line a playbook."""
    narrow = width() < _WIDE
    rows = [("SCENARIO", "URGENCY", "STEPS", "HOURS", "DAYS", "TITLE", "BENCHMARK")]
    rows += [
        (
            book.scenario,
            book.urgency,
            str(len(book.steps)),
            _range(book),
            str(book.typical_days),
            safe(book.title),
            safe(f"{book.benchmark_source}: {book.benchmark}") if book.benchmark else "none",
        )
        for book in books
    ]
    right = frozenset({2, 3, 4})
    found = aligned([row[:6] for row in rows] if narrow else rows, right)
    out = [fit(line, width()) for line in found]
    out += [not_shown(["BENCHMARK"], _WIDE, "--json")] if narrow else []
    put_lines([*out, "One in full: renewctl playbook show SCENARIO"])


def _range(book: Playbook) -> str:
    least, most = effort_range(book.steps)
    return f"{least:g}" if least == most else f"{least:g}-{most:g}"


def show(book: Playbook, milestones: Mapping[str, SaveMilestone]) -> None:
    """A playbook whole."""
    put_lines(lines(book, milestones))


def lines(book: Playbook, milestones: Mapping[str, SaveMilestone]) -> list[str]:
    """A playbook as lines, to be broken where they are wider than the terminal."""
    head = (
        f"{len(book.steps)} steps, {_range(book)} hours of work by what is found, {book.typical_days} days, "
    )
    head += f"urgency {book.urgency}"
    out = [
        f"{book.scenario}: {safe(book.title)} ({book.rule})",
        head,
        "",
        f"Use it when: {safe(book.trigger)}",
    ]
    if book.benchmark:
        out += [f"Benchmark, {safe(book.benchmark_source)}: {safe(book.benchmark)} ({_VENDOR})"]
    out += _listed("Milestones", _milestones(book, milestones))
    out += _listed("Who has how much of it", _roles(book))
    for phase in dict.fromkeys(step.phase for step in book.steps):
        out += ["", _PHASES.get(phase) or phase.replace("_", " ").capitalize()]
        for step in book.steps:
            out += _step(step) if step.phase == phase else []
    return out + _told(book)


def _told(book: Playbook) -> list[str]:
    """Everything of a playbook behind its steps."""
    out = _listed("What to say, and what never to", map(safe, book.talk_track))
    causes = (
        f"{code}: {safe(cause.text)}"
        + ("" if cause.scenario == book.scenario else f" (then: {cause.scenario})")
        for code, cause in book.root_causes.items()
    )
    out += _listed("Root causes, where the five whys usually end", causes)
    papers, offers = ", ".join(book.documents) or "none", ", ".join(book.instruments)
    out += ["", f"Papers: {papers}", f"Offers that answer it: {offers or 'none, no offer repairs it'}"]
    if book.update:
        out.append(f"Weekly update: {safe(book.update)}")
    after = [f"check-in after {days} days: {safe(text)}" for days, text in sorted(book.checkins.items())]
    after += [
        f"{name}: {safe(text)}"
        for name, text in zip(("every week", "every month", "to six months"), book.recovery, strict=True)
        if text
    ]
    out += _listed("Once it is saved", after)
    return out + _listed("It is saved when", map(safe, book.success))


def _listed(title: str, found: Sequence[str] | Iterator[str]) -> list[str]:
    each = [f"  - {line}" for line in found]
    return ["", title, *each] if each else []


def _milestones(book: Playbook, milestones: Mapping[str, SaveMilestone]) -> Iterator[str]:
    for name, each in milestones.items():
        days = f"day {each.last_day}" if each.first_day in (0, each.last_day) else ""
        days = days or f"days {each.first_day}-{each.last_day}"
        yield f"{days}: {safe(book.milestones.get(name, each.text))}"


def _roles(book: Playbook) -> Iterator[str]:
    for role in dict.fromkeys(step.role for step in book.steps):
        own = [step for step in book.steps if step.role == role]
        hours = sum(step.effort for step in own)
        yield f"{role}: {len(own)} step{'s' * (len(own) > 1)}, {hours:g} h if all are needed"


def _step(step: PlayStep) -> Iterator[str]:
    """A step in a few lines: key, time, owner; title; what it hangs on; what it asks."""
    when = f"{step.hours} h" if step.hours is not None else f"day {step.day}"
    effort = f", {step.effort:g} h of work" if step.effort else ""
    yield f"  {step.step}  {when}, {step.role}, {step.channel}{effort}"
    yield f"      {safe(step.title)}"
    hangs = [f"only if {' and '.join(step.when)}"] if step.when else []
    hangs += [f"after {', '.join(step.after)}"] if step.after else []
    if hangs:
        yield f"      {'; '.join(hangs)}"
    for question in step.asks:
        answers = f" ({', '.join(question.answers)})" if question.answers else ""
        yield f"      ? {question.key}: {safe(question.text)}{answers}"
    done = f"      done when: {safe(step.done_when)}"
    shown = f"closes by itself on: {', '.join(step.done_by)}" if step.done_by else ""
    brings = f"brings the case to {step.state}" if step.state else ""
    papers = f"sends: {', '.join(step.documents)}" if step.documents else ""
    yield "; ".join(filter(None, (done, shown, brings, papers)))
    if step.told:
        yield f"      the customer reads: {safe(step.told)}"


# --- the check -------------------------------------------------------------------------------------


def finding(problem: Problem) -> str:
    """`FILE:LINE: key: what is wrong; what would be right`; no line where the file has none."""
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    key = f"{problem.column}: " if problem.column else ""
    return f"{place}: {'warning: ' if problem.code in WARNINGS else ''}{key}{problem.message}"


def counted(path: str | None, failed: int, warned: int) -> str:
    """How many findings a check had, in a line."""
    parts = [f"{failed} problem{'s' * (failed > 1)}"] if failed else []
    parts += [f"{warned} warning{'s' * (warned > 1)}"] if warned else []
    return f"{path or 'shipped'}: {', '.join(parts)}"


def check_document(path: str | None, found: Sequence[Problem]) -> dict[str, Any]:
    """`renewctl/playbook-check/1`."""
    problems = [
        {
            "level": "warning" if each.code in WARNINGS else "problem",
            "line": each.line,
            "key": each.column,
            "code": each.code,
            "value": each.value,
            "message": each.message,
        }
        for each in found
    ]
    return {"schema": "renewctl/playbook-check/1", "file": path, "problems": problems}


# --- JSON ------------------------------------------------------------------------------------------


def list_document(books: Sequence[Playbook]) -> dict[str, Any]:
    """`renewctl/playbooks/1`: one entry a playbook, the six first."""
    return {"schema": "renewctl/playbooks/1", "playbooks": [_summary(book) for book in books]}


def document(book: Playbook, milestones: Mapping[str, SaveMilestone]) -> dict[str, Any]:
    """`renewctl/playbook/1`."""
    return {
        "schema": "renewctl/playbook/1",
        "playbook": {
            **_summary(book),
            "trigger": book.trigger,
            "steps": [_step_document(step) for step in book.steps],
            "talk_track": list(book.talk_track),
            "documents": list(book.documents),
            "instruments": list(book.instruments),
            "root_causes": [
                {"cause": code, "text": cause.text, "scenario": cause.scenario}
                for code, cause in book.root_causes.items()
            ],
            "milestones": [
                {
                    "milestone": name,
                    "text": book.milestones.get(name, each.text),
                    "days": [each.first_day, each.last_day],
                }
                for name, each in milestones.items()
            ],
            "checkins": [{"days": days, "text": text} for days, text in sorted(book.checkins.items())],
            "recovery": book.recovery._asdict(),
            "update": book.update,
            "success": list(book.success),
        },
    }


def _summary(book: Playbook) -> dict[str, Any]:
    least, most = effort_range(book.steps)
    source = book.benchmark_source.removeprefix("reported by ")
    return {
        "scenario": book.scenario,
        "title": book.title,
        "rule": book.rule,
        "urgency": book.urgency,
        "step_count": len(book.steps),
        "hours": [least, most],
        "typical_days": book.typical_days,
        "benchmark": {"text": book.benchmark, "reported_by": source} if book.benchmark else None,
    }


def _step_document(step: PlayStep) -> dict[str, Any]:
    return {
        **step._asdict(),
        **{key: list(getattr(step, key)) for key in ("when", "after", "done_by", "documents")},
        "state": step.state or None,
        "asks": [
            {"question": each.key, "text": each.text, "answers": list(each.answers)} for each in step.asks
        ],
    }
