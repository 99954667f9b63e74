"""Switches for each rule: they take it out of the program, so that its tests can be seen to fail.

`python -m tests.rules --prove` runs the tests that name a rule with each of its switches thrown in turn: a
rule that asks for several things has one for each. A switch changes figures of the shipped policy, or stands
in for the function that decides.
"""

from collections.abc import Callable
from typing import Any

from renewctl.policies.shipped import RAW

Switch = Callable[[], None]


def _set(path: str, value: Any) -> Switch:
    """A figure of the policy, by its path of names."""

    def throw() -> None:
        *names, last = path.split(" ")
        at = RAW
        for name in names:
            at = at[name]
        at[last] = value

    return throw


def _steps(segments: str, change: Callable[[dict[str, Any]], object]) -> Switch:
    """Every step of some segments, by a function of all steps of one."""

    def throw() -> None:
        for segment in segments.split():
            change(RAW["timelines"][segment])

    return throw


def _without(*names: str) -> Callable[[dict[str, Any]], object]:
    return lambda steps: [steps.pop(name, None) for name in names]


def _days(least: int, most: int, to: int) -> Callable[[dict[str, Any]], object]:
    """Steps on a day of a range stand on another day."""
    return lambda steps: [
        step.update(days=to) for step in steps.values() if least <= step.get("days", -1) <= most
    ]


def _each(**change: Any) -> Callable[[dict[str, Any]], object]:
    """Every step says something else."""
    return lambda steps: [step.update(change) for step in steps.values()]


def _of(name: str, **change: Any) -> Callable[[dict[str, Any]], object]:
    """One step, where a segment has it, says something else."""
    return lambda steps: steps.get(name, {}).update(change)


def _always(*conditions: str) -> Callable[[dict[str, Any]], object]:
    """Steps no longer depend on these conditions."""
    return lambda steps: [
        step.update(when=[each for each in step.get("when", []) if each not in conditions])
        for step in steps.values()
    ]


def _twice(steps: dict[str, Any]) -> None:
    steps["heads-up"] = dict(steps["tasks" if "tasks" in steps else "reminder"])
    steps["heads-up"]["channel"] = "customer"


def _plays(scenario: str, change: Callable[[dict[str, Any]], object]) -> Switch:
    """The steps of one playbook, by a function of all of them."""

    def throw() -> None:
        from renewctl.policies.shipped_books import RAW as BOOKS

        change(BOOKS[scenario]["steps"])

    return throw


def _left_out(scenario: str, names: str) -> tuple[Switch, ...]:
    """One step of a playbook after the other is not there."""
    return tuple(_plays(scenario, _without(name)) for name in names.split())


def _instead(module: str, name: str, function: Callable[..., Any]) -> Switch:
    """A stand-in for a function of the core, before anybody has imported it from there."""

    def throw() -> None:
        from importlib import import_module

        where = import_module(f"renewctl.core.{module}")
        assert hasattr(where, name), f"renewctl.core.{module} has no {name} any more"
        setattr(where, name, function)

    return throw


def _zero_for_missing(points: Any, scale: Any) -> tuple[float, int]:
    """HLT-2 got wrong: what is not known counts as nothing."""
    pairs = zip(scale.weights, points, strict=False)
    return sum(weight * (point or 0) for weight, point in pairs), sum(scale.weights)


def _renewal_date(renewal_on: Any, auto_renew: Any, notice_days: Any) -> Any:
    """ANCHOR got wrong: the opt-out deadline is not looked at."""
    return renewal_on, "renewal_date"


def _own_column_only(role: str, account: Any, owner: Any, policy: Any) -> tuple[str | None, bool]:
    """OWN-3 got wrong: a vacant role falls to nobody."""
    return (owner if role == "owner" else getattr(account, role, None)), False


def _no_stand_in(role: str, account: Any, policy: Any) -> tuple[str | None, str]:
    """OWN got wrong: a renewal whose role is vacant has no owner."""
    return {"csm": account.csm, "sales": account.sales_owner, "specialist": account.specialist}[role], role


def _first(specialist: Any, arr: Any, policy: Any, volume: int) -> Any:
    """OWN-1 got wrong: no model is looked at."""
    return policy.ownership.rules[-1]


def _by_hand(contract: Any, segment: Any, *_: Any) -> str:
    """HLT-4 got wrong: a small renewal in good health is worked by hand like any other."""
    return "assisted" if segment == "smb" else "negotiated"


def _unlimited(found: Any) -> Any:
    """SAV-4 got wrong: an offer may run for ever."""
    from renewctl.core.offer_guards import OK, Guard

    return Guard("SAV-4", OK, f"ends on {found.terms.until_on}")


def _anything(ledger: Any, name: str) -> Any:
    """SAV-6 got wrong: any word is proof of anything."""
    from renewctl.core.plays import latest

    return latest(ledger, "state") or latest(ledger, "cause")


def _for_free(*_: Any) -> Any:
    """SAV-4 got wrong: a give needs no get, and no cause."""
    from datetime import date

    return _[1] or date(2027, 1, 1)


ALL = "enterprise mid_market smb"
_SWITCHES: dict[str, Switch | tuple[Switch, ...]] = {
    "SEG-2": _steps(
        "enterprise", lambda _: [each.update(warn_hours=999) for each in RAW["segments"].values()]
    ),
    "HLT": _set("health bands", {"green": 0, "yellow": 0}),
    "HLT-1": _set("health bands green", 60),
    "HLT-2": _instead("health", "mix", _zero_for_missing),
    "HLT-3": _set("health bands", {"green": 75, "yellow": 0}),
    "HLT-4": (
        _steps(ALL, _without("at-risk")),  # red: nobody decides whether to fight
        _steps(ALL, _always("not_at_risk")),  # and it is searched for growth
        _steps(ALL, _without("friction", "relationships", "commitment", "value-early")),  # yellow
        _steps(ALL, _always("yellow")),
        _instead("touch", "touch", _by_hand),  # green
    ),
    "HLT-5": _set("health guard score", 101),
    "TCH": _instead("touch", "touch", lambda *_: "negotiated"),
    "TCH-1": _set("touch auto_relationship", 0),
    "TCH-2": _set("touch assisted_below", 0),
    "TCH-3": _set("touch assisted_below", 99_999),
    "TCH-4": _instead("touch", "mismatches", lambda *_: ()),
    "TML": _steps(ALL, _days(0, 999, 59)),
    "TML-E": (
        *(_steps("enterprise", _days(day, day, day - 5)) for day in (120, 90, 60, 45, 30, 14)),
        _steps("enterprise", _without("celebrate", "thank", "next-year")),
    ),
    "TML-M": (
        *(_steps("mid_market", _days(day, day, day - 5)) for day in (90, 60, 45, 30, 14)),
        _steps("mid_market", _each(min_arr=0)),  # the review is not for larger ones only
    ),
    "TML-S": tuple(_steps("smb", _days(day, day, day - 5)) for day in (60, 30, 14, 7)),
    "TML-1": (
        _set("agenda squeezed enterprise", 0),
        _steps(ALL, _of("notice", days=75)),  # too early is intrusive
    ),
    "TML-2": _set("shared_timeline proposal days", 44),
    "OWN": _instead("ownership", "owner_in", _no_stand_in),
    "OWN-1": _instead("ownership", "owner_rule", _first),
    "OWN-2": _set("ownership models hybrid small below", 1),
    "OWN-3": _instead("ownership", "step_person", _own_column_only),
    "TRK": _set("stages evidence", {}),
    "REM": _steps(ALL, _twice),
    "REM-90": (_steps(ALL, _without("alert-90")), _steps(ALL, _of("alert-90", channel="customer"))),
    "REM-60": (
        _steps(ALL, _without("tasks")),
        _steps("smb", _without("reminder")),
        _steps("enterprise mid_market", _without("notice")),
    ),
    "REM-30": _steps(ALL, lambda steps: steps["proposal"].update(days=20)),
    "REM-14": (
        _steps(ALL, _without("escalate-14")),
        _steps(ALL, _without("follow-up")),
        _steps(ALL, _always("not_late_stage")),
        _steps(ALL, _always("not_auto_renew")),
    ),
    "REM-7": (
        _steps(ALL, _without("escalate-7")),
        _steps(ALL, _without("last-reminder")),
        _steps("enterprise mid_market", _always("not_late_stage")),
        _steps("smb", _always("no_reply")),
        _steps(ALL, _always("not_auto_renew")),
    ),
    "REM-X": _instead("team", "automation", lambda works, segments: ()),
    "STK": _set("stakeholders required enterprise roles", []),
    "STK-1": _steps(ALL, lambda steps: [step.update(to=[]) for step in steps.values()]),
    "STK-2": _set("stakeholders threads champion ours", ["legal"]),
    "STK-3": _set("stakeholders least_people", 1),
    "VAL": _set("agenda value_pause_days", 1),
    "WIN-3": (_set("saves learning pattern_losses", 2), _set("saves learning pattern_causes", 2)),
    "ROL": _set("pilot few_renewals", 0),
    "SAV-1": (
        _set("saves triggers usage_trend", -100),
        _set("saves triggers open_tickets", 99),
        _set("saves triggers csat", 0),
        _set("saves triggers silence_days", 99),
        _set("saves triggers stage_days", 99),
        _set("saves cool_down_days", 0),
        _set("saves human_from", 0),
        _set("saves suggest cases_per_csm", 999),
        _instead("signs", "standing", lambda spells: iter(())),  # no notice, champion or competitor
        _instead("health_spells", "flagged", lambda replay, first: []),  # no score
        _set("saves learning follow_days", 9),
        _set("saves respond_hours", 72),
        _instead("plays", "first_contact", lambda found: found[-1].step),  # any work answers the clock
    ),
    "SAV-2": (
        _set("saves scenario_order", [*reversed(RAW["saves"]["scenario_order"])]),
        _instead("reasons", "reading_of", lambda text, policy: None),  # nobody listens
        _instead("suggest", "_scenario", lambda *_: ("value", ("SAV-2", "", ""), ())),  # any playbook will do
        _set("saves whys", 1),
        _instead("cases", "scenario_of", lambda code, policy, own: own),  # the cause decides nothing
        _instead("cases", "_old_plan", lambda file, policy: ({}, [])),  # a switch forgets what was done
    ),
    "SAV-3": (
        _instead("value", "decimal", lambda text: None),  # nothing is counted
        _instead("value", "_named", lambda metric: ("", metric)),  # nothing to compare with
        _instead("value", "_said", lambda row: None),  # not in their words
        _instead("roi", "span", lambda start_on, end_on: None),  # nothing beside the price
    ),
    "SAV-4": (
        _instead("offer_guards", "naked", _for_free),
        _instead("offer_guards", "_end", _unlimited),
        _instead("offer_guards", "needs_role", lambda pct, limit, policy: None),  # anybody grants anything
        _instead("offer_guards", "least_pct", lambda found, policy: found.discount_pct),  # less scope is free
        _instead(
            "offer_money", "_deepest", lambda deal, terms, at: terms.discount_pct
        ),  # only what is stated
        _instead("offers", "_not_theirs", lambda *_: None),  # who asks may approve
    ),
    "SAV-5": (
        _plays("value", _without("how-to-tickets")),
        _plays("budget", lambda steps: steps["scope"].update(phase="week_2", day=9)),  # answers come first
        _plays("product", lambda steps: steps["feasibility"].update(day=20, phase="week_3")),
        _plays("relationship", _without("story-confirmed")),
        _plays("competitive", _without("alert-team")),
        _plays("champion_departure", lambda steps: steps["quick-wins"].update(day=40, phase="month_2")),
    ),
    "SAV-6": (
        _instead("cases", "_kept_refusal", lambda *_: None),  # saved is what is called so
        _instead("cases", "_said", _anything),  # without proof
        _instead("cases", "all_kept", lambda *_: ()),  # and with promises broken
    ),
    "SAV-7": tuple(
        _set(f"saves milestones {name} days", days)
        for name, days in (
            ("day_1", [0, 2]),
            ("day_2_3", [2, 4]),
            ("week_1", [4, 8]),
            ("week_2_4", [8, 31]),
            ("day_30", [30, 31]),
        )
    ),
    "SAV-P": (
        *_left_out("product", "escalate workaround case technical-lead dates"),
        _plays(
            "product", lambda steps: steps["dates"].update(when=["smb"])
        ),  # small customers get dates only
        _plays("product", lambda steps: steps["honest-no"].update(when=[])),
    ),
    "SAV-V": (
        *_left_out("value", "usage alternatives cost-comparison roi-model unused training onboarding ebr"),
        _plays("value", _without("success-plan")),
    ),
    "SAV-R": (
        _set("offers no_discount", []),
        *_left_out("relationship", "changes senior-engineer executive board-seat service-levels new-csm"),
        _plays("relationship", lambda steps: steps["new-csm-call"].update(hours=96, day=4)),
        _plays(
            "relationship", lambda steps: steps["new-csm"].update(when=[])
        ),  # whether it can be repaired or not
        _plays("relationship", _without("first-compliance")),
    ),
    "SAV-B": (
        *_left_out("budget", "defend structures bridge ramp partial path-back"),
        _plays(
            "budget", lambda steps: steps["bridge"].update(when=["cash-short=amount"])
        ),  # whoever recovers or not
        _set("offers prepay discount_pct", 20),
        _set("offers billing_period every_months", 1),
        _set("offers payment_terms days", 30),
        _set("offers bridge months", 5),
        _set("offers bridge recover_months", 12),
        _set("offers ramp steps_pct 6", [40, 40]),
        _instead("offer_guards", "_path", lambda found: ()),  # less scope without a way back
        _instead("offer_money", "_later", lambda *_: (0, None)),
        _set("offers sheet budget", ["prepay"]),
    ),
    "SAV-C": (
        *_left_out("competitive", "differentiators hard-to-copy roadmap-talk references community trial"),
        *(
            _plays("competitive", lambda steps, name=name: steps[name].update(hours=120, day=5))  # type: ignore[misc]
            for name in ("deep-dive", "executive-review")
        ),
        _plays("competitive", lambda steps: steps["trial"].update(when=[])),  # even where all is decided
    ),
    "SAV-D": (
        *_left_out(
            "champion_departure", "introduce briefing priorities engagement-model threads usage-review"
        ),
        *_left_out("champion_departure", "quick-wins strategy business-review executive-sponsor cadence"),
        _plays(
            "champion_departure", lambda steps: steps["executive-briefing"].update(day=20, phase="week_3")
        ),
        _plays("champion_departure", lambda steps: steps["introduce"].update(when=[])),  # to nobody
    ),
    "SAV-8": (
        _instead("standup", "_order", lambda row: row.report.file.case.no),
        _instead("plays", "owner_of", lambda file, *_: (file.case.owner, False)),  # no roles in a team
        _instead("plays", "latest", lambda *_: None),  # nothing is in the way
    ),
    "SAV-9": (
        _set("saves update_every_days", 14),
        _instead("due", "in_order", list),  # a missed promise stands wherever its day is
        _instead("promises", "_before", lambda *_: None),  # no step of a fix waits for another
        _instead("promises", "in_its_place", lambda found, promises: found),  # what is broken stays so
        _instead("cases", "_broken", lambda *_: False),  # and changes nothing
    ),
    "SAV-10": (
        _set("saves checkin_days", [30, 60, 91]),
        _set("saves recovery days", 60),
        _set("saves recovery touch_every_days", 14),
        _set("saves recovery report_every_days", 31),
        _set("saves recovery attention_months", 5),
        _instead("plays", "round_of", lambda ledger: 1),  # a relapse is no round of its own
    ),
    "SAV-11": (
        _set("saves learning least_cases", 1),
        _set("saves learning confidence_pct", 50),
        _set("saves learning response_hours", [1]),
    ),
    "ANCHOR": _instead("timeline", "anchor", _renewal_date),
    "LATE": _set("agenda catch_up_days", 9),
    "AGENDA": _instead("due", "in_order", list),
    "MONEY": _instead("money", "round_half_even", lambda value: int(value // 1)),
}
SWITCHES = {rule: each if isinstance(each, tuple) else (each,) for rule, each in _SWITCHES.items()}
