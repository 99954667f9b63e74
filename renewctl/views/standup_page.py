"""The stand-up as a page to put on a wall or in a call: text written for the reader's language."""

from collections.abc import Callable
from typing import NamedTuple

from renewctl.core import moments
from renewctl.core.policy import Policy
from renewctl.core.standup import Row, Standup
from renewctl.views.papers import Supplier
from renewctl.views.wording import Writer


class Line(NamedTuple):
    """One save on the page. Blank where there is nothing to say."""

    save: str
    account: str
    scenario: str  # the playbook's title
    state: str  # a word the template translates
    owner: str
    clock: str  # running | late | answered
    hours: str
    arr: str | None
    step: str | None
    step_on: str | None
    step_owner: str | None
    item: str | None
    promise: str | None
    promise_on: str | None
    promise_owner: str | None
    promise_state: str | None
    blocker: str | None
    decision: str | None


class StandupPage(NamedTuple):
    """Everything the page prints."""

    customer: str  # the layout's title: the day
    supplier: Supplier
    author: str | None
    date: str
    saves: int
    late: int
    missed: int
    decisions: int
    arr: str
    unknown: int
    lines: tuple[Line, ...]


def page(day: Standup, policy: Policy, lang: str, said: Callable[[str], str]) -> StandupPage:
    """The stand-up as a page; `said` puts titles of playbooks and steps into that language."""
    write = Writer(lang)
    supplier = policy.raw["supplier"]
    return StandupPage(
        write.day(day.as_of),
        Supplier(supplier["name"] or None, supplier["address"] or None, supplier["contact"] or None),
        None,
        write.day(day.as_of),
        len(day.rows),
        day.late,
        day.missed,
        day.decisions,
        write.money(day.arr_base_minor, policy.base_currency),
        day.unknown_arr,
        tuple(_line(row, policy, write, said) for row in day.rows),
    )


def _line(row: Row, policy: Policy, write: Writer, said: Callable[[str], str]) -> Line:
    report, step = row.report, row.step
    arr = report.file.renewal.arr_base_minor
    found = row.promise
    subject = report.file.renewal.subject
    return Line(
        subject,
        report.file.account.name,
        said(report.book.title),
        report.file.case.state,
        report.file.case.owner or "",
        report.clock.state,
        moments.span(report.clock.hours_left),
        None if arr is None else write.money(arr, policy.base_currency),
        None if step is None else said(step.title),
        None if step is None else write.short_day(step.due_on),
        None if step is None else step.owner,
        None if step is None else report.file.item(step.step),
        None if found is None else found.promise.text,
        None if found is None else write.short_day(found.promise.due_on),
        None if found is None else found.promise.owner,
        None if found is None else found.state,
        row.blocker or (", ".join(row.waits_for) or None),
        row.decision,
    )
