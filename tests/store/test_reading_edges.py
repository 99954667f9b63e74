"""Reading for commands: what few books have, and what is kept at hand only so far."""

from datetime import date, timedelta

import pytest

from renewctl.core.dates import WorkCalendar
from renewctl.core.model import Activity, Assignment, Renewal
from renewctl.core.policy import Policy
from renewctl.errors import NotFound, PolicyError
from renewctl.store import agenda, due, history, saves, workbook
from renewctl.store.due import DueReader
from renewctl.store.exporter_tables import table
from renewctl.store.lookup import find_account
from renewctl.store.sqlite import scratch_portfolio
from tests.book import POLICY, TODAY, account, contract, portfolio, state
from tests.store.importing import Desk
from tests.store.test_agenda import held, random_book


def general(**given):
    """The shipped policy with something else under `general`."""
    return Policy(POLICY.raw | {"general": POLICY.raw["general"] | given})


# --- the agenda's cache -------------------------------------------------------------------------------


def cached(made):
    return made.rows("SELECT * FROM agenda ORDER BY contract_no")


@pytest.mark.parametrize("seed", range(2))
def test_the_cache_is_the_same_however_little_is_remembered_on_the_way(monkeypatch, seed):
    plain = cached(held(random_book(seed)))
    monkeypatch.setattr(agenda, "_REMEMBERED", 2)
    monkeypatch.setattr(agenda, "_BATCH", 2)
    assert cached(held(random_book(seed))) == plain
    assert len(plain) > 5


def test_a_first_import_fills_the_cache_however_many_states_its_accounts_are_in(tmp_path, monkeypatch):
    monkeypatch.setattr(agenda, "_BATCH", 2)
    states = ("active", "churned", "", "onboarding", "cancelled", "live", "churned")
    lines = [f"A{at},Name {at},100,2027-03-31,{each}" for at, each in enumerate(states)]
    desk = Desk(tmp_path)
    desk.text("id,name,arr,renewal_date,status\n" + "\n".join(lines) + "\n")
    found = desk.rows("SELECT c.id FROM agenda g JOIN contract c ON c.no = g.contract_no ORDER BY c.id")
    assert found == [("A0",), ("A2",), ("A3",), ("A5",)]


def test_what_was_done_is_read_alike_for_few_contracts_and_for_many(tmp_path, monkeypatch):
    book = [account(no) for no in range(1, 6)] + [contract(no, cycle=2) for no in range(1, 6)]
    book += [
        state(str(no), step, account_no=no, cycle=2) for no in (1, 2, 3) for step in ("notice", "opt-out")
    ]
    book += [state("2", cycle=1, account_no=2), state("s1", "call", account_no=1), state("9", account_no=5)]
    given = [("1", "notice", 1, 2), ("a1", "qbr-2026q1", 1, 1), ("2", "notice", 2, 1), ("5", "ebr", 5, 2)]
    book += [Assignment(of, cycle, step, no, f"p{of}", TODAY, "ana") for of, step, no, cycle in given]
    with portfolio(tmp_path, *book) as made:
        contracts = made.values("contract", "no <= 4")
        few, theirs = agenda.load_states(made, contracts), agenda.load_given(made, contracts)
        assert agenda.load_given(made, []) == {}
        monkeypatch.setattr(agenda, "_IN_LIST", 1)
        assert agenda.load_states(made, contracts) == few
        assert agenda.load_given(made, contracts) == theirs
    assert theirs == {1: {"notice": "p1", "qbr-2026q1": "pa1"}, 2: {"notice@1": "p2"}}
    assert {no: sorted(steps) for no, steps in few.items()} == {
        1: ["notice", "opt-out"],
        2: ["notice", "notice@1", "opt-out"],
        3: ["notice", "opt-out"],
    }


def test_a_policy_without_a_country_knows_no_holidays_and_reading_keeps_none():
    with scratch_portfolio() as made:
        assert agenda.work_calendar(made, general(country=""), TODAY) == WorkCalendar("", frozenset())
        brazil = general(country="BR")
        read = agenda.work_calendar(made, brazil, TODAY)
        assert made.rows("SELECT * FROM meta WHERE key LIKE 'calendar:%'") == []
        with made.write("test", "ana", TODAY):
            assert agenda.work_calendar(made, brazil, TODAY, keep=True) == read
        assert agenda.work_calendar(made, brazil, TODAY) == read
        assert [key for key, _ in made.rows("SELECT * FROM meta WHERE key LIKE 'calendar:%'")] == [
            f"calendar:BR:{TODAY.year}"
        ]
    assert date(TODAY.year, 9, 7) in read.holidays


@pytest.mark.parametrize("stream", ["past", "ahead"])
def test_the_stream_of_contracts_is_one_whatever_it_is_read_by(stream):
    with held(random_book(5, 60)) as made:
        reader = DueReader(made, POLICY, TODAY)
        given = (TODAY + timedelta(days=400),) if stream == "ahead" else ()
        runs = [
            [row for rows in getattr(reader, stream)(*given, chunk) for row in rows] for chunk in (1, 3, 1000)
        ]
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0]) > 2


def test_what_was_heard_is_the_same_of_a_page_and_of_the_book(tmp_path, monkeypatch):
    """Replies and papers of thousands of calls are read of the accounts at hand only."""
    numbers = range(1, 5)
    book = [*map(account, numbers), *map(contract, numbers)]
    book += [contract(9, account_no=2)]
    book += [
        Activity(
            no, no % 5 or 1, None if no % 2 else no % 5 or 1, TODAY - timedelta(no), kind, "", None, "ana"
        )
        for no, kind in enumerate(("reply", "proposal", "call", "reply", "value", "email") * 4, 1)
    ]
    book += [Renewal(no, 1, no, *[None] * 8)._replace(bundle=no % 2) for no in (1, 2, 3)]
    with portfolio(tmp_path, *book) as made:
        until = TODAY + timedelta(days=400)
        by_page = [row.contract for rows in DueReader(made, POLICY, TODAY).ahead(until, 1) for row in rows]
        monkeypatch.setattr(due, "_HEARD_BY_NO", 0)
        reader = DueReader(made, POLICY, TODAY)
        by_book = reader.all(until)
        assert reader.all(until) == by_book
    assert sorted(by_page) == sorted(by_book)
    assert len({each.replied_on for each in by_book}) > 1
    assert {each.bundle for each in by_book} == {None, 0, 1}
    assert len({each.papers for each in by_book}) > 2


def test_a_line_of_the_cache_that_the_facts_do_not_bear_out_is_passed_over(tmp_path):
    book = [account(1), account(2), contract(1), contract(2), contract(3, account_no=2)]
    with portfolio(tmp_path, *book) as made:
        until = TODAY + timedelta(days=400)
        assert [each.no for each in DueReader(made, POLICY, TODAY).all(until)] == [1, 2, 3]
        made.execute("UPDATE account SET status = 'churned' WHERE no = 2")
        made.execute("UPDATE contract SET state = 'lost' WHERE no = 1")
        assert DueReader(made, POLICY, TODAY).all(until) == []
        assert DueReader(made, POLICY, TODAY).one(9) is None


# --- one account, one save, one name ------------------------------------------------------------------


def test_the_nearest_names_are_offered_for_one_that_is_not_there(tmp_path):
    names = ("Acme Industries", "Acme Logistics", "Bolt & Sons", "Zebra")
    with portfolio(tmp_path, *(account(no, name=name) for no, name in enumerate(names, 1))) as made:
        for typed, offered in (
            ("Bolt and Sons", "Bolt & Sons (A3)"),
            ("akme industries", "Acme Industries (A1)"),
            ("zebar", "Zebra (A4)"),
        ):
            with pytest.raises(NotFound) as caught:
                find_account(made, typed)
            assert caught.value.hint.startswith(f"did you mean {offered}")
        with pytest.raises(NotFound) as caught:
            find_account(made, "qqq")
        assert caught.value.hint == "see them all: renewctl list"


def test_an_account_that_is_lost_or_has_gone_says_why_it_has_no_plan(desk):
    desk.import_(
        "id,name,arr,renewal_date,status\nA1,Acme,100,2026-05-31,active\nB2,Bolt,100,2026-05-31,churned\n"
    )
    gone = desk.run("show", "B2")
    assert "no agenda: the account is churned" in gone.out
    assert desk.run("lost", "A1", "--reason", "price").code == 0
    assert "price" in desk.run("show", "A1").out
    assert desk.json("show", "A1")["contracts"] == []


def test_a_save_may_be_asked_for_by_an_account_whose_id_looks_like_a_save(desk):
    desk.import_("id,name,arr,renewal_date\ns7,Seven,50000,2026-05-31\n")
    assert desk.run("save", "start", "s7", "--scenario", "value").code == 0
    with desk.open() as portfolio:
        assert saves.find_case(portfolio, "s7").no == 1
        assert saves.find_case(portfolio, "s1").no == 1
        with pytest.raises(NotFound, match="there is no save s8"):
            saves.find_case(portfolio, "s8")


def test_without_saves_none_is_due_and_an_unknown_time_zone_is_refused():
    with scratch_portfolio() as made:
        assert saves.due_items(made, POLICY, TODAY, TODAY + timedelta(days=30)) == []
    with pytest.raises(PolicyError) as caught:
        saves.zone_of(general(time_zone="Mars/Olympus"))
    assert caught.value.code == "time-zone-unknown"


def test_the_account_of_a_change_is_named_however_many_are_kept_at_hand(desk, monkeypatch):
    desk.import_("id,name,arr,renewal_date\n" + "".join(f"A{n},N{n},1,2026-05-31\n" for n in range(1, 6)))
    for no in (1, 2, 3, 1):
        assert desk.run("set", f"A{no}", "csm=Zoe").code == 0
    plain = desk.json("history")
    monkeypatch.setattr(history, "_KNOWN", 1)
    assert desk.json("history") == plain
    assert "A3" in str(plain)


# --- exports ------------------------------------------------------------------------------------------


def test_amounts_in_another_currency_than_the_rows_are_left_out_of_it(tmp_path):
    amounts = {"expansion_minor": 5000, "target_arr_minor": 7000, "currency": "USD"}
    book = [account(1, **amounts), account(2, **amounts), contract(1, currency="EUR"), contract(2)]
    with portfolio(tmp_path, *book) as made:
        exported = table(made, "accounts", lambda: POLICY, TODAY)
        names = [column.name for column in exported.columns]
        rows = [dict(zip(names, row, strict=True)) for row in exported.rows]
    told = [(row["currency"], row["expansion_arr"], row["target_arr"]) for row in rows]
    assert told == [("EUR", None, None), ("USD", (5000, "USD"), (7000, "USD"))]


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 2)
    assert b"".join(workbook.workbook_blocks("A", [["id"], ["1"]]))
    with pytest.raises(workbook.InputRefused) as caught:
        b"".join(workbook.workbook_blocks("A", [["id"], ["1"], ["2"]]))
    assert caught.value.code == "too-many-rows"
