"""TCH: automation only where everything it needs is known, and warnings where the touch does not fit."""

from datetime import date
from itertools import product

from renewctl.core.model import Contract
from renewctl.core.policy import Policy
from renewctl.core.touch import by_hand, touch, touch_verdict
from renewctl.policies.shipped import RAW

POLICY = Policy(RAW)


def a_contract(**facts):
    known = {"no": 1, "id": "C1", "account_no": 1, "state": "open", "stage": "planned", "cycle": 1}
    return Contract(**{**dict.fromkeys(Contract._fields), **known, "recorded_on": date(2026, 3, 1), **facts})


def test_every_combination_follows_the_rule():
    # TCH, TCH-1, TCH-2, TCH-3
    segments = ("smb", "mid_market", "enterprise", None)
    bands = ("green", "yellow", "red", None)
    flags = (1, 0, None)
    for segment, band, motion, arr, clause, paid, relationship in product(
        segments, bands, ("flat", "expansion"), (24_999_99, 25_000_00, None), flags, flags, (70.0, 69.9, None)
    ):
        contract = a_contract(auto_renew=clause, payment_on_file=paid)
        automatic = (
            segment == "smb"
            and band == "green"
            and clause == 1
            and paid == 1
            and relationship is not None
            and relationship >= 70
        )
        light = segment == "mid_market" and band == "green" and motion == "flat" and arr == 24_999_99
        expected = "auto_renew" if automatic else "assisted" if segment == "smb" or light else "negotiated"
        facts = (contract, segment, band, motion, arr, relationship, POLICY)
        verdict = touch_verdict(*facts)
        assert touch(*facts) == verdict.value == expected
        assert verdict.because


def test_an_assisted_renewal_says_what_keeps_it_from_running_by_itself():
    # TCH-1, TCH-2
    contract = a_contract(auto_renew=1, payment_on_file=None)
    verdict = touch_verdict(contract, "smb", "green", "flat", 500_00, None, POLICY)
    assert "payment on file unknown" in verdict.because[0].observed
    assert "relationship unknown" in verdict.because[0].observed
    assert "no auto-renew clause" not in verdict.because[0].observed


def test_an_enterprise_contract_that_renews_by_itself_is_warned_of():
    # TCH-4
    warned = touch_verdict(a_contract(auto_renew=1), "enterprise", "green", "flat", 200_000_00, 90.0, POLICY)
    assert "TCH-4" in {each.rule for each in warned.because}
    calm = touch_verdict(a_contract(auto_renew=0), "enterprise", "green", "flat", 200_000_00, 90.0, POLICY)
    assert "TCH-4" not in {each.rule for each in calm.because}


def test_a_renewal_with_an_open_save_that_would_run_by_itself_is_warned_of():
    contract = a_contract(auto_renew=1, payment_on_file=1)
    verdict = touch_verdict(contract, "smb", "green", "at_risk", 500_00, 90.0, POLICY)
    assert (verdict.value, verdict.because[-1].rule) == ("auto_renew", "TCH-4")


def test_two_hundred_smb_renewals_by_hand_are_warned_of_and_one_fewer_are_not():
    # TCH-4
    assert by_hand(200, 0, POLICY).rule == "TCH-4"
    assert by_hand(500, 300, POLICY).rule == "TCH-4"
    assert by_hand(200, 1, POLICY) is None
