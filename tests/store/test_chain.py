"""Each operation digests its rows and the operation before it; a second computation from the text agrees."""

import hashlib
import json
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.model import Change
from renewctl.errors import PortfolioError
from renewctl.store import chain
from renewctl.store.portfolio import open_portfolio
from tests.desk import ACCOUNTS

AS_OF = date(2026, 3, 2)
COLUMNS = "seq, at, as_of, actor, command, summary, undoes, nonce, count, content, previous, digest"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


def compact(*parts):
    return json.dumps(list(parts), ensure_ascii=False, separators=(",", ":")).encode()


def second_opinion(portfolio):
    """Every operation's content and digest worked out from the rows as the module's text says.

    One into which an erasure reached digests to what its newest link says, and did to what its first says.
    """
    links = {}
    for op, *link in portfolio.rows("SELECT op, was, now FROM erasure ORDER BY no"):
        links.setdefault(op, []).append(link)
    previous = ""
    for row in portfolio.rows(f"SELECT {COLUMNS} FROM operation ORDER BY seq"):
        seq, at, as_of, actor, command, summary, undoes, nonce, count, *_ = row
        rows = portfolio.rows(
            "SELECT no, op, entity, key, account_no, before, after FROM change WHERE op = ? ORDER BY no",
            (seq,),
        )
        assert count == len(rows)
        told = "".join(
            "\x1f".join("" if cell is None else str(cell) for cell in each) + "\x1e" for each in rows
        )
        content = sha(told.encode(), compact(nonce, command, summary))
        if seq in links:
            assert content == links[seq][-1][1]
            content = links[seq][0][0]
        digest = sha(compact(previous, seq, at, as_of, actor, undoes, count, content))
        yield row, (content, previous, digest)
        previous = digest


def test_the_chain_is_what_a_second_computation_from_its_rows_gives(book):
    book.run("set", "A1", "arr=130000", "--reason", "uplift")
    book.run("log", "A1", 'said "yes" | ção \u2028 \x7f', "--kind", "call")
    book.run("won", "A1", "--arr", "140000")
    changed = ACCOUNTS.replace("5000.50", "6000.50") + "D4,Delta,10,USD,2026-08-01,,,,,,,\n"
    book.import_(changed)
    with book.open() as portfolio:
        found = list(second_opinion(portfolio))
        assert len(found) == 5
        for row, expected in found:
            assert row[-3:] == expected


def test_rows_logged_in_bulk_and_one_by_one_land_in_one_digest_in_the_order_of_their_numbers(book):
    book.import_(ACCOUNTS.replace("5000.50", "6000.50") + "D4,Delta,10,USD,2026-08-01,,,,,,,50\n")
    with book.open() as portfolio:
        *_, (row, expected) = second_opinion(portfolio)
        kinds = portfolio.rows("SELECT before IS NULL FROM change WHERE op = ? ORDER BY no", (row[0],))
        assert {kind for (kind,) in kinds} == {0, 1}, "both inserts and updates, or this shows nothing"
        assert row[-3:] == expected


def test_an_attempt_that_was_rolled_back_is_not_in_the_digest(book):
    """An id that comes twice makes the file be read again: what the first attempt wrote is gone."""
    lines = [f"N{at},Name {at},100,USD,2026-08-{at % 28 + 1:02d},,,,,,,1" for at in range(9000)]
    lines[8500] = lines[1]
    book.import_(ACCOUNTS.split("\n")[0] + "\n" + "\n".join(lines) + "\n")
    with book.open() as portfolio:
        for row, expected in second_opinion(portfolio):
            assert row[-3:] == expected
        numbers = [no for (no,) in portfolio.rows("SELECT no FROM change ORDER BY no")]
        assert numbers == list(range(1, len(numbers) + 1))


cells = st.one_of(st.none(), st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=6))
row_of_change = st.tuples(
    st.integers(1, 99), st.integers(1, 9), st.just("account"), st.just("1"), st.none(), cells, cells
)


@given(st.lists(row_of_change, max_size=4), st.lists(row_of_change, max_size=4))
def test_different_rows_never_digest_to_the_same(one, two):
    def known(rows):  # JSON text is never empty, so NULL and "" need not be told apart
        return [tuple(cell or "" for cell in row) for row in rows]

    same = chain.content_of(one, "n", "c", "s") == chain.content_of(two, "n", "c", "s")
    assert same == (known(one) == known(two))


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_command_and_summary_are_told_apart(command, summary, other_command, other_summary):
    same = chain.content_of([], "n", command, summary) == chain.content_of(
        [], "n", other_command, other_summary
    )
    assert same == ((command, summary) == (other_command, other_summary))


@pytest.mark.parametrize(
    "column", ["at", "as_of", "actor", "undoes", "count", "content", "previous", "digest"]
)
def test_nothing_is_built_upon_an_operation_that_was_altered(book, column):
    value = "19" if column in ("undoes", "count") else "'2020-01-019'"
    with book.open() as portfolio:
        portfolio.execute(f"UPDATE operation SET {column} = {value} WHERE seq = 1")
    before = book.facts()
    error = book.fails(12, "log-altered", "log", "A1", "hello")
    assert "doctor" in error
    assert book.facts() == before


def test_two_operations_never_share_a_nonce(book):
    for _ in range(5):
        assert book.run("log", "A1", "hello").code == 0
    with book.open() as portfolio:
        nonces = [nonce for (nonce,) in portfolio.rows("SELECT nonce FROM operation")]
    assert len(set(nonces)) == 6
    assert all(len(nonce) == 32 for nonce in nonces)


@pytest.mark.both_engines
def test_change_rows_are_numbered_from_one_without_a_gap(book):
    book.run("set", "A1", "csm=Eva", "nps=20", "--reason", "told")
    book.run("log", "A1", "rang", "--kind", "call")
    with book.open() as portfolio:
        numbers = [no for (no,) in portfolio.rows("SELECT no FROM change ORDER BY no")]
    assert len(numbers) > 8
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [("arr_minor", 1.5), ("arr_minor", 2**63), ("arr_minor", True), ("renewal_on", "2026-02-30"),
     ("renewal_on", 20260230), ("renewal_on", "31/12/2026")],
)  # fmt: skip
def test_no_write_takes_an_amount_or_a_date_that_is_none(book, field, value):
    before = book.facts()
    with (
        pytest.raises(PortfolioError, match=field) as refused,
        open_portfolio(str(book.path)) as portfolio,
        portfolio.write("x", "ana", AS_OF) as operation,
    ):
        operation.apply([Change("contract", (1,), 1, {field: None}, {field: value})])
    assert refused.value.code == "invariant"
    assert book.facts() == before


@pytest.mark.parametrize("without", [(), ("hashlib",), ("hashlib", "_sha256")])
def test_the_digest_is_the_same_whichever_module_computes_it(monkeypatch, without):
    for name in without:
        if name == "hashlib":
            monkeypatch.delitem(sys.modules, name)
        else:
            monkeypatch.setitem(sys.modules, name, None)  # as where Python has no such module
    content = chain.Content()
    content.add(b"some rows")
    told = compact("n", "import", "a.csv")
    assert content.close("n", "import", "a.csv") == sha(b"some rows", told)
