"""`doctor` at the prompt: its lines, its exit codes, and what it says of a file that will not open."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.desk import ACCOUNTS, Desk
from tests.engines import Place, place, using
from tests.postgres import Server
from tests.processes import AS_OF


def spoil(desk: Desk, *statements: str) -> None:
    """Change the portfolio past the program."""
    if isinstance(desk.path, Place):
        desk.path.run(*statements)
        return
    connection = sqlite3.connect(desk.path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def sound(book: Desk) -> Desk:
    """A desk whose folder is its owner's alone, with a few changes made."""
    book.folder.chmod(0o700)
    assert book.run("set", "A1", "csm=Bob").code == 0
    return book


@pytest.mark.both_engines
def test_a_sound_portfolio_is_told_check_by_check(sound: Desk) -> None:
    done = sound.run("doctor")
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert lines[-1] == "sound: nothing found"
    checks = [line for line in lines[:-1] if not line.startswith(" ")]
    assert len(checks) == len(sound.json("doctor")["checks"])
    assert all(line.startswith("ok ") for line in checks)


@pytest.mark.both_engines
def test_a_finding_ends_with_exit_1_and_says_where_what_and_what_to_do(sound: Desk) -> None:
    spoil(sound, "UPDATE account SET csm = 'Eve' WHERE id = 'A1'")
    done = sound.run("doctor")
    assert done.code == 1
    assert done.err == ""
    assert "account 1: csm is 'Eve'; the log says 'Bob'" in done.out
    assert "renewctl restore" in done.out
    assert done.out.splitlines()[-1] == "1 finding"


@pytest.mark.both_engines
def test_the_document_names_every_check_and_finding(sound: Desk) -> None:
    spoil(sound, "UPDATE account SET csm = 'Eve' WHERE id = 'A1'")
    done = sound.run("doctor", "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["schema"] == "renewctl/doctor/1"
    assert (told["sound"], told["opened"], told["findings"], told["quick"]) == (False, True, 1, False)
    found = [(each["check"], one["code"]) for each in told["checks"] for one in each["findings"]]
    assert found == [("replay", "not-as-logged")]
    assert sum(len(each["findings"]) + each["more"] for each in told["checks"]) == told["findings"]


@pytest.mark.both_engines
def test_quick_does_not_read_every_row_and_needs_no_policy(sound: Desk) -> None:
    spoil(sound, "UPDATE account SET csm = 'Eve' WHERE id = 'A1'")
    wrong = sound.folder / "policy.toml"
    wrong.write_text("nonsense = [")
    done = sound.run("doctor", "--quick", "--policy", str(wrong))
    assert done.code == 0, done
    sound.fails(11, "bad-policy", "doctor", "--policy", str(wrong))


@pytest.mark.file_only("what one engine allows to plant")
def test_what_other_commands_refuse_is_opened_and_nothing_in_it_runs(sound: Desk) -> None:
    spoil(
        sound,
        "CREATE VIEW spy AS SELECT * FROM account",
        "CREATE TRIGGER eat AFTER UPDATE ON account BEGIN DELETE FROM change; END",
    )
    sound.fails(12, "portfolio-tampered", "list")
    done = sound.run("doctor")
    assert done.code == 1
    assert "spy: is a view that is none of ours" in done.out
    assert "eat: is a trigger that is none of ours" in done.out


@pytest.mark.both_engines
def test_an_altered_end_of_the_log_is_told(sound: Desk) -> None:
    spoil(sound, "UPDATE operation SET actor = 'eve' WHERE seq = (SELECT MAX(seq) FROM operation)")
    sound.fails(12, "log-altered", "set", "A1", "csm=Cy")
    done = sound.run("doctor")
    assert done.code == 1
    assert "operation 2: its own row is not what was written" in done.out


@pytest.mark.file_only("bytes of the file")
def test_a_newer_schema_is_examined_as_far_as_it_goes(sound: Desk) -> None:
    spoil(
        sound,
        "PRAGMA user_version = 99",
        "INSERT INTO migration VALUES (99, 'later', '2026-01-01T00:00:00Z')",
    )
    done = sound.run("doctor")
    assert done.code == 12
    assert done.err.startswith("error[newer-schema]: ")
    assert "ok       the database" in done.out
    assert "not run" in done.out


def test_without_a_portfolio_nothing_is_said_but_that(desk: Desk) -> None:
    assert "renewctl demo" in desk.fails(12, "portfolio-missing", "doctor")


@pytest.mark.file_only("bytes of the file")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-a-portfolio"),
        (b"milk\neggs\n", "not-a-portfolio"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "portfolio-damaged"),
    ],
    ids=["empty", "text", "a ruined heading"],
)
def test_a_file_that_cannot_be_opened_still_has_its_permissions_told(
    desk: Desk, content: bytes, code: str
) -> None:
    desk.path.write_bytes(content)
    desk.path.chmod(0o644)
    done = desk.run("doctor")
    assert done.code == 12
    assert done.err.startswith(f"error[{code}]: ")
    assert "its permissions are 0644" in done.out
    told = json.loads(desk.run("doctor", "--json").out)
    assert (told["opened"], told["sound"]) == (False, False)
    assert {each["state"] for each in told["checks"][1:]} == {"not_run"}


@pytest.mark.file_only("bytes of the file")
@pytest.mark.parametrize("harm", ["missing", "heading", "no link"])
def test_the_backups_are_told_also_where_the_portfolio_cannot_be_opened(
    sound: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "kept"))
    first, second = (Path(sound.json("backup")["file"]) for _ in range(2))
    first.write_bytes(first.read_bytes()[:-1])
    sound.path.unlink()
    if harm == "heading":
        sound.path.write_bytes(b"no database")
    elif harm == "no link":
        sound.path.symlink_to(tmp_path / "nowhere")
    done = sound.run("doctor")
    assert done.code == 12
    assert f"{second.name}: sound, 2 operations, the last of 2" in done.out
    assert f"put it back: renewctl restore {second.name}" in done.out
    assert f"{first} cannot be relied upon" in done.out
    assert "not run  the operation log" in done.out
    assert second.name in done.err.splitlines()[1]
    told = json.loads(sound.run("doctor", "--json").out)
    assert (told["opened"], told["sound"]) == (False, False)
    assert [each["where"] for each in told["checks"][-1]["notes"]] == [second.name]


@pytest.mark.file_only("another file")
def test_a_portfolio_of_another_program_is_refused(desk: Desk) -> None:
    connection = sqlite3.connect(desk.path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    done = desk.run("doctor")
    assert done.code == 12
    assert done.err.startswith("error[not-a-portfolio]: ")


@pytest.mark.file_only("bytes that are no text")
def test_hostile_names_reach_the_terminal_harmless(sound: Desk) -> None:
    spoil(sound, "UPDATE account SET name = char(27) || '[31m' || CAST(x'ff' AS TEXT) WHERE id = 'A1'")
    done = sound.run("doctor")
    assert done.code == 1
    assert "\x1b" not in done.out
    assert "\x1b" not in sound.run("doctor", "--json").out


@pytest.mark.both_engines
def test_a_portfolio_without_anything_in_it_is_sound(desk: Desk) -> None:
    desk.folder.chmod(0o700)
    assert desk.run("init").code == 0
    assert desk.run("doctor").code == 0


@pytest.mark.file_only("another file")
def test_a_copy_that_nobody_changed_is_as_sound_as_the_original(sound: Desk) -> None:
    copy = sound.folder / "copy.db"
    shutil.copy(sound.path, copy)
    copy.chmod(0o600)
    told = sound.json("doctor", "--portfolio", str(copy))
    assert told["sound"]


# What is found on a server; statements, check, code, where.
ON_A_SERVER = {
    "a view": (["CREATE VIEW spy AS SELECT * FROM account"], "schema", "planted", "spy"),
    "a trigger": (
        [
            "CREATE FUNCTION eat() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER eat AFTER UPDATE ON account EXECUTE FUNCTION eat()",
        ],
        "schema",
        "planted",
        "eat",
    ),
    "a table more": (["CREATE TABLE spare (x TEXT)"], "schema", "extra", "spare"),
    "a table less": (["DROP TABLE pin"], "schema", "table-missing", "pin"),
    "a column more": (["ALTER TABLE pin ADD COLUMN x TEXT"], "schema", "table-altered", "pin"),
    "a column that may be blank": (
        ["ALTER TABLE pin ALTER COLUMN source_value DROP NOT NULL"],
        "schema",
        "table-altered",
        "pin",
    ),
    "a rule less": (
        ["ALTER TABLE contract DROP CONSTRAINT arr_not_negative"],
        "schema",
        "table-altered",
        "contract",
    ),
    "an index less": (["DROP INDEX contract_account"], "schema", "table-altered", "contract"),
    "a reference to nothing": (
        [
            "ALTER TABLE contract DROP CONSTRAINT contract_account_no_fkey",
            "UPDATE contract SET account_no = 900 WHERE no = 1",
        ],
        "references",
        "no-such-row",
        "contract",
    ),
    "a summary": (
        ["UPDATE operation SET summary = 'x' WHERE seq = 1"],
        "log",
        "changes-altered",
        "operation 1",
    ),
    "a change": (["DELETE FROM change WHERE no = 2"], "log", "changes-missing", "operation 1"),
    "an operation": (["DELETE FROM operation WHERE seq = 1"], "log", "log-gap", "operation 2"),
    "a note": (
        ["UPDATE meta SET value = value || 'x' WHERE key = 'agenda_mark'"],
        "own",
        "notes-altered",
        "meta",
    ),
    "an amount": (
        ["UPDATE contract SET arr_minor = 7 WHERE no = 1"],
        "replay",
        "not-as-logged",
        "contract 1",
    ),
    "a search name": (
        ["UPDATE account SET search_name = 'x' WHERE no = 1"],
        "facts",
        "impossible",
        "account 1",
    ),
    "an orphan": (["UPDATE pin SET row_no = 900"], "facts", "orphan", "pin account|900"),
    "the agenda": (["UPDATE agenda SET alone = 7"], "caches", "agenda-wrong", "agenda 1"),
    "a memory": (["UPDATE source SET rows = 7"], "caches", "source-altered", "source 1"),
}


@pytest.mark.parametrize("name", ON_A_SERVER)
def test_a_fault_on_a_server_is_named(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    postgres: Server,
) -> None:
    statements, check, code, where = ON_A_SERVER[name]
    with using("postgresql", postgres):
        at = place(tmp_path / "portfolio.db")
        monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(at))
        monkeypatch.setenv("RENEWCTL_AS_OF", AS_OF)
        monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "backups"))
        desk = Desk(tmp_path, capsys)
        desk.import_(ACCOUNTS)
        assert desk.run("set", "A1", "csm=Bob").code == 0
        assert desk.run("doctor").code == 0
        at.run(*statements)
        done = desk.run("doctor", "--json")
        at.unlink()
    assert done.code == 1, done
    results = {each["check"]: each["findings"] for each in json.loads(done.out)["checks"]}
    assert any(each["code"] == code and where in each["where"] for each in results[check]), results
