"""The money of every instrument a second time, from the text of the rules alone: nothing of the program.

The rules say: a month is the year's amount / 12 with the remainder cents in the last month, rounded
half-even once per printed amount; a bridge is reduced for six months, then standard; a ramp takes 40 % off
months 1 to 3 and 20 % off months 4 to 6; a prepaid year costs 25 % less and is paid at once; billing by the
quarter and 60 days to pay move the cash and not the price; fewer seats cost their share, or what was agreed;
a quarter's price of reduced scope is what each quarter costs; a deferred fee falls due later; a locked price
stays where others rise. Here the months of a year are laid out one by one, in Decimal.
"""

from calendar import monthrange
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, getcontext

getcontext().prec = 60


def half_even(amount: Decimal) -> int:
    """The printed amount: whole minor units."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


def shared(whole: int, parts: int) -> list[int]:
    """An amount in equal parts, what is left over in the last."""
    each = int((Decimal(whole) / parts).to_integral_value(ROUND_FLOOR))
    return [each] * (parts - 1) + [whole - each * (parts - 1)]


def firsts(start: date, count: int) -> list[date]:
    """The first day of each month of the term: the same day of the calendar month, or its last."""
    found, year, month = [], start.year, start.month
    for _ in range(count):
        found.append(date(year, month, min(start.day, monthrange(year, month)[1])))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def less(amount: int, pct: Decimal) -> int:
    """An amount with a percentage off."""
    return half_even(Decimal(amount) * (100 - pct) / 100)


def of_year(annual: int, at: int) -> int:
    """The price of one month of a year that costs so much."""
    return shared(annual, 12)[at % 12]


def listed(arr: int, count: int) -> list[int]:
    """Today's price of every month."""
    return [of_year(arr, at) for at in range(count)]


def until(start: date, count: int, end: date) -> int:
    """How many months have begun by the last day."""
    return sum(1 for first in firsts(start, count) if first <= end)


def reduced(arr: int, count: int, running: int, pct: Decimal) -> list[int]:
    """So many months at a discount, the rest at the standard price: a bridge, a prepaid year, volume."""
    cheap = less(arr, pct)
    return [of_year(cheap if at < running else arr, at) for at in range(count)]


def ramp(arr: int, count: int, steps: list[Decimal], each: int, running: int) -> list[int]:
    """Steps of so many months, one after the other; then the standard price."""
    table = {}
    for number, pct in enumerate(steps):
        for at in range(number * each, (number + 1) * each):
            table[at] = less(arr, pct)
    return [of_year(table.get(at, arr) if at < running else arr, at) for at in range(count)]


def seats(arr: int, count: int, stay: int, of: int, running: int) -> list[int]:
    """The share of the price that the remaining seats have."""
    kept = half_even(Decimal(arr) * stay / of)
    return [of_year(kept if at < running else arr, at) for at in range(count)]


def scope(arr: int, count: int, price: int, running: int) -> list[int]:
    """What was agreed for a year of less scope."""
    return [of_year(price if at < running else arr, at) for at in range(count)]


def by_period(arr: int, count: int, price: int, size: int, running: int) -> list[int]:
    """What was agreed for a billing period of less scope."""
    return [shared(price, size)[at % size] if at < running else of_year(arr, at) for at in range(count)]


def rising(arr: int, start: date, count: int, rises: date, pct: Decimal) -> list[int]:
    """The list price, which goes up with every renewal."""
    found = []
    for at, first in enumerate(firsts(start, count)):
        passed, year = 0, rises.year
        while date(year, rises.month, min(rises.day, monthrange(year, rises.month)[1])) <= first:
            passed, year = passed + 1, year + 1
        found.append(of_year(half_even(Decimal(arr) * (1 + pct / 100) ** passed), at))
    return found


def cash(prices: list[int], running: int, size: int = 1, days: int = 30) -> tuple[list[int], int]:
    """When it is paid: a period with its first month, a month later for every 30 days past the usual 30."""
    due: dict[int, int] = {}
    for at, price in enumerate(prices):
        month = at
        if at < running:
            month = at // size * size
            days_left = days - 30
            while days_left > 0:
                month, days_left = month + 1, days_left - 30
        due[month] = due.get(month, 0) + price
    inside = [due.get(at, 0) for at in range(len(prices))]
    return inside, sum(due.values()) - sum(inside)
