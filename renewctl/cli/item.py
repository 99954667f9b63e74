"""`done`, `skip`, `snooze`: what is done with an item of the agenda, and which one is meant."""

import re
from datetime import date
from typing import Annotated

import typer

from renewctl.cli.options import Env, command, day, minutes, say
from renewctl.core import due as core
from renewctl.core.agenda import ContractAgenda
from renewctl.core.model import Change, ItemState
from renewctl.core.timeline import OPT_OUT, PAST_DUE, Planner, anchor
from renewctl.errors import NotFound, RefusedByRule, UsageError
from renewctl.store.agenda import load_states, refresh, work_calendar
from renewctl.store.due import DueReader
from renewctl.store.portfolio import Portfolio

_MONTH = 31  # days by which recurring work may be put off
_LATEST = 14  # days by which a renewal past its date may be put off
_ITEM = re.compile(r"(?P<subject>[as]?\d+)(?:\.(?P<cycle>\d+))?(?:[- ](?P<step>[\w@-]*))?", re.ASCII)

# Of a save: a promise, or a call upon a service level, which end otherwise than by a tick.
_SETTLED = re.compile(r"s(?P<save>\d{1,18})(?:\.\d+)?[- ](?P<kind>p|answer)(?P<no>\d{1,18})", re.ASCII)

ItemArg = Annotated[str, typer.Argument(metavar="ITEM", help="As `due` shows it, such as 12-notice.")]


@command(writes=True)
def done(
    env: Env,
    item: ItemArg,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="Time it took, such as 0.5.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What came of it.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="MOMENT", help="When it was, of a save's first call: 2026-03-10T15:30."),
    ] = None,
) -> None:
    """Mark an item as done."""
    moment = None
    if at is not None:
        from renewctl.cli.case import instant

        moment = instant(env, at, "--at")
    close(env, item, "done", note, minutes(hours), None, at=moment)


@command(writes=True)
def skip(
    env: Env,
    item: ItemArg,
    reason: Annotated[str, typer.Option("--reason", help="Why it is not needed.")],
) -> None:
    """Skip an item, with the reason."""
    if not reason.strip():
        raise UsageError("reason-missing", "--reason is blank", "say why it is not needed")
    close(env, item, "skipped", reason, None, None)


@command(writes=True)
def snooze(
    env: Env,
    item: ItemArg,
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The day it comes back.")],
) -> None:
    """Put an item off until a date."""
    until_on = day(until, "--until")
    if until_on <= env.as_of:
        raise UsageError("snooze-in-the-past", f"--until {until} is not after today", "name a later date")
    close(env, item, "snoozed", None, None, until_on)


def close(
    env: Env, text: str, state: str, reason: str | None, minutes: int | None, until_on: date | None,
    *, at: str | None = None,
) -> None:  # fmt: skip
    """Record what was done with an item; an item already closed stays as it is.

    `at` is the instant it was done, where that matters: the first contact of a save.
    """
    if (duty := _SETTLED.fullmatch(text.strip().lower())) is not None:
        from renewctl.cli.save_item import settle

        settle(env, duty, state, reason, at)
        return
    with (
        env.open() as portfolio,
        portfolio.write(f"{env.command} {text}", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        found = find(portfolio, env, text)
        if found.subject.startswith("s"):
            from renewctl.cli.save_item import check

            check(portfolio, env, found, state)
        new = ItemState(
            found.subject, found.account_no, found.cycle, found.step, state, env.as_of, until_on, reason,
            minutes, env.actor,
        )  # fmt: skip
        if state != "snoozed" and found.step == PAST_DUE and found.still_open:
            raise RefusedByRule(
                "needs-outcome",
                f"{found.item} ends with the outcome of its renewal, not with a tick",
                "record it: renewctl won, lost or roll",
            )
        if until_on is not None and found.still_open:
            _in_time(portfolio, env, found, until_on)
        message = f"{found.item}: {_PAST[state]}"
        told = found.closed is not None and found.closed.state == "done"
        if at is not None and state == "done" and told and found.subject[0] == "s":
            from renewctl.cli.save_item import corrected

            message = corrected(portfolio, operation, env, found, at)
        elif found.closed is not None and not found.still_open:
            message = (
                f"{found.item} was already {found.closed.state} on {found.closed.set_on}; nothing changed"
            )
        elif found.shown_by and found.closed is None and minutes is None and reason is None:
            message = f"{found.item} is closed already, {found.shown_by} shows it; nothing changed"
        elif found.closed is not None and state == "snoozed" and found.closed.until_on == until_on:
            message = f"{found.item} already waits until {until_on}; nothing changed"
        else:
            # A catch-up that waits leaves what it covers as it is; recurring work waits as a whole.
            whole = state != "snoozed" or found.subject.startswith("a")
            steps = (found.step, *(found.covers if whole else ()))
            # The time a catch-up took is its own; counted once, not for each step it covers.
            spent = minutes if found.spent is None else found.spent + (minutes or 0)
            wanted = (
                new._replace(step=step, minutes=spent if step == found.step else None) for step in steps
            )
            operation.apply(change for each in wanted if (change := _change(portfolio, each)).after)
            operation.summary = f"{found.item} {state}" + (f": {reason}" if reason else "")
            if found.subject.startswith("s"):
                from renewctl.cli.save_item import went_on

                message += went_on(portfolio, operation, env, found, state, at)
            refresh(portfolio, env.policy, env.as_of, [found.account_no])
            message += f" until {until_on}" if until_on else ""
    _report(env, found, state, message + env.dry)


def _in_time(portfolio: Portfolio, env: Env, found: "Found", until_on: date) -> None:
    """RefusedByRule for a day on which it would be too late for what an item is about.

    A save's first contact waits no longer than its clock (SAV-1), an opt-out no longer than its
    deadline, and nothing that prepares a renewal longer than that.
    """
    if found.subject.startswith("s"):
        _before_clock(portfolio, env, found, until_on)
    if found.subject.startswith("a") and (until_on - env.as_of).days > _MONTH:
        raise RefusedByRule(
            "snooze-past-next",
            f"{found.item} comes back all year; put off until {until_on} it would swallow the next",
            f"at most {_MONTH} days, or: renewctl skip {found.item} --reason …",
        )
    if not found.subject.isdecimal():
        return
    if found.step == PAST_DUE and (until_on - env.as_of).days > _LATEST:
        raise RefusedByRule(
            "snooze-without-outcome",
            f"{found.item} waits for the outcome of its renewal; it cannot be put off until {until_on}",
            f"at most {_LATEST} days, or record it: renewctl won, lost or roll",
        )
    for contract in portfolio.values("contract", "no = ?", (found.subject,)):
        ends_on = contract.renewal_on
        if contract.cycle != found.cycle or ends_on is None:
            continue
        deadline_on = anchor(ends_on, contract.auto_renew, contract.notice_days)[0]
        if found.step.startswith(OPT_OUT) and env.as_of <= deadline_on < until_on:
            raise RefusedByRule(
                "snooze-past-deadline",
                f"{found.item} is to be decided by {deadline_on}; it cannot wait until {until_on}",
                _sooner(env, found, deadline_on),
            )
        if env.as_of <= ends_on < until_on:
            raise RefusedByRule(
                "snooze-past-renewal",
                f"{found.item} prepares the renewal of {ends_on}; it cannot wait until {until_on}",
                _sooner(env, found, ends_on),
            )


def _before_clock(portfolio: Portfolio, env: Env, found: "Found", until_on: date) -> None:
    from renewctl.core import case_file, moments, plays
    from renewctl.store.saves import zone_of

    zone = zone_of(env.policy)
    for case in portfolio.values("save_case", "no = ?", (found.subject[1:],)):
        contact = plays.first_contact(env.policy.playbook(case.scenario).steps)
        if (
            found.step == contact
            and case_file.is_open(case)
            and moments.local_on(case.respond_by, zone) < until_on
        ):
            last = f"{moments.local_text(case.respond_by, zone)} {env.policy.time_zone}"
            raise RefusedByRule(
                "snooze-past-clock",
                f"{found.item} is the first contact and owed by {last}; it cannot wait until {until_on}",
                _sooner(env, found, moments.local_on(case.respond_by, zone)),
            )


def _sooner(env: Env, found: "Found", last_on: date) -> str:
    """What to do instead of putting an item off past its last day."""
    if last_on > env.as_of:
        return f"renewctl snooze {found.item} --until {last_on}, or an earlier day"
    return f"today is the last day for it, or later: renewctl done {found.item}"


_PAST = {"done": "done", "skipped": "skipped", "snoozed": "put off"}


def _report(env: Env, found: "Found", state: str, message: str) -> None:
    if env.json:
        from renewctl.views.machine import emit

        emit(
            {
                "schema": "renewctl/item/1",
                "item": found.item,
                "state": _state_now(found) if "nothing changed" in message else state,
                "changed": "nothing changed" not in message and not env.dry_run,
            }
        )
    else:
        say(message)


def _state_now(found: "Found") -> str:
    return found.closed.state if found.closed is not None else "done"


def _change(portfolio: Portfolio, new: ItemState) -> Change:
    key = (new.subject, new.cycle, new.step)
    old = portfolio.values("item_state", "subject = ? AND cycle = ? AND step = ?", key)
    after = new._asdict()
    if not old:
        return Change("item_state", key, new.account_no, None, after)
    before = old[0]._asdict()
    changed = [name for name in after if after[name] != before[name]]
    return Change(
        "item_state", key, new.account_no, {name: before[name] for name in changed},
        {name: after[name] for name in changed},
    )  # fmt: skip


class Found:
    """An item meant by what was typed, what was done with it before (`closed`) or shows it (`shown_by`)."""

    def __init__(
        self, item: str, subject: str, account_no: int, cycle: int, step: str,
        covers: tuple[str, ...] = (), closed: ItemState | None = None, shown_by: str = "",
        stands: bool = False,
    ) -> None:  # fmt: skip
        self.item = item
        self.subject = subject
        self.account_no = account_no
        self.cycle = cycle
        self.step = step
        self.covers = covers
        self.closed = closed
        self.shown_by = shown_by
        self.stands = stands  # it is on the agenda
        self.spent: int | None = None  # minutes an earlier closing of it took

    @property
    def still_open(self) -> bool:
        """Whether it is not closed by hand; what is put off is open."""
        return self.closed is None or self.closed.state == "snoozed"


def find(portfolio: Portfolio, env: Env, text: str) -> Found:
    """The item of that id or unambiguous beginning of one, open or closed. NotFound otherwise."""
    match = _ITEM.fullmatch(text.strip())
    if match is None:
        raise NotFound("no-such-item", f"no item is called {text!r}", "see the items: renewctl due")
    subject, step = match["subject"], match["step"] or ""
    cycle = int(match["cycle"] or 1)
    if subject.startswith("s"):
        from renewctl.store.saves import find_step

        named = int(match["cycle"]) if match["cycle"] else None
        account_no, step, cycle = find_step(portfolio, env.policy, env.as_of, int(subject[1:]), step, named)
        found = Found(core.item_id(subject, cycle, step), subject, account_no, cycle, step)
    elif subject.startswith("a"):
        carrying = DueReader(portfolio, env.policy, env.as_of).carrying(int(subject[1:]))
        found = _find_contract_item(portfolio, env, text, carrying, 1, step, subject)
    else:
        found = _find_contract_item(portfolio, env, text, int(subject), cycle, step, subject)
    state = portfolio.values(
        "item_state", "subject = ? AND cycle = ? AND step = ?", (found.subject, found.cycle, found.step)
    )
    # A catch-up that was closed is open again once something else has become late, a step once its day has
    # moved by a term.
    again = found.stands and any(each.state != "snoozed" for each in state)
    found.closed = state[0] if state and not again else None
    found.spent = state[0].minutes if again else None
    return found


def _find_contract_item(
    portfolio: Portfolio, env: Env, text: str, no: int, cycle: int, step: str, subject: str
) -> Found:
    reader = DueReader(portfolio, env.policy, env.as_of)
    contract = reader.one(no)
    candidates: dict[tuple[int, str], Found] = {}
    for state in portfolio.values("item_state", "subject = ?", (subject,)):
        at = (state.cycle, state.step)
        candidates[at] = Found(core.item_id(subject, *at), subject, state.account_no, *at)
    if contract is not None:
        planner = Planner(env.policy, work_calendar(portfolio, env.policy, env.as_of))
        maker = ContractAgenda(env.policy, planner, env.as_of)
        states = load_states(portfolio, [contract]).get(no, {})
        anchor_on, _ = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
        for shown in planner.shown(maker.facts(contract, anchor_on)) if subject == str(no) else ():
            at = (contract.cycle, shown.step.step)
            if at not in candidates:
                candidates[at] = Found(
                    core.item_id(subject, *at), subject, contract.account_no, *at, shown_by=shown.fact
                )
        for item in maker.items(contract, states, date.max):
            if item.subject != subject:
                continue
            for step_key in (item.task.step, *item.task.covers):
                covers = item.task.covers if step_key == item.task.step else ()
                candidates[item.cycle, step_key] = Found(
                    core.item_id(subject, item.cycle, step_key), subject, contract.account_no, item.cycle,
                    step_key, covers, stands=True,
                )  # fmt: skip
    exact = candidates.get((cycle, step))
    if exact is not None:
        return exact
    near = [found for (of, name), found in candidates.items() if of == cycle and name.startswith(step)]
    if not step:
        near = [found for found in near if not found.shown_by and _open(portfolio, found)]
    if len(near) == 1:
        return near[0]
    if near:
        names = ", ".join(sorted(found.item for found in near)[:8])
        raise NotFound("ambiguous-item", f"{text!r} could be {names}", "type more of it")
    if contract is not None and cycle < contract.cycle:
        raise NotFound(
            "item-ended",
            f"{text} belongs to a renewal that has been won since",
            "see the items: renewctl due",
        )
    raise NotFound("no-such-item", f"no item is called {text!r}", "see the items: renewctl due --days 90")


def _open(portfolio: Portfolio, found: Found) -> bool:
    state = portfolio.value(
        "SELECT state FROM item_state WHERE subject = ? AND cycle = ? AND step = ?",
        (found.subject, found.cycle, found.step),
    )
    return state in (None, "snoozed")
