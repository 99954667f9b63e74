"""The policy: every threshold, weight, step and text as frozen values, read from data.

`Policy(raw)` takes the merged tables of the shipped TOML files and a user's overlay, already
checked (see `core.policy_check`); sections are built when first asked for, so that a command pays
only for what it uses. Amounts in the data are base-currency units; here they are minor units.
"""

from datetime import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from renewctl.core import money

if TYPE_CHECKING:  # fractions bring decimal along, which few commands need
    from fractions import Fraction

SEGMENTS = ("enterprise", "mid_market", "smb")
PAPERS = ("proposal", "value")  # documents that complete a step once they are rendered
SAVE_PAPERS = (  # documents of a save (SAV-5)
    "save-plan",
    "acknowledgement",
    "commitment-letter",
    "weekly-update",
    "roi-sheet",
    "executive-briefing",
    "battle-card",
    "options-sheet",
)
SCENARIOS = ("product", "value", "relationship", "budget", "competitive", "champion_departure")


class Segment(NamedTuple):
    """SEG: a band of ARR, with the effort and lead time it deserves."""

    name: str
    at_least_minor: int
    starts_days: tuple[int, int]
    effort_hours: tuple[int, int]
    warn_hours: int


class OverrideRules(NamedTuple):
    """SEG-1: when another segment is suggested, in percent."""

    near_pct: int  # of the upper threshold, from here the upper segment
    large_pct: int  # of the ARR, at least this much expansion in sight
    over_pct: int  # of the upper threshold, up to here the segment below
    quiet_cycles: int  # in this cycle or later, unchanged


class Step(NamedTuple):
    """TML, REM: one action of a renewal, counted in days before the anchor or after a trigger."""

    step: str  # key, unique within the segment
    title: str
    days: int | None  # before the anchor; None when `trigger` is set
    trigger: str | None  # "won"
    after_days: int  # days after the trigger
    channel: str  # internal | customer
    role: str  # owner, or a role of the team: csm, manager, sales, legal …
    kind: str  # timeline | reminder
    purpose: str  # see core.policy_schema.PURPOSES
    rule: str
    min_arr_minor: int | None  # only from this ARR on
    when: tuple[str, ...]  # conditions that must all hold, see core.timeline.conditions
    place: int  # in the order of the file
    hours: float = 0.0  # what it usually takes (SEG-2)
    done_when: str = ""  # how to tell that it is done
    auto: bool = False  # nobody needs to do anything by hand (REM-X)
    template: str = ""  # what it sends or shows: a document, or a mail- of `draft`
    after: tuple[str, ...] = ()  # steps of the segment it builds on
    done_by: tuple[str, ...] = ()  # facts that close it: "stage:…", "paper:…", "reply"
    to: tuple[str, ...] = ()  # STK-1 roles it is addressed to, in order


class Cadence(NamedTuple):
    """VAL: work that comes back all year, once in every period of so many calendar months."""

    name: str  # such as qbr
    title: str
    every_months: int  # periods of the calendar year: 1, 2, 3, 4, 6 or 12
    channel: str
    role: str
    hours: float
    done_when: str
    auto: bool
    template: str
    to: tuple[str, ...]
    rule: str
    place: int  # in the order of the file, behind the steps of the timeline


class SegmentHealth(NamedTuple):
    """HLT-1, HLT-2: what one segment weighs by, and where its bands begin."""

    weights: dict[str, int]
    green: float
    yellow: float


class AgeBands(NamedTuple):
    """HLT-1: where the bands begin for accounts younger than so many days."""

    below_days: int
    green: float
    yellow: float


class HealthRules(NamedTuple):
    """HLT: weights, scales, bands, caps and how readings fade."""

    weights: dict[str, int]  # usage, engagement, relationship, tickets, nps (NPS and/or CSAT)
    usage_points: tuple[tuple[float, float], ...]  # (usage_trend, score), ascending, linear between
    ticket_points: float  # lost per open ticket
    green: float
    yellow: float
    caps: dict[str, float]  # cancel_notice, champion_gone, competitor, severity_one
    severity_days: int  # a severity-1 open longer than this caps
    least_weight: float  # share of the weight below which there is no band
    guard_score: float  # HLT-5
    guard_engagement: float
    fade_after_days: int
    fade_over_days: int
    neutral: float
    segments: dict[str, SegmentHealth]  # those that differ
    ages: tuple[AgeBands, ...]  # youngest first; the first that fits wins over the segment's bands


class HealthWork(NamedTuple):
    """HLT-3 and what is made of scores over time."""

    flag_below: float  # a score under this flags the renewal
    drop_points: float  # and so does a loss of so many points …
    drop_days: int  # … within so many days
    scenarios: dict[str, str]  # input -> the save scenario it speaks for
    trend_days: int  # how far back a trend looks
    trend_least_days: int  # from scores that lie at least so far apart
    trend_flat: float  # points per 30 days, either way, that are no trend
    override_max_days: int
    override_reasons: dict[str, str]  # code -> text
    check_near_days: int  # before the renewal: scores are judged by what they were from `far` to `near`
    check_far_days: int
    check_losses: int  # under so many losses there is no signal


class OpportunityRules(NamedTuple):
    """OPP: what counts as expansion."""

    seats_share: float
    growth: float


class TouchRules(NamedTuple):
    """TCH: what may run on automation or light touch."""

    auto_relationship: float
    assisted_below_minor: int
    many_by_hand: int  # warn from this many SMB renewals run by hand


class OwnerRule(NamedTuple):
    """OWN-2: the first rule of the model that matches names the owner's role."""

    name: str
    order: int
    below_minor: int | None  # ARR below this; None matches every ARR
    role: str  # specialist | csm | sales
    needs_volume: bool  # OWN-1: only with enough renewals a quarter, or the person named


class OwnershipRules(NamedTuple):
    """OWN: the model in force and what is written about it."""

    model: str  # specialist | csm | sales | hybrid
    rules: tuple[OwnerRule, ...]
    volume_per_quarter: int
    sales_engages: str
    leads_communication: str
    revenue_credit: str
    disagreement: str


class AgendaRules(NamedTuple):
    """Late starts and deadlines (TML-1, DEFAULTS)."""

    catch_up_days: int
    catch_up_order: tuple[str, ...]  # purposes
    drop_purposes: tuple[str, ...]  # dropped from a catch-up when few days remain
    drop_below_days: int
    deadline_days: int  # an opt-out deadline this near comes first
    deadline_shown_days: int  # and is listed from this many days before it
    notice_days: tuple[int, ...]  # days before it on which it is an item of its own, the first first
    stale_days: int  # what was done with a step longer before its day says nothing of it
    value_pause_days: int  # from here to the renewal its own steps take the place of VAL's
    squeezed: dict[str, int]  # segment -> days under which a late start often slips


class Question(NamedTuple):
    """SAV-5: what an investigation must find out; conditions of other steps hang on the answer."""

    key: str  # unique within the playbook
    text: str
    answers: tuple[str, ...]  # to choose from; none: in the finder's own words


class RootCause(NamedTuple):
    """SAV-2: where the whys of a scenario usually end."""

    text: str
    scenario: str  # the playbook that answers it; its own where nothing has to be switched


class RecoveryTexts(NamedTuple):
    """SAV-10: what the programme after a save is about, in a scenario's words."""

    touch: str  # every week
    report: str  # every month
    attention: str  # every month from the end of the programme on


class PlayStep(NamedTuple):
    """SAV-5: one step of a save, counted from the risk flag."""

    step: str
    title: str
    phase: str  # investigate | first_24h | first_72h | week_1 … | day_30 …
    day: int  # days after the flag
    hours: int | None  # hours after the flag, for steps on the clock
    role: str
    channel: str  # internal | customer | call
    rule: str
    done_when: str
    effort: float = 0.0  # hours of work it usually takes; 0: nobody has said
    when: tuple[str, ...] = ()  # conditions that must all hold, see core.play_flow
    after: tuple[str, ...] = ()  # steps of the playbook it builds on
    done_by: tuple[str, ...] = ()  # facts any of which closes it, see core.play_flow
    asks: tuple[Question, ...] = ()
    state: str = ""  # the state of the case it brings about: contacted | diagnosed | planned | executing
    documents: tuple[str, ...] = ()  # papers it sends, see SAVE_PAPERS
    told: str = ""  # what the customer reads of it in an update (SAV-9); "": nothing


class Playbook(NamedTuple):
    """SAV-P … SAV-D: what is done in one scenario."""

    scenario: str
    title: str
    rule: str
    urgency: str
    trigger: str
    steps: tuple[PlayStep, ...]
    success: tuple[str, ...]
    typical_days: int
    benchmark: str  # "" where nobody has published one
    benchmark_source: str
    talk_track: tuple[str, ...]  # what to say and what never to
    documents: tuple[str, ...]  # every paper of the scenario, see SAVE_PAPERS
    root_causes: dict[str, RootCause]  # code -> the usual ones (SAV-2)
    milestones: dict[str, str]  # name, as in saves.milestones -> what it means here (SAV-7)
    checkins: dict[int, str]  # days -> what that check-in is here (SAV-10)
    recovery: RecoveryTexts
    update: str  # what the weekly update tells (SAV-9)
    instruments: tuple[str, ...]  # offers that answer this scenario; none: no offer repairs it


class SaveMilestone(NamedTuple):
    """SAV-7: where a save should stand, with the first and last day after the flag that are in time."""

    text: str
    first_day: int
    last_day: int


class RecoveryRules(NamedTuple):
    """SAV-10: the programme after a save."""

    days: int
    touch_every_days: int
    report_every_days: int
    attention_months: int


class SaveRules(NamedTuple):
    """SAV-1, SAV-6, SAV-7, SAV-9, SAV-10: clock, check-ins, success, who may concede what."""

    respond_hours: int
    target_hours: int
    day_starts: time
    checkin_days: tuple[int, ...]
    checkins: dict[int, str]  # days -> what that check-in is (SAV-10)
    success: dict[str, str]  # the four of SAV-6
    milestones: dict[str, SaveMilestone]  # SAV-7, by name
    human_from_minor: int
    cool_down_days: int
    approval_pct: dict[str, float]  # role -> highest discount it may grant
    benchmarks: dict[str, dict[str, str]]
    recovery: RecoveryRules
    update_every_days: int  # while a case runs, the customer hears from us (SAV-9)
    promise_soon_days: int  # a promise due this soon is among the loudest lines
    whys: int  # how often to ask (SAV-2)
    chain: dict[str, int]  # step of a promised fix -> days before its release (SAV-P)
    chain_roles: dict[str, str]  # step -> the role that keeps it
    chain_titles: dict[str, str]  # step -> what it is called on paper
    hour_cost_minor: int  # what an hour of a save costs us (OPP-3)


INSTRUMENTS = (
    "prepay",
    "billing_period",
    "payment_terms",
    "bridge",
    "ramp",
    "seats",
    "core_only",
    "volume",
    "deferred_fee",
    "price_lock",
    "roadmap",
    "trial",
)


class OfferRules(NamedTuple):
    """SAV-4, SAV-B: the usual figures of each instrument, and where offers stop."""

    titles: dict[str, str]  # instrument -> what it is called
    gets: dict[str, str]  # instrument -> what is usually asked for in return
    discount_pct: "dict[str, Fraction]"  # instrument -> its usual discount, in percent
    months: dict[str, int]  # instrument -> how long it usually runs
    trial_days: int
    every_months: int  # the billing period
    terms_days: int  # the longer payment terms
    standard_days: int  # the usual ones
    recover_months: int  # a bridge only for who has recovered by then
    ramps: "dict[int, tuple[Fraction, ...]]"  # months -> percent off in each of its equal steps
    uplift_pct: "Fraction"  # what a renewal would have added to a locked price
    unknown_causes: tuple[str, ...]
    no_conditions: tuple[str, ...]  # words that ask for nothing in return, or set no end
    no_discount: tuple[str, ...]  # scenarios that no price repairs
    less_scope_role: str  # who may grant less scope, or anybody above
    chances_pct: "tuple[Fraction, ...]"
    sheet: dict[str, tuple[str, ...]]  # root cause -> instruments proposed to a customer


class PricingRules(NamedTuple):
    """PRP, MYR, BND: how tiers and terms are priced."""

    better_share: "Fraction"  # of the expansion potential
    best_share: "Fraction"
    best_years: int
    discount_pct: "dict[int, Fraction]"  # term in years -> default discount on the base, in percent
    incentive_pct: "dict[int, tuple[Fraction, Fraction]]"  # MYR-2: customary range, in percent
    valid_days: int
    payment_days: int
    terms: dict[str, str]  # language -> closing terms


def _exact(number: int | float | str) -> "Fraction":
    """A number of the data as it is written there: 0.1 is a tenth."""
    from fractions import Fraction

    return Fraction(str(number))


def _segment_health(table: dict[str, Any], own: dict[str, Any]) -> SegmentHealth:
    """What holds for a segment: its own keys over those for all."""
    bands = {**table["bands"], **own.get("bands", {})}
    weights = {**table["weights"], **own.get("weights", {})}
    return SegmentHealth(weights, float(bands["green"]), float(bands["yellow"]))


def _play_steps(table: dict[str, Any]) -> tuple[PlayStep, ...]:
    """The steps of a playbook that are not switched off, in order of the clock."""
    steps = [
        PlayStep(
            step,
            row["title"],
            row["phase"],
            row.get("day", 0),
            row.get("hours"),
            row["role"],
            row["channel"],
            row["rule"],
            row["done_when"],
            float(row.get("effort", 0)),
            tuple(row.get("when", ())),
            tuple(row.get("after", ())),
            tuple(row.get("done_by", ())),
            tuple(
                Question(key, each["text"], tuple(each.get("answers", ())))
                for key, each in row.get("asks", {}).items()
            ),
            row.get("state", ""),
            tuple(row.get("documents", ())),
            row.get("told", ""),
        )
        for step, row in table.items()
        if row.get("enabled", True)
    ]
    return tuple(sorted(steps, key=lambda each: each.hours if each.hours is not None else each.day * 24 + 24))


def _playbook(scenario: str, table: dict[str, Any]) -> Playbook:
    benchmark, recovery = table.get("benchmark", {}), table.get("recovery", {})
    return Playbook(
        scenario,
        table["title"],
        table["rule"],
        table["urgency"],
        table["trigger"],
        _play_steps(table["steps"]),
        tuple(table["success"]),
        table["typical_days"],
        benchmark.get("text", ""),
        benchmark.get("source", ""),
        tuple(table.get("talk_track", ())),
        tuple(table.get("documents", ())),
        {
            code: RootCause(row["text"], row.get("scenario", scenario))
            for code, row in table.get("root_causes", {}).items()
        },
        dict(table.get("milestones", {})),
        {int(days): text for days, text in table.get("checkins", {}).items()},
        RecoveryTexts(*(recovery.get(key, "") for key in RecoveryTexts._fields)),
        table.get("update", ""),
        tuple(table.get("instruments", ())),
    )


class Policy:
    """What the rules say, in one object. `fingerprint` changes whenever the data does."""

    def __init__(self, raw: dict[str, Any], fingerprint: str = "") -> None:
        self.raw = raw
        self.fingerprint = fingerprint
        general = raw["general"]
        self.base_currency: str = general["base_currency"]
        self.time_zone: str = general["time_zone"]
        self.country: str = general["country"]
        self.value_scope: str = general["value_scope"]  # account | contract
        self.usual_term_months: int = general["usual_term_months"]  # where a contract names no term

    def _minor(self, units: int | float | str) -> int:
        if isinstance(units, int):
            return money.to_minor(units, self.base_currency)
        return money.to_minor(_exact(units), self.base_currency)

    @cached_property
    def rates(self) -> "dict[str, Fraction]":
        """Units of the base currency that one unit of each currency is worth."""
        return {code: _exact(rate) for code, rate in self.raw["rates"].items()}

    @cached_property
    def team(self) -> dict[str, str]:
        """Role -> person, for steps of other roles; empty names are left out."""
        return {role: who for role, who in self.raw["team"].items() if isinstance(who, str) and who}

    @cached_property
    def managers(self) -> dict[str, str]:
        """CSM -> manager."""
        return dict(self.raw["team"].get("managers", {}))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Largest threshold first."""
        found = [
            Segment(
                name,
                self._minor(table["at_least"]),
                (table["starts_days"][0], table["starts_days"][1]),
                (table["effort_hours"][0], table["effort_hours"][1]),
                table["warn_hours"],
            )
            for name, table in self.raw["segments"].items()
        ]
        return tuple(sorted(found, key=lambda each: -each.at_least_minor))

    @cached_property
    def overrides(self) -> OverrideRules:
        """SEG-1."""
        table = self.raw["overrides"]
        return OverrideRules(table["near_pct"], table["large_pct"], table["over_pct"], table["quiet_cycles"])

    @cached_property
    def timelines(self) -> dict[str, tuple[Step, ...]]:
        """Segment -> its steps, earliest first, steps after signature last."""
        return {segment: self._steps(table) for segment, table in self.raw["timelines"].items()}

    def _steps(self, table: dict[str, Any]) -> tuple[Step, ...]:
        steps = [
            Step(
                step,
                row["title"],
                row.get("days"),
                row.get("trigger"),
                row.get("after_days", 0),
                row["channel"],
                row["role"],
                row.get("kind", "timeline"),
                row["purpose"],
                row["rule"],
                self._minor(row["min_arr"]) if "min_arr" in row else None,
                tuple(row.get("when", ())),
                place,
                row.get("hours", 0.0),
                row.get("done_when", ""),
                row.get("auto", False),
                row.get("template", ""),
                tuple(row.get("after", ())),
                tuple(row.get("done_by", ())),
                tuple(row.get("to", ())),
            )
            for place, (step, row) in enumerate(table.items())
            if row.get("enabled", True)
        ]
        return tuple(sorted(steps, key=lambda each: -(each.days if each.days is not None else -1)))

    @cached_property
    def cadence(self) -> dict[str, tuple[Cadence, ...]]:
        """Segment -> its recurring work (VAL), in the order of the file."""
        return {
            segment: tuple(
                Cadence(
                    name,
                    row["title"],
                    row["every_months"],
                    row["channel"],
                    row["role"],
                    row.get("hours", 0.0),
                    row.get("done_when", ""),
                    row.get("auto", False),
                    row.get("template", ""),
                    tuple(row.get("to", ())),
                    row["rule"],
                    1000 + place,
                )
                for place, (name, row) in enumerate(table.items())
                if row.get("enabled", True)
            )
            for segment, table in self.raw["cadence"].items()
        }

    @cached_property
    def health(self) -> HealthRules:
        """HLT."""
        table = self.raw["health"]
        return HealthRules(
            dict(table["weights"]),
            tuple((float(at), float(score)) for at, score in table["usage_points"]),
            float(table["ticket_points"]),
            float(table["bands"]["green"]),
            float(table["bands"]["yellow"]),
            {name: float(cap) for name, cap in table["caps"].items()},
            table["severity_days"],
            float(table["least_weight"]),
            float(table["guard"]["score"]),
            float(table["guard"]["engagement"]),
            table["fade"]["after_days"],
            table["fade"]["over_days"],
            float(table["fade"]["neutral"]),
            {name: _segment_health(table, own) for name, own in table["segments"].items()},
            tuple(
                AgeBands(row["below_days"], float(row["green"]), float(row["yellow"]))
                for row in table["ages"]
            ),
        )

    @cached_property
    def health_work(self) -> HealthWork:
        """HLT-3."""
        table = self.raw["health"]
        flag, check = table["flag"], table["check"]
        return HealthWork(
            float(flag["below"]),
            float(flag["drop_points"]),
            flag["drop_days"],
            dict(table["scenarios"]),
            table["trend"]["days"],
            table["trend"]["least_days"],
            float(table["trend"]["flat"]),
            table["override"]["max_days"],
            dict(table["override_reasons"]),
            check["near_days"],
            check["far_days"],
            check["least_losses"],
        )

    @cached_property
    def opportunity(self) -> OpportunityRules:
        """OPP."""
        table = self.raw["opportunity"]
        return OpportunityRules(float(table["seats_share"]), float(table["growth"]))

    @cached_property
    def touch(self) -> TouchRules:
        """TCH."""
        table = self.raw["touch"]
        return TouchRules(
            float(table["auto_relationship"]), self._minor(table["assisted_below"]), table["many_by_hand"]
        )

    @cached_property
    def ownership(self) -> OwnershipRules:
        """OWN; `rules` are those of the model in force, in order."""
        table = self.raw["ownership"]
        model = table["model"]
        rules = sorted(
            (
                OwnerRule(
                    name,
                    row["order"],
                    self._minor(row["below"]) if "below" in row else None,
                    row["role"],
                    row.get("needs_volume", False),
                )
                for name, row in table["models"][model].items()
            ),
            key=lambda each: each.order,
        )
        written = table["written"]
        return OwnershipRules(
            model,
            tuple(rules),
            table["volume_per_quarter"],
            written["sales_engages"],
            written["leads_communication"],
            written["revenue_credit"],
            written["disagreement"],
        )

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """TRK, in order."""
        return tuple(self.raw["stages"]["order"])

    @cached_property
    def evidence(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Stage -> what shows that it is reached: in words, and the facts any of which is enough (TRK)."""
        table = self.raw["stages"]["evidence"]
        return {stage: (row["text"], tuple(row["any"])) for stage, row in table.items()}

    @cached_property
    def late_stages(self) -> frozenset[str]:
        """Stages in which an escalation would only disturb (REM-14, REM-7)."""
        return frozenset(self.raw["stages"]["late"])

    @cached_property
    def agenda(self) -> AgendaRules:
        """Late starts and deadlines."""
        table = self.raw["agenda"]
        return AgendaRules(
            table["catch_up_days"],
            tuple(table["catch_up_order"]),
            tuple(table["drop_purposes"]),
            table["drop_below_days"],
            table["deadline_days"],
            table["deadline_shown_days"],
            tuple(sorted(table["notice_days"], reverse=True)),
            table["stale_days"],
            table["value_pause_days"],
            dict(table["squeezed"]),
        )

    @cached_property
    def saves(self) -> SaveRules:
        """SAV: what holds for every scenario."""
        table = self.raw["saves"]
        return SaveRules(
            table["respond_hours"],
            table["target_hours"],
            time.fromisoformat(table["day_starts"]),
            tuple(table["checkin_days"]),
            {int(days): text for days, text in table["checkins"].items()},
            dict(table["success"]),
            {name: SaveMilestone(row["text"], *row["days"]) for name, row in table["milestones"].items()},
            self._minor(table["human_from"]),
            table["cool_down_days"],
            {role: float(pct) for role, pct in table["approval_pct"].items()},
            {name: dict(row) for name, row in table["benchmarks"].items()},
            RecoveryRules(**table["recovery"]),
            table["update_every_days"],
            table["promise_soon_days"],
            table["whys"],
            {step: row["days"] for step, row in table["chain"].items()},
            {step: row["role"] for step, row in table["chain"].items()},
            {step: row.get("title", step.replace("_", " ")) for step, row in table["chain"].items()},
            self._minor(table["hour_cost"]),
        )

    @cached_property
    def playbooks(self) -> dict[str, Playbook]:
        """Scenario -> playbook; steps in order of the clock."""
        return {scenario: _playbook(scenario, table) for scenario, table in self.raw["playbooks"].items()}

    def playbook(self, scenario: str) -> Playbook:
        """The playbook of a case; one without steps where this policy has none of that name (any more)."""
        found = self.playbooks.get(scenario)
        if found is None:
            empty = {"title": f"No playbook {scenario} in this policy", "rule": "SAV-5", "urgency": "high"}
            found = _playbook(
                scenario, {**empty, "trigger": "", "steps": {}, "success": [], "typical_days": 0}
            )
        return found

    @cached_property
    def offers(self) -> OfferRules:
        """SAV-4, SAV-B."""
        table = self.raw["offers"]
        own = {name: table[name] for name in INSTRUMENTS}
        return OfferRules(
            {name: row["title"] for name, row in own.items()},
            {name: row["get"] for name, row in own.items()},
            {name: _exact(row["discount_pct"]) for name, row in own.items() if "discount_pct" in row},
            {name: row["months"] for name, row in own.items() if "months" in row},
            table["trial"]["days"],
            table["billing_period"]["every_months"],
            table["payment_terms"]["days"],
            self.raw["pricing"]["payment_days"],
            table["bridge"]["recover_months"],
            {int(months): tuple(map(_exact, row)) for months, row in table["ramp"]["steps_pct"].items()},
            _exact(table["price_lock"]["uplift_pct"]),
            tuple(table["unknown_causes"]),
            tuple(table["no_conditions"]),
            tuple(table["no_discount"]),
            table["less_scope_role"],
            tuple(map(_exact, table["chances_pct"])),
            {cause: tuple(names) for cause, names in table["sheet"].items()},
        )

    @cached_property
    def pricing(self) -> PricingRules:
        """PRP, MYR, BND."""
        table = self.raw["pricing"]
        return PricingRules(
            _exact(table["better_share"]),
            _exact(table["best_share"]),
            table["best_years"],
            {int(years): _exact(pct) for years, pct in table["discount_pct"].items()},
            {
                int(years): (_exact(low), _exact(high))
                for years, (low, high) in table["incentive_pct"].items()
            },
            table["valid_days"],
            table["payment_days"],
            dict(table["terms"]),
        )

    @property
    def pilot(self) -> str | None:
        """ROL: the only segment the agenda runs for; None: all of them. See `core.pilot` for its report."""
        segment: str = self.raw["pilot"]["segment"]
        return segment or None

    @cached_property
    def rules(self) -> dict[str, str]:
        """Rule id -> its text in the project's own words."""
        return {rule: row["text"] for rule, row in self.raw["rules"].items()}
