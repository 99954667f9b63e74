"""The agenda on a terminal, in a pipe, and as JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.due import BY_DAY, Item, Renewal, Task, item_id
from renewctl.views.terminal import cells, coloured, fit, fitted, padded, put_lines, safe, width

_NAMED = 3  # names in a remark before "and N more"
_WIDEST = 160  # columns; lines longer than that are hard to follow
# Styles that read on a light screen as on a dark one: no yellow, no cyan, no grey.
_SECTIONS = (
    ("first", "FIRST", "1;31"),
    ("overdue", "OVERDUE", "1;31"),
    ("today", "TODAY", "1;35"),
    ("week", "THIS WEEK", "1"),
    ("later", "LATER", "1"),
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Renewals(NamedTuple):
    """Open contracts that renew inside the window."""

    number: int
    arr_base_minor: int
    accounts: tuple[str, ...]
    past_due: int


class Agenda(NamedTuple):
    """What `due` shows. `more` says that items were left out; None: nobody counted how many."""

    as_of: date
    days: int
    items: Sequence[Item]
    more: int | None
    renewals: Renewals | None
    problems: Sequence[dict[str, str]]
    base_currency: str
    counts: Mapping[str, int] = {}  # items by status, those not shown too; empty where nobody counted


def lines(agenda: Agenda) -> Iterator[str]:
    """One line an item, the same columns in every line, for pipes and grep."""
    amount = _amounts(agenda)
    owners: dict[str | None, str] = {}
    tasks: dict[int, tuple[str, str, str]] = {}
    renewals: dict[int, tuple[str, str]] = {}
    day, head = None, ""
    for _, due_on, _, status, task, renewal, cycle, who in agenda.items:
        if due_on != day:
            day, head = due_on, f"{_iso(due_on)}  {status:<8}  "
        owner = owners.get(who[0])
        if owner is None:
            owner = owners[who[0]] = f"  {safe(who[0] or 'unowned'):<18}  "
        what = tasks.get(id(task))
        if what is None:
            what = tasks[id(task)] = (task.step, f"{task.channel:<8}", f"  {safe(task.title)}\n")
        whose = renewals.get(id(renewal))
        if whose is None:
            whose = renewals[id(renewal)] = (
                item_id(renewal.subject, cycle, ""),
                f"{_iso(renewal.renewal_on)}  {amount(renewal.arr_base_minor):>16}  "
                f"{safe(renewal.account_name):<28}",
            )
        name = (
            whose[0] + what[0]
            if cycle == 1 and task.kind != "value"
            else item_id(_subject(task, renewal), cycle, what[0])
        )
        yield f"{head}{name:<24}{what[1]}{owner}{whose[1]}{what[2]}"


def _subject(task: Task, renewal: Renewal) -> str:
    return f"a{renewal.account_no}" if task.kind == "value" else renewal.subject


def _iso(day: date) -> str:
    return "unknown   " if day == date.max else day.isoformat()


def _amounts(agenda: Agenda) -> Any:
    @cache
    def amount(minor: int | None) -> str:
        return "ARR unknown" if minor is None else money.plain(minor, agenda.base_currency)

    return amount


def stream(agenda: Agenda) -> None:
    """Every line to stdout, no colour, full width."""
    source = lines(agenda)
    while text := "".join(islice(source, 1000)):
        sys.stdout.write(text)


def show(agenda: Agenda) -> None:
    """The agenda as a person reads it: sections by urgency, in each the items of a renewal together."""
    paint = _paint if coloured() else _plain
    columns = min(width(), _WIDEST)
    amount = _amounts(agenda)
    out = [paint(_header(agenda), "1")]
    if not agenda.items:
        out += ["", "Nothing is due. Look further ahead with: renewctl due --days 90"]
    people = {_owner(item) for item in agenda.items}
    owners = min(14, max(map(cells, people), default=0)) if len(people) > 1 else 0
    if len(people) == 1:
        out[0] += f", all for {people.pop()}"
    for title, style, items in _sections(agenda):
        out += ["", paint(f"{title}  {len(items)}", style)]
        names = min(22, max(len(item.item) for item in items))
        groups: dict[tuple[int, str], list[Item]] = {}
        for item in items:
            groups.setdefault((item.renewal.account_no, item.renewal.id), []).append(item)
        for group in groups.values():
            out.append(_renewal(group[0], agenda, amount, columns, paint))
            out += [line for item in group for line in _lines(item, columns, names, owners, paint)]
    out += _footer(agenda)
    put_lines(out)


def _sections(agenda: Agenda) -> list[tuple[str, str, list[Item]]]:
    week = agenda.as_of + timedelta(days=7)
    found: dict[str, list[Item]] = {name: [] for name, _, _ in _SECTIONS}
    for item in agenda.items:
        if item.status != "upcoming":
            found["first" if item.rank < BY_DAY else item.status].append(item)
        else:
            found["first" if item.rank < BY_DAY else "week" if item.due_on <= week else "later"].append(item)
    return [(title, style, found[name]) for name, title, style in _SECTIONS if found[name]]


def _header(agenda: Agenda) -> str:
    text = f"Agenda of {_day(agenda.as_of)} {agenda.as_of.year}, {agenda.days} days ahead"
    if agenda.renewals is not None:
        total = money.plain(agenda.renewals.arr_base_minor, agenda.base_currency)
        plural = "" if agenda.renewals.number == 1 else "s"
        text += f": {agenda.renewals.number} renewal{plural}, {total}"
    if agenda.counts:
        counted = [
            f"{agenda.counts[name]:,} {name}"
            for name in ("overdue", "today", "upcoming")
            if agenda.counts.get(name)
        ]
        text += "\n" + ", ".join(counted) if counted else ""
    return text


def _footer(agenda: Agenda) -> list[str]:
    out = []
    if agenda.more is None:
        out += ["", "… and more: give --limit N, or narrow with --owner, --segment, --channel"]
    elif agenda.more:
        out += ["", f"… and {agenda.more:,} more: give --limit N, or narrow with --owner, --segment"]
    unowned = sum(1 for problem in agenda.problems if problem["code"] == "unowned")
    notice = sum(1 for problem in agenda.problems if problem["code"] == "notice-unknown")
    notes = []
    if unowned:
        notes.append(f"{unowned:,} without an owner: renewctl set ACCOUNT csm=NAME, or the policy's [team]")
    if notice:
        notes.append(
            f"{notice:,} renewing tacitly with unknown notice terms: renewctl set ACCOUNT notice_days=N"
        )
    if line := unplanned(agenda):
        notes.append(line)
    if line := flagged(agenda):
        notes.append(line)
    marks = {_MARKS.get(item.task.channel) for item in agenda.items}
    if ">" in marks:
        notes.append("> reaches the customer" + (", ! by call" if "!" in marks else ""))
    if any(item.who.delegate for item in agenda.items):
        notes.append("* stands in for a role nobody fills: name people in the policy's [team]")
    out += ["", *notes] if notes else []
    ready = [each for each in agenda.items if not each.task.waits_for and each.task.kind != "past_due"]
    if ready:
        out += ["", f"When it is done: renewctl done {ready[0].item}"]
    return out


def flagged(agenda: Agenda) -> str:
    """Which accounts of the window are flagged with no save running, in a line; empty where none is."""
    found = [each for each in agenda.problems if each["code"] == "health-flagged"]
    if not found:
        return ""
    names = [f"{safe(each['account_name'])} since {each['flagged_on']}" for each in found]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    what = "account is" if len(found) == 1 else "accounts are"
    return f"{len(found):,} {what} flagged by health, no save running: {', '.join(names[:_NAMED])}{more}"


def unplanned(agenda: Agenda) -> str:
    """Which renewals of the window have no agenda and why, in a line; empty where all have one."""
    found = [each for each in agenda.problems if each["code"] in ("arr-unknown", "rate-unknown")]
    if not found:
        return ""
    names = [f"{safe(each['account_name'])} ({safe(each['message'].partition(',')[0])})" for each in found]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    what = "renewal in the window has" if len(found) == 1 else "renewals in the window have"
    return f"{len(found):,} {what} no agenda: {', '.join(names[:_NAMED])}{more}"


def _renewal(item: Item, agenda: Agenda, amount: Any, columns: int, paint: Any) -> str:
    when = "renewal date unknown"
    if item.renewal.renewal_on != date.max:
        days = (item.renewal.renewal_on - agenda.as_of).days
        away = f"in {days} days" if days > 0 else "today" if days == 0 else f"{-days} days ago"
        when = f"renews {_day(item.renewal.renewal_on)} {item.renewal.renewal_on.year} ({away})"
    rest = f"  {amount(item.renewal.arr_base_minor)}  {when}"
    name = fit(safe(item.renewal.account_name), max(12, columns - len(rest)))
    return str(paint(name, "1")) + rest


# Beside a line: what reaches the customer, and what has to be a call.
_MARKS = {"customer": ">", "call": "!"}


def _owner(item: Item) -> str:
    return safe(item.who.person or "unowned") + ("*" if item.who.delegate else "")


def _lines(item: Item, columns: int, names: int, owners: int, paint: Any) -> list[str]:
    mark = _MARKS.get(item.task.channel, " ")
    who = padded(fit(_owner(item), owners), owners) + "  " if owners else ""
    head = f" {mark} {_day(item.due_on):>6}  {item.item:<{names}}  {who}"
    after = f" (after {', '.join(item.task.waits_for)})" if item.task.waits_for else ""
    indent = " " * min(cells(head), columns * 3 // 5)
    style = "31" if item.status == "overdue" else "0"
    out = [paint(line, style) for line in _wrapped(head, safe(item.task.title + after), indent, columns)]
    if item.task.note:
        out += _wrapped(indent, safe(item.task.note), indent, columns)
    return out


def _wrapped(head: str, text: str, indent: str, columns: int) -> list[str]:
    """A title behind its head on as many lines as it needs: at most three, more where the head takes room."""
    most = 2 + len(fitted(head.rstrip(), indent, columns)) + (cells(head) > len(indent))
    out = fitted(head + text, indent, columns)
    rest = " ".join(line.strip() for line in out[most - 1 :])
    return out if len(out) <= most else [*out[: most - 1], fit(indent + rest, columns)]


def _day(day: date) -> str:
    return f"{day.day:>2} {_MONTHS[day.month - 1]}".strip()


def _paint(text: str, style: str) -> str:
    return text if style == "0" else f"\x1b[{style}m{text}\x1b[0m"


def _plain(text: str, _style: str) -> str:
    return text


def document(agenda: Agenda) -> dict[str, Any]:
    """`renewctl/due/1`."""
    base = agenda.base_currency
    renewals = agenda.renewals or Renewals(0, 0, (), 0)
    by_status = {status: agenda.counts.get(status, 0) for status in ("overdue", "today", "upcoming")}
    return {
        "schema": "renewctl/due/1",
        "as_of": agenda.as_of.isoformat(),
        "days": agenda.days,
        "items": [_item(item, base) for item in agenda.items],
        "renewals": {
            "count": renewals.number,
            "arr_base": money.to_units(renewals.arr_base_minor, base),
            "accounts": list(renewals.accounts),
            "past_due": renewals.past_due,
        },
        "totals": {
            "items": len(agenda.items) + (agenda.more or 0),
            "shown": len(agenda.items),
            **by_status,
            "currency": base,
        },
        "problems": list(agenda.problems),
    }


def _item(item: Item, base: str) -> dict[str, Any]:
    known = item.renewal.renewal_on != date.max
    return {
        "item": item.item,
        "account": item.renewal.account_id,
        "account_name": item.renewal.account_name,
        "contract": item.renewal.id or None,
        "step": item.task.step,
        "milestone_days": item.task.milestone_days,
        "title": item.task.title,
        "due_on": item.due_on.isoformat(),
        "work_on": item.work_on.isoformat(),
        "status": item.status,
        "channel": item.task.channel,
        "owner": item.who.person,
        "owner_role": item.who.role,
        "delegate": item.who.delegate,
        "arr_base": None
        if item.renewal.arr_base_minor is None
        else money.to_units(item.renewal.arr_base_minor, base),
        "renewal_date": item.renewal.renewal_on.isoformat() if known else None,
        "kind": item.task.kind,
        "rule": item.task.rule,
        "segment": item.renewal.segment,
        "covers": list(item.task.covers),
        "waits_for": list(item.task.waits_for),
        "note": item.task.note,
    }
