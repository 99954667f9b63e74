"""The simulation on a small book; in full: `python -m tests.simulation`."""

from pathlib import Path

from tests.simulation.run import TWISTS, Size, simulate

COMMANDS = """import set stage won lost roll amend renewal reassign undo done skip snooze log proposal value
save due show"""
FATES = {"done", "skipped", "covered-done", "fact", "condition", "open", "open (ended)"}


def test_two_years_lose_double_and_hide_nothing(tmp_path: Path) -> None:
    """ANCHOR, LATE, AGENDA, TML-E, TML-M, TML-S, TML-1, REM, VAL, OWN-2, OWN-3, TRK over a book that lives.

    At the end every step of every cycle is accounted for: done, skipped, closed by a fact or a catch-up,
    not needed, ended by the outcome, or still open.
    """
    size = Size(accounts=10, days=731, every=9, plans=2, controls=False)
    world, findings, _ = simulate(tmp_path, size, seed=8)
    assert findings.words == []
    assert findings.clean
    assert findings.checks == 83
    assert findings.items > 2000
    # What was meant to happen did happen.
    assert set(COMMANDS.split()) <= set(world.program.commands)
    assert set(findings.fates) >= FATES
    assert any(each.cycle > 2 for account in world.accounts.values() for each in account.contracts)


def test_an_oracle_with_one_rule_wrong_disagrees(tmp_path: Path) -> None:
    """The comparison sees a rule that is broken: the anchor, a late start, who owns, value all year."""
    size = Size(accounts=20, days=40, every=5, plans=5, controls=True)
    _, findings, controls = simulate(tmp_path, size, seed=3)
    assert findings.words == []
    assert [twist for twist in TWISTS if controls[twist].clean] == []
