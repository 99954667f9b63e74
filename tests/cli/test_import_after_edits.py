"""An import after a `set` or a `won` changes only what its source has changed since."""

import pytest

HEALTH = "id,name,arr,renewal_date,health_score,open_tickets\nA1,Acme,50000,2026-12-05,90,3\n"
READ = "account_id,date,health_score\nA1,2026-02-01,90\n"
DEAL = "id,name,arr,currency,renewal_date,term_months\nA1,Acme,50000,USD,2026-12-05,12\n"


def imported(desk, text, name="accounts.csv", *words):
    """Import a text; its part of the report."""
    (desk.folder / name).write_text(text, encoding="utf-8")
    return desk.json("import", str(desk.folder / name), *words)["files"][0]


def score(desk):
    known = sorted(desk.values("health_reading", "score IS NOT NULL"), key=lambda each: each.read_on)
    return known[-1].score


def contract(desk):
    return desk.values("contract", "id = 'A1'")[0]


def told(report):
    return [(each["code"], each["message"]) for each in report["problems"]]


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-20"])
def test_an_unchanged_cell_never_overwrites_a_health_input_set_by_hand(desk, day):
    imported(desk, HEALTH)
    assert desk.run("set", "A1", "health_score=20", "--reason", "outage").code == 0
    report = imported(desk, HEALTH.replace("Acme", "Acme Inc"), "accounts.csv", "--as-of", day)
    assert (report["updated"], told(report)) == (1, [])
    assert score(desk) == 20.0
    assert [each.name for each in desk.values("account")] == ["Acme Inc"]


def test_a_changed_cell_replaces_a_health_input_set_by_hand_and_says_so_once(desk):
    imported(desk, HEALTH)
    assert desk.run("set", "A1", "health_score=20", "--reason", "outage").code == 0
    report = imported(desk, HEALTH.replace(",90,", ",85,"))
    message = "health_score had been set by hand to 20; its source changed to 85"
    assert told(report) == [("set-by-hand-replaced", message)]
    assert score(desk) == 85.0
    assert told(imported(desk, HEALTH.replace(",90,", ",80,"))) == []
    assert score(desk) == 80.0


def test_the_history_in_a_health_file_leaves_what_was_set_later_alone(desk):
    imported(desk, DEAL)
    imported(desk, READ, "health.csv", "--kind", "health")
    assert desk.run("set", "A1", "health_score=20", "--reason", "outage").code == 0
    assert told(imported(desk, READ.replace(",90", ",88"), "health.csv", "--kind", "health")) == []
    assert score(desk) == 20.0
    undated = READ.replace("2026-02-01", "") + "A1,2026-02-01,90\n"
    assert told(imported(desk, undated, "health.csv", "--kind", "health", "--as-of", "2026-03-09")) == []
    assert score(desk) == 20.0
    later = READ.replace("2026-02-01", "2026-03-10")  # the control: measured anew
    assert told(imported(desk, later, "health.csv", "--kind", "health")) == []
    assert score(desk) == 90.0


def test_a_ticket_severity_set_by_hand_stays_while_the_health_file_says_the_same(desk):
    imported(desk, DEAL)
    text = "account_id,date,nps,ticket_severity\nA1,2026-02-01,9,3\n"
    imported(desk, text, "health.csv", "--kind", "health")
    assert desk.run("set", "A1", "ticket_severity=1").code == 0
    imported(desk, text.replace(",9,", ",10,"), "health.csv", "--kind", "health")
    assert [each.ticket_severity for each in desk.values("account")] == [1]
    report = imported(desk, text.replace(",3\n", ",2\n"), "health.csv", "--kind", "health")
    assert [each[0] for each in told(report)] == ["set-by-hand-replaced"]


def test_a_replaced_value_is_told_in_the_words_and_amounts_a_person_used(desk):
    imported(desk, DEAL)
    assert desk.run("set", "A1", "arr=60000", "--reason", "agreed").code == 0
    report = imported(desk, DEAL.replace("50000", "55000"))
    message = "arr had been set by hand to USD 60,000; its source changed to USD 55,000"
    assert told(report) == [("set-by-hand-replaced", message)]


def test_a_replaced_term_of_a_win_is_told_as_set_by_a_closing(desk):
    imported(desk, DEAL)
    assert desk.run("won", "A1", "--arr", "60000").code == 0
    report = imported(desk, DEAL.replace("50000", "55000").replace("2026-12", "2027-12"))
    message = "arr had been set by a closing to USD 60,000; its source changed to USD 55,000"
    assert told(report) == [("set-by-hand-replaced", message)]


@pytest.mark.parametrize(
    "cells", ["55000,USD,2026-12-05,12", "50000,USD,2026-11-30,24", "55000,EUR,2026-12-01,12"]
)
def test_a_date_in_a_closed_cycle_undoes_no_win_and_is_named_once(desk, cells):
    imported(desk, DEAL)
    assert desk.run("won", "A1", "--arr", "60000").code == 0
    before = contract(desk)
    report = imported(desk, DEAL.replace("50000,USD,2026-12-05,12", cells).replace("Acme", "Acme Inc"))
    assert contract(desk) == before
    assert (report["rejected"], report["updated"]) == (0, 1)
    ((code, message),) = told(report)
    assert code == "closed-cycle"
    assert cells.split(",")[2] in message
    assert "2027-12-05" in message
    assert [each.name for each in desk.values("account")] == ["Acme Inc"]


def test_a_date_after_the_closed_cycle_moves_the_renewal_as_ever(desk):
    imported(desk, DEAL)
    assert desk.run("won", "A1", "--arr", "60000").code == 0
    imported(desk, DEAL.replace("2026-12-05", "2027-12-31"))
    assert str(contract(desk).renewal_on) == "2027-12-31"
    assert contract(desk).arr_minor == 6_000_000


def test_a_contract_that_was_lost_stays_lost_when_a_file_names_contracts(book):
    assert book.run("lost", "A1", "--reason", "price").code == 0
    book.import_(
        "id,account_id,arr,currency,renewal_date\nK1,A1,9000,USD,2026-12-31\n",
        "--kind", "contracts", name="contracts.csv",
    )  # fmt: skip
    states = {contract.id: contract.state for contract in book.values("contract", "account_no = 1")}
    assert states == {"A1": "lost", "K1": "open"}


def test_a_name_a_gone_champion_and_a_mark_set_by_hand_are_told_in_words_when_replaced(desk):
    text = "id,name,arr,renewal_date,champion,strategic\nA1,{},50000,2026-12-05,{},{}\n"
    imported(desk, text.format("Acme", "Joe", "no"))
    for words in (("name=Acme Holding", "champion=gone", "strategic=yes"), ("champion=Joe", "strategic=no")):
        assert desk.run("set", "A1", *words).code == 0
    kept = imported(desk, text.format("Acme", "Joe", "no").replace("50000", "60000"))
    assert told(kept) == []
    report = imported(desk, text.format("Bolt", "Joe (left)", "yes"))
    assert sorted(message for _, message in told(report)) == [
        "champion_gone had been set by hand to there; its source changed to gone",
        "name had been set by hand to Acme Holding; its source changed to Bolt",
        "strategic had been set by hand to no; its source changed to yes",
    ]
    assert [each.search_name for each in desk.values("account")] == ["bolt"]
