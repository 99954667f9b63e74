"""`due`, `done`, `skip`, `snooze`: the agenda, and what changes it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from renewctl.cli.options import AsKnownOn, Env, command, day, minutes, owned_by, say
from renewctl.core import due as core
from renewctl.core.due import ContractAgenda, DueContract, Item
from renewctl.core.model import Change, ItemState
from renewctl.core.policy import SEGMENTS
from renewctl.core.segment import in_force
from renewctl.core.timeline import OPT_OUT, PAST_DUE, Planner, anchor
from renewctl.errors import NotFound, RefusedByRule, UsageError
from renewctl.store.agenda import load_given, load_states, refresh, work_calendar
from renewctl.store.due import DueReader, DueRow, leading_contract
from renewctl.store.portfolio import Portfolio
from renewctl.views import due as view
from renewctl.views.due import Agenda, Renewals
from renewctl.views.terminal import is_terminal

# On a terminal, what fits a person's morning; and from how many contracts on counting the rest is not free.
_PAGE = 40
_COUNTED = 30_000
_MONTH = 31  # days by which recurring work may be put off
_LATEST = 14  # days by which a renewal past its date may be put off
_ITEM = re.compile(r"(?P<subject>[as]?\d+)(?:\.(?P<cycle>\d+))?(?:[- ](?P<step>[\w@-]*))?", re.ASCII)

ItemArg = Annotated[str, typer.Argument(metavar="ITEM", help="As `due` shows it, such as 12-notice.")]


@command()
def due(
    env: Env,
    days: Annotated[int, typer.Option("--days", min=0, max=3660, help="How far ahead to look.")] = 7,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many items (0: all).")] = 0,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only items of this person; `me` is you.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", help="Only enterprise, mid_market or smb.")
    ] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Only internal or customer items.")] = None,
    fail_if_overdue: Annotated[
        bool, typer.Option("--fail-if-overdue", help="Exit 1 when anything is overdue.")
    ] = False,
    as_known_on: AsKnownOn = None,
) -> None:
    """List the actions owed, the first thing to do first."""
    _known("--segment", segment, SEGMENTS)
    _known("--channel", channel, ("internal", "customer"))
    until = env.as_of + timedelta(days=days)
    with env.open_as_known(as_known_on) as portfolio:
        portfolio.execute("BEGIN")
        wanted = _Wanted(env.as_of, until, owned_by(env, portfolio, owner), segment, channel)
        reading = _Reading(portfolio, env, wanted)
        agenda = reading.agenda(days, limit, env.json or fail_if_overdue)
    if env.policy.pilot is not None:
        say(f"pilot: only {env.policy.pilot} renewals; compare: renewctl policy pilot")
    if env.json:
        from renewctl.views.machine import emit

        emit(view.document(agenda))
    elif is_terminal():
        view.show(agenda)
    else:
        view.stream(agenda)
        if line := view.unplanned(agenda):
            say(line)
    if fail_if_overdue and agenda.counts.get("overdue"):
        raise typer.Exit(1)


class _Wanted:
    """What was asked for."""

    def __init__(
        self,
        as_of: date,
        until: date,
        owners: frozenset[str] | None,
        segment: str | None,
        channel: str | None,
    ) -> None:
        self.as_of = as_of
        self.until = until
        self.owners = owners  # one person, in every spelling on record
        self.segment = segment
        self.channel = channel
        self.filtered = bool(owners or segment or channel)

    @property
    def owner(self) -> str | None:
        """The person asked for, where one spelling is all there is."""
        return next(iter(self.owners)) if self.owners and len(self.owners) == 1 else None

    def takes(self, item: Item) -> bool:
        """Whether an item passes the filters."""
        return (
            (self.owners is None or item.who.person in self.owners)
            and (self.segment is None or item.renewal.segment == self.segment)
            and (self.channel is None or item.task.channel == self.channel)
        )


class _Reading:
    """Turns contracts and saves into one agenda: whole, or only its first page."""

    def __init__(self, portfolio: Portfolio, env: Env, wanted: _Wanted) -> None:
        self.portfolio = portfolio
        self.policy = env.policy
        self.wanted = wanted
        self.reader = DueReader(portfolio, env.policy, wanted.as_of)
        planner = Planner(env.policy, work_calendar(portfolio, env.policy, wanted.as_of))
        self.maker = ContractAgenda(env.policy, planner, wanted.as_of)

    def agenda(self, days: int, limit: int, whole: bool) -> Agenda:
        """The agenda; `whole` wants its totals even when only `limit` items are shown."""
        if not limit and is_terminal() and not whole:
            limit = _PAGE
            many = self.portfolio.value("SELECT MAX(no) FROM contract") or 0
            whole = many <= _COUNTED
        paged = limit and not whole and not self.wanted.filtered and self.reader.usable
        base = self.policy.base_currency
        if paged:
            items = self._page(limit + 1)
            more = None if len(items) > limit else 0
            return Agenda(self.wanted.as_of, days, items[:limit], more, None, (), base)
        items, contracts = self._all()
        shown = items[:limit] if limit else items
        more = len(items) - len(shown)
        if not whole:
            nameless = () if limit else self._unplanned()
            return Agenda(self.wanted.as_of, days, shown, more, None, nameless, base)
        counts, renewals = Counter(item.status for item in items), self._renewals(contracts)
        problems = [*_problems(items, contracts), *self._unplanned(), *self._flagged(contracts)]
        return Agenda(self.wanted.as_of, days, shown, more, renewals, problems, base, counts)

    def _all(self) -> tuple[list[Item], list[DueContract]]:
        wanted = self.wanted
        contracts = self.reader.all(wanted.until, owner=wanted.owner)
        items = self._items(contracts) + self._saves()
        if wanted.filtered:
            items = [item for item in items if wanted.takes(item)]
        return core.in_order(items), contracts

    def _items(self, contracts: Sequence[DueContract]) -> list[Item]:
        states, given = load_states(self.portfolio, contracts), load_given(self.portfolio, contracts)
        none: dict[str, ItemState] = {}
        nobody: dict[str, str] = {}
        items, until = self.maker.items, self.wanted.until
        pilot = self.policy.pilot
        return [
            item
            for each in contracts
            if pilot is None or each.segment == pilot
            for item in items(each, states.get(each.no, none), until, given.get(each.no, nobody))
        ]

    def _saves(self) -> list[Item]:
        owing = "SELECT 1 FROM save_case WHERE state NOT IN ('lost', 'let_go') LIMIT 1"
        if not self.portfolio.value(owing):
            return []
        from renewctl.cli.save import due_items

        return due_items(self.portfolio, self.policy, self.wanted.as_of, self.wanted.until)

    def _page(self, count: int) -> list[Item]:
        """The first `count` items, from the contracts they can come from and no others."""
        reader, chunk = self.reader, max(64, count)
        found = self._saves()
        found += self._first(reader.deadlines(self.policy.agenda.deadline_days, chunk), core.DEADLINE, count)
        room = count - sum(1 for item in found if item.rank < core.BY_DAY)
        if room > 0:
            found += self._first(reader.past(chunk), core.BY_DAY, room)
            found += self._first(reader.ahead(self.wanted.until, chunk), core.BY_DAY, room)
        return core.in_order(found)[:count]

    def _first(self, chunks: Iterable[list[DueRow]], rank: int, room: int) -> list[Item]:
        """Items of a rank, `room` of which nothing unread can precede.

        Contracts come by a day that none of their items falls before, so what sorts before the last
        contract read is settled.
        """
        found: list[Item] = []
        for rows in chunks:
            found += [item for item in self._items([row.contract for row in rows]) if item.rank == rank]
            last = rows[-1].place
            settled = sum(1 for item in found if _is_settled(item, last))
            if settled >= room:
                break
        return found

    def _renewals(self, contracts: Sequence[DueContract]) -> Renewals:
        """Open contracts of the window, those without a known ARR too."""
        wanted = self.wanted
        known = {each.no: each for each in contracts}
        count = total = past = 0
        accounts: dict[str, None] = {}
        for no, account, renewal_on, status in self.portfolio.rows(
            "SELECT c.no, a.id, c.renewal_on, a.status FROM contract c JOIN account a ON a.no = c.account_no "
            "WHERE c.state = 'open' AND c.renewal_on <= ? ORDER BY c.renewal_on, a.id",
            (wanted.until.isoformat(),),
        ):
            contract = known.get(no)
            if not in_force(status) or not self._counts(contract):
                continue
            if renewal_on < wanted.as_of.isoformat():
                past += 1
                continue
            count += 1
            total += (contract.arr_base_minor or 0) if contract else 0
            accounts[account] = None
        return Renewals(count, total, tuple(accounts), past)

    def _unplanned(self) -> list[dict[str, str]]:
        """The renewals of the window without an agenda; nobody knows their segment."""
        wanted = self.wanted
        if wanted.segment is not None:
            return []
        from renewctl.store.unplanned import unplanned

        team = self.policy.team.get("csm")
        return [
            {
                "code": each.code,
                "account": each.account_id,
                "account_name": each.account_name,
                "contract": each.contract_id,
                "message": f"{each.why}, so no agenda",
            }
            for each in unplanned(self.portfolio, self.policy, wanted.as_of, wanted.until)
            if wanted.owners is None or (each.csm or team) in wanted.owners
        ]

    def _flagged(self, contracts: Sequence[DueContract]) -> list[dict[str, str]]:
        """Accounts of the window that are flagged by their health with no save running (HLT-3)."""
        saving = self.reader.saving
        red = [each for each in contracts if each.band == "red" and each.account_no not in saving]
        mine = {each.account_no: each for each in red if self._counts(each)}
        if not mine:
            return []
        from renewctl.store.health import flagged
        from renewctl.store.look import some_facts

        known = some_facts(self.portfolio, list(mine), self.policy)
        flags = flagged(self.portfolio, self.policy, self.wanted.as_of, [(each, 0.0) for each in known])
        return [
            {
                "code": "health-flagged",
                "account": mine[no].account_id,
                "account_name": mine[no].account_name,
                "contract": mine[no].id,
                "flagged_on": flagged_on.isoformat(),
                "message": f"flagged by its health since {flagged_on}, and no save is running",
            }
            for no, flagged_on in sorted(flags.items(), key=lambda flag: (flag[1], flag[0]))
        ]

    def _counts(self, contract: DueContract | None) -> bool:
        wanted = self.wanted
        if wanted.owners is None and wanted.segment is None:
            return True
        return (
            contract is not None
            and (wanted.owners is None or contract.owner in wanted.owners)
            and (wanted.segment is None or contract.segment == wanted.segment)
        )


def _is_settled(item: Item, last: tuple[date, date, int, str]) -> bool:
    """Whether nothing of the contracts after the one in that place can come before an item.

    Contracts of one opt-out deadline share its clock, and within it their items go by their own days.
    """
    if item.rank == core.DEADLINE:
        return date.fromisoformat(item.task.clock) < last[0]
    return (item.due_on, *core.tie(item.renewal)) <= last


def _problems(items: Sequence[Item], contracts: Sequence[DueContract]) -> list[dict[str, str]]:
    found = [
        {
            "code": "unowned",
            "account": item.renewal.account_id,
            "item": item.item,
            "message": "nobody owns this",
        }
        for item in items
        if item.who.person is None
    ]
    found += [
        {
            "code": "notice-unknown",
            "account": each.account_id,
            "contract": each.id,
            "message": "renews tacitly, notice days unknown: the renewal date is used",
        }
        for each in contracts
        if each.auto_renew and each.notice_days is None
    ]
    return found


def _known(option: str, value: str | None, allowed: Sequence[str]) -> None:
    if value is not None and value not in allowed:
        raise UsageError(
            "unknown-choice", f"{option} {value}: not one of {', '.join(allowed)}", "renewctl due --help"
        )


@command(writes=True)
def done(
    env: Env,
    item: ItemArg,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="Time it took, such as 0.5.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What came of it.")] = None,
) -> None:
    """Mark an item as done."""
    _close(env, item, "done", note, minutes(hours), None)


@command(writes=True)
def skip(
    env: Env,
    item: ItemArg,
    reason: Annotated[str, typer.Option("--reason", help="Why it is not needed.")],
) -> None:
    """Skip an item, with the reason."""
    if not reason.strip():
        raise UsageError("reason-missing", "--reason is blank", "say why it is not needed")
    _close(env, item, "skipped", reason, None, None)


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
    _close(env, item, "snoozed", None, None, until_on)


def _close(
    env: Env, text: str, state: str, reason: str | None, minutes: int | None, until_on: date | None
) -> None:
    """Record what was done with an item; an item already closed stays as it is."""
    with (
        env.open() as portfolio,
        portfolio.write(f"{env.command} {text}", env.actor, env.as_of, dry_run=env.dry_run) as operation,
    ):
        found = _find(portfolio, env, text)
        new = ItemState(
            found.subject, found.account_no, found.cycle, found.step, state, env.as_of, until_on, reason,
            minutes, env.actor,
        )  # fmt: skip
        if state != "snoozed" and found.step == PAST_DUE and found.closed is None:
            raise RefusedByRule(
                "needs-outcome",
                f"{found.item} ends with the outcome of its renewal, not with a tick",
                "record it: renewctl won, lost or roll",
            )
        if until_on is not None and (found.closed is None or found.closed.state == "snoozed"):
            _in_time(portfolio, env, found, until_on)
        message = f"{found.item}: {_PAST[state]}"
        if found.closed is not None and found.closed.state != "snoozed":
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
            refresh(portfolio, env.policy, env.as_of, [found.account_no])
            message += f" until {until_on}" if until_on else ""
    if env.dry_run:
        message += " (dry run: nothing was written)"
    _report(env, found, state, message)


def _in_time(portfolio: Portfolio, env: Env, found: "_Found", until_on: date) -> None:
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


def _before_clock(portfolio: Portfolio, env: Env, found: "_Found", until_on: date) -> None:
    from renewctl.core import plays
    from renewctl.store.saves import zone_of

    zone = zone_of(env.policy)
    for case in portfolio.values("save_case", "no = ?", (found.subject[1:],)):
        contact = plays.first_contact(env.policy.playbooks[case.scenario].steps)
        if found.step == contact and plays.is_open(case) and plays.local_on(case.respond_by, zone) < until_on:
            last = f"{plays.local_text(case.respond_by, zone)} {env.policy.time_zone}"
            raise RefusedByRule(
                "snooze-past-clock",
                f"{found.item} is the first contact and owed by {last}; it cannot wait until {until_on}",
                _sooner(env, found, plays.local_on(case.respond_by, zone)),
            )


def _sooner(env: Env, found: "_Found", last_on: date) -> str:
    """What to do instead of putting an item off past its last day."""
    if last_on > env.as_of:
        return f"renewctl snooze {found.item} --until {last_on}, or an earlier day"
    return f"today is the last day for it, or later: renewctl done {found.item}"


_PAST = {"done": "done", "skipped": "skipped", "snoozed": "put off"}


def _report(env: Env, found: "_Found", state: str, message: str) -> None:
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


def _state_now(found: "_Found") -> str:
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


class _Found:
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


def _find(portfolio: Portfolio, env: Env, text: str) -> _Found:
    """The item of that id or unambiguous beginning of one, open or closed. NotFound otherwise."""
    match = _ITEM.fullmatch(text.strip())
    if match is None:
        raise NotFound("no-such-item", f"no item is called {text!r}", "see the items: renewctl due")
    subject, step = match["subject"], match["step"] or ""
    cycle = int(match["cycle"] or 1)
    if subject.startswith("s"):
        from renewctl.cli.save import find_step

        account_no, step = find_step(portfolio, env.policy, env.as_of, int(subject[1:]), step)
        found = _Found(core.item_id(subject, 1, step), subject, account_no, 1, step)
    elif subject.startswith("a"):
        leading = leading_contract(portfolio, int(subject[1:]), env.as_of)
        found = _find_contract_item(portfolio, env, text, leading, 1, step, subject)
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
) -> _Found:
    reader = DueReader(portfolio, env.policy, env.as_of)
    contract = reader.one(no)
    candidates: dict[tuple[int, str], _Found] = {}
    for state in portfolio.values("item_state", "subject = ?", (subject,)):
        at = (state.cycle, state.step)
        candidates[at] = _Found(core.item_id(subject, *at), subject, state.account_no, *at)
    if contract is not None:
        planner = Planner(env.policy, work_calendar(portfolio, env.policy, env.as_of))
        maker = ContractAgenda(env.policy, planner, env.as_of)
        states = load_states(portfolio, [contract]).get(no, {})
        anchor_on, _ = anchor(contract.renewal_on, contract.auto_renew, contract.notice_days)
        for shown in planner.shown(maker.facts(contract, anchor_on)) if subject == str(no) else ():
            at = (contract.cycle, shown.step.step)
            if at not in candidates:
                candidates[at] = _Found(
                    core.item_id(subject, *at), subject, contract.account_no, *at, shown_by=shown.fact
                )
        for item in maker.items(contract, states, date.max):
            if item.subject != subject:
                continue
            for step_key in (item.task.step, *item.task.covers):
                covers = item.task.covers if step_key == item.task.step else ()
                candidates[item.cycle, step_key] = _Found(
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


def _open(portfolio: Portfolio, found: _Found) -> bool:
    state = portfolio.value(
        "SELECT state FROM item_state WHERE subject = ? AND cycle = ? AND step = ?",
        (found.subject, found.cycle, found.step),
    )
    return state in (None, "snoozed")
