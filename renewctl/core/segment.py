"""SEG: how much effort an account deserves, by the value of its contracts in the base currency.

Amounts are minor units of the policy's base currency. A blank ARR is unknown and gives no segment;
a real 0 is the smallest one. A contract in a currency without a rate has no base value and is named.
"""

from collections.abc import Sequence
from functools import lru_cache

from renewctl.core import money
from renewctl.core.model import Account, Because, Contract, Problem, Verdict
from renewctl.core.policy import Policy
from renewctl.core.text import in_force

__all__ = [
    "band_text",
    "base_minor",
    "contract_value",
    "contracts_arr",
    "converted",
    "in_force",
    "rates_used",
    "segment",
    "segment_verdict",
    "suggest_override",
    "total",
    "value_problems",
]


@lru_cache(maxsize=16)
def _thresholds(policy: Policy) -> tuple[tuple[int, str], ...]:
    return tuple((each.at_least_minor, each.name) for each in policy.segments)


@lru_cache(maxsize=16)
def _ratios(policy: Policy) -> dict[str, tuple[int, int]]:
    """Currency -> (multiply, divide) from its minor units to the base's."""
    from fractions import Fraction  # not on the road of a book in one currency

    base = policy.base_currency
    found = {}
    for code, rate in policy.rates.items():
        ratio = rate * Fraction(10) ** (money.digits(base) - money.digits(code))
        found[code] = (ratio.numerator, ratio.denominator)
    found[base] = (1, 1)
    return found


def base_minor(minor: int | None, currency: str | None, policy: Policy) -> int | None:
    """An amount in minor units of the base currency; None when it or its rate is unknown.

    A blank currency is the base currency. Half to even, as `money.convert`, at a tenth of its cost.
    """
    if minor is None or currency is None or currency == policy.base_currency:
        return minor
    ratio = _ratios(policy).get(currency)
    if ratio is None:
        return None
    times, by = ratio
    whole, rest = divmod(minor * times, by)
    return whole + (2 * rest > by or (2 * rest == by and whole & 1))


def contract_value(contract: Contract, account: Account, policy: Policy) -> int | None:
    """One contract's ARR in base minor units; without a currency of its own it has the account's."""
    return base_minor(contract.arr_minor, contract.currency or account.currency, policy)


def total(values: Sequence[int | None]) -> int | None:
    """The sum of what is known; None when nothing is. A blank beside a known ARR hides nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def contracts_arr(
    contracts: Sequence[Contract], account: Account, arr_base_minor: int | None, base: str
) -> tuple[int | None, str]:
    """The ARR of an account as people know it, in minor units, and its currency.

    That of its open contracts where they share one currency, else `arr_base_minor` in the base's.
    """
    known = [each for each in contracts if each.state == "open" and each.arr_minor is not None]
    currencies = {each.currency or account.currency or base for each in known}
    if len(currencies) == 1:
        return sum(each.arr_minor or 0 for each in known), currencies.pop()
    return arr_base_minor, base if known else account.currency or base


def rates_used(account: Account, contracts: Sequence[Contract], policy: Policy) -> tuple[str, ...]:
    """How each open contract in another currency came to its base value: amount, rate, result."""
    found = []
    for contract in contracts:
        currency = contract.currency or account.currency
        value = contract_value(contract, account, policy)
        if contract.state == "open" and contract.arr_minor is not None and currency and value is not None:
            text = converted(contract.arr_minor, currency, value, policy)
            found += [text] if currency != policy.base_currency else []
    return tuple(found)


def converted(minor: int, currency: str, value_minor: int | None, policy: Policy) -> str:
    """An amount, the rate and its value in the base currency, such as `EUR 10 at 1.1 = USD 11`."""
    amount, base = money.plain(minor, currency), policy.base_currency
    if currency == base:
        return amount
    if value_minor is None:
        return f"{amount}, no rate to {base}"
    return f"{amount} at {policy.raw['rates'][currency]} = {money.plain(value_minor, base)}"


def value_problems(account: Account, contracts: Sequence[Contract], policy: Policy) -> tuple[Problem, ...]:
    """The open contracts whose ARR has no base value, each named: blank, or a currency without rate."""
    found = []
    for contract in contracts:
        if contract.state != "open" or contract_value(contract, account, policy) is not None:
            continue
        where = (contract.source or account.source or "", contract.source_line or account.source_line or 0)
        if contract.arr_minor is None:
            message = f"{account.name}: contract {contract.id} has no ARR"
            found.append(Problem(*where, "arr", "arr-unknown", "", message))
        else:
            code = contract.currency or account.currency or ""
            message = f"{account.name}: no rate for {code} in the policy, so its ARR counts as unknown"
            found.append(Problem(*where, "currency", "currency-without-rate", code, message))
    return tuple(found)


def segment(arr_base_minor: int | None, override: str | None, policy: Policy) -> str | None:
    """SEG: the segment of a value, the overriding word of a person first; None when both are unknown."""
    thresholds = _thresholds(policy)
    if override is not None:
        for _, name in thresholds:
            if name == override:
                return name
    if arr_base_minor is None:
        return None
    for at_least, name in thresholds:
        if arr_base_minor >= at_least:
            return name
    return thresholds[-1][1]


def band_text(name: str, policy: Policy) -> str:
    """The ARR band of a segment in words, such as `mid_market: USD 10,000 to under USD 100,000`."""
    thresholds = _thresholds(policy)
    at = next(i for i, each in enumerate(thresholds) if each[1] == name)
    low = money.plain(thresholds[at][0], policy.base_currency)
    if at == 0:
        return f"{name}: from {low}"
    return f"{name}: {low} to under {money.plain(thresholds[at - 1][0], policy.base_currency)}"


def segment_verdict(
    arr_base_minor: int | None,
    account: Account,
    policy: Policy,
    problems: Sequence[Problem] = (),
    rates: Sequence[str] = (),
) -> Verdict:
    """`segment` with its reasons: the value against its band, an override, what could not be counted.

    `rates` are those of `rates_used`.
    """
    value = segment(arr_base_minor, account.segment_override, policy)
    by_value = segment(arr_base_minor, None, policy)
    because = []
    if by_value is None:
        because.append(Because("SEG", "ARR unknown", "no segment without an ARR"))
    else:
        assert arr_base_minor is not None  # noqa: S101 (a segment by value has one)
        seen = f"ARR {money.plain(arr_base_minor, policy.base_currency)}"
        because.append(Because("SEG", seen, band_text(by_value, policy)))
    if account.segment_override is not None and value == account.segment_override:
        reason = account.segment_reason or "no reason recorded"
        because.insert(0, Because("SEG-1", f"set by hand to {value}: {reason}", "a person's word wins"))
    because.extend(Because("SEG", text, "the policy's rate, rounded once") for text in rates)
    because.extend(Because("SEG", problem.message, "left out of the sum") for problem in problems)
    return Verdict(value, tuple(because))


def suggest_override(
    account: Account,
    contract: Contract | None,
    arr_base_minor: int | None,
    band: str | None,
    opportunity: str,
    policy: Policy,
) -> Verdict | None:
    """SEG-1: the segment a person might choose instead, with why; None when nothing speaks for one.

    Just under the top threshold with a large expansion ahead: the top segment. Just over it, green,
    flat and renewed quietly for years: the one below.
    """
    if arr_base_minor is None or account.segment_override is not None:
        return None
    (top_minor, top), (_, below) = _thresholds(policy)[:2]
    near, much, over, cycles = policy.overrides
    base = policy.base_currency
    seen = f"ARR {money.plain(arr_base_minor, base)}"
    if top_minor * near <= arr_base_minor * 100 < top_minor * 100:
        growth = base_minor(account.expansion_minor, account.currency, policy)
        if growth is None or growth * 100 < arr_base_minor * much or arr_base_minor + growth < top_minor:
            return None
        limit = f"within {100 - near} % of {money.plain(top_minor, base)}"
        large = f"at least {much} % of ARR, reaching {top}"
        potential = f"expansion potential {money.plain(growth, base)}"
        return Verdict(top, (Because("SEG-1", seen, limit), Because("SEG-1", potential, large)))
    if (
        top_minor * 100 <= arr_base_minor * 100 <= top_minor * over
        and band == "green"
        and opportunity == "flat"
    ):
        terms = _renewed(contract)
        if terms >= cycles:
            limit = f"at most {over - 100} % over {money.plain(top_minor, base)}"
            quiet = Because("SEG-1", f"cycle {terms}, green, flat", f"cycle {cycles} or later, unchanged")
            return Verdict(below, (Because("SEG-1", seen, limit), quiet))
    return None


def _renewed(contract: Contract | None) -> int:
    """Which cycle the contract is in, by its record or by its dates."""
    if contract is None:
        return 0
    if not (contract.start_on and contract.renewal_on and contract.term_months):
        return contract.cycle
    months = round((contract.renewal_on - contract.start_on).days * 12 / 365.25)
    return max(contract.cycle, months // contract.term_months)
