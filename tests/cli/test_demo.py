"""`demo` makes its own portfolio again when asked to, and never replaces anything else."""

import stat
from datetime import UTC, date

import pytest

from renewctl.core import plays
from renewctl.core.case_file import facts, findings, latest
from renewctl.core.offer_guards import Situation, guards, least_pct, refusing
from renewctl.core.offer_words import promise_of
from renewctl.core.offers import quote_of
from renewctl.core.play_flow import flow
from renewctl.core.promises import FIX, step_of_fix
from renewctl.store.policy_files import load_policy
from renewctl.store.portfolio import open_portfolio
from renewctl.store.saves import load_files
from tests.processes import Person

POLICY = load_policy(None)
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


def _file(made, save_no):
    """A save of the demo with all that is on record of it."""
    with open_portfolio(str(made.folder / "try" / "portfolio.db")) as portfolio:
        [case] = portfolio.values("save_case", "no = ?", (save_no,))
        [found] = load_files(portfolio, POLICY, date(2026, 3, 2), [case])
    return found


def test_every_offer_of_the_demos_past_is_one_that_the_commands_would_have_let_through(made):
    """SAV-4, SAV-9, SAV-B: guarded, approved by who may, its cause in words, its promise in the ledger."""
    with open_portfolio(str(made.folder / "try" / "portfolio.db")) as portfolio:
        offers = portfolio.values("offer", "", (), "no")
    assert {"accepted", "declined"} == {each.state for each in offers}
    assert {"seats", "bridge", "roadmap"} < {each.instrument for each in offers if each.state == "accepted"}
    for offer in offers:
        file, found = _file(made, offer.save_no), quote_of(offer)
        book = POLICY.playbook(file.case.scenario)
        cause = latest(file.ledger, "cause")
        assert offer.root_cause == cause.text == book.root_causes[cause.name].text
        of = Situation(
            file.case.scenario, book.rule, book.instruments, offer.root_cause, offer.condition,
            (cause.name, cause.text),
        )  # fmt: skip
        assert refusing(guards(of, found, POLICY.offers)) == []
        least = least_pct(found, POLICY)
        assert offer.needs_role == (None if least <= POLICY.saves.approval_pct["csm"] else "manager")
        promised = [each for each in file.ledger.promises if each.text == promise_of(found)[0]]
        assert [each.state for each in promised] == (["kept"] if offer.state == "accepted" else [])


def test_the_save_that_runs_in_the_demo_went_one_way_through_its_playbook(made):
    """SAV-2, SAV-5, SAV-P, OPP-3: what is done was called for by what was found, weighed and promised."""
    file = _file(made, 27)
    asked = findings(file.case, file.ledger)
    called_for = flow(POLICY.playbook("product").steps, asked, facts(file), frozenset())
    steps = plays.steps(file, POLICY, UTC)
    done = [each for each in steps if each.state == "done"]
    assert len(done) > 12
    assert {called_for[each.step] for each in done} == {"active"}
    assert {each.fate for each in steps if each.due_on < date(2026, 3, 2)} == {"active", "dropped"}
    assert {question.key for each in done for question in each.asks} <= asked.keys()
    assert [each.decision for each in file.ledger.worths] == ["fight"]
    fix = [each for each in file.ledger.promises if each.chain == FIX]
    assert [step_of_fix(each, POLICY.saves.chain)[1] for each in fix] == ["build", "qa", "beta", "release"]
    assert [each.after_no for each in fix] == [None, *(each.no for each in fix[:-1])]
    assert sorted(each.due_on for each in fix) == [each.due_on for each in fix]
    assert (fix[-1].due_on - fix[0].due_on).days == POLICY.saves.chain["build"]


@pytest.mark.parametrize(
    "rules",
    ["[saves.recovery]\nattention_months = 3\n", "[saves.approval_pct]\ncsm = 1\nmanager = 2\nvp = 3\n"],
)
def test_a_demo_is_made_under_any_rules_with_the_past_it_always_had(desk, rules, monkeypatch):
    """SAV-10, SAV-4: a relapse that came too late for today's rules, an offer that nobody may make by now."""
    overlay = desk.folder / "own.toml"
    overlay.write_text(rules, encoding="utf-8")
    monkeypatch.setenv(
        "RENEWCTL_POLICY", str(overlay)
    )  # the demo hands it on, and it has to end with the test
    done = desk.run("demo", str(desk.folder / "try"))
    assert done.code == 0, done.err
    assert "sound: nothing found" in desk.run("doctor").out
    told = desk.json("save", "results")
    assert told["relapsed"] == 1
    assert told["all"]["conceded"] > 0
