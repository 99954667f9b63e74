"""What offers are refused, who may grant them, and what becomes of them (SAV-4, SAV-B)."""

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import offers
from renewctl.core.intake import Refusal
from renewctl.core.model import Account, Contract, SaveCase
from renewctl.core.offer_guards import OK, REFUSE, WARN, Situation, limit_of, needs_role, percent
from renewctl.core.offer_money import Deal, quote
from renewctl.core.offer_sheet import options_sheet
from renewctl.core.offer_terms import OPTIONS, TAKES, Ask, end_of, misfit, settle
from renewctl.core.offer_together import Around
from renewctl.core.offer_words import after, give, sentence, steps, way_back
from renewctl.core.policy import INSTRUMENTS, SCENARIOS, Policy
from renewctl.store.policy_files import load_policy

SHIPPED = load_policy(None)
START = date(2026, 3, 10)
TEAM = {"manager": "marta", "vp": "vera", "managers": {"ana": "rui"}}
RAW = SHIPPED.raw.whole()
POLICY = Policy({**RAW, "team": TEAM})
DEAL = Deal(12_000_000, "USD", START, 12, date(2026, 6, 30))
_BLANK = dict.fromkeys(Account._fields)
ACCOUNT = Account(**{**_BLANK, "no": 1, "id": "A1", "name": "Acme", "csm": "ana", "strategic": 0})
CONTRACT = Contract(**{**dict.fromkeys(Contract._fields), "no": 7, "id": "C7", "account_no": 1})
CASE = SaveCase(**{**dict.fromkeys(SaveCase._fields), "no": 3, "account_no": 1, "state": "diagnosed"})
FROZEN = "Budget frozen until July"
RECORDED = ("budget-cut-temporary", FROZEN)
BUDGET = Situation("budget", "SAV-B", ("bridge", "ramp"), FROZEN, "Signed by 31 March", RECORDED, "s3")
COSTLY = ("prepay", "bridge", "ramp", "seats", "core_only", "volume", "price_lock")
NEEDED = {
    "seats": {"seats": 10, "of_seats": 30, "expand_on": date(2026, 12, 1)},
    "core_only": {"price_minor": 9_000_000, "expand_on": date(2026, 12, 1)},
    "deferred_fee": {"fee_minor": 12_345},
    "bridge": {"recovers_on": date(2026, 8, 31)},
    "roadmap": {"what": "The SAP connector"},
}
END = date(2026, 9, 9)


def asked(instrument, **more):
    return Ask(instrument, **{"until_on": END, **NEEDED.get(instrument, {}), **more})


def made(ask, of=BUDGET, actor="vera", deal=DEAL, policy=POLICY):
    return offers.draft(5, CASE, ACCOUNT, CONTRACT, deal, ask, of, policy, actor, START)


def refused(ask, of=BUDGET, **more):
    found = made(ask, of, **more)
    assert isinstance(found, Refusal), found
    return found


def verdict(found, rule, words):
    """The verdict of the one guard that says so."""
    [one] = [each for each in found.guards if each.rule == rule and words in each.reason]
    return one.verdict


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize(
    ("of", "lacks"),
    [({"root_cause": ""}, "a root cause"), ({"condition": ""}, "something in return")],
)
def test_an_offer_without_a_cause_or_without_a_return_is_naked_whatever_it_is(instrument, of, lacks):  # SAV-4
    found = refused(asked(instrument), BUDGET._replace(**of))
    assert found.code == "offer-naked"
    assert lacks in found.message
    assert "renewctl save why s3" in found.hint or "--condition" in found.hint


def test_an_offer_without_an_end_is_naked_unless_it_ends_by_itself():  # SAV-4
    endless = {"billing_period", "payment_terms", "volume", "deferred_fee", "roadmap"}
    for instrument in INSTRUMENTS:
        found = made(asked(instrument, until_on=None))
        if instrument in endless:
            assert isinstance(found, Refusal)
            assert (found.code, found.message) == ("offer-naked", "the offer lacks an end (SAV-4)")
        else:
            assert isinstance(found, offers.Draft)
            assert found.offer.until_on is not None


def test_everything_that_a_naked_offer_lacks_is_named_at_once():  # SAV-4
    found = refused(Ask("volume"), BUDGET._replace(root_cause="", condition=""))
    assert found.message == "the offer lacks a root cause, something in return, an end (SAV-4)"


@given(st.sampled_from(INSTRUMENTS), st.integers(1, 60), st.integers(1, 400))
def test_an_end_beyond_the_term_is_unlimited_and_refused(instrument, term, beyond):  # SAV-4
    deal = DEAL._replace(term_months=term)
    ask = asked(instrument, until_on=deal.ends_on + timedelta(days=beyond))
    assert "beyond the term" in refused(ask, deal=deal).message
    assert isinstance(made(ask._replace(until_on=deal.ends_on), deal=deal), offers.Draft)


@pytest.mark.parametrize(("after", "warned"), [(-1, False), (0, True), (40, True)])
def test_a_concession_that_runs_into_a_term_not_agreed_yet_says_so(after, warned):
    """SAV-4: and names the day from which it would be of that term."""
    renews_on = DEAL.from_on + timedelta(60)
    ask = asked("volume", until_on=renews_on + timedelta(after))
    told = [
        each for each in made(ask, deal=DEAL._replace(rises_on=renews_on)).guards if "past the" in each.reason
    ]
    assert [each.verdict for each in told] == [WARN] * warned
    assert all(f"--from {renews_on}" in each.add for each in told)
    begins = DEAL._replace(rises_on=DEAL.from_on)
    assert not [each for each in made(asked("volume"), deal=begins).guards if "past the" in each.reason]
    free = made(asked("payment_terms"), deal=DEAL._replace(rises_on=renews_on))
    assert not [each for each in free.guards if "past the" in each.reason]


@pytest.mark.parametrize("cause", ["unknown", "Unknown.", "?", "TBD", "not known", "Investigate!"])
def test_an_unknown_cause_gets_no_discount_and_a_warning_for_what_is_free(cause):  # SAV-2
    for of in (BUDGET._replace(root_cause=cause), BUDGET._replace(recorded=(cause,))):
        assert "no root cause is on record" in refused(asked("volume"), of).message
        assert verdict(made(asked("payment_terms"), of), "SAV-2", "no root cause") == WARN


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_what_costs_money_answers_a_root_cause_on_record_and_words_do_not_stand_in_for_it(instrument):
    # SAV-4, SAV-2
    without = BUDGET._replace(recorded=())
    another = BUDGET._replace(root_cause="Our prices rose")
    if instrument in COSTLY:
        found = refused(asked(instrument), without)
        assert (found.code, "no root cause is on record" in found.message) == ("offer-refused", True)
        assert found.hint == "find the cause first: renewctl save why s3 --why TEXT … --root-cause CODE"
        found = refused(asked(instrument), another)
        assert f"Our prices rose is not the root cause on record: {FROZEN}" in found.message
        assert "leave --root-cause out" in found.hint
    else:
        assert verdict(made(asked(instrument), without), "SAV-2", "no root cause is on record") == WARN
        assert verdict(made(asked(instrument), another), "SAV-4", "is not the root cause on record") == WARN


def test_a_discount_on_what_is_free_otherwise_answers_a_root_cause_too():  # SAV-4
    of = BUDGET._replace(recorded=())
    assert refused(asked("roadmap", discount_pct=Fraction(1)), of).code == "offer-refused"
    nothing_to_pay = DEAL._replace(arr_minor=0)
    found = refused(asked("volume"), of, deal=nothing_to_pay)
    assert "no root cause is on record" in found.message


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (FROZEN, True), (FROZEN.upper() + "!", True), ("budget-cut-temporary", True),
        (f"{FROZEN}, by their new CFO", True), ("budget-cut-temporary: until July", True),
        ("Budget", False), ("A budget frozen", False), ("Budget frozen until Julyish", False),
        ("cash-flow", False),
    ],
)  # fmt: skip
def test_the_root_cause_on_record_may_be_named_or_told_closer_but_not_replaced(said, names):  # SAV-4
    of = BUDGET._replace(root_cause=said)
    if names:
        assert made(asked("volume"), of).offer.root_cause == said
    else:
        assert "is not the root cause on record" in refused(asked("volume"), of).message


@pytest.mark.parametrize(
    "condition",
    ["none", "None.", "N/A", "n.a.", "-", "—", "...", "nothing", "Nenhuma", "nada!", "SEM CONDIÇÃO",
     "sem condicao", "No condition", " no-condition ", "não", "?"],
)  # fmt: skip
def test_a_condition_that_asks_for_nothing_is_none(condition):  # SAV-4
    for instrument in ("volume", "trial"):
        found = refused(asked(instrument), BUDGET._replace(condition=condition))
        assert (found.code, condition in found.message) == ("offer-naked", True)
        assert "something in return" in found.message
        assert found.hint == "add --condition TEXT: what they give for it"


@pytest.mark.parametrize(
    "condition", ["None of the seats is given back", "Nothing but a signature", "No exit"]
)
def test_only_the_whole_of_a_condition_is_looked_at(condition):  # SAV-4
    assert made(asked("volume"), BUDGET._replace(condition=condition)).offer.condition == condition


def test_what_is_no_condition_is_the_policys_to_say():  # SAV-4
    own = Policy({**POLICY.raw, "offers": {**POLICY.raw["offers"], "no_conditions": ["Handshake"]}})
    assert isinstance(made(asked("volume"), BUDGET._replace(condition="none"), policy=own), offers.Draft)
    assert refused(asked("volume"), BUDGET._replace(condition="handshake"), policy=own).code == "offer-naked"


def test_no_discount_repairs_a_relationship_unless_the_policy_says_otherwise():  # SAV-R
    of = BUDGET._replace(scenario="relationship", rule="SAV-R", instruments=())
    for instrument in ("prepay", "bridge", "ramp", "volume", "seats", "core_only", "price_lock"):
        assert "no discount repairs" in refused(asked(instrument), of).message
    for instrument in ("billing_period", "payment_terms", "deferred_fee", "roadmap", "trial"):
        assert isinstance(made(asked(instrument), of), offers.Draft)
    own = Policy({**POLICY.raw, "offers": {**POLICY.raw["offers"], "no_discount": []}})
    assert isinstance(made(asked("volume"), of, policy=own), offers.Draft)


def test_an_instrument_that_the_playbook_does_not_have_is_warned_of():  # SAV-4
    assert verdict(made(asked("bridge")), "SAV-B", "is an answer") == OK
    assert verdict(made(asked("volume")), "SAV-B", "does not answer") == WARN
    assert not [each for each in made(asked("volume"), BUDGET._replace(instruments=())).guards
                if "answer of" in each.reason or "does not answer" in each.reason]  # fmt: skip


def test_a_bridge_is_only_for_who_will_have_recovered_within_six_months():  # SAV-B
    ask = asked("bridge", until_on=None, recovers_on=None)
    assert "nothing says when" in refused(ask).message
    assert "2026-09-10 at the latest" in refused(ask).hint
    assert isinstance(made(ask._replace(recovers_on=date(2026, 9, 10))), offers.Draft)
    assert "needs recovery within 6 months" in refused(ask._replace(recovers_on=date(2026, 9, 11))).message
    # the end of the price says nothing of their recovery
    assert "nothing says when" in refused(ask._replace(until_on=date(2026, 9, 9))).message


@pytest.mark.parametrize("instrument", ["seats", "core_only", "billing_period"])
def test_less_scope_keeps_the_way_back_and_its_day(instrument):  # SAV-B
    ask = asked(instrument, price_minor=2_000_000, until_on=None, months=12, expand_on=None)
    assert "without a way back" in refused(ask).message
    assert "no day to grow again" in refused(ask._replace(expand_on=START)).message
    found = made(ask._replace(expand_on=date(2026, 12, 1)))
    assert verdict(found, "SAV-B", "from 2026-12-01, without a fee to set it up again") == OK
    # an end of the price is no day to talk it over
    assert "without a way back" in refused(ask._replace(months=None, until_on=END)).message


def test_what_gives_everything_away_or_cannot_pay_at_the_chances_named_is_refused():  # SAV-4, DEFAULTS
    whole = asked("volume", until_on=DEAL.ends_on, discount_pct=Fraction(100))
    assert "gives away all" in refused(whole).message
    half = whole._replace(discount_pct=Fraction(50))
    assert "cannot pay" in refused(half, BUDGET._replace(stays=Fraction(1, 2))).message
    found = made(half, BUDGET._replace(stays=Fraction(49, 100)))
    assert verdict(found, "SAV-4", "pays from a chance of 98 % on") == OK
    below = made(half, BUDGET._replace(stays=Fraction(1, 4), chance=Fraction(49, 100)))
    assert verdict(below, "SAV-4", "at 49 % it does not pay: break-even is 50 %") == WARN
    at_it = made(half, BUDGET._replace(stays=Fraction(1, 4), chance=Fraction(1, 2)))
    assert verdict(at_it, "SAV-4", "pays from") == OK
    assert verdict(made(half), "SAV-4", "nothing says how likely") == WARN
    dear = made(half, BUDGET._replace(effort_minor=6_000_000))
    assert verdict(dear, "SAV-4", "cannot pay") == WARN  # nobody said how likely they stay
    assert verdict(made(asked("trial")), "SAV-4", "concedes nothing") == OK


def test_every_refusal_says_what_would_make_it_right():  # SAV-4
    found = refused(asked("bridge", until_on=date(2028, 1, 1)), BUDGET._replace(root_cause="?"))
    assert found.code == "offer-refused"
    assert found.message.count("; ") >= 1
    assert "--term-months" in found.hint
    assert "renewctl save why" in found.hint


# --- who may grant it ------------------------------------------------------------------------------


def account(**people):
    return ACCOUNT._replace(**people)


@pytest.mark.parametrize(
    ("actor", "role", "pct"),
    [
        ("ana", "csm", 10),
        ("zoe", "csm", 10),
        ("Rui", "manager", 20),
        ("VERA", "vp", 100),
        ("marta", "csm", 10),
    ],
)
def test_an_actor_has_the_limit_of_the_highest_role_that_the_policy_gives_them(actor, role, pct):  # SAV-4
    # rui is the manager of ana's accounts; marta manages the others
    assert limit_of(actor, ACCOUNT, POLICY) == (role, pct)


def test_the_manager_of_the_team_is_the_manager_where_a_csm_has_none_of_their_own():  # SAV-4
    assert limit_of("marta", account(csm="bea"), POLICY) == ("manager", 20)


def test_who_only_stands_in_for_a_vacant_role_does_not_have_its_limit():  # SAV-4
    vacant = Policy({**RAW, "team": {}})
    assert limit_of("ana", ACCOUNT, vacant) == ("csm", 10)


@pytest.mark.parametrize(
    ("pct", "csm", "manager"),
    [("0", None, None), ("10", None, None), ("10.01", "manager", None), ("20", "manager", None),
     ("20.01", "vp", "vp"), ("100", "vp", "vp")],
)  # fmt: skip
def test_over_ten_percent_a_manager_has_to_approve_and_over_twenty_a_vp(pct, csm, manager):  # SAV-4, DEFAULTS
    for actor, role in (("ana", csm), ("rui", manager), ("vera", None)):
        assert needs_role(Fraction(pct), limit_of(actor, ACCOUNT, POLICY), POLICY) == role


@pytest.mark.parametrize(("actor", "state", "role"), [
    ("ana", "pending", "manager"), ("rui", "approved", None), ("vera", "approved", None),
])  # fmt: skip
@pytest.mark.parametrize("instrument", ["seats", "core_only"])
def test_less_scope_without_any_discount_needs_a_manager_or_a_role_above(instrument, actor, state, role):
    # SAV-4
    found = made(asked(instrument, list_minor=9_000_000 if instrument == "core_only" else None), actor=actor)
    assert found.quote.discount_pct == 0
    assert (found.offer.state, found.offer.needs_role) == (state, role)
    assert verdict(found, "SAV-4", "less scope") == (OK if role is None else WARN)
    assert made(asked("payment_terms"), actor=actor).offer.state == "approved"


def test_only_who_may_grant_less_scope_approves_it():  # SAV-4
    offer = made(asked("seats"), actor="ana").offer
    other = offers.decide(offer, "approve", "zoe", ACCOUNT, POLICY, START, None, Around(CASE, BUDGET))
    assert (other.code, "less scope" in other.message) == ("over-limit", True)
    assert offers.decide(offer, "approve", "rui", ACCOUNT, POLICY, START, None, Around(CASE, BUDGET))
    relaxed = Policy({**RAW, "team": TEAM, "offers": {**RAW["offers"], "less_scope_role": "csm"}})
    assert made(asked("seats"), actor="ana", policy=relaxed).offer.state == "approved"


def test_where_nobody_has_the_role_that_decides_the_refusal_says_how_to_name_one():  # SAV-4
    offer = made(asked("seats"), actor="ana").offer
    for actor in ("ana", "zoe"):
        named = offers.decide(offer, "approve", actor, ACCOUNT, POLICY, START, None, Around(CASE, BUDGET))
        nobody = offers.decide(offer, "approve", actor, ACCOUNT, SHIPPED, START, None, Around(CASE, BUDGET))
        assert '[team] manager = "…"' in nobody.hint
        assert "renewctl policy init" in nobody.hint
        assert "RENEWCTL_POLICY" in nobody.hint
        assert "[team]" not in named.hint


def test_what_is_over_the_highest_limit_is_refused_to_everybody():  # SAV-4
    saves = {**POLICY.raw["saves"], "approval_pct": {"csm": 10, "vp": 30}}
    found = refused(asked("bridge"), policy=Policy({**POLICY.raw, "saves": saves}))
    assert found.code == "over-every-limit"
    assert "50 % is over what anybody may grant: 30 % (vp)" in found.message


@given(st.fractions(0, 100), st.sampled_from(["ana", "rui", "vera", "zoe"]))
def test_an_offer_is_approved_at_once_exactly_within_the_askers_own_limit(pct, actor):  # SAV-4
    pct = Fraction(round(pct, 4))
    of = BUDGET._replace(stays=None)
    found = made(asked("volume", discount_pct=pct), of, actor)
    within = pct <= limit_of(actor, ACCOUNT, POLICY).pct
    assert (found.offer.state, found.offer.needs_role is None) == (
        "approved" if within else "pending",
        within,
    )
    assert found.quote.discount_pct == pct  # rounded cents do not push it over a limit


def test_the_deepest_month_counts_where_it_is_deeper_than_what_is_stated():  # SAV-4
    assert made(asked("ramp"), actor="ana").offer.discount_pct == "40"
    assert made(asked("core_only"), actor="ana").offer.discount_pct == "25"  # of what is paid today
    listed = asked("core_only", list_minor=9_500_000)
    assert made(listed, actor="ana").offer.discount_pct == "5.26"  # of what that scope is listed at
    cheap = asked("seats", price_minor=5_000_000, discount_pct=Fraction(5))
    assert made(cheap, actor="ana").offer.discount_pct == "5"  # dearer than its share: what is stated counts


# --- what becomes of it ----------------------------------------------------------------------------

_STATES = ("pending", "approved", "refused", "accepted", "declined", "withdrawn")
_LEGAL = {
    ("pending", "approve"): "approved",
    ("pending", "refuse"): "refused",
    ("pending", "withdraw"): "withdrawn",
    ("approved", "accept"): "accepted",
    ("approved", "decline"): "declined",
    ("approved", "withdraw"): "withdrawn",
    ("accepted", "withdraw"): "withdrawn",
}


def decided(offer, action, actor="vera", on=START, note="said so", of=BUDGET, others=()):
    return offers.decide(offer, action, actor, ACCOUNT, POLICY, on, note, Around(CASE, of, others))


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("action", ["approve", "refuse", "accept", "decline", "withdraw"])
def test_offers_move_by_legal_steps_only(state, action):  # SAV-4
    offer = made(asked("bridge"), actor="ana").offer._replace(state=state)
    found = decided(offer, action)
    wanted = {"approve": "approved", "refuse": "refused", "accept": "accepted", "decline": "declined",
              "withdraw": "withdrawn"}[action]  # fmt: skip
    if state == wanted:
        assert found == []
    elif (state, action) in _LEGAL:
        [change] = found
        assert change.after == {"state": wanted, "decided_on": START, "decided_by": "vera", "note": "said so"}
        assert change.before["state"] == state
    else:
        assert isinstance(found, Refusal)
        assert "o5" in found.message


def test_a_pending_offer_cannot_be_accepted():  # SAV-4
    found = decided(made(asked("bridge"), actor="ana").offer, "accept")
    assert (found.code, found.hint) == ("offer-pending", "renewctl save approve o5")


@pytest.mark.parametrize("action", ["approve", "refuse"])
def test_nobody_decides_on_their_own_offer_or_over_their_own_limit(action):  # SAV-4
    pending = made(asked("bridge"), actor="ana").offer
    assert decided(pending, action, "Ana").code == "own-offer"
    assert decided(pending, action, "rui").code == "over-limit"  # 50 % is over a manager's 20
    assert decided(pending, action, "zoe").code == "over-limit"
    assert isinstance(decided(pending, action, "vera"), list)
    fifteen = made(asked("bridge", discount_pct=Fraction(15)), actor="ana").offer
    assert isinstance(decided(fifteen, action, "rui"), list)
    assert isinstance(decided(fifteen, action, "vera"), list)
    assert decided(fifteen._replace(asked_by="vera"), action, "vera").code == "own-offer"


def test_an_offer_that_has_ended_cannot_be_accepted():  # SAV-4
    offer = made(asked("bridge")).offer
    assert decided(offer, "accept", on=END)
    assert decided(offer, "accept", on=END + timedelta(days=1)).code == "offer-ended"


def test_the_ladder_holds_for_offers_whose_terms_were_erased():  # SAV-4
    erased = made(asked("bridge"), actor="ana").offer._replace(terms="{}")
    assert offers.quote_of(erased) is None
    assert decided(erased, "approve", "rui").code == "over-limit"
    assert offers.promised(erased, CASE, 1, "ana", START, "ana") == []


# --- what is kept of it ----------------------------------------------------------------------------


days = st.dates(START, date(2029, 1, 1))
off = st.decimals(0, 100, places=3)


@given(st.sampled_from(INSTRUMENTS), st.integers(0, 10**10), st.integers(1, 60), days, off, st.booleans())
def test_stored_terms_come_to_the_same_money_again(instrument, arr, term, until, pct, rises):
    deal = Deal(arr, "KWD", START, term, START if rises else None)
    more = {"of_seats": 30} if instrument == "seats" else {}
    ask = asked(instrument, until_on=until, discount_pct=Fraction(pct), **more)._replace(price_minor=None)
    terms = settle(ask, POLICY.offers, until)
    found = quote(deal, terms)
    row = made(asked("trial")).offer._replace(
        terms=offers.terms_text(found), arr_minor=arr, currency="KWD", from_on=START
    )
    assert offers.quote_of(row) == found
    assert (
        json.dumps(json.loads(row.terms), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        == row.terms
    )


def test_accepting_promises_what_was_offered_with_a_day_and_an_owner():  # SAV-9
    for instrument in INSTRUMENTS:
        offer = made(asked(instrument)).offer
        rows = [each.after for each in offers.promised(offer, CASE, 4, "ana", START, "zoe")]
        assert [row["no"] for row in rows] == [4]  # the end and the day to grow again are terms
        assert all(row["owner"] == "ana" and row["state"] == "open" and row["save_no"] == 3 for row in rows)
        assert rows[0]["due_on"] == (END if instrument == "roadmap" else START)  # applied at once


def test_what_was_to_be_applied_at_once_is_not_overdue_on_the_day_it_is_accepted():  # SAV-9
    later = START + timedelta(days=20)
    [change] = offers.promised(made(asked("bridge")).offer, CASE, 1, "ana", later, "ana")
    assert change.after["due_on"] == later


def test_every_change_of_price_is_a_command_of_its_own_and_rises_of_the_list_are_none():
    def of(instrument, **more):
        return [
            (str(each.on), each.arr_minor // 100) for each in steps(made(asked(instrument, **more)).quote)
        ]

    assert of("bridge") == [("2026-03-10", 60_000), ("2026-09-10", 120_000)]
    assert of("ramp") == [("2026-03-10", 72_000), ("2026-06-10", 96_000), ("2026-09-10", 120_000)]
    assert of("seats", until_on=DEAL.ends_on) == [("2026-03-10", 40_000)]
    assert of("price_lock") == of("trial") == of("deferred_fee") == []


def test_a_promise_that_nobody_keeps_is_none():  # SAV-9
    found = offers.promised(made(asked("bridge")).offer, CASE, 1, " ", START, "ana")
    assert (isinstance(found, Refusal), found.code) == (True, "promise-unowned")


# --- in words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (asked("prepay", until_on=None), "25 % off for the year paid in advance, until 2027-03-09"),
        (asked("billing_period"), "invoiced every 3 months until 2026-09-09"),
        (asked("billing_period", every_months=1), "invoiced every month until 2026-09-09"),
        (
            asked("billing_period", price_minor=1_200_000, expand_on=date(2026, 12, 1)),
            "less scope, USD 12,000 every 3 months until 2026-09-09",
        ),
        (asked("payment_terms"), "60 days to pay instead of 30, until 2026-09-09"),
        (asked("bridge"), "50 % off until 2026-09-09, then the standard price"),
        (asked("ramp"), "40 % off in months 1 to 3, 20 % off in months 4 to 6, then the standard price"),
        (
            asked("ramp", months=2, until_on=None, steps_pct=(Fraction(30), Fraction(10))),
            "30 % off in month 1, 10 % off in month 2, then the standard price",
        ),
        (
            asked("seats"),
            "10 of 30 seats at USD 40,000 a year until 2026-09-09",
        ),
        (
            asked("seats", seats=None, of_seats=None, price_minor=4_000_000),
            "fewer seats at USD 40,000 a year until 2026-09-09",
        ),
        (
            asked("core_only"),
            "the core features only at USD 90,000 a year until 2026-09-09",
        ),
        (asked("volume"), "10 % off until 2026-09-09 for the volume agreed"),
        (asked("deferred_fee"), "the set-up fee of USD 123.45 due on 2026-09-09"),
        (asked("price_lock"), "the price stays at USD 120,000 a year until 2026-09-09"),
        (asked("roadmap"), "The SAP connector, delivered by 2026-09-09"),
        (
            asked("roadmap", what="The SAP connector", discount_pct=Fraction(20)),
            "The SAP connector, delivered by 2026-09-09, 20 % off until 2026-09-09",
        ),
        (asked("trial", until_on=None), "advanced features on trial until 2026-04-08"),
        (asked("trial", what="Forecasts"), "Forecasts on trial until 2026-09-09"),
    ],
)
def test_the_terms_are_one_sentence(ask, said):
    assert sentence(made(ask).quote) == said


def test_what_holds_afterwards_is_said():
    def of(instrument, **more):
        return after(made(asked(instrument, **more)).quote)

    assert of("bridge") == "The standard price of USD 120,000 a year is back from 2026-09-10."
    assert of("deferred_fee") == "The fee of USD 123.45 is paid; nothing else changes."
    assert of("core_only") == "Growing again is open from 2026-12-01, no fee to set it up again."
    assert of("trial") == "The usual terms hold again."


def test_the_way_back_is_said_with_its_day_or_not_at_all():  # SAV-B
    found = made(asked("core_only")).quote
    assert way_back(found) == "growing again is open from 2026-12-01, no fee to set it up again"
    assert way_back(made(asked("bridge")).quote) == ""
    terms = settle(asked("core_only", until_on=None, expand_on=None), POLICY.offers, END)
    bare = quote(DEAL, terms)
    assert way_back(bare) == ""
    assert give(found) == ("The core features only at USD 90,000 a year until 2026-09-09",)


# --- what is asked for -----------------------------------------------------------------------------

_SAMPLES = {
    "months": 6, "steps_pct": (Fraction(10),), "seats": 3, "of_seats": 9, "price_minor": 1, "list_minor": 1,
    "fee_minor": 1, "terms_days": 45, "every_months": 3, "uplift_pct": Fraction(1), "what": "x",
    "expand_on": END, "recovers_on": END,
}  # fmt: skip


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("field", OPTIONS)
def test_an_option_of_another_instrument_is_wrong_usage_and_never_passed_over(instrument, field):
    ask = asked(instrument, until_on=None)._replace(**{field: _SAMPLES[field]})
    found = misfit(ask, DEAL)
    if field in TAKES[instrument]:
        assert found is None or found.code != "option-of-another"
    else:
        assert found.code == "option-of-another"
        assert OPTIONS[field] in found.message


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask("volume", months=3, until_on=END), "two-ends"),
        (Ask("volume", until_on=START - timedelta(days=1)), "ends-before-it-begins"),
        (Ask("core_only"), "price-missing"),
        (Ask("seats"), "seats-missing"),
        (Ask("seats", seats=10), "seats-unknown"),
        (Ask("seats", seats=30, of_seats=30), "bad-seats"),
        (Ask("deferred_fee"), "fee-missing"),
        (Ask("roadmap"), "what-missing"),
        (Ask("ramp", discount_pct=Fraction(1), steps_pct=(Fraction(1),)), "two-discounts"),
        (Ask("billing_period", every_months=5), "bad-period"),
        (Ask("core_only", price_minor=12_000_001), "price-over-arr"),
        (Ask("billing_period", price_minor=3_000_001, every_months=3), "price-over-arr"),
    ],
)
def test_what_is_missing_or_absurd_is_wrong_usage(ask, code):
    assert misfit(ask, DEAL).code == code


def test_what_fits_fits():
    for instrument in INSTRUMENTS:
        assert misfit(asked(instrument), DEAL) is None
    assert misfit(Ask("billing_period", price_minor=3_000_000, every_months=3), DEAL) is None
    assert misfit(Ask("seats", discount_pct=Fraction(1)), DEAL) is None


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (asked("ramp", months=7, until_on=None), "ramp-unknown"),
        (asked("ramp", months=5, until_on=None, steps_pct=(Fraction(2), Fraction(1))), "ramp-uneven"),
    ],
)
def test_a_ramp_that_cannot_be_made_of_its_months_is_refused(ask, code):
    assert refused(ask).code == code


def test_a_ramp_of_another_depth_keeps_the_shape_of_the_usual_one():  # SAV-B
    assert made(asked("ramp", discount_pct=Fraction(10))).quote.terms.steps_pct == (10, 5)


def test_the_percentages_printed_are_rounded_once_to_a_hundredth():
    assert [percent(Fraction(each)) for each in ("10", "12.5", "100/3", "0.005", "0.015")] == [
        "10", "12.5", "33.33", "0", "0.02",
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "cost"), [("USD", 12_000), ("EUR", None), ("JPY", None)])
def test_the_hours_of_the_work_cost_what_the_policy_says(code, cost):  # DEFAULTS
    assert offers.effort_minor(90, code, Policy({**POLICY.raw, "rates": {}})) == cost
    rated = Policy({**POLICY.raw, "rates": {"EUR": "1.25", "JPY": "0.01"}})
    assert offers.effort_minor(90, code, rated) == {"USD": 12_000, "EUR": 9_600, "JPY": 12_000}[code]


# --- the options sheet -----------------------------------------------------------------------------


CAUSES = sorted(  # with the scenario that answers them
    {(cause.scenario or scenario, code)
     for scenario in SCENARIOS for code, cause in POLICY.playbooks[scenario].root_causes.items()}
)  # fmt: skip


def sheet(scenario="budget", rows=(), policy=POLICY, cause="budget-cut-temporary", deal=DEAL, others=()):
    book = policy.playbooks[scenario]
    recorded = (cause, FROZEN) if cause else ()
    of = Situation(scenario, book.rule, book.instruments, FROZEN, "", recorded)
    return options_sheet(deal, CONTRACT.no, rows, of, policy, [*rows, *others])


def proposing(*names, **offered):
    """The policy with these alternatives for a budget that comes back."""
    return Policy({**POLICY.raw, "offers": {**POLICY.raw["offers"], **offered,
                                            "sheet": {"budget-cut-temporary": list(names)}}})  # fmt: skip


@pytest.mark.parametrize(("scenario", "cause"), CAUSES)
def test_a_sheet_proposes_what_the_root_cause_on_record_calls_for_and_nothing_else(scenario, cause):
    found = sheet(scenario, cause=cause)  # SAV-B, SAV-4
    proposed = POLICY.offers.sheet.get(cause, ())
    assert [each.instrument for each in found] == list(proposed)
    assert not (scenario == "relationship" and found)  # SAV-R
    assert set(proposed) <= set(POLICY.playbooks[scenario].instruments)
    for option in found:
        assert all((option.give, option.get, option.name, option.after))
        assert START == option.begins_on <= option.ends_on <= DEAL.ends_on
        assert option.first_year_minor == sum(each.price_minor for each in option.months[:12])
        assert option.total_minor + option.quote.cost_minor == option.quote.list_minor
        assert option.today_minor == DEAL.arr_minor
        assert (option.offer_no, option.currency) == (None, "USD")
        over = option.quote.discount_pct > 10
        assert (option.needs_role is not None) == over  # not for the customer before it is approved


def test_who_will_recover_is_proposed_a_bridge_and_whose_cash_is_short_only_other_days_to_pay():
    # SAV-B
    assert "bridge" in [each.instrument for each in sheet(cause="budget-cut-temporary")]
    for_cash = sheet(cause="cash-flow")
    assert {each.instrument for each in for_cash} == {"payment_terms", "billing_period"}
    assert [each.quote.cost_minor for each in for_cash] == [0, 0]


@pytest.mark.parametrize("cause", ["", "other", "our own words", "budget-cut"])
def test_before_the_cause_is_found_or_where_nothing_answers_it_a_sheet_is_not_filled_up(
    cause,
):  # SAV-B, SAV-4
    assert sheet(cause=cause) == ()
    kept = made(asked("trial")).offer
    assert [each.offer_no for each in sheet(cause=cause, rows=[kept])] == [5]


@given(st.integers(1, 60), st.integers(0, 10**9))
def test_today_s_terms_on_a_sheet_are_the_arr_of_today_whatever_rises_later(term, arr):  # SAV-B
    deal = DEAL._replace(term_months=term, arr_minor=arr)
    found = sheet("champion_departure", cause="successor-neutral", deal=deal)
    assert found
    for option in found:
        assert option.today_minor == arr
        assert (option.begins_on, option.ends_on <= deal.ends_on) == (START, True)


def test_what_was_approved_comes_before_what_is_only_proposed_and_the_latest_of_a_kind_counts():
    old, new = (made(asked("ramp", discount_pct=Fraction(pct))).offer for pct in (30, 20))
    pending = made(asked("prepay"), actor="ana").offer
    erased = made(asked("volume")).offer._replace(no=9, terms="{}")
    found = sheet(rows=[old, new._replace(no=6), pending._replace(no=7), erased])
    assert [(each.instrument, each.offer_no, each.needs_role) for each in found] == [
        ("ramp", 6, None), ("payment_terms", None, None), ("billing_period", None, None),
    ]  # fmt: skip
    assert found[0].get == ("Signed by 31 March",)
    bare = sheet(rows=[old._replace(condition=None)])
    assert bare[0].get == ()


def test_an_options_sheet_has_three_options_at_most():
    rows = [made(asked(name)).offer._replace(no=at) for at, name in enumerate(INSTRUMENTS)]
    assert [each.offer_no for each in sheet(rows=rows)] == [9, 10, 11]


def test_what_cannot_be_proposed_without_being_told_more_is_left_out():
    def shown(policy, scenario="budget"):
        return [each.instrument for each in sheet(scenario, policy=policy)]

    assert shown(proposing("seats", "core_only", "trial")) == ["trial"]
    ramp = {**POLICY.raw["offers"]["ramp"], "months": 5}
    assert shown(proposing("ramp", "trial", ramp=ramp)) == ["trial"]
    saves = {**POLICY.raw["saves"], "approval_pct": {"csm": 10}}
    found = shown(Policy({**POLICY.raw, "saves": saves}))
    assert found == ["payment_terms", "billing_period"]  # nobody may grant the bridge
    assert shown(proposing("volume", "trial"), "relationship") == ["trial"]


def test_the_end_of_an_instrument_is_its_own_or_the_terms():
    ends = {name: end_of(Ask(name), DEAL, POLICY.offers) for name in INSTRUMENTS}
    assert ends["trial"] == date(2026, 4, 8)
    assert ends["bridge"] == ends["ramp"] == date(2026, 9, 9)
    assert ends["seats"] == ends["core_only"] == ends["prepay"] == ends["price_lock"] == DEAL.ends_on
    assert end_of(Ask("trial", months=2), DEAL, POLICY.offers) == date(2026, 5, 9)
    assert REFUSE not in {OK, WARN}


@pytest.mark.parametrize("state", ["pending", "accepted", "refused", "declined"])
def test_what_waits_for_somebody_or_was_answered_is_not_proposed_past_them(state):  # SAV-4
    policy, ask = proposing("volume", "trial"), asked("volume", discount_pct=Fraction(10))
    answered = made(ask).offer._replace(state=state)
    assert [each.instrument for each in sheet(policy=policy)] == ["volume", "trial"]
    assert [each.instrument for each in sheet(policy=policy, rows=[answered])] == ["trial"]
    back = answered._replace(state="withdrawn")
    assert [each.instrument for each in sheet(policy=policy, rows=[back])] == ["volume", "trial"]


def test_a_sheet_shows_nothing_that_could_not_be_accepted_beside_what_was():  # SAV-4
    tenth = asked("volume", discount_pct=Fraction(10))
    first = made(tenth).offer._replace(no=1, state="accepted")
    second = made(asked("price_lock", uplift_pct=Fraction(5), discount_pct=Fraction(1))).offer
    policy = proposing("prepay", "trial")
    assert [each.instrument for each in sheet(policy=policy, rows=[second])][1:] == ["prepay", "trial"]
    assert [each.instrument for each in sheet(policy=policy, rows=[second], others=[first])] == ["trial"]
    elsewhere = first._replace(contract_no=8)
    assert len(sheet(policy=policy, rows=[second], others=[elsewhere])) == 3


@given(st.sampled_from(INSTRUMENTS), st.integers(0, 40), st.integers(1, 100), st.booleans())
def test_a_sheet_needs_the_role_that_the_same_offer_asked_for_needs(name, pct, stays, together):  # SAV-4
    """What is proposed takes no other way to a customer than what somebody asks for."""
    raw = POLICY.raw["offers"]
    own = {name: {**raw[name], "discount_pct": pct}} if "discount_pct" in raw.get(name, {}) else {}
    policy = proposing(name, **own)
    beside = made(asked("volume", discount_pct=Fraction(10))).offer._replace(no=1, state="accepted")
    book = policy.playbooks["budget"]
    of = Situation("budget", book.rule, book.instruments, FROZEN, "x", RECORDED, stays=Fraction(stays, 100))
    others = [beside] if together else []
    for option in options_sheet(DEAL, CONTRACT.no, [], of, policy, others):
        terms = option.quote.terms
        ask = Ask(name, until_on=terms.until_on, recovers_on=terms.recovers_on)
        drafted = offers.draft(5, CASE, ACCOUNT, CONTRACT, DEAL, ask, of, policy, "nobody", START, others)
        assert (option.quote, option.needs_role) == (drafted.quote, drafted.offer.needs_role)


def test_what_never_breaks_even_is_proposed_to_no_customer_before_the_top_of_the_ladder_agreed():  # SAV-4
    saves = {**POLICY.raw["saves"], "approval_pct": {"csm": 99, "vp": 100}}
    for pct, role in ((92, "vp"), (50, None)):
        usual = {**POLICY.raw["offers"]["bridge"], "months": 3, "discount_pct": pct}
        policy = Policy({**proposing("bridge", bridge=usual).raw, "saves": saves})
        [option] = sheet(policy=policy, deal=DEAL._replace(term_months=3))
        assert option.needs_role == role


def test_offers_on_another_contract_are_none_of_a_sheet():  # SAV-B
    here, there = (made(asked(name)).offer for name in ("trial", "volume"))
    there = there._replace(no=6, contract_no=8)
    shown = sheet(rows=[here, there], policy=proposing("volume", "payment_terms"))
    assert [(each.instrument, each.offer_no) for each in shown] == [
        ("trial", 5), ("volume", None), ("payment_terms", None),
    ]  # fmt: skip


# --- beside others ---------------------------------------------------------------------------------


def test_concessions_of_the_same_months_are_accepted_one_at_a_time_and_add_up():  # SAV-4
    def tenth(no, **more):
        return made(asked("volume", **more), actor="ana").offer._replace(no=no)

    first = tenth(1)._replace(state="accepted")
    assert decided(tenth(2), "accept", others=[first]).code == "offer-beside"
    assert "renewctl save withdraw o1" in decided(tenth(2), "accept", others=[first]).hint
    for other in (
        first._replace(state="withdrawn"), first._replace(state="approved"), first._replace(contract_no=8),
        first._replace(until_on=START - timedelta(days=1)), first._replace(from_on=END + timedelta(days=1)),
    ):  # fmt: skip
        assert isinstance(decided(tenth(2), "accept", others=[other]), list)
    assert isinstance(decided(made(asked("trial")).offer, "accept", others=[first]), list)

    def second(pct, *others):
        ask = asked("volume", discount_pct=Fraction(pct))
        return offers.draft(2, CASE, ACCOUNT, CONTRACT, DEAL, ask, BUDGET, POLICY, "ana", START, others)

    assert second(10).offer.needs_role is None
    assert second(10, first).offer.needs_role == "manager"
    assert second(11, first).offer.needs_role == "vp"
    assert second(0, first).offer.needs_role is None  # nothing on top
    assert decided(second(11, first).offer, "approve", "rui").code == "over-limit"
    assert isinstance(decided(second(11, first).offer, "approve", "vera"), list)


def test_what_never_breaks_even_is_for_the_top_of_the_ladder_whatever_it_is_listed_at():  # SAV-4
    ask = asked("core_only", until_on=DEAL.ends_on, price_minor=100, list_minor=100)
    for actor in ("ana", "rui"):
        pending = made(ask, actor=actor).offer
        assert (pending.state, pending.needs_role) == ("pending", "vp")
    assert decided(made(ask, actor="ana").offer, "approve", "rui").code == "over-limit"


def test_what_today_s_rules_refuse_is_neither_accepted_nor_shown():  # SAV-R, SAV-4
    offer = made(asked("volume")).offer
    healed = BUDGET._replace(scenario="relationship", rule="SAV-R")
    assert decided(offer, "accept", of=healed).code == "offer-refused"
    assert [each.offer_no for each in sheet(rows=[offer])][:1] == [5]
    for row, scenario in ((offer, "relationship"), (offer._replace(until_on=START - timedelta(1)), "budget")):
        assert 5 not in [each.offer_no for each in sheet(scenario, rows=[row])]


def test_an_offer_that_has_ended_already_is_none():  # SAV-4
    deal = DEAL._replace(from_on=date(2020, 1, 1))
    assert refused(asked("volume", until_on=None, months=12), deal=deal).code == "offer-ended"


@pytest.mark.parametrize("action", ["approve", "accept"])
def test_nothing_is_granted_on_a_case_that_has_ended(action):  # SAV-4
    offer = made(asked("bridge")).offer._replace(state="pending" if action == "approve" else "approved")
    ended = Around(CASE._replace(state="lost"), BUDGET)
    assert offers.decide(offer, action, "vera", ACCOUNT, POLICY, START, None, ended).code == "save-closed"


@pytest.mark.parametrize(
    "name", ["Vera.Lima", "vera_lima", "ve\u00adra lima", "VERA-LIMA", "v\u200bera lima"]
)
def test_who_asked_is_known_however_the_name_is_written(name):  # SAV-4
    pending = made(asked("bridge"), actor="ana").offer._replace(asked_by="Vera Lima")
    assert decided(pending, "approve", name).code == "own-offer"
