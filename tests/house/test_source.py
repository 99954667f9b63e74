"""What may stand in the source: one clock, exact money, known rules, no folder of one machine."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house import scans
from tests.processes import ROOT

# The one place that knows which day it is, and the one that stamps the log with the real clock.
CLOCKS = {"renewctl/cli/options.py": "date.today", "renewctl/store/portfolio.py": "datetime.now"}
TO_JSON = (
    "renewctl/core/money.py",
    "return whole if not rest else minor / scale",
    "an amount divided by /",
)
HOSTS = {
    "github.com",
    "keepachangelog.com",
    "semver.org",
    "www.w3.org",
    "schemas.openxmlformats.org",
    "purl.org",
    "example.com",
    "evil.example",
}
RULES = tomllib.loads((scans.PACKAGE / "policies" / "rules.toml").read_text())["rules"]


def named(path: Path) -> str:
    """A file as the project knows it."""
    return path.relative_to(ROOT).as_posix()


def test_the_clock_is_read_in_one_place_and_stamped_in_one() -> None:
    read = [
        (named(path), what) for path in scans.sources() for _, what in scans.clock_calls(path.read_text())
    ]
    assert sorted(read) == sorted(CLOCKS.items())


@pytest.mark.parametrize(
    "offence",
    [
        "from datetime import date\nx = date.today()",
        "import datetime\nx = datetime.date.today()",
        "import datetime as d\nx = d.datetime.now()",
        "from datetime import datetime\nf = datetime.utcnow",
        "import time\nx = time.time()",
    ],
)
def test_a_second_clock_would_be_seen(offence: str) -> None:
    assert list(scans.clock_calls(offence))


def test_amounts_never_become_floats_but_at_the_one_door_to_json() -> None:
    found = [
        (named(path), path.read_text().split("\n")[line - 1].strip(), what)
        for path in scans.sources()
        for line, what in scans.money_floats(path.read_text())
    ]
    assert found == [TO_JSON]


@pytest.mark.parametrize(
    "offence",
    [
        "x = float(contract.arr_minor)",
        "x = arr_minor / 12",
        "x = total / price",
        "x = arr_minor * 0.9",
        "x = 1.1 * account.expansion_minor",
    ],
)
def test_a_float_near_money_would_be_seen(offence: str) -> None:
    assert list(scans.money_floats(offence))


@pytest.mark.parametrize("fine", ["x = arr_minor // 12", "x = Fraction(arr_minor) / 12", "x = used / seats"])
def test_exact_arithmetic_is_not_taken_for_a_float(fine: str) -> None:
    assert not list(scans.money_floats(fine))


def test_money_is_stored_as_whole_numbers() -> None:
    ddl = (scans.PACKAGE / "store" / "schema.sql").read_text()
    columns = re.findall(r"^\s*(\w*_minor)\s+(\w+)", ddl, re.M)
    assert len(columns) >= 3
    assert {kind for _, kind in columns} <= {"INTEGER", "BIGINT"}  # SQLite keeps both in 64 bits


def test_every_rule_that_is_named_has_its_text() -> None:
    missing = {
        f"{named(path)}: {rule}"
        for path in [*scans.sources(), *scans.PACKAGE.rglob("*.toml"), *(ROOT / "templates").rglob("*.j2")]
        for rule in scans.rule_ids(path.read_text(encoding="utf-8"))
        if rule not in RULES
    }
    assert missing == set()


def test_every_rule_text_is_a_sentence_of_its_own() -> None:
    texts = [row["text"] for row in RULES.values()]
    assert len(RULES) > 60
    assert len(set(texts)) == len(texts)
    for name, row in RULES.items():
        assert row["text"].rstrip('"').endswith((".", ":", "…")), name
        assert len(row["text"]) > 20, name


def test_an_unknown_rule_would_be_seen() -> None:
    assert scans.rule_ids("because SEG-9 and SAV-Q, not UTF-8 or ISO-4") == {"SEG-9", "SAV-Q"}


def test_no_file_names_a_folder_or_host_of_one_machine() -> None:
    found = []
    for path in scans.tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{named(path)}:{line}: {what}" for line, what in scans.machine_paths(text)]
        found += [f"{named(path)}:{line}: {what}" for line, what in scans.foreign_hosts(text, HOSTS)]
    assert found == []


def test_a_machine_path_or_host_would_be_seen() -> None:
    slash = "/"
    for path in (f"{slash}root/x", f"{slash}work/main/x", f"{slash}home/ana/x", f"{slash}tmp/w/x"):
        assert list(scans.machine_paths(f"see {path} there")), path
    assert not list(scans.machine_paths("~/work/x, ./root/x, src/work/y, network/root/z"))
    address = "https:" + "//registry.internal:8080/simple"
    assert list(scans.foreign_hosts(address, HOSTS)) == [(1, "registry.internal")]
