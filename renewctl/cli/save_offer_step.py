"""`save approve`, `refuse`, `accept`, `decline`, `withdraw`: how an offer goes on."""

from typing import Annotated

import typer

from renewctl.cli.contract import (
    allowed,
    emit,
)
from renewctl.cli.offer import forward, offers_on, situation
from renewctl.cli.options import Env, command, say
from renewctl.core import offers, plays
from renewctl.core.model import Account, Change, Offer
from renewctl.core.offer_together import Around
from renewctl.core.text import clean
from renewctl.errors import UsageError
from renewctl.store.offers import find_offer
from renewctl.store.portfolio import Operation, Portfolio
from renewctl.store.saves import find_case, load_files
from renewctl.views import save_offer as view

OfferArg = Annotated[str, typer.Argument(metavar="OFFER", help="An offer such as o3.")]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What was said.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


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
                forward(env, portfolio, op, before.save_no)
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
        from renewctl.views.offer_document import decided_document

        emit(decided_document(shown, rows, changed=bool(changes) and not env.dry_run))
    elif not changes:
        say(f"o{no} is {after.state} already; nothing changed")
    else:
        view.show_decided(shown, rows)
        if env.dry_run:
            say("dry run: nothing was written")


def _around(env: Env, portfolio: Portfolio, offer: Offer, of: Account) -> Around:
    """The case as it stands, and the other offers of the account."""
    case = find_case(portfolio, f"s{offer.save_no}")
    answers = situation(env.policy, portfolio, case, offer.root_cause, offer.condition, 0, None, None)
    return Around(case, answers, [each for each in offers_on(portfolio, of) if each.no != offer.no])


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
