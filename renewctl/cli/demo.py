"""`demo`: a small believable book, run through the real commands so that each can be tried again."""

import csv
import io
import os
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from renewctl.cli.options import Env, command, default_portfolio, say
from renewctl.errors import InputRefused, PortfolioError, UsageError
from renewctl.store.files import write_atomic
from renewctl.store.portfolio import open_portfolio
from renewctl.views.account import word
from renewctl.views.terminal import safe

_MARK = "demo"  # in the portfolio's own facts: the day it was made; only what bears it is replaced
_CSV = ("accounts.csv", "value.csv", "stakeholders.csv", "readings.csv")

_WORDS = (
    "Alder Basalt Cobalt Dune Ember Fjord Granite Harbor Indigo Juniper Kestrel Lumen Meridian Nimbus Onyx "
    "Pampa Quartz Ridge Saffron Tundra Umber Velvet Willow Xenon Yarrow Zephyr Aurora Birch Cedar Delta "
    "Elm Falcon Garnet Heron Iris Jade Koala Lotus Maple Nectar Opal Pine Quill Raven Sierra Topaz"
).split()
_TRADES = ("Foods", "Logistics", "Health", "Software", "Energy", "Retail", "Bank", "Labs", "Schools", "Media")
_CSMS = ("ana", "bruno", "chloe", "diego")
_SALES = ("sofia", "tom")

# What each told story needs beyond the defaults of `_account`; days count from the day of the demo.
_STORIES: tuple[dict[str, Any], ...] = (
    {
        "id": "ACME", "name": "Acme Robotics", "arr": 120_000, "renews": 75, "usage_trend": 12, "nps": 60,
        "engagement": 82, "relationship": 85, "csat": 4.6, "open_tickets": 1, "expansion_arr": 40_000,
        "seats_purchased": 200, "seats_used": 192, "growth_rate": "30%", "strategic": "yes",
        "executive_sponsor": "vera", "champion": "Robin Lee", "industry": "Robotics",
    },
    {
        "id": "BOREAL", "name": "Borealis Foods", "arr": 84_000, "renews": 41, "usage_trend": -34,
        "nps": -20, "engagement": 35, "relationship": 40, "csat": 2.4, "open_tickets": 6,
        "competitor": "Rivalware", "champion": "Sam Ortiz",
    },
    {
        "id": "CASTOR", "name": "Castor Bank", "arr": 310_000, "renews": 104, "usage_trend": 3, "nps": 40,
        "engagement": 78, "relationship": 74, "auto_renew": "yes", "notice_days": 90, "strategic": "yes",
        "executive_sponsor": "vera",
    },
    {
        "id": "DOURO", "name": "Douro Têxtil", "arr": 95_000, "currency": "BRL", "country": "BR",
        "renews": 62, "nps": 10, "engagement": 55, "relationship": 60,
    },
    {
        "id": "EDEN", "name": "Eden Clinics", "arr": 9_600, "renews": 25, "auto_renew": "yes",
        "payment_on_file": "yes", "notice_days": 15, "usage_trend": 8, "nps": 50, "engagement": 80,
        "relationship": 82,
    },
    {"id": "FARO", "name": "Faro Schools", "arr": 18_000, "renews": -6, "nps": 20, "relationship": 65},
    {"id": "GALE", "name": "Gale Media", "arr": "", "renews": 90},
    {
        "id": "HALO", "name": "Halo Energy", "arr": 145_000, "renews": 38, "nps": 5, "engagement": 52,
        "relationship": 58, "usage_trend": -8,
    },
    {
        "id": "IBEX", "name": "Ibex Logistics", "arr": 47_000, "renews": 29, "usage_trend": -12,
        "champion": "left", "engagement": 44, "relationship": 48,
    },
    {
        "id": "JOTA", "name": "Jota Retail", "arr": 12_500, "currency": "EUR", "country": "PT", "renews": 60,
        "cancel_notice": -1, "nps": -40, "engagement": 20,
    },
)  # fmt: skip
_VALUE = (
    ("hours saved", "4180", "hours", "55", "0", "We got a whole week back each month."),
    ("picking errors", "310", "errors", "", "940", ""),
    ("orders processed", "47250", "orders", "", "38900", ""),
)
_PEOPLE = (
    ("Robin Lee", "champion", "high", "positive", "ana"),
    ("Dana Whitfield", "economic_buyer", "high", "neutral", "sofia"),
    ("Priya Nair", "technical_buyer", "medium", "positive", "ana"),
)


@command(json=False)
def demo(
    env: Env,
    folder: Annotated[
        str, typer.Argument(metavar="[DIR]", help="The folder to make it in.")
    ] = "renewctl-demo",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Make it again, over the one there.")] = False,
) -> None:
    """Make a small believable portfolio to try things on."""
    target = Path(folder)
    portfolio = target / "portfolio.db"
    _may_make(target, portfolio, yes)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, rows in _files(env.as_of).items():
            write_atomic(target / name, _csv(rows), overwrite=True)
        portfolio.unlink(missing_ok=True)
    except OSError as error:
        raise InputRefused(
            "folder-not-writable", f"cannot write to {target}: {error.strerror}", "name another folder"
        ) from error
    os.environ["RENEWCTL_PORTFOLIO"] = str(portfolio)
    os.environ["RENEWCTL_AS_OF"] = env.as_of.isoformat()
    if env.policy_path:
        os.environ["RENEWCTL_POLICY"] = env.policy_path
    files = [str(target / name) for name in _CSV]
    _step(
        "First the export of a CRM goes in, with value figures, contacts and readings of earlier months.",
        ["import", *files],
    )
    _past(env, str(portfolio))
    _step("What is due this week, the first thing to do first:", ["due", "--days", "7", "--limit", "15"])
    _step(
        "Borealis Foods looks at a competitor. A save gives the case a clock and steps:",
        ["save", "start", "BOREAL", "--scenario", "competitive"],
    )
    _step(
        "Acme renews in 75 days and is growing. A proposal with three tiers:",
        ["proposal", "ACME", "--tiers", "good,better,best", "-o", str(target), "--yes"],
    )
    say("")
    say("Now try it yourself. Point the commands at this portfolio first:")
    say("")
    say(f"  export RENEWCTL_PORTFOLIO={word(str(portfolio))}")
    for line in (
        "renewctl due --days 90                     what is owed, and by whom",
        "renewctl explain ACME                      why it is classified as it is",
        "renewctl save start IBEX --scenario champion_departure",
        "renewctl save standup                      every running save on one screen",
        "renewctl save results                      what the saves of the last 18 months came to",
        "renewctl save rehearse                     which losses the triggers would have seen",
        "renewctl due --owner ana                   one person's day",
        "renewctl value ACME                        what the customer got out of it",
    ):
        say(f"  {line}")
    say("")
    say(
        f"The proposal is in {safe(target)}: open the .html file in a browser. "
        "Your own portfolio was not touched."
    )


def _past(env: Env, portfolio: str) -> None:
    """What happened before the day of the demo, and the mark of one."""
    from renewctl.cli.demo_past import write_past
    from renewctl.store.agenda import refresh

    with open_portfolio(portfolio) as made:
        write_past(made, env.as_of)
        with made.write("demo", env.actor, env.as_of):
            made.set_meta(_MARK, env.as_of.isoformat())
            refresh(made, env.policy, env.as_of)


def _may_make(target: Path, portfolio: Path, yes: bool) -> None:
    """Refuse where something is in the way: a demo goes only when asked to, and nothing else ever does."""
    if portfolio.resolve() == default_portfolio().resolve():
        raise PortfolioError(
            "not-a-demo", f"{portfolio} is where your own portfolio belongs", "name another folder"
        )
    there = [name for name in ("portfolio.db", *_CSV) if os.path.lexists(target / name)]
    if there and not _is_demo(portfolio):
        raise PortfolioError(
            "not-a-demo",
            f"{target / there[0]} is there already and no demo is known to have made it; it stays as it is",
            "name another folder: renewctl demo DIR",
        )
    if there and not yes:
        raise UsageError(
            "demo-exists",
            f"there is a demo in {target} already",
            f"renewctl demo {word(str(target))} --yes makes it again",
        )


def _is_demo(portfolio: Path) -> bool:
    """Whether the file is a portfolio that a demo made."""
    if portfolio.is_symlink() or not portfolio.is_file():
        return False
    with open_portfolio(str(portfolio)) as found:
        return found.meta(_MARK) is not None


def _typed(text: str) -> str:
    """A word of a command as a shell would take it."""
    return text if "," in text and text.isascii() and text.isprintable() else word(text)


def _step(title: str, args: list[str]) -> None:
    from renewctl.cli.app import run

    say(f"\n# {title}")
    say("$ renewctl " + " ".join(_typed(each) for each in args))
    code = run(args)
    if code not in (0, 1):
        raise typer.Exit(code)


def _files(as_of: date) -> dict[str, list[dict[str, Any]]]:
    """The demo's CSV files by name, with dates relative to the day."""
    from renewctl.cli.demo_past import accounts as past_accounts
    from renewctl.cli.demo_past import readings

    random = Random(7)  # noqa: S311  always the same book
    accounts = [_account(as_of, random, dict(story)) for story in _STORIES]
    for at, first in enumerate(_WORDS):
        name = f"{first} {_TRADES[at % len(_TRADES)]}"
        size = random.choice((3_000, 5_500, 8_200, 9_900, 14_000, 22_000, 36_000, 52_000, 78_000, 165_000))
        accounts.append(
            _account(as_of, random, {"id": f"C{at + 101}", "name": name, "arr": size + random.randrange(900)})
        )
    blank = dict.fromkeys(accounts[0], "")
    accounts += [blank | each for each in past_accounts(as_of)]
    quarter = {"period_start": as_of - timedelta(days=365), "period_end": as_of - timedelta(days=1)}
    value = [
        {
            "account_id": "ACME", "metric": metric, "value": amount, "unit": unit, **quarter,
            "baseline": baseline, "rate": rate, "currency": "USD" if rate else "", "quote": quote,
        }
        for metric, amount, unit, rate, baseline, quote in _VALUE
    ]  # fmt: skip
    people = [
        {
            "account_id": "ACME", "name": name, "role": role, "influence": influence, "sentiment": sentiment,
            "last_contact": as_of - timedelta(days=9), "thread_owner": owner,
        }
        for name, role, influence, sentiment, owner in _PEOPLE
    ]  # fmt: skip
    return dict(zip(_CSV, (accounts, value, people, readings(as_of)), strict=True))


def _account(as_of: date, random: Random, told: dict[str, Any]) -> dict[str, Any]:
    """One row; what the story does not tell is drawn, what does not matter stays blank."""
    renews = as_of + timedelta(days=told.pop("renews", random.randrange(3, 360)))
    notice = told.pop("cancel_notice", None)
    mood = random.choice((35, 55, 70, 80, 90))
    row: dict[str, Any] = {
        "id": "", "name": "", "status": "", "country": "US", "industry": random.choice(_TRADES), "arr": "",
        "currency": "USD", "renewal_date": renews, "start_date": renews - timedelta(days=365),
        "term_months": 12, "notice_days": random.choice(("", 30, 60)),
        "auto_renew": random.choice(("yes", "no")), "payment_on_file": random.choice(("yes", "no")),
        "csm": random.choice(_CSMS),
        "sales_owner": random.choice(_SALES), "executive_sponsor": "", "strategic": "no",
        "usage_trend": round((mood - 60) / 3), "open_tickets": random.randrange(0, 5),
        "csat": round(1.5 + mood / 30, 1), "nps": mood - 45, "engagement": mood,
        "relationship": min(100, mood + random.randrange(-10, 11)),
        "last_contact": as_of - timedelta(days=random.randrange(2, 60)),
        "seats_purchased": 50, "seats_used": random.randrange(20, 50), "expansion_arr": "", "growth_rate": "",
        "champion": "", "cancel_notice_date": "" if notice is None else as_of + timedelta(days=notice),
        "competitor": "",
    }  # fmt: skip
    return row | told


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
