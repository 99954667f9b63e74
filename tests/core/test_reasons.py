"""SAV-2: what the words of a stated reason speak for, in English and Portuguese."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.policy import SCENARIOS, Policy
from renewctl.core.reasons import reading_of
from renewctl.policies.shipped import RAW

POLICY = Policy(RAW)


@pytest.mark.parametrize(
    ("text", "scenario"),
    [
        ("Our budget was cut", "budget"),
        ("price", "budget"),
        ("O orçamento foi cortado", "budget"),
        ("Está muito caro", "budget"),
        ("moving to another vendor", "competitive"),
        ("vamos trocar por um concorrente", "competitive"),
        ("too many bugs", "product"),
        ("falta a integração com o ERP", "product"),
        ("missing_features", "product"),
        ("your support never answers", "relationship"),
        ("o atendimento é péssimo", "relationship"),
        ("we are not using it", "value"),
        ("não vale o preço", "value"),
        ("our champion left", "champion_departure"),
        ("a nova diretoria quer rever tudo", "champion_departure"),
    ],
)
def test_a_reason_is_read_by_its_words_in_either_language(text, scenario):
    """SAV-2: the stated reason is where the search begins."""
    assert reading_of(text, POLICY).scenario == scenario


@pytest.mark.parametrize("text", ["", "   ", "other", "we have decided to leave", "motivos internos", "???"])
def test_a_reason_without_a_known_word_is_unknown(text):
    """SAV-2: what is not known is asked, and not guessed."""
    assert reading_of(text, POLICY) is None


def test_the_longest_words_count_and_then_the_order_of_the_policy():
    assert reading_of("not worth the price", POLICY) == ("value", "not worth the price")
    assert reading_of("price and bugs", POLICY) == ("product", "bugs")
    order = ["budget", *(each for each in RAW["saves"]["scenario_order"] if each != "budget")]
    raw = deepcopy(RAW)
    raw["saves"]["scenario_order"] = order
    assert reading_of("price and bugs", Policy(raw, "another")) == ("budget", "price")


@pytest.mark.parametrize(
    ("text", "scenario"),
    [
        ("it is not about the price, it is the bugs", "product"),
        ("it is not about price", None),
        ("não é o preço, mas o suporte", "relationship"),
        ("não é preço", None),
        ("not about the price: the price is fine, but your price list is not", "budget"),
    ],
)
def test_what_a_customer_says_it_is_not_does_not_count(text, scenario):
    found = reading_of(text, POLICY)
    assert (found and found.scenario) == scenario


@given(st.sampled_from(SCENARIOS), st.data())
def test_every_word_of_the_table_is_found_alone_and_in_capitals(scenario, data):
    phrase = data.draw(st.sampled_from(RAW["saves"]["suggest"]["words"][scenario]))
    found = reading_of(phrase.replace("*", "").upper(), POLICY)
    assert found is not None
    longer = [
        each
        for each in RAW["saves"]["suggest"]["words"][found.scenario]
        if len(each.split()) >= len(phrase.split())
    ]
    assert found.scenario == scenario or longer


@given(st.text(max_size=80))
def test_any_text_is_read_without_harm(text):
    found = reading_of(text, POLICY)
    assert found is None or found.scenario in SCENARIOS
