"""One account: everything known about it, for a person and as `renewctl/show/1`."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from renewctl.core import money
from renewctl.core.classify import Classification
from renewctl.core.model import Account, Activity, Because, Contract, Departure, Outcome, Stakeholder, Verdict
from renewctl.core.plan import Action, Effort, Plan, PlanDay
from renewctl.core.policy import Policy
from renewctl.core.segment import contracts_arr, converted
from renewctl.views.terminal import aligned, coloured, fit, put_lines, safe, width

if TYPE_CHECKING:
    from renewctl.core.health_story import Story
    from renewctl.core.stakeholders import Risk

NOBODY = {"segment": "unsegmented", "owner": "unowned"}


class Part(NamedTuple):
    """One renewal of the account."""

    contract: Contract
    arr_base_minor: int | None
    touch: str
    owner: str | None
    plan: Plan | None
    unplanned: str
    effort: Effort
    target: tuple[int | None, str]  # the target value and its currency
    moved: Activity | None  # how it came to its stage


class Sheet(NamedTuple):
    """What `show` shows."""

    as_of: date
    account: Account
    in_force: bool
    arr_base_minor: int | None
    readings: Mapping[str, tuple[float, date]]  # field -> newest value and its day
    why: Classification
    parts: Sequence[Part]
    saves: Sequence[dict[str, Any]]
    stakeholders: Sequence[Stakeholder]
    written: Mapping[str, str]  # OWN-3
    policy: Policy
    lost: bool = False  # every contract of it was
    loss: Outcome | None = None  # the last one
    departures: Sequence[Departure] = ()
    people: "Risk | None" = None  # how it stands with them (STK-3)
    story: "Story | None" = None  # the health over time

    @property
    def base_currency(self) -> str:
        """The currency in which accounts are compared."""
        return self.policy.base_currency


# --- show, for people ---------------------------------------------------------------------------------


def show(sheet: Sheet, whole: bool) -> None:
    """Facts, classification, plan, saves and people; `whole` lists every step of the plan."""
    account = sheet.account
    out = [bold(f"{safe(account.name)} ({safe(account.id)})")]
    if not sheet.in_force:
        out.append(f"Not in force: {_why_not(sheet)}; there is no agenda.")
    out += _facts(sheet)
    out += ["", bold("CLASSIFICATION")]
    for name, verdict in sheet.why.verdicts().items():
        out.append(f"  {name:<12} {_value(name, verdict, sheet):<22} {reason(verdict.because[0])}")
    out += _health(sheet)
    out += [f"  warning      {reason(each)}" for each in sheet.why.warnings]
    out += [f"  problem      {safe(each.message)}" for each in sheet.why.problems]
    if sheet.why.suggestion is not None:
        seen = "; ".join(safe(each.observed) for each in sheet.why.suggestion.because)
        out.append(f"  suggestion   run it as {sheet.why.suggestion.value}: {seen} (SEG-1)")
    if sheet.why.values.guard:
        out.append("  do not over-engineer: steps that only risk would justify are left out (HLT-5)")
    for part in sheet.parts:
        out += ["", *_part(part, sheet, whole)]
    out += _saves(sheet) + _people(sheet)
    out += ["", f"Why, and what would change it: renewctl explain {word(account.id)}"]
    put_lines(out)


def _health(sheet: Sheet) -> list[str]:
    """What stands beside the score: its age, trend, override and flag."""
    if sheet.story is None:
        return []
    from renewctl.views.health import aging, beside

    out = []
    detail = sheet.why.health_detail
    for each in [*aging(detail), *beside(sheet.story, detail)]:
        head, rest = each.split(" ", 1)
        lines = textwrap.wrap(rest, max(40, min(width(), 120) - 15))
        out += [f"  {head:<12} {lines[0]}", *(" " * 15 + line for line in lines[1:])]
    return out


def _why_not(sheet: Sheet) -> str:
    """Why the account has nothing to renew."""
    if not sheet.lost:
        return f"the status is {safe(sheet.account.status)}"
    loss = sheet.loss
    if loss is None:
        return "every contract was lost"
    to = f", to {safe(loss.competitor)}" if loss.competitor else ""
    return f"lost on {loss.lost_on or loss.closed_on}, reason {safe(loss.reason or 'not noted')}{to}"


def bold(text: str) -> str:
    """A heading, where colour is wanted."""
    return f"\x1b[1m{text}\x1b[0m" if coloured() else text


def word(text: str) -> str:
    """An id as it can be typed at a shell."""
    shown = safe(text)
    if shown and all(letter.isalnum() or letter in "-_.:/" for letter in shown):
        return shown
    return "'" + shown.replace("'", "'\\''") + "'"


def reason(because: Because) -> str:
    """What was seen, with its rule."""
    return f"{safe(because.observed)} ({because.rule})"


def _value(name: str, verdict: Verdict, sheet: Sheet) -> str:
    if verdict.value is None:
        return NOBODY.get(name, "unknown")
    if name == "health":
        return f"{verdict.value} {sheet.why.values.score:g}"
    if name == "owner":
        return f"{safe(verdict.value)} ({sheet.why.values.owner_role})"
    return safe(verdict.value)


def _facts(sheet: Sheet) -> list[str]:
    account = sheet.account
    currency = account.currency or sheet.base_currency
    pairs = [
        ("ARR", _arr(sheet)),
        ("expansion", _amount(account.expansion_minor, currency)),
        ("target ARR", _amount(account.target_arr_minor, currency)),
        ("growth", None if account.growth_rate is None else f"{account.growth_rate:.0%} a year"),
        ("seats", _seats(account)),
        ("CSM", account.csm),
        ("sales owner", account.sales_owner),
        ("specialist", account.specialist),
        ("executive sponsor", account.executive_sponsor),
        ("strategic", "yes" if account.strategic else None),
        ("country", account.country),
        ("industry", account.industry),
        ("status", account.status),
        ("champion", "gone" if account.champion_gone else account.champion),
        ("cancel notice", account.cancel_notice_on),
        ("competitor", account.competitor),
        ("last contact", account.last_contact_on),
        ("ticket severity", account.ticket_severity),
        ("early renewal", account.early_on),
    ]
    rows = [(f"  {name}", safe(value)) for name, value in pairs if value is not None and value != ""]
    return aligned(rows)


def _arr(sheet: Sheet) -> str | None:
    """The account's ARR in its own currency, with the rate and its worth in the base one."""
    opened = [part.contract for part in sheet.parts]
    minor, currency = contracts_arr(opened, sheet.account, sheet.arr_base_minor, sheet.base_currency)
    return None if minor is None else converted(minor, currency, sheet.arr_base_minor, sheet.policy)


def _amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else money.plain(minor, currency)


def _seats(account: Account) -> str | None:
    if account.seats_purchased is None and account.seats_used is None:
        return None
    used, bought = account.seats_used, account.seats_purchased
    unknown = "unknown"
    return f"{unknown if used is None else used} of {unknown if bought is None else bought} used"


def _part(part: Part, sheet: Sheet, whole: bool) -> list[str]:
    contract = part.contract
    currency = contract.currency or sheet.account.currency or sheet.base_currency
    arr = None
    if contract.arr_minor is not None:
        arr = converted(contract.arr_minor, currency, part.arr_base_minor, sheet.policy)
    when = "renewal date unknown"
    if contract.renewal_on:
        days = (contract.renewal_on - sheet.as_of).days
        away = f"in {days} days" if days > 0 else "today" if days == 0 else f"{-days} days ago"
        when = f"renews {contract.renewal_on} ({away})"
    out = [bold(f"RENEWAL {safe(contract.id)}") + f"  {arr or 'ARR unknown'}, {when}, stage {contract.stage}"]
    clause = {None: "unknown", 0: "no", 1: "yes"}
    notice = "unknown" if contract.notice_days is None else f"{contract.notice_days} days"
    terms = f"  renews tacitly: {clause[contract.auto_renew]}, notice: {notice}"
    terms += f", payment on file: {clause[contract.payment_on_file]}"
    out.append(terms + (f", term: {contract.term_months} months" if contract.term_months else ""))
    if part.moved is not None:
        out.append(f"  stage of {part.moved.happened_on}: {safe(part.moved.text)}")
    aim, aim_currency = part.target
    if aim is not None and aim != sheet.account.target_arr_minor:
        out.append(f"  target value {money.plain(aim, aim_currency)}")
    out.append(f"  touch {part.touch}, owner {safe(part.owner or 'unowned')}")
    hours = f"{part.effort.minutes / 60:.3g} h logged"
    if part.effort.budget_hours:
        hours += f" of {part.effort.budget_hours[0]}-{part.effort.budget_hours[1]} h"
    out.append(f"  effort: {hours}" + (": over the top (SEG-2)" if part.effort.over else ""))
    if len(part.effort.sources) > 1 or any(name in ("recurring", "saves") for name, _ in part.effort.sources):
        out.append(f"    {', '.join(f'{of / 60:.3g} h {_SPENT[name]}' for name, of in part.effort.sources)}")
    if part.plan is None:
        return [*out, f"  {safe(part.unplanned)}"]
    name = part.plan.anchor.replace("_", " ")
    out.append(f"  counted back from the {name}, {part.plan.anchor_on}")
    for day in part.plan.days:
        out += _day(day, whole)
    return out


def _day(day: PlanDay, whole: bool) -> list[str]:
    when = day.due_on.isoformat() if day.due_on else "once won  "
    in_timeline = day.kind == "timeline" and day.milestone_days is not None
    mark = f"{day.milestone_days} days" if in_timeline else day.kind.replace("_", " ")
    count = len(day.actions)
    closed = sum(1 for each in day.actions if each.state in ("done", "skipped"))
    head = f"  {when}  {mark:<16} {day.status:<9}"
    if not whole and (day.status in ("done", "skipped") or day.due_on is None):
        return [f"{head} {count} step{'' if count == 1 else 's'}"]
    out = [f"{head} {closed} of {count} closed" if closed else head.rstrip()]
    for action in day.actions:
        person, _, delegate = action.of.who
        owner = safe(person or "unowned") + ("*" if delegate else "")
        state = "" if action.state == "open" else f"  [{action.state} {action.shown_by or action.set_on}]"
        if action.waits_for:
            state += f"  [waits for {', '.join(action.waits_for)}]"
        task = action.of.task
        line = f"    {action.of.item:<24} {task.channel:<8} {owner:<18} {safe(task.title)}{state}"
        out.append(fit(line, width()))
    return out


def _saves(sheet: Sheet) -> list[str]:
    if not sheet.saves:
        return []
    rows = [
        (
            f"  {each['id']}",
            str(each["scenario"]),
            str(each["state"]),
            f"flagged {each['flagged_on']}",
            f"{each['steps_open']} steps open",
        )
        for each in sheet.saves
    ]
    return ["", bold("SAVES"), *aligned(rows)]


def _people(sheet: Sheet) -> list[str]:
    left = {each.stakeholder_no: f"left {each.left_on}" for each in sheet.departures}
    rows = [
        (
            f"  {safe(each.name)}",
            safe(each.role or ""),
            left.get(each.no, safe(each.sentiment or "")),
            safe(each.email or ""),
        )
        for each in sheet.stakeholders
    ]
    reasons = sheet.people.because if sheet.people else ()
    if not rows and (not reasons or not sheet.parts):
        return []
    told = [f"  risk: {reason(each)}" for each in reasons if sheet.parts]
    return ["", bold("STAKEHOLDERS"), *aligned(rows), *told]


# --- show, as JSON ------------------------------------------------------------------------------------


def document(sheet: Sheet) -> dict[str, Any]:
    """`renewctl/show/1`. `plan`, `anchor` and `effort` are those of the renewal that is due first."""
    first = sheet.parts[0] if sheet.parts else None
    return {
        "schema": "renewctl/show/1",
        "as_of": sheet.as_of.isoformat(),
        "account": _account(sheet),
        "classification": _classification(sheet),
        "contract": first.contract.id if first else None,
        **_planned(first),
        "contracts": [_contract(part, sheet) for part in sheet.parts],
        "saves": list(sheet.saves),
        "stakeholders": [_person(each, sheet.departures) for each in sheet.stakeholders],
        "stakeholder_risks": _people_risks(sheet),
        "effort": _effort(first.effort) if first else None,
        "problems": [each._asdict() for each in sheet.why.problems],
    }


def _planned(part: Part | None) -> dict[str, Any]:
    if part is None or part.plan is None:
        why = part.unplanned if part else "no plan: no open contract"
        return {"anchor": None, "anchor_on": None, "plan": [], "unplanned": why}
    days = [
        {
            "milestone_days": day.milestone_days,
            "trigger": day.trigger,
            "kind": day.kind,
            "due_on": _iso(day.due_on),
            "work_on": _iso(day.work_on),
            "status": day.status,
            "actions": [_action(action) for action in day.actions],
        }
        for day in part.plan.days
    ]
    return {"anchor": part.plan.anchor, "anchor_on": part.plan.anchor_on.isoformat(), "plan": days}


def _action(action: Action) -> dict[str, Any]:
    task, who, work = action.of.task, action.of.who, action.work
    return {
        "item": action.of.item,
        "step": task.step,
        "title": task.title,
        "channel": task.channel,
        "owner": who.person,
        "owner_role": who.role,
        "delegate": who.delegate,
        "state": action.state,
        "set_on": _iso(action.set_on),
        "rule": task.rule,
        "covers": list(task.covers),
        "waits_for": action.waits_for,
        "shown_by": action.shown_by,
        "hours": work.hours,
        "done_when": work.done_when,
        "template": work.template,
        "auto": work.auto,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _units(minor: int | None, currency: str) -> int | float | None:
    return None if minor is None else money.to_units(minor, currency)


def _account(sheet: Sheet) -> dict[str, Any]:
    account, base = sheet.account, sheet.base_currency
    currency = account.currency or base
    first = sheet.parts[0].contract if sheet.parts else None
    opened = [part.contract for part in sheet.parts]
    arr, arr_currency = contracts_arr(opened, account, sheet.arr_base_minor, base)
    return {
        "id": account.id,
        "name": account.name,
        "country": account.country,
        "status": account.status,
        "in_force": sheet.in_force,
        "arr": _units(arr, arr_currency),
        "currency": arr_currency,
        "arr_base": _units(sheet.arr_base_minor, base),
        "base_currency": base,
        "rate": _rate(arr_currency, sheet),
        "lost": _loss(sheet),
        "renewal_date": _iso(first.renewal_on) if first else None,
        "start_date": _iso(first.start_on) if first else None,
        "term_months": first.term_months if first else None,
        "notice_days": first.notice_days if first else None,
        "auto_renew": _flag(first.auto_renew) if first else None,
        "payment_on_file": _flag(first.payment_on_file) if first else None,
        "stage": first.stage if first else None,
        "csm": account.csm,
        "sales_owner": account.sales_owner,
        "specialist": account.specialist,
        "executive_sponsor": account.executive_sponsor,
        "industry": account.industry,
        "strategic": bool(account.strategic),
        "segment_override": account.segment_override,
        "segment_reason": account.segment_reason,
        **{field: value for field, (value, _) in sheet.readings.items()},
        "read_on": {field: day.isoformat() for field, (_, day) in sheet.readings.items()},
        "ticket_severity": account.ticket_severity,
        "last_contact": _iso(account.last_contact_on),
        "seats_purchased": account.seats_purchased,
        "seats_used": account.seats_used,
        "expansion_arr": _units(account.expansion_minor, currency),
        "target_arr": _units(account.target_arr_minor, currency),
        "growth_rate": account.growth_rate,
        "champion": account.champion,
        "champion_gone": bool(account.champion_gone),
        "cancel_notice_date": _iso(account.cancel_notice_on),
        "competitor": account.competitor,
        "early_on": _iso(account.early_on),
        "recorded_on": account.recorded_on.isoformat(),
        "source": account.source,
        "source_line": account.source_line,
    }


def _rate(currency: str, sheet: Sheet) -> float | None:
    """What one unit of the account's currency is worth in the base; None where no rate says."""
    rate = 1 if currency == sheet.base_currency else sheet.policy.rates.get(currency)
    return None if rate is None else float(rate)


def _loss(sheet: Sheet) -> dict[str, Any] | None:
    """How the account was lost, where all of its contracts were."""
    if not sheet.lost or sheet.loss is None:
        return None
    loss = sheet.loss
    return {
        "lost_on": _iso(loss.lost_on or loss.closed_on),
        "reason": loss.reason,
        "competitor": loss.competitor,
    }


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _contract(part: Part, sheet: Sheet) -> dict[str, Any]:
    contract = part.contract
    currency = contract.currency or sheet.account.currency or sheet.base_currency
    return {
        "id": contract.id,
        "name": contract.name,
        "arr": _units(contract.arr_minor, currency),
        "currency": currency,
        "arr_base": _units(part.arr_base_minor, sheet.base_currency),
        "start_date": _iso(contract.start_on),
        "renewal_date": _iso(contract.renewal_on),
        "term_months": contract.term_months,
        "notice_days": contract.notice_days,
        "auto_renew": _flag(contract.auto_renew),
        "payment_on_file": _flag(contract.payment_on_file),
        "stage": contract.stage,
        "stage_since": _iso(part.moved.happened_on) if part.moved else None,
        "stage_evidence": part.moved.text.partition(": ")[2] or None if part.moved else None,
        "target": _units(part.target[0], part.target[1]),
        "cycle": contract.cycle,
        "touch": part.touch,
        "owner": part.owner,
        **_planned(part),
        "effort": _effort(part.effort),
    }


# Where hours come from, in words.
_SPENT = {"log": "noted", "steps": "on steps", "recurring": "on value all year", "saves": "on saves"}


def _effort(effort: Effort) -> dict[str, Any]:
    return {
        "hours": round(effort.minutes / 60, 2),
        "sources": {name: round(of / 60, 2) for name, of in effort.sources},
        "budget_hours": list(effort.budget_hours) if effort.budget_hours else None,
        "warn_hours": effort.warn_hours,
        "over": effort.over,
        "because": [effort.because._asdict()] if effort.because else [],
    }


def _person(each: Stakeholder, departures: Sequence[Departure]) -> dict[str, Any]:
    told = {name: value for name, value in each._asdict().items() if name not in ("no", "account_no")}
    told["last_contact"] = _iso(told.pop("last_contact_on"))
    told["left_on"] = next(
        (_iso(gone.left_on) for gone in departures if gone.stakeholder_no == each.no), None
    )
    return told


def _people_risks(sheet: Sheet) -> dict[str, Any] | None:
    """STK-3."""
    if sheet.people is None:
        return None
    return {
        "single_threaded": sheet.people.single_threaded,
        "missing_roles": list(sheet.people.missing),
        "because": [each._asdict() for each in sheet.people.because],
    }


def _classification(sheet: Sheet) -> dict[str, Any]:
    why = sheet.why
    told: dict[str, dict[str, Any]] = {
        name: {"value": verdict.value, "because": [each._asdict() for each in verdict.because]}
        for name, verdict in why.verdicts().items()
    }
    detail = why.health_detail
    told["segment"]["suggestion"] = (
        None
        if why.suggestion is None
        else {
            "value": why.suggestion.value,
            "because": [each._asdict() for each in why.suggestion.because],
        }
    )
    from renewctl.views.health import part_document, story_document

    told["health"] |= {
        "score": detail.score,
        "band": detail.band,
        "missing": list(detail.missing),
        "imported": detail.imported,
        "caps": list(detail.caps),
        "over_engineering_guard": detail.guard,
        "parts": [part_document(part) for part in detail.parts],
        **(story_document(sheet.story, detail) if sheet.story else {}),
    }
    told["touch"]["warnings"] = [each._asdict() for each in why.warnings]
    told["owner"] |= {
        "role": why.owner_detail.role,
        "participants": list(why.owner_detail.participants),
        "agreed": dict(sheet.written),
    }
    return told
