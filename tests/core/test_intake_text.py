"""Names compared, cleaned and kept; what a status word means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.text import clean, fold, in_force, name_key


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
