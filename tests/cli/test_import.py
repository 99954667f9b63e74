import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renewctl.store.portfolio import open_portfolio
from tests.engines import engine_now, is_written
from tests.processes import Person

ROWS = "id,name,arr,renewal_date\nA1,Acme,12000,2026-09-30\nA2,Bolt,900,2026-10-31\n"
EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_first_import_makes_a_private_portfolio_and_says_where(person: Person) -> None:
    done = person.run("import", "-", stdin=ROWS)
    assert done.code == 0
    assert str(person.portfolio) in done.err
    assert "2 inserted" in done.out
    if engine_now() == "sqlite":
        assert stat.S_IMODE(person.portfolio.stat().st_mode) == 0o600


def test_the_json_is_the_promised_document(person: Person) -> None:
    (person.home / "in.csv").write_text(ROWS + "A3,Cog,x,2026-10-31\n\n")
    done = person.run("import", "in.csv", "--json")
    assert done.code == 1
    document = json.loads(done.out)
    assert document["schema"] == "renewctl/import/1"
    (file,) = document["files"]
    assert {name: file[name] for name in ("file", "kind", "rows", "inserted", "updated", "unchanged")} == {
        "file": "in.csv",
        "kind": "accounts",
        "rows": 3,
        "inserted": 2,
        "updated": 0,
        "unchanged": 0,
    }
    assert (file["rejected"], file["skipped_lines"]) == (1, [5])
    assert file["mapping"] == {"id": "id", "name": "name", "arr": "arr", "renewal_date": "renewal_date"}
    assert set(file["dialect"]) == {"encoding", "delimiter", "date_order", "decimal"}
    (problem,) = file["problems"]
    assert set(problem) == {"line", "column", "code", "value", "message"}
    assert (problem["line"], problem["column"], problem["code"], problem["value"]) == (
        4,
        "arr",
        "amount-unreadable",
        "x",
    )


def test_exit_1_means_rejected_rows_and_nothing_else(person: Person) -> None:
    assert person.run("import", "-", stdin=ROWS.replace("Bolt", "")).code == 0  # a problem, no reject
    assert person.run("import", "-", stdin=ROWS.replace("2026-10-31", "never")).code == 1


def test_rejected_rows_go_to_a_file_that_mends_and_imports(person: Person) -> None:
    done = person.run("import", "-", "--rejects", "bad.csv", stdin=ROWS.replace("900", "zz"))
    assert done.code == 1
    assert "bad.csv" in done.out
    bad = person.home / "bad.csv"
    bad.write_text(bad.read_text().replace("zz", "900"))
    done = person.run("import", "bad.csv")
    assert (done.code, "1 inserted" in done.out) == (0, True)
    assert "renewctl_reason" not in done.out


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        (("in.csv", "--map", "colour=name"), 2, "colour"),
        (("in.csv", "--map", "arr"), 2, "--map"),
        (("in.csv", "--kind", "people"), 2, "people"),
        (("in.csv", "--date-order", "ydm"), 2, "--date-order"),
        (("in.csv", "--currency", "ZZZ"), 2, "ZZZ"),
        (("in.csv", "--where", "Nowhere=1"), 2, "Nowhere"),
        (("missing.csv",), 10, "--map arr="),
        (("dates.csv",), 10, "--date-order"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_with_what_to_do(
    person: Person, words: tuple[str, ...], code: int, names: str
) -> None:
    (person.home / "in.csv").write_text(ROWS)
    (person.home / "missing.csv").write_text("id,name,csm\nA1,Acme,Ana\n")
    (person.home / "dates.csv").write_text("id,name,arr,renewal_date\nA1,Acme,1,03/04/2026\n")
    done = person.run("import", *words)
    assert done.code == code
    assert names in done.err
    assert [line.split("[")[0].split(":")[0] for line in done.err.splitlines()] == ["error", "hint"]
    assert not person.portfolio.exists()


def test_names_from_outside_reach_the_terminal_harmless(person: Person) -> None:
    done = person.run("import", "-", stdin='id,name,arr,renewal_date\n"\x1b[31mA",[/],x,2026-09-30\n')
    assert "\x1b" not in done.out + done.err


def test_every_example_of_accounts_runs_through_the_command(person: Person) -> None:
    assert person.run("import", str(EXAMPLES / "accounts.csv"), str(EXAMPLES / "contracts.csv")).code == 0
    assert person.run("import", str(EXAMPLES / "messy.csv")).code == 1


def test_interrupting_takes_everything_back(person: Person) -> None:
    person.run("import", "-", stdin=ROWS)
    before = person.portfolio.read_bytes()
    big = person.home / "big.csv"
    with big.open("w") as file:
        file.write("id,name,arr,renewal_date,nps\n")
        file.writelines(f"B{n},Company {n},{n},2026-12-{n % 28 + 1:02},{n % 90}\n" for n in range(200_000))
    process = subprocess.Popen(
        [sys.executable, "-m", "renewctl", "import", "big.csv"],
        cwd=person.home,
        env=person.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not is_written(person.portfolio) and time.monotonic() < until:
        time.sleep(0.01)
    assert is_written(person.portfolio)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode().splitlines() == ["error[interrupted]: stopped; nothing was changed"]
    with open_portfolio(str(person.portfolio)) as portfolio:
        assert portfolio.value("SELECT COUNT(*) FROM account") == 2
    assert person.portfolio.read_bytes() == before


def test_a_dry_run_says_that_rejected_rows_are_written_without_it(person: Person) -> None:
    bad = ROWS.replace("900", "zz")
    dry = person.run("import", "-", "--dry-run", "--rejects", "bad.csv", stdin=bad)
    assert dry.code == 1
    assert "without --dry-run" in dry.out
    assert "add: --rejects" not in dry.out
    assert not (person.home / "bad.csv").exists()
    assert "add: --rejects" in person.run("import", "-", stdin=bad).out


def test_the_line_that_says_how_to_import_mended_rows_works_as_it_is_printed(person: Person) -> None:
    rows = (
        "Cliente;Valor do ano;Vence em;Grupo\n"
        "Acme;R$ 48.000,00;25/04/2026;a\n"
        "Bolt;12,5O;03/04/2026;a\n"  # the letter O; alone, neither this date nor the amount tells anything
        "Cog;R$ 1.000,00;30/06/2026;b\n"
    )
    maps = ("--map", "arr=Valor do ano", "--map", "renewal_date=Vence em", "--map", "name=Cliente")
    words = (*maps, "--where", "Grupo=a", "--where", "Grupo=c d", "--no-auto-map", "--delimiter", ";")
    done = person.run("import", "-", *words, "--rejects", "to mend.csv", stdin=rows)
    assert done.code == 1
    (line,) = [each for each in done.out.splitlines() if "mend them there, then: " in each]
    command = shlex.split(line.partition("then: ")[2])
    assert command[:3] == ["renewctl", "import", "to mend.csv"]
    bad = person.home / "to mend.csv"
    bad.write_text(bad.read_text().replace("12,5O", "12.500"))
    done = person.run(*command[1:])
    assert (done.code, "1 inserted" in done.out) == (0, True), done
    with open_portfolio(str(person.portfolio)) as portfolio:
        found = portfolio.rows("SELECT arr_minor, currency, renewal_on FROM contract ORDER BY no")
    assert found == [(4_800_000, "BRL", "2026-04-25"), (1_250_000, "BRL", "2026-04-03")]


def test_a_contract_never_changes_hands(book):
    heading = "id,account_id,arr,currency,renewal_date\n"
    book.import_(heading + "K1,A1,9000,USD,2026-12-31\n", "--kind", "contracts", name="contracts.csv")
    before = book.facts()["contract"]
    (book.folder / "moved.csv").write_text(heading + "K1,B2,9000,USD,2026-04-30\n")
    done = book.run("import", str(book.folder / "moved.csv"), "--kind", "contracts", "--json")
    assert done.code == 1
    assert json.loads(done.out)["files"][0]["problems"][0]["code"] == "contract-id-taken"
    assert book.facts()["contract"] == before
