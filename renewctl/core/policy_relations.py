"""What must hold between the keys of a policy, judged on the complete, merged tables.

Each relation takes the merged tables, all of the right shape, and returns (path, message) pairs.
`RELATIONS` names for each the tables it reads: it is judged where the checked file holds one of
them and all are of the right shape.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

from renewctl.core import money
from renewctl.core.dates import parse_iso
from renewctl.core.policy_schema import CALL_WITHIN_HOURS, CASE_STATES, CUSTOMER_FROM_DAYS

Found = tuple[tuple[str | int, ...], str]
Raw = dict[str, Any]


def _number(value: Any) -> Fraction:
    return Fraction(str(value))


def _rising(path: tuple[str | int, ...], low: Any, high: Any) -> Iterator[Found]:
    if low > high:
        yield path, f"{low} is over {high}; the lower value first"


def _rates(raw: Raw) -> Iterator[Found]:
    base = raw["general"]["base_currency"]
    for code, rate in raw["rates"].items():
        if code not in money.CURRENCIES:
            yield ("rates", code), "no such currency; an ISO 4217 code, such as EUR"
        elif code == base and _number(rate) != 1:
            yield ("rates", code), f"{code} is the base currency; 1, or leave it out"


def _segments(raw: Raw) -> Iterator[Found]:
    """SEG: one ladder from the smallest up, without a gap at its foot."""
    table = raw["segments"]
    ladder = ("smb", "mid_market", "enterprise")
    for low, high in pairwise(ladder):
        if _number(table[high]["at_least"]) <= _number(table[low]["at_least"]):
            yield (
                ("segments", high, "at_least"),
                f"{table[high]['at_least']} is not over {low}'s {table[low]['at_least']}; "
                "thresholds rise from smb over mid_market to enterprise",
            )
    if _number(table["smb"]["at_least"]) != 0:
        yield ("segments", "smb", "at_least"), "an ARR below it would have no segment; 0"
    for name, segment in table.items():
        yield from _rising(("segments", name, "starts_days"), *segment["starts_days"])
        yield from _rising(("segments", name, "effort_hours"), *segment["effort_hours"])
        if segment["warn_hours"] < segment["effort_hours"][0]:
            yield (
                ("segments", name, "warn_hours"),
                f"{segment['warn_hours']} is under the least effort; at least {segment['effort_hours'][0]}",
            )


def _bands(path: tuple[str | int, ...], bands: Raw) -> Iterator[Found]:
    """HLT-1: green begins over yellow."""
    if bands["green"] <= bands["yellow"]:
        yield (*path, "green"), f"{bands['green']} is not over yellow's {bands['yellow']}; more than yellow"


def _health(raw: Raw) -> Iterator[Found]:
    """HLT: bands, guard and scale in order."""
    table = raw["health"]
    yield from _bands(("health", "bands"), table["bands"])
    green = table["bands"]["green"]
    if table["guard"]["score"] < green:
        yield ("health", "guard", "score"), f"{table['guard']['score']} is not green; at least {green}"
    for name, own in table["segments"].items():
        bands = {**table["bands"], **own.get("bands", {})}
        yield from _bands(("health", "segments", name, "bands"), bands)
    for at, row in enumerate(table["ages"]):
        yield from _bands(("health", "ages", at), row)
        if at and row["below_days"] <= table["ages"][at - 1]["below_days"]:
            before = table["ages"][at - 1]["below_days"]
            yield (
                ("health", "ages", at, "below_days"),
                f"{row['below_days']} is not over {before}, tried first; rising",
            )
    check = table["check"]
    if check["far_days"] < check["near_days"]:
        yield (
            ("health", "check", "far_days"),
            f"{check['far_days']} is under near_days; at least {check['near_days']}",
        )
    points = table["usage_points"]
    for at, (_, score) in enumerate(points):
        if not 0 <= score <= 100:
            yield ("health", "usage_points", at, 1), f"{score} is no score; a number from 0 to 100"
    for at, (before, after) in enumerate(pairwise(points), 1):
        if after[0] <= before[0]:
            yield ("health", "usage_points", at), f"{after[0]} is not over {before[0]}; usage_trend rises"


def _timelines(raw: Raw) -> Iterator[Found]:
    """TML: each step has one day or one trigger, is early only inside, and is there once."""
    for segment, steps in raw["timelines"].items():
        titles: dict[tuple[str, Any], str] = {}
        for name, step in steps.items():
            if not step.get("enabled", True):
                continue
            path = ("timelines", segment, name)
            if ("days" in step) == ("trigger" in step):
                both = "both days and a trigger" if "days" in step else "neither days nor a trigger"
                yield path, f'{both}; days = 30, or trigger = "won" with after_days'
            if step["channel"] == "customer" and step.get("days", 0) > CUSTOMER_FROM_DAYS:
                yield (
                    (*path, "days" if "days" in step else "channel"),
                    f"{step['days']} days before, the customer hears nothing yet (TML-1); "
                    f'{CUSTOMER_FROM_DAYS} at most, or channel = "internal"',
                )
            if "after_days" in step and "trigger" not in step:
                yield (*path, "after_days"), "counts from a trigger and there is none; leave it out"
            yield from _builds_on(path, step, steps)
            same = (" ".join(step["title"].casefold().split()), step.get("days"))
            if same in titles:
                yield (
                    (*path, "title"),
                    f"the same action as {titles[same]} on the same day; one step each",
                )
            titles.setdefault(same, name)


def _builds_on(path: tuple[str, ...], step: Raw, steps: Raw) -> Iterator[Found]:
    """A step builds on steps that are there, and never on itself."""
    for at, name in enumerate(step.get("after", ())):
        if name not in steps:
            yield (*path, "after", at), f"no step is called {name}; a step of the same table"
    waiting, seen = list(step.get("after", ())), set[str]()
    while waiting:
        name = waiting.pop()
        if name == path[-1]:
            yield (*path, "after"), "waits for itself in the end; no circles"
            return
        if name in steps and name not in seen:
            seen.add(name)
            waiting += steps[name].get("after", ())


def _cadence(raw: Raw) -> Iterator[Found]:
    """VAL: periods that fill a year."""
    for segment, table in raw["cadence"].items():
        for name, row in table.items():
            if 12 % row["every_months"]:
                months = row["every_months"]
                yield (
                    ("cadence", segment, name, "every_months"),
                    f"{months} months do not fill a year; 1, 2, 3, 4, 6 or 12",
                )


def _ownership(raw: Raw) -> Iterator[Found]:
    """OWN-3: exactly one rule fits every ARR, so the last one has no limit."""
    for model, rules in raw["ownership"]["models"].items():
        path = ("ownership", "models", model)
        ordered = sorted(rules.items(), key=lambda item: item[1]["order"])
        for (before, first), (name, second) in pairwise(ordered):
            if first["order"] == second["order"]:
                yield (*path, name, "order"), f"{before} has {second['order']} too; a number of its own"
            elif "below" not in first and not first.get("needs_volume", False):
                yield (*path, name), f"never reached, {before} fits every ARR; give {before} a `below`"
        limits = [(name, rule["below"]) for name, rule in ordered if "below" in rule]
        for (before, low), (name, high) in pairwise(limits):
            if _number(high) < _number(low):
                yield (
                    (*path, name, "below"),
                    f"{high} is under {before}'s {low}, tried first; rising",
                )
        name, last = ordered[-1] if ordered else ("", {"below": 0})
        if "below" in last or last.get("needs_volume", False):
            yield (
                (*path, name) if name else path,
                "does not fit every ARR; a last rule of order and role",
            )


def _stages(raw: Raw) -> Iterator[Found]:
    """TRK: a renewal begins as planned and ends as won or lost."""
    order = raw["stages"]["order"]
    if order[0] != "planned" or set(order[-2:]) != {"won", "lost"}:
        yield ("stages", "order"), "begins or ends otherwise; planned first, won and lost last"
    for at, stage in enumerate(raw["stages"]["late"]):
        if stage not in order or stage in ("won", "lost"):
            yield ("stages", "late", at), f"{stage} is no open stage of stages.order; one that is"


def _saves(raw: Raw) -> Iterator[Found]:
    """SAV-1, SAV-4, SAV-10: clocks and limits in order."""
    table = raw["saves"]
    if table["target_hours"] > table["respond_hours"]:
        yield (
            ("saves", "target_hours"),
            f"{table['target_hours']} is over respond_hours; at most {table['respond_hours']}",
        )
    if table["checkin_days"] != sorted(table["checkin_days"]):
        yield ("saves", "checkin_days"), "out of order; rising, such as [30, 60, 90]"
    if table["learning"]["response_hours"] != sorted(table["learning"]["response_hours"]):
        yield ("saves", "learning", "response_hours"), "out of order; rising, such as [24, 48, 168]"
    for name, milestone in table["milestones"].items():
        yield from _rising(("saves", "milestones", name, "days"), *milestone["days"])
    limits = table["approval_pct"]
    for low, high in pairwise([role for role in ("csm", "manager", "vp") if role in limits]):
        if limits[high] < limits[low]:
            yield (
                ("saves", "approval_pct", high),
                f"{limits[high]} is under the {low}'s; {limits[low]} or more",
            )


def _playbooks(raw: Raw) -> Iterator[Found]:
    """SAV-1, SAV-2, SAV-5: a call in time, investigation before answers, and nothing that leads nowhere."""
    for scenario, book in raw["playbooks"].items():
        path = ("playbooks", scenario, "steps")
        steps = {name: step for name, step in book["steps"].items() if step.get("enabled", True)}
        call = steps.get("call")
        if call is None:
            yield (
                (*path, "call"),
                "missing or switched off; the first contact is a call (SAV-1)",
            )
            continue
        if call["channel"] != "call":
            yield (*path, "call", "channel"), f'{call["channel"]} is no call; channel = "call" (SAV-1)'
        if "hours" not in call or call["hours"] > CALL_WITHIN_HOURS:
            yield (
                (*path, "call", "hours"),
                f"too late or not on the clock; at most {CALL_WITHIN_HOURS} (SAV-1)",
            )
        if not any(step["phase"] == "investigate" for step in steps.values()):
            yield path, 'nothing is investigated; at least one step with phase = "investigate" (SAV-5)'
        yield from _case_states(path, steps)
        for name, step in steps.items():
            yield from _builds_on((*path, name), step, book["steps"])
        yield from _questions(path, book)
        for code, cause in book.get("root_causes", {}).items():
            if cause.get("scenario", scenario) not in raw["playbooks"]:
                yield (
                    ("playbooks", scenario, "root_causes", code, "scenario"),
                    f"there is no playbook {cause['scenario']}; one of: {', '.join(raw['playbooks'])}",
                )


def _case_states(path: tuple[str, ...], steps: Raw) -> Iterator[Found]:
    """A case is contacted by its call, and one step each brings it to diagnosed and planned."""
    bring: dict[str, list[str]] = {}
    for name, step in steps.items():
        bring.setdefault(step.get("state", ""), []).append(name)
    for state in CASE_STATES[:3]:
        first, *more = bring.get(state) or [""]
        if not first:
            yield path, f'no step brings the case to {state}; state = "{state}" at one of them'
        elif state == CASE_STATES[0] and first != "call":
            yield (*path, first, "state"), f"{state} comes of the call; [{'.'.join(path)}.call] has it"
        for name in more:
            yield (*path, name, "state"), f"{first} brings the case to {state}; only one step does"


def _questions(path: tuple[str, ...], book: Raw) -> Iterator[Found]:
    """Each question is asked once, and conditions hang on answers and causes that there are."""
    asked: Raw = {}
    for name, step in book["steps"].items():
        for key, question in step.get("asks", {}).items():
            if key == "cause" or key in asked:
                why = "means the root cause" if key == "cause" else "is asked by another step"
                yield (*path, name, "asks", key), f"{key} {why}; a key of its own"
            asked[key] = question.get("answers", ())
    causes = tuple(book.get("root_causes", ()))
    for name, step in book["steps"].items():
        for at, condition in enumerate(step.get("when", ())):
            key, _, answer = condition.replace("!=", "=").partition("=")
            known = causes if key == "cause" else asked.get(key)
            if not answer or (known and answer in known):
                continue
            if known is None:
                wrong = f"no step asks {key}; a question of this playbook"
            elif known:
                wrong = f"{answer} is no answer to {key}; one of: {', '.join(known)}"
            else:
                wrong = f"{key} has no answers to choose from; give it some"
            yield (*path, name, "when", at), wrong


def _pricing(raw: Raw) -> Iterator[Found]:
    """BND-2, MYR-2: `best` is at least `better`, and its term has a discount."""
    table = raw["pricing"]
    if table["better_share"] > table["best_share"]:
        yield (
            ("pricing", "better_share"),
            f"{table['better_share']} is over best_share; at most {table['best_share']}",
        )
    years = table["best_years"]
    if years > 1 and str(years) not in table["discount_pct"]:
        yield ("pricing", "best_years"), f"no discount for {years} years; add it to [pricing.discount_pct]"
    for term, limits in table["incentive_pct"].items():
        yield from _rising(("pricing", "incentive_pct", term), *limits)
    yield from _rising(("pricing", "escalator_pct"), *table["escalator_pct"])


def _capacity(raw: Raw) -> Iterator[Found]:
    """An absence has a first and a last day, both of the calendar."""
    for person, table in raw["capacity"].get("people", {}).items():
        for at, days in enumerate(table.get("absences", ())):
            path = ("capacity", "people", person, "absences", at)
            wrong = [each for each in days if parse_iso(each) is None]
            if wrong:
                yield path, f"{wrong[0]} is no day; such as 2026-07-06"
            else:
                yield from _rising(path, *days)


def _pilot(raw: Raw) -> Iterator[Found]:
    """ROL: a pilot has a segment and a first day, or neither."""
    segment, started = raw["pilot"]["segment"], raw["pilot"]["started_on"]
    if started and parse_iso(started) is None:
        yield ("pilot", "started_on"), f"{started} is no day; such as 2026-04-01"
    elif bool(segment) != bool(started):
        missing = "started_on" if segment else "segment"
        yield ("pilot", missing), f"a pilot has a segment and a first day; {missing} too"


def _advice(raw: Raw) -> Iterator[Found]:
    """OWN-1: where a specialist fails lies under where one works."""
    table = raw["ownership"]["advice"]
    if table["few_customers"] >= table["specialist_customers"]:
        yield (
            ("ownership", "advice", "few_customers"),
            f"{table['few_customers']} is not under specialist_customers; "
            f"less than {table['specialist_customers']}",
        )


def _offers(raw: Raw) -> Iterator[Found]:
    """SAV-B: billing periods divide the year, steps of a ramp its months; the usual ramp is listed."""
    table, ladder = raw["offers"], raw["saves"]["approval_pct"]
    if table["less_scope_role"] not in ladder:
        yield ("offers", "less_scope_role"), f"no role of saves.approval_pct; one of {', '.join(ladder)}"
    if 12 % table["billing_period"]["every_months"]:
        yield ("offers", "billing_period", "every_months"), "does not divide the year; 1, 2, 3, 4, 6 or 12"
    ramp = table["ramp"]
    for months, steps in ramp["steps_pct"].items():
        if int(months) % len(steps):
            yield (
                ("offers", "ramp", "steps_pct", months),
                f"{months} months are not {len(steps)} equal steps; another number of steps",
            )
    if str(ramp["months"]) not in ramp["steps_pct"]:
        yield ("offers", "ramp", "months"), f"no ramp of {ramp['months']} months in offers.ramp.steps_pct"


def _offered_in(raw: Raw) -> Iterator[Found]:
    """SAV-R, SAV-B: a scenario that no price repairs has a playbook, a cause that is answered is in one."""
    table, known = raw["offers"], ", ".join(raw["playbooks"])
    for at, name in enumerate(table["no_discount"]):
        if name not in raw["playbooks"]:
            yield ("offers", "no_discount", at), f"no playbook is called {name}; one of {known}"
    causes = {code for book in raw["playbooks"].values() for code in book.get("root_causes", ())}
    for code in table["sheet"]:
        if code not in causes:
            yield (
                ("offers", "sheet", code),
                "no playbook has this root cause; see them: renewctl playbook list",
            )


RELATIONS: tuple[tuple[tuple[str, ...], Callable[[Raw], Iterator[Found]]], ...] = (
    (("rates", "general"), _rates),
    (("segments",), _segments),
    (("health",), _health),
    (("timelines",), _timelines),
    (("cadence",), _cadence),
    (("ownership",), _ownership),
    (("ownership",), _advice),
    (("stages",), _stages),
    (("saves",), _saves),
    (("playbooks",), _playbooks),
    (("pricing",), _pricing),
    (("offers", "saves"), _offers),
    (("offers", "playbooks"), _offered_in),
    (("capacity",), _capacity),
    (("pilot",), _pilot),
)
