"""Switches for each rule: they take it out of the program, so that its tests can be seen to fail.

`python -m tests.rules --prove` runs the tests that name a rule with each of its switches thrown in turn: a
rule that asks for several things has one for each. A switch changes figures of the shipped policy, or stands
in for the function that decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from renewctl.policies.shipped import RAW

Switch = Callable[[], None]


@dataclass(frozen=True)
class Figure:
    """A switch that makes a figure of the policy another one, by its path of names."""

    path: str
    value: Any

    def __call__(self) -> None:
        """Throw it."""
        *names, last = self.path.split(" ")
        at = RAW
        for name in names:
            at = at[name]
        assert at[last] != self.value, f"{self.path} is {self.value} already"
        at[last] = self.value


_set = Figure


@dataclass(frozen=True)
class Data:
    """A switch that changes more of the shipped policy than one figure."""

    throw: Callable[[], None]

    def __call__(self) -> None:
        """Throw it."""
        self.throw()


def _steps(segments: str, change: Callable[[dict[str, Any]], object]) -> Switch:
    """Every step of some segments, by a function of all steps of one."""

    def throw() -> None:
        for segment in segments.split():
            change(RAW["timelines"][segment])

    return Data(throw)


def _without(*names: str) -> Callable[[dict[str, Any]], object]:
    """Steps are not there, where a segment has them, and nobody waits for them."""

    def change(steps: dict[str, Any]) -> None:
        for name in names:
            steps.pop(name, None)
        for step in steps.values():
            if set(step.get("after", ())) & set(names):
                step["after"] = [each for each in step["after"] if each not in names]

    return change


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
    steps["heads-up"].update(channel="customer", title="Write to them once more")


def _book(scenario: str, change: Callable[[dict[str, Any]], object]) -> Switch:
    """A playbook says something else."""

    def throw() -> None:
        from renewctl.policies.shipped_books import RAW as BOOKS

        change(BOOKS[scenario])

    return Data(throw)


def _plays(scenario: str, change: Callable[[dict[str, Any]], object]) -> Switch:
    """The steps of one playbook, by a function of all of them."""
    return _book(scenario, lambda book: change(book["steps"]))


def _off(name: str) -> Callable[[dict[str, Any]], object]:
    """A step of a playbook is switched off, as whoever writes a policy may do."""
    return lambda steps: steps[name].update(enabled=False)


def _left_out(scenario: str, names: str) -> tuple[Switch, ...]:
    """One step of a playbook after the other is not there."""
    return tuple(_plays(scenario, _off(name)) for name in names.split())


@dataclass(frozen=True)
class StandIn:
    """A switch that puts something else in place of what the core has (or `cli.…`), before it is imported."""

    module: str
    name: str
    make: Callable[[Any], Any]

    def where(self) -> tuple[Any, str]:
        """What has it, and its name there."""
        from importlib import import_module

        cli = self.module.startswith("cli.")
        at: Any = import_module(f"renewctl.{self.module}" if cli else f"renewctl.core.{self.module}")
        *owners, last = self.name.split(".")
        for owner in owners:
            at = getattr(at, owner)
        return at, last

    def __call__(self) -> None:
        """Throw it."""
        at, name = self.where()
        setattr(at, name, self.make(getattr(at, name)))


_around = StandIn


def _instead(module: str, name: str, other: Any) -> Switch:
    """A stand-in for a function, or for a value."""
    return _around(module, name, lambda _: other)


def _after(module: str, name: str, change: Callable[[Any], Any]) -> Switch:
    """A function answers something else."""
    return _around(module, name, lambda real: lambda *given, **more: change(real(*given, **more)))


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
    from renewctl.core.case_file import latest

    return latest(ledger, "state") or latest(ledger, "cause")


def _fine(*_: Any) -> Any:
    """SAV-4 got wrong: nothing stands in the way of an offer."""
    from renewctl.core.offer_guards import OK, Guard

    return Guard("SAV-4", OK, "it is fine")


def _of_the_top(*_: Any) -> Any:
    """SAV-4 got wrong: anybody may grant what a vice president may."""
    from fractions import Fraction

    from renewctl.core.offer_guards import Limit

    return Limit("vp", Fraction(100))


def _for_any_cause(real: Any) -> Any:
    """SAV-B got wrong: a sheet is filled up whatever the root cause is, and before there is one."""
    cause = ("cash-flow",)
    return lambda deal, no, offers, of, *more: real(deal, no, offers, of._replace(recorded=cause), *more)


def _for_free(*_: Any) -> Any:
    """SAV-4 got wrong: a give needs no get, and no cause."""
    from datetime import date

    return _[1] or date(2027, 1, 1)


def _in_no_hurry(real: Any) -> Any:
    """SAV-1 got wrong: a large account, or one that gave notice, has as much time as any."""
    return lambda no, account, renewal, *more: real(
        no, account._replace(cancel_notice_on=None), renewal._replace(segment=None), *more
    )


def _benchmark(name: str) -> Switch:
    """A figure of every save is told as if it were ours."""
    return _set(f"saves benchmarks {name} source", "what you can expect")


# SAV-5: whose work it is, by scenario and step.
_ROLES = (
    ("product", "escalate"),
    ("product", "roadmap"),
    ("product", "feasibility"),
    ("product", "workaround"),
    ("product", "sponsor-word"),
    ("product", "credit"),
)


def _in_role(scenario: str, step: str, role: str) -> Switch:
    """A step is the work of another role."""
    return _plays(scenario, _of(step, role=role))


def _nobody(real: Any) -> Any:
    """SAV-5 got wrong: a step of a role that nobody fills is nobody's."""

    def owner(file: Any, *more: Any) -> Any:
        person, delegate = real(file, *more)
        return (None, False) if delegate and person == file.case.owner else (person, delegate)

    return owner


def _silent_on(name: str) -> Callable[[Any], Any]:
    """SAV-5 got wrong: a playbook does not say this of itself."""
    return lambda book: book._replace(**{name: type(getattr(book, name))()})


def _notice_forgotten(real: Any) -> Any:
    """SAV-6 got wrong: who has given notice stays as soon as somebody says so."""
    return lambda file, *more: real(
        file._replace(account=file.account._replace(cancel_notice_on=None)), *more
    )


def _once_for_all(ledger: Any, name: str) -> Any:
    """SAV-6 got wrong: what was shown once is shown whatever comes after."""
    from renewctl.core.case_file import latest

    return latest(ledger, "evidence", name)


def _by_nobody(real: Any) -> Any:
    """SAV-9 got wrong: a promise needs nobody who keeps it."""
    return lambda no, case, words, *more, **named: real(
        no, case, (*words[:2], words[2].strip() or "nobody"), *more, **named
    )


def _whenever(real: Any) -> Any:
    """SAV-9 got wrong: a promise may be for a day that is past."""
    return lambda no, case, words, due_on, made_on, *more, **named: real(
        no, case, words, max(due_on, made_on), made_on, *more, **named
    )


def _unseen(real: Any) -> Any:
    """SAV-9 got wrong: a promise is kept as soon as somebody says so."""
    return lambda found, state, evidence, *more: real(found, state, evidence or "so they say", *more)


def _never_missed(each: Any) -> Any:
    """SAV-9 got wrong: what was to be done by a day waits."""
    return each._replace(state="open") if each.state == "missed" else each


def _unshown(criterion: str) -> Switch:
    """SAV-6 got wrong: one of the four is not asked for."""
    return _after(
        "cases",
        "evidence",
        lambda found: tuple(
            each._replace(missing="") if each.criterion == criterion else each for each in found
        ),
    )


def _all_one(by: str) -> Switch:
    """SAV-11 got wrong: results are not told apart by this."""
    return _after("save_results", "_names", lambda names: {**names, by: lambda each: "all"})


def _vendor(scenario: str) -> Switch:
    """A vendor's figure is told as if it were ours."""
    return _book(scenario, lambda book: book["benchmark"].update(source="what you can expect"))


ALL = "enterprise mid_market smb"
_SWITCHES: dict[str, Switch | tuple[Switch, ...]] = {
    "SEG-2": _steps(
        "enterprise", lambda _: [each.update(warn_hours=999) for each in RAW["segments"].values()]
    ),
    "HLT": _set("health bands", {"green": 1, "yellow": 0}),
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
    "HLT-5": _set("health guard score", 100),
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
        _set("agenda squeezed enterprise", 1),
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
        _set("saves triggers csat", 1),
        _set("saves triggers silence_days", 99),
        _set("saves triggers stage_days", 99),
        _set("saves cool_down_days", 0),
        _set("saves human_from", 0),
        _set("saves suggest cases_per_csm", 999),
        _instead("signs", "standing", lambda spells: iter(())),  # no notice, champion or competitor
        _instead("health_spells", "flagged", lambda replay, first: []),  # no score
        _set("saves learning follow_days", 9),
        _set("saves respond_hours", 72),
        _set("saves target_hours", 12),
        _set("saves day_starts", "08:00"),
        _set("health flag below", 40),
        _set("health flag drop_points", 40),
        _set("health flag drop_days", 5),
        _instead("plays", "first_contact", lambda found: found[-1].step),  # any work answers the clock
        _instead("cli.save_item", "check", lambda *_: None),  # or none
        _after(
            "save_clock", "clock_state", lambda clock: clock._replace(in_time=True)
        ),  # nobody is ever late
        _instead("due", "SAVE_CLOCK", 99),  # and the clock is a line like any other
        _around("opening", "open_case", _in_no_hurry),
        _instead("case_file", "open_one", lambda cases: None),  # two teams at one customer
        _instead("case_report", "Report.together_with", None),  # the CSM alone
        _plays("value", _off("value-manager")),
        _plays("value", _off("alert")),  # nobody is told
        _plays("budget", _of("root-cause", hours=96, day=4, phase="week_1")),
        _plays("budget", _of("budget-plan", hours=96, day=4, phase="week_1")),
        _benchmark("response"),
    ),
    "SAV-2": (
        _set("saves scenario_order", [*reversed(RAW["saves"]["scenario_order"])]),
        _instead("reasons", "reading_of", lambda text, policy: None),  # nobody listens
        _instead("suggest", "_scenario", lambda *_: ("value", ("SAV-2", "", ""), ())),  # any playbook will do
        _set("saves whys", 1),
        _instead("cases", "scenario_of", lambda code, policy, own: own),  # the cause decides nothing
        _instead("cases", "_old_plan", lambda file, policy: ({}, [])),  # a switch forgets what was done
        _instead("cli.save_item", "check", lambda *_: None),  # a tick is a cause
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
        _instead(
            "offers", "_not_now", lambda *_: None
        ),  # what was approved once holds whatever the rules say now
        _instead("offer_guards", "_cause", _fine),  # any words stand in for a root cause that was found
        _instead("offer_guards", "nothing", lambda words, rules: not words),  # "none" is a condition
        _instead("offer_guards", "_pays", _fine),
        _instead("offer_guards", "_fits", lambda *_: ()),
        _instead("offer_guards", "less_scope", lambda *_: ()),
        _instead("offer_guards", "limit_of", _of_the_top),
        _instead("offer_together", "clash", lambda *_: None),  # one concession on top of another
        _instead("offer_together", "total_pct", lambda found, *_: found.discount_pct),  # each for itself
        _instead("offer_together", "never_pct", lambda *_: 0),  # whether it can ever pay or not
        _instead("offer_together", "closed", lambda *_: None),  # on a case that has ended, too
        _instead("offer_together", "same_person", lambda one, other: one == other),
        _after("offer_sheet", "_standing", lambda found: None),  # what was approved is not shown
        _instead("offer_sheet", "needed_role", lambda *_: None),  # what a sheet proposes needs nobody
        _instead("offer_sheet", "_ANSWERED", ()),  # it is proposed past whoever has to approve it
        _instead("offer_sheet", "beside", lambda *_: ()),  # and beside what was accepted
        _around("offer_sheet", "options_sheet", _for_any_cause),
        _set("saves approval_pct csm", 15),
        _set("saves approval_pct manager", 25),
        _set("saves approval_pct vp", 90),
    ),
    "SAV-5": (
        _plays("value", _off("how-to-tickets")),
        _plays("budget", lambda steps: steps["scope"].update(phase="week_2", day=9)),  # answers come first
        _plays("product", lambda steps: steps["feasibility"].update(day=20, phase="week_3")),
        _plays("relationship", _off("story-confirmed")),
        _plays("competitive", _off("alert-team")),
        _plays("champion_departure", lambda steps: steps["quick-wins"].update(day=40, phase="month_2")),
        # investigated before any answer: product analytics, CSM context, roadmap, competitive intelligence
        *_left_out("product", "analytics roadmap"),
        *_left_out("competitive", "door intelligence"),
        # in 24 hours, in a week, in 30 days
        *_left_out("relationship", "alert-manager staffing changes value-again executive"),
        *_left_out("budget", "cut-confirmed our-limits structures stand-by-them worth paper"),
        *(_in_role(scenario, step, "csm") for scenario, step in _ROLES),
        _around("plays", "owner_of", _nobody),
        _instead("play_flow", "flow", lambda steps, *_: {each.step: "active" for each in steps}),
        _instead("play_flow", "waits_for", lambda *_: ()),
        _instead("play_flow", "shown_by", lambda *_: ""),
        *(_after("policy", "Policy.playbook", _silent_on(name)) for name in ("success", "trigger")),
    ),
    "SAV-6": (
        _instead("cases", "_kept_refusal", lambda *_: None),  # saved is what is called so
        _instead("cases", "_said", _anything),  # without proof
        _instead("cases", "all_kept", lambda *_: ()),  # and with promises broken
        *map(_unshown, ("commitment", "root_cause", "relationship", "promises")),
        _around("cases", "evidence", _notice_forgotten),
        _around("cases", "LEGAL", lambda legal: dict.fromkeys(legal, frozenset(legal))),
        _instead("cases", "_said", _once_for_all),
        _around("cases", "_kept_refusal", lambda real: lambda file, _, *more: real(file, "saved", *more)),
    ),
    "SAV-7": (
        *(
            _set(f"saves milestones {name} days", days)
            for name, days in (
                ("day_1", [0, 2]),
                ("day_2_3", [2, 4]),
                ("week_1", [4, 8]),
                ("week_2_4", [8, 31]),
                ("day_30", [30, 31]),
            )
        ),
        _after("policy", "Policy.playbook", _silent_on("milestones")),
    ),
    "SAV-P": (
        *_left_out("product", "escalate workaround case technical-lead dates"),
        _plays(
            "product", lambda steps: steps["dates"].update(when=["smb"])
        ),  # small customers get dates only
        _plays("product", lambda steps: steps["honest-no"].update(when=[])),
        _plays("product", _of("call", title="Call them")),
        _set("saves chain build days", 27),
        _set("saves chain qa days", 20),
        _set("saves chain beta days", 13),
        _instead("promises", "_before", lambda *_: None),  # no step of a fix waits for another
        _vendor("product"),
    ),
    "SAV-V": (
        *_left_out("value", "usage alternatives cost-comparison roi-model unused training onboarding ebr"),
        _plays("value", _off("success-plan")),
        _vendor("value"),
    ),
    "SAV-R": (
        _set("offers no_discount", []),
        _instead("offer_guards", "_price", lambda *_: ()),
        *_left_out("relationship", "changes senior-engineer executive board-seat service-levels new-csm"),
        _plays("relationship", lambda steps: steps["new-csm-call"].update(hours=96, day=4)),
        _plays(
            "relationship", lambda steps: steps["new-csm"].update(when=[])
        ),  # whether it can be repaired or not
        _plays("relationship", _off("first-compliance")),
        _plays("relationship", _of("call", title="Call them")),
        _after("levels", "compliance", lambda found: found._replace(held=found.asked, late=0)),
        _instead("levels", "answer_by", lambda *_: datetime(2999, 1, 1, tzinfo=UTC)),  # some day
        _instead("case_items", "_levels", lambda *_: None),  # nobody is told that a call waits
        _vendor("relationship"),
    ),
    "SAV-B": (
        *_left_out("budget", "recovery defend structures bridge ramp partial path-back"),
        _vendor("budget"),
        _plays(
            "budget", lambda steps: steps["bridge"].update(when=["cash-short=amount"])
        ),  # whoever recovers or not
        _set("offers prepay discount_pct", 20),
        _set("offers billing_period every_months", 1),
        _set("offers payment_terms days", 30),
        _set("offers bridge months", 5),
        _set("offers bridge discount_pct", 40),
        _set("offers bridge recover_months", 12),
        _set("offers ramp steps_pct 6", [40, 40]),
        _set("offers ramp steps_pct 12", [40, 40, 40, 40]),
        _instead("offer_guards", "_path", lambda found: ()),  # less scope without a way back
        _instead("offer_guards", "_bridge", lambda *_: ()),  # whoever recovers or not
        _instead("offer_words", "way_back", lambda found: ""),
        _instead("save_papers", "LEAST_OPTIONS", 1),  # one way alone is a choice
        _around("offer_sheet", "options_sheet", _for_any_cause),
        _instead("offer_money", "_later", lambda *_: (0, None)),
        _set("offers sheet budget-cut-temporary", ["prepay"]),
    ),
    "SAV-C": (
        *_left_out("competitive", "differentiators hard-to-copy disclosure roadmap-talk references"),
        *_left_out("competitive", "community trial"),
        _vendor("competitive"),
        *(
            _plays("competitive", lambda steps, name=name: steps[name].update(hours=120, day=5))  # type: ignore[misc]
            for name in ("deep-dive", "executive-review")
        ),
        _plays("competitive", lambda steps: steps["trial"].update(when=[])),  # even where all is decided
        _set("offers trial days", 14),
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
        _plays("champion_departure", _of("call", title="Call them")),
        _plays("champion_departure", _off("second-look")),
        _instead("stakeholders", "champion_leaves", lambda *_: False),  # nobody hears of it
        _vendor("champion_departure"),
    ),
    "SAV-8": (
        _instead("standup", "_order", lambda row: row.report.file.case.no),
        _instead("plays", "owner_of", lambda file, *_: (file.case.owner, False)),  # no roles in a team
        _instead("case_file", "latest", lambda *_: None),  # nothing is in the way
        _instead("standup", "_to_approve", lambda ledger: None),  # nothing waits for a decision
        _after("standup", "standup", lambda found: found._replace(late=0, missed=0)),
        _after("save_news", "progress", lambda found: found._replace(late=())),  # only what went well
    ),
    "SAV-9": (
        _set("saves update_every_days", 14),
        _instead("due", "in_order", list),  # a missed promise stands wherever its day is
        _instead("promises", "_before", lambda *_: None),  # no step of a fix waits for another
        _instead("promises", "in_its_place", lambda found, promises: found),  # what is broken stays so
        _instead("cases", "_broken", lambda *_: False),  # and changes nothing
        _set("saves promise_soon_days", 0),
        _around("promises", "promise", _by_nobody),
        _around("promises", "promise", _whenever),
        _around("promises", "settle", _unseen),
        _after("promises", "standing", lambda found: tuple(map(_never_missed, found))),
        _instead("case_items", "_promises", lambda write: None),
        _instead("save_news", "next_update", lambda report: report.as_of),  # no next word is owed
        _instead("save_news", "_asked", lambda *_: ()),  # nor is anything asked of them
        _after("digest", "digest", lambda found: found._replace(loud=(), items=(*found.loud, *found.items))),
        _after("standup", "standup", lambda found: found._replace(rows=found.rows[::-1])),
        _around("case_items", "SAVE_CLOCK", lambda _: 99),  # a word that was not sent is not missed
        _instead("case_items", "updates", lambda *_: []),
        _after("case_items", "owed", lambda found: [each._replace(missed=0) for each in found]),
        _after("save_news", "progress", lambda found: found._replace(done=())),
        _after("save_news", "progress", lambda found: found._replace(ahead=())),
    ),
    "SAV-10": (
        _set("saves checkin_days", [30, 60, 91]),
        _set("saves recovery days", 60),
        _set("saves recovery touch_every_days", 14),
        _set("saves recovery report_every_days", 31),
        _set("saves recovery attention_months", 5),
        _instead("case_file", "round_of", lambda ledger: 1),  # a relapse is no round of its own
        _instead("plays", "provisional", lambda case: True),  # check-ins count from the flag
        _instead("case_items", "recovery", lambda *_: {}),
        _instead("case_items", "attention_until", lambda closed_on, policy: closed_on),
        _after("policy", "Policy.playbook", _silent_on("checkins")),
        _benchmark("recovery"),
    ),
    "SAV-11": (
        _set("saves learning least_cases", 1),
        _set("saves learning confidence_pct", 50),
        _set("saves learning response_hours", [1]),
        *map(_all_one, ("scenario", "response", "playbook", "root_cause", "owner")),
        _instead("opening", "playbook_version", lambda book: "1"),
        _after("save_rounds", "_judged", lambda found: found._replace(kept_minor=found.at_risk_minor)),
        _after("save_rounds", "_judged", lambda found: found._replace(kept=0, broken=0)),
        _after("save_rounds", "_judged", lambda found: found._replace(cost_minor=0)),
        _instead("save_rounds", "begun", lambda file: file.case.opened_on),  # not from the flag
    ),
    "ANCHOR": _instead("timeline", "anchor", _renewal_date),
    "LATE": _set("agenda catch_up_days", 9),
    "AGENDA": _instead("due", "in_order", list),
    "MONEY": _instead("money", "round_half_even", lambda value: int(value // 1)),
}
SWITCHES = {rule: each if isinstance(each, tuple) else (each,) for rule, each in _SWITCHES.items()}
