"""Names in the places where few look, and people whom only the log still knows."""

import pytest

from renewctl.core.model import Change
from renewctl.errors import NotFound, PortfolioError
from renewctl.store import forget as store
from renewctl.store import persons
from renewctl.store.persons import find_target
from renewctl.store.rewind import rewind
from tests.desk import ACCOUNTS
from tests.store.test_forget import CANARY, DAY, MAIL, broken_links, forget

pytestmark = pytest.mark.both_engines
PEOPLE = "account_id,name,email,role\n"


@pytest.fixture
def known(book):
    """A desk that has the person as a stakeholder of A1."""
    book.import_(PEOPLE + f"A1,{CANARY},{MAIL},user\n", "--kind", "stakeholders", name="people.csv")
    return book


def everything(desk):
    return str(desk.facts())


def test_a_name_in_the_portfolios_own_notes_goes_too(known):
    with known.open() as portfolio, portfolio.write("test", "ana", DAY):
        portfolio.set_meta("note", f"copied for {CANARY} once")
    assert CANARY in everything(known)
    forget(known, CANARY)
    assert CANARY not in everything(known)
    with known.open() as portfolio:
        assert portfolio.meta("note") == f"copied for {store.ERASED} once"


def test_a_name_in_the_name_of_a_file_goes_from_the_rows_of_other_accounts(known):
    text = ACCOUNTS.replace("Beta Ltda", "Beta SA").replace("Gamma", "Gamma Inc")
    known.import_(text, name=f"from {CANARY}.csv")
    forget(known, CANARY)
    assert CANARY not in everything(known)
    with known.open() as portfolio:
        assert broken_links(portfolio) == []
        names = dict(portfolio.rows("SELECT id, name FROM account"))
    assert names["B2"] == "Beta SA"


def test_a_name_that_a_file_said_before_it_was_set_otherwise_goes(known):
    head = "id,name,arr,renewal_date,competitor\n"
    rows = (f"A1,Acme Ltd,120000,2026-05-31,{CANARY} & Co\n", f"B2,Beta Ltda,5000,2026-07-15,{CANARY} & Co\n")
    known.import_(head + "".join(rows), name="rivals.csv")
    for each in ("A1", "B2"):
        assert known.run("set", each, "competitor=Rival").code == 0
    with known.open() as portfolio:
        said = portfolio.rows("SELECT source_value FROM pin WHERE entity = 'account'")
        assert [CANARY in text for (text,) in said] == [True, True]
        with portfolio.write("test", "ana", DAY) as operation:
            row = {"entity": "contract", "row_no": 2, "field": "name", "source_value": f'"for {CANARY}"'}
            operation.apply([Change("pin", ("contract", 2, "name"), 2, None, row)])
    forget(known, CANARY)
    assert CANARY not in everything(known)


def test_digests_that_hold_the_letters_of_a_name_stay_as_they_are(known):
    forget(known, CANARY)
    with known.open() as portfolio:
        was = portfolio.value("SELECT was FROM erasure ORDER BY no LIMIT 1")
        chain = portfolio.rows("SELECT op, was, now FROM erasure ORDER BY no")
    known.import_(
        PEOPLE + f"A1,{was[:32]} {was[32:]},doe@acme.example,user\n", "--kind", "stakeholders", name="b.csv"
    )
    forget(known, f"{was[:32]} {was[32:]}")
    with known.open() as portfolio:
        assert broken_links(portfolio) == []
        assert portfolio.rows("SELECT op, was, now FROM erasure ORDER BY no")[: len(chain)] == chain


def test_of_many_places_that_may_mean_somebody_a_few_are_shown_and_the_others_counted(known, monkeypatch):
    for no in range(4):
        known.run("log", "A1", f"Zebrowski asked for it {no} times")
    whole = forget(known, CANARY, dry_run=True)
    assert (len(whole.left) > 3, whole.more_left) == (True, 0)
    monkeypatch.setattr(store, "_TOLD", 3)
    done = forget(known, CANARY, dry_run=True)
    assert (done.left, done.more_left) == (whole.left[:3], len(whole.left) - 3)


def test_where_the_storage_was_rewritten_but_not_noted_it_is_still_to_be_done(known, monkeypatch):
    forget(known, CANARY, purge=False)
    with known.open() as portfolio:
        with monkeypatch.context() as patch:

            def broken():
                raise PortfolioError("x", "no", "")

            patch.setattr(portfolio, "seal", broken)
            with pytest.raises(PortfolioError):
                store.purge(portfolio)
        assert portfolio.meta(store.PENDING) == "1"
        store.purge(portfolio)
        assert portfolio.meta(store.PENDING) is None


# --- who is meant -------------------------------------------------------------------------------------


def refused(desk, who, **given):
    with desk.open() as portfolio, pytest.raises(NotFound) as caught:
        find_target(portfolio, who, given.get("kind"), given.get("account"))
    return caught.value


def test_a_name_of_several_accounts_and_of_no_person_is_refused_as_theirs(desk):
    desk.import_("id,name,arr,renewal_date\nX1,Acme North,1,2026-05-31\nX2,Acme South,1,2026-05-31\n")
    assert refused(desk, "Acme").code == "ambiguous-account"


def gone(desk, *people):
    """Stakeholders who were imported and taken back: only the log still knows them."""
    desk.import_(PEOPLE + "".join(people), "--kind", "stakeholders", name="gone.csv")
    assert desk.run("undo", "--yes").code == 0


def test_of_two_whom_only_the_log_knows_it_must_be_said_which(book, monkeypatch):
    monkeypatch.setattr(persons, "_PAGE", 1)  # however the log is read
    gone(book, "A1,Jo Doe,jo@a.example,user\n", "B2,Jo Doe,jo@b.example,user\n")
    found = refused(book, "Jo Doe")
    assert found.code == "ambiguous-stakeholder"
    with book.open() as portfolio:
        assert find_target(portfolio, "Jo Doe", None, "B2").accounts[0].id == "B2"


def test_an_address_that_was_only_written_otherwise_is_found_in_the_log(book):
    for mail in ("jo@a.example", "JO@a.example"):
        book.import_(PEOPLE + f"A1,Jo Doe,{mail},user\n", "--kind", "stakeholders", name="people.csv")
    assert book.run("undo", "--yes").code == 0
    assert book.run("undo", "2", "--yes").code == 0
    with book.open() as portfolio:
        assert portfolio.rows("SELECT * FROM stakeholder") == []
        found = find_target(portfolio, "JO@a.example", None, None)
        assert {each.casefold() for each in found.emails} == {"jo@a.example"}


def test_the_past_before_somebody_was_forgotten_from_the_log_alone_has_the_same_facts(book):
    gone(book, "A1,Jo Doe,jo@a.example,user\n")
    before = book.values("account"), book.values("contract"), book.values("stakeholder")
    forget(book, "Jo Doe")
    with book.open() as portfolio:
        newest = portfolio.value("SELECT MAX(seq) FROM operation")
        told = portfolio.rows("SELECT DISTINCT entity FROM change WHERE op = ?", (newest,))
        assert told == [("erasure",)]
        with rewind(portfolio, newest - 1) as then:
            assert (then.values("account"), then.values("contract"), then.values("stakeholder")) == before
            assert "Jo Doe" not in str(then.rows("SELECT * FROM change"))
