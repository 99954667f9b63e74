"""The headings people and CRMs give each field, in English and Portuguese, best first.

Data only. `;` separates headings that are equally good, `|` steps down to less certain ones, `~` in front
of a step marks a weak one: it is taken, and a note says so. Case, accents, spaces, underscores and `__c` do
not matter (see `intake_headings.normalise`).
"""

from typing import Final

_ACCOUNT_ID = (
    "account id; customer id; company id; client id; associated company id; associated company ids;"
    " 18 digit account id; account 18 digit id; id account"
    "|~ account number; customer number; account no; account key; customer key; account code; customer code"
)
_ACCOUNT_ID_PT = (
    "id do cliente; id cliente; id da conta; id conta; codigo do cliente; codigo cliente; cod cliente"
)
_ACCOUNT_NAME = "account name; customer name; company name; client name; account; customer; company; client"
_ACCOUNT_NAME_PT = "nome do cliente; nome cliente; nome da conta; nome da empresa; cliente; empresa; conta"

_TERMS: Final = {
    "arr": "arr; annual recurring revenue; current arr; contract arr; account arr"
    "| total arr; arr amount; arr value; hs arr; active arr; annualized recurring revenue;"
    " annualised recurring revenue; amount arr"
    "|~ annual contract value; acv; annual value; contract annual value; annual subscription value;"
    " annual fee;"
    " yearly value; annual amount",
    "mrr": "mrr; monthly recurring revenue; current mrr; contract mrr; account mrr"
    "| total mrr; mrr amount; mrr value; hs mrr; active mrr; amount mrr"
    "|~ monthly value; monthly fee; monthly price; monthly amount; monthly contract value",
    "currency": "currency; currency code; currency iso code; iso currency; ccy"
    "| contract currency; account currency; arr currency; mrr currency; deal currency code; deal currency",
    "renewal_date": "renewal date; next renewal date; contract renewal date; subscription renewal date;"
    " account renewal date | renewal; next renewal; renews on; renewal on; renewal due; renewal due date;"
    " date of renewal; renew date; renews at"
    "|~ contract end date; subscription end date; contract end; subscription end; term end date; term end;"
    " contract expiration date; contract expiry date; contract expiry; current term end; current period end"
    "|~ end date; expiration date; expiry date; expires; expires on; expiry; service end date; ends on",
    "start_date": "contract start date; subscription start date; term start date; contract start;"
    " subscription start; current term start; term start | start date; starts on; effective date; begin date"
    "|~ start; service start date; activation date",
    "term_months": "term months; contract term months; contract term; term in months;"
    " subscription term months;"
    " subscription term; contract length months | term; duration months; duration in months; contract length",
    "notice_days": "notice days; notice period days; notice in days; cancellation notice days;"
    " renewal notice days; termination notice days; opt out days; opt out notice days"
    "| notice period; notice; cancellation notice period",
    "auto_renew": "auto renew; auto renewal; auto renew flag; auto renewal flag; automatic renewal;"
    " is auto renew;"
    " is auto renewal; auto renews; renews automatically; tacit renewal; auto renewal enabled",
    "payment_on_file": "payment on file; payment method on file; card on file; has payment method;"
    " payment method saved",
}
_TERMS_PT: Final = {
    "arr": "receita recorrente anual; receita anual recorrente; rra; arr atual"
    "| valor anual; valor anual do contrato; valor anual contrato |~ anuidade",
    "mrr": "receita recorrente mensal; receita mensal recorrente; rrm; mrr atual"
    "| valor mensal; mensalidade; valor mensal do contrato; valor por mes; valor mes",
    "currency": "moeda; codigo da moeda",
    "renewal_date": "data de renovacao; data renovacao; data da renovacao; proxima renovacao; data da proxima"
    " renovacao | renovacao; renova em"
    "| vencimento; data de vencimento; data vencimento; vencimento do contrato; vencimento contrato;"
    " data de vencimento do contrato"
    "|~ fim da vigencia; fim vigencia; vigencia fim; termino da vigencia; termino vigencia; vigencia ate;"
    " fim do contrato; termino do contrato; data de termino; data termino; data fim; data final; expira em"
    "|~ vigencia; validade; termino",
    "start_date": "inicio do contrato; inicio da vigencia; inicio vigencia; vigencia inicio;"
    " data de inicio do"
    " contrato | data de inicio; data inicio; data inicial |~ inicio",
    "term_months": "prazo meses; prazo em meses; duracao meses; duracao em meses; vigencia meses;"
    " vigencia em meses; prazo do contrato meses | prazo; prazo do contrato; duracao",
    "notice_days": "dias de aviso; aviso previo dias; aviso previo em dias | aviso previo; prazo de aviso",
    "auto_renew": "renovacao automatica; renova automaticamente; renovacao tacita",
    "payment_on_file": "pagamento cadastrado; forma de pagamento cadastrada; cartao cadastrado;"
    " meio de pagamento cadastrado",
}
_READINGS: Final = {
    "health_score": "health score; account health score; customer health score; cs health score |~ health",
    "usage_trend": "usage trend; usage trend 90d; usage trend 90 days; usage trend pct; usage trend percent;"
    " product usage trend | usage change; usage change 90d; usage growth",
    "open_tickets": "open tickets; open cases; open support tickets; number of open tickets;"
    " open ticket count;"
    " tickets open; num open tickets",
    "ticket_severity": "ticket severity; highest severity; worst severity; max severity;"
    " highest open severity;"
    " highest ticket severity; worst ticket severity | severity",
    "csat": "csat; csat score; latest csat; customer satisfaction score"
    "| customer satisfaction; satisfaction score; satisfaction",
    "nps": "nps; nps score; net promoter score; latest nps; last nps",
    "engagement": "engagement; engagement score; product engagement; customer engagement",
    "relationship": "relationship; relationship score; relationship quality; relationship strength;"
    " relationship health",
}
_READINGS_PT: Final = {
    "health_score": "nota de saude; indice de saude; score de saude; saude do cliente |~ saude",
    "usage_trend": "tendencia de uso; variacao de uso; evolucao de uso; tendencia de uso 90 dias",
    "open_tickets": "chamados abertos; tickets abertos; chamados em aberto; tickets em aberto",
    "ticket_severity": "severidade; gravidade; maior severidade; severidade do chamado",
    "csat": "satisfacao; nota de satisfacao; satisfacao do cliente",
    "engagement": "engajamento; nota de engajamento",
    "relationship": "relacionamento; qualidade do relacionamento; nota de relacionamento",
}
_BY_ACCOUNT = f"{_ACCOUNT_ID} |~ {_ACCOUNT_NAME}"
_BY_ACCOUNT_PT = f"{_ACCOUNT_ID_PT} |~ {_ACCOUNT_NAME_PT}"

ENGLISH: Final[dict[str, dict[str, str]]] = {
    "accounts": {
        "id": "account id; customer id; company id; client id; 18 digit account id; account 18 digit id;"
        " id account"
        "| id; record id; hs object id"
        "| account number; customer number; account no; account key; customer key; account code; external id;"
        " crm id; salesforce id",
        "name": "account name; customer name; company name; client name"
        "| name | account; customer; company; client; organization; organisation; organization name;"
        " organisation name; business name",
        "country": "country; country region; country code; account country"
        "| billing country; billing country code | hq country; shipping country; shipping country code",
        "status": "status; account status; customer status"
        "| lifecycle stage; customer state | subscription status; contract status",
        **_TERMS,
        "contract_id": "contract id; contract number; contract no; contract ref; subscription id;"
        " agreement id",
        "csm": "csm; customer success manager; csm name; csm owner; cs owner; cs manager; success manager;"
        " customer success owner | customer success; account manager |~ owner; responsible",
        "sales_owner": "sales owner; account executive; ae; sales rep; sales representative; salesperson"
        "| account owner; company owner; account owner name; opportunity owner; deal owner; owner name",
        "specialist": "specialist; renewal specialist; renewals specialist; renewal manager;"
        " renewals manager;"
        " renewal owner",
        "executive_sponsor": "executive sponsor; exec sponsor; our executive sponsor",
        "industry": "industry; account industry | vertical; sector",
        "strategic": "strategic; is strategic; strategic account | key account",
        "segment_override": "segment override",
        **_READINGS,
        "last_contact": "last contact; last contact date; last contacted; notes last contacted;"
        " date of last contact"
        "|~ last activity date; last activity; last touch; last touchpoint; last interaction",
        "seats_purchased": "seats purchased; purchased seats; contracted seats; seats contracted;"
        " licensed seats;"
        " licenses purchased; licences purchased; entitled seats"
        "| total seats; total licenses; total licences | seats; licenses; licences; number of seats;"
        " seat count",
        "seats_used": "seats used; used seats; active seats; assigned seats; seats in use; licenses used;"
        " licences used; used licenses; used licences |~ active users",
        "expansion_arr": "expansion arr; expansion potential; expansion opportunity;"
        " expansion opportunity arr;"
        " expansion oppty; upsell potential; upsell arr | expansion; expansion amount; expansion value;"
        " expansion pipeline; expansion opportunity value; expansion opportunity amount",
        "target_arr": "target arr; arr target; target renewal arr; renewal target; renewal target arr",
        "growth_rate": "growth rate; customer growth rate; growth rate pct; growth pct"
        "| growth; customer growth; annual growth; yoy growth; growth yoy",
        "champion": "champion; champion name; customer champion; internal champion",
        "cancel_notice_date": "cancel notice date; cancellation notice date; cancel notice;"
        " cancellation notice;"
        " cancellation request date; cancellation requested on; churn notice date; termination notice date;"
        " notice of cancellation date",
        "competitor": "competitor; competitor name; competitors; main competitor; competing vendor;"
        " competitor evaluated",
    },
    "contracts": {
        "id": "contract id; contract number; contract no; contract ref; subscription id; agreement id"
        "| id; record id; hs object id | deal id; opportunity id; order id; order number",
        "account_id": _BY_ACCOUNT,
        "name": "contract name; subscription name; agreement name | name; deal name; opportunity name"
        "| plan name; product name; plan; product",
        **_TERMS,
    },
    "health": {
        "account_id": _BY_ACCOUNT,
        "date": "reading date; health date; score date; snapshot date; measured on; read on; recorded on;"
        " measurement date | date; as of; as of date",
        "input": "input; health input | metric; measure; indicator",
        "value": "value; reading; reading value",
        **_READINGS,
    },
    "stakeholders": {
        "account_id": _BY_ACCOUNT,
        "name": "stakeholder name; contact name; full name; person name | name; stakeholder; contact; person",
        "email": "email; e mail; email address; contact email; work email; stakeholder email",
        "role": "role; stakeholder role; buying role; hs buying role; contact role",
        "influence": "influence; influence level",
        "sentiment": "sentiment; disposition; attitude",
        "last_contact": "last contact; last contact date; last contacted; notes last contacted"
        "|~ last activity; last activity date",
        "thread_owner": "thread owner; our contact; relationship owner; our owner |~ contact owner; owner",
    },
    "value": {
        "account_id": _BY_ACCOUNT,
        "metric": "metric; metric name; value metric; benefit | measure; kpi",
        "value": "value; measured value; metric value | result; amount",
        "unit": "unit; units; unit of measure",
        "period_start": "period start; period start date; period from; from | start date; start",
        "period_end": "period end; period end date; period to; to; until | end date; end",
        "baseline": "baseline; baseline value | before; previous value",
        "rate": "rate; value per unit; unit value; hourly rate",
        "currency": "currency; currency code; currency iso code; rate currency",
        "quote": "quote; customer quote; testimonial",
    },
    "outcomes": {
        "account_id": _BY_ACCOUNT,
        "contract_id": "contract id; contract number; subscription id; agreement id",
        "closed_on": "closed on; close date; closed date; closed at; decision date |~ churn date",
        "result": "result; outcome; renewal result; renewal outcome; won lost"
        "|~ stage name; stage; deal stage",
        "arr_before": "arr before; previous arr; prior arr; old arr; arr before renewal",
        "arr_after": "arr after; new arr; renewed arr; arr after renewal",
        "reason": "reason; reason code; loss reason; lost reason; churn reason; closed lost reason;"
        " close reason",
        "competitor": "competitor; competitor name; lost to",
        "lost_on": "lost on; lost date; date lost",
        "told_on": "told on; date told; notified on; notice date; cancellation notified on",
    },
}

PORTUGUESE: Final[dict[str, dict[str, str]]] = {
    "accounts": {
        "id": f"{_ACCOUNT_ID_PT} | codigo |~ cnpj",
        "name": "nome do cliente; nome cliente; nome da conta; nome da empresa | cliente; empresa; conta"
        "| nome | nome fantasia | razao social",
        "country": "pais",
        "status": "status do cliente; situacao do cliente; status da conta | situacao; status do contrato",
        **_TERMS_PT,
        "contract_id": "id do contrato; numero do contrato; no do contrato; no contrato; numero contrato"
        "|~ contrato",
        "csm": "csm responsavel; gerente de sucesso; gerente de sucesso do cliente; gerente de cs;"
        " responsavel cs;"
        " responsavel de cs; analista de cs | gerente de conta; gerente da conta; responsavel",
        "sales_owner": "vendedor; executivo de contas; executivo de vendas; responsavel comercial;"
        " responsavel vendas | proprietario da conta; proprietario da empresa",
        "specialist": "especialista; especialista de renovacao; especialista em renovacoes;"
        " analista de renovacao",
        "executive_sponsor": "patrocinador executivo; sponsor executivo",
        "industry": "setor; ramo; ramo de atividade; area de atuacao; segmento de mercado",
        "strategic": "estrategico; estrategica; conta estrategica; cliente estrategico",
        "segment_override": "segmento definido; segmento manual",
        **_READINGS_PT,
        "last_contact": "ultimo contato; data do ultimo contato; data ultimo contato"
        "|~ ultima interacao; ultima atividade",
        "seats_purchased": "licencas contratadas; assentos contratados; usuarios contratados | licencas;"
        " assentos",
        "seats_used": "licencas usadas; licencas em uso; licencas utilizadas; assentos usados;"
        " assentos em uso"
        "|~ usuarios ativos",
        "expansion_arr": "potencial de expansao; arr de expansao; arr expansao; valor de expansao | expansao",
        "target_arr": "arr alvo; meta de arr; meta arr; valor alvo",
        "growth_rate": "taxa de crescimento; crescimento; crescimento anual",
        "champion": "campeao; defensor; champion interno",
        "cancel_notice_date": "data do aviso de cancelamento; aviso de cancelamento;"
        " data do pedido de cancelamento; pedido de cancelamento",
        "competitor": "concorrente; concorrentes; nome do concorrente",
    },
    "contracts": {
        "id": "id do contrato; numero do contrato; no do contrato; no contrato; numero contrato;"
        " codigo do contrato"
        "| contrato",
        "account_id": _BY_ACCOUNT_PT,
        "name": "nome do contrato | plano; produto | nome",
        **_TERMS_PT,
    },
    "health": {
        "account_id": _BY_ACCOUNT_PT,
        "date": "data da leitura; data da medicao; medido em | data; data de referencia",
        "input": "indicador; metrica",
        "value": "valor; leitura",
        **_READINGS_PT,
    },
    "stakeholders": {
        "account_id": _BY_ACCOUNT_PT,
        "name": "nome do contato; nome completo | nome; contato",
        "email": "e mail do contato; correio eletronico",
        "role": "papel; funcao na compra",
        "influence": "influencia; nivel de influencia",
        "sentiment": "sentimento; postura",
        "last_contact": "ultimo contato; data do ultimo contato",
        "thread_owner": "responsavel; dono do relacionamento",
    },
    "value": {
        "account_id": _BY_ACCOUNT_PT,
        "metric": "metrica; indicador; beneficio",
        "value": "valor; valor medido | resultado",
        "unit": "unidade; unidade de medida",
        "period_start": "inicio do periodo; periodo inicio; data inicio | inicio",
        "period_end": "fim do periodo; periodo fim; data fim | fim",
        "baseline": "linha de base; base | antes; valor anterior",
        "rate": "taxa; valor unitario; valor por unidade; valor hora",
        "currency": "moeda",
        "quote": "citacao; depoimento",
    },
    "outcomes": {
        "account_id": _BY_ACCOUNT_PT,
        "contract_id": "id do contrato; numero do contrato; no do contrato; no contrato | contrato",
        "closed_on": "data de fechamento; data fechamento; fechado em; encerrado em",
        "result": "resultado; desfecho |~ etapa; fase",
        "arr_before": "arr anterior; arr antes",
        "arr_after": "arr novo; novo arr; arr depois",
        "reason": "motivo; motivo da perda; motivo do cancelamento",
        "competitor": "concorrente",
        "lost_on": "perdido em; data da perda",
        "told_on": "avisado em; data do aviso; comunicado em",
    },
}

# Preset -> kind -> field -> headings tried before all others.
PRESETS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "salesforce": {
        "accounts": {
            "id": "id; account id; 18 digit account id",
            "name": "name; account name",
            "country": "billing country; billing country code",
            "sales_owner": "account owner; owner name",
            "last_contact": "last activity date; last activity",
        },
        "contracts": {
            "id": "id; contract id",
            "renewal_date": "renewal date | end date; contract end date",
            "start_date": "start date; contract start date",
            "term_months": "contract term; contract term months",
        },
        "stakeholders": {"name": "name; full name"},
        "outcomes": {"result": "stage name; stage", "closed_on": "close date"},
    },
    "hubspot": {
        "accounts": {
            "id": "record id; hs object id; company id",
            "name": "company name; name",
            "country": "country region; country",
            "status": "lifecycle stage",
            "sales_owner": "company owner",
            "last_contact": "last contacted; notes last contacted; last activity date",
        },
        "contracts": {
            "id": "record id; deal id; hs object id",
            "account_id": "associated company ids; associated company id; associated company",
            "name": "deal name",
            "currency": "currency; deal currency code",
        },
        "stakeholders": {
            "account_id": "associated company ids; associated company id; associated company",
            "role": "buying role; hs buying role",
        },
        "outcomes": {"result": "deal stage", "closed_on": "close date"},
    },
    "planilha-br": PORTUGUESE,
}
# Preset -> date order, decimal mark and currency where the cells leave them open.
PRESET_LOCALE: Final[dict[str, tuple[str, str, str]]] = {"planilha-br": ("dmy", ",", "BRL")}

TURNOVER: Final = (
    "annual revenue; company revenue; revenue; turnover; annual turnover; total revenue; faturamento;"
    " faturamento anual; receita anual; receita; receita total"
)
"""The customer's own turnover, which is never ARR."""
NOT_YEARLY: Final = (
    "tcv; total contract value; contract value; contract total; amount; total amount; deal amount;"
    " total value;"
    " valor total; valor do contrato; valor total do contrato; valor"
)
"""Amounts that may cover several years or one-off items, so they are offered and never taken."""
PERHAPS_RENEWAL: Final = "close date; closed date; due date; data de fechamento"
"""Dates that are offered for `renewal_date` in a hint and never taken."""
ALSO_KNOWN: Final = (
    "type; phone; fax; website; web site; domain; rating; description; owner id; parent id; created date;"
    " create date; last modified date; is deleted; city; state; street; postal code; region; segment; notes;"
    " telefone; site; cidade; estado; observacao; observacoes; segmento; tipo"
)
"""Headings that fill nothing but show that a row is a heading."""
