"""The clock of a save is seen at the very moment where that is known, else as the day begins."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import plays, save_clock
from tests.core.test_plays import AS_OF, POLICY, file_of, opened

HOURS = st.integers(0, 96)


@given(HOURS, st.integers(0, 59))
def test_hours_left_are_counted_to_the_minute_from_now(hours, minutes):
    case, about = opened()
    file = file_of(case, about)
    first = plays.Plan(file, POLICY, UTC).first
    flag = datetime(2026, 3, 10, 9, tzinfo=UTC)
    now = flag + timedelta(hours=hours, minutes=minutes)
    seen = save_clock.clock_state(file, first, POLICY, UTC, now.date(), now)
    left = 48 - hours - minutes / 60
    assert seen.hours_left == round(left, 1)
    assert seen.state == ("late" if left < 0 else "running")


def test_on_the_last_day_it_runs_out_in_the_afternoon_and_not_on_the_next_morning():
    at = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
    case, about = opened(at=at)
    file = file_of(case, about)
    first = plays.Plan(file, POLICY, UTC).first
    last_on = AS_OF + timedelta(2)
    as_the_day_begins = save_clock.clock_state(file, first, POLICY, UTC, last_on)
    assert (as_the_day_begins.state, as_the_day_begins.hours_left) == ("running", 6.5)
    later = save_clock.clock_state(file, first, POLICY, UTC, last_on, at + timedelta(hours=49))
    assert (later.state, later.hours_left) == ("late", -1.0)
    early = save_clock.clock_state(file, first, POLICY, UTC, AS_OF, datetime(2026, 3, 10, 6, tzinfo=UTC))
    assert early.hours_left == 48.0  # nobody is late before the flag
    assert date.fromisoformat(early.seen_at[:10]) == AS_OF
