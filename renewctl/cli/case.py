"""What commands on a case share: which one is meant, its rows to write, its way forward, how it is shown."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from renewctl.cli.contract import allowed, emit
from renewctl.cli.options import Env, say, today
from renewctl.core import case_file, case_report, cases, moments, save_clock
from renewctl.core.case_file import CaseFile
from renewctl.core.model import Change, Outcome, SaveCase
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.portfolio import Operation, Portfolio, utc_now
from renewctl.store.saves import find_case, load_files, zone_of
from renewctl.views import save as view

Work = Callable[["CaseDesk"], str]
"""Does something with a case and says what, a line each, for people and the operation log; "" for nothing."""


class CaseDesk:
    """One case inside the transaction that changes it."""

    def __init__(
        self, env: Env, portfolio: Portfolio, operation: Operation, file: CaseFile, at: str | None = None
    ) -> None:
        """`at`: the instant it happens, where it is known exactly."""
        self.env = env
        self.portfolio = portfolio
        self.operation = operation
        self.file = file
        self.zone = zone_of(env.policy)
        self.at = at or (utc_now() if env.as_of == today() else None)

    @property
    def round(self) -> int:
        """The current one."""
        return case_file.round_of(self.file.ledger)

    @property
    def begins_at(self) -> str:
        """The instant from which something that begins now counts: this one, or the hour the day starts."""
        return self.at or now(self.env)

    def recorder(self) -> cases.Recorder:
        """What makes the events of this command."""
        return cases.Recorder(self.portfolio.next_no("save_event"), self.env.as_of, None, self.env.actor)

    def note(self, kind: str, name: str, text: str | None = None, at: str | None = None) -> None:
        """Record an event of the case."""
        made, change = self.recorder().event(self.file.case, self.round, kind, name, text, at)
        self.operation.apply([change])
        self.file = cases.with_events(self.file, [made])

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply changes of the case and read it anew."""
        self.operation.apply(changes)
        self.reload()

    def reload(self) -> None:
        """The case as it now stands."""
        [case] = self.portfolio.values("save_case", "no = ?", (self.file.case.no,))
        [self.file] = load_files(self.portfolio, self.env.policy, self.env.as_of, [case])

    def forward(self) -> tuple[str, ...]:
        """Bring the case as far as its facts allow; the states it passed."""
        if not case_file.is_open(self.file.case):
            return ()
        before = len(self.file.ledger.events)
        self.file, changes = cases.forward(self.file, self.env.policy, self.zone, self.recorder())
        self.operation.apply(changes)
        return tuple(event.name for event in self.file.ledger.events[before:])

    def refresh(self) -> None:
        """Make what is kept of the account for speed anew."""
        from renewctl.store.agenda import refresh

        refresh(self.portfolio, self.env.policy, self.env.as_of, [self.file.case.account_no])


def look(
    env: Env, save: str, document: Callable[[CaseFile], dict[str, Any]], lines: Callable[[CaseFile], None]
) -> None:
    """Show something of a case as it stands, as JSON or as lines; nothing is changed."""
    with env.open() as portfolio:
        [file] = load_files(portfolio, env.policy, env.as_of, [find_case(portfolio, save)])
    if env.json:
        emit(document(file))
    else:
        lines(file)


def on_case(
    env: Env, save: str, words: str, work: Work, *, at: str | None = None, running: bool = True
) -> None:
    """Do something with a case in one transaction, bring it forward, and show what became of it.

    With `running` a case that has ended is refused.
    """
    with env.open() as portfolio:
        meant = find_case(portfolio, save)
        command = f"save {words} s{meant.no}"
        with portfolio.write(command, env.actor, env.as_of, dry_run=env.dry_run) as operation:
            [file] = load_files(portfolio, env.policy, env.as_of, [_again(portfolio, meant)])
            if running and not case_file.is_open(file.case):
                allowed(cases.closed_refusal(file.case))
            if env.as_of < file.case.flagged_on:
                raise RefusedByRule(
                    "not-yet",
                    f"save s{meant.no} was flagged on {file.case.flagged_on}, after {env.as_of}",
                    "leave out --as-of, or name a later day",
                )
            desk = CaseDesk(env, portfolio, operation, file, at)
            said = work(desk)
            passed = desk.forward() if said else ()
            if said:
                operation.summary = f"s{meant.no}: {said.replace(chr(10), '; ')}"
                desk.refresh()
    show(env, desk, said, passed)


def show(env: Env, desk: CaseDesk, said: str, passed: tuple[str, ...]) -> None:
    """What became of a case: a line or two, or the whole of it as JSON."""
    report = case_report.Report(desk.file, env.policy, desk.zone, env.as_of, env.now)
    if env.json:
        from renewctl.views.save_document import document

        emit({**document(report), "changed": bool(said) and not env.dry_run})
        return
    say(view.did(report, said, passed) + env.dry)


def _again(portfolio: Portfolio, meant: SaveCase) -> SaveCase:
    """A case as it stands inside the transaction."""
    found: list[SaveCase] = portfolio.values("save_case", "no = ?", (meant.no,))
    return found[0]


def lose(portfolio: Portfolio, operation: Operation, env: Env, case: SaveCase) -> None:
    """Close the open case of a customer whose last contract was lost."""
    [file] = load_files(portfolio, env.policy, env.as_of, [case])
    record = cases.Recorder(portfolio.next_no("save_event"), max(env.as_of, case.flagged_on), None, env.actor)
    operation.apply(allowed(cases.close(file, "lost", "the last contract was lost", env.policy, record)))


def committed(portfolio: Portfolio, operation: Operation, env: Env, case: SaveCase, outcome: Outcome) -> None:
    """SAV-6: a renewal that was won is the commitment that an open save needs."""
    [file] = load_files(portfolio, env.policy, env.as_of, [case])
    desk = CaseDesk(env, portfolio, operation, file)
    desk.note("evidence", "commitment", f"the renewal was signed on {outcome.closed_on}")
    desk.forward()


def instant(env: Env, given: str | None, option: str) -> str | None:
    """A moment given as an option, such as 2026-03-10T15:30 in the policy's time zone, as a UTC instant."""
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
        at = at.replace(tzinfo=zone_of(env.policy)) if at.tzinfo is None else at
        found = moments.stored(at.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            "bad-moment", f"{option} {given}: no moment", "write it as 2026-03-10T15:30"
        ) from error
    if "T" not in given:
        raise UsageError("bad-moment", f"{option} {given}: has no hour", "write it as 2026-03-10T15:30")
    if not _FIRST <= found < _LAST:
        raise UsageError("bad-moment", f"{option} {given}: out of range", "write it as 2026-03-10T15:30")
    later = env.now is not None and found > moments.stored(env.now)
    if later or moments.local_on(found, zone_of(env.policy)) > env.as_of:
        raise UsageError(
            "moment-in-the-future",
            f"{option} {given} is after {env.as_of}, the day reckoned from",
            "give the moment when it was",
        )
    return found


_FIRST, _LAST = "1900", "9000"  # years


def now(env: Env) -> str:
    """The instant that a command runs at: this one, or of another day the hour at which it starts."""
    return (
        utc_now() if env.as_of == today() else save_clock.clock(env.as_of, env.policy, zone_of(env.policy))[0]
    )
