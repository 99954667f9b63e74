"""What is printed fits a terminal of 80 columns, and a pipe gets every line whole."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from renewctl.views.terminal import cells, fit, fitted
from tests.desk import Desk
from tests.processes import Person

BOOK = """id,name,arr,currency,renewal_date,term_months,auto_renew,notice_days,csm,cancel_notice_date,nps
T1,Tacit Consolidated Holdings,8000,USD,2026-02-28,12,yes,30,ana,,40
U1,Unknown notice,9000,USD,2026-02-27,12,yes,,ana,,40
C1,Cancelled Shipping and Logistics,7000,USD,2026-02-28,12,yes,30,ana,2026-02-01,
N1,Not tacit,126000,USD,2026-04-30,12,no,30,bruno,,40
G1,Grown,60000,USD,2026-05-30,12,no,30,bruno,,10
"""
ACCENTED = "X\u0323\u0302" * 30
HARD = f"""id,name,arr,currency,renewal_date,term_months,auto_renew,notice_days,csm,nps
L1,{"Llanfairpwllgwyngyll" * 4},900000,USD,2026-04-30,12,no,30,Maria Fernandes Silva,40
J1,{"日本製鉄株式会社" * 4} 東京支店,300000,USD,2026-04-20,12,no,30,{"佐藤花子" * 5},10
D1,{ACCENTED} Ltd,60000,USD,2026-04-01,12,no,30,rui,
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


HARD_COMMANDS = """due --days 200 --limit 500
list
owners
effort
capacity
capacity --owner 佐藤花子佐藤花子佐藤花子佐藤花子佐藤花子
stakeholder risks
history
digest --owner all --days 60
health check
policy audit
policy pilot
calendar --dry-run
draft --all --days 30 --dry-run
timeline L1 --dry-run
roll --dry-run
reassign --from rui --to 佐藤花子佐藤花子佐藤花子佐藤花子佐藤花子 --dry-run
save list""".splitlines()
HARD_ABOUT = """show {}
explain {}
health show {}
health history {}
renewal {}
stakeholder add {} Ann --role champion
stakeholder list {}
stakeholder map {}
save start {} --scenario budget
save show {}
save why {} --enough said --root-cause budget-cut-lasting
save offer {} --instrument ramp --condition signed
save offer {} --instrument seats --seats 1 --of-seats 3 --condition yes --months 9 --expand-on 2027-01-31
save offer {} --instrument volume --months 6 --condition signed
save accept o3
save offers""".splitlines()


def _drawn(line: str) -> int:
    """Columns of a line on a terminal, told apart from how the program counts them."""
    marks = sum(unicodedata.category(letter) in ("Mn", "Me") for letter in line)
    return len(line) - marks + sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)


def _too_wide(shown: str, columns: int) -> list[str]:
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert lines
    return [line for line in lines if _drawn(line) > columns]


def test_no_line_is_wider_than_the_terminal(person: Person) -> None:
    (person.home / "book.csv").write_text(BOOK)
    (person.home / "bad.csv").write_text(BAD)
    (person.home / "other.toml").write_text("[touch]\nassisted_below = 30000\n")
    assert person.run("import", "book.csv").code == 0
    ended = person.run_many([(words.split(), {}) for words in COMMANDS], terminal=True)
    for words, done in zip(COMMANDS, ended, strict=True):
        assert done.code in (0, 1, 13, 14), done
        assert _too_wide(done.out, 80) == [], words


def test_no_name_makes_a_line_wider_than_the_terminal(person: Person) -> None:
    (person.home / "book.csv").write_text(HARD)
    assert person.run("import", "book.csv").code == 0
    calls = [(words.split(), {}) for words in HARD_COMMANDS]
    for no in ("L1", "J1"):
        calls += [(words.format(no).split(), {}) for words in HARD_ABOUT]
    for words, done in zip(calls, person.run_many(calls, terminal=True), strict=True):
        assert done.code in (0, 1), done
        assert _too_wide(done.out, 80) == [], words


def test_the_agenda_fits_whatever_its_owners_are_called(person: Person) -> None:
    (person.home / "book.csv").write_text(HARD)
    assert person.run("import", "book.csv").code == 0
    days = ("2026-01-10", "2026-02-20", "2026-04-10", "2026-04-29")
    sizes = [(columns, day) for columns in (40, 60, 80, 100) for day in days]
    calls = [
        (["due", "--days", "120", "--limit", "500", "--as-of", day], {"COLUMNS": str(columns)})
        for columns, day in sizes
    ]
    ended = person.run_many(calls, terminal=True)
    for (columns, _), done in zip(sizes, ended, strict=True):
        assert done.code == 0, done
        assert _too_wide(done.out, columns) == []
    assert all("Fernand…" in done.out for done in ended)
    assert any("* stands in" in done.out for done in ended)


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


WORDS = st.text("abä-本株é\u0301", min_size=1, max_size=40).filter(lambda word: word[0] != "\u0301")


@given(st.integers(0, 6), st.lists(st.tuples(WORDS, st.booleans()), max_size=30), st.integers(20, 90))
def test_a_line_is_broken_between_words_and_loses_none(indent, words, columns):
    line = " " * indent + " ".join(f"\x1b[1m{word}\x1b[0m" if bold else word for word, bold in words)
    parts = fitted(line, None, columns)
    assert "".join("".join(parts).split()) == "".join(line.split())
    shown = [re.sub(r"\x1b\[[0-9;]*m", "", part) for part in parts]
    assert all(_drawn(part) <= columns for part in shown)
    whole = [word for part in shown for word in part.split()]
    assert all(word in whole for word, _ in words if _drawn(word) <= columns)
    assert all(part.startswith("  ") for part in shown[1:] if _drawn(part.strip()) < columns - 2)


def test_a_path_stays_whole_to_be_copied():
    path = "/" + "folder/" * 20
    assert fitted(f"hint: renewctl restore {path} --yes", None, 40) == [
        "hint: renewctl restore", f"  {path}", "  --yes"
    ]  # fmt: skip


@given(WORDS, st.integers(2, 50))
def test_a_cut_text_has_the_room_it_was_given(word, room):
    assert cells(word) == _drawn(word)
    cut = fit(word, room)
    assert cells(cut) <= room
    assert cut == word or (cut[-1] == "…" and word.startswith(cut[:-1]) and cells(cut) >= room - 1)
