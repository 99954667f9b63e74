"""The papers of a save by their kind: the page and template of each, and what is said when one is made."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from renewctl.core import save_papers
from renewctl.core.model import NOT_KEPT
from renewctl.core.roi import CHEAPEST
from renewctl.core.save_papers import KINDS
from renewctl.core.stakeholders import role_name
from renewctl.views.account import word
from renewctl.views.drafts import not_addressed
from renewctl.views.save_briefs import briefing_page, card_page
from renewctl.views.save_letters import commitment_page
from renewctl.views.save_mails import letter_page, told
from renewctl.views.save_options import options_page, ready
from renewctl.views.save_plan import plan_page
from renewctl.views.save_roi import roi_page
from renewctl.views.save_rows import Source
from renewctl.views.terminal import safe

_PAGES: dict[str, Callable[[Source], NamedTuple]] = {
    "save-plan": plan_page,
    "acknowledgement": partial(letter_page, kind="acknowledgement"),
    "commitment-letter": commitment_page,
    "weekly-update": partial(letter_page, kind="weekly-update"),
    "roi-sheet": roi_page,
    "executive-briefing": briefing_page,
    "battle-card": card_page,
    "options-sheet": options_page,
}


def page(kind: str, source: Source) -> NamedTuple:
    """Everything the paper prints."""
    return _PAGES[kind](source)


def template(kind: str) -> str:
    """The name of the templates a paper is made with."""
    if KINDS[kind].mail:
        return "save-mail"
    return kind if kind.startswith("save-") else f"save-{kind}"


def warnings(kind: str, source: Source, absent: str | None) -> list[str]:
    """What whoever made the paper has to see to before it goes anywhere."""
    found = [f"{absent}: it is a form to fill, and is not noted on the case"] if absent else []
    case = source.report.file.case
    if KINDS[kind].customer and case.state in NOT_KEPT:
        found.append(f"s{case.no} was closed as {case.state}: nothing is owed to this customer any more")
    if kind == "save-plan" and not save_papers.cause_known(source.report):
        found.append(
            "the root cause is not on record: the plan is not noted on the case and closes no step; "
            f"renewctl save why s{source.report.file.case.no}"
        )
    if KINDS[kind].mail:
        found += not_addressed(source.beside.addressed.missing)
    if kind == "weekly-update":
        found += _to_explain(source)
    if kind == "acknowledgement" and not source.report.file.case.reason:
        found.append("what they said is not on record: fill the blank before it is sent")
    if kind == "roi-sheet":
        found += _worth(source)
    if kind == "options-sheet":
        found += _waiting(source)
    return found


def _worth(source: Source) -> list[str]:
    """What an ROI sheet lacks, and what it tells the customer that speaks against us."""
    roi, name = source.roi, f"s{source.report.file.case.no}"
    found = list(roi.value.warnings) if roi.groups else []
    if not roi.value.alternatives and roi.other_way is None:
        asked = any(each.key == CHEAPEST for play in source.report.plan.plays for each in play.asks)
        answer = f", or an amount alone: renewctl save answer {name} '{CHEAPEST}=USD 41000'" if asked else ""
        found.append(
            "no alternative is on record to compare with: a value metric named “Alternative: …” is one"
            + answer
        )
    less = [each.net_minor for _, each in roi.alternatives if each is not None]
    less += [roi.other_way.less_minor] if roi.other_way is not None else []
    if any(each is not None and each < 0 for each in less):
        found.append("an alternative takes less than our price, and the sheet tells the customer so")
    if roi.groups and roi.others:
        more = "contract has a price" if roi.others == 1 else "contracts have prices"
        found.append(
            f"no return is told: the worth is of the whole account, and {roi.others} more open {more} "
            "that would have to be counted"
        )
    elif roi.groups and any(roi.paid_otherwise(each.start_on) for each in roi.returns):
        found.append(
            f"no return is told of what was measured before {roi.price_since}: another price was paid then"
        )
    elif roi.groups and not any(each.pct is not None for each in roi.returns):
        found.append("no return can be told: it needs worth, period and price in one currency")
    return found


def _to_explain(source: Source) -> list[str]:
    """What is late needs a reason in words for the customer; what is past and was never told, a day."""
    progress, name = told(source), f"s{source.report.file.case.no}-"
    said = {each.no: each.evidence for each in source.report.file.ledger.promises}
    late = []
    for each in progress.late:
        on_record = said.get(each.promise_no or 0)
        noted = f" (for us: {safe(on_record)})" if on_record else ""
        late.append((f"p{each.promise_no}" if each.promise_no else name + each.step) + noted)
    found = [f"late: {', '.join(late)}; fill in why before it is sent"] if late else []
    if progress.untold:
        found.append(
            f"past its day and not told: {', '.join(name + each for each in progress.untold)}; "
            "mark what is done, give the rest a day with renewctl snooze"
        )
    return found


def _waiting(source: Source) -> list[str]:
    """The options that are left out because somebody has to approve them, and how there come to be enough."""
    found = [
        f"left out: {each.name}, which a {role_name(each.needs_role)} has to approve; ask for it with "
        f"renewctl save offer s{source.report.file.case.no} --instrument {each.instrument} …{_on(source)}"
        for each in source.options
        if each.needs_role is not None
    ]
    found += [
        f"left out: o{each.no} ({each.instrument}) waits for a {role_name(each.needs_role or '')}"
        for each in source.report.file.ledger.offers
        if each.state == "pending"
    ]
    which = source.beside.contract
    found += [
        f"left out: o{each.no} ({each.instrument}), of another contract; a sheet of its own: --contract ID"
        for each in source.report.file.ledger.offers
        if each.state == "approved" and which is not None and each.contract_no != which.no
    ]
    proposed = [each.name for each in ready(source.options) if each.offer_no is None]
    if proposed:
        found.append(f"proposed at the policy's usual figures, not recorded yet: {', '.join(proposed)}")
    if len(ready(source.options)) < save_papers.LEAST_OPTIONS:
        found.append(_more(source))
    return found


def _more(source: Source) -> str:
    """What makes a sheet of options complete: the root cause first, then offers that answer it."""
    report = source.report
    name = f"s{report.file.case.no}"
    if not save_papers.cause_known(report):
        return f"find the root cause first: renewctl save why {name} --why TEXT … --root-cause CODE"
    if not report.book.instruments:
        return f"no offer repairs a {report.file.case.scenario} case (SAV-R); mend what went wrong instead"
    known = ", ".join(report.book.instruments)
    how = f"renewctl save offer {name} --instrument NAME{_on(source)}"
    return f"make offers that answer the root cause: {how}, of {known}"


def _on(source: Source) -> str:
    """The contract of the sheet, as an option; nothing where the account's own name is enough."""
    which = source.beside.contract
    if which is None or which.id == source.report.file.account.id:
        return ""
    return f" --contract {word(which.id)}"


def lines(kind: str, source: Source) -> list[str]:
    """What was written, for the person who asked for it."""
    case, name = source.report.file.case, safe(source.report.file.account.name)
    for_whom = "for the customer" if KINDS[kind].customer else "internal"
    out = [f"s{case.no}  {name}: {kind}, {for_whom}"]
    if KINDS[kind].mail:
        to = ", ".join(each.name for each in source.beside.addressed.to) or "nobody yet"
        out.append(f"  to {safe(to)}")
    return out


def document(
    kind: str, source: Source, files: Sequence[str], told: Sequence[str], absent: str | None
) -> dict[str, Any]:
    """`renewctl/save-paper/1`; `to` and `missing` are a mail's, `complete` is False for a form to fill."""
    case, account, addressed = source.report.file.case, source.report.file.account, source.beside.addressed
    of = KINDS[kind]
    return {
        "schema": "renewctl/save-paper/1",
        "save": f"s{case.no}",
        "account": account.id,
        "account_name": account.name,
        "kind": kind,
        "audience": "customer" if of.customer else "internal",
        "lang": source.lang,
        "files": list(files),
        "to": [each._asdict() for each in addressed.to] if of.mail else [],
        "missing": [each._asdict() for each in addressed.missing] if of.mail else [],
        "complete": absent is None,
        "warnings": list(told),
    }
