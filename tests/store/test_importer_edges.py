"""Records that say the same in two ways, leave something out, or meet what another file brought."""

import gc
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from renewctl.errors import InputRefused, PortfolioError, UsageError
from renewctl.store import importer_contracts, importer_guard, importer_lines
from renewctl.store.importer_apply import Writer, row_of
from renewctl.store.importer_report import FileReport, ImportReport
from renewctl.store.importer_run import paused_gc
from renewctl.store.portfolio import open_portfolio
from tests.store.importing import AS_OF, Desk, codes, figures


class _Desk(Desk):
    """One at which files of accounts may leave out ARR and renewal dates."""

    def run(self, *files: str, as_of: date = AS_OF, **options: Any) -> ImportReport:
        """Import files under options."""
        if options.get("kind", "accounts") == "accounts":
            said = b"".join(Path(file).read_bytes() for file in files)
            lacks = tuple((each, "") for each in ("arr", "renewal_date") if each.encode() not in said)
            options["pinned"] = lacks
        return super().run(*files, as_of=as_of, **options)


@pytest.fixture
def desk(tmp_path: Path, engine: str) -> Desk:
    return _Desk(tmp_path)


# --- accounts ---------------------------------------------------------------------------------------


def test_a_record_without_an_id_is_of_the_one_account_of_that_name(desk: Desk) -> None:
    desk.text("id,name,csm\nA1,Acme,Ana\nT1,Twin,Tom\nT2,Twin,Tim\n")
    report = desk.text("name,csm\nAcme,Bo\nTwin,Zoe\n")
    assert figures(report) == (1, 1, 0, 0)
    assert desk.rows("SELECT id, name, csm FROM account ORDER BY no") == [
        ("A1", "Acme", "Bo"),
        ("T1", "Twin", "Tom"),
        ("T2", "Twin", "Tim"),
        ("twin", "Twin", "Zoe"),  # which of the two is meant nobody can tell
    ]


def test_records_with_neither_id_nor_name_are_rejected_where_there_are_no_others(desk: Desk) -> None:
    report = desk.text("id,name,arr\n,,100\n,,200\n")
    assert (figures(report), codes(report)) == ((0, 0, 0, 2), [(2, "id-missing"), (3, "id-missing")])
    assert not desk.path.exists()


def test_of_two_records_of_one_account_under_its_id_and_its_name_the_later_is_rejected(desk: Desk) -> None:
    desk.text("id,name,csm\nA1,Acme,Ana\n")
    report = desk.text("id,name,csm\nA1,Acme,Bo\n,Acme,Zoe\n")
    assert (figures(report), codes(report)) == ((0, 1, 0, 1), [(3, "duplicate-id")])
    assert desk.rows("SELECT csm FROM account") == [("Bo",)]


def test_an_amount_in_another_currency_than_the_accounts_first_is_dropped_and_named(desk: Desk) -> None:
    report = desk.text("id,name,arr,expansion_arr,target_arr\nA1,Acme,$100,€50,$200\nA2,Bolt,€1,€2,€3\n")
    assert codes(report) == [(2, "currency-conflict")]
    assert "in EUR, while the account is in USD" in report.problems[0].message
    assert desk.rows("SELECT currency, expansion_minor, target_arr_minor FROM account ORDER BY no") == [
        ("USD", None, 20_000),
        ("EUR", 200, 300),
    ]


MANY = "id,name,csm,contract id,arr,renewal_date\n"


def test_the_facts_of_an_account_are_those_of_its_first_line_and_others_are_named(desk: Desk) -> None:
    text = MANY + "A1,Acme,Ana,K1,100,2027-01-01\nA1,Acme,Bo,K2,200,2027-02-01\nA1,Acme,,K3,1,2027-02-01\n"
    report = desk.text(text, kind="accounts")
    assert (figures(report), codes(report)) == ((3, 0, 0, 0), [(3, "account-differs")])
    assert "account A1 has Ana from its first line" in report.problems[0].message
    assert desk.rows("SELECT csm FROM account") == [("Ana",)]
    changed = desk.text(text.replace("Ana", "Zoe"), kind="accounts")
    assert (figures(changed), codes(changed)) == ((0, 1, 2, 0), [(3, "account-differs")])
    assert desk.rows("SELECT csm FROM account") == [("Zoe",)]


def test_a_segment_that_a_file_gives_or_takes_back_has_its_reason_with_it(desk: Desk) -> None:
    text = "id,name,segment_override\nA1,Acme,{}\n"
    desk.text(text.format(""))
    assert desk.rows("SELECT segment_override, segment_reason FROM account") == [(None, None)]
    desk.text(text.format("enterprise"))
    found = desk.rows("SELECT segment_override, segment_reason FROM account")
    assert found == [("enterprise", "given by the imported file")]
    desk.text(text.format(""), clear_blanks=True)
    assert desk.rows("SELECT segment_override, segment_reason FROM account") == [(None, None)]


def test_a_sign_below_a_blank_currency_tells_the_currency_of_its_own_amount(desk: Desk) -> None:
    report = desk.text("id,name,arr,currency\nA1,Acme,10,USD\nA2,Bolt,€20,\nA3,Cog,30,BRL\n")
    assert (figures(report), codes(report)) == ((3, 0, 0, 0), [])
    assert desk.rows("SELECT arr_minor, currency FROM contract ORDER BY no") == [
        (1000, "USD"),
        (2000, "EUR"),
        (3000, "BRL"),
    ]


# --- contracts --------------------------------------------------------------------------------------


def test_an_implied_contract_finds_a_free_id_whatever_others_took(desk: Desk) -> None:
    head = "id,account_id,arr,renewal_date\n"
    desk.text(head + "A1,B9,1,2027-01-01\nA1/renewal,B9,2,2027-01-01\nA2,B9,3,2027-01-01\n", kind="contracts")
    text = "id,name,arr,renewal_date\nA1,Acme,{},2027-03-31\nA2,Bolt,200,2027-03-31\nA2/renewal,Cog,300,\n"
    assert figures(desk.text(text.format(100))) == (3, 0, 0, 0)
    own = "SELECT c.id, c.arr_minor FROM contract c JOIN account a ON a.no = c.account_no WHERE a.id = ?"
    assert desk.rows(own, "A1") == [("A1/renewal-2", 10_000)]
    assert desk.rows(own, "A2") == [("A2/renewal-2", 20_000)]
    assert desk.rows(own, "A2/renewal") == [("A2/renewal", 30_000)]
    assert figures(desk.text(text.format(150))) == (0, 1, 2, 0)
    assert desk.rows(own, "A1") == [("A1/renewal-2", 15_000)]


def test_terms_that_come_to_a_known_account_find_a_free_id_too(desk: Desk) -> None:
    head = "id,account_id,arr,renewal_date\n"
    desk.text("id,name\nA1,Acme\n")
    desk.text(head + "A1,B9,1,2027-01-01\nA1/renewal,B9,2,2027-01-01\n", kind="contracts")
    assert figures(desk.text("id,name,arr\nA1,Acme,100\n")) == (0, 1, 0, 0)
    assert desk.rows("SELECT arr_minor FROM contract WHERE id = 'A1/renewal-2'") == [(10_000,)]


def test_contracts_find_their_account_by_its_name_unless_two_have_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer_contracts, "_KNOWN", 1)  # however few are kept at hand
    desk.text("id,name\nA1,Acme\nT1,Twin\nT2,Twin\n")
    lines = [f"K{at},{'acme' if at % 2 else 'A1'},100,2027-01-01" for at in range(4100)]
    text = "contract_id,account_id,arr,renewal_date\n" + "\n".join(lines) + "\nKT,Twin,5,2027-01-01\n"
    report = desk.text(text, kind="contracts")
    assert (figures(report), codes(report)) == ((4101, 0, 0, 0), [(4102, "account-unknown")])
    found = desk.rows(
        "SELECT a.id, COUNT(*) FROM contract c JOIN account a ON a.no = c.account_no GROUP BY a.id ORDER BY 1"
    )
    assert found == [("A1", 4100), ("Twin", 1)]


def test_a_contract_of_no_account_is_rejected_and_the_others_are_taken(desk: Desk) -> None:
    report = desk.text(
        "contract_id,account_id,arr,renewal_date\nK1,A1,1,2027-01-01\nK2,,2,2027-01-01\n", kind="contracts"
    )
    assert (figures(report), [each for each in codes(report) if each[0] == 3]) == (
        (1, 0, 0, 1),
        [(3, "account-missing")],
    )
    assert desk.rows("SELECT id FROM contract") == [("K1",)]


def test_a_contract_named_by_its_id_and_by_its_account_comes_in_once(desk: Desk) -> None:
    head = "contract_id,account_id,arr,renewal_date\n"
    first = desk.text(head + "A1,A1,100,2027-01-01\n", kind="contracts")
    again = desk.text(head + "A1,A1,200,2027-01-01\n,A1,300,2027-01-01\n", kind="contracts")
    assert (figures(first), figures(again)) == ((1, 0, 0, 0), (0, 1, 0, 1))
    assert (3, "duplicate-id") in codes(again)
    assert desk.rows("SELECT id, arr_minor FROM contract") == [("A1", 20_000)]


# --- facts ------------------------------------------------------------------------------------------


def test_a_fact_without_what_tells_it_from_others_is_rejected_under_its_heading(desk: Desk) -> None:
    people = "account_id,name,email\n,Maria,m@example.com\nA1,,o@example.com\n,,\n"
    report = desk.text(people, kind="stakeholders")
    assert figures(report) == (0, 0, 0, 2)
    assert codes(report) == [(2, "account-id-missing"), (3, "name-missing")]
    assert [each.message for each in report.problems] == ["account_id is blank", "name is blank"]
    health = desk.text("account_id,date,nps\n,2026-11-01,40\n", kind="health")
    assert (figures(health), codes(health)) == ((0, 0, 0, 1), [(2, "account-id-missing")])


def test_a_person_named_twice_with_other_facts_is_taken_from_the_first_line(desk: Desk) -> None:
    desk.text("id,name\nA1,Acme\n")
    head = "account_id,name,email,role,sentiment\n"
    report = desk.text(
        head + "A1,Maria,m@example.com,user,positive\nAcme,Maria Lima,M@example.com,legal,\n",
        kind="stakeholders",
    )
    assert (figures(report), codes(report)) == ((1, 0, 0, 1), [(3, "duplicate-id")])
    assert desk.rows("SELECT name, role FROM stakeholder") == [("Maria", "user")]


def test_what_is_new_about_a_person_is_written_and_the_rest_stays(desk: Desk) -> None:
    head = "account_id,name,email,role,sentiment\n"
    desk.text(head + "A1,Maria,m@example.com,user,positive\n", kind="stakeholders")
    report = desk.text(head + "A1,Maria,m@example.com,,negative\n", kind="stakeholders")
    assert figures(report) == (0, 1, 0, 0)
    assert desk.rows("SELECT name, role, sentiment FROM stakeholder") == [("Maria", "user", "negative")]
    again = desk.text(head + "A1,Maria,m@example.com,,negative\n", kind="stakeholders", full=True)
    assert (figures(again), again.missing) == ((0, 0, 1, 0), [])


def test_a_list_of_churned_customers_tells_losses(desk: Desk) -> None:
    report = desk.text("account_id,churn date,reason\nA1,2026-05-01,price\n", kind="outcomes")
    assert figures(report) == (1, 0, 0, 0)
    assert "no result column: every row is taken as lost" in report.notes
    assert desk.rows("SELECT result, closed_on FROM outcome") == [("lost", "2026-05-01")]


def test_a_list_of_closings_says_how_each_ended(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="result"):
        desk.text("account_id,closed on,reason\nA1,2026-05-01,price\n", kind="outcomes")
    report = desk.text("account_id,closed_on,result\nA1,2026-05-01,won\nA2,2026-05-01,\n", kind="outcomes")
    assert (figures(report), codes(report)[-1]) == ((1, 0, 0, 1), (3, "result-missing"))
    assert desk.rows("SELECT result FROM outcome") == [("won",)]


def test_an_outcome_is_of_the_contract_it_names_or_of_the_only_one(desk: Desk) -> None:
    desk.text("id,name,arr,renewal_date\nA1,Acme,100,2027-01-01\nB2,Bolt,200,2027-02-01\n")
    desk.text("contract_id,account_id,arr,renewal_date\nK1,A1,100,2027-01-01\n", kind="contracts")
    head = "account_id,contract_id,closed_on,result\n"
    desk.text(head + "A1,,2026-05-01,won\nA1,B2,2026-06-01,won\nB2,B2,2026-07-01,won\n", kind="outcomes")
    found = desk.rows(
        "SELECT o.closed_on, c.id FROM outcome o LEFT JOIN contract c ON c.no = o.contract_no ORDER BY 1"
    )
    # the implied contract of A1 gave way to K1, and B2 is another account's
    assert found == [("2026-05-01", "K1"), ("2026-06-01", None), ("2026-07-01", "B2")]


def test_a_health_record_that_holds_no_input_is_rejected(desk: Desk) -> None:
    desk.text("id,name\nA1,Acme\n")
    report = desk.text("account_id,date,nps,csat\nA1,2026-11-01,,\nA1,2026-11-02,5,\n", kind="health")
    assert (figures(report), codes(report)) == ((1, 0, 0, 1), [(2, "nothing-read")])
    assert [(each.line, each.reason) for each in report.rejects] == [(2, "holds no health input")]
    assert desk.rows("SELECT read_on, nps FROM health_reading") == [("2026-11-02", 5.0)]


def test_an_input_read_twice_on_one_day_is_unchanged_when_equal_and_rejected_when_not(desk: Desk) -> None:
    desk.text("id,name\nA1,Acme\n")
    text = "account_id,date,nps\nA1,2026-11-01,40\nAcme,2026-11-01,40\nA1,,7\nAcme,2026-11-21,8\n"
    report = desk.text(text, kind="health")
    assert figures(report) == (2, 0, 1, 1)
    assert [(each.line, each.reason) for each in report.rejects] == [
        (5, f"nps of {AS_OF} came on an earlier line")
    ]
    assert desk.rows("SELECT read_on, nps FROM health_reading ORDER BY 1") == [
        ("2026-11-01", 40.0),
        ("2026-11-21", 7.0),
    ]


def test_a_worse_ticket_alone_is_a_change_of_the_account(desk: Desk) -> None:
    text = "account_id,date,nps,ticket_severity\nA1,2026-11-01,40,{}\n"
    desk.text(text.format(3), kind="health")
    report = desk.text(text.format(1), kind="health", as_of=date(2026, 11, 25))
    assert figures(report) == (0, 1, 0, 0)
    assert desk.rows("SELECT ticket_severity, ticket_severity_on FROM account") == [(1, "2026-11-25")]


# --- what the file is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"sheet": "Accounts"}, "no-sheets"),
        ({"encoding": "klingon"}, "unknown-encoding"),
        ({"where": (("Region", "EU"),)}, "unknown-heading"),
        ({"delimiter": "::"}, "bad-delimiter"),
        ({"delimiter": '"'}, "bad-delimiter"),
    ],
)
def test_an_option_that_does_not_fit_the_file_is_refused(
    desk: Desk, options: dict[str, object], code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        desk.text("id,name,arr\nA1,Acme,1\n", **options)
    assert caught.value.code == code
    assert not desk.path.exists()


@pytest.mark.parametrize(("said", "mark"), [("tab", "\t"), ("pipe", "|"), ("#", "#")])
def test_a_delimiter_can_be_given_by_its_name_or_as_it_is(desk: Desk, said: str, mark: str) -> None:
    text = "id,name,csm\nA1,Acme; Ltd,Ana\n".replace(",", mark)
    assert figures(desk.text(text, delimiter=said)) == (1, 0, 0, 0)
    assert desk.rows("SELECT id, name, csm FROM account") == [("A1", "Acme; Ltd", "Ana")]


def test_a_file_without_known_headings_or_with_a_second_table_is_refused(desk: Desk) -> None:
    with pytest.raises(InputRefused) as caught:
        desk.text("1,2,3\n4,5,6\n")
    assert caught.value.code == "no-heading"
    with pytest.raises(InputRefused) as caught:
        desk.text(
            "id,name,arr,csm\nA1,Acme,1,Ana\n\nname,renewal date,id,health score\nBolt,2027-01-01,B1,5\n"
        )
    assert caught.value.code == "second-table"
    assert ":4: " in caught.value.message
    assert not desk.path.exists()


@pytest.mark.parametrize("above", ["", "Customers\n\n"])
def test_headings_without_records_bring_nothing(desk: Desk, above: str) -> None:
    report = desk.text(above + "id,name,arr\n")
    assert (figures(report), report.skipped_lines) == ((0, 0, 0, 0), [1, 2] if above else [])
    assert not desk.path.exists()


def test_a_record_with_more_cells_than_headings_is_rejected_and_a_shorter_one_is_blank_there(
    desk: Desk,
) -> None:
    report = desk.text("id,name,csm\nA1,Acme,Ana,,\nA2,Bolt\nA3,Cog,Ana,extra\n")
    assert (figures(report), codes(report)) == ((2, 0, 0, 1), [(4, "row-shape")])
    assert report.rejects[0].reason == "4 cells under 3 headings"
    assert desk.rows("SELECT id, csm FROM account ORDER BY no") == [("A1", "Ana"), ("A2", None)]


def test_the_same_bad_row_twice_is_rejected_twice(desk: Desk) -> None:
    report = desk.text("id,name,renewal_date\nA1,Acme,soon\nA1,Acme,soon\nA2,Bolt,2027-01-01\n")
    assert (figures(report), [each.line for each in report.rejects]) == ((1, 0, 0, 2), [2, 3])


# --- rejected rows ----------------------------------------------------------------------------------

BAD = "id,name,renewal_date\nA1,Acme,soon\n"


def test_a_rejects_file_is_written_over_by_a_later_one_and_not_where_nothing_was_rejected(desk: Desk) -> None:
    name = str(desk.folder / "rejects.csv")
    desk.text(BAD, rejects=name)
    first = Path(name).read_text(encoding="utf-8")
    report = desk.run(
        desk.file("good.csv", "id,name,renewal_date\nB1,Bolt,2027-01-01\n"),
        desk.file("bad.csv", BAD.replace("A1", "A7")),
        rejects=name,
    )
    assert report.rejects_file == name
    assert Path(name).read_text(encoding="utf-8") == first.replace("A1", "A7")
    none = desk.run(desk.file("fine.csv", "id,name\nC1,Cog\n"), rejects=str(desk.folder / "none.csv"))
    assert none.rejects_file is None
    assert not (desk.folder / "none.csv").exists()


def test_rejects_go_to_no_folder_link_or_place_that_is_not_there(desk: Desk) -> None:
    (desk.folder / "link.csv").symlink_to(desk.folder / "elsewhere.csv")
    for name, code in ((".", "not-a-file"), ("link.csv", "not-a-file"), ("no/where.csv", "folder-missing")):
        with pytest.raises(InputRefused) as caught:
            desk.text(BAD, rejects=str(desk.folder / name))
        assert caught.value.code == code
    assert not desk.path.exists()


def test_rejected_rows_of_files_with_other_headings_do_not_go_into_one_file(desk: Desk) -> None:
    other = desk.file("other.csv", "id,name,csm,renewal_date\nB1,Bolt,Bo,soon\n")
    with pytest.raises(InputRefused) as caught:
        desk.run(desk.file("bad.csv", BAD), other, rejects=str(desk.folder / "rejects.csv"))
    assert caught.value.code == "rejects-differ"
    alike = desk.file("alike.csv", BAD.replace("A1", "B1"))  # the control
    report = desk.run(desk.file("bad.csv", BAD), alike, rejects=str(desk.folder / "rejects.csv"))
    written = Path(report.rejects_file or "").read_text(encoding="utf-8").splitlines()
    assert [line[:2] for line in written] == ["id", "A1", "B1"]


# --- by changed lines -------------------------------------------------------------------------------

BOOK = "id,name,csm\nA1,Acme,Ana\nA2,Bolt,Ana\n"


def _ends_as_if_read_whole(desk: Desk, before: bytes, after: bytes) -> None:
    """That a second import by changed lines ends as one that remembers nothing."""
    found = []
    for forgetful in (False, True):
        (desk.folder / str(forgetful)).mkdir()
        own = _Desk(desk.folder / str(forgetful))
        own.text(before)
        if forgetful:
            own.write("DELETE FROM source")
        found.append((figures(own.text(after)), own.dump()))
    assert found[0] == found[1]
    assert found[0][0][1] == 1


@pytest.mark.parametrize(
    "coded",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r").encode(),  # as old Macs ended lines
        lambda text: text.replace("Acme", 'Acme "the" Co').encode(),
        lambda text: text.replace("Acme", 'Acme 5"').encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["UTF-16", "carriage returns", "stray quotation marks", "one that is stray", "no last line end"],
)
def test_a_changed_line_is_read_alike_however_its_file_is_written(desk: Desk, coded) -> None:
    _ends_as_if_read_whole(
        desk, coded(BOOK), coded(BOOK.replace("Acme,Ana", "Acme,Bo").replace('Acme"', 'A"'))
    )


@pytest.mark.parametrize(("limit", "value"), [("_MOST_CHANGED", 1), ("_LARGEST", 1)])
def test_more_lines_than_are_remembered_or_held_are_read_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(importer_lines, limit, value)
    desk.text(BOOK + "A3,Cog,Ana\n")
    report = desk.text(BOOK.replace("Ana", "Bo") + "A3,Cog,Ana\n")
    assert figures(report) == (0, 2, 1, 0)
    if limit == "_LARGEST":
        assert desk.rows("SELECT LENGTH(lines) FROM source") == [(0,)]


def test_a_record_over_the_edge_of_what_is_read_at_once_stays_whole(desk: Desk) -> None:
    lines = [f"P{at},Pad {at},Ana\n" for at in range(8190)]
    text = "id,name,csm\n" + "".join(lines) + 'A1,"Acme\nand\nSons",Ana\nA2,Bolt,Ana\n'
    desk.text(text)
    report = desk.text(text.replace('Sons",Ana', 'Sons",Bo'))
    assert figures(report) == (0, 1, 8191, 0)
    assert desk.rows("SELECT name, csm FROM account WHERE id = 'A1'") == [("Acme\nand\nSons", "Bo")]


def test_a_quotation_mark_opened_since_and_never_closed_is_refused(desk: Desk) -> None:
    desk.text(BOOK)
    with pytest.raises(InputRefused, match="never closed"):
        desk.text(BOOK.replace("Acme", '"Acme'))
    assert figures(desk.text(BOOK)) == (0, 0, 2, 0)


# --- into a portfolio that is there ---------------------------------------------------------------------


@pytest.mark.both_engines
def test_first_accounts_leave_the_indexes_of_a_portfolio_that_is_there_as_they_were(desk: Desk) -> None:
    with open_portfolio(str(desk.path), create=True) as portfolio:
        portfolio.execute("DROP INDEX account_search")
    before = desk.indexes()
    assert figures(desk.text(BOOK)) == (2, 0, 0, 0)
    assert desk.indexes() == before
    assert "account_search" not in before


def test_a_row_that_breaks_another_rule_than_a_key_is_no_reason_to_read_the_file_again(desk: Desk) -> None:
    row = {"no": 1, "id": "A1", "name": "A", "search_name": "a", "strategic": 7, "champion_gone": 0}
    with open_portfolio(str(desk.path), create=True) as portfolio:

        def write() -> None:
            with portfolio.write("import", "tester", AS_OF) as operation:
                writer = Writer(portfolio, operation, AS_OF.isoformat(), FileReport("a.csv"))
                writer.insert("account", [row_of("account", {**row, "recorded_on": AS_OF.isoformat()})])

        with pytest.raises(PortfolioError) as caught:
            write()
        assert caught.value.code == "invariant"
        assert portfolio.rows("SELECT * FROM account") == []


@pytest.mark.parametrize("on", [True, False])
def test_garbage_collection_is_afterwards_as_it_was(on: bool) -> None:
    was = gc.isenabled()
    try:
        gc.enable() if on else gc.disable()
        with paused_gc():
            assert not gc.isenabled()
        assert gc.isenabled() == on
    finally:
        gc.enable() if was else gc.disable()


# --- the backup before --------------------------------------------------------------------------------


@pytest.mark.file_only("rows are counted before anything is written, whatever the engine")
@pytest.mark.parametrize(("rows", "made"), [(4094, False), (5500, True)])
def test_a_change_larger_than_is_read_at_once_is_as_large_as_its_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, rows: int, made: bool
) -> None:
    monkeypatch.setattr(importer_guard, "_FEW", 5000)  # as in a book of a hundred thousand accounts
    desk.text("id,name\nA0,Acme\n")
    text = "id,name,csm\n" + "".join(f"N{at},Name {at},Ana\n" for at in range(rows))
    report = desk.run(desk.file("large.csv", text), backup=True)
    assert figures(report.files[0]) == (rows, 0, 0, 0)
    assert (report.backup is not None) == made
