"""`save offer`, `offers`, `approve`, `refuse`, `accept`, `decline`, `withdraw`: concessions, guarded."""

from datetime import date
from fractions import Fraction
from typing import Annotated

import typer

from renewctl.cli.case import CaseDesk
from renewctl.cli.contract import (
    ContractOption,
    allowed,
    amount_in,
    contracts_of,
    emit,
    percent_of,
    pick_contract,
)
from renewctl.cli.options import Env, command, day, minutes, say
from renewctl.core import offers, plays
from renewctl.core.model import Account, Change, Contract, Ledger, Offer, SaveCase
from renewctl.core.offer_guards import Situation, bare, nothing
from renewctl.core.offer_money import Deal
from renewctl.core.offer_terms import Ask, misfit
from renewctl.core.offer_together import Around
from renewctl.core.policy import INSTRUMENTS
from renewctl.core.text import clean
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.offers import find_offer, offers_of
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import find_case, ledgers_of, load_files
from renewctl.views import save_offer as view

OfferArg = Annotated[str, typer.Argument(metavar="OFFER", help="An offer such as o3.")]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What was said.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


@command(writes=True)
def offer(
    env: Env,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account at risk, or its save (s3).")],
    instrument: Annotated[
        str, typer.Option("--instrument", metavar="NAME", help="One of: " + ", ".join(INSTRUMENTS))
    ],
    discount: Annotated[str | None, typer.Option("--discount", metavar="PCT", help="Percent off.")] = None,
    root_cause: Annotated[
        str | None,
        typer.Option("--root-cause", metavar="TEXT", help="What it answers (default: the case's)."),
    ] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", metavar="TEXT", help="What they give for it.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Its last day.")] = None,
    months: Annotated[
        int | None, typer.Option("--months", min=1, max=120, help="Or how long it runs.")
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Its first day (default: today).")
    ] = None,
    term_months: Annotated[
        int | None,
        typer.Option(
            "--term-months", min=1, max=120, help="The term reckoned over (default: the contract's)."
        ),
    ] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", metavar="PCT,…", help="ramp: percent off in each step: 40,20.")
    ] = None,
    seats: Annotated[int | None, typer.Option("--seats", min=1, help="seats: how many stay.")] = None,
    of_seats: Annotated[
        int | None, typer.Option("--of-seats", min=1, help="seats: of how many (default: those on record).")
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(
            "--price", metavar="AMOUNT", help="Less scope: a year's price; billing_period: a period's."
        ),
    ] = None,
    list_price: Annotated[
        str | None,
        typer.Option("--list-price", metavar="AMOUNT", help="Less scope: what it is listed at, a year."),
    ] = None,
    expand_on: Annotated[
        str | None, typer.Option("--expand-on", metavar="DATE", help="Less scope: when to grow again.")
    ] = None,
    fee: Annotated[str | None, typer.Option("--fee", metavar="AMOUNT", help="deferred_fee: which.")] = None,
    terms_days: Annotated[
        int | None, typer.Option("--terms-days", min=0, max=365, help="payment_terms: days to pay.")
    ] = None,
    every_months: Annotated[
        int | None, typer.Option("--every-months", min=1, max=12, help="billing_period: 1, 2, 3, 4, 6 or 12.")
    ] = None,
    uplift: Annotated[
        str | None, typer.Option("--uplift", metavar="PCT", help="price_lock: what a renewal would add.")
    ] = None,
    what: Annotated[
        str | None, typer.Option("--what", metavar="TEXT", help="roadmap, trial: what is promised or tried.")
    ] = None,
    recovers_by: Annotated[
        str | None,
        typer.Option("--recovers-by", metavar="DATE", help="bridge: when they will have recovered."),
    ] = None,
    chance: Annotated[
        str | None, typer.Option("--chance", metavar="PCT", help="Chance that they stay with it.")
    ] = None,
    chance_without: Annotated[
        str | None, typer.Option("--chance-without", metavar="PCT", help="Chance that they stay without it.")
    ] = None,
    effort_hours: Annotated[
        str | None, typer.Option("--effort-hours", metavar="H", help="Hours of work that it takes.")
    ] = None,
    contract: ContractOption = None,
) -> None:
    """Make an offer to keep a customer: what it costs month by month, and who has to approve it."""
    name = _instrument(instrument)
    from_on = day(begins, "--from") if begins else env.as_of
    with env.open() as portfolio:
        case = find_case(portfolio, account)
        if not plays.is_open(case):
            raise RefusedByRule(
                "save-closed", f"s{case.no} is closed as {case.state}; an offer belongs to a running save",
                "open one first: renewctl save start ACCOUNT --scenario …",
            )  # fmt: skip
        of = _account(portfolio, case)
        which = pick_contract(of, contracts_of(portfolio, of), contract)
        deal = _deal(env, of, which, from_on, term_months)

        def amount(option: str, given: str | None) -> int | None:
            return None if given is None else amount_in(option, given, deal.currency)

        ask = Ask(
            name,
            discount_pct=_percent("discount", discount),
            until_on=_end(env, until),
            months=months,
            steps_pct=_steps(steps),
            seats=seats,
            of_seats=of_seats or (of.seats_purchased if seats is not None else None),
            price_minor=amount("price", price),
            list_minor=amount("list-price", list_price),
            fee_minor=amount("fee", fee),
            terms_days=terms_days,
            every_months=every_months,
            uplift_pct=_percent("uplift", uplift),
            what=clean(what or "") or None,
            expand_on=day(expand_on, "--expand-on") if expand_on else None,
            recovers_on=day(recovers_by, "--recovers-by") if recovers_by else None,
        )
        if (off := misfit(ask, deal)) is not None:
            raise UsageError(*off)
        effort = _effort(env, effort_hours, deal.currency)
        answers = _situation(
            env, portfolio, case, root_cause, condition, effort, _chance("chance-without", chance_without),
            _chance("chance", chance),
        )  # fmt: skip
        with portfolio.write(f"save offer s{case.no}", env.actor, env.as_of, dry_run=env.dry_run) as op:
            made: offers.Draft = allowed(
                offers.draft(
                    portfolio.next_no("offer"), case, of, which, deal, ask, answers, env.policy, env.actor,
                    env.as_of, _of_account(portfolio, of),
                )
            )  # fmt: skip
            row = made.offer
            op.apply([Change("offer", (row.no,), of.no, None, row._asdict())])
            op.summary = f"o{row.no}: {row.instrument} offered to {of.name}, {row.state}"
            _forward(env, portfolio, op, case.no)
    shown = view.Shown(
        row, of, made.quote, env.policy, env.as_of, which.id, which.renewal_on, which.term_months
    )
    if env.json:
        emit(view.document(shown, made, answers, changed=not env.dry_run))
        return
    view.show(shown, made, answers)
    if env.dry_run:
        say("dry run: nothing was written")


@command()
def list_(
    env: Env,
    save: Annotated[
        str | None, typer.Argument(metavar="[SAVE]", help="Only those of this save, or of its account.")
    ] = None,
) -> None:
    """List the offers made to keep customers, of one save or of all."""
    with env.open() as portfolio:
        no = None if save is None else find_case(portfolio, save).no
        found = offers_of(portfolio, no)
        accounts = {each.no: each for each in portfolio.values("account")} if found else {}
    if env.json:
        emit(view.list_document(found, accounts, env.policy, env.as_of))
    else:
        view.show_list(found, accounts)


@command(writes=True)
def approve(env: Env, offer: OfferArg, note: NoteOption = None) -> None:
    """Approve an offer that is over the limit of whoever asked for it."""
    _decide(env, offer, "approve", note)


@command(writes=True)
def refuse(env: Env, offer: OfferArg, reason: ReasonOption) -> None:
    """Refuse to approve an offer, with the reason."""
    _decide(env, offer, "refuse", _reason(reason))


@command(writes=True)
def accept(env: Env, offer: OfferArg, note: NoteOption = None) -> None:
    """Record that the customer accepted an offer: what was promised, and how to record the new terms."""
    _decide(env, offer, "accept", note)


@command(writes=True)
def decline(env: Env, offer: OfferArg, reason: ReasonOption) -> None:
    """Record that the customer declined an offer, with the reason."""
    _decide(env, offer, "decline", _reason(reason))


@command(writes=True)
def withdraw(env: Env, offer: OfferArg, reason: ReasonOption) -> None:
    """Take an offer back that was not accepted yet, with the reason."""
    _decide(env, offer, "withdraw", _reason(reason))


def _decide(env: Env, text: str, action: str, note: str | None) -> None:
    """One legal step of an offer; accepting it makes its promises."""
    with env.open() as portfolio:
        no = find_offer(portfolio, text).no
        with portfolio.write(f"save {action} o{no}", env.actor, env.as_of, dry_run=env.dry_run) as op:
            before = find_offer(portfolio, f"o{no}")
            of = portfolio.values("account", "no = ?", (before.account_no,))[0]
            changes = allowed(
                offers.decide(
                    before,
                    action,
                    env.actor,
                    of,
                    env.policy,
                    env.as_of,
                    clean(note or "") or None,
                    _around(env, portfolio, before, of),
                )
            )
            promises: list[Change] = []
            if changes:
                op.apply(changes)
                if action == "accept":
                    promises = _promise(env, portfolio, op, before, of)
                after = find_offer(portfolio, f"o{no}")
                op.summary = f"o{no}: {after.instrument} for {of.name} {after.state}"
                _forward(env, portfolio, op, before.save_no)
            after = find_offer(portfolio, f"o{no}")
        contract = portfolio.values("contract", "no = ?", (before.contract_no,))
    found = offers.quote_of(after)
    which = contract[0] if contract else None
    shown = view.Shown(
        after,
        of,
        found,
        env.policy,
        env.as_of,
        which.id if which else "",
        which.renewal_on if which else None,
        which.term_months if which else None,
    )
    rows = [each.after or {} for each in promises]
    if env.json:
        emit(view.decided_document(shown, rows, changed=bool(changes) and not env.dry_run))
    elif not changes:
        say(f"o{no} is {after.state} already; nothing changed")
    else:
        view.show_decided(shown, rows)
        if env.dry_run:
            say("dry run: nothing was written")


def _of_account(portfolio: Portfolio, of: Account) -> list[Offer]:
    found: list[Offer] = portfolio.values("offer", "account_no = ?", (of.no,), "no")
    return found


def _around(env: Env, portfolio: Portfolio, offer: Offer, of: Account) -> Around:
    """The case as it stands, and the other offers of the account."""
    case = find_case(portfolio, f"s{offer.save_no}")
    answers = _situation(env, portfolio, case, offer.root_cause, offer.condition, 0, None, None)
    return Around(case, answers, [each for each in _of_account(portfolio, of) if each.no != offer.no])


def _forward(env: Env, portfolio: Portfolio, op: Operation, save_no: int | None) -> None:
    """What an offer shows of its case brings the case forward."""
    for case in portfolio.values("save_case", "no = ?", (save_no,)):
        [file] = load_files(portfolio, env.policy, env.as_of, [case])
        desk = CaseDesk(env, portfolio, op, file)
        desk.forward()
        desk.refresh()


def _promise(env: Env, portfolio: Portfolio, op: Operation, offer: Offer, of: Account) -> list[Change]:
    """SAV-9: what an accepted offer promises goes into the ledger."""
    changes: list[Change] = []
    for case in portfolio.values("save_case", "no = ?", (offer.save_no,)):
        owner = case.owner or of.csm or env.actor
        if offer.instrument == "roadmap":  # SAV-5: product answers for its dates
            [file] = load_files(portfolio, env.policy, env.as_of, [case])
            owner = plays.owner_of(file, env.policy, "", "product_manager")[0] or owner
        no = portfolio.next_no("promise")
        changes = allowed(offers.promised(offer, case, no, owner, env.as_of, env.actor))
    op.apply(changes)
    return changes


def _reason(given: str) -> str:
    """A reason that says something, or exit 2."""
    if not clean(given):
        raise UsageError("reason-missing", "--reason is blank", "say why")
    return given


def _instrument(given: str) -> str:
    """The instrument meant, or exit 2 naming the twelve."""
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    if folded in INSTRUMENTS:
        return folded
    from difflib import get_close_matches

    near = get_close_matches(folded, INSTRUMENTS, 1, 0.5)
    hint = f"did you mean: --instrument {near[0]}" if near else "renewctl save offer --help"
    raise UsageError("unknown-instrument", f"--instrument {given}: not one of {', '.join(INSTRUMENTS)}", hint)


def _account(portfolio: Portfolio, case: SaveCase) -> Account:
    found: list[Account] = portfolio.values("account", "no = ?", (case.account_no,))
    return found[0]


def _deal(env: Env, of: Account, which: Contract, from_on: date, term: int | None) -> Deal:
    """What is in force, or exit 14 where its price is not known."""
    currency = which.currency or of.currency
    if which.arr_minor is None or currency is None:
        raise RefusedByRule(
            "arr-unknown", f"{of.name}: the ARR of contract {which.id} is unknown; no offer can be reckoned",
            f"record it: renewctl set {of.id} arr=AMOUNT --reason …",
        )  # fmt: skip
    months = term or which.term_months or env.policy.usual_term_months
    later = which.renewal_on if which.renewal_on is not None and which.renewal_on >= from_on else None
    if from_on.year + months // 12 > 9000:
        raise UsageError("bad-date", f"--from {from_on}: out of range", "give the day the offer begins")
    return Deal(which.arr_minor, currency, from_on, months, later)


def _percent(name: str, given: str | None) -> Fraction | None:
    return None if given is None else percent_of(name, given)


def _end(env: Env, given: str | None) -> date | None:
    """The last day as typed; exit 14 where the words say that there is none."""
    if given is None:
        return None
    if nothing(given, env.policy.offers):
        raise RefusedByRule(
            "offer-naked", f"--until {given}: an offer has an end (SAV-4)", "add --until DATE or --months N"
        )
    return day(given, "--until")


def _chance(name: str, given: str | None) -> Fraction | None:
    found = _percent(name, given)
    return None if found is None else found / 100


def _steps(given: str | None) -> tuple[Fraction, ...] | None:
    if given is None:
        return None
    return tuple(percent_of("steps", each) for each in given.split(","))


def _effort(env: Env, hours: str | None, currency: str) -> int:
    """What the work costs, in the offer's currency; 0, and said so, where there is no rate for it."""
    spent = minutes(hours)
    if not spent:
        return 0
    cost = offers.effort_minor(spent, currency, env.policy)
    if cost is None:
        say(f"note: no rate for {currency} in the policy; the hours are not counted in the break-even")
    return cost or 0


def _situation(
    env: Env, portfolio: Portfolio, case: SaveCase, root_cause: str | None, condition: str | None,
    effort: int, stays: Fraction | None, chance: Fraction | None,
) -> Situation:  # fmt: skip
    """What the offer answers: the cause as given, else the last one recorded on the case (SAV-2)."""
    book = env.policy.playbook(case.scenario)
    cause = plays.latest(ledgers_of(portfolio, [case.no]).get(case.no, Ledger()), "cause")
    names = () if cause is None else (cause.name, cause.text)
    recorded = tuple(each for each in names if each and each != "other")  # the code of a cause in own words
    said = "".join(recorded[-1:]) if root_cause is None else clean(root_cause)
    if bare(said) in map(bare, recorded):
        said = recorded[-1]
    elif said in book.root_causes:
        said = book.root_causes[said].text
    return Situation(
        case.scenario, book.rule, book.instruments, said, clean(condition or ""),
        recorded, f"s{case.no}", effort, stays, chance,
    )  # fmt: skip
