"""Reading the log backwards: what a row was before, and which operations still stand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.history import Logged
from renewctl.core.rewind import Chains, Mismatch, Shape, back, builds_on, key_of, refers, same

SHAPE = Shape(("no", "name", "amount"), ("no",))
cells = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=5), st.floats(allow_nan=False)
)
wholes = st.one_of(st.none(), st.tuples(st.just(1), cells, cells).map(list))


def text(value):
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def row(before, after, entity="contract", key="1"):
    return Logged(1, 1, entity, key, 1, text(before), text(after))


# --- chains: an oracle that only keeps in mind whose effect is there -----------------------------------

moves = st.lists(st.integers(0, 30), max_size=25)


def played(moves):
    """The log of random commands and undos, and after each operation the commands in effect.

    A move m takes back an operation that can be (if m is odd and there is one), or is a command.
    """
    pairs, effects, bases = [], [frozenset()], {}
    for seqs, move in enumerate(moves, 1):
        here = effects[-1]
        # an operation can be taken back if what it did, bringing a command's effect or ending it, holds
        able = [each for each, (base, brings) in bases.items() if (base in here) == brings]
        if move % 2 and able:
            target = able[move % len(able)]
            base, brings = bases[target]
            pairs.append((seqs, target))
            bases[seqs] = (base, not brings)
            effects.append(here - {base} if brings else here | {base})
        else:
            bases[seqs] = (seqs, True)
            effects.append(here | {seqs})
    return pairs, effects, bases


@given(moves)
def test_an_operation_is_taken_back_when_what_it_did_no_longer_holds(moves):
    pairs, effects, bases = played(moves)
    chains = Chains(pairs)
    for seq, (base, brings) in bases.items():
        by = chains.taken_back_by(seq)
        assert (by is None) == ((base in effects[-1]) == brings)
        assert by is None or (by > seq and chains.is_undo(by))


@given(moves, st.integers(0, 25))
def test_idle_are_the_operations_whose_command_is_in_effect_as_it_was(moves, at):
    pairs, effects, bases = played(moves)
    at = min(at, len(effects) - 1)
    idle = Chains(pairs).idle_after(at)
    changed = effects[at] ^ effects[-1]
    standing = [seq for seq in bases if seq > at and seq not in idle]
    assert sorted(bases[seq][0] for seq in standing) == sorted(changed)
    assert all(seq > at for seq in idle)
    for seq in standing:
        assert bases[seq][1] == (bases[seq][0] in effects[-1])


def test_pairs_may_come_in_any_order():
    assert Chains([(4, 2), (3, 1)]).taken_back_by(1) == Chains([(3, 1), (4, 2)]).taken_back_by(1) == 3


# --- rows ---------------------------------------------------------------------------------------------


@given(wholes, wholes)
def test_a_row_added_or_removed_goes_back_to_what_it_was(before, after):
    if (before is None) == (after is None):
        return
    told, then = back(row(before, after), after, SHAPE)
    assert then == before
    assert told == text(after)


@given(wholes.filter(bool), st.dictionaries(st.sampled_from(["name", "amount"]), cells, min_size=1))
def test_an_update_goes_back_to_exactly_the_columns_it_changed(current, before):
    after = {name: current[SHAPE.columns.index(name)] for name in before}
    told, then = back(row(before, after), current, SHAPE)
    assert dict(zip(SHAPE.columns, then, strict=True)) == {
        **dict(zip(SHAPE.columns, current, strict=True)), **before,
    }  # fmt: skip
    assert json.loads(told) == after


@given(st.floats(-1e300, 1e300))
def test_a_measurement_logged_to_15_digits_is_the_same_and_told_exactly_from_then_on(value):
    logged = json.loads(f"{value:.15g}")
    assert same(value, logged)
    told, _ = back(row(None, [1, None, logged]), [1, None, value], SHAPE)
    assert json.loads(told) == [1, None, value]


@pytest.mark.parametrize(
    ("before", "after", "current"),
    [
        (None, [1, "a", 2], [1, "b", 2]),  # altered
        (None, [1, "a", 2], None),  # removed
        (None, [1, "a", 2], [1, "a", "2"]),  # of another type
        (None, [1, "a", 2.5], [1, "a", 2.6]),
        ([1, "a", 2], None, [1, "a", 2]),  # back again
        ({"name": "a"}, {"name": "b"}, [1, "c", 2]),
        ({"name": "a"}, {"name": "b"}, None),
        ({"name": "a"}, {"name": "b", "amount": 2}, [1, "b", 2]),  # the log itself is at odds
        (None, None, None),
    ],
)
def test_a_row_that_is_not_what_the_log_made_of_it_is_refused(before, after, current):
    with pytest.raises(Mismatch, match="contract 1"):
        back(row(before, after), current, SHAPE)


def test_keys_are_read_back_as_the_values_they_were():
    assert key_of("12", ("no",)) == (12,)
    assert key_of("12|2026-03-02", ("account_no", "read_on")) == (12, "2026-03-02")
    assert key_of("s3|1|a|b", ("subject", "cycle", "step")) == ("s3", 1, "a|b")
    assert key_of("account|7|csm", ("entity", "row_no", "field")) == ("account", 7, "csm")


NOTE = ("no", "account_no", "contract_no")
RENEWAL = ("contract_no", "successor_no")


@pytest.mark.parametrize(
    ("entity", "key", "before", "after", "names", "expected"),
    [
        ("item_state", "12|1|notice", None, [], (), {("contract", "12")}),
        ("item_state", "s3|1|call", None, [], (), {("save_case", "3")}),
        ("pin", "contract|12|arr_minor", None, [], (), {("contract", "12")}),
        ("activity", "5", None, [5, 1, 12], NOTE, {("contract", "12")}),
        ("activity", "5", [5, 1, 12], None, NOTE, {("contract", "12")}),
        ("activity", "5", None, [5, 1, None], NOTE, set()),
        ("activity", "5", {"no": 5}, {"no": 5}, NOTE, set()),
        ("account", "5", None, [5], ("no",), set()),
        ("item_state", "a12|1|qbr-2026q4", None, [1], ("no",), {("account", "12")}),
        ("assignment", "12|1|notice", None, [1], ("no",), {("contract", "12")}),
        ("assignment", "s12|1|call", None, [1], ("no",), {("save_case", "12")}),
        ("departure", "12", None, [12], ("stakeholder_no",), {("stakeholder", "12")}),
        ("renewal", "12|1", None, [12, None], RENEWAL, {("contract", "12")}),
        ("renewal", "12|1", None, [12, 13], RENEWAL, {("contract", "12"), ("contract", "13")}),
        (
            "renewal",
            "12|1",
            {"successor_no": 13},
            {"successor_no": 14},
            RENEWAL,
            {("contract", "12"), ("contract", "13"), ("contract", "14")},
        ),
        ("amendment", "5", None, [5, 1, 12], NOTE, {("contract", "12")}),
    ],
)
def test_a_row_says_which_contract_or_save_it_is_about(entity, key, before, after, names, expected):
    assert refers(row(before, after, entity, key), names) == expected


def test_what_was_made_is_built_on_by_what_refers_to_it():
    made, about = row(None, [12], key="12"), row(None, [5, 1, 12], "activity", "5")
    other = row(None, [5, 1, 13], "activity", "5")
    assert builds_on(about, made, NOTE, ("no",))
    assert not builds_on(other, made, NOTE, ("no",))
    assert not builds_on(about, row([12], [12], key="12"), NOTE, ("no",))  # was there before


def test_what_was_removed_cannot_come_back_without_what_it_refers_to():
    gone, note = row([12], None, key="12"), row([5, 1, 12], None, "activity", "5")
    assert builds_on(gone, note, ("no",), NOTE)
    assert not builds_on(row({"no": 12}, {"no": 12}, key="12"), note, ("no",), NOTE)
