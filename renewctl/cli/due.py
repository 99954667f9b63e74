"""`due`: the agenda, and the reading of it that other commands make too."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from renewctl.cli.options import AsKnownOn, Env, command, owned_by, say
from renewctl.core import due as core
from renewctl.core.agenda import ContractAgenda
from renewctl.core.due import DueContract, Item
from renewctl.core.model import ItemState
from renewctl.core.policy import SEGMENTS
from renewctl.core.segment import in_force
from renewctl.core.timeline import Planner
from renewctl.errors import UsageError
from renewctl.store.agenda import load_given, load_states, work_calendar
from renewctl.store.due import DueReader, DueRow
from renewctl.store.portfolio import Portfolio
from renewctl.views import due as view
from renewctl.views.due import Agenda, Renewals
from renewctl.views.terminal import is_terminal

# On a terminal, what fits a person's morning; and from how many contracts on counting the rest is not free.
_PAGE = 40
_COUNTED = 30_000


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
        wanted = Wanted(env.as_of, until, owned_by(env, portfolio, owner), segment, channel)
        reading = Reading(portfolio, env, wanted)
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


class Wanted:
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


class Reading:
    """Turns contracts and saves into one agenda: whole, or only its first page."""

    def __init__(self, portfolio: Portfolio, env: Env, wanted: Wanted) -> None:
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
            items = self.page(limit + 1)
            more = None if len(items) > limit else 0
            return Agenda(self.wanted.as_of, days, items[:limit], more, None, (), base)
        items, contracts = self.all()
        shown = items[:limit] if limit else items
        more = len(items) - len(shown)
        if not whole:
            nameless = () if limit else self._unplanned()
            return Agenda(self.wanted.as_of, days, shown, more, None, nameless, base)
        counts, renewals = Counter(item.status for item in items), self._renewals(contracts)
        problems = [*_problems(items, contracts), *self._unplanned(), *self._flagged(contracts)]
        return Agenda(self.wanted.as_of, days, shown, more, renewals, problems, base, counts)

    def all(self) -> tuple[list[Item], list[DueContract]]:
        """Every item that was asked for, in order, and the contracts they were looked for in."""
        wanted = self.wanted
        contracts = self.reader.all(wanted.until, owner=wanted.owner)
        items = self.items(contracts) + self._saves()
        if wanted.filtered:
            items = [item for item in items if wanted.takes(item)]
        return core.in_order(items), contracts

    def items(self, contracts: Sequence[DueContract]) -> list[Item]:
        """What these contracts owe up to the last day asked about, whoever owns it."""
        states, given = load_states(self.portfolio, contracts), load_given(self.portfolio, contracts)
        none: dict[str, ItemState] = {}
        nobody: dict[str, str] = {}
        made, until = self.maker.items, self.wanted.until
        pilot = self.policy.pilot
        return [
            item
            for each in contracts
            if pilot is None or each.segment == pilot
            for item in made(each, states.get(each.no, none), until, given.get(each.no, nobody))
        ]

    def _saves(self) -> list[Item]:
        owing = "SELECT 1 FROM save_case WHERE state NOT IN ('lost', 'let_go') LIMIT 1"
        if not self.portfolio.value(owing):
            return []
        from renewctl.store.saves import due_items

        return due_items(self.portfolio, self.policy, self.wanted.as_of, self.wanted.until)

    def page(self, count: int) -> list[Item]:
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
            found += [item for item in self.items([row.contract for row in rows]) if item.rank == rank]
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
