"""The policy of capacity, effort, ownership advice and pilot: what it ships, and what is refused in it."""

import tomllib

import pytest

from renewctl.core.policy import SEGMENTS, Policy
from renewctl.core.policy_check import check
from renewctl.store.policy_files import load_policy, shipped

POLICY = load_policy(None)


def wrong(text):
    return [
        (each.column, each.message)
        for each in check(tomllib.loads(text), text, "own.toml", shipped().whole())
    ]


def test_the_advice_on_the_model_is_held_against_the_figures_of_own_1():
    """OWN-1: 100 renewals a quarter, 500 customers, fails at 50, six figures."""
    assert POLICY.ownership.volume_per_quarter == 100
    assert POLICY.raw["ownership"]["advice"] == {
        "specialist_customers": 500,
        "few_customers": 50,
        "large": 100_000,
        "reluctant_csms": [],
    }


def test_no_pilot_is_shipped_and_one_is_named_by_its_segment():
    """ROL."""
    assert POLICY.pilot is None
    raw = shipped().whole()
    assert Policy({**raw, "pilot": {**raw["pilot"], "segment": "smb"}}).pilot == "smb"


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_pilot_of_any_segment_with_its_first_day_is_sound(segment):
    """ROL: an enterprise pilot is warned of, not refused."""
    assert wrong(f'[pilot]\nsegment = "{segment}"\nstarted_on = "2026-04-01"\n') == []


def test_half_a_pilot_is_refused_and_so_is_no_day():
    """ROL: a comparison needs both."""
    assert wrong('[pilot]\nsegment = "smb"\n') == [
        ("pilot.started_on", "a pilot has a segment and a first day; started_on too")
    ]
    assert wrong('[pilot]\nstarted_on = "2026-04-01"\n') == [
        ("pilot.segment", "a pilot has a segment and a first day; segment too")
    ]
    assert [key for key, _ in wrong('[pilot]\nsegment = "smb"\nstarted_on = "2026-02-30"\n')] == [
        "pilot.started_on"
    ]
    assert [key for key, _ in wrong('[pilot]\nsegment = "small"\n')] == ["pilot.segment"]


def test_absences_are_two_days_of_the_calendar_the_first_first():
    """DEFAULTS: capacity."""
    people = '[capacity.people."Ana Prado"]\nabsences = '
    assert wrong(people + '[["2026-07-06", "2026-07-17"], ["2026-12-24", "2026-12-24"]]\n') == []
    key = 'capacity.people."Ana Prado".absences[0]'
    assert wrong(people + '[["2026-07-17", "2026-07-06"]]\n')[0][0] == key
    assert wrong(people + '[["2026-02-30", "2026-03-06"]]\n')[0][0] == key
    assert wrong(people + '[["July", "2026-03-06"]]\n')[0][0] == key + "[0]"


def test_few_customers_lie_under_where_a_specialist_works():
    """OWN-1."""
    assert wrong("[ownership.advice]\nfew_customers = 499\n") == []
    assert wrong("[ownership.advice]\nfew_customers = 500\n")[0][0] == "ownership.advice.few_customers"
