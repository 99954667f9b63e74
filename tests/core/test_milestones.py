"""The timeline a customer may see: its days and what is done (TML-2)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.milestones import milestones
from renewctl.core.policy import Policy
from renewctl.core.policy_schema import STAGES
from tests.book import POLICY, TODAY, contract

ENDS = date(2026, 9, 1)


def shown(
    stage: str = "planned", as_of: date = TODAY, policy: Policy = POLICY, **terms: object
) -> list[tuple]:
    found = milestones(contract(renewal_on=ENDS, stage=stage, **terms), policy, as_of)
    return [(each.name, each.on, each.state) for each in found]


def test_the_four_milestones_stand_60_45_and_30_days_before_and_on_the_renewal_date() -> None:
    """TML-2: 60 value review, 45 formal proposal, 30 agreement, renewal date signed contracts."""
    assert shown() == [
        ("value-review", date(2026, 7, 3), "next"),
        ("proposal", date(2026, 7, 18), "later"),
        ("agreement", date(2026, 8, 2), "later"),
        ("signature", ENDS, "later"),
    ]


def test_days_count_from_the_opt_out_deadline_of_a_tacit_renewal_and_the_signature_from_the_date() -> None:
    """TML-2, ANCHOR: 30 days' notice, so all but the signature stand 30 days earlier."""
    tacit = shown(auto_renew=1, notice_days=30)
    assert [on for _, on, _ in tacit] == [date(2026, 6, 3), date(2026, 6, 18), date(2026, 7, 3), ENDS]
    unknown = shown(auto_renew=1, notice_days=None)
    assert [on for _, on, _ in unknown] == [on for _, on, _ in shown()]


@pytest.mark.parametrize(
    ("stage", "done"),
    [
        ("planned", 0), ("in_review", 0), ("notified", 0), ("value_reviewed", 1), ("proposed", 2),
        ("negotiating", 2), ("approving", 2), ("contract_sent", 3), ("won", 4), ("a stage of old", 0),
    ],
)  # fmt: skip
def test_a_milestone_is_done_when_the_stage_shows_it(stage: str, done: int) -> None:
    """TML-2, TRK."""
    states = [state for _, _, state in shown(stage)]
    assert states == (["done"] * done + ["next", "later", "later", "later"])[:4]


def test_a_day_that_passed_makes_nothing_done() -> None:
    """TML-2: what is past is done only when the stage shows it."""
    late = [state for _, _, state in shown("value_reviewed", as_of=date(2026, 7, 20))]
    assert late == ["done", "open", "later", "later"]
    assert [state for _, _, state in shown(as_of=ENDS)] == ["open", "open", "open", "later"]
    assert [state for _, _, state in shown(as_of=ENDS + timedelta(days=1))] == ["open"] * 4


def test_without_a_renewal_date_there_is_no_timeline() -> None:
    """TML-2: no day is guessed."""
    assert milestones(contract(renewal_on=None), POLICY, TODAY) == ()


@given(st.sampled_from(STAGES), st.integers(-400, 200), st.none() | st.integers(0, 90))
def test_done_comes_before_what_is_not_and_at_most_one_is_next(
    stage: str, away: int, notice: int | None
) -> None:
    """TML-2."""
    found = shown(stage, ENDS + timedelta(days=away), auto_renew=1, notice_days=notice)
    states = [state for _, _, state in found]
    assert states == sorted(states, key=lambda state: state != "done")
    assert states.count("next") <= 1
    days = [on for _, on, _ in found]
    assert days == sorted(days)


def test_a_policy_of_ones_own_changes_the_milestones() -> None:
    """TML-2."""
    own = {"kickoff": {"days": 50, "done_from": "notified"}, "proposal": {"days": 45, "done_from": "retired"}}
    policy = Policy({**POLICY.raw, "shared_timeline": own})
    assert [(name, state) for name, _, state in shown("notified", policy=policy)] == [
        ("kickoff", "done"),
        ("proposal", "next"),
    ]
