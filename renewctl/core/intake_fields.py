"""The fields an import can fill, per kind: their type, where they go, and what a bad cell does."""

from typing import Final, NamedTuple


class Field(NamedTuple):
    """One importable field.

    `type` decides what the parser returns (a blank is None everywhere, unreadable is `BAD`):
    id, name, text, currency, enum -> str; date -> ISO text; amount -> see
    `intake_cells.amount_parser` (minor units and currency); int, bool (0/1), severity (1 worst … 4) -> int;
    number, percent (of 100), share (of 1) -> float; decimal -> decimal text.
    """

    name: str  # as in --map
    type: str
    fills: str  # "account.csm", "contract.renewal_on", "reading.nps" … of core.model
    rejects: bool = False  # a bad cell rejects the row; otherwise the cell is dropped and named
    choices: str = ""  # of an enum: a key of CHOICES
    low: float | None = None  # smallest and largest allowed number
    high: float | None = None


# Canonical value -> folded spellings that mean it.
CHOICES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "segment": {
        "enterprise": ("enterprise", "ent", "corporate", "corporativo", "grandes contas"),
        "mid_market": ("mid market", "midmarket", "mid", "mm", "medio porte", "media empresa"),
        "smb": ("smb", "small business", "small", "sme", "pme", "pequeno porte", "pequena empresa"),
    },
    "result": {
        "won": ("won", "closed won", "renewed", "ganho", "ganha", "renovado", "renovada", "fechado ganho"),
        "partial": ("partial", "partially renewed", "downgraded", "downgrade", "parcial", "reduzido"),
        "lost": (
            "lost",
            "closed lost",
            "churned",
            "churn",
            "cancelled",
            "canceled",
            "perdido",
            "perdida",
            "cancelado",
            "fechado perdido",
        ),
    },
    "role": {
        "user": ("user", "end user", "power user", "usuario", "usuaria", "usuario final", "usuaria final"),
        "champion": ("champion", "sponsor", "campeao", "defensor", "patrocinador", "patrocinadora"),
        "economic_buyer": (
            "economic buyer",
            "budget owner",
            "budget holder",
            "comprador economico",
            "compradora economica",
            "dono do orcamento",
            "responsavel pelo orcamento",
        ),
        "decision_maker": ("decision maker", "executive", "decisor", "decisora", "tomador de decisao"),
        "technical_buyer": (
            "technical buyer",
            "technical evaluator",
            "comprador tecnico",
            "compradora tecnica",
            "avaliador tecnico",
            "avaliadora tecnica",
        ),
        "legal_procurement": (
            "legal procurement",
            "legal",
            "procurement",
            "purchasing",
            "legal and procurement",
            "juridico",
            "compras",
            "suprimentos",
            "juridico e compras",
            "juridico/compras",
            "legal/procurement",
        ),
    },
    "influence": {
        "high": ("high", "alta", "alto", "h"),
        "medium": ("medium", "media", "medio", "med", "m"),
        "low": ("low", "baixa", "baixo", "l"),
    },
    "sentiment": {
        "positive": ("positive", "promoter", "supporter", "happy", "positivo", "promotor", "favoravel"),
        "neutral": ("neutral", "passive", "neutro", "passivo"),
        "negative": ("negative", "detractor", "blocker", "unhappy", "negativo", "detrator", "contrario"),
    },
    "input": {
        "usage_trend": ("usage trend", "usage", "tendencia de uso", "uso"),
        "open_tickets": ("open tickets", "tickets", "chamados abertos", "chamados"),
        "csat": ("csat", "satisfaction", "satisfacao"),
        "nps": ("nps",),
        "engagement": ("engagement", "engajamento"),
        "relationship": ("relationship", "relationship quality", "relacionamento"),
        "health_score": ("health score", "health", "score", "saude", "nota de saude"),
    },
}

_READINGS = (
    Field("health_score", "percent", "reading.score", low=0, high=100),
    Field("usage_trend", "percent", "reading.usage_trend", low=-100, high=100_000),
    Field("open_tickets", "int", "reading.open_tickets", low=0, high=1_000_000),
    Field("ticket_severity", "severity", "account.ticket_severity"),
    Field("csat", "number", "reading.csat", low=1, high=5),
    Field("nps", "number", "reading.nps", low=-100, high=100),
    Field("engagement", "percent", "reading.engagement", low=0, high=100),
    Field("relationship", "percent", "reading.relationship", low=0, high=100),
)
_TERMS = (
    Field("arr", "amount", "contract.arr_minor", rejects=True),
    Field("mrr", "amount", "contract.arr_minor", rejects=True),
    Field("currency", "currency", "contract.currency", rejects=True),
    Field("renewal_date", "date", "contract.renewal_on", rejects=True),
    Field("start_date", "date", "contract.start_on", rejects=True),
    Field("term_months", "int", "contract.term_months", low=1, high=600),
    Field("notice_days", "int", "contract.notice_days", low=0, high=1000),
    Field("auto_renew", "bool", "contract.auto_renew"),
    Field("payment_on_file", "bool", "contract.payment_on_file"),
)
_KINDS = {
    "accounts": (
        Field("id", "id", "account.id", rejects=True),
        Field("name", "name", "account.name"),
        Field("country", "name", "account.country"),
        Field("status", "text", "account.status"),
        *_TERMS,
        Field("contract_id", "id", "contract.id", rejects=True),
        Field("csm", "text", "account.csm"),
        Field("sales_owner", "text", "account.sales_owner"),
        Field("specialist", "text", "account.specialist"),
        Field("executive_sponsor", "text", "account.executive_sponsor"),
        Field("industry", "text", "account.industry"),
        Field("strategic", "bool", "account.strategic"),
        Field("segment_override", "enum", "account.segment_override", choices="segment"),
        *_READINGS,
        Field("last_contact", "date", "account.last_contact_on", rejects=True),
        Field("seats_purchased", "int", "account.seats_purchased", low=0, high=1_000_000_000),
        Field("seats_used", "int", "account.seats_used", low=0, high=1_000_000_000),
        Field("expansion_arr", "amount", "account.expansion_minor"),
        Field("target_arr", "amount", "account.target_arr_minor"),
        Field("growth_rate", "share", "account.growth_rate", low=-1, high=1000),
        Field("champion", "text", "account.champion"),
        Field("cancel_notice_date", "date", "account.cancel_notice_on", rejects=True),
        Field("competitor", "text", "account.competitor"),
    ),
    "contracts": (
        Field("id", "id", "contract.id", rejects=True),
        Field("account_id", "id", "account.id", rejects=True),
        Field("name", "name", "contract.name"),
        *_TERMS,
    ),
    "health": (
        Field("account_id", "id", "account.id", rejects=True),
        Field("date", "date", "reading.read_on", rejects=True),
        Field("input", "enum", "reading", rejects=True, choices="input"),
        Field("value", "number", "reading", rejects=True),
        *_READINGS,
    ),
    "stakeholders": (
        Field("account_id", "id", "account.id", rejects=True),
        Field("name", "name", "stakeholder.name", rejects=True),
        Field("email", "text", "stakeholder.email"),
        Field("role", "enum", "stakeholder.role", choices="role"),
        Field("influence", "enum", "stakeholder.influence", choices="influence"),
        Field("sentiment", "enum", "stakeholder.sentiment", choices="sentiment"),
        Field("last_contact", "date", "stakeholder.last_contact_on", rejects=True),
        Field("thread_owner", "text", "stakeholder.thread_owner"),
    ),
    "value": (
        Field("account_id", "id", "account.id", rejects=True),
        Field("metric", "name", "value_metric.metric", rejects=True),
        Field("value", "decimal", "value_metric.value", rejects=True),
        Field("unit", "text", "value_metric.unit"),
        Field("period_start", "date", "value_metric.period_start_on", rejects=True),
        Field("period_end", "date", "value_metric.period_end_on", rejects=True),
        Field("baseline", "decimal", "value_metric.baseline"),
        Field("rate", "decimal", "value_metric.rate"),
        Field("currency", "currency", "value_metric.currency", rejects=True),
        Field("quote", "text", "value_metric.quote"),
    ),
    "outcomes": (
        Field("account_id", "id", "account.id", rejects=True),
        Field("contract_id", "id", "contract.id", rejects=True),
        Field("closed_on", "date", "outcome.closed_on", rejects=True),
        Field("result", "enum", "outcome.result", rejects=True, choices="result"),
        Field("arr_before", "amount", "outcome.arr_before_minor", rejects=True),
        Field("arr_after", "amount", "outcome.arr_after_minor", rejects=True),
        Field("reason", "text", "outcome.reason"),
        Field("competitor", "text", "outcome.competitor"),
        Field("lost_on", "date", "outcome.lost_on", rejects=True),
        Field("told_on", "date", "outcome.told_on", rejects=True),
    ),
}
KINDS: Final[dict[str, dict[str, Field]]] = {
    kind: {field.name: field for field in fields} for kind, fields in _KINDS.items()
}
"""Kind -> field name -> field, in the order the interface lists them."""
HEALTH_INPUTS: Final[tuple[str, ...]] = tuple(each.name for each in _READINGS)
"""Fields that are health inputs, one column each."""
