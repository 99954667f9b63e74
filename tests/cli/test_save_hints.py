"""Whatever command the saves print, as a proposal or as a hint of a refusal, can be typed as it stands."""

import re
import shlex

import pytest

from renewctl.core.policy import INSTRUMENTS
from tests.cli.test_save_offer import ANSWER, RECOVERED
from tests.cli.test_save_offer import saves as saves
from tests.desk import desk as desk

_COMMAND = re.compile(r"renewctl ((?:save|playbook) (?:'[^']*'|\\'|[^'\n;()])*)")
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


@pytest.mark.file_only("the demo makes a portfolio file of its own")
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


# --- hints of refusals -----------------------------------------------------------------------------

_STANDS_FOR = {"TEXT": "They say so", "DATE": "2026-07-31", "AMOUNT": "1000", "CODE": "budget-cut-temporary",
               "SCENARIO": "value", "H": "5", "PCT": "30", "LEVEL": "s1"}  # fmt: skip
_READS = ("show", "list", "offers", "suggest")
_MORE = {
    "seats": ("--seats", "20", "--expand-on", "2026-12-01"),
    "core_only": ("--price", "100000", "--expand-on", "2026-12-01"),
    "deferred_fee": ("--fee", "500"),
    "bridge": RECOVERED,
    "roadmap": ("--what", "The connector"),
}


def hinted(desk, *words):
    """The commands in the hint of a refusal, with what a reader puts in place of the words in capitals."""
    done = desk.run(*words)
    assert done.code in (2, 10, 13, 14), (words, done)
    return [typed(each) for each in _COMMAND.findall(done.err.rpartition("hint: ")[2])]


def typed(command):
    words = re.split(r", (?:or|then|of) |: what", command)[0]
    words = words.replace("--why TEXT …", "--why TEXT " * 5).replace("--scenario …", "--scenario SCENARIO")
    return [_STANDS_FOR.get(each, each) for each in shlex.split(words.rstrip(", "))]


def runs(desk, commands):
    facts = desk.facts()
    for command in commands:
        reads = (
            command[0] == "playbook" or command[1] in _READS or "--help" in command or command[2:] == ["list"]
        )
        done = desk.run(*command, *([] if reads else ["--dry-run"]))
        assert done.code == 0, (command, done)
    assert desk.facts() == facts


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_another_offer_in_place_of_one_that_is_closed_is_made_as_the_hint_says(saves, instrument):
    """SAV-4: whatever the instrument needs to be an offer at all is in the hint."""
    months = () if instrument in ("trial", "ramp") else ("--months", "3")
    made = ("save", "offer", "A1", *ANSWER, *months, "--instrument", instrument)
    assert saves.run(*made, *_MORE.get(instrument, ())).code == 0
    later = ("--as-of", "2026-12-24")
    if saves.values("offer")[0].state == "approved":
        [ended] = hinted(saves, "save", "accept", "o1", *later)
        assert ended[:3] == ["save", "offer", "s1"]
    assert saves.run("save", "withdraw", "o1", "--reason", "x").code == 0
    commands = hinted(saves, "save", "accept", "o1")
    assert [each[:5] for each in commands] == [["save", "offer", "s1", "--instrument", instrument]]
    runs(saves, commands)


def test_every_command_in_the_hint_of_a_refused_step_of_an_offer_runs_for_who_reads_it(saves, monkeypatch):
    """SAV-4: what is hinted to the asker is theirs to do, and so to whoever approves."""
    bridge = ("save", "offer", "A1", *ANSWER, *RECOVERED, "--instrument", "bridge")
    assert saves.run(*bridge).code == 0
    for action in ("accept", "approve"):
        commands = hinted(saves, "save", action, "o1")
        assert commands == [["save", "withdraw", "o1", "--reason", "…"]]
        runs(saves, commands)
    monkeypatch.setenv("RENEWCTL_USER", "vera")
    commands = hinted(saves, "save", "accept", "o1")
    assert commands == [["save", "approve", "o1"]]
    runs(saves, commands)
    monkeypatch.setenv("RENEWCTL_USER", "zoe")
    assert hinted(saves, "save", "accept", "o1") == hinted(saves, "save", "approve", "o1") == []
    monkeypatch.setenv("RENEWCTL_USER", "ana")
    volume = ("save", "offer", "A1", *ANSWER, "--instrument", "volume", "--months", "6")
    for _ in range(2):
        assert saves.run(*volume, "--discount", "5").code == 0
    assert saves.run("save", "accept", "o2").code == 0
    why = ("save", "why", "A1", "--enough", "x", "--root-cause")
    for command in (("save", "refuse", "o3", "--reason", "x"), ("save", "accept", "o3")):
        commands = hinted(saves, *command)
        assert commands
        runs(saves, commands)
    assert saves.run(*why, "cash-flow").code == 0
    done = saves.run("save", "accept", "o3")
    assert (done.code, "--root-cause" in done.err) == (14, False)  # it is no option of this command
    runs(saves, hinted(saves, "save", "accept", "o3"))


@pytest.mark.parametrize(
    "words",
    [
        ("save", "offer", "A1", "--instrument", "volume", "--root-cause", " ", "--condition", "none"),
        ("save", "offer", "A1", "--instrument", "volumes"),
        ("save", "offer", "A1", *ANSWER[2:], "--root-cause", "Weather", "--instrument", "prepay"),
        ("save", "offer", "s77", "--instrument", "trial"),
        ("save", "accept", "o77"),
        ("save", "offers", "s77"),
        ("save", "show", "s77"),
        ("save", "show", "nobody"),
        ("save", "start", "A1", "--scenario", "value"),
        ("save", "start", "A1", "--scenario", "weather"),
        ("save", "close", "s1", "--result", "let_go"),
        ("save", "close", "s1", "--result", "saved"),
        ("save", "close", "s1", "--result", "won"),
        ("save", "reopen", "s1", "--reason", "x"),
        ("save", "why", "s1", "--root-cause", "weather"),
        ("save", "why", "s2", "--why", "x", "--root-cause", "roi-unseen"),
        ("save", "evidence", "s1", "weather", "all"),
        ("save", "paper", "s1", "love-letter"),
        ("save", "promise", "kept", "p77", "--evidence", "x"),
        ("save", "level", "log", "l77"),
        ("save", "done", "s1-nothing"),
        ("save", "done", "s77-call"),
        ("playbook", "show", "merger"),
        ("playbook", "show"),
    ],
    ids=" ".join,
)
def test_every_command_in_the_hint_of_a_refusal_runs_as_printed(saves, words):  # SAV-4, SAV-6
    runs(saves, hinted(saves, *words))


def test_what_is_hinted_of_a_save_that_has_ended_runs_too(saves):
    assert saves.run("save", "offer", "A1", *ANSWER, "--instrument", "trial").code == 0
    assert saves.run("save", "close", "s1", "--result", "lost").code == 0
    for words in (
        ("save", "accept", "o1"),
        ("save", "offer", "s1", *ANSWER, "--instrument", "trial"),
        ("save", "why", "s1", "--why", "x"),
        ("save", "reopen", "s1", "--reason", "x"),
        ("save", "promise", "add", "s1", "x", "--due", "2026-04-01"),
        ("save", "team", "s1", "csm=rui"),
    ):
        runs(saves, hinted(saves, *words))
