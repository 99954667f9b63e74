"""`backup` and `restore` at the prompt, and the backups that commands make by themselves."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from renewctl.store import backup
from tests.backups import held
from tests.desk import ACCOUNTS

file_only = pytest.mark.file_only("is about the portfolio's file")
HEAD = "id,name,arr,currency,renewal_date\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where backups go."""
    found = tmp_path / "kept"
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(found))
    return found


def rows(count, arr=1000):
    """A file of so many accounts."""
    return HEAD + "".join(f"B{no},Book {no},{arr + no},USD,2026-09-0{no % 9 + 1}\n" for no in range(count))


def names(folder):
    """The reasons of the backups there are, the oldest first."""
    found = [each.name.split(".")[-2] for each in sorted(folder.iterdir())] if folder.exists() else []
    return [each.rstrip("-0123456789") for each in found]


@pytest.mark.both_engines
def test_a_backup_says_where_it_is_what_it_holds_and_that_it_was_verified(book, folder):
    told = book.json("backup")
    assert told["schema"] == "renewctl/backup/1"
    assert told["portfolio"] == str(book.path)
    assert Path(told["file"]).parent == folder
    assert told["bytes"] == Path(told["file"]).stat().st_size
    assert (told["operations"], told["verified"], told["removed"]) == (1, True, [])
    with book.open() as portfolio:
        assert told["head"] == portfolio.value("SELECT digest FROM operation")
    shown = book.run("backup")
    assert shown.code == 0
    assert "1 operation, the last #1" in shown.out
    assert told["head"] in shown.out


@pytest.mark.both_engines
def test_the_list_tells_the_sound_from_the_damaged_and_ends_with_1_where_there_are_such(book, folder):
    assert "no backup in" in book.run("backup", "--list").out
    first, second = book.json("backup")["file"], book.json("backup")["file"]
    told = book.json("backup", "--list")["backups"]
    assert [(each["file"], each["sound"]) for each in told] == [(second, True), (first, True)]
    Path(first).write_bytes(Path(first).read_bytes()[:-1])
    done = book.run("restore", "--list", "--json")
    assert done.code == 1
    told = json.loads(done.out)["backups"]
    assert [each["sound"] for each in told] == [True, False]
    assert told[1]["operations"] is None
    assert "relied upon" in told[1]["problem"]
    assert "not to be relied upon" in book.run("backup", "--list").out


@file_only
def test_a_backup_goes_into_the_folder_or_file_that_is_named(book, tmp_path):
    assert (
        Path(book.json("backup", "-o", str(tmp_path / "deep" / "er"))["file"]).parent
        == tmp_path / "deep" / "er"
    )
    file = tmp_path / "mine.db"
    assert book.json("backup", "-o", str(file))["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    book.fails(10, "file-exists", "backup", "-o", str(file))
    assert file.read_bytes() == before
    book.fails(2, "bad-option", "backup", "-o", "-")
    (tmp_path / "dotted.folder").mkdir()
    assert (
        Path(book.json("backup", "-o", str(tmp_path / "dotted.folder"))["file"]).parent.name
        == "dotted.folder"
    )


@file_only
def test_without_a_portfolio_there_is_nothing_to_back_up(desk):
    desk.fails(12, "portfolio-missing", "backup")
    desk.fails(10, "no-backup", "restore", "--yes")


@pytest.mark.both_engines
def test_only_so_many_as_asked_are_kept_and_the_removed_are_named(book, folder):
    first = book.json("backup")["file"]
    told = book.json("backup", "--keep", "1")
    assert told["removed"] == [first]
    assert [str(each) for each in folder.iterdir()] == [told["file"]]
    assert f"removed     {told['file']}" in book.run("backup", "--keep", "1").out
    assert book.run("backup", "--keep", "0").code == 2


@pytest.mark.both_engines
def test_restore_shows_what_would_be_lost_asks_and_does_it(book):
    book.run("backup")
    book.run("set", "A1", "arr=99000", "--reason", "call")
    book.run("log", "A1", "Spoke to Joe", "--kind", "call")
    shown = book.run("restore", "--dry-run")
    assert shown.code == 0
    assert "2 operations would be lost" in shown.out
    assert "Acme Ltd: arr (call)" in shown.out
    assert "dry run: nothing was restored" in shown.err
    asked = book.run("restore")
    assert (asked.code, "error[needs-yes]" in asked.err) == (2, True)
    assert book.values("account", "id = 'A1'")
    assert len(book.json("history")["operations"]) == 3
    told = book.json("restore", "--yes")
    assert told["restored"]
    assert [each["command"] for each in told["lost"]] == ["log", "set"]
    assert told["common"] == 1
    assert told["rows"] > 0
    assert len(book.json("history")["operations"]) == 1
    again = book.run("restore", told["kept"], "--yes")
    assert "2 operations are back" in again.out
    assert "nothing is lost" in again.out
    assert len(book.json("history")["operations"]) == 3
    assert Path(told["kept"]).exists()


@file_only
def test_many_operations_are_counted_after_the_first_twenty(book):
    book.run("backup")
    for each in range(22):
        book.run("log", "A1", f"note {each}", "--kind", "note")
    shown = book.run("restore", "--dry-run").out
    assert "22 operations would be lost" in shown
    assert "and 2 more" in shown
    assert len(json.loads(book.run("restore", "--dry-run", "--json").out)["lost"]) == 22


@file_only
def test_a_backup_of_another_portfolio_has_to_be_asked_for(book, person, tmp_path):
    other = tmp_path / "other.db"
    (tmp_path / "o.csv").write_text(rows(3))
    assert book.run("import", str(tmp_path / "o.csv"), "--portfolio", str(other)).code == 0
    file = book.json("backup", "--portfolio", str(other))["file"]
    before = held(book.path)
    for words in (("--yes",), ("--another",), ()):
        done = book.run("restore", file, *words)
        assert (done.code, "error[another-portfolio]" in done.err) == (2, True)
        assert "two portfolios" in done.out
        assert held(book.path) == before
    assert book.json("restore", file, "--another", "--yes")["another"]
    assert held(book.path) == held(other)


@file_only
def test_a_file_that_is_no_backup_is_refused_with_the_portfolio_as_it_was(book, tmp_path):
    before = book.path.read_bytes()
    (tmp_path / "x.db").write_text("no backup")
    for code, name, file in ((10, "backup-damaged", "x.db"), (10, "backup-missing", "y.db")):
        book.fails(code, name, "restore", str(tmp_path / file), "--yes")
    assert book.path.read_bytes() == before


@file_only
def test_a_damaged_portfolio_is_kept_beside_and_that_is_said(book):
    before = held(book.path)
    book.run("backup")
    book.path.write_bytes(b"broken " * 999)
    shown = book.run("restore", "--yes")
    assert shown.code == 0, shown.err
    assert "was damaged" in shown.out
    assert "the damaged file is kept at" in shown.err
    assert held(book.path) == before


@file_only
def test_names_from_outside_do_not_reach_the_terminal_alive(book, tmp_path):
    folder = tmp_path / "\x1b[31mred"
    told = book.run("backup", "-o", str(folder))
    assert told.code == 0
    assert "\x1b" not in told.out
    book.run("log", "A1", "x\x1b[2J", "--kind", "note")
    assert "\x1b" not in book.run("restore", "--dry-run", str(next(folder.iterdir()))).out


# --- by themselves -------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_small_import_makes_no_backup_and_a_large_one_does(desk, folder):
    desk.import_(rows(150))
    assert names(folder) == [], "nothing was there to lose"
    desk.import_(rows(50, arr=2000))
    assert names(folder) == []
    file = desk.folder / "large.csv"
    file.write_text(rows(150, arr=3000))
    with desk.open() as portfolio:
        operations = portfolio.value("SELECT COUNT(*) FROM operation")
    done = desk.run("import", str(file), "--json")
    told = json.loads(done.out)
    assert names(folder) == ["before-import"]
    assert told["backup"] == str(next(folder.iterdir()))
    assert "as it was before is kept at" in done.err
    assert told["files"][0]["updated"] == 150
    back = json.loads(desk.run("restore", "--dry-run", "--json").out)
    assert back["backup"]["operations"] == operations


@file_only
def test_each_road_of_an_import_makes_one_backup(desk, folder):
    desk.import_(rows(300))
    desk.import_(rows(300, arr=5000))  # line by line against the memory of the first
    assert names(folder) == ["before-import"]
    desk.import_(rows(300, arr=6000).replace("name,", "Name,"))  # another heading: at a glance
    assert names(folder) == ["before-import"] * 2
    mixed = rows(300, arr=7000) + rows(1, arr=7000)  # an id twice: read as a whole
    desk.import_(mixed.replace("name,", "NAME,"))
    assert names(folder) == ["before-import"] * 3
    health = "account_id,date,csat\n" + "".join(f"B{no},2026-03-01,4\n" for no in range(150))
    desk.import_(health, "--kind", "health", name="health.csv")
    assert names(folder) == ["before-import"] * 4


@pytest.mark.both_engines
def test_a_large_file_after_a_small_one_is_backed_up_as_it_was_before_both(desk, folder):
    desk.import_(rows(150))
    small, large = desk.folder / "small.csv", desk.folder / "large.csv"
    small.write_text("id,name,arr,currency,renewal_date,csm\nB1,Book 1,1001,USD,2026-09-02,Zed\n")
    large.write_text("account_id,date,csat\n" + "".join(f"B{no},2026-03-01,4\n" for no in range(150)))
    done = desk.run("import", str(small), str(large), "--json")
    assert done.code == 0, done.err
    files = json.loads(done.out)["files"]
    assert [each["rows"] for each in files] == [1, 150]
    assert [each["inserted"] + each["updated"] for each in files] == [1, 150]
    assert names(folder) == ["before-import"]
    with desk.open() as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM operation") == 2
    desk.json("restore", "--yes")
    assert {each.csm for each in desk.values("account")} == {None}


@file_only
def test_where_no_backup_can_be_made_a_large_import_is_refused_or_told_to_go_on_without(desk, folder):
    desk.import_(rows(150))
    folder.write_text("no folder")
    before = held(desk.path)
    file = desk.folder / "large.csv"
    file.write_text(rows(150, arr=3000))
    said = desk.fails(12, "backup-failed", "import", str(file))
    assert "--no-backup" in said
    assert held(desk.path) == before
    assert desk.run("import", str(file), "--dry-run").code == 0
    assert desk.run("import", str(file), "--no-backup").code == 0
    assert held(desk.path) != before


@file_only
def test_undoing_a_large_import_keeps_a_copy(desk, folder):
    desk.import_(ACCOUNTS)
    desk.import_(rows(600), name="more.csv")
    before = names(folder)
    assert desk.run("undo", "--yes").code == 0
    assert names(folder) == [*before, "before-undo"]
    assert all(each.automatic for each in backup.listing(str(desk.path)))


# --- damage is not passed on as sound ---------------------------------------------------------------


def alter(path):
    """Change a name behind the log's back, in a way that no check of the file format can see."""
    database = sqlite3.connect(path)
    database.execute("UPDATE account SET name = 'Acme Xtd' WHERE id = 'A1'")
    database.commit()
    database.close()


@file_only
def test_the_copy_of_an_altered_portfolio_is_called_what_it_is_and_makes_no_older_one_go(book, folder):
    good = Path(book.json("backup", "--keep", "1")["file"])
    alter(book.path)
    done = book.run("backup", "--keep", "1", "--json")
    assert done.code == 1
    assert "Acme Xtd" in json.loads(done.out)["doubt"]
    assert "renewctl doctor" in done.err
    assert good.exists()


@file_only
def test_a_restore_by_itself_passes_over_copies_that_the_log_contradicts(book, folder):
    good = book.json("backup")["file"]
    alter(book.path)
    book.run("backup")
    told = book.json("restore", "--yes")
    assert told["backup"]["file"] == good if isinstance(told["backup"], dict) else told["backup"] == good
    assert book.run("doctor").out.count("finding  ") == 1  # the copies of the altered one, which are kept
    assert book.values("account", "id = 'A1'")[0].name == "Acme Ltd"


@file_only
def test_a_second_restore_does_not_take_the_first_one_back(book, folder):
    good = book.json("backup")["file"]
    book.run("log", "A1", "hello", "--kind", "call")
    book.run("restore", "--yes")
    assert sorted(names(folder)) == ["before-restore", "manual"]
    assert Path(good).name in book.run("restore", "--dry-run").out


@file_only
def test_a_backup_can_be_named_as_the_list_shows_it(book, folder):
    good = Path(book.json("backup")["file"])
    assert str(good) in book.run("restore", good.name, "--dry-run").out
    book.fails(10, "backup-missing", "restore", "nothing.db", "--dry-run")


# --- what somebody wanted to be gone for good ------------------------------------------------------------


@file_only
def test_a_backup_from_before_a_forgetting_is_put_back_only_where_that_is_asked_for_by_name(book, folder):
    old = Path(book.json("backup")["file"])
    assert "--with-forgotten" not in "".join(book.run("restore", "--dry-run")[1:])
    assert book.run("forget", "Joe", "--yes").code == 0
    before = held(book.path)
    for words in (("--yes",), (str(old), "--yes"), ("--with-forgotten",), ("--another", "--yes")):
        done = book.run("restore", *words)
        assert done.code == 2
        assert done.err.startswith("error[forgotten-come-back]: ")
        assert "forget stakeholder of A1 (#2" in done.err.splitlines()[0]
        assert f"renewctl restore {old} --with-forgotten --yes" in done.err
        assert held(book.path) == before
    shown = book.run("restore", "--dry-run")
    assert shown.code == 0
    assert "would come back: forget stakeholder of A1 (#2" in shown.out
    assert f"renewctl restore {old} --with-forgotten --yes" in shown.err
    told = book.json("restore", "--with-forgotten", "--yes")
    assert (told["restored"], told["forgettings_lost"]) == (True, [2])
    assert book.values("account", "id = 'A1'")[0].champion == "Joe"


@file_only
def test_where_the_portfolio_is_gone_a_later_backup_tells_who_was_forgotten(book, folder):
    old = Path(book.json("backup")["file"])
    assert book.run("forget", "Joe", "--yes").code == 0
    later = Path(book.json("backup")["file"])
    book.path.unlink()
    done = book.run("restore", str(old), "--yes")
    assert done.code == 2
    assert done.err.startswith("error[forgotten-come-back]: ")
    assert "forget stakeholder of A1 (#2" in done.err
    assert not book.path.exists()
    assert book.run("restore", str(later), "--yes").code == 0
    assert book.values("account", "id = 'A1'")[0].champion is None


@file_only
def test_a_backup_of_an_altered_portfolio_that_is_named_is_called_no_sound_one(book, folder):
    with sqlite3.connect(book.path) as other:
        other.execute("UPDATE account SET name = 'Other' WHERE id = 'A1'")
    done = book.run("backup")
    assert done.code == 1
    altered = next(folder.iterdir())
    shown = book.run("restore", str(altered), "--dry-run")
    assert "This backup is no sound portfolio: " in shown.out
    assert book.json("restore", str(altered), "--dry-run")["doubt"]


@file_only
def test_a_backup_made_after_a_forgetting_is_put_back_as_any_other(book, folder):
    assert book.run("forget", "Joe", "--yes").code == 0
    book.run("backup")
    book.run("log", "A1", "hello", "--kind", "call")
    assert book.json("restore", "--yes")["forgettings_lost"] == []


# --- a folder that portfolios share ----------------------------------------------------------------------


@pytest.fixture
def other(book, tmp_path):
    """Another portfolio of the same name; the backup of it."""
    (tmp_path / "o").mkdir()
    (tmp_path / "o.csv").write_text(rows(3))
    path = str(tmp_path / "o" / "portfolio.db")
    assert book.run("import", str(tmp_path / "o.csv"), "--portfolio", path).code == 0
    return Path(book.json("backup", "--portfolio", path)["file"])


@file_only
def test_the_list_and_the_restore_tell_the_backups_of_another_portfolio_of_that_name(book, folder, other):
    ours = book.json("backup")["file"]
    found = book.json("backup", "--list")["backups"]
    assert {each["file"]: each["another"] for each in found} == {ours: False, str(other): True}
    assert book.run("backup", "--list").out.count("intact, but of another portfolio") == 1
    assert book.json("restore", "--dry-run")["backup"]["file"] == ours
    book.path.unlink()
    shown = book.run("backup", "--list").out
    assert shown.count("intact, of the portfolio begun ") == 2
    assert {each["another"] for each in book.json("backup", "--list")["backups"]} == {None}
    book.fails(10, "several-portfolios", "restore", "--yes")


@file_only
def test_doctor_passes_over_backups_of_another_portfolio_of_that_name(book, folder, other, monkeypatch):
    def told():
        done = book.run("doctor", "--json")
        found = json.loads(done.out)["checks"][-1]
        assert found["check"] == "backups"
        return [each["code"] for each in found["findings"]], [each["code"] for each in found["notes"]]

    assert told() == ([], ["not-of-the-backup"])  # a folder of that many may have
    book.run("backup")
    assert told() == ([], [])
    own = book.path.parent / "backups"
    own.mkdir(mode=0o700)
    (own / other.name).write_bytes(other.read_bytes())
    monkeypatch.delenv("RENEWCTL_BACKUPS")
    assert told() == (["not-of-the-backup"], [])  # in the portfolio's own it was replaced


# --- words that do not go together, and a portfolio that is not there -------------------------------------


@file_only
@pytest.mark.parametrize(
    "words",
    [
        ("backup", "--list", "-o", "x"),
        ("backup", "--list", "--keep", "3"),
        ("restore", "--list", "x.db"),
        ("restore", "--list", "--another"),
        ("restore", "--list", "--with-forgotten"),
    ],
)
def test_what_a_list_would_pass_over_is_refused(book, words):
    book.fails(2, "bad-option", *words)


@file_only
@pytest.mark.parametrize("harm", ["missing", "empty", "text", "heading", "pages"])
def test_where_the_portfolio_is_gone_or_broken_every_command_names_the_way_back(book, folder, harm):
    data = book.path.read_bytes()
    harmed = {
        "empty": b"",
        "text": b"milk, eggs\n" * 99,
        "heading": b"x" * 19 + data[19:],
        "pages": data[:100] + b"x" * 4000 + data[4100:],
    }
    file = Path(book.json("backup")["file"])
    book.path.unlink()
    if harm != "missing":
        book.path.write_bytes(harmed[harm])
    for command in ("list", "due", "doctor"):
        done = book.run(command)
        assert done.code == 12
        hint = done.err.splitlines()[1]
        assert "renewctl restore " in hint
        assert file.name in hint
    assert book.run("restore", "--yes").code == 0
    assert book.run("list").code == 0


@file_only
def test_without_backups_nothing_promises_one(desk):
    assert "restore" not in desk.fails(12, "portfolio-missing", "list")
    desk.path.write_text("milk, eggs\n")
    assert "renewctl import" in desk.fails(12, "not-a-portfolio", "list")


@file_only
def test_a_question_that_does_not_fit_the_terminal_is_asked_in_short(book, folder, monkeypatch):
    from renewctl.views import terminal

    file = Path(book.json("backup")["file"])
    book.run("log", "A1", "hello", "--kind", "call")
    assert f"from {file.name}, losing 1 operation?" in book.run("restore").err
    monkeypatch.setattr(terminal, "width", lambda stream=None: 60)
    assert "error[needs-yes]: Restore it, losing 1 operation?" in book.run("restore").err


# --- how it is told --------------------------------------------------------------------------------------


@file_only
def test_what_was_done_is_told_as_done(book, folder):
    made = book.run("backup")
    count = json.loads(book.run("backup", "--json").out)["rows"]
    assert f"verified    reopened and compared: {count} rows, equal to the portfolio's" in made.out
    book.run("set", "A1", "arr=99000", "--reason", "call")
    book.run("log", "A1", "hello", "--kind", "call")
    assert "would be lost" in book.run("restore", "--dry-run").out
    done = book.run("restore", "--yes")
    assert "would" not in done.out
    assert "2 operations are lost" in done.out
    assert f"reopened and compared, {count} rows equal to the backup's" in done.err
    assert "operations 2–3 are no longer in the history" in done.err
    kept = next(each for each in folder.iterdir() if "before-restore" in each.name)
    assert f"the portfolio before is kept at {kept}" in done.err
    book.run("log", "A1", "again", "--kind", "call")
    assert "operation 2 is no longer in the history" in book.run("restore", "--yes").err
    assert "no longer" not in book.run("restore", "--yes").err  # nothing was lost


@file_only
def test_a_restore_that_fails_still_tells_what_was_meant(book, folder, monkeypatch):
    from renewctl.errors import PortfolioError
    from renewctl.store import restore

    def failing(plan):
        raise PortfolioError("restore-failed", "the disk is gone")

    book.run("backup")
    book.run("log", "A1", "hello", "--kind", "call")
    monkeypatch.setattr(restore, "carry_out", failing)
    done = book.run("restore", "--yes")
    assert done.code == 12
    assert "1 operation would be lost" in done.out


@file_only
def test_a_dry_run_says_how_another_portfolio_is_put_in_its_place(book, folder, other):
    done = book.run("restore", str(other), "--dry-run")
    assert done.code == 0
    assert f"renewctl restore {other} --another --yes" in done.err


@file_only
@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_narrow_terminal_no_line_is_broken_within_a_word(book, folder, other, monkeypatch, columns):
    from renewctl.views import backup as view
    from renewctl.views import terminal

    book.run("backup")
    book.run("log", "A1", "Spoke about the price, the people and what comes " * 3, "--kind", "call")
    book.run("forget", "Joe", "--yes")
    damaged = Path(book.json("backup")["file"])
    damaged.write_bytes(damaged.read_bytes()[:-1])
    commands = (
        ("backup", "--list"), ("restore", "--dry-run"), ("doctor",), ("restore", str(other), "--dry-run"),
        ("backup",), ("restore", "--yes", "--with-forgotten"),
    )  # fmt: skip
    wide = [book.run(*words) for words in commands[:-2]]
    for module in (view, terminal):
        monkeypatch.setattr(module, "width", lambda stream=None: columns)
    narrow = [book.run(*words) for words in commands]
    for done in narrow:
        assert done.code in (0, 1), done
        lines = [*done.out.splitlines(), *done.err.splitlines()]
        for line in lines:
            assert len(line) <= columns or len(line.split()) <= 2, line  # a path, perhaps behind a mark
    for before, after in zip(wide[1:], narrow[1:], strict=False):
        assert before.out.split() == after.out.split(), "only the breaks between lines differ"
