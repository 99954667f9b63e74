"""`demo` makes its own portfolio again when asked to, and never replaces anything else."""

import stat

import pytest

from tests.processes import Person

pytestmark = pytest.mark.file_only("the demo makes a portfolio file of its own")
CSV = ("accounts.csv", "value.csv", "stakeholders.csv")


def _contents(person: Person) -> dict[str, bytes]:
    return {
        str(path.relative_to(person.home)): path.read_bytes()
        for path in sorted(person.home.rglob("*"))
        if path.is_file()
    }


def test_a_demo_is_made_again_only_when_asked_to_and_its_files_are_its_owners_alone(person):
    assert person.run("demo", "try").code == 0
    folder = person.home / "try"
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("portfolio.db", *CSV)} == {0o600}
    before = _contents(person)
    done = person.run("demo", "try")
    assert (done.code, "renewctl demo try --yes" in done.err) == (2, True)
    assert _contents(person) == before
    assert person.run("set", "ACME", "csm=Zoe", "--portfolio", "try/portfolio.db").code == 0
    assert person.run("demo", "try", "--yes").code == 0
    assert "Zoe" not in person.run("show", "ACME", "--portfolio", "try/portfolio.db").out
    assert not person.portfolio.exists()  # and the portfolio that is somebody's own is not touched


def test_a_portfolio_that_no_demo_made_is_never_replaced(person):
    (person.home / "mine.csv").write_text("id,name,arr,renewal_date\nA1,Acme,5000,2026-05-01\n")
    (person.home / "work").mkdir()
    assert person.run("import", "mine.csv", "--portfolio", "work/portfolio.db").code == 0
    before = _contents(person)
    for words in (("demo", "work"), ("demo", "work", "--yes")):
        done = person.run(*words)
        assert done.code == 12
        assert done.err.startswith("error[not-a-demo]: work/portfolio.db is there already")
    assert _contents(person) == before


def test_what_is_no_portfolio_at_all_is_not_replaced_either(person):
    (person.home / "work").mkdir()
    (person.home / "work" / "portfolio.db").write_text("my notes, not a portfolio " * 50)
    before = _contents(person)
    assert person.run("demo", "work", "--yes").code == 12
    assert _contents(person) == before


@pytest.mark.parametrize("name", CSV)
def test_files_of_the_same_names_are_never_overwritten_where_there_is_no_demo(person, name):
    (person.home / "work").mkdir()
    (person.home / "work" / name).write_text("mine\n")
    for words in (("demo", "work"), ("demo", "work", "--yes")):
        done = person.run(*words)
        assert done.code == 12
        assert f"work/{name} is there already" in done.err
    assert _contents(person) == {f"work/{name}": b"mine\n"}


def test_no_symbolic_link_is_followed(person):
    (person.home / "mine.txt").write_text("mine\n")
    (person.home / "work").mkdir()
    (person.home / "work" / "accounts.csv").symlink_to(person.home / "mine.txt")
    assert person.run("demo", "work", "--yes").code == 12
    assert person.run("demo", "try").code == 0  # the control: a folder of its own is made
    (person.home / "try" / "accounts.csv").unlink()
    (person.home / "try" / "accounts.csv").symlink_to(person.home / "mine.txt")
    done = person.run("demo", "try", "--yes")
    assert (done.code, "symbolic link" in done.err) == (10, True)
    assert (person.home / "mine.txt").read_text() == "mine\n"
    assert (person.home / "try" / "portfolio.db").exists()
    (person.home / "link").mkdir()
    (person.home / "link" / "portfolio.db").symlink_to(person.home / "try" / "portfolio.db")
    assert person.run("demo", "link", "--yes").code == 12


def test_the_folder_of_your_own_portfolio_is_refused_even_while_it_is_empty(person):
    own = person.home / ".local" / "share" / "renewctl"
    done = person.run("demo", str(own), "--yes")
    assert done.code == 12
    assert "your own portfolio" in done.err
    assert not own.exists()
