"""`calendar`: the agenda as a file for calendar programs, which follows its former export."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renewctl.cli.options import Env, command, owned_by, say
from renewctl.cli.outputs import holds, make_folder, put_bytes
from renewctl.errors import InputRefused, UsageError
from renewctl.views.terminal import safe

if TYPE_CHECKING:
    from renewctl.core.calendar import Entry, Merged
    from renewctl.store.portfolio import Portfolio
    from renewctl.views.calendar import Calendar

_SLACK = 31  # days by which an entry can stand before the day its item is due


@command(writes=True)
def calendar(
    env: Env,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only items of this person; `me` is you.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=0, max=1100, help="How far ahead to look.")] = 90,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="File to write or update; - for stdout.")
    ] = "renewals.ics",
) -> None:
    """Write the agenda as a calendar file, or bring one up to date."""
    from renewctl.core.calendar import calendar_rules, merged
    from renewctl.store.identity import portfolio_id
    from renewctl.store.saves import zone_of
    from renewctl.views import calendar as view

    if output == "-" and env.json:
        raise UsageError("one-to-stdout", "-o - prints the calendar and nothing else", "leave out --json")
    file = None if output == "-" else Path(output)
    until = env.as_of + timedelta(days=days)
    with env.open() as portfolio:
        person = owned_by(env, portfolio, owner)
        of = min(person) if person else view.EVERYBODY
        ours = view.Calendar(portfolio_id(portfolio), of, {})
        former = _former(file, ours) if file else ours
        found = _entries(env, portfolio, person, until, former)
    starts = env.policy.saves.day_starts
    minute = starts.hour * 60 + starts.minute
    at = datetime.combine(env.as_of, starts, zone_of(env.policy)).astimezone(UTC)
    now = {
        f"{each.name}@{ours.portfolio_id}": view.body(each, minute, env.policy.base_currency)
        for each in found
    }
    rules = calendar_rules(env.policy)
    result = merged(now, former.events, f"{at:%Y%m%dT%H%M%SZ}", env.as_of, rules.cancelled_days)
    data = view.written(ours, result.events)
    if file is None:
        put_bytes(data)
        return
    changed = result.events and not holds(file, data.decode())
    if changed and not env.dry_run:
        from renewctl.store.files import write_atomic

        make_folder(file.parent)
        write_atomic(file, data, overwrite=True)
    _tell(env, file, of, days, result, bool(changed))


def _former(file: Path, ours: "Calendar") -> "Calendar":
    """What the file holds already. InputRefused where it is not ours, or not of this portfolio and person."""
    from renewctl.core.text import fold
    from renewctl.views import calendar as view

    if file.is_symlink():
        raise InputRefused("symbolic-link", f"{file} is a symbolic link", "name the file itself")
    if not file.exists():
        return ours
    if file.is_dir():
        raise InputRefused("not-a-file", f"{file} is a folder", "name a file in it")
    try:
        if file.stat().st_size > view.LARGEST:
            raise InputRefused(
                "too-large", f"{file} is larger than any calendar of ours", "name another file"
            )
        data = file.read_bytes()
    except OSError as error:
        raise InputRefused(
            "cannot-read", f"cannot read {file}: {error.strerror}", "name another file"
        ) from error
    found = view.read(data, str(file))
    if found.portfolio_id != ours.portfolio_id:
        raise InputRefused(
            "calendar-of-another",
            f"{file} holds the calendar of another portfolio; it was left alone",
            "name another file with -o",
        )
    if fold(found.owner) != fold(ours.owner):
        whose = {view.EVERYBODY: "everybody"}
        raise InputRefused(
            "calendar-of-another",
            f"{file} is the calendar of {whose.get(found.owner, found.owner)}, "
            f"not of {whose.get(ours.owner, ours.owner)}; it was left alone",
            "name another file with -o, one for each person",
        )
    return found


def _entries(
    env: Env, portfolio: "Portfolio", person: frozenset[str] | None, until: date, former: "Calendar"
) -> "list[Entry]":
    """The entries due up to `until`, and those of the former file that lie beyond and still stand."""
    from renewctl.cli.due import Reading, Wanted
    from renewctl.core.calendar import calendar_rules, entries
    from renewctl.core.due import still_closed
    from renewctl.core.timeline import OPT_OUT, deadline
    from renewctl.views.calendar import last_day

    days = [day for event in former.events.values() if (day := last_day(event)) is not None]
    last = date.max - timedelta(days=_SLACK)
    reach = max([until, *(min(day, last) + timedelta(days=_SLACK) for day in days)])
    items, contracts = Reading(portfolio, env, Wanted(env.as_of, reach, person, None, None)).all()
    states = {
        (each.subject, each.cycle): each for each in portfolio.values("item_state", "step = ?", (OPT_OUT,))
    }
    stale_days = env.policy.agenda.stale_days
    deadlines = [
        (each, on)
        for each in contracts
        if (on := deadline(each.renewal_on, each.auto_renew, each.notice_days)) is not None
        and env.as_of <= on <= reach
        and (person is None or each.owner in person)
        and not still_closed(states.get((each.subject, each.cycle)), on, stale_days)
    ]
    known = {uid.partition("@")[0] for uid in former.events}
    found = entries(items, deadlines, calendar_rules(env.policy).alarm_days)
    return [each for each in found if each.due_on <= until or each.name in known]


_SAID: Sequence[tuple[str, str]] = (
    ("new", "new"),
    ("changed", "changed"),
    ("cancelled", "cancelled"),
    ("unchanged", "unchanged"),
    ("dropped", "cancelled before and dropped now"),
)


def _tell(env: Env, file: Path, owner: str, days: int, result: "Merged", changed: bool) -> None:
    fates = list(result.fate.values())
    counts = {name: fates.count(name) for name, _ in _SAID}
    if env.json:
        from renewctl.views.machine import emit

        emit(
            {
                "schema": "renewctl/calendar/1",
                "as_of": env.as_of.isoformat(),
                "days": days,
                "owner": None if owner == "*" else owner,
                "file": str(file),
                "events": [
                    {
                        "uid": event.uid,
                        "item": event.uid.partition("@")[0],
                        "sequence": event.sequence,
                        "status": event.status.lower(),
                        "change": result.fate[event.uid],
                    }
                    for event in result.events
                ],
                "counts": counts,
                "changed": changed and not env.dry_run,
            }
        )
        return
    if not result.events:
        say("nothing is due in these days, so there is no calendar to write; look further with --days")
        return
    words = [f"{counts[name]} {said}" for name, said in _SAID if counts[name]] or ["nothing new"]
    sys.stdout.write(f"{safe(file)}: {', '.join(words)}\n")
    if env.dry_run:
        say("dry run: nothing was written")
