"""What is printed fits a terminal of 80 columns, and a pipe gets every line whole."""

import re

from hypothesis import given
from hypothesis import strategies as st

from renewctl.views.terminal import fitted
from tests.desk import Desk
from tests.processes import Person

BOOK = """id,name,arr,currency,renewal_date,term_months,auto_renew,notice_days,csm,cancel_notice_date,nps
T1,Tacit Consolidated Holdings,8000,USD,2026-02-28,12,yes,30,ana,,40
U1,Unknown notice,9000,USD,2026-02-27,12,yes,,ana,,40
C1,Cancelled Shipping and Logistics,7000,USD,2026-02-28,12,yes,30,ana,2026-02-01,
N1,Not tacit,126000,USD,2026-04-30,12,no,30,bruno,,40
G1,Grown,60000,USD,2026-05-30,12,no,30,bruno,,10
"""
BAD = """Account ID,A Heading That Is Rather Long,ARR (USD),Renewal Date,Something Else,Another
Z1,Zeta Consolidated Holdings,a lot of money indeed,2027-01-05,x,y
Z2,Zeta Two,1200,some day soon after the summer break,x,y
"""
COMMANDS = """roll --dry-run
roll N1
list
owners
effort
capacity
capacity --owner ana
due --days 90
show N1
explain N1
history
import bad.csv --dry-run
import book.csv
stage N1 notified
won N1 --arr 130000 --uplift 2000 --dry-run
lost N1 --reason price --competitor Rivalware-of-the-Northern-Hemisphere --dry-run
renewal N1 --target 150000
health history N1
health check
stakeholder add N1 Joe --role champion --thread-owner ana
stakeholder list N1
stakeholder map N1
stakeholder risks
reassign --from ana --to rui --dry-run
policy audit
policy pilot
policy diff shipped other.toml
draft --all --days 30 --dry-run
calendar --dry-run
digest --owner all --days 60
timeline N1 --dry-run
save list
due --owner Nobody-at-all
amend N1 --arr 1 --reason x --on 2020-01-01""".splitlines()


def test_no_line_is_wider_than_the_terminal(person: Person) -> None:
    (person.home / "book.csv").write_text(BOOK)
    (person.home / "bad.csv").write_text(BAD)
    (person.home / "other.toml").write_text("[touch]\nassisted_below = 30000\n")
    assert person.run("import", "book.csv").code == 0
    ended = person.run_many([(words.split(), {}) for words in COMMANDS], terminal=True)
    for words, done in zip(COMMANDS, ended, strict=True):
        assert done.code in (0, 1, 13, 14), done
        lines = re.sub(r"\x1b\[[0-9;]*m", "", done.out).splitlines()
        assert lines, words
        assert [line for line in lines if len(line) > 80] == [], words


def test_a_list_names_the_columns_a_narrow_terminal_has_no_room_for(person: Person) -> None:
    (person.home / "book.csv").write_text(BOOK)
    assert person.run("import", "book.csv").code == 0
    calls = [(words, {"COLUMNS": str(columns)}) for words in (["list"], ["owners"]) for columns in (80, 200)]
    narrow_list, wide_list, narrow_owners, wide_owners = (
        done.out for done in person.run_many(calls, terminal=True)
    )
    assert "no room for ID, TOUCH, STAGE, RENEWS: 150 columns show all" in narrow_list
    assert "no room for ACCOUNTS, OVERDUE: 110 columns show all" in narrow_owners
    assert "no room for" not in wide_list + wide_owners + person.run("list").out + person.run("owners").out


def test_a_pipe_gets_its_lines_whole(desk: Desk) -> None:
    desk.import_(BOOK)
    said = desk.run("roll", "U1", "--dry-run").err
    assert "renews by itself, and its notice days are unknown; set them first: renewctl set ACCOUNT" in said


@given(
    st.integers(0, 6), st.lists(st.text("abcäß/-", min_size=1, max_size=30), max_size=30), st.integers(20, 90)
)
def test_a_line_is_broken_between_words_and_loses_none(indent, words, columns):
    line = " " * indent + " ".join(words)
    parts = fitted(line, None, columns)
    assert " ".join(part.strip() for part in parts).split() == words
    assert all(len(part) <= columns or len(part.split()) == 1 for part in parts)
    assert all(len(part) - len(part.lstrip()) >= indent for part in parts if words)
