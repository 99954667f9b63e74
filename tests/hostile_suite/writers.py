# ruff: noqa: E501 - tables of payloads
"""Texts for spreadsheets, browsers, readers of Markdown and file systems, through everything that writes files."""

import csv
import io
import json
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook

from tests import hostile
from tests.conftest import program
from tests.hostile_suite.payloads import Payload
from tests.hostile_suite.screens import key, sheet
from tests.processes import Person

LURE = "http://{host}:{port}/pwned"
_BEFORE = ("", "'", '"', " ", "\t", "\r", "\n", "x;", "x\t", "x\n", 'x;"', "x;'", "x,", ";", "\x00")
_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b")
_BODIES = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://evil.example","x")',
    "SUM(1+1)*cmd|' /C calc'!A0;",
    'A1&"";',
)
_DOES = (
    "document.title='pwned'",
    "document.body.setAttribute('data-pwned','1')",
    "fetch('LURE')",
    "new Image().src='LURE'",
    "location='LURE'",
)
_MARKS = (
    "<script>{}</script>", "<ScRiPt >{}</sCrIpT>", "<img src=x onerror=\"{}\">", "<svg onload=\"{}\">",
    "<svg/onload={}>", "\"><script>{}</script>", "'><script>{}</script>", "</title><script>{}</script>",
    "</style><script>{}</script>", "<body onload=\"{}\">", "<iframe srcdoc=\"<script>{}</script>\">",
    "<details open ontoggle=\"{}\">", "\" onmouseover=\"{}\" x=\"", "<input autofocus onfocus=\"{}\">",
    "<a href=\"javascript:{}\">x</a>", "<object data=\"javascript:{}\">", "<math><mi xlink:href=\"javascript:{}\">x",
    "--><script>{}</script><!--", "]]><script>{}</script>", "&lt;script&gt;{}&lt;/script&gt;", "&#60;script&#62;{}",
    "\\u003cscript\\u003e{}", "<scr\x00ipt>{}</script>", "<video><source onerror=\"{}\">", "{{{{constructor.constructor(\"{}\")()}}}}",
    "<marquee onstart=\"{}\">", "<!--<img src=\"--><img src=x onerror={}//\">", "`${{{}}}`",
)  # fmt: skip
_ONCE = (
    "<link rel=stylesheet href=LURE>", "<meta http-equiv=refresh content='0;url=LURE'>", "<base href=LURE>",
    "<style>@import 'LURE';</style>", "<style>*{background:url(LURE)}</style>", "<iframe src=file:///etc/passwd>",
    "<img src=LURE>", "<embed src=LURE>", "<form action=LURE><input type=submit autofocus>", "<!--", "<plaintext>",
    "<textarea>", "<noscript>", "<title>", "<xmp>", "<template>", "</body></html>", "<table><tr><td>", "<![CDATA[",
)  # fmt: skip
_CRLF = (
    "a\r\nSet-Cookie: x=1", "a\nBcc: all@evil.example", "a\r\n\r\n<script>{}</script>", "a%0d%0aX: y", "a\rb", "a\n\nb",
    "a\r\n.\r\nQUIT", "a\u2028b", "a\u2029b", "a\x85b", "a\x0bb", "a\x0cb", "a\r\n\"b\",\"c\"", "a\",\"b\"\n\"=1+1",
    "a\nBEGIN:VCALENDAR\r\nATTACH:http://evil.example", "a\\nb", "a\\r\\nb", "\r\n\r\n", "a\x1eb\x1fc", "a\x1ab",
)  # fmt: skip
_PATHS = (
    "../../etc/passwd", "..", ".", "../", "/etc/passwd", "//server/share", "\\\\server\\share\\x", "C:\\Windows\\x",
    "C:x", "....//....//etc", "..\\..\\x", "%2e%2e%2fx", "..%c0%afx", "~/x", "~root", "$HOME/x", "`id`", "$(id)",
    "CON", "con.txt", "NUL", "LPT1.html", "AUX.md", "COM1", "a:b", "a::$DATA", "x.html/../../y", "a/b/c", "a\x00b",
    "-rf", "--help", "-o", ".bashrc", ".ssh/authorized_keys", "x\ny", "x\ry", "a" * 300, "\u00e9" * 200, "\u202efdp.exe",
    "x.", "x ", " x", "...", "\u2215etc\u2215passwd", "\uff0e\uff0e\uff0fx", "*", "?", "|", "<x>", '"x"', "desktop.ini",
    "Thumbs.db", "index.html", "con\u200b", "\u0430dmin", "NUL.tar.gz", "a\\b", "file:///etc/passwd", "x;y", "x&y",
)  # fmt: skip
_DOWN = (
    "[click](javascript:alert(1))", "![x](http://evil.example/x.png)", "<javascript:alert(1)>", "[x]: http://evil.example",
    "[x][1]\n\n[1]: javascript:alert(1)", "# heading", "> quote", "```\ncode", "| a | b |", "---", "* * *", "1. one",
    "- [ ] task", "~~x~~", "**x**", "_x_", "`x`", "<b>x</b>", "&copy;", "&#x3c;script&#x3e;", "\\<x", "x\n===", "$x^2$",
    "www.evil.example", "http://evil.example", "user@evil.example", "[^1]", ":smile:", "<!-- x", "</td>", "    code",
)  # fmt: skip
_XML = (
    "<c><f>1+1</f></c>", "</t></is></c><c><f>1+1</f></c>", "]]></t><f>1</f>", "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;", "&a;",
    "<?xml version='1.0'?>", "_x003D_1+1", "_x000D_", "_x005F_x003D_", "\ufffe", "\uffff", "\x01\x02", "&#0;", "<hyperlink/>",
    "\x1b", "xml:space", "<externalLink/>", "<ddeLink/>", "{=1+1}", "R1C1", "#REF!", "TRUE", "1e5", "00123", "1/2/2026",
)  # fmt: skip


def writer_payloads() -> list[Payload]:
    """All of them, numbered; LURE stands for an address of this machine that counts its visitors."""
    formulas = ("".join(parts) for parts in product(_BEFORE, _SIGNS, _BODIES[:3]))
    more = ("".join(parts) for parts in product(("", "x;", 'x;"', "x\n"), _SIGNS, _BODIES[3:]))
    scripts = (mark.format(does) for mark, does in product(_MARKS, _DOES))
    families = {
        "formulas": [*formulas, *more],
        "scripts": [*scripts, *_ONCE],
        "line breaks, headers": [each.replace("{}", _DOES[0]) for each in _CRLF],
        "paths": list(_PATHS),
        "Markdown": list(_DOWN),
        "XML and cells": list(_XML),
    }
    found = [(family, text) for family, texts in families.items() for text in texts]
    return [Payload(no, family, text) for no, (family, text) in enumerate(found, 1)]


def check_split(text: str) -> None:
    """A CSV of commas as spreadsheets of other locales open it: split at semicolons or TABs instead."""
    for other in (";", "\t"):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=other, doublequote=True):
            for cell in row:
                if cell.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")):
                    assert hostile.is_number(cell.split(",")[0]), f"{other!r} makes a cell of {cell[:60]!r}"


def check_book(file: Path) -> list[list[str]]:
    """A workbook with nothing in it that computes or links, as another reader reads it."""
    hostile.check_xlsx(file)
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "external" in name or "vba" in name.lower()]
        for name in archive.namelist():
            data = archive.read(name)
            assert b"<!DOCTYPE" not in data, name
            assert b"TargetMode" not in data, name
            ElementTree.fromstring(data)  # noqa: S314 - our own writer's
    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    return [[str(cell) for cell in row] for row in rows]


KINDS = ("accounts", "contracts", "health", "stakeholders", "value", "outcomes", "saves", "log")


def exports(somebody: Person, folder: Path) -> tuple[int, list[str]]:
    """Every kind as every format, opened again: how many cells were looked at, and what was wrong."""
    folder.mkdir(exist_ok=True)
    calls = [
        ["export", k, "-o", str(folder / f"{k}.{how}"), "--yes"]
        for k in KINDS
        for how in ("csv", "json", "xlsx")
    ]
    done = somebody.run_many([(words, {}) for words in calls])
    wrong = [f"{words}: {each}" for words, each in zip(calls, done, strict=True) if each.code]
    cells = 0
    for kind in KINDS:
        try:
            text = (folder / f"{kind}.csv").read_bytes().decode()
            hostile.check_csv(text)
            check_split(text)
            rows = list(csv.reader(io.StringIO(text, newline="")))
            assert len({len(row) for row in rows}) == 1, f"{kind}: rows of different lengths"
            book = check_book(folder / f"{kind}.xlsx")
            told = json.loads((folder / f"{kind}.json").read_text())["rows"]
            assert len(book) == len(rows) == len(told) + 1, (kind, len(book), len(rows), len(told))
            cells += 3 * sum(map(len, rows))
        except (AssertionError, ElementTree.ParseError, ValueError) as error:
            wrong.append(f"{kind}: {ascii(error)[:300]}")
    return cells, wrong


def rejects(home: Path, payloads: list[Payload]) -> list[str]:
    """A file of rows that are all refused, written as rejects; what was wrong with that file."""
    somebody = Person(home)
    rows = [
        (key(each), each.text.replace("\0", ""), "a lot " + each.text.replace("\0", "")) for each in payloads
    ]
    (home / "bad.csv").write_bytes(sheet([("id", "name", "arr"), *rows]))
    done = somebody.run("import", "bad.csv", "--rejects", "rejects.csv")
    assert done.code == 1, done.err
    text = (home / "rejects.csv").read_bytes().decode()
    try:
        hostile.check_plain(done.out + done.err)
        hostile.check_csv(text)
        check_split(text)
        assert text.count("a lot") >= len(payloads)
    except AssertionError as error:
        return [f"rejects: {ascii(error)[:300]}"]
    return []


def papers(somebody: Person, payloads: list[Payload], folder: Path) -> tuple[list[Path], list[str]]:
    """Both papers of every account in both languages and formats: the files, and what was wrong with them."""
    folder.mkdir()
    before = set(somebody.home.rglob("*"))
    calls = [
        [paper, key(each), "--lang", lang, "-o", str(folder), "--yes"]
        for each in payloads
        for paper in ("proposal", "value")
        for lang in ("en", "pt-BR")
    ]
    done = somebody.run_many([(words, {}) for words in calls])
    wrong = [
        f"{words}: {ascii(each)[:300]}"
        for words, each in zip(calls, done, strict=True)
        if each.code not in (0, 1)
    ]
    files = []
    try:
        hostile.check_files(folder, before, somebody.home)
    except AssertionError as error:
        wrong.append(f"names: {ascii(error)[:300]}")
    for file in sorted(set(somebody.home.rglob("*")) - before - {folder}):
        try:
            text = file.read_bytes().decode()
            (hostile.check_html if file.suffix == ".html" else hostile.check_markdown)(text)
            files.append(file)
        except (AssertionError, UnicodeDecodeError) as error:
            wrong.append(f"{file.name}: {ascii(error)[:300]}")
    if len(files) < 2 * len(calls):
        wrong.append(f"{len(files)} files of {len(calls)} calls")
    return files, wrong


class Browsed(NamedTuple):
    """What a browser did with a page: its title, marker attributes, the pieces it shows, visits to the lure."""

    title: str
    pwned: bool
    pieces: int
    visits: int


def browse(bodies: list[str], place: Path) -> Browsed:
    """All pages one after the other in a real browser, their own content policies out of force."""
    browser = program("chromium")
    assert browser is not None
    visits: list[str] = []

    class Lure(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lure)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lure = LURE.format(host=server.server_address[0], port=server.server_port)
    pieces = "".join(f'<div>{body.replace("LURE", lure)}</div><i class="piece"></i>' for body in bodies)
    page = place / "together.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><title>fine</title><body>{pieces}", encoding="utf-8")
    try:
        done = subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *(
                    f"--user-data-dir={place / 'profile'}",
                    "--virtual-time-budget=3000",
                    "--dump-dom",
                    page.as_uri(),
                ),
            ],
            capture_output=True,
            timeout=180,
            check=True,
        )
    finally:
        server.shutdown()
    dom = done.stdout.decode(errors="replace")
    title = dom.partition("<title>")[2].partition("</title>")[0]
    return Browsed(title, "data-pwned=" in dom, dom.count('<i class="piece"></i>'), len(visits))


def browsed_in_parts(files: list[Path], place: Path, size: int = 150) -> Iterator[tuple[int, Browsed]]:
    """HTML files in a browser, so many at a time: how many there were, and what came of it."""
    pages = [file for file in files if file.suffix == ".html"]
    for at in range(0, len(pages), size):
        part = [file.read_text(encoding="utf-8") for file in pages[at : at + size]]
        yield len(part), browse(part, place)


def links(somebody: Person, account: str, folder: Path) -> list[str]:
    """Every file name a writer will use is a link elsewhere beforehand: what was followed."""
    folder.mkdir()
    target = somebody.home / "victim.txt"
    target.write_text("untouched")
    first = somebody.run("value", account, "--dry-run", "-o", str(folder), "--json")
    names = [Path(name).name for name in json.loads(first.out)["files"]]
    wrong = [] if names else ["no names"]
    for name in (*names, "x.csv", "x.xlsx", "x.json", "rejects.csv", "policy.toml"):
        (folder / name).symlink_to(target)
    for words in (
        ["value", account, "-o", str(folder), "--yes"],
        *(["export", "accounts", "-o", str(folder / f"x.{how}"), "--yes"] for how in ("csv", "xlsx", "json")),
        ["import", "book.csv", "--rejects", str(folder / "rejects.csv"), "--yes"],
        ["policy", "init", "-o", str(folder / "policy.toml"), "--yes"],
    ):
        done = somebody.run(*words)
        if target.read_text() != "untouched" or "Traceback" in done.err or done.code == 3:
            wrong.append(f"{words}: exit {done.code}")
    return wrong
