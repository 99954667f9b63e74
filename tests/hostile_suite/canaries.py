# ruff: noqa: E501 - tables of calls
"""Secrets planted in every input and looked for in every output: streams, logs, and files left behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.hostile_suite.commands import leaves
from tests.processes import Person

# Each looks for itself, also as a URL or a repr would spell it.
PASSWORDS = {
    "PGPASSWORD": "c4nary-pg-password",
    "in the URL": "c4nary-url-password",
    "percent-encoded": "c4nary%2Furl%40password",
    "in the query": "c4nary-query-password",
    "in a conninfo": "c4nary-conninfo-password",
    "PGPASSFILE": "c4nary-passfile-password",
    "another tool's": "c4nary-token-of-another-tool",
}
FACTS = ("C4nary Customer Ltd", "c4nary.person@customer.example", "c4nary reason of theirs")
# Nothing answers at port 1; a host that no resolver knows.
ADDRESSES = (
    f"postgresql://bob:{PASSWORDS['in the URL']}@127.0.0.1:1/renewals",
    f"postgresql://bob:{PASSWORDS['percent-encoded']}@127.0.0.1:1/renewals",
    f"postgres://bob@127.0.0.1:1/renewals?password={PASSWORDS['in the query']}",
    f"postgresql://bob:{PASSWORDS['in the URL']}@no-such-host.invalid/renewals?sslmode=disable",
    f"postgresql://bob:{PASSWORDS['in the URL']}@[::bad/renewals",
    f"postgresql://bob:{PASSWORDS['in the URL']}@127.0.0.1:notaport/renewals",
    f"mysql://bob:{PASSWORDS['in the URL']}@127.0.0.1:1/renewals",
    f"host=127.0.0.1 port=1 user=bob password={PASSWORDS['in a conninfo']}",
)
NEEDED = {  # words with which a command gets as far as the portfolio
    "show": ["x"], "explain": ["x"], "set": ["x", "csm=Ana", "--reason", "y"], "done": ["x"], "skip": ["x", "--reason", "y"],
    "snooze": ["x", "--until", "2026-09-09"], "log": ["x", "y"], "stage": ["x", "proposed"], "won": ["x", "--arr", "1"],
    "lost": ["x", "--reason", "y"], "save start": ["x", "--scenario", "product"], "save show": ["x"], "save done": ["x"],
    "save close": ["x", "--result", "saved"], "proposal": ["x"], "value": ["x"], "import": ["book.csv"],
    "export": ["accounts"], "policy check": ["policy.toml"], "forget": ["x", "--yes"], "restore": ["x", "--yes"],
    "undo": ["--yes"], "demo": ["made"], "policy init": ["-o", "-"],
}  # fmt: skip


class Told(NamedTuple):
    """A secret that came out: which, of what call, where."""

    secret: str
    call: str
    where: str


def spellings(secret: str) -> set[str]:
    """A secret as it is and with its percent-encoding undone."""
    from urllib.parse import unquote

    return {secret, unquote(secret)}


def told(texts: dict[str, bytes], secrets: list[str], call: str) -> list[Told]:
    """Which secrets stand in which of the texts."""
    return [
        Told(secret, call, where)
        for where, text in texts.items()
        for secret in secrets
        if any(each.encode() in text for each in spellings(secret))
    ]


def left_behind(*folders: Path, apart_from: set[Path]) -> dict[str, bytes]:
    """Every file under the folders that was not there before, by name; its name counts as well."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path not in apart_from:
                found[str(path)] = path.read_bytes() + str(path).encode()
    return found


def passwords(home: Path, commands: list[str] | None = None) -> Iterator[tuple[int, list[Told]]]:
    """Every command at every address, with `--debug`: how many outputs there were, and what they told."""
    somebody = Person(home)
    temporary = home / "tmp"
    temporary.mkdir()
    passfile = home / "pgpass"
    passfile.write_text(f"*:*:*:*:{PASSWORDS['PGPASSFILE']}\n")
    passfile.chmod(0o600)
    (home / "book.csv").write_text("id,name,arr\nA1,Acme,1000\n")
    (home / "policy.toml").write_text("")
    planted = {
        "PGPASSWORD": PASSWORDS["PGPASSWORD"],
        "PGPASSFILE": str(passfile),
        "PGCONNECT_TIMEOUT": "2",
        "SOME_TOKEN": PASSWORDS["another tool's"],
        "TMPDIR": str(temporary),
    }
    before = set(home.rglob("*"))
    for at, address in enumerate(ADDRESSES):
        for command in commands or list(leaves()):
            if at and not commands and command not in ("list", "due", "import", "init", "history"):
                continue  # every command at the first address, some at the others
            words = [*command.split(), *NEEDED.get(command, []), "--debug"]
            done = somebody.run(*words, **planted, RENEWCTL_PORTFOLIO=address)
            texts = {"stdout": done.out.encode(), "stderr": done.err.encode()}
            texts |= left_behind(home, apart_from=before)
            yield (
                len(texts),
                told(texts, list(PASSWORDS.values()), f"{command} at {address.partition(':')[0]} {at}"),
            )
        if commands and at % 3:
            continue
        done = somebody.run("list", "--portfolio", address, "--debug", **planted)
        texts = {
            "stdout": done.out.encode(),
            "stderr": done.err.encode(),
            **left_behind(home, apart_from=before),
        }
        yield len(texts), told(texts, list(PASSWORDS.values()), f"--portfolio {at}")


def facts(home: Path) -> Iterator[tuple[int, list[Told]]]:
    """What is known of customers: in no error, no log of errors, no temporary file, no other person's file."""
    somebody = Person(home)
    temporary = home / "tmp"
    temporary.mkdir()
    name, email, reason = FACTS
    (home / "book.csv").write_text(f"id,name,arr,currency,renewal_date\nA1,{name},1000,USD,2026-05-01\n")
    (home / "people.csv").write_text(f"account_id,name,email\nA1,{name},{email}\n")
    (home / "bad.csv").write_text(f"id,name,arr\nA2,{name},{reason}\n")
    (home / "policy.toml").write_text("[general]\nx = 1\n")
    env = {"TMPDIR": str(temporary)}
    for words in (["book.csv"], ["people.csv", "--kind", "stakeholders"]):
        assert somebody.run("import", *words, **env).code == 0
    before = {path for path in home.rglob("*") if path.is_file()}
    calls: list[tuple[list[str], bytes, bool]] = [  # words, standard input, whether the output may show facts
        (["import", "-"], (home / "book.csv").read_bytes(), True),
        (["import", "-"], (home / "book.csv").read_bytes() + b'"', True),
        (["import", "bad.csv"], b"", True),
        (["show", "nobody", "--debug"], b"", False),
        (["list", "--policy", "policy.toml", "--debug"], b"", False),
        (["won", "A1", "--arr", "much", "--debug"], b"", True),
        (["stage", "A1", "nowhere", "--debug"], b"", False),
        (["done", "nothing", "--debug"], b"", False),
        (["export", "accounts", "-o", "no/such/folder.csv", "--debug"], b"", False),
        (["proposal", "A1", "--templates", "nowhere", "--debug"], b"", False),
        (["set", "A1", "arr=x", "--reason", "y", "--debug"], b"", True),
    ]
    for words, given, shows in calls:
        done = somebody.run(*words, stdin=given, **env)
        texts = left_behind(home, apart_from=before)
        if not shows:
            texts |= {"stdout": done.out.encode(), "stderr": done.err.encode()}
        yield max(1, len(texts)), told(texts, list(FACTS), " ".join(words))


def killed(home: Path) -> list[str]:
    """Temporary files that an import from a pipe leaves behind when it is refused half-way."""
    somebody = Person(home)
    (home / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "renewctl", "import", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env={**somebody.env, "TMPDIR": str(home / "tmp")},
    )
    process.communicate(b"id,name,arr\n" + f"A1,{FACTS[0]}".encode() * 10_000)
    return [path.name for path in (home / "tmp").iterdir()]
