"""Accounts are found by what people type, to the letter, on either engine."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewctl.errors import NotFound
from renewctl.store.lookup import find_account, near_people
from tests import book

pytestmark = pytest.mark.both_engines
NAMES = [
    "100% Organic",
    "a_b Ltd",
    "axb Ltd",
    "Wow! Games",
    "back\\slash",
    "quote's",
    "Ação Têxtil",
    "10x Organic",
]


@pytest.fixture(scope="module")
def portfolio(engine, tmp_path_factory):
    accounts = [book.account(no, name=name) for no, name in enumerate(NAMES, 1)]
    with book.portfolio(tmp_path_factory.mktemp("names"), *accounts) as made:
        yield made


def found(portfolio, text):
    """Names meant by a text: the one, or those of the list that a refusal shows."""
    try:
        return [find_account(portfolio, text).name]
    except NotFound as refused:
        if refused.code == "no-such-account":
            return []
        return [name for name in NAMES if f"{name} (" in refused.message]


PARTS = [name.lower()[at : at + 4] for name in NAMES if name.isascii() for at in range(1, len(name) - 4)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.sampled_from(PARTS))
def test_a_part_of_a_name_finds_the_names_that_hold_it_and_no_others(portfolio, text):
    text = text.strip()
    starting = [name for name in NAMES if name.lower().startswith(text)]
    assert found(portfolio, text) == (starting or [name for name in NAMES if text in name.lower()])


@pytest.mark.parametrize("text", ["%", "_", "!", "a%c", "a_c", "x%b", "\\", "%%%%", "?"])
def test_no_letter_stands_for_another(portfolio, text):
    assert found(portfolio, text) == [name for name in NAMES if text in name.lower()]


@pytest.mark.parametrize("text", ["acao", "AÇÃO", "  ação   têxtil "])
def test_accents_case_and_blanks_do_not_matter(portfolio, text):
    assert found(portfolio, text) == ["Ação Têxtil"]


def test_what_is_longer_than_any_name_is_nobody(portfolio):
    assert found(portfolio, "%" * 200_000) == []


def test_the_beginning_or_a_part_of_an_id_is_as_good_as_of_a_name_and_as_ambiguous(tmp_path):
    """One letter that begins a name and several ids is nobody in particular."""
    made = book.portfolio(
        tmp_path,
        book.account(1, id="N01", name="Nimbus"),
        book.account(2, id="N02", name="Xenon"),
        book.account(3, id="Q-77", name="Orbit"),
    )
    with made:
        assert find_account(made, "Nim").no == 1
        assert find_account(made, "N02").no == find_account(made, "Xe").no == 2
        assert find_account(made, "Q-").no == find_account(made, "77").no == find_account(made, "q-7").no == 3
        for text in ("N", "N0"):
            with pytest.raises(NotFound, match="could be"):
                find_account(made, text)


def test_a_name_nobody_has_brings_the_near_ones_else_the_first_of_those_there_are():
    known = [f"Person {letter}" for letter in "ABCDEFGHIJ"]
    assert near_people("persn a", known) == "did you mean Person A, Person J, Person I?"
    assert near_people("son b", known).startswith("did you mean Person B")
    assert near_people("Zoltan", known) == f"known are {', '.join(known[:8])} and 2 more"
    assert near_people("Zoltan", ["ana", "Ana"]) == "known are ana"
    assert near_people("Zoltan", []) == "no account names anybody"
