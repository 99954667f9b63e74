"""`save offer`, `save offers`: concessions, reckoned month by month and guarded."""

from datetime import date
from fractions import Fraction
from typing import Annotated

import typer

from renewctl.cli.contract import (
    ContractOption,
    allowed,
    amount_in,
    contracts_of,
    emit,
    percent_of,
    pick_contract,
)
from renewctl.cli.offer import account_of, deal_of, forward, offers_on, situation
from renewctl.cli.options import Env, command, day, minutes, say
from renewctl.core import case_file, offers
from renewctl.core.model import Change
from renewctl.core.offer_guards import nothing
from renewctl.core.offer_terms import Ask, misfit
from renewctl.core.policy import INSTRUMENTS
from renewctl.core.text import clean
from renewctl.errors import RefusedByRule, UsageError
from renewctl.store.offers import offers_of
from renewctl.store.saves import find_case
from renewctl.views import save_offer as view


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
        of = account_of(portfolio, case)
        if not case_file.is_open(case):
            from renewctl.views.account import word

            raise RefusedByRule(
                "save-closed", f"s{case.no} is closed as {case.state}; an offer belongs to a running save",
                f"open one first: renewctl save start {word(of.id)} --scenario SCENARIO",
            )  # fmt: skip
        which = pick_contract(of, contracts_of(portfolio, of), contract)
        deal = deal_of(env, of, which, from_on, term_months)

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
        answers = situation(
            env.policy, portfolio, case, root_cause, condition, effort,
            _chance("chance-without", chance_without), _chance("chance", chance),
        )  # fmt: skip
        with portfolio.write(f"save offer s{case.no}", env.actor, env.as_of, dry_run=env.dry_run) as op:
            made: offers.Draft = allowed(
                offers.draft(
                    portfolio.next_no("offer"), case, of, which, deal, ask, answers, env.policy, env.actor,
                    env.as_of, offers_on(portfolio, of),
                )
            )  # fmt: skip
            row = made.offer
            op.apply([Change("offer", (row.no,), of.no, None, row._asdict())])
            op.summary = f"o{row.no}: {row.instrument} offered to {of.name}, {row.state}"
            forward(env, portfolio, op, case.no)
    shown = view.Shown(
        row, of, made.quote, env.policy, env.as_of, which.id, which.renewal_on, which.term_months
    )
    if env.json:
        from renewctl.views.offer_document import document

        emit(document(shown, made, answers, changed=not env.dry_run))
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
        from renewctl.views.offer_document import list_document

        emit(list_document(found, accounts, env.policy, env.as_of))
    else:
        view.show_list(found, accounts)


def _instrument(given: str) -> str:
    """The instrument meant, or exit 2 naming the twelve."""
    folded = given.strip().lower().replace("-", "_").replace(" ", "_")
    if folded in INSTRUMENTS:
        return folded
    from difflib import get_close_matches

    near = get_close_matches(folded, INSTRUMENTS, 1, 0.5)
    hint = f"did you mean: --instrument {near[0]}" if near else "renewctl save offer --help"
    raise UsageError("unknown-instrument", f"--instrument {given}: not one of {', '.join(INSTRUMENTS)}", hint)


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
