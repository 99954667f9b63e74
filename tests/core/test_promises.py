"""SAV-9: the promise ledger, against a second reckoning day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import promises
from renewctl.core.model import Promise
from tests.core.test_plays import AS_OF, opened

CASE, _ = opened()


def made(no=1, due=5, state="open", settled=None, **more):
    blank = dict.fromkeys(Promise._fields)
    return Promise(**{**blank, "no": no, "account_no": 1, "save_no": 3, "text": f"thing {no}", "owner": "Ana",
                      "due_on": AS_OF + timedelta(due), "made_on": AS_OF, "state": state,
                      "settled_on": None if settled is None else AS_OF + timedelta(settled),
                      **more})  # fmt: skip


def states(*given, on=0, soon=3):
    return [each.state for each in promises.standing(given, AS_OF + timedelta(on), soon)]


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 10))
def test_an_open_promise_is_open_then_soon_then_missed(due, on, soon):
    """SAV-9"""
    days_left = due - on
    expected = "missed" if days_left < 0 else "soon" if days_left <= soon else "open"
    assert states(made(due=due), on=on, soon=soon) == [expected]
    assert bool(promises.all_kept([made(due=due)], AS_OF + timedelta(on)))


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_promise_kept_after_its_day_was_kept_late(due, settled):
    assert states(made(due=due, state="kept", settled=settled)) == ["late" if settled > due else "kept"]
    assert promises.all_kept([made(due=due, state="kept", settled=settled)], AS_OF) == ()


def test_a_broken_promise_is_made_good_only_by_one_that_stands():
    """SAV-9: one broken promise kills the save, unless another takes its place."""
    broken = made(1, state="broken", settled=5)
    assert states(broken) == ["broken"]
    for state, replaced in (("open", "replaced"), ("kept", "replaced"), ("withdrawn", "broken")):
        assert states(broken, made(2, state=state, replaces_no=1))[0] == replaced
    again = made(2, state="broken", settled=6, replaces_no=1)
    assert states(broken, again) == ["replaced", "broken"]
    assert states(broken, again, made(3, due=9, replaces_no=2)) == ["replaced", "replaced", "open"]
    assert [each.promise.no for each in promises.all_kept([broken, again], AS_OF)] == [2]
    assert promises.all_kept([made(state="withdrawn", settled=1)], AS_OF) == ()
    assert promises.all_kept([], AS_OF) == ()


def test_a_step_of_a_chain_waits_for_the_one_before_it_or_for_what_stands_in_its_place():
    """SAV-P: build, QA, beta, release."""
    build, beta = made(1, due=5), made(2, due=9, after_no=1)
    waits = lambda *given: [each.waits_for for each in promises.standing(given, AS_OF, 3)]  # noqa: E731
    assert waits(build, beta) == [None, 1]
    assert waits(build._replace(state="kept"), beta) == [None, None]
    broken = build._replace(state="broken")
    assert waits(broken, beta, made(3, due=8, replaces_no=1)) == [None, 3, None]
    let_off = made(3, due=7, state="withdrawn", after_no=1)
    assert waits(build, let_off, beta._replace(after_no=3)) == [None, 1, 1]
    assert waits(let_off._replace(after_no=None), beta._replace(after_no=3)) == [None, None]
    assert waits(beta) == [None]  # the one before it is not there any more


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"text": " "}, "promise-blank"),
        ({"owner": " "}, "promise-unowned"),
        ({"due": -1}, "promise-past"),
        ({"due": 0}, None),
        ({"chain": ("fix", made(1, due=6)), "due": 5}, "promise-order"),
        ({"chain": ("fix", made(1, due=5)), "due": 5}, None),
        ({"chain": ("fix", None)}, None),
        ({"replaces": made(1)}, "promise-not-broken"),
        ({"replaces": made(1, state="broken", save_no=4)}, "promise-not-broken"),
        ({"replaces": made(1, state="broken")}, None),
    ],
)
def test_a_promise_says_what_by_whom_and_when_or_is_refused(changes, code):
    """SAV-9: everything promised has a date and an owner."""
    words = (changes.get("text", "a fix"), "Joe", changes.get("owner", "Ana"))
    due_on = AS_OF + timedelta(changes.get("due", 5))
    chain, replaces = changes.get("chain"), changes.get("replaces")
    found = promises.promise(7, CASE, words, due_on, AS_OF, "eva", chain, replaces)
    if code is not None:
        assert found.code == code
        assert found.hint
        return
    made_now, change = found
    assert (change.entity, change.key, change.before) == ("promise", (7,), None)
    assert Promise(**change.after) == made_now
    assert (made_now.save_no, made_now.state, made_now.due_on, made_now.to_whom) == (3, "open", due_on, "Joe")
    assert made_now.after_no == (chain[1].no if chain and chain[1] else None)
    assert made_now.chain == (chain[0] if chain else None)
    assert made_now.replaces_no == (replaces.no if replaces else None)


@pytest.mark.parametrize("state", promises.SETTLED)
def test_a_promise_is_settled_once_with_what_shows_it_and_not_before_it_was_made(state):
    """SAV-9: kept with evidence."""
    settle = lambda found, how, text, on: promises.settle(found, how, text, on, [found])  # noqa: E731
    on = AS_OF + timedelta(9)
    for blank in (None, "", "  "):
        assert settle(made(), state, blank, on).code == "evidence-missing"
    assert settle(made(), state, "mail", AS_OF - timedelta(1)).code == "not-yet"
    [change] = settle(made(), state, " mail ", on)
    after = made()._replace(**change.after)
    assert (after.state, after.settled_on, after.evidence) == (state, on, "mail")
    assert made() == made()._replace(**change.before)
    assert settle(after, state, "again", on) == ()
    for other in set(promises.SETTLED) - {state}:
        assert settle(after, other, "again", on).code == "promise-settled"


def test_only_a_step_of_a_fix_is_told_apart_from_what_is_fixed():  # SAV-P
    def told(text, chain):
        return promises.step_of_fix(made(1)._replace(text=text, chain=chain), {"qa", "beta"})

    assert told("The export: CSV: qa", "fix") == ("The export: CSV", "qa")
    assert told("The export: qa", "mine") is told("The export: qa", None) is None
    assert told("The export: Qa", "fix") is told("qa, soon", "fix") is None


@pytest.mark.parametrize(
    ("before", "refused"), [("open", True), ("broken", True), ("kept", False), ("withdrawn", False)]
)
def test_a_step_of_a_chain_is_not_kept_before_the_one_it_follows(before, refused):
    # SAV-P, SAV-9
    first, second = made(1, state=before), made(2, due=9, after_no=1)
    found = promises.settle(second, "kept", "seen", AS_OF, [first, second])
    assert (getattr(found, "code", None) == "promise-order") == refused
    assert len(promises.settle(second, "broken", "late", AS_OF, [first, second])) == 1


@given(
    st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 60)),
)
def test_the_days_of_a_fix_are_counted_back_from_its_release_the_first_first(release_on, before_days):
    """SAV-P: the beta about two weeks early."""
    found = promises.chain_days(release_on, before_days)
    assert dict(found) == {
        step: date.fromordinal(release_on.toordinal() - days) for step, days in before_days.items()
    }
    assert [on for _, on in found] == sorted(on for _, on in found)
