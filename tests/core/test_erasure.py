"""What counts as a mention, what stands in its place, and that the log and the tables agree on it."""

import json
import re
import unicodedata
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.erasure import (
    ACCOUNT,
    ERASED,
    NOW,
    PERSON,
    TEXTS,
    Eraser,
    LogRow,
    Mentions,
    full,
    incarnations,
    plain,
)
from renewctl.store.portfolio import ENTITIES, columns

LETTERS = st.text("abcdefghijklmnopqrstuvwxyzáéíóúçñöšž", min_size=3, max_size=9)
NAMES = st.tuples(LETTERS, LETTERS).filter(lambda pair: pair[0] != pair[1])
NOBODY = Mentions((), ())


def eraser(**given):
    """An eraser that erases nothing but what is said."""
    base = {
        "accounts": frozenset(),
        "homes": frozenset(),
        "spans": {},
        "champions": frozenset(),
        "near": NOBODY,
        "far": NOBODY,
        "mail": NOBODY,
        "namesakes": frozenset(),
    }
    return Eraser(**(base | given))


def bare(text):
    """Letters without case and accents, by another road than the code's."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("called José da Silva today", "called (erased) today"),
        ("JOSE DA SILVA!", "(erased)!"),
        ("Silva, José said so", "(erased) said so"),
        ("jose.silva sent it", "(erased) sent it"),
        ("José  Silva", "(erased)"),
        ("Jose\u0301 da Si\u200blva", "(erased)"),
        ("see JOSE.SILVA@ACME.EXAMPLE.", "see (erased)."),
        ("<jose.silva@acme.example>", "<(erased)>"),
        ("josé silva's", "(erased)'s"),
        ("José Silva e José Silva", "(erased) e (erased)"),
    ],
)
def test_a_name_is_found_in_any_case_accent_order_and_joint(text, left):
    assert Mentions(["José da Silva"], ["jose.silva@acme.example"]).erase(text) == left


@pytest.mark.parametrize(
    "text",
    ["Josés Silva", "José Silvano", "Silva", "José", "José met Ana Silva", "xjose.silva@acme.example", ""],
)
def test_parts_of_a_name_and_longer_words_are_left_alone(text):
    assert Mentions(["José da Silva"], ["jose@acme.example"]).erase(text) == text


@pytest.mark.parametrize("text", ["a.jose@acme.example", "jose@acme.example.br", "jose@acme.example-x.org"])
def test_another_address_that_holds_this_one_is_left_alone(text):
    assert Mentions([], ["jose@acme.example"]).erase(text) == text


def test_a_name_in_a_script_without_blanks_is_found_inside_a_sentence():
    assert Mentions(["田中太郎"], []).erase("昨日田中太郎さんと話した") == "昨日(erased)さんと話した"
    assert full("田中太郎")
    assert full("Joe Bloggs")
    assert not full("Joe")


@given(NAMES, st.lists(st.sampled_from(["call", "e", "água", "x1", "—", "!"]), max_size=6), st.data())
def test_whatever_stands_round_a_name_it_goes_and_the_rest_stays(pair, around, data):
    name = " ".join(pair)
    written = data.draw(st.sampled_from([name, name.upper(), bare(name), name.title()]))
    joint = data.draw(st.sampled_from([" ", "  ", ".", "-", ", "]))
    at = data.draw(st.integers(0, len(around)))
    words = [*around[:at], joint.join(written.split(" ")), *around[at:]]
    found = Mentions([name], []).erase(" ".join(words))
    expected = " ".join([*around[:at], ERASED, *around[at:]])
    # a filler can be the name's own word only if it is equal to one, which three letters rule out here
    if not any(bare(word) in map(bare, pair) for word in around):
        assert found == expected
    assert Mentions([name], []).erase(found) == found


@given(st.lists(NAMES, min_size=1, max_size=4), st.text(max_size=60), st.data())
def test_the_quick_look_never_misses_what_the_close_one_finds(pairs, text, data):
    names = [" ".join(pair) for pair in pairs]
    said = text + " " + data.draw(st.sampled_from(names)).upper() + " " + text
    mentions = Mentions(names, ["a.b@" + "".join(pairs[0]) + ".example"])
    if mentions.erase(said) != said:
        assert mentions.maybe(plain(said))
        assert mentions.maybe(plain(json.dumps(said, ensure_ascii=False)))  # as a row of the log holds it


@given(st.text(max_size=80))
def test_text_without_a_mention_comes_back_as_it_was(text):
    mentions = Mentions(["Qxq Zvz"], ["qxq@zvz.example"])
    if "qxq" not in bare(text):
        assert mentions.erase(text) is text or mentions.erase(text) == text


# --- every stored column is decided ------------------------------------------------------------------------

# What stays, and why it may: our own people, numbers and terms, dates of the business, words of our own.
KEPT = {
    "account": "no country status currency csm sales_owner specialist executive_sponsor industry strategic "
    "segment_override expansion_minor target_arr_minor growth_rate seats_purchased seats_used champion_gone "
    "cancel_notice_on competitor last_contact_on ticket_severity ticket_severity_on early_on recorded_on",
    "contract": "no account_no arr_minor currency start_on renewal_on renewal_day term_months notice_days "
    "auto_renew payment_on_file stage state implied cycle planned_from_on won_on recorded_on",
    "health_reading": "account_no read_on usage_trend open_tickets csat nps engagement relationship score",
    "stakeholder": "no account_no role thread_owner",
    "value_metric": "no account_no metric value unit period_start_on period_end_on baseline rate currency",
    "outcome": "no account_no contract_no cycle closed_on result renewal_on arr_before_minor arr_after_minor "
    "currency term_months competitor lost_on told_on",
    "save_case": "no account_no contract_no scenario state flagged_on flagged_at respond_by target_by owner "
    "playbook opened_on closed_on",
    "item_state": "subject account_no cycle step state set_on until_on minutes actor",
    "activity": "no account_no contract_no happened_on kind minutes actor",
    "renewal": "contract_no cycle account_no target_minor currency bundle kind uplift_minor expansion_minor "
    "successor_no",
    "amendment": "no account_no contract_no cycle kind effective_on arr_before_minor arr_after_minor "
    "currency renewal_before_on renewal_after_on actor",
    "health_override": "account_no score set_on until_on actor",
    "assignment": "subject cycle step account_no person set_on actor",
    "departure": "stakeholder_no account_no left_on",
    "save_event": "no account_no save_no round kind name happened_on happened_at actor",
    "promise": "no account_no save_no due_on owner after_no made_on state settled_on replaces_no actor",
    "offer": "no account_no save_no contract_no instrument from_on until_on currency arr_minor kept_minor "
    "cost_minor later_minor discount_pct state needs_role asked_on asked_by decided_on decided_by",
    "service_level": "no account_no save_no respond_minutes every_days from_on until_on actor",
    "service_response": "no account_no level_no asked_at answered_at actor",
    "worth": "no account_no save_no minutes rate_minor concession_minor chance_pct years arr_minor currency "
    "decision decided_on actor",
}
NO_WORDS = ("assignment",)  # who of us does what


def test_every_column_is_either_erased_with_an_account_or_kept_on_purpose():
    for entity in ENTITIES:
        if entity not in ("pin", "erasure"):
            kept, erased = set(KEPT[entity].split()), ACCOUNT.get(entity, {})
            assert kept.isdisjoint(erased), entity
            assert bool(erased) != (entity in NO_WORDS), entity
            assert kept | set(erased) == set(columns(entity)), entity
            assert set(TEXTS.get(entity, ())) <= set(columns(entity)), entity
    assert set(PERSON) < set(columns("stakeholder"))


def test_an_erased_account_keeps_its_figures_and_loses_its_words():
    one = eraser(accounts=frozenset([7]))
    row = {
        "id": "A1",
        "name": "Acme",
        "search_name": "acme",
        "champion": "Joe",
        "csm": "Ana",
        "growth_rate": 0.2,
    }
    assert one.changed("account", "7", 7, NOW, row) == {
        "id": "erased-7",
        "name": "Erased 7",
        "search_name": "erased 7",
        "champion": None,
    }
    assert one.changed("account", "8", 8, NOW, row) == {}
    assert one.changed("outcome", "1", 7, NOW, {"reason": "price"}) == {}
    assert one.changed("outcome", "1", 7, NOW, {"reason": "Joe said so"}) == {"reason": ERASED}


def test_what_is_unknown_stays_unknown():
    one = eraser(accounts=frozenset([7]), spans={"1": [(1, NOW)]})
    for entity, puts in ACCOUNT.items():
        assert one.changed(entity, "1", 7, NOW, dict.fromkeys(puts)) == {}


@given(st.sampled_from([name for name in ENTITIES if name not in ("pin", "erasure")]), st.booleans())
def test_a_row_and_the_log_row_that_tells_of_it_are_redacted_alike(entity, whole):
    one = eraser(accounts=frozenset([7]))
    names = columns(entity)
    values = {name: 7 if name in ("no", "account_no") else f"Joe {name}" for name in names}
    changed = one.changed(entity, "7", 7, NOW, values)
    said = json.dumps(list(values.values()) if whole else values)
    told = json.loads(one.side(entity, names, "7", 7, 3, said))
    assert (dict(zip(names, told, strict=True)) if whole else told) == values | changed
    assert one.side(entity, names, "7", 7, 3, None) is None


def test_what_was_said_of_somebody_who_left_goes_with_them_and_the_day_stays():
    one = eraser(homes=frozenset([1]), spans={"5": [(2, 9)]}, near=Mentions(["Joe Bloggs"], []))
    row = {"stakeholder_no": 5, "account_no": 1, "left_on": "2026-03-02", "note": "went to a rival"}
    assert one.changed("departure", "5", 1, 4, row) == {"note": ERASED}
    assert one.changed("departure", "6", 1, 4, row) == {}
    row["note"] = "Joe Bloggs follows"
    assert one.changed("departure", "6", 1, 4, row) == {"note": f"{ERASED} follows"}


def test_a_champion_goes_by_name_at_the_persons_accounts_only():
    one = eraser(homes=frozenset([1]), champions=frozenset(["joe"]), near=Mentions(["Joe"], []))
    assert one.changed("account", "1", 1, NOW, {"champion": "JOE"}) == {"champion": None}
    assert one.changed("account", "1", 1, NOW, {"champion": "Joe (CTO)"}) == {"champion": f"{ERASED} (CTO)"}
    assert one.changed("account", "2", 2, NOW, {"champion": "Joe"}) == {}


def test_texts_of_others_are_searched_less_and_those_of_a_namesake_only_for_the_address():
    near, far, mail = Mentions(["Joe"], []), Mentions(["Joe Bloggs"], []), Mentions([], ["joe@x.example"])
    one = eraser(homes=frozenset([1]), near=near, far=far, mail=mail, namesakes=frozenset([3]))

    def text(account_no, said):
        return one.changed("activity", "1", account_no, NOW, {"text": said}).get("text", said)

    assert text(1, "Joe rang") == "(erased) rang"
    assert text(2, "Joe rang") == "Joe rang"
    assert text(2, "Joe Bloggs rang") == "(erased) rang"
    assert text(3, "Joe Bloggs of joe@x.example") == "Joe Bloggs of (erased)"


def test_what_a_source_said_of_a_pinned_field_is_redacted_as_the_field_is():
    one = eraser(accounts=frozenset([1]))
    assert one.changed("pin", "account|1|name", 1, NOW, {"source_value": '"Acme"'}) == {
        "source_value": '"Erased 1"'
    }
    assert one.changed("pin", "account|1|champion", 1, NOW, {"source_value": '"Joe"'}) == {
        "source_value": "null"
    }
    assert one.changed("pin", "contract|4|arr_minor", 1, NOW, {"source_value": "1200"}) == {}
    assert one.changed("pin", "account|1|name", 1, NOW, {"source_value": "null"}) == {}


def row(no, before, after, key="5"):
    return LogRow(no, key, 1, before, after)


def test_a_number_given_out_again_is_another_person():
    joe, mia = {"name": "Joe", "email": "j@x"}, {"name": "Mia", "email": None}
    lives = incarnations(
        [row(1, None, joe), row(4, {"name": "Joe"}, {"name": "Joseph"}), row(6, joe, None), row(9, None, mia)]
    )
    assert [(life.first, life.last, set(life.names), set(life.emails)) for life in lives] == [
        (1, 6, {"Joe", "Joseph"}, {"j@x"}),
        (9, NOW, {"Mia"}, set()),
    ]
    one = eraser(spans={"5": [(9, NOW)]})
    assert not one.is_person("5", 6)
    assert one.is_person("5", 9)
    assert not one.is_person("4", 9)


def test_a_life_whose_end_was_not_told_ends_where_the_next_begins():
    lives = incarnations([row(1, None, {"name": "Joe"}), row(3, None, {"name": "Mia"})])
    assert [(life.first, life.last) for life in lives] == [(1, 2), (3, NOW)]


@given(st.text(ascii_letters + "áÉß İıæŁ\u0301\u200b", max_size=30))
def test_comparing_letter_by_letter_is_comparing_whole_words(text):
    from renewctl.core.text import fold

    assert re.sub(r"\s+", " ", plain(text)).strip() == fold(text)


def test_a_company_is_found_by_its_whole_name_only():
    found = Mentions([], [], ["Blue Ocean Systems"], ["B-7"])
    assert found.erase("BLUE OCEAN SYSTEMS, Blue Systems, Blue-Ocean Systems") == (
        "(erased), Blue Systems, (erased)"
    )
    assert found.erase("b-7, b-77, xb-7, B-7-2") == "(erased), b-77, xb-7, B-7-2"
    assert Mentions([], [], ["!!!"]).erase("ask !!! again") == "ask (erased) again"


def test_blank_names_addresses_and_ids_are_no_mention_of_anybody():
    blanks = ["", " ", "\u3000"]
    assert Mentions(blanks, blanks, blanks, blanks).erase("any text, at all") == "any text, at all"
    with_blanks = Mentions(["Joe Bloggs", *blanks], ["j@x.example", *blanks], blanks, ["B-7", *blanks])
    assert with_blanks.erase("Joe Bloggs, j@x.example, B-7 rest") == "(erased), (erased), (erased) rest"


@given(st.lists(NAMES, max_size=3), st.text(ascii_letters + "áé .-", max_size=20), st.booleans(), st.data())
def test_a_text_holds_a_mention_exactly_when_something_of_it_is_erased(pairs, text, planted, data):
    found = Mentions([" ".join(pair) for pair in pairs], [])
    if pairs and planted:
        text += " " + " ".join(data.draw(st.sampled_from(pairs))).upper()
        assert found.within(text)
    assert found.within(text) == (found.erase(text) != text)


def test_a_pin_of_which_no_source_said_anything_has_nothing_to_redact():
    one = eraser(accounts=frozenset([1]))
    assert one.changed("pin", "account|1|name", 1, NOW, {"source_value": None}) == {}
    assert one.changed("pin", "account|1|name", 1, NOW, {}) == {}


def test_of_a_person_their_own_row_goes_and_that_of_a_colleague_stays():
    one = eraser(homes=frozenset([1]), spans={"5": [(3, 6)]})
    values = {"no": 5, "name": "Joe", "email": "j@x", "role": "champion", "thread_owner": "Ana"}
    assert one.changed("stakeholder", "5", 1, 4, values) == {"name": ERASED, "email": None}
    assert one.changed("stakeholder", "5", 1, 7, values) == {}  # the number is another's by then
    assert one.changed("stakeholder", "6", 1, 4, values) == {}


@pytest.mark.parametrize("text", ['{"text": "quiet",  "minutes": 5}', '["quiet", 5.0]', "{}", "[]"])
def test_a_log_row_without_a_mention_stays_byte_for_byte(text):
    one = eraser(homes=frozenset([1]), near=Mentions(["Joe Bloggs"], []))
    assert one.side("activity", ("text", "minutes"), "5", 1, 4, text) == text
