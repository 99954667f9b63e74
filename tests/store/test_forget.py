"""Somebody who is forgotten is nowhere left, and the log still proves itself and still tells the tables."""

import hashlib
import json
import os
from contextlib import contextmanager
from datetime import date

import pytest

from renewctl.errors import NotFound
from renewctl.store import forget as store
from renewctl.store.persons import eraser_of, find_target
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import ENTITIES, columns
from tests.desk import ACCOUNTS, tables
from tests.engines import once

pytestmark = pytest.mark.both_engines
DAY = date(2026, 3, 2)
CANARY = "Quentin Zebrowski"
MAIL = "q.zebrowski@acme.example"
STAKEHOLDERS = f"""account_id,name,email,role,influence,sentiment,last_contact
A1,{CANARY},{MAIL},champion,high,negative,2026-01-05
A1,Mia Lund,mia@acme.example,user,low,,
B2,Zoë Maël,zoe@beta.example,user,low,,
"""


def forget(desk, who, kind=None, account=None, *, reason="", purge=True, dry_run=False):
    """Forget as the command does, and what came of it."""
    with desk.open() as portfolio:
        target = find_target(portfolio, who, kind, account)
        with (
            portfolio.overwriting(),
            portfolio.write(store.command_of(target), "ana", DAY, dry_run=dry_run) as operation,
        ):
            eraser = eraser_of(portfolio, target)
            done = store.forget(portfolio, operation, target, eraser, reason, load_policy(None), DAY)
        if purge and not dry_run:
            store.purge(portfolio)
        return done


@pytest.fixture
def known(desk):
    """A desk that has the person in every kind of place."""
    once("known", desk.path, desk.folder, lambda: _know(desk))
    return desk


def _know(book):
    book.import_(ACCOUNTS)
    book.import_(STAKEHOLDERS, "--kind", "stakeholders", name="stakeholders.csv")
    book.run("set", "A1", f"champion={CANARY}", "--reason", "x")
    book.run("log", "A1", f"called {CANARY.upper()}, who was fed up", "--kind", "call")
    book.run("log", "B2", f"Zebrowski, Quentin told them; ask {MAIL}.")
    book.run("set", "A1", "segment_override=smb", "--reason", f"{CANARY} asked for it")
    book.run("save", "start", "A1", "--scenario", "value", "--reason", f"{CANARY} doubts it")
    book.run("lost", "B2", "--reason", f"{CANARY} talked them out of it")
    book.run("set", "A1", "champion=Mia Lund")


# --- oracles, from the page of chain.py and nothing else --------------------------------------------------


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def compact(parts):
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def broken_links(portfolio):
    """Operations whose rows or place in the chain are not what was written, nor what an erasure says."""
    links = {}
    for op, was, now in portfolio.rows("SELECT op, was, now FROM erasure ORDER BY no"):
        links.setdefault(op, {})[was] = now
    bad, before = [], ""
    for row in portfolio.rows(
        "SELECT seq, at, as_of, actor, undoes, count, content, previous, digest, nonce, command, summary "
        "FROM operation ORDER BY seq"
    ):
        seq, at, as_of, actor, undoes, count, content, previous, digest, nonce, command, summary = row
        told = "".join(
            "\x1f".join("" if cell is None else str(cell) for cell in change) + "\x1e"
            for change in portfolio.rows(
                "SELECT no, op, entity, key, account_no, before, after FROM change WHERE op = ? ORDER BY no",
                (seq,),
            )
        )
        found = hashlib.sha256((told + compact([nonce, command, summary])).encode()).hexdigest()
        while content != found and content in links.get(seq, {}):
            content = links[seq].pop(content)
        chained = sha(compact([previous, seq, at, as_of, actor, undoes, count, row[6]]))
        if content != found or previous != before or chained != digest:
            bad.append(seq)
        before = digest
    return bad


def replayed(portfolio):
    """The tables as the log tells them: entity -> key -> row by column."""
    told = {entity: {} for entity in ENTITIES}
    for entity, key, before, after in portfolio.rows(
        "SELECT entity, key, before, after FROM change ORDER BY no"
    ):
        old, new = (None if side is None else json.loads(side) for side in (before, after))
        if old is None:
            told[entity][key] = dict(zip(columns(entity), new, strict=True))
            continue
        row = told[entity][key]
        was = old if isinstance(old, dict) else dict(zip(columns(entity), old, strict=True))
        assert {name: row[name] for name in was} == was, (entity, key)
        if new is None:
            del told[entity][key]
        else:
            row.update(new)
    return told


def stored(portfolio):
    return {
        entity: {
            "|".join(str(row[columns(entity).index(name)]) for name in info.key): dict(
                zip(columns(entity), row, strict=True)
            )
            for row in portfolio.rows(f"SELECT {','.join(columns(entity))} FROM {entity}")
        }
        for entity, info in ENTITIES.items()
    }


def everything(portfolio):
    """All that any table holds, as one text."""
    return "\n".join(
        repr(row) for name in tables(portfolio) for row in portfolio.rows(f"SELECT * FROM {name}")
    )


def assert_sound(desk):
    with desk.open() as portfolio:
        assert broken_links(portfolio) == []
        assert replayed(portfolio) == stored(portfolio)


def assert_gone(desk, *words):
    with desk.open() as portfolio:
        text = everything(portfolio).casefold()
    for word in words:
        assert word.casefold() not in text, text[max(0, text.find(word.casefold()) - 200) :][:400]


# --- a person ---------------------------------------------------------------------------------------------


def test_the_oracles_see_a_log_that_was_altered(known):
    assert_sound(known)
    with known.open() as portfolio:
        portfolio.begin()
        portfolio.execute("UPDATE change SET after = ? WHERE entity = 'activity' AND no > 0", ("[1]",))
        assert broken_links(portfolio)
        portfolio.rollback()


def test_nothing_of_a_person_is_left_in_any_row_of_any_table(known):
    with known.open() as portfolio:
        assert "zebrowski" in everything(portfolio).casefold()
    forget(known, CANARY, reason=f"asked for by {CANARY}")
    assert_gone(known, "zebrowski", "quentin", "negative", "2026-01-05")
    (person,) = [row for row in known.values("stakeholder") if row.name == "(erased)"]
    assert (person.influence, person.sentiment, person.last_contact_on) == (None, None, None)


def test_the_chain_still_verifies_and_the_log_still_tells_the_tables(known):
    with known.open() as portfolio:
        before = portfolio.rows("SELECT seq, content, digest FROM operation ORDER BY seq")
    forget(known, CANARY)
    assert_sound(known)
    with known.open() as portfolio:
        after = portfolio.rows("SELECT seq, content, digest FROM operation ORDER BY seq")
        assert after[:-1] == before
        touched = {op for (op,) in portfolio.rows("SELECT op FROM erasure")}
        bare = {seq for (seq,) in portfolio.rows("SELECT seq FROM operation WHERE nonce IS NULL")}
        assert touched == bare
        assert 1 not in touched


def test_what_the_person_did_to_the_figures_stays(known):
    def figures():
        return [
            [(row.arr_minor, row.renewal_on, row.state, row.cycle) for row in known.values("contract")],
            [(row.segment_override, row.champion_gone, row.csm) for row in known.values("account")],
            [(row.arr_before_minor, row.closed_on, row.result) for row in known.values("outcome")],
            [(row.flagged_on, row.state, row.owner) for row in known.values("save_case")],
            [(row.role, row.account_no, row.thread_owner) for row in known.values("stakeholder")],
        ]

    before = figures()
    forget(known, CANARY)
    assert figures() == before


def test_others_are_left_as_they_were(known):
    forget(known, CANARY)
    people = {row.name: row for row in known.values("stakeholder")}
    assert set(people) == {"(erased)", "Mia Lund", "Zoë Maël"}
    assert people["Mia Lund"].email == "mia@acme.example"
    assert people["(erased)"].role == "champion"
    assert {row.champion for row in known.values("account")} == {"Mia Lund", None}
    texts = [row.text for row in known.values("activity")]
    assert "called (erased), who was fed up" in texts
    assert "(erased) told them; ask (erased)." in texts


def test_two_forgettings_of_one_operation_are_followed_one_after_the_other(known):
    forget(known, CANARY)
    forget(known, "mia lund")
    assert_sound(known)
    assert_gone(known, "zebrowski", "mia lund", "mia@acme")
    with known.open() as portfolio:
        links = portfolio.rows("SELECT op, was, now FROM erasure ORDER BY no")
        shared = [op for op, _, _ in links if [each[0] for each in links].count(op) == 2]
        assert shared
        for op in set(shared):
            (first, second) = [link for link in links if link[0] == op]
            assert first[2] == second[1]


def test_a_dry_run_counts_and_changes_nothing(known):
    facts = known.facts()
    done = forget(known, CANARY, dry_run=True)
    assert done.operations >= 6
    assert done.log_rows >= 6
    assert known.facts() == facts


def test_somebody_who_is_only_in_the_log_is_found_there(known):
    done = known.run("undo", "2", "--yes")
    if done.code:  # later work may build on it
        with known.open() as portfolio, portfolio.write("x", "ana", DAY) as operation:
            from renewctl.core.model import Change

            (row,) = [each for each in portfolio.values("stakeholder") if each.name == CANARY]
            operation.apply([Change("stakeholder", (row.no,), row.account_no, row._asdict(), None)])
    assert CANARY not in {row.name for row in known.values("stakeholder")}
    forget(known, MAIL)
    assert_gone(known, "zebrowski")
    assert_sound(known)


def test_a_number_given_out_again_keeps_the_other_person(known):
    from renewctl.core.model import Change

    with known.open() as portfolio, portfolio.write("x", "ana", DAY) as operation:
        last = max(portfolio.values("stakeholder"), key=lambda row: row.no)
        operation.apply([Change("stakeholder", (last.no,), last.account_no, last._asdict(), None)])
        new = last._replace(name="Olga Prim", email="olga@beta.example")
        operation.apply([Change("stakeholder", (new.no,), new.account_no, None, new._asdict())])
    forget(known, "Olga Prim")
    assert_gone(known, "olga")
    with known.open() as portfolio:
        assert "Zoë Maël" in everything(portfolio)
    assert_sound(known)


def test_the_same_person_at_two_accounts_goes_at_both(known):
    known.import_(f"account_id,name,email\nB2,{CANARY},{MAIL}\n", "--kind", "stakeholders", name="more.csv")
    forget(known, CANARY)
    assert_gone(known, "zebrowski")
    assert_sound(known)


def test_a_namesake_elsewhere_is_somebody_else(known):
    known.import_(
        f"account_id,name,email\nB2,{CANARY},other@beta.example\n", "--kind", "stakeholders", name="more.csv"
    )
    with known.open() as portfolio, pytest.raises(NotFound) as refused:
        find_target(portfolio, CANARY, None, None)
    assert (refused.value.code, "A1" in refused.value.message, "B2" in refused.value.message) == (
        "ambiguous-stakeholder",
        True,
        True,
    )
    forget(known, CANARY, account="A1")
    people = {(row.account_no, row.name, row.email) for row in known.values("stakeholder")}
    assert (2, CANARY, "other@beta.example") in people
    assert any(CANARY.split()[1] in row.text for row in known.values("activity", "account_no = 2"))
    assert not any("ZEBROWSKI" in row.text.upper() for row in known.values("activity", "account_no = 1"))
    assert_sound(known)


def test_an_address_that_is_shared_stays_with_those_who_share_it(book):
    book.import_(
        "account_id,name,email\nA1,Joe Bloggs,team@acme.example\nB2,Mia Lund,team@acme.example\n",
        "--kind",
        "stakeholders",
        name="s.csv",
    )
    book.run("log", "A1", "Joe Bloggs answers at team@acme.example")
    forget(book, "joe bloggs")
    assert [(row.name, row.email) for row in book.values("stakeholder")] == [
        ("(erased)", None),
        ("Mia Lund", "team@acme.example"),
    ]
    assert [row.text for row in book.values("activity")] == ["(erased) answers at team@acme.example"]
    assert_sound(book)


def test_a_word_alone_is_erased_from_the_texts_of_one_account(known):
    known.run("log", "A1", "Quen rang")
    known.run("log", "B2", "Quen rang")
    forget(known, "quen", "mention", "A1")
    assert [row.text for row in known.values("activity") if "rang" in row.text] == [
        "(erased) rang",
        "Quen rang",
    ]
    assert_sound(known)


def test_texts_with_a_part_of_the_name_are_told(known):
    known.run("log", "A1", "Zebrowski again")
    left = forget(known, CANARY).left
    assert ("A1", "activity", "Zebrowski again") in [(each.account, each.entity, each.text) for each in left]
    assert any(each.entity == "operation" and "Zebrowski again" in each.text for each in left)


# --- an account -------------------------------------------------------------------------------------------


def test_nothing_of_an_account_is_left_in_any_row_of_any_table(known):
    forget(known, "A1", "account")
    assert_gone(known, "acme", "'a1'", '"a1"', "zebrowski", "mia lund")
    assert_sound(known)
    (account,) = known.values("account", "no = 1")
    assert (account.id, account.name, account.csm) == ("erased-1", "Erased 1", "Ana")
    assert {(row.source, row.source_line) for row in known.values("stakeholder", "account_no = 1")} == {
        (None, None)
    }


def test_the_totals_and_the_items_of_an_erased_account_stay(known):
    def totals():
        found = known.json("list", "--as-of", "2026-03-02")
        items = known.json("due", "--days", "400")["items"]
        return found["totals"], [(item["item"], item["due_on"], item["owner"]) for item in items]

    before = totals()
    forget(known, "A1", "account")
    assert totals() == before
    item = before[1][0][0]
    assert known.run("done", item).code == 0
    assert_sound(known)


def test_other_accounts_keep_their_words(known):
    texts = [row.text for row in known.values("activity", "account_no = 2")]
    known.run("log", "B2", "nothing to do with it")
    forget(known, "A1", "account")
    now = [row.text for row in known.values("activity", "account_no = 2")]
    assert now[-1] == "nothing to do with it"
    assert now[0] == "(erased) told them; ask (erased)."
    assert texts[0] != now[0]
    assert known.values("account", "no = 2")[0].name == "Beta Ltda"


def test_forgetting_an_account_twice_erases_nothing_more(known):
    forget(known, "A1", "account")
    facts = known.facts()
    done = forget(known, "erased-1", "account")
    assert (done.rows, done.log_rows, done.operations) == ({}, 0, 0)
    assert known.facts()["operation"] == facts["operation"]


def test_an_erased_id_that_a_file_brought_is_left_to_its_owner(known):
    """An export of a portfolio that has forgotten somebody holds such ids, and another may import it."""
    known.import_(
        "id,name,arr,renewal_date\nerased-1,Delta,100,2026-08-01\n", "--currency", "USD", name="d.csv"
    )
    for _ in range(2):
        forget(known, known.values("account", "no = 1")[0].id, "account")
        names = {account.id: account.name for account in known.values("account")}
        assert (names["erased-1"], names["erased-1-2"]) == ("Delta", "Erased 1-2")
        assert_gone(known, "acme")
        assert_sound(known)


def test_an_erased_id_that_was_in_the_log_only_is_not_given_again(known):
    known.import_(
        "id,name,arr,renewal_date\nerased-1,Delta,100,2026-08-01\n", "--currency", "USD", name="d.csv"
    )
    assert known.run("undo", "--yes").code == 0
    forget(known, "A1", "account")
    assert known.values("account", "no = 1")[0].id == "erased-1-2"
    assert_sound(known)
    day = known.json("history")["operations"][-1]["at"][:10]
    assert known.run("list", "--as-known-on", day).code == 0


# --- bytes ------------------------------------------------------------------------------------------------


def files_with(desk, word):
    """Files of the portfolio's folder, journals included, that hold a word in any case."""
    return [
        file.name
        for file in desk.folder.iterdir()
        if file.suffix != ".csv" and word.encode() in file.read_bytes()
    ]


@pytest.fixture
def worn(known):
    """The same with the person in long texts, in freed pages too."""

    def wear():
        for at in range(30):
            known.run("log", "A1", f"{at} " + f"{CANARY} " * 400)

    once("worn", known.path, known.folder, wear)
    return known


@pytest.mark.file_only
def test_no_byte_of_the_file_holds_it_any_more(worn):
    assert files_with(worn, "Zebrowski") == [worn.path.name]
    forget(worn, CANARY)
    assert files_with(worn, "Zebrowski") == []
    assert files_with(worn, "zebrowski") == []
    assert [file.name for file in worn.folder.iterdir() if "journal" in file.name] == []


@pytest.mark.file_only
def test_without_overwriting_and_rewriting_the_bytes_would_be_left(worn, monkeypatch):
    from renewctl.store.sqlite import SqlitePortfolio

    @contextmanager
    def careless(self):
        self.rows("PRAGMA secure_delete = OFF")
        yield

    monkeypatch.setattr(SqlitePortfolio, "overwriting", careless)
    forget(worn, CANARY, purge=False)
    assert_gone(worn, "zebrowski")
    assert files_with(worn, "Zebrowski") == [worn.path.name]


def test_what_was_not_finished_is_known_until_it_is(known):
    forget(known, CANARY, purge=False)
    with known.open() as portfolio:
        assert portfolio.meta(store.PENDING) is not None
        store.purge(portfolio)
        assert portfolio.meta(store.PENDING) is None
    assert_sound(known)


def test_the_memory_of_files_goes(known):
    with known.open() as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM source") == 2
    forget(known, CANARY)
    with known.open() as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM source") == 0


# --- many ---------------------------------------------------------------------------------------------------


def test_a_person_in_many_operations_goes_from_all_of_them_page_by_page(known, monkeypatch):
    monkeypatch.setattr(store, "_PAGE", 7)
    for at in range(int(os.environ.get("RENEWCTL_FORGET_OPERATIONS", "40"))):
        known.run("log", "A1" if at % 2 else "B2", f"{CANARY} {at}")
    forget(known, CANARY)
    assert_gone(known, "zebrowski")
    assert_sound(known)


def test_a_person_in_a_large_import_goes_from_its_one_operation(desk):
    rows = "".join(f"N{at},Name {at},{CANARY if at == 40 else 'Ann Other'},,\n" for at in range(60))
    desk.import_("id,name,champion,arr,renewal_date\n" + rows)
    forget(desk, CANARY)
    assert_gone(desk, "zebrowski")
    assert_sound(desk)
    assert sum(row.champion == "Ann Other" for row in desk.values("account")) == 59
