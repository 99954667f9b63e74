"""Small books for tests: values with sensible defaults, and a portfolio that holds them."""

from datetime import date
from pathlib import Path
from typing import Any

from renewctl.core.dates import WorkCalendar
from renewctl.core.model import Account, Change, Contract, ItemState, Reading
from renewctl.core.policy import Policy
from renewctl.core.text import fold
from renewctl.store.agenda import refresh
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import ENTITIES, Portfolio, open_portfolio
from tests.engines import place

TODAY = date(2026, 3, 2)  # a Monday
POLICY: Policy = load_policy(None)
WEEKDAYS = WorkCalendar("", frozenset())


def account(no: int = 1, **given: Any) -> Account:
    """An account with defaults."""
    name = given.pop("name", f"Account {no}")
    filled: dict[str, Any] = dict.fromkeys(Account._fields)
    filled |= {
        "no": no, "id": f"A{no}", "name": name, "search_name": fold(name), "currency": "USD", "csm": "ana",
        "strategic": 0, "champion_gone": 0, "recorded_on": TODAY,
    }  # fmt: skip
    return Account(**(filled | given))


def an_account(**given: Any) -> Account:
    """An account of which nothing is known but its name, its currency and what is given."""
    filled: dict[str, Any] = dict.fromkeys(Account._fields)
    filled |= {
        "no": 1, "id": "A1", "name": "Acme", "search_name": "acme", "currency": "USD", "strategic": 0,
        "champion_gone": 0, "recorded_on": TODAY,
    }  # fmt: skip
    return Account(**(filled | given))


def contract(no: int = 1, **given: Any) -> Contract:
    """An open contract of account `no`, 120,000 a year, with defaults."""
    renewal_on = given.get("renewal_on", date(2026, 9, 1))
    filled: dict[str, Any] = dict.fromkeys(Contract._fields)
    filled |= {
        "no": no, "id": f"K{no}", "account_no": no, "arr_minor": 12_000_000, "currency": "USD",
        "renewal_on": renewal_on, "renewal_day": renewal_on.day if renewal_on else None, "term_months": 12,
        "stage": "planned", "state": "open", "implied": 1, "cycle": 1, "planned_from_on": TODAY,
        "recorded_on": TODAY,
    }  # fmt: skip
    return Contract(**(filled | given))


def reading(account_no: int = 1, **given: Any) -> Reading:
    """A full, good set of health readings."""
    filled: dict[str, Any] = dict.fromkeys(Reading._fields)
    filled |= {
        "account_no": account_no, "read_on": TODAY, "usage_trend": 10.0, "open_tickets": 1, "csat": 4.5,
        "nps": 50.0, "engagement": 80.0, "relationship": 80.0,
    }  # fmt: skip
    return Reading(**(filled | given))


def state(subject: str = "1", step: str = "notice", **given: Any) -> ItemState:
    """What was done with a step."""
    filled: dict[str, Any] = {
        "subject": subject, "account_no": 1, "cycle": 1, "step": step, "state": "done", "set_on": TODAY,
        "until_on": None, "reason": None, "minutes": None, "actor": "ana",
    }  # fmt: skip
    return ItemState(**(filled | given))


_ENTITY = {ENTITIES[name].value: name for name in ENTITIES}


def insert(value: Any) -> Change:
    """The change that records a value."""
    entity = _ENTITY[type(value)]
    row = value._asdict()
    key = tuple(row[name] for name in ENTITIES[entity].key)
    return Change(entity, key, row.get("account_no", row.get("no")), None, row)


def portfolio(folder: Path, *values: Any, as_of: date = TODAY, policy: Policy = POLICY) -> Portfolio:
    """A portfolio file holding the values, its cache fresh."""
    made = open_portfolio(str(place(folder / "book.db")), create=True)
    with made.write("test", "ana", as_of) as operation:
        operation.apply(insert(value) for value in values)
        refresh(made, policy, as_of)
    return made
