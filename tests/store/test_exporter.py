"""What is exported reads back as what it was, in every format, and runs nowhere."""

import csv
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from renewctl.core.intake_cells import Column as Settled
from renewctl.core.intake_cells import amount_parser, parser
from renewctl.core.intake_fields import KINDS as FIELDS
from renewctl.core.money import digits
from renewctl.core.text import clean
from renewctl.store.exporter import cell_text, csv_blocks, json_blocks, sheet_cells
from renewctl.store.exporter_rows import Column, Table
from renewctl.store.exporter_tables import KINDS, table
from renewctl.store.sqlite import scratch_portfolio
from renewctl.store.workbook import workbook_blocks
from tests.book import POLICY, TODAY
from tests.engines import place

FORMULAS = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "{{7*7}}"]
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\r\n\t\",;'=_x"), max_size=20
)


def settled(kind, name, currency="USD"):
    """A column in which nothing but the cell itself says how it is read."""
    field = FIELDS[kind][name]
    scale = "percent" if field.type == "percent" else "unclear"
    return Settled(field, name, "each", "each", scale, None, None, currency)


def one(name, kind, *values):
    return Table("test", (Column(name, kind),), iter([(value,) for value in values]))


# --- cells ------------------------------------------------------------------------------------------


@given(st.integers(0, 9 * 10**12), st.sampled_from(["USD", "EUR", "BRL", "JPY", "KWD", "TND"]))
def test_an_amount_reads_back_to_the_minor_unit_whatever_the_currency(minor, currency):
    text = cell_text("amount", (minor, currency))
    assert amount_parser(settled("accounts", "arr"))([text], [currency]) == ([minor], [currency])
    assert Fraction(text) == Fraction(minor, 10 ** digits(currency))
    told = cell_text("money", (minor, currency))
    assert amount_parser(settled("outcomes", "arr_before"))([told], None) == ([minor], [currency])


@pytest.mark.parametrize("name", ["nps", "usage_trend", "health_score", "csat", "engagement"])
@given(share=st.floats(0, 1))
def test_a_reading_reads_back_exactly_whatever_else_the_column_holds(name, share):
    field = FIELDS["health"][name]
    value = round(field.low + share * (min(field.high, 1000) - field.low), 9)
    kind = "percent" if field.type == "percent" else "number"
    assert parser(settled("health", name))([cell_text(kind, value)]) == [value]


@pytest.mark.parametrize("value", [0.001, 0.5, 1.0, 1.234, 12.345, 99.125, 0.0])
def test_small_percentages_are_not_taken_for_shares(value):
    text = cell_text("percent", value)
    for scale in ("percent", "fraction", "unclear"):
        column = settled("health", "usage_trend")._replace(scale=scale)
        if value > 1 and scale != "percent":
            continue  # a column with a value over 1 is one of percentages
        assert parser(column)([text]) == [value]


@given(st.floats(-1, 1000, allow_subnormal=False))
def test_a_growth_rate_reads_back_exactly(value):
    value = round(value, 6)
    assert parser(settled("accounts", "growth_rate"))([cell_text("share", value)]) == [value]


@given(st.decimals(0, 10**9, places=3))
def test_a_measured_number_reads_back_as_the_same_number(value):
    (back,) = parser(settled("value", "value"))([cell_text("decimal", str(value))])
    assert Decimal(back) == value


@given(st.sampled_from([0, 1, None]))
def test_yes_no_and_unknown_read_back(value):
    assert parser(settled("accounts", "auto_renew"))([cell_text("yes_no", value)]) == [value]


# --- CSV and JSON -----------------------------------------------------------------------------------


@given(st.lists(TEXTS, max_size=5))
def test_text_reads_back_as_it_was_cleaned(texts):
    texts = [clean(text) or None for text in texts]
    data = b"".join(csv_blocks(one("name", "text", *texts))).decode()
    heading, *rows = csv.reader(io.StringIO(data, newline=""))
    assert heading == ["name"]
    assert [clean(row[0]) or None if row else None for row in rows] == texts


@pytest.mark.parametrize("text", FORMULAS[:-1])
def test_text_that_a_spreadsheet_could_run_is_guarded_in_csv_and_xlsx(text):
    shown = next(
        iter(
            csv.reader(io.StringIO(b"".join(csv_blocks(one("name", "text", text))).decode()[5:], newline=""))
        )
    )[0]
    within = text[0] + "'" + text[1:] if text[0] in "\t\r" else text  # behind it a cell could begin
    assert shown == "'" + within
    assert sheet(one("name", "text", text))[1] == ["'" + within]


def test_numbers_are_never_guarded():
    data = b"".join(csv_blocks(one("nps", "number", -10.0, -0.5))).decode()
    assert data == "nps\n-10\n-0.5\n"


def test_json_tells_amounts_in_units_and_unknowns_as_null():
    columns = (Column("arr", "amount"), Column("currency", "code"), Column("strategic", "yes_no"))
    rows = iter([((1_50, "USD"), "USD", 1), (None, None, None), ((5, "JPY"), "JPY", 0)])
    document = json.loads(b"".join(json_blocks(Table("accounts", columns, rows))))
    assert document == {
        "schema": "renewctl/export/1",
        "kind": "accounts",
        "rows": [
            {"arr": 1.5, "currency": "USD", "strategic": True},
            {"arr": None, "currency": None, "strategic": None},
            {"arr": 5, "currency": "JPY", "strategic": False},
        ],
    }


@given(st.integers(0, 3), TEXTS)
def test_json_is_one_document_however_many_rows(count, text):
    document = json.loads(b"".join(json_blocks(one("name", "text", *[text] * count))))
    assert document["rows"] == [{"name": text}] * count


@pytest.mark.parametrize("blocks", [csv_blocks, json_blocks, lambda t: workbook_blocks("x", sheet_cells(t))])
def test_rows_are_written_as_they_are_read(blocks):
    read = 0

    def rows():
        nonlocal read
        for number in range(50_000):
            read += 1
            yield (f"account {number} {hash(number * 7919)}",)

    written = blocks(Table("accounts", (Column("name", "text"),), rows()))
    seen = 0
    for block in written:
        seen += len(block)
        if seen > 20_000:
            break
    assert read < 25_000


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_an_empty_portfolio_is_its_headings_the_ones_of_the_import_first(kind):
    with scratch_portfolio() as opened:
        data = b"".join(csv_blocks(table(opened, kind, lambda: POLICY, TODAY))).decode()
    headings = data.strip().split(",")
    assert data.count("\n") == 1
    known = [name in FIELDS.get(kind, ()) for name in headings]
    assert known == sorted(known, reverse=True)
    assert len(set(headings)) == len(headings)


# --- XLSX -------------------------------------------------------------------------------------------


def sheet(exported):
    data = b"".join(workbook_blocks("test", sheet_cells(exported)))
    return (
        CalamineWorkbook.from_filelike(io.BytesIO(data))
        .get_sheet_by_index(0)
        .to_python(skip_empty_area=False)
    )


def test_a_workbook_holds_numbers_as_numbers_and_dates_as_dates():
    columns = tuple(
        Column(name, kind)
        for name, kind in [("id", "text"), ("arr", "amount"), ("on", "date"), ("n", "int"), ("x", "number")]
    )
    rows = iter([("007", (120_000_50, "USD"), "2026-03-31", 12, -1.5), (None, None, None, None, None)])
    _, first, *_ = sheet(Table("test", columns, rows))
    assert first == ["007", 120_000.5, date(2026, 3, 31), 12.0, -1.5]


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_comes_out_of_a_workbook_as_it_went_in(day):
    assert sheet(one("on", "date", day.isoformat()))[1][0] in (day, day.isoformat())


@given(st.lists(TEXTS.filter(lambda text: text.strip()), min_size=1, max_size=4))
def test_text_comes_out_of_a_workbook_as_it_went_in_but_for_the_guard(texts):
    raw = b"".join(workbook_blocks("t", sheet_cells(one("name", "text", *texts))))
    xml = zipfile.ZipFile(io.BytesIO(raw)).read("xl/worksheets/sheet1.xml").decode()
    root = ElementTree.fromstring(xml)  # noqa: S314  well-formed, or this raises
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    shown = [each.text or "" for each in root.iter(f"{space}t")][1:]
    # The format's own escape of what XML cannot hold, undone as its standard says.
    back = [re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), each) for each in shown]
    for text, found in zip(texts, back, strict=True):
        assert found in (text, "'" + text)
        assert found == text or text[0] in "=+-@\t\r"


def test_a_workbook_holds_no_formula_whatever_the_text():
    raw = b"".join(workbook_blocks("t", sheet_cells(one("name", "text", *FORMULAS))))
    archive = zipfile.ZipFile(io.BytesIO(raw))
    assert archive.testzip() is None
    xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f" not in xml
    assert xml.count('t="inlineStr"') == len(FORMULAS) + 1


def test_a_workbook_is_well_formed_in_every_part():
    raw = b"".join(workbook_blocks('a "b" <c>', sheet_cells(one("name", "text", "x"))))
    archive = zipfile.ZipFile(io.BytesIO(raw))
    for name in archive.namelist():
        ElementTree.fromstring(archive.read(name))  # noqa: S314
    assert "[Content_Types].xml" in archive.namelist()


def test_a_number_that_a_spreadsheet_would_round_is_text():
    assert sheet(one("value", "decimal", "12345678901234567890.5"))[1] == ["12345678901234567890.5"]


# --- the portfolio, there and back ------------------------------------------------------------------

FULL = [
    {
        "id": "A1", "name": 'Acme "1", Ltd', "country": "NA", "status": "Active", "arr": "120000.50",
        "currency": "USD", "renewal_date": "2026-05-31", "start_date": "2025-05-31", "term_months": "12",
        "notice_days": "30", "auto_renew": "yes", "payment_on_file": "no", "csm": "Ana", "sales_owner": "Sam",
        "specialist": "Eve", "executive_sponsor": "Zoe", "industry": "Retail", "strategic": "yes",
        "segment_override": "enterprise", "health_score": "82.5", "usage_trend": "0.5%", "open_tickets": "3",
        "csat": "4.125", "nps": "40", "engagement": "70", "relationship": "0.25%", "ticket_severity": "2",
        "last_contact": "2026-02-01", "seats_purchased": "100", "seats_used": "90", "expansion_arr": "20000",
        "target_arr": "150000", "growth_rate": "25%", "champion": "Joe", "cancel_notice_date": "2026-02-10",
        "competitor": "Rival",
    },
    {
        "id": "B2", "name": "'=Beta [/] SA", "arr": "1.50", "currency": "KWD", "renewal_date": "2026-07-15",
        "csm": "Bob", "usage_trend": "-12.345%", "nps": "-10", "growth_rate": "0.5%",
        "champion": "Eva (left)",
    },
    {"id": "C3", "name": "Gamma\rtwo\nlines", "champion": "left"},
    {"id": "D4", "name": "Delta", "country": "BR", "arr": "R$ 1.234,56", "renewal_date": "2026-08-31"},
]  # fmt: skip
FACTS = {
    "contracts": [
        {
            "id": "K1", "account_id": "A1", "name": "Core", "arr": "1000.10", "currency": "EUR",
            "start_date": "2025-01-31", "renewal_date": "2027-01-31", "term_months": "24",
            "notice_days": "60", "auto_renew": "yes",
        },
        {"id": "K2", "account_id": "A1"},
        {"id": "B2", "account_id": "B2"},  # implied until now, as that of D4
        {"id": "D4", "account_id": "D4"},
    ],
    "health": [
        {"account_id": "A1", "date": "2026-01-15", "nps": "10", "usage_trend": "0.25%", "csat": "4.125"},
        {"account_id": "B2", "date": "2026-01-16", "nps": "-5", "health_score": "1%"},
    ],
    "stakeholders": [
        {
            "account_id": "A1", "name": "Joe", "email": "joe@example.com", "role": "champion",
            "influence": "high", "sentiment": "positive", "last_contact": "2026-01-05", "thread_owner": "Ana",
        },
        {"account_id": "A1", "name": "'+Eva", "role": "decision_maker"},
    ],
    "value": [
        {
            "account_id": "A1", "metric": "Hours saved", "value": "1200.1250", "unit": "h",
            "period_start": "2025-01-01", "period_end": "2025-12-31", "baseline": "10", "rate": "45.50",
            "currency": "EUR", "quote": "=great",
        },
        {"account_id": "A1", "metric": "Errors", "value": "-3"},
    ],
    "outcomes": [
        {
            "account_id": "A1", "contract_id": "A1", "closed_on": "2025-05-30", "result": "won",
            "arr_before": "EUR 100000", "arr_after": "EUR 120000.50",
        },
        {"account_id": "B2", "contract_id": "B2", "closed_on": "2025-07-01", "result": "partial"},
        {
            "account_id": "C3", "closed_on": "2024-01-01", "result": "lost", "arr_before": "USD 5",
            "arr_after": "USD 0", "reason": "price", "competitor": "Rival", "lost_on": "2023-12-01",
            "told_on": "2023-12-15",
        },
    ],
}  # fmt: skip


def as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def unchanged(desk, kind, ending, before):
    file = desk.folder / f"{kind}.{ending}"
    assert desk.run("export", kind, "-o", str(file), "--yes").code == 0
    done = desk.json("import", str(file), "--kind", kind)["files"][0]
    assert all(field == heading for field, heading in done["mapping"].items())
    assert done["rows"] == done["unchanged"] == before, done
    return done


def row_count(desk, kind):
    return len(json.loads(desk.run("export", kind, "--format", "json").out)["rows"])


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_importing_exported_accounts_changes_nothing(desk, ending):
    desk.import_(as_csv(FULL))
    facts = desk.facts()
    done = unchanged(desk, "accounts", ending, 4)
    assert done["problems"] == []
    after = desk.facts()
    for name in ("account", "contract", "health_reading", "pin", "change", "operation"):
        assert after[name] == facts[name], name


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", FACTS)
def test_importing_any_other_export_changes_nothing(desk, kind, ending):
    desk.import_(as_csv(FULL))
    desk.import_(as_csv(FACTS[kind]), "--kind", kind, name="facts.csv")
    facts = desk.facts()
    unchanged(desk, kind, ending, row_count(desk, kind))
    after = desk.facts()
    for name in ("account", "contract", "health_reading", "stakeholder", "value_metric", "outcome", "change"):
        assert after[name] == facts[name], name


def test_what_an_import_takes_of_an_export_makes_the_same_rows_in_another_portfolio(desk, monkeypatch):
    """Of contracts those that are open; the rest of a portfolio is carried by a backup, and said so."""
    desk.import_(as_csv(FULL))
    for kind, rows in FACTS.items():
        desk.import_(as_csv(rows), "--kind", kind, name="facts.csv")
    for words in (
        "lost B2 --reason price", "won D4 --arr 200000 --successor D5",
        "set A1 segment_override=smb --reason talked", "stakeholder gone A1 Joe --note moved",
    ):  # fmt: skip
        assert desk.run(*words.split()).code == 0, words

    def carried(kind):
        found = json.loads(desk.run("export", kind, "--json").out)["rows"]
        if kind == "contracts":
            found = [row for row in found if row["state"] == "open"]
        return sorted(repr({name: row[name] for name in FIELDS[kind] if name in row}) for row in found)

    kinds = ("accounts", "contracts", "stakeholders", "value")
    before = {kind: carried(kind) for kind in kinds}
    for kind in kinds:
        said = desk.run("export", kind, "-o", str(desk.folder / f"{kind}.csv"), "--yes").err
        assert ("import passes over: " in said) == (kind != "value")
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(place(desk.folder / "other.db")))
    for kind in kinds:
        only = ["--where", "state=open"] if kind == "contracts" else []
        assert desk.run("import", str(desk.folder / f"{kind}.csv"), "--kind", kind, *only).code == 0
    assert {kind: carried(kind) for kind in kinds} == before
