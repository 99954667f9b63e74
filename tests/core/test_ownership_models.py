"""OWN-1, OWN-2: the four models, against their rules worked out by hand, and the advice on them."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.advice import Seen, advise, seen
from renewctl.core.ownership import owner
from renewctl.core.policy import Policy
from renewctl.policies.shipped import RAW
from tests.book import an_account
from tests.core.test_ownership import with_team
from tests.work import renewing

POLICY = Policy(RAW)


def expected(model, arr, volume, csm, sales, specialist):
    """OWN-1, OWN-2 and OWN-3 as the rules' text has them."""
    many = specialist is not None or volume >= 100
    role = {
        "csm": "csm",
        "sales": "sales",
        "specialist": "specialist" if many else "csm",
    }.get(model)
    if role is None:
        if arr is None:
            role = "csm"
        elif arr < 10_000 and many:
            role = "specialist"
        elif arr < 50_000:
            role = "csm"
        else:
            role = "sales"
    person = {"csm": csm, "sales": sales, "specialist": specialist}[role]
    return (person, role) if person else (csm, "csm")


@given(
    st.sampled_from(["specialist", "csm", "sales", "hybrid"]),
    st.one_of(
        st.none(), st.sampled_from([0, 9_999, 10_000, 49_999, 50_000, 100_000]), st.integers(0, 300_000)
    ),
    st.sampled_from([0, 99, 100, 400]),
    *[st.sampled_from([None, name]) for name in ("Cora", "Saul", "Spiro")],
)
def test_each_model_gives_a_renewal_to_the_one_its_rules_name(model, arr, volume, csm, sales, specialist):
    """OWN-1, OWN-2."""
    account = an_account(csm=csm, sales_owner=sales, specialist=specialist)
    found = owner(account, None if arr is None else arr * 100, with_team(model), volume)
    assert (found.person, found.role) == expected(model, arr, volume, csm, sales, specialist)


@given(
    st.permutations([(1, 10_000, "specialist"), (2, 50_000, "csm"), (3, None, "sales")]),
    st.integers(0, 90_000),
)
def test_rules_are_tried_in_their_order_wherever_they_stand_in_the_file(rules, arr):
    """OWN-2: the first rule of the ordered list that fits wins."""
    raw = deepcopy(dict(RAW))
    raw["ownership"]["models"]["hybrid"] = {
        f"r{order}": {"order": order, "role": role} | ({} if below is None else {"below": below})
        for order, below, role in rules
    }
    account = an_account(csm="Cora", sales_owner="Saul", specialist="Spiro")
    wanted = "specialist" if arr < 10_000 else "csm" if arr < 50_000 else "sales"
    assert owner(account, arr * 100, Policy(raw), 0).role == wanted


# --- the tool's own advice ------------------------------------------------------------------------------


def figures(customers=200, volume=50, renewals=200, large=0, with_csm=0, reluctant=0, small=0):
    return Seen(customers, volume, renewals, large, with_csm, reluctant, small)


def verdicts(found):
    return {view.model: view.verdict for view in found.models}


@pytest.mark.parametrize(
    ("customers", "volume", "verdict"),
    [
        (500, 100, "fits"),
        (499, 100, "possible"),
        (500, 99, "possible"),
        (50, 12, "fails"),
        (51, 12, "possible"),
    ],
)
def test_a_specialist_pays_off_from_500_customers_and_100_renewals_a_quarter_and_fails_at_50(
    customers, volume, verdict
):
    """OWN-1."""
    found = advise(figures(customers, volume), POLICY)
    assert verdicts(found)["specialist"] == verdict
    assert (found.suggested == "specialist") == (verdict == "fits")
    view = found.models[0]
    assert str(customers) in view.because[0].observed
    assert any(str(limit) in view.because[0].threshold for limit in (50, 500))


def test_with_volume_and_six_figures_a_hybrid_is_suggested():
    """OWN-1, OWN-2."""
    found = advise(figures(600, 150, 600, large=3, small=500), POLICY)
    assert (found.suggested, verdicts(found)["hybrid"]) == ("hybrid", "fits")
    assert found.text == "hybrid is in force and is what the figures speak for"
    assert {each.rule for each in found.because} == {"OWN-1"}
    alone = advise(figures(600, 150, 600, large=3), POLICY)
    assert verdicts(alone)["hybrid"] == "fits"


def test_csms_who_dislike_it_should_not_close_six_figures():
    """OWN-1: then sales leads, or a hybrid where most renewals are smaller."""
    few = advise(figures(renewals=100, large=5, with_csm=4, reluctant=2, small=20), POLICY)
    assert (few.suggested, verdicts(few)["csm"]) == ("hybrid", "fails")
    assert "2 of the 4 renewals" in few.because[0].observed
    many = advise(figures(renewals=8, large=5, with_csm=4, reluctant=1), POLICY)
    assert many.suggested == "sales"
    willing = advise(figures(renewals=8, large=5, with_csm=4), POLICY)
    assert verdicts(willing)["csm"] == "possible"


def test_a_small_book_is_best_left_with_its_csms_and_sales_is_too_dear_for_small_renewals():
    """OWN-1."""
    found = advise(figures(40, 10, 40, large=1, small=30), POLICY)
    assert found.suggested == "csm"
    assert verdicts(found) == {"specialist": "fails", "csm": "possible", "sales": "fails", "hybrid": "fits"}
    assert found.text == "hybrid is in force; the figures speak for csm"
    plain = advise(figures(200, 50, 200), POLICY)
    assert verdicts(plain) == {
        "specialist": "possible", "csm": "fits", "sales": "possible", "hybrid": "possible",
    }  # fmt: skip
    mixed = advise(figures(200, 50, 200, large=1, small=30), POLICY)
    assert mixed.suggested == "hybrid"


def test_the_figures_are_those_of_the_book():
    """OWN-1: who would rather not negotiate is named in the policy, in any spelling."""
    raw = deepcopy(dict(RAW))
    raw["ownership"]["advice"]["reluctant_csms"] = ["ANA"]
    book = [
        renewing(1, "ana", 100_000_00),
        renewing(2, "rui", 99_999_99),
        renewing(3, "rui", 250_000_00),
        renewing(4, "ana", 9_999_99),
        renewing(5, "sofia", 300_000_00, role="sales"),
        renewing(6, None, None),
    ]
    assert seen(book, 7, 1, Policy(raw)) == Seen(7, 1, 6, 3, 2, 1, 1)
