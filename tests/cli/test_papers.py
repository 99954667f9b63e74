"""`proposal` and `value` at the command line: files, refusals, exit codes and what scripts read."""

import json
from pathlib import Path

import pytest

from renewctl.errors import PortfolioError
from tests.desk import Desk, desk  # noqa: F401  (a fixture)

BOOK = """id,name,arr,currency,renewal_date,term_months,csm,expansion_arr,engagement,relationship,usage_trend
A1,Acme Ltd,120000,USD,2026-05-31,12,Ana,40000,90,90,10
B2,Beta,50000,EUR,2026-06-30,12,Ana,,90,90,10
C3,Gamma,,,2026-06-30,12,Ana,,,,
D4,Delta,60000,USD,2026-06-30,12,Ana,20000,10,10,-50
E5/x,Élan <b>,9000,USD,2026-06-30,24,Ana,1000,90,90,10
"""
VALUE = """account_id,metric,value,unit,period_start,period_end,baseline,rate,currency,quote
A1,Hours saved,1200,hours,2025-01-01,2025-12-31,,45,USD,A week back every month
"""


@pytest.fixture
def book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:  # noqa: F811
    """A desk with a healthy account, one without expansion data, one without ARR, one at risk."""
    desk.import_(BOOK)
    desk.import_(VALUE, "--kind", "value", name="value.csv")
    work = desk.folder / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return desk


def files(book: Desk) -> list[str]:
    return sorted(path.name for path in (book.folder / "work").iterdir())


def test_a_proposal_is_written_as_html_and_markdown_where_one_stands(book: Desk) -> None:
    done = book.run("proposal", "Acme", "--tiers", "good,better,best")
    assert done.code == 0, done.err
    assert files(book) == ["proposal-acme-ltd-A1-2026-03-02.html", "proposal-acme-ltd-A1-2026-03-02.md"]
    assert "USD 120,000 a year" in done.out
    assert "USD 54,000.00" in Path("proposal-acme-ltd-A1-2026-03-02.md").read_text()
    assert Path("proposal-acme-ltd-A1-2026-03-02.md").stat().st_mode & 0o777 == 0o600


def test_the_json_of_a_proposal_is_what_scripts_were_promised(book: Desk) -> None:
    told = book.json("proposal", "Acme", "--tiers", "good,better,best", "-o", "out")
    assert told["schema"] == "renewctl/proposal/1"
    assert (told["account"], told["lang"]) == ("A1", "en")
    assert all(Path(file).is_file() for file in told["files"])
    assert [
        (each["tier"], each["term_years"], each["total"], each["discount_pct"], each["list_total"])
        for each in told["tiers"]
    ] == [("good", 1, 120000, 0, 120000), ("better", 1, 140000, 0, 140000), ("best", 2, 296000, 10, 320000)]
    assert told["tiers"][2]["years"] == [{"year": 1, "price": 148000}, {"year": 2, "price": 148000}]
    assert all(sum(year["price"] for year in each["years"]) == each["total"] for each in told["tiers"])


def test_without_expansion_data_the_other_tiers_are_left_out_and_the_exit_is_1(book: Desk) -> None:
    done = book.run("proposal", "Beta", "--json")
    told = json.loads(done.out)
    assert done.code == 1
    assert [each["tier"] for each in told["tiers"]] == ["good"]
    assert told["left_out"] == ["better", "best"]
    assert "warning: Beta: better and best left out" in done.err
    page = Path(told["files"][0]).read_text()
    assert "left out" not in page


def test_asking_only_for_what_cannot_be_priced_writes_nothing(book: Desk) -> None:
    done = book.run("proposal", "Beta", "--tiers", "best")
    assert done.code == 15
    assert "error[nothing-to-offer]" in done.err
    assert files(book) == []


def test_an_unknown_arr_is_an_error_and_never_a_price(book: Desk) -> None:
    told = book.fails(15, "arr-unknown", "proposal", "Gamma")
    assert "Gamma" in told
    assert "renewctl set C3 arr=" in told
    assert files(book) == []


def test_an_account_at_risk_gets_good_alone_unless_asked(book: Desk) -> None:
    quiet = book.run("proposal", "Delta", "--json")
    assert quiet.code == 0
    assert [each["tier"] for each in json.loads(quiet.out)["tiers"]] == ["good"]
    asked = book.run("proposal", "Delta", "--tiers", "good,better,best", "--json", "-o", "asked")
    told = json.loads(asked.out)
    assert [each["tier"] for each in told["tiers"]] == ["good", "better", "best"]
    assert any("BND-1" in warning for warning in told["warnings"])
    assert all("risk" not in Path(file).read_text() for file in told["files"])


def test_portuguese_prices_and_dates_are_portuguese_and_the_file_says_so(book: Desk) -> None:
    told = book.json("proposal", "Acme", "--lang", "pt_BR", "--format", "md")
    assert told["lang"] == "pt-BR"
    assert told["files"] == ["proposal-acme-ltd-A1-2026-03-02-pt-BR.md"]
    page = Path(told["files"][0]).read_text()
    assert "US$ 120.000,00" in page
    assert "31 de maio de 2026" in page


def test_a_format_of_a_later_day_is_refused_with_those_there_are(book: Desk) -> None:
    for form in ("pdf", "docx", "html,pdf"):
        told = book.fails(2, "unknown-format", "proposal", "Acme", "--format", form)
        assert "html or md" in told
    assert files(book) == []


def test_writing_the_same_again_is_harmless_and_overwriting_an_edit_needs_a_yes(book: Desk) -> None:
    words = ("proposal", "Acme", "--format", "md")
    assert book.run(*words).code == 0
    assert book.run(*words).code == 0
    (name,) = files(book)
    Path(name).write_text("edited by hand")
    assert "overwritten" in book.fails(2, "needs-yes", *words)
    assert Path(name).read_text() == "edited by hand"
    assert book.run(*words, "--yes").code == 0
    assert "USD 120,000.00" in Path(name).read_text()


def test_a_dry_run_names_the_files_and_writes_none(book: Desk) -> None:
    done = book.run("proposal", "Acme", "--dry-run", "-o", "new")
    assert done.code == 0
    assert "new/proposal-acme-ltd-A1" in done.out
    assert "nothing was written" in done.err
    assert files(book) == []


def test_one_document_goes_to_stdout_and_nothing_else_does(book: Desk) -> None:
    done = book.run("proposal", "Acme", "-o", "-")
    assert done.out.startswith("# Renewal proposal: Acme Ltd\n")
    assert done.out.endswith("|\n")
    html = book.run("value", "Acme", "--format", "html", "-o", "-")
    assert html.out.startswith("<!doctype html>")
    assert html.out.endswith("</html>\n")
    book.fails(2, "one-to-stdout", "proposal", "Acme", "-o", "-", "--format", "html,md")
    book.fails(2, "one-to-stdout", "proposal", "Acme", "-o", "-", "--json")
    assert files(book) == []


def test_a_file_may_be_named_by_its_ending(book: Desk) -> None:
    assert book.json("value", "Acme", "-o", "acme.html")["files"] == ["acme.html"]
    assert files(book) == ["acme.html"]
    book.fails(2, "one-file", "value", "Acme", "-o", "acme.html", "--format", "md")


def test_a_link_is_never_followed(book: Desk) -> None:
    target = book.folder / "precious"
    target.write_text("keep")
    Path("proposal-acme-ltd-A1-2026-03-02.md").symlink_to(target)
    book.fails(10, "symbolic-link", "proposal", "Acme", "--format", "md", "--yes")
    assert target.read_text() == "keep"


def test_an_id_with_a_slash_stays_in_the_folder_and_stays_apart_from_its_like(book: Desk) -> None:
    told = book.json("proposal", "E5/x", "--format", "html")
    (name,) = told["files"]
    assert name.startswith("proposal-elan-b-E5-x-")
    assert "Élan &lt;b&gt;" in Path(name).read_text()
    assert "<b>" not in Path(name).read_text()


def test_a_renewal_of_several_is_chosen_by_its_id_and_else_the_next_one_due(book: Desk) -> None:
    book.import_(
        "id,account_id,name,arr,currency,renewal_date,term_months\n"
        "K1,B2,Core,30000,EUR,2026-09-30,12\nK2,B2,Add-on,8000,EUR,2026-06-30,12\n",
        "--kind",
        "contracts",
        name="contracts.csv",
    )
    first = json.loads(book.run("proposal", "Beta", "--tiers", "good", "--json").out)
    assert (first["contract"], first["tiers"][0]["total"]) == ("K2", 8000)
    other = json.loads(book.run("proposal", "Beta", "--tiers", "good", "--contract", "K1", "--json").out)
    assert (other["contract"], other["tiers"][0]["total"]) == ("K1", 30000)
    assert not set(first["files"]) & set(other["files"])
    told = book.fails(13, "no-such-contract", "proposal", "Beta", "--contract", "K9")
    assert "K1" in told
    assert "K2" in told


def test_a_value_summary_prints_what_was_measured_and_how_its_worth_came_about(book: Desk) -> None:
    told = book.json("value", "Acme", "-o", "out")
    assert told["metrics"][0]["value"] == 1200
    assert told["metrics"][0]["worth"] == 54000
    assert told["totals"] == [
        {"currency": "USD", "worth": 54000, "period_start": "2025-01-01", "period_end": "2025-12-31"}
    ]
    page = Path(told["files"][1]).read_text()
    assert "1,200 hours × USD 45.00" in page
    assert "A week back every month" in page
    lines = book.run("value", "Acme", "-o", "out2").out
    assert "USD 54,000 measured worth" in lines


def test_a_value_summary_without_figures_is_a_form_to_fill_and_a_finding(book: Desk) -> None:
    done = book.run("value", "Beta", "--format", "md", "-o", "-")
    assert done.code == 1
    assert "______" in done.out
    assert "no value metrics" in done.err
    assert not any(char.isdigit() for char in done.out.replace("March 2, 2026", ""))


def test_your_own_templates_come_from_an_option_or_the_environment(
    book: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = book.folder / "own" / "en"
    own.mkdir(parents=True)
    (own / "value.md.j2").write_text("Hello {{ page.customer }}")
    assert book.run("value", "Acme", "-o", "-", "--templates", str(own.parent)).out == "Hello Acme Ltd"
    monkeypatch.setenv("RENEWCTL_TEMPLATES", str(own.parent))
    assert book.run("value", "Acme", "-o", "-").out == "Hello Acme Ltd"
    (own / "value.md.j2").write_text("Hello {{ page.customr }}")
    assert "en/value.md.j2, line 1" in book.fails(15, "template-failed", "value", "Acme", "-o", "-")
    book.fails(15, "templates-missing", "value", "Acme", "--templates", "nowhere")


def test_the_supplier_of_the_policy_signs_and_an_empty_one_is_a_blank_with_a_warning(book: Desk) -> None:
    assert "[supplier]" in book.run("proposal", "Acme", "-o", "-").err
    policy = book.folder / "policy.toml"
    policy.write_text(
        '[supplier]\nname = "Northwind"\naddress = "1 Quay"\ncontact = "hello@northwind.example"\n'
    )
    done = book.run("proposal", "Acme", "-o", "-", "--policy", str(policy))
    assert "Northwind" in done.out
    assert "[supplier]" not in done.err


def test_a_tier_left_out_comes_with_the_command_that_brings_it_back(book: Desk) -> None:
    hint = "renewctl set B2 expansion_arr=AMOUNT --reason …"
    assert hint in book.run("proposal", "Beta").err
    assert hint in book.run("proposal", "Beta", "--tiers", "best").err
    assert "expansion_arr=" not in book.run("proposal", "Acme").err


def _states(book):
    plan = book.json("show", "A1", "--as-of", "2026-04-01")["plan"]
    return {each["step"]: (each["state"], each["shown_by"]) for day in plan for each in day["actions"]}


def test_a_proposal_written_to_files_closes_the_step_that_builds_it(book, tmp_path):
    """PRP-1, TML: the fact completes the step; on stdout nothing was given to anybody yet."""
    assert book.run("proposal", "A1", "--tiers", "good", "-o", "-").code == 0
    assert _states(book)["build-proposal"] == ("open", "")
    for _ in range(2):
        assert book.run("proposal", "A1", "--tiers", "good", "-o", str(tmp_path), "--yes").code == 0
    assert _states(book)["build-proposal"] == ("done", "paper:proposal")
    notes = [each for each in book.values("activity") if each.kind == "proposal"]
    assert [(each.text, each.contract_no) for each in notes] == [("good, en", 1)]
    assert book.run("undo", "--yes").code == 0
    assert _states(book)["build-proposal"] == ("open", "")


def test_a_paper_is_not_noted_by_a_dry_run_and_stands_where_the_portfolio_cannot_be_written(
    book, tmp_path, monkeypatch
):
    facts = book.facts()
    assert book.run("proposal", "A1", "--tiers", "good", "-o", str(tmp_path), "--dry-run").code == 0
    assert book.facts() == facts

    def closed(*_args, **_more):
        raise PortfolioError("portfolio-not-writable", "it may not be written", "")

    monkeypatch.setattr(type(book.open()), "write", closed)
    done = book.run("proposal", "A1", "--tiers", "good", "-o", str(tmp_path / "papers"))
    assert done.code == 0
    assert "written, but not noted in the portfolio: it may not be written" in done.err
    assert len(list((tmp_path / "papers").iterdir())) == 2
