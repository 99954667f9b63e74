"""Saves on a terminal and in a pipe: the clock first, then what to do, by whom, by when."""

import sys
from collections.abc import Sequence
from datetime import date, timedelta

from renewctl.core import case_file, case_report, moments, money
from renewctl.core.case_report import Report
from renewctl.core.model import NOT_KEPT
from renewctl.core.plays import CaseStep
from renewctl.views.terminal import (
    aligned,
    cells,
    coloured,
    fit,
    is_terminal,
    not_shown,
    padded,
    put_lines,
    safe,
    width,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PHASES = {
    "first_24h": "Within 24 hours",
    "investigate": "Before any answer is offered",
    "first_48h": "Within 48 hours",
    "first_72h": "Within 72 hours",
    "day_30": "Day 30",
}
_NEAR_DAYS = 3  # on a terminal, phases that begin later are one line each
_WIDE = 120  # columns from which a list has room for amounts
_CHANNELS = {"customer": "cust", "internal": "int", "call": "call"}


def note(text: str) -> str:
    """A remark for stderr."""
    return f"note: {safe(text)}"


# --- one save, for people --------------------------------------------------------------------------


def show(report: Report, *, whole: bool = False) -> None:
    """One save on stdout; on a terminal later phases are folded unless `whole`."""
    out = lines(report, min(width(), 200), folded=is_terminal() and not whole)
    if coloured():
        late = report.clock.state == "late" and case_file.is_open(report.file.case)
        style = "1;31" if late else "1"
        out[:2] = [f"\x1b[{style}m{line}\x1b[0m" for line in out[:2]]
    put_lines(out)


def did(report: Report, said: str, passed: Sequence[str]) -> str:
    """What a command has done with a case, and the states it passed by that."""
    case = report.file.case
    told = [safe(line) for line in said.split("\n")]
    out = f"s{case.no}  {safe(report.file.account.name)}: {told[0] or 'nothing changed'}"
    if told[1:]:
        out = "\n  ".join([f"s{case.no}  {safe(report.file.account.name)}", *told])
    if not said and not case_file.is_open(case):
        out += f"; closed as {case.state} on {case.closed_on}"
    if passed:
        out += f"\n  the save is {passed[-1]} now"
    if said and not report.provisional:
        days = ", ".join(f"{_day(step.due_on)} {step.due_on.year}" for step in report.checkins)
        out += f"\n  check-ins: {days}"
    return out


def lines(report: Report, columns: int, *, folded: bool) -> list[str]:
    """The lines of one save, each at most `columns` wide where its parts allow it."""
    out = _head(report)
    out += [part for line in _root_cause(report) for part in _wrapped(line, columns, "  ")]
    out += [part for line in _promised(report) for part in _wrapped(line, columns, "  ")]
    phases: dict[str, list[CaseStep]] = {}
    for step in report.steps:
        if step.fate == "dropped" or (folded and step.fate == "undecided"):
            continue
        phases.setdefault(step.phase, []).append(step)
    hidden = {phase for phase, found in phases.items() if folded and not _near(report, found)}
    room = max(
        (len(report.file.item(each.step)) for each in report.steps if each.phase not in hidden), default=0
    )
    for phase, found in phases.items():
        if phase in hidden:
            continue
        out += ["", _phase(phase, found)]
        mixed = len({step.due_on for step in found}) > 1
        out += [_line(report, step, room, columns, mixed) for step in found]
    if hidden:
        said = "; ".join(_folded(report, phase, phases[phase]) for phase in phases if phase in hidden)
        out += ["", *_wrapped(f"Other steps: {said}", columns, "  ")]
    out += ["", *_wrapped(_effort(report), columns, "  ")]
    out += [*_wrapped(_checkins(report), columns, "  "), "", "It is saved when"]
    out += [part for text in report.book.success for part in _wrapped(f"  - {safe(text)}", columns, "    ")]
    out += ["", *(_wrapped(_benchmark(report), columns, "  ") if report.book.benchmark else ())]
    return out + [part for line in _footer(report, bool(hidden)) for part in _wrapped(line, columns, "  ")]


def _head(report: Report) -> list[str]:
    case, renewal = report.file.case, report.file.renewal
    running = case_file.is_open(case)
    clock = _clock(report) if running else f"Closed as {case.state} on {case.closed_on}"
    again = case_file.round_of(report.file.ledger)
    title = f"{safe(report.book.title)} ({case.state})" if running else safe(report.book.title)
    title += f", round {again}" if again > 1 else ""
    out = [f"{renewal.subject}  {safe(report.file.account.name)}: {title}", clock]
    if running and case.target_by and report.clock.state != "answered":
        out.append(f"24 h target: {_at(report, case.target_by)} (enterprise account or cancellation notice)")
    owner = f"Owner: {safe(case.owner)}"
    if report.together_with:
        owner += f", from the start together with {safe(report.together_with)}"
    out.append(owner)
    if report.clock.state == "answered" and (following := report.ahead) is not None:
        out.append(f"Next: {following[0]}, by {following[1] or 'a step of the playbook'}")
    stake = "ARR unknown"
    if renewal.arr_base_minor is not None:
        stake = money.plain(renewal.arr_base_minor, report.base_currency)
    when = "no renewal date on record"
    if renewal.renewal_on != case_file.UNKNOWN_ON:
        days = (renewal.renewal_on - report.as_of).days
        when = f"renews {renewal.renewal_on} " + (f"(in {days} days)" if days >= 0 else f"({-days} days ago)")
    out.append(f"At stake: {stake}, {when}, urgency {report.urgency}")
    if running and renewal.opt_out_on is not None:
        out.append(_opt_out(renewal.opt_out_on, report.as_of))
    return out


def _opt_out(on: date, as_of: date) -> str:
    """ANCHOR: what is not decided by then renews by itself, or is lost."""
    days = (on - as_of).days
    if days < 0:
        return f"Notice could be given until {on}, {-days} days ago"
    return f"Notice can be given until {on} (in {days} day{'s' * (days != 1)}): the decision falls before it"


def _clock(report: Report) -> str:
    clock = report.clock
    by = _at(report, report.file.case.respond_by)
    if clock.state == "answered":
        late = ", LATE" if clock.in_time is False else ""
        return f"First contact made on {clock.answered_on}{late} (was owed by {by})"
    hours = moments.span(clock.hours_left)
    if clock.state == "late":
        return f"LATE by {hours}: first contact was owed by {by}"
    return f"Respond by {by}: {hours} left at {moments.local_text(clock.seen_at, report.zone)}"


def _at(report: Report, at: str) -> str:
    return f"{moments.local_text(at, report.zone)} {report.zone_name}"


def _root_cause(report: Report) -> list[str]:
    said, found = report.file.case.reason, case_file.latest(report.file.ledger, "cause")
    open_yet = "" if found is not None else "; the root cause may be another"
    out = [f'Stated reason: "{safe(said)}"{open_yet}' if said else "Stated reason: none noted"]
    again = case_file.latest(report.file.ledger, "reopened")
    if again is not None:
        out.append(f'Relapse, {again.happened_on}: "{safe(again.text)}"')
    if report.signals:
        out.append("On record: " + "; ".join(safe(each.observed) for each in report.signals))
    if found is not None:
        return [*out, f"Root cause, {found.happened_on}: {safe(found.text)}"]
    cause = next((each for each in report.steps if each.rule == "SAV-2" and each.due_at), None)
    if cause is not None:
        state = cause.state
        verb = "Root cause settled by" if state == "done" else "Root cause to be settled by"
        out.append(f"{verb} {report.file.item(cause.step)}, {cause.due_on}")
    return out


def _promised(report: Report) -> list[str]:
    """Promises still owed, missed ones first, and when the customer hears from us next."""
    case = report.file.case
    owed = [each for each in report.promises if each.state in ("open", "soon", "missed", "broken")]
    owed.sort(key=lambda each: (each.state not in ("missed", "broken"), each.promise.due_on))
    out = [
        f"{'PROMISE ' + each.state.upper() if each.state in ('missed', 'broken') else 'Promise'} "
        f"p{each.promise.no}, {each.promise.due_on}, {safe(each.promise.owner)}: {safe(each.promise.text)}"
        for each in owed
    ]
    if case_file.is_open(case) and report.next_update is not None:
        number, due_on, lost = report.next_update
        missed = f", {lost} before it never sent" if lost else ""
        out.append(f"Weekly update: {report.file.renewal.subject}-update-{number}, {due_on}{missed}")
    if not report.provisional:
        told = [f"{each.item} {each.due_on}" for each in report.recovery]
        out += [f"Owed to them next: {', '.join(told)}"] if told else []
    return out


def _effort(report: Report) -> str:
    """The hours of the plan, and whose they are; what hangs on an open question stands apart."""
    active = [each for each in report.steps if each.fate == "active"]
    by_person: dict[str, float] = {}
    for each in active:
        by_person[each.owner or ""] = by_person.get(each.owner or "", 0.0) + each.effort
    maybe = report.most_hours - sum(by_person.values())
    told = " + ".join(
        f"{safe(person)} {hours:g}" for person, hours in sorted(by_person.items(), key=lambda row: -row[1])
    )
    more = f"; up to {maybe:g} h more, as questions are answered" if maybe else ""
    return f"Effort of the plan: {sum(by_person.values()):g} h ({told}){more}"


def _near(report: Report, found: Sequence[CaseStep]) -> bool:
    """Whether a phase has something to do that has begun, or begins soon."""
    begins = min(step.due_on for step in found)
    still = any(step.state in ("open", "snoozed") for step in found)
    return still and begins <= report.as_of + timedelta(days=_NEAR_DAYS)


def _phase(phase: str, found: Sequence[CaseStep]) -> str:
    days = sorted({step.due_on for step in found})
    name = _name(phase)
    if len(days) > 1:
        return name
    return f"{name}: {_day(days[0])} {days[0].year}"


def _name(phase: str) -> str:
    return _PHASES.get(phase) or phase.replace("_", " ").capitalize()


def _folded(report: Report, phase: str, found: Sequence[CaseStep]) -> str:
    still = [step for step in found if step.state in ("open", "snoozed")]
    if not still:
        return f"{_name(phase)}: all {len(found)} closed"
    first, last = min(step.due_on for step in still), max(step.due_on for step in still)
    span = _day(first) if first == last else f"{_day(first)} to {_day(last)}"
    return f"{_name(phase)}: {len(still)}, {span}"


def _line(report: Report, step: CaseStep, room: int, columns: int, dated: bool) -> str:
    narrow = columns < 120
    state = step.state
    mark = {"done": "x", "skipped": "-", "snoozed": "z"}.get(state, "")
    mark = mark or ("?" if step.fate == "undecided" else "")
    late = step.due_on < report.as_of and case_file.is_open(report.file.case)
    mark = mark or ("!" if late else " ")
    when = (f"{_day(step.due_on):<6}  " if narrow else f"{step.due_on}  ") if dated or not narrow else ""
    channel = f"{_CHANNELS[step.channel]:<4}" if narrow else f"{step.channel:<8}"
    owner = safe(step.owner) + ("*" if step.delegate else "")
    if narrow:
        owner = fit(owner, 16)
    head = f"{mark} {when}{report.file.item(step.step):<{room}}  {channel}  "
    effort = f"{step.effort:g} h" if step.effort else ""
    title = safe(step.title)
    if step.fate == "dropped":
        title = f"not needed, only if {' and '.join(_conditions(report, step))}: {title}"
    elif step.fate == "undecided":
        title = f"if {' and '.join(_conditions(report, step))}: {title}"
    if not narrow:
        return f"{head}{owner:<18}  {effort:>5}  {title}"
    head += f"{effort:>5}  "
    wide = max(12, columns - len(head) - cells(owner) - 2)
    return f"{head}{padded(fit(title, wide), wide)}  {owner}"


def _conditions(report: Report, step: CaseStep) -> tuple[str, ...]:
    return next((play.when for play in report.book.steps if play.step == step.step), ())


def _checkins(report: Report) -> str:
    if report.attention_until is not None:
        days = ", ".join(f"{_day(step.due_on)} {step.due_on.year}" for step in report.checkins)
        until = report.attention_until
        return f"Recovery: weekly touch, monthly value report; check-ins {days}; watched until {until}"
    days = ", ".join(f"{_day(step.due_on)} {step.due_on.year}" for step in report.checkins)
    return f"Check-ins: {days}" + (" (counted from the flag until it is saved)" if report.provisional else "")


def _benchmark(report: Report) -> str:
    return f"Benchmark, {safe(report.book.benchmark_source)}: {safe(report.book.benchmark)}"


def _footer(report: Report, hidden: bool) -> list[str]:
    out = []
    late = any(step.due_on < report.as_of for step in report.steps)
    unsure = not hidden and any(step.fate == "undecided" for step in report.steps)
    if report.file.states or late or unsure:
        out.append("Marks: x done, - skipped, z put off, ! late, ? hangs on an open question")
    roles = {step.owner_role for step in report.steps + report.checkins if step.delegate}
    if roles:
        out.append(f"* stands in, nobody is set as: {', '.join(sorted(roles))} (policy [team])")
    dropped = [report.file.item(step.step) for step in report.steps if step.fate == "dropped"]
    if dropped:
        out.append(f"Not called for here: {', '.join(dropped)}")
    if report.kept:
        kept = ", ".join(state.step for state in report.kept)
        out.append(f"Done under an earlier playbook and kept: {kept}")
    hanging = sum(step.fate == "undecided" for step in report.steps)
    if hanging:
        count = f"{hanging} steps hang" if hanging > 1 else "1 step hangs"
        out.append(f"{count} on open questions: renewctl save answer {report.file.renewal.subject}")
    if report.changed_since:
        out.append("The playbook was changed since this save was opened; these are today's steps.")
    if case_file.is_open(report.file.case) and (ahead := case_report.next_step(report)) is not None:
        out.append(f"When it is done: renewctl done {report.file.item(ahead.step)}")
    if hidden:
        out.append(f"Every step: renewctl save show {report.file.renewal.subject} --all")
    return out


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    words = text.split(" ")
    out, line = [], words[0]
    for word in words[1:]:
        if line.strip() and len(line) + 1 + len(word) > columns:
            out.append(line)
            line = indent + word
        else:
            line += " " + word
    return [*out, line]


# --- many saves, for people ------------------------------------------------------------------------


def show_list(reports: Sequence[Report]) -> None:
    """One line a save, the most urgent first."""
    if not reports:
        sys.stdout.write("No save is open. Open one with: renewctl save start ACCOUNT --scenario …\n")
        return
    rows = [("SAVE", "CLOCK", "ACCOUNT", "SCENARIO", "NEXT", "OWNER", "ARR")]
    narrow = width() < _WIDE
    for report in reports:
        arr = report.file.renewal.arr_base_minor
        ahead = case_report.next_step(report)
        name = safe(report.file.account.name)
        rows.append(
            (
                report.file.renewal.subject,
                _clock_cell(report),
                fit(name, 16) if narrow else name,
                report.file.case.scenario,
                f"{ahead.due_on} {ahead.step}" if ahead else _no_next(report),
                safe(report.file.case.owner),
                "unknown" if arr is None else money.plain(arr, report.base_currency),
            )
        )
    found = aligned([row[:6] for row in rows]) if narrow else aligned(rows, frozenset({6}))
    out = [fit(line, width()) for line in found]
    put_lines([*out, not_shown(["ARR"], _WIDE, "--json")] if narrow else out)


def _no_next(report: Report) -> str:
    return "none" if report.file.case.state in NOT_KEPT else "all done"


def _clock_cell(report: Report) -> str:
    if not case_file.is_open(report.file.case):
        return report.file.case.state
    clock = report.clock
    if clock.state == "answered":
        return "answered"
    return f"{moments.span(clock.hours_left)} {'late' if clock.state == 'late' else 'left'}"
