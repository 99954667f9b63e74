"""The simulation of saves, two of each scenario; in full: `python -m tests.save_simulation`."""

from tests.save_simulation.run import simulate
from tests.save_simulation.stage import EVERY

COMMANDS = "import save due done skip snooze reassign"


def test_saves_are_never_illegal_unowned_silent_or_on_another_day_and_each_such_fault_is_seen():
    """SAV-1, SAV-2, SAV-5, SAV-6, SAV-7, SAV-8, SAV-9, SAV-10, SAV-R over saves that live.

    Late calls, transfers, switches of playbook, broken promises and relapses. One fault of each kind is
    put into what the program said of some days, and has to be found.
    """
    result = simulate(EVERY, 12, seed=5, control=True, team=6)
    assert result.findings.words == []
    assert not result.findings.faults
    assert result.findings.compared > 15_000
    assert result.control.unseen == []
    assert len(result.control.seen) >= 15
    assert min(result.lived.values()) > 0, result.lived
    assert set(result.commands) >= set(COMMANDS.split())
