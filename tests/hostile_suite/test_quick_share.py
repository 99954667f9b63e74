"""A quick share of the hostile input suite; `python -m tests.hostile_suite` is the whole."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import hostile
from tests.hostile_suite import canaries, commands, parts, screens, templates, weights, writers
from tests.hostile_suite.payloads import few, live, polyglots, terminal_payloads
from tests.processes import Person

PAYLOADS = terminal_payloads()


def _book(home: Path) -> Person:
    """Somebody with one plain account."""
    somebody = Person(home)
    (home / "book.csv").write_text("id,name,arr,currency,renewal_date\nA1,Acme,1000,USD,2026-05-01\n")
    assert somebody.run("import", "book.csv").code == 0
    return somebody


def none_live(figures: Iterable[parts.Figure]) -> None:
    for figure in figures:
        assert figure.outputs >= 1, figure
        assert figure.live == [], (figure.what, figure.live[:5])


def test_there_are_as_many_payloads_as_promised_and_no_two_the_same() -> None:
    for found, least in (
        ([each.text for each in PAYLOADS], 200),
        ([each.source for each in templates.hostile_templates()], 100),
        ([each.text for each in writers.writer_payloads()], 500),
    ):
        assert len(found) >= least
        assert len(set(found)) == len(found)


def test_no_command_is_left_out() -> None:
    assert commands.unknown() == [], "add the new command to tests/hostile_suite/commands.py"


def test_every_screen_is_harmless_for_some_of_every_family(tmp_path: Path) -> None:
    none_live(parts.quick_screens(tmp_path, polyglots(PAYLOADS)[:2]))


def test_arguments_are_harmless_in_what_is_said_of_them(tmp_path: Path) -> None:
    somebody = Person(tmp_path)
    assert somebody.run("init").code == 0
    calls = [(name, [*name.split(), "{p}"]) for name in commands.leaves() if name not in ("demo", "init")]
    seen = screens.look(somebody, "terminal", calls, polyglots(PAYLOADS), {})
    assert len(seen) == 3 * len(calls)
    assert [each for each in seen if each.live] == []


def test_a_traceback_is_harmless(tmp_path: Path) -> None:
    calls = [("show", ["show", "x", "--policy", "no-such-{p}", "--debug"])]
    seen = screens.look(Person(tmp_path), "terminal", calls, few(PAYLOADS, 2), {})
    assert [each for each in seen if each.live] == []


def _templates() -> list[templates.Template]:
    every = templates.hostile_templates()
    return [*every[:52:20], *[each for each in every if each.family == "files"][6:9:2], *every[70:125:20]]


def test_user_templates_end_within_their_limits_and_tell_nothing(tmp_path: Path) -> None:
    none_live(parts.template_figures(tmp_path, _templates()))


def test_the_same_templates_without_the_limits_would_not_end(tmp_path: Path) -> None:
    bombs = {each.family: each for each in reversed(templates.hostile_templates()) if each.bomb}
    small = templates.Limits(seconds=3, cpu_seconds=1, memory=200 << 20, output=1 << 20)
    for family in ("bombs: loops", "bombs: memory"):
        assert templates.unbounded(bombs[family], small, 1 << 30), family
    assert not templates.unbounded(templates.Template("fine", "{{ 7 * 6 }}"), small, 1 << 30)


def test_a_page_of_a_user_template_is_refused_by_the_command_in_one_line(tmp_path: Path) -> None:
    somebody = _book(tmp_path)
    own = tmp_path / "own" / "en"
    own.mkdir(parents=True)
    for source, code in (
        ("{{ 'a' * 10 ** 10 }}", "template-too-large"),
        ("{{ page.__class__ }}", "template-failed"),
    ):
        (own / "value.md.j2").write_text(source)
        done = somebody.run("value", "A1", "-o", "-", "--templates", str(own.parent))
        assert done.code == 15, done
        told = done.err.splitlines()
        assert told[0].startswith(f"error[{code}]: en/value.md.j2"), done.err
        assert told[1].startswith("hint: ")
        assert len(told) == 2


def test_files_are_harmless_for_some_of_every_family(tmp_path: Path) -> None:
    none_live(parts.writer_figures(tmp_path, few(writers.writer_payloads(), 1)[:4], browser=False))


@pytest.mark.needs("chromium")
def test_a_browser_runs_scripts_and_follows_lures_where_nothing_stops_it(tmp_path: Path) -> None:
    """The control: the same payloads unescaped are live in the same browser."""
    seen = writers.browse(
        ["<script>document.title='pwned'</script>", "<img src=LURE>", "<i data-pwned=1></i>"], tmp_path
    )
    assert seen.title == "pwned"
    assert seen.pwned
    assert seen.visits >= 1
    assert writers.browse(["<textarea>", "x"], tmp_path).pieces < 2, "a page that swallows another is noticed"


def test_heavy_files_are_refused_within_bounds(tmp_path: Path) -> None:
    somebody = Person(tmp_path)
    files = weights.heavy_files(whole=False)
    for name in (
        "far cell XFD1048576.xlsx",
        "entities.xlsx",
        "cell of many places.xlsx",
        "numbers.csv",
        "unterminated quote.csv",
        "columns.csv",
    ):
        file = tmp_path / f"heavy{Path(name).suffix}"
        files[name](file)
        found = weights.weigh(somebody, name, ["import", file.name])
        assert found.live == "", found
        assert found.code in (1, 10), found


def test_a_process_without_bounds_would_be_seen(tmp_path: Path) -> None:
    found = weights.Weighed("x", 0, 1, 1, weights.MEMORY + 1, "")
    assert found.live
    assert found._replace(peak=1, cpu=weights.SECONDS + 1).live
    assert found._replace(peak=1, code=3).live
    assert not found._replace(peak=1).live


def test_no_password_is_told_by_some_commands(tmp_path: Path) -> None:
    for count, found in canaries.passwords(tmp_path, ["list"]):
        assert count >= 2
        assert found == []


def test_a_password_that_was_told_would_be_seen(tmp_path: Path) -> None:
    secret = canaries.PASSWORDS["percent-encoded"]
    for spelling in canaries.spellings(secret):
        assert canaries.told({"stderr": f"at {spelling}!".encode()}, [secret], "x")
    (tmp_path / "left.tmp").write_text(secret)
    assert canaries.told(canaries.left_behind(tmp_path, apart_from=set()), [secret], "x")


def test_the_judge_of_screens_sees_every_payload_that_an_unsafe_printer_prints() -> None:
    """The control: printed raw, every payload of a family that steers is live, and none is once made safe."""
    from renewctl.views.terminal import safe

    inert = {"markup, format"}
    for payload in PAYLOADS:
        steers = any(
            unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp")
            for letter in payload.text
            if letter != "\n"
        )
        if payload.family not in inert and steers:
            assert live(payload.text) or payload.text.isprintable(), payload
        assert live(safe(payload.text)) == "", payload
    assert sum(bool(live(each.text)) for each in PAYLOADS) >= 250


def test_the_judges_of_files_see_what_an_unsafe_writer_writes() -> None:
    with pytest.raises(AssertionError):
        writers.check_split("A1,x;=1+1;\n")
    with pytest.raises(AssertionError):
        writers.check_split('A1,"x\n=1+1;y"\n')
    writers.check_split("A1,x;'=1+1;-5;y\n")
    for cell in ("\uff1d1+1", "=1"):
        with pytest.raises(AssertionError):
            hostile.check_csv(f"{cell}\n")


def test_links_in_the_way_are_not_followed(tmp_path: Path) -> None:
    assert writers.links(_book(tmp_path), "A1", tmp_path / "links") == []
