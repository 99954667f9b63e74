"""Where offers stop: naked or unlimited ones, what answers the cause, who may grant it (SAV-4, SAV-B)."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from renewctl.core import money
from renewctl.core.dates import add_months
from renewctl.core.intake import Refusal
from renewctl.core.model import Account
from renewctl.core.offer_money import Quote, break_even, concedes, partial
from renewctl.core.ownership import step_person
from renewctl.core.policy import OfferRules, Policy
from renewctl.core.text import fold

OK, WARN, REFUSE = "ok", "warn", "refuse"
LEAST_ROLE = "csm"  # whose limit holds for an actor without a role of the policy


class Guard(NamedTuple):
    """One verdict on an offer, with the rule it comes from."""

    rule: str
    verdict: str  # ok | warn | refuse
    reason: str
    add: str = ""  # what would make it right


class Situation(NamedTuple):
    """What an offer answers, and what it is thought to bring."""

    scenario: str
    rule: str  # of the scenario
    instruments: tuple[str, ...]  # that answer it; none: not said
    root_cause: str
    condition: str
    recorded: tuple[str, ...] = ()  # the root cause on record, by its code and in words; none: not found yet
    save: str = "SAVE"  # such as s3, for the commands that are named
    effort_minor: int = 0  # what the work of the save costs, in the currency of the offer
    stays: Fraction | None = None  # chance that they stay without it, a fraction of 1
    chance: Fraction | None = None  # and with it


class Limit(NamedTuple):
    """How far an actor may go: the role that counts, and its highest discount in percent."""

    role: str
    pct: Fraction


def naked(of: Situation, until_on: date | None, rules: OfferRules) -> date | Refusal:
    """SAV-4: the last day of an offer, unless it lacks a root cause, a condition or an end; what to add."""
    lacks = []
    if not of.root_cause:
        lacks.append(("a root cause", f"find the cause first: {_ask_why(of)}"))
    if nothing(of.condition, rules):
        none = f' ("{of.condition}" is none)' if of.condition else ""
        lacks.append((f"something in return{none}", "add --condition TEXT: what they give for it"))
    if until_on is None:
        lacks.append(("an end", "add --until DATE or --months N"))
    if until_on is not None and not lacks:
        return until_on
    said = ", ".join(each for each, _ in lacks)
    return Refusal("offer-naked", f"the offer lacks {said} (SAV-4)", "; ".join(how for _, how in lacks))


def guards(of: Situation, found: Quote, rules: OfferRules) -> tuple[Guard, ...]:
    """SAV-4, SAV-B, SAV-R: every verdict on an offer that is not naked, in the order they are judged."""
    return (
        _cause(of, found, rules),
        _end(found),
        *_over_renewal(found),
        *_price(of, found, rules),
        *_fits(of, found),
        *_bridge(found, rules),
        *_path(found),
        _pays(of, found),
    )


def refusing(verdicts: Iterable[Guard]) -> list[Guard]:
    """Those verdicts that refuse the offer."""
    return [each for each in verdicts if each.verdict == REFUSE]


def _cause(of: Situation, found: Quote, rules: OfferRules) -> Guard:
    """What costs money answers the cause that was found and recorded; what is free had better, too."""
    verdict = REFUSE if concedes(found) else WARN
    if unknown(of.root_cause, rules) or all(unknown(each, rules) for each in of.recorded):
        return Guard(
            "SAV-2", verdict, "no root cause is on record, so nothing says what this answers",
            f"find the cause first: {_ask_why(of)}",
        )  # fmt: skip
    given = f" {bare(of.root_cause)} "
    if not any(f" {bare(each)} " in given for each in of.recorded):
        return Guard(
            "SAV-4", verdict, f"{of.root_cause} is not the root cause on record: {of.recorded[-1]}",
            f"leave --root-cause out, or where it is another by now: {_ask_why(of)}",
        )  # fmt: skip
    return Guard("SAV-4", OK, f"answers the root cause: {of.root_cause}")


def _ask_why(of: Situation) -> str:
    return f"renewctl save why {of.save} --why TEXT … --root-cause CODE"


def unknown(cause: str, rules: OfferRules) -> bool:
    """SAV-2: whether words for a root cause say that there is none yet."""
    return bare(cause) in {"", *map(bare, rules.unknown_causes)}


def nothing(words: str, rules: OfferRules) -> bool:
    """SAV-4: whether the words for a condition, or for an end, say that there is none."""
    return bare(words) in {"", *map(bare, rules.no_conditions)}


def bare(text: str) -> str:
    """Words without case, accents and signs, for comparison."""
    return " ".join("".join(each if each.isalnum() else " " for each in fold(text)).split())


def _end(found: Quote) -> Guard:
    until, ends = found.terms.until_on, found.deal.ends_on
    if until > ends:
        return Guard(
            "SAV-4", REFUSE, f"its end, {until}, is beyond the term, which ends on {ends}",
            "give an end within the term, or a longer one with --term-months",
        )  # fmt: skip
    return Guard("SAV-4", OK, f"ends on {until}, within the term that ends on {ends}")


def _over_renewal(found: Quote) -> Iterable[Guard]:
    """What is conceded past a renewal hangs on a contract that nobody has signed yet."""
    renews_on, until = found.deal.rises_on, found.terms.until_on
    if concedes(found) and renews_on is not None and found.deal.from_on < renews_on <= until:
        yield Guard(
            "SAV-4", WARN, f"it runs past the renewal on {renews_on}, into a term that is not agreed yet",
            f"--from {renews_on} would begin with that term",
        )  # fmt: skip


def _price(of: Situation, found: Quote, rules: OfferRules) -> Iterable[Guard]:
    if of.scenario in rules.no_discount and found.cost_minor:
        yield Guard(
            of.rule, REFUSE, f"no discount repairs a {of.scenario} case",
            "change what went wrong instead; where price is the cause, switch the scenario",
        )  # fmt: skip


def _fits(of: Situation, found: Quote) -> Iterable[Guard]:
    name = found.terms.instrument
    if name in of.instruments:
        yield Guard(of.rule, OK, f"{name} is an answer of the {of.scenario} playbook")
    elif of.instruments:
        usual = ", ".join(of.instruments)
        yield Guard(
            of.rule, WARN, f"the {of.scenario} playbook does not answer with {name}", f"it has: {usual}"
        )


def _bridge(found: Quote, rules: OfferRules) -> Iterable[Guard]:
    if found.terms.instrument != "bridge":
        return
    last = add_months(found.deal.from_on, rules.recover_months)
    when = found.terms.recovers_on
    if when is None:
        yield Guard(
            "SAV-B", REFUSE, "a bridge is for customers likely to recover soon, and nothing says when",
            f"say by when with --recovers-by DATE, {last} at the latest",
        )  # fmt: skip
    elif when > last:
        yield Guard(
            "SAV-B", REFUSE, f"a bridge needs recovery within {rules.recover_months} months; {when} is later",
            "offer less scope with a way back: seats or core_only",
        )  # fmt: skip
    else:
        yield Guard("SAV-B", OK, f"likely to have recovered by {when}")


def _path(found: Quote) -> Iterable[Guard]:
    if not partial(found.deal, found.terms):
        return
    when = found.terms.expand_on
    if when is None:
        yield Guard(
            "SAV-B", REFUSE, "less scope without a way back is a loss in instalments",
            "say when growing again is talked over: --expand-on DATE",
        )  # fmt: skip
    elif when <= found.deal.from_on:
        yield Guard("SAV-B", REFUSE, f"{when} is no day to grow again", "give a later day with --expand-on")
    else:
        yield Guard("SAV-B", OK, f"the way back is open from {when}, without a fee to set it up again")


def _pays(of: Situation, found: Quote) -> Guard:
    if not found.cost_minor and not of.effort_minor:
        return Guard("SAV-4", OK, "it concedes nothing")
    least = break_even(found.list_minor, found.cost_minor, of.effort_minor, of.stays or Fraction(0))
    if least is None:
        return Guard("SAV-4", REFUSE, "it gives away all there is to keep", "offer less")
    if least >= 1:
        verdict = WARN if of.stays is None else REFUSE
        return Guard(
            "SAV-4", verdict, "at these chances it cannot pay: break-even is 100 % or more", "offer less"
        )
    if of.chance is not None and of.chance < least:
        return Guard(
            "SAV-4",
            WARN,
            f"at {percent(of.chance * 100)} % it does not pay: break-even is {percent(least * 100)} %",
            "offer less, or let go",
        )
    if of.stays is None:
        add = "to judge whether it pays, say --chance-without PCT"
        return Guard("SAV-4", WARN, "nothing says how likely they stay without it", add)
    return Guard("SAV-4", OK, f"pays from a chance of {percent(least * 100)} % on")


def percent(value: Fraction) -> str:
    """A percentage to a hundredth, half-even, as short as it goes: 10, 12.5, 33.33."""
    text = f"{float(round(value, 2)):.2f}"
    return text.rstrip("0").rstrip(".")


def limit_of(actor: str, account: Account, policy: Policy) -> Limit:
    """SAV-4: the highest discount an actor may grant on an account, by the roles the policy gives them.

    A role counts for whom the account or the policy's team names, never for a stand-in; who has none has
    the CSM's limit.
    """
    best = least_limit(policy)
    for role in policy.saves.approval_pct:
        person, delegate = step_person(role, account, None, policy)
        mine = person is not None and not delegate and fold(person) == fold(actor)
        if mine and pct_of(role, policy) > best.pct:
            best = Limit(role, pct_of(role, policy))
    return best


def least_limit(policy: Policy) -> Limit:
    """SAV-4: how far whoever has no role of the policy may go."""
    return Limit(LEAST_ROLE, pct_of(LEAST_ROLE, policy))


def pct_of(role: str | None, policy: Policy) -> Fraction:
    """SAV-4: the highest discount a role may grant, in percent; 0 where the policy's ladder lacks it."""
    return Fraction(str(policy.saves.approval_pct.get(role or "", 0)))


def least_pct(found: Quote, policy: Policy) -> Fraction:
    """SAV-4: the limit that it takes to grant an offer: its discount; for less scope that of a role."""
    return max(found.discount_pct, _scope_pct(found, policy))


def less_scope(found: Quote, limit: Limit, policy: Policy) -> tuple[Guard, ...]:
    """SAV-4: the verdict on less scope: contraction is granted by the policy's role or one above it."""
    if not partial(found.deal, found.terms):
        return ()
    gone = found.deal.arr_minor - found.lowest_minor
    said = f"less scope: {money.plain(gone, found.deal.currency)} a year are not billed while it runs"
    if limit.pct >= _scope_pct(found, policy):
        return (Guard("SAV-4", OK, f"{said}; a {limit.role} may grant that"),)
    return (Guard("SAV-4", WARN, said, f"a {policy.offers.less_scope_role} has to approve it"),)


def _scope_pct(found: Quote, policy: Policy) -> Fraction:
    """The limit of the role that less scope takes; 0 where all of it stays."""
    if not partial(found.deal, found.terms):
        return Fraction(0)
    return pct_of(policy.offers.less_scope_role, policy)


def needs_role(pct: Fraction, limit: Limit, policy: Policy) -> str | Refusal | None:
    """SAV-4: the role that has to approve a discount beyond somebody's limit; None: it is within it.

    The lowest that may; refused where no role of the ladder goes so far.
    """
    if pct <= limit.pct:
        return None
    ladder = sorted(policy.saves.approval_pct.items(), key=lambda each: each[1])
    for role, highest in ladder:
        if pct <= Fraction(str(highest)):
            return role
    role, highest = ladder[-1]
    return Refusal(
        "over-every-limit",
        f"{percent(pct)} % is over what anybody may grant: {highest:g} % ({role})",
        "offer less, or change saves.approval_pct in the policy",
    )
