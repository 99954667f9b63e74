"""Headings of any CRM or sheet find their field, or the person is told what to say."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import intake_synonyms as words
from renewctl.core.intake_fields import KINDS
from renewctl.core.intake_headings import (
    Mapping,
    detect_kind,
    match_headings,
    missing_fields,
    missing_refusal,
    normalise,
    unit,
)


def codes(mapping: Mapping) -> list[str]:
    return [refusal.code for refusal in mapping.refusals]


@pytest.mark.parametrize(
    "heading",
    [
        "renewal_date",
        "Renewal Date",
        "RENEWALDATE",
        "RenewalDate",
        "\ufeffRenewal Date",
        ' "Renewal  Date" ',
        "Renewal\u00a0Date",
        "Renewal_Date__c",
        "acme__Renewal_Date__c",
        "Data de Renovação",
        "VENCIMENTO",
        "Próxima renovação",
    ],
)
def test_case_accents_punctuation_and_suffixes_do_not_matter(heading: str) -> None:
    assert match_headings(["id", heading], "accounts").columns == {"id": 0, "renewal_date": 1}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_field_is_found_under_its_own_name(kind: str) -> None:
    mapping = match_headings(list(KINDS[kind]), kind)
    assert mapping.columns == {field: index for index, field in enumerate(KINDS[kind])}
    assert not mapping.refusals


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_heading_is_equally_good_for_two_fields(kind: str) -> None:
    for table in (words.ENGLISH[kind], words.PORTUGUESE[kind]):
        for one, other in itertools.combinations(table, 2):
            for step, (first, second) in enumerate(
                zip(table[one].split("|"), table[other].split("|"), strict=False)
            ):
                shared = {normalise(each.strip("~ ")) for each in first.split(";")} & {
                    normalise(each.strip("~ ")) for each in second.split(";")
                }
                assert not shared, (kind, one, other, step)


@pytest.mark.parametrize("kind", list(KINDS))
def test_synonyms_name_only_fields_that_exist_and_leave_none_out(kind: str) -> None:
    assert list(words.ENGLISH[kind]) == list(KINDS[kind])
    assert set(words.PORTUGUESE[kind]) <= set(KINDS[kind])
    for preset in words.PRESETS.values():
        assert set(preset.get(kind, {})) <= set(KINDS[kind])


@given(
    st.permutations(["Account ID", "Account Name", "ARR", "Renewal Date", "Annual Revenue", "CSM", "Phone"])
)
def test_the_order_of_columns_does_not_change_what_they_fill(headings: list[str]) -> None:
    mapping = match_headings(headings)
    assert mapping.headings == {
        "id": "Account ID",
        "name": "Account Name",
        "arr": "ARR",
        "renewal_date": "Renewal Date",
        "csm": "CSM",
    }


@pytest.mark.parametrize("heading", ["Annual Revenue", "ANNUALREVENUE", "annualrevenue", "Faturamento anual"])
def test_the_customers_turnover_is_never_arr(heading: str) -> None:
    mapping = match_headings(["Name", heading])
    assert mapping.columns == {"name": 0}
    assert any("turnover" in note for note in mapping.notes)
    refusal = missing_refusal(mapping)
    assert refusal is not None
    assert "arr or mrr, renewal_date" in refusal.message
    assert "--map arr=" in refusal.hint


def test_a_person_may_still_pin_it() -> None:
    mapping = match_headings(["Name", "Annual Revenue"], pinned={"arr": "annual revenue"})
    assert mapping.headings["arr"] == "Annual Revenue"


@pytest.mark.parametrize("heading", ["Total contract value", "TCV", "Amount", "Valor total", "Valor"])
def test_a_contract_total_is_no_yearly_value(heading: str) -> None:
    assert "arr" not in match_headings(["Name", heading]).columns


@pytest.mark.parametrize(
    ("heading", "field", "currency"),
    [
        ("ARR (USD)", "arr", "USD"),
        ("MRR (R$)", "mrr", "BRL"),
        ("Valor mensal (R$)", "mrr", "BRL"),
        ("ARR [eur]", "arr", "EUR"),
        ("arr_usd", "arr", "USD"),
        ("ARR in EUR", "arr", "EUR"),
        ("Valor mensal em R$", "mrr", "BRL"),
        ("ARR ($)", "arr", "$"),
    ],
)
def test_a_unit_in_the_heading_is_the_columns_currency(heading: str, field: str, currency: str) -> None:
    mapping = match_headings(["id", heading])
    assert mapping.columns[field] == 1
    assert mapping.currencies == {field: currency}


def test_a_word_that_is_also_a_currency_code_is_no_unit_without_brackets() -> None:
    assert unit("Renewal top") == ("Renewal top", None)
    assert unit("ARR (TRY)") == ("ARR", "TRY")


def test_two_equally_good_headings_are_refused_with_the_map_that_settles_it() -> None:
    mapping = match_headings(["id", "ARR (USD)", "ARR (BRL)"])
    assert codes(mapping) == ["ambiguous-heading"]
    assert "--map arr='ARR (USD)'" in mapping.refusals[0].hint
    settled = match_headings(["id", "ARR (USD)", "ARR (BRL)"], pinned={"arr": "ARR (BRL)"})
    assert settled.columns["arr"] == 2
    assert settled.currencies == {"arr": "BRL"}
    assert not settled.refusals
    assert not match_headings(["id", "ARR (USD)", "ARR (BRL)"], pinned={"arr": ""}).refusals


def test_the_same_heading_twice_is_told_apart_by_its_number() -> None:
    headings = ["id", "ARR", "ARR"]
    refusal = match_headings(headings).refusals[0]
    assert "--map arr='ARR#1'" in refusal.hint
    assert match_headings(headings, pinned={"arr": "ARR#2"}).columns["arr"] == 2
    assert codes(match_headings(headings, pinned={"arr": "ARR"})) == ["ambiguous-heading"]


def test_a_better_heading_wins_without_asking() -> None:
    mapping = match_headings(["id", "end_date", "renewal_date"])
    assert mapping.headings["renewal_date"] == "renewal_date"
    assert any("end_date" in note for note in mapping.notes)


def test_an_end_date_alone_is_the_renewal_date_and_said_so() -> None:
    mapping = match_headings(["subscription_id", "account_id", "start_date", "end_date", "mrr_amount"])
    assert (mapping.kind, mapping.headings["renewal_date"]) == ("contracts", "end_date")
    assert any("end_date" in note for note in mapping.notes)


def test_without_auto_map_only_pins_count() -> None:
    mapping = match_headings(["id", "ARR (EUR)", "name"], "accounts", pinned={"arr": "ARR (EUR)"}, auto=False)
    assert mapping.columns == {"arr": 1}
    assert mapping.currencies == {"arr": "EUR"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"kind": "invoices"}, "unknown-kind"),
        ({"preset": "siebel"}, "unknown-preset"),
        ({"kind": "accounts", "pinned": {"colour": "id"}}, "unknown-field"),
        ({"kind": "accounts", "pinned": {"arr": "Umsatz"}}, "unknown-heading"),
    ],
)
def test_what_the_options_cannot_mean_is_refused_naming_what_they_can(arguments: dict, code: str) -> None:
    mapping = match_headings(["id", "name", "arr"], **arguments)
    assert codes(mapping) == [code]
    assert ":" in mapping.refusals[0].hint


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (["Account ID", "Account Name", "ARR", "Renewal Date"], "accounts"),
        (["Account Name", "Contract ID", "ARR", "Renewal Date"], "accounts"),
        (["account_id", "arr", "renewal_date"], "accounts"),
        (["Cliente", "Vencimento", "Valor mensal", "Responsável"], "accounts"),
        (["Contract ID", "Account ID", "ARR", "Start Date", "End Date"], "contracts"),
        (["Id", "AccountId", "ContractNumber", "StartDate", "EndDate", "ContractTerm"], "contracts"),
        (["account_id", "date", "nps", "csat"], "health"),
        (["account_id", "date", "input", "value"], "health"),
        (["account_id", "name", "email", "role"], "stakeholders"),
        (["AccountId", "Name", "Email", "Title"], "stakeholders"),
        (["account_id", "metric", "value", "unit"], "value"),
        (["account_id", "closed_on", "result", "arr_before", "arr_after"], "outcomes"),
        (["account_id", "churn_date", "reason_code"], "outcomes"),
    ],
)
def test_the_kind_is_told_from_the_headings(headings: list[str], kind: str) -> None:
    assert detect_kind(headings) == kind


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_full_list_of_fields_is_recognised_as_its_own_kind(kind: str) -> None:
    assert detect_kind(list(KINDS[kind])) == kind


def test_presets_know_their_systems_labels() -> None:
    hubspot = ["Record ID", "Company name", "Company owner", "Lifecycle Stage", "Annual Revenue", "MRR"]
    assert match_headings(hubspot, preset="hubspot").headings == {
        "id": "Record ID",
        "name": "Company name",
        "status": "Lifecycle Stage",
        "mrr": "MRR",
        "sales_owner": "Company owner",
    }
    salesforce = ["ID", "NAME", "BILLINGCOUNTRY", "ARR__C", "RENEWAL_DATE__C", "ANNUALREVENUE"]
    assert match_headings(salesforce, preset="salesforce").columns == {
        "id": 0,
        "name": 1,
        "country": 2,
        "arr": 3,
        "renewal_date": 4,
    }
    sheet = ["Cliente", "Vigência", "Valor mensal", "Responsável", "Renovação automática", "Moeda"]
    assert list(match_headings(sheet, preset="planilha-br").columns) == [
        "name",
        "mrr",
        "currency",
        "renewal_date",
        "auto_renew",
        "csm",
    ]


@pytest.mark.parametrize(
    ("kind", "headings", "missing"),
    [
        ("accounts", ["phone"], ("id or name", "arr or mrr", "renewal_date")),
        ("accounts", ["name", "arr"], ()),
        ("accounts", ["id", "vencimento"], ()),
        ("contracts", ["account_id", "arr"], ("id",)),
        ("health", ["account_id", "nps"], ("date",)),
        ("health", ["account_id", "date", "input"], ("input and value, or one column per input",)),
        ("stakeholders", ["email"], ("account_id", "name")),
        ("value", ["account_id", "metric"], ("value or quote",)),
        ("outcomes", ["account_id", "closed_on"], ("result",)),
    ],
)
def test_essential_fields_that_are_missing_are_named(
    kind: str, headings: list[str], missing: tuple[str, ...]
) -> None:
    mapping = match_headings(headings, kind)
    assert missing_fields(mapping) == missing
    refusal = missing_refusal(mapping)
    assert (refusal is None) == (not missing)
    if refusal:
        assert all(each in refusal.message for each in missing)


def test_the_hint_offers_a_likely_heading_but_does_not_take_it() -> None:
    mapping = match_headings(["Id", "AccountId", "Name", "Amount", "CloseDate"])
    refusal = missing_refusal(mapping)
    assert refusal is not None
    assert "--map arr='Amount' --map renewal_date='CloseDate'" in refusal.hint


@given(st.lists(st.text(max_size=30), max_size=12))
def test_no_headings_break_the_matching(headings: list[str]) -> None:
    mapping = match_headings(headings)
    assert len(set(mapping.columns.values())) == len(mapping.columns)


@pytest.mark.parametrize("heading", ["Receita anual (ARR)", "Annual Revenue / ARR", "ARR (Faturamento)"])
def test_a_heading_that_names_arr_beside_turnover_is_offered_and_never_taken(heading: str) -> None:
    mapping = match_headings(["Cliente", heading, "Renewal Date"])
    assert "arr" not in mapping.columns
    assert any(f"--map arr='{heading}'" in note for note in mapping.notes)
    refusal = missing_refusal(match_headings(["Cliente", heading]))
    assert refusal is not None
    assert f"--map arr='{heading}'" in refusal.hint
    pinned = match_headings(["Cliente", heading], pinned={"arr": heading})
    assert pinned.columns["arr"] == 1
    assert not any("--map arr=" in note for note in pinned.notes)


def test_a_column_taken_on_a_weak_word_is_named_in_plain_words() -> None:
    (note,) = match_headings(["Cliente", "ARR", "Início"]).notes
    assert note == "'Início' is taken for start_date; if it is something else: --map start_date="


def test_a_metric_and_its_value_are_enough_for_a_file_of_value() -> None:
    assert detect_kind(["account_id", "metric", "value"]) == "value"
    assert detect_kind(["account_id", "metric"]) != "value"


@given(st.integers(90, 200))
def test_only_a_heading_of_reasonable_length_is_searched_for_its_unit(length: int) -> None:
    name = "x" * length
    shown = f"{name} (EUR)"
    assert unit(shown) == ((name, "EUR") if len(shown) <= 100 else (shown, None))
