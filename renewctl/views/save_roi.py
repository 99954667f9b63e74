"""The value and ROI sheet of a save, which a customer reads: what was measured beside the price (SAV-V)."""

from typing import NamedTuple

from renewctl.core.roi import Return, Roi
from renewctl.core.value import Gain
from renewctl.views.papers import GainLine, Supplier, gain_line
from renewctl.views.save_letters import top
from renewctl.views.save_rows import Source, Teller
from renewctl.views.wording import Writer


class RoiGroup(NamedTuple):
    """Gains of one kind."""

    kind: str  # time | revenue | cost | other
    gains: tuple[GainLine, ...]


class ReturnRow(NamedTuple):
    """Worth and price of one period; None where it cannot be told."""

    period: str | None
    worth: str
    price: str | None  # a year
    units: int | None  # of a year's `of`: 12 months or 365 days
    of: int | None
    cost: str | None
    net: str | None
    pct: str | None


class AlternativeRow(NamedTuple):
    """What another way would take."""

    gain: GainLine
    cost: str | None  # ours, over the same time
    difference: str | None  # theirs less ours


class OtherWayRow(NamedTuple):
    """What the cheapest other way takes a year, beside the price."""

    takes: str
    ours: str | None
    difference: str | None
    found_on: str


class RoiPage(NamedTuple):
    """Everything the value and ROI sheet prints."""

    customer: str
    supplier: Supplier
    author: str | None
    date: str
    price: str | None
    groups: tuple[RoiGroup, ...]
    has_baseline: int
    returns: tuple[ReturnRow, ...]
    alternatives: tuple[AlternativeRow, ...]
    other_way: OtherWayRow | None
    unused: tuple[GainLine, ...]
    seats_bought: int | None
    seats_used: int | None
    seats_idle: int | None
    quotes: tuple[str, ...]


def roi_page(source: Source) -> RoiPage:
    """SAV-V, SAV-3: measured worth beside the price, with every source and formula."""
    tell, found = Teller(source), source.roi
    gains = [gain for group in found.groups for gain in group.gains]
    return RoiPage(
        *top(tell),
        tell.money(found.price_minor, found.currency),
        tuple(
            RoiGroup(group.kind, tuple(gain_line(gain, tell.say) for gain in group.gains))
            for group in found.groups
        ),
        int(any(gain.baseline is not None for gain in gains)),
        tuple(
            _return_row(each, tell.money(found.price_minor, found.currency), tell.say)
            for each in found.returns
        ),
        tuple(_alternative(gain, other, tell.say) for gain, other in found.alternatives),
        _other_way(tell, found),
        tuple(gain_line(gain, tell.say) for gain in found.value.unused),
        tell.account.seats_purchased,
        tell.account.seats_used,
        found.idle_seats,
        found.value.quotes,
    )


def _other_way(tell: Teller, found: Roi) -> OtherWayRow | None:
    way = found.other_way
    if way is None:
        return None
    less = tell.money(way.less_minor, way.currency)
    ours = tell.money(found.price_minor, way.currency) if less else None
    return OtherWayRow(tell.say.money(way.minor, way.currency), ours, less, tell.say.day(way.found_on))


def _return_row(found: Return, price: str | None, say: Writer) -> ReturnRow:
    def amount(minor: int | None) -> str | None:
        return None if minor is None else say.money(minor, found.currency)

    return ReturnRow(
        say.period(found.start_on, found.end_on),
        say.money(found.worth_minor, found.currency),
        price,
        found.span.units if found.span else None,
        found.span.of if found.span else None,
        amount(found.cost_minor),
        amount(found.net_minor),
        None if found.pct is None else say.percent(found.pct, places=0),
    )


def _alternative(gain: Gain, other: Return | None, say: Writer) -> AlternativeRow:
    if other is None or other.cost_minor is None or other.net_minor is None:
        return AlternativeRow(gain_line(gain, say), None, None)
    cost, less = (say.money(minor, other.currency) for minor in (other.cost_minor, other.net_minor))
    return AlternativeRow(gain_line(gain, say), cost, less)
