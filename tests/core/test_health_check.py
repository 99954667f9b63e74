"""HLT: the check of scores against the user's own outcomes, each figure worked out another way."""

from copy import deepcopy
from datetime import date, timedelta
from itertools import product
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.health_check import BANDS, Seen, ranked, rate, report, seen
from renewctl.core.health_past import Record, Replay
from renewctl.core.model import Outcome
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account
from tests.core.health_oracle import a_reading

POLICY = Policy(RAW)
DUE = date(2026, 6, 1)
TODAY = date(2026, 8, 1)


def an_outcome(result="lost", **given_facts):
    blank = dict.fromkeys(Outcome._fields)
    known = {"no": 1, "account_no": 1, "cycle": 1, "closed_on": DUE, "renewal_on": DUE, "result": result}
    return Outcome(**{**blank, **known, **given_facts})


def a_case(result, score):
    band = "unknown" if score is None else "green" if score >= 75 else "yellow" if score >= 50 else "red"
    return Seen(an_outcome(result), result == "lost", score, band, DUE, DUE, False)


def judged(readings, outcome):
    return seen(outcome, Replay(Record(an_account(recorded_on=date(2025, 1, 1)), readings), POLICY, TODAY))


# --- which score is held against an outcome ---------------------------------------------------------


def days_before(count):
    return DUE - timedelta(days=count)


@pytest.mark.parametrize(
    ("read", "score", "band"),
    [
        ([(91, 80.0)], 79.7, "green"),
        ([(60, 30.0)], 30.0, "red"),
        ([(59, 30.0)], None, "unknown"),  # what came later was not known then
        ([(95, 90.0), (80, 40.0), (65, 90.0)], 40.0, "red"),  # the lowest of the span
        ([(95, 90.0), (59, 10.0)], 87.8, "green"),
        ([], None, "unknown"),
    ],
)
def test_an_outcome_is_held_against_the_lowest_score_from_90_to_60_days_before(read, score, band):
    """HLT-1: from what was read up to then."""
    found = judged([a_reading(days_before(ago), score=value) for ago, value in read], an_outcome())
    assert (found.band, found.from_on, found.to_on) == (band, days_before(90), days_before(60))
    assert found.score == score
    assert (found.lost, found.shifted) == (True, False)


def test_without_a_renewal_date_the_days_count_from_the_closing():
    found = judged([a_reading(days_before(70), score=40.0)], an_outcome(renewal_on=None))
    assert (found.score, found.shifted, found.to_on) == (40.0, True, days_before(60))


@pytest.mark.parametrize(("closed", "shifted"), [(59, False), (60, True), (200, True)])
def test_one_closed_before_its_span_was_over_is_counted_from_its_closing(closed, shifted):
    """Else a score of after the loss would be held against it."""
    found = judged([], an_outcome(closed_on=days_before(closed)))
    assert found.shifted is shifted
    assert found.to_on == (days_before(closed + 60) if shifted else days_before(60))


# --- the figures ------------------------------------------------------------------------------------

cases = st.lists(
    st.tuples(st.sampled_from(["won", "partial", "lost"]), st.one_of(st.none(), st.integers(0, 100))),
    max_size=40,
)


@given(cases)
def test_the_counts_of_bands_are_those_of_the_outcomes(found):
    """HLT-1: every outcome is in one band, and no rate stands without its count."""
    told = report([a_case(*each) for each in found], [], POLICY)
    assert [each.band for each in told.bands] == list(BANDS)
    assert sum(each.lost.of for each in told.bands) == told.outcomes == len(found)
    for each in told.bands:
        assert each.won + each.partial + each.lost.part == each.lost.of
        assert (each.lost.share is None) is (each.lost.of == 0)
    losses = [score for result, score in found if result == "lost"]
    missed = [score for score in losses if score is None or score >= 75]
    assert (told.not_warned.part, told.not_warned.of) == (len(missed), len(losses))
    assert told.unread == losses.count(None)


@given(cases)
def test_the_auc_is_the_share_of_pairs_that_stand_in_order(found):
    known = [(result == "lost", score) for result, score in found if score is not None]
    lost, kept = [s for is_lost, s in known if is_lost], [s for is_lost, s in known if not is_lost]
    told = report([a_case(*each) for each in found], [], POLICY)
    assert (told.losses, told.kept) == (len(lost), len(kept))
    if not lost or not kept:
        assert told.auc is None
        return
    pairs = [1 if low < high else 0.5 if low == high else 0 for low, high in product(lost, kept)]
    assert told.auc == pytest.approx(sum(pairs) / len(pairs))
    if told.auc_low is not None:
        assert 0 <= told.auc_low <= told.auc <= told.auc_high <= 1


@given(cases)
def test_the_brier_scores_leave_each_outcome_out_of_its_own_rate(found):
    """Both sides: else the constant would know the answer and be hard to beat for no reason."""
    known = [(a_case(result, score).band, result == "lost") for result, score in found if score is not None]
    told = report([a_case(*each) for each in found], [], POLICY)
    if len(known) < 2:
        assert (told.brier, told.brier_constant) == (None, None)
        return

    def left_out(at, rows):
        others = [lost for place, lost in rows if place != at]
        return sum(others) / len(others) if others else None

    whole = [(at, lost) for at, (_, lost) in enumerate(known)]
    own, constant = [], []
    for at, (band, lost) in enumerate(known):
        usual = left_out(at, whole)
        said = left_out(at, [(place, each) for place, (name, each) in enumerate(known) if name == band])
        own.append(((usual if said is None else said) - lost) ** 2)
        constant.append((usual - lost) ** 2)
    assert told.brier == pytest.approx(sum(own) / len(own))
    assert told.brier_constant == pytest.approx(sum(constant) / len(constant))


@given(st.integers(0, 300), st.integers(1, 300))
def test_wilsons_interval_holds_the_shares_from_which_the_count_is_not_surprising(part, of):
    """Its ends solve (share − p)² = z² p (1 − p) / n."""
    part = min(part, of)
    found = rate(part, of)
    for end in (found.low, found.high):
        surprise = (part / of - end) ** 2 - 1.959963984540054**2 * end * (1 - end) / of
        assert abs(surprise) < 1e-9
    assert 0 <= found.low <= found.share <= found.high <= 1


def test_delongs_interval_is_that_of_a_worked_example():
    """Placements .75 1 | 1 .5 1 …: worked by hand from the definition."""
    low, high = [10.0, 40.0], [30.0, 50.0, 60.0]
    auc, least, most = ranked(low, high)
    assert auc == pytest.approx(5 / 6)
    spread = (1 / 3) ** 2 / 2 / 2 + ((1 / 2 - 5 / 6) ** 2 + 2 * (1 / 6) ** 2) / 2 / 3
    assert least == pytest.approx(5 / 6 - 1.959963984540054 * sqrt(spread))
    assert most == 1.0
    assert ranked([1.0], [2.0]) == (1.0, None, None)


def test_todays_book_is_shared_out_among_those_with_a_band():
    told = report([], ["green", "green", "red", None], POLICY)
    assert (told.book.part, told.book.of, told.book_unknown) == (2, 3, 1)


@pytest.mark.parametrize(
    ("lost", "kept", "signal", "why"),
    [
        ([20] * 19, [80] * 40, False, "19 losses with a score, and under 20 it is too early"),
        ([20] * 20, [80] * 40, True, "signal: lost renewals had lower scores"),
        ([50, 60] * 10, [50, 60] * 20, False, "no better order than chance"),
        ([80] * 20, [20] * 40, False, "points the wrong way"),
        ([20] * 20, [80], False, "1 kept with a score, too few"),
    ],
)
def test_no_signal_is_said_plainly(lost, kept, signal, why):
    found = [a_case("lost", score) for score in lost] + [a_case("won", score) for score in kept]
    told = report(found, [], POLICY)
    assert (told.signal, why in told.why) == (signal, True)
    assert told.why.startswith("signal:" if signal else "no signal:")


def test_how_many_losses_are_enough_is_the_policys_say():
    raw = deepcopy(dict(RAW))
    raw["health"]["check"]["least_losses"] = 2
    found = [a_case("lost", 20), a_case("lost", 30), a_case("won", 90), a_case("won", 80)]
    assert report(found, [], Policy(raw)).signal
    assert not report(found, [], POLICY).signal
