"""Names compared, cleaned and kept; what a status word means."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.text import HIDDEN, clean, fold, in_force, name_key, plain_json, thinned


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_what_is_folded_has_no_double_blanks_and_no_capitals(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert folded == folded.lower()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("São João", "SAO  JOAO"),
        ("Straße", "STRASSE"),
        ("Ørsted", "orsted"),
        ("Łódź", "lodz"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_accents_case_and_blanks_do_not_tell_names_apart(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_the_legal_suffix_tells_names_apart() -> None:
    assert name_key("Acme Ltda") != name_key("Acme SA")


@given(st.sampled_from("=+-@"), st.text())
def test_an_export_guard_is_taken_off_and_a_real_apostrophe_stays(sign: str, rest: str) -> None:
    assert clean(f"'{sign}x{rest}x") == clean(f"{sign}x{rest}x")
    assert clean(f"'x{rest}x").startswith("'x")


@pytest.mark.parametrize(
    "status",
    ["Churned", "churn", "DELETED", "Prospect", "Cancelado", "Excluída", "inativo", "Churned - 2024", "Lead",
     "Closed Lost (price)", "marketingqualifiedlead", "Ex-cliente", "former_customer"],
)  # fmt: skip
def test_who_left_or_never_came_gets_no_agenda(status: str) -> None:
    assert not in_force(status)


@pytest.mark.parametrize(
    "status", [None, "", "Active", "Ativo", "Customer", "churn risk", "Risco de churn", "At risk", "whatever"]
)
def test_everyone_else_is_in_force(status: str | None) -> None:
    assert in_force(status)


@given(st.text(st.sampled_from([chr(n) for n in range(0x3001) if chr(n).isspace()] + ["\ufeff", "\u200b"])))
def test_every_kind_of_blank_is_taken_off_both_ends(blank: str) -> None:
    assert clean(f"{blank}Acme\u00a0Ltd{blank}") == "Acme\u00a0Ltd"


STEERING = "\x7f\x80\x9b\xad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\u3164\U000e0041\U0001d173"


@given(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(STEERING + "\u0301\u0489"))))
def test_json_that_cannot_steer_a_terminal_says_the_same_once_parsed(text: str) -> None:
    said = plain_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(said) == text
    assert not set(said) & set(STEERING)
    assert not any(unicodedata.category(sign) == "Cc" for sign in said)


def test_letters_and_emoji_stand_in_json_as_they_are() -> None:
    for text in ('"Ação São João"', '"北京"', '"☕️ 👩‍🔬"'.replace("\u200d", ""), '"Acme"'):
        assert plain_json(text) == text


def test_what_is_hidden_is_escaped_letter_by_letter_beyond_the_first_plane_too() -> None:
    assert plain_json('"\u202ex\U000e0041"') == '"\\u202ex\\udb40\\udc41"'
    assert len(HIDDEN) > 20


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from("\u0301\u0489\u20dd"))
def test_a_letter_keeps_ten_accents_and_the_rest_is_marked(first: int, second: int, accent: str) -> None:
    shown = thinned(f"ж{accent * first}ж{accent * second}", lambda _: "#")
    kept = [f"ж{accent * min(count, 10)}{'#' * max(count - 10, 0)}" for count in (first, second)]
    assert shown == "".join(kept)


@given(st.text())
def test_text_without_floods_is_not_thinned(text: str) -> None:
    flat = "".join(sign for sign in text if unicodedata.category(sign) not in ("Mn", "Me"))
    assert thinned(flat, lambda _: "#") == flat
