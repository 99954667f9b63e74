import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewctl.errors import InputRefused, UsageError
from renewctl.store import agenda
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import open_portfolio
from tests.store.importing import AS_OF, EXAMPLES, Desk, codes, figures

HEAD = "id,name,arr,renewal_date,csm,nps\n"
TWO = HEAD + "A1,Acme,12000,2027-03-31,Ana,40\nA2,Bolt,,2027-04-30,Bo,\n"


@pytest.fixture
def desk(tmp_path: Path, engine: str) -> Desk:
    return Desk(tmp_path)


def test_a_row_becomes_an_account_a_contract_and_a_reading(desk: Desk) -> None:
    report = desk.text(TWO)
    assert figures(report) == (2, 0, 0, 0)
    assert desk.rows("SELECT id, name, search_name, csm, currency FROM account ORDER BY no") == [
        ("A1", "Acme", "acme", "Ana", "USD"),
        ("A2", "Bolt", "bolt", "Bo", None),
    ]
    assert desk.rows(
        "SELECT id, arr_minor, currency, renewal_on, renewal_day, stage, state, implied, cycle, "
        "planned_from_on FROM contract ORDER BY no"
    ) == [
        ("A1", 1_200_000, "USD", "2027-03-31", 31, "planned", "open", 1, 1, "2026-11-21"),
        ("A2", None, None, "2027-04-30", 30, "planned", "open", 1, 1, "2026-11-21"),
    ]
    assert desk.rows("SELECT account_no, read_on, nps FROM health_reading") == [(1, "2026-11-21", 40.0)]


def test_a_blank_arr_is_unknown_and_never_zero(desk: Desk) -> None:
    report = desk.text(HEAD + "A1,Acme,,2027-03-31,,\nA2,Bolt,0,2027-03-31,,\n")
    assert report.unknown["arr"] == 1
    assert desk.rows("SELECT id, arr_minor FROM contract ORDER BY id") == [("A1", None), ("A2", 0)]


def test_importing_again_changes_nothing_and_leaves_no_operation(desk: Desk) -> None:
    desk.text(TWO)
    before = desk.path.read_bytes()
    assert figures(desk.text(TWO)) == (0, 0, 2, 0)
    assert desk.path.read_bytes() == before


def test_the_same_rows_in_another_file_and_order_change_no_fact(desk: Desk) -> None:
    desk.text(TWO)
    facts = desk.dump()
    head, *rows = TWO.splitlines()
    report = desk.run(desk.file("other.csv", "\n".join([head, *reversed(rows)]))).files[0]
    assert figures(report) == (0, 0, 2, 0)
    assert desk.dump() == facts
    assert desk.rows("SELECT COUNT(*) FROM operation") == [(1,)]


def test_only_changed_cells_are_written_and_logged(desk: Desk) -> None:
    desk.text(TWO)
    report = desk.text(TWO.replace("12000", "15000").replace("Bo,", "Zoe,"))
    assert figures(report) == (0, 2, 0, 0)
    logged = desk.rows("SELECT entity, key, before, after FROM change WHERE op = 2 ORDER BY entity, key")
    told = [(entity, key, json.loads(before), json.loads(after)) for entity, key, before, after in logged]
    assert [(entity, key) for entity, key, _, _ in told] == [("account", "2"), ("contract", "1")]
    assert (told[0][2]["csm"], told[0][3]["csm"]) == ("Bo", "Zoe")
    assert (told[1][2]["arr_minor"], told[1][3]["arr_minor"]) == (1_200_000, 1_500_000)


def test_the_log_holds_every_inserted_row_whole_in_column_order(desk: Desk) -> None:
    desk.run(str(EXAMPLES / "accounts.csv"))
    for table, key in (
        ("account", "CAST(no AS TEXT)"),
        ("contract", "CAST(no AS TEXT)"),
        ("health_reading", "account_no || '|' || read_on"),
    ):
        stored = {row[0]: list(row[1:]) for row in desk.rows(f"SELECT {key}, * FROM {table}")}
        logged = desk.rows("SELECT key, after, before FROM change WHERE entity = ?", table)
        assert {key: json.loads(after) for key, after, _ in logged} == stored
        assert all(before is None for _, _, before in logged)


@pytest.mark.file_only("only SQLite lets bulk rows pass over constraints")
def test_rows_written_in_bulk_meet_every_constraint(desk: Desk) -> None:
    desk.run(str(EXAMPLES / "accounts.csv"), str(EXAMPLES / "messy.csv"))
    assert desk.rows("PRAGMA integrity_check") == [("ok",)]
    assert desk.rows("PRAGMA foreign_key_check") == []


def test_a_moved_renewal_date_is_planned_from_the_day_it_moved(desk: Desk) -> None:
    desk.text(TWO)
    desk.text(TWO.replace("2027-03-31", "2027-05-15"), as_of=date(2027, 1, 5))
    found = desk.rows(
        "SELECT renewal_on, renewal_day, planned_from_on, recorded_on FROM contract WHERE no = 1"
    )
    assert found == [("2027-05-15", 15, "2027-01-05", "2026-11-21")]


def test_a_blank_cell_clears_nothing_unless_asked(desk: Desk) -> None:
    desk.text(TWO)
    blank = TWO.replace("12000", "").replace("Ana", "")
    assert figures(desk.text(blank)) == (0, 0, 2, 0)
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(1_200_000,)]
    assert figures(desk.text(blank, clear_blanks=True)) == (0, 1, 1, 0)
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(None,)]
    assert desk.rows("SELECT csm FROM account WHERE no = 1") == [(None,)]


def test_an_unreadable_cell_is_no_blank_and_clears_nothing(desk: Desk) -> None:
    head = "id,name,arr,renewal_date,notice_days\n"
    desk.text(head + "A1,Acme,1,2027-01-01,30\n")
    report = desk.text(head + "A1,Acme,1,2027-01-01,some\n", clear_blanks=True)
    assert codes(report) == [(2, "number-unreadable")]
    assert desk.rows("SELECT notice_days FROM contract") == [(30,)]


def test_mrr_is_twelve_times_arr(desk: Desk) -> None:
    desk.text("id,name,mrr,renewal_date\nA1,Acme,100.01,2027-01-01\n")
    assert desk.rows("SELECT arr_minor FROM contract") == [(120_012,)]


def test_where_arr_is_blank_the_mrr_column_tells(desk: Desk) -> None:
    desk.text("id,name,arr,mrr,renewal_date\nA1,Acme,,100,2027-01-01\nA2,Bolt,5,100,2027-01-01\n")
    assert desk.rows("SELECT arr_minor FROM contract ORDER BY no") == [(120_000,), (500,)]


@pytest.mark.parametrize("padding", [0, 5000])
def test_rows_of_one_id_with_other_content_are_all_rejected_even_far_apart(desk: Desk, padding: int) -> None:
    between = "".join(f"P{n},Pad {n},1,2027-01-01,,\n" for n in range(padding))
    report = desk.text(HEAD + "A1,Acme,1,2027-01-01,,\n" + between + "A1,Acme,2,2027-01-01,,\n")
    assert figures(report) == (padding, 0, 0, 2)
    assert codes(report) == [(2, "duplicate-id"), (padding + 3, "duplicate-id")]
    assert desk.path.exists() == bool(padding)


def test_a_good_row_falls_with_a_bad_one_of_the_same_id(desk: Desk) -> None:
    report = desk.text(HEAD + "A1,Acme,1,2027-01-01,,\nA1,Acme,1,soon,,\nA2,Bolt,1,2027-01-01,,\n")
    assert figures(report) == (1, 0, 0, 2)


def test_the_same_row_twice_counts_as_unchanged_also_where_unmapped_cells_differ(desk: Desk) -> None:
    head = "id,name,arr,renewal_date,remark\n"
    report = desk.text(head + "A1,Acme,1,2027-01-01,x\nA1,Acme,1,2027-01-01,y\n")
    assert figures(report) == (1, 0, 1, 0)


def test_a_row_that_comes_back_with_other_content_beside_its_old_self_is_found(desk: Desk) -> None:
    desk.text(TWO)
    report = desk.text(TWO + "A1,Acme,99,2027-03-31,Ana,40\n")
    assert figures(report) == (0, 0, 1, 2)
    assert desk.rows("SELECT arr_minor FROM contract WHERE id = 'A1'") == [(1_200_000,)]


def test_a_line_that_vanished_and_came_back_is_read_again(desk: Desk) -> None:
    desk.text(TWO)
    desk.text(TWO.replace("12000", "15000"))
    assert figures(desk.text(TWO)) == (0, 1, 1, 0)
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(1_200_000,)]


def test_what_another_file_overwrote_is_written_again(desk: Desk) -> None:
    first = desk.file("first.csv", TWO)
    desk.run(first)
    desk.run(desk.file("second.csv", TWO.replace("12000", "15000")))
    assert figures(desk.run(first).files[0])[1] == 1
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(1_200_000,)]


def test_without_an_id_column_the_normalised_name_is_the_key(desk: Desk) -> None:
    desk.text("name,arr,renewal_date\nAcmé  Ltd,1,2027-01-01\n")
    report = desk.text("name,arr,renewal_date\nACME ltd,2,2027-01-01\n")
    assert figures(report) == (0, 1, 0, 0)
    assert desk.rows("SELECT COUNT(*), MAX(search_name) FROM account") == [(1, "acme ltd")]


def test_a_row_without_a_name_is_kept_and_named_one_without_both_is_rejected(desk: Desk) -> None:
    report = desk.text(HEAD + "A1,,1,2027-01-01,,\n,,1,2027-01-01,,\n,Solo,1,2027-01-01,,\n")
    assert figures(report) == (2, 0, 0, 1)
    assert codes(report) == [(2, "name-missing"), (3, "id-missing")]
    assert desk.rows("SELECT id, name FROM account ORDER BY no") == [("A1", "A1"), ("solo", "Solo")]


def test_line_is_where_the_record_begins_also_after_cells_that_span_lines(desk: Desk) -> None:
    text = (
        'id,name,arr,renewal_date,csm\r\nA1,"Acme\r\nLtd\r\nNorth",1,2027-01-01,x\r\n'
        "A2,Bolt,zz,2027-01-01,y\r\n"
    )
    report = desk.text(text)
    assert codes(report) == [(5, "amount-unreadable")]
    assert desk.rows("SELECT source_line, name FROM account") == [(2, "Acme\r\nLtd\r\nNorth")]
    again = desk.text(text.replace(",x", ",z"))
    assert figures(again) == (0, 1, 0, 1)
    assert codes(again) == [(5, "amount-unreadable")]


def test_a_quotation_mark_that_is_never_closed_is_refused_by_its_line(desk: Desk) -> None:
    with pytest.raises(InputRefused, match=r"input\.csv:2") as caught:
        desk.text(HEAD + 'A1,"Acme,1,2027-01-01,,\nA2,Bolt,1,2027-01-01,,\n')
    assert caught.value.code == "quote-open"
    assert not desk.path.exists()


def test_rejected_rows_come_back_as_they_were_and_mend(desk: Desk) -> None:
    text = 'id,name,arr,renewal_date,remark\nA1,Acme,1,2027-01-01,\n=A2,"Bolt, Inc",1,soon,"a\nb"\n'
    rejects = str(desk.folder / "rejects.csv")
    desk.run(desk.file("input.csv", text), rejects=rejects)
    written = Path(rejects).read_text()
    assert written.splitlines()[0] == "id,name,arr,renewal_date,remark,renewctl_reason"
    assert "soon" in written
    mended = desk.run(desk.file("mended.csv", written.replace(",soon,", ",2027-02-02,"))).files[0]
    assert figures(mended) == (1, 0, 0, 0)
    assert desk.rows("SELECT id, name FROM account ORDER BY no") == [("A1", "Acme"), ("=A2", "Bolt, Inc")]


def test_rejects_never_overwrite_a_file_that_is_something_else(desk: Desk) -> None:
    precious = desk.file("notes.csv", "my,notes\n")
    with pytest.raises(InputRefused):
        desk.run(desk.file("input.csv", TWO), rejects=precious)
    assert Path(precious).read_text() == "my,notes\n"
    assert not desk.path.exists()


def test_strict_keeps_everything_out_when_one_row_is_rejected(desk: Desk) -> None:
    report = desk.run(desk.file("input.csv", TWO + "A3,Cog,1,soon,,\n"), strict=True)
    assert (report.applied, report.rejected) == (False, 1)
    assert not desk.path.exists()


def test_a_dry_run_tells_what_would_change_and_writes_nothing(desk: Desk) -> None:
    file = desk.file("input.csv", TWO)
    assert figures(desk.run(file, dry_run=True).files[0]) == (2, 0, 0, 0)
    assert not desk.path.exists()
    desk.run(file)
    before = desk.path.read_bytes()
    desk.file("input.csv", TWO.replace("12000", "15000"))
    assert figures(desk.run(file, dry_run=True).files[0]) == (0, 1, 1, 0)
    assert desk.path.read_bytes() == before


def test_a_refused_file_takes_back_what_the_others_of_the_command_brought(desk: Desk) -> None:
    good = desk.file("good.csv", TWO)
    bad = desk.file("bad.csv", "id,name,arr,renewal_date\nB1,Cog,1,03/04/2027\n")
    with pytest.raises(InputRefused) as caught:
        desk.run(good, bad)
    assert caught.value.code == "ambiguous-dates"
    assert not desk.path.exists()


def test_where_is_or_within_a_heading_and_and_across_headings(desk: Desk) -> None:
    text = "id,name,arr,renewal_date,Region,Tier\n" + "".join(
        f"{region}{tier},{region} {tier},1,2027-01-01,{region},{tier}\n"
        for region in ("EU", "US", "BR")
        for tier in ("1", "2")
    )
    report = desk.text(text, where=(("region", "eu"), ("Region", "BR"), ("Tier", "2")))
    assert figures(report) == (2, 0, 0, 0)
    assert (report.filtered, report.rows) == (4, 2)
    assert desk.rows("SELECT id FROM account ORDER BY id") == [("BR2",), ("EU2",)]


def test_a_field_can_be_pinned_left_out_and_nothing_else_matched(desk: Desk) -> None:
    text = "key,label,amount,due,csm\nA1,Acme,7,2027-01-01,Ana\n"
    pins = (("id", "key"), ("name", "label"), ("arr", "amount"), ("renewal_date", "due"))
    report = desk.text(text, pinned=pins, auto=False)
    assert report.mapping == {"id": "key", "name": "label", "arr": "amount", "renewal_date": "due"}
    assert "csm" not in desk.text(text, pinned=(*pins, ("csm", ""))).mapping
    with pytest.raises(UsageError):
        desk.text(text, pinned=(("nonsense", "key"),))


def test_missing_fields_are_named_and_may_be_left_out_on_purpose(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="arr") as caught:
        desk.text("id,name\nA1,Acme\n", kind="accounts")
    assert caught.value.code == "missing-fields"
    report = desk.text("id,name\nA1,Acme\n", kind="accounts", pinned=(("arr", ""), ("renewal_date", "")))
    assert figures(report) == (1, 0, 0, 0)
    assert desk.rows("SELECT COUNT(*) FROM contract") == [(0,)]


def test_full_lists_the_accounts_the_file_lacks_and_deletes_none(desk: Desk) -> None:
    desk.text(TWO)
    assert desk.text(HEAD + "A2,Bolt,,2027-04-30,Bo,\n", full=True).missing == ["A1"]
    assert desk.rows("SELECT COUNT(*) FROM account") == [(2,)]


def test_a_champion_who_left_is_gone_and_keeps_the_name(desk: Desk) -> None:
    head = "id,name,arr,renewal_date,champion\nA1,Acme,1,2027-01-01,"
    for cell, expected in (
        ("Ana", ("Ana", 0)),
        ("saiu", ("Ana", 1)),
        ("Rui (left)", ("Rui", 1)),
        ("Rui", ("Rui", 0)),
    ):
        desk.text(head + cell + "\n")
        assert desk.rows("SELECT champion, champion_gone FROM account") == [expected]


def test_a_severity_stands_since_the_day_it_first_became_so(desk: Desk) -> None:
    head = "id,name,arr,renewal_date,ticket_severity,csm\n"
    desk.text(head + "A1,Acme,1,2027-01-01,1,Ana\n")
    desk.text(head + "A1,Acme,1,2027-01-01,1,Bo\n", as_of=date(2026, 12, 1))
    assert desk.rows("SELECT ticket_severity, ticket_severity_on FROM account") == [(1, "2026-11-21")]
    desk.text(head + "A1,Acme,1,2027-01-01,2,Bo\n", as_of=date(2026, 12, 9))
    assert desk.rows("SELECT ticket_severity, ticket_severity_on FROM account") == [(2, "2026-12-09")]


def test_a_later_reading_holds_only_what_is_new_or_changed(desk: Desk) -> None:
    head = "id,name,arr,renewal_date,nps,csat\n"
    desk.text(head + "A1,Acme,1,2027-01-01,40,4\n")
    desk.text(head + "A1,Acme,1,2027-01-01,40,3\n", as_of=date(2026, 12, 1))
    assert desk.rows("SELECT read_on, nps, csat FROM health_reading ORDER BY read_on") == [
        ("2026-11-21", 40.0, 4.0),
        ("2026-12-01", None, 3.0),
    ]


def test_a_value_set_by_hand_stays_until_its_source_changes(desk: Desk) -> None:
    desk.text(TWO)
    desk.write("UPDATE contract SET arr_minor = 5 WHERE no = 1")
    desk.write("INSERT INTO pin VALUES ('contract', 1, 'arr_minor', '1200000')")
    assert figures(desk.text(TWO.replace("Ana", "Zoe"))) == (0, 1, 1, 0)
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(5,)]
    report = desk.text(TWO.replace("12000", "15000"))
    assert codes(report) == [(2, "set-by-hand-replaced")]
    assert desk.rows("SELECT arr_minor FROM contract WHERE no = 1") == [(1_500_000,)]
    assert desk.rows("SELECT COUNT(*) FROM pin") == [(0,)]


def test_an_amount_without_a_currency_is_in_the_one_already_known(desk: Desk) -> None:
    desk.text("id,name,arr,currency,renewal_date\nA1,Acme,100,EUR,2027-01-01\n")
    desk.text("id,name,arr,renewal_date\nA1,Acme,200,2027-01-01\n")
    assert desk.rows("SELECT arr_minor, currency FROM contract") == [(20_000, "EUR")]


def test_many_contracts_per_account_in_an_accounts_file(desk: Desk) -> None:
    text = (
        "id,name,contract_id,arr,renewal_date,csm\n"
        "A1,Acme,K1,100,2027-01-01,Ana\nA1,Acme,K2,200,2027-02-01,Ana\nA2,Bolt,K3,300,2027-03-01,Bo\n"
    )
    assert figures(desk.text(text)) == (3, 0, 0, 0)
    assert desk.rows("SELECT COUNT(*) FROM account") == [(2,)]
    assert desk.rows("SELECT id, account_no, implied FROM contract ORDER BY id") == [
        ("K1", 1, 0),
        ("K2", 1, 0),
        ("K3", 2, 0),
    ]
    assert figures(desk.text(text.replace("200", "250"))) == (0, 1, 2, 0)


@pytest.mark.parametrize("order", [1, -1])
def test_contracts_a_file_names_supersede_the_implied_one_in_any_order(desk: Desk, order: int) -> None:
    files = [
        desk.file("accounts.csv", TWO),
        desk.file(
            "contracts.csv",
            "id,account_id,arr,renewal_date\nK1,A1,5000,2027-06-30\nK9,A9,1,2027-01-01\n",
        ),
    ]
    for file in files[::order]:
        desk.run(file, kind=Path(file).stem)
    assert desk.rows(
        "SELECT contract.id FROM contract JOIN account ON account.no = account_no "
        "WHERE account.id = 'A1' AND state = 'open'"
    ) == [("K1",)]
    assert desk.rows("SELECT name FROM account WHERE id = 'A9'") == [("A9",)]


def test_an_unknown_account_is_created_under_its_id_and_named(desk: Desk) -> None:
    report = desk.text("id,account_id,arr,renewal_date\nK1,A9,1,2027-01-01\n", kind="contracts")
    assert codes(report) == [(2, "account-unknown")]
    assert figures(report) == (1, 0, 0, 0)


def test_health_in_pairs_and_in_columns_says_the_same(desk: Desk, tmp_path: Path) -> None:
    pairs = "account_id,date,input,value\nA1,2026-11-01,nps,40\nA1,2026-11-01,csat,4.5\n"
    columns = "account_id,date,nps,csat\nA1,2026-11-01,40,4.5\n"
    assert figures(desk.text(pairs, kind="health"))[3] == 0
    (tmp_path / "b").mkdir()
    other = Desk(tmp_path / "b")
    other.text(columns, kind="health")
    assert desk.dump() == other.dump()
    assert figures(desk.text(columns, kind="health")) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("name", "expected", "again"),
    [
        ("accounts.csv", (5, 0, 0, 0), (0, 0, 5, 0)),
        ("contas.csv", (4, 0, 0, 0), (0, 0, 4, 0)),
        ("contracts.csv", (4, 0, 0, 0), (0, 0, 4, 0)),
        ("health.csv", (4, 0, 0, 0), (0, 0, 4, 0)),
        ("stakeholders.csv", (3, 0, 0, 0), (0, 0, 3, 0)),
        ("value.csv", (3, 0, 0, 0), (0, 0, 3, 0)),
        ("outcomes.csv", (3, 0, 0, 0), (0, 0, 3, 0)),
        ("messy.csv", (7, 0, 1, 3), (0, 0, 8, 3)),
    ],
)
def test_every_example_imports_and_again_changes_nothing(
    desk: Desk, name: str, expected: tuple[int, ...], again: tuple[int, ...]
) -> None:
    file = str(EXAMPLES / name)
    assert figures(desk.run(file).files[0]) == expected
    facts = desk.dump()
    assert figures(desk.run(file).files[0]) == again
    assert desk.dump() == facts


def test_the_portuguese_example_is_read_as_it_is_written(desk: Desk) -> None:
    report = desk.run(str(EXAMPLES / "contas.csv")).files[0]
    assert report.dialect == {"encoding": "cp1252", "delimiter": ";", "date_order": "dmy", "decimal": ","}
    assert report.skipped_lines == [1, 2, 8, 9]
    assert desk.rows("SELECT id, arr_minor, currency, renewal_on FROM contract ORDER BY no LIMIT 2") == [
        ("C-10", 6_123_320, "BRL", "2026-12-31"),
        ("C-11", 1_134_000_066, "BRL", "2027-03-05"),
    ]
    assert desk.rows("SELECT champion_gone FROM account WHERE id = 'C-10'") == [(1,)]


def test_the_messy_example_names_each_thing_by_its_physical_line(desk: Desk) -> None:
    report = desk.run(str(EXAMPLES / "messy.csv")).files[0]
    assert sorted(report.skipped_lines) == [1, 2, 3, 16, 18, 19, 20, 21]
    assert codes(report) == [
        (8, "amount-unknown"),
        (9, "date-unreadable"),
        (10, "name-missing"),
        (11, "bool-unreadable"),
        (11, "number-out-of-range"),
        (12, "duplicate-id"),
        (13, "duplicate-id"),
    ]


CELLS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Acme", "Bolt", "Cog", "=x", "a,b", 'q"q', "l\nl", ""]),
        "arr": st.sampled_from(["", "0", "100", "2500.50", "zz", "USD 5"]),
        "on": st.sampled_from(["", "2027-01-31", "2027-12-01", "soon"]),
        "nps": st.sampled_from(["", "5", "-20", "900"]),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(CELLS, min_size=1, max_size=6),
    second=st.lists(CELLS, min_size=1, max_size=6),
)
def test_by_changed_lines_or_read_whole_the_portfolio_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    """The remembered lines are a short cut: without them everything must come out alike."""
    ends = []
    for forgetful in (False, True):
        desk = Desk(tmp_path_factory.mktemp("road"))
        desk.text(_csv(first))
        if forgetful and desk.path.exists():
            desk.write("DELETE FROM source")
        report = desk.text(_csv(second))
        held = desk.dump() if desk.path.exists() else []
        ends.append((held, figures(report), codes(report)))
    assert ends[0] == ends[1]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, min_size=1, max_size=8), repeat=st.booleans())
def test_importing_twice_changes_nothing_and_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], repeat: bool
) -> None:
    desk = Desk(tmp_path_factory.mktemp("twice"))
    text = _csv(rows, same_id=repeat)
    report = desk.text(text)
    assert report.rows == len(rows) - sum(1 for line in report.skipped_lines if line)
    before = desk.dump() if desk.path.exists() else []
    again = desk.text(text)
    assert (again.inserted, again.updated) == (0, 0)
    assert again.rejected == report.rejected
    assert (desk.dump() if desk.path.exists() else []) == before


def _csv(rows: list[dict[str, str]], *, same_id: bool = False) -> str:
    from renewctl.store.files import csv_text

    table = [["id", "name", "arr", "renewal_date", "nps"]]
    for at, row in enumerate(rows):
        table.append([f"A{at % 2 if same_id else at}", row["name"], row["arr"], row["on"], row["nps"]])
    text = csv_text(table)
    assert re.match("id,", text)
    return text


CONTRACTS = "id,account_id,arr,renewal_date\n"


def test_a_contracts_row_that_says_what_was_implied_changes_nothing(desk: Desk) -> None:
    desk.text(TWO)
    before = desk.dump()
    report = desk.run(desk.file("contracts.csv", CONTRACTS + "A1,A1,12000,2027-03-31\n")).files[0]
    assert figures(report) == (0, 0, 1, 0)
    assert desk.dump() == before
    assert desk.rows("SELECT id, state, implied FROM contract WHERE id = 'A1'") == [("A1", "open", 1)]


def test_a_contracts_row_that_says_otherwise_makes_the_implied_contract_one_of_its_own(desk: Desk) -> None:
    desk.text(TWO)
    report = desk.run(desk.file("contracts.csv", CONTRACTS + "A1,A1,13000,2027-03-31\n")).files[0]
    assert figures(report) == (0, 1, 0, 0)
    assert desk.rows("SELECT arr_minor, state, implied FROM contract WHERE id = 'A1'") == [
        (1_300_000, "open", 0)
    ]


@pytest.mark.parametrize("padding", [0, 5000])
def test_an_implied_contract_that_the_file_names_stays_beside_another(desk: Desk, padding: int) -> None:
    desk.text(TWO)
    between = "".join(f"P{n},A2,1,2027-01-01\n" for n in range(padding))
    first = CONTRACTS + "A1,A1,12000,2027-03-31\n" + between
    desk.run(desk.file("contracts.csv", first))
    report = desk.run(desk.file("contracts.csv", first + "A1-2,A1,5,2027-06-30\n")).files[0]
    assert figures(report) == (1, 0, padding + 1, 0)
    states = desk.rows("SELECT c.id, c.state FROM contract c WHERE c.account_no = 1 ORDER BY c.id")
    assert states == [("A1", "open"), ("A1-2", "open")]


def test_an_implied_contract_gives_way_to_those_a_file_names_without_it(desk: Desk) -> None:
    desk.text(TWO)
    desk.run(desk.file("contracts.csv", CONTRACTS + "C9,A1,5,2027-06-30\n"))
    assert desk.rows("SELECT id, state FROM contract WHERE account_no = 1 ORDER BY id") == [
        ("A1", "superseded"),
        ("C9", "open"),
    ]


def test_an_outcome_keeps_the_cycle_it_closed_when_its_file_comes_again(desk: Desk) -> None:
    desk.text(TWO)
    head = "account_id,contract_id,closed_on,result,arr_before\n"
    desk.run(desk.file("outcomes.csv", head + "A1,A1,2026-03-31,won,USD 12000\n"), kind="outcomes")
    assert desk.rows("SELECT cycle FROM outcome") == [(1,)]
    desk.write("UPDATE outcome SET cycle = 3")
    again = desk.run(desk.file("again.csv", head + "A1,A1,2026-03-31,won,USD 12000\n"), kind="outcomes")
    assert figures(again.files[0]) == (0, 0, 1, 0)
    assert desk.rows("SELECT cycle FROM outcome") == [(3,)]


def test_the_agenda_filled_along_a_first_import_is_the_one_computed_from_what_is_stored(desk: Desk) -> None:
    statuses = ("active", "churned", "", "prospect")
    rows = [
        f"A{n},Company {n},{statuses[n % 4]},{'' if n % 7 == 0 else n * 1700},{('USD', 'BRL', 'XAF')[n % 3]},"
        f"{'' if n % 11 == 0 else f'2027-{n % 12 + 1:02}-{n % 28 + 1:02}'},{('yes', 'no')[n % 2]},"
        f"{('', '30', '90')[n % 3]},{'tech_touch' if n % 13 == 0 else ''}\n"
        for n in range(1, 400)
    ]
    head = "id,name,status,arr,currency,renewal_date,auto_renew,notice_days,segment_override\n"
    report = desk.text(head + "".join(rows))
    assert report.inserted == 399
    filled = desk.rows("SELECT * FROM agenda ORDER BY contract_no")
    indexes = desk.indexes()
    assert 50 < len(filled) < 399
    with open_portfolio(str(desk.path)) as portfolio, portfolio.write("test", "ana", AS_OF) as operation:
        agenda.refresh(portfolio, load_policy(None), AS_OF)
        operation.count = 1
    assert desk.rows("SELECT * FROM agenda ORDER BY contract_no") == filled
    assert desk.indexes() == indexes


def test_every_index_of_the_schema_is_there_after_a_first_import(desk: Desk) -> None:
    desk.text(TWO)
    schema = (Path(agenda.__file__).with_name("schema.sql")).read_text(encoding="utf-8")
    wanted = sorted(re.findall(r"CREATE INDEX (\w+)", schema))
    assert desk.indexes() == wanted


_ODD = [
    "",
    "0",
    "-1",
    "1",
    "12",
    "31",
    "2027-02-29",
    "2027-02-28",
    "0001-01-01",
    "yes",
    "maybe",
    "-0.4",
    "1e3",
    "x",
]


@pytest.mark.file_only("only SQLite lets bulk rows pass over constraints")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(st.sampled_from(_ODD), min_size=11, max_size=11), min_size=1, max_size=6))
def test_whatever_cells_hold_rows_written_in_bulk_break_no_constraint(
    desk: Desk, rows: list[list[str]]
) -> None:
    desk.path.unlink(missing_ok=True)
    head = (
        "id,name,arr,expansion_arr,renewal_date,term_months,notice_days,auto_renew,payment_on_file,strategic,"
        "cancel_notice_date,open_tickets\n"
    )
    lines = [f"A{at},{','.join(cells)}\n" for at, cells in enumerate(rows)]
    desk.text(head + "Z,Zed,1,,2027-03-31,,,,,,,\n" + "".join(lines), date_order="dmy", decimal=".")
    assert desk.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file_only("only SQLite lets bulk rows pass over constraints")
def test_the_check_of_constraints_sees_a_row_that_breaks_one(desk: Desk) -> None:
    desk.text(TWO)
    with open_portfolio(str(desk.path)) as portfolio:
        portfolio.execute("PRAGMA ignore_check_constraints = ON")
        portfolio.execute("UPDATE contract SET notice_days = -1 WHERE no = 1")
        portfolio.execute("PRAGMA ignore_check_constraints = OFF")
        assert portfolio.rows("PRAGMA integrity_check") == [("CHECK constraint failed in contract",)]


def _amounts(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("SELECT id, arr_minor, currency FROM contract ORDER BY no")


@pytest.mark.parametrize("rows_before", [0, 5000], ids=["at once", "far down"])
def test_a_bare_amount_is_in_the_one_currency_its_column_carries(desk: Desk, rows_before: int) -> None:
    text = "id,name,arr,renewal_date\n"
    text += "".join(f"B{at},Bare {at},7,2027-01-01\n" for at in range(rows_before))
    text += 'A1,Acme,"48.000,00",2027-01-01\nA2,Bolt,"R$ 48.000,00",2027-01-01\n'
    assert desk.text(text).problems == []
    assert _amounts(desk)[-2:] == [("A1", 4_800_000, "BRL"), ("A2", 4_800_000, "BRL")]
    assert {code for _, _, code in _amounts(desk)} == {"BRL"}
    desk.text(text.replace("A1,Acme", "A1,Acme Inc"))  # one line is read again
    assert {code for _, _, code in _amounts(desk)} == {"BRL"}


def test_a_bare_amount_among_several_currencies_is_refused_with_the_option_that_settles_it(
    desk: Desk,
) -> None:
    text = "id,name,arr,renewal_date\nA1,Acme,R$ 500,2027-01-01\nA2,Bolt,€ 500,2027-01-01\n"
    report = desk.text(text + "A3,Cog,500,2027-01-01\n")
    assert (codes(report), report.rejected) == ([(4, "currency-unknown")], 1)
    assert "--currency" in report.problems[0].message
    assert _amounts(desk) == [("A1", 50_000, "BRL"), ("A2", 50_000, "EUR")]


def test_a_second_currency_that_comes_with_a_changed_line_is_seen_against_the_whole_column(
    desk: Desk,
) -> None:
    text = "id,name,arr,renewal_date\nA1,Acme,R$ 500,2027-01-01\nA2,Bolt,500,2027-01-01\n"
    assert desk.text(text).problems == []
    report = desk.text(text + "A3,Cog,€ 500,2027-01-01\n")
    assert codes(report) == [(3, "currency-unknown")]


def test_a_currency_column_or_option_speaks_before_the_signs_of_the_column(desk: Desk) -> None:
    text = "id,name,arr,currency,renewal_date\nA1,Acme,R$ 500,BRL,2027-01-01\nA2,Bolt,500,EUR,2027-01-01\n"
    assert desk.text(text).problems == []
    assert [code for _, _, code in _amounts(desk)] == ["BRL", "EUR"]
    plain = "id,name,arr,renewal_date\nC1,Cog,500,2027-01-01\n"
    desk.text(plain)
    desk.text(plain.replace("C1,Cog", "C2,Dot"), currency="CAD")
    assert [code for _, _, code in _amounts(desk)][2:] == ["USD", "CAD"]
