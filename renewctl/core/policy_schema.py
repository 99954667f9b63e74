"""What a policy may say: every key with its kind, range and allowed values, as one tree of values.

`SCHEMA` is read by `core.policy_check`; nothing here decides. A `Table` has fixed keys, a `Map`
keys of the user's choosing that match a pattern, a `Leaf` one value, a `List` several.
"""

from typing import NamedTuple

from renewctl.core.policy import INSTRUMENTS, PAPERS, SAVE_PAPERS, SCENARIOS, SEGMENTS

CONDITIONS = (
    "risk_only",
    "at_risk",
    "not_at_risk",
    "yellow",
    "expansion",
    "bundle",
    "not_bundle",
    "not_late_stage",
    "no_reply",
    "not_auto_renew",
)
PURPOSES = (
    "notice",
    "risk",
    "value",
    "proposal",
    "prepare",
    "explore",
    "negotiate",
    "close",
    "escalate",
    "remind",
    "celebrate",
)
PHASES = (
    "investigate",
    "first_24h",
    "first_48h",
    "first_72h",
    "week_1",
    "week_2",
    "week_3",
    "week_4",
    "day_30",
    "month_2",
    "month_3",
)
TEAM_ROLES = (
    "manager",
    "specialist",
    "sales",
    "executive_sponsor",
    "legal",
    "finance",
    "product_manager",
    "engineering",
    "support",
    "solution_engineer",
    "vp",
)
ROLES = ("owner", "csm", *TEAM_ROLES)
OWNERSHIP_MODELS = ("specialist", "csm", "sales", "hybrid")
OWNER_ROLES = ("specialist", "csm", "sales")
STAKEHOLDER_ROLES = (
    "user",
    "champion",
    "economic_buyer",
    "decision_maker",
    "technical_buyer",
    "legal_procurement",
)
STAGES = (
    "planned",
    "in_review",
    "notified",
    "value_reviewed",
    "proposed",
    "negotiating",
    "approving",
    "contract_sent",
    "won",
    "lost",
)
CASE_STATES = ("contacted", "diagnosed", "planned", "executing")  # those that a step of a save brings about
SAVE_MILESTONES = ("day_1", "day_2_3", "week_1", "week_2_4", "day_30")
PLAY_FACTS = (  # about the account and its case, that a step of a save may hang on
    "enterprise",
    "mid_market",
    "smb",
    "cancel_notice",
    "strategic",
    "high_value",
    "champion_gone",
)
CUSTOMER_FROM_DAYS = 60  # TML-1: earlier than this nothing reaches the customer
CALL_WITHIN_HOURS = 48  # SAV-1: the first contact of a save, by voice

KEBAB = r"[a-z0-9]+(-[a-z0-9]+)*"
PERSON = r".*\S.*"


class Leaf(NamedTuple):
    """One value. `kind`: text, whole (integer), number, decimal (number, or one in quotes), flag."""

    kind: str
    expects: str  # what would be right, for the message
    low: float | None = None
    high: float | None = None
    above_low: bool = False  # `low` itself is too little
    choices: tuple[str, ...] = ()
    pattern: str = ""  # the whole text matches it
    refers_to: str = ""  # "rules": the text is a key of that table


class List(NamedTuple):
    """Several values of one spec; `sizes` is the least and greatest number of them."""

    item: "Spec"
    expects: str
    sizes: tuple[int, int] = (0, 100)
    unique: bool = False


class Table(NamedTuple):
    """Fixed keys; those in `optional` may be missing from a complete policy."""

    keys: "dict[str, Spec]"
    optional: frozenset[str] = frozenset()


class Map(NamedTuple):
    """Keys of the user's choosing that match `pattern` or are among `names`, all of one spec."""

    value: "Spec"
    keys_are: str  # what a key stands for, for the message
    pattern: str = ""
    names: tuple[str, ...] = ()
    complete: bool = False  # every one of `names` must be there


Spec = Leaf | List | Table | Map


def text(expects: str = "a text", pattern: str = r"[\s\S]*\S[\s\S]*") -> Leaf:
    """A text that is not blank."""
    return Leaf("text", expects, pattern=pattern)


def one_of(*choices: str) -> Leaf:
    """One of a few words."""
    return Leaf("text", "one of: " + ", ".join(choices), choices=choices)


def whole(low: int, high: int) -> Leaf:
    """An integer, both ends in."""
    return Leaf("whole", f"a whole number from {low:,} to {high:,}", low, high)


def number(low: float, high: float) -> Leaf:
    """An integer or a decimal, both ends in."""
    return Leaf("number", f"a number from {low:,} to {high:,}", low, high)


def amount() -> Leaf:
    """Units of the base currency; quotes are allowed and never needed."""
    return Leaf("decimal", "an amount in the base currency, such as 50_000", 0, 1_000_000_000)


def percent() -> Leaf:
    """Out of a hundred, both ends in."""
    return number(0, 100)


def pair(item: Leaf, what: str) -> List:
    """Two values, the lower first."""
    return List(item, f"two values, {what}, the lower first: [1, 2]", (2, 2))


FLAG = Leaf("flag", "true or false")
RULE = Leaf("text", 'the id of a rule, such as "TML-E"', refers_to="rules")
SCORE = number(0, 100)

_THEIR_ROLES = List(
    one_of(*STAKEHOLDER_ROLES), "roles of stakeholders: " + ", ".join(STAKEHOLDER_ROLES), unique=True
)
_HOURS = number(0, 1000)
_DONE_WHEN = text("how to tell that it is done, as a text")
_STEP_NAME = "a step: small letters, digits and hyphens, such as value-review"
_FACTS = (*(f"stage:{stage}" for stage in STAGES[1:-2]), *(f"paper:{paper}" for paper in PAPERS), "reply")
_WORK: dict[str, Spec] = {
    "hours": _HOURS,
    "done_when": _DONE_WHEN,
    "auto": FLAG,
    "template": Leaf("text", "a document or a mail, such as mail-notice", pattern=KEBAB),
    "to": _THEIR_ROLES,
}
_CADENCE = Table(
    {
        "title": text("what is done, as a text"),
        "every_months": Leaf("whole", "1, 2, 3, 4, 6 or 12", 1, 12),
        "channel": one_of("internal", "customer"),
        "role": one_of(*ROLES),
        "rule": RULE,
        "enabled": FLAG,
        **_WORK,
    },
    frozenset({*_WORK, "enabled"}),
)
_STEP = Table(
    {
        "title": text("what is done, as a text"),
        "days": whole(0, 730),
        "trigger": one_of("won"),
        "after_days": whole(0, 365),
        "channel": one_of("internal", "customer"),
        "role": one_of(*ROLES),
        "kind": one_of("timeline", "reminder"),
        "purpose": one_of(*PURPOSES),
        "rule": RULE,
        "min_arr": amount(),
        "when": List(one_of(*CONDITIONS), "a list of conditions: " + ", ".join(CONDITIONS), unique=True),
        "after": List(Leaf("text", _STEP_NAME, pattern=KEBAB), "a list of steps", unique=True),
        "done_by": List(one_of(*_FACTS), "a list of facts: " + ", ".join(_FACTS), unique=True),
        "enabled": FLAG,
        **_WORK,
    },
    frozenset(
        {"days", "trigger", "after_days", "kind", "min_arr", "when", "after", "done_by", "enabled", *_WORK}
    ),
)
_ANSWER = r"[a-z0-9]+([_-][a-z0-9]+)*"
_STEPS_OF_IT = List(Leaf("text", _STEP_NAME, pattern=KEBAB), "a list of steps", unique=True)
_PAPERS = List(one_of(*SAVE_PAPERS), "papers of a save: " + ", ".join(SAVE_PAPERS), unique=True)
_QUESTION = Table(
    {
        "text": text("the question, as a text"),
        "answers": List(
            Leaf("text", "an answer of small letters and digits, such as yes", pattern=_ANSWER),
            'two or more answers, such as ["yes", "no"]; leave it out for free words',
            (2, 10),
            unique=True,
        ),
    },
    frozenset({"answers"}),
)
_PLAY: dict[str, Spec] = {
    "effort": number(0, 100),
    "when": List(
        Leaf(
            "text",
            "one of: " + ", ".join(PLAY_FACTS) + ", QUESTION=ANSWER, QUESTION!=ANSWER, cause=CODE",
            pattern="|".join(PLAY_FACTS) + f"|{KEBAB}!?={_ANSWER}",
        ),
        "a list of conditions, all of which must hold",
        unique=True,
    ),
    "after": _STEPS_OF_IT,
    "done_by": List(
        Leaf(
            "text",
            "one of: cause, worth, promise, promise:CHAIN, offer, offer:INSTRUMENT, contact, answers, paper:"
            + ", paper:".join(SAVE_PAPERS),
            pattern=f"cause|worth|promise(:{KEBAB})?|offer(:({'|'.join(INSTRUMENTS)}))?|contact|answers"
            f"|paper:({'|'.join(SAVE_PAPERS)})",
        ),
        "a list of facts, any of which closes the step",
        unique=True,
    ),
    "asks": Map(_QUESTION, "a question: small letters, digits and hyphens", KEBAB),
    "state": one_of(*CASE_STATES),
    "documents": _PAPERS,
    "told": text("what the customer reads of it in an update, as a text"),
}
_PLAY_STEP = Table(
    {
        "title": text("what is done, as a text"),
        "phase": one_of(*PHASES),
        "day": whole(0, 365),
        "hours": whole(1, 168),
        "role": one_of(*ROLES),
        "channel": one_of("internal", "customer", "call"),
        "rule": RULE,
        "done_when": text("how to tell that it is done, as a text"),
        "enabled": FLAG,
        **_PLAY,
    },
    frozenset({"hours", "enabled", *_PLAY}),
)
_BENCHMARK = Table({"text": text(), "source": text('who published it, such as "reported by …"')})
_SCENARIO = r"[a-z][a-z0-9_]*"
_CHECK_INS = Map(text(), "a number of days, as in saves.checkin_days", r"[1-9]\d{0,2}")
_BOOK: dict[str, Spec] = {  # what a playbook of one's own may leave out
    "benchmark": _BENCHMARK,
    "talk_track": List(text(), "a list of texts: what to say and what never to"),
    "documents": _PAPERS,
    "root_causes": Map(
        Table(
            {
                "text": text("the cause in words, as a text"),
                "scenario": Leaf("text", "the playbook that answers it, such as value", pattern=_SCENARIO),
            },
            frozenset({"scenario"}),
        ),
        "a root cause: small letters, digits and hyphens",
        KEBAB,
    ),
    "milestones": Table({name: text() for name in SAVE_MILESTONES}, frozenset(SAVE_MILESTONES)),
    "checkins": _CHECK_INS,
    "recovery": Table({key: text() for key in ("touch", "report", "attention")}),
    "update": text("what the weekly update tells, as a text"),
    "instruments": List(one_of(*INSTRUMENTS), "instruments: " + ", ".join(INSTRUMENTS), unique=True),
}
_PLAYBOOK = Table(
    {
        "title": text(),
        "rule": RULE,
        "urgency": one_of("low", "medium", "high"),
        "trigger": text("when to use it, as a text"),
        "typical_days": whole(1, 365),
        "success": List(text(), "a list of texts, one per criterion", (1, 20)),
        "steps": Map(_PLAY_STEP, _STEP_NAME, KEBAB),
        **_BOOK,
    },
    frozenset(_BOOK),
)
_OWNER_RULE = Table(
    {"order": whole(1, 100), "below": amount(), "role": one_of(*OWNER_ROLES), "needs_volume": FLAG},
    frozenset({"below", "needs_volume"}),
)
_SEGMENT = Table(
    {
        "at_least": amount(),
        "starts_days": pair(whole(1, 730), "days before the anchor"),
        "effort_hours": pair(whole(0, 1000), "hours"),
        "warn_hours": whole(1, 1000),
    }
)
_SAVE_MILESTONE = Table({"text": text(), "days": pair(whole(0, 365), "days after the flag")})
_TALKS = ("call", "email", "meeting", "reply")  # kinds of activity with a customer
_WORDS = List(
    Leaf("text", "small letters without accents, * to end a word", pattern=r"[a-z0-9]+\*?( [a-z0-9]+\*?)*"),
    'a list of words, such as ["price*", "too dear"]',
    (0, 500),
    unique=True,
)
_SAVES = Table(
    {
        "respond_hours": whole(1, 168),
        "target_hours": whole(1, 168),
        "day_starts": text('an hour of the day, such as "09:00"', r"([01]\d|2[0-3]):[0-5]\d"),
        "checkin_days": List(whole(1, 365), "a list of days, such as [30, 60, 90]", (1, 12), unique=True),
        "update_every_days": whole(1, 90),
        "promise_soon_days": whole(0, 30),
        "whys": whole(1, 10),
        "hour_cost": amount(),
        "chain": Map(
            Table({"days": whole(0, 365), "role": one_of(*ROLES), "title": text()}, frozenset({"title"})),
            "a step of a fix: small letters, digits and _",
            r"[a-z][a-z0-9_]*",
        ),
        "human_from": amount(),
        "cool_down_days": whole(0, 365),
        "scenario_order": List(
            one_of(*SCENARIOS), "all six scenarios, the first to be tried first", (6, 6), True
        ),
        "success": Table({key: text() for key in ("commitment", "root_cause", "relationship", "promises")}),
        "milestones": Table(dict.fromkeys(SAVE_MILESTONES, _SAVE_MILESTONE)),
        "checkins": _CHECK_INS,
        "recovery": Table(
            {
                "days": whole(1, 730),
                "touch_every_days": whole(1, 90),
                "report_every_days": whole(1, 90),
                "attention_months": whole(1, 36),
            }
        ),
        "approval_pct": Map(percent(), "a role", names=ROLES),
        "triggers": Table(
            {
                "usage_trend": number(-100, 0),
                "open_tickets": whole(1, 10_000),
                "csat": number(1, 5),
                "silence_days": whole(1, 365),
                "answers": List(one_of(*_TALKS), "kinds of activity: " + ", ".join(_TALKS), (1, 9), True),
                "reading_days": whole(1, 3650),
                "reason_days": whole(1, 3650),
                "stages": List(one_of(*STAGES[1:-2]), "open stages, or []", (0, 7), True),
                "stage_days": whole(0, 365),
            }
        ),
        "suggest": Table(
            {
                "cases_per_csm": whole(1, 1000),
                "words": Map(_WORDS, "a scenario", names=SCENARIOS, complete=True),
                "denials": Table({"words": _WORDS, "articles": _WORDS}),
            }
        ),
        "learning": Table(
            {
                "window_days": whole(1, 36_500),
                "follow_days": whole(1, 3650),
                "least_cases": whole(1, 1000),
                "confidence_pct": number(50, 99.9),
                "response_hours": List(
                    whole(1, 8760), "hours, rising, such as [24, 48, 168]", (1, 6), unique=True
                ),
                "pattern_losses": whole(2, 1000),
                "pattern_causes": whole(2, 1000),
            }
        ),
        "benchmarks": Map(_BENCHMARK, "a name", r"[a-z][a-z0-9_]*"),
    }
)
_TITLE: dict[str, Spec] = {
    "title": text("what it is called, as a text"),
    "get": text("what is usually asked for in return, as a text"),
}
_TERM = whole(1, 120)
_STEPS_OFF = List(percent(), "percent off in each step, such as [40, 20]", (1, 24))
_INSTRUMENTS: dict[str, dict[str, Spec]] = {
    "prepay": {"discount_pct": percent(), "months": _TERM},
    "billing_period": {"every_months": Leaf("whole", "1, 2, 3, 4, 6 or 12", 1, 12)},
    "payment_terms": {"days": whole(0, 365)},
    "bridge": {"discount_pct": percent(), "months": _TERM, "recover_months": _TERM},
    "ramp": {"months": _TERM, "steps_pct": Map(_STEPS_OFF, "a number of months", r"[1-9]\d{0,2}")},
    "volume": {"discount_pct": percent()},
    "price_lock": {"months": _TERM, "uplift_pct": percent()},
    "trial": {"days": whole(1, 365)},
}
_OFFERS = Table(
    {
        "unknown_causes": List(text(), "words that name no cause", (0, 50), unique=True),
        "no_conditions": List(
            text(), "words that ask for nothing in return, or set no end", (0, 50), unique=True
        ),
        "no_discount": List(text("a scenario"), "scenarios", (0, 100), unique=True),
        "less_scope_role": one_of(*ROLES),
        "chances_pct": List(number(0, 99), "percentages, such as [10, 25, 50]", (1, 5), unique=True),
        **{name: Table({**_TITLE, **_INSTRUMENTS.get(name, {})}) for name in INSTRUMENTS},
        "sheet": Map(
            List(one_of(*INSTRUMENTS), "instruments: " + ", ".join(INSTRUMENTS), (0, 3), unique=True),
            "a root cause of a playbook",
            KEBAB,
        ),
    }
)
_LANGUAGE = Leaf("text", 'a language, such as en or "pt-BR"', pattern=r"[a-z]{2}(-[A-Z]{2})?")
_DESK: dict[str, Spec] = {
    "mail": Table(
        {
            "hour": text('an hour of the day, such as "09:00"', r"([01]\d|2[0-3]):[0-5]\d"),
            "most_figures": whole(0, 20),
            "default_language": _LANGUAGE,
            "languages": Map(_LANGUAGE, "a country (ISO code)", "[A-Z]{2}"),
        }
    ),
    "people": Map(
        Table({"email": Leaf("text", "an e-mail address", pattern=r"[!-?A-~]+@[!-?A-~]+")}),
        "a person",
        PERSON,
    ),
    "calendar": Table(
        {
            "alarm_days": List(whole(0, 90), "days before a deadline: [7, 1]", (0, 5), unique=True),
            "cancelled_days": whole(0, 365),
        }
    ),
    "digest": Table({"lines": whole(8, 200)}),
    "save_papers": Table(
        {
            "told_roles": List(one_of(*ROLES), "roles of the team: " + ", ".join(ROLES), unique=True),
            "briefing_lines": whole(1, 50),
            "update_lines": whole(1, 100),
            "to": Table({"acknowledgement": _THEIR_ROLES, "weekly-update": _THEIR_ROLES}),
        }
    ),
    "shared_timeline": Map(
        Table({"days": whole(0, CUSTOMER_FROM_DAYS), "done_from": one_of(*STAGES[:-1])}),
        "a milestone: small letters, digits and hyphens",
        KEBAB,
    ),
}
_DAY = r"\d{4}-\d{2}-\d{2}"
_A_DAY = 'a day in quotes, such as "2026-07-06"'
_HOURS = number(0, 168)
_LIMITS: dict[str, Spec] = {"accounts": whole(1, 1_000_000), "renewals_per_quarter": whole(1, 1_000_000)}
_ABSENCES = List(
    List(
        Leaf("text", _A_DAY, pattern=_DAY), 'the first and the last day: ["2026-07-06", "2026-07-17"]', (2, 2)
    ),
    'a list of absences, each ["2026-07-06", "2026-07-17"]',
)
_PERSON_HAS: dict[str, Spec] = {"hours_per_week": _HOURS, "absences": _ABSENCES, **_LIMITS}
_CAPACITY = Table(
    {
        "hours_per_week": _HOURS,
        "unestimated_hours": number(0, 100),
        "save_step_hours": number(0, 100),
        "look_back_weeks": whole(0, 26),
        "account_weeks": whole(1, 520),
        "people": Map(Table(_PERSON_HAS, frozenset(_PERSON_HAS)), "a person", PERSON),
        "limits": Table({**_LIMITS, "hours_pct": whole(1, 1000)}),
    },
    frozenset({"people"}),
)
_HEALTH_INPUTS = ("usage", "engagement", "relationship", "tickets", "nps")
_CAPS = ("cancel_notice", "champion_gone", "competitor", "severity_one")
_WEIGHTS = Table({key: Leaf("whole", "a whole number over 0", 1, 1000) for key in _HEALTH_INPUTS})
_BANDS = Table({"green": SCORE, "yellow": SCORE})
_ANY_WEIGHTS = Table(_WEIGHTS.keys, frozenset(_HEALTH_INPUTS))
_ANY_BANDS = Table(_BANDS.keys, frozenset(_BANDS.keys))
_AGES = "rows of an age and its bands: [[health.ages]] with below_days = 90, green = 70, yellow = 45"
_HEALTH = Table(
    {
        "weights": _WEIGHTS,
        "usage_points": List(
            List(number(-1000, 1000), "a usage_trend and its score: [0, 70]", (2, 2)),
            "pairs of usage_trend and score: [[-50, 0], [0, 70], [20, 100]]",
            (2, 20),
        ),
        "ticket_points": SCORE,
        "severity_days": whole(0, 365),
        "least_weight": number(0, 1),
        "bands": _BANDS,
        "ages": List(
            Table({"below_days": whole(1, 3650), "green": SCORE, "yellow": SCORE}), _AGES, (0, 20), True
        ),
        "segments": Map(
            Table({"weights": _ANY_WEIGHTS, "bands": _ANY_BANDS}, frozenset({"weights", "bands"})),
            "a segment",
            names=SEGMENTS,
        ),
        "caps": Table(dict.fromkeys(_CAPS, SCORE)),
        "guard": Table({"score": SCORE, "engagement": SCORE}),
        "fade": Table({"after_days": whole(0, 730), "over_days": whole(1, 730), "neutral": SCORE}),
        "trend": Table({"days": whole(1, 730), "least_days": whole(1, 730), "flat": SCORE}),
        "flag": Table({"below": SCORE, "drop_points": number(1, 100), "drop_days": whole(1, 365)}),
        "scenarios": Table(dict.fromkeys(_HEALTH_INPUTS, one_of(*SCENARIOS))),
        "override": Table({"max_days": whole(1, 730)}),
        "override_reasons": Map(
            text("the reason, as a text"), "a reason: small letters, digits and _", r"[a-z][a-z0-9_]*"
        ),
        "check": Table(
            {"near_days": whole(0, 730), "far_days": whole(0, 730), "least_losses": whole(2, 100_000)}
        ),
    }
)
_STAKEHOLDERS = Table(
    {
        "least_people": whole(0, 20),
        "contact_days": whole(1, 730),
        "required": Table(
            dict.fromkeys(
                SEGMENTS,
                Table(
                    {
                        "roles": _THEIR_ROLES,
                        "anybody": FLAG,
                    }
                ),
            )
        ),
        "threads": Map(
            Table(
                {
                    "title": text("who speaks to whom, as a text"),
                    "ours": List(one_of(*ROLES[1:]), "roles of ours: " + ", ".join(ROLES[1:]), (1, 10), True),
                    "theirs": _THEIR_ROLES._replace(sizes=(1, 6)),
                    "rule": RULE,
                }
            ),
            "a thread: small letters, digits and hyphens",
            KEBAB,
        ),
    }
)
_YEARS = ("2", "3", "4", "5", "6", "7", "8", "9", "10")

_EVIDENCE = Table(
    {
        "text": text("what shows it, as a text"),
        "any": List(
            text("a fact: step:…, activity:… or paper:…", r"(step|activity|paper):[a-z0-9_-]+"),
            "a list of facts",
            (1, 20),
            unique=True,
        ),
    }
)

SCHEMA = Table(
    {
        "general": Table(
            {
                "base_currency": Leaf(
                    "text", 'an ISO 4217 code, such as "USD"', pattern="[A-Z]{3}", refers_to="currencies"
                ),
                "time_zone": text(
                    'a time zone, such as "America/Sao_Paulo"', r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"
                ),
                "country": Leaf("text", 'an ISO country code, such as "BR", or ""', pattern="([A-Z]{2})?"),
                "value_scope": one_of("account", "contract"),
                "usual_term_months": whole(1, 120),
            }
        ),
        "rates": Map(
            Leaf(
                "decimal",
                'units of the base currency one unit is worth, such as "1.08"',
                0,
                1e9,
                above_low=True,
            ),
            "a currency (ISO 4217)",
            "[A-Z]{3}",
        ),
        "team": Table(
            {
                **{role: Leaf("text", 'a person, or ""') for role in TEAM_ROLES},
                "managers": Map(text("the manager of that CSM, as a text"), "a CSM", PERSON),
            },
            frozenset({"managers", *TEAM_ROLES}),
        ),
        "supplier": Table({key: Leaf("text", 'a text, or ""') for key in ("name", "address", "contact")}),
        "segments": Table(dict.fromkeys(SEGMENTS, _SEGMENT)),
        "overrides": Table(
            {
                "near_pct": whole(0, 100),
                "large_pct": whole(0, 1000),
                "over_pct": whole(100, 1000),
                "quiet_cycles": whole(1, 100),
            }
        ),
        "health": _HEALTH,
        "opportunity": Table({"seats_share": number(0, 1), "growth": number(0, 10)}),
        "touch": Table(
            {"auto_relationship": SCORE, "assisted_below": amount(), "many_by_hand": whole(1, 1_000_000)}
        ),
        "timelines": Table({segment: Map(_STEP, _STEP_NAME, KEBAB) for segment in SEGMENTS}),
        "cadence": Table(
            {
                segment: Map(_CADENCE, "a name: small letters, digits and hyphens", KEBAB)
                for segment in SEGMENTS
            }
        ),
        "ownership": Table(
            {
                "model": one_of(*OWNERSHIP_MODELS),
                "volume_per_quarter": whole(1, 100_000),
                "written": Table(
                    {
                        key: text()
                        for key in ("sales_engages", "leads_communication", "revenue_credit", "disagreement")
                    }
                ),
                "advice": Table(
                    {
                        "specialist_customers": whole(1, 1_000_000),
                        "few_customers": whole(0, 1_000_000),
                        "large": amount(),
                        "reluctant_csms": List(
                            text("a CSM, as a text", PERSON), "a list of CSMs", unique=True
                        ),
                    }
                ),
                "models": Table(
                    {
                        model: Map(_OWNER_RULE, "a rule: small letters, digits and hyphens", KEBAB)
                        for model in OWNERSHIP_MODELS
                    }
                ),
            }
        ),
        "stages": Table(
            {
                "order": List(one_of(*STAGES), "the stages in order", (3, len(STAGES)), unique=True),
                "late": List(one_of(*STAGES), "stages of stages.order", (0, len(STAGES)), unique=True),
                "evidence": Map(_EVIDENCE, "a stage", names=STAGES[1:-2]),
            }
        ),
        "agenda": Table(
            {
                "catch_up_days": whole(0, 60),
                "catch_up_order": List(one_of(*PURPOSES), "purposes in order", (1, len(PURPOSES)), True),
                "drop_purposes": List(one_of(*PURPOSES), "purposes", (0, len(PURPOSES)), unique=True),
                "drop_below_days": whole(0, 365),
                "deadline_days": whole(0, 365),
                "deadline_shown_days": whole(0, 365),
                "notice_days": List(whole(1, 365), "days before an opt-out deadline: [30, 14]", (1, 6), True),
                "stale_days": whole(60, 3650),
                "value_pause_days": whole(0, 365),
                "squeezed": Map(whole(1, 365), "a segment", names=SEGMENTS),
            }
        ),
        "saves": _SAVES,
        "playbooks": Map(
            _PLAYBOOK, "a scenario: small letters, digits and _", _SCENARIO, SCENARIOS, complete=True
        ),
        "offers": _OFFERS,
        "pricing": Table(
            {
                "better_share": number(0, 1),
                "best_share": number(0, 1),
                "best_years": whole(1, 10),
                "escalator_pct": pair(percent(), "percent a year"),
                "discount_pct": Map(percent(), "a term in years", names=_YEARS),
                "incentive_pct": Map(pair(percent(), "percent"), "a term in years", names=_YEARS),
                "valid_days": whole(1, 365),
                "payment_days": whole(0, 365),
                "terms": Map(text(), 'a language, such as en or "pt-BR"', r"[a-z]{2}(-[A-Z]{2})?"),
            }
        ),
        **_DESK,
        "capacity": _CAPACITY,
        "stakeholders": _STAKEHOLDERS,
        "effort": Table({"unattended_pct": percent(), "smallest": one_of(*SEGMENTS)}),
        "pilot": Table(
            {
                "segment": Leaf("text", 'a segment, or ""', choices=("", *SEGMENTS)),
                "started_on": Leaf("text", _A_DAY + ', or ""', pattern=f"({_DAY})?"),
                "baseline_days": whole(1, 3660),
                "few_renewals": whole(0, 1_000_000),
            }
        ),
        "rules": Map(Table({"text": text()}), "a rule id, such as SEG-1", r"[A-Z]+(-[A-Z0-9]+)*"),
    }
)
