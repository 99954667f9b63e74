"""Whatever command `save suggest`, `rehearse` and `results` print can be typed as it stands."""

import re
import shlex

import pytest

pytestmark = pytest.mark.file_only("the demo makes a portfolio file of its own")
_COMMAND = re.compile(r"renewctl (save (?:'[^']*'|\\'|[^'\n;()])*)")
_WRITES = ("start", "reopen")
_ODD = """id,name,arr,currency,renewal_date,csm,usage_trend
O'NEIL & Co,O'Neil,20000,USD,2026-09-30,ana,-45
"""


def printed(desk, *words):
    """The commands that a command prints, on either stream, as a shell would split them."""
    done = desk.run(*words)
    assert done.code in (0, 2), done
    return [shlex.split(found)[: _end(shlex.split(found))] for found in _COMMAND.findall(done.out + done.err)]


def _end(words):
    """Where a command ends and the sentence around it goes on: after its last option with what it takes."""
    last = max((at for at, each in enumerate(words) if each.startswith("--")), default=2)
    return last + 2 if len(words) > 2 else len(words)


def test_every_command_that_is_suggested_runs_as_printed(desk):
    """SAV-1, SAV-2: to open, to ask first, to reopen after a relapse, to look at what runs; odd ids too."""
    assert desk.run("demo", str(desk.folder)).code == 0
    desk.import_(_ODD, name="odd.csv")
    assert desk.run("health", "add", "C129", "csat=1", "open_tickets=9").code == 0
    accounts = [each["account"] for each in desk.json("save", "suggest")["suggestions"]]
    assert len(accounts) > 8
    screens = [("save", "suggest"), ("save", "rehearse"), ("save", "results"), ("save", "suggest", "BOREAL")]
    screens += [("save", "suggest", each) for each in accounts]
    screens += [("save", "start", "JOTA", "--dry-run")]  # refused: nothing tells why
    told = {tuple(command) for screen in screens for command in printed(desk, *screen)}
    facts = desk.facts()
    for command in told:
        words = ["value" if each == "SCENARIO" else each for each in command]
        done = desk.run(*words, *(["--dry-run"] if words[1] in _WRITES else []))
        assert done.code == 0, (command, done)
    assert desk.facts() == facts
    assert {words[1] for words in told} == {"start", "suggest", "reopen", "list", "show"}
    assert ("save", "start", "O'NEIL & Co", "--scenario", "value") in told
    assert any("--flagged" in words for words in told)
