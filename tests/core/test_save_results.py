"""SAV-11, WIN-3: what saves came to, in counts, in rates only from enough of them, and what recurs."""

from copy import deepcopy
from datetime import UTC, timedelta
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.case_file import UNKNOWN_ON, CaseFile, SaveRenewal
from renewctl.core.health_check import wilson
from renewctl.core.model import CLOSED_SAVES, ItemState, Ledger, Offer, Promise, SaveEvent
from renewctl.core.policy import Policy
from renewctl.core.save_clock import clock
from renewctl.core.save_results import results
from renewctl.core.save_rounds import NEVER, Before
from renewctl.core.shares import middle, share, weighed
from tests.book import POLICY, account
from tests.core.test_suggest import DAY, ago, case, outcome

SPAN = (ago(365), DAY)


def event(kind, name="", on=DAY, at=None, no=1):
    return SaveEvent(no, 1, 1, 1, kind, name, None, on, at, "ana")


def promise(state="kept", due_on=DAY, settled_on=DAY):
    blank = dict.fromkeys(Promise._fields)
    return Promise(**{**blank, "no": 1, "due_on": due_on, "state": state, "settled_on": settled_on})


def offer(cost, state="accepted", currency="USD"):
    blank = dict.fromkeys(Offer._fields)
    return Offer(**{**blank, "no": 1, "cost_minor": cost, "state": state, "currency": currency})


def file(state="saved", flagged_on=None, renewal_on=UNKNOWN_ON, ledger=None, states=None, **given):
    flagged_on = flagged_on or ago(60)
    flagged_at, respond_by = clock(flagged_on, POLICY, UTC)
    values = {"flagged_at": flagged_at, "respond_by": respond_by, "owner": "ana", "playbook": "abc"}
    of = case(state, flagged_on, None if state == "detected" else ago(20), **{**values, **given})
    renewal = SaveRenewal("s1", "K1", 1, "A1", "Acme", renewal_on, 100, "smb", 1, "ana", "csm")
    return CaseFile(of, account(1), renewal, [], states or {}, {}, ledger or Ledger())


def told(files, outcomes=(), policy=POLICY, span=SPAN):
    return results(files, outcomes, {1: account(1), 2: account(2)}, policy, UTC, span)


def few(least):
    raw = deepcopy(POLICY.raw)
    raw["saves"]["learning"]["least_cases"] = least
    return Policy(raw, f"least {least}")


@given(st.lists(st.sampled_from([*CLOSED_SAVES, "detected"]), max_size=30))
def test_every_closed_case_counts_once_in_the_whole_and_in_each_way_of_telling_them_apart(states):
    """SAV-11: counts always; open cases count apart."""
    found = told([file(state) for state in states])
    closed = [state for state in states if state != "detected"]
    assert (found.all.cases, found.running) == (len(closed), states.count("detected"))
    assert (found.all.saved, found.all.partly, found.all.lost, found.all.let_go) == tuple(
        closed.count(state) for state in ("saved", "partly_saved", "lost", "let_go")
    )
    for groups in found.groups.values():
        assert sum(each.cases for each in groups) == len(closed)
        assert sum(each.saved for each in groups) == found.all.saved


@given(st.integers(0, 40), st.data())
def test_a_rate_stands_only_on_enough_cases_and_with_its_interval(of, data):
    """SAV-11: Wilson's interval, whose ends solve |share − p| = z·sqrt(p(1 − p)/n)."""
    part = data.draw(st.integers(0, of))
    found = share(part, of, POLICY)
    assert (found.part, found.of) == (part, of)
    if of < 10:
        assert (found.share, found.low, found.high) == (None, None, None)
        return
    assert found.low <= found.share <= found.high
    for end in (found.low, found.high):
        if 0 < end < 1:
            assert isclose(
                abs(part / of - end), 1.959963984540054 * (end * (1 - end) / of) ** 0.5, rel_tol=1e-9
            )


def test_another_confidence_is_another_interval():
    raw = deepcopy(POLICY.raw)
    raw["saves"]["learning"]["confidence_pct"] = 80
    wide, narrow = share(5, 20, POLICY), share(5, 20, Policy(raw, "80"))
    assert wide.low < narrow.low < narrow.high < wide.high


@given(st.lists(st.integers(1, 1000), min_size=10, max_size=30))
def test_a_share_of_money_is_never_surer_than_one_of_as_many_cases(amounts):
    """SAV-11: the interval of ARR kept knows that large cases are few."""
    kept = amounts[0]
    found = weighed(kept, amounts, POLICY)
    low, high = wilson(kept / sum(amounts), len(amounts))
    assert found.low <= low + 1e-12
    assert high <= found.high + 1e-12
    equal = weighed(50, [10] * 20, POLICY)
    assert (equal.low, equal.high) == pytest.approx(wilson(0.25, 20))


def test_a_share_of_no_money_or_of_few_cases_is_no_rate():
    assert weighed(0, [0] * 20, POLICY).share is None
    assert weighed(5, [5] * 9, POLICY).share is None


def test_the_save_rate_is_arr_kept_of_at_risk_arr_that_reached_its_renewal_date():
    """SAV-11, TERMS: uplift is not kept, what is still ahead is not counted, in the base currency."""
    renewed = outcome("won", ago(5), renewal_on=ago(4), arr_before_minor=1000, arr_after_minor=1500)
    less = outcome("partial", ago(5), renewal_on=ago(4), arr_before_minor=1000, arr_after_minor=400)
    lost = outcome("lost", ago(5), arr_before_minor=1000, arr_after_minor=0, currency="EUR")
    unknown = outcome("won", ago(5), renewal_on=ago(4), arr_after_minor=5)
    ahead = outcome("won", ago(5), renewal_on=DAY + timedelta(days=9), arr_before_minor=1, arr_after_minor=1)
    for one, at_risk, kept, reached in (
        (renewed, 1000, 1000, 1), (less, 1000, 400, 1), (unknown, 0, 0, 0), (ahead, 0, 0, 0),
    ):  # fmt: skip
        found = told([file()], [one])
        assert (found.all.at_risk_minor, found.all.kept_minor, found.all.reached) == (at_risk, kept, reached)
        assert found.ahead == (one is ahead)
    found = told([file("lost")], [lost])
    assert found.all.kept_minor == 0
    assert found.all.at_risk_minor > 1000  # a euro is worth more than a dollar in the shipped policy
    early = outcome("won", ago(200), renewal_on=ago(190), arr_before_minor=1000, arr_after_minor=1000)
    other = outcome("won", ago(5), contract_no=7, renewal_on=ago(4), arr_before_minor=9, arr_after_minor=9)
    assert told([file(contract_no=1)], [early, other]).all.reached == 0
    assert told([file(renewal_on=ago(1))]).undecided == 1
    assert told([file(renewal_on=DAY)]).undecided == 0
    both = told([file(), file(flagged_on=ago(40))], [renewed])
    assert (both.all.reached, both.all.kept_minor) == (1, 1000)  # of the last save before it, and not of two
    contracts = [(file(contract_no=no), renewed._replace(contract_no=no)) for no in range(10)]
    many = told([of for of, _ in contracts], [won for _, won in contracts], few(10))
    assert many.all.kept_rate.share == 1.0


@pytest.mark.parametrize(
    ("hours", "name"),
    [(0, "within 24 h"), (24, "within 24 h"), (24.5, "within 48 h"), (48, "within 48 h"),
     (49, "within 7 days"), (168, "within 7 days"), (169, "later")],
)  # fmt: skip
def test_the_first_call_is_told_by_the_hours_since_the_flag(hours, name):
    """SAV-11, SAV-1: within 24 hours, 48 hours, 7 days, later."""
    from renewctl.core.moments import instant, stored

    at = stored(instant(clock(ago(60), POLICY, UTC)[0]) + timedelta(hours=hours))
    found = told([file(ledger=Ledger(events=(event("contact", at=at),)))])
    assert [each.name for each in found.groups["response"]] == [name]


def test_a_call_of_which_only_the_day_is_known_counts_as_late_as_the_day_allows():
    done = lambda on: {"call": ItemState("s1", 1, 1, "call", "done", on, None, None, None, "ana")}  # noqa: E731
    names = lambda of: [each.name for each in told([of]).groups["response"]]  # noqa: E731
    assert names(file(states=done(ago(60)))) == ["within 24 h"]
    assert names(file(states=done(ago(59)))) == ["within 48 h"]
    assert names(file(ledger=Ledger(events=(event("contact", on=ago(58)),)))) == ["within 7 days"]
    skipped = {"call": done(ago(60))["call"]._replace(state="skipped")}
    assert names(file(states=skipped)) == names(file()) == [NEVER]


def test_results_are_told_apart_by_playbook_root_cause_and_owner():
    """SAV-11: by scenario, response time, playbook version, root cause, owner; the soonest answer first."""
    caused = Ledger(events=(event("cause", "roi_never_shown"),))
    found = told([file(ledger=caused), file(playbook="def", owner=None), file(scenario="budget")])
    names = {by: [each.name for each in groups] for by, groups in found.groups.items()}
    assert names["playbook"] == ["budget abc", "product abc", "product def"]
    assert names["root_cause"] == ["none found", "roi_never_shown"]
    assert names["owner"] == ["ana", "nobody"]
    assert names["scenario"] == ["product", "budget"]


def test_promises_kept_and_what_was_conceded_stand_beside():
    """SAV-11, SAV-9: promises kept of those settled, late and overdue ones; concession per ARR kept."""
    late = promise(due_on=ago(1))
    settled = (promise(), late, promise("broken"), promise("withdrawn"))
    promises = (*settled, promise("open", ago(1), None), promise("open", DAY, None))
    ledger = Ledger(promises=promises, offers=(offer(500), offer(900, "declined"), offer(None)))
    won = outcome("won", ago(5), renewal_on=ago(4), arr_before_minor=1000, arr_after_minor=1000)
    found = told([file(ledger=ledger)], [won])
    assert (found.all.promises.part, found.all.promises.of) == (2, 3)
    assert (found.late_promises, found.overdue_promises) == (1, 1)
    assert (found.all.cost_minor, found.all.cost_per_kept) == (500, 0.5)
    assert told([file()]).all.cost_per_kept is None


def test_the_detection_lag_is_the_days_from_the_first_flag_to_the_loss():
    """SAV-11, TERMS: of the losses that had a flag; the others are counted."""
    lost = outcome(closed_on=ago(10), lost_on=ago(20))
    other = outcome(closed_on=ago(10), account_no=2)
    found = told([file("lost", ago(60)), file("lost", ago(90))], [lost, other]).lag
    assert (found.losses, found.flagged, found.median, found.shortest, found.longest) == (2, 1, 70, 70, 70)
    after = outcome(closed_on=ago(10), lost_on=ago(20))
    assert told([file("let_go", ago(5))], [after]).lag.flagged == 0
    unrecorded = told([file("lost", ago(60))]).lag  # closed 20 days ago, and no outcome on record
    assert (unrecorded.losses, unrecorded.flagged, unrecorded.median) == (1, 1, 40)
    assert told([]).lag == (0, 0, None, None, None)


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=9))
def test_half_of_the_days_lie_on_either_side_of_the_median(days):
    half = middle(days)
    assert sum(each < half for each in days) <= len(days) / 2
    assert sum(each > half for each in days) <= len(days) / 2


@pytest.mark.parametrize(("times", "flagged"), [(1, False), (4, False), (5, True), (6, True)])
def test_five_losses_to_one_competitor_are_a_pattern_and_fewer_are_facts(times, flagged):
    """WIN-3: one loss is data, five to the same rival a pattern, however its name is written."""
    spelt = ["Rival", "rival ", "RIVAL"]
    losses = [outcome(competitor=spelt[at % 3]) for at in range(times)] + [
        outcome(),
        outcome("won", competitor="X"),
    ]
    [pattern] = told([], losses).patterns
    assert (pattern.kind, pattern.name, pattern.times, pattern.flagged) == (
        "competitor",
        "Rival",
        times,
        flagged,
    )


def test_a_root_cause_that_recurs_is_a_pattern():
    """WIN-3, SAV-11: three saves with one root cause."""
    ledger = Ledger(events=(event("cause", "roi_never_shown"),))
    for count in (2, 3):
        [pattern] = told([file(ledger=ledger)] * count).patterns
        assert (pattern.kind, pattern.flagged) == ("root_cause", count == 3)


def test_cases_and_losses_outside_the_days_asked_about_do_not_count():
    found = told([file()], [outcome(competitor="Rival")], span=(ago(9), DAY))
    assert (found.all.cases, found.patterns) == (0, ())


def test_promises_late_and_overdue_count_in_the_days_asked_about_only():
    """SAV-11: like every other count; one settled after the last of the days was overdue on it."""
    span = (ago(30), ago(10))
    for state, due, settled, late, overdue in (
        ("kept", 40, 30, 1, 0), ("kept", 40, 31, 0, 0), ("kept", 12, 10, 1, 0), ("kept", 12, 9, 0, 1),
        ("kept", 12, 12, 0, 0), ("open", 30, None, 0, 1), ("open", 31, None, 0, 0), ("open", 11, None, 0, 1),
        ("open", 10, None, 0, 0), ("broken", 12, 9, 0, 1), ("broken", 12, 11, 0, 0),
    ):  # fmt: skip
        made = promise(state, ago(due), None if settled is None else ago(settled))
        found = told([file(ledger=Ledger(promises=(made,)))], span=span)
        assert (found.late_promises, found.overdue_promises) == (late, overdue), (state, due, settled)


# --- relapses ----------------------------------------------------------------------------------------

AGAIN = SaveEvent(2, 1, 1, 2, "reopened", "saved", None, ago(40), None, "ana")
RENEWED = outcome("won", ago(55), renewal_on=ago(50), arr_before_minor=1000, arr_after_minor=800)


def relapsed(state="detected", closed_on=None, **ledger):
    """A case saved 50 days ago and opened again 40 days ago; its file, and what was before."""
    at = clock(ago(60), POLICY, UTC)[0]
    called = event("contact", on=ago(60), at=at)
    events = (called, AGAIN, *ledger.pop("events", ()))
    now = file(state, ago(41), ledger=Ledger(events=events, **ledger))
    now = now._replace(case=now.case._replace(opened_on=ago(60), closed_on=closed_on))
    saved = file("saved", ago(60), playbook="old").case._replace(closed_on=ago(50))
    return now, {1: [Before(saved, {})]}


def told_again(of, outcomes=(), span=SPAN):
    return results([of[0]], outcomes, {1: account(1)}, POLICY, UTC, span, of[1])


def test_a_relapse_takes_nothing_back_of_what_was_closed_before_it():
    """SAV-11, SAV-10: the saved round stays a case, with its ARR, its call, its promises and its cost."""
    kept = promise("kept", ago(52), ago(52))._replace(made_on=ago(58))
    given = offer(300)._replace(asked_on=ago(58))
    found = told_again(relapsed(promises=(kept,), offers=(given,)), [RENEWED])
    every = found.all
    assert (every.cases, every.saved, every.relapsed, found.running) == (1, 1, 1, 1)
    assert (every.at_risk_minor, every.kept_minor, every.cost_minor) == (1000, 800, 300)
    assert (every.promises.part, every.promises.of) == (1, 1)
    assert [each.name for each in found.groups["response"]] == ["within 24 h"]
    assert [each.name for each in found.groups["playbook"]] == ["product old"]
    assert found.undecided == 0


def test_a_loss_after_a_relapse_is_a_case_of_its_own_with_its_own_flag():
    """SAV-11: saved once and lost once, the ARR kept once, the loss flagged at the relapse."""
    promises = tuple(
        promise("broken", made, made)._replace(made_on=made) for made in (ago(50), ago(40), ago(39))
    )
    offers = tuple(
        offer(cost)._replace(asked_on=ago(58), decided_on=on) for cost, on in ((1, ago(58)), (9, ago(30)))
    )
    found = told_again(relapsed("lost", ago(20), promises=promises, offers=offers), [RENEWED])
    every = found.all
    assert (every.cases, every.saved, every.lost, every.relapsed) == (2, 1, 1, 1)
    assert (every.reached, every.at_risk_minor, every.kept_minor, every.cost_minor) == (1, 1000, 800, 10)
    rounds = {each.name: each for each in found.groups["playbook"]}
    assert (rounds["product old"].kept_minor, rounds["product old"].cost_minor) == (800, 1)
    assert (rounds["product abc"].kept_minor, rounds["product abc"].cost_minor) == (0, 9)
    assert (rounds["product old"].promises.of, rounds["product abc"].promises.of) == (1, 2)
    assert [each.name for each in found.groups["response"]] == ["within 24 h", NEVER]
    assert found.lag == (1, 1, 21, 21, 21)
    recorded = outcome("lost", ago(15), arr_before_minor=800, arr_after_minor=0)
    found = told_again(relapsed("lost", ago(20)), [RENEWED, recorded])
    assert (found.lag.losses, found.lag.median, found.all.at_risk_minor) == (1, 26, 1800)


def test_a_round_counts_where_the_day_it_ended_is_asked_about():
    of = relapsed("lost", ago(20))
    assert told_again(of, span=(ago(55), ago(45))).all.saved == 1
    assert told_again(of, span=(ago(30), DAY)).all.lost == 1
    assert told_again(of, span=(ago(30), DAY)).all.cases == 1


def test_a_loss_of_a_customer_who_was_kept_and_not_flagged_again_counts_from_the_first_flag():
    assert told([file()], [outcome(closed_on=ago(5))]).lag.median == 55
