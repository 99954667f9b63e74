"""What exports tell of saves: a line for each round with what became of it, and all that is on record."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from renewctl.core.policy import Policy
from renewctl.core.save_rounds import Round, judged
from renewctl.store.exporter_rows import Column, Rows, amount, columns_of, plain
from renewctl.store.portfolio import Portfolio
from renewctl.store.save_rounds import rounds_before
from renewctl.store.saves import cases, load_files, zone_of


def _of_save(select: str, of: str) -> str:
    """A query over a table of what belongs to saves."""
    return f"SELECT {select} FROM {of} x JOIN account a ON a.no = x.account_no ORDER BY x.no"  # noqa: S608


SAVES: dict[str, tuple[tuple[Column, ...], Rows | None]] = {
    "saves": (
        columns_of(
            "save account_id contract_id scenario state flagged_on:date flagged_at:moment respond_by:moment "
            "target_by:moment owner reason opened_on:date closed_on:date round:int playbook root_cause "
            "first_contact_on:date first_contact_at:moment response_minutes:int response relapsed:yes_no "
            "promises_kept:int promises_broken:int result competitor renewal_date:date at_risk_arr:amount "
            "kept_arr:amount conceded:amount currency"
        ),
        None,  # see `rounds`
    ),
    "save_events": (
        columns_of("event:int save account_id round:int kind name text date:date at:moment actor"),
        plain(
            _of_save(
                "x.no, 's' || x.save_no, a.id, x.round, x.kind, x.name, x.text, x.happened_on, "
                "x.happened_at, x.actor",
                "save_event",
            )
        ),
    ),
    "promises": (
        columns_of(
            "promise save account_id text to owner due_on:date chain after replaces made_on:date state "
            "settled_on:date evidence actor"
        ),
        plain(
            _of_save(
                "'p' || x.no, 's' || x.save_no, a.id, x.text, x.to_whom, x.owner, x.due_on, x.chain, "
                "'p' || x.after_no, 'p' || x.replaces_no, x.made_on, x.state, x.settled_on, x.evidence, "
                "x.actor",
                "promise",
            )
        ),
    ),
    "offers": (
        columns_of(
            "offer save account_id contract_id instrument terms root_cause condition from:date until:date "
            "arr:amount kept_arr:amount cost:amount later:amount currency discount_pct:decimal state "
            "needs_role asked_on:date asked_by decided_on:date decided_by note"
        ),
        plain(
            "SELECT 'o' || x.no, 's' || x.save_no, a.id, c.id, x.instrument, x.terms, x.root_cause, "
            "x.condition, x.from_on, x.until_on, x.arr_minor, x.kept_minor, x.cost_minor, x.later_minor, "
            "x.currency, x.discount_pct, x.state, x.needs_role, x.asked_on, x.asked_by, x.decided_on, "
            "x.decided_by, x.note, x.currency FROM offer x JOIN account a ON a.no = x.account_no "
            "LEFT JOIN contract c ON c.no = x.contract_no ORDER BY x.no",
            10,
            11,
            12,
            13,
        ),
    ),
    "service_levels": (
        columns_of(
            "level save account_id name text respond_minutes:int every_days:int from:date until:date actor"
        ),
        plain(
            _of_save(
                "'l' || x.no, 's' || x.save_no, a.id, x.name, x.text, x.respond_minutes, x.every_days, "
                "x.from_on, x.until_on, x.actor",
                "service_level",
            )
        ),
    ),
    "service_responses": (
        columns_of("level account_id asked_at:moment answered_at:moment note actor"),
        plain(
            _of_save(
                "'l' || x.level_no, a.id, x.asked_at, x.answered_at, x.note, x.actor", "service_response"
            )
        ),
    ),
    "worths": (
        columns_of(
            "save account_id minutes:int rate:amount concession:amount chance_pct:decimal years:int "
            "arr:amount currency decision reason decided_on:date actor"
        ),
        plain(
            _of_save(
                "'s' || x.save_no, a.id, x.minutes, x.rate_minor, x.concession_minor, x.chance_pct, x.years, "
                "x.arr_minor, x.currency, x.decision, x.reason, x.decided_on, x.actor, x.currency",
                "worth",
            ),
            3,
            4,
            7,
        ),
    ),
}


_CONTRACTS = "SELECT c.no, c.id FROM save_case x JOIN contract c ON c.no = x.contract_no"


def rounds(portfolio: Portfolio, policy: Policy, as_of: date) -> Iterator[Sequence[Any]]:
    """SAV-11: each round of each save as `save results` counts it, by number; amounts in the base currency.

    A relapse is a line of its own. `renewal_date` is when the renewal of the round was due, and without a
    result that of the account's next one: ARR has reached it from that day on.
    """
    found = cases(portfolio)
    files = load_files(portfolio, policy, as_of, found) if found else []
    accounts = {each.account.no: each.account for each in files}
    outcomes = portfolio.values("outcome", "", (), "closed_on, no") if found else []
    contracts = dict(portfolio.rows(_CONTRACTS))
    before = rounds_before(portfolio, files)
    for each in judged(files, outcomes, accounts, policy, zone_of(policy), before):
        case = each.file.case
        yield _row(each, accounts[case.account_no].id, contracts.get(case.contract_no), policy.base_currency)


def _row(each: Round, account_id: str, contract_id: str | None, base: str) -> Sequence[Any]:
    case, call, outcome = each.file.case, each.contact, each.outcome
    days = (case.opened_on, case.closed_on, call and call.on, each.renewal_on)
    opened_on, closed_on, called_on, renewal_on = (day and day.isoformat() for day in days)
    amounts = [amount(minor, base) for minor in (each.at_risk_minor, each.kept_minor, each.cost_minor)]
    return (
        f"s{case.no}", account_id, contract_id, case.scenario, case.state, case.flagged_on.isoformat(),
        case.flagged_at, case.respond_by, case.target_by, case.owner, case.reason, opened_on, closed_on,
        each.no, case.playbook, each.cause, called_on, call and call.at, call and call.minutes, each.response,
        each.relapsed, each.kept, each.broken, outcome and outcome.result, outcome and outcome.competitor,
        renewal_on, *amounts, base,
    )  # fmt: skip
