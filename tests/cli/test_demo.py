"""`demo` makes its own portfolio again when asked to, and never replaces anything else."""

import stat

import pytest

from tests.processes import Person

pytestmark = pytest.mark.file_only("the demo makes a portfolio file of its own")
CSV = ("accounts.csv", "value.csv", "stakeholders.csv", "readings.csv")


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


@pytest.fixture
def made(desk):
    """The demo, with a desk to look at it from."""
    assert desk.run("demo", str(desk.folder / "try")).code == 0
    return desk


def test_the_past_of_the_demo_is_sound_and_teaches_a_manager_something(made):
    """SAV-11, WIN-3: enough saves for a rate, a rival that is a pattern, losses seen early and missed."""
    assert "sound: nothing found" in made.run("doctor").out
    told = made.json("save", "results")
    assert told["all"]["cases"] >= 20
    assert {"saved", "partly_saved", "lost", "let_go"} <= {name for name, of in told["all"].items() if of}
    assert len(told["by_scenario"]) == 6
    assert told["relapsed"] == 1
    assert 0 < told["all"]["promises"]["count"] < told["all"]["promises"]["of"]
    assert told["all"]["conceded"] > 0
    by = {each["name"]: each for each in told["by_response"]}
    assert by["within 24 h"]["saved_rate"]["rate"] > 0.5
    assert sum(by[name]["lost"] for name in ("within 7 days", "later", "never")) >= 5
    patterns = {(each["kind"], each["name"]) for each in told["patterns"] if each["pattern"]}
    assert ("competitor", "Rivalware") in patterns
    assert ("root_cause", "roi-never-shown") in patterns
    losses = made.json("save", "rehearse")["losses"]
    assert losses["seen"] > losses["missed"] > losses["missed_unread"] > 0
    assert losses["seen_rate"]["rate"] > losses["seen_by_chance"]["rate"]


def test_the_day_of_the_demo_is_not_buried_under_its_past(made):
    """Of the past no more is owed than one save that runs and one customer who is looked after."""
    of_saves = lambda days: [  # noqa: E731
        each["item"]
        for each in made.json("due", "--days", days)["items"]
        if each["item"].startswith("s") and not each["item"].startswith("s28-")
    ]
    assert of_saves("0") == []
    assert {each.partition("-")[0] for each in of_saves("7")} == {"s26", "s27"}
    assert len(of_saves("7")) <= 5
    assert made.run("save", "start", "ACME", "--scenario", "competitive").code == 0
    assert "blocked:" in made.run("save", "standup").out
