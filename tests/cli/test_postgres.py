"""A portfolio that a team shares: every role's rights, many at once, and passwords that nobody sees."""

import json
import os
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from renewctl.cli.app import run
from renewctl.store.chain import CHANGE, OPERATION, content_of, digest_of
from renewctl.store.portfolio import open_portfolio
from tests.cutting import Cutter
from tests.engines import using
from tests.postgres import server
from tests.processes import ROOT, Person, Result

PEOPLE = 8
SECRET = "c4nary-Xq7"  # noqa: S105
BOOK = "id,name,arr,currency,renewal_date,csm,nps\n" + "".join(
    f"A{no},Account {no},{no * 9000},USD,2026-0{3 + no % 6}-15,ana,40\n" for no in range(1, 13)
)
CONTACTS = "account_id,name,email\nA1,Joe Doe,joe@example.com\n"


@pytest.fixture
def team(postgres, tmp_path):
    """Somebody whose portfolio is on the server."""
    with using("postgresql", postgres):
        yield Person(tmp_path)


@pytest.fixture
def ana(team):
    """The same, with twelve accounts."""
    (team.home / "book.csv").write_text(BOOK)
    done = team.run("import", "book.csv")
    assert done.code == 0, done.err
    return team


def at_once(person, script, *arguments):
    """Run a script in eight processes that begin together; the output of each."""
    start = person.home / "go"
    whole = (
        "import os, sys, time\nfrom renewctl.cli.app import run\n"
        f"while not os.path.exists({str(start)!r}): time.sleep(0.005)\n" + script
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", whole, str(no), *arguments],
            env={**person.env, "RENEWCTL_USER": f"user{no}"},
            cwd=person.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for no in range(PEOPLE)
    ]
    time.sleep(0.5)
    start.touch()
    told = [process.communicate(timeout=200) for process in processes]
    start.unlink()
    return [(process.returncode, out, err) for process, (out, err) in zip(processes, told, strict=True)]


class Inside(Person):
    """Somebody whose commands run in the test's own process, which is faster."""

    def __init__(self, home, capsys):
        super().__init__(home)
        self._capsys = capsys

    def run(self, *words, **env):
        """Run `renewctl WORDS`."""
        self._capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.home)
            for name, value in {**self.env, **env}.items():
                patch.setenv(name, value)
            code = run(list(words))
        return Result(code, *self._capsys.readouterr())


def check_chain(portfolio):
    """Compute the chain once more, from its rows."""
    previous = ""
    seqs = []
    for row in portfolio.rows(f"SELECT {','.join(OPERATION)} FROM operation ORDER BY seq"):
        changes = portfolio.rows(f"SELECT {','.join(CHANGE)} FROM change WHERE op = ? ORDER BY no", (row[0],))
        seq, command, summary, nonce, count, content = row[0], row[4], row[5], row[7], row[8], row[9]
        assert (len(changes), content_of(changes, nonce, command, summary)) == (count, content)
        assert (row[10], digest_of(row)) == (previous, row[11])
        previous = row[11]
        seqs.append(seq)
    assert seqs == list(range(1, len(seqs) + 1))


def test_what_eight_write_at_once_is_all_there_in_one_chain(ana):
    each = 4
    script = (
        f"for at in range({each}):\n"
        "    assert run(['log', 'A1', f'{sys.argv[1]} {at}']) == 0\n"
        "    assert run(['set', 'A2', f'seats_used={int(sys.argv[1]) * 100 + at}']) == 0\n"
    )
    ended = at_once(ana, script)
    assert [code for code, _, _ in ended] == [0] * PEOPLE, ended
    with open_portfolio(str(ana.portfolio)) as portfolio:
        found = {text for (text,) in portfolio.rows("SELECT text FROM activity")}
        assert found == {f"{no} {at}" for no in range(PEOPLE) for at in range(each)}
        check_chain(portfolio)
        befores = portfolio.rows(
            "SELECT before, after FROM change WHERE entity = 'account' AND op > 1 ORDER BY no"
        )
        now = portfolio.value("SELECT seats_used FROM account WHERE id = 'A2'")
    seats = [(json.loads(before)["seats_used"], json.loads(after)["seats_used"]) for before, after in befores]
    assert len(seats) == PEOPLE * each
    assert all(one[1] == two[0] for one, two in pairwise(seats))  # no update was lost
    assert (seats[0][0], seats[-1][1]) == (None, now)


def test_of_eight_who_do_one_item_at_once_one_does_it(ana):
    items = [each["item"] for each in json.loads(ana.run("due", "--json").out)["items"]][:1]
    assert items
    for item in items:
        ended = at_once(ana, "sys.exit(run(['done', sys.argv[2], '--hours', '1']))\n", item)
        assert [code for code, _, _ in ended] == [0] * PEOPLE, ended
        said = sorted("already done" in out + err for _, out, err in ended)
        assert said == [False] + [True] * (PEOPLE - 1), ended
    with open_portfolio(str(ana.portfolio)) as portfolio:
        commands = [command for (command,) in portfolio.rows("SELECT command FROM operation ORDER BY seq")]
        assert commands == ["import", *(f"done {item}" for item in items)]
        check_chain(portfolio)


def test_a_command_whose_line_is_cut_says_how_it_ended(ana, postgres):
    [schema] = re.findall(r"schema=(\w+)", ana.portfolio)
    with Cutter(postgres.port) as cutter:
        through = f"postgresql://postgres@127.0.0.1:{cutter.port}/postgres?schema={schema}"
        for way, code, said in (("before", 12, "error[not-recorded]"), ("after", 0, "")):
            cutter.at_commit(way)
            done = ana.run("log", "A1", way, RENEWCTL_PORTFOLIO=through)
            assert (done.code, said in done.err) == (code, True), done
    assert "after" in ana.run("history", "A1").out
    assert "before" not in ana.run("history", "A1").out
    with open_portfolio(str(ana.portfolio)) as portfolio:
        assert portfolio.rows("SELECT text FROM activity") == [("after",)]


# --- roles --------------------------------------------------------------------------------------------


@pytest.fixture
def roles(postgres, tmp_path, capsys):
    """People by role, in a database laid out by the statements of the manual, as they are written there."""
    text = (ROOT / "docs" / "postgresql.md").read_text(encoding="utf-8")
    [script] = re.findall(r"```sql\n(.*?)```", text, re.S)
    base = f"roles_{os.getpid()}"
    names = re.findall(r"CREATE ROLE (\w+)", script)
    postgres.run(f"CREATE DATABASE {base}")
    try:
        with postgres.connect(dbname=base) as connection:
            connection.execute(script)
        people = {}
        for name in ("ana", "ben", "eva"):
            home = tmp_path / name
            home.mkdir()
            people[name] = Inside(home, capsys)
            people[name].env |= {
                "RENEWCTL_PORTFOLIO": postgres.url(user=name, base=base),
                "RENEWCTL_USER": name,
            }
        yield people
    finally:
        postgres.run(f"DROP DATABASE {base} WITH (FORCE)", *(f"DROP ROLE {name}" for name in reversed(names)))


READS = [
    ("list",), ("show", "A1"), ("explain", "A1"), ("due",), ("history",), ("save", "list"),
    ("export", "log", "-o", "-"), ("proposal", "A1", "--format", "md", "-o", "."), ("value", "A1", "-o", "-"),
]  # fmt: skip
WRITES = [
    ("import", "contacts.csv"), ("set", "A1", "csm=zoe"), ("log", "A1", "called"),
    ("stage", "A1", "notified"),
    ("save", "start", "A2", "--scenario", "value"), ("won", "A3", "--arr", "30000"),
    ("lost", "A4", "--reason", "price"), ("undo", "--yes"), ("import", "more.csv"),
]  # fmt: skip


def test_every_role_can_do_what_the_manual_says_and_nothing_more(roles):
    for person in roles.values():
        (person.home / "book.csv").write_text(BOOK)
        (person.home / "contacts.csv").write_text(CONTACTS)
        (person.home / "more.csv").write_text(BOOK.replace(",40", ",50"))
    owner, writer, reader = roles.values()
    for person in (writer, reader):
        assert person.run("init").code == 12
    assert owner.run("init").code == 0
    done = writer.run("import", "book.csv")
    assert done.code == 0, done.err
    for words in READS:
        for person in roles.values():
            done = person.run(*words)
            assert done.code in (0, 1), (words, done)
    before = owner.run("history", "--json").out
    for words in WRITES:
        done = reader.run(*words)
        assert (done.code, "error[portfolio-not-writable]:" in done.err) == (12, True), (words, done)
        assert "writer" in done.err
    assert owner.run("history", "--json").out == before
    for words in WRITES:
        done = writer.run(*words)
        assert done.code == 0, (words, done)
    assert owner.run("set", "A5", "csm=zoe").code == 0


# --- passwords and encryption -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a password, and can encrypt where openssl can make a certificate."""
    rules = (
        "local all postgres trust",
        "local all all scram-sha-256",
        "host all all 127.0.0.1/32 scram-sha-256",
    )
    with server("password_encryption = 'scram-sha-256'", rules) as running:
        running.run(f"CREATE ROLE kim LOGIN PASSWORD '{SECRET}'", "CREATE SCHEMA renewctl AUTHORIZATION kim")
        yield running


def everything(person, done):
    """All that a command left anywhere: its output, and every file of its home."""
    files = [path.read_bytes() for path in person.home.rglob("*") if path.is_file() and path.name != "pass"]
    return done.out + done.err + b"".join(files).decode(errors="replace")


def ways_in(guarded, person):
    """The ways a password may come, as settings of the environment."""
    plain = guarded.url(user="kim", tcp=True)
    with_it = plain.replace("kim@", f"kim:{SECRET}@")
    keep = person.home / "pass"
    keep.write_text(f"*:*:*:kim:{SECRET}\n")
    keep.chmod(0o600)
    return {
        "in the address": {"RENEWCTL_PORTFOLIO": with_it},
        "as a setting of the address": {"RENEWCTL_PORTFOLIO": f"{plain}?password={SECRET}"},
        "PGPASSWORD": {"RENEWCTL_PORTFOLIO": plain, "PGPASSWORD": SECRET},
        "a password file": {"RENEWCTL_PORTFOLIO": plain, "PGPASSFILE": str(keep)},
    }


def test_a_password_gets_in_by_every_way_and_out_by_none(guarded, tmp_path, capsys):
    person = Inside(tmp_path, capsys)
    (person.home / "book.csv").write_text(BOOK)
    words = [
        ("init",), ("init", "--json"), ("import", "book.csv"), ("list", "--debug"), ("history", "--json"),
        ("log", "A1", "hello"), ("history",), ("show", "nobody", "--debug"), ("backup",), ("doctor",),
    ]  # fmt: skip
    for way, env in ways_in(guarded, person).items():
        for each in words:
            done = person.run(*each, **env)
            assert done.code in (0, 1, 13), (way, each, done)
            assert SECRET not in everything(person, done), (way, each)
    rows = guarded.run("SET search_path = renewctl", "SELECT o::text FROM operation o")
    rows += guarded.run("SET search_path = renewctl", "SELECT c::text FROM change c")
    rows += guarded.run("SELECT query FROM pg_stat_activity")
    assert len(rows) > 10
    assert SECRET not in repr(rows)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url.replace(SECRET, SECRET + "-wrong"),
        lambda url: url.replace("/postgres", "/no_such_base"),
        lambda url: re.sub(r":\d+/", ":1/", url),
        lambda url: url + "?sslmode=verify-full",
        lambda url: url + "?no_such_setting=1",
        lambda url: url + "?schema=no_such_schema",
        lambda url: url.replace("127.0.0.1", "db.invalid"),
        lambda url: url.replace(SECRET, SECRET + "/@"),
    ],
    ids=[
        "wrong password",
        "no database",
        "no server",
        "no encryption",
        "a setting",
        "no portfolio",
        "no host",
        "torn",
    ],
)
def test_no_error_of_connecting_repeats_the_password(guarded, tmp_path, capsys, spoil):
    person = Inside(tmp_path, capsys)
    url = spoil(guarded.url(user="kim", tcp=True).replace("kim@", f"kim:{SECRET}@"))
    done = person.run("list", "--debug", RENEWCTL_PORTFOLIO=url)
    assert done.code in (2, 12), done
    errors = [line for line in done.err.splitlines() if re.match(r"error\[[a-z-]+\]: \S", line)]
    assert len(errors) == 1, done.err
    assert SECRET not in everything(person, done)


def test_a_password_never_stands_in_the_list_of_processes(guarded, person):
    process = subprocess.Popen(
        [sys.executable, "-m", "renewctl", "import", "-"],
        env={**person.env, **ways_in(guarded, person)["in the address"]}, cwd=person.home,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    seen = []
    for _ in range(20):
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    seen.append((entry / "cmdline").read_bytes())
                except OSError:
                    continue
        time.sleep(0.02)
    process.communicate(BOOK.encode(), timeout=60)
    assert process.returncode == 0
    assert any(b"renewctl\0import" in each for each in seen)  # the control: it was among them
    assert not any(SECRET.encode() in each for each in seen)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://kim:{SECRET}@127.0.0.1/d",
        f"postgresql://kim@127.0.0.1/d?password={SECRET}",
        f"postgresql://kim@127.0.0.1/d?%70assword={SECRET}",
        f"host=127.0.0.1 user=kim password={SECRET}",
    ],
)
def test_a_password_as_an_argument_is_refused_before_anything_is_opened(person, url):
    done = person.run("list", "--debug", "--portfolio", url)
    assert (done.code, done.err.count("error[password-in-argument]")) == (2, 1), done
    assert SECRET not in done.out + done.err


def test_without_psycopg_the_way_to_get_it_is_said(person):
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from renewctl.cli.app import run; sys.exit(run(['list', '--portfolio', 'postgresql://localhost/d']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=person.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error[engine-unavailable]")
    assert "renewctl[postgres]" in done.stderr


@pytest.mark.needs("openssl")
def test_another_machine_must_prove_itself_and_one_that_cannot_encrypt_is_refused(
    postgres, tmp_path, monkeypatch
):
    """The loopback stands for another machine: what counts as this one is taken away."""
    from renewctl.errors import PortfolioError
    from renewctl.store import address

    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def opened(running, **more):
        base = f"postgresql://postgres@localhost:{running.port}/postgres"
        tail = "&".join(f"{name}={value}" for name, value in {"hostaddr": "127.0.0.1", **more}.items())
        with open_portfolio(f"{base}?{tail}", create=True) as portfolio:
            return portfolio.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")

    def refused(running, **more):
        with pytest.raises(PortfolioError) as told:
            opened(running, **more)
        return told.value.code

    places = {"schema": f"tls_{os.getpid()}"}
    monkeypatch.setattr(address, "_is_here", lambda host: False)
    assert refused(postgres, **places) == "not-encrypted"
    assert refused(postgres, sslmode="require", **places) == "not-encrypted"
    assert refused(postgres, sslmode="prefer", **places) == "plaintext-refused"
    with monkeypatch.context() as patch:
        patch.setenv("RENEWCTL_ALLOW_PLAINTEXT", "1")
        assert opened(postgres, **places) == 0  # the control: allowed, it goes as it is
    settings = "ssl = on\nssl_cert_file = 'cert.pem'\nssl_key_file = 'key.pem'"
    with server(settings, files={"cert.pem": cert.read_bytes(), "key.pem": key.read_bytes()}) as running:
        assert refused(running) == "not-encrypted"  # nobody vouches for it
        assert opened(running, sslmode="require") == 1
        assert opened(running, sslrootcert=str(cert)) == 1
