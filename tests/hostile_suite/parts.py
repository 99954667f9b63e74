"""The parts of the suite, each as figures: what was tried, how much came out, and what of it was live."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.hostile_suite import canaries, commands, screens, templates, weights, writers
from tests.hostile_suite.payloads import BYTES, Payload, few, live, terminal_payloads
from tests.processes import Person

INTERNAL = 3  # an exit code no input may lead to


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    payloads: int
    outputs: int
    live: list[str]


@contextmanager
def place() -> Iterator[Path]:
    """A folder to work in, in memory where the system has one; gone afterwards."""
    memory = Path("/dev/shm")  # noqa: S108 - the system's own
    folder = Path(tempfile.mkdtemp(prefix="renewctl-hostile-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(seen: list[screens.Seen], *, internal: bool = True) -> list[str]:
    found = [
        f"{each.command} ({each.mode}, payload {each.payload}): {each.live}" for each in seen if each.live
    ]
    if internal:
        found += [
            f"{each.command} ({each.mode}, payload {each.payload}): exit 3: {ascii(each.out)[-300:]}"
            for each in seen
            if each.code == INTERNAL
        ]
    return found


def quick_screens(home: Path, payloads: list[Payload]) -> Iterator[Figure]:
    """Every command but the demo, once, on a terminal; the views over raw texts."""
    somebody = screens.make_book(home, payloads)
    calls = list(commands.calls(commands.FIRST))
    seen = screens.look(somebody, "terminal", calls, payloads, screens.ids(somebody, payloads))
    known = screens.ids(somebody, payloads)
    planted = screens.copied(somebody, home / "planted")
    screens.plant(planted.portfolio, payloads)
    seen += screens.look(planted, "terminal", commands.calls(commands.VIEWS), payloads, known)
    calls = [each for each in commands.calls(commands.LAST) if each[0] != "demo"]
    seen += screens.look(somebody, "terminal", calls, payloads, known)
    yield Figure("screens", len(payloads), len(seen), _told(seen, internal=False))


def screen_figures(
    home: Path, payloads: list[Payload], modes: tuple[str, ...] = screens.MODES
) -> Iterator[Figure]:
    """Every command over a book of nothing but payloads; then over one into which they were written raw."""
    for mode in modes:
        home_of_mode = home / mode
        home_of_mode.mkdir()
        somebody = screens.make_book(home_of_mode, payloads)
        known = screens.ids(somebody, payloads)
        seen = screens.look(somebody, mode, commands.calls(commands.FIRST), payloads, known)
        known = screens.ids(somebody, payloads)
        seen += screens.look(somebody, mode, commands.calls(commands.VIEWS), payloads, known)
        planted = screens.copied(somebody, home / f"{mode}-planted")
        seen += screens.look(somebody, mode, commands.calls(commands.LAST), payloads, known)
        yield Figure(f"screens: every command, {mode}", len(payloads), len(seen), _told(seen))
        screens.plant(planted.portfolio, payloads)
        seen = screens.look(planted, mode, commands.calls(commands.VIEWS), few(payloads, 8), known)
        screens.plant(planted.portfolio, payloads, everywhere=True)
        seen += screens.look(planted, mode, commands.calls(commands.VIEWS), few(payloads), known)
        # Damage of this kind is found by `doctor`; that it ends in exit 3 is not live.
        yield Figure(
            f"screens: written past the import, {mode}", len(payloads), len(seen), _told(seen, internal=False)
        )


def argument_figures(
    home: Path, payloads: list[Payload], modes: tuple[str, ...] = ("terminal",)
) -> Iterator[Figure]:
    """Payloads as arguments of every command, with and without `--debug`, and as bytes that are no text."""
    somebody = screens.make_book(home, few(payloads, 2))
    forms = [
        (name, [*name.split(), *form.split()]) for name in commands.leaves() for form in commands.ARGUMENTS
    ]
    for debug in (False, True):
        calls = [(name, words) for name, words in forms if ("--debug" in words) is debug]
        for mode in modes:
            seen = screens.look(somebody, mode, calls, payloads, {})
            what = "arguments with --debug" if debug else "arguments"
            yield Figure(f"{what}, {mode}", len(payloads), len(seen), _told(seen, internal=False))
    yield _bytes_figure(somebody)


def _bytes_figure(somebody: Person) -> Figure:
    """Arguments and variables that are no UTF-8, to processes of their own."""
    wrong, count = [], 0
    for given in BYTES:
        text = given.decode(errors="surrogateescape")
        for words in (
            ["show", text],
            ["log", "T001", text],
            ["set", "T001", f"csm={text}", "--reason", "x"],
            ["list", "--policy", text],
        ):
            for done in (somebody.run(*words), somebody.run_on_terminal(*words, RENEWCTL_USER=text)):
                count += 1
                found = live((done.out + done.err).replace("\r\n", "\n"), colours=True)
                if found or done.code == INTERNAL:
                    wrong.append(f"{words}: exit {done.code} {found}")
    return Figure("arguments and names that are no text", len(BYTES), count, wrong)


def template_figures(home: Path, chosen: list[templates.Template]) -> Iterator[Figure]:
    """User templates in their limited child, by family."""
    found = list(templates.outcomes(home, chosen))
    for family in dict.fromkeys(each.family for each in chosen):
        own = [each for each in found if each.template.family == family]
        wrong = [f"{each.template.source[:80]!r}: {each.live}" for each in own if each.live]
        slowest = max(each.seconds for each in own)
        yield Figure(f"templates, {family} (slowest {slowest:.1f} s)", len(own), len(own), wrong)


def writer_figures(home: Path, payloads: list[Payload], *, browser: bool) -> Iterator[Figure]:
    """Everything that writes files, over a book of payloads for readers of files."""
    somebody = screens.make_book(home, payloads)
    cells, wrong = writers.exports(somebody, home / "exports")
    yield Figure("exports: cells of CSV, XLSX and JSON", len(payloads), cells, wrong)
    (home / "rejects").mkdir()
    yield Figure("rejects files", len(payloads), 1, writers.rejects(home / "rejects", payloads))
    files, wrong = writers.papers(somebody, payloads, home / "papers")
    yield Figure("papers: HTML and Markdown, en and pt-BR", len(payloads), len(files), wrong)
    yield Figure(
        "links in the way of files", 6, 6, writers.links(somebody, screens.key(payloads[0]), home / "links")
    )
    if browser:
        pages, wrong = 0, []
        for count, seen in writers.browsed_in_parts(files, home):
            pages += count
            if seen != writers.Browsed("fine", False, count, 0):
                wrong.append(f"{count} pages: {seen}")
        yield Figure("papers in a real browser, together", len(payloads), pages, wrong)
    screens.plant(somebody.portfolio, payloads)
    cells, wrong = writers.exports(somebody, home / "planted")
    yield Figure("exports of what was written past the import", len(payloads), cells, wrong)


def weight_figures(home: Path, *, whole: bool) -> Iterator[Figure]:
    """Files that are larger inside than outside."""
    found = list(weights.weights(home, whole=whole))
    wrong = [f"{each.name}: {each.live}" for each in found if each.live]
    most, slow = max(each.peak for each in found), max(each.cpu for each in found)
    yield Figure(f"heavy files (most {most >> 10} MiB, {slow:.1f} s)", len(found), len(found), wrong)


def canary_figures(home: Path, listed: list[str] | None = None) -> Iterator[Figure]:
    """Passwords and customers' facts where they do not belong."""
    for what, secrets, probe in (
        ("passwords in any output", canaries.PASSWORDS, lambda folder: canaries.passwords(folder, listed)),
        ("customers' facts in errors, logs, left files", canaries.FACTS, canaries.facts),
    ):
        folder = home / what[:9]
        folder.mkdir()
        outputs, wrong = 0, []
        for count, found in probe(folder):
            outputs += count
            wrong += [f"{each.secret} at {each.call} in {each.where}" for each in found]
        yield Figure(what, len(secrets), outputs, wrong)
    (home / "killed").mkdir()
    yield Figure("temporary files after a refused pipe", 1, 1, canaries.killed(home / "killed"))


def families(payloads: list[Payload]) -> str:
    """How many payloads each family has."""
    counted = Counter(each.family for each in payloads)
    return ", ".join(f"{family} {count}" for family, count in counted.items())


def whole() -> dict[str, object]:
    """The parts of the whole suite by name; each takes a folder and yields figures."""
    payloads, files = terminal_payloads(), writers.writer_payloads()
    return {
        "screens": lambda home: screen_figures(home, payloads),
        "arguments": lambda home: argument_figures(home, few(payloads, 8)),
        "templates": lambda home: template_figures(home, templates.hostile_templates()),
        "writers": lambda home: writer_figures(home, files, browser=True),
        "weights": lambda home: weight_figures(home, whole=True),
        "canaries": lambda home: canary_figures(home),
    }
