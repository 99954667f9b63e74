"""Every rule has tests that name it, and would fail without it: `python -m tests.rules --prove` shows all."""

from copy import deepcopy
from functools import cache

import pytest

from renewctl.core.policy_check import check
from renewctl.policies.shipped import RAW
from renewctl.policies.shipped_books import RAW as BOOKS
from renewctl.store.policy_files import shipped
from tests import rules
from tests.rule_switches import SWITCHES, Data, Figure, StandIn

held = cache(rules.holders)  # reads every test: not while they are collected
# Proven in every run; the others by the command above. One of each kind of switch, all quick.
QUICK = ("ANCHOR", "HLT-1", "TML-M")


@pytest.mark.parametrize("rule", rules.ids())
def test_every_rule_is_named_by_a_test(rule: str) -> None:
    tests = held()[rule]
    assert rules.of_behaviour(tests), (
        f"no test of what the program does names {rule} in its docstring or a comment; the table: "
        "python -m tests.rules"
    )


def test_the_families_are_all_there() -> None:
    found = {rule.partition("-")[0] for rule in rules.ids()}
    families = {"SEG", "HLT", "TCH", "TML", "OWN", "TRK", "REM", "STK", "VAL", "WIN", "ROL", "SAV"}
    assert families | {"ANCHOR", "LATE", "AGENDA", "MONEY"} == found
    assert len(rules.ids()) == 58


def test_every_rule_can_be_taken_out() -> None:
    assert list(SWITCHES) == rules.ids()
    assert all(SWITCHES.values())


@pytest.mark.parametrize("rule", rules.ids())
def test_what_a_switch_stands_in_for_is_still_there(rule: str) -> None:
    for switch in SWITCHES[rule]:
        if isinstance(switch, StandIn):
            at, name = switch.where()
            assert hasattr(at, name), (switch.module, switch.name)


# The program itself refuses a policy in which a customer hears something too early (TML-1).
REFUSED = {("TML-1", 1), ("REM-90", 1)}


@pytest.mark.parametrize("rule", rules.ids())
def test_a_switch_of_data_leaves_a_policy_that_somebody_could_have(rule: str) -> None:
    """Else tests would fail over a policy that is not in order, and would prove nothing of the rule."""
    for at, switch in enumerate(SWITCHES[rule]):
        if isinstance(switch, Data | Figure):
            whole, books = dict(RAW), dict(BOOKS)  # kept as they are: policies read before hold parts of them
            RAW.update(deepcopy(RAW))
            BOOKS.update(deepcopy(BOOKS))
            try:
                switch()
                wrong = check(shipped().whole(), "", "shipped")
            finally:
                RAW.update(whole)
                BOOKS.update(books)
            assert bool(wrong) == ((rule, at) in REFUSED), (at, wrong)


@pytest.mark.parametrize("rule", QUICK)
def test_without_a_rule_one_of_its_tests_fails(rule: str) -> None:
    proof = rules.prove(rule, [test for test in rules.of_behaviour(held()[rule]) if "/core/" in test])
    assert proof.failed, proof.said


def test_a_test_that_holds_nothing_would_be_seen() -> None:
    test = "tests/core/test_money.py::test_whole_units_are_exact"
    assert (rules.prove("HLT-1", [test]).failed, rules.prove("HLT-1", [f"{test}_or_not"]).failed) == ("", "")


def test_a_test_of_the_shipped_figures_alone_proves_nothing() -> None:
    name = "test_each_segment_has_steps_on_exactly_the_days_of_its_timeline_and_reminders"
    (figures,) = [test for test in held()["TML-M"] if test.endswith(name)]
    assert rules.of_behaviour([figures, held()["TML-M"][-1]]) == [held()["TML-M"][-1]]


def test_only_a_test_that_says_so_holds_a_rule() -> None:
    source = '''
@given(whatever)
def test_of_a_docstring():
    """HLT-1 and TML."""

def test_of_a_comment():
    found = 1  # HLT-2: so it is
    assert found

def test_of_a_text():
    assert "HLT-1" != "HLT"

# HLT-1
def helper():
    """HLT-1."""
'''
    found = sorted(rules.named(source, ("HLT", "HLT-1", "HLT-2", "TML", "TML-M")))
    assert found == [
        ("HLT-1", "test_of_a_docstring", True),
        ("HLT-2", "test_of_a_comment", False),
        ("TML", "test_of_a_docstring", True),
    ]
