"""Rows of a year of renewals in what every row is told by: the history, an import, a forgetting, the past."""

from datetime import date

import pytest

from renewctl.core.model import Amendment, Assignment, Departure, HealthOverride, Renewal
from renewctl.store.agenda import load_states
from renewctl.store.rewind import rewind
from tests.book import TODAY, account, contract, insert, portfolio
from tests.book import state as step_done
from tests.histories import state

PEOPLE = "account_id,name,email\nA1,Joe Field,joe@acme.example\nA1,Mia Low,mia@acme.example\n"
ROWS = (
    Renewal(1, 1, 1, 13_000_000, "USD", 1, "early", None, None, None, "Joe Field wants two years"),
    Amendment(
        1, 1, 1, 1, "amendment", TODAY, 100_050, 200_000, "EUR", None, date(2026, 9, 1), "Joe Field asked",
        "ana",
    ),
    HealthOverride(1, 62.5, "new_product", "so says Joe Field", TODAY, TODAY, "ana"),
    Assignment("1", 1, "notice", 1, "rui", TODAY, "ana"),
    Assignment("a1", 2, "qbr-2026q4", 1, "rui", TODAY, "ana"),
    Departure(1, 1, TODAY, "went to a rival"),
    Departure(2, 1, TODAY, "follows Joe Field"),
)  # fmt: skip


@pytest.fixture
def filled(book):
    """The three accounts with a row of each kind."""
    book.import_(PEOPLE, "--kind", "stakeholders", name="people.csv")
    with book.open() as opened, opened.write("year", "ana", TODAY) as operation:
        operation.apply(insert(row) for row in ROWS)
    return book


def test_the_history_calls_each_row_by_what_it_is_about(filled):
    told = filled.json("history", "A1")["operations"][0]["changes"]
    assert [(each["entity"], each["label"]) for each in told] == [
        ("renewal", "A1"), ("amendment", "A1"), ("health_override", ""), ("assignment", "1-notice"),
        ("assignment", "a1.2-qbr-2026q4"), ("departure", "Joe Field"), ("departure", "Mia Low"),
    ]  # fmt: skip
    out = filled.run("history", "A1").out
    for line in (
        "renewal of A1 added",
        "amendment of A1 added",
        "health override added",
        "owner of 1-notice added",
    ):
        assert line in out
    assert "USD 130,000" in out  # in the currency of the row
    assert "EUR 1,000.50" in out


def test_the_history_of_rows_that_are_gone_still_knows_what_they_were_about(filled):
    assert filled.run("undo", "--yes").code == 0
    told = filled.json("history", "A1")["operations"][1]["changes"]
    assert [each["label"] for each in told if each["entity"] == "amendment"] == ["A1"]
    assert "EUR 1,000.50" in filled.run("history", "A1").out


def test_the_past_knows_nothing_of_what_came_later(filled):
    with filled.open() as opened:
        last = opened.value("SELECT MAX(seq) FROM operation")
        with rewind(opened, last - 1) as before:
            assert not any(key[0] in ("renewal", "departure", "assignment") for key in state(before))
        with rewind(opened, last) as now:
            assert state(now) == state(opened)


def test_who_is_forgotten_goes_from_what_was_said_of_their_leaving_and_of_others(filled):
    assert filled.run("forget", "joe@acme.example", "--yes").code == 0
    assert [row.note for row in filled.values("departure")] == ["(erased)", "follows (erased)"]
    assert [row.note for row in filled.values("renewal")] == ["(erased) wants two years"]
    assert [row.reason for row in filled.values("amendment")] == ["(erased) asked"]
    (override,) = filled.values("health_override")
    assert (override.reason, override.note) == ("new_product", "so says (erased)")
    assert {row.person for row in filled.values("assignment")} == {"rui"}
    assert "Joe Field" not in repr(filled.facts())
    assert filled.run("doctor").code == 0


def test_a_forgotten_account_keeps_the_figures_of_its_renewals(filled):
    assert filled.run("forget", "A1", "--kind", "account", "--yes").code == 0
    (renewal,) = filled.values("renewal")
    assert (renewal.target_minor, renewal.kind, renewal.note) == (13_000_000, "early", "(erased)")
    assert {row.note for row in filled.values("departure")} == {"(erased)"}


CONTRACTS = "id,account_id,arr,currency,renewal_date\nA1,A1,99000,USD,2026-12-31\n"


@pytest.mark.parametrize("succeeded", [True, False])
def test_an_import_opens_a_contract_again_that_was_implied_but_never_one_that_has_a_successor(
    book, succeeded
):
    book.import_(
        "id,account_id,arr,currency,renewal_date\nK1,A1,50000,USD,2026-10-31\n", "--kind", "contracts"
    )
    (implied,) = book.values("contract", "id = 'A1'")
    (named,) = book.values("contract", "id = 'K1'")
    assert (implied.state, implied.implied) == ("superseded", 1)
    if succeeded:
        row = dict.fromkeys(Renewal._fields) | {"contract_no": implied.no, "cycle": 1, "account_no": 1}
        with book.open() as opened, opened.write("year", "ana", TODAY) as operation:
            operation.apply([insert(Renewal(**(row | {"successor_no": named.no})))])
    book.import_(CONTRACTS, "--kind", "contracts")
    (now,) = book.values("contract", "id = 'A1'")
    assert (now.state, now.implied) == (("superseded", 1) if succeeded else ("open", 0))
    assert now.arr_minor == 99_000_00
    book.import_(CONTRACTS.replace("99000", "98000"), "--kind", "contracts")
    assert book.values("contract", "id = 'A1'")[0].state == now.state


def test_a_contract_that_another_succeeded_stays_so_when_a_file_names_it(book):
    book.import_(
        "id,account_id,arr,currency,renewal_date\nK1,A1,50000,USD,2026-10-31\n", "--kind", "contracts"
    )
    assert book.run("won", "A1", "--contract", "K1", "--arr", "60000", "--successor", "K2").code == 0
    assert book.values("contract", "id = 'K1'")[0].state == "superseded"
    book.import_(
        "id,account_id,arr,currency,renewal_date\nK1,A1,51000,USD,2026-10-31\n",
        "--kind",
        "contracts",
        name="c2.csv",
    )
    assert [(row.id, row.state) for row in book.values("contract", "id LIKE 'K%'")] == [
        ("K1", "superseded"), ("K2", "open"),
    ]  # fmt: skip
    assert book.run("doctor").code == 0


def test_work_of_an_account_is_read_beside_that_of_its_contracts_in_a_large_book(tmp_path):
    """VAL: subjects such as `a12` are no contract's number, also where every state is read at once."""
    contracts = [contract(no, account_no=1, implied=0) for no in range(1, 1101)]
    done = [step_done("a1", "qbr-2026q1"), step_done("7"), step_done("s7", "call")]
    with portfolio(tmp_path, account(), *contracts, *done) as made:
        found = load_states(made, contracts)
    assert set(found[7]) == {"notice", "qbr-2026q1"}
    assert all("call" not in states for states in found.values())
