"""The portfolio's schema, defined once, as SQLModel tables.

Commands of daily use never import this module: they run plain SQL over the DDL that
`python -m renewctl.store.tables` writes from it into `schema.sql`. A test regenerates that file.

Columns of an entity stand in the order of the fields of its value in `core.model`. Money is
BIGINT minor units, dates and instants are ISO text, yes/no is 0/1.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    DOUBLE_PRECISION,
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy import column as named
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = 4
# "rnwc" as a number: tells our file from any other SQLite file.
APPLICATION_ID = 0x726E7763

_BIG = BigInteger().with_variant(Integer, "sqlite")
_REAL: Any = REAL().with_variant(DOUBLE_PRECISION(), "postgresql")
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")  # bytes in order, as SQLite compares them
_STRICT = {"sqlite_strict": True}


def _key(**more: Any) -> Any:
    return Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False, **more))


def _text(null: bool = True, *constraints: Any, **more: Any) -> Any:
    return Field(sa_column=Column(_TEXT, *constraints, nullable=null, **more))


def _int(null: bool = True, *constraints: Any, **more: Any) -> Any:
    return Field(sa_column=Column(_BIG, *constraints, nullable=null, **more))


def _real(null: bool = True) -> Any:
    return Field(sa_column=Column(_REAL, nullable=null))


def _account() -> Any:
    return _int(False, ForeignKey("account.no"))


def _key_of(place: str) -> Any:
    """A key that is another table's."""
    return _int(False, ForeignKey(place), primary_key=True, autoincrement=False)


def _date(name: str) -> CheckConstraint:
    return CheckConstraint(f"length({name}) = 10", name=f"{name}_iso")


def _yes_no(name: str) -> CheckConstraint:
    return CheckConstraint(f"{name} IN (0, 1)", name=f"{name}_yes_no")


def _amounts(*names: str) -> CheckConstraint:
    """Amounts of which none stands without its currency."""
    some = f"COALESCE({', '.join(names)})"
    return CheckConstraint(f"currency IS NOT NULL OR {some} IS NULL", name="amounts_have_currency")


def _one_of(name: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{name} IN ({', '.join(repr(value) for value in values)})", name=f"{name}_known")


class Meta(SQLModel, table=True):
    """Facts about the portfolio itself, and caches small enough for one value."""

    key: str = _text(False, primary_key=True)
    value: str = _text(False)

    __table_args__ = (_STRICT,)


class Operation(SQLModel, table=True):
    """One command that changed something; append-only."""

    seq: int = _key()
    at: str = _text(False)  # UTC instant, always the real clock
    as_of: str = _text(False)
    actor: str = _text(False)
    command: str = _text(False)
    summary: str = _text(False)
    undoes: int | None = _int()  # the operation that this one takes back
    nonce: str | None = _text(True, unique=True)  # random; NULL once an erasure reached into the operation
    count: int = _int(False)  # change rows
    content: str = _text(False)  # digests: see chain.py
    previous: str = _text(False)
    digest: str = _text(False)

    __table_args__ = (_STRICT,)


class Change(SQLModel, table=True):
    """One row changed by an operation.

    A whole row (insert: `after`, delete: `before`) is a JSON array in column order; an update
    holds JSON objects of the columns that changed.
    """

    no: int = _key()
    op: int = _int(False)  # operation.seq; unchecked: a look-up for each row of an import
    entity: str = _text(False)
    key: str = _text(False)  # primary key values joined by "|"
    account_no: int | None = _int()
    before: str | None = _text()
    after: str | None = _text()

    __table_args__ = (
        CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="says_something"),
        Index("change_account", "account_no"),
        _STRICT,
    )


class Erasure(SQLModel, table=True):
    """See `portfolio.Erasure`: why an operation's rows digest to something else than they did."""

    no: int = _key()
    op: int = _int(False)  # operation.seq
    was: str = _text(False)
    now: str = _text(False)

    __table_args__ = (_STRICT,)


class Migration(SQLModel, table=True):
    """Schema versions this portfolio has had, each with the step that led there."""

    version: int = _key()
    name: str = _text(False)
    at: str = _text(False)

    __table_args__ = (_STRICT,)


class Account(SQLModel, table=True):
    """See `core.model.Account`."""

    no: int = _key()
    id: str = _text(False, unique=True)
    name: str = _text(False)
    search_name: str = _text(False)
    country: str | None = _text()
    status: str | None = _text()
    currency: str | None = _text()
    csm: str | None = _text()
    sales_owner: str | None = _text()
    specialist: str | None = _text()
    executive_sponsor: str | None = _text()
    industry: str | None = _text()
    strategic: int = _int(False)
    segment_override: str | None = _text()
    segment_reason: str | None = _text()
    expansion_minor: int | None = _int()
    target_arr_minor: int | None = _int()
    growth_rate: float | None = _real()
    seats_purchased: int | None = _int()
    seats_used: int | None = _int()
    champion: str | None = _text()
    champion_gone: int = _int(False)
    cancel_notice_on: str | None = _text()
    competitor: str | None = _text()
    last_contact_on: str | None = _text()
    ticket_severity: int | None = _int()
    ticket_severity_on: str | None = _text()
    early_on: str | None = _text()
    recorded_on: str = _text(False)
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (
        _yes_no("strategic"),
        _yes_no("champion_gone"),
        _date("cancel_notice_on"),
        _date("recorded_on"),
        CheckConstraint("length(id) > 0", name="id_given"),
        CheckConstraint("expansion_minor >= 0", name="expansion_not_negative"),
        Index("account_search", "search_name"),
        _STRICT,
    )


class Contract(SQLModel, table=True):
    """See `core.model.Contract`."""

    no: int = _key()
    id: str = _text(False, unique=True)
    account_no: int = _account()
    name: str | None = _text()
    arr_minor: int | None = _int()
    currency: str | None = _text()
    start_on: str | None = _text()
    renewal_on: str | None = _text()
    renewal_day: int | None = _int()
    term_months: int | None = _int()
    notice_days: int | None = _int()
    auto_renew: int | None = _int()
    payment_on_file: int | None = _int()
    stage: str = _text(False)
    state: str = _text(False)
    implied: int = _int(False)
    cycle: int = _int(False)
    planned_from_on: str = _text(False)
    won_on: str | None = _text()
    recorded_on: str = _text(False)
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (
        CheckConstraint("arr_minor >= 0", name="arr_not_negative"),
        CheckConstraint("arr_minor IS NULL OR currency IS NOT NULL", name="arr_has_currency"),
        CheckConstraint("renewal_on IS NULL OR renewal_day IS NOT NULL", name="renewal_has_day"),
        CheckConstraint("renewal_day BETWEEN 1 AND 31", name="renewal_day_in_month"),
        CheckConstraint("term_months > 0", name="term_positive"),
        CheckConstraint("notice_days >= 0", name="notice_not_negative"),
        CheckConstraint("cycle >= 1", name="cycle_positive"),
        _date("renewal_on"),
        _yes_no("auto_renew"),
        _yes_no("payment_on_file"),
        _yes_no("implied"),
        _one_of("state", "open", "lost", "superseded"),
        Index("contract_account", "account_no"),
        _STRICT,
    )


class HealthReading(SQLModel, table=True):
    """See `core.model.Reading`."""

    __tablename__ = "health_reading"
    account_no: int = _int(False, ForeignKey("account.no"), primary_key=True, autoincrement=False)
    read_on: str = _text(False, primary_key=True)
    usage_trend: float | None = _real()
    open_tickets: int | None = _int()
    csat: float | None = _real()
    nps: float | None = _real()
    engagement: float | None = _real()
    relationship: float | None = _real()
    score: float | None = _real()
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (_date("read_on"), {**_STRICT, "sqlite_with_rowid": False})


class Stakeholder(SQLModel, table=True):
    """See `core.model.Stakeholder`."""

    no: int = _key()
    account_no: int = _account()
    name: str = _text(False)
    email: str | None = _text()
    role: str | None = _text()
    influence: str | None = _text()
    sentiment: str | None = _text()
    last_contact_on: str | None = _text()
    thread_owner: str | None = _text()
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (Index("stakeholder_account", "account_no"), _STRICT)


class ValueMetric(SQLModel, table=True):
    """See `core.model.ValueMetric`."""

    __tablename__ = "value_metric"
    no: int = _key()
    account_no: int = _account()
    metric: str = _text(False)
    value: str | None = _text()
    unit: str | None = _text()
    period_start_on: str | None = _text()
    period_end_on: str | None = _text()
    baseline: str | None = _text()
    rate: str | None = _text()
    currency: str | None = _text()
    quote: str | None = _text()
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (Index("value_metric_account", "account_no"), _STRICT)


class Outcome(SQLModel, table=True):
    """See `core.model.Outcome`."""

    no: int = _key()
    account_no: int = _account()
    contract_no: int | None = _int(True, ForeignKey("contract.no"))
    cycle: int = _int(False)
    closed_on: str = _text(False)
    result: str = _text(False)
    renewal_on: str | None = _text()
    arr_before_minor: int | None = _int()
    arr_after_minor: int | None = _int()
    currency: str | None = _text()
    term_months: int | None = _int()
    reason: str | None = _text()
    competitor: str | None = _text()
    lost_on: str | None = _text()
    told_on: str | None = _text()
    source: str | None = _text()
    source_line: int | None = _int()

    __table_args__ = (
        _one_of("result", "won", "partial", "lost"),
        _date("closed_on"),
        Index("outcome_account", "account_no"),
        Index("outcome_contract", "contract_no"),
        _STRICT,
    )


class SaveCase(SQLModel, table=True):
    """See `core.model.SaveCase`."""

    __tablename__ = "save_case"
    no: int = _key()
    account_no: int = _account()
    contract_no: int | None = _int(True, ForeignKey("contract.no"))
    scenario: str = _text(False)
    state: str = _text(False)
    flagged_on: str = _text(False)
    flagged_at: str = _text(False)
    respond_by: str = _text(False)
    target_by: str | None = _text()
    owner: str | None = _text()
    reason: str | None = _text()
    playbook: str = _text(False)
    opened_on: str = _text(False)
    closed_on: str | None = _text()

    __table_args__ = (
        _date("flagged_on"),
        Index("save_case_account", "account_no"),
        Index("save_case_contract", "contract_no"),
        _STRICT,
    )


class ItemState(SQLModel, table=True):
    """See `core.model.ItemState`."""

    __tablename__ = "item_state"
    subject: str = _text(False, primary_key=True)
    account_no: int = _account()
    cycle: int = _int(False, primary_key=True, autoincrement=False)
    step: str = _text(False, primary_key=True)
    state: str = _text(False)
    set_on: str = _text(False)
    until_on: str | None = _text()
    reason: str | None = _text()
    minutes: int | None = _int()
    actor: str = _text(False)

    __table_args__ = (
        _one_of("state", "done", "skipped", "snoozed"),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        CheckConstraint("state != 'snoozed' OR until_on IS NOT NULL", name="snooze_ends"),
        Index("item_state_account", "account_no"),
        _STRICT,
    )


class Activity(SQLModel, table=True):
    """See `core.model.Activity`."""

    no: int = _key()
    account_no: int = _account()
    contract_no: int | None = _int(True, ForeignKey("contract.no"))
    happened_on: str = _text(False)
    kind: str = _text(False)
    text: str = _text(False)
    minutes: int | None = _int()
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        Index("activity_account", "account_no"),
        Index("activity_contract", "contract_no"),
        _STRICT,
    )


class Renewal(SQLModel, table=True):
    """See `core.model.Renewal`."""

    contract_no: int = _key_of("contract.no")
    cycle: int = _int(False, primary_key=True, autoincrement=False)
    account_no: int = _account()
    target_minor: int | None = _int()
    currency: str | None = _text()
    bundle: int | None = _int()
    kind: str | None = _text()
    uplift_minor: int | None = _int()
    expansion_minor: int | None = _int()
    successor_no: int | None = _int(True, ForeignKey("contract.no"))
    note: str | None = _text()

    __table_args__ = (
        CheckConstraint("cycle >= 1", name="cycle_positive"),
        CheckConstraint("target_minor >= 0", name="target_not_negative"),
        CheckConstraint("successor_no <> contract_no", name="successor_is_another"),
        _amounts("target_minor", "uplift_minor", "expansion_minor"),
        _yes_no("bundle"),
        _one_of("kind", "renewal", "early", "tacit", "extension", "co_term"),
        Index("renewal_account", "account_no"),
        Index("renewal_successor", "successor_no"),
        _STRICT,
    )


class Amendment(SQLModel, table=True):
    """See `core.model.Amendment`."""

    no: int = _key()
    account_no: int = _account()
    contract_no: int = _int(False, ForeignKey("contract.no"))
    cycle: int = _int(False)
    kind: str = _text(False)
    effective_on: str = _text(False)
    arr_before_minor: int | None = _int()
    arr_after_minor: int | None = _int()
    currency: str | None = _text()
    renewal_before_on: str | None = _text()
    renewal_after_on: str | None = _text()
    reason: str | None = _text()
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("cycle >= 1", name="cycle_positive"),
        CheckConstraint("arr_before_minor >= 0", name="arr_before_not_negative"),
        CheckConstraint("arr_after_minor >= 0", name="arr_after_not_negative"),
        _amounts("arr_before_minor", "arr_after_minor"),
        _one_of("kind", "amendment", "extension", "co_term"),
        _date("effective_on"),
        _date("renewal_before_on"),
        _date("renewal_after_on"),
        Index("amendment_account", "account_no"),
        Index("amendment_contract", "contract_no"),
        _STRICT,
    )


class HealthOverride(SQLModel, table=True):
    """See `core.model.HealthOverride`."""

    __tablename__ = "health_override"
    account_no: int = _key_of("account.no")
    score: float = _real(False)
    reason: str = _text(False)
    note: str | None = _text()
    set_on: str = _text(False)
    until_on: str = _text(False)
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 100", name="score_in_range"),
        CheckConstraint("until_on >= set_on", name="ends_after_it_begins"),
        _date("set_on"),
        _date("until_on"),
        _STRICT,
    )


class Assignment(SQLModel, table=True):
    """See `core.model.Assignment`."""

    subject: str = _text(False, primary_key=True)
    cycle: int = _int(False, primary_key=True, autoincrement=False)
    step: str = _text(False, primary_key=True)
    account_no: int = _account()
    person: str = _text(False)
    set_on: str = _text(False)
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("length(person) > 0", name="person_given"),
        _date("set_on"),
        Index("assignment_account", "account_no"),
        _STRICT,
    )


class Departure(SQLModel, table=True):
    """See `core.model.Departure`."""

    stakeholder_no: int = _key_of("stakeholder.no")
    account_no: int = _account()
    left_on: str = _text(False)
    note: str | None = _text()

    __table_args__ = (_date("left_on"), Index("departure_account", "account_no"), _STRICT)


class SaveEvent(SQLModel, table=True):
    """See `core.model.SaveEvent`."""

    __tablename__ = "save_event"
    no: int = _key()
    account_no: int = _account()
    save_no: int = _int(False, ForeignKey("save_case.no"))
    round: int = _int(False)
    kind: str = _text(False)
    name: str = _text(False)
    text: str | None = _text()
    happened_on: str = _text(False)
    happened_at: str | None = _text()
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("round >= 1", name="round_positive"),
        _date("happened_on"),
        Index("save_event_account", "account_no"),
        Index("save_event_save", "save_no"),
        _STRICT,
    )


class Promise(SQLModel, table=True):
    """See `core.model.Promise`."""

    no: int = _key()
    account_no: int = _account()
    save_no: int | None = _int(True, ForeignKey("save_case.no"))
    text: str = _text(False)
    to_whom: str | None = _text()
    due_on: str = _text(False)
    owner: str = _text(False)
    chain: str | None = _text()
    after_no: int | None = _int(True, ForeignKey("promise.no"))
    made_on: str = _text(False)
    state: str = _text(False)
    settled_on: str | None = _text()
    evidence: str | None = _text()
    replaces_no: int | None = _int(True, ForeignKey("promise.no"))
    actor: str = _text(False)

    __table_args__ = (
        _one_of("state", "open", "kept", "broken", "withdrawn"),
        CheckConstraint("length(text) > 0", name="text_given"),
        CheckConstraint("length(owner) > 0", name="owner_given"),
        CheckConstraint("(state = 'open') = (settled_on IS NULL)", name="settled_when_not_open"),
        _date("due_on"),
        _date("made_on"),
        _date("settled_on"),
        Index("promise_account", "account_no"),
        Index("promise_after", "after_no"),
        Index("promise_replaces", "replaces_no"),
        Index("promise_save", "save_no"),
        Index("promise_open", "state", "due_on"),
        _STRICT,
    )


class Offer(SQLModel, table=True):
    """See `core.model.Offer`."""

    no: int = _key()
    account_no: int = _account()
    save_no: int | None = _int(True, ForeignKey("save_case.no"))
    contract_no: int | None = _int(True, ForeignKey("contract.no"))
    instrument: str = _text(False)
    terms: str = _text(False)
    root_cause: str | None = _text()
    condition: str | None = _text()
    from_on: str = _text(False)
    until_on: str | None = _text()
    currency: str | None = _text()
    arr_minor: int | None = _int()
    kept_minor: int | None = _int()
    cost_minor: int | None = _int()
    later_minor: int | None = _int()
    discount_pct: str | None = _text()
    state: str = _text(False)
    needs_role: str | None = _text()
    asked_on: str = _text(False)
    asked_by: str = _text(False)
    decided_on: str | None = _text()
    decided_by: str | None = _text()
    note: str | None = _text()

    __table_args__ = (
        _one_of("state", "pending", "approved", "refused", "accepted", "declined", "withdrawn"),
        _amounts("arr_minor", "kept_minor", "cost_minor", "later_minor"),
        _date("from_on"),
        _date("until_on"),
        _date("asked_on"),
        _date("decided_on"),
        Index("offer_account", "account_no"),
        Index("offer_contract", "contract_no"),
        Index("offer_save", "save_no"),
        _STRICT,
    )


class ServiceLevel(SQLModel, table=True):
    """See `core.model.ServiceLevel`."""

    __tablename__ = "service_level"
    no: int = _key()
    account_no: int = _account()
    save_no: int | None = _int(True, ForeignKey("save_case.no"))
    name: str = _text(False)
    text: str = _text(False)
    respond_minutes: int | None = _int()
    every_days: int | None = _int()
    from_on: str = _text(False)
    until_on: str | None = _text()
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("respond_minutes > 0", name="respond_positive"),
        CheckConstraint("every_days > 0", name="every_positive"),
        _date("from_on"),
        _date("until_on"),
        Index("service_level_account", "account_no"),
        Index("service_level_save", "save_no"),
        _STRICT,
    )


class ServiceResponse(SQLModel, table=True):
    """See `core.model.ServiceResponse`."""

    __tablename__ = "service_response"
    no: int = _key()
    account_no: int = _account()
    level_no: int = _int(False, ForeignKey("service_level.no"))
    asked_at: str = _text(False)
    answered_at: str | None = _text()
    note: str | None = _text()
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("answered_at >= asked_at", name="answered_after_asked"),
        Index("service_response_account", "account_no"),
        Index("service_response_level", "level_no"),
        _STRICT,
    )


class Worth(SQLModel, table=True):
    """See `core.model.Worth`."""

    no: int = _key()
    account_no: int = _account()
    save_no: int = _int(False, ForeignKey("save_case.no"))
    minutes: int = _int(False)
    rate_minor: int | None = _int()
    concession_minor: int = _int(False)
    chance_pct: str = _text(False)
    years: int = _int(False)
    arr_minor: int | None = _int()
    currency: str = _text(False)
    decision: str = _text(False)
    reason: str = _text(False)
    decided_on: str = _text(False)
    actor: str = _text(False)

    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        CheckConstraint("concession_minor >= 0", name="concession_not_negative"),
        CheckConstraint("years >= 1", name="years_positive"),
        _one_of("decision", "fight", "let_go"),
        _date("decided_on"),
        Index("worth_account", "account_no"),
        Index("worth_save", "save_no"),
        _STRICT,
    )


class Pin(SQLModel, table=True):
    """A field a person or a closing set by hand, with what the source said at that moment.

    An import leaves a pinned field alone while its source cell still reads `source_value` (JSON);
    a cell that changed wins, unpins, and is reported. Of a health reading `row_no` is the account's number:
    an input is pinned whatever the day.
    """

    entity: str = _text(False, primary_key=True)
    row_no: int = _int(False, primary_key=True, autoincrement=False)
    field: str = _text(False, primary_key=True)
    source_value: str = _text(False)

    __table_args__ = (_STRICT,)


class Source(SQLModel, table=True):
    """A file that was imported, so that the same one again, or mostly the same, costs little."""

    no: int = _key()
    file: str = _text(False)
    kind: str = _text(False)
    digest: str = _text(False)  # sha256 of the bytes
    salt: str = _text(False)  # what else decides its meaning: heading, mapping, options, schema, policy
    rows: int = _int(False)
    imported_on: str = _text(False)
    head: str = _text(False)
    lines: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    checksum: str = _text(False)  # of the columns above: a memory that was altered is no memory

    __table_args__ = (Index("source_salt", "salt"), _STRICT)


class Agenda(SQLModel, table=True):
    """Where each open contract stands in the order of what falls due; kept for speed, never the truth.

    `next_due_on` is a lower bound of the day its next item falls due, whatever its health becomes.
    """

    contract_no: int = _key()  # unchecked: a cache may be wrong, and is then made anew
    next_due_on: str = _text(False)
    renewal_on: str = _text(False)
    arr_rank: int = _int(False)  # ascending = larger ARR first, unknown last
    contract_id: str = _text(False)
    deadline_on: str | None = _text()  # an open opt-out deadline, of contracts that renew tacitly
    alone: int = _int(False)  # 1: the account's only open contract

    __table_args__ = (
        Index(
            "agenda_deadline",
            "deadline_on",
            sqlite_where=named("deadline_on").isnot(None),
            postgresql_where=named("deadline_on").isnot(None),
        ),
        Index("agenda_next", "next_due_on", "renewal_on", "arr_rank", "contract_id"),
        Index("agenda_renewal", "renewal_on"),
        _STRICT,
    )


_DIALECTS = {"schema.sql": sqlite.dialect(), "schema_postgres.sql": postgresql.dialect()}  # type: ignore[no-untyped-call]


def ddl(name: str) -> str:
    """Every statement that makes an empty portfolio, in dependency order, as the file `name` holds them."""
    statements = []
    for table in SQLModel.metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=_DIALECTS[name])).strip())
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [str(CreateIndex(index).compile(dialect=_DIALECTS[name])).strip() for index in indexes]
    lines = (line.rstrip() for line in ";\n".join(statements).splitlines())
    return (
        "-- Generated by `python -m renewctl.store.tables`; edit tables.py instead.\n"
        + "\n".join(lines)
        + ";\n"
    )


def write() -> None:
    """Write both schemas beside this file."""
    for name in _DIALECTS:
        Path(__file__).with_name(name).write_text(ddl(name), encoding="utf-8")


if __name__ == "__main__":
    write()
