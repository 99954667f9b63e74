"""STK-1 to STK-3: whom a step addresses, who speaks to whom, and what hangs by too few people.

The oracles are worked out from the rules' text: people who left are nobody's addressee, a contact counts
for so many days, a thread has two sides.
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core import stakeholder_edits as edits
from renewctl.core.model import Change, Departure, Stakeholder
from renewctl.core.policy import Policy
from renewctl.core.stakeholders import (
    addressees,
    champion_leaves,
    is_champion,
    risk,
    role_name,
    still_there,
    threads,
)
from tests.book import POLICY, TODAY, account

ROLES = ("user", "champion", "economic_buyer", "decision_maker", "technical_buyer", "legal_procurement")


def person(no=1, **given):
    filled = dict.fromkeys(Stakeholder._fields) | {"no": no, "account_no": 1, "name": f"Person {no}"}
    return Stakeholder(**(filled | given))


def left(no):
    return Departure(no, 1, TODAY, None)


def days_ago(days):
    return TODAY - timedelta(days=days)


crowds = st.lists(
    st.tuples(
        st.sampled_from([*ROLES, None]),
        st.sampled_from(["high", "medium", "low", None]),
        st.one_of(st.none(), st.integers(-5, 200)),
    ),
    max_size=6,
).map(
    lambda rows: [
        person(no, role=role, influence=how, last_contact_on=None if ago is None else days_ago(ago))
        for no, (role, how, ago) in enumerate(rows, 1)
    ]
)
some_left = st.sets(st.integers(1, 6)).map(lambda numbers: [left(no) for no in sorted(numbers)])


# --- addressees (STK-1) ------------------------------------------------------------------------------------


@given(crowds, some_left, st.lists(st.sampled_from(ROLES), max_size=4))
def test_addressees_are_those_there_with_a_role_that_was_asked_for_in_its_order(crowd, gone, roles):
    """STK-1."""
    found = addressees(crowd, gone, roles, account())
    away = {each.stakeholder_no for each in gone}
    assert sorted(each.no for each in found) == [
        each.no for each in crowd if each.role in roles and each.no not in away
    ]
    strength = {"high": 3, "medium": 2, "low": 1, None: 0}
    places = [(roles.index(each.role), -strength[each.influence], each.no) for each in found]
    assert places == sorted(places)


def test_a_champion_who_is_noted_as_gone_is_addressed_no_more():
    """STK-1, SAV-D: `set champion=gone` says so without a departure; another champion is addressed."""
    joe, vera = person(1, name="Joé Field", role="champion"), person(2, name="Vera", role="champion")
    of = account(champion="joe field", champion_gone=1)
    assert addressees([joe, vera], [], ("champion",), of) == (vera,)
    assert addressees([joe, vera], [], ("champion",), of._replace(champion_gone=0)) == (joe, vera)
    assert addressees([joe, vera], [], ("champion",), of._replace(champion=None)) == (joe, vera)


# --- threads (STK-2) ---------------------------------------------------------------------------------------

TEAM = Policy(
    {
        **POLICY.raw,
        "team": {**POLICY.raw["team"], "support": "sup", "legal": "leo", "managers": {"ana": "max"}},
    }
)


def thread(name, crowd, policy=TEAM, gone=(), **given):
    """One thread of an account with this crowd."""
    found = {each.name: each for each in threads(account(**given), crowd, gone, policy, TODAY)}
    return found[name]


@pytest.mark.parametrize(
    ("name", "role", "given", "ours"),
    [
        ("champion", "champion", {}, "ana"),
        ("champion", "user", {}, "ana"),
        ("executive", "decision_maker", {"executive_sponsor": "vera"}, "vera"),
        ("technical", "technical_buyer", {}, "sup"),
        ("commercial", "economic_buyer", {"sales_owner": "rui"}, "rui"),
        ("commercial", "economic_buyer", {}, "max"),
        ("legal", "legal_procurement", {}, "leo"),
    ],
)
def test_each_of_theirs_has_one_of_us_by_role(name, role, given, ours):
    """STK-2: CSM with champion and users, executive with executive, engineers with the technical buyer,
    sales or the CS lead with the economic buyer."""
    # STK
    they = person(role=role, last_contact_on=TODAY)
    found = thread(name, [they], **given)
    assert found.pairs == ((ours, they),)
    assert (found.ours, found.state, found.days) == ((ours,), "open", 0)
    others = [each for each in threads(account(**given), [they], [], TEAM, TODAY) if each.name != name]
    assert {each.state for each in others} == {"missing"}


def test_whoever_has_the_thread_speaks_instead_of_the_role():
    """STK-2."""
    crowd = [person(1, role="champion", thread_owner="bob"), person(2, role="user")]
    found = thread("champion", crowd)
    assert [who for who, _ in found.pairs] == ["bob", "ana"]
    assert found.ours == ("bob", "ana")


@pytest.mark.parametrize(
    ("days", "state"), [(0, "open"), (90, "open"), (91, "stale"), (None, "stale"), (-1, "stale")]
)
def test_a_thread_is_stale_once_the_latest_contact_is_older_than_the_policy_says(days, state):
    """STK-2: 90 days, the last one in; a contact to come is none yet."""
    crowd = [
        person(1, role="champion", last_contact_on=None if days is None else days_ago(days)),
        person(2, role="user", last_contact_on=days_ago(300)),
    ]
    found = thread("champion", crowd if days is not None and days >= 0 else crowd[:1])
    assert found.state == state
    assert found.because.rule == "STK-2"


def test_a_thread_with_an_empty_side_is_missing_and_says_which():
    """STK-2."""
    they = person(role="technical_buyer", last_contact_on=TODAY)
    found = thread("technical", [they], POLICY)
    assert (found.state, found.ours, found.pairs) == ("missing", (), ((None, they),))
    assert found.because.observed == "none of us: nobody is solution engineer or support"
    found = thread("technical", [they], gone=[left(1)])
    assert (found.state, found.ours, found.pairs) == ("missing", ("sup",), ())
    assert found.because.observed == "no technical buyer on record"


# --- risks (STK-3) -----------------------------------------------------------------------------------------


@given(crowds, some_left, st.sampled_from(["enterprise", "mid_market", "smb", None]))
def test_an_account_is_single_threaded_with_fewer_than_two_people_in_contact_lately(crowd, gone, segment):
    """STK-3."""
    found = risk(account(), segment, crowd, gone, POLICY, TODAY)
    away = {each.stakeholder_no for each in gone}
    lately = [
        each
        for each in crowd
        if each.no not in away
        and each.last_contact_on is not None
        and days_ago(90) <= each.last_contact_on <= TODAY
    ]
    assert found.single_threaded == (len(lately) < 2)
    assert sorted(each.no for each in found.reached) == [each.no for each in lately]
    assert {each.rule for each in found.because} <= {"STK-3"}
    assert len(found.because) == found.single_threaded + bool(found.missing)


NEEDED = {
    "enterprise": ["champion", "economic_buyer", "decision_maker"],
    "mid_market": ["champion", "economic_buyer"],
    "smb": ["champion"],
    None: [],
}


@given(crowds, some_left, st.sampled_from(list(NEEDED)))
def test_roles_nobody_there_holds_are_missing_by_segment(crowd, gone, segment):
    """STK-3: of a small account anybody will do."""
    # STK
    found = risk(account(), segment, crowd, gone, POLICY, TODAY)
    away = {each.stakeholder_no for each in gone}
    held = {each.role for each in crowd if each.no not in away}
    wanted = [role for role in NEEDED[segment] if role not in held]
    assert list(found.missing) == ([] if segment == "smb" and held else wanted)


def test_a_champion_known_by_name_only_is_a_champion_until_gone():
    """STK-3."""
    assert risk(account(champion="Joe"), "smb", [], [], POLICY, TODAY).missing == ()
    assert risk(account(champion="Joe", champion_gone=1), "smb", [], [], POLICY, TODAY).missing == (
        "champion",
    )


def test_the_reason_says_how_many_there_are():
    """STK-3."""
    known = [person(1, name="Joe", last_contact_on=TODAY), person(2)]
    told = [risk(account(), None, known[:n], [], POLICY, TODAY).because[0].observed for n in (0, 1)]
    assert told == ["nobody on record", "1 in contact within 90 days: Joe"]
    (because,) = risk(account(), None, known[1:], [], POLICY, TODAY).because
    assert because.observed == "nobody of 1 in contact within 90 days"
    missing = risk(account(), "smb", [], [], POLICY, TODAY).because[1]
    assert (missing.observed, missing.threshold) == ("no champion", "smb: champion or anybody")


# --- the champion ------------------------------------------------------------------------------------------


def test_a_champion_is_one_by_role_or_by_the_accounts_name_for_them():
    """SAV-D."""
    assert is_champion(person(role="champion"), account())
    assert is_champion(person(name="JOE"), account(champion="joe"))
    assert not is_champion(person(name="Joe"), account())


def test_the_champion_is_lost_unless_another_takes_the_place():
    """SAV-D."""
    joe, mia, lou = (
        person(1, name="Joe", role="champion"),
        person(2, name="Mia", role="champion"),
        person(3, name="Lou", role="user"),
    )
    assert champion_leaves(joe, account(), [joe, lou])
    assert not champion_leaves(joe, account(), [joe, mia])
    assert not champion_leaves(lou, account(), [joe, lou])
    assert champion_leaves(joe, account(champion="Joe"), [joe, mia])
    assert champion_leaves(lou, account(champion="Lou"), [joe, lou])
    assert not champion_leaves(joe, account(champion="Lou"), [joe, lou])


@given(crowds, some_left)
def test_who_is_there_comes_by_influence_and_nobody_twice(crowd, gone):
    """STK-1."""
    found = still_there(crowd, gone, account())
    assert len({each.no for each in found}) == len(found)
    order = ["high", "medium", "low", None]
    assert [order.index(each.influence) for each in found] == sorted(
        order.index(each.influence) for each in found
    )


def test_roles_have_names_people_use():
    """STK-1."""
    assert [role_name(role) for role in ROLES] == [
        "user", "champion", "economic buyer", "decision maker", "technical buyer", "legal or procurement",
    ]  # fmt: skip


# --- what is typed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("role", "Economic-Buyer", "economic_buyer"),
        ("role", "economic_buyer", "economic_buyer"),
        ("role", "patrocinador", "champion"),
        ("role", "Usuária", "user"),
        ("role", "decisor", "decision_maker"),
        ("role", "JURÍDICO", "legal_procurement"),
        ("influence", "Alta", "high"),
        ("sentiment", "detrator", "negative"),
        ("last_contact", "2026-03-02", TODAY),
        ("last_contact", " ", None),
        ("email", "jo@acme.example", "jo@acme.example"),
        ("email", "", None),
        ("name", "  Jo Field ", "Jo Field"),
        ("thread_owner", "rui", "rui"),
    ],
)
def test_words_are_read_as_an_import_reads_them(field, text, value):
    """STK-1."""
    column = edits.FIELDS[field]
    assert edits.read({field: text}, TODAY) == {column: value}


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("role", "boss", "unknown-role"),
        ("influence", "huge", "unknown-influence"),
        ("sentiment", "meh", "unknown-sentiment"),
        ("last_contact", "02/03/2026", "bad-date"),
        ("last_contact", "2026-03-03", "contact-to-come"),
        ("last_contact", "1812-03-03", "bad-date"),
        ("email", "jo at acme", "bad-email"),
        ("name", " ", "bad-name"),
        ("name", "x" * 201, "bad-name"),
    ],
)
def test_what_cannot_be_is_named_with_what_could(field, text, code):
    """STK-1."""
    found = edits.read({field: text}, TODAY)
    assert isinstance(found, edits.Wrong)
    assert found.code == code
    if code.startswith("unknown"):
        assert all(word in found.message for word in edits.CHOICES[field])


def test_people_are_told_apart_by_address_else_by_name():
    one = person(name="Jo Field", email="Jo@acme.example")
    assert edits.same_person(one, {"name": "X", "email": "jo@ACME.example"})
    assert not edits.same_person(one, {"name": "Jo Field", "email": "other@acme.example"})
    assert edits.same_person(one, {"name": "jo field"})
    assert edits.same_person(one._replace(email=None), {"name": "JO FIELD", "email": "jo@acme.example"})


def test_an_edit_that_says_what_is_known_changes_nothing_and_another_pins_what_the_source_said():
    one = person(role="user", last_contact_on=date(2026, 1, 5))
    assert edits.edit(one, {"role": "user"}, frozenset()) == (one, [])
    after, changes = edits.edit(one, {"role": "champion", "last_contact_on": TODAY}, frozenset())
    assert (after.role, after.last_contact_on) == ("champion", TODAY)
    assert [(each.entity, each.key) for each in changes] == [
        ("stakeholder", (1,)), ("pin", ("stakeholder", 1, "role")),
        ("pin", ("stakeholder", 1, "last_contact_on")),
    ]  # fmt: skip
    pinned = frozenset([("stakeholder", 1, "role")])
    assert [each.entity for each in edits.edit(one, {"role": "champion"}, pinned)[1]] == ["stakeholder"]


def test_somebody_added_has_no_source_and_what_was_not_said_is_unknown():
    one, change = edits.add(7, account(3), {"name": "Jo", "role": "user"})
    assert one == person(7, account_no=3, name="Jo", role="user")
    assert change == Change("stakeholder", (7,), 3, None, one._asdict())


def test_removing_takes_pins_and_departure_along_before_the_person():
    changes = edits.remove(person(), left(1), {"role": '"user"'})
    assert [(each.entity, each.after) for each in changes] == [
        ("pin", None), ("departure", None), ("stakeholder", None),
    ]  # fmt: skip
    assert [each.entity for each in edits.remove(person(), None, {})] == ["stakeholder"]


def test_leaving_flags_the_account_of_a_champion_once():
    """SAV-D: as `set champion=gone` does, with the pin."""
    departure, changes = edits.leave(person(), TODAY, "why", account(), True, frozenset())
    assert departure == Departure(1, 1, TODAY, "why")
    assert [(each.entity, each.after and each.after.get("champion_gone")) for each in changes] == [
        ("departure", None), ("account", 1), ("pin", None),
    ]  # fmt: skip
    of = account(champion_gone=1)
    assert [each.entity for each in edits.leave(person(), TODAY, None, of, True, frozenset())[1]] == [
        "departure"
    ]
    assert [each.entity for each in edits.leave(person(), TODAY, None, account(), False, frozenset())[1]] == [
        "departure"
    ]
