"""What is asked for an offer, and the complete terms that come of it with the policy's usual figures."""

from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from renewctl.core.intake import Refusal
from renewctl.core.offer_money import LESS_SCOPE, Deal, Terms
from renewctl.core.policy import INSTRUMENTS, OfferRules

_YEAR = 12
# What each instrument takes beside a discount and an end, by the field of `Ask`, and how it is typed.
OPTIONS = {
    "months": "--months",
    "steps_pct": "--steps",
    "seats": "--seats",
    "of_seats": "--of-seats",
    "price_minor": "--price",
    "list_minor": "--list-price",
    "fee_minor": "--fee",
    "terms_days": "--terms-days",
    "every_months": "--every-months",
    "uplift_pct": "--uplift",
    "what": "--what",
    "expand_on": "--expand-on",
    "recovers_on": "--recovers-by",
}
_SCOPE = ("price_minor", "list_minor", "expand_on")
TAKES = {
    "prepay": ("months",),
    "billing_period": ("months", "every_months", *_SCOPE),
    "payment_terms": ("months", "terms_days"),
    "bridge": ("months", "recovers_on"),
    "ramp": ("months", "steps_pct"),
    "seats": ("months", "seats", "of_seats", *_SCOPE),
    "core_only": ("months", *_SCOPE),
    "volume": ("months",),
    "deferred_fee": ("months", "fee_minor"),
    "price_lock": ("months", "uplift_pct"),
    "roadmap": ("months", "what"),
    "trial": ("months", "what"),
}

# What it cannot do without beside an end, as it is typed.
_WAY_BACK = (("--price", "AMOUNT"), ("--expand-on", "DATE"))
NEEDS = {
    "bridge": (("--recovers-by", "DATE"),),
    "seats": _WAY_BACK,
    "core_only": _WAY_BACK,
    "deferred_fee": (("--fee", "AMOUNT"),),
    "roadmap": (("--what", "TEXT"),),
}


class Ask(NamedTuple):
    """What a person asks for; None (or nothing) where the policy's usual figure is meant."""

    instrument: str
    discount_pct: Fraction | None = None
    until_on: date | None = None
    months: int | None = None
    steps_pct: tuple[Fraction, ...] | None = None
    seats: int | None = None
    of_seats: int | None = None
    price_minor: int | None = None  # a year; of `billing_period`, a billing period
    list_minor: int | None = None  # what the scope that stays is listed at, a year
    fee_minor: int | None = None
    terms_days: int | None = None
    every_months: int | None = None
    uplift_pct: Fraction | None = None
    what: str | None = None
    expand_on: date | None = None
    recovers_on: date | None = None


def misfit(ask: Ask, deal: Deal) -> Refusal | None:
    """What is off in the words of an ask: an option of another instrument, a figure missing or absurd.

    The caller answers with wrong usage; nothing here is a rule.
    """
    name = ask.instrument
    for field, option in OPTIONS.items():
        if getattr(ask, field) is not None and field not in TAKES[name]:
            fits = ", ".join(each for each in INSTRUMENTS if field in TAKES[each])
            return Refusal("option-of-another", f"{option} says nothing of {name}", f"it is for: {fits}")
    if ask.months is not None and ask.until_on is not None:
        return Refusal("two-ends", "--months and --until both say when it ends", "give one of them")
    if ask.until_on is not None and ask.until_on < deal.from_on:
        return Refusal(
            "ends-before-it-begins",
            f"--until {ask.until_on} is before {deal.from_on}, when the offer begins",
            "give a later end, or with --from DATE an earlier beginning",
        )
    return _missing(ask, deal) or _absurd(ask, deal)


def _missing(ask: Ask, deal: Deal) -> Refusal | None:
    name, given = ask.instrument, ask.price_minor is not None or ask.discount_pct is not None
    if name == "core_only" and not given:
        return Refusal("price-missing", "what do the core features cost a year?", "give it with --price")
    if name == "seats" and ask.seats is None and not given:
        return Refusal("seats-missing", "how many seats stay?", "give them with --seats, or --price a year")
    if name == "seats" and ask.seats is not None and ask.of_seats is None and ask.price_minor is None:
        return Refusal(
            "seats-unknown",
            "how many seats there are today is not on record",
            "give them with --of-seats, or record them: renewctl set ACCOUNT seats_purchased=N",
        )
    if name == "deferred_fee" and ask.fee_minor is None:
        return Refusal("fee-missing", "which fee is deferred?", "give it with --fee AMOUNT")
    if name == "roadmap" and not ask.what:
        return Refusal(
            "what-missing", "what is promised, in words for the customer?", "say it with --what TEXT"
        )
    if name == "ramp" and ask.discount_pct is not None and ask.steps_pct is not None:
        return Refusal("two-discounts", "--steps says what a ramp takes off", "leave --discount out")
    return None


def _absurd(ask: Ask, deal: Deal) -> Refusal | None:
    if ask.every_months is not None and _YEAR % ask.every_months:
        return Refusal("bad-period", "a billing period divides the year", "give 1, 2, 3, 4, 6 or 12 months")
    if ask.seats is not None and ask.of_seats is not None and not 0 < ask.seats < ask.of_seats:
        return Refusal("bad-seats", f"{ask.seats} of {ask.of_seats} seats are not fewer", "give fewer seats")
    if ask.price_minor is not None:
        months = ask.every_months or _YEAR if ask.instrument == "billing_period" else _YEAR
        if ask.price_minor * _YEAR > deal.arr_minor * months:
            return Refusal(
                "price-over-arr", "the price asked for is over what is paid today", "give a price below it"
            )
    return None


def end_of(ask: Ask, deal: Deal, rules: OfferRules) -> date | None:
    """The last day of an offer: as asked, else that of an instrument which ends by itself; None: it has none.

    Fewer seats or features are agreed to the end of the term.
    """
    if ask.until_on is not None:
        return ask.until_on
    if ask.months is None and ask.instrument == "trial":
        return deal.from_on + timedelta(days=rules.trial_days - 1)
    months = ask.months or rules.months.get(ask.instrument)
    if months is not None:
        return deal.on(months) - timedelta(days=1)
    return deal.ends_on if ask.instrument in LESS_SCOPE else None


def settle(ask: Ask, rules: OfferRules, until_on: date) -> Terms | Refusal:
    """SAV-B: the complete terms of an ask that fits, with the policy's usual figures where it says nothing.

    Refused where a ramp cannot be made of its months.
    """
    name = ask.instrument
    usual = rules.discount_pct.get(name, Fraction(0))
    terms = Terms(
        name,
        until_on,
        usual if ask.discount_pct is None else ask.discount_pct,
        terms_days=rules.standard_days,
        standard_days=rules.standard_days,
    )
    if name == "ramp":
        return _ramp(ask, rules, terms)
    if name == "prepay":  # paid when it begins
        return terms._replace(every_months=rules.months["prepay"], terms_days=0)
    if name == "payment_terms":
        return terms._replace(terms_days=rules.terms_days if ask.terms_days is None else ask.terms_days)
    if name == "deferred_fee":
        return terms._replace(fee_minor=ask.fee_minor or 0)
    if name == "price_lock":
        return terms._replace(uplift_pct=rules.uplift_pct if ask.uplift_pct is None else ask.uplift_pct)
    if name in ("roadmap", "trial"):
        return terms._replace(what=ask.what or "")
    if name == "bridge":
        return terms._replace(recovers_on=ask.recovers_on)
    return _scope(ask, rules, terms)


def _scope(ask: Ask, rules: OfferRules, terms: Terms) -> Terms:
    """What says how much stays, and when growing again is talked over."""
    every = 1
    if ask.instrument == "billing_period":
        every = ask.every_months or rules.every_months
    less = ask.instrument in LESS_SCOPE or ask.price_minor is not None
    return terms._replace(
        every_months=every,
        price_minor=ask.price_minor,
        price_months=every if ask.instrument == "billing_period" else _YEAR,
        scope_list_minor=ask.list_minor,
        seats=ask.seats,
        of_seats=ask.of_seats,
        expand_on=ask.expand_on if less else None,
    )


def _ramp(ask: Ask, rules: OfferRules, terms: Terms) -> Terms | Refusal:
    """Equal steps: those given over the months, else the policy's, scaled where another depth is asked."""
    months = ask.months or rules.months["ramp"]
    steps = ask.steps_pct or rules.ramps.get(months)
    if steps is None:
        known = " or ".join(str(each) for each in sorted(rules.ramps))
        return Refusal(
            "ramp-unknown",
            f"a ramp of {months} months has no usual steps",
            f"give --steps, or {known} months",
        )
    if months % len(steps):
        return Refusal(
            "ramp-uneven",
            f"{months} months are not {len(steps)} equal steps",
            "give other --months or --steps",
        )
    if ask.discount_pct is not None and max(steps) > 0:
        steps = tuple(each * ask.discount_pct / max(steps) for each in steps)
    return terms._replace(discount_pct=Fraction(0), steps_pct=steps, step_months=months // len(steps))
