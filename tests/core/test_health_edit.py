"""HLT-2: readings and overrides by hand: what changes, and what is refused."""

from datetime import date, timedelta

import pytest

from renewctl.core.edits import Facts
from renewctl.core.health_edit import add, clear, override, said
from renewctl.core.intake import Refusal
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account
from tests.core.health_oracle import DAY, a_reading, an_override

POLICY = Policy(RAW)
ACCOUNT = an_account()


def added(given, readings=(), on=DAY, pinned=frozenset()):
    return add(given, Facts(ACCOUNT, None, readings, pinned), on, DAY, "USD")


def test_a_reading_of_an_earlier_day_is_history_and_pins_nothing():
    """The newest value of an input is what an import may not undo; an older one is no rival to it."""
    newer = a_reading(DAY, nps=40.0)
    found = added({"nps": "10", "csat": "4"}, [newer], DAY - timedelta(days=30))
    assert {(each.entity, each.key[-1]) for each in found.changes} == {
        ("health_reading", DAY - timedelta(days=30)),
        ("pin", "csat"),
    }
    assert [(each.field, each.after) for each in found.fields] == [("nps", 10.0), ("csat", 4.0)]


def test_a_reading_of_a_day_joins_what_was_read_that_day():
    (change, *_) = added({"open_tickets": "3"}, [a_reading(DAY, nps=40.0)]).changes
    assert (change.before, change.after) == ({"open_tickets": None}, {"open_tickets": 3})


@pytest.mark.parametrize(
    ("given", "on", "code"),
    [
        ({"nps": "140"}, DAY, "number-out-of-range"),
        ({"csat": "good"}, DAY, "number-unreadable"),
        ({"open_tickets": "2.5"}, DAY, "number-unreadable"),
        ({"nps": "40"}, DAY + timedelta(days=1), "not-yet"),
    ],
)
def test_a_value_that_cannot_be_one_is_refused(given, on, code):
    found = added(given, on=on)
    assert isinstance(found, Refusal)
    assert found.code == code


def typed(score="40", reason="known_risk", days=30, note=""):
    return said(ACCOUNT, score, reason, DAY + timedelta(days=days), note, DAY, "ana")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"score": "101"}, "number-out-of-range"),
        ({"score": "-1"}, "number-out-of-range"),
        ({"score": "high"}, "number-unreadable"),
        ({"score": " "}, "score-missing"),
        ({"note": "x" * 1001}, "bad-text"),
    ],
)
def test_an_override_is_typed_as_strictly_as_a_score(given, code):
    assert typed(**given).code == code


@pytest.mark.parametrize(
    ("given", "code", "hint"),
    [
        ({"reason": "gut_feeling"}, "unknown-reason", "known_risk: A risk is known that no reading shows"),
        ({"days": -1}, "until-past", "today or later"),
        ({"days": 91}, "until-too-far", "an override ends by 2026-05-30"),
    ],
)
def test_an_override_needs_a_reason_of_the_policy_and_an_end_in_time(given, code, hint):
    refused = override(ACCOUNT, None, typed(**given), POLICY, DAY)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert hint in refused.hint


@pytest.mark.parametrize("days", [0, 90])
def test_an_override_may_end_today_and_at_the_latest_day_the_policy_allows(days):
    (change,) = override(ACCOUNT, None, typed(days=days, note=" CFO called "), POLICY, DAY)
    assert (change.before, change.after["until_on"]) == (None, DAY + timedelta(days=days))
    assert (change.after["note"], change.after["set_on"]) == ("CFO called", DAY)


def test_the_same_override_said_again_changes_nothing_until_it_has_ended():
    before = an_override(40.0, DAY - timedelta(days=10), 40)
    assert override(ACCOUNT, before, typed(days=30), POLICY, DAY) == ()
    (change,) = override(ACCOUNT, before, typed(score="45"), POLICY, DAY)
    assert change.after == {"score": 45.0, "set_on": DAY}
    ended = an_override(40.0, DAY - timedelta(days=10), 5)
    assert override(ACCOUNT, ended, typed(), POLICY, DAY)[0].after["set_on"] == DAY


def test_clearing_ends_an_override_yesterday_and_takes_one_of_today_away():
    since = DAY - timedelta(days=10)
    (change,) = clear(ACCOUNT, an_override(40, since, 30), DAY)
    assert change.after == {"until_on": DAY - timedelta(days=1)}
    (gone,) = clear(ACCOUNT, an_override(40, DAY, 30), DAY)
    assert gone.after is None
    assert clear(ACCOUNT, an_override(40, since, 9), DAY) == ()
    assert clear(ACCOUNT, None, date(2026, 1, 1)) == ()
