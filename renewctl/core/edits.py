"""What `set` does: facts as a person types them, read strictly, become the changes that make them true.

Amounts and dates are never guessed: dates are ISO, an amount that could be read in two ways is refused.
What a person sets is pinned, with what its source said before, so that the next import leaves it alone
until the source itself changes.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.dates import parse_iso
from renewctl.core.intake import BAD, Refusal
from renewctl.core.intake_fields import HEALTH_INPUTS, KINDS, Field
from renewctl.core.model import Account, Change, Contract, Reading
from renewctl.core.text import clean, fold

EARLY = Field("early", "early", "account.early_on")
YES_NO = frozenset(["strategic", "champion_gone", "auto_renew", "payment_on_file", "implied"])
_ACCOUNTS = KINDS["accounts"]
SETTABLE: dict[str, Field] = {
    name: field for name, field in _ACCOUNTS.items() if name not in ("id", "contract_id")
} | {"early": EARLY}
_OWN_AMOUNTS = {"expansion_arr": "expansion_minor", "target_arr": "target_arr_minor"}
# Columns that follow from others or that no source tells: an import cannot overwrite them.
_NEVER_PINNED = frozenset(
    ["segment_reason", "ticket_severity_on", "early_on", "renewal_day", "planned_from_on"]
)
_GONE = frozenset(["gone", "left", "saiu"])
_FRACTION = re.compile(r"[+-]?0?[.,]\d+\Z")
_TWO_WAYS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}\Z")
_ENTITY = {"reading": "health_reading"}


class Facts(NamedTuple):
    """What stands in the portfolio before an edit."""

    account: Account
    contract: Contract | None  # the one that is edited
    readings: Sequence[Reading]  # of the account, in any order
    pinned: frozenset[tuple[str, int, str]]  # (entity, number, column) set by hand before


class FieldChange(NamedTuple):
    """One field before and after, as stored; the currencies are those its amounts are in."""

    field: str
    column: str
    before: Any
    after: Any
    currency_before: str | None = None
    currency_after: str | None = None


class Edits(NamedTuple):
    """The rows to change, and the same said by field; both empty when everything stood so already."""

    changes: tuple[Change, ...]
    fields: tuple[FieldChange, ...]


def near_fields(name: str) -> list[str]:
    """Fields whose names are like `name`, the nearest first; all of them when none is."""
    from difflib import get_close_matches

    folded = fold(name).replace(" ", "_").replace("-", "_")
    found = get_close_matches(folded, SETTABLE, n=3, cutoff=0.5)
    found += [field for field in SETTABLE if len(folded) > 2 and folded in field and field not in found]
    return found or list(SETTABLE)


def needs_reason(names: Iterable[str]) -> list[str]:
    """Which of the fields may only change with a reason: money, dates and overrides."""
    told = ("amount", "date", "currency", "early")
    return [name for name in names if SETTABLE[name].type in told or name == "segment_override"]


def needs_contract(names: Iterable[str]) -> bool:
    """Whether any of the fields belongs to a contract."""
    return any(SETTABLE[name].fills.startswith("contract.") and name != "currency" for name in names)


def field_of(entity: str, column: str) -> str:
    """The field name of the interface that stands for a stored column; the column itself where none does."""
    return _field_names().get((entity, column), column.removesuffix("_minor"))


@lru_cache(maxsize=1)
def _field_names() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {("account", "early_on"): "early"}
    for kind, fields in KINDS.items():
        for name, field in fields.items():
            entity, _, column = field.fills.partition(".")
            if kind == "accounts" or entity not in ("account", "contract"):
                found.setdefault((_ENTITY.get(entity, entity), column), name)
    return found


def plain_value(column: str, value: Any, currency: str | None) -> Any:
    """A stored value as JSON shows it: amounts in currency units, dates ISO, yes/no true or false."""
    if value is None:
        return None
    if column.endswith("_minor"):
        return money.to_units(value, currency or "")
    if isinstance(value, date):
        return value.isoformat()
    return bool(value) if column in YES_NO else value


def minutes_of(hours: str) -> int | None:
    """Decimal hours as whole minutes, rounded half to even once; None when it is no time spent."""
    try:
        value = Decimal(hours.strip().replace(",", "."))
    except InvalidOperation:
        return None
    if not value.is_finite() or value < 0 or value > 1000:
        return None
    return int((value * 60).quantize(Decimal(1), ROUND_HALF_EVEN))


def read(
    given: Mapping[str, str], account: Account, contract: Contract | None, as_of: date, base: str
) -> "dict[str, Any] | Refusal":
    """Typed words as values by field; an amount is (minor units, currency). A blank is None.

    `base` is the currency of an amount that names none and stands in an account that has none.
    """
    values: dict[str, Any] = {}
    names = sorted(given, key=lambda name: name != "currency")  # it decides how the amounts are read
    for name in names:
        field = SETTABLE[name]
        said = values.get("currency")
        own = account.currency if name in _OWN_AMOUNTS else contract.currency if contract else None
        other = contract.currency if contract else account.currency
        value = _read_one(field, given[name], said or own or other or account.currency or base, as_of)
        if isinstance(value, Refusal):
            return value
        if field.type == "amount" and said and value[1] not in (None, said):
            return _conflict(name, given[name], said)
        values[name] = value
    if values.get("name", "") is None:
        return Refusal("name-missing", "an account needs a name", "say name=…")
    return values


def amount(text: str, currency: str) -> "tuple[int | None, str | None] | Refusal":
    """One typed amount in minor units with its currency, `currency` where it names none; a blank is None."""
    found: tuple[int | None, str | None] | Refusal = _read_cell(SETTABLE["arr"], text, currency)
    return found


def _read_one(field: Field, text: str, currency: str, as_of: date) -> Any:
    if field.type == "date":
        return _read_date(field.name, text)
    if field.type == "early":
        word = fold(text)
        if word in ("", "no", "nao", "false"):
            return None
        return as_of if word in ("yes", "sim", "true") else _read_date(field.name, text)
    return _read_cell(field, text, currency)


def _read_date(name: str, text: str) -> Any:
    if not clean(text):
        return None
    day = parse_iso(clean(text))
    if day is None or not 1900 <= day.year < 2200:
        return Refusal(
            "date-unreadable",
            f"{name}={text}: not a date of a renewal",
            "write it as YYYY-MM-DD, such as 2026-03-31",
        )
    return day


def _read_cell(field: Field, text: str, currency: str) -> Any:
    """Numbers, amounts and choices, by the rules of an import of one cell that must settle itself."""
    from renewctl.core.intake_cells import Column, amount_parser, explain, parser

    scale = (
        "percent" if field.type == "percent" else "fraction" if _FRACTION.match(text.strip()) else "unclear"
    )
    column = Column(field, field.name, "each", "each", scale, None, None, currency)
    code: str | None = None
    if field.type == "amount":
        (value,), (code,) = amount_parser(column)([text], None)
    else:
        (value,) = parser(column)([text])
    if value is BAD:
        problem = explain(column, text)
        hint = "renewctl set --help"
        message = problem.message if problem else f"{field.name}: {text!r} cannot be read"
        if field.type == "amount":
            hint = f"write it plainly, such as {field.name}=120000 or {field.name}='{currency} 120,000.50'"
            if _TWO_WAYS.match(text.strip()):
                message = f"{field.name}: {text!r} may have thousands or three decimals"
        return Refusal(problem.code if problem else "unreadable", message, hint)
    return (value, code) if field.type == "amount" else value


def _conflict(name: str, text: str, currency: str) -> Refusal:
    return Refusal(
        "currency-conflict",
        f"{name}={text} is in another currency than {currency}",
        "set the currency together with every amount that is to be in it",
    )


def edit(values: Mapping[str, Any], facts: Facts, reason: str, as_of: date) -> "Edits | Refusal":
    """The changes that make `values` (from `read`) true, with the pins that keep them so.

    A changed renewal date plans anew from `as_of`; health inputs become a reading of `as_of`.
    """
    account, contract = facts.account, facts.contract
    wanted = _account_columns(values, account, reason, as_of)
    terms = _contract_columns(values, contract, as_of)
    refused = _with_currency(values, account, contract, wanted, terms)
    if refused is not None:
        return refused
    changes: list[Change] = []
    fields: list[FieldChange] = []
    if contract is not None:
        _differences("contract", contract, account.no, terms, facts.pinned, changes, fields)
    _differences("account", account, account.no, wanted, facts.pinned, changes, fields)
    _reading(values, facts, as_of, changes, fields)
    return Edits(tuple(changes), tuple(fields))


def _account_columns(values: Mapping[str, Any], account: Account, reason: str, as_of: date) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name, value in values.items():
        entity, _, column = SETTABLE[name].fills.partition(".")
        if entity != "account" or name in _OWN_AMOUNTS:
            continue
        wanted[column] = value
        if name == "name":
            wanted["search_name"] = fold(value)
        elif name == "strategic":
            wanted[column] = value or 0
        elif name == "segment_override":
            wanted["segment_reason"] = reason if value else None
        elif name == "ticket_severity" and value != account.ticket_severity:
            wanted["ticket_severity_on"] = None if value is None else as_of
        elif name == "champion":
            gone = value is not None and fold(value) in _GONE
            wanted["champion_gone"] = int(gone)
            if gone:
                del wanted[column]  # who it was stays known
    return wanted


def _contract_columns(values: Mapping[str, Any], contract: Contract | None, as_of: date) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name, value in values.items():
        field = SETTABLE[name]
        if field.fills.startswith("contract.") and field.type not in ("amount", "currency"):
            wanted[field.fills.partition(".")[2]] = value
    if contract is not None and "renewal_on" in wanted and wanted["renewal_on"] != contract.renewal_on:
        day = wanted["renewal_on"]
        wanted["renewal_day"] = None if day is None else day.day
        wanted["planned_from_on"] = as_of
    return wanted


def _with_currency(
    values: Mapping[str, Any],
    account: Account,
    contract: Contract | None,
    wanted: dict[str, Any],
    terms: dict[str, Any],
) -> Refusal | None:
    """Add amounts and currencies to the wanted columns.

    A new currency relabels the amounts that are there: 120,000 USD become 120,000 EUR.
    """
    said: str | None = values.get("currency")
    for name in ("arr", "mrr"):
        if name in values:
            terms["arr_minor"], code = values[name]
            terms["currency"] = said or code or (contract.currency if contract else None)
    if said and contract is not None and "arr_minor" not in terms:
        terms["currency"] = said
        terms["arr_minor"] = _relabelled(contract.arr_minor, contract.currency, said)
        if terms["arr_minor"] is BAD:
            return _no_cents("arr", said)
    own = {field: values[field] for field in _OWN_AMOUNTS if field in values}
    codes = {code for _, code in own.values() if code}
    kept = [f for f, column in _OWN_AMOUNTS.items() if f not in own and getattr(account, column) is not None]
    if said and (contract is None or contract.implied):
        codes.add(said)
    if len(codes) > 1:
        return _conflict("expansion_arr", "and target_arr", min(codes))
    code = next(iter(codes), account.currency)
    if code != account.currency and kept and said is None:
        return _conflict(next(iter(own)), "…", f"{account.currency} of {kept[0]}")
    for field in kept if code != account.currency else ():
        value = _relabelled(getattr(account, _OWN_AMOUNTS[field]), account.currency, code or "")
        if value is BAD:
            return _no_cents(field, code or "")
        wanted[_OWN_AMOUNTS[field]] = value
    for field, (minor, _) in own.items():
        wanted[_OWN_AMOUNTS[field]] = minor
    if not kept and not own and contract is not None and contract.implied:
        code = terms.get("currency") or code  # the account follows its only contract
    if code != account.currency:
        wanted["currency"] = code
    return None


def _relabelled(minor: int | None, old: str | None, new: str) -> Any:
    """The same number of units in another currency's minor units; BAD where it has no such small coins."""
    if minor is None:
        return None
    shift = money.digits(new) - money.digits(old or new)
    if shift >= 0:
        return minor * 10**shift
    whole, rest = divmod(minor, int(10**-shift))
    return BAD if rest else whole


def _no_cents(field: str, currency: str) -> Refusal:
    return Refusal(
        "amount-unreadable",
        f"{field} has more decimals than {currency} knows",
        f"set {field} together with the currency",
    )


def _differences(
    entity: str,
    row: Account | Contract,
    account_no: int,
    wanted: Mapping[str, Any],
    pinned: frozenset[tuple[str, int, str]],
    changes: list[Change],
    fields: list[FieldChange],
) -> None:
    stored = row._asdict()
    after = {name: value for name, value in wanted.items() if value != stored[name]}
    if not after:
        return
    before = {name: stored[name] for name in after}
    changes.append(Change(entity, (row.no,), account_no, before, after))
    changes += pins(entity, row.no, account_no, before, pinned)
    codes = (stored["currency"], after.get("currency", stored["currency"]))
    for name, value in after.items():
        if name in ("search_name", "renewal_day", "planned_from_on", "ticket_severity_on"):
            continue
        money_codes = codes if name.endswith("_minor") else (None, None)
        change = FieldChange(field_of(entity, name), name, before[name], value, *money_codes)
        if change.field != "currency" or all(each.field != "currency" for each in fields):
            fields.append(change)


def pins(
    entity: str,
    row_no: int,
    account_no: int,
    before: Mapping[str, Any],
    pinned: frozenset[tuple[str, int, str]],
) -> list[Change]:
    """Pins for the columns of `before`, each with what its source said; a pin that stands keeps its own."""
    found = []
    for column, value in before.items():
        key = (entity, row_no, column)
        if column not in _NEVER_PINNED and key not in pinned:
            said = json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)
            row = {"entity": entity, "row_no": row_no, "field": column, "source_value": said}
            found.append(Change("pin", key, account_no, None, row))
    return found


def _reading(
    values: Mapping[str, Any], facts: Facts, as_of: date, changes: list[Change], fields: list[FieldChange]
) -> None:
    """Health inputs as the reading of the day: added to the one that is there, or a new one."""
    inputs = {
        SETTABLE[name].fills.partition(".")[2]: value
        for name, value in values.items()
        if name in HEALTH_INPUTS and SETTABLE[name].fills.startswith("reading.")
    }
    today = next((each for each in facts.readings if each.read_on == as_of), None)
    stored = today._asdict() if today else dict.fromkeys(Reading._fields)
    after = {column: value for column, value in inputs.items() if value != stored[column]}
    if not after:
        return
    key = (facts.account.no, as_of)
    if today is None:
        row = {**stored, "account_no": facts.account.no, "read_on": as_of, **after}
        changes.append(Change("health_reading", key, facts.account.no, None, row))
    else:
        before = {column: stored[column] for column in after}
        changes.append(Change("health_reading", key, facts.account.no, before, after))
    known = sorted((each for each in facts.readings if each.read_on <= as_of), key=lambda each: each.read_on)
    for column, value in after.items():
        said = [latest for each in known if (latest := getattr(each, column)) is not None]
        before_value = said[-1] if said else None
        told = {column: before_value}
        changes += pins("health_reading", facts.account.no, facts.account.no, told, facts.pinned)
        fields.append(FieldChange(field_of("health_reading", column), column, before_value, value))
