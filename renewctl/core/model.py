"""The field's nouns as frozen values.

Every value is a NamedTuple: immutable, hashable, and cheap enough to define and to make that the
daily commands can afford them. The order of fields of `Account`, `Contract` and the other stored
values is the order of columns in the store, so a row becomes a value without a mapping between.

Units: `_minor` is an integer of the currency's minor units (cents); `_on` a calendar date; `_at`
an ISO 8601 UTC instant as text; `_days`, `_months`, `_minutes` integers. `None` means unknown.
"""

from datetime import date
from typing import Any, NamedTuple


class Because(NamedTuple):
    """One reason behind a decision: which rule, what was seen, what it was held against."""

    rule: str  # a rule id of policies/rules.toml, such as "SEG-1"
    observed: str
    threshold: str


class Verdict(NamedTuple):
    """A decision with its reasons; `value` is None where the facts do not allow one."""

    value: str | None
    because: tuple[Because, ...]


class Problem(NamedTuple):
    """Something wrong in input that does not stop the command."""

    file: str
    line: int  # physical line on which the record begins; 0 when it concerns the file
    column: str
    code: str  # kebab-case
    value: str
    message: str


class Account(NamedTuple):
    """A customer. `no` is the portfolio's own number, `id` the customer's own key."""

    no: int
    id: str
    name: str
    search_name: str  # accent-folded, lower case: what name lookups compare
    country: str | None
    status: str | None  # as imported; see `in_force` in core.segment for what it decides
    currency: str | None
    csm: str | None
    sales_owner: str | None
    specialist: str | None
    executive_sponsor: str | None
    industry: str | None
    strategic: int  # 0/1
    segment_override: str | None
    segment_reason: str | None
    expansion_minor: int | None
    target_arr_minor: int | None
    growth_rate: float | None  # fraction of 1 per year
    seats_purchased: int | None
    seats_used: int | None
    champion: str | None  # name; "gone" is champion_gone
    champion_gone: int  # 0/1
    cancel_notice_on: date | None
    competitor: str | None
    last_contact_on: date | None
    ticket_severity: int | None  # 1 is the worst
    ticket_severity_on: date | None  # since when that severity stands
    early_on: date | None  # the day an early renewal was decided (OPP-4)
    recorded_on: date  # first import or entry
    source: str | None  # file it last came from
    source_line: int | None


class Contract(NamedTuple):
    """One renewal: dates and terms. A simple accounts file gives one `implied` contract each."""

    no: int
    id: str
    account_no: int
    name: str | None
    arr_minor: int | None
    currency: str | None
    start_on: date | None
    renewal_on: date | None
    renewal_day: int | None  # day of month the cycle keeps (31 in a month of 30 is its last day)
    term_months: int | None
    notice_days: int | None
    auto_renew: int | None  # 0/1, None unknown
    payment_on_file: int | None  # 0/1, None unknown
    stage: str  # TRK
    # open | lost | superseded: an implied contract replaced by imported ones, or one that another succeeded
    state: str
    implied: int  # 0/1
    cycle: int  # 1 for the first renewal seen, +1 with each `won`
    planned_from_on: date  # steps due before this day collapse into one catch-up (TML-1)
    won_on: date | None  # when the previous cycle was won; starts its after-signature steps
    recorded_on: date
    source: str | None
    source_line: int | None


class Reading(NamedTuple):
    """Health inputs seen on one day; blanks are inputs not read that day."""

    account_no: int
    read_on: date
    usage_trend: float | None  # % over 90 days
    open_tickets: int | None
    csat: float | None  # 1–5
    nps: float | None  # -100–100
    engagement: float | None  # 0–100
    relationship: float | None  # 0–100
    score: float | None  # an imported score, wins over the mix
    source: str | None
    source_line: int | None


class Stakeholder(NamedTuple):
    """A person at the customer (STK-1)."""

    no: int
    account_no: int
    name: str
    email: str | None
    role: str | None  # user champion economic_buyer decision_maker technical_buyer legal_procurement
    influence: str | None
    sentiment: str | None
    last_contact_on: date | None
    thread_owner: str | None
    source: str | None
    source_line: int | None


class ValueMetric(NamedTuple):
    """One measured benefit; `value`, `baseline` and `rate` are decimals as text."""

    no: int
    account_no: int
    metric: str
    value: str | None
    unit: str | None
    period_start_on: date | None
    period_end_on: date | None
    baseline: str | None
    rate: str | None
    currency: str | None
    quote: str | None
    source: str | None
    source_line: int | None


class Outcome(NamedTuple):
    """How one renewal ended."""

    no: int
    account_no: int
    contract_no: int | None
    cycle: int
    closed_on: date
    result: str  # won | partial | lost
    renewal_on: date | None  # the date that was due
    arr_before_minor: int | None
    arr_after_minor: int | None
    currency: str | None
    term_months: int | None
    reason: str | None
    competitor: str | None
    lost_on: date | None
    told_on: date | None
    source: str | None
    source_line: int | None


OPEN_SAVES = ("detected", "contacted", "diagnosed", "planned", "executing", "stabilised")
KEPT_SAVES = ("saved", "partly_saved")  # states of a save that ended with the customer staying
NOT_KEPT = ("lost", "let_go")  # ends after which nothing is owed to the customer any more
CLOSED_SAVES = (*KEPT_SAVES, *NOT_KEPT)


class SaveCase(NamedTuple):
    """A running or ended save. Its steps are computed from the playbook and the flag."""

    no: int
    account_no: int
    contract_no: int | None
    scenario: str
    state: str  # detected … saved | partly_saved | lost | let_go
    flagged_on: date
    flagged_at: str  # aware UTC instant the clock runs from
    respond_by: str  # aware UTC instant, 48 h after
    target_by: str | None  # the 24 h target of enterprise and cancel notices
    owner: str | None
    reason: str | None
    playbook: str  # playbook version (a short digest) the case was opened with
    opened_on: date
    closed_on: date | None


class ItemState(NamedTuple):
    """What was done with one planned step.

    `subject` is a contract's no, `s` + a save's no, or `a` + an account's no (recurring value work, VAL).
    """

    subject: str
    account_no: int
    cycle: int
    step: str
    state: str  # done | skipped | snoozed
    set_on: date
    until_on: date | None
    reason: str | None
    minutes: int | None
    actor: str


class Activity(NamedTuple):
    """Something that happened with an account, and the time it took."""

    no: int
    account_no: int
    contract_no: int | None
    happened_on: date
    kind: str  # call | email | meeting | reply | note | step | stage | proposal | value | draft | contract
    text: str
    minutes: int | None
    actor: str


class Renewal(NamedTuple):
    """What is decided or agreed for one renewal, beside its outcome (TRK)."""

    contract_no: int
    cycle: int
    account_no: int
    target_minor: int | None  # ARR aimed for
    currency: str | None  # of the amounts here
    bundle: int | None  # 0/1: expansion goes with the renewal (BND-1); None: the rules decide
    kind: str | None  # renewal | early | tacit | extension | co_term
    uplift_minor: int | None  # part of the new ARR that is a price rise on the same units
    expansion_minor: int | None  # part of it that is more units or products
    successor_no: int | None  # contract that replaces this one
    note: str | None


class Amendment(NamedTuple):
    """A change of a contract inside its term (TERMS)."""

    no: int
    account_no: int
    contract_no: int
    cycle: int  # the one it was made in
    kind: str  # amendment | extension | co_term
    effective_on: date
    arr_before_minor: int | None
    arr_after_minor: int | None
    currency: str | None
    renewal_before_on: date | None
    renewal_after_on: date | None
    reason: str | None
    actor: str


class HealthOverride(NamedTuple):
    """A score a person sets over the computed one, with a reason, until a day (HLT-2)."""

    account_no: int
    score: float  # 0–100
    reason: str  # a code of the policy's `health.override_reasons`
    note: str | None
    set_on: date
    until_on: date  # the last day it holds
    actor: str


class Assignment(NamedTuple):
    """A step that was given to somebody by hand, over what the rules say (OWN-3)."""

    subject: str  # as of `ItemState`
    cycle: int
    step: str
    account_no: int
    person: str  # one of us
    set_on: date
    actor: str


class Departure(NamedTuple):
    """A stakeholder who left the customer."""

    stakeholder_no: int
    account_no: int
    left_on: date
    note: str | None


class SaveEvent(NamedTuple):
    """Something that was found out, decided or reached on a save."""

    no: int
    account_no: int
    save_no: int
    round: int  # 1, and one more each time the customer relapsed
    kind: str  # of SAVE_EVENTS
    name: str  # the state reached, the question answered, the role filled …
    text: str | None
    happened_on: date
    happened_at: str | None  # UTC instant, where the hour is known
    actor: str


SAVE_EVENTS = (
    "state",  # name: the state reached; text: what showed it
    "scenario",  # name: the playbook from here on; text: why
    "reopened",  # text: how they relapsed
    "why",  # name: 1 to 5, enough, stay; text: the answer, why no more, why the playbook stays
    "cause",  # name: code of the root cause; text: in words
    "finding",  # name: key of the question; text: the answer
    "evidence",  # name: which of the four of SAV-6; text: what shows it
    "team",  # name: role; text: person
    "contact",  # the first call, with its hour
    "blocker",  # name: set | cleared
    "decision",  # name: asked | taken
    "paper",  # name: kind of paper; text: language
)


class Promise(NamedTuple):
    """Something promised to a customer, with its day and its one owner (SAV-9)."""

    no: int
    account_no: int
    save_no: int | None
    text: str
    to_whom: str | None
    due_on: date
    owner: str
    chain: str | None  # what the steps of one fix have in common (build, QA, beta, release)
    after_no: int | None  # the promise of the chain before it
    made_on: date
    state: str  # open | kept | broken | withdrawn
    settled_on: date | None
    evidence: str | None  # what shows that it was kept, or why it was not
    replaces_no: int | None  # the broken promise that it makes good
    actor: str


class Offer(NamedTuple):
    """A concession to keep a customer, with what it answers, asks for and ends on (SAV-4)."""

    no: int
    account_no: int
    save_no: int | None
    contract_no: int | None
    instrument: str
    terms: str  # its parameters, as canonical JSON
    root_cause: str | None
    condition: str | None  # what the customer gives
    from_on: date
    until_on: date | None
    currency: str | None
    arr_minor: int | None  # before, per year
    kept_minor: int | None  # ARR in force at the end of the offer
    cost_minor: int | None  # conceded over the term
    later_minor: int | None  # of what was conceded or cut, what comes back per year afterwards
    discount_pct: str | None  # the percentage that the approval ladder counts, as a decimal
    state: str  # pending | approved | refused | accepted | declined | withdrawn
    needs_role: str | None  # who has to approve it
    asked_on: date
    asked_by: str
    decided_on: date | None
    decided_by: str | None
    note: str | None


class ServiceLevel(NamedTuple):
    """A service level given in writing (SAV-R): a time to answer in, or a meeting every so many days."""

    no: int
    account_no: int
    save_no: int | None
    name: str
    text: str
    respond_minutes: int | None
    every_days: int | None
    from_on: date
    until_on: date | None
    actor: str


class ServiceResponse(NamedTuple):
    """One time a service level was called upon, and when it was answered."""

    no: int
    account_no: int
    level_no: int
    asked_at: str  # UTC instant
    answered_at: str | None
    note: str | None
    actor: str


class Worth(NamedTuple):
    """One decision to fight for a customer or to let it go, with what it was reckoned from (OPP-3)."""

    no: int
    account_no: int
    save_no: int
    minutes: int  # of work the save will take
    rate_minor: int | None  # what an hour of it costs
    concession_minor: int  # what is likely to be conceded, over the years reckoned
    chance_pct: str  # of keeping it, as a decimal
    years: int
    arr_minor: int | None
    currency: str
    decision: str  # fight | let_go
    reason: str
    decided_on: date
    actor: str


class Ledger(NamedTuple):
    """Everything on record of one save beside its steps; each ordered by number."""

    events: tuple[SaveEvent, ...] = ()
    promises: tuple[Promise, ...] = ()
    offers: tuple[Offer, ...] = ()
    levels: tuple[ServiceLevel, ...] = ()
    responses: tuple[ServiceResponse, ...] = ()
    worths: tuple[Worth, ...] = ()


class Change(NamedTuple):
    """One row to insert, update or delete. Only the store applies it, and logs it as it does.

    `entity` is a stored noun, `key` its primary key; `before` is None for an insert, `after` None
    for a delete; an update carries only the columns that change.
    """

    entity: str
    key: tuple[Any, ...]
    account_no: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
